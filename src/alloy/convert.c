/* convert.c - see convert.h. Source: Alloy's syntax/internal/value/decode.go; sizes as github.com/alecthomas/units reads Base2Bytes. */
#include "alloy/convert.h"

#include <math.h>

#include "config/duration.h"
#include "wire/json_scanner.h"
#include "wire/number.h"

static enum sm_alloy_type type_wanted(unsigned want)
{
    if (want & SM_ALLOY_LIST_OF || want == SM_ALLOY_WANT_ARRAY)
        return SM_ALLOY_TYPE_ARRAY;
    if (want & SM_ALLOY_MAP_OF || want == SM_ALLOY_WANT_OBJECT)
        return SM_ALLOY_TYPE_OBJECT;
    if (want == SM_ALLOY_WANT_STRING || want == SM_ALLOY_WANT_DURATION || want == SM_ALLOY_WANT_SIZE)
        return SM_ALLOY_TYPE_STRING;
    if (want == SM_ALLOY_WANT_BOOL)
        return SM_ALLOY_TYPE_BOOL;
    return want >= SM_ALLOY_WANT_INT && want <= SM_ALLOY_WANT_DOUBLE ? SM_ALLOY_TYPE_NUMBER : SM_ALLOY_TYPE_CAPSULE;
}

static struct sm_alloy_value *zero(struct sm_alloy_machine *machine, unsigned want)
{
    if (want == SM_ALLOY_WANT_DURATION || want == SM_ALLOY_WANT_SIZE)
        return sm_alloy_int(machine->arena, 0);
    if (want == SM_ALLOY_WANT_SECRET)
        return sm_alloy_secret(machine->arena, (struct sm_slice){0});
    if (want == SM_ALLOY_WANT_OPTIONAL_SECRET)
        return sm_alloy_optional_secret(machine->arena, (struct sm_slice){0}, false);
    struct sm_alloy_value *value = sm_alloy_null(machine->arena);
    if (type_wanted(want) == SM_ALLOY_TYPE_CAPSULE)
        return value;
    value->type = type_wanted(want);
    if (value->type == SM_ALLOY_TYPE_NUMBER)
        return want == SM_ALLOY_WANT_DOUBLE ? sm_alloy_double(machine->arena, 0) : sm_alloy_int(machine->arena, 0);
    return value;
}

/* ---- texts */

static struct sm_alloy_value *number_text(struct sm_alloy_machine *machine, const struct sm_alloy_value *value)
{
    if (value->number_kind == SM_ALLOY_DOUBLE) {
        char *text = sm_arena_alloc(machine->arena, SM_NUMBER_SIZE_MAX);
        return sm_alloy_string(machine->arena, sm_slice_make(text, sm_number_format(value->number, SM_NUMBER_PLAIN, text)));
    }
    const char *text = value->number_kind == SM_ALLOY_INT ? sm_arena_printf(machine->arena, "%lld", (long long)value->integer)
                                                          : sm_arena_printf(machine->arena, "%llu", (unsigned long long)value->whole);
    return sm_alloy_string(machine->arena, sm_slice_of(text));
}

/* What is no string yet. `wanted` is the type that messages name. */
static struct sm_alloy_value *to_string(struct sm_alloy_machine *machine, const struct sm_alloy_value *value)
{
    if (value->type == SM_ALLOY_TYPE_STRING || value->is_bytes)
        return sm_alloy_string(machine->arena, value->text);
    if (value->type == SM_ALLOY_TYPE_NUMBER)
        return number_text(machine, value);
    if (sm_alloy_is_secret(value)) {
        if (value->capsule == SM_ALLOY_SECRET || value->is_secret)
            return sm_alloy_fail(machine, value, "secrets may not be converted into strings");
        return sm_alloy_string(machine->arena, value->text);
    }
    return sm_alloy_fail_type(machine, value, SM_ALLOY_TYPE_STRING);
}

/* ---- numbers */

static struct sm_alloy_value *text_number(struct sm_alloy_machine *machine, const struct sm_alloy_value *value)
{
    struct sm_slice text = value->text;
    int64_t integer;
    uint64_t whole;
    double number;
    bool has_fraction = false;
    for (size_t i = 0; i < text.size; i++)
        has_fraction |= text.ptr[i] == '.' || text.ptr[i] == 'e' || text.ptr[i] == 'E';
    if (text.size && text.ptr[0] == '-')
        return sm_parse_int(text, INT64_MIN, INT64_MAX, &integer) ? sm_alloy_int(machine->arena, integer)
                                                                  : sm_alloy_fail_type(machine, value, SM_ALLOY_TYPE_NUMBER);
    if (has_fraction && sm_parse_double(text, machine->arena, &number) && !isinf(number))
        return sm_alloy_double(machine->arena, number);
    if (!has_fraction && text.size && text.ptr[0] != '+' && sm_parse_uint(text, UINT64_MAX, &whole))
        return sm_alloy_uint(machine->arena, whole);
    return sm_alloy_fail_type(machine, value, SM_ALLOY_TYPE_NUMBER);
}

