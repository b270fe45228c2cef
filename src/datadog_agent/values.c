/* values.c - values of the Agent's settings: from variables, else from the file; see settings.h. Both are read as liberally as the Agent reads them:
 * a number may stand in quotes, a text may be a number. */
#include "datadog_agent/settings.h"

#include <ctype.h>
#include <stdlib.h>

#include "config/tree.h"
#include "base/bytes.h"
#include "config/diags.h"
#include "config/source.h"
#include "config/yaml.h"

/* ---- the environment */

/* "apm_config.filter_tags.require" is DD_APM_CONFIG_FILTER_TAGS_REQUIRE, and DD_APM_FILTER_TAGS_REQUIRE as it is known. */
static const char *variable_name(const char *path, bool is_short, struct sm_arena *arena)
{
    static const char section[] = "apm_config.";
    bool is_apm = strncmp(path, section, sizeof(section) - 1) == 0;
    if (is_short && !is_apm)
        return NULL;
    char *name = sm_arena_printf(arena, "DD_%s%s", is_short ? "APM_" : "", is_short ? path + sizeof(section) - 1 : path);
    for (char *at = name; *at; at++)
        *at = *at == '.' ? '_' : (char)toupper((unsigned char)*at);
    return name;
}

/* NULL: not set. */
static const char *find_variable(const struct sm_agent_values *values, const char *name)
{
    size_t size = strlen(name);
    for (const char *const *entry = values->environment; *entry; entry++)
        if (strncmp(*entry, name, size) == 0 && (*entry)[size] == '=')
            return *entry + size + 1;
    return NULL;
}

static const char *variable_value(const struct sm_agent_values *values, const struct sm_agent_setting *setting, const char **name)
{
    const char *names[] = {setting->variable, setting->variable2, variable_name(setting->path, true, values->arena),
                           variable_name(setting->path, false, values->arena)};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const char *value = names[i] ? find_variable(values, names[i]) : NULL;
        *name = names[i];
        if (value && *value)
            return value;
    }
    return NULL;
}

static struct sm_position position_of(const struct sm_agent_values *values, const char *name)
{
    struct sm_source *source = sm_arena_zalloc(values->arena, 1, sizeof(*source));
    *source = (struct sm_source){.name = sm_arena_printf(values->arena, "${env:%s}", name), .text = SM_SLICE("")};
    return (struct sm_position){.source = source};
}

/* What Go's strconv.ParseBool takes. */
static bool parse_bool(const char *text, bool *boolean)
{
    static const char *const forms[2][6] = {{"0", "f", "F", "false", "FALSE", "False"}, {"1", "t", "T", "true", "TRUE", "True"}};
    for (int value = 0; value < 2; value++)
        for (int i = 0; i < 6; i++)
            if (strcmp(text, forms[value][i]) == 0) {
                *boolean = value;
                return true;
            }
    return false;
}

/* What YAML 1.1 takes, which the Agent's files are. */
static bool parse_old_word(const char *text, bool *boolean)
{
    static const char *const forms[2][3] = {{"n", "no", "off"}, {"y", "yes", "on"}};
    for (int value = 0; value < 2; value++)
        for (int i = 0; i < 3; i++)
            if (sm_slice_equal_nocase(sm_slice_of(text), sm_slice_of(forms[value][i]))) {
                *boolean = value;
                return true;
            }
    return false;
}

/* The fields of a line between commas, as encoding/csv reads them; empty ones are left out. */
static struct sm_node *fields(const struct sm_agent_values *values, const char *text, struct sm_position position)
{
    struct sm_node *list = sm_tree_list(values->arena, position);
    while (*text) {
        struct sm_bytes field;
        sm_bytes_init(&field, values->arena);
        text += strspn(text, " ");
        bool is_quoted = *text == '"';
        for (text += is_quoted; *text && (is_quoted || *text != ','); text++) {
            if (is_quoted && *text == '"' && text[1] != '"')
                is_quoted = false;
            else
                sm_bytes_append_char(&field, *(text += is_quoted && *text == '"'));
        }
        text += *text == ',';
        if (field.size)
            sm_tree_append(list, values->arena, sm_tree_string(values->arena, position, sm_bytes_cstr(&field)));
    }
    return list;
}

static struct sm_node *words(const struct sm_agent_values *values, const char *text, const char *separators, struct sm_position position)
{
    struct sm_node *list = sm_tree_list(values->arena, position);
    while (*text) {
        size_t size = strcspn(text, separators);
        struct sm_slice word = sm_slice_trim(sm_slice_make(text, size));
        if (word.size >= 2 && word.ptr[0] == '"' && word.ptr[word.size - 1] == '"')
            word = sm_slice_make(word.ptr + 1, word.size - 2);
        if (word.size)
            sm_tree_append(list, values->arena, sm_tree_string(values->arena, position, sm_arena_strdup(values->arena, word)));
        text += size;
        text += *text != '\0';
    }
    return list;
}

