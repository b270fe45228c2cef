/* options.h - the options of span_metrics. Decoded by the option engine, immutable after start. */
#pragma once

#include "config/option.h"

struct sm_span_metrics_dimension_options {
    const char *name;
    const char *preset; /* key `default` */
    const char *glob;
    bool has_preset;
};

struct sm_span_metrics_exponential_options {
    int64_t max_size;
};

struct sm_span_metrics_explicit_options {
    struct sm_duration_list buckets;
};

enum sm_span_metrics_unit { SM_SPAN_METRICS_MILLISECONDS, SM_SPAN_METRICS_SECONDS };

struct sm_span_metrics_options {
    struct sm_table_list dimensions; /* of struct sm_span_metrics_dimension_options, as all lists of dimensions */
    struct sm_table_list calls_dimensions;
    struct sm_string_list exclude_dimensions;
    int64_t dimensions_cache_size;
    int64_t resource_metrics_cache_size;
    struct sm_string_list resource_metrics_key_attributes;
    const char *aggregation_temporality;
    struct {
        bool disable;
        int unit; /* enum sm_span_metrics_unit; see sm_span_metrics_unit_of */
        bool has_unit;
        struct sm_span_metrics_exponential_options *exponential;
        struct sm_span_metrics_explicit_options *explicit_buckets; /* key `explicit` */
        struct sm_table_list dimensions;
    } histogram;
    int64_t metrics_flush_interval_ns, metrics_expiration_ns, series_expiration_ns;
    int64_t metric_timestamp_cache_size;
    const char *namespace;
    struct {
        bool enabled;
        int64_t max_per_data_point;
    } exemplars;
    struct {
        bool enabled;
        struct sm_table_list dimensions;
    } events;
    struct sm_string_list include_instrumentation_scope;
    int64_t aggregation_cardinality_limit;
    bool add_resource_attributes;
    bool enable_metrics_sampling_method;
    const char *storage; /* id of a storage extension; "" */
};

extern const struct sm_option sm_span_metrics_option_table[];
void sm_span_metrics_validate(const void *options, struct sm_validation *validation);

/* Only this exact word asks for delta; anything else is cumulative, as in the reference. */
bool sm_span_metrics_is_delta(const struct sm_span_metrics_options *options);
/* The unit of durations, with the feature gate that changes its default. */
enum sm_span_metrics_unit sm_span_metrics_unit_of(const struct sm_span_metrics_options *options);
bool sm_span_metrics_list_has(const struct sm_string_list *list, struct sm_slice word);
