/* client.c - see client.h.
 *
 * Options become settings of librdkafka. A message ends with the exporter's `timeout`, so that every report comes. Source of the mapping:
 * opentelemetry-collector-contrib internal/kafka/franz_client.go; of the settings librdkafka's CONFIGURATION.md. */
#include "exporters/kafka/client.h"

#include <assert.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ascii.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/memory.h"
#include "exporters/kafka/library.h"
#include "exporters/kafka/messages.h"
#include "exporters/kafka/records.h"
#include "pipeline/component.h"
#include "pipeline/label_table.h"
#include "telemetry/metadata.h"

enum { POLL_MS = 1000 };

struct sm_kafka_client {
    struct sm_component *exporter; /* borrowed */
    const struct sm_kafka_options *options;
    const struct sm_kafka *library;
    sm_kafka_reported *reported;
    rd_kafka_t *handle;            /* owned */
    struct sm_label_table *topics; /* owned: whether each may be used */
    pthread_t thread;
    atomic_bool is_stopping;
};

/* ---- settings */

/* Collects the first failure. */
struct settings {
    const struct sm_kafka *library;
    rd_kafka_conf_t *conf;
    struct sm_error *error;
    bool is_failed;
};

static void set(struct settings *settings, const char *name, const char *value)
{
    char why[512];
    if (settings->is_failed || settings->library->conf_set(settings->conf, name, value, why, sizeof(why)) == RD_KAFKA_CONF_OK)
        return;
    settings->is_failed = true;
    (void)sm_error_set(settings->error, SM_ERROR_USAGE, "%s", why);
}

static void set_number(struct settings *settings, const char *name, int64_t number)
{
    char text[32];
    snprintf(text, sizeof(text), "%" PRId64, number);
    set(settings, name, text);
}

static int64_t clamp(int64_t number, int64_t least, int64_t most)
{
    return number < least ? least : number > most ? most : number;
}

/* Within what the setting takes; durations above 0 stay so. */
static void set_ms(struct settings *settings, const char *name, uint64_t duration_ns, int64_t least, int64_t most)
{
    uint64_t ms = (duration_ns + SM_NS_PER_MS - 1) / SM_NS_PER_MS;
    set_number(settings, name, clamp(ms > INT32_MAX ? INT32_MAX : (int64_t)ms, least, most));
}

static void set_not_empty(struct settings *settings, const char *name, const char *value)
{
    if (*value)
        set(settings, name, value);
}

static void set_brokers(struct settings *settings, const struct sm_string_list *brokers)
{
    struct sm_bytes text = {0};
    for (size_t i = 0; i < brokers->count; i++)
        sm_bytes_printf(&text, "%s%s", i ? "," : "", brokers->items[i]);
    set(settings, "bootstrap.servers", sm_bytes_cstr(&text));
    sm_bytes_deinit(&text);
}

static void set_tls(struct settings *settings, const struct sm_tls_client_options *tls)
{
    set_not_empty(settings, "ssl.ca.location", tls->files.ca_file);
    set_not_empty(settings, "ssl.ca.pem", tls->files.ca_pem);
    set_not_empty(settings, "ssl.certificate.location", tls->files.cert_file);
    set_not_empty(settings, "ssl.certificate.pem", tls->files.cert_pem);
    set_not_empty(settings, "ssl.key.location", tls->files.key_file);
    set_not_empty(settings, "ssl.key.pem", tls->files.key_pem);
    set(settings, "enable.ssl.certificate.verification", tls->insecure_skip_verify ? "false" : "true");
    set(settings, "ssl.endpoint.identification.algorithm", tls->insecure_skip_verify ? "none" : "https");
}

static void set_security(struct settings *settings, const struct sm_kafka_options *options)
{
    static const char *const protocols[2][2] = {{"plaintext", "sasl_plaintext"}, {"ssl", "sasl_ssl"}};
    const struct sm_kafka_sasl_options *sasl = options->auth.sasl;
    const struct sm_kafka_user_options *plain = options->auth.plain_text;
    const struct sm_tls_client_options *tls = sm_kafka_tls(options);
    set(settings, "security.protocol", protocols[tls != NULL][sasl || plain]);
    if (tls)
        set_tls(settings, tls);
    if (!sasl && !plain)
        return;
    set(settings, "sasl.mechanism", sasl ? sasl->mechanism : "PLAIN");
    set(settings, "sasl.username", sasl ? sasl->username : plain->username);
    set(settings, "sasl.password", sasl ? sasl->password : plain->password);
}

