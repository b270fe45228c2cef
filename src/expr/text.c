/* text.c - values as text: as Go's fmt prints them with %v, and as encoding/json writes them, indented by two blanks. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "config/duration.h"
#include "expr/value.h"
#include "ottl/value.h"
#include "wire/base64.h"
#include "wire/json_text.h"
#include "wire/number.h"

static bool may_go_deeper(struct expr_evaluation *e, unsigned depth)
{
    if (depth > SM_EXPR_VALUE_DEPTH_MAX)
        expr_fail(e, "recursion depth exceeded");
    return expr_step(e);
}

static void append_double(struct sm_bytes *out, double number, enum sm_number_style style)
{
    char *at = sm_bytes_reserve(out, SM_NUMBER_SIZE_MAX);
    out->size += sm_number_format(number, style, at);
}

static void append_int(struct sm_bytes *out, int64_t number)
{
    char *at = sm_bytes_reserve(out, SM_NUMBER_INT_SIZE_MAX);
    out->size += sm_number_format_int(number, at);
}

/* The entries of a map in the order of their keys: by type, then by content. */
static int compare_entries(const void *left, const void *right)
{
    const struct expr_value *a = &(*(const struct expr_entry *const *)left)->key, *b = &(*(const struct expr_entry *const *)right)->key;
    if (a->kind != b->kind)
        return a->kind < b->kind ? -1 : 1;
    if (a->kind == EXPR_STRING)
        return sm_slice_compare(a->text, b->text);
    if (a->kind == EXPR_FLOAT)
        return (a->number > b->number) - (a->number < b->number);
    if (a->kind == EXPR_BOOL)
        return a->boolean - b->boolean;
    return expr_is_integer(a->kind) || a->kind >= EXPR_DURATION ? (a->integer > b->integer) - (a->integer < b->integer) : 0;
}

static const struct expr_entry **sorted(struct expr_evaluation *e, const struct expr_map *map)
{
    const struct expr_entry **entries = sm_arena_alloc(e->arena, map->count * sizeof(struct expr_entry *) + 1);
    for (size_t i = 0; i < map->count; i++)
        entries[i] = &map->entries[i];
    qsort(entries, map->count, sizeof(struct expr_entry *), compare_entries);
    return entries;
}

/* ---- %v */

static bool append_list_text(struct expr_evaluation *e, struct sm_bytes *out, struct expr_value list, unsigned depth)
{
    sm_bytes_append_char(out, '[');
    for (size_t i = 0, count = expr_length(list); i < count; i++) {
        if (i > 0)
            sm_bytes_append_char(out, ' ');
        if (!expr_append_text(e, out, expr_at(list, i), depth + 1))
            return false;
    }
    sm_bytes_append_char(out, ']');
    return true;
}

static bool append_map_text(struct expr_evaluation *e, struct sm_bytes *out, const struct expr_map *map, unsigned depth)
{
    const struct expr_entry **entries = sorted(e, map);
    sm_bytes_append_text(out, "map[");
    for (size_t i = 0; i < map->count; i++) {
        if (i > 0)
            sm_bytes_append_char(out, ' ');
        if (!expr_append_text(e, out, entries[i]->key, depth + 1))
            return false;
        sm_bytes_append_char(out, ':');
        if (!expr_append_text(e, out, entries[i]->value, depth + 1))
            return false;
    }
    sm_bytes_append_char(out, ']');
    return true;
}

static bool append_other_text(struct expr_evaluation *e, struct sm_bytes *out, struct expr_value value)
{
    static const char *const months[] = {"January", "February", "March",     "April",   "May",      "June",
                                         "July",    "August",   "September", "October", "November", "December"};
    static const char *const days[] = {"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"};
    char duration[SM_DURATION_TEXT_SIZE];
    switch (value.kind) {
    case EXPR_TIME:
        return expr_append_time(out, value.time, "2006-01-02 15:04:05.999999999 -0700 MST") || expr_fail(e, "year out of range").boolean;
    case EXPR_DURATION:
        sm_bytes_append_text(out, sm_duration_format_whole(value.integer, duration));
        return true;
    case EXPR_MONTH:
        sm_bytes_append_text(out, months[(value.integer - 1) % 12]);
        return true;
    case EXPR_WEEKDAY:
        sm_bytes_append_text(out, days[value.integer % 7]);
        return true;
    case EXPR_LOCATION:
        if (value.is_pointer) {
            sm_bytes_append_text(out, value.location->name);
            return true;
        }
        break;
    default:
        break;
    }
    expr_fail(e, "%s as text is not built", expr_kind_name(value.kind));
    return false;
}

bool expr_append_text(struct expr_evaluation *e, struct sm_bytes *out, struct expr_value value, unsigned depth)
{
    if (!may_go_deeper(e, depth))
        return false;
    if (expr_is_list(value.kind))
        return append_list_text(e, out, value, depth);
    if (expr_is_map(value.kind))
        return append_map_text(e, out, value.map, depth);
    switch (value.kind) {
    case EXPR_NIL:
        sm_bytes_append_text(out, "<nil>");
        return true;
    case EXPR_BOOL:
        sm_bytes_append_text(out, value.boolean ? "true" : "false");
        return true;
    case EXPR_FLOAT:
        append_double(out, value.number, SM_NUMBER_GENERAL);
        return true;
    case EXPR_STRING:
        sm_bytes_append_slice(out, value.text);
        return true;
    default:
        if (!expr_is_integer(value.kind))
            return append_other_text(e, out, value);
        append_int(out, value.integer);
        return true;
    }
}

