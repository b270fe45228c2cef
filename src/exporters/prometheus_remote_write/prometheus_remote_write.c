/* prometheus_remote_write.c - the exporter `prometheus_remote_write`: sends metrics as Prometheus' remote write, versions 1 and 2.
 *
 * Reads metric batches and changes nothing. A request becomes one or more posts, made at its first attempt and kept until it ends; a later attempt
 * sends only what was not taken. They are made window by window: points are decoded, made series of, written and packed some hundred series at a
 * time, so that beside the request itself little more than the packed posts is held. Requests of the queue go one after the other, because Prometheus
 * refuses samples that are older than what it has. State: settings and counters, immutable after start; connections for each worker; a shipment for
 * each request under way, on its worker. Differs from the reference, where `timeout` limits all attempts of a request together, so that an outage of
 * some seconds loses data: here it limits one attempt, and retry_on_failure says how long to go on. Source: exporter/prometheusremotewriteexporter.
 */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "config/gates.h"
#include "exporters/prometheus_remote_write/collisions.h"
#include "exporters/prometheus_remote_write/options.h"
#include "exporters/prometheus_remote_write/posts.h"
#include "exporters/prometheus_remote_write/recent.h"
#include "exporters/prometheus_remote_write/repeats.h"
#include "exporters/prometheus_remote_write/translate.h"
#include "pipeline/component.h"
#include "pipeline/own_metrics.h"
#include "pipeline/worker.h"
#include "telemetry/otlp.h"
#include "wire/json_scanner.h"

static const char user_agent[] = "spanmill/" SPANMILL_VERSION;
static const char version_header[] = "X-Prometheus-Remote-Write-Version";

/* ---- own metrics */

#define SCOPE "github.com/open-telemetry/opentelemetry-collector-contrib/exporter/prometheusremotewriteexporter"
#define METRIC(metric_name, metric_kind, metric_unit, metric_help)                                                                                   \
    {                                                                                                                                                \
        .name = "otelcol_exporter_prometheusremotewrite_" metric_name, .help = (metric_help), .unit = (metric_unit), .kind = (metric_kind),          \
        .level = SM_OWN_LEVEL_BASIC, .scope = SCOPE                                                                                                  \
    }

/* Of the log: ms. */
static const double latency_bounds[] = {5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000};
#define LATENCY(metric_name, metric_help)                                                                                                            \
    {                                                                                                                                                \
        .name = "otelcol_exporter_prometheusremotewrite_" metric_name, .help = (metric_help), .unit = "ms", .kind = SM_OWN_HISTOGRAM,                \
        .level = SM_OWN_LEVEL_BASIC, .scope = SCOPE, .bounds = latency_bounds, .bound_count = sizeof(latency_bounds) / sizeof(latency_bounds[0])     \
    }

