/* scanner.c - see scanner.h. Behaves as the scanner of Alloy's syntax module (syntax/scanner), byte for byte: the same tokens, the same errors at the
 * same places. State: one position in the text and whether a line end would end the statement. */
#include "alloy/scanner.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/regex.h"
#include "config/diags.h"
#include "config/source.h"
#include "ottl/go_format.h"
#include "ottl/runes.h"

enum { RUNE_END = -1, RUNE_BYTE_ORDER_MARK = 0xfeff, RUNE_MAX = 0x10ffff };

static const char *const token_texts[SM_ALLOY_TOKEN_COUNT] = {
    [SM_ALLOY_ILLEGAL] = "ILLEGAL",
    [SM_ALLOY_BLANK] = "LITERAL",
    [SM_ALLOY_END] = "EOF",
    [SM_ALLOY_COMMENT] = "COMMENT",
    [SM_ALLOY_IDENT] = "IDENT",
    [SM_ALLOY_NUMBER] = "NUMBER",
    [SM_ALLOY_FLOAT] = "FLOAT",
    [SM_ALLOY_STRING] = "STRING",
    [SM_ALLOY_BOOL] = "BOOL",
    [SM_ALLOY_NULL] = "NULL",
    [SM_ALLOY_OR] = "||",
    [SM_ALLOY_AND] = "&&",
    [SM_ALLOY_NOT] = "!",
    [SM_ALLOY_ASSIGN] = "=",
    [SM_ALLOY_EQ] = "==",
    [SM_ALLOY_NEQ] = "!=",
    [SM_ALLOY_LT] = "<",
    [SM_ALLOY_LTE] = "<=",
    [SM_ALLOY_GT] = ">",
    [SM_ALLOY_GTE] = ">=",
    [SM_ALLOY_ADD] = "+",
    [SM_ALLOY_SUB] = "-",
    [SM_ALLOY_MUL] = "*",
    [SM_ALLOY_DIV] = "/",
    [SM_ALLOY_MOD] = "%",
    [SM_ALLOY_POW] = "^",
    [SM_ALLOY_LCURLY] = "{",
    [SM_ALLOY_RCURLY] = "}",
    [SM_ALLOY_LPAREN] = "(",
    [SM_ALLOY_RPAREN] = ")",
    [SM_ALLOY_LBRACK] = "[",
    [SM_ALLOY_RBRACK] = "]",
    [SM_ALLOY_COMMA] = ",",
    [SM_ALLOY_DOT] = ".",
    [SM_ALLOY_TERMINATOR] = "TERMINATOR",
};

const char *sm_alloy_token_text(enum sm_alloy_token token)
{
    return token_texts[token];
}

int sm_alloy_token_precedence(enum sm_alloy_token token)
{
    static const unsigned char precedences[SM_ALLOY_TOKEN_COUNT] = {
        [SM_ALLOY_OR] = 1,  [SM_ALLOY_AND] = 2, [SM_ALLOY_EQ] = 3,  [SM_ALLOY_NEQ] = 3, [SM_ALLOY_LT] = 3,  [SM_ALLOY_LTE] = 3, [SM_ALLOY_GT] = 3,
        [SM_ALLOY_GTE] = 3, [SM_ALLOY_ADD] = 4, [SM_ALLOY_SUB] = 4, [SM_ALLOY_MUL] = 5, [SM_ALLOY_DIV] = 5, [SM_ALLOY_MOD] = 5, [SM_ALLOY_POW] = 6,
    };
    return precedences[token];
}

/* ---- places */

static void index_lines(struct sm_alloy_scanner *scanner)
{
    size_t capacity = 0;
    scanner->_lines = sm_arena_grow(scanner->arena, NULL, 0, &capacity, 1, sizeof(unsigned));
    scanner->_lines[scanner->_line_count++] = 0;
    for (size_t i = 0; i < scanner->_size; i++) {
        if (scanner->_text[i] != '\n')
            continue;
        scanner->_lines = sm_arena_grow(scanner->arena, scanner->_lines, scanner->_line_count, &capacity, scanner->_line_count + 1, sizeof(unsigned));
        scanner->_lines[scanner->_line_count++] = (unsigned)i + 1;
    }
}

