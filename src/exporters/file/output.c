/* output.c - see output.h.
 *
 * Without rotation: a buffer that is written when it is full, as the reference's bufio (4 KiB), or when flushed. With rotation: every message at
 * once, into a new file when it would pass the size. State: the descriptor, the size of what is safely in the file, the buffer. Source:
 * exporter/fileexporter (file_writer.go, buffered_writer.go), github.com/DeRuina/timberjack (rotation and names of backups). */
#include "exporters/file/output.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/memory.h"
#include "exporters/file/backups.h"

enum { BUFFER_BYTES = 4096, MEGABYTES_DEFAULT = 100, MODE_PLAIN = 0644, MODE_ROTATED = 0640, BYTES_PER_MEGABYTE = 1024 * 1024 };

struct sm_file_output {
    char *path;                              /* owned */
    const struct sm_file_rotation *rotation; /* borrowed; NULL: none */
    int fd;                                  /* -1: not open */
    off_t size;                              /* of the file, whole messages only */
    bool is_seekable;                        /* false: a pipe or a terminal, nothing can be cut off */
    struct sm_bytes buffer;                  /* whole messages */
};

/* ---- the descriptor */

static bool open_file(struct sm_file_output *output, int flags, mode_t mode, struct sm_error *error)
{
    output->fd = open(output->path, flags | O_CREAT | O_CLOEXEC, mode);
    if (output->fd < 0)
        return sm_error_set_errno(error, errno, "open %s", output->path);
    struct stat status;
    if (fstat(output->fd, &status) != 0) {
        int reason = errno;
        close(output->fd);
        output->fd = -1;
        return sm_error_set_errno(error, reason, "stat %s", output->path);
    }
    output->is_seekable = S_ISREG(status.st_mode);
    output->size = status.st_size;
    return true;
}

/* Writes all of it, or cuts off what was written. */
static bool write_whole(struct sm_file_output *output, struct sm_slice bytes, struct sm_error *error)
{
    size_t written = 0;
    while (written < bytes.size) {
        ssize_t size = write(output->fd, bytes.ptr + written, bytes.size - written);
        if (size > 0) {
            written += (size_t)size;
            continue;
        }
        if (size < 0 && errno == EINTR)
            continue;
        int reason = errno;
        bool is_torn = written && (!output->is_seekable || ftruncate(output->fd, output->size) != 0);
        if (is_torn)
            output->size += (off_t)written;
        return sm_error_set_errno(error, reason, "write %s%s", output->path, is_torn ? " (a part of a message is in the file)" : "");
    }
    output->size += (off_t)bytes.size;
    return true;
}

struct sm_file_output *sm_file_output_open(const char *path, bool append, const struct sm_file_rotation *rotation, struct sm_error *error)
{
    struct sm_file_output *output = sm_alloc(1, sizeof(*output));
    output->path = sm_strdup(path);
    output->rotation = rotation;
    output->fd = -1;
    /* O_APPEND without `append` too: after a part was cut off, writing goes on at the new end. */
    if (rotation || open_file(output, O_WRONLY | O_APPEND | (append ? 0 : O_TRUNC), MODE_PLAIN, error))
        return output;
    free(output->path);
    free(output);
    return NULL;
}

const char *sm_file_output_path(const struct sm_file_output *output)
{
    return output->path;
}

/* ---- rotation */

static off_t size_limit(const struct sm_file_rotation *rotation)
{
    int64_t megabytes = rotation->max_megabytes > 0 ? rotation->max_megabytes : MEGABYTES_DEFAULT;
    off_t limit;
    return __builtin_mul_overflow(megabytes, (int64_t)BYTES_PER_MEGABYTE, &limit) ? INT64_MAX : limit;
}

static bool make_parent(const char *path, struct sm_error *error)
{
    char *copy = sm_strdup(path);
    bool is_made = sm_file_make_directories(dirname(copy), 0755, error);
    free(copy);
    return is_made;
}

static bool start_new(struct sm_file_output *output, struct sm_error *error)
{
    if (output->fd >= 0)
        close(output->fd);
    output->fd = -1;
    return make_parent(output->path, error) && sm_file_back_up(output->path, output->rotation->localtime, error) &&
           open_file(output, O_WRONLY | O_APPEND | O_TRUNC, MODE_ROTATED, error) && sm_file_clean_backups(output->path, output->rotation, error);
}

static bool write_rotated(struct sm_file_output *output, struct sm_slice message, struct sm_error *error)
{
    off_t limit = size_limit(output->rotation), size = (off_t)message.size;
    if (size > limit)
        return sm_error_set(error, SM_ERROR_USAGE, "write length %lld exceeds maximum file size %lld", (long long)size, (long long)limit);
    if (output->fd < 0) {
        struct stat status;
        bool exists = stat(output->path, &status) == 0;
        bool fits = exists && status.st_size + size < limit;
        if (!(fits ? open_file(output, O_WRONLY | O_APPEND, MODE_ROTATED, error) : start_new(output, error)))
            return false;
    } else if (output->size + size > limit && !start_new(output, error)) {
        return false;
    }
    return write_whole(output, message, error);
}

/* ---- messages */

bool sm_file_output_flush(struct sm_file_output *output, struct sm_error *error)
{
    if (!output->buffer.size)
        return true;
    if (!write_whole(output, sm_bytes_slice(&output->buffer), error))
        return false;
    output->buffer.size = 0;
    return true;
}

bool sm_file_output_write(struct sm_file_output *output, struct sm_slice message, struct sm_error *error)
{
    if (output->rotation)
        return write_rotated(output, message, error);
    /* What waits goes first, so that a message that the disk refuses can be given back alone. */
    if (output->buffer.size + message.size > BUFFER_BYTES && !sm_file_output_flush(output, error))
        return false;
    if (message.size > BUFFER_BYTES)
        return write_whole(output, message, error);
    sm_bytes_append_slice(&output->buffer, message);
    return true;
}

bool sm_file_output_has_buffered(const struct sm_file_output *output)
{
    return output->buffer.size > 0;
}

bool sm_file_output_close(struct sm_file_output *output, struct sm_error *error)
{
    if (!output)
        return true;
    bool is_whole = sm_file_output_flush(output, error);
    if (!is_whole)
        sm_error_wrap(error, "%zu bytes are lost", output->buffer.size);
    if (output->fd >= 0 && close(output->fd) != 0 && is_whole)
        is_whole = sm_error_set_errno(error, errno, "close %s", output->path);
    sm_bytes_deinit(&output->buffer);
    free(output->path);
    free(output);
    return is_whole;
}
