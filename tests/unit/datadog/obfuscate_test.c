/* Obfuscation against what was recorded from the reference, and by span type. */
#include "datadog/recorded.h"

#include "datadog/obfuscate.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void statements_become_what_the_reference_makes_of_them(void **state)
{
    (void)state;
    json_t *root = recorded_load("obfuscation"), *item;
    size_t i;
    json_array_foreach(json_object_get(root, "sql"), i, item)
    {
        struct sm_datadog_obfuscator obfuscator = {0};
        struct sm_arena arena = SM_ARENA_INIT;
        struct sm_slice out;
        bool is_done = sm_datadog_obfuscate_sql(&obfuscator, recorded_text(item, "in"), &arena, &out, NULL);
        assert_int_equal(is_done, !json_is_true(json_object_get(item, "failed")));
        if (is_done)
            assert_slice_equal(out, recorded_text(item, "out"));
        sm_arena_deinit(&arena);
    }
    json_decref(root);
}

static void redis_commands_become_what_the_reference_makes_of_them(void **state)
{
    (void)state;
    json_t *root = recorded_load("obfuscation"), *item;
    struct sm_arena arena = SM_ARENA_INIT;
    size_t i;
    json_array_foreach(json_object_get(root, "redis"), i, item)
    {
        struct sm_slice in = recorded_text(item, "in");
        assert_slice_equal(sm_datadog_quantise_redis(in, &arena), recorded_text(item, "quantised"));
        assert_slice_equal(sm_datadog_obfuscate_redis(in, &arena), recorded_text(item, "obfuscated"));
        assert_slice_equal(sm_datadog_strip_redis(in, &arena), recorded_text(item, "all_args_removed"));
    }
    sm_arena_deinit(&arena);
    json_decref(root);
}

static void addresses_become_what_the_reference_makes_of_them(void **state)
{
    (void)state;
    const struct sm_datadog_obfuscation usual = {0}, strict = {.http = {.remove_query_string = true, .remove_paths_with_digits = true}};
    json_t *root = recorded_load("obfuscation"), *item;
    struct sm_arena arena = SM_ARENA_INIT;
    size_t i;
    json_array_foreach(json_object_get(root, "urls"), i, item)
    {
        struct sm_slice in = recorded_text(item, "in");
        assert_slice_equal(sm_datadog_obfuscate_url(&usual, in, &arena), recorded_text(item, "default"));
        assert_slice_equal(sm_datadog_obfuscate_url(&strict, in, &arena), recorded_text(item, "without_query_and_digits"));
    }
    sm_arena_deinit(&arena);
    json_decref(root);
}

/* Expected: Go 1.26's url.Parse and String. */
static void odd_addresses_are_written_as_go_writes_them(void **state)
{
    (void)state;
    static const struct {
        const char *in, *out;
    } cases[] = {
        {"HTTP://u:p@[::1]:80/a%2Fb?x#f%20", "http://[::1]:80/a%2Fb?x#f%20"},
        {"http://u@h:port/", "http://u@h:port/"}, /* no URL: as it is */
        {"http://a b/", "http://a b/"},
        {"/p q?r s", "/p%20q?r s"},
        {"mailto:x@y", "mailto:x@y"},
        {"http:/x", "http:/x"},
        {"//u:p@host/x", "//host/x"},
        {"a:b", "a:b"},
        {"1:b", "1:b"},
        {"*", "*"},
        {"http://h?", "http://h?"},
        {"http://h/%zz", "http://h/%zz"},
        {"http://h/\xc3\xa4", "http://h/%C3%A4"},
        {"http://[fe80::1%25eth0]/", "http://[fe80::1%25eth0]/"},
    };
    const struct sm_datadog_obfuscation usual = {0};
    struct sm_arena arena = SM_ARENA_INIT;
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_slice_equal(sm_datadog_obfuscate_url(&usual, sm_slice_of(cases[i].in), &arena), sm_slice_of(cases[i].out));
    sm_arena_deinit(&arena);
}

/* Cases of the reference's own tests (json_test.go, memcached_test.go). */
static void documents_keep_their_keys_and_lose_their_values(void **state)
{
    (void)state;
    static const char *kept[] = {"company_wallet_configuration_id"}, *statements[] = {"hello"};
    struct sm_datadog_obfuscator obfuscator = {
        .settings.mongodb = {.enabled = true, .keep_values = {kept, 1}, .obfuscate_sql_values = {statements, 1}},
    };
    static const struct {
        const char *in, *out;
    } cases[] = {
        {"{ \"query\": { \"multi_match\" : { \"query\" : \"guide\", \"fields\" : [\"_all\", { \"key\": \"value\" }, \"2\"] } } }",
         "{\"query\":{\"multi_match\":{\"query\":\"?\",\"fields\":[\"?\",{\"key\":\"?\"},\"?\"]}}}"},
        {"{\"index\":{}}{\"a\": -1.5e3}", "{\"index\":{}}{\"a\":\"?\"}"},
        {"{\"company_wallet_configuration_id\": 1, \"b\": true}", "{\"company_wallet_configuration_id\":1,\"b\":\"?\"}"},
        {"{\"hello\": \"SELECT * FROM t WHERE x=1\", \"b\": \"c\"}", "{\"hello\":\"SELECT * FROM t WHERE x = ?\",\"b\":\"?\"}"},
        {"{\"a\": [1, 2", "{\"a\":[\"?\",\"?\"..."},
        {"{\"a\": tru}", "{\"a\":\"?\"..."},
        {"", ""},
    };
    struct sm_arena arena = SM_ARENA_INIT;
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_slice_equal(sm_datadog_obfuscate_json(&obfuscator, &obfuscator.settings.mongodb, sm_slice_of(cases[i].in), &arena),
                           sm_slice_of(cases[i].out));
    sm_arena_deinit(&arena);
}

