/* functions_time_format.c - converters between times and texts: Time, FormatTime; and TruncateTime.
 *
 * Formats are strptime's with the reference's own directives. Zones come from the system's zone database (/usr/share/zoneinfo) and are read at start.
 * Locales other than English are refused. Source: opentelemetry-collector-contrib internal/coreinternal/timeutils. */
#include <ctype.h>
#include <stdio.h>
#include <time.h>

#include "base/clock.h"
#include "ottl/compile.h"
#include "ottl/zone.h"

static const char *const months[] = {"January", "February", "March",     "April",   "May",      "June",
                                     "July",    "August",   "September", "October", "November", "December"};
static const char *const days[] = {"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"};

/* What a directive stands for; formats of several parts are written with the others. */
static const struct directive {
    char letter;
    const char *meant;
} composed[] = {{'D', "%m/%d/%Y"}, {'x', "%m/%d/%Y"},    {'F', "%Y-%m-%d"}, {'T', "%H:%M:%S"},
                {'X', "%H:%M:%S"}, {'r', "%I:%M:%S %P"}, {'R', "%H:%M"},    {'c', "%a %b %d %H:%M:%S %Y"}};
static const char single_directives[] = "YymoqbhBdegaAHlIpPMSLfsZzwijknt%";

static const char *composition(char letter)
{
    for (size_t i = 0; i < sizeof(composed) / sizeof(composed[0]); i++)
        if (composed[i].letter == letter)
            return composed[i].meant;
    return NULL;
}

static bool check_format(struct sm_ottl_compiler *compiler, const struct sm_ottl_node *node, struct sm_slice format)
{
    if (format.size == 0)
        return sm_ottl_compile_error(compiler, node, "format cannot be nil");
    for (size_t i = 0; i < format.size; i++) {
        char next = i + 1 < format.size ? format.ptr[i + 1] : '\0';
        if (isdigit((unsigned char)format.ptr[i]))
            return sm_ottl_compile_error(compiler, node, "format string should not contain decimals");
        if (format.ptr[i] != '%' || next == '\0')
            continue;
        if (strchr("Lfs", next) && (i == 0 || (format.ptr[i - 1] != '.' && format.ptr[i - 1] != ',')) && i > 0)
            return sm_ottl_compile_error(compiler, node, "invalid fractional seconds directive: '%%%c'. must be preceded with '.' or ','", next);
        if (!strchr(single_directives, next) && !composition(next))
            return sm_ottl_compile_error(compiler, node, "invalid strptime format: unsupported directive: %%%c", next);
        i++;
    }
    return true;
}

/* ---- FormatTime */

static void append_zone(struct sm_bytes *out, int32_t offset, char letter)
{
    int size = offset < 0 ? -offset : offset;
    char sign = offset < 0 ? '-' : '+';
    if (letter == 'z' && offset == 0)
        sm_bytes_append_char(out, 'Z');
    else if (letter == 'z')
        sm_bytes_printf(out, "%c%02d%02d", sign, size / 3600, size / 60 % 60);
    else if (letter == 'w')
        sm_bytes_printf(out, "%c%02d%02d%02d", sign, size / 3600, size / 60 % 60, size % 60);
    else if (letter == 'i')
        sm_bytes_printf(out, "%c%02d", sign, size / 3600);
    else if (letter == 'j')
        sm_bytes_printf(out, "%c%02d:%02d", sign, size / 3600, size / 60 % 60);
    else
        sm_bytes_printf(out, "%c%02d:%02d:%02d", sign, size / 3600, size / 60 % 60, size % 60);
}

static void append_zone_name(struct sm_bytes *out, const struct sm_ottl_time *time)
{
    if (time->zone_name)
        sm_bytes_append_text(out, time->zone_name);
    else if (time->zone_offset_s == 0)
        sm_bytes_append_text(out, "UTC");
    else
        append_zone(out, time->zone_offset_s, time->zone_offset_s % 3600 ? 'z' : 'i');
}

/* Digits behind "." or ",": without trailing zeros, and without the sign when none is left. */
static void append_fraction(struct sm_bytes *out, int32_t nanos, int digits)
{
    char text[16];
    int size = digits;
    snprintf(text, sizeof(text), "%09d", nanos);
    while (size > 0 && text[size - 1] == '0')
        size--;
    if (size > 0)
        sm_bytes_append(out, text, (size_t)size);
    else if (out->size > 0)
        out->size--;
}

