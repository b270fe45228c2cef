/* printer.c - walks over a tree and writes tokens with their white space and the comments between them; alloy/align.c then makes the columns.
 *
 * Gives what Alloy's syntax/printer gives, with two differences: text in backquotes keeps its tabs and its blanks at line ends, and a quoted key
 * keeps its escapes (there the value changes, here it may not). State: white space that is pending until it is known whether a comment comes first.
 */
#include "alloy/printer.h"

#include "alloy/align.h"
#include "base/bytes.h"

enum { PENDING_MAX = 16, NEWLINES_MAX = 2 };

enum blank { BLANK_NONE = 0, BLANK_SPACE = ' ', BLANK_CELL = '\v', BLANK_LINE = '\n', BLANK_BREAK = '\f', BLANK_INDENT = '>', BLANK_UNINDENT = '<' };

struct printer {
    struct sm_bytes out; /* for alignment */
    unsigned indent;
    enum sm_alloy_token last_token;
    char pending[PENDING_MAX];
    size_t pending_count;
    const struct sm_alloy_comment_group *comments; /* those not yet written */
    size_t comment_count;
    struct sm_alloy_place at;   /* where the next token stood in the source */
    struct sm_alloy_place last; /* where what was written last ended */
    bool is_line_start;
};

/* ---- raw output */

static void write_indent(struct printer *printer)
{
    for (unsigned i = 0; i < printer->indent; i++)
        sm_bytes_append_char(&printer->out, '\t');
    printer->at.offset += printer->indent;
    printer->is_line_start = false;
}

static void write_bytes(struct printer *printer, char c, unsigned count)
{
    if (printer->is_line_start)
        write_indent(printer);
    for (unsigned i = 0; i < count; i++)
        sm_bytes_append_char(&printer->out, c);
    printer->at.offset += count;
    if (c != '\n' && c != '\f')
        return;
    printer->at.line += count;
    printer->is_line_start = true;
}

/* Text that alignment and trimming would change is passed around them. */
static bool needs_escape(struct sm_slice text)
{
    for (size_t i = 0; i < text.size; i++) {
        char c = text.ptr[i];
        if (c == '\t' || c == '\v' || c == '\f' || (c == '\n' && i > 0 && text.ptr[i - 1] == ' '))
            return true;
    }
    return false;
}

static void write_text(struct printer *printer, struct sm_alloy_place place, struct sm_slice text, bool is_escaped)
{
    if (printer->is_line_start)
        write_indent(printer);
    if (place.line)
        printer->at = place;
    if (is_escaped)
        sm_bytes_append_char(&printer->out, (char)SM_ALLOY_ALIGN_ESCAPE);
    sm_bytes_append_slice(&printer->out, text);
    if (is_escaped)
        sm_bytes_append_char(&printer->out, (char)SM_ALLOY_ALIGN_ESCAPE);
    printer->at.offset += (unsigned)text.size;
    for (size_t i = 0; i < text.size; i++)
        printer->at.line += text.ptr[i] == '\n';
    printer->last = printer->at;
}

static void write_pending(struct printer *printer, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char blank = printer->pending[i];
        if (blank == BLANK_INDENT)
            printer->indent++;
        else if (blank == BLANK_UNINDENT)
            printer->indent -= printer->indent > 0;
        else if (blank != BLANK_NONE)
            write_bytes(printer, blank, 1);
    }
    memmove(printer->pending, printer->pending + count, printer->pending_count - count);
    printer->pending_count -= count;
}

static unsigned limit_newlines(unsigned count)
{
    return count > NEWLINES_MAX ? NEWLINES_MAX : count;
}

/* ---- comments */

static bool has_comment_before(const struct printer *printer, unsigned offset)
{
    return printer->comment_count > 0 && printer->comments[0].items[0].start.offset <= offset;
}

static bool is_dropped_before_comment(char blank)
{
    return blank == BLANK_SPACE || blank == BLANK_CELL || blank == BLANK_LINE || blank == BLANK_BREAK;
}

static void write_comment_prefix(struct printer *printer, unsigned next_line, const struct sm_alloy_comment *comment)
{
    if (printer->out.size == 0)
        return;
    if (comment->start.line == printer->last.line) {
        write_bytes(printer, comment->start.line == next_line ? ' ' : '\t', 1);
        return;
    }
    /* Changes of indentation up to the first real white space come before the comment. */
    size_t count = 0;
    for (size_t i = 0; i < printer->pending_count; i++) {
        char blank = printer->pending[i];
        if (is_dropped_before_comment(blank))
            printer->pending[i] = BLANK_NONE;
        else if (blank == BLANK_INDENT || blank == BLANK_UNINDENT)
            continue;
        count = i;
        break;
    }
    write_pending(printer, count);
    if (comment->start.line > printer->last.line && printer->last.line)
        write_bytes(printer, '\f', limit_newlines(comment->start.line - printer->last.line));
}

