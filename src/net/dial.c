/* dial.c - see dial.h.
 *
 *     resolve (net/lookup) -> connect to one address after the other -> [CONNECT] -> TLS -> done
 *
 * State: one dial. */
#include "net/dial.h"

#include "base/clock.h"
#include "base/memory.h"
#include "net/http1_parser.h"
#include "net/http_url.h"
#include "net/lookup.h"
#include "net/percent.h"
#include "net/stream.h"
#include "pipeline/worker.h"
#include "wire/base64.h"

#include <assert.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/un.h>

enum { PROXY_HEAD_LIMIT_BYTES = 16 * 1024 };

struct sm_dial {
    struct sm_worker *worker;
    const struct sm_dial_target *target; /* borrowed */
    sm_dial_done *done;
    void *context;
    struct sm_lookup *lookup;                  /* NULL: none under way */
    struct addrinfo *addresses, *next_address; /* owned */
    struct sm_stream *stream;                  /* owned until done */
    struct sm_http1_parser *parser;            /* owned: the proxy's answer */
    struct sm_timer *timer;                    /* owned */
    char failure[512];                         /* why the last address did not work */
    bool is_cancelled, is_begun, is_tunnelled;
};

static void dial_free(struct sm_dial *dial)
{
    sm_timer_free(dial->timer);
    sm_http1_parser_free(dial->parser);
    sm_lookup_free_addresses(dial->addresses);
    free(dial);
}

static void end(struct sm_dial *dial, struct sm_stream *stream, const char *failure)
{
    if (!stream)
        sm_stream_close(dial->stream);
    dial->stream = NULL;
    dial->done(dial->worker, stream, failure, dial->context);
    dial_free(dial);
}

/* ---- connecting */

static const char *first_host(const struct sm_dial *dial)
{
    return dial->target->proxy_host[0] ? dial->target->proxy_host : dial->target->host;
}

static const char *first_port(const struct sm_dial *dial)
{
    return dial->target->proxy_host[0] ? dial->target->proxy_port : dial->target->port;
}

static void connect_next(struct sm_dial *dial);

static void send_connect(struct sm_dial *dial)
{
    const struct sm_dial_target *target = dial->target;
    bool is_v6 = strchr(target->host, ':') != NULL;
    struct sm_bytes text = {0};
    for (int i = 0; i < 2; i++)
        sm_bytes_printf(&text, i == 0 ? "CONNECT %s%s%s:%s HTTP/1.1\r\n" : "Host: %s%s%s:%s\r\n", is_v6 ? "[" : "", target->host, is_v6 ? "]" : "",
                        target->port);
    if (target->proxy_authorization[0])
        sm_bytes_printf(&text, "Proxy-Authorization: %s\r\n", target->proxy_authorization);
    sm_bytes_append_text(&text, "\r\n");
    struct iovec piece = {.iov_base = text.ptr, .iov_len = text.size};
    sm_stream_write(dial->stream, &piece, 1);
    sm_bytes_deinit(&text);
}

static bool on_proxy_head(struct sm_http1_parser *parser, const struct sm_http1_head *head, void *context)
{
    (void)parser;
    struct sm_dial *dial = context;
    if (head->status == 200)
        dial->is_tunnelled = true;
    else
        snprintf(dial->failure, sizeof(dial->failure), "proxy %s:%s answered %d to CONNECT", dial->target->proxy_host, dial->target->proxy_port,
                 head->status);
    return false;
}

static bool no_body(struct sm_http1_parser *parser, struct sm_slice bytes, void *context)
{
    (void)parser, (void)bytes, (void)context;
    return false;
}

static bool no_end(struct sm_http1_parser *parser, void *context)
{
    (void)parser, (void)context;
    return false;
}

static const struct sm_http1_events proxy_events = {.headed = on_proxy_head, .body = no_body, .ended = no_end};

static void on_connected(struct sm_stream *stream, void *context)
{
    struct sm_dial *dial = context;
    if (dial->target->proxy_host[0] && dial->target->tunnels && !dial->is_tunnelled) {
        dial->parser = sm_http1_parser_create(SM_HTTP1_ANSWERS, PROXY_HEAD_LIMIT_BYTES, &proxy_events, dial);
        sm_http1_parser_expect_no_body(dial->parser);
        send_connect(dial);
        return;
    }
    end(dial, stream, NULL);
}

