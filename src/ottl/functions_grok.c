/* functions_grok.c - the converter ExtractGrokPatterns: what the named parts of a grok pattern match, with their types.
 *
 * Source: opentelemetry-collector-contrib pkg/ottl/ottlfuncs/func_extract_grok_patterns.go. */
#include <errno.h>
#include <stdlib.h>

#include "ottl/compile.h"
#include "ottl/grok.h"

enum { GROK_TARGET, GROK_PATTERN, GROK_ONLY_NAMED, GROK_DEFINITIONS };

struct prepared {
    struct sm_ottl_grok grok;     /* with the definitions; expanded when the pattern is a literal */
    const struct sm_regex *regex; /* NULL: the pattern is known at run time only */
};

static bool has_names(const struct sm_regex *regex)
{
    for (size_t i = 1; i < sm_regex_group_count(regex); i++)
        if (sm_regex_group_name(regex, i).size > 0)
            return true;
    return false;
}

/* Groups that the pattern itself writes are called as they are. */
static struct sm_ottl_grok_group find_group(const struct sm_ottl_grok *grok, struct sm_slice group)
{
    for (size_t i = 0; i < grok->group_count; i++)
        if (sm_slice_equal(grok->groups[i].group, group))
            return grok->groups[i];
    return (struct sm_ottl_grok_group){.group = group, .name = group, .type = SM_OTTL_GROK_TEXT};
}

static bool convert_number(struct sm_ottl_run *run, struct sm_slice text, enum sm_ottl_grok_type type, struct sm_value *value)
{
    char *copy = sm_arena_strdup(run->arena, text), *end;
    errno = 0;
    if (type == SM_OTTL_GROK_INT)
        *value = sm_value_int(strtoll(copy, &end, 10));
    else
        *value = sm_value_double(strtod(copy, &end));
    return (errno == 0 && *end == '\0' && end != copy && *copy > ' ') || sm_ottl_fail(run, "parsing \"%s\": invalid syntax", copy);
}

static bool convert(struct sm_ottl_run *run, struct sm_slice text, enum sm_ottl_grok_type type, struct sm_value *value)
{
    static const char *const words[] = {"1", "t", "T", "true", "TRUE", "True", "0", "f", "F", "false", "FALSE", "False"};
    *value = sm_value_string(text);
    if (type == SM_OTTL_GROK_TEXT)
        return true;
    if (type == SM_OTTL_GROK_INT || type == SM_OTTL_GROK_FLOAT)
        return convert_number(run, text, type, value);
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]) && type == SM_OTTL_GROK_BOOL; i++)
        if (sm_slice_is(text, words[i])) {
            *value = sm_value_bool(i < 6);
            return true;
        }
    return sm_ottl_fail(run, type == SM_OTTL_GROK_BOOL ? "parsing \"%.*s\": invalid syntax" : "invalid type for %.*s", SM_SLICE_ARGS(text));
}

/* Groups without text are left out. */
static bool extract(struct sm_ottl_run *run, const struct sm_ottl_grok *grok, const struct sm_regex *regex, struct sm_slice text, struct sm_map *map)
{
    struct sm_regex_match match;
    if (!sm_regex_find(regex, text, 0, &match))
        return true;
    for (size_t i = 1; i < match.count; i++) {
        struct sm_slice name = sm_regex_group_name(regex, i);
        struct sm_value value;
        if (name.size == 0 || match.groups[i].start == SM_REGEX_NONE || match.groups[i].end == match.groups[i].start)
            continue;
        struct sm_slice matched = sm_slice_make(text.ptr + match.groups[i].start, match.groups[i].end - match.groups[i].start);
        const struct sm_ottl_grok_group group = find_group(grok, name);
        if (!convert(run, matched, group.type, &value))
            return false;
        sm_map_set(map, run->arena, sm_arena_copy(run->arena, group.name), value);
    }
    return true;
}

static bool expand_at_run_time(const struct sm_ottl_call *call, struct sm_ottl_run *run, struct sm_ottl_grok *grok, struct sm_ottl_regex *regex)
{
    struct sm_slice pattern, unknown;
    if (!sm_ottl_arg_string(&call->args[GROK_PATTERN], run, &pattern))
        return false;
    if (!sm_ottl_grok_expand(grok, pattern, run->arena, &unknown))
        return sm_ottl_fail(run, "pattern definition \"%.*s\" unknown", SM_SLICE_ARGS(unknown));
    return sm_ottl_regex_find(run, grok->regex, regex);
}

