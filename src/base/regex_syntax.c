/* regex_syntax.c - see regex_syntax.h.
 *
 * The pattern is read once from left to right. What both syntaxes share is copied; escapes, classes and literal braces are written anew, because the
 * same text may mean something else in PCRE2 (\s, \v, [\w-.]) or be refused (^*). For each open group it is known whether a repetition would
 * have something to repeat, and how often the innermost part is repeated at most. Source: Go's regexp/syntax/parse.go, pcre2pattern(3). */
#include "base/regex_syntax.h"

#include <assert.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "base/memory.h"

enum {
    PATTERN_SIZE_MAX = 64 * 1024,
    REPEAT_MAX = 1000, /* RE2's limit for {n,m}, and for the product of those inside each other */
    RUNE_MAX = 0x10ffff
};

/* What Go calls the mistakes. */
#define MISSING_PAREN "missing closing )"
#define UNEXPECTED_PAREN "unexpected )"
#define MISSING_BRACKET "missing closing ]"
#define MISSING_ARGUMENT "missing argument to repetition operator"
#define INVALID_RANGE "invalid character class range"
#define INVALID_ESCAPE "invalid escape sequence"
#define INVALID_NAME "invalid named capture"
#define INVALID_PERL "invalid or unsupported Perl syntax"
#define INVALID_REPEAT "invalid nested repetition operator"
#define INVALID_COUNT "invalid repeat count"
#define TRAILING_BACKSLASH "trailing backslash at end of expression"

struct frame { /* an open group; the first one is the pattern */
    bool has_operand;
    unsigned weight, operand_weight; /* how often their innermost part is repeated at most: of all in it, of what a repetition would repeat */
};

struct translation {
    const char *start, *at, *end;
    struct sm_bytes *out;
    struct sm_error *error;
    struct frame *frames; /* owned */
    size_t depth, capacity;
    const char *repeat; /* where the repetition right before `at` begins; NULL: there is none */
    size_t operand_at;  /* in `out`: of an operand that is an assertion */
    bool is_assertion;  /* the operand */
    bool has_flags;     /* behind the operand */
    bool has_no_class;  /* ":]" does not come any more */
};

static bool refuse(struct translation *t, const char *what, const char *from, const char *to)
{
    return sm_error_set(t->error, SM_ERROR_USAGE, "error parsing regexp: %s: `%.*s`", what, (int)(to - from), from);
}

static char look(const struct translation *t, size_t ahead)
{
    return (size_t)(t->end - t->at) > ahead ? t->at[ahead] : '\0';
}

/* Bytes of the character at `at`. */
static size_t rune_size(const struct translation *t, const char *at)
{
    size_t size = 1;
    if ((unsigned char)*at >= 0xc0)
        while (size < 4 && at + size < t->end && ((unsigned char)at[size] & 0xc0) == 0x80)
            size++;
    return size;
}

static void take(struct translation *t, size_t count)
{
    sm_bytes_append(t->out, t->at, count);
    t->at += count;
}

static void put(struct translation *t, const char *text, size_t skip)
{
    sm_bytes_append_text(t->out, text);
    t->at += skip;
}

/* ---- groups and operands */

static struct frame *frame_of(struct translation *t)
{
    return &t->frames[t->depth];
}

static void open_frame(struct translation *t)
{
    if (++t->depth >= t->capacity) {
        t->capacity = t->capacity * 2;
        t->frames = sm_realloc(t->frames, t->capacity, sizeof(*t->frames));
    }
    t->frames[t->depth] = (struct frame){.weight = 1};
}

static void weigh_operand(struct translation *t, unsigned weight)
{
    struct frame *frame = frame_of(t);
    frame->has_operand = true;
    frame->operand_weight = weight;
    if (weight > frame->weight)
        frame->weight = weight;
}

/* Something that a repetition may stand behind begins here. */
static void begin_operand(struct translation *t, bool is_assertion)
{
    weigh_operand(t, 1);
    t->operand_at = t->out->size;
    t->is_assertion = is_assertion;
    t->has_flags = false;
}

/* ---- escapes */