struct sm_alloy_place sm_alloy_place_at(const struct sm_alloy_scanner *scanner, size_t offset)
{
    size_t low = 0, high = scanner->_line_count;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (scanner->_lines[middle] <= offset)
            low = middle;
        else
            high = middle;
    }
    return (struct sm_alloy_place){.offset = (unsigned)offset, .line = (unsigned)low + 1, .column = (unsigned)(offset - scanner->_lines[low]) + 1};
}

__attribute__((format(printf, 3, 4))) static void report(struct sm_alloy_scanner *scanner, size_t offset, const char *format, ...)
{
    if (scanner->_is_looking_ahead)
        return;
    scanner->error_count++;
    if (!scanner->diags)
        return;
    char text[128];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    struct sm_alloy_place place = sm_alloy_place_at(scanner, offset);
    struct sm_position position = {.source = scanner->source, .line = place.line, .column = place.column};
    sm_diags_add(scanner->diags, SM_DIAG_ERROR, position, NULL, NULL, "%s", text);
}

/* ---- runes */

static void advance(struct sm_alloy_scanner *scanner)
{
    scanner->_offset = scanner->_next_offset;
    if (scanner->_offset >= scanner->_size) {
        scanner->_offset = scanner->_size;
        scanner->_rune = RUNE_END;
        return;
    }
    unsigned char first = scanner->_text[scanner->_offset];
    scanner->_next_offset = scanner->_offset + 1;
    scanner->_rune = first;
    if (first == 0)
        report(scanner, scanner->_offset, "illegal character NUL");
    if (first < 0x80)
        return;
    scanner->_next_offset = scanner->_offset;
    scanner->_rune = (int32_t)sm_ottl_rune_next(sm_slice_make(scanner->_text, scanner->_size), &scanner->_next_offset);
    if (scanner->_rune == SM_OTTL_RUNE_WRONG && scanner->_next_offset == scanner->_offset + 1)
        report(scanner, scanner->_offset, "illegal UTF-8 encoding");
    else if (scanner->_rune == RUNE_BYTE_ORDER_MARK && scanner->_offset > 0)
        report(scanner, scanner->_offset, "illegal byte order mark");
}

/* The byte behind the current rune; 0 at the end. */
static unsigned char peek(const struct sm_alloy_scanner *scanner)
{
    return scanner->_next_offset < scanner->_size ? scanner->_text[scanner->_next_offset] : 0;
}

bool sm_alloy_scanner_init(struct sm_alloy_scanner *scanner, const struct sm_source *source, struct sm_arena *arena, struct sm_diags *diags)
{
    *scanner = (struct sm_alloy_scanner){.source = source,
                                         .arena = arena,
                                         .diags = diags,
                                         ._text = (const unsigned char *)(source->text.ptr ? source->text.ptr : ""),
                                         ._size = source->text.size};
    if (scanner->_size > SM_ALLOY_TEXT_BYTES_MAX) {
        scanner->_size = 0;
        index_lines(scanner);
        report(scanner, 0, "larger than %d bytes", SM_ALLOY_TEXT_BYTES_MAX);
        return false;
    }
    index_lines(scanner);
    advance(scanner);
    if (scanner->_rune == RUNE_BYTE_ORDER_MARK)
        advance(scanner);
    return true;
}

static int32_t lower(int32_t rune)
{
    return rune | ('a' - 'A');
}

/* Unicode's categories, of a rune beyond ASCII. The expressions are compiled when first needed and kept: most files have no such rune. */
static bool has_category(int32_t rune, bool is_digit_wanted)
{
    static struct sm_regex *categories[2];
    struct sm_regex **regex = &categories[is_digit_wanted];
    if (!*regex)
        *regex = sm_regex_compile(is_digit_wanted ? SM_SLICE("^\\p{Nd}$") : SM_SLICE("^\\p{L}$"), NULL);
    char text[8];
    struct sm_arena arena = SM_ARENA_INIT;
    struct sm_bytes bytes;
    sm_bytes_init(&bytes, &arena);
    sm_ottl_rune_append(&bytes, (uint32_t)rune);
    size_t size = bytes.size < sizeof(text) ? bytes.size : sizeof(text);
    memcpy(text, bytes.ptr, size);
    sm_arena_deinit(&arena);
    return *regex && sm_regex_matches(*regex, sm_slice_make(text, size));
}

static bool is_letter(int32_t rune)
{
    return (rune >= 0 && lower(rune) >= 'a' && lower(rune) <= 'z' && rune < 0x80) || rune == '_' || (rune >= 0x80 && has_category(rune, false));
}

