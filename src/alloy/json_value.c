/* json_value.c - YAML as values, and values as JSON; json_reader.c reads JSON. */
#include "alloy/json_value.h"

#include <inttypes.h>
#include <stdlib.h>

#include "alloy/telemetry_value.h"
#include "config/diags.h"
#include "config/source.h"
#include "config/yaml.h"
#include "ottl/value.h"
#include "wire/number.h"

static struct sm_alloy_value *from_node(const struct sm_node *node, struct sm_arena *arena)
{
    struct sm_alloy_value *value;
    switch (node->kind) {
    case SM_NODE_BOOL:
        return sm_alloy_bool(arena, node->boolean);
    case SM_NODE_INT:
        return sm_alloy_int(arena, node->integer);
    case SM_NODE_FLOAT:
        return sm_alloy_double(arena, node->number);
    case SM_NODE_STRING:
        return sm_alloy_string(arena, sm_slice_of(node->string));
    case SM_NODE_LIST:
        value = sm_alloy_array(arena, node->list.count);
        for (size_t i = 0; i < node->list.count; i++)
            value->array.items[i] = from_node(node->list.items[i], arena);
        return value;
    case SM_NODE_MAP:
        value = sm_alloy_object(arena);
        for (size_t i = 0; i < node->map.count; i++)
            sm_alloy_object_add(value, arena, sm_slice_of(node->map.entries[i].key), from_node(node->map.entries[i].value, arena));
        return value;
    case SM_NODE_NULL:
        break;
    }
    return sm_alloy_null(arena);
}

/* "yaml: line 2: …", the way the reference puts it. */
static const char *yaml_reason(const struct sm_diags *diags, struct sm_arena *arena)
{
    unsigned line = 0;
    const char *message = sm_diags_first(diags, &line);
    struct sm_slice rest = sm_slice_of(message ? message : "the text cannot be read"), prefix = SM_SLICE("yaml: ");
    if (sm_slice_starts_with(rest, prefix))
        rest = sm_slice_make(rest.ptr + prefix.size, rest.size - prefix.size);
    return line ? sm_arena_printf(arena, "yaml: line %u: %.*s", line, SM_SLICE_ARGS(rest))
                : sm_arena_printf(arena, "yaml: %.*s", SM_SLICE_ARGS(rest));
}

struct sm_alloy_value *sm_alloy_read_yaml(struct sm_slice text, struct sm_arena *arena, const char **reason)
{
    struct sm_source *source = sm_arena_zalloc(arena, 1, sizeof(*source));
    struct sm_diags *diags = sm_diags_create();
    *source = (struct sm_source){.name = "yaml", .text = sm_arena_copy(arena, text)};
    const struct sm_node *node = sm_yaml_parse(source, arena, diags);
    if (!node)
        *reason = yaml_reason(diags, arena);
    sm_diags_free(diags);
    return node ? from_node(node, arena) : NULL;
}

/* ---- writing */

static int order_entries(const void *a, const void *b)
{
    return sm_slice_compare(((const struct sm_alloy_entry *)a)->key, ((const struct sm_alloy_entry *)b)->key);
}

static void write_object(const struct sm_alloy_value *value, struct sm_arena *arena, struct sm_bytes *out)
{
    size_t count = value->object.count;
    struct sm_alloy_entry *sorted = sm_arena_zalloc(arena, count, sizeof(*sorted));
    if (count) {
        memcpy(sorted, value->object.entries, count * sizeof(*sorted));
        qsort(sorted, count, sizeof(*sorted), order_entries);
    }
    sm_bytes_append_char(out, '{');
    for (size_t i = 0; i < count; i++) {
        struct sm_value key = sm_value_string(sorted[i].key);
        if (i > 0)
            sm_bytes_append_char(out, ',');
        sm_ottl_append_json(out, &key, arena);
        sm_bytes_append_char(out, ':');
        sm_alloy_write_json(sorted[i].value, arena, out);
    }
    sm_bytes_append_char(out, '}');
}

void sm_alloy_write_json(const struct sm_alloy_value *value, struct sm_arena *arena, struct sm_bytes *out)
{
    if (value->type == SM_ALLOY_TYPE_OBJECT) {
        write_object(value, arena, out);
        return;
    }
    if (value->type == SM_ALLOY_TYPE_NUMBER && value->number_kind == SM_ALLOY_UINT) {
        sm_bytes_printf(out, "%" PRIu64, value->whole);
        return;
    }
    if (value->type == SM_ALLOY_TYPE_NUMBER && value->number_kind == SM_ALLOY_DOUBLE) {
        char text[SM_NUMBER_SIZE_MAX];
        sm_bytes_append(out, text, sm_number_format(value->number, SM_NUMBER_ECMASCRIPT, text));
        return;
    }
    if (value->type == SM_ALLOY_TYPE_CAPSULE && value->capsule == SM_ALLOY_OPTIONAL_SECRET) { /* Go writes the struct that it is */
        struct sm_value text = sm_value_string(value->text);
        sm_bytes_printf(out, "{\"IsSecret\":%s,\"Value\":", value->is_secret ? "true" : "false");
        sm_ottl_append_json(out, &text, arena);
        sm_bytes_append_char(out, '}');
        return;
    }
    if (value->type != SM_ALLOY_TYPE_ARRAY) {
        struct sm_value scalar = sm_alloy_to_telemetry(value, arena);
        sm_ottl_append_json(out, &scalar, arena);
        return;
    }
    sm_bytes_append_char(out, '[');
    for (size_t i = 0; i < value->array.count; i++) {
        if (i > 0)
            sm_bytes_append_char(out, ',');
        sm_alloy_write_json(value->array.items[i], arena, out);
    }
    sm_bytes_append_char(out, ']');
}
