/* config_readers.c - service::telemetry::metrics: how the own metrics are read (pull) and where they are sent (periodic).
 *
 * Source of names, defaults and rules: contrib/otelconf v0.3.0 (generated_config.go, metric.go), which the reference configures itself with. */
#include "config/diags.h"
#include "pipeline/config_internal.h"

typedef struct sm_telemetry_labels_options labels;
static const struct sm_option labels_table[] = {
    SM_OPTION_STRING_LIST(labels, included, .help = "Resource attributes that become labels, by exact name; default: all."),
    SM_OPTION_STRING_LIST(labels, excluded, .help = "Resource attributes that do not."),
    SM_OPTION_END,
};

typedef struct sm_telemetry_prometheus_options prometheus;
static const struct sm_option prometheus_table[] = {
    SM_OPTION_STRING(prometheus, host, .set_offset = offsetof(prometheus, has_host), .help = "Address on which own metrics can be read."),
    SM_OPTION_INT(prometheus, port, .min = 0, .max = 65535, .set_offset = offsetof(prometheus, has_port), .help = "Its port."),
    SM_OPTION_BOOL(prometheus, without_scope_info, .null_is_absent = true, .preset.boolean = true,
                   .help = "Leave out the labels of the instrumentation scope."),
    SM_OPTION_BOOL(prometheus, without_type_suffix, .null_is_absent = true, .preset.boolean = true,
                   .help = "With without_units: leave out _total and units behind names."),
    SM_OPTION_BOOL(prometheus, without_units, .null_is_absent = true, .preset.boolean = true,
                   .help = "With without_type_suffix: leave out _total and units behind names."),
    SM_OPTION_OPTIONAL(prometheus, with_resource_constant_labels, labels_table, .help = "Resource attributes as labels on every metric."),
    SM_OPTION_END,
};

typedef struct sm_telemetry_pull_exporter_options pull_exporter;
static const struct sm_option pull_exporter_table[] = {
    SM_OPTION_OPTIONAL(pull_exporter, prometheus, prometheus_table, .help = "Prometheus text over HTTP."),
    SM_OPTION_END,
};
typedef struct sm_telemetry_pull_options pull;
static const struct sm_option pull_table[] = {
    SM_OPTION_TABLE(pull, exporter, pull_exporter_table, .help = "In which form."),
    SM_OPTION_END,
};

/* ---- periodic */

enum { INTERVAL_MS = 60000, TIMEOUT_MS = 30000 };

static const struct sm_option_word protocol_words[] = {{"http/protobuf", SM_METRICS_SENT_BY_HTTP}, {"grpc", SM_METRICS_SENT_BY_GRPC}, {.word = NULL}};
static const struct sm_option_word compression_words[] = {{"none", false}, {"gzip", true}, {.word = NULL}};
static const struct sm_option_word temporality_words[] = {{"cumulative", 0}, {.word = NULL}};
static const struct sm_option_word aggregation_words[] = {{"explicit_bucket_histogram", 0}, {.word = NULL}};

typedef struct sm_telemetry_header_options header;
static const struct sm_option header_table[] = {
    SM_OPTION_STRING(header, name, .required = true, .help = "Name of the header."),
    {.kind = SM_OPTION_KIND_SECRET, .member = "value", .offset = offsetof(header, value), .help = "Its value."},
    SM_OPTION_END,
};

