/* from_collector_rows.c - see from_collector_rows.h. State: a copy of the settings from which what has been written is taken, so that what is left
 * has no counterpart. */
#include "alloy/from_collector_rows.h"

#include <inttypes.h>

#include "alloy/literal.h"
#include "base/bytes.h"
#include "config/diags.h"
#include "config/option_describe.h"
#include "config/tree.h"
#include "config/yaml.h"
#include "wire/number.h"

/* ---- values */

static void write_text(const struct sm_alloy_back *back, const char *text)
{
    sm_bytes_append_text(back->out, sm_alloy_quote(back->arena, sm_slice_of(text)));
}

static void write_size(struct sm_bytes *out, int64_t bytes)
{
    if (bytes && bytes % (1024 * 1024) == 0)
        sm_bytes_printf(out, "\"%" PRId64 "MiB\"", bytes / (1024 * 1024));
    else if (bytes && bytes % 1024 == 0)
        sm_bytes_printf(out, "\"%" PRId64 "KiB\"", bytes / 1024);
    else
        sm_bytes_printf(out, "\"%" PRId64 "B\"", bytes);
}

/* A float stays one: what has neither point nor exponent would be a whole number. */
static void write_number(struct sm_bytes *out, double number)
{
    char text[SM_NUMBER_SIZE_MAX];
    size_t size = sm_number_format(number, SM_NUMBER_PLAIN, text);
    bool is_whole = true;
    for (size_t i = 0; i < size; i++)
        is_whole &= (text[i] >= '0' && text[i] <= '9') || text[i] == '-';
    sm_bytes_append(out, text, size);
    if (is_whole)
        sm_bytes_append_text(out, ".0");
}

static void write_value(struct sm_alloy_back *back, const struct sm_node *node, unsigned want);

static void write_list(struct sm_alloy_back *back, const struct sm_node *node, unsigned want)
{
    sm_bytes_append_char(back->out, '[');
    for (size_t i = 0; i < node->list.count; i++) {
        if (i > 0)
            sm_bytes_append_text(back->out, ", ");
        write_value(back, node->list.items[i], want & 0xff);
    }
    sm_bytes_append_char(back->out, ']');
}

static void write_map(struct sm_alloy_back *back, const struct sm_node *node, unsigned want)
{
    sm_bytes_append_char(back->out, '{');
    for (size_t i = 0; i < node->map.count; i++) {
        sm_bytes_append_text(back->out, i > 0 ? ", " : "");
        write_text(back, node->map.entries[i].key);
        sm_bytes_append_text(back->out, " = ");
        write_value(back, node->map.entries[i].value, want & 0xff);
    }
    sm_bytes_append_char(back->out, '}');
}

static void write_value(struct sm_alloy_back *back, const struct sm_node *node, unsigned want)
{
    const char *name = NULL;
    switch (node->kind) {
    case SM_NODE_NULL:
        sm_bytes_append_text(back->out, "null");
        return;
    case SM_NODE_BOOL:
        sm_bytes_append_text(back->out, node->boolean ? "true" : "false");
        return;
    case SM_NODE_INT:
        if (want == SM_ALLOY_WANT_SIZE)
            write_size(back->out, node->integer);
        else if (want == SM_ALLOY_WANT_DURATION)
            sm_bytes_printf(back->out, "\"%" PRId64 "ns\"", node->integer);
        else if (node->integer < 0)
            sm_bytes_printf(back->out, "-%" PRIu64, 0 - (uint64_t)node->integer);
        else
            sm_bytes_printf(back->out, "%" PRId64, node->integer);
        return;
    case SM_NODE_FLOAT:
        write_number(back->out, node->number);
        return;
    case SM_NODE_STRING:
        if (want == SM_ALLOY_WANT_AUTH_HANDLER || want == SM_ALLOY_WANT_STORAGE_HANDLER)
            name = back->handler_name(back->context, node->string);
        if (name)
            sm_bytes_append_text(back->out, name);
        else
            write_text(back, node->string);
        return;
    case SM_NODE_LIST:
        write_list(back, node, want);
        return;
    case SM_NODE_MAP:
        write_map(back, node, want);
        return;
    }
}

/* ---- the settings that are left */