/* JSON is YAML. */
static struct sm_node *parse_tree(const struct sm_agent_values *values, const char *text, struct sm_position position)
{
    struct sm_source *source = sm_arena_zalloc(values->arena, 1, sizeof(*source));
    *source = (struct sm_source){.name = position.source->name, .text = sm_slice_of(text)};
    return sm_yaml_parse(source, values->arena, values->diags);
}

static struct sm_node *node_of_variable(const struct sm_agent_values *values, enum sm_agent_form form, const char *text, struct sm_position position)
{
    if (form == SM_AGENT_TEXT || form == SM_AGENT_BOOL)
        return sm_tree_string(values->arena, position, text);
    if (form == SM_AGENT_SCALAR || form == SM_AGENT_SECONDS)
        return sm_tree_yaml(values->arena, position, text[0] == '[' ? "" : text);
    if (form == SM_AGENT_TREE || text[0] == '[')
        return parse_tree(values, text, position);
    if (form == SM_AGENT_CSV)
        return fields(values, text, position);
    bool has_commas = strchr(text, ',') != NULL;
    return words(values, text, form == SM_AGENT_WORDS && has_commas ? "," : " ", position);
}

/* ---- the file */

static const struct sm_node *find_in_file(const struct sm_node *map, const char *path)
{
    while (map && *path) {
        size_t size = strcspn(path, ".");
        const struct sm_node *value = NULL;
        for (size_t i = 0; map->kind == SM_NODE_MAP && i < map->map.count; i++)
            if (sm_slice_equal(sm_slice_of(map->map.entries[i].key), sm_slice_make(path, size)))
                value = map->map.entries[i].value;
        map = value;
        path += size;
        path += *path == '.';
    }
    return map;
}

/* A scalar of the file without quotes around it. */
static bool is_plain(const struct sm_node *node)
{
    struct sm_slice rest = node->position.source ? node->position.source->text : (struct sm_slice){0}, line = {0};
    for (unsigned number = 0; number < node->position.line; number++)
        line = sm_slice_cut(&rest, '\n');
    size_t column = node->position.column;
    return node->position.line && column && column <= line.size && !strchr("\"'", line.ptr[column - 1]);
}

/* As the Agent reads what should be a boolean; what is none is left to who asks. */
static const struct sm_node *as_bool(const struct sm_agent_values *values, const struct sm_node *node)
{
    bool boolean = false, is_one = false;
    if (node->kind == SM_NODE_INT) {
        boolean = node->integer != 0;
        is_one = true;
    } else if (node->kind == SM_NODE_STRING) {
        is_one = parse_bool(node->string, &boolean) || (is_plain(node) && parse_old_word(node->string, &boolean));
    }
    return is_one ? sm_tree_yaml(values->arena, node->position, boolean ? "true" : "false") : node;
}

static bool is_plain_scalar(const struct sm_node *node)
{
    return (node->kind == SM_NODE_INT || node->kind == SM_NODE_FLOAT || node->kind == SM_NODE_BOOL) && node->original;
}

/* Numbers in a list of texts. */
static const struct sm_node *as_texts(const struct sm_agent_values *values, const struct sm_node *list)
{
    struct sm_node *texts = sm_tree_list(values->arena, list->position);
    for (size_t i = 0; i < list->list.count; i++) {
        struct sm_node *item = list->list.items[i];
        sm_tree_append(texts, values->arena, is_plain_scalar(item) ? sm_tree_string(values->arena, item->position, item->original) : item);
    }
    return texts;
}

/* Numbers and booleans in quotes, texts without. */
static const struct sm_node *cast(const struct sm_agent_values *values, enum sm_agent_form form, const struct sm_node *node)
{
    bool is_number_form = form == SM_AGENT_SCALAR || form == SM_AGENT_SECONDS;
    if (is_number_form && node->kind == SM_NODE_STRING && node->string[0] != '[')
        return sm_tree_yaml(values->arena, node->position, node->string);
    if (form == SM_AGENT_BOOL)
        return as_bool(values, node);
    if (form == SM_AGENT_TEXT && is_plain_scalar(node))
        return sm_tree_string(values->arena, node->position, node->original);
    bool is_list_form = form == SM_AGENT_WORDS || form == SM_AGENT_CSV || form == SM_AGENT_KEYS;
    if (is_list_form && node->kind == SM_NODE_STRING)
        return node_of_variable(values, form, node->string, node->position);
    return is_list_form && node->kind == SM_NODE_LIST ? as_texts(values, node) : node;
}

