/* functions_log.c - converters of log lines: ParseCSV, ParseSeverity, and of the transform processor ParseCLF and ParseLEEF.
 *
 * Source: opentelemetry-collector-contrib pkg/ottl/ottlfuncs, internal/coreinternal/parseutils/csv.go (RFC 4180 as Go's encoding/csv reads it),
 * processor/transformprocessor/internal/logparsingfuncs. */
#include <ctype.h>
#include <stdlib.h>

#include "ottl/compile.h"
#include "ottl/runes.h"

static void put_text(struct sm_map *map, struct sm_arena *arena, const char *key, struct sm_slice text)
{
    sm_map_set(map, arena, sm_slice_of(key), sm_value_string(text));
}

/* ---- ParseCSV */

struct fields {
    struct sm_slice *items;
    size_t count, capacity;
};

static void add_field(struct fields *fields, struct sm_arena *arena, struct sm_slice field)
{
    if (fields->count == fields->capacity)
        fields->items = sm_arena_grow(arena, fields->items, fields->count, &fields->capacity, fields->count + 1, sizeof(*fields->items));
    fields->items[fields->count++] = field;
}

static bool starts(struct sm_slice text, size_t at, struct sm_slice part)
{
    return text.size - at >= part.size && memcmp(text.ptr + at, part.ptr, part.size) == 0;
}

static void split(struct sm_slice text, struct sm_slice delimiter, struct sm_arena *arena, struct fields *fields)
{
    size_t start = 0;
    for (size_t i = 0; i < text.size;) {
        if (!starts(text, i, delimiter)) {
            i++;
            continue;
        }
        add_field(fields, arena, sm_slice_make(text.ptr + start, i - start));
        i += delimiter.size;
        start = i;
    }
    add_field(fields, arena, sm_slice_make(text.ptr + start, text.size - start));
}

struct csv {
    struct sm_slice text, delimiter;
    size_t at;
    bool is_lazy;
};

/* Where the line ends: before "\n" or "\r\n", or at the end. */
static size_t line_end(const struct csv *csv)
{
    size_t end = csv->at;
    while (end < csv->text.size && csv->text.ptr[end] != '\n')
        end++;
    return end;
}

static bool take_quoted(struct csv *csv, struct sm_bytes *field)
{
    csv->at++;
    while (csv->at < csv->text.size) {
        char c = csv->text.ptr[csv->at++];
        bool at_end = csv->at >= csv->text.size || csv->text.ptr[csv->at] == '\n' || starts(csv->text, csv->at, SM_SLICE("\r\n"));
        if (c == '\r' && csv->at < csv->text.size && csv->text.ptr[csv->at] == '\n')
            continue;
        if (c != '"') {
            sm_bytes_append_char(field, c);
        } else if (csv->at < csv->text.size && csv->text.ptr[csv->at] == '"') {
            sm_bytes_append_char(field, '"');
            csv->at++;
        } else if (at_end || starts(csv->text, csv->at, csv->delimiter)) {
            return true;
        } else if (csv->is_lazy) {
            sm_bytes_append_char(field, '"');
        } else {
            return false;
        }
    }
    return csv->is_lazy; /* a quote that is not closed */
}

static bool take_plain(struct csv *csv, struct sm_bytes *field)
{
    size_t end = line_end(csv), start = csv->at;
    while (csv->at < end && !starts(sm_slice_make(csv->text.ptr, end), csv->at, csv->delimiter))
        csv->at++;
    size_t size = csv->at - start;
    if (csv->at == end && end < csv->text.size && size > 0 && csv->text.ptr[end - 1] == '\r')
        size--;
    sm_bytes_append(field, csv->text.ptr + start, size);
    return csv->is_lazy || !memchr(csv->text.ptr + start, '"', size);
}

