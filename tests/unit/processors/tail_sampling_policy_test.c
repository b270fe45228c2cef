/* Single policies, and what of their options is refused. */
#include "processors/tail_sampling/policy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "processors/tail_sampling/trace_state.h"

static struct sm_tail_plan *make_plan(const struct sm_tail_policy_options *policy, struct sm_error *error)
{
    struct sm_tail_policy_options copy = *policy;
    const struct sm_tail_options options = {.policies = {.items = &copy, .count = 1}};
    return sm_tail_plan_create(&options, NULL, error);
}

static enum sm_tail_decision decide(struct sm_tail_plan *plan, struct sm_tail_view *view)
{
    enum sm_tail_decision decision = sm_tail_policy_decide(&plan->policies[0], view);
    sm_tail_view_deinit(view);
    return decision;
}

/* ---- by trace ID */

static const uint8_t trace_id[16] = {0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff};

static void a_share_is_taken_by_the_hash_of_salt_and_trace_id(void **state)
{
    (void)state;
    /* The hash is 830bca4941bed30d, with the salt "pepper" 6731a5fc1ee23ee9. */
    static const struct {
        const char *salt;
        double percent;
        bool is_sampled;
    } rows[] = {
        {"", 51.1898, false},
        {"", 51.1899, true},
        {"default-hash-seed", 51.1899, true},
        {"pepper", 40.3101, false},
        {"pepper", 40.3102, true},
        {"", 100, true},
        {"", 250, true},
        {"", 0, false},
        {"", -5, false},
        {"pepper", 1e-300, false},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct sm_tail_policy_options policy = {
            .name = "p", .type = "probabilistic", .probabilistic = {.hash_salt = rows[i].salt, .sampling_percentage = rows[i].percent}};
        struct sm_tail_plan *plan = make_plan(&policy, NULL);
        struct sm_tail_view view = {.trace_id = trace_id};
        assert_int_equal(decide(plan, &view), rows[i].is_sampled ? SM_TAIL_SAMPLED : SM_TAIL_NOT_SAMPLED);
        sm_tail_plan_free(plan);
    }
}

/* ---- by time */

static void a_bucket_starts_full_and_fills_with_time(void **state)
{
    (void)state;
    static const struct {
        uint64_t at_ms, spans;
        bool is_sampled;
    } steps[] = {
        {0, 21, false}, /* more than the bucket ever holds */
        {0, 20, true},  /* all of it */
        {50, 1, false}, /* half a span has come */
        {100, 1, true},      {1000, 10, false},  {1000, 9, true},
        {100000, 21, false}, {100000, 20, true}, {90000, 1, false}, /* a clock that runs backwards brings nothing */
    };
    const struct sm_tail_policy_options policy = {.name = "p", .type = "rate_limiting", .rate_limiting = {.spans_per_second = 10}};
    struct sm_tail_plan *plan = make_plan(&policy, NULL);
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        struct sm_tail_view view = {.span_count = steps[i].spans, .mono_ns = SM_NS_PER_S + steps[i].at_ms * SM_NS_PER_MS};
        assert_int_equal(decide(plan, &view), steps[i].is_sampled ? SM_TAIL_SAMPLED : SM_TAIL_NOT_SAMPLED);
    }
    sm_tail_plan_free(plan);
}

static void shares_of_a_composite_begin_anew_every_second(void **state)
{
    (void)state;
    struct sm_tail_policy_options subs[] = {{.name = "many", .type = "span_count", .span_count.min_spans = 5},
                                            {.name = "rest", .type = "always_sample"}};
    struct sm_tail_share_options shares[] = {{.policy = "many", .percent = 50}, {.policy = "rest", .percent = 0}};
    struct sm_tail_policy_options policy = {.name = "p", .type = "composite"};
    policy.composite = (struct sm_tail_composite_options){
        .max_total_spans_per_second = 20, .composite_sub_policy = {.items = subs, .count = 2}, .rate_allocation = {.items = shares, .count = 2}};
    static const struct {
        uint64_t second, spans;
        bool is_sampled;
    } steps[] = {{7, 6, true}, {7, 6, false}, {7, 4, true}, {7, 3, true}, {7, 4, false},
                 {7, 3, true}, {8, 6, true},  {7, 6, true}, {7, 6, false}}; /* the clock is set back: the second that comes again is another one */
    struct sm_tail_plan *plan = make_plan(&policy, NULL);
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        struct sm_tail_view view = {.span_count = steps[i].spans, .wall_ns = steps[i].second * SM_NS_PER_S};
        assert_int_equal(decide(plan, &view), steps[i].is_sampled ? SM_TAIL_SAMPLED : SM_TAIL_NOT_SAMPLED);
    }
    sm_tail_plan_free(plan);
}

