/* prometheus.c - the exporter `prometheus`: keeps the last value of every series and shows them on /metrics.
 *
 * Reads metric batches, changes nothing in them. State: one set of series for each instance, under one lock that is taken once for a batch and once
 * for a page (batches come at flush rate; a message to one owner would need the batch copied, because others may be reading it). The lock is not held
 * while an answer is packed and sent. A timer on the main worker forgets expired series when nobody looks.
 * Source: exporter/prometheusexporter (config.go, prometheus.go, collector.go). */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "config/gates.h"
#include "net/http_route.h"
#include "net/http_server.h"
#include "pipeline/component.h"
#include "pipeline/export.h"
#include "pipeline/own_metrics.h"
#include "pipeline/worker.h"
#include "prometheus/scrape.h"

/* ---- options */

enum strategy { STRATEGY_NOT_SET, ESCAPED_WITH_SUFFIXES, ESCAPED_WITHOUT_SUFFIXES, UTF8_WITH_SUFFIXES, NO_TRANSLATION };

struct resource_to_telemetry {
    bool enabled, exclude_service_attributes;
};

struct options {
    struct sm_http_server_options server;
    struct sm_export_options export;
    const char *name_space;
    struct sm_string_map const_labels;
    bool send_timestamps;
    uint64_t metric_expiration_ns;
    struct resource_to_telemetry resource_to_telemetry_conversion;
    bool enable_open_metrics, without_scope_info, add_metric_suffixes;
    const char *translation_strategy; /* one of strategy_words */
    int on_collision;                 /* enum sm_prometheus_on_collision */
};

static const struct {
    const char *word;
    enum strategy value;
} strategy_words[] = {
    {"", STRATEGY_NOT_SET},
    {"UnderscoreEscapingWithSuffixes", ESCAPED_WITH_SUFFIXES},
    {"UnderscoreEscapingWithoutSuffixes", ESCAPED_WITHOUT_SUFFIXES},
    {"NoUTF8EscapingWithSuffixes", UTF8_WITH_SUFFIXES},
    {"NoTranslation", NO_TRANSLATION},
};

/* False: there is no such strategy. */
static bool find_strategy(const char *word, enum strategy *strategy)
{
    for (size_t i = 0; i < sizeof(strategy_words) / sizeof(strategy_words[0]); i++) {
        if (strcmp(strategy_words[i].word, word) != 0)
            continue;
        *strategy = strategy_words[i].value;
        return true;
    }
    return false;
}

static const struct sm_option resource_table[] = {
    SM_OPTION_BOOL(struct resource_to_telemetry, enabled, .help = "Make every resource attribute a label of its series."),
    SM_OPTION_BOOL(struct resource_to_telemetry, exclude_service_attributes,
                   .help = "But not service.name, service.namespace and service.instance.id, which are job and instance already."),
    SM_OPTION_END,
};

static const struct sm_option_word collision_words[] = {
    {"keep", SM_PROMETHEUS_KEEP}, {"merge", SM_PROMETHEUS_MERGE}, {"drop", SM_PROMETHEUS_DROP}, {NULL, 0}};

static const struct sm_option option_table[] = {
    SM_OPTION_TABLE(struct options, server, sm_http_server_option_table, .squash = true, .help = "The endpoint to be scraped."),
    SM_OPTION_TABLE(struct options, export, sm_export_optional_queue_option_table, .squash = true, .help = "The queue in front."),
    SM_OPTION_STRING(struct options, name_space, .key = "namespace", .preset.string = "", .help = "Put before every name."),
    SM_OPTION_STRING_MAP(struct options, const_labels, .help = "Labels put on every series."),
    SM_OPTION_BOOL(struct options, send_timestamps, .help = "Show the time of each point."),
    SM_OPTION_DURATION(struct options, metric_expiration_ns, .key = "metric_expiration", .preset.integer = 5 * SM_MIN,
                       .help = "A series is shown for this long after its last point."),
    SM_OPTION_TABLE(struct options, resource_to_telemetry_conversion, resource_table, .help = "Resource attributes as labels."),
    SM_OPTION_BOOL(struct options, enable_open_metrics, .help = "Offer OpenMetrics, which has exemplars, to clients that ask for it."),
    SM_OPTION_BOOL(struct options, without_scope_info, .help = "Leave out the labels of the instrumentation scope."),
    SM_OPTION_BOOL(struct options, add_metric_suffixes, .preset.boolean = true,
                   .help = "Add unit and type to names. Ignored unless the gate exporter.prometheusexporter.DisableAddMetricSuffixes is off."),
    SM_OPTION_STRING(struct options, translation_strategy, .preset.string = "",
                     .help = "UnderscoreEscapingWithSuffixes (as when empty), UnderscoreEscapingWithoutSuffixes, NoUTF8EscapingWithSuffixes or "
                             "NoTranslation; goes before add_metric_suffixes."),
    SM_OPTION_ENUM(struct options, on_collision, collision_words, .ours = true, .preset.integer = SM_PROMETHEUS_KEEP,
                   .help =
                       "When streams are one series because only attributes that are no labels tell them apart: keep shows the last point of any of "
                       "them, merge adds counters, histograms and summaries (without quantiles) up, drop leaves out all streams but the first."),
    SM_OPTION_END,
};

