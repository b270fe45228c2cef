/* writer.c - see writer.h.
 *
 * One thread, one list of jobs under a lock, a condition that wakes the thread. Files belong to the thread alone. The list is bounded by what senders
 * have under way: each waits for its job. Flushing: flush_interval after the first message that stayed in memory. */
#include "exporters/file/writer.h"

#include <libgen.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/memory.h"
#include "exporters/file/backups.h"
#include "pipeline/worker.h"

/* An open file, in a list with the last used first. */
struct open_file {
    struct sm_file_output *output; /* owned */
    struct open_file *next;
};

struct sm_file_writer {
    struct sm_file_writer_options options;
    pthread_t thread;
    pthread_mutex_t lock; /* over the list and is_stopping */
    pthread_cond_t wake;
    struct sm_file_job *first, *last;
    bool is_stopping;
    /* the thread's own */
    struct open_file *files;
    uint64_t flush_at_ns; /* monotonic; 0: nothing is in memory */
};

/* ---- files */

static void close_file(struct sm_file_writer *writer, struct open_file *file)
{
    struct sm_error error;
    if (!sm_file_output_close(file->output, &error))
        sm_log(SM_LOG_ERROR, writer->options.logger, "Failed to close file", SM_LOG_STR("error", error.text));
    free(file);
}

static void close_files_beyond(struct sm_file_writer *writer, size_t limit)
{
    struct open_file **link = &writer->files;
    for (size_t count = 0; *link && count < limit; count++)
        link = &(*link)->next;
    while (*link) {
        struct open_file *file = *link;
        *link = file->next;
        close_file(writer, file);
    }
}

static struct sm_file_output *add_file(struct sm_file_writer *writer, const char *path, struct sm_error *error)
{
    struct sm_file_output *output = sm_file_output_open(path, writer->options.append, writer->options.rotation, error);
    if (!output)
        return NULL;
    struct open_file *file = sm_alloc(1, sizeof(*file));
    file->output = output;
    file->next = writer->files;
    writer->files = file;
    return output;
}

static struct sm_file_output *use_file(struct sm_file_writer *writer, const char *path, struct sm_error *error)
{
    if (writer->options.path)
        return writer->files->output;
    for (struct open_file **link = &writer->files; *link; link = &(*link)->next) {
        struct open_file *file = *link;
        if (strcmp(sm_file_output_path(file->output), path) != 0)
            continue;
        *link = file->next;
        file->next = writer->files;
        writer->files = file;
        return file->output;
    }
    char *copy = sm_strdup(path);
    bool is_made = sm_file_make_directories(dirname(copy), writer->options.directory_mode, error);
    free(copy);
    if (!is_made)
        return NULL;
    close_files_beyond(writer, writer->options.open_files_max - 1);
    return add_file(writer, path, error);
}

static void flush_files(struct sm_file_writer *writer)
{
    writer->flush_at_ns = 0;
    for (struct open_file *file = writer->files; file; file = file->next) {
        struct sm_error error;
        if (sm_file_output_flush(file->output, &error))
            continue;
        sm_log(SM_LOG_ERROR, writer->options.logger, "Failed to write what is in memory, will try again", SM_LOG_STR("error", error.text));
        writer->flush_at_ns = sm_clock_mono_ns() + writer->options.flush_interval_ns;
    }
}

/* ---- jobs */

static void write_job(struct sm_file_writer *writer, struct sm_file_job *job)
{
    job->is_written = true;
    for (size_t i = 0; i < job->count; i++) {
        struct sm_error error = {0};
        struct sm_file_output *output = use_file(writer, job->parts[i].path, &error);
        bool is_written = output && sm_file_output_write(output, job->parts[i].message, &error);
        if (!is_written && job->is_written)
            job->error = error;
        job->is_written &= is_written;
        if (output && sm_file_output_has_buffered(output) && !writer->flush_at_ns)
            writer->flush_at_ns = sm_clock_mono_ns() + writer->options.flush_interval_ns;
    }
    sm_worker_post(job->worker, job->done, job);
}

/* Waits for a job, the time to flush, or the end. */
static void wait_for_work(struct sm_file_writer *writer)
{
    if (!writer->flush_at_ns) {
        pthread_cond_wait(&writer->wake, &writer->lock);
        return;
    }
    struct timespec until = {.tv_sec = (time_t)(writer->flush_at_ns / SM_NS_PER_S), .tv_nsec = (long)(writer->flush_at_ns % SM_NS_PER_S)};
    pthread_cond_timedwait(&writer->wake, &writer->lock, &until);
}

static struct sm_file_job *take_jobs(struct sm_file_writer *writer, bool *is_stopping)
{
    pthread_mutex_lock(&writer->lock);
    while (!writer->first && !writer->is_stopping && (!writer->flush_at_ns || sm_clock_mono_ns() < writer->flush_at_ns))
        wait_for_work(writer);
    struct sm_file_job *jobs = writer->first;
    writer->first = writer->last = NULL;
    *is_stopping = writer->is_stopping;
    pthread_mutex_unlock(&writer->lock);
    return jobs;
}

static void *run(void *context)
{
    struct sm_file_writer *writer = context;
    for (bool is_stopping = false; !is_stopping;) {
        struct sm_file_job *job = take_jobs(writer, &is_stopping);
        while (job) {
            struct sm_file_job *next = job->_next;
            write_job(writer, job); /* gives the job away */
            job = next;
        }
        if (writer->flush_at_ns && sm_clock_mono_ns() >= writer->flush_at_ns)
            flush_files(writer);
    }
    close_files_beyond(writer, 0);
    return NULL;
}

/* ---- life */

static void release(struct sm_file_writer *writer)
{
    pthread_cond_destroy(&writer->wake);
    pthread_mutex_destroy(&writer->lock);
    free(writer);
}

struct sm_file_writer *sm_file_writer_start(const struct sm_file_writer_options *options, struct sm_error *error)
{
    struct sm_file_writer *writer = sm_alloc(1, sizeof(*writer));
    writer->options = *options;
    pthread_mutex_init(&writer->lock, NULL);
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&writer->wake, &attributes);
    pthread_condattr_destroy(&attributes);
    if (options->path && !add_file(writer, options->path, error)) {
        release(writer);
        return NULL;
    }
    int failure = pthread_create(&writer->thread, NULL, run, writer);
    if (failure) {
        sm_error_set_errno(error, failure, "start the thread that writes files");
        close_files_beyond(writer, 0);
        release(writer);
        return NULL;
    }
    return writer;
}

void sm_file_writer_stop(struct sm_file_writer *writer)
{
    if (!writer)
        return;
    pthread_mutex_lock(&writer->lock);
    writer->is_stopping = true;
    pthread_cond_signal(&writer->wake);
    pthread_mutex_unlock(&writer->lock);
    pthread_join(writer->thread, NULL);
    release(writer);
}

void sm_file_writer_post(struct sm_file_writer *writer, struct sm_file_job *job)
{
    job->_next = NULL;
    pthread_mutex_lock(&writer->lock);
    *(writer->last ? &writer->last->_next : &writer->first) = job;
    writer->last = job;
    pthread_cond_signal(&writer->wake);
    pthread_mutex_unlock(&writer->lock);
}
