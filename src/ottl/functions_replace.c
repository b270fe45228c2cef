/* functions_replace.c - editors that replace: replace_pattern and replace_all_patterns what a regular expression matches, replace_match and
 * replace_all_matches whole values that a glob matches.
 *
 * With a function each expanded replacement goes through it, and then through the format.
 * Source: opentelemetry-collector-contrib pkg/ottl/ottlfuncs/func_replace_pattern.go. */
#include "ottl/compile.h"
#include "ottl/glob.h"

enum { PATTERN_TARGET, PATTERN_REGEX, PATTERN_REPLACEMENT, PATTERN_FUNCTION, PATTERN_FORMAT };

/* What one replacement needs; `first` is the index of the regex argument. */
struct replacing {
    const struct sm_ottl_call *call;
    struct sm_ottl_run *run;
    const struct sm_regex *regex;
    struct sm_slice replacement;
    const struct sm_ottl_arg *function, *format;
};

static bool eval_constant(const struct sm_ottl_expr *expr, struct sm_ottl_run *run, struct sm_ottl_value *out)
{
    (void)run;
    *out = expr->literal;
    return true;
}

static bool apply_function(const struct replacing *r, struct sm_slice input, struct sm_slice *result)
{
    const struct sm_ottl_expr expr = {.eval = eval_constant, .literal = sm_ottl_string(input)};
    const struct sm_ottl_call call = {.function = r->function->function, .args = {{.is_set = true, .expr = &expr}}, .node = r->call->node};
    struct sm_ottl_value value = sm_ottl_nil();
    if (call.function->parameters[0].type == SM_OTTL_ARG_END || call.function->parameters[1].type != SM_OTTL_ARG_END)
        return sm_ottl_fail(r->run, "incorrect number of arguments: %s does not take one", call.function->name);
    if (!call.function->call(&call, r->run, &value))
        return false;
    if (value.kind != SM_OTTL_STRING)
        return sm_ottl_fail(r->run, "the replacement value must be a string");
    *result = value.text;
    return true;
}

/* One line with "%s" and no other verb. More of them are fine, and lack their values, as in the reference. */
static bool is_text_format(struct sm_slice format)
{
    bool has_verb = false;
    for (size_t i = 0; i < format.size; i++) {
        bool is_verb = format.ptr[i] == '%' && i + 1 < format.size;
        if (format.ptr[i] == '\n' || (is_verb && format.ptr[i + 1] != 's'))
            return false;
        has_verb = has_verb || is_verb;
    }
    return has_verb;
}

static bool apply_format(const struct replacing *r, struct sm_slice *text)
{
    struct sm_slice format;
    if (!r->format->is_set)
        return true;
    if (!sm_ottl_arg_string(r->format, r->run, &format))
        return false;
    if (!is_text_format(format))
        return sm_ottl_fail(r->run, "replacementFormat must be format string containing a single %%s and no other format specifiers");
    const struct sm_ottl_value value = sm_ottl_string(*text);
    *text = sm_ottl_sprintf(format, &value, 1, r->run->arena);
    return true;
}

static bool replace_with_function(const struct replacing *r, struct sm_slice text, struct sm_bytes *out)
{
    struct sm_regex_match match;
    size_t position = 0, last_end = SM_REGEX_NONE, copied = 0;
    text = text.ptr ? text : SM_SLICE("");
    while (sm_regex_next(r->regex, text, &position, &last_end, &match)) {
        struct sm_bytes expanded;
        struct sm_slice result;
        sm_bytes_init(&expanded, r->run->arena);
        sm_regex_expand(r->regex, text, &match, r->replacement, &expanded);
        if (!apply_function(r, sm_bytes_slice(&expanded), &result) || !apply_format(r, &result))
            return false;
        sm_bytes_append(out, text.ptr + copied, match.groups[0].start - copied);
        sm_bytes_append_slice(out, result);
        copied = match.groups[0].end;
    }
    sm_bytes_append(out, text.ptr + copied, text.size - copied);
    return true;
}

static bool replace(const struct replacing *r, struct sm_slice text, struct sm_slice *result)
{
    struct sm_bytes out;
    sm_bytes_init(&out, r->run->arena);
    if (!r->function->is_set)
        sm_regex_replace_all(r->regex, text, r->replacement, &out);
    else if (!replace_with_function(r, text, &out))
        return false;
    *result = sm_bytes_slice(&out);
    return true;
}

static bool replace_target(const struct replacing *r)
{
    const struct sm_ottl_ref *ref = r->call->args[PATTERN_TARGET].ref;
    struct sm_ottl_value value;
    struct sm_slice result;
    if (!sm_ottl_ref_get(ref, r->run, &value))
        return false;
    if (value.kind != SM_OTTL_STRING || !sm_regex_matches(r->regex, value.text))
        return true;
    if (!replace(r, value.text, &result))
        return false;
    value = sm_ottl_string(result);
    return sm_ottl_ref_set(ref, r->run, &value);
}

