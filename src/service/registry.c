/* registry.c - see registry.h. */
#include "service/registry.h"

/* One declaration and one entry for each component; the order is that of `spanmill components`. */
extern const struct sm_component_type sm_receiver_nop;
extern const struct sm_component_type sm_receiver_otlp;
extern const struct sm_component_type sm_receiver_zipkin;
extern const struct sm_component_type sm_receiver_jaeger;
extern const struct sm_component_type sm_receiver_datadog;
extern const struct sm_component_type sm_processor_batch;
extern const struct sm_component_type sm_processor_memory_limiter;
extern const struct sm_component_type sm_exporter_debug;
extern const struct sm_component_type sm_processor_filter;
extern const struct sm_component_type sm_processor_attributes;
extern const struct sm_component_type sm_processor_resource;
extern const struct sm_component_type sm_processor_transform;
extern const struct sm_component_type sm_processor_probabilistic_sampler;
extern const struct sm_component_type sm_processor_tail_sampling;
extern const struct sm_component_type sm_processor_groupbytrace;
extern const struct sm_component_type sm_processor_volume;
extern const struct sm_component_type sm_exporter_datadog;
extern const struct sm_component_type sm_exporter_file;
extern const struct sm_component_type sm_exporter_kafka;
extern const struct sm_component_type sm_exporter_load_balancing;
extern const struct sm_component_type sm_exporter_nop;
extern const struct sm_component_type sm_exporter_otlp_grpc;
extern const struct sm_component_type sm_exporter_otlp_http;
extern const struct sm_component_type sm_extension_file_storage;
extern const struct sm_component_type sm_exporter_prometheus;
extern const struct sm_component_type sm_exporter_prometheus_remote_write;
extern const struct sm_component_type sm_connector_forward;
extern const struct sm_component_type sm_connector_span_metrics;
extern const struct sm_component_type sm_connector_count;
extern const struct sm_component_type sm_connector_service_graph;
extern const struct sm_component_type sm_connector_datadog;
extern const struct sm_component_type sm_extension_health_check;
extern const struct sm_component_type sm_extension_zpages;
extern const struct sm_component_type sm_extension_basic_auth;
extern const struct sm_component_type sm_extension_bearer_token_auth;
extern const struct sm_component_type sm_extension_headers_setter;
extern const struct sm_component_type sm_extension_datadog_agent;

/* clang-format off: one line each */
const struct sm_component_type *const sm_component_types[] = {
    &sm_receiver_nop,
    &sm_receiver_otlp,
    &sm_receiver_zipkin,
    &sm_receiver_jaeger,
    &sm_receiver_datadog,
    &sm_processor_batch,
    &sm_processor_memory_limiter,
    &sm_exporter_debug,
    &sm_processor_filter,
    &sm_processor_attributes,
    &sm_processor_resource,
    &sm_processor_transform,
    &sm_processor_probabilistic_sampler,
    &sm_processor_tail_sampling,
    &sm_processor_groupbytrace,
    &sm_processor_volume,
    &sm_exporter_datadog,
    &sm_exporter_file,
    &sm_exporter_kafka,
    &sm_exporter_load_balancing,
    &sm_exporter_nop,
    &sm_exporter_otlp_grpc,
    &sm_exporter_otlp_http,
    &sm_exporter_prometheus,
    &sm_exporter_prometheus_remote_write,
    &sm_connector_forward,
    &sm_connector_span_metrics,
    &sm_connector_count,
    &sm_connector_service_graph,
    &sm_connector_datadog,
    &sm_extension_health_check,
    &sm_extension_zpages,
    &sm_extension_file_storage,
    &sm_extension_basic_auth,
    &sm_extension_bearer_token_auth,
    &sm_extension_headers_setter,
    &sm_extension_datadog_agent,
};
/* clang-format on */
const size_t sm_component_type_count = sizeof(sm_component_types) / sizeof(sm_component_types[0]);

static bool has_old_name(const struct sm_component_type *type, struct sm_slice name)
{
    for (const char *const *old = type->old_names; old && *old; old++)
        if (sm_slice_is(name, *old))
            return true;
    return false;
}

const struct sm_component_type *sm_registry_find(enum sm_component_kind kind, struct sm_slice name, bool *is_old_name)
{
    for (size_t i = 0; i < sm_component_type_count; i++) {
        const struct sm_component_type *type = sm_component_types[i];
        if (type->kind != kind)
            continue;
        bool is_old = has_old_name(type, name);
        if (!is_old && !sm_slice_is(name, type->name))
            continue;
        if (is_old_name)
            *is_old_name = is_old;
        return type;
    }
    return NULL;
}
