/* grpc_call.c - one call of the gRPC server: its headers, its message, its answer.
 *
 *     prefix (5 bytes: packed?, size) -> limit checked -> one buffer of that size -> filled from DATA -> unpacked -> handler -> answer
 *
 * Worker-local. Limits: message_limit_bytes before and after unpacking; header bytes by the HTTP/2 session.
 * Source: grpc/doc/PROTOCOL-HTTP2.md; statuses and texts as grpc-go 1.81 gives them (server.go, rpc_util.go, internal/transport/http2_server.go). */
#include "net/grpc_call.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "net/grpc_call_internal.h"
#include "net/grpc_message.h"
#include "telemetry/batch.h"
#include "telemetry/metadata.h"

struct sm_grpc_header_place {
    size_t at, name_size, value_size; /* in call->text */
};

enum { TIMEOUT_DIGITS_MAX = 8, HEADERS_KEPT_MAX = 200 };

/* ---- headers */

/* "application/grpc", alone or followed by "+codec" or ";parameter". */
static bool is_grpc_type(struct sm_slice value)
{
    static const struct sm_slice base = {.ptr = "application/grpc", .size = sizeof("application/grpc") - 1};
    if (value.size < base.size || !sm_slice_equal_nocase(sm_slice_make(value.ptr, base.size), base))
        return false;
    return value.size == base.size || value.ptr[base.size] == '+' || value.ptr[base.size] == ';';
}

static void copy_text(char *to, size_t capacity, struct sm_slice from)
{
    snprintf(to, capacity, "%.*s", SM_SLICE_ARGS(from));
}

static void fail_header(struct sm_grpc_call *call, int http_status, enum sm_rpc_code code, const char *text)
{
    if (call->header_error)
        return;
    call->header_error = text;
    call->http_status = http_status;
    call->header_code = code;
}

static void take_path(struct sm_grpc_call *call, struct sm_slice path)
{
    for (size_t i = 0; i < call->setup->method_count; i++)
        if (sm_slice_equal(call->setup->methods[i].path, path)) {
            call->method = &call->setup->methods[i];
            return;
        }
    free(call->unknown_path);
    call->unknown_path = sm_alloc(path.size + 1, 1);
    memcpy(call->unknown_path, path.ptr, path.size);
    call->path_size = path.size;
}

static void take_encoding(struct sm_grpc_call *call, struct sm_slice value)
{
    copy_text(call->encoding_name, sizeof(call->encoding_name), value);
    if (value.size == 0 || sm_slice_is(value, "identity"))
        return;
    enum sm_compression found;
    /* Those that the reference registers for gRPC. */
    bool is_known =
        sm_compression_find(value, &found) && (found == SM_COMPRESSION_GZIP || found == SM_COMPRESSION_ZSTD || found == SM_COMPRESSION_SNAPPY);
    call->has_unknown_encoding = !is_known;
    call->encoding = is_known ? found : SM_COMPRESSION_NONE;
}

/* Only its form is checked: the client gives up by itself when its time is over, and resets the stream. A time of zero has passed already. */
static void take_timeout(struct sm_grpc_call *call, struct sm_slice value)
{
    bool is_good = value.size >= 2 && value.size <= TIMEOUT_DIGITS_MAX + 1 && strchr("HMSmun", value.ptr[value.size - 1]) != NULL;
    bool is_zero = true;
    for (size_t i = 0; is_good && i + 1 < value.size; i++) {
        is_good = value.ptr[i] >= '0' && value.ptr[i] <= '9';
        is_zero &= value.ptr[i] == '0';
    }
    if (!is_good)
        fail_header(call, 400, SM_RPC_INTERNAL, "malformed grpc-timeout");
    else if (is_zero)
        fail_header(call, 200, SM_RPC_DEADLINE_EXCEEDED, "context deadline exceeded");
}

