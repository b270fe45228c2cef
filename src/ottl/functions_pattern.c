/* functions_pattern.c - converters that match patterns: IsMatch, ExtractPatterns, IsValidLuhn.
 *
 * Source: opentelemetry-collector-contrib pkg/ottl/ottlfuncs. */
#include <ctype.h>

#include "ottl/compile.h"

static bool call_is_match(const struct sm_ottl_call *call, struct sm_ottl_run *run, struct sm_ottl_value *out)
{
    struct sm_ottl_regex regex;
    struct sm_slice text;
    bool is_nil;
    if (!sm_ottl_regex_get(call, 1, run, &regex))
        return false;
    bool is_fine = sm_ottl_arg_string_like(&call->args[0], run, &text, &is_nil);
    if (is_fine)
        *out = sm_ottl_bool(!is_nil && sm_regex_matches(regex.regex, text));
    sm_ottl_regex_release(&regex);
    return is_fine;
}

static bool prepare_second_regex(struct sm_ottl_call *call, struct sm_ottl_compiler *compiler)
{
    return sm_ottl_prepare_regex(call, compiler, 1);
}

/* ---- ExtractPatterns */

static bool has_names(const struct sm_regex *regex)
{
    for (size_t i = 1; i < sm_regex_group_count(regex); i++)
        if (sm_regex_group_name(regex, i).size > 0)
            return true;
    return false;
}

static struct sm_map *extract_groups(const struct sm_regex *regex, struct sm_slice text, struct sm_arena *arena)
{
    struct sm_map *map = sm_arena_zalloc(arena, 1, sizeof(*map));
    struct sm_regex_match match;
    if (!sm_regex_find(regex, text, 0, &match))
        return map;
    for (size_t i = 1; i < match.count; i++) {
        struct sm_slice name = sm_regex_group_name(regex, i);
        if (name.size == 0)
            continue;
        struct sm_slice value = {0};
        if (match.groups[i].start != SM_REGEX_NONE)
            value = sm_slice_make(text.ptr + match.groups[i].start, match.groups[i].end - match.groups[i].start);
        sm_map_set(map, arena, sm_arena_copy(arena, name), sm_value_string(value));
    }
    return map;
}

static bool call_extract_patterns(const struct sm_ottl_call *call, struct sm_ottl_run *run, struct sm_ottl_value *out)
{
    struct sm_ottl_regex regex;
    struct sm_slice text;
    if (!sm_ottl_regex_get(call, 1, run, &regex))
        return false;
    bool is_fine = has_names(regex.regex) || sm_ottl_fail(run, "at least 1 named capture group must be supplied in the given regex");
    is_fine = is_fine && sm_ottl_arg_string(&call->args[0], run, &text);
    if (is_fine)
        *out = sm_ottl_map(extract_groups(regex.regex, text, run->arena));
    sm_ottl_regex_release(&regex);
    return is_fine;
}

/* ---- IsValidLuhn */

static bool call_is_valid_luhn(const struct sm_ottl_call *call, struct sm_ottl_run *run, struct sm_ottl_value *out)
{
    struct sm_slice text;
    bool is_nil, is_doubled = false;
    unsigned sum = 0, digits = 0;
    if (!sm_ottl_arg_string_like(&call->args[0], run, &text, &is_nil))
        return false;
    if (is_nil)
        return sm_ottl_fail(run, "invalid input: <nil>");
    for (size_t i = text.size; i > 0; i--) {
        char c = text.ptr[i - 1];
        if (c == ' ')
            continue;
        if (!isdigit((unsigned char)c))
            return sm_ottl_fail(run, "parsing \"%c\": invalid syntax", c);
        unsigned digit = (unsigned)(c - '0') << is_doubled;
        sum += digit > 9 ? digit - 9 : digit;
        is_doubled = !is_doubled;
        digits++;
    }
    *out = sm_ottl_bool(digits > 0 && sum % 10 == 0);
    return true;
}

const struct sm_ottl_function sm_ottl_pattern_functions[] = {
    {.name = "IsMatch",
     .help = "Whether the text matches the regular expression.",
     .parameters = {{.name = "Target", .type = SM_OTTL_ARG_STRING_LIKE}, {.name = "Pattern", .type = SM_OTTL_ARG_STRING}},
     .call = call_is_match,
     .prepare = prepare_second_regex},
    {.name = "ExtractPatterns",
     .help = "The named groups of the regular expression as a map.",
     .parameters = {{.name = "Target", .type = SM_OTTL_ARG_STRING}, {.name = "Pattern", .type = SM_OTTL_ARG_STRING}},
     .call = call_extract_patterns,
     .prepare = prepare_second_regex},
    {.name = "IsValidLuhn",
     .help = "Whether the number has a valid check digit.",
     .parameters = {{.name = "Target", .type = SM_OTTL_ARG_STRING_LIKE}},
     .call = call_is_valid_luhn},
    {0},
};
