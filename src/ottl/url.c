/* url.c - see url.h. */
#include "ottl/url.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <string.h>

#include "base/bytes.h"
#include "base/hex.h"

/* Besides letters and digits: what stays when a part is written anew. */
#define UNRESERVED "-_.~"
#define PATH_CHARACTERS UNRESERVED "$&+,/:;=@"
#define FRAGMENT_CHARACTERS UNRESERVED "$&+,/:;=?@!()*"
#define HOST_CHARACTERS UNRESERVED "!$&'()*+,;=:[]<>\""
#define USER_CHARACTERS UNRESERVED "$&+,;="
/* What also stays where the part was escaped rightly before. */
#define WRITTEN_CHARACTERS "!$&'()*+,;=:@[]%"
#define USER_INFO_CHARACTERS "-._:~!$&'()*+,;=%@"

static bool is_among(char c, const char *characters)
{
    return isalnum((unsigned char)c) || (c && strchr(characters, c));
}

static bool is_made_of(struct sm_slice text, const char *characters)
{
    for (size_t i = 0; i < text.size; i++)
        if (!is_among(text.ptr[i], characters))
            return false;
    return true;
}

bool sm_ottl_url_unescape(struct sm_slice text, struct sm_arena *arena, bool plus_is_space, struct sm_slice *out)
{
    struct sm_bytes bytes;
    sm_bytes_init(&bytes, arena);
    for (size_t i = 0; i < text.size; i++) {
        char c = text.ptr[i];
        if (c == '%') {
            if (text.size - i < 3 || !sm_hex_read(sm_slice_make(text.ptr + i + 1, 2), &c))
                return false;
            i += 2;
        } else if (c == '+' && plus_is_space) {
            c = ' ';
        }
        sm_bytes_append_char(&bytes, c);
    }
    *out = sm_bytes_slice(&bytes);
    return true;
}

/* "scheme:" at the beginning; letters, then digits + - . too. False: a colon where no scheme can be. */
static bool cut_scheme(struct sm_slice *rest, struct sm_arena *arena, struct sm_slice *scheme)
{
    for (size_t i = 0; i < rest->size; i++) {
        char c = rest->ptr[i];
        if (isalpha((unsigned char)c) || (i > 0 && c && (isdigit((unsigned char)c) || strchr("+-.", c))))
            continue;
        if (c != ':')
            return true;
        if (i == 0)
            return false;
        *scheme = sm_arena_copy_lower(arena, sm_slice_make(rest->ptr, i));
        *rest = sm_slice_make(rest->ptr + i + 1, rest->size - i - 1);
        return true;
    }
    return true;
}

/* Nothing, or a colon and digits, none included. */
static bool is_port(struct sm_slice text)
{
    for (size_t i = 0; i < text.size; i++)
        if (i == 0 ? text.ptr[i] != ':' : !isdigit((unsigned char)text.ptr[i]))
            return false;
    return true;
}

/* ASCII stands for itself; only other bytes, and a percent sign, may be escaped. */
static bool unescape_host(struct sm_slice text, struct sm_arena *arena, struct sm_slice *out)
{
    for (size_t i = 0; i < text.size; i++) {
        bool is_escape = text.ptr[i] == '%';
        struct sm_slice escape = sm_slice_make(text.ptr + i, text.size - i < 3 ? text.size - i : 3);
        if (is_escape && !sm_slice_is(escape, "%25") && escape.size > 1 && escape.ptr[1] < '8')
            return false;
        if (!is_escape && (unsigned char)text.ptr[i] < 0x80 && !is_among(text.ptr[i], HOST_CHARACTERS))
            return false;
    }
    return sm_ottl_url_unescape(text, arena, false, out);
}

/* Behind %25: may hold blanks, but no byte that a host could not hold as it is. */
static bool unescape_zone(struct sm_slice text, struct sm_arena *arena, struct sm_slice *out)
{
    for (size_t i = 0; i < text.size; i++)
        if (text.ptr[i] != '%' && (unsigned char)text.ptr[i] < 0x80 && !is_among(text.ptr[i], HOST_CHARACTERS))
            return false;
    if (!sm_ottl_url_unescape(text, arena, false, out))
        return false;
    for (size_t i = 1; i < out->size; i++)
        if (out->ptr[i] != ' ' && out->ptr[i] != '%' && !is_among(out->ptr[i], HOST_CHARACTERS))
            return false;
    return true;
}