static void keep_header(struct sm_grpc_call *call, struct sm_slice name, struct sm_slice value)
{
    if (!call->setup->keeps_headers || call->header_count == HEADERS_KEPT_MAX || (name.ptr[0] == ':' && !sm_slice_is(name, ":authority")))
        return;
    if (call->header_count == call->place_capacity) {
        call->place_capacity = call->place_capacity ? call->place_capacity * 2 : 16;
        call->places = sm_realloc(call->places, call->place_capacity, sizeof(*call->places));
    }
    call->places[call->header_count++] = (struct sm_grpc_header_place){.at = call->text.size, .name_size = name.size, .value_size = value.size};
    sm_bytes_append_slice(&call->text, name);
    sm_bytes_append_slice(&call->text, value);
}

/* Of the protocol itself, not of the client: never passed on. */
static bool is_reserved(struct sm_slice name)
{
    return sm_slice_is(name, "te") || sm_slice_starts_with(name, SM_SLICE("grpc-message")) || sm_slice_is(name, "grpc-status") ||
           sm_slice_is(name, "grpc-status-details-bin");
}

void sm_grpc_call_header(struct sm_grpc_call *call, struct sm_slice name, struct sm_slice value)
{
    if (call->is_handled || name.size == 0)
        return;
    if (sm_slice_is(name, ":path")) {
        take_path(call, value);
    } else if (sm_slice_is(name, ":method")) {
        call->is_post = sm_slice_is(value, "POST");
        copy_text(call->method_name, sizeof(call->method_name), value);
    } else if (sm_slice_is(name, "content-type")) {
        call->has_grpc_type |= is_grpc_type(value);
        if (!call->has_grpc_type)
            copy_text(call->type_name, sizeof(call->type_name), value);
        else
            keep_header(call, name, value);
    } else if (sm_slice_is(name, "grpc-encoding")) {
        take_encoding(call, value);
    } else if (sm_slice_is(name, "grpc-timeout")) {
        take_timeout(call, value);
    } else if (sm_slice_is(name, "host")) {
        if (call->has_host)
            fail_header(call, 400, SM_RPC_INTERNAL,
                        "num values of :authority: 0, num values of host: 2, both must only have 1 value as per HTTP/2 spec");
        call->has_host = true;
    } else if (!is_reserved(name)) {
        keep_header(call, name, value);
    }
}

static void header_at(const struct sm_grpc_call *call, size_t index, struct sm_slice *name, struct sm_slice *value)
{
    const struct sm_grpc_header_place *place = &call->places[index];
    *name = sm_slice_make(call->text.ptr + place->at, place->name_size);
    *value = sm_slice_make(call->text.ptr + place->at + place->name_size, place->value_size);
}

static void add_headers(const struct sm_grpc_call *call, struct sm_metadata *headers)
{
    struct sm_slice name, value;
    for (size_t i = 0; i < call->header_count; i++) {
        header_at(call, i, &name, &value);
        sm_metadata_add(headers, name, value);
    }
}

static struct sm_metadata *all_headers(const struct sm_grpc_call *call)
{
    struct sm_metadata *headers = sm_metadata_create();
    add_headers(call, headers);
    return headers;
}

/* The headers with include_metadata, the authority also under the name that HTTP gives it, and who the client is with `auth`. NULL: nothing. */
static struct sm_metadata *take_metadata(struct sm_grpc_call *call)
{
    struct sm_metadata *metadata = call->identity;
    call->identity = NULL;
    if (!call->setup->includes_metadata)
        return metadata;
    if (!metadata)
        metadata = sm_metadata_create();
    add_headers(call, metadata);
    struct sm_slice authority = {0};
    if (sm_metadata_count(metadata, SM_SLICE(":authority")) > 0)
        authority = sm_metadata_get(metadata, SM_SLICE(":authority"), 0);
    if (authority.size && sm_metadata_count(metadata, SM_SLICE("Host")) == 0)
        sm_metadata_add(metadata, SM_SLICE("Host"), authority);
    return metadata;
}

