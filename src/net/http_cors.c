/* http_cors.c - answers to browsers' cross-origin requests. No state; any thread.
 * Source: the fetch standard's CORS protocol, in the form of rs/cors v1.11 that the reference uses (credentials allowed; GET, POST, HEAD). */
#include "net/http_request.h"

#include <stdlib.h>

#include "base/ascii.h"

enum { ALLOWED_HEADERS_MAX = 64, EMPTY_NAMES_MAX = 16 };

static bool is_on(const struct sm_http_server_options *options)
{
    return options->cors && options->cors->allowed_origins.count > 0;
}

bool sm_http_cors_is_preflight(const struct sm_http_request *request)
{
    return is_on(request->options) && sm_slice_is(request->head->method, "OPTIONS") &&
           sm_http1_find_header(request->head, SM_SLICE("Access-Control-Request-Method")).size > 0;
}

static bool allows_all(const struct sm_string_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->items[i], "*") == 0)
            return true;
    return false;
}

/* `pattern` may have one *, which stands for any characters; further ones are literal. */
static bool origin_matches(const char *pattern, struct sm_slice origin)
{
    struct sm_slice whole = sm_slice_of(pattern);
    const char *star = strchr(pattern, '*');
    if (!star)
        return sm_slice_equal_nocase(whole, origin);
    struct sm_slice before = sm_slice_make(pattern, (size_t)(star - pattern));
    struct sm_slice after = sm_slice_of(star + 1);
    return origin.size >= before.size + after.size && sm_slice_equal_nocase(before, sm_slice_make(origin.ptr, before.size)) &&
           sm_slice_equal_nocase(after, sm_slice_make(origin.ptr + origin.size - after.size, after.size));
}

static bool is_origin_allowed(const struct sm_cors_options *cors, struct sm_slice origin)
{
    for (size_t i = 0; i < cors->allowed_origins.count; i++)
        if (strcmp(cors->allowed_origins.items[i], "*") == 0 || origin_matches(cors->allowed_origins.items[i], origin))
            return true;
    return false;
}

static bool is_method_allowed(struct sm_slice method)
{
    return sm_slice_is(method, "GET") || sm_slice_is(method, "POST") || sm_slice_is(method, "HEAD") || sm_slice_is(method, "OPTIONS");
}

static bool is_header_allowed(const struct sm_cors_options *cors, struct sm_slice name)
{
    static const char *const usual[] = {"accept", "content-type", "x-requested-with"};
    if (cors->allowed_headers.count == 0) {
        for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++)
            if (sm_slice_is(name, usual[i]))
                return true;
        return false;
    }
    for (size_t i = 0; i < cors->allowed_headers.count; i++)
        if (sm_slice_equal_nocase(sm_slice_of(cors->allowed_headers.items[i]), name))
            return true;
    return false;
}

static bool is_lower_case(struct sm_slice name)
{
    for (size_t i = 0; i < name.size; i++)
        if (sm_ascii_is_upper(name.ptr[i]))
            return false;
    return true;
}

/* Browsers send the names in lower case and in order; what does not is no browser. At most one space around a name, some empty ones. */
static bool are_headers_allowed(const struct sm_cors_options *cors, struct sm_slice list)
{
    if (allows_all(&cors->allowed_headers))
        return true;
    struct sm_slice last = {0};
    unsigned empty_count = 0;
    while (list.size > 0) {
        struct sm_slice name = sm_slice_cut(&list, ',');
        if (name.size && (name.ptr[0] == ' ' || name.ptr[0] == '\t'))
            name = sm_slice_make(name.ptr + 1, name.size - 1);
        if (name.size && (name.ptr[name.size - 1] == ' ' || name.ptr[name.size - 1] == '\t'))
            name.size--;
        if (name.size == 0) {
            if (++empty_count > EMPTY_NAMES_MAX)
                return false;
            continue;
        }
        if (!is_lower_case(name) || !is_header_allowed(cors, name) || (last.ptr && sm_slice_compare(name, last) <= 0))
            return false;
        last = name;
    }
    return true;
}

static void append_line(struct sm_bytes *out, const char *name, struct sm_slice value)
{
    sm_bytes_append_text(out, name);
    sm_bytes_append_text(out, ": ");
    sm_bytes_append_slice(out, value);
    sm_bytes_append_text(out, "\r\n");
}

static void append_preflight(const struct sm_http_request *request, struct sm_slice origin, struct sm_bytes *out)
{
    const struct sm_cors_options *cors = request->options->cors;
    append_line(out, "Vary", SM_SLICE("Origin, Access-Control-Request-Method, Access-Control-Request-Headers"));
    struct sm_slice method = sm_http1_find_header(request->head, SM_SLICE("Access-Control-Request-Method"));
    struct sm_slice headers = sm_http1_find_header(request->head, SM_SLICE("Access-Control-Request-Headers"));
    if (origin.size == 0 || !is_origin_allowed(cors, origin) || !is_method_allowed(method) || (headers.ptr && !are_headers_allowed(cors, headers)))
        return;
    append_line(out, "Access-Control-Allow-Origin", allows_all(&cors->allowed_origins) ? SM_SLICE("*") : origin);
    append_line(out, "Access-Control-Allow-Methods", method);
    if (headers.size > 0)
        append_line(out, "Access-Control-Allow-Headers", headers);
    append_line(out, "Access-Control-Allow-Credentials", SM_SLICE("true"));
    if (cors->max_age != 0)
        sm_bytes_printf(out, "Access-Control-Max-Age: %lld\r\n", cors->max_age > 0 ? (long long)cors->max_age : 0LL);
}

/* "x-request-id" as "X-Request-Id". */
static void append_canonical(struct sm_bytes *out, const char *name)
{
    bool is_start = true;
    for (; *name; name++) {
        sm_bytes_append_char(out, is_start ? sm_ascii_upper(*name) : sm_ascii_lower(*name));
        is_start = *name == '-';
    }
}

static void append_actual(const struct sm_http_request *request, struct sm_slice origin, struct sm_bytes *out)
{
    const struct sm_cors_options *cors = request->options->cors;
    append_line(out, "Vary", SM_SLICE("Origin"));
    if (origin.size == 0 || !is_origin_allowed(cors, origin) || !is_method_allowed(request->head->method))
        return;
    append_line(out, "Access-Control-Allow-Origin", allows_all(&cors->allowed_origins) ? SM_SLICE("*") : origin);
    if (cors->exposed_headers.count > 0) {
        sm_bytes_append_text(out, "Access-Control-Expose-Headers: ");
        for (size_t i = 0; i < cors->exposed_headers.count; i++) {
            sm_bytes_append_text(out, i ? ", " : "");
            append_canonical(out, cors->exposed_headers.items[i]);
        }
        sm_bytes_append_text(out, "\r\n");
    }
    append_line(out, "Access-Control-Allow-Credentials", SM_SLICE("true"));
}

void sm_http_cors_append(const struct sm_http_request *request, struct sm_bytes *out)
{
    if (!is_on(request->options))
        return;
    struct sm_slice origin = sm_http1_find_header(request->head, SM_SLICE("Origin"));
    if (sm_http_cors_is_preflight(request))
        append_preflight(request, origin, out);
    else
        append_actual(request, origin, out);
}
