/* trace_state.c - see trace_state.h. Source of behaviour: pkg/sampling (w3ctracestate.go, oteltracestate.go, common.go).
 *
 * The syntax of the whole is checked before anything is taken from it; what is then found wrong (a length, a value) leaves the rest in place. */
#include "telemetry/trace_state.h"

#include "base/ascii.h"
#include "telemetry/sampling_threshold.h"

enum {
    STATE_SIZE_MAX = 1024,
    KEY_SIZE_MAX = 256,
    TENANT_SIZE_MAX = 241,
    SYSTEM_SIZE_MAX = 14,
    VALUE_SIZE_MAX = 256,
    OWN_SIZE_MAX = sizeof("ot=rv:;th:;,") + 2 * SM_SAMPLING_DIGITS, /* what writing adds at most */
};

static bool is_lower_or_digit(char c)
{
    return sm_ascii_is_lower(c) || sm_ascii_is_digit(c);
}

static bool is_key_rest(struct sm_slice text)
{
    for (size_t i = 0; i < text.size; i++)
        if (!is_lower_or_digit(text.ptr[i]) && !memchr("_-*/", text.ptr[i], 4))
            return false;
    return true;
}

static struct sm_slice without_first(struct sm_slice text)
{
    return sm_slice_make(text.ptr + 1, text.size - 1);
}

/* simple-key or tenant-id "@" system-id */
static bool is_key(struct sm_slice key)
{
    struct sm_slice system = key;
    if (key.size == 0)
        return false;
    if (!memchr(key.ptr, '@', key.size))
        return sm_ascii_is_lower(key.ptr[0]) && is_key_rest(without_first(key));
    struct sm_slice tenant = sm_slice_cut(&system, '@');
    return tenant.size && system.size && is_lower_or_digit(tenant.ptr[0]) && sm_ascii_is_lower(system.ptr[0]) && is_key_rest(without_first(tenant)) &&
           is_key_rest(without_first(system));
}

static bool is_key_size(struct sm_slice key)
{
    struct sm_slice system = key;
    if (key.size > KEY_SIZE_MAX)
        return false;
    if (!memchr(key.ptr, '@', key.size))
        return true;
    struct sm_slice tenant = sm_slice_cut(&system, '@');
    return tenant.size <= TENANT_SIZE_MAX && system.size <= SYSTEM_SIZE_MAX;
}

static bool is_value(struct sm_slice value)
{
    if (value.size == 0 || value.size > VALUE_SIZE_MAX || value.ptr[value.size - 1] == ' ')
        return false;
    for (size_t i = 0; i < value.size; i++)
        if (value.ptr[i] < 0x20 || value.ptr[i] > 0x7e || value.ptr[i] == ',' || value.ptr[i] == '=')
            return false;
    return true;
}

static struct sm_slice trim_blanks(struct sm_slice text)
{
    while (text.size && (text.ptr[0] == ' ' || text.ptr[0] == '\t'))
        text = without_first(text);
    while (text.size && (text.ptr[text.size - 1] == ' ' || text.ptr[text.size - 1] == '\t'))
        text.size--;
    return text;
}

/* The next member, blanks around it cut off; it may be empty. */
static struct sm_slice next_member(struct sm_slice *rest)
{
    return trim_blanks(sm_slice_cut(rest, ','));
}

bool sm_trace_state_next(struct sm_slice *rest, struct sm_trace_state_member *member)
{
    if (rest->size == 0)
        return false;
    struct sm_slice text = sm_slice_cut(rest, ','), trimmed = trim_blanks(text), value = trimmed;
    bool has_value = value.size && memchr(value.ptr, '=', value.size);
    struct sm_slice key = sm_slice_cut(&value, '=');
    *member = (struct sm_trace_state_member){
        .key = key,
        .value = value,
        .is_empty = text.size == 0,
        .is_blank = trimmed.size == 0,
        .is_sound = has_value && is_key(key) && is_value(value),
    };
    return true;
}

bool sm_trace_state_has_key_size(const struct sm_trace_state_member *member)
{
    return is_key_size(member->key);
}

static bool is_sound(struct sm_slice rest)
{
    struct sm_trace_state_member member;
    while (sm_trace_state_next(&rest, &member))
        if (!member.is_blank && !member.is_sound)
            return false;
    return true;
}

/* ---- inside `ot` */

static bool is_own_key(struct sm_slice key)
{
    if (key.size == 0 || !sm_ascii_is_lower(key.ptr[0]))
        return false;
    for (size_t i = 1; i < key.size; i++)
        if (!is_lower_or_digit(key.ptr[i]))
            return false;
    return true;
}

static bool is_own_value(struct sm_slice value)
{
    for (size_t i = 0; i < value.size; i++) {
        char c = value.ptr[i];
        if (!is_lower_or_digit(c) && !sm_ascii_is_upper(c) && c != '.' && c != '_' && c != '-')
            return false;
    }
    return true;
}

