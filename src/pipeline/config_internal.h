/* config_internal.h - what config.c and its parts share. */
#pragma once

#include "pipeline/config.h"

/* Work on one configuration; on the stack of sm_config_decode. */
struct sm_config_builder {
    struct sm_config *config;
    struct sm_arena *arena; /* borrowed: config->arena */
    struct sm_diags *diags;
    const struct sm_component_type *const *types;
    size_t type_count;
    const struct sm_node *root;
};

/* ---- config_service.c: the decoded form of `service` */
struct sm_service_pipeline_options {
    struct sm_string_list receivers, processors, exporters;
};
struct sm_telemetry_reader_options {
    struct sm_telemetry_pull_options {
        struct sm_telemetry_pull_exporter_options {
            struct sm_telemetry_prometheus_options {
                const char *host;
                int64_t port;
                bool has_host, has_port;
                bool without_scope_info, without_type_suffix, without_units;
                struct sm_telemetry_labels_options {
                    struct sm_string_list included, excluded;
                } * with_resource_constant_labels;
            } * prometheus;
        } exporter;
    } * pull;
    struct sm_telemetry_periodic_options {
        int64_t interval, timeout; /* ms */
        struct sm_telemetry_push_exporter_options {
            const struct sm_node *console;
            struct sm_telemetry_otlp_options {
                int protocol; /* enum sm_metrics_way */
                int compression, temporality_preference, default_histogram_aggregation;
                const char *endpoint, *certificate, *client_certificate, *client_key;
                bool insecure;
                struct sm_table_list headers; /* struct sm_telemetry_header_options */
                int64_t timeout;              /* ms */
            } * otlp;
        } exporter;
    } * periodic;
};
struct sm_telemetry_header_options {
    const char *name, *value;
};
struct sm_telemetry_options {
    struct sm_telemetry_logs_options {
        int level, encoding;
        bool development, disable_caller, disable_stacktrace, disable_zap_resource;
        struct sm_telemetry_sampling_options {
            bool enabled;
            uint64_t tick_ns;
            int64_t initial, thereafter;
        } sampling;
        struct sm_string_list output_paths, error_output_paths;
        const struct sm_node *initial_fields;
    } logs;
    struct sm_telemetry_metrics_options {
        int level;
        struct sm_table_list readers; /* struct sm_telemetry_reader_options */
        bool has_readers;
    } metrics;
    const struct sm_node *traces;
    const struct sm_node *resource;
};
struct sm_service_section {
    struct sm_telemetry_options telemetry;
    struct sm_string_list extensions;
    struct sm_table_map pipelines; /* struct sm_service_pipeline_options */
};

/* ---- config_readers.c */
extern const struct sm_option sm_config_metrics_option_table[];
/* Checks service::telemetry::metrics and fills level, readers and senders of `out`. */
void sm_config_take_readers(struct sm_validation *validation, const struct sm_telemetry_metrics_options *options, struct sm_telemetry_config *out);

/* Checks service::telemetry and fills config->telemetry. */
void sm_config_take_telemetry(struct sm_config_builder *builder, const struct sm_telemetry_options *options);
/* Checks service::extensions and service::pipelines and resolves what they name. `section` may name what failed to decode: such references are not
 * told again. */
void sm_config_take_pipelines(struct sm_config_builder *builder, const struct sm_service_section *section);
/* Connectors stand on both sides, join signals they can, and form no circle. */
void sm_config_check_connectors(struct sm_config_builder *builder);

/* No two exporters keep their queues in the same file (config_files.c). */
void sm_config_check_files(struct sm_config_builder *builder);

/* The configured component of the kind with the id; NULL: none. */
const struct sm_configured *sm_config_find(const struct sm_config *config, enum sm_component_kind kind, const char *id);