enum {
    CONSUMERS,
    FAILED_TRANSLATIONS,
    SENT_BATCHES,
    TRANSLATED_SERIES,
    WRITTEN_SAMPLES,
    WRITTEN_HISTOGRAMS,
    WRITTEN_EXEMPLARS,
    COLLISIONS,
    METRIC_COUNT,
    WAL = METRIC_COUNT,
    TABLE_SIZE = WAL + SM_QUEUE_FILE_METRIC_COUNT
};
static const struct sm_own_metric metric_table[] = {
    [CONSUMERS] = METRIC("consumers", SM_OWN_UP_DOWN_COUNTER, "{consumer}",
                         "Number of configured workers to use to fan out the outgoing requests [Development]"),
    [FAILED_TRANSLATIONS] = METRIC("failed_translations", SM_OWN_COUNTER, "1",
                                   "Number of translation operations that failed to translate metrics from Otel to Prometheus [Development]"),
    [SENT_BATCHES] =
        METRIC("sent_batches", SM_OWN_COUNTER, "{batch}",
               "Number of remote write request batches sent to the remote write endpoint regardless of success or failure [Development]"),
    [TRANSLATED_SERIES] = METRIC("translated_time_series", SM_OWN_COUNTER, "1",
                                 "Number of Prometheus time series that were translated from OTel metrics [Development]"),
    [WRITTEN_SAMPLES] = METRIC("written_samples", SM_OWN_COUNTER, "{sample}",
                               "Number of Prometheus Samples that were successfully written to the remote write endpoint (only available when using "
                               "remote write v2) [Development]"),
    [WRITTEN_HISTOGRAMS] = METRIC("written_histograms", SM_OWN_COUNTER, "{histogram}",
                                  "Number of Prometheus Histograms that were successfully written to the remote write endpoint (only available when "
                                  "using remote write v2) [Development]"),
    [WRITTEN_EXEMPLARS] = METRIC("written_exemplars", SM_OWN_COUNTER, "{exemplar}",
                                 "Number of Prometheus Exemplars that were successfully written to the remote write endpoint (only available when "
                                 "using remote write v2) [Development]"),
    [COLLISIONS] = {.name = "spanmill_exporter_prometheusremotewrite_collisions",
                    .help = "Number of series of a request that several metric streams became, because what tells them apart is no label",
                    .unit = "{series}",
                    .kind = SM_OWN_COUNTER,
                    .level = SM_OWN_LEVEL_BASIC,
                    .scope = SCOPE},
    /* kept by pipeline/export_store */
    [WAL + SM_QUEUE_FILE_WRITES] = METRIC("wal_writes", SM_OWN_COUNTER, "1", "Number of WAL writes [Development]"),
    [WAL + SM_QUEUE_FILE_WRITES_FAILURES] = METRIC("wal_writes_failures", SM_OWN_COUNTER, "1", "Number of WAL writes that failed [Development]"),
    [WAL + SM_QUEUE_FILE_WRITE_LATENCY] = LATENCY("wal_write_latency", "Response latency in ms for the WAL writes. [Development]"),
    [WAL + SM_QUEUE_FILE_BYTES_WRITTEN] = METRIC("wal_bytes_written", SM_OWN_COUNTER, "By", "Total number of bytes written to the WAL [Development]"),
    [WAL + SM_QUEUE_FILE_READS] = METRIC("wal_reads", SM_OWN_COUNTER, "1", "Number of WAL reads [Development]"),
    [WAL + SM_QUEUE_FILE_READS_FAILURES] = METRIC("wal_reads_failures", SM_OWN_COUNTER, "1", "Number of WAL reads that failed [Development]"),
    [WAL + SM_QUEUE_FILE_READ_LATENCY] = LATENCY("wal_read_latency", "Response latency in ms for the WAL reads. [Development]"),
    [WAL + SM_QUEUE_FILE_BYTES_READ] = METRIC("wal_bytes_read", SM_OWN_COUNTER, "By", "Total number of bytes read from the WAL [Development]"),
    [WAL + SM_QUEUE_FILE_LAG] = METRIC("wal_lag", SM_OWN_GAUGE, "1", "WAL lag [Development]"),
    [TABLE_SIZE] = {0},
};

struct exporter {
    struct sm_write_settings settings;
    struct sm_arena arena;         /* owned: names of external labels */
    struct sm_http_client *client; /* owned */
    size_t parallelism;
    struct sm_write_limits limits;
    bool retries_429;
    struct sm_slice headers, content_type;
    struct sm_write_collisions *collisions; /* owned */
    _Atomic uint64_t told_ns;               /* when collisions were last logged */
    _Atomic size_t last_series;             /* of the request before: the next one has as many as a rule */
    struct sm_instrument *metrics[METRIC_COUNT];
};

/* ---- a shipment: the posts of one request. Worker-local. */

enum post_state { POST_WAITING, POST_SENT, POST_ENDED };

struct shipment;
struct post {
    struct shipment *shipment;
    struct iovec body;
    enum post_state state;
};

struct shipment {
    struct sm_component *component;
    struct sm_export *request;
    struct sm_write_post *bodies; /* owned */
    struct post *posts;           /* owned */
    size_t count, next, under_way;
    bool is_cut_off;           /* the next hop cannot be reached: what waits is left for the next attempt */
    struct sm_outcome retry;   /* of this attempt; SM_ACCEPTED: none */
    struct sm_outcome refusal; /* of any attempt; SM_ACCEPTED: none */
};

static void free_shipment(void *kept)
{
    struct shipment *shipment = kept;
    sm_write_free_posts(shipment->bodies, shipment->count);
    free(shipment->posts);
    free(shipment);
}

/* A refused post does not keep the others from being tried again. */
static void end_attempt(struct shipment *shipment, struct sm_worker *worker)
{
    struct sm_outcome outcome = shipment->retry.kind != SM_ACCEPTED ? shipment->retry : shipment->refusal;
    sm_export_done(shipment->request, worker, &outcome);
}

