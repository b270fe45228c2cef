/* A secret in a file that is replaced. */
#include "base/secret_file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void make_path(char path[64])
{
    snprintf(path, 64, "/tmp/secret_file_test.XXXXXX");
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
}

static void gives_the_content_without_white_space_at_its_ends(void **state)
{
    (void)state;
    char path[64];
    struct sm_error error;
    struct sm_bytes text = {0};
    make_path(path);
    write_file(path, "  two words\n\n");
    struct sm_secret_file *file = sm_secret_file_open(path, &error);
    assert_non_null(file);
    sm_secret_file_read(file, &text);
    assert_string_equal(sm_bytes_cstr(&text), "two words");
    unlink(path);
    sm_secret_file_read(file, &text);
    assert_string_equal(sm_bytes_cstr(&text), "two wordstwo words");
    sm_bytes_deinit(&text);
    sm_secret_file_close(file);
}

static void refuses_a_file_that_is_not_there_too_large_or_empty(void **state)
{
    (void)state;
    char path[64];
    struct sm_error error;
    make_path(path);
    write_file(path, " \n");
    assert_null(sm_secret_file_open(path, &error));
    assert_non_null(strstr(error.text, "is empty"));
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    for (size_t i = 0; i <= SM_SECRET_FILE_LIMIT_BYTES; i++)
        assert_int_equal(fputc('x', file), 'x');
    assert_int_equal(fclose(file), 0);
    assert_null(sm_secret_file_open(path, &error));
    assert_non_null(strstr(error.text, "too large"));
    unlink(path);
    assert_null(sm_secret_file_open(path, &error));
    assert_non_null(strstr(error.text, path));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_the_content_without_white_space_at_its_ends),
        cmocka_unit_test(refuses_a_file_that_is_not_there_too_large_or_empty),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
