/* Streams that become one series: batches of counters by pod, and what is sent of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/clock.h"
#include "exporters/prometheus_remote_write/collisions.h"
#include "exporters/prometheus_remote_write/translate.h"
#include "telemetry/otlp.h"

#include "cost.h"

static const struct sm_write_settings usual = {.with_suffixes = true};

#define COUNTER(pod, value, time, start)                                                                                                             \
    "{\"resource\":{\"attributes\":[{\"key\":\"service.name\",\"value\":{\"stringValue\":\"s\"}},{\"key\":\"pod\",\"value\":{\"stringValue\":\"" pod \
    "\"}}]},\"scopeMetrics\":[{\"metrics\":[{\"name\":\"c\",\"sum\":{\"aggregationTemporality\":2,\"isMonotonic\":true,\"dataPoints\":[{"            \
    "\"asInt\":\"" value "\",\"timeUnixNano\":\"" time "000000\",\"startTimeUnixNano\":\"" start "000000\"}]}}]}]}"
#define GAUGE(pod, value, time)                                                                                                                      \
    "{\"resource\":{\"attributes\":[{\"key\":\"service.name\",\"value\":{\"stringValue\":\"s\"}},{\"key\":\"pod\",\"value\":{\"stringValue\":\"" pod \
    "\"}}]},\"scopeMetrics\":[{\"metrics\":[{\"name\":\"g\",\"gauge\":{\"dataPoints\":[{\"asInt\":\"" value "\",\"timeUnixNano\":\"" time            \
    "000000\"}]}}]}]}"
#define NATIVE(pod, scale, offset, counts, count, time, start)                                                                                       \
    "{\"resource\":{\"attributes\":[{\"key\":\"service.name\",\"value\":{\"stringValue\":\"s\"}},{\"key\":\"pod\",\"value\":{\"stringValue\":\"" pod \
    "\"}}]},\"scopeMetrics\":[{\"metrics\":[{\"name\":\"n\",\"exponentialHistogram\":{\"aggregationTemporality\":2,\"dataPoints\":[{"                \
    "\"count\":" count ",\"sum\":" count ",\"scale\":" scale ",\"positive\":{\"offset\":" offset ",\"bucketCounts\":[" counts                        \
    "]},\"timeUnixNano\":\"" time "000000\",\"startTimeUnixNano\":\"" start "000000\"}]}}]}]}"
#define SUMMARY(pod, count, time)                                                                                                                    \
    "{\"resource\":{\"attributes\":[{\"key\":\"service.name\",\"value\":{\"stringValue\":\"s\"}},{\"key\":\"pod\",\"value\":{\"stringValue\":\"" pod \
    "\"}}]},\"scopeMetrics\":[{\"metrics\":[{\"name\":\"q\",\"summary\":{\"dataPoints\":[{\"count\":" count ",\"sum\":1,\"quantileValues\":[{"       \
    "\"quantile\":0.5,\"value\":77}],\"timeUnixNano\":\"" time "000000\"}]}}]}]}"
#define BATCH(resources) "{\"resourceMetrics\":[" resources "]}"

/* "count@time scale [bucket: count …]", with the indices of OpenTelemetry. */
static void show_native(const struct sm_write_histogram *histogram, struct sm_bytes *shown)
{
    sm_bytes_printf(shown, "%llu@%lld scale %d [", (unsigned long long)histogram->count, (long long)histogram->time_ms, histogram->schema);
    int64_t index = -1, count = 0;
    size_t next = 0;
    for (size_t i = 0; i < histogram->positive.span_count; i++) {
        index += histogram->positive.spans[i].offset;
        for (uint32_t k = 0; k < histogram->positive.spans[i].count; k++, index++) {
            count += histogram->positive.deltas[next++];
            sm_bytes_printf(shown, "%s%lld: %lld", next > 1 ? ", " : "", (long long)index, (long long)count);
        }
    }
    sm_bytes_append_text(shown, "] ");
}

