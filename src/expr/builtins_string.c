/* builtins_string.c - builtins that work on texts, as functions of Go's package strings do. */
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "expr/builtins.h"
#include "ottl/runes.h"
#include "wire/base64.h"

static struct sm_slice first_text(const struct expr_value *arguments)
{
    return arguments[0].text;
}

/* All arguments up to `count` must be texts. */
static bool are_texts(struct expr_evaluation *e, const struct expr_value *arguments, size_t count)
{
    struct sm_slice text;
    for (size_t i = 0; i < count; i++)
        if (!expr_text_argument(e, arguments[i], &text) || !expr_spend(e, text.size))
            return false;
    return true;
}

static struct expr_value call_trim(struct expr_evaluation *e, const struct expr_value *arguments, size_t count)
{
    if (!are_texts(e, arguments, count))
        return expr_nil();
    return expr_string(count == 1 ? sm_ottl_trim_space(first_text(arguments)) : sm_ottl_trim_set(first_text(arguments), arguments[1].text));
}

static struct expr_value call_trim_prefix(struct expr_evaluation *e, const struct expr_value *arguments, size_t count)
{
    if (!are_texts(e, arguments, count))
        return expr_nil();
    struct sm_slice text = first_text(arguments), prefix = count == 2 ? arguments[1].text : SM_SLICE(" ");
    size_t cut = sm_slice_starts_with(text, prefix) ? prefix.size : 0;
    return expr_part(e, arguments[0], cut, text.size);
}

static struct expr_value call_trim_suffix(struct expr_evaluation *e, const struct expr_value *arguments, size_t count)
{
    if (!are_texts(e, arguments, count))
        return expr_nil();
    struct sm_slice text = first_text(arguments), suffix = count == 2 ? arguments[1].text : SM_SLICE(" ");
    return expr_part(e, arguments[0], 0, text.size - (sm_slice_ends_with(text, suffix) ? suffix.size : 0));
}

static struct expr_value change_case(struct expr_evaluation *e, const struct expr_value *arguments, bool to_upper)
{
    struct sm_slice text;
    if (!expr_text_argument(e, arguments[0], &text) || !expr_has_room(e, text.size))
        return expr_nil();
    return expr_string(sm_ottl_map_case(text, to_upper, e->arena));
}

static struct expr_value call_upper(struct expr_evaluation *e, const struct expr_value *arguments, size_t count)
{
    (void)count;
    return change_case(e, arguments, true);
}

static struct expr_value call_lower(struct expr_evaluation *e, const struct expr_value *arguments, size_t count)
{
    (void)count;
    return change_case(e, arguments, false);
}

/* ---- parts */

static size_t rune_size(struct sm_slice text, size_t at)
{
    bool is_sound;
    size_t size;
    sm_utf8_read(sm_slice_make(text.ptr + at, text.size - at), &size, &is_sound);
    return size;
}

/* Where the next separator begins; one that is empty stands behind every rune but the last. False: there is none. */
static bool find_separator(struct sm_slice text, size_t from, struct sm_slice separator, size_t *at)
{
    if (from >= text.size)
        return false;
    if (separator.size == 0) {
        *at = from + rune_size(text, from);
        return *at < text.size;
    }
    const char *found = sm_slice_find(sm_slice_make(text.ptr + from, text.size - from), separator);
    *at = found ? (size_t)(found - text.ptr) : 0;
    return found;
}

/* At most `most` parts, negative: all; `keeps` leaves the separator at the end of each. */
static struct expr_value split(struct expr_evaluation *e, struct sm_slice text, struct sm_slice separator, int64_t most, bool keeps)
{
    struct expr_value *parts = NULL;
    size_t count = 0, capacity = 0, from = 0, at;
    if (most == 0)
        return expr_nil_list(EXPR_STRINGS);
    while ((most < 0 || (int64_t)count + 1 < most) && find_separator(text, from, separator, &at) && expr_step(e)) {
        parts = sm_arena_grow(e->arena, parts, count, &capacity, count + 1, sizeof(*parts));
        parts[count++] = expr_string(sm_slice_make(text.ptr + from, at + (keeps ? separator.size : 0) - from));
        from = at + separator.size;
    }
    if (separator.size > 0 || text.size > 0) {
        parts = sm_arena_grow(e->arena, parts, count, &capacity, count + 1, sizeof(*parts));
        parts[count++] = expr_string(sm_slice_make(text.ptr ? text.ptr + from : NULL, text.size - from));
    }
    return e->has_failed ? expr_nil() : expr_make_list(e, EXPR_STRINGS, parts, count);
}

static struct expr_value call_split_with(struct expr_evaluation *e, const struct expr_value *arguments, size_t count, bool keeps)
{
    int64_t most = -1;
    if (!are_texts(e, arguments, 2) || (count == 3 && !expr_int_argument(e, arguments[2], &most)))
        return expr_nil();
    return split(e, first_text(arguments), arguments[1].text, most, keeps);
}

static struct expr_value call_split(struct expr_evaluation *e, const struct expr_value *arguments, size_t count)
{
    return call_split_with(e, arguments, count, false);
}

