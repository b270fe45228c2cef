/* options.c - see options.h. Stateless. */
#include "exporters/prometheus_remote_write/options.h"

#include <string.h>

#include "config/gates.h"
#include "exporters/prometheus_remote_write/collisions.h"
#include "base/bytes.h"
#include "wire/compression.h"

enum { BATCH_SIZE = 3000000 };

static const struct sm_option queue_table[] = {
    SM_OPTION_BOOL(struct sm_export_queue_options, enabled, .preset.boolean = true,
                   .help = "Keep requests in a queue; without it the sender waits for the next hop's answer."),
    SM_OPTION_INT(struct sm_export_queue_options, queue_size, .preset.integer = 10000, .help = "How many requests the queue holds."),
    SM_OPTION_INT(
        struct sm_export_queue_options, num_consumers, .preset.integer = SM_REMOTE_WRITE_CONSUMERS,
        .set_offset = offsetof(struct sm_export_queue_options, is_num_consumers_set),
        .help = "How many parts of one request are sent at the same time, unless max_batch_request_parallelism says so. Requests are sent one "
                "after the other; with the gate exporter.prometheusremotewritexporter.EnableMultipleWorkers so many at the same time (default 1)."),
    SM_OPTION_STRING(struct sm_export_queue_options, storage, .ours = true,
                     .help = "Storage extension that holds the queue, so that it outlives the process."),
    SM_OPTION_OPTIONAL(struct sm_export_queue_options, batch, sm_export_batch_option_table, .ours = true,
                       .help = "Puts queued requests together before they are made into series."),
    SM_OPTION_END,
};

static const struct sm_option resource_table[] = {
    SM_OPTION_BOOL(struct sm_remote_write_resource, enabled, .help = "Make every resource attribute a label of its series."),
    SM_OPTION_BOOL(struct sm_remote_write_resource, exclude_service_attributes,
                   .help = "But not service.name, service.namespace and service.instance.id, which are job and instance already."),
    SM_OPTION_END,
};

static const struct sm_option target_info_table[] = {
    SM_OPTION_BOOL(struct sm_remote_write_target_info, enabled, .preset.boolean = true,
                   .help = "Send target_info, with the resource's attributes as labels."),
    SM_OPTION_BOOL(struct sm_remote_write_target_info, keep_identifying_attributes, .ours = true,
                   .help = "Also those that are job and instance already; with conversion alloy."),
    SM_OPTION_END,
};

static const struct sm_option wal_table[] = {
    SM_OPTION_BOOL(struct sm_remote_write_wal, enabled, .preset.boolean = true, .help = "Whether there is one."),
    SM_OPTION_STRING(struct sm_remote_write_wal, directory, .help = "Folder of the file prom_remotewrite.lmdb; made when it is not there."),
    SM_OPTION_INT(struct sm_remote_write_wal, buffer_size, .preset.integer = 300, .help = "Taken for compatibility: what waits is sent at once."),
    SM_OPTION_DURATION(struct sm_remote_write_wal, truncate_frequency_ns, .key = "truncate_frequency", .preset.integer = SM_MIN,
                       .help = "Taken for compatibility: a request is deleted as soon as it has been sent."),
    SM_OPTION_DURATION(struct sm_remote_write_wal, lag_record_frequency_ns, .key = "lag_record_frequency", .preset.integer = 15 * SM_S,
                       .help = "Taken for compatibility: otelcol_exporter_prometheusremotewrite_wal_lag is always up to date."),
    SM_OPTION_END,
};

static const struct sm_option_word conversion_words[] = {{"collector", SM_REMOTE_WRITE_AS_COLLECTOR}, {"alloy", SM_REMOTE_WRITE_AS_ALLOY}, {NULL, 0}};

static const struct sm_option_word collision_words[] = {{"keep", SM_WRITE_KEEP}, {"merge", SM_WRITE_MERGE}, {"drop", SM_WRITE_DROP}, {NULL, 0}};

