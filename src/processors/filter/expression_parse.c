/* expression_parse.c - reads the expr language: operators by precedence. */
#include "processors/filter/expression_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/ascii.h"

enum { DEPTH_MAX = 100, PRECEDENCE_NOT = 50, NUMBER_SIZE_MAX = 40 };

enum token_kind { TOKEN_END, TOKEN_WORD, TOKEN_TEXT, TOKEN_NUMBER, TOKEN_SIGN };

struct parser {
    struct sm_slice text;
    size_t at;
    enum token_kind kind;  /* of the token that is looked at */
    struct sm_slice token; /* TOKEN_TEXT: what it says */
    int depth;
    struct sm_arena *arena;
    struct expression **with_regex;
    struct sm_error *error;
};

static const struct operator_row {
    const char *name;
    int precedence;
    enum expression_kind kind;
    bool may_follow_not;
} operators[] = {
    {"or", 10, EXPRESSION_OR, false},
    {"||", 10, EXPRESSION_OR, false},
    {"and", 15, EXPRESSION_AND, false},
    {"&&", 15, EXPRESSION_AND, false},
    {"==", 20, EXPRESSION_EQUAL, false},
    {"!=", 20, EXPRESSION_UNEQUAL, false},
    {"<=", 20, EXPRESSION_LESS_OR_EQUAL, false},
    {">=", 20, EXPRESSION_GREATER_OR_EQUAL, false},
    {"<", 20, EXPRESSION_LESS, false},
    {">", 20, EXPRESSION_GREATER, false},
    {"in", 20, EXPRESSION_IN, true},
    {"matches", 20, EXPRESSION_MATCHES, true},
    {"contains", 20, EXPRESSION_CONTAINS, true},
    {"startsWith", 20, EXPRESSION_STARTS, true},
    {"endsWith", 20, EXPRESSION_ENDS, true},
};

static const struct function_row {
    const char *name;
    enum expression_kind kind;
    size_t arguments;
} functions[] = {
    {"HasLabel", EXPRESSION_HAS_LABEL, 1}, {"Label", EXPRESSION_LABEL, 1},    {"len", EXPRESSION_LEN, 1},
    {"hasPrefix", EXPRESSION_STARTS, 2},   {"hasSuffix", EXPRESSION_ENDS, 2},
};

static bool refuse(const struct parser *p, const char *what)
{
    return sm_error_set(p->error, SM_ERROR_USAGE, "%s at offset %zu of the expression %.*s", what, p->at, SM_SLICE_ARGS(p->text));
}

/* ---- tokens */

static bool is_word_byte(char c)
{
    return sm_ascii_is_alnum(c) || c == '_' || c == '$';
}

static bool read_escape(struct parser *p, char *out)
{
    static const char from[] = "abfnrtv\\'\"", to[] = "\a\b\f\n\r\t\v\\'\"";
    const char *found = p->at < p->text.size && p->text.ptr[p->at] ? strchr(from, p->text.ptr[p->at]) : NULL;
    if (!found)
        return refuse(p, "this escape is not built");
    *out = to[found - from];
    p->at++;
    return true;
}

static bool read_text(struct parser *p, char quote)
{
    char *out = sm_arena_alloc(p->arena, p->text.size);
    size_t size = 0;
    for (p->at++; p->at < p->text.size && p->text.ptr[p->at] != quote; size++) {
        char c = p->text.ptr[p->at++];
        if (c == '\\' && quote != '`') {
            if (!read_escape(p, &out[size]))
                return false;
        } else {
            out[size] = c;
        }
    }
    if (p->at == p->text.size)
        return refuse(p, "the text is not closed");
    p->at++;
    p->kind = TOKEN_TEXT;
    p->token = sm_slice_make(out, size);
    return true;
}

static bool next_token(struct parser *p)
{
    static const char *const signs[] = {"||", "&&", "==", "!=", "<=", ">="};
    while (p->at < p->text.size && strchr(" \t\r\n", p->text.ptr[p->at]))
        p->at++;
    const char *start = p->text.ptr + p->at;
    size_t left = p->text.size - p->at, size = 0;
    p->kind = TOKEN_END;
    p->token = (struct sm_slice){0};
    if (left == 0)
        return true;
    if (*start == '"' || *start == '\'' || *start == '`')
        return read_text(p, *start);
    p->kind = sm_ascii_is_digit(*start) ? TOKEN_NUMBER : is_word_byte(*start) ? TOKEN_WORD : TOKEN_SIGN;
    while (p->kind != TOKEN_SIGN && size < left && (is_word_byte(start[size]) || (p->kind == TOKEN_NUMBER && start[size] == '.')))
        size++;
    for (size_t i = 0; p->kind == TOKEN_SIGN && i < sizeof(signs) / sizeof(signs[0]); i++)
        if (left >= 2 && memcmp(start, signs[i], 2) == 0)
            size = 2;
    size = size ? size : 1;
    p->at += size;
    p->token = sm_slice_make(start, size);
    return true;
}