static void format_directive(struct sm_bytes *out, const struct sm_ottl_time *time, const struct tm *tm, char letter)
{
    int hour12 = tm->tm_hour % 12 ? tm->tm_hour % 12 : 12;
    const struct {
        char letter;
        const char *format;
        int number;
    } numbers[] = {{'Y', "%04d", tm->tm_year + 1900},
                   {'y', "%02d", (tm->tm_year + 1900) % 100},
                   {'m', "%02d", tm->tm_mon + 1},
                   {'o', "_%d", tm->tm_mon + 1},
                   {'q', "%d", tm->tm_mon + 1},
                   {'d', "%02d", tm->tm_mday},
                   {'e', "%2d", tm->tm_mday},
                   {'g', "%d", tm->tm_mday},
                   {'H', "%02d", tm->tm_hour},
                   {'l', "%d", hour12},
                   {'I', "%02d", hour12},
                   {'M', "%02d", tm->tm_min},
                   {'S', "%02d", tm->tm_sec}};
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        if (numbers[i].letter == letter) {
            _Pragma("GCC diagnostic push") _Pragma("GCC diagnostic ignored \"-Wformat-nonliteral\"")
                sm_bytes_printf(out, numbers[i].format, numbers[i].number);
            _Pragma("GCC diagnostic pop") return;
        }
    if (strchr("bhB", letter))
        sm_bytes_append(out, months[tm->tm_mon], letter == 'B' ? strlen(months[tm->tm_mon]) : 3);
    else if (strchr("aA", letter))
        sm_bytes_append(out, days[tm->tm_wday], letter == 'A' ? strlen(days[tm->tm_wday]) : 3);
    else if (strchr("pP", letter))
        sm_bytes_append_text(out, letter == 'p' ? (tm->tm_hour < 12 ? "AM" : "PM") : (tm->tm_hour < 12 ? "am" : "pm"));
    else if (strchr("Lfs", letter) && out->size == 0) /* nothing before it: to Go these are no fraction but text */
        sm_bytes_append(out, "999999999", letter == 'L' ? 3 : letter == 'f' ? 6 : 9);
    else if (strchr("Lfs", letter))
        append_fraction(out, time->nanos, letter == 'L' ? 3 : letter == 'f' ? 6 : 9);
    else if (letter == 'Z')
        append_zone_name(out, time);
    else if (strchr("zwijk", letter))
        append_zone(out, time->zone_offset_s, letter);
    else
        sm_bytes_append_char(out, letter == 'n' ? '\n' : letter == 't' ? '\t' : '%');
}

static void append_time(struct sm_bytes *out, const struct sm_ottl_time *time, const struct tm *tm, struct sm_slice format)
{
    for (size_t i = 0; i < format.size; i++) {
        if (format.ptr[i] != '%' || i + 1 == format.size) {
            sm_bytes_append_char(out, format.ptr[i]);
            continue;
        }
        const char *meant = composition(format.ptr[++i]);
        if (meant)
            append_time(out, time, tm, sm_slice_of(meant));
        else
            format_directive(out, time, tm, format.ptr[i]);
    }
}

static bool call_format_time(const struct sm_ottl_call *call, struct sm_ottl_run *run, struct sm_ottl_value *out)
{
    struct sm_ottl_time time;
    struct sm_bytes text;
    struct tm tm;
    if (!sm_ottl_arg_calendar(&call->args[0], run, &time, &tm))
        return false;
    sm_bytes_init(&text, run->arena);
    append_time(&text, &time, &tm, call->args[1].text);
    *out = sm_ottl_string(sm_bytes_slice(&text));
    return true;
}

static bool prepare_format_time(struct sm_ottl_call *call, struct sm_ottl_compiler *compiler)
{
    return check_format(compiler, call->node, call->args[1].text);
}

/* ---- Time */

struct parsing {
    struct sm_slice text;
    size_t at;
    int year, month, day, hour, minute, second, nanos;
    bool has_year, is_12_hours, is_pm, has_offset;
    int32_t offset;
    struct sm_slice zone;
};

