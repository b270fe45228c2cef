/* merge_test.c - metric streams that are one series: what is shown of them, and what is told. Expected values are sums made by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "prometheus/scrape.h"
#include "prometheus/series.h"
#include "telemetry/otlp.h"

#include "cost.h"

enum { EVENTS_MAX = 8, EXPIRATION = 100 };

/* One request: a metric of the stream of a pod (and zone, and scope), at a time of the set's clock. */
struct event {
    const char *pod, *metric;
    uint64_t now_ns;
    const char *scope; /* NULL: "s" */
};

struct story {
    enum sm_prometheus_on_collision what;
    struct event events[EVENTS_MAX];
    uint64_t shown_ns;
    const char *lines;
    uint64_t collisions;
    const char *attributes; /* in which they differ; NULL: not looked at */
};

static void add(struct sm_prometheus_set *set, const struct event *event)
{
    char json[4096];
    snprintf(json, sizeof(json),
             "{\"resourceMetrics\":[{\"resource\":{\"attributes\":[{\"key\":\"service.name\",\"value\":{\"stringValue\":\"shop\"}},%s]},"
             "\"scopeMetrics\":[{"
             "\"scope\":{\"name\":\"%s\"},\"metrics\":[%s]}]}]}",
             event->pod, event->scope ? event->scope : "s", event->metric);
    struct sm_decode_error error;
    struct sm_batch *batch = sm_otlp_decode_json(SM_METRICS, sm_slice_of(json), &error);
    assert_non_null(batch);
    sm_prometheus_set_add(set, batch, event->now_ns);
    sm_batch_release(batch);
}

/* Sample lines without target_info; the label of the job is left out. */
static void read_lines(struct sm_prometheus_set *set, uint64_t now_ns, struct sm_bytes *out)
{
    struct sm_bytes page = {0};
    sm_prometheus_write(set, (struct sm_prometheus_format){.type = SM_PROMETHEUS_TEXT}, now_ns, &page);
    struct sm_slice rest = sm_bytes_slice(&page);
    out->size = 0;
    while (rest.size) {
        struct sm_slice line = sm_slice_cut(&rest, '\n');
        if (line.size && line.ptr[0] != '#' && !sm_slice_starts_with(line, SM_SLICE("target_info")))
            sm_bytes_printf(out, "%.*s\n", SM_SLICE_ARGS(line));
    }
    sm_bytes_deinit(&page);
}

static void tell(const struct story *story)
{
    const struct sm_prometheus_options options = {.expiration_ns = EXPIRATION,
                                                  .with_type_suffix = true,
                                                  .without_scope_info = true,
                                                  .without_job_and_instance = true,
                                                  .on_collision = story->what};
    struct sm_prometheus_set *set = sm_prometheus_set_create(&options, NULL);
    struct sm_bytes out = {0};
    uint64_t collisions = 0;
    char attributes[128] = "";
    for (size_t i = 0; i < EVENTS_MAX && story->events[i].metric; i++) {
        add(set, &story->events[i]);
        struct sm_prometheus_collisions found = sm_prometheus_set_take_collisions(set);
        collisions += found.points;
        if (found.points)
            snprintf(attributes, sizeof(attributes), "%.*s", SM_SLICE_ARGS(found.attributes));
    }
    for (int twice = 0; twice < 2; twice++) { /* a page changes nothing */
        read_lines(set, story->shown_ns, &out);
        assert_string_equal(sm_bytes_cstr(&out), story->lines);
    }
    assert_int_equal(collisions, story->collisions);
    if (story->attributes)
        assert_string_equal(attributes, story->attributes);
    sm_bytes_deinit(&out);
    sm_prometheus_set_free(set);
}

static void tell_all(const struct story *stories, size_t count)
{
    for (size_t i = 0; i < count; i++)
        tell(&stories[i]);
}
#define TELL(stories) tell_all((stories), sizeof(stories) / sizeof((stories)[0]))

