/* summary.h - sketches of durations that others made, added up: what a tracer's statistics carry, in whatever mapping its library has.
 *
 * Counts may be fractions. Worker-local. Source: sketches-go v1.4.6 ddsketch (DecodeProto, MergeWith, ChangeMapping). */
#pragma once

#include "base/bytes.h"

enum { SM_SUMMARY_BIN_MAX = 1 << 16 }; /* bins beyond it are refused: no duration is that long */

/* All zero is empty. */
struct sm_summary {
    struct sm_summary_bins {
        double *counts; /* owned */
        int32_t first;
        uint32_t count;
    } positive, negative;
    double zero_count;
};
void sm_summary_clear(struct sm_summary *summary);
/* Adds a DDSketch (protobuf), with its bins dealt out to ours when its mapping is another. False: it is none; nothing was added. */
bool sm_summary_add(struct sm_summary *summary, struct sm_slice sketch) __attribute__((warn_unused_result));
struct sm_slice sm_summary_encode(const struct sm_summary *summary, struct sm_arena *arena);
