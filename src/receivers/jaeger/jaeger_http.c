/* jaeger_http.c - Jaeger's batches in thrift over HTTP: POST /api/traces. Runs on the request's worker.
 * Checks come in the reference's order: encoding, path, method, body, media type, content.
 * Source: contrib receiver/jaegerreceiver/trace_receiver.go (answers); gorilla/mux (paths that are to be written in another way). */
#include "receivers/jaeger/jaeger.h"

#include <stdio.h>

#include "base/bytes.h"
#include "net/http_route.h"
#include "net/media_type.h"
#include "receivers/receive.h"

static const char TRANSPORT[] = "collector_http";

static void respond(struct sm_http_request *request, int status)
{
    const struct sm_http_response response = {.status = status};
    sm_http_respond(request, &response);
}

static void on_delivered(struct sm_worker *worker, const struct sm_outcome *outcome, void *context)
{
    (void)worker;
    char text[320];
    if (outcome->kind == SM_ACCEPTED) {
        respond(context, 202);
        return;
    }
    snprintf(text, sizeof(text), "Cannot submit Jaeger batch: %s", outcome->reason);
    sm_http_respond_error(context, 500, text);
}

static void refuse(const struct sm_jaeger_receiver *receiver, struct sm_http_request *request, int status, const char *what, struct sm_slice why)
{
    struct sm_bytes text = {0};
    sm_bytes_append_text(&text, what);
    sm_http_append_html(&text, why);
    sm_receiver_refused_request(receiver->component, TRANSPORT, SM_TRACES);
    sm_http_respond_error(request, status, sm_bytes_cstr(&text));
    sm_bytes_deinit(&text);
}

static bool is_thrift(struct sm_slice type)
{
    return sm_slice_equal_nocase(type, SM_SLICE("application/x-thrift")) ||
           sm_slice_equal_nocase(type, SM_SLICE("application/vnd.apache.thrift.binary"));
}

/* NULL: answered already. */
static struct sm_batch *decode(const struct sm_jaeger_receiver *receiver, struct sm_http_request *request, struct sm_buffer *body)
{
    struct sm_slice type;
    const char *type_error = sm_media_type_parse(sm_http_request_header(request, SM_SLICE("Content-Type")), &type);
    if (type_error) {
        refuse(receiver, request, 400, "Cannot parse content type: ", sm_slice_of(type_error));
        return NULL;
    }
    if (!is_thrift(type)) {
        refuse(receiver, request, 400, "Unsupported content type: ", type);
        return NULL;
    }
    struct sm_decode_error why = {0};
    struct sm_batch *batch = sm_jaeger_decode_thrift(sm_buffer_slice(body), &why);
    if (!batch)
        refuse(receiver, request, 400, "Unable to process request body: ", sm_slice_of(why.reason));
    return batch;
}

static void post(const struct sm_jaeger_receiver *receiver, struct sm_http_request *request)
{
    const char *body_error = NULL;
    struct sm_buffer *body = sm_http_request_try_take_body(request, &body_error);
    if (!body) {
        refuse(receiver, request, 500, "Unable to process request body: ", sm_slice_of(body_error));
        return;
    }
    struct sm_batch *batch = decode(receiver, request, body);
    sm_buffer_release(body);
    if (batch)
        sm_receive_http(receiver->component, TRANSPORT, request, batch, on_delivered);
}

/* Sends to the path without empty and dotted segments. */
static void redirect(struct sm_http_request *request, struct sm_bytes *location)
{
    struct sm_slice query = sm_http_request_query(request);
    if (query.size) {
        sm_bytes_append_char(location, '?');
        sm_bytes_append_slice(location, query);
    }
    const struct sm_http_header header = {.name = SM_SLICE("Location"), .value = sm_bytes_slice(location)};
    const struct sm_http_response response = {.status = 301, .headers = &header, .header_count = 1};
    sm_http_respond(request, &response);
}

static void on_request(struct sm_http_request *request, void *context)
{
    const struct sm_jaeger_receiver *receiver = context;
    const char *encoding_error = sm_http_request_encoding_error(request);
    if (encoding_error) {
        sm_http_respond_error(request, 400, encoding_error);
        return;
    }
    struct sm_bytes clean = {0};
    struct sm_slice path = sm_http_request_path(request);
    sm_http_path_clean(path, &clean);
    if (!sm_slice_equal(path, sm_bytes_slice(&clean)))
        redirect(request, &clean);
    else if (!sm_http_path_is(path, SM_SLICE("/api/traces")))
        sm_http_respond_not_found(request);
    else if (!sm_slice_is(sm_http_request_method(request), "POST"))
        respond(request, 405);
    else
        post(receiver, request);
    sm_bytes_deinit(&clean);
}

bool sm_jaeger_http_create(struct sm_jaeger_receiver *receiver, struct sm_error *error)
{
    const struct sm_jaeger_options *options = receiver->component->options;
    receiver->http =
        sm_http_server_create(receiver->component->workers, options->protocols.thrift_http, on_request, receiver, receiver->component, error);
    return receiver->http != NULL;
}
