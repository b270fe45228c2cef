/* value_text.c - values as the reference prints them: pdata/pcommon, Value.AsString, where lists and maps go through encoding/json (keys sorted, of
 * repeated ones the last, no HTML escapes; a NaN or infinity inside makes the whole text empty). */
#include "telemetry/value.h"

#include <math.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "wire/base64.h"
#include "wire/json_text.h"
#include "wire/number.h"

static void put_base64(struct sm_bytes *out, struct sm_slice bytes)
{
    size_t size = sm_base64_encoded_size(bytes.size);
    sm_base64_encode(bytes, sm_bytes_reserve(out, size));
    out->size += size;
}

enum { NUMBER_TEXT_MAX = 32 };

static size_t format_double(double number, char *text)
{
    if (!isinf(number))
        return sm_number_format(number, SM_NUMBER_ECMASCRIPT, text);
    const char *name = number > 0 ? "Infinity" : "-Infinity";
    return (size_t)(stpcpy(text, name) - text);
}

static bool put_json(struct sm_bytes *out, struct sm_value value, struct sm_arena *arena);

static bool put_json_list(struct sm_bytes *out, const struct sm_list *list, struct sm_arena *arena)
{
    sm_bytes_append_char(out, '[');
    for (size_t i = 0; i < list->count; i++) {
        if (i)
            sm_bytes_append_char(out, ',');
        if (!put_json(out, list->items[i], arena))
            return false;
    }
    sm_bytes_append_char(out, ']');
    return true;
}

/* By key, then by position. */
static int compare_entries(const void *a, const void *b)
{
    const struct sm_attribute *left = *(const struct sm_attribute *const *)a, *right = *(const struct sm_attribute *const *)b;
    size_t common = left->key.size < right->key.size ? left->key.size : right->key.size;
    int order = common ? memcmp(left->key.ptr, right->key.ptr, common) : 0;
    if (order == 0)
        order = (left->key.size > right->key.size) - (left->key.size < right->key.size);
    return order ? order : (left > right) - (left < right);
}

static bool put_json_map(struct sm_bytes *out, const struct sm_map *map, struct sm_arena *arena)
{
    const struct sm_attribute **sorted = sm_arena_alloc(arena, map->count * sizeof(const struct sm_attribute *));
    for (size_t i = 0; i < map->count; i++)
        sorted[i] = &map->entries[i];
    if (map->count)
        qsort(sorted, map->count, sizeof(const struct sm_attribute *), compare_entries);
    bool is_first = true;
    sm_bytes_append_char(out, '{');
    for (size_t i = 0; i < map->count; i++) {
        if (i + 1 < map->count && sm_slice_equal(sorted[i]->key, sorted[i + 1]->key))
            continue;
        if (!is_first)
            sm_bytes_append_char(out, ',');
        is_first = false;
        sm_json_put_string_strict(out, sorted[i]->key);
        sm_bytes_append_char(out, ':');
        if (!put_json(out, sorted[i]->value, arena))
            return false;
    }
    sm_bytes_append_char(out, '}');
    return true;
}

/* No bytes are a nil slice in the reference. */
static void put_json_bytes(struct sm_bytes *out, struct sm_slice bytes)
{
    if (bytes.size == 0) {
        sm_bytes_append_text(out, "null");
        return;
    }
    sm_bytes_append_char(out, '"');
    put_base64(out, bytes);
    sm_bytes_append_char(out, '"');
}

/* `value` is a copy: decoding its parts changes nothing that others see. */
static bool put_json(struct sm_bytes *out, struct sm_value value, struct sm_arena *arena)
{
    switch (value.type) {
    case SM_VALUE_EMPTY:
        sm_bytes_append_text(out, "null");
        return true;
    case SM_VALUE_STRING:
        sm_json_put_string_strict(out, value.string);
        return true;
    case SM_VALUE_BOOL:
        sm_bytes_append_text(out, value.boolean ? "true" : "false");
        return true;
    case SM_VALUE_INT:
        sm_json_put_int(out, value.integer);
        return true;
    case SM_VALUE_DOUBLE:
        out->size += format_double(value.number, sm_bytes_reserve(out, NUMBER_TEXT_MAX));
        return isfinite(value.number);
    case SM_VALUE_BYTES:
        put_json_bytes(out, value.bytes);
        return true;
    case SM_VALUE_LIST:
        return put_json_list(out, sm_value_list(&value, arena), arena);
    case SM_VALUE_MAP:
        return put_json_map(out, sm_value_map(&value, arena), arena);
    }
    return false;
}

struct sm_slice sm_value_to_string(const struct sm_value *value, struct sm_arena *arena)
{
    struct sm_bytes out;
    char number[NUMBER_TEXT_MAX];
    sm_bytes_init(&out, arena);
    switch (value->type) {
    case SM_VALUE_EMPTY:
        return (struct sm_slice){.ptr = ""};
    case SM_VALUE_STRING:
        return value->string;
    case SM_VALUE_BOOL:
        return value->boolean ? SM_SLICE("true") : SM_SLICE("false");
    case SM_VALUE_INT:
        return sm_arena_copy(arena, sm_slice_make(number, sm_number_format_int(value->integer, number)));
    case SM_VALUE_DOUBLE:
        return sm_arena_copy(arena, sm_slice_make(number, format_double(value->number, number)));
    case SM_VALUE_BYTES:
        put_base64(&out, value->bytes);
        break;
    case SM_VALUE_LIST:
    case SM_VALUE_MAP:
        if (!put_json(&out, *value, arena))
            return (struct sm_slice){.ptr = ""};
        break;
    }
    return sm_bytes_slice(&out);
}
