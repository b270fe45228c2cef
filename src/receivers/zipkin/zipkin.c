/* zipkin.c - the receiver `zipkin`: traces in Zipkin's formats over HTTP.
 *
 * Any path and method is taken; one with "api/v1/spans" in it is version 1, the exact Content-Type chooses protobuf or thrift, everything else is
 * JSON. Runs on the request's worker. State: the server, immutable after start.
 * Source: opentelemetry-collector-contrib receiver/zipkinreceiver (options, what is taken for what, answers). */
#include "receivers/zipkin/zipkin.h"

#include <stdlib.h>

#include "base/memory.h"
#include "config/gates.h"
#include "net/http_route.h"
#include "pipeline/component.h"
#include "receivers/receive.h"
#include "wire/compression.h"

static const struct sm_option server_option_table[] = {
    SM_HTTP_SERVER_OPTION_ROWS("localhost:9411", 0, 0, 0),
    SM_OPTION_END,
};

static const struct sm_option option_table[] = {
    SM_OPTION_TABLE(struct sm_zipkin_options, server, server_option_table, .squash = true),
    SM_OPTION_BOOL(struct sm_zipkin_options, parse_string_tags,
                   .help = "Make integers, numbers with a fraction and booleans of tags that are written so (JSON and protobuf)."),
    SM_OPTION_END,
};

/* Immutable after start, but for what stop writes (main worker). */
struct receiver {
    struct sm_component *component; /* borrowed */
    struct sm_http_server *server;  /* owned */
    bool is_started, is_stopping;
};

/* ---- formats */

struct format {
    const char *transport; /* in the own metrics */
    struct sm_batch *(*decode)(struct sm_slice body, bool parse_string_tags, struct sm_decode_error *error);
};

static const struct format formats[2][2] = {
    {{"http_v2_json", sm_zipkin_decode_v2_json}, {"http_v2_proto", sm_zipkin_decode_v2_protobuf}},
    {{"http_v1_json", sm_zipkin_decode_v1_json}, {"http_v1_thrift", sm_zipkin_decode_v1_thrift}},
};

static const struct format *format_of(const struct sm_http_request *request)
{
    struct sm_slice content_type = sm_http_request_header(request, SM_SLICE("Content-Type"));
    bool is_v1 = sm_http_path_contains(sm_http_request_path(request), SM_SLICE("api/v1/spans"));
    return &formats[is_v1][sm_slice_is(content_type, is_v1 ? "application/x-thrift" : "application/x-protobuf")];
}

/* ---- requests */

static void respond(struct sm_http_request *request, int status, const char *body)
{
    sm_http_respond_text(request, status, *body ? "text/plain; charset=utf-8" : "", sm_slice_of(body));
}

static void on_delivered(struct sm_worker *worker, const struct sm_outcome *outcome, void *context)
{
    (void)worker;
    if (outcome->kind == SM_ACCEPTED)
        respond(context, 202, "");
    else if (outcome->kind == SM_REJECTED)
        respond(context, 400, "\"Bad Request\"");
    else
        respond(context, 500, "\"Internal Server Error\"");
}

/* With no compression_algorithms at all bodies come as they were sent, and the receiver unpacks the few that Zipkin's clients use. What does not
 * unpack is decoded as it is, and fails there. */
static struct sm_buffer *unpack(const struct sm_zipkin_options *options, const struct sm_http_request *request, struct sm_buffer *body)
{
    struct sm_slice encoding = sm_http_request_header(request, SM_SLICE("Content-Encoding"));
    enum sm_compression compression = SM_COMPRESSION_NONE;
    struct sm_buffer *unpacked;
    size_t limit = (size_t)(options->server.max_request_body_size > 0 ? options->server.max_request_body_size : SM_HTTP_BODY_LIMIT_BYTES);
    if (!options->server.has_compression_algorithms || options->server.compression_algorithms.count)
        return body;
    if (sm_slice_is(encoding, "gzip"))
        compression = SM_COMPRESSION_GZIP;
    if (sm_slice_is(encoding, "deflate") || sm_slice_is(encoding, "zlib"))
        compression = SM_COMPRESSION_ZLIB;
    if (compression == SM_COMPRESSION_NONE || sm_decompress(compression, sm_buffer_slice(body), limit, &unpacked) != SM_DECOMPRESS_OK)
        return body;
    sm_buffer_release(body);
    return unpacked;
}

