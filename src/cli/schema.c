/* schema.c - spanmill schema: JSON Schema (2020-12) of a configuration file, made from the option tables.
 *
 * A value may always be a substitution, and a section may be left empty, so every type admits both. */
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/bytes.h"
#include "cli/cli.h"
#include "cli/flags.h"
#include "cli/terminal.h"
#include "config/duration.h"
#include "pipeline/config.h"
#include "service/registry.h"

static json_t *schema_of(const struct sm_option *option);

static void set_text(json_t *object, const char *key, const char *text)
{
    json_object_set_new(object, key, json_string(text));
}

/* {anyOf: [what, a substitution, nothing]} */
static json_t *or_substitution(json_t *what)
{
    json_t *any = json_array();
    json_array_append_new(any, what);
    json_array_append_new(any, json_pack("{s:s}", "$ref", "#/$defs/substitution"));
    json_array_append_new(any, json_pack("{s:s}", "type", "null"));
    return json_pack("{s:o}", "anyOf", any);
}

static void add_rows(json_t *properties, const struct sm_option *table)
{
    for (const struct sm_option *option = table; option && option->kind != SM_OPTION_KIND_END; option++) {
        if (option->kind == SM_OPTION_KIND_TABLE && option->squash)
            add_rows(properties, option->table);
        else if (option->kind != SM_OPTION_KIND_REFUSED)
            json_object_set_new(properties, sm_option_key(option), schema_of(option));
    }
}

static json_t *schema_of_table(const struct sm_option *table)
{
    json_t *properties = json_object();
    add_rows(properties, table);
    return json_pack("{s:[s,s,s],s:o,s:b}", "type", "object", "null", "string", "properties", properties, "additionalProperties", 0);
}

static json_t *list_of(json_t *items)
{
    return or_substitution(json_pack("{s:s,s:o}", "type", "array", "items", items));
}

static json_t *number_schema(const struct sm_option *option, const char *type)
{
    json_t *schema = json_pack("{s:s}", "type", type);
    if (option->min != 0 || option->max != 0)
        json_object_set_new(schema, "minimum", json_real(option->min));
    else if (option->kind == SM_OPTION_KIND_UINT)
        json_object_set_new(schema, "minimum", json_integer(0));
    if (option->max != 0 && option->max < 9.2e18)
        json_object_set_new(schema, "maximum", json_real(option->max));
    return or_substitution(schema);
}

static json_t *words_schema(const struct sm_option *option)
{
    json_t *words = json_array();
    for (const struct sm_option_word *word = option->words; word->word; word++)
        json_array_append_new(words, json_string(word->word));
    for (const struct sm_option_word *word = option->words; option->takes_numbers && word->word; word++)
        json_array_append_new(words, json_integer(word->value));
    if (!option->ignore_case)
        return or_substitution(json_pack("{s:o}", "enum", words));
    return json_pack("{s:[o,{s:s}]}", "anyOf", json_pack("{s:o}", "enum", words), "type", "string");
}

static json_t *bare_schema(const struct sm_option *option)
{
    switch (option->kind) {
    case SM_OPTION_KIND_BOOL:
        return or_substitution(json_pack("{s:s}", "type", "boolean"));
    case SM_OPTION_KIND_INT:
    case SM_OPTION_KIND_UINT:
        return number_schema(option, "integer");
    case SM_OPTION_KIND_DOUBLE:
        return number_schema(option, "number");
    case SM_OPTION_KIND_DURATION:
        return json_pack("{s:s}", "$ref", "#/$defs/duration");
    case SM_OPTION_KIND_STRING:
    case SM_OPTION_KIND_SECRET:
        return json_pack("{s:[s,s]}", "type", "string", "null");
    case SM_OPTION_KIND_ENUM:
        return words_schema(option);
    case SM_OPTION_KIND_STRING_LIST:
        return list_of(json_pack("{s:s}", "type", "string"));
    case SM_OPTION_KIND_DOUBLE_LIST:
        return list_of(json_pack("{s:[s,s]}", "type", "number", "string"));
    case SM_OPTION_KIND_DURATION_LIST:
        return list_of(json_pack("{s:s}", "$ref", "#/$defs/duration"));
    case SM_OPTION_KIND_STRING_MAP:
        return or_substitution(json_pack("{s:s,s:{s:s}}", "type", "object", "additionalProperties", "type", "string"));
    case SM_OPTION_KIND_TABLE:
    case SM_OPTION_KIND_OPTIONAL:
        return schema_of_table(option->table);
    case SM_OPTION_KIND_TABLE_LIST:
        return list_of(schema_of_table(option->table));
    case SM_OPTION_KIND_TABLE_MAP:
        return json_pack("{s:[s,s,s],s:o}", "type", "object", "null", "string", "additionalProperties", schema_of_table(option->table));
    case SM_OPTION_KIND_NODE:
    case SM_OPTION_KIND_REFUSED:
    case SM_OPTION_KIND_END:
        break;
    }
    return json_object();
}

