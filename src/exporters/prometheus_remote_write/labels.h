/* labels.h - the labels of a point, from its attributes, its scope, its resource and the configuration.
 *
 * One maker serves one batch: resource and scope are set as the walk goes on. Everything made lives in the arena. One thread at a time.
 * Source: pkg/translator/prometheusremotewrite/helper.go (createAttributes), pkg/resourcetotelemetry. */
#pragma once

#include "exporters/prometheus_remote_write/series.h"
#include "prometheus/name.h"
#include "telemetry/batch.h"

struct sm_write_recent;

/* How series are named and labelled. Immutable after start. */
struct sm_write_settings {
    struct sm_slice name_space;
    struct sm_write_labels external_labels; /* names made already, each once */
    bool with_suffixes, with_scope_info, with_target_info, with_metadata;
    bool resource_to_telemetry, excludes_service_attributes;
    bool is_version_2;
    bool keeps_utf8;                                      /* names are sent as they are: version 2 */
    bool as_alloy;                                        /* translate_alloy.c */
    bool with_scope_series, keeps_identifying_attributes; /* as_alloy */
    bool without_exemplars, without_native_histograms;
    int64_t start_ms;                           /* samples that are not younger are left out; 0: none */
    uint64_t age_limit_ns;                      /* samples that are older are left out; 0: none */
    struct sm_relabel *relabel, *write_relabel; /* owned by the exporter; NULL: none */
    struct sm_write_recent *recent;             /* owned by the exporter: as_alloy */
    bool permissive_labels;                     /* gate pkg.translator.prometheus.PermissiveLabelSanitization */
};

/* For labels of series; `false` for those of target_info, which keep their underscores. */
struct sm_prometheus_label_namer sm_write_label_namer(const struct sm_write_settings *settings, bool is_of_series);

/* An attribute's key as a label's name. */
struct sm_write_made_name {
    struct sm_slice label, name; /* borrowed: batch or arena */
    bool is_usable, collapses_underscores, marks_leading_underscore;
};

enum { SM_WRITE_MADE_NAMES = 32 };

/* How the candidates of the point before were ordered, if their names were all different: those of the next one have the same names as a rule. */
struct sm_write_order {
    size_t count; /* 0: nothing is known */
    struct sm_write_ordered {
        struct sm_slice name; /* of the candidate that was offered here; borrowed: as the candidates' */
        uint64_t name_hash;
        uint32_t from; /* what comes here: the candidate that was offered there */
    } items[SM_WRITE_MADE_NAMES];
};

struct sm_write_label_maker {
    const struct sm_write_settings *settings; /* borrowed */
    struct sm_arena *arena;                   /* borrowed */
    const struct sm_attributes *resource;     /* borrowed: batch */
    struct sm_slice job, instance;            /* empty: none */
    struct sm_write_candidate *_candidates;   /* borrowed: arena; of the labels being made */
    size_t _count, _capacity;
    struct sm_write_made_name _names[SM_WRITE_MADE_NAMES]; /* by position among the candidates: of the point before */
    struct sm_write_order _order;
};

void sm_write_label_maker_set_resource(struct sm_write_label_maker *maker, const struct sm_attributes *resource);
/* The arena has been emptied: makes what it held of the resource again. */
void sm_write_label_maker_renew(struct sm_write_label_maker *maker);

/* Labels by name, __name__ among them if `name` is not empty. False: an attribute cannot be a label (empty, or only underscores). `scope` NULL: none.
 */
bool sm_write_make_labels(struct sm_write_label_maker *maker, const struct sm_attributes *attributes, const struct sm_scope *scope,
                          struct sm_slice name, struct sm_write_base *labels) __attribute__((warn_unused_result));
/* The labels of target_info, from the resource's attributes. */
bool sm_write_make_target_labels(struct sm_write_label_maker *maker, struct sm_slice name, struct sm_write_base *labels)
    __attribute__((warn_unused_result));

bool sm_write_is_service_attribute(struct sm_slice key);