void sm_grpc_call_tell_client(struct sm_grpc_call *call, struct sm_batch *batch)
{
    batch->metadata = take_metadata(call);
    if (sm_metadata_is_grpc_wanted())
        batch->grpc_headers = all_headers(call);
    const char *peer = call->peer ? call->peer : "";
    sm_batch_set_client(batch, peer);
    sm_batch_set_client_port(batch, peer);
}

/* ---- answers */

/* Status texts are percent-encoded outside of printable ASCII (PROTOCOL-HTTP2.md, Status-Message). */
static void append_percent_encoded(struct sm_bytes *out, struct sm_slice text)
{
    for (size_t i = 0; i < text.size; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        if (c >= ' ' && c <= '~' && c != '%')
            sm_bytes_append_char(out, (char)c);
        else
            sm_bytes_printf(out, "%%%02X", c);
    }
}

static struct sm_http2_header header_of(const char *name, struct sm_slice value)
{
    return (struct sm_http2_header){.name = sm_slice_of(name), .value = value};
}

/* OK: headers, message, trailers. Anything else: headers alone, which end the stream. */
static void send_answer(struct sm_grpc_call *call, int http_status, const struct sm_grpc_response *response)
{
    struct sm_bytes text = {0};
    char code[16], status[16];
    snprintf(code, sizeof(code), "%d", (int)response->code);
    snprintf(status, sizeof(status), "%d", http_status);
    append_percent_encoded(&text, response->message);
    size_t details_at = text.size;
    sm_grpc_base64_append(&text, response->status_details);
    struct sm_slice message = sm_slice_make(text.ptr, details_at);
    struct sm_http2_header headers[5] = {header_of(":status", sm_slice_of(status)), header_of("content-type", SM_SLICE("application/grpc"))};
    struct sm_http2_header trailers[3] = {header_of("grpc-status", sm_slice_of(code)), header_of("grpc-message", message)};
    size_t trailer_count = 2;
    if (response->status_details.size)
        trailers[trailer_count++] = header_of("grpc-status-details-bin", sm_slice_make(text.ptr + details_at, text.size - details_at));
    if (response->code != SM_RPC_OK) {
        memcpy(headers + 2, trailers, trailer_count * sizeof(trailers[0]));
        sm_http2_submit_response(call->session, call->id, headers, 2 + trailer_count, (struct sm_slice){0}, NULL, 0);
    } else {
        struct sm_bytes body = {0};
        const unsigned char prefix[SM_GRPC_PREFIX_BYTES] = {0, (unsigned char)(response->body.size >> 24), (unsigned char)(response->body.size >> 16),
                                                            (unsigned char)(response->body.size >> 8), (unsigned char)response->body.size};
        sm_bytes_append(&body, prefix, sizeof(prefix));
        sm_bytes_append_slice(&body, response->body);
        sm_http2_submit_response(call->session, call->id, headers, 2, sm_bytes_slice(&body), trailers, trailer_count);
        sm_bytes_deinit(&body);
    }
    sm_bytes_deinit(&text);
}

static void answer(struct sm_grpc_call *call, int http_status, const struct sm_grpc_response *response)
{
    if (call->is_answered)
        return;
    call->is_answered = call->is_handled = true;
    if (call->session)
        send_answer(call, http_status, response);
    if (call->connection)
        call->setup->answered(call->connection);
    else
        sm_grpc_call_free(call);
}

void sm_grpc_respond(struct sm_grpc_call *call, const struct sm_grpc_response *response)
{
    answer(call, 200, response);
}

static void __attribute__((format(printf, 4, 5)))
answer_error(struct sm_grpc_call *call, int http_status, enum sm_rpc_code code, const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    const struct sm_grpc_response response = {.code = code, .message = sm_slice_of(text)};
    answer(call, http_status, &response);
}

/* ---- when the headers are complete */

