/* traces.c - traces: makes them Datadog's as they arrive, holds the encoded payloads up to five seconds or their size limit, and posts them packed.
 *
 * Every worker has a buffer and posts of its own; the samplers are shared. When five posts of a worker are under way its next requests wait, so that
 * memory is bounded. What is buffered counts as sent, as in the reference.
 * Source: datadogexporter traces_exporter.go; datadog-agent pkg/trace/writer/trace.go. */
#include "exporters/datadog/traces.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/regex.h"
#include "config/gates.h"
#include "datadog/agent_state.h"
#include "pipeline/worker.h"
#include "wire/gzip_stream.h"

#define FLUSH_INTERVAL_NS (5 * SM_NS_PER_S)
#define USAGE_INTERVAL_NS (60 * SM_NS_PER_S)
/* How long an end waits for the last usage to be taken: it is worth less than a quick stop where Datadog cannot be reached. */
#define USAGE_END_NS (2 * SM_NS_PER_S)

static const double target_per_s = 10, errors_per_s = 10;

/* ---- life */

static bool compile_ignored(struct sm_datadog_trace_state *traces, const struct sm_string_list *patterns, struct sm_error *error)
{
    traces->ignored = sm_arena_zalloc(&traces->arena, patterns->count, sizeof(*traces->ignored));
    for (size_t i = 0; i < patterns->count; i++) {
        struct sm_regex *regex = sm_regex_compile(sm_slice_of(patterns->items[i]), error);
        if (!regex)
            return false;
        traces->ignored[traces->ignored_count++] = regex;
    }
    traces->agent.ignored = traces->ignored;
    traces->agent.ignored_count = traces->ignored_count;
    return true;
}

static bool create(struct sm_datadog_exporter *exporter, struct sm_error *error)
{
    const struct sm_datadog_exporter_options *options = exporter->options;
    const struct sm_datadog_trace_options *common = &options->traces.common;
    struct sm_datadog_trace_state *traces = sm_alloc(1, sizeof(*traces));
    exporter->signal_state = traces;
    traces->otlp = (struct sm_datadog_otlp_settings){
        .span_name_remappings = sm_datadog_remappings(&common->span_name_remappings, &traces->arena),
        .span_name_as_resource_name = common->span_name_as_resource_name,
        .compute_top_level_by_span_kind = common->compute_top_level_by_span_kind,
        .has_names_v2 = sm_datadog_has_names_v2(common, sm_gate_is_on(SM_GATE_DATADOG_NAMES_V2)),
        .sampling_rate = 1,
        .env = SM_SLICE("none"),
    };
    sm_datadog_sampling_init(&traces->sampling, target_per_s, errors_per_s, traces->otlp.env);
    traces->agent.obfuscator = &traces->obfuscator;
    traces->agent.sampling = &traces->sampling;
    traces->agent.is_top_level_known = common->compute_top_level_by_span_kind;
    traces->flush_interval_ns = FLUSH_INTERVAL_NS;
    traces->head = (struct sm_datadog_agent_head){
        .env = traces->otlp.env, .version = SM_SLICE(SM_DATADOG_AGENT_VERSION), .target_tps = target_per_s, .error_tps = errors_per_s};
    if (!compile_ignored(traces, &common->ignore_resources, error))
        return false;
    sm_datadog_reason_counts_init(&traces->reasons, "exporter", exporter->component->id);
    traces->usage = sm_datadog_usage_create(exporter->component->id, sm_workers_count(exporter->component->workers));
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
    struct sm_datadog_trace_state *traces = exporter->signal_state;
    if (!traces)
        return;
    sm_datadog_intake_free(traces->intake);
    sm_datadog_agent_stats_free(traces->stats);
    sm_datadog_agent_state_free(traces->own_agent);
    sm_datadog_usage_free(traces->usage);
    for (size_t i = 0; i < traces->ignored_count; i++)
        sm_regex_free(traces->ignored[i]);
    sm_datadog_sampling_deinit(&traces->sampling);
    sm_arena_deinit(&traces->arena);
    free(traces);
}

/* Statistics as the exporter of before the connector made them. */
static bool start_own_stats(struct sm_datadog_exporter *exporter, struct sm_error *error)
{
    const struct sm_datadog_trace_options *common = &exporter->options->traces.common;
    struct sm_datadog_trace_state *traces = exporter->signal_state;
    struct sm_datadog_agent_options *options = &traces->own_options;
    if (sm_gate_is_on(SM_GATE_DATADOG_NO_APM_STATS))
        return true;
    sm_options_fill_defaults(sm_datadog_agent_option_table, options, sizeof(*options), &traces->arena);
    options->hostname = exporter->hostname;
    options->compute_stats_by_span_kind = common->compute_stats_by_span_kind;
    options->peer_tags_aggregation = sm_datadog_has_peer_tags(common);
    options->peer_tags = common->peer_tags;
    traces->own_agent = sm_datadog_agent_state_create(options, error);
    if (traces->own_agent)
        traces->stats = sm_datadog_agent_stats_create(exporter, traces->own_agent, error);
    return traces->stats != NULL;
}

