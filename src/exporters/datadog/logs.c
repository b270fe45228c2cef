/* logs.c - logs. As the Agent sends them (the usual way): records are gathered until there are enough, or batch_wait has passed, and what is gathered
 * counts as sent. Straight to the intake (feature gate): a request ends when its records have been answered.
 * Source: datadogexporter logs_exporter.go, internal/logs/sender.go; datadog-agent comp/otelcol/otlp/components/exporter/logsagentexporter,
 * pkg/logs/{processor,sender,client/http}, 0.59.0. */
#include "exporters/datadog/exporter.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "config/gates.h"
#include "exporters/datadog/items.h"
#include "exporters/datadog/log_map.h"
#include "pipeline/worker.h"
#include "telemetry/log_record.h"
#include "wire/json_text.h"

enum { RECORDS_MAX = 1000, TEXT_MAX = 5 * 1000 * 1000, ARENA_KEPT_BYTES = 256 * 1024 };
enum { BATCH_WAIT_MIN_S = 1, BATCH_WAIT_MAX_S = 10, BATCH_WAIT_PRESET_S = 5 };

static const struct sm_slice usual_source = {"otlp_log_ingestion", sizeof("otlp_log_ingestion") - 1};

struct logs {
    struct sm_datadog_intake *intake; /* owned */
    bool is_direct;
    uint64_t batch_wait_ns;
};

struct log_lane {
    struct sm_datadog_exporter *exporter;
    const struct logs *logs;
    struct sm_worker *worker;
    struct sm_datadog_lane *posts; /* owned */
    struct sm_datadog_items items; /* gathered */
    struct sm_bytes content;       /* of the record at hand */
    struct sm_arena resource_arena, record_arena;
    struct sm_timer *timer;            /* owned */
    struct sm_datadog_pushes pushes;   /* requests under way, sent straight */
    struct sm_datadog_waiting waiting; /* requests for which there is no room yet */
    bool is_draining, has_drained;
};

/* ---- life */

static void warn_of_options(const struct sm_datadog_log_options *options, bool is_direct, const struct sm_logger *logger)
{
    static const char only_agent[] = " is not valid when the exporter.datadogexporter.UseLogsAgentExporter feature gate is disabled";
    if (is_direct && options->use_compression)
        sm_log(SM_LOG_WARN, logger, "logs::use_compression is not valid", SM_LOG_STR("reason", only_agent + 1));
    if (is_direct && options->compression_level)
        sm_log(SM_LOG_WARN, logger, "logs::compression_level is not valid", SM_LOG_STR("reason", only_agent + 1));
    if (is_direct && options->batch_wait)
        sm_log(SM_LOG_WARN, logger, "logs::batch_wait is not valid", SM_LOG_STR("reason", only_agent + 1));
}

static uint64_t batch_wait(const struct sm_datadog_log_options *options, const struct sm_logger *logger)
{
    int64_t wait_s = options->batch_wait;
    if (wait_s < BATCH_WAIT_MIN_S || wait_s > BATCH_WAIT_MAX_S) {
        sm_log(SM_LOG_WARN, logger, "Invalid batch_wait, it should be between 1 and 10 seconds", SM_LOG_INT("batch_wait", wait_s),
               SM_LOG_INT("fallback", BATCH_WAIT_PRESET_S));
        wait_s = BATCH_WAIT_PRESET_S;
    }
    return (uint64_t)wait_s * SM_NS_PER_S;
}

static bool create(struct sm_datadog_exporter *exporter, struct sm_error *error)
{
    const struct sm_datadog_exporter_options *options = exporter->options;
    const struct sm_logger *logger = &exporter->component->logger;
    struct logs *logs = sm_alloc(1, sizeof(*logs));
    exporter->signal_state = logs;
    logs->is_direct = !sm_gate_is_on(SM_GATE_DATADOG_LOGS_AGENT);
    warn_of_options(&options->logs, logs->is_direct, logger);
    logs->batch_wait_ns = logs->is_direct ? 0 : batch_wait(&options->logs, logger);
    const struct sm_datadog_intake_settings settings = {
        .what = "logs",
        .user_agent = logs->is_direct ? SM_DATADOG_API_USER_AGENT : "datadog-agent/" SM_DATADOG_AGENT_VERSION,
        .headers = logs->is_direct ? "Accept: application/json\r\n"
                                   : "DD-PROTOCOL: agent-json\r\nDD-EVP-ORIGIN: agent\r\nDD-EVP-ORIGIN-VERSION: " SM_DATADOG_AGENT_VERSION "\r\n",
        .method = SM_SLICE("POST"),
        .content_type = SM_SLICE("application/json"),
        .content_encoding = logs->is_direct || options->logs.use_compression ? SM_SLICE("gzip") : SM_SLICE("identity"),
        .retries = logs->is_direct ? SM_DATADOG_RETRIES_ALL : SM_DATADOG_RETRIES_LOGS,
        .logger = logger,
    };
    char *url = sm_datadog_url(options, &options->logs.endpoint, "http-intake.logs", "/api/v2/logs");
    logs->intake = sm_datadog_intake_create(options, url, &settings, error);
    return logs->intake != NULL;
}

