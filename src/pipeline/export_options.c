/* export_options.c - the options of the chain around an exporter: rows, defaults and the rules between them.
 *
 * Source: opentelemetry-collector exporter/exporterhelper/internal/queuebatch/config.go, timeout_sender.go, config/configretry/backoff.go. */
#include "pipeline/export.h"

#include <stdio.h>
#include <strings.h>

#include "config/duration.h"
#include "pipeline/component_id.h"

#define UNKNOWN_SIZER                                                                                                                                \
    {                                                                                                                                                \
        "invalid sizer: ", ", must be one of requests, items, bytes"                                                                                 \
    }
static const struct sm_option_word sizer_words[] = {{"requests", SM_SIZER_REQUESTS}, {"items", SM_SIZER_ITEMS}, {"bytes", SM_SIZER_BYTES}, {NULL, 0}};

static const struct sm_option partition_table[] = {
    SM_OPTION_STRING_LIST(struct sm_export_partition_options, metadata_keys,
                          .help =
                              "Requests with different values of these headers are not put into one batch (needs include_metadata on the receiver)."),
    SM_OPTION_END,
};

const struct sm_option sm_export_batch_option_table[] = {
    SM_OPTION_BOOL(struct sm_export_batch_options, enabled, .preset.boolean = true, .is_switch = true,
                   .help = "Put queued requests together before they are sent."),
    SM_OPTION_DURATION(struct sm_export_batch_options, flush_timeout_ns, .key = "flush_timeout", .is_signed = true, .preset.integer = 200 * SM_MS,
                       .help = "A batch is sent after this time whatever its size."),
    SM_OPTION_ENUM(struct sm_export_batch_options, sizer, sizer_words, .preset.integer = SM_SIZER_ITEMS, .unknown_word = UNKNOWN_SIZER,
                   .set_offset = offsetof(struct sm_export_batch_options, is_sizer_set),
                   .help = "What min_size and max_size count: items or bytes. The queue's sizer when that is given and this is not."),
    SM_OPTION_INT(struct sm_export_batch_options, min_size, .preset.integer = 8192, .help = "A batch is sent as soon as it is this large."),
    SM_OPTION_INT(struct sm_export_batch_options, max_size, .help = "Larger batches are split; 0: no limit."),
    SM_OPTION_TABLE(struct sm_export_batch_options, partition, partition_table, .help = "Which requests may share a batch."),
    SM_OPTION_END,
};

const struct sm_option sm_export_queue_option_table[] = {
    SM_OPTION_BOOL(struct sm_export_queue_options, enabled, .preset.boolean = true, .is_switch = true,
                   .help = "Keep requests in a queue; without it the sender waits for the next hop's answer."),
    SM_OPTION_INT(struct sm_export_queue_options, num_consumers, .preset.integer = 10, .help = "How many requests are sent at the same time."),
    SM_OPTION_ENUM(struct sm_export_queue_options, sizer, sizer_words, .preset.integer = SM_SIZER_REQUESTS, .unknown_word = UNKNOWN_SIZER,
                   .set_offset = offsetof(struct sm_export_queue_options, is_sizer_set), .help = "What queue_size counts: requests, items or bytes."),
    SM_OPTION_INT(struct sm_export_queue_options, queue_size, .preset.integer = 1000,
                  .help = "How much the queue holds, what is being sent included."),
    SM_OPTION_BOOL(struct sm_export_queue_options, wait_for_result, .help = "Answer the sender only when its request has been sent."),
    SM_OPTION_BOOL(struct sm_export_queue_options, block_on_overflow, .help = "Let senders wait while the queue is full instead of refusing them."),
    SM_OPTION_STRING(struct sm_export_queue_options, storage, .set_offset = offsetof(struct sm_export_queue_options, is_storage_set),
                     .help = "Storage extension that holds the queue, so that it outlives the process."),
    SM_OPTION_OPTIONAL(struct sm_export_queue_options, batch, sm_export_batch_option_table, .help = "Puts queued requests together."),
    SM_OPTION_END,
};