static bool is_decimal(int32_t rune)
{
    return rune >= '0' && rune <= '9';
}

static bool is_digit(int32_t rune)
{
    return is_decimal(rune) || (rune >= 0x80 && has_category(rune, true));
}

bool sm_alloy_is_identifier(struct sm_slice text)
{
    for (size_t i = 0; i < text.size;) {
        bool is_first = i == 0;
        int32_t rune = (int32_t)sm_ottl_rune_next(text, &i);
        if (!is_letter(rune) && (is_first || !is_digit(rune)))
            return false;
    }
    return text.size > 0;
}

/* ---- numbers and strings */

static size_t skip_digits(struct sm_alloy_scanner *scanner)
{
    size_t count = 0;
    for (; is_decimal(scanner->_rune); count++)
        advance(scanner);
    return count;
}

static enum sm_alloy_token scan_number(struct sm_alloy_scanner *scanner)
{
    enum sm_alloy_token token = SM_ALLOY_NUMBER;
    size_t start = scanner->_offset;
    skip_digits(scanner);
    if (scanner->_rune == '.') {
        token = SM_ALLOY_FLOAT;
        advance(scanner);
        skip_digits(scanner);
    }
    if (scanner->_rune >= 0 && lower(scanner->_rune) == 'e') {
        token = SM_ALLOY_FLOAT;
        advance(scanner);
        if (scanner->_rune == '+' || scanner->_rune == '-')
            advance(scanner);
        if (skip_digits(scanner) == 0)
            report(scanner, start, "exponent has no digits");
    }
    return token;
}

static uint32_t digit_value(int32_t rune)
{
    if (is_decimal(rune))
        return (uint32_t)(rune - '0');
    if (rune >= 0 && lower(rune) >= 'a' && lower(rune) <= 'f')
        return (uint32_t)(lower(rune) - 'a' + 10);
    return 16;
}

/* "U+0041 'A'": a rune as Go's %#U shows it. */
static const char *show_rune(struct sm_alloy_scanner *scanner, int32_t rune)
{
    struct sm_bytes text;
    struct sm_go_output output = {.out = &text, .arena = scanner->arena};
    sm_bytes_init(&text, scanner->arena);
    sm_go_format_unsigned(&output, &(struct sm_go_directive){.sharp = true}, (uint64_t)rune, 'U');
    return sm_bytes_cstr(&text);
}

/* `count` digits of a numeric escape. */
static void scan_escape_digits(struct sm_alloy_scanner *scanner, size_t start, unsigned count, uint32_t base, uint32_t max)
{
    uint32_t value = 0;
    for (; count > 0; count--) {
        uint32_t digit = digit_value(scanner->_rune);
        if (digit >= base) {
            if (scanner->_rune == RUNE_END)
                report(scanner, start, "escape sequence not terminated");
            else
                report(scanner, start, "illegal character %s in escape sequence", show_rune(scanner, scanner->_rune));
            return;
        }
        value = value * base + digit;
        advance(scanner);
    }
    if (value > max || (value >= 0xd800 && value < 0xe000))
        report(scanner, start, "escape sequence is invalid Unicode code point");
}

static void scan_escape(struct sm_alloy_scanner *scanner)
{
    size_t start = scanner->_offset;
    int32_t rune = scanner->_rune;
    if (rune == RUNE_END) {
        report(scanner, start, "escape sequence not terminated");
        return;
    }
    if (rune > 0 && rune < 0x80 && strchr("abfnrtv\\\"", (char)rune)) {
        advance(scanner);
        return;
    }
    if (rune >= '0' && rune <= '7') {
        scan_escape_digits(scanner, start, 3, 8, 255);
        return;
    }
    if (rune != 'x' && rune != 'u' && rune != 'U') {
        report(scanner, start, "unknown escape sequence");
        return;
    }
    advance(scanner);
    scan_escape_digits(scanner, start, rune == 'x' ? 2 : rune == 'u' ? 4 : 8, 16, rune == 'x' ? 255 : RUNE_MAX);
}

/* From behind the opening quote. */
static void scan_string(struct sm_alloy_scanner *scanner, int32_t quote)
{
    bool is_raw = quote == '`';
    size_t start = scanner->_offset - 1;
    for (;;) {
        int32_t rune = scanner->_rune;
        if ((!is_raw && rune == '\n') || rune == RUNE_END) {
            report(scanner, start, "string literal not terminated");
            return;
        }
        advance(scanner);
        if (rune == quote)
            return;
        if (!is_raw && rune == '\\')
            scan_escape(scanner);
    }
}

