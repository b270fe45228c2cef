/* parcel.c - see parcel.h. Two walks over the request: the first finds out which piece each span belongs to, the second writes the pieces.
 *
 * Bytes stay where they are when all of them lie in one buffer and nobody changed anything; otherwise they are put into a buffer of their own.
 * Dropped spans are left out. Source of what a piece is: opentelemetry-collector-contrib processor/tailsamplingprocessor/processor.go
 * (groupSpansByTraceKey). */
#include "processors/tail_sampling/parcel.h"

#include <stdlib.h>

#include "base/bytes.h"
#include "base/hash.h"
#include "base/memory.h"
#include "telemetry/batch.h"
#include "telemetry/otlp_part.h"
#include "telemetry/span.h"

enum { NONE = UINT32_MAX };

/* A piece in the making. */
struct draft {
    uint8_t trace_id[SM_TRACE_ID_SIZE];
    uint32_t shard;
    uint32_t span_count, scope_count;
    uint32_t last_scope; /* the scope group that the last span stood in, +1; 0: none */
    uint32_t resource;   /* group */
    /* while writing */
    struct sm_tail_piece *piece;
    struct sm_tail_span_part *next_span;
    struct sm_tail_scope_part *next_scope;
    size_t scope_bytes; /* of the spans of the scope under way */
};

struct cutter_slot {
    uint32_t round; /* in which resource group the slot was filled */
    uint32_t draft;
};

struct sm_tail_cutter {
    unsigned shard_count;
    bool needs_sizes;
    uint64_t secret;
    struct sm_tail_parcel **parcels; /* owned, by shard */
    size_t *parcel_bytes;            /* owned, by shard */
    uint32_t *piece_counts;          /* owned, by shard */
    uint32_t *span_drafts;           /* owned, by span in order: its draft */
    size_t span_capacity;
    struct draft *drafts; /* owned */
    size_t draft_count, draft_capacity;
    struct cutter_slot *slots; /* owned: drafts of the current resource group by trace ID */
    size_t slot_count;         /* power of two */
    uint32_t round;
    /* where bytes go */
    struct sm_buffer *source; /* borrowed; NULL: they are copied */
    struct sm_bytes packed;
    struct sm_arena arena;
    bool is_too_large;
};

/* ---- parcels */

static size_t piece_size(uint32_t scope_count, uint32_t span_count)
{
    size_t size = sm_tail_piece_spans_offset(scope_count) + span_count * sizeof(struct sm_tail_span_part);
    size_t alignment = _Alignof(struct sm_tail_piece);
    return (size + alignment - 1) / alignment * alignment;
}

struct sm_tail_piece *sm_tail_piece_behind(struct sm_tail_piece *piece)
{
    return (struct sm_tail_piece *)(void *)((char *)piece + piece_size(piece->scope_count, piece->span_count));
}

struct sm_slice sm_tail_part_slice(const struct sm_tail_parcel *parcel, struct sm_tail_part part)
{
    return sm_slice_make(parcel->buffer->data + part.offset, part.size);
}

void sm_tail_parcel_free(struct sm_tail_parcel *parcel)
{
    sm_buffer_release(parcel->buffer);
    free(parcel);
}

/* Which shard a trace lives on: by the right half of its ID, which is all that decision caches go by. */
static unsigned shard_of(const uint8_t trace_id[16], unsigned shard_count)
{
    uint64_t hash = sm_hash_with(sm_hash_secret(), sm_slice_make(trace_id + 8, 8));
    return (unsigned)((hash >> 32) % shard_count);
}

/* ---- the cutter */

struct sm_tail_cutter *sm_tail_cutter_create(unsigned shard_count, bool needs_sizes)
{
    struct sm_tail_cutter *cutter = sm_alloc(1, sizeof(*cutter));
    cutter->shard_count = shard_count;
    cutter->needs_sizes = needs_sizes;
    cutter->secret = sm_hash_secret();
    cutter->parcels = sm_alloc(shard_count, sizeof(struct sm_tail_parcel *));
    cutter->parcel_bytes = sm_alloc(shard_count, sizeof(*cutter->parcel_bytes));
    cutter->piece_counts = sm_alloc(shard_count, sizeof(*cutter->piece_counts));
    return cutter;
}

void sm_tail_cutter_free(struct sm_tail_cutter *cutter)
{
    if (!cutter)
        return;
    free(cutter->parcels);
    free(cutter->parcel_bytes);
    free(cutter->piece_counts);
    free(cutter->span_drafts);
    free(cutter->drafts);
    free(cutter->slots);
    sm_bytes_deinit(&cutter->packed);
    sm_arena_deinit(&cutter->arena);
    free(cutter);
}

