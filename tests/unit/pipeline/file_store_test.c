/* Stores of file_storage: what is written is there, corrupt files are set aside. */
#include "pipeline/file_store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

static char directory[64];
static char path[96];

static int make_directory(void **state)
{
    (void)state;
    snprintf(directory, sizeof(directory), "/tmp/file_store_test.XXXXXX");
    if (!mkdtemp(directory))
        return -1;
    snprintf(path, sizeof(path), "%s/store.lmdb", directory);
    return 0;
}

static int remove_directory(void **state)
{
    (void)state;
    char command[128];
    snprintf(command, sizeof(command), "rm -rf '%s'", directory);
    return system(command) == 0 ? 0 : -1;
}

static struct sm_storage_client *open_store(void)
{
    struct sm_error error = {0};
    struct sm_storage_client *client = sm_file_store_open(path, false, NULL, &error);
    if (!client)
        fail_msg("%s", error.text);
    return client;
}

static void set(struct sm_storage_client *client, const char *key, const char *value)
{
    struct sm_error error = {0};
    const struct sm_storage_operation operation = {.kind = SM_STORAGE_SET, .key = sm_slice_of(key), .value = sm_slice_of(value)};
    assert_true(sm_file_store_batch(client, &operation, 1, &error));
}

static void expect(struct sm_storage_client *client, const char *key, const char *expected)
{
    struct sm_error error = {0};
    struct sm_buffer *value;
    assert_true(sm_file_store_get(client, sm_slice_of(key), &value, &error));
    if (!expected) {
        assert_null(value);
        return;
    }
    assert_non_null(value);
    assert_true(sm_slice_is(sm_buffer_slice(value), expected));
    sm_buffer_release(value);
}

static void keeps_values_over_a_restart(void **state)
{
    (void)state;
    struct sm_storage_client *client = open_store();
    set(client, "a", "one");
    set(client, "b", "two");
    const struct sm_storage_operation operations[] = {{.kind = SM_STORAGE_DELETE, .key = SM_SLICE("a")},
                                                      {.kind = SM_STORAGE_DELETE, .key = SM_SLICE("never there")},
                                                      {.kind = SM_STORAGE_SET, .key = SM_SLICE("c"), .value = SM_SLICE("three")}};
    struct sm_error error = {0};
    assert_true(sm_file_store_batch(client, operations, 3, &error));
    sm_file_store_close(client);
    client = open_store();
    expect(client, "a", NULL);
    expect(client, "b", "two");
    expect(client, "c", "three");
    sm_file_store_close(client);
}

static void walks_keys_in_order(void **state)
{
    (void)state;
    struct sm_storage_client *client = open_store();
    set(client, "2", "x");
    set(client, "1", "x");
    set(client, "3", "x");
    struct sm_bytes key = {0};
    struct sm_error error = {0};
    struct sm_buffer *value;
    assert_true(sm_file_store_next(client, (struct sm_slice){0}, &key, &value, &error));
    assert_true(sm_slice_is(sm_bytes_slice(&key), "1"));
    sm_buffer_release(value);
    assert_true(sm_file_store_next(client, SM_SLICE("1"), &key, NULL, &error));
    assert_true(sm_slice_is(sm_bytes_slice(&key), "2"));
    assert_true(sm_file_store_next(client, SM_SLICE("25"), &key, NULL, &error));
    assert_true(sm_slice_is(sm_bytes_slice(&key), "3"));
    assert_true(sm_file_store_next(client, SM_SLICE("3"), &key, NULL, &error));
    assert_int_equal(key.size, 0);
    sm_bytes_deinit(&key);
    sm_file_store_close(client);
}

static void grows_beyond_the_first_map(void **state)
{
    (void)state;
    enum { VALUE_BYTES = 1024 * 1024, COUNT = 40 };
    struct sm_storage_client *client = open_store();
    char *value = calloc(1, VALUE_BYTES);
    assert_non_null(value);
    struct sm_error error = {0};
    for (int i = 0; i < COUNT; i++) {
        const struct sm_storage_operation operation = {
            .kind = SM_STORAGE_SET, .key = sm_slice_make(&i, sizeof(i)), .value = sm_slice_make(value, VALUE_BYTES)};
        assert_true(sm_file_store_batch(client, &operation, 1, &error));
    }
    free(value);
    sm_file_store_close(client);
    client = open_store();
    for (int i = 0; i < COUNT; i++) {
        struct sm_buffer *found;
        assert_true(sm_file_store_get(client, sm_slice_make(&i, sizeof(i)), &found, &error));
        assert_int_equal(found->size, VALUE_BYTES);
        sm_buffer_release(found);
    }
    sm_file_store_close(client);
}

static void refuses_to_open_a_file_twice(void **state)
{
    (void)state;
    struct sm_storage_client *client = open_store();
    struct sm_error error = {0};
    assert_null(sm_file_store_open(path, false, NULL, &error));
    assert_non_null(strstr(error.text, "still in use"));
    sm_file_store_close(client);
    sm_file_store_close(open_store());
}

static void sets_a_corrupt_file_aside(void **state)
{
    (void)state;
    static const char garbage[8192] = "this is no database";
    for (int is_cut = 0; is_cut < 2; is_cut++) {
        unlink(path);
        if (is_cut) {
            struct sm_storage_client *client = open_store();
            char *value = calloc(1, 100000);
            struct sm_error error = {0};
            const struct sm_storage_operation operation = {.kind = SM_STORAGE_SET, .key = SM_SLICE("k"), .value = sm_slice_make(value, 100000)};
            assert_true(sm_file_store_batch(client, &operation, 1, &error));
            free(value);
            sm_file_store_close(client);
            assert_int_equal(truncate(path, 16384), 0);
        } else {
            FILE *file = fopen(path, "w");
            assert_non_null(file);
            assert_int_equal(fwrite(garbage, 1, sizeof(garbage), file), sizeof(garbage));
            fclose(file);
        }
        struct sm_storage_client *client = open_store();
        expect(client, "k", NULL);
        set(client, "k", "new");
        expect(client, "k", "new");
        sm_file_store_close(client);
    }
}

static void names_a_place_that_cannot_be_used(void **state)
{
    (void)state;
    struct sm_error error = {0};
    assert_null(sm_file_store_open("/nowhere/at/all.lmdb", false, NULL, &error));
    assert_non_null(strstr(error.text, "/nowhere/at/all.lmdb"));
    assert_non_null(strstr(error.text, "No such file"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(keeps_values_over_a_restart, make_directory, remove_directory),
        cmocka_unit_test_setup_teardown(walks_keys_in_order, make_directory, remove_directory),
        cmocka_unit_test_setup_teardown(grows_beyond_the_first_map, make_directory, remove_directory),
        cmocka_unit_test_setup_teardown(refuses_to_open_a_file_twice, make_directory, remove_directory),
        cmocka_unit_test_setup_teardown(sets_a_corrupt_file_aside, make_directory, remove_directory),
        cmocka_unit_test(names_a_place_that_cannot_be_used),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