#define RETRY_ROWS(enabled_preset, initial_preset)                                                                                                   \
    SM_OPTION_BOOL(struct sm_export_retry_options, enabled, .preset.boolean = (enabled_preset),                                                      \
                   .help = "Try again what failed for a passing reason."),                                                                           \
        SM_OPTION_DURATION(struct sm_export_retry_options, initial_interval_ns, .key = "initial_interval", .is_signed = true,                        \
                           .preset.integer = (initial_preset), .help = "Wait before the second attempt."),                                           \
        SM_OPTION_DOUBLE(struct sm_export_retry_options, randomization_factor, .preset.number = 0.5,                                                 \
                         .help = "Waits vary by this share, up and down."),                                                                          \
        SM_OPTION_DOUBLE(struct sm_export_retry_options, multiplier, .preset.number = 1.5, .help = "Each wait is this many times the one before."),  \
        SM_OPTION_DURATION(struct sm_export_retry_options, max_interval_ns, .key = "max_interval", .is_signed = true, .preset.integer = 30 * SM_S,   \
                           .help = "No wait is longer."),                                                                                            \
        SM_OPTION_DURATION(struct sm_export_retry_options, max_elapsed_time_ns, .key = "max_elapsed_time", .is_signed = true,                        \
                           .preset.integer = 5 * SM_MIN, .help = "After this time a request is dropped; 0: never."),                                 \
        SM_OPTION_END

const struct sm_option sm_export_retry_option_table[] = {RETRY_ROWS(true, 5 * SM_S)};
const struct sm_option sm_export_retry_option_table_50ms[] = {RETRY_ROWS(true, 50 * SM_MS)};
static const struct sm_option retry_option_table_off[] = {RETRY_ROWS(false, 5 * SM_S)};

const struct sm_option sm_export_optional_queue_option_table[] = {
    SM_OPTION_OPTIONAL(struct sm_export_options, optional_queue, sm_export_queue_option_table, .key = "sending_queue",
                       .help = "The queue in front of the exporter; none when the key is absent."),
    SM_OPTION_END,
};

const struct sm_option sm_export_option_table_off[] = {
    SM_OPTION_DURATION(struct sm_export_options, timeout_ns, .key = "timeout", .is_signed = true, .help = "Limit for one attempt; 0: none."),
    SM_OPTION_TABLE(struct sm_export_options, retry_on_failure, retry_option_table_off, .help = "When and how often to try again; off by default."),
    SM_OPTION_OPTIONAL(struct sm_export_options, optional_queue, sm_export_queue_option_table, .key = "sending_queue",
                       .help = "The queue in front of the exporter; none when the key is absent."),
    SM_OPTION_END,
};

#define EXPORT_ROWS(timeout_preset)                                                                                                                  \
    SM_OPTION_DURATION(struct sm_export_options, timeout_ns, .key = "timeout", .is_signed = true, .preset.integer = (timeout_preset),                \
                       .help = "Limit for one attempt; 0: none."),                                                                                   \
        SM_OPTION_TABLE(struct sm_export_options, retry_on_failure, sm_export_retry_option_table, .help = "When and how often to try again."),       \
        SM_OPTION_TABLE(struct sm_export_options, sending_queue, sm_export_queue_option_table, .help = "The queue in front of sending."),            \
        SM_OPTION_END

const struct sm_option sm_export_option_table[] = {EXPORT_ROWS(5 * SM_S)};
const struct sm_option sm_export_option_table_30s[] = {EXPORT_ROWS(30 * SM_S)};

/* Durations of this chain are decoded with their sign, so that a negative one is told in the reference's words; none is used. */
static bool is_negative(uint64_t duration_ns)
{
    return (int64_t)duration_ns < 0;
}

static void validate_retry(const struct sm_export_retry_options *retry, struct sm_validation *validation)
{
    const char *path = "retry_on_failure";
    if (!retry->enabled)
        return;
    if (!(retry->randomization_factor >= 0 && retry->randomization_factor <= 1))
        sm_validation_error(validation, path, "'randomization_factor' must be within [0, 1]");
    if (!(retry->multiplier >= 0))
        sm_validation_error(validation, path, "'multiplier' must be non-negative");
    if (is_negative(retry->initial_interval_ns))
        sm_validation_error(validation, path, "'initial_interval' must be non-negative");
    if (is_negative(retry->max_interval_ns))
        sm_validation_error(validation, path, "'max_interval' must be non-negative");
    if (is_negative(retry->max_elapsed_time_ns))
        sm_validation_error(validation, path, "'max_elapsed_time' must be non-negative");
    if (retry->max_elapsed_time_ns == 0 || is_negative(retry->max_elapsed_time_ns))
        return;
    if (retry->max_elapsed_time_ns < retry->initial_interval_ns)
        sm_validation_error(validation, path, "'max_elapsed_time' must not be less than 'initial_interval'");
    if (retry->max_elapsed_time_ns < retry->max_interval_ns)
        sm_validation_error(validation, path, "'max_elapsed_time' must not be less than 'max_interval'");
}

