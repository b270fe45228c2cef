/* openssl_library.h - OpenSSL, opened by the first that needs TLS or a digest: it takes 1.7 MiB of resident memory, and many configurations have
 * neither.
 *
 * Stands in for OpenSSL's headers. Its functions are called by their own names (OpenSSL's macros call them too), once sm_openssl_load has said true.
 * A function that is needed besides these gets a line in both lists. Any thread. */
#pragma once

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "base/error.h"

#define SM_OPENSSL_FUNCTIONS(X)                                                                                                                      \
    X(BIO_free)                                                                                                                                      \
    X(BIO_new_mem_buf)                                                                                                                               \
    X(ERR_clear_error)                                                                                                                               \
    X(ERR_peek_error)                                                                                                                                \
    X(ERR_peek_last_error)                                                                                                                           \
    X(ERR_reason_error_string)                                                                                                                       \
    X(EVP_Digest)                                                                                                                                    \
    X(EVP_PKEY_free)                                                                                                                                 \
    X(EVP_md5)                                                                                                                                       \
    X(EVP_sha1)                                                                                                                                      \
    X(EVP_sha256)                                                                                                                                    \
    X(EVP_sha512)                                                                                                                                    \
    X(OPENSSL_cleanse)                                                                                                                               \
    X(PEM_read_bio_PrivateKey)                                                                                                                       \
    X(PEM_read_bio_X509)                                                                                                                             \
    X(PEM_read_bio_X509_AUX)                                                                                                                         \
    X(SSL_CTX_add_client_CA)                                                                                                                         \
    X(SSL_CTX_check_private_key)                                                                                                                     \
    X(SSL_CTX_ctrl)                                                                                                                                  \
    X(SSL_CTX_free)                                                                                                                                  \
    X(SSL_CTX_get_cert_store)                                                                                                                        \
    X(SSL_CTX_new)                                                                                                                                   \
    X(SSL_CTX_set_alpn_protos)                                                                                                                       \
    X(SSL_CTX_set_alpn_select_cb)                                                                                                                    \
    X(SSL_CTX_set_cipher_list)                                                                                                                       \
    X(SSL_CTX_set_default_verify_paths)                                                                                                              \
    X(SSL_CTX_set_options)                                                                                                                           \
    X(SSL_CTX_set_security_level)                                                                                                                    \
    X(SSL_CTX_set_session_id_context)                                                                                                                \
    X(SSL_CTX_set_verify)                                                                                                                            \
    X(SSL_CTX_use_PrivateKey)                                                                                                                        \
    X(SSL_CTX_use_certificate)                                                                                                                       \
    X(SSL_ctrl)                                                                                                                                      \
    X(SSL_do_handshake)                                                                                                                              \
    X(SSL_free)                                                                                                                                      \
    X(SSL_get0_alpn_selected)                                                                                                                        \
    X(SSL_get0_param)                                                                                                                                \
    X(SSL_get_error)                                                                                                                                 \
    X(SSL_get_verify_result)                                                                                                                         \
    X(SSL_new)                                                                                                                                       \
    X(SSL_read_ex)                                                                                                                                   \
    X(SSL_select_next_proto)                                                                                                                         \
    X(SSL_set_accept_state)                                                                                                                          \
    X(SSL_set_connect_state)                                                                                                                         \
    X(SSL_set_fd)                                                                                                                                    \
    X(SSL_shutdown)                                                                                                                                  \
    X(SSL_write_ex)                                                                                                                                  \
    X(TLS_client_method)                                                                                                                             \
    X(TLS_method)                                                                                                                                    \
    X(TLS_server_method)                                                                                                                             \
    X(X509_STORE_add_cert)                                                                                                                           \
    X(X509_VERIFY_PARAM_set1_host)                                                                                                                   \
    X(X509_VERIFY_PARAM_set1_ip_asc)                                                                                                                 \
    X(X509_VERIFY_PARAM_set_hostflags)                                                                                                               \
    X(X509_free)                                                                                                                                     \
    X(X509_verify_cert_error_string)

/* Immutable once loaded. */
struct sm_openssl {
#define SM_OPENSSL_MEMBER(name) __typeof__(name) *name;
    SM_OPENSSL_FUNCTIONS(SM_OPENSSL_MEMBER)
#undef SM_OPENSSL_MEMBER
};
extern struct sm_openssl sm_openssl;

/* Opens the library the first time. False with `error`: it cannot be. */
bool sm_openssl_load(struct sm_error *error) __attribute__((warn_unused_result));

