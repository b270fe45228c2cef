/* trace_split.c - see trace_split.h. */
#include "telemetry/trace_split.h"

#include <stdlib.h>

#include "base/hash.h"
#include "base/memory.h"
#include "telemetry/log_record.h"

/* The traces of one scope: a hash table of indexes into `pieces`, and for each item the index of its piece. */
struct sorting {
    struct entry {
        uint64_t hash;
        struct sm_slice trace_id;
        uint32_t count;
        struct sm_trace_piece *piece;
    } * entries;
    uint32_t entry_count;
    uint32_t *slots;   /* entry index + 1; 0: free */
    size_t slot_count; /* power of two, more than twice the items */
    uint32_t *of_item;
};

static const char no_id[SM_TRACE_ID_SIZE];

static bool is_dropped(enum sm_signal signal, const struct sm_scope_group *scope, size_t index)
{
    return signal == SM_TRACES ? scope->spans[index].dropped : scope->log_records[index].dropped;
}

static struct sm_slice id_of(enum sm_signal signal, const struct sm_scope_group *scope, size_t index)
{
    struct sm_slice id = signal == SM_TRACES ? scope->spans[index].trace_id : scope->log_records[index].trace_id;
    return id.size == SM_TRACE_ID_SIZE ? id : sm_slice_make(no_id, SM_TRACE_ID_SIZE);
}

static uint32_t find_or_add_entry(struct sorting *sorting, struct sm_slice trace_id)
{
    uint64_t hash = sm_hash(trace_id);
    for (size_t slot = hash & (sorting->slot_count - 1);; slot = (slot + 1) & (sorting->slot_count - 1)) {
        uint32_t index = sorting->slots[slot];
        if (index == 0) {
            sorting->entries[sorting->entry_count] = (struct entry){.hash = hash, .trace_id = trace_id};
            sorting->slots[slot] = ++sorting->entry_count;
            return sorting->entry_count - 1;
        }
        if (sorting->entries[index - 1].hash == hash && sm_slice_equal(sorting->entries[index - 1].trace_id, trace_id))
            return index - 1;
    }
}

static void init_sorting(struct sorting *sorting, size_t item_count)
{
    *sorting = (struct sorting){.slot_count = 4};
    while (sorting->slot_count < 2 * item_count)
        sorting->slot_count *= 2;
    sorting->entries = sm_alloc(item_count, sizeof(*sorting->entries));
    sorting->slots = sm_alloc(sorting->slot_count, sizeof(*sorting->slots));
    sorting->of_item = sm_alloc(item_count, sizeof(*sorting->of_item));
}

static void deinit_sorting(struct sorting *sorting)
{
    free(sorting->entries);
    free(sorting->slots);
    free(sorting->of_item);
}

static struct sm_trace_piece *create_piece(struct sm_batch *batch, const struct sm_resource_group *group, const struct sm_scope_group *scope,
                                           const struct entry *entry)
{
    struct sm_trace_piece *piece = sm_alloc(1, sizeof(*piece) + entry->count * sizeof(piece->items[0]));
    piece->source = sm_batch_retain(batch);
    piece->group = group;
    piece->scope = scope;
    piece->hash = entry->hash;
    memcpy(piece->trace_id, entry->trace_id.ptr, SM_TRACE_ID_SIZE);
    return piece;
}

static void split_scope(struct sm_batch *batch, const struct sm_resource_group *group, const struct sm_scope_group *scope,
                        void (*take)(struct sm_trace_piece *piece, void *context), void *context)
{
    struct sorting sorting;
    init_sorting(&sorting, scope->count);
    for (size_t i = 0; i < scope->count; i++)
        if (!is_dropped(batch->signal, scope, i)) {
            sorting.of_item[i] = find_or_add_entry(&sorting, id_of(batch->signal, scope, i));
            sorting.entries[sorting.of_item[i]].count++;
        }
    for (uint32_t i = 0; i < sorting.entry_count; i++)
        sorting.entries[i].piece = create_piece(batch, group, scope, &sorting.entries[i]);
    for (size_t i = 0; i < scope->count; i++)
        if (!is_dropped(batch->signal, scope, i)) {
            struct sm_trace_piece *piece = sorting.entries[sorting.of_item[i]].piece;
            piece->items[piece->count++] = (uint32_t)i;
        }
    for (uint32_t i = 0; i < sorting.entry_count; i++)
        take(sorting.entries[i].piece, context);
    deinit_sorting(&sorting);
}

void sm_trace_split(struct sm_batch *batch, void (*take)(struct sm_trace_piece *piece, void *context), void *context)
{
    for (size_t g = 0; g < batch->count; g++)
        for (size_t s = 0; !batch->groups[g].dropped && s < batch->groups[g].count; s++)
            if (!batch->groups[g].scopes[s].dropped && batch->groups[g].scopes[s].count)
                split_scope(batch, &batch->groups[g], &batch->groups[g].scopes[s], take, context);
}

struct sm_batch *sm_trace_join(const struct sm_trace_piece *first)
{
    struct sm_batch *batch = sm_batch_create(first->source->signal);
    for (const struct sm_trace_piece *piece = first; piece; piece = piece->next)
        sm_batch_append_items(batch, piece->source, piece->group, piece->scope, piece->items, piece->count);
    return batch;
}

void sm_trace_pieces_free(struct sm_trace_piece *first)
{
    while (first) {
        struct sm_trace_piece *next = first->next;
        sm_batch_release(first->source);
        free(first);
        first = next;
    }
}