typedef struct sm_telemetry_otlp_options otlp;
static const struct sm_option otlp_table[] = {
    SM_OPTION_ENUM(otlp, protocol, protocol_words, .null_is_absent = true, .preset.integer = SM_METRICS_SENT_NOWHERE, .help = "How it is sent."),
    SM_OPTION_STRING(otlp, endpoint, .help = "Where to: a URL; for grpc also host:port. Without a path http/protobuf posts to /v1/metrics."),
    SM_OPTION_BOOL(otlp, insecure, .help = "grpc without a scheme in the endpoint: no TLS."),
    SM_OPTION_STRING(otlp, certificate, .help = "File with the authorities that the next hop's certificate is checked with; none: the system's."),
    SM_OPTION_STRING(otlp, client_certificate, .help = "File with our own certificate."),
    SM_OPTION_STRING(otlp, client_key, .help = "File with its key."),
    SM_OPTION_ENUM(otlp, compression, compression_words, .null_is_absent = true, .help = "How bodies are packed."),
    SM_OPTION_TABLE_LIST(otlp, headers, header, header_table, .help = "Headers sent with every request."),
    SM_OPTION_REFUSED("headers_list", .help = "Headers as one text; write them under headers."),
    SM_OPTION_INT(otlp, timeout, .null_is_absent = true, .preset.integer = 10000, .min = 0, .unit = "ms", .help = "Time for one request."),
    SM_OPTION_ENUM(otlp, temporality_preference, temporality_words, .null_is_absent = true,
                   .help = "Sums count from the start of the process; delta and lowmemory are refused."),
    SM_OPTION_ENUM(otlp, default_histogram_aggregation, aggregation_words, .null_is_absent = true,
                   .help = "Histograms have fixed buckets; another form is refused."),
    SM_OPTION_END,
};
typedef struct sm_telemetry_push_exporter_options push_exporter;
static const struct sm_option push_exporter_table[] = {
    SM_OPTION_NODE(push_exporter, console, .help = "{}: as OTLP/JSON on standard output, a line each time."),
    SM_OPTION_OPTIONAL(push_exporter, otlp, otlp_table, .null_is_absent = true, .has_no_switch = true, .help = "To an OTLP next hop."),
    SM_OPTION_END,
};
typedef struct sm_telemetry_periodic_options periodic;
static const struct sm_option periodic_table[] = {
    SM_OPTION_INT(periodic, interval, .null_is_absent = true, .preset.integer = INTERVAL_MS, .min = 0, .max = 86400000, .unit = "ms",
                  .help = "Time between two sendings; 0: a minute."),
    SM_OPTION_INT(periodic, timeout, .null_is_absent = true, .preset.integer = TIMEOUT_MS, .min = 0, .max = 86400000, .unit = "ms",
                  .help = "Time that one sending may take; 0: 30 seconds."),
    SM_OPTION_TABLE(periodic, exporter, push_exporter_table, .help = "Where to."),
    SM_OPTION_END,
};

typedef struct sm_telemetry_reader_options reader;
static const struct sm_option reader_table[] = {
    SM_OPTION_OPTIONAL(reader, pull, pull_table, .null_is_absent = true, .help = "Metrics are read from here."),
    SM_OPTION_OPTIONAL(reader, periodic, periodic_table, .null_is_absent = true,
                       .help = "Metrics are sent from time to time, and once more at the end."),
    SM_OPTION_REFUSED("producers"),
    SM_OPTION_END,
};

static const struct sm_option_word levels[] = {
    {"none", SM_METRICS_NONE}, {"basic", SM_METRICS_BASIC}, {"normal", SM_METRICS_NORMAL}, {"detailed", SM_METRICS_DETAILED}, {.word = NULL}};

typedef struct sm_telemetry_metrics_options metrics;
const struct sm_option sm_config_metrics_option_table[] = {
    SM_OPTION_ENUM(metrics, level, levels, .preset.integer = SM_METRICS_NORMAL, .ignore_case = true, .takes_numbers = true,
                   .unknown_word = {"unknown metrics level ", ", must be one of none, basic, normal, detailed"}, .help = "How much is measured."),
    SM_OPTION_TABLE_LIST(metrics, readers, reader, reader_table, .set_offset = offsetof(metrics, has_readers),
                         .help = "Where own metrics can be read or are sent; default: Prometheus text on localhost:8888."),
    SM_OPTION_REFUSED("views", .help = "Own metrics are shown as they are; drop or rename them where they are stored."),
    SM_OPTION_END,
};

/* ---- checking */

static void take_pull(struct sm_validation *validation, const prometheus *from, struct sm_metrics_reader *out)
{
    if (!from->has_host)
        sm_validation_error(validation, "metrics::readers", "host must be specified");
    if (!from->has_port)
        sm_validation_error(validation, "metrics::readers", "port must be specified");
    *out = (struct sm_metrics_reader){
        .host = from->host,
        .port = (uint64_t)from->port,
        .option = &from->port,
        .without_scope_info = from->without_scope_info,
        .without_type_suffix = from->without_type_suffix,
        .without_units = from->without_units,
        .has_resource_labels = from->with_resource_constant_labels != NULL,
    };
    if (from->with_resource_constant_labels) {
        out->included_labels = from->with_resource_constant_labels->included;
        out->excluded_labels = from->with_resource_constant_labels->excluded;
    }
}

