/* top_snapshot.c - see top_snapshot.h. The other side is a process of the same user, yet whatever it sends is only cut at tabs and line ends. */
#include "cli/top_snapshot.h"

#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/memory.h"
#include "base/run_folder.h"

enum { ANSWER_SIZE_MAX = 64 << 20, ANSWER_TIMEOUT_S = 5, READ_SIZE = 65536 };

/* ---- asking */

static int connect_to(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const struct timeval timeout = {.tv_sec = ANSWER_TIMEOUT_S};
    if (fd < 0)
        return -1;
    snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
    if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0)
        return fd;
    close(fd);
    return -1;
}

static bool belongs_to(const char *name, long pid)
{
    long of;
    char rest;
    return sscanf(name, "spanmill-%ld-%c", &of, &rest) == 2 && (pid == 0 || of == pid) && sm_slice_ends_with(sm_slice_of(name), SM_SLICE(".sock"));
}

bool sm_top_find_socket(long pid, char path[SM_TOP_SOCKET_SIZE], struct sm_error *error)
{
    char folder[SM_RUN_FOLDER_SIZE];
    DIR *entries = sm_run_folder_find(folder, false) ? opendir(folder) : NULL;
    struct timespec newest = {0};
    bool is_found = false;
    for (struct dirent *entry; entries && (entry = readdir(entries)) != NULL;) {
        char candidate[SM_TOP_SOCKET_SIZE];
        struct stat info;
        if (!belongs_to(entry->d_name, pid) || snprintf(candidate, sizeof(candidate), "%s/%s", folder, entry->d_name) >= (int)sizeof(candidate) ||
            lstat(candidate, &info) != 0)
            continue;
        bool is_newer = info.st_mtim.tv_sec > newest.tv_sec || (info.st_mtim.tv_sec == newest.tv_sec && info.st_mtim.tv_nsec >= newest.tv_nsec);
        int fd = is_newer ? connect_to(candidate) : -1; /* a process that was killed leaves its socket */
        if (fd < 0)
            continue;
        close(fd);
        newest = info.st_mtim;
        memcpy(path, candidate, sizeof(candidate));
        is_found = true;
    }
    if (entries)
        closedir(entries);
    return is_found || sm_error_set(error, SM_ERROR_IO, "no running spanmill of this user has a span_metrics connector");
}

static bool read_answer(int fd, struct sm_bytes *answer, struct sm_error *error)
{
    static const char request[] = "GET / HTTP/1.1\r\nHost: spanmill\r\nConnection: close\r\n\r\n";
    if (write(fd, request, sizeof(request) - 1) != (ssize_t)(sizeof(request) - 1))
        return sm_error_set_errno(error, errno, "asking");
    for (;;) {
        ssize_t count = read(fd, sm_bytes_reserve(answer, READ_SIZE), READ_SIZE);
        if (count < 0)
            return sm_error_set_errno(error, errno, "waiting for the answer");
        if (count == 0)
            return true;
        answer->size += (size_t)count;
        if (answer->size > ANSWER_SIZE_MAX)
            return sm_error_set(error, SM_ERROR_PROTOCOL, "the answer is too long");
    }
}

struct sm_top_snapshot *sm_top_snapshot_fetch(const char *socket_path, struct sm_error *error)
{
    int fd = connect_to(socket_path);
    if (fd < 0) {
        sm_error_set_errno(error, errno, "connect %s", socket_path);
        return NULL;
    }
    struct sm_bytes answer = {0};
    struct sm_top_snapshot *snapshot = NULL;
    if (read_answer(fd, &answer, error)) {
        const char *body = memmem(answer.ptr, answer.size, "\r\n\r\n", 4);
        struct sm_slice text = body ? sm_slice_make(body + 4, answer.size - (size_t)(body + 4 - answer.ptr)) : (struct sm_slice){0};
        snapshot = sm_top_snapshot_parse(text, error);
    }
    close(fd);
    sm_bytes_deinit(&answer);
    return snapshot;
}

/* ---- reading */

static const char *unescape(struct sm_slice text, struct sm_arena *arena)
{
    char *out = sm_arena_alloc(arena, text.size + 1);
    size_t size = 0;
    for (size_t i = 0; i < text.size; i++) {
        char c = text.ptr[i];
        if (c == '\\' && i + 1 < text.size) {
            c = text.ptr[++i];
            c = c == 't' ? '\t' : c == 'n' ? '\n' : c;
        }
        out[size++] = c;
    }
    out[size] = '\0';
    return out;
}

static double read_number(struct sm_slice text)
{
    char copy[64];
    snprintf(copy, sizeof(copy), "%.*s", SM_SLICE_ARGS(text));
    return strtod(copy, NULL);
}

