/* options.c - see options.h. Stateless. */
#include "exporters/datadog/options.h"

#include <stdio.h>

#include "base/bytes.h"
#include "base/memory.h"
#include "datadog/hostname.h"

#define ISSUE_URL "https://github.com/open-telemetry/opentelemetry-collector-contrib/issues/"

static const struct sm_option_word histogram_words[] = {{"distributions", SM_DATADOG_HISTOGRAMS_DISTRIBUTIONS},
                                                        {"counters", SM_DATADOG_HISTOGRAMS_COUNTERS},
                                                        {"nobuckets", SM_DATADOG_HISTOGRAMS_NO_BUCKETS},
                                                        {NULL, 0}};
static const struct sm_option_word sum_words[] = {{"to_delta", SM_DATADOG_SUMS_TO_DELTA}, {"raw_value", SM_DATADOG_SUMS_RAW_VALUE}, {NULL, 0}};
static const struct sm_option_word initial_words[] = {
    {"auto", SM_DATADOG_INITIAL_AUTO}, {"drop", SM_DATADOG_INITIAL_DROP}, {"keep", SM_DATADOG_INITIAL_KEEP}, {NULL, 0}};
static const struct sm_option_word summary_words[] = {
    {"gauges", SM_DATADOG_SUMMARIES_GAUGES}, {"noquantiles", SM_DATADOG_SUMMARIES_NO_QUANTILES}, {NULL, 0}};
static const struct sm_option_word hostname_words[] = {
    {"config_or_system", SM_DATADOG_HOSTNAME_CONFIG_OR_SYSTEM}, {"first_resource", SM_DATADOG_HOSTNAME_FIRST_RESOURCE}, {NULL, 0}};

#define ENDPOINT_ROW(type, default_text)                                                                                                             \
    SM_OPTION_STRING(type, endpoint.url, .key = "endpoint", .set_offset = offsetof(type, endpoint.is_set),                                           \
                     .help = "URL to send to; " default_text " of the site unless it is set.")
#define REMOVED_ROW(type, name) SM_OPTION_NODE(type, name, .help = "Removed: refused with the name of what is there instead.")

static const struct sm_option api_table[] = {
    SM_OPTION_SECRET(struct sm_datadog_api_options, key, .help = "API key of the organisation."),
    SM_OPTION_STRING(struct sm_datadog_api_options, site, .preset.string = "datadoghq.com", .help = "Datadog site that requests go to."),
    SM_OPTION_BOOL(struct sm_datadog_api_options, fail_on_invalid_key, .help = "Do not start when Datadog refuses the key."),
    SM_OPTION_END,
};

static const struct sm_option histogram_table[] = {
    SM_OPTION_ENUM(struct sm_datadog_histogram_options, mode, histogram_words, .null_is_absent = true,
                   .preset.integer = SM_DATADOG_HISTOGRAMS_DISTRIBUTIONS, .unknown_word = {"invalid histogram mode ", ""},
                   .help = "How histograms are sent: distributions, counters (one a bucket) or nobuckets."),
    SM_OPTION_BOOL(struct sm_datadog_histogram_options, send_count_sum_metrics,
                   .set_offset = offsetof(struct sm_datadog_histogram_options, is_send_count_sum_metrics_set),
                   .deprecated = "use send_aggregation_metrics", .help = "Old name of send_aggregation_metrics."),
    SM_OPTION_BOOL(struct sm_datadog_histogram_options, send_aggregation_metrics,
                   .set_offset = offsetof(struct sm_datadog_histogram_options, is_send_aggregation_metrics_set),
                   .help = "Also send .sum, .count, .min and .max of histograms."),
    SM_OPTION_END,
};

static const struct sm_option sum_table[] = {
    SM_OPTION_ENUM(struct sm_datadog_sum_options, cumulative_monotonic_mode, sum_words, .null_is_absent = true,
                   .preset.integer = SM_DATADOG_SUMS_TO_DELTA, .unknown_word = {"invalid cumulative monotonic sum mode ", ""},
                   .help = "How cumulative monotonic sums are sent: to_delta (as counts) or raw_value (as gauges)."),
    SM_OPTION_ENUM(struct sm_datadog_sum_options, initial_cumulative_monotonic_value, initial_words, .null_is_absent = true,
                   .preset.integer = SM_DATADOG_INITIAL_AUTO, .unknown_word = {"invalid initial value mode ", ""},
                   .set_offset = offsetof(struct sm_datadog_sum_options, is_initial_value_set),
                   .help = "Whether the first value of such a sum is sent: auto (when it began after this process), drop or keep."),
    SM_OPTION_END,
};