static void put_rune(struct translation *t, uint32_t rune)
{
    if (rune < 0x80 && isalnum((int)rune))
        sm_bytes_append_char(t->out, (char)rune);
    else
        sm_bytes_printf(t->out, "\\x{%x}", (unsigned)rune);
}

static int hex_digit(char c)
{
    const char *found = c ? strchr("0123456789abcdef", tolower((unsigned char)c)) : NULL;
    return found ? (int)(found - "0123456789abcdef") : -1;
}

static uint32_t decode_rune(const char *at, size_t size)
{
    uint32_t rune = size == 1 ? (unsigned char)*at : (unsigned char)*at & (0x7fu >> size);
    for (size_t i = 1; i < size; i++)
        rune = rune << 6 | ((unsigned char)at[i] & 0x3fu);
    return rune;
}

/* Behind \x: two digits, or any number of them in braces. */
static bool read_hex(struct translation *t, const char *escape, uint32_t *rune)
{
    size_t digits = 0;
    bool has_brace = look(t, 0) == '{';
    *rune = 0;
    t->at += has_brace;
    while (t->at < t->end && (has_brace || digits < 2)) {
        char c = *t->at;
        t->at += rune_size(t, t->at);
        if (has_brace && c == '}')
            return digits > 0 || refuse(t, INVALID_ESCAPE, escape, t->at);
        if (hex_digit(c) < 0)
            return refuse(t, INVALID_ESCAPE, escape, t->at);
        *rune = *rune * 16 + (uint32_t)hex_digit(c);
        digits++;
        if (*rune > RUNE_MAX)
            return refuse(t, INVALID_ESCAPE, escape, t->at);
    }
    return (!has_brace && digits == 2) || refuse(t, INVALID_ESCAPE, escape, t->at);
}

static void read_octal(struct translation *t, char first, uint32_t *rune)
{
    *rune = (uint32_t)(first - '0');
    for (unsigned i = 1; i < 3 && look(t, 0) >= '0' && look(t, 0) <= '7'; i++, t->at++)
        *rune = *rune * 8 + (uint32_t)(look(t, 0) - '0');
}

/* An escape that stands for one character. */
static bool read_escape(struct translation *t, uint32_t *rune)
{
    static const char letters[] = "afnrtv", meanings[] = "\a\f\n\r\t\v";
    const char *escape = t->at++;
    if (t->at == t->end)
        return refuse(t, TRAILING_BACKSLASH, t->at, t->at);
    char c = *t->at;
    t->at += rune_size(t, t->at);
    if (c == '0' || (c >= '1' && c <= '7' && look(t, 0) >= '0' && look(t, 0) <= '7')) {
        read_octal(t, c, rune);
        return true;
    }
    if (c == 'x')
        return read_hex(t, escape, rune);
    const char *letter = c ? strchr(letters, c) : NULL;
    *rune = letter ? (unsigned char)meanings[letter - letters] : (unsigned char)c;
    return letter || ((unsigned char)c < 0x80 && !isalnum((unsigned char)c)) || refuse(t, INVALID_ESCAPE, escape, t->at);
}

/* PCRE2 knows more properties than Go. */
static bool is_property_known(struct sm_slice property, struct sm_slice name)
{
    static const char *const foreign[] = {"Xan", "Xps", "Xsp", "Xuc", "Xwd"};
    if (sm_slice_starts_with(name, SM_SLICE("^")))
        name = sm_slice_make(name.ptr + 1, name.size - 1);
    for (size_t i = 0; i < name.size; i++)
        if (!isalpha((unsigned char)name.ptr[i]) && !memchr("_- ", name.ptr[i], 3))
            return false;
    for (size_t i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++)
        if (sm_slice_is(name, foreign[i]))
            return false;
    int error = 0;
    PCRE2_SIZE offset = 0;
    pcre2_code *code = pcre2_compile((PCRE2_SPTR)property.ptr, property.size, PCRE2_UTF, &error, &offset, NULL);
    pcre2_code_free(code);
    return code != NULL;
}

