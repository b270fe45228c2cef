/* worker.h - a thread with an event loop.
 *
 * One worker per core carries connections and their requests from end to end; nothing that a worker owns is touched by another thread. The only way
 * in is sm_worker_post. No blocking call on a worker. The main thread is a worker too (index SM_WORKER_MAIN): it accepts connections, handles
 * signals, and owns what there is once per process. Built on libevent; the header does not show it, but net/ and timers use sm_worker_event_base. */
#pragma once

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct event_base;
struct sm_worker;

enum { SM_WORKER_MAIN = -1, SM_WORKER_COUNT_MAX = 256 };

/* ---- the set of workers (main thread only) */
struct sm_workers;
struct sm_workers *sm_workers_create(unsigned count, struct sm_error *error) __attribute__((warn_unused_result));
void sm_workers_start(struct sm_workers *workers);
/* Ends the loops after what is queued has run, joins, frees. */
void sm_workers_free(struct sm_workers *workers);
unsigned sm_workers_count(const struct sm_workers *workers);
struct sm_worker *sm_workers_get(struct sm_workers *workers, unsigned index);
struct sm_worker *sm_workers_main(struct sm_workers *workers);
/* Runs the main worker's loop until sm_workers_stop_main (from the main thread). */
void sm_workers_run_main(struct sm_workers *workers);
void sm_workers_stop_main(struct sm_workers *workers);

/* ---- one worker */
int sm_worker_index(const struct sm_worker *worker); /* 0 … count-1, or SM_WORKER_MAIN */
struct sm_workers *sm_worker_set(const struct sm_worker *worker);
struct event_base *sm_worker_event_base(struct sm_worker *worker);
struct sm_worker *sm_worker_current(void); /* of the calling thread; NULL when it is none */
/* Asserts that the caller runs on `worker`. */
void sm_worker_assert(const struct sm_worker *worker);

/* Runs `run(worker, context)` on `worker`, after what was posted before. Any thread. Wake-ups coalesce. Always accepted: what is posted is bounded by
 * its sender's own limits (queue sizes, requests in flight). */
typedef void sm_worker_task(struct sm_worker *worker, void *context);
void sm_worker_post(struct sm_worker *worker, sm_worker_task *run, void *context);
/* Runs `run` on every worker but the main one, after what was posted before, and waits for it. Main thread only: workers never wait for it. */
void sm_workers_run_on_all(struct sm_workers *workers, sm_worker_task *run, void *context);

/* ---- timers (worker-local) */
struct sm_timer;
/* Calls `run(worker, context)` once `after_ns` from now; with `repeat`, again every `after_ns`. Not armed while `after_ns` is 0. */
struct sm_timer *sm_timer_create(struct sm_worker *worker, sm_worker_task *run, void *context) __attribute__((returns_nonnull, warn_unused_result));
void sm_timer_arm(struct sm_timer *timer, uint64_t after_ns, bool repeat); /* replaces an earlier arming */
void sm_timer_disarm(struct sm_timer *timer);
void sm_timer_free(struct sm_timer *timer); /* NULL is allowed */

/* ---- memory to read into: SM_WORKER_SCRATCH_BYTES that every connection of the worker shares. Valid until the calling callback returns to the loop;
 * whoever fills it hands out slices of it and keeps none. Made at the first call. */
enum { SM_WORKER_SCRATCH_BYTES = 64 * 1024 };
char *sm_worker_scratch(struct sm_worker *worker) __attribute__((returns_nonnull, warn_unused_result));

/* ---- load, for placing connections and handing over requests: connections and requests under way (any thread, relaxed) */
void sm_worker_add_load(struct sm_worker *worker, int more);
struct sm_worker *sm_workers_least_loaded(struct sm_workers *workers); /* of equals the lowest index */
