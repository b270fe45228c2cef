/* tracer_fields.c - see tracer_fields.h. Stateless. */
#include "datadog/tracer_fields.h"

#include "base/utf8.h"

static const char wrong_type[] = "msgpack: a value is of another type than its field";
static const char out_of_range[] = "msgpack: a number is out of its field's range";

/* ---- texts */

bool sm_tracer_text(struct sm_msgpack_cursor *cursor, struct sm_arena *arena, struct sm_slice *text)
{
    struct sm_msgpack_value value;
    if (!sm_msgpack_read(cursor, &value))
        return false;
    if (value.type == SM_MSGPACK_NIL)
        value.text = (struct sm_slice){0};
    else if (value.type != SM_MSGPACK_TEXT && value.type != SM_MSGPACK_BYTES)
        return sm_msgpack_fail(cursor, wrong_type);
    *text = sm_utf8_repair(value.text, arena);
    return true;
}

bool sm_tracer_bytes(struct sm_msgpack_cursor *cursor, struct sm_slice *bytes)
{
    struct sm_msgpack_value value;
    if (!sm_msgpack_read(cursor, &value))
        return false;
    if (value.type != SM_MSGPACK_NIL && value.type != SM_MSGPACK_BYTES)
        return sm_msgpack_fail(cursor, wrong_type);
    *bytes = value.type == SM_MSGPACK_NIL ? (struct sm_slice){0} : value.text;
    return true;
}

/* ---- numbers */

bool sm_tracer_uint64(struct sm_msgpack_cursor *cursor, uint64_t *number)
{
    struct sm_msgpack_value value;
    if (!sm_msgpack_read(cursor, &value))
        return false;
    if (value.type == SM_MSGPACK_NIL)
        *number = 0;
    else if (value.type == SM_MSGPACK_UINT)
        *number = value.natural;
    else if (value.type == SM_MSGPACK_INT)
        *number = (uint64_t)value.integer; /* senders without unsigned numbers */
    else
        return sm_msgpack_fail(cursor, wrong_type);
    return true;
}

bool sm_tracer_int64(struct sm_msgpack_cursor *cursor, int64_t *number)
{
    struct sm_msgpack_value value;
    if (!sm_msgpack_read(cursor, &value))
        return false;
    if (value.type == SM_MSGPACK_UINT && value.natural > INT64_MAX)
        return sm_msgpack_fail(cursor, out_of_range);
    if (value.type == SM_MSGPACK_NIL)
        *number = 0;
    else if (value.type == SM_MSGPACK_UINT)
        *number = (int64_t)value.natural;
    else if (value.type == SM_MSGPACK_INT)
        *number = value.integer;
    else
        return sm_msgpack_fail(cursor, wrong_type);
    return true;
}

bool sm_tracer_int32(struct sm_msgpack_cursor *cursor, int32_t *number)
{
    int64_t wide;
    if (!sm_tracer_int64(cursor, &wide))
        return false;
    if (wide < INT32_MIN || wide > INT32_MAX)
        return sm_msgpack_fail(cursor, out_of_range);
    *number = (int32_t)wide;
    return true;
}

bool sm_tracer_uint32(struct sm_msgpack_cursor *cursor, uint32_t *number)
{
    int64_t wide;
    if (!sm_tracer_int64(cursor, &wide))
        return false;
    if (wide < 0 || wide > UINT32_MAX)
        return sm_msgpack_fail(cursor, out_of_range);
    *number = (uint32_t)wide;
    return true;
}

bool sm_tracer_double(struct sm_msgpack_cursor *cursor, double *number)
{
    struct sm_msgpack_value value;
    if (!sm_msgpack_read(cursor, &value))
        return false;
    if (value.type == SM_MSGPACK_NIL)
        *number = 0;
    else if (value.type == SM_MSGPACK_UINT)
        *number = (double)value.natural;
    else if (value.type == SM_MSGPACK_INT)
        *number = (double)value.integer;
    else if (value.type == SM_MSGPACK_FLOAT64)
        *number = value.number;
    else
        return sm_msgpack_fail(cursor, wrong_type);
    return true;
}

bool sm_tracer_bool(struct sm_msgpack_cursor *cursor, bool *boolean)
{
    struct sm_msgpack_value value;
    if (!sm_msgpack_read(cursor, &value))
        return false;
    if (value.type != SM_MSGPACK_BOOL)
        return sm_msgpack_fail(cursor, wrong_type);
    *boolean = value.boolean;
    return true;
}

/* ---- lists and maps */

static bool head(struct sm_msgpack_cursor *cursor, enum sm_msgpack_type type, uint32_t *count)
{
    struct sm_msgpack_value value;
    if (!sm_msgpack_read(cursor, &value))
        return false;
    if (value.type != SM_MSGPACK_NIL && value.type != type)
        return sm_msgpack_fail(cursor, wrong_type);
    *count = value.type == SM_MSGPACK_NIL ? 0 : value.count;
    return true;
}

bool sm_tracer_array(struct sm_msgpack_cursor *cursor, uint32_t *count)
{
    return head(cursor, SM_MSGPACK_ARRAY, count);
}

bool sm_tracer_map(struct sm_msgpack_cursor *cursor, uint32_t *count)
{
    return head(cursor, SM_MSGPACK_MAP, count);
}

bool sm_tracer_texts(struct sm_msgpack_cursor *cursor, struct sm_arena *arena, struct sm_stats_texts *texts)
{
    uint32_t count;
    if (!sm_tracer_array(cursor, &count))
        return false;
    *texts = (struct sm_stats_texts){.items = sm_arena_alloc(arena, count * sizeof(*texts->items))};
    for (; texts->count < count; texts->count++)
        if (!sm_tracer_text(cursor, arena, &texts->items[texts->count]))
            return false;
    return true;
}

bool sm_tracer_text_map(struct sm_msgpack_cursor *cursor, struct sm_arena *arena, struct sm_datadog_map *map)
{
    uint32_t count;
    struct sm_slice key, text;
    *map = (struct sm_datadog_map){0};
    if (!sm_tracer_map(cursor, &count))
        return false;
    for (uint32_t i = 0; i < count; i++) {
        if (!sm_tracer_text(cursor, arena, &key) || !sm_tracer_text(cursor, arena, &text))
            return false;
        sm_datadog_map_set_text(map, arena, key, text);
    }
    return true;
}

bool sm_tracer_object(struct sm_msgpack_cursor *cursor, struct sm_arena *arena, const char *const *names, int count, sm_tracer_field *read, void *out)
{
    uint32_t pairs;
    struct sm_slice key;
    if (!sm_tracer_map(cursor, &pairs))
        return false;
    for (uint32_t i = 0; i < pairs; i++) {
        if (!sm_tracer_text(cursor, arena, &key))
            return false;
        int field = 0;
        while (field < count && !sm_slice_is(key, names[field]))
            field++;
        if (!(field < count ? read(cursor, arena, field, out) : sm_msgpack_skip(cursor)))
            return false;
    }
    return true;
}
