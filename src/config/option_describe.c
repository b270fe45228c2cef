/* option_describe.c - see option_describe.h. */
#include "config/option_describe.h"

#include <stdio.h>

#include "base/bytes.h"
#include "config/duration.h"

enum { PATH_BYTES_MAX = 256, DEPTH_MAX = 12 };

static const char *const type_names[] = {
    [SM_OPTION_KIND_END] = "",
    [SM_OPTION_KIND_BOOL] = "boolean",
    [SM_OPTION_KIND_INT] = "whole number",
    [SM_OPTION_KIND_UINT] = "whole number",
    [SM_OPTION_KIND_DOUBLE] = "number",
    [SM_OPTION_KIND_DURATION] = "duration",
    [SM_OPTION_KIND_STRING] = "string",
    [SM_OPTION_KIND_SECRET] = "secret string",
    [SM_OPTION_KIND_ENUM] = "one of ",
    [SM_OPTION_KIND_STRING_LIST] = "list of strings",
    [SM_OPTION_KIND_DOUBLE_LIST] = "list of numbers",
    [SM_OPTION_KIND_DURATION_LIST] = "list of durations",
    [SM_OPTION_KIND_STRING_MAP] = "map of strings",
    [SM_OPTION_KIND_TABLE] = "section",
    [SM_OPTION_KIND_OPTIONAL] = "optional section",
    [SM_OPTION_KIND_TABLE_LIST] = "list of sections",
    [SM_OPTION_KIND_TABLE_MAP] = "map of sections",
    [SM_OPTION_KIND_NODE] = "any value",
    [SM_OPTION_KIND_REFUSED] = "not supported",
};

void sm_option_write_type(const struct sm_option *option, struct sm_bytes *out)
{
    if (option->kind == SM_OPTION_KIND_STRING_MAP && option->secret)
        sm_bytes_append_text(out, "map of secret strings");
    else
        sm_bytes_append_text(out, type_names[option->kind]);
    if (option->kind != SM_OPTION_KIND_ENUM)
        return;
    bool is_first = true;
    for (const struct sm_option_word *word = option->words; word->word; word++) {
        if (!*word->word)
            continue;
        sm_bytes_printf(out, "%s%s", is_first ? "" : ", ", word->word);
        is_first = false;
    }
}

static void write_strings(const struct sm_option *option, struct sm_bytes *out)
{
    sm_bytes_append_char(out, '[');
    for (const char *const *item = option->preset.strings; item && *item; item++)
        sm_bytes_printf(out, "%s\"%s\"", item == option->preset.strings ? "" : ", ", *item);
    sm_bytes_append_char(out, ']');
}

static void write_numbers(const struct sm_option *option, struct sm_bytes *out)
{
    sm_bytes_append_char(out, '[');
    for (size_t i = 0; i < option->preset_count; i++)
        sm_bytes_printf(out, "%s%.15g", i ? ", " : "", option->preset.numbers[i]);
    sm_bytes_append_char(out, ']');
}

static void write_word(const struct sm_option *option, struct sm_bytes *out)
{
    for (const struct sm_option_word *word = option->words; word->word; word++) {
        if (word->value != (int)option->preset.integer)
            continue;
        sm_bytes_printf(out, *word->word ? "%s" : "\"%s\"", word->word);
        return;
    }
}

void sm_option_write_default(const struct sm_option *option, struct sm_bytes *out)
{
    char text[SM_DURATION_TEXT_SIZE];
    switch (option->kind) {
    case SM_OPTION_KIND_BOOL:
        sm_bytes_append_text(out, option->preset.boolean ? "true" : "false");
        break;
    case SM_OPTION_KIND_INT:
    case SM_OPTION_KIND_UINT:
        sm_bytes_printf(out, "%lld", (long long)option->preset.integer);
        break;
    case SM_OPTION_KIND_DOUBLE:
        sm_bytes_printf(out, "%.15g", option->preset.number);
        break;
    case SM_OPTION_KIND_DURATION:
        sm_bytes_append_text(out, sm_duration_format(option->preset.integer, text));
        break;
    case SM_OPTION_KIND_STRING:
        sm_bytes_printf(out, "\"%s\"", option->preset.string ? option->preset.string : "");
        break;
    case SM_OPTION_KIND_ENUM:
        write_word(option, out);
        break;
    case SM_OPTION_KIND_STRING_LIST:
        write_strings(option, out);
        break;
    case SM_OPTION_KIND_DOUBLE_LIST:
        write_numbers(option, out);
        break;
    case SM_OPTION_KIND_SECRET:
    case SM_OPTION_KIND_DURATION_LIST:
    case SM_OPTION_KIND_STRING_MAP:
    case SM_OPTION_KIND_TABLE:
    case SM_OPTION_KIND_OPTIONAL:
    case SM_OPTION_KIND_TABLE_LIST:
    case SM_OPTION_KIND_TABLE_MAP:
    case SM_OPTION_KIND_NODE:
    case SM_OPTION_KIND_REFUSED:
    case SM_OPTION_KIND_END:
        break;
    }
}

static void write_bound(const struct sm_option *option, double value, struct sm_bytes *out)
{
    char text[SM_DURATION_TEXT_SIZE];
    if (option->kind == SM_OPTION_KIND_DURATION)
        sm_bytes_append_text(out, sm_duration_format((int64_t)value, text));
    else
        sm_bytes_printf(out, "%.15g", value);
}

void sm_option_write_range(const struct sm_option *option, struct sm_bytes *out)
{
    size_t before = out->size;
    if (option->min != 0 || option->max != 0) {
        write_bound(option, option->min, out);
        if (option->max == 0 || option->max >= 9.2e18) {
            sm_bytes_append_text(out, " or more");
        } else {
            sm_bytes_append_text(out, " to ");
            write_bound(option, option->max, out);
        }
    }
    if (option->unit)
        sm_bytes_printf(out, "%s%s", out->size > before ? " " : "", option->unit);
}

static void walk(const struct sm_option *table, const char *prefix, unsigned depth, sm_option_visit *visit, void *context)
{
    if (depth > DEPTH_MAX)
        return;
    for (const struct sm_option *option = table; option && option->kind != SM_OPTION_KIND_END; option++) {
        if (option->kind == SM_OPTION_KIND_TABLE && option->squash) {
            walk(option->table, prefix, depth, visit, context);
            continue;
        }
        char path[PATH_BYTES_MAX];
        snprintf(path, sizeof(path), "%s%s%s", prefix, *prefix ? "." : "", sm_option_key(option));
        visit(context, option, path, depth);
        const char *suffix = option->kind == SM_OPTION_KIND_TABLE_LIST ? "[]" : option->kind == SM_OPTION_KIND_TABLE_MAP ? ".NAME" : "";
        char below[PATH_BYTES_MAX + 8];
        snprintf(below, sizeof(below), "%s%s", path, suffix);
        if (option->table)
            walk(option->table, below, depth + 1, visit, context);
    }
}

void sm_options_walk(const struct sm_option *table, sm_option_visit *visit, void *context)
{
    walk(table, "", 0, visit, context);
}
