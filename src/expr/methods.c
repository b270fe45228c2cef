/* methods.c - the methods that Go's times, durations, months, weekdays and time zones have.
 *
 * What turns a time into bytes of Go's own formats is not built. Source: documentation of Go's package time. */
#include <string.h>
#include <time.h>

#include "expr/builtins.h"
#include "ottl/time_layout.h"

static const int64_t per_second = 1000000000;

/* The calendar of the time's own zone; years before 1 and far ahead too. */
static struct tm calendar_of(const struct expr_time *time)
{
    time_t local = (time_t)(time->at.seconds + time->at.zone_offset_s);
    struct tm tm = {0};
    (void)gmtime_r(&local, &tm);
    return tm;
}

#define FIELD(function, kind, expression)                                                                                                            \
    static struct expr_value function(struct expr_evaluation *e, struct expr_value receiver, const struct expr_value *arguments)                     \
    {                                                                                                                                                \
        (void)e;                                                                                                                                     \
        (void)arguments;                                                                                                                             \
        const struct tm tm = calendar_of(receiver.time);                                                                                             \
        return expr_whole(kind, expression);                                                                                                         \
    }
FIELD(call_year, EXPR_INT, tm.tm_year + 1900LL)
FIELD(call_month, EXPR_MONTH, tm.tm_mon + 1)
FIELD(call_day, EXPR_INT, tm.tm_mday)
FIELD(call_hour, EXPR_INT, tm.tm_hour)
FIELD(call_minute, EXPR_INT, tm.tm_min)
FIELD(call_second, EXPR_INT, tm.tm_sec)
FIELD(call_year_day, EXPR_INT, tm.tm_yday + 1)
FIELD(call_weekday, EXPR_WEEKDAY, tm.tm_wday)

/* The year that the week of ISO 8601 belongs to: that of its Thursday. */
static struct expr_value call_iso_week(struct expr_evaluation *e, struct expr_value receiver, const struct expr_value *arguments)
{
    enum { WEEK = 7, THURSDAY = 3, DAY_S = 86400 };
    const struct tm tm = calendar_of(receiver.time);
    struct expr_time thursday = *receiver.time;
    (void)e;
    (void)arguments;
    thursday.at.seconds += (int64_t)(THURSDAY - (tm.tm_wday + WEEK - 1) % WEEK) * DAY_S;
    return expr_int(calendar_of(&thursday).tm_year + 1900LL);
}

static struct expr_value call_nanosecond(struct expr_evaluation *e, struct expr_value receiver, const struct expr_value *arguments)
{
    (void)e;
    (void)arguments;
    return expr_int(receiver.time->at.nanos);
}

static struct expr_value unix_in(struct expr_value receiver, int64_t units)
{
    uint64_t whole = (uint64_t)receiver.time->at.seconds * (uint64_t)units;
    return expr_whole(EXPR_INT64, (int64_t)(whole + (uint64_t)(receiver.time->at.nanos / (per_second / units))));
}

#define UNIX(function, units)                                                                                                                        \
    static struct expr_value function(struct expr_evaluation *e, struct expr_value receiver, const struct expr_value *arguments)                     \
    {                                                                                                                                                \
        (void)e;                                                                                                                                     \
        (void)arguments;                                                                                                                             \
        return unix_in(receiver, units);                                                                                                             \
    }
UNIX(call_unix, 1)
UNIX(call_unix_milli, 1000)
UNIX(call_unix_micro, 1000000)
UNIX(call_unix_nano, 1000000000)

static struct expr_value order_of(struct expr_evaluation *e, enum expr_operator op, struct expr_value a, struct expr_value b)
{
    return expr_binary(e, op, a, b);
}

static struct expr_value call_before(struct expr_evaluation *e, struct expr_value receiver, const struct expr_value *arguments)
{
    return order_of(e, OP_LESS, receiver, arguments[0]);
}
static struct expr_value call_after(struct expr_evaluation *e, struct expr_value receiver, const struct expr_value *arguments)
{
    return order_of(e, OP_GREATER, receiver, arguments[0]);
}
static struct expr_value call_equal(struct expr_evaluation *e, struct expr_value receiver, const struct expr_value *arguments)
{
    return order_of(e, OP_EQUAL, receiver, arguments[0]);
}
static struct expr_value call_compare(struct expr_evaluation *e, struct expr_value receiver, const struct expr_value *arguments)
{
    return expr_int(expr_less(e, receiver, arguments[0]) ? -1 : expr_less(e, arguments[0], receiver));
}
static struct expr_value call_add(struct expr_evaluation *e, struct expr_value receiver, const struct expr_value *arguments)
{
    return expr_binary(e, OP_PLUS, receiver, arguments[0]);
}
static struct expr_value call_sub(struct expr_evaluation *e, struct expr_value receiver, const struct expr_value *arguments)
{
    return expr_binary(e, OP_MINUS, receiver, arguments[0]);
}