static void numbers_of_cards_are_known(void **state)
{
    (void)state;
    static const struct {
        const char *key, *value;
        bool is_card, is_card_by_luhn;
    } cases[] = {
        {"x", "4111 1111-1111 1111", true, true}, {"x", "4111111111111112", true, false},        {"x", "378282246310005", true, true},
        {"x", "6011000990139424", true, true},    {"x", "30569309025904", true, true},           {"x", "0111111111111111", false, false},
        {"x", "41111111111", false, false},       {"x", "41111111111111111", false, false},      {"x", "4111a11111111111", false, false},
        {"_x", "4111111111111111", false, false}, {"version", "4111111111111111", false, false},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct sm_datadog_obfuscation settings = {.credit_cards = {.enabled = true}};
        assert_int_equal(sm_datadog_is_card_number(&settings, sm_slice_of(cases[i].key), sm_slice_of(cases[i].value)), cases[i].is_card);
        settings.credit_cards.luhn = true;
        assert_int_equal(sm_datadog_is_card_number(&settings, sm_slice_of(cases[i].key), sm_slice_of(cases[i].value)), cases[i].is_card_by_luhn);
    }
}

static void memcached_commands_lose_their_values_or_go(void **state)
{
    (void)state;
    struct sm_datadog_obfuscation settings = {0};
    assert_int_equal(sm_datadog_obfuscate_memcached(&settings, SM_SLICE("set k 0 0 5\r\nvalue")).size, 0);
    settings.memcached.keep_command = true;
    assert_slice_equal(sm_datadog_obfuscate_memcached(&settings, SM_SLICE("set k 0 0 5\r\nvalue")), SM_SLICE("set k 0 0 5"));
    assert_slice_equal(sm_datadog_obfuscate_memcached(&settings, SM_SLICE(" get k ")), SM_SLICE("get k"));
}

static void a_span_is_obfuscated_by_its_type(void **state)
{
    (void)state;
    struct sm_datadog_obfuscator obfuscator = {.settings.sql.table_names = true};
    struct sm_arena arena = SM_ARENA_INIT;
    struct sm_datadog_span span = {.type = SM_SLICE("sql"), .resource = SM_SLICE("SELECT a FROM b JOIN c WHERE d='e'")};
    sm_datadog_obfuscate_span(&obfuscator, &span, &arena);
    assert_slice_equal(span.resource, SM_SLICE("SELECT a FROM b JOIN c WHERE d = ?"));
    assert_slice_equal(sm_datadog_map_text(&span.meta, SM_SLICE("sql.query")), span.resource);
    assert_slice_equal(sm_datadog_map_text(&span.meta, SM_SLICE("sql.tables")), SM_SLICE("b,c"));
    span = (struct sm_datadog_span){.type = SM_SLICE("cassandra"), .resource = SM_SLICE("SELECT 'open")};
    sm_datadog_obfuscate_span(&obfuscator, &span, &arena);
    assert_slice_equal(span.resource, SM_SLICE("Non-parsable SQL query"));
    span = (struct sm_datadog_span){.type = SM_SLICE("custom"), .resource = SM_SLICE("SELECT 'x'")};
    sm_datadog_obfuscate_span(&obfuscator, &span, &arena);
    assert_slice_equal(span.resource, SM_SLICE("SELECT 'x'"));
    sm_arena_deinit(&arena);
}

static void escapes_are_learned_from_a_statement_that_needs_them_literal(void **state)
{
    (void)state;
    struct sm_datadog_obfuscator obfuscator = {0};
    struct sm_arena arena = SM_ARENA_INIT;
    struct sm_slice out;
    assert_true(sm_datadog_obfuscate_sql(&obfuscator, SM_SLICE("SELECT 'a\\' FROM t"), &arena, &out, NULL));
    assert_slice_equal(out, SM_SLICE("SELECT ? FROM t"));
    assert_true(atomic_load(&obfuscator.has_literal_escapes));
    sm_arena_deinit(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(statements_become_what_the_reference_makes_of_them),
        cmocka_unit_test(redis_commands_become_what_the_reference_makes_of_them),
        cmocka_unit_test(addresses_become_what_the_reference_makes_of_them),
        cmocka_unit_test(odd_addresses_are_written_as_go_writes_them),
        cmocka_unit_test(documents_keep_their_keys_and_lose_their_values),
        cmocka_unit_test(numbers_of_cards_are_known),
        cmocka_unit_test(memcached_commands_lose_their_values_or_go),
        cmocka_unit_test(a_span_is_obfuscated_by_its_type),
        cmocka_unit_test(escapes_are_learned_from_a_statement_that_needs_them_literal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
