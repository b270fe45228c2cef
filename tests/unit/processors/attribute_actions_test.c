/* Lists of actions, as a configuration has them, on the attributes of one log record. */
#include "processors/attribute_actions.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "config/diags.h"
#include "config/load.h"
#include "telemetry/batch.h"
#include "telemetry/log_record.h"
#include "telemetry/metadata.h"
#include "telemetry/otlp.h"

#define RECORD                                                                                                                                       \
    "{\"resourceLogs\":[{\"scopeLogs\":[{\"logRecords\":[{\"attributes\":["                                                                          \
    "{\"key\":\"s\",\"value\":{\"stringValue\":\"ab-12\"}},{\"key\":\"n\",\"value\":{\"intValue\":\"7\"}},"                                          \
    "{\"key\":\"d\",\"value\":{\"doubleValue\":1.5}},{\"key\":\"t\",\"value\":{\"stringValue\":\"1_000\"}},"                                         \
    "{\"key\":\"x.y\",\"value\":{\"boolValue\":true}}]}]}]}]}"

static struct sm_attribute_actions *make(const char *yaml, struct sm_arena *arena, char message[static 256])
{
    char uri[1024];
    snprintf(uri, sizeof(uri), "yaml:{actions: %s}", yaml);
    const char *uris[] = {uri};
    struct sm_load_options load = {.uris = uris, .uri_count = 1};
    struct options {
        struct sm_table_list actions;
    } options;
    const struct sm_option table[] = {
        SM_OPTION_TABLE_LIST(struct options, actions, struct sm_attribute_action_options, sm_attribute_action_table),
        SM_OPTION_END,
    };
    struct sm_diags *diags = sm_diags_create();
    const struct sm_node *root = sm_load(&load, arena, diags);
    assert_non_null(root);
    assert_true(sm_options_decode(table, &options, sizeof(options), root, "processors::attributes", arena, diags));
    sm_diags_free(diags);
    return sm_attribute_actions_create(&options.actions, message);
}

static struct sm_batch *make_batch(void)
{
    struct sm_decode_error why;
    struct sm_batch *batch = sm_otlp_decode_json(SM_LOGS, SM_SLICE(RECORD), &why);
    assert_non_null(batch);
    batch->metadata = sm_metadata_create();
    sm_metadata_add(batch->metadata, SM_SLICE("X-Tenant"), SM_SLICE("a"));
    sm_metadata_add(batch->metadata, SM_SLICE("x-tenant"), SM_SLICE("b"));
    sm_batch_set_client(batch, "192.0.2.9:4711");
    return batch;
}

