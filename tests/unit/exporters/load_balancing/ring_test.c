/* Which next hop a key belongs to, as the reference's ring says (its own code has given the expected values). */
#include "exporters/load_balancing/ring.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const struct sm_slice keys[] = {
    {"", 0}, {"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1", 16}, {"checkout", 8}, {"service.name=cart|", 18}, {"\xff\xff", 2}, {"q", 1}, {"resource/1f", 11},
};
enum { KEY_COUNT = sizeof(keys) / sizeof(keys[0]) };

static void chooses_as_the_reference_does(void **state)
{
    (void)state;
    static const struct {
        const char *names[4];
        size_t name_count, item_count;
        uint32_t first, last;
        int wanted[KEY_COUNT];
    } rows[] = {
        {{"a"}, 1, 100, 29, 35750, {0}},
        {{"endpoint-1", "endpoint-2"}, 2, 200, 673, 35777, {0, 0, 1, 0, 0, 0, 0}},
        {{"10.0.0.1:4317", "10.0.0.2:4317", "10.0.0.3:4317", "[::1]:4317"}, 4, 400, 57, 35838, {1, 2, 1, 3, 2, 2, 2}},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct sm_ring ring;
        sm_ring_init(&ring, rows[i].names, rows[i].name_count);
        assert_int_equal(ring.count, rows[i].item_count);
        assert_int_equal(ring.items[0].position, rows[i].first);
        assert_int_equal(ring.items[ring.count - 1].position, rows[i].last);
        for (size_t k = 0; k < KEY_COUNT; k++)
            assert_int_equal(sm_ring_find(&ring, keys[k]), rows[i].wanted[k]);
        sm_ring_deinit(&ring);
    }
}

static void leaves_places_out_when_the_circle_is_full(void **state)
{
    (void)state;
    enum { NAMES = 400 };
    static const int wanted[KEY_COUNT] = {261, 114, 16, 47, 176, 28, 241};
    static char texts[NAMES][24];
    const char *names[NAMES];
    struct sm_ring ring;
    for (size_t i = 0; i < NAMES; i++) {
        snprintf(texts[i], sizeof(texts[i]), "host-%zu:4317", i);
        names[i] = texts[i];
    }
    sm_ring_init(&ring, names, NAMES);
    assert_int_equal(ring.count, 33715);
    for (size_t k = 0; k < KEY_COUNT; k++)
        assert_int_equal(sm_ring_find(&ring, keys[k]), wanted[k]);
    sm_ring_deinit(&ring);
}

static void an_empty_ring_has_nobody(void **state)
{
    (void)state;
    struct sm_ring ring;
    sm_ring_init(&ring, NULL, 0);
    assert_int_equal(sm_ring_find(&ring, keys[0]), SM_RING_NONE);
    sm_ring_deinit(&ring);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chooses_as_the_reference_does),
        cmocka_unit_test(leaves_places_out_when_the_circle_is_full),
        cmocka_unit_test(an_empty_ring_has_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