#define POD(name) "{\"key\":\"pod\",\"value\":{\"stringValue\":\"" name "\"}}"
#define ZONE "{\"key\":\"zone\",\"value\":{\"stringValue\":\"z\"}}"
#define SUM(temporality, monotonic, start, time, value)                                                                                              \
    "{\"name\":\"s\",\"sum\":{\"aggregationTemporality\":" #temporality ",\"isMonotonic\":" monotonic                                                \
    ",\"dataPoints\":[{\"startTimeUnixNano\":" #start ",\"timeUnixNano\":" #time "," value "}]}}"
#define COUNTER(start, time, value) SUM(2, "true", start, time, "\"asInt\":" #value)
#define DELTA(start, time, value) SUM(1, "true", start, time, "\"asInt\":" #value)
#define UP_DOWN(start, time, value) SUM(2, "false", start, time, "\"asInt\":" #value)
#define GAUGE(time, value) "{\"name\":\"g\",\"gauge\":{\"dataPoints\":[{\"timeUnixNano\":" #time ",\"asInt\":" #value "}]}}"
#define HISTOGRAM(start, time, count, sum, counts, bounds)                                                                                           \
    "{\"name\":\"h\",\"histogram\":{\"aggregationTemporality\":2,\"dataPoints\":[{\"startTimeUnixNano\":" #start ",\"timeUnixNano\":" #time          \
    ",\"count\":" #count ",\"sum\":" #sum ",\"bucketCounts\":[" counts "],\"explicitBounds\":[" bounds "]}]}}"
#define EXPONENTIAL(scale, count, sum, counts)                                                                                                       \
    "{\"name\":\"e\",\"exponentialHistogram\":{\"aggregationTemporality\":2,\"dataPoints\":[{\"startTimeUnixNano\":1,\"timeUnixNano\":20,"           \
    "\"count\":" #count ",\"sum\":" #sum ",\"scale\":" #scale ",\"positive\":{\"offset\":0,\"bucketCounts\":[" counts "]}}]}}"
#define SUMMARY(time, count, sum)                                                                                                                    \
    "{\"name\":\"q\",\"summary\":{\"dataPoints\":[{\"startTimeUnixNano\":1,\"timeUnixNano\":" #time ",\"count\":" #count ",\"sum\":" #sum            \
    ",\"quantileValues\":[{\"quantile\":0.5,\"value\":3}]}]}}"
#define MERGE SM_PROMETHEUS_MERGE
#define A POD("a")
#define B POD("b")

static void counters_of_several_streams_add_up(void **state)
{
    (void)state;
    static const struct story stories[] = {
        {MERGE, {{A, COUNTER(1, 10, 3), 1, NULL}, {B, COUNTER(2, 10, 4), 2, NULL}}, 3, "s_total 7\n", 1, "pod"},
        {MERGE, {{A, COUNTER(1, 10, 3), 1, NULL}, {B, COUNTER(2, 10, 4), 2, NULL}, {A, COUNTER(1, 20, 5), 3, NULL}}, 4, "s_total 9\n", 2, "pod"},
        {MERGE, {{A, COUNTER(1, 10, 3), 1, NULL}, {B, SUM(2, "true", 2, 10, "\"asDouble\":0.5"), 2, NULL}}, 3, "s_total 3.5\n", 1, "pod"},
        /* Deltas add up within their stream first. */
        {MERGE, {{A, DELTA(0, 10, 3), 1, NULL}, {B, DELTA(0, 10, 4), 2, NULL}, {A, DELTA(10, 20, 5), 3, NULL}}, 4, "s_total 12\n", 0, NULL},
        /* The resource's attributes in another order are the same stream. */
        {MERGE, {{A "," ZONE, COUNTER(1, 10, 3), 1, NULL}, {ZONE "," A, COUNTER(1, 20, 5), 2, NULL}}, 3, "s_total 5\n", 0, NULL},
        /* Scopes that are no labels are streams, too. */
        {MERGE, {{A, COUNTER(1, 10, 3), 1, "one"}, {A, COUNTER(1, 10, 4), 2, "two"}}, 3, "s_total 7\n", 0, NULL},
    };
    TELL(stories);
}

