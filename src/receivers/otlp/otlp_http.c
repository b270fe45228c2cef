/* otlp_http.c - the otlp receiver's HTTP requests: routes, media types, decoding, answers in the request's encoding.
 * Runs on the request's worker. Checks come in the reference's order: encoding of the body, path, method, media type, body.
 * Source: opentelemetry-proto docs/specification.md "OTLP/HTTP"; opentelemetry-collector receiver/otlpreceiver/otlphttp.go (order, texts). */
#include "receivers/otlp/otlp.h"

#include <stdio.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "net/http_route.h"
#include "net/media_type.h"
#include "receivers/receive.h"

enum media { MEDIA_UNKNOWN, MEDIA_PROTOBUF, MEDIA_JSON };

static const struct sm_slice PROTOBUF_TYPE = {.ptr = "application/x-protobuf", .size = sizeof("application/x-protobuf") - 1};
static const struct sm_slice JSON_TYPE = {.ptr = "application/json", .size = sizeof("application/json") - 1};

/* ---- media types */

static enum media media_of(struct sm_slice content_type)
{
    struct sm_slice type;
    if (sm_media_type_parse(content_type, &type))
        return MEDIA_UNKNOWN;
    if (sm_slice_equal_nocase(type, PROTOBUF_TYPE))
        return MEDIA_PROTOBUF;
    return sm_slice_equal_nocase(type, JSON_TYPE) ? MEDIA_JSON : MEDIA_UNKNOWN;
}

static enum media request_media(const struct sm_http_request *request)
{
    return media_of(sm_http_request_header(request, SM_SLICE("Content-Type")));
}

/* ---- answers */

static void respond(struct sm_http_request *request, int http_status, struct sm_slice content_type, struct sm_slice body)
{
    const struct sm_http_response response = {.status = http_status, .content_type = content_type, .body = body};
    sm_http_respond(request, &response);
}

static void respond_success(struct sm_http_request *request)
{
    if (request_media(request) == MEDIA_JSON)
        respond(request, 200, JSON_TYPE, SM_SLICE("{\"partialSuccess\":{}}"));
    else
        respond(request, 200, PROTOBUF_TYPE, sm_slice_make("\x0a\x00", 2));
}

static void respond_status(struct sm_http_request *request, enum media media, int http_status, const struct sm_otlp_status *status)
{
    struct sm_bytes body = {0};
    char seconds[32];
    struct sm_http_header retry_after = {.name = SM_SLICE("Retry-After")};
    bool is_throttled = status->has_retry_after && (http_status == 429 || http_status == 503);
    if (is_throttled) {
        snprintf(seconds, sizeof(seconds), "%llu", (unsigned long long)(status->retry_after_ns / SM_NS_PER_S));
        retry_after.value = sm_slice_of(seconds);
    }
    if (media == MEDIA_JSON)
        sm_otlp_status_append_json(status, &body);
    else
        sm_otlp_status_append_protobuf(status, &body);
    const struct sm_http_response response = {
        .status = http_status,
        .content_type = media == MEDIA_JSON ? JSON_TYPE : PROTOBUF_TYPE,
        .headers = &retry_after,
        .header_count = is_throttled ? 1 : 0,
        .body = sm_bytes_slice(&body),
    };
    sm_http_respond(request, &response);
    sm_bytes_deinit(&body);
}

static void refuse(struct sm_http_request *request, enum media media, int http_status, const char *why)
{
    enum sm_rpc_code code = http_status == 401 ? SM_RPC_UNAUTHENTICATED : http_status == 503 ? SM_RPC_UNAVAILABLE : SM_RPC_INVALID_ARGUMENT;
    const struct sm_otlp_status status = {.code = code, .message = sm_slice_of(why)};
    respond_status(request, media, http_status, &status);
}

/* A client that may not send, or a body in an encoding that is not taken, is refused before the media type is looked at: without one the answer is
 * JSON. */
