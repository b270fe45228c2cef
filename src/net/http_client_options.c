/* http_client_options.c - the options of an HTTP client. Source: opentelemetry-collector config/confighttp/client.go, config/configcompression. */
#include "net/http_client.h"

#include "net/http_url.h"
#include "wire/compression.h"

/* `empty`: what an empty word stands for. */
#define COMPRESSION_WORDS(empty)                                                                                                                     \
    {                                                                                                                                                \
        {"", (empty)}, {"none", SM_COMPRESSION_NONE}, {"gzip", SM_COMPRESSION_GZIP}, {"zstd", SM_COMPRESSION_ZSTD}, {"zlib", SM_COMPRESSION_ZLIB},   \
            {"deflate", SM_COMPRESSION_DEFLATE}, {"snappy", SM_COMPRESSION_SNAPPY}, {"x-snappy-framed", SM_COMPRESSION_SNAPPY_FRAMED},               \
            {"lz4", SM_COMPRESSION_LZ4},                                                                                                             \
        {                                                                                                                                            \
            NULL, 0                                                                                                                                  \
        }                                                                                                                                            \
    }

static const struct sm_option_word compression_words[] = COMPRESSION_WORDS(SM_COMPRESSION_NONE);
static const struct sm_option_word snappy_words[] = COMPRESSION_WORDS(SM_COMPRESSION_SNAPPY);

static const struct sm_option params_table[] = {
    {.kind = SM_OPTION_KIND_INT, .key = "level", .member = "level", .offset = 0, .help = "Level of gzip, zlib, deflate and zstd; 0: the usual one."},
    SM_OPTION_END,
};

static const struct sm_option cookie_table[] = {
    SM_OPTION_BOOL(struct sm_http_cookie_options, enabled, .preset.boolean = true, .is_switch = true, .help = "Keep them."),
    SM_OPTION_END,
};

/* All rows but `endpoint` and `compression`, whose defaults their users choose. */
#define COMMON_ROWS                                                                                                                                  \
    SM_OPTION_STRING(struct sm_http_client_options, proxy_url, .help = "Proxy for all requests, instead of HTTP_PROXY and HTTPS_PROXY."),            \
        SM_OPTION_TABLE(struct sm_http_client_options, tls, sm_tls_client_option_table, .help = "TLS of https connections."),                        \
        SM_OPTION_STRING_MAP(struct sm_http_client_options, headers, .secret = true, .help = "Headers sent with every request."),                    \
        SM_OPTION_INT(struct sm_http_client_options, read_buffer_size, .unit = "bytes",                                                              \
                      .help = "Taken for compatibility: reads share one large buffer."),                                                             \
        SM_OPTION_INT(struct sm_http_client_options, write_buffer_size, .preset.integer = 512 * 1024, .unit = "bytes",                               \
                      .help = "Taken for compatibility: bodies are written without a buffer."),                                                      \
        SM_OPTION_TABLE(struct sm_http_client_options, compression_params, params_table, .help = "How hard to pack."),                               \
        SM_OPTION_INT(struct sm_http_client_options, max_idle_conns, .preset.integer = 100,                                                          \
                      .help = "Unused connections that a worker keeps; 0: no limit."),                                                               \
        SM_OPTION_INT(struct sm_http_client_options, max_idle_conns_per_host,                                                                        \
                      .help = "The same; the smaller of the two counts. 0: no limit of its own."),                                                   \
        SM_OPTION_INT(struct sm_http_client_options, max_conns_per_host,                                                                             \
                      .help = "Connections that a worker has at most, others wait; 0: no limit."),                                                   \
        SM_OPTION_DURATION(struct sm_http_client_options, idle_conn_timeout_ns, .key = "idle_conn_timeout", .preset.integer = 90 * SM_S,             \
                           .help = "An unused connection is closed after this time; 0: never."),                                                     \
        SM_OPTION_BOOL(struct sm_http_client_options, disable_keep_alives, .help = "A connection for each request."),                                \
        SM_OPTION_BOOL(struct sm_http_client_options, force_attempt_http2, .preset.boolean = true,                                                   \
                       .help = "Taken for compatibility: requests go over HTTP/1.1."),                                                               \
        SM_OPTION_DURATION(struct sm_http_client_options, http2_read_idle_timeout_ns, .key = "http2_read_idle_timeout",                              \
                           .help = "Taken for compatibility."),                                                                                      \
        SM_OPTION_DURATION(struct sm_http_client_options, http2_ping_timeout_ns, .key = "http2_ping_timeout", .help = "Taken for compatibility."),   \
        SM_OPTION_OPTIONAL(struct sm_http_client_options, cookies, cookie_table, .null_is_absent = true,                                             \
                           .help = "Keeps the server's cookies, for as long as the program runs."),                                                  \
        SM_OPTION_OPTIONAL(struct sm_http_client_options, auth, sm_auth_option_table, .null_is_absent = true,                                        \
                           .help = "Requests are signed by an extension."),                                                                          \
        SM_OPTION_REFUSED("middlewares", .help = "Middleware extensions for requests.")

#define ENDPOINT_ROW SM_OPTION_STRING(struct sm_http_client_options, endpoint, .help = "URL to send to.")
#define COMPRESSION_ROW(words, preset_value)                                                                                                         \
    SM_OPTION_ENUM(struct sm_http_client_options, compression, words, .unknown_word = {"unsupported compression type ", ""},                         \
                   .preset.integer = (preset_value), .help = "How bodies are packed.")

const struct sm_option sm_http_client_option_table[] = {ENDPOINT_ROW, COMPRESSION_ROW(compression_words, SM_COMPRESSION_NONE), COMMON_ROWS,
                                                        SM_OPTION_END};
const struct sm_option sm_http_client_option_table_gzip[] = {ENDPOINT_ROW, COMPRESSION_ROW(compression_words, SM_COMPRESSION_GZIP), COMMON_ROWS,
                                                             SM_OPTION_END};
const struct sm_option sm_http_client_option_table_snappy[] = {COMPRESSION_ROW(snappy_words, SM_COMPRESSION_SNAPPY), COMMON_ROWS, SM_OPTION_END};

static bool takes_level(int compression, int64_t level)
{
    switch (compression) {
    case SM_COMPRESSION_NONE:
    case SM_COMPRESSION_ZSTD:
        return true;
    case SM_COMPRESSION_GZIP:
    case SM_COMPRESSION_ZLIB:
    case SM_COMPRESSION_DEFLATE:
        return level >= -2 && level <= 9;
    default:
        return level == 0;
    }
}

void sm_http_client_url_validate(const char *key_path, const char *url, struct sm_validation *validation)
{
    struct sm_http_url parts;
    struct sm_error error;
    if (*url && !sm_http_url_parse(url, &parts, &error))
        sm_validation_error(validation, key_path, "%s", error.text);
}

void sm_http_client_options_validate(const struct sm_http_client_options *options, struct sm_validation *validation)
{
    if (!takes_level(options->compression, options->compression_params.level))
        sm_validation_error(validation, "compression_params", "unsupported parameters {Level:%lld} for compression type \"%s\"",
                            (long long)options->compression_params.level, sm_compression_name((enum sm_compression)options->compression));
    if (!options->tls.insecure)
        sm_tls_client_validate(&options->tls, validation, "tls");
}
