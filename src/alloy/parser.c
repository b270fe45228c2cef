/* parser.c - recursive descent over the scanner's tokens; goes on after an error, at most one of its own a line.
 *
 * Grammar and recovery are those of Alloy's syntax/parser, so that errors stand at the same places. Depth is limited: the reference has no limit. */
#include "alloy/parser.h"

#include <stdarg.h>
#include <stdio.h>

#include "alloy/literal.h"
#include "base/bytes.h"
#include "config/diags.h"
#include "config/source.h"

struct parser {
    struct sm_alloy_scanner scanner;
    struct sm_alloy_lexeme at; /* the current token, never a comment */
    struct sm_arena *arena;
    struct sm_diags *diags;
    size_t error_count;
    unsigned last_error_line, depth;
    bool is_too_deep; /* everything that follows reads as the end */
    struct sm_alloy_comment_group *comments;
    size_t comment_count, comment_capacity;
};

/* ---- errors */

static void add_error(struct parser *parser, struct sm_alloy_place start, struct sm_alloy_place end, const char *text)
{
    parser->error_count++;
    if (!parser->diags)
        return;
    struct sm_position position = {
        .source = parser->scanner.source, .line = start.line, .column = start.column, .end_line = end.line, .end_column = end.column};
    sm_diags_add(parser->diags, SM_DIAG_ERROR, position, NULL, NULL, "%s", text);
}

__attribute__((format(printf, 2, 3))) static void report(struct parser *parser, const char *format, ...)
{
    if (parser->is_too_deep || parser->last_error_line == parser->at.place.line)
        return;
    parser->last_error_line = parser->at.place.line;
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    add_error(parser, parser->at.place, (struct sm_alloy_place){0}, text);
}

static const char *found(const struct parser *parser)
{
    return sm_alloy_token_text(parser->at.token);
}

/* ---- tokens and comments */

static void scan(struct parser *parser)
{
    parser->at = sm_alloy_scan(&parser->scanner);
    if (parser->is_too_deep)
        parser->at.token = SM_ALLOY_END;
}

static struct sm_alloy_place place_behind(const struct parser *parser, struct sm_alloy_place start, size_t size)
{
    return sm_alloy_place_at(&parser->scanner, start.offset + (size ? size - 1 : 0));
}

static void take_comment_group(struct parser *parser)
{
    struct sm_alloy_comment *items = NULL;
    size_t count = 0, capacity = 0;
    unsigned end_line = parser->at.place.line;
    while (parser->at.token == SM_ALLOY_COMMENT && parser->at.place.line <= end_line + 1) {
        items = sm_arena_grow(parser->arena, items, count, &capacity, count + 1, sizeof(*items));
        struct sm_alloy_comment *comment = &items[count++];
        *comment = (struct sm_alloy_comment){.start = parser->at.place, .text = parser->at.text};
        comment->end = place_behind(parser, comment->start, comment->text.size);
        end_line = comment->start.line;
        for (size_t i = 0; i < comment->text.size && comment->text.ptr[1] == '*'; i++)
            end_line += comment->text.ptr[i] == '\n';
        scan(parser);
    }
    parser->comments = sm_arena_grow(parser->arena, parser->comments, parser->comment_count, &parser->comment_capacity, parser->comment_count + 1,
                                     sizeof(*parser->comments));
    parser->comments[parser->comment_count++] = (struct sm_alloy_comment_group){.items = items, .count = count};
}

static void next(struct parser *parser)
{
    scan(parser);
    while (parser->at.token == SM_ALLOY_COMMENT)
        take_comment_group(parser);
}

/* Takes the current token whatever it is, with an error when it is another one. */
static struct sm_alloy_lexeme expect(struct parser *parser, enum sm_alloy_token token)
{
    struct sm_alloy_lexeme taken = parser->at;
    if (taken.token != token)
        report(parser, "expected %s, got %s", sm_alloy_token_text(token), found(parser));
    next(parser);
    return taken;
}

