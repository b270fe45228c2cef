/* time.c - times and time zones of the expr language, with Go's layouts and the system's zone database. */
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "config/duration.h"
#include "expr/builtins.h"
#include "ottl/time_layout.h"

enum { NS_PER_S = 1000000000, ZONE_NAME_MAX = 64 };

static const struct expr_location utc = {.name = "UTC"};

struct expr_value expr_time_value(struct expr_evaluation *e, struct sm_ottl_time at, const struct expr_location *location)
{
    struct expr_time *time = sm_arena_alloc(e->arena, sizeof(*time));
    *time = (struct expr_time){.at = at, .location = location};
    if (location->zone || location == &utc) {
        sm_ottl_zone_at(location->zone, &time->at);
    } else {
        time->at.zone_offset_s = location->offset;
        time->at.zone_name = *location->name ? location->name : NULL;
    }
    return (struct expr_value){.kind = EXPR_TIME, .time = time};
}

bool expr_append_time(struct sm_bytes *out, const struct expr_time *time, const char *layout)
{
    return sm_time_layout_write(out, sm_slice_of(layout), &time->at);
}

static const struct expr_location *local(struct expr_evaluation *e)
{
    struct expr_location *location = sm_arena_alloc(e->arena, sizeof(*location));
    *location = (struct expr_location){.zone = sm_ottl_zone_find("Local"), .name = "Local"};
    return location;
}

const struct expr_location *expr_find_location(struct expr_evaluation *e, struct sm_slice name)
{
    if (name.size == 0 || sm_slice_is(name, "UTC"))
        return &utc;
    if (sm_slice_is(name, "Local"))
        return local(e);
    const char *text = sm_arena_strdup(e->arena, name);
    const struct sm_ottl_zone *zone =
        name.size < ZONE_NAME_MAX && !memchr(name.ptr, '\0', name.size) && *text != '/' && !strchr(text, '\\') ? sm_ottl_zone_find(text) : NULL;
    if (!zone) {
        expr_fail(e, "unknown time zone %.60s", text);
        return NULL;
    }
    struct expr_location *location = sm_arena_alloc(e->arena, sizeof(*location));
    *location = (struct expr_location){.zone = zone, .name = text};
    return location;
}

/* ---- builtins */

static struct expr_value call_now(struct expr_evaluation *e, const struct expr_value *arguments, size_t count)
{
    uint64_t ns = sm_clock_wall_ns();
    const struct sm_ottl_time at = {.seconds = (int64_t)(ns / NS_PER_S), .nanos = (int32_t)(ns % NS_PER_S)};
    if (count == 1 && arguments[0].kind != EXPR_LOCATION)
        return expr_fail(e, "invalid number of arguments (expected 0, got 1)");
    return expr_time_value(e, at, count == 1 ? arguments[0].location : local(e));
}

static struct expr_value call_duration(struct expr_evaluation *e, const struct expr_value *arguments, size_t count)
{
    struct sm_slice text;
    struct expr_value duration = expr_whole(EXPR_DURATION, 0);
    (void)count;
    if (!expr_text_argument(e, arguments[0], &text))
        return expr_nil();
    if (!sm_duration_parse(text, &duration.integer))
        return expr_fail(e, "time: invalid duration \"%.*s\"", (int)(text.size > 60 ? 60 : text.size), text.size ? text.ptr : "");
    return duration;
}

static struct expr_value call_timezone(struct expr_evaluation *e, const struct expr_value *arguments, size_t count)
{
    struct sm_slice name;
    (void)count;
    if (!expr_text_argument(e, arguments[0], &name))
        return expr_nil();
    const struct expr_location *location = expr_find_location(e, name);
    return location ? (struct expr_value){.kind = EXPR_LOCATION, .is_pointer = true, .location = location} : expr_nil();
}

/* What a value says in a layout, in `zone` unless it names another. False: it does not fit. */
static bool read_time(struct expr_evaluation *e, struct sm_slice layout, struct sm_slice text, const struct expr_location *zone,
                      struct expr_value *value)
{
    const struct expr_location *others = zone ? zone : local(e), *given = zone ? zone : &utc;
    struct sm_ottl_time at;
    bool in_zone;
    if (!sm_time_layout_read_plain(layout, text, given->zone, others->zone, e->arena, &at, &in_zone))
        return false;
    struct expr_location *fixed = sm_arena_alloc(e->arena, sizeof(*fixed));
    *fixed = (struct expr_location){.name = at.zone_name ? at.zone_name : at.zone_offset_s == 0 ? "UTC" : "", .offset = at.zone_offset_s};
    *value = expr_time_value(e, at, in_zone ? given : fixed);
    return true;
}

static struct expr_value read_usual(struct expr_evaluation *e, struct sm_slice text, const struct expr_location *zone)
{
    static const char *const layouts[] = {"2006-01-02",
                                          "15:04:05",
                                          "2006-01-02 15:04:05",
                                          "2006-01-02T15:04:05Z07:00",
                                          "02 Jan 06 15:04 MST",
                                          "Monday, 02-Jan-06 15:04:05 MST",
                                          "Mon, 02 Jan 2006 15:04:05 MST"};
    struct expr_value value;
    for (size_t i = 0; i < sizeof(layouts) / sizeof(layouts[0]); i++)
        if (read_time(e, sm_slice_of(layouts[i]), text, zone, &value))
            return value;
    return expr_fail(e, "invalid date %.*s", (int)(text.size > 60 ? 60 : text.size), text.size ? text.ptr : "");
}

