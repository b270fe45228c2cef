/* number.c - see number.h.
 *
 * The digits come from the C library's exact conversion: 15 digits are tried first, because a double that was written with at most 15 comes back
 * unchanged, then 16 and 17. Beside a power of two the nearest 16-digit text may miss where its neighbour does not, so neighbours are tried too.
 * Source of the forms: Go, strconv/ftoa.go and encoding/json/encode.go. */
#include "wire/number.h"

#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* 0.d1d2d3… times ten to the `point`. */
struct digits {
    char text[20];
    int count;
    int point;
};

enum { DIGITS_MAX = 17, SURE_DIGITS = 15, GENERAL_EXPONENT_MIN = 6, JSON_EXPONENT_MIN = 21 };

static void strip_zeros(struct digits *digits)
{
    while (digits->count > 1 && digits->text[digits->count - 1] == '0')
        digits->count--;
}

static void digits_of_integer(uint64_t integer, struct digits *digits)
{
    char reversed[20];
    int count = 0;
    do
        reversed[count++] = (char)('0' + integer % 10);
    while (integer /= 10);
    for (int i = 0; i < count; i++)
        digits->text[i] = reversed[count - 1 - i];
    digits->count = count;
    digits->point = count;
    strip_zeros(digits);
}

static bool reads_back(const char *text, int count, int point, double number)
{
    char form[40];
    snprintf(form, sizeof(form), "0.%.*se%d", count, text, point);
    return strtod(form, NULL) == number;
}

/* The text one unit of its last digit up or down; false when the carry leaves the digits. */
static bool neighbour(const char *text, int count, int step, char *other)
{
    memcpy(other, text, (size_t)count);
    int last = count - 1;
    if ((step > 0 && other[last] == '9') || (step < 0 && other[last] == '0'))
        return false;
    other[last] = (char)(other[last] + step);
    return true;
}

static bool try_precision(double number, int count, struct digits *digits)
{
    char form[40];
    snprintf(form, sizeof(form), "%.*e", count - 1, number); /* d.ddde±dd */
    char text[20];
    int size = 0;
    const char *at = form;
    for (; *at != 'e'; at++)
        if (*at != '.')
            text[size++] = *at;
    int point = (int)strtol(at + 1, NULL, 10) + 1;
    char other[20];
    const char *found = reads_back(text, size, point, number) ? text : NULL;
    for (int step = -1; !found && step <= 1; step += 2)
        if (count > SURE_DIGITS && neighbour(text, size, step, other) && reads_back(other, size, point, number))
            found = other;
    if (!found)
        return false;
    memcpy(digits->text, found, (size_t)size);
    digits->count = size;
    digits->point = point;
    strip_zeros(digits);
    return true;
}

/* `number` is finite and above zero. */
static void find_digits(double number, struct digits *digits)
{
    if (number < 1e15 && number == floor(number)) {
        digits_of_integer((uint64_t)number, digits);
        return;
    }
    int first = number < DBL_MIN ? 1 : SURE_DIGITS;
    for (int count = first; count < DIGITS_MAX; count++)
        if (try_precision(number, count, digits))
            return;
    try_precision(number, DIGITS_MAX, digits);
}

static size_t put_plain(const struct digits *digits, char *text)
{
    char *at = text;
    if (digits->point <= 0) {
        *at++ = '0';
        *at++ = '.';
        memset(at, '0', (size_t)-digits->point);
        at += -digits->point;
        memcpy(at, digits->text, (size_t)digits->count);
        return (size_t)(at - text) + (size_t)digits->count;
    }
    for (int i = 0; i < digits->point; i++)
        *at++ = i < digits->count ? digits->text[i] : '0';
    if (digits->count > digits->point) {
        *at++ = '.';
        memcpy(at, digits->text + digits->point, (size_t)(digits->count - digits->point));
        at += digits->count - digits->point;
    }
    return (size_t)(at - text);
}

static size_t put_exponent(const struct digits *digits, int exponent_digits, char *text)
{
    char *at = text;
    *at++ = digits->text[0];
    if (digits->count > 1) {
        *at++ = '.';
        memcpy(at, digits->text + 1, (size_t)digits->count - 1);
        at += digits->count - 1;
    }
    char exponent[16];
    int value = digits->point - 1;
    int size = snprintf(exponent, sizeof(exponent), "e%c%0*d", value < 0 ? '-' : '+', exponent_digits, abs(value));
    memcpy(at, exponent, (size_t)size);
    return (size_t)(at - text) + (size_t)size;
}

static bool wants_exponent(const struct digits *digits, enum sm_number_style style)
{
    int exponent = digits->point - 1;
    switch (style) {
    case SM_NUMBER_GENERAL:
        return exponent < -4 || exponent >= GENERAL_EXPONENT_MIN;
    case SM_NUMBER_JSON:
    case SM_NUMBER_ECMASCRIPT:
        return exponent < -6 || exponent >= JSON_EXPONENT_MIN;
    case SM_NUMBER_PLAIN:
        break;
    }
    return false;
}

static size_t put_text(const char *from, char *text)
{
    size_t size = strlen(from);
    memcpy(text, from, size);
    return size;
}

size_t sm_number_format(double number, enum sm_number_style style, char *text)
{
    if (isnan(number))
        return put_text("NaN", text);
    if (isinf(number))
        return put_text(number > 0 ? "+Inf" : "-Inf", text);
    size_t sign = signbit(number) ? 1 : 0;
    if (sign)
        text[0] = '-';
    if (number == 0)
        return sign + put_text("0", text + sign);
    struct digits digits;
    find_digits(fabs(number), &digits);
    if (!wants_exponent(&digits, style))
        return sign + put_plain(&digits, text + sign);
    return sign + put_exponent(&digits, style == SM_NUMBER_ECMASCRIPT ? 1 : 2, text + sign);
}

/* ---- whole numbers */

size_t sm_number_format_uint(uint64_t number, char *text)
{
    char digits[SM_NUMBER_INT_SIZE_MAX], *end = digits + sizeof(digits), *at = end;
    do
        *--at = (char)('0' + number % 10);
    while (number /= 10);
    memcpy(text, at, (size_t)(end - at));
    return (size_t)(end - at);
}

size_t sm_number_format_int(int64_t number, char *text)
{
    if (number >= 0)
        return sm_number_format_uint((uint64_t)number, text);
    *text = '-';
    return 1 + sm_number_format_uint(0 - (uint64_t)number, text + 1);
}