static void skip_to(struct parser *parser, enum sm_alloy_token token)
{
    while (parser->at.token != SM_ALLOY_END && parser->at.token != token)
        next(parser);
}

/* To the TERMINATOR behind what is left of a statement, brackets closed. */
static void skip_statement(struct parser *parser)
{
    int curly = 0, brack = 0, paren = 0;
    for (; parser->at.token != SM_ALLOY_END; next(parser)) {
        enum sm_alloy_token token = parser->at.token;
        curly += (token == SM_ALLOY_LCURLY) - (token == SM_ALLOY_RCURLY);
        brack += (token == SM_ALLOY_LBRACK) - (token == SM_ALLOY_RBRACK);
        paren += (token == SM_ALLOY_LPAREN) - (token == SM_ALLOY_RPAREN);
        if (token == SM_ALLOY_TERMINATOR && curly <= 0 && brack <= 0 && paren <= 0)
            return;
    }
}

static bool enter(struct parser *parser, unsigned depth)
{
    if (parser->depth + depth < SM_ALLOY_DEPTH_MAX)
        return true;
    parser->last_error_line = 0;
    report(parser, "nested more than %d deep", SM_ALLOY_DEPTH_MAX);
    parser->is_too_deep = true;
    parser->at.token = SM_ALLOY_END;
    return false;
}

/* ---- expressions */

static struct sm_alloy_expr *parse_expression(struct parser *parser);
static struct sm_alloy_body parse_body(struct parser *parser, enum sm_alloy_token until);

static struct sm_alloy_expr *make(struct parser *parser, enum sm_alloy_expr_kind kind)
{
    struct sm_alloy_expr *expr = sm_arena_zalloc(parser->arena, 1, sizeof(*expr));
    expr->kind = kind;
    expr->source = parser->scanner.source;
    expr->depth = 1;
    return expr;
}

static void count_depth(struct sm_alloy_expr *expr, const struct sm_alloy_expr *part)
{
    if (part->depth >= expr->depth)
        expr->depth = part->depth + 1;
}

/* A leaf of the current token, which is taken. */
static struct sm_alloy_expr *take_leaf(struct parser *parser, enum sm_alloy_expr_kind kind)
{
    struct sm_alloy_expr *expr = make(parser, kind);
    expr->op = parser->at.token;
    expr->text = parser->at.text;
    expr->start = parser->at.place;
    expr->end = place_behind(parser, expr->start, expr->text.size);
    next(parser);
    return expr;
}

static void add_item(struct parser *parser, struct sm_alloy_expr *expr, size_t *capacity, struct sm_alloy_expr *item)
{
    expr->items = sm_arena_grow(parser->arena, expr->items, expr->count, capacity, expr->count + 1, sizeof(struct sm_alloy_expr *));
    expr->items[expr->count++] = item;
    count_depth(expr, item);
}

static void parse_items(struct parser *parser, struct sm_alloy_expr *expr, enum sm_alloy_token until)
{
    size_t capacity = 0;
    while (parser->at.token != until && parser->at.token != SM_ALLOY_END) {
        add_item(parser, expr, &capacity, parse_expression(parser));
        if (parser->at.token == until)
            return;
        if (parser->at.token != SM_ALLOY_COMMA)
            report(parser, "missing ',' in expression list");
        next(parser);
    }
}

static void parse_field(struct parser *parser, struct sm_alloy_field *field)
{
    *field = (struct sm_alloy_field){.place = parser->at.place};
    if (parser->at.token == SM_ALLOY_STRING || parser->at.token == SM_ALLOY_IDENT) {
        field->name = field->spelling = parser->at.text;
        field->name_end = place_behind(parser, field->place, field->spelling.size);
        if (parser->at.token == SM_ALLOY_STRING && field->name.size > 2) {
            field->name = sm_slice_make(field->name.ptr + 1, field->name.size - 2);
            field->is_quoted = true;
        }
        next(parser);
    } else {
        report(parser, "expected field name (string or identifier), got %s", found(parser));
        skip_to(parser, SM_ALLOY_ASSIGN);
    }
    expect(parser, SM_ALLOY_ASSIGN);
    field->value = parse_expression(parser);
}

