/* record.c - see record.h. Schema URLs are not carried over, as in the reference.
 *
 *     Request  1 ResourceSpans      ResourceSpans  1 resource  2 ScopeSpans...      ScopeSpans  1 scope  2 span... */
#include "processors/tail_sampling/record.h"

#include "processors/tail_sampling/parcel.h"
#include "telemetry/otlp_part.h"
#include "wire/protobuf.h"

static char *put_head(uint32_t number, uint64_t size, char *to)
{
    *to = (char)(number << 3 | SM_WIRE_BYTES);
    return to + 1 + sm_proto_varint_write(to + 1, size);
}

static char *put(uint32_t number, struct sm_slice bytes, char *to)
{
    to = put_head(number, bytes.size, to);
    if (bytes.size)
        memcpy(to, bytes.ptr, bytes.size);
    return to + bytes.size;
}

static char *put_spans(const struct sm_tail_piece *piece, const struct sm_tail_span_part *spans, uint32_t count, char *to)
{
    for (uint32_t i = 0; i < count; i++)
        to = put(2, sm_tail_part_slice(piece->parcel, spans[i].bytes), to);
    return to;
}

static uint64_t spans_size(const struct sm_tail_span_part *spans, uint32_t count)
{
    uint64_t size = 0;
    for (uint32_t i = 0; i < count; i++)
        size += sm_otlp_field_size(spans[i].bytes.size);
    return size;
}

/* The content of a ScopeSpans message. */
static uint64_t scope_size(size_t scope, uint64_t spans)
{
    return sm_otlp_field_size(scope) + spans;
}

static uint64_t own_size(const struct sm_tail_piece *piece)
{
    const struct sm_tail_span_part *spans = sm_tail_piece_spans(piece);
    uint64_t size = 0;
    if (piece->scope_count == 1)
        return spans_size(spans, piece->span_count);
    for (uint32_t i = 0; i < piece->scope_count; i++) {
        const struct sm_tail_scope_part *scope = &piece->scopes[i];
        size += sm_otlp_field_size(scope_size(scope->bytes.size, spans_size(spans, scope->span_count)));
        spans += scope->span_count;
    }
    return size;
}

/* The content of the ResourceSpans message. */
static uint64_t group_size(const struct sm_tail_record_parts *parts, uint64_t own)
{
    uint64_t scopes = parts->has_one_scope ? sm_otlp_field_size(scope_size(parts->scope.size, own)) : own;
    return sm_otlp_field_size(parts->resource.size) + scopes;
}

bool sm_tail_record_take_apart(const struct sm_tail_piece *piece, struct sm_tail_record_parts *parts)
{
    uint64_t own = own_size(piece);
    parts->has_one_scope = piece->scope_count == 1;
    parts->resource = sm_tail_part_slice(piece->parcel, piece->resource);
    parts->scope = parts->has_one_scope ? sm_tail_part_slice(piece->parcel, piece->scopes[0].bytes) : (struct sm_slice){0};
    uint64_t size = sm_otlp_field_size(group_size(parts, own));
    parts->own_size = (uint32_t)own;
    parts->size = (uint32_t)size;
    return size <= UINT32_MAX;
}

uint32_t sm_tail_record_size(const struct sm_tail_piece *piece)
{
    struct sm_tail_record_parts parts;
    return sm_tail_record_take_apart(piece, &parts) ? parts.size : 0;
}

static char *put_heads(const struct sm_tail_record_parts *parts, char *to)
{
    to = put_head(1, group_size(parts, parts->own_size), to);
    to = put(1, parts->resource, to);
    if (!parts->has_one_scope)
        return to;
    to = put_head(2, scope_size(parts->scope.size, parts->own_size), to);
    return put(1, parts->scope, to);
}

void sm_tail_record_write_own(const struct sm_tail_piece *piece, char *to)
{
    const struct sm_tail_span_part *spans = sm_tail_piece_spans(piece);
    if (piece->scope_count == 1) {
        put_spans(piece, spans, piece->span_count, to);
        return;
    }
    for (uint32_t i = 0; i < piece->scope_count; i++) {
        const struct sm_tail_scope_part *scope = &piece->scopes[i];
        to = put_head(2, scope_size(scope->bytes.size, spans_size(spans, scope->span_count)), to);
        to = put(1, sm_tail_part_slice(piece->parcel, scope->bytes), to);
        to = put_spans(piece, spans, scope->span_count, to);
        spans += scope->span_count;
    }
}

void sm_tail_record_write(const struct sm_tail_piece *piece, char *to)
{
    struct sm_tail_record_parts parts;
    if (sm_tail_record_take_apart(piece, &parts))
        sm_tail_record_write_own(piece, put_heads(&parts, to));
}

void sm_tail_record_join(const struct sm_tail_record_parts *parts, const char *own, char *to)
{
    to = put_heads(parts, to);
    if (parts->own_size)
        memcpy(to, own, parts->own_size);
}
