/* group_path.c - see group_path.h. Source: exporter/fileexporter/grouping_file_exporter.go (fullPath), Go's path.Clean. */
#include "exporters/file/group_path.h"

#include "base/bytes.h"

/* Cuts the last element off what was kept. */
static void go_up(struct sm_bytes *clean, size_t floor)
{
    while (clean->size > floor && clean->ptr[clean->size - 1] != '/')
        clean->size--;
    if (clean->size > floor)
        clean->size--;
}

static void add_element(struct sm_bytes *clean, bool is_rooted, struct sm_slice element)
{
    size_t start = is_rooted ? 1 : 0;
    if (clean->size > start)
        sm_bytes_append_char(clean, '/');
    sm_bytes_append_slice(clean, element);
}

/* The path in its shortest form: without "//", "." and "..", as far as they can be resolved. */
static char *clean_path(struct sm_slice path, struct sm_arena *arena)
{
    struct sm_bytes clean;
    sm_bytes_init(&clean, arena);
    bool is_rooted = path.size && path.ptr[0] == '/';
    if (is_rooted)
        sm_bytes_append_char(&clean, '/');
    size_t floor = clean.size; /* what cannot be cut off: the root, or leading ".." */
    while (path.size) {
        struct sm_slice element = sm_slice_cut(&path, '/');
        if (!element.size || sm_slice_is(element, "."))
            continue;
        if (!sm_slice_is(element, "..")) {
            add_element(&clean, is_rooted, element);
        } else if (clean.size > floor) {
            go_up(&clean, floor);
        } else if (!is_rooted) {
            add_element(&clean, is_rooted, element);
            floor = clean.size;
        }
    }
    if (!clean.size)
        sm_bytes_append_char(&clean, '.');
    return sm_arena_strdup(arena, sm_bytes_slice(&clean));
}

static struct sm_slice join(struct sm_arena *arena, struct sm_slice a, struct sm_slice b, struct sm_slice c)
{
    struct sm_bytes joined;
    sm_bytes_init(&joined, arena);
    sm_bytes_append_slice(&joined, a);
    sm_bytes_append_slice(&joined, b);
    sm_bytes_append_slice(&joined, c);
    return sm_bytes_slice(&joined);
}

static struct sm_slice clean_prefix(struct sm_slice prefix, struct sm_arena *arena)
{
    struct sm_slice clean = sm_slice_of(clean_path(prefix, arena)), slash = SM_SLICE("/");
    return sm_slice_ends_with(prefix, slash) && !sm_slice_ends_with(clean, slash) ? join(arena, clean, slash, (struct sm_slice){0}) : clean;
}

const char *sm_file_group_path(const char *path, struct sm_slice segment, struct sm_arena *arena)
{
    struct sm_slice suffix = sm_slice_of(path);
    struct sm_slice prefix = clean_prefix(sm_slice_cut(&suffix, '*'), arena);
    size_t cut = sm_slice_starts_with(segment, SM_SLICE("./")) ? 1 : sm_slice_starts_with(segment, SM_SLICE("../")) ? 2 : 0;
    segment = sm_slice_make(segment.ptr + cut, segment.size - cut);
    const char *full = clean_path(join(arena, prefix, segment, suffix), arena);
    if (sm_slice_starts_with(sm_slice_of(full), prefix))
        return full;
    /* The segment wants out: taken as a path below the prefix, where ".." ends at the root. */
    const char *below = clean_path(join(arena, SM_SLICE("/"), segment, suffix), arena);
    return clean_path(join(arena, prefix, SM_SLICE("/"), sm_slice_of(below)), arena);
}
