/* functions_format.c - the converter Format: Go's fmt.Sprintf.
 *
 * Verbs v d s q x X o b c U e E f F g G t T and %%, the flags + - # 0 and space, width and precision as numbers or *, argument indexes [n]. What does
 * not fit is written into the text as Go writes it: %!d(string=…), %!s(MISSING), %!(EXTRA …). Width and precision are limited.
 * Source: the documentation of Go's package fmt. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "ottl/compile.h"
#include "base/hex.h"
#include "ottl/runes.h"
#include "wire/number.h"

enum { WIDTH_MAX = 1000000 }; /* as in Go */

struct directive {
    bool plus, minus, sharp, zero, space;
    bool has_width, has_precision;
    int width, precision;
};

struct formatting {
    struct sm_slice format;
    size_t at;
    const struct sm_ottl_value *values;
    size_t count, next;
    bool reordered;
    bool is_bad;      /* showing a value whose verb does not fit: without its own text form */
    bool is_plain_go; /* the values are Go's own: ints and maps, not pdata's */
    struct sm_arena *arena;
    struct sm_bytes *out;
};

static void pad(struct formatting *f, const struct directive *d, struct sm_slice text, bool with_zeros)
{
    size_t runes = sm_ottl_rune_count(text), width = d->has_width ? (size_t)d->width : 0, missing = width > runes ? width - runes : 0;
    bool zeros = with_zeros && d->zero && !d->minus;
    if (zeros && text.size > 0 && (text.ptr[0] == '-' || text.ptr[0] == '+' || text.ptr[0] == ' ')) {
        sm_bytes_append_char(f->out, text.ptr[0]);
        text = sm_slice_make(text.ptr + 1, text.size - 1);
    }
    for (size_t i = 0; i < missing && !d->minus; i++)
        sm_bytes_append_char(f->out, zeros ? '0' : ' ');
    sm_bytes_append_slice(f->out, text);
    for (size_t i = 0; i < missing && d->minus; i++)
        sm_bytes_append_char(f->out, ' ');
}

/* ---- integers */

