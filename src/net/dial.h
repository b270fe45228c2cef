/* dial.h - from a name to a connection: resolve without blocking, try the addresses in order, pass a proxy, do the TLS handshake.
 *
 * Worker-local. IPv4 and IPv6 as the name service gives them. */
#pragma once

#include "base/error.h"
#include "base/slice.h"

#include <stdbool.h>
#include <stdint.h>

struct sm_dial;
struct sm_stream;
struct sm_tls_context;
struct sm_worker;

enum { SM_DIAL_AUTHORIZATION_SIZE = 1024, SM_DIAL_USER_BYTES_MAX = 512 };

/* Where a client connects to. Texts are owned by the client and outlive its dials. */
struct sm_dial_target {
    char host[256], port[32];                             /* the next hop */
    char proxy_host[256], proxy_port[32];                 /* "" : none */
    char proxy_authorization[SM_DIAL_AUTHORIZATION_SIZE]; /* value of Proxy-Authorization; "": none */
    char unix_path[108];                                  /* not "": instead of host and port */
    bool tunnels;                                         /* through the proxy with CONNECT; otherwise the proxy itself is talked to */
    struct sm_tls_context *tls;                           /* borrowed; NULL: plain */
    const char *server_name;                              /* borrowed: for the certificate */
};
enum { SM_DIAL_LIMIT_S = 20 };

/* `stream` is connected and the callee's, who sets its events at once; NULL with `failure` in one line otherwise. */
typedef void sm_dial_done(struct sm_worker *worker, struct sm_stream *stream, const char *failure, void *context);

/* `done` is called once, never before this returns. `target` is borrowed until then. */
struct sm_dial *sm_dial_start(struct sm_worker *worker, const struct sm_dial_target *target, sm_dial_done *done, void *context)
    __attribute__((returns_nonnull, warn_unused_result));
/* `done` will not be called. NULL is allowed. */
void sm_dial_cancel(struct sm_dial *dial);

/* "Basic …" for the "user:password" of a URL, which is percent-encoded and at most SM_DIAL_USER_BYTES_MAX long. */
void sm_dial_write_authorization(char out[SM_DIAL_AUTHORIZATION_SIZE], struct sm_slice user);
/* Sets the proxy of `target` as HTTP_PROXY, HTTPS_PROXY and NO_PROXY (also in lower case) say for its host, or from `proxy_url` when that is not "".
 */
bool sm_dial_target_set_proxy(struct sm_dial_target *target, const char *proxy_url, bool is_https, struct sm_error *error)
    __attribute__((warn_unused_result));
