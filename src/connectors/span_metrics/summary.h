/* summary.h - the ledger in a few words for `spanmill top`: a line for each service and operation.
 *
 *     spanmill-top 1 <wall clock ns> <unit of durations: ms or s> <cumulative or delta>
 *     <service> \t <operation> \t <spans> \t <errors> \t <sum of durations> \t <lower>/<upper bound>:<spans> …
 *
 * Spans and errors since the start (delta: since the last export); buckets that are not empty, with their own counts; tabs, line ends and backslashes
 * in names are escaped with a backslash. The lines with most spans come first, SM_SUMMARY_LINES_MAX at most. */
#pragma once

#include "connectors/span_metrics/ledger.h"

enum { SM_SUMMARY_LINES_MAX = 2000 };

void sm_ledger_summarize(const struct sm_ledger *ledger, uint64_t now_ns, struct sm_bytes *out);