/* \pN, \p{Greek}, \P{^Lu}. */
static bool take_property(struct translation *t)
{
    const char *name = t->at + 2, *end = name;
    bool has_brace = look(t, 2) == '{';
    if (has_brace) {
        name++;
        end = memchr(name, '}', (size_t)(t->end - name));
        if (!end)
            return refuse(t, INVALID_RANGE, t->at, t->end);
    } else if (end < t->end) {
        end += rune_size(t, end);
    }
    const char *behind = end + has_brace;
    if (!is_property_known(sm_slice_make(t->at, (size_t)(behind - t->at)), sm_slice_make(name, (size_t)(end - name))))
        return refuse(t, INVALID_RANGE, t->at, behind);
    take(t, (size_t)(behind - t->at));
    return true;
}

/* What a class of Perl's stands for; NULL: the escape is none. */
static const char *perl_class(char c, bool in_class)
{
    switch (c) {
    case 'd':
        return "\\d";
    case 'D':
        return in_class ? "\\D" : "[^\\d]"; /* PCRE2 10.42 with JIT and invalid UTF-8 allowed does not find é for \D or \W */
    case 'w':
        return "\\w";
    case 'W':
        return in_class ? "\\W" : "[^\\w]";
    case 's': /* without \v */
        return in_class ? "\\t\\n\\f\\r " : "[\\t\\n\\f\\r ]";
    case 'S':
        return in_class ? "\\S\\x0b" : "[^\\t\\n\\f\\r ]";
    default:
        return NULL;
    }
}

/* \Q…\E: every character stands for itself. */
static void take_quoted(struct translation *t)
{
    t->at += 2;
    while (t->at < t->end && !(look(t, 0) == '\\' && look(t, 1) == 'E')) {
        size_t size = rune_size(t, t->at);
        begin_operand(t, false);
        put_rune(t, decode_rune(t->at, size));
        t->at += size;
    }
    if (t->at < t->end)
        t->at += 2;
}

static bool take_escape(struct translation *t)
{
    char c = look(t, 1);
    uint32_t rune;
    if (c == 'Q') {
        take_quoted(t);
        return true;
    }
    begin_operand(t, c && strchr("AbBz", c));
    if (t->is_assertion) {
        take(t, 2);
        return true;
    }
    if (c == 'p' || c == 'P')
        return take_property(t);
    const char *class = perl_class(c, false);
    if (class) {
        put(t, class, 2);
        return true;
    }
    if (!read_escape(t, &rune))
        return false;
    put_rune(t, rune);
    return true;
}

/* ---- classes */

/* Bytes of [:alpha:] within a class, 0: there is none here. */
static size_t named_class_size(struct translation *t)
{
    if (look(t, 0) != '[' || look(t, 1) != ':' || t->has_no_class)
        return 0;
    for (const char *at = t->at + 2; at + 1 < t->end; at++)
        if (at[0] == ':' && at[1] == ']')
            return (size_t)(at + 2 - t->at);
    t->has_no_class = true;
    return 0;
}

static bool take_named_class(struct translation *t, size_t size)
{
    static const char *const names[] = {"alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph",
                                        "lower", "print", "punct", "space", "upper", "word",  "xdigit"};
    struct sm_slice name = sm_slice_make(t->at + 2, size - 4);
    if (sm_slice_starts_with(name, SM_SLICE("^")))
        name = sm_slice_make(name.ptr + 1, name.size - 1);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (sm_slice_is(name, names[i])) {
            take(t, size);
            return true;
        }
    return refuse(t, INVALID_RANGE, t->at, t->at + size);
}

static bool read_class_rune(struct translation *t, const char *class, uint32_t *rune)
{
    if (t->at == t->end)
        return refuse(t, MISSING_BRACKET, class, t->end);
    if (*t->at == '\\')
        return read_escape(t, rune);
    size_t size = rune_size(t, t->at);
    *rune = decode_rune(t->at, size);
    t->at += size;
    return true;
}

/* One character or a range of them. */
static bool take_class_range(struct translation *t, const char *class)
{
    const char *range = t->at;
    uint32_t low, high;
    if (!read_class_rune(t, class, &low))
        return false;
    put_rune(t, low);
    if (look(t, 0) != '-' || t->end - t->at < 2 || look(t, 1) == ']')
        return true;
    t->at++;
    if (!read_class_rune(t, class, &high))
        return false;
    if (high < low)
        return refuse(t, INVALID_RANGE, range, t->at);
    sm_bytes_append_char(t->out, '-');
    put_rune(t, high);
    return true;
}

