/* persist.h - the ledger in a storage extension, so that counters go on after a restart.
 *
 * One entry for each resource and series, named by their number in the ledger:
 *
 *     "c"           what the series depend on (dimensions, buckets, …): data of another configuration is dropped
 *     "i"           collector.instance.id, which is a label and must not change
 *     "r" number    resource: its time, its attributes
 *     "s" family number   series: resource, times, count, sum, buckets, identity, tail
 *
 * Saved before every export and at the end: what was once exported is never taken back, not even by kill -9; what is lost is at most what was counted
 * since the last export. Only what changed is written. All calls on the worker that holds the ledger (restoring: at start, before there are workers).
 */
#pragma once

#include "base/error.h"
#include "connectors/span_metrics/ledger.h"

struct sm_component;
struct sm_keeper;

/* Opens the storage `storage_id` for `component`. NULL with `error` filled when it cannot be used. */
struct sm_keeper *sm_keeper_open(struct sm_component *component, const char *storage_id, struct sm_error *error) __attribute__((warn_unused_result));
void sm_keeper_close(struct sm_keeper *keeper); /* NULL is allowed */
/* The instance id of before, else `otherwise`, which is then kept. False: the store failed. */
bool sm_keeper_instance(struct sm_keeper *keeper, const char *otherwise, char instance[256], struct sm_error *error)
    __attribute__((warn_unused_result));
/* Fills the empty ledger with what was saved under the same settings. Unsound entries are left out. False: the store failed. */
bool sm_keeper_restore(struct sm_keeper *keeper, struct sm_ledger *ledger, struct sm_error *error) __attribute__((warn_unused_result));
/* Writes what changed since the last call. False: the store failed, all is tried again the next time. */
bool sm_keeper_save(struct sm_keeper *keeper, struct sm_ledger *ledger, struct sm_error *error) __attribute__((warn_unused_result));
