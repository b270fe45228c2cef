/* yaml_scalar.c - which type a plain YAML scalar has.
 *
 * Source: gopkg.in/yaml.v3 resolve.go as the reference uses it: words of YAML 1.2, but numbers of YAML 1.1 too (0755 is octal, 1_000 is one
 * thousand); yes, no, on, off are strings. Timestamps stay strings here. */
#include <math.h>
#include <stdlib.h>

#include "config/yaml.h"

#include "base/hex.h"

struct word {
    const char *text;
    enum sm_node_kind kind;
    bool boolean;
    double number;
};

static const struct word words[] = {
    {"", SM_NODE_NULL, false, 0},
    {"~", SM_NODE_NULL, false, 0},
    {"null", SM_NODE_NULL, false, 0},
    {"Null", SM_NODE_NULL, false, 0},
    {"NULL", SM_NODE_NULL, false, 0},
    {"true", SM_NODE_BOOL, true, 0},
    {"True", SM_NODE_BOOL, true, 0},
    {"TRUE", SM_NODE_BOOL, true, 0},
    {"false", SM_NODE_BOOL, false, 0},
    {"False", SM_NODE_BOOL, false, 0},
    {"FALSE", SM_NODE_BOOL, false, 0},
    {".nan", SM_NODE_FLOAT, false, NAN},
    {".NaN", SM_NODE_FLOAT, false, NAN},
    {".NAN", SM_NODE_FLOAT, false, NAN},
    {".inf", SM_NODE_FLOAT, false, INFINITY},
    {".Inf", SM_NODE_FLOAT, false, INFINITY},
    {".INF", SM_NODE_FLOAT, false, INFINITY},
    {"+.inf", SM_NODE_FLOAT, false, INFINITY},
    {"+.Inf", SM_NODE_FLOAT, false, INFINITY},
    {"+.INF", SM_NODE_FLOAT, false, INFINITY},
    {"-.inf", SM_NODE_FLOAT, false, -INFINITY},
    {"-.Inf", SM_NODE_FLOAT, false, -INFINITY},
    {"-.INF", SM_NODE_FLOAT, false, -INFINITY},
};

enum { NUMBER_TEXT_MAX = 512 };

static bool type_word(const char *text, struct sm_node *node)
{
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strcmp(text, words[i].text) != 0)
            continue;
        node->kind = words[i].kind;
        if (node->kind == SM_NODE_BOOL)
            node->boolean = words[i].boolean;
        else if (node->kind == SM_NODE_FLOAT)
            node->number = words[i].number;
        return true;
    }
    return false;
}

/* Base from the prefix 0x, 0b, 0o or 0, which is skipped. */
static unsigned take_base(const char **text)
{
    const char *at = *text;
    if (at[0] != '0' || at[1] == '\0')
        return 10;
    *text += 2;
    switch (at[1]) {
    case 'x':
    case 'X':
        return 16;
    case 'b':
    case 'B':
        return 2;
    case 'o':
    case 'O':
        return 8;
    default:
        *text -= 1;
        return 8;
    }
}

enum whole { NOT_WHOLE, WHOLE, WHOLE_TOO_LARGE };

/* `text` without underscores, with an optional sign. TOO_LARGE: between the largest int64 and the largest uint64. */
static enum whole read_whole(const char *text, int64_t *value)
{
    bool is_negative = *text == '-';
    text += *text == '-' || *text == '+';
    unsigned base = take_base(&text);
    if (!*text)
        return NOT_WHOLE;
    uint64_t magnitude = 0;
    for (; *text; text++) {
        int digit = sm_hex_value(*text);
        if (digit < 0 || (unsigned)digit >= base || __builtin_mul_overflow(magnitude, (uint64_t)base, &magnitude) ||
            __builtin_add_overflow(magnitude, (uint64_t)digit, &magnitude))
            return NOT_WHOLE;
    }
    uint64_t limit = (uint64_t)INT64_MAX + is_negative;
    if (magnitude > limit)
        return is_negative ? NOT_WHOLE : WHOLE_TOO_LARGE;
    *value = is_negative ? (int64_t)(0 - magnitude) : (int64_t)magnitude;
    return WHOLE;
}

static const char *skip_digits(const char *at)
{
    while (*at >= '0' && *at <= '9')
        at++;
    return at;
}

/* [-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)? */
static bool looks_like_float(const char *at)
{
    at += *at == '-' || *at == '+';
    const char *digits = skip_digits(at);
    bool has_whole = digits != at;
    at = digits;
    if (*at == '.') {
        digits = skip_digits(at + 1);
        if (!has_whole && digits == at + 1)
            return false;
        at = digits;
    } else if (!has_whole) {
        return false;
    }
    if (*at == 'e' || *at == 'E') {
        at++;
        at += *at == '-' || *at == '+';
        digits = skip_digits(at);
        if (digits == at)
            return false;
        at = digits;
    }
    return *at == '\0';
}

static bool type_float(const char *text, struct sm_node *node)
{
    if (!looks_like_float(text))
        return false;
    double number = strtod(text, NULL);
    if (isinf(number))
        return false;
    node->kind = SM_NODE_FLOAT;
    node->number = number;
    return true;
}

static void copy_without_underscores(const char *text, char *out)
{
    for (; *text; text++)
        if (*text != '_')
            *out++ = *text;
    *out = '\0';
}

bool sm_yaml_type_scalar(const char *text, struct sm_node *node)
{
    if (type_word(text, node))
        return true;
    char first = *text;
    bool is_number_like = first == '+' || first == '-' || (first >= '0' && first <= '9');
    if (first == '.' && type_float(text, node))
        return true;
    if (is_number_like && strlen(text) < NUMBER_TEXT_MAX) {
        char plain[NUMBER_TEXT_MAX];
        copy_without_underscores(text, plain);
        int64_t value;
        enum whole whole = read_whole(plain, &value);
        if (whole == WHOLE_TOO_LARGE)
            return false;
        if (whole == WHOLE) {
            node->kind = SM_NODE_INT;
            node->integer = value;
            return true;
        }
        if (type_float(plain, node))
            return true;
    }
    node->kind = SM_NODE_STRING;
    node->string = text;
    return true;
}