static void validate_partition(const struct sm_string_list *keys, struct sm_validation *validation)
{
    for (size_t i = 0; i < keys->count; i++)
        for (size_t j = 0; j < i; j++)
            if (strcasecmp(keys->items[i], keys->items[j]) == 0)
                sm_validation_error(validation, "sending_queue::batch::partition", "duplicate entry in metadata_keys: \"%s\" (case-insensitive)",
                                    keys->items[i]);
}

static int batch_sizer(const struct sm_export_queue_options *queue)
{
    return queue->batch->is_sizer_set || !queue->is_sizer_set ? queue->batch->sizer : queue->sizer;
}

static void validate_batch(const struct sm_export_queue_options *queue, struct sm_validation *validation)
{
    const struct sm_export_batch_options *batch = queue->batch;
    const char *path = "sending_queue::batch";
    if (batch_sizer(queue) == SM_SIZER_REQUESTS)
        sm_validation_error(validation, path, "`batch` supports only `items` or `bytes` sizer, found \"requests\"");
    char text[SM_DURATION_TEXT_SIZE];
    if (batch->flush_timeout_ns == 0 || is_negative(batch->flush_timeout_ns))
        sm_validation_error(validation, path, "`flush_timeout` must be positive, found %s",
                            sm_duration_format((int64_t)batch->flush_timeout_ns, text));
    if (batch->min_size < 0)
        sm_validation_error(validation, path, "`min_size` must be non-negative, found %lld", (long long)batch->min_size);
    if (batch->max_size < 0)
        sm_validation_error(validation, path, "`max_size` must be non-negative, found %lld", (long long)batch->max_size);
    if (batch->max_size > 0 && batch->max_size < batch->min_size)
        sm_validation_error(validation, path, "`max_size` (%lld) must be greater or equal to `min_size` (%lld)", (long long)batch->max_size,
                            (long long)batch->min_size);
    validate_partition(&batch->partition.metadata_keys, validation);
    if (batch_sizer(queue) == queue->sizer && batch->min_size > queue->queue_size)
        sm_validation_error(validation, "sending_queue", "`min_size` must be less than or equal to `queue_size`");
}

/* Storage is named by an id, which is checked like every other. */
static void check_storage_id(const struct sm_export_queue_options *queue, struct sm_validation *validation)
{
    const char *id, *type;
    struct sm_error error;
    if (queue->is_storage_set && !sm_component_id_parse(queue->storage, false, validation->arena, &id, &type, &error))
        sm_validation_error(validation, "sending_queue::storage", "%s", error.text);
}

static void validate_queue(const struct sm_export_queue_options *queue, struct sm_validation *validation)
{
    const char *path = "sending_queue";
    check_storage_id(queue, validation);
    if (!queue->enabled)
        return;
    if (queue->num_consumers <= 0)
        sm_validation_error(validation, path, "`num_consumers` must be positive");
    if (queue->queue_size <= 0)
        sm_validation_error(validation, path, "`queue_size` must be positive");
    if (*queue->storage && queue->wait_for_result)
        sm_validation_error(validation, path, "`wait_for_result` is not supported with a persistent queue configured with `storage`");
    if (queue->batch && queue->batch->enabled)
        validate_batch(queue, validation);
}

void sm_export_options_validate(const struct sm_export_options *options, struct sm_validation *validation)
{
    if (is_negative(options->timeout_ns))
        sm_validation_error(validation, "", "'timeout' must be non-negative");
    validate_retry(&options->retry_on_failure, validation);
    validate_queue(options->optional_queue ? options->optional_queue : &options->sending_queue, validation);
}
