/* symbols.h - the texts of one post of version 2 and their numbers. One thread at a time.
 * Source: prompb/io/prometheus/write/v2/types.proto (Request.symbols). */
#pragma once

#include "base/bytes.h"
#include "exporters/prometheus_remote_write/series.h"

/* Two texts that were numbered together, looked at before the table: a series has most of its texts in common with the one before. */
struct sm_write_known {
    struct sm_slice texts[2]; /* borrowed: arena; of what the numbers stand for */
    uint32_t numbers[2];
};
enum { SM_WRITE_KNOWN = 64 };

struct sm_write_symbols {
    struct sm_arena arena;            /* owned: the texts */
    struct sm_prometheus_table table; /* owned */
    struct sm_slice *texts;           /* borrowed: arena; by number, 0 is the empty one */
    size_t count, capacity;
    size_t bytes; /* of all texts */
    size_t _marked_count, _marked_bytes;
    struct sm_write_known _known[SM_WRITE_KNOWN];
};

void sm_write_symbols_init(struct sm_write_symbols *symbols);
void sm_write_symbols_deinit(struct sm_write_symbols *symbols);
/* Begins anew, as for the next post. */
void sm_write_symbols_clear(struct sm_write_symbols *symbols);
/* The numbers of two texts, which are copied when they are new. `place`: any number, the same for what is likely to be the same again. */
void sm_write_symbols_get(struct sm_write_symbols *symbols, size_t place, struct sm_slice left, struct sm_slice right, uint32_t numbers[2]);
/* Takes out, until the next clearing, the texts that came behind the last mark. */
void sm_write_symbols_mark(struct sm_write_symbols *symbols);
void sm_write_symbols_back(struct sm_write_symbols *symbols);