static const int64_t zero_time = -62135596800; /* the first second of the year 1 */

static struct expr_value call_is_zero(struct expr_evaluation *e, struct expr_value receiver, const struct expr_value *arguments)
{
    (void)e;
    (void)arguments;
    return expr_bool(receiver.time->at.seconds == zero_time && receiver.time->at.nanos == 0);
}

static struct expr_value call_add_date(struct expr_evaluation *e, struct expr_value receiver, const struct expr_value *arguments)
{
    enum { RANGE = 1000000 };
    struct tm tm = calendar_of(receiver.time);
    for (size_t i = 0; i < 3; i++)
        if (arguments[i].integer > RANGE || arguments[i].integer < -RANGE)
            return expr_fail(e, "AddDate by more than %d is not built", RANGE);
    tm.tm_year += (int)arguments[0].integer;
    tm.tm_mon += (int)arguments[1].integer;
    tm.tm_mday += (int)arguments[2].integer;
    struct sm_ottl_time at = {.nanos = receiver.time->at.nanos};
    int64_t clock = timegm(&tm);
    if (receiver.time->location->zone)
        sm_ottl_zone_apply(receiver.time->location->zone, clock, &at);
    else
        at.seconds = clock - receiver.time->at.zone_offset_s;
    return expr_time_value(e, at, receiver.time->location);
}

/* To a multiple of `unit` since the year 1; `half_up` rounds. */
static struct expr_value cut(struct expr_evaluation *e, struct expr_value receiver, int64_t unit, bool half_up)
{
    struct sm_ottl_time at = receiver.time->at;
    if (unit <= 0)
        return receiver;
    __int128 ns = (__int128)(at.seconds - zero_time) * per_second + at.nanos;
    __int128 rest = ns % unit;
    rest = rest < 0 ? rest + unit : rest;
    ns += half_up && rest + rest >= unit ? unit - rest : -rest;
    __int128 nanos = ns % per_second;
    nanos = nanos < 0 ? nanos + per_second : nanos;
    at.seconds = (int64_t)((ns - nanos) / per_second) + zero_time;
    at.nanos = (int32_t)nanos;
    return expr_time_value(e, at, receiver.time->location);
}

static struct expr_value call_truncate(struct expr_evaluation *e, struct expr_value receiver, const struct expr_value *arguments)
{
    return cut(e, receiver, arguments[0].integer, false);
}
static struct expr_value call_round(struct expr_evaluation *e, struct expr_value receiver, const struct expr_value *arguments)
{
    return cut(e, receiver, arguments[0].integer, true);
}

static struct expr_value call_in(struct expr_evaluation *e, struct expr_value receiver, const struct expr_value *arguments)
{
    return expr_time_value(e, receiver.time->at, arguments[0].location);
}
static struct expr_value call_utc(struct expr_evaluation *e, struct expr_value receiver, const struct expr_value *arguments)
{
    (void)arguments;
    return expr_time_value(e, receiver.time->at, expr_find_location(e, SM_SLICE("UTC")));
}
static struct expr_value call_local(struct expr_evaluation *e, struct expr_value receiver, const struct expr_value *arguments)
{
    (void)arguments;
    return expr_time_value(e, receiver.time->at, expr_find_location(e, SM_SLICE("Local")));
}
static struct expr_value call_location(struct expr_evaluation *e, struct expr_value receiver, const struct expr_value *arguments)
{
    (void)e;
    (void)arguments;
    return (struct expr_value){.kind = EXPR_LOCATION, .is_pointer = true, .location = receiver.time->location};
}
static struct expr_value call_zone(struct expr_evaluation *e, struct expr_value receiver, const struct expr_value *arguments)
{
    (void)e;
    (void)arguments;
    return expr_string(sm_slice_of(sm_ottl_zone_name(&receiver.time->at)));
}

static struct expr_value call_format(struct expr_evaluation *e, struct expr_value receiver, const struct expr_value *arguments)
{
    struct sm_bytes out;
    sm_bytes_init(&out, e->arena);
    if (!expr_has_room(e, 8 * arguments[0].text.size)) /* the longest name of an element is shorter than that */
        return expr_nil();
    if (!sm_time_layout_write(&out, arguments[0].text, &receiver.time->at))
        return expr_fail(e, "the time is out of the range of the calendar");
    return expr_string(sm_bytes_slice(&out));
}

static struct expr_value call_string(struct expr_evaluation *e, struct expr_value receiver, const struct expr_value *arguments)
{
    struct sm_bytes out;
    (void)arguments;
    sm_bytes_init(&out, e->arena);
    return expr_append_text(e, &out, receiver, 0) ? expr_string(sm_bytes_slice(&out)) : expr_nil();
}

/* ---- durations */

