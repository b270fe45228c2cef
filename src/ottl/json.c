/* json.c - see json.h. As lenient as the reference's parser (goccy/go-json) where a case pins it: leading zeros are taken.
 *
 * Depth is limited; nothing is allocated but in the arena. */
#include "ottl/json.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "base/hex.h"

struct json {
    const char *at, *end;
    struct sm_arena *arena;
    const char *reason;
    unsigned depth;
};

static bool parse_value(struct json *json, struct sm_value *value);

static bool fail(struct json *json, const char *reason)
{
    json->reason = reason;
    return false;
}

static char skip_space(struct json *json)
{
    while (json->at < json->end && strchr(" \t\r\n", *json->at) && *json->at)
        json->at++;
    return json->at < json->end ? *json->at : '\0';
}

static bool parse_hex4(struct json *json, uint32_t *rune)
{
    *rune = 0;
    if (json->end - json->at < 4)
        return fail(json, "a unicode escape is cut off");
    for (int i = 0; i < 4; i++, json->at++) {
        int digit = sm_hex_value(*json->at);
        if (digit < 0)
            return fail(json, "a unicode escape has a wrong digit");
        *rune = *rune << 4 | (uint32_t)digit;
    }
    return true;
}

static void append_rune(struct sm_bytes *out, uint32_t rune)
{
    if (rune < 0x80) {
        sm_bytes_append_char(out, (char)rune);
        return;
    }
    if (rune < 0x800) {
        sm_bytes_append_char(out, (char)(0xc0 | rune >> 6));
    } else {
        if (rune < 0x10000) {
            sm_bytes_append_char(out, (char)(0xe0 | rune >> 12));
        } else {
            sm_bytes_append_char(out, (char)(0xf0 | rune >> 18));
            sm_bytes_append_char(out, (char)(0x80 | (rune >> 12 & 0x3f)));
        }
        sm_bytes_append_char(out, (char)(0x80 | (rune >> 6 & 0x3f)));
    }
    sm_bytes_append_char(out, (char)(0x80 | (rune & 0x3f)));
}

static bool parse_unicode(struct json *json, struct sm_bytes *out)
{
    uint32_t rune, low;
    if (!parse_hex4(json, &rune))
        return false;
    if (rune >= 0xd800 && rune < 0xdc00 && json->end - json->at >= 6 && json->at[0] == '\\' && json->at[1] == 'u') {
        const char *before = json->at;
        json->at += 2;
        if (!parse_hex4(json, &low))
            return false;
        if (low >= 0xdc00 && low < 0xe000)
            rune = 0x10000 + ((rune - 0xd800) << 10) + (low - 0xdc00);
        else
            json->at = before;
    }
    append_rune(out, rune >= 0xd800 && rune < 0xe000 ? 0xfffd : rune);
    return true;
}

