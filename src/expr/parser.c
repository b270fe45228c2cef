/* parser.c - reads an expression into a tree: operators by precedence, as expr's parser does, oddities included.
 *
 * State: the tokens looked at. What is wrong is told once; from then on every function gives NULL.
 * Source: github.com/expr-lang/expr parser/parser.go. */
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ascii.h"
#include "expr/builtins.h"
#include "expr/lexer.h"
#include "wire/json_scanner.h"

enum { PRECEDENCE_NOT = 50, PRECEDENCE_SIGN = 90 };

struct parser {
    const struct expr_program_parts *p;
    struct expr_lexer lexer;
    struct expr_token current, stashed;
    bool has_stashed, has_failed;
    unsigned predicates; /* that the place is in */
    unsigned depth, node_count;
};

static const struct operator_row {
    const char *name;
    int precedence;
    enum expr_operator op;
    bool is_right, is_comparison, may_follow_not;
} operators[] = {
    {"|", 0, OP_NONE, false, false, false},
    {"or", 10, OP_OR, false, false, false},
    {"||", 10, OP_OR, false, false, false},
    {"and", 15, OP_AND, false, false, false},
    {"&&", 15, OP_AND, false, false, false},
    {"==", 20, OP_EQUAL, false, false, false},
    {"!=", 20, OP_UNEQUAL, false, false, false},
    {"<", 20, OP_LESS, false, true, false},
    {">", 20, OP_GREATER, false, true, false},
    {">=", 20, OP_GREATER_OR_EQUAL, false, true, false},
    {"<=", 20, OP_LESS_OR_EQUAL, false, true, false},
    {"in", 20, OP_IN, false, false, true},
    {"matches", 20, OP_MATCHES, false, false, true},
    {"contains", 20, OP_CONTAINS, false, false, true},
    {"startsWith", 20, OP_STARTS_WITH, false, false, true},
    {"endsWith", 20, OP_ENDS_WITH, false, false, true},
    {"..", 25, OP_RANGE, false, false, false},
    {"+", 30, OP_PLUS, false, false, false},
    {"-", 30, OP_MINUS, false, false, false},
    {"*", 60, OP_TIMES, false, false, false},
    {"/", 60, OP_DIVIDE, false, false, false},
    {"%", 60, OP_MODULO, false, false, false},
    {"**", 100, OP_POWER, true, false, false},
    {"^", 100, OP_POWER, true, false, false},
    {"??", 500, OP_COALESCE, false, false, false},
};

static const struct operator_row *find_operator(struct sm_slice name)
{
    for (size_t i = 0; i < sizeof(operators) / sizeof(operators[0]); i++)
        if (sm_slice_is(name, operators[i].name))
            return &operators[i];
    return NULL;
}

const char *expr_operator_name(enum expr_operator op)
{
    const char *name = op == OP_NOT ? "not" : "";
    for (size_t i = 0; i < sizeof(operators) / sizeof(operators[0]); i++)
        if (operators[i].op == op && op != OP_NONE)
            name = operators[i].name;
    return name;
}

void *expr_refuse(const struct expr_program_parts *p, unsigned offset, unsigned size, const char *format, ...)
{
    if (p->error->message[0])
        return NULL;
    va_list args;
    va_start(args, format);
    vsnprintf(p->error->message, sizeof(p->error->message), format, args);
    va_end(args);
    p->error->offset = offset;
    p->error->size = size;
    return NULL;
}

/* ---- tokens */

static bool next(struct parser *p)
{
    if (p->has_failed)
        return false;
    if (p->has_stashed) {
        p->current = p->stashed;
        p->has_stashed = false;
        return true;
    }
    bool was_end = p->current.kind == TOKEN_END;
    if (was_end)
        expr_refuse(p->p, p->current.offset, 1, "unexpected end of expression");
    p->has_failed = was_end || !expr_next_token(&p->lexer, &p->current);
    return !p->has_failed;
}

static bool is(const struct parser *p, enum expr_token_kind kind, const char *text)
{
    return !p->has_failed && p->current.kind == kind && sm_slice_is(p->current.text, text);
}

static void *unexpected(struct parser *p)
{
    p->has_failed = true;
    if (p->current.kind == TOKEN_END)
        return expr_refuse(p->p, p->current.offset, 1, "unexpected end of expression");
    return expr_refuse(p->p, p->current.offset, p->current.size, "unexpected token \"%.*s\"", (int)(p->current.size > 60 ? 60 : p->current.size),
                       p->p->text.ptr + p->current.offset);
}