/* ---- comments */

/* A comment's text without carriage returns (one right before the end of a block comment could make it end early and stays). */
static struct sm_slice without_carriage_returns(struct sm_alloy_scanner *scanner, struct sm_slice text, bool is_block)
{
    if (!memchr(text.ptr, '\r', text.size))
        return text;
    char *kept = sm_arena_alloc(scanner->arena, text.size);
    size_t size = 0;
    for (size_t i = 0; i < text.size; i++) {
        bool would_end = is_block && size > 2 && kept[size - 1] == '*' && i + 1 < text.size && text.ptr[i + 1] == '/';
        if (text.ptr[i] != '\r' || would_end)
            kept[size++] = text.ptr[i];
    }
    return sm_slice_make(kept, size);
}

/* From the second character. */
static struct sm_slice scan_comment(struct sm_alloy_scanner *scanner)
{
    size_t start = scanner->_offset - 1;
    bool is_block = scanner->_rune == '*', is_closed = !is_block;
    if (!is_block)
        while (scanner->_rune != '\n' && scanner->_rune != RUNE_END)
            advance(scanner);
    else
        advance(scanner);
    while (!is_closed && scanner->_rune != RUNE_END) {
        int32_t rune = scanner->_rune;
        advance(scanner);
        if (rune == '*' && scanner->_rune == '/') {
            advance(scanner);
            is_closed = true;
        }
    }
    if (!is_closed)
        report(scanner, start, "block comment not terminated");
    struct sm_slice text = sm_slice_make(scanner->_text + start, scanner->_offset - start);
    if (text.size && text.ptr[text.size - 1] == '\r')
        text.size--;
    return without_carriage_returns(scanner, text, is_block);
}

static void skip_blanks(struct sm_alloy_scanner *scanner)
{
    while (scanner->_rune == ' ' || scanner->_rune == '\t' || scanner->_rune == '\r' || (scanner->_rune == '\n' && !scanner->_ends_statement))
        advance(scanner);
}

/* Whether the comments that begin here (second character) reach the end of the line: the statement ends before them. */
static bool reaches_line_end(struct sm_alloy_scanner *scanner)
{
    while (scanner->_rune == '/' || scanner->_rune == '*') {
        if (scanner->_rune == '/')
            return true;
        advance(scanner);
        while (scanner->_rune != RUNE_END) {
            int32_t rune = scanner->_rune;
            if (rune == '\n')
                return true;
            advance(scanner);
            if (rune == '*' && scanner->_rune == '/') {
                advance(scanner);
                break;
            }
        }
        skip_blanks(scanner);
        if (scanner->_rune == RUNE_END || scanner->_rune == '\n')
            return true;
        if (scanner->_rune != '/')
            return false;
        advance(scanner);
    }
    return false;
}

static bool comment_ends_statement(struct sm_alloy_scanner *scanner)
{
    if (!scanner->_ends_statement)
        return false;
    struct sm_alloy_scanner ahead = *scanner;
    ahead._is_looking_ahead = true;
    return reaches_line_end(&ahead);
}

/* ---- tokens */

static enum sm_alloy_token keyword_of(struct sm_slice text)
{
    if (sm_slice_is(text, "true") || sm_slice_is(text, "false"))
        return SM_ALLOY_BOOL;
    return sm_slice_is(text, "null") ? SM_ALLOY_NULL : SM_ALLOY_IDENT;
}

static enum sm_alloy_token choose(struct sm_alloy_scanner *scanner, enum sm_alloy_token alone, enum sm_alloy_token with_equals)
{
    if (scanner->_rune != '=')
        return alone;
    advance(scanner);
    return with_equals;
}

static enum sm_alloy_token scan_doubled(struct sm_alloy_scanner *scanner, int32_t rune, enum sm_alloy_token token)
{
    if (scanner->_rune == rune)
        advance(scanner);
    else
        report(scanner, scanner->_offset, "missing second %c in %c%c", (char)rune, (char)rune, (char)rune);
    return token;
}

