/* obfuscate_url.c - takes users, and if wanted queries and numbers, out of addresses; see obfuscate.h. Everything else is written as Go writes a
 * parsed URL again, which escapes what should have been. Stateless. Source: net/url (Parse, String) of Go 1.26. */
#include "datadog/obfuscate.h"

#include <arpa/inet.h>
#include <stdio.h>

#include "base/ascii.h"
#include "base/bytes.h"
#include "base/hex.h"

enum part { PART_PATH, PART_HOST, PART_ZONE, PART_USER, PART_FRAGMENT };

struct url {
    struct sm_slice scheme, opaque, host, raw_path, path, query, raw_fragment, fragment; /* host, path, fragment: unescaped */
    bool has_empty_query, has_no_host;
};

/* ---- escapes */

static bool is_unreserved(char c)
{
    return sm_ascii_is_alnum(c) || c == '-' || c == '.' || c == '_' || c == '~';
}

/* May `c` stand in such a part as it is? */
static bool is_plain(char c, enum part part)
{
    static const char *const others[] = {[PART_PATH] = "$&+,/:;=@",
                                         [PART_HOST] = "!\"$&'()*+,:;<=>[]",
                                         [PART_ZONE] = "!\"$&'()*+,:;<=>[]",
                                         [PART_USER] = "$&+,;=",
                                         [PART_FRAGMENT] = "!$&()*+,/:;=?@"};
    return is_unreserved(c) || (c && strchr(others[part], c));
}

static bool is_escape_allowed(struct sm_slice escape, int value, enum part part)
{
    bool is_percent = sm_slice_equal(escape, SM_SLICE("%25"));
    if (part == PART_HOST)
        return value >= 0x80 || is_percent;
    return part != PART_ZONE || is_percent || value == ' ' || is_plain((char)value, PART_HOST);
}

static bool unescape(struct sm_slice text, enum part part, struct sm_arena *arena, struct sm_slice *out)
{
    char *at = NULL, *start = NULL;
    *out = text;
    for (size_t i = 0; i < text.size; i++) {
        char c = text.ptr[i];
        if (c == '%') {
            int high = i + 2 < text.size ? sm_hex_value(text.ptr[i + 1]) : -1, low = i + 2 < text.size ? sm_hex_value(text.ptr[i + 2]) : -1;
            if (high < 0 || low < 0 || !is_escape_allowed(sm_slice_make(text.ptr + i, 3), high << 4 | low, part))
                return false;
            if (!start) {
                start = sm_arena_alloc(arena, text.size);
                memcpy(start, text.ptr, i);
                at = start + i;
            }
            *at++ = (char)(high << 4 | low);
            i += 2;
            continue;
        }
        if ((part == PART_HOST || part == PART_ZONE) && (uint8_t)c < 0x80 && !is_plain(c, part))
            return false;
        if (at)
            *at++ = c;
    }
    if (start)
        *out = sm_slice_make(start, (size_t)(at - start));
    return true;
}

static struct sm_slice escape(struct sm_slice text, enum part part, struct sm_arena *arena)
{
    static const char digits[] = "0123456789ABCDEF";
    size_t count = 0;
    for (size_t i = 0; i < text.size; i++)
        count += !is_plain(text.ptr[i], part);
    if (!count)
        return text;
    char *start = sm_arena_alloc(arena, text.size + 2 * count), *at = start;
    for (size_t i = 0; i < text.size; i++) {
        uint8_t c = (uint8_t)text.ptr[i];
        if (is_plain((char)c, part)) {
            *at++ = (char)c;
            continue;
        }
        *at++ = '%';
        *at++ = digits[c >> 4];
        *at++ = digits[c & 15];
    }
    return sm_slice_make(start, (size_t)(at - start));
}