static void a_sum_never_goes_back_while_one_of_its_streams_goes_on(void **state)
{
    (void)state;
    static const struct story stories[] = {
        /* b begins anew at 15 with 1: 3 + 4 + 1. */
        {MERGE, {{A, COUNTER(1, 10, 3), 1, NULL}, {B, COUNTER(1, 10, 4), 2, NULL}, {B, COUNTER(15, 20, 1), 3, NULL}}, 4, "s_total 8\n", 1, NULL},
        /* The same with more than before, told by its start: 3 + 4 + 9. */
        {MERGE, {{A, COUNTER(1, 10, 3), 1, NULL}, {B, COUNTER(1, 10, 4), 2, NULL}, {B, COUNTER(15, 20, 9), 3, NULL}}, 4, "s_total 16\n", 1, NULL},
        /* a ends; what it had counted stays. */
        {MERGE, {{A, COUNTER(1, 10, 3), 1, NULL}, {B, COUNTER(1, 10, 4), 90, NULL}, {B, COUNTER(1, 20, 6), 150, NULL}}, 151, "s_total 9\n", 1, NULL},
        /* All end: the series is gone, and what comes then is new. */
        {MERGE, {{A, COUNTER(1, 10, 3), 1, NULL}, {B, COUNTER(1, 10, 4), 2, NULL}}, 200, "", 1, NULL},
        {MERGE, {{A, COUNTER(1, 10, 3), 1, NULL}, {A, COUNTER(12, 20, 2), 2, NULL}}, 3, "s_total 5\n", 0, NULL},
        /* A delta that leaves a gap begins anew. */
        {MERGE, {{A, DELTA(0, 10, 3), 1, NULL}, {B, DELTA(0, 10, 4), 2, NULL}, {A, DELTA(12, 20, 5), 3, NULL}}, 4, "s_total 12\n", 0, NULL},
        {MERGE,
         {{A, HISTOGRAM(1, 10, 3, 6, "1,2", "5"), 1, NULL},
          {B, HISTOGRAM(1, 10, 3, 6, "2,1", "5"), 2, NULL},
          {B, HISTOGRAM(15, 20, 1, 2, "1,0", "5"), 3, NULL}},
         4,
         "h_bucket{le=\"5\"} 4\nh_bucket{le=\"+Inf\"} 7\nh_sum 14\nh_count 7\n",
         1,
         NULL},
    };
    TELL(stories);
}

static void what_cannot_be_added_up_is_of_the_newest(void **state)
{
    (void)state;
    static const struct story stories[] = {
        {MERGE, {{A, GAUGE(10, 3), 1, NULL}, {B, GAUGE(20, 4), 2, NULL}, {A, GAUGE(15, 5), 3, NULL}}, 4, "g 4\n", 0, NULL},
        /* Of sums that go up and down only those that are there count. */
        {MERGE, {{A, UP_DOWN(1, 10, 3), 1, NULL}, {B, UP_DOWN(1, 10, -1), 2, NULL}}, 3, "s 2\n", 1, "pod"},
        {MERGE, {{A, UP_DOWN(1, 10, 3), 1, NULL}, {B, UP_DOWN(1, 10, -1), 90, NULL}}, 120, "s -1\n", 1, NULL},
    };
    TELL(stories);
}

static void histograms_and_summaries_add_up(void **state)
{
    (void)state;
    static const struct story stories[] = {
        {MERGE,
         {{A, HISTOGRAM(1, 10, 6, 30, "1,2,3", "5,10"), 1, NULL}, {B, HISTOGRAM(1, 10, 3, 12, "1,1,1", "5,10"), 2, NULL}},
         3,
         "h_bucket{le=\"5\"} 2\nh_bucket{le=\"10\"} 5\nh_bucket{le=\"+Inf\"} 9\nh_sum 42\nh_count 9\n",
         1,
         "pod"},
        /* Bounds that only one has are left out: 1 + 2 of the first and 4 of the second lie at or below 10. */
        {MERGE,
         {{A, HISTOGRAM(1, 10, 6, 30, "1,2,3", "5,10"), 1, NULL}, {B, HISTOGRAM(1, 10, 15, 200, "4,5,6", "10,20"), 2, NULL}},
         3,
         "h_bucket{le=\"10\"} 7\nh_bucket{le=\"+Inf\"} 21\nh_sum 230\nh_count 21\n",
         1,
         NULL},
        {MERGE,
         {{A, HISTOGRAM(1, 10, 6, 30, "1,2,3", "5,10"), 1, NULL}, {B, HISTOGRAM(1, 10, 3, 200, "1,2", "7"), 2, NULL}},
         3,
         "h_bucket{le=\"+Inf\"} 9\nh_sum 230\nh_count 9\n",
         1,
         NULL},
        {MERGE, {{A, SUMMARY(10, 4, 8), 1, NULL}, {B, SUMMARY(10, 5, 9), 2, NULL}}, 3, "q_sum 17\nq_count 9\n", 1, NULL},
        {MERGE, {{A, SUMMARY(10, 4, 8), 1, NULL}}, 3, "q{quantile=\"0.5\"} 3\nq_sum 8\nq_count 4\n", 0, NULL},
        {MERGE,
         {{A, EXPONENTIAL(1, 6, 30, "1,2,3"), 1, NULL}, {B, EXPONENTIAL(0, 15, 200, "4,5,6"), 2, NULL}},
         3,
         "e_bucket{le=\"+Inf\"} 21\ne_sum 230\ne_count 21\n",
         1,
         NULL},
    };
    TELL(stories);
}

