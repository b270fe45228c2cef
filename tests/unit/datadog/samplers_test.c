#include "datadog/recorded.h"

#include <math.h>
#include <stdlib.h>

#include "base/clock.h"
#include "datadog/sampling.h"
#include "processors/probabilistic_sampler/items.h"
#include "telemetry/span.h"

enum { SEEDED_IDS = 100000 };

static uint64_t hex(struct sm_slice text)
{
    char digits[17] = {0};
    memcpy(digits, text.ptr, text.size < 16 ? text.size : 16);
    return strtoull(digits, NULL, 16);
}

static void assert_close(double got, double expected)
{
    if (fabs(got - expected) > 1e-12 * fabs(expected))
        fail_msg("got %.17g, expected %.17g", got, expected);
}

static void keeps_by_rate_what_the_reference_keeps(void **state)
{
    (void)state;
    json_t *root = recorded_load("sample_by_rate"), *row, *ids = json_object_get(root, "trace_ids");
    size_t index;
    json_array_foreach(json_object_get(root, "cases"), index, row)
    {
        const char *keep = json_string_value(json_object_get(row, "keep"));
        double rate = json_number_value(json_object_get(row, "rate"));
        for (size_t i = 0; i < json_array_size(ids); i++)
            assert_int_equal(sm_datadog_is_sampled(hex(sm_slice_of(json_string_value(json_array_get(ids, i)))), rate), keep[i] == '1');
    }
    json_decref(root);
}

static bool keeps_id(const json_t *row, const char *id, struct sm_arena *arena, double *rate)
{
    const char *mode = json_string_value(json_object_get(row, "mode"));
    const struct sm_datadog_probabilistic sampler = {
        .is_enabled = true,
        .percentage = (float)json_number_value(json_object_get(row, "sampling_percentage")),
        .seed = (uint32_t)recorded_int(row, "hash_seed"),
        .takes_full_id = strcmp(mode, "low64") != 0,
    };
    struct sm_slice text = sm_slice_of(id), high = sm_slice_make(id, 16);
    struct sm_datadog_span span = {.trace_id = hex(sm_slice_make(id + 16, 16))};
    if (strcmp(mode, "full_otel_trace_id") == 0)
        sm_datadog_map_set_text(&span.meta, arena, SM_SLICE("otel.trace_id"), text);
    if (strcmp(mode, "full_dd_p_tid") == 0 && hex(high) != 0)
        sm_datadog_map_set_text(&span.meta, arena, SM_SLICE("_dd.p.tid"), high);
    bool is_kept = sm_datadog_probabilistic_keeps(&sampler, &span, arena);
    *rate = sm_datadog_map_number(&span.metrics, SM_SLICE("_dd.prob_sr"), -1);
    return is_kept;
}

/* What tracers may write into _sample_rate. The IDs times 1111111111111111111 are 0x0f6b75ab2bc471c7 and 0x8ac7230489e7ffff; a negative rate times
 * 2^64 is, as a uint64 of Go's on amd64, 2^63 or counted from 2^64 down. */
static void rates_that_are_none_decide_as_in_go(void **state)
{
    (void)state;
    static const struct {
        double rate;
        bool keeps_1, keeps_9;
    } rows[] = {{NAN, true, true},   {INFINITY, true, true}, {-1, true, false},   {-INFINITY, true, false},
                {-0.25, true, true}, {0, false, false},      {-0.0, false, false}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(sm_datadog_is_sampled(1, rows[i].rate), rows[i].keeps_1);
        assert_int_equal(sm_datadog_is_sampled(9, rows[i].rate), rows[i].keeps_9);
    }
}

