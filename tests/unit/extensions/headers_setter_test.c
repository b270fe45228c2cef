/* Authenticators behind each other: who signs, and what cannot be. */
#include "service/run_pipeline.h"

#include "pipeline/auth.h"

#define SETTER(name, next) "  headers_setter/" name ": {additional_auth: " next ", headers: [{action: upsert, key: X-" name ", value: " name "}]}\n"
#define SERVICE(extensions)                                                                                                                          \
    "service:\n  extensions: [" extensions "]\n  telemetry: {metrics: {level: none}}\n"                                                              \
    "  pipelines: {traces: {receivers: [source], exporters: [sink]}}\n"

/* Whether `id` could sign requests to a next hop; the names of the headers it sets, or why not, in `text`. */
static bool open_authenticator(const char *yaml, const char *id, struct sm_bytes *text)
{
    struct pipeline_run run = begin_pipeline(yaml);
    struct sm_arena arena = SM_ARENA_INIT;
    struct sm_auth auth;
    struct sm_error error = {0};
    struct sm_auth_headers headers = {.arena = &arena};
    bool is_open = sm_auth_open(&auth, run.source, &id, SM_AUTH_HTTP_CLIENT, &error) && auth.type->sign(auth.extension, NULL, &headers, &error);
    for (size_t i = 0; i < headers.count; i++)
        sm_bytes_printf(text, "%.*s ", SM_SLICE_ARGS(headers.items[i].name));
    if (!is_open)
        sm_bytes_append_text(text, error.text);
    sm_arena_deinit(&arena);
    stop_pipeline(&run);
    return is_open;
}

static void expect(const char *yaml, const char *id, bool is_open, const char *text)
{
    struct sm_bytes got = {0};
    assert_int_equal(open_authenticator(yaml, id, &got), is_open);
    assert_string_equal(sm_bytes_cstr(&got), text);
    sm_bytes_deinit(&got);
}

static void signs_from_the_last_to_the_first(void **state)
{
    (void)state;
    expect("extensions:\n  bearertokenauth: {token: t}\n" SETTER("a", "headers_setter/b") SETTER("b", "bearertokenauth")
               SERVICE("bearertokenauth, headers_setter/a, headers_setter/b"),
           "headers_setter/a", true, "Authorization X-b X-a ");
}

static void refuses_circles(void **state)
{
    (void)state;
    static const char reason[] = "authenticator \"headers_setter/a\": additional_auth: more than 8 authenticators behind each other (a circle?)";
    expect("extensions:\n" SETTER("a", "headers_setter/a") SERVICE("headers_setter/a"), "headers_setter/a", false, reason);
    expect("extensions:\n" SETTER("a", "headers_setter/b") SETTER("b", "headers_setter/a") SERVICE("headers_setter/a, headers_setter/b"),
           "headers_setter/a", false, reason);
}

static void tells_what_is_wrong_at_the_end_of_a_chain(void **state)
{
    (void)state;
    expect("extensions:\n  basicauth: {client_auth: {username: 'a:b', password: p}}\n" SETTER("a", "basicauth")
               SERVICE("basicauth, headers_setter/a"),
           "headers_setter/a", false,
           "authenticator \"headers_setter/a\": authenticator \"basicauth\": invalid authorization format: the user name has a colon");
}

/* Workers sign until they have drained, whatever the main worker does to the extensions meanwhile. */
static void signs_what_is_sent_while_extensions_stop(void **state)
{
    (void)state;
    struct pipeline_run run =
        begin_pipeline("extensions:\n  bearertokenauth: {token: t}\n" SETTER("a", "bearertokenauth") SERVICE("bearertokenauth, headers_setter/a"));
    struct sm_arena arena = SM_ARENA_INIT;
    struct sm_auth auth;
    struct sm_error error = {0};
    struct sm_auth_headers headers = {.arena = &arena};
    assert_true(sm_auth_open(&auth, run.source, &(const char *){"headers_setter/a"}, SM_AUTH_HTTP_CLIENT, &error));
    sm_graph_stop(run.graph, UINT64_C(30000000000), note_graph_stopped, run.workers);
    sm_workers_run_main(run.workers);
    assert_true(auth.type->sign(auth.extension, NULL, &headers, &error));
    assert_int_equal(headers.count, 2);
    sm_arena_deinit(&arena);
    free_pipeline(&run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signs_from_the_last_to_the_first),
        cmocka_unit_test(refuses_circles),
        cmocka_unit_test(signs_what_is_sent_while_extensions_stop),
        cmocka_unit_test(tells_what_is_wrong_at_the_end_of_a_chain),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
