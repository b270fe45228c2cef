/* sql_tokenizer.c - see sql_tokenizer.h. Reads runes; a byte that is no UTF-8 ends the statement with an error. */
#include "datadog/sql_tokenizer.h"

#include "base/unicode.h"
#include "base/utf8.h"

enum { ESCAPE = '\\', FAR_DIGIT = 16 };

void sm_sql_tokenizer_init(struct sm_sql_tokenizer *tokenizer, struct sm_slice statement, bool has_literal_escapes, bool knows_functions,
                           struct sm_arena *arena)
{
    *tokenizer = (struct sm_sql_tokenizer){
        ._at = statement.ptr,
        ._end = statement.ptr ? statement.ptr + statement.size : NULL,
        ._has_literal_escapes = has_literal_escapes,
        ._knows_functions = knows_functions,
    };
    sm_bytes_init(&tokenizer->_text, arena);
    sm_bytes_init(&tokenizer->_delimiter, arena);
}

/* ---- characters */

static void put_rune(struct sm_bytes *out, uint32_t rune)
{
    out->size += sm_utf8_write(rune, sm_bytes_reserve(out, SM_UTF8_SIZE_MAX));
}

/* Reads the next character; at the end, or before a byte that is no UTF-8, it is SM_SQL_END. */
static void advance(struct sm_sql_tokenizer *t)
{
    struct sm_slice rest = sm_slice_make(t->_at + t->_offset, (size_t)(t->_end - t->_at) - t->_offset);
    size_t size = 0;
    bool is_sound = false;
    uint32_t rune = rest.size ? sm_utf8_read(rest, &size, &is_sound) : 0;
    if (!rest.size || !is_sound) {
        t->_position++;
        t->_last = SM_SQL_END;
        t->_has_failed = t->_has_failed || rest.size > 0;
        return;
    }
    if (t->_last != 0 || t->_position > 0)
        t->_position += size;
    t->_offset += size;
    t->_last = rune;
}

/* What was read since the last call, without the character read last. */
static struct sm_slice take(struct sm_sql_tokenizer *t)
{
    size_t kept = t->_last == SM_SQL_END ? 0 : sm_utf8_size(t->_last);
    if (kept > t->_offset)
        kept = t->_offset;
    struct sm_slice text = sm_slice_make(t->_at, t->_offset - kept);
    t->_at += t->_offset - kept;
    t->_offset = kept;
    return text;
}

static bool is_space(uint32_t rune)
{
    return (rune >= '\t' && rune <= '\r') || rune == ' ' || rune == 0x85 || rune == 0xa0 || rune == 0x1680 || (rune >= 0x2000 && rune <= 0x200a) ||
           rune == 0x2028 || rune == 0x2029 || rune == 0x202f || rune == 0x205f || rune == 0x3000;
}

static bool is_digit(uint32_t rune)
{
    return rune >= '0' && rune <= '9';
}

static bool is_leading_letter(uint32_t rune)
{
    if (rune < 0x80)
        return (rune >= 'a' && rune <= 'z') || (rune >= 'A' && rune <= 'Z') || rune == '_' || rune == '@';
    return rune < SM_SQL_END && sm_unicode_is(SM_UNICODE_LETTER, rune);
}

static bool is_letter(uint32_t rune)
{
    return is_leading_letter(rune) || rune == '#';
}

static int digit_value(uint32_t rune)
{
    if (is_digit(rune))
        return (int)rune - '0';
    if (rune >= 'a' && rune <= 'f')
        return (int)rune - 'a' + 10;
    return rune >= 'A' && rune <= 'F' ? (int)rune - 'A' + 10 : FAR_DIGIT;
}

static uint32_t fail(struct sm_sql_tokenizer *t)
{
    t->_has_failed = true;
    return SM_SQL_ERROR;
}

/* ---- words and numbers */

enum { KEYWORD_SIZE_MAX = 9 };

