/* printer.c - a syntax tree back to text, in one canonical form.
 *
 * For messages, the editor and the property "what is printed parses to the same tree". */
#include "ottl/tree.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/hex.h"

static void print_node(struct sm_bytes *out, const struct sm_ottl_node *node);

static void print_string(struct sm_bytes *out, struct sm_slice text)
{
    sm_bytes_append_char(out, '"');
    for (size_t i = 0; i < text.size; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        if (c == '"' || c == '\\')
            sm_bytes_printf(out, "\\%c", c);
        else if (c < 0x20 || c == 0x7f)
            sm_bytes_printf(out, "\\x%02x", c);
        else
            sm_bytes_append_char(out, (char)c);
    }
    sm_bytes_append_char(out, '"');
}

/* The shortest decimal form with a point that reads back as the same double. */
static void print_float(struct sm_bytes *out, double number)
{
    char text[64];
    for (int precision = 1; precision <= 17; precision++) {
        snprintf(text, sizeof(text), "%.*e", precision, number);
        if (strtod(text, NULL) == number)
            break;
    }
    sm_bytes_append_text(out, text);
}

static void print_keys(struct sm_bytes *out, struct sm_ottl_node *const *keys, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        sm_bytes_append_char(out, '[');
        print_node(out, keys[i]);
        sm_bytes_append_char(out, ']');
    }
}

static void print_path(struct sm_bytes *out, const struct sm_ottl_node *node)
{
    for (size_t i = 0; i < node->field_count; i++) {
        if (i > 0)
            sm_bytes_append_char(out, '.');
        sm_bytes_append_slice(out, node->fields[i].name);
        print_keys(out, node->fields[i].keys, node->fields[i].key_count);
    }
}

static void print_call(struct sm_bytes *out, const struct sm_ottl_node *node)
{
    sm_bytes_append_slice(out, node->name);
    sm_bytes_append_char(out, '(');
    for (size_t i = 0; i < node->argument_count; i++) {
        const struct sm_ottl_argument *argument = &node->arguments[i];
        if (i > 0)
            sm_bytes_append_text(out, ", ");
        if (argument->name.size > 0) {
            sm_bytes_append_slice(out, argument->name);
            sm_bytes_append_char(out, '=');
        }
        if (argument->value)
            print_node(out, argument->value);
        else
            sm_bytes_append_slice(out, argument->function);
    }
    sm_bytes_append_char(out, ')');
    print_keys(out, node->items, node->count);
}

static void print_joined(struct sm_bytes *out, const struct sm_ottl_node *node, const char *separator)
{
    for (size_t i = 0; i < node->count; i++) {
        if (i > 0)
            sm_bytes_append_text(out, separator);
        if (node->kind == SM_OTTL_NODE_MAP) {
            print_string(out, node->names[i]);
            sm_bytes_append_text(out, ": ");
        }
        print_node(out, node->items[i]);
    }
}

static void print_enclosed(struct sm_bytes *out, const struct sm_ottl_node *node, char open, char close)
{
    sm_bytes_append_char(out, open);
    print_joined(out, node, ", ");
    sm_bytes_append_char(out, close);
}

static void print_compare(struct sm_bytes *out, const struct sm_ottl_node *node)
{
    static const char *const separators[] = {" == ", " != ", " < ", " <= ", " >= ", " > "};
    print_joined(out, node, separators[(size_t)node->operator]);
}

static void print_bytes(struct sm_bytes *out, struct sm_slice bytes)
{
    sm_bytes_append_text(out, "0x");
    sm_hex_append(out, bytes);
}

static void print_node(struct sm_bytes *out, const struct sm_ottl_node *node)
{
    switch (node->kind) {
    case SM_OTTL_NODE_NIL:
        sm_bytes_append_text(out, "nil");
        break;
    case SM_OTTL_NODE_BOOL:
        sm_bytes_append_text(out, node->boolean ? "true" : "false");
        break;
    case SM_OTTL_NODE_INT:
        sm_bytes_printf(out, "%" PRId64, node->integer);
        break;
    case SM_OTTL_NODE_FLOAT:
        print_float(out, node->number);
        break;
    case SM_OTTL_NODE_STRING:
        print_string(out, node->text);
        break;
    case SM_OTTL_NODE_BYTES:
        print_bytes(out, node->text);
        break;
    case SM_OTTL_NODE_ENUM:
        sm_bytes_append_slice(out, node->text);
        break;
    case SM_OTTL_NODE_PATH:
        print_path(out, node);
        break;
    case SM_OTTL_NODE_CALL:
        print_call(out, node);
        break;
    case SM_OTTL_NODE_LIST:
        print_enclosed(out, node, '[', ']');
        break;
    case SM_OTTL_NODE_MAP:
        print_enclosed(out, node, '{', '}');
        break;
    case SM_OTTL_NODE_SIGN:
        sm_bytes_append_char(out, node->operator);
        print_node(out, node->items[0]);
        break;
    case SM_OTTL_NODE_GROUP:
    case SM_OTTL_NODE_PARENTHESES:
        print_enclosed(out, node, '(', ')');
        break;
    case SM_OTTL_NODE_MATH: {
        const char separator[] = {' ', node->operator, ' ', '\0'};
        print_joined(out, node, separator);
        break;
    }
    case SM_OTTL_NODE_OR:
        print_joined(out, node, " or ");
        break;
    case SM_OTTL_NODE_AND:
        print_joined(out, node, " and ");
        break;
    case SM_OTTL_NODE_NOT:
        sm_bytes_append_text(out, "not ");
        print_node(out, node->items[0]);
        break;
    case SM_OTTL_NODE_COMPARE:
        print_compare(out, node);
        break;
    }
}

void sm_ottl_print(struct sm_bytes *out, const struct sm_ottl_tree *tree)
{
    if (tree->value)
        print_node(out, tree->value);
    if (tree->editor)
        print_node(out, tree->editor);
    if (tree->editor && tree->condition)
        sm_bytes_append_text(out, " where ");
    if (tree->condition)
        print_node(out, tree->condition);
}