static const struct sm_option summary_table[] = {
    SM_OPTION_ENUM(struct sm_datadog_summary_options, mode, summary_words, .null_is_absent = true, .preset.integer = SM_DATADOG_SUMMARIES_GAUGES,
                   .unknown_word = {"invalid summary mode ", ""}, .help = "How quantiles of summaries are sent: gauges, or noquantiles (not)."),
    SM_OPTION_END,
};

static const struct sm_option metric_table[] = {
    ENDPOINT_ROW(struct sm_datadog_metric_options, "api"),
    SM_OPTION_INT(struct sm_datadog_metric_options, delta_ttl, .preset.integer = 3600, .unit = "seconds",
                  .help = "How long the last value of a cumulative series is kept."),
    SM_OPTION_BOOL(struct sm_datadog_metric_options, resource_attributes_as_tags, .help = "Make every resource attribute a tag."),
    SM_OPTION_BOOL(struct sm_datadog_metric_options, instrumentation_scope_metadata_as_tags, .help = "Make the scope's name and version tags."),
    SM_OPTION_TABLE(struct sm_datadog_metric_options, histograms, histogram_table, .help = "Histograms."),
    SM_OPTION_TABLE(struct sm_datadog_metric_options, sums, sum_table, .help = "Sums."),
    SM_OPTION_TABLE(struct sm_datadog_metric_options, summaries, summary_table, .help = "Summaries."),
    REMOVED_ROW(struct sm_datadog_metric_options, send_monotonic_counter),
    REMOVED_ROW(struct sm_datadog_metric_options, report_quantiles),
    REMOVED_ROW(struct sm_datadog_metric_options, instrumentation_library_metadata_as_tags),
    SM_OPTION_END,
};

static const struct sm_option trace_table[] = {
    ENDPOINT_ROW(struct sm_datadog_exporter_trace_options, "trace.agent"),
    SM_OPTION_TABLE(struct sm_datadog_exporter_trace_options, common, sm_datadog_trace_option_table, .squash = true),
    SM_OPTION_INT(struct sm_datadog_exporter_trace_options, trace_buffer,
                  .help = "Taken for compatibility: traces are made where they arrive, and nothing waits between."),
    SM_OPTION_STRING(struct sm_datadog_exporter_trace_options, agent, .ours = true,
                     .help =
                         "The extension datadog_agent whose rules, samplers and statistics hold for traces: they take the place of the exporter's."),
    SM_OPTION_DOUBLE(struct sm_datadog_exporter_trace_options, otlp_sampling_percentage, .preset.number = 100, .min = 0, .max = 100,
                     .unit = "percent", .ours = true,
                     .help = "With agent: how many of the OTLP traces without a priority get one to be kept; 0: all."),
    SM_OPTION_END,
};

static const struct sm_option log_table[] = {
    ENDPOINT_ROW(struct sm_datadog_log_options, "http-intake.logs"),
    SM_OPTION_BOOL(struct sm_datadog_log_options, dump_payloads, .deprecated = "it has no effect", .help = "Taken for compatibility."),
    SM_OPTION_BOOL(struct sm_datadog_log_options, use_compression, .preset.boolean = true, .help = "Pack requests with gzip."),
    SM_OPTION_INT(struct sm_datadog_log_options, compression_level, .preset.integer = 6, .help = "How hard to pack, 0 to 9."),
    SM_OPTION_INT(struct sm_datadog_log_options, batch_wait, .preset.integer = 5, .unit = "seconds", .help = "How long a batch of logs is filled."),
    SM_OPTION_END,
};

static const struct sm_option host_metadata_table[] = {
    SM_OPTION_BOOL(struct sm_datadog_host_metadata_options, enabled, .preset.boolean = true, .help = "Send metadata of the host."),
    SM_OPTION_ENUM(struct sm_datadog_host_metadata_options, hostname_source, hostname_words, .null_is_absent = true,
                   .preset.integer = SM_DATADOG_HOSTNAME_CONFIG_OR_SYSTEM, .unknown_word = {"invalid host metadata hostname source ", ""},
                   .help = "Whose metadata it is: config_or_system, or first_resource (the host that the first telemetry names)."),
    SM_OPTION_STRING_LIST(struct sm_datadog_host_metadata_options, tags, .help = "Tags of the host."),
    SM_OPTION_DURATION(struct sm_datadog_host_metadata_options, reporter_period_ns, .key = "reporter_period", .preset.integer = 30 * SM_MIN,
                       .help = "How often metadata is sent; five minutes or more."),
    SM_OPTION_END,
};

