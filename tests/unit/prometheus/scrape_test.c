#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdint.h>
#include <stdio.h>

#include "base/clock.h"
#include "prometheus/scrape.h"
#include "telemetry/otlp.h"

static const struct sm_prometheus_options defaults = {
    .expiration_ns = 300 * SM_NS_PER_S, .with_unit_suffix = true, .with_type_suffix = true, .without_scope_info = true};

static void add(struct sm_prometheus_set *set, const char *metric, uint64_t now_ns)
{
    char json[4096];
    snprintf(json, sizeof(json), "{\"resourceMetrics\":[{\"resource\":{\"attributes\":[]},\"scopeMetrics\":[{\"metrics\":[%s]}]}]}", metric);
    struct sm_decode_error error;
    struct sm_batch *batch = sm_otlp_decode_json(SM_METRICS, sm_slice_of(json), &error);
    assert_non_null(batch);
    sm_prometheus_set_add(set, batch, now_ns);
    sm_batch_release(batch);
}

/* The sample lines of the page, without the comments. */
static const char *lines(struct sm_prometheus_set *set, enum sm_prometheus_format_type type, uint64_t now_ns, struct sm_bytes *out)
{
    struct sm_bytes page = {0};
    sm_prometheus_write(set, (struct sm_prometheus_format){.type = type}, now_ns, &page);
    struct sm_slice rest = sm_bytes_slice(&page);
    out->size = 0;
    while (rest.size) {
        struct sm_slice line = sm_slice_cut(&rest, '\n');
        if (line.size && line.ptr[0] != '#') {
            sm_bytes_append_slice(out, line);
            sm_bytes_append_char(out, '\n');
        }
    }
    sm_bytes_deinit(&page);
    return sm_bytes_cstr(out);
}

struct story {
    const char *first, *second; /* metrics that arrive one after the other */
    const char *expected;       /* the lines then */
};

static void tell(const struct story *stories, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct sm_prometheus_set *set = sm_prometheus_set_create(&defaults, NULL);
        struct sm_bytes out = {0};
        add(set, stories[i].first, 1);
        if (stories[i].second)
            add(set, stories[i].second, 2);
        assert_string_equal(lines(set, SM_PROMETHEUS_TEXT, 3, &out), stories[i].expected);
        sm_bytes_deinit(&out);
        sm_prometheus_set_free(set);
    }
}

#define SUM(temporality, monotonic, start, time, value)                                                                                              \
    "{\"name\":\"s\",\"sum\":{\"aggregationTemporality\":" temporality ",\"isMonotonic\":" monotonic                                                 \
    ",\"dataPoints\":[{\"startTimeUnixNano\":" start ",\"timeUnixNano\":" time "," value "}]}}"
#define HISTOGRAM(temporality, start, time, counts, bounds)                                                                                          \
    "{\"name\":\"h\",\"histogram\":{\"aggregationTemporality\":" temporality ",\"dataPoints\":[{\"startTimeUnixNano\":" start                        \
    ",\"timeUnixNano\":" time ",\"count\":3,\"sum\":1.5,\"bucketCounts\":[" counts "],\"explicitBounds\":[" bounds "]}]}}"

static void delta_sums_add_up_only_without_a_gap(void **state)
{
    (void)state;
    static const struct story stories[] = {
        {SUM("1", "true", "10", "20", "\"asInt\":3"), SUM("1", "true", "20", "30", "\"asInt\":4"), "s_total 7\n"},
        {SUM("1", "true", "10", "20", "\"asInt\":3"), SUM("1", "true", "21", "30", "\"asInt\":4"), "s_total 4\n"},
        {SUM("1", "true", "10", "20", "\"asInt\":3"), SUM("1", "true", "5", "15", "\"asInt\":4"), "s_total 3\n"},
        {SUM("1", "true", "10", "20", "\"asInt\":3"), SUM("1", "true", "20", "30", "\"asDouble\":0.5"), "s_total 0.5\n"},
        {SUM("2", "true", "10", "20", "\"asInt\":3"), SUM("2", "true", "10", "30", "\"asInt\":4"), "s_total 4\n"},
        {SUM("2", "false", "10", "20", "\"asInt\":3"), NULL, "s 3\n"},
        {SUM("1", "false", "10", "20", "\"asInt\":3"), NULL, ""},
        {SUM("0", "true", "10", "20", "\"asInt\":3"), NULL, ""},
    };
    tell(stories, sizeof(stories) / sizeof(stories[0]));
}