static void set_producer(struct settings *settings, const struct sm_kafka_options *options)
{
    const struct sm_kafka_producer_options *producer = &options->producer;
    uint64_t timeout_ns = options->export.timeout_ns, linger_ns = producer->linger_ns;
    int acks;
    /* A message must be allowed to live longer than it lingers. */
    if (timeout_ns > 0 && linger_ns >= timeout_ns)
        linger_ns = timeout_ns / 2;
    if (!sm_kafka_required_acks(producer->required_acks, &acks))
        acks = 1;
    set_number(settings, "acks", acks);
    set_number(settings, "linger.ms", (int64_t)(linger_ns / SM_NS_PER_MS));
    set_ms(settings, "message.timeout.ms", timeout_ns, 0, INT32_MAX);
    set_ms(settings, "request.timeout.ms", timeout_ns, 1, 900000);
    set_number(settings, "message.max.bytes", clamp(producer->max_message_bytes, 1000, 1000000000));
    set_number(settings, "batch.size", clamp(producer->max_message_bytes, 1, INT32_MAX));
    set_number(settings, "batch.num.messages", clamp(producer->flush_max_messages, 1, 1000000));
    set(settings, "compression.codec", producer->compression);
    set_number(settings, "compression.level", producer->compression_params.level ? clamp(producer->compression_params.level, -1, 12) : -1);
    set(settings, "partitioner", strcmp(options->record_partitioner.sticky_key.hasher, "murmur2") == 0 ? "murmur2_random" : "fnv1a_random");
}

static void set_all(struct settings *settings, const struct sm_kafka_options *options)
{
    set_brokers(settings, &options->brokers);
    set_not_empty(settings, "client.id", options->client_id);
    set_not_empty(settings, "client.rack", options->rack_id);
    set_ms(settings, "topic.metadata.refresh.interval.ms", options->metadata.refresh_interval_ns, 10, 3600000);
    set_ms(settings, "retry.backoff.ms", options->metadata.retry.backoff_ns, 1, 300000);
    set_ms(settings, "connections.max.idle.ms", options->conn_idle_timeout_ns, 1, INT32_MAX);
    set(settings, "log_level", "4");
    set_security(settings, options);
    set_producer(settings, options);
}

/* ---- reports */

/* What the brokers answer for a passing reason, as Kafka defines it; what the library says by itself (below 0) passes too. */
static bool is_passing(int status)
{
    static const int passing[] = {2,  3,  5,  6,  7,  8,  9,  13, 14, 15, 16, 19,  20,  41,  56,
                                  70, 71, 72, 74, 75, 78, 80, 83, 84, 88, 89, 100, 103, 106, 133};
    for (size_t i = 0; i < sizeof(passing) / sizeof(passing[0]); i++)
        if (passing[i] == status)
            return true;
    return status < 0;
}

static void fill_report(const struct sm_kafka_client *client, rd_kafka_resp_err_t status, struct sm_kafka_report *report)
{
    report->status = status;
    report->text = client->library->err2str(status);
    report->is_permanent = !is_passing(status);
    report->is_overdue = status == RD_KAFKA_RESP_ERR__MSG_TIMED_OUT;
}

static void on_report(rd_kafka_t *handle, const rd_kafka_message_t *message, void *opaque)
{
    (void)handle;
    const struct sm_kafka_client *client = opaque;
    struct sm_kafka_report report = {.topic = client->library->topic_name(message->rkt), .partition = message->partition};
    fill_report(client, message->err, &report);
    client->reported(&report, message->_private);
}

