/* export_metrics.c - the own metrics of the export chain.
 *
 * Series are made when something is counted for the first time, as the reference's are. Source: exporterhelper internal/metadata,
 * obs_report_sender.go, queue/obs_queue.go. */
#include "pipeline/export_chain.h"

#include "base/memory.h"

#include <stdio.h>

#define SCOPE "go.opentelemetry.io/collector/exporter/exporterhelper"
#define COUNTER(metric, text, of)                                                                                                                    \
    {                                                                                                                                                \
        .name = "otelcol_exporter_" metric, .help = text, .unit = of, .kind = SM_OWN_COUNTER, .level = SM_OWN_LEVEL_BASIC, .scope = SCOPE            \
    }
#define FAILED_HELP(of)                                                                                                                              \
    "Number of " of " in failed attempts to send to destination. At detailed telemetry level, includes attributes: error.type (semantic "            \
    "convention), error.permanent. [Alpha]"

static const struct sm_own_metric sent[SM_SIGNAL_COUNT] = {
    [SM_TRACES] = COUNTER("sent_spans", "Number of spans successfully sent to destination. [Alpha]", "{span}"),
    [SM_METRICS] = COUNTER("sent_metric_points", "Number of metric points successfully sent to destination. [Alpha]", "{datapoint}"),
    [SM_LOGS] = COUNTER("sent_log_records", "Number of log record successfully sent to destination. [Alpha]", "{record}"),
};
static const struct sm_own_metric failed[SM_SIGNAL_COUNT] = {
    [SM_TRACES] = COUNTER("send_failed_spans", FAILED_HELP("spans"), "{span}"),
    [SM_METRICS] = COUNTER("send_failed_metric_points", FAILED_HELP("metric points"), "{datapoint}"),
    [SM_LOGS] = COUNTER("send_failed_log_records", FAILED_HELP("log records"), "{record}"),
};
static const struct sm_own_metric enqueue_failed[SM_SIGNAL_COUNT] = {
    [SM_TRACES] = COUNTER("enqueue_failed_spans", "Number of spans failed to be added to the sending queue. [Alpha]", "{span}"),
    [SM_METRICS] = COUNTER("enqueue_failed_metric_points", "Number of metric points failed to be added to the sending queue. [Alpha]", "{datapoint}"),
    [SM_LOGS] = COUNTER("enqueue_failed_log_records", "Number of log records failed to be added to the sending queue. [Alpha]", "{record}"),
};
static const struct sm_own_metric in_flight = {.name = "otelcol_exporter_in_flight_requests",
                                               .help = "Number of export requests currently in-flight (including retry backoff). [Development]",
                                               .unit = "{request}",
                                               .kind = SM_OWN_UP_DOWN_COUNTER,
                                               .level = SM_OWN_LEVEL_BASIC,
                                               .scope = SCOPE};
static const struct sm_own_metric queue_size = {.name = "otelcol_exporter_queue_size",
                                                .help = "Current size of the retry queue (in batches). [Alpha]",
                                                .unit = "{batch}",
                                                .kind = SM_OWN_GAUGE,
                                                .level = SM_OWN_LEVEL_BASIC,
                                                .scope = SCOPE};
static const struct sm_own_metric queue_capacity = {.name = "otelcol_exporter_queue_capacity",
                                                    .help = "Fixed capacity of the retry queue (in batches). [Alpha]",
                                                    .unit = "{batch}",
                                                    .kind = SM_OWN_GAUGE,
                                                    .level = SM_OWN_LEVEL_BASIC,
                                                    .scope = SCOPE};
static const double size_bounds[] = {10,   25,   50,   75,   100,  250,  500,   750,   1000,  2000,  3000,
                                     4000, 5000, 6000, 7000, 8000, 9000, 10000, 20000, 30000, 50000, 100000};
