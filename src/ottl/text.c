/* text.c - expression values as text: the forms of String(), Concat() and their like.
 *
 * Numbers, times and JSON are written as the reference's encoder (goccy/go-json) writes them: exponents keep two digits, keys are sorted, HTML
 * characters and line separators are escaped, bytes are base64. */
#include "ottl/value.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "base/hex.h"
#include "wire/number.h"

/* ---- numbers */

/* As fmt's %v / strconv 'g' like JSON: shortest digits; exponent from 1e21 and below 1e-6; `pad_exponent` writes 1e-07. */
static void append_double(struct sm_bytes *out, double number, bool pad_exponent)
{
    char *at = sm_bytes_reserve(out, SM_NUMBER_SIZE_MAX);
    out->size += sm_number_format(number, pad_exponent ? SM_NUMBER_JSON : SM_NUMBER_ECMASCRIPT, at);
}

/* ---- JSON */

static size_t rune_size(const unsigned char *at, size_t left)
{
    size_t size = at[0] < 0x80 ? 1 : at[0] < 0xc2 ? 0 : at[0] < 0xe0 ? 2 : at[0] < 0xf0 ? 3 : at[0] < 0xf5 ? 4 : 0;
    if (size > left)
        return 0;
    for (size_t i = 1; i < size; i++)
        if ((at[i] & 0xc0) != 0x80)
            return 0;
    if ((at[0] == 0xe0 && at[1] < 0xa0) || (at[0] == 0xed && at[1] >= 0xa0) || (at[0] == 0xf0 && at[1] < 0x90) || (at[0] == 0xf4 && at[1] >= 0x90))
        return 0;
    return size;
}

static void append_escaped(struct sm_bytes *out, unsigned char c)
{
    switch (c) {
    case '"':
    case '\\':
        sm_bytes_printf(out, "\\%c", c);
        break;
    case '\n':
        sm_bytes_append_text(out, "\\n");
        break;
    case '\r':
        sm_bytes_append_text(out, "\\r");
        break;
    case '\t':
        sm_bytes_append_text(out, "\\t");
        break;
    default:
        if (c < 0x20 || c == '<' || c == '>' || c == '&')
            sm_bytes_printf(out, "\\u%04x", c);
        else
            sm_bytes_append_char(out, (char)c);
    }
}

static void append_json_string(struct sm_bytes *out, struct sm_slice text)
{
    sm_bytes_append_char(out, '"');
    for (size_t i = 0; i < text.size;) {
        const unsigned char *at = (const unsigned char *)text.ptr + i;
        size_t size = rune_size(at, text.size - i);
        if (size == 0) {
            sm_bytes_append_text(out, "\\ufffd");
            size = 1;
        } else if (size == 1) {
            append_escaped(out, *at);
        } else if (size == 3 && at[0] == 0xe2 && at[1] == 0x80 && (at[2] == 0xa8 || at[2] == 0xa9)) {
            sm_bytes_append_text(out, at[2] == 0xa8 ? "\\u2028" : "\\u2029");
        } else {
            sm_bytes_append(out, at, size);
        }
        i += size;
    }
    sm_bytes_append_char(out, '"');
}

static void append_base64(struct sm_bytes *out, struct sm_slice bytes)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < bytes.size; i += 3) {
        uint32_t block = 0;
        for (size_t k = 0; k < 3; k++)
            block = block << 8 | (i + k < bytes.size ? (unsigned char)bytes.ptr[i + k] : 0u);
        for (size_t k = 0; k < 4; k++)
            sm_bytes_append_char(out, i + k <= bytes.size ? alphabet[block >> (18 - 6 * k) & 63] : '=');
    }
}

static void append_json_list(struct sm_bytes *out, struct sm_list *list, struct sm_arena *scratch)
{
    sm_bytes_append_char(out, '[');
    for (size_t i = 0; i < list->count; i++) {
        if (i > 0)
            sm_bytes_append_char(out, ',');
        sm_ottl_append_json(out, &list->items[i], scratch);
    }
    sm_bytes_append_char(out, ']');
}

static int order_entries(const void *a, const void *b)
{
    return sm_slice_compare((*(struct sm_attribute *const *)a)->key, (*(struct sm_attribute *const *)b)->key);
}

static void append_json_map(struct sm_bytes *out, struct sm_map *map, struct sm_arena *scratch)
{
    struct sm_attribute **sorted = sm_arena_zalloc(scratch, map->count, sizeof(*sorted));
    for (size_t i = 0; i < map->count; i++)
        sorted[i] = &map->entries[i];
    if (map->count > 0)
        qsort(sorted, map->count, sizeof(*sorted), order_entries);
    sm_bytes_append_char(out, '{');
    for (size_t i = 0; i < map->count; i++) {
        if (i > 0)
            sm_bytes_append_char(out, ',');
        append_json_string(out, sorted[i]->key);
        sm_bytes_append_char(out, ':');
        sm_ottl_append_json(out, &sorted[i]->value, scratch);
    }
    sm_bytes_append_char(out, '}');
}