/* With an Agent's settings: they, its samplers and statistics take the place of the exporter's. */
static bool start(struct sm_datadog_exporter *exporter, struct sm_error *error)
{
    struct sm_datadog_trace_state *traces = exporter->signal_state;
    struct sm_datadog_agent_state *state = exporter->agent;
    if (!state)
        return start_own_stats(exporter, error);
    bool knows_top_level = sm_datadog_agent_has_feature(state->options, "enable_otlp_compute_top_level_by_span_kind");
    traces->agent = state->agent;
    traces->agent.is_top_level_known = knows_top_level;
    traces->otlp.compute_top_level_by_span_kind = knows_top_level;
    traces->otlp.has_names_v2 = sm_datadog_has_names_v2(&exporter->options->traces.common,
                                                        sm_datadog_agent_has_feature(state->options, "enable_operation_and_resource_name_logic_v2"));
    traces->otlp.env = state->env;
    traces->otlp.sampling_rate = exporter->options->traces.otlp_sampling_percentage / 100;
    traces->flush_interval_ns = state->options->flush_interval_ns;
    traces->head.env = state->env;
    traces->head.target_tps = state->options->target_traces_per_second;
    traces->head.error_tps = state->options->errors_per_second;
    traces->head.is_rare_sampler_enabled = state->options->rare_sampler.enabled;
    traces->stats = sm_datadog_agent_stats_create(exporter, state, error);
    return traces->stats != NULL;
}

static void show(struct sm_snapshot_question *question, void *context)
{
    const struct sm_datadog_exporter *exporter = context;
    const struct sm_datadog_trace_state *traces = exporter->signal_state;
    sm_datadog_usage_show(traces->usage, question);
}

/* ---- the buffer */

static void resume(struct sm_datadog_trace_lane *lane);

static void on_posted(struct sm_worker *worker, const struct sm_datadog_answer *answer, void *context)
{
    (void)worker, (void)answer; /* the intake has logged what became of it */
    resume(context);
}

/* False: there are too many posts under way. */
static bool flush(struct sm_datadog_trace_lane *lane)
{
    if (!sm_gzip_stream_size(lane->buffer))
        return true;
    if (!sm_datadog_lane_has_room(lane->payloads))
        return false;
    struct sm_datadog_agent_head head = lane->traces->head;
    head.hostname = sm_slice_of(lane->exporter->hostname);
    struct sm_bytes head_bytes = {0};
    sm_datadog_encode_agent_head(&head, &head_bytes);
    sm_gzip_stream_put(lane->buffer, sm_bytes_slice(&head_bytes));
    sm_bytes_deinit(&head_bytes);
    struct sm_bytes packed = sm_gzip_stream_end(lane->buffer);
    sm_datadog_lane_post(lane->payloads, &packed, on_posted, lane);
    lane->buffered_size = 0;
    sm_timer_arm(lane->timer, lane->traces->flush_interval_ns, true);
    return true;
}

static void on_timer(struct sm_worker *worker, void *context)
{
    (void)worker;
    flush(context); /* without room: the next answer does it */
}

void sm_datadog_end_payload(struct sm_datadog_trace_lane *lane, const struct sm_datadog_payload *payload, size_t size)
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

/* ---- requests */

static void send(void *local, struct sm_worker *worker, struct sm_export *request)
{
    struct sm_datadog_trace_lane *lane = local;
    if (!sm_datadog_lane_has_room(lane->payloads)) {
        sm_datadog_waiting_add(&lane->waiting, request);
        return;
    }
    sm_datadog_take_traces(lane, request->batch);
    sm_export_done(request, worker, &SM_OUTCOME_ACCEPTED);
}

/* ---- the Agent's statistics */

static void on_stats_timer(struct sm_worker *worker, void *context)
{
    struct sm_datadog_trace_lane *lane = context;
    (void)worker;
    sm_datadog_agent_stats_post(lane->traces->stats, lane->stats, false, on_posted, lane);
}

static void post_usage(struct sm_datadog_trace_lane *lane)
{
    sm_datadog_usage_post(lane->traces->usage, lane->usage, sm_slice_of(lane->exporter->hostname), on_posted, lane);
}

static void drain_more(struct sm_datadog_trace_lane *lane);

static void on_usage_timer(struct sm_worker *worker, void *context)
{
    struct sm_datadog_trace_lane *lane = context;
    (void)worker;
    if (!lane->has_ended_stats) {
        post_usage(lane);
        return;
    }
    sm_log(SM_LOG_WARN, &lane->exporter->component->logger, "The usage since the last post is lost: it was not taken in time");
    sm_datadog_lane_free(lane->usage);
    lane->usage = NULL;
    drain_more(lane);
}

