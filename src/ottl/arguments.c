/* arguments.c - what a function sees of its arguments: typed, converted, or refused.
 *
 * Source: the Standard…Getter types of opentelemetry-collector-contrib pkg/ottl/expression.go. */
#include <math.h>
#include <stdlib.h>

#include "ottl/compile.h"
#include "wire/json_scanner.h"

bool sm_ottl_arg_any(const struct sm_ottl_arg *arg, struct sm_ottl_run *run, struct sm_ottl_value *out)
{
    return sm_ottl_eval(arg->expr, run, out);
}

static bool get_typed(const struct sm_ottl_arg *arg, struct sm_ottl_run *run, enum sm_ottl_kind kind, struct sm_ottl_value *out)
{
    const struct sm_ottl_value wanted = {.kind = kind};
    if (!sm_ottl_eval(arg->expr, run, out))
        return false;
    return out->kind == kind || sm_ottl_fail(run, "expected %s but got %s", sm_ottl_kind_name(&wanted), sm_ottl_kind_name(out));
}

bool sm_ottl_arg_string(const struct sm_ottl_arg *arg, struct sm_ottl_run *run, struct sm_slice *out)
{
    struct sm_ottl_value value;
    if (!get_typed(arg, run, SM_OTTL_STRING, &value))
        return false;
    *out = value.text.ptr ? value.text : SM_SLICE(""); /* so that callers may add to the pointer */
    return true;
}

bool sm_ottl_arg_int(const struct sm_ottl_arg *arg, struct sm_ottl_run *run, int64_t *out)
{
    struct sm_ottl_value value;
    if (!get_typed(arg, run, SM_OTTL_INT, &value))
        return false;
    *out = value.integer;
    return true;
}

bool sm_ottl_arg_map(const struct sm_ottl_arg *arg, struct sm_ottl_run *run, struct sm_map **out)
{
    struct sm_ottl_value value;
    if (!get_typed(arg, run, SM_OTTL_MAP, &value))
        return false;
    *out = value.map;
    return true;
}

static struct sm_list *object_to_list(const struct sm_ottl_value *value, struct sm_arena *arena)
{
    struct sm_list *list = sm_arena_zalloc(arena, 1, sizeof(*list));
    *list = (struct sm_list){.items = sm_arena_zalloc(arena, value->count, sizeof(struct sm_value)), .count = value->count, .capacity = value->count};
    for (size_t i = 0; i < value->count; i++)
        list->items[i] = value->object_kind == SM_OTTL_UINTS ? sm_value_int((int64_t)((const uint64_t *)value->object)[i])
                                                             : sm_value_double(((const double *)value->object)[i]);
    return list;
}

bool sm_ottl_arg_list(const struct sm_ottl_arg *arg, struct sm_ottl_run *run, struct sm_list **out)
{
    struct sm_ottl_value value;
    return sm_ottl_eval(arg->expr, run, &value) && sm_ottl_to_list(value, run, out);
}

bool sm_ottl_to_list(struct sm_ottl_value value, struct sm_ottl_run *run, struct sm_list **out)
{
    if (value.kind == SM_OTTL_OBJECT && (value.object_kind == SM_OTTL_UINTS || value.object_kind == SM_OTTL_DOUBLES)) {
        *out = object_to_list(&value, run->arena);
        return true;
    }
    if (value.kind != SM_OTTL_LIST)
        return sm_ottl_fail(run, "expected pcommon.Slice but got %s", sm_ottl_kind_name(&value));
    if (value.has_parts) /* as the reference, which cannot turn such literals into lists of the telemetry */
        return sm_ottl_fail(run, "<Invalid value type> in a list literal");
    *out = value.list;
    return true;
}

bool sm_ottl_arg_time(const struct sm_ottl_arg *arg, struct sm_ottl_run *run, struct sm_ottl_time *out)
{
    struct sm_ottl_value value;
    if (!get_typed(arg, run, SM_OTTL_TIME, &value))
        return false;
    *out = value.time;
    return true;
}

bool sm_ottl_arg_calendar(const struct sm_ottl_arg *arg, struct sm_ottl_run *run, struct sm_ottl_time *out, struct tm *calendar)
{
    if (!sm_ottl_arg_time(arg, run, out))
        return false;
    time_t local = (time_t)(out->seconds + out->zone_offset_s);
    return gmtime_r(&local, calendar) || sm_ottl_fail(run, "the time is out of range");
}