/* One line; the first field of a further line continues the last one of the line before. */
static bool take_line(struct csv *csv, struct sm_ottl_run *run, struct fields *fields)
{
    bool is_first = true;
    while (true) {
        struct sm_bytes field;
        sm_bytes_init(&field, run->arena);
        if (is_first && fields->count > 0) {
            fields->count--;
            sm_bytes_printf(&field, "%.*s\n", SM_SLICE_ARGS(fields->items[fields->count]));
        }
        bool is_quoted = csv->at < csv->text.size && csv->text.ptr[csv->at] == '"';
        if (!(is_quoted ? take_quoted(csv, &field) : take_plain(csv, &field)))
            return sm_ottl_fail(run, "read csv line: a quote where none may be");
        add_field(fields, run->arena, sm_bytes_slice(&field));
        is_first = false;
        if (csv->at >= csv->text.size || !starts(csv->text, csv->at, csv->delimiter))
            break;
        csv->at += csv->delimiter.size;
    }
    csv->at = line_end(csv) + 1;
    return true;
}

static bool read_csv(struct sm_ottl_run *run, struct csv *csv, struct fields *fields)
{
    while (csv->at < csv->text.size) {
        if (csv->text.ptr[csv->at] == '\n') { /* empty lines do not count */
            csv->at++;
            continue;
        }
        if (!take_line(csv, run, fields))
            return false;
    }
    return fields->count > 0 || sm_ottl_fail(run, "no csv lines found");
}

enum { CSV_TARGET, CSV_HEADER, CSV_DELIMITER, CSV_HEADER_DELIMITER, CSV_MODE };

static bool call_parse_csv(const struct sm_ottl_call *call, struct sm_ottl_run *run, struct sm_ottl_value *out)
{
    struct sm_slice mode = call->args[CSV_MODE].is_set ? call->args[CSV_MODE].text : SM_SLICE("strict"), header;
    struct csv csv = {.delimiter = call->args[CSV_DELIMITER].is_set ? call->args[CSV_DELIMITER].text : SM_SLICE(","),
                      .is_lazy = sm_slice_is(mode, "lazyQuotes")};
    struct sm_slice header_delimiter = call->args[CSV_HEADER_DELIMITER].is_set ? call->args[CSV_HEADER_DELIMITER].text : csv.delimiter;
    struct fields headers = {0}, fields = {0};
    if (!sm_ottl_arg_string(&call->args[CSV_TARGET], run, &csv.text) || !sm_ottl_arg_string(&call->args[CSV_HEADER], run, &header))
        return false;
    if (header.size == 0)
        return sm_ottl_fail(run, "headers must not be an empty string");
    split(header, header_delimiter, run->arena, &headers);
    if (sm_slice_is(mode, "ignoreQuotes"))
        split(csv.text, csv.delimiter, run->arena, &fields);
    else if (!read_csv(run, &csv, &fields))
        return false;
    if (headers.count != fields.count)
        return sm_ottl_fail(run, "map csv headers: wrong number of fields: expected %zu, found %zu", headers.count, fields.count);
    struct sm_map *map = sm_arena_zalloc(run->arena, 1, sizeof(*map));
    for (size_t i = 0; i < fields.count; i++)
        sm_map_set(map, run->arena, headers.items[i], sm_value_string(fields.items[i]));
    *out = sm_ottl_map(map);
    return true;
}

static bool prepare_parse_csv(struct sm_ottl_call *call, struct sm_ottl_compiler *compiler)
{
    const struct sm_ottl_arg *mode = &call->args[CSV_MODE];
    if (call->args[CSV_DELIMITER].is_set && sm_ottl_rune_count(call->args[CSV_DELIMITER].text) != 1)
        return sm_ottl_compile_error(compiler, call->node, "invalid arguments: delimiter must be a single character");
    if (call->args[CSV_HEADER_DELIMITER].is_set && sm_ottl_rune_count(call->args[CSV_HEADER_DELIMITER].text) != 1)
        return sm_ottl_compile_error(compiler, call->node, "invalid arguments: header_delimiter must be a single character");
    return !mode->is_set || sm_slice_is(mode->text, "strict") || sm_slice_is(mode->text, "lazyQuotes") || sm_slice_is(mode->text, "ignoreQuotes") ||
           sm_ottl_compile_error(compiler, call->node, "unknown mode: %.*s", SM_SLICE_ARGS(mode->text));
}

/* ---- ParseSeverity */

