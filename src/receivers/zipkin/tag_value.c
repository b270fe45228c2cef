/* tag_value.c - values of tags out of their texts, and addresses as text. No state.
 * Source: pkg/translator/zipkin/internal/zipkin/attributes.go (what a text is taken for); Go strconv (numbers out of range), net.IP.String. */
#include "receivers/zipkin/zipkin.h"

#include <math.h>

#include "base/hex.h"
#include "config/gates.h"
#include "wire/json_scanner.h"

static size_t skip_digits(struct sm_slice text, size_t at)
{
    while (at < text.size && text.ptr[at] >= '0' && text.ptr[at] <= '9')
        at++;
    return at;
}

static struct sm_value integer_value(struct sm_slice text)
{
    int64_t number;
    if (!sm_parse_int(text, INT64_MIN, INT64_MAX, &number))
        number = text.ptr[0] == '-' ? INT64_MIN : INT64_MAX;
    return sm_value_int(number);
}

static struct sm_value decimal_value(struct sm_slice text, struct sm_arena *arena)
{
    double number;
    if (!sm_parse_double(text, arena, &number))
        number = text.ptr[0] == '-' ? -(double)INFINITY : (double)INFINITY;
    return sm_value_double(number);
}

struct sm_value sm_zipkin_tag_value(struct sm_slice text, bool parse, struct sm_arena *arena)
{
    if (!parse || text.size == 0)
        return sm_value_string(text);
    if (sm_slice_is(text, "true") || sm_slice_is(text, "false"))
        return sm_value_bool(text.size == 4);
    size_t start = text.ptr[0] == '-', end = skip_digits(text, start);
    if (end > start && end == text.size)
        return integer_value(text);
    if (end == start || end >= text.size || text.ptr[end] != '.')
        return sm_value_string(text);
    size_t fraction = end + 1;
    return skip_digits(text, fraction) == text.size && fraction < text.size ? decimal_value(text, arena) : sm_value_string(text);
}

void sm_zipkin_put_tag(struct sm_attribute_builder *attributes, struct sm_arena *arena, struct sm_slice key, struct sm_value value)
{
    if (!sm_slice_is(key, "http.status_code")) {
        sm_attribute_builder_put(attributes, arena, key, value);
        return;
    }
    if (!sm_gate_is_on(SM_GATE_ZIPKIN_NO_V0_HTTP))
        sm_attribute_builder_put(attributes, arena, key, value);
    if (sm_gate_is_on(SM_GATE_ZIPKIN_V1_HTTP))
        sm_attribute_builder_put(attributes, arena, SM_SLICE("http.response.status_code"), value);
}

/* ---- addresses */

/* The longest run of zero groups, of at least two; the first of equals. */
static void find_zero_run(const uint16_t groups[8], int *start, int *count)
{
    *start = -1;
    *count = 1;
    for (int i = 0; i < 8; i++) {
        int end = i;
        while (end < 8 && groups[end] == 0)
            end++;
        if (end - i > *count) {
            *start = i;
            *count = end - i;
        }
        if (end > i)
            i = end;
    }
}

static struct sm_slice ipv6_text(const uint8_t *bytes, struct sm_arena *arena)
{
    enum { TEXT_BYTES = 8 * 5 + 2 };
    uint16_t groups[8];
    int run, run_count;
    struct sm_bytes out;
    for (int i = 0; i < 8; i++)
        groups[i] = (uint16_t)(bytes[2 * i] << 8 | bytes[2 * i + 1]);
    find_zero_run(groups, &run, &run_count);
    sm_bytes_init(&out, arena);
    sm_bytes_reserve(&out, TEXT_BYTES);
    for (int i = 0; i < 8; i++) {
        if (i == run) {
            sm_bytes_append_text(&out, "::");
            i += run_count - 1;
            continue;
        }
        if (i > 0 && i != run + run_count)
            sm_bytes_append_char(&out, ':');
        sm_bytes_printf(&out, "%x", groups[i]);
    }
    return sm_bytes_slice(&out);
}

struct sm_slice sm_zipkin_ip_text(struct sm_slice address, struct sm_arena *arena)
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    const uint8_t *bytes = (const uint8_t *)address.ptr;
    if (address.size == 16 && memcmp(bytes, mapped, sizeof(mapped)) != 0)
        return ipv6_text(bytes, arena);
    if (address.size == 16)
        bytes += sizeof(mapped);
    if (address.size == 16 || address.size == 4)
        return sm_slice_of(sm_arena_printf(arena, "%u.%u.%u.%u", bytes[0], bytes[1], bytes[2], bytes[3]));
    struct sm_bytes out;
    sm_bytes_init(&out, arena);
    sm_bytes_append_char(&out, '?');
    sm_hex_append(&out, address);
    return sm_bytes_slice(&out);
}
