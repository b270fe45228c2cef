/* config.h - a whole configuration, decoded and checked: what the graph is built from.
 *
 * Every front-end ends here. A `struct sm_config` has no errors left in it: ids are unique, references point to what is configured, every
 * component's options are decoded and valid, connectors stand on both sides and form no circle. Immutable; owned by whoever loaded it, released as a
 * whole. It stands in pipeline/ and not in config/ because it speaks of component types. */
#pragma once

#include "base/arena.h"
#include "base/log.h"
#include "config/option.h"
#include "pipeline/component.h"

struct sm_diags;
struct sm_load_options;

/* One configured component, used by a pipeline or not. */
struct sm_configured {
    const struct sm_component_type *type;
    const char *id;             /* "otlp_http/eu", as configured; type->name may be another spelling of its first part */
    const struct sm_node *node; /* its configuration; NULL: none given */
    struct sm_position position;
    const void *options; /* decoded, as type->options describes; NULL when the type has no options */
};

struct sm_configured_list {
    struct sm_configured *items;
    size_t count;
};

/* What a pipeline names, in order, each once. Receivers and exporters may be connectors (`type->kind` tells). */
struct sm_reference_list {
    const struct sm_configured **items;
    size_t count;
};

struct sm_pipeline_config {
    const char *id; /* "traces/2" */
    enum sm_signal signal;
    struct sm_position position;
    struct sm_reference_list receivers, processors, exporters;
};

/* service::telemetry. The numbers are the reference's: they may stand in the configuration. */
enum sm_metrics_level { SM_METRICS_NONE = -1, SM_METRICS_BASIC, SM_METRICS_NORMAL, SM_METRICS_DETAILED };

/* One endpoint on which the own metrics can be read (pull::exporter::prometheus). */
struct sm_metrics_reader {
    const char *host;
    uint64_t port;
    const void *option; /* borrowed: the member of `service_options` to blame if it cannot be opened; NULL: it is there by default */
    bool without_scope_info, without_type_suffix, without_units;
    struct sm_string_list included_labels, excluded_labels; /* of the resource, as constant labels */
    bool has_resource_labels;                               /* with_resource_constant_labels is given */
};

/* Where own metrics are sent from time to time (periodic). */
enum sm_metrics_way { SM_METRICS_SENT_NOWHERE, SM_METRICS_SENT_TO_CONSOLE, SM_METRICS_SENT_BY_HTTP, SM_METRICS_SENT_BY_GRPC };
struct sm_metrics_sender_config {
    enum sm_metrics_way way;
    const char *endpoint, *certificate, *client_certificate, *client_key; /* not for the console */
    bool is_insecure, is_packed;
    const void *option;           /* borrowed: the member of `service_options` to blame if it cannot be used */
    struct sm_string_map headers; /* secret values */
    uint64_t interval_ns, timeout_ns;
};

struct sm_telemetry_config {
    enum sm_log_level log_level;
    enum sm_log_encoding log_encoding;
    const char *log_path;   /* "stderr", "stdout" or a file */
    const void *log_option; /* borrowed: the member of `service_options` that says so; NULL: none */
    bool log_without_caller;
    struct sm_log_sampling log_sampling;   /* tick_ns 0: none */
    const struct sm_log_field *log_fields; /* of every line, by name */
    size_t log_field_count;
    enum sm_metrics_level metrics_level;
    const struct sm_metrics_reader *readers;
    size_t reader_count; /* 0 when the level is NONE */
    const struct sm_metrics_sender_config *senders;
    size_t sender_count;
    struct sm_string_map resource; /* attributes given by the user; a value of NULL takes the attribute away */
};

struct sm_config {
    struct sm_arena arena;       /* holds everything the configuration points to */
    const struct sm_node *root;  /* the merged tree */
    const void *service_options; /* borrowed: arena; what sm_config_service_option_table describes, decoded */
    struct sm_configured_list components[SM_COMPONENT_KIND_COUNT];
    struct sm_pipeline_config *pipelines; /* in source order */
    size_t pipeline_count;
    struct sm_reference_list extensions; /* service::extensions, in their order */
    struct sm_telemetry_config telemetry;
};

/* NULL is allowed. */
void sm_config_free(struct sm_config *config);

/* Loads, decodes and checks. NULL after errors, all of them told to `diags`; the caller frees the result. */
struct sm_config *sm_config_load(const struct sm_load_options *options, const struct sm_component_type *const *types, size_t type_count,
                                 struct sm_diags *diags) __attribute__((warn_unused_result));

/* Fills `config` from a tree that lives in its arena; for front-ends that make their own tree. False after errors, all told to `diags`. */
bool sm_config_decode(struct sm_config *config, const struct sm_node *root, const struct sm_component_type *const *types, size_t type_count,
                      struct sm_diags *diags) __attribute__((warn_unused_result));

/* The options of `service` (telemetry, extensions, pipelines), for the reference docs and the schema. */
extern const struct sm_option sm_config_service_option_table[];
/* "receivers", "processors", …: the section of the document that holds components of the kind. */
const char *sm_config_section_name(enum sm_component_kind kind);
/* "receiver", "processor", … */
const char *sm_config_kind_name(enum sm_component_kind kind);