/* ---- JSON */

static void append_line(struct sm_bytes *out, unsigned depth)
{
    sm_bytes_append_char(out, '\n');
    for (unsigned i = 0; i < depth; i++)
        sm_bytes_append_text(out, "  ");
}

static void append_json_string(struct expr_evaluation *e, struct sm_bytes *out, struct sm_slice text)
{
    struct sm_value value = {.type = SM_VALUE_STRING, .string = text};
    sm_ottl_append_json(out, &value, e->arena);
}

static void append_base64(struct sm_bytes *out, struct sm_slice bytes)
{
    size_t size = sm_base64_encoded_size(bytes.size);
    char *at = sm_bytes_reserve(out, size + 2);
    at[0] = at[size + 1] = '"';
    sm_base64_encode(bytes, at + 1);
    out->size += size + 2;
}

static bool append_list_json(struct expr_evaluation *e, struct sm_bytes *out, struct expr_value list, unsigned depth)
{
    size_t count = expr_length(list);
    sm_bytes_append_char(out, '[');
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            sm_bytes_append_char(out, ',');
        append_line(out, depth + 1);
        if (!expr_append_json(e, out, expr_at(list, i), depth + 1))
            return false;
    }
    if (count > 0)
        append_line(out, depth);
    sm_bytes_append_char(out, ']');
    return true;
}

static bool append_map_json(struct expr_evaluation *e, struct sm_bytes *out, const struct expr_map *map, unsigned depth)
{
    const struct expr_entry **entries = sorted(e, map);
    sm_bytes_append_char(out, '{');
    for (size_t i = 0; i < map->count; i++) {
        if (i > 0)
            sm_bytes_append_char(out, ',');
        append_line(out, depth + 1);
        append_json_string(e, out, entries[i]->key.text);
        sm_bytes_append_text(out, ": ");
        if (!expr_append_json(e, out, entries[i]->value, depth + 1))
            return false;
    }
    if (map->count > 0)
        append_line(out, depth);
    sm_bytes_append_char(out, '}');
    return true;
}

static bool append_environment_json(struct expr_evaluation *e, struct sm_bytes *out, unsigned depth)
{
    struct expr_map *map = expr_new_map(e);
    for (size_t i = 0; i < e->environment->field_count; i++) {
        struct expr_entry *entry = expr_map_put(e, map, expr_string(sm_slice_of(e->environment->fields[i].name)));
        if (entry)
            entry->value = expr_string(e->environment->fields[i].get(e->context));
    }
    return append_map_json(e, out, map, depth);
}

static bool append_other_json(struct expr_evaluation *e, struct sm_bytes *out, struct expr_value value, unsigned depth)
{
    switch (value.kind) {
    case EXPR_TIME:
        sm_bytes_append_char(out, '"');
        if (!expr_append_time(out, value.time, "2006-01-02T15:04:05.999999999Z07:00"))
            return expr_fail(e, "Time.MarshalJSON: year outside of range [0,9999]").boolean;
        sm_bytes_append_char(out, '"');
        return true;
    case EXPR_DURATION:
    case EXPR_MONTH:
    case EXPR_WEEKDAY:
        append_int(out, value.integer);
        return true;
    case EXPR_LOCATION:
        sm_bytes_append_text(out, "{}"); /* a structure without fields that are seen */
        return true;
    case EXPR_ENVIRONMENT:
        return append_environment_json(e, out, depth);
    default:
        return expr_fail(e, "json: unsupported type: %s", expr_kind_name(value.kind)).boolean;
    }
}

bool expr_append_json(struct expr_evaluation *e, struct sm_bytes *out, struct expr_value value, unsigned depth)
{
    if (!may_go_deeper(e, depth))
        return false;
    if (value.kind == EXPR_BYTES && !value.is_nil) {
        append_base64(out, value.text);
        return true;
    }
    if (expr_is_list(value.kind) && !value.is_nil)
        return append_list_json(e, out, value, depth);
    if (value.kind == EXPR_MAP)
        return append_map_json(e, out, value.map, depth);
    if (expr_is_nil(value)) {
        sm_bytes_append_text(out, "null");
    } else if (value.kind == EXPR_BOOL) {
        sm_bytes_append_text(out, value.boolean ? "true" : "false");
    } else if (value.kind == EXPR_STRING) {
        append_json_string(e, out, value.text);
    } else if (expr_is_integer(value.kind)) {
        append_int(out, value.integer);
    } else if (value.kind == EXPR_FLOAT) {
        if (!isfinite(value.number))
            return expr_fail(e, "json: unsupported value").boolean;
        append_double(out, value.number, SM_NUMBER_ECMASCRIPT);
    } else {
        return append_other_json(e, out, value, depth);
    }
    return true;
}