static void write_comment_suffix(struct printer *printer, unsigned next_line, const struct sm_alloy_comment *last)
{
    if (last->text.ptr[1] == '*' && next_line == last->end.line)
        write_bytes(printer, ' ', 1);
    unsigned newlines = next_line > printer->last.line ? next_line - printer->last.line : 0;
    bool has_dropped_break = false;
    for (size_t i = 0; i < printer->pending_count; i++) {
        has_dropped_break |= printer->pending[i] == BLANK_BREAK;
        if (is_dropped_before_comment(printer->pending[i]))
            printer->pending[i] = BLANK_NONE;
    }
    write_pending(printer, printer->pending_count);
    if (newlines)
        write_bytes(printer, has_dropped_break ? '\f' : '\n', limit_newlines(newlines));
}

/* What comes before the next token at `next`: comments, or the pending white space. */
static void flush(struct printer *printer, struct sm_alloy_place next, bool is_end)
{
    if (!has_comment_before(printer, next.offset)) {
        if (!is_end)
            write_pending(printer, printer->pending_count);
        return;
    }
    const struct sm_alloy_comment *last = NULL;
    while (has_comment_before(printer, next.offset)) {
        const struct sm_alloy_comment_group *group = printer->comments++;
        printer->comment_count--;
        for (size_t i = 0; i < group->count; i++) {
            last = &group->items[i];
            write_comment_prefix(printer, next.line, last);
            write_text(printer, last->start, last->text, true);
        }
    }
    if (!is_end)
        write_comment_suffix(printer, next.line, last);
}

/* ---- tokens */

static void put_blank(struct printer *printer, enum blank blank)
{
    if (printer->pending_count == PENDING_MAX)
        write_pending(printer, PENDING_MAX);
    printer->pending[printer->pending_count++] = (char)blank;
    printer->last_token = SM_ALLOY_BLANK;
}

static void put_place(struct printer *printer, struct sm_alloy_place place)
{
    if (place.line)
        printer->at = place;
}

static void put_text(struct printer *printer, struct sm_slice text, enum sm_alloy_token token)
{
    printer->last_token = token;
    struct sm_alloy_place next = printer->at;
    flush(printer, next, false);
    write_text(printer, next, text, token == SM_ALLOY_STRING && needs_escape(text));
}

static void put_token(struct printer *printer, enum sm_alloy_token token)
{
    /* "1 .a" must not become "1.a", nor "/ *" a comment. */
    bool would_join =
        (printer->last_token == SM_ALLOY_NUMBER && token == SM_ALLOY_DOT) || (printer->last_token == SM_ALLOY_DIV && token == SM_ALLOY_MUL);
    if (would_join)
        put_blank(printer, BLANK_SPACE);
    put_text(printer, sm_slice_of(sm_alloy_token_text(token)), token);
}

/* ---- expressions */

static void put_expression(struct printer *printer, const struct sm_alloy_expr *expr);

static void put_array(struct printer *printer, const struct sm_alloy_expr *expr)
{
    put_place(printer, expr->start);
    put_token(printer, SM_ALLOY_LBRACK);
    unsigned last_line = expr->start.line;
    for (size_t i = 0; i < expr->count; i++) {
        const struct sm_alloy_expr *item = expr->items[i];
        bool is_on_new_line = item->start.line != last_line;
        if (is_on_new_line) {
            put_blank(printer, BLANK_INDENT);
            put_blank(printer, BLANK_BREAK);
        } else if (i > 0) {
            put_blank(printer, BLANK_SPACE);
        }
        last_line = item->end.line;
        put_expression(printer, item);
        if (i + 1 < expr->count)
            put_token(printer, SM_ALLOY_COMMA);
        if (is_on_new_line)
            put_blank(printer, BLANK_UNINDENT);
    }
    if (expr->count && expr->close.line != last_line) {
        put_token(printer, SM_ALLOY_COMMA);
        put_blank(printer, BLANK_INDENT);
        put_blank(printer, BLANK_BREAK);
        put_blank(printer, BLANK_UNINDENT);
    }
    put_place(printer, expr->close);
    put_token(printer, SM_ALLOY_RBRACK);
}

