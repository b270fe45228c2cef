/* messages.c - see messages.h. */
#include "exporters/kafka/messages.h"

#include <string.h>

#include "base/hex.h"
#include "telemetry/attribute_hash.h"
#include "telemetry/metadata.h"
#include "telemetry/otlp.h"
#include "telemetry/span.h"
#include "telemetry/trace_split.h"

struct making {
    const struct sm_kafka_options *options;
    const struct sm_kafka_signal_options *signal;
    struct sm_batch *source;
    sm_kafka_message_take *take;
    void *context;
};

/* What the first of the resources says that says something. */
static bool find_topic_attribute(const struct sm_batch *batch, const char *name, struct sm_slice *topic)
{
    for (size_t i = 0; *name && i < batch->count; i++) {
        struct sm_value value;
        bool is_there = !batch->groups[i].dropped && sm_attributes_find(&batch->groups[i].resource.attributes, sm_slice_of(name), &value);
        if (is_there && value.type == SM_VALUE_STRING && value.string.size > 0) {
            *topic = value.string;
            return true;
        }
    }
    return false;
}

static struct sm_slice topic_of(const struct making *making, const struct sm_batch *part)
{
    struct sm_slice header = sm_slice_of(making->signal->topic_from_metadata_key), topic;
    if (header.size > 0 && sm_metadata_count(making->source->metadata, header) > 0)
        return sm_metadata_get(making->source->metadata, header, 0);
    if (find_topic_attribute(part, making->options->topic_from_attribute, &topic))
        return topic;
    return sm_slice_of(making->signal->topic);
}

/* `key` NULL: that of the client's header, if there is one. */
static void put(const struct making *making, struct sm_batch *part, const struct sm_slice *key)
{
    struct sm_slice header = sm_slice_of(making->signal->message_key_from_metadata_key);
    struct sm_kafka_message message = {.topic = topic_of(making, part), .has_key = key != NULL};
    if (key)
        message.key = *key;
    else if (header.size > 0 && sm_metadata_count(making->source->metadata, header) > 0)
        message.key = sm_metadata_get(making->source->metadata, header, 0);
    message.has_key = message.has_key || message.key.size > 0;
    if (strcmp(making->signal->encoding, "otlp_json") == 0)
        sm_otlp_encode_json(part, &message.value);
    else
        sm_otlp_encode_protobuf_bytes(part, &message.value);
    making->take(&message, making->context);
}

/* ---- by trace */

static struct sm_slice hex_of(const char id[SM_TRACE_ID_SIZE], char text[2 * SM_TRACE_ID_SIZE])
{
    struct sm_slice bytes = sm_slice_make(id, SM_TRACE_ID_SIZE);
    sm_hex_write(text, bytes);
    return sm_slice_make(text, sm_slice_is_zero(bytes) ? 0 : 2 * SM_TRACE_ID_SIZE);
}

static void put_piece(struct sm_trace_piece *piece, void *context)
{
    const struct making *making = context;
    char text[2 * SM_TRACE_ID_SIZE];
    struct sm_slice key = hex_of(piece->trace_id, text);
    struct sm_batch *part = sm_trace_join(piece);
    /* Spans of no trace have an empty key, log records of none have no key. */
    put(making, part, key.size > 0 || making->source->signal == SM_TRACES ? &key : NULL);
    sm_batch_release(part);
    sm_trace_pieces_free(piece);
}

/* ---- by resource */

static void put_groups(const struct making *making, bool has_key)
{
    for (size_t i = 0; i < making->source->count; i++) {
        struct sm_resource_group *group = &making->source->groups[i];
        if (group->dropped)
            continue;
        uint8_t hash[SM_ATTRIBUTE_HASH_SIZE];
        struct sm_slice key = sm_slice_make(hash, sizeof(hash));
        struct sm_batch *part = sm_batch_create(making->source->signal);
        sm_batch_append_group(part, making->source, group);
        if (has_key)
            sm_attributes_hash(&part->groups[0].resource.attributes, &part->arena, hash);
        put(making, part, has_key ? &key : NULL);
        sm_batch_release(part);
    }
}

void sm_kafka_messages_make(const struct sm_kafka_options *options, struct sm_batch *batch, sm_kafka_message_take *take, void *context)
{
    struct making making = {.options = options, .signal = sm_kafka_signal(options, batch->signal), .source = batch, .take = take, .context = context};
    bool is_by_trace =
        (batch->signal == SM_TRACES && options->partition_traces_by_id) || (batch->signal == SM_LOGS && options->partition_logs_by_trace_id);
    bool is_by_resource = (batch->signal == SM_METRICS && options->partition_metrics_by_resource_attributes) ||
                          (batch->signal == SM_LOGS && options->partition_logs_by_resource_attributes);
    if (is_by_trace)
        sm_trace_split(batch, put_piece, &making);
    else if (is_by_resource || *options->topic_from_attribute)
        put_groups(&making, is_by_resource);
    else
        put(&making, batch, NULL);
}