static void refuse(struct receiver *receiver, struct sm_http_request *request, const struct format *format, const struct sm_decode_error *why)
{
    sm_receiver_refused_request(receiver->component, format->transport, SM_TRACES);
    sm_http_respond_error(request, 400, why->reason);
}

static void on_request(struct sm_http_request *request, void *context)
{
    struct receiver *receiver = context;
    const struct sm_zipkin_options *options = receiver->component->options;
    const char *encoding_error = sm_http_request_encoding_error(request);
    if (encoding_error) {
        sm_http_respond_error(request, 400, encoding_error);
        return;
    }
    struct sm_buffer *body = sm_http_request_unpack_body(request);
    if (!body)
        return;
    body = unpack(options, request, body);
    const struct format *format = format_of(request);
    struct sm_decode_error why = {0};
    struct sm_batch *batch = format->decode(sm_buffer_slice(body), options->parse_string_tags, &why);
    sm_buffer_release(body);
    if (!batch) {
        refuse(receiver, request, format, &why);
        return;
    }
    sm_receive_http(receiver->component, format->transport, request, batch, on_delivered);
}

/* ---- life */

static void zipkin_validate(const void *options, struct sm_validation *validation)
{
    sm_http_server_validate(&((const struct sm_zipkin_options *)options)->server, validation, "");
}

static bool zipkin_create(struct sm_component *component, struct sm_error *error)
{
    const struct sm_zipkin_options *options = component->options;
    struct receiver *receiver = sm_alloc(1, sizeof(*receiver));
    receiver->component = component;
    component->state = receiver;
    if (sm_gate_is_on(SM_GATE_ZIPKIN_NO_V0_NETWORK) && !sm_gate_is_on(SM_GATE_ZIPKIN_V1_NETWORK))
        return sm_error_set(error, SM_ERROR_USAGE, "%s cannot be enabled without enabling %s", sm_gate_describe(SM_GATE_ZIPKIN_NO_V0_NETWORK)->id,
                            sm_gate_describe(SM_GATE_ZIPKIN_V1_NETWORK)->id);
    receiver->server = sm_http_server_create(component->workers, &options->server, on_request, receiver, component, error);
    return receiver->server != NULL;
}

static bool zipkin_start(struct sm_component *component, struct sm_error *error)
{
    struct receiver *receiver = component->state;
    receiver->is_started = sm_http_server_start(receiver->server, error);
    if (receiver->is_started)
        sm_log(SM_LOG_INFO, &component->logger, "Starting HTTP server", SM_LOG_STR("endpoint", sm_http_server_address(receiver->server)));
    return receiver->is_started;
}

static void server_stopped(void *context)
{
    sm_component_stopped(context);
}

static void zipkin_stop(struct sm_component *component)
{
    struct receiver *receiver = component->state;
    if (receiver->is_stopping)
        return;
    receiver->is_stopping = true;
    if (receiver->is_started)
        sm_http_server_stop(receiver->server, server_stopped, component);
    else
        sm_component_stopped(component);
}

static void zipkin_free(struct sm_component *component)
{
    struct receiver *receiver = component->state;
    if (!receiver)
        return;
    sm_http_server_free(receiver->server);
    free(receiver);
}

const struct sm_component_type sm_receiver_zipkin = {
    .kind = SM_RECEIVER,
    .name = "zipkin",
    .help = "Receives traces over HTTP in Zipkin's formats: version 2 in JSON and protobuf, version 1 in JSON and thrift.",
    .signals = SM_SIGNAL_TRACES,
    .stability = {[SM_TRACES] = SM_STABILITY_BETA},
    .options = option_table,
    .options_size = sizeof(struct sm_zipkin_options),
    .validate = zipkin_validate,
    .create = zipkin_create,
    .start = zipkin_start,
    .stop = zipkin_stop,
    .free = zipkin_free,
};
