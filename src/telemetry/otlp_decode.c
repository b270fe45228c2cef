/* otlp_decode.c - the levels that the three signals have in common: request, resource group, scope group.
 *
 * One walk over the bytes checks everything and fills the index in the batch's arena; arrays are counted before they are filled, so that none is
 * larger than needed. Messages that may be repeated merge. Groups of the deprecated field 1000 stand in when there are no others (reference:
 * pdata/internal/otlp). What is accepted and refused is what the reference's pdata/internal/generated_proto_*.go accept and refuse.
 *
 *     Request        1 ResourceX...
 *     ResourceX      1 resource  2 ScopeX...  3 schema URL  1000 ScopeX... (deprecated)
 *     ScopeX         1 scope  2 X...  3 schema URL
 *     Resource       1 attributes  2 dropped count  3 entity references
 *     Scope          1 name  2 version  3 attributes  4 dropped count */
#include "telemetry/batch_internal.h"
#include "telemetry/log_record.h"
#include "telemetry/metric.h"
#include "telemetry/otlp.h"
#include "telemetry/otlp_wire.h"
#include "telemetry/span.h"

#include <assert.h>

static bool check_entity_ref(struct sm_otlp_decoder *decoder, struct sm_slice message)
{
    const char *at = message.ptr, *end = at + message.size;
    struct sm_slice ignored;
    uint32_t tag;
    while (at < end) {
        if (!sm_otlp_read_tag(decoder, &at, end, &tag))
            return false;
        bool is_text = (tag & 7) == SM_WIRE_BYTES && tag >> 3 <= 4;
        if (!(is_text ? sm_otlp_read_bytes(decoder, &at, end, &ignored) : sm_otlp_skip(decoder, &at, end, tag, 0x1e)))
            return false;
    }
    return true;
}

static bool decode_resource(struct sm_otlp_decoder *decoder, struct sm_slice message, struct sm_resource *resource)
{
    const char *at = message.ptr, *end = at + message.size;
    struct sm_slice bytes;
    uint32_t tag;
    *resource = (struct sm_resource){.raw = message};
    while (at < end) {
        const char *start = at;
        if (!sm_otlp_read_tag(decoder, &at, end, &tag))
            return false;
        bool ok;
        switch (tag) {
        case SM_TAG(1, SM_WIRE_BYTES):
            ok = sm_otlp_read_attributes(decoder, start, &at, end, 1, &resource->attributes);
            break;
        case SM_TAG(2, SM_WIRE_VARINT):
            ok = sm_otlp_read_uint32(decoder, &at, end, &resource->dropped_attributes_count);
            break;
        case SM_TAG(3, SM_WIRE_BYTES):
            ok = sm_otlp_read_bytes(decoder, &at, end, &bytes) && check_entity_ref(decoder, bytes);
            break;
        default:
            ok = sm_otlp_skip(decoder, &at, end, tag, SM_KNOWN(1) | SM_KNOWN(2) | SM_KNOWN(3));
        }
        if (!ok)
            return false;
    }
    return true;
}

static bool decode_scope(struct sm_otlp_decoder *decoder, struct sm_slice message, struct sm_scope *scope)
{
    const char *at = message.ptr, *end = at + message.size;
    uint32_t tag;
    *scope = (struct sm_scope){.raw = message};
    while (at < end) {
        const char *start = at;
        if (!sm_otlp_read_tag(decoder, &at, end, &tag))
            return false;
        bool ok;
        switch (tag) {
        case SM_TAG(1, SM_WIRE_BYTES):
            ok = sm_otlp_read_bytes(decoder, &at, end, &scope->name);
            break;
        case SM_TAG(2, SM_WIRE_BYTES):
            ok = sm_otlp_read_bytes(decoder, &at, end, &scope->version);
            break;
        case SM_TAG(3, SM_WIRE_BYTES):
            ok = sm_otlp_read_attributes(decoder, start, &at, end, 3, &scope->attributes);
            break;
        case SM_TAG(4, SM_WIRE_VARINT):
            ok = sm_otlp_read_uint32(decoder, &at, end, &scope->dropped_attributes_count);
            break;
        default:
            ok = sm_otlp_skip(decoder, &at, end, tag, SM_KNOWN(1) | SM_KNOWN(2) | SM_KNOWN(3) | SM_KNOWN(4));
        }
        if (!ok)
            return false;
    }
    return true;
}

static size_t item_size(enum sm_signal signal)
{
    return signal == SM_TRACES ? sizeof(struct sm_span) : signal == SM_METRICS ? sizeof(struct sm_metric) : sizeof(struct sm_log_record);
}

