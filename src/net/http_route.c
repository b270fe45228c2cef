/* http_route.c - see http_route.h. Reads the request's path and answers redirects. No state.
 * Source: Go net/http ServeMux (cleanPath, matchOrRedirect), RedirectHandler, NotFound. */
#include "net/http_route.h"

#include <string.h>

#include "base/bytes.h"
#include "net/http_server.h"
#include "net/percent.h"

/* ---- paths */

bool sm_http_route_fits(struct sm_slice pattern, struct sm_slice path)
{
    for (size_t i = 0; i < pattern.size; i++) {
        char c;
        bool is_slash = path.size > 0 && *path.ptr == '/'; /* %2F is part of a segment, not the end of one */
        if (!sm_percent_take(&path, &c) || c != pattern.ptr[i] || (c == '/' && !is_slash))
            return false;
    }
    return path.size == 0 || (pattern.size > 0 && pattern.ptr[pattern.size - 1] == '/');
}

/* Takes `text` off the front of the path. */
static bool take_text(struct sm_slice *path, struct sm_slice text)
{
    char c;
    for (size_t i = 0; i < text.size; i++)
        if (!sm_percent_take(path, &c) || c != text.ptr[i])
            return false;
    return true;
}

bool sm_http_path_is(struct sm_slice path, struct sm_slice text)
{
    return take_text(&path, text) && path.size == 0;
}

bool sm_http_path_contains(struct sm_slice path, struct sm_slice text)
{
    char c;
    do {
        struct sm_slice rest = path;
        if (take_text(&rest, text))
            return true;
    } while (sm_percent_take(&path, &c));
    return false;
}

void sm_http_path_clean(struct sm_slice path, struct sm_bytes *out)
{
    size_t start = out->size;
    bool ends_with_slash = path.size > 0 && path.ptr[path.size - 1] == '/';
    while (path.size > 0) {
        struct sm_slice segment = sm_slice_cut(&path, '/');
        if (segment.size == 0 || sm_slice_is(segment, "."))
            continue;
        if (sm_slice_is(segment, "..")) {
            while (out->size > start && out->ptr[--out->size] != '/')
                continue;
            continue;
        }
        sm_bytes_append_char(out, '/');
        sm_bytes_append_slice(out, segment);
    }
    if (out->size == start || ends_with_slash)
        sm_bytes_append_char(out, '/');
}

/* ---- answers */

void sm_http_respond_not_found(struct sm_http_request *request)
{
    sm_http_respond_error(request, 404, "404 page not found");
}

void sm_http_append_html(struct sm_bytes *out, struct sm_slice text)
{
    static const char special[] = "&<>\"'";
    static const char *const entities[] = {"&amp;", "&lt;", "&gt;", "&#34;", "&#39;"};
    for (size_t i = 0; i < text.size; i++) {
        const char *found = text.ptr[i] ? strchr(special, text.ptr[i]) : NULL;
        if (found)
            sm_bytes_append_text(out, entities[found - special]);
        else
            sm_bytes_append_char(out, text.ptr[i]);
    }
}

static void redirect(struct sm_http_request *request, struct sm_bytes *location)
{
    struct sm_slice query = sm_http_request_query(request), method = sm_http_request_method(request);
    bool is_get = sm_slice_is(method, "GET");
    struct sm_bytes body = {0};
    if (query.size > 0) {
        sm_bytes_append_char(location, '?');
        sm_bytes_append_slice(location, query);
    }
    if (is_get) {
        sm_bytes_append_text(&body, "<a href=\"");
        sm_http_append_html(&body, sm_bytes_slice(location));
        sm_bytes_append_text(&body, "\">Temporary Redirect</a>.\n\n");
    }
    const struct sm_http_header header = {.name = SM_SLICE("Location"), .value = sm_bytes_slice(location)};
    const struct sm_http_response response = {
        .status = 307,
        .content_type = is_get || sm_slice_is(method, "HEAD") ? SM_SLICE("text/html; charset=utf-8") : SM_SLICE(""),
        .headers = &header,
        .header_count = 1,
        .body = sm_bytes_slice(&body),
    };
    sm_http_respond(request, &response);
    sm_bytes_deinit(&body);
}

static int find(const struct sm_slice *patterns, size_t count, struct sm_slice path)
{
    int found = -1;
    for (size_t i = 0; i < count; i++)
        if (sm_http_route_fits(patterns[i], path) && (found < 0 || patterns[i].size > patterns[found].size))
            found = (int)i;
    return found;
}

/* `path` and nothing below it. */
static bool is_exactly(const struct sm_slice *patterns, size_t count, struct sm_slice path)
{
    for (size_t i = 0; i < count; i++)
        if (sm_slice_equal(patterns[i], path))
            return true;
    return false;
}

int sm_http_route(struct sm_http_request *request, const struct sm_slice *patterns, size_t count)
{
    struct sm_slice path = sm_http_request_path(request);
    struct sm_bytes clean = {0};
    sm_http_path_clean(path, &clean);
    int found = find(patterns, count, sm_bytes_slice(&clean));
    bool is_moved = !sm_slice_equal(path, sm_bytes_slice(&clean));
    if (!is_exactly(patterns, count, sm_bytes_slice(&clean)) && clean.ptr[clean.size - 1] != '/') {
        sm_bytes_append_char(&clean, '/');
        if (is_exactly(patterns, count, sm_bytes_slice(&clean)))
            is_moved = true;
        else
            clean.size--;
    }
    if (is_moved) {
        redirect(request, &clean);
        found = -1;
    } else if (found < 0) {
        sm_http_respond_not_found(request);
    }
    sm_bytes_deinit(&clean);
    return found;
}
