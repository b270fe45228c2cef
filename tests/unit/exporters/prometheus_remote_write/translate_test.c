/* Batches as the series of a remote write, shown one series a line: {labels} value@ms … */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "exporters/prometheus_remote_write/recent.h"
#include "exporters/prometheus_remote_write/repeats.h"
#include "exporters/prometheus_remote_write/translate.h"
#include "telemetry/metric.h"
#include "telemetry/otlp.h"

static const struct sm_write_settings usual = {.with_suffixes = true, .with_scope_info = true, .with_target_info = true};

static struct sm_batch *decode(const char *json)
{
    struct sm_decode_error error;
    struct sm_batch *batch = sm_otlp_decode_json(SM_METRICS, sm_slice_of(json), &error);
    assert_non_null(batch);
    return batch;
}

static void show_labels(struct sm_bytes *out, const struct sm_write_labels *labels)
{
    sm_bytes_append_char(out, '{');
    for (size_t i = 0; i < labels->count; i++)
        sm_bytes_printf(out, "%s%.*s=%.*s", i ? "," : "", SM_SLICE_ARGS(labels->items[i].name), SM_SLICE_ARGS(labels->items[i].value));
    sm_bytes_append_char(out, '}');
}

static void show_series(struct sm_bytes *out, struct sm_write *write, const struct sm_write_series *series)
{
    struct sm_write_labels labels = sm_write_labels_of(write, series);
    show_labels(out, &labels);
    for (size_t i = 0; i < series->sample_count; i++)
        sm_bytes_printf(out, " %g@%lld", series->samples[i].value, (long long)series->samples[i].time_ms);
    for (size_t i = 0; i < series->exemplar_count; i++) {
        sm_bytes_printf(out, " exemplar %g", series->exemplars[i].value);
        show_labels(out, &series->exemplars[i].labels);
    }
    sm_bytes_append_char(out, '\n');
}

static void expect_series(const struct sm_write_settings *settings, const char *json, size_t failures, const char *expected)
{
    struct sm_arena arena = SM_ARENA_INIT;
    struct sm_write write;
    struct sm_bytes shown = {0};
    struct sm_batch *batch = decode(json);
    sm_write_init(&write, &arena);
    assert_int_equal(settings->as_alloy ? sm_write_translate_alloy(settings, batch, &write) : sm_write_translate(settings, batch, &write), failures);
    for (size_t i = 0; i < write.series_count; i++)
        show_series(&shown, &write, write.series[i]);
    assert_string_equal(sm_bytes_cstr(&shown), expected);
    sm_bytes_deinit(&shown);
    sm_write_deinit(&write);
    sm_arena_deinit(&arena);
    sm_batch_release(batch);
}

#define METRIC_WITH(resource, scope, metric)                                                                                                         \
    "{\"resourceMetrics\":[{\"resource\":{" resource "},\"scopeMetrics\":[{\"scope\":{" scope "},\"metrics\":[{" metric "}]}]}]}"
#define ATTRIBUTE(key, value) "{\"key\":\"" key "\",\"value\":{\"stringValue\":\"" value "\"}}"
#define GAUGE(attributes) "\"name\":\"g\",\"gauge\":{\"dataPoints\":[{\"timeUnixNano\":\"7000000\",\"asInt\":\"3\",\"attributes\":[" attributes "]}]}"

