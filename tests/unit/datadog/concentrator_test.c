#include "datadog/recorded.h"

#include <stdlib.h>
#include <string.h>

#include "datadog/span_stats.h"
#include "wire/protobuf.h"

/* ---- the recorded steps */

static void fill_span(const json_t *json, struct sm_arena *arena, struct sm_datadog_span *span)
{
    const char *key;
    json_t *value;
    *span = (struct sm_datadog_span){.service = recorded_text(json, "Service"),
                                     .name = recorded_text(json, "Name"),
                                     .resource = recorded_text(json, "Resource"),
                                     .type = recorded_text(json, "Type"),
                                     .span_id = (uint64_t)recorded_int(json, "SpanID"),
                                     .parent_id = (uint64_t)recorded_int(json, "ParentID"),
                                     .start_ns = recorded_int(json, "Start"),
                                     .duration_ns = recorded_int(json, "Duration"),
                                     .error = (int32_t)recorded_int(json, "Error")};
    json_object_foreach(json_object_get(json, "Meta"), key, value)
        sm_datadog_map_set_text(&span->meta, arena, sm_slice_of(key), sm_slice_of(json_string_value(value)));
    json_object_foreach(json_object_get(json, "Metrics"), key, value)
        sm_datadog_map_set_number(&span->metrics, arena, sm_slice_of(key), json_number_value(value));
}

static struct sm_stats_texts text_list(const json_t *list, struct sm_arena *arena)
{
    struct sm_stats_texts texts = {.items = sm_arena_zalloc(arena, json_array_size(list), sizeof(*texts.items)), .count = json_array_size(list)};
    for (size_t i = 0; i < texts.count; i++)
        texts.items[i] = sm_slice_of(json_string_value(json_array_get(list, i)));
    return texts;
}

static void add_spans(struct sm_concentrator *concentrator, const struct sm_span_stats_settings *settings, const json_t *step)
{
    struct sm_arena arena = SM_ARENA_INIT;
    const struct sm_span_stats_origin origin = {.env = recorded_text(step, "env"),
                                                .hostname = recorded_text(step, "hostname"),
                                                .version = recorded_text(step, "version"),
                                                .container_id = recorded_text(step, "container_id"),
                                                .container_tags = text_list(json_object_get(step, "container_tags"), &arena),
                                                .origin = recorded_text(step, "origin"),
                                                .weight = 1};
    size_t index;
    json_t *json;
    json_array_foreach(json_object_get(step, "spans"), index, json)
    {
        struct sm_datadog_span span;
        fill_span(json, &arena, &span);
        assert_int_equal(sm_span_stats_counts(settings, &span), json_is_true(json_array_get(json_object_get(step, "eligible"), index)));
        sm_span_stats_add(concentrator, settings, &origin, &span, &arena);
    }
    sm_arena_deinit(&arena);
}

/* ---- groups as text, to compare them in any order */

static double no_chance(void *context)
{
    (void)context;
    return 0.5;
}

/* Bins and counts of an encoded sketch: "bin=count ". */
static void print_bins(struct sm_slice sketch, struct sm_bytes *out)
{
    struct sm_proto_cursor cursor = sm_proto_begin(sketch);
    struct sm_proto_field field, inner;
    while (sm_proto_next(&cursor, &field)) {
        if (field.number != 2)
            continue;
        struct sm_slice counts = {0};
        int64_t first = 0;
        struct sm_proto_cursor store = sm_proto_begin(field.bytes);
        while (sm_proto_next(&store, &inner)) {
            if (inner.number == 2)
                counts = inner.bytes;
            else
                first = (int64_t)(inner.integer >> 1) ^ -(int64_t)(inner.integer & 1);
        }
        for (size_t i = 0; i < counts.size / sizeof(double); i++) {
            double count;
            memcpy(&count, counts.ptr + i * sizeof(count), sizeof(count));
            if (count > 0)
                sm_bytes_printf(out, "%d=%g ", (int)first + (int)i, count);
        }
    }
}

static int compare_bins(const void *a, const void *b)
{
    return (int)(strtol(*(char *const *)a, NULL, 10) - strtol(*(char *const *)b, NULL, 10));
}

