/* tls.c - TLS settings: option tables, their rules, and contexts that reload their files. See tls.h.
 *
 * A context holds one SSL_CTX that is replaced as a whole when its files are read again; connections keep the one that they were made with.
 * State: `lock` guards `ctx` and the times; it is taken once per connection. Reading the files again happens on the worker that makes a connection (a
 * few kilobytes, at most once per reload_interval). Source: opentelemetry-collector config/configtls (options, rules, texts). */
#include "net/tls.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/openssl_library.h"
#include "net/tls_session.h"

enum { PEM_FILE_LIMIT_BYTES = 4 * 1024 * 1024, ALPN_LIMIT_BYTES = 64 };

struct sm_tls_context {
    const struct sm_tls_files *files;           /* borrowed: configuration */
    const struct sm_tls_server_options *server; /* borrowed; NULL: client */
    const struct sm_tls_client_options *client; /* borrowed; NULL: server */
    unsigned char alpn[ALPN_LIMIT_BYTES];       /* wire form: size byte, name, … */
    unsigned alpn_size;
    pthread_mutex_t lock;
    SSL_CTX *ctx;                   /* owned; guarded by lock */
    uint64_t reload_at_ns;          /* guarded by lock */
    struct timespec client_ca_time; /* guarded by lock */
};

/* ---- options */

#define FILE_OPTION_ROWS                                                                                                                             \
    SM_OPTION_STRING(struct sm_tls_files, ca_file,                                                                                                   \
                     .help = "File with the certificates of the authorities that the other side's is checked against."),                             \
        SM_OPTION_SECRET(struct sm_tls_files, ca_pem, .help = "The same as PEM text."),                                                              \
        SM_OPTION_BOOL(struct sm_tls_files, include_system_ca_certs_pool, .help = "Trust the system's authorities besides those configured."),       \
        SM_OPTION_STRING(struct sm_tls_files, cert_file, .help = "File with our certificate and its chain, PEM."),                                   \
        SM_OPTION_SECRET(struct sm_tls_files, cert_pem, .help = "The same as PEM text."),                                                            \
        SM_OPTION_STRING(struct sm_tls_files, key_file, .help = "File with the private key of the certificate, PEM."),                               \
        SM_OPTION_SECRET(struct sm_tls_files, key_pem, .help = "The same as PEM text."),                                                             \
        SM_OPTION_STRING(struct sm_tls_files, min_version, .help = "Oldest TLS version spoken: 1.0, 1.1, 1.2 (default) or 1.3."),                    \
        SM_OPTION_STRING(struct sm_tls_files, max_version, .help = "Newest TLS version spoken; the newest there is when not set."),                  \
        SM_OPTION_STRING_LIST(struct sm_tls_files, cipher_suites, .help = "Cipher suites of TLS 1.2 and older, by Go's names."),                     \
        SM_OPTION_BOOL(struct sm_tls_files, include_insecure_cipher_suites, .help = "Allow insecure suites in cipher_suites."),                      \
        SM_OPTION_DURATION(struct sm_tls_files, reload_interval_ns, .key = "reload_interval",                                                        \
                           .help = "Read the files again after this time; 0: never."),                                                               \
        SM_OPTION_STRING_LIST(struct sm_tls_files, curve_preferences,                                                                                \
                              .help = "Key exchange curves in order of preference: P256, P384, P521, X25519."),                                      \
        SM_OPTION_REFUSED("tpm", .help = "Private key in a trusted platform module.")

static const struct sm_option files_option_table[] = {
    FILE_OPTION_ROWS,
    SM_OPTION_END,
};

const struct sm_option sm_tls_server_option_table[] = {
    SM_OPTION_TABLE(struct sm_tls_server_options, files, files_option_table, .squash = true),
    SM_OPTION_STRING(struct sm_tls_server_options, client_ca_file, .help = "Clients must show a certificate of one of these authorities."),
    SM_OPTION_BOOL(struct sm_tls_server_options, client_ca_file_reload, .help = "Read client_ca_file again when it changes."),
    SM_OPTION_END,
};

