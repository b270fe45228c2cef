/* trace_state.c - see trace_state.h.
 *
 * Empty members are passed over; of others there are 32 at most, with keys of their own.
 * Source: W3C Trace Context, section 3.3.1; otel-go trace/tracestate.go, which is stricter in some places and decides. */
#include "processors/tail_sampling/trace_state.h"

#include "telemetry/trace_state.h"

enum { MEMBERS_MAX = 32 };

bool sm_tail_trace_state_find(struct sm_slice text, struct sm_slice wanted, struct sm_slice *value)
{
    struct sm_slice keys[MEMBERS_MAX], found = {0};
    struct sm_trace_state_member member;
    size_t count = 0;
    while (sm_trace_state_next(&text, &member)) {
        if (member.is_empty)
            continue;
        if (!member.is_sound || !sm_trace_state_has_key_size(&member))
            return false;
        for (size_t i = 0; i < count; i++)
            if (sm_slice_equal(keys[i], member.key))
                return false;
        if (count == MEMBERS_MAX)
            return false;
        keys[count++] = member.key;
        if (sm_slice_equal(member.key, wanted))
            found = member.value;
    }
    *value = found;
    return found.size > 0;
}