static void read_buckets(struct sm_slice text, struct sm_top_row *row, struct sm_arena *arena)
{
    size_t capacity = 0;
    while (text.size) {
        struct sm_slice count = sm_slice_cut(&text, ' '), high = sm_slice_cut(&count, ':'), low = sm_slice_cut(&high, '/');
        if (row->bucket_count == capacity)
            row->buckets = sm_arena_grow(arena, row->buckets, row->bucket_count, &capacity, row->bucket_count + 1, sizeof(*row->buckets));
        row->buckets[row->bucket_count++] = (struct sm_top_bucket){.low = read_number(low), .high = read_number(high), .count = read_number(count)};
    }
}

static struct sm_top_row read_row(struct sm_slice line, struct sm_arena *arena)
{
    struct sm_top_row row = {0};
    row.service = unescape(sm_slice_cut(&line, '\t'), arena);
    row.operation = unescape(sm_slice_cut(&line, '\t'), arena);
    row.count = read_number(sm_slice_cut(&line, '\t'));
    row.errors = read_number(sm_slice_cut(&line, '\t'));
    row.sum = read_number(sm_slice_cut(&line, '\t'));
    read_buckets(line, &row, arena);
    return row;
}

struct sm_top_snapshot *sm_top_snapshot_parse(struct sm_slice text, struct sm_error *error)
{
    struct sm_slice head = sm_slice_cut(&text, '\n');
    if (!sm_slice_is(sm_slice_cut(&head, ' '), "spanmill-top") || !sm_slice_is(sm_slice_cut(&head, ' '), "1")) {
        sm_error_set(error, SM_ERROR_PROTOCOL, "the running spanmill is of another version");
        return NULL;
    }
    struct sm_top_snapshot *snapshot = sm_alloc(1, sizeof(*snapshot));
    char time[32];
    struct sm_slice time_text = sm_slice_cut(&head, ' ');
    snprintf(time, sizeof(time), "%.*s", SM_SLICE_ARGS(time_text));
    snapshot->time_ns = strtoull(time, NULL, 10);
    snapshot->ms_per_unit = sm_slice_is(sm_slice_cut(&head, ' '), "s") ? 1000 : 1;
    size_t capacity = 0;
    while (text.size) {
        struct sm_slice line = sm_slice_cut(&text, '\n');
        if (snapshot->row_count == capacity)
            snapshot->rows =
                sm_arena_grow(&snapshot->arena, snapshot->rows, snapshot->row_count, &capacity, snapshot->row_count + 1, sizeof(*snapshot->rows));
        snapshot->rows[snapshot->row_count++] = read_row(line, &snapshot->arena);
    }
    return snapshot;
}

void sm_top_snapshot_free(struct sm_top_snapshot *snapshot)
{
    if (!snapshot)
        return;
    sm_arena_deinit(&snapshot->arena);
    free(snapshot);
}

/* ---- comparing */

static const struct sm_top_row *find_row(const struct sm_top_snapshot *snapshot, const struct sm_top_row *row)
{
    for (size_t i = 0; snapshot && i < snapshot->row_count; i++)
        if (strcmp(snapshot->rows[i].operation, row->operation) == 0 && strcmp(snapshot->rows[i].service, row->service) == 0)
            return &snapshot->rows[i];
    return NULL;
}

static double count_in(const struct sm_top_row *row, const struct sm_top_bucket *bucket)
{
    for (size_t i = 0; i < row->bucket_count; i++)
        if (row->buckets[i].low == bucket->low && row->buckets[i].high == bucket->high)
            return row->buckets[i].count;
    return 0;
}

struct sm_top_row sm_top_row_since(const struct sm_top_row *row, const struct sm_top_snapshot *before, struct sm_arena *arena)
{
    const struct sm_top_row *old = find_row(before, row);
    struct sm_top_row since = *row;
    if (!old || old->count > row->count)
        return since;
    since.count -= old->count;
    since.errors -= old->errors;
    since.sum -= old->sum;
    since.buckets = sm_arena_alloc(arena, row->bucket_count * sizeof(*since.buckets));
    for (size_t i = 0; i < row->bucket_count; i++) {
        since.buckets[i] = row->buckets[i];
        since.buckets[i].count -= count_in(old, &row->buckets[i]);
        if (since.buckets[i].count < 0) { /* an exponential histogram got coarser meanwhile */
            since.buckets = row->buckets;
            break;
        }
    }
    return since;
}

double sm_top_row_quantile(const struct sm_top_row *row, double share)
{
    double total = 0, seen = 0;
    for (size_t i = 0; i < row->bucket_count; i++)
        total += row->buckets[i].count;
    for (size_t i = 0; total > 0 && i < row->bucket_count; i++) {
        const struct sm_top_bucket *bucket = &row->buckets[i];
        if (bucket->count > 0 && seen + bucket->count >= share * total)
            return isinf(bucket->high) ? bucket->low : bucket->low + (bucket->high - bucket->low) * (share * total - seen) / bucket->count;
        seen += bucket->count;
    }
    return NAN;
}