static bool is_token(const struct parser *p, enum token_kind kind, const char *text)
{
    return p->kind == kind && sm_slice_equal(p->token, sm_slice_of(text));
}

static bool expect(struct parser *p, const char *sign)
{
    return is_token(p, TOKEN_SIGN, sign) ? next_token(p) : refuse(p, "unexpected token");
}

/* ---- operands */

static struct expression *new_node(struct parser *p, enum expression_kind kind)
{
    struct expression *node = sm_arena_zalloc(p->arena, 1, sizeof(*node));
    node->kind = kind;
    return node;
}

static struct expression *parse_binary(struct parser *p, int precedence);

static struct expression *parse_whole(struct parser *p)
{
    struct expression *node = parse_binary(p, 0);
    if (!node || !is_token(p, TOKEN_SIGN, "?"))
        return node;
    struct expression *choice = new_node(p, EXPRESSION_CHOICE);
    choice->parts[0] = node;
    bool is_fine = next_token(p) && (choice->parts[1] = parse_whole(p)) && expect(p, ":") && (choice->parts[2] = parse_whole(p));
    return is_fine ? choice : NULL;
}

static struct expression *parse_number(struct parser *p, bool is_negative)
{
    char digits[NUMBER_SIZE_MAX + 2] = "-", *start = is_negative ? digits : digits + 1, *end;
    if (p->token.size > NUMBER_SIZE_MAX)
        return refuse(p, "this number is not built"), NULL;
    memcpy(digits + 1, p->token.ptr, p->token.size);
    struct expression *node = new_node(p, EXPRESSION_INT);
    errno = 0;
    node->integer = strtoll(start, &end, 10);
    if (*end == '.') {
        node->kind = EXPRESSION_DOUBLE;
        node->number = strtod(start, &end);
    }
    if (*end || errno)
        return refuse(p, "this number is not built"), NULL;
    return next_token(p) ? node : NULL;
}

static struct expression *parse_list(struct parser *p)
{
    struct expression *list = new_node(p, EXPRESSION_LIST);
    const struct expression **last = &list->first;
    if (!next_token(p))
        return NULL;
    while (!is_token(p, TOKEN_SIGN, "]")) {
        if (list->first && !expect(p, ","))
            return NULL;
        if (list->first && is_token(p, TOKEN_SIGN, "]"))
            break;
        struct expression *item = parse_whole(p);
        if (!item)
            return NULL;
        *last = item;
        last = &item->next;
    }
    return next_token(p) ? list : NULL;
}

static struct expression *parse_call(struct parser *p)
{
    const struct function_row *row = NULL;
    for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]) && !row; i++)
        if (is_token(p, TOKEN_WORD, functions[i].name))
            row = &functions[i];
    if (!row)
        return refuse(p, "this name is not built"), NULL;
    struct expression *call = new_node(p, row->kind);
    if (!next_token(p) || !expect(p, "("))
        return NULL;
    for (size_t i = 0; i < row->arguments; i++)
        if ((i > 0 && !expect(p, ",")) || !(call->parts[i] = parse_whole(p)))
            return NULL;
    return expect(p, ")") ? call : NULL;
}

static struct expression *parse_word(struct parser *p)
{
    static const struct {
        const char *name;
        enum expression_kind kind;
        bool boolean;
    } words[] = {{"true", EXPRESSION_BOOL, true},
                 {"false", EXPRESSION_BOOL, false},
                 {"nil", EXPRESSION_NIL, false},
                 {"MetricName", EXPRESSION_METRIC_NAME, false},
                 {"MetricType", EXPRESSION_METRIC_TYPE, false}};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (!is_token(p, TOKEN_WORD, words[i].name))
            continue;
        struct expression *node = new_node(p, words[i].kind);
        node->boolean = words[i].boolean;
        return next_token(p) ? node : NULL;
    }
    return parse_call(p);
}

static struct expression *parse_not(struct parser *p)
{
    struct expression *node = new_node(p, EXPRESSION_NOT);
    /* It binds closer than comparisons: not a == b compares (not a). */
    return next_token(p) && (node->parts[0] = parse_binary(p, PRECEDENCE_NOT)) ? node : NULL;
}