/* The part as it was written if that is a sound way to write it. */
static struct sm_slice written(struct sm_slice raw, struct sm_slice text, enum part part, struct sm_arena *arena)
{
    struct sm_slice again;
    bool is_sound = raw.size > 0;
    for (size_t i = 0; is_sound && i < raw.size; i++)
        is_sound = is_plain(raw.ptr[i], part) || (raw.ptr[i] && strchr("!$&'()*+,;=:@[]%", raw.ptr[i]));
    if (is_sound && unescape(raw, part, arena, &again) && sm_slice_equal(again, text))
        return raw;
    if (part == PART_PATH && sm_slice_equal(text, SM_SLICE("*")))
        return text;
    return escape(text, part, arena);
}

/* ---- parsing */

/* False: there is a ':' with nothing before it. */
static bool cut_scheme(struct sm_slice *rest, struct sm_slice *scheme)
{
    for (size_t i = 0; i < rest->size; i++) {
        char c = rest->ptr[i];
        bool is_letter = sm_ascii_is_letter(c);
        if (c == ':') {
            *scheme = sm_slice_make(rest->ptr, i);
            *rest = sm_slice_make(rest->ptr + i + 1, rest->size - i - 1);
            return i > 0;
        }
        if (!is_letter && (i == 0 || (!sm_ascii_is_digit(c) && c != '+' && c != '-' && c != '.')))
            return true;
    }
    return true;
}

static bool is_port(struct sm_slice text)
{
    for (size_t i = 0; i < text.size; i++)
        if (i == 0 ? text.ptr[i] != ':' : text.ptr[i] < '0' || text.ptr[i] > '9')
            return false;
    return true;
}

static const char *last_of(struct sm_slice text, char c)
{
    return text.size ? memrchr(text.ptr, c, text.size) : NULL;
}

/* An IPv6 address, with a zone behind '%' or without. */
static bool is_address(struct sm_slice text)
{
    char copy[INET6_ADDRSTRLEN];
    struct in6_addr address;
    struct sm_slice zone = text, name = sm_slice_cut(&zone, '%');
    if ((name.size < text.size && !zone.size) || name.size >= sizeof(copy))
        return false;
    snprintf(copy, sizeof(copy), "%.*s", SM_SLICE_ARGS(name));
    return strlen(copy) == name.size && inet_pton(AF_INET6, copy, &address) == 1;
}

/* "[address]:port" */
static bool parse_bracketed(struct sm_slice host, struct sm_arena *arena, struct sm_slice *out)
{
    const char *close = last_of(host, ']');
    if (!close)
        return false;
    struct sm_slice port = sm_slice_make(close + 1, (size_t)(host.ptr + host.size - close - 1)), name, zone = {0};
    struct sm_slice inside = sm_slice_make(host.ptr + 1, (size_t)(close - host.ptr - 1));
    if (!is_port(port))
        return false;
    const char *percent = sm_slice_find(inside, SM_SLICE("%25"));
    size_t name_size = percent ? (size_t)(percent - inside.ptr) : inside.size;
    if (!unescape(sm_slice_make(inside.ptr, name_size), PART_HOST, arena, &name) ||
        (percent && !unescape(sm_slice_make(percent, inside.size - name_size), PART_ZONE, arena, &zone)))
        return false;
    struct sm_bytes whole;
    sm_bytes_init(&whole, arena);
    sm_bytes_append_char(&whole, '[');
    sm_bytes_append_slice(&whole, name);
    sm_bytes_append_slice(&whole, zone);
    if (!is_address(sm_slice_make(whole.ptr + 1, whole.size - 1)))
        return false;
    sm_bytes_append_char(&whole, ']');
    sm_bytes_append_slice(&whole, port);
    *out = sm_bytes_slice(&whole);
    return true;
}

static bool parse_host(struct sm_slice scheme, struct sm_slice host, struct sm_arena *arena, struct sm_slice *out)
{
    const char *open = last_of(host, '['), *colon = host.size ? memchr(host.ptr, ':', host.size) : NULL;
    if (open)
        return open == host.ptr && parse_bracketed(host, arena, out);
    bool is_http = sm_slice_equal(scheme, SM_SLICE("http")) || sm_slice_equal(scheme, SM_SLICE("https"));
    if (colon && !is_http)
        colon = last_of(host, ':');
    if (colon && !is_port(sm_slice_make(colon, (size_t)(host.ptr + host.size - colon))))
        return false;
    return unescape(host, PART_HOST, arena, out);
}

