/* Traces from their first span to the decision, told as scripts with a clock that the test moves.
 *
 *     "ab"  a request with a span of the traces a and b (each its own); capitals are root spans; spans of x, y, z have the status ERROR
 *     "."   a second passes          "!"  the shard is told to stop
 *
 * What is sent is noted as trace and number of spans ("a2"), requests that wait for room as "?" until they are taken ("ok"), the end as "end". */
#include "processors/tail_sampling/shard.h"

#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "processors/tail_sampling/parcel.h"
#include "telemetry/batch.h"
#include "telemetry/span.h"

static uint64_t now_ns;
static struct sm_bytes noted;

static uint64_t fake_clock(void)
{
    return now_ns;
}

/* The machine's clock runs backwards, and nothing waits longer or shorter for it. */
static uint64_t backward_clock(void)
{
    return UINT64_C(1750000000000000000) - now_ns;
}

static void note_send(struct sm_tail_shard *shard, struct sm_batch *batch)
{
    const struct sm_span *first = &batch->groups[0].scopes[0].spans[0];
    sm_bytes_printf(&noted, "%c%zu ", first->trace_id.ptr[15], batch->item_count);
    sm_batch_release(batch);
    sm_tail_shard_sent(shard);
}

static void note_accept(struct sm_tail_shard *shard, struct sm_delivery *delivery)
{
    (void)shard;
    (void)delivery;
    sm_bytes_append_text(&noted, "ok ");
}

static void go_on(struct sm_tail_shard *shard)
{
    sm_tail_shard_go_on(shard);
}

static void note_drained(struct sm_tail_shard *shard)
{
    (void)shard;
    sm_bytes_append_text(&noted, "end ");
}

static bool has_storage;

static bool note_keep(struct sm_tail_shard *shard, struct sm_batch *batch)
{
    (void)shard;
    if (batch)
        sm_bytes_printf(&noted, "k%c%zu ", batch->groups[0].scopes[0].spans[0].trace_id.ptr[15], batch->item_count);
    else if (has_storage)
        sm_bytes_append_text(&noted, "kept ");
    return batch || has_storage;
}

static const struct sm_tail_shard_calls calls = {.send = note_send,
                                                 .accept = note_accept,
                                                 .keep = note_keep,
                                                 .again = go_on,
                                                 .drained = note_drained,
                                                 .mono_ns = fake_clock,
                                                 .wall_ns = backward_clock};

static struct sm_batch *make_request(const char *letters, size_t count)
{
    struct sm_batch *batch = sm_batch_create(SM_TRACES);
    struct sm_scope_group *scope = sm_batch_add_scope(batch, sm_batch_add_resource(batch));
    scope->spans = sm_arena_zalloc(&batch->arena, count, sizeof(*scope->spans));
    scope->count = batch->item_count = count;
    for (size_t i = 0; i < count; i++) {
        bool is_root = isupper((unsigned char)letters[i]) != 0;
        char letter = (char)tolower((unsigned char)letters[i]), *id = sm_arena_zalloc(&batch->arena, 1, SM_TRACE_ID_SIZE);
        id[15] = letter;
        scope->spans[i] = (struct sm_span){
            .trace_id = sm_slice_make(id, SM_TRACE_ID_SIZE),
            .parent_span_id = is_root ? (struct sm_slice){0} : SM_SLICE("parent__"),
            .status_code = letter >= 'x' ? SM_STATUS_ERROR : SM_STATUS_UNSET,
            .changed = SM_SPAN_CHANGED_FIELDS,
        };
    }
    return batch;
}

static void send_request(struct sm_tail_shard *shard, const char *letters, size_t count)
{
    struct sm_tail_cutter *cutter = sm_tail_cutter_create(1, true);
    struct sm_batch *batch = make_request(letters, count);
    struct sm_tail_parcel *parcel = sm_tail_cut(cutter, batch)[0];
    sm_batch_release(batch);
    if (shard->_settings->is_blocking)
        parcel->delivery = (struct sm_delivery *)shard; /* only handed back */
    size_t before = noted.size;
    sm_tail_shard_take(shard, parcel);
    if (shard->_settings->is_blocking && noted.size == before)
        sm_bytes_append_text(&noted, "? ");
    sm_tail_cutter_free(cutter);
}

