/* receiver_counts.c - see receiver_counts.h, and sm_receiver_deliver in component.h.
 *
 * Series appear with the first delivery of a receiver, transport and signal, all three of them, as in the reference. They are kept in a short list
 * that only grows; any worker reads it without a lock. Source: opentelemetry-collector receiver/receiverhelper/obsreport.go. */
#include "pipeline/receiver_counts.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/memory.h"
#include "pipeline/component.h"
#include "pipeline/consumer.h"
#include "pipeline/delivery.h"
#include "pipeline/own_metrics.h"

#define SCOPE "go.opentelemetry.io/collector/receiver/receiverhelper"

enum ending { ENDING_ACCEPTED, ENDING_REFUSED, ENDING_FAILED, ENDING_COUNT };

#define COUNTER(metric_name, metric_unit, metric_help)                                                                                               \
    {                                                                                                                                                \
        .name = "otelcol_receiver_" metric_name, .help = (metric_help), .unit = (metric_unit), .kind = SM_OWN_COUNTER, .level = SM_OWN_LEVEL_BASIC,  \
        .scope = SCOPE                                                                                                                               \
    }

static const struct sm_own_metric metrics[SM_SIGNAL_COUNT][ENDING_COUNT] = {
    [SM_TRACES] =
        {
            COUNTER("accepted_spans", "{span}", "Number of spans successfully pushed into the pipeline. [Alpha]"),
            COUNTER("refused_spans", "{span}", "Number of spans that could not be pushed into the pipeline. [Alpha]"),
            COUNTER("failed_spans", "{span}", "The number of spans that failed to be processed by the receiver due to internal errors. [Alpha]"),
        },
    [SM_METRICS] =
        {
            COUNTER("accepted_metric_points", "{datapoint}", "Number of metric points successfully pushed into the pipeline. [Alpha]"),
            COUNTER("refused_metric_points", "{datapoint}", "Number of metric points that could not be pushed into the pipeline. [Alpha]"),
            COUNTER("failed_metric_points", "{datapoint}",
                    "The number of metric points that failed to be processed by the receiver due to internal errors. [Alpha]"),
        },
    [SM_LOGS] =
        {
            COUNTER("accepted_log_records", "{record}", "Number of log records successfully pushed into the pipeline. [Alpha]"),
            COUNTER("refused_log_records", "{record}", "Number of log records that could not be pushed into the pipeline. [Alpha]"),
            COUNTER("failed_log_records", "{record}",
                    "The number of log records that failed to be processed by the receiver due to internal errors. [Alpha]"),
        },
};

/* Immutable once linked. */
struct transport_counts {
    struct transport_counts *next;
    const char *transport; /* owned */
    enum sm_signal signal;
    struct sm_instrument *instruments[ENDING_COUNT];
};

struct receiver_counts {
    struct transport_counts *_Atomic first; /* any thread reads (acquire); added to under `mutex` (release) */
    pthread_mutex_t mutex;
};

void sm_receiver_counts_create(struct sm_component *receiver)
{
    struct receiver_counts *counts = sm_alloc(1, sizeof(*counts));
    pthread_mutex_init(&counts->mutex, NULL);
    receiver->_observer = counts;
}

void sm_receiver_counts_free(struct sm_component *receiver)
{
    struct receiver_counts *counts = receiver->_observer;
    if (!counts)
        return;
    for (struct transport_counts *entry = atomic_load(&counts->first); entry;) {
        struct transport_counts *next = entry->next;
        free((void *)entry->transport);
        free(entry);
        entry = next;
    }
    pthread_mutex_destroy(&counts->mutex);
    free(counts);
    receiver->_observer = NULL;
}

static struct transport_counts *find_counts(struct receiver_counts *counts, const char *transport, enum sm_signal signal)
{
    for (struct transport_counts *entry = atomic_load_explicit(&counts->first, memory_order_acquire); entry; entry = entry->next)
        if (entry->signal == signal && strcmp(entry->transport, transport) == 0)
            return entry;
    return NULL;
}