static bool expect(struct parser *p, enum expr_token_kind kind, const char *text)
{
    if (!is(p, kind, text)) {
        unexpected(p);
        return false;
    }
    return next(p);
}

static bool expect_name(struct parser *p, struct expr_token *token)
{
    *token = p->current;
    if (p->has_failed || token->kind != TOKEN_NAME) {
        unexpected(p);
        return false;
    }
    return next(p);
}

/* ---- nodes */

struct expr_node *expr_new_node(struct sm_arena *arena, enum expr_node_kind kind, const struct expr_node *place, size_t parts)
{
    struct expr_node *node = sm_arena_zalloc(arena, 1, sizeof(*node));
    node->kind = kind;
    node->slot = NO_SLOT;
    node->count = parts;
    node->parts = parts ? sm_arena_zalloc(arena, parts, sizeof(struct expr_node *)) : NULL;
    if (place) {
        node->offset = place->offset;
        node->size = place->size;
    }
    return node;
}

static struct expr_node *new_node(struct parser *p, enum expr_node_kind kind, const struct expr_token *token, size_t parts)
{
    struct expr_node *node = expr_new_node(p->p->arena, kind, NULL, parts);
    node->offset = token->offset;
    node->size = token->size;
    if (++p->node_count > SM_EXPR_NODES_MAX && !p->has_failed) {
        expr_refuse(p->p, token->offset, token->size, "the expression has more than %d nodes", SM_EXPR_NODES_MAX);
        p->has_failed = true;
    }
    return node;
}

void expr_measure(struct expr_node *node)
{
    node->height = 0;
    node->weight = 1;
    for (size_t i = 0; i < node->count + 1; i++) {
        const struct expr_node *part = i < node->count ? node->parts[i] : node->map;
        if (!part)
            continue;
        node->height = part->height >= node->height ? part->height + 1 : node->height;
        node->weight += part->weight;
    }
}

/* NULL when a part is missing that has to be there, or the tree is too high. */
static struct expr_node *finish(struct parser *p, struct expr_node *node)
{
    for (size_t i = 0; i < node->count && node->kind != NODE_SLICE; i++)
        if (!node->parts[i])
            p->has_failed = true;
    expr_measure(node);
    if (node->weight > EXPR_WEIGHT_MAX && !p->has_failed) { /* the middle of a chain of comparisons counts twice */
        expr_refuse(p->p, node->offset, node->size, "the expression has chains of comparisons inside each other");
        p->has_failed = true;
    }
    if (node->height > SM_EXPR_DEPTH_MAX && !p->has_failed) {
        expr_refuse(p->p, node->offset, node->size, "the expression is nested deeper than %d levels", SM_EXPR_DEPTH_MAX);
        p->has_failed = true;
    }
    return p->has_failed ? NULL : node;
}

static struct expr_node *make(struct parser *p, enum expr_node_kind kind, const struct expr_token *token, struct expr_node *first,
                              struct expr_node *second)
{
    struct expr_node *node = new_node(p, kind, token, second ? 2 : 1);
    node->parts[0] = first;
    if (second)
        node->parts[1] = second;
    return finish(p, node);
}

/* Parts that are read one by one. */
struct list {
    struct expr_node **items;
    size_t count, capacity;
};

static void add(struct parser *p, struct list *list, struct expr_node *node)
{
    if (list->count == list->capacity)
        list->items = sm_arena_grow(p->p->arena, list->items, list->count, &list->capacity, list->count + 1, sizeof(*list->items));
    list->items[list->count++] = node;
}

static struct expr_node *make_of(struct parser *p, enum expr_node_kind kind, const struct expr_token *token, const struct list *list)
{
    struct expr_node *node = new_node(p, kind, token, 0);
    node->parts = list->items;
    node->count = list->count;
    return finish(p, node);
}

/* ---- operands */

static struct expr_node *parse_expression(struct parser *p, int precedence);
static struct expr_node *parse_sequence(struct parser *p);
static struct expr_node *parse_postfix(struct parser *p, struct expr_node *node);

static struct expr_node *parse_literal(struct parser *p, enum expr_node_kind kind)
{
    struct expr_node *node = new_node(p, kind, &p->current, 0);
    node->text = p->current.text;
    return next(p) ? node : NULL;
}

