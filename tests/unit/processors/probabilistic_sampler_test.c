/* Single decisions of the probabilistic sampler. Trace states as recorded from the reference; sampling_oracle.py compares the sets. */
#include "processors/probabilistic_sampler/items.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "telemetry/log_record.h"
#include "telemetry/span.h"

#define ID "\x00\x11\x22\x33\x44\x55\x66\x77\x88\x99\xaa\xbb\xcc\xdd\xee\xff"

static struct sm_sampler sampler_of(enum sm_sampler_mode mode, double percentage, bool fail_closed)
{
    const struct sm_sampler_options options = {
        .mode = (int)mode,
        .sampling_percentage = percentage,
        .fail_closed = fail_closed,
        .sampling_precision = 4,
        .attribute_source = "traceID",
        .from_attribute = "order",
        .sampling_priority = "prio",
    };
    struct sm_sampler sampler;
    sm_sampler_init(&sampler, &options);
    return sampler;
}

static struct sm_attributes attributes_of(struct sm_arena *arena, const char *key, struct sm_value value)
{
    struct sm_attributes attributes = {.field = 9};
    if (key)
        sm_map_set(sm_attributes_edit(&attributes, arena), arena, sm_slice_of(key), value);
    return attributes;
}

static void keeps_drops_and_marks_spans(void **context)
{
    (void)context;
    static const struct {
        enum sm_sampler_mode mode;
        double percentage;
        bool fail_closed, has_id;
        const char *state, *priority;
        const char *written; /* NULL: dropped */
        enum sm_sampler_policy policy;
    } rows[] = {
        {SM_SAMPLER_HASH_SEED, 100, true, true, "", NULL, "ot=rv:8a681216849d65;th:0", SM_SAMPLER_TRACE_ID_HASH},
        {SM_SAMPLER_HASH_SEED, 45, true, true, "", NULL, NULL, SM_SAMPLER_TRACE_ID_HASH},
        {SM_SAMPLER_HASH_SEED, 45, true, true, "", "1", "ot=rv:8a681216849d65;th:0", SM_SAMPLER_PRIORITY},
        {SM_SAMPLER_HASH_SEED, 100, true, true, "", "0", NULL, SM_SAMPLER_PRIORITY},
        {SM_SAMPLER_HASH_SEED, 100, true, true, "", "-1", "ot=rv:8a681216849d65;th:0", SM_SAMPLER_TRACE_ID_HASH},
        {SM_SAMPLER_HASH_SEED, 100, true, true, "ot=th:0", NULL, NULL, SM_SAMPLER_TRACE_ID_HASH},
        {SM_SAMPLER_HASH_SEED, 1, false, true, "ot=th:8", NULL, "ot=th:8", SM_SAMPLER_TRACE_ID_HASH},
        {SM_SAMPLER_HASH_SEED, 1, false, false, "", NULL, "ot=rv:ffffffffffffff;th:0", SM_SAMPLER_MISSING_RANDOMNESS},
        {SM_SAMPLER_HASH_SEED, 100, true, false, "", NULL, NULL, SM_SAMPLER_MISSING_RANDOMNESS},
        {SM_SAMPLER_EQUALIZING, 50, true, true, "", NULL, "ot=th:8", SM_SAMPLER_TRACE_ID_W3C},
        {SM_SAMPLER_EQUALIZING, 50, true, true, "ot=th:4", NULL, "ot=th:8", SM_SAMPLER_TRACE_ID_W3C},
        {SM_SAMPLER_EQUALIZING, 50, true, true, "ot=th:90", NULL, "ot=th:9", SM_SAMPLER_TRACE_ID_W3C},
        {SM_SAMPLER_EQUALIZING, 50, true, true, "ot=th:f", NULL, NULL, SM_SAMPLER_TRACE_ID_W3C},
        {SM_SAMPLER_EQUALIZING, 50, false, true, "ot=th:f,v=1", NULL, "ot=th:0,v=1", SM_SAMPLER_TRACE_ID_W3C},
        {SM_SAMPLER_EQUALIZING, 50, false, true, "ot=th:zz", NULL, "ot=th:zz", SM_SAMPLER_MISSING_RANDOMNESS},
        {SM_SAMPLER_EQUALIZING, 50, true, true, "ot=th:80", "1", "ot=th:80", SM_SAMPLER_PRIORITY},
        {SM_SAMPLER_EQUALIZING, 50, true, true, "ot=rv:7fffffffffffff", NULL, NULL, SM_SAMPLER_RANDOMNESS},
        {SM_SAMPLER_PROPORTIONAL, 50, true, true, "ot=th:8;rv:c0000000000000", NULL, "ot=rv:c0000000000000;th:c", SM_SAMPLER_RANDOMNESS},
        {SM_SAMPLER_PROPORTIONAL, 50, true, true, "ot=th:ffffffffffffff;rv:ffffffffffffff", NULL, NULL, SM_SAMPLER_RANDOMNESS},
        {SM_SAMPLER_PROPORTIONAL, 0, true, true, "", NULL, NULL, SM_SAMPLER_PRIORITY},
        {SM_SAMPLER_PROPORTIONAL, 0, true, true, "ot=th:zz,v=1", "0x1p2", "ot=th:0,v=1", SM_SAMPLER_PRIORITY},
        {SM_SAMPLER_PROPORTIONAL, 0, true, true, "", "1_0", "ot=th:0", SM_SAMPLER_PRIORITY},
        {SM_SAMPLER_PROPORTIONAL, 0, true, true, "", "0x10", NULL, SM_SAMPLER_PRIORITY},
        {SM_SAMPLER_PROPORTIONAL, 0, true, true, "", "1__0", NULL, SM_SAMPLER_PRIORITY},
        {SM_SAMPLER_PROPORTIONAL, 0, true, true, "", "1e999", NULL, SM_SAMPLER_PRIORITY},
    };
    struct sm_arena arena;
    sm_arena_init(&arena);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct sm_sampler sampler = sampler_of(rows[i].mode, rows[i].percentage, rows[i].fail_closed);
        struct sm_span span = {
            .trace_id = rows[i].has_id ? SM_SLICE(ID) : (struct sm_slice){0},
            .trace_state = sm_slice_of(rows[i].state),
            .attributes = attributes_of(&arena, rows[i].priority ? "sampling.priority" : NULL, sm_value_string(sm_slice_of(rows[i].priority))),
        };
        struct sm_sampler_item item;
        bool is_kept = sm_sampler_take_span(&sampler, &span, &arena, &item);
        if (is_kept != (rows[i].written != NULL) || item.policy != rows[i].policy || (is_kept && !sm_slice_is(span.trace_state, rows[i].written)))
            fail_msg("row %zu: kept %d, policy %d, '%.*s'", i, is_kept, (int)item.policy, SM_SLICE_ARGS(span.trace_state));
        assert_int_equal(span.changed != 0, is_kept && !sm_slice_is(span.trace_state, rows[i].state));
    }
    sm_arena_deinit(&arena);
}

