/* parser.c - OTTL text to syntax tree, by recursive descent.
 *
 * Where the grammar is ambiguous for one token (a parenthesis may open arithmetic or a condition) the parser tries one reading and returns to the
 * token; the error reported is the one that was reached furthest. Depth is limited by SM_OTTL_DEPTH_MAX.
 * Source: opentelemetry-collector-contrib pkg/ottl/grammar.go. */
#include "ottl/tree.h"

#include <errno.h>
#include <stdlib.h>

#include "base/hex.h"
#include "ottl/lexer.h"

struct parser {
    struct sm_slice text;
    struct sm_arena *arena;
    const struct sm_ottl_token *tokens;
    size_t at;
    unsigned depth;
    struct sm_ottl_error *error; /* the furthest so far */
    bool has_error;
};

static struct sm_ottl_node *parse_value(struct parser *parser);
static struct sm_ottl_node *parse_math(struct parser *parser);
static struct sm_ottl_node *parse_or(struct parser *parser);

/* ---- tokens */

static const struct sm_ottl_token *peek(const struct parser *parser)
{
    return &parser->tokens[parser->at];
}

static bool is_text(const struct sm_ottl_token *token, const char *text)
{
    return token->kind == SM_OTTL_TOKEN_PUNCTUATION && sm_slice_is(token->text, text);
}

static bool accept_text(struct parser *parser, const char *text)
{
    if (!is_text(peek(parser), text))
        return false;
    parser->at++;
    return true;
}

static bool is_math_operator(const struct parser *parser)
{
    return peek(parser)->kind == SM_OTTL_TOKEN_OPERATOR;
}

static void *fail_at(struct parser *parser, const struct sm_ottl_token *token, const char *message)
{
    if (parser->has_error && parser->error->offset >= token->offset)
        return NULL;
    parser->has_error = true;
    sm_ottl_error_set(parser->error, token->offset, (unsigned)token->text.size, "%s", message);
    return NULL;
}

static void *expected(struct parser *parser, const char *what)
{
    const struct sm_ottl_token *token = peek(parser);
    if (parser->has_error && parser->error->offset >= token->offset)
        return NULL;
    parser->has_error = true;
    if (token->kind == SM_OTTL_TOKEN_END)
        sm_ottl_error_set(parser->error, token->offset, 1, "unexpected end of the text (expected %s)", what);
    else if (token->kind == SM_OTTL_TOKEN_ARROW)
        sm_ottl_error_set(parser->error, token->offset, 2, "lambda expressions are not built (the reference keeps them behind a feature gate)");
    else
        sm_ottl_error_set(parser->error, token->offset, (unsigned)token->text.size, "unexpected token \"%.*s\" (expected %s)",
                          SM_SLICE_ARGS(token->text), what);
    return NULL;
}

static bool expect_text(struct parser *parser, const char *text, const char *what)
{
    if (accept_text(parser, text))
        return true;
    expected(parser, what);
    return false;
}

static bool enter(struct parser *parser)
{
    if (parser->depth >= SM_OTTL_DEPTH_MAX) {
        fail_at(parser, peek(parser), "nested too deep");
        return false;
    }
    parser->depth++;
    return true;
}

/* ---- nodes */

static struct sm_ottl_node *make_node(struct parser *parser, enum sm_ottl_node_kind kind, size_t first_token)
{
    struct sm_ottl_node *node = sm_arena_zalloc(parser->arena, 1, sizeof(*node));
    node->kind = kind;
    node->offset = parser->tokens[first_token].offset;
    const struct sm_ottl_token *last = &parser->tokens[parser->at > first_token ? parser->at - 1 : first_token];
    node->size = last->offset + (unsigned)last->text.size - node->offset;
    return node;
}

static void add_item(struct parser *parser, struct sm_ottl_node *node, size_t *capacity, struct sm_ottl_node *item)
{
    if (node->count == *capacity)
        node->items = sm_arena_grow(parser->arena, node->items, node->count, capacity, node->count + 1, sizeof(struct sm_ottl_node *));
    node->items[node->count++] = item;
}

static void set_end(struct parser *parser, struct sm_ottl_node *node)
{
    const struct sm_ottl_token *last = &parser->tokens[parser->at - 1];
    node->size = last->offset + (unsigned)last->text.size - node->offset;
}