static struct expr_value float_in(struct expr_value receiver, int64_t unit)
{
    return expr_float((double)(receiver.integer / unit) + (double)(receiver.integer % unit) / (double)unit);
}

#define FLOAT_OF_DURATION(function, unit)                                                                                                            \
    static struct expr_value function(struct expr_evaluation *e, struct expr_value receiver, const struct expr_value *arguments)                     \
    {                                                                                                                                                \
        (void)e;                                                                                                                                     \
        (void)arguments;                                                                                                                             \
        return float_in(receiver, unit);                                                                                                             \
    }
#define INT_OF_DURATION(function, unit)                                                                                                              \
    static struct expr_value function(struct expr_evaluation *e, struct expr_value receiver, const struct expr_value *arguments)                     \
    {                                                                                                                                                \
        (void)e;                                                                                                                                     \
        (void)arguments;                                                                                                                             \
        return expr_whole(EXPR_INT64, receiver.integer / (unit));                                                                                    \
    }
FLOAT_OF_DURATION(call_hours, 3600000000000)
FLOAT_OF_DURATION(call_minutes, 60000000000)
FLOAT_OF_DURATION(call_seconds, 1000000000)
INT_OF_DURATION(call_milliseconds, 1000000)
INT_OF_DURATION(call_microseconds, 1000)
INT_OF_DURATION(call_nanoseconds, 1)

static struct expr_value call_abs(struct expr_evaluation *e, struct expr_value receiver, const struct expr_value *arguments)
{
    (void)e;
    (void)arguments;
    if (receiver.integer == INT64_MIN)
        receiver.integer = INT64_MAX;
    return expr_whole(EXPR_DURATION, receiver.integer < 0 ? -receiver.integer : receiver.integer);
}

static struct expr_value call_truncate_duration(struct expr_evaluation *e, struct expr_value receiver, const struct expr_value *arguments)
{
    int64_t unit = arguments[0].integer;
    (void)e;
    return unit <= 0 ? receiver : expr_whole(EXPR_DURATION, receiver.integer - receiver.integer % unit);
}

/* Halves away from zero; stays at the ends of the range. */
static struct expr_value call_round_duration(struct expr_evaluation *e, struct expr_value receiver, const struct expr_value *arguments)
{
    int64_t unit = arguments[0].integer;
    (void)e;
    if (unit <= 0)
        return receiver;
    __int128 ns = receiver.integer, rest = ns % unit, size = rest < 0 ? -rest : rest;
    ns += size + size < unit ? -rest : rest < 0 ? -(unit - size) : unit - size;
    return expr_whole(EXPR_DURATION, ns > INT64_MAX ? INT64_MAX : ns < INT64_MIN ? INT64_MIN : (int64_t)ns);
}

/* ---- */

#define METHOD(of, method_name, function, result, ...)                                                                                               \
    {                                                                                                                                                \
        .receiver = (of), .name = (method_name), .call = (function), .types = { result, __VA_ARGS__ }                                                \
    }
#define REFUSED(of, method_name)                                                                                                                     \
    {                                                                                                                                                \
        .receiver = (of), .name = (method_name), .is_refused = true                                                                                  \
    }

