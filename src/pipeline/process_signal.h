/* process_signal.h - signals to the process, handled on the main worker's loop. */
#pragma once

struct sm_process_signal;
struct sm_worker;

/* Calls `run(number, context)` on `worker` (the main one) for every `number` (SIGTERM, …) that arrives from now on; several arrivals may become one
 * call. */
struct sm_process_signal *sm_process_signal_watch(struct sm_worker *worker, int number, void (*run)(int number, void *context), void *context)
    __attribute__((returns_nonnull, warn_unused_result));
/* The signal does again what it did before. NULL is allowed. */
void sm_process_signal_free(struct sm_process_signal *watch);
