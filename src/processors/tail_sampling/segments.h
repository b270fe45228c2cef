/* segments.h - the records of the traces of a shard that are not decided yet, packed, in the order of arrival.
 *
 *     segment 7   LZ4, 32 KiB unpacked: record | record | ...      refs point here: (segment, offset, size)
 *     segment 8   open: filled by what arrives
 *
 * A segment goes when none of its records is wanted any more. When memory is short, and there is a storage to go to, segments are put there as they
 * are closed: the newest ones, which are needed last. A few unpacked ones are kept for the traces that follow. Worker-local. */
#pragma once

#include "base/bytes.h"

#include <stdatomic.h>

struct sm_logger;
struct sm_storage_client;
struct sm_tail_piece;

/* A record: where it is. */
struct sm_tail_ref {
    uint32_t segment, offset;
    uint32_t size, span_count;
};

/* Immutable; of the whole component. */
struct sm_tail_segment_settings {
    atomic_size_t *memory_bytes;    /* borrowed; any thread (relaxed): of what undecided traces hold, on all shards */
    size_t limit_bytes;             /* of them, as configured; 0: none */
    size_t spill_from_bytes;        /* with so much in memory, and a storage, closed segments leave it; 0: never */
    const struct sm_logger *logger; /* borrowed */
};

struct sm_tail_segment;

struct sm_tail_segments {
    const struct sm_tail_segment_settings *_settings; /* borrowed */
    struct sm_storage_client *_spill;                 /* borrowed; NULL: none */
    struct sm_tail_segment *_ring;                    /* owned: by number */
    uint32_t _capacity;                               /* power of two */
    uint32_t _first, _count;                          /* numbers in use; the last one is open */
    struct sm_bytes _open;                            /* its records */
    struct sm_bytes _packed;                          /* to pack to */
    uint32_t *_unpacked;                              /* owned: numbers of those unpacked, a ring */
    uint32_t _unpacked_at, _unpacked_count;
};

void sm_tail_segments_init(struct sm_tail_segments *segments, const struct sm_tail_segment_settings *settings);
void sm_tail_segments_deinit(struct sm_tail_segments *segments);
/* Where to put segments when memory is short: what is in it goes. */
void sm_tail_segments_set_spill(struct sm_tail_segments *segments, struct sm_storage_client *spill);

/* Copies the piece. False: it is too large (4 GiB). */
bool sm_tail_segments_add(struct sm_tail_segments *segments, const struct sm_tail_piece *piece, struct sm_tail_ref *ref)
    __attribute__((warn_unused_result));
/* The record is not wanted any more. */
void sm_tail_segments_drop(struct sm_tail_segments *segments, struct sm_tail_ref ref);
/* Copies the record to `to`. False: it cannot be read back from the storage (which is logged). */
bool sm_tail_segments_read(struct sm_tail_segments *segments, struct sm_tail_ref ref, char *to) __attribute__((warn_unused_result));
