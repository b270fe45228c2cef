/* filter.h - what the parts of the filter processor share: its options, and what it drops by. Inside processors/filter only. */
#pragma once

#include "ottl/sequence.h"
#include "processors/filter/expression.h"
#include "processors/match.h"

/* metrics::include and metrics::exclude */
struct sm_filter_metric_match {
    const char *match_type;
    struct sm_match_regexp regexp;
    struct sm_string_list metric_names, expressions;
    struct sm_table_list resource_attributes;
};

/* logs::include and logs::exclude */
struct sm_filter_log_severity {
    const char *min;
    bool match_undefined;
};
struct sm_filter_log_match {
    const char *match_type;
    struct sm_table_list resource_attributes, record_attributes;
    struct sm_string_list severity_texts, bodies;
    struct sm_filter_log_severity *severity_number;
};

struct sm_filter_options {
    const char *error_mode;
    struct {
        struct sm_match_properties *include, *exclude;
    } spans;
    struct {
        struct sm_string_list resource, span, spanevent;
        bool has_lists; /* one of them is given, be it empty */
    } traces;
    struct {
        struct sm_filter_metric_match *include, *exclude;
        struct sm_match_regexp regexp;
        struct sm_string_list resource, metric, datapoint;
        bool has_lists;
    } metrics;
    struct {
        struct sm_filter_log_match *include, *exclude;
        struct sm_string_list resource, log_record;
        bool has_lists;
    } logs;
    const struct sm_node *trace_conditions, *metric_conditions, *log_conditions;
};
extern const struct sm_option sm_filter_option_table[];

/* One pass over the data: what is dropped when one of the conditions of its context holds. */
struct sm_filter_pass {
    struct sm_ottl_conditions conditions[SM_OTTL_CONTEXT_COUNT];
};

struct sm_filter_plan {
    struct sm_ottl_program *program; /* owned */
    struct sm_filter_pass *passes;   /* borrowed: program; in the order of the configuration */
    size_t pass_count, pass_capacity;
    struct sm_match *include, *exclude;                                      /* owned: the legacy blocks; NULL: not given */
    struct sm_filter_expressions *include_expressions, *exclude_expressions; /* owned: match_type expr; NULL: not given */
};

/* The plan for one signal. NULL when something is wrong: reported to `validation`, or when that is NULL to `error`. */
struct sm_filter_plan *sm_filter_plan_create(const struct sm_filter_options *options, enum sm_signal signal, struct sm_validation *validation,
                                             struct sm_error *error) __attribute__((warn_unused_result));
void sm_filter_plan_free(struct sm_filter_plan *plan); /* NULL is allowed */
/* Rules between options. */
void sm_filter_validate(const void *options, struct sm_validation *validation);
