/* ring.c - see ring.h. Each name has a hundred places on a circle; the next one after a key's place is the key's. */
#include "exporters/load_balancing/ring.h"

#include <stdbool.h>
#include <stdlib.h>

#include "base/memory.h"
#include "wire/crc32.h"

enum { POSITIONS = 36000, PLACES_PER_NAME = 100, PROBES_MAX = 10 };

static uint32_t place_of(const char *name, uint32_t number)
{
    const char bytes[4] = {(char)number, (char)(number >> 8), (char)(number >> 16), (char)(number >> 24)};
    return sm_crc32(sm_crc32(0, sm_slice_of(name)), sm_slice_make(bytes, sizeof(bytes))) % POSITIONS;
}

/* The first free place from `position` on; false: none among the next few. */
static bool find_free(const bool *is_taken, uint32_t *position)
{
    for (int i = 0; i < PROBES_MAX; i++, *position = (*position + 1) % POSITIONS)
        if (!is_taken[*position])
            return true;
    return false;
}

static int by_position(const void *a, const void *b)
{
    const struct sm_ring_item *left = a, *right = b;
    return (left->position > right->position) - (left->position < right->position);
}

void sm_ring_init(struct sm_ring *ring, const char *const *names, size_t count)
{
    bool *is_taken = sm_alloc(POSITIONS, sizeof(*is_taken));
    /* No two items have one position. */
    size_t room = count < POSITIONS / PLACES_PER_NAME ? count * PLACES_PER_NAME : POSITIONS;
    *ring = (struct sm_ring){.items = sm_alloc(room ? room : 1, sizeof(*ring->items))};
    for (size_t n = 0; n < count; n++)
        for (uint32_t i = 0; i < PLACES_PER_NAME; i++) {
            uint32_t position = place_of(names[n], i);
            if (!find_free(is_taken, &position))
                continue;
            is_taken[position] = true;
            ring->items[ring->count++] = (struct sm_ring_item){.position = position, .endpoint = (uint32_t)n};
        }
    qsort(ring->items, ring->count, sizeof(*ring->items), by_position);
    free(is_taken);
}

void sm_ring_deinit(struct sm_ring *ring)
{
    free(ring->items);
    *ring = (struct sm_ring){0};
}

int64_t sm_ring_find(const struct sm_ring *ring, struct sm_slice key)
{
    uint32_t position = sm_crc32(0, key) % POSITIONS;
    size_t low = 0, high = ring->count;
    if (ring->count == 0)
        return SM_RING_NONE;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (ring->items[middle].position < position)
            low = middle + 1;
        else
            high = middle;
    }
    return ring->items[low < ring->count ? low : 0].endpoint;
}