static bool is_v6(struct sm_slice address, struct sm_arena *arena)
{
    struct in6_addr parsed;
    const char *zone = memchr(address.ptr, '%', address.size);
    size_t size = zone ? (size_t)(zone - address.ptr) : address.size;
    if (zone && size + 1 == address.size)
        return false;
    return inet_pton(AF_INET6, sm_arena_strdup(arena, sm_slice_make(address.ptr, size)), &parsed) == 1;
}

/* "[fe80::1%25en0]:80" */
static bool read_bracketed(struct sm_slice text, struct sm_arena *arena, struct sm_ottl_url *url)
{
    const char *close = memrchr(text.ptr, ']', text.size);
    if (!close)
        return false;
    struct sm_slice name = sm_slice_make(text.ptr + 1, (size_t)(close - text.ptr) - 1), zone = {0};
    struct sm_slice port = sm_slice_make(close + 1, text.size - name.size - 2);
    const char *escaped = sm_slice_find(name, SM_SLICE("%25"));
    if (escaped) {
        zone = sm_slice_make(escaped, name.size - (size_t)(escaped - name.ptr));
        name.size -= zone.size;
    }
    if (!is_port(port) || !unescape_host(name, arena, &name) || !unescape_zone(zone, arena, &zone))
        return false;
    url->host = sm_slice_of(sm_arena_printf(arena, "%.*s%.*s", SM_SLICE_ARGS(name), SM_SLICE_ARGS(zone)));
    url->authority = sm_slice_of(sm_arena_printf(arena, "[%.*s]%.*s", SM_SLICE_ARGS(url->host), SM_SLICE_ARGS(port)));
    url->port = sm_slice_make(port.ptr + (port.size > 0), port.size - (port.size > 0));
    return is_v6(url->host, arena);
}

/* A host may hold colons, as lists of hosts with ports do: the last one is that of the port. */
static bool read_host(struct sm_slice text, struct sm_arena *arena, struct sm_ottl_url *url)
{
    const char *begin = text.ptr ? text.ptr : "";
    const char *bracket = memrchr(begin, '[', text.size);
    if (bracket)
        return bracket == begin && read_bracketed(text, arena, url);
    const char *colon = memrchr(begin, ':', text.size);
    size_t name = colon ? (size_t)(colon - begin) : text.size;
    if (!is_port(sm_slice_make(begin + name, text.size - name)) || !unescape_host(text, arena, &url->authority))
        return false;
    const char *last = memrchr(url->authority.ptr ? url->authority.ptr : "", ':', url->authority.size);
    url->host = url->authority;
    if (last) {
        url->host.size = (size_t)(last - url->authority.ptr);
        url->port = sm_slice_make(last + 1, url->authority.size - url->host.size - 1);
    }
    return true;
}

static bool read_authority(struct sm_slice text, struct sm_arena *arena, struct sm_ottl_url *url)
{
    const char *at = memrchr(text.ptr ? text.ptr : "", '@', text.size);
    if (!at)
        return read_host(text, arena, url);
    struct sm_slice rest = sm_slice_make(text.ptr, (size_t)(at - text.ptr));
    if (!is_made_of(rest, USER_INFO_CHARACTERS))
        return false;
    url->has_user = true;
    url->has_password = rest.size > 0 && memchr(rest.ptr, ':', rest.size);
    struct sm_slice user = sm_slice_cut(&rest, ':');
    return sm_ottl_url_unescape(user, arena, false, &url->user) && sm_ottl_url_unescape(rest, arena, false, &url->password) &&
           read_host(sm_slice_make(at + 1, text.size - (size_t)(at + 1 - text.ptr)), arena, url);
}

static bool has_controls(struct sm_slice text)
{
    for (size_t i = 0; i < text.size; i++)
        if ((unsigned char)text.ptr[i] < ' ' || text.ptr[i] == 0x7f)
            return true;
    return false;
}

/* Without a scheme, "a:b" in the first segment would be one. */
static bool looks_like_scheme(struct sm_slice path)
{
    const char *slash = path.size ? memchr(path.ptr, '/', path.size) : NULL;
    return path.size > 0 && memchr(path.ptr, ':', slash ? (size_t)(slash - path.ptr) : path.size);
}