const struct sm_option sm_tls_client_option_table[] = {
    SM_OPTION_TABLE(struct sm_tls_client_options, files, files_option_table, .squash = true),
    SM_OPTION_BOOL(struct sm_tls_client_options, insecure, .help = "Connect without TLS."),
    SM_OPTION_BOOL(struct sm_tls_client_options, insecure_skip_verify, .help = "Do not check the server's certificate."),
    SM_OPTION_STRING(struct sm_tls_client_options, server_name_override, .help = "Name expected in the server's certificate instead of the host."),
    SM_OPTION_END,
};

struct version {
    const char *name;
    int number;
};
static const struct version version_table[] = {{"1.0", TLS1_VERSION}, {"1.1", TLS1_1_VERSION}, {"1.2", TLS1_2_VERSION}, {"1.3", TLS1_3_VERSION}};

/* -1: not a version. */
static int version_number(const char *name, int preset)
{
    if (!*name)
        return preset;
    for (size_t i = 0; i < sizeof(version_table) / sizeof(version_table[0]); i++)
        if (strcmp(version_table[i].name, name) == 0)
            return version_table[i].number;
    return -1;
}

struct curve {
    const char *go_name, *openssl_name; /* openssl_name NULL: not in this OpenSSL */
};
static const struct curve curve_table[] = {{"P256", "P-256"}, {"P384", "P-384"}, {"P521", "P-521"}, {"X25519", "X25519"}, {"X25519MLKEM768", NULL}};

static const struct curve *find_curve(const char *name)
{
    for (size_t i = 0; i < sizeof(curve_table) / sizeof(curve_table[0]); i++)
        if (strcmp(curve_table[i].go_name, name) == 0)
            return &curve_table[i];
    return NULL;
}

static bool is_set(const char *text)
{
    return text && *text;
}

static bool has_cert(const struct sm_tls_files *files)
{
    return is_set(files->cert_file) || is_set(files->cert_pem);
}

static bool has_key(const struct sm_tls_files *files)
{
    return is_set(files->key_file) || is_set(files->key_pem);
}

static void files_validate(const struct sm_tls_files *files, struct sm_validation *validation, const char *key_path)
{
    if (is_set(files->ca_file) && is_set(files->ca_pem))
        sm_validation_error(validation, key_path, "provide either a CA file or the PEM-encoded string, but not both");
    if (is_set(files->cert_file) && is_set(files->cert_pem))
        sm_validation_error(validation, key_path, "provide either certificate file or PEM, but not both");
    if (is_set(files->key_file) && is_set(files->key_pem))
        sm_validation_error(validation, key_path, "provide either key file or PEM, but not both");
    if (has_cert(files) != has_key(files))
        sm_validation_error(validation, key_path, "TLS configuration must include both certificate and key (CertFile/CertPem and KeyFile/KeyPem)");
    int oldest = version_number(files->min_version, TLS1_2_VERSION);
    int newest = version_number(files->max_version, 0);
    if (oldest < 0)
        sm_validation_error(validation, key_path, "invalid TLS min_version: unsupported TLS version: \"%s\"", files->min_version);
    if (newest < 0)
        sm_validation_error(validation, key_path, "invalid TLS max_version: unsupported TLS version: \"%s\"", files->max_version);
    if (oldest > 0 && newest > 0 && newest < oldest)
        sm_validation_error(validation, key_path, "invalid TLS configuration: min_version cannot be greater than max_version");
}

void sm_tls_server_validate(const struct sm_tls_server_options *options, struct sm_validation *validation, const char *key_path)
{
    files_validate(&options->files, validation, key_path);
    if (!has_cert(&options->files) && !has_key(&options->files))
        sm_validation_error(validation, key_path, "TLS configuration must include both certificate and key for server connections");
}

void sm_tls_client_validate(const struct sm_tls_client_options *options, struct sm_validation *validation, const char *key_path)
{
    files_validate(&options->files, validation, key_path);
}