static struct sm_ottl_node *wrap(struct parser *parser, enum sm_ottl_node_kind kind, size_t first_token, struct sm_ottl_node *a,
                                 struct sm_ottl_node *b)
{
    struct sm_ottl_node *node = make_node(parser, kind, first_token);
    node->items = sm_arena_zalloc(parser->arena, 2, sizeof(struct sm_ottl_node *));
    node->items[0] = a;
    node->items[1] = b;
    node->count = b ? 2 : 1;
    return node;
}

/* ---- literals */

static struct sm_ottl_node *parse_string(struct parser *parser)
{
    struct sm_slice content;
    if (!sm_ottl_unquote(peek(parser)->text, parser->arena, &content))
        return fail_at(parser, peek(parser), "invalid quoted string: an escape that Go does not have");
    parser->at++;
    struct sm_ottl_node *node = make_node(parser, SM_OTTL_NODE_STRING, parser->at - 1);
    node->text = content;
    return node;
}

static struct sm_ottl_node *parse_int(struct parser *parser)
{
    struct sm_slice text = peek(parser)->text;
    errno = 0;
    long long number = strtoll(sm_arena_strdup(parser->arena, text), NULL, 10);
    if (errno == ERANGE)
        return fail_at(parser, peek(parser), "the number does not fit into 64 bits");
    parser->at++;
    struct sm_ottl_node *node = make_node(parser, SM_OTTL_NODE_INT, parser->at - 1);
    node->integer = number;
    return node;
}

static struct sm_ottl_node *parse_float(struct parser *parser)
{
    errno = 0;
    double number = strtod(sm_arena_strdup(parser->arena, peek(parser)->text), NULL);
    if (errno == ERANGE && (number > 1 || number < -1))
        return fail_at(parser, peek(parser), "the number does not fit into a double");
    parser->at++;
    struct sm_ottl_node *node = make_node(parser, SM_OTTL_NODE_FLOAT, parser->at - 1);
    node->number = number;
    return node;
}

static struct sm_ottl_node *parse_bytes(struct parser *parser)
{
    struct sm_slice text = peek(parser)->text;
    size_t size = text.size / 2 - 1;
    char *bytes = sm_arena_alloc(parser->arena, size);
    if (!sm_hex_read(sm_slice_make(text.ptr + 2, text.size - 2), bytes))
        return fail_at(parser, peek(parser), "a byte literal needs an even number of digits");
    parser->at++;
    struct sm_ottl_node *node = make_node(parser, SM_OTTL_NODE_BYTES, parser->at - 1);
    node->text = sm_slice_make(bytes, size);
    return node;
}

/* ---- names: several tokens of letters make one ("IsMatch" is I, s, M, atch) */

static bool is_letters(const struct sm_ottl_token *token)
{
    return token->kind == SM_OTTL_TOKEN_UPPERCASE || token->kind == SM_OTTL_TOKEN_LOWERCASE;
}

static size_t count_name_tokens(const struct parser *parser, enum sm_ottl_token_kind first)
{
    if (peek(parser)->kind != first)
        return 0;
    size_t count = 1;
    while (is_letters(&parser->tokens[parser->at + count]))
        count++;
    return count;
}

static struct sm_slice join_tokens(struct parser *parser, size_t count)
{
    struct sm_bytes name;
    sm_bytes_init(&name, parser->arena);
    for (size_t i = 0; i < count; i++)
        sm_bytes_append_slice(&name, parser->tokens[parser->at + i].text);
    return sm_bytes_slice(&name);
}

/* Whether a call stands here: a name of that case and "(". */
static size_t call_name_tokens(const struct parser *parser, enum sm_ottl_token_kind first)
{
    size_t count = count_name_tokens(parser, first);
    return count > 0 && is_text(&parser->tokens[parser->at + count], "(") ? count : 0;
}

/* ---- keys, paths, calls */

/* [ "a" ], [ 3 ], [ expression ]. An integer must stand alone, as in the reference. */
static struct sm_ottl_node *parse_key(struct parser *parser)
{
    struct sm_ottl_node *key = NULL;
    switch (peek(parser)->kind) {
    case SM_OTTL_TOKEN_STRING:
        key = parse_string(parser);
        break;
    case SM_OTTL_TOKEN_INT:
        key = parse_int(parser);
        break;
    default:
        key = parse_math(parser);
    }
    if (!key || !expect_text(parser, "]", "\"]\""))
        return NULL;
    return key;
}

