/* writer.h - the thread that writes the files of one file exporter, so that a slow disk stalls no worker. */
#pragma once

#include "base/error.h"
#include "base/log.h"
#include "exporters/file/output.h"

#include <stdint.h>

struct sm_worker;
struct sm_file_writer;

struct sm_file_writer_options {
    const char *path; /* borrowed; the only file, opened at start; NULL: files are named by the parts */
    bool append;
    const struct sm_file_rotation *rotation; /* borrowed; NULL: none */
    uint64_t flush_interval_ns;
    size_t open_files_max;          /* with several files: the one not used for longest is closed */
    unsigned directory_mode;        /* with several files: of directories made on the way */
    const struct sm_logger *logger; /* borrowed */
};

/* Opens the only file and starts the thread. */
struct sm_file_writer *sm_file_writer_start(const struct sm_file_writer_options *options, struct sm_error *error) __attribute__((warn_unused_result));
/* After the last job has ended: writes what is in memory, closes, joins. NULL is allowed. Blocks. */
void sm_file_writer_stop(struct sm_file_writer *writer);

/* One message for one file. */
struct sm_file_part {
    const char *path; /* borrowed: the job's owner; not read when there is only one file */
    struct sm_slice message;
};

/* Message: owned by whoever posts it, until `done` has it back. */
struct sm_file_job {
    struct sm_file_part *parts;
    size_t count;
    struct sm_worker *worker; /* where `done` runs */
    void (*done)(struct sm_worker *worker, void *job);
    bool is_written;       /* every part */
    struct sm_error error; /* of the first part that is not */
    struct sm_file_job *_next;
};

/* Writes the parts in order; jobs one after the other. Any worker. */
void sm_file_writer_post(struct sm_file_writer *writer, struct sm_file_job *job);
