/* stats_payload.c - see stats_payload.h. One table of fields for each message serves all three codecs: protobuf leaves out what is empty, MessagePack
 * only empty lists of messages. Source: pkg/proto/datadog/trace/stats.proto and pbgo/trace/stats_gen.go, 0.59.0. */
#include "datadog/stats_payload.h"

#include "wire/msgpack.h"
#include "wire/proto_writer.h"
#include "wire/protobuf.h"

enum kind { KIND_TEXT, KIND_BYTES, KIND_UINT64, KIND_UINT32, KIND_INT64, KIND_FLAG, KIND_TEXTS, KIND_MESSAGES };

struct field {
    uint32_t number;
    enum kind kind;
    const char *name; /* in MessagePack */
    size_t offset;
    const struct message *message; /* MESSAGES */
};

struct message {
    size_t size; /* of the struct */
    size_t field_count;
    const struct field *fields; /* numbers rise */
};

/* Every list has this shape. */
struct list {
    void *items;
    size_t count;
};

static const struct field row_fields[] = {
    {1, KIND_TEXT, "Service", offsetof(struct sm_stats_row, service), NULL},
    {2, KIND_TEXT, "Name", offsetof(struct sm_stats_row, name), NULL},
    {3, KIND_TEXT, "Resource", offsetof(struct sm_stats_row, resource), NULL},
    {4, KIND_UINT32, "HTTPStatusCode", offsetof(struct sm_stats_row, http_status_code), NULL},
    {5, KIND_TEXT, "Type", offsetof(struct sm_stats_row, type), NULL},
    {6, KIND_TEXT, "DBType", offsetof(struct sm_stats_row, db_type), NULL},
    {7, KIND_UINT64, "Hits", offsetof(struct sm_stats_row, hits), NULL},
    {8, KIND_UINT64, "Errors", offsetof(struct sm_stats_row, errors), NULL},
    {9, KIND_UINT64, "Duration", offsetof(struct sm_stats_row, duration_ns), NULL},
    {10, KIND_BYTES, "OkSummary", offsetof(struct sm_stats_row, ok_summary), NULL},
    {11, KIND_BYTES, "ErrorSummary", offsetof(struct sm_stats_row, error_summary), NULL},
    {12, KIND_FLAG, "Synthetics", offsetof(struct sm_stats_row, is_synthetics), NULL},
    {13, KIND_UINT64, "TopLevelHits", offsetof(struct sm_stats_row, top_level_hits), NULL},
    {15, KIND_TEXT, "SpanKind", offsetof(struct sm_stats_row, span_kind), NULL},
    {16, KIND_TEXTS, "PeerTags", offsetof(struct sm_stats_row, peer_tags), NULL},
    {17, KIND_UINT32, "IsTraceRoot", offsetof(struct sm_stats_row, is_trace_root), NULL},
};
static const struct message row_message = {sizeof(struct sm_stats_row), sizeof(row_fields) / sizeof(row_fields[0]), row_fields};

static const struct field bucket_fields[] = {
    {1, KIND_UINT64, "Start", offsetof(struct sm_stats_bucket, start_ns), NULL},
    {2, KIND_UINT64, "Duration", offsetof(struct sm_stats_bucket, duration_ns), NULL},
    {3, KIND_MESSAGES, "Stats", offsetof(struct sm_stats_bucket, rows), &row_message},
    {4, KIND_INT64, "AgentTimeShift", offsetof(struct sm_stats_bucket, agent_time_shift_ns), NULL},
};
static const struct message bucket_message = {sizeof(struct sm_stats_bucket), sizeof(bucket_fields) / sizeof(bucket_fields[0]), bucket_fields};

static const struct field client_fields[] = {
    {1, KIND_TEXT, "Hostname", offsetof(struct sm_stats_client, hostname), NULL},
    {2, KIND_TEXT, "Env", offsetof(struct sm_stats_client, env), NULL},
    {3, KIND_TEXT, "Version", offsetof(struct sm_stats_client, version), NULL},
    {4, KIND_MESSAGES, "Stats", offsetof(struct sm_stats_client, buckets), &bucket_message},
    {5, KIND_TEXT, "Lang", offsetof(struct sm_stats_client, lang), NULL},
    {6, KIND_TEXT, "TracerVersion", offsetof(struct sm_stats_client, tracer_version), NULL},
    {7, KIND_TEXT, "RuntimeID", offsetof(struct sm_stats_client, runtime_id), NULL},
    {8, KIND_UINT64, "Sequence", offsetof(struct sm_stats_client, sequence), NULL},
    {9, KIND_TEXT, "AgentAggregation", offsetof(struct sm_stats_client, agent_aggregation), NULL},
    {10, KIND_TEXT, "Service", offsetof(struct sm_stats_client, service), NULL},
    {11, KIND_TEXT, "ContainerID", offsetof(struct sm_stats_client, container_id), NULL},
    {12, KIND_TEXTS, "Tags", offsetof(struct sm_stats_client, tags), NULL},
    {13, KIND_TEXT, "GitCommitSha", offsetof(struct sm_stats_client, git_commit_sha), NULL},
    {14, KIND_TEXT, "ImageTag", offsetof(struct sm_stats_client, image_tag), NULL},
};
static const struct message client_message = {sizeof(struct sm_stats_client), sizeof(client_fields) / sizeof(client_fields[0]), client_fields};