static struct expr_value call_split_after(struct expr_evaluation *e, const struct expr_value *arguments, size_t count)
{
    return call_split_with(e, arguments, count, true);
}

/* An empty `old` stands before every rune and at the end. */
static bool find_old(struct sm_slice text, size_t from, struct sm_slice old, bool is_first, size_t *at)
{
    if (old.size > 0)
        return find_separator(text, from, old, at);
    *at = is_first ? 0 : from < text.size ? from + rune_size(text, from) : text.size + 1;
    return *at <= text.size;
}

static struct expr_value replace(struct expr_evaluation *e, struct sm_slice text, struct sm_slice old, struct sm_slice new, int64_t most)
{
    struct sm_bytes out;
    size_t from = 0, at;
    sm_bytes_init(&out, e->arena);
    for (int64_t done = 0; (most < 0 || done < most) && find_old(text, from, old, done == 0, &at); done++) {
        if (!expr_step(e) || !expr_has_room(e, 2 * (out.size + at - from + new.size)))
            return expr_nil();
        sm_bytes_append(&out, text.ptr ? text.ptr + from : "", at - from);
        sm_bytes_append_slice(&out, new);
        from = at + old.size;
    }
    sm_bytes_append(&out, text.ptr ? text.ptr + from : "", text.size - from);
    return expr_string(sm_bytes_slice(&out));
}

static struct expr_value call_replace(struct expr_evaluation *e, const struct expr_value *arguments, size_t count)
{
    int64_t most = -1;
    if (!are_texts(e, arguments, 3) || (count == 4 && !expr_int_argument(e, arguments[3], &most)))
        return expr_nil();
    return replace(e, first_text(arguments), arguments[1].text, arguments[2].text, most);
}

static struct expr_value call_repeat(struct expr_evaluation *e, const struct expr_value *arguments, size_t count)
{
    int64_t times;
    struct sm_bytes out;
    struct sm_slice text;
    (void)count;
    if (!expr_text_argument(e, arguments[0], &text) || !expr_int_argument(e, arguments[1], &times))
        return expr_nil();
    if (times < 0)
        return expr_fail(e, "invalid argument for repeat (expected positive integer, got %lld)", (long long)times);
    if (times > SM_EXPR_MEMORY_MAX)
        return expr_fail(e, "memory budget exceeded");
    if (!expr_count_elements(e, text.size < SM_EXPR_MEMORY_MAX ? text.size * (size_t)times : SM_EXPR_MEMORY_MAX * (size_t)(times > 0)))
        return expr_nil();
    sm_bytes_init(&out, e->arena);
    for (int64_t i = 0; i < times && text.size > 0; i++)
        sm_bytes_append_slice(&out, text);
    return expr_string(sm_bytes_slice(&out));
}

static struct expr_value call_join(struct expr_evaluation *e, const struct expr_value *arguments, size_t count)
{
    struct sm_slice glue = {0}, part;
    struct sm_bytes out;
    sm_bytes_init(&out, e->arena);
    if (count == 2 && !expr_text_argument(e, arguments[1], &glue))
        return expr_nil();
    if (arguments[0].kind != EXPR_ARRAY && arguments[0].kind != EXPR_STRINGS)
        return expr_fail(e, "invalid argument for join (type %s)", expr_kind_name(arguments[0].kind));
    for (size_t i = 0, parts = expr_length(arguments[0]); i < parts; i++) {
        if (!expr_step(e) || !expr_text_argument(e, expr_at(arguments[0], i), &part) || !expr_has_room(e, 2 * (out.size + glue.size + part.size)))
            return expr_nil();
        if (i > 0)
            sm_bytes_append_slice(&out, glue);
        sm_bytes_append_slice(&out, part);
    }
    return expr_string(sm_bytes_slice(&out));
}

/* ---- looking through them */

static struct expr_value call_index_of(struct expr_evaluation *e, const struct expr_value *arguments, size_t count)
{
    if (!are_texts(e, arguments, count))
        return expr_nil();
    struct sm_slice text = first_text(arguments), part = arguments[1].text;
    if (part.size == 0)
        return expr_int(0);
    const char *found = sm_slice_find(text, part);
    return expr_int(found ? found - text.ptr : -1);
}

static struct expr_value call_last_index_of(struct expr_evaluation *e, const struct expr_value *arguments, size_t count)
{
    if (!are_texts(e, arguments, count))
        return expr_nil();
    struct sm_slice text = first_text(arguments), part = arguments[1].text;
    int64_t last = part.size == 0 ? (int64_t)text.size : -1;
    for (size_t at = 0; part.size > 0 && find_separator(text, at, part, &at) && expr_step(e); at++)
        last = (int64_t)at;
    return expr_int(last);
}

static struct expr_value call_has_prefix(struct expr_evaluation *e, const struct expr_value *arguments, size_t count)
{
    return are_texts(e, arguments, count) ? expr_bool(sm_slice_starts_with(first_text(arguments), arguments[1].text)) : expr_nil();
}

