/* provider.c - reads configuration text from files, the environment and the address itself.
 *
 * Source: opentelemetry-collector confmap/provider/{env,file,yaml}provider and the rules for addresses in confmap/expand.go. */
#include "config/provider.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "config/yaml.h"

enum { NAME_SHOWN_MAX = 60 };

static struct sm_source *make_source(struct sm_arena *arena, const char *name, struct sm_slice text, bool is_quotable)
{
    struct sm_source *source = sm_arena_zalloc(arena, 1, sizeof(*source));
    *source = (struct sm_source){.name = name, .text = text, .is_quotable = is_quotable};
    return source;
}

static bool is_variable_name(struct sm_slice name)
{
    for (size_t i = 0; i < name.size; i++) {
        unsigned char c = (unsigned char)name.ptr[i];
        if (c != '_' && !(isascii(c) && isalpha(c)) && !(i > 0 && isdigit(c)))
            return false;
    }
    return name.size > 0;
}

/* "NAME" or "NAME:-default". */
static bool fetch_env(struct sm_slice rest, struct sm_arena *arena, struct sm_provided *out, struct sm_error *error)
{
    const char *separator = sm_slice_find(rest, SM_SLICE(":-"));
    struct sm_slice name = separator ? sm_slice_make(rest.ptr, (size_t)(separator - rest.ptr)) : rest;
    if (!is_variable_name(name))
        return sm_error_set(error, SM_ERROR_USAGE, "environment variable \"%.*s\" has invalid name: must match regex ^[a-zA-Z_][a-zA-Z0-9_]*$",
                            SM_SLICE_ARGS(name));
    const char *variable = sm_arena_strdup(arena, name);
    const char *value = getenv(variable);
    struct sm_slice text = sm_slice_of(value);
    if (!value && separator)
        text = sm_slice_make(separator + 2, rest.size - name.size - 2);
    out->unset_variable = value || separator ? NULL : variable;
    out->source = make_source(arena, sm_arena_printf(arena, "${env:%s}", variable), sm_arena_copy(arena, text), false);
    return true;
}

static bool read_file(const char *path, int fd, struct sm_arena *arena, struct sm_slice *text, struct sm_error *error)
{
    struct stat info;
    if (fstat(fd, &info) != 0)
        return sm_error_set_errno(error, errno, "%s", path);
    if (S_ISDIR(info.st_mode))
        return sm_error_set_errno(error, EISDIR, "read %s", path);
    /* A file may be a pipe and tell no size: read until its end, within the limit. */
    size_t capacity = info.st_size > 0 && info.st_size <= SM_YAML_TEXT_BYTES_MAX ? (size_t)info.st_size + 1 : 65536, size = 0;
    char *bytes = sm_arena_alloc(arena, capacity);
    for (;;) {
        ssize_t got = read(fd, bytes + size, capacity - size);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return sm_error_set_errno(error, errno, "%s", path);
        if (got == 0)
            break;
        size += (size_t)got;
        if (size > SM_YAML_TEXT_BYTES_MAX)
            return sm_error_set(error, SM_ERROR_IO, "%s: larger than %d bytes", path, SM_YAML_TEXT_BYTES_MAX);
        bytes = sm_arena_grow(arena, bytes, size, &capacity, size + 1, 1);
    }
    *text = sm_slice_make(bytes, size);
    return true;
}

static bool fetch_file(struct sm_slice rest, struct sm_arena *arena, struct sm_provided *out, struct sm_error *error)
{
    const char *path = sm_arena_strdup(arena, rest);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        if (errno == ENOENT)
            return sm_error_set(error, SM_ERROR_IO, "open %s: no such file or directory", path);
        return sm_error_set_errno(error, errno, "open %s", path);
    }
    struct sm_slice text;
    bool is_good = read_file(path, fd, arena, &text, error);
    close(fd);
    if (is_good)
        out->source = make_source(arena, path, text, true);
    return is_good;
}

static bool fetch_yaml(struct sm_slice rest, struct sm_arena *arena, struct sm_provided *out, struct sm_error *error)
{
    (void)error;
    size_t shown = 0;
    while (shown < rest.size && shown < NAME_SHOWN_MAX && rest.ptr[shown] != '\n')
        shown++;
    const char *name = sm_arena_printf(arena, "yaml:%.*s%s", (int)shown, rest.ptr ? rest.ptr : "", shown < rest.size ? "…" : "");
    out->source = make_source(arena, name, sm_arena_copy(arena, rest), true);
    return true;
}

static bool refuse_http(struct sm_slice rest, struct sm_arena *arena, struct sm_provided *out, struct sm_error *error)
{
    (void)rest, (void)arena, (void)out;
    return sm_error_set(error, SM_ERROR_USAGE, "spanmill does not fetch its configuration over the network: download the file and give its path");
}

static const struct provider {
    const char *scheme;
    bool (*fetch)(struct sm_slice rest, struct sm_arena *arena, struct sm_provided *out, struct sm_error *error);
    bool is_sealed; /* works when sealed */
} providers[] = {
    {"env", fetch_env, false}, {"file", fetch_file, false}, {"yaml", fetch_yaml, true}, {"http", refuse_http, true}, {"https", refuse_http, true},
};

/* [A-Za-z][A-Za-z0-9+.-]+ */
static bool is_scheme(struct sm_slice text)
{
    if (text.size < 2 || !isascii((unsigned char)text.ptr[0]) || !isalpha((unsigned char)text.ptr[0]))
        return false;
    for (size_t i = 1; i < text.size; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        if (!isascii(c) || (!isalnum(c) && c != '+' && c != '.' && c != '-'))
            return false;
    }
    return true;
}

bool sm_provider_fetch(struct sm_slice uri, bool is_sealed, struct sm_arena *arena, struct sm_provided *out, struct sm_error *error)
{
    *out = (struct sm_provided){0};
    struct sm_slice rest = uri, scheme = sm_slice_cut(&rest, ':');
    if (scheme.size == uri.size || !is_scheme(scheme))
        return sm_error_set(error, SM_ERROR_USAGE, "invalid uri: \"%.*s\"", SM_SLICE_ARGS(uri));
    for (size_t i = 0; i < sizeof(providers) / sizeof(providers[0]); i++) {
        if (!sm_slice_is(scheme, providers[i].scheme))
            continue;
        if (is_sealed && !providers[i].is_sealed)
            return sm_error_set(error, SM_ERROR_USAGE, "%s: is not read here", providers[i].scheme);
        return providers[i].fetch(rest, arena, out, error);
    }
    return sm_error_set(error, SM_ERROR_USAGE, "scheme \"%.*s\" is not supported for uri \"%.*s\" (there are env, file and yaml)",
                        SM_SLICE_ARGS(scheme), SM_SLICE_ARGS(uri));
}