static struct sm_node *copy_node(struct sm_arena *arena, const struct sm_node *node)
{
    struct sm_node *copy = sm_arena_alloc(arena, sizeof(*copy));
    *copy = *node;
    if (node->kind == SM_NODE_MAP) {
        copy->map.count = 0;
        copy->map.entries = NULL;
        for (size_t i = 0; i < node->map.count; i++)
            sm_tree_add(copy, arena, node->map.entries[i].key, node->map.entries[i].key_position, copy_node(arena, node->map.entries[i].value));
    } else if (node->kind == SM_NODE_LIST) {
        copy->list.count = 0;
        copy->list.items = NULL;
        for (size_t i = 0; i < node->list.count; i++)
            sm_tree_append(copy, arena, copy_node(arena, node->list.items[i]));
    }
    return copy;
}

struct sm_node *sm_alloy_take_setting(struct sm_alloy_back *back, struct sm_node *left, const char *path)
{
    struct sm_slice rest = sm_slice_of(path), first = sm_slice_cut(&rest, '.');
    const char *key = sm_arena_strdup(back->arena, first);
    if (!left || left->kind != SM_NODE_MAP)
        return NULL;
    if (rest.size == 0)
        return sm_tree_take(left, key);
    struct sm_node *inner = sm_tree_find(left, key);
    struct sm_node *taken = inner ? sm_alloy_take_setting(back, inner, sm_arena_strdup(back->arena, rest)) : NULL;
    if (taken && inner->kind == SM_NODE_MAP && inner->map.count == 0)
        (void)sm_tree_take(left, key);
    return taken;
}

void sm_alloy_report_settings(struct sm_alloy_back *back, const struct sm_node *left, const char *path)
{
    for (size_t i = 0; left->kind == SM_NODE_MAP && i < left->map.count; i++) {
        const struct sm_node_entry *entry = &left->map.entries[i];
        const char *inner = sm_arena_printf(back->arena, "%s::%s", path, entry->key);
        if (entry->value->kind == SM_NODE_NULL)
            continue;
        if (entry->value->kind == SM_NODE_MAP) {
            sm_alloy_report_settings(back, entry->value, inner);
            continue;
        }
        back->missing++;
        sm_diags_add(back->diags, SM_DIAG_ERROR, entry->key_position, inner, NULL, "has no counterpart in Alloy");
    }
}

/* ---- defaults */

/* The option at "a.b" of a table; NULL: none. */
static const struct sm_option *option_at(const struct sm_option *table, struct sm_slice path)
{
    struct sm_slice rest = path, first = sm_slice_cut(&rest, '.');
    for (const struct sm_option *option = table; option && option->kind != SM_OPTION_KIND_END; option++) {
        const struct sm_option *inside = option->squash ? option_at(option->table, path) : NULL;
        if (inside)
            return inside;
        if (!option->squash && sm_slice_is(first, sm_option_key(option)))
            return rest.size ? option_at(option->table, rest) : option;
    }
    return NULL;
}

const struct sm_node *sm_alloy_default_setting(struct sm_alloy_back *back, const struct sm_option *table, const char *path)
{
    const struct sm_option *option = option_at(table, sm_slice_of(path));
    struct sm_bytes text;
    sm_bytes_init(&text, back->arena);
    if (option && !option->set_offset) /* then it matters whether it is given */
        sm_option_write_default(option, &text);
    return text.size ? sm_tree_yaml(back->arena, (struct sm_position){0}, sm_bytes_cstr(&text)) : NULL;
}

/* Whether a key without a value is as if it were not there; scalars become the zero of their type then. */
static bool null_is_absent(const struct sm_option *option)
{
    if (!option || option->null_is_absent || option->set_offset)
        return true;
    return option->kind >= SM_OPTION_KIND_STRING_LIST && option->kind != SM_OPTION_KIND_OPTIONAL;
}

static const struct sm_option *table_at(const struct sm_option *table, struct sm_slice path)
{
    while (table && path.size) {
        struct sm_slice first = sm_slice_cut(&path, '.');
        const struct sm_option *found = NULL;
        for (const struct sm_option *option = table; option->kind != SM_OPTION_KIND_END; option++)
            if (!option->squash && sm_slice_is(first, sm_option_key(option)))
                found = option->table;
        table = found;
    }
    return table;
}

/* ---- rows */

static const char *target_of(const struct sm_alloy_row *row)
{
    return row->to ? row->to : row->name;
}

/* Words of rows are YAML. */
static bool is_quoted(const char *yaml, struct sm_slice text)
{
    size_t size = strlen(yaml);
    return *yaml == '"' && sm_slice_equal(sm_slice_make(yaml + 1, size - 2), text);
}

