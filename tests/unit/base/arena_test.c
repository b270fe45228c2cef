#include "base/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void gives_aligned_blocks_that_do_not_overlap(void **state)
{
    (void)state;
    struct sm_arena arena = SM_ARENA_INIT;
    static const size_t sizes[] = {0, 1, 15, 16, 17, 4096, 5000, 300000, 3};
    char *blocks[sizeof(sizes) / sizeof(sizes[0])];
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        blocks[i] = sm_arena_alloc(&arena, sizes[i]);
        assert_int_equal((uintptr_t)blocks[i] % 16, 0);
        memset(blocks[i], (int)i, sizes[i]);
    }
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
        for (size_t k = 0; k < sizes[i]; k++)
            assert_int_equal(blocks[i][k], (char)i);
    sm_arena_deinit(&arena);
    assert_int_equal(sm_arena_reserved_bytes(&arena), 0);
}

static void grows_arrays_and_keeps_their_content(void **state)
{
    (void)state;
    struct sm_arena arena = SM_ARENA_INIT;
    int *numbers = NULL;
    size_t count = 0, capacity = 0;
    for (int i = 0; i < 1000; i++) {
        numbers = sm_arena_grow(&arena, numbers, count, &capacity, count + 1, sizeof(*numbers));
        numbers[count++] = i;
    }
    for (int i = 0; i < 1000; i++)
        assert_int_equal(numbers[i], i);
    sm_arena_deinit(&arena);
}

static void copies_end_with_a_nul(void **state)
{
    (void)state;
    struct sm_arena arena = SM_ARENA_INIT;
    struct sm_slice copy = sm_arena_copy(&arena, SM_SLICE("span"));
    assert_string_equal(copy.ptr, "span");
    assert_int_equal(copy.size, 4);
    assert_string_equal(sm_arena_printf(&arena, "%s-%d", "a", 7), "a-7");
    sm_arena_deinit(&arena);
}

static void keeps_one_chunk_when_it_is_emptied(void **state)
{
    (void)state;
    struct sm_arena arena = SM_ARENA_INIT;
    sm_arena_reset(&arena);
    assert_int_equal(sm_arena_reserved_bytes(&arena), 0);
    char *first = NULL;
    for (int round = 0; round < 3; round++) {
        char *block = sm_arena_alloc(&arena, 100);
        assert_true(round < 2 || block == first);
        first = block;
        memset(sm_arena_alloc(&arena, 5000), 1, 5000);
        sm_arena_reset(&arena);
        assert_true(sm_arena_reserved_bytes(&arena) < 20000);
    }
    sm_arena_deinit(&arena);
    assert_int_equal(sm_arena_reserved_bytes(&arena), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_aligned_blocks_that_do_not_overlap),
        cmocka_unit_test(grows_arrays_and_keeps_their_content),
        cmocka_unit_test(copies_end_with_a_nul),
        cmocka_unit_test(keeps_one_chunk_when_it_is_emptied),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
