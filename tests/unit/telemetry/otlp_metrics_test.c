#include "telemetry/otlp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "telemetry/log_record.h"
#include "telemetry/metric.h"
#include "telemetry/span.h"

static struct sm_batch *from_json(enum sm_signal signal, const char *text)
{
    struct sm_decode_error error = {0};
    struct sm_batch *batch = sm_otlp_decode_json(signal, sm_slice_of(text), &error);
    if (!batch)
        print_error("offset %zu: %s\n", error.offset, error.reason);
    assert_non_null(batch);
    return batch;
}

static void assert_json(struct sm_batch *batch, const char *expected)
{
    struct sm_bytes out = {0};
    sm_otlp_encode_json(batch, &out);
    assert_string_equal(sm_bytes_cstr(&out), expected);
    sm_bytes_deinit(&out);
}

static const char all_kinds[] =
    "{\"resourceMetrics\":[{\"resource\":{},\"scopeMetrics\":[{\"scope\":{},\"metrics\":["
    "{\"name\":\"g\",\"description\":\"d\",\"unit\":\"u\",\"gauge\":{\"dataPoints\":[{\"attributes\":[{\"key\":\"k\",\"value\":{\"intValue\":\"1\"}}]"
    ","
    "\"startTimeUnixNano\":\"1\",\"timeUnixNano\":\"2\",\"asInt\":\"-3\",\"exemplars\":[{\"filteredAttributes\":[{\"key\":\"x\",\"value\":{}}],"
    "\"timeUnixNano\":\"3\",\"asDouble\":0,\"traceId\":\"5b8efff798038103d269b633813fc60c\",\"spanId\":\"eee19b7ec3c1b174\"}],\"flags\":1}]},"
    "\"metadata\":[{\"key\":\"m\",\"value\":{}}]},"
    "{\"name\":\"s\",\"sum\":{\"dataPoints\":[{\"asDouble\":1.5},{}],\"aggregationTemporality\":2,\"isMonotonic\":true}},"
    "{\"name\":\"h\",\"histogram\":{\"dataPoints\":[{\"count\":\"5\",\"sum\":0,\"bucketCounts\":[\"1\",\"4\"],\"explicitBounds\":[2.5],\"min\":0,"
    "\"max\":3}],\"aggregationTemporality\":1}},"
    "{\"name\":\"e\",\"exponentialHistogram\":{\"dataPoints\":[{\"count\":\"2\",\"sum\":1,\"scale\":-2,\"zeroCount\":\"1\",\"positive\":{\"offset\":-"
    "3,"
    "\"bucketCounts\":[\"1\",\"300\"]},\"negative\":{\"offset\":2},\"min\":1,\"max\":2,\"zeroThreshold\":0.001}],\"aggregationTemporality\":2}},"
    "{\"name\":\"y\",\"summary\":{\"dataPoints\":[{\"count\":\"1\",\"sum\":2,\"quantileValues\":[{\"quantile\":0.5,\"value\":3},{}]}]}}"
    "]}]}]}";

static void decodes_every_kind_of_metric(void **state)
{
    (void)state;
    struct sm_batch *batch = from_json(SM_METRICS, all_kinds);
    const struct sm_metric *metrics = batch->groups[0].scopes[0].metrics;
    assert_int_equal(batch->item_count, 6);
    assert_int_equal(metrics[0].type, SM_METRIC_GAUGE);
    assert_int_equal(metrics[0].points[0].integer, -3);
    size_t count;
    struct sm_exemplar *exemplars = sm_data_point_exemplars(&batch->groups[0].scopes[0].metrics[0].points[0], &batch->arena, &count);
    assert_int_equal(count, 1);
    assert_int_equal(exemplars[0].trace_id.size, 16);
    assert_int_equal(exemplars[0].number_type, SM_NUMBER_DOUBLE);
    assert_int_equal(metrics[1].temporality, SM_TEMPORALITY_CUMULATIVE);
    assert_true(metrics[1].is_monotonic);
    assert_int_equal(metrics[1].points[1].number_type, SM_NUMBER_NONE);
    const struct sm_data_point *point = &metrics[2].points[0];
    assert_int_equal(point->bucket_count, 2);
    assert_int_equal(point->bucket_counts[1], 4);
    assert_true(point->explicit_bounds[0] == 2.5);
    assert_true(point->has_sum && point->has_min && point->sum == 0);
    point = &metrics[3].points[0];
    assert_int_equal(point->scale, -2);
    assert_int_equal(point->positive.offset, -3);
    assert_int_equal(point->positive.counts[1], 300);
    assert_true(point->has_negative);
    assert_true(metrics[4].points[0].quantiles[0].value == 3);
    sm_batch_release(batch);
}