static bool range_of(struct sm_ottl_run *run, struct sm_value *range, int64_t *low, int64_t *high)
{
    if (range->type == SM_VALUE_STRING) {
        struct sm_slice text = range->string;
        if (text.size != 3 || text.ptr[0] < '2' || text.ptr[0] > '5' || text.ptr[1] != 'x' || text.ptr[2] != 'x')
            return sm_ottl_fail(run, "invalid severity mapping criteria: unknown range placeholder: %.*s", SM_SLICE_ARGS(text));
        *low = (text.ptr[0] - '0') * 100;
        *high = *low + 99;
        return true;
    }
    if (range->type != SM_VALUE_MAP)
        return sm_ottl_fail(run, "invalid severity mapping criteria: range must be a map or a known placeholder string");
    const struct sm_map *map = sm_value_map(range, run->arena);
    const struct sm_value *min = sm_map_find(map, SM_SLICE("min")), *max = sm_map_find(map, SM_SLICE("max"));
    if (!min || !max || min->type != SM_VALUE_INT || max->type != SM_VALUE_INT)
        return sm_ottl_fail(run, "invalid severity mapping criteria: range must have a min and a max value of type int64");
    *low = min->integer;
    *high = max->integer;
    return true;
}

static bool test_texts(struct sm_ottl_run *run, struct sm_value *texts, const struct sm_ottl_value *value, bool *is_match)
{
    if (texts->type != SM_VALUE_LIST)
        return sm_ottl_fail(run, "invalid severity mapping criteria: equals must be a list");
    const struct sm_list *list = sm_value_list(texts, run->arena);
    for (size_t i = 0; i < list->count; i++) {
        if (list->items[i].type != SM_VALUE_STRING)
            return sm_ottl_fail(run, "invalid severity mapping criteria: equals values must be strings");
        *is_match = *is_match || (value->kind == SM_OTTL_STRING && sm_slice_equal(list->items[i].string, value->text));
    }
    return true;
}

/* All criteria are looked at, so that a wrong one is an error for every value. */
static bool test_level(struct sm_ottl_run *run, struct sm_value *criteria, const struct sm_ottl_value *value, bool *is_match)
{
    if (criteria->type != SM_VALUE_LIST)
        return sm_ottl_fail(run, "severity mapping criteria must be []any");
    struct sm_list *list = sm_value_list(criteria, run->arena);
    for (size_t i = 0; i < list->count; i++) {
        int64_t low, high;
        if (list->items[i].type != SM_VALUE_MAP)
            return sm_ottl_fail(run, "severity mapping criteria items must be map[string]any");
        const struct sm_map *map = sm_value_map(&list->items[i], run->arena);
        struct sm_value *texts = sm_map_find(map, SM_SLICE("equals")), *range = sm_map_find(map, SM_SLICE("range"));
        if (texts && !test_texts(run, texts, value, is_match))
            return false;
        if (range && !range_of(run, range, &low, &high))
            return false;
        *is_match = *is_match || (range && value->kind == SM_OTTL_INT && value->integer >= low && value->integer <= high);
    }
    return true;
}

static bool call_parse_severity(const struct sm_ottl_call *call, struct sm_ottl_run *run, struct sm_ottl_value *out)
{
    struct sm_ottl_value value;
    struct sm_map *mapping;
    bool is_found = false;
    if (!call->args[1].expr->is_literal && !call->args[1].expr->holds_constants)
        return sm_ottl_fail(run, "severity mapping must be a literal PMap");
    if (!sm_ottl_arg_map(&call->args[1], run, &mapping) || !sm_ottl_arg_any(&call->args[0], run, &value))
        return false;
    for (size_t i = 0; i < mapping->count; i++) {
        bool is_match = false;
        if (!test_level(run, &mapping->entries[i].value, &value, &is_match))
            return false;
        if (is_match && !is_found)
            *out = sm_ottl_string(mapping->entries[i].key);
        is_found = is_found || is_match;
    }
    if (!is_found && value.kind != SM_OTTL_STRING && value.kind != SM_OTTL_INT)
        return sm_ottl_fail(run, "could not map log level: unsupported value type: %s", sm_ottl_kind_name(&value));
    return is_found || sm_ottl_fail(run, "could not map log level: no matching log level found");
}

/* ---- ParseCLF: Common and Combined Log Format */

static const char *const clf_keys[] = {"clf.remote_host", "clf.rfc931", "clf.auth_user"};

