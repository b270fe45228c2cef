/* http1_parser.c - see http1_parser.h.
 *
 * http-parser calls back with pieces of names and values as they come; they are collected in one block, as offsets because it may move, and turned
 * into slices once the head is complete. State: worker-local. Limits: head_limit_bytes, HEADER_COUNT_MAX. Source: RFC 9112. */
#include "net/http1_parser.h"

#include <stdlib.h>

#include <http_parser.h>

#include "base/memory.h"

enum { HEADER_COUNT_MAX = 1000, HEAD_KEPT_BYTES = 16 * 1024 };

enum collecting { COLLECTING_NOTHING, COLLECTING_TARGET, COLLECTING_NAME, COLLECTING_VALUE };

struct span {
    size_t at, size; /* in `text` */
};

/* Worker-local. */
struct sm_http1_parser {
    http_parser parser;
    enum sm_http1_role role;
    size_t head_limit_bytes;
    const struct sm_http1_events *events; /* borrowed */
    void *context;                        /* borrowed */
    struct sm_bytes text;                 /* target, names and values of the head */
    size_t line_bytes;                    /* of the head, so far */
    struct span target;
    struct span (*headers)[2];             /* owned: name, value */
    struct sm_http1_header *header_slices; /* owned, as long as `headers` */
    size_t header_count, header_capacity;
    struct sm_http1_head head;
    enum collecting collecting;
    bool is_head_too_large, is_stopped, is_busy, expects_no_body, has_body_ended;
};

/* ---- collecting the head */

static void forget_head(struct sm_http1_parser *self)
{
    if (self->text.capacity > HEAD_KEPT_BYTES)
        sm_bytes_deinit(&self->text);
    self->text.size = 0;
    self->header_count = 0;
    self->line_bytes = 0;
    self->target = (struct span){0};
    self->head = (struct sm_http1_head){0};
    self->collecting = COLLECTING_NOTHING;
}

static int refuse_head(struct sm_http1_parser *self)
{
    self->is_head_too_large = true;
    return -1;
}

/* Adds bytes to the block; a new piece begins when what is collected changes. */
static int collect(struct sm_http1_parser *self, struct span *piece, bool is_new, const char *at, size_t size)
{
    self->line_bytes += size;
    if (self->line_bytes > self->head_limit_bytes)
        return refuse_head(self);
    if (is_new)
        *piece = (struct span){.at = self->text.size};
    sm_bytes_append(&self->text, at, size);
    piece->size += size;
    return 0;
}

static int on_message_begin(http_parser *parser)
{
    struct sm_http1_parser *self = parser->data;
    forget_head(self);
    self->is_busy = true;
    return 0;
}

static int on_target(http_parser *parser, const char *at, size_t size)
{
    struct sm_http1_parser *self = parser->data;
    bool is_new = self->collecting != COLLECTING_TARGET;
    self->collecting = COLLECTING_TARGET;
    return collect(self, &self->target, is_new, at, size);
}

static bool grow_headers(struct sm_http1_parser *self)
{
    if (self->header_count == HEADER_COUNT_MAX)
        return false;
    if (self->header_count == self->header_capacity) {
        self->header_capacity = self->header_capacity ? self->header_capacity * 2 : 16;
        self->headers = sm_realloc(self->headers, self->header_capacity, sizeof(*self->headers));
        self->header_slices = sm_realloc(self->header_slices, self->header_capacity, sizeof(*self->header_slices));
    }
    memset(self->headers[self->header_count++], 0, sizeof(*self->headers));
    return true;
}

static int on_header_name(http_parser *parser, const char *at, size_t size)
{
    struct sm_http1_parser *self = parser->data;
    bool is_new = self->collecting != COLLECTING_NAME;
    self->collecting = COLLECTING_NAME;
    if (self->has_body_ended)
        return 0;                       /* trailers of a chunked body: read over */
    self->line_bytes += is_new ? 4 : 0; /* ": " and the line's end */
    if (is_new && !grow_headers(self))
        return refuse_head(self);
    return collect(self, &self->headers[self->header_count - 1][0], is_new, at, size);
}

