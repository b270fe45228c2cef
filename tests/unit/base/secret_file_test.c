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

#include "base/log.h"

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
    struct sm_secret_file *file = sm_secret_file_open(path, NULL, &error);
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
    assert_null(sm_secret_file_open(path, NULL, &error));
    assert_non_null(strstr(error.text, "is empty"));
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    for (size_t i = 0; i <= SM_SECRET_FILE_LIMIT_BYTES; i++)
        assert_int_equal(fputc('x', file), 'x');
    assert_int_equal(fclose(file), 0);
    assert_null(sm_secret_file_open(path, NULL, &error));
    assert_non_null(strstr(error.text, "too large"));
    unlink(path);
    assert_null(sm_secret_file_open(path, NULL, &error));
    assert_non_null(strstr(error.text, path));
}

/* How often `wanted` stands in the log that `fd` holds. */
static size_t count_in_log(int fd, const char *wanted)
{
    char text[4096];
    ssize_t size = pread(fd, text, sizeof(text) - 1, 0);
    size_t count = 0;
    assert_true(size >= 0);
    text[size] = '\0';
    for (const char *at = strstr(text, wanted); at; at = strstr(at + 1, wanted))
        count++;
    return count;
}

/* Asks twice, when the file is looked at again. */
static void look_twice(struct sm_secret_file *file, const char *wanted)
{
    for (int i = 0; i < 2; i++) {
        struct sm_bytes text = {0};
        usleep(1010 * 1000);
        sm_secret_file_read(file, &text);
        assert_string_equal(sm_bytes_cstr(&text), wanted);
        sm_bytes_deinit(&text);
    }
}

static void tells_once_that_it_cannot_be_read_and_once_that_it_can(void **state)
{
    (void)state;
    char path[64], log_path[64];
    struct sm_error error;
    make_path(path);
    make_path(log_path);
    FILE *log = fopen(log_path, "r+");
    assert_non_null(log);
    struct sm_log_options options = SM_LOG_OPTIONS_DEFAULT;
    options.fd = fileno(log);
    sm_log_configure(&options);
    write_file(path, "one");
    struct sm_secret_file *file = sm_secret_file_open(path, NULL, &error);
    assert_non_null(file);
    unlink(path);
    look_twice(file, "one");
    assert_int_equal(count_in_log(options.fd, "cannot be read any more"), 1);
    assert_int_equal(count_in_log(options.fd, path), 1);
    write_file(path, "two");
    look_twice(file, "two");
    assert_int_equal(count_in_log(options.fd, "can be read again"), 1);
    assert_int_equal(count_in_log(options.fd, "cannot be read any more"), 1);
    sm_secret_file_close(file);
    sm_log_configure(&SM_LOG_OPTIONS_DEFAULT);
    fclose(log);
    unlink(path);
    unlink(log_path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_the_content_without_white_space_at_its_ends),
        cmocka_unit_test(refuses_a_file_that_is_not_there_too_large_or_empty),
        cmocka_unit_test(tells_once_that_it_cannot_be_read_and_once_that_it_can),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