/* The user is only checked: it is left out. */
static bool is_user(struct sm_slice user, struct sm_arena *arena)
{
    struct sm_slice ignored;
    for (size_t i = 0; i < user.size; i++)
        if (!is_unreserved(user.ptr[i]) && (!user.ptr[i] || !strchr(":!$&'()*+,;=%@", user.ptr[i])))
            return false;
    struct sm_slice password = user, name = sm_slice_cut(&password, ':');
    return unescape(name, PART_USER, arena, &ignored) && unescape(password, PART_USER, arena, &ignored);
}

static bool parse_authority(struct sm_slice authority, struct url *url, struct sm_arena *arena)
{
    const char *at = last_of(authority, '@');
    struct sm_slice host = at ? sm_slice_make(at + 1, (size_t)(authority.ptr + authority.size - at - 1)) : authority;
    return parse_host(url->scheme, host, arena, &url->host) && (!at || is_user(sm_slice_make(authority.ptr, (size_t)(at - authority.ptr)), arena));
}

static bool contains(struct sm_slice text, char c)
{
    return text.size && memchr(text.ptr, c, text.size);
}

static void cut_query(struct sm_slice *rest, struct url *url)
{
    const char *first = rest->size ? memchr(rest->ptr, '?', rest->size) : NULL;
    if (!first)
        return;
    size_t size = (size_t)(first - rest->ptr);
    url->query = sm_slice_make(first + 1, rest->size - size - 1);
    url->has_empty_query = url->query.size == 0;
    rest->size = size;
}

static bool parse_path(struct sm_slice rest, struct url *url, struct sm_arena *arena)
{
    struct sm_slice after = rest, segment = sm_slice_cut(&after, '/');
    bool is_rooted = sm_slice_starts_with(rest, SM_SLICE("/"));
    if (!is_rooted && url->scheme.size) {
        url->opaque = rest;
        return true;
    }
    if (!is_rooted && contains(segment, ':'))
        return false;
    if (sm_slice_starts_with(rest, SM_SLICE("//")) && (url->scheme.size || !sm_slice_starts_with(rest, SM_SLICE("///")))) {
        struct sm_slice authority = sm_slice_make(rest.ptr + 2, rest.size - 2);
        const char *slash = authority.size ? memchr(authority.ptr, '/', authority.size) : NULL;
        rest = slash ? sm_slice_make(slash, (size_t)(authority.ptr + authority.size - slash)) : (struct sm_slice){0};
        authority.size -= rest.size;
        if (!parse_authority(authority, url, arena))
            return false;
    } else if (url->scheme.size && is_rooted) {
        url->has_no_host = true;
    }
    url->raw_path = rest;
    return unescape(rest, PART_PATH, arena, &url->path);
}

static bool parse(struct sm_slice text, struct url *url, struct sm_arena *arena)
{
    const char *hash = text.size ? memchr(text.ptr, '#', text.size) : NULL;
    if (hash)
        url->raw_fragment = sm_slice_make(hash + 1, (size_t)(text.ptr + text.size - hash - 1));
    struct sm_slice rest = hash ? sm_slice_make(text.ptr, (size_t)(hash - text.ptr)) : text;
    for (size_t i = 0; i < rest.size; i++)
        if ((uint8_t)rest.ptr[i] < ' ' || rest.ptr[i] == 0x7f)
            return false;
    if (sm_slice_equal(rest, SM_SLICE("*"))) {
        url->path = rest;
    } else {
        if (!cut_scheme(&rest, &url->scheme))
            return false;
        url->scheme = sm_arena_copy_lower(arena, url->scheme);
        cut_query(&rest, url);
        if (!parse_path(rest, url, arena))
            return false;
    }
    return unescape(url->raw_fragment, PART_FRAGMENT, arena, &url->fragment);
}

/* ---- writing */