static void changes_attributes_as_the_list_says(void **state)
{
    (void)state;
    static const struct {
        const char *actions, *expected; /* NULL: nothing changed */
    } cases[] = {
        {"[{key: new, value: 5, action: insert}]", "{\"d\":1.5,\"n\":7,\"new\":5,\"s\":\"ab-12\",\"t\":\"1_000\",\"x.y\":true}"},
        {"[{key: n, value: 5, action: insert}]", NULL},
        {"[{key: none, value: 5, action: update}]", NULL},
        {"[{key: n, from_attribute: d, action: UPSERT}]", "{\"d\":1.5,\"n\":1.5,\"s\":\"ab-12\",\"t\":\"1_000\",\"x.y\":true}"},
        {"[{key: n, from_attribute: none, action: upsert}]", NULL},
        {"[{key: n, from_attribute: none, default_value: z, action: upsert}]",
         "{\"d\":1.5,\"n\":\"z\",\"s\":\"ab-12\",\"t\":\"1_000\",\"x.y\":true}"},
        {"[{pattern: '^[sntd]$', action: delete}]", "{\"x.y\":true}"},
        {"[{key: n, pattern: '^[sdt]$', action: delete}]", "{\"x.y\":true}"},
        {"[{pattern: '^[sntd]$', action: delete}, {key: c, from_context: client.address, action: insert}]", "{\"c\":\"192.0.2.9\",\"x.y\":true}"},
        {"[{pattern: '^[sntd]$', action: delete}, {key: m, from_context: metadata.x-tenant, action: insert}]", "{\"m\":\"a;b\",\"x.y\":true}"},
        {"[{key: m, from_context: auth.x-tenant, action: insert}]", NULL},
        {"[{pattern: '^[ntd]$', action: delete}, {key: s, pattern: '^(?P<a>[a-z]+)-(?P<b>.)', action: extract}]",
         "{\"a\":\"ab\",\"b\":\"1\",\"s\":\"ab-12\",\"x.y\":true}"},
        {"[{key: n, pattern: '(?P<a>7)', action: extract}]", NULL},
        {"[{pattern: '^[snd]$', action: delete}, {key: t, converted_type: double, action: convert}]", "{\"t\":1000,\"x.y\":true}"},
        {"[{key: t, converted_type: int, action: convert}]", NULL},
        {"[{pattern: '^[snt]$', action: delete}, {key: d, converted_type: int, action: convert}]", "{\"d\":1,\"x.y\":true}"},
        {"[{pattern: '^[sntd]$', action: delete}, {key: x.y, converted_type: string, action: convert}]", "{\"x.y\":\"true\"}"},
        {"[{pattern: '^[sntd]$', action: delete}, {key: x.y, action: hash}]",
         "{\"x.y\":\"4bf5122f344554c53bde2ebb8cd2b7e3d1600ad631c385a5d7cce23c7785459a\"}"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct sm_arena arena = {0};
        char message[256];
        struct sm_batch *batch = make_batch();
        struct sm_attributes *attributes = &batch->groups[0].scopes[0].log_records[0].attributes;
        struct sm_attribute_actions *actions = make(cases[i].actions, &arena, message);
        assert_non_null(actions);
        assert_int_equal(sm_attribute_actions_apply(actions, attributes, batch, &batch->arena), cases[i].expected != NULL);
        struct sm_value whole = {.type = SM_VALUE_MAP, .map = sm_attributes_map(attributes, &batch->arena)};
        if (cases[i].expected)
            assert_string_equal(sm_arena_strdup(&arena, sm_value_to_string(&whole, &batch->arena)), cases[i].expected);
        sm_attribute_actions_free(actions);
        sm_batch_release(batch);
        sm_arena_deinit(&arena);
    }
}

static void refuses_what_does_not_go_together(void **state)
{
    (void)state;
    static const struct {
        const char *actions, *message; /* a part of it */
    } cases[] = {
        {"[{key: a}]", "unsupported action \"\""},
        {"[{key: a, action: insert}]", "must be specified"},
        {"[{key: a, value: 1, from_attribute: b, action: insert}]", "multiple value sources"},
        {"[{key: a, value: 1, pattern: x, action: insert}]", "\"pattern\""},
        {"[{value: 1, action: insert}]", "\"key\""},
        {"[{action: delete}]", "\"pattern\""},
        {"[{key: a, value: 1, action: delete}]", "\"value\""},
        {"[{key: a, action: extract}]", "\"pattern\""},
        {"[{key: a, pattern: 'x', action: extract}]", "no named matcher groups"},
        {"[{key: a, pattern: '(?P<a>.)(x)', action: extract}]", "unnamed matcher group"},
        {"[{key: a, pattern: '(?=x)(?P<a>.)', action: extract}]", "invalid pattern"},
        {"[{key: a, converted_type: bool, action: convert}]", "\"converted_type\""},
        {"[{key: a, value: 1, action: insert}, {key: b, action: hush}]", "(1-th action): error creating AttrProc due to unsupported action \"hush\""},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct sm_arena arena = {0};
        char message[256] = "";
        assert_null(make(cases[i].actions, &arena, message));
        if (!strstr(message, cases[i].message))
            print_error("%s: %s\n", cases[i].actions, message);
        assert_non_null(strstr(message, cases[i].message));
        sm_arena_deinit(&arena);
    }
}

static void takes_the_address_from_the_peer(void **state)
{
    (void)state;
    static const struct {
        const char *peer, *client;
    } cases[] = {{"192.0.2.1:80", "192.0.2.1"}, {"[2001:db8::1]:80", "2001:db8::1"}, {"unix", ""}, {"", ""}};
    struct sm_batch *batch = sm_batch_create(SM_LOGS), *other = sm_batch_create(SM_LOGS);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        sm_batch_set_client(batch, cases[i].peer);
        sm_batch_share_client(batch, other);
        assert_string_equal(other->client, cases[i].client);
    }
    sm_batch_release(batch);
    sm_batch_release(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(changes_attributes_as_the_list_says),
        cmocka_unit_test(refuses_what_does_not_go_together),
        cmocka_unit_test(takes_the_address_from_the_peer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