static void on_received(struct sm_stream *stream, struct sm_slice bytes, void *context)
{
    struct sm_dial *dial = context;
    if (!dial->parser || dial->is_tunnelled)
        return;
    size_t taken;
    enum sm_http1_status status = sm_http1_parse(dial->parser, bytes, &taken);
    if (status == SM_HTTP1_MORE && !dial->is_tunnelled)
        return;
    if (!dial->is_tunnelled) {
        if (!dial->failure[0])
            snprintf(dial->failure, sizeof(dial->failure), "proxy %s:%s did not answer in HTTP", dial->target->proxy_host, dial->target->proxy_port);
        end(dial, NULL, dial->failure);
    } else if (dial->target->tls) {
        sm_stream_start_tls(stream, dial->target->tls, dial->target->server_name);
    } else {
        end(dial, stream, NULL);
    }
}

static void on_failed(struct sm_stream *stream, const char *reason, void *context)
{
    struct sm_dial *dial = context;
    snprintf(dial->failure, sizeof(dial->failure), "%s", reason);
    sm_stream_close(stream);
    dial->stream = NULL;
    connect_next(dial);
}

static const struct sm_stream_events stream_events = {.connected = on_connected, .received = on_received, .failed = on_failed};

static void connect_to(struct sm_dial *dial, const struct sockaddr *address, socklen_t size, const char *label)
{
    const struct sm_dial_target *target = dial->target;
    bool is_direct = !(target->proxy_host[0] && target->tunnels);
    const struct sm_stream_target peer = {
        .address = address, .address_size = size, .tls = is_direct ? target->tls : NULL, .server_name = target->server_name, .label = label};
    dial->stream = sm_stream_connect(dial->worker, &peer, &stream_events, dial);
}

static void connect_next(struct sm_dial *dial)
{
    struct addrinfo *address = dial->next_address;
    if (!address) {
        end(dial, NULL, dial->failure[0] ? dial->failure : "no address");
        return;
    }
    dial->next_address = address->ai_next;
    char host[NI_MAXHOST] = "", label[NI_MAXHOST + 40];
    getnameinfo(address->ai_addr, (socklen_t)address->ai_addrlen, host, sizeof(host), NULL, 0, NI_NUMERICHOST);
    snprintf(label, sizeof(label), strchr(host, ':') ? "[%s]:%s" : "%s:%s", host, first_port(dial));
    connect_to(dial, address->ai_addr, (socklen_t)address->ai_addrlen, label);
}

static void connect_unix(struct sm_dial *dial)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    static_assert(sizeof(address.sun_path) == sizeof(dial->target->unix_path), "a path that fits in one fits in the other");
    memcpy(address.sun_path, dial->target->unix_path, sizeof(address.sun_path));
    connect_to(dial, (const struct sockaddr *)&address, sizeof(address), dial->target->unix_path);
}

/* ---- resolving */

static void on_resolved(struct sm_worker *worker, struct addrinfo *addresses, const char *failure, void *context)
{
    (void)worker;
    struct sm_dial *dial = context;
    dial->lookup = NULL;
    if (failure)
        snprintf(dial->failure, sizeof(dial->failure), "%s", failure);
    dial->addresses = dial->next_address = addresses;
    connect_next(dial);
}

static void cancel_lookup(struct sm_dial *dial)
{
    sm_lookup_cancel(dial->lookup);
    dial->lookup = NULL;
}

static void resolve(struct sm_dial *dial)
{
    /* As Go does: no host is this machine. */
    const char *host = *first_host(dial) ? first_host(dial) : "127.0.0.1";
    struct sm_lookup_options options = {.host = host, .port = first_port(dial), .is_for_connecting = true, .done = on_resolved, .context = dial};
    struct sm_lookup *lookup = sm_lookup_start(dial->worker, &options);
    /* Otherwise it has called back, and the dial may be gone. */
    if (lookup)
        dial->lookup = lookup;
}

static void on_limit(struct sm_worker *worker, void *context)
{
    (void)worker;
    struct sm_dial *dial = context;
    cancel_lookup(dial);
    snprintf(dial->failure, sizeof(dial->failure), "connect %s:%s: no connection within %d s", first_host(dial), first_port(dial), SM_DIAL_LIMIT_S);
    end(dial, NULL, dial->failure);
}