/* ---- reading PEM */

static bool read_file(const char *path, struct sm_bytes *content, struct sm_error *error)
{
    FILE *file = fopen(path, "rbe");
    if (!file) {
        int why = errno;
        sm_error_set_errno(error, why, "open %s", path);
        return sm_error_advise_file(error, why, path, false);
    }
    size_t got;
    do {
        got = fread(sm_bytes_reserve(content, 4096), 1, 4096, file);
        content->size += got;
    } while (got > 0 && content->size <= PEM_FILE_LIMIT_BYTES);
    bool is_broken = ferror(file);
    int read_errno = errno;
    fclose(file);
    if (is_broken)
        return sm_error_set_errno(error, read_errno, "read %s", path);
    if (content->size > PEM_FILE_LIMIT_BYTES)
        return sm_error_set(error, SM_ERROR_IO, "read %s: larger than %d bytes", path, PEM_FILE_LIMIT_BYTES);
    return true;
}

/* The content of a file, or of the option that holds it as text. NULL with `error` filled; `name` gets what to call it in messages. */
static BIO *open_pem(const char *file, const char *pem, const char *what, struct sm_bytes *content, const char **name, struct sm_error *error)
{
    *name = is_set(file) ? file : what;
    if (!is_set(file))
        sm_bytes_append_text(content, pem);
    else if (!read_file(file, content, error))
        return NULL;
    BIO *bio = BIO_new_mem_buf(content->ptr, (int)content->size);
    if (!bio)
        sm_out_of_memory(content->size);
    return bio;
}

/* What OpenSSL calls to read something encrypted. Its own would ask at the terminal, and hold the main worker until somebody answers. */
static int refuse_passphrase(char *buffer, int size, int is_writing, void *user)
{
    (void)buffer, (void)size, (void)is_writing, (void)user;
    return -1;
}

static const char *last_reason(void)
{
    unsigned long code = ERR_peek_last_error();
    if (ERR_GET_LIB(code) == ERR_LIB_PEM && ERR_GET_REASON(code) == PEM_R_NO_START_LINE)
        return "failed to find any PEM data";
    if (ERR_GET_LIB(code) == ERR_LIB_PEM && ERR_GET_REASON(code) == PEM_R_BAD_PASSWORD_READ)
        return "it is encrypted; store it without a passphrase, as openssl pkey does";
    const char *reason = ERR_reason_error_string(code);
    return reason ? reason : "not in PEM format";
}

static bool use_certificate(SSL_CTX *ctx, const struct sm_tls_files *files, struct sm_error *error)
{
    struct sm_bytes content = {0};
    const char *name;
    bool ok = false;
    BIO *bio = open_pem(files->cert_file, files->cert_pem, "cert_pem", &content, &name, error);
    if (bio) {
        X509 *certificate = PEM_read_bio_X509_AUX(bio, NULL, refuse_passphrase, NULL);
        ok = certificate && SSL_CTX_use_certificate(ctx, certificate) == 1;
        if (!ok)
            sm_error_set(error, SM_ERROR_USAGE, "certificate %s: %s", name, last_reason());
        X509_free(certificate);
        for (X509 *issuer; ok && (issuer = PEM_read_bio_X509(bio, NULL, refuse_passphrase, NULL));)
            if (SSL_CTX_add0_chain_cert(ctx, issuer) != 1)
                X509_free(issuer);
        BIO_free(bio);
    }
    ERR_clear_error(); /* the end of the chain is one */
    sm_bytes_deinit(&content);
    return ok || sm_error_blame(error, is_set(files->cert_file) ? &files->cert_file : &files->cert_pem);
}

static void refuse_pair(const struct sm_tls_files *files, const char *key, struct sm_error *error)
{
    sm_error_set(error, SM_ERROR_USAGE, "key %s does not belong to certificate %s: %s", key, is_set(files->cert_file) ? files->cert_file : "cert_pem",
                 last_reason());
    sm_error_advise(error, "`openssl pkey -pubout -in KEY` and `openssl x509 -pubkey -noout -in CERTIFICATE` must print the same");
}