static void validate(const void *from, struct sm_validation *validation)
{
    const struct options *options = from;
    sm_export_options_validate(&options->export, validation);
    enum strategy strategy;
    if (!find_strategy(options->translation_strategy, &strategy)) /* a rule here and not an ENUM, because the message is the reference's */
        sm_validation_error(validation, "", "invalid translation_strategy: %s", options->translation_strategy);
}

/* ---- own metrics */

enum { COLLISIONS, METRIC_COUNT };
static const struct sm_own_metric metric_table[] = {
    [COLLISIONS] = {.name = "spanmill_exporter_prometheus_collisions",
                    .help =
                        "Number of data points of series that another metric stream had at the same time, because what tells them apart is no label",
                    .unit = "{datapoint}",
                    .kind = SM_OWN_COUNTER,
                    .level = SM_OWN_LEVEL_BASIC,
                    .scope = "github.com/open-telemetry/opentelemetry-collector-contrib/exporter/prometheusexporter"},
    [METRIC_COUNT] = {0},
};

/* ---- state */

struct exporter {
    struct sm_prometheus_options prometheus; /* immutable after start */
    bool open_metrics;                       /* immutable after start */
    struct sm_http_server *server;           /* owned; main worker */
    struct sm_timer *expiry;                 /* owned; main worker */
    pthread_mutex_t lock;                    /* over `set` */
    struct sm_prometheus_set *set;           /* owned */
    uint64_t told_ns;                        /* when collisions were last logged; under the lock */
    struct sm_instrument *collisions;
};

static struct sm_prometheus_options translate(const struct options *options)
{
    enum strategy strategy = STRATEGY_NOT_SET;
    if (!find_strategy(options->translation_strategy, &strategy)) /* refused before */
        strategy = STRATEGY_NOT_SET;
    bool has_suffixes = strategy == ESCAPED_WITH_SUFFIXES || strategy == UTF8_WITH_SUFFIXES;
    if (strategy == STRATEGY_NOT_SET)
        has_suffixes = sm_gate_is_on(SM_GATE_PROMETHEUS_NO_ADD_SUFFIXES) || options->add_metric_suffixes;
    return (struct sm_prometheus_options){
        .name_space = options->name_space,
        .const_labels = options->const_labels,
        .expiration_ns = options->metric_expiration_ns,
        .on_collision = (enum sm_prometheus_on_collision)options->on_collision,
        .with_unit_suffix = has_suffixes,
        .with_type_suffix = has_suffixes,
        .keeps_utf8 = strategy == UTF8_WITH_SUFFIXES || strategy == NO_TRANSLATION,
        .collapses_underscores = sm_gate_is_on(SM_GATE_PROMETHEUS_PERMISSIVE_LABELS),
        .send_timestamps = options->send_timestamps,
        .without_scope_info = options->without_scope_info,
        .target_info = SM_PROMETHEUS_TARGET_INFO_BY_JOB,
        .resource_to_telemetry = options->resource_to_telemetry_conversion.enabled,
        .excludes_service_attributes = options->resource_to_telemetry_conversion.exclude_service_attributes,
    };
}

static void answer(struct sm_http_request *request, void *context)
{
    struct exporter *exporter = context;
    const struct sm_slice path = SM_SLICE("/metrics");
    if (sm_http_route(request, &path, 1) < 0)
        return;
    struct sm_prometheus_format format = sm_prometheus_negotiate(sm_http_request_header(request, SM_SLICE("Accept")), exporter->open_metrics);
    struct sm_bytes page = {0};
    pthread_mutex_lock(&exporter->lock);
    sm_prometheus_write(exporter->set, format, sm_clock_mono_ns(), &page);
    pthread_mutex_unlock(&exporter->lock);
    sm_prometheus_respond(request, format, &page);
    sm_bytes_deinit(&page);
}

