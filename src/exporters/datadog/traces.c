/* traces.c - traces: makes them Datadog's as they arrive, holds the encoded payloads up to five seconds or their size limit, and posts them packed.
 *
 * Every worker has a buffer and posts of its own; the samplers are shared. When five posts of a worker are under way its next requests wait, so that
 * memory is bounded. What is buffered counts as sent, as in the reference.
 * Source: datadogexporter traces_exporter.go; datadog-agent pkg/trace/writer/trace.go. */
#include "exporters/datadog/exporter.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/regex.h"
#include "datadog/agent.h"
#include "datadog/agent_payload.h"
#include "datadog/otlp_span.h"
#include "pipeline/own_metrics.h"
#include "pipeline/worker.h"
#include "wire/gzip_stream.h"

enum { ARENA_KEPT_BYTES = 256 * 1024, PART_SIZE_MIN = 512 * 1024 };
#define FLUSH_INTERVAL_NS (5 * SM_NS_PER_S)

static const double target_per_s = 10, errors_per_s = 10;

static const struct sm_own_metric dropped_metric = {
    .name = "datadog.trace_agent.normalizer.traces_dropped",
    .help = "Traces that were dropped because they are not sound, by reason",
    .unit = "{traces}",
    .kind = SM_OWN_COUNTER,
    .level = SM_OWN_LEVEL_BASIC,
};

struct traces {
    struct sm_arena arena; /* owned: the settings' texts */
    struct sm_datadog_otlp_settings otlp;
    struct sm_datadog_agent agent;
    struct sm_datadog_obfuscator obfuscator;
    struct sm_datadog_sampling sampling;
    struct sm_datadog_intake *intake; /* owned */
    struct sm_instrument *dropped[SM_DATADOG_DROP_REASON_COUNT];
};

struct trace_lane {
    struct sm_datadog_exporter *exporter;
    struct traces *traces;
    struct sm_worker *worker;
    struct sm_datadog_lane *payloads;         /* owned */
    struct sm_datadog_running *running;       /* owned */
    struct sm_gzip_stream *buffer;            /* owned: payloads, packed as they come */
    struct sm_bytes chunks;                   /* owned: encoded chunks of the payload that is being made */
    size_t buffered_size;                     /* as the reference estimates it */
    struct sm_arena batch_arena, chunk_arena; /* owned */
    struct sm_timer *timer;                   /* owned */
    struct sm_datadog_waiting waiting;        /* requests for which there is no room yet */
    bool is_draining, has_drained;
};

/* ---- life */

static bool compile_ignored(struct traces *traces, const struct sm_string_list *patterns, struct sm_error *error)
{
    traces->agent.ignored = sm_arena_zalloc(&traces->arena, patterns->count, sizeof(*traces->agent.ignored));
    for (size_t i = 0; i < patterns->count; i++) {
        struct sm_regex *regex = sm_regex_compile(sm_slice_of(patterns->items[i]), error);
        if (!regex)
            return false;
        traces->agent.ignored[traces->agent.ignored_count++] = regex;
    }
    return true;
}

static bool create(struct sm_datadog_exporter *exporter, struct sm_error *error)
{
    const struct sm_datadog_exporter_options *options = exporter->options;
    const struct sm_datadog_trace_options *common = &options->traces.common;
    struct traces *traces = sm_alloc(1, sizeof(*traces));
    exporter->signal_state = traces;
    traces->otlp = (struct sm_datadog_otlp_settings){
        .span_name_remappings = sm_datadog_remappings(&common->span_name_remappings, &traces->arena),
        .span_name_as_resource_name = common->span_name_as_resource_name,
        .compute_top_level_by_span_kind = common->compute_top_level_by_span_kind,
        .sampling_rate = 1,
        .env = SM_SLICE("none"),
    };
    sm_datadog_sampling_init(&traces->sampling, target_per_s, errors_per_s, traces->otlp.env);
    traces->agent.obfuscator = &traces->obfuscator;
    traces->agent.sampling = &traces->sampling;
    traces->agent.is_top_level_known = common->compute_top_level_by_span_kind;
    if (!compile_ignored(traces, &common->ignore_resources, error))
        return false;
    for (int i = 0; i < SM_DATADOG_DROP_REASON_COUNT; i++) {
        const struct sm_own_attribute attributes[] = {{"exporter", exporter->component->id},
                                                      {"reason", sm_datadog_reason_name((enum sm_datadog_reason)i)}};
        traces->dropped[i] = sm_instrument_get(&dropped_metric, attributes, 2);
    }
    const struct sm_datadog_intake_settings settings = {
        .what = "trace payload",
        .user_agent = SM_DATADOG_AGENT_USER_AGENT,
        .headers = "X-Datadog-Reported-Languages: \r\n",
        .method = SM_SLICE("POST"),
        .content_type = SM_SLICE("application/x-protobuf"),
        .content_encoding = SM_SLICE("gzip"),
        .retries = SM_DATADOG_RETRIES_AGENT,
        .logger = &exporter->component->logger,
    };
    traces->intake =
        sm_datadog_intake_create(options, sm_datadog_url(options, &options->traces.endpoint, "trace.agent", "/api/v0.2/traces"), &settings, error);
    return traces->intake != NULL;
}

