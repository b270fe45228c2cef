/* json_scanner.c - see json_scanner.h. Source: json-iterator/go (iter_str.go, iter_skip.go), which the reference reads OTLP/JSON with. */
#include "wire/json_scanner.h"

#include <endian.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "base/hex.h"
#include "wire/json_text.h"

static bool is_space(char c)
{
    return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

char sm_json_peek_behind_space(struct sm_json_scanner *scanner)
{
    while (scanner->at < scanner->end && is_space(*scanner->at))
        scanner->at++;
    return scanner->at < scanner->end ? *scanner->at : '\0';
}

bool sm_json_word(struct sm_json_scanner *scanner, const char *word)
{
    size_t size = strlen(word);
    sm_json_peek(scanner);
    if ((size_t)(scanner->end - scanner->at) < size || memcmp(scanner->at, word, size) != 0)
        return sm_json_fail(scanner, "unexpected character");
    scanner->at += size;
    return true;
}

/* The closing quote of a string with escapes: control characters are taken from the first escape on, as the reference does. */
static const char *find_quote(const char *at, const char *end)
{
    while (at < end && *at != '"')
        at += *at == '\\' ? 2 : 1;
    return at < end ? at : NULL;
}

bool sm_json_raw_string(struct sm_json_scanner *scanner, struct sm_slice *raw, bool *has_escapes)
{
    if (!sm_json_try(scanner, '"'))
        return sm_json_fail(scanner, "expected a string");
    const char *start = scanner->at, *stop = sm_json_skip_plain(start, scanner->end);
    *has_escapes = stop < scanner->end && *stop == '\\';
    if (*has_escapes)
        stop = find_quote(stop, scanner->end);
    if (!stop || stop == scanner->end)
        return sm_json_fail(scanner, "string without end");
    if (*stop != '"') {
        scanner->at = stop;
        return sm_json_fail(scanner, "control character in a string");
    }
    *raw = sm_slice_make(start, (size_t)(stop - start));
    scanner->at = stop + 1;
    return true;
}

static bool read_hex4(const char **at, const char *end, uint32_t *rune)
{
    if (end - *at < 4)
        return false;
    *rune = 0;
    for (int i = 0; i < 4; i++) {
        int digit = sm_hex_value(*(*at)++);
        if (digit < 0)
            return false;
        *rune = *rune << 4 | (uint32_t)digit;
    }
    return true;
}

static bool is_surrogate(uint32_t rune)
{
    return rune >= 0xd800 && rune <= 0xdfff;
}

static char *put_rune(char *to, uint32_t rune)
{
    if (is_surrogate(rune))
        rune = 0xfffd;
    if (rune < 0x80) {
        *to++ = (char)rune;
    } else if (rune < 0x800) {
        *to++ = (char)(0xc0 | rune >> 6);
        *to++ = (char)(0x80 | (rune & 0x3f));
    } else if (rune < 0x10000) {
        *to++ = (char)(0xe0 | rune >> 12);
        *to++ = (char)(0x80 | (rune >> 6 & 0x3f));
        *to++ = (char)(0x80 | (rune & 0x3f));
    } else {
        *to++ = (char)(0xf0 | rune >> 18);
        *to++ = (char)(0x80 | (rune >> 12 & 0x3f));
        *to++ = (char)(0x80 | (rune >> 6 & 0x3f));
        *to++ = (char)(0x80 | (rune & 0x3f));
    }
    return to;
}

/* Behind "\u": one rune, or a pair of surrogates. */
static bool decode_unicode(const char **at, const char *end, char **to)
{
    uint32_t first, second;
    if (!read_hex4(at, end, &first))
        return false;
    if (!is_surrogate(first) || end - *at < 2 || (*at)[0] != '\\' || (*at)[1] != 'u') {
        *to = put_rune(*to, first);
        return true;
    }
    *at += 2;
    if (!read_hex4(at, end, &second))
        return false;
    if (first < 0xdc00 && second >= 0xdc00 && second <= 0xdfff) {
        *to = put_rune(*to, 0x10000 + ((first - 0xd800) << 10 | (second - 0xdc00)));
    } else {
        *to = put_rune(*to, first);
        *to = put_rune(*to, second);
    }
    return true;
}

bool sm_json_decode_string(struct sm_json_scanner *scanner, struct sm_slice raw, char *to, size_t *size)
{
    static const char letters[] = "\"\\/bfnrt", bytes[] = "\"\\/\b\f\n\r\t";
    const char *at = raw.ptr, *end = at + raw.size;
    char *start = to;
    while (at < end) {
        const char *escape = memchr(at, '\\', (size_t)(end - at));
        size_t plain = (size_t)((escape ? escape : end) - at);
        memcpy(to, at, plain);
        to += plain;
        at += plain;
        if (!escape)
            break;
        /* The closing quote was found behind the escape: there is a letter. */
        char letter = at[1];
        at += 2;
        const char *known = letter ? strchr(letters, letter) : NULL;
        if (known)
            *to++ = bytes[known - letters];
        else if (letter != 'u' || !decode_unicode(&at, end, &to))
            return sm_json_fail(scanner, "invalid escape in a string");
    }
    *size = (size_t)(to - start);
    return true;
}

bool sm_json_string(struct sm_json_scanner *scanner, struct sm_slice *text)
{
    bool has_escapes;
    if (!sm_json_raw_string(scanner, text, &has_escapes) || !has_escapes)
        return !scanner->error;
    char *decoded = sm_arena_alloc(scanner->scratch, text->size);
    size_t size;
    if (!sm_json_decode_string(scanner, *text, decoded, &size))
        return false;
    *text = sm_slice_make(decoded, size);
    return true;
}

bool sm_json_verbatim(struct sm_json_scanner *scanner, struct sm_slice *text)
{
    if (!sm_json_try(scanner, '"'))
        return sm_json_fail(scanner, "expected a string");
    const char *start = scanner->at, *stop = memchr(start, '"', (size_t)(scanner->end - start));
    if (!stop)
        return sm_json_fail(scanner, "string without end");
    *text = sm_slice_make(start, (size_t)(stop - start));
    scanner->at = stop + 1;
    return true;
}

static bool is_digit(const char *at, const char *end)
{
    return at < end && *at >= '0' && *at <= '9';
}

static const char *skip_digits(const char *at, const char *end)
{
    while (is_digit(at, end))
        at++;
    return at;
}

/* digits, fraction, exponent. `loose`: Go's strconv takes ".5", "5." and leading zeros. NULL: no number. */
static const char *skip_decimal(const char *at, const char *end, bool loose)
{
    const char *start = at;
    at = skip_digits(at, end);
    size_t digits = (size_t)(at - start);
    if (!loose && (digits == 0 || (digits > 1 && *start == '0')))
        return NULL;
    if (at < end && *at == '.') {
        const char *fraction = ++at;
        at = skip_digits(at, end);
        digits += (size_t)(at - fraction);
        if (!loose && at == fraction)
            return NULL;
    }
    if (digits == 0)
        return NULL;
    if (at < end && (*at == 'e' || *at == 'E')) {
        at++;
        if (at < end && (*at == '+' || *at == '-'))
            at++;
        const char *exponent = at;
        at = skip_digits(at, end);
        if (at == exponent)
            return NULL;
    }
    return at;
}

bool sm_json_number(struct sm_json_scanner *scanner, struct sm_slice *text)
{
    sm_json_peek(scanner);
    const char *start = scanner->at, *digits = start + (start < scanner->end && *start == '-');
    const char *stop = skip_decimal(digits, scanner->end, false);
    if (!stop)
        return sm_json_fail(scanner, "invalid number");
    *text = sm_slice_make(start, (size_t)(stop - start));
    scanner->at = stop;
    return true;
}

static bool skip_nested(struct sm_json_scanner *scanner, unsigned depth);

static bool skip_object(struct sm_json_scanner *scanner, unsigned depth)
{
    struct sm_slice name;
    scanner->at++;
    if (sm_json_try(scanner, '}'))
        return true;
    do {
        if (!sm_json_string(scanner, &name))
            return false;
        if (!sm_json_try(scanner, ':'))
            return sm_json_fail(scanner, "expected ':' behind a name");
        if (!skip_nested(scanner, depth + 1))
            return false;
    } while (sm_json_try(scanner, ','));
    return sm_json_try(scanner, '}') || sm_json_fail(scanner, "expected ',' or '}' in an object");
}

static bool skip_list(struct sm_json_scanner *scanner, unsigned depth)
{
    scanner->at++;
    if (sm_json_try(scanner, ']'))
        return true;
    do {
        if (!skip_nested(scanner, depth + 1))
            return false;
    } while (sm_json_try(scanner, ','));
    return sm_json_try(scanner, ']') || sm_json_fail(scanner, "expected ',' or ']' in a list");
}

static bool skip_nested(struct sm_json_scanner *scanner, unsigned depth)
{
    struct sm_slice text;
    if (depth > SM_JSON_DEPTH_MAX)
        return sm_json_fail(scanner, "nested too deeply");
    switch (sm_json_peek(scanner)) {
    case '"':
        return sm_json_string(scanner, &text);
    case '{':
        return skip_object(scanner, depth);
    case '[':
        return skip_list(scanner, depth);
    case 't':
        return sm_json_word(scanner, "true");
    case 'f':
        return sm_json_word(scanner, "false");
    case 'n':
        return sm_json_word(scanner, "null");
    default:
        return sm_json_number(scanner, &text);
    }
}

bool sm_json_skip(struct sm_json_scanner *scanner)
{
    return skip_nested(scanner, 0);
}

/* ---- numbers */

/* Eight digits at once: neighbours become pairs, then fours, then all (after Johnny Lee and Daniel Lemire). False: not eight digits. */
static bool parse_eight_digits(const char *text, uint64_t *number)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);
    uint64_t digits;
    memcpy(&digits, text, sizeof(digits));
    digits = le64toh(digits);
    if ((digits & 0xf0 * ones) != 0x30 * ones || ((digits + 6 * ones) & 0xf0 * ones) != 0x30 * ones)
        return false;
    digits -= '0' * ones;
    digits = (digits * 10 + (digits >> 8)) & UINT64_C(0x00ff00ff00ff00ff);
    digits = (digits * 100 + (digits >> 16)) & UINT64_C(0x0000ffff0000ffff);
    *number = (digits * 10000 + (digits >> 32)) & UINT64_C(0xffffffff);
    return true;
}

