/* http_url.c - see http_url.h. */
#include "net/http_url.h"

#include <stdio.h>
#include <string.h>

#include "net/dial.h"

static struct sm_slice authority_at(const char *text)
{
    return sm_slice_make(text, strcspn(text, "/?#"));
}

/* What stands behind the host: ":" and the port; empty: neither. */
static struct sm_slice port_of(struct sm_slice authority)
{
    const char *bracket = memrchr(authority.ptr, ']', authority.size);
    const char *colon = memrchr(authority.ptr, ':', authority.size);
    bool has_port = colon && (!bracket || colon > bracket);
    return has_port ? sm_slice_make(colon, (size_t)(authority.ptr + authority.size - colon)) : (struct sm_slice){0};
}

static bool is_port(struct sm_slice port)
{
    for (size_t i = 1; i < port.size; i++)
        if (port.ptr[i] < '0' || port.ptr[i] > '9')
            return false;
    return true;
}

/* Source: Go net/url, parseHost (what must be escaped there, and cannot be). */
static bool is_host(struct sm_slice host)
{
    for (size_t i = 0; i < host.size; i++)
        if ((unsigned char)host.ptr[i] <= ' ' || host.ptr[i] == 0x7f || strchr("\\^`{|}", host.ptr[i]))
            return false;
    return true;
}

/* The text between the scheme and the last "@" before the host; ptr NULL: there is none. What should be a port and is none may be a password with a
 * "/", "?" or "#" in it. */
static struct sm_slice find_user(const char *text)
{
    const char *scheme_end = strstr(text, "://");
    struct sm_slice authority = authority_at(scheme_end ? scheme_end + 3 : text);
    const char *at = memrchr(authority.ptr, '@', authority.size);
    if (!at && !is_port(port_of(authority)))
        at = strrchr(authority.ptr, '@');
    return at ? sm_slice_make(authority.ptr, (size_t)(at - authority.ptr)) : (struct sm_slice){0};
}

void sm_http_url_write_shown(const char *text, struct sm_bytes *out)
{
    struct sm_slice user = find_user(text);
    const char *colon = user.ptr ? memchr(user.ptr, ':', user.size) : NULL;
    if (colon)
        sm_bytes_printf(out, "%.*s***%s", (int)(colon + 1 - text), text, user.ptr + user.size);
    else
        sm_bytes_append_text(out, text);
}

void sm_http_url_write_without_user(const char *text, struct sm_bytes *out)
{
    struct sm_slice user = find_user(text);
    if (user.ptr)
        sm_bytes_printf(out, "%.*s%s", (int)(user.ptr - text), text, user.ptr + user.size + 1);
    else
        sm_bytes_append_text(out, text);
}

/* The query is left out: it may have a key. */
static bool refuse(const char *text, const char *why, struct sm_error *error)
{
    struct sm_bytes shown = {0};
    sm_http_url_write_shown(text, &shown);
    const char *url = sm_bytes_cstr(&shown);
    sm_error_set(error, SM_ERROR_USAGE, "endpoint %.*s: %s", (int)strcspn(url, "?"), url, why);
    sm_bytes_deinit(&shown);
    return false;
}

bool sm_http_url_parse(const char *text, struct sm_http_url *url, struct sm_error *error)
{
    *url = (struct sm_http_url){.is_https = strncmp(text, "https://", 8) == 0};
    if (!url->is_https && strncmp(text, "http://", 7) != 0) {
        refuse(text, "must begin with http:// or https://", error);
        return sm_error_advise(error, "write http:// before it, or https:// if the next hop speaks TLS");
    }
    struct sm_slice rest = sm_slice_of(text + (url->is_https ? 8 : 7));
    struct sm_slice authority = authority_at(rest.ptr);
    url->path = sm_slice_make(rest.ptr + authority.size, rest.size - authority.size);
    url->path = sm_slice_cut(&url->path, '#');
    const char *at = memrchr(authority.ptr, '@', authority.size);
    if (at) {
        url->user = sm_slice_make(authority.ptr, (size_t)(at - authority.ptr));
        authority = sm_slice_make(at + 1, authority.size - url->user.size - 1);
    }
    struct sm_slice port = port_of(authority), host = sm_slice_make(authority.ptr, authority.size - port.size);
    if (!is_port(port))
        return refuse(text, "invalid port after host", error);
    if (!is_host(host))
        return refuse(text, "invalid character in host name", error);
    if (host.size >= 2 && memrchr(host.ptr, ']', host.size))
        host = sm_slice_make(host.ptr + 1, host.size - 2);
    if (url->user.size > SM_DIAL_USER_BYTES_MAX)
        return refuse(text, "user and password too long", error);
    if (host.size >= sizeof(url->host) || (size_t)(authority.size) >= sizeof(url->host))
        return refuse(text, "host too long", error);
    snprintf(url->host, sizeof(url->host), "%.*s", SM_SLICE_ARGS(host));
    if (port.size > 1)
        snprintf(url->port, sizeof(url->port), "%.*s", (int)port.size - 1, port.ptr + 1);
    else
        snprintf(url->port, sizeof(url->port), "%s", url->is_https ? "443" : "80");
    return true;
}

void sm_http_url_write_host(const struct sm_http_url *url, struct sm_bytes *out)
{
    bool is_default = strcmp(url->port, url->is_https ? "443" : "80") == 0;
    sm_bytes_printf(out, strchr(url->host, ':') ? "[%s]" : "%s", url->host);
    if (!is_default)
        sm_bytes_printf(out, ":%s", url->port);
}