static void parse_fields(struct parser *parser, struct sm_alloy_expr *expr)
{
    size_t capacity = 0;
    while (parser->at.token != SM_ALLOY_RCURLY && parser->at.token != SM_ALLOY_END) {
        struct sm_alloy_field field;
        parse_field(parser, &field);
        expr->fields = sm_arena_grow(parser->arena, expr->fields, expr->count, &capacity, expr->count + 1, sizeof(field));
        expr->fields[expr->count++] = field;
        count_depth(expr, field.value);
        if (parser->at.token == SM_ALLOY_RCURLY)
            return;
        if (parser->at.token != SM_ALLOY_COMMA)
            report(parser, "missing ',' in field list");
        next(parser);
    }
}

/* "(…)", "[…]" or "{…}" from the opening bracket. */
static struct sm_alloy_expr *parse_bracketed(struct parser *parser, enum sm_alloy_expr_kind kind, enum sm_alloy_token close)
{
    struct sm_alloy_expr *expr = make(parser, kind);
    expr->start = expr->at = parser->at.place;
    next(parser);
    if (kind == SM_ALLOY_PAREN) {
        expr->left = parse_expression(parser);
        count_depth(expr, expr->left);
    } else if (kind == SM_ALLOY_ARRAY) {
        parse_items(parser, expr, close);
    } else if (parser->at.token != SM_ALLOY_RBRACK) {
        parse_fields(parser, expr);
    }
    expr->close = expr->end = expect(parser, close).place;
    return expr;
}

static bool ends_statement(enum sm_alloy_token token)
{
    return token == SM_ALLOY_TERMINATOR || token == SM_ALLOY_RPAREN || token == SM_ALLOY_RCURLY || token == SM_ALLOY_RBRACK ||
           token == SM_ALLOY_COMMA;
}

static struct sm_alloy_expr *parse_primary(struct parser *parser)
{
    switch (parser->at.token) {
    case SM_ALLOY_IDENT:
        return take_leaf(parser, SM_ALLOY_NAME);
    case SM_ALLOY_STRING:
    case SM_ALLOY_NUMBER:
    case SM_ALLOY_FLOAT:
    case SM_ALLOY_BOOL:
    case SM_ALLOY_NULL:
        return take_leaf(parser, SM_ALLOY_LITERAL);
    case SM_ALLOY_LPAREN:
        return parse_bracketed(parser, SM_ALLOY_PAREN, SM_ALLOY_RPAREN);
    case SM_ALLOY_LBRACK:
        return parse_bracketed(parser, SM_ALLOY_ARRAY, SM_ALLOY_RBRACK);
    case SM_ALLOY_LCURLY:
        return parse_bracketed(parser, SM_ALLOY_OBJECT, SM_ALLOY_RCURLY);
    default:
        break;
    }
    report(parser, "expected expression, got %s", found(parser));
    struct sm_alloy_expr *expr = make(parser, SM_ALLOY_LITERAL);
    expr->op = SM_ALLOY_NULL;
    expr->text = SM_SLICE("null");
    expr->start = expr->end = parser->at.place;
    while (parser->at.token != SM_ALLOY_END && !ends_statement(parser->at.token))
        next(parser);
    return expr;
}

static struct sm_alloy_expr *wrap(struct parser *parser, enum sm_alloy_expr_kind kind, struct sm_alloy_expr *left)
{
    struct sm_alloy_expr *expr = make(parser, kind);
    expr->left = left;
    expr->start = left->start;
    expr->at = parser->at.place;
    count_depth(expr, left);
    return expr;
}