static void keeps_by_hash_what_the_reference_keeps(void **state)
{
    (void)state;
    json_t *root = recorded_load("probabilistic_sampler"), *row, *ids = json_object_get(root, "trace_ids");
    size_t index;
    json_array_foreach(json_object_get(root, "cases"), index, row)
    {
        const char *keep = json_string_value(json_object_get(row, "keep"));
        for (size_t i = 0; i < json_array_size(ids); i++) {
            struct sm_arena arena = SM_ARENA_INIT;
            double rate;
            assert_int_equal(keeps_id(row, json_string_value(json_array_get(ids, i)), &arena, &rate), keep[i] == '1');
            if (keep[i] == '1')
                assert_close(rate, json_number_value(json_object_get(row, "_dd.prob_sr")));
            sm_arena_deinit(&arena);
        }
    }
    json_decref(root);
}

static void counts_errors_as_the_reference(void **state)
{
    (void)state;
    json_t *root = recorded_load("error_sampler"), *step, *trace;
    struct sm_datadog_sampling sampling;
    size_t s, t;
    sm_datadog_sampling_init(&sampling, 10, (double)recorded_int(root, "errors_per_second"), SM_SLICE("none"));
    json_array_foreach(json_object_get(root, "steps"), s, step)
    {
        json_array_foreach(json_object_get(step, "traces"), t, trace)
        {
            struct sm_arena arena = SM_ARENA_INIT;
            static const char *const services[] = {"s0", "s1", "s2"}, *const resources[] = {"r0", "r1", "r0"};
            int64_t kind = recorded_int(trace, "kind");
            struct sm_datadog_span span = {.service = sm_slice_of(services[kind]),
                                           .resource = sm_slice_of(resources[kind]),
                                           .name = SM_SLICE("op"),
                                           .trace_id = hex(recorded_text(trace, "trace_id")),
                                           .error = 1};
            struct sm_datadog_chunk chunk = {.priority = 0, .spans = &span, .count = 1};
            if (kind == 1)
                sm_datadog_map_set_text(&span.meta, &arena, SM_SLICE("http.status_code"), SM_SLICE("500"));
            if (kind == 2)
                sm_datadog_map_set_text(&span.meta, &arena, SM_SLICE("error.type"), SM_SLICE("Boom"));
            uint64_t now_ns = (uint64_t)recorded_int(step, "unix_time") * SM_NS_PER_S;
            bool is_kept = sm_datadog_sample(&sampling, now_ns, SM_SLICE("prod"), &chunk, &span, &arena);
            assert_int_equal(is_kept, json_is_true(json_object_get(trace, "keep")));
            if (is_kept)
                assert_close(sm_datadog_map_number(&span.metrics, SM_SLICE("_dd.errors_sr"), -1),
                             json_number_value(json_object_get(trace, "_dd.errors_sr")));
            sm_arena_deinit(&arena);
        }
    }
    sm_datadog_sampling_deinit(&sampling);
    json_decref(root);
}

static void fill_span(struct sm_datadog_span *span, json_t *from, struct sm_arena *arena)
{
    const char *key;
    json_t *value;
    *span = (struct sm_datadog_span){.service = recorded_text(from, "service"),
                                     .resource = recorded_text(from, "resource"),
                                     .type = recorded_text(from, "type"),
                                     .name = SM_SLICE("op"),
                                     .error = (int32_t)recorded_int(from, "error")};
    json_object_foreach(json_object_get(from, "meta"), key, value)
        sm_datadog_map_set_text(&span->meta, arena, sm_slice_of(key), sm_slice_of(json_string_value(value)));
    json_object_foreach(json_object_get(from, "metrics"), key, value)
        sm_datadog_map_set_number(&span->metrics, arena, sm_slice_of(key), json_number_value(value));
}