static struct sm_alloy_value *fit_number(struct sm_alloy_machine *machine, const struct sm_alloy_value *number, unsigned want)
{
    switch (want) {
    case SM_ALLOY_WANT_DOUBLE:
        return sm_alloy_double(machine->arena, sm_alloy_number_double(number));
    case SM_ALLOY_WANT_UINT8:
        return sm_alloy_int(machine->arena, (uint8_t)sm_alloy_number_uint(number));
    case SM_ALLOY_WANT_UINT16:
        return sm_alloy_int(machine->arena, (uint16_t)sm_alloy_number_uint(number));
    case SM_ALLOY_WANT_UINT32:
        return sm_alloy_int(machine->arena, (uint32_t)sm_alloy_number_uint(number));
    case SM_ALLOY_WANT_INT32:
        return sm_alloy_int(machine->arena, (int32_t)(uint32_t)sm_alloy_number_int(number));
    case SM_ALLOY_WANT_UINT:
        return sm_alloy_uint(machine->arena, sm_alloy_number_uint(number));
    default:
        return sm_alloy_int(machine->arena, sm_alloy_number_int(number));
    }
}

static struct sm_alloy_value *to_number(struct sm_alloy_machine *machine, const struct sm_alloy_value *value, unsigned want)
{
    const struct sm_alloy_value *number = value;
    if (value->type == SM_ALLOY_TYPE_STRING) {
        number = text_number(machine, value);
        if (!number)
            return NULL;
    } else if (value->type == SM_ALLOY_TYPE_CAPSULE && value->capsule == SM_ALLOY_OPTIONAL_SECRET && !value->is_secret) {
        number = text_number(machine, value);
        if (!number)
            return NULL;
    } else if (value->type != SM_ALLOY_TYPE_NUMBER) {
        return sm_alloy_fail_type(machine, value, SM_ALLOY_TYPE_NUMBER);
    }
    return fit_number(machine, number, want);
}

/* ---- durations and sizes */

/* What Go's time.ParseDuration says of a text that is none. */
static const char *duration_fault(struct sm_alloy_machine *machine, struct sm_slice text)
{
    struct sm_slice rest = text;
    if (rest.size && (rest.ptr[0] == '-' || rest.ptr[0] == '+'))
        rest = sm_slice_make(rest.ptr + 1, rest.size - 1);
    while (rest.size) {
        size_t digits = 0;
        while (digits < rest.size && ((rest.ptr[digits] >= '0' && rest.ptr[digits] <= '9') || rest.ptr[digits] == '.'))
            digits++;
        if (digits == 0)
            break;
        size_t unit = digits;
        while (unit < rest.size && rest.ptr[unit] != '.' && (rest.ptr[unit] < '0' || rest.ptr[unit] > '9'))
            unit++;
        struct sm_slice name = sm_slice_make(rest.ptr + digits, unit - digits);
        if (name.size == 0)
            return sm_arena_printf(machine->arena, "time: missing unit in duration \"%.*s\"", SM_SLICE_ARGS(text));
        static const char *const units[] = {"ns", "us", "µs", "μs", "ms", "s", "m", "h"};
        bool is_known = false;
        for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
            is_known |= sm_slice_is(name, units[i]);
        if (!is_known)
            return sm_arena_printf(machine->arena, "time: unknown unit \"%.*s\" in duration \"%.*s\"", SM_SLICE_ARGS(name), SM_SLICE_ARGS(text));
        rest = sm_slice_make(rest.ptr + unit, rest.size - unit);
    }
    return sm_arena_printf(machine->arena, "time: invalid duration \"%.*s\"", SM_SLICE_ARGS(text));
}

static struct sm_alloy_value *to_duration(struct sm_alloy_machine *machine, const struct sm_alloy_value *value)
{
    const struct sm_alloy_value *text = to_string(machine, value);
    int64_t ns;
    if (!text)
        return NULL;
    if (!sm_duration_parse(text->text, &ns))
        return sm_alloy_fail(machine, value, "%s", duration_fault(machine, text->text));
    return sm_alloy_int(machine->arena, ns);
}

