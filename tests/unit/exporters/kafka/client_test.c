/* Messages to a broker of librdkafka's own making, and back from it. */
#include "exporters/kafka/client.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include "exporters/kafka/messages.h"
#include "pipeline/component.h"

/* Reports, as they come from the client's thread. */
static struct {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    unsigned count;
    int status;
    bool is_permanent;
    void *context;
} reports = {.mutex = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

static void on_report(const struct sm_kafka_report *report, void *context)
{
    pthread_mutex_lock(&reports.mutex);
    reports.count++;
    reports.status = report->status;
    reports.is_permanent = report->is_permanent;
    reports.context = context;
    pthread_cond_signal(&reports.changed);
    pthread_mutex_unlock(&reports.mutex);
}

static void wait_for_report(void)
{
    pthread_mutex_lock(&reports.mutex);
    while (reports.count == 0)
        pthread_cond_wait(&reports.changed, &reports.mutex);
    reports.count = 0;
    pthread_mutex_unlock(&reports.mutex);
}

static struct sm_kafka_message message_of(const char *topic, const char *key, const char *value)
{
    struct sm_kafka_message message = {.topic = sm_slice_of(topic), .key = sm_slice_of(key), .has_key = key != NULL};
    sm_bytes_append_text(&message.value, value);
    return message;
}

/* The one message of `topic`. */
static void expect_message(const char *brokers, const char *topic, const char *key, const char *value, const char *header)
{
    char why[256];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    assert_int_equal(rd_kafka_conf_set(conf, "bootstrap.servers", brokers, why, sizeof(why)), RD_KAFKA_CONF_OK);
    rd_kafka_t *consumer = rd_kafka_new(RD_KAFKA_CONSUMER, conf, why, sizeof(why));
    rd_kafka_topic_t *handle = rd_kafka_topic_new(consumer, topic, NULL);
    assert_int_equal(rd_kafka_consume_start(handle, 0, RD_KAFKA_OFFSET_BEGINNING), 0);
    rd_kafka_message_t *message;
    do
        message = rd_kafka_consume(handle, 0, 1000);
    while (!message || (message->err && (rd_kafka_message_destroy(message), true)));
    assert_int_equal(message->key_len, strlen(key));
    assert_memory_equal(message->key, key, message->key_len);
    assert_int_equal(message->len, strlen(value));
    assert_memory_equal(message->payload, value, message->len);
    rd_kafka_headers_t *headers;
    const void *found;
    size_t size;
    assert_int_equal(rd_kafka_message_headers(message, &headers), RD_KAFKA_RESP_ERR_NO_ERROR);
    assert_int_equal(rd_kafka_header_get_last(headers, "fixed", &found, &size), RD_KAFKA_RESP_ERR_NO_ERROR);
    assert_int_equal(size, strlen(header));
    assert_memory_equal(found, header, size);
    rd_kafka_message_destroy(message);
    rd_kafka_consume_stop(handle, 0);
    rd_kafka_topic_destroy(handle);
    rd_kafka_destroy(consumer);
}

static void delivers_and_reports(void **state)
{
    (void)state;
    char why[256];
    struct sm_arena arena = SM_ARENA_INIT;
    struct sm_error error = {0};
    struct sm_kafka_report report;
    struct sm_kafka_header_options header = {.name = "fixed", .value = "v"};
    struct sm_component exporter = {.logger = {.id = "kafka"}};
    rd_kafka_t *host = rd_kafka_new(RD_KAFKA_PRODUCER, rd_kafka_conf_new(), why, sizeof(why));
    rd_kafka_mock_cluster_t *cluster = rd_kafka_mock_cluster_new(host, 1);
    const char *brokers[] = {rd_kafka_mock_cluster_bootstraps(cluster)};
    struct sm_kafka_options options;
    memset(&options, 0, sizeof(options));
    sm_options_fill_defaults(sm_kafka_option_table, &options, sizeof(options), &arena);
    assert_int_equal(rd_kafka_mock_topic_create(cluster, "spans", 1, 1), RD_KAFKA_RESP_ERR_NO_ERROR);
    options.brokers = (struct sm_string_list){.items = brokers, .count = 1};
    options.record_headers = (struct sm_table_list){.items = &header, .count = 1};
    options.producer.max_message_bytes = 2000;
    struct sm_kafka_client *client = sm_kafka_client_create(&exporter, &options, on_report, &error);
    assert_non_null(client);
    struct sm_kafka_message message = message_of("spans", "k", "value");
    assert_true(sm_kafka_client_send(client, &message, NULL, &exporter, &report));
    wait_for_report();
    assert_int_equal(reports.status, 0);
    assert_ptr_equal(reports.context, &exporter);
    expect_message(brokers[0], "spans", "k", "value", "v");

    /* Too large: refused at once, for good. */
    static char large[4000];
    memset(large, 'x', sizeof(large) - 1);
    message = message_of("spans", NULL, large);
    assert_false(sm_kafka_client_send(client, &message, NULL, &exporter, &report));
    assert_true(report.is_permanent);
    sm_bytes_deinit(&message.value);

    /* What Kafka takes for no name of a topic: the library would keep a handle for it. */
    static char long_name[251];
    memset(long_name, 'x', sizeof(long_name) - 1);
    const char *const names[] = {"", ".", "..", "a/b", "a b", long_name};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        message = message_of(names[i], NULL, "value");
        assert_false(sm_kafka_client_send(client, &message, NULL, &exporter, &report));
        assert_int_equal(report.status, RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION);
        assert_true(report.is_permanent);
        sm_bytes_deinit(&message.value);
    }

    /* Refused by the broker, for good. */
    rd_kafka_mock_push_request_errors(cluster, 0 /* Produce */, 1, RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
    message = message_of("spans", NULL, "value");
    assert_true(sm_kafka_client_send(client, &message, NULL, &exporter, &report));
    wait_for_report();
    assert_int_equal(reports.status, RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
    assert_true(reports.is_permanent);

    sm_kafka_client_free(client);
    rd_kafka_mock_cluster_destroy(cluster);
    rd_kafka_destroy(host);
    sm_arena_deinit(&arena);
}

static void settings_that_the_library_refuses_are_told(void **state)
{
    (void)state;
    struct sm_arena arena = SM_ARENA_INIT;
    struct sm_error error = {0};
    struct sm_kafka_user_options user = {.username = "u", .password = "p"};
    struct sm_tls_client_options tls;
    struct sm_component exporter = {.logger = {.id = "kafka"}};
    struct sm_kafka_options options;
    memset(&options, 0, sizeof(options));
    memset(&tls, 0, sizeof(tls));
    sm_options_fill_defaults(sm_kafka_option_table, &options, sizeof(options), &arena);
    sm_options_fill_defaults(sm_tls_client_option_table, &tls, sizeof(tls), &arena);
    tls.files.ca_file = "/does/not/exist.pem";
    options.auth.plain_text = &user;
    options.tls = &tls;
    assert_null(sm_kafka_client_create(&exporter, &options, on_report, &error));
    assert_non_null(strstr(error.text, "ca.location"));
    sm_arena_deinit(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(delivers_and_reports),
        cmocka_unit_test(settings_that_the_library_refuses_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