bool sm_ottl_arg_duration(const struct sm_ottl_arg *arg, struct sm_ottl_run *run, int64_t *out)
{
    struct sm_ottl_value value;
    if (!get_typed(arg, run, SM_OTTL_DURATION, &value))
        return false;
    *out = value.integer;
    return true;
}

/* ---- converting */

static bool refuse_type(struct sm_ottl_run *run, const struct sm_ottl_value *value)
{
    return sm_ottl_fail(run, "unsupported type: %s", sm_ottl_kind_name(value));
}

bool sm_ottl_arg_string_like(const struct sm_ottl_arg *arg, struct sm_ottl_run *run, struct sm_slice *out, bool *is_nil)
{
    struct sm_ottl_value value;
    if (!sm_ottl_eval(arg->expr, run, &value))
        return false;
    if (!sm_ottl_has_json(&value, run->arena))
        return sm_ottl_fail(run, "unsupported type: %s that JSON cannot say", sm_ottl_kind_name(&value));
    *is_nil = !sm_ottl_text(&value, run->arena, out);
    return true;
}

/* strconv.ParseInt in base 10. */
static bool parse_int(struct sm_slice text, int64_t *out)
{
    size_t start = text.size > 0 && (text.ptr[0] == '-' || text.ptr[0] == '+');
    int64_t number = 0;
    if (text.size == start)
        return false;
    for (size_t i = start; i < text.size; i++) {
        int digit = text.ptr[i] - '0';
        if (digit < 0 || digit > 9 || __builtin_mul_overflow(number, 10, &number))
            return false;
        if (text.ptr[0] == '-' ? __builtin_sub_overflow(number, digit, &number) : __builtin_add_overflow(number, digit, &number))
            return false;
    }
    *out = number;
    return true;
}

/* As amd64 converts: what does not fit becomes the smallest integer. */
static int64_t truncate_double(double number)
{
    return number >= -9223372036854775808.0 && number < 9223372036854775808.0 ? (int64_t)number : INT64_MIN;
}

bool sm_ottl_arg_int_like(const struct sm_ottl_arg *arg, struct sm_ottl_run *run, int64_t *out, bool *is_nil)
{
    struct sm_ottl_value value;
    if (!sm_ottl_eval(arg->expr, run, &value))
        return false;
    *is_nil = false;
    switch (value.kind) {
    case SM_OTTL_NIL:
        *is_nil = true;
        return true;
    case SM_OTTL_INT:
        *out = value.integer;
        return true;
    case SM_OTTL_DOUBLE:
        *out = truncate_double(value.number);
        return true;
    case SM_OTTL_BOOL:
        *out = value.boolean;
        return true;
    case SM_OTTL_STRING:
        *is_nil = !parse_int(value.text, out);
        return true;
    default:
        return refuse_type(run, &value);
    }
}

/* As strconv.ParseFloat. */
static bool parse_float(struct sm_ottl_run *run, struct sm_slice text, double *out)
{
    if (!sm_parse_double(text, run->arena, out))
        return sm_ottl_fail(run, "parsing \"%.*s\": %s", SM_SLICE_ARGS(text), isinf(*out) ? "value out of range" : "invalid syntax");
    return true;
}

bool sm_ottl_arg_float_like(const struct sm_ottl_arg *arg, struct sm_ottl_run *run, double *out, bool *is_nil)
{
    struct sm_ottl_value value;
    if (!sm_ottl_eval(arg->expr, run, &value))
        return false;
    *is_nil = value.kind == SM_OTTL_NIL;
    switch (value.kind) {
    case SM_OTTL_NIL:
        return true;
    case SM_OTTL_INT:
        *out = (double)value.integer;
        return true;
    case SM_OTTL_DOUBLE:
        *out = value.number;
        return true;
    case SM_OTTL_BOOL:
        *out = value.boolean;
        return true;
    case SM_OTTL_STRING:
        return parse_float(run, value.text, out);
    default:
        return refuse_type(run, &value);
    }
}

static bool parse_bool(struct sm_ottl_run *run, struct sm_slice text, bool *out)
{
    static const char *const words[] = {"1", "t", "T", "TRUE", "true", "True", "0", "f", "F", "FALSE", "false", "False"};
    for (size_t i = 0; i < 12; i++)
        if (sm_slice_is(text, words[i])) {
            *out = i < 6;
            return true;
        }
    return sm_ottl_fail(run, "parsing \"%.*s\": invalid syntax", SM_SLICE_ARGS(text));
}