static bool call_replace_pattern(const struct sm_ottl_call *call, struct sm_ottl_run *run, struct sm_ottl_value *out)
{
    struct sm_ottl_regex regex;
    struct replacing r = {.call = call, .run = run, .function = &call->args[PATTERN_FUNCTION], .format = &call->args[PATTERN_FORMAT]};
    (void)out;
    if (!sm_ottl_arg_string(&call->args[PATTERN_REPLACEMENT], run, &r.replacement) || !sm_ottl_regex_get(call, PATTERN_REGEX, run, &regex))
        return false;
    r.regex = regex.regex;
    bool is_fine = replace_target(&r);
    sm_ottl_regex_release(&regex);
    return is_fine;
}

static bool prepare_replace_pattern(struct sm_ottl_call *call, struct sm_ottl_compiler *compiler)
{
    return sm_ottl_prepare_regex(call, compiler, PATTERN_REGEX);
}

/* ---- all values or keys of a map; where a function fails the entry stays as it is */

enum { ALL_TARGET, ALL_MODE, ALL_REGEX, ALL_REPLACEMENT, ALL_FUNCTION, ALL_FORMAT };

static void replace_values(const struct replacing *r, struct sm_map *map)
{
    for (size_t i = 0; i < map->count; i++) {
        struct sm_value *value = &map->entries[i].value;
        struct sm_slice result;
        if (value->type == SM_VALUE_STRING && sm_regex_matches(r->regex, value->string) && replace(r, value->string, &result))
            *value = sm_value_string(result);
    }
}

static void replace_keys(const struct replacing *r, struct sm_map *map)
{
    struct sm_map updated = {0};
    for (size_t i = 0; i < map->count; i++) {
        struct sm_slice key = map->entries[i].key;
        if (sm_regex_matches(r->regex, key) && !replace(r, map->entries[i].key, &key))
            continue;
        sm_map_set(&updated, r->run->arena, key, map->entries[i].value);
    }
    *map = updated;
}

static bool call_replace_all_patterns(const struct sm_ottl_call *call, struct sm_ottl_run *run, struct sm_ottl_value *out)
{
    struct sm_ottl_regex regex;
    struct sm_map *map;
    struct replacing r = {.call = call, .run = run, .function = &call->args[ALL_FUNCTION], .format = &call->args[ALL_FORMAT]};
    (void)out;
    if (!sm_ottl_ref_edit_map(call->args[ALL_TARGET].ref, run, &map) || !sm_ottl_arg_string(&call->args[ALL_REPLACEMENT], run, &r.replacement) ||
        !sm_ottl_regex_get(call, ALL_REGEX, run, &regex))
        return false;
    r.regex = regex.regex;
    if (sm_slice_is(call->args[ALL_MODE].text, "value"))
        replace_values(&r, map);
    else
        replace_keys(&r, map);
    sm_ottl_regex_release(&regex);
    return true;
}

static bool prepare_replace_all_patterns(struct sm_ottl_call *call, struct sm_ottl_compiler *compiler)
{
    struct sm_slice mode = call->args[ALL_MODE].text;
    if (!sm_slice_is(mode, "value") && !sm_slice_is(mode, "key"))
        return sm_ottl_compile_error(compiler, call->node, "invalid mode %.*s, must be either 'key' or 'value'", SM_SLICE_ARGS(mode));
    return sm_ottl_prepare_regex(call, compiler, ALL_REGEX);
}

/* ---- whole values by glob */

enum { MATCH_TARGET, MATCH_GLOB, MATCH_REPLACEMENT, MATCH_FUNCTION, MATCH_FORMAT };

static bool match_replacement(const struct sm_ottl_call *call, struct sm_ottl_run *run, struct sm_slice *replacement)
{
    const struct replacing r = {.call = call, .run = run, .function = &call->args[MATCH_FUNCTION], .format = &call->args[MATCH_FORMAT]};
    struct sm_slice input;
    if (!sm_ottl_arg_string(&call->args[MATCH_REPLACEMENT], run, replacement))
        return false;
    input = *replacement;
    return !r.function->is_set || (apply_function(&r, input, replacement) && apply_format(&r, replacement));
}

static bool match_glob(const struct sm_ottl_call *call, struct sm_ottl_run *run, const struct sm_ottl_glob **glob)
{
    struct sm_slice pattern;
    const char *reason;
    *glob = call->state;
    if (*glob)
        return true;
    if (!sm_ottl_arg_string(&call->args[MATCH_GLOB], run, &pattern))
        return false;
    *glob = sm_ottl_glob_compile(pattern, run->arena, &reason);
    return *glob || sm_ottl_fail(run, "the pattern %.*s is not valid: %s", SM_SLICE_ARGS(pattern), reason);
}

