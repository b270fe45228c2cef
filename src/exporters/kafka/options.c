/* options.c - see options.h: rows and the rules between them. */
#include "exporters/kafka/options.h"

#include <stdio.h>
#include <string.h>

#include "config/duration.h"

enum { BROKER_WRITE_BYTES_MIN = 100 << 20 };

#define SIGNAL_TABLE(name, topic_preset)                                                                                                             \
    static const struct sm_option name[] = {                                                                                                         \
        SM_OPTION_STRING(struct sm_kafka_signal_options, topic, .preset.string = (topic_preset), .help = "The topic."),                              \
        SM_OPTION_STRING(struct sm_kafka_signal_options, topic_from_metadata_key,                                                                    \
                         .help = "A header of the client's request whose value is the topic instead."),                                              \
        SM_OPTION_STRING(struct sm_kafka_signal_options, message_key_from_metadata_key,                                                              \
                         .help = "A header of the client's request whose value is the key of the messages."),                                        \
        SM_OPTION_STRING(struct sm_kafka_signal_options, encoding, .preset.string = "otlp_proto", .help = "otlp_proto or otlp_json."),               \
        SM_OPTION_END,                                                                                                                               \
    }
SIGNAL_TABLE(traces_table, "otlp_spans");
SIGNAL_TABLE(metrics_table, "otlp_metrics");
SIGNAL_TABLE(logs_table, "otlp_logs");

static const struct sm_option plain_text_table[] = {
    SM_OPTION_STRING(struct sm_kafka_user_options, username, .help = "The user."),
    SM_OPTION_SECRET(struct sm_kafka_user_options, password, .help = "The password."),
    SM_OPTION_END,
};

static const struct sm_option sasl_table[] = {
    SM_OPTION_STRING(struct sm_kafka_sasl_options, username, .help = "The user."),
    SM_OPTION_SECRET(struct sm_kafka_sasl_options, password, .help = "The password."),
    SM_OPTION_STRING(struct sm_kafka_sasl_options, mechanism, .help = "PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512."),
    SM_OPTION_INT(struct sm_kafka_sasl_options, version, .help = "Taken for compatibility: the handshake's version is negotiated."),
    SM_OPTION_REFUSED("aws_msk", .help = "Authentication by AWS IAM."),
    SM_OPTION_REFUSED("oauthbearer_token_source", .help = "An extension that gives OAuth tokens."),
    SM_OPTION_END,
};

static const struct sm_option auth_table[] = {
    SM_OPTION_OPTIONAL(struct sm_kafka_auth_options, plain_text, plain_text_table, .null_is_absent = true, .help = "SASL PLAIN, the older way."),
    SM_OPTION_OPTIONAL(struct sm_kafka_auth_options, sasl, sasl_table, .null_is_absent = true, .help = "Who we are, by SASL."),
    SM_OPTION_OPTIONAL(struct sm_kafka_auth_options, tls, sm_tls_client_option_table, .null_is_absent = true, .help = "TLS, the older way."),
    SM_OPTION_REFUSED("kerberos", .help = "Authentication by Kerberos."),
    SM_OPTION_END,
};

static const struct sm_option retry_table[] = {
    SM_OPTION_INT(struct sm_kafka_retry_options, max, .preset.integer = 3, .help = "Taken for compatibility: metadata is asked for until it comes."),
    SM_OPTION_DURATION(struct sm_kafka_retry_options, backoff_ns, .key = "backoff", .preset.integer = 250 * SM_MS,
                       .help = "The wait before a request to a broker is tried again."),
    SM_OPTION_END,
};

static const struct sm_option metadata_table[] = {
    SM_OPTION_BOOL(struct sm_kafka_metadata_options, full, .preset.boolean = true,
                   .help = "Taken for compatibility: metadata is kept of the topics that are used."),
    SM_OPTION_DURATION(struct sm_kafka_metadata_options, refresh_interval_ns, .key = "refresh_interval", .preset.integer = 10 * SM_MIN,
                       .help = "How often metadata is asked for."),
    SM_OPTION_TABLE(struct sm_kafka_metadata_options, retry, retry_table, .help = "When to ask again."),
    SM_OPTION_END,
};

