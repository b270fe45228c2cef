/* value.c - conversions between attribute values and expression values, comparison across types.
 *
 * Changes nothing but the arena and lazily decoded lists and maps.
 * Source: opentelemetry-collector-contrib pkg/ottl/{compare,expression}.go and contexts/internal/ctxutil/value.go. */
#include "ottl/value.h"

#include "base/bytes.h"

static const char *const kind_names[SM_OTTL_KIND_COUNT] = {
    [SM_OTTL_NIL] = "nil",          [SM_OTTL_BOOL] = "bool",         [SM_OTTL_INT] = "int64",        [SM_OTTL_DOUBLE] = "float64",
    [SM_OTTL_STRING] = "string",    [SM_OTTL_BYTES] = "[]byte",      [SM_OTTL_MAP] = "map",          [SM_OTTL_LIST] = "list",
    [SM_OTTL_TIME] = "time",        [SM_OTTL_DURATION] = "duration", [SM_OTTL_TRACE_ID] = "TraceID", [SM_OTTL_SPAN_ID] = "SpanID",
    [SM_OTTL_OBJECT] = "telemetry",
};

const char *sm_ottl_kind_name(const struct sm_ottl_value *value)
{
    return kind_names[value->kind];
}

struct sm_ottl_value sm_ottl_from_attribute(struct sm_value *value, struct sm_arena *arena)
{
    switch (value->type) {
    case SM_VALUE_STRING:
        return sm_ottl_string(value->string);
    case SM_VALUE_BOOL:
        return sm_ottl_bool(value->boolean);
    case SM_VALUE_INT:
        return sm_ottl_int(value->integer);
    case SM_VALUE_DOUBLE:
        return sm_ottl_double(value->number);
    case SM_VALUE_LIST:
        return sm_ottl_list(sm_value_list(value, arena));
    case SM_VALUE_MAP:
        return sm_ottl_map(sm_value_map(value, arena));
    case SM_VALUE_BYTES:
        return sm_ottl_bytes(value->bytes);
    case SM_VALUE_EMPTY:
        break;
    }
    return sm_ottl_nil();
}

static struct sm_slice copy_text(struct sm_slice text, struct sm_arena *arena, bool copy)
{
    return copy ? sm_arena_copy(arena, text) : text;
}

struct sm_list sm_ottl_copy_list(const struct sm_list *list, struct sm_arena *arena, bool copy_texts)
{
    struct sm_list copy = {.items = sm_arena_zalloc(arena, list->count, sizeof(struct sm_value)), .count = list->count, .capacity = list->count};
    for (size_t i = 0; i < list->count; i++)
        copy.items[i] = sm_ottl_copy_attribute(&list->items[i], arena, copy_texts);
    return copy;
}

struct sm_map sm_ottl_copy_map(const struct sm_map *map, struct sm_arena *arena, bool copy_texts)
{
    struct sm_map copy = {.entries = sm_arena_zalloc(arena, map->count, sizeof(struct sm_attribute)), .count = map->count, .capacity = map->count};
    for (size_t i = 0; i < map->count; i++) {
        copy.entries[i].key = copy_text(map->entries[i].key, arena, copy_texts);
        copy.entries[i].value = sm_ottl_copy_attribute(&map->entries[i].value, arena, copy_texts);
    }
    return copy;
}

struct sm_value sm_ottl_copy_attribute(const struct sm_value *value, struct sm_arena *arena, bool copy_texts)
{
    struct sm_value copy = *value;
    if (value->type == SM_VALUE_STRING || value->type == SM_VALUE_BYTES || value->encoded) {
        copy.bytes = copy_text(value->bytes, arena, copy_texts);
    } else if (value->type == SM_VALUE_LIST) {
        copy.list = sm_arena_alloc(arena, sizeof(struct sm_list));
        *copy.list = sm_ottl_copy_list(value->list, arena, copy_texts);
    } else if (value->type == SM_VALUE_MAP) {
        copy.map = sm_arena_alloc(arena, sizeof(struct sm_map));
        *copy.map = sm_ottl_copy_map(value->map, arena, copy_texts);
    }
    return copy;
}

/* Explicit bounds are a plain list of floats to the reference; other parts of the telemetry cannot be stored. */
static bool doubles_to_attribute(const struct sm_ottl_value *value, struct sm_arena *arena, struct sm_value *out)
{
    if (value->object_kind != SM_OTTL_DOUBLES)
        return false;
    struct sm_list *list = sm_arena_zalloc(arena, 1, sizeof(*list));
    *list = (struct sm_list){.items = sm_arena_zalloc(arena, value->count, sizeof(struct sm_value)), .count = value->count, .capacity = value->count};
    for (size_t i = 0; i < value->count; i++)
        list->items[i] = sm_value_double(((const double *)value->object)[i]);
    *out = (struct sm_value){.type = SM_VALUE_LIST, .list = list};
    return true;
}

