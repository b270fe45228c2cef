/* traces.c - requests with traces: decodes, makes sound, and delivers them as OTLP; see receiver.h. Runs on the request's worker.
 * Source: datadog-agent pkg/trace/api/{api,responses}.go, 0.59.0. */
#include "receivers/datadog/receiver.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "datadog/names.h"
#include "datadog/native.h"
#include "net/media_type.h"
#include "pipeline/component.h"
#include "pipeline/outcome.h"
#include "telemetry/batch.h"
#include "wire/json_scanner.h"
#include "wire/msgpack_reader.h"

/* ---- answers */

/* A request whose traces are under way. */
struct pending {
    struct sm_datadog_receiver *receiver;
    struct sm_http_request *request;
    enum sm_datadog_version version;
    struct sm_bytes rates; /* as they were before: what these traces change is for the next answer */
    char rates_version[SM_DATADOG_RATES_VERSION_SIZE];
    bool knows_versions;
};

static void free_pending(struct pending *pending)
{
    sm_bytes_deinit(&pending->rates);
    free(pending);
}

static void respond_rates(const struct pending *pending)
{
    const struct sm_datadog_receiver *receiver = pending->receiver;
    const struct sm_http_header headers[] = {
        {SM_SLICE("Datadog-Agent-Version"), SM_SLICE(SPANMILL_VERSION)},
        {SM_SLICE("Datadog-Agent-State"), sm_slice_of(receiver->state)},
        {SM_SLICE("Datadog-Rates-Payload-Version"), sm_slice_of(pending->rates_version)},
    };
    const struct sm_http_response response = {
        .status = 200,
        .content_type = SM_SLICE("application/json"),
        .headers = headers,
        .header_count = pending->knows_versions ? 3 : 2,
        .body = sm_bytes_slice(&pending->rates),
    };
    sm_http_respond(pending->request, &response);
}

static void respond_accepted(const struct pending *pending)
{
    if (pending->version <= SM_DATADOG_V03)
        sm_datadog_respond(pending->receiver, pending->request, 200, "text/plain; charset=utf-8", SM_SLICE("OK\n"));
    else
        respond_rates(pending);
}

static void on_delivered(struct sm_worker *worker, const struct sm_outcome *outcome, void *context)
{
    struct pending *pending = context;
    (void)worker;
    if (outcome->kind == SM_ACCEPTED)
        respond_accepted(pending);
    else if (outcome->kind == SM_REJECTED)
        sm_datadog_respond_error(pending->receiver, pending->request, 500, "the traces were refused");
    else
        sm_datadog_respond_error(pending->receiver, pending->request, 429, "the traces cannot be taken now");
    free_pending(pending);
}

static struct pending *make_pending(struct sm_datadog_receiver *receiver, struct sm_http_request *request, enum sm_datadog_version version)
{
    struct pending *pending = sm_alloc(1, sizeof(*pending));
    struct sm_slice known = sm_http_request_header(request, SM_SLICE("Datadog-Rates-Payload-Version"));
    *pending = (struct pending){.receiver = receiver, .request = request, .version = version, .knows_versions = known.size > 0};
    sm_datadog_service_rates_answer(receiver->rates, known, &pending->rates, pending->rates_version);
    return pending;
}

/* ---- decoding */

static bool decode_by_type(struct sm_slice type, struct sm_slice body, struct sm_arena *arena, struct sm_datadog_traces *traces, const char **reason)
{
    static const char *const json_types[] = {"", "application/json", "text/json"};
    if (sm_slice_equal_nocase(type, SM_SLICE("application/msgpack")))
        return sm_datadog_decode_v04(body, arena, traces, reason);
    for (size_t i = 0; i < sizeof(json_types) / sizeof(json_types[0]); i++)
        if (sm_slice_equal_nocase(type, sm_slice_of(json_types[i])))
            return sm_datadog_decode_json(body, arena, traces, reason);
    return sm_datadog_decode_json(body, arena, traces, reason) || sm_datadog_decode_v04(body, arena, traces, reason);
}

static struct sm_slice media_type(const struct sm_http_request *request)
{
    struct sm_slice type = {0};
    return sm_media_type_parse(sm_http_request_header(request, SM_SLICE("Content-Type")), &type) ? SM_SLICE("application/json") : type;
}

static bool decode(enum sm_datadog_version version, const struct sm_http_request *request, struct sm_slice body, struct sm_arena *arena,
                   struct sm_datadog_traces *traces, const char **reason)
{
    if (version == SM_DATADOG_V07)
        return sm_datadog_decode_v07(body, arena, traces, reason);
    bool is_good = version == SM_DATADOG_V05 ? sm_datadog_decode_v05(body, arena, traces, reason)
                                             : decode_by_type(media_type(request), body, arena, traces, reason);
    traces->payload.language = sm_http_request_header(request, SM_SLICE("Datadog-Meta-Lang"));
    traces->payload.language_version = sm_http_request_header(request, SM_SLICE("Datadog-Meta-Lang-Version"));
    traces->payload.tracer_version = sm_http_request_header(request, SM_SLICE("Datadog-Meta-Tracer-Version"));
    traces->payload.container_id = sm_http_request_header(request, SM_SLICE("Datadog-Container-ID"));
    return is_good;
}

/* ---- making sound */

