/* record.h - the spans of one trace within one resource: how a piece leaves, and what of it is held.
 *
 * It leaves as an OTLP request of one resource group; records one after the other are again a request. Held are its parts, because the resource and
 * the scope of the next piece are often the same: they need not stand there twice. Worker-local. */
#pragma once

#include "base/slice.h"

struct sm_tail_piece;

struct sm_tail_record_parts {
    struct sm_slice resource; /* Resource message */
    struct sm_slice scope;    /* InstrumentationScope message, when there is one scope */
    uint32_t own_size;        /* of the rest: the spans of the one scope, otherwise all ScopeSpans messages; as fields */
    uint32_t size;            /* of the whole */
    bool has_one_scope;
};

/* 0: more than a record can hold (4 GiB). */
uint32_t sm_tail_record_size(const struct sm_tail_piece *piece);
/* To `to`, which has that size. */
void sm_tail_record_write(const struct sm_tail_piece *piece, char *to);

/* The slices are borrowed from the piece. False: more than a record can hold. */
bool sm_tail_record_take_apart(const struct sm_tail_piece *piece, struct sm_tail_record_parts *parts) __attribute__((warn_unused_result));
/* The rest of the parts, to `to`. */
void sm_tail_record_write_own(const struct sm_tail_piece *piece, char *to);
/* The record whose rest is `own`, to `to`; `parts->size` is not looked at. */
void sm_tail_record_join(const struct sm_tail_record_parts *parts, const char *own, char *to);
