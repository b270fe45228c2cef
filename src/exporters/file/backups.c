/* backups.c - see backups.h. Source: github.com/DeRuina/timberjack (backupName, millRunOnce). */
#include "exporters/file/backups.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "exporters/file/output.h"

enum { TIME_SIZE = 23, SAME_NAME_TRIES = 1000 }; /* "2026-11-21T11-06-04.969" */

/* A path in its parts; all borrowed. */
struct path_parts {
    struct sm_slice directory; /* with the slash; empty: the current one */
    struct sm_slice stem, extension;
};

static struct path_parts split_path(const char *path)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path, *dot = strrchr(name, '.');
    return (struct path_parts){.directory = sm_slice_make(path, (size_t)(name - path)),
                               .stem = dot ? sm_slice_make(name, (size_t)(dot - name)) : sm_slice_of(name),
                               .extension = sm_slice_of(dot)};
}

static void format_time(uint64_t time_ns, bool local, char text[TIME_SIZE + 8])
{
    time_t seconds = (time_t)(time_ns / SM_NS_PER_S);
    struct tm parts;
    if (local)
        localtime_r(&seconds, &parts);
    else
        gmtime_r(&seconds, &parts);
    size_t size = strftime(text, TIME_SIZE + 1, "%Y-%m-%dT%H-%M-%S", &parts);
    snprintf(text + size, TIME_SIZE + 8 - size, ".%03u", (unsigned)(time_ns / SM_NS_PER_MS % 1000));
}

bool sm_file_back_up(const char *path, bool local, struct sm_error *error)
{
    struct stat status;
    if (stat(path, &status) != 0)
        return errno == ENOENT || sm_error_set_errno(error, errno, "stat %s", path);
    struct sm_arena arena = SM_ARENA_INIT;
    struct path_parts parts = split_path(path);
    uint64_t now_ns = sm_clock_wall_ns();
    const char *backup = NULL;
    /* Two rotations in one millisecond must not overwrite each other. */
    for (int i = 0; i < SAME_NAME_TRIES; i++, now_ns += SM_NS_PER_MS) {
        char text[TIME_SIZE + 8];
        format_time(now_ns, local, text);
        backup = sm_arena_printf(&arena, "%.*s%.*s-%s-size%.*s", SM_SLICE_ARGS(parts.directory), SM_SLICE_ARGS(parts.stem), text,
                                 SM_SLICE_ARGS(parts.extension));
        if (access(backup, F_OK) != 0)
            break;
    }
    bool is_done = rename(path, backup) == 0 || sm_error_set_errno(error, errno, "rename %s to %s", path, backup);
    sm_arena_deinit(&arena);
    return is_done;
}

/* ---- old backups */

/* The time in the name of a backup of `parts`, as text; empty: the file is none. */
static struct sm_slice time_in_name(const struct path_parts *parts, struct sm_slice name)
{
    struct sm_slice none = {0};
    if (!sm_slice_starts_with(name, parts->stem) || !sm_slice_ends_with(name, parts->extension))
        return none;
    if (name.size < parts->stem.size + parts->extension.size + 1 + TIME_SIZE + 2 || name.ptr[parts->stem.size] != '-')
        return none;
    struct sm_slice time = sm_slice_make(name.ptr + parts->stem.size + 1, TIME_SIZE);
    static const char form[] = "0000-00-00T00-00-00.000";
    for (size_t i = 0; i < TIME_SIZE; i++)
        if (form[i] == '0' ? time.ptr[i] < '0' || time.ptr[i] > '9' : time.ptr[i] != form[i])
            return none;
    return time.ptr[TIME_SIZE] == '-' ? time : none;
}

struct backup {
    const char *name;
    struct sm_slice time;
};

static int compare_newest_first(const void *a, const void *b)
{
    return sm_slice_compare(((const struct backup *)b)->time, ((const struct backup *)a)->time);
}

static struct backup *list_backups(DIR *directory, const struct path_parts *parts, struct sm_arena *arena, size_t *count)
{
    struct backup *backups = NULL;
    size_t capacity = 0;
    *count = 0;
    for (struct dirent *entry = readdir(directory); entry; entry = readdir(directory)) {
        const char *name = sm_arena_strdup(arena, sm_slice_of(entry->d_name));
        struct sm_slice time = time_in_name(parts, sm_slice_of(name));
        if (!time.size)
            continue;
        if (*count == capacity)
            backups = sm_arena_grow(arena, backups, *count, &capacity, *count + 1, sizeof(*backups));
        backups[(*count)++] = (struct backup){.name = name, .time = time};
    }
    if (*count)
        qsort(backups, *count, sizeof(*backups), compare_newest_first);
    return backups;
}

bool sm_file_clean_backups(const char *path, const struct sm_file_rotation *rotation, struct sm_error *error)
{
    if (rotation->max_backups <= 0 && rotation->max_days <= 0)
        return true;
    struct sm_arena arena = SM_ARENA_INIT;
    struct path_parts parts = split_path(path);
    const char *where = parts.directory.size ? sm_arena_strdup(&arena, parts.directory) : "./";
    DIR *directory = opendir(where);
    if (!directory) {
        sm_arena_deinit(&arena);
        return sm_error_set_errno(error, errno, "list %s", path);
    }
    char oldest[TIME_SIZE + 8] = "";
    if (rotation->max_days > 0 && (uint64_t)rotation->max_days < sm_clock_wall_ns() / (86400 * SM_NS_PER_S))
        format_time(sm_clock_wall_ns() - (uint64_t)rotation->max_days * 86400 * SM_NS_PER_S, rotation->localtime, oldest);
    size_t count;
    struct backup *backups = list_backups(directory, &parts, &arena, &count);
    int kept = 0;
    bool is_done = true;
    for (size_t i = 0; i < count; i++) {
        bool is_too_many = rotation->max_backups > 0 && kept >= rotation->max_backups;
        if (!is_too_many && sm_slice_compare(backups[i].time, sm_slice_of(oldest)) >= 0) {
            kept++;
            continue;
        }
        if (unlinkat(dirfd(directory), backups[i].name, 0) != 0 && errno != ENOENT)
            is_done = sm_error_set_errno(error, errno, "remove %s%s", where, backups[i].name);
    }
    closedir(directory);
    sm_arena_deinit(&arena);
    return is_done;
}

/* ---- directories */

bool sm_file_make_directories(const char *path, mode_t mode, struct sm_error *error)
{
    struct sm_arena arena = SM_ARENA_INIT;
    char *partial = sm_arena_strdup(&arena, sm_slice_of(path));
    bool is_made = true;
    for (char *at = partial + 1; is_made && *partial; at++) {
        if (*at != '/' && *at != '\0')
            continue;
        char kept = *at;
        *at = '\0';
        struct stat status;
        if (mkdir(partial, mode) != 0 && (stat(partial, &status) != 0 || !S_ISDIR(status.st_mode)))
            is_made = sm_error_set_errno(error, errno ? errno : ENOTDIR, "make directory %s", partial);
        *at = kept;
        if (!kept)
            break;
    }
    sm_arena_deinit(&arena);
    return is_made;
}