static struct sm_slice unescape(struct sm_slice text, struct sm_arena *arena)
{
    static const char letters[] = "\\\"ntrbfv", meant[] = "\\\"\n\t\r\b\f\v";
    struct sm_bytes out;
    sm_bytes_init(&out, arena);
    for (size_t i = 0; i < text.size; i++) {
        char c = text.ptr[i], next = i + 1 < text.size ? text.ptr[i + 1] : '\0';
        const char *letter = next ? strchr(letters, next) : NULL;
        if (c != '\\' || i + 1 == text.size) {
            sm_bytes_append_char(&out, c);
        } else if (letter) {
            sm_bytes_append_char(&out, meant[letter - letters]);
            i++;
        } else if (next == 'x' && text.size - i > 3 && isxdigit((unsigned char)text.ptr[i + 2]) && isxdigit((unsigned char)text.ptr[i + 3])) {
            const char digits[] = {text.ptr[i + 2], text.ptr[i + 3], '\0'};
            sm_bytes_append_char(&out, (char)strtoul(digits, NULL, 16));
            i += 3;
        } else {
            sm_bytes_append_char(&out, '\\');
        }
    }
    return sm_bytes_slice(&out);
}

/* What stands up to the next space, which goes too. */
static bool take_word(struct sm_slice *rest, struct sm_slice *word)
{
    *word = sm_slice_cut(rest, ' ');
    for (size_t i = 0; i < word->size; i++)
        if (isspace((unsigned char)word->ptr[i]))
            return false;
    return word->size > 0;
}

static bool take_quote(struct sm_slice *rest, struct sm_slice *quoted)
{
    if (rest->size < 2 || rest->ptr[0] != '"')
        return false;
    size_t end = 1;
    while (end < rest->size && rest->ptr[end] != '"')
        end += rest->ptr[end] == '\\' ? 2 : 1;
    if (end >= rest->size)
        return false;
    *quoted = sm_slice_make(rest->ptr + 1, end - 1);
    *rest = sm_slice_make(rest->ptr + end + 1, rest->size - end - 1);
    return true;
}

static bool take_space(struct sm_slice *rest)
{
    if (rest->size == 0 || rest->ptr[0] != ' ')
        return false;
    *rest = sm_slice_make(rest->ptr + 1, rest->size - 1);
    return true;
}

struct clf {
    struct sm_slice words[3], timestamp, request, status, bytes, referer, agent;
};

static bool split_clf(struct sm_slice rest, bool is_combined, struct clf *clf)
{
    for (size_t i = 0; i < 3; i++)
        if (!take_word(&rest, &clf->words[i]))
            return false;
    const char *close = rest.size > 0 && rest.ptr[0] == '[' ? memchr(rest.ptr, ']', rest.size) : NULL;
    if (!close || close == rest.ptr + 1)
        return false;
    clf->timestamp = sm_slice_make(rest.ptr + 1, (size_t)(close - rest.ptr) - 1);
    rest = sm_slice_make(close + 1, rest.size - (size_t)(close + 1 - rest.ptr));
    if (!take_space(&rest) || !take_quote(&rest, &clf->request) || !take_space(&rest) || !take_word(&rest, &clf->status) ||
        !take_word(&rest, &clf->bytes))
        return false;
    return !is_combined ? rest.size == 0 : take_quote(&rest, &clf->referer) && take_space(&rest) && take_quote(&rest, &clf->agent) && rest.size == 0;
}

static bool put_integer(struct sm_ottl_run *run, struct sm_map *map, const char *key, struct sm_slice text)
{
    const char *digits = sm_arena_strdup(run->arena, text);
    char *end;
    long long number = strtoll(digits, &end, 10);
    if (*end || end == digits || text.size > 18 || isspace((unsigned char)*digits))
        return sm_ottl_fail(run, "invalid number \"%s\" for %s", digits, key);
    sm_map_set(map, run->arena, sm_slice_of(key), sm_value_int(number));
    return true;
}

static void put_request(struct sm_map *map, struct sm_arena *arena, struct sm_slice request)
{
    struct sm_slice protocol = request, method = sm_slice_cut(&protocol, ' '), uri;
    put_text(map, arena, "clf.request", request);
    bool has_uri = method.size < request.size;
    size_t before = protocol.size;
    uri = sm_slice_cut(&protocol, ' ');
    if (!has_uri || uri.size == before)
        return;
    put_text(map, arena, "clf.method", method);
    put_text(map, arena, "clf.request_uri", uri);
    put_text(map, arena, "clf.protocol", protocol);
}

