/* options.h - the options of the exporter `kafka`. Source: opentelemetry-collector-contrib exporter/kafkaexporter/config.go, pkg/kafka/configkafka.
 */
#pragma once

#include "net/tls.h"
#include "pipeline/export.h"

struct sm_kafka_signal_options {
    const char *topic, *topic_from_metadata_key, *message_key_from_metadata_key;
    const char *encoding;
};

struct sm_kafka_user_options {
    const char *username, *password;
};

struct sm_kafka_sasl_options {
    const char *username, *password, *mechanism;
    int64_t version;
};

struct sm_kafka_auth_options {
    struct sm_kafka_user_options *plain_text;
    struct sm_kafka_sasl_options *sasl;
    struct sm_tls_client_options *tls;
};

struct sm_kafka_retry_options {
    int64_t max;
    uint64_t backoff_ns;
};

struct sm_kafka_metadata_options {
    bool full;
    uint64_t refresh_interval_ns;
    struct sm_kafka_retry_options retry;
};

struct sm_kafka_producer_options {
    int64_t max_message_bytes, max_broker_write_bytes, flush_max_messages;
    const struct sm_node *required_acks;
    const char *compression;
    struct sm_kafka_compression_options {
        int64_t level;
    } compression_params;
    bool allow_auto_topic_creation;
    uint64_t linger_ns;
};

struct sm_kafka_header_options {
    const char *name, *value;
};

struct sm_kafka_sticky_options {
    const char *hasher;
};

struct sm_kafka_options {
    struct sm_export_options export;
    struct sm_string_list brokers;
    bool resolve_canonical_bootstrap_servers_only, use_leader_epoch;
    const char *protocol_version, *client_id, *rack_id;
    struct sm_kafka_auth_options auth;
    struct sm_tls_client_options *tls;
    struct sm_kafka_metadata_options metadata;
    uint64_t conn_idle_timeout_ns;
    struct sm_kafka_producer_options producer;
    struct sm_kafka_signal_options traces, metrics, logs;
    struct sm_string_list include_metadata_keys;
    struct sm_table_list record_headers; /* struct sm_kafka_header_options */
    const char *topic_from_attribute;
    bool partition_traces_by_id, partition_metrics_by_resource_attributes, partition_logs_by_resource_attributes, partition_logs_by_trace_id;
    struct sm_kafka_partitioner_options {
        struct sm_kafka_sticky_options sticky_key;
    } record_partitioner;
};

extern const struct sm_option sm_kafka_option_table[];
void sm_kafka_options_validate(const void *options, struct sm_validation *validation);

/* -1, 0 or 1; false: none of them. */
bool sm_kafka_required_acks(const struct sm_node *node, int *acks);
/* Those of the connection, wherever they stand; NULL: plain. */
const struct sm_tls_client_options *sm_kafka_tls(const struct sm_kafka_options *options);
const struct sm_kafka_signal_options *sm_kafka_signal(const struct sm_kafka_options *options, enum sm_signal signal);