static int on_header_value(http_parser *parser, const char *at, size_t size)
{
    struct sm_http1_parser *self = parser->data;
    bool is_new = self->collecting != COLLECTING_VALUE;
    self->collecting = COLLECTING_VALUE;
    if (self->has_body_ended)
        return 0;
    return collect(self, &self->headers[self->header_count - 1][1], is_new, at, size);
}

static struct sm_slice slice_of(const struct sm_http1_parser *self, struct span span)
{
    return sm_slice_make(self->text.ptr + span.at, span.size);
}

/* The library as Debian builds it takes spaces in names, which lets one server see headers that another does not. */
static bool are_names_sound(const struct sm_http1_parser *self)
{
    for (size_t i = 0; i < self->header_count; i++) {
        struct sm_slice name = slice_of(self, self->headers[i][0]);
        if (name.size == 0 || memchr(name.ptr, ' ', name.size))
            return false;
    }
    return true;
}

/* What two servers in a row may understand differently, so that one of them takes a body for a request (RFC 9112 sections 3.2, 6.1 and 11.2): as Go,
 * no version but 1.x, one Host, and no coding but one `chunked`. */
static bool is_request_sound(const struct sm_http1_parser *self)
{
    size_t hosts = 0, codings = 0;
    for (size_t i = 0; i < self->header_count; i++) {
        struct sm_slice name = slice_of(self, self->headers[i][0]);
        if (sm_slice_equal_nocase(name, SM_SLICE("Host")))
            hosts++;
        if (!sm_slice_equal_nocase(name, SM_SLICE("Transfer-Encoding")))
            continue;
        codings++;
        if (!sm_slice_equal_nocase(sm_slice_trim(slice_of(self, self->headers[i][1])), SM_SLICE("chunked")))
            return false;
    }
    return self->parser.http_major == 1 && hosts <= 1 && codings <= 1;
}

static int on_headers_complete(http_parser *parser)
{
    struct sm_http1_parser *self = parser->data;
    if (!are_names_sound(self) || (self->role == SM_HTTP1_REQUESTS && !is_request_sound(self)))
        return -1;
    self->collecting = COLLECTING_NOTHING;
    if (!self->text.ptr)
        sm_bytes_reserve(&self->text, 1); /* an answer without headers: slices still need a place */
    for (size_t i = 0; i < self->header_count; i++)
        self->header_slices[i] =
            (struct sm_http1_header){.name = slice_of(self, self->headers[i][0]), .value = sm_slice_trim(slice_of(self, self->headers[i][1]))};
    self->head = (struct sm_http1_head){
        .status = (int)parser->status_code,
        .headers = self->header_slices,
        .header_count = self->header_count,
        .is_chunked = (parser->flags & F_CHUNKED) != 0,
        .has_content_length = (parser->flags & F_CONTENTLENGTH) != 0,
        .is_keep_alive = http_should_keep_alive(parser) != 0,
        .is_upgrade = parser->upgrade,
        .minor_version = parser->http_minor,
    };
    if (self->head.has_content_length)
        self->head.content_length = parser->content_length;
    if (self->role == SM_HTTP1_REQUESTS) {
        self->head.method = sm_slice_of(http_method_str((enum http_method)parser->method));
        self->head.target = slice_of(self, self->target);
    }
    bool has_no_body = self->expects_no_body;
    self->expects_no_body = false;
    if (!self->events->headed(self, &self->head, self->context)) {
        self->is_stopped = true;
        http_parser_pause(parser, 1);
    }
    return has_no_body ? 1 : 0;
}

static int on_body(http_parser *parser, const char *at, size_t size)
{
    struct sm_http1_parser *self = parser->data;
    if (!self->events->body(self, sm_slice_make(at, size), self->context)) {
        self->is_stopped = true;
        http_parser_pause(parser, 1);
    }
    return 0;
}