static struct expr_value call_has_suffix(struct expr_evaluation *e, const struct expr_value *arguments, size_t count)
{
    return are_texts(e, arguments, count) ? expr_bool(sm_slice_ends_with(first_text(arguments), arguments[1].text)) : expr_nil();
}

/* ---- base64 */

static struct expr_value call_to_base64(struct expr_evaluation *e, const struct expr_value *arguments, size_t count)
{
    struct sm_slice bytes;
    (void)count;
    if (!expr_text_argument(e, arguments[0], &bytes) || !expr_has_room(e, sm_base64_encoded_size(bytes.size)))
        return expr_nil();
    char *text = sm_arena_alloc(e->arena, sm_base64_encoded_size(bytes.size));
    sm_base64_encode(bytes, text);
    return expr_string(sm_slice_make(text, sm_base64_encoded_size(bytes.size)));
}

static struct expr_value call_from_base64(struct expr_evaluation *e, const struct expr_value *arguments, size_t count)
{
    struct sm_slice text;
    size_t size = 0;
    (void)count;
    if (!expr_text_argument(e, arguments[0], &text))
        return expr_nil();
    char *bytes = sm_arena_alloc(e->arena, sm_base64_decoded_size_max(text.size) + 1);
    if (!sm_base64_decode(text, bytes, &size))
        return expr_fail(e, "illegal base64 data");
    return expr_string(sm_slice_make(bytes, size));
}

static struct expr_value call_string(struct expr_evaluation *e, const struct expr_value *arguments, size_t count)
{
    struct sm_bytes out;
    (void)count;
    sm_bytes_init(&out, e->arena);
    return expr_append_text(e, &out, arguments[0], 0) ? expr_string(sm_bytes_slice(&out)) : expr_nil();
}

/* ---- */

#define S EXPR_STRING
#define I EXPR_INT
#define OVERLOADS(...)                                                                                                                               \
    .overloads = (const struct expr_overload[]){__VA_ARGS__},                                                                                        \
    .overload_count = sizeof((const struct expr_overload[]){__VA_ARGS__}) / sizeof(struct expr_overload)
#define OF_TWO(result) OVERLOADS({result, 2, {S, S}})

const struct expr_builtin expr_string_builtins[] = {
    {.name = "string", .call = call_string, .help = "A value as text.", OVERLOADS({S, 1, {EXPR_ANY}})},
    {.name = "trim",
     .call = call_trim,
     .help = "The text without white space, or the given characters, at both ends.",
     OVERLOADS({S, 1, {S}}, {S, 2, {S, S}})},
    {.name = "trimPrefix",
     .call = call_trim_prefix,
     .help = "The text without that beginning, a blank if none is given.",
     OVERLOADS({S, 2, {S, S}}, {S, 1, {S}})},
    {.name = "trimSuffix",
     .call = call_trim_suffix,
     .help = "The text without that end, a blank if none is given.",
     OVERLOADS({S, 2, {S, S}}, {S, 1, {S}})},
    {.name = "upper", .call = call_upper, .help = "The text in upper case.", OVERLOADS({S, 1, {S}})},
    {.name = "lower", .call = call_lower, .help = "The text in lower case.", OVERLOADS({S, 1, {S}})},
    {.name = "split",
     .call = call_split,
     .help = "The parts between separators, at most so many.",
     OVERLOADS({EXPR_STRINGS, 2, {S, S}}, {EXPR_STRINGS, 3, {S, S, I}})},
    {.name = "splitAfter",
     .call = call_split_after,
     .help = "The same with the separators left at the ends.",
     OVERLOADS({EXPR_STRINGS, 2, {S, S}}, {EXPR_STRINGS, 3, {S, S, I}})},
    {.name = "replace",
     .call = call_replace,
     .help = "The text with one part put in place of another, at most so often.",
     OVERLOADS({S, 4, {S, S, S, I}}, {S, 3, {S, S, S}})},
    {.name = "repeat", .call = call_repeat, .help = "The text so many times.", OVERLOADS({S, 2, {S, I}})},
    {.name = "join",
     .call = call_join,
     .help = "Texts as one, with another between them.",
     OVERLOADS({S, 2, {EXPR_ARRAY, S}}, {S, 1, {EXPR_ARRAY}}, {S, 2, {EXPR_STRINGS, S}}, {S, 1, {EXPR_STRINGS}})},
    {.name = "indexOf", .call = call_index_of, .help = "Where a part begins first, in bytes; -1: nowhere.", OF_TWO(I)},
    {.name = "lastIndexOf", .call = call_last_index_of, .help = "Where a part begins last.", OF_TWO(I)},
    {.name = "hasPrefix", .call = call_has_prefix, .help = "Whether the text begins so.", OF_TWO(EXPR_BOOL)},
    {.name = "hasSuffix", .call = call_has_suffix, .help = "Whether the text ends so.", OF_TWO(EXPR_BOOL)},
    {.name = "toBase64", .call = call_to_base64, .help = "The text in base64.", OVERLOADS({S, 1, {S}})},
    {.name = "fromBase64", .call = call_from_base64, .help = "What base64 stands for.", OVERLOADS({S, 1, {S}})},
    {0},
};