static void finds_rare_what_the_reference_finds_rare(void **state)
{
    (void)state;
    json_t *root = recorded_load("rare_sampler"), *row;
    const struct sm_datadog_rare_options options = {.per_s = 5, .cooldown_ns = 300 * SM_NS_PER_S, .cardinality = 200};
    struct sm_datadog_rare_sampler *sampler = sm_datadog_rare_sampler_create(&options);
    size_t r;
    json_array_foreach(json_object_get(root, "rows"), r, row)
    {
        struct sm_arena arena = SM_ARENA_INIT;
        json_t *spans = json_object_get(row, "spans"), *marked = json_object_get(row, "marked_rare");
        struct sm_datadog_chunk chunk = {.count = json_array_size(spans)};
        chunk.spans = sm_arena_zalloc(&arena, chunk.count, sizeof(*chunk.spans));
        for (size_t i = 0; i < chunk.count; i++)
            fill_span(&chunk.spans[i], json_array_get(spans, i), &arena);
        uint64_t now_ns = (uint64_t)recorded_int(row, "unix_time") * SM_NS_PER_S;
        assert_int_equal(sm_datadog_rare_sampler_keeps(sampler, now_ns, recorded_text(row, "env"), &chunk, &arena),
                         json_is_true(json_object_get(row, "keep")));
        for (size_t i = 0, m = 0; i < chunk.count; i++) {
            bool is_marked = m < json_array_size(marked) && (size_t)json_integer_value(json_array_get(marked, m)) == i;
            m += is_marked;
            assert_int_equal(sm_datadog_map_number(&chunk.spans[i].metrics, SM_SLICE("_dd.rare"), 0) == 1, is_marked);
        }
        sm_arena_deinit(&arena);
    }
    sm_datadog_rare_sampler_free(sampler);
    json_decref(root);
}

static void receive(struct sm_datadog_sampling *sampling, const json_t *received, uint64_t now_ns)
{
    double weight = json_number_value(json_object_get(received, "dropped_weight_each"));
    double rate = json_number_value(json_object_get(received, "sample_rate_metric"));
    for (int64_t i = 0; i < recorded_int(received, "traces"); i++) {
        struct sm_arena arena = SM_ARENA_INIT;
        struct sm_datadog_span span = {.service = recorded_text(received, "service"), .trace_id = (uint64_t)i + 1, .span_id = 1};
        struct sm_datadog_chunk chunk = {.priority = 1, .spans = &span, .count = 1, .client_dropped = weight};
        if (rate > 0)
            sm_datadog_map_set_number(&span.metrics, &arena, SM_SLICE("_sample_rate"), rate);
        assert_true(sm_datadog_sample(sampling, now_ns, recorded_text(received, "env"), &chunk, &span, &arena));
        char text[64];
        const json_t *applied = json_object_get(received, "applied_rates");
        double own = sm_datadog_map_number(&span.metrics, SM_SLICE("_sampling_priority_rate_v1"), -1);
        bool is_known = json_object_size(applied) == 0;
        const char *key;
        json_t *value;
        json_object_foreach((json_t *)applied, key, value) is_known |= fabs(strtod(key, NULL) - own) < 1e-12;
        snprintf(text, sizeof(text), "%.17g", own);
        if (!is_known)
            fail_msg("rate %s was not applied by the reference", text);
        sm_arena_deinit(&arena);
    }
}

static void answers_the_rates_that_the_reference_answers(void **state)
{
    (void)state;
    json_t *root = recorded_load("priority_rates"), *step, *received;
    struct sm_datadog_sampling sampling;
    struct sm_slice env = recorded_text(root, "agent_env");
    size_t s, r;
    sm_datadog_sampling_init(&sampling, (double)recorded_int(root, "target_traces_per_second"), 0, env);
    sampling.service_rates = sm_datadog_service_rates_create(env);
    json_array_foreach(json_object_get(root, "steps"), s, step)
    {
        json_array_foreach(json_object_get(step, "received"), r, received)
            receive(&sampling, received, (uint64_t)recorded_int(step, "unix_time") * SM_NS_PER_S);
        struct sm_bytes answer = {0}, again = {0};
        char version[SM_DATADOG_RATES_VERSION_SIZE];
        sm_datadog_service_rates_answer(sampling.service_rates, (struct sm_slice){0}, &answer, version);
        sm_datadog_service_rates_answer(sampling.service_rates, sm_slice_of(version), &again, NULL);
        if (*version)
            assert_slice_equal(sm_bytes_slice(&again), SM_SLICE("{}"));
        json_t *got = json_loadb(answer.ptr, answer.size, 0, NULL), *rates = json_object_get(got, "rate_by_service");
        json_t *expected = json_object_get(step, "rates_after"), *value;
        const char *key;
        assert_int_equal(json_object_size(rates), json_object_size(expected));
        json_object_foreach(expected, key, value) assert_close(json_number_value(json_object_get(rates, key)), json_number_value(value));
        json_decref(got);
        sm_bytes_deinit(&answer);
        sm_bytes_deinit(&again);
    }
    sm_datadog_sampling_deinit(&sampling);
    json_decref(root);
}

