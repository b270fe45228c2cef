/* delivery.h - the acknowledgement that travels with a batch.
 *
 * Who puts telemetry into a pipeline (a receiver, a batch processor, a queue) creates a delivery with one part and attaches it to the batch. Fan-out
 * and splitting add parts; every part is completed exactly once, by whoever ends the batch that carries it. When the last part is completed the
 * `done` function is called once with the worst outcome, on the worker that created the delivery (at once when that worker completes it,
 * otherwise by message).
 *
 * Any thread: the count is atomic. */
#pragma once

#include "pipeline/outcome.h"

#include <stdatomic.h>

struct sm_batch;
struct sm_delivery;
struct sm_worker;

typedef void sm_delivery_done(struct sm_worker *worker, const struct sm_outcome *outcome, void *context);

/* One part is open. `worker` is the calling worker. */
struct sm_delivery *sm_delivery_create(struct sm_worker *worker, sm_delivery_done *done, void *context)
    __attribute__((returns_nonnull, warn_unused_result));
/* `flag` (borrowed until the delivery is done; written by any thread) tells that nobody waits for the outcome any more: who would try again need not.
 * Before the batch is given away. NULL: somebody always does. */
void sm_delivery_watch(struct sm_delivery *delivery, const atomic_bool *flag);
/* By whoever holds an open part. NULL is not. */
bool sm_delivery_is_abandoned(const struct sm_delivery *delivery);
/* `more` further parts: call before giving the first one away. NULL is allowed. */
void sm_delivery_add_parts(struct sm_delivery *delivery, unsigned more);
/* Completes one part. NULL is allowed. May call `done` before it returns. `current` is the calling worker, NULL on a thread that is none. */
void sm_delivery_complete(struct sm_delivery *delivery, struct sm_worker *current, const struct sm_outcome *outcome);

/* Ends a batch: completes its delivery's part with `outcome` (if it has one) and releases the batch. */
void sm_batch_finish(struct sm_batch *batch, struct sm_worker *current, const struct sm_outcome *outcome);
void sm_batch_accept(struct sm_batch *batch, struct sm_worker *current); /* sm_batch_finish with ACCEPTED */

/* Shares `batch`'s delivery with `part`, a piece split off it: adds one part. */
void sm_delivery_share(struct sm_batch *batch, struct sm_batch *part);
