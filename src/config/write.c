/* write.c - see write.h. */
#include "config/write.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "config/yaml.h"

enum { INDENT = 2 };

/* The shortest decimal form that reads back to the same number. */
static void write_number(double number, bool is_json, struct sm_bytes *out)
{
    if (isnan(number) || isinf(number)) {
        sm_bytes_append_text(out, is_json ? "null" : isnan(number) ? ".nan" : number > 0 ? ".inf" : "-.inf");
        return;
    }
    char text[40];
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof(text), "%.*g", digits, number);
        if (strtod(text, NULL) == number)
            break;
    }
    sm_bytes_append_text(out, text);
    if (!strpbrk(text, ".eE"))
        sm_bytes_append_text(out, ".0");
}

/* In double quotes, which JSON and YAML read alike. */
static void write_quoted(const char *text, bool doubles_dollars, struct sm_bytes *out)
{
    sm_bytes_append_char(out, '"');
    for (const char *at = text; *at; at++) {
        unsigned char c = (unsigned char)*at;
        if (c == '"' || c == '\\')
            sm_bytes_printf(out, "\\%c", c);
        else if (c == '\n')
            sm_bytes_append_text(out, "\\n");
        else if (c == '\t')
            sm_bytes_append_text(out, "\\t");
        else if (c < 0x20 || c == 0x7f)
            sm_bytes_printf(out, "\\u%04x", c);
        else if (doubles_dollars && c == '$' && (at[1] == '{' || at[1] == '$'))
            sm_bytes_append_text(out, "$$");
        else
            sm_bytes_append_char(out, *at);
    }
    sm_bytes_append_char(out, '"');
}

/* Text that YAML reads as the same string without quotes; deliberately few. */
static bool is_plain(const char *text)
{
    struct sm_node typed = {0};
    if (!isalpha((unsigned char)text[0]) && text[0] != '/')
        return false;
    for (const char *at = text; *at; at++)
        if (!isalnum((unsigned char)*at) && !strchr("_./-", *at))
            return false;
    return sm_yaml_type_scalar(text, &typed) && typed.kind == SM_NODE_STRING;
}

static void write_scalar(const struct sm_node *node, bool is_json, struct sm_bytes *out)
{
    switch (node->kind) {
    case SM_NODE_NULL:
        sm_bytes_append_text(out, "null");
        break;
    case SM_NODE_BOOL:
        sm_bytes_append_text(out, node->boolean ? "true" : "false");
        break;
    case SM_NODE_INT:
        sm_bytes_printf(out, "%lld", (long long)node->integer);
        break;
    case SM_NODE_FLOAT:
        write_number(node->number, is_json, out);
        break;
    case SM_NODE_STRING:
        if (!is_json && is_plain(node->string))
            sm_bytes_append_text(out, node->string);
        else
            write_quoted(node->string, !is_json, out);
        break;
    case SM_NODE_LIST:
        sm_bytes_append_text(out, "[]");
        break;
    case SM_NODE_MAP:
        sm_bytes_append_text(out, "{}");
        break;
    }
}

static size_t child_count(const struct sm_node *node)
{
    return node->kind == SM_NODE_LIST ? node->list.count : node->kind == SM_NODE_MAP ? node->map.count : 0;
}

static void indent(unsigned depth, struct sm_bytes *out)
{
    sm_bytes_printf(out, "%*s", (int)(depth * INDENT), "");
}

/* Children of a list or map, each on its line. With `continues` the first one follows on the line that has begun ("- key: …"). */
static void write_block(const struct sm_node *node, unsigned depth, bool continues, struct sm_bytes *out)
{
    for (size_t i = 0; i < child_count(node); i++) {
        const struct sm_node *child = node->kind == SM_NODE_LIST ? node->list.items[i] : node->map.entries[i].value;
        if (!continues || i > 0)
            indent(depth, out);
        if (node->kind == SM_NODE_LIST) {
            sm_bytes_append_text(out, "- ");
        } else {
            const char *key = node->map.entries[i].key;
            if (is_plain(key))
                sm_bytes_append_text(out, key);
            else
                write_quoted(key, false, out);
            sm_bytes_append_char(out, ':');
            sm_bytes_append_char(out, child_count(child) ? '\n' : ' ');
        }
        if (child_count(child)) {
            write_block(child, depth + 1, node->kind == SM_NODE_LIST, out);
        } else {
            write_scalar(child, false, out);
            sm_bytes_append_char(out, '\n');
        }
    }
}

void sm_node_write_yaml(const struct sm_node *node, struct sm_bytes *out)
{
    if (child_count(node)) {
        write_block(node, 0, false, out);
    } else {
        write_scalar(node, false, out);
        sm_bytes_append_char(out, '\n');
    }
}

static void write_json(const struct sm_node *node, unsigned depth, struct sm_bytes *out)
{
    size_t count = child_count(node);
    if (count == 0) {
        write_scalar(node, true, out);
        return;
    }
    sm_bytes_append_text(out, node->kind == SM_NODE_LIST ? "[\n" : "{\n");
    for (size_t i = 0; i < count; i++) {
        indent(depth + 1, out);
        if (node->kind == SM_NODE_MAP) {
            write_quoted(node->map.entries[i].key, false, out);
            sm_bytes_append_text(out, ": ");
        }
        write_json(node->kind == SM_NODE_LIST ? node->list.items[i] : node->map.entries[i].value, depth + 1, out);
        sm_bytes_append_text(out, i + 1 < count ? ",\n" : "\n");
    }
    indent(depth, out);
    sm_bytes_append_char(out, node->kind == SM_NODE_LIST ? ']' : '}');
}

void sm_node_write_json(const struct sm_node *node, struct sm_bytes *out)
{
    write_json(node, 0, out);
    sm_bytes_append_char(out, '\n');
}
