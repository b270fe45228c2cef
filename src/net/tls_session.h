/* tls_session.h - the TLS of one connection, as net/stream.c drives it. Only tls.c, tls_ciphers.c and
 * tls_session.c use OpenSSL. Worker-local. */
#pragma once

#include "base/slice.h"

struct sm_error;
struct sm_string_list;
struct sm_tls_context;
struct sm_tls_session;

enum sm_tls_result { SM_TLS_DONE, SM_TLS_WANT_READ, SM_TLS_WANT_WRITE, SM_TLS_CLOSED, SM_TLS_FAILED };

/* On the non-blocking socket `fd` (borrowed), in the role of the context. `server_name`: clients, may be NULL. NULL when there is no memory. */
struct sm_tls_session *sm_tls_session_create(struct sm_tls_context *context, int fd, const char *server_name) __attribute__((warn_unused_result));
void sm_tls_session_free(struct sm_tls_session *session); /* NULL is allowed */

enum sm_tls_result sm_tls_handshake(struct sm_tls_session *session);
/* DONE with 1 or more bytes; CLOSED: the peer said that it sends no more. */
enum sm_tls_result sm_tls_read(struct sm_tls_session *session, char *to, size_t capacity, size_t *size);
enum sm_tls_result sm_tls_write(struct sm_tls_session *session, const char *from, size_t size, size_t *written);
void sm_tls_send_close(struct sm_tls_session *session);
/* Why the last call FAILED, in one line. */
const char *sm_tls_session_error(const struct sm_tls_session *session);
struct sm_slice sm_tls_session_alpn(const struct sm_tls_session *session);

/* ---- between the files of the TLS module */
struct ssl_st;
struct ssl_ctx_st;
/* A connection's SSL object with the newest files; NULL when there is no memory. Any thread. */
struct ssl_st *sm_tls_context_new_ssl(struct sm_tls_context *context) __attribute__((warn_unused_result));
bool sm_tls_context_is_server(const struct sm_tls_context *context);
/* Sets the TLS 1.2 cipher suites from Go's names (crypto/tls); an empty list leaves the usual ones. */
bool sm_tls_ciphers_apply(struct ssl_ctx_st *ctx, const struct sm_string_list *names, bool with_insecure, struct sm_error *error);
