/* go_format.c - see go_format.h. */
#include "ottl/go_format.h"

#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ottl/runes.h"
#include "wire/number.h"

enum { INTEGER_DIGITS_MAX = 68, RUNE_MAX = 0x10ffff, LEADING_BIT = 60 /* of mantissas in hexadecimal */ };

static void fill(struct sm_bytes *out, char c, size_t count)
{
    for (size_t i = 0; i < count; i++)
        sm_bytes_append_char(out, c);
}

static void pad_with(struct sm_go_output *o, const struct sm_go_directive *d, struct sm_slice text, bool may_be_zeros)
{
    size_t runes = sm_ottl_rune_count(text), width = d->has_width ? (size_t)d->width : 0, missing = width > runes ? width - runes : 0;
    if (!d->minus)
        fill(o->out, may_be_zeros && d->zero ? '0' : ' ', missing);
    sm_bytes_append_slice(o->out, text);
    if (d->minus)
        fill(o->out, ' ', missing);
}

void sm_go_pad(struct sm_go_output *o, const struct sm_go_directive *d, struct sm_slice text)
{
    pad_with(o, d, text, true);
}

/* ---- integers */

/* Zeros up to the precision, or up to the width where zeros were asked for; the prefix comes on top. */
static size_t digits_wanted(const struct sm_go_directive *d, bool has_sign)
{
    if (d->has_precision)
        return (size_t)d->precision;
    if (!d->zero || d->minus || !d->has_width)
        return 0;
    return d->width > has_sign ? (size_t)d->width - has_sign : 0;
}

static const char *prefix_of(unsigned base, bool upper, char first_digit)
{
    if (base == 8)
        return first_digit == '0' ? "" : "0";
    return base == 2 ? "0b" : base == 10 ? "" : upper ? "0X" : "0x";
}

static void write_integer(struct sm_go_output *o, const struct sm_go_directive *d, uint64_t number, bool is_negative, unsigned base, char verb)
{
    char digits[INTEGER_DIGITS_MAX], *end = digits + sizeof(digits), *at = end;
    bool has_sign = is_negative || d->plus || d->space, upper = verb == 'X';
    struct sm_bytes text;
    sm_bytes_init(&text, o->arena);
    if (d->has_precision && d->precision == 0 && number == 0) {
        pad_with(o, d, (struct sm_slice){0}, false);
        return;
    }
    for (uint64_t rest = number; rest > 0 || at == end; rest /= base)
        *--at = (upper ? "0123456789ABCDEF" : "0123456789abcdef")[rest % base];
    size_t count = (size_t)(end - at), wanted = digits_wanted(d, has_sign);
    if (has_sign)
        sm_bytes_append_char(&text, is_negative ? '-' : d->plus ? '+' : ' ');
    if (verb == 'O')
        sm_bytes_append_text(&text, "0o");
    if (d->sharp)
        sm_bytes_append_text(&text, prefix_of(base, upper, wanted > count ? '0' : *at));
    fill(&text, '0', wanted > count ? wanted - count : 0);
    sm_bytes_append(&text, at, count);
    pad_with(o, d, sm_bytes_slice(&text), false);
}

/* Go's strconv.IsPrint, but for code points that Unicode assigns to nothing. */
static bool has_shape(uint32_t rune)
{
    static const uint32_t without[][2] = {
        {0, 0x1f},        {0x7f, 0xa0},     {0xad, 0xad},     {0x600, 0x605},     {0x61c, 0x61c},      {0x6dd, 0x6dd},   {0x70f, 0x70f},
        {0x1680, 0x1680}, {0x180e, 0x180e}, {0x2000, 0x200f}, {0x2028, 0x202f},   {0x205f, 0x206f},    {0x3000, 0x3000}, {0xd800, 0xf8ff},
        {0xfeff, 0xfeff}, {0xfff0, 0xfffb}, {0xfffe, 0xffff}, {0xe0000, 0xe00ff}, {0xe01f0, 0x10ffff},
    };
    for (size_t i = 0; i < sizeof(without) / sizeof(without[0]); i++)
        if (rune >= without[i][0] && rune <= without[i][1])
            return false;
    return true;
}