static const double bytes_bounds[] = {10, 25, 50, 75, 100, 250, 500, 750, 1000, 2000, 3000, 4000, 5000, 6000};
static const struct sm_own_metric batch_size = {.name = "otelcol_exporter_queue_batch_send_size",
                                                .help = "Number of units in the batch [Development]",
                                                .unit = "{unit}",
                                                .kind = SM_OWN_HISTOGRAM,
                                                .level = SM_OWN_LEVEL_DETAILED,
                                                .bounds = size_bounds,
                                                .bound_count = sizeof(size_bounds) / sizeof(size_bounds[0]),
                                                .scope = SCOPE};
static const struct sm_own_metric batch_bytes = {.name = "otelcol_exporter_queue_batch_send_size_bytes",
                                                 .help = "Number of bytes in batch that was sent. Only available on detailed level. [Development]",
                                                 .unit = "By",
                                                 .kind = SM_OWN_HISTOGRAM,
                                                 .level = SM_OWN_LEVEL_DETAILED,
                                                 .bounds = bytes_bounds,
                                                 .bound_count = sizeof(bytes_bounds) / sizeof(bytes_bounds[0]),
                                                 .scope = SCOPE};

/* Every gauge ever made: a reader may be looking at the one of a chain that is gone. */
static _Atomic(struct sm_export_gauge *) gauges;

void sm_export_add_attribute(struct sm_component *exporter, const char *key, const char *value)
{
    struct sm_export_chain *chain = sm_export_chain_of(exporter);
    if (!chain || chain->attribute_count == SM_EXPORT_ATTRIBUTE_LIMIT)
        return;
    chain->attributes[chain->attribute_count++] = (struct sm_own_attribute){.key = sm_strdup(key), .value = sm_strdup(value)};
}

/* Makes the series at the first use; two workers that do so at once get the same one. */
static struct sm_instrument *find(struct sm_export_chain *chain, _Atomic(struct sm_instrument *) *place, const struct sm_own_metric *metric,
                                  const struct sm_own_attribute *extra, size_t extra_count)
{
    struct sm_instrument *instrument = atomic_load_explicit(place, memory_order_acquire);
    if (instrument)
        return instrument;
    struct sm_own_attribute attributes[SM_EXPORT_ATTRIBUTE_LIMIT + 1] = {{.key = "exporter", .value = chain->component->id}};
    for (size_t i = 0; i < extra_count; i++)
        attributes[i + 1] = extra[i];
    instrument = sm_instrument_get(metric, attributes, extra_count + 1);
    atomic_store_explicit(place, instrument, memory_order_release);
    return instrument;
}

static double read_size(void *context)
{
    struct sm_export_gauge *gauge = context;
    return (double)atomic_load_explicit(&gauge->size, memory_order_relaxed);
}

static double read_capacity(void *context)
{
    struct sm_export_gauge *gauge = context;
    return (double)gauge->capacity;
}

/* Who made a nested exporter counts for it, as in the reference. */
static bool is_counted(const struct sm_export_chain *chain)
{
    return !chain->component->nested;
}

void sm_export_metrics_start(struct sm_export_chain *chain)
{
    struct sm_export_gauge *gauge = chain->gauge;
    gauge->next = atomic_load(&gauges);
    while (!atomic_compare_exchange_weak(&gauges, &gauge->next, gauge))
        continue;
    if (!chain->queue || !is_counted(chain))
        return;
    const struct sm_own_attribute attributes[] = {{"exporter", chain->component->id}, {"data_type", sm_signal_name(chain->component->signal)}};
    sm_instrument_observe(sm_instrument_get(&queue_size, attributes, 2), read_size, gauge);
    sm_instrument_observe(sm_instrument_get(&queue_capacity, attributes, 2), read_capacity, gauge);
}

void sm_export_count_sent(struct sm_export_chain *chain, enum sm_signal signal, size_t item_count)
{
    if (!is_counted(chain))
        return;
    struct sm_instrument *instrument = find(chain, &chain->instruments[signal].sent, &sent[signal], chain->attributes, chain->attribute_count);
    sm_instrument_add(instrument, (int64_t)item_count);
}