static void walks_the_points_of_an_outline_as_of_a_decoded_batch(void **state)
{
    (void)state;
    struct sm_batch *batch = from_json(SM_METRICS, all_kinds), *packed = sm_batch_pack(from_json(SM_METRICS, all_kinds));
    struct sm_batch *outline = sm_otlp_decode_outline(packed);
    const struct sm_scope_group *scope = &batch->groups[0].scopes[0], *other_scope = &outline->groups[0].scopes[0];
    struct sm_arena arena = SM_ARENA_INIT;
    sm_batch_release(packed); /* the outline keeps what it points to */
    assert_int_equal(outline->item_count, batch->item_count);
    assert_int_equal(other_scope->count, scope->count);
    scope->metrics[1].points[0].dropped = true;
    for (size_t i = 0; i < scope->count; i++) {
        struct sm_point_cursor left = sm_metric_points(&scope->metrics[i], &arena), right = sm_metric_points(&other_scope->metrics[i], &arena);
        const struct sm_data_point *a, *b;
        if (i == 1)
            assert_non_null(sm_metric_next_point(&right));
        while ((a = sm_metric_next_point(&left)) != NULL) {
            b = sm_metric_next_point(&right);
            assert_non_null(b);
            assert_true(sm_slice_equal(a->raw, b->raw) && sm_slice_equal(a->attributes.raw, b->attributes.raw));
            assert_true(a->time_ns == b->time_ns && a->count == b->count && a->number_type == b->number_type && a->integer == b->integer);
            assert_true(a->bucket_count == b->bucket_count && a->bound_count == b->bound_count && a->quantile_count == b->quantile_count);
            assert_true(a->positive.count == b->positive.count && a->positive.offset == b->positive.offset && a->scale == b->scale);
            if (a->bucket_count)
                assert_memory_equal(a->bucket_counts, b->bucket_counts, a->bucket_count * sizeof(*a->bucket_counts));
            if (a->positive.count)
                assert_memory_equal(a->positive.counts, b->positive.counts, a->positive.count * sizeof(*a->positive.counts));
            sm_arena_reset(&arena);
        }
        assert_null(sm_metric_next_point(&right));
    }
    sm_arena_deinit(&arena);
    sm_batch_release(outline);
    sm_batch_release(batch);
}

static void writes_changed_metrics_with_all_their_fields(void **state)
{
    (void)state;
    struct sm_batch *batch = from_json(SM_METRICS, all_kinds);
    struct sm_scope_group *scope = &batch->groups[0].scopes[0];
    sm_batch_mark_changed(batch, &batch->groups[0], scope);
    for (size_t i = 0; i < scope->count; i++) {
        size_t count;
        scope->metrics[i].changed = true;
        sm_attributes_edit(&scope->metrics[i].metadata, &batch->arena);
        for (size_t k = 0; k < scope->metrics[i].point_count; k++) {
            scope->metrics[i].points[k].changed = true;
            sm_attributes_edit(&scope->metrics[i].points[k].attributes, &batch->arena);
            sm_data_point_exemplars(&scope->metrics[i].points[k], &batch->arena, &count);
        }
    }
    assert_json(batch, all_kinds);
    sm_batch_release(batch);
}

static void both_parts_of_a_cut_metric_keep_its_name_unit_and_kind(void **state)
{
    (void)state;
    struct sm_batch *rest =
        from_json(SM_METRICS, "{\"resourceMetrics\":[{\"resource\":{},\"scopeMetrics\":[{\"scope\":{\"name\":\"lib\"},\"metrics\":["
                              "{\"name\":\"a\",\"gauge\":{\"dataPoints\":[{\"asInt\":\"1\"}]}},"
                              "{\"name\":\"b\",\"unit\":\"ms\",\"sum\":{\"dataPoints\":[{\"asInt\":\"2\"},{\"asInt\":\"3\"},{\"asInt\":\"4\"}],"
                              "\"aggregationTemporality\":2,\"isMonotonic\":true}}],\"schemaUrl\":\"u\"}]}]}");
    struct sm_batch *head = sm_batch_split(rest, 2);
    assert_int_equal(head->item_count, 2);
    assert_int_equal(rest->item_count, 2);
    assert_json(head,
                "{\"resourceMetrics\":[{\"resource\":{},\"scopeMetrics\":[{\"scope\":{\"name\":\"lib\"},\"metrics\":["
                "{\"name\":\"a\",\"gauge\":{\"dataPoints\":[{\"asInt\":\"1\"}]}},"
                "{\"name\":\"b\",\"unit\":\"ms\",\"sum\":{\"dataPoints\":[{\"asInt\":\"2\"}],\"aggregationTemporality\":2,\"isMonotonic\":true}}"
                "],\"schemaUrl\":\"u\"}]}]}");
    assert_json(rest, "{\"resourceMetrics\":[{\"resource\":{},\"scopeMetrics\":[{\"scope\":{\"name\":\"lib\"},\"metrics\":["
                      "{\"name\":\"b\",\"unit\":\"ms\",\"sum\":{\"dataPoints\":[{\"asInt\":\"3\"},{\"asInt\":\"4\"}],"
                      "\"aggregationTemporality\":2,\"isMonotonic\":true}}],\"schemaUrl\":\"u\"}]}]}");
    sm_batch_release(rest);
    sm_batch_release(head);
}