static struct expr_node *refuse_number(struct parser *p, const char *kind)
{
    p->has_failed = true;
    return expr_refuse(p->p, p->current.offset, p->current.size, "invalid %s literal", kind);
}

static bool read_based(const char *digits, int base, int64_t *number)
{
    char *end;
    errno = 0;
    *number = strtoll(digits, &end, base);
    return *digits && *digits != '_' && *end == '\0' && errno == 0;
}

static struct expr_node *parse_number(struct parser *p)
{
    struct expr_token token = p->current;
    struct expr_node *node = new_node(p, NODE_INT, &token, 0);
    char *digits = sm_arena_alloc(p->p->arena, token.text.size + 1);
    size_t size = 0;
    for (size_t i = 0; i < token.text.size; i++)
        if (token.text.ptr[i] != '_')
            digits[size++] = sm_ascii_lower(token.text.ptr[i]);
    digits[size] = '\0';
    if (strncmp(digits, "0x", 2) == 0) {
        if (!read_based(digits + 2, 16, &node->integer))
            return refuse_number(p, "hex");
    } else if (strpbrk(digits, ".e")) {
        node->kind = NODE_FLOAT;
        if (!sm_parse_double(sm_slice_make(digits, size), p->p->arena, &node->number) || isinf(node->number))
            return refuse_number(p, "float");
    } else {
        bool is_binary = digits[0] == '0' && digits[1] == 'b', is_octal = digits[0] == '0' && digits[1] == 'o';
        if (!read_based(digits + (is_binary || is_octal ? 2 : 0), is_binary ? 2 : is_octal ? 8 : 10, &node->integer))
            return refuse_number(p, "integer");
    }
    return next(p) ? node : NULL;
}

/* (a, b, …) behind what is already there; a comma may stand behind the last. */
static bool parse_arguments(struct parser *p, struct list *arguments)
{
    size_t before = arguments->count;
    if (!expect(p, TOKEN_BRACKET, "("))
        return false;
    while (!p->has_failed && !is(p, TOKEN_BRACKET, ")")) {
        if (arguments->count > before && !expect(p, TOKEN_OPERATOR, ","))
            return false;
        if (is(p, TOKEN_BRACKET, ")"))
            break;
        add(p, arguments, parse_expression(p, 0));
    }
    return expect(p, TOKEN_BRACKET, ")");
}

static struct expr_node *parse_predicate(struct parser *p)
{
    struct expr_token start = p->current;
    bool has_braces = is(p, TOKEN_BRACKET, "{");
    if (has_braces && !next(p))
        return NULL;
    p->predicates++;
    struct expr_node *node = has_braces ? parse_sequence(p) : parse_expression(p, 0);
    p->predicates--;
    if (!has_braces && is(p, TOKEN_OPERATOR, ";")) {
        p->has_failed = true;
        return expr_refuse(p->p, p->current.offset, 1, "wrap predicate with brackets { and }");
    }
    if (has_braces && !expect(p, TOKEN_BRACKET, "}"))
        return NULL;
    return make(p, NODE_PREDICATE, &start, node, NULL);
}

/* What stands between the brackets of a builtin with a predicate; `arguments` has what came before a pipe. */
static bool parse_predicate_arguments(struct parser *p, const struct expr_builtin *builtin, struct list *arguments)
{
    size_t piped = arguments->count;
    if (!expect(p, TOKEN_BRACKET, "("))
        return false;
    for (size_t i = piped; i < builtin->arguments_max && !p->has_failed; i++) {
        if (is(p, TOKEN_BRACKET, ")")) {
            if (i >= builtin->arguments_min)
                break;
            p->has_failed = true;
            expr_refuse(p->p, p->current.offset, 1, "expected at least %u arguments", builtin->arguments_max - (unsigned)piped);
            return false;
        }
        if (i > piped && !expect(p, TOKEN_OPERATOR, ","))
            return false;
        add(p, arguments, i == 1 ? parse_predicate(p) : parse_expression(p, 0));
    }
    if (is(p, TOKEN_OPERATOR, ",") && !next(p))
        return false;
    return expect(p, TOKEN_BRACKET, ")");
}

