/* rows_common.c - blocks that several components have, and the list of all components. Source: Alloy's internal/component/otelcol/config_*.go. */
#include "alloy/rows.h"

const struct sm_alloy_row sm_alloy_debug_metrics_rows[] = {
    SM_ALLOY_SWITCH("disable_high_cardinality_metrics"),
    SM_ALLOY_TEXT("level"),
    SM_ALLOY_END_ROW,
};

static const struct sm_alloy_row tpm_rows[] = {
    SM_ALLOY_SWITCH("enabled"), SM_ALLOY_TEXT("path"), SM_ALLOY_TEXT("owner_auth"), SM_ALLOY_TEXT("auth"), SM_ALLOY_END_ROW,
};

static const struct sm_alloy_row tls_rows[] = {
    SM_ALLOY_TEXT("ca_pem"),
    SM_ALLOY_TEXT("ca_file"),
    SM_ALLOY_TEXT("cert_pem"),
    SM_ALLOY_TEXT("cert_file"),
    SM_ALLOY_SECRET_TEXT("key_pem"),
    SM_ALLOY_TEXT("key_file"),
    SM_ALLOY_TEXT("min_version"),
    SM_ALLOY_TEXT("max_version"),
    SM_ALLOY_TIME("reload_interval"),
    SM_ALLOY_TEXTS("cipher_suites"),
    SM_ALLOY_SWITCH("include_insecure_cipher_suites"),
    SM_ALLOY_SWITCH("include_system_ca_certs_pool"),
    SM_ALLOY_TEXTS("curve_preferences"),
    SM_ALLOY_BLOCK("tpm", tpm_rows),
    SM_ALLOY_END_ROW,
};

const struct sm_alloy_row sm_alloy_tls_server_rows[] = {
    SM_ALLOY_SHARED(tls_rows),
    SM_ALLOY_TEXT("client_ca_file"),
    SM_ALLOY_END_ROW,
};

const struct sm_alloy_row sm_alloy_tls_client_rows[] = {
    SM_ALLOY_SHARED(tls_rows),
    SM_ALLOY_SWITCH("insecure"),
    SM_ALLOY_SWITCH("insecure_skip_verify"),
    SM_ALLOY_TEXT("server_name", .to = "server_name_override"),
    SM_ALLOY_END_ROW,
};

/* ---- servers */

static const struct sm_alloy_row server_parameter_rows[] = {
    SM_ALLOY_TIME("max_connection_idle"),
    SM_ALLOY_TIME("max_connection_age"),
    SM_ALLOY_TIME("max_connection_age_grace"),
    SM_ALLOY_TIME("time"),
    SM_ALLOY_TIME("timeout"),
    SM_ALLOY_END_ROW,
};

static const struct sm_alloy_row enforcement_policy_rows[] = {
    SM_ALLOY_TIME("min_time"),
    SM_ALLOY_SWITCH("permit_without_stream"),
    SM_ALLOY_END_ROW,
};

static const struct sm_alloy_row keepalive_server_rows[] = {
    SM_ALLOY_BLOCK("server_parameters", server_parameter_rows),
    SM_ALLOY_BLOCK("enforcement_policy", enforcement_policy_rows),
    SM_ALLOY_END_ROW,
};

/* The endpoint is each receiver's own. */
const struct sm_alloy_row sm_alloy_grpc_server_rows[] = {
    SM_ALLOY_TEXT("transport"),
    SM_ALLOY_BLOCK("tls", sm_alloy_tls_server_rows),
    SM_ALLOY_BYTES("max_recv_msg_size", .to = "max_recv_msg_size_mib", .divisor = 1048576),
    SM_ALLOY_NUMBER32("max_concurrent_streams"),
    SM_ALLOY_BYTES("read_buffer_size"),
    SM_ALLOY_BYTES("write_buffer_size"),
    SM_ALLOY_BLOCK("keepalive", keepalive_server_rows),
    SM_ALLOY_AUTH,
    SM_ALLOY_SWITCH("include_metadata"),
    SM_ALLOY_END_ROW,
};

static const struct sm_alloy_row cors_rows[] = {
    SM_ALLOY_TEXTS("allowed_origins"),
    SM_ALLOY_TEXTS("allowed_headers"),
    SM_ALLOY_TEXTS("exposed_headers"),
    SM_ALLOY_NUMBER_("max_age"),
    SM_ALLOY_END_ROW,
};

const struct sm_alloy_row sm_alloy_http_server_rows[] = {
    SM_ALLOY_BLOCK("tls", sm_alloy_tls_server_rows),
    SM_ALLOY_BLOCK("cors", cors_rows),
    SM_ALLOY_AUTH,
    SM_ALLOY_BYTES("max_request_body_size"),
    SM_ALLOY_SWITCH("include_metadata"),
    SM_ALLOY_TEXTS("compression_algorithms"),
    SM_ALLOY_SWITCH("keep_alives_enabled"),
    SM_ALLOY_TIME("idle_timeout", .preset = "1m"),
    SM_ALLOY_TIME("read_timeout"),
    SM_ALLOY_TIME("write_timeout", .preset = "30s"),
    SM_ALLOY_TIME("read_header_timeout", .preset = "1m"),
    SM_ALLOY_END_ROW,
};