static void delta_histograms_add_up_reset_or_are_left_out(void **state)
{
    (void)state;
    static const struct story stories[] = {
        {HISTOGRAM("1", "10", "20", "1,2", "5"), HISTOGRAM("1", "20", "30", "2,1", "5"),
         "h_bucket{le=\"5\"} 3\nh_bucket{le=\"+Inf\"} 6\nh_sum 3\nh_count 6\n"},
        {HISTOGRAM("1", "10", "20", "1,2", "5"), HISTOGRAM("1", "25", "30", "2,1", "5"),
         "h_bucket{le=\"5\"} 2\nh_bucket{le=\"+Inf\"} 3\nh_sum 1.5\nh_count 3\n"},
        {HISTOGRAM("1", "10", "20", "1,2", "5"), HISTOGRAM("1", "15", "30", "2,1", "5"),
         "h_bucket{le=\"5\"} 1\nh_bucket{le=\"+Inf\"} 3\nh_sum 1.5\nh_count 3\n"},
        {HISTOGRAM("1", "10", "20", "1,2", "5"), HISTOGRAM("1", "20", "30", "2,1", "6"),
         "h_bucket{le=\"6\"} 2\nh_bucket{le=\"+Inf\"} 3\nh_sum 1.5\nh_count 3\n"},
        {HISTOGRAM("2", "10", "20", "1,1,1", "5,2"), NULL,
         "h_bucket{le=\"2\"} 1\nh_bucket{le=\"5\"} 2\nh_bucket{le=\"+Inf\"} 3\nh_sum 1.5\nh_count 3\n"},
        {HISTOGRAM("2", "10", "20", "", "5"), NULL, "h_bucket{le=\"5\"} 0\nh_bucket{le=\"+Inf\"} 3\nh_sum 1.5\nh_count 3\n"},
    };
    tell(stories, sizeof(stories) / sizeof(stories[0]));
}

#define GAUGE(points) "{\"name\":\"g\",\"gauge\":{\"dataPoints\":[" points "]}}"
#define POINT(key, value) "{\"timeUnixNano\":5,\"asInt\":" value ",\"attributes\":[{\"key\":\"" key "\",\"value\":{\"stringValue\":\"v\"}}]}"

static void series_that_cannot_be_shown_are_left_out_alone(void **state)
{
    (void)state;
    static const struct story stories[] = {
        {GAUGE(POINT("a.b", "1") "," POINT("__x", "2") "," POINT("_", "3")), NULL, "g{a_b=\"v\"} 1\n"},
        {GAUGE(POINT("a.b", "1") "," POINT("a-b", "2")), NULL, "g{a_b=\"v\"} 1\n"},
        {GAUGE(POINT("a", "1")), SUM("2", "true", "1", "2", "\"asInt\":1") ",{\"name\":\"g\",\"summary\":{\"dataPoints\":[{\"count\":1}]}}",
         "g{a=\"v\"} 1\ns_total 1\n"},
        {GAUGE(POINT("a", "1")), GAUGE("{\"flags\":1,\"attributes\":[{\"key\":\"a\",\"value\":{\"stringValue\":\"v\"}}]}," POINT("b", "2")), ""},
    };
    tell(stories, sizeof(stories) / sizeof(stories[0]));
}

static void exponential_deltas_of_two_scales_merge(void **state)
{
    (void)state;
#define EXPONENTIAL(start, time, scale, offset, counts, count)                                                                                       \
    "{\"name\":\"e\",\"exponentialHistogram\":{\"aggregationTemporality\":1,\"dataPoints\":[{\"startTimeUnixNano\":" start ",\"timeUnixNano\":" time \
    ",\"count\":" count ",\"sum\":2,\"scale\":" scale ",\"positive\":{\"offset\":" offset ",\"bucketCounts\":[" counts "]}}]}}"
    static const struct story stories[] = {
        {EXPONENTIAL("1", "2", "1", "-3", "1,2,3,4", "10"), EXPONENTIAL("2", "3", "0", "5", "7", "7"),
         "e_bucket{le=\"+Inf\"} 17\ne_sum 4\ne_count 17\n"},
        /* Indices as far apart as they can be: a coarser scale keeps the merged buckets few. It is below -4, so nothing is shown. */
        {EXPONENTIAL("1", "2", "0", "-2000000000", "1", "1"), EXPONENTIAL("2", "3", "0", "2000000000", "1", "1"), ""},
    };
    tell(stories, sizeof(stories) / sizeof(stories[0]));
}

static void series_expire_after_their_last_update(void **state)
{
    (void)state;
    struct sm_prometheus_set *set = sm_prometheus_set_create(&defaults, NULL);
    struct sm_bytes out = {0};
    add(set, GAUGE(POINT("a", "1")), 1000);
    add(set, GAUGE(POINT("b", "2")), 2000);
    uint64_t last = 1000 + defaults.expiration_ns;
    assert_string_equal(lines(set, SM_PROMETHEUS_TEXT, last, &out), "g{a=\"v\"} 1\ng{b=\"v\"} 2\n");
    assert_string_equal(lines(set, SM_PROMETHEUS_TEXT, last + 1, &out), "g{b=\"v\"} 2\n");
    sm_prometheus_set_expire(set, last + 2000);
    assert_int_equal(sm_prometheus_set_count(set), 0);
    sm_bytes_deinit(&out);
    sm_prometheus_set_free(set);
}