static void takes_each_label_from_the_source_that_goes_first(void **state)
{
    (void)state;
    static const struct sm_prometheus_pair external[] = {
        {SM_SLICE("ext"), SM_SLICE("E")}, {SM_SLICE("a_b"), SM_SLICE("lost")}, {SM_SLICE("none"), SM_SLICE("N")}};
    struct sm_write_settings settings = usual;
    settings.external_labels = (struct sm_write_labels){.items = external, .count = 3};
    expect_series(&settings,
                  METRIC_WITH("\"attributes\":[" ATTRIBUTE("service.name", "svc") "," ATTRIBUTE("service.namespace", "ns") "]",
                              "\"name\":\"lib\",\"version\":\"\",\"attributes\":[" ATTRIBUTE("name", "x") "," ATTRIBUTE("e", "") "]",
                              GAUGE(ATTRIBUTE("a.b", "2") "," ATTRIBUTE("a-b", "1") "," ATTRIBUTE("a_b", "1") "," ATTRIBUTE("none", "") "," ATTRIBUTE(
                                  "job", "own") "," ATTRIBUTE("_x", "u") "," ATTRIBUTE("c__d", "v"))),
                  0, "{__name__=g,a_b=1;2;1,c_d=v,ext=E,job=ns/svc,key_x=u,none=N,otel_scope_e=,otel_scope_name=lib} 3@7\n");
}

static void makes_resource_attributes_labels_in_place_of_those_of_the_point(void **state)
{
    (void)state;
    struct sm_write_settings settings = usual;
    settings.with_target_info = false;
    settings.resource_to_telemetry = settings.excludes_service_attributes = true;
    expect_series(&settings,
                  METRIC_WITH("\"attributes\":[" ATTRIBUTE("service.instance.id", "i") "," ATTRIBUTE("k", "resource") "," ATTRIBUTE("gone", "") "]",
                              "", GAUGE(ATTRIBUTE("k", "point") "," ATTRIBUTE("gone", "point"))),
                  0, "{__name__=g,instance=i,k=resource} 3@7\n");
}

static void sends_target_info_when_it_says_more_than_job_and_instance(void **state)
{
    (void)state;
    struct sm_write_settings settings = usual;
    settings.name_space = SM_SLICE("9n");
    expect_series(&settings, METRIC_WITH("\"attributes\":[" ATTRIBUTE("service.name", "s") "," ATTRIBUTE("_a__b", "v") "]", "", GAUGE("")), 0,
                  "{__name__=_9n_g,job=s} 3@7\n{__name__=9n_target_info,_a__b=v,job=s} 1@7\n");
    expect_series(&settings, METRIC_WITH("\"attributes\":[" ATTRIBUTE("a", "v") "]", "", GAUGE("")), 0, "{__name__=_9n_g} 3@7\n");
    expect_series(&settings, METRIC_WITH("\"attributes\":[" ATTRIBUTE("service.name", "s") "]", "", GAUGE("")), 0, "{__name__=_9n_g,job=s} 3@7\n");
}

static void leaves_out_delta_points_and_points_with_unusable_labels(void **state)
{
    (void)state;
    expect_series(&usual, METRIC_WITH("", "", "\"name\":\"d\",\"sum\":{\"aggregationTemporality\":1,\"dataPoints\":[{\"asInt\":\"1\"}]}"), 1, "");
    expect_series(&usual, METRIC_WITH("", "", GAUGE(ATTRIBUTE("", "v"))), 1, "");
    expect_series(&usual, METRIC_WITH("", "", "\"name\":\"\",\"gauge\":{\"dataPoints\":[{\"asInt\":\"1\"}]}"), 1, "");
}

static void puts_exemplars_into_the_first_bucket_that_has_room_for_them(void **state)
{
    (void)state;
    expect_series(
        &usual,
        METRIC_WITH("", "",
                    "\"name\":\"h\",\"histogram\":{\"aggregationTemporality\":2,\"dataPoints\":[{\"count\":\"3\",\"explicitBounds\":[1,0.5],"
                    "\"bucketCounts\":[\"1\",\"1\",\"1\"],\"exemplars\":[{\"asDouble\":0.5,\"spanId\":\"0102030405060708\"},{\"asInt\":\"9\"}]}]}"),
        0,
        "{__name__=h_count} 3@0\n{__name__=h_bucket,le=1} 1@0\n{__name__=h_bucket,le=0.5} 2@0 exemplar 0.5{span_id=0102030405060708}\n"
        "{__name__=h_bucket,le=+Inf} 3@0 exemplar 9{}\n");
}

