/* http_client_head.c - see http_client_head.h. The headers that users configure stand in place of ours. */
#include "net/http_client_head.h"

#include <string.h>

#include "net/dial.h"

const char *sm_http_client_head_find(const struct sm_http_client_options *options, const char *name)
{
    for (size_t i = 0; i < options->headers.count; i++)
        if (sm_slice_equal_nocase(sm_slice_of(options->headers.entries[i].key), sm_slice_of(name)))
            return options->headers.entries[i].value;
    return NULL;
}

void sm_http_client_head_write(const struct sm_http_client_options *options, const struct sm_http_url *url, const struct sm_dial_target *target,
                               const char *user_agent, struct sm_bytes *head)
{
    sm_bytes_append_char(head, ' ');
    if (target->proxy_host[0] && !target->tunnels) {
        sm_bytes_append_text(head, "http://");
        sm_http_url_write_host(url, head);
    }
    if (url->path.size == 0 || *url->path.ptr != '/')
        sm_bytes_append_char(head, '/');
    sm_bytes_append_slice(head, url->path);
    sm_bytes_append_text(head, " HTTP/1.1\r\nHost: ");
    const char *host = sm_http_client_head_find(options, "host");
    if (host && *host)
        sm_bytes_append_text(head, host);
    else
        sm_http_url_write_host(url, head);
    sm_bytes_append_text(head, "\r\n");
    if (!sm_http_client_head_find(options, "user-agent"))
        sm_bytes_printf(head, "User-Agent: %s\r\n", user_agent);
    if (url->user.size > 0 && !sm_http_client_head_find(options, "authorization")) {
        char value[SM_DIAL_AUTHORIZATION_SIZE];
        sm_dial_write_authorization(value, url->user);
        sm_bytes_printf(head, "Authorization: %s\r\n", value);
    }
    if (target->proxy_authorization[0] && !target->tunnels)
        sm_bytes_printf(head, "Proxy-Authorization: %s\r\n", target->proxy_authorization);
    if (options->disable_keep_alives)
        sm_bytes_append_text(head, "Connection: close\r\n");
    for (size_t i = 0; i < options->headers.count; i++) {
        struct sm_slice name = sm_slice_of(options->headers.entries[i].key), value = sm_slice_trim(sm_slice_of(options->headers.entries[i].value));
        if (!sm_slice_equal_nocase(name, SM_SLICE("host")))
            sm_bytes_printf(head, "%s: %.*s\r\n", name.ptr, SM_SLICE_ARGS(value));
    }
}

bool sm_http_client_head_check(const struct sm_http_client_options *options, struct sm_error *error)
{
    for (size_t i = 0; i < options->headers.count; i++) {
        const char *name = options->headers.entries[i].key;
        if (!*name || strpbrk(name, " :\r\n\t") || strpbrk(options->headers.entries[i].value, "\r\n")) {
            sm_error_set(error, SM_ERROR_USAGE, "headers: \"%s\" is no valid header", name);
            return sm_error_blame(error, &options->headers.entries[i]);
        }
    }
    return true;
}