static struct expr_node *parse_call(struct parser *p, const struct expr_token *name, struct expr_node *piped)
{
    const struct expr_builtin *builtin = expr_find_builtin(name->text);
    struct list arguments = {0};
    struct expr_node *callee = NULL;
    if (!builtin) {
        callee = new_node(p, NODE_NAME, name, 0);
        callee->text = name->text;
        add(p, &arguments, callee);
    }
    if (piped)
        add(p, &arguments, piped);
    if (builtin && builtin->has_predicate ? !parse_predicate_arguments(p, builtin, &arguments) : !parse_arguments(p, &arguments))
        return NULL;
    struct expr_node *node = make_of(p, builtin ? NODE_BUILTIN : NODE_CALL, name, &arguments);
    if (node) {
        node->builtin = builtin;
        node->text = name->text;
    }
    return node;
}

static struct expr_node *parse_word(struct parser *p)
{
    struct expr_token token = p->current;
    if (!next(p))
        return NULL;
    bool is_true = sm_slice_is(token.text, "true");
    struct expr_node *node;
    if (is_true || sm_slice_is(token.text, "false")) {
        node = new_node(p, NODE_BOOL, &token, 0);
        node->boolean = is_true;
        return node;
    }
    if (sm_slice_is(token.text, "nil"))
        return new_node(p, NODE_NIL, &token, 0);
    if (is(p, TOKEN_BRACKET, "("))
        return parse_postfix(p, parse_call(p, &token, NULL));
    node = new_node(p, NODE_NAME, &token, 0);
    node->text = token.text;
    return parse_postfix(p, node);
}

static struct expr_node *parse_array(struct parser *p)
{
    struct expr_token token = p->current;
    struct list items = {0};
    if (!next(p))
        return NULL;
    while (!p->has_failed && !is(p, TOKEN_BRACKET, "]")) {
        if (items.count > 0 && !expect(p, TOKEN_OPERATOR, ","))
            return NULL;
        if (items.count > 0 && is(p, TOKEN_BRACKET, "]"))
            break;
        add(p, &items, parse_expression(p, 0));
    }
    return expect(p, TOKEN_BRACKET, "]") ? make_of(p, NODE_ARRAY, &token, &items) : NULL;
}

static struct expr_node *parse_key(struct parser *p)
{
    if (is(p, TOKEN_BRACKET, "("))
        return parse_expression(p, 0);
    if (p->current.kind == TOKEN_NUMBER || p->current.kind == TOKEN_STRING || p->current.kind == TOKEN_NAME)
        return parse_literal(p, NODE_STRING);
    p->has_failed = true;
    return expr_refuse(p->p, p->current.offset, p->current.size,
                       "a map key must be a quoted string, a number, a name, or an expression enclosed in parentheses");
}

static struct expr_node *parse_map(struct parser *p)
{
    struct expr_token token = p->current;
    struct list pairs = {0};
    if (!next(p))
        return NULL;
    while (!p->has_failed && !is(p, TOKEN_BRACKET, "}")) {
        if (pairs.count > 0 && !expect(p, TOKEN_OPERATOR, ","))
            return NULL;
        if (pairs.count > 0 && is(p, TOKEN_BRACKET, "}"))
            break;
        struct expr_node *key = parse_key(p);
        if (!key || !expect(p, TOKEN_OPERATOR, ":"))
            return NULL;
        struct expr_node *value = parse_expression(p, 0);
        if (!value)
            return NULL;
        add(p, &pairs, make(p, NODE_PAIR, &token, key, value));
    }
    return expect(p, TOKEN_BRACKET, "}") ? make_of(p, NODE_MAP, &token, &pairs) : NULL;
}

/* ---- what follows an operand */

static bool is_property(const struct expr_token *token)
{
    return token->kind == TOKEN_NAME || (token->kind == TOKEN_OPERATOR && token->text.size > 0 && sm_ascii_is_letter(token->text.ptr[0]));
}

/* .name, ?.name and .name(…) */
static struct expr_node *parse_property(struct parser *p, struct expr_node *node, bool is_optional)
{
    struct expr_token token = p->current;
    if (!next(p))
        return NULL;
    if (!is_property(&token)) {
        p->has_failed = true;
        return expr_refuse(p->p, token.offset, token.size, "expected name");
    }
    bool is_chain = node->kind == NODE_CHAIN;
    struct expr_node *name = new_node(p, NODE_STRING, &token, 0);
    name->text = token.text;
    struct expr_node *member = make(p, NODE_MEMBER, &token, is_chain ? node->parts[0] : node, name);
    if (!member)
        return NULL;
    member->is_optional = is_optional;
    if (is(p, TOKEN_BRACKET, "(")) {
        struct list arguments = {0};
        member->has_method = true;
        add(p, &arguments, member);
        if (!parse_arguments(p, &arguments))
            return NULL;
        member = make_of(p, NODE_CALL, &token, &arguments);
    }
    return member && (is_chain || is_optional) ? make(p, NODE_CHAIN, &token, member, NULL) : member;
}