static void version_2_has_each_id_of_an_exemplar_once(void **state)
{
    (void)state;
    static const char json[] = METRIC_WITH(
        "", "",
        "\"name\":\"c\",\"sum\":{\"aggregationTemporality\":2,\"isMonotonic\":true,\"dataPoints\":[{\"asInt\":\"1\",\"exemplars\":[{\"asInt\":\"2\","
        "\"spanId\":\"0102030405060708\",\"filteredAttributes\":[" ATTRIBUTE("span_id", "x") "," ATTRIBUTE("trace_id", "y") "]}]}]}");
    struct sm_write_settings version_2 = usual;
    version_2.is_version_2 = true;
    expect_series(&usual, json, 0, "{__name__=c_total} 1@0 exemplar 2{span_id=0102030405060708,span_id=x,trace_id=y}\n");
    expect_series(&version_2, json, 0, "{__name__=c_total} 1@0 exemplar 2{span_id=0102030405060708,trace_id=y}\n");
}

static void drops_the_attributes_of_an_exemplar_that_are_too_long_together(void **state)
{
    (void)state;
    char json[1024], value[130];
    memset(value, 'x', sizeof(value));
    for (int too_long = 0; too_long < 2; too_long++) {
        value[127 + too_long] = '\0';
        snprintf(
            json, sizeof(json),
            METRIC_WITH("", "",
                        "\"name\":\"c\",\"sum\":{\"aggregationTemporality\":2,\"isMonotonic\":true,\"dataPoints\":[{\"asInt\":\"1\",\"exemplars\":[{"
                        "\"asInt\":\"2\",\"filteredAttributes\":[" ATTRIBUTE("k", "%s") "]}]}]}"),
            value);
        char expected[512];
        snprintf(expected, sizeof(expected), "{__name__=c_total} 1@0 exemplar 2{%s%s}\n", too_long ? "" : "k=", too_long ? "" : value);
        expect_series(&usual, json, 0, expected);
        value[127] = 'x';
    }
}

static void show_side(struct sm_bytes *out, const struct sm_write_buckets *buckets)
{
    for (size_t i = 0; i < buckets->span_count; i++)
        sm_bytes_printf(out, "%d+%u ", buckets->spans[i].offset, buckets->spans[i].count);
    sm_bytes_append_char(out, '|');
    for (size_t i = 0; i < buckets->delta_count; i++)
        sm_bytes_printf(out, " %lld", (long long)buckets->deltas[i]);
}