/* A key in quotes; one in backquotes gets double ones unless it would then read differently. */
static void put_key(struct printer *printer, const struct sm_alloy_field *field)
{
    if (!field->is_quoted) {
        put_text(printer, field->name, SM_ALLOY_IDENT);
        return;
    }
    bool keeps_spelling = field->spelling.ptr[0] == '"';
    for (size_t i = 0; i < field->name.size; i++)
        keeps_spelling |= (unsigned char)field->name.ptr[i] < 0x20 || strchr("\"\\\x7f", field->name.ptr[i]);
    if (keeps_spelling) {
        put_text(printer, field->spelling, SM_ALLOY_STRING);
        return;
    }
    struct sm_bytes quoted = {0};
    sm_bytes_printf(&quoted, "\"%.*s\"", SM_SLICE_ARGS(field->name));
    put_text(printer, sm_bytes_slice(&quoted), SM_ALLOY_STRING);
    sm_bytes_deinit(&quoted);
}

/* Behind a value of one line the next one may stand in the same columns. What counts is what was written: a value of several lines in the source may
 * have become one, and formatting that again must change nothing. */
static enum blank blank_behind(const struct printer *printer, size_t start)
{
    const char *written = printer->out.ptr + start;
    size_t size = printer->out.size - start;
    return memchr(written, '\n', size) || memchr(written, '\f', size) ? BLANK_BREAK : BLANK_LINE;
}

/* " = VALUE" behind a name; returns what comes behind it. */
static enum blank put_value(struct printer *printer, const struct sm_alloy_expr *value)
{
    size_t start = printer->out.size;
    put_blank(printer, BLANK_CELL);
    put_token(printer, SM_ALLOY_ASSIGN);
    put_blank(printer, BLANK_SPACE);
    put_expression(printer, value);
    return blank_behind(printer, start);
}

static void put_object(struct printer *printer, const struct sm_alloy_expr *expr)
{
    put_place(printer, expr->start);
    put_token(printer, SM_ALLOY_LCURLY);
    put_blank(printer, BLANK_INDENT);
    unsigned last_line = expr->start.line;
    enum blank behind_last = BLANK_BREAK;
    for (size_t i = 0; i < expr->count; i++) {
        const struct sm_alloy_field *field = &expr->fields[i];
        if (field->place.line != last_line)
            put_blank(printer, behind_last);
        else if (i > 0)
            put_blank(printer, BLANK_SPACE);
        last_line = field->name_end.line;
        put_place(printer, field->place);
        put_key(printer, field);
        behind_last = put_value(printer, field->value);
        if (i + 1 < expr->count)
            put_token(printer, SM_ALLOY_COMMA);
    }
    if (expr->count && expr->close.line != last_line) {
        put_token(printer, SM_ALLOY_COMMA);
        put_blank(printer, BLANK_BREAK);
    }
    put_blank(printer, BLANK_UNINDENT);
    put_place(printer, expr->close);
    put_token(printer, SM_ALLOY_RCURLY);
}

static void put_call(struct printer *printer, const struct sm_alloy_expr *expr)
{
    put_expression(printer, expr->left);
    put_token(printer, SM_ALLOY_LPAREN);
    unsigned last_line = expr->at.line;
    for (size_t i = 0; i < expr->count; i++) {
        bool is_on_new_line = expr->items[i]->start.line != last_line;
        if (is_on_new_line) {
            put_blank(printer, BLANK_BREAK);
            put_blank(printer, BLANK_INDENT);
        }
        put_expression(printer, expr->items[i]);
        last_line = expr->items[i]->end.line;
        if (i + 1 < expr->count) {
            put_token(printer, SM_ALLOY_COMMA);
            put_blank(printer, BLANK_SPACE);
        }
        if (is_on_new_line)
            put_blank(printer, BLANK_UNINDENT);
    }
    if (expr->close.line != last_line) {
        put_token(printer, SM_ALLOY_COMMA);
        put_blank(printer, BLANK_BREAK);
    }
    put_token(printer, SM_ALLOY_RPAREN);
}

static void put_operator(struct printer *printer, const struct sm_alloy_expr *expr)
{
    put_place(printer, expr->at);
    put_token(printer, expr->op);
}