static bool parse_keys(struct parser *parser, struct sm_ottl_node ***keys, size_t *count)
{
    size_t capacity = 0;
    *keys = NULL;
    *count = 0;
    while (accept_text(parser, "[")) {
        struct sm_ottl_node *key = parse_key(parser);
        if (!key)
            return false;
        if (*count == capacity)
            *keys = sm_arena_grow(parser->arena, *keys, *count, &capacity, *count + 1, sizeof(struct sm_ottl_node *));
        (*keys)[(*count)++] = key;
    }
    return true;
}

/* Words of the language that became a name because letters follow ("orU"): no field is called so. */
static bool is_word(struct sm_slice name)
{
    static const char *const words[] = {"and", "or", "not", "nil", "true", "false"};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (sm_slice_is(name, words[i]))
            return true;
    return false;
}

static struct sm_ottl_node *parse_path(struct parser *parser)
{
    size_t first = parser->at, capacity = 0;
    struct sm_ottl_node *node = make_node(parser, SM_OTTL_NODE_PATH, first);
    do {
        if (peek(parser)->kind != SM_OTTL_TOKEN_LOWERCASE || is_word(peek(parser)->text))
            return expected(parser, "the name of a field");
        if (node->field_count == capacity)
            node->fields = sm_arena_grow(parser->arena, node->fields, node->field_count, &capacity, node->field_count + 1, sizeof(*node->fields));
        struct sm_ottl_field *field = &node->fields[node->field_count++];
        *field = (struct sm_ottl_field){.name = peek(parser)->text};
        parser->at++;
        if (!parse_keys(parser, &field->keys, &field->key_count))
            return NULL;
    } while (accept_text(parser, "."));
    set_end(parser, node);
    return node;
}

static bool parse_argument(struct parser *parser, struct sm_ottl_argument *argument)
{
    argument->offset = peek(parser)->offset;
    size_t name = count_name_tokens(parser, SM_OTTL_TOKEN_LOWERCASE);
    if (name > 0 && is_text(&parser->tokens[parser->at + name], "=")) {
        argument->name = join_tokens(parser, name);
        parser->at += name + 1;
    }
    size_t function = count_name_tokens(parser, SM_OTTL_TOKEN_UPPERCASE);
    const struct sm_ottl_token *behind = &parser->tokens[parser->at + function];
    if (function > 0 && (is_text(behind, ",") || is_text(behind, ")"))) {
        if (function == 1) { /* lexes as an enum; which of the two it is depends on the parameter */
            argument->value = make_node(parser, SM_OTTL_NODE_ENUM, parser->at);
            argument->value->text = peek(parser)->text;
        }
        argument->function = join_tokens(parser, function);
        parser->at += function;
        return true;
    }
    argument->value = parse_value(parser);
    return argument->value != NULL;
}

static bool parse_arguments(struct parser *parser, struct sm_ottl_node *call)
{
    size_t capacity = 0;
    if (accept_text(parser, ")"))
        return true;
    do {
        if (call->argument_count == capacity)
            call->arguments =
                sm_arena_grow(parser->arena, call->arguments, call->argument_count, &capacity, call->argument_count + 1, sizeof(*call->arguments));
        struct sm_ottl_argument *argument = &call->arguments[call->argument_count++];
        *argument = (struct sm_ottl_argument){0};
        if (!parse_argument(parser, argument))
            return false;
    } while (accept_text(parser, ","));
    return expect_text(parser, ")", "\",\" or \")\"");
}

static struct sm_ottl_node *parse_call(struct parser *parser, size_t name_tokens)
{
    size_t first = parser->at;
    if (!enter(parser))
        return NULL;
    struct sm_ottl_node *node = make_node(parser, SM_OTTL_NODE_CALL, first);
    node->name = join_tokens(parser, name_tokens);
    parser->at += name_tokens + 1;
    if (!parse_arguments(parser, node) || !parse_keys(parser, &node->items, &node->count))
        return NULL;
    set_end(parser, node);
    parser->depth--;
    return node;
}

/* ---- arithmetic */

static struct sm_ottl_node *parse_group(struct parser *parser)
{
    size_t first = parser->at++;
    if (!enter(parser))
        return NULL;
    struct sm_ottl_node *inner = parse_math(parser);
    if (!inner || !expect_text(parser, ")", "\")\""))
        return NULL;
    parser->depth--;
    return wrap(parser, SM_OTTL_NODE_GROUP, first, inner, NULL);
}

