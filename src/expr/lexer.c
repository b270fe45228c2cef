/* lexer.c - see lexer.h. Runes by Unicode's categories, as in the reference.
 *
 * Source: github.com/expr-lang/expr parser/lexer. */
#include "expr/lexer.h"

#include <string.h>

#include "base/ascii.h"
#include "base/hex.h"
#include "base/unicode.h"
#include "base/utf8.h"

enum { RUNE_END = 0 };

static struct sm_slice rest_of(const struct expr_lexer *lexer)
{
    return sm_slice_make(lexer->p->text.ptr + lexer->at, lexer->p->text.size - lexer->at);
}

/* The rune that comes next and its bytes; RUNE_END at the end. */
static uint32_t peek(const struct expr_lexer *lexer, size_t *size)
{
    bool is_sound;
    struct sm_slice rest = rest_of(lexer);
    *size = 0;
    return rest.size ? sm_utf8_read(rest, size, &is_sound) : RUNE_END;
}

static char peek_byte(const struct expr_lexer *lexer, size_t ahead)
{
    struct sm_slice rest = rest_of(lexer);
    return ahead < rest.size ? rest.ptr[ahead] : '\0';
}

static bool is_word_rune(uint32_t rune)
{
    if (rune < 0x80)
        return sm_ascii_is_alnum((char)rune) || rune == '_' || rune == '$';
    return sm_unicode_is(SM_UNICODE_LETTER, rune) || sm_unicode_is(SM_UNICODE_DIGIT, rune);
}

static bool is_space(uint32_t rune)
{
    return (rune >= '\t' && rune <= '\r') || rune == ' ' || rune == 0x85 || rune == 0xa0 || rune == 0x1680 || (rune >= 0x2000 && rune <= 0x200a) ||
           rune == 0x2028 || rune == 0x2029 || rune == 0x202f || rune == 0x205f || rune == 0x3000;
}

static bool refuse(const struct expr_lexer *lexer, const char *what)
{
    expr_refuse(lexer->p, (unsigned)lexer->at, 1, "%s", what);
    return false;
}

static bool skip_comment(struct expr_lexer *lexer)
{
    struct sm_slice rest = rest_of(lexer);
    bool is_line = rest.ptr[1] == '/';
    const char *end = is_line ? memchr(rest.ptr, '\n', rest.size) : memmem(rest.ptr + 2, rest.size - 2, "*/", 2);
    if (!end && !is_line) {
        lexer->at = lexer->p->text.size;
        return refuse(lexer, "unclosed comment");
    }
    lexer->at = end ? (size_t)(end - lexer->p->text.ptr) + (is_line ? 1 : 2) : lexer->p->text.size;
    return true;
}

static bool skip_blanks(struct expr_lexer *lexer)
{
    for (;;) {
        size_t size;
        uint32_t rune = peek(lexer, &size);
        if (size == 0)
            return true;
        if (rune == '/' && (peek_byte(lexer, 1) == '/' || peek_byte(lexer, 1) == '*')) {
            if (!skip_comment(lexer))
                return false;
        } else if (is_space(rune)) {
            lexer->at += size;
        } else {
            return true;
        }
    }
}

/* ---- texts */

struct literal {
    char *out; /* in the arena; has room for three bytes for each of the literal's */
    size_t size;
    bool is_bytes;
};

static void put_rune(struct literal *literal, uint32_t rune)
{
    bool is_surrogate = rune >= 0xd800 && rune < 0xe000;
    literal->size += sm_utf8_write(is_surrogate ? SM_RUNE_ERROR : rune, literal->out + literal->size);
}

/* `most` digits of base 16 or 8, all of them there. */
static bool read_digits(struct expr_lexer *lexer, unsigned base, unsigned count, uint32_t *number)
{
    for (*number = 0; count > 0; count--, lexer->at++) {
        int digit = sm_hex_value(peek_byte(lexer, 0));
        if (digit < 0 || (unsigned)digit >= base)
            return refuse(lexer, "invalid char escape");
        *number = *number * base + (uint32_t)digit;
    }
    return true;
}

/* \u{1F600}: one to six digits. */
static bool read_braced(struct expr_lexer *lexer, uint32_t *number)
{
    unsigned digits = 0;
    lexer->at++;
    for (*number = 0; peek_byte(lexer, 0) != '}'; digits++, lexer->at++) {
        int digit = sm_hex_value(peek_byte(lexer, 0));
        if (digit < 0 || digits == 6)
            return refuse(lexer, "invalid char escape");
        *number = *number * 16 + (uint32_t)digit;
    }
    if (digits == 0)
        return refuse(lexer, "invalid char escape");
    lexer->at++;
    return true;
}