static const struct sm_option compression_params_table[] = {
    SM_OPTION_INT(struct sm_kafka_compression_options, level, .help = "How hard to pack; 0: as usual."),
    SM_OPTION_END,
};

static const struct sm_option producer_table[] = {
    SM_OPTION_INT(struct sm_kafka_producer_options, max_message_bytes, .preset.integer = 1000000, .unit = "bytes",
                  .help = "Larger messages are refused for good."),
    SM_OPTION_INT(struct sm_kafka_producer_options, max_broker_write_bytes, .preset.integer = BROKER_WRITE_BYTES_MIN, .unit = "bytes",
                  .help = "Taken for compatibility: requests are as large as their messages."),
    SM_OPTION_NODE(struct sm_kafka_producer_options, required_acks,
                   .help = "0: none is waited for; 1, the default: the partition's leader has it; -1 or all: all replicas in step have it."),
    SM_OPTION_STRING(struct sm_kafka_producer_options, compression, .preset.string = "none", .help = "none, gzip, snappy, lz4 or zstd."),
    SM_OPTION_TABLE(struct sm_kafka_producer_options, compression_params, compression_params_table, .help = "How hard to pack."),
    SM_OPTION_INT(struct sm_kafka_producer_options, flush_max_messages, .preset.integer = 10000,
                  .help = "At most as many messages go in one request."),
    SM_OPTION_BOOL(struct sm_kafka_producer_options, allow_auto_topic_creation, .preset.boolean = true,
                   .help = "Brokers may make topics that are not there. Only true is built."),
    SM_OPTION_DURATION(struct sm_kafka_producer_options, linger_ns, .key = "linger", .preset.integer = 10 * SM_MS,
                       .help = "How long messages wait for others."),
    SM_OPTION_END,
};

static const struct sm_option header_table[] = {
    SM_OPTION_STRING(struct sm_kafka_header_options, name, .help = "Its name."),
    SM_OPTION_SECRET(struct sm_kafka_header_options, value, .help = "Its value."),
    SM_OPTION_END,
};

static const struct sm_option sticky_table[] = {
    SM_OPTION_STRING(struct sm_kafka_sticky_options, hasher, .preset.string = "sarama_compat",
                     .help = "How a key chooses its partition: sarama_compat (FNV-1a) or murmur2 (as Java clients)."),
    SM_OPTION_END,
};

static const struct sm_option partitioner_table[] = {
    SM_OPTION_TABLE(struct sm_kafka_partitioner_options, sticky_key, sticky_table, .help = "By the hash of the key."),
    SM_OPTION_REFUSED("round_robin", .help = "Every partition in turn."),
    SM_OPTION_REFUSED("least_backup", .help = "The partition with the fewest waiting messages."),
    SM_OPTION_REFUSED("extension", .help = "An extension that chooses."),
    SM_OPTION_END,
};

static const char *const default_brokers[] = {"localhost:9092", NULL};