/* One to `max` digits, after optional spaces. */
static bool take_number(struct parsing *p, size_t min, size_t max, int *number)
{
    size_t digits = 0;
    *number = 0;
    while (p->at < p->text.size && isspace((unsigned char)p->text.ptr[p->at]))
        p->at++;
    for (; digits < max && p->at < p->text.size && isdigit((unsigned char)p->text.ptr[p->at]); digits++, p->at++)
        *number = *number * 10 + (p->text.ptr[p->at] - '0');
    return digits >= min;
}

static bool take_name(struct parsing *p, const char *const *names, size_t count, bool is_long, int *index)
{
    for (size_t i = 0; i < count; i++) {
        size_t size = is_long ? strlen(names[i]) : 3;
        if (p->text.size - p->at < size || !sm_slice_equal_nocase(sm_slice_make(p->text.ptr + p->at, size), sm_slice_make(names[i], size)))
            continue;
        p->at += size;
        *index = (int)i;
        return true;
    }
    return false;
}

static bool take_half(struct parsing *p)
{
    if (p->text.size - p->at < 2)
        return false;
    struct sm_slice half = sm_slice_make(p->text.ptr + p->at, 2);
    p->is_pm = sm_slice_is(half, "PM") || sm_slice_is(half, "pm");
    p->is_12_hours = true;
    p->at += 2;
    return p->is_pm || sm_slice_is(half, "AM") || sm_slice_is(half, "am");
}

static bool take_fraction(struct parsing *p)
{
    int digits = 0;
    p->nanos = 0;
    for (; p->at < p->text.size && isdigit((unsigned char)p->text.ptr[p->at]); p->at++)
        if (digits < 9) {
            p->nanos = p->nanos * 10 + (p->text.ptr[p->at] - '0');
            digits++;
        }
    for (int i = digits; i < 9; i++)
        p->nanos *= 10;
    return digits > 0;
}

/* "Z", "+02", "+0200", "+02:00", and with seconds where `parts` is 3. */
static bool take_offset(struct parsing *p, int parts)
{
    int numbers[3] = {0, 0, 0};
    if (p->at < p->text.size && p->text.ptr[p->at] == 'Z') {
        p->at++;
        p->has_offset = true;
        p->offset = 0;
        return true;
    }
    if (p->at >= p->text.size || (p->text.ptr[p->at] != '+' && p->text.ptr[p->at] != '-'))
        return false;
    bool is_negative = p->text.ptr[p->at++] == '-';
    for (int i = 0; i < parts; i++) {
        bool has_colon = i > 0 && p->at < p->text.size && p->text.ptr[p->at] == ':';
        if (i > 0 && !has_colon && (p->at >= p->text.size || !isdigit((unsigned char)p->text.ptr[p->at])))
            break;
        p->at += has_colon;
        if (!take_number(p, 2, 2, &numbers[i]))
            return false;
    }
    if (numbers[0] > 24 || numbers[1] > 59 || numbers[2] > 59)
        return false;
    int32_t size = numbers[0] * 3600 + numbers[1] * 60 + numbers[2];
    p->offset = is_negative ? -size : size;
    p->has_offset = true;
    return true;
}

static bool take_zone_name(struct parsing *p)
{
    size_t start = p->at;
    while (p->at < p->text.size && isupper((unsigned char)p->text.ptr[p->at]))
        p->at++;
    p->zone = sm_slice_make(p->text.ptr + start, p->at - start);
    return p->zone.size >= 3 && p->zone.size <= 5;
}

static bool take_format(struct parsing *p, struct sm_slice format);

