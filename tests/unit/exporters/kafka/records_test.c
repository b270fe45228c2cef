/* Topics that senders choose do not become own metrics without end. */
#include "exporters/kafka/records.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "pipeline/own_metrics.h"
#include "telemetry/batch.h"
#include "telemetry/otlp.h"

static size_t count_text(const char *text, const char *part)
{
    size_t count = 0;
    for (const char *at = strstr(text, part); at; at = strstr(at + 1, part))
        count++;
    return count;
}

static void topics_are_a_bounded_number(void **state)
{
    (void)state;
    enum { TOPICS = 3 * SM_KAFKA_SERIES_MAX };
    char topic[32];
    for (int i = 0; i < TOPICS; i++) {
        snprintf(topic, sizeof(topic), "t%d", i);
        sm_kafka_records_count(topic, 0, true);
    }
    sm_kafka_records_count("t0", 0, false);
    struct sm_bytes json = {0};
    struct sm_batch *batch = sm_own_metrics_collect();
    sm_otlp_encode_json(batch, &json);
    sm_batch_release(batch);
    const char *text = sm_bytes_cstr(&json);
    assert_int_equal(count_text(text, "{\"key\":\"outcome\",\"value\":{\"stringValue\":\"success\"}}"), SM_KAFKA_SERIES_MAX + 1);
    assert_int_equal(count_text(text, "{\"key\":\"outcome\",\"value\":{\"stringValue\":\"failure\"}}"), 1);
    assert_int_equal(count_text(text, "{\"key\":\"topic\",\"value\":{\"stringValue\":\"_other\"}}"), 1);
    assert_int_equal(count_text(text, "{\"key\":\"topic\",\"value\":{\"stringValue\":\"t0\"}}"), 2);
    sm_bytes_deinit(&json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(topics_are_a_bounded_number)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