static struct expr_node *parse_slice(struct parser *p, const struct expr_token *token, struct expr_node *node, struct expr_node *from)
{
    struct expr_node *slice = new_node(p, NODE_SLICE, token, 3);
    slice->parts[0] = node;
    slice->parts[1] = from;
    if (!next(p))
        return NULL;
    if (!is(p, TOKEN_BRACKET, "]") && !(slice->parts[2] = parse_expression(p, 0)))
        return NULL;
    return expect(p, TOKEN_BRACKET, "]") ? finish(p, slice) : NULL;
}

/* [index], [from:to] */
static struct expr_node *parse_index(struct parser *p, struct expr_node *node, bool is_optional)
{
    struct expr_token token = p->current;
    if (!next(p))
        return NULL;
    if (is(p, TOKEN_OPERATOR, ":"))
        return parse_slice(p, &token, node, NULL);
    struct expr_node *from = parse_expression(p, 0);
    if (!from)
        return NULL;
    if (is(p, TOKEN_OPERATOR, ":"))
        return parse_slice(p, &token, node, from);
    struct expr_node *member = make(p, NODE_MEMBER, &token, node, from);
    if (!member || !expect(p, TOKEN_BRACKET, "]"))
        return NULL;
    member->is_optional = is_optional;
    return is_optional ? make(p, NODE_CHAIN, &token, member, NULL) : member;
}

static struct expr_node *parse_postfix(struct parser *p, struct expr_node *node)
{
    while (node && !p->has_failed) {
        bool is_optional = is(p, TOKEN_OPERATOR, "?.");
        if (is(p, TOKEN_BRACKET, "[")) {
            node = parse_index(p, node, false);
        } else if (is_optional || is(p, TOKEN_OPERATOR, ".")) {
            if (!next(p))
                return NULL;
            node = is_optional && is(p, TOKEN_BRACKET, "[") ? parse_index(p, node, true) : parse_property(p, node, is_optional);
        } else {
            break;
        }
    }
    return p->has_failed ? NULL : node;
}

static struct expr_node *parse_secondary(struct parser *p)
{
    switch (p->current.kind) {
    case TOKEN_NAME:
        return parse_word(p);
    case TOKEN_NUMBER:
        return parse_number(p);
    case TOKEN_STRING:
        return parse_postfix(p, parse_literal(p, NODE_STRING));
    case TOKEN_BYTES:
        return parse_postfix(p, parse_literal(p, NODE_BYTES));
    default:
        break;
    }
    if (is(p, TOKEN_BRACKET, "["))
        return parse_postfix(p, parse_array(p));
    return is(p, TOKEN_BRACKET, "{") ? parse_postfix(p, parse_map(p)) : unexpected(p);
}

static struct expr_node *parse_unary(struct parser *p, enum expr_operator op)
{
    struct expr_token token = p->current;
    if (!next(p))
        return NULL;
    struct expr_node *operand = parse_expression(p, op == OP_NOT ? PRECEDENCE_NOT : PRECEDENCE_SIGN);
    struct expr_node *node = operand ? make(p, NODE_UNARY, &token, operand, NULL) : NULL;
    if (node)
        node->op = op;
    return parse_postfix(p, node);
}

static struct expr_node *parse_pointer(struct parser *p)
{
    struct expr_node *node = new_node(p, NODE_POINTER, &p->current, 0);
    node->text = (struct sm_slice){0};
    if (is(p, TOKEN_OPERATOR, "#")) {
        if (!next(p))
            return NULL;
        if (p->current.kind == TOKEN_NAME) {
            node->text = p->current.text;
            if (!next(p))
                return NULL;
        }
    }
    return parse_postfix(p, node);
}