static bool take_directive(struct parsing *p, char letter)
{
    int ignored;
    const char *meant = composition(letter);
    if (meant)
        return take_format(p, sm_slice_of(meant));
    switch (letter) {
    case 'Y':
        p->has_year = true;
        return take_number(p, 4, 4, &p->year);
    case 'y':
        p->has_year = true;
        if (!take_number(p, 2, 2, &p->year))
            return false;
        p->year += p->year >= 69 ? 1900 : 2000;
        return true;
    case 'm':
    case 'o':
    case 'q':
        return take_number(p, 1, 2, &p->month) && p->month >= 1 && p->month <= 12;
    case 'b':
    case 'h':
    case 'B':
        if (!take_name(p, months, 12, letter == 'B', &p->month))
            return false;
        p->month++;
        return true;
    case 'a':
    case 'A':
        return take_name(p, days, 7, letter == 'A', &ignored);
    case 'd':
    case 'e':
    case 'g':
        return take_number(p, 1, 2, &p->day) && p->day >= 1;
    case 'H':
        return take_number(p, 1, 2, &p->hour) && p->hour < 24;
    case 'l':
    case 'I':
        return take_number(p, 1, 2, &p->hour) && p->hour <= 12;
    case 'M':
        return take_number(p, 1, 2, &p->minute) && p->minute < 60;
    case 'S':
        return take_number(p, 1, 2, &p->second) && p->second < 60;
    case 'p':
    case 'P':
        return take_half(p);
    case 'L':
    case 'f':
    case 's':
        return take_fraction(p);
    case 'z':
    case 'j':
        return take_offset(p, 2);
    case 'i':
        return take_offset(p, 1);
    case 'w':
    case 'k':
        return take_offset(p, 3);
    case 'Z':
        return take_zone_name(p);
    default:
        return p->at < p->text.size && p->text.ptr[p->at++] == (letter == 'n' ? '\n' : letter == 't' ? '\t' : '%');
    }
}

static bool take_format(struct parsing *p, struct sm_slice format)
{
    for (size_t i = 0; i < format.size; i++) {
        char c = format.ptr[i];
        if (c == '%' && i + 1 < format.size) {
            if (!take_directive(p, format.ptr[++i]))
                return false;
        } else if (p->at >= p->text.size || p->text.ptr[p->at++] != c) {
            return false;
        }
    }
    return true;
}

