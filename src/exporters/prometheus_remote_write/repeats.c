/* repeats.c - see repeats.h. Open addressing, linear probing; at most three of four slots are used. */
#include "exporters/prometheus_remote_write/repeats.h"

#include <stdlib.h>

#include "base/memory.h"

enum { CAPACITY_MIN = 4096 };
enum { AHEAD = 12 }; /* series: each slot is a cache miss, which is begun so much earlier */

enum { STREAM_BITS = 16, NO_STREAM = 0xffff };

void sm_write_repeats_deinit(struct sm_write_repeats *repeats)
{
    free(repeats->slots);
    *repeats = (struct sm_write_repeats){0};
}

/* What stands in the slot of the series; never 0. Streams beyond those that have room are none. */
static uint64_t content_of(const struct sm_write_series *series)
{
    uint64_t hash = sm_write_hash_key(&series->key).low | UINT64_C(1) << 63, stream = series->stream < NO_STREAM ? series->stream : NO_STREAM;
    return hash >> STREAM_BITS << STREAM_BITS | stream;
}

static uint64_t *home(const struct sm_write_repeats *repeats, uint64_t content)
{
    return &repeats->slots[content >> STREAM_BITS & (repeats->capacity - 1)];
}

/* The slot of a series that is there, or is to be there. */
static uint64_t *find(const struct sm_write_repeats *repeats, uint64_t content)
{
    uint64_t *slot = home(repeats, content), *end = repeats->slots + repeats->capacity;
    while (*slot && (*slot ^ content) >> STREAM_BITS)
        if (++slot == end)
            slot = repeats->slots;
    return slot;
}

void sm_write_repeats_reserve(struct sm_write_repeats *repeats, size_t count)
{
    struct sm_write_repeats bigger = {.capacity = repeats->capacity ? repeats->capacity : CAPACITY_MIN, .count = repeats->count};
    while (bigger.capacity / 4 * 3 < count)
        bigger.capacity *= 2;
    if (bigger.capacity == repeats->capacity)
        return;
    bigger.slots = sm_alloc(bigger.capacity, sizeof(*bigger.slots));
    for (size_t i = 0; i < repeats->capacity; i++)
        if (repeats->slots[i])
            *find(&bigger, repeats->slots[i]) = repeats->slots[i];
    free(repeats->slots);
    *repeats = bigger;
}

/* Returns what was there; 0: it is new. */
static uint64_t add(struct sm_write_repeats *repeats, uint64_t content)
{
    uint64_t *slot = find(repeats, content), before = *slot;
    if (!before) {
        *slot = content;
        repeats->count++;
    }
    return before;
}

bool sm_write_repeats_add_series(struct sm_write_repeats *repeats, const struct sm_write_series *series)
{
    sm_write_repeats_reserve(repeats, repeats->count + 1);
    return add(repeats, content_of(series)) != 0;
}

bool sm_write_repeats_add(struct sm_write_repeats *repeats, const struct sm_write *window, struct sm_write_collision *found)
{
    bool is_repeated = false;
    sm_write_repeats_reserve(repeats, repeats->count + window->series_count);
    for (size_t i = 0; i < window->series_count; i++) {
        if (i + AHEAD < window->series_count)
            __builtin_prefetch(home(repeats, content_of(window->series[i + AHEAD])), 1);
        uint64_t content = content_of(window->series[i]), before = add(repeats, content);
        if (!before)
            continue;
        is_repeated = true;
        uint32_t stream = (uint32_t)(content & NO_STREAM), other = (uint32_t)(before & NO_STREAM);
        if (stream != other && stream != NO_STREAM && other != NO_STREAM)
            sm_write_note_collision(window, window->series[i], other, stream, found);
    }
    return is_repeated;
}
