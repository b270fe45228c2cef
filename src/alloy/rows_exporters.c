/* rows_exporters.c - otelcol.exporter.*. Source: Alloy's internal/component/otelcol/exporter. */
#include "alloy/finish.h"
#include "alloy/rows.h"

static const struct sm_alloy_row otlp_client_rows[] = {
    SM_ALLOY_TEXT("endpoint", .required = true),
    SM_ALLOY_SHARED(sm_alloy_grpc_client_rows),
    SM_ALLOY_END_ROW,
};

static const struct sm_alloy_row otlp_rows[] = {
    SM_ALLOY_TIME("timeout"),
    SM_ALLOY_BLOCK("client", otlp_client_rows, .to = "", .required = true),
    SM_ALLOY_BLOCK("sending_queue", sm_alloy_queue_rows),
    SM_ALLOY_BLOCK("retry_on_failure", sm_alloy_retry_rows),
    SM_ALLOY_DEBUG_METRICS,
    SM_ALLOY_END_ROW,
};

static const struct sm_alloy_row otlphttp_rows[] = {
    SM_ALLOY_BLOCK("client", sm_alloy_http_client_rows, .to = "", .required = true),
    SM_ALLOY_BLOCK("sending_queue", sm_alloy_queue_rows),
    SM_ALLOY_BLOCK("retry_on_failure", sm_alloy_retry_rows),
    SM_ALLOY_TEXT("traces_endpoint"),
    SM_ALLOY_TEXT("metrics_endpoint"),
    SM_ALLOY_TEXT("logs_endpoint"),
    SM_ALLOY_TEXT("encoding"),
    SM_ALLOY_DEBUG_METRICS,
    SM_ALLOY_END_ROW,
};

/* ---- loadbalancing */

static const struct sm_alloy_row balanced_otlp_rows[] = {
    SM_ALLOY_TIME("timeout"),
    SM_ALLOY_BLOCK("client", sm_alloy_grpc_client_rows, .to = "", .required = true),
    SM_ALLOY_BLOCK("queue", sm_alloy_queue_rows, .to = "sending_queue"),
    SM_ALLOY_BLOCK("retry", sm_alloy_retry_rows, .to = "retry_on_failure"),
    SM_ALLOY_END_ROW,
};

static const struct sm_alloy_row balanced_protocol_rows[] = {
    SM_ALLOY_BLOCK("otlp", balanced_otlp_rows, .required = true),
    SM_ALLOY_END_ROW,
};

static const struct sm_alloy_row static_rows[] = {
    SM_ALLOY_TEXTS("hostnames", .required = true),
    SM_ALLOY_END_ROW,
};

static const struct sm_alloy_row dns_rows[] = {
    SM_ALLOY_TEXT("hostname", .required = true),
    SM_ALLOY_TEXT("port", .preset = "\"4317\""),
    SM_ALLOY_TIME("interval", .preset = "5s"),
    SM_ALLOY_TIME("timeout", .preset = "1s"),
    SM_ALLOY_END_ROW,
};

static const struct sm_alloy_row no_rows[] = {SM_ALLOY_END_ROW};

static const struct sm_alloy_row resolver_rows[] = {
    SM_ALLOY_BLOCK("static", static_rows),
    SM_ALLOY_BLOCK("dns", dns_rows),
    SM_ALLOY_BLOCK("kubernetes", no_rows, .refused = "next hops are not found through Kubernetes"),
    SM_ALLOY_BLOCK("aws_cloud_map", no_rows, .refused = "next hops are not found through AWS Cloud Map"),
    SM_ALLOY_END_ROW,
};