/* No bytes are a nil slice in the reference. */
static void append_json_bytes(struct sm_bytes *out, struct sm_slice bytes)
{
    if (bytes.size == 0) {
        sm_bytes_append_text(out, "null");
        return;
    }
    sm_bytes_append_char(out, '"');
    append_base64(out, bytes);
    sm_bytes_append_char(out, '"');
}

void sm_ottl_append_json(struct sm_bytes *out, struct sm_value *value, struct sm_arena *scratch)
{
    switch (value->type) {
    case SM_VALUE_EMPTY:
        sm_bytes_append_text(out, "null");
        break;
    case SM_VALUE_STRING:
        append_json_string(out, value->string);
        break;
    case SM_VALUE_BOOL:
        sm_bytes_append_text(out, value->boolean ? "true" : "false");
        break;
    case SM_VALUE_INT:
        sm_bytes_printf(out, "%" PRId64, value->integer);
        break;
    case SM_VALUE_DOUBLE:
        append_double(out, value->number, true);
        break;
    case SM_VALUE_LIST:
        append_json_list(out, sm_value_list(value, scratch), scratch);
        break;
    case SM_VALUE_MAP:
        append_json_map(out, sm_value_map(value, scratch), scratch);
        break;
    case SM_VALUE_BYTES:
        append_json_bytes(out, value->bytes);
        break;
    }
}

/* ---- times */

void sm_ottl_append_rfc3339(struct sm_bytes *out, struct sm_ottl_time time)
{
    int64_t local = time.seconds + time.zone_offset_s;
    int64_t days = local / 86400, second = local % 86400;
    if (second < 0) {
        second += 86400;
        days--;
    }
    /* Civil date of a day number: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms". */
    int64_t shifted = days + 719468, era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
    int64_t of_era = shifted - era * 146097, year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * year + year / 4 - year / 100), month = (5 * of_year + 2) / 153;
    int64_t day = of_year - (153 * month + 2) / 5 + 1;
    month = month < 10 ? month + 3 : month - 9;
    year += era * 400 + (month <= 2);
    sm_bytes_printf(out, "%04" PRId64 "-%02" PRId64 "-%02" PRId64 "T%02" PRId64 ":%02" PRId64 ":%02" PRId64, year, month, day, second / 3600,
                    second / 60 % 60, second % 60);
    if (time.nanos != 0) {
        char fraction[16];
        int size = snprintf(fraction, sizeof(fraction), ".%09d", time.nanos);
        while (fraction[size - 1] == '0')
            size--;
        sm_bytes_append(out, fraction, (size_t)size);
    }
    if (time.zone_offset_s == 0)
        sm_bytes_append_char(out, 'Z');
    else
        sm_bytes_printf(out, "%c%02d:%02d", time.zone_offset_s < 0 ? '-' : '+', abs(time.zone_offset_s) / 3600, abs(time.zone_offset_s) / 60 % 60);
}

/* ---- string-like arguments */

/* Ids are arrays of bytes to the reference's encoder: [0,17,34]. */
static void append_id(struct sm_bytes *out, struct sm_slice id, size_t size)
{
    for (size_t i = 0; i < size; i++)
        sm_bytes_printf(out, "%c%u", i == 0 ? '[' : ',', i < id.size ? (unsigned char)id.ptr[i] : 0u);
    sm_bytes_append_char(out, ']');
}

static void append_object(struct sm_bytes *out, const struct sm_ottl_value *value)
{
    if (value->object_kind != SM_OTTL_UINTS && value->object_kind != SM_OTTL_DOUBLES) {
        sm_bytes_append_text(out, "{}"); /* structs without visible members, to the reference's encoder */
        return;
    }
    if (value->count == 0) { /* no list at all */
        sm_bytes_append_text(out, "null");
        return;
    }
    sm_bytes_append_char(out, '[');
    for (size_t i = 0; i < value->count; i++) {
        if (i > 0)
            sm_bytes_append_char(out, ',');
        if (value->object_kind == SM_OTTL_UINTS)
            sm_bytes_printf(out, "%" PRIu64, ((const uint64_t *)value->object)[i]);
        else
            append_double(out, ((const double *)value->object)[i], true);
    }
    sm_bytes_append_char(out, ']');
}

