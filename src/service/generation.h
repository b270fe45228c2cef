/* generation.h - everything that one loaded configuration brings to life: its graph and the endpoints of the own metrics.
 *
 * A reload makes a new generation beside the old one, which then drains. Main worker only.
 *
 *     create -> open_log -> apply_telemetry -> build -> start -> … -> stop -> stopped() -> free
 *     create -> check_log -> build -> free      (spanmill validate)
 */
#pragma once

#include "base/error.h"

#include <stdint.h>

struct sm_config;
struct sm_diags;
struct sm_generation;
struct sm_workers;

/* What goes wrong is told to `diags` with its place, too. */

/* Takes `config`. Opens nothing. */
struct sm_generation *sm_generation_create(struct sm_workers *workers, struct sm_config *config) __attribute__((returns_nonnull, warn_unused_result));
/* Says what opening the log file would. */
bool sm_generation_check_log(const struct sm_generation *generation, struct sm_diags *diags, struct sm_error *error)
    __attribute__((warn_unused_result));
/* Opens the log file. */
bool sm_generation_open_log(struct sm_generation *generation, struct sm_diags *diags, struct sm_error *error) __attribute__((warn_unused_result));
/* Makes the program's log and metrics level what this configuration says; again for the current one when its successor did not come up. */
void sm_generation_apply_telemetry(struct sm_generation *generation);
/* Builds the graph and opens nothing. False with "failed to build pipelines: …"; it must then be freed. */
bool sm_generation_build(struct sm_generation *generation, struct sm_diags *diags, struct sm_error *error) __attribute__((warn_unused_result));
/* False with "cannot start pipelines: …"; it must then be stopped. */
bool sm_generation_start(struct sm_generation *generation, struct sm_diags *diags, struct sm_error *error) __attribute__((warn_unused_result));
/* Drains; `stopped` is called once from the main worker's loop. Without `is_drained` the limit has passed and the generation must be kept. */
void sm_generation_stop(struct sm_generation *generation, uint64_t limit_ns,
                        void (*stopped)(void *context, struct sm_generation *generation, bool is_drained), void *context);
/* After `stopped` with `is_drained`, or when it was never started. The log is then that of another generation, or nobody writes any more. NULL is
 * allowed. */
void sm_generation_free(struct sm_generation *generation);