static void on_log(const rd_kafka_t *handle, int level, const char *facility, const char *text)
{
    (void)level;
    /* Before the client is complete there is none. */
    const struct sm_kafka *library = sm_kafka_library(&(struct sm_error){0});
    const struct sm_kafka_client *client = handle && library ? library->opaque(handle) : NULL;
    sm_log(SM_LOG_WARN, client ? &client->exporter->logger : NULL, "kafka", SM_LOG_STR("what", facility), SM_LOG_STR("message", text));
}

static void *take_reports(void *context)
{
    struct sm_kafka_client *client = context;
    while (!atomic_load(&client->is_stopping))
        client->library->poll(client->handle, POLL_MS);
    return NULL;
}

/* ---- topics */

/* Kafka's rule: anything else the brokers would refuse, after the library had made a handle for it that it never gives up. */
static bool is_topic(struct sm_slice topic)
{
    if (topic.size == 0 || topic.size > SM_KAFKA_TOPIC_SIZE_MAX || sm_slice_is(topic, ".") || sm_slice_is(topic, ".."))
        return false;
    for (size_t i = 0; i < topic.size; i++)
        if (!sm_ascii_is_alnum(topic.ptr[i]) && !strchr("._-", topic.ptr[i]))
            return false;
    return true;
}

static void *make_topic(const void *context, bool is_overflow)
{
    (void)context;
    bool *is_known = sm_alloc(1, sizeof(*is_known));
    *is_known = !is_overflow;
    return is_known;
}

static bool may_use_topic(struct sm_kafka_client *client, struct sm_slice topic)
{
    const bool *is_known = sm_label_table_get(client->topics, sm_hash128(sm_hash_secret(), topic), make_topic, NULL);
    return *is_known;
}

/* Those that the user has chosen are there from the beginning, whatever senders choose. */
static void know_topics(struct sm_kafka_client *client)
{
    const struct sm_kafka_options *options = client->options;
    const char *const topics[] = {options->traces.topic, options->metrics.topic, options->logs.topic};
    client->topics = sm_label_table_create(SM_KAFKA_SERIES_MAX);
    for (size_t i = 0; i < sizeof(topics) / sizeof(topics[0]); i++)
        (void)may_use_topic(client, sm_slice_of(topics[i]));
}

#define TOO_MANY_TOPICS "too many topics: senders may choose 10000 in the life of the process"
static_assert(SM_KAFKA_SERIES_MAX == 10000, "as the words say");

static bool refuse_topic(struct sm_kafka_report *report, const char *why)
{
    *report = (struct sm_kafka_report){.partition = -1, .status = RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION, .text = why, .is_permanent = true};
    return false;
}

/* ---- life */

/* The library reads its files only with connections and threads. */
static bool check_tls(const struct sm_tls_client_options *tls, struct sm_error *error)
{
    struct sm_tls_context *context = tls ? sm_tls_client_context_create(tls, NULL, error) : NULL;
    bool is_good = !tls || context;
    sm_tls_context_free(context);
    return is_good;
}

bool sm_kafka_client_check(const struct sm_kafka_options *options, struct sm_error *error)
{
    const struct sm_kafka *library = sm_kafka_library(error);
    if (!library)
        return false;
    struct settings settings = {.library = library, .conf = library->conf_new(), .error = error};
    set_all(&settings, options);
    library->conf_destroy(settings.conf);
    return !settings.is_failed && check_tls(sm_kafka_tls(options), error);
}

static bool open_handle(struct sm_kafka_client *client, struct sm_error *error)
{
    char why[512];
    const struct sm_kafka *library = client->library;
    struct settings settings = {.library = library, .conf = library->conf_new(), .error = error};
    set_all(&settings, client->options);
    if (settings.is_failed) {
        library->conf_destroy(settings.conf);
        return false;
    }
    library->conf_set_opaque(settings.conf, client);
    library->conf_set_dr_msg_cb(settings.conf, on_report);
    library->conf_set_log_cb(settings.conf, on_log);
    client->handle = library->new (RD_KAFKA_PRODUCER, settings.conf, why, sizeof(why));
    if (client->handle)
        return true;
    library->conf_destroy(settings.conf);
    return sm_error_set(error, SM_ERROR_IO, "%s", why);
}

