/* backups.h - what rotation does in the directory of a file: set it aside, remove what is too old or too many; and making directories. Blocking. */
#pragma once

#include "base/error.h"

#include <sys/types.h>

struct sm_file_rotation;

/* Renames the file, if there is one, to name-2026-11-21T11-06-04.969-size.extension. */
bool sm_file_back_up(const char *path, bool localtime, struct sm_error *error) __attribute__((warn_unused_result));
/* Removes backups beyond max_backups (oldest first) and those older than max_days. */
bool sm_file_clean_backups(const char *path, const struct sm_file_rotation *rotation, struct sm_error *error) __attribute__((warn_unused_result));
/* As mkdir -p. */
bool sm_file_make_directories(const char *path, mode_t mode, struct sm_error *error) __attribute__((warn_unused_result));
