/* tls_session.c - see tls_session.h. State: one SSL object per connection; worker-local. */
#include "net/tls_session.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/openssl_library.h"

/* Worker-local. */
struct sm_tls_session {
    SSL *ssl; /* owned */
    char error[256];
};

static bool is_address(const char *name)
{
    unsigned char address[sizeof(struct in6_addr)];
    return inet_pton(AF_INET, name, address) == 1 || inet_pton(AF_INET6, name, address) == 1;
}

/* The name goes out as SNI (addresses do not, RFC 6066 section 3) and must stand in the certificate; its common name does not count, as in Go. */
static bool set_server_name(SSL *ssl, const char *name)
{
    X509_VERIFY_PARAM *parameters = SSL_get0_param(ssl);
    X509_VERIFY_PARAM_set_hostflags(parameters, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
    if (is_address(name))
        return X509_VERIFY_PARAM_set1_ip_asc(parameters, name) == 1;
    return SSL_set_tlsext_host_name(ssl, name) == 1 && X509_VERIFY_PARAM_set1_host(parameters, name, 0) == 1;
}

struct sm_tls_session *sm_tls_session_create(struct sm_tls_context *context, int fd, const char *server_name)
{
    SSL *ssl = sm_tls_context_new_ssl(context);
    if (!ssl)
        return NULL;
    bool is_server = sm_tls_context_is_server(context);
    if (SSL_set_fd(ssl, fd) != 1 || (!is_server && server_name && *server_name && !set_server_name(ssl, server_name))) {
        SSL_free(ssl);
        ERR_clear_error();
        return NULL;
    }
    if (is_server)
        SSL_set_accept_state(ssl);
    else
        SSL_set_connect_state(ssl);
    struct sm_tls_session *session = sm_alloc(1, sizeof(*session));
    session->ssl = ssl;
    return session;
}

void sm_tls_session_free(struct sm_tls_session *session)
{
    if (!session)
        return;
    SSL_free(session->ssl);
    free(session);
}

static void describe_failure(struct sm_tls_session *session, int kind, int saved_errno)
{
    unsigned long code = ERR_peek_error();
    long verified = SSL_get_verify_result(session->ssl);
    const char *reason = code ? ERR_reason_error_string(code) : NULL;
    char words[SM_ERRNO_WORDS_SIZE];
    if (verified != X509_V_OK)
        snprintf(session->error, sizeof(session->error), "certificate not accepted: %s", X509_verify_cert_error_string(verified));
    else if (reason)
        snprintf(session->error, sizeof(session->error), "%s", reason);
    else if (kind == SSL_ERROR_SYSCALL && saved_errno)
        snprintf(session->error, sizeof(session->error), "%s", sm_errno_words(saved_errno, words));
    else
        snprintf(session->error, sizeof(session->error), "connection closed by peer");
    ERR_clear_error();
}

/* What a call's result below 1 means. */
static enum sm_tls_result result_of(struct sm_tls_session *session, int result)
{
    int saved_errno = errno;
    int kind = SSL_get_error(session->ssl, result);
    switch (kind) {
    case SSL_ERROR_WANT_READ:
        return SM_TLS_WANT_READ;
    case SSL_ERROR_WANT_WRITE:
        return SM_TLS_WANT_WRITE;
    case SSL_ERROR_ZERO_RETURN:
        snprintf(session->error, sizeof(session->error), "connection closed by peer");
        return SM_TLS_CLOSED;
    default:
        describe_failure(session, kind, saved_errno);
        return SM_TLS_FAILED;
    }
}

enum sm_tls_result sm_tls_handshake(struct sm_tls_session *session)
{
    ERR_clear_error(); /* the queue is the thread's: another connection may have left something */
    errno = 0;
    int result = SSL_do_handshake(session->ssl);
    return result == 1 ? SM_TLS_DONE : result_of(session, result);
}

enum sm_tls_result sm_tls_read(struct sm_tls_session *session, char *to, size_t capacity, size_t *size)
{
    ERR_clear_error();
    errno = 0;
    int result = SSL_read_ex(session->ssl, to, capacity, size);
    return result == 1 ? SM_TLS_DONE : result_of(session, result);
}

enum sm_tls_result sm_tls_write(struct sm_tls_session *session, const char *from, size_t size, size_t *written)
{
    ERR_clear_error();
    errno = 0;
    int result = SSL_write_ex(session->ssl, from, size, written);
    return result == 1 ? SM_TLS_DONE : result_of(session, result);
}

void sm_tls_send_close(struct sm_tls_session *session)
{
    ERR_clear_error();
    SSL_shutdown(session->ssl); /* one way: nobody waits for the answer */
    ERR_clear_error();
}

const char *sm_tls_session_error(const struct sm_tls_session *session)
{
    return session->error;
}

struct sm_slice sm_tls_session_alpn(const struct sm_tls_session *session)
{
    const unsigned char *name = NULL;
    unsigned size = 0;
    SSL_get0_alpn_selected(session->ssl, &name, &size);
    return sm_slice_make(name, size);
}