static bool is_own_sound(struct sm_slice rest)
{
    if (rest.size == 0 || rest.ptr[rest.size - 1] == ';')
        return false;
    while (rest.size) {
        struct sm_slice value = sm_slice_cut(&rest, ';');
        bool has_value = value.size && memchr(value.ptr, ':', value.size);
        struct sm_slice key = sm_slice_cut(&value, ':');
        if (!has_value || !is_own_key(key) || !is_own_value(value))
            return false;
    }
    return true;
}

/* Replaces what an earlier `ot` said. */
static bool take_own(struct sm_trace_state *state, struct sm_slice text)
{
    bool is_right = true;
    state->has_threshold = state->has_randomness = false;
    state->_own = (struct sm_slice){0};
    if (!is_own_sound(text))
        return false;
    state->_own = text;
    for (struct sm_slice rest = text; rest.size;) {
        struct sm_slice value = sm_slice_cut(&rest, ';'), key = sm_slice_cut(&value, ':');
        if (sm_slice_is(key, "rv")) {
            state->has_randomness = sm_randomness_parse(value, &state->randomness);
            state->_randomness_text = value;
            is_right &= state->has_randomness;
        } else if (sm_slice_is(key, "th")) {
            state->has_threshold = sm_threshold_parse(value, &state->threshold);
            state->_threshold_text = value;
            is_right &= state->has_threshold;
        }
    }
    return is_right;
}

static bool take_member(struct sm_trace_state *state, struct sm_slice member)
{
    struct sm_slice value = member, key = sm_slice_cut(&value, '=');
    if (!is_key_size(key))
        return false;
    if (sm_slice_is(key, "ot"))
        return take_own(state, value);
    state->_others[state->_other_count++] = member;
    return true;
}

bool sm_trace_state_parse(struct sm_trace_state *state, struct sm_slice text)
{
    /* Not the whole struct: most spans have no trace state, and the array is most of it. */
    state->has_threshold = state->has_randomness = false;
    state->_threshold_text = state->_randomness_text = state->_own = (struct sm_slice){0};
    state->_other_count = 0;
    if (text.size == 0)
        return true;
    if (text.size > STATE_SIZE_MAX || !is_sound(text))
        return false;
    bool is_right = true;
    for (unsigned members = 0; text.size; members++) {
        if (members == SM_TRACE_STATE_MEMBERS_MAX)
            return false;
        struct sm_slice member = next_member(&text);
        if (member.size && !take_member(state, member))
            is_right = false;
    }
    return is_right;
}

void sm_trace_state_set_threshold(struct sm_trace_state *state, uint64_t threshold)
{
    state->has_threshold = threshold < SM_THRESHOLD_NEVER;
    state->threshold = threshold;
    state->_threshold_text = (struct sm_slice){0};
}

void sm_trace_state_clear_threshold(struct sm_trace_state *state)
{
    state->has_threshold = false;
}

void sm_trace_state_set_randomness(struct sm_trace_state *state, uint64_t randomness)
{
    state->has_randomness = true;
    state->randomness = randomness;
    state->_randomness_text = (struct sm_slice){0};
}

/* ---- writing */

static char *put(char *at, struct sm_slice text)
{
    if (text.size)
        memcpy(at, text.ptr, text.size);
    return at + text.size;
}

static char *put_own(const struct sm_trace_state *state, char *at)
{
    char *start = at;
    at = put(at, SM_SLICE("ot="));
    char *first = at;
    if (state->has_randomness) {
        at = put(at, SM_SLICE("rv:"));
        at = state->_randomness_text.size ? put(at, state->_randomness_text) : at + sm_randomness_format(state->randomness, at);
    }
    if (state->has_threshold) {
        at = put(at, at == first ? SM_SLICE("th:") : SM_SLICE(";th:"));
        at = state->_threshold_text.size ? put(at, state->_threshold_text) : at + sm_threshold_format(state->threshold, at);
    }
    for (struct sm_slice rest = state->_own; rest.size;) {
        struct sm_slice pair = sm_slice_cut(&rest, ';'), value = pair, key = sm_slice_cut(&value, ':');
        if (sm_slice_is(key, "rv") || sm_slice_is(key, "th"))
            continue;
        at = put(at, at == first ? SM_SLICE("") : SM_SLICE(";"));
        at = put(at, pair);
    }
    return at == first ? start : at;
}

struct sm_slice sm_trace_state_write(const struct sm_trace_state *state, struct sm_arena *arena)
{
    size_t size_max = OWN_SIZE_MAX + state->_own.size;
    for (size_t i = 0; i < state->_other_count; i++)
        size_max += 1 + state->_others[i].size;
    char *text = sm_arena_alloc(arena, size_max), *at = put_own(state, text);
    for (size_t i = 0; i < state->_other_count; i++) {
        at = put(at, at == text ? SM_SLICE("") : SM_SLICE(","));
        at = put(at, state->_others[i]);
    }
    return sm_slice_make(text, (size_t)(at - text));
}
