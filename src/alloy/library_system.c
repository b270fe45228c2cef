/* library_system.c - sys.env, convert.nonsensitive, file.path_join. */
#include <stdlib.h>

#include "alloy/convert.h"
#include "alloy/library.h"

#define ARENA (call->machine->arena)

static struct sm_alloy_value *env(const struct sm_alloy_call *call)
{
    struct sm_slice name = call->args[0]->text;
    const char *value = memchr(name.ptr ? name.ptr : "", 0, name.size) ? NULL : getenv(sm_arena_strdup(ARENA, name));
    return sm_alloy_string(ARENA, sm_arena_copy(ARENA, sm_slice_of(value)));
}

static struct sm_alloy_value *nonsensitive(const struct sm_alloy_call *call)
{
    return sm_alloy_string(ARENA, call->args[0]->text);
}

/* Takes "..", "." and doubled slashes out of a path, as Go's filepath.Clean. */
static struct sm_slice clean(struct sm_slice path, struct sm_arena *arena)
{
    bool is_rooted = path.size && path.ptr[0] == '/';
    struct sm_bytes out;
    sm_bytes_init(&out, arena);
    if (is_rooted)
        sm_bytes_append_char(&out, '/');
    size_t kept = out.size; /* what ".." may not take away */
    while (path.size) {
        struct sm_slice part = sm_slice_cut(&path, '/');
        if (part.size == 0 || sm_slice_is(part, "."))
            continue;
        if (sm_slice_is(part, "..") && out.size > kept) {
            while (out.size > kept && out.ptr[out.size - 1] != '/')
                out.size--;
            out.size -= out.size > kept && out.ptr[out.size - 1] == '/';
            continue;
        }
        if (sm_slice_is(part, "..") && is_rooted)
            continue;
        if (out.size && out.ptr[out.size - 1] != '/')
            sm_bytes_append_char(&out, '/');
        sm_bytes_append_slice(&out, part);
        if (sm_slice_is(part, ".."))
            kept = out.size;
    }
    if (out.size == 0)
        sm_bytes_append_char(&out, '.');
    return sm_bytes_slice(&out);
}

static struct sm_alloy_value *path_join(const struct sm_alloy_call *call)
{
    struct sm_bytes out;
    sm_bytes_init(&out, ARENA);
    for (size_t i = 0; i < call->count; i++) {
        if (call->args[i]->text.size == 0)
            continue;
        if (out.size)
            sm_bytes_append_char(&out, '/');
        sm_bytes_append_slice(&out, call->args[i]->text);
    }
    return sm_alloy_string(ARENA, out.size ? clean(sm_bytes_slice(&out), ARENA) : sm_bytes_slice(&out));
}

const struct sm_alloy_function sm_alloy_system_functions[] = {
    {.name = "sys.env", .old_name = "env", .parameters = {SM_ALLOY_WANT_STRING}, .parameter_count = 1, .call = env},
    {.name = "convert.nonsensitive", .old_name = "nonsensitive", .parameters = {SM_ALLOY_WANT_SECRET}, .parameter_count = 1, .call = nonsensitive},
    {.name = "file.path_join", .parameters = {SM_ALLOY_WANT_STRING}, .parameter_count = 1, .is_variadic = true, .call = path_join},
    {0},
};
