/* Shards and the ledger together: what comes out of an export after spans went into one or several shards. Time is an argument. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "connectors/span_metrics/export.h"
#include "telemetry/metric.h"
#include "telemetry/otlp.h"
#include "telemetry/sample_request.h"

enum { SHARDS = 2, SECOND = 1000000000 };

struct fixture {
    struct sm_arena arena;
    struct sm_span_metrics_options options;
    const struct sm_span_metrics_settings *settings;
    struct sm_series_shard *shards[SHARDS];
    struct sm_ledger *ledger;
    char text[65536]; /* the last export, a line a point: name, labels of interest, value, start */
};

static struct sm_span_metrics_dimension_options one_dimension[] = {{.name = "k", .preset = "", .glob = ""}};

static struct fixture *new_fixture(void)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    sm_options_fill_defaults(sm_span_metrics_option_table, &fixture->options, sizeof(fixture->options), &fixture->arena);
    fixture->options.namespace = "";
    fixture->options.dimensions.items = one_dimension;
    fixture->options.dimensions.count = 1;
    return fixture;
}

static void begin(struct fixture *fixture)
{
    fixture->settings = sm_span_metrics_settings_create(&fixture->options, "here", &fixture->arena);
    for (size_t i = 0; i < SHARDS; i++)
        fixture->shards[i] = sm_series_shard_create(fixture->settings, false);
    fixture->ledger = sm_ledger_create(fixture->settings);
}

static void end(struct fixture *fixture)
{
    for (size_t i = 0; i < SHARDS; i++)
        sm_series_shard_free(fixture->shards[i]);
    sm_ledger_free(fixture->ledger);
    sm_arena_deinit(&fixture->arena);
    free(fixture);
}

/* One span of `service` with the attribute k (NULL: none) that took `ms`. */
static struct sm_batch *make_batch(const char *service, const char *k, uint64_t ms)
{
    struct sm_bytes out = {0};
    size_t group = sm_proto_message_begin(&out, 1), resource = sm_proto_message_begin(&out, 1);
    if (service)
        sample_attribute(&out, 1, "service.name", service);
    sm_proto_message_end(&out, resource);
    size_t scope = sm_proto_message_begin(&out, 2), span = sm_proto_message_begin(&out, 2);
    sm_proto_put_bytes(&out, 1, SM_SLICE("0123456789abcdef"));
    sm_proto_put_bytes(&out, 2, SM_SLICE("01234567"));
    sm_proto_put_bytes(&out, 5, SM_SLICE("op"));
    sm_proto_put_fixed64(&out, 7, SECOND);
    sm_proto_put_fixed64(&out, 8, SECOND + ms * 1000000);
    if (k)
        sample_attribute(&out, 9, "k", k);
    sm_proto_message_end(&out, span);
    sm_proto_message_end(&out, scope);
    sm_proto_message_end(&out, group);
    struct sm_buffer *buffer = sm_buffer_try_copy(sm_bytes_slice(&out));
    struct sm_decode_error error;
    struct sm_batch *batch = sm_otlp_decode_protobuf(SM_TRACES, buffer, &error);
    assert_non_null(batch);
    sm_buffer_release(buffer);
    sm_bytes_deinit(&out);
    return batch;
}

static void add(struct fixture *fixture, size_t shard, const char *service, const char *k, uint64_t ms, uint64_t now_s)
{
    struct sm_batch *batch = make_batch(service, k, ms);
    sm_series_shard_add(fixture->shards[shard], batch, now_s * SECOND);
    sm_batch_release(batch);
}

static void print_point(struct fixture *fixture, const struct sm_metric *metric, const struct sm_data_point *point, struct sm_slice service)
{
    struct sm_value k = {0}, overflow;
    bool is_overflow = sm_attributes_find(&point->attributes, SM_SLICE("otel.metric.overflow"), &overflow);
    sm_attributes_find(&point->attributes, SM_SLICE("k"), &k);
    size_t at = strlen(fixture->text);
    long long value = metric->type == SM_METRIC_SUM ? (long long)point->integer : (long long)point->count;
    snprintf(fixture->text + at, sizeof(fixture->text) - at, "%.*s %.*s/%.*s%s %lld @%llu\n", SM_SLICE_ARGS(metric->name), SM_SLICE_ARGS(service),
             SM_SLICE_ARGS(k.string), is_overflow ? "overflow" : "", value, (unsigned long long)(point->start_ns / SECOND));
}

static void print_batch(void *context, struct sm_batch *batch)
{
    for (size_t i = 0; i < batch->count; i++) {
        struct sm_value service = {0};
        sm_attributes_find(&batch->groups[i].resource.attributes, SM_SLICE("service.name"), &service);
        for (size_t m = 0; m < batch->groups[i].scopes[0].count; m++) {
            const struct sm_metric *metric = &batch->groups[i].scopes[0].metrics[m];
            for (size_t p = 0; p < metric->point_count; p++)
                print_point(context, metric, &metric->points[p], service.string);
        }
    }
    sm_batch_release(batch);
}