/* What the reference does not have. */
#define OUR_ROWS                                                                                                                                     \
    SM_OPTION_ENUM(struct sm_remote_write_options, conversion, conversion_words, .ours = true,                                                       \
                   .help = "How series are made: as the Collector's exporter, or as otelcol.exporter.prometheus of Alloy."),                         \
        SM_OPTION_ENUM(struct sm_remote_write_options, on_collision, collision_words, .ours = true,                                                  \
                       .help = "When streams are one series because only attributes that are no labels tell them apart: keep all samples, merge "    \
                               "counters, histograms and summaries (without quantiles) by adding them up, or drop all streams but the first."),      \
        SM_OPTION_BOOL(struct sm_remote_write_options, scope_info, .ours = true, .help = "Send the series otel_scope_info; with conversion alloy."), \
        SM_OPTION_TABLE_LIST(struct sm_remote_write_options, relabel_configs, struct sm_relabel_options, sm_relabel_option_table, .ours = true,      \
                             .help = "Prometheus' relabelling of every series; with conversion alloy before external_labels."),                      \
        SM_OPTION_TABLE_LIST(struct sm_remote_write_options, write_relabel_configs, struct sm_relabel_options, sm_relabel_option_table,              \
                             .ours = true, .help = "The same, behind external_labels."),                                                             \
        SM_OPTION_BOOL(struct sm_remote_write_options, send_exemplars, .ours = true, .preset.boolean = true, .help = "Send exemplars."),             \
        SM_OPTION_BOOL(struct sm_remote_write_options, send_native_histograms, .ours = true, .preset.boolean = true,                                 \
                       .help = "Send native histograms."),                                                                                           \
        SM_OPTION_BOOL(struct sm_remote_write_options, follow_redirects, .ours = true, .preset.boolean = true,                                       \
                       .help = "Go where an answer sends a request to; otherwise such an answer is a refusal."),                                     \
        SM_OPTION_INT(struct sm_remote_write_options, max_samples_per_send, .ours = true, .help = "Samples in one request; 0: no limit."),           \
        SM_OPTION_BOOL(struct sm_remote_write_options, retry_on_http_429, .ours = true,                                                              \
                       .set_offset = offsetof(struct sm_remote_write_options, is_retry_on_http_429_set),                                             \
                       .help =                                                                                                                       \
                           "Try again after the status 429; when not given, as the gate exporter.prometheusremotewritexporter.RetryOn429 says."),    \
        SM_OPTION_DURATION(struct sm_remote_write_options, sample_age_limit_ns, .key = "sample_age_limit", .ours = true,                             \
                           .help = "Older samples are not sent; 0: no limit."),                                                                      \
        SM_OPTION_BOOL(struct sm_remote_write_options, drop_samples_before_start, .ours = true,                                                      \
                       .help = "Samples dated before the start of the exporter are not sent, as Prometheus does.")

const struct sm_option sm_remote_write_option_table[] = {
    SM_OPTION_TABLE(struct sm_remote_write_options, client, sm_http_client_option_table_snappy, .squash = true),
    /* Behind the table, which fills all of `client` with defaults. */
    SM_OPTION_STRING(struct sm_remote_write_options, client.endpoint, .key = "endpoint", .preset.string = "http://some.url:9411/api/prom/push",
                     .help = "URL to send to."),
    SM_OPTION_DURATION(struct sm_remote_write_options, export.timeout_ns, .key = "timeout", .preset.integer = 5 * SM_S,
                       .help = "Limit for one attempt; 0: none."),
    SM_OPTION_TABLE(struct sm_remote_write_options, export.retry_on_failure, sm_export_retry_option_table_50ms, .key = "retry_on_failure",
                    .help = "When and how often to try again."),
    SM_OPTION_TABLE(struct sm_remote_write_options, export.sending_queue, queue_table, .key = "remote_write_queue",
                    .help = "The queue in front of sending."),
    SM_OPTION_STRING(struct sm_remote_write_options, name_space, .key = "namespace", .help = "Put before every name."),
    SM_OPTION_STRING_MAP(struct sm_remote_write_options, external_labels, .help = "Labels put on every series that does not have them."),
    SM_OPTION_INT(struct sm_remote_write_options, max_batch_size_bytes, .preset.integer = BATCH_SIZE, .unit = "bytes",
                  .help = "Larger requests are sent in parts, measured before they are packed; 0: 3000000."),
    SM_OPTION_INT(struct sm_remote_write_options, max_batch_request_parallelism,
                  .set_offset = offsetof(struct sm_remote_write_options, is_parallelism_set),
                  .help = "How many parts of one request are sent at the same time; remote_write_queue::num_consumers when it is not given."),
    SM_OPTION_TABLE(struct sm_remote_write_options, resource_to_telemetry_conversion, resource_table, .help = "Resource attributes as labels."),
    SM_OPTION_TABLE(struct sm_remote_write_options, target_info, target_info_table, .help = "The series target_info."),
    SM_OPTION_BOOL(struct sm_remote_write_options, disable_scope_info, .help = "Leave out the labels of the instrumentation scope."),
    SM_OPTION_BOOL(struct sm_remote_write_options, add_metric_suffixes, .preset.boolean = true, .help = "Add unit and type to names."),
    SM_OPTION_STRING(struct sm_remote_write_options, translation_strategy,
                     .help = "UnderscoreEscapingWithSuffixes or UnderscoreEscapingWithoutSuffixes; goes before add_metric_suffixes."),
    SM_OPTION_BOOL(struct sm_remote_write_options, send_metadata, .help = "Send type, help and unit of every metric too."),
    SM_OPTION_STRING(struct sm_remote_write_options, protobuf_message, .preset.string = "prometheus.WriteRequest",
                     .help = "Version of the protocol: prometheus.WriteRequest, or io.prometheus.write.v2.Request with the gate "
                             "exporter.prometheusremotewritexporter.enableSendingRW2."),
    OUR_ROWS,
    SM_OPTION_OPTIONAL(struct sm_remote_write_options, wal, wal_table, .null_is_absent = true,
                       .help = "Keeps what waits to be sent in a file, so that it outlives the process."),
    SM_OPTION_END,
};

