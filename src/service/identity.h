/* identity.h - how the program calls itself in its log and its own metrics: service.name, service.version, service.instance.id and what the user
 * adds.
 *
 * Main thread only. */
#pragma once

#include "base/arena.h"
#include "config/option.h"

/* The attributes in order of their names, in `arena`. What `given` sets to NULL is left out. The instance id is a random UUID, the same as long as
 * the process lives. */
struct sm_string_map sm_identity_create(const struct sm_string_map *given, struct sm_arena *arena);
/* Puts them on the resource of what sm_own_metrics_collect gave. */
struct sm_batch;
void sm_identity_apply(const struct sm_string_map *identity, struct sm_batch *batch);
