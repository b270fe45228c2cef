/* grpc_message.c - see grpc_message.h. Source: grpc/doc/PROTOCOL-HTTP2.md, http-grpc-status-mapping.md. */
#include "net/grpc_message.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/buffer.h"
#include "net/percent.h"
#include "wire/base64.h"
#include "wire/compression.h"

enum { PREFIX_BYTES = 5, STATUS_TEXT_LIMIT_BYTES = 64 * 1024 };

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void sm_grpc_base64_append(struct sm_bytes *out, struct sm_slice bytes)
{
    sm_base64_encode(bytes, sm_bytes_reserve(out, sm_base64_encoded_size(bytes.size)));
    out->size += (bytes.size * 4 + 2) / 3; /* the padding is not sent */
}

struct sm_http2_header sm_grpc_user_header(struct sm_slice name, struct sm_slice value, struct sm_arena *arena)
{
    struct sm_http2_header header = {.name = sm_arena_copy_lower(arena, name)};
    if (!sm_slice_ends_with(header.name, SM_SLICE("-bin"))) {
        header.value = sm_arena_copy(arena, value);
        return header;
    }
    struct sm_bytes text;
    sm_bytes_init(&text, arena);
    sm_grpc_base64_append(&text, value);
    header.value = sm_bytes_slice(&text);
    return header;
}

/* With or without padding; false: not base64. */
static bool decode_base64(struct sm_slice text, struct sm_bytes *out)
{
    while (text.size > 0 && text.ptr[text.size - 1] == '=')
        text.size--;
    unsigned bits = 0, count = 0;
    for (size_t i = 0; i < text.size; i++) {
        const char *digit = text.ptr[i] ? strchr(digits, text.ptr[i]) : NULL;
        if (!digit)
            return false;
        bits = bits << 6 | (unsigned)(digit - digits);
        count += 6;
        if (count < 8)
            continue;
        count -= 8;
        sm_bytes_append_char(out, (char)(bits >> count & 0xff));
    }
    return text.size % 4 != 1;
}

/* Percent-encoding; what is no valid escape stays as it is. */
static void decode_text(struct sm_slice text, struct sm_bytes *out)
{
    for (char byte; sm_percent_take(&text, &byte);)
        sm_bytes_append_char(out, byte);
}

static void copy_text(char *to, size_t room, struct sm_slice from)
{
    snprintf(to, room, "%.*s", SM_SLICE_ARGS(from));
}

static int read_number(struct sm_slice text, int otherwise)
{
    int number = 0;
    if (text.size == 0 || text.size > 5)
        return otherwise;
    for (size_t i = 0; i < text.size; i++) {
        if (text.ptr[i] < '0' || text.ptr[i] > '9')
            return otherwise;
        number = number * 10 + (text.ptr[i] - '0');
    }
    return number;
}

void sm_grpc_reply_header(struct sm_grpc_reply *reply, struct sm_slice name, struct sm_slice value)
{
    if (sm_slice_is(name, ":status")) {
        reply->http_status = read_number(value, 0);
    } else if (sm_slice_is(name, "grpc-status")) {
        reply->code = read_number(value, SM_RPC_UNKNOWN);
        reply->has_code = true;
    } else if (sm_slice_is(name, "grpc-message") && value.size <= STATUS_TEXT_LIMIT_BYTES) {
        reply->message.size = 0;
        decode_text(value, &reply->message);
    } else if (sm_slice_is(name, "grpc-status-details-bin") && value.size <= STATUS_TEXT_LIMIT_BYTES) {
        reply->details.size = 0;
        if (!decode_base64(value, &reply->details))
            reply->details.size = 0;
    } else if (sm_slice_is(name, "grpc-encoding")) {
        copy_text(reply->encoding, sizeof(reply->encoding), value);
    } else if (sm_slice_is(name, "content-type")) {
        copy_text(reply->content_type, sizeof(reply->content_type), value);
    }
}

void sm_grpc_reply_data(struct sm_grpc_reply *reply, struct sm_slice bytes, size_t limit_bytes)
{
    if (reply->is_too_large || bytes.size > limit_bytes + PREFIX_BYTES - reply->body.size) {
        reply->is_too_large = true;
        return;
    }
    sm_bytes_append_slice(&reply->body, bytes);
}