const struct sm_option sm_datadog_exporter_option_table[] = {
    SM_OPTION_TABLE(struct sm_datadog_exporter_options, client, sm_http_client_option_table, .squash = true),
    SM_OPTION_DURATION(struct sm_datadog_exporter_options, timeout_ns, .key = "timeout", .preset.integer = 15 * SM_S,
                       .help = "Time limit of a request to Datadog; 0: none."),
    SM_OPTION_TABLE(struct sm_datadog_exporter_options, export.sending_queue, sm_export_queue_option_table, .key = "sending_queue",
                    .help = "Requests that wait to be sent."),
    SM_OPTION_TABLE(struct sm_datadog_exporter_options, retry_on_failure, sm_export_retry_option_table,
                    .help = "How requests to Datadog's API are tried again; traces and stats always are, four times in all."),
    SM_OPTION_STRING(struct sm_datadog_exporter_options, hostname, .help = "Host of telemetry that names none; \"\": this machine."),
    SM_OPTION_TABLE(struct sm_datadog_exporter_options, api, api_table, .help = "Datadog's API."),
    SM_OPTION_TABLE(struct sm_datadog_exporter_options, metrics, metric_table, .help = "Metrics."),
    SM_OPTION_TABLE(struct sm_datadog_exporter_options, traces, trace_table, .help = "Traces."),
    SM_OPTION_TABLE(struct sm_datadog_exporter_options, logs, log_table, .help = "Logs."),
    SM_OPTION_TABLE(struct sm_datadog_exporter_options, host_metadata, host_metadata_table, .help = "Metadata of the host."),
    SM_OPTION_BOOL(struct sm_datadog_exporter_options, only_metadata, .help = "Send nothing but metadata of the host."),
    REMOVED_ROW(struct sm_datadog_exporter_options, tags),
    REMOVED_ROW(struct sm_datadog_exporter_options, send_metadata),
    REMOVED_ROW(struct sm_datadog_exporter_options, use_resource_metadata),
    SM_OPTION_END,
};

/* ---- rules */

static void refuse_removed(const struct sm_datadog_exporter_options *options, struct sm_validation *validation)
{
    const struct {
        const struct sm_node *node;
        const char *old_name, *new_name;
        int issue;
    } removed[] = {
        {options->metrics.send_monotonic_counter, "metrics::send_monotonic_counter", "metrics::sums::cumulative_monotonic_mode", 8489},
        {options->tags, "tags", "host_metadata::tags", 9099},
        {options->send_metadata, "send_metadata", "host_metadata::enabled", 9099},
        {options->use_resource_metadata, "use_resource_metadata", "host_metadata::hostname_source", 9099},
        {options->metrics.report_quantiles, "metrics::report_quantiles", "metrics::summaries::mode", 8845},
        {options->metrics.instrumentation_library_metadata_as_tags, "metrics::instrumentation_library_metadata_as_tags",
         "metrics::instrumentation_scope_as_tags", 11135},
    };
    for (size_t i = 0; i < sizeof(removed) / sizeof(removed[0]); i++)
        if (removed[i].node)
            sm_validation_error(validation, "", "\"%s\" was removed in favor of \"%s\". See " ISSUE_URL "%d", removed[i].old_name,
                                removed[i].new_name, removed[i].issue);
}

static void refuse_both(bool is_old_set, bool is_new_set, const char *old_name, const char *new_name, struct sm_validation *validation)
{
    if (is_old_set && is_new_set)
        sm_validation_error(validation, "", "\"%s\" and \"%s\" can't be both set at the same time: use \"%s\" only instead", old_name, new_name,
                            new_name);
}

/* Options of HTTP clients that the reference's exporter does not heed either. */
static void refuse_client_options(const struct sm_http_client_options *client, struct sm_validation *validation)
{
    const struct {
        const char *name;
        bool is_set;
    } refused[] = {
        {"auth", client->auth != NULL},
        {"endpoint", *client->endpoint != '\0'},
        {"compression", client->compression != 0},
        {"headers", client->headers.count > 0},
        {"http2_read_idle_timeout", client->http2_read_idle_timeout_ns != 0},
        {"http2_ping_timeout", client->http2_ping_timeout_ns != 0},
    };
    struct sm_bytes names;
    sm_bytes_init(&names, validation->arena);
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
        if (refused[i].is_set)
            sm_bytes_printf(&names, "%s%s", names.size ? ", " : "", refused[i].name);
    if (names.size)
        sm_validation_error(validation, "", "these confighttp client configs are currently not respected by Datadog exporter: %s",
                            sm_bytes_cstr(&names));
}