static bool prometheus_create(struct sm_component *component, struct sm_error *error)
{
    const struct options *options = component->options;
    if (!sm_slice_trim(sm_slice_of(options->server.endpoint)).size) {
        sm_error_set(error, SM_ERROR_USAGE, "expecting a non-blank address to run the Prometheus metrics handler");
        return sm_error_blame(error, &options->server.endpoint);
    }
    struct exporter *exporter = sm_alloc(1, sizeof(*exporter));
    component->state = exporter;
    exporter->prometheus = translate(options);
    exporter->open_metrics = options->enable_open_metrics;
    pthread_mutex_init(&exporter->lock, NULL);
    const struct sm_own_attribute attributes[] = {{.key = "exporter", .value = component->id}};
    exporter->collisions = sm_instrument_get(&metric_table[COLLISIONS], attributes, sizeof(attributes) / sizeof(attributes[0]));
    exporter->set = sm_prometheus_set_create(&exporter->prometheus, &component->logger);
    exporter->server = sm_http_server_create(component->workers, &options->server, answer, exporter, component, error);
    return exporter->server;
}

static void expire(struct sm_worker *worker, void *context)
{
    (void)worker;
    struct exporter *exporter = context;
    pthread_mutex_lock(&exporter->lock);
    sm_prometheus_set_expire(exporter->set, sm_clock_mono_ns());
    pthread_mutex_unlock(&exporter->lock);
}

static bool prometheus_start(struct sm_component *component, struct sm_error *error)
{
    struct exporter *exporter = component->state;
    if (!sm_http_server_start(exporter->server, error))
        return false;
    exporter->expiry = sm_timer_create(sm_workers_main(component->workers), expire, exporter);
    if (exporter->prometheus.expiration_ns)
        sm_timer_arm(exporter->expiry, exporter->prometheus.expiration_ns, true);
    return true;
}

/* Counts the points that met another stream in their series, and tells of one once a minute. */
static void tell_collisions(struct sm_component *component)
{
    struct exporter *exporter = component->state;
    struct sm_prometheus_collisions found = sm_prometheus_set_take_collisions(exporter->set);
    uint64_t now_ns = sm_clock_mono_ns();
    if (!found.points)
        return;
    sm_instrument_add(exporter->collisions, (int64_t)found.points);
    if (exporter->told_ns && now_ns - exporter->told_ns < (uint64_t)SM_MIN)
        return;
    exporter->told_ns = now_ns;
    sm_log(SM_LOG_WARN, &component->logger,
           "several metric streams are one series, because what tells them apart is no label; see on_collision and resource_to_telemetry_conversion",
           SM_LOG_INT("points", (int64_t)found.points), SM_LOG_SLICE("metric", found.metric), SM_LOG_SLICE("resource attributes", found.attributes));
}

static void send(struct sm_component *component, struct sm_worker *worker, struct sm_export *request)
{
    struct exporter *exporter = component->state;
    pthread_mutex_lock(&exporter->lock);
    sm_prometheus_set_add(exporter->set, request->batch, sm_clock_mono_ns());
    tell_collisions(component);
    pthread_mutex_unlock(&exporter->lock);
    sm_export_done(request, worker, &SM_OUTCOME_ACCEPTED);
}

static void server_stopped(void *context)
{
    sm_component_stopped(context);
}

static void prometheus_stop(struct sm_component *component)
{
    struct exporter *exporter = component->state;
    sm_timer_free(exporter->expiry);
    exporter->expiry = NULL;
    sm_http_server_stop(exporter->server, server_stopped, component);
}

static void prometheus_free(struct sm_component *component)
{
    struct exporter *exporter = component->state;
    if (!exporter)
        return;
    sm_timer_free(exporter->expiry);
    sm_http_server_free(exporter->server);
    sm_prometheus_set_free(exporter->set);
    pthread_mutex_destroy(&exporter->lock);
    free(exporter);
}

const struct sm_component_type sm_exporter_prometheus = {
    .kind = SM_EXPORTER,
    .name = "prometheus",
    .help = "Shows the last value of every series on an endpoint that Prometheus scrapes.",
    .signals = SM_SIGNAL_METRICS,
    .stability = {[SM_METRICS] = SM_STABILITY_BETA},
    .options = option_table,
    .options_size = sizeof(struct options),
    .metrics = metric_table,
    .validate = validate,
    .create = prometheus_create,
    .start = prometheus_start,
    .send = send,
    .export_options_offset = offsetof(struct options, export),
    .stop = prometheus_stop,
    .free = prometheus_free,
};