static enum sm_rpc_code code_of_http(int status)
{
    switch (status) {
    case 400:
        return SM_RPC_INTERNAL;
    case 401:
        return SM_RPC_UNAUTHENTICATED;
    case 403:
        return SM_RPC_PERMISSION_DENIED;
    case 404:
        return SM_RPC_UNIMPLEMENTED;
    case 429:
    case 502:
    case 503:
    case 504:
        return SM_RPC_UNAVAILABLE;
    default:
        return SM_RPC_UNKNOWN;
    }
}

/* The text of an answer that did not come as gRPC wants it. */
static void set_text(struct sm_grpc_reply *reply, struct sm_grpc_answer *answer, enum sm_rpc_code code, const char *text)
{
    reply->text.size = 0;
    sm_bytes_append_text(&reply->text, text);
    *answer = (struct sm_grpc_answer){.code = code, .message = sm_bytes_slice(&reply->text)};
}

/* The message behind its prefix. */
static void read_message(struct sm_grpc_reply *reply, size_t limit_bytes, struct sm_grpc_answer *answer)
{
    struct sm_slice body = sm_bytes_slice(&reply->body);
    if (body.size < PREFIX_BYTES) {
        set_text(reply, answer, SM_RPC_INTERNAL, "the server sent no message");
        return;
    }
    const unsigned char *prefix = (const unsigned char *)body.ptr;
    size_t size = (size_t)prefix[1] << 24 | (size_t)prefix[2] << 16 | (size_t)prefix[3] << 8 | prefix[4];
    body = sm_slice_make(body.ptr + PREFIX_BYTES, body.size - PREFIX_BYTES);
    if (size != body.size || prefix[0] > 1) {
        set_text(reply, answer, SM_RPC_INTERNAL, "the server sent a malformed message");
        return;
    }
    if (prefix[0] == 1) {
        enum sm_compression compression;
        if (!sm_compression_find(sm_slice_of(reply->encoding), &compression) ||
            sm_decompress(compression, body, limit_bytes, &reply->unpacked) != SM_DECOMPRESS_OK) {
            set_text(reply, answer, SM_RPC_INTERNAL, "the server's message cannot be decompressed");
            return;
        }
        body = sm_buffer_slice(reply->unpacked);
    }
    answer->body = body;
}

void sm_grpc_reply_finish(struct sm_grpc_reply *reply, size_t limit_bytes, struct sm_grpc_answer *answer)
{
    *answer = (struct sm_grpc_answer){0};
    char text[160];
    if (!reply->has_code && reply->http_status != 200) {
        snprintf(text, sizeof(text), "unexpected HTTP status code received from server: %d", reply->http_status);
        set_text(reply, answer, code_of_http(reply->http_status), text);
    } else if (!reply->has_code) {
        bool is_grpc = strncmp(reply->content_type, "application/grpc", 16) == 0;
        snprintf(text, sizeof(text), is_grpc ? "server closed the stream without sending trailers%s" : "unexpected content-type \"%s\"",
                 is_grpc ? "" : reply->content_type);
        set_text(reply, answer, is_grpc ? SM_RPC_INTERNAL : SM_RPC_UNKNOWN, text);
    } else if (reply->code != SM_RPC_OK) {
        answer->code = reply->code <= SM_RPC_UNAUTHENTICATED ? (enum sm_rpc_code)reply->code : SM_RPC_UNKNOWN;
        answer->message = sm_bytes_slice(&reply->message);
        answer->status_details = sm_bytes_slice(&reply->details);
    } else if (reply->is_too_large) {
        set_text(reply, answer, SM_RPC_RESOURCE_EXHAUSTED, "grpc: received message larger than max");
    } else {
        read_message(reply, limit_bytes, answer);
    }
}

void sm_grpc_reply_deinit(struct sm_grpc_reply *reply)
{
    sm_bytes_deinit(&reply->body);
    sm_bytes_deinit(&reply->message);
    sm_bytes_deinit(&reply->details);
    sm_bytes_deinit(&reply->text);
    sm_buffer_release(reply->unpacked);
    *reply = (struct sm_grpc_reply){0};
}

enum sm_rpc_code sm_grpc_code_of_reset(uint32_t http2_error)
{
    switch (http2_error) {
    case 7: /* REFUSED_STREAM */
    case 8: /* CANCEL: the server's, or the end of the connection, which are not told apart */
        return SM_RPC_UNAVAILABLE;
    case 11: /* ENHANCE_YOUR_CALM */
        return SM_RPC_RESOURCE_EXHAUSTED;
    case 12: /* INADEQUATE_SECURITY */
        return SM_RPC_PERMISSION_DENIED;
    default:
        return SM_RPC_INTERNAL;
    }
}