static bool is_finite_attribute(struct sm_value *value, struct sm_arena *scratch)
{
    if (value->type == SM_VALUE_LIST) {
        struct sm_list *list = sm_value_list(value, scratch);
        for (size_t i = 0; i < list->count; i++)
            if (!is_finite_attribute(&list->items[i], scratch))
                return false;
    } else if (value->type == SM_VALUE_MAP) {
        struct sm_map *map = sm_value_map(value, scratch);
        for (size_t i = 0; i < map->count; i++)
            if (!is_finite_attribute(&map->entries[i].value, scratch))
                return false;
    }
    return value->type != SM_VALUE_DOUBLE || isfinite(value->number);
}

/* Maps and lists of the telemetry in a list that a statement wrote are structs without visible members, to the reference's encoder. */
static bool is_hidden_part(const struct sm_ottl_value *part)
{
    return (part->kind == SM_OTTL_MAP || part->kind == SM_OTTL_LIST) && !part->is_written && !part->is_typed;
}

bool sm_ottl_has_json(const struct sm_ottl_value *value, struct sm_arena *scratch)
{
    static const int64_t year_0 = INT64_C(-62167219200), year_10000 = INT64_C(253402300800);
    struct sm_value whole = {.type = SM_VALUE_EMPTY};
    if (value->kind == SM_OTTL_TIME) {
        int64_t local = value->time.seconds + value->time.zone_offset_s;
        return local >= year_0 && local < year_10000 && abs(value->time.zone_offset_s) < 86400;
    }
    if (value->kind == SM_OTTL_DOUBLE)
        return isfinite(value->number);
    for (size_t i = 0; value->has_parts && i < value->list->count; i++)
        if (!is_hidden_part(&value->parts[i]) && !sm_ottl_has_json(&value->parts[i], scratch))
            return false;
    if (value->has_parts)
        return true;
    if (value->kind == SM_OTTL_LIST)
        whole = (struct sm_value){.type = SM_VALUE_LIST, .list = value->list};
    else if (value->kind == SM_OTTL_MAP)
        whole = (struct sm_value){.type = SM_VALUE_MAP, .map = value->map};
    return is_finite_attribute(&whole, scratch);
}

static void append_text(struct sm_bytes *out, const struct sm_ottl_value *value, struct sm_arena *arena);

static void append_part(struct sm_bytes *out, const struct sm_ottl_value *part, struct sm_arena *arena)
{
    struct sm_value attribute = {.type = SM_VALUE_EMPTY};
    if (is_hidden_part(part)) {
        sm_bytes_append_text(out, "{}");
    } else if (part->kind > SM_OTTL_BYTES) {
        append_text(out, part, arena);
    } else {
        (void)sm_ottl_to_attribute(part, arena, &attribute);
        sm_ottl_append_json(out, &attribute, arena);
    }
}

static void append_parts(struct sm_bytes *out, const struct sm_ottl_value *parts, size_t count, struct sm_arena *arena)
{
    sm_bytes_append_char(out, '[');
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            sm_bytes_append_char(out, ',');
        append_part(out, &parts[i], arena);
    }
    sm_bytes_append_char(out, ']');
}

static void append_text(struct sm_bytes *out, const struct sm_ottl_value *value, struct sm_arena *arena)
{
    switch (value->kind) {
    case SM_OTTL_NIL:
    case SM_OTTL_STRING:
        break;
    case SM_OTTL_BOOL:
        sm_bytes_append_text(out, value->boolean ? "true" : "false");
        break;
    case SM_OTTL_INT:
    case SM_OTTL_DURATION:
        sm_bytes_printf(out, "%" PRId64, value->integer);
        break;
    case SM_OTTL_DOUBLE:
        append_double(out, value->number, true);
        break;
    case SM_OTTL_BYTES:
        sm_hex_append(out, value->text);
        break;
    case SM_OTTL_LIST:
        if (value->has_parts)
            append_parts(out, value->parts, value->list->count, arena);
        else
            append_json_list(out, value->list, arena);
        break;
    case SM_OTTL_MAP:
        append_json_map(out, value->map, arena);
        break;
    case SM_OTTL_TIME:
        sm_bytes_append_char(out, '"');
        sm_ottl_append_rfc3339(out, value->time);
        sm_bytes_append_char(out, '"');
        break;
    case SM_OTTL_TRACE_ID:
        append_id(out, value->text, 16);
        break;
    case SM_OTTL_SPAN_ID:
        append_id(out, value->text, 8);
        break;
    default:
        append_object(out, value);
    }
}

bool sm_ottl_text(const struct sm_ottl_value *value, struct sm_arena *arena, struct sm_slice *text)
{
    struct sm_bytes out;
    if (value->kind == SM_OTTL_STRING) {
        *text = value->text;
        return true;
    }
    sm_bytes_init(&out, arena);
    append_text(&out, value, arena);
    *text = sm_bytes_slice(&out);
    return value->kind != SM_OTTL_NIL;
}