bool sm_ottl_to_attribute(const struct sm_ottl_value *value, struct sm_arena *arena, struct sm_value *out)
{
    switch (value->kind) {
    case SM_OTTL_BOOL:
        *out = sm_value_bool(value->boolean);
        return true;
    case SM_OTTL_INT:
        *out = sm_value_int(value->integer);
        return true;
    case SM_OTTL_DOUBLE:
        *out = sm_value_double(value->number);
        return true;
    case SM_OTTL_STRING:
        *out = sm_value_string(copy_text(value->text, arena, value->is_constant));
        return true;
    case SM_OTTL_BYTES:
        *out = (struct sm_value){.type = SM_VALUE_BYTES, .bytes = copy_text(value->text, arena, value->is_constant)};
        return true;
    case SM_OTTL_LIST:
        *out = (struct sm_value){.type = SM_VALUE_LIST, .list = sm_arena_alloc(arena, sizeof(struct sm_list))};
        *out->list = sm_ottl_copy_list(value->list, arena, value->is_constant);
        return true;
    case SM_OTTL_MAP:
        *out = (struct sm_value){.type = SM_VALUE_MAP, .map = sm_arena_alloc(arena, sizeof(struct sm_map))};
        *out->map = sm_ottl_copy_map(value->map, arena, value->is_constant);
        return true;
    case SM_OTTL_OBJECT:
        return doubles_to_attribute(value, arena, out);
    default:
        return false;
    }
}

/* ---- comparison */

static bool decide(int order, enum sm_ottl_compare operator)
{
    switch (operator) {
    case SM_OTTL_EQ:
        return order == 0;
    case SM_OTTL_NE:
        return order != 0;
    case SM_OTTL_LT:
        return order < 0;
    case SM_OTTL_LE:
        return order <= 0;
    case SM_OTTL_GE:
        return order >= 0;
    case SM_OTTL_GT:
        return order > 0;
    }
    return false;
}

/* Not as an order: NaN is neither less, equal nor greater. */
static bool compare_doubles(double a, enum sm_ottl_compare operator, double b)
{
    switch (operator) {
    case SM_OTTL_EQ:
        return a == b;
    case SM_OTTL_NE:
        return a != b;
    case SM_OTTL_LT:
        return a < b;
    case SM_OTTL_LE:
        return a <= b;
    case SM_OTTL_GE:
        return a >= b;
    case SM_OTTL_GT:
        return a > b;
    }
    return false;
}

static int order_ints(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

static int order_times(const struct sm_ottl_time *a, const struct sm_ottl_time *b)
{
    int order = order_ints(a->seconds, b->seconds);
    return order ? order : order_ints(a->nanos, b->nanos);
}

static bool is_number(const struct sm_ottl_value *value)
{
    return value->kind == SM_OTTL_INT || value->kind == SM_OTTL_DOUBLE;
}

static double as_double(const struct sm_ottl_value *value)
{
    return value->kind == SM_OTTL_INT ? (double)value->integer : value->number;
}

/* What only knows equality. */
static bool compare_wholes(bool are_equal, enum sm_ottl_compare operator)
{
    return operator== SM_OTTL_EQ ? are_equal : operator== SM_OTTL_NE ? !are_equal : false;
}

static bool equal_parts(const struct sm_ottl_value *a, const struct sm_ottl_value *b, struct sm_arena *scratch)
{
    struct sm_value left = {.type = SM_VALUE_LIST, .list = a->list}, right = {.type = SM_VALUE_LIST, .list = b->list};
    if (a->kind == SM_OTTL_MAP) {
        left = (struct sm_value){.type = SM_VALUE_MAP, .map = a->map};
        right = (struct sm_value){.type = SM_VALUE_MAP, .map = b->map};
    }
    return sm_value_equal(&left, &right, scratch);
}

/* No bytes are a nil slice in the reference, which equals nil. */
static enum sm_ottl_kind comparable_kind(const struct sm_ottl_value *value)
{
    return value->kind == SM_OTTL_BYTES && value->text.size == 0 ? SM_OTTL_NIL : value->kind;
}

bool sm_ottl_compare(const struct sm_ottl_value *a, enum sm_ottl_compare operator, const struct sm_ottl_value * b, struct sm_arena *scratch)
{
    if (a->kind == SM_OTTL_INT && b->kind == SM_OTTL_INT)
        return decide(order_ints(a->integer, b->integer), operator);
    if (is_number(a) && is_number(b))
        return compare_doubles(as_double(a), operator, as_double(b));
    enum sm_ottl_kind kind = comparable_kind(a);
    if (kind != comparable_kind(b))
        return operator== SM_OTTL_NE;
    switch (kind) {
    case SM_OTTL_NIL:
        return operator== SM_OTTL_EQ || operator== SM_OTTL_LE || operator== SM_OTTL_GE;
    case SM_OTTL_BOOL:
        return decide(a->boolean - b->boolean, operator);
    case SM_OTTL_STRING:
    case SM_OTTL_BYTES:
        return decide(sm_slice_compare(a->text, b->text), operator);
    case SM_OTTL_DURATION:
        return decide(order_ints(a->integer, b->integer), operator);
    case SM_OTTL_TIME:
        return decide(order_times(&a->time, &b->time), operator);
    case SM_OTTL_TRACE_ID:
    case SM_OTTL_SPAN_ID:
        return compare_wholes(sm_slice_equal(a->text, b->text), operator);
    case SM_OTTL_LIST:
    case SM_OTTL_MAP:
        return compare_wholes(equal_parts(a, b, scratch), operator);
    default:
        return compare_wholes(a->object_kind == b->object_kind && a->object == b->object, operator);
    }
}

/* ---- times */

struct sm_ottl_time sm_ottl_time_from_ns(int64_t ns)
{
    int64_t seconds = ns / 1000000000, nanos = ns % 1000000000;
    if (nanos < 0) {
        seconds--;
        nanos += 1000000000;
    }
    return (struct sm_ottl_time){.seconds = seconds, .nanos = (int32_t)nanos};
}

int64_t sm_ottl_time_to_ns(struct sm_ottl_time time)
{
    return (int64_t)((uint64_t)time.seconds * 1000000000 + (uint64_t)time.nanos);
}