static void append_quoted_rune(struct sm_bytes *out, uint32_t rune, char quote, bool is_ascii_only)
{
    static const char short_forms[] = "\aa\bb\ff\nn\rr\tt\vv";
    const char *found = rune && rune < ' ' ? strchr(short_forms, (int)rune) : NULL;
    if (rune == (unsigned char)quote || rune == '\\')
        sm_bytes_printf(out, "\\%c", (char)rune);
    else if (found)
        sm_bytes_printf(out, "\\%c", found[1]);
    else if (has_shape(rune) && (rune < 0x80 || !is_ascii_only))
        sm_ottl_rune_append(out, rune);
    else
        sm_bytes_printf(out, rune < ' ' || rune == 0x7f ? "\\x%02x" : rune <= 0xffff ? "\\u%04x" : "\\U%08x", rune);
}

static void append_quoted(struct sm_bytes *out, struct sm_slice text, bool is_ascii_only)
{
    sm_bytes_append_char(out, '"');
    for (size_t i = 0; i < text.size;) {
        size_t start = i;
        uint32_t rune = sm_ottl_rune_next(text, &i);
        if (rune == SM_OTTL_RUNE_WRONG && i == start + 1)
            sm_bytes_printf(out, "\\x%02x", (unsigned char)text.ptr[start]);
        else
            append_quoted_rune(out, rune, '"', is_ascii_only);
    }
    sm_bytes_append_char(out, '"');
}

/* "U+0078", with # "U+0078 'x'". */
static void write_code_point(struct sm_go_output *o, const struct sm_go_directive *d, uint64_t number)
{
    struct sm_bytes text;
    int digits = d->has_precision && d->precision > 4 ? d->precision : 4;
    sm_bytes_init(&text, o->arena);
    sm_bytes_printf(&text, "U+%0*" PRIX64, digits, number);
    if (d->sharp && number <= RUNE_MAX && has_shape((uint32_t)number)) {
        sm_bytes_append_text(&text, " '");
        sm_ottl_rune_append(&text, (uint32_t)number);
        sm_bytes_append_char(&text, '\'');
    }
    pad_with(o, d, sm_bytes_slice(&text), false);
}

static void write_rune(struct sm_go_output *o, const struct sm_go_directive *d, uint64_t number, char verb)
{
    struct sm_bytes text;
    bool is_rune = number <= RUNE_MAX && (number < 0xd800 || number > 0xdfff);
    uint32_t rune = is_rune ? (uint32_t)number : (uint32_t)SM_OTTL_RUNE_WRONG;
    sm_bytes_init(&text, o->arena);
    if (verb == 'q') {
        sm_bytes_append_char(&text, '\'');
        append_quoted_rune(&text, rune, '\'', d->plus);
        sm_bytes_append_char(&text, '\'');
    } else {
        sm_ottl_rune_append(&text, rune);
    }
    pad_with(o, d, sm_bytes_slice(&text), true);
}

static bool format_magnitude(struct sm_go_output *o, const struct sm_go_directive *d, uint64_t number, bool is_negative, char verb)
{
    switch (verb) {
    case 'v':
    case 'd':
        write_integer(o, d, number, is_negative, 10, verb);
        return true;
    case 'x':
    case 'X':
        write_integer(o, d, number, is_negative, 16, verb);
        return true;
    case 'o':
    case 'O':
        write_integer(o, d, number, is_negative, 8, verb);
        return true;
    case 'b':
        write_integer(o, d, number, is_negative, 2, verb);
        return true;
    case 'c':
    case 'q':
        write_rune(o, d, is_negative ? UINT64_MAX : number, verb);
        return true;
    case 'U':
        write_code_point(o, d, is_negative ? -number : number);
        return true;
    default:
        return false;
    }
}

bool sm_go_format_integer(struct sm_go_output *o, const struct sm_go_directive *d, int64_t number, char verb)
{
    return format_magnitude(o, d, number < 0 ? -(uint64_t)number : (uint64_t)number, number < 0, verb);
}

bool sm_go_format_unsigned(struct sm_go_output *o, const struct sm_go_directive *d, uint64_t number, char verb)
{
    struct sm_go_directive hexadecimal = *d;
    hexadecimal.sharp = true;
    if (verb == 'v' && d->as_source)
        return format_magnitude(o, &hexadecimal, number, false, 'x');
    return format_magnitude(o, d, number, false, verb);
}

/* ---- floats */

/* "6755399441055744p-51" */
static struct sm_slice binary_digits(struct sm_go_output *o, double number)
{
    const int least = DBL_MIN_EXP; /* the same for all that are too small to have all digits, and zero */
    int exponent;
    (void)frexp(number, &exponent);
    if (exponent < least || number == 0)
        exponent = least;
    const char *sign = signbit(number) ? "-" : "";
    return sm_slice_of(sm_arena_printf(o->arena, "%s%" PRId64 "p%+d", sign, (int64_t)ldexp(fabs(number), 53 - exponent), exponent - 53));
}