/* In every mode; docs/sampling.md, "At the edges". */
static void an_id_of_zeros_gives_no_randomness(void **context)
{
    (void)context;
    static const char zeros[SM_TRACE_ID_SIZE];
    static const enum sm_sampler_mode modes[] = {SM_SAMPLER_HASH_SEED, SM_SAMPLER_PROPORTIONAL, SM_SAMPLER_EQUALIZING};
    struct sm_arena arena;
    sm_arena_init(&arena);
    for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
        for (int fail_closed = 0; fail_closed < 2; fail_closed++) {
            struct sm_sampler sampler = sampler_of(modes[i], 50, fail_closed);
            struct sm_span span = {.trace_id = sm_slice_make(zeros, sizeof(zeros))};
            struct sm_sampler_item item;
            assert_int_equal(sm_sampler_take_span(&sampler, &span, &arena, &item), !fail_closed);
            assert_int_equal(item.policy, SM_SAMPLER_MISSING_RANDOMNESS);
            /* A randomness of its own is as good as any. */
            struct sm_span marked = {.trace_id = span.trace_id, .trace_state = SM_SLICE("ot=rv:c0000000000000")};
            assert_int_equal(sm_sampler_take_span(&sampler, &marked, &arena, &item), modes[i] != SM_SAMPLER_HASH_SEED || !fail_closed);
        }
    sm_arena_deinit(&arena);
}

