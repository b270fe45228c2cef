/* json.c - JSON texts as values, for fromJSON: all numbers are doubles, of keys that stand twice the last holds, wrong bytes become U+FFFD. */
#include "base/utf8.h"
#include "expr/value.h"
#include "wire/json_scanner.h"

struct reader {
    struct expr_evaluation *e;
    struct sm_json_scanner scanner;
    unsigned depth;
};

static bool read_value(struct reader *r, struct expr_value *value);

static bool read_string(struct reader *r, struct sm_slice *text)
{
    if (!sm_json_string(&r->scanner, text))
        return false;
    *text = sm_utf8_repair(*text, r->e->arena);
    return true;
}

static bool read_list(struct reader *r, struct expr_value *value)
{
    struct expr_value *items = NULL;
    size_t count = 0, capacity = 0;
    bool is_first = true;
    for (r->scanner.at++; !sm_json_try(&r->scanner, ']'); is_first = false) {
        if (!is_first && !sm_json_try(&r->scanner, ','))
            return sm_json_fail(&r->scanner, "a list is not closed");
        if (count == capacity)
            items = sm_arena_grow(r->e->arena, items, count, &capacity, count + 1, sizeof(*items));
        if (!read_value(r, &items[count++]))
            return false;
    }
    *value = expr_make_list(r->e, EXPR_ARRAY, items, count);
    return true;
}

static bool read_member(struct reader *r, struct expr_map *map)
{
    struct sm_slice key;
    struct expr_value value;
    if (sm_json_peek(&r->scanner) != '"' || !read_string(r, &key))
        return sm_json_fail(&r->scanner, "a key must be a string");
    if (!sm_json_try(&r->scanner, ':'))
        return sm_json_fail(&r->scanner, "a colon is missing");
    if (!read_value(r, &value))
        return false;
    struct expr_entry *entry = expr_map_put(r->e, map, expr_string(key));
    if (entry)
        entry->value = value;
    return entry;
}

static bool read_object(struct reader *r, struct expr_value *value)
{
    struct expr_map *map = expr_new_map(r->e);
    bool is_first = true;
    for (r->scanner.at++; !sm_json_try(&r->scanner, '}'); is_first = false) {
        if (!is_first && !sm_json_try(&r->scanner, ','))
            return sm_json_fail(&r->scanner, "an object is not closed");
        if (!read_member(r, map))
            return false;
    }
    *value = expr_map_value(EXPR_MAP, map);
    return true;
}

static bool read_plain(struct reader *r, char first, struct expr_value *value)
{
    struct sm_slice text;
    if (first == '"') {
        *value = expr_string((struct sm_slice){0});
        return read_string(r, &value->text);
    }
    if (first == 't' || first == 'f') {
        *value = expr_bool(first == 't');
        return sm_json_word(&r->scanner, first == 't' ? "true" : "false");
    }
    if (first == 'n') {
        *value = expr_nil();
        return sm_json_word(&r->scanner, "null");
    }
    *value = expr_float(0);
    if (!sm_json_number(&r->scanner, &text))
        return false;
    return sm_parse_double(text, r->e->arena, &value->number) || sm_json_fail(&r->scanner, "a number is out of range");
}

static bool read_value(struct reader *r, struct expr_value *value)
{
    char first = sm_json_peek(&r->scanner);
    if (!expr_step(r->e))
        return false;
    if (first != '[' && first != '{')
        return read_plain(r, first, value);
    if (++r->depth > SM_EXPR_VALUE_DEPTH_MAX)
        return sm_json_fail(&r->scanner, "it is nested too deep");
    bool is_fine = first == '[' ? read_list(r, value) : read_object(r, value);
    r->depth--;
    return is_fine;
}

struct expr_value expr_read_json(struct expr_evaluation *e, struct sm_slice text)
{
    struct reader r = {.e = e};
    struct expr_value value = expr_nil();
    sm_json_begin(&r.scanner, text, e->arena);
    bool is_fine = read_value(&r, &value);
    if (is_fine && (sm_json_peek(&r.scanner) != '\0' || r.scanner.at < r.scanner.end))
        is_fine = sm_json_fail(&r.scanner, "something stands behind it");
    if (!is_fine && !e->has_failed)
        return expr_fail(e, "the text is not JSON: %s", r.scanner.error ? r.scanner.error : "it ends too early");
    return e->has_failed ? expr_nil() : value;
}