static bool read_number_escape(struct expr_lexer *lexer, struct literal *literal, char letter)
{
    enum { RUNE_MAX = 0x10ffff };
    uint32_t number;
    bool is_fine;
    if (letter >= '0' && letter <= '3') {
        lexer->at--;
        is_fine = read_digits(lexer, 8, 3, &number);
    } else if (letter == 'u' && peek_byte(lexer, 0) == '{' && !literal->is_bytes) {
        is_fine = read_braced(lexer, &number);
    } else if (letter == 'x' || (!literal->is_bytes && (letter == 'u' || letter == 'U'))) {
        is_fine = read_digits(lexer, 16, letter == 'x' ? 2 : letter == 'u' ? 4 : 8, &number);
    } else {
        return refuse(lexer, "invalid char escape");
    }
    if (!is_fine || number > RUNE_MAX)
        return is_fine ? refuse(lexer, "invalid char escape") : false;
    if (literal->is_bytes)
        literal->out[literal->size++] = (char)number;
    else
        put_rune(literal, number);
    return true;
}

static bool read_escape(struct expr_lexer *lexer, struct literal *literal, char quote)
{
    static const char letters[] = "abfnrtv\\", meant[] = "\a\b\f\n\r\t\v\\";
    char letter = peek_byte(lexer, 0);
    const char *found = letter ? strchr(letters, letter) : NULL;
    lexer->at += lexer->at < lexer->p->text.size;
    if (!found && letter != quote)
        return read_number_escape(lexer, literal, letter);
    literal->out[literal->size++] = found ? meant[found - letters] : quote;
    return true;
}

/* Bytes up to the quote that ends a literal, or to the text's end. */
static size_t literal_size(const struct expr_lexer *lexer, char quote)
{
    struct sm_slice rest = rest_of(lexer);
    size_t size = 1;
    while (size < rest.size && rest.ptr[size] != quote)
        size += rest.ptr[size] == '\\' ? 2 : 1;
    return size < rest.size ? size : rest.size;
}

static bool read_text(struct expr_lexer *lexer, struct expr_token *token, char quote)
{
    struct literal literal = {.is_bytes = token->kind == TOKEN_BYTES};
    literal.out = sm_arena_alloc(lexer->p->arena, 3 * literal_size(lexer, quote) + SM_UTF8_SIZE_MAX);
    for (lexer->at++;;) {
        size_t size;
        uint32_t rune = peek(lexer, &size);
        if (size == 0 || rune == '\n')
            return refuse(lexer, "literal not terminated");
        lexer->at += size;
        if (rune == (uint32_t)quote)
            break;
        if (rune == '\\') {
            if (!read_escape(lexer, &literal, quote))
                return false;
        } else {
            put_rune(&literal, rune == '\r' ? '\n' : rune);
        }
    }
    token->text = sm_slice_make(literal.out, literal.size);
    return true;
}

/* Between back quotes everything stands for itself; two stand for one. */
static bool read_raw(struct expr_lexer *lexer, struct expr_token *token)
{
    struct sm_bytes out;
    sm_bytes_init(&out, lexer->p->arena);
    for (lexer->at++; lexer->at < lexer->p->text.size; lexer->at++) {
        if (peek_byte(lexer, 0) == '`' && peek_byte(lexer, 1) != '`') {
            lexer->at++;
            token->text = sm_bytes_slice(&out);
            return true;
        }
        lexer->at += peek_byte(lexer, 0) == '`';
        sm_bytes_append_char(&out, peek_byte(lexer, 0));
    }
    return refuse(lexer, "literal not terminated");
}

/* ---- numbers, words and signs */

static void skip_digits(struct expr_lexer *lexer, const char *digits)
{
    while (peek_byte(lexer, 0) && strchr(digits, peek_byte(lexer, 0)))
        lexer->at++;
}

static bool accept(struct expr_lexer *lexer, const char *any)
{
    char c = peek_byte(lexer, 0);
    bool is_there = c && strchr(any, c);
    lexer->at += is_there;
    return is_there;
}