static void a_metric_whose_points_are_all_dropped_vanishes(void **state)
{
    (void)state;
    struct sm_batch *batch = from_json(SM_METRICS, "{\"resourceMetrics\":[{\"scopeMetrics\":[{\"metrics\":["
                                                   "{\"name\":\"a\",\"gauge\":{\"dataPoints\":[{\"asInt\":\"1\"},{\"asInt\":\"2\"}]}},"
                                                   "{\"name\":\"b\",\"gauge\":{\"dataPoints\":[{\"asInt\":\"3\"}]}}]}]}]}");
    batch->groups[0].scopes[0].metrics[0].points[1].dropped = true;
    batch->groups[0].scopes[0].metrics[1].points[0].dropped = true;
    sm_batch_recount(batch);
    assert_int_equal(batch->item_count, 1);
    assert_json(batch, "{\"resourceMetrics\":[{\"resource\":{},\"scopeMetrics\":[{\"scope\":{},\"metrics\":["
                       "{\"name\":\"a\",\"gauge\":{\"dataPoints\":[{\"asInt\":\"1\"}]}}]}]}]}");
    sm_batch_release(batch);
}

static const char record[] =
    "{\"resourceLogs\":[{\"resource\":{},\"scopeLogs\":[{\"scope\":{},\"logRecords\":[{\"timeUnixNano\":\"1\","
    "\"observedTimeUnixNano\":\"2\",\"severityNumber\":9,\"severityText\":\"INFO\",\"body\":{\"kvlistValue\":{\"values\":["
    "{\"key\":\"a\",\"value\":{\"arrayValue\":{\"values\":[{\"boolValue\":true}]}}}]}},\"attributes\":[{\"key\":\"k\",\"value\":"
    "{\"bytesValue\":\"aGVsbG8=\"}}],\"droppedAttributesCount\":3,\"flags\":1,\"traceId\":\"5b8efff798038103d269b633813fc60c\","
    "\"spanId\":\"eee19b7ec3c1b174\",\"eventName\":\"ev\"}]}]}]}";

static void writes_a_changed_log_record_with_all_its_fields(void **state)
{
    (void)state;
    struct sm_batch *batch = from_json(SM_LOGS, record);
    struct sm_log_record *log = &batch->groups[0].scopes[0].log_records[0];
    assert_int_equal(log->severity_number, 9);
    assert_true(sm_slice_is(sm_value_to_string(&log->body, &batch->arena), "{\"a\":[true]}"));
    struct sm_map *body = sm_value_map(&log->body, &batch->arena);
    sm_value_list(&body->entries[0].value, &batch->arena);
    sm_attributes_edit(&log->attributes, &batch->arena);
    log->changed = true;
    sm_batch_mark_changed(batch, &batch->groups[0], &batch->groups[0].scopes[0]);
    assert_json(batch, record);
    struct sm_batch *clone = sm_batch_clone(batch);
    log->body = sm_value_bool(true);
    body->entries[0].value = sm_value_bool(false);
    assert_json(clone, record);
    sm_batch_release(clone);
    sm_batch_release(batch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decodes_every_kind_of_metric),
        cmocka_unit_test(walks_the_points_of_an_outline_as_of_a_decoded_batch),
        cmocka_unit_test(writes_changed_metrics_with_all_their_fields),
        cmocka_unit_test(both_parts_of_a_cut_metric_keep_its_name_unit_and_kind),
        cmocka_unit_test(a_metric_whose_points_are_all_dropped_vanishes),
        cmocka_unit_test(writes_a_changed_log_record_with_all_its_fields),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
