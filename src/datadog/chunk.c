/* chunk.c - the shape of a trace: its root, its entry spans and what the chunk takes over from its spans; see chunk.h. Stateless. */
#include "datadog/chunk.h"

#include <math.h>

#include "base/hash.h"

enum { SCANNED_MAX = 8 };

/* ---- spans by their ID; of equal ones the last */

struct id_table {
    const struct sm_datadog_chunk *chunk;
    uint32_t *slots; /* borrowed: arena; positions + 1; NULL: few spans, which are compared one by one */
    size_t mask, repeated;
};

static struct id_table index_first_ids(const struct sm_datadog_chunk *chunk, size_t count, struct sm_arena *arena)
{
    struct id_table table = {.chunk = chunk};
    if (count <= SCANNED_MAX)
        return table;
    size_t size = 4 * SCANNED_MAX;
    while (size < 2 * count)
        size *= 2;
    table.mask = size - 1;
    table.slots = sm_arena_zalloc(arena, size, sizeof(*table.slots));
    for (size_t i = 0; i < count; i++) {
        size_t at = sm_hash_number(chunk->spans[i].span_id) & table.mask;
        while (table.slots[at] && chunk->spans[table.slots[at] - 1].span_id != chunk->spans[i].span_id)
            at = (at + 1) & table.mask;
        table.repeated += table.slots[at] != 0;
        table.slots[at] = (uint32_t)i + 1;
    }
    return table;
}

static struct id_table index_ids(const struct sm_datadog_chunk *chunk, struct sm_arena *arena)
{
    return index_first_ids(chunk, chunk->count, arena);
}

static const struct sm_datadog_span *find_id(const struct id_table *table, uint64_t id)
{
    const struct sm_datadog_chunk *chunk = table->chunk;
    if (!table->slots) {
        for (size_t i = chunk->count; i-- > 0;)
            if (chunk->spans[i].span_id == id)
                return &chunk->spans[i];
        return NULL;
    }
    size_t at = sm_hash_number(id) & table->mask;
    while (table->slots[at] && chunk->spans[table->slots[at] - 1].span_id != id)
        at = (at + 1) & table->mask;
    return table->slots[at] ? &chunk->spans[table->slots[at] - 1] : NULL;
}

size_t sm_datadog_count_repeated_ids(const struct sm_datadog_chunk *chunk, size_t count, struct sm_arena *arena)
{
    struct id_table table = index_first_ids(chunk, count, arena);
    if (table.slots)
        return table.repeated;
    size_t repeated = 0;
    for (size_t i = 1; i < count; i++) {
        size_t before = 0;
        while (before < i && chunk->spans[before].span_id != chunk->spans[i].span_id)
            before++;
        repeated += before < i;
    }
    return repeated;
}

/* ---- roots and entry spans */

static struct sm_datadog_span *first_child(const struct sm_datadog_chunk *chunk, uint64_t parent_id)
{
    size_t i = 0;
    while (chunk->spans[i].parent_id != parent_id)
        i++;
    return &chunk->spans[i];
}

/* Of several parents that are not here the reference takes any one, most often the one that it came upon first, from the end. */
struct sm_datadog_span *sm_datadog_root(const struct sm_datadog_chunk *chunk, struct sm_arena *arena)
{
    for (size_t i = chunk->count; i-- > 0;)
        if (chunk->spans[i].parent_id == 0)
            return &chunk->spans[i];
    struct id_table table = index_ids(chunk, arena);
    for (size_t i = chunk->count; i-- > 0;)
        if (!find_id(&table, chunk->spans[i].parent_id))
            return first_child(chunk, chunk->spans[i].parent_id);
    return &chunk->spans[chunk->count - 1];
}

void sm_datadog_mark_top_level(struct sm_datadog_chunk *chunk, struct sm_arena *arena)
{
    struct id_table table = index_ids(chunk, arena);
    for (size_t i = 0; i < chunk->count; i++) {
        struct sm_datadog_span *span = &chunk->spans[i];
        const struct sm_datadog_span *parent = span->parent_id ? find_id(&table, span->parent_id) : NULL;
        if (!parent || !sm_slice_equal(parent->service, span->service))
            sm_datadog_map_set_number(&span->metrics, arena, SM_SLICE("_top_level"), 1);
    }
}

void sm_datadog_repeat_top_level(struct sm_datadog_span *span, struct sm_arena *arena)
{
    if (sm_datadog_map_number(&span->metrics, SM_SLICE("_dd.top_level"), 0) == 1)
        sm_datadog_map_set_number(&span->metrics, arena, SM_SLICE("_top_level"), 1);
}

/* ---- what the chunk takes over */

int32_t sm_datadog_to_int32(double number)
{
    return number > (double)INT32_MIN - 1 && number < (double)INT32_MAX + 1 ? (int32_t)number : INT32_MIN; /* NaN too */
}

int8_t sm_datadog_to_int8(double number)
{
    return (int8_t)(uint8_t)sm_datadog_to_int32(number);
}

static const struct sm_datadog_entry *find_priority(const struct sm_datadog_span *span)
{
    return sm_datadog_map_find(&span->metrics, SM_SLICE("_sampling_priority_v1"));
}

void sm_datadog_set_chunk_attributes(struct sm_datadog_chunk *chunk, const struct sm_datadog_span *root, struct sm_arena *arena)
{
    if (chunk->priority == SM_DATADOG_PRIORITY_NONE) {
        const struct sm_datadog_entry *priority = find_priority(root);
        for (size_t i = 0; !priority && i < chunk->count; i++)
            priority = find_priority(&chunk->spans[i]);
        if (priority)
            chunk->priority = sm_datadog_to_int32(priority->number);
    }
    if (chunk->origin.size == 0)
        chunk->origin = sm_datadog_map_text(&root->meta, SM_SLICE("_dd.origin"));
    if (sm_datadog_map_find(&chunk->tags, SM_SLICE("_dd.p.dm")))
        return;
    const struct sm_datadog_entry *maker = NULL;
    for (size_t i = 0; !maker && i < chunk->count; i++)
        maker = sm_datadog_map_find(&chunk->spans[i].meta, SM_SLICE("_dd.p.dm"));
    if (maker)
        sm_datadog_map_set_text(&chunk->tags, arena, SM_SLICE("_dd.p.dm"), maker->text);
}

struct sm_slice sm_datadog_chunk_text(const struct sm_datadog_chunk *chunk, const struct sm_datadog_span *root, struct sm_slice key)
{
    const struct sm_datadog_entry *entry = sm_datadog_map_find(&root->meta, key);
    for (size_t i = 0; !entry && i < chunk->count; i++)
        if (chunk->spans[i].span_id != root->span_id)
            entry = sm_datadog_map_find(&chunk->spans[i].meta, key);
    return entry ? entry->text : (struct sm_slice){0};
}
