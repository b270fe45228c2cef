/* example_trace.h - a made-up visit to a web shop as an OTLP request, for `spanmill send`. */
#pragma once

#include "base/bytes.h"

#include <stdint.h>

/* Appends an ExportTraceServiceRequest with one trace, ending at `now_ns`. The `number`-th differs from the others in ids, durations and outcome:
 * about one in eight fails at the payment. Returns its number of spans; `*is_failed` tells whether it failed. */
unsigned sm_example_trace_append(struct sm_bytes *out, uint64_t number, uint64_t seed, uint64_t now_ns, bool *is_failed);
