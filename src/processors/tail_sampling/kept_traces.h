/* kept_traces.h - undecided traces between two runs of the program, in a storage: OTLP requests, in the order of writing.
 *
 * The storage is open only while somebody writes or reads, so that a configuration that ends can leave its traces to the one that replaces it.
 * Any thread: between open and close others wait. */
#pragma once

#include "base/error.h"
#include "base/slice.h"

struct sm_buffer;
struct sm_component;
struct sm_tail_keeper;

struct sm_tail_keeper *sm_tail_keeper_create(struct sm_component *component, const char *storage_id)
    __attribute__((returns_nonnull, warn_unused_result));
void sm_tail_keeper_free(struct sm_tail_keeper *keeper); /* NULL is allowed */

/* False: it stays closed (SM_ERROR_BUSY: somebody else has it open). */
bool sm_tail_keeper_open(struct sm_tail_keeper *keeper, struct sm_error *error) __attribute__((warn_unused_result));
void sm_tail_keeper_close(struct sm_tail_keeper *keeper);
bool sm_tail_keeper_write(struct sm_tail_keeper *keeper, struct sm_slice request, struct sm_error *error) __attribute__((warn_unused_result));
/* Takes the first request out; `*request` is NULL when there is none. */
bool sm_tail_keeper_take(struct sm_tail_keeper *keeper, struct sm_buffer **request, struct sm_error *error) __attribute__((warn_unused_result));