bool sm_parse_uint(struct sm_slice text, uint64_t max, uint64_t *number)
{
    uint64_t sum = 0, eight;
    size_t i = 0;
    if (text.size == 0)
        return false;
    for (; i + 8 <= text.size && i < 16 && parse_eight_digits(text.ptr + i, &eight); i += 8)
        sum = sum * 100000000 + eight;
    for (; i < text.size; i++) {
        unsigned digit = (unsigned)(uint8_t)text.ptr[i] - '0';
        if (digit > 9 || __builtin_mul_overflow(sum, 10, &sum) || __builtin_add_overflow(sum, digit, &sum))
            return false;
    }
    *number = sum;
    return sum <= max;
}

bool sm_parse_int(struct sm_slice text, int64_t min, int64_t max, int64_t *number)
{
    bool is_negative = text.size && text.ptr[0] == '-';
    uint64_t magnitude;
    if (text.size && (text.ptr[0] == '-' || text.ptr[0] == '+'))
        text = sm_slice_make(text.ptr + 1, text.size - 1);
    uint64_t limit = is_negative ? 0 - (uint64_t)min : (uint64_t)max;
    if (!sm_parse_uint(text, limit, &magnitude))
        return false;
    *number = (int64_t)(is_negative ? 0 - magnitude : magnitude);
    return true;
}

