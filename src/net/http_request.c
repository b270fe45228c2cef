/* http_request.c - what a handler asks of a request: its parts, and its body unpacked.
 * Worker-local. Limits: max_request_body_size before and after unpacking.
 * Source: opentelemetry-collector config/confighttp (encodings, order of checks, texts), Go net/http (texts). */
#include "net/http_request.h"

#include <stdio.h>
#include <stdlib.h>

#include "telemetry/metadata.h"
#include "wire/compression.h"

static const char TOO_LARGE[] = "http: request body too large";

void sm_http_request_begin(struct sm_http_request *request, const struct sm_http1_head *head)
{
    request->head = head;
    struct sm_slice rest = head->target;
    /* The absolute form of a target (sent to proxies) names the server first. */
    if (rest.size > 0 && rest.ptr[0] != '/' && sm_slice_find(rest, SM_SLICE("://"))) {
        const char *scheme_end = sm_slice_find(rest, SM_SLICE("://"));
        const char *host = scheme_end + 3, *end = rest.ptr + rest.size;
        const char *path = memchr(host, '/', (size_t)(end - host));
        rest = path ? sm_slice_make(path, (size_t)(end - path)) : SM_SLICE("/");
    }
    request->path = sm_slice_cut(&rest, '?');
    request->query = rest;
    /* A body that is known to be too large is not waited for. */
    request->is_body_too_large = head->has_content_length && head->content_length > request->body_limit_bytes;
}

void sm_http_request_reset(struct sm_http_request *request)
{
    sm_buffer_release(request->body);
    request->body = NULL;
    sm_metadata_release(request->identity);
    request->identity = NULL;
    request->head = NULL;
    request->is_body_too_large = false;
}

/* ---- collecting the body */

static size_t first_capacity(const struct sm_http_request *request, size_t needed)
{
    if (request->head->has_content_length)
        return (size_t)request->head->content_length; /* within the limit: checked when the head came */
    return needed > SM_HTTP_BODY_FIRST_BYTES ? needed : SM_HTTP_BODY_FIRST_BYTES;
}

static bool make_room(struct sm_http_request *request, size_t needed)
{
    if (request->body && request->body->capacity >= needed)
        return true;
    size_t capacity = request->body ? request->body->capacity * 2 : first_capacity(request, needed);
    if (capacity < needed)
        capacity = needed;
    struct sm_buffer *grown = sm_buffer_try_create(capacity);
    if (!grown)
        return false;
    if (request->body) {
        memcpy(grown->data, request->body->data, request->body->size);
        grown->size = request->body->size;
        sm_buffer_release(request->body);
    }
    request->body = grown;
    return true;
}

bool sm_http_request_add_body(struct sm_http_request *request, struct sm_slice bytes)
{
    if (request->is_body_too_large)
        return false;
    size_t size = request->body ? request->body->size : 0;
    if (bytes.size > request->body_limit_bytes - size || !make_room(request, size + bytes.size)) {
        request->is_body_too_large = true;
        return false;
    }
    memcpy(request->body->data + size, bytes.ptr, bytes.size);
    request->body->size += bytes.size;
    return true;
}

/* ---- unpacking */

static bool is_enabled(const struct sm_http_request *request, struct sm_slice name)
{
    const struct sm_string_list *list = &request->options->compression_algorithms;
    for (size_t i = 0; i < list->count; i++)
        if (sm_slice_is(name, list->items[i]))
            return true;
    return !request->options->has_compression_algorithms;
}

static bool find_encoding(const struct sm_http_request *request, enum sm_compression *compression)
{
    struct sm_slice name = sm_http1_find_header(request->head, SM_SLICE("Content-Encoding"));
    if (request->options->has_compression_algorithms && request->options->compression_algorithms.count == 0) {
        *compression = SM_COMPRESSION_NONE;
        return true;
    }
    return is_enabled(request, name) && sm_compression_find(name, compression);
}

