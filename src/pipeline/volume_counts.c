/* volume_counts.c - see volume_counts.h: a table of pointers to series that is only added to. Reading takes no lock; adding one does, for each
 * combination once, and none is added once there is an overflow. The environment is deployment.environment.name, else deployment.environment, else
 * env. */
#include "pipeline/volume_counts.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/hash.h"
#include "base/memory.h"
#include "base/utf8.h"
#include "pipeline/own_metrics.h"
#include "telemetry/batch.h"
#include "telemetry/otlp_part.h"
#include "telemetry/span.h"

/* Longer names are cut, in bytes. */
enum { NAME_SIZE_MAX = 200 };
static const char other[] = "_other";

/* Immutable once linked. */
struct entry {
    struct sm_hash128 key;
    char service[NAME_SIZE_MAX + 1], environment[NAME_SIZE_MAX + 1];
    struct sm_instrument *spans, *bytes;
};

struct sm_volume_counts {
    const struct sm_own_metric *spans, *bytes; /* borrowed */
    struct sm_own_attribute component;
    size_t limit, count;            /* `count` guarded by `mutex` */
    size_t mask;                    /* slots - 1; at most half of them are used */
    struct entry *_Atomic *slots;   /* owned; any thread reads (acquire), added to under `mutex` (release) */
    struct entry *_Atomic overflow; /* the same */
    pthread_mutex_t mutex;
};

struct sm_volume_counts *sm_volume_counts_create(const struct sm_own_metric *spans, const struct sm_own_metric *bytes, const char *name,
                                                 const char *value, size_t limit)
{
    struct sm_volume_counts *counts = sm_alloc(1, sizeof(*counts));
    size_t slot_count = 16;
    while (slot_count < 2 * limit)
        slot_count *= 2;
    *counts = (struct sm_volume_counts){.spans = spans, .bytes = bytes, .component = {name, value}, .limit = limit, .mask = slot_count - 1};
    counts->slots = sm_alloc(slot_count, sizeof(*counts->slots));
    pthread_mutex_init(&counts->mutex, NULL);
    return counts;
}

void sm_volume_counts_free(struct sm_volume_counts *counts)
{
    if (!counts)
        return;
    for (size_t i = 0; i <= counts->mask; i++)
        free(atomic_load(&counts->slots[i]));
    free(atomic_load(&counts->overflow));
    free(counts->slots);
    pthread_mutex_destroy(&counts->mutex);
    free(counts);
}

/* ---- series */

/* The slot of `key`, or the free one where it would be. */
static struct entry *_Atomic *find_slot(const struct sm_volume_counts *counts, struct sm_hash128 key)
{
    for (size_t at = key.low & counts->mask;; at = (at + 1) & counts->mask) {
        const struct entry *entry = atomic_load_explicit(&counts->slots[at], memory_order_acquire);
        if (!entry || (entry->key.low == key.low && entry->key.high == key.high))
            return &counts->slots[at];
    }
}

static struct entry *create_entry(const struct sm_volume_counts *counts, struct sm_hash128 key, struct sm_slice service, struct sm_slice environment)
{
    struct entry *entry = sm_alloc(1, sizeof(*entry));
    entry->key = key;
    /* Sound ones: who reads own metrics may refuse all of them for one wrong byte. */
    sm_utf8_copy(service, entry->service, NAME_SIZE_MAX);
    sm_utf8_copy(environment, entry->environment, NAME_SIZE_MAX);
    const struct sm_own_attribute attributes[] = {counts->component, {"service", entry->service}, {"environment", entry->environment}};
    entry->spans = sm_instrument_get(counts->spans, attributes, 3);
    entry->bytes = sm_instrument_get(counts->bytes, attributes, 3);
    return entry;
}

static struct entry *add_entry(struct sm_volume_counts *counts, struct sm_hash128 key, struct sm_slice service, struct sm_slice environment)
{
    pthread_mutex_lock(&counts->mutex);
    bool is_full = counts->count >= counts->limit;
    struct entry *_Atomic *slot = find_slot(counts, key);
    struct entry *entry = atomic_load(slot);
    if (!entry && is_full) {
        slot = &counts->overflow;
        entry = atomic_load(slot);
    }
    if (!entry) {
        entry = is_full ? create_entry(counts, key, sm_slice_of(other), sm_slice_of(other)) : create_entry(counts, key, service, environment);
        atomic_store_explicit(slot, entry, memory_order_release);
        counts->count += !is_full;
    }
    pthread_mutex_unlock(&counts->mutex);
    return entry;
}

/* ---- counting */

static struct sm_slice text_of(const struct sm_attributes *attributes, struct sm_slice key)
{
    struct sm_value value;
    return sm_attributes_find(attributes, key, &value) && value.type == SM_VALUE_STRING ? value.string : (struct sm_slice){0};
}

static struct sm_slice environment_of(const struct sm_attributes *attributes)
{
    static const char *const keys[] = {"deployment.environment.name", "deployment.environment", "env"};
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        struct sm_slice found = text_of(attributes, sm_slice_of(keys[i]));
        if (found.size)
            return found;
    }
    return (struct sm_slice){0};
}

static const struct entry *entry_of(struct sm_volume_counts *counts, const struct sm_resource *resource)
{
    struct sm_slice service = text_of(&resource->attributes, SM_SLICE("service.name"));
    struct sm_slice environment = environment_of(&resource->attributes);
    struct sm_hash128 key = sm_hash128(sm_hash_with(sm_hash_secret(), service), environment);
    const struct entry *entry = atomic_load_explicit(find_slot(counts, key), memory_order_acquire);
    if (!entry)
        entry = atomic_load_explicit(&counts->overflow, memory_order_acquire);
    return entry ? entry : add_entry(counts, key, service, environment);
}

void sm_volume_counts_add(struct sm_volume_counts *counts, const struct sm_batch *batch)
{
    struct sm_arena arena = SM_ARENA_INIT; /* for what did not come as OTLP, or was changed */
    for (size_t g = 0; g < batch->count; g++) {
        const struct sm_resource_group *group = &batch->groups[g];
        size_t spans = 0, bytes = sm_otlp_resource_bytes(&group->resource, &arena).size;
        for (size_t s = 0; s < group->count; s++) {
            const struct sm_scope_group *scope = &group->scopes[s];
            for (size_t i = 0; i < scope->count; i++) {
                spans += !scope->spans[i].dropped;
                bytes += scope->spans[i].dropped ? 0 : sm_otlp_span_bytes(&scope->spans[i], &arena).size;
            }
        }
        if (group->dropped || spans == 0)
            continue;
        const struct entry *entry = entry_of(counts, &group->resource);
        sm_instrument_add(entry->spans, (int64_t)spans);
        sm_instrument_add(entry->bytes, (int64_t)bytes);
    }
    sm_arena_deinit(&arena);
}

/* ---- looking */

static void visit_entry(const struct entry *entry, void (*visit)(const struct sm_volume *volume, void *context), void *context)
{
    if (!entry)
        return;
    const struct sm_volume volume = {
        .service = entry->service,
        .environment = entry->environment,
        .spans = sm_instrument_count(entry->spans),
        .bytes = sm_instrument_count(entry->bytes),
    };
    visit(&volume, context);
}

void sm_volume_counts_visit(const struct sm_volume_counts *counts, void (*visit)(const struct sm_volume *volume, void *context), void *context)
{
    for (size_t i = 0; i <= counts->mask; i++)
        visit_entry(atomic_load_explicit(&counts->slots[i], memory_order_acquire), visit, context);
    visit_entry(atomic_load_explicit(&counts->overflow, memory_order_acquire), visit, context);
}
