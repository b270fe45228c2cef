/* fmt.c - spanmill fmt: an Alloy or River file in the one form there is. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alloy/parser.h"
#include "alloy/printer.h"
#include "alloy/yaml_mistake.h"
#include "base/bytes.h"
#include "base/error.h"
#include "cli/cli.h"
#include "cli/flags.h"
#include "cli/terminal.h"
#include "config/diags.h"
#include "config/source.h"

enum { READ_BYTES = 65536 };

static bool read_all(int fd, struct sm_bytes *text, struct sm_error *error, const char *name)
{
    for (;;) {
        ssize_t got = read(fd, sm_bytes_reserve(text, READ_BYTES), READ_BYTES);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return sm_error_set_errno(error, errno, "read %s", name);
        if (got == 0)
            return true;
        text->size += (size_t)got;
        if (text->size > SM_ALLOY_TEXT_BYTES_MAX)
            return sm_error_set(error, SM_ERROR_USAGE, "%s: larger than %d bytes", name, SM_ALLOY_TEXT_BYTES_MAX);
    }
}

static bool read_file(const char *path, struct sm_bytes *text, struct sm_error *error)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat info;
    if (fd < 0 || fstat(fd, &info) != 0) {
        int why = errno;
        if (fd >= 0)
            close(fd);
        return sm_error_set_errno(error, why, "open %s", path);
    }
    bool is_good =
        S_ISDIR(info.st_mode) ? sm_error_set(error, SM_ERROR_USAGE, "cannot format a directory: %s", path) : read_all(fd, text, error, path);
    close(fd);
    return is_good;
}

/* Replaces the file's content; a link stays a link and the mode what it was. A disk without room is noticed before anything is overwritten. */
static bool write_file(const char *path, struct sm_slice text, struct sm_error *error)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return sm_error_set_errno(error, errno, "open %s", path);
    int no_room = text.size ? posix_fallocate(fd, 0, (off_t)text.size) : 0;
    if (no_room) {
        close(fd);
        return sm_error_set_errno(error, no_room, "write %s", path);
    }
    size_t done = 0;
    while (done < text.size) {
        ssize_t count = write(fd, text.ptr + done, text.size - done);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0) {
            sm_error_set_errno(error, errno, "write %s", path);
            close(fd);
            return false;
        }
        done += (size_t)count;
    }
    if (ftruncate(fd, (off_t)text.size) != 0) {
        sm_error_set_errno(error, errno, "write %s", path);
        close(fd);
        return false;
    }
    return close(fd) == 0 || sm_error_set_errno(error, errno, "close %s", path);
}

/* False after errors, which have been told. */
static bool format(const char *name, struct sm_slice text, struct sm_bytes *formatted)
{
    struct sm_arena arena = SM_ARENA_INIT;
    struct sm_diags *diags = sm_diags_create();
    struct sm_source source = {.name = name, .text = text, .is_quotable = true, .language = SM_SOURCE_ALLOY};
    struct sm_alloy_file *file = sm_alloy_parse(&source, &arena, diags);
    if (file)
        sm_alloy_print_file(file, formatted);
    bool is_yaml = !file && sm_alloy_yaml_mistake(&source, &arena) != SM_ALLOY_NOT_YAML;
    if (file || !is_yaml)
        sm_diags_print(diags, stderr, sm_cli_wants_colour(stderr));
    sm_diags_free(diags);
    sm_arena_deinit(&arena);
    if (!file)
        is_yaml ? sm_cli_fail("%s is a YAML file: fmt is for Alloy and River files", name) : sm_cli_fail("encountered errors during formatting");
    return file != NULL;
}

static int format_path(const char *path, bool writes, bool tests)
{
    bool is_stdin = strcmp(path, "-") == 0;
    struct sm_bytes text = {0}, formatted = {0};
    struct sm_error error;
    int status = 0;
    if (is_stdin && writes)
        status = sm_cli_fail("can't use --write when reading from standard input");
    else if (is_stdin ? !read_all(STDIN_FILENO, &text, &error, "<stdin>") : !read_file(path, &text, &error))
        status = sm_cli_fail("%s", error.text);
    else if (!format(is_stdin ? "<stdin>" : path, sm_bytes_slice(&text), &formatted))
        status = 1;
    else if (tests)
        status = sm_slice_equal(sm_bytes_slice(&text), sm_bytes_slice(&formatted)) ? 0 : sm_cli_fail("%s: not formatted correctly", path);
    else if (!writes)
        status = fwrite(formatted.ptr, 1, formatted.size, stdout) == formatted.size ? 0 : sm_cli_fail("cannot write to standard output");
    else if (!sm_slice_equal(sm_bytes_slice(&text), sm_bytes_slice(&formatted)) && !write_file(path, sm_bytes_slice(&formatted), &error))
        status = sm_cli_fail("%s", error.text);
    sm_bytes_deinit(&text);
    sm_bytes_deinit(&formatted);
    return status;
}

int sm_cli_fmt(int argc, char **argv)
{
    bool writes = false, tests = false, wants_help = false;
    struct sm_flag_values rest = {0};
    const struct sm_flag rows[] = {
        {.name = "write", .letter = 'w', .is_set = &writes, .help = "write the result to the file instead of standard output"},
        {.name = "test", .letter = 't', .is_set = &tests, .help = "write nothing; the exit status is 1 when the file is not in its form"},
        {.name = "help", .letter = 'h', .is_set = &wants_help, .help = "this text"},
    };
    size_t count = sizeof(rows) / sizeof(rows[0]);
    if (!sm_flags_read(rows, count, argc, argv, &rest))
        return 1;
    if (wants_help) {
        puts("Formats an Alloy or River file; - reads standard input.\n\nUsage:\n  spanmill fmt [--write|--test] FILE\n\nFlags:");
        sm_flags_print(rows, count);
        return 0;
    }
    if (rest.count != 1)
        return sm_cli_fail("expected one file to format, got %zu (try: spanmill fmt FILE)", rest.count);
    if (writes && tests)
        return sm_cli_fail("--write and --test exclude each other");
    return format_path(rest.items[0], writes, tests);
}
