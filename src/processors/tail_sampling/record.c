/* record.c - see record.h. Schema URLs are not carried over, as in the reference. */
#include "processors/tail_sampling/record.h"

#include "processors/tail_sampling/parcel.h"
#include "telemetry/batch.h"
#include "telemetry/otlp_part.h"
#include "telemetry/span.h"

/* What rounding up takes. */
enum { INDEX_SLACK_BYTES = 64 };

static uint32_t *sizes_of_spans(const struct sm_tail_record *record)
{
    return (uint32_t *)(void *)(record->scopes + record->scope_count);
}

uint32_t sm_tail_record_size(const struct sm_tail_piece *piece)
{
    const struct sm_tail_part *spans = sm_tail_piece_spans(piece);
    uint64_t size = sizeof(struct sm_tail_record) + (uint64_t)piece->scope_count * sizeof(struct sm_tail_record_scope) +
                    (uint64_t)piece->span_count * sizeof(uint32_t) + piece->resource.size;
    for (uint32_t i = 0; i < piece->scope_count; i++)
        size += piece->scopes[i].bytes.size;
    for (uint32_t i = 0; i < piece->span_count; i++)
        size += spans[i].size;
    size = (size + sizeof(uint32_t) - 1) / sizeof(uint32_t) * sizeof(uint32_t);
    return size <= UINT32_MAX ? (uint32_t)size : 0;
}

static char *put(const struct sm_tail_piece *piece, struct sm_tail_part part, char *to)
{
    struct sm_slice bytes = sm_tail_part_slice(piece->parcel, part);
    memcpy(to, bytes.ptr, bytes.size);
    return to + bytes.size;
}

void sm_tail_record_write(const struct sm_tail_piece *piece, uint32_t size, char *to)
{
    const struct sm_tail_part *spans = sm_tail_piece_spans(piece);
    struct sm_tail_record *record = (struct sm_tail_record *)(void *)to;
    *record = (struct sm_tail_record){
        .size = size, .resource_size = piece->resource.size, .scope_count = piece->scope_count, .span_count = piece->span_count};
    uint32_t *sizes = sizes_of_spans(record);
    char *at = put(piece, piece->resource, (char *)(sizes + piece->span_count));
    for (uint32_t i = 0; i < piece->scope_count; i++) {
        record->scopes[i] = (struct sm_tail_record_scope){.size = piece->scopes[i].bytes.size, .span_count = piece->scopes[i].span_count};
        at = put(piece, piece->scopes[i].bytes, at);
    }
    for (uint32_t i = 0; i < piece->span_count; i++) {
        sizes[i] = spans[i].size;
        at = put(piece, spans[i], at);
    }
    memset(at, 0, (size_t)(to + size - at));
}

static struct sm_slice take(const char **at, uint32_t size)
{
    struct sm_slice bytes = sm_slice_make(*at, size);
    *at += size;
    return bytes;
}

size_t sm_tail_record_index_bytes(const struct sm_tail_record *record)
{
    return sizeof(struct sm_resource_group) + record->scope_count * sizeof(struct sm_scope_group) + record->span_count * sizeof(struct sm_span) +
           INDEX_SLACK_BYTES;
}

void sm_tail_record_read(const struct sm_tail_record *record, struct sm_batch *batch, struct sm_resource_group *group)
{
    const uint32_t *sizes = sizes_of_spans(record);
    const char *at = (const char *)(sizes + record->span_count);
    *group = (struct sm_resource_group){.count = record->scope_count, .changed = true};
    sm_otlp_resource_from_bytes(take(&at, record->resource_size), &batch->arena, &group->resource);
    group->scopes = sm_arena_zalloc(&batch->arena, group->count, sizeof(*group->scopes));
    struct sm_span *spans = sm_arena_alloc(&batch->arena, record->span_count * sizeof(*spans)), *next = spans;
    for (size_t i = 0; i < group->count; i++) {
        struct sm_scope_group *scope = &group->scopes[i];
        *scope = (struct sm_scope_group){.spans = next, .count = record->scopes[i].span_count, .changed = true};
        sm_otlp_scope_from_bytes(take(&at, record->scopes[i].size), &batch->arena, &scope->scope);
        next += scope->count;
    }
    for (uint32_t i = 0; i < record->span_count; i++)
        sm_otlp_span_from_bytes(take(&at, sizes[i]), &batch->arena, &spans[i]);
    batch->item_count += record->span_count;
}
