/* http_redirect.c - see http_redirect.h. Source: RFC 9110 section 15.4, RFC 3986 section 5.2; Go net/http Client (which statuses, limit). Unlike Go a
 * POST stays one after 301 and 302: as a GET without body the telemetry would be lost and the answer be a success. */
#include "net/http_redirect.h"

bool sm_http_redirect_repeats(int status)
{
    return status == 301 || status == 302 || status == 307 || status == 308;
}

static struct sm_slice until(struct sm_slice text, const char *stops)
{
    size_t size = 0;
    while (size < text.size && !strchr(stops, text.ptr[size]))
        size++;
    return sm_slice_make(text.ptr, size);
}

/* "http://host:port" of a URL. */
static struct sm_slice origin_of(struct sm_slice url)
{
    const char *scheme_end = sm_slice_find(url, SM_SLICE("://"));
    size_t skipped = scheme_end ? (size_t)(scheme_end + 3 - url.ptr) : 0;
    return sm_slice_make(url.ptr, skipped + until(sm_slice_make(url.ptr + skipped, url.size - skipped), "/?#").size);
}

struct sm_slice sm_http_redirect_host(struct sm_slice url)
{
    struct sm_slice authority = origin_of(url);
    const char *scheme_end = sm_slice_find(authority, SM_SLICE("://"));
    if (scheme_end)
        authority = sm_slice_make(scheme_end + 3, authority.size - (size_t)(scheme_end + 3 - authority.ptr));
    const char *at = memrchr(authority.ptr, '@', authority.size);
    if (at)
        authority = sm_slice_make(at + 1, authority.size - (size_t)(at + 1 - authority.ptr));
    if (authority.size > 0 && *authority.ptr == '[')
        return until(authority, "]");
    return until(authority, ":");
}

static bool has_scheme(struct sm_slice location)
{
    struct sm_slice first = until(location, ":/?#");
    return first.size > 0 && first.size < location.size && location.ptr[first.size] == ':';
}

/* Spaces would end the request line early. */
static void append_escaped(struct sm_bytes *out, struct sm_slice text)
{
    for (size_t i = 0; i < text.size; i++)
        if (text.ptr[i] == ' ')
            sm_bytes_append_text(out, "%20");
        else
            sm_bytes_append_char(out, text.ptr[i]);
}

void sm_http_redirect_resolve(struct sm_slice base, struct sm_slice location, struct sm_bytes *out)
{
    struct sm_slice origin = origin_of(base);
    struct sm_slice whole_path = until(sm_slice_make(base.ptr + origin.size, base.size - origin.size), "#");
    struct sm_slice path = until(whole_path, "?");
    location = until(location, "#");
    if (has_scheme(location)) {
        append_escaped(out, location);
        return;
    }
    if (sm_slice_starts_with(location, SM_SLICE("//"))) {
        sm_bytes_append_slice(out, until(origin, ":"));
        sm_bytes_append_char(out, ':');
        append_escaped(out, location);
        return;
    }
    sm_bytes_append_slice(out, origin);
    if (location.size == 0) {
        sm_bytes_append_slice(out, whole_path);
        return;
    }
    if (*location.ptr == '?') {
        sm_bytes_append_slice(out, path);
    } else if (*location.ptr != '/') {
        const char *slash = memrchr(path.ptr, '/', path.size);
        sm_bytes_append_slice(out, slash ? sm_slice_make(path.ptr, (size_t)(slash + 1 - path.ptr)) : SM_SLICE("/"));
    }
    append_escaped(out, location);
}
