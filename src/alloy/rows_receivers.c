/* rows_receivers.c - otelcol.receiver.*. Source: Alloy's internal/component/otelcol/receiver. */
#include "alloy/finish.h"
#include "alloy/rows.h"

/* ---- otlp */

static const struct sm_alloy_row otlp_grpc_rows[] = {
    SM_ALLOY_TEXT("endpoint", .preset = "0.0.0.0:4317"),
    SM_ALLOY_SHARED(sm_alloy_grpc_server_rows),
    SM_ALLOY_END_ROW,
};

static const struct sm_alloy_row otlp_http_rows[] = {
    SM_ALLOY_TEXT("endpoint", .preset = "0.0.0.0:4318"),
    SM_ALLOY_SHARED(sm_alloy_http_server_rows),
    SM_ALLOY_TEXT("traces_url_path"),
    SM_ALLOY_TEXT("metrics_url_path"),
    SM_ALLOY_TEXT("logs_url_path"),
    SM_ALLOY_END_ROW,
};

static const struct sm_alloy_row otlp_rows[] = {
    SM_ALLOY_BLOCK("grpc", otlp_grpc_rows, .to = "protocols.grpc"),
    SM_ALLOY_BLOCK("http", otlp_http_rows, .to = "protocols.http"),
    SM_ALLOY_DEBUG_METRICS,
    SM_ALLOY_OUTPUT,
    SM_ALLOY_END_ROW,
};

/* ---- zipkin */

static const struct sm_alloy_row zipkin_rows[] = {
    SM_ALLOY_TEXT("endpoint", .preset = "0.0.0.0:9411"),
    SM_ALLOY_SWITCH("parse_string_tags"),
    SM_ALLOY_SHARED(sm_alloy_http_server_rows),
    SM_ALLOY_DEBUG_METRICS,
    SM_ALLOY_OUTPUT,
    SM_ALLOY_END_ROW,
};

/* ---- jaeger */

static const struct sm_alloy_row jaeger_grpc_rows[] = {
    SM_ALLOY_TEXT("endpoint", .preset = "0.0.0.0:14250"),
    SM_ALLOY_SHARED(sm_alloy_grpc_server_rows),
    SM_ALLOY_END_ROW,
};

static const struct sm_alloy_row jaeger_http_rows[] = {
    SM_ALLOY_TEXT("endpoint", .preset = "0.0.0.0:14268"),
    SM_ALLOY_SHARED(sm_alloy_http_server_rows),
    SM_ALLOY_END_ROW,
};

#define UDP_ROWS(endpoint_)                                                                                                                          \
    {                                                                                                                                                \
        SM_ALLOY_TEXT("endpoint", .preset = (endpoint_)), SM_ALLOY_NUMBER_("queue_size", .preset = "1000"),                                          \
            SM_ALLOY_BYTES("max_packet_size", .preset = "66560"), SM_ALLOY_NUMBER_("workers"), SM_ALLOY_BYTES("socket_buffer_size"),                 \
            SM_ALLOY_END_ROW,                                                                                                                        \
    }
static const struct sm_alloy_row jaeger_compact_rows[] = UDP_ROWS("0.0.0.0:6831");
static const struct sm_alloy_row jaeger_binary_rows[] = UDP_ROWS("0.0.0.0:6832");

static const struct sm_alloy_row jaeger_protocol_rows[] = {
    SM_ALLOY_BLOCK("grpc", jaeger_grpc_rows),
    SM_ALLOY_BLOCK("thrift_http", jaeger_http_rows),
    SM_ALLOY_BLOCK("thrift_binary", jaeger_binary_rows),
    SM_ALLOY_BLOCK("thrift_compact", jaeger_compact_rows),
    SM_ALLOY_END_ROW,
};

static const struct sm_alloy_row jaeger_rows[] = {
    SM_ALLOY_BLOCK("protocols", jaeger_protocol_rows, .required = true),
    SM_ALLOY_DEBUG_METRICS,
    SM_ALLOY_OUTPUT,
    SM_ALLOY_END_ROW,
};

/* ---- datadog */

static const struct sm_alloy_row datadog_api_rows[] = {
    SM_ALLOY_SECRET_TEXT("key", .required = true),
    SM_ALLOY_TEXT("site"),
    SM_ALLOY_SWITCH("fail_on_invalid_key"),
    SM_ALLOY_END_ROW,
};

static const struct sm_alloy_row datadog_proxy_rows[] = {
    SM_ALLOY_BLOCK("api", datadog_api_rows, .required = true),
    SM_ALLOY_END_ROW,
};

static const struct sm_alloy_row datadog_intake_rows[] = {
    SM_ALLOY_TEXT("behavior", .required = true),
    SM_ALLOY_BLOCK("proxy", datadog_proxy_rows),
    SM_ALLOY_END_ROW,
};

static const struct sm_alloy_row datadog_rows[] = {
    SM_ALLOY_TEXT("endpoint", .preset = "localhost:8126"),
    /* Before the shared rows, in whose place they are found. */
    SM_ALLOY_TIME("read_timeout", .preset = "60s"),
    SM_ALLOY_BYTES("max_request_body_size", .preset = "20971520"),
    SM_ALLOY_SHARED(sm_alloy_http_server_rows),
    SM_ALLOY_NUMBER_("trace_id_cache_size"),
    SM_ALLOY_TIME("idle_series_timeout"),
    SM_ALLOY_TIME("idle_series_cleanup_interval"),
    SM_ALLOY_SWITCH("decode_json_message", .has_no_effect = true), /* of logs, which are not received */
    SM_ALLOY_BLOCK("intake", datadog_intake_rows),
    SM_ALLOY_DEBUG_METRICS,
    SM_ALLOY_OUTPUT,
    SM_ALLOY_END_ROW,
};

const struct sm_alloy_component sm_alloy_receivers[] = {
    {.name = "otelcol.receiver.otlp", .kind = SM_RECEIVER, .type = "otlp", .rows = otlp_rows, .finish = sm_alloy_finish_otlp},
    {.name = "otelcol.receiver.zipkin", .kind = SM_RECEIVER, .type = "zipkin", .rows = zipkin_rows},
    {.name = "otelcol.receiver.jaeger", .kind = SM_RECEIVER, .type = "jaeger", .rows = jaeger_rows},
    {.name = "otelcol.receiver.datadog", .kind = SM_RECEIVER, .type = "datadog", .rows = datadog_rows},
    {0},
};