#define BIO_free sm_openssl.BIO_free
#define BIO_new_mem_buf sm_openssl.BIO_new_mem_buf
#define ERR_clear_error sm_openssl.ERR_clear_error
#define ERR_peek_error sm_openssl.ERR_peek_error
#define ERR_peek_last_error sm_openssl.ERR_peek_last_error
#define ERR_reason_error_string sm_openssl.ERR_reason_error_string
#define EVP_Digest sm_openssl.EVP_Digest
#define EVP_PKEY_free sm_openssl.EVP_PKEY_free
#define EVP_md5 sm_openssl.EVP_md5
#define EVP_sha1 sm_openssl.EVP_sha1
#define EVP_sha256 sm_openssl.EVP_sha256
#define EVP_sha512 sm_openssl.EVP_sha512
#define OPENSSL_cleanse sm_openssl.OPENSSL_cleanse
#define PEM_read_bio_PrivateKey sm_openssl.PEM_read_bio_PrivateKey
#define PEM_read_bio_X509 sm_openssl.PEM_read_bio_X509
#define PEM_read_bio_X509_AUX sm_openssl.PEM_read_bio_X509_AUX
#define SSL_CTX_add_client_CA sm_openssl.SSL_CTX_add_client_CA
#define SSL_CTX_check_private_key sm_openssl.SSL_CTX_check_private_key
#define SSL_CTX_ctrl sm_openssl.SSL_CTX_ctrl
#define SSL_CTX_free sm_openssl.SSL_CTX_free
#define SSL_CTX_get_cert_store sm_openssl.SSL_CTX_get_cert_store
#define SSL_CTX_new sm_openssl.SSL_CTX_new
#define SSL_CTX_set_alpn_protos sm_openssl.SSL_CTX_set_alpn_protos
#define SSL_CTX_set_alpn_select_cb sm_openssl.SSL_CTX_set_alpn_select_cb
#define SSL_CTX_set_cipher_list sm_openssl.SSL_CTX_set_cipher_list
#define SSL_CTX_set_default_verify_paths sm_openssl.SSL_CTX_set_default_verify_paths
#define SSL_CTX_set_options sm_openssl.SSL_CTX_set_options
#define SSL_CTX_set_security_level sm_openssl.SSL_CTX_set_security_level
#define SSL_CTX_set_session_id_context sm_openssl.SSL_CTX_set_session_id_context
#define SSL_CTX_set_verify sm_openssl.SSL_CTX_set_verify
#define SSL_CTX_use_PrivateKey sm_openssl.SSL_CTX_use_PrivateKey
#define SSL_CTX_use_certificate sm_openssl.SSL_CTX_use_certificate
#define SSL_ctrl sm_openssl.SSL_ctrl
#define SSL_do_handshake sm_openssl.SSL_do_handshake
#define SSL_free sm_openssl.SSL_free
#define SSL_get0_alpn_selected sm_openssl.SSL_get0_alpn_selected
#define SSL_get0_param sm_openssl.SSL_get0_param
#define SSL_get_error sm_openssl.SSL_get_error
#define SSL_get_verify_result sm_openssl.SSL_get_verify_result
#define SSL_new sm_openssl.SSL_new
#define SSL_read_ex sm_openssl.SSL_read_ex
#define SSL_select_next_proto sm_openssl.SSL_select_next_proto
#define SSL_set_accept_state sm_openssl.SSL_set_accept_state
#define SSL_set_connect_state sm_openssl.SSL_set_connect_state
#define SSL_set_fd sm_openssl.SSL_set_fd
#define SSL_shutdown sm_openssl.SSL_shutdown
#define SSL_write_ex sm_openssl.SSL_write_ex
#define TLS_client_method sm_openssl.TLS_client_method
#define TLS_method sm_openssl.TLS_method
#define TLS_server_method sm_openssl.TLS_server_method
#define X509_STORE_add_cert sm_openssl.X509_STORE_add_cert
#define X509_VERIFY_PARAM_set1_host sm_openssl.X509_VERIFY_PARAM_set1_host
#define X509_VERIFY_PARAM_set1_ip_asc sm_openssl.X509_VERIFY_PARAM_set1_ip_asc
#define X509_VERIFY_PARAM_set_hostflags sm_openssl.X509_VERIFY_PARAM_set_hostflags
#define X509_free sm_openssl.X509_free
#define X509_verify_cert_error_string sm_openssl.X509_verify_cert_error_string
