/* The batching logic with a fake sender and a timer that the test fires itself. */
#include "processors/batch/shard.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "telemetry/numbered_spans.h"

struct fake {
    struct sm_shard shard; /* first */
    struct sm_bytes log;   /* what was sent: "size:s0-s3 " */
    unsigned armed_count, accepted_count, drained_count;
    bool is_slow; /* what is sent stays under way until the test ends it */
};

static void note_send(struct sm_shard *shard, struct sm_batch *batch, enum sm_shard_trigger trigger)
{
    struct fake *fake = (struct fake *)shard;
    const struct sm_scope_group *first = &batch->groups[0].scopes[0], *last = &batch->groups[batch->count - 1].scopes[0];
    struct sm_slice from = first->spans[0].name, to = last->spans[last->count - 1].name;
    sm_bytes_printf(&fake->log, "%s:%.*s-%.*s ", trigger == SM_SHARD_SIZE ? "size" : "time", SM_SLICE_ARGS(from), SM_SLICE_ARGS(to));
    sm_batch_release(batch);
    if (!fake->is_slow)
        sm_shard_sent(shard);
}

static void note_armed(struct sm_shard *shard)
{
    ((struct fake *)shard)->armed_count++;
}

static void note_drained(struct sm_shard *shard)
{
    ((struct fake *)shard)->drained_count++;
}

static void note_accepted(struct sm_shard *shard, struct sm_batch *batch)
{
    (void)batch;
    ((struct fake *)shard)->accepted_count++;
}

static const struct sm_shard_calls fake_calls = {.send = note_send, .arm = note_armed, .drained = note_drained, .accept = note_accepted};

static void start(struct fake *fake, const struct sm_shard_settings *settings)
{
    *fake = (struct fake){0};
    sm_shard_init(&fake->shard, settings, &fake_calls);
}

static void expect_sent(struct fake *fake, const char *expected)
{
    assert_string_equal(sm_bytes_cstr(&fake->log), expected);
    fake->log.size = 0;
}

static void end(struct fake *fake)
{
    sm_shard_deinit(&fake->shard);
    sm_bytes_deinit(&fake->log);
}

static void sends_when_the_size_is_reached_and_keeps_requests_whole(void **state)
{
    (void)state;
    static const struct sm_shard_settings settings = {.send_batch_size = 8, .has_timer = true};
    struct fake fake;
    start(&fake, &settings);
    sm_shard_add(&fake.shard, numbered_spans(0, 5));
    expect_sent(&fake, "");
    assert_int_equal(fake.armed_count, 1);
    sm_shard_add(&fake.shard, numbered_spans(5, 5));
    expect_sent(&fake, "size:s0-s9 ");
    end(&fake);
}

static void cuts_at_the_maximum_and_lets_the_rest_wait(void **state)
{
    (void)state;
    static const struct sm_shard_settings settings = {.send_batch_size = 4, .send_batch_max_size = 6, .has_timer = true};
    struct fake fake;
    start(&fake, &settings);
    sm_shard_add(&fake.shard, numbered_spans(0, 15));
    expect_sent(&fake, "size:s0-s5 size:s6-s11 ");
    assert_int_equal(fake.armed_count, 2); /* once for the arrival, once for the rest */
    sm_shard_timeout(&fake.shard);
    expect_sent(&fake, "time:s12-s14 ");
    end(&fake);
}

static void sends_everything_at_once_without_a_timer(void **state)
{
    (void)state;
    static const struct sm_shard_settings settings = {.send_batch_size = 100, .send_batch_max_size = 2, .has_timer = false};
    struct fake fake;
    start(&fake, &settings);
    sm_shard_add(&fake.shard, numbered_spans(0, 3));
    expect_sent(&fake, "size:s0-s1 size:s2-s2 ");
    assert_int_equal(fake.armed_count, 0);
    end(&fake);
}

static void a_timeout_without_items_sends_nothing(void **state)
{
    (void)state;
    static const struct sm_shard_settings settings = {.send_batch_size = 8, .has_timer = true};
    struct fake fake;
    start(&fake, &settings);
    sm_shard_timeout(&fake.shard);
    sm_shard_add(&fake.shard, numbered_spans(0, 0));
    sm_shard_timeout(&fake.shard);
    expect_sent(&fake, "");
    assert_int_equal(fake.accepted_count, 1);
    end(&fake);
}

static void what_comes_while_a_batch_is_under_way_waits_and_is_not_accepted(void **state)
{
    (void)state;
    static const struct sm_shard_settings settings = {.send_batch_size = 2, .has_timer = true};
    struct fake fake;
    start(&fake, &settings);
    fake.is_slow = true;
    sm_shard_add(&fake.shard, numbered_spans(0, 2));
    sm_shard_add(&fake.shard, numbered_spans(2, 1));
    sm_shard_add(&fake.shard, numbered_spans(3, 1));
    expect_sent(&fake, "size:s0-s1 ");
    assert_int_equal(fake.accepted_count, 1);
    sm_shard_sent(&fake.shard);
    expect_sent(&fake, "size:s2-s3 ");
    assert_int_equal(fake.accepted_count, 3);
    sm_shard_sent(&fake.shard);
    end(&fake);
}

static void stopping_sends_the_rest_and_then_says_so(void **state)
{
    (void)state;
    static const struct sm_shard_settings settings = {.send_batch_size = 100, .send_batch_max_size = 100, .has_timer = true};
    struct fake fake;
    start(&fake, &settings);
    fake.is_slow = true;
    sm_shard_add(&fake.shard, numbered_spans(0, 3));
    sm_shard_stop(&fake.shard);
    expect_sent(&fake, "time:s0-s2 ");
    assert_int_equal(fake.drained_count, 0);
    sm_shard_sent(&fake.shard);
    assert_int_equal(fake.drained_count, 1);
    end(&fake);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sends_when_the_size_is_reached_and_keeps_requests_whole),
        cmocka_unit_test(cuts_at_the_maximum_and_lets_the_rest_wait),
        cmocka_unit_test(sends_everything_at_once_without_a_timer),
        cmocka_unit_test(a_timeout_without_items_sends_nothing),
        cmocka_unit_test(what_comes_while_a_batch_is_under_way_waits_and_is_not_accepted),
        cmocka_unit_test(stopping_sends_the_rest_and_then_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