static bool read_number(struct expr_lexer *lexer)
{
    const char *digits = "0123456789_";
    size_t size;
    if (accept(lexer, "0"))
        digits = accept(lexer, "xX") ? "0123456789abcdefABCDEF_" : accept(lexer, "oO") ? "01234567_" : accept(lexer, "bB") ? "01_" : digits;
    skip_digits(lexer, digits);
    if (peek_byte(lexer, 0) == '.') {
        if (peek_byte(lexer, 1) == '.')
            return true; /* 1..2 */
        lexer->at++;
        skip_digits(lexer, digits);
    }
    if (accept(lexer, "eE")) {
        accept(lexer, "+-");
        skip_digits(lexer, digits);
    }
    return !is_word_rune(peek(lexer, &size)) || size == 0 || refuse(lexer, "bad number syntax");
}

static void read_word(struct expr_lexer *lexer, struct expr_token *token)
{
    static const char *const operators[] = {"not", "in", "or", "and", "matches", "contains", "startsWith", "endsWith", "let", "if", "else"};
    size_t size;
    while (is_word_rune(peek(lexer, &size)) && size > 0)
        lexer->at += size;
    struct sm_slice word = sm_slice_make(lexer->p->text.ptr + token->offset, lexer->at - token->offset);
    token->kind = TOKEN_NAME;
    for (size_t i = 0; i < sizeof(operators) / sizeof(operators[0]) && !lexer->is_behind_sign; i++)
        if (sm_slice_is(word, operators[i]))
            token->kind = TOKEN_OPERATOR;
}

static bool read_sign(struct expr_lexer *lexer, struct expr_token *token, uint32_t rune)
{
    /* What may follow to make a sign of two. */
    static const char *const second[128] = {
        ['?'] = ".?",  ['|'] = "|",   [':'] = ":", ['.'] = ".", ['#'] = "#", ['&'] = "&=*", ['!'] = "&=*", ['='] = "&=*", ['*'] = "&=*",
        ['<'] = "&=*", ['>'] = "&=*", [','] = "",  [';'] = "",  ['%'] = "",  ['+'] = "",    ['-'] = "",    ['^'] = "",    ['/'] = "",
    };
    if (rune < 0x80 && rune && strchr("([{)]}", (int)rune)) {
        token->kind = TOKEN_BRACKET;
        lexer->at++;
        return true;
    }
    if (rune >= 0x80 || !second[rune])
        return refuse(lexer, "unrecognized character");
    token->kind = TOKEN_OPERATOR;
    lexer->at++;
    accept(lexer, second[rune]);
    return true;
}

static bool read_token(struct expr_lexer *lexer, struct expr_token *token, uint32_t rune)
{
    char after = peek_byte(lexer, 1);
    token->kind = TOKEN_STRING;
    if (rune == '"' || rune == '\'')
        return read_text(lexer, token, (char)rune);
    if (rune == '`')
        return read_raw(lexer, token);
    if ((rune == 'b' || rune == 'B') && (after == '"' || after == '\'') && !lexer->is_behind_sign) {
        token->kind = TOKEN_BYTES;
        lexer->at++;
        return read_text(lexer, token, after);
    }
    token->kind = TOKEN_NUMBER;
    if (rune < 0x80 && (sm_ascii_is_digit((char)rune) || (rune == '.' && sm_ascii_is_digit(after))) && !lexer->is_behind_sign)
        return read_number(lexer);
    if (is_word_rune(rune)) {
        read_word(lexer, token);
        return true;
    }
    return read_sign(lexer, token, rune);
}

bool expr_next_token(struct expr_lexer *lexer, struct expr_token *token)
{
    size_t size;
    uint32_t rune = peek(lexer, &size);
    lexer->is_behind_sign = lexer->is_behind_sign && size > 0 && is_word_rune(rune);
    if (!lexer->is_behind_sign && !skip_blanks(lexer))
        return false;
    rune = peek(lexer, &size);
    *token = (struct expr_token){.kind = TOKEN_END, .offset = (unsigned)lexer->at};
    if (size == 0)
        return true;
    if (!read_token(lexer, token, rune))
        return false;
    token->size = (unsigned)(lexer->at - token->offset);
    if (token->kind != TOKEN_STRING && token->kind != TOKEN_BYTES)
        token->text = sm_slice_make(lexer->p->text.ptr + token->offset, token->size);
    lexer->is_behind_sign = token->kind == TOKEN_OPERATOR && sm_slice_is(token->text, "#");
    return true;
}
