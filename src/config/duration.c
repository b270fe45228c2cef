/* duration.c - reads and writes durations as Go's time.ParseDuration and Duration.String do. */
#include "config/duration.h"

#include <stdio.h>

struct unit {
    const char *name;
    uint64_t ns;
};

/* Longest names first: "ms" must not be read as "m". Both signs that look like mu are taken. */
static const struct unit units[] = {
    {"\xc2\xb5s", 1000}, {"\xce\xbcs", 1000}, {"ns", 1},          {"us", 1000},
    {"ms", 1000000},     {"s", 1000000000},   {"m", 60000000000}, {"h", UINT64_C(3600000000000)},
};

static const struct unit *take_unit(struct sm_slice *text)
{
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        struct sm_slice name = sm_slice_of(units[i].name);
        if (!sm_slice_starts_with(*text, name))
            continue;
        *text = sm_slice_make(text->ptr + name.size, text->size - name.size);
        return &units[i];
    }
    return NULL;
}

static bool is_digit(const struct sm_slice *text)
{
    return text->size && text->ptr[0] >= '0' && text->ptr[0] <= '9';
}

static unsigned take_digit(struct sm_slice *text)
{
    unsigned digit = (unsigned)(text->ptr[0] - '0');
    *text = sm_slice_make(text->ptr + 1, text->size - 1);
    return digit;
}

/* "12.5s" at the start of `text`, added to `*total`. */
static bool take_part(struct sm_slice *text, uint64_t *total)
{
    uint64_t whole = 0;
    double fraction = 0, scale = 1;
    bool has_digits = false;
    for (; is_digit(text); has_digits = true)
        if (__builtin_mul_overflow(whole, UINT64_C(10), &whole) || __builtin_add_overflow(whole, take_digit(text), &whole))
            return false;
    if (text->size && text->ptr[0] == '.') {
        *text = sm_slice_make(text->ptr + 1, text->size - 1);
        for (; is_digit(text); has_digits = true) {
            scale *= 10;
            fraction = fraction * 10 + take_digit(text);
        }
    }
    const struct unit *unit = has_digits ? take_unit(text) : NULL;
    uint64_t ns;
    return unit && !__builtin_mul_overflow(whole, unit->ns, &ns) &&
           !__builtin_add_overflow(ns, (uint64_t)(fraction / scale * (double)unit->ns), &ns) && !__builtin_add_overflow(*total, ns, total);
}

bool sm_duration_parse(struct sm_slice text, int64_t *ns)
{
    bool is_negative = text.size && text.ptr[0] == '-';
    if (is_negative || (text.size && text.ptr[0] == '+'))
        text = sm_slice_make(text.ptr + 1, text.size - 1);
    if (sm_slice_is(text, "0")) {
        *ns = 0;
        return true;
    }
    if (!text.size)
        return false;
    uint64_t total = 0;
    while (text.size)
        if (!take_part(&text, &total))
            return false;
    if (total > (uint64_t)INT64_MAX + is_negative)
        return false;
    *ns = (int64_t)(is_negative ? 0 - total : total);
    return true;
}

/* `ns` in `unit_ns` with as many decimals as it needs: "1.5s". */
static int append_decimal(char *text, size_t room, uint64_t ns, uint64_t unit_ns, const char *name)
{
    uint64_t whole = ns / unit_ns, rest = ns % unit_ns;
    if (rest == 0)
        return snprintf(text, room, "%llu%s", (unsigned long long)whole, name);
    int digits = 0;
    for (uint64_t scale = unit_ns; scale > 1; scale /= 10)
        digits++;
    for (; rest % 10 == 0; rest /= 10)
        digits--;
    return snprintf(text, room, "%llu.%0*llu%s", (unsigned long long)whole, digits, (unsigned long long)rest, name);
}

char *sm_duration_format(int64_t ns, char text[SM_DURATION_TEXT_SIZE])
{
    static const struct unit fine[] = {{"ms", 1000000}, {"\xc2\xb5s", 1000}, {"ns", 1}};
    static const uint64_t SECOND = 1000000000, MINUTE = 60 * SECOND;
    uint64_t left = ns < 0 ? -(uint64_t)ns : (uint64_t)ns;
    size_t used = 0;
    if (ns < 0)
        text[used++] = '-';
    if (left > 0 && left < SECOND) {
        size_t unit = 0;
        while (left < fine[unit].ns)
            unit++;
        append_decimal(text + used, SM_DURATION_TEXT_SIZE - used, left, fine[unit].ns, fine[unit].name);
        return text;
    }
    if (left >= 60 * MINUTE)
        used += (size_t)snprintf(text + used, SM_DURATION_TEXT_SIZE - used, "%lluh", (unsigned long long)(left / (60 * MINUTE)));
    if (left >= MINUTE)
        used += (size_t)snprintf(text + used, SM_DURATION_TEXT_SIZE - used, "%llum", (unsigned long long)(left / MINUTE % 60));
    append_decimal(text + used, SM_DURATION_TEXT_SIZE - used, left % MINUTE, SECOND, "s");
    return text;
}

/* `value` units with as many of `digits` decimals as are not zero. */
static void put_decimal(uint64_t value, uint64_t unit, int digits, const char *name, char *out, size_t room)
{
    int size = snprintf(out, room, "%llu.%0*llu", (unsigned long long)(value / unit), digits, (unsigned long long)(value % unit));
    size_t used = size < 0 || (size_t)size >= room ? 0 : (size_t)size;
    while (used > 0 && out[used - 1] == '0')
        used--;
    if (used > 0 && out[used - 1] == '.')
        used--;
    snprintf(out + used, room - used, "%s", name);
}

char *sm_duration_format_whole(int64_t ns, char text[SM_DURATION_TEXT_SIZE])
{
    static const struct unit fine[] = {{"ns", 1}, {"\302\265s", 1000}, {"ms", 1000000}};
    uint64_t rest = ns < 0 ? -(uint64_t)ns : (uint64_t)ns;
    const uint64_t second = 1000000000, minute = 60 * second, hour = 60 * minute;
    size_t used = (size_t)snprintf(text, SM_DURATION_TEXT_SIZE, "%s", ns < 0 ? "-" : "");
    if (rest > 0 && rest < second) {
        size_t i = rest < 1000 ? 0 : rest < 1000000 ? 1 : 2;
        put_decimal(rest, fine[i].ns, 3 * (int)i + (i == 0), fine[i].name, text + used, SM_DURATION_TEXT_SIZE - used);
        return text;
    }
    if (rest >= hour)
        used += (size_t)snprintf(text + used, SM_DURATION_TEXT_SIZE - used, "%lluh", (unsigned long long)(rest / hour));
    if (rest >= minute)
        used += (size_t)snprintf(text + used, SM_DURATION_TEXT_SIZE - used, "%llum", (unsigned long long)(rest % hour / minute));
    put_decimal(rest % minute, second, 9, "s", text + used, SM_DURATION_TEXT_SIZE - used);
    return text;
}
