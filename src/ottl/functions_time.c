/* functions_time.c - converters of times and durations that need no format: Duration, Unix, Hour, Milliseconds, …
 *
 * Source: opentelemetry-collector-contrib pkg/ottl/ottlfuncs. */
#include <math.h>
#include <time.h>

#include "base/clock.h"
#include "config/duration.h"
#include "ottl/compile.h"

/* ---- durations */

static bool call_duration(const struct sm_ottl_call *call, struct sm_ottl_run *run, struct sm_ottl_value *out)
{
    struct sm_slice text;
    int64_t ns;
    if (!sm_ottl_arg_string(&call->args[0], run, &text))
        return false;
    if (!sm_duration_parse(text, &ns))
        return sm_ottl_fail(run, "time: invalid duration \"%.*s\"", SM_SLICE_ARGS(text));
    *out = sm_ottl_duration(ns);
    return true;
}

/* `detail`: how many ns the unit has; above the threshold of Go's Hours() and Minutes() the result is a float, below it an integer. */
static const int64_t nanosecond = 1, microsecond = 1000, millisecond = 1000000, second = 1000000000, minute = 60000000000, hour = 3600000000000;

static bool call_duration_as(const struct sm_ottl_call *call, struct sm_ottl_run *run, struct sm_ottl_value *out)
{
    int64_t ns, unit = *(const int64_t *)call->function->detail;
    if (!sm_ottl_arg_duration(&call->args[0], run, &ns))
        return false;
    *out = unit < second ? sm_ottl_int(ns / unit) : sm_ottl_double((double)(ns / unit) + (double)(ns % unit) / (double)unit);
    return true;
}

/* ---- times */

static bool call_now(const struct sm_ottl_call *call, struct sm_ottl_run *run, struct sm_ottl_value *out)
{
    (void)call;
    (void)run;
    *out = sm_ottl_time(sm_ottl_time_from_ns((int64_t)sm_clock_wall_ns()));
    return true;
}

static bool call_unix(const struct sm_ottl_call *call, struct sm_ottl_run *run, struct sm_ottl_value *out)
{
    int64_t seconds, nanos = 0;
    if (!sm_ottl_arg_int(&call->args[0], run, &seconds) || (call->args[1].is_set && !sm_ottl_arg_int(&call->args[1], run, &nanos)))
        return false;
    struct sm_ottl_time time = sm_ottl_time_from_ns(nanos);
    time.seconds = (int64_t)((uint64_t)time.seconds + (uint64_t)seconds); /* wraps, as in the reference */
    time.location = "Local";
    *out = sm_ottl_time(time);
    return true;
}

/* `detail`: units in a second. */
static const int64_t per_second = 1, millis = 1000, micros = 1000000, nanos_per_second = 1000000000;

static bool call_unix_as(const struct sm_ottl_call *call, struct sm_ottl_run *run, struct sm_ottl_value *out)
{
    struct sm_ottl_time time;
    int64_t units = *(const int64_t *)call->function->detail;
    if (!sm_ottl_arg_time(&call->args[0], run, &time))
        return false;
    *out = sm_ottl_int((int64_t)((uint64_t)time.seconds * (uint64_t)units) + time.nanos / (nanos_per_second / units));
    return true;
}

/* `detail`: a member of struct tm, -1 for nanoseconds. */
enum part { PART_YEAR, PART_MONTH, PART_DAY, PART_WEEKDAY, PART_HOUR, PART_MINUTE, PART_SECOND, PART_NANOSECOND };
static const enum part year_part = PART_YEAR, month_part = PART_MONTH, day_part = PART_DAY, weekday_part = PART_WEEKDAY, hour_part = PART_HOUR,
                       minute_part = PART_MINUTE, second_part = PART_SECOND, nanosecond_part = PART_NANOSECOND;