static void free_logs(struct sm_datadog_exporter *exporter)
{
    struct logs *logs = exporter->signal_state;
    if (!logs)
        return;
    sm_datadog_intake_free(logs->intake);
    free(logs);
}

static bool is_agents(void)
{
    return sm_gate_is_on(SM_GATE_DATADOG_LOGS_AGENT);
}

/* ---- posts */

/* Levels beyond the ends are the ends, as in the reference. */
static int packing_level(const struct logs *logs, const struct sm_datadog_log_options *options)
{
    enum { LEVEL_MAX = 9 };
    int64_t level = logs->is_direct ? 0 : options->compression_level;
    return level < 0 ? 0 : level > LEVEL_MAX ? LEVEL_MAX : (int)level;
}

static void resume(struct log_lane *lane);

static void on_posted(struct sm_worker *worker, const struct sm_datadog_answer *answer, void *context)
{
    (void)worker, (void)answer; /* the intake has logged what became of it */
    resume(context);
}

/* Posts what is gathered; for `push` if it is not NULL. */
static void post_items(struct log_lane *lane, struct sm_datadog_push *push)
{
    const struct sm_datadog_log_options *options = &lane->exporter->options->logs;
    const struct sm_datadog_packing packing = {
        .head = SM_SLICE("["),
        .tail = SM_SLICE("]"),
        .has_separator = true,
        .is_gzipped = lane->logs->is_direct || options->use_compression,
        .level = packing_level(lane->logs, options),
        .text_max = TEXT_MAX,
        .packed_max = TEXT_MAX,
        .items_max = RECORDS_MAX,
    };
    size_t count = sm_datadog_items_post(&lane->items, &packing, lane->posts, push ? sm_datadog_push_posted : on_posted, push ? (void *)push : lane);
    if (push)
        sm_datadog_push_add(push, count);
}

/* ---- records */

static void warn_of_ids(const struct log_lane *lane, const struct sm_log_item *item)
{
    if (item->has_bad_trace_id)
        sm_log(SM_LOG_WARN, &lane->exporter->component->logger, "failed to decode trace id");
    if (item->has_bad_span_id)
        sm_log(SM_LOG_WARN, &lane->exporter->component->logger, "failed to decode span id");
}

/* As the Agent has it: the whole record is the message, a JSON text in JSON. */
static void put_agent_record(struct log_lane *lane, const struct sm_log_item *item)
{
    struct sm_bytes *out = &lane->items.text;
    const struct sm_datadog_entry *source = sm_datadog_map_find(&item->attributes, SM_SLICE("datadog.log.source"));
    struct sm_slice status = sm_datadog_map_text(&item->attributes, SM_SLICE("status"));
    lane->content.size = 0;
    sm_log_item_put_json(item, false, &lane->content);
    sm_bytes_append_text(out, ",{\"message\":");
    sm_json_put_string_strict(out, sm_bytes_slice(&lane->content));
    sm_bytes_append_text(out, ",\"status\":");
    sm_json_put_string_strict(out, status.size ? status : SM_SLICE("info"));
    sm_bytes_append_text(out, ",\"timestamp\":");
    sm_json_put_uint(out, sm_clock_wall_ns() / SM_NS_PER_MS);
    sm_bytes_append_text(out, ",\"hostname\":");
    sm_json_put_string_strict(out, item->host.size ? item->host : sm_slice_of(lane->exporter->hostname));
    sm_bytes_append_text(out, ",\"service\":");
    sm_json_put_string_strict(out, item->service);
    sm_bytes_append_text(out, ",\"ddsource\":");
    sm_json_put_string_strict(out, source ? source->text : usual_source);
    sm_bytes_append_text(out, ",\"ddtags\":");
    sm_json_put_string_strict(out, item->tags);
    sm_bytes_append_char(out, '}');
}

static void take_record(struct log_lane *lane, struct sm_log_map *map, struct sm_log_record *record, struct sm_datadog_push *push)
{
    struct sm_log_item item = sm_log_map_record(map, record, &lane->record_arena);
    warn_of_ids(lane, &item);
    if (lane->logs->is_direct) {
        sm_bytes_append_char(&lane->items.text, ',');
        sm_log_item_put_json(&item, true, &lane->items.text);
    } else {
        put_agent_record(lane, &item);
    }
    sm_datadog_items_end(&lane->items);
    if (lane->items.count >= RECORDS_MAX || lane->items.text.size >= TEXT_MAX)
        post_items(lane, push);
    if (sm_arena_reserved_bytes(&lane->record_arena) > ARENA_KEPT_BYTES)
        sm_arena_deinit(&lane->record_arena);
}

