/* functions_format.c - the converter Format: Go's fmt.Sprintf.
 *
 * Verbs v d s q x X o O b c U e E f F g G t T w and %%, the flags + - # 0 and space, width and precision as numbers or *, argument indexes [n]. What
 * does not fit is written into the text as Go writes it: %!d(string=…), %!s(MISSING), %!(EXTRA …). Widths and precisions have Go's limits. Where Go
 * would show addresses (maps and lists of the telemetry, zones of times), their JSON or nothing is shown.
 *
 * Source: the documentation of Go's package fmt. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/hex.h"
#include "ottl/compile.h"
#include "ottl/go_format.h"
#include "ottl/runes.h"

enum { WIDTH_MAX = 1000000 }; /* as in Go */

struct formatting {
    struct sm_slice format;
    size_t at;
    const struct sm_ottl_value *values;
    size_t count, next;
    bool reordered;
    bool has_bad_index; /* the directive that is being read names a value that is not there */
    bool is_bad;        /* showing a value whose verb does not fit: without its own text form */
    bool is_inside;     /* an element of a list or map, or a member */
    bool is_plain_go;   /* the values are Go's own: ints and maps, not pdata's */
    struct sm_go_output to;
};

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
        return value->is_unsigned ? "uint64" : "int";
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

static void format_value(struct formatting *f, const struct sm_go_directive *d, const struct sm_ottl_value *value, const char *verb,
                         size_t verb_size);

static void format_inside(struct formatting *f, const struct sm_go_directive *d, const struct sm_ottl_value *value, const char *verb,
                          size_t verb_size)
{
    bool was_inside = f->is_inside;
    f->is_inside = true;
    format_value(f, d, value, verb, verb_size);
    f->is_inside = was_inside;
}

static struct sm_ottl_value list_item(struct formatting *f, const struct sm_ottl_value *value, size_t index)
{
    if (value->kind == SM_OTTL_LIST)
        return value->parts ? value->parts[index] : sm_ottl_from_attribute(&value->list->items[index], f->to.arena);
    if (value->object_kind == SM_OTTL_UINTS)
        return sm_ottl_int((int64_t)((const uint64_t *)value->object)[index]);
    return sm_ottl_double(((const double *)value->object)[index]);
}

/* An element of a list or a map: nil has no type to complain of there. */
static void format_item(struct formatting *f, const struct sm_go_directive *d, const struct sm_ottl_value *item, const char *verb, size_t verb_size)
{
    if (item->kind == SM_OTTL_NIL)
        sm_bytes_append_text(f->to.out, d->as_source ? "interface {}(nil)" : "<nil>");
    else
        format_inside(f, d, item, verb, verb_size);
}

/* "[a b]", as source "type{a, b}". */
static void open_braces(struct formatting *f, const struct sm_go_directive *d, const char *type)
{
    if (d->as_source)
        sm_bytes_printf(f->to.out, "%s{", type);
    else
        sm_bytes_append_char(f->to.out, '[');
}

static void close_braces(struct formatting *f, const struct sm_go_directive *d)
{
    sm_bytes_append_char(f->to.out, d->as_source ? '}' : ']');
}

static void separate(struct formatting *f, const struct sm_go_directive *d, size_t index)
{
    if (index > 0)
        sm_bytes_append_text(f->to.out, d->as_source ? ", " : " ");
}