static void log_refusal(const struct shipment *shipment, const struct sm_http_answer *answer)
{
    enum { TEXT_MAX = 1024 };
    struct sm_slice text = sm_slice_make(answer->body.ptr, answer->body.size < TEXT_MAX ? answer->body.size : TEXT_MAX);
    const struct exporter *exporter = shipment->component->state;
    sm_log(SM_LOG_ERROR, &shipment->component->logger, "failed to send WriteRequest to remote endpoint", SM_LOG_INT("status_code", answer->status),
           SM_LOG_STR("endpoint", sm_http_client_shown_url(exporter->client)), SM_LOG_INT("retry_attempt", shipment->request->attempt),
           SM_LOG_SLICE("error", text));
}

static bool is_passing(const struct exporter *exporter, int status)
{
    return (status >= 500 && status <= 599) || (status == 429 && exporter->retries_429);
}

static void take_answer(struct post *post, const struct sm_http_answer *answer)
{
    struct shipment *shipment = post->shipment;
    const struct exporter *exporter = shipment->component->state;
    post->state = POST_ENDED;
    if (answer->failure) {
        post->state = POST_WAITING;
        shipment->is_cut_off = true;
        shipment->retry = sm_outcome_retry("Post \"%s\": %s", sm_http_client_shown_url(exporter->client), answer->failure);
    } else if (answer->status < 200 || answer->status > 299) {
        log_refusal(shipment, answer);
        if (is_passing(exporter, answer->status)) {
            post->state = POST_WAITING;
            shipment->retry = sm_outcome_retry("remote write request failed");
        } else {
            shipment->refusal = sm_outcome_reject("remote write request failed");
        }
    }
}

/* What a next hop that knows version 2 says it has taken. */
static void count_written(const struct shipment *shipment, const struct sm_http_answer *answer)
{
    static const struct {
        const char *header, *what;
        int metric;
    } rows[SM_HTTP_WANTED_MAX] = {{"X-Prometheus-Remote-Write-Samples-Written", "samples", WRITTEN_SAMPLES},
                                  {"X-Prometheus-Remote-Write-Histograms-Written", "histograms", WRITTEN_HISTOGRAMS},
                                  {"X-Prometheus-Remote-Write-Exemplars-Written", "exemplars", WRITTEN_EXEMPLARS}};
    const struct exporter *exporter = shipment->component->state;
    const char *url = sm_http_client_shown_url(exporter->client);
    for (size_t i = 0; i < SM_HTTP_WANTED_MAX; i++) {
        int64_t number;
        if (sm_parse_int(answer->wanted[i], 0, INT64_MAX, &number))
            sm_instrument_add(exporter->metrics[rows[i].metric], number);
        else if (answer->wanted[i].size)
            sm_log(SM_LOG_WARN, &shipment->component->logger, "the next hop's count of what it has taken is no number",
                   SM_LOG_STR("header", rows[i].header), SM_LOG_STR("not counted", rows[i].what), SM_LOG_STR("url", url));
        else
            sm_log(SM_LOG_WARN, &shipment->component->logger,
                   "the next hop does not say how much it has taken: it may not know version 2 and drop what it got",
                   SM_LOG_STR("header", rows[i].header), SM_LOG_STR("url", url));
    }
}

static void send_more(struct shipment *shipment, struct sm_worker *worker);

static void on_answer(struct sm_worker *worker, const struct sm_http_answer *answer, void *context)
{
    struct post *post = context;
    struct shipment *shipment = post->shipment;
    const struct exporter *exporter = shipment->component->state;
    sm_instrument_add(exporter->metrics[SENT_BATCHES], 1);
    if (exporter->settings.is_version_2 && !answer->failure)
        count_written(shipment, answer);
    take_answer(post, answer);
    shipment->under_way--;
    send_more(shipment, worker);
    if (shipment->under_way == 0)
        end_attempt(shipment, worker);
}