static size_t count_spans(const struct sm_resource_group *group)
{
    size_t count = 0;
    for (size_t s = 0; s < group->count; s++)
        count += group->scopes[s].count;
    return count;
}

/* Room for the largest resource group: at most half the slots are used. */
static void make_room(struct sm_tail_cutter *cutter, const struct sm_batch *batch)
{
    size_t largest = 0, total = 0;
    for (size_t g = 0; g < batch->count; g++) {
        size_t count = count_spans(&batch->groups[g]);
        total += count;
        largest = count > largest ? count : largest;
    }
    if (total > cutter->span_capacity) {
        cutter->span_capacity = total;
        cutter->span_drafts = sm_realloc(cutter->span_drafts, total, sizeof(*cutter->span_drafts));
    }
    size_t wanted = cutter->slot_count ? cutter->slot_count : 64;
    while (wanted < 2 * largest)
        wanted *= 2;
    if (wanted > cutter->slot_count) {
        free(cutter->slots);
        cutter->slots = sm_alloc(wanted, sizeof(*cutter->slots));
        cutter->slot_count = wanted;
        cutter->round = 0;
    }
}

static void begin_round(struct sm_tail_cutter *cutter)
{
    if (++cutter->round != 0)
        return;
    memset(cutter->slots, 0, cutter->slot_count * sizeof(*cutter->slots));
    cutter->round = 1;
}

static uint32_t add_draft(struct sm_tail_cutter *cutter, const uint8_t *trace_id, uint32_t resource)
{
    if (cutter->draft_count == cutter->draft_capacity) {
        cutter->draft_capacity = cutter->draft_capacity ? cutter->draft_capacity * 2 : 64;
        cutter->drafts = sm_realloc(cutter->drafts, cutter->draft_capacity, sizeof(*cutter->drafts));
    }
    struct draft *draft = &cutter->drafts[cutter->draft_count];
    *draft = (struct draft){.resource = resource, .shard = shard_of(trace_id, cutter->shard_count)};
    memcpy(draft->trace_id, trace_id, sizeof(draft->trace_id));
    return (uint32_t)cutter->draft_count++;
}

static uint32_t find_draft(struct sm_tail_cutter *cutter, const uint8_t *trace_id, uint32_t resource)
{
    size_t mask = cutter->slot_count - 1;
    size_t at = sm_hash_with(cutter->secret, sm_slice_make(trace_id, SM_TRACE_ID_SIZE)) & mask;
    for (;; at = (at + 1) & mask) {
        struct cutter_slot *slot = &cutter->slots[at];
        if (slot->round != cutter->round) {
            *slot = (struct cutter_slot){.round = cutter->round, .draft = add_draft(cutter, trace_id, resource)};
            return slot->draft;
        }
        if (memcmp(cutter->drafts[slot->draft].trace_id, trace_id, SM_TRACE_ID_SIZE) == 0)
            return slot->draft;
    }
}

/* Every span finds its draft, and drafts count spans and scopes. */
static void sort_group(struct sm_tail_cutter *cutter, const struct sm_resource_group *group, uint32_t resource, size_t *next_span)
{
    static const uint8_t no_id[SM_TRACE_ID_SIZE];
    uint32_t last = NONE;
    begin_round(cutter);
    for (size_t s = 0; s < group->count; s++) {
        const struct sm_scope_group *scope = &group->scopes[s];
        for (size_t i = 0; i < scope->count; i++) {
            const struct sm_span *span = &scope->spans[i];
            uint32_t *place = &cutter->span_drafts[(*next_span)++];
            *place = NONE;
            if (group->dropped || scope->dropped || span->dropped)
                continue;
            const uint8_t *trace_id = span->trace_id.size ? (const uint8_t *)span->trace_id.ptr : no_id;
            /* Spans of a trace often stand together. */
            if (last == NONE || memcmp(cutter->drafts[last].trace_id, trace_id, SM_TRACE_ID_SIZE) != 0)
                last = find_draft(cutter, trace_id, resource);
            struct draft *draft = &cutter->drafts[last];
            draft->span_count++;
            draft->scope_count += draft->last_scope != s + 1;
            draft->last_scope = (uint32_t)s + 1;
            *place = last;
        }
    }
}

/* ---- writing */

