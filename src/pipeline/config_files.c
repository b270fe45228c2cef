/* config_files.c - two exporters must not hold their queues in the same file: each would wait for the other to close it.
 *
 * Paths are compared as the file system has them where their folder exists, and otherwise as they are written, made absolute. */
#include "pipeline/config_internal.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "config/diags.h"

/* Without empty parts and those that are a dot. */
static void append_parts(struct sm_bytes *out, struct sm_slice path)
{
    while (path.size) {
        const char *slash = memchr(path.ptr, '/', path.size);
        size_t size = slash ? (size_t)(slash - path.ptr) : path.size;
        struct sm_slice part = sm_slice_make(path.ptr, size);
        if (part.size && !sm_slice_is(part, ".")) {
            sm_bytes_append_char(out, '/');
            sm_bytes_append_slice(out, part);
        }
        path = slash ? sm_slice_make(slash + 1, path.size - size - 1) : (struct sm_slice){0};
    }
}

static struct sm_slice canonical(struct sm_arena *arena, const char *path)
{
    char folder[PATH_MAX];
    struct sm_bytes out;
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    const char *parent = !slash ? "." : slash == path ? "/" : sm_arena_strdup(arena, sm_slice_make(path, (size_t)(slash - path)));
    sm_bytes_init(&out, arena);
    bool is_there = realpath(parent, folder) != NULL;
    if (is_there || (*path != '/' && getcwd(folder, sizeof(folder))))
        append_parts(&out, sm_slice_of(folder));
    append_parts(&out, sm_slice_of(is_there ? name : path));
    return sm_bytes_slice(&out);
}

/* The exporters that pipelines name, each once, whose queue has a file of its own. */
struct file {
    const struct sm_configured *exporter;
    struct sm_slice path;
};
struct file_list {
    struct file *items;
    size_t count, capacity;
};

static void take_exporter(struct sm_config_builder *builder, const struct sm_configured *exporter, struct file_list *files)
{
    struct sm_bytes path;
    sm_bytes_init(&path, builder->arena);
    if (exporter->type->kind != SM_EXPORTER || !exporter->type->queue_file || !exporter->type->queue_file(exporter->options, &path))
        return;
    struct sm_slice file = canonical(builder->arena, sm_bytes_cstr(&path));
    for (size_t i = 0; i < files->count; i++) {
        const struct sm_configured *other = files->items[i].exporter;
        if (other == exporter)
            return;
        if (sm_slice_equal(files->items[i].path, file))
            sm_diags_add(builder->diags, SM_DIAG_ERROR, exporter->position, sm_arena_printf(builder->arena, "exporters::%s", exporter->id),
                         "give each of them a directory of its own", "\"%s\" and \"%s\" keep what waits in the same file, %s", other->id,
                         exporter->id, sm_bytes_cstr(&path));
    }
    files->items = sm_arena_grow(builder->arena, files->items, files->count, &files->capacity, files->count + 1, sizeof(*files->items));
    files->items[files->count++] = (struct file){.exporter = exporter, .path = file};
}

void sm_config_check_files(struct sm_config_builder *builder)
{
    struct file_list files = {0};
    for (size_t i = 0; i < builder->config->pipeline_count; i++) {
        const struct sm_reference_list *exporters = &builder->config->pipelines[i].exporters;
        for (size_t k = 0; k < exporters->count; k++)
            take_exporter(builder, exporters->items[k], &files);
    }
}
