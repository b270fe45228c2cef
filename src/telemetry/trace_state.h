/* trace_state.h - the W3C trace state of a span, with OpenTelemetry's sampling values in its member `ot`: "ot=rv:…;th:…,vendor=…".
 *
 * A parsed state borrows the text. Any thread, one at a time.
 * Source: W3C trace-context-2 (tracestate), opentelemetry-specification trace/tracestate-handling; as strict as opentelemetry-collector-contrib
 * pkg/sampling. */
#pragma once

#include "base/arena.h"
#include "base/slice.h"

enum { SM_TRACE_STATE_MEMBERS_MAX = 31 }; /* the reference refuses the 32nd that W3C allows */

struct sm_trace_state {
    bool has_threshold, has_randomness;
    uint64_t threshold, randomness;                      /* see sampling_threshold.h; valid with their flag */
    struct sm_slice _threshold_text, _randomness_text;   /* as they arrived; empty: write the number */
    struct sm_slice _own;                                /* value of `ot`; its other keys are written on */
    struct sm_slice _others[SM_TRACE_STATE_MEMBERS_MAX]; /* members of other vendors */
    size_t _other_count;
};

/* One member as it stands in the text. */
struct sm_trace_state_member {
    struct sm_slice key, value; /* valid with `is_sound` */
    bool is_empty;              /* nothing between two commas … */
    bool is_blank;              /* … or only blanks */
    bool is_sound;              /* key and value have the characters that W3C allows, the value its size */
};
/* Cuts the next member off `rest`; false at the end. For readers with rules of their own. */
bool sm_trace_state_next(struct sm_slice *rest, struct sm_trace_state_member *member);
/* Whether the key of a sound member is no longer than W3C allows. */
bool sm_trace_state_has_key_size(const struct sm_trace_state_member *member);

/* False: something in it is malformed or too long. What was understood before is in `state` all the same (nothing when the syntax of the whole is
 * wrong). Duplicates: the last one decides. An empty text is a sound, empty state. */
bool sm_trace_state_parse(struct sm_trace_state *state, struct sm_slice text) __attribute__((warn_unused_result));

/* A value that is set is written anew; one that is left alone stays as it arrived, upper case and trailing zeros included. */
void sm_trace_state_set_threshold(struct sm_trace_state *state, uint64_t threshold);
void sm_trace_state_clear_threshold(struct sm_trace_state *state);
void sm_trace_state_set_randomness(struct sm_trace_state *state, uint64_t randomness);

/* `ot` first, in it rv, th and the other keys; then the other vendors in their order. In `arena`. */
struct sm_slice sm_trace_state_write(const struct sm_trace_state *state, struct sm_arena *arena);