static const struct expr_method methods[] = {
    METHOD(EXPR_TIME, "Year", call_year, EXPR_INT, 0, {0}),
    METHOD(EXPR_TIME, "Month", call_month, EXPR_MONTH, 0, {0}),
    METHOD(EXPR_TIME, "Day", call_day, EXPR_INT, 0, {0}),
    METHOD(EXPR_TIME, "Hour", call_hour, EXPR_INT, 0, {0}),
    METHOD(EXPR_TIME, "Minute", call_minute, EXPR_INT, 0, {0}),
    METHOD(EXPR_TIME, "Second", call_second, EXPR_INT, 0, {0}),
    METHOD(EXPR_TIME, "Nanosecond", call_nanosecond, EXPR_INT, 0, {0}),
    METHOD(EXPR_TIME, "YearDay", call_year_day, EXPR_INT, 0, {0}),
    METHOD(EXPR_TIME, "Weekday", call_weekday, EXPR_WEEKDAY, 0, {0}),
    METHOD(EXPR_TIME, "ISOWeek", call_iso_week, EXPR_INT, 0, {0}),
    METHOD(EXPR_TIME, "Unix", call_unix, EXPR_INT64, 0, {0}),
    METHOD(EXPR_TIME, "UnixMilli", call_unix_milli, EXPR_INT64, 0, {0}),
    METHOD(EXPR_TIME, "UnixMicro", call_unix_micro, EXPR_INT64, 0, {0}),
    METHOD(EXPR_TIME, "UnixNano", call_unix_nano, EXPR_INT64, 0, {0}),
    METHOD(EXPR_TIME, "Before", call_before, EXPR_BOOL, 1, {EXPR_TIME}),
    METHOD(EXPR_TIME, "After", call_after, EXPR_BOOL, 1, {EXPR_TIME}),
    METHOD(EXPR_TIME, "Equal", call_equal, EXPR_BOOL, 1, {EXPR_TIME}),
    METHOD(EXPR_TIME, "Compare", call_compare, EXPR_INT, 1, {EXPR_TIME}),
    METHOD(EXPR_TIME, "IsZero", call_is_zero, EXPR_BOOL, 0, {0}),
    METHOD(EXPR_TIME, "Add", call_add, EXPR_TIME, 1, {EXPR_DURATION}),
    METHOD(EXPR_TIME, "Sub", call_sub, EXPR_DURATION, 1, {EXPR_TIME}),
    METHOD(EXPR_TIME, "AddDate", call_add_date, EXPR_TIME, 3, {EXPR_INT, EXPR_INT, EXPR_INT}),
    METHOD(EXPR_TIME, "Truncate", call_truncate, EXPR_TIME, 1, {EXPR_DURATION}),
    METHOD(EXPR_TIME, "Round", call_round, EXPR_TIME, 1, {EXPR_DURATION}),
    METHOD(EXPR_TIME, "In", call_in, EXPR_TIME, 1, {EXPR_LOCATION}),
    METHOD(EXPR_TIME, "UTC", call_utc, EXPR_TIME, 0, {0}),
    METHOD(EXPR_TIME, "Local", call_local, EXPR_TIME, 0, {0}),
    METHOD(EXPR_TIME, "Location", call_location, EXPR_LOCATION, 0, {0}),
    METHOD(EXPR_TIME, "Zone", call_zone, EXPR_STRING, 0, {0}),
    METHOD(EXPR_TIME, "Format", call_format, EXPR_STRING, 1, {EXPR_STRING}),
    METHOD(EXPR_TIME, "String", call_string, EXPR_STRING, 0, {0}),
    {.receiver = EXPR_TIME, .name = "Date", .call = call_year, .types = {EXPR_INT, 0, {0}}, .results = 3},
    {.receiver = EXPR_TIME, .name = "Clock", .call = call_hour, .types = {EXPR_INT, 0, {0}}, .results = 3},
    REFUSED(EXPR_TIME, "AppendBinary"),
    REFUSED(EXPR_TIME, "AppendFormat"),
    REFUSED(EXPR_TIME, "AppendText"),
    REFUSED(EXPR_TIME, "GoString"),
    REFUSED(EXPR_TIME, "GobEncode"),
    REFUSED(EXPR_TIME, "IsDST"),
    REFUSED(EXPR_TIME, "MarshalBinary"),
    REFUSED(EXPR_TIME, "MarshalJSON"),
    REFUSED(EXPR_TIME, "MarshalText"),
    REFUSED(EXPR_TIME, "ZoneBounds"),
    METHOD(EXPR_DURATION, "Hours", call_hours, EXPR_FLOAT, 0, {0}),
    METHOD(EXPR_DURATION, "Minutes", call_minutes, EXPR_FLOAT, 0, {0}),
    METHOD(EXPR_DURATION, "Seconds", call_seconds, EXPR_FLOAT, 0, {0}),
    METHOD(EXPR_DURATION, "Milliseconds", call_milliseconds, EXPR_INT64, 0, {0}),
    METHOD(EXPR_DURATION, "Microseconds", call_microseconds, EXPR_INT64, 0, {0}),
    METHOD(EXPR_DURATION, "Nanoseconds", call_nanoseconds, EXPR_INT64, 0, {0}),
    METHOD(EXPR_DURATION, "String", call_string, EXPR_STRING, 0, {0}),
    METHOD(EXPR_DURATION, "Abs", call_abs, EXPR_DURATION, 0, {0}),
    METHOD(EXPR_DURATION, "Truncate", call_truncate_duration, EXPR_DURATION, 1, {EXPR_DURATION}),
    METHOD(EXPR_DURATION, "Round", call_round_duration, EXPR_DURATION, 1, {EXPR_DURATION}),
    METHOD(EXPR_MONTH, "String", call_string, EXPR_STRING, 0, {0}),
    METHOD(EXPR_WEEKDAY, "String", call_string, EXPR_STRING, 0, {0}),
    {.receiver = EXPR_LOCATION, .name = "String", .call = call_string, .types = {EXPR_STRING, 0, {0}}, .needs_pointer = true},
};

const struct expr_method *expr_find_method(enum expr_kind receiver, struct sm_slice name)
{
    for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
        if (methods[i].receiver == receiver && sm_slice_is(name, methods[i].name))
            return &methods[i];
    return NULL;
}

bool expr_is_refused_method(struct sm_slice name)
{
    for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
        if (methods[i].is_refused && sm_slice_is(name, methods[i].name))
            return true;
    return false;
}
