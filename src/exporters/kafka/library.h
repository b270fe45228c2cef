/* library.h - librdkafka, loaded when an exporter that needs it is started. Few do, and it is kept from those that do not. Any thread. */
#pragma once

#include "base/error.h"

#include <librdkafka/rdkafka.h>

#define SM_KAFKA_FUNCTIONS(X)                                                                                                                        \
    X(conf_new)                                                                                                                                      \
    X(conf_destroy)                                                                                                                                  \
    X(conf_set)                                                                                                                                      \
    X(conf_set_dr_msg_cb)                                                                                                                            \
    X(conf_set_log_cb)                                                                                                                               \
    X(conf_set_opaque)                                                                                                                               \
    X(new)                                                                                                                                           \
    X(destroy)                                                                                                                                       \
    X(opaque)                                                                                                                                        \
    X(poll)                                                                                                                                          \
    X(purge)                                                                                                                                         \
    X(producev)                                                                                                                                      \
    X(err2str)                                                                                                                                       \
    X(topic_name)                                                                                                                                    \
    X(headers_new)                                                                                                                                   \
    X(headers_destroy)                                                                                                                               \
    X(header_add)                                                                                                                                    \
    X(queue_get_main)                                                                                                                                \
    X(queue_yield)                                                                                                                                   \
    X(queue_destroy)

struct sm_kafka {
#define SM_KAFKA_MEMBER(name) __typeof__(rd_kafka_##name) *name;
    SM_KAFKA_FUNCTIONS(SM_KAFKA_MEMBER)
#undef SM_KAFKA_MEMBER
};

/* NULL with `error` when it cannot be loaded. */
const struct sm_kafka *sm_kafka_library(struct sm_error *error) __attribute__((warn_unused_result));