/* To `digits` hexadecimal ones behind the point, which is behind bit LEADING_BIT; halves to even. */
static uint64_t round_mantissa(uint64_t mantissa, int digits, int *exponent)
{
    const uint64_t half = UINT64_C(1) << (LEADING_BIT - 1);
    int dropped = LEADING_BIT - 4 * digits;
    if (dropped <= 0)
        return mantissa;
    uint64_t rest = (mantissa << (4 * digits)) & (2 * half - 1);
    mantissa >>= dropped;
    mantissa += (rest | (mantissa & 1)) > half;
    mantissa <<= dropped;
    if (mantissa >> (LEADING_BIT + 1)) {
        mantissa >>= 1;
        ++*exponent;
    }
    return mantissa;
}

/* "0x1.8p+01": one digit before the point, exponents of two digits at least. */
static struct sm_slice hexadecimal_digits(struct sm_go_output *o, const struct sm_go_directive *d, double number, char verb)
{
    const char *digits = verb == 'x' ? "0123456789abcdefxp" : "0123456789ABCDEFXP";
    int exponent = 1;
    uint64_t mantissa = (uint64_t)ldexp(frexp(fabs(number), &exponent), LEADING_BIT + 1);
    exponent -= number != 0;
    if (d->has_precision)
        mantissa = round_mantissa(mantissa, d->precision, &exponent);
    struct sm_bytes text;
    sm_bytes_init(&text, o->arena);
    sm_bytes_printf(&text, "%s0%c%c", signbit(number) ? "-" : "", digits[16], digits[mantissa >> LEADING_BIT]);
    mantissa <<= 64 - LEADING_BIT;
    if (d->has_precision ? d->precision > 0 : mantissa > 0)
        sm_bytes_append_char(&text, '.');
    for (int i = 0; d->has_precision ? i < d->precision : mantissa > 0; i++) {
        sm_bytes_append_char(&text, digits[mantissa >> 60]);
        mantissa <<= 4;
    }
    sm_bytes_printf(&text, "%c%c%02d", digits[17], exponent < 0 ? '-' : '+', abs(exponent));
    return sm_bytes_slice(&text);
}

static struct sm_slice shortest(struct sm_go_output *o, double number, char verb)
{
    char *text = sm_arena_alloc(o->arena, SM_NUMBER_SIZE_MAX);
    size_t size = sm_number_format(number, SM_NUMBER_GENERAL, text);
    char *exponent = memchr(text, 'e', size);
    if (exponent && verb == 'G')
        *exponent = 'E';
    return sm_slice_make(text, size);
}

static struct sm_slice finite_digits(struct sm_go_output *o, const struct sm_go_directive *d, double number, char verb)
{
    if (verb == 'b')
        return binary_digits(o, number);
    if (verb == 'x' || verb == 'X')
        return hexadecimal_digits(o, d, number, verb);
    if (strchr("vgG", verb) && !d->has_precision)
        return shortest(o, number, verb);
    char pattern[8];
    snprintf(pattern, sizeof(pattern), "%%.*%c", verb == 'v' ? 'g' : verb);
    return sm_slice_of(sm_arena_printf(o->arena, pattern, d->has_precision ? d->precision : 6, number));
}

/* The flag #: a point, and for general forms zeros up to the precision, or to six digits. */
static struct sm_slice with_point(struct sm_go_output *o, const struct sm_go_directive *d, struct sm_slice number, char verb)
{
    struct sm_bytes out;
    bool is_hexadecimal = verb == 'x' || verb == 'X', has_point = false, is_counting = false;
    int digits = strchr("vgGx", verb) ? (d->has_precision ? d->precision : 6) : 0;
    size_t sign = number.size > 0 && number.ptr[0] == '-', at = sign;
    for (; at < number.size; at++) {
        char c = number.ptr[at];
        if (c == 'p' || c == 'P' || (!is_hexadecimal && (c == 'e' || c == 'E')))
            break;
        has_point = has_point || c == '.';
        is_counting = is_counting || (c != '0' && c != '.');
        digits -= is_counting && c != '.';
    }
    sm_bytes_init(&out, o->arena);
    sm_bytes_append(&out, number.ptr, at);
    if (!has_point) {
        digits -= at == sign + 1 && number.ptr[sign] == '0';
        sm_bytes_append_char(&out, '.');
    }
    fill(&out, '0', digits > 0 ? (size_t)digits : 0);
    sm_bytes_append(&out, number.ptr + at, number.size - at);
    return sm_bytes_slice(&out);
}