/* A whole round as the connector makes it; the text says what was exported. */
static const char *flush(struct fixture *fixture, uint64_t now_s)
{
    fixture->text[0] = '\0';
    for (size_t i = 0; i < SHARDS; i++)
        sm_ledger_visit(fixture->ledger, fixture->shards[i], true);
    sm_ledger_export(fixture->ledger, now_s * SECOND, print_batch, fixture);
    if (sm_ledger_expire(fixture->ledger, now_s * SECOND)) {
        for (size_t i = 0; i < SHARDS; i++)
            sm_ledger_visit(fixture->ledger, fixture->shards[i], false);
        sm_ledger_sweep(fixture->ledger);
    }
    return fixture->text;
}

static void begins_with_a_point_of_zero_and_adds_up_over_shards(void **state)
{
    (void)state;
    struct fixture *f = new_fixture();
    begin(f);
    add(f, 1, "a", "x", 3, 10);
    add(f, 0, "a", "x", 3, 9);
    add(f, 0, "a", NULL, 3, 11);
    assert_string_equal(flush(f, 12), "calls a/x 0 @9\ncalls a/ 0 @11\nduration a/x 2 @9\nduration a/ 1 @11\n");
    add(f, 1, "a", "x", 3, 20);
    add(f, 1, "a", NULL, 3, 20);
    assert_string_equal(flush(f, 22), "calls a/x 3 @9\ncalls a/ 2 @11\nduration a/x 3 @9\nduration a/ 2 @11\n");
    assert_string_equal(flush(f, 32), "calls a/x 3 @9\ncalls a/ 2 @11\nduration a/x 3 @9\nduration a/ 2 @11\n");
    end(f);
}

static void leaves_resources_without_a_service_out(void **state)
{
    (void)state;
    struct fixture *f = new_fixture();
    begin(f);
    add(f, 0, NULL, "x", 3, 10);
    assert_string_equal(flush(f, 12), "");
    end(f);
}

static void counts_what_is_over_the_limit_in_one_series_even_when_shards_reach_it_together(void **state)
{
    (void)state;
    struct fixture *f = new_fixture();
    f->options.aggregation_cardinality_limit = 2;
    f->options.histogram.disable = true;
    begin(f);
    add(f, 0, "a", "1", 3, 10);
    add(f, 0, "a", "2", 3, 10);
    add(f, 0, "a", "3", 3, 10);
    add(f, 1, "a", "4", 3, 10);
    add(f, 1, "a", "2", 3, 10);
    flush(f, 12);
    assert_string_equal(flush(f, 13), "calls a/1 1 @10\ncalls a/2 2 @10\ncalls a/overflow 2 @10\n");
    add(f, 1, "a", "4", 3, 14);
    add(f, 1, "a", "1", 3, 14);
    assert_string_equal(flush(f, 15), "calls a/1 2 @10\ncalls a/2 2 @10\ncalls a/overflow 3 @10\n");
    end(f);
}

static void counts_a_series_below_the_limit_as_itself_on_a_shard_that_meets_many_others_first(void **state)
{
    (void)state;
    struct fixture *f = new_fixture();
    f->options.aggregation_cardinality_limit = 2;
    f->options.histogram.disable = true;
    begin(f);
    add(f, 0, "a", "1", 3, 10);
    add(f, 0, "a", "2", 3, 10);
    flush(f, 12);
    for (unsigned i = 0; i < 20; i++) {
        char other[16];
        snprintf(other, sizeof(other), "n%u", i % 10);
        add(f, 1, "a", other, 3, 13);
    }
    add(f, 1, "a", "2", 3, 13);
    add(f, 1, "a", "1", 3, 13);
    flush(f, 14);
    assert_string_equal(flush(f, 15), "calls a/1 2 @10\ncalls a/2 2 @10\ncalls a/overflow 20 @13\n");
    end(f);
}

static void starts_over_when_a_series_has_expired(void **state)
{
    (void)state;
    struct fixture *f = new_fixture();
    f->options.series_expiration_ns = 5LL * SECOND;
    f->options.histogram.disable = true;
    begin(f);
    add(f, 0, "a", "x", 3, 10);
    add(f, 0, "a", "y", 3, 10);
    flush(f, 11);
    add(f, 1, "a", "y", 3, 14);
    assert_string_equal(flush(f, 15), "calls a/x 1 @10\ncalls a/y 2 @10\n");
    assert_string_equal(flush(f, 16), "calls a/y 2 @10\n");
    assert_int_equal(sm_ledger_series_count(f->ledger), 1);
    add(f, 0, "a", "x", 3, 17);
    assert_string_equal(flush(f, 18), "calls a/y 2 @10\ncalls a/x 0 @17\n");
    end(f);
}