static struct sm_alloy_expr *parse_access(struct parser *parser, struct sm_alloy_expr *left)
{
    struct sm_alloy_expr *expr = wrap(parser, SM_ALLOY_ACCESS, left);
    next(parser);
    struct sm_alloy_lexeme name = expect(parser, SM_ALLOY_IDENT);
    expr->text = name.text;
    expr->at = name.place;
    expr->end = place_behind(parser, name.place, name.text.size);
    return expr;
}

static struct sm_alloy_expr *parse_index(struct parser *parser, struct sm_alloy_expr *left)
{
    struct sm_alloy_expr *expr = wrap(parser, SM_ALLOY_INDEX, left);
    next(parser);
    expr->right = parse_expression(parser);
    count_depth(expr, expr->right);
    expr->close = expr->end = expect(parser, SM_ALLOY_RBRACK).place;
    return expr;
}

static struct sm_alloy_expr *parse_call(struct parser *parser, struct sm_alloy_expr *left)
{
    struct sm_alloy_expr *expr = wrap(parser, SM_ALLOY_CALL, left);
    next(parser);
    parse_items(parser, expr, SM_ALLOY_RPAREN);
    expr->close = expr->end = expect(parser, SM_ALLOY_RPAREN).place;
    return expr;
}

/* `name = type "label" { … }`: told as a whole. False when it does not even look like a block. */
static bool refuse_block_value(struct parser *parser, const struct sm_alloy_expr *primary)
{
    if (parser->at.token == SM_ALLOY_STRING)
        next(parser);
    if (expect(parser, SM_ALLOY_LCURLY).token != SM_ALLOY_LCURLY) {
        skip_statement(parser);
        return false;
    }
    parse_body(parser, SM_ALLOY_RCURLY);
    struct sm_alloy_lexeme end = expect(parser, SM_ALLOY_RCURLY);
    if (end.token != SM_ALLOY_RCURLY) {
        skip_statement(parser);
        return false;
    }
    add_error(parser, primary->start, end.place, "cannot use a block as an expression");
    return true;
}

static struct sm_alloy_expr *parse_postfix(struct parser *parser)
{
    struct sm_alloy_expr *primary = parse_primary(parser);
    while (enter(parser, primary->depth)) {
        switch (parser->at.token) {
        case SM_ALLOY_DOT:
            primary = parse_access(parser, primary);
            break;
        case SM_ALLOY_LBRACK:
            primary = parse_index(parser, primary);
            break;
        case SM_ALLOY_LPAREN:
            primary = parse_call(parser, primary);
            break;
        case SM_ALLOY_STRING:
        case SM_ALLOY_LCURLY:
            if (!refuse_block_value(parser, primary))
                return primary;
            break;
        default:
            return primary;
        }
    }
    return primary;
}

static struct sm_alloy_expr *parse_unary(struct parser *parser)
{
    if (parser->at.token != SM_ALLOY_NOT && parser->at.token != SM_ALLOY_SUB)
        return parse_postfix(parser);
    struct sm_alloy_expr *expr = make(parser, SM_ALLOY_UNARY);
    expr->op = parser->at.token;
    expr->start = expr->at = parser->at.place;
    next(parser);
    parser->depth++;
    expr->left = enter(parser, 1) ? parse_unary(parser) : parse_primary(parser);
    parser->depth--;
    count_depth(expr, expr->left);
    expr->end = expr->left->end;
    return expr;
}

/* The current token is the operator. */
static struct sm_alloy_expr *start_binary(struct parser *parser, struct sm_alloy_expr *left)
{
    struct sm_alloy_expr *expr = wrap(parser, SM_ALLOY_BINARY, left);
    expr->op = parser->at.token;
    next(parser);
    return expr;
}

static struct sm_alloy_expr *finish_binary(struct sm_alloy_expr *expr, struct sm_alloy_expr *right)
{
    expr->right = right;
    expr->end = right->end;
    count_depth(expr, right);
    return expr;
}

