/* json.c - see json.h. Allocates texts with escapes or wrong UTF-8 in the scanner's arena. Source: Go encoding/json decode.go. */
#include "receivers/zipkin/json.h"

#include "base/utf8.h"

bool sm_zipkin_json_null(struct sm_json_scanner *scanner)
{
    return sm_json_peek(scanner) == 'n' && sm_json_word(scanner, "null");
}

bool sm_zipkin_json_end(struct sm_json_scanner *scanner)
{
    sm_json_peek(scanner);
    return scanner->at == scanner->end || sm_json_fail(scanner, "invalid character after top-level value");
}

/* ---- texts */

static bool has_control_char(struct sm_slice raw)
{
    for (size_t i = 0; i < raw.size; i++)
        if ((unsigned char)raw.ptr[i] < ' ')
            return true;
    return false;
}

static bool read_text(struct sm_json_scanner *scanner, struct sm_slice *text)
{
    bool has_escapes;
    if (!sm_json_raw_string(scanner, text, &has_escapes))
        return false;
    if (has_escapes) {
        if (has_control_char(*text))
            return sm_json_fail(scanner, "invalid character in string literal");
        char *decoded = sm_arena_alloc(scanner->scratch, text->size);
        size_t size;
        if (!sm_json_decode_string(scanner, *text, decoded, &size))
            return false;
        *text = sm_slice_make(decoded, size);
    }
    *text = sm_utf8_repair(*text, scanner->scratch);
    return true;
}

bool sm_zipkin_json_text(struct sm_json_scanner *scanner, struct sm_slice *text)
{
    return sm_zipkin_json_null(scanner) || (!scanner->error && read_text(scanner, text));
}

/* ---- numbers */

bool sm_zipkin_json_uint(struct sm_json_scanner *scanner, uint64_t max, uint64_t *number)
{
    struct sm_slice text;
    if (sm_zipkin_json_null(scanner))
        return true;
    return sm_json_number(scanner, &text) && (sm_parse_uint(text, max, number) || sm_json_fail(scanner, "number that does not fit its field"));
}

bool sm_zipkin_json_int(struct sm_json_scanner *scanner, int64_t min, int64_t max, int64_t *number)
{
    struct sm_slice text;
    if (sm_zipkin_json_null(scanner))
        return true;
    return sm_json_number(scanner, &text) && (sm_parse_int(text, min, max, number) || sm_json_fail(scanner, "number that does not fit its field"));
}

bool sm_zipkin_json_bool(struct sm_json_scanner *scanner, bool *flag)
{
    switch (sm_json_peek(scanner)) {
    case 't':
        *flag = true;
        return sm_json_word(scanner, "true");
    case 'f':
        *flag = false;
        return sm_json_word(scanner, "false");
    default:
        return sm_json_word(scanner, "null");
    }
}

/* ---- objects and lists */

static const struct sm_json_member *find_member(const struct sm_json_member *members, struct sm_slice name)
{
    for (; members->name; members++)
        if (sm_slice_equal_nocase(sm_slice_of(members->name), name))
            return members;
    return NULL;
}

bool sm_zipkin_json_object(struct sm_json_scanner *scanner, const struct sm_json_member *members, void *object)
{
    struct sm_slice name;
    if (sm_zipkin_json_null(scanner))
        return true;
    if (!sm_json_try(scanner, '{'))
        return sm_json_fail(scanner, "expected an object");
    if (sm_json_try(scanner, '}'))
        return true;
    do {
        if (!read_text(scanner, &name))
            return false;
        if (!sm_json_try(scanner, ':'))
            return sm_json_fail(scanner, "expected ':' behind a name");
        const struct sm_json_member *member = find_member(members, name);
        if (member ? !member->read(scanner, object) : !sm_json_skip(scanner))
            return false;
    } while (sm_json_try(scanner, ','));
    return sm_json_try(scanner, '}') || sm_json_fail(scanner, "expected ',' or '}' in an object");
}

bool sm_zipkin_json_list(struct sm_json_scanner *scanner, bool (*read)(struct sm_json_scanner *scanner, void *context), void *context)
{
    if (sm_zipkin_json_null(scanner))
        return true;
    if (!sm_json_try(scanner, '['))
        return sm_json_fail(scanner, "expected a list");
    if (sm_json_try(scanner, ']'))
        return true;
    do {
        if (!read(scanner, context))
            return false;
    } while (sm_json_try(scanner, ','));
    return sm_json_try(scanner, ']') || sm_json_fail(scanner, "expected ',' or ']' in a list");
}
