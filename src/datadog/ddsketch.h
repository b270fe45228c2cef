/* ddsketch.h - the sketch of durations that Datadog's trace statistics carry: quantiles with a relative error of at most 1 %.
 *
 * Bin i of a store counts values from gamma^i up to gamma^(i+1), gamma = 1.01/0.99; a store has at most SM_DDSKETCH_BINS_MAX bins, below which the
 * lowest collapse into one. Durations keep 9 bits of their mantissa first. The result does not depend on the order of values, nor on how they
 * were split before merging. A bin counts up to UINT32_MAX and stays there. Worker-local.
 * Source: sketches-go v1.4.6 ddsketch (LogCollapsingLowestDenseDDSketch); datadog-agent pkg/trace/stats/statsraw.go. */
#pragma once

#include "base/arena.h"
#include "base/slice.h"

enum { SM_DDSKETCH_BINS_MAX = 2048 };

struct sm_ddsketch_store {
    void *_counts;       /* owned: for the bins _origin … _origin + _capacity - 1; uint8_t, or uint32_t when `_is_wide` */
    int32_t first, last; /* bins in use; valid unless `is_empty` */
    int32_t _origin;
    uint16_t _capacity;
    bool has_counts, _is_collapsed, _is_wide;
};

/* All zero is an empty sketch. */
struct sm_ddsketch {
    struct sm_ddsketch_store positive;
    struct sm_ddsketch_store *negative; /* owned; NULL: none. Of the values' magnitudes */
    uint64_t zero_count;
};

/* Frees what it holds; it is empty and usable afterwards. */
void sm_ddsketch_clear(struct sm_ddsketch *sketch);
/* Where a duration is counted; any number for 0. */
int32_t sm_ddsketch_bin(int64_t duration_ns);
/* `bin`: sm_ddsketch_bin of the duration. */
void sm_ddsketch_add(struct sm_ddsketch *sketch, int64_t duration_ns, int32_t bin);
/* Looks ahead: the duration will be added soon. */
void sm_ddsketch_prefetch(const struct sm_ddsketch *sketch, int64_t duration_ns, int32_t bin);
/* Adds what `from` has counted and empties it. */
void sm_ddsketch_move(struct sm_ddsketch *into, struct sm_ddsketch *from);

uint64_t sm_ddsketch_count(const struct sm_ddsketch *sketch);
uint32_t sm_ddsketch_count_at(const struct sm_ddsketch_store *store, int32_t bin);
/* The value below which the share `quantile` (0 … 1) of the values stands, or about so; NaN of an empty sketch. */
double sm_ddsketch_quantile(const struct sm_ddsketch *sketch, double quantile);

/* As protobuf (ddsketch.proto), in `arena`; an empty sketch has its mapping and empty stores. */
struct sm_slice sm_ddsketch_encode(const struct sm_ddsketch *sketch, struct sm_arena *arena);
