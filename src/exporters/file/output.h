/* output.h - one file that messages are appended to: buffered, or rotated by size.
 *
 * Blocks on the disk: used by the writer thread of its exporter only. A message is taken whole or not at all: when the disk refuses a part of it,
 * what was written of it is cut off again. */
#pragma once

#include "base/error.h"
#include "base/slice.h"

struct sm_file_rotation {
    int64_t max_megabytes; /* 0: 100 */
    int64_t max_days;      /* 0: backups of any age are kept */
    int64_t max_backups;   /* 0: all are kept */
    bool localtime;        /* in the names of backups */
};

struct sm_file_output;

/* Opens or makes the file, emptied unless `append`; with `rotation` (may be NULL, borrowed) it is opened by the first message and goes on at its end.
 */
struct sm_file_output *sm_file_output_open(const char *path, bool append, const struct sm_file_rotation *rotation, struct sm_error *error)
    __attribute__((warn_unused_result));
const char *sm_file_output_path(const struct sm_file_output *output);
/* Without rotation the message may stay in memory until the next flush. False: it is not and will not be in the file. */
bool sm_file_output_write(struct sm_file_output *output, struct sm_slice message, struct sm_error *error) __attribute__((warn_unused_result));
/* False: what is in memory stays there for the next try. */
bool sm_file_output_flush(struct sm_file_output *output, struct sm_error *error) __attribute__((warn_unused_result));
bool sm_file_output_has_buffered(const struct sm_file_output *output);
/* Flushes and releases. False when messages that were taken are lost: `error` says how many bytes. NULL is allowed. */
bool sm_file_output_close(struct sm_file_output *output, struct sm_error *error);