/* As end_stats. */
static void end_usage(struct sm_datadog_trace_lane *lane)
{
    if (sm_datadog_usage_end(lane->traces->usage))
        post_usage(lane);
    if (sm_datadog_lane_count(lane->usage))
        sm_timer_arm(lane->usage_timer, USAGE_END_NS, false);
}

/* What is still open is posted by the worker that ends last. True: nothing is under way. */
static bool end_stats(struct sm_datadog_trace_lane *lane)
{
    bool is_first = !lane->has_ended_stats;
    lane->has_ended_stats = true;
    if (is_first && lane->stats && sm_datadog_agent_stats_end(lane->traces->stats))
        sm_datadog_agent_stats_post(lane->traces->stats, lane->stats, true, on_posted, lane);
    if (is_first && lane->usage)
        end_usage(lane);
    return (!lane->stats || sm_datadog_lane_count(lane->stats) == 0) && (!lane->usage || sm_datadog_lane_count(lane->usage) == 0);
}

/* ---- going on after a post, and the end */

static void drain_more(struct sm_datadog_trace_lane *lane)
{
    if (!lane->is_draining || lane->has_drained || !flush(lane) || sm_datadog_lane_count(lane->payloads) || lane->waiting.count ||
        !sm_datadog_running_is_idle(lane->running) || !end_stats(lane))
        return;
    lane->has_drained = true;
    sm_datadog_drained(lane->exporter);
}

static void resume(struct sm_datadog_trace_lane *lane)
{
    if (lane->buffered_size >= SM_DATADOG_PAYLOAD_SIZE_MAX)
        flush(lane);
    while (lane->waiting.count && sm_datadog_lane_has_room(lane->payloads)) {
        struct sm_export *request = sm_datadog_waiting_take(&lane->waiting);
        sm_datadog_take_traces(lane, request->batch);
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
    struct sm_datadog_trace_lane *lane = local;
    lane->is_draining = true;
    sm_datadog_running_hurry(lane->running);
    if (lane->usage)
        sm_datadog_lane_stop_retries(lane->usage);
    drain_more(lane);
}

static void *worker_create(struct sm_datadog_exporter *exporter, struct sm_worker *worker)
{
    struct sm_datadog_trace_lane *lane = sm_alloc(1, sizeof(*lane));
    lane->exporter = exporter;
    lane->traces = exporter->signal_state;
    lane->worker = worker;
    lane->buffer = sm_gzip_stream_create();
    lane->payloads = sm_datadog_lane_create(lane->traces->intake, worker);
    lane->running = sm_datadog_running_create(exporter->series, worker, "traces", on_idle, lane);
    if (lane->traces->stats)
        lane->stats = sm_datadog_agent_stats_lane(lane->traces->stats, worker);
    if (lane->traces->stats && sm_worker_index(worker) == 0) {
        const struct sm_datadog_agent_state *agent = exporter->agent ? exporter->agent : lane->traces->own_agent;
        lane->stats_timer = sm_timer_create(worker, on_stats_timer, lane);
        sm_timer_arm(lane->stats_timer, agent->options->bucket_interval_ns, true);
    }
    if (exporter->agent) {
        lane->usage = sm_datadog_lane_create(exporter->series, worker);
        lane->usage_timer = sm_timer_create(worker, on_usage_timer, lane);
    }
    if (exporter->agent && sm_worker_index(worker) == 0)
        sm_timer_arm(lane->usage_timer, USAGE_INTERVAL_NS, true);
    lane->timer = sm_timer_create(worker, on_timer, lane);
    sm_timer_arm(lane->timer, lane->traces->flush_interval_ns, true);
    return lane;
}

static void worker_free(void *local)
{
    struct sm_datadog_trace_lane *lane = local;
    sm_datadog_waiting_end(&lane->waiting, lane->worker);
    sm_timer_free(lane->timer);
    sm_timer_free(lane->stats_timer);
    sm_timer_free(lane->usage_timer);
    sm_datadog_lane_free(lane->usage);
    sm_datadog_lane_free(lane->stats);
    sm_datadog_lane_free(lane->payloads);
    sm_datadog_running_free(lane->running);
    if (sm_gzip_stream_size(lane->buffer))
        sm_log(SM_LOG_WARN, &lane->exporter->component->logger, "Traces are lost: they could not be sent in time",
               SM_LOG_INT("bytes", sm_gzip_stream_size(lane->buffer)));
    sm_gzip_stream_free(lane->buffer);
    sm_bytes_deinit(&lane->chunks);
    sm_datadog_otlp_memory_deinit(&lane->otlp);
    free(lane);
}

const struct sm_datadog_signal sm_datadog_traces = {
    .create = create,
    .free = free_traces,
    .start = start,
    .worker_create = worker_create,
    .worker_free = worker_free,
    .send = send,
    .drain = drain,
    .show = show,
};