static bool parse_escape(struct json *json, struct sm_bytes *out)
{
    static const char letters[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
    if (json->at == json->end)
        return fail(json, "a string is not closed");
    char c = *json->at++;
    const char *letter = c ? strchr(letters, c) : NULL;
    if (c == 'u')
        return parse_unicode(json, out);
    if (!letter)
        return fail(json, "an unknown escape");
    sm_bytes_append_char(out, meant[letter - letters]);
    return true;
}

static bool parse_string(struct json *json, struct sm_slice *text)
{
    struct sm_bytes out;
    sm_bytes_init(&out, json->arena);
    json->at++;
    while (json->at < json->end && *json->at != '"') {
        unsigned char c = (unsigned char)*json->at++;
        if (c < 0x20)
            return fail(json, "a control character in a string");
        if (c != '\\')
            sm_bytes_append_char(&out, (char)c);
        else if (!parse_escape(json, &out))
            return false;
    }
    if (json->at == json->end)
        return fail(json, "a string is not closed");
    json->at++;
    *text = sm_bytes_slice(&out);
    return true;
}

static bool parse_number(struct json *json, struct sm_value *value)
{
    const char *start = json->at;
    char *end;
    while (json->at < json->end && *json->at && strchr("+-.0123456789eE", *json->at))
        json->at++;
    char *copy = sm_arena_strdup(json->arena, sm_slice_make(start, (size_t)(json->at - start)));
    *value = sm_value_double(strtod(copy, &end));
    const char *digits = copy + (*copy == '-');
    if (isinf(value->number))
        return fail(json, "a number out of range");
    return (isdigit((unsigned char)*digits) && *end == '\0') || fail(json, "a wrong number or word");
}

static bool parse_word(struct json *json, const char *word, struct sm_value value, struct sm_value *out)
{
    size_t size = strlen(word);
    if ((size_t)(json->end - json->at) < size || memcmp(json->at, word, size) != 0)
        return fail(json, "an unknown word");
    json->at += size;
    *out = value;
    return true;
}

static bool parse_list(struct json *json, struct sm_value *value)
{
    struct sm_list *list = sm_arena_zalloc(json->arena, 1, sizeof(*list));
    *value = (struct sm_value){.type = SM_VALUE_LIST, .list = list};
    json->at++;
    if (skip_space(json) == ']') {
        json->at++;
        return true;
    }
    while (true) {
        if (list->count == list->capacity)
            list->items = sm_arena_grow(json->arena, list->items, list->count, &list->capacity, list->count + 1, sizeof(*list->items));
        if (!parse_value(json, &list->items[list->count]))
            return false;
        list->count++;
        char c = skip_space(json);
        if (c != ',' && c != ']')
            return fail(json, "a list needs \",\" or \"]\"");
        json->at++;
        if (c == ']')
            return true;
    }
}

static bool parse_entry(struct json *json, struct sm_map *map)
{
    struct sm_slice key;
    struct sm_value value;
    if (skip_space(json) != '"')
        return fail(json, "a key in quotes is missing");
    if (!parse_string(json, &key))
        return false;
    if (skip_space(json) != ':')
        return fail(json, "a \":\" is missing");
    json->at++;
    if (!parse_value(json, &value))
        return false;
    sm_map_set(map, json->arena, key, value);
    return true;
}

static bool parse_map(struct json *json, struct sm_value *value)
{
    struct sm_map *map = sm_arena_zalloc(json->arena, 1, sizeof(*map));
    *value = (struct sm_value){.type = SM_VALUE_MAP, .map = map};
    json->at++;
    if (skip_space(json) == '}') {
        json->at++;
        return true;
    }
    while (parse_entry(json, map)) {
        char c = skip_space(json);
        if (c != ',' && c != '}')
            return fail(json, "an object needs \",\" or \"}\"");
        json->at++;
        if (c == '}')
            return true;
    }
    return false;
}

static bool parse_value(struct json *json, struct sm_value *value)
{
    if (++json->depth > SM_OTTL_JSON_DEPTH_MAX)
        return fail(json, "nested too deep");
    struct sm_slice text;
    bool is_fine;
    switch (skip_space(json)) {
    case '{':
        is_fine = parse_map(json, value);
        break;
    case '[':
        is_fine = parse_list(json, value);
        break;
    case '"':
        is_fine = parse_string(json, &text);
        if (is_fine)
            *value = sm_value_string(text);
        break;
    case 't':
        is_fine = parse_word(json, "true", sm_value_bool(true), value);
        break;
    case 'f':
        is_fine = parse_word(json, "false", sm_value_bool(false), value);
        break;
    case 'n':
        is_fine = parse_word(json, "null", (struct sm_value){.type = SM_VALUE_EMPTY}, value);
        break;
    default:
        is_fine = parse_number(json, value);
    }
    json->depth--;
    return is_fine;
}

bool sm_ottl_json_parse(struct sm_slice text, struct sm_arena *arena, struct sm_value *value, const char **reason)
{
    text = text.ptr ? text : SM_SLICE("");
    struct json json = {.at = text.ptr, .end = text.ptr + text.size, .arena = arena, .reason = ""};
    bool is_fine = parse_value(&json, value);
    if (is_fine) {
        skip_space(&json);
        is_fine = json.at == json.end || fail(&json, "something stands behind the value");
    }
    *reason = json.reason;
    return is_fine;
}
