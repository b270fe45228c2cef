/* value.c - see value.h. Source: Alloy's syntax/internal/value and syntax/vm/error.go. */
#include "alloy/value.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "alloy/printer.h"
#include "base/memory.h"

const char *sm_alloy_type_name(enum sm_alloy_type type)
{
    static const char *const names[] = {"null", "number", "string", "bool", "array", "object", "function", "capsule"};
    return names[type];
}

static struct sm_alloy_value *make(struct sm_arena *arena, enum sm_alloy_type type)
{
    struct sm_alloy_value *value = sm_arena_zalloc(arena, 1, sizeof(*value));
    value->type = type;
    return value;
}

struct sm_alloy_value *sm_alloy_null(struct sm_arena *arena)
{
    return make(arena, SM_ALLOY_TYPE_NULL);
}

struct sm_alloy_value *sm_alloy_bool(struct sm_arena *arena, bool boolean)
{
    struct sm_alloy_value *value = make(arena, SM_ALLOY_TYPE_BOOL);
    value->boolean = boolean;
    return value;
}

struct sm_alloy_value *sm_alloy_int(struct sm_arena *arena, int64_t integer)
{
    struct sm_alloy_value *value = make(arena, SM_ALLOY_TYPE_NUMBER);
    value->number_kind = SM_ALLOY_INT;
    value->integer = integer;
    return value;
}

struct sm_alloy_value *sm_alloy_uint(struct sm_arena *arena, uint64_t whole)
{
    struct sm_alloy_value *value = make(arena, SM_ALLOY_TYPE_NUMBER);
    value->number_kind = SM_ALLOY_UINT;
    value->whole = whole;
    return value;
}

struct sm_alloy_value *sm_alloy_double(struct sm_arena *arena, double number)
{
    struct sm_alloy_value *value = make(arena, SM_ALLOY_TYPE_NUMBER);
    value->number_kind = SM_ALLOY_DOUBLE;
    value->number = number;
    return value;
}

struct sm_alloy_value *sm_alloy_string(struct sm_arena *arena, struct sm_slice text)
{
    struct sm_alloy_value *value = make(arena, SM_ALLOY_TYPE_STRING);
    value->text = text;
    return value;
}

struct sm_alloy_value *sm_alloy_bytes(struct sm_arena *arena, struct sm_slice bytes)
{
    struct sm_alloy_value *value = sm_alloy_array(arena, bytes.size);
    for (size_t i = 0; i < bytes.size; i++)
        value->array.items[i] = sm_alloy_int(arena, (unsigned char)bytes.ptr[i]);
    value->is_bytes = true;
    value->text = bytes;
    return value;
}

struct sm_alloy_value *sm_alloy_secret(struct sm_arena *arena, struct sm_slice text)
{
    struct sm_alloy_value *value = sm_alloy_capsule(arena, SM_ALLOY_SECRET, NULL);
    value->text = text;
    return value;
}

struct sm_alloy_value *sm_alloy_optional_secret(struct sm_arena *arena, struct sm_slice text, bool is_secret)
{
    struct sm_alloy_value *value = sm_alloy_capsule(arena, SM_ALLOY_OPTIONAL_SECRET, NULL);
    value->text = text;
    value->is_secret = is_secret;
    return value;
}

struct sm_alloy_value *sm_alloy_capsule(struct sm_arena *arena, enum sm_alloy_capsule kind, void *target)
{
    struct sm_alloy_value *value = make(arena, SM_ALLOY_TYPE_CAPSULE);
    value->capsule = kind;
    value->target = target;
    return value;
}

struct sm_alloy_value *sm_alloy_object(struct sm_arena *arena)
{
    return make(arena, SM_ALLOY_TYPE_OBJECT);
}

struct sm_alloy_value *sm_alloy_array(struct sm_arena *arena, size_t count)
{
    struct sm_alloy_value *value = make(arena, SM_ALLOY_TYPE_ARRAY);
    value->array.items = sm_arena_zalloc(arena, count, sizeof(struct sm_alloy_value *));
    value->array.count = count;
    return value;
}

struct sm_alloy_value *sm_alloy_value_copy(struct sm_arena *arena, const struct sm_alloy_value *value)
{
    struct sm_alloy_value *copy = sm_arena_alloc(arena, sizeof(*copy));
    *copy = *value;
    return copy;
}

struct sm_alloy_value *sm_alloy_object_find(const struct sm_alloy_value *object, struct sm_slice key)
{
    if (object->type != SM_ALLOY_TYPE_OBJECT)
        return NULL;
    for (size_t i = 0; i < object->object.count; i++)
        if (sm_slice_equal(object->object.entries[i].key, key))
            return object->object.entries[i].value;
    return NULL;
}

void sm_alloy_object_set(struct sm_alloy_value *object, struct sm_arena *arena, struct sm_slice key, struct sm_alloy_value *value)
{
    for (size_t i = 0; i < object->object.count; i++)
        if (sm_slice_equal(object->object.entries[i].key, key)) {
            object->object.entries[i].value = value;
            return;
        }
    sm_alloy_object_add(object, arena, key, value);
}

void sm_alloy_object_add(struct sm_alloy_value *object, struct sm_arena *arena, struct sm_slice key, struct sm_alloy_value *value)
{
    object->object.entries = sm_arena_grow(arena, object->object.entries, object->object.count, &object->object.capacity, object->object.count + 1,
                                           sizeof(*object->object.entries));
    object->object.entries[object->object.count++] = (struct sm_alloy_entry){.key = key, .value = value};
}

/* ---- numbers */

