/* attribute_actions.c - insert, update, upsert, delete, hash, extract, convert.
 *
 * Attributes are only decoded and marked changed when an action has something to do. Hashing is SHA-256, as the reference does (its documentation
 * says SHA-1). Source: opentelemetry-collector-contrib internal/coreinternal/attraction. */
#include "processors/attribute_actions.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/digest.h"
#include "base/memory.h"
#include "base/regex.h"
#include "ottl/value.h"
#include "config/node_value.h"
#include "telemetry/batch.h"
#include "telemetry/metadata.h"
#include "wire/json_scanner.h"

const struct sm_option sm_attribute_action_table[] = {
    SM_OPTION_STRING(struct sm_attribute_action_options, key, .help = "Attribute to act on."),
    SM_OPTION_NODE(struct sm_attribute_action_options, value, .help = "Value to set (insert, update, upsert)."),
    SM_OPTION_NODE(struct sm_attribute_action_options, default_value, .help = "Value to set when the source has none."),
    SM_OPTION_STRING(struct sm_attribute_action_options, pattern,
                     .help = "Regular expression: named groups become attributes (extract), keys to act on (delete, hash)."),
    SM_OPTION_STRING(struct sm_attribute_action_options, from_attribute, .help = "Attribute to take the value from."),
    SM_OPTION_STRING(struct sm_attribute_action_options, from_context, .help = "Header of the request to take the value from."),
    SM_OPTION_STRING(struct sm_attribute_action_options, converted_type, .help = "Type to convert to: int, double or string."),
    SM_OPTION_STRING(struct sm_attribute_action_options, action, .help = "insert, update, upsert, delete, hash, extract or convert."),
    SM_OPTION_END,
};

enum action_kind { ACTION_INSERT, ACTION_UPDATE, ACTION_UPSERT, ACTION_DELETE, ACTION_HASH, ACTION_EXTRACT, ACTION_CONVERT, ACTION_COUNT };
enum target_type { TO_NONE, TO_STRING, TO_INT, TO_DOUBLE };

struct action {
    enum action_kind kind;
    enum target_type target;
    struct sm_slice key, from_attribute, from_context;
    bool has_value, has_default;
    struct sm_value value, default_value;
    struct sm_regex *regex; /* owned; NULL: none */
};

struct sm_attribute_actions {
    struct sm_arena arena; /* owned: copies of keys and values */
    struct action *items;  /* borrowed: arena */
    size_t count;
};

/* ---- checking and making */

static bool refuse(char *message, const char *text, const char *key, size_t index)
{
    snprintf(message, 256, "error with key \"%s\" (%zu-th action): %s", key, index, text);
    return false;
}

static bool find_kind(const char *word, enum action_kind *kind)
{
    static const char *const words[ACTION_COUNT] = {"insert", "update", "upsert", "delete", "hash", "extract", "convert"};
    for (size_t i = 0; i < ACTION_COUNT; i++)
        if (sm_slice_equal_nocase(sm_slice_of(word), sm_slice_of(words[i]))) {
            *kind = (enum action_kind)i;
            return true;
        }
    return false;
}

static bool has_node(const struct sm_node *node)
{
    return node && node->kind != SM_NODE_NULL;
}

static bool make_setting(struct action *action, const struct sm_attribute_action_options *o, struct sm_arena *arena, size_t index, char *message)
{
    int sources = has_node(o->value) + (*o->from_attribute != '\0') + (*o->from_context != '\0');
    if (sources == 0 && !has_node(o->default_value))
        return refuse(message, "either \"value\", \"from_attribute\", \"from_context\" or \"default_value\" must be specified", o->key, index);
    if (sources > 1)
        return refuse(message, "multiple value sources are set", o->key, index);
    if (*o->pattern || *o->converted_type)
        return refuse(message, "the action does not use \"pattern\" or \"converted_type\"", o->key, index);
    action->has_value = has_node(o->value);
    action->has_default = has_node(o->default_value);
    struct sm_value value = sm_node_to_value(o->value, arena), fallback = sm_node_to_value(o->default_value, arena);
    action->value = sm_ottl_copy_attribute(&value, arena, true);
    action->default_value = sm_ottl_copy_attribute(&fallback, arena, true);
    return true;
}