static int on_chunk_header(http_parser *parser)
{
    struct sm_http1_parser *self = parser->data;
    if (parser->content_length == 0)
        self->has_body_ended = true;
    return 0;
}

static int on_message_complete(http_parser *parser)
{
    struct sm_http1_parser *self = parser->data;
    self->is_busy = false;
    self->has_body_ended = false;
    if (!self->events->ended(self, self->context)) {
        self->is_stopped = true;
        http_parser_pause(parser, 1);
    }
    return 0;
}

static const http_parser_settings settings = {
    .on_message_begin = on_message_begin,
    .on_url = on_target,
    .on_header_field = on_header_name,
    .on_header_value = on_header_value,
    .on_headers_complete = on_headers_complete,
    .on_body = on_body,
    .on_message_complete = on_message_complete,
    .on_chunk_header = on_chunk_header,
};

/* ---- interface */

struct sm_http1_parser *sm_http1_parser_create(enum sm_http1_role role, size_t head_limit_bytes, const struct sm_http1_events *events, void *context)
{
    struct sm_http1_parser *self = sm_alloc(1, sizeof(*self));
    self->role = role;
    self->head_limit_bytes = head_limit_bytes;
    self->events = events;
    self->context = context;
    http_parser_init(&self->parser, role == SM_HTTP1_REQUESTS ? HTTP_REQUEST : HTTP_RESPONSE);
    self->parser.data = self;
    return self;
}

void sm_http1_parser_free(struct sm_http1_parser *self)
{
    if (!self)
        return;
    sm_bytes_deinit(&self->text);
    free(self->headers);
    free(self->header_slices);
    free(self);
}

/* The library has a limit of its own for the head, one for the whole process; ours is checked here and it is set beyond reach once. */
__attribute__((constructor)) static void lift_library_limit(void)
{
    http_parser_set_max_header_size(UINT32_MAX / 2);
}

enum sm_http1_status sm_http1_parse(struct sm_http1_parser *self, struct sm_slice bytes, size_t *taken)
{
    self->is_stopped = false;
    if (HTTP_PARSER_ERRNO(&self->parser) == HPE_PAUSED)
        http_parser_pause(&self->parser, 0);
    *taken = bytes.size ? http_parser_execute(&self->parser, &settings, bytes.ptr, bytes.size) : 0;
    if (self->is_head_too_large)
        return SM_HTTP1_HEAD_TOO_LARGE;
    if (self->is_stopped)
        return SM_HTTP1_STOPPED;
    if (HTTP_PARSER_ERRNO(&self->parser) != HPE_OK)
        return SM_HTTP1_MALFORMED;
    /* An upgrade stops the library behind the head without an error; nobody here upgrades, except CONNECT, whose caller takes the stream away. */
    return *taken < bytes.size ? SM_HTTP1_STOPPED : SM_HTTP1_MORE;
}

bool sm_http1_parse_end(struct sm_http1_parser *self)
{
    if (HTTP_PARSER_ERRNO(&self->parser) == HPE_PAUSED)
        http_parser_pause(&self->parser, 0);
    size_t taken = http_parser_execute(&self->parser, &settings, "", 0);
    enum http_errno result = HTTP_PARSER_ERRNO(&self->parser);
    /* Paused: `ended` was called and wants no more. */
    return taken == 0 && (result == HPE_OK || result == HPE_PAUSED) && !self->is_busy;
}

bool sm_http1_parser_is_busy(const struct sm_http1_parser *self)
{
    return self->is_busy;
}

void sm_http1_parser_expect_no_body(struct sm_http1_parser *self)
{
    self->expects_no_body = true;
}

struct sm_slice sm_http1_find_header(const struct sm_http1_head *head, struct sm_slice name)
{
    for (size_t i = 0; i < head->header_count; i++)
        if (sm_slice_equal_nocase(head->headers[i].name, name))
            return head->headers[i].value;
    return (struct sm_slice){0};
}
