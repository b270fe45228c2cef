/* rows_prometheus.c - otelcol.exporter.prometheus and the components behind it, which the Collector has as one exporter.
 * Source: Alloy's internal/component/otelcol/exporter/prometheus, internal/component/prometheus/{relabel,remotewrite}. */
#include "alloy/finish.h"
#include "alloy/rows.h"

#define RECEIVERS(name_)                                                                                                                             \
    {                                                                                                                                                \
        .kind = SM_ALLOY_ROW_RECEIVERS, .name = (name_), .want = SM_ALLOY_WANT_METRICS_RECEIVER | SM_ALLOY_LIST_OF, .required = true                 \
    }

static const struct sm_alloy_row exporter_rows[] = {
    RECEIVERS("forward_to"),
    SM_ALLOY_SWITCH("include_target_info", .to = "target_info.enabled"),
    SM_ALLOY_SWITCH("include_scope_info", .to = "scope_info"),
    SM_ALLOY_SWITCH("include_scope_labels", .has_no_effect = true),
    SM_ALLOY_TIME("gc_frequency", .is_shaped = true),
    SM_ALLOY_SWITCH("add_metric_suffixes"),
    SM_ALLOY_SWITCH("resource_to_telemetry_conversion", .to = "resource_to_telemetry_conversion.enabled"),
    SM_ALLOY_SWITCH("honor_metadata", .to = "send_metadata"),
    SM_ALLOY_SWITCH("keep_identifying_resource_attributes", .to = "target_info.keep_identifying_attributes"),
    SM_ALLOY_SWITCH("convert_classic_histograms_to_nhcb", .is_shaped = true),
    SM_ALLOY_SWITCH("start_timestamp_zero_ingestion", .has_no_effect = true),
    SM_ALLOY_DEBUG_METRICS,
    SM_ALLOY_END_ROW,
};

/* ---- relabelling */

static const struct sm_alloy_row rule_rows[] = {
    SM_ALLOY_TEXTS("source_labels"), SM_ALLOY_TEXT("separator"),   SM_ALLOY_TEXT("regex"),  SM_ALLOY_ATTRIBUTE("modulus", SM_ALLOY_WANT_UINT),
    SM_ALLOY_TEXT("target_label"),   SM_ALLOY_TEXT("replacement"), SM_ALLOY_TEXT("action"), SM_ALLOY_END_ROW,
};

static const struct sm_alloy_row relabel_rows[] = {
    RECEIVERS("forward_to"),
    SM_ALLOY_BLOCKS("rule", "relabel_configs", rule_rows),
    SM_ALLOY_NUMBER_("max_cache_size", .is_shaped = true),
    SM_ALLOY_TIME("cache_ttl", .has_no_effect = true),
    SM_ALLOY_END_ROW,
};

/* ---- remote write */

static const struct sm_alloy_row basic_auth_rows[] = {
    SM_ALLOY_TEXT("username"),
    SM_ALLOY_SECRET_TEXT("password"),
    SM_ALLOY_TEXT("password_file"),
    SM_ALLOY_END_ROW,
};

static const struct sm_alloy_row authorization_rows[] = {
    SM_ALLOY_TEXT("type"),
    SM_ALLOY_SECRET_TEXT("credentials"),
    SM_ALLOY_TEXT("credentials_file"),
    SM_ALLOY_END_ROW,
};

static const struct sm_alloy_word tls_versions[] = {{"TLS10", "\"1.0\""}, {"TLS11", "\"1.1\""}, {"TLS12", "\"1.2\""}, {"TLS13", "\"1.3\""}, {0}};

static const struct sm_alloy_row tls_rows[] = {
    SM_ALLOY_TEXT("ca_pem"),
    SM_ALLOY_TEXT("ca_file"),
    SM_ALLOY_TEXT("cert_pem"),
    SM_ALLOY_TEXT("cert_file"),
    SM_ALLOY_SECRET_TEXT("key_pem"),
    SM_ALLOY_TEXT("key_file"),
    SM_ALLOY_TEXT("server_name", .to = "server_name_override"),
    SM_ALLOY_SWITCH("insecure_skip_verify"),
    SM_ALLOY_TEXT("min_version", .words = tls_versions),
    SM_ALLOY_END_ROW,
};

static const struct sm_alloy_row queue_rows[] = {
    SM_ALLOY_NUMBER_("capacity", .has_no_effect = true, .without = "requests wait as they came, at most 10000"),
    SM_ALLOY_NUMBER_("min_shards", .has_no_effect = true, .without = "requests are sent as they come, at most max_shards at a time"),
    SM_ALLOY_NUMBER_("max_shards", .to = "max_batch_request_parallelism"),
    SM_ALLOY_NUMBER_("max_samples_per_send"),
    SM_ALLOY_TIME("batch_send_deadline", .to = "remote_write_queue.batch.flush_timeout"),
    SM_ALLOY_TIME("min_backoff", .to = "retry_on_failure.initial_interval"),
    SM_ALLOY_TIME("max_backoff", .to = "retry_on_failure.max_interval"),
    SM_ALLOY_SWITCH("retry_on_http_429"),
    SM_ALLOY_TIME("sample_age_limit"),
    SM_ALLOY_END_ROW,
};