/* Appends "value@time …" of every series, and returns how many collided. */
static size_t take(struct sm_write_collisions *collisions, const char *json, uint64_t now_ns, struct sm_bytes *shown, struct sm_bytes *differing)
{
    struct sm_arena arena = SM_ARENA_INIT;
    struct sm_write write;
    struct sm_decode_error error;
    struct sm_batch *decoded = sm_otlp_decode_json(SM_METRICS, sm_slice_of(json), &error);
    assert_non_null(decoded);
    struct sm_batch *packed = sm_batch_pack(decoded), *batch = sm_otlp_decode_outline(packed); /* as they come out of the queue */
    sm_write_init(&write, &arena);
    write.keeps_points = true;
    (void)sm_write_translate(&usual, batch, &write);
    struct sm_write_collision found = sm_write_resolve_collisions(collisions, &write, now_ns);
    for (size_t i = 0; i < write.series_count; i++)
        for (size_t k = 0; k < write.series[i]->sample_count; k++)
            sm_bytes_printf(shown, "%g@%lld ", write.series[i]->samples[k].value, (long long)write.series[i]->samples[k].time_ms);
    for (size_t i = 0; i < write.series_count; i++)
        for (size_t k = 0; k < write.series[i]->histogram_count; k++)
            show_native(&write.series[i]->histograms[k], shown);
    sm_bytes_append_text(shown, "| ");
    if (found.first)
        sm_bytes_append_slice(differing, sm_write_name_differences(found.left, found.right, &arena));
    sm_write_deinit(&write);
    sm_arena_deinit(&arena);
    sm_batch_release(batch);
    sm_batch_release(packed);
    return found.series;
}

enum { STEPS_MAX = 8 };

static void expect(enum sm_write_on_collision what, const char *const steps[STEPS_MAX], const char *expected)
{
    struct sm_write_collisions *collisions = sm_write_collisions_create(what);
    struct sm_bytes shown = {0}, differing = {0};
    for (size_t i = 0; i < STEPS_MAX && steps[i]; i++)
        take(collisions, steps[i], i + 1, &shown, &differing);
    assert_string_equal(sm_bytes_cstr(&shown), expected);
    sm_bytes_deinit(&shown);
    sm_bytes_deinit(&differing);
    sm_write_collisions_free(collisions);
}

static void keeps_all_samples_and_names_what_tells_streams_apart(void **state)
{
    (void)state;
    struct sm_write_collisions *collisions = sm_write_collisions_create(SM_WRITE_KEEP);
    struct sm_bytes shown = {0}, differing = {0};
    assert_int_equal(take(collisions, BATCH(COUNTER("a", "5", "10", "1") "," COUNTER("b", "7", "10", "1")), 1, &shown, &differing), 1);
    assert_string_equal(sm_bytes_cstr(&shown), "5@10 7@10 | ");
    assert_string_equal(sm_bytes_cstr(&differing), "pod");
    assert_int_equal(take(collisions, BATCH(COUNTER("a", "6", "20", "1")), 2, &shown, &differing), 0);
    sm_bytes_deinit(&shown);
    sm_bytes_deinit(&differing);
    sm_write_collisions_free(collisions);
}

static void adds_up_counters_of_all_streams(void **state)
{
    (void)state;
    const char *const together[STEPS_MAX] = {BATCH(COUNTER("a", "5", "10", "1") "," COUNTER("b", "7", "10", "1")),
                                             BATCH(COUNTER("a", "6", "20", "1") "," COUNTER("b", "9", "20", "1"))};
    const char *const apart[STEPS_MAX] = {BATCH(COUNTER("a", "5", "10", "1")), BATCH(COUNTER("b", "7", "11", "1")),
                                          BATCH(COUNTER("a", "6", "20", "1")), BATCH(COUNTER("b", "9", "20", "1")),
                                          BATCH(COUNTER("b", "10", "21", "1"))};
    expect(SM_WRITE_MERGE, together, "12@10 | 15@20 | ");
    expect(SM_WRITE_MERGE, apart, "5@10 | 12@11 | 13@20 | | 16@21 | ");
}