bool sm_alloy_is_secret(const struct sm_alloy_value *value)
{
    return value->type == SM_ALLOY_TYPE_CAPSULE && (value->capsule == SM_ALLOY_SECRET || value->capsule == SM_ALLOY_OPTIONAL_SECRET);
}

/* Go's conversion on amd64: what does not fit becomes the smallest number. */
static int64_t truncate(double number)
{
    return number >= -9223372036854775808.0 && number < 9223372036854775808.0 ? (int64_t)number : INT64_MIN;
}

int64_t sm_alloy_number_int(const struct sm_alloy_value *number)
{
    return number->number_kind == SM_ALLOY_DOUBLE ? truncate(number->number) : number->integer;
}

uint64_t sm_alloy_number_uint(const struct sm_alloy_value *number)
{
    if (number->number_kind != SM_ALLOY_DOUBLE)
        return number->whole;
    return number->number >= 9223372036854775808.0 && number->number < 18446744073709551616.0 ? (uint64_t)number->number
                                                                                              : (uint64_t)truncate(number->number);
}

double sm_alloy_number_double(const struct sm_alloy_value *number)
{
    return number->number_kind == SM_ALLOY_DOUBLE ? number->number
           : number->number_kind == SM_ALLOY_INT  ? (double)number->integer
                                                  : (double)number->whole;
}

static bool are_numbers_equal(const struct sm_alloy_value *a, const struct sm_alloy_value *b)
{
    if (a->number_kind == SM_ALLOY_DOUBLE || b->number_kind == SM_ALLOY_DOUBLE)
        return sm_alloy_number_double(a) == sm_alloy_number_double(b);
    return a->whole == b->whole;
}

static bool are_objects_equal(const struct sm_alloy_value *a, const struct sm_alloy_value *b)
{
    if (a->object.count != b->object.count)
        return false;
    for (size_t i = 0; i < a->object.count; i++) {
        const struct sm_alloy_value *other = sm_alloy_object_find(b, a->object.entries[i].key);
        if (!other || !sm_alloy_equal(a->object.entries[i].value, other))
            return false;
    }
    return true;
}

bool sm_alloy_equal(const struct sm_alloy_value *a, const struct sm_alloy_value *b)
{
    if (a->type != b->type)
        return false;
    switch (a->type) {
    case SM_ALLOY_TYPE_NULL:
        return true;
    case SM_ALLOY_TYPE_NUMBER:
        return are_numbers_equal(a, b);
    case SM_ALLOY_TYPE_STRING:
        return sm_slice_equal(a->text, b->text);
    case SM_ALLOY_TYPE_BOOL:
        return a->boolean == b->boolean;
    case SM_ALLOY_TYPE_OBJECT:
        return are_objects_equal(a, b);
    case SM_ALLOY_TYPE_FUNCTION:
        return false;
    case SM_ALLOY_TYPE_CAPSULE:
        if (a->capsule != b->capsule || a->is_secret != b->is_secret)
            return false;
        return sm_alloy_is_secret(a) ? sm_slice_equal(a->text, b->text) : a->target == b->target;
    case SM_ALLOY_TYPE_ARRAY:
        break;
    }
    if (a->array.count != b->array.count)
        return false;
    for (size_t i = 0; i < a->array.count; i++)
        if (!sm_alloy_equal(a->array.items[i], b->array.items[i]))
            return false;
    return true;
}

/* ---- faults */

static void *fail_text(struct sm_alloy_machine *machine, const struct sm_alloy_value *value, const char *text)
{
    machine->fault = (struct sm_alloy_fault){.node = value && value->type != SM_ALLOY_TYPE_NULL ? value->origin : NULL, .message = text, .path = ""};
    return NULL;
}

void *sm_alloy_fail(struct sm_alloy_machine *machine, const struct sm_alloy_value *value, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *text = NULL;
    if (vasprintf(&text, format, args) < 0)
        sm_out_of_memory(0);
    va_end(args);
    fail_text(machine, value, sm_arena_strdup(machine->arena, sm_slice_of(text)));
    free(text);
    return NULL;
}

void *sm_alloy_fail_type(struct sm_alloy_machine *machine, const struct sm_alloy_value *value, enum sm_alloy_type wanted)
{
    return sm_alloy_fail(machine, value, "should be %s, got %s", sm_alloy_type_name(wanted), sm_alloy_type_name(value->type));
}

void *sm_alloy_fail_inside(struct sm_alloy_machine *machine, const struct sm_alloy_value *value, const char *part)
{
    struct sm_alloy_fault *fault = &machine->fault;
    if (fault->node || fault->has_place)
        return NULL;
    fault->path = sm_arena_printf(machine->arena, "%s%s", part, fault->path ? fault->path : "");
    fault->node = value->origin;
    return NULL;
}

const char *sm_alloy_fault_text(const struct sm_alloy_fault *fault, struct sm_arena *arena)
{
    if (fault->is_plain || fault->has_place)
        return fault->message;
    struct sm_bytes text;
    sm_bytes_init(&text, arena);
    if (fault->node)
        sm_alloy_print_expression(fault->node, &text);
    sm_bytes_printf(&text, "%s %s", fault->path ? fault->path : "", fault->message);
    return sm_bytes_cstr(&text);
}

void sm_alloy_fault_place(const struct sm_alloy_fault *fault, struct sm_alloy_place *start, struct sm_alloy_place *end)
{
    *start = *end = (struct sm_alloy_place){0};
    if (fault->has_place) {
        *start = fault->start;
        *end = fault->end;
    } else if (fault->node) {
        *start = fault->node->start;
        *end = fault->node->end;
    }
}
