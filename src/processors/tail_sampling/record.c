/* record.c - see record.h. Schema URLs are not carried over, as in the reference.
 *
 *     Request  1 ResourceSpans      ResourceSpans  1 resource  2 ScopeSpans...      ScopeSpans  1 scope  2 span... */
#include "processors/tail_sampling/record.h"

#include <string.h>

#include "processors/tail_sampling/parcel.h"
#include "telemetry/otlp_part.h"
#include "wire/protobuf.h"

static char *put_head(uint32_t number, uint64_t size, char *to)
{
    *to = (char)(number << 3 | SM_WIRE_BYTES);
    return to + 1 + sm_proto_varint_write(to + 1, size);
}

static char *put(const struct sm_tail_piece *piece, uint32_t number, struct sm_tail_part part, char *to)
{
    struct sm_slice bytes = sm_tail_part_slice(piece->parcel, part);
    to = put_head(number, bytes.size, to);
    memcpy(to, bytes.ptr, bytes.size);
    return to + bytes.size;
}

/* The content of a ScopeSpans message. */
static uint64_t scope_size(const struct sm_tail_scope_part *scope, const struct sm_tail_span_part *spans)
{
    uint64_t size = sm_otlp_field_size(scope->bytes.size);
    for (uint32_t i = 0; i < scope->span_count; i++)
        size += sm_otlp_field_size(spans[i].bytes.size);
    return size;
}

/* The content of the ResourceSpans message. */
static uint64_t group_size(const struct sm_tail_piece *piece)
{
    const struct sm_tail_span_part *spans = sm_tail_piece_spans(piece);
    uint64_t size = sm_otlp_field_size(piece->resource.size);
    for (uint32_t i = 0; i < piece->scope_count; i++) {
        size += sm_otlp_field_size(scope_size(&piece->scopes[i], spans));
        spans += piece->scopes[i].span_count;
    }
    return size;
}

uint32_t sm_tail_record_size(const struct sm_tail_piece *piece)
{
    uint64_t size = sm_otlp_field_size(group_size(piece));
    return size <= UINT32_MAX ? (uint32_t)size : 0;
}

void sm_tail_record_write(const struct sm_tail_piece *piece, char *to)
{
    const struct sm_tail_span_part *spans = sm_tail_piece_spans(piece);
    to = put_head(1, group_size(piece), to);
    to = put(piece, 1, piece->resource, to);
    for (uint32_t i = 0; i < piece->scope_count; i++) {
        const struct sm_tail_scope_part *scope = &piece->scopes[i];
        to = put_head(2, scope_size(scope, spans), to);
        to = put(piece, 1, scope->bytes, to);
        for (uint32_t end = scope->span_count; end > 0; end--)
            to = put(piece, 2, (spans++)->bytes, to);
    }
}