/* At scale 0 bucket i holds those of scale 1 that are 2i and 2i + 1. */
static void native_histograms_add_up_at_the_coarser_scale(void **state)
{
    (void)state;
    const char *const together[STEPS_MAX] = {
        BATCH(NATIVE("a", "1", "0", "1,2,3,4", "10", "10", "1") "," NATIVE("b", "0", "1", "5,6", "11", "10", "1"))};
    expect(SM_WRITE_MERGE, together, "21@10 scale 0 [0: 3, 1: 12, 2: 6] | ");
    const char *const apart[STEPS_MAX] = {BATCH(NATIVE("a", "0", "0", "1,2", "3", "10", "1")), BATCH(NATIVE("b", "0", "0", "4,5", "9", "11", "1")),
                                          BATCH(NATIVE("a", "0", "0", "2,2", "4", "20", "1"))};
    expect(SM_WRITE_MERGE, apart, "3@10 scale 0 [0: 1, 1: 2] | 12@11 scale 0 [0: 5, 1: 7] | 13@20 scale 0 [0: 6, 1: 7] | ");
    const char *const restarted[STEPS_MAX] = {BATCH(NATIVE("a", "0", "0", "1,2", "3", "10", "1") "," NATIVE("b", "0", "0", "4,5", "9", "10", "1")),
                                              BATCH(NATIVE("b", "0", "0", "1,0", "1", "20", "15"))};
    expect(SM_WRITE_MERGE, restarted, "12@10 scale 0 [0: 5, 1: 7] | 13@20 scale 0 [0: 6, 1: 7] | ");
    expect(SM_WRITE_DROP, together, "10@10 scale 1 [0: 1, 1: 2, 2: 3, 3: 4] | ");
}

static void summaries_add_up_without_their_quantiles(void **state)
{
    (void)state;
    const char *const alone[STEPS_MAX] = {BATCH(SUMMARY("a", "4", "10"))};
    expect(SM_WRITE_MERGE, alone, "1@10 4@10 77@10 | ");
    const char *const together[STEPS_MAX] = {BATCH(SUMMARY("a", "4", "10") "," SUMMARY("b", "5", "10"))};
    expect(SM_WRITE_MERGE, together, "2@10 9@10 | ");
    expect(SM_WRITE_DROP, together, "1@10 4@10 77@10 | ");
}

static void a_restarted_stream_does_not_take_back_what_it_counted(void **state)
{
    (void)state;
    const char *const smaller[STEPS_MAX] = {BATCH(COUNTER("a", "5", "10", "1") "," COUNTER("b", "7", "10", "1")),
                                            BATCH(COUNTER("a", "2", "20", "15"))};
    const char *const larger[STEPS_MAX] = {BATCH(COUNTER("a", "5", "10", "1") "," COUNTER("b", "7", "10", "1")),
                                           BATCH(COUNTER("a", "6", "20", "15"))};
    expect(SM_WRITE_MERGE, smaller, "12@10 | 14@20 | ");
    expect(SM_WRITE_MERGE, larger, "12@10 | 18@20 | ");
}

static void sends_the_last_of_gauges_of_one_time(void **state)
{
    (void)state;
    const char *const steps[STEPS_MAX] = {BATCH(GAUGE("a", "5", "10") "," GAUGE("b", "7", "10")), BATCH(GAUGE("a", "1", "20"))};
    expect(SM_WRITE_MERGE, steps, "7@10 | 1@20 | ");
}

static void drops_all_streams_but_the_first(void **state)
{
    (void)state;
    const char *const steps[STEPS_MAX] = {BATCH(COUNTER("a", "5", "10", "1") "," COUNTER("b", "7", "10", "1")), BATCH(COUNTER("b", "8", "20", "1")),
                                          BATCH(COUNTER("a", "6", "20", "1"))};
    expect(SM_WRITE_DROP, steps, "5@10 | | 6@20 | ");
}