bool sm_go_format_double(struct sm_go_output *o, const struct sm_go_directive *d, double number, char verb)
{
    if (!strchr("veEfFgGxXb", verb))
        return false;
    struct sm_slice text = SM_SLICE("NaN");
    if (isfinite(number)) {
        text = finite_digits(o, d, number, verb);
        if (d->sharp && verb != 'b')
            text = with_point(o, d, text, verb);
    } else if (isinf(number)) {
        text = number < 0 ? SM_SLICE("-Inf") : d->space && !d->plus ? SM_SLICE(" Inf") : SM_SLICE("+Inf");
    }
    bool has_sign = text.ptr[0] == '-' || text.ptr[0] == '+' || text.ptr[0] == ' ';
    if ((d->plus || d->space) && !has_sign)
        text = sm_slice_of(sm_arena_printf(o->arena, "%c%.*s", d->plus ? '+' : ' ', SM_SLICE_ARGS(text)));
    if (!isfinite(number) || !d->zero || d->minus || !(has_sign || d->plus || d->space)) {
        pad_with(o, d, text, isfinite(number));
        return true;
    }
    sm_bytes_append_char(o->out, text.ptr[0]);
    struct sm_go_directive behind_sign = *d;
    behind_sign.width -= d->has_width && d->width > 0;
    pad_with(o, &behind_sign, sm_slice_make(text.ptr + 1, text.size - 1), true);
    return true;
}

/* ---- texts, booleans */

static struct sm_slice cut_runes(struct sm_slice text, const struct sm_go_directive *d)
{
    size_t end = 0;
    if (!d->has_precision)
        return text;
    for (int i = 0; i < d->precision && end < text.size; i++)
        sm_ottl_rune_next(text, &end);
    return sm_slice_make(text.ptr, end);
}

/* Whether it may stand between backquotes: one line without any. */
static bool can_be_raw(struct sm_slice text)
{
    for (size_t i = 0; i < text.size;) {
        size_t start = i;
        uint32_t rune = sm_ottl_rune_next(text, &i);
        bool is_wrong = rune == SM_OTTL_RUNE_WRONG && i == start + 1;
        if (is_wrong || (rune < ' ' && rune != '\t') || rune == '`' || rune == 0x7f || rune == 0xfeff)
            return false;
    }
    return true;
}

static void write_quoted(struct sm_go_output *o, const struct sm_go_directive *d, struct sm_slice text)
{
    struct sm_bytes shown;
    struct sm_slice cut = cut_runes(text, d);
    sm_bytes_init(&shown, o->arena);
    if (d->sharp && can_be_raw(cut))
        sm_bytes_printf(&shown, "`%.*s`", SM_SLICE_ARGS(cut));
    else
        append_quoted(&shown, cut, d->plus);
    pad_with(o, d, sm_bytes_slice(&shown), true);
}

static void write_bytes_in_hex(struct sm_go_output *o, const struct sm_go_directive *d, struct sm_slice text, char verb)
{
    struct sm_bytes shown;
    const char *prefix = !d->sharp ? "" : verb == 'x' ? "0x" : "0X";
    sm_bytes_init(&shown, o->arena);
    for (size_t i = 0; i < text.size && (!d->has_precision || i < (size_t)d->precision); i++) {
        if (d->space && i > 0)
            sm_bytes_append_char(&shown, ' ');
        if (i == 0 || d->space)
            sm_bytes_append_text(&shown, prefix);
        sm_bytes_printf(&shown, verb == 'x' ? "%02x" : "%02X", (unsigned char)text.ptr[i]);
    }
    pad_with(o, d, sm_bytes_slice(&shown), true);
}

bool sm_go_format_text(struct sm_go_output *o, const struct sm_go_directive *d, struct sm_slice text, char verb)
{
    switch (verb) {
    case 'v':
        if (d->as_source) {
            write_quoted(o, d, text);
            return true;
        } /* fallthrough */
    case 's':
        pad_with(o, d, cut_runes(text, d), true);
        return true;
    case 'q':
        write_quoted(o, d, text);
        return true;
    case 'x':
    case 'X':
        write_bytes_in_hex(o, d, text, verb);
        return true;
    default:
        return false;
    }
}

bool sm_go_format_bool(struct sm_go_output *o, const struct sm_go_directive *d, bool boolean, char verb)
{
    if (verb != 'v' && verb != 't')
        return false;
    pad_with(o, d, boolean ? SM_SLICE("true") : SM_SLICE("false"), true);
    return true;
}