/* ---- trace states */

static void a_trace_state_must_be_valid_as_a_whole(void **state)
{
    (void)state;
    static const struct {
        const char *text, *value; /* of the key "vendor"; NULL: none */
    } rows[] = {
        {"vendor=a", "a"},
        {"x=1, vendor=a b \t,y=2", "a b"},
        {",,vendor=a,", "a"},
        {"t@v=1,vendor=a", "a"},
        {"", NULL},
        {"vendor=", NULL},
        {"vendor", NULL},
        {"vendor=a=b", NULL},
        {"Vendor=a", NULL},
        {"vendor=a,vendor=b", NULL},
        {"vendor=a,Bad=1", NULL},
        {"vendor =a", NULL},
        {"vendor=a,1x=2", NULL},
        {"vendor=a,1@x=2", "a"},
        {"vendor=a, ", NULL},
        {"vendor=a,x@1=2", NULL},
        {"vendor= a", " a"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct sm_slice value;
        bool is_found = sm_tail_trace_state_find(sm_slice_of(rows[i].text), SM_SLICE("vendor"), &value);
        if (is_found != (rows[i].value != NULL) || (is_found && !sm_slice_is(value, rows[i].value)))
            fail_msg("\"%s\"", rows[i].text);
    }
}

/* ---- what is refused */

static void wrong_options_are_refused_by_name(void **state)
{
    (void)state;
    static const char *const bad_code[] = {"error"}, *const bad_regex[] = {"a("}, *const bad_condition[] = {"attributes["};
    static struct sm_tail_policy_options nested = {.name = "n", .type = "and"};
#define TEXTS(list)                                                                                                                                  \
    {                                                                                                                                                \
        .items = (const char **)(uintptr_t)(list), .count = 1                                                                                        \
    }
    const struct {
        struct sm_tail_policy_options policy;
        const char *error;
    } rows[] = {
        {{.name = "", .type = "always_sample"}, "policy name cannot be empty"},
        {{.name = "p", .type = "random"}, "failed to create policy evaluator for \"p\": unknown sampling policy type random"},
        {{.name = "p", .type = "status_code"}, "expected at least one status code to filter on"},
        {{.name = "p", .type = "status_code", .status_code.status_codes = TEXTS(bad_code)}, "unknown status code \"error\""},
        {{.name = "p", .type = "string_attribute", .string_attribute = {.key = "k", .values = TEXTS(bad_regex), .enabled_regex_matching = true}},
         "invalid regex `a(`: error parsing regexp: missing closing ): `a(`"},
        {{.name = "p", .type = "numeric_attribute", .numeric_attribute.key = "k"}, "at least one of min_value and max_value"},
        {{.name = "p", .type = "ottl_condition", .ottl_condition.error_mode = ""}, "expected at least one OTTL condition to filter on"},
        {{.name = "p", .type = "ottl_condition", .ottl_condition = {.error_mode = "", .span = TEXTS(bad_condition)}}, "is not valid"},
        {{.name = "p", .type = "and", .and.and_sub_policy = {.items = &nested, .count = 1}}, "unknown sampling policy type and"},
        {{.name = "p", .type = "drop", .drop.drop_sub_policy = {.items = &nested, .count = 1}}, "unknown sampling policy type and"},
        {{.name = "p", .type = "not", .not .not_sub_policy = &nested}, "unknown sampling policy type and"},
        {{.name = "p", .type = "not"}, "unknown sampling policy type"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct sm_error error = {0};
        assert_null(make_plan(&rows[i].policy, &error));
        if (!strstr(error.text, rows[i].error))
            fail_msg("\"%s\" does not say \"%s\"", error.text, rows[i].error);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_share_is_taken_by_the_hash_of_salt_and_trace_id),
        cmocka_unit_test(a_bucket_starts_full_and_fills_with_time),
        cmocka_unit_test(shares_of_a_composite_begin_anew_every_second),
        cmocka_unit_test(a_trace_state_must_be_valid_as_a_whole),
        cmocka_unit_test(wrong_options_are_refused_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