static uint32_t keyword(struct sm_slice word)
{
    static const struct {
        const char *word;
        uint32_t token;
    } keywords[] = {
        {"NULL", SM_SQL_NULL},
        {"TRUE", SM_SQL_BOOLEAN},
        {"FALSE", SM_SQL_BOOLEAN},
        {"SAVEPOINT", SM_SQL_SAVEPOINT},
        {"LIMIT", SM_SQL_LIMIT},
        {"AS", SM_SQL_AS},
        {"ALTER", SM_SQL_OTHER_KEYWORD},
        {"CREATE", SM_SQL_OTHER_KEYWORD},
        {"GRANT", SM_SQL_OTHER_KEYWORD},
        {"REVOKE", SM_SQL_OTHER_KEYWORD},
        {"COMMIT", SM_SQL_OTHER_KEYWORD},
        {"BEGIN", SM_SQL_OTHER_KEYWORD},
        {"TRUNCATE", SM_SQL_OTHER_KEYWORD},
        {"DROP", SM_SQL_OTHER_KEYWORD},
        {"SELECT", SM_SQL_SELECT},
        {"FROM", SM_SQL_FROM},
        {"UPDATE", SM_SQL_UPDATE},
        {"DELETE", SM_SQL_DELETE},
        {"INSERT", SM_SQL_OTHER_KEYWORD},
        {"INTO", SM_SQL_INTO},
        {"JOIN", SM_SQL_JOIN},
    };
    /* Two letters beyond ASCII have an upper case in it: U+017F is S, U+0131 is I. */
    char upper[KEYWORD_SIZE_MAX];
    size_t size = 0;
    for (size_t i = 0; i < word.size; i++) {
        char c = word.ptr[i];
        if (size == sizeof(upper))
            return SM_SQL_ID;
        if ((uint8_t)c >= 0x80) {
            struct sm_slice letter = sm_slice_make(word.ptr + i, word.size - i);
            if (!sm_slice_starts_with(letter, SM_SLICE("\xc5\xbf")) && !sm_slice_starts_with(letter, SM_SLICE("\xc4\xb1")))
                return SM_SQL_ID;
            c = c == '\xc5' ? 'S' : 'I';
            i++;
        } else if (c >= 'a' && c <= 'z') {
            c = (char)(c - 'a' + 'A');
        }
        upper[size++] = c;
    }
    for (size_t i = 0; i < sizeof(keywords) / sizeof(keywords[0]); i++)
        if (sm_slice_is(sm_slice_make(upper, size), keywords[i].word))
            return keywords[i].token;
    return SM_SQL_ID;
}

static uint32_t read_identifier(struct sm_sql_tokenizer *t, struct sm_slice *text)
{
    do
        advance(t);
    while (is_letter(t->_last) || is_digit(t->_last) || t->_last == '.' || t->_last == '*' || t->_last == '$');
    *text = take(t);
    return keyword(*text);
}

static void read_digits(struct sm_sql_tokenizer *t, int base)
{
    while (digit_value(t->_last) < base)
        advance(t);
}

static void read_exponent(struct sm_sql_tokenizer *t)
{
    if (t->_last != 'e' && t->_last != 'E')
        return;
    advance(t);
    if (t->_last == '+' || t->_last == '-')
        advance(t);
    read_digits(t, 10);
}

static void read_fraction(struct sm_sql_tokenizer *t)
{
    if (t->_last == '.') {
        advance(t);
        read_digits(t, 10);
    }
    read_exponent(t);
}

/* Behind a '0': hexadecimal, octal, or a fraction. */
static void read_zero(struct sm_sql_tokenizer *t)
{
    advance(t);
    if (t->_last == 'x' || t->_last == 'X') {
        advance(t);
        read_digits(t, 16);
        return;
    }
    read_digits(t, 8);
    if (t->_last == '8' || t->_last == '9')
        read_digits(t, 10);
    if (t->_last == '.' || t->_last == 'e' || t->_last == 'E')
        read_fraction(t);
}

