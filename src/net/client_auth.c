/* client_auth.c - see client_auth.h. What would end a header early is refused. Source: opentelemetry-collector config/confighttp and configgrpc (what
 * an authenticator sees and may change). */
#include "net/client_auth.h"

#include <string.h>

#include "net/grpc_message.h"

static const char NOT_OPEN[] = "authentication was configured but this component or its host does not support extensions";

static bool is_sound(const struct sm_auth_header *header)
{
    bool is_good = header->name.size > 0;
    for (size_t i = 0; i < header->name.size; i++)
        is_good &= (unsigned char)header->name.ptr[i] > ' ' && header->name.ptr[i] != ':' && header->name.ptr[i] != 0x7f;
    for (size_t i = 0; i < header->value.size; i++)
        is_good &= header->value.ptr[i] != '\r' && header->value.ptr[i] != '\n' && header->value.ptr[i] != '\0';
    return is_good;
}

static bool sign(const struct sm_auth *auth, const struct sm_metadata *context, struct sm_auth_headers *headers, struct sm_error *error)
{
    if (!auth->type)
        return sm_error_set(error, SM_ERROR_USAGE, "%s", NOT_OPEN);
    if (!auth->type->sign(auth->extension, context, headers, error))
        return false;
    for (size_t i = 0; i < headers->count; i++)
        if (!is_sound(&headers->items[i]))
            return sm_error_set(error, SM_ERROR_USAGE, "invalid value or name of header %.*s", SM_SLICE_ARGS(headers->items[i].name));
    return true;
}

/* Headers that belong to the connection. */
static bool is_framing(struct sm_slice name)
{
    static const char *const names[] = {"Host", "Content-Length", "Transfer-Encoding", "Connection", "Trailer"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (sm_slice_equal_nocase(name, sm_slice_of(names[i])))
            return true;
    return false;
}

static struct sm_slice next_line(struct sm_slice *rest)
{
    struct sm_slice line = sm_slice_cut(rest, '\n');
    if (line.size > 0 && line.ptr[line.size - 1] == '\r')
        line.size--;
    return line;
}

static void append_line(struct sm_bytes *out, struct sm_slice line)
{
    sm_bytes_append_slice(out, line);
    sm_bytes_append_text(out, "\r\n");
}

bool sm_client_auth_sign_head(const struct sm_auth *auth, const struct sm_metadata *context, struct sm_slice head, struct sm_bytes *out,
                              struct sm_error *error)
{
    struct sm_arena arena = SM_ARENA_INIT;
    struct sm_auth_headers headers = {.arena = &arena};
    append_line(out, next_line(&head));
    for (struct sm_slice line = next_line(&head); line.size > 0; line = next_line(&head)) {
        struct sm_slice value = line, name = sm_slice_cut(&value, ':');
        if (is_framing(name) || headers.count == SM_AUTH_HEADER_LIMIT)
            append_line(out, line);
        else
            headers.items[headers.count++] = (struct sm_auth_header){.name = name, .value = sm_slice_trim(value)};
    }
    bool is_signed = sign(auth, context, &headers, error);
    for (size_t i = 0; i < headers.count && is_signed; i++)
        if (!is_framing(headers.items[i].name))
            sm_bytes_printf(out, "%.*s: %.*s\r\n", SM_SLICE_ARGS(headers.items[i].name), SM_SLICE_ARGS(headers.items[i].value));
    sm_bytes_append_text(out, "\r\n");
    sm_arena_deinit(&arena);
    return is_signed;
}

bool sm_client_auth_sign_call(const struct sm_auth *auth, const struct sm_metadata *context, struct sm_arena *arena, struct sm_http2_header **headers,
                              size_t *count, struct sm_error *error)
{
    struct sm_auth_headers added = {.arena = arena};
    if (!sign(auth, context, &added, error))
        return false;
    *headers = sm_arena_zalloc(arena, added.count, sizeof(**headers));
    *count = added.count;
    for (size_t i = 0; i < added.count; i++)
        (*headers)[i] = sm_grpc_user_header(added.items[i].name, added.items[i].value, arena);
    return true;
}
