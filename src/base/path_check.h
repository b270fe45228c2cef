/* path_check.h - would a file open? Looks, opens nothing: for what is said before anything is started. */
#pragma once

#include "base/error.h"

/* Can `path` be opened to be written, which makes it when it is not there? With `makes_folders` those above it may be missing. False with "open PATH:
 * no such file or directory" and advice. */
bool sm_path_check_writable(const char *path, bool makes_folders, struct sm_error *error) __attribute__((warn_unused_result));