static const struct field payload_fields[] = {
    {1, KIND_TEXT, "AgentHostname", offsetof(struct sm_stats_payload, agent_hostname), NULL},
    {2, KIND_TEXT, "AgentEnv", offsetof(struct sm_stats_payload, agent_env), NULL},
    {3, KIND_MESSAGES, "Stats", offsetof(struct sm_stats_payload, clients), &client_message},
    {4, KIND_TEXT, "AgentVersion", offsetof(struct sm_stats_payload, agent_version), NULL},
    {5, KIND_FLAG, "ClientComputed", offsetof(struct sm_stats_payload, is_client_computed), NULL},
    {6, KIND_FLAG, "SplitPayload", offsetof(struct sm_stats_payload, is_split), NULL},
};
static const struct message payload_message = {sizeof(struct sm_stats_payload), sizeof(payload_fields) / sizeof(payload_fields[0]), payload_fields};

static struct list read_list(const void *at)
{
    struct list list;
    memcpy(&list, at, sizeof(list));
    return list;
}

/* The value of a number of any width. */
static uint64_t read_number(enum kind kind, const void *at)
{
    switch (kind) {
    case KIND_UINT32:
        return *(const uint32_t *)at;
    case KIND_INT64:
        return (uint64_t) * (const int64_t *)at;
    case KIND_FLAG:
        return *(const bool *)at;
    default:
        return *(const uint64_t *)at;
    }
}

/* ---- protobuf, written */

static void write_message(struct sm_proto_writer *writer, const struct message *message, const void *object);

/* The writer goes from the end to the start, so lists are walked backwards. */
static void write_field(struct sm_proto_writer *writer, const struct field *field, const void *at)
{
    struct list list;
    switch (field->kind) {
    case KIND_TEXT:
    case KIND_BYTES:
        if (((const struct sm_slice *)at)->size > 0)
            sm_proto_write_bytes(writer, field->number, *(const struct sm_slice *)at);
        return;
    case KIND_TEXTS:
        list = read_list(at);
        for (size_t i = list.count; i-- > 0;)
            sm_proto_write_bytes(writer, field->number, ((const struct sm_slice *)list.items)[i]);
        return;
    case KIND_MESSAGES:
        list = read_list(at);
        for (size_t i = list.count; i-- > 0;) {
            size_t mark = sm_proto_writer_mark(writer);
            write_message(writer, field->message, (const char *)list.items + i * field->message->size);
            sm_proto_write_message(writer, field->number, mark);
        }
        return;
    default:
        if (read_number(field->kind, at) != 0)
            sm_proto_write_uint(writer, field->number, read_number(field->kind, at));
    }
}

static void write_message(struct sm_proto_writer *writer, const struct message *message, const void *object)
{
    for (size_t i = message->field_count; i-- > 0;)
        write_field(writer, &message->fields[i], (const char *)object + message->fields[i].offset);
}

struct sm_slice sm_stats_payload_encode(const struct sm_stats_payload *payload, struct sm_arena *arena)
{
    struct sm_arena scratch = SM_ARENA_INIT;
    struct sm_proto_writer writer;
    sm_proto_writer_init(&writer, &scratch);
    write_message(&writer, &payload_message, payload);
    sm_proto_writer_finish(&writer);
    char *bytes = sm_arena_alloc(arena, writer.size), *at = bytes;
    for (size_t i = 0; i < writer.piece_count; i++) {
        memcpy(at, writer.pieces[i].iov_base, writer.pieces[i].iov_len);
        at += writer.pieces[i].iov_len;
    }
    struct sm_slice result = sm_slice_make(bytes, writer.size);
    sm_arena_deinit(&scratch);
    return result;
}

/* ---- protobuf, read */

struct decoding {
    struct sm_arena *arena;
    size_t part_count;
    const char *reason;
};

static const struct field *find_field(const struct message *message, uint32_t number)
{
    for (size_t i = 0; i < message->field_count; i++)
        if (message->fields[i].number == number)
            return &message->fields[i];
    return NULL;
}

static bool is_counted(enum kind kind)
{
    return kind == KIND_TEXTS || kind == KIND_MESSAGES;
}

static enum sm_wire_type wire_type(enum kind kind)
{
    return kind == KIND_TEXT || kind == KIND_BYTES || is_counted(kind) ? SM_WIRE_BYTES : SM_WIRE_VARINT;
}

