/* kafka.c - the exporter `kafka`: sends OTLP requests as messages to topics of Kafka.
 *
 * Reads batches and changes nothing in them. A request ends when the brokers have answered for every message made of it, or its time is up. State:
 * a client of librdkafka for each instance, with a thread that takes its reports.
 * Source: opentelemetry-collector-contrib exporter/kafkaexporter. */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "exporters/kafka/client.h"
#include "exporters/kafka/messages.h"
#include "exporters/kafka/options.h"
#include "exporters/kafka/records.h"
#include "pipeline/component.h"
#include "pipeline/worker.h"

/* A request under way. `open` by any thread; `of_worker` by the worker that sends; `of_reports` by the client's thread until the last message has
 * ended. */
struct call {
    struct sm_component *exporter;
    struct sm_worker *worker;
    struct sm_export *request;
    atomic_size_t open;
    struct sm_outcome of_worker, of_reports;
};

/* ---- sending */

static void note_failure(struct sm_outcome *worst, const struct sm_kafka_report *report)
{
    struct sm_outcome outcome = report->is_permanent ? sm_outcome_reject("error exporting to topic \"%s\": %s", report->topic, report->text)
                                                     : sm_outcome_retry("error exporting to topic \"%s\": %s", report->topic, report->text);
    outcome.is_overdue = report->is_overdue;
    *worst = *sm_outcome_worse(worst, &outcome);
}

static void end_call(struct sm_worker *worker, void *context)
{
    struct call *call = context;
    sm_export_done(call->request, worker, sm_outcome_worse(&call->of_worker, &call->of_reports));
    free(call);
}

/* Returns whether that was the last. Release and acquire: what the others noted is seen. */
static bool close_call(struct call *call)
{
    return atomic_fetch_sub_explicit(&call->open, 1, memory_order_acq_rel) == 1;
}

static void on_report(const struct sm_kafka_report *report, void *context)
{
    struct call *call = context;
    sm_kafka_records_count(report->topic, report->partition, report->status == 0);
    if (report->status != 0)
        note_failure(&call->of_reports, report);
    if (close_call(call))
        sm_worker_post(call->worker, end_call, call);
}

static void send_message(const struct sm_kafka_message *message, void *context)
{
    struct call *call = context;
    struct sm_kafka_report report;
    atomic_fetch_add_explicit(&call->open, 1, memory_order_relaxed);
    if (sm_kafka_client_send(call->exporter->state, message, call->request->batch->metadata, call, &report))
        return;
    char topic[256];
    snprintf(topic, sizeof(topic), "%.*s", SM_SLICE_ARGS(message->topic));
    report.topic = topic;
    sm_kafka_records_count(report.topic, report.partition, false);
    note_failure(&call->of_worker, &report);
    free(message->value.ptr);
    atomic_fetch_sub_explicit(&call->open, 1, memory_order_relaxed); /* never the last: send_batch has one */
}

static void send_batch(struct sm_component *exporter, struct sm_worker *worker, struct sm_export *request)
{
    struct call *call = sm_alloc(1, sizeof(*call));
    *call = (struct call){.exporter = exporter, .worker = worker, .request = request};
    atomic_init(&call->open, 1);
    sm_kafka_messages_make(exporter->options, request->batch, send_message, call);
    if (close_call(call))
        end_call(worker, call);
}

/* ---- life */

static bool create(struct sm_component *exporter, struct sm_error *error)
{
    return sm_kafka_client_check(exporter->options, error);
}

static bool start(struct sm_component *exporter, struct sm_error *error)
{
    exporter->state = sm_kafka_client_create(exporter, exporter->options, on_report, error);
    return exporter->state != NULL;
}

static void free_client(struct sm_component *exporter)
{
    sm_kafka_client_free(exporter->state);
}

const struct sm_component_type sm_exporter_kafka = {
    .kind = SM_EXPORTER,
    .name = "kafka",
    .help = "Sends to topics of Apache Kafka.",
    .signals = SM_SIGNAL_ALL,
    .stability = {SM_STABILITY_BETA, SM_STABILITY_BETA, SM_STABILITY_BETA},
    .options = sm_kafka_option_table,
    .options_size = sizeof(struct sm_kafka_options),
    .export_options_offset = offsetof(struct sm_kafka_options, export),
    .validate = sm_kafka_options_validate,
    .create = create,
    .start = start,
    .send = send_batch,
    .free = free_client,
};