static void open_metrics_shows_exemplars(void **state)
{
    (void)state;
    struct sm_prometheus_set *set = sm_prometheus_set_create(&defaults, NULL);
    struct sm_bytes out = {0};
    add(set,
        SUM("2", "true", "1", "2",
            "\"asInt\":5,\"exemplars\":[{\"asInt\":1,\"timeUnixNano\":1500000000,\"traceId\":\"0102030405060708090a0b0c0d0e0f10\"}]"),
        1);
    assert_string_equal(lines(set, SM_PROMETHEUS_OPENMETRICS_1_0_0, 2, &out),
                        "s_total 5.0 # {trace_id=\"0102030405060708090a0b0c0d0e0f10\"} 1.0 1.5\n");
    sm_bytes_deinit(&out);
    sm_prometheus_set_free(set);
}

/* The reference's text, but for the second blanks that it has between some fields. */
static void writes_families_as_text(void **state)
{
    (void)state;
    static const char metrics[] =
        "{\"name\":\"c\",\"description\":\"line\\nfeed "
        "\\\"q\\\"\",\"sum\":{\"aggregationTemporality\":2,\"isMonotonic\":true,\"dataPoints\":[{\"asInt\":5,"
        "\"startTimeUnixNano\":\"1700000000000000001\",\"timeUnixNano\":\"1700000010000000002\",\"exemplars\":[{\"asDouble\":1.5,\"timeUnixNano\":"
        "\"1700000005000000000\",\"spanId\":\"0102030405060708\"}]}]}},"
        "{\"name\":\"e\",\"exponentialHistogram\":{\"aggregationTemporality\":2,\"dataPoints\":[{\"count\":6,\"sum\":4.5,\"scale\":2,\"zeroCount\":2,"
        "\"positive\":{\"offset\":1,\"bucketCounts\":[1,3]},\"timeUnixNano\":\"1700000010000000002\"}]}},"
        "{\"name\":\"g\",\"gauge\":{\"dataPoints\":[{\"asDouble\":\"-Infinity\",\"timeUnixNano\":\"5\",\"attributes\":[{\"key\":\"k\",\"value\":{"
        "\"stringValue\":\"\\u0001\\u00e9\\u007f\\u0085\\t\\\\\"}}]}]}}";
    static const char compact[] =
        "name:\"c_total\" help:\"line\\nfeed \\\"q\\\"\" type:COUNTER metric:{counter:{value:5 exemplar:{label:{name:\"span_id\" "
        "value:\"0102030405060708\"} value:1.5 "
        "timestamp:{seconds:1700000005}} created_timestamp:{seconds:1700000000 nanos:1}}}\n"
        "name:\"e\" help:\"\" type:HISTOGRAM metric:{histogram:{sample_count:6 sample_sum:4.5 created_timestamp:{seconds:-62135596800} schema:2 "
        "zero_threshold:1e-128 zero_count:2 positive_span:{offset:2 length:2} positive_delta:1 positive_delta:2}}\n"
        "name:\"g\" help:\"\" type:GAUGE metric:{label:{name:\"k\" value:\"\\x01\u00e9\\x7f\\u0085\\t\\\\\"} gauge:{value:-inf}}\n";
    static const char gauge[] =
        "name: \"g\"\nhelp: \"\"\ntype: GAUGE\nmetric: {\n  label: {\n    name: \"a\"\n    value: \"v\"\n  }\n  gauge: {\n    value: 2\n"
        "  }\n}\n\n";
    struct sm_prometheus_set *set = sm_prometheus_set_create(&defaults, NULL);
    struct sm_bytes out = {0};
    add(set, metrics, 1);
    sm_prometheus_write(set, (struct sm_prometheus_format){.type = SM_PROMETHEUS_PROTO_COMPACT}, 2, &out);
    assert_string_equal(sm_bytes_cstr(&out), compact);
    sm_prometheus_set_free(set);
    set = sm_prometheus_set_create(&defaults, NULL);
    out.size = 0;
    add(set, GAUGE(POINT("a", "2")), 1);
    sm_prometheus_write(set, (struct sm_prometheus_format){.type = SM_PROMETHEUS_PROTO_TEXT}, 2, &out);
    assert_string_equal(sm_bytes_cstr(&out), gauge);
    sm_bytes_deinit(&out);
    sm_prometheus_set_free(set);
}