/* date(text), date(text, layout), date(text, layout, zone's name); before each a time zone. */
static struct expr_value call_date(struct expr_evaluation *e, const struct expr_value *arguments, size_t count)
{
    struct sm_slice text, layout, name;
    struct expr_value value;
    const struct expr_location *zone = count > 0 && arguments[0].kind == EXPR_LOCATION && arguments[0].is_pointer ? arguments[0].location : NULL;
    arguments += zone != NULL;
    count -= zone != NULL;
    if (count == 0)
        return expr_fail(e, "index out of range [0] with length 0");
    if (!expr_text_argument(e, arguments[0], &text))
        return expr_nil();
    if (count == 1)
        return read_usual(e, text, zone);
    if (!expr_text_argument(e, arguments[1], &layout) || (count == 3 && !expr_text_argument(e, arguments[2], &name)))
        return expr_nil();
    if (count == 3 && !(zone = expr_find_location(e, name)))
        return expr_nil();
    return read_time(e, layout, text, zone, &value)
               ? value
               : expr_fail(e, "parsing time \"%.*s\" failed", (int)(text.size > 60 ? 60 : text.size), text.size ? text.ptr : "");
}

static bool check_now(struct expr_call_types *call)
{
    call->result = expr_type(EXPR_TIME);
    if (call->count == 0 || (call->count == 1 && call->types[0].kind == EXPR_LOCATION))
        return true;
    return expr_wrong_call(call, "invalid number of arguments (expected 0, got %zu)", call->count);
}

static bool check_date(struct expr_call_types *call)
{
    call->result = expr_type(EXPR_TIME);
    if (call->count < 1)
        return expr_wrong_call(call, "invalid number of arguments (expected at least 1, got 0)");
    size_t count = call->count - (call->types[0].kind == EXPR_LOCATION);
    return count <= 3 || expr_wrong_call(call, "invalid number of arguments (expected at most 3, got %zu)", count);
}

/* ---- JSON, base64 and types */

static struct expr_value call_to_json(struct expr_evaluation *e, const struct expr_value *arguments, size_t count)
{
    struct sm_bytes out;
    (void)count;
    sm_bytes_init(&out, e->arena);
    return expr_append_json(e, &out, arguments[0], 0) ? expr_string(sm_bytes_slice(&out)) : expr_nil();
}

static struct expr_value call_from_json(struct expr_evaluation *e, const struct expr_value *arguments, size_t count)
{
    struct sm_slice text;
    (void)count;
    return expr_text_argument(e, arguments[0], &text) ? expr_read_json(e, text) : expr_nil();
}

static struct expr_value call_type(struct expr_evaluation *e, const struct expr_value *arguments, size_t count)
{
    static const char *const names[] = {[EXPR_NIL] = "nil",
                                        [EXPR_BOOL] = "bool",
                                        [EXPR_INT] = "int",
                                        [EXPR_INT64] = "int",
                                        [EXPR_UINT8] = "uint",
                                        [EXPR_FLOAT] = "float",
                                        [EXPR_STRING] = "string",
                                        [EXPR_TIME] = "time.Time",
                                        [EXPR_DURATION] = "time.Duration",
                                        [EXPR_MONTH] = "time.Month",
                                        [EXPR_WEEKDAY] = "time.Weekday",
                                        [EXPR_LOCATION] = "time.Location",
                                        [EXPR_FUNCTION] = "func",
                                        [EXPR_ENVIRONMENT] = NULL};
    enum expr_kind kind = arguments[0].kind;
    (void)count;
    if (kind == EXPR_ENVIRONMENT)
        return expr_string(sm_slice_of(e->environment->type_name));
    return expr_string(sm_slice_of(expr_is_list(kind) ? "array" : expr_is_map(kind) ? "map" : names[kind]));
}

#define OVERLOADS(...)                                                                                                                               \
    .overloads = (const struct expr_overload[]){__VA_ARGS__},                                                                                        \
    .overload_count = sizeof((const struct expr_overload[]){__VA_ARGS__}) / sizeof(struct expr_overload)

const struct expr_builtin expr_other_builtins[] = {
    {.name = "type", .call = call_type, .help = "The name of a value's type.", OVERLOADS({EXPR_STRING, 1, {EXPR_ANY}})},
    {.name = "toJSON", .call = call_to_json, .help = "A value as JSON, indented.", OVERLOADS({EXPR_STRING, 1, {EXPR_ANY}})},
    {.name = "fromJSON", .call = call_from_json, .help = "The value that a JSON text stands for.", OVERLOADS({EXPR_ANY, 1, {EXPR_STRING}})},
    {.name = "now",
     .call = call_now,
     .check = check_now,
     .keeps_pointers = true,
     .arguments_max = 1,
     .help = "The time, of a time zone if one is given."},
    {.name = "duration", .call = call_duration, .help = "A duration, as in 1h30m.", OVERLOADS({EXPR_DURATION, 1, {EXPR_STRING}})},
    {.name = "date",
     .call = call_date,
     .check = check_date,
     .keeps_pointers = true,
     .arguments_min = 1,
     .arguments_max = 4,
     .help = "The time that a text says, in a layout of Go and a time zone if they are given."},
    {.name = "timezone", .call = call_timezone, .help = "A time zone by its name.", OVERLOADS({EXPR_LOCATION, 1, {EXPR_STRING}})},
    {0},
};
