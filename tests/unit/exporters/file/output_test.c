#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "exporters/file/group_path.h"
#include "exporters/file/output.h"

static void groups_never_leave_their_prefix(void **state)
{
    (void)state;
    static const struct {
        const char *path, *segment, *expected;
    } rows[] = {
        {"/data/*.json", "a", "/data/a.json"},
        {"/data/*.json", "../up", "/data/up.json"},
        {"/data/*.json", "./dot", "/data/dot.json"},
        {"/data/*.json", "x/../../../etc", "/data/etc.json"},
        {"/data/*.json", "deep/er", "/data/deep/er.json"},
        {"/data/*.json", "", "/data/.json"},
        {"/data/pre*.json", "/../../x", "/data/pre/x.json"},
        {"./rel/*", "../../..", "rel/"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct sm_arena arena = SM_ARENA_INIT;
        const char *path = sm_file_group_path(rows[i].path, sm_slice_of(rows[i].segment), &arena);
        if (i + 1 < sizeof(rows) / sizeof(rows[0]))
            assert_string_equal(path, rows[i].expected);
        assert_true(strncmp(path, i + 1 < sizeof(rows) / sizeof(rows[0]) ? "/data/" : "rel", 3) == 0);
        sm_arena_deinit(&arena);
    }
}

static long size_of(const char *path)
{
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    fseek(file, 0, SEEK_END);
    long size = ftell(file);
    fclose(file);
    return size;
}

/* A limit on the size of files stands for a full disk: both end a write in the middle. */
static void a_refused_message_leaves_no_part_of_itself(void **state)
{
    (void)state;
    char path[] = "/tmp/spanmill-output-XXXXXX";
    close(mkstemp(path));
    struct sm_error error = {0};
    struct sm_file_output *output = sm_file_output_open(path, false, NULL, &error);
    assert_non_null(output);
    static char large[8192];
    memset(large, 'x', sizeof(large));
    assert_true(sm_file_output_write(output, sm_slice_make(large, sizeof(large)), &error));
    assert_int_equal(size_of(path), sizeof(large));
    struct rlimit before, narrow;
    getrlimit(RLIMIT_FSIZE, &before);
    narrow = (struct rlimit){.rlim_cur = sizeof(large) + 100, .rlim_max = before.rlim_max};
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &narrow);
    bool is_written = sm_file_output_write(output, sm_slice_make(large, sizeof(large)), &error);
    setrlimit(RLIMIT_FSIZE, &before);
    assert_false(is_written);
    assert_non_null(strstr(error.text, path));
    assert_int_equal(size_of(path), sizeof(large));
    assert_true(sm_file_output_write(output, sm_slice_make("small\n", 6), &error));
    assert_true(sm_file_output_close(output, &error));
    assert_int_equal(size_of(path), sizeof(large) + 6);
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(groups_never_leave_their_prefix),
        cmocka_unit_test(a_refused_message_leaves_no_part_of_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
