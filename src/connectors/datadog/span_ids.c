/* span_ids.c - see span_ids.h. Open addressing, at most half full; a table much larger than a request needs is given back. */
#include "connectors/datadog/span_ids.h"

#include <stdlib.h>

#include "base/hash.h"
#include "base/memory.h"

enum { ENTRIES_MIN = 64, ENTRIES_KEPT = 1 << 15 };

void sm_span_ids_deinit(struct sm_span_ids *ids)
{
    free(ids->_entries);
    *ids = (struct sm_span_ids){0};
}

void sm_span_ids_begin(struct sm_span_ids *ids, size_t span_count)
{
    size_t capacity = ENTRIES_MIN;
    while (capacity < 2 * span_count)
        capacity *= 2;
    size_t held = ids->_entries ? ids->_mask + 1 : 0;
    if (held < capacity || (held > ENTRIES_KEPT && held > capacity) || ids->_round == UINT32_MAX) {
        sm_span_ids_deinit(ids);
        ids->_entries = sm_alloc(capacity, sizeof(*ids->_entries));
        ids->_mask = capacity - 1;
    }
    ids->_round++;
}

/* Where `id` stands or would. */
static struct sm_span_id_entry *find_place(const struct sm_span_ids *ids, uint64_t id)
{
    struct sm_span_id_entry *entry = &ids->_entries[sm_hash_number(id) & ids->_mask];
    while (entry->_round == ids->_round && entry->id != id)
        entry = &ids->_entries[((size_t)(entry - ids->_entries) + 1) & ids->_mask];
    return entry;
}

void sm_span_ids_prefetch(const struct sm_span_ids *ids, uint64_t id)
{
    __builtin_prefetch(&ids->_entries[sm_hash_number(id) & ids->_mask], 1);
}

bool sm_span_ids_put(struct sm_span_ids *ids, uint64_t id, uint32_t ordinal, uint64_t service)
{
    struct sm_span_id_entry *entry = find_place(ids, id);
    if (entry->_round == ids->_round)
        return false;
    *entry = (struct sm_span_id_entry){.id = id, .service = service, .ordinal = ordinal, ._round = ids->_round};
    return true;
}

const struct sm_span_id_entry *sm_span_ids_find(const struct sm_span_ids *ids, uint64_t id)
{
    const struct sm_span_id_entry *entry = find_place(ids, id);
    return entry->_round == ids->_round ? entry : NULL;
}
