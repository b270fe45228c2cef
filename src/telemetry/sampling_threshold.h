/* sampling_threshold.h - OpenTelemetry probability sampling in 56 bits.
 *
 * A threshold is how many of 2^56 are rejected: an item with `randomness` is kept when threshold <= randomness. Any thread.
 * Source: opentelemetry-specification, trace/tracestate-probability-sampling; opentelemetry-collector-contrib pkg/sampling. */
#pragma once

#include "base/slice.h"

enum { SM_SAMPLING_DIGITS = 14 };
#define SM_THRESHOLD_ALWAYS UINT64_C(0)
#define SM_THRESHOLD_NEVER (UINT64_C(1) << 56)
#define SM_RANDOMNESS_MAX (SM_THRESHOLD_NEVER - 1)
#define SM_PROBABILITY_MIN 0x1p-56

/* The threshold of `probability` with as many significant hex digits as `precision` says and, near 0 and 1, as many more as it takes to tell it from
 * them. 0: all digits. False: `probability` is not in [2^-56, 1]. May round up to SM_THRESHOLD_NEVER when `precision` is negative. */
bool sm_threshold_from_probability(double probability, int precision, uint64_t *threshold) __attribute__((warn_unused_result));
double sm_threshold_probability(uint64_t threshold);

/* "c" is c0000000000000: 1 to 14 hex digits of either case. */
bool sm_threshold_parse(struct sm_slice text, uint64_t *threshold) __attribute__((warn_unused_result));
/* Exactly 14 hex digits of either case. */
bool sm_randomness_parse(struct sm_slice text, uint64_t *randomness) __attribute__((warn_unused_result));

/* Write up to SM_SAMPLING_DIGITS characters without a NUL and return their number: a threshold in lower case without trailing zeros ("0" for
 * ALWAYS, nothing for NEVER), a randomness in full. */
size_t sm_threshold_format(uint64_t threshold, char *text);
size_t sm_randomness_format(uint64_t randomness, char *text);

/* The low 56 bits of a trace ID of 16 bytes. */
uint64_t sm_randomness_of_trace_id(struct sm_slice trace_id);
