/* rows_prometheus.c - otelcol.exporter.prometheus and prometheus.remote_write, which together are the Collector's prometheus_remote_write exporter.
 * Source: Alloy's internal/component/otelcol/exporter/prometheus and internal/component/prometheus/remotewrite. */
#include "alloy/finish.h"
#include "alloy/rows.h"

#define NOT_FETCHED "put the credentials into headers"

static const struct sm_alloy_row exporter_rows[] = {
    SM_ALLOY_ATTRIBUTE("forward_to", SM_ALLOY_WANT_METRICS_RECEIVER | SM_ALLOY_LIST_OF, .required = true),
    SM_ALLOY_SWITCH("include_target_info", .to = "target_info.enabled"),
    SM_ALLOY_SWITCH("include_scope_info"),
    SM_ALLOY_SWITCH("include_scope_labels", .has_no_effect = true), /* has none in Alloy either */
    SM_ALLOY_TIME("gc_frequency", .has_no_effect = true),
    SM_ALLOY_SWITCH("add_metric_suffixes"),
    SM_ALLOY_SWITCH("resource_to_telemetry_conversion", .to = "resource_to_telemetry_conversion.enabled"),
    SM_ALLOY_SWITCH("honor_metadata"),
    SM_ALLOY_SWITCH("convert_classic_histograms_to_nhcb"),
    SM_ALLOY_SWITCH("keep_identifying_resource_attributes"),
    SM_ALLOY_SWITCH("start_timestamp_zero_ingestion"),
    SM_ALLOY_DEBUG_METRICS,
    SM_ALLOY_END_ROW,
};

static const struct sm_alloy_row basic_auth_rows[] = {
    SM_ALLOY_TEXT("username"),
    SM_ALLOY_SECRET_TEXT("password"),
    SM_ALLOY_TEXT("password_file", .refused = NOT_FETCHED),
    SM_ALLOY_END_ROW,
};

static const struct sm_alloy_row authorization_rows[] = {
    SM_ALLOY_TEXT("type"),
    SM_ALLOY_SECRET_TEXT("credentials"),
    SM_ALLOY_TEXT("credentials_file", .refused = NOT_FETCHED),
    SM_ALLOY_END_ROW,
};

static const struct sm_alloy_word tls_versions[] = {{"TLS10", "1.0"}, {"TLS11", "1.1"}, {"TLS12", "1.2"}, {"TLS13", "1.3"}, {0}};

/* Version numbers are texts to the Collector. */
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
    SM_ALLOY_NUMBER_("capacity", .has_no_effect = true),
    SM_ALLOY_NUMBER_("max_shards", .has_no_effect = true),
    SM_ALLOY_NUMBER_("min_shards", .has_no_effect = true),
    SM_ALLOY_NUMBER_("max_samples_per_send", .has_no_effect = true),
    SM_ALLOY_TIME("batch_send_deadline", .has_no_effect = true),
    SM_ALLOY_TIME("min_backoff", .to = "retry_on_failure.initial_interval"),
    SM_ALLOY_TIME("max_backoff", .to = "retry_on_failure.max_interval"),
    SM_ALLOY_SWITCH("retry_on_http_429"),
    SM_ALLOY_TIME("sample_age_limit"),
    SM_ALLOY_END_ROW,
};

static const struct sm_alloy_row metadata_rows[] = {
    SM_ALLOY_SWITCH("send", .to = "send_metadata"),
    SM_ALLOY_TIME("send_interval", .has_no_effect = true),
    SM_ALLOY_NUMBER_("max_samples_per_send", .has_no_effect = true),
    SM_ALLOY_END_ROW,
};

static const struct sm_alloy_row endpoint_rows[] = {
    SM_ALLOY_TEXT("url", .required = true, .to = "endpoint"),
    SM_ALLOY_TEXT("name", .has_no_effect = true),
    SM_ALLOY_TIME("remote_timeout", .to = "timeout", .preset = "30s"),
    SM_ALLOY_TEXT_MAP("headers"),
    SM_ALLOY_SWITCH("send_exemplars"),
    SM_ALLOY_SWITCH("send_native_histograms", .has_no_effect = true),
    SM_ALLOY_TEXT("protobuf_message"),
    SM_ALLOY_SWITCH("enable_http2", .to = "force_attempt_http2"),
    SM_ALLOY_SWITCH("follow_redirects"),
    SM_ALLOY_TEXT("proxy_url"),
    SM_ALLOY_TEXT("no_proxy", .refused = "name the proxy only where it is wanted"),
    SM_ALLOY_SWITCH("round_robin_dns"),
    SM_ALLOY_SECRET_TEXT("bearer_token"),
    SM_ALLOY_TEXT("bearer_token_file", .refused = NOT_FETCHED),
    SM_ALLOY_BLOCK("basic_auth", basic_auth_rows),
    SM_ALLOY_BLOCK("authorization", authorization_rows),
    SM_ALLOY_BLOCK("oauth2", NULL, .refused = NOT_FETCHED),
    SM_ALLOY_BLOCK("sigv4", NULL, .refused = NOT_FETCHED),
    SM_ALLOY_BLOCK("azuread", NULL, .refused = NOT_FETCHED),
    SM_ALLOY_BLOCK("google_iam", NULL, .refused = NOT_FETCHED),
    SM_ALLOY_BLOCK("tls_config", tls_rows, .to = "tls"),
    SM_ALLOY_BLOCK("queue_config", queue_rows, .to = ""),
    SM_ALLOY_BLOCK("metadata_config", metadata_rows, .to = ""),
    SM_ALLOY_BLOCKS("write_relabel_config", NULL, NULL, .refused = "relabelling series; processors can change them before"),
    SM_ALLOY_END_ROW,
};

static const struct sm_alloy_row wal_rows[] = {
    SM_ALLOY_TIME("truncate_frequency"),
    SM_ALLOY_TIME("min_keepalive_time"),
    SM_ALLOY_TIME("max_keepalive_time"),
    SM_ALLOY_END_ROW,
};

static const struct sm_alloy_row remote_write_rows[] = {
    SM_ALLOY_TEXT_MAP("external_labels"),
    SM_ALLOY_BLOCKS("endpoint", "endpoints", endpoint_rows),
    SM_ALLOY_BLOCK("wal", wal_rows, .has_no_effect = true),
    SM_ALLOY_END_ROW,
};

const struct sm_alloy_component sm_alloy_prometheus[] = {
    {.name = "otelcol.exporter.prometheus",
     .kind = SM_EXPORTER,
     .type = "prometheus_remote_write",
     .rows = exporter_rows,
     .is_one_way = true,
     .finish = sm_alloy_finish_prometheus},
    {.name = "prometheus.remote_write",
     .kind = SM_EXPORTER,
     .type = "prometheus_remote_write",
     .rows = remote_write_rows,
     .is_one_way = true,
     .receives_series = true,
     .finish = sm_alloy_finish_remote_write},
    {0},
};
