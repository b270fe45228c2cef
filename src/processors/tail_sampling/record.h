/* record.h - the spans of one trace within one resource, as they are held and as they leave: a piece as an OTLP request of one resource group.
 *
 * Records one after the other are again a request. Worker-local. */
#pragma once

#include <stdint.h>

struct sm_tail_piece;

/* 0: more than a record can hold (4 GiB). */
uint32_t sm_tail_record_size(const struct sm_tail_piece *piece);
/* To `to`, which has that size. */
void sm_tail_record_write(const struct sm_tail_piece *piece, char *to);
