/* secret_file.h - a secret that is kept in a file and may be replaced while the program runs.
 *
 * The file is looked at again at most once a second, when somebody asks. White space at both ends does not count. While it cannot be read, or is
 * empty, the last good content stays; that it begins and that it ends is logged. Any thread; a lock is held while the file is looked at and the text
 * is copied. */
#pragma once

#include "base/bytes.h"
#include "base/error.h"

enum { SM_SECRET_FILE_LIMIT_BYTES = 1024 * 1024 };

struct sm_logger;
struct sm_secret_file;

/* Reads the file for the first time. NULL with `error` filled when that fails or it is empty. `path` is copied, `logger`
 * (NULL: none) borrowed. */
struct sm_secret_file *sm_secret_file_open(const char *path, const struct sm_logger *logger, struct sm_error *error)
    __attribute__((warn_unused_result));
/* Appends the content to `out`. */
void sm_secret_file_read(struct sm_secret_file *file, struct sm_bytes *out);
void sm_secret_file_close(struct sm_secret_file *file); /* NULL is allowed */
