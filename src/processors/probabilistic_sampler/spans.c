/* spans.c - see items.h: spans carry randomness and threshold in their trace state. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "processors/probabilistic_sampler/items.h"
#include "base/ascii.h"
#include "base/hex.h"
#include "telemetry/sampling_threshold.h"
#include "telemetry/span.h"
#include "telemetry/trace_state.h"

static void read_span(const struct sm_sampler *sampler, const struct sm_span *span, struct sm_trace_state *state, struct sm_sampler_item *item)
{
    sm_sampler_item_init(item);
    item->is_malformed = !sm_trace_state_parse(state, span->trace_state);
    item->has_arrived_threshold = state->has_threshold;
    item->arrived_threshold = state->threshold;
    item->has_arrived_randomness = state->has_randomness;
    item->arrived_randomness = state->randomness;
    if (sampler->mode == SM_SAMPLER_HASH_SEED && !sm_sampler_is_empty_id(span->trace_id))
        sm_sampler_item_hash(item, sampler, SM_SAMPLER_TRACE_ID_HASH, span->trace_id);
    sm_sampler_item_settle(item, sampler, span->trace_id, "malformed trace state");
    if (sampler->mode == SM_SAMPLER_HASH_SEED && item->has_place)
        sm_trace_state_set_randomness(state, item->randomness);
}

static bool is_digit(char c, bool is_hex)
{
    return sm_ascii_is_digit(c) || (is_hex && ((c | 0x20) == 'x' || sm_hex_value(c) >= 0));
}

/* Takes out underscores, which Go allows between digits and behind "0x". */
static bool strip_underscores(char *text, bool is_hex)
{
    char *to = text;
    for (const char *from = text; *from; from++) {
        if (*from != '_')
            *to++ = *from;
        else if (from == text || !is_digit(from[-1], is_hex) || !is_digit(from[1], is_hex))
            return false;
    }
    *to = 0;
    return true;
}

/* strconv.ParseFloat: strtod with underscores, without leading space, "nan(…)", hex digits without exponent. NaN when it is no number. */
static double parse_number(struct sm_slice text, struct sm_arena *arena)
{
    char *copy = sm_arena_strdup(arena, text), *end;
    bool is_hex = strpbrk(copy, "xX"), has_exponent = strpbrk(copy, "pP");
    if (text.size == 0 || strlen(copy) != text.size || !strip_underscores(copy, is_hex) || strchr(" \t\n\v\f\r", copy[0]) ||
        (is_hex && !has_exponent))
        return NAN;
    errno = 0;
    double number = strtod(copy, &end);
    return *end || (errno == ERANGE && isinf(number)) ? NAN : number;
}

/* OpenTracing's sampling.priority: 0 never, above 0 always, anything else says nothing. */
static void apply_priority(const struct sm_span *span, struct sm_arena *arena, struct sm_sampler_item *item)
{
    struct sm_value value;
    double priority = NAN;
    if (!sm_attributes_find(&span->attributes, SM_SLICE("sampling.priority"), &value))
        return;
    if (value.type == SM_VALUE_INT)
        priority = (double)value.integer;
    else if (value.type == SM_VALUE_DOUBLE)
        priority = value.number;
    else if (value.type == SM_VALUE_STRING)
        priority = parse_number(value.string, arena);
    if (!(priority >= 0))
        return;
    item->threshold = priority > 0 ? SM_THRESHOLD_ALWAYS : SM_THRESHOLD_NEVER;
    item->policy = SM_SAMPLER_PRIORITY;
}

static void write_state(struct sm_span *span, struct sm_arena *arena, struct sm_trace_state *state, const struct sm_sampler_item *item)
{
    if (sm_sampler_writes_threshold(item))
        sm_trace_state_set_threshold(state, item->threshold);
    else if (item->is_cleared)
        sm_trace_state_clear_threshold(state);
    struct sm_slice text = sm_trace_state_write(state, arena);
    if (sm_slice_equal(text, span->trace_state))
        return;
    span->trace_state = text;
    span->changed |= SM_SPAN_CHANGED_FIELDS;
}

bool sm_sampler_take_span(const struct sm_sampler *sampler, struct sm_span *span, struct sm_arena *arena, struct sm_sampler_item *item)
{
    struct sm_trace_state state;
    read_span(sampler, span, &state, item);
    sm_sampler_decide(sampler, item);
    apply_priority(span, arena, item);
    if (!sm_sampler_keeps(item))
        return false;
    if (item->has_place)
        write_state(span, arena, &state, item);
    return true;
}
