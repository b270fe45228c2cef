/* http_url.c - see http_url.h. */
#include "net/http_url.h"

#include <stdio.h>
#include <string.h>

bool sm_http_url_parse(const char *text, struct sm_http_url *url, struct sm_error *error)
{
    *url = (struct sm_http_url){.is_https = strncmp(text, "https://", 8) == 0};
    if (!url->is_https && strncmp(text, "http://", 7) != 0)
        return sm_error_set(error, SM_ERROR_USAGE, "endpoint %s: must begin with http:// or https://", text);
    struct sm_slice rest = sm_slice_of(text + (url->is_https ? 8 : 7));
    size_t authority_size = 0;
    while (authority_size < rest.size && !strchr("/?#", rest.ptr[authority_size]))
        authority_size++;
    struct sm_slice authority = sm_slice_make(rest.ptr, authority_size);
    url->path = sm_slice_make(rest.ptr + authority_size, rest.size - authority_size);
    url->path = sm_slice_cut(&url->path, '#');
    const char *at = memrchr(authority.ptr, '@', authority.size);
    if (at) {
        url->user = sm_slice_make(authority.ptr, (size_t)(at - authority.ptr));
        authority = sm_slice_make(at + 1, authority.size - url->user.size - 1);
    }
    const char *bracket = memrchr(authority.ptr, ']', authority.size);
    const char *colon = memrchr(authority.ptr, ':', authority.size);
    if (colon && bracket && colon < bracket)
        colon = NULL;
    struct sm_slice host = colon ? sm_slice_make(authority.ptr, (size_t)(colon - authority.ptr)) : authority;
    if (bracket && host.size >= 2)
        host = sm_slice_make(host.ptr + 1, host.size - 2);
    if (host.size >= sizeof(url->host) || (size_t)(authority.size) >= sizeof(url->host))
        return sm_error_set(error, SM_ERROR_USAGE, "endpoint %s: host too long", text);
    snprintf(url->host, sizeof(url->host), "%.*s", SM_SLICE_ARGS(host));
    size_t port_size = colon ? authority.size - (size_t)(colon + 1 - authority.ptr) : 0;
    snprintf(url->port, sizeof(url->port), "%.*s", port_size ? (int)port_size : 3, port_size ? colon + 1 : url->is_https ? "443" : "80");
    return true;
}

void sm_http_url_write_host(const struct sm_http_url *url, struct sm_bytes *out)
{
    bool is_default = strcmp(url->port, url->is_https ? "443" : "80") == 0;
    sm_bytes_printf(out, strchr(url->host, ':') ? "[%s]" : "%s", url->host);
    if (!is_default)
        sm_bytes_printf(out, ":%s", url->port);
}