/* ---- clients */

static const struct sm_alloy_row keepalive_client_rows[] = {
    SM_ALLOY_TIME("ping_wait", .to = "time"),
    SM_ALLOY_TIME("ping_response_timeout", .to = "timeout"),
    SM_ALLOY_SWITCH("ping_without_stream", .to = "permit_without_stream"),
    SM_ALLOY_END_ROW,
};

const struct sm_alloy_row sm_alloy_grpc_client_rows[] = {
    SM_ALLOY_TEXT("compression"),
    SM_ALLOY_BLOCK("tls", sm_alloy_tls_client_rows),
    SM_ALLOY_BLOCK("keepalive", keepalive_client_rows),
    SM_ALLOY_BYTES("read_buffer_size"),
    SM_ALLOY_BYTES("write_buffer_size"),
    SM_ALLOY_SWITCH("wait_for_ready"),
    SM_ALLOY_TEXT_MAP("headers"),
    SM_ALLOY_TEXT("balancer_name", .river_preset = "pick_first"),
    SM_ALLOY_TEXT("authority"),
    SM_ALLOY_AUTH,
    SM_ALLOY_END_ROW,
};

static const struct sm_alloy_row compression_params_rows[] = {
    SM_ALLOY_NUMBER_("level", .required = true),
    SM_ALLOY_END_ROW,
};

static const struct sm_alloy_row cookies_rows[] = {
    SM_ALLOY_SWITCH("enabled", .preset = "false"),
    SM_ALLOY_END_ROW,
};

const struct sm_alloy_row sm_alloy_http_client_rows[] = {
    SM_ALLOY_TEXT("endpoint", .required = true),
    SM_ALLOY_TEXT("proxy_url"),
    SM_ALLOY_TEXT("compression"),
    SM_ALLOY_BLOCK("compression_params", compression_params_rows),
    SM_ALLOY_BLOCK("tls", sm_alloy_tls_client_rows),
    SM_ALLOY_BYTES("read_buffer_size"),
    SM_ALLOY_BYTES("write_buffer_size"),
    SM_ALLOY_TIME("timeout"),
    SM_ALLOY_TEXT_MAP("headers"),
    SM_ALLOY_NUMBER_("max_idle_conns"),
    SM_ALLOY_NUMBER_("max_idle_conns_per_host"),
    SM_ALLOY_NUMBER_("max_conns_per_host"),
    SM_ALLOY_TIME("idle_conn_timeout"),
    SM_ALLOY_SWITCH("disable_keep_alives"),
    SM_ALLOY_TIME("http2_read_idle_timeout"),
    SM_ALLOY_TIME("http2_ping_timeout", .preset = "15s"),
    SM_ALLOY_SWITCH("force_attempt_http2"),
    SM_ALLOY_AUTH,
    SM_ALLOY_BLOCK("cookies", cookies_rows),
    SM_ALLOY_END_ROW,
};

/* ---- exporting */

static const struct sm_alloy_row batch_rows[] = {
    SM_ALLOY_TIME("flush_timeout"),
    SM_ALLOY_NUMBER_("min_size", .preset = "2000"),
    SM_ALLOY_NUMBER_("max_size", .preset = "3000"),
    SM_ALLOY_TEXT("sizer"),
    SM_ALLOY_END_ROW,
};

const struct sm_alloy_row sm_alloy_queue_rows[] = {
    SM_ALLOY_SWITCH("enabled"),
    SM_ALLOY_NUMBER_("num_consumers"),
    SM_ALLOY_NUMBER_("queue_size"),
    SM_ALLOY_SWITCH("block_on_overflow"),
    SM_ALLOY_TEXT("sizer"),
    SM_ALLOY_SWITCH("wait_for_result"),
    SM_ALLOY_BLOCK("batch", batch_rows),
    SM_ALLOY_ATTRIBUTE("storage", SM_ALLOY_WANT_STORAGE_HANDLER, .is_absent_when_null = true),
    SM_ALLOY_END_ROW,
};

const struct sm_alloy_row sm_alloy_retry_rows[] = {
    SM_ALLOY_SWITCH("enabled"),
    SM_ALLOY_TIME("initial_interval"),
    SM_ALLOY_FRACTION("randomization_factor"),
    SM_ALLOY_FRACTION("multiplier"),
    SM_ALLOY_TIME("max_interval"),
    SM_ALLOY_TIME("max_elapsed_time"),
    SM_ALLOY_END_ROW,
};

/* ---- all components */

static const struct sm_alloy_component *const tables[] = {sm_alloy_receivers, sm_alloy_processors, sm_alloy_connectors,
                                                          sm_alloy_exporters, sm_alloy_extensions, sm_alloy_prometheus};

const struct sm_alloy_component *sm_alloy_component_find(struct sm_slice name)
{
    for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
        for (const struct sm_alloy_component *component = tables[i]; component->name; component++)
            if (sm_slice_is(name, component->name))
                return component;
    return NULL;
}

void sm_alloy_components_walk(void (*visit)(void *context, const struct sm_alloy_component *component), void *context)
{
    for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
        for (const struct sm_alloy_component *component = tables[i]; component->name; component++)
            visit(context, component);
}