static struct expression *parse_operand(struct parser *p)
{
    struct expression *node;
    if (is_token(p, TOKEN_SIGN, "!") || is_token(p, TOKEN_WORD, "not"))
        return parse_not(p);
    if (is_token(p, TOKEN_SIGN, "("))
        return next_token(p) && (node = parse_whole(p)) && expect(p, ")") ? node : NULL;
    if (is_token(p, TOKEN_SIGN, "["))
        return parse_list(p);
    if (is_token(p, TOKEN_SIGN, "-"))
        return !next_token(p) ? NULL : p->kind == TOKEN_NUMBER ? parse_number(p, true) : (refuse(p, "arithmetic is not built"), NULL);
    if (p->kind == TOKEN_NUMBER)
        return parse_number(p, false);
    if (p->kind == TOKEN_WORD)
        return parse_word(p);
    if (p->kind != TOKEN_TEXT)
        return refuse(p, "unexpected token"), NULL;
    node = new_node(p, EXPRESSION_TEXT);
    node->text = p->token;
    return next_token(p) ? node : NULL;
}

/* ---- operators */

static const struct operator_row *find_operator(const struct parser *p)
{
    for (size_t i = 0; i < sizeof(operators) / sizeof(operators[0]); i++)
        if (is_token(p, TOKEN_SIGN, operators[i].name) || is_token(p, TOKEN_WORD, operators[i].name))
            return &operators[i];
    return NULL;
}

static bool compile_pattern(struct parser *p, struct expression *node)
{
    if (node->parts[1]->kind != EXPRESSION_TEXT)
        return refuse(p, "matches is built for patterns in quotes only");
    node->regex = sm_regex_compile(node->parts[1]->text, p->error);
    node->next_with_regex = *p->with_regex;
    *p->with_regex = node;
    return node->regex;
}

/* What a node always is; EXPRESSION_NIL when only running it tells. */
static enum expression_kind known_kind(const struct expression *node)
{
    if (node->kind == EXPRESSION_DOUBLE)
        return EXPRESSION_INT; /* numbers of both kinds can be compared */
    if (node->kind <= EXPRESSION_LIST)
        return node->kind;
    return node->kind >= EXPRESSION_STARTS && node->kind <= EXPRESSION_IN && node->kind != EXPRESSION_AND && node->kind != EXPRESSION_OR
               ? EXPRESSION_BOOL
               : EXPRESSION_NIL;
}

static bool may_be_equal(const struct expression *a, const struct expression *b)
{
    enum expression_kind left = known_kind(a), right = known_kind(b);
    return left == right || left == EXPRESSION_NIL || right == EXPRESSION_NIL;
}

static struct expression *parse_right(struct parser *p, const struct operator_row *row, const struct expression *left)
{
    struct expression *node = new_node(p, row->kind);
    node->parts[0] = left;
    if (left->kind >= EXPRESSION_LESS && left->kind <= EXPRESSION_GREATER_OR_EQUAL && row->kind >= EXPRESSION_LESS &&
        row->kind <= EXPRESSION_GREATER_OR_EQUAL)
        return refuse(p, "chains of comparisons are not built"), NULL;
    if (!next_token(p) || !(node->parts[1] = parse_binary(p, row->precedence + 1)))
        return NULL;
    if ((row->kind == EXPRESSION_EQUAL || row->kind == EXPRESSION_UNEQUAL) && !may_be_equal(node->parts[0], node->parts[1]))
        return refuse(p, "mismatched types"), NULL;
    return row->kind != EXPRESSION_MATCHES || compile_pattern(p, node) ? node : NULL;
}

static struct expression *parse_operators(struct parser *p, int precedence)
{
    struct expression *node = parse_operand(p);
    while (node) {
        struct parser before = *p;
        bool is_negated = is_token(p, TOKEN_WORD, "not");
        if (is_negated && !next_token(p))
            return NULL;
        const struct operator_row *row = find_operator(p);
        if (!row || row->precedence < precedence || (is_negated && !row->may_follow_not)) {
            *p = before;
            return node;
        }
        node = parse_right(p, row, node);
        if (!node || !is_negated)
            continue;
        struct expression *negation = new_node(p, EXPRESSION_NOT);
        negation->parts[0] = node;
        node = negation;
    }
    return NULL;
}

static struct expression *parse_binary(struct parser *p, int precedence)
{
    if (p->depth == DEPTH_MAX)
        return refuse(p, "nested too deeply"), NULL;
    p->depth++;
    struct expression *node = parse_operators(p, precedence);
    p->depth--;
    return node;
}

const struct expression *expression_parse(struct sm_slice text, struct sm_arena *arena, struct expression **with_regex, struct sm_error *error)
{
    struct parser p = {.text = text, .arena = arena, .with_regex = with_regex, .error = error};
    const struct expression *node = next_token(&p) ? parse_whole(&p) : NULL;
    if (node && p.kind != TOKEN_END)
        return refuse(&p, "unexpected token, or one that is not built"), NULL;
    return node;
}