bool sm_ottl_arg_bool_like(const struct sm_ottl_arg *arg, struct sm_ottl_run *run, bool *out, bool *is_nil)
{
    struct sm_ottl_value value;
    if (!sm_ottl_eval(arg->expr, run, &value))
        return false;
    *is_nil = value.kind == SM_OTTL_NIL;
    switch (value.kind) {
    case SM_OTTL_NIL:
        return true;
    case SM_OTTL_BOOL:
        *out = value.boolean;
        return true;
    case SM_OTTL_INT:
        *out = value.integer != 0;
        return true;
    case SM_OTTL_DOUBLE:
        *out = value.number != 0;
        return true;
    case SM_OTTL_STRING:
        return parse_bool(run, value.text, out);
    default:
        return refuse_type(run, &value);
    }
}

static struct sm_slice big_endian(struct sm_arena *arena, uint64_t bits)
{
    char *bytes = sm_arena_alloc(arena, 8);
    for (size_t i = 0; i < 8; i++)
        bytes[i] = (char)(bits >> (56 - 8 * i));
    return sm_slice_make(bytes, 8);
}

bool sm_ottl_arg_bytes_like(const struct sm_ottl_arg *arg, struct sm_ottl_run *run, struct sm_slice *out, bool *is_nil)
{
    struct sm_ottl_value value;
    uint64_t bits;
    if (!sm_ottl_eval(arg->expr, run, &value))
        return false;
    *is_nil = value.kind == SM_OTTL_NIL;
    *out = (struct sm_slice){0};
    switch (value.kind) {
    case SM_OTTL_NIL:
        return true;
    case SM_OTTL_BYTES:
    case SM_OTTL_STRING:
        *out = value.text;
        return true;
    case SM_OTTL_INT:
        *out = big_endian(run->arena, (uint64_t)value.integer);
        return true;
    case SM_OTTL_DOUBLE:
        memcpy(&bits, &value.number, sizeof(bits));
        *out = big_endian(run->arena, bits);
        return true;
    case SM_OTTL_BOOL:
        *out = value.boolean ? SM_SLICE("\1") : SM_SLICE("\0");
        return true;
    default:
        return refuse_type(run, &value);
    }
}

/* ---- at start */

bool sm_ottl_arg_literal_text(const struct sm_ottl_arg *arg, struct sm_slice *text)
{
    if (!arg->is_set || !arg->expr || !arg->expr->is_literal || arg->expr->literal.kind != SM_OTTL_STRING)
        return false;
    *text = arg->expr->literal.text;
    return true;
}

bool sm_ottl_arg_check(const struct sm_ottl_arg *arg, enum sm_ottl_argument_type type, struct sm_ottl_run *run)
{
    struct sm_ottl_value value;
    struct sm_list *list;
    struct sm_slice text;
    int64_t integer;
    double number;
    bool boolean, is_nil;
    switch (type) {
    case SM_OTTL_ARG_STRING:
        return get_typed(arg, run, SM_OTTL_STRING, &value);
    case SM_OTTL_ARG_INT:
        return get_typed(arg, run, SM_OTTL_INT, &value);
    case SM_OTTL_ARG_FLOAT:
        return get_typed(arg, run, SM_OTTL_DOUBLE, &value);
    case SM_OTTL_ARG_BOOL:
        return get_typed(arg, run, SM_OTTL_BOOL, &value);
    case SM_OTTL_ARG_MAP:
        return get_typed(arg, run, SM_OTTL_MAP, &value);
    case SM_OTTL_ARG_TIME:
        return get_typed(arg, run, SM_OTTL_TIME, &value);
    case SM_OTTL_ARG_DURATION:
        return get_typed(arg, run, SM_OTTL_DURATION, &value);
    case SM_OTTL_ARG_LIST:
        return sm_ottl_arg_list(arg, run, &list);
    case SM_OTTL_ARG_STRING_LIKE:
        return sm_ottl_arg_string_like(arg, run, &text, &is_nil);
    case SM_OTTL_ARG_INT_LIKE:
        return sm_ottl_arg_int_like(arg, run, &integer, &is_nil);
    case SM_OTTL_ARG_FLOAT_LIKE:
        return sm_ottl_arg_float_like(arg, run, &number, &is_nil);
    case SM_OTTL_ARG_BOOL_LIKE:
        return sm_ottl_arg_bool_like(arg, run, &boolean, &is_nil);
    case SM_OTTL_ARG_BYTES_LIKE:
        return sm_ottl_arg_bytes_like(arg, run, &text, &is_nil);
    default:
        return true;
    }
}
