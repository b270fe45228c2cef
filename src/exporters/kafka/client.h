/* client.h - the producer that an instance of the exporter `kafka` has: a client of librdkafka and the thread that takes its reports. */
#pragma once

#include "base/error.h"
#include "exporters/kafka/options.h"

#include <stdint.h>

struct sm_component;
struct sm_kafka_client;

/* How a message ended. */
struct sm_kafka_report {
    const char *topic;
    int32_t partition;
    int status;       /* 0: the brokers have it */
    const char *text; /* what the status says */
    bool is_permanent, is_overdue;
};

/* On the client's own thread, one at a time. */
typedef void sm_kafka_reported(const struct sm_kafka_report *report, void *message_context);

/* What of the options no client could be made with, but for what only connections show. */
bool sm_kafka_client_check(const struct sm_kafka_options *options, struct sm_error *error) __attribute__((warn_unused_result));
/* Connects when the first message is sent. NULL with `error`. Main worker. */
struct sm_kafka_client *sm_kafka_client_create(struct sm_component *exporter, const struct sm_kafka_options *options, sm_kafka_reported *reported,
                                               struct sm_error *error) __attribute__((warn_unused_result));
/* No report comes any more. Main worker; NULL is allowed. */
void sm_kafka_client_free(struct sm_kafka_client *client);

struct sm_kafka_message;
struct sm_metadata;
/* Any worker. True: `reported` will be called, and the value is the client's. False: neither, with `report` filled but for its partition. */
bool sm_kafka_client_send(struct sm_kafka_client *client, const struct sm_kafka_message *message, const struct sm_metadata *metadata, void *context,
                          struct sm_kafka_report *report) __attribute__((warn_unused_result));
