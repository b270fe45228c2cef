/* post_series.h - one series as it stands in a post, in either version. One thread at a time.
 * Source: prompb/types.proto (TimeSeries), prompb/io/prometheus/write/v2/types.proto. */
#pragma once

#include "exporters/prometheus_remote_write/encode.h"
#include "exporters/prometheus_remote_write/symbols.h"

/* The labels that the series of a point share, as they are written: those that follow each other are copied. */
struct sm_write_run {
    const struct sm_write_base *base; /* borrowed: the window's; NULL: none yet */
    struct sm_proto_writer writer;
    struct sm_bytes bytes; /* owned */
    size_t *starts;        /* borrowed: the writer's arena; of each label in the bytes, and the end */
    size_t capacity;
    struct sm_write_place {
        struct sm_slice name;
        size_t place;
    } places[2]; /* of the last name and extra label among them: behind how many it stood */
};

struct sm_write_series_writer {
    struct sm_arena arena;            /* owned: of the writers */
    struct sm_proto_writer writer;    /* the series being written */
    struct sm_write_symbols *symbols; /* owned; NULL: version 1 */
    struct sm_write_run _run;
};

void sm_write_series_writer_init(struct sm_write_series_writer *to, bool is_version_2);
void sm_write_series_writer_deinit(struct sm_write_series_writer *to);
/* Forgets the labels and the memory of what was written: a window has ended. */
void sm_write_series_writer_renew(struct sm_write_series_writer *to);
/* The numbers of the texts begin anew. */
void sm_write_series_writer_clear_symbols(struct sm_write_series_writer *to);
/* The series' content alone is in `writer` afterwards. */
void sm_write_put_series(struct sm_write_series_writer *to, const struct sm_write_series *series);