static void begin(struct sm_worker *worker, void *context)
{
    struct sm_dial *dial = context;
    if (dial->is_cancelled) {
        free(dial);
        return;
    }
    dial->is_begun = true;
    dial->timer = sm_timer_create(worker, on_limit, dial);
    sm_timer_arm(dial->timer, SM_DIAL_LIMIT_S * SM_NS_PER_S, false);
    if (dial->target->unix_path[0])
        connect_unix(dial);
    else
        resolve(dial);
}

struct sm_dial *sm_dial_start(struct sm_worker *worker, const struct sm_dial_target *target, sm_dial_done *done, void *context)
{
    sm_worker_assert(worker);
    struct sm_dial *dial = sm_alloc(1, sizeof(*dial));
    *dial = (struct sm_dial){.worker = worker, .target = target, .done = done, .context = context};
    sm_worker_post(worker, begin, dial);
    return dial;
}

void sm_dial_cancel(struct sm_dial *dial)
{
    if (!dial)
        return;
    if (!dial->is_begun) {
        dial->is_cancelled = true;
        return;
    }
    cancel_lookup(dial);
    sm_stream_close(dial->stream);
    dial_free(dial);
}

/* ---- proxies */

/* NO_PROXY: names, ".domain", "domain" with what is below it, "*", host:port; without spaces or with. */
static bool is_excluded(const struct sm_dial_target *target)
{
    const char *list = getenv("NO_PROXY");
    if (!list)
        list = getenv("no_proxy");
    struct sm_slice host = sm_slice_of(target->host), rest = sm_slice_of(list);
    if (sm_slice_is(host, "localhost") || strncmp(target->host, "127.", 4) == 0 || sm_slice_is(host, "::1"))
        return true;
    while (rest.size > 0) {
        struct sm_slice name = sm_slice_trim(sm_slice_cut(&rest, ','));
        if (sm_slice_is(name, "*"))
            return true;
        struct sm_slice port = name;
        name = sm_slice_cut(&port, ':');
        if (port.size > 0 && !sm_slice_is(port, target->port))
            continue;
        if (name.size > 0 && *name.ptr == '.')
            name = sm_slice_make(name.ptr + 1, name.size - 1);
        if (name.size == 0 || host.size < name.size)
            continue;
        struct sm_slice end_of_host = sm_slice_make(host.ptr + host.size - name.size, name.size);
        if (sm_slice_equal_nocase(end_of_host, name) && (host.size == name.size || end_of_host.ptr[-1] == '.'))
            return true;
    }
    return false;
}

static const char *from_environment(const struct sm_dial_target *target, bool is_https)
{
    const char *url = getenv(is_https ? "HTTPS_PROXY" : "HTTP_PROXY");
    if (!url)
        url = getenv(is_https ? "https_proxy" : "http_proxy");
    return url && *url && !is_excluded(target) ? url : "";
}

void sm_dial_write_authorization(char out[SM_DIAL_AUTHORIZATION_SIZE], struct sm_slice user)
{
    static const char scheme[] = "Basic ";
    enum { SCHEME_SIZE = sizeof(scheme) - 1, PAIR_MAX = SM_DIAL_USER_BYTES_MAX + 1 };
    static_assert(SCHEME_SIZE + (PAIR_MAX + 2) / 3 * 4 < SM_DIAL_AUTHORIZATION_SIZE, "the longest user and password fit");
    char pair[PAIR_MAX];
    size_t size = 0;
    bool has_password = user.size && memchr(user.ptr, ':', user.size);
    assert(user.size <= SM_DIAL_USER_BYTES_MAX);
    while (sm_percent_take(&user, &pair[size]))
        size++;
    if (!has_password)
        pair[size++] = ':';
    memcpy(out, scheme, SCHEME_SIZE);
    sm_base64_encode(sm_slice_make(pair, size), out + SCHEME_SIZE);
    out[SCHEME_SIZE + sm_base64_encoded_size(size)] = '\0';
}

static bool refuse_proxy(const char *url, const char *why, struct sm_error *error)
{
    struct sm_bytes shown = {0};
    sm_http_url_write_shown(url, &shown);
    sm_error_set(error, SM_ERROR_USAGE, "proxy_url: parse \"%s\": %s", sm_bytes_cstr(&shown), why);
    sm_bytes_deinit(&shown);
    return false;
}