/* Traces that are dropped leave an empty place: whoever sends them to Datadog has to know of it. Returns how many are left. */
static size_t normalise(struct sm_datadog_receiver *receiver, struct sm_slice language, struct sm_datadog_traces *traces, struct sm_arena *arena)
{
    struct sm_datadog_counts counts = {0};
    uint64_t now_ns = sm_clock_wall_ns();
    traces->payload.env = sm_datadog_tag(traces->payload.env, arena);
    size_t left = 0;
    for (size_t i = 0; i < traces->count; i++) {
        struct sm_datadog_chunk *chunk = &traces->chunks[i];
        if (receiver->agent->agent.takes_component_as_name)
            sm_datadog_take_components_as_names(chunk);
        if (chunk->count && sm_datadog_normalise(chunk, language, now_ns, arena, &counts))
            left++;
        else
            chunk->count = 0;
    }
    sm_datadog_reason_counts_add(&receiver->reasons, &counts);
    return left;
}

static struct sm_datadog_request_marks read_marks(const struct sm_http_request *request, size_t chunk_count)
{
    int64_t dropped = 0;
    struct sm_slice text = sm_http_request_header(request, SM_SLICE("Datadog-Client-Dropped-P0-Traces"));
    bool is_number = sm_parse_int(text, INT64_MIN, INT64_MAX, &dropped);
    return (struct sm_datadog_request_marks){
        .has_top_level = sm_http_request_header(request, SM_SLICE("Datadog-Client-Computed-Top-Level")).size > 0,
        .has_stats = sm_http_request_header(request, SM_SLICE("Datadog-Client-Computed-Stats")).size > 0,
        .dropped = is_number && chunk_count ? (double)dropped / (double)chunk_count : 0,
    };
}

/* ---- requests that cannot be read */

static enum sm_datadog_reason reason_of(const char *text)
{
    return text == SM_DATADOG_UNEXPECTED_END ? SM_DATADOG_UNEXPECTED_EOF
           : text == SM_MSGPACK_SHORT        ? SM_DATADOG_MSGP_SHORT_BYTES
                                             : SM_DATADOG_DECODING_ERROR;
}

/* How many traces the sender says are in the body, at least one; 1 as well when no body can have so many, each of at least a byte. */
static uint64_t claimed_count(const struct sm_http_request *request)
{
    enum { TRACES_MAX = 25 * 1000 * 1000 }; /* bytes that the Agent takes by default */
    int64_t count;
    return sm_parse_int(sm_http_request_header(request, SM_SLICE("X-Datadog-Trace-Count")), 1, TRACES_MAX, &count) ? (uint64_t)count : 1;
}

static void count_unread(const struct sm_datadog_receiver *receiver, uint64_t trace_count, enum sm_datadog_reason reason)
{
    struct sm_datadog_counts counts = {0};
    counts.by_reason[reason] = trace_count;
    sm_datadog_reason_counts_add(&receiver->reasons, &counts);
}

/* ---- requests */

/* The batch; NULL with `*status` and `*reason`: 200 when nothing is left to deliver. */
static struct sm_batch *make_batch(struct sm_datadog_receiver *receiver, struct sm_http_request *request, enum sm_datadog_version version,
                                   struct sm_slice body, int *status, const char **reason)
{
    struct sm_arena arena = SM_ARENA_INIT;
    struct sm_datadog_traces traces;
    struct sm_batch *batch = NULL;
    *status = 400;
    if (decode(version, request, body, &arena, &traces, reason)) {
        struct sm_decode_error error = {0};
        struct sm_datadog_request_marks marks = read_marks(request, traces.count);
        /* The header's language, as in the reference, also where the payload names another. */
        size_t left = normalise(receiver, sm_http_request_header(request, SM_SLICE("Datadog-Meta-Lang")), &traces, &arena);
        *status = 200;
        batch = left ? sm_datadog_to_otlp(&traces, &marks, &error) : NULL;
        if (left && !batch) {
            *status = 500;
            *reason = error.reason;
        }
    }
    sm_arena_deinit(&arena);
    return batch;
}

void sm_datadog_receive_traces(struct sm_datadog_receiver *receiver, struct sm_http_request *request, enum sm_datadog_version version)
{
    const char *reason = NULL;
    int status;
    bool is_too_large;
    uint64_t trace_count = claimed_count(request);
    struct sm_buffer *body = sm_datadog_take_body(receiver, request, &is_too_large);
    if (!body) {
        count_unread(receiver, trace_count, is_too_large ? SM_DATADOG_PAYLOAD_TOO_LARGE : SM_DATADOG_DECODING_ERROR);
        return;
    }
    struct sm_batch *batch = make_batch(receiver, request, version, sm_buffer_slice(body), &status, &reason);
    sm_buffer_release(body);
    if (!batch && status != 200) {
        sm_receiver_refused_request(receiver->component, "http", SM_TRACES);
        count_unread(receiver, trace_count, status == 400 ? reason_of(reason) : SM_DATADOG_DECODING_ERROR);
        sm_log(SM_LOG_DEBUG, &receiver->component->logger, "Cannot decode traces", SM_LOG_STR("error", reason));
        sm_datadog_respond_error(receiver, request, status, reason);
        return;
    }
    struct pending *pending = make_pending(receiver, request, version);
    if (!batch) {
        respond_accepted(pending);
        free_pending(pending);
        return;
    }
    sm_http_request_tell_client(request, batch);
    sm_receiver_deliver_watched(receiver->component, sm_http_request_worker(request), "http", batch, on_delivered, pending,
                                sm_http_request_abandoned(request));
}