static void makes_sparse_buckets_of_dense_ones(void **state)
{
    (void)state;
    static const struct {
        int32_t scale, offset;
        uint64_t counts[12];
        size_t count;
        const char *expected;
    } rows[] = {
        {0, -1, {1, 2, 5}, 3, "0+3 | 1 1 3"},        {0, 4, {1, 0, 0, 2}, 4, "5+4 | 1 -1 0 2"},
        {0, 4, {1, 0, 0, 0, 2}, 5, "5+1 3+1 | 1 1"}, {0, 0, {0, 0, 0, 0, 7}, 5, "1+0 4+1 | 7"},
        {9, -3, {1, 1, 1, 1, 1}, 5, "-1+3 | 1 1 0"}, {40, 5, {1, 2}, 2, "1+1 | 3"},
        {8, INT32_MAX, {1}, 1, "-2147483648+1 | 1"}, {0, 3, {0}, 0, "|"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct sm_arena arena = SM_ARENA_INIT;
        struct sm_bytes shown = {0};
        struct sm_write_histogram histogram;
        uint64_t counts[12];
        memcpy(counts, rows[i].counts, sizeof(counts));
        struct sm_data_point point = {.scale = rows[i].scale, .positive = {.offset = rows[i].offset, .counts = counts, .count = rows[i].count}};
        assert_true(sm_write_make_native(&point, &arena, &histogram));
        assert_int_equal(histogram.schema, rows[i].scale > 8 ? 8 : rows[i].scale);
        show_side(&shown, &histogram.positive);
        assert_string_equal(sm_bytes_cstr(&shown), rows[i].expected);
        sm_bytes_deinit(&shown);
        sm_arena_deinit(&arena);
    }
    struct sm_write_histogram histogram;
    assert_false(sm_write_make_native(&(struct sm_data_point){.scale = -5}, NULL, &histogram));
}

/* Keeps what is shown of each window. */
static bool show_window(struct sm_write *write, void *shown)
{
    for (size_t i = 0; i < write->series_count; i++)
        show_series(shown, write, write->series[i]);
    return true;
}

static void append_metrics(struct sm_bytes *json, const char *key, const char *name)
{
    sm_bytes_printf(json,
                    "{\"resource\":{\"attributes\":[" ATTRIBUTE("service.name", "%s") "," ATTRIBUTE(
                        "%s", "v") "]},\"scopeMetrics\":[{"
                                   "\"scope\":{\"name\":\"lib\"},\"metrics\":[{\"name\":\"%s\",\"unit\":\"s\",\"histogram\":{"
                                   "\"aggregationTemporality\":2,\"dataPoints\":[",
                    name, key, name);
    for (int i = 0; i < 400; i++)
        sm_bytes_printf(json,
                        "%s{\"timeUnixNano\":\"%d000000\",\"count\":\"3\",\"sum\":%d.5,\"bucketCounts\":[\"1\",\"2\"],"
                        "\"explicitBounds\":[%d],\"attributes\":[" ATTRIBUTE("n", "%d") "]}",
                        i ? "," : "", i + 1, i, i / 7, i);
    sm_bytes_append_text(json, "]}}]}]}");
}

static struct sm_batch *decode_two_resources(const char *left_name, const char *right_name)
{
    struct sm_bytes json = {0};
    sm_bytes_append_text(&json, "{\"resourceMetrics\":[");
    append_metrics(&json, "a", left_name);
    sm_bytes_append_char(&json, ',');
    append_metrics(&json, "b.c", right_name);
    sm_bytes_append_text(&json, "]}");
    struct sm_batch *batch = decode(sm_bytes_cstr(&json));
    sm_bytes_deinit(&json);
    return batch;
}

/* `take` NULL: at once. */
static void show_all(const struct sm_write_settings *settings, struct sm_batch *batch, sm_write_take *take, struct sm_bytes *shown)
{
    struct sm_arena arena = SM_ARENA_INIT;
    struct sm_write write;
    sm_write_init(&write, &arena);
    write.take = take;
    write.take_context = shown;
    size_t failures = settings->as_alloy ? sm_write_translate_alloy(settings, batch, &write) : sm_write_translate(settings, batch, &write);
    assert_int_equal(failures, 0);
    assert_true(take ? write.series_count < 1000 : write.series_count >= (size_t)2 * 400 * 4);
    show_window(&write, shown);
    sm_write_deinit(&write);
    sm_arena_deinit(&arena);
}

static void makes_the_same_series_in_windows_as_at_once(void **state)
{
    (void)state;
    struct sm_batch *batch = decode_two_resources("one", "two");
    for (int as_alloy = 0; as_alloy < 2; as_alloy++) {
        struct sm_bytes whole = {0}, windows = {0};
        struct sm_write_settings settings = usual;
        if (as_alloy)
            settings = (struct sm_write_settings){.with_suffixes = true, .as_alloy = true, .recent = sm_write_recent_create()};
        show_all(&settings, batch, NULL, &whole);
        show_all(&settings, batch, show_window, &windows);
        assert_string_equal(sm_bytes_cstr(&windows), sm_bytes_cstr(&whole));
        sm_write_recent_free(settings.recent);
        sm_bytes_deinit(&whole);
        sm_bytes_deinit(&windows);
    }
    sm_batch_release(batch);
}

struct collecting {
    struct sm_write_repeats repeats;
    struct sm_write_collision found;
    bool is_repeating;
};

static bool collect(struct sm_write *write, void *context)
{
    struct collecting *collecting = context;
    collecting->is_repeating |= sm_write_repeats_add(&collecting->repeats, write, &collecting->found);
    return true;
}

static void finds_streams_that_collide_in_different_windows(void **state)
{
    (void)state;
    struct sm_batch *batch = decode_two_resources("one", "one");
    struct collecting collecting = {0};
    struct sm_arena arena = SM_ARENA_INIT;
    struct sm_write write;
    sm_write_init(&write, &arena);
    write.take = collect;
    write.take_context = &collecting;
    assert_int_equal(sm_write_translate(&usual, batch, &write), 0);
    collect(&write, &collecting);
    assert_true(collecting.is_repeating);
    assert_int_equal(collecting.found.series, 400 * 4);
    struct sm_slice names = sm_write_name_differences(collecting.found.left, collecting.found.right, &arena);
    assert_true(sm_slice_is(names, "a, b.c"));
    sm_write_repeats_deinit(&collecting.repeats);
    sm_write_deinit(&write);
    sm_arena_deinit(&arena);
    sm_batch_release(batch);
}

static void alloy_shares_labels_unless_an_attribute_sets_one_of_ours(void **state)
{
    (void)state;
    static const struct sm_prometheus_pair external[] = {{SM_SLICE("cluster"), SM_SLICE("c")}, {SM_SLICE("k"), SM_SLICE("lost")}};
    static const struct {
        const char *attributes, *expected;
    } rows[] = {
        {ATTRIBUTE("k", "v") "," ATTRIBUTE("job", "own"), "{__name__=h_sum,cluster=c,job=own,k=v} 4@7\n{__name__=h_count,cluster=c,job=own,k=v} "
                                                          "3@7\n{__name__=h_bucket,cluster=c,job=own,k=v,le=1} 1@7\n"
                                                          "{__name__=h_bucket,cluster=c,job=own,k=v,le=+Inf} 3@7\n"},
        {ATTRIBUTE("le", "mine"), "{__name__=h_sum,job=s,le=mine} 4@7\n{__name__=h_count,job=s,le=mine} 3@7\n"
                                  "{__name__=h_bucket,job=s,le=mine} 1@7 3@7\n"},
        {ATTRIBUTE("le", ""), "{__name__=h_sum,job=s} 4@7\n{__name__=h_count,job=s} 3@7\n{__name__=h_bucket,job=s} 1@7 3@7\n"},
        {ATTRIBUTE("__name__", "other"), "{__name__=other,job=s} 4@7 3@7\n{__name__=other,job=s,le=1} 1@7\n{__name__=other,job=s,le=+Inf} 3@7\n"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct sm_bytes json = {0};
        struct sm_write_settings settings = {.with_suffixes = true, .as_alloy = true, .recent = sm_write_recent_create()};
        settings.external_labels = (struct sm_write_labels){.items = external, .count = 2};
        sm_bytes_printf(
            &json,
            METRIC_WITH("\"attributes\":[" ATTRIBUTE("service.name", "s") "]", "",
                        "\"name\":\"h\",\"histogram\":{\"aggregationTemporality\":2,\"dataPoints\":[{\"timeUnixNano\":\"7000000\",\"count\":"
                        "\"3\",\"sum\":4,\"bucketCounts\":[\"1\",\"2\"],\"explicitBounds\":[1],\"attributes\":[%s]}]}"),
            rows[i].attributes);
        expect_series(&settings, sm_bytes_cstr(&json), 0, rows[i].expected);
        sm_write_recent_free(settings.recent);
        sm_bytes_deinit(&json);
    }
}

static void finds_series_that_an_earlier_window_had(void **state)
{
    (void)state;
    struct sm_write_repeats repeats = {0};
    struct sm_write_collision found = {0};
    sm_write_repeats_reserve(&repeats, 100000);
    assert_int_equal(repeats.capacity, 1 << 18);
    const struct sm_prometheus_pair labels[] = {{SM_SLICE("n"), SM_SLICE("1")}, {SM_SLICE("n"), SM_SLICE("2")}, {SM_SLICE("n"), SM_SLICE("1")}};
    for (size_t i = 0; i < 3; i++) {
        struct sm_arena arena = SM_ARENA_INIT;
        struct sm_write write;
        sm_write_init(&write, &arena);
        (void)sm_write_series_get(&write, (struct sm_write_labels){.items = &labels[i], .count = 1});
        assert_int_equal(sm_write_repeats_add(&repeats, &write, &found), i == 2);
        sm_write_deinit(&write);
        sm_arena_deinit(&arena);
    }
    sm_write_repeats_deinit(&repeats);
}

static void finds_a_series_by_its_labels_whether_they_are_shared_or_not(void **state)
{
    (void)state;
    struct sm_prometheus_pair whole[] = {{SM_SLICE("B"), SM_SLICE("1")},
                                         {SM_SLICE("__name__"), SM_SLICE("n")},
                                         {SM_SLICE("le"), SM_SLICE("own")},
                                         {SM_SLICE("le"), SM_SLICE("2")},
                                         {SM_SLICE("x"), SM_SLICE("3")}};
    struct sm_prometheus_pair own[] = {whole[0], whole[2], whole[4]};
    struct sm_arena arena = SM_ARENA_INIT;
    struct sm_write write;
    struct sm_bytes shown = {0};
    sm_write_init(&write, &arena);
    struct sm_write_base base = sm_write_make_base((struct sm_write_labels){.items = own, .count = 3});
    struct sm_write_label name = sm_write_make_label(whole[1].name, whole[1].value), le = sm_write_make_label(whole[3].name, whole[3].value);
    struct sm_write_series *shared = sm_write_series_get_shared(&write, &(struct sm_write_key){.base = &base, .name = &name, .extra = &le});
    struct sm_write_series *named = sm_write_series_get_shared(&write, &(struct sm_write_key){.base = &base, .name = &name});
    assert_ptr_equal(sm_write_series_get(&write, (struct sm_write_labels){.items = whole, .count = 5}), shared);
    assert_ptr_not_equal(named, shared);
    assert_int_equal(write.series_count, 2);
    show_series(&shown, &write, shared);
    show_series(&shown, &write, named);
    assert_string_equal(sm_bytes_cstr(&shown), "{B=1,__name__=n,le=own,le=2,x=3}\n{B=1,__name__=n,le=own,x=3}\n");
    sm_bytes_deinit(&shown);
    sm_write_deinit(&write);
    sm_arena_deinit(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_each_label_from_the_source_that_goes_first),
        cmocka_unit_test(makes_resource_attributes_labels_in_place_of_those_of_the_point),
        cmocka_unit_test(sends_target_info_when_it_says_more_than_job_and_instance),
        cmocka_unit_test(leaves_out_delta_points_and_points_with_unusable_labels),
        cmocka_unit_test(puts_exemplars_into_the_first_bucket_that_has_room_for_them),
        cmocka_unit_test(version_2_has_each_id_of_an_exemplar_once),
        cmocka_unit_test(drops_the_attributes_of_an_exemplar_that_are_too_long_together),
        cmocka_unit_test(makes_sparse_buckets_of_dense_ones),
        cmocka_unit_test(finds_a_series_by_its_labels_whether_they_are_shared_or_not),
        cmocka_unit_test(makes_the_same_series_in_windows_as_at_once),
        cmocka_unit_test(finds_series_that_an_earlier_window_had),
        cmocka_unit_test(finds_streams_that_collide_in_different_windows),
        cmocka_unit_test(alloy_shares_labels_unless_an_attribute_sets_one_of_ours),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