static bool call_parse_clf(const struct sm_ottl_call *call, struct sm_ottl_run *run, struct sm_ottl_value *out)
{
    bool is_combined = call->args[1].is_set && sm_slice_is(call->args[1].text, "combined");
    struct sm_slice text;
    struct clf clf;
    if (!sm_ottl_arg_string(&call->args[0], run, &text))
        return false;
    if (text.size == 0)
        return sm_ottl_fail(run, "cannot parse empty CLF message");
    if (!split_clf(sm_ottl_trim_space(text), is_combined, &clf))
        return sm_ottl_fail(run, "invalid CLF message: does not match expected \"%s\" format", is_combined ? "combined" : "clf");
    struct sm_map *map = sm_arena_zalloc(run->arena, 1, sizeof(*map));
    for (size_t i = 0; i < 3; i++)
        put_text(map, run->arena, clf_keys[i], clf.words[i]);
    put_text(map, run->arena, "clf.timestamp", clf.timestamp);
    put_request(map, run->arena, unescape(clf.request, run->arena));
    if (!put_integer(run, map, "clf.status", clf.status) || (!sm_slice_is(clf.bytes, "-") && !put_integer(run, map, "clf.bytes", clf.bytes)))
        return false;
    if (is_combined) {
        put_text(map, run->arena, "clf.referer", unescape(clf.referer, run->arena));
        put_text(map, run->arena, "clf.user_agent", unescape(clf.agent, run->arena));
    }
    *out = sm_ottl_map(map);
    return true;
}

static bool prepare_parse_clf(struct sm_ottl_call *call, struct sm_ottl_compiler *compiler)
{
    struct sm_slice format = call->args[1].text;
    return !call->args[1].is_set || sm_slice_is(format, "clf") || sm_slice_is(format, "combined") ||
           sm_ottl_compile_error(compiler, call->node, "invalid format \"%.*s\": must be \"clf\" or \"combined\"", SM_SLICE_ARGS(format));
}

/* ---- ParseLEEF: IBM's Log Event Extended Format, 1.0 and 2.0 */

/* The attributes' delimiter: a byte, "0x7C", or nothing for a tab. */
static bool leef_delimiter(struct sm_ottl_run *run, struct sm_slice spec, char *delimiter)
{
    *delimiter = '\t';
    if (spec.size == 0)
        return true;
    *delimiter = spec.ptr[0];
    if (spec.size == 1)
        return true;
    if (spec.size != 4 || spec.ptr[0] != '0' || (spec.ptr[1] | 0x20) != 'x' || !isxdigit((unsigned char)spec.ptr[2]) ||
        !isxdigit((unsigned char)spec.ptr[3]))
        return sm_ottl_fail(run, "invalid LEEF 2.0 delimiter: it must be a single character or 0x-prefixed hex value");
    const char digits[] = {spec.ptr[2], spec.ptr[3], '\0'};
    *delimiter = (char)strtoul(digits, NULL, 16);
    return true;
}

static struct sm_map *leef_attributes(struct sm_slice text, char delimiter, struct sm_arena *arena)
{
    struct sm_map *map = sm_arena_zalloc(arena, 1, sizeof(*map));
    while (text.size > 0) {
        struct sm_slice value = sm_slice_cut(&text, delimiter);
        bool has_value = value.size > 0 && memchr(value.ptr, '=', value.size);
        struct sm_slice key = sm_slice_cut(&value, '=');
        if (has_value && key.size > 0)
            sm_map_set(map, arena, key, sm_value_string(value));
    }
    return map;
}

/* What stands behind the event id: [delimiter|]attributes in 2.0, attributes in 1.0. */
static bool cut_leef_delimiter(struct sm_ottl_run *run, struct sm_slice *rest, bool is_2, char *delimiter)
{
    struct sm_slice behind = *rest, spec = sm_slice_cut(&behind, '|');
    *delimiter = '\t';
    if (!is_2 || (spec.size > 0 && memchr(spec.ptr, '=', spec.size))) /* no delimiter was given, or none can be */
        return true;
    *rest = behind;
    return leef_delimiter(run, spec, delimiter);
}

