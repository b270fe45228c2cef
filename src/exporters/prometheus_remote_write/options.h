/* options.h - the options of the exporter `prometheus_remote_write`, and the rules between them.
 * Source: exporter/prometheusremotewriteexporter (config.go, factory.go). */
#pragma once

#include "base/bytes.h"
#include "net/http_client.h"
#include "pipeline/export.h"
#include "prometheus/relabel.h"

struct sm_remote_write_wal {
    bool enabled;
    const char *directory;
    int64_t buffer_size;
    uint64_t truncate_frequency_ns, lag_record_frequency_ns;
};

enum sm_remote_write_conversion { SM_REMOTE_WRITE_AS_COLLECTOR, SM_REMOTE_WRITE_AS_ALLOY };

struct sm_remote_write_options {
    struct sm_http_client_options client;
    struct sm_export_options export; /* sending_queue: key `remote_write_queue`, its num_consumers are requests sent at the same time */
    const char *name_space;
    struct sm_string_map external_labels;
    int64_t max_batch_size_bytes, max_batch_request_parallelism;
    bool is_parallelism_set;
    struct sm_remote_write_resource {
        bool enabled, exclude_service_attributes;
    } resource_to_telemetry_conversion;
    struct sm_remote_write_target_info {
        bool enabled, keep_identifying_attributes;
    } target_info;
    bool disable_scope_info, add_metric_suffixes, send_metadata;
    const char *translation_strategy, *protobuf_message;
    int conversion;   /* enum sm_remote_write_conversion */
    int on_collision; /* enum sm_write_on_collision */
    bool scope_info, send_exemplars, send_native_histograms, follow_redirects, retry_on_http_429, is_retry_on_http_429_set, drop_samples_before_start;
    struct sm_table_list relabel_configs, write_relabel_configs; /* struct sm_relabel_options */
    int64_t max_samples_per_send;
    struct sm_remote_write_wal *wal; /* NULL: none */
    uint64_t sample_age_limit_ns;
};
extern const struct sm_option sm_remote_write_option_table[];

void sm_remote_write_validate(const void *options, struct sm_validation *validation);
/* What follows from add_metric_suffixes and translation_strategy. */
bool sm_remote_write_has_suffixes(const struct sm_remote_write_options *options);
/* What follows from protobuf_message and translation_strategy. */
bool sm_remote_write_is_version_2(const struct sm_remote_write_options *options);
bool sm_remote_write_keeps_utf8(const struct sm_remote_write_options *options);
/* How many posts are sent at the same time, at least one. */
size_t sm_remote_write_parallelism(const struct sm_remote_write_options *options);
/* How many requests of the queue are under way at a time: one, so that samples come in order, unless a gate says otherwise. */
int64_t sm_remote_write_consumers(const void *options);
/* The file that `wal` stands for. False: there is none. */
bool sm_remote_write_queue_file(const void *options, struct sm_bytes *out);
size_t sm_remote_write_batch_size(const struct sm_remote_write_options *options);

enum { SM_REMOTE_WRITE_CONSUMERS = 5 };