/* "[a b]", with %#v "[]string{"a", "b"}". */
static void format_list(struct formatting *f, const struct sm_go_directive *d, const struct sm_ottl_value *value, const char *verb, size_t verb_size)
{
    size_t count = value->kind == SM_OTTL_LIST ? value->list->count : value->count;
    open_braces(f, d, go_type(f, value));
    for (size_t i = 0; i < count; i++) {
        struct sm_ottl_value item = list_item(f, value, i);
        separate(f, d, i);
        format_item(f, d, &item, verb, verb_size);
    }
    close_braces(f, d);
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

/* A number without a sign, or the complaint that the verb does not fit it. */
static void write_unsigned(struct formatting *f, const struct sm_go_directive *d, uint64_t number, const char *type, char verb)
{
    if (sm_go_format_unsigned(&f->to, d, number, verb))
        return;
    sm_bytes_printf(f->to.out, "%%!%c(%s=", verb, type);
    sm_go_format_unsigned(&f->to, d, number, 'v');
    sm_bytes_append_char(f->to.out, ')');
}

/* Bytes one by one: "[1 2]", with %#v "[]byte{0x1, 0x2}". No bytes are a nil slice in the reference. */
static void format_bytes(struct formatting *f, const struct sm_go_directive *d, const struct sm_ottl_value *value, char verb)
{
    const char *type = value->kind == SM_OTTL_BYTES && !f->is_inside ? "[]byte" : go_type(f, value);
    if (d->as_source && value->kind == SM_OTTL_BYTES && value->text.size == 0) {
        sm_bytes_printf(f->to.out, "%s(nil)", type);
        return;
    }
    open_braces(f, d, type);
    for (size_t i = 0; i < value->text.size; i++) {
        unsigned char byte = (unsigned char)value->text.ptr[i];
        separate(f, d, i);
        write_unsigned(f, d, byte, "uint8", verb);
    }
    close_braces(f, d);
}

static int order_keys(const void *a, const void *b)
{
    return sm_slice_compare(((const struct sm_attribute *)a)->key, ((const struct sm_attribute *)b)->key);
}

/* A map of Go: "map[a:1 b:x]", sorted by key, with %#v as its source. */
static void format_map(struct formatting *f, const struct sm_go_directive *d, const struct sm_ottl_value *value, const char *verb, size_t verb_size)
{
    size_t count = value->map->count;
    struct sm_attribute *sorted = sm_arena_zalloc(f->to.arena, count, sizeof(*sorted));
    if (count) {
        memcpy(sorted, value->map->entries, count * sizeof(*sorted));
        qsort(sorted, count, sizeof(*sorted), order_keys);
    }
    sm_bytes_append_text(f->to.out, d->as_source ? "map[string]interface {}{" : "map[");
    for (size_t i = 0; i < count; i++) {
        struct sm_ottl_value key = sm_ottl_string(sorted[i].key), item = sm_ottl_from_attribute(&sorted[i].value, f->to.arena);
        separate(f, d, i);
        format_inside(f, d, &key, verb, verb_size);
        sm_bytes_append_char(f->to.out, ':');
        format_item(f, d, &item, verb, verb_size);
    }
    close_braces(f, d);
}

/* As Go's Time.GoString: "time.Date(2024, time.June, 13, 10, 0, 0, 0, time.UTC)". */
static struct sm_slice time_source(const struct sm_ottl_time *time, struct sm_arena *arena)
{
    static const char *const months[] = {"January", "February", "March",     "April",   "May",      "June",
                                         "July",    "August",   "September", "October", "November", "December"};
    struct sm_bytes out;
    struct tm tm = {0};
    time_t local = (time_t)(time->seconds + time->zone_offset_s);
    const char *place = time->location ? time->location : time->zone_name ? time->zone_name : time->zone_offset_s == 0 ? "UTC" : "";
    sm_bytes_init(&out, arena);
    gmtime_r(&local, &tm);
    sm_bytes_printf(&out, "time.Date(%lld, time.%s, %d, %d, %d, %d, %d, ", tm.tm_year + 1900LL, months[tm.tm_mon], tm.tm_mday, tm.tm_hour, tm.tm_min,
                    tm.tm_sec, time->nanos);
    if (strcmp(place, "UTC") == 0 || strcmp(place, "Local") == 0)
        sm_bytes_printf(&out, "time.%s)", place);
    else
        sm_bytes_printf(&out, "time.Location(\"%s\"))", place);
    return sm_bytes_slice(&out);
}

static void name_member(struct formatting *f, const struct sm_go_directive *d, const char *name)
{
    if (d->as_source || d->with_fields)
        sm_bytes_append_text(f->to.out, name);
}

/* The place of a time as a pointer that is nil, which it is for UTC. */
static void write_place(struct formatting *f, const struct sm_go_directive *d, char verb)
{
    if (verb == 'v' && d->as_source)
        sm_bytes_append_text(f->to.out, "(*time.Location)(nil)");
    else if (verb == 'v')
        sm_go_pad(&f->to, d, SM_SLICE("<nil>"));
    else if (strchr("bodxX", verb))
        sm_go_format_unsigned(&f->to, d, 0, verb);
    else {
        sm_bytes_printf(f->to.out, "%%!%c(*time.Location=", verb);
        sm_go_pad(&f->to, d, SM_SLICE("<nil>"));
        sm_bytes_append_char(f->to.out, ')');
    }
}

/* A time by its members: nanoseconds, seconds since the year 1, place. */
static void format_time_members(struct formatting *f, const struct sm_go_directive *d, const struct sm_ottl_time *time, const char *verb)
{
    const uint64_t seconds_until_1970 = UINT64_C(62135596800);
    struct sm_ottl_value seconds = sm_ottl_int((int64_t)((uint64_t)time->seconds + seconds_until_1970)); /* wraps, as in the reference */
    sm_bytes_append_text(f->to.out, d->as_source ? "time.Time{" : "{");
    name_member(f, d, "wall:");
    write_unsigned(f, d, (uint64_t)time->nanos, "uint64", *verb);
    separate(f, d, 1);
    name_member(f, d, "ext:");
    format_inside(f, d, &seconds, verb, 1);
    separate(f, d, 1);
    name_member(f, d, "loc:");
    write_place(f, d, *verb);
    sm_bytes_append_char(f->to.out, '}');
}

static bool has_text_form(const struct formatting *f, const struct sm_go_directive *d, char verb)
{
    return !f->is_bad && !d->as_source && strchr("vsqxX", verb);
}

static bool format_time(struct formatting *f, const struct sm_go_directive *d, const struct sm_ottl_time *time, const char *verb)
{
    if (has_text_form(f, d, *verb))
        return sm_go_format_text(&f->to, d, time_text(*time, f->to.arena), *verb);
    if (f->is_bad || !d->as_source)
        format_time_members(f, d, time, verb);
    else
        sm_go_format_text(&f->to, d, time_source(time, f->to.arena), 's');
    return true;
}

/* False: the verb does not fit the value. */
static bool format_known(struct formatting *f, const struct sm_go_directive *d, const struct sm_ottl_value *value, const char *verb)
{
    struct sm_slice text;
    switch (value->kind) {
    case SM_OTTL_NIL:
        if (*verb == 'v')
            sm_go_pad(&f->to, d, SM_SLICE("<nil>"));
        return *verb == 'v';
    case SM_OTTL_BOOL:
        return sm_go_format_bool(&f->to, d, value->boolean, *verb);
    case SM_OTTL_INT:
        if (value->is_unsigned)
            return sm_go_format_unsigned(&f->to, d, (uint64_t)value->integer, *verb);
        return sm_go_format_integer(&f->to, d, value->integer, *verb);
    case SM_OTTL_DOUBLE:
        return sm_go_format_double(&f->to, d, value->number, *verb);
    case SM_OTTL_STRING:
        return sm_go_format_text(&f->to, d, value->text, *verb);
    case SM_OTTL_DURATION:
        if (has_text_form(f, d, *verb))
            return sm_go_format_text(&f->to, d, duration_text(value->integer, f->to.arena), *verb);
        return sm_go_format_integer(&f->to, d, value->integer, *verb);
    case SM_OTTL_TIME:
        return format_time(f, d, &value->time, verb);
    case SM_OTTL_BYTES:
        if (strchr("sqxX", *verb))
            return sm_go_format_text(&f->to, d, value->text, *verb);
        format_bytes(f, d, value, *verb);
        return true;
    case SM_OTTL_TRACE_ID:
    case SM_OTTL_SPAN_ID:
        if (has_text_form(f, d, *verb))
            return sm_go_format_text(&f->to, d, hex_text(value->text, f->to.arena), *verb);
        format_bytes(f, d, value, *verb);
        return true;
    default:
        break;
    }
    if (!sm_ottl_text(value, f->to.arena, &text))
        return false;
    return sm_go_format_text(&f->to, d, text, *verb);
}

static void write_bad(struct formatting *f, const struct sm_go_directive *d, size_t verb_size, const char *verb, const struct sm_ottl_value *value)
{
    bool was_bad = f->is_bad;
    f->is_bad = true;
    sm_bytes_append_text(f->to.out, "%!");
    sm_bytes_append(f->to.out, verb, verb_size);
    sm_bytes_append_char(f->to.out, '(');
    if (value->kind == SM_OTTL_NIL) {
        sm_bytes_append_text(f->to.out, "<nil>");
    } else {
        sm_bytes_printf(f->to.out, "%s=", go_type(f, value));
        format_value(f, d, value, "v", 1);
    }
    sm_bytes_append_char(f->to.out, ')');
    f->is_bad = was_bad;
}

/* Verbs that complain of a whole value before looking into it: %w, and %p of what is no pointer. */
static bool is_refused_whole(const struct formatting *f, const struct sm_ottl_value *value, char verb)
{
    bool is_id = value->kind == SM_OTTL_TRACE_ID || value->kind == SM_OTTL_SPAN_ID;
    if (verb == 'p')
        return !f->is_inside && (is_id || value->kind == SM_OTTL_TIME || value->kind == SM_OTTL_DURATION);
    return verb == 'w' && !f->is_bad && value->kind != SM_OTTL_BYTES;
}

static void format_value(struct formatting *f, const struct sm_go_directive *d, const struct sm_ottl_value *value, const char *verb, size_t verb_size)
{
    if (*verb == 'T' && value->kind == SM_OTTL_NIL)
        sm_go_pad(&f->to, d, SM_SLICE("<nil>"));
    else if (*verb == 'T')
        sm_go_format_text(&f->to, d, sm_slice_of(go_type(f, value)), 's');
    else if (is_refused_whole(f, value, *verb))
        write_bad(f, d, verb_size, verb, value);
    else if (value->kind == SM_OTTL_LIST || is_list_of_numbers(value))
        format_list(f, d, value, verb, verb_size);
    else if (value->kind == SM_OTTL_MAP && (f->is_plain_go || value->is_written))
        format_map(f, d, value, verb, verb_size);
    else if (verb_size != 1 || !format_known(f, d, value, verb))
        write_bad(f, d, verb_size, verb, value);
}

/* ---- directives */

static bool is_too_large(int64_t number)
{
    return number > WIDTH_MAX || number < -WIDTH_MAX;
}

/* False when there is none; one that is far too large takes the rest of the format with it. */
static bool take_number(struct formatting *f, int *number)
{
    size_t start = f->at;
    *number = 0;
    for (; f->at < f->format.size && f->format.ptr[f->at] >= '0' && f->format.ptr[f->at] <= '9'; f->at++) {
        if (is_too_large(*number)) {
            *number = 0;
            f->at = f->format.size;
            return false;
        }
        *number = *number * 10 + (f->format.ptr[f->at] - '0');
    }
    return f->at > start;
}

/* "[3]" to 3. Without a closing bracket the opening one alone is taken. False: it holds no number. */
static bool take_bracketed(struct formatting *f, int *number)
{
    const char *rest = f->format.ptr + f->at;
    size_t size = f->format.size - f->at;
    const char *close = size < 3 ? NULL : memchr(rest, ']', size);
    size_t end = f->at + (close ? (size_t)(close - rest) : 0);
    f->at++;
    if (!close)
        return false;
    bool is_number = take_number(f, number) && f->at == end;
    f->at = end + 1;
    return is_number;
}

/* "[3]": the next value is the third. False: there is no number in brackets. */
static bool take_index(struct formatting *f)
{
    int number = 0;
    if (f->at >= f->format.size || f->format.ptr[f->at] != '[')
        return false;
    f->reordered = true;
    bool is_number = take_bracketed(f, &number);
    if (is_number && number > 0 && (size_t)number <= f->count)
        f->next = (size_t)number - 1;
    else
        f->has_bad_index = true;
    return is_number;
}

static bool is_star(const struct formatting *f)
{
    return f->at < f->format.size && f->format.ptr[f->at] == '*';
}

/* "*": a value that is a whole number. False: the next one is none, or too large. */
static bool take_star(struct formatting *f, int *size)
{
    f->at++;
    const struct sm_ottl_value *value = f->next < f->count ? &f->values[f->next++] : NULL;
    bool is_good = value && (value->kind == SM_OTTL_INT || value->kind == SM_OTTL_DURATION) && !value->is_unsigned && !is_too_large(value->integer);
    *size = is_good ? (int)value->integer : 0;
    return is_good;
}

/* `is_behind_index`: what "[3]" stands before may not be a width of its own. */
static bool take_width(struct formatting *f, struct sm_go_directive *d, bool is_behind_index)
{
    if (!is_star(f)) {
        d->has_width = take_number(f, &d->width);
        f->has_bad_index = f->has_bad_index || (is_behind_index && d->has_width);
        return is_behind_index;
    }
    d->has_width = take_star(f, &d->width);
    if (!d->has_width)
        sm_bytes_append_text(f->to.out, "%!(BADWIDTH)");
    d->minus = d->minus || d->width < 0;
    d->width = abs(d->width);
    return false;
}

/* Behind the point. */
static bool take_precision(struct formatting *f, struct sm_go_directive *d)
{
    bool is_behind_index = take_index(f);
    d->has_precision = true;
    if (!is_star(f)) {
        take_number(f, &d->precision);
        return is_behind_index;
    }
    d->has_precision = take_star(f, &d->precision) && d->precision >= 0;
    if (!d->has_precision) {
        d->precision = 0;
        sm_bytes_append_text(f->to.out, "%!(BADPREC)");
    }
    return false;
}

static void take_flags(struct formatting *f, struct sm_go_directive *d)
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

/* For %v and %w the flags # and + ask for another form of the whole, not of its parts. */
static void show_parts(struct sm_go_directive *d, char verb)
{
    if (verb != 'v' && verb != 'w')
        return;
    d->as_source = d->sharp;
    d->with_fields = d->plus;
    d->sharp = d->plus = false;
}

/* Flags, width and precision, in which indexes may stand. */
static void take_directive(struct formatting *f, struct sm_go_directive *d)
{
    f->has_bad_index = false;
    take_flags(f, d);
    bool is_behind_index = take_width(f, d, take_index(f));
    if (f->at + 1 < f->format.size && f->format.ptr[f->at] == '.') { /* the last byte is a verb */
        f->at++;
        f->has_bad_index = f->has_bad_index || is_behind_index;
        is_behind_index = take_precision(f, d);
    }
    if (!is_behind_index)
        take_index(f);
}

static struct sm_slice take_verb(struct formatting *f)
{
    size_t start = f->at;
    uint32_t rune = sm_ottl_rune_next(f->format, &f->at);
    return rune == SM_OTTL_RUNE_WRONG ? SM_SLICE("\xef\xbf\xbd") : sm_slice_make(f->format.ptr + start, f->at - start);
}

static void format_directive(struct formatting *f)
{
    struct sm_go_directive d = {0};
    take_directive(f, &d);
    if (f->at >= f->format.size) {
        sm_bytes_append_text(f->to.out, "%!(NOVERB)");
        return;
    }
    struct sm_slice verb = take_verb(f);
    if (verb.ptr[0] == '%')
        sm_bytes_append_char(f->to.out, '%');
    else if (f->has_bad_index)
        sm_bytes_printf(f->to.out, "%%!%.*s(BADINDEX)", SM_SLICE_ARGS(verb));
    else if (f->next >= f->count)
        sm_bytes_printf(f->to.out, "%%!%.*s(MISSING)", SM_SLICE_ARGS(verb));
    else {
        show_parts(&d, verb.ptr[0]);
        format_value(f, &d, &f->values[f->next++], verb.ptr, verb.size);
    }
}

static void append_extra(struct formatting *f)
{
    const struct sm_go_directive plain = {0};
    if (f->reordered || f->next >= f->count)
        return;
    sm_bytes_append_text(f->to.out, "%!(EXTRA ");
    for (size_t i = f->next; i < f->count; i++) {
        if (i > f->next)
            sm_bytes_append_text(f->to.out, ", ");
        if (f->values[i].kind != SM_OTTL_NIL)
            sm_bytes_printf(f->to.out, "%s=", go_type(f, &f->values[i]));
        format_value(f, &plain, &f->values[i], "v", 1);
    }
    sm_bytes_append_char(f->to.out, ')');
}

static void format_all(struct formatting *f)
{
    while (f->at < f->format.size) {
        char c = f->format.ptr[f->at++];
        if (c == '%')
            format_directive(f);
        else
            sm_bytes_append_char(f->to.out, c);
    }
    append_extra(f);
}

struct sm_slice sm_ottl_sprintf(struct sm_slice format, const struct sm_ottl_value *values, size_t count, struct sm_arena *arena)
{
    struct sm_bytes text;
    sm_bytes_init(&text, arena);
    struct formatting f = {.format = format, .values = values, .count = count, .is_plain_go = true, .to = {.out = &text, .arena = arena}};
    format_all(&f);
    return sm_bytes_slice(&text);
}

static bool call_format(const struct sm_ottl_call *call, struct sm_ottl_run *run, struct sm_ottl_value *out)
{
    const struct sm_ottl_arg *list = &call->args[1];
    struct sm_ottl_value *values = sm_arena_zalloc(run->arena, list->count, sizeof(*values));
    struct sm_bytes text;
    struct formatting f = {.format = call->args[0].text, .values = values, .count = list->count, .to = {.out = &text, .arena = run->arena}};
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