static void run(struct sm_tail_shard *shard, const char *script)
{
    while (*script) {
        size_t count = strspn(script, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");
        if (count) {
            send_request(shard, script, count);
        } else if (*script == '.') {
            now_ns += SM_NS_PER_S;
            sm_tail_shard_tick(shard);
        } else if (*script == '!') {
            sm_tail_shard_stop(shard);
        }
        script += count ? count : 1;
    }
}

enum policy { ALL, ERRORS, DROP_ERRORS, MANY };

/* So many that the last ones, one of which samples errors, look at the spans themselves. */
enum { MANY_COUNT = SM_TAIL_WATCHERS_MAX + 2 };

static void add_many(struct sm_tail_policy_options *list, const struct sm_tail_policy_options *last)
{
    static char names[MANY_COUNT][8];
    static const char *codes[] = {"OK"};
    for (unsigned i = 0; i < MANY_COUNT; i++) {
        snprintf(names[i], sizeof(names[i]), "p%u", i);
        list[i] = (struct sm_tail_policy_options){.name = names[i], .type = "status_code", .status_code.status_codes = {.items = codes, .count = 1}};
    }
    list[MANY_COUNT - 1] = *last;
}

static struct sm_tail_plan *make_plan(enum policy policy, bool is_immediate)
{
    const char *codes[] = {"ERROR"};
    struct sm_tail_policy_options errors = {.name = "errors", .type = "status_code", .status_code.status_codes = {.items = codes, .count = 1}};
    struct sm_tail_policy_options list[] = {
        {.name = "all", .type = "always_sample"},
        errors,
        {.name = "drop", .type = "drop", .drop.drop_sub_policy = {.items = &errors, .count = 1}},
    };
    struct sm_tail_options options = {.policies = {.items = policy == ERRORS ? list + 1 : list, .count = policy == DROP_ERRORS ? 3 : 1}};
    struct sm_tail_policy_options many[MANY_COUNT];
    add_many(many, &errors);
    if (policy == MANY)
        options.policies = (struct sm_table_list){.items = many, .count = MANY_COUNT};
    options.sampling_strategy = is_immediate ? SM_TAIL_SPAN_INGEST : SM_TAIL_TRACE_COMPLETE;
    struct sm_error error;
    struct sm_tail_plan *plan = sm_tail_plan_create(&options, NULL, &error);
    assert_non_null(plan);
    return plan;
}

static const struct row {
    const char *what;
    enum policy policy;
    struct sm_tail_shard_settings settings;
    const char *script, *expected;
} rows[] = {
    {"a trace is decided between one and two seconds after its first span", ALL, {0}, "a . a . .", "a2 "},
    {"a wait of three seconds is four ticks at most", ALL, {.wait_ticks = 3}, "a...b.b.", "a1 "},
    {"each trace leaves by itself, in the order of arrival", ALL, {0}, "bacb..", "b2 a1 c1 "},
    {"late spans follow the decision at once", ERRORS, {0}, "ax..xax", "x1 x2 "},
    {"a cache remembers what has left memory",
     ERRORS,
     {.sampled_cache_size = 9, .non_sampled_cache_size = 9, .trace_limit = 1},
     "x..a..xb xa",
     "x1 x1 x1 "},
    {"without a cache the oldest trace is forgotten, decided or not", ALL, {.trace_limit = 2}, "a..bc.a..", "a1 c1 a1 "},
    {"the oldest undecided trace goes for a new one", ALL, {.trace_limit = 2}, "abcb..", "b2 c1 "},
    {"a root span brings the decision forward", ALL, {.wait_ticks = 5, .has_root_wait = true, .root_wait_ticks = 1}, "a.bB..a", "b2 "},
    {"a root span never puts it off", ALL, {.wait_ticks = 1, .has_root_wait = true, .root_wait_ticks = 5}, "a.A.", "a2 "},
    {"the order of ticks holds among roots and others", ALL, {.wait_ticks = 2, .has_root_wait = true}, "aB.C..", "b1 c1 a1 "},
    {"nothing is sampled that a drop policy matches", DROP_ERRORS, {0}, "axb..x", "a1 b1 "},
    {"policies beyond the first sixty-four see the spans as well", MANY, {0}, "axb..", "x1 "},
    {"stopping decides what is pending", ERRORS, {.wait_ticks = 60}, "axya!", "x1 y1 end "},
    {"stopping drops what is pending when told to", ALL, {.wait_ticks = 60, .drops_pending = true}, "ab!", "end "},
    {"stopping an empty shard ends at once", ALL, {0}, "!", "end "},
    {"spans that come after the stop are decided all the same", ALL, {0}, "!a", "end a1 end "},
    {"with a storage what is pending is put there", ALL, {.wait_ticks = 60, .keeps_pending = true}, "ab.aA!c", "ka3 kb1 kept end kc1 kept end "},
    {"what cannot be put there is decided", ALL, {.wait_ticks = 60, .keeps_pending = true, .records_policy = true}, "ab!", "ka1 kb1 a1 b1 end "},
    {"above the limit of memory the oldest traces go", ALL, {.segments.limit_bytes = 450}, "abcdef..", "d1 e1 f1 "},
    {"a limit that nothing fits into lets nothing through", ALL, {.segments.limit_bytes = 1}, "abcd..", ""},
    {"new traces wait for memory", ALL, {.is_blocking = true, .segments.limit_bytes = 1}, "a b a ..", "ok ? ? a1 ok a1 ok "},
    {"new traces wait for room", ALL, {.trace_limit = 2, .is_blocking = true, .sampled_cache_size = 9}, "ab c a..", "ok ? ? a1 b1 ok a1 ok "},
    {"waiting ends without a cache as well", ALL, {.trace_limit = 2, .is_blocking = true}, "abc....", "? a1 b1 ok c1 "},
    {"what waits is decided at the stop", ALL, {.trace_limit = 1, .is_blocking = true}, "abc!", "? ok a1 b1 c1 end "},
    {"a trace above the size goes at once, and its later spans too", ALL, {.trace_bytes_limit = 100}, "a.aaaaa.a.", ""},
    {"span-ingest: the request that decides brings what was held", ERRORS, {.is_immediate = true, .wait_ticks = 60}, "a xa x", "x1 x1 "},
    {"span-ingest: what is never decided goes", ERRORS, {.is_immediate = true}, "a..ax", "x1 "},
    {"span-ingest: a drop policy that may still match holds all back", DROP_ERRORS, {.is_immediate = true, .wait_ticks = 60}, "axx", ""},
};

static void scripts_give_what_they_say(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct row *row = &rows[i];
        struct sm_tail_plan *plan = make_plan(row->policy, row->settings.is_immediate);
        struct sm_tail_metrics metrics;
        struct sm_tail_shard_settings settings = row->settings;
        atomic_size_t trace_count = 0, memory_bytes = 0;
        struct sm_tail_shard shard;
        now_ns = 1000 * SM_NS_PER_S;
        has_storage = !settings.records_policy;
        sm_tail_metrics_init(&metrics, plan, "tail_sampling");
        settings.plan = plan;
        settings.metrics = &metrics;
        settings.trace_count = &trace_count;
        settings.segments.memory_bytes = &memory_bytes;
        settings.trace_limit = settings.trace_limit ? settings.trace_limit : 100;
        settings.wait_ticks = settings.wait_ticks ? settings.wait_ticks : 1;
        settings.records_policy = false;
        sm_tail_shard_init(&shard, &settings, &calls);
        run(&shard, row->script);
        if (strcmp(sm_bytes_cstr(&noted), row->expected) != 0)
            fail_msg("%s: \"%s\" gave \"%s\", expected \"%s\"", row->what, row->script, sm_bytes_cstr(&noted), row->expected);
        sm_tail_shard_deinit(&shard);
        assert_int_equal(atomic_load(&trace_count), 0);
        assert_int_equal(atomic_load(&memory_bytes), 0);
        noted.size = 0;
        sm_tail_metrics_deinit(&metrics);
        sm_tail_plan_free(plan);
    }
    sm_bytes_deinit(&noted);
}

