/* repeats.c - see repeats.h. Open addressing, linear probing; at most three of four slots are used. */
#include "exporters/prometheus_remote_write/repeats.h"

#include <stdlib.h>

#include "base/memory.h"

enum { CAPACITY_MIN = 4096 };
enum { AHEAD = 12 }; /* series: each slot is a cache miss, which is begun so much earlier */

void sm_write_repeats_deinit(struct sm_write_repeats *repeats)
{
    free(repeats->slots);
    *repeats = (struct sm_write_repeats){0};
}

/* False: it was there. */
static bool add(struct sm_write_repeats *repeats, uint64_t hash)
{
    size_t mask = repeats->capacity - 1;
    for (size_t i = hash & mask;; i = (i + 1) & mask) {
        if (repeats->slots[i] == hash)
            return false;
        if (repeats->slots[i] == 0) {
            repeats->slots[i] = hash;
            repeats->count++;
            return true;
        }
    }
}

static void make_room(struct sm_write_repeats *repeats, size_t more)
{
    struct sm_write_repeats bigger = {.capacity = repeats->capacity ? repeats->capacity : CAPACITY_MIN};
    while (bigger.capacity / 4 * 3 < repeats->count + more)
        bigger.capacity *= 2;
    if (bigger.capacity == repeats->capacity)
        return;
    bigger.slots = sm_alloc(bigger.capacity, sizeof(*bigger.slots));
    for (size_t i = 0; i < repeats->capacity; i++)
        if (repeats->slots[i])
            (void)add(&bigger, repeats->slots[i]);
    free(repeats->slots);
    *repeats = bigger;
}

/* Never 0. */
static uint64_t hash_of(const struct sm_write *window, size_t index)
{
    return sm_write_hash_series(window->series[index]) | UINT64_C(1) << 63;
}

bool sm_write_repeats_add(struct sm_write_repeats *repeats, const struct sm_write *window)
{
    bool is_new = true;
    make_room(repeats, window->series_count);
    for (size_t i = 0; i < window->series_count; i++) {
        if (i + AHEAD < window->series_count)
            __builtin_prefetch(&repeats->slots[hash_of(window, i + AHEAD) & (repeats->capacity - 1)], 1);
        is_new &= add(repeats, hash_of(window, i));
    }
    return !is_new;
}