static const struct sm_alloy_row loadbalancing_rows[] = {
    SM_ALLOY_TEXT("routing_key", .preset = "traceID"),
    SM_ALLOY_TEXTS("routing_attributes"),
    SM_ALLOY_TIME("timeout"),
    SM_ALLOY_BLOCK("resolver", resolver_rows, .required = true),
    SM_ALLOY_BLOCK("protocol", balanced_protocol_rows, .required = true),
    SM_ALLOY_BLOCK("sending_queue", sm_alloy_queue_rows),
    SM_ALLOY_BLOCK("retry_on_failure", sm_alloy_retry_rows),
    SM_ALLOY_DEBUG_METRICS,
    SM_ALLOY_END_ROW,
};

/* ---- kafka */

static const struct sm_alloy_row kafka_signal_rows[] = {
    SM_ALLOY_TEXT("topic"), SM_ALLOY_TEXT("topic_from_metadata_key"), SM_ALLOY_TEXT("message_key_from_metadata_key"), SM_ALLOY_TEXT("encoding"),
    SM_ALLOY_END_ROW,
};

static const struct sm_alloy_row kafka_plaintext_rows[] = {
    SM_ALLOY_TEXT("username", .required = true),
    SM_ALLOY_SECRET_TEXT("password", .required = true),
    SM_ALLOY_END_ROW,
};

static const struct sm_alloy_row kafka_sasl_rows[] = {
    SM_ALLOY_TEXT("username", .required = true),
    SM_ALLOY_SECRET_TEXT("password", .required = true),
    SM_ALLOY_TEXT("mechanism", .required = true),
    SM_ALLOY_NUMBER_("version"),
    SM_ALLOY_BLOCK("aws_msk", no_rows, .refused = "brokers are not signed in to with AWS IAM"),
    SM_ALLOY_END_ROW,
};

static const struct sm_alloy_row kafka_auth_rows[] = {
    SM_ALLOY_BLOCK("plaintext", kafka_plaintext_rows, .to = "plain_text"),
    SM_ALLOY_BLOCK("sasl", kafka_sasl_rows),
    SM_ALLOY_BLOCK("tls", sm_alloy_tls_client_rows),
    SM_ALLOY_BLOCK("kerberos", no_rows, .refused = "brokers are not signed in to with Kerberos"),
    SM_ALLOY_END_ROW,
};

static const struct sm_alloy_row kafka_metadata_retry_rows[] = {
    SM_ALLOY_NUMBER_("max_retries", .to = "max"),
    SM_ALLOY_TIME("backoff"),
    SM_ALLOY_END_ROW,
};

static const struct sm_alloy_row kafka_metadata_rows[] = {
    SM_ALLOY_SWITCH("full"),
    /* What `full` was called before. */
    SM_ALLOY_SWITCH("include_all_topics", .to = "full"),
    SM_ALLOY_TIME("refresh_interval"),
    SM_ALLOY_BLOCK("retry", kafka_metadata_retry_rows),
    SM_ALLOY_END_ROW,
};

static const struct sm_alloy_row kafka_level_rows[] = {
    SM_ALLOY_NUMBER_("level"),
    SM_ALLOY_END_ROW,
};

static const struct sm_alloy_row kafka_producer_rows[] = {
    SM_ALLOY_NUMBER_("max_message_bytes"),
    SM_ALLOY_NUMBER_("max_broker_write_bytes"),
    SM_ALLOY_NUMBER_("required_acks"),
    SM_ALLOY_TEXT("compression"),
    SM_ALLOY_BLOCK("compression_params", kafka_level_rows),
    SM_ALLOY_NUMBER_("flush_max_messages"),
    SM_ALLOY_SWITCH("allow_auto_topic_creation"),
    SM_ALLOY_TIME("linger"),
    SM_ALLOY_END_ROW,
};

static const struct sm_alloy_row kafka_sticky_rows[] = {
    SM_ALLOY_TEXT("hasher"),
    SM_ALLOY_END_ROW,
};