static const struct {
    const char *word;
    bool has_suffixes, needs_version_2;
} strategies[] = {
    {"UnderscoreEscapingWithSuffixes", true, false},
    {"UnderscoreEscapingWithoutSuffixes", false, false},
    {"NoUTF8EscapingWithSuffixes", true, true},
    {"NoTranslation", false, true},
};
enum { STRATEGY_COUNT = sizeof(strategies) / sizeof(strategies[0]) };

/* STRATEGY_COUNT: there is no such strategy. */
static size_t find_strategy(const char *word)
{
    size_t i = 0;
    while (i < STRATEGY_COUNT && strcmp(strategies[i].word, word) != 0)
        i++;
    return i;
}

bool sm_remote_write_has_suffixes(const struct sm_remote_write_options *options)
{
    size_t i = find_strategy(options->translation_strategy);
    return i < STRATEGY_COUNT ? strategies[i].has_suffixes : options->add_metric_suffixes;
}

size_t sm_remote_write_parallelism(const struct sm_remote_write_options *options)
{
    if (!options->is_parallelism_set && sm_gate_is_on(SM_GATE_REMOTE_WRITE_WORKERS))
        return SM_REMOTE_WRITE_CONSUMERS;
    int64_t wanted = options->is_parallelism_set ? options->max_batch_request_parallelism : options->export.sending_queue.num_consumers;
    return wanted > 0 ? (size_t)wanted : 1;
}

int64_t sm_remote_write_consumers(const void *from)
{
    const struct sm_remote_write_options *options = from;
    const struct sm_export_queue_options *queue = &options->export.sending_queue;
    bool is_many = sm_gate_is_on(SM_GATE_REMOTE_WRITE_WORKERS) && queue->is_num_consumers_set && queue->num_consumers > 0;
    return is_many ? queue->num_consumers : 1;
}

bool sm_remote_write_queue_file(const void *from, struct sm_bytes *out)
{
    const struct sm_remote_write_options *options = from;
    if (!options->wal)
        return false;
    sm_bytes_printf(out, "%s%sprom_remotewrite.lmdb", options->wal->directory, *options->wal->directory ? "/" : "");
    return true;
}

size_t sm_remote_write_batch_size(const struct sm_remote_write_options *options)
{
    return options->max_batch_size_bytes > 0 ? (size_t)options->max_batch_size_bytes : BATCH_SIZE;
}

bool sm_remote_write_is_version_2(const struct sm_remote_write_options *options)
{
    return strcmp(options->protobuf_message, "io.prometheus.write.v2.Request") == 0;
}

bool sm_remote_write_keeps_utf8(const struct sm_remote_write_options *options)
{
    size_t i = find_strategy(options->translation_strategy);
    return i < STRATEGY_COUNT && strategies[i].needs_version_2;
}

