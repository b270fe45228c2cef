/* library_encoding.c - encoding.*: JSON, YAML, base64 and the escapes of URLs. */
#include "alloy/convert.h"
#include "alloy/json_value.h"
#include "alloy/library.h"
#include "base/ascii.h"
#include "base/hex.h"
#include "wire/base64.h"

#define ARENA (call->machine->arena)

static struct sm_alloy_value *from_json(const struct sm_alloy_call *call)
{
    const char *reason;
    struct sm_alloy_value *value = sm_alloy_read_json(call->args[0]->text, SM_ALLOY_JSON_GO, ARENA, &reason);
    return value ? value : sm_alloy_call_fail(call, reason);
}

static struct sm_alloy_value *from_yaml(const struct sm_alloy_call *call)
{
    const char *reason;
    struct sm_alloy_value *value = sm_alloy_read_yaml(call->args[0]->text, ARENA, &reason);
    return value ? value : sm_alloy_call_fail(call, reason);
}

static bool has_function(const struct sm_alloy_value *value)
{
    bool found = value->type == SM_ALLOY_TYPE_FUNCTION;
    for (size_t i = 0; value->type == SM_ALLOY_TYPE_ARRAY && !found && i < value->array.count; i++)
        found = has_function(value->array.items[i]);
    for (size_t i = 0; value->type == SM_ALLOY_TYPE_OBJECT && !found && i < value->object.count; i++)
        found = has_function(value->object.entries[i].value);
    return found;
}

static struct sm_alloy_value *to_json(const struct sm_alloy_call *call)
{
    if (call->args[0]->type != SM_ALLOY_TYPE_OBJECT)
        return sm_alloy_call_fail(call, "jsonEncode only supports map");
    if (has_function(call->args[0]))
        return sm_alloy_call_fail(call, "json: unsupported type: func");
    struct sm_bytes out;
    sm_bytes_init(&out, ARENA);
    sm_alloy_write_json(call->args[0], ARENA, &out);
    return sm_alloy_string(ARENA, sm_bytes_slice(&out));
}

/* ---- base64 */

static void swap(char *text, size_t size, const char *from, const char *to)
{
    for (size_t i = 0; i < size; i++)
        for (size_t k = 0; k < 2; k++)
            if (text[i] == from[k]) {
                text[i] = to[k];
                break;
            }
}

static struct sm_alloy_value *decode(const struct sm_alloy_call *call, bool is_url)
{
    struct sm_slice text = sm_arena_copy(ARENA, call->args[0]->text);
    size_t size;
    for (size_t i = 0; is_url && i < text.size; i++)
        if (text.ptr[i] == '+' || text.ptr[i] == '/')
            return sm_alloy_call_fail(call, sm_arena_printf(ARENA, "illegal base64 data at input byte %zu", i));
    if (is_url)
        swap((char *)text.ptr, text.size, "-_", "+/");
    char *bytes = sm_arena_alloc(ARENA, sm_base64_decoded_size_max(text.size) + 1);
    if (!sm_base64_decode(text, bytes, &size))
        return sm_alloy_call_fail(call, "illegal base64 data");
    return sm_alloy_bytes(ARENA, sm_slice_make(bytes, size));
}

static struct sm_alloy_value *from_base64(const struct sm_alloy_call *call)
{
    return decode(call, false);
}

static struct sm_alloy_value *from_url_base64(const struct sm_alloy_call *call)
{
    return decode(call, true);
}

static struct sm_alloy_value *encode(const struct sm_alloy_call *call, bool is_url)
{
    size_t size = sm_base64_encoded_size(call->args[0]->text.size);
    char *text = sm_arena_alloc(ARENA, size + 1);
    sm_base64_encode(call->args[0]->text, text);
    if (is_url)
        swap(text, size, "+/", "-_");
    return sm_alloy_string(ARENA, sm_slice_make(text, size));
}

static struct sm_alloy_value *to_base64(const struct sm_alloy_call *call)
{
    return encode(call, false);
}

static struct sm_alloy_value *to_url_base64(const struct sm_alloy_call *call)
{
    return encode(call, true);
}

/* ---- URLs */

static bool is_unreserved(char c)
{
    return sm_ascii_is_alnum(c) || c == '-' || c == '_' || c == '.' || c == '~';
}

static struct sm_alloy_value *url_encode(const struct sm_alloy_call *call)
{
    struct sm_slice text = call->args[0]->text;
    struct sm_bytes out;
    sm_bytes_init(&out, ARENA);
    for (size_t i = 0; i < text.size; i++)
        if (text.ptr[i] == ' ')
            sm_bytes_append_char(&out, '+');
        else if (is_unreserved(text.ptr[i]))
            sm_bytes_append_char(&out, text.ptr[i]);
        else
            sm_bytes_printf(&out, "%%%02X", (unsigned char)text.ptr[i]);
    return sm_alloy_string(ARENA, sm_bytes_slice(&out));
}

static struct sm_alloy_value *url_decode(const struct sm_alloy_call *call)
{
    struct sm_slice text = call->args[0]->text;
    struct sm_bytes out;
    sm_bytes_init(&out, ARENA);
    for (size_t i = 0; i < text.size; i++) {
        if (text.ptr[i] != '%') {
            sm_bytes_append_char(&out, text.ptr[i] == '+' ? ' ' : text.ptr[i]);
            continue;
        }
        int high = i + 2 < text.size ? sm_hex_value(text.ptr[i + 1]) : -1;
        int low = high >= 0 ? sm_hex_value(text.ptr[i + 2]) : -1;
        if (low < 0) {
            size_t shown = text.size - i < 3 ? text.size - i : 3;
            return sm_alloy_call_fail(call, sm_arena_printf(ARENA, "invalid URL escape \"%.*s\"", (int)shown, text.ptr + i));
        }
        sm_bytes_append_char(&out, (char)(high << 4 | low));
        i += 2;
    }
    return sm_alloy_string(ARENA, sm_bytes_slice(&out));
}

#define TEXT(function_name, old_name_, call_)                                                                                                        \
    {                                                                                                                                                \
        .name = "encoding." function_name, .old_name = (old_name_), .parameters = {SM_ALLOY_WANT_STRING}, .parameter_count = 1, .call = (call_)      \
    }

const struct sm_alloy_function sm_alloy_encoding_functions[] = {
    TEXT("from_json", "json_decode", from_json),
    TEXT("from_yaml", "yaml_decode", from_yaml),
    TEXT("from_base64", "base64_decode", from_base64),
    TEXT("from_URLbase64", NULL, from_url_base64),
    {.name = "encoding.to_json", .parameters = {SM_ALLOY_WANT_ANY}, .parameter_count = 1, .call = to_json},
    TEXT("to_base64", NULL, to_base64),
    TEXT("to_URLbase64", NULL, to_url_base64),
    TEXT("url_encode", NULL, url_encode),
    TEXT("url_decode", NULL, url_decode),
    {0},
};