static const struct sm_node *as_duration(const struct sm_agent_values *values, const struct sm_node *node)
{
    if (node->kind == SM_NODE_INT)
        return sm_tree_string(values->arena, node->position, sm_arena_printf(values->arena, "%llds", (long long)node->integer));
    if (node->kind == SM_NODE_FLOAT)
        return sm_tree_string(values->arena, node->position, sm_arena_printf(values->arena, "%.9fs", node->number));
    return node;
}

const struct sm_node *sm_agent_value(const struct sm_agent_values *values, const struct sm_agent_setting *setting)
{
    const char *name;
    const char *text = variable_value(values, setting, &name);
    const struct sm_node *node =
        text ? node_of_variable(values, setting->form, text, position_of(values, name)) : find_in_file(values->file, setting->path);
    if (!node || node->kind == SM_NODE_NULL)
        return NULL;
    node = cast(values, setting->form, node);
    if (node->kind == SM_NODE_NULL || (node->kind == SM_NODE_STRING && !*node->string))
        return NULL; /* an empty text says nothing in the Agent */
    return setting->form == SM_AGENT_SECONDS ? as_duration(values, node) : node;
}

const struct sm_node *sm_agent_find(const struct sm_agent_values *values, const char *path)
{
    for (size_t i = 0; i < sm_agent_setting_count; i++)
        if (strcmp(sm_agent_settings[i].path, path) == 0)
            return sm_agent_value(values, &sm_agent_settings[i]);
    return NULL;
}

bool sm_agent_bool(const struct sm_agent_values *values, const char *path, bool absent)
{
    const struct sm_node *node = sm_agent_find(values, path);
    if (!node)
        return absent;
    if (node->kind == SM_NODE_BOOL)
        return node->boolean;
    sm_diags_add(values->diags, SM_DIAG_ERROR, node->position, path, NULL, "expected true or false, got %s", sm_node_kind_name(node->kind));
    return absent;
}

const char *sm_agent_text(const struct sm_agent_values *values, const char *path, const char *absent)
{
    const struct sm_node *node = sm_agent_find(values, path);
    if (!node)
        return absent;
    if (node->kind == SM_NODE_STRING)
        return node->string;
    if (node->kind == SM_NODE_INT)
        return sm_arena_printf(values->arena, "%lld", (long long)node->integer);
    sm_diags_add(values->diags, SM_DIAG_ERROR, node->position, path, NULL, "expected a text, got %s", sm_node_kind_name(node->kind));
    return absent;
}

/* ---- what goes nowhere */

static bool fits(const struct sm_agent_setting *setting, const char *path)
{
    size_t size = strlen(setting->path);
    if (size && setting->path[size - 1] == '*')
        return strncmp(setting->path, path, size - 1) == 0;
    return strcmp(setting->path, path) == 0;
}

static bool has_below(const char *path)
{
    size_t size = strlen(path);
    for (size_t i = 0; i < sm_agent_setting_count; i++)
        if (strncmp(sm_agent_settings[i].path, path, size) == 0 && sm_agent_settings[i].path[size] == '.')
            return true;
    return false;
}

static const struct sm_agent_setting *row_of(const char *path)
{
    for (size_t i = 0; i < sm_agent_setting_count; i++)
        if (fits(&sm_agent_settings[i], path))
            return &sm_agent_settings[i];
    return NULL;
}

static void tell(const struct sm_agent_values *values, struct sm_position position, const char *path, enum sm_agent_fate fate)
{
    if (fate == SM_AGENT_REFUSED)
        sm_diags_add(values->diags, SM_DIAG_ERROR, position, path, NULL, "this setting of the Agent is not supported");
    else if (fate == SM_AGENT_IGNORED)
        sm_diags_add(values->diags, SM_DIAG_WARNING, position, path, NULL, "has no effect: this part of the Agent is not here");
}

/* The setting of this map whose name is nearest to `key`. */
static const char *suggest(const struct sm_agent_values *values, const char *prefix, const char *key)
{
    size_t size = strlen(prefix), count = 0;
    const char **names = sm_arena_alloc(values->arena, sm_agent_setting_count * sizeof(*names));
    for (size_t i = 0; i < sm_agent_setting_count; i++) {
        const char *path = sm_agent_settings[i].path;
        if (strncmp(path, prefix, size) != 0 || (size && path[size] != '.'))
            continue;
        const char *name = path + size + (size > 0);
        names[count++] = sm_arena_strdup(values->arena, sm_slice_make(name, strcspn(name, ".*")));
    }
    const char *near = sm_nearest_word(key, names, count);
    return near && strcmp(near, key) != 0 ? sm_arena_printf(values->arena, "did you mean %s?", near) : NULL;
}

