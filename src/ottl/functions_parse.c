/* functions_parse.c - converters that read structured texts: ParseJSON, ParseKeyValue, ParseInt.
 *
 * All numbers of JSON become doubles, as in the reference; the last of repeated keys wins.
 * Source: opentelemetry-collector-contrib pkg/ottl/ottlfuncs, internal/coreinternal/parseutils. */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "ottl/compile.h"
#include "ottl/json.h"

static bool call_parse_json(const struct sm_ottl_call *call, struct sm_ottl_run *run, struct sm_ottl_value *out)
{
    struct sm_slice text;
    struct sm_value value;
    const char *reason;
    if (!sm_ottl_arg_string(&call->args[0], run, &text))
        return false;
    if (!sm_ottl_json_parse(text, run->arena, &value, &reason))
        return sm_ottl_fail(run, "invalid character or end in JSON: %s", reason);
    if (value.type != SM_VALUE_MAP && value.type != SM_VALUE_LIST)
        return sm_ottl_fail(run, "could not convert parsed value to JSON object");
    *out = sm_ottl_from_attribute(&value, run->arena);
    return true;
}

/* ---- ParseKeyValue */

struct pair_splitter {
    struct sm_slice text, delimiter;
    size_t at;
    const char *error;
};

/* The next non-empty piece between delimiters; quotes are removed, and delimiters inside them do not count. */
static bool next_pair(struct pair_splitter *s, struct sm_arena *arena, struct sm_slice *pair)
{
    struct sm_bytes current;
    char quote = '\0';
    bool is_escaped = false;
    sm_bytes_init(&current, arena);
    for (; s->at < s->text.size; s->at++) {
        char c = s->text.ptr[s->at];
        bool is_delimiter =
            quote == '\0' && s->text.size - s->at >= s->delimiter.size && memcmp(s->text.ptr + s->at, s->delimiter.ptr, s->delimiter.size) == 0;
        if (is_delimiter) {
            s->at += s->delimiter.size - 1;
            if (current.size == 0)
                continue;
            s->at++;
            *pair = sm_bytes_slice(&current);
            return true;
        }
        if (!is_escaped && ((quote == '\0' && (c == '"' || c == '\'')) || (quote != '\0' && c == quote))) {
            quote = quote == '\0' ? c : '\0';
            continue;
        }
        is_escaped = !is_escaped && c == '\\';
        sm_bytes_append_char(&current, c);
    }
    if (quote != '\0')
        s->error = "never reached the end of a quoted value";
    *pair = sm_bytes_slice(&current);
    return !s->error && current.size > 0;
}

static bool add_pair(struct sm_map *map, struct sm_ottl_run *run, struct sm_slice pair, struct sm_slice delimiter)
{
    const char *found = sm_slice_find(pair, delimiter);
    if (!found)
        return sm_ottl_fail(run, "cannot split \"%.*s\" into 2 items, got 1 item(s)", SM_SLICE_ARGS(pair));
    struct sm_slice key = sm_slice_make(pair.ptr, (size_t)(found - pair.ptr));
    struct sm_slice value = sm_slice_make(found + delimiter.size, pair.size - key.size - delimiter.size);
    sm_map_set(map, run->arena, sm_slice_trim(key), sm_value_string(sm_slice_trim(value)));
    return true;
}

static bool call_parse_key_value(const struct sm_ottl_call *call, struct sm_ottl_run *run, struct sm_ottl_value *out)
{
    struct sm_slice delimiter = call->args[1].is_set ? call->args[1].text : SM_SLICE("="), pair;
    struct pair_splitter splitter = {.delimiter = call->args[2].is_set ? call->args[2].text : SM_SLICE(" ")};
    if (!sm_ottl_arg_string(&call->args[0], run, &splitter.text))
        return false;
    if (splitter.text.size == 0)
        return sm_ottl_fail(run, "cannot parse from empty target");
    struct sm_map *map = sm_arena_zalloc(run->arena, 1, sizeof(*map));
    while (next_pair(&splitter, run->arena, &pair))
        if (!add_pair(map, run, pair, delimiter))
            return false;
    if (splitter.error)
        return sm_ottl_fail(run, "splitting source into pairs failed: %s", splitter.error);
    *out = sm_ottl_map(map);
    return true;
}

