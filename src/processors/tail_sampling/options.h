/* options.h - the decoded options of tail_sampling. */
#pragma once

#include "config/option.h"

enum sm_tail_strategy { SM_TAIL_TRACE_COMPLETE, SM_TAIL_SPAN_INGEST };

/* A policy on any level; which members can be set depends on the level's table. */
struct sm_tail_policy_options {
    const char *name, *type;
    struct sm_tail_latency_options {
        int64_t threshold_ms, upper_threshold_ms;
    } latency;
    struct sm_tail_numeric_options {
        const char *key;
        int64_t min_value, max_value; /* 0: unset */
        bool invert_match;
    } numeric_attribute;
    struct sm_tail_probabilistic_options {
        const char *hash_salt;
        double sampling_percentage;
    } probabilistic;
    struct sm_tail_status_options {
        struct sm_string_list status_codes;
    } status_code;
    struct sm_tail_string_options {
        const char *key;
        struct sm_string_list values;
        bool enabled_regex_matching, invert_match;
        int64_t cache_max_size;
    } string_attribute;
    struct sm_tail_rate_options {
        int64_t spans_per_second, burst_capacity;
    } rate_limiting;
    struct sm_tail_bytes_options {
        int64_t bytes_per_second, burst_capacity;
    } bytes_limiting;
    struct sm_tail_count_options {
        int64_t min_spans, max_spans;
    } span_count;
    struct sm_tail_state_options {
        const char *key;
        struct sm_string_list values;
    } trace_state;
    struct sm_tail_boolean_options {
        const char *key;
        bool value, invert_match;
    } boolean_attribute;
    struct sm_tail_ottl_options {
        const char *error_mode;
        struct sm_string_list span, spanevent;
    } ottl_condition;
    struct sm_tail_composite_options {
        int64_t max_total_spans_per_second;
        struct sm_string_list policy_order;        /* the reference takes no notice of it either */
        struct sm_table_list composite_sub_policy; /* of struct sm_tail_policy_options */
        struct sm_table_list rate_allocation;      /* of struct sm_tail_share_options */
    } composite;
    struct sm_tail_and_options {
        struct sm_table_list and_sub_policy; /* of struct sm_tail_policy_options */
    } and;
    struct sm_tail_drop_options {
        struct sm_table_list drop_sub_policy; /* of struct sm_tail_policy_options */
    } drop;
    struct sm_tail_not_options {
        struct sm_tail_policy_options *not_sub_policy; /* NULL: absent */
    } not ;
};

struct sm_tail_share_options {
    const char *policy;
    int64_t percent;
};

struct sm_tail_options {
    int64_t decision_wait_ns, decision_wait_after_root_received_ns;
    uint64_t num_traces, expected_new_traces_per_sec, maximum_trace_size_bytes;
    struct sm_table_list policies; /* of struct sm_tail_policy_options */
    struct sm_tail_cache_options {
        int64_t sampled_cache_size, non_sampled_cache_size;
    } decision_cache;
    const char *tail_storage;
    const char *storage;         /* ours */
    uint64_t memory_limit_mib;   /* ours; 0: none */
    uint64_t unpacked_limit_mib; /* ours */
    bool spill_to_storage;       /* ours */
    int sampling_strategy;       /* enum sm_tail_strategy */
    bool block_on_overflow, sample_on_first_match, drop_pending_traces_on_shutdown;
};

extern const struct sm_option sm_tail_option_table[];

void sm_tail_validate(const void *options, struct sm_validation *validation);
