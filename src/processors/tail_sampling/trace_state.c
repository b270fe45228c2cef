/* trace_state.c - see trace_state.h.
 *
 *     list   = member *( "," member )          empty members are passed over, 32 others at most, keys unique
 *     member = *( SP / HT ) key "=" value *( SP / HT )
 *     key    = simple / tenant "@" system
 *
 * Source: W3C Trace Context, section 3.3.1; otel-go trace/tracestate.go, which is stricter in some places and decides. */
#include "processors/tail_sampling/trace_state.h"

enum { MEMBERS_MAX = 32, VALUE_MAX_BYTES = 256, SIMPLE_REST_MAX = 255, TENANT_REST_MAX = 240, SYSTEM_REST_MAX = 13 };

static bool is_letter(char c)
{
    return c >= 'a' && c <= 'z';
}

static bool is_letter_or_digit(char c)
{
    return is_letter(c) || (c >= '0' && c <= '9');
}

static bool is_part(struct sm_slice part, size_t rest_max, bool (*is_first)(char c))
{
    if (part.size == 0 || part.size - 1 > rest_max || !is_first(part.ptr[0]))
        return false;
    for (size_t i = 1; i < part.size; i++)
        if (!is_letter_or_digit(part.ptr[i]) && !memchr("_-*/", part.ptr[i], 4))
            return false;
    return true;
}

static bool is_key(struct sm_slice key)
{
    if (!key.size || !memchr(key.ptr, '@', key.size))
        return is_part(key, SIMPLE_REST_MAX, is_letter);
    struct sm_slice tenant = sm_slice_cut(&key, '@');
    return is_part(tenant, TENANT_REST_MAX, is_letter_or_digit) && is_part(key, SYSTEM_REST_MAX, is_letter);
}

static bool is_value(struct sm_slice value)
{
    if (value.size == 0 || value.size > VALUE_MAX_BYTES || value.ptr[value.size - 1] == ' ')
        return false;
    for (size_t i = 0; i < value.size; i++)
        if (value.ptr[i] < ' ' || value.ptr[i] > '~' || value.ptr[i] == ',' || value.ptr[i] == '=')
            return false;
    return true;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static bool parse_member(struct sm_slice member, struct sm_slice *key, struct sm_slice *value)
{
    if (!memchr(member.ptr, '=', member.size))
        return false;
    *key = sm_slice_cut(&member, '=');
    while (key->size && is_blank(key->ptr[0]))
        *key = sm_slice_make(key->ptr + 1, key->size - 1);
    while (member.size && is_blank(member.ptr[member.size - 1]))
        member.size--;
    *value = member;
    return is_key(*key) && is_value(*value);
}

bool sm_tail_trace_state_find(struct sm_slice text, struct sm_slice wanted, struct sm_slice *value)
{
    struct sm_slice keys[MEMBERS_MAX], found = {0};
    size_t count = 0;
    while (text.size) {
        struct sm_slice member = sm_slice_cut(&text, ','), key, content;
        if (!member.size)
            continue;
        if (!parse_member(member, &key, &content))
            return false;
        for (size_t i = 0; i < count; i++)
            if (sm_slice_equal(keys[i], key))
                return false;
        if (count == MEMBERS_MAX)
            return false;
        keys[count++] = key;
        if (sm_slice_equal(key, wanted))
            found = content;
    }
    *value = found;
    return found.size > 0;
}
