/* decode.c - see decode.h. Words and places of errors are those of Alloy's syntax/vm/struct_decoder.go; here all of a block's errors are told, not
 * the first only. */
#include "alloy/decode.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "config/diags.h"
#include "config/duration.h"
#include "config/tree.h"

enum { NAMES_MAX = 64, MESSAGE_MAX = 2048 };

#define ARENA (decoding->machine->arena)

/* ---- places and errors */

struct sm_position sm_alloy_position(const struct sm_source *source, struct sm_alloy_place start, struct sm_alloy_place end)
{
    return (struct sm_position){.source = source, .line = start.line, .column = start.column, .end_line = end.line, .end_column = end.column};
}

struct sm_position sm_alloy_block_position(const struct sm_source *source, const struct sm_alloy_statement *block)
{
    struct sm_alloy_place end = block->open;
    if (end.line == block->start.line && end.column > block->start.column + 1)
        end.column -= 2;
    return sm_alloy_position(source, block->start, end);
}

void sm_alloy_decoding_error(struct sm_alloy_decoding *decoding, struct sm_position position, const char *suggestion, const char *format, ...)
{
    char text[MESSAGE_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    decoding->error_count++;
    sm_diags_add(decoding->diags, SM_DIAG_ERROR, position, NULL, suggestion, "%s", text);
}

static bool is_before(struct sm_alloy_place a, struct sm_alloy_place b)
{
    return a.line != b.line ? a.line < b.line : a.column < b.column;
}

/* Whether the place lies in a reference of which it was told what is wrong with it. */
static bool is_told(const struct sm_alloy_decoding *decoding, const struct sm_source *source, struct sm_alloy_place place)
{
    for (const struct sm_alloy_told *told = decoding->machine->told; told; told = told->next)
        if (told->expr->source == source && !is_before(place, told->expr->start) && !is_before(told->expr->end, place))
            return true;
    return false;
}

void sm_alloy_decoding_fault(struct sm_alloy_decoding *decoding, struct sm_position otherwise)
{
    const struct sm_alloy_fault *fault = &decoding->machine->fault;
    struct sm_alloy_place start, end;
    sm_alloy_fault_place(fault, &start, &end);
    if (start.line && is_told(decoding, fault->node ? fault->node->source : decoding->source, start)) {
        decoding->error_count++;
        return;
    }
    struct sm_position position = start.line ? sm_alloy_position(fault->node ? fault->node->source : decoding->source, start, end) : otherwise;
    sm_alloy_decoding_error(decoding, position, NULL, "%s", sm_alloy_fault_text(fault, ARENA));
}

static struct sm_position statement_position(const struct sm_alloy_decoding *decoding, const struct sm_alloy_statement *statement)
{
    return sm_alloy_position(decoding->source, statement->start, statement->end);
}

/* ---- values */

/* A text of the tree holds no NUL. */
static struct sm_node *text_node(struct sm_alloy_decoding *decoding, struct sm_slice text, struct sm_position position)
{
    if (text.size && memchr(text.ptr, 0, text.size)) {
        sm_alloy_decoding_error(decoding, position, NULL, "the text holds a NUL character, which is not built");
        return NULL;
    }
    return sm_tree_string(ARENA, position, sm_arena_strdup(ARENA, text));
}

static struct sm_position value_position(const struct sm_alloy_value *value, struct sm_position otherwise)
{
    return value->origin ? sm_alloy_position(value->origin->source, value->origin->start, value->origin->end) : otherwise;
}

static struct sm_node *number_node(struct sm_alloy_decoding *decoding, const struct sm_alloy_value *value, unsigned want, struct sm_position position)
{
    struct sm_node *node = sm_tree_int(ARENA, position, value->integer);
    if (want == SM_ALLOY_WANT_DURATION) {
        char text[SM_DURATION_TEXT_SIZE];
        return sm_tree_string(ARENA, position, sm_arena_strdup(ARENA, sm_slice_of(sm_duration_format(value->integer, text))));
    }
    if (value->number_kind == SM_ALLOY_DOUBLE || (value->number_kind == SM_ALLOY_UINT && value->whole > INT64_MAX)) {
        node->kind = SM_NODE_FLOAT;
        node->number = sm_alloy_number_double(value);
    }
    return node;
}

static struct sm_node *array_node(struct sm_alloy_decoding *decoding, const struct sm_alloy_value *value, unsigned want, struct sm_position position)
{
    struct sm_node *list = sm_tree_list(ARENA, position);
    for (size_t i = 0; i < value->array.count; i++) {
        struct sm_node *item = sm_alloy_value_node(decoding, value->array.items[i], want & 0xff, value_position(value->array.items[i], position));
        if (!item)
            return NULL;
        sm_tree_append(list, ARENA, item);
    }
    return list;
}

static struct sm_node *object_node(struct sm_alloy_decoding *decoding, const struct sm_alloy_value *value, unsigned want, struct sm_position position)
{
    struct sm_node *map = sm_tree_map(ARENA, position);
    for (size_t i = 0; i < value->object.count; i++) {
        const struct sm_alloy_entry *entry = &value->object.entries[i];
        struct sm_node *item = sm_alloy_value_node(decoding, entry->value, want & 0xff, value_position(entry->value, position));
        if (!item)
            return NULL;
        sm_tree_add(map, ARENA, sm_arena_strdup(ARENA, entry->key), item->position, item);
    }
    return map;
}

/* Extensions are named by their ids. */
static struct sm_node *handler_node(struct sm_alloy_decoding *decoding, const struct sm_alloy_value *value, struct sm_position position)
{
    struct sm_alloy_instance *instance = value->target;
    bool is_server = decoding->is_server && instance->server_settings;
    if (is_server)
        instance->is_used_by_server = true;
    else
        instance->is_used = true;
    return sm_tree_string(ARENA, position, is_server ? sm_arena_printf(ARENA, "%s.server", instance->id) : instance->id);
}

struct sm_node *sm_alloy_value_node(struct sm_alloy_decoding *decoding, const struct sm_alloy_value *value, unsigned want,
                                    struct sm_position position)
{
    struct sm_node *node;
    switch (value->type) {
    case SM_ALLOY_TYPE_NULL:
        node = sm_tree_int(ARENA, position, 0);
        node->kind = SM_NODE_NULL;
        return node;
    case SM_ALLOY_TYPE_BOOL:
        node = sm_tree_int(ARENA, position, 0);
        node->kind = SM_NODE_BOOL;
        node->boolean = value->boolean;
        return node;
    case SM_ALLOY_TYPE_NUMBER:
        return number_node(decoding, value, want, position);
    case SM_ALLOY_TYPE_STRING:
        return text_node(decoding, value->text, position);
    case SM_ALLOY_TYPE_ARRAY:
        return array_node(decoding, value, want, position);
    case SM_ALLOY_TYPE_OBJECT:
        return object_node(decoding, value, want, position);
    case SM_ALLOY_TYPE_CAPSULE:
        if (sm_alloy_is_secret(value))
            return text_node(decoding, value->text, position);
        if (value->capsule == SM_ALLOY_AUTH_HANDLER || value->capsule == SM_ALLOY_STORAGE_HANDLER)
            return handler_node(decoding, value, position);
        break;
    case SM_ALLOY_TYPE_FUNCTION:
        break;
    }
    sm_alloy_decoding_error(decoding, position, NULL, "a %s cannot be used here", sm_alloy_type_name(value->type));
    return NULL;
}

/* ---- rows */

static const struct sm_alloy_row *find_row(const struct sm_alloy_row *rows, struct sm_slice name)
{
    for (; rows->kind != SM_ALLOY_ROW_END; rows++) {
        const struct sm_alloy_row *found = rows->kind == SM_ALLOY_ROW_SHARED ? find_row(rows->rows, name)
                                           : sm_slice_is(name, rows->name)   ? rows
                                                                             : NULL;
        if (found)
            return found;
    }
    return NULL;
}

static size_t collect_names(const struct sm_alloy_row *rows, const char *names[NAMES_MAX], size_t count)
{
    for (; rows->kind != SM_ALLOY_ROW_END && count < NAMES_MAX; rows++)
        if (rows->kind == SM_ALLOY_ROW_SHARED)
            count = collect_names(rows->rows, names, count);
        else
            names[count++] = rows->name;
    return count;
}

static void report_unknown(struct sm_alloy_decoding *decoding, const struct sm_alloy_statement *statement, const struct sm_alloy_row *rows)
{
    const char *names[NAMES_MAX];
    size_t count = collect_names(rows, names, 0);
    const char *near = sm_nearest_word(sm_arena_strdup(ARENA, statement->name), names, count);
    sm_alloy_decoding_error(decoding, statement_position(decoding, statement), near ? sm_arena_printf(ARENA, "did you mean %s?", near) : NULL,
                            "unrecognized %s name \"%.*s\"", statement->is_block ? "block" : "attribute", SM_SLICE_ARGS(statement->name));
}

static bool is_attribute(const struct sm_alloy_row *row)
{
    return row->kind == SM_ALLOY_ROW_ATTRIBUTE || row->kind == SM_ALLOY_ROW_PART || row->kind == SM_ALLOY_ROW_RECEIVERS;
}

static const char *target_of(const struct sm_alloy_row *row)
{
    return row->to ? row->to : row->name;
}

/* ---- attributes */

static const char *word_of(struct sm_alloy_decoding *decoding, const struct sm_alloy_row *row, const char *text, struct sm_position position)
{
    struct sm_bytes list;
    sm_bytes_init(&list, ARENA);
    for (const struct sm_alloy_word *word = row->words; word->alloy; word++) {
        if (strcmp(word->alloy, text) == 0)
            return word->collector;
        sm_bytes_printf(&list, "%s\"%s\"", list.size ? ", " : "", word->alloy);
    }
    sm_alloy_decoding_error(decoding, position, NULL, "invalid %s: \"%s\" (there are %s)", row->name, text, sm_bytes_cstr(&list));
    return NULL;
}

static struct sm_node *apply_row(struct sm_alloy_decoding *decoding, const struct sm_alloy_row *row, struct sm_node *node)
{
    if (row->divisor > 0 && node->kind == SM_NODE_INT)
        node->integer = (int64_t)((double)node->integer / row->divisor);
    if (!row->words || node->kind != SM_NODE_STRING)
        return node;
    const char *word = word_of(decoding, row, node->string, node->position);
    return word ? sm_tree_yaml(ARENA, node->position, word) : NULL;
}

static void set_preset(struct sm_alloy_decoding *decoding, const struct sm_alloy_row *row, struct sm_position position, struct sm_node *into,
                       const char *path)
{
    const char *preset = decoding->flavour == SM_ALLOY_RIVER && row->river_preset ? row->river_preset : row->preset;
    if (preset)
        sm_tree_set(into, ARENA, path, position, sm_tree_yaml(ARENA, position, preset));
}

static void decode_part(struct sm_alloy_decoding *decoding, const struct sm_alloy_row *row, const struct sm_alloy_value *value,
                        struct sm_position position, struct sm_node *into);

static void put_attribute(struct sm_alloy_decoding *decoding, const struct sm_alloy_row *row, const struct sm_alloy_value *value,
                          struct sm_position key, struct sm_position position, struct sm_node *into)
{
    if (row->refused) {
        sm_alloy_decoding_error(decoding, key, NULL, "%s is not built: %s", row->name, row->refused);
        return;
    }
    if (row->kind == SM_ALLOY_ROW_PART) {
        decode_part(decoding, row, value, position, into);
        return;
    }
    if (row->is_absent_when_null && value->type == SM_ALLOY_TYPE_NULL)
        return;
    if (row->null_is_river_preset && value->type == SM_ALLOY_TYPE_NULL && decoding->flavour == SM_ALLOY_RIVER) {
        set_preset(decoding, row, position, into, target_of(row));
        return;
    }
    struct sm_alloy_value *converted = sm_alloy_convert(decoding->machine, value, row->want);
    if (!converted) {
        sm_alloy_decoding_fault(decoding, position);
        return;
    }
    if (row->kind == SM_ALLOY_ROW_RECEIVERS)
        decoding->instance->receivers = converted;
    if (row->without && !(converted->type == SM_ALLOY_TYPE_BOOL && !converted->boolean))
        sm_diags_add(decoding->diags, SM_DIAG_WARNING, key, NULL, NULL, "%s has no effect: %s", row->name, row->without);
    if (row->has_no_effect || row->kind == SM_ALLOY_ROW_RECEIVERS)
        return;
    struct sm_node *node = sm_alloy_value_node(decoding, converted, row->want, position);
    node = node ? apply_row(decoding, row, node) : NULL;
    if (node)
        sm_tree_set(into, ARENA, target_of(row), key, node);
}

/* An object whose fields are attributes of rows. */
static void decode_part(struct sm_alloy_decoding *decoding, const struct sm_alloy_row *row, const struct sm_alloy_value *value,
                        struct sm_position position, struct sm_node *into)
{
    if (value->type == SM_ALLOY_TYPE_NULL)
        return;
    if (value->type != SM_ALLOY_TYPE_OBJECT) {
        sm_alloy_fail_type(decoding->machine, value, SM_ALLOY_TYPE_OBJECT);
        sm_alloy_decoding_fault(decoding, position);
        return;
    }
    struct sm_node *map = sm_tree_map(ARENA, position);
    for (size_t i = 0; i < value->object.count; i++) {
        const struct sm_alloy_entry *entry = &value->object.entries[i];
        const struct sm_alloy_row *field = find_row(row->rows, entry->key);
        if (field)
            put_attribute(decoding, field, entry->value, position, value_position(entry->value, position), map);
        else
            sm_alloy_decoding_error(decoding, position, NULL, "%s does not have field named \"%.*s\"", row->name, SM_SLICE_ARGS(entry->key));
    }
    sm_tree_set(into, ARENA, target_of(row), position, map);
}

static void decode_attribute(struct sm_alloy_decoding *decoding, const struct sm_alloy_statement *attribute, const struct sm_alloy_row *row,
                             struct sm_node *into)
{
    struct sm_position position = sm_alloy_position(decoding->source, attribute->value->start, attribute->value->end);
    struct sm_alloy_value *value = sm_alloy_evaluate(decoding->machine, attribute->value, decoding->scope);
    if (!value)
        sm_alloy_decoding_fault(decoding, position);
    else
        put_attribute(decoding, row, value, statement_position(decoding, attribute), position, into);
}

struct sm_alloy_value *sm_alloy_decode_attribute(struct sm_alloy_decoding *decoding, const struct sm_alloy_statement *block, const char *name,
                                                 unsigned want, const struct sm_alloy_statement **found)
{
    if (found)
        *found = NULL;
    for (size_t i = 0; i < block->body.count; i++) {
        const struct sm_alloy_statement *attribute = block->body.items[i];
        if (attribute->is_block || !sm_slice_is(attribute->name, name))
            continue;
        if (found)
            *found = attribute;
        struct sm_alloy_value *value = sm_alloy_evaluate(decoding->machine, attribute->value, decoding->scope);
        if (value)
            value = sm_alloy_convert(decoding->machine, value, want);
        if (!value)
            sm_alloy_decoding_fault(decoding, statement_position(decoding, attribute));
        return value;
    }
    return NULL;
}

/* ---- blocks */

static bool check_label(struct sm_alloy_decoding *decoding, const struct sm_alloy_statement *block)
{
    if (block->label.size == 0)
        return true;
    sm_alloy_decoding_error(decoding, sm_alloy_block_position(decoding->source, block), NULL, "block \"%.*s\" does not support specifying labels",
                            SM_SLICE_ARGS(block->name));
    return false;
}

static void decode_output(struct sm_alloy_decoding *decoding, const struct sm_alloy_statement *block)
{
    static const struct sm_alloy_row rows[] = {SM_ALLOY_ATTRIBUTE("traces", SM_ALLOY_WANT_CONSUMER | SM_ALLOY_LIST_OF),
                                               SM_ALLOY_ATTRIBUTE("metrics", SM_ALLOY_WANT_CONSUMER | SM_ALLOY_LIST_OF),
                                               SM_ALLOY_ATTRIBUTE("logs", SM_ALLOY_WANT_CONSUMER | SM_ALLOY_LIST_OF), SM_ALLOY_END_ROW};
    for (size_t i = 0; i < block->body.count; i++)
        if (!find_row(rows, block->body.items[i]->name))
            report_unknown(decoding, block->body.items[i], rows);
    for (int signal = 0; signal < SM_SIGNAL_COUNT; signal++) {
        struct sm_alloy_value *targets =
            sm_alloy_decode_attribute(decoding, block, sm_signal_name((enum sm_signal)signal), SM_ALLOY_WANT_CONSUMER | SM_ALLOY_LIST_OF, NULL);
        if (decoding->instance)
            decoding->instance->targets[signal] = targets;
    }
}

/* The name that a block carries as an attribute is its key. */
static void add_named(struct sm_alloy_decoding *decoding, const struct sm_alloy_row *row, struct sm_node *item, struct sm_node *into)
{
    const struct sm_node *name = sm_tree_take(item, "name");
    struct sm_node *map = sm_tree_find(into, target_of(row));
    if (!map) {
        map = sm_tree_map(ARENA, item->position);
        sm_tree_set(into, ARENA, target_of(row), item->position, map);
    }
    const char *key = name && name->kind == SM_NODE_STRING ? name->string : "";
    (void)sm_tree_take(map, key); /* of equal names the last wins */
    sm_tree_add(map, ARENA, key, item->position, item);
}

static void decode_inner_block(struct sm_alloy_decoding *decoding, const struct sm_alloy_statement *block, const struct sm_alloy_row *row,
                               struct sm_node *into)
{
    struct sm_position position = sm_alloy_block_position(decoding->source, block);
    if (!check_label(decoding, block))
        return;
    if (row->kind == SM_ALLOY_ROW_OUTPUT) {
        decode_output(decoding, block);
        return;
    }
    if (row->refused) {
        sm_alloy_decoding_error(decoding, position, NULL, "%s is not built: %s", row->name, row->refused);
        return;
    }
    bool is_squashed = row->kind == SM_ALLOY_ROW_BLOCK && row->to && !*row->to;
    struct sm_node *map = is_squashed ? into : sm_tree_map(ARENA, position);
    sm_alloy_decode_block(decoding, block, row->rows, map);
    if (is_squashed || row->has_no_effect)
        return;
    if (row->kind == SM_ALLOY_ROW_PIECES) {
        if (!decoding->instance->pieces)
            decoding->instance->pieces = sm_tree_list(ARENA, position);
        sm_tree_append(decoding->instance->pieces, ARENA, map);
    } else if (row->kind == SM_ALLOY_ROW_BLOCKS_NAMED) {
        add_named(decoding, row, map, into);
    } else if (row->kind == SM_ALLOY_ROW_BLOCK) {
        sm_tree_set(into, ARENA, target_of(row), position, map);
    } else {
        struct sm_node *list = sm_tree_find(into, target_of(row));
        if (!list) {
            list = sm_tree_list(ARENA, position);
            sm_tree_set(into, ARENA, target_of(row), position, list);
        }
        sm_tree_append(list, ARENA, map);
    }
}

/* ---- bodies */

static bool is_repeated(const struct sm_alloy_body *body, size_t index)
{
    for (size_t i = 0; i < index; i++)
        if (body->items[i]->is_block == body->items[index]->is_block && sm_slice_equal(body->items[i]->name, body->items[index]->name))
            return true;
    return false;
}

static void decode_statement(struct sm_alloy_decoding *decoding, const struct sm_alloy_body *body, size_t index, const struct sm_alloy_row *rows,
                             struct sm_node *into)
{
    const struct sm_alloy_statement *statement = body->items[index];
    const struct sm_alloy_row *row = find_row(rows, statement->name);
    struct sm_position position = statement_position(decoding, statement);
    if (!row)
        report_unknown(decoding, statement, rows);
    else if (statement->is_block && is_attribute(row))
        sm_alloy_decoding_error(decoding, position, NULL, "\"%s\" must be an attribute, but is used as a block", row->name);
    else if (!statement->is_block && !is_attribute(row))
        sm_alloy_decoding_error(decoding, position, NULL, "\"%s\" must be a block, but is used as an attribute", row->name);
    else if (row->kind != SM_ALLOY_ROW_BLOCKS && row->kind != SM_ALLOY_ROW_BLOCKS_NAMED && row->kind != SM_ALLOY_ROW_PIECES &&
             is_repeated(body, index))
        sm_alloy_decoding_error(decoding, position, NULL,
                                statement->is_block ? "block \"%s\" may only be specified once" : "attribute \"%s\" may only be provided once",
                                row->name);
    else if (statement->is_block)
        decode_inner_block(decoding, statement, row, into);
    else
        decode_attribute(decoding, statement, row, into);
}

static bool is_given(const struct sm_alloy_body *body, const char *name)
{
    for (size_t i = 0; i < body->count; i++)
        if (sm_slice_is(body->items[i]->name, name))
            return true;
    return false;
}

/* The defaults of a block that is not there. `prefix`: "" or "a.b.", where its settings stand. */
static void fill_absent(struct sm_alloy_decoding *decoding, const struct sm_alloy_row *block, struct sm_position position, struct sm_node *into,
                        const char *prefix)
{
    const char *inner = *target_of(block) ? sm_arena_printf(ARENA, "%s%s.", prefix, target_of(block)) : prefix;
    for (const struct sm_alloy_row *row = block->rows; row->kind != SM_ALLOY_ROW_END; row++)
        if (row->has_presets_when_absent)
            fill_absent(decoding, row, position, into, inner);
        else if (row->kind == SM_ALLOY_ROW_ATTRIBUTE)
            set_preset(decoding, row, position, into, sm_arena_printf(ARENA, "%s%s", inner, target_of(row)));
}

/* Defaults that are not the Collector's, and what must be there. */
static void fill_in(struct sm_alloy_decoding *decoding, const struct sm_alloy_statement *block, const struct sm_alloy_row *rows, struct sm_node *into)
{
    struct sm_position position = sm_alloy_block_position(decoding->source, block);
    for (const struct sm_alloy_row *row = rows; row->kind != SM_ALLOY_ROW_END; row++) {
        if (row->kind == SM_ALLOY_ROW_SHARED) {
            fill_in(decoding, block, row->rows, into);
            continue;
        }
        if (is_given(&block->body, row->name))
            continue;
        if (row->required || (row->river_required && decoding->flavour == SM_ALLOY_RIVER))
            sm_alloy_decoding_error(decoding, position, NULL, "missing required %s \"%s\"", is_attribute(row) ? "attribute" : "block", row->name);
        if (row->has_presets_when_absent)
            fill_absent(decoding, row, position, into, "");
        else
            set_preset(decoding, row, position, into, target_of(row));
    }
}

void sm_alloy_decode_block(struct sm_alloy_decoding *decoding, const struct sm_alloy_statement *block, const struct sm_alloy_row *rows,
                           struct sm_node *into)
{
    for (size_t i = 0; i < block->body.count; i++)
        decode_statement(decoding, &block->body, i, rows, into);
    fill_in(decoding, block, rows, into);
}