/* "1KiB", "1.5MB", "2GiB512MiB": all units are powers of 1024. */
static bool parse_size(struct sm_slice text, struct sm_arena *arena, int64_t *bytes)
{
    static const char letters[] = "KMGTPE";
    double total = 0;
    bool is_negative = text.size && text.ptr[0] == '-';
    if (text.size && (text.ptr[0] == '-' || text.ptr[0] == '+'))
        text = sm_slice_make(text.ptr + 1, text.size - 1);
    if (sm_slice_is(text, "0")) {
        *bytes = 0;
        return true;
    }
    if (!text.size)
        return false;
    while (text.size) {
        size_t digits = 0;
        while (digits < text.size && ((text.ptr[digits] >= '0' && text.ptr[digits] <= '9') || text.ptr[digits] == '.'))
            digits++;
        double number;
        if (digits == 0 || !sm_parse_double(sm_slice_make(text.ptr, digits), arena, &number))
            return false;
        text = sm_slice_make(text.ptr + digits, text.size - digits);
        const char *letter = text.size && text.ptr[0] ? strchr(letters, text.ptr[0]) : NULL;
        size_t unit = letter ? 1 : 0;
        if (letter && unit < text.size && text.ptr[unit] == 'i')
            unit++;
        if (unit >= text.size || text.ptr[unit] != 'B')
            return false;
        text = sm_slice_make(text.ptr + unit + 1, text.size - unit - 1);
        total += ldexp(number, letter ? 10 * (int)(letter - letters + 1) : 0);
    }
    if (!(total < 9223372036854775808.0))
        return false;
    *bytes = is_negative ? -(int64_t)total : (int64_t)total;
    return true;
}

static struct sm_alloy_value *to_size(struct sm_alloy_machine *machine, const struct sm_alloy_value *value)
{
    const struct sm_alloy_value *text = to_string(machine, value);
    int64_t bytes;
    if (!text)
        return NULL;
    if (!parse_size(text->text, machine->arena, &bytes))
        return sm_alloy_fail(machine, value, "units: invalid size \"%.*s\": write a number and a unit, as in \"512KiB\" or \"4MiB\"",
                             SM_SLICE_ARGS(text->text));
    return sm_alloy_int(machine->arena, bytes);
}

/* ---- capsules */

static struct sm_alloy_value *to_secret(struct sm_alloy_machine *machine, const struct sm_alloy_value *value, bool is_optional)
{
    if (value->type != SM_ALLOY_TYPE_STRING && !sm_alloy_is_secret(value))
        return sm_alloy_fail_type(machine, value, SM_ALLOY_TYPE_CAPSULE);
    if (!is_optional)
        return sm_alloy_secret(machine->arena, value->text);
    bool is_secret = value->type == SM_ALLOY_TYPE_CAPSULE && (value->capsule == SM_ALLOY_SECRET || value->is_secret);
    return sm_alloy_optional_secret(machine->arena, value->text, is_secret);
}

static struct sm_alloy_value *to_capsule(struct sm_alloy_machine *machine, const struct sm_alloy_value *value, enum sm_alloy_capsule kind)
{
    static const char *const names[] = {
        [SM_ALLOY_SECRET] = "secret",
        [SM_ALLOY_OPTIONAL_SECRET] = "optional secret",
        [SM_ALLOY_CONSUMER] = "otelcol.Consumer",
        [SM_ALLOY_METRICS_RECEIVER] = "storage.Appendable",
        [SM_ALLOY_AUTH_HANDLER] = "auth.Handler",
        [SM_ALLOY_STORAGE_HANDLER] = "extension.ExtensionHandler",
        [SM_ALLOY_RELABEL_RULES] = "relabel.Rules",
    };
    if (value->type != SM_ALLOY_TYPE_CAPSULE)
        return sm_alloy_fail_type(machine, value, SM_ALLOY_TYPE_CAPSULE);
    if (value->capsule != kind)
        return sm_alloy_fail(machine, value, "expected capsule(\"%s\"), got capsule(\"%s\")", names[kind], names[value->capsule]);
    return sm_alloy_value_copy(machine->arena, value);
}

/* ---- lists and maps */

static struct sm_alloy_value *convert_items(struct sm_alloy_machine *machine, const struct sm_alloy_value *value, unsigned want)
{
    struct sm_alloy_value *list = sm_alloy_array(machine->arena, value->array.count);
    list->origin = value->origin;
    for (size_t i = 0; i < value->array.count; i++) {
        list->array.items[i] = sm_alloy_convert(machine, value->array.items[i], want);
        if (!list->array.items[i])
            return sm_alloy_fail_inside(machine, value, sm_arena_printf(machine->arena, "[%zu]", i));
    }
    return list;
}

