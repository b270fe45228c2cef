#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "config/option.h"
#include "datadog/peer_tags.h"

/* Expected values: the reference's obfuscate.QuantizePeerIPAddresses, run with these inputs. */
static void replaces_addresses_and_keeps_ports(void **state)
{
    (void)state;
    static const struct {
        const char *value, *expected;
    } rows[] = {
#include "datadog/peer_addresses.inc"
    };
    struct sm_arena arena = SM_ARENA_INIT;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct sm_slice got = sm_peer_tag_value(sm_slice_of(rows[i].value), &arena);
        if (!sm_slice_is(got, rows[i].expected))
            fail_msg("\"%s\": got \"%.*s\", expected \"%s\"", rows[i].value, SM_SLICE_ARGS(got), rows[i].expected);
    }
    sm_arena_deinit(&arena);
}

static void lists_every_key_once_in_order(void **state)
{
    (void)state;
    const char *items[] = {"zz", "peer.service", "aa"};
    const struct sm_string_list more = {.items = items, .count = 3};
    struct sm_arena arena = SM_ARENA_INIT;
    struct sm_stats_texts own = sm_peer_tag_keys(NULL, &arena), keys = sm_peer_tag_keys(&more, &arena);
    assert_int_equal(keys.count, own.count + 2);
    for (size_t i = 1; i < keys.count; i++)
        assert_true(sm_slice_compare(keys.items[i - 1], keys.items[i]) < 0);
    assert_true(sm_slice_is(keys.items[0], SM_PEER_BASE_SERVICE) && sm_slice_is(keys.items[keys.count - 1], "zz"));
    sm_arena_deinit(&arena);
}

static void gives_peer_tags_to_those_that_call_others(void **state)
{
    (void)state;
    assert_int_equal(sm_peer_tags_wanted(SM_SLICE("Client"), false), SM_PEER_TAGS_ALL);
    assert_int_equal(sm_peer_tags_wanted(SM_SLICE("consumer"), true), SM_PEER_TAGS_ALL);
    assert_int_equal(sm_peer_tags_wanted(SM_SLICE("server"), true), SM_PEER_TAGS_NONE);
    assert_int_equal(sm_peer_tags_wanted(SM_SLICE("unspecified"), true), SM_PEER_TAGS_NONE);
    assert_int_equal(sm_peer_tags_wanted(SM_SLICE(""), true), SM_PEER_TAGS_BASE_SERVICE);
    assert_int_equal(sm_peer_tags_wanted(SM_SLICE("internal"), false), SM_PEER_TAGS_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(replaces_addresses_and_keeps_ports),
        cmocka_unit_test(lists_every_key_once_in_order),
        cmocka_unit_test(gives_peer_tags_to_those_that_call_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
