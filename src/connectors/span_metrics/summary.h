/* summary.h - the ledger in a few words for `spanmill top`: the table "spans" of pipeline/snapshot.h, a row for each service and operation.
 *
 * Spans and errors are those since the start (delta: since the last export); buckets that are not empty, with their own counts. The rows with most
 * spans come first, SM_SUMMARY_LINES_MAX at most. */
#pragma once

#include "connectors/span_metrics/ledger.h"

enum { SM_SUMMARY_LINES_MAX = 2000 };

void sm_ledger_summarize(const struct sm_ledger *ledger, const char *component_id, struct sm_bytes *out);