static size_t sent_count;

static void count_sent(struct sm_tail_shard *shard, struct sm_batch *batch)
{
    sent_count++;
    sm_batch_release(batch);
    sm_tail_shard_sent(shard);
}

/* Senders choose how large a span is, and how well it packs: a joined batch is full with 1 MiB, two spans of 600 KB, though 512 might come. */
static void large_traces_are_not_joined_by_number(void **state)
{
    (void)state;
    enum { TRACES = 8, NAME_BYTES = 600000 };
    const struct sm_tail_shard_calls counting = {.send = count_sent,
                                                 .accept = note_accept,
                                                 .keep = note_keep,
                                                 .again = go_on,
                                                 .drained = note_drained,
                                                 .mono_ns = fake_clock,
                                                 .wall_ns = fake_clock};
    struct sm_tail_plan *plan = make_plan(ALL, false);
    struct sm_tail_metrics metrics;
    struct sm_tail_shard shard;
    atomic_size_t trace_count = 0, memory_bytes = 0;
    sm_tail_metrics_init(&metrics, plan, "tail_sampling");
    const struct sm_tail_shard_settings settings = {
        .plan = plan, .metrics = &metrics, .trace_count = &trace_count, .segments.memory_bytes = &memory_bytes, .trace_limit = 100, .wait_ticks = 1};
    sm_tail_shard_init(&shard, &settings, &counting);
    shard.gives_packed = true;
    shard.join_limit = 512;
    struct sm_tail_cutter *cutter = sm_tail_cutter_create(1, true);
    struct sm_batch *batch = make_request("abcdefgh", TRACES);
    for (size_t i = 0; i < TRACES; i++)
        batch->groups[0].scopes[0].spans[i].name = sm_slice_make(sm_arena_zalloc(&batch->arena, 1, NAME_BYTES), NAME_BYTES);
    sm_tail_shard_take(&shard, sm_tail_cut(cutter, batch)[0]);
    sent_count = 0;
    run(&shard, "..");
    assert_int_equal(sent_count, TRACES / 2);
    sm_tail_shard_deinit(&shard);
    sm_batch_release(batch);
    sm_tail_cutter_free(cutter);
    sm_tail_metrics_deinit(&metrics);
    sm_tail_plan_free(plan);
}

