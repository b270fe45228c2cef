/* options.h - the options of the exporter `datadog`, and the rules between them.
 * Source: opentelemetry-collector-contrib pkg/datadog/config (config.go, traces.go, metrics.go, logs.go, host.go), v0.115.0. */
#pragma once

#include "datadog/trace_options.h"
#include "net/http_client.h"
#include "pipeline/export.h"

enum sm_datadog_histogram_mode { SM_DATADOG_HISTOGRAMS_DISTRIBUTIONS, SM_DATADOG_HISTOGRAMS_COUNTERS, SM_DATADOG_HISTOGRAMS_NO_BUCKETS };
enum sm_datadog_sum_mode { SM_DATADOG_SUMS_TO_DELTA, SM_DATADOG_SUMS_RAW_VALUE };
enum sm_datadog_initial_value { SM_DATADOG_INITIAL_AUTO, SM_DATADOG_INITIAL_DROP, SM_DATADOG_INITIAL_KEEP };
enum sm_datadog_summary_mode { SM_DATADOG_SUMMARIES_GAUGES, SM_DATADOG_SUMMARIES_NO_QUANTILES };
enum sm_datadog_hostname_source { SM_DATADOG_HOSTNAME_CONFIG_OR_SYSTEM, SM_DATADOG_HOSTNAME_FIRST_RESOURCE };

struct sm_datadog_endpoint {
    const char *url; /* "": from the site */
    bool is_set;
};

struct sm_datadog_metric_options {
    struct sm_datadog_endpoint endpoint;
    int64_t delta_ttl;
    bool resource_attributes_as_tags, instrumentation_scope_metadata_as_tags;
    struct sm_datadog_histogram_options {
        int mode; /* enum sm_datadog_histogram_mode */
        bool send_count_sum_metrics, is_send_count_sum_metrics_set;
        bool send_aggregation_metrics, is_send_aggregation_metrics_set;
    } histograms;
    struct sm_datadog_sum_options {
        int cumulative_monotonic_mode;          /* enum sm_datadog_sum_mode */
        int initial_cumulative_monotonic_value; /* enum sm_datadog_initial_value */
        bool is_initial_value_set;
    } sums;
    struct sm_datadog_summary_options {
        int mode; /* enum sm_datadog_summary_mode */
    } summaries;
    /* Removed settings: there only to be refused by name. */
    const struct sm_node *send_monotonic_counter, *report_quantiles, *instrumentation_library_metadata_as_tags;
};

struct sm_datadog_exporter_options {
    struct sm_http_client_options client;
    struct sm_export_options export;                 /* only its queue: traces and metrics are tried again by the exporter itself */
    uint64_t timeout_ns;                             /* of a request to Datadog */
    struct sm_export_retry_options retry_on_failure; /* of requests to Datadog's API (not its trace intake) */
    const char *hostname;
    bool only_metadata;
    struct sm_datadog_api_options {
        const char *key, *site;
        bool fail_on_invalid_key;
    } api;
    struct sm_datadog_metric_options metrics;
    struct sm_datadog_exporter_trace_options {
        struct sm_datadog_endpoint endpoint;
        struct sm_datadog_trace_options common;
        int64_t trace_buffer;
        const char *agent;               /* "": none */
        double otlp_sampling_percentage; /* of OTLP traces without a priority */
    } traces;
    struct sm_datadog_log_options {
        struct sm_datadog_endpoint endpoint;
        bool dump_payloads, use_compression;
        int64_t compression_level, batch_wait;
    } logs;
    struct sm_datadog_host_metadata_options {
        bool enabled;
        int hostname_source; /* enum sm_datadog_hostname_source */
        struct sm_string_list tags;
        uint64_t reporter_period_ns;
    } host_metadata;
    const struct sm_node *tags, *send_metadata, *use_resource_metadata; /* removed settings, as above */
};
extern const struct sm_option sm_datadog_exporter_option_table[];

void sm_datadog_exporter_validate(const void *options, struct sm_validation *validation);

/* "https://trace.agent.datadoghq.com/api/v0.2/traces": the endpoint, or `subdomain` of the site, with `path`. The caller frees it. */
char *sm_datadog_url(const struct sm_datadog_exporter_options *options, const struct sm_datadog_endpoint *endpoint, const char *subdomain,
                     const char *path);
/* The API key without the spaces around it. */
struct sm_slice sm_datadog_api_key(const struct sm_datadog_exporter_options *options);
