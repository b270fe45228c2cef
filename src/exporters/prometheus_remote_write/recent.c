/* recent.c - see recent.h. State: a table of series by their hash, behind one lock; swept once a minute. */
#include "exporters/prometheus_remote_write/recent.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/hash.h"
#include "base/memory.h"
#include "config/option.h"

enum { SWEEP_SECONDS = 60, KEEP_SECONDS = 300 };

struct sm_write_seen {
    struct sm_prometheus_entry entry;
    struct sm_hash128 key;
    uint64_t time_ns, exemplar_ns, exemplar_hash, seen_ns;
    bool has_point, has_exemplar;
};

struct sm_write_recent {
    pthread_mutex_t lock;
    struct sm_prometheus_table table; /* owned, and its entries */
    uint64_t now_ns, swept_ns;
};

struct sm_write_recent *sm_write_recent_create(void)
{
    struct sm_write_recent *recent = sm_alloc(1, sizeof(*recent));
    pthread_mutex_init(&recent->lock, NULL);
    return recent;
}

void sm_write_recent_free(struct sm_write_recent *recent)
{
    if (!recent)
        return;
    for (size_t i = 0; i < recent->table.capacity; i++)
        free(sm_prometheus_table_at(&recent->table, i));
    sm_prometheus_table_deinit(&recent->table);
    pthread_mutex_destroy(&recent->lock);
    free(recent);
}

static void sweep(struct sm_write_recent *recent)
{
    for (size_t i = 0; i < recent->table.capacity; i++) {
        struct sm_write_seen *seen = (struct sm_write_seen *)sm_prometheus_table_at(&recent->table, i);
        if (!seen || recent->now_ns - seen->seen_ns <= (uint64_t)KEEP_SECONDS * SM_S)
            continue;
        sm_prometheus_table_remove(&recent->table, &seen->entry);
        free(seen);
    }
    recent->swept_ns = recent->now_ns;
}

void sm_write_recent_lock(struct sm_write_recent *recent, uint64_t now_ns)
{
    pthread_mutex_lock(&recent->lock);
    if (now_ns > recent->now_ns)
        recent->now_ns = now_ns;
    if (recent->now_ns - recent->swept_ns >= (uint64_t)SWEEP_SECONDS * SM_S)
        sweep(recent);
}

void sm_write_recent_unlock(struct sm_write_recent *recent)
{
    pthread_mutex_unlock(&recent->lock);
}

static uint64_t hash_labels(uint64_t seed, const struct sm_write_labels *labels)
{
    for (size_t i = 0; i < labels->count; i++) {
        seed = sm_hash_with(seed, labels->items[i].name);
        seed = sm_hash_with(seed, labels->items[i].value);
    }
    return seed;
}

static bool has_key(const struct sm_prometheus_entry *entry, const void *wanted)
{
    const struct sm_hash128 *a = &((const struct sm_write_seen *)entry)->key, *b = wanted;
    return a->low == b->low && a->high == b->high;
}

struct sm_write_seen *sm_write_recent_find(struct sm_write_recent *recent, const struct sm_write_key *labels)
{
    struct sm_hash128 key = sm_write_hash_key(labels);
    uint32_t hash = (uint32_t)key.low;
    struct sm_write_seen *seen = (struct sm_write_seen *)sm_prometheus_table_find(&recent->table, hash, has_key, &key);
    if (!seen) {
        seen = sm_alloc(1, sizeof(*seen));
        seen->entry.hash = hash;
        seen->key = key;
        sm_prometheus_table_insert(&recent->table, &seen->entry);
    }
    seen->seen_ns = recent->now_ns;
    return seen;
}

bool sm_write_seen_take_point(struct sm_write_seen *seen, uint64_t time_ns)
{
    if (seen->has_point && time_ns < seen->time_ns)
        return false;
    seen->has_point = true;
    seen->time_ns = time_ns;
    return true;
}

bool sm_write_seen_take_exemplar(struct sm_write_seen *seen, const struct sm_write_exemplar *exemplar, uint64_t time_ns)
{
    if (seen->has_exemplar && time_ns < seen->exemplar_ns)
        return false;
    uint64_t hash = hash_labels(sm_hash_secret(), &exemplar->labels);
    hash = sm_hash_with(hash, sm_slice_make((const char *)&exemplar->value, sizeof(exemplar->value)));
    hash = sm_hash_with(hash, sm_slice_make((const char *)&exemplar->time_ms, sizeof(exemplar->time_ms)));
    bool is_repeated = seen->has_exemplar && seen->exemplar_hash == hash;
    seen->has_exemplar = true;
    seen->exemplar_ns = time_ns;
    seen->exemplar_hash = hash;
    return !is_repeated;
}
