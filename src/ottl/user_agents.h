/* user_agents.h - which browser and operating system a User-Agent header tells of.
 *
 * By the expressions of the project uap-core, read from a file when a statement first needs them: Debian's package uap-core installs it, and
 * the environment variable SPANMILL_USER_AGENT_REGEXES names another one. */
#pragma once

#include "base/arena.h"
#include "base/error.h"
#include "base/slice.h"

struct sm_user_agent {
    struct sm_slice name, version;       /* "Other" and "" when nothing matches */
    struct sm_slice os_name, os_version; /* the same */
};

/* Reads the file unless that was done. False with `error`: it is absent or not what it should be. Main thread. */
bool sm_user_agents_load(struct sm_error *error) __attribute__((warn_unused_result));
/* Only once it is loaded. The texts are in `arena`. Any thread: each remembers the last headers it saw. */
struct sm_user_agent sm_user_agents_find(struct sm_slice header, struct sm_arena *arena);