static const struct sm_alloy_row kafka_partitioner_rows[] = {
    SM_ALLOY_BLOCK("sticky_key", kafka_sticky_rows),
    SM_ALLOY_BLOCK("round_robin", no_rows, .refused = "messages are spread by their keys"),
    SM_ALLOY_BLOCK("least_backup", no_rows, .refused = "messages are spread by their keys"),
    SM_ALLOY_END_ROW,
};

static const struct sm_alloy_row kafka_rows[] = {
    SM_ALLOY_TEXT("protocol_version", .required = true),
    SM_ALLOY_TEXTS("brokers"),
    SM_ALLOY_TEXT("client_id"),
    SM_ALLOY_TEXT("rack_id"),
    SM_ALLOY_TEXT("topic", .refused = "name the topic in the blocks traces, metrics and logs"),
    SM_ALLOY_TEXT("encoding", .refused = "name the encoding in the blocks traces, metrics and logs"),
    SM_ALLOY_TEXT("topic_from_attribute"),
    SM_ALLOY_SWITCH("resolve_canonical_bootstrap_servers_only"),
    SM_ALLOY_SWITCH("allow_auto_topic_creation", .to = "producer.allow_auto_topic_creation"),
    SM_ALLOY_TIME("conn_idle_timeout"),
    SM_ALLOY_TEXTS("include_metadata_keys"),
    SM_ALLOY_SWITCH("signal_header", .refused = "messages do not say their signal"),
    SM_ALLOY_SWITCH("partition_traces_by_id"),
    SM_ALLOY_SWITCH("partition_metrics_by_resource_attributes"),
    SM_ALLOY_SWITCH("partition_logs_by_resource_attributes"),
    SM_ALLOY_SWITCH("partition_logs_by_trace_id"),
    SM_ALLOY_TIME("timeout"),
    SM_ALLOY_BLOCK("traces", kafka_signal_rows),
    SM_ALLOY_BLOCK("metrics", kafka_signal_rows),
    SM_ALLOY_BLOCK("logs", kafka_signal_rows),
    SM_ALLOY_BLOCK("authentication", kafka_auth_rows, .to = "auth"),
    SM_ALLOY_BLOCK("tls", sm_alloy_tls_client_rows),
    SM_ALLOY_BLOCK("metadata", kafka_metadata_rows),
    SM_ALLOY_BLOCK("producer", kafka_producer_rows),
    SM_ALLOY_BLOCK("record_partitioner", kafka_partitioner_rows),
    SM_ALLOY_BLOCK("sending_queue", sm_alloy_queue_rows),
    SM_ALLOY_BLOCK("retry_on_failure", sm_alloy_retry_rows),
    SM_ALLOY_DEBUG_METRICS,
    SM_ALLOY_END_ROW,
};

static const struct sm_alloy_row debug_rows[] = {
    SM_ALLOY_TEXT("verbosity"),
    SM_ALLOY_NUMBER_("sampling_initial"),
    SM_ALLOY_NUMBER_("sampling_thereafter"),
    SM_ALLOY_SWITCH("use_internal_logger"),
    SM_ALLOY_TEXTS("output_paths"),
    SM_ALLOY_DEBUG_METRICS,
    SM_ALLOY_END_ROW,
};

/* The Agent's name for debug, with its defaults. */
static const struct sm_alloy_row logging_rows[] = {
    SM_ALLOY_TEXT("verbosity", .preset = "normal"),
    SM_ALLOY_NUMBER_("sampling_initial", .preset = "2"),
    SM_ALLOY_NUMBER_("sampling_thereafter", .preset = "500"),
    SM_ALLOY_DEBUG_METRICS,
    SM_ALLOY_END_ROW,
};

static const struct sm_alloy_row rotation_rows[] = {
    SM_ALLOY_NUMBER_("max_megabytes"), SM_ALLOY_NUMBER_("max_days"), SM_ALLOY_NUMBER_("max_backups"), SM_ALLOY_SWITCH("localtime"), SM_ALLOY_END_ROW,
};