/* gzip and zlib read their head at once, block snappy everything. */
static const char *first_bytes_error(enum sm_compression compression, struct sm_slice body)
{
    const unsigned char *bytes = (const unsigned char *)body.ptr;
    switch (compression) {
    case SM_COMPRESSION_GZIP:
        if (body.size == 0)
            return "EOF";
        if (body.size < 10)
            return "unexpected EOF";
        return bytes[0] == 0x1f && bytes[1] == 0x8b && bytes[2] == 8 ? NULL : "gzip: invalid header";
    case SM_COMPRESSION_ZLIB:
    case SM_COMPRESSION_DEFLATE:
        if (body.size < 2)
            return "unexpected EOF";
        return (bytes[0] & 0x0f) == 8 && (bytes[0] * 256 + bytes[1]) % 31 == 0 ? NULL : "zlib: invalid header";
    default:
        return NULL;
    }
}

const char *sm_http_request_encoding_error(struct sm_http_request *request)
{
    enum sm_compression compression;
    if (find_encoding(request, &compression))
        return request->is_body_too_large ? NULL : first_bytes_error(compression, sm_http_request_body(request));
    struct sm_slice name = sm_http1_find_header(request->head, SM_SLICE("Content-Encoding"));
    snprintf(request->error, sizeof(request->error), "unsupported Content-Encoding: %.*s", SM_SLICE_ARGS(name));
    return request->error;
}

static struct sm_buffer *unpack(struct sm_http_request *request, enum sm_compression compression, const char **why)
{
    struct sm_buffer *unpacked = NULL;
    switch (sm_decompress(compression, sm_http_request_body(request), request->body_limit_bytes, &unpacked)) {
    case SM_DECOMPRESS_OK:
        return unpacked;
    case SM_DECOMPRESS_TOO_LARGE:
        *why = TOO_LARGE;
        return NULL;
    case SM_DECOMPRESS_NO_MEMORY:
        *why = "no memory for the unpacked body";
        return NULL;
    case SM_DECOMPRESS_CORRUPT:
        break;
    }
    snprintf(request->error, sizeof(request->error), "%s: corrupt body", sm_compression_name(compression));
    *why = request->error;
    return NULL;
}

struct sm_buffer *sm_http_request_try_take_body(struct sm_http_request *request, const char **why)
{
    enum sm_compression compression;
    if (!find_encoding(request, &compression)) {
        *why = sm_http_request_encoding_error(request);
        return NULL;
    }
    if (request->is_body_too_large) {
        *why = TOO_LARGE;
        return NULL;
    }
    if (compression != SM_COMPRESSION_NONE)
        return unpack(request, compression, why);
    struct sm_buffer *body = request->body ? request->body : sm_buffer_try_create(0);
    request->body = NULL;
    if (!body)
        *why = "no memory for the body";
    return body;
}

struct sm_buffer *sm_http_request_unpack_body(struct sm_http_request *request)
{
    const char *why = NULL;
    struct sm_buffer *body = sm_http_request_try_take_body(request, &why);
    if (body)
        return body;
    sm_http_respond_error(request, 400, why);
    return NULL;
}

/* ---- accessors */

struct sm_worker *sm_http_request_worker(const struct sm_http_request *request)
{
    return request->worker;
}

struct sm_slice sm_http_request_method(const struct sm_http_request *request)
{
    return request->head->method;
}

struct sm_slice sm_http_request_path(const struct sm_http_request *request)
{
    return request->path;
}

struct sm_slice sm_http_request_query(const struct sm_http_request *request)
{
    return request->query;
}

struct sm_slice sm_http_request_header(const struct sm_http_request *request, struct sm_slice name)
{
    return sm_http1_find_header(request->head, name);
}

size_t sm_http_request_header_count(const struct sm_http_request *request)
{
    return request->head->header_count;
}

void sm_http_request_header_at(const struct sm_http_request *request, size_t index, struct sm_slice *name, struct sm_slice *value)
{
    *name = request->head->headers[index].name;
    *value = request->head->headers[index].value;
}

const atomic_bool *sm_http_request_abandoned(const struct sm_http_request *request)
{
    return &request->is_abandoned;
}

const char *sm_http_request_peer(const struct sm_http_request *request)
{
    return request->peer;
}

struct sm_slice sm_http_request_body(const struct sm_http_request *request)
{
    return request->body ? sm_buffer_slice(request->body) : SM_SLICE("");
}