/* A URL where the configuration gives one; in the environment "host:port" will do. */
static bool check_proxy_url(const char *url, struct sm_error *error)
{
    const char *scheme_end = strstr(url, "://");
    if (!scheme_end)
        return refuse_proxy(url, "invalid URI for request (write http://host:port)", error);
    if (scheme_end == url)
        return refuse_proxy(url, "missing protocol scheme", error);
    for (const char *at = scheme_end + 3; *at && *at != '/'; at++)
        if ((unsigned char)*at <= ' ' || strchr("<>\"\\^`{|}\x7f", *at)) {
            char why[64];
            snprintf(why, sizeof(why), "invalid character \"%c\" in host name", *at);
            return refuse_proxy(url, why, error);
        }
    return true;
}

/* "host", "host:port" or "[v6]:port". */
static bool take_proxy_address(struct sm_dial_target *target, struct sm_slice authority, const char *url, struct sm_error *error)
{
    bool is_bracketed = authority.size > 0 && *authority.ptr == '[';
    const char *host_end = is_bracketed ? memchr(authority.ptr, ']', authority.size) : memrchr(authority.ptr, ':', authority.size);
    if (is_bracketed && !host_end)
        return refuse_proxy(url, "missing ']' in host", error);
    struct sm_slice host = host_end ? sm_slice_make(authority.ptr, (size_t)(host_end - authority.ptr)) : authority;
    struct sm_slice port = sm_slice_make(host.ptr + host.size, authority.size - host.size);
    if (is_bracketed) {
        host = sm_slice_make(host.ptr + 1, host.size - 1);
        port = sm_slice_make(port.ptr + 1, port.size - 1);
    }
    port = port.size > 1 ? sm_slice_make(port.ptr + 1, port.size - 1) : SM_SLICE("80");
    if (host.size == 0 || host.size >= sizeof(target->proxy_host))
        return refuse_proxy(url, "no usable host", error);
    if (port.size >= sizeof(target->proxy_port) || strspn(port.ptr, "0123456789") < port.size) {
        char why[64]; /* a port that is none may be a password: "http://user:pa/ss@host" */
        snprintf(why, sizeof(why), strchr(url, '@') ? "invalid port after host" : "invalid port \":%.*s\" after host", SM_SLICE_ARGS(port));
        return refuse_proxy(url, why, error);
    }
    snprintf(target->proxy_host, sizeof(target->proxy_host), "%.*s", SM_SLICE_ARGS(host));
    snprintf(target->proxy_port, sizeof(target->proxy_port), "%.*s", SM_SLICE_ARGS(port));
    return true;
}

bool sm_dial_target_set_proxy(struct sm_dial_target *target, const char *proxy_url, bool is_https, struct sm_error *error)
{
    const char *url = *proxy_url ? proxy_url : from_environment(target, is_https);
    if (!*url || target->unix_path[0])
        return true;
    if (*proxy_url && !check_proxy_url(url, error))
        return false;
    struct sm_slice rest = sm_slice_of(url);
    if (sm_slice_starts_with(rest, SM_SLICE("http://")))
        rest = sm_slice_make(rest.ptr + 7, rest.size - 7);
    else if (strstr(url, "://"))
        return sm_error_set(error, SM_ERROR_USAGE, "proxy_url: only http:// proxies are supported");
    rest = sm_slice_cut(&rest, '/');
    const char *at = rest.size ? memrchr(rest.ptr, '@', rest.size) : NULL;
    if (at) {
        struct sm_slice user = sm_slice_make(rest.ptr, (size_t)(at - rest.ptr));
        if (user.size > SM_DIAL_USER_BYTES_MAX)
            return sm_error_set(error, SM_ERROR_USAGE, "proxy_url: user and password longer than %d bytes", SM_DIAL_USER_BYTES_MAX);
        sm_dial_write_authorization(target->proxy_authorization, user);
        rest = sm_slice_make(at + 1, rest.size - (size_t)(at + 1 - rest.ptr));
    }
    if (!take_proxy_address(target, rest, url, error))
        return false;
    target->tunnels = is_https;
    return true;
}
