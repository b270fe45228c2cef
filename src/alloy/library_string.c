/* library_string.c - string.*: Go's strings package and fmt.Sprintf. */
#include "alloy/convert.h"
#include "alloy/library.h"
#include "alloy/telemetry_value.h"
#include "ottl/runes.h"
#include "ottl/value.h"

#define ARENA (call->machine->arena)

static struct sm_alloy_value *text(const struct sm_alloy_call *call, struct sm_slice result)
{
    return sm_alloy_string(ARENA, result);
}

static struct sm_slice arg(const struct sm_alloy_call *call, size_t index)
{
    return call->args[index]->text;
}

static bool is_too_large_for_telemetry(const struct sm_alloy_value *value)
{
    return value->type == SM_ALLOY_TYPE_NUMBER && value->number_kind == SM_ALLOY_UINT && value->whole > INT64_MAX;
}

static struct sm_ottl_value to_format(const struct sm_alloy_call *call, const struct sm_alloy_value *arg)
{
    if (is_too_large_for_telemetry(arg))
        return (struct sm_ottl_value){.kind = SM_OTTL_INT, .is_unsigned = true, .integer = (int64_t)arg->whole};
    struct sm_value *value = sm_arena_alloc(ARENA, sizeof(*value));
    *value = sm_alloy_to_telemetry(arg, ARENA);
    return sm_ottl_from_attribute(value, ARENA);
}

static struct sm_alloy_value *format(const struct sm_alloy_call *call)
{
    struct sm_ottl_value *values = sm_arena_zalloc(ARENA, call->count, sizeof(*values));
    for (size_t i = 1; i < call->count; i++)
        values[i - 1] = to_format(call, call->args[i]);
    return text(call, sm_ottl_sprintf(arg(call, 0), values, call->count - 1, ARENA));
}

static struct sm_alloy_value *join(const struct sm_alloy_call *call)
{
    struct sm_bytes out;
    sm_bytes_init(&out, ARENA);
    for (size_t i = 0; i < call->args[0]->array.count; i++) {
        if (i > 0)
            sm_bytes_append_slice(&out, arg(call, 1));
        sm_bytes_append_slice(&out, call->args[0]->array.items[i]->text);
    }
    return text(call, sm_bytes_slice(&out));
}

/* Where `needle` begins in `text` from `from`; text.size when nowhere. */
static size_t find(struct sm_slice haystack, struct sm_slice needle, size_t from)
{
    const char *found = from < haystack.size ? sm_slice_find(sm_slice_make(haystack.ptr + from, haystack.size - from), needle) : NULL;
    return found ? (size_t)(found - haystack.ptr) : haystack.size;
}

static struct sm_alloy_value *replace(const struct sm_alloy_call *call)
{
    struct sm_slice from = arg(call, 0), old = arg(call, 1), new = arg(call, 2);
    struct sm_bytes out;
    sm_bytes_init(&out, ARENA);
    if (old.size == 0) { /* between all characters, as Go does */
        for (size_t i = 0; i < from.size;) {
            size_t start = i;
            sm_bytes_append_slice(&out, new);
            sm_ottl_rune_next(from, &i);
            sm_bytes_append(&out, from.ptr + start, i - start);
        }
        sm_bytes_append_slice(&out, new);
        return text(call, sm_bytes_slice(&out));
    }
    size_t start = 0;
    while (from.size) {
        size_t at = find(from, old, start);
        sm_bytes_append(&out, from.ptr + start, at - start);
        if (at == from.size)
            break;
        sm_bytes_append_slice(&out, new);
        start = at + old.size;
    }
    return text(call, sm_bytes_slice(&out));
}

static struct sm_alloy_value *split(const struct sm_alloy_call *call)
{
    struct sm_slice from = arg(call, 0), separator = arg(call, 1);
    struct sm_alloy_value **items = NULL;
    size_t count = 0, capacity = 0, start = 0;
    while (separator.size || start < from.size) {
        size_t end = start, next;
        if (separator.size) {
            end = from.size ? find(from, separator, start) : 0;
            next = end + separator.size;
        } else {
            sm_ottl_rune_next(from, &end);
            next = end;
        }
        items = sm_arena_grow(ARENA, items, count, &capacity, count + 1, sizeof(struct sm_alloy_value *));
        items[count++] = sm_alloy_string(ARENA, sm_slice_make(from.ptr + start, end - start));
        if (separator.size && end == from.size)
            break;
        start = next;
    }
    struct sm_alloy_value *list = sm_alloy_array(ARENA, 0);
    list->array.items = items;
    list->array.count = count;
    return list;
}

static struct sm_alloy_value *to_lower(const struct sm_alloy_call *call)
{
    return text(call, sm_ottl_map_case(arg(call, 0), false, ARENA));
}

static struct sm_alloy_value *to_upper(const struct sm_alloy_call *call)
{
    return text(call, sm_ottl_map_case(arg(call, 0), true, ARENA));
}

static struct sm_alloy_value *trim(const struct sm_alloy_call *call)
{
    return text(call, sm_ottl_trim_set(arg(call, 0), arg(call, 1)));
}

static struct sm_alloy_value *trim_prefix(const struct sm_alloy_call *call)
{
    struct sm_slice from = arg(call, 0), prefix = arg(call, 1);
    return text(call, sm_slice_starts_with(from, prefix) ? sm_slice_make(from.ptr + prefix.size, from.size - prefix.size) : from);
}

static struct sm_alloy_value *trim_suffix(const struct sm_alloy_call *call)
{
    struct sm_slice from = arg(call, 0), suffix = arg(call, 1);
    return text(call, sm_slice_ends_with(from, suffix) ? sm_slice_make(from.ptr, from.size - suffix.size) : from);
}

static struct sm_alloy_value *trim_space(const struct sm_alloy_call *call)
{
    return text(call, sm_ottl_trim_space(arg(call, 0)));
}

#define TEXTS(function_name, count_, call_)                                                                                                          \
    {                                                                                                                                                \
        .name = "string." function_name, .old_name = function_name,                                                                                  \
        .parameters = {SM_ALLOY_WANT_STRING, SM_ALLOY_WANT_STRING, SM_ALLOY_WANT_STRING}, .parameter_count = (count_), .call = (call_)               \
    }

const struct sm_alloy_function sm_alloy_string_functions[] = {
    {.name = "string.format",
     .old_name = "format",
     .parameters = {SM_ALLOY_WANT_STRING, SM_ALLOY_WANT_ANY},
     .parameter_count = 2,
     .is_variadic = true,
     .call = format},
    {.name = "string.join",
     .old_name = "join",
     .parameters = {SM_ALLOY_WANT_STRING | SM_ALLOY_LIST_OF, SM_ALLOY_WANT_STRING},
     .parameter_count = 2,
     .call = join},
    TEXTS("replace", 3, replace),
    TEXTS("split", 2, split),
    TEXTS("to_lower", 1, to_lower),
    TEXTS("to_upper", 1, to_upper),
    TEXTS("trim", 2, trim),
    TEXTS("trim_prefix", 2, trim_prefix),
    TEXTS("trim_suffix", 2, trim_suffix),
    TEXTS("trim_space", 1, trim_space),
    {0},
};