static const struct sm_node *word_node(struct sm_alloy_back *back, const struct sm_alloy_row *row, const struct sm_node *node)
{
    struct sm_bytes text;
    sm_bytes_init(&text, back->arena);
    if (node->kind == SM_NODE_INT)
        sm_bytes_printf(&text, "%" PRId64, node->integer);
    else if (node->kind == SM_NODE_STRING)
        sm_bytes_append_text(&text, node->string);
    for (const struct sm_alloy_word *word = row->words; word && word->alloy; word++)
        if (sm_slice_is(sm_bytes_slice(&text), word->collector) || is_quoted(word->collector, sm_bytes_slice(&text)))
            return sm_tree_string(back->arena, node->position, word->alloy);
    return node;
}

/* What an attribute that Alloy wants to be there is when the Collector's configuration does not have it. */
static struct sm_node *zero_of(struct sm_alloy_back *back, const struct sm_alloy_row *row)
{
    struct sm_position nowhere = {0};
    if (row->want & SM_ALLOY_LIST_OF)
        return sm_tree_list(back->arena, nowhere);
    if (row->want == SM_ALLOY_WANT_BOOL)
        return sm_tree_yaml(back->arena, nowhere, "false");
    if (row->want == SM_ALLOY_WANT_STRING || row->want == SM_ALLOY_WANT_SECRET)
        return sm_tree_string(back->arena, nowhere, "");
    if (row->want == SM_ALLOY_WANT_DURATION)
        return sm_tree_string(back->arena, nowhere, "0s");
    return sm_tree_int(back->arena, nowhere, 0);
}

static void write_attribute(struct sm_alloy_back *back, const struct sm_alloy_row *row, struct sm_node *map, const struct sm_option *table)
{
    const struct sm_node *node = row->has_no_effect ? NULL : sm_alloy_take_setting(back, map, target_of(row));
    if (!node && row->preset && !row->has_no_effect)
        node = sm_alloy_default_setting(back, table, target_of(row));
    bool is_zero =
        node && node->kind == SM_NODE_NULL && row->want != SM_ALLOY_WANT_ANY && !null_is_absent(option_at(table, sm_slice_of(target_of(row))));
    if ((!node && row->required) || is_zero)
        node = zero_of(back, row);
    if (!node || (node->kind == SM_NODE_NULL && row->want != SM_ALLOY_WANT_ANY))
        return;
    if (row->divisor > 0 && node->kind == SM_NODE_INT) {
        struct sm_node *scaled = sm_tree_int(back->arena, node->position, (int64_t)((double)node->integer * row->divisor));
        node = scaled;
    }
    if ((row->want & SM_ALLOY_LIST_OF) && node->kind != SM_NODE_LIST) {
        struct sm_node *list = sm_tree_list(back->arena, node->position);
        sm_tree_append(list, back->arena, (struct sm_node *)copy_node(back->arena, node));
        node = list;
    }
    sm_bytes_printf(back->out, "%s = ", row->name);
    write_value(back, word_node(back, row, node), row->want);
    sm_bytes_append_char(back->out, '\n');
}

static void write_block(struct sm_alloy_back *back, const struct sm_alloy_row *row, struct sm_node *map, const struct sm_option *table)
{
    sm_bytes_printf(back->out, "%s {\n", row->name);
    sm_alloy_write_rows(back, row->rows, map, table);
    sm_bytes_append_text(back->out, "}\n");
}

static void write_single(struct sm_alloy_back *back, const struct sm_alloy_row *row, struct sm_node *map, const struct sm_option *table)
{
    if (row->has_no_effect)
        return;
    if (row->to && !*row->to) {
        write_block(back, row, map, table);
        return;
    }
    const char *path = target_of(row);
    struct sm_slice rest = sm_slice_of(path), first = sm_slice_cut(&rest, '.');
    struct sm_node *found = sm_tree_find(map, sm_arena_strdup(back->arena, first));
    if (found && rest.size)
        found = sm_tree_find(found, sm_arena_strdup(back->arena, rest));
    if (found && found->kind == SM_NODE_NULL && null_is_absent(option_at(table, sm_slice_of(path)))) {
        (void)sm_alloy_take_setting(back, map, path);
        found = NULL;
    }
    if (!found && (row->required || row->has_presets_when_absent))
        write_block(back, row, sm_tree_map(back->arena, map->position), table_at(table, sm_slice_of(path)));
    if (!found)
        return;
    struct sm_node *inside = found->kind == SM_NODE_MAP ? found : sm_tree_map(back->arena, found->position);
    write_block(back, row, inside, table_at(table, sm_slice_of(path)));
    if (inside->map.count == 0)
        (void)sm_alloy_take_setting(back, map, path);
}

