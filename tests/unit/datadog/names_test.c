#include "datadog/recorded.h"

#include "datadog/names.h"

/* A member, or its form in hex for texts that are no UTF-8. */
static struct sm_slice text_of(const json_t *row, const char *key, char *room)
{
    char hex_key[64];
    snprintf(hex_key, sizeof(hex_key), "%s_hex", key);
    const char *hex = json_string_value(json_object_get(row, hex_key));
    if (!hex)
        return recorded_text(row, key);
    size_t size = 0;
    for (unsigned byte; sscanf(hex + 2 * size, "%2x", &byte) == 1; size++)
        room[size] = (char)byte;
    return sm_slice_make(room, size);
}

static void check_problem(const json_t *row, const char *key, enum sm_datadog_problem problem)
{
    static const char *const words[] = {"", "empty", "too long", "invalid"};
    const char *expected = json_string_value(json_object_get(row, key));
    if (expected)
        assert_string_equal(words[problem], expected);
}

static void normalises_as_the_reference(void **state)
{
    (void)state;
    json_t *root = recorded_load("normalisation"), *row;
    size_t index;
    json_array_foreach(json_object_get(root, "rows"), index, row)
    {
        struct sm_arena arena = SM_ARENA_INIT;
        char room[2][512];
        enum sm_datadog_problem problem;
        struct sm_slice in = text_of(row, "in", room[0]);
        assert_slice_equal(sm_datadog_name(in, &arena, &problem), text_of(row, "name", room[1]));
        check_problem(row, "name_problem", problem);
        assert_slice_equal(sm_datadog_service(in, (struct sm_slice){0}, &arena, &problem), text_of(row, "service", room[1]));
        check_problem(row, "service_problem", problem);
        if (json_object_get(row, "service_from_python"))
            assert_slice_equal(sm_datadog_service(in, SM_SLICE("python"), &arena, NULL), text_of(row, "service_from_python", room[1]));
        if (json_object_get(row, "peer_service")) {
            assert_slice_equal(sm_datadog_peer_service(in, &arena, &problem), text_of(row, "peer_service", room[1]));
            check_problem(row, "peer_service_problem", problem);
        }
        assert_slice_equal(sm_datadog_tag(in, &arena), text_of(row, "tag", room[1]));
        assert_slice_equal(sm_datadog_tag_value(in, &arena), text_of(row, "tag_value", room[1]));
        assert_slice_equal(sm_datadog_truncate(in, 10), text_of(row, "cut_at_10", room[1]));
        sm_arena_deinit(&arena);
    }
    json_decref(root);
}

static void keeps_what_is_fine_without_copying(void **state)
{
    (void)state;
    struct sm_arena arena = SM_ARENA_INIT;
    struct sm_slice text = SM_SLICE("http.server.request");
    assert_ptr_equal(sm_datadog_name(text, &arena, NULL).ptr, text.ptr);
    assert_ptr_equal(sm_datadog_service(text, (struct sm_slice){0}, &arena, NULL).ptr, text.ptr);
    assert_ptr_equal(sm_datadog_tag(text, &arena).ptr, text.ptr);
    assert_int_equal(sm_arena_reserved_bytes(&arena), 0);
    sm_arena_deinit(&arena);
}

static void keeps_marks_apart_from_letters(void **state)
{
    (void)state;
    struct sm_arena arena = SM_ARENA_INIT;
    /* A vowel sign is no letter (category Mc), an Arabic-Indic digit is a digit (Nd) but begins no tag. */
    assert_slice_equal(sm_datadog_tag_value(SM_SLICE("\xe0\xa4\xb9\xe0\xa4\xbf\xe0\xa4\xb9"), &arena), SM_SLICE("\xe0\xa4\xb9_\xe0\xa4\xb9"));
    assert_slice_equal(sm_datadog_tag_value(SM_SLICE("\xd9\xa1x"), &arena), SM_SLICE("\xd9\xa1x"));
    assert_slice_equal(sm_datadog_tag(SM_SLICE("\xd9\xa1x"), &arena), SM_SLICE("x"));
    sm_arena_deinit(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(normalises_as_the_reference),
        cmocka_unit_test(keeps_what_is_fine_without_copying),
        cmocka_unit_test(keeps_marks_apart_from_letters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
