/* tls.h - TLS settings of servers and clients (the reference's configtls), on OpenSSL.
 *
 * A context is made once from options, checked at creation (unreadable or mismatched files are start-up errors), and reads its files again for a new
 * connection once `reload_interval` has passed; files that became unusable are logged and the ones before stay in use. Contexts may be used by all
 * workers. */
#pragma once

#include "base/error.h"
#include "config/option.h"

struct sm_tls_files {
    const char *ca_file, *ca_pem, *cert_file, *cert_pem, *key_file, *key_pem;
    bool include_system_ca_certs_pool, include_insecure_cipher_suites;
    const char *min_version, *max_version; /* "1.0" … "1.3"; "" : 1.2 and the newest */
    struct sm_string_list cipher_suites, curve_preferences;
    uint64_t reload_interval_ns;
};
struct sm_tls_server_options {
    struct sm_tls_files files;
    const char *client_ca_file;
    bool client_ca_file_reload;
};
struct sm_tls_client_options {
    struct sm_tls_files files;
    bool insecure, insecure_skip_verify;
    const char *server_name_override;
};
/* Rules between the options; `key_path` is where the table stands in the component ("protocols::http::tls"). */
void sm_tls_server_validate(const struct sm_tls_server_options *options, struct sm_validation *validation, const char *key_path);
void sm_tls_client_validate(const struct sm_tls_client_options *options, struct sm_validation *validation, const char *key_path);
extern const struct sm_option sm_tls_server_option_table[];
extern const struct sm_option sm_tls_client_option_table[];

struct sm_tls_context;
/* Options are borrowed for the life of the context. A client context with `insecure` is not made by these: the caller then connects plain.
 * `alpn` lists protocols in order of preference, NULL-terminated ("h2", "http/1.1"). */
struct sm_tls_context *sm_tls_server_context_create(const struct sm_tls_server_options *options, const char *const *alpn, struct sm_error *error)
    __attribute__((warn_unused_result));
struct sm_tls_context *sm_tls_client_context_create(const struct sm_tls_client_options *options, const char *const *alpn, struct sm_error *error)
    __attribute__((warn_unused_result));
void sm_tls_context_free(struct sm_tls_context *context); /* NULL is allowed */
