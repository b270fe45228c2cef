/* record.h - the spans of one trace within one resource, on end: how they are held, and what policies look at.
 *
 *     header | (size, span count) of each scope | size of each span | resource | each scope's message | each span's message | to a multiple of 4
 *
 * Sizes are 32-bit numbers of this machine. A record is written from a piece and read only where nobody else could have written it: it is not
 * checked. Worker-local. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct sm_batch;
struct sm_resource_group;
struct sm_tail_piece;

struct sm_tail_record_scope {
    uint32_t size, span_count;
};

struct sm_tail_record {
    uint32_t size; /* of all of it */
    uint32_t resource_size, scope_count, span_count;
    struct sm_tail_record_scope scopes[];
};

/* 0: more than a record can hold (4 GiB). */
uint32_t sm_tail_record_size(const struct sm_tail_piece *piece);
/* To `to`, which has that size and is aligned for numbers of 32 bits. */
void sm_tail_record_write(const struct sm_tail_piece *piece, uint32_t size, char *to);
/* About what the next function takes from the batch's arena. */
size_t sm_tail_record_index_bytes(const struct sm_tail_record *record);
/* As a resource group of `batch`, which borrows the bytes. */
void sm_tail_record_read(const struct sm_tail_record *record, struct sm_batch *batch, struct sm_resource_group *group);
