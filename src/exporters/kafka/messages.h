/* messages.h - a batch as messages for Kafka: what stands in each, its key and its topic.
 *
 * No state; on the worker that holds the batch, which is only read. Source: opentelemetry-collector-contrib exporter/kafkaexporter/kafka_exporter.go.
 */
#pragma once

#include "base/bytes.h"
#include "exporters/kafka/options.h"
#include "telemetry/batch.h"

struct sm_kafka_message {
    struct sm_slice topic, key; /* borrowed during the call */
    bool has_key;
    struct sm_bytes value; /* on the heap; the callee's */
};

typedef void sm_kafka_message_take(const struct sm_kafka_message *message, void *context);

/* Calls `take` for every message, in order. */
void sm_kafka_messages_make(const struct sm_kafka_options *options, struct sm_batch *batch, sm_kafka_message_take *take, void *context);
