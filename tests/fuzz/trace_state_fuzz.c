/* trace_state_fuzz.c - trace states from outside: what is written reads back as the same values, and writing it again changes nothing. */
#include <stdint.h>
#include <stdlib.h>

#include "telemetry/trace_state.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool is_right)
{
    if (!is_right)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sm_arena arena;
    struct sm_trace_state state, again;
    sm_arena_init(&arena);
    bool is_right = sm_trace_state_parse(&state, sm_slice_make(data, size));
    struct sm_slice text = sm_trace_state_write(&state, &arena);
    if (is_right && text.size <= 1024) {
        check(sm_trace_state_parse(&again, text));
        check(again.has_threshold == state.has_threshold && (!state.has_threshold || again.threshold == state.threshold));
        check(again.has_randomness == state.has_randomness && (!state.has_randomness || again.randomness == state.randomness));
        check(sm_slice_equal(sm_trace_state_write(&again, &arena), text));
    }
    sm_arena_deinit(&arena);
    return 0;
}