static void make_parcels(struct sm_tail_cutter *cutter)
{
    for (unsigned i = 0; i < cutter->shard_count; i++) {
        cutter->parcels[i] = NULL;
        cutter->parcel_bytes[i] = sizeof(struct sm_tail_parcel);
        cutter->piece_counts[i] = 0;
    }
    for (size_t i = 0; i < cutter->draft_count; i++) {
        struct draft *draft = &cutter->drafts[i];
        cutter->parcel_bytes[draft->shard] += piece_size(draft->scope_count, draft->span_count);
        cutter->piece_counts[draft->shard]++;
    }
    for (unsigned i = 0; i < cutter->shard_count; i++) {
        if (cutter->piece_counts[i] == 0)
            continue;
        struct sm_tail_parcel *parcel = sm_alloc(1, cutter->parcel_bytes[i]);
        parcel->size_bytes = cutter->parcel_bytes[i];
        parcel->at = parcel->end = (struct sm_tail_piece *)(void *)parcel->pieces;
        cutter->parcels[i] = parcel;
    }
}

static struct sm_tail_part place_bytes(struct sm_tail_cutter *cutter, struct sm_slice bytes)
{
    if (bytes.size == 0)
        return (struct sm_tail_part){0};
    size_t offset = cutter->packed.size;
    if (cutter->source)
        offset = (size_t)(bytes.ptr - cutter->source->data);
    if (offset > UINT32_MAX || bytes.size > UINT32_MAX - offset) {
        cutter->is_too_large = true;
        return (struct sm_tail_part){0};
    }
    if (!cutter->source)
        sm_bytes_append_slice(&cutter->packed, bytes);
    return (struct sm_tail_part){.offset = (uint32_t)offset, .size = (uint32_t)bytes.size};
}

static void begin_pieces(struct sm_tail_cutter *cutter, struct sm_slice resource, size_t first, size_t end)
{
    struct sm_tail_part part = place_bytes(cutter, resource);
    size_t size_bytes = cutter->needs_sizes ? sm_otlp_field_size(sm_otlp_resource_standard_size(resource)) : 0;
    for (size_t i = first; i < end; i++) {
        struct draft *draft = &cutter->drafts[i];
        struct sm_tail_parcel *parcel = cutter->parcels[draft->shard];
        struct sm_tail_piece *piece = parcel->end;
        memcpy(piece->trace_id, draft->trace_id, sizeof(piece->trace_id));
        piece->parcel = parcel;
        piece->resource = part;
        piece->scope_count = draft->scope_count;
        piece->span_count = draft->span_count;
        piece->size_bytes = size_bytes & INT64_MAX;
        parcel->end = sm_tail_piece_behind(piece);
        draft->piece = piece;
        draft->next_scope = piece->scopes;
        draft->next_span = sm_tail_piece_spans(piece);
        draft->last_scope = 0;
    }
}

static void end_scope(const struct sm_tail_cutter *cutter, struct draft *draft)
{
    if (cutter->needs_sizes && draft->last_scope)
        draft->piece->size_bytes = (draft->piece->size_bytes + sm_otlp_field_size(draft->scope_bytes)) & INT64_MAX;
}

static void add_span(struct sm_tail_cutter *cutter, struct draft *draft, const struct sm_span *span)
{
    struct sm_slice bytes = sm_otlp_span_bytes(span, &cutter->arena);
    *draft->next_span++ = (struct sm_tail_span_part){
        .bytes = place_bytes(cutter, bytes),
        .facts = {.start_ns = span->start_ns, .end_ns = span->end_ns, .status_code = span->status_code, .flags = span->flags}};
    draft->next_scope[-1].span_count++;
    if (span->parent_span_id.size == 0)
        draft->piece->has_root = 1;
    if (cutter->needs_sizes)
        draft->scope_bytes += sm_otlp_field_size(sm_otlp_span_standard_size(bytes));
}

static void write_scope(struct sm_tail_cutter *cutter, const struct sm_scope_group *scope, uint32_t index, size_t *next_span)
{
    struct sm_slice bytes = sm_otlp_scope_bytes(&scope->scope, &cutter->arena);
    struct sm_tail_part part = {0};
    bool is_placed = false;
    for (size_t i = 0; i < scope->count; i++) {
        uint32_t number = cutter->span_drafts[(*next_span)++];
        if (number == NONE)
            continue;
        struct draft *draft = &cutter->drafts[number];
        if (!is_placed)
            part = place_bytes(cutter, bytes);
        is_placed = true;
        if (draft->last_scope != index + 1) {
            end_scope(cutter, draft);
            draft->last_scope = index + 1;
            draft->scope_bytes = cutter->needs_sizes ? sm_otlp_field_size(sm_otlp_scope_standard_size(bytes)) : 0;
            *draft->next_scope++ = (struct sm_tail_scope_part){.bytes = part};
        }
        add_span(cutter, draft, &scope->spans[i]);
    }
}