/* Decodes one item behind those that `group` has; the room was counted. */
static bool decode_item(struct sm_otlp_decoder *decoder, struct sm_slice message, struct sm_scope_group *group)
{
    struct sm_batch *batch = decoder->batch;
    size_t index = group->count++;
    union {
        struct sm_span span;
        struct sm_metric metric;
        struct sm_log_record log_record;
    } place; /* of an item that is only checked */
    struct sm_metric *metric;
    switch (batch->signal) {
    case SM_TRACES:
        batch->item_count++;
        return sm_otlp_decode_span(decoder, message, decoder->is_checking ? &place.span : &group->spans[index]);
    case SM_LOGS:
        batch->item_count++;
        return sm_otlp_decode_log_record(decoder, message, decoder->is_checking ? &place.log_record : &group->log_records[index]);
    default:
        metric = decoder->is_checking ? &place.metric : &group->metrics[index];
        if (!sm_otlp_decode_metric(decoder, message, metric))
            return false;
        batch->item_count += metric->point_count;
        return true;
    }
}

/* Room for the messages of field `number` (below 16). NULL: there are none, or they are only checked. */
static void *alloc_array(struct sm_otlp_decoder *decoder, struct sm_slice message, uint32_t number, size_t size)
{
    size_t count = decoder->is_checking ? 0 : sm_otlp_count(message, SM_TAG(number, SM_WIRE_BYTES));
    return count ? sm_arena_alloc(decoder->arena, count * size) : NULL;
}

static bool decode_scope_group(struct sm_otlp_decoder *decoder, struct sm_slice message, struct sm_scope_group *group)
{
    const char *at = message.ptr, *end = at + message.size;
    struct sm_slice bytes;
    uint32_t tag;
    bool is_repeated = false;
    *group = (struct sm_scope_group){.raw = message};
    group->spans = alloc_array(decoder, message, 2, item_size(decoder->batch->signal));
    while (at < end) {
        if (!sm_otlp_read_tag(decoder, &at, end, &tag))
            return false;
        bool ok;
        switch (tag) {
        case SM_TAG(1, SM_WIRE_BYTES):
            is_repeated = group->scope.raw.ptr != NULL;
            ok = sm_otlp_read_bytes(decoder, &at, end, &bytes) && decode_scope(decoder, bytes, &group->scope);
            break;
        case SM_TAG(2, SM_WIRE_BYTES):
            ok = sm_otlp_read_bytes(decoder, &at, end, &bytes) && decode_item(decoder, bytes, group);
            break;
        case SM_TAG(3, SM_WIRE_BYTES):
            ok = sm_otlp_read_bytes(decoder, &at, end, &group->schema_url);
            break;
        default:
            group->_has_unknown = true;
            ok = sm_otlp_skip(decoder, &at, end, tag, SM_KNOWN(1) | SM_KNOWN(2) | SM_KNOWN(3));
        }
        if (!ok)
            return false;
    }
    return !is_repeated || decode_scope(decoder, sm_otlp_join(decoder->arena, message, 1), &group->scope);
}

/* Decodes the groups of the deprecated field 1000: checked in any case, used when there are no others. */
static bool decode_deprecated_scopes(struct sm_otlp_decoder *decoder, struct sm_slice message, struct sm_resource_group *group)
{
    size_t count = sm_otlp_count(message, SM_TAG(SM_OTLP_DEPRECATED_SCOPES, SM_WIRE_BYTES));
    if (count == 0)
        return true;
    size_t item_count_before = decoder->batch->item_count, next = 0;
    struct sm_scope_group *scopes = sm_arena_alloc(decoder->arena, count * sizeof(*scopes));
    struct sm_proto_cursor cursor = sm_proto_begin(message);
    struct sm_proto_field field;
    while (sm_proto_next(&cursor, &field))
        if (field.number == SM_OTLP_DEPRECATED_SCOPES && !decode_scope_group(decoder, field.bytes, &scopes[next++]))
            return false;
    group->changed = decoder->batch->changed = true;
    if (group->count) {
        decoder->batch->item_count = item_count_before;
        return true;
    }
    group->scopes = scopes;
    group->count = next;
    return true;
}