static bool use_key(SSL_CTX *ctx, const struct sm_tls_files *files, struct sm_error *error)
{
    struct sm_bytes content = {0};
    const char *name;
    bool ok = false;
    BIO *bio = open_pem(files->key_file, files->key_pem, "key_pem", &content, &name, error);
    if (bio) {
        EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, refuse_passphrase, NULL);
        if (!key)
            sm_error_set(error, SM_ERROR_USAGE, "key %s: %s", name, last_reason());
        else if (SSL_CTX_use_PrivateKey(ctx, key) != 1 || SSL_CTX_check_private_key(ctx) != 1)
            refuse_pair(files, name, error);
        else
            ok = true;
        EVP_PKEY_free(key);
        BIO_free(bio);
    }
    ERR_clear_error();
    if (content.ptr)
        OPENSSL_cleanse(content.ptr, content.capacity);
    sm_bytes_deinit(&content);
    return ok || sm_error_blame(error, is_set(files->key_file) ? &files->key_file : &files->key_pem);
}

/* `file` and `pem` (NULL: there is no such option) are members of the options. */
static bool trust(SSL_CTX *ctx, const char *const *file_option, const char *const *pem_option, bool show_names, struct sm_error *error)
{
    const char *file = *file_option, *pem = pem_option ? *pem_option : "", *name;
    struct sm_bytes content = {0};
    size_t count = 0;
    BIO *bio = open_pem(file, pem, "ca_pem", &content, &name, error);
    if (bio) {
        for (X509 *authority; (authority = PEM_read_bio_X509(bio, NULL, refuse_passphrase, NULL)); X509_free(authority)) {
            X509_STORE_add_cert(SSL_CTX_get_cert_store(ctx), authority);
            if (show_names)
                SSL_CTX_add_client_CA(ctx, authority);
            count++;
        }
        BIO_free(bio);
        if (count == 0)
            sm_error_set(error, SM_ERROR_USAGE, "failed to parse cert %s: no certificate in PEM format", name);
    } else {
        sm_error_wrap(error, "failed to load cert %s", name);
    }
    if (count == 0) {
        sm_error_blame(error, is_set(file) ? file_option : pem_option);
        sm_error_wrap(error, "failed to load %s", show_names ? "client CA CertPool" : is_set(file) ? "CA CertPool File" : "CA CertPool PEM");
    }
    ERR_clear_error();
    sm_bytes_deinit(&content);
    return count > 0;
}

/* ---- making the SSL_CTX */

static bool apply_versions(SSL_CTX *ctx, const struct sm_tls_files *files, struct sm_error *error)
{
    int oldest = version_number(files->min_version, TLS1_2_VERSION);
    int newest = version_number(files->max_version, 0);
    if (oldest < 0 || newest < 0) {
        sm_error_set(error, SM_ERROR_USAGE, "unsupported TLS version: \"%s\"", oldest < 0 ? files->min_version : files->max_version);
        return sm_error_blame(error, oldest < 0 ? &files->min_version : &files->max_version);
    }
    /* OpenSSL's own levels would refuse what the options ask for: TLS below 1.2 needs level 0. */
    SSL_CTX_set_security_level(ctx, oldest < TLS1_2_VERSION ? 0 : 1);
    SSL_CTX_set_min_proto_version(ctx, oldest);
    SSL_CTX_set_max_proto_version(ctx, newest);
    return true;
}