static void put_expression(struct printer *printer, const struct sm_alloy_expr *expr)
{
    switch (expr->kind) {
    case SM_ALLOY_LITERAL:
    case SM_ALLOY_NAME:
        put_place(printer, expr->start);
        put_text(printer, expr->text, expr->op);
        return;
    case SM_ALLOY_ARRAY:
        put_array(printer, expr);
        return;
    case SM_ALLOY_OBJECT:
        put_object(printer, expr);
        return;
    case SM_ALLOY_ACCESS:
        put_expression(printer, expr->left);
        put_token(printer, SM_ALLOY_DOT);
        put_text(printer, expr->text, SM_ALLOY_IDENT);
        return;
    case SM_ALLOY_INDEX:
        put_expression(printer, expr->left);
        put_place(printer, expr->at);
        put_token(printer, SM_ALLOY_LBRACK);
        put_expression(printer, expr->right);
        put_place(printer, expr->close);
        put_token(printer, SM_ALLOY_RBRACK);
        return;
    case SM_ALLOY_CALL:
        put_call(printer, expr);
        return;
    case SM_ALLOY_UNARY:
        put_operator(printer, expr);
        put_expression(printer, expr->left);
        return;
    case SM_ALLOY_BINARY:
        put_expression(printer, expr->left);
        put_blank(printer, BLANK_SPACE);
        put_operator(printer, expr);
        put_blank(printer, BLANK_SPACE);
        put_expression(printer, expr->right);
        return;
    case SM_ALLOY_PAREN:
        put_token(printer, SM_ALLOY_LPAREN);
        put_expression(printer, expr->left);
        put_token(printer, SM_ALLOY_RPAREN);
        return;
    }
}

/* ---- statements */

static void put_body(struct printer *printer, const struct sm_alloy_body *body);

static enum blank put_block(struct printer *printer, const struct sm_alloy_statement *block)
{
    put_place(printer, block->start);
    put_text(printer, block->name, SM_ALLOY_IDENT);
    if (block->label.size) {
        put_blank(printer, BLANK_SPACE);
        put_place(printer, block->label_place);
        struct sm_bytes quoted = {0};
        sm_bytes_printf(&quoted, "\"%.*s\"", SM_SLICE_ARGS(block->label));
        put_text(printer, sm_bytes_slice(&quoted), SM_ALLOY_STRING);
        sm_bytes_deinit(&quoted);
    }
    put_blank(printer, BLANK_SPACE);
    put_place(printer, block->open);
    put_token(printer, SM_ALLOY_LCURLY);
    put_blank(printer, BLANK_INDENT);
    put_blank(printer, block->body.count ? BLANK_BREAK : BLANK_SPACE);
    put_body(printer, &block->body);
    put_blank(printer, BLANK_UNINDENT);
    put_place(printer, block->close);
    put_token(printer, SM_ALLOY_RCURLY);
    return block->end.line > block->start.line ? BLANK_BREAK : BLANK_LINE;
}

static enum blank put_attribute(struct printer *printer, const struct sm_alloy_statement *attribute)
{
    put_place(printer, attribute->start);
    put_text(printer, attribute->name, SM_ALLOY_IDENT);
    return put_value(printer, attribute->value);
}

static void put_body(struct printer *printer, const struct sm_alloy_body *body)
{
    for (size_t i = 0; i < body->count; i++) {
        const struct sm_alloy_statement *statement = body->items[i];
        if (i > 0 && (statement->is_block || statement->start.line > body->items[i - 1]->end.line + 1))
            put_blank(printer, BLANK_BREAK);
        put_blank(printer, statement->is_block ? put_block(printer, statement) : put_attribute(printer, statement));
    }
}

/* ---- whole texts */

static void finish(struct printer *printer, struct sm_bytes *out)
{
    flush(printer, (struct sm_alloy_place){.offset = UINT32_MAX, .line = UINT32_MAX, .column = 1}, true);
    sm_alloy_align(sm_bytes_slice(&printer->out), out);
    sm_bytes_deinit(&printer->out);
}

void sm_alloy_print_file(const struct sm_alloy_file *file, struct sm_bytes *out)
{
    struct printer printer = {
        .comments = file->comments, .comment_count = file->comment_count, .at = {.line = 1, .column = 1}, .is_line_start = true};
    put_body(&printer, &file->body);
    finish(&printer, out);
    sm_bytes_append_char(out, '\n');
}

void sm_alloy_print_expression(const struct sm_alloy_expr *expr, struct sm_bytes *out)
{
    struct printer printer = {.at = {.line = 1, .column = 1}, .is_line_start = true};
    put_expression(&printer, expr);
    finish(&printer, out);
}