static uint32_t read_number(struct sm_sql_tokenizer *t, bool has_point, struct sm_slice *text)
{
    if (has_point) {
        read_digits(t, 10);
        read_exponent(t);
    } else if (t->_last == '0') {
        read_zero(t);
    } else {
        read_digits(t, 10);
        read_fraction(t);
    }
    *text = take(t);
    return text->size ? SM_SQL_NUMBER : fail(t);
}

/* ---- quoted texts */

/* Empty or white space: the delimiters are its text, so that the statement stays one. */
static bool is_blank(struct sm_slice text)
{
    for (size_t i = 0, size; i < text.size; i += size) {
        bool is_sound;
        if (!is_space(sm_utf8_read(sm_slice_make(text.ptr + i, text.size - i), &size, &is_sound)))
            return false;
    }
    return true;
}

static uint32_t read_string(struct sm_sql_tokenizer *t, uint32_t delimiter, uint32_t token, struct sm_slice *text)
{
    t->_text.size = 0;
    for (;;) {
        uint32_t rune = t->_last;
        advance(t);
        if (rune == delimiter) {
            if (t->_last != delimiter)
                break;
            advance(t); /* doubled: it stands for itself */
        } else if (rune == ESCAPE) {
            t->has_seen_escape = true;
            if (!t->_has_literal_escapes) {
                rune = t->_last;
                advance(t);
            }
        }
        if (rune == SM_SQL_END)
            return fail(t);
        put_rune(&t->_text, rune);
    }
    if (is_blank(sm_bytes_slice(&t->_text))) {
        t->_text.size = 0;
        put_rune(&t->_text, delimiter);
        put_rune(&t->_text, delimiter);
    }
    *text = sm_bytes_slice(&t->_text);
    return token;
}

/* PostgreSQL's $tag$ … $tag$. */
static uint32_t read_dollar_quoted(struct sm_sql_tokenizer *t, struct sm_slice *text)
{
    struct sm_slice tag;
    if (read_string(t, '$', SM_SQL_STRING, &tag) == SM_SQL_ERROR)
        return SM_SQL_ERROR;
    bool is_bare = sm_slice_equal(tag, SM_SLICE("$$"));
    struct sm_bytes *delimiter = &t->_delimiter;
    delimiter->size = 0;
    if (!is_bare)
        sm_bytes_append_char(delimiter, '$');
    sm_bytes_append_slice(delimiter, tag);
    if (!is_bare)
        sm_bytes_append_char(delimiter, '$');
    t->_text.size = 0;
    for (size_t got = 0; got < delimiter->size;) {
        uint32_t rune = t->_last;
        advance(t);
        if (rune == SM_SQL_END)
            return fail(t);
        if ((uint8_t)rune == (uint8_t)delimiter->ptr[got]) { /* the lowest byte alone is compared, as in the reference */
            got++;
            continue;
        }
        sm_bytes_append(&t->_text, delimiter->ptr, got);
        got = 0;
        put_rune(&t->_text, rune);
    }
    *text = sm_bytes_slice(&t->_text);
    return t->_knows_functions && sm_slice_equal(sm_bytes_slice(delimiter), SM_SLICE("$func$")) ? SM_SQL_DOLLAR_QUOTED_FUNC : SM_SQL_DOLLAR_QUOTED;
}

/* ---- what begins with a sign */

static uint32_t read_line_comment(struct sm_sql_tokenizer *t, struct sm_slice *text)
{
    while (t->_last != SM_SQL_END && t->_last != '\n')
        advance(t);
    if (t->_last == '\n')
        advance(t);
    *text = take(t);
    return SM_SQL_COMMENT;
}

static uint32_t read_block_comment(struct sm_sql_tokenizer *t, struct sm_slice *text)
{
    for (bool was_star = false; !(was_star && t->_last == '/'); advance(t)) {
        if (t->_last == SM_SQL_END)
            return fail(t);
        was_star = t->_last == '*';
    }
    advance(t);
    *text = take(t);
    return SM_SQL_COMMENT;
}