static void keep_sending(struct sm_tail_shard *shard, struct sm_batch *batch)
{
    (void)shard;
    sent_count++;
    sm_batch_release(batch);
}

/* What traces share while they are held leaves with each of them: 32 MiB at a time, and the rest when those have been taken. */
static void large_traces_wait_for_those_before_them(void **state)
{
    (void)state;
    enum { TRACES = 24, NAME_BYTES = 3000000, AT_A_TIME = 12 };
    const struct sm_tail_shard_calls keeping = {.send = keep_sending,
                                                .accept = note_accept,
                                                .keep = note_keep,
                                                .again = go_on,
                                                .drained = note_drained,
                                                .mono_ns = fake_clock,
                                                .wall_ns = fake_clock};
    struct sm_tail_plan *plan = make_plan(ALL, false);
    struct sm_tail_metrics metrics;
    struct sm_tail_shard shard;
    atomic_size_t trace_count = 0, memory_bytes = 0;
    sm_tail_metrics_init(&metrics, plan, "tail_sampling");
    const struct sm_tail_shard_settings settings = {
        .plan = plan, .metrics = &metrics, .trace_count = &trace_count, .segments.memory_bytes = &memory_bytes, .trace_limit = 100, .wait_ticks = 1};
    sm_tail_shard_init(&shard, &settings, &keeping);
    shard.gives_packed = true;
    struct sm_tail_cutter *cutter = sm_tail_cutter_create(1, true);
    struct sm_batch *batch = make_request("abcdefghijklmnopqrstuvwx", TRACES);
    for (size_t i = 0; i < TRACES; i++)
        batch->groups[0].scopes[0].spans[i].name = sm_slice_make(sm_arena_zalloc(&batch->arena, 1, NAME_BYTES), NAME_BYTES);
    sm_tail_shard_take(&shard, sm_tail_cut(cutter, batch)[0]);
    sent_count = 0;
    run(&shard, "..");
    assert_int_equal(sent_count, AT_A_TIME);
    for (size_t i = 0; i < AT_A_TIME; i++)
        sm_tail_shard_sent(&shard);
    assert_int_equal(sent_count, TRACES);
    for (size_t i = 0; i < TRACES - AT_A_TIME; i++)
        sm_tail_shard_sent(&shard);
    sm_tail_shard_deinit(&shard);
    sm_batch_release(batch);
    sm_tail_cutter_free(cutter);
    sm_tail_metrics_deinit(&metrics);
    sm_tail_plan_free(plan);
}

static void the_cache_forgets_what_was_not_used_for_longest(void **state)
{
    (void)state;
    struct sm_tail_cache cache;
    uint8_t id[16] = {0};
    const char *policy = NULL;
    sm_tail_cache_init(&cache, 100);
    for (unsigned i = 0; i < 1000; i++) {
        id[8] = (uint8_t)i, id[9] = (uint8_t)(i >> 8);
        assert_true(sm_tail_cache_put(&cache, id, "p"));
        id[8] = id[9] = 0;
        assert_true(sm_tail_cache_find(&cache, id, &policy)); /* used all the time */
    }
    unsigned found = 0;
    for (unsigned i = 1; i < 1000; i++) {
        id[0] = (uint8_t)i; /* the left half does not count */
        id[8] = (uint8_t)i, id[9] = (uint8_t)(i >> 8);
        bool is_there = sm_tail_cache_find(&cache, id, &policy);
        assert_int_equal(is_there, i >= 901);
        found += is_there;
    }
    assert_int_equal(found, 99);
    sm_tail_cache_deinit(&cache);
    sm_tail_cache_init(&cache, 0);
    assert_false(sm_tail_cache_put(&cache, id, "p"));
    assert_false(sm_tail_cache_find(&cache, id, &policy));
    sm_tail_cache_deinit(&cache);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scripts_give_what_they_say),
        cmocka_unit_test(large_traces_are_not_joined_by_number),
        cmocka_unit_test(large_traces_wait_for_those_before_them),
        cmocka_unit_test(the_cache_forgets_what_was_not_used_for_longest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