static bool call_grok(const struct sm_ottl_call *call, struct sm_ottl_run *run, struct sm_ottl_value *out)
{
    const struct prepared *prepared = call->state;
    struct sm_ottl_grok grok = prepared->grok;
    struct sm_ottl_regex regex = {.regex = prepared->regex};
    struct sm_map *map = sm_arena_zalloc(run->arena, 1, sizeof(*map));
    struct sm_slice text;
    if (!regex.regex && !expand_at_run_time(call, run, &grok, &regex))
        return false;
    bool is_fine =
        !grok.only_named || has_names(regex.regex) || sm_ottl_fail(run, "at least 1 named capture group must be supplied in the given regex");
    is_fine = is_fine && sm_ottl_arg_string(&call->args[GROK_TARGET], run, &text) && extract(run, &grok, regex.regex, text, map);
    sm_ottl_regex_release(&regex);
    *out = sm_ottl_map(map);
    return is_fine;
}

static bool prepare_definitions(struct sm_ottl_call *call, struct sm_ottl_compiler *compiler, struct sm_ottl_grok *grok)
{
    const struct sm_ottl_arg *list = &call->args[GROK_DEFINITIONS];
    struct sm_ottl_grok_definition *definitions = sm_arena_zalloc(compiler->arena, list->count + 1, sizeof(*definitions));
    for (size_t i = 0; i < list->count; i++) {
        struct sm_slice text = list->items[i].text, rest = text;
        if (text.size == 0 || !memchr(text.ptr, '=', text.size))
            return sm_ottl_compile_error(compiler, call->node,
                                         "pattern \"%.*s\" supplied to ExtractGrokPatterns at index %zu has incorrect format, expecting "
                                         "PATTERNNAME=pattern definition",
                                         SM_SLICE_ARGS(text), i);
        definitions[i].name = sm_slice_cut(&rest, '=');
        definitions[i].pattern = rest;
        if (memchr(definitions[i].name.ptr, ':', definitions[i].name.size))
            return sm_ottl_compile_error(compiler, call->node, "pattern ID \"%.*s\" should not contain ':'", SM_SLICE_ARGS(definitions[i].name));
    }
    grok->definitions = definitions;
    grok->definition_count = list->count;
    return true;
}

static bool prepare_grok(struct sm_ottl_call *call, struct sm_ottl_compiler *compiler)
{
    struct prepared *prepared = sm_arena_zalloc(compiler->arena, 1, sizeof(*prepared));
    struct sm_slice pattern, unknown;
    prepared->grok.only_named = call->args[GROK_ONLY_NAMED].is_set && call->args[GROK_ONLY_NAMED].boolean;
    call->state = prepared;
    if (!prepare_definitions(call, compiler, &prepared->grok))
        return false;
    if (!sm_ottl_arg_literal_text(&call->args[GROK_PATTERN], &pattern))
        return true;
    if (!sm_ottl_grok_expand(&prepared->grok, pattern, compiler->arena, &unknown))
        return sm_ottl_compile_error(compiler, call->node, "pattern definition \"%.*s\" unknown: give it as one of the pattern definitions",
                                     SM_SLICE_ARGS(unknown));
    prepared->regex = sm_ottl_compile_regex(compiler, prepared->grok.regex, call->node);
    if (!prepared->regex)
        return false;
    return !prepared->grok.only_named || has_names(prepared->regex) ||
           sm_ottl_compile_error(compiler, call->node, "at least 1 named capture group must be supplied in the given regex");
}

const struct sm_ottl_function sm_ottl_grok_functions[] = {
    {.name = "ExtractGrokPatterns",
     .help = "What the named parts of a grok pattern match, as a map.",
     .parameters = {{.name = "Target", .type = SM_OTTL_ARG_STRING},
                    {.name = "Pattern", .type = SM_OTTL_ARG_STRING},
                    {.name = "NamedCapturesOnly", .type = SM_OTTL_ARG_LITERAL_BOOL, .is_optional = true},
                    {.name = "PatternDefinitions", .type = SM_OTTL_ARG_LITERAL_STRING, .is_optional = true, .is_list = true}},
     .call = call_grok,
     .prepare = prepare_grok},
    {0},
};