/* Operators and punctuation behind their first character; ILLEGAL: none. */
static enum sm_alloy_token scan_operator(struct sm_alloy_scanner *scanner, int32_t rune)
{
    static const struct {
        char rune;
        unsigned char token;
    } single[] = {
        {'+', SM_ALLOY_ADD},    {'-', SM_ALLOY_SUB},    {'*', SM_ALLOY_MUL},    {'%', SM_ALLOY_MOD},    {'^', SM_ALLOY_POW},
        {'{', SM_ALLOY_LCURLY}, {'}', SM_ALLOY_RCURLY}, {'(', SM_ALLOY_LPAREN}, {')', SM_ALLOY_RPAREN}, {'[', SM_ALLOY_LBRACK},
        {']', SM_ALLOY_RBRACK}, {',', SM_ALLOY_COMMA},  {'.', SM_ALLOY_DOT},    {'/', SM_ALLOY_DIV},
    };
    switch (rune) {
    case '|':
        return scan_doubled(scanner, rune, SM_ALLOY_OR);
    case '&':
        return scan_doubled(scanner, rune, SM_ALLOY_AND);
    case '!':
        return choose(scanner, SM_ALLOY_NOT, SM_ALLOY_NEQ);
    case '=':
        return choose(scanner, SM_ALLOY_ASSIGN, SM_ALLOY_EQ);
    case '<':
        return choose(scanner, SM_ALLOY_LT, SM_ALLOY_LTE);
    case '>':
        return choose(scanner, SM_ALLOY_GT, SM_ALLOY_GTE);
    default:
        break;
    }
    for (size_t i = 0; i < sizeof(single) / sizeof(single[0]); i++)
        if (single[i].rune == rune)
            return single[i].token;
    return SM_ALLOY_ILLEGAL;
}

/* What is no name and no number, from its first character. Sets `lexeme->text` where it is not the source's. */
static void scan_other(struct sm_alloy_scanner *scanner, struct sm_alloy_lexeme *lexeme)
{
    size_t start = scanner->_offset;
    int32_t rune = scanner->_rune;
    bool was_ending = scanner->_ends_statement;
    if (rune == RUNE_END || rune == '\n') {
        lexeme->token = rune == '\n' || was_ending ? SM_ALLOY_TERMINATOR : SM_ALLOY_END;
        scanner->_ends_statement = false;
        advance(scanner);
        return;
    }
    advance(scanner);
    if (rune == '/' && (scanner->_rune == '/' || scanner->_rune == '*')) {
        if (comment_ends_statement(scanner)) {
            scanner->_next_offset = start;
            advance(scanner);
            scanner->_ends_statement = false;
            lexeme->token = SM_ALLOY_TERMINATOR;
            return;
        }
        lexeme->text = scan_comment(scanner);
        lexeme->token = SM_ALLOY_COMMENT;
        scanner->_ends_statement = false;
        return;
    }
    if (rune == '"' || rune == '`' || rune == '\'') {
        if (rune == '\'')
            report(scanner, start, "illegal single-quoted string; use double quotes");
        scan_string(scanner, rune);
        lexeme->token = rune == '\'' ? SM_ALLOY_ILLEGAL : SM_ALLOY_STRING;
        scanner->_ends_statement = true;
        return;
    }
    lexeme->token = scan_operator(scanner, rune);
    if (lexeme->token == SM_ALLOY_ILLEGAL) {
        if (rune != RUNE_BYTE_ORDER_MARK)
            report(scanner, start, "illegal character %s", show_rune(scanner, rune));
        return;
    }
    scanner->_ends_statement = lexeme->token == SM_ALLOY_RCURLY || lexeme->token == SM_ALLOY_RPAREN || lexeme->token == SM_ALLOY_RBRACK;
}

struct sm_alloy_lexeme sm_alloy_scan(struct sm_alloy_scanner *scanner)
{
    skip_blanks(scanner);
    size_t start = scanner->_offset;
    struct sm_alloy_lexeme lexeme = {.place = sm_alloy_place_at(scanner, start)};
    if (is_letter(scanner->_rune)) {
        while (is_letter(scanner->_rune) || is_digit(scanner->_rune))
            advance(scanner);
        lexeme.token = keyword_of(sm_slice_make(scanner->_text + start, scanner->_offset - start));
        scanner->_ends_statement = true;
    } else if (is_decimal(scanner->_rune) || (scanner->_rune == '.' && is_decimal(peek(scanner)))) {
        lexeme.token = scan_number(scanner);
        scanner->_ends_statement = true;
    } else {
        scan_other(scanner, &lexeme);
    }
    if (!lexeme.text.ptr)
        lexeme.text = sm_slice_make(scanner->_text + start, scanner->_offset - start);
    return lexeme;
}