const struct sm_option sm_kafka_option_table[] = {
    SM_OPTION_STRING_LIST(struct sm_kafka_options, brokers, .preset.strings = default_brokers, .help = "Brokers to ask first."),
    SM_OPTION_BOOL(struct sm_kafka_options, resolve_canonical_bootstrap_servers_only,
                   .help = "Taken for compatibility: the reference ignores it too."),
    SM_OPTION_STRING(struct sm_kafka_options, protocol_version, .help = "Version of the brokers; checked only: what they speak is negotiated."),
    SM_OPTION_STRING(struct sm_kafka_options, client_id, .preset.string = "otel-collector", .help = "What brokers know us by."),
    SM_OPTION_STRING(struct sm_kafka_options, rack_id, .help = "The rack that this client is in."),
    SM_OPTION_BOOL(struct sm_kafka_options, use_leader_epoch, .preset.boolean = true, .help = "Taken for compatibility: about consumers only."),
    SM_OPTION_TABLE(struct sm_kafka_options, auth, auth_table, .help = "Who we are."),
    SM_OPTION_OPTIONAL(struct sm_kafka_options, tls, sm_tls_client_option_table, .null_is_absent = true,
                       .help = "TLS of the connections; plain without."),
    SM_OPTION_TABLE(struct sm_kafka_options, metadata, metadata_table, .help = "What is kept of the cluster."),
    SM_OPTION_DURATION(struct sm_kafka_options, conn_idle_timeout_ns, .key = "conn_idle_timeout", .preset.integer = 9 * SM_MIN,
                       .help = "Unused connections are closed after this time."),
    SM_OPTION_TABLE(struct sm_kafka_options, producer, producer_table, .help = "How messages are sent."),
    SM_OPTION_TABLE(struct sm_kafka_options, traces, traces_table, .help = "Where traces go."),
    SM_OPTION_TABLE(struct sm_kafka_options, metrics, metrics_table, .help = "Where metrics go."),
    SM_OPTION_TABLE(struct sm_kafka_options, logs, logs_table, .help = "Where logs go."),
    SM_OPTION_REFUSED("profiles", .help = "Where profiles go."),
    SM_OPTION_STRING_LIST(struct sm_kafka_options, include_metadata_keys, .help = "Headers of the client's request that messages carry too."),
    SM_OPTION_TABLE_LIST(struct sm_kafka_options, record_headers, struct sm_kafka_header_options, header_table, .help = "Headers of every message."),
    SM_OPTION_STRING(struct sm_kafka_options, topic_from_attribute, .help = "A resource attribute whose value is the topic instead."),
    SM_OPTION_BOOL(struct sm_kafka_options, partition_traces_by_id, .help = "A message for each trace, with the trace ID as its key."),
    SM_OPTION_BOOL(struct sm_kafka_options, partition_metrics_by_resource_attributes,
                   .help = "A message for each resource, with a hash of its attributes as its key."),
    SM_OPTION_BOOL(struct sm_kafka_options, partition_logs_by_resource_attributes, .help = "The same for logs."),
    SM_OPTION_BOOL(struct sm_kafka_options, partition_logs_by_trace_id,
                   .help = "A message for each trace in the logs, with the trace ID as its key."),
    SM_OPTION_TABLE(struct sm_kafka_options, record_partitioner, partitioner_table, .help = "How messages are spread over partitions."),
    SM_OPTION_TABLE(struct sm_kafka_options, export, sm_export_option_table, .squash = true),
    SM_OPTION_END,
};

/* ---- rules */

const struct sm_tls_client_options *sm_kafka_tls(const struct sm_kafka_options *options)
{
    const struct sm_tls_client_options *tls = options->tls ? options->tls : options->auth.tls;
    bool has_ca = tls && (*tls->files.ca_file || *tls->files.ca_pem);
    return tls && tls->insecure && !has_ca ? NULL : tls;
}

const struct sm_kafka_signal_options *sm_kafka_signal(const struct sm_kafka_options *options, enum sm_signal signal)
{
    return signal == SM_TRACES ? &options->traces : signal == SM_METRICS ? &options->metrics : &options->logs;
}

bool sm_kafka_required_acks(const struct sm_node *node, int *acks)
{
    *acks = 1;
    if (!node || node->kind == SM_NODE_NULL)
        return true;
    if (node->kind == SM_NODE_STRING && strcmp(node->string, "all") == 0) {
        *acks = -1;
        return true;
    }
    if (node->kind != SM_NODE_INT || node->integer < -1 || node->integer > 1)
        return false;
    *acks = (int)node->integer;
    return true;
}

/* "2.6.0", "v3.7". */
static bool is_version(const char *text)
{
    unsigned major = 0, minor = 0;
    int size = 0;
    if (*text == 'v')
        text++;
    if (sscanf(text, "%u.%u%n", &major, &minor, &size) != 2)
        return false;
    for (text += size; *text; text++)
        if (*text != '.' && (*text < '0' || *text > '9'))
            return false;
    return (major == 0 && minor >= 8) || (major >= 1 && major <= 4);
}