static bool make_regex(struct action *action, const struct sm_attribute_action_options *o, size_t index, char *message)
{
    struct sm_error error = {0};
    char text[256];
    action->regex = sm_regex_compile(sm_slice_of(o->pattern), &error);
    snprintf(text, sizeof(text), "\"pattern\" has invalid pattern \"%.64s\": %.128s", o->pattern, error.text);
    return action->regex || refuse(message, text, o->key, index);
}

static bool make_hash_or_delete(struct action *action, const struct sm_attribute_action_options *o, size_t index, char *message)
{
    if (has_node(o->value) || *o->from_attribute)
        return refuse(message, "the action does not use \"value\" or \"from_attribute\"", o->key, index);
    if (*o->converted_type)
        return refuse(message, "the action does not use \"converted_type\"", o->key, index);
    struct sm_error error = {0};
    if (action->kind == ACTION_HASH && !sm_digest_prepare(&error))
        return refuse(message, error.text, o->key, index);
    return !*o->pattern || make_regex(action, o, index, message);
}

static bool make_extract(struct action *action, const struct sm_attribute_action_options *o, size_t index, char *message)
{
    if (has_node(o->value) || *o->from_attribute || *o->from_context || *o->converted_type)
        return refuse(message, "extract uses neither a value source nor \"converted_type\"", o->key, index);
    if (!*o->pattern)
        return refuse(message, "missing required field \"pattern\" for action \"extract\"", o->key, index);
    if (!make_regex(action, o, index, message))
        return false;
    if (sm_regex_group_count(action->regex) <= 1)
        return refuse(message, "\"pattern\" contains no named matcher groups", o->key, index);
    for (size_t i = 1; i < sm_regex_group_count(action->regex); i++)
        if (sm_regex_group_name(action->regex, i).size == 0)
            return refuse(message, "\"pattern\" contains at least one unnamed matcher group", o->key, index);
    return true;
}

static bool make_convert(struct action *action, const struct sm_attribute_action_options *o, size_t index, char *message)
{
    static const char *const words[] = {[TO_STRING] = "string", [TO_INT] = "int", [TO_DOUBLE] = "double"};
    if (has_node(o->value) || *o->from_attribute || *o->from_context || *o->pattern)
        return refuse(message, "convert uses neither a value source nor \"pattern\"", o->key, index);
    for (size_t i = TO_STRING; i <= TO_DOUBLE; i++)
        if (strcmp(o->converted_type, words[i]) == 0)
            action->target = (enum target_type)i;
    return action->target != TO_NONE || refuse(message, "\"converted_type\" must be int, double or string", o->key, index);
}

static bool make_action(struct action *action, const struct sm_attribute_action_options *o, struct sm_arena *arena, size_t index, char *message)
{
    if (!find_kind(o->action, &action->kind)) {
        snprintf(message, 256, "error with key \"%s\" (%zu-th action): error creating AttrProc due to unsupported action \"%s\"", o->key, index,
                 o->action);
        return false;
    }
    bool may_have_pattern = action->kind == ACTION_DELETE || action->kind == ACTION_HASH;
    if (!*o->key && !(may_have_pattern && *o->pattern))
        return refuse(message, may_have_pattern ? "at least one of \"key\" and \"pattern\" has to be used" : "missing required field \"key\"", o->key,
                      index);
    action->key = sm_arena_copy(arena, sm_slice_of(o->key));
    action->from_attribute = sm_arena_copy(arena, sm_slice_of(o->from_attribute));
    action->from_context = sm_arena_copy(arena, sm_slice_of(o->from_context));
    switch (action->kind) {
    case ACTION_HASH:
    case ACTION_DELETE:
        return make_hash_or_delete(action, o, index, message);
    case ACTION_EXTRACT:
        return make_extract(action, o, index, message);
    case ACTION_CONVERT:
        return make_convert(action, o, index, message);
    default:
        return make_setting(action, o, arena, index, message);
    }
}

struct sm_attribute_actions *sm_attribute_actions_create(const struct sm_table_list *options, char message[static 256])
{
    const struct sm_attribute_action_options *items = options->items;
    struct sm_attribute_actions *actions = sm_alloc(1, sizeof(*actions));
    actions->items = sm_arena_zalloc(&actions->arena, options->count, sizeof(*actions->items));
    for (; actions->count < options->count; actions->count++)
        if (!make_action(&actions->items[actions->count], &items[actions->count], &actions->arena, actions->count, message)) {
            actions->count++;
            sm_attribute_actions_free(actions);
            return NULL;
        }
    return actions;
}