static void send_more(struct shipment *shipment, struct sm_worker *worker)
{
    const struct exporter *exporter = shipment->component->state;
    for (; !shipment->is_cut_off && shipment->next < shipment->count && shipment->under_way < exporter->parallelism; shipment->next++) {
        struct post *post = &shipment->posts[shipment->next];
        if (post->state == POST_ENDED)
            continue;
        struct sm_http_call_options options = {
            .method = SM_SLICE("POST"),
            .content_type = exporter->content_type,
            .content_encoding = SM_SLICE("snappy"),
            .more_headers = exporter->headers,
            .body = &post->body,
            .body_count = 1,
            .deadline_ns = shipment->request->deadline_ns,
            .context = shipment->request->batch->metadata,
            .stays = !((const struct sm_remote_write_options *)shipment->component->options)->follow_redirects,
            .wanted_headers = {exporter->settings.is_version_2 ? "x-prometheus-remote-write-samples-written" : NULL,
                               "x-prometheus-remote-write-histograms-written", "x-prometheus-remote-write-exemplars-written"},
        };
        post->state = POST_SENT;
        shipment->under_way++;
        sm_http_channel_send(sm_component_local(shipment->component, worker), &options, on_answer, post);
    }
}

/* ---- requests */

/* Tells of one of the series that collide, once a minute: what tells its streams apart is what is missing among the labels. */
static void tell_collision(struct sm_component *component, const struct sm_write_collision *collision, struct sm_write *write)
{
    struct exporter *exporter = component->state;
    uint64_t now_ns = sm_clock_mono_ns(), told_ns = atomic_load_explicit(&exporter->told_ns, memory_order_relaxed);
    if (!collision->first)
        return;
    if ((told_ns && now_ns - told_ns < (uint64_t)SM_MIN) || !atomic_compare_exchange_strong(&exporter->told_ns, &told_ns, now_ns))
        return;
    struct sm_write_labels labels = sm_write_labels_of(write, collision->first);
    struct sm_slice name = {0}, differing = sm_write_name_differences(collision->left, collision->right, write->arena);
    for (size_t i = 0; i < labels.count; i++)
        if (sm_slice_is(labels.items[i].name, "__name__"))
            name = labels.items[i].value;
    sm_log(SM_LOG_WARN, &component->logger,
           "several metric streams are one series, because what tells them apart is no label; see on_collision and resource_to_telemetry_conversion",
           SM_LOG_INT("series", (int64_t)collision->series), SM_LOG_SLICE("metric", name), SM_LOG_SLICE("resource attributes", differing));
}

/* A request on its way to posts. */
struct making {
    struct sm_component *component;
    struct sm_write_poster *poster;  /* owned */
    struct sm_write_repeats repeats; /* owned: of the windows taken */
    bool is_repeating;               /* a window has a series of an earlier one, with which it must be put together */
    struct sm_error *error;
    size_t collisions, series;
};

/* The series of a window as far as they are sent. False: that was the last one; `error` says why unless it is a repeat. */
static bool take_window(struct sm_write *write, void *context)
{
    struct making *making = context;
    const struct exporter *exporter = making->component->state;
    struct sm_write_collision repeated = {0};
    if (write->take && sm_write_repeats_add(&making->repeats, write, &repeated) && !exporter->settings.as_alloy) {
        making->is_repeating = true;
        return false;
    }
    struct sm_write_collision collision = sm_write_resolve_collisions(exporter->collisions, write, sm_clock_mono_ns());
    making->collisions += collision.series + repeated.series;
    tell_collision(making->component, collision.first ? &collision : &repeated, write);
    sm_write_select(&exporter->settings, write);
    making->series += write->series_count;
    return sm_write_poster_take(making->poster, write, making->error);
}

static void count_translated(struct sm_component *component, const struct making *making, size_t failures)
{
    struct exporter *exporter = component->state;
    if (making->collisions)
        sm_instrument_add(exporter->metrics[COLLISIONS], (int64_t)making->collisions);
    if (failures) {
        sm_instrument_add(exporter->metrics[FAILED_TRANSLATIONS], 1);
        sm_log(SM_LOG_DEBUG, &component->logger, "failed to translate metrics, exporting remaining metrics", SM_LOG_INT("failed", failures),
               SM_LOG_INT("translated", making->series));
    }
    sm_instrument_add(exporter->metrics[TRANSLATED_SERIES], (int64_t)making->series);
    atomic_store_explicit(&exporter->last_series, making->series, memory_order_relaxed);
}

enum made { MADE, NOT_MADE, REPEATING };