static struct sm_ottl_node *parse_operand(struct parser *parser)
{
    size_t call = call_name_tokens(parser, SM_OTTL_TOKEN_UPPERCASE);
    if (call > 0)
        return parse_call(parser, call);
    if (call_name_tokens(parser, SM_OTTL_TOKEN_LOWERCASE) > 0)
        return fail_at(parser, peek(parser), "an editor cannot be used as a value: converter names must start with an uppercase letter");
    if (is_text(peek(parser), "("))
        return parse_group(parser);
    switch (peek(parser)->kind) {
    case SM_OTTL_TOKEN_FLOAT:
        return parse_float(parser);
    case SM_OTTL_TOKEN_INT:
        return parse_int(parser);
    case SM_OTTL_TOKEN_LOWERCASE:
        return parse_path(parser);
    default:
        return expected(parser, "a value");
    }
}

static struct sm_ottl_node *parse_signed(struct parser *parser)
{
    size_t first = parser->at;
    char sign = is_math_operator(parser) ? peek(parser)->text.ptr[0] : '\0';
    if (sign != '+' && sign != '-')
        return parse_operand(parser);
    parser->at++;
    struct sm_ottl_node *operand = parse_operand(parser);
    if (!operand)
        return NULL;
    struct sm_ottl_node *node = wrap(parser, SM_OTTL_NODE_SIGN, first, operand, NULL);
    node->operator= sign;
    return node;
}

/* Left-associative chain of `level` operators. */
static struct sm_ottl_node *parse_chain(struct parser *parser, const char *operators, struct sm_ottl_node *(*parse_part)(struct parser *parser))
{
    size_t first = parser->at;
    struct sm_ottl_node *left = parse_part(parser);
    unsigned added = 0;
    while (left && is_math_operator(parser) && strchr(operators, peek(parser)->text.ptr[0])) {
        char operator= peek(parser)->text.ptr[0];
        if (!enter(parser)) /* the tree grows to the left: what walks it recurses as deep */
            return NULL;
        added++;
        parser->at++;
        struct sm_ottl_node *right = parse_part(parser);
        if (!right)
            return NULL;
        left = wrap(parser, SM_OTTL_NODE_MATH, first, left, right);
        left->operator= operator;
    }
    parser->depth -= left ? added : 0;
    return left;
}

static struct sm_ottl_node *parse_product(struct parser *parser)
{
    return parse_chain(parser, "*/", parse_signed);
}

static struct sm_ottl_node *parse_math(struct parser *parser)
{
    return parse_chain(parser, "+-", parse_product);
}

/* ---- values */

static struct sm_ottl_node *parse_list(struct parser *parser)
{
    size_t first = parser->at++, capacity = 0;
    if (!enter(parser))
        return NULL;
    struct sm_ottl_node *node = make_node(parser, SM_OTTL_NODE_LIST, first);
    bool needs_comma = false; /* values may stand side by side until the first comma */
    while (!accept_text(parser, "]")) {
        if (accept_text(parser, ","))
            needs_comma = true;
        else if (needs_comma)
            return expected(parser, "\",\" or \"]\"");
        struct sm_ottl_node *item = parse_value(parser);
        if (!item)
            return NULL;
        add_item(parser, node, &capacity, item);
    }
    set_end(parser, node);
    parser->depth--;
    return node;
}

static struct sm_ottl_node *parse_map(struct parser *parser)
{
    size_t first = parser->at++, capacity = 0, name_capacity = 0;
    if (!enter(parser))
        return NULL;
    struct sm_ottl_node *node = make_node(parser, SM_OTTL_NODE_MAP, first);
    while (!accept_text(parser, "}")) {
        if (peek(parser)->kind != SM_OTTL_TOKEN_STRING)
            return expected(parser, "a key in quotes or \"}\"");
        struct sm_ottl_node *name = parse_string(parser);
        if (!name || !expect_text(parser, ":", "\":\""))
            return NULL;
        struct sm_ottl_node *item = parse_value(parser);
        if (!item)
            return NULL;
        if (node->count == name_capacity)
            node->names = sm_arena_grow(parser->arena, node->names, node->count, &name_capacity, node->count + 1, sizeof(*node->names));
        node->names[node->count] = name->text;
        add_item(parser, node, &capacity, item);
        accept_text(parser, ",");
    }
    set_end(parser, node);
    parser->depth--;
    return node;
}