void sm_attribute_actions_free(struct sm_attribute_actions *actions)
{
    if (!actions)
        return;
    for (size_t i = 0; i < actions->count; i++)
        sm_regex_free(actions->items[i].regex);
    sm_arena_deinit(&actions->arena);
    free(actions);
}

/* ---- applying */

struct application {
    struct sm_attributes *attributes;
    const struct sm_batch *batch;
    struct sm_arena *arena;
    bool has_changed;
};

static struct sm_map *edit(struct application *a)
{
    a->has_changed = true;
    return sm_attributes_edit(a->attributes, a->arena);
}

static bool has_key(const struct application *a, struct sm_slice key)
{
    struct sm_value value;
    return sm_attributes_find(a->attributes, key, &value);
}

static struct sm_slice metadata_name(struct sm_slice name)
{
    struct sm_slice prefix = SM_SLICE("metadata.");
    return sm_slice_starts_with(name, prefix) ? sm_slice_make(name.ptr + prefix.size, name.size - prefix.size) : name;
}

/* The address of the client, there or not, what an authenticator says of it, or the values of a header joined with ";". */
static bool from_context(const struct application *a, struct sm_slice name, struct sm_value *value)
{
    struct sm_bytes joined;
    const struct sm_metadata *metadata = a->batch->metadata;
    if (sm_slice_is(name, "client.address")) {
        *value = sm_value_string(sm_arena_copy(a->arena, sm_slice_of(a->batch->client)));
        return true;
    }
    struct sm_slice auth_prefix = SM_SLICE("auth."), identity;
    if (sm_slice_starts_with(name, auth_prefix)) {
        name = sm_slice_make(name.ptr + auth_prefix.size, name.size - auth_prefix.size);
        if (!sm_metadata_find_identity(metadata, name, &identity))
            return false;
        *value = sm_value_string(sm_arena_copy(a->arena, identity));
        return true;
    }
    name = metadata_name(name);
    size_t count = sm_metadata_count(metadata, name);
    if (count == 0)
        return false;
    sm_bytes_init(&joined, a->arena);
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            sm_bytes_append_char(&joined, ';');
        sm_bytes_append_slice(&joined, sm_metadata_get(metadata, name, i));
    }
    *value = sm_value_string(sm_bytes_slice(&joined));
    return true;
}

static bool find_source(const struct application *a, const struct action *action, struct sm_value *value)
{
    if (action->has_value) {
        *value = sm_ottl_copy_attribute(&action->value, a->arena, true);
        return true;
    }
    if (action->from_context.size > 0 && from_context(a, action->from_context, value))
        return true;
    if (action->from_attribute.size > 0 && sm_attributes_find(a->attributes, action->from_attribute, value)) {
        *value = sm_ottl_copy_attribute(value, a->arena, false);
        return true;
    }
    *value = sm_ottl_copy_attribute(&action->default_value, a->arena, true);
    return action->has_default;
}

static void apply_setting(struct application *a, const struct action *action)
{
    struct sm_value value;
    bool is_there = has_key(a, action->key);
    if ((action->kind == ACTION_INSERT && is_there) || (action->kind == ACTION_UPDATE && !is_there) || !find_source(a, action, &value))
        return;
    sm_map_set(edit(a), a->arena, is_there ? action->key : sm_arena_copy(a->arena, action->key), value);
}

static bool any_key_matches(const struct application *a, const struct sm_regex *regex)
{
    struct sm_attribute_cursor cursor = sm_attributes_begin(a->attributes);
    struct sm_attribute attribute;
    while (regex && sm_attributes_next(&cursor, &attribute))
        if (sm_regex_matches(regex, attribute.key))
            return true;
    return false;
}

static void apply_delete(struct application *a, const struct action *action)
{
    if (has_key(a, action->key))
        sm_map_remove(edit(a), action->key);
    if (!any_key_matches(a, action->regex))
        return;
    struct sm_map *map = edit(a);
    size_t kept = 0;
    for (size_t i = 0; i < map->count; i++)
        if (!sm_regex_matches(action->regex, map->entries[i].key))
            map->entries[kept++] = map->entries[i];
    map->count = kept;
}