static bool is_known_service(const struct sm_grpc_call *call, struct sm_slice service)
{
    for (size_t i = 0; i < call->setup->method_count; i++) {
        struct sm_slice path = call->setup->methods[i].path;
        if (path.size > service.size + 2 && memcmp(path.ptr + 1, service.ptr, service.size) == 0 && path.ptr[service.size + 1] == '/')
            return true;
    }
    return false;
}

static void answer_unknown_method(struct sm_grpc_call *call)
{
    struct sm_slice path = sm_slice_make(call->unknown_path, call->path_size);
    const char *slash = path.size > 1 ? memrchr(path.ptr + 1, '/', path.size - 1) : NULL;
    if (!slash || path.ptr[0] != '/') {
        answer_error(call, 200, SM_RPC_UNIMPLEMENTED, "malformed method name: \"%.*s\"", SM_SLICE_ARGS(path));
        return;
    }
    struct sm_slice service = sm_slice_make(path.ptr + 1, (size_t)(slash - path.ptr - 1));
    struct sm_slice method = sm_slice_make(slash + 1, path.size - service.size - 2);
    if (is_known_service(call, service))
        answer_error(call, 200, SM_RPC_UNIMPLEMENTED, "unknown method %.*s for service %.*s", SM_SLICE_ARGS(method), SM_SLICE_ARGS(service));
    else
        answer_error(call, 200, SM_RPC_UNIMPLEMENTED, "unknown service %.*s", SM_SLICE_ARGS(service));
}

void sm_grpc_call_headed(struct sm_grpc_call *call)
{
    if (call->is_handled)
        return;
    if (!call->has_grpc_type)
        answer_error(call, 415, SM_RPC_INVALID_ARGUMENT, "invalid gRPC request content-type \"%s\"", call->type_name);
    else if (call->header_error)
        answer_error(call, call->http_status, call->header_code, "%s", call->header_error);
    else if (!call->is_post)
        answer_error(call, 405, SM_RPC_INTERNAL, "Received a HEADERS frame with :method \"%s\" which should be POST", call->method_name);
    else if (!call->method)
        answer_unknown_method(call);
    else if (call->has_unknown_encoding)
        answer_error(call, 200, SM_RPC_UNIMPLEMENTED, "grpc: Decompressor is not installed for grpc-encoding \"%s\"", call->encoding_name);
}

/* ---- the message */

static bool unpack(struct sm_grpc_call *call)
{
    if (call->encoding == SM_COMPRESSION_NONE) {
        answer_error(call, 200, SM_RPC_INTERNAL, "grpc: compressed flag set with identity or empty encoding");
        return false;
    }
    struct sm_buffer *unpacked = NULL;
    size_t limit = call->setup->message_limit_bytes;
    switch (sm_decompress(call->encoding, sm_buffer_slice(call->message), limit, &unpacked)) {
    case SM_DECOMPRESS_OK:
        sm_buffer_release(call->message);
        call->message = unpacked;
        return true;
    case SM_DECOMPRESS_TOO_LARGE:
        answer_error(call, 200, SM_RPC_RESOURCE_EXHAUSTED, "grpc: received message after decompression larger than max %zu", limit);
        return false;
    case SM_DECOMPRESS_NO_MEMORY:
        answer_error(call, 200, SM_RPC_RESOURCE_EXHAUSTED, "grpc: no memory for the message after decompression");
        return false;
    case SM_DECOMPRESS_CORRUPT:
        break;
    }
    answer_error(call, 200, SM_RPC_INTERNAL, "grpc: failed to decompress the message: corrupt %s data", call->encoding_name);
    return false;
}

static struct sm_slice find_header(const void *context, struct sm_slice name)
{
    const struct sm_grpc_call *call = context;
    for (size_t i = 0; i < call->header_count; i++) {
        struct sm_slice key, value;
        header_at(call, i, &key, &value);
        if (sm_slice_equal_nocase(key, name))
            return value;
    }
    return (struct sm_slice){0};
}

