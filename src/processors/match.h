/* match.h - the include and exclude blocks of the attributes and filter processors: items chosen by their properties.
 *
 * The option struct is decoded by the option engine; sm_match_create turns it into sets and regular expressions. */
#pragma once

#include "base/error.h"
#include "config/option.h"
#include "ottl/ottl.h"
#include "telemetry/signal.h"

/* Rows of `attributes`, `resources`, … */
struct sm_match_attribute {
    const char *key;
    const struct sm_node *value; /* NULL: any */
};
extern const struct sm_option sm_match_attribute_table[];

struct sm_match_library {
    const char *name;
    const char *version;
    bool has_version;
};

struct sm_match_severity {
    int64_t min;
    bool match_undefined;
};

struct sm_match_regexp {
    bool cacheenabled;
    int64_t cachemaxnumentries;
};
extern const struct sm_option sm_match_regexp_table[];

/* The keys of `include` and `exclude`. */
struct sm_match_properties {
    const char *match_type;
    struct sm_match_regexp regexp;
    struct sm_string_list services, span_names, span_kinds, metric_names, log_bodies, log_severity_texts;
    struct sm_match_severity *log_severity_number;
    struct sm_table_list attributes, resources, libraries;
};
extern const struct sm_option sm_match_properties_table[];

struct sm_match;

/* What is wrong with the properties for that signal; NULL: nothing. Constant text. */
const char *sm_match_check(const struct sm_match_properties *properties, enum sm_signal signal);
/* NULL with `error` filled when a pattern or the match type is not valid. */
struct sm_match *sm_match_create(const struct sm_match_properties *properties, struct sm_error *error) __attribute__((warn_unused_result));
void sm_match_free(struct sm_match *match); /* NULL is allowed */

/* Each looks at what is set in `run`; properties that are not given always match. */
bool sm_match_span(const struct sm_match *match, const struct sm_ottl_run *run);
bool sm_match_metric_name(const struct sm_match *match, const struct sm_ottl_run *run);
bool sm_match_log(const struct sm_match *match, const struct sm_ottl_run *run);
bool sm_match_resource(const struct sm_match *match, const struct sm_ottl_run *run);
/* Whether there is something to compare with. */
bool sm_match_has_resources(const struct sm_match *match);
bool sm_match_has_metric_names(const struct sm_match *match);
