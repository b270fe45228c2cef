/* functions_string.c - converters of texts: HasPrefix, Concat, Substring, Trim, …
 *
 * Lengths and positions are bytes, as in the reference. Source: opentelemetry-collector-contrib pkg/ottl/ottlfuncs. */
#include <inttypes.h>

#include "ottl/compile.h"
#include "base/hex.h"
#include "ottl/runes.h"

static bool two_texts(const struct sm_ottl_call *call, struct sm_ottl_run *run, struct sm_slice *a, struct sm_slice *b)
{
    return sm_ottl_arg_string(&call->args[0], run, a) && sm_ottl_arg_string(&call->args[1], run, b);
}

static bool call_has_prefix(const struct sm_ottl_call *call, struct sm_ottl_run *run, struct sm_ottl_value *out)
{
    struct sm_slice text, prefix;
    if (!two_texts(call, run, &text, &prefix))
        return false;
    *out = sm_ottl_bool(sm_slice_starts_with(text, prefix));
    return true;
}

static bool call_has_suffix(const struct sm_ottl_call *call, struct sm_ottl_run *run, struct sm_ottl_value *out)
{
    struct sm_slice text, suffix;
    if (!two_texts(call, run, &text, &suffix))
        return false;
    *out = sm_ottl_bool(sm_slice_ends_with(text, suffix));
    return true;
}

static bool call_trim_prefix(const struct sm_ottl_call *call, struct sm_ottl_run *run, struct sm_ottl_value *out)
{
    struct sm_slice text, prefix;
    if (!two_texts(call, run, &text, &prefix))
        return false;
    bool has_it = sm_slice_starts_with(text, prefix);
    *out = sm_ottl_string(has_it ? sm_slice_make(text.ptr + prefix.size, text.size - prefix.size) : text);
    return true;
}

static bool call_trim_suffix(const struct sm_ottl_call *call, struct sm_ottl_run *run, struct sm_ottl_value *out)
{
    struct sm_slice text, suffix;
    if (!two_texts(call, run, &text, &suffix))
        return false;
    *out = sm_ottl_string(sm_slice_ends_with(text, suffix) ? sm_slice_make(text.ptr, text.size - suffix.size) : text);
    return true;
}

static bool call_trim(const struct sm_ottl_call *call, struct sm_ottl_run *run, struct sm_ottl_value *out)
{
    struct sm_slice text, set = call->args[1].is_set ? call->args[1].text : SM_SLICE(" ");
    if (!sm_ottl_arg_string(&call->args[0], run, &text))
        return false;
    *out = sm_ottl_string(sm_ottl_trim_set(text, set));
    return true;
}

static bool call_concat(const struct sm_ottl_call *call, struct sm_ottl_run *run, struct sm_ottl_value *out)
{
    struct sm_slice delimiter;
    struct sm_bytes joined;
    if (!sm_ottl_arg_string(&call->args[1], run, &delimiter))
        return false;
    sm_bytes_init(&joined, run->arena);
    for (size_t i = 0; i < call->args[0].count; i++) {
        struct sm_slice text;
        bool is_nil;
        if (!sm_ottl_arg_string_like(&call->args[0].items[i], run, &text, &is_nil))
            return false;
        if (i > 0)
            sm_bytes_append_slice(&joined, delimiter);
        sm_bytes_append_slice(&joined, is_nil ? SM_SLICE("<nil>") : text);
    }
    *out = sm_ottl_string(sm_bytes_slice(&joined));
    return true;
}

static bool is_rune_start(char c)
{
    return ((unsigned char)c & 0xc0) != 0x80;
}

static bool call_substring(const struct sm_ottl_call *call, struct sm_ottl_run *run, struct sm_ottl_value *out)
{
    int64_t start, length;
    struct sm_slice text;
    if (!sm_ottl_arg_int(&call->args[1], run, &start))
        return false;
    if (start < 0)
        return sm_ottl_fail(run, "invalid start for substring function, %" PRId64 " cannot be negative", start);
    if (!sm_ottl_arg_int(&call->args[2], run, &length))
        return false;
    if (length <= 0)
        return sm_ottl_fail(run, "invalid length for substring function, %" PRId64 " cannot be negative or zero", length);
    if (!sm_ottl_arg_string(&call->args[0], run, &text))
        return false;
    if (start > (int64_t)text.size || length > (int64_t)text.size - start)
        return sm_ottl_fail(run, "invalid range for substring function, start(%" PRId64 ")+length(%" PRId64 ") cannot be greater than the length %zu",
                            start, length, text.size);
    size_t from = (size_t)start, to = (size_t)(start + length);
    bool is_safe = call->args[3].is_set && call->args[3].boolean;
    while (is_safe && from < text.size && !is_rune_start(text.ptr[from]))
        from++;
    while (is_safe && from < to && to < text.size && !is_rune_start(text.ptr[to]))
        to--;
    *out = sm_ottl_string(sm_slice_make(text.ptr + from, to > from ? to - from : 0));
    return true;
}

static void append_item(struct sm_list *list, struct sm_arena *arena, struct sm_slice text)
{
    if (list->count == list->capacity)
        list->items = sm_arena_grow(arena, list->items, list->count, &list->capacity, list->count + 1, sizeof(*list->items));
    list->items[list->count++] = sm_value_string(text);
}

