/* settings.h - what an instance of span_metrics computes from its options once: names, bounds, sizes of entries. Immutable after creation. */
#pragma once

#include "base/arena.h"
#include "connectors/span_metrics/labels.h"
#include "connectors/span_metrics/options.h"

enum sm_histogram_kind { SM_HISTOGRAM_NONE, SM_HISTOGRAM_EXPLICIT, SM_HISTOGRAM_EXPONENTIAL };

/* Which metrics the series of a family feed. A family that is not used counts nothing. */
struct sm_family_settings {
    bool is_used;
    bool has_count;                   /* calls, events */
    enum sm_histogram_kind histogram; /* durations */
    size_t shard_entry_size, ledger_entry_size;
};

struct sm_span_metrics_settings {
    const struct sm_span_metrics_options *options;
    const struct sm_label_plan *plan;
    struct sm_family_settings families[SM_LABELS_FAMILY_COUNT];
    bool is_delta, has_events, shows_resource;
    double *bounds; /* of explicit histograms, as given: neither sorted nor made unique */
    size_t bound_count;
    unsigned exponential_size;
    double unit_ns;        /* a duration's nanoseconds are divided by it */
    unsigned exemplar_max; /* per point and export; 0: none */
    uint64_t series_max;   /* per resource and metric; UINT64_MAX: no limit */
    uint64_t resource_max, timestamp_max;
    uint64_t series_expiration_ns, resource_expiration_ns; /* 0: never */
    struct sm_slice calls_name, duration_name, events_name, unit, instance;
};

/* `instance` is the value of collector.instance.id. Everything lives in `arena`; `options` is borrowed. */
const struct sm_span_metrics_settings *sm_span_metrics_settings_create(const struct sm_span_metrics_options *options, const char *instance,
                                                                       struct sm_arena *arena) __attribute__((returns_nonnull));