/* A sender chooses how many streams a request has, and in which order the points of a series come: looking at each beside each would take minutes. */
static void takes_no_longer_than_there_are_streams_and_points(void **state)
{
    (void)state;
    enum { COUNT = 300000 };
    struct sm_write_collisions *collisions = sm_write_collisions_create(SM_WRITE_MERGE);
    struct sm_bytes resources = {0}, points = {0}, shown = {0}, differing = {0};
    sm_bytes_append_text(&resources, "{\"resourceMetrics\":[");
    sm_bytes_append_text(&points, "{\"resourceMetrics\":[{\"scopeMetrics\":[{\"metrics\":[{\"name\":\"g\",\"gauge\":{\"dataPoints\":[");
    for (int i = 0; i < COUNT; i++) {
        sm_bytes_printf(&resources, "%s{\"scopeMetrics\":[{\"scope\":{\"name\":\"%d\"}}]}", i ? "," : "", i);
        sm_bytes_printf(&points, "%s{\"asInt\":\"%d\",\"timeUnixNano\":\"%d000000\"}", i ? "," : "", i, COUNT - i);
    }
    sm_bytes_append_text(&resources, "]}");
    sm_bytes_append_text(&points, "]}}]}]}]}");
    assert_int_equal(take(collisions, sm_bytes_cstr(&resources), 1, &shown, &differing), 0);
    assert_int_equal(take(collisions, sm_bytes_cstr(&points), 2, &shown, &differing), 0);
    assert_true(sm_slice_starts_with(sm_bytes_slice(&shown), SM_SLICE("| 299999@1 299998@2 ")));
    sm_bytes_deinit(&resources);
    sm_bytes_deinit(&points);
    sm_bytes_deinit(&shown);
    sm_bytes_deinit(&differing);
    sm_write_collisions_free(collisions);
}

/* Streams that were not seen for five minutes are forgotten by a sweep, which adds the others up anew; one that comes again counts from the start. */
static void what_a_forgotten_stream_had_counted_stays(void **state)
{
    (void)state;
    struct sm_write_collisions *collisions = sm_write_collisions_create(SM_WRITE_MERGE);
    struct sm_bytes shown = {0}, differing = {0};
    static const struct {
        const char *json;
        uint64_t now_s;
    } steps[] = {{BATCH(COUNTER("a", "5", "10", "1") "," COUNTER("b", "7", "10", "1")), 100},
                 {BATCH(COUNTER("b", "8", "20", "1")), 300},
                 {BATCH(COUNTER("b", "9", "30", "1")), 500},
                 {BATCH(COUNTER("b", "10", "40", "1")), 700},
                 {BATCH(COUNTER("a", "2", "50", "45")), 710}};
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
        take(collisions, steps[i].json, steps[i].now_s * SM_NS_PER_S, &shown, &differing);
    assert_string_equal(sm_bytes_cstr(&shown), "12@10 | 13@20 | 14@30 | 15@40 | 17@50 | ");
    sm_bytes_deinit(&shown);
    sm_bytes_deinit(&differing);
    sm_write_collisions_free(collisions);
}

/* One that cannot be counted is sent as it is by a stream alone, and never becomes part of a sum, from which nobody could take it away. */
static void counts_nothing_that_is_no_number(void **state)
{
    (void)state;
#define DOUBLE(pod, value, time, start)                                                                                                              \
    "{\"resource\":{\"attributes\":[{\"key\":\"pod\",\"value\":{\"stringValue\":\"" pod                                                              \
    "\"}}]},\"scopeMetrics\":[{\"metrics\":[{\"name\":\"c\",\"sum\":{"                                                                               \
    "\"aggregationTemporality\":2,\"isMonotonic\":true,\"dataPoints\":[{\"asDouble\":" value ",\"timeUnixNano\":\"" time                             \
    "000000\",\"startTimeUnixNano\":\"" start "000000\"}]}}]}]}"
    const char *const steps[STEPS_MAX] = {BATCH(DOUBLE("a", "5", "10", "1") "," DOUBLE("b", "7", "10", "1")),
                                          BATCH(DOUBLE("a", "\"NaN\"", "20", "1")), BATCH(DOUBLE("a", "1", "30", "25")),
                                          BATCH(DOUBLE("a", "\"Infinity\"", "40", "25")), BATCH(DOUBLE("b", "8", "50", "1"))};
    expect(SM_WRITE_MERGE, steps, "12@10 | | 13@30 | | 14@50 | "); /* 5 + 1 of a, which began anew at 25 */
}