static void put_place(struct sm_bytes *out, const struct url *url, struct sm_arena *arena)
{
    bool has_host = url->host.size > 0;
    if ((url->scheme.size || has_host) && (has_host || !url->has_no_host)) {
        if (has_host || url->path.size)
            sm_bytes_append_text(out, "//");
        sm_bytes_append_slice(out, escape(url->host, PART_HOST, arena));
    }
    struct sm_slice path = written(url->raw_path, url->path, PART_PATH, arena), after = path, segment = sm_slice_cut(&after, '/');
    if (path.size && path.ptr[0] != '/' && has_host)
        sm_bytes_append_char(out, '/');
    if (!out->size && contains(segment, ':'))
        sm_bytes_append_text(out, "./");
    sm_bytes_append_slice(out, path);
}

static struct sm_slice write_url(const struct url *url, struct sm_arena *arena)
{
    struct sm_bytes out;
    sm_bytes_init(&out, arena);
    if (url->scheme.size) {
        sm_bytes_append_slice(&out, url->scheme);
        sm_bytes_append_char(&out, ':');
    }
    if (url->opaque.size)
        sm_bytes_append_slice(&out, url->opaque);
    else
        put_place(&out, url, arena);
    if (url->has_empty_query || url->query.size) {
        sm_bytes_append_char(&out, '?');
        sm_bytes_append_slice(&out, url->query);
    }
    if (url->fragment.size) {
        sm_bytes_append_char(&out, '#');
        sm_bytes_append_slice(&out, written(url->raw_fragment, url->fragment, PART_FRAGMENT, arena));
    }
    return sm_bytes_slice(&out);
}

/* ---- numbers in paths */

/* What a segment becomes, so that it is not escaped; then what that becomes. */
static const struct sm_slice placeholder = {.ptr = "/REDACTED/", .size = 10};

static bool has_digit(struct sm_slice text)
{
    for (size_t i = 0; i < text.size; i++)
        if (text.ptr[i] >= '0' && text.ptr[i] <= '9')
            return true;
    return false;
}

static struct sm_slice hide_numbers(struct sm_slice path, struct sm_arena *arena)
{
    struct sm_bytes out;
    sm_bytes_init(&out, arena);
    if (!has_digit(path))
        return path;
    for (size_t start = 0; start <= path.size;) {
        const char *slash = start < path.size ? memchr(path.ptr + start, '/', path.size - start) : NULL;
        size_t end = slash ? (size_t)(slash - path.ptr) : path.size;
        struct sm_slice segment = sm_slice_make(path.ptr + start, end - start);
        sm_bytes_append_slice(&out, has_digit(segment) ? placeholder : segment);
        if (slash)
            sm_bytes_append_char(&out, '/');
        start = end + 1;
    }
    return sm_bytes_slice(&out);
}

static struct sm_slice replace_placeholders(struct sm_slice text, struct sm_arena *arena)
{
    struct sm_bytes out;
    sm_bytes_init(&out, arena);
    for (size_t at = 0; at < text.size;) {
        if (sm_slice_starts_with(sm_slice_make(text.ptr + at, text.size - at), placeholder)) {
            sm_bytes_append_char(&out, '?');
            at += placeholder.size;
        } else {
            sm_bytes_append_char(&out, text.ptr[at++]);
        }
    }
    return sm_bytes_slice(&out);
}

struct sm_slice sm_datadog_obfuscate_url(const struct sm_datadog_obfuscation *settings, struct sm_slice text, struct sm_arena *arena)
{
    struct url url = {0};
    bool removes = settings->http.remove_query_string || settings->http.remove_paths_with_digits;
    if (!parse(text, &url, arena))
        return removes ? SM_SLICE("?") : text;
    if (settings->http.remove_query_string && url.query.size) {
        url.has_empty_query = true;
        url.query = (struct sm_slice){0};
    }
    if (settings->http.remove_paths_with_digits)
        url.path = hide_numbers(url.path, arena);
    struct sm_slice out = write_url(&url, arena);
    return removes ? replace_placeholders(out, arena) : out;
}