static struct sm_string_map take_headers(const struct sm_validation *validation, const struct sm_table_list *list)
{
    struct sm_string_map map = {.entries = sm_arena_zalloc(validation->arena, list->count, sizeof(*map.entries)), .count = list->count};
    const header *from = list->items;
    for (size_t i = 0; i < list->count; i++)
        map.entries[i] = (struct sm_string_map_entry){.key = from[i].name, .value = from[i].value};
    return map;
}

static void take_otlp(struct sm_validation *validation, const otlp *from, struct sm_metrics_sender_config *out)
{
    if (from->protocol == SM_METRICS_SENT_NOWHERE)
        sm_validation_error(validation, "metrics::readers", "otlp needs a protocol: http/protobuf or grpc");
    if (!*from->endpoint)
        sm_validation_error(validation, "metrics::readers", "otlp needs an endpoint");
    out->way = (enum sm_metrics_way)from->protocol;
    out->endpoint = from->endpoint;
    out->option = &from->endpoint;
    out->certificate = from->certificate;
    out->client_certificate = from->client_certificate;
    out->client_key = from->client_key;
    out->is_insecure = from->insecure;
    out->is_packed = from->compression;
    out->headers = take_headers(validation, &from->headers);
    if (from->timeout && (uint64_t)from->timeout < out->timeout_ns / SM_MS)
        out->timeout_ns = (uint64_t)from->timeout * SM_MS;
}

static void take_periodic(struct sm_validation *validation, const periodic *from, struct sm_metrics_sender_config *out)
{
    bool has_console = from->exporter.console && from->exporter.console->kind == SM_NODE_MAP;
    *out = (struct sm_metrics_sender_config){
        .way = SM_METRICS_SENT_TO_CONSOLE,
        .interval_ns = (uint64_t)(from->interval ? from->interval : INTERVAL_MS) * SM_MS,
        .timeout_ns = (uint64_t)(from->timeout ? from->timeout : TIMEOUT_MS) * SM_MS,
    };
    if (has_console && from->exporter.otlp)
        sm_validation_error(validation, "metrics::readers", "must not specify multiple exporters");
    else if (!has_console && !from->exporter.otlp)
        sm_validation_error(validation, "metrics::readers", "no valid metric exporter (periodic::exporter takes otlp or console: {})");
    else if (from->exporter.otlp)
        take_otlp(validation, from->exporter.otlp, out);
}

static void take_reader(struct sm_validation *validation, const reader *options, struct sm_telemetry_config *out, struct sm_metrics_reader *readers,
                        struct sm_metrics_sender_config *senders)
{
    const prometheus *pulled = options->pull ? options->pull->exporter.prometheus : NULL;
    if (options->pull && options->periodic)
        sm_validation_error(validation, "metrics::readers", "must not specify multiple metric reader type");
    else if (options->periodic)
        take_periodic(validation, options->periodic, &senders[out->sender_count++]);
    else if (pulled)
        take_pull(validation, pulled, &readers[out->reader_count++]);
    else
        sm_validation_error(validation, "metrics::readers", "no valid metric reader: it needs pull::exporter::prometheus or periodic::exporter");
}

void sm_config_take_readers(struct sm_validation *validation, const struct sm_telemetry_metrics_options *options, struct sm_telemetry_config *out)
{
    static const struct sm_metrics_reader default_reader = {
        .host = "localhost", .port = 8888, .without_scope_info = true, .without_type_suffix = true, .without_units = true};
    out->metrics_level = (enum sm_metrics_level)options->level;
    if (out->metrics_level == SM_METRICS_NONE)
        return;
    if (!options->has_readers) {
        out->readers = &default_reader;
        out->reader_count = 1;
        return;
    }
    if (options->readers.count == 0)
        sm_validation_error(validation, "metrics", "collector telemetry metrics reader should exist when metric level is not none");
    struct sm_metrics_reader *readers = sm_arena_zalloc(validation->arena, options->readers.count, sizeof(*readers));
    struct sm_metrics_sender_config *senders = sm_arena_zalloc(validation->arena, options->readers.count, sizeof(*senders));
    const reader *from = options->readers.items;
    for (size_t i = 0; i < options->readers.count; i++)
        take_reader(validation, &from[i], out, readers, senders);
    out->readers = readers;
    out->senders = senders;
}
