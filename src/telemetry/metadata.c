/* metadata.c - see metadata.h. A handful of entries: searched from the front. */
#include "telemetry/metadata.h"

#include "base/arena.h"
#include "base/memory.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>

struct entry {
    struct sm_slice name, value; /* borrowed: arena */
};

struct entries {
    struct entry *items; /* borrowed: arena */
    size_t count, capacity;
};

struct sm_metadata {
    atomic_uint references;
    struct sm_arena arena; /* owned */
    struct entries headers, identity;
};

struct sm_metadata *sm_metadata_create(void)
{
    struct sm_metadata *metadata = sm_alloc(1, sizeof(*metadata));
    atomic_init(&metadata->references, 1);
    return metadata;
}

struct sm_metadata *sm_metadata_retain(struct sm_metadata *metadata)
{
    /* Relaxed: the caller holds a reference already. */
    if (metadata)
        atomic_fetch_add_explicit(&metadata->references, 1, memory_order_relaxed);
    return metadata;
}

void sm_metadata_release(struct sm_metadata *metadata)
{
    /* Acquire and release: the last owner's free comes after every other owner's reads. */
    if (metadata && atomic_fetch_sub_explicit(&metadata->references, 1, memory_order_acq_rel) == 1) {
        sm_arena_deinit(&metadata->arena);
        free(metadata);
    }
}

static void add(struct sm_metadata *metadata, struct entries *entries, struct sm_slice name, struct sm_slice value)
{
    assert(atomic_load_explicit(&metadata->references, memory_order_relaxed) == 1);
    entries->items = sm_arena_grow(&metadata->arena, entries->items, entries->count, &entries->capacity, entries->count + 1, sizeof(*entries->items));
    entries->items[entries->count++] = (struct entry){.name = sm_arena_copy(&metadata->arena, name), .value = sm_arena_copy(&metadata->arena, value)};
}

void sm_metadata_add(struct sm_metadata *metadata, struct sm_slice name, struct sm_slice value)
{
    add(metadata, &metadata->headers, name, value);
}

size_t sm_metadata_total(const struct sm_metadata *metadata)
{
    return metadata ? metadata->headers.count : 0;
}

void sm_metadata_at(const struct sm_metadata *metadata, size_t index, struct sm_slice *name, struct sm_slice *value)
{
    *name = metadata->headers.items[index].name;
    *value = metadata->headers.items[index].value;
}

static atomic_bool is_grpc_wanted; /* relaxed: workers start, or are told of new receivers, after it was set */

void sm_metadata_want_grpc(void)
{
    atomic_store_explicit(&is_grpc_wanted, true, memory_order_relaxed);
}

bool sm_metadata_is_grpc_wanted(void)
{
    return atomic_load_explicit(&is_grpc_wanted, memory_order_relaxed);
}

size_t sm_metadata_count(const struct sm_metadata *metadata, struct sm_slice name)
{
    size_t count = 0;
    for (size_t i = 0; metadata && i < metadata->headers.count; i++)
        count += sm_slice_equal_nocase(metadata->headers.items[i].name, name);
    return count;
}

struct sm_slice sm_metadata_get(const struct sm_metadata *metadata, struct sm_slice name, size_t index)
{
    for (size_t i = 0; metadata && i < metadata->headers.count; i++)
        if (sm_slice_equal_nocase(metadata->headers.items[i].name, name) && index-- == 0)
            return metadata->headers.items[i].value;
    assert(false); /* no such value */
    return (struct sm_slice){0};
}

void sm_metadata_add_identity(struct sm_metadata *metadata, struct sm_slice name, struct sm_slice value)
{
    add(metadata, &metadata->identity, name, value);
}

bool sm_metadata_find_identity(const struct sm_metadata *metadata, struct sm_slice name, struct sm_slice *value)
{
    for (size_t i = 0; metadata && i < metadata->identity.count; i++) {
        if (sm_slice_equal(metadata->identity.items[i].name, name)) {
            *value = metadata->identity.items[i].value;
            return true;
        }
    }
    return false;
}

size_t sm_metadata_identity_count(const struct sm_metadata *metadata)
{
    return metadata ? metadata->identity.count : 0;
}

void sm_metadata_identity_at(const struct sm_metadata *metadata, size_t index, struct sm_slice *name, struct sm_slice *value)
{
    *name = metadata->identity.items[index].name;
    *value = metadata->identity.items[index].value;
}