static void free_traces(struct sm_datadog_exporter *exporter)
{
    struct traces *traces = exporter->signal_state;
    if (!traces)
        return;
    sm_datadog_intake_free(traces->intake);
    for (size_t i = 0; i < traces->agent.ignored_count; i++)
        sm_regex_free(traces->agent.ignored[i]);
    sm_datadog_sampling_deinit(&traces->sampling);
    sm_arena_deinit(&traces->arena);
    free(traces);
}

/* ---- the buffer */

static void resume(struct trace_lane *lane);

static void on_posted(struct sm_worker *worker, const struct sm_datadog_answer *answer, void *context)
{
    (void)worker, (void)answer; /* the intake has logged what became of it */
    resume(context);
}

/* False: there are too many posts under way. */
static bool flush(struct trace_lane *lane)
{
    if (!sm_gzip_stream_size(lane->buffer))
        return true;
    if (!sm_datadog_lane_has_room(lane->payloads))
        return false;
    const struct sm_datadog_agent_head head = {
        .hostname = sm_slice_of(lane->exporter->hostname),
        .env = lane->traces->otlp.env,
        .version = SM_SLICE(SM_DATADOG_AGENT_VERSION),
        .target_tps = target_per_s,
        .error_tps = errors_per_s,
    };
    struct sm_bytes head_bytes = {0};
    sm_datadog_encode_agent_head(&head, &head_bytes);
    sm_gzip_stream_put(lane->buffer, sm_bytes_slice(&head_bytes));
    sm_bytes_deinit(&head_bytes);
    struct sm_bytes packed = sm_gzip_stream_end(lane->buffer);
    sm_datadog_lane_post(lane->payloads, &packed, on_posted, lane);
    lane->buffered_size = 0;
    sm_timer_arm(lane->timer, FLUSH_INTERVAL_NS, true);
    return true;
}

static void on_timer(struct sm_worker *worker, void *context)
{
    (void)worker;
    flush(context); /* without room: the next answer does it */
}

/* Puts the chunks made so far into the buffer as one payload. */
static void end_payload(struct trace_lane *lane, const struct sm_datadog_payload *payload, size_t size)
{
    if (size + lane->buffered_size > SM_DATADOG_PAYLOAD_SIZE_MAX)
        flush(lane);
    struct sm_bytes head;
    sm_bytes_init(&head, &lane->batch_arena);
    sm_datadog_encode_payload_head(payload, lane->chunks.size, &head);
    sm_gzip_stream_put(lane->buffer, sm_bytes_slice(&head));
    sm_gzip_stream_put(lane->buffer, sm_bytes_slice(&lane->chunks));
    lane->buffered_size += size;
    lane->chunks.size = 0;
}

/* ---- a batch */

static void reuse(struct sm_arena *arena)
{
    if (sm_arena_reserved_bytes(arena) > ARENA_KEPT_BYTES)
        sm_arena_deinit(arena);
}

/* A text of the payload that was taken from a chunk outlives the chunk. */
static void keep_text(struct sm_slice *text, struct sm_slice before, struct sm_arena *arena)
{
    if (text->ptr != before.ptr)
        *text = sm_arena_copy(arena, *text);
}

/* Chunks to come cannot say anything new of it: it may be cut, so that less is held plain. */
static bool is_described(const struct sm_datadog_payload *payload)
{
    return payload->app_version.size && payload->env.size && payload->hostname.size;
}

