/* library_encoding.c - encoding.*: JSON, YAML, base64 and the escapes of URLs. */
#include <math.h>

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

/* Why a value cannot be JSON; NULL when it can. */
static const char *unsupported(const struct sm_alloy_value *value)
{
    const char *reason = NULL;
    if (value->type == SM_ALLOY_TYPE_FUNCTION)
        return "json: unsupported type: func";
    if (value->type == SM_ALLOY_TYPE_NUMBER && value->number_kind == SM_ALLOY_DOUBLE && !isfinite(value->number))
        return isnan(value->number) ? "json: unsupported value: NaN"
               : value->number > 0  ? "json: unsupported value: +Inf"
                                    : "json: unsupported value: -Inf";
    for (size_t i = 0; value->type == SM_ALLOY_TYPE_ARRAY && !reason && i < value->array.count; i++)
        reason = unsupported(value->array.items[i]);
    for (size_t i = 0; value->type == SM_ALLOY_TYPE_OBJECT && !reason && i < value->object.count; i++)
        reason = unsupported(value->object.entries[i].value);
    return reason;
}

static struct sm_alloy_value *to_json(const struct sm_alloy_call *call)
{
    if (call->args[0]->type != SM_ALLOY_TYPE_OBJECT)
        return sm_alloy_call_fail(call, "jsonEncode only supports map");
    const char *reason = unsupported(call->args[0]);
    if (reason)
        return sm_alloy_call_fail(call, reason);
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

static bool is_break(char c)
{
    return c == '\n' || c == '\r';
}

/* Where Go's decoder stops in a text that is no base64: `has_digit` says which bytes are digits of the alphabet. */
static size_t wrong_byte(struct sm_slice text, const bool has_digit[256])
{
    size_t at = 0, count = 0, last = 0; /* digits of the group of four; where the last one stands */
    for (; at < text.size; at++) {
        if (is_break(text.ptr[at]))
            continue;
        if (!has_digit[(unsigned char)text.ptr[at]])
            break;
        last = at;
        count = (count + 1) % 4;
    }
    if (at == text.size)
        return at - count;
    if (text.ptr[at] != '=' || count < 2)
        return at;
    for (size_t padding = 4 - count; padding > 1; padding--) {
        size_t first = at;
        do
            at++;
        while (at < text.size && is_break(text.ptr[at]));
        if (at == text.size || text.ptr[at] != '=')
            return at == text.size ? at : first;
    }
    do
        at++;
    while (at < text.size && is_break(text.ptr[at]));
    return at < text.size ? at : last;
}

static struct sm_alloy_value *decode(const struct sm_alloy_call *call, bool is_url)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    bool has_digit[256] = {false};
    struct sm_slice given = call->args[0]->text, text = sm_arena_copy(ARENA, given);
    size_t size = 0;
    bool is_good = true;
    for (const char *c = letters; *c; c++)
        has_digit[(unsigned char)*c] = true;
    has_digit[is_url ? '-' : '+'] = has_digit[is_url ? '_' : '/'] = true;
    for (size_t i = 0; is_url && i < text.size; i++)
        is_good = is_good && text.ptr[i] != '+' && text.ptr[i] != '/';
    if (is_url)
        swap((char *)text.ptr, text.size, "-_", "+/");
    char *bytes = sm_arena_alloc(ARENA, sm_base64_decoded_size_max(text.size) + 1);
    if (!is_good || !sm_base64_decode(text, bytes, &size))
        return sm_alloy_call_fail(call, sm_arena_printf(ARENA, "illegal base64 data at input byte %zu", wrong_byte(given, has_digit)));
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
