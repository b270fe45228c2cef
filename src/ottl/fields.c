/* fields.c - reading and setting plain fields by type and offset.
 *
 * Setters check the type of the value as the reference's do; ids of zeros are stored as absent. Marks the owner as changed.
 * Source: opentelemetry-collector-contrib pkg/ottl/contexts/internal/ctx*. */
#include <ctype.h>
#include <inttypes.h>

#include "ottl/compile.h"
#include "base/hex.h"
#include "telemetry/span.h"

static const char zeros[SM_TRACE_ID_SIZE];

static struct sm_slice full_id(struct sm_slice id, size_t size)
{
    return id.size == size ? id : sm_slice_make(zeros, size);
}

static struct sm_ottl_value hex_value(struct sm_slice id, struct sm_arena *arena)
{
    return sm_ottl_string(sm_hex_text(id, arena));
}

static struct sm_ottl_value id_value(enum sm_ottl_kind kind, struct sm_slice id)
{
    return (struct sm_ottl_value){.kind = kind, .text = id};
}

bool sm_ottl_field_get(const struct sm_ottl_path *path, struct sm_ottl_run *run, struct sm_ottl_value *out)
{
    const void *owner = path->owner(run);
    if (!owner) {
        *out = sm_ottl_nil();
        return true;
    }
    const void *field = (const char *)owner + path->offset;
    switch (path->field) {
    case SM_OTTL_FIELD_NONE:
        *out = sm_ottl_nil();
        break;
    case SM_OTTL_FIELD_TEXT:
        *out = sm_ottl_string(*(const struct sm_slice *)field);
        break;
    case SM_OTTL_FIELD_INT32:
        *out = sm_ottl_int(*(const int32_t *)field);
        break;
    case SM_OTTL_FIELD_UINT32:
    case SM_OTTL_FIELD_FLAGS:
        *out = sm_ottl_int(*(const uint32_t *)field);
        break;
    case SM_OTTL_FIELD_UINT64:
    case SM_OTTL_FIELD_NANOS:
        *out = sm_ottl_int((int64_t) * (const uint64_t *)field);
        break;
    case SM_OTTL_FIELD_TIME:
        *out = sm_ottl_time(sm_ottl_time_from_ns((int64_t) * (const uint64_t *)field));
        break;
    case SM_OTTL_FIELD_TRACE_ID:
        *out = id_value(SM_OTTL_TRACE_ID, full_id(*(const struct sm_slice *)field, SM_TRACE_ID_SIZE));
        break;
    case SM_OTTL_FIELD_TRACE_ID_HEX:
        *out = hex_value(full_id(*(const struct sm_slice *)field, SM_TRACE_ID_SIZE), run->arena);
        break;
    case SM_OTTL_FIELD_SPAN_ID:
        *out = id_value(SM_OTTL_SPAN_ID, full_id(*(const struct sm_slice *)field, SM_SPAN_ID_SIZE));
        break;
    case SM_OTTL_FIELD_SPAN_ID_HEX:
        *out = hex_value(full_id(*(const struct sm_slice *)field, SM_SPAN_ID_SIZE), run->arena);
        break;
    }
    return true;
}

static struct sm_slice own_id(struct sm_slice id, struct sm_arena *arena)
{
    return id.size <= sizeof(zeros) && memcmp(id.ptr, zeros, id.size) == 0 ? (struct sm_slice){0} : sm_arena_copy(arena, id);
}

bool sm_ottl_id_from_hex(struct sm_ottl_run *run, struct sm_slice text, size_t size, struct sm_slice *id)
{
    char bytes[SM_TRACE_ID_SIZE];
    if (text.size / 2 != size)
        return sm_ottl_fail(run, "%s ids must be %zu hex characters", size == SM_TRACE_ID_SIZE ? "trace" : "span", 2 * size);
    for (size_t i = 0; i < text.size; i++)
        if (!isxdigit((unsigned char)text.ptr[i]))
            return sm_ottl_fail(run, "encoding/hex: invalid byte 0x%02x", (unsigned char)text.ptr[i]);
    if (!sm_hex_read(text, bytes))
        return sm_ottl_fail(run, "encoding/hex: odd length hex string");
    *id = own_id(sm_slice_make(bytes, size), run->arena);
    return true;
}

static enum sm_ottl_kind wanted_kind(enum sm_ottl_field_kind field)
{
    switch (field) {
    case SM_OTTL_FIELD_TEXT:
    case SM_OTTL_FIELD_TRACE_ID_HEX:
    case SM_OTTL_FIELD_SPAN_ID_HEX:
        return SM_OTTL_STRING;
    case SM_OTTL_FIELD_TIME:
        return SM_OTTL_TIME;
    case SM_OTTL_FIELD_TRACE_ID:
        return SM_OTTL_TRACE_ID;
    case SM_OTTL_FIELD_SPAN_ID:
        return SM_OTTL_SPAN_ID;
    default:
        return SM_OTTL_INT;
    }
}

static bool store(const struct sm_ottl_path *path, struct sm_ottl_run *run, const struct sm_ottl_value *value, void *field)
{
    switch (path->field) {
    case SM_OTTL_FIELD_NONE:
        return true;
    case SM_OTTL_FIELD_TEXT:
        *(struct sm_slice *)field = value->is_constant ? sm_arena_copy(run->arena, value->text) : value->text;
        return true;
    case SM_OTTL_FIELD_INT32:
        *(int32_t *)field = (int32_t)value->integer;
        return true;
    case SM_OTTL_FIELD_FLAGS:
        if (value->integer < 0 || value->integer > UINT32_MAX)
            return sm_ottl_fail(run, "value %" PRId64 " is out of range for uint32", value->integer);
        *(uint32_t *)field = (uint32_t)value->integer;
        return true;
    case SM_OTTL_FIELD_UINT32:
        *(uint32_t *)field = (uint32_t)value->integer;
        return true;
    case SM_OTTL_FIELD_UINT64:
    case SM_OTTL_FIELD_NANOS:
        *(uint64_t *)field = (uint64_t)value->integer;
        return true;
    case SM_OTTL_FIELD_TIME:
        *(uint64_t *)field = (uint64_t)sm_ottl_time_to_ns(value->time);
        return true;
    case SM_OTTL_FIELD_TRACE_ID:
    case SM_OTTL_FIELD_SPAN_ID:
        *(struct sm_slice *)field = own_id(value->text, run->arena);
        return true;
    case SM_OTTL_FIELD_TRACE_ID_HEX:
        return sm_ottl_id_from_hex(run, value->text, SM_TRACE_ID_SIZE, field);
    case SM_OTTL_FIELD_SPAN_ID_HEX:
        return sm_ottl_id_from_hex(run, value->text, SM_SPAN_ID_SIZE, field);
    }
    return true;
}

bool sm_ottl_field_set(const struct sm_ottl_path *path, struct sm_ottl_run *run, const struct sm_ottl_value *value)
{
    if (!sm_ottl_want(run, value, wanted_kind(path->field)))
        return false;
    void *owner = path->owner(run);
    if (!owner)
        return sm_ottl_fail(run, "there is nothing that has %s", path->name);
    if (!store(path, run, value, (char *)owner + path->offset))
        return false;
    path->mark(run);
    return true;
}
