/* options.h - the options of the connector `service_graph`. Source: opentelemetry-collector-contrib connector/servicegraphconnector config.go. */
#pragma once

#include "config/option.h"

struct sm_service_graph_options {
    struct sm_duration_list latency_histogram_buckets;
    bool has_buckets; /* given, even if empty */
    int64_t exponential_histogram_max_size;
    struct sm_string_list dimensions, virtual_node_peer_attributes, database_name_attributes;
    bool has_peer_attributes;
    struct {
        int64_t max_items;
        int64_t ttl_ns;
    } store;
    int64_t cache_loop_ns, store_expiration_loop_ns, metrics_flush_interval_ns, metrics_timestamp_offset_ns;
    int64_t aggregation_cardinality_limit; /* ours; 0: none */
    bool virtual_node_extra_label;
};

extern const struct sm_option sm_service_graph_option_table[];
void sm_service_graph_validate(const void *options, struct sm_validation *validation);
