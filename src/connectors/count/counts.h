/* counts.h - how often each combination of attribute values was seen, for one metric of one resource. Worker-local, lives in an arena. */
#pragma once

#include "telemetry/value.h"

struct sm_count_row {
    struct sm_slice key; /* identity of the values */
    uint64_t hash;
    struct sm_map attributes;
    uint64_t count;
};

/* All zero: empty. */
struct sm_counts {
    struct sm_count_row *rows; /* borrowed: arena; in order of first sight */
    size_t count, capacity;
    uint32_t *slots; /* borrowed: arena; row index + 1, 0: free */
    size_t slot_count;
};

/* Adds one to the row of `attributes`; a new row gets a copy of them. */
void sm_counts_add(struct sm_counts *counts, struct sm_arena *arena, const struct sm_map *attributes);