/* With windows the request is never held as series; a series that comes again in a later one ends that. */
static enum made make_posts(struct sm_component *component, struct sm_batch *outline, bool has_windows, struct sm_write_post **bodies, size_t *count,
                            struct sm_error *error)
{
    const struct exporter *exporter = component->state;
    struct making making = {
        .component = component, .poster = sm_write_poster_create(&exporter->limits, exporter->settings.is_version_2), .error = error};
    struct sm_arena arena = SM_ARENA_INIT;
    struct sm_write write;
    sm_write_init(&write, &arena);
    write.keeps_points = ((const struct sm_remote_write_options *)component->options)->on_collision == SM_WRITE_MERGE;
    if (has_windows) {
        write.take = take_window;
        write.take_context = &making;
        sm_write_repeats_reserve(&making.repeats, atomic_load_explicit(&exporter->last_series, memory_order_relaxed));
    }
    size_t failures = exporter->settings.as_alloy ? sm_write_translate_alloy(&exporter->settings, outline, &write)
                                                  : sm_write_translate(&exporter->settings, outline, &write);
    bool is_made = !write.is_over && take_window(&write, &making);
    if (!making.is_repeating)
        count_translated(component, &making, failures);
    is_made = is_made && sm_write_poster_end(making.poster, &write, bodies, count, error);
    sm_write_repeats_deinit(&making.repeats);
    sm_write_poster_free(making.poster);
    sm_write_deinit(&write);
    sm_arena_deinit(&arena);
    return making.is_repeating ? REPEATING : is_made ? MADE : NOT_MADE;
}

/* Windows cannot be taken twice where the next series depends on those before: what was added up was added up. Alloy's are never put together,
 * because it leaves out what is older than the sample before. */
static bool make_bodies(struct sm_component *component, struct sm_batch *batch, struct sm_write_post **bodies, size_t *count, struct sm_error *error)
{
    const struct sm_remote_write_options *options = component->options;
    struct sm_batch *outline = batch->is_packed ? sm_otlp_decode_outline(batch) : sm_batch_retain(batch);
    enum made made = REPEATING;
    if (options->on_collision == SM_WRITE_KEEP)
        made = make_posts(component, outline, true, bodies, count, error);
    if (made == REPEATING)
        made = make_posts(component, outline, false, bodies, count, error);
    sm_batch_release(outline);
    return made == MADE;
}

/* NULL: the posts cannot be made, which `error` explains. */
static struct shipment *create_shipment(struct sm_component *component, struct sm_export *request, struct sm_error *error)
{
    struct sm_write_post *bodies;
    size_t count;
    if (!make_bodies(component, request->batch, &bodies, &count, error))
        return NULL;
    struct shipment *shipment = sm_alloc(1, sizeof(*shipment));
    *shipment = (struct shipment){
        .component = component, .request = request, .bodies = bodies, .count = count, .retry = SM_OUTCOME_ACCEPTED, .refusal = SM_OUTCOME_ACCEPTED};
    shipment->posts = sm_alloc(count ? count : 1, sizeof(*shipment->posts));
    for (size_t i = 0; i < count; i++)
        shipment->posts[i] =
            (struct post){.shipment = shipment, .body = {.iov_base = bodies[i].body.ptr, .iov_len = bodies[i].body.size}, .state = POST_WAITING};
    return shipment;
}

static void send(struct sm_component *component, struct sm_worker *worker, struct sm_export *request)
{
    struct shipment *shipment = request->kept;
    struct sm_error error = {0};
    struct sm_outcome failure;
    if (!sm_component_local(component, worker)) {
        /* The drain limit has passed, and the worker's connections are gone. */
        failure = sm_outcome_retry("the exporter is stopped");
        sm_export_done(request, worker, &failure);
        return;
    }
    if (!shipment) {
        shipment = create_shipment(component, request, &error);
        if (!shipment) {
            failure = sm_outcome_reject("%s", error.text);
            sm_export_done(request, worker, &failure);
            return;
        }
        request->kept = shipment;
        request->release = free_shipment;
    }
    shipment->next = 0;
    shipment->is_cut_off = false;
    shipment->retry = SM_OUTCOME_ACCEPTED;
    send_more(shipment, worker);
    if (shipment->under_way == 0)
        end_attempt(shipment, worker);
}

/* ---- life */