/* Few digits and a small exponent: both fit a double exactly, so that one division or multiplication rounds right (Clinger's fast path). */
static bool parse_short_decimal(struct sm_slice text, double *number)
{
    static const double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                    1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    enum { EXACT_DIGITS = 15 };
    const char *at = text.ptr, *end = at + text.size;
    bool is_negative = at < end && *at == '-';
    uint64_t digits = 0;
    size_t fraction = 0;
    if (text.size > EXACT_DIGITS + 2)
        return false;
    at += is_negative || (at < end && *at == '+');
    bool has_point = false;
    for (; at < end; at++) {
        if (*at == '.' && !has_point) {
            has_point = true;
            continue;
        }
        if (!is_digit(at, end))
            return false;
        digits = digits * 10 + (uint64_t)(*at - '0');
        fraction += has_point;
    }
    if (digits > UINT64_C(1) << 53)
        return false;
    double value = (double)digits / powers[fraction];
    *number = is_negative ? -value : value;
    return true;
}

static const char *skip_hexadecimal(const char *at, const char *end)
{
    size_t digits = 0;
    bool has_point = false;
    for (; at < end; at++) {
        if (*at == '.' && !has_point)
            has_point = true;
        else if (sm_hex_value(*at) >= 0)
            digits++;
        else
            break;
    }
    if (digits == 0 || at >= end || (*at != 'p' && *at != 'P'))
        return NULL;
    at++;
    at += at < end && (*at == '+' || *at == '-');
    const char *exponent = at;
    at = skip_digits(at, end);
    return at == exponent ? NULL : at;
}