struct sm_kafka_client *sm_kafka_client_create(struct sm_component *exporter, const struct sm_kafka_options *options, sm_kafka_reported *reported,
                                               struct sm_error *error)
{
    const struct sm_kafka *library = sm_kafka_library(error);
    if (!library)
        return NULL;
    struct sm_kafka_client *client = sm_alloc(1, sizeof(*client));
    client->exporter = exporter;
    client->options = options;
    client->library = library;
    client->reported = reported;
    know_topics(client);
    bool is_open = open_handle(client, error);
    if (is_open && pthread_create(&client->thread, NULL, take_reports, client) == 0)
        return client;
    if (is_open) {
        (void)sm_error_set(error, SM_ERROR_IO, "cannot start a thread for Kafka's reports");
        library->destroy(client->handle);
    }
    sm_label_table_free(client->topics);
    free(client);
    return NULL;
}

void sm_kafka_client_free(struct sm_kafka_client *client)
{
    if (!client)
        return;
    const struct sm_kafka *library = client->library;
    atomic_store(&client->is_stopping, true);
    rd_kafka_queue_t *queue = library->queue_get_main(client->handle);
    library->queue_yield(queue);
    library->queue_destroy(queue);
    pthread_join(client->thread, NULL);
    /* Messages that are left (the drain limit has passed) end without a report. */
    library->purge(client->handle, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT | RD_KAFKA_PURGE_F_NON_BLOCKING);
    library->destroy(client->handle);
    sm_label_table_free(client->topics);
    free(client);
}

/* ---- sending */

static rd_kafka_headers_t *make_headers(const struct sm_kafka_client *client, const struct sm_metadata *metadata)
{
    const struct sm_kafka_options *options = client->options;
    if (options->record_headers.count == 0 && options->include_metadata_keys.count == 0)
        return NULL;
    rd_kafka_headers_t *headers = client->library->headers_new(options->record_headers.count + options->include_metadata_keys.count);
    const struct sm_kafka_header_options *fixed = options->record_headers.items;
    for (size_t i = 0; i < options->record_headers.count; i++)
        client->library->header_add(headers, fixed[i].name, -1, fixed[i].value, (ssize_t)strlen(fixed[i].value));
    for (size_t i = 0; i < options->include_metadata_keys.count; i++) {
        const char *key = options->include_metadata_keys.items[i];
        for (size_t k = 0; k < sm_metadata_count(metadata, sm_slice_of(key)); k++) {
            struct sm_slice value = sm_metadata_get(metadata, sm_slice_of(key), k);
            client->library->header_add(headers, key, -1, value.ptr, (ssize_t)value.size);
        }
    }
    return headers;
}

bool sm_kafka_client_send(struct sm_kafka_client *client, const struct sm_kafka_message *message, const struct sm_metadata *metadata, void *context,
                          struct sm_kafka_report *report)
{
    char topic[SM_KAFKA_TOPIC_SIZE_MAX + 1];
    if (!is_topic(message->topic))
        return refuse_topic(report, "Invalid topic: 1 to 249 letters, digits, ., _ and - are allowed");
    if (!may_use_topic(client, message->topic))
        return refuse_topic(report, TOO_MANY_TOPICS);
    snprintf(topic, sizeof(topic), "%.*s", SM_SLICE_ARGS(message->topic));
    /* A key that is there but empty is one. */
    const void *key = message->has_key ? (message->key.size ? message->key.ptr : "") : NULL;
    rd_kafka_headers_t *headers = make_headers(client, metadata);
    rd_kafka_resp_err_t status =
        client->library->producev(client->handle, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_KEY((void *)(uintptr_t)key, message->key.size),
                                  RD_KAFKA_V_VALUE(message->value.ptr, message->value.size), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_FREE),
                                  RD_KAFKA_V_OPAQUE(context), RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_END);
    if (status == RD_KAFKA_RESP_ERR_NO_ERROR)
        return true;
    if (headers)
        client->library->headers_destroy(headers);
    *report = (struct sm_kafka_report){.partition = -1};
    fill_report(client, status, report);
    return false;
}