static void take_batch(struct log_lane *lane, struct sm_batch *batch, struct sm_datadog_push *push)
{
    for (size_t i = 0; i < batch->count; i++) {
        struct sm_resource_group *group = &batch->groups[i];
        struct sm_log_map map;
        if (group->dropped)
            continue;
        sm_log_map_begin(&map, group, &lane->resource_arena);
        for (size_t k = 0; k < group->count; k++)
            for (size_t r = 0; !group->scopes[k].dropped && r < group->scopes[k].count; r++)
                if (!group->scopes[k].log_records[r].dropped)
                    take_record(lane, &map, &group->scopes[k].log_records[r], push);
        sm_arena_deinit(&lane->resource_arena);
    }
    sm_arena_deinit(&lane->record_arena);
}

static void push_request(struct log_lane *lane, struct sm_export *request)
{
    struct sm_datadog_push *push = sm_datadog_push_begin(&lane->pushes, request);
    take_batch(lane, request->batch, push);
    post_items(lane, push);
    sm_datadog_push_close(push);
}

static void take_request(struct log_lane *lane, struct sm_export *request)
{
    if (lane->logs->is_direct) {
        push_request(lane, request);
        return;
    }
    take_batch(lane, request->batch, NULL);
    sm_export_done(request, lane->worker, &SM_OUTCOME_ACCEPTED);
}

static void send(void *local, struct sm_worker *worker, struct sm_export *request)
{
    struct log_lane *lane = local;
    (void)worker;
    if (sm_datadog_lane_has_room(lane->posts))
        take_request(lane, request);
    else
        sm_datadog_waiting_add(&lane->waiting, request);
}

/* ---- going on after a post, and the end */

static void on_timer(struct sm_worker *worker, void *context)
{
    struct log_lane *lane = context;
    (void)worker;
    if (sm_datadog_lane_has_room(lane->posts)) /* without room: next time */
        post_items(lane, NULL);
}

static void drain_more(struct log_lane *lane)
{
    if (!lane->is_draining || lane->has_drained || lane->waiting.count)
        return;
    post_items(lane, NULL);
    if (sm_datadog_lane_count(lane->posts))
        return;
    lane->has_drained = true;
    sm_datadog_drained(lane->exporter);
}

static void resume(struct log_lane *lane)
{
    while (lane->waiting.count && sm_datadog_lane_has_room(lane->posts))
        take_request(lane, sm_datadog_waiting_take(&lane->waiting));
    drain_more(lane);
}

static void on_push_posted(void *lane)
{
    resume(lane);
}

static void drain(void *local)
{
    struct log_lane *lane = local;
    lane->is_draining = true;
    sm_datadog_lane_stop_retries(lane->posts);
    drain_more(lane);
}

/* ---- workers */

static void *worker_create(struct sm_datadog_exporter *exporter, struct sm_worker *worker)
{
    struct log_lane *lane = sm_alloc(1, sizeof(*lane));
    lane->exporter = exporter;
    lane->logs = exporter->signal_state;
    lane->worker = worker;
    lane->posts = sm_datadog_lane_create(lane->logs->intake, worker);
    lane->pushes = (struct sm_datadog_pushes){.worker = worker, .posted = on_push_posted, .context = lane};
    lane->timer = sm_timer_create(worker, on_timer, lane);
    if (lane->logs->batch_wait_ns)
        sm_timer_arm(lane->timer, lane->logs->batch_wait_ns, true);
    return lane;
}

static void worker_free(void *local)
{
    struct log_lane *lane = local;
    sm_datadog_waiting_end(&lane->waiting, lane->worker);
    sm_timer_free(lane->timer);
    sm_datadog_lane_free(lane->posts);
    sm_datadog_pushes_end(&lane->pushes);
    if (lane->items.count)
        sm_log(SM_LOG_WARN, &lane->exporter->component->logger, "Logs are lost: they could not be sent in time",
               SM_LOG_INT("records", lane->items.count));
    sm_datadog_items_deinit(&lane->items);
    sm_bytes_deinit(&lane->content);
    sm_arena_deinit(&lane->resource_arena);
    sm_arena_deinit(&lane->record_arena);
    free(lane);
}

const struct sm_datadog_signal sm_datadog_logs = {
    .is_agents = is_agents,
    .create = create,
    .free = free_logs,
    .worker_create = worker_create,
    .worker_free = worker_free,
    .send = send,
    .drain = drain,
};
