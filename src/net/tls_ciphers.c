/* tls_ciphers.c - TLS cipher suites under the names that Go's crypto/tls gives them.
 *
 * Suites of TLS 1.3 are accepted and change nothing: as in Go they cannot be chosen. Constant tables, any thread.
 * Source: names and grouping of Go crypto/tls (secure and insecure suites), OpenSSL ciphers(1). */
#include "net/tls_session.h"

#include "base/bytes.h"
#include "base/error.h"
#include "base/openssl_library.h"
#include "config/option.h"

struct suite {
    const char *go_name;
    const char *openssl_name; /* NULL: TLS 1.3, not a choice */
    bool is_insecure;
};

static const struct suite suite_table[] = {
    {"TLS_AES_128_GCM_SHA256", NULL, false},
    {"TLS_AES_256_GCM_SHA384", NULL, false},
    {"TLS_CHACHA20_POLY1305_SHA256", NULL, false},
    {"TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA", "ECDHE-ECDSA-AES128-SHA", false},
    {"TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA", "ECDHE-ECDSA-AES256-SHA", false},
    {"TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", "ECDHE-RSA-AES128-SHA", false},
    {"TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA", "ECDHE-RSA-AES256-SHA", false},
    {"TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "ECDHE-ECDSA-AES128-GCM-SHA256", false},
    {"TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", "ECDHE-ECDSA-AES256-GCM-SHA384", false},
    {"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "ECDHE-RSA-AES128-GCM-SHA256", false},
    {"TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "ECDHE-RSA-AES256-GCM-SHA384", false},
    {"TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", "ECDHE-RSA-CHACHA20-POLY1305", false},
    {"TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", "ECDHE-ECDSA-CHACHA20-POLY1305", false},
    {"TLS_RSA_WITH_RC4_128_SHA", "RC4-SHA", true},
    {"TLS_RSA_WITH_3DES_EDE_CBC_SHA", "DES-CBC3-SHA", true},
    {"TLS_RSA_WITH_AES_128_CBC_SHA", "AES128-SHA", true},
    {"TLS_RSA_WITH_AES_256_CBC_SHA", "AES256-SHA", true},
    {"TLS_RSA_WITH_AES_128_CBC_SHA256", "AES128-SHA256", true},
    {"TLS_RSA_WITH_AES_128_GCM_SHA256", "AES128-GCM-SHA256", true},
    {"TLS_RSA_WITH_AES_256_GCM_SHA384", "AES256-GCM-SHA384", true},
    {"TLS_ECDHE_ECDSA_WITH_RC4_128_SHA", "ECDHE-ECDSA-RC4-SHA", true},
    {"TLS_ECDHE_RSA_WITH_RC4_128_SHA", "ECDHE-RSA-RC4-SHA", true},
    {"TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA", "ECDHE-RSA-DES-CBC3-SHA", true},
    {"TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256", "ECDHE-ECDSA-AES128-SHA256", true},
    {"TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256", "ECDHE-RSA-AES128-SHA256", true},
};

static const struct suite *find_suite(const char *name, bool with_insecure)
{
    for (size_t i = 0; i < sizeof(suite_table) / sizeof(suite_table[0]); i++)
        if (strcmp(suite_table[i].go_name, name) == 0 && (with_insecure || !suite_table[i].is_insecure))
            return &suite_table[i];
    return NULL;
}

bool sm_tls_ciphers_apply(struct ssl_ctx_st *ctx, const struct sm_string_list *names, bool with_insecure, struct sm_error *error)
{
    struct sm_bytes list = {0};
    bool ok = true;
    for (size_t i = 0; ok && i < names->count; i++) {
        const struct suite *suite = find_suite(names->items[i], with_insecure);
        if (!suite)
            ok = sm_error_set(error, SM_ERROR_USAGE, "invalid TLS cipher suite: \"%s\"", names->items[i]);
        else if (suite->openssl_name)
            sm_bytes_printf(&list, "%s%s", list.size ? ":" : "", suite->openssl_name);
    }
    if (ok && list.size && SSL_CTX_set_cipher_list(ctx, sm_bytes_cstr(&list)) != 1)
        ok = sm_error_set(error, SM_ERROR_USAGE, "none of the TLS cipher suites is built into OpenSSL: %s", sm_bytes_cstr(&list));
    sm_bytes_deinit(&list);
    return ok;
}