static const struct sm_alloy_row group_by_rows[] = {
    SM_ALLOY_SWITCH("enabled"),
    SM_ALLOY_TEXT("resource_attribute"),
    SM_ALLOY_NUMBER_("max_open_files"),
    SM_ALLOY_END_ROW,
};

static const struct sm_alloy_row file_level_rows[] = {
    SM_ALLOY_NUMBER_("level", .required = true),
    SM_ALLOY_END_ROW,
};

static const struct sm_alloy_row file_rows[] = {
    SM_ALLOY_TEXT("path", .required = true),
    SM_ALLOY_SWITCH("append"),
    SM_ALLOY_BLOCK("rotation", rotation_rows),
    SM_ALLOY_TEXT("format"),
    SM_ALLOY_TEXT("encoding"),
    SM_ALLOY_TEXT("compression"),
    SM_ALLOY_BLOCK("compression_params", file_level_rows),
    SM_ALLOY_TIME("flush_interval"),
    SM_ALLOY_BLOCK("group_by", group_by_rows),
    SM_ALLOY_DEBUG_METRICS,
    SM_ALLOY_END_ROW,
};

/* ---- datadog */

static const struct sm_alloy_row datadog_client_rows[] = {
    SM_ALLOY_NUMBER_("read_buffer_size"),
    SM_ALLOY_NUMBER_("write_buffer_size"),
    SM_ALLOY_TIME("timeout"),
    SM_ALLOY_NUMBER_("max_idle_conns"),
    SM_ALLOY_NUMBER_("max_idle_conns_per_host", .preset = "5"),
    SM_ALLOY_NUMBER_("max_conns_per_host"),
    SM_ALLOY_TIME("idle_conn_timeout", .preset = "45s"),
    SM_ALLOY_SWITCH("disable_keep_alives"),
    SM_ALLOY_SWITCH("insecure_skip_verify", .to = "tls.insecure_skip_verify"),
    SM_ALLOY_END_ROW,
};

static const struct sm_alloy_row datadog_api_rows[] = {
    SM_ALLOY_SECRET_TEXT("api_key", .required = true, .to = "key"),
    SM_ALLOY_TEXT("site"),
    SM_ALLOY_SWITCH("fail_on_invalid_key"),
    SM_ALLOY_END_ROW,
};

static const struct sm_alloy_row datadog_trace_rows[] = {
    SM_ALLOY_TEXT("endpoint"),
    SM_ALLOY_TEXTS("ignore_resources"),
    SM_ALLOY_TEXT_MAP("span_name_remappings"),
    SM_ALLOY_SWITCH("span_name_as_resource_name", .preset = "true"),
    SM_ALLOY_SWITCH("compute_stats_by_span_kind", .preset = "true"),
    SM_ALLOY_SWITCH("compute_top_level_by_span_kind"),
    SM_ALLOY_SWITCH("peer_tags_aggregation"),
    SM_ALLOY_TEXTS("peer_tags"),
    SM_ALLOY_NUMBER_("trace_buffer", .preset = "10"),
    SM_ALLOY_END_ROW,
};

static const struct sm_alloy_row datadog_metrics_exporter_rows[] = {
    SM_ALLOY_SWITCH("resource_attributes_as_tags"),
    SM_ALLOY_SWITCH("instrumentation_scope_metadata_as_tags", .preset = "true"),
    SM_ALLOY_END_ROW,
};
static const struct sm_alloy_row datadog_histogram_rows[] = {
    SM_ALLOY_TEXT("mode"),
    SM_ALLOY_SWITCH("send_aggregation_metrics"),
    SM_ALLOY_END_ROW,
};
static const struct sm_alloy_row datadog_sum_rows[] = {
    SM_ALLOY_TEXT("cumulative_monotonic_mode"),
    SM_ALLOY_TEXT("initial_cumulative_monotonic_value"),
    SM_ALLOY_END_ROW,
};
static const struct sm_alloy_row datadog_summary_rows[] = {
    SM_ALLOY_TEXT("mode"),
    SM_ALLOY_END_ROW,
};