static bool call_split(const struct sm_ottl_call *call, struct sm_ottl_run *run, struct sm_ottl_value *out)
{
    struct sm_slice text, delimiter;
    if (!two_texts(call, run, &text, &delimiter))
        return false;
    struct sm_list *list = sm_arena_zalloc(run->arena, 1, sizeof(*list));
    while (delimiter.size == 0 && text.size > 0) { /* into characters */
        size_t size = 1;
        while (size < text.size && !is_rune_start(text.ptr[size]))
            size++;
        append_item(list, run->arena, sm_slice_make(text.ptr, size));
        text = sm_slice_make(text.ptr + size, text.size - size);
    }
    const char *found;
    while (delimiter.size > 0 && (found = sm_slice_find(text, delimiter))) {
        size_t size = (size_t)(found - text.ptr);
        append_item(list, run->arena, sm_slice_make(text.ptr, size));
        text = sm_slice_make(found + delimiter.size, text.size - size - delimiter.size);
    }
    if (delimiter.size > 0)
        append_item(list, run->arena, text);
    *out = sm_ottl_list(list);
    out->is_typed = true;
    return true;
}

static bool find_in_list(const struct sm_ottl_arg *item_arg, struct sm_list *list, struct sm_ottl_run *run, int64_t *index)
{
    struct sm_ottl_value item;
    if (!sm_ottl_arg_any(item_arg, run, &item))
        return false;
    *index = -1;
    for (size_t i = 0; i < list->count && *index < 0; i++) {
        struct sm_ottl_value value = sm_ottl_from_attribute(&list->items[i], run->arena);
        if (sm_ottl_compare(&value, SM_OTTL_EQ, &item, run->arena))
            *index = (int64_t)i;
    }
    return true;
}

static bool call_contains_value(const struct sm_ottl_call *call, struct sm_ottl_run *run, struct sm_ottl_value *out)
{
    struct sm_list *list;
    int64_t index;
    if (!sm_ottl_arg_list(&call->args[0], run, &list) || !find_in_list(&call->args[1], list, run, &index))
        return false;
    *out = sm_ottl_bool(index >= 0);
    return true;
}

static bool call_index(const struct sm_ottl_call *call, struct sm_ottl_run *run, struct sm_ottl_value *out)
{
    struct sm_ottl_value target, value;
    struct sm_list *list;
    int64_t index;
    if (!sm_ottl_arg_any(&call->args[0], run, &target))
        return false;
    if (target.kind != SM_OTTL_STRING) {
        if (!sm_ottl_arg_list(&call->args[0], run, &list) || !find_in_list(&call->args[1], list, run, &index))
            return false;
        *out = sm_ottl_int(index);
        return true;
    }
    if (!sm_ottl_arg_any(&call->args[1], run, &value))
        return false;
    if (value.kind != SM_OTTL_STRING)
        return sm_ottl_fail(run, "invalid value type for Index function, value must be a string");
    const char *found = sm_slice_find(target.text, value.text);
    *out = sm_ottl_int(value.text.size == 0 ? 0 : found ? found - target.text.ptr : -1);
    return true;
}

static bool call_hex(const struct sm_ottl_call *call, struct sm_ottl_run *run, struct sm_ottl_value *out)
{
    struct sm_slice bytes;
    bool is_nil;
    if (!sm_ottl_arg_bytes_like(&call->args[0], run, &bytes, &is_nil))
        return false;
    *out = sm_ottl_string(sm_hex_text(bytes, run->arena));
    return true;
}

#define TEXT(parameter)                                                                                                                              \
    {                                                                                                                                                \
        .name = (parameter), .type = SM_OTTL_ARG_STRING                                                                                              \
    }
#define ANY(parameter)                                                                                                                               \
    {                                                                                                                                                \
        .name = (parameter), .type = SM_OTTL_ARG_ANY                                                                                                 \
    }

const struct sm_ottl_function sm_ottl_string_functions[] = {
    {.name = "HasPrefix", .help = "Whether the text begins so.", .parameters = {TEXT("Target"), TEXT("Prefix")}, .call = call_has_prefix},
    {.name = "HasSuffix", .help = "Whether the text ends so.", .parameters = {TEXT("Target"), TEXT("Suffix")}, .call = call_has_suffix},
    {.name = "TrimPrefix", .help = "The text without that beginning.", .parameters = {TEXT("Target"), TEXT("Prefix")}, .call = call_trim_prefix},
    {.name = "TrimSuffix", .help = "The text without that end.", .parameters = {TEXT("Target"), TEXT("Suffix")}, .call = call_trim_suffix},
    {.name = "Trim",
     .help = "The text without these characters at its ends.",
     .parameters = {TEXT("Target"), {.name = "Replacement", .type = SM_OTTL_ARG_LITERAL_STRING, .is_optional = true}},
     .call = call_trim},
    {.name = "Concat",
     .help = "The values as one text.",
     .parameters = {{.name = "Vals", .type = SM_OTTL_ARG_STRING_LIKE, .is_list = true}, TEXT("Delimiter")},
     .call = call_concat},
    {.name = "Substring",
     .help = "A part of the text.",
     .parameters = {TEXT("Target"),
                    {.name = "Start", .type = SM_OTTL_ARG_INT},
                    {.name = "Length", .type = SM_OTTL_ARG_INT},
                    {.name = "Utf8Safe", .type = SM_OTTL_ARG_LITERAL_BOOL, .is_optional = true}},
     .call = call_substring},
    {.name = "Split", .help = "The parts between delimiters as a list.", .parameters = {TEXT("Target"), TEXT("Delimiter")}, .call = call_split},
    {.name = "ContainsValue",
     .help = "Whether the list has the value.",
     .parameters = {{.name = "Target", .type = SM_OTTL_ARG_LIST}, ANY("Item")},
     .call = call_contains_value},
    {.name = "Index",
     .help = "Where the value stands in the text or list; -1: nowhere.",
     .parameters = {ANY("Target"), ANY("Value")},
     .call = call_index},
    {.name = "Hex", .help = "The bytes in hexadecimal.", .parameters = {{.name = "Target", .type = SM_OTTL_ARG_BYTES_LIKE}}, .call = call_hex},
    {0},
};
