/* segments.h - the records of the traces of a shard that are not decided yet, in the order of arrival.
 *
 *     segment 6   resource | scope | record | record | resource | record ...      refs point at records: (segment, offset)
 *     segment 7   LZ4, 64 KiB unpacked
 *     segment 8   open: filled by what arrives
 *
 * A resource and a scope that stand there for the record before are not written again. A segment is packed when it is closed and those that are not
 * packed have reached their limit. It goes when none of its records is wanted any more. When memory is short, and there is a storage to go to,
 * segments are put there as they are closed: the newest ones, which are needed last. A few of those that were unpacked to be read are kept for the
 * traces that follow. Worker-local. */
#pragma once

#include "base/bytes.h"

#include <stdatomic.h>

struct sm_logger;
struct sm_storage_client;
struct sm_tail_piece;

/* A record: where it is. */
struct sm_tail_ref {
    uint32_t segment, offset;
    uint32_t size; /* as it leaves */
    uint32_t span_count;
};

/* Immutable; of the whole component. */
struct sm_tail_segment_settings {
    atomic_size_t *memory_bytes;    /* borrowed; any thread (relaxed): of what undecided traces hold, on all shards */
    size_t limit_bytes;             /* of them, as configured; 0: none */
    size_t plain_limit_bytes;       /* of closed segments of one shard that are not packed */
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
    struct sm_bytes _open;                            /* its content */
    struct sm_tail_range {
        uint32_t offset, size;
    } _resource, _scope;     /* in the open one: those of its last record */
    uint32_t _plain_count;   /* closed segments below plain_limit_bytes */
    size_t _plain_bytes;     /* of them */
    struct sm_bytes _packed; /* to pack to */
    uint32_t *_unpacked;     /* owned: numbers of those unpacked, a ring */
    uint32_t _unpacked_at, _unpacked_count;
    size_t _unpacked_bytes; /* of those that are still there */
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
/* Writes the record to `to`, as it leaves. False: it cannot be read back from the storage (which is logged). */
bool sm_tail_segments_read(struct sm_tail_segments *segments, struct sm_tail_ref ref, char *to) __attribute__((warn_unused_result));