static void signs_services_as_the_reference(void **state)
{
    (void)state;
    json_t *root = recorded_load("service_keys"), *row;
    size_t index;
    json_array_foreach(json_object_get(root, "rows"), index, row)
        assert_int_equal(sm_datadog_service_signature(recorded_text(row, "service"), recorded_text(row, "env")), recorded_int(row, "hash"));
    json_decref(root);
}

/* The Collector's processor. */
static bool collector_keeps(const struct sm_sampler *sampler, const uint8_t id[16], struct sm_arena *arena)
{
    struct sm_span span = {.trace_id = sm_slice_make(id, 16)};
    struct sm_sampler_item item;
    return sm_sampler_take_span(sampler, &span, arena, &item);
}

static void decides_over_whole_ids_as_the_collectors_processor_with_the_same_seed(void **state)
{
    (void)state;
    const struct sm_datadog_probabilistic sampler = {.is_enabled = true, .percentage = 20, .seed = 22, .takes_full_id = true};
    const struct sm_sampler_options options = {
        .sampling_percentage = 20, .hash_seed = 22, .mode = SM_SAMPLER_HASH_SEED, .fail_closed = true, .sampling_precision = 4};
    struct sm_sampler collector;
    sm_sampler_init(&collector, &options);
    uint64_t random = 88172645463325252u;
    size_t kept = 0;
    for (int n = 0; n < SEEDED_IDS; n++) {
        struct sm_arena arena = SM_ARENA_INIT;
        uint64_t halves[2];
        uint8_t id[16];
        char high[17];
        for (int h = 0; h < 2; h++) {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            halves[h] = random;
            for (int i = 0; i < 8; i++)
                id[8 * h + i] = (uint8_t)(random >> (56 - 8 * i));
        }
        snprintf(high, sizeof(high), "%016llx", (unsigned long long)halves[0]);
        struct sm_datadog_span span = {.trace_id = halves[1]};
        sm_datadog_map_set_text(&span.meta, &arena, SM_SLICE("_dd.p.tid"), sm_slice_of(high));
        bool is_kept = sm_datadog_probabilistic_keeps(&sampler, &span, &arena);
        assert_int_equal(is_kept, collector_keeps(&collector, id, &arena));
        kept += is_kept;
        sm_arena_deinit(&arena);
    }
    assert_in_range(kept, SEEDED_IDS * 19 / 100, SEEDED_IDS * 21 / 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_by_rate_what_the_reference_keeps),
        cmocka_unit_test(rates_that_are_none_decide_as_in_go),
        cmocka_unit_test(keeps_by_hash_what_the_reference_keeps),
        cmocka_unit_test(counts_errors_as_the_reference),
        cmocka_unit_test(finds_rare_what_the_reference_finds_rare),
        cmocka_unit_test(answers_the_rates_that_the_reference_answers),
        cmocka_unit_test(signs_services_as_the_reference),
        cmocka_unit_test(decides_over_whole_ids_as_the_collectors_processor_with_the_same_seed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