static struct sm_alloy_value *convert_entries(struct sm_alloy_machine *machine, const struct sm_alloy_value *value, unsigned want)
{
    struct sm_alloy_value *map = sm_alloy_object(machine->arena);
    map->origin = value->origin;
    for (size_t i = 0; i < value->object.count; i++) {
        struct sm_slice key = value->object.entries[i].key;
        struct sm_alloy_value *item = sm_alloy_convert(machine, value->object.entries[i].value, want);
        if (!item)
            return sm_alloy_fail_inside(machine, value, sm_arena_printf(machine->arena, ".%.*s", SM_SLICE_ARGS(key)));
        sm_alloy_object_set(map, machine->arena, key, item);
    }
    return map;
}

static struct sm_alloy_value *convert_any(struct sm_alloy_machine *machine, const struct sm_alloy_value *value)
{
    if (value->type == SM_ALLOY_TYPE_ARRAY)
        return convert_items(machine, value, SM_ALLOY_WANT_ANY);
    if (value->type == SM_ALLOY_TYPE_OBJECT)
        return convert_entries(machine, value, SM_ALLOY_WANT_ANY);
    if (value->type == SM_ALLOY_TYPE_NUMBER && value->number_kind == SM_ALLOY_UINT && value->whole <= INT64_MAX)
        return sm_alloy_int(machine->arena, (int64_t)value->whole);
    return sm_alloy_value_copy(machine->arena, value);
}

static struct sm_alloy_value *convert_scalar(struct sm_alloy_machine *machine, const struct sm_alloy_value *value, unsigned want)
{
    switch (want) {
    case SM_ALLOY_WANT_STRING:
        return to_string(machine, value);
    case SM_ALLOY_WANT_BOOL:
        return value->type == SM_ALLOY_TYPE_BOOL ? sm_alloy_bool(machine->arena, value->boolean)
                                                 : sm_alloy_fail_type(machine, value, SM_ALLOY_TYPE_BOOL);
    case SM_ALLOY_WANT_DURATION:
        return to_duration(machine, value);
    case SM_ALLOY_WANT_SIZE:
        return to_size(machine, value);
    case SM_ALLOY_WANT_SECRET:
    case SM_ALLOY_WANT_OPTIONAL_SECRET:
        return to_secret(machine, value, want == SM_ALLOY_WANT_OPTIONAL_SECRET);
    case SM_ALLOY_WANT_CONSUMER:
        return to_capsule(machine, value, SM_ALLOY_CONSUMER);
    case SM_ALLOY_WANT_METRICS_RECEIVER:
        return to_capsule(machine, value, SM_ALLOY_METRICS_RECEIVER);
    case SM_ALLOY_WANT_AUTH_HANDLER:
        return to_capsule(machine, value, SM_ALLOY_AUTH_HANDLER);
    case SM_ALLOY_WANT_STORAGE_HANDLER:
        return to_capsule(machine, value, SM_ALLOY_STORAGE_HANDLER);
    case SM_ALLOY_WANT_RELABEL_RULES:
        return to_capsule(machine, value, SM_ALLOY_RELABEL_RULES);
    default:
        return to_number(machine, value, want);
    }
}

struct sm_alloy_value *sm_alloy_convert(struct sm_alloy_machine *machine, const struct sm_alloy_value *value, unsigned want)
{
    if (want == SM_ALLOY_WANT_ANY)
        return convert_any(machine, value);
    if (value->type == SM_ALLOY_TYPE_NULL)
        return zero(machine, want);
    struct sm_alloy_value *result = NULL;
    unsigned item = want & ~(unsigned)(SM_ALLOY_LIST_OF | SM_ALLOY_MAP_OF);
    if (want & SM_ALLOY_LIST_OF)
        result = value->type == SM_ALLOY_TYPE_ARRAY ? convert_items(machine, value, item) : sm_alloy_fail_type(machine, value, SM_ALLOY_TYPE_ARRAY);
    else if (want & SM_ALLOY_MAP_OF)
        result =
            value->type == SM_ALLOY_TYPE_OBJECT ? convert_entries(machine, value, item) : sm_alloy_fail_type(machine, value, SM_ALLOY_TYPE_OBJECT);
    else if (want == SM_ALLOY_WANT_ARRAY || want == SM_ALLOY_WANT_OBJECT)
        result =
            value->type == type_wanted(want) ? sm_alloy_value_copy(machine->arena, value) : sm_alloy_fail_type(machine, value, type_wanted(want));
    else
        result = convert_scalar(machine, value, want);
    if (result)
        result->origin = value->origin;
    return result;
}