/* A bound that is no number is neither below nor above another: looking for common ones did not end. */
static void bounds_that_are_no_numbers_have_none_in_common(void **state)
{
    (void)state;
    static const struct story stories[] = {
        {MERGE,
         {{A, HISTOGRAM(1, 10, 3, 6, "1,2", "\"NaN\""), 1, NULL}, {B, HISTOGRAM(1, 10, 5, 9, "3,2", "7"), 2, NULL}},
         3,
         "h_bucket{le=\"+Inf\"} 8\nh_sum 15\nh_count 8\n",
         1,
         NULL},
    };
    TELL(stories);
}

/* Senders choose how many bounds there are, and that only one differs: 100 000 took 10 s when each was counted up to from the first. */
static void many_common_bounds_are_counted_once(void **state)
{
    (void)state;
    enum { BOUNDS = 100000 };
    struct sm_prometheus_texts texts = {0};
    struct sm_prometheus_distribution *sides[2];
    double *bounds = calloc(BOUNDS, sizeof(*bounds));
    for (int side = 0; side < 2; side++) {
        for (int i = 0; i < BOUNDS; i++)
            bounds[i] = i;
        bounds[BOUNDS - 1] += side;
        sides[side] = sm_prometheus_distribution_create(BOUNDS + 1);
        sides[side]->positive.count = BOUNDS + 1;
        sides[side]->bounds = sm_prometheus_text_get(&texts, sm_slice_make((const char *)bounds, BOUNDS * sizeof(*bounds)));
        for (int i = 0; i <= BOUNDS; i++)
            sides[side]->data[i] = 1;
    }
    uint64_t begin_ns = thread_cpu_ns();
    struct sm_prometheus_distribution *joined = sm_prometheus_distribution_join(&texts, SM_METRIC_HISTOGRAM, sides[0], sides[1]);
    assert_true(thread_cpu_ns() - begin_ns < 2 * SM_NS_PER_S);
    assert_int_equal(joined->positive.count, BOUNDS);
    assert_int_equal(joined->data[BOUNDS - 2], 2);
    assert_int_equal(joined->data[BOUNDS - 1], 4); /* both had two left */
    sm_prometheus_distribution_free(&texts, sides[0]);
    sm_prometheus_distribution_free(&texts, sides[1]);
    sm_prometheus_distribution_free(&texts, joined);
    sm_prometheus_texts_deinit(&texts);
    free(bounds);
}

static struct sm_prometheus_distribution *exponential(int32_t scale, int32_t offset, const uint64_t *counts, uint32_t count)
{
    struct sm_prometheus_distribution *made = sm_prometheus_distribution_create(count);
    made->scale = scale;
    made->positive = (struct sm_prometheus_buckets){.offset = offset, .count = count};
    for (uint32_t i = 0; i < count; i++) {
        made->data[i] = counts[i];
        made->count += counts[i];
    }
    return made;
}

