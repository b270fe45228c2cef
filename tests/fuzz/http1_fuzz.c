/* http1_fuzz.c - what a client may send to the HTTP server, and a server to the parser in the other role. */
#include "net/http_server.h"

#include "net/http1_parser.h"
#include "net/server_life.h"
#include "pipeline/worker.h"

#include "serve_bytes.h"

enum { INPUT_MAX = 60000 };

static void answer(struct sm_http_request *request, void *context)
{
    (void)context;
    sm_http_request_encoding_error(request);
    struct sm_buffer *body = sm_http_request_unpack_body(request);
    if (!body)
        return;
    sm_http_respond_text(request, 200, "text/plain", sm_http_request_path(request));
    sm_buffer_release(body);
}

static bool on_headed(struct sm_http1_parser *parser, const struct sm_http1_head *head, void *context)
{
    (void)parser;
    *(size_t *)context += head->header_count;
    return true;
}

static bool on_body(struct sm_http1_parser *parser, struct sm_slice bytes, void *context)
{
    (void)parser;
    *(size_t *)context += bytes.size;
    return true;
}

static bool on_ended(struct sm_http1_parser *parser, void *context)
{
    (void)parser;
    (void)context;
    return true;
}

static void parse_answer(const uint8_t *data, size_t size)
{
    static const struct sm_http1_events events = {.headed = on_headed, .body = on_body, .ended = on_ended};
    size_t sum = 0, taken = 0;
    struct sm_http1_parser *parser = sm_http1_parser_create(SM_HTTP1_ANSWERS, 4096, &events, &sum);
    if (sm_http1_parse(parser, sm_slice_make(data, size), &taken) == SM_HTTP1_MORE)
        sum += sm_http1_parse_end(parser);
    sm_http1_parser_free(parser);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct sm_workers *workers;
    static struct sm_http_server *server;
    if (!server) {
        static const char *origins[] = {"http://*.test"};
        static struct sm_cors_options cors = {.allowed_origins = {.items = origins, .count = 1}, .max_age = 5};
        static const struct sm_http_server_options options = {
            .endpoint = "", .transport = "tcp", .cors = &cors, .max_request_body_size = 10000, .keep_alives_enabled = true};
        workers = sm_workers_create(0, NULL);
        server = sm_http_server_create(workers, &options, answer, NULL, NULL, NULL);
    }
    if (size < 1 || size > INPUT_MAX)
        return 0;
    parse_answer(data + 1, size - 1);
    /* The server embeds its life as its first member. */
    serve_bytes((struct sm_server_life *)server, sm_workers_main(workers), data + 1, size - 1, data[0]);
    return 0;
}