static void add_default(json_t *schema, const struct sm_option *option)
{
    char text[SM_DURATION_TEXT_SIZE];
    if (option->kind == SM_OPTION_KIND_BOOL)
        json_object_set_new(schema, "default", json_boolean(option->preset.boolean));
    else if (option->kind == SM_OPTION_KIND_INT || option->kind == SM_OPTION_KIND_UINT)
        json_object_set_new(schema, "default", json_integer(option->preset.integer));
    else if (option->kind == SM_OPTION_KIND_DOUBLE)
        json_object_set_new(schema, "default", json_real(option->preset.number));
    else if (option->kind == SM_OPTION_KIND_DURATION)
        set_text(schema, "default", sm_duration_format(option->preset.integer, text));
    else if (option->kind == SM_OPTION_KIND_STRING && option->preset.string)
        set_text(schema, "default", option->preset.string);
}

static json_t *schema_of(const struct sm_option *option)
{
    json_t *schema = bare_schema(option);
    if (option->help)
        set_text(schema, "description", option->help);
    if (option->deprecated)
        json_object_set_new(schema, "deprecated", json_true());
    add_default(schema, option);
    return schema;
}

/* The section of one kind: "otlp" and "otlp/name" for every type and its old names. */
static json_t *section_schema(enum sm_component_kind kind, json_t *definitions)
{
    json_t *patterns = json_object();
    for (size_t i = 0; i < sm_component_type_count; i++) {
        const struct sm_component_type *type = sm_component_types[i];
        if (type->kind != kind)
            continue;
        struct sm_bytes name = {0}, pattern = {0};
        sm_bytes_printf(&name, "%s.%s", sm_config_kind_name(kind), type->name);
        json_t *schema = schema_of_table(type->options);
        if (type->help)
            set_text(schema, "description", type->help);
        json_object_set_new(definitions, sm_bytes_cstr(&name), schema);
        sm_bytes_printf(&pattern, "^\\s*(%s", type->name);
        for (const char *const *old = type->old_names; old && *old; old++)
            sm_bytes_printf(&pattern, "|%s", *old);
        sm_bytes_append_text(&pattern, ")\\s*(/.+)?$");
        struct sm_bytes reference = {0};
        sm_bytes_printf(&reference, "#/$defs/%s", sm_bytes_cstr(&name));
        json_object_set_new(patterns, sm_bytes_cstr(&pattern), json_pack("{s:s}", "$ref", sm_bytes_cstr(&reference)));
        sm_bytes_deinit(&name);
        sm_bytes_deinit(&pattern);
        sm_bytes_deinit(&reference);
    }
    return json_pack("{s:[s,s,s],s:o,s:b}", "type", "object", "null", "string", "patternProperties", patterns, "additionalProperties", 0);
}

int sm_cli_schema(int argc, char **argv)
{
    if (!sm_flags_read(NULL, 0, argc, argv, NULL))
        return 1;
    json_t *definitions = json_object(), *properties = json_object();
    json_object_set_new(definitions, "substitution", json_pack("{s:s,s:s}", "type", "string", "pattern", "\\$\\{"));
    json_object_set_new(definitions, "duration",
                        json_pack("{s:[s,s,s],s:s,s:s}", "type", "string", "integer", "null", "pattern",
                                  "^[+-]?(0|([0-9]*\\.?[0-9]*(ns|us|µs|ms|s|m|h))+)$|\\$\\{", "description",
                                  "A number with unit (ns, us, ms, s, m, h), as in 1m30s; a bare number is nanoseconds."));
    for (enum sm_component_kind kind = 0; kind < SM_COMPONENT_KIND_COUNT; kind++)
        json_object_set_new(properties, sm_config_section_name(kind), section_schema(kind, definitions));
    json_object_set_new(properties, "service", schema_of_table(sm_config_service_option_table));
    json_t *schema = json_pack("{s:s,s:s,s:s,s:o,s:b,s:o}", "$schema", "https://json-schema.org/draft/2020-12/schema", "title",
                               "spanmill configuration", "type", "object", "properties", properties, "additionalProperties", 0, "$defs", definitions);
    char *text = json_dumps(schema, JSON_INDENT(2));
    if (text)
        puts(text);
    free(text);
    json_decref(schema);
    return text ? 0 : sm_cli_fail("the schema cannot be written");
}