static bool call_parse_leef(const struct sm_ottl_call *call, struct sm_ottl_run *run, struct sm_ottl_value *out)
{
    static const char *const keys[] = {"leef.vendor", "leef.product.name", "leef.product.version", "leef.event.id"};
    struct sm_slice text;
    char delimiter;
    if (!sm_ottl_arg_string(&call->args[0], run, &text))
        return false;
    const char *start = sm_slice_find(text, SM_SLICE("LEEF:"));
    if (!start)
        return sm_ottl_fail(run, text.size == 0 ? "cannot parse empty LEEF message" : "invalid LEEF message: 'LEEF:' not found");
    struct sm_slice rest = sm_slice_make(start + 5, text.size - (size_t)(start + 5 - text.ptr));
    if (rest.size == 0 || !memchr(rest.ptr, '|', rest.size))
        return sm_ottl_fail(run, "invalid LEEF message: missing pipe delimiter in header");
    struct sm_slice version = sm_slice_cut(&rest, '|');
    if (!sm_slice_is(version, "1.0") && !sm_slice_is(version, "2.0"))
        return sm_ottl_fail(run, "unsupported LEEF version: %.*s (supported: 1.0, 2.0)", SM_SLICE_ARGS(version));
    struct sm_map *map = sm_arena_zalloc(run->arena, 1, sizeof(*map));
    put_text(map, run->arena, "leef.version", version);
    for (size_t i = 0; i < 4; i++) {
        bool is_last = rest.size == 0 || !memchr(rest.ptr, '|', rest.size);
        if (is_last && i < 3)
            return sm_ottl_fail(run, "invalid LEEF header: expected at least 4 fields (vendor, product, version, eventID), got %zu", i + 1);
        put_text(map, run->arena, keys[i], sm_slice_cut(&rest, '|'));
    }
    if (!cut_leef_delimiter(run, &rest, sm_slice_is(version, "2.0"), &delimiter))
        return false;
    sm_map_set(map, run->arena, SM_SLICE("leef.attributes"),
               (struct sm_value){.type = SM_VALUE_MAP, .map = leef_attributes(rest, delimiter, run->arena)});
    *out = sm_ottl_map(map);
    return true;
}

#define TEXT(parameter)                                                                                                                              \
    {                                                                                                                                                \
        .name = (parameter), .type = SM_OTTL_ARG_STRING                                                                                              \
    }
#define TEXT_OPTION(option)                                                                                                                          \
    {                                                                                                                                                \
        .name = (option), .type = SM_OTTL_ARG_LITERAL_STRING, .is_optional = true                                                                    \
    }

const struct sm_ottl_function sm_ottl_log_functions[] = {
    {.name = "ParseCSV",
     .help = "A line of comma-separated values as a map; mode is strict, lazyQuotes or ignoreQuotes.",
     .parameters = {TEXT("Target"), TEXT("Header"), TEXT_OPTION("Delimiter"), TEXT_OPTION("HeaderDelimiter"), TEXT_OPTION("Mode")},
     .call = call_parse_csv,
     .prepare = prepare_parse_csv},
    {.name = "ParseSeverity",
     .help = "The level that a mapping gives the text or number.",
     .parameters = {{.name = "Target", .type = SM_OTTL_ARG_ANY}, {.name = "Mapping", .type = SM_OTTL_ARG_MAP}},
     .call = call_parse_severity},
    {.name = "ParseCLF",
     .help = "A line of the Common Log Format (clf) or Combined Log Format (combined) as a map.",
     .set = SM_OTTL_FOR_TRANSFORM,
     .contexts = 1u << SM_OTTL_LOG,
     .parameters = {TEXT("Target"), TEXT_OPTION("Format")},
     .call = call_parse_clf,
     .prepare = prepare_parse_clf},
    {.name = "ParseLEEF",
     .help = "A line of the Log Event Extended Format as a map.",
     .set = SM_OTTL_FOR_TRANSFORM,
     .contexts = 1u << SM_OTTL_LOG,
     .parameters = {TEXT("Target")},
     .call = call_parse_leef},
    {0},
};