static void writes_attributes_of_log_records(void **context)
{
    (void)context;
    static const struct {
        enum sm_sampler_mode mode;
        double percentage;
        bool fail_closed, has_id;
        const char *key;
        struct sm_value value;
        const char *randomness, *threshold; /* "": none; threshold NULL: dropped */
    } rows[] = {
        {SM_SAMPLER_HASH_SEED, 100, true, true, NULL, {0}, "8a681216849d65", "0"},
        {SM_SAMPLER_HASH_SEED, 45, true, true, NULL, {0}, "", NULL},
        {SM_SAMPLER_HASH_SEED, 45, true, true, "prio", {.type = SM_VALUE_INT, .integer = 100}, "8a681216849d65", "0"},
        {SM_SAMPLER_HASH_SEED, 45, true, true, "prio", {.type = SM_VALUE_INT, .integer = 101}, "", NULL},
        {SM_SAMPLER_HASH_SEED, 100, true, true, "prio", {.type = SM_VALUE_DOUBLE, .number = 50}, "8a681216849d65", "8"},
        {SM_SAMPLER_HASH_SEED, 100, true, false, NULL, {0}, "", NULL},
        {SM_SAMPLER_HASH_SEED, 100, false, false, NULL, {0}, "", "0"},
        {SM_SAMPLER_HASH_SEED, 100, true, false, "order", {.type = SM_VALUE_BYTES, .bytes = SM_SLICE(ID)}, "8a681216849d65", "0"},
        {SM_SAMPLER_HASH_SEED, 100, true, false, "order", {.type = SM_VALUE_STRING}, "", NULL},
        {SM_SAMPLER_EQUALIZING, 50, true, true, "sampling.threshold", {.type = SM_VALUE_STRING, .string = SM_SLICE("4")}, "", "8"},
        {SM_SAMPLER_EQUALIZING, 50, true, true, "sampling.threshold", {.type = SM_VALUE_STRING, .string = SM_SLICE("f")}, "", NULL},
        {SM_SAMPLER_EQUALIZING, 50, false, true, "sampling.threshold", {.type = SM_VALUE_STRING, .string = SM_SLICE("f")}, "", "0"},
        {SM_SAMPLER_EQUALIZING, 50, false, true, "sampling.threshold", {.type = SM_VALUE_STRING, .string = SM_SLICE("zz")}, "", "zz"},
        {SM_SAMPLER_PROPORTIONAL, 50, true, true, "sampling.randomness", {.type = SM_VALUE_STRING, .string = SM_SLICE("70000000000000")}, "", NULL},
    };
    struct sm_arena arena;
    sm_arena_init(&arena);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct sm_sampler sampler = sampler_of(rows[i].mode, rows[i].percentage, rows[i].fail_closed);
        struct sm_log_record record = {
            .trace_id = rows[i].has_id ? SM_SLICE(ID) : (struct sm_slice){0},
            .attributes = attributes_of(&arena, rows[i].key, rows[i].value),
        };
        struct sm_sampler_item item;
        struct sm_value randomness = {0}, threshold = {0};
        bool is_kept = sm_sampler_take_log(&sampler, &record, &arena, &item);
        assert_int_equal(is_kept, rows[i].threshold != NULL);
        if (!is_kept)
            continue;
        sm_attributes_find(&record.attributes, SM_SLICE("sampling.randomness"), &randomness);
        sm_attributes_find(&record.attributes, SM_SLICE("sampling.threshold"), &threshold);
        if (!sm_slice_is(randomness.string, rows[i].randomness) || !sm_slice_is(threshold.string, rows[i].threshold))
            fail_msg("row %zu: '%.*s', '%.*s'", i, SM_SLICE_ARGS(randomness.string), SM_SLICE_ARGS(threshold.string));
    }
    sm_arena_deinit(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_drops_and_marks_spans),
        cmocka_unit_test(an_id_of_zeros_gives_no_randomness),
        cmocka_unit_test(writes_attributes_of_log_records),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