/* :name, ::name */
static uint32_t read_bind_variable(struct sm_sql_tokenizer *t, struct sm_slice *text)
{
    uint32_t token = SM_SQL_VALUE_ARG;
    if (t->_last == ':') {
        token = SM_SQL_LIST_ARG;
        advance(t);
    }
    if (!is_letter(t->_last) && !is_digit(t->_last))
        return fail(t);
    while (is_letter(t->_last) || is_digit(t->_last) || t->_last == '.')
        advance(t);
    *text = take(t);
    return token;
}

/* %(name)s */
static uint32_t read_named_format(struct sm_sql_tokenizer *t, struct sm_slice *text)
{
    do
        advance(t);
    while (t->_last != ')' && t->_last != SM_SQL_END);
    advance(t);
    if (!is_letter(t->_last))
        return fail(t);
    advance(t);
    *text = take(t);
    return SM_SQL_VARIABLE;
}

/* $1, $? */
static uint32_t read_prepared(struct sm_sql_tokenizer *t, struct sm_slice *text)
{
    if (t->_last == '?') {
        advance(t);
        *text = take(t);
        return SM_SQL_PREPARED;
    }
    return read_number(t, false, text) == SM_SQL_ERROR ? SM_SQL_ERROR : SM_SQL_PREPARED;
}

/* {…}; those at the very start are read through. */
static uint32_t read_brace(struct sm_sql_tokenizer *t, uint32_t sign, struct sm_slice *text)
{
    if (t->_position == 1 || t->_braces > 0) {
        t->_braces++;
        *text = take(t);
        return sign;
    }
    while (t->_last != '}' && t->_last != SM_SQL_END)
        advance(t);
    if (t->_last == SM_SQL_END)
        return fail(t);
    advance(t);
    *text = take(t);
    return SM_SQL_ESCAPE_SEQUENCE;
}

static uint32_t read_minus(struct sm_sql_tokenizer *t, struct sm_slice *text)
{
    if (t->_last == '-') {
        advance(t);
        return read_line_comment(t, text);
    }
    if (t->_last == '>' || is_digit(t->_last))
        return read_number(t, false, text); /* "->" too: the reference does not tell it apart here */
    if (t->_last == '.') {
        advance(t);
        if (is_digit(t->_last))
            return read_number(t, true, text);
        t->_last = '.'; /* the reference loses the character behind */
        t->_position--;
    }
    *text = take(t);
    return '-';
}

static uint32_t read_colon(struct sm_sql_tokenizer *t, struct sm_slice *text)
{
    if (t->_last == ':') {
        advance(t);
        *text = SM_SLICE("::");
        return SM_SQL_COLON_CAST;
    }
    if (!is_space(t->_last) && t->_last != '=')
        return read_bind_variable(t, text);
    *text = take(t);
    return ':';
}

static uint32_t read_less(struct sm_sql_tokenizer *t, struct sm_slice *text)
{
    uint32_t second = t->_last;
    if (second == '>' || second == '=')
        advance(t);
    if (second == '>') {
        *text = SM_SLICE("<>");
        return SM_SQL_NE;
    }
    if (second == '=' && t->_last == '>') {
        advance(t);
        *text = SM_SLICE("<=>");
        return SM_SQL_NULL_SAFE_EQUAL;
    }
    if (second == '=') {
        *text = SM_SLICE("<=");
        return SM_SQL_LE;
    }
    *text = take(t);
    return '<';
}

static bool may_follow_operator(uint32_t rune)
{
    return rune == '(' || rune == '`' || rune == '\'' || rune == '"' || rune == '+' || rune == '-' || is_space(rune) || is_letter(rune) ||
           is_digit(rune);
}