static bool has_day(const struct parsing *p)
{
    static const int sizes[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool is_leap = p->year % 4 == 0 && (p->year % 100 != 0 || p->year % 400 == 0);
    return p->day <= sizes[p->month - 1] + (p->month == 2 && (is_leap || !p->has_year));
}

static int64_t local_seconds(const struct parsing *p, int year)
{
    struct tm tm = {.tm_year = year - 1900, .tm_mon = p->month - 1, .tm_mday = p->day, .tm_hour = p->hour, .tm_min = p->minute, .tm_sec = p->second};
    return (int64_t)timegm(&tm);
}

/* Times without a year are of this year, or of the last one when that would lie more than a week ahead. */
static int64_t seconds_of(const struct parsing *p)
{
    enum { WEEK_S = 7 * 86400 };
    time_t now = (time_t)(sm_clock_wall_ns() / 1000000000);
    struct tm tm;
    if (p->has_year && p->year > 0)
        return local_seconds(p, p->year);
    gmtime_r(&now, &tm);
    int64_t seconds = local_seconds(p, tm.tm_year + 1900);
    return seconds > (int64_t)now + WEEK_S ? local_seconds(p, tm.tm_year + 1899) : seconds;
}

static bool place_in_zone(const struct parsing *p, const struct sm_ottl_zone *zone, struct sm_ottl_time *time)
{
    int64_t local = seconds_of(p);
    *time = (struct sm_ottl_time){.seconds = local, .nanos = p->nanos};
    if (p->has_offset) {
        time->seconds = local - p->offset;
        time->zone_offset_s = p->offset;
        return true;
    }
    if (p->zone.size > 0 && !sm_slice_is(p->zone, "UTC")) {
        char name[8];
        memcpy(name, p->zone.ptr, p->zone.size);
        name[p->zone.size] = '\0';
        zone = sm_ottl_zone_find(name);
    }
    if (zone)
        sm_ottl_zone_apply(zone, local, time);
    return zone || p->zone.size == 0 || sm_slice_is(p->zone, "UTC");
}

static bool call_time(const struct sm_ottl_call *call, struct sm_ottl_run *run, struct sm_ottl_value *out)
{
    struct parsing p = {.month = 1, .day = 1};
    struct sm_ottl_time time;
    if (!sm_ottl_arg_string(&call->args[0], run, &p.text))
        return false;
    if (p.text.size == 0)
        return sm_ottl_fail(run, "time cannot be nil");
    if (!take_format(&p, call->args[1].text) || p.at != p.text.size || !has_day(&p))
        return sm_ottl_fail(run, "parsing time \"%.*s\" as \"%.*s\": cannot parse", SM_SLICE_ARGS(p.text), SM_SLICE_ARGS(call->args[1].text));
    if (p.is_12_hours && p.is_pm && p.hour < 12)
        p.hour += 12;
    else if (p.is_12_hours && !p.is_pm && p.hour == 12)
        p.hour = 0;
    if (!place_in_zone(&p, call->state, &time))
        return sm_ottl_fail(run, "failed to load location %.*s", SM_SLICE_ARGS(p.zone));
    *out = sm_ottl_time(time);
    return true;
}

static bool prepare_time(struct sm_ottl_call *call, struct sm_ottl_compiler *compiler)
{
    struct sm_slice location = call->args[2].is_set ? call->args[2].text : (struct sm_slice){0};
    struct sm_slice locale = call->args[3].is_set ? call->args[3].text : (struct sm_slice){0};
    if (!check_format(compiler, call->node, call->args[1].text))
        return false;
    if (call->args[3].is_set && !sm_slice_is(locale, "en") && !sm_slice_starts_with(locale, SM_SLICE("en-")))
        return sm_ottl_compile_error(compiler, call->node, "unsupported locale '%.*s': spanmill reads English names of months and days only",
                                     SM_SLICE_ARGS(locale));
    bool is_utc = location.size == 0 && sm_slice_ends_with(call->args[1].text, SM_SLICE("Z"));
    call->state = is_utc ? NULL : sm_ottl_zone_find(location.size > 0 ? sm_arena_strdup(compiler->arena, location) : "");
    return call->state || location.size == 0 ||
           sm_ottl_compile_error(compiler, call->node, "failed to load location %.*s: unknown time zone", SM_SLICE_ARGS(location));
}

/* ---- TruncateTime: multiples of the duration since year 1, as Go counts */

static bool call_truncate_time(const struct sm_ottl_call *call, struct sm_ottl_run *run, struct sm_ottl_value *out)
{
    static const int64_t year_1 = INT64_C(-62135596800);
    struct sm_ottl_time time;
    int64_t duration;
    if (!sm_ottl_arg_time(&call->args[0], run, &time) || !sm_ottl_arg_duration(&call->args[1], run, &duration))
        return false;
    *out = sm_ottl_time(time);
    if (duration <= 0)
        return true;
    __int128 since = ((__int128)time.seconds - year_1) * 1000000000 + time.nanos, rest = since % duration;
    since -= rest < 0 ? rest + duration : rest;
    __int128 seconds = since / 1000000000, nanos = since % 1000000000;
    out->time.seconds = (int64_t)(seconds - (nanos < 0)) + year_1;
    out->time.nanos = (int32_t)(nanos + (nanos < 0 ? 1000000000 : 0));
    return true;
}

#define TEXT_OPTION(option)                                                                                                                          \
    {                                                                                                                                                \
        .name = (option), .type = SM_OTTL_ARG_LITERAL_STRING, .is_optional = true                                                                    \
    }

const struct sm_ottl_function sm_ottl_time_format_functions[] = {
    {.name = "Time",
     .help = "The time that a text gives in a format, in a zone of the zone database.",
     .parameters = {{.name = "Time", .type = SM_OTTL_ARG_STRING},
                    {.name = "Format", .type = SM_OTTL_ARG_LITERAL_STRING},
                    TEXT_OPTION("Location"),
                    TEXT_OPTION("Locale")},
     .call = call_time,
     .prepare = prepare_time},
    {.name = "FormatTime",
     .help = "The time written in a format.",
     .parameters = {{.name = "Time", .type = SM_OTTL_ARG_TIME}, {.name = "Format", .type = SM_OTTL_ARG_LITERAL_STRING}},
     .call = call_format_time,
     .prepare = prepare_format_time},
    {.name = "TruncateTime",
     .help = "The time rounded down to a multiple of the duration.",
     .parameters = {{.name = "Time", .type = SM_OTTL_ARG_TIME}, {.name = "Duration", .type = SM_OTTL_ARG_DURATION}},
     .call = call_truncate_time},
    {0},
};