static bool parse_name(struct sm_slice text, double *number)
{
    bool has_sign = text.size && (text.ptr[0] == '-' || text.ptr[0] == '+');
    struct sm_slice name = has_sign ? sm_slice_make(text.ptr + 1, text.size - 1) : text;
    if (sm_slice_equal_nocase(name, SM_SLICE("inf")) || sm_slice_equal_nocase(name, SM_SLICE("infinity"))) {
        *number = has_sign && text.ptr[0] == '-' ? -INFINITY : INFINITY;
        return true;
    }
    static const uint64_t go_nan = UINT64_C(0x7ff8000000000001); /* the bits of Go's math.NaN, which hashes and encoded bytes show */
    memcpy(number, &go_nan, sizeof(*number));
    return !has_sign && sm_slice_equal_nocase(name, SM_SLICE("nan"));
}

/* Between digits, or a base prefix and a digit. */
static bool are_underscores_placed(struct sm_slice text)
{
    if (text.size == 0)
        text = SM_SLICE("");
    const char *at = text.ptr, *end = at + text.size;
    at += at < end && (*at == '-' || *at == '+');
    bool is_hexadecimal = end - at > 2 && at[0] == '0' && (at[1] == 'x' || at[1] == 'X');
    bool is_after_digit = is_hexadecimal, is_after_underscore = false;
    for (at += is_hexadecimal ? 2 : 0; at < end; at++) {
        bool is_part = is_hexadecimal ? sm_hex_value(*at) >= 0 : is_digit(at, end);
        if (*at == '_' ? !is_after_digit : is_after_underscore && !is_part)
            return false;
        is_after_underscore = *at == '_';
        is_after_digit = is_part;
    }
    return !is_after_underscore;
}

static struct sm_slice without_underscores(struct sm_slice text, struct sm_arena *scratch)
{
    char *copy = sm_arena_alloc(scratch, text.size), *out = copy;
    for (size_t i = 0; i < text.size; i++)
        if (text.ptr[i] != '_')
            *out++ = text.ptr[i];
    return sm_slice_make(copy, (size_t)(out - copy));
}

bool sm_parse_double(struct sm_slice text, struct sm_arena *scratch, double *number)
{
    if (text.size > 0 && memchr(text.ptr, '_', text.size)) {
        *number = 0;
        return are_underscores_placed(text) && sm_parse_double(without_underscores(text, scratch), scratch, number);
    }
    const char *at = text.ptr ? text.ptr : "", *end = at + text.size;
    at += at < end && (*at == '-' || *at == '+');
    bool is_hexadecimal = end - at > 2 && at[0] == '0' && (at[1] == 'x' || at[1] == 'X');
    const char *stop = is_hexadecimal ? skip_hexadecimal(at + 2, end) : skip_decimal(at, end, true);
    if (stop != end || !stop)
        return parse_name(text, number);
    if (!is_hexadecimal && parse_short_decimal(text, number))
        return true;
    *number = strtod(sm_arena_strdup(scratch, text), NULL);
    return !isinf(*number);
}