bool sm_ottl_url_parse(struct sm_slice text, struct sm_arena *arena, struct sm_ottl_url *url)
{
    struct sm_slice rest;
    *url = (struct sm_ottl_url){.raw_fragment = text};
    rest = sm_slice_cut(&url->raw_fragment, '#');
    if (has_controls(text) || !sm_ottl_url_unescape(url->raw_fragment, arena, false, &url->fragment) || !cut_scheme(&rest, arena, &url->scheme))
        return false;
    url->query = rest;
    url->has_query = rest.size > 0 && memchr(rest.ptr, '?', rest.size);
    rest = sm_slice_cut(&url->query, '?');
    bool begins_with_slash = rest.size > 0 && rest.ptr[0] == '/';
    if (url->scheme.size > 0 && !begins_with_slash) {
        url->opaque = rest;
        return true;
    }
    if (sm_slice_starts_with(rest, SM_SLICE("//")) && (url->scheme.size > 0 || !sm_slice_starts_with(rest, SM_SLICE("///")))) {
        struct sm_slice authority = sm_slice_make(rest.ptr + 2, rest.size - 2);
        const char *slash = memchr(authority.ptr, '/', authority.size);
        size_t size = slash ? (size_t)(slash - authority.ptr) : authority.size;
        rest = sm_slice_make(authority.ptr + size, authority.size - size);
        url->has_authority = true;
        if (!read_authority(sm_slice_make(authority.ptr, size), arena, url))
            return false;
    } else if (!begins_with_slash && looks_like_scheme(rest)) {
        return false;
    }
    url->raw_path = rest;
    return sm_ottl_url_unescape(rest, arena, false, &url->path);
}

/* ---- writing */

static void append_escaped(struct sm_bytes *out, struct sm_slice text, const char *allowed)
{
    for (size_t i = 0; i < text.size; i++) {
        if (is_among(text.ptr[i], allowed))
            sm_bytes_append_char(out, text.ptr[i]);
        else
            sm_bytes_printf(out, "%%%02X", (unsigned char)text.ptr[i]);
    }
}

/* What was escaped rightly stays as it was written; the rest is escaped anew, as a whole. */
static struct sm_slice write_part(struct sm_slice raw, struct sm_slice plain, const char *allowed, struct sm_arena *arena)
{
    struct sm_bytes out;
    bool stays = true;
    for (size_t i = 0; i < raw.size; i++)
        stays = stays && (is_among(raw.ptr[i], allowed) || strchr(WRITTEN_CHARACTERS, raw.ptr[i]));
    if (stays)
        return raw;
    sm_bytes_init(&out, arena);
    append_escaped(&out, plain, allowed);
    return sm_bytes_slice(&out);
}

struct sm_slice sm_ottl_url_user_info(const struct sm_ottl_url *url, struct sm_arena *arena)
{
    struct sm_bytes out;
    sm_bytes_init(&out, arena);
    append_escaped(&out, url->user, USER_CHARACTERS);
    if (url->has_password) {
        sm_bytes_append_char(&out, ':');
        append_escaped(&out, url->password, USER_CHARACTERS);
    }
    return sm_bytes_slice(&out);
}

static void append_authority(struct sm_bytes *out, const struct sm_ottl_url *url, struct sm_arena *arena)
{
    bool is_omitted = !url->has_authority && url->authority.size == 0;
    if (is_omitted || (url->scheme.size == 0 && url->authority.size == 0 && !url->has_user))
        return;
    if (url->authority.size > 0 || url->path.size > 0 || url->has_user)
        sm_bytes_append_text(out, "//");
    if (url->has_user)
        sm_bytes_printf(out, "%.*s@", SM_SLICE_ARGS(sm_ottl_url_user_info(url, arena)));
    append_escaped(out, url->authority, HOST_CHARACTERS);
}

struct sm_slice sm_ottl_url_write(const struct sm_ottl_url *url, struct sm_arena *arena)
{
    struct sm_bytes out;
    struct sm_slice path = write_part(url->raw_path, url->path, PATH_CHARACTERS, arena);
    sm_bytes_init(&out, arena);
    if (url->scheme.size > 0)
        sm_bytes_printf(&out, "%.*s:", SM_SLICE_ARGS(url->scheme));
    sm_bytes_append_slice(&out, url->opaque);
    append_authority(&out, url, arena);
    if (out.size == 0 && looks_like_scheme(path))
        sm_bytes_append_text(&out, "./");
    sm_bytes_append_slice(&out, path);
    if (url->has_query)
        sm_bytes_printf(&out, "?%.*s", SM_SLICE_ARGS(url->query));
    if (url->fragment.size > 0) {
        sm_bytes_append_char(&out, '#');
        sm_bytes_append_slice(&out, write_part(url->raw_fragment, url->fragment, FRAGMENT_CHARACTERS, arena));
    }
    return sm_bytes_slice(&out);
}
