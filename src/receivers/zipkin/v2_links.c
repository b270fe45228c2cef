/* v2_links.c - what an exporter from OTLP to Zipkin hides in texts, because Zipkin has no place for it:
 *
 *     tag otlp.link.N    trace id | span id | trace state | attributes as JSON | number of dropped attributes
 *     annotation         name | attributes as JSON | number of dropped attributes
 *
 * Attributes that are null, lists or objects are dropped; numbers without a fraction are integers. No state; allocates in the builder's arena.
 * Source: pkg/translator/zipkin/zipkinv2/to_translator.go. */
#include "receivers/zipkin/zipkin.h"

#include <math.h>
#include <stdio.h>

#include "base/hex.h"
#include "receivers/zipkin/json.h"

enum { LINK_COUNT_MAX = 128 };

static bool fail(struct sm_decode_error *error, const char *reason)
{
    *error = (struct sm_decode_error){.reason = reason};
    return false;
}

/* ---- attributes */

static struct sm_value number_value(double number)
{
    static const double out_of_range = 9223372036854775808.0;
    if (fmod(number, 1) != 0)
        return sm_value_double(number);
    return sm_value_int(number >= -out_of_range && number < out_of_range ? (int64_t)number : INT64_MIN);
}

static bool read_value(struct sm_json_scanner *scanner, struct sm_arena *arena, struct sm_value *value)
{
    struct sm_slice text = SM_SLICE("");
    double number;
    bool flag = false;
    *value = (struct sm_value){0};
    switch (sm_json_peek(scanner)) {
    case '"':
        if (!sm_zipkin_json_text(scanner, &text))
            return false;
        *value = sm_value_string(text);
        return true;
    case 't':
    case 'f':
        if (!sm_zipkin_json_bool(scanner, &flag))
            return false;
        *value = sm_value_bool(flag);
        return true;
    case 'n':
    case '[':
    case '{':
        return sm_json_skip(scanner);
    default:
        if (!sm_json_number(scanner, &text))
            return false;
        if (!sm_parse_double(text, arena, &number) || isinf(number))
            return sm_json_fail(scanner, "number out of range");
        *value = number_value(number);
        return true;
    }
}

static bool read_members(struct sm_json_scanner *scanner, struct sm_arena *arena, struct sm_attribute_builder *attributes)
{
    struct sm_slice key;
    struct sm_value value;
    if (sm_zipkin_json_null(scanner))
        return true;
    if (!sm_json_try(scanner, '{'))
        return sm_json_fail(scanner, "attributes are no object");
    if (sm_json_try(scanner, '}'))
        return true;
    do {
        if (sm_json_peek(scanner) != '"' || !sm_zipkin_json_text(scanner, &key) || !sm_json_try(scanner, ':'))
            return sm_json_fail(scanner, "expected an attribute's name and ':'");
        if (!read_value(scanner, arena, &value))
            return false;
        sm_attribute_builder_put(attributes, arena, key, value);
    } while (sm_json_try(scanner, ','));
    return sm_json_try(scanner, '}') || sm_json_fail(scanner, "expected ',' or '}' in an object");
}

static bool read_attributes(struct sm_arena *arena, struct sm_slice text, struct sm_attribute_builder *attributes, struct sm_decode_error *error)
{
    struct sm_json_scanner scanner;
    sm_json_begin(&scanner, text, arena);
    return (read_members(&scanner, arena, attributes) && sm_zipkin_json_end(&scanner)) || fail(error, scanner.error);
}

/* What stands behind the last bar; `*text` keeps what stands before it. */
static bool cut_dropped(struct sm_slice *text, uint32_t *dropped, struct sm_decode_error *error)
{
    size_t size = text->size;
    while (text->ptr[size - 1] != '|')
        size--;
    uint64_t number;
    if (!sm_parse_uint(sm_slice_make(text->ptr + size, text->size - size), UINT32_MAX, &number))
        return fail(error, "the number of dropped attributes is none");
    *dropped = (uint32_t)number;
    text->size = size - 1;
    return true;
}

static size_t count_bars(struct sm_slice text)
{
    size_t count = 0;
    for (size_t i = 0; i < text.size; i++)
        count += text.ptr[i] == '|';
    return count;
}

/* ---- ids */

/* In hexadecimal, perhaps in quotes; empty: none. */
static bool read_id(struct sm_slice text, uint8_t *id, size_t size, struct sm_decode_error *error)
{
    if (text.size >= 2 && text.ptr[0] == '"' && text.ptr[text.size - 1] == '"')
        text = sm_slice_make(text.ptr + 1, text.size - 2);
    if (text.size == 0)
        return true;
    if (text.size != 2 * size)
        return fail(error, "invalid length for ID");
    return sm_hex_read(text, id) || fail(error, "cannot unmarshal ID from string");
}

/* ---- links and events */

static bool read_link(struct sm_span_builder *builder, struct sm_built_span *span, struct sm_slice text, struct sm_decode_error *error)
{
    enum { BARS_LEAST = 4 };
    if (count_bars(text) < BARS_LEAST)
        return true;
    struct sm_built_link *link = sm_span_builder_add_link(builder, span);
    if (!read_id(sm_slice_cut(&text, '|'), link->trace_id, SM_TRACE_ID_SIZE, error) ||
        !read_id(sm_slice_cut(&text, '|'), link->span_id, SM_SPAN_ID_SIZE, error))
        return false;
    link->trace_state = sm_slice_cut(&text, '|');
    return cut_dropped(&text, &link->dropped_attributes_count, error) && read_attributes(&builder->arena, text, &link->attributes, error);
}

bool sm_zipkin_read_links(struct sm_span_builder *builder, struct sm_built_span *span, struct sm_attribute_builder *tags,
                          struct sm_decode_error *error)
{
    char key[32];
    struct sm_value value;
    for (int i = 0; i < LINK_COUNT_MAX; i++) {
        snprintf(key, sizeof(key), "otlp.link.%d", i);
        if (!sm_attribute_builder_take(tags, sm_slice_of(key), &value))
            return true;
        if (!read_link(builder, span, value.string, error))
            return false;
    }
    return true;
}

bool sm_zipkin_read_event(struct sm_span_builder *builder, struct sm_built_event *event, struct sm_slice value, struct sm_decode_error *error)
{
    enum { BARS_LEAST = 2 };
    bool has_attributes = count_bars(value) >= BARS_LEAST;
    event->name = sm_slice_cut(&value, '|');
    if (!has_attributes)
        return true;
    return cut_dropped(&value, &event->dropped_attributes_count, error) && read_attributes(&builder->arena, value, &event->attributes, error);
}