static void write_pieces(struct sm_tail_cutter *cutter, const struct sm_batch *batch)
{
    size_t next_span = 0, next_draft = 0;
    for (size_t g = 0; g < batch->count; g++) {
        const struct sm_resource_group *group = &batch->groups[g];
        size_t first = next_draft;
        while (next_draft < cutter->draft_count && cutter->drafts[next_draft].resource == g)
            next_draft++;
        if (first == next_draft) {
            next_span += count_spans(group);
            continue;
        }
        begin_pieces(cutter, sm_otlp_resource_bytes(&group->resource, &cutter->arena), first, next_draft);
        for (size_t s = 0; s < group->count; s++)
            write_scope(cutter, &group->scopes[s], (uint32_t)s, &next_span);
        for (size_t i = first; i < next_draft; i++)
            end_scope(cutter, &cutter->drafts[i]);
    }
}

/* ---- where the bytes lie */

static bool lies_in(const struct sm_buffer *buffer, struct sm_slice raw)
{
    return raw.size == 0 || (raw.ptr >= buffer->data && raw.ptr + raw.size <= buffer->data + buffer->size);
}

static bool scope_lies_in(const struct sm_buffer *buffer, const struct sm_scope_group *scope)
{
    if (scope->scope.changed || scope->scope.attributes.changed || !lies_in(buffer, scope->scope.raw))
        return false;
    for (size_t i = 0; i < scope->count; i++) {
        const struct sm_span *span = &scope->spans[i];
        if (!span->dropped && (!span->raw.ptr || span->changed || span->attributes.changed || !lies_in(buffer, span->raw)))
            return false;
    }
    return true;
}

/* The buffer that all bytes lie in as they are; NULL: there is none. */
static struct sm_buffer *find_source(const struct sm_batch *batch)
{
    struct sm_buffer *buffer = sm_batch_only_buffer(batch);
    /* A buffer much larger than what is in use would be held for nothing. */
    if (!buffer || buffer->size > UINT32_MAX || buffer->capacity / 2 > buffer->size)
        return NULL;
    for (size_t g = 0; g < batch->count; g++) {
        const struct sm_resource_group *group = &batch->groups[g];
        if (group->resource.changed || group->resource.attributes.changed || !lies_in(buffer, group->resource.raw))
            return NULL;
        for (size_t s = 0; s < group->count; s++)
            if (!scope_lies_in(buffer, &group->scopes[s]))
                return NULL;
    }
    return buffer;
}

static void share_buffer(struct sm_tail_cutter *cutter)
{
    struct sm_buffer *buffer = cutter->source ? sm_buffer_retain(cutter->source) : sm_buffer_try_copy(sm_bytes_slice(&cutter->packed));
    if (!buffer)
        sm_out_of_memory(cutter->packed.size);
    for (unsigned i = 0; i < cutter->shard_count; i++)
        if (cutter->parcels[i])
            cutter->parcels[i]->buffer = sm_buffer_retain(buffer);
    sm_buffer_release(buffer);
}

static void forget_bytes(struct sm_tail_cutter *cutter)
{
    sm_bytes_deinit(&cutter->packed);
    sm_bytes_init(&cutter->packed, NULL);
    sm_arena_deinit(&cutter->arena);
}

struct sm_tail_parcel **sm_tail_cut(struct sm_tail_cutter *cutter, const struct sm_batch *batch)
{
    size_t next_span = 0;
    cutter->draft_count = 0;
    cutter->is_too_large = batch->item_count >= NONE;
    cutter->source = find_source(batch);
    make_room(cutter, batch);
    for (size_t g = 0; g < batch->count; g++)
        sort_group(cutter, &batch->groups[g], (uint32_t)g, &next_span);
    make_parcels(cutter);
    write_pieces(cutter, batch);
    if (!cutter->is_too_large)
        share_buffer(cutter);
    forget_bytes(cutter);
    if (!cutter->is_too_large)
        return cutter->parcels;
    for (unsigned i = 0; i < cutter->shard_count; i++)
        free(cutter->parcels[i]);
    return NULL;
}