/* False: answered. */
static bool authenticate(struct sm_grpc_call *call)
{
    const struct sm_auth *auth = call->setup->auth;
    const struct sm_auth_request request = {.find = find_header, .context = call};
    struct sm_error why;
    if (auth->type->authenticate(auth->extension, &request, &call->identity, &why))
        return true;
    answer_error(call, 200, why.class == SM_ERROR_BUSY ? SM_RPC_UNAVAILABLE : SM_RPC_UNAUTHENTICATED, "%s", why.text);
    return false;
}

static void message_complete(struct sm_grpc_call *call)
{
    if (call->prefix[0] != 0 && !unpack(call))
        return;
    if (call->setup->auth && !authenticate(call))
        return;
    call->is_handled = true;
    call->method->handler(call, call->method->context);
}

/* The prefix is complete: room for the message, once its size has passed the limit. */
static bool begin_message(struct sm_grpc_call *call)
{
    const unsigned char *prefix = call->prefix;
    uint32_t size = (uint32_t)prefix[1] << 24 | (uint32_t)prefix[2] << 16 | (uint32_t)prefix[3] << 8 | prefix[4];
    if (prefix[0] > 1) {
        answer_error(call, 200, SM_RPC_INTERNAL, "grpc: received unexpected payload format %u", prefix[0]);
        return false;
    }
    if (size > call->setup->message_limit_bytes) {
        answer_error(call, 200, SM_RPC_RESOURCE_EXHAUSTED, "grpc: received message larger than max (%u vs. %zu)", size,
                     call->setup->message_limit_bytes);
        return false;
    }
    call->message_size = size;
    call->message = sm_buffer_try_create(size);
    if (!call->message)
        answer_error(call, 200, SM_RPC_RESOURCE_EXHAUSTED, "grpc: no memory for a message of %u bytes", size);
    return call->message != NULL;
}

void sm_grpc_call_data(struct sm_grpc_call *call, struct sm_slice bytes)
{
    if (call->is_handled)
        return;
    while (call->prefix_size < SM_GRPC_PREFIX_BYTES && bytes.size > 0) {
        call->prefix[call->prefix_size++] = (unsigned char)*bytes.ptr++;
        bytes.size--;
        if (call->prefix_size == SM_GRPC_PREFIX_BYTES && !begin_message(call))
            return;
    }
    if (!call->message)
        return;
    size_t left = call->message_size - call->message->size;
    size_t take = bytes.size < left ? bytes.size : left;
    if (take > 0)
        memcpy(call->message->data + call->message->size, bytes.ptr, take);
    call->message->size += take;
    if (call->message->size < call->message_size)
        return;
    if (bytes.size > take)
        answer_error(call, 200, SM_RPC_INTERNAL, "grpc: more than one message for a unary call");
    else
        message_complete(call);
}

void sm_grpc_call_ended(struct sm_grpc_call *call)
{
    if (call->is_handled)
        return;
    if (call->prefix_size == 0)
        answer_error(call, 200, SM_RPC_INTERNAL, "grpc: no message");
    else
        answer_error(call, 200, SM_RPC_UNKNOWN, "unexpected EOF");
}

struct sm_buffer *sm_grpc_call_take_message(struct sm_grpc_call *call)
{
    struct sm_buffer *message = call->message;
    call->message = NULL;
    return message;
}

struct sm_worker *sm_grpc_call_worker(const struct sm_grpc_call *call)
{
    return call->worker;
}

const atomic_bool *sm_grpc_call_abandoned(const struct sm_grpc_call *call)
{
    return &call->is_abandoned;
}

void sm_grpc_call_free(struct sm_grpc_call *call)
{
    sm_buffer_release(call->message);
    sm_metadata_release(call->identity);
    sm_bytes_deinit(&call->text);
    free(call->unknown_path);
    free(call->places);
    free(call);
}