static bool apply_curves(SSL_CTX *ctx, const struct sm_tls_files *files, struct sm_error *error)
{
    struct sm_bytes list = {0};
    bool ok = true;
    for (size_t i = 0; ok && i < files->curve_preferences.count; i++) {
        const struct curve *curve = find_curve(files->curve_preferences.items[i]);
        if (!curve)
            ok = sm_error_set(error, SM_ERROR_USAGE, "invalid curve type: %s. Expected values are P256, P384, P521, X25519, X25519MLKEM768",
                              files->curve_preferences.items[i]);
        else if (curve->openssl_name)
            sm_bytes_printf(&list, "%s%s", list.size ? ":" : "", curve->openssl_name);
    }
    if (ok && files->curve_preferences.count > 0 && list.size == 0)
        ok = sm_error_set(error, SM_ERROR_USAGE, "none of curve_preferences is built into OpenSSL");
    if (ok && list.size && SSL_CTX_set1_groups_list(ctx, sm_bytes_cstr(&list)) != 1)
        ok = sm_error_set(error, SM_ERROR_USAGE, "curve_preferences not accepted by OpenSSL: %s", last_reason());
    sm_bytes_deinit(&list);
    return ok || sm_error_blame(error, &files->curve_preferences);
}

static bool apply_trust(const struct sm_tls_context *context, SSL_CTX *ctx, struct sm_error *error)
{
    const struct sm_tls_files *files = context->files;
    bool has_authorities = is_set(files->ca_file) || is_set(files->ca_pem);
    if (context->server) {
        /* ca_file of a server is read, so that a bad one is an error, and plays no part in what clients must show. */
        SSL_CTX *unused = has_authorities ? SSL_CTX_new(TLS_method()) : NULL;
        bool ok = !unused || trust(unused, &files->ca_file, &files->ca_pem, false, error);
        SSL_CTX_free(unused);
        if (!ok || !is_set(context->server->client_ca_file))
            return ok;
        SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
        if (files->include_system_ca_certs_pool)
            SSL_CTX_set_default_verify_paths(ctx);
        return trust(ctx, &context->server->client_ca_file, NULL, true, error);
    }
    SSL_CTX_set_verify(ctx, context->client->insecure_skip_verify ? SSL_VERIFY_NONE : SSL_VERIFY_PEER, NULL);
    if (!has_authorities || files->include_system_ca_certs_pool)
        SSL_CTX_set_default_verify_paths(ctx);
    return !has_authorities || trust(ctx, &files->ca_file, &files->ca_pem, false, error);
}

static int select_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_size, const unsigned char *offered, unsigned offered_size,
                       void *argument)
{
    (void)ssl;
    const struct sm_tls_context *context = argument;
    unsigned char *selected;
    if (SSL_select_next_proto(&selected, out_size, context->alpn, context->alpn_size, offered, offered_size) != OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    *out = selected;
    return SSL_TLSEXT_ERR_OK;
}

static void apply_alpn(struct sm_tls_context *context, SSL_CTX *ctx)
{
    if (context->alpn_size == 0)
        return;
    if (context->server)
        SSL_CTX_set_alpn_select_cb(ctx, select_alpn, context);
    else
        SSL_CTX_set_alpn_protos(ctx, context->alpn, context->alpn_size);
}

static SSL_CTX *make_ctx(struct sm_tls_context *context, struct sm_error *error)
{
    SSL_CTX *ctx = SSL_CTX_new(context->server ? TLS_server_method() : TLS_client_method());
    if (!ctx)
        sm_out_of_memory(sizeof(*context));
    SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
    /* A peer that closes without saying so is an end like any other: HTTP knows where messages end. */
    SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_IGNORE_UNEXPECTED_EOF | SSL_OP_CIPHER_SERVER_PREFERENCE);
    if (context->server)
        SSL_CTX_set_session_id_context(ctx, (const unsigned char *)"spanmill", sizeof("spanmill") - 1);
    apply_alpn(context, ctx);
    const struct sm_tls_files *files = context->files;
    bool ok = apply_versions(ctx, files, error) && apply_curves(ctx, files, error) &&
              sm_tls_ciphers_apply(ctx, &files->cipher_suites, files->include_insecure_cipher_suites, error) && apply_trust(context, ctx, error);
    if (ok && has_cert(files))
        ok = (use_certificate(ctx, files, error) && use_key(ctx, files, error)) || sm_error_wrap(error, "failed to load TLS cert and key");
    ERR_clear_error();
    if (ok)
        return ctx;
    SSL_CTX_free(ctx);
    return NULL;
}

