/* export.h - the ledger as metrics batches. */
#pragma once

#include "connectors/span_metrics/ledger.h"

struct sm_batch;

/* Most points in a batch: an export of many series becomes several batches, so that it needs little memory at a time. */
enum { SM_EXPORT_POINTS_MAX = 1024 };

/* Gives every series of the ledger to `sink`, in one batch or several (their references go to the sink); none when there is nothing. `now_ns` is the
 * time of the points. Series are then no longer first, and in delta mode their next start is noted. On the worker that holds the ledger. */
void sm_ledger_export(struct sm_ledger *ledger, uint64_t now_ns, void (*sink)(void *context, struct sm_batch *batch), void *context);
