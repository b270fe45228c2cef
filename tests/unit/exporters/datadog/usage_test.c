/* Who sends how much to Datadog: by service and environment, in the own metrics, in tables and as posts of what is new. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "exporters/datadog/agent_stats.h"
#include "exporters/datadog/last_post.h"
#include "pipeline/snapshot.h"

/* ---- in the place of intake.c, beside last_post.h */

static size_t under_way;

size_t sm_datadog_lane_count(const struct sm_datadog_lane *lane)
{
    (void)lane;
    return under_way;
}

/* ---- */

enum { WORKERS = 3 };
static struct sm_datadog_usage *usage;

static int start(void **state)
{
    (void)state;
    usage = sm_datadog_usage_create("datadog/usage", WORKERS);
    under_way = 0;
    return 0;
}

static int end(void **state)
{
    (void)state;
    sm_datadog_usage_free(usage);
    forget_posts();
    return 0;
}

static void add(const char *service, const char *env, size_t spans, size_t bytes)
{
    sm_datadog_usage_add(usage, sm_slice_of(service), sm_slice_of(env), spans, bytes);
}

static void post(void)
{
    sm_datadog_usage_post(usage, NULL, SM_SLICE("host"), NULL, NULL);
}

/* The value of a series that was posted last; -1: there is none. */
static int64_t posted(const char *metric, const char *service, const char *env)
{
    char wanted[256];
    size_t index;
    json_t *one;
    snprintf(wanted, sizeof(wanted), "[\"service:%s\",\"env:%s\"]", service, env);
    json_array_foreach(json_object_get(last, "series"), index, one)
    {
        char *tags = json_dumps(json_object_get(one, "tags"), JSON_COMPACT);
        bool is_it = strcmp(json_string_value(json_object_get(one, "metric")), metric) == 0 && strcmp(tags, wanted) == 0;
        free(tags);
        if (!is_it)
            continue;
        assert_int_equal(json_integer_value(json_object_get(one, "type")), 1); /* a count */
        assert_string_equal(json_string_value(json_object_get(json_array_get(json_object_get(one, "resources"), 0), "name")), "host");
        return (int64_t)json_integer_value(json_object_get(json_array_get(json_object_get(one, "points"), 0), "value"));
    }
    return -1;
}

#define SPANS "datadog.estimated_usage.apm.ingested_spans"
#define BYTES "datadog.estimated_usage.apm.ingested_bytes"

static void posts_what_came_since_the_last_one(void **state)
{
    (void)state;
    add("a", "prod", 2, 100);
    add("a", "prod", 3, 50);
    add("a", "test", 1, 10);
    add("b\"\\", "prod", 1, 7);
    post();
    assert_int_equal(json_array_size(json_object_get(last, "series")), 6);
    assert_int_equal(posted(SPANS, "a", "prod"), 5);
    assert_int_equal(posted(BYTES, "a", "prod"), 150);
    assert_int_equal(posted(SPANS, "a", "test"), 1);
    assert_int_equal(posted(BYTES, "b\\\"\\\\", "prod"), 7);
    add("a", "prod", 4, 40);
    post();
    assert_int_equal(json_array_size(json_object_get(last, "series")), 2);
    assert_int_equal(posted(SPANS, "a", "prod"), 4);
}

static void keeps_what_cannot_be_posted_for_the_next_time(void **state)
{
    (void)state;
    under_way = SM_DATADOG_LANE_POSTS_MAX;
    add("a", "prod", 2, 100);
    post();
    assert_null(last);
    under_way = 0;
    post();
    assert_int_equal(posted(SPANS, "a", "prod"), 2);
    forget_posts();
    post();
    assert_null(last); /* nothing is new */
}

static void services_beyond_the_limit_are_counted_together(void **state)
{
    (void)state;
    enum { LIMIT = 1000, MORE = 50 };
    for (int i = 0; i < LIMIT + MORE; i++) {
        char service[32];
        snprintf(service, sizeof(service), "service-%d", i);
        add(service, "prod", 1, 10);
    }
    post();
    assert_int_equal(posted(SPANS, "service-0", "prod"), 1);
    assert_int_equal(posted(SPANS, "service-1049", "prod"), -1);
    assert_int_equal(posted(SPANS, "_other", "_other"), MORE);
    assert_int_equal(posted(BYTES, "_other", "_other"), 10 * MORE);
}

/* Nobody gets past the limit by the name of what is counted together. */
static void environments_of_one_service_are_limited_too(void **state)
{
    (void)state;
    enum { LIMIT = 1000, MORE = 50 };
    for (int i = 0; i < LIMIT + MORE; i++) {
        char env[32];
        snprintf(env, sizeof(env), "env-%d", i);
        add("_other", env, 1, 10);
    }
    post();
    assert_int_equal(posted(SPANS, "_other", "env-999"), 1);
    assert_int_equal(posted(SPANS, "_other", "env-1000"), -1);
    assert_int_equal(posted(SPANS, "_other", "_other"), MORE);
}

static void ends_with_the_last_worker(void **state)
{
    (void)state;
    assert_false(sm_datadog_usage_end(usage));
    assert_false(sm_datadog_usage_end(usage));
    assert_true(sm_datadog_usage_end(usage));
}

static void ask(struct sm_snapshot_question *question, void *context)
{
    (void)context;
    sm_datadog_usage_show(usage, question);
}

static void collected(void *context, struct sm_slice tables)
{
    sm_bytes_append_slice(context, tables);
}

static void removed(void *context)
{
    (void)context;
}

static void shows_all_since_the_start_as_a_table_of_volumes(void **state)
{
    (void)state;
    struct sm_bytes table = {0};
    struct sm_snapshot_source *source = sm_snapshot_source_add(ask, NULL);
    sm_datadog_usage_free(usage);
    usage = sm_datadog_usage_create("datadog/shown", WORKERS);
    add("a", "prod", 2, 100);
    add("a", "none", 1, 10); /* the tag of telemetry that names no environment */
    post();
    add("a", "prod", 1, 1);
    sm_snapshot_collect(collected, &table);
    const char *text = sm_bytes_cstr(&table); /* its rows are in no order */
    assert_memory_equal(text, "table volume By datadog/shown\n", 30);
    assert_non_null(strstr(text, "\n\ta\tprod\t3\t101\n"));
    assert_non_null(strstr(text, "\n\ta\t\t1\t10\n"));
    assert_int_equal(table.size, strlen("table volume By datadog/shown\n\ta\tprod\t3\t101\n\ta\t\t1\t10\n"));
    sm_snapshot_source_remove(source, removed, NULL);
    sm_bytes_deinit(&table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(posts_what_came_since_the_last_one, start, end),
        cmocka_unit_test_setup_teardown(keeps_what_cannot_be_posted_for_the_next_time, start, end),
        cmocka_unit_test_setup_teardown(services_beyond_the_limit_are_counted_together, start, end),
        cmocka_unit_test_setup_teardown(environments_of_one_service_are_limited_too, start, end),
        cmocka_unit_test_setup_teardown(ends_with_the_last_worker, start, end),
        cmocka_unit_test_setup_teardown(shows_all_since_the_start_as_a_table_of_volumes, start, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