static void hash_value(struct sm_value *value, struct sm_arena *arena)
{
    unsigned char bytes[8] = {0};
    struct sm_slice input = sm_slice_make(bytes, sizeof(bytes));
    uint64_t bits = (uint64_t)value->integer;
    switch (value->type) {
    case SM_VALUE_STRING:
        input = value->string;
        break;
    case SM_VALUE_BOOL:
        bytes[0] = value->boolean;
        input.size = 1;
        break;
    case SM_VALUE_DOUBLE:
        memcpy(&bits, &value->number, sizeof(bits));
        break;
    case SM_VALUE_INT:
        break;
    default:
        *value = sm_value_string((struct sm_slice){0});
        return;
    }
    for (size_t i = 0; i < sizeof(bytes) && input.size == sizeof(bytes) && value->type != SM_VALUE_STRING; i++)
        bytes[i] = (unsigned char)(bits >> (8 * i));
    *value = sm_value_string(sm_digest_hex(SM_DIGEST_SHA256, input, arena));
}

static void apply_hash(struct application *a, const struct action *action)
{
    if (has_key(a, action->key))
        hash_value(sm_map_find(edit(a), action->key), a->arena);
    if (!any_key_matches(a, action->regex))
        return;
    struct sm_map *map = edit(a);
    for (size_t i = 0; i < map->count; i++)
        if (sm_regex_matches(action->regex, map->entries[i].key))
            hash_value(&map->entries[i].value, a->arena);
}

static void apply_extract(struct application *a, const struct action *action)
{
    struct sm_value value;
    struct sm_regex_match match;
    if (!sm_attributes_find(a->attributes, action->key, &value) || value.type != SM_VALUE_STRING ||
        !sm_regex_find(action->regex, value.string, 0, &match))
        return;
    struct sm_map *map = edit(a);
    for (size_t i = 1; i < match.count; i++) {
        const struct sm_regex_span *group = &match.groups[i];
        struct sm_slice text =
            group->start == SM_REGEX_NONE ? (struct sm_slice){0} : sm_slice_make(value.string.ptr + group->start, group->end - group->start);
        sm_map_set(map, a->arena, sm_arena_copy(a->arena, sm_regex_group_name(action->regex, i)), sm_value_string(text));
    }
}

static bool to_int(const struct sm_value *value, struct sm_value *out)
{
    int64_t number;
    switch (value->type) {
    case SM_VALUE_DOUBLE:
        *out = sm_value_int(value->number >= -9223372036854775808.0 && value->number < 9223372036854775808.0 ? (int64_t)value->number : INT64_MIN);
        return true;
    case SM_VALUE_BOOL:
        *out = sm_value_int(value->boolean);
        return true;
    case SM_VALUE_STRING:
        if (!sm_parse_int(value->string, INT64_MIN, INT64_MAX, &number))
            return false;
        *out = sm_value_int(number);
        return true;
    default:
        return false;
    }
}

static bool to_double(const struct sm_value *value, struct sm_arena *arena, struct sm_value *out)
{
    double number;
    switch (value->type) {
    case SM_VALUE_INT:
        *out = sm_value_double((double)value->integer);
        return true;
    case SM_VALUE_BOOL:
        *out = sm_value_double(value->boolean);
        return true;
    case SM_VALUE_STRING:
        if (!sm_parse_double(value->string, arena, &number))
            return false;
        *out = sm_value_double(number);
        return true;
    default:
        return false;
    }
}

static void apply_convert(struct application *a, const struct action *action)
{
    struct sm_value value, converted;
    if (!sm_attributes_find(a->attributes, action->key, &value))
        return;
    bool is_converted;
    if (action->target == TO_STRING) {
        is_converted = value.type != SM_VALUE_STRING;
        if (is_converted)
            converted = sm_value_string(sm_value_to_string(&value, a->arena));
    } else {
        is_converted = action->target == TO_INT ? to_int(&value, &converted) : to_double(&value, a->arena, &converted);
    }
    if (is_converted)
        sm_map_set(edit(a), a->arena, action->key, converted);
}

bool sm_attribute_actions_apply(const struct sm_attribute_actions *actions, struct sm_attributes *attributes, const struct sm_batch *batch,
                                struct sm_arena *arena)
{
    static void (*const apply[ACTION_COUNT])(struct application * a, const struct action *action) = {
        apply_setting, apply_setting, apply_setting, apply_delete, apply_hash, apply_extract, apply_convert,
    };
    struct application application = {.attributes = attributes, .batch = batch, .arena = arena};
    for (size_t i = 0; i < actions->count; i++)
        apply[actions->items[i].kind](&application, &actions->items[i]);
    return application.has_changed;
}