static bool put_external_label(struct exporter *exporter, struct sm_prometheus_pair *labels, size_t *count, const struct sm_string_map_entry *entry,
                               struct sm_error *error)
{
    struct sm_prometheus_label_namer namer = sm_write_label_namer(&exporter->settings, true);
    namer.keeps_utf8 = false; /* even where all other names stay as they are */
    struct sm_bytes name;
    if (!*entry->key || !*entry->value) {
        sm_error_set(error, SM_ERROR_USAGE, "prometheus remote write: external labels configuration contains an empty key or value");
        return sm_error_blame(error, entry);
    }
    sm_bytes_init(&name, &exporter->arena);
    if (exporter->settings.as_alloy) {
        sm_bytes_append_text(&name, entry->key);
    } else if (!sm_prometheus_label_name(&namer, sm_slice_of(entry->key), &name)) {
        sm_error_set(error, SM_ERROR_USAGE, "normalization for label name \"%s\" resulted in invalid name \"%s\"", entry->key, sm_bytes_cstr(&name));
        return sm_error_blame(error, entry);
    }
    size_t at = 0;
    while (at < *count && !sm_slice_equal(labels[at].name, sm_bytes_slice(&name)))
        at++;
    labels[at] = (struct sm_prometheus_pair){.name = sm_bytes_slice(&name), .value = sm_slice_of(entry->value)};
    *count += at == *count;
    return true;
}

static bool put_external_labels(struct exporter *exporter, const struct sm_string_map *from, struct sm_error *error)
{
    struct sm_prometheus_pair *labels = sm_arena_zalloc(&exporter->arena, from->count, sizeof(*labels));
    size_t count = 0;
    for (size_t i = 0; i < from->count; i++)
        if (!put_external_label(exporter, labels, &count, &from->entries[i], error))
            return false;
    exporter->settings.external_labels = (struct sm_write_labels){.items = labels, .count = count};
    return true;
}

static void get_metrics(struct sm_component *component)
{
    struct exporter *exporter = component->state;
    const struct sm_own_attribute attributes[] = {{"endpoint", sm_http_client_shown_url(exporter->client)}, {"exporter", component->id}};
    for (size_t i = 0; i < METRIC_COUNT; i++)
        exporter->metrics[i] = sm_instrument_get(&metric_table[i], attributes, sizeof(attributes) / sizeof(attributes[0]));
    sm_instrument_add(exporter->metrics[CONSUMERS], (int64_t)exporter->parallelism);
}

static void warn(const struct sm_component *component)
{
    const struct sm_remote_write_options *options = component->options;
    if (!sm_gate_is_on(SM_GATE_REMOTE_WRITE_WORKERS) && options->export.sending_queue.num_consumers != SM_REMOTE_WRITE_CONSUMERS)
        sm_log(
            SM_LOG_WARN, &component->logger,
            "`remote_write_queue.num_consumers` sets how many parts of a request are sent at the same time; `max_batch_request_parallelism` is the "
            "option for it");
    if (!options->add_metric_suffixes)
        sm_log(SM_LOG_WARN, &component->logger,
               "`add_metric_suffixes` is deprecated. Please use `translation_strategy: UnderscoreEscapingWithoutSuffixes` instead.");
}

static bool has_own_version(const struct sm_string_map *headers)
{
    for (size_t i = 0; i < headers->count; i++)
        if (sm_slice_equal_nocase(sm_slice_of(headers->entries[i].key), sm_slice_of(version_header)))
            return true;
    return false;
}

static void apply(struct exporter *exporter, const struct sm_remote_write_options *options)
{
    exporter->settings = (struct sm_write_settings){
        .name_space = sm_slice_of(options->name_space),
        .with_suffixes = sm_remote_write_has_suffixes(options),
        .with_scope_info = !options->disable_scope_info,
        .with_target_info = options->target_info.enabled,
        .with_metadata = options->send_metadata,
        .resource_to_telemetry = options->resource_to_telemetry_conversion.enabled,
        .excludes_service_attributes = options->resource_to_telemetry_conversion.exclude_service_attributes,
        .is_version_2 = sm_remote_write_is_version_2(options),
        .keeps_utf8 = sm_remote_write_keeps_utf8(options),
        .as_alloy = options->conversion == SM_REMOTE_WRITE_AS_ALLOY,
        .with_scope_series = options->scope_info,
        .keeps_identifying_attributes = options->target_info.keep_identifying_attributes,
        .without_exemplars = !options->send_exemplars,
        .without_native_histograms = !options->send_native_histograms,
        .start_ms = options->drop_samples_before_start ? sm_write_time_ms(sm_clock_wall_ns()) : 0,
        .age_limit_ns = options->sample_age_limit_ns,
        .permissive_labels = sm_gate_is_on(SM_GATE_PROMETHEUS_PERMISSIVE_LABELS),
    };
    exporter->parallelism = sm_remote_write_parallelism(options);
    exporter->limits = (struct sm_write_limits){.bytes = sm_remote_write_batch_size(options), .samples = (size_t)options->max_samples_per_send};
    exporter->retries_429 = options->is_retry_on_http_429_set ? options->retry_on_http_429 : sm_gate_is_on(SM_GATE_REMOTE_WRITE_RETRY_429);
    if (!has_own_version(&options->client.headers))
        exporter->headers = exporter->settings.is_version_2 ? SM_SLICE("X-Prometheus-Remote-Write-Version: 2.0.0\r\n")
                                                            : SM_SLICE("X-Prometheus-Remote-Write-Version: 0.1.0\r\n");
    exporter->content_type = exporter->settings.is_version_2 ? SM_SLICE("application/x-protobuf;proto=io.prometheus.write.v2.Request")
                                                             : SM_SLICE("application/x-protobuf");
}