static struct sm_ottl_node *parse_simple(struct parser *parser, enum sm_ottl_node_kind kind)
{
    parser->at++;
    return make_node(parser, kind, parser->at - 1);
}

static struct sm_ottl_node *parse_enum(struct parser *parser)
{
    if (parser->tokens[parser->at + 1].kind == SM_OTTL_TOKEN_LOWERCASE)
        return fail_at(parser, peek(parser), "a function needs its arguments in parentheses");
    struct sm_ottl_node *node = parse_simple(parser, SM_OTTL_NODE_ENUM);
    node->text = parser->tokens[parser->at - 1].text;
    if (is_math_operator(parser))
        return expected(parser, "the end of the value (enums take no part in arithmetic)");
    return node;
}

static struct sm_ottl_node *parse_value(struct parser *parser)
{
    const struct sm_ottl_token *token = peek(parser);
    switch (token->kind) {
    case SM_OTTL_TOKEN_NIL:
        return parse_simple(parser, SM_OTTL_NODE_NIL);
    case SM_OTTL_TOKEN_BOOL: {
        struct sm_ottl_node *node = parse_simple(parser, SM_OTTL_NODE_BOOL);
        node->boolean = sm_slice_is(token->text, "true");
        return node;
    }
    case SM_OTTL_TOKEN_BYTES:
        return parse_bytes(parser);
    case SM_OTTL_TOKEN_STRING:
        return parse_string(parser);
    case SM_OTTL_TOKEN_UPPERCASE:
        return call_name_tokens(parser, SM_OTTL_TOKEN_UPPERCASE) > 0 ? parse_math(parser) : parse_enum(parser);
    case SM_OTTL_TOKEN_PUNCTUATION:
        if (is_text(token, "["))
            return parse_list(parser);
        if (is_text(token, "{"))
            return parse_map(parser);
        return parse_math(parser);
    default:
        return parse_math(parser);
    }
}

/* ---- conditions */

static struct sm_ottl_node *parse_comparison(struct parser *parser)
{
    static const char *const operators[] = {"==", "!=", "<", "<=", ">=", ">"};
    size_t first = parser->at;
    struct sm_ottl_node *left = parse_value(parser);
    if (!left)
        return NULL;
    if (peek(parser)->kind != SM_OTTL_TOKEN_COMPARE)
        return expected(parser, "a comparison");
    struct sm_slice operator= peek(parser)->text;
    parser->at++;
    struct sm_ottl_node *right = parse_value(parser);
    if (!right)
        return NULL;
    struct sm_ottl_node *node = wrap(parser, SM_OTTL_NODE_COMPARE, first, left, right);
    while (!sm_slice_is(operator, operators[(size_t)node->operator]))
        node->operator++;
    return node;
}

static struct sm_ottl_node *parse_parentheses(struct parser *parser)
{
    size_t first = parser->at++;
    if (!enter(parser))
        return NULL;
    struct sm_ottl_node *inner = parse_or(parser);
    if (!inner || !expect_text(parser, ")", "\")\""))
        return NULL;
    parser->depth--;
    return wrap(parser, SM_OTTL_NODE_PARENTHESES, first, inner, NULL);
}

/* A comparison if one can be read here, else a boolean, a converter, or a condition in parentheses. */
static struct sm_ottl_node *parse_boolean(struct parser *parser)
{
    size_t first = parser->at;
    unsigned depth = parser->depth;
    struct sm_ottl_node *node = parse_comparison(parser);
    if (node)
        return node;
    parser->at = first;
    parser->depth = depth;
    if (peek(parser)->kind == SM_OTTL_TOKEN_BOOL)
        return parse_value(parser);
    size_t call = call_name_tokens(parser, SM_OTTL_TOKEN_UPPERCASE);
    if (call > 0)
        return parse_call(parser, call);
    if (is_text(peek(parser), "("))
        return parse_parentheses(parser);
    return expected(parser, "a condition");
}