static bool is_below(const char *path, const char *section)
{
    return strncmp(path, section, strlen(section)) == 0;
}

/* What has no row and nothing below it. The Agent goes on with a warning; the OTLP receiver's own settings are the Collector's, which does not. */
static void tell_unknown(const struct sm_agent_values *values, const struct sm_node_entry *entry, const char *path, const char *prefix)
{
    if (is_below(path, "otlp_config.receiver."))
        sm_diags_add(values->diags, SM_DIAG_ERROR, entry->key_position, path, suggest(values, prefix, entry->key), "unknown setting");
    else if (is_below(path, "apm_config.") || is_below(path, "otlp_config."))
        sm_diags_add(values->diags, SM_DIAG_WARNING, entry->key_position, path, suggest(values, prefix, entry->key),
                     "unknown setting, it has no effect");
    else if (entry->value->kind != SM_NODE_NULL)
        sm_diags_add(values->diags, SM_DIAG_WARNING, entry->key_position, path, suggest(values, prefix, entry->key),
                     "has no effect: only traces and OTLP are here");
}

static void check_map(const struct sm_agent_values *values, const struct sm_node *map, const char *prefix)
{
    for (size_t i = 0; i < map->map.count; i++) {
        const struct sm_node_entry *entry = &map->map.entries[i];
        const char *path = sm_arena_printf(values->arena, "%s%s%s", prefix, *prefix ? "." : "", entry->key);
        const struct sm_agent_setting *row = row_of(path);
        bool is_section = has_below(path), is_empty = entry->value->kind == SM_NODE_NULL;
        if (!row && !is_section)
            tell_unknown(values, entry, path, prefix);
        else if (is_empty)
            continue;
        else if (row && row->fate != SM_AGENT_MAPPED)
            tell(values, entry->key_position, path, row->fate);
        else if (is_section && entry->value->kind == SM_NODE_MAP)
            check_map(values, entry->value, path);
        else if (!row)
            sm_diags_add(values->diags, SM_DIAG_ERROR, entry->value->position, path, NULL, "expected settings, got %s",
                         sm_node_kind_name(entry->value->kind));
    }
}

/* All names of settings in variables; those of everything below a path end with '*'. */
static const char **list_variables(const struct sm_agent_values *values, size_t *count)
{
    const char **names = sm_arena_alloc(values->arena, 4 * sm_agent_setting_count * sizeof(*names));
    *count = 0;
    for (size_t i = 0; i < sm_agent_setting_count; i++) {
        const struct sm_agent_setting *setting = &sm_agent_settings[i];
        const char *own[] = {setting->variable, setting->variable2, variable_name(setting->path, true, values->arena),
                             variable_name(setting->path, false, values->arena)};
        for (size_t k = 0; k < sizeof(own) / sizeof(own[0]); k++)
            if (own[k])
                names[(*count)++] = own[k];
    }
    return names;
}

static bool is_listed(const char *name, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        size_t size = strlen(names[i]);
        if (size && names[i][size - 1] == '*' ? strncmp(name, names[i], size - 1) == 0 : strcmp(name, names[i]) == 0)
            return true;
    }
    return false;
}

/* As the Agent warns of them, but of the sections that are here only: DD_* is used by tracers and other parts of the Agent too. */
static void tell_unknown_variables(const struct sm_agent_values *values)
{
    size_t count;
    const char **names = list_variables(values, &count);
    for (const char *const *entry = values->environment; *entry; entry++) {
        struct sm_slice text = sm_slice_of(*entry);
        const char *name = sm_arena_strdup(values->arena, sm_slice_cut(&text, '='));
        if (!text.size || (!is_below(name, "DD_APM_") && !is_below(name, "DD_OTLP_CONFIG_")) || is_listed(name, names, count))
            continue;
        const char *near = sm_nearest_word(name, names, count);
        sm_diags_add(values->diags, SM_DIAG_WARNING, position_of(values, name), NULL,
                     near ? sm_arena_printf(values->arena, "did you mean %s?", near) : NULL, "unknown variable, it has no effect");
    }
}

void sm_agent_check_settings(const struct sm_agent_values *values)
{
    if (values->file)
        check_map(values, values->file, "");
    tell_unknown_variables(values);
    for (size_t i = 0; i < sm_agent_setting_count; i++) {
        const struct sm_agent_setting *setting = &sm_agent_settings[i];
        const char *name;
        if (setting->fate != SM_AGENT_REFUSED && setting->fate != SM_AGENT_IGNORED)
            continue;
        if (!strchr(setting->path, '*') && variable_value(values, setting, &name))
            tell(values, position_of(values, name), setting->path, setting->fate);
    }
}