static struct transport_counts *add_counts(struct sm_component *receiver, const char *transport, enum sm_signal signal)
{
    struct receiver_counts *counts = receiver->_observer;
    const struct sm_own_attribute attributes[] = {{"receiver", receiver->id}, {"transport", transport}};
    struct transport_counts *entry = sm_alloc(1, sizeof(*entry));
    entry->transport = sm_strdup(transport);
    entry->signal = signal;
    for (size_t i = 0; i < ENDING_COUNT; i++)
        entry->instruments[i] = sm_instrument_get(&metrics[signal][i], attributes, 2);
    entry->next = atomic_load_explicit(&counts->first, memory_order_relaxed);
    atomic_store_explicit(&counts->first, entry, memory_order_release);
    return entry;
}

static struct transport_counts *get_counts(struct sm_component *receiver, const char *transport, enum sm_signal signal)
{
    struct receiver_counts *counts = receiver->_observer;
    transport = transport ? transport : "";
    struct transport_counts *entry = find_counts(counts, transport, signal);
    if (entry)
        return entry;
    pthread_mutex_lock(&counts->mutex);
    entry = find_counts(counts, transport, signal);
    if (!entry)
        entry = add_counts(receiver, transport, signal);
    pthread_mutex_unlock(&counts->mutex);
    return entry;
}

/* One delivery under way. */
struct receipt {
    struct transport_counts *counts; /* borrowed: receiver */
    int64_t item_count;
    void (*done)(struct sm_worker *worker, const struct sm_outcome *outcome, void *context);
    void *context;
};

static void end_receipt(struct sm_worker *worker, const struct sm_outcome *outcome, void *context)
{
    struct receipt *receipt = context;
    enum ending ending = outcome->kind == SM_ACCEPTED ? ENDING_ACCEPTED : ENDING_REFUSED;
    for (size_t i = 0; i < ENDING_COUNT; i++)
        sm_instrument_add(receipt->counts->instruments[i], i == ending ? receipt->item_count : 0);
    if (receipt->done)
        receipt->done(worker, outcome, receipt->context);
    free(receipt);
}

void sm_receiver_deliver_watched(struct sm_component *receiver, struct sm_worker *worker, const char *transport, struct sm_batch *batch,
                                 void (*done)(struct sm_worker *worker, const struct sm_outcome *outcome, void *context), void *context,
                                 const atomic_bool *is_abandoned)
{
    struct receipt *receipt = sm_alloc(1, sizeof(*receipt));
    *receipt = (struct receipt){
        .counts = get_counts(receiver, transport, batch->signal), .item_count = (int64_t)batch->item_count, .done = done, .context = context};
    batch->delivery = sm_delivery_create(worker, end_receipt, receipt);
    sm_delivery_watch(batch->delivery, is_abandoned);
    struct sm_consumer *next = receiver->next[batch->signal];
    if (next)
        sm_consumer_consume(next, worker, batch);
    else
        sm_batch_accept(batch, worker);
}

void sm_receiver_deliver(struct sm_component *receiver, struct sm_worker *worker, const char *transport, struct sm_batch *batch,
                         void (*done)(struct sm_worker *worker, const struct sm_outcome *outcome, void *context), void *context)
{
    sm_receiver_deliver_watched(receiver, worker, transport, batch, done, context, NULL);
}

/* The reference has no series for them: their items cannot be counted. */
static const struct sm_own_metric undecodable = {.name = "spanmill_receiver_undecodable_requests",
                                                 .help = "Number of requests and datagrams that could not be decoded.",
                                                 .unit = "{requests}",
                                                 .kind = SM_OWN_COUNTER,
                                                 .level = SM_OWN_LEVEL_BASIC};

void sm_receiver_refused_request(struct sm_component *receiver, const char *transport, enum sm_signal signal)
{
    const struct sm_own_attribute attributes[] = {{"receiver", receiver->id}, {"transport", transport}};
    sm_instrument_add(sm_instrument_get(&undecodable, attributes, sizeof(attributes) / sizeof(attributes[0])), 1);
    sm_log(SM_LOG_DEBUG, &receiver->logger, "Request refused: it cannot be decoded", SM_LOG_STR("transport", transport),
           SM_LOG_STR("signal", sm_signal_name(signal)));
}
