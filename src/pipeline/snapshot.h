/* snapshot.h - what a running process shows of its numbers (`spanmill top`): components that have some are sources, the process serves them all.
 *
 * A source is asked, and answers with tables, at once or later, each a line of its own and then its rows:
 *
 *     table <kind> <unit> <component id>
 *     \t<field>\t<field>…
 *
 *     spans  <service> <operation> <spans> <errors> <sum of durations> <lower>/<upper bound>:<spans> …    unit of durations: ms or s
 *     volume <service> <environment> <spans> <bytes>                                                     unit: By
 *
 * Numbers are those since the start of the process, or since whenever the component began to count. Tabs, line ends and backslashes in names are
 * escaped with a backslash. Sources with the same component id (a component in two pipelines, or in the old and the new configuration of a reload)
 * may give the same row twice.
 * Any thread. */
#pragma once

#include "base/bytes.h"
#include "base/slice.h"

struct sm_snapshot_question;
struct sm_snapshot_source;
struct sm_volume;

/* Must lead to exactly one sm_snapshot_answer, from any thread. Runs where sm_snapshot_collect was called. */
typedef void sm_snapshot_ask(struct sm_snapshot_question *question, void *context);

/* `context` is borrowed until the source is removed. */
struct sm_snapshot_source *sm_snapshot_source_add(sm_snapshot_ask *ask, void *context) __attribute__((returns_nonnull, warn_unused_result));
/* It is not asked again; `removed(context)`, once, when it has no question to answer any more, on any thread, perhaps before this returns. */
void sm_snapshot_source_remove(struct sm_snapshot_source *source, void (*removed)(void *context), void *context);

/* `tables` are copied. The question is gone afterwards. */
void sm_snapshot_answer(struct sm_snapshot_question *question, struct sm_slice tables);

/* Asks all sources; `collected` once all have answered, on any thread, perhaps before this returns: their tables in the order in which the sources
 * were added, borrowed for the call. */
void sm_snapshot_collect(void (*collected)(void *context, struct sm_slice tables), void *context);

/* Whether there is anything to ask for. */
bool sm_snapshot_has_sources(void);

/* For sources: the line before the rows, and a name within a row. */
void sm_snapshot_append_table(struct sm_bytes *out, const char *kind, struct sm_slice unit, const char *component_id);
void sm_snapshot_append_name(struct sm_bytes *out, struct sm_slice name);
/* A row of a table of volumes. */
void sm_snapshot_append_volume(struct sm_bytes *out, const struct sm_volume *volume);