/* As the reference's sorter: values decide, then times when they are shown; names only where it leaves the order open. */
static void orders_series_by_values_and_then_times(void **state)
{
    (void)state;
    struct sm_prometheus_options with_times = defaults;
    with_times.send_timestamps = true;
    struct sm_prometheus_set *set = sm_prometheus_set_create(&with_times, NULL);
    struct sm_bytes out = {0};
    add(set,
        "{\"name\":\"g\",\"gauge\":{\"dataPoints\":[{\"timeUnixNano\":\"9000000\",\"asInt\":1,\"attributes\":[{\"key\":\"a\",\"value\":{"
        "\"stringValue\":\"v\"}}]},"
        "{\"timeUnixNano\":\"2000000\",\"asInt\":2,\"attributes\":[{\"key\":\"b\",\"value\":{\"stringValue\":\"v\"}}]},"
        "{\"timeUnixNano\":\"9000000\",\"asInt\":3,\"attributes\":[{\"key\":\"c\",\"value\":{\"stringValue\":\"u\"}}]}]}}",
        1);
    assert_string_equal(lines(set, SM_PROMETHEUS_TEXT, 2, &out), "g{c=\"u\"} 3 9\ng{b=\"v\"} 2 2\ng{a=\"v\"} 1 9\n");
    sm_bytes_deinit(&out);
    sm_prometheus_set_free(set);
}

static void negotiates_as_the_reference(void **state)
{
    (void)state;
    static const struct {
        const char *accept;
        bool open_metrics;
        const char *content_type;
    } rows[] = {
        {"", true, "text/plain; version=0.0.4; charset=utf-8; escaping=underscores"},
        {"*/*", true, "text/plain; version=0.0.4; charset=utf-8; escaping=underscores"},
        {"application/openmetrics-text;version=1.0.0", true, "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=underscores"},
        {"application/openmetrics-text", true, "application/openmetrics-text; version=0.0.1; charset=utf-8; escaping=underscores"},
        {"application/openmetrics-text", false, "text/plain; version=0.0.4; charset=utf-8; escaping=underscores"},
        {"text/plain;q=0.5,application/openmetrics-text;version=1.0.0;escaping=dots", true,
         "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=dots"},
        {"application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;escaping=allow-utf-8", false,
         "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited; escaping=allow-utf-8"},
        {"application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=text;q=0.7,text/plain;q=0.3", false,
         "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=text; escaping=underscores"},
        {"application/vnd.google.protobuf;escaping=dots;proto=io.prometheus.client.MetricFamily;encoding=compact-text", true,
         "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=compact-text; escaping=dots"},
        {"application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=other", true,
         "text/plain; version=0.0.4; charset=utf-8; escaping=underscores"},
        {"application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=x,text/plain;q= 0.3", true,
         "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited; escaping=underscores"},
        {"application/json, text/plain;version=1.0.0;escaping=values", true, "text/plain; version=0.0.4; charset=utf-8; escaping=values"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_string_equal(sm_prometheus_content_type(sm_prometheus_negotiate(sm_slice_of(rows[i].accept), rows[i].open_metrics)),
                            rows[i].content_type);
    assert_true(sm_prometheus_wants_gzip(SM_SLICE("gzip, deflate")));
    assert_true(sm_prometheus_wants_gzip(SM_SLICE("identity;q=0.5, gzip")));
    assert_false(sm_prometheus_wants_gzip(SM_SLICE("*")));
    assert_true(sm_prometheus_wants_gzip(SM_SLICE("gzip;q=0.001")));
    assert_false(sm_prometheus_wants_gzip(SM_SLICE("gzip;q=0")));
    assert_false(sm_prometheus_wants_gzip(SM_SLICE("gzip;q=0.0")));
    assert_false(sm_prometheus_wants_gzip(SM_SLICE("br;q=abc, gzip"))); /* what stands behind a mistake is not looked at */
    assert_false(sm_prometheus_wants_gzip(SM_SLICE("br;q=1 x, gzip")));
    assert_false(sm_prometheus_wants_gzip(SM_SLICE("")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(delta_sums_add_up_only_without_a_gap),
        cmocka_unit_test(delta_histograms_add_up_reset_or_are_left_out),
        cmocka_unit_test(series_that_cannot_be_shown_are_left_out_alone),
        cmocka_unit_test(exponential_deltas_of_two_scales_merge),
        cmocka_unit_test(series_expire_after_their_last_update),
        cmocka_unit_test(open_metrics_shows_exemplars),
        cmocka_unit_test(writes_families_as_text),
        cmocka_unit_test(orders_series_by_values_and_then_times),
        cmocka_unit_test(negotiates_as_the_reference),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