/* What the attribute error.type says. */
static const char *error_type(const struct sm_outcome *outcome, bool is_interrupted)
{
    static const char *const names[] = {
        [SM_RPC_CANCELLED] = "Canceled",
        [SM_RPC_UNKNOWN] = "Unknown",
        [SM_RPC_INVALID_ARGUMENT] = "InvalidArgument",
        [SM_RPC_DEADLINE_EXCEEDED] = "DeadlineExceeded",
        [SM_RPC_NOT_FOUND] = "NotFound",
        [SM_RPC_ALREADY_EXISTS] = "AlreadyExists",
        [SM_RPC_PERMISSION_DENIED] = "PermissionDenied",
        [SM_RPC_RESOURCE_EXHAUSTED] = "ResourceExhausted",
        [SM_RPC_FAILED_PRECONDITION] = "FailedPrecondition",
        [SM_RPC_ABORTED] = "Aborted",
        [SM_RPC_OUT_OF_RANGE] = "OutOfRange",
        [SM_RPC_UNIMPLEMENTED] = "Unimplemented",
        [SM_RPC_INTERNAL] = "Internal",
        [SM_RPC_UNAVAILABLE] = "Unavailable",
        [SM_RPC_DATA_LOSS] = "DataLoss",
        [SM_RPC_UNAUTHENTICATED] = "Unauthenticated",
    };
    if (is_interrupted)
        return "Shutdown";
    if (outcome->is_overdue)
        return "Deadline_Exceeded";
    bool is_known = outcome->has_code && outcome->code > SM_RPC_OK && outcome->code < sizeof(names) / sizeof(names[0]);
    return is_known ? names[outcome->code] : "_OTHER";
}

/* At level detailed there is a series for each kind of failure: looked up each time, as failures are rare. */
void sm_export_count_failed(struct sm_export_chain *chain, enum sm_signal signal, size_t item_count, const struct sm_outcome *outcome,
                            bool is_interrupted)
{
    if (!is_counted(chain))
        return;
    sm_export_count_sent(chain, signal, 0); /* both series are there from the first end on */
    if (sm_own_metrics_level() < SM_OWN_LEVEL_DETAILED) {
        struct sm_instrument *instrument =
            find(chain, &chain->instruments[signal].failed, &failed[signal], chain->attributes, chain->attribute_count);
        sm_instrument_add(instrument, (int64_t)item_count);
        return;
    }
    struct sm_own_attribute attributes[SM_EXPORT_ATTRIBUTE_LIMIT + 3] = {
        {"exporter", chain->component->id},
        {"error.type", error_type(outcome, is_interrupted)},
        {"error.permanent", outcome->kind == SM_REJECTED ? "true" : "false"},
    };
    for (size_t i = 0; i < chain->attribute_count; i++)
        attributes[i + 3] = chain->attributes[i];
    sm_instrument_add(sm_instrument_get(&failed[signal], attributes, chain->attribute_count + 3), (int64_t)item_count);
}

void sm_export_count_enqueue_failed(struct sm_export_chain *chain, enum sm_signal signal, size_t item_count)
{
    if (!is_counted(chain))
        return;
    sm_instrument_add(find(chain, &chain->instruments[signal].enqueue_failed, &enqueue_failed[signal], NULL, 0), (int64_t)item_count);
}

void sm_export_count_in_flight(struct sm_export_chain *chain, enum sm_signal signal, int more)
{
    if (!is_counted(chain))
        return;
    const struct sm_own_attribute type = {"data_type", sm_signal_name(signal)};
    sm_instrument_add(find(chain, &chain->instruments[signal].in_flight, &in_flight, &type, 1), more);
}

void sm_export_count_offer(struct sm_export_chain *chain, const struct sm_batch *batch)
{
    /* Below that level nobody sees either, and the bytes take a walk over the whole batch. */
    if (!is_counted(chain) || sm_own_metrics_level() < SM_OWN_LEVEL_DETAILED)
        return;
    struct sm_export_instruments *instruments = &chain->instruments[batch->signal];
    sm_instrument_record(find(chain, &instruments->batch_size, &batch_size, NULL, 0), (double)batch->item_count);
    sm_instrument_record(find(chain, &instruments->batch_bytes, &batch_bytes, NULL, 0), (double)sm_batch_encoded_size(batch));
}
