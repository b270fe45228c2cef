/* grpc_message.h - what a gRPC answer is made of: status headers and trailers, one message, and their encodings. No input or output. */
#pragma once

#include "base/bytes.h"
#include "net/grpc_client.h"
#include "net/http2_session.h"

/* The answer to one call while it comes in. All zero is an empty one. */
struct sm_grpc_reply {
    struct sm_bytes body;             /* owned: prefix and message */
    struct sm_bytes message, details; /* owned, decoded */
    struct sm_bytes text;             /* owned: composed here */
    struct sm_buffer *unpacked;       /* owned */
    char encoding[16];
    char content_type[64];
    int http_status;
    int code; /* grpc-status */
    bool has_code, is_too_large, is_complete;
};
void sm_grpc_reply_header(struct sm_grpc_reply *reply, struct sm_slice name, struct sm_slice value);
void sm_grpc_reply_data(struct sm_grpc_reply *reply, struct sm_slice bytes, size_t limit_bytes);
/* What the complete answer means. `answer` points into `reply`. */
void sm_grpc_reply_finish(struct sm_grpc_reply *reply, size_t limit_bytes, struct sm_grpc_answer *answer);
/* Frees what it owns and makes it empty. */
void sm_grpc_reply_deinit(struct sm_grpc_reply *reply);

/* The status that a stream's reset stands for (RFC 9113 section 7 to google.rpc.Code, gRPC's table). */
enum sm_rpc_code sm_grpc_code_of_reset(uint32_t http2_error);
/* Without padding, as binary headers are written. */
void sm_grpc_base64_append(struct sm_bytes *out, struct sm_slice bytes);
/* A header that a user asks for, as gRPC wants it (PROTOCOL-HTTP2.md, Custom-Metadata): its name in lower case, its value in base64 when the name
 * ends in -bin. Copies into the arena. */
struct sm_http2_header sm_grpc_user_header(struct sm_slice name, struct sm_slice value, struct sm_arena *arena);
