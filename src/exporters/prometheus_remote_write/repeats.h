/* repeats.h - which series of a request have been taken in earlier windows: a set of hashes. One that is there without being the same series costs
 * time, nothing else. One thread at a time. */
#pragma once

#include "exporters/prometheus_remote_write/collisions.h"

/* All zero is an empty set. */
struct sm_write_repeats {
    uint64_t *slots; /* owned; 0: free; otherwise 48 bits of a hash, and the number of the series' stream */
    size_t capacity; /* power of two, or 0 */
    size_t count;
};

/* Makes room for so many series, and no growing before that. */
void sm_write_repeats_reserve(struct sm_write_repeats *repeats, size_t count);
void sm_write_repeats_deinit(struct sm_write_repeats *repeats);
/* Adds the series of a window, and notes those that an earlier one has of another stream. True: one of them was there already. */
bool sm_write_repeats_add(struct sm_write_repeats *repeats, const struct sm_write *window, struct sm_write_collision *found);
/* Adds one. True: it was there already. */
bool sm_write_repeats_add_series(struct sm_write_repeats *repeats, const struct sm_write_series *series);