static bool prepare_delimiters(struct sm_ottl_call *call, struct sm_ottl_compiler *compiler)
{
    struct sm_slice delimiter = call->args[1].is_set ? call->args[1].text : SM_SLICE("=");
    struct sm_slice pair_delimiter = call->args[2].is_set ? call->args[2].text : SM_SLICE(" ");
    if (delimiter.size == 0 || pair_delimiter.size == 0)
        return sm_ottl_compile_error(compiler, call->node, "a delimiter cannot be set to an empty string");
    return !sm_slice_equal(delimiter, pair_delimiter) || sm_ottl_compile_error(compiler, call->node, "pair delimiter cannot be equal to delimiter");
}

/* ---- ParseInt: strconv.ParseInt, with its base prefixes and underscores for base 0 */

/* Underscores may stand between digits, and between a base prefix and the digits. */
static bool strip_underscores(struct sm_slice text, char *digits, size_t *size)
{
    size_t written = 0;
    for (size_t i = 0; i < text.size; i++) {
        if (text.ptr[i] != '_')
            digits[written++] = text.ptr[i];
        else if (i == 0 || i + 1 == text.size || !isalnum((unsigned char)text.ptr[i - 1]) || !isalnum((unsigned char)text.ptr[i + 1]))
            return false;
    }
    digits[written] = '\0';
    *size = written;
    return true;
}

static bool parse_int(struct sm_arena *arena, struct sm_slice text, int base, int64_t *number)
{
    char *digits = sm_arena_strdup(arena, text), *end;
    if (base == 0 && !strip_underscores(text, digits, &text.size))
        return false;
    const char *start = digits + (*digits == '-' || *digits == '+');
    bool is_binary = base == 0 && start[0] == '0' && (start[1] == 'b' || start[1] == 'B');
    bool is_octal = base == 0 && start[0] == '0' && (start[1] == 'o' || start[1] == 'O');
    if (!isalnum((unsigned char)*start) || (base == 16 && (start[1] == 'x' || start[1] == 'X')))
        return false;
    if (is_binary || is_octal) {
        memmove(digits + (start - digits), start + 2, strlen(start + 2) + 1);
        base = is_binary ? 2 : 8;
    }
    errno = 0;
    *number = strtoll(digits, &end, base);
    return errno == 0 && *end == '\0' && end != digits && strlen(digits) == text.size - (is_binary || is_octal ? 2u : 0u);
}

static bool call_parse_int(const struct sm_ottl_call *call, struct sm_ottl_run *run, struct sm_ottl_value *out)
{
    struct sm_slice text;
    int64_t base, number;
    if (!sm_ottl_arg_string(&call->args[0], run, &text))
        return false;
    if (text.size == 0)
        return sm_ottl_fail(run, "invalid target value for ParseInt function, target cannot be empty");
    if (!sm_ottl_arg_int(&call->args[1], run, &base))
        return false;
    if (base < 0)
        return sm_ottl_fail(run, "invalid base value: %" PRId64 " for ParseInt function, base cannot be negative", base);
    if (base == 1 || base > 36 || !parse_int(run->arena, text, (int)base, &number))
        return sm_ottl_fail(run, "strconv.ParseInt: parsing \"%.*s\": invalid syntax", SM_SLICE_ARGS(text));
    *out = sm_ottl_int(number);
    return true;
}

#define TEXT                                                                                                                                         \
    {                                                                                                                                                \
        .name = "Target", .type = SM_OTTL_ARG_STRING                                                                                                 \
    }

const struct sm_ottl_function sm_ottl_parse_functions[] = {
    {.name = "ParseJSON", .help = "The JSON text as a map or list.", .parameters = {TEXT}, .call = call_parse_json},
    {.name = "ParseKeyValue",
     .help = "Pairs as key=value as a map.",
     .parameters = {TEXT,
                    {.name = "Delimiter", .type = SM_OTTL_ARG_LITERAL_STRING, .is_optional = true},
                    {.name = "PairDelimiter", .type = SM_OTTL_ARG_LITERAL_STRING, .is_optional = true}},
     .call = call_parse_key_value,
     .prepare = prepare_delimiters},
    {.name = "ParseInt",
     .help = "The text as an integer in a base.",
     .parameters = {TEXT, {.name = "Base", .type = SM_OTTL_ARG_INT}},
     .call = call_parse_int},
    {0},
};