static const struct sm_alloy_row datadog_metric_rows[] = {
    SM_ALLOY_NUMBER_("delta_ttl"),
    SM_ALLOY_TEXT("endpoint"),
    SM_ALLOY_BLOCK("exporter", datadog_metrics_exporter_rows, .to = "", .has_presets_when_absent = true),
    SM_ALLOY_BLOCK("histograms", datadog_histogram_rows),
    SM_ALLOY_BLOCK("sums", datadog_sum_rows),
    SM_ALLOY_BLOCK("summaries", datadog_summary_rows),
    SM_ALLOY_END_ROW,
};

static const struct sm_alloy_row datadog_log_rows[] = {
    SM_ALLOY_TEXT("endpoint"), SM_ALLOY_SWITCH("use_compression"), SM_ALLOY_NUMBER_("compression_level"), SM_ALLOY_NUMBER_("batch_wait"),
    SM_ALLOY_END_ROW,
};

static const struct sm_alloy_row datadog_host_rows[] = {
    SM_ALLOY_SWITCH("enabled"),
    SM_ALLOY_TEXT("hostname_source"),
    SM_ALLOY_TEXTS("tags"),
    SM_ALLOY_END_ROW,
};

static const struct sm_alloy_row datadog_rows[] = {
    SM_ALLOY_BLOCK("client", datadog_client_rows, .to = "", .has_presets_when_absent = true),
    SM_ALLOY_BLOCK("sending_queue", sm_alloy_queue_rows),
    SM_ALLOY_BLOCK("retry_on_failure", sm_alloy_retry_rows),
    SM_ALLOY_BLOCK("api", datadog_api_rows, .required = true),
    SM_ALLOY_BLOCK("traces", datadog_trace_rows, .has_presets_when_absent = true),
    SM_ALLOY_BLOCK("metrics", datadog_metric_rows, .has_presets_when_absent = true),
    SM_ALLOY_BLOCK("logs", datadog_log_rows),
    SM_ALLOY_BLOCK("host_metadata", datadog_host_rows),
    SM_ALLOY_TIME("hostname_detection_timeout", .has_no_effect = true),
    SM_ALLOY_SWITCH("only_metadata"),
    SM_ALLOY_TEXT("hostname"),
    SM_ALLOY_DEBUG_METRICS,
    SM_ALLOY_END_ROW,
};

const struct sm_alloy_component sm_alloy_exporters[] = {
    {.name = "otelcol.exporter.otlp", .kind = SM_EXPORTER, .type = "otlp_grpc", .rows = otlp_rows, .finish = sm_alloy_finish_exporter},
    {.name = "otelcol.exporter.otlphttp", .kind = SM_EXPORTER, .type = "otlp_http", .rows = otlphttp_rows, .finish = sm_alloy_finish_exporter},
    {.name = "otelcol.exporter.debug", .kind = SM_EXPORTER, .type = "debug", .rows = debug_rows},
    {.name = "otelcol.exporter.logging", .kind = SM_EXPORTER, .type = "debug", .rows = logging_rows},
    {.name = "otelcol.exporter.file", .kind = SM_EXPORTER, .type = "file", .rows = file_rows},
    {.name = "otelcol.exporter.loadbalancing",
     .kind = SM_EXPORTER,
     .type = "load_balancing",
     .rows = loadbalancing_rows,
     .finish = sm_alloy_finish_exporter},
    {.name = "otelcol.exporter.kafka", .kind = SM_EXPORTER, .type = "kafka", .rows = kafka_rows, .finish = sm_alloy_finish_exporter},
    {.name = "otelcol.exporter.datadog", .kind = SM_EXPORTER, .type = "datadog", .rows = datadog_rows, .finish = sm_alloy_finish_exporter},
    {0},
};