static void write_integer(struct formatting *f, const struct directive *d, int64_t number, unsigned base, bool upper)
{
    char digits[72], *end = digits + sizeof(digits), *at = end;
    uint64_t rest = number < 0 ? -(uint64_t)number : (uint64_t)number;
    struct sm_bytes text;
    struct directive plain = *d;
    sm_bytes_init(&text, f->arena);
    for (; rest > 0 || at == end; rest /= base)
        *--at = (upper ? "0123456789ABCDEF" : "0123456789abcdef")[rest % base];
    if (d->has_precision && d->precision == 0 && number == 0)
        at = end;
    if (number < 0 || d->plus || d->space)
        sm_bytes_append_char(&text, number < 0 ? '-' : d->plus ? '+' : ' ');
    if (d->sharp && base != 10)
        sm_bytes_append_text(&text, base == 16 ? (upper ? "0X" : "0x") : base == 2 ? "0b" : "0");
    size_t width = d->has_width ? (size_t)d->width : 0, zeros = d->zero && !d->minus && width > text.size ? width - text.size : 0;
    size_t wanted = d->has_precision ? (size_t)d->precision : zeros;
    for (size_t i = (size_t)(end - at); i < wanted; i++)
        sm_bytes_append_char(&text, '0');
    sm_bytes_append(&text, at, (size_t)(end - at));
    plain.zero = false;
    pad(f, &plain, sm_bytes_slice(&text), false);
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

static bool write_rune(struct formatting *f, const struct directive *d, int64_t number, char verb)
{
    struct sm_bytes text;
    bool is_rune = number >= 0 && number <= 0x10ffff && (number < 0xd800 || number > 0xdfff);
    uint32_t rune = is_rune ? (uint32_t)number : (uint32_t)SM_OTTL_RUNE_WRONG;
    sm_bytes_init(&text, f->arena);
    if (verb == 'q') {
        sm_bytes_append_char(&text, '\'');
        append_quoted_rune(&text, rune, '\'', d->plus);
        sm_bytes_append_char(&text, '\'');
    } else if (verb == 'U') {
        sm_bytes_printf(&text, "U+%04" PRIX64, (uint64_t)number);
    } else {
        sm_ottl_rune_append(&text, rune);
    }
    pad(f, d, sm_bytes_slice(&text), verb == 'q');
    return true;
}

static bool format_integer(struct formatting *f, const struct directive *d, int64_t number, char verb)
{
    switch (verb) {
    case 'v':
    case 'd':
        write_integer(f, d, number, 10, false);
        return true;
    case 'x':
    case 'X':
        write_integer(f, d, number, 16, verb == 'X');
        return true;
    case 'o':
    case 'O':
        if (verb == 'O')
            sm_bytes_append_text(f->out, "0o");
        write_integer(f, d, number, 8, false);
        return true;
    case 'b':
        write_integer(f, d, number, 2, false);
        return true;
    case 'c':
    case 'q':
    case 'U':
        return write_rune(f, d, number, verb);
    default:
        return false;
    }
}

/* ---- floats, texts, others */

/* "0x1.8p+01", "6755399441055744p-51": exponents of two digits at least. */
static size_t write_binary(char *text, size_t room, const struct directive *d, double number, char verb)
{
    int exponent, size;
    if (verb == 'b') {
        double fraction = frexp(number, &exponent);
        bool is_zero = number == 0;
        return (size_t)snprintf(text, room, "%s%" PRId64 "p%+d", signbit(number) && is_zero ? "-" : "", (int64_t)ldexp(fraction, 53),
                                is_zero ? -1074 : exponent - 53);
    }
    if (d->has_precision)
        size = snprintf(text, room, verb == 'x' ? "%.*a" : "%.*A", d->precision < 60 ? d->precision : 60, number);
    else
        size = snprintf(text, room, verb == 'x' ? "%a" : "%A", number);
    if (size > 2 && (text[size - 2] == '+' || text[size - 2] == '-')) {
        text[size] = text[size - 1];
        text[size - 1] = '0';
        text[++size] = '\0';
    }
    return (size_t)size;
}

static bool format_double(struct formatting *f, const struct directive *d, double number, char verb)
{
    char text[SM_NUMBER_SIZE_MAX + 2], pattern[8], *wide = text;
    size_t size;
    if (!strchr("veEfFgGxXb", verb))
        return false;
    if (isfinite(number) && strchr("xXb", verb)) {
        wide = sm_arena_alloc(f->arena, 96);
        size = write_binary(wide, 96, d, number, verb);
    } else if (!isfinite(number) || ((verb == 'v' || verb == 'g') && !d->has_precision)) {
        size = sm_number_format(number, SM_NUMBER_GENERAL, text);
        if (verb == 'v' && isfinite(number) && fabs(number) >= 1e6 && fabs(number) < 1e21) /* %v has another threshold for exponents */
            size = sm_number_format(number, SM_NUMBER_PLAIN, text);
        if (isinf(number) && number > 0 && !d->plus) /* Go: "+Inf" for %v too */
            size = (size_t)snprintf(text, sizeof(text), "+Inf");
    } else {
        snprintf(pattern, sizeof(pattern), "%%%s.*%c", d->sharp ? "#" : "", verb == 'v' ? 'g' : verb);
        int precision = d->has_precision ? d->precision : 6;
        int needed = snprintf(NULL, 0, pattern, precision, number);
        wide = sm_arena_alloc(f->arena, (size_t)needed + 1);
        size = (size_t)snprintf(wide, (size_t)needed + 1, pattern, precision, number);
    }
    struct sm_slice shown = sm_slice_make(wide, size);
    if ((d->plus || d->space) && shown.ptr[0] != '-' && shown.ptr[0] != '+')
        shown = sm_slice_of(sm_arena_printf(f->arena, "%c%.*s", d->plus ? '+' : ' ', SM_SLICE_ARGS(shown)));
    pad(f, d, shown, isfinite(number));
    return true;
}

static struct sm_slice cut_runes(struct sm_slice text, const struct directive *d)
{
    size_t end = 0;
    if (!d->has_precision)
        return text;
    for (int i = 0; i < d->precision && end < text.size; i++)
        sm_ottl_rune_next(text, &end);
    return sm_slice_make(text.ptr, end);
}

static bool format_text(struct formatting *f, const struct directive *d, struct sm_slice text, char verb)
{
    struct sm_bytes shown;
    sm_bytes_init(&shown, f->arena);
    switch (verb) {
    case 'v':
        if (d->sharp)
            append_quoted(&shown, text, d->plus);
        else
            sm_bytes_append_slice(&shown, cut_runes(text, d));
        break;
    case 's':
        sm_bytes_append_slice(&shown, cut_runes(text, d));
        break;
    case 'q':
        append_quoted(&shown, cut_runes(text, d), d->plus);
        break;
    case 'x':
    case 'X':
        if (d->sharp && text.size > 0)
            sm_bytes_append_text(&shown, verb == 'x' ? "0x" : "0X");
        for (size_t i = 0; i < text.size && (!d->has_precision || i < (size_t)d->precision); i++) {
            if (d->space && i > 0)
                sm_bytes_append_char(&shown, ' ');
            sm_bytes_printf(&shown, verb == 'x' ? "%02x" : "%02X", (unsigned char)text.ptr[i]);
        }
        break;
    default:
        return false;
    }
    pad(f, d, sm_bytes_slice(&shown), true);
    return true;
}

static bool format_bool(struct formatting *f, const struct directive *d, bool boolean, char verb)
{
    if (verb != 'v' && verb != 't')
        return false;
    pad(f, d, boolean ? SM_SLICE("true") : SM_SLICE("false"), true);
    return true;
}

static bool is_list_of_numbers(const struct sm_ottl_value *value)
{
    return value->kind == SM_OTTL_OBJECT && (value->object_kind == SM_OTTL_UINTS || value->object_kind == SM_OTTL_DOUBLES);
}

static const char *go_type(const struct formatting *f, const struct sm_ottl_value *value)
{
    static const char *const names[SM_OTTL_KIND_COUNT] = {
        [SM_OTTL_NIL] = "<nil>",
        [SM_OTTL_BOOL] = "bool",
        [SM_OTTL_INT] = "int64",
        [SM_OTTL_DOUBLE] = "float64",
        [SM_OTTL_STRING] = "string",
        [SM_OTTL_BYTES] = "[]uint8",
        [SM_OTTL_MAP] = "pcommon.Map",
        [SM_OTTL_LIST] = "[]interface {}",
        [SM_OTTL_TIME] = "time.Time",
        [SM_OTTL_DURATION] = "time.Duration",
        [SM_OTTL_TRACE_ID] = "pcommon.TraceID",
        [SM_OTTL_SPAN_ID] = "pcommon.SpanID",
        [SM_OTTL_OBJECT] = "struct",
    };
    if (f->is_plain_go && value->kind == SM_OTTL_INT)
        return "int";
    if (value->kind == SM_OTTL_MAP && (f->is_plain_go || value->is_written))
        return "map[string]interface {}";
    if (value->kind == SM_OTTL_LIST && value->is_typed)
        return "[]string";
    if (value->kind == SM_OTTL_LIST && !f->is_plain_go && !value->is_written)
        return "pcommon.Slice";
    if (is_list_of_numbers(value))
        return value->object_kind == SM_OTTL_UINTS ? "[]uint64" : "[]float64";
    return names[value->kind];
}

static void format_value(struct formatting *f, const struct directive *d, const struct sm_ottl_value *value, const char *verb, size_t verb_size);

static struct sm_ottl_value list_item(struct formatting *f, const struct sm_ottl_value *value, size_t index)
{
    if (value->kind == SM_OTTL_LIST)
        return value->parts ? value->parts[index] : sm_ottl_from_attribute(&value->list->items[index], f->arena);
    if (value->object_kind == SM_OTTL_UINTS)
        return sm_ottl_int((int64_t)((const uint64_t *)value->object)[index]);
    return sm_ottl_double(((const double *)value->object)[index]);
}

/* An element of a list or a map: nil has no type to complain of there. */
static void format_item(struct formatting *f, const struct directive *d, const struct sm_ottl_value *item, const char *verb, size_t verb_size)
{
    if (item->kind == SM_OTTL_NIL)
        sm_bytes_append_text(f->out, *verb == 'v' && d->sharp ? "interface {}(nil)" : "<nil>");
    else
        format_value(f, d, item, verb, verb_size);
}

/* "[a b]", with %#v "[]string{"a", "b"}". */
static void format_list(struct formatting *f, const struct directive *d, const struct sm_ottl_value *value, const char *verb, size_t verb_size)
{
    size_t count = value->kind == SM_OTTL_LIST ? value->list->count : value->count;
    bool as_source = *verb == 'v' && d->sharp;
    sm_bytes_append_text(f->out, as_source ? go_type(f, value) : "[");
    if (as_source)
        sm_bytes_append_char(f->out, '{');
    for (size_t i = 0; i < count; i++) {
        struct sm_ottl_value item = list_item(f, value, i);
        if (i > 0)
            sm_bytes_append_text(f->out, as_source ? ", " : " ");
        format_item(f, d, &item, verb, verb_size);
    }
    sm_bytes_append_char(f->out, as_source ? '}' : ']');
}

/* ---- values that are more than a number or a text */

/* As Go's Duration.String: "1h2m3.5s", "1.5µs", "0s". */
static struct sm_slice duration_text(int64_t ns, struct sm_arena *arena)
{
    struct sm_bytes out;
    uint64_t left = ns < 0 ? -(uint64_t)ns : (uint64_t)ns, unit = left < 1000 ? 1 : left < 1000000 ? 1000 : left < 1000000000 ? 1000000 : 1000000000;
    char fraction[16] = "";
    sm_bytes_init(&out, arena);
    if (left == 0)
        return SM_SLICE("0s");
    if (ns < 0)
        sm_bytes_append_char(&out, '-');
    uint64_t whole = left / unit, rest = left % unit;
    if (rest > 0) {
        int digits = unit == 1000 ? 3 : unit == 1000000 ? 6 : 9;
        int size = snprintf(fraction, sizeof(fraction), ".%0*" PRIu64, digits, rest);
        while (fraction[size - 1] == '0')
            fraction[--size] = '\0';
    }
    if (whole >= 3600)
        sm_bytes_printf(&out, "%" PRIu64 "h", whole / 3600);
    if (whole >= 60 && unit == 1000000000)
        sm_bytes_printf(&out, "%" PRIu64 "m", whole / 60 % 60);
    sm_bytes_printf(&out, "%" PRIu64 "%s%s", unit == 1000000000 ? whole % 60 : whole, fraction,
                    unit == 1         ? "ns"
                    : unit == 1000    ? "µs"
                    : unit == 1000000 ? "ms"
                                      : "s");
    return sm_bytes_slice(&out);
}

/* As Go's Time.String: "2040-07-01 00:00:00 -0400 EDT". */
static struct sm_slice time_text(struct sm_ottl_time time, struct sm_arena *arena)
{
    struct sm_bytes stamp, out;
    int offset = time.zone_offset_s < 0 ? -time.zone_offset_s : time.zone_offset_s;
    sm_bytes_init(&stamp, arena);
    sm_bytes_init(&out, arena);
    sm_ottl_append_rfc3339(&stamp, (struct sm_ottl_time){.seconds = time.seconds + time.zone_offset_s, .nanos = time.nanos});
    struct sm_slice text = sm_bytes_slice(&stamp);
    const char *separator = memchr(text.ptr, 'T', text.size);
    size_t date = separator ? (size_t)(separator - text.ptr) : text.size - 1;
    char sign = time.zone_offset_s < 0 ? '-' : '+';
    sm_bytes_append(&out, text.ptr, date);
    sm_bytes_printf(&out, " %.*s %c%02d%02d ", (int)(text.size - date - 2), text.ptr + date + 1, sign, offset / 3600, offset / 60 % 60);
    if (time.zone_name || time.zone_offset_s == 0)
        sm_bytes_append_text(&out, time.zone_name ? time.zone_name : "UTC");
    else
        sm_bytes_printf(&out, "%c%02d%02d", sign, offset / 3600, offset / 60 % 60);
    return sm_bytes_slice(&out);
}

static struct sm_slice hex_text(struct sm_slice id, struct sm_arena *arena)
{
    return sm_slice_is_zero(id) ? SM_SLICE("") : sm_hex_text(id, arena);
}

/* Bytes one by one: "[1 2]", with %#v "[]byte{0x1, 0x2}". */
static bool format_bytes(struct formatting *f, const struct directive *d, const struct sm_ottl_value *value, char verb)
{
    bool as_source = verb == 'v' && d->sharp;
    if (as_source)
        sm_bytes_printf(f->out, "%s{", value->kind == SM_OTTL_BYTES ? "[]byte" : go_type(f, value));
    else
        sm_bytes_append_char(f->out, '[');
    for (size_t i = 0; i < value->text.size; i++) {
        unsigned char byte = (unsigned char)value->text.ptr[i];
        if (i > 0)
            sm_bytes_append_text(f->out, as_source ? ", " : " ");
        if (as_source)
            sm_bytes_printf(f->out, "0x%x", byte);
        else if (!format_integer(f, d, byte, verb))
            sm_bytes_printf(f->out, "%%!%c(uint8=%u)", verb, byte);
    }
    sm_bytes_append_char(f->out, as_source ? '}' : ']');
    return true;
}

static int order_keys(const void *a, const void *b)
{
    return sm_slice_compare(((const struct sm_attribute *)a)->key, ((const struct sm_attribute *)b)->key);
}

/* A map of Go: "map[a:1 b:x]", sorted by key, with %#v as its source. */
static void format_map(struct formatting *f, const struct directive *d, const struct sm_ottl_value *value, const char *verb, size_t verb_size)
{
    size_t count = value->map->count;
    struct sm_attribute *sorted = sm_arena_zalloc(f->arena, count, sizeof(*sorted));
    if (count) {
        memcpy(sorted, value->map->entries, count * sizeof(*sorted));
        qsort(sorted, count, sizeof(*sorted), order_keys);
    }
    bool as_source = *verb == 'v' && d->sharp;
    sm_bytes_append_text(f->out, as_source ? "map[string]interface {}{" : "map[");
    for (size_t i = 0; i < count; i++) {
        struct sm_ottl_value key = sm_ottl_string(sorted[i].key), item = sm_ottl_from_attribute(&sorted[i].value, f->arena);
        if (i > 0)
            sm_bytes_append_text(f->out, as_source ? ", " : " ");
        format_value(f, d, &key, verb, verb_size);
        sm_bytes_append_char(f->out, ':');
        format_item(f, d, &item, verb, verb_size);
    }
    sm_bytes_append_char(f->out, as_source ? '}' : ']');
}

/* False: the verb does not fit the value. */
static bool format_known(struct formatting *f, const struct directive *d, const struct sm_ottl_value *value, char verb)
{
    struct sm_slice text;
    switch (value->kind) {
    case SM_OTTL_NIL:
        if (verb == 'v')
            pad(f, d, SM_SLICE("<nil>"), false);
        return verb == 'v';
    case SM_OTTL_BOOL:
        return format_bool(f, d, value->boolean, verb);
    case SM_OTTL_INT:
        return format_integer(f, d, value->integer, verb);
    case SM_OTTL_DOUBLE:
        return format_double(f, d, value->number, verb);
    case SM_OTTL_STRING:
        return format_text(f, d, value->text, verb);
    case SM_OTTL_DURATION:
        if (f->is_bad || !strchr("vsqxX", verb))
            return format_integer(f, d, value->integer, verb);
        return format_text(f, d, duration_text(value->integer, f->arena), verb);
    case SM_OTTL_TIME:
        return format_text(f, d, time_text(value->time, f->arena), verb);
    case SM_OTTL_BYTES:
        return strchr("sqxX", verb) ? format_text(f, d, value->text, verb) : format_bytes(f, d, value, verb);
    case SM_OTTL_TRACE_ID:
    case SM_OTTL_SPAN_ID:
        if (f->is_bad || d->sharp + (verb == 'v') == 2 || !strchr("vsqxX", verb))
            return format_bytes(f, d, value, verb);
        return format_text(f, d, hex_text(value->text, f->arena), verb);
    default:
        break;
    }
    if (!sm_ottl_text(value, f->arena, &text))
        return false;
    return format_text(f, d, text, verb);
}

static void write_bad(struct formatting *f, const struct directive *d, size_t verb_size, const char *verb, const struct sm_ottl_value *value)
{
    bool was_bad = f->is_bad;
    f->is_bad = true;
    sm_bytes_append_text(f->out, "%!");
    sm_bytes_append(f->out, verb, verb_size);
    sm_bytes_append_char(f->out, '(');
    if (value->kind != SM_OTTL_NIL)
        sm_bytes_printf(f->out, "%s=", go_type(f, value));
    format_value(f, d, value, "v", 1);
    sm_bytes_append_char(f->out, ')');
    f->is_bad = was_bad;
}

static void format_value(struct formatting *f, const struct directive *d, const struct sm_ottl_value *value, const char *verb, size_t verb_size)
{
    if (*verb == 'T')
        format_text(f, d, sm_slice_of(go_type(f, value)), 's');
    else if (value->kind == SM_OTTL_LIST || is_list_of_numbers(value))
        format_list(f, d, value, verb, verb_size);
    else if (value->kind == SM_OTTL_MAP && (f->is_plain_go || value->is_written))
        format_map(f, d, value, verb, verb_size);
    else if (verb_size != 1 || !format_known(f, d, value, *verb))
        write_bad(f, d, verb_size, verb, value);
}

/* ---- directives */

static bool take_number(struct formatting *f, int *number)
{
    size_t start = f->at;
    *number = 0;
    for (; f->at < f->format.size && f->format.ptr[f->at] >= '0' && f->format.ptr[f->at] <= '9'; f->at++)
        *number = *number > WIDTH_MAX ? *number : *number * 10 + (f->format.ptr[f->at] - '0');
    if (*number > WIDTH_MAX)
        *number = 0;
    return f->at > start;
}

/* "[3]": the next value is the third. False: it names none. */
static bool take_index(struct formatting *f)
{
    int number;
    if (f->at >= f->format.size || f->format.ptr[f->at] != '[')
        return true;
    f->reordered = true;
    f->at++;
    bool has_number = take_number(f, &number);
    bool is_closed = f->at < f->format.size && f->format.ptr[f->at] == ']';
    f->at += is_closed;
    if (!has_number || !is_closed || number < 1 || (size_t)number > f->count)
        return false;
    f->next = (size_t)number - 1;
    return true;
}

/* A number, or "*" for a value. */
static bool take_size(struct formatting *f, int *size, const char *error)
{
    if (f->at >= f->format.size || f->format.ptr[f->at] != '*')
        return take_number(f, size);
    f->at++;
    const struct sm_ottl_value *value = f->next < f->count ? &f->values[f->next++] : NULL;
    if (value && value->kind == SM_OTTL_INT && value->integer >= -WIDTH_MAX && value->integer <= WIDTH_MAX) {
        *size = (int)value->integer;
        return true;
    }
    sm_bytes_append_text(f->out, error);
    return false;
}

static void take_flags(struct formatting *f, struct directive *d)
{
    for (; f->at < f->format.size; f->at++)
        switch (f->format.ptr[f->at]) {
        case '+':
            d->plus = true;
            break;
        case '-':
            d->minus = true;
            break;
        case '#':
            d->sharp = true;
            break;
        case '0':
            d->zero = true;
            break;
        case ' ':
            d->space = true;
            break;
        default:
            return;
        }
}

static void format_directive(struct formatting *f)
{
    struct directive d = {0};
    take_flags(f, &d);
    bool has_index = take_index(f);
    d.has_width = take_size(f, &d.width, "%!(BADWIDTH)");
    if (d.width < 0) {
        d.minus = true;
        d.width = -d.width;
    }
    if (f->at < f->format.size && f->format.ptr[f->at] == '.') {
        f->at++;
        has_index = take_index(f) && has_index;
        d.has_precision = true;
        if (!take_size(f, &d.precision, "%!(BADPREC)") || d.precision < 0)
            d.precision = 0;
    }
    has_index = take_index(f) && has_index;
    if (f->at >= f->format.size) {
        sm_bytes_append_text(f->out, "%!(NOVERB)");
        return;
    }
    const char *verb = f->format.ptr + f->at;
    size_t start = f->at;
    sm_ottl_rune_next(f->format, &f->at);
    int verb_size = (int)(f->at - start);
    if (*verb == '%')
        sm_bytes_append_char(f->out, '%');
    else if (!has_index)
        sm_bytes_printf(f->out, "%%!%.*s(BADINDEX)", verb_size, verb);
    else if (f->next >= f->count)
        sm_bytes_printf(f->out, "%%!%.*s(MISSING)", verb_size, verb);
    else {
        d.plus = d.plus && *verb != 'v'; /* there it asks for names of fields, not for signs */
        format_value(f, &d, &f->values[f->next++], verb, (size_t)verb_size);
    }
}

static void append_extra(struct formatting *f)
{
    const struct directive plain = {0};
    if (f->reordered || f->next >= f->count)
        return;
    sm_bytes_append_text(f->out, "%!(EXTRA ");
    for (size_t i = f->next; i < f->count; i++) {
        if (i > f->next)
            sm_bytes_append_text(f->out, ", ");
        if (f->values[i].kind != SM_OTTL_NIL)
            sm_bytes_printf(f->out, "%s=", go_type(f, &f->values[i]));
        format_value(f, &plain, &f->values[i], "v", 1);
    }
    sm_bytes_append_char(f->out, ')');
}

static void format_all(struct formatting *f)
{
    while (f->at < f->format.size) {
        char c = f->format.ptr[f->at++];
        if (c == '%')
            format_directive(f);
        else
            sm_bytes_append_char(f->out, c);
    }
    append_extra(f);
}

struct sm_slice sm_ottl_sprintf(struct sm_slice format, const struct sm_ottl_value *values, size_t count, struct sm_arena *arena)
{
    struct sm_bytes text;
    sm_bytes_init(&text, arena);
    struct formatting f = {.format = format, .values = values, .count = count, .is_plain_go = true, .arena = arena, .out = &text};
    format_all(&f);
    return sm_bytes_slice(&text);
}

static bool call_format(const struct sm_ottl_call *call, struct sm_ottl_run *run, struct sm_ottl_value *out)
{
    const struct sm_ottl_arg *list = &call->args[1];
    struct sm_ottl_value *values = sm_arena_zalloc(run->arena, list->count, sizeof(*values));
    struct sm_bytes text;
    struct formatting f = {.format = call->args[0].text, .values = values, .count = list->count, .arena = run->arena, .out = &text};
    sm_bytes_init(&text, run->arena);
    for (size_t i = 0; i < list->count; i++)
        if (!sm_ottl_arg_any(&list->items[i], run, &values[i]))
            return false;
    format_all(&f);
    *out = sm_ottl_string(sm_bytes_slice(&text));
    return true;
}

const struct sm_ottl_function sm_ottl_format_functions[] = {
    {.name = "Format",
     .help = "The values written after a format, as fmt.Sprintf of Go.",
     .parameters = {{.name = "Format", .type = SM_OTTL_ARG_LITERAL_STRING}, {.name = "Vals", .type = SM_OTTL_ARG_ANY, .is_list = true}},
     .call = call_format},
    {0},
};