static uint32_t read_exclamation(struct sm_sql_tokenizer *t, struct sm_slice *text)
{
    if (t->_last == '=') {
        advance(t);
        *text = SM_SLICE("!=");
        return SM_SQL_NE;
    }
    if (t->_last == '~') {
        advance(t);
        *text = SM_SLICE("!~");
        if (t->_last == '*') {
            advance(t);
            *text = SM_SLICE("!~*");
        }
        return SM_SQL_NE;
    }
    if (!may_follow_operator(t->_last))
        return fail(t);
    *text = take(t);
    return SM_SQL_NOT;
}

static uint32_t read_slash(struct sm_sql_tokenizer *t, struct sm_slice *text)
{
    if (t->_last == '/' || t->_last == '*') {
        bool is_line = t->_last == '/';
        advance(t);
        return is_line ? read_line_comment(t, text) : read_block_comment(t, text);
    }
    *text = take(t);
    return '/';
}

/* A sign and one that may follow it. */
static uint32_t read_pair(struct sm_sql_tokenizer *t, uint32_t sign, uint32_t second, uint32_t token, struct sm_slice whole, struct sm_slice *text)
{
    if (t->_last == second) {
        advance(t);
        *text = whole;
        return token;
    }
    *text = take(t);
    return sign;
}

static uint32_t read_percent(struct sm_sql_tokenizer *t, struct sm_slice *text)
{
    if (t->_last == '(')
        return read_named_format(t, text);
    bool is_format = is_letter(t->_last);
    if (is_format)
        advance(t);
    *text = take(t);
    return is_format ? SM_SQL_VARIABLE : '%';
}

static uint32_t read_sign(struct sm_sql_tokenizer *t, uint32_t sign, struct sm_slice *text)
{
    switch (sign) {
    case SM_SQL_END:
        return SM_SQL_END;
    case ':':
        return t->_last == '=' ? read_pair(t, ':', '*', '~', SM_SLICE("~*"), text) : read_colon(t, text);
    case '~':
        return read_pair(t, '~', '*', '~', SM_SLICE("~*"), text);
    case '?':
    case '=':
    case ',':
    case ';':
    case '(':
    case ')':
    case '+':
    case '*':
    case '&':
    case '|':
    case '^':
    case ']':
    case '[':
        *text = take(t);
        return sign;
    case '.':
        if (is_digit(t->_last))
            return read_number(t, true, text);
        *text = take(t);
        return sign;
    case '/':
        return read_slash(t, text);
    case '-':
        return read_minus(t, text);
    case '#':
        advance(t);
        return read_line_comment(t, text);
    case '<':
        return read_less(t, text);
    case '>':
        return read_pair(t, '>', '=', SM_SQL_GE, SM_SLICE(">="), text);
    case '!':
        return read_exclamation(t, text);
    case '\'':
        return read_string(t, sign, SM_SQL_STRING, text);
    case '"':
        return read_string(t, sign, SM_SQL_DOUBLE_QUOTED, text);
    case '`':
        return read_string(t, sign, SM_SQL_ID, text);
    case '%':
        return read_percent(t, text);
    case '$':
        return is_digit(t->_last) || t->_last == '?' ? read_prepared(t, text) : read_dollar_quoted(t, text);
    case '{':
        return read_brace(t, sign, text);
    case '}':
        if (t->_braces == 0)
            return fail(t);
        t->_braces--;
        *text = take(t);
        return sign;
    default:
        return fail(t);
    }
}

uint32_t sm_sql_tokenizer_next(struct sm_sql_tokenizer *t, struct sm_slice *text)
{
    *text = (struct sm_slice){0};
    if (t->_last == 0)
        advance(t);
    while (is_space(t->_last))
        advance(t);
    take(t);
    uint32_t sign = t->_last;
    if (is_leading_letter(sign))
        return read_identifier(t, text);
    if (is_digit(sign))
        return read_number(t, false, text);
    advance(t);
    if (t->_has_failed && t->_last == SM_SQL_END)
        return SM_SQL_ERROR;
    return read_sign(t, sign, text);
}
