/* functions_time_format.c - converters between times and texts: Time, FormatTime; and TruncateTime.
 *
 * Formats (strptime.h) are checked, and zones and names of other languages found, when a statement is compiled.
 * Source: opentelemetry-collector-contrib pkg/ottl/ottlfuncs. */
#include "ottl/compile.h"
#include "ottl/strptime.h"
#include "ottl/time_layout.h"

static bool check_format(struct sm_ottl_compiler *compiler, const struct sm_ottl_node *node, struct sm_slice format)
{
    if (format.size == 0)
        return sm_ottl_compile_error(compiler, node, "format cannot be nil");
    const char *fault = sm_strptime_check(format, compiler->arena);
    return !fault || sm_ottl_compile_error(compiler, node, "%s", fault);
}

/* ---- FormatTime */

static bool prepare_format_time(struct sm_ottl_call *call, struct sm_ottl_compiler *compiler)
{
    if (!check_format(compiler, call->node, call->args[1].text))
        return false;
    struct sm_slice *layout = sm_arena_alloc(compiler->arena, sizeof(*layout));
    *layout = sm_strptime_layout(call->args[1].text, compiler->arena);
    call->state = layout;
    return true;
}

static bool call_format_time(const struct sm_ottl_call *call, struct sm_ottl_run *run, struct sm_ottl_value *out)
{
    const struct sm_slice *layout = call->state;
    struct sm_ottl_time time;
    struct sm_bytes text;
    if (!sm_ottl_arg_time(&call->args[0], run, &time))
        return false;
    sm_bytes_init(&text, run->arena);
    if (!sm_time_layout_write(&text, *layout, &time))
        return sm_ottl_fail(run, "the time is out of range");
    *out = sm_ottl_string(sm_bytes_slice(&text));
    return true;
}

/* ---- Time */

static bool find_zone(struct sm_ottl_call *call, struct sm_ottl_compiler *compiler, const struct sm_ottl_zone **zone)
{
    struct sm_slice location = call->args[2].is_set ? call->args[2].text : (struct sm_slice){0};
    *zone = NULL;
    if (sm_slice_is(location, "UTC") || (location.size == 0 && sm_slice_ends_with(call->args[1].text, SM_SLICE("Z"))))
        return true;
    *zone = sm_ottl_zone_find(location.size > 0 ? sm_arena_strdup(compiler->arena, location) : "");
    return *zone || location.size == 0 ||
           sm_ottl_compile_error(compiler, call->node, "failed to load location %.*s: unknown time zone", SM_SLICE_ARGS(location));
}

static bool find_names(struct sm_ottl_call *call, struct sm_ottl_compiler *compiler, const struct sm_time_names **names)
{
    const char *reason;
    *names = NULL;
    if (!call->args[3].is_set || sm_time_names_find(call->args[3].text, compiler->arena, names, &reason))
        return true;
    if (reason)
        return sm_ottl_compile_error(compiler, call->node, "a locale needs ICU: %s", reason);
    return sm_ottl_compile_error(compiler, call->node, "unsupported locale '%.*s', value must be a supported BCP 47 language tag",
                                 SM_SLICE_ARGS(call->args[3].text));
}

static bool prepare_time(struct sm_ottl_call *call, struct sm_ottl_compiler *compiler)
{
    struct sm_strptime *format = sm_arena_zalloc(compiler->arena, 1, sizeof(*format));
    call->state = format;
    format->format = call->args[1].text;
    if (!check_format(compiler, call->node, format->format))
        return false;
    format->layout = sm_strptime_first_layout(format->format, compiler->arena);
    return find_zone(call, compiler, &format->zone) && find_names(call, compiler, &format->names);
}

static bool call_time(const struct sm_ottl_call *call, struct sm_ottl_run *run, struct sm_ottl_value *out)
{
    const struct sm_strptime *format = call->state;
    struct sm_ottl_time time;
    struct sm_slice text;
    bool unknown_zone;
    if (!sm_ottl_arg_string(&call->args[0], run, &text))
        return false;
    if (text.size == 0)
        return sm_ottl_fail(run, "time cannot be nil");
    if (!sm_strptime_read(format, text, run->arena, &time, &unknown_zone))
        return sm_ottl_fail(run,
                            unknown_zone ? "failed to load location: unknown time zone in \"%.*s\" read as \"%.*s\""
                                         : "parsing time \"%.*s\" as \"%.*s\": cannot parse",
                            SM_SLICE_ARGS(text), SM_SLICE_ARGS(format->format));
    *out = sm_ottl_time(time);
    return true;
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