static struct expr_node *parse_primary(struct parser *p)
{
    struct expr_token name;
    if (is(p, TOKEN_OPERATOR, "not") || is(p, TOKEN_OPERATOR, "!"))
        return parse_unary(p, OP_NOT);
    if (is(p, TOKEN_OPERATOR, "-") || is(p, TOKEN_OPERATOR, "+"))
        return parse_unary(p, is(p, TOKEN_OPERATOR, "-") ? OP_MINUS : OP_PLUS);
    if (is(p, TOKEN_BRACKET, "(")) {
        struct expr_node *node = next(p) ? parse_sequence(p) : NULL;
        return node && expect(p, TOKEN_BRACKET, ")") ? parse_postfix(p, node) : NULL;
    }
    if (p->predicates > 0 && (is(p, TOKEN_OPERATOR, "#") || is(p, TOKEN_OPERATOR, ".")))
        return parse_pointer(p);
    if (is(p, TOKEN_OPERATOR, "::"))
        return next(p) && expect_name(p, &name) ? parse_postfix(p, parse_call(p, &name, NULL)) : NULL;
    return parse_secondary(p);
}

/* ---- operators */

/* a < b < c: a < b && b < c, where b stands once in the tree and is evaluated twice. */
static struct expr_node *parse_comparison(struct parser *p, struct expr_node *left, const struct operator_row *row, struct expr_token token)
{
    struct expr_node *root = NULL;
    for (;;) {
        struct expr_node *right = parse_expression(p, row->precedence + 1);
        struct expr_node *comparison = right ? make(p, NODE_BINARY, &token, left, right) : NULL;
        if (!comparison)
            return NULL;
        comparison->op = row->op;
        struct expr_node *both = root ? make(p, NODE_BINARY, &token, root, comparison) : comparison;
        if (!both)
            return NULL;
        if (root)
            both->op = OP_AND;
        root = both;
        left = right;
        token = p->current;
        row = token.kind == TOKEN_OPERATOR ? find_operator(token.text) : NULL;
        if (!row || !row->is_comparison)
            return root;
        if (!next(p))
            return NULL;
    }
}

static struct expr_node *parse_right(struct parser *p, struct expr_node *left, const struct operator_row *row, const struct expr_token *token,
                                     bool is_negated)
{
    struct expr_node *right = parse_expression(p, row->precedence + !row->is_right);
    struct expr_node *node = right ? make(p, NODE_BINARY, token, left, right) : NULL;
    if (!node)
        return NULL;
    node->op = row->op;
    node->is_word = sm_ascii_is_letter(row->name[0]);
    if (!is_negated)
        return node;
    struct expr_node *negation = make(p, NODE_UNARY, token, node, NULL);
    if (negation)
        negation->op = OP_NOT;
    return negation;
}

/* Whether an operator of at least that precedence comes next, and takes "not" before it. What does not belong here stays. */
static const struct operator_row *take_operator(struct parser *p, int precedence, struct expr_token *token, bool *is_negated)
{
    struct expr_token before = p->current;
    *is_negated = is(p, TOKEN_OPERATOR, "not");
    if (p->has_failed || before.kind != TOKEN_OPERATOR || (*is_negated && !next(p)))
        return NULL;
    *token = p->current;
    const struct operator_row *row = find_operator(token->text);
    if (*is_negated && (!row || !row->may_follow_not))
        return unexpected(p);
    if (*is_negated && row->precedence < precedence) {
        p->stashed = p->current;
        p->has_stashed = true;
        p->current = before;
        return NULL;
    }
    return row && row->precedence >= precedence && next(p) ? row : NULL;
}

static struct expr_node *parse_operators(struct parser *p, int precedence)
{
    struct expr_node *node = parse_primary(p);
    const struct operator_row *row, *previous = NULL;
    struct expr_token token, name;
    bool is_negated;
    while (node && (row = take_operator(p, precedence, &token, &is_negated))) {
        if (row->op == OP_NONE) {
            node = expect_name(p, &name) ? parse_call(p, &name, node) : NULL;
        } else if (previous && previous->op == OP_COALESCE && row->op != OP_COALESCE) {
            p->has_failed = true;
            return expr_refuse(p->p, token.offset, token.size,
                               "Operator (%s) and coalesce expressions (?\?) cannot be mixed. Wrap either by parentheses.", row->name);
        } else if (row->is_comparison) {
            node = parse_comparison(p, node, row, token);
        } else {
            node = parse_right(p, node, row, &token, is_negated);
        }
        previous = row;
    }
    return p->has_failed ? NULL : node;
}

static struct expr_node *make_conditional(struct parser *p, const struct expr_token *token, struct expr_node *condition, struct expr_node *yes,
                                          struct expr_node *no)
{
    struct expr_node *node = new_node(p, NODE_CONDITIONAL, token, 3);
    node->parts[0] = condition;
    node->parts[1] = yes;
    node->parts[2] = no;
    return finish(p, node);
}