static void validate_metrics(const struct sm_datadog_metric_options *metrics, struct sm_validation *validation)
{
    const struct sm_datadog_histogram_options *histograms = &metrics->histograms;
    bool has_aggregations = histograms->is_send_count_sum_metrics_set ? histograms->send_count_sum_metrics : histograms->send_aggregation_metrics;
    refuse_both(histograms->is_send_count_sum_metrics_set, histograms->is_send_aggregation_metrics_set, "metrics::histograms::send_count_sum_metrics",
                "metrics::histograms::send_aggregation_metrics", validation);
    if (histograms->mode == SM_DATADOG_HISTOGRAMS_NO_BUCKETS && !has_aggregations)
        sm_validation_error(validation, "", "'nobuckets' mode and `send_aggregation_metrics` set to false will send no histogram metrics");
    if (metrics->delta_ttl <= 0)
        sm_validation_error(validation, "", "time to live must be positive: %lld", (long long)metrics->delta_ttl);
    if (metrics->sums.is_initial_value_set && metrics->sums.cumulative_monotonic_mode != SM_DATADOG_SUMS_TO_DELTA)
        sm_validation_error(validation, "", "\"%s\" can only be configured when \"%s\" is set to \"to_delta\"",
                            "metrics::sums::initial_cumulative_monotonic_value", "metrics::sums::cumulative_monotonic_mode");
}

static void validate_endpoints(const struct sm_datadog_exporter_options *options, struct sm_validation *validation)
{
    const struct {
        const struct sm_datadog_endpoint *endpoint;
        const char *key;
    } rows[] = {{&options->metrics.endpoint, "metrics::endpoint"},
                {&options->traces.endpoint, "traces::endpoint"},
                {&options->logs.endpoint, "logs::endpoint"}};
    bool is_empty = false, needs_site = false;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        sm_http_client_url_validate(rows[i].key, rows[i].endpoint->url, validation);
        is_empty |= rows[i].endpoint->is_set && !*rows[i].endpoint->url;
        needs_site |= !rows[i].endpoint->is_set;
    }
    if (is_empty)
        sm_validation_error(validation, "", "endpoint cannot be empty");
    if (needs_site)
        sm_http_client_url_validate("api::site", sm_arena_printf(validation->arena, "https://trace.agent.%s", options->api.site), validation);
}

static bool is_key_text(struct sm_slice text)
{
    for (size_t i = 0; i < text.size; i++)
        if ((uint8_t)text.ptr[i] <= ' ' || (uint8_t)text.ptr[i] >= 0x7f)
            return false;
    return true;
}

void sm_datadog_exporter_validate(const void *raw_options, struct sm_validation *validation)
{
    const struct sm_datadog_exporter_options *options = raw_options;
    const struct sm_datadog_trace_options *traces = &options->traces.common;
    const struct sm_datadog_host_metadata_options *metadata = &options->host_metadata;
    refuse_removed(options, validation);
    refuse_both(traces->is_peer_service_aggregation_set, traces->is_peer_tags_aggregation_set, "traces::peer_service_aggregation",
                "traces::peer_tags_aggregation", validation);
    validate_endpoints(options, validation);
    refuse_client_options(&options->client, validation);
    if (options->only_metadata && (!metadata->enabled || metadata->hostname_source != SM_DATADOG_HOSTNAME_FIRST_RESOURCE))
        sm_validation_error(validation, "",
                            "only_metadata can't be enabled when host_metadata::enabled = false or host_metadata::hostname_source != first_resource");
    const char *problem = *options->hostname ? sm_datadog_hostname_problem(options->hostname, validation->arena) : NULL;
    if (problem)
        sm_validation_error(validation, "", "hostname field is invalid: %s", problem);
    if (sm_datadog_api_key(options).size == 0)
        sm_validation_error(validation, "", "api.key is not set");
    else if (!is_key_text(sm_datadog_api_key(options)))
        sm_validation_error(validation, "api::key", "holds blanks, control characters or characters beyond ASCII, which no API key does");
    sm_datadog_trace_options_validate(traces, "", validation);
    if (options->traces.trace_buffer < 0)
        sm_validation_error(validation, "", "trace buffer must be non-negative");
    validate_metrics(&options->metrics, validation);
    if (metadata->reporter_period_ns < (uint64_t)(5 * SM_MIN))
        sm_validation_error(validation, "", "reporter_period must be 5 minutes or higher");
    sm_export_options_validate(&options->export, validation);
}

/* ---- what follows from them */

struct sm_slice sm_datadog_api_key(const struct sm_datadog_exporter_options *options)
{
    return sm_slice_trim(sm_slice_of(options->api.key));
}

char *sm_datadog_url(const struct sm_datadog_exporter_options *options, const struct sm_datadog_endpoint *endpoint, const char *subdomain,
                     const char *path)
{
    size_t size = strlen(endpoint->url) + strlen(subdomain) + strlen(options->api.site) + strlen(path) + sizeof("https://.");
    char *url = sm_alloc(size, 1);
    if (endpoint->is_set)
        snprintf(url, size, "%s%s", endpoint->url, path);
    else
        snprintf(url, size, "https://%s.%s%s", subdomain, options->api.site, path);
    return url;
}