static bool call_part(const struct sm_ottl_call *call, struct sm_ottl_run *run, struct sm_ottl_value *out)
{
    struct sm_ottl_time time;
    struct tm tm;
    if (!sm_ottl_arg_calendar(&call->args[0], run, &time, &tm))
        return false;
    const int64_t parts[] = {INT64_C(1900) + tm.tm_year, tm.tm_mon + 1, tm.tm_mday, tm.tm_wday, tm.tm_hour, tm.tm_min, tm.tm_sec, time.nanos};
    *out = sm_ottl_int(parts[*(const enum part *)call->function->detail]);
    return true;
}

#define OF_TIME                                                                                                                                      \
    {                                                                                                                                                \
        {                                                                                                                                            \
            .name = "Time", .type = SM_OTTL_ARG_TIME                                                                                                 \
        }                                                                                                                                            \
    }
#define OF_DURATION                                                                                                                                  \
    {                                                                                                                                                \
        {                                                                                                                                            \
            .name = "Duration", .type = SM_OTTL_ARG_DURATION                                                                                         \
        }                                                                                                                                            \
    }

const struct sm_ottl_function sm_ottl_time_functions[] = {
    {.name = "Duration", .help = "A duration as \"1h30m\".", .parameters = {{.name = "Duration", .type = SM_OTTL_ARG_STRING}}, .call = call_duration},
    {.name = "Hours", .help = "The duration in hours.", .parameters = OF_DURATION, .call = call_duration_as, .detail = &hour},
    {.name = "Minutes", .help = "The duration in minutes.", .parameters = OF_DURATION, .call = call_duration_as, .detail = &minute},
    {.name = "Seconds", .help = "The duration in seconds.", .parameters = OF_DURATION, .call = call_duration_as, .detail = &second},
    {.name = "Milliseconds",
     .help = "The duration in whole milliseconds.",
     .parameters = OF_DURATION,
     .call = call_duration_as,
     .detail = &millisecond},
    {.name = "Microseconds",
     .help = "The duration in whole microseconds.",
     .parameters = OF_DURATION,
     .call = call_duration_as,
     .detail = &microsecond},
    {.name = "Nanoseconds", .help = "The duration in nanoseconds.", .parameters = OF_DURATION, .call = call_duration_as, .detail = &nanosecond},
    {.name = "Now", .help = "The current time.", .call = call_now},
    {.name = "Unix",
     .help = "The time so many seconds after 1970.",
     .parameters = {{.name = "Seconds", .type = SM_OTTL_ARG_INT}, {.name = "Nanoseconds", .type = SM_OTTL_ARG_INT, .is_optional = true}},
     .call = call_unix},
    {.name = "UnixSeconds", .help = "Seconds since 1970.", .parameters = OF_TIME, .call = call_unix_as, .detail = &per_second},
    {.name = "UnixMilli", .help = "Milliseconds since 1970.", .parameters = OF_TIME, .call = call_unix_as, .detail = &millis},
    {.name = "UnixMicro", .help = "Microseconds since 1970.", .parameters = OF_TIME, .call = call_unix_as, .detail = &micros},
    {.name = "UnixNano", .help = "Nanoseconds since 1970.", .parameters = OF_TIME, .call = call_unix_as, .detail = &nanos_per_second},
    {.name = "Year", .help = "Year of the time.", .parameters = OF_TIME, .call = call_part, .detail = &year_part},
    {.name = "Month", .help = "Month of the time, from 1.", .parameters = OF_TIME, .call = call_part, .detail = &month_part},
    {.name = "Day", .help = "Day of the month.", .parameters = OF_TIME, .call = call_part, .detail = &day_part},
    {.name = "Weekday", .help = "Day of the week, Sunday is 0.", .parameters = OF_TIME, .call = call_part, .detail = &weekday_part},
    {.name = "Hour", .help = "Hour of the day.", .parameters = OF_TIME, .call = call_part, .detail = &hour_part},
    {.name = "Minute", .help = "Minute of the hour.", .parameters = OF_TIME, .call = call_part, .detail = &minute_part},
    {.name = "Second", .help = "Second of the minute.", .parameters = OF_TIME, .call = call_part, .detail = &second_part},
    {.name = "Nanosecond", .help = "Nanosecond of the second.", .parameters = OF_TIME, .call = call_part, .detail = &nanosecond_part},
    {0},
};