static void validate_producer(const struct sm_kafka_producer_options *producer, struct sm_validation *validation)
{
    static const char *const compressions[] = {"none", "gzip", "snappy", "lz4", "zstd"};
    const char *path = "producer";
    bool is_known = false;
    int acks;
    for (size_t i = 0; i < sizeof(compressions) / sizeof(compressions[0]); i++)
        is_known = is_known || strcmp(compressions[i], producer->compression) == 0;
    if (!is_known)
        sm_validation_error(validation, path, "compression should be one of 'none', 'gzip', 'snappy', 'lz4', or 'zstd'. configured value is \"%s\"",
                            producer->compression);
    if (!sm_kafka_required_acks(producer->required_acks, &acks))
        sm_validation_error(validation, "producer::required_acks", "expected 'all' (-1), 0, or 1");
    if (producer->max_message_bytes < 0 || producer->max_message_bytes > INT32_MAX)
        sm_validation_error(validation, path, "max_message_bytes (%lld) must be non-negative and must not exceed %d",
                            (long long)producer->max_message_bytes, INT32_MAX);
    if (producer->max_broker_write_bytes < BROKER_WRITE_BYTES_MIN || producer->max_broker_write_bytes > INT32_MAX)
        sm_validation_error(validation, path, "max_broker_write_bytes (%lld) must be at least %d and must not exceed %d",
                            (long long)producer->max_broker_write_bytes, BROKER_WRITE_BYTES_MIN, INT32_MAX);
    else if (producer->max_message_bytes > producer->max_broker_write_bytes)
        sm_validation_error(validation, path, "max_message_bytes (%lld) cannot be greater than max_broker_write_bytes (%lld)",
                            (long long)producer->max_message_bytes, (long long)producer->max_broker_write_bytes);
    if (producer->flush_max_messages < 1)
        sm_validation_error(validation, path, "flush_max_messages (%lld) must be at least 1", (long long)producer->flush_max_messages);
    if (!producer->allow_auto_topic_creation)
        sm_validation_error(validation, "producer::allow_auto_topic_creation", "false is not built: brokers decide whether topics are made");
}

static void validate_sasl(const struct sm_kafka_sasl_options *sasl, struct sm_validation *validation)
{
    const char *path = "auth::sasl";
    bool is_oauth = strcmp(sasl->mechanism, "AWS_MSK_IAM_OAUTHBEARER") == 0 || strcmp(sasl->mechanism, "OAUTHBEARER") == 0;
    bool is_known =
        strcmp(sasl->mechanism, "PLAIN") == 0 || strcmp(sasl->mechanism, "SCRAM-SHA-256") == 0 || strcmp(sasl->mechanism, "SCRAM-SHA-512") == 0;
    if (is_oauth)
        sm_validation_error(validation, "auth::sasl::mechanism", "%s is not built", sasl->mechanism);
    else if (!is_known)
        sm_validation_error(validation, path,
                            "mechanism should be one of 'PLAIN', 'AWS_MSK_IAM_OAUTHBEARER', 'SCRAM-SHA-256' or 'SCRAM-SHA-512'. configured value %s",
                            sasl->mechanism);
    else if (!*sasl->username)
        sm_validation_error(validation, path, "username is required");
    else if (!*sasl->password)
        sm_validation_error(validation, path, "password is required");
    if (sasl->version < 0 || sasl->version > 1)
        sm_validation_error(validation, path, "version has to be either 0 or 1. configured value %lld", (long long)sasl->version);
}

/* What librdkafka cannot be told. */
static void validate_tls(const struct sm_kafka_options *options, struct sm_validation *validation)
{
    const struct sm_tls_client_options *tls = sm_kafka_tls(options);
    const char *path = options->tls ? "tls" : "auth::tls";
    if (!tls)
        return;
    sm_tls_client_validate(tls, validation, path);
    const struct sm_tls_files *files = &tls->files;
    if (*tls->server_name_override || *files->min_version || *files->max_version || files->cipher_suites.count || files->curve_preferences.count ||
        files->reload_interval_ns || files->include_system_ca_certs_pool)
        sm_validation_error(validation, path,
                            "server_name_override, min_version, max_version, cipher_suites, curve_preferences, reload_interval and "
                            "include_system_ca_certs_pool are not built for Kafka");
}