static struct sm_alloy_expr *parse_power(struct parser *parser)
{
    struct sm_alloy_expr *left = parse_unary(parser);
    if (parser->at.token != SM_ALLOY_POW)
        return left;
    struct sm_alloy_expr *expr = start_binary(parser, left);
    parser->depth++;
    struct sm_alloy_expr *right = enter(parser, 1) ? parse_power(parser) : parse_primary(parser);
    parser->depth--;
    return finish_binary(expr, right);
}

static struct sm_alloy_expr *parse_binary(struct parser *parser, int lowest)
{
    struct sm_alloy_expr *left = parse_power(parser);
    for (;;) {
        int precedence = sm_alloy_token_precedence(parser->at.token);
        if (precedence < lowest || !enter(parser, left->depth))
            return left;
        struct sm_alloy_expr *expr = start_binary(parser, left);
        left = finish_binary(expr, parse_binary(parser, precedence + 1));
    }
}

static struct sm_alloy_expr *parse_expression(struct parser *parser)
{
    parser->depth++;
    struct sm_alloy_expr *expr = enter(parser, 0) ? parse_binary(parser, 1) : parse_primary(parser);
    parser->depth--;
    return expr;
}

/* ---- statements */

/* What stands before "=" or "{". */
struct head {
    struct sm_slice name;
    size_t parts;
    struct sm_alloy_place start, label_place;
    struct sm_slice label;
};

static void parse_label(struct parser *parser, struct head *head)
{
    struct sm_slice text = parser->at.text;
    if (parser->at.token != SM_ALLOY_STRING) {
        report(parser, "expected block label, got %s", found(parser));
        next(parser);
        return;
    }
    if (text.ptr[0] != '"')
        report(parser, "expected block label to be a double quoted string, but got %s", sm_alloy_quote(parser->arena, text));
    if (text.size > 2) {
        head->label = sm_slice_make(text.ptr + 1, text.size - 2);
        if (!sm_alloy_is_identifier(head->label))
            report(parser, "expected block label to be a valid identifier, but got %s", sm_alloy_quote(parser->arena, head->label));
    }
    head->label_place = parser->at.place;
    next(parser);
}

static bool is_punctuation(enum sm_alloy_token token)
{
    return token >= SM_ALLOY_OR && token <= SM_ALLOY_DOT;
}

static bool parse_head(struct parser *parser, struct head *head)
{
    *head = (struct head){.start = parser->at.place, .name = parser->at.text, .parts = 1};
    if (parser->at.token != SM_ALLOY_IDENT) {
        report(parser, "expected identifier, got %s", found(parser));
        return false;
    }
    next(parser);
    struct sm_bytes joined;
    sm_bytes_init(&joined, parser->arena);
    for (; parser->at.token == SM_ALLOY_DOT; head->parts++) {
        next(parser);
        if (parser->at.token != SM_ALLOY_IDENT)
            report(parser, "expected identifier, got %s", found(parser));
        if (head->parts == 1)
            sm_bytes_append_slice(&joined, head->name);
        sm_bytes_append_char(&joined, '.');
        if (!is_punctuation(parser->at.token)) /* the others would make the carets longer */
            sm_bytes_append_slice(&joined, parser->at.text);
        next(parser);
    }
    if (head->parts > 1)
        head->name = sm_bytes_slice(&joined);
    if (parser->at.token != SM_ALLOY_ASSIGN && parser->at.token != SM_ALLOY_LCURLY)
        parse_label(parser, head);
    return true;
}

static void parse_attribute(struct parser *parser, const struct head *head, struct sm_alloy_statement *statement)
{
    next(parser);
    if (head->parts > 1)
        add_error(parser, head->start, place_behind(parser, head->start, head->name.size),
                  "attribute names may only consist of a single identifier with no \".\"");
    else if (head->label_place.line)
        add_error(parser, head->label_place, place_behind(parser, head->label_place, head->label.size + 2), "attribute names may not have labels");
    statement->value = parse_expression(parser);
    statement->end = statement->value->end;
}