static void validate_message(const struct sm_remote_write_options *options, struct sm_validation *validation)
{
    bool may_be_version_2 = options->conversion == SM_REMOTE_WRITE_AS_ALLOY || sm_gate_is_on(SM_GATE_REMOTE_WRITE_V2);
    if (sm_remote_write_is_version_2(options)) {
        if (!may_be_version_2)
            sm_validation_error(validation, "",
                                "remote write v2 is only supported with the feature gate exporter.prometheusremotewritexporter.enableSendingRW2");
    } else if (strcmp(options->protobuf_message, "prometheus.WriteRequest") != 0) {
        sm_validation_error(validation, "",
                            "unknown type for remote write protobuf message %s, supported: prometheus.WriteRequest, io.prometheus.write.v2.Request",
                            options->protobuf_message);
    }
}

static void validate_rules(const struct sm_table_list *rules, const char *key, struct sm_validation *validation)
{
    for (size_t i = 0; i < rules->count; i++)
        sm_relabel_validate((const struct sm_relabel_options *)rules->items + i, sm_arena_printf(validation->arena, "%s::%zu", key, i), validation);
}

static void validate_strategy(const struct sm_remote_write_options *options, struct sm_validation *validation)
{
    if (!*options->translation_strategy)
        return;
    size_t i = find_strategy(options->translation_strategy);
    if (i == STRATEGY_COUNT)
        sm_validation_error(validation, "", "invalid translation_strategy: %s", options->translation_strategy);
    else if (strategies[i].needs_version_2 && !sm_remote_write_is_version_2(options))
        sm_validation_error(validation, "", "translation strategy %s requires Prometheus Remote Write 2.0 (UTF-8 support)",
                            options->translation_strategy);
}

/* Rules that the reference has when it makes the exporter. */
static void validate_target(const struct sm_remote_write_options *options, struct sm_validation *validation)
{
    const struct sm_string_map *labels = &options->external_labels;
    if (!*options->client.endpoint)
        sm_validation_error(validation, "endpoint", "invalid endpoint: there is none");
    for (size_t i = 0; i < labels->count; i++)
        if (!*labels->entries[i].key || !*labels->entries[i].value)
            sm_validation_error(validation, "external_labels",
                                "prometheus remote write: external labels configuration contains an empty key or value");
}

void sm_remote_write_validate(const void *from, struct sm_validation *validation)
{
    const struct sm_remote_write_options *options = from;
    const struct sm_export_queue_options *queue = &options->export.sending_queue;
    struct sm_export_options retries = options->export;
    retries.sending_queue.enabled = false; /* its rules are those below */
    if (options->is_parallelism_set && options->max_batch_request_parallelism < 1)
        sm_validation_error(validation, "", "max_batch_request_parallelism can't be set to below 1");
    if (queue->queue_size < 0)
        sm_validation_error(validation, "", "remote write queue size can't be negative");
    if (queue->enabled && queue->queue_size == 0)
        sm_validation_error(validation, "", "a 0 size queue will drop all the data");
    if (queue->num_consumers < 0)
        sm_validation_error(validation, "", "remote write consumer number can't be negative");
    if (options->max_batch_size_bytes < 0)
        sm_validation_error(validation, "", "max_batch_byte_size must be greater than 0");
    if (options->client.compression != SM_COMPRESSION_SNAPPY)
        sm_validation_error(validation, "", "compression type must be snappy");
    validate_target(options, validation);
    validate_message(options, validation);
    validate_strategy(options, validation);
    validate_rules(&options->relabel_configs, "relabel_configs", validation);
    validate_rules(&options->write_relabel_configs, "write_relabel_configs", validation);
    if (options->wal && !queue->enabled)
        sm_validation_error(validation, "wal", "the log holds what remote_write_queue holds, which is not enabled");
    if (options->wal && *queue->storage)
        sm_validation_error(validation, "wal", "wal and remote_write_queue::storage exclude each other");
    if (options->max_samples_per_send < 0)
        sm_validation_error(validation, "max_samples_per_send", "max_samples_per_send can't be negative");
    sm_export_options_validate(&retries, validation);
    sm_http_client_options_validate(&options->client, validation);
}