static struct sm_ottl_node *parse_not(struct parser *parser)
{
    size_t first = parser->at;
    if (peek(parser)->kind != SM_OTTL_TOKEN_NOT)
        return parse_boolean(parser);
    parser->at++;
    struct sm_ottl_node *operand = parse_boolean(parser);
    return operand ? wrap(parser, SM_OTTL_NODE_NOT, first, operand, NULL) : NULL;
}

static struct sm_ottl_node *parse_list_of(struct parser *parser, enum sm_ottl_token_kind separator, enum sm_ottl_node_kind kind,
                                          struct sm_ottl_node *(*parse_part)(struct parser *parser))
{
    size_t first = parser->at, capacity = 0;
    struct sm_ottl_node *node = parse_part(parser);
    if (!node || peek(parser)->kind != separator)
        return node;
    struct sm_ottl_node *all = make_node(parser, kind, first);
    add_item(parser, all, &capacity, node);
    while (peek(parser)->kind == separator) {
        parser->at++;
        node = parse_part(parser);
        if (!node)
            return NULL;
        add_item(parser, all, &capacity, node);
    }
    set_end(parser, all);
    return all;
}

static struct sm_ottl_node *parse_and(struct parser *parser)
{
    return parse_list_of(parser, SM_OTTL_TOKEN_AND, SM_OTTL_NODE_AND, parse_not);
}

static struct sm_ottl_node *parse_or(struct parser *parser)
{
    return parse_list_of(parser, SM_OTTL_TOKEN_OR, SM_OTTL_NODE_OR, parse_and);
}

/* ---- whole texts */

static bool start_parsing(struct parser *parser, struct sm_slice text, struct sm_arena *arena, struct sm_ottl_tree *tree, struct sm_ottl_error *error)
{
    struct sm_ottl_tokens tokens;
    *error = (struct sm_ottl_error){0};
    *tree = (struct sm_ottl_tree){.text = sm_arena_copy(arena, text)};
    if (!sm_ottl_lex(tree->text, arena, &tokens, error))
        return false;
    *parser = (struct parser){.text = tree->text, .arena = arena, .tokens = tokens.items, .error = error};
    return true;
}

static bool expect_end(struct parser *parser, const char *what)
{
    if (peek(parser)->kind == SM_OTTL_TOKEN_END)
        return true;
    expected(parser, what);
    return false;
}

static bool parse_where(struct parser *parser, struct sm_ottl_tree *tree)
{
    if (peek(parser)->kind != SM_OTTL_TOKEN_LOWERCASE || !sm_slice_is(peek(parser)->text, "where"))
        return expect_end(parser, "\"where\" or the end");
    parser->at++;
    tree->condition = parse_or(parser);
    return tree->condition && expect_end(parser, "\"and\", \"or\" or the end");
}

bool sm_ottl_parse_statement(struct sm_slice text, struct sm_arena *arena, struct sm_ottl_tree *tree, struct sm_ottl_error *error)
{
    struct parser parser;
    if (!start_parsing(&parser, text, arena, tree, error))
        return false;
    if (call_name_tokens(&parser, SM_OTTL_TOKEN_UPPERCASE) > 0) {
        fail_at(&parser, peek(&parser), "a statement begins with an editor: editor names must start with a lowercase letter");
        return false;
    }
    size_t name = call_name_tokens(&parser, SM_OTTL_TOKEN_LOWERCASE);
    if (name == 0) {
        expected(&parser, "an editor, such as set(…)");
        return false;
    }
    tree->editor = parse_call(&parser, name);
    if (!tree->editor)
        return false;
    if (tree->editor->count > 0)
        return sm_ottl_error_set(error, tree->editor->offset, tree->editor->size, "only paths and converters may be indexed, not editors");
    return parse_where(&parser, tree);
}

bool sm_ottl_parse_condition(struct sm_slice text, struct sm_arena *arena, struct sm_ottl_tree *tree, struct sm_ottl_error *error)
{
    struct parser parser;
    if (!start_parsing(&parser, text, arena, tree, error))
        return false;
    tree->condition = parse_or(&parser);
    return tree->condition && expect_end(&parser, "\"and\", \"or\" or the end");
}

bool sm_ottl_parse_value(struct sm_slice text, struct sm_arena *arena, struct sm_ottl_tree *tree, struct sm_ottl_error *error)
{
    struct parser parser;
    if (!start_parsing(&parser, text, arena, tree, error))
        return false;
    tree->value = parse_value(&parser);
    return tree->value && expect_end(&parser, "the end");
}