/* a ? b : c, and a ?: c for a ? a : c */
static struct expr_node *parse_conditional(struct parser *p, struct expr_node *node)
{
    while (node && is(p, TOKEN_OPERATOR, "?")) {
        struct expr_token token = p->current;
        struct expr_node *yes = node;
        if (!next(p))
            return NULL;
        if (!is(p, TOKEN_OPERATOR, ":"))
            yes = parse_expression(p, 0);
        if (!yes || !expect(p, TOKEN_OPERATOR, ":"))
            return NULL;
        struct expr_node *no = parse_expression(p, 0);
        node = no ? make_conditional(p, &token, node, yes, no) : NULL;
    }
    return node;
}

static struct expr_node *parse_block(struct parser *p)
{
    struct expr_node *node = expect(p, TOKEN_BRACKET, "{") ? parse_sequence(p) : NULL;
    return node && expect(p, TOKEN_BRACKET, "}") ? node : NULL;
}

static struct expr_node *refuse_depth(struct parser *p)
{
    p->has_failed = true;
    return expr_refuse(p->p, p->current.offset, p->current.size, "the expression is nested deeper than %d levels", SM_EXPR_DEPTH_MAX);
}

/* if a { b } else if c { d } else { e } */
static struct expr_node *parse_if(struct parser *p)
{
    struct expr_token token = p->current;
    if (p->depth > SM_EXPR_DEPTH_MAX)
        return refuse_depth(p);
    if (!next(p))
        return NULL;
    p->depth++;
    struct expr_node *condition = parse_expression(p, 0);
    struct expr_node *yes = condition ? parse_block(p) : NULL, *no = NULL;
    if (yes && expect(p, TOKEN_OPERATOR, "else"))
        no = is(p, TOKEN_OPERATOR, "if") ? parse_if(p) : parse_block(p);
    p->depth--;
    return no ? make_conditional(p, &token, condition, yes, no) : NULL;
}

static struct expr_node *parse_let(struct parser *p)
{
    struct expr_token name;
    if (!next(p) || !expect_name(p, &name) || !expect(p, TOKEN_OPERATOR, "="))
        return NULL;
    struct expr_node *value = parse_expression(p, 0);
    struct expr_node *user = value && expect(p, TOKEN_OPERATOR, ";") ? parse_sequence(p) : NULL;
    struct expr_node *node = user ? make(p, NODE_LET, &name, value, user) : NULL;
    if (node)
        node->text = name.text;
    return node;
}

static struct expr_node *parse_expression(struct parser *p, int precedence)
{
    struct expr_node *node;
    if (p->has_failed)
        return NULL;
    if (p->depth > SM_EXPR_DEPTH_MAX)
        return refuse_depth(p);
    p->depth++;
    if (precedence == 0 && is(p, TOKEN_OPERATOR, "let")) {
        node = parse_let(p);
    } else if (precedence == 0 && is(p, TOKEN_OPERATOR, "if")) {
        node = parse_if(p);
    } else {
        node = parse_operators(p, precedence);
        node = precedence == 0 ? parse_conditional(p, node) : node;
    }
    p->depth--;
    return p->has_failed ? NULL : node;
}

/* a; b; c: the last one's value. */
static struct expr_node *parse_sequence(struct parser *p)
{
    struct expr_token token = p->current;
    struct list nodes = {0};
    add(p, &nodes, parse_expression(p, 0));
    while (is(p, TOKEN_OPERATOR, ";")) {
        if (!next(p))
            return NULL;
        if (p->current.kind == TOKEN_END)
            break;
        add(p, &nodes, parse_expression(p, 0));
    }
    return p->has_failed ? NULL : nodes.count == 1 ? nodes.items[0] : make_of(p, NODE_SEQUENCE, &token, &nodes);
}

struct expr_node *expr_parse(const struct expr_program_parts *parts)
{
    struct parser p = {.p = parts, .lexer = {.p = parts}};
    struct expr_node *root = NULL;
    p.has_failed = !expr_next_token(&p.lexer, &p.current);
    if (!p.has_failed)
        root = parse_sequence(&p);
    if (root && p.current.kind != TOKEN_END)
        return unexpected(&p);
    return p.has_failed ? NULL : root;
}