/* At scale 0 bucket i holds two of scale 1: 2i and 2i + 1, and four of scale 2. */
static void native_histograms_of_different_scale_meet_at_the_coarser_one(void **state)
{
    (void)state;
    struct sm_prometheus_texts texts = {0};
    static const uint64_t fine[] = {1, 2, 3, 4, 5}, coarse[] = {10, 20};
    struct sm_prometheus_distribution *a = exponential(1, -1, fine, 5);  /* at scale 0: -1 has 1, 0 has 2 + 3, 1 has 4 + 5 */
    struct sm_prometheus_distribution *b = exponential(0, 1, coarse, 2); /* 1 has 10, 2 has 20 */
    struct sm_prometheus_distribution *joined = sm_prometheus_distribution_join(&texts, SM_METRIC_EXPONENTIAL_HISTOGRAM, a, b);
    static const uint64_t expected[] = {1, 5, 19, 20};
    assert_int_equal(joined->scale, 0);
    assert_int_equal(joined->positive.offset, -1);
    assert_int_equal(joined->positive.count, 4);
    assert_memory_equal(joined->data, expected, sizeof(expected));
    assert_int_equal(joined->count, 45);
    sm_prometheus_distribution_free(&texts, a);
    sm_prometheus_distribution_free(&texts, b);
    sm_prometheus_distribution_free(&texts, joined);
    sm_prometheus_texts_deinit(&texts);
}

static void the_stream_that_came_first_keeps_the_series(void **state)
{
    (void)state;
    static const struct story stories[] = {
        {SM_PROMETHEUS_DROP,
         {{A, COUNTER(1, 10, 3), 1, NULL}, {B, COUNTER(2, 10, 4), 2, NULL}, {A, COUNTER(1, 20, 5), 3, NULL}},
         4,
         "s_total 5\n",
         1,
         "pod"},
        /* Another may have it once it has expired, or when it begins after its end. */
        {SM_PROMETHEUS_DROP, {{A, COUNTER(1, 10, 3), 1, NULL}, {B, COUNTER(11, 20, 4), 2, NULL}}, 4, "s_total 4\n", 0, NULL},
    };
    TELL(stories);
}

static void the_last_point_is_shown_as_in_the_reference_but_told(void **state)
{
    (void)state;
    static const struct story stories[] = {
        {SM_PROMETHEUS_KEEP,
         {{A, COUNTER(1, 10, 3), 1, NULL}, {B, COUNTER(2, 11, 4), 2, NULL}, {A, COUNTER(1, 20, 5), 3, NULL}},
         4,
         "s_total 5\n",
         2,
         "pod"},
        {SM_PROMETHEUS_KEEP, {{A, GAUGE(10, 3), 1, NULL}, {B, GAUGE(10, 4), 1, NULL}}, 4, "g 4\n", 1, "pod"},
        /* A restarted pod has another name; its counts begin when the old ones have ended. */
        {SM_PROMETHEUS_KEEP, {{A, COUNTER(1, 10, 3), 1, NULL}, {B, COUNTER(11, 20, 4), 2, NULL}}, 4, "s_total 4\n", 0, NULL},
        {SM_PROMETHEUS_KEEP, {{A "," ZONE, COUNTER(1, 10, 3), 1, NULL}, {ZONE "," A, COUNTER(1, 20, 5), 2, NULL}}, 3, "s_total 5\n", 0, NULL},
        {SM_PROMETHEUS_KEEP, {{A "," ZONE, COUNTER(1, 10, 3), 1, NULL}, {B, COUNTER(2, 11, 4), 2, NULL}}, 4, "s_total 4\n", 1, "pod, zone"},
    };
    TELL(stories);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counters_of_several_streams_add_up),
        cmocka_unit_test(a_sum_never_goes_back_while_one_of_its_streams_goes_on),
        cmocka_unit_test(what_cannot_be_added_up_is_of_the_newest),
        cmocka_unit_test(histograms_and_summaries_add_up),
        cmocka_unit_test(bounds_that_are_no_numbers_have_none_in_common),
        cmocka_unit_test(many_common_bounds_are_counted_once),
        cmocka_unit_test(native_histograms_of_different_scale_meet_at_the_coarser_one),
        cmocka_unit_test(the_stream_that_came_first_keeps_the_series),
        cmocka_unit_test(the_last_point_is_shown_as_in_the_reference_but_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
