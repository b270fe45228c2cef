/* http1_parser.h - HTTP/1.1 messages out of bytes, for both roles, on http-parser.
 *
 * Bytes may be cut anywhere. The head (start line and headers) is collected and given whole; the body comes in chunks, without chunked framing.
 * A message that breaks the rules, or whose head is above the limit, ends parsing with an error. Worker-local, no input or output of its own. */
#pragma once

#include "base/bytes.h"
#include "base/slice.h"

#include <stdbool.h>
#include <stdint.h>

struct sm_http1_parser;

enum sm_http1_role { SM_HTTP1_REQUESTS, SM_HTTP1_ANSWERS };

struct sm_http1_header {
    struct sm_slice name, value;
};

/* Valid until the next message begins. */
struct sm_http1_head {
    struct sm_slice method, target; /* requests */
    int status;                     /* answers */
    const struct sm_http1_header *headers;
    size_t header_count;
    bool has_content_length, is_chunked, is_keep_alive, is_upgrade;
    uint64_t content_length;
    unsigned minor_version; /* HTTP/1.x */
};

struct sm_http1_events {
    /* False: stop parsing behind the head (the caller refuses the message). */
    bool (*headed)(struct sm_http1_parser *parser, const struct sm_http1_head *head, void *context);
    bool (*body)(struct sm_http1_parser *parser, struct sm_slice bytes, void *context);
    /* The message is complete. False: stop behind it; parsing goes on with the next call of sm_http1_parse. */
    bool (*ended)(struct sm_http1_parser *parser, void *context);
};

struct sm_http1_parser *sm_http1_parser_create(enum sm_http1_role role, size_t head_limit_bytes, const struct sm_http1_events *events, void *context)
    __attribute__((returns_nonnull, warn_unused_result));
void sm_http1_parser_free(struct sm_http1_parser *parser); /* NULL is allowed */

enum sm_http1_status {
    SM_HTTP1_MORE,    /* all bytes are taken */
    SM_HTTP1_STOPPED, /* a callback returned false */
    SM_HTTP1_MALFORMED,
    SM_HTTP1_HEAD_TOO_LARGE, /* over head_limit_bytes */
};
/* Parses `bytes` and writes how many were taken. After STOPPED the rest is to be given again, in front of what comes later. */
enum sm_http1_status sm_http1_parse(struct sm_http1_parser *parser, struct sm_slice bytes, size_t *taken) __attribute__((warn_unused_result));
/* The connection ended: completes an answer whose body ends with it (`ended` is called). False: in the middle of a message. */
bool sm_http1_parse_end(struct sm_http1_parser *parser) __attribute__((warn_unused_result));
/* Inside of a message (its first byte came, its end did not)? */
bool sm_http1_parser_is_busy(const struct sm_http1_parser *parser);
/* Answers: the one that comes next has no body whatever its headers say (HEAD), or (CONNECT) ends behind its head. Before its first byte. */
void sm_http1_parser_expect_no_body(struct sm_http1_parser *parser);
/* The value of `name` (any case), empty with NULL pointer: absent. */
struct sm_slice sm_http1_find_header(const struct sm_http1_head *head, struct sm_slice name);