static void brings_a_series_back_as_new_when_a_shard_counted_on_while_it_expired(void **state)
{
    (void)state;
    struct fixture *f = new_fixture();
    f->options.series_expiration_ns = 5LL * SECOND;
    f->options.histogram.disable = true;
    begin(f);
    add(f, 0, "a", "x", 3, 10);
    add(f, 1, "a", "x", 3, 10);
    flush(f, 11);
    assert_true(sm_ledger_expire(f->ledger, 20LL * SECOND));
    add(f, 1, "a", "x", 3, 21); /* between the decision and the second round */
    for (size_t i = 0; i < SHARDS; i++)
        sm_ledger_visit(f->ledger, f->shards[i], false);
    sm_ledger_sweep(f->ledger);
    add(f, 0, "a", "x", 3, 22);
    assert_string_equal(flush(f, 23), "calls a/x 0 @21\n");
    assert_string_equal(flush(f, 24), "calls a/x 2 @21\n");
    end(f);
}

static void exports_an_expired_resource_once_more_and_takes_it_back_when_it_is_seen(void **state)
{
    (void)state;
    struct fixture *f = new_fixture();
    f->options.metrics_expiration_ns = 5LL * SECOND;
    f->options.histogram.disable = true;
    begin(f);
    add(f, 0, "a", "x", 3, 10);
    flush(f, 11);
    flush(f, 15); /* idle for 5 s: leaving */
    add(f, 0, "a", "x", 3, 16);
    assert_string_equal(flush(f, 17), "calls a/x 2 @10\n");
    flush(f, 21);
    assert_string_equal(flush(f, 22), "calls a/x 2 @10\n"); /* once more */
    assert_string_equal(flush(f, 23), "");
    assert_int_equal(sm_ledger_series_count(f->ledger), 0);
    end(f);
}

static void forgets_the_resources_seen_longest_ago(void **state)
{
    (void)state;
    struct fixture *f = new_fixture();
    f->options.resource_metrics_cache_size = 2;
    f->options.histogram.disable = true;
    begin(f);
    add(f, 0, "a", "x", 3, 10);
    add(f, 0, "b", "x", 3, 10);
    add(f, 0, "c", "x", 3, 10);
    add(f, 0, "a", "x", 3, 10);
    assert_string_equal(flush(f, 11), "calls b/x 0 @10\ncalls c/x 0 @10\ncalls a/x 0 @10\n");
    assert_string_equal(flush(f, 12), "calls c/x 1 @10\ncalls a/x 2 @10\n");
    end(f);
}

static void starts_delta_points_where_the_last_one_of_the_series_ended(void **state)
{
    (void)state;
    struct fixture *f = new_fixture();
    f->options.aggregation_temporality = "AGGREGATION_TEMPORALITY_DELTA";
    f->options.histogram.disable = true;
    begin(f);
    add(f, 0, "a", "x", 3, 10);
    add(f, 1, "b", "x", 3, 10);
    assert_string_equal(flush(f, 12), "calls a/x 1 @10\ncalls b/x 1 @10\n");
    assert_string_equal(flush(f, 13), "");
    add(f, 1, "a", "x", 3, 14);
    add(f, 1, "b", "x", 3, 14);
    assert_string_equal(flush(f, 15), "calls a/x 1 @12\ncalls b/x 1 @12\n");
    end(f);
}

static void gives_a_large_export_in_several_batches(void **state)
{
    (void)state;
    struct fixture *f = new_fixture();
    f->options.histogram.disable = true;
    begin(f);
    char k[32];
    for (unsigned i = 0; i < 3000; i++) {
        snprintf(k, sizeof(k), "%u", i);
        add(f, i % SHARDS, "a", k, 3, 10);
    }
    size_t lines = 0;
    for (const char *at = flush(f, 11); (at = strchr(at, '\n')) != NULL; at++)
        lines++;
    assert_true(lines > 2000); /* as many as fit the text */
    assert_int_equal(sm_ledger_series_count(f->ledger), 3000);
    end(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(begins_with_a_point_of_zero_and_adds_up_over_shards),
        cmocka_unit_test(leaves_resources_without_a_service_out),
        cmocka_unit_test(counts_what_is_over_the_limit_in_one_series_even_when_shards_reach_it_together),
        cmocka_unit_test(counts_a_series_below_the_limit_as_itself_on_a_shard_that_meets_many_others_first),
        cmocka_unit_test(starts_over_when_a_series_has_expired),
        cmocka_unit_test(brings_a_series_back_as_new_when_a_shard_counted_on_while_it_expired),
        cmocka_unit_test(exports_an_expired_resource_once_more_and_takes_it_back_when_it_is_seen),
        cmocka_unit_test(forgets_the_resources_seen_longest_ago),
        cmocka_unit_test(starts_delta_points_where_the_last_one_of_the_series_ended),
        cmocka_unit_test(gives_a_large_export_in_several_batches),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