static bool decode_resource_group(struct sm_otlp_decoder *decoder, struct sm_slice message, struct sm_resource_group *group)
{
    const char *at = message.ptr, *end = at + message.size;
    struct sm_slice bytes;
    uint32_t tag;
    bool has_deprecated_scopes = false, is_repeated = false;
    *group = (struct sm_resource_group){.raw = message};
    group->scopes = alloc_array(decoder, message, 2, sizeof(*group->scopes));
    struct sm_scope_group checked;
    while (at < end) {
        if (!sm_otlp_read_tag(decoder, &at, end, &tag))
            return false;
        bool ok;
        switch (tag) {
        case SM_TAG(1, SM_WIRE_BYTES):
            is_repeated = group->resource.raw.ptr != NULL;
            ok = sm_otlp_read_bytes(decoder, &at, end, &bytes) && decode_resource(decoder, bytes, &group->resource);
            break;
        case SM_TAG(2, SM_WIRE_BYTES):
            ok = sm_otlp_read_bytes(decoder, &at, end, &bytes) &&
                 decode_scope_group(decoder, bytes, decoder->is_checking ? &checked : &group->scopes[group->count]);
            group->count++;
            break;
        case SM_TAG(3, SM_WIRE_BYTES):
            ok = sm_otlp_read_bytes(decoder, &at, end, &group->schema_url);
            break;
        case SM_TAG(SM_OTLP_DEPRECATED_SCOPES, SM_WIRE_BYTES):
            has_deprecated_scopes = true;
            ok = sm_otlp_read_bytes(decoder, &at, end, &bytes);
            break;
        default:
            group->_has_unknown = true;
            ok = sm_otlp_skip(decoder, &at, end, tag, SM_KNOWN(1) | SM_KNOWN(2) | SM_KNOWN(3) | SM_KNOWN_DEPRECATED_SCOPES);
        }
        if (!ok)
            return false;
    }
    if (is_repeated && !decode_resource(decoder, sm_otlp_join(decoder->arena, message, 1), &group->resource))
        return false;
    return !has_deprecated_scopes || decode_deprecated_scopes(decoder, message, group);
}

static bool decode_request(struct sm_otlp_decoder *decoder, struct sm_slice message)
{
    struct sm_batch *batch = decoder->batch;
    const char *at = message.ptr, *end = at + message.size;
    struct sm_resource_group checked;
    struct sm_slice bytes;
    uint32_t tag;
    batch->groups = alloc_array(decoder, message, 1, sizeof(*batch->groups));
    while (at < end) {
        if (!sm_otlp_read_tag(decoder, &at, end, &tag))
            return false;
        if (tag != SM_TAG(1, SM_WIRE_BYTES)) {
            if (!sm_otlp_skip(decoder, &at, end, tag, SM_KNOWN(1)))
                return false;
            continue;
        }
        if (!sm_otlp_read_bytes(decoder, &at, end, &bytes) ||
            !decode_resource_group(decoder, bytes, decoder->is_checking ? &checked : &batch->groups[batch->count]))
            return false;
        batch->count++;
    }
    batch->capacity = batch->count;
    return true;
}

struct sm_batch *sm_otlp_decode_protobuf(enum sm_signal signal, struct sm_buffer *request, struct sm_decode_error *error)
{
    struct sm_batch *batch = sm_batch_create(signal);
    sm_batch_keep_buffer(batch, request);
    batch->raw = sm_buffer_slice(request);
    struct sm_otlp_decoder decoder = {.input = batch->raw, .arena = &batch->arena, .batch = batch, .error = error};
    if (decode_request(&decoder, batch->raw))
        return batch;
    sm_batch_release(batch);
    return NULL;
}

struct sm_batch *sm_otlp_decode_protobuf_packed(enum sm_signal signal, struct sm_buffer *request, struct sm_decode_error *error)
{
    struct sm_arena arena = SM_ARENA_INIT;
    struct sm_batch counted = {.signal = signal};
    struct sm_otlp_decoder decoder = {.input = sm_buffer_slice(request), .arena = &arena, .batch = &counted, .error = error, .is_checking = true};
    bool is_sound = decode_request(&decoder, decoder.input);
    sm_arena_deinit(&arena);
    if (!is_sound)
        return NULL;
    if (counted.changed)
        return sm_otlp_decode_protobuf(signal, request, error);
    struct sm_batch *batch = sm_batch_create(signal);
    sm_batch_add_parts(batch, &(struct sm_batch_part){.raw = decoder.input, .buffer = request, .item_count = counted.item_count}, 1);
    return batch;
}

static void decode_part(struct sm_batch *batch, const struct sm_batch_part *part, bool is_outline)
{
    struct sm_decode_error error;
    struct sm_batch decoded = {.signal = batch->signal};
    struct sm_otlp_decoder decoder = {
        .input = part->raw, .arena = &batch->arena, .batch = &decoded, .error = &error, .is_trusted = true, .is_outline = is_outline};
    bool is_sound = decode_request(&decoder, part->raw);
    assert(is_sound && !decoded.changed && decoded.item_count == part->item_count);
    (void)is_sound;
    sm_batch_append_groups(batch, decoded.groups, decoded.count);
    batch->item_count += decoded.item_count;
}

void sm_otlp_decode_part(struct sm_batch *batch, const struct sm_batch_part *part)
{
    decode_part(batch, part, false);
}

struct sm_batch *sm_otlp_decode_outline(const struct sm_batch *packed)
{
    assert(packed->is_packed && packed->signal == SM_METRICS);
    struct sm_batch *batch = sm_batch_create(packed->signal);
    for (size_t i = 0; i < packed->_part_count; i++) {
        decode_part(batch, &packed->_parts[i], true);
        sm_batch_keep_buffer(batch, packed->_parts[i].buffer);
    }
    return batch;
}