static bool compile_rules(const struct sm_table_list *rules, struct sm_relabel **relabel, struct sm_error *error)
{
    if (rules->count == 0)
        return true;
    *relabel = sm_relabel_create(rules->items, rules->count, error);
    return *relabel != NULL;
}

static bool create(struct sm_component *component, struct sm_error *error)
{
    const struct sm_remote_write_options *options = component->options;
    struct exporter *exporter = sm_alloc(1, sizeof(*exporter));
    component->state = exporter;
    warn(component);
    apply(exporter, options);
    exporter->collisions = sm_write_collisions_create((enum sm_write_on_collision)options->on_collision);
    if (exporter->settings.as_alloy)
        exporter->settings.recent = sm_write_recent_create();
    if (!put_external_labels(exporter, &options->external_labels, error) ||
        !compile_rules(&options->relabel_configs, &exporter->settings.relabel, error) ||
        !compile_rules(&options->write_relabel_configs, &exporter->settings.write_relabel, error))
        return false;
    exporter->client = sm_http_client_create(&options->client, options->client.endpoint, user_agent, error);
    if (!exporter->client)
        return sm_error_blame(error, &options->client.endpoint);
    get_metrics(component);
    return sm_http_client_open_auth(exporter->client, component, error);
}

static void *worker_create(struct sm_component *component, struct sm_worker *worker)
{
    const struct exporter *exporter = component->state;
    return sm_http_channel_create(exporter->client, worker);
}

static void worker_free(struct sm_component *component, struct sm_worker *worker, void *local)
{
    (void)component, (void)worker;
    sm_http_channel_free(local);
}

static void free_exporter(struct sm_component *component)
{
    struct exporter *exporter = component->state;
    if (!exporter)
        return;
    if (exporter->metrics[CONSUMERS])
        sm_instrument_add(exporter->metrics[CONSUMERS], -(int64_t)exporter->parallelism);
    sm_http_client_free(exporter->client);
    sm_relabel_free(exporter->settings.relabel);
    sm_relabel_free(exporter->settings.write_relabel);
    sm_write_recent_free(exporter->settings.recent);
    sm_write_collisions_free(exporter->collisions);
    sm_arena_deinit(&exporter->arena);
    free(exporter);
}

static const char *const old_names[] = {"prometheusremotewrite", NULL};

const struct sm_component_type sm_exporter_prometheus_remote_write = {
    .kind = SM_EXPORTER,
    .name = "prometheus_remote_write",
    .old_names = old_names,
    .help = "Sends metrics to a Prometheus-compatible next hop as remote write.",
    .signals = SM_SIGNAL_METRICS,
    .stability = {[SM_METRICS] = SM_STABILITY_BETA},
    .takes_packed = true,
    .options = sm_remote_write_option_table,
    .options_size = sizeof(struct sm_remote_write_options),
    .metrics = metric_table,
    .validate = sm_remote_write_validate,
    .create = create,
    .worker_create = worker_create,
    .worker_free = worker_free,
    .send = send,
    .export_options_offset = offsetof(struct sm_remote_write_options, export),
    .consumers = sm_remote_write_consumers,
    .queue_file = sm_remote_write_queue_file,
    .queue_file_metrics = &metric_table[WAL],
    .has_plain_errors = true,
    .free = free_exporter,
};
