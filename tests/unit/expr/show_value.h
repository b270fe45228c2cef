/* show_value.h - a value with its type as one line, in the form in which the reference's values were recorded: 1, float 1.5, "text", int[1, 2],
 * {"a": nil}. */
#pragma once

#include <stdlib.h>

#include "config/duration.h"
#include "expr/value.h"
#include "wire/number.h"

static void show_value(struct sm_bytes *out, struct expr_value value);

static void show_text(struct sm_bytes *out, struct sm_slice text)
{
    sm_bytes_append_char(out, '"');
    for (size_t i = 0; i < text.size; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        if (c < ' ' || c == '"' || c == '\\' || c >= 127)
            sm_bytes_printf(out, "\\x%02x", c);
        else
            sm_bytes_append_char(out, (char)c);
    }
    sm_bytes_append_char(out, '"');
}

static void show_list(struct sm_bytes *out, struct expr_value list)
{
    static const char *const names[] = {
        [EXPR_ARRAY] = "", [EXPR_INTS] = "int", [EXPR_STRINGS] = "string", [EXPR_PAIRS] = "pairs", [EXPR_PAIR] = "pair"};
    if (list.is_nil) {
        sm_bytes_append_text(out, "nil[]");
        return;
    }
    sm_bytes_append_text(out, names[list.kind]);
    sm_bytes_append_char(out, '[');
    for (size_t i = 0; i < expr_length(list); i++) {
        if (i > 0)
            sm_bytes_append_text(out, ", ");
        show_value(out, expr_at(list, i));
    }
    sm_bytes_append_char(out, ']');
}

static int compare_texts(const void *a, const void *b)
{
    return sm_slice_compare(*(const struct sm_slice *)a, *(const struct sm_slice *)b);
}

static void show_map(struct sm_bytes *out, enum expr_kind kind, const struct expr_map *map)
{
    struct sm_arena arena = SM_ARENA_INIT;
    struct sm_slice *entries = sm_arena_zalloc(&arena, map->count + 1, sizeof(*entries));
    for (size_t i = 0; i < map->count; i++) {
        struct sm_bytes entry;
        sm_bytes_init(&entry, &arena);
        show_value(&entry, map->entries[i].key);
        sm_bytes_append_text(&entry, ": ");
        show_value(&entry, map->entries[i].value);
        entries[i] = sm_bytes_slice(&entry);
    }
    qsort(entries, map->count, sizeof(*entries), compare_texts);
    sm_bytes_append_text(out, kind == EXPR_ANY_MAP ? "any{" : kind == EXPR_GROUPS ? "groups{" : "{");
    for (size_t i = 0; i < map->count; i++) {
        if (i > 0)
            sm_bytes_append_text(out, ", ");
        sm_bytes_append_slice(out, entries[i]);
    }
    sm_bytes_append_char(out, '}');
    sm_arena_deinit(&arena);
}

static void show_value(struct sm_bytes *out, struct expr_value value)
{
    static const char *const prefixes[] = {
        [EXPR_INT] = "", [EXPR_INT64] = "int64 ", [EXPR_UINT8] = "uint8 ", [EXPR_MONTH] = "month ", [EXPR_WEEKDAY] = "weekday "};
    char duration[SM_DURATION_TEXT_SIZE];
    if (value.kind == EXPR_BYTES) {
        sm_bytes_append_char(out, 'b');
        show_text(out, value.text);
    } else if (expr_is_list(value.kind)) {
        show_list(out, value);
    } else if (expr_is_map(value.kind)) {
        show_map(out, value.kind, value.map);
    } else if (value.kind == EXPR_NIL) {
        sm_bytes_append_text(out, "nil");
    } else if (value.kind == EXPR_BOOL) {
        sm_bytes_append_text(out, value.boolean ? "true" : "false");
    } else if (value.kind == EXPR_FLOAT) {
        sm_bytes_append_text(out, "float ");
        out->size += sm_number_format(value.number, SM_NUMBER_GENERAL, sm_bytes_reserve(out, SM_NUMBER_SIZE_MAX));
    } else if (value.kind == EXPR_STRING) {
        show_text(out, value.text);
    } else if (value.kind == EXPR_TIME) {
        sm_bytes_append_text(out, "time ");
        expr_append_time(out, value.time, "2006-01-02T15:04:05.999999999Z07:00");
        sm_bytes_printf(out, " %s", value.time->location->name);
    } else if (value.kind == EXPR_DURATION) {
        sm_bytes_printf(out, "duration %s", sm_duration_format_whole(value.integer, duration));
    } else if (value.kind == EXPR_LOCATION) {
        sm_bytes_printf(out, "location %s", value.location->name);
    } else if (value.kind == EXPR_FUNCTION) {
        sm_bytes_append_text(out, "func");
    } else if (value.kind == EXPR_ENVIRONMENT) {
        sm_bytes_append_text(out, value.is_pointer ? "env" : "env value");
    } else {
        sm_bytes_printf(out, "%s%lld", prefixes[value.kind], (long long)value.integer);
    }
}