static void parse_block(struct parser *parser, const struct head *head, struct sm_alloy_statement *statement)
{
    statement->is_block = true;
    statement->label = head->label;
    statement->label_place = head->label_place;
    statement->open = expect(parser, SM_ALLOY_LCURLY).place;
    parser->depth++;
    if (enter(parser, 0))
        statement->body = parse_body(parser, SM_ALLOY_RCURLY);
    parser->depth--;
    statement->close = statement->end = expect(parser, SM_ALLOY_RCURLY).place;
}

/* NULL after an error. */
static struct sm_alloy_statement *parse_statement(struct parser *parser)
{
    struct head head;
    if (!parse_head(parser, &head)) {
        skip_to(parser, SM_ALLOY_IDENT);
        return NULL;
    }
    struct sm_alloy_statement *statement = sm_arena_zalloc(parser->arena, 1, sizeof(*statement));
    statement->name = head.name;
    statement->start = head.start;
    if (parser->at.token == SM_ALLOY_ASSIGN) {
        parse_attribute(parser, &head, statement);
        return statement;
    }
    if (parser->at.token == SM_ALLOY_LCURLY) {
        parse_block(parser, &head, statement);
        return statement;
    }
    if (head.parts == 1 && head.label.size == 0)
        report(parser, "expected attribute assignment or block body, got %s", found(parser));
    else
        report(parser, "expected block body, got %s", found(parser));
    skip_to(parser, SM_ALLOY_IDENT);
    return NULL;
}

static struct sm_alloy_body parse_body(struct parser *parser, enum sm_alloy_token until)
{
    struct sm_alloy_body body = {0};
    size_t capacity = 0;
    while (parser->at.token != until && parser->at.token != SM_ALLOY_END) {
        struct sm_alloy_statement *statement = parse_statement(parser);
        if (statement) {
            body.items = sm_arena_grow(parser->arena, body.items, body.count, &capacity, body.count + 1, sizeof(struct sm_alloy_statement *));
            body.items[body.count++] = statement;
        }
        if (parser->at.token == until)
            break;
        if (parser->at.token != SM_ALLOY_TERMINATOR) {
            report(parser, "expected %s, got %s", sm_alloy_token_text(SM_ALLOY_TERMINATOR), found(parser));
            skip_statement(parser);
        }
        next(parser);
    }
    return body;
}

/* ---- whole texts */

static bool start(struct parser *parser, const struct sm_source *source, struct sm_arena *arena, struct sm_diags *diags)
{
    *parser = (struct parser){.arena = arena, .diags = diags};
    if (!sm_alloy_scanner_init(&parser->scanner, source, arena, diags))
        return false;
    next(parser);
    return true;
}

static bool is_good(const struct parser *parser)
{
    return parser->error_count + parser->scanner.error_count == 0;
}

struct sm_alloy_file *sm_alloy_parse(const struct sm_source *source, struct sm_arena *arena, struct sm_diags *diags)
{
    struct parser parser;
    if (!start(&parser, source, arena, diags))
        return NULL;
    struct sm_alloy_file *file = sm_arena_zalloc(arena, 1, sizeof(*file));
    file->source = source;
    file->body = parse_body(&parser, SM_ALLOY_END);
    file->comments = parser.comments;
    file->comment_count = parser.comment_count;
    return is_good(&parser) ? file : NULL;
}

struct sm_alloy_expr *sm_alloy_parse_expression(const struct sm_source *source, struct sm_arena *arena, struct sm_diags *diags)
{
    struct parser parser;
    if (!start(&parser, source, arena, diags))
        return NULL;
    struct sm_alloy_expr *expr = parse_expression(&parser);
    if (parser.at.token == SM_ALLOY_TERMINATOR)
        next(&parser);
    if (parser.at.token != SM_ALLOY_END)
        report(&parser, "expected %s, got %s", sm_alloy_token_text(SM_ALLOY_END), found(&parser));
    return is_good(&parser) ? expr : NULL;
}