static bool take_class_item(struct translation *t, const char *class)
{
    size_t named_size = named_class_size(t);
    if (named_size)
        return take_named_class(t, named_size);
    if (look(t, 0) == '\\' && (look(t, 1) == 'p' || look(t, 1) == 'P'))
        return take_property(t);
    const char *perl = look(t, 0) == '\\' ? perl_class(look(t, 1), true) : NULL;
    if (perl) {
        put(t, perl, 2);
        return true;
    }
    return take_class_range(t, class);
}

static bool take_class(struct translation *t)
{
    const char *class = t->at;
    begin_operand(t, false);
    take(t, look(t, 1) == '^' ? 2 : 1);
    for (bool is_first = true; t->at == t->end || *t->at != ']' || is_first; is_first = false)
        if (!take_class_item(t, class))
            return false;
    take(t, 1);
    return true;
}

/* ---- groups */

/* (?P<name> or (?<name>; `skip` bytes stand before the name. */
static bool take_name(struct translation *t, size_t skip)
{
    const char *name = t->at + skip, *end = memchr(name, '>', (size_t)(t->end - name));
    if (!end)
        return refuse(t, INVALID_NAME, t->at, t->end);
    bool is_sound = end > name;
    for (const char *c = name; c < end; c++)
        is_sound = is_sound && ((unsigned char)*c < 0x80 && (isalnum((unsigned char)*c) || *c == '_'));
    if (!is_sound)
        return refuse(t, INVALID_NAME, t->at, end + 1);
    take(t, (size_t)(end + 1 - t->at));
    open_frame(t);
    return true;
}

/* (?flags) or (?flags:. */
static bool take_flags(struct translation *t)
{
    bool is_negative = false, has_flag = false;
    const char *at = t->at + 2;
    for (; at < t->end; at++) {
        if (strchr("imsU", *at)) {
            has_flag = true;
        } else if (*at == '-' && !is_negative) {
            is_negative = true;
            has_flag = false;
        } else {
            break;
        }
    }
    bool is_ended = at < t->end && (*at == ':' || *at == ')');
    if (!is_ended || (is_negative && !has_flag))
        return refuse(t, INVALID_PERL, t->at, at < t->end ? at + rune_size(t, at) : at);
    bool is_group = *at == ':';
    t->has_flags = true;
    take(t, (size_t)(at + 1 - t->at));
    if (is_group)
        open_frame(t);
    return true;
}

static bool take_group(struct translation *t)
{
    if (look(t, 1) == '?') {
        if (look(t, 2) == 'P' && look(t, 3) == '<')
            return take_name(t, 4);
        return look(t, 2) == '<' ? take_name(t, 3) : take_flags(t);
    }
    take(t, 1);
    open_frame(t);
    return true;
}

static bool end_group(struct translation *t)
{
    if (t->depth == 0)
        return refuse(t, UNEXPECTED_PAREN, t->start, t->end);
    unsigned weight = frame_of(t)->weight;
    t->depth--;
    weigh_operand(t, weight);
    t->is_assertion = t->has_flags = false;
    take(t, 1);
    return true;
}

/* ---- repetitions */

/* PCRE2 repeats no assertion, only a group of it. */
static void wrap_assertion(struct translation *t)
{
    struct sm_slice assertion = sm_slice_make(t->out->ptr + t->operand_at, t->out->size - t->operand_at);
    char copy[2]; /* "\b" at most */
    assert(assertion.size <= sizeof(copy));
    memcpy(copy, assertion.ptr, assertion.size);
    t->out->size = t->operand_at;
    sm_bytes_printf(t->out, "(?:%.*s)", (int)assertion.size, copy);
    t->is_assertion = false;
}

