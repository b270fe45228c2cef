/* sampling.c - see sampling.h. Reads W3C trace states as strictly as the reference (pkg/sampling: w3ctracestate.go, oteltracestate.go, threshold.go),
 * and rounds by chance once for a run of equal trace states, as it does (spanmetricsconnector/internal/metrics/adjusted_count.go). */
#include "connectors/span_metrics/sampling.h"

enum {
    STATE_SIZE_MAX = 1024, MEMBERS_MAX = 32, KEY_SIZE_MAX = 256, TENANT_SIZE_MAX = 241, SYSTEM_SIZE_MAX = 14, VALUE_SIZE_MAX = 256, THRESHOLD_DIGITS = 14,
};
#define ALL_SPANS (UINT64_C(1) << 56)

static bool is_lower(char c)
{
    return c >= 'a' && c <= 'z';
}

static bool is_lower_or_digit(char c)
{
    return is_lower(c) || (c >= '0' && c <= '9');
}

static bool is_key_rest(struct sm_slice text)
{
    for (size_t i = 0; i < text.size; i++)
        if (!is_lower_or_digit(text.ptr[i]) && !memchr("_-*/", text.ptr[i], 4))
            return false;
    return true;
}

static bool is_key(struct sm_slice key)
{
    if (key.size == 0 || key.size > KEY_SIZE_MAX)
        return false;
    const char *at = memchr(key.ptr, '@', key.size);
    struct sm_slice rest = key, head = sm_slice_cut(&rest, '@');
    if (!at)
        return is_lower(key.ptr[0]) && is_key_rest(sm_slice_make(key.ptr + 1, key.size - 1));
    if (head.size == 0 || head.size > TENANT_SIZE_MAX || rest.size == 0 || rest.size > SYSTEM_SIZE_MAX)
        return false;
    return is_lower_or_digit(head.ptr[0]) && is_lower(rest.ptr[0]) && is_key_rest(sm_slice_make(head.ptr + 1, head.size - 1)) &&
           is_key_rest(sm_slice_make(rest.ptr + 1, rest.size - 1));
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
        text = sm_slice_make(text.ptr + 1, text.size - 1);
    while (text.size && (text.ptr[text.size - 1] == ' ' || text.ptr[text.size - 1] == '\t'))
        text.size--;
    return text;
}

/* 1 to 14 lower- or upper-case digits, the missing ones on the right are zeros. */
static bool parse_digits(struct sm_slice digits, uint64_t *number)
{
    if (digits.size == 0 || digits.size > THRESHOLD_DIGITS)
        return false;
    *number = 0;
    for (size_t i = 0; i < THRESHOLD_DIGITS; i++) {
        char c = i < digits.size ? digits.ptr[i] : '0';
        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F')))
            return false;
        *number = *number << 4 | (uint64_t)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
    }
    return true;
}

static bool is_member_text(struct sm_slice text, bool is_key_text)
{
    for (size_t i = 0; i < text.size; i++) {
        char c = text.ptr[i];
        if (is_key_text ? !(i == 0 ? is_lower(c) : is_lower_or_digit(c))
                        : !(is_lower_or_digit(c) || (c >= 'A' && c <= 'Z') || c == '.' || c == '_' || c == '-'))
            return false;
    }
    return !is_key_text || text.size > 0;
}

/* The value of `ot`: "th:8;rv:…". False when something in it is unsound, even beside a sound threshold. */
static bool parse_members(struct sm_slice rest, bool *has_threshold, uint64_t *threshold)
{
    *has_threshold = false;
    if (rest.size == 0 || rest.ptr[rest.size - 1] == ';')
        return false;
    while (rest.size) {
        struct sm_slice value = sm_slice_cut(&rest, ';');
        if (!memchr(value.ptr, ':', value.size))
            return false;
        struct sm_slice key = sm_slice_cut(&value, ':');
        uint64_t number;
        if (!is_member_text(key, true) || !is_member_text(value, false))
            return false;
        bool is_threshold = sm_slice_is(key, "th");
        if ((is_threshold && !parse_digits(value, &number)) || (sm_slice_is(key, "rv") && (value.size != THRESHOLD_DIGITS || !parse_digits(value, &number))))
            return false;
        if (is_threshold) {
            *has_threshold = true;
            *threshold = number;
        }
    }
    return true;
}

/* The threshold of the whole trace state; of several `ot` members the last decides. */
static bool find_threshold(struct sm_slice state, uint64_t *threshold)
{
    bool has_threshold = false;
    if (state.size > STATE_SIZE_MAX)
        return false;
    for (unsigned members = 1; state.size; members++) {
        struct sm_slice value = trim_blanks(sm_slice_cut(&state, ','));
        if (members >= MEMBERS_MAX)
            return false;
        if (value.size == 0)
            continue;
        if (!memchr(value.ptr, '=', value.size))
            return false;
        struct sm_slice key = sm_slice_cut(&value, '=');
        if (!is_key(key) || !is_value(value))
            return false;
        if (sm_slice_is(key, "ot") && !parse_members(value, &has_threshold, threshold))
            return false;
    }
    return has_threshold;
}

/* xorshift64* */
static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 12;
    *state ^= *state >> 25;
    *state ^= *state << 27;
    return *state * UINT64_C(0x2545F4914F6CDD1D);
}

struct sm_span_metrics_weight sm_span_metrics_weigh(struct sm_span_metrics_weights *weights, struct sm_slice trace_state)
{
    struct sm_span_metrics_weight one = {.count = 1};
    if (trace_state.size == 0)
        return one;
    if (weights->_state.size && sm_slice_equal(trace_state, weights->_state))
        return weights->_weight;
    uint64_t threshold = 0;
    struct sm_span_metrics_weight weight = one;
    if (find_threshold(trace_state, &threshold)) {
        uint64_t divisor = ALL_SPANS - threshold, rest = ALL_SPANS % divisor; /* at most 14 digits: the divisor is not 0 */
        weight.count = ALL_SPANS / divisor + (rest && next_random(&weights->random) % divisor < rest);
        weight.is_adjusted = true;
    }
    weights->_state = trace_state;
    weights->_weight = weight;
    return weight;
}

void sm_span_metrics_weights_reset(struct sm_span_metrics_weights *weights)
{
    weights->_state = (struct sm_slice){0};
}
