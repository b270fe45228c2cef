/* value_json.h - Alloy values as the JSON that the recorded tables have: {"int": "1"}, {"float": "1.5"}, {"object": {…}}, {"secret": "…"}; texts,
 * booleans, null and lists as they are. */
#pragma once

#include <jansson.h>

#include "alloy/value.h"
#include "base/utf8.h"

static json_t *value_json(const struct sm_alloy_value *value);

/* Bytes that are no UTF-8 are U+FFFD in the tables. */
static json_t *value_json_text(struct sm_slice text)
{
    struct sm_bytes out = {0};
    while (text.size) {
        size_t size;
        bool is_sound;
        uint32_t rune = sm_utf8_read(text, &size, &is_sound);
        out.size += sm_utf8_write(rune, sm_bytes_reserve(&out, SM_UTF8_SIZE_MAX));
        text = sm_slice_make(text.ptr + size, text.size - size);
    }
    json_t *json = json_stringn(out.ptr ? out.ptr : "", out.size);
    sm_bytes_deinit(&out);
    return json;
}

static json_t *value_json_number(const struct sm_alloy_value *value)
{
    char text[32];
    if (value->number_kind == SM_ALLOY_DOUBLE)
        snprintf(text, sizeof(text), "%.17g", value->number);
    else
        snprintf(text, sizeof(text), value->number_kind == SM_ALLOY_INT ? "%lld" : "%llu", (long long)value->integer);
    return json_pack("{s:s}", value->number_kind == SM_ALLOY_DOUBLE ? "float" : "int", text);
}

static json_t *value_json_capsule(const struct sm_alloy_value *value)
{
    if (value->capsule == SM_ALLOY_SECRET)
        return json_pack("{s:o}", "secret", value_json_text(value->text));
    return json_pack("{s:o,s:b}", "optional_secret", value_json_text(value->text), "is_secret", value->is_secret);
}

static json_t *value_json(const struct sm_alloy_value *value)
{
    json_t *json;
    switch (value->type) {
    case SM_ALLOY_TYPE_NULL:
        return json_null();
    case SM_ALLOY_TYPE_STRING:
        return value_json_text(value->text);
    case SM_ALLOY_TYPE_BOOL:
        return json_boolean(value->boolean);
    case SM_ALLOY_TYPE_NUMBER:
        return value_json_number(value);
    case SM_ALLOY_TYPE_ARRAY:
        json = json_array();
        for (size_t i = 0; i < value->array.count; i++)
            json_array_append_new(json, value_json(value->array.items[i]));
        return json;
    case SM_ALLOY_TYPE_OBJECT:
        json = json_object();
        for (size_t i = 0; i < value->object.count; i++)
            json_object_setn_new(json, value->object.entries[i].key.ptr ? value->object.entries[i].key.ptr : "", value->object.entries[i].key.size,
                                 value_json(value->object.entries[i].value));
        return json_pack("{s:o}", "object", json);
    case SM_ALLOY_TYPE_CAPSULE:
        return value_json_capsule(value);
    case SM_ALLOY_TYPE_FUNCTION:
        break;
    }
    return json_pack("{s:b}", "function", 1);
}