static bool call_replace_match(const struct sm_ottl_call *call, struct sm_ottl_run *run, struct sm_ottl_value *out)
{
    const struct sm_ottl_glob *glob;
    struct sm_slice replacement;
    struct sm_ottl_value value;
    (void)out;
    if (!match_glob(call, run, &glob) || !sm_ottl_ref_get(call->args[MATCH_TARGET].ref, run, &value) || !match_replacement(call, run, &replacement))
        return false;
    if (value.kind != SM_OTTL_STRING || !sm_ottl_glob_matches(glob, value.text))
        return true;
    value = sm_ottl_string(sm_arena_copy(run->arena, replacement));
    return sm_ottl_ref_set(call->args[MATCH_TARGET].ref, run, &value);
}

static bool call_replace_all_matches(const struct sm_ottl_call *call, struct sm_ottl_run *run, struct sm_ottl_value *out)
{
    const struct sm_ottl_glob *glob;
    struct sm_slice replacement;
    struct sm_map *map;
    (void)out;
    if (!match_glob(call, run, &glob) || !sm_ottl_ref_edit_map(call->args[MATCH_TARGET].ref, run, &map) ||
        !match_replacement(call, run, &replacement))
        return false;
    replacement = sm_arena_copy(run->arena, replacement);
    for (size_t i = 0; i < map->count; i++) {
        struct sm_value *value = &map->entries[i].value;
        if (value->type == SM_VALUE_STRING && sm_ottl_glob_matches(glob, value->string))
            *value = sm_value_string(replacement);
    }
    return true;
}

static bool prepare_glob(struct sm_ottl_call *call, struct sm_ottl_compiler *compiler)
{
    struct sm_slice pattern;
    const char *reason;
    if (!sm_ottl_arg_literal_text(&call->args[MATCH_GLOB], &pattern))
        return true;
    call->state = sm_ottl_glob_compile(pattern, compiler->arena, &reason);
    return call->state || sm_ottl_compile_error(compiler, call->node, "the pattern %.*s is not valid: %s", SM_SLICE_ARGS(pattern), reason);
}

#define TEXT(parameter)                                                                                                                              \
    {                                                                                                                                                \
        .name = (parameter), .type = SM_OTTL_ARG_STRING                                                                                              \
    }
#define FUNCTION                                                                                                                                     \
    {                                                                                                                                                \
        .name = "Function", .type = SM_OTTL_ARG_FUNCTION, .is_optional = true                                                                        \
    }
#define FORMAT                                                                                                                                       \
    {                                                                                                                                                \
        .name = "ReplacementFormat", .type = SM_OTTL_ARG_STRING, .is_optional = true                                                                 \
    }

const struct sm_ottl_function sm_ottl_replace_editors[] = {
    {.name = "replace_pattern",
     .help = "Replaces what matches in a text.",
     .set = SM_OTTL_EDITORS,
     .parameters = {{.name = "Target", .type = SM_OTTL_ARG_PATH}, TEXT("RegexPattern"), TEXT("Replacement"), FUNCTION, FORMAT},
     .call = call_replace_pattern,
     .prepare = prepare_replace_pattern},
    {.name = "replace_all_patterns",
     .help = "Replaces what matches in all keys or values of a map.",
     .set = SM_OTTL_EDITORS,
     .parameters = {{.name = "Target", .type = SM_OTTL_ARG_MAP_PATH},
                    {.name = "Mode", .type = SM_OTTL_ARG_LITERAL_STRING},
                    TEXT("RegexPattern"),
                    TEXT("Replacement"),
                    FUNCTION,
                    FORMAT},
     .call = call_replace_all_patterns,
     .prepare = prepare_replace_all_patterns},
    {.name = "replace_match",
     .help = "Replaces a text that matches a pattern of * and ?.",
     .set = SM_OTTL_EDITORS,
     .parameters = {{.name = "Target", .type = SM_OTTL_ARG_PATH}, TEXT("Pattern"), TEXT("Replacement"), FUNCTION, FORMAT},
     .call = call_replace_match,
     .prepare = prepare_glob},
    {.name = "replace_all_matches",
     .help = "Replaces the texts of a map that match a pattern of * and ?.",
     .set = SM_OTTL_EDITORS,
     .parameters = {{.name = "Target", .type = SM_OTTL_ARG_MAP_PATH}, TEXT("Pattern"), TEXT("Replacement"), FUNCTION, FORMAT},
     .call = call_replace_all_matches,
     .prepare = prepare_glob},
    {0},
};
