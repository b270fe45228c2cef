/* secret_file.c - see secret_file.h. Reads a few bytes from disk on the caller's thread, at most once a second and only when the file has changed. */
#include "base/secret_file.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"

struct sm_secret_file {
    char *path;                     /* owned */
    const struct sm_logger *logger; /* borrowed */
    pthread_mutex_t lock;
    /* guarded by lock */
    struct sm_bytes content; /* owned */
    struct stat seen;
    uint64_t look_at_ns;
    bool is_lost; /* cannot be read, and that has been told */
};

static bool read_all(int fd, struct sm_bytes *out)
{
    char part[4096];
    for (;;) {
        ssize_t count = read(fd, part, sizeof(part));
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            return count == 0;
        if (out->size + (size_t)count > SM_SECRET_FILE_LIMIT_BYTES) {
            errno = EFBIG;
            return false;
        }
        sm_bytes_append(out, part, (size_t)count);
    }
}

static bool load(struct sm_secret_file *file, struct sm_error *error)
{
    struct sm_bytes text = {0};
    struct stat info;
    int fd = open(file->path, O_RDONLY | O_CLOEXEC);
    bool is_read = fd >= 0 && fstat(fd, &info) == 0 && read_all(fd, &text);
    int reason = errno;
    if (fd >= 0)
        close(fd);
    struct sm_slice content = sm_slice_trim(sm_bytes_slice(&text));
    if (!is_read) {
        sm_error_set_errno(error, reason, "failed to read file %s", file->path);
        sm_error_advise_file(error, reason, file->path, false);
    } else if (content.size == 0) {
        is_read = sm_error_set(error, SM_ERROR_USAGE, "file %s is empty", file->path);
    } else {
        file->seen = info;
        file->content.size = 0;
        sm_bytes_append_slice(&file->content, content);
    }
    sm_bytes_deinit(&text);
    return is_read;
}

struct sm_secret_file *sm_secret_file_open(const char *path, const struct sm_logger *logger, struct sm_error *error)
{
    struct sm_secret_file *file = sm_alloc(1, sizeof(*file));
    file->path = sm_strdup(path);
    file->logger = logger;
    pthread_mutex_init(&file->lock, NULL);
    file->look_at_ns = sm_clock_mono_ns() + SM_NS_PER_S;
    if (load(file, error))
        return file;
    sm_error_of_start(error);
    sm_secret_file_close(file);
    return NULL;
}

static bool is_same(const struct stat *a, const struct stat *b)
{
    return a->st_ino == b->st_ino && a->st_dev == b->st_dev && a->st_size == b->st_size && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
           a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

/* False: the last good content stays. */
static bool refresh(struct sm_secret_file *file, struct sm_error *error)
{
    struct stat info;
    if (stat(file->path, &info) != 0)
        return sm_error_set_errno(error, errno, "failed to read file %s", file->path);
    return is_same(&info, &file->seen) || load(file, error);
}

static void look(struct sm_secret_file *file)
{
    uint64_t now_ns = sm_clock_mono_ns();
    if (now_ns < file->look_at_ns)
        return;
    file->look_at_ns = now_ns + SM_NS_PER_S;
    struct sm_error error;
    bool was_lost = file->is_lost;
    file->is_lost = !refresh(file, &error);
    if (file->is_lost && !was_lost)
        sm_log(SM_LOG_WARN, file->logger, "A file with a secret cannot be read any more; its last content stays in use",
               SM_LOG_STR("error", error.text));
    else if (was_lost && !file->is_lost)
        sm_log(SM_LOG_INFO, file->logger, "A file with a secret can be read again", SM_LOG_STR("path", file->path));
}

void sm_secret_file_read(struct sm_secret_file *file, struct sm_bytes *out)
{
    pthread_mutex_lock(&file->lock);
    look(file);
    sm_bytes_append_slice(out, sm_bytes_slice(&file->content));
    pthread_mutex_unlock(&file->lock);
}

void sm_secret_file_close(struct sm_secret_file *file)
{
    if (!file)
        return;
    pthread_mutex_destroy(&file->lock);
    sm_bytes_deinit(&file->content);
    free(file->path);
    free(file);
}