static void validate_signal(const struct sm_kafka_signal_options *signal, const char *path, bool is_partitioned, const char *partitions,
                            struct sm_validation *validation)
{
    static const char *const others[] = {"zipkin_proto", "zipkin_json", "jaeger_proto", "jaeger_json", "raw"};
    if (*signal->message_key_from_metadata_key && is_partitioned)
        sm_validation_error(validation, "", "%s::message_key_from_metadata_key cannot be combined with %s", path, partitions);
    if (strcmp(signal->encoding, "otlp_proto") == 0 || strcmp(signal->encoding, "otlp_json") == 0)
        return;
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        if (strcmp(signal->encoding, others[i]) == 0) {
            sm_validation_error(validation, path, "the encoding \"%s\" is not built: otlp_proto and otlp_json are", signal->encoding);
            return;
        }
    sm_validation_error(validation, path, "unrecognized %s encoding \"%s\"", path, signal->encoding);
}

static bool is_partition_key(const struct sm_export_queue_options *queue, const char *key)
{
    const struct sm_string_list *keys = &queue->batch->partition.metadata_keys;
    for (size_t i = 0; i < keys->count; i++)
        if (strcmp(keys->items[i], key) == 0)
            return true;
    return false;
}

/* Batches keep only the headers that they are told apart by. */
static void validate_batching(const struct sm_kafka_options *options, struct sm_validation *validation)
{
    const struct sm_export_queue_options *queue = &options->export.sending_queue;
    const struct sm_kafka_signal_options *signals[] = {&options->logs, &options->metrics, &options->traces};
    static const char *const names[] = {"logs", "metrics", "traces"};
    if (!queue->enabled || !queue->batch || !queue->batch->enabled)
        return;
    for (size_t i = 0; i < options->include_metadata_keys.count; i++)
        if (!is_partition_key(queue, options->include_metadata_keys.items[i]))
            sm_validation_error(validation, "",
                                "sending_queue::batch::partition::metadata_keys must include all include_metadata_keys values: missing \"%s\"",
                                options->include_metadata_keys.items[i]);
    for (size_t i = 0; i < 3; i++) {
        if (*signals[i]->topic_from_metadata_key && !is_partition_key(queue, signals[i]->topic_from_metadata_key))
            sm_validation_error(validation, "",
                                "%s::topic_from_metadata_key: topic_from_metadata_key must be present in "
                                "sending_queue::batch::partition::metadata_keys if batching is enabled",
                                names[i]);
        if (*signals[i]->message_key_from_metadata_key && !is_partition_key(queue, signals[i]->message_key_from_metadata_key))
            sm_validation_error(validation, "",
                                "%s::message_key_from_metadata_key: message_key_from_metadata_key must be present in "
                                "sending_queue::batch::partition::metadata_keys if batching is enabled",
                                names[i]);
    }
}

void sm_kafka_options_validate(const void *raw_options, struct sm_validation *validation)
{
    const struct sm_kafka_options *options = raw_options;
    const char *hasher = options->record_partitioner.sticky_key.hasher;
    if (options->brokers.count == 0)
        sm_validation_error(validation, "", "brokers must be specified");
    if (*options->protocol_version && !is_version(options->protocol_version))
        sm_validation_error(validation, "", "invalid protocol version: \"%s\"", options->protocol_version);
    if (options->conn_idle_timeout_ns == 0)
        sm_validation_error(validation, "", "conn_idle_timeout (0s) must be positive");
    if (options->partition_logs_by_resource_attributes && options->partition_logs_by_trace_id)
        sm_validation_error(validation, "", "partition_logs_by_resource_attributes and partition_logs_by_trace_id cannot both be enabled");
    if (strcmp(hasher, "sarama_compat") != 0 && strcmp(hasher, "murmur2") != 0)
        sm_validation_error(validation, "record_partitioner", "sticky_key: unknown hasher \"%s\", valid values are \"sarama_compat\", \"murmur2\"",
                            hasher);
    validate_signal(&options->traces, "traces", options->partition_traces_by_id, "partition_traces_by_id", validation);
    validate_signal(&options->metrics, "metrics", options->partition_metrics_by_resource_attributes, "partition_metrics_by_resource_attributes",
                    validation);
    validate_signal(&options->logs, "logs", options->partition_logs_by_resource_attributes || options->partition_logs_by_trace_id,
                    "partition_logs_by_resource_attributes or partition_logs_by_trace_id", validation);
    validate_producer(&options->producer, validation);
    if (options->auth.sasl)
        validate_sasl(options->auth.sasl, validation);
    validate_tls(options, validation);
    validate_batching(options, validation);
    sm_export_options_validate(&options->export, validation);
}