static void refuse_early(struct sm_http_request *request, int http_status, const char *why)
{
    struct sm_slice content_type = sm_http_request_header(request, SM_SLICE("Content-Type"));
    enum media media = content_type.size ? media_of(content_type) : MEDIA_JSON;
    if (media == MEDIA_UNKNOWN)
        respond(request, 500, JSON_TYPE, SM_SLICE("{\"code\": 13, \"message\": \"failed to marshal error message\"}"));
    else
        refuse(request, media, http_status, why);
}

static void on_delivered(struct sm_worker *worker, const struct sm_outcome *outcome, void *context)
{
    (void)worker;
    struct sm_http_request *request = context;
    if (outcome->kind == SM_ACCEPTED) {
        respond_success(request);
        return;
    }
    struct sm_otlp_status status = sm_otlp_status_of(outcome);
    respond_status(request, request_media(request), sm_otlp_http_status(status.code), &status);
}

/* ---- requests */

/* NULL: answered already. */
static const struct sm_otlp_route *find_route(struct sm_http_request *request, const struct sm_otlp_receiver *receiver)
{
    struct sm_slice patterns[SM_SIGNAL_COUNT];
    for (size_t i = 0; i < receiver->route_count; i++)
        patterns[i] = sm_slice_of(receiver->routes[i].http_path);
    int found = sm_http_route(request, patterns, receiver->route_count);
    return found < 0 ? NULL : &receiver->routes[found];
}

static struct sm_batch *decode(const struct sm_otlp_route *route, enum media media, struct sm_buffer *body, struct sm_decode_error *why)
{
    if (media != MEDIA_PROTOBUF)
        return sm_otlp_decode_json(route->signal, sm_buffer_slice(body), why);
    bool packed = sm_component_gives_packed(route->receiver, route->signal);
    return (packed ? sm_otlp_decode_protobuf_packed : sm_otlp_decode_protobuf)(route->signal, body, why);
}

static void export(struct sm_http_request *request, const struct sm_otlp_route *route, enum media media)
{
    const char *body_error = NULL;
    struct sm_buffer *body = sm_http_request_try_take_body(request, &body_error);
    if (!body) {
        refuse(request, media, 400, body_error);
        return;
    }
    struct sm_decode_error why = {0};
    struct sm_batch *batch = decode(route, media, body, &why);
    sm_buffer_release(body);
    if (!batch) {
        char text[256];
        snprintf(text, sizeof(text), "%s at byte %zu", why.reason, why.offset);
        sm_receiver_refused_request(route->receiver, "http", route->signal);
        refuse(request, media, 400, text);
        return;
    }
    sm_receive_http(route->receiver, "http", request, batch, on_delivered);
}

static void on_request(struct sm_http_request *request, void *context)
{
    const struct sm_otlp_receiver *receiver = context;
    const char *encoding_error = sm_http_request_encoding_error(request);
    if (encoding_error) {
        refuse_early(request, 400, encoding_error);
        return;
    }
    const struct sm_otlp_route *route = find_route(request, receiver);
    if (!route)
        return;
    enum media media = request_media(request);
    if (!sm_slice_is(sm_http_request_method(request), "POST"))
        respond(request, 405, SM_SLICE("text/plain"), SM_SLICE("405 method not allowed, supported: [POST]"));
    else if (media == MEDIA_UNKNOWN)
        respond(request, 415, SM_SLICE("text/plain"), SM_SLICE("415 unsupported media type, supported: [application/json, application/x-protobuf]"));
    else
        export(request, route, media);
}

bool sm_otlp_http_create(struct sm_otlp_receiver *receiver, struct sm_error *error)
{
    const struct sm_otlp_options *options = receiver->component->options;
    receiver->http =
        sm_http_server_create(receiver->component->workers, &options->protocols.http->server, on_request, receiver, receiver->component, error);
    if (receiver->http)
        sm_http_server_set_refuse(receiver->http, refuse_early);
    return receiver->http != NULL;
}
