/* parcel.h - spans on their way to the worker that their traces live on.
 *
 * A request is cut up into pieces, the spans of one trace within one of its resources. The pieces for one worker travel as a parcel: one block of
 * memory over one buffer with the encoded bytes, usually the request as it was received. A span costs 32 bytes beside its bytes, a piece 64.
 *
 *     parcel -> piece (trace ID, resource) -> parts: one for each scope, then one for each span, in order of arrival
 *
 * A parcel is a message until it is taken over, then worker-local. */
#pragma once

#include "base/buffer.h"

struct sm_batch;
struct sm_delivery;
struct sm_tail_shard;

/* Bytes within the parcel's buffer. */
struct sm_tail_part {
    uint32_t offset, size;
};

/* What a span tells without being decoded again. */
struct sm_tail_facts {
    uint64_t start_ns, end_ns;
    int32_t status_code;
    uint32_t flags;
};

struct sm_tail_span_part {
    struct sm_tail_part bytes;
    struct sm_tail_facts facts;
};

/* The scope of the next `span_count` spans. */
struct sm_tail_scope_part {
    struct sm_tail_part bytes;
    uint32_t span_count;
};

struct sm_tail_piece {
    struct sm_tail_parcel *parcel; /* borrowed: lives as long as its pieces */
    uint8_t trace_id[16];
    struct sm_tail_part resource;
    uint32_t scope_count, span_count;
    uint64_t size_bytes : 63;           /* as a resource group in the reference's encoding; 0 unless asked for */
    uint64_t has_root : 1;              /* a span without parent is among them */
    struct sm_tail_scope_part scopes[]; /* then the spans: sm_tail_piece_spans */
};

struct sm_tail_parcel {
    struct sm_buffer *buffer;     /* shared */
    struct sm_delivery *delivery; /* shared: a part of the request's, open until the pieces are taken; NULL: was answered before */
    struct sm_tail_parcel *next;  /* of those that wait */
    struct sm_tail_shard *shard;  /* borrowed: whom it is for */
    size_t size_bytes;            /* of the parcel itself */
    struct sm_tail_piece *at;     /* the next one to take */
    struct sm_tail_piece *end;    /* behind the last one */
    _Alignas(struct sm_tail_piece) char pieces[];
};

/* Where the spans stand in a piece with so many scopes. */
static inline size_t sm_tail_piece_spans_offset(uint32_t scope_count)
{
    size_t size = sizeof(struct sm_tail_piece) + scope_count * sizeof(struct sm_tail_scope_part), alignment = _Alignof(struct sm_tail_span_part);
    return (size + alignment - 1) / alignment * alignment;
}
static inline struct sm_tail_span_part *sm_tail_piece_spans(const struct sm_tail_piece *piece)
{
    return (struct sm_tail_span_part *)(void *)((char *)(uintptr_t)piece + sm_tail_piece_spans_offset(piece->scope_count));
}
/* The piece behind `piece` in its parcel; none behind the last. */
struct sm_tail_piece *sm_tail_piece_behind(struct sm_tail_piece *piece);
struct sm_slice sm_tail_part_slice(const struct sm_tail_parcel *parcel, struct sm_tail_part part);

/* With all its pieces. */
void sm_tail_parcel_free(struct sm_tail_parcel *parcel);

/* ---- cutting a request up. Worker-local; keeps its tables for the next request. */
struct sm_tail_cutter;

/* `shard_count` parcels are wanted at most; with `needs_sizes` pieces carry their size. */
struct sm_tail_cutter *sm_tail_cutter_create(unsigned shard_count, bool needs_sizes);
void sm_tail_cutter_free(struct sm_tail_cutter *cutter); /* NULL is allowed */
/* The parcels of `batch` by shard (NULL: nothing for it), owned by the caller; the array is valid until the next call. The batch is not needed
 * afterwards. NULL: the batch is too large to be addressed (4 GiB). */
struct sm_tail_parcel **sm_tail_cut(struct sm_tail_cutter *cutter, const struct sm_batch *batch);