/* A first walk checks the message and counts what its lists will hold, a second fills it in. */
static bool make_lists(struct decoding *decoding, const struct message *message, struct sm_slice bytes, char *object)
{
    size_t counts[32] = {0};
    struct sm_proto_cursor cursor = sm_proto_begin(bytes);
    struct sm_proto_field read;
    while (sm_proto_next(&cursor, &read)) {
        const struct field *field = find_field(message, read.number);
        if (field && read.type != wire_type(field->kind)) {
            decoding->reason = "a field has the wrong type";
            return false;
        }
        if (field && is_counted(field->kind)) {
            counts[field - message->fields]++;
            decoding->part_count++;
        }
    }
    decoding->reason = cursor.error ? cursor.error : decoding->part_count > SM_STATS_ROWS_MAX ? "it has too many parts" : NULL;
    if (decoding->reason)
        return false;
    for (size_t i = 0; i < message->field_count; i++) {
        const struct field *field = &message->fields[i];
        if (counts[i] == 0)
            continue;
        struct list list = {.items = sm_arena_zalloc(decoding->arena, counts[i], field->message ? field->message->size : sizeof(struct sm_slice))};
        memcpy(object + field->offset, &list, sizeof(list));
    }
    return true;
}

static bool read_message(struct decoding *decoding, const struct message *message, struct sm_slice bytes, char *object);

static bool read_field(struct decoding *decoding, const struct field *field, const struct sm_proto_field *read, char *at)
{
    struct list list = {0};
    if (is_counted(field->kind)) {
        list = read_list(at);
        struct list longer = {.items = list.items, .count = list.count + 1};
        memcpy(at, &longer, sizeof(longer));
    }
    switch (field->kind) {
    case KIND_TEXT:
    case KIND_BYTES:
        *(struct sm_slice *)(void *)at = read->bytes;
        return true;
    case KIND_TEXTS:
        ((struct sm_slice *)list.items)[list.count] = read->bytes;
        return true;
    case KIND_MESSAGES:
        return read_message(decoding, field->message, read->bytes, (char *)list.items + list.count * field->message->size);
    case KIND_FLAG:
        *(bool *)at = read->integer != 0;
        return true;
    case KIND_UINT32:
        *(uint32_t *)(void *)at = (uint32_t)read->integer;
        return true;
    default:
        memcpy(at, &read->integer, sizeof(read->integer));
        return true;
    }
}

static bool read_message(struct decoding *decoding, const struct message *message, struct sm_slice bytes, char *object)
{
    if (!make_lists(decoding, message, bytes, object))
        return false;
    struct sm_proto_cursor cursor = sm_proto_begin(bytes);
    struct sm_proto_field read;
    while (sm_proto_next(&cursor, &read)) {
        const struct field *field = find_field(message, read.number);
        if (field && !read_field(decoding, field, &read, object + field->offset))
            return false;
    }
    return true;
}

bool sm_stats_payload_decode(struct sm_slice bytes, struct sm_arena *arena, struct sm_stats_payload *payload, const char **reason)
{
    struct decoding decoding = {.arena = arena};
    struct sm_stats_payload result = {0};
    if (!read_message(&decoding, &payload_message, bytes, (char *)&result)) {
        *reason = decoding.reason;
        return false;
    }
    *payload = result;
    return true;
}

/* ---- MessagePack */

static bool is_left_out(const struct field *field, const char *object)
{
    return field->kind == KIND_MESSAGES && read_list(object + field->offset).count == 0;
}

static void put_message(struct sm_bytes *out, const struct message *message, const char *object);

static void put_field(struct sm_bytes *out, const struct field *field, const char *at)
{
    struct list list;
    switch (field->kind) {
    case KIND_TEXT:
        sm_msgpack_put_text(out, *(const struct sm_slice *)(const void *)at);
        return;
    case KIND_BYTES:
        sm_msgpack_put_bytes(out, *(const struct sm_slice *)(const void *)at);
        return;
    case KIND_FLAG:
        sm_msgpack_put_bool(out, *(const bool *)at);
        return;
    case KIND_INT64:
        sm_msgpack_put_int(out, *(const int64_t *)(const void *)at);
        return;
    case KIND_TEXTS:
    case KIND_MESSAGES:
        list = read_list(at);
        sm_msgpack_put_array(out, (uint32_t)list.count);
        for (size_t i = 0; i < list.count; i++)
            if (field->kind == KIND_TEXTS)
                sm_msgpack_put_text(out, ((const struct sm_slice *)list.items)[i]);
            else
                put_message(out, field->message, (const char *)list.items + i * field->message->size);
        return;
    default:
        sm_msgpack_put_uint(out, read_number(field->kind, at));
    }
}

static void put_message(struct sm_bytes *out, const struct message *message, const char *object)
{
    uint32_t count = 0;
    for (size_t i = 0; i < message->field_count; i++)
        count += !is_left_out(&message->fields[i], object);
    sm_msgpack_put_map(out, count);
    for (size_t i = 0; i < message->field_count; i++) {
        const struct field *field = &message->fields[i];
        if (is_left_out(field, object))
            continue;
        sm_msgpack_put_text(out, sm_slice_of(field->name));
        put_field(out, field, object + field->offset);
    }
}

void sm_stats_payload_put_msgpack(const struct sm_stats_payload *payload, struct sm_bytes *out)
{
    put_message(out, &payload_message, (const char *)payload);
}
