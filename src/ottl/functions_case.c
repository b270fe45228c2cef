/* functions_case.c - converters that change the letters of a text: ConvertCase, ToUpperCase, ToLowerCase, ToSnakeCase, ToCamelCase.
 *
 * Upper and lower case map runes one to one (as "ß", which stays); snake and camel case look at ASCII letters and digits only, as the reference's
 * library does. Bytes that are no UTF-8 become U+FFFD where runes are mapped.
 * Source: opentelemetry-collector-contrib pkg/ottl/ottlfuncs/func_convert_case.go, github.com/iancoleman/strcase. */
#include <locale.h>
#include <pthread.h>
#include <wctype.h>

#include "ottl/compile.h"
#include "base/ascii.h"
#include "ottl/runes.h"

/* ---- upper and lower */

static pthread_once_t locale_once = PTHREAD_ONCE_INIT;
static locale_t unicode; /* made once, lives as long as the process */

static void make_locale(void)
{
    unicode = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
}

struct sm_slice sm_ottl_map_case(struct sm_slice text, bool to_upper, struct sm_arena *arena)
{
    struct sm_bytes out;
    sm_bytes_init(&out, arena);
    pthread_once(&locale_once, make_locale);
    for (size_t i = 0; i < text.size;) {
        uint32_t rune = sm_ottl_rune_next(text, &i);
        if (rune < 0x80 || !unicode)
            rune = rune < 0x80 ? (uint32_t)(to_upper ? (rune - 'a' < 26u ? rune - 32 : rune) : (rune - 'A' < 26u ? rune + 32 : rune)) : rune;
        else
            rune = (uint32_t)(to_upper ? towupper_l((wint_t)rune, unicode) : towlower_l((wint_t)rune, unicode));
        sm_ottl_rune_append(&out, rune);
    }
    return sm_bytes_slice(&out);
}

static struct sm_slice to_upper(struct sm_slice text, struct sm_arena *arena)
{
    return sm_ottl_map_case(text, true, arena);
}

static struct sm_slice to_lower(struct sm_slice text, struct sm_arena *arena)
{
    return sm_ottl_map_case(text, false, arena);
}

/* ---- snake and camel: byte by byte */

static bool is_separator(char c)
{
    return c == ' ' || c == '_' || c == '-' || c == '.';
}

static char lower(char c)
{
    return sm_ascii_is_upper(c) ? (char)(c + 32) : c;
}

static bool changes_kind(char c, char next)
{
    return (sm_ascii_is_upper(c) && (sm_ascii_is_lower(next) || sm_ascii_is_digit(next))) ||
           (sm_ascii_is_lower(c) && (sm_ascii_is_upper(next) || sm_ascii_is_digit(next))) ||
           (sm_ascii_is_digit(c) && (sm_ascii_is_upper(next) || sm_ascii_is_lower(next)));
}

static struct sm_slice to_snake(struct sm_slice text, struct sm_arena *arena)
{
    struct sm_bytes out;
    sm_bytes_init(&out, arena);
    text = sm_ottl_trim_space(text);
    for (size_t i = 0; i < text.size; i++) {
        char c = text.ptr[i], next = i + 1 < text.size ? text.ptr[i + 1] : '\0';
        if (i + 1 < text.size && changes_kind(c, next)) {
            if (sm_ascii_is_upper(c) && sm_ascii_is_lower(next) && i > 0 &&
                sm_ascii_is_upper(text.ptr[i - 1])) /* the last letter of an acronym begins a word */
                sm_bytes_append_char(&out, '_');
            sm_bytes_append_char(&out, lower(c));
            if (sm_ascii_is_lower(c) || sm_ascii_is_digit(c) || sm_ascii_is_digit(next))
                sm_bytes_append_char(&out, '_');
            continue;
        }
        sm_bytes_append_char(&out, is_separator(c) ? '_' : lower(c));
    }
    return sm_bytes_slice(&out);
}

static struct sm_slice to_camel(struct sm_slice text, struct sm_arena *arena)
{
    struct sm_bytes out;
    bool starts_word = true, was_upper = false;
    text = sm_ottl_trim_space(text);
    sm_bytes_init(&out, arena);
    for (size_t i = 0; i < text.size; i++) {
        char c = text.ptr[i];
        bool was = sm_ascii_is_upper(c);
        if (starts_word)
            c = sm_ascii_is_lower(c) ? (char)(c - 32) : c;
        else if (was_upper && was)
            c = lower(c);
        was_upper = was;
        if (sm_ascii_is_upper(c) || sm_ascii_is_lower(c) || sm_ascii_is_digit(c))
            sm_bytes_append_char(&out, c);
        starts_word = sm_ascii_is_digit(c) || is_separator(c);
    }
    return sm_bytes_slice(&out);
}

/* ---- functions */

typedef struct sm_slice (*mapping)(struct sm_slice text, struct sm_arena *arena);
static const struct case_row {
    const char *name;
    mapping map;
} cases[] = {{"lower", to_lower}, {"upper", to_upper}, {"snake", to_snake}, {"camel", to_camel}};

static bool call_case(const struct sm_ottl_call *call, struct sm_ottl_run *run, struct sm_ottl_value *out)
{
    const struct case_row *row = call->function->detail ? call->function->detail : call->state;
    struct sm_slice text;
    if (!sm_ottl_arg_string(&call->args[0], run, &text))
        return false;
    *out = sm_ottl_string(row->map(text, run->arena));
    return true;
}

static bool prepare_case(struct sm_ottl_call *call, struct sm_ottl_compiler *compiler)
{
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        if (sm_slice_is(call->args[1].text, cases[i].name))
            call->state = &cases[i];
    return call->state || sm_ottl_compile_error(compiler, call->node, "invalid case: %.*s, allowed cases are: lower, upper, snake, camel",
                                                SM_SLICE_ARGS(call->args[1].text));
}

#define TEXT                                                                                                                                         \
    {                                                                                                                                                \
        .name = "Target", .type = SM_OTTL_ARG_STRING                                                                                                 \
    }

const struct sm_ottl_function sm_ottl_case_functions[] = {
    {.name = "ConvertCase",
     .help = "The text in lower, upper, snake or camel case.",
     .parameters = {TEXT, {.name = "ToCase", .type = SM_OTTL_ARG_LITERAL_STRING}},
     .call = call_case,
     .prepare = prepare_case},
    {.name = "ToLowerCase", .help = "The text in lower case.", .parameters = {TEXT}, .call = call_case, .detail = &cases[0]},
    {.name = "ToUpperCase", .help = "The text in upper case.", .parameters = {TEXT}, .call = call_case, .detail = &cases[1]},
    {.name = "ToSnakeCase", .help = "The text as words_with_underscores.", .parameters = {TEXT}, .call = call_case, .detail = &cases[2]},
    {.name = "ToCamelCase", .help = "The text as WordsWithCapitals.", .parameters = {TEXT}, .call = call_case, .detail = &cases[3]},
    {0},
};