static void write_repeated(struct sm_alloy_back *back, const struct sm_alloy_row *row, struct sm_node *map, const struct sm_option *table)
{
    struct sm_node *found = sm_tree_find(map, target_of(row));
    const struct sm_option *inner = table_at(table, sm_slice_of(target_of(row)));
    bool is_named = row->kind == SM_ALLOY_ROW_BLOCKS_NAMED;
    size_t left = 0;
    for (size_t i = 0; found && found->kind == (is_named ? SM_NODE_MAP : SM_NODE_LIST) && i < (is_named ? found->map.count : found->list.count);
         i++) {
        struct sm_node *item = is_named ? found->map.entries[i].value : found->list.items[i];
        if (item->kind == SM_NODE_NULL)
            item = sm_tree_map(back->arena, item->position);
        if (is_named)
            sm_tree_set(item, back->arena, "name", item->position, sm_tree_string(back->arena, item->position, found->map.entries[i].key));
        write_block(back, row, item, inner);
        sm_alloy_report_settings(back, item, sm_arena_printf(back->arena, "%s::%s", back->id, target_of(row)));
        left += item->kind != SM_NODE_MAP;
    }
    if (found && left == 0)
        (void)sm_tree_take(map, target_of(row));
}

static void write_part(struct sm_alloy_back *back, const struct sm_alloy_row *row, struct sm_node *map)
{
    struct sm_node *found = sm_alloy_take_setting(back, map, target_of(row));
    if (!found || found->kind != SM_NODE_MAP)
        return;
    sm_bytes_printf(back->out, "%s = ", row->name);
    write_map(back, found, SM_ALLOY_WANT_ANY);
    sm_bytes_append_char(back->out, '\n');
}

void sm_alloy_write_rows(struct sm_alloy_back *back, const struct sm_alloy_row *rows, struct sm_node *map, const struct sm_option *table)
{
    for (const struct sm_alloy_row *row = rows; row->kind != SM_ALLOY_ROW_END; row++) {
        switch (row->kind) {
        case SM_ALLOY_ROW_ATTRIBUTE:
            write_attribute(back, row, map, table);
            break;
        case SM_ALLOY_ROW_BLOCK:
            write_single(back, row, map, table);
            break;
        case SM_ALLOY_ROW_BLOCKS:
        case SM_ALLOY_ROW_BLOCKS_NAMED:
            write_repeated(back, row, map, table);
            break;
        case SM_ALLOY_ROW_SHARED:
            sm_alloy_write_rows(back, row->rows, map, table);
            break;
        case SM_ALLOY_ROW_PART:
            write_part(back, row, map);
            break;
        case SM_ALLOY_ROW_OUTPUT:
        case SM_ALLOY_ROW_RECEIVERS:
        case SM_ALLOY_ROW_PIECES:
        case SM_ALLOY_ROW_END:
            break;
        }
    }
}

struct sm_node *sm_alloy_copy_settings(struct sm_alloy_back *back, const struct sm_node *settings)
{
    return settings ? copy_node(back->arena, settings) : sm_tree_map(back->arena, (struct sm_position){0});
}

void sm_alloy_write_settings(struct sm_alloy_back *back, const struct sm_alloy_component *component, const struct sm_node *settings)
{
    struct sm_node *left = sm_alloy_copy_settings(back, settings && settings->kind == SM_NODE_MAP ? settings : NULL);
    sm_alloy_prepare_settings(back, component, left);
    sm_alloy_write_rows(back, component->rows, left, back->type->options);
    sm_alloy_report_settings(back, left,
                             sm_arena_printf(back->arena, "%ss::%s",
                                             component->kind == SM_EXTENSION   ? "extension"
                                             : component->kind == SM_RECEIVER  ? "receiver"
                                             : component->kind == SM_PROCESSOR ? "processor"
                                             : component->kind == SM_EXPORTER  ? "exporter"
                                                                               : "connector",
                                             back->id));
}