static const struct sm_alloy_row metadata_rows[] = {
    SM_ALLOY_SWITCH("send"),
    SM_ALLOY_TIME("send_interval"),
    SM_ALLOY_NUMBER_("max_samples_per_send"),
    SM_ALLOY_END_ROW,
};

static const struct sm_alloy_row none[] = {SM_ALLOY_END_ROW};
#define OTHER_CREDENTIALS "basic_auth, authorization and bearer_token are"

static const struct sm_alloy_row endpoint_rows[] = {
    SM_ALLOY_TEXT("url", .to = "endpoint", .required = true),
    SM_ALLOY_TEXT("name", .has_no_effect = true),
    SM_ALLOY_TIME("remote_timeout", .to = "timeout", .preset = "30s"),
    SM_ALLOY_TEXT_MAP("headers"),
    SM_ALLOY_SWITCH("send_exemplars"),
    SM_ALLOY_SWITCH("send_native_histograms", .preset = "false"),
    SM_ALLOY_TEXT("protobuf_message"),
    SM_ALLOY_SWITCH("enable_http2", .has_no_effect = true, .without = "requests go over HTTP/1.1"),
    SM_ALLOY_SWITCH("follow_redirects"),
    SM_ALLOY_TEXT("proxy_url"),
    SM_ALLOY_TEXT("no_proxy", .is_shaped = true),
    SM_ALLOY_SWITCH("proxy_from_environment", .has_no_effect = true, .without = "write proxy_url"),
    SM_ALLOY_ATTRIBUTE("proxy_connect_header", SM_ALLOY_WANT_OBJECT, .refused = "headers for a proxy"),
    SM_ALLOY_ATTRIBUTE("http_headers", SM_ALLOY_WANT_OBJECT, .refused = "use headers"),
    SM_ALLOY_SWITCH("round_robin_dns", .has_no_effect = true, .without = "addresses are tried in their order"),
    SM_ALLOY_SECRET_TEXT("bearer_token", .is_shaped = true),
    SM_ALLOY_TEXT("bearer_token_file", .is_shaped = true),
    SM_ALLOY_BLOCK("basic_auth", basic_auth_rows, .is_shaped = true),
    SM_ALLOY_BLOCK("authorization", authorization_rows, .is_shaped = true),
    SM_ALLOY_BLOCK("oauth2", none, .refused = OTHER_CREDENTIALS),
    SM_ALLOY_BLOCK("sigv4", none, .refused = OTHER_CREDENTIALS),
    SM_ALLOY_BLOCK("azuread", none, .refused = OTHER_CREDENTIALS),
    SM_ALLOY_BLOCK("google_iam", none, .refused = OTHER_CREDENTIALS),
    SM_ALLOY_BLOCK("tls_config", tls_rows, .to = "tls"),
    SM_ALLOY_BLOCK("queue_config", queue_rows, .to = ""),
    SM_ALLOY_BLOCK("metadata_config", metadata_rows, .has_no_effect = true),
    SM_ALLOY_BLOCKS("write_relabel_config", "write_relabel_configs", rule_rows),
    SM_ALLOY_END_ROW,
};

static const struct sm_alloy_row wal_rows[] = {
    SM_ALLOY_TIME("truncate_frequency", .preset = "2h"),
    SM_ALLOY_TIME("min_keepalive_time", .preset = "5m"),
    SM_ALLOY_TIME("max_keepalive_time", .preset = "8h"),
    SM_ALLOY_END_ROW,
};

static const struct sm_alloy_row remote_write_rows[] = {
    SM_ALLOY_TEXT_MAP("external_labels"),
    {.kind = SM_ALLOY_ROW_PIECES, .name = "endpoint", .rows = endpoint_rows},
    SM_ALLOY_BLOCK("wal", wal_rows, .is_shaped = true),
    SM_ALLOY_END_ROW,
};

#define FAMILY .kind = SM_EXPORTER, .type = "prometheus_remote_write"

const struct sm_alloy_component sm_alloy_prometheus[] = {
    {.name = "otelcol.exporter.prometheus", FAMILY, .rows = exporter_rows, .finish = sm_alloy_finish_prometheus_exporter},
    {.name = "prometheus.relabel", FAMILY, .rows = relabel_rows, .exports = SM_ALLOY_METRICS_RECEIVER, .finish = sm_alloy_finish_relabel},
    {.name = "prometheus.remote_write",
     FAMILY,
     .rows = remote_write_rows,
     .exports = SM_ALLOY_METRICS_RECEIVER,
     .finish = sm_alloy_finish_remote_write},
    {0},
};