static struct timespec change_time(const char *path)
{
    struct stat info;
    return is_set(path) && stat(path, &info) == 0 ? info.st_mtim : (struct timespec){0};
}

static struct sm_tls_context *context_create(struct sm_tls_context *context, const char *const *alpn, struct sm_error *error)
{
    for (; alpn && *alpn; alpn++) {
        size_t size = strlen(*alpn);
        if (context->alpn_size + 1 + size > sizeof(context->alpn))
            break;
        context->alpn[context->alpn_size++] = (unsigned char)size;
        memcpy(context->alpn + context->alpn_size, *alpn, size);
        context->alpn_size += (unsigned)size;
    }
    pthread_mutex_init(&context->lock, NULL);
    context->reload_at_ns = sm_clock_mono_ns() + context->files->reload_interval_ns;
    if (context->server)
        context->client_ca_time = change_time(context->server->client_ca_file);
    context->ctx = sm_openssl_load(error) ? make_ctx(context, error) : NULL;
    if (context->ctx)
        return context;
    sm_error_wrap(error, "failed to load TLS config");
    sm_error_of_start(error);
    sm_tls_context_free(context);
    return NULL;
}

struct sm_tls_context *sm_tls_server_context_create(const struct sm_tls_server_options *options, const char *const *alpn, struct sm_error *error)
{
    if (!has_cert(&options->files)) {
        sm_error_set(error, SM_ERROR_USAGE, "TLS configuration must include both certificate and key for server connections");
        sm_error_blame(error, &options->files.cert_file);
        return NULL;
    }
    struct sm_tls_context *context = sm_alloc(1, sizeof(*context));
    context->files = &options->files;
    context->server = options;
    return context_create(context, alpn, error);
}

struct sm_tls_context *sm_tls_client_context_create(const struct sm_tls_client_options *options, const char *const *alpn, struct sm_error *error)
{
    struct sm_tls_context *context = sm_alloc(1, sizeof(*context));
    context->files = &options->files;
    context->client = options;
    return context_create(context, alpn, error);
}

void sm_tls_context_free(struct sm_tls_context *context)
{
    if (!context)
        return;
    if (context->ctx)
        SSL_CTX_free(context->ctx);
    pthread_mutex_destroy(&context->lock);
    free(context);
}

/* ---- connections */

/* Whether the files are due to be read again. With the lock held. */
static bool is_reload_due(struct sm_tls_context *context)
{
    if (context->files->reload_interval_ns && sm_clock_mono_ns() >= context->reload_at_ns) {
        context->reload_at_ns = sm_clock_mono_ns() + context->files->reload_interval_ns;
        return true;
    }
    if (!context->server || !context->server->client_ca_file_reload)
        return false;
    struct timespec now = change_time(context->server->client_ca_file);
    if (now.tv_sec == context->client_ca_time.tv_sec && now.tv_nsec == context->client_ca_time.tv_nsec)
        return false;
    context->client_ca_time = now;
    return true;
}

static void reload(struct sm_tls_context *context)
{
    struct sm_error error = {0};
    SSL_CTX *fresh = make_ctx(context, &error);
    if (!fresh) {
        sm_log(SM_LOG_ERROR, NULL, "TLS files are not usable any more, going on with those read before", SM_LOG_STR("error", error.text));
        return;
    }
    SSL_CTX_free(context->ctx);
    context->ctx = fresh;
}

struct ssl_st *sm_tls_context_new_ssl(struct sm_tls_context *context)
{
    pthread_mutex_lock(&context->lock);
    if (is_reload_due(context))
        reload(context);
    SSL *ssl = SSL_new(context->ctx);
    pthread_mutex_unlock(&context->lock);
    return ssl;
}

bool sm_tls_context_is_server(const struct sm_tls_context *context)
{
    return context->server != NULL;
}