/* The repetition of `size` bytes here, which may be followed by "?". */
static bool take_repeat(struct translation *t, size_t size, const char *before)
{
    const char *repeat = t->at, *end = t->at + size;
    if (end < t->end && *end == '?')
        end++;
    if (before)
        return refuse(t, INVALID_REPEAT, before, end);
    if (!frame_of(t)->has_operand)
        return refuse(t, MISSING_ARGUMENT, repeat, end);
    if (t->has_flags)
        return refuse(t, "flags between a repetition and what it repeats", repeat, end);
    if (t->is_assertion)
        wrap_assertion(t);
    take(t, (size_t)(end - repeat));
    t->repeat = repeat;
    return true;
}

/* A number without leading zeros; one that is much too large is -1. False: there is none. */
static bool read_count(const char **at, const char *end, int *number)
{
    const char *start = *at;
    *number = 0;
    for (; *at < end && isdigit((unsigned char)**at); ++*at)
        *number = *number < 0 || *number > 10 * REPEAT_MAX ? -1 : *number * 10 + (**at - '0');
    return *at > start && (*start != '0' || *at == start + 1);
}

/* {n}, {n,} or {n,m}, max -1: without an upper limit. Returns its size, 0: it is text. */
static size_t read_counts(const struct translation *t, int *min, int *max)
{
    const char *at = t->at + 1;
    if (!read_count(&at, t->end, min))
        return 0;
    *max = *min;
    if (at < t->end && *at == ',') {
        at++;
        if (at < t->end && *at == '}')
            *max = -1;
        else if (!read_count(&at, t->end, max))
            return 0;
        else if (*max < 0)
            *min = -1;
    }
    return at < t->end && *at == '}' ? (size_t)(at + 1 - t->at) : 0;
}

static bool take_counted(struct translation *t, const char *before)
{
    int min, max;
    size_t size = read_counts(t, &min, &max);
    if (size == 0) {
        begin_operand(t, false);
        put(t, "\\{", 1);
        return true;
    }
    const char *repeat = t->at;
    if (min < 0 || min > REPEAT_MAX || max > REPEAT_MAX || (max >= 0 && min > max))
        return refuse(t, INVALID_COUNT, repeat, repeat + size);
    if (!take_repeat(t, size, before))
        return false;
    int most = max < 0 ? min : max;
    unsigned weight = max == 0 ? 1 : frame_of(t)->operand_weight * (unsigned)(most > 0 ? most : 1);
    if ((min >= 2 || max >= 2) && weight > REPEAT_MAX)
        return refuse(t, INVALID_COUNT, repeat, t->at);
    weigh_operand(t, weight);
    return true;
}

/* ---- the pattern */

static bool take_part(struct translation *t)
{
    const char *before = t->repeat;
    t->repeat = NULL;
    switch (*t->at) {
    case '\\':
        return take_escape(t);
    case '[':
        return take_class(t);
    case '(':
        return take_group(t);
    case ')':
        return end_group(t);
    case '|':
        frame_of(t)->has_operand = false;
        take(t, 1);
        return true;
    case '{':
        return take_counted(t, before);
    case '*':
    case '+':
    case '?':
        return take_repeat(t, 1, before);
    default:
        begin_operand(t, *t->at == '^' || *t->at == '$');
        take(t, rune_size(t, t->at));
        return true;
    }
}

static bool translate(struct translation *t)
{
    if (t->end - t->start > PATTERN_SIZE_MAX)
        return sm_error_set(t->error, SM_ERROR_USAGE, "error parsing regexp: longer than %d bytes", PATTERN_SIZE_MAX);
    while (t->at < t->end)
        if (!take_part(t))
            return false;
    return t->depth == 0 || refuse(t, MISSING_PAREN, t->start, t->end);
}

bool sm_regex_translate(struct sm_slice pattern, struct sm_bytes *out, struct sm_error *error)
{
    enum { FIRST_CAPACITY = 8 };
    const char *text = pattern.ptr ? pattern.ptr : "";
    struct translation t = {.start = text, .at = text, .end = text + pattern.size, .out = out, .error = error, .capacity = FIRST_CAPACITY};
    t.frames = sm_alloc(t.capacity, sizeof(*t.frames));
    t.frames[0].weight = 1;
    bool is_fine = translate(&t);
    free(t.frames);
    return is_fine;
}
