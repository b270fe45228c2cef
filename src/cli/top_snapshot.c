/* top_snapshot.c - see top_snapshot.h. The other side is a process of the same user, yet whatever it sends is only cut at tabs and line ends. */
#include "cli/top_snapshot.h"

#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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

/* The process that a socket is named after; 0: it is none of ours. */
static long process_of(const char *name)
{
    long pid;
    int end = 0;
    return sscanf(name, "spanmill-%ld.sock%n", &pid, &end) == 1 && end && !name[end] ? pid : 0;
}

/* Whether somebody listens there. A process that was killed leaves its socket. */
static bool is_alive(const char *path, long pid)
{
    int fd = connect_to(path);
    if (fd >= 0)
        close(fd);
    else if (errno == ECONNREFUSED && kill((pid_t)pid, 0) != 0 && errno == ESRCH)
        unlink(path);
    return fd >= 0;
}

static bool is_before(const struct timespec *a, const struct timespec *b)
{
    return a->tv_sec < b->tv_sec || (a->tv_sec == b->tv_sec && a->tv_nsec < b->tv_nsec);
}

size_t sm_top_find_socket(long pid, char path[SM_TOP_SOCKET_SIZE], struct sm_error *error)
{
    char folder[SM_RUN_FOLDER_SIZE];
    DIR *entries = sm_run_folder_find(folder, false) ? opendir(folder) : NULL;
    struct timespec newest = {0};
    size_t count = 0;
    for (struct dirent *entry; entries && (entry = readdir(entries)) != NULL;) {
        char candidate[SM_TOP_SOCKET_SIZE];
        struct stat info;
        long of = process_of(entry->d_name);
        if (!of || (pid && of != pid) || snprintf(candidate, sizeof(candidate), "%s/%s", folder, entry->d_name) >= (int)sizeof(candidate) ||
            lstat(candidate, &info) != 0 || !is_alive(candidate, of))
            continue;
        count++;
        if (is_before(&info.st_mtim, &newest))
            continue;
        newest = info.st_mtim;
        memcpy(path, candidate, sizeof(candidate));
    }
    if (entries)
        closedir(entries);
    if (!count)
        (void)!sm_error_set(error, SM_ERROR_IO,
                            "no running spanmill of this user%s has a span_metrics connector, a volume processor or a datadog exporter",
                            pid ? " with this process ID" : "");
    return count;
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
        const char *body = sm_slice_find(sm_bytes_slice(&answer), SM_SLICE("\r\n\r\n"));
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

static uint64_t read_integer(struct sm_slice text)
{
    char copy[32];
    snprintf(copy, sizeof(copy), "%.*s", SM_SLICE_ARGS(text));
    return strtoull(copy, NULL, 10);
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

static struct sm_top_volume read_volume(struct sm_slice line, struct sm_arena *arena)
{
    struct sm_top_volume row = {0};
    row.service = unescape(sm_slice_cut(&line, '\t'), arena);
    row.environment = unescape(sm_slice_cut(&line, '\t'), arena);
    row.spans = read_number(sm_slice_cut(&line, '\t'));
    row.bytes = read_number(line);
    return row;
}

/* The next row of a table, without the tab in front; false at its end. */
static bool next_row(struct sm_slice *text, struct sm_slice *row)
{
    if (text->size == 0 || text->ptr[0] != '\t')
        return false;
    *row = sm_slice_cut(text, '\n');
    *row = sm_slice_make(row->ptr + 1, row->size - 1);
    return true;
}

/* Of two instances of a connector (while one drains after a reload) the newer one is shown. */
static void read_spans(struct sm_top_snapshot *snapshot, struct sm_slice *text, struct sm_slice unit, const char *component_id)
{
    struct sm_arena *arena = &snapshot->arena;
    struct sm_top_spans *table = (struct sm_top_spans *)sm_top_spans_find(snapshot, component_id);
    if (!table) {
        snapshot->spans = sm_arena_grow(arena, snapshot->spans, snapshot->spans_count, &(size_t){snapshot->spans_count}, snapshot->spans_count + 1,
                                        sizeof(*snapshot->spans));
        table = &snapshot->spans[snapshot->spans_count++];
    }
    *table = (struct sm_top_spans){.component_id = component_id, .ms_per_unit = sm_slice_is(unit, "s") ? 1000 : 1};
    size_t capacity = 0;
    for (struct sm_slice line; next_row(text, &line);) {
        if (table->row_count == capacity)
            table->rows = sm_arena_grow(arena, table->rows, table->row_count, &capacity, table->row_count + 1, sizeof(*table->rows));
        table->rows[table->row_count++] = read_row(line, arena);
    }
}

/* Instances of a processor count together: what an earlier one told is known. */
static void read_volumes(struct sm_top_snapshot *snapshot, struct sm_slice *text, const char *component_id)
{
    struct sm_arena *arena = &snapshot->arena;
    struct sm_top_volumes *table = (struct sm_top_volumes *)sm_top_volumes_find(snapshot, component_id);
    if (!table) {
        snapshot->volumes = sm_arena_grow(arena, snapshot->volumes, snapshot->volumes_count, &(size_t){snapshot->volumes_count},
                                          snapshot->volumes_count + 1, sizeof(*snapshot->volumes));
        table = &snapshot->volumes[snapshot->volumes_count++];
        *table = (struct sm_top_volumes){.component_id = component_id};
    }
    const struct sm_top_volumes known = *table;
    size_t capacity = table->row_count;
    for (struct sm_slice line; next_row(text, &line);) {
        struct sm_top_volume row = read_volume(line, arena);
        if (sm_top_volume_find(&known, row.service, row.environment))
            continue;
        if (table->row_count == capacity)
            table->rows = sm_arena_grow(arena, table->rows, table->row_count, &capacity, table->row_count + 1, sizeof(*table->rows));
        table->rows[table->row_count++] = row;
    }
}

struct sm_top_snapshot *sm_top_snapshot_parse(struct sm_slice text, struct sm_error *error)
{
    struct sm_slice head = sm_slice_cut(&text, '\n');
    if (!sm_slice_is(sm_slice_cut(&head, ' '), "spanmill-top") || !sm_slice_is(sm_slice_cut(&head, ' '), "2")) {
        sm_error_set(error, SM_ERROR_PROTOCOL, "the running spanmill is of another version");
        return NULL;
    }
    struct sm_top_snapshot *snapshot = sm_alloc(1, sizeof(*snapshot));
    snapshot->time_ns = read_integer(sm_slice_cut(&head, ' '));
    snapshot->pid = (long)read_integer(head);
    while (text.size) {
        struct sm_slice line = sm_slice_cut(&text, '\n');
        bool is_table = sm_slice_is(sm_slice_cut(&line, ' '), "table");
        struct sm_slice kind = sm_slice_cut(&line, ' '), unit = sm_slice_cut(&line, ' ');
        if (is_table && sm_slice_is(kind, "spans"))
            read_spans(snapshot, &text, unit, unescape(line, &snapshot->arena));
        else if (is_table && sm_slice_is(kind, "volume"))
            read_volumes(snapshot, &text, unescape(line, &snapshot->arena));
        /* What a later version tells besides is passed over. */
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

const struct sm_top_spans *sm_top_spans_find(const struct sm_top_snapshot *snapshot, const char *component_id)
{
    for (size_t i = 0; i < snapshot->spans_count; i++)
        if (strcmp(snapshot->spans[i].component_id, component_id) == 0)
            return &snapshot->spans[i];
    return NULL;
}

const struct sm_top_volumes *sm_top_volumes_find(const struct sm_top_snapshot *snapshot, const char *component_id)
{
    for (size_t i = 0; i < snapshot->volumes_count; i++)
        if (strcmp(snapshot->volumes[i].component_id, component_id) == 0)
            return &snapshot->volumes[i];
    return NULL;
}

const struct sm_top_volume *sm_top_volume_find(const struct sm_top_volumes *table, const char *service, const char *environment)
{
    for (size_t i = 0; table && i < table->row_count; i++)
        if (strcmp(table->rows[i].service, service) == 0 && strcmp(table->rows[i].environment, environment) == 0)
            return &table->rows[i];
    return NULL;
}

struct sm_top_volume sm_top_volume_since(const struct sm_top_volume *row, const struct sm_top_volumes *before)
{
    const struct sm_top_volume *old = row ? sm_top_volume_find(before, row->service, row->environment) : NULL;
    struct sm_top_volume since = row ? *row : (struct sm_top_volume){0};
    if (!old || old->spans > row->spans)
        return since;
    since.spans -= old->spans;
    since.bytes -= old->bytes;
    return since;
}

static const struct sm_top_row *find_row(const struct sm_top_spans *table, const struct sm_top_row *row)
{
    for (size_t i = 0; table && i < table->row_count; i++)
        if (strcmp(table->rows[i].operation, row->operation) == 0 && strcmp(table->rows[i].service, row->service) == 0)
            return &table->rows[i];
    return NULL;
}

static double count_in(const struct sm_top_row *row, const struct sm_top_bucket *bucket)
{
    for (size_t i = 0; i < row->bucket_count; i++)
        if (row->buckets[i].low == bucket->low && row->buckets[i].high == bucket->high)
            return row->buckets[i].count;
    return 0;
}

struct sm_top_row sm_top_row_since(const struct sm_top_row *row, const struct sm_top_spans *before, struct sm_arena *arena)
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