static void take_resource(struct trace_lane *lane, struct sm_batch *batch, struct sm_resource_group *group, struct sm_datadog_counts *counts)
{
    struct traces *traces = lane->traces;
    struct sm_datadog_otlp_settings settings = traces->otlp;
    settings.hostname = sm_slice_of(lane->exporter->hostname);
    struct sm_datadog_otlp_walk walk;
    struct sm_datadog_chunk chunk;
    size_t size = 0;
    sm_datadog_otlp_begin(&walk, &settings, batch, group, &lane->batch_arena);
    struct sm_datadog_payload *payload = &walk.payload;
    uint64_t now_ns = sm_clock_wall_ns();
    while (sm_datadog_otlp_next(&walk, &lane->chunk_arena, &chunk)) {
        const struct sm_datadog_payload before = *payload;
        if (sm_datadog_agent_take(&traces->agent, payload, &chunk, now_ns, &lane->chunk_arena, counts)) {
            sm_datadog_encode_chunk(&chunk, &lane->chunks);
            size += sm_datadog_chunk_size(&chunk);
        }
        keep_text(&payload->hostname, before.hostname, &lane->batch_arena);
        keep_text(&payload->env, before.env, &lane->batch_arena);
        keep_text(&payload->app_version, before.app_version, &lane->batch_arena);
        reuse(&lane->chunk_arena);
        if (size > SM_DATADOG_PAYLOAD_SIZE_MAX || (size > PART_SIZE_MIN && is_described(payload))) {
            end_payload(lane, payload, size);
            size = 0;
        }
    }
    if (size)
        end_payload(lane, payload, size);
    sm_datadog_running_add(lane->running, &walk.source);
    reuse(&lane->batch_arena);
}

static void take_batch(struct trace_lane *lane, struct sm_batch *batch)
{
    struct sm_datadog_counts counts = {0};
    for (size_t i = 0; i < batch->count; i++)
        if (!batch->groups[i].dropped)
            take_resource(lane, batch, &batch->groups[i], &counts);
    sm_datadog_running_post(lane->running);
    for (int i = 0; i < SM_DATADOG_DROP_REASON_COUNT; i++)
        if (counts.by_reason[i])
            sm_instrument_add(lane->traces->dropped[i], (int64_t)counts.by_reason[i]);
    sm_arena_deinit(&lane->batch_arena);
    sm_arena_deinit(&lane->chunk_arena);
}

static void send(void *local, struct sm_worker *worker, struct sm_export *request)
{
    struct trace_lane *lane = local;
    if (!sm_datadog_lane_has_room(lane->payloads)) {
        sm_datadog_waiting_add(&lane->waiting, request);
        return;
    }
    take_batch(lane, request->batch);
    sm_export_done(request, worker, &SM_OUTCOME_ACCEPTED);
}

/* ---- going on after a post, and the end */

static void drain_more(struct trace_lane *lane)
{
    if (!lane->is_draining || lane->has_drained || !flush(lane) || sm_datadog_lane_count(lane->payloads) || lane->waiting.count ||
        !sm_datadog_running_is_idle(lane->running))
        return;
    lane->has_drained = true;
    sm_datadog_drained(lane->exporter);
}

static void resume(struct trace_lane *lane)
{
    if (lane->buffered_size >= SM_DATADOG_PAYLOAD_SIZE_MAX)
        flush(lane);
    while (lane->waiting.count && sm_datadog_lane_has_room(lane->payloads)) {
        struct sm_export *request = sm_datadog_waiting_take(&lane->waiting);
        take_batch(lane, request->batch);
        sm_export_done(request, lane->worker, &SM_OUTCOME_ACCEPTED);
    }
    drain_more(lane);
}

static void on_idle(void *lane)
{
    drain_more(lane);
}

static void drain(void *local)
{
    struct trace_lane *lane = local;
    lane->is_draining = true;
    sm_datadog_running_hurry(lane->running);
    drain_more(lane);
}

static void *worker_create(struct sm_datadog_exporter *exporter, struct sm_worker *worker)
{
    struct trace_lane *lane = sm_alloc(1, sizeof(*lane));
    lane->exporter = exporter;
    lane->traces = exporter->signal_state;
    lane->worker = worker;
    lane->buffer = sm_gzip_stream_create();
    lane->payloads = sm_datadog_lane_create(lane->traces->intake, worker);
    lane->running = sm_datadog_running_create(exporter->series, worker, "traces", on_idle, lane);
    lane->timer = sm_timer_create(worker, on_timer, lane);
    sm_timer_arm(lane->timer, FLUSH_INTERVAL_NS, true);
    return lane;
}

static void worker_free(void *local)
{
    struct trace_lane *lane = local;
    sm_datadog_waiting_end(&lane->waiting, lane->worker);
    sm_timer_free(lane->timer);
    sm_datadog_lane_free(lane->payloads);
    sm_datadog_running_free(lane->running);
    if (sm_gzip_stream_size(lane->buffer))
        sm_log(SM_LOG_WARN, &lane->exporter->component->logger, "Traces are lost: they could not be sent in time",
               SM_LOG_INT("bytes", sm_gzip_stream_size(lane->buffer)));
    sm_gzip_stream_free(lane->buffer);
    sm_bytes_deinit(&lane->chunks);
    free(lane);
}

const struct sm_datadog_signal sm_datadog_traces = {
    .create = create,
    .free = free_traces,
    .worker_create = worker_create,
    .worker_free = worker_free,
    .send = send,
    .drain = drain,
};