static void print_recorded_bins(const json_t *bins, struct sm_bytes *out)
{
    enum { BINS_MAX = 64 };
    const char *names[BINS_MAX], *bin;
    size_t count = 0;
    json_t *value;
    json_object_foreach((json_t *)bins, bin, value) names[count++] = bin;
    qsort(names, count, sizeof(names[0]), compare_bins);
    for (size_t i = 0; i < count; i++)
        sm_bytes_printf(out, "%s=%g ", names[i], json_number_value(json_object_get(bins, names[i])));
}

static char *print_recorded(const json_t *group)
{
    struct sm_bytes out = {0};
    static const char *const texts[] = {"env", "hostname", "version", "container_id", "service", "name", "resource", "type", "span_kind"};
    static const char *const numbers[] = {"bucket_start", "bucket_duration", "hits", "errors", "duration", "top_level_hits", "http_status_code"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        sm_bytes_printf(&out, "%.*s|", SM_SLICE_ARGS(recorded_text(group, texts[i])));
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        sm_bytes_printf(&out, "%lld|", (long long)recorded_int(group, numbers[i]));
    bool is_root = sm_slice_is(recorded_text(group, "is_trace_root"), "TRUE");
    sm_bytes_printf(&out, "%d %d|", json_is_true(json_object_get(group, "synthetics")), is_root ? SM_STATS_ROOT_YES : SM_STATS_ROOT_NO);
    for (size_t i = 0; i < json_array_size(json_object_get(group, "peer_tags")); i++)
        sm_bytes_printf(&out, "%s,", json_string_value(json_array_get(json_object_get(group, "peer_tags"), i)));
    sm_bytes_append_text(&out, "|");
    for (size_t i = 0; i < json_array_size(json_object_get(group, "tags")); i++)
        sm_bytes_printf(&out, "%s,", json_string_value(json_array_get(json_object_get(group, "tags"), i)));
    sm_bytes_append_text(&out, "|");
    print_recorded_bins(json_object_get(group, "ok"), &out);
    sm_bytes_append_text(&out, "|");
    print_recorded_bins(json_object_get(group, "error"), &out);
    return (char *)(uintptr_t)sm_bytes_cstr(&out);
}

static char *print_group(const struct sm_stats_client *client, const struct sm_stats_bucket *bucket, const struct sm_stats_row *row)
{
    struct sm_bytes out = {0};
    const struct sm_slice texts[] = {client->env, client->hostname, client->version, client->container_id, row->service,
                                     row->name,   row->resource,    row->type,       row->span_kind};
    const uint64_t numbers[] = {bucket->start_ns,    bucket->duration_ns,  row->hits, row->errors, row->duration_ns,
                                row->top_level_hits, row->http_status_code};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        sm_bytes_printf(&out, "%.*s|", SM_SLICE_ARGS(texts[i]));
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        sm_bytes_printf(&out, "%lld|", (long long)numbers[i]);
    sm_bytes_printf(&out, "%d %u|", row->is_synthetics, row->is_trace_root);
    for (size_t i = 0; i < row->peer_tags.count; i++)
        sm_bytes_printf(&out, "%.*s,", SM_SLICE_ARGS(row->peer_tags.items[i]));
    sm_bytes_append_text(&out, "|");
    for (size_t i = 0; i < client->tags.count; i++)
        sm_bytes_printf(&out, "%.*s,", SM_SLICE_ARGS(client->tags.items[i]));
    sm_bytes_append_text(&out, "|");
    print_bins(row->ok_summary, &out);
    sm_bytes_append_text(&out, "|");
    print_bins(row->error_summary, &out);
    return (char *)(uintptr_t)sm_bytes_cstr(&out);
}

static int compare_lines(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

struct lines {
    char *items[256];
    size_t count;
};

static void add_line(struct lines *lines, char *line)
{
    assert_true(lines->count < sizeof(lines->items) / sizeof(lines->items[0]));
    lines->items[lines->count++] = line;
}

static void check_lines(struct lines *got, struct lines *expected)
{
    qsort(got->items, got->count, sizeof(char *), compare_lines);
    qsort(expected->items, expected->count, sizeof(char *), compare_lines);
    for (size_t i = 0; i < got->count && i < expected->count; i++)
        assert_string_equal(got->items[i], expected->items[i]);
    assert_int_equal(got->count, expected->count);
    for (size_t i = 0; i < got->count; i++) {
        free(got->items[i]);
        free(expected->items[i]);
    }
}

/* The groups are those of all concentrators together. */
static void check_flush(struct sm_concentrator *const *concentrators, size_t count, const json_t *step)
{
    struct sm_arena arena = SM_ARENA_INIT;
    struct sm_stats_harvest harvest = {0};
    struct sm_stats_payload payload = {0};
    struct lines got = {0}, expected = {0};
    for (size_t i = 0; i < count; i++)
        sm_concentrator_take(concentrators[i], recorded_int(step, "now"), json_is_true(json_object_get(step, "force")), &harvest);
    sm_stats_harvest_payload(&harvest, no_chance, NULL, &arena, &payload);
    for (size_t c = 0; c < payload.clients.count; c++) {
        const struct sm_stats_client *client = &payload.clients.items[c];
        for (size_t b = 0; b < client->buckets.count; b++)
            for (size_t r = 0; r < client->buckets.items[b].rows.count; r++)
                add_line(&got, print_group(client, &client->buckets.items[b], &client->buckets.items[b].rows.items[r]));
    }
    size_t index;
    json_t *group;
    json_array_foreach(json_object_get(step, "groups"), index, group) add_line(&expected, print_recorded(group));
    check_lines(&got, &expected);
    sm_stats_harvest_clear(&harvest);
    sm_arena_deinit(&arena);
}

/* `count` concentrators take turns. */
static void replay(const char *name, size_t count)
{
    enum { CONCENTRATORS_MAX = 4 };
    struct sm_concentrator *concentrators[CONCENTRATORS_MAX];
    json_t *root = recorded_load(name), *step;
    struct sm_arena arena = SM_ARENA_INIT;
    const struct sm_span_stats_settings settings = {.compute_stats_by_span_kind = json_is_true(json_object_get(root, "compute_stats_by_span_kind")),
                                                    .peer_tag_keys = text_list(json_object_get(root, "peer_tag_keys"), &arena)};
    for (size_t i = 0; i < count; i++)
        concentrators[i] = sm_concentrator_create(recorded_int(root, "bucket_interval"), recorded_int(root, "created_at"));
    size_t index;
    json_array_foreach(json_object_get(root, "steps"), index, step)
    {
        if (sm_slice_is(recorded_text(step, "do"), "add"))
            add_spans(concentrators[index % count], &settings, step);
        else
            check_flush(concentrators, count, step);
    }
    for (size_t i = 0; i < count; i++)
        sm_concentrator_free(concentrators[i]);
    sm_arena_deinit(&arena);
    json_decref(root);
}

static void counts_as_the_reference(void **state)
{
    (void)state;
    replay("concentrator", 1);
    replay("concentrator_by_kind", 1);
}

static void counts_the_same_on_several_workers(void **state)
{
    (void)state;
    replay("concentrator", 3);
    replay("concentrator_by_kind", 4);
}

/* ---- weights and limits */

static void add_one(struct sm_concentrator *concentrator, int64_t end_ns, double weight)
{
    bool is_new;
    struct sm_arena arena = SM_ARENA_INIT;
    const struct sm_stats_key key = {.env = {"none", 4}, .service = {"s", 1}};
    const struct sm_stats_facts facts = {.end_ns = end_ns, .duration_ns = 10, .bin = sm_ddsketch_bin(10), .weight = weight, .is_top_level = true};
    struct sm_stats_interval *interval = sm_concentrator_at(concentrator, end_ns, &is_new);
    struct sm_stats_group *group = sm_stats_interval_group(interval, sm_stats_key_hash(&key, &arena), &is_new);
    if (is_new)
        sm_stats_interval_set_key(interval, group, &key);
    sm_stats_group_add(group, &facts);
    sm_arena_deinit(&arena);
}

static double always(void *context)
{
    return *(double *)context;
}

static void rounds_fractions_of_spans_by_chance(void **state)
{
    (void)state;
    static const struct {
        double chance;
        uint64_t hits;
    } rows[] = {{0.0, 8}, {0.49, 8}, {0.5, 7}, {0.99, 7}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct sm_arena arena = SM_ARENA_INIT;
        struct sm_stats_harvest harvest = {0};
        struct sm_stats_payload payload = {0};
        struct sm_concentrator *concentrator = sm_concentrator_create(10, 1000);
        for (int k = 0; k < 3; k++)
            add_one(concentrator, 1005, 2.5);
        sm_concentrator_take(concentrator, 1000, true, &harvest);
        double chance = rows[i].chance;
        sm_stats_harvest_payload(&harvest, always, &chance, &arena, &payload);
        const struct sm_stats_row *row = &payload.clients.items[0].buckets.items[0].rows.items[0];
        assert_int_equal(row->hits, rows[i].hits);
        assert_int_equal(row->duration_ns, 75);
        sm_stats_harvest_clear(&harvest);
        sm_concentrator_free(concentrator);
        sm_arena_deinit(&arena);
    }
}

/* The payload is protobuf, whose texts are UTF-8. Two that become the same are one. */
static void puts_texts_that_are_no_utf8_right(void **state)
{
    (void)state;
    struct sm_arena arena = SM_ARENA_INIT;
    struct sm_stats_harvest harvest = {0};
    struct sm_stats_payload payload = {0};
    double chance = 0;
    const struct sm_span_stats_settings settings = {0};
    const struct sm_span_stats_origin origin = {.env = SM_SLICE("e\xc3"), .weight = 1};
    struct sm_concentrator *concentrator = sm_concentrator_create(10, 1000);
    static const char *const resources[] = {"a\xffz", "a\xfez"};
    for (size_t i = 0; i < 2; i++) {
        struct sm_datadog_span span = {
            .service = SM_SLICE("s"), .name = SM_SLICE("n"), .resource = sm_slice_of(resources[i]), .span_id = 1, .start_ns = 1005};
        sm_datadog_map_set_number(&span.metrics, &arena, SM_SLICE("_top_level"), 1);
        sm_span_stats_add(concentrator, &settings, &origin, &span, &arena);
    }
    sm_concentrator_take(concentrator, 1000, true, &harvest);
    sm_stats_harvest_payload(&harvest, always, &chance, &arena, &payload);
    assert_int_equal(payload.clients.count, 1);
    assert_true(sm_slice_is(payload.clients.items[0].env, "e\xef\xbf\xbd"));
    const struct sm_stats_bucket *bucket = &payload.clients.items[0].buckets.items[0];
    assert_int_equal(bucket->rows.count, 1);
    assert_true(sm_slice_is(bucket->rows.items[0].resource, "a\xef\xbf\xbdz"));
    assert_int_equal(bucket->rows.items[0].hits, 2);
    sm_stats_harvest_clear(&harvest);
    sm_concentrator_free(concentrator);
    sm_arena_deinit(&arena);
}

static void counts_spans_of_too_many_future_buckets_in_the_oldest(void **state)
{
    (void)state;
    struct sm_stats_harvest harvest = {0};
    struct sm_concentrator *concentrator = sm_concentrator_create(10, 1000);
    for (int64_t i = 0; i < 2 * SM_CONCENTRATOR_BUCKETS_MAX; i++)
        add_one(concentrator, 2000 + 10 * i, 1);
    sm_concentrator_take(concentrator, 1000, true, &harvest);
    assert_int_equal(harvest.count, SM_CONCENTRATOR_BUCKETS_MAX + 1);
    sm_stats_harvest_clear(&harvest);
    sm_concentrator_free(concentrator);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_as_the_reference),
        cmocka_unit_test(counts_the_same_on_several_workers),
        cmocka_unit_test(rounds_fractions_of_spans_by_chance),
        cmocka_unit_test(puts_texts_that_are_no_utf8_right),
        cmocka_unit_test(counts_spans_of_too_many_future_buckets_in_the_oldest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