/* Senders choose how many streams a series has: each was looked up among all of them, under the lock. */
static void take_streams(size_t streams, enum sm_write_on_collision what)
{
    struct sm_bytes json = {0}, shown = {0}, differing = {0};
    struct sm_write_collisions *collisions = sm_write_collisions_create(what);
    sm_bytes_append_text(&json, "{\"resourceMetrics\":[");
    for (size_t i = 0; i < streams; i++)
        sm_bytes_printf(
            &json,
            "%s{\"resource\":{\"attributes\":[{\"key\":\"pod\",\"value\":{\"intValue\":%zu}}]},\"scopeMetrics\":[{\"metrics\":[{\"name\":\"c\","
            "\"sum\":{\"aggregationTemporality\":2,\"isMonotonic\":true,\"dataPoints\":[{\"asInt\":1,\"timeUnixNano\":\"%zu000000\"}]}}]}]}",
            i ? "," : "", i, i + 1);
    sm_bytes_append_text(&json, "]}");
    take(collisions, sm_bytes_cstr(&json), 1, &shown, &differing);
    char last[64];
    snprintf(last, sizeof(last), " %zu@%zu | ", streams, streams);
    assert_true(sm_slice_ends_with(sm_bytes_slice(&shown), what == SM_WRITE_MERGE ? sm_slice_of(last) : SM_SLICE("1@1 | ")));
    sm_bytes_deinit(&json);
    sm_bytes_deinit(&shown);
    sm_bytes_deinit(&differing);
    sm_write_collisions_free(collisions);
}

static void merge_streams(size_t streams)
{
    take_streams(streams, SM_WRITE_MERGE);
}

static void drop_streams(size_t streams)
{
    take_streams(streams, SM_WRITE_DROP);
}

static void many_streams_of_one_series_are_found_at_once(void **state)
{
    (void)state;
    assert_true(grows_in_proportion(merge_streams, 40000));
    assert_true(grows_in_proportion(drop_streams, 40000));
}

/* The same of native histograms, each with a time of its own: all streams were added up for each. */
static void merge_native_histograms(size_t streams)
{
    struct sm_bytes json = {0}, shown = {0}, differing = {0};
    struct sm_write_collisions *collisions = sm_write_collisions_create(SM_WRITE_MERGE);
    sm_bytes_append_text(&json, "{\"resourceMetrics\":[");
    for (size_t i = 0; i < streams; i++)
        sm_bytes_printf(
            &json,
            "%s{\"resource\":{\"attributes\":[{\"key\":\"pod\",\"value\":{\"intValue\":%zu}}]},\"scopeMetrics\":[{\"metrics\":[{\"name\":\"n\","
            "\"exponentialHistogram\":{\"aggregationTemporality\":2,\"dataPoints\":[{\"count\":1,\"sum\":1,\"scale\":0,\"positive\":{\"offset\":0,"
            "\"bucketCounts\":[1]},\"timeUnixNano\":\"%zu000000\"}]}}]}]}",
            i ? "," : "", i, i + 1);
    sm_bytes_append_text(&json, "]}");
    take(collisions, sm_bytes_cstr(&json), 1, &shown, &differing);
    char last[64];
    snprintf(last, sizeof(last), " %zu@%zu scale 0 [0: %zu] | ", streams, streams, streams);
    assert_true(sm_slice_ends_with(sm_bytes_slice(&shown), sm_slice_of(last)));
    sm_bytes_deinit(&json);
    sm_bytes_deinit(&shown);
    sm_bytes_deinit(&differing);
    sm_write_collisions_free(collisions);
}

static void a_crowd_of_native_histograms_is_added_up_once(void **state)
{
    (void)state;
    assert_true(grows_in_proportion(merge_native_histograms, 16000));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_all_samples_and_names_what_tells_streams_apart),
        cmocka_unit_test(adds_up_counters_of_all_streams),
        cmocka_unit_test(native_histograms_add_up_at_the_coarser_scale),
        cmocka_unit_test(summaries_add_up_without_their_quantiles),
        cmocka_unit_test(a_restarted_stream_does_not_take_back_what_it_counted),
        cmocka_unit_test(sends_the_last_of_gauges_of_one_time),
        cmocka_unit_test(drops_all_streams_but_the_first),
        cmocka_unit_test(takes_no_longer_than_there_are_streams_and_points),
        cmocka_unit_test(what_a_forgotten_stream_had_counted_stays),
        cmocka_unit_test(counts_nothing_that_is_no_number),
        cmocka_unit_test(a_crowd_of_native_histograms_is_added_up_once),
        cmocka_unit_test(many_streams_of_one_series_are_found_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
