/* Lists cut into bodies: by number, by their size, and by what packing leaves of them; nothing is lost and the order stays. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "exporters/datadog/items.h"
#include "wire/compression.h"

enum { POSTS_MAX = 64 };

/* In the place of intake.c: keeps what is posted. */
static struct sm_bytes posts[POSTS_MAX];
static size_t post_count;

void sm_datadog_lane_post(struct sm_datadog_lane *lane, struct sm_bytes *body, sm_datadog_posted *posted, void *context)
{
    (void)lane, (void)posted, (void)context;
    assert_true(post_count < POSTS_MAX);
    posts[post_count++] = *body;
    sm_bytes_init(body, NULL);
}

static void forget_posts(void)
{
    while (post_count)
        sm_bytes_deinit(&posts[--post_count]);
}

static struct sm_datadog_packing make_packing(size_t text_max, size_t packed_max, size_t items_max)
{
    return (struct sm_datadog_packing){
        .head = SM_SLICE("["), .tail = SM_SLICE("]"), .has_separator = true, .text_max = text_max, .packed_max = packed_max, .items_max = items_max};
}

/* ",0,1,2…", one digit an item. */
static void add_digits(struct sm_datadog_items *items, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        sm_bytes_printf(&items->text, ",%zu", i % 10);
        sm_datadog_items_end(items);
    }
}

static void bodies_keep_the_limits(void **state)
{
    (void)state;
    static const struct {
        size_t count, text_max, packed_max, items_max;
        const char *bodies[8];
    } rows[] = {
        {.count = 0, .text_max = 100, .packed_max = 100},
        {.count = 1, .text_max = 100, .packed_max = 100, .bodies = {"[0]"}},
        {.count = 4, .text_max = 100, .packed_max = 100, .bodies = {"[0,1,2,3]"}},
        {.count = 4, .text_max = 100, .packed_max = 100, .items_max = 4, .bodies = {"[0,1,2,3]"}},
        {.count = 4, .text_max = 100, .packed_max = 100, .items_max = 3, .bodies = {"[0,1]", "[2,3]"}},
        {.count = 5, .text_max = 100, .packed_max = 100, .items_max = 2, .bodies = {"[0,1]", "[2]", "[3,4]"}},
        {.count = 4, .text_max = 7, .packed_max = 100, .bodies = {"[0,1,2,3]"}}, /* "0,1,2,3" */
        {.count = 4, .text_max = 6, .packed_max = 100, .bodies = {"[0,1]", "[2,3]"}},
        {.count = 4, .text_max = 100, .packed_max = 9, .bodies = {"[0,1,2,3]"}},
        {.count = 4, .text_max = 100, .packed_max = 8, .bodies = {"[0,1]", "[2,3]"}},
        {.count = 2, .text_max = 100, .packed_max = 1, .bodies = {"[0]", "[1]"}}, /* single ones go in any case */
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct sm_datadog_items items = {0};
        const struct sm_datadog_packing packing = make_packing(rows[i].text_max, rows[i].packed_max, rows[i].items_max);
        size_t wanted = 0;
        while (wanted < 8 && rows[i].bodies[wanted])
            wanted++;
        add_digits(&items, rows[i].count);
        assert_int_equal(sm_datadog_items_post(&items, &packing, NULL, NULL, NULL), wanted);
        assert_int_equal(post_count, wanted);
        for (size_t p = 0; p < wanted; p++)
            assert_string_equal(sm_bytes_cstr(&posts[p]), rows[i].bodies[p]);
        assert_int_equal(items.count, 0);
        assert_int_equal(items.text.size, 0);
        forget_posts();
        sm_datadog_items_deinit(&items);
    }
}

static void packed_bodies_are_cut_by_what_packing_leaves(void **state)
{
    (void)state;
    enum { COUNT = 4000, PACKED_MAX = 4000 };
    struct sm_datadog_items items = {0};
    struct sm_datadog_packing packing = make_packing(SIZE_MAX, PACKED_MAX, 0);
    struct sm_bytes all = {0};
    uint64_t random = 1;
    packing.is_gzipped = true;
    packing.level = 1;
    for (size_t i = 0; i < COUNT; i++) {
        random = random * UINT64_C(6364136223846793005) + 1;
        sm_bytes_printf(&items.text, ",%zu:%llx", i, (unsigned long long)random);
        sm_datadog_items_end(&items);
    }
    size_t count = sm_datadog_items_post(&items, &packing, NULL, NULL, NULL);
    assert_true(count > 4);
    for (size_t p = 0; p < count; p++) {
        struct sm_buffer *plain = NULL;
        assert_true(posts[p].size <= PACKED_MAX);
        assert_int_equal(sm_decompress(SM_COMPRESSION_GZIP, sm_bytes_slice(&posts[p]), 1 << 20, &plain), SM_DECOMPRESS_OK);
        sm_bytes_append_slice(&all, sm_buffer_slice(plain));
        sm_buffer_release(plain);
    }
    /* every item once, in its order */
    const char *at = sm_bytes_cstr(&all);
    for (size_t i = 0; i < COUNT; i++) {
        unsigned long long number;
        size_t got;
        at += strspn(at, "[],");
        int size = 0;
        assert_int_equal(sscanf(at, "%zu:%llx%n", &got, &number, &size), 2);
        assert_int_equal(got, i);
        at += size;
    }
    assert_string_equal(at, "]");
    sm_bytes_deinit(&all);
    forget_posts();
    sm_datadog_items_deinit(&items);
}

/* An empty body would be taken for everything that was in it. */
static void what_cannot_be_packed_is_not_posted(void **state)
{
    (void)state;
    struct sm_datadog_items items = {0};
    struct sm_datadog_packing packing = make_packing(100, 100, 0);
    packing.is_gzipped = true;
    packing.level = 42;
    add_digits(&items, 3);
    assert_int_equal(sm_datadog_items_post(&items, &packing, NULL, NULL, NULL), 0);
    assert_int_equal(post_count, 0);
    assert_int_equal(items.count, 0);
    sm_datadog_items_deinit(&items);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bodies_keep_the_limits),
        cmocka_unit_test(packed_bodies_are_cut_by_what_packing_leaves),
        cmocka_unit_test(what_cannot_be_packed_is_not_posted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
