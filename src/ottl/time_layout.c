/* time_layout.c - see time_layout.h. Elements are found by one table; reading and writing walk over them. */
#include "ottl/time_layout.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"

enum element {
    NO_ELEMENT,
    LONG_YEAR,
    YEAR,
    LONG_MONTH,
    MONTH,
    MONTH_NUMBER,
    LONG_WEEKDAY,
    WEEKDAY,
    DAY,
    DAY_OF_YEAR,
    HOUR,
    HOUR_12,
    MINUTE,
    SECOND,
    UPPER_HALF,
    LOWER_HALF,
    ZONE_NAME,
    OFFSET,
    FRACTION,
};

enum padding { UNPADDED, ZERO_PADDED, BLANK_PADDED };

/* Rows that begin alike: the longest first. `no_lower`: nothing that a lower-case letter follows. */
static const struct row {
    const char *text;
    enum element element;
    enum padding padding;
    bool no_lower;
    struct offset_form {
        unsigned char parts; /* hours, minutes, seconds */
        bool has_colon, is_iso;
    } offset;
} rows[] = {
    {"January", LONG_MONTH, .padding = UNPADDED},
    {"Jan", MONTH, .no_lower = true},
    {"Monday", LONG_WEEKDAY, .padding = UNPADDED},
    {"Mon", WEEKDAY, .no_lower = true},
    {"MST", ZONE_NAME, .padding = UNPADDED},
    {"01", MONTH_NUMBER, .padding = ZERO_PADDED},
    {"02", DAY, .padding = ZERO_PADDED},
    {"03", HOUR_12, .padding = ZERO_PADDED},
    {"04", MINUTE, .padding = ZERO_PADDED},
    {"05", SECOND, .padding = ZERO_PADDED},
    {"06", YEAR, .padding = ZERO_PADDED},
    {"002", DAY_OF_YEAR, .padding = ZERO_PADDED},
    {"15", HOUR, .padding = ZERO_PADDED},
    {"1", MONTH_NUMBER, .padding = UNPADDED},
    {"2006", LONG_YEAR, .padding = ZERO_PADDED},
    {"2", DAY, .padding = UNPADDED},
    {"_2", DAY, .padding = BLANK_PADDED},
    {"__2", DAY_OF_YEAR, .padding = BLANK_PADDED},
    {"3", HOUR_12, .padding = UNPADDED},
    {"4", MINUTE, .padding = UNPADDED},
    {"5", SECOND, .padding = UNPADDED},
    {"PM", UPPER_HALF, .padding = UNPADDED},
    {"pm", LOWER_HALF, .padding = UNPADDED},
    {"-070000", OFFSET, .offset = {3, false, false}},
    {"-07:00:00", OFFSET, .offset = {3, true, false}},
    {"-0700", OFFSET, .offset = {2, false, false}},
    {"-07:00", OFFSET, .offset = {2, true, false}},
    {"-07", OFFSET, .offset = {1, false, false}},
    {"Z070000", OFFSET, .offset = {3, false, true}},
    {"Z07:00:00", OFFSET, .offset = {3, true, true}},
    {"Z0700", OFFSET, .offset = {2, false, true}},
    {"Z07:00", OFFSET, .offset = {2, true, true}},
    {"Z07", OFFSET, .offset = {1, false, true}},
};

static const char *const months[] = {"January", "February", "March",     "April",   "May",      "June",
                                     "July",    "August",   "September", "October", "November", "December"};
static const char *const weekdays[] = {"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"};
enum { SHORT_NAME = 3 };

/* The next element of a layout and the text before it. */
struct chunk {
    struct sm_slice before, text;
    enum element element;
    const struct row *row; /* not for FRACTION */
    size_t digits;         /* FRACTION */
    bool trims;            /* FRACTION: written with 9: without zeros at the end */
};

static bool is_digit_at(struct sm_slice text, size_t at)
{
    return at < text.size && isdigit((unsigned char)text.ptr[at]);
}

static bool is_row_at(const struct row *row, struct sm_slice text, size_t at)
{
    size_t size = strlen(row->text);
    if (text.size - at < size || memcmp(text.ptr + at, row->text, size) != 0)
        return false;
    if (row->no_lower && at + size < text.size && islower((unsigned char)text.ptr[at + size]))
        return false;
    return row->element != DAY || row->padding != BLANK_PADDED || text.size - at < 5 || memcmp(text.ptr + at, "_2006", 5) != 0;
}

/* ".000", ",999": digits of one kind and no other digit behind them. */
static bool is_fraction_at(struct sm_slice text, size_t at, struct chunk *chunk)
{
    size_t end = at + 1;
    if ((text.ptr[at] != '.' && text.ptr[at] != ',') || end >= text.size || (text.ptr[end] != '0' && text.ptr[end] != '9'))
        return false;
    while (end < text.size && text.ptr[end] == text.ptr[at + 1])
        end++;
    chunk->element = FRACTION;
    chunk->digits = end - at - 1;
    chunk->trims = text.ptr[at + 1] == '9';
    chunk->text = sm_slice_make(text.ptr + at, end - at);
    return !is_digit_at(text, end);
}

/* False: no element is left, the rest is in `chunk->before`. */
static bool next_chunk(struct sm_slice *layout, struct chunk *chunk)
{
    for (size_t at = 0; at < layout->size; at++) {
        chunk->before = sm_slice_make(layout->ptr, at);
        chunk->row = NULL;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]) && !chunk->row; i++)
            if (is_row_at(&rows[i], *layout, at))
                chunk->row = &rows[i];
        if (chunk->row) {
            chunk->element = chunk->row->element;
            chunk->text = sm_slice_make(layout->ptr + at, strlen(chunk->row->text));
        } else if (!is_fraction_at(*layout, at, chunk)) {
            continue;
        }
        *layout = sm_slice_make(layout->ptr + at + chunk->text.size, layout->size - at - chunk->text.size);
        return true;
    }
    *chunk = (struct chunk){.before = *layout};
    *layout = (struct sm_slice){0};
    return false;
}

/* ---- reading */

struct reading {
    struct sm_slice rest; /* of the value */
    int year, month, day, day_of_year, hour, minute, second, nanos;
    enum { NO_HALF, MORNING, AFTERNOON } half;
    bool is_utc;
    int32_t offset; /* seconds; NO_OFFSET: none */
    struct sm_slice zone;
};
enum { NOT_SET = -1, NO_OFFSET = -1 };

enum verdict { FITS, DOES_NOT_FIT, OUT_OF_RANGE };

static void advance(struct reading *r, size_t size)
{
    r->rest = sm_slice_make(r->rest.ptr + size, r->rest.size - size);
}

static char first_of(const struct reading *r)
{
    return r->rest.size > 0 ? r->rest.ptr[0] : '\0';
}

static struct sm_slice without_blanks(struct sm_slice text)
{
    size_t blanks = 0;
    while (blanks < text.size && text.ptr[blanks] == ' ')
        blanks++;
    return sm_slice_make(text.ptr + blanks, text.size - blanks);
}

/* The text between elements. Blanks stand for any number of blanks, and at the end for none. */
static bool skip(struct reading *r, struct sm_slice text)
{
    while (text.size > 0) {
        if (text.ptr[0] == ' ') {
            if (r->rest.size > 0 && r->rest.ptr[0] != ' ')
                return false;
            text = without_blanks(text);
            r->rest = without_blanks(r->rest);
            continue;
        }
        if (first_of(r) != text.ptr[0] || r->rest.size == 0)
            return false;
        text = sm_slice_make(text.ptr + 1, text.size - 1);
        advance(r, 1);
    }
    return true;
}

/* `min` to `max` digits. */
static bool take_digits(struct reading *r, size_t min, size_t max, int *number)
{
    size_t count = 0;
    *number = 0;
    for (; count < max && is_digit_at(r->rest, count); count++)
        *number = *number * 10 + (r->rest.ptr[count] - '0');
    if (count < min)
        return false;
    advance(r, count);
    return true;
}

static enum verdict take_number(struct reading *r, enum padding padding, int min, int max, int *number)
{
    if (!take_digits(r, padding == ZERO_PADDED ? 2 : 1, 2, number))
        return DOES_NOT_FIT;
    return *number < min || *number > max ? OUT_OF_RANGE : FITS;
}

static enum verdict take_day(struct reading *r, enum padding padding, int *day)
{
    if (padding == BLANK_PADDED && first_of(r) == ' ')
        advance(r, 1);
    return take_digits(r, padding == ZERO_PADDED ? 2 : 1, 2, day) ? FITS : DOES_NOT_FIT;
}

static enum verdict take_day_of_year(struct reading *r, enum padding padding, int *day)
{
    for (int i = 0; padding == BLANK_PADDED && i < 2 && first_of(r) == ' '; i++)
        advance(r, 1);
    return take_digits(r, padding == ZERO_PADDED ? 3 : 1, 3, day) ? FITS : DOES_NOT_FIT;
}

static enum verdict take_year(struct reading *r, enum element element)
{
    if (!take_digits(r, element == YEAR ? 2 : 4, element == YEAR ? 2 : 4, &r->year))
        return DOES_NOT_FIT;
    if (element == YEAR)
        r->year += r->year >= 69 ? 1900 : 2000;
    return FITS;
}

static enum verdict take_name(struct reading *r, const char *const *names, int count, bool is_long, int *index)
{
    for (int i = 0; i < count; i++) {
        size_t size = is_long ? strlen(names[i]) : SHORT_NAME;
        if (r->rest.size < size || !sm_slice_equal_nocase(sm_slice_make(r->rest.ptr, size), sm_slice_make(names[i], size)))
            continue;
        advance(r, size);
        *index = i;
        return FITS;
    }
    return DOES_NOT_FIT;
}

static enum verdict take_half(struct reading *r, const char *morning, const char *afternoon)
{
    struct sm_slice half = sm_slice_make(r->rest.ptr, r->rest.size < 2 ? 0 : 2);
    if (!sm_slice_is(half, morning) && !sm_slice_is(half, afternoon))
        return DOES_NOT_FIT;
    r->half = sm_slice_is(half, morning) ? MORNING : AFTERNOON;
    advance(r, 2);
    return FITS;
}

/* "." or "," and `digits` digits, of which nine count. */
static void take_nanos(struct reading *r, size_t digits)
{
    r->nanos = 0;
    for (size_t i = 1; i <= 9; i++)
        r->nanos = r->nanos * 10 + (i <= digits ? r->rest.ptr[i] - '0' : 0);
    advance(r, digits + 1);
}

static size_t fraction_size(const struct reading *r)
{
    size_t digits = 0;
    if (first_of(r) == '.' || first_of(r) == ',')
        while (is_digit_at(r->rest, digits + 1))
            digits++;
    return digits;
}

static enum verdict take_fraction(struct reading *r, const struct chunk *chunk)
{
    size_t digits = fraction_size(r);
    if (chunk->trims) {
        if (digits > 0)
            take_nanos(r, digits);
        return FITS;
    }
    if (digits < chunk->digits)
        return DOES_NOT_FIT;
    take_nanos(r, chunk->digits);
    return FITS;
}

/* A fraction behind the seconds is taken also where the layout has none. */
static enum verdict take_second(struct reading *r, enum padding padding, struct sm_slice layout)
{
    struct chunk next;
    enum verdict verdict = take_number(r, padding, 0, 59, &r->second);
    size_t digits = fraction_size(r);
    if (verdict != FITS || digits == 0 || (next_chunk(&layout, &next) && next.element == FRACTION))
        return verdict;
    take_nanos(r, digits);
    return FITS;
}

static enum verdict take_offset(struct reading *r, const struct offset_form *form)
{
    int parts[3] = {0, 0, 0};
    if (form->is_iso && first_of(r) == 'Z') {
        r->is_utc = true;
        advance(r, 1);
        return FITS;
    }
    bool is_negative = first_of(r) == '-';
    if (!is_negative && first_of(r) != '+')
        return DOES_NOT_FIT;
    advance(r, 1);
    for (unsigned i = 0; i < form->parts; i++) {
        if (i > 0 && form->has_colon) {
            if (first_of(r) != ':')
                return DOES_NOT_FIT;
            advance(r, 1);
        }
        if (!take_digits(r, 2, 2, &parts[i]))
            return DOES_NOT_FIT;
    }
    int32_t size = (parts[0] * 60 + parts[1]) * 60 + parts[2];
    r->offset = is_negative ? -size : size;
    return parts[0] > 24 || parts[1] > 60 || parts[2] > 60 ? OUT_OF_RANGE : FITS;
}

/* "+3", "-11": what some zones have for a name. 0: it is none. */
static size_t signed_hours_size(struct sm_slice text)
{
    size_t size = 1;
    int hours = 0;
    if (text.size < 2 || (text.ptr[0] != '+' && text.ptr[0] != '-'))
        return 0;
    for (; is_digit_at(text, size); size++)
        hours = hours > 23 ? hours : hours * 10 + (text.ptr[size] - '0');
    return size > 1 && hours <= 23 ? size : 0;
}

/* Three capitals, four or five with a T at the end, and a few others. 0: it is no abbreviation of a zone. */
static size_t zone_name_size(struct sm_slice text)
{
    size_t capitals = 0;
    if (text.size < 3)
        return 0;
    if (sm_slice_starts_with(text, SM_SLICE("ChST")) || sm_slice_starts_with(text, SM_SLICE("MeST")))
        return 4;
    if (sm_slice_starts_with(text, SM_SLICE("GMT")))
        return 3 + signed_hours_size(sm_slice_make(text.ptr + 3, text.size - 3));
    if (text.ptr[0] == '+' || text.ptr[0] == '-')
        return signed_hours_size(text);
    while (capitals < 6 && capitals < text.size && isupper((unsigned char)text.ptr[capitals]))
        capitals++;
    if (capitals == 3 || (capitals == 4 && sm_slice_starts_with(text, SM_SLICE("WITA"))))
        return capitals;
    return (capitals == 4 || capitals == 5) && text.ptr[capitals - 1] == 'T' ? capitals : 0;
}

static enum verdict take_zone(struct reading *r)
{
    if (sm_slice_starts_with(r->rest, SM_SLICE("UTC"))) {
        r->is_utc = true;
        advance(r, 3);
        return FITS;
    }
    size_t size = zone_name_size(r->rest);
    r->zone = sm_slice_make(r->rest.ptr, size);
    advance(r, size);
    return size > 0 ? FITS : DOES_NOT_FIT;
}

static enum verdict take_element(struct reading *r, const struct chunk *chunk, struct sm_slice layout)
{
    int ignored;
    enum verdict verdict;
    switch (chunk->element) {
    case LONG_YEAR:
    case YEAR:
        return take_year(r, chunk->element);
    case LONG_MONTH:
    case MONTH:
        verdict = take_name(r, months, 12, chunk->element == LONG_MONTH, &r->month);
        r->month++;
        return verdict;
    case MONTH_NUMBER:
        return take_number(r, chunk->row->padding, 1, 12, &r->month);
    case LONG_WEEKDAY:
    case WEEKDAY:
        return take_name(r, weekdays, 7, chunk->element == LONG_WEEKDAY, &ignored);
    case DAY:
        return take_day(r, chunk->row->padding, &r->day);
    case DAY_OF_YEAR:
        return take_day_of_year(r, chunk->row->padding, &r->day_of_year);
    case HOUR:
        return take_number(r, UNPADDED, 0, 23, &r->hour);
    case HOUR_12:
        return take_number(r, chunk->row->padding, 0, 12, &r->hour);
    case MINUTE:
        return take_number(r, chunk->row->padding, 0, 59, &r->minute);
    case SECOND:
        return take_second(r, chunk->row->padding, layout);
    case UPPER_HALF:
        return take_half(r, "AM", "PM");
    case LOWER_HALF:
        return take_half(r, "am", "pm");
    case ZONE_NAME:
        return take_zone(r);
    case OFFSET:
        return take_offset(r, &chunk->row->offset);
    case FRACTION:
        return take_fraction(r, chunk);
    case NO_ELEMENT:
        break;
    }
    return DOES_NOT_FIT;
}

static bool take_layout(struct reading *r, struct sm_slice layout, struct sm_time_layout_failure *failure)
{
    struct chunk chunk;
    bool is_element;
    do {
        is_element = next_chunk(&layout, &chunk);
        if (!skip(r, chunk.before)) {
            *failure = (struct sm_time_layout_failure){.element = chunk.before, .rest = r->rest};
            return false;
        }
        struct sm_slice start = r->rest;
        enum verdict verdict = is_element ? take_element(r, &chunk, layout) : FITS;
        if (verdict != FITS) {
            *failure = (struct sm_time_layout_failure){.element = chunk.text, .rest = verdict == OUT_OF_RANGE ? r->rest : start};
            return false;
        }
    } while (is_element);
    *failure = (struct sm_time_layout_failure){.rest = r->rest};
    return r->rest.size == 0;
}

static int days_in(int month, int year)
{
    static const int sizes[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return sizes[month - 1] + (month == 2 && is_leap);
}

/* Month and day out of the day of the year, which must not contradict them. */
static bool apply_day_of_year(struct reading *r)
{
    int month = 1, day = r->day_of_year;
    for (; month <= 12 && day > days_in(month, r->year); month++)
        day -= days_in(month, r->year);
    if (day < 1 || month > 12 || (r->month != NOT_SET && r->month != month) || (r->day != NOT_SET && r->day != day))
        return false;
    r->month = month;
    r->day = day;
    return true;
}

static bool complete(struct reading *r)
{
    if (r->half == AFTERNOON && r->hour < 12)
        r->hour += 12;
    else if (r->half == MORNING && r->hour == 12)
        r->hour = 0;
    if (r->day_of_year != NOT_SET)
        return apply_day_of_year(r);
    r->month = r->month == NOT_SET ? 1 : r->month;
    r->day = r->day == NOT_SET ? 1 : r->day;
    return r->day >= 1 && r->day <= days_in(r->month, r->year);
}

/* As if the clock showed UTC. */
static int64_t clock_seconds(const struct reading *r, int year)
{
    struct tm tm = {.tm_year = year - 1900, .tm_mon = r->month - 1, .tm_mday = r->day, .tm_hour = r->hour, .tm_min = r->minute, .tm_sec = r->second};
    return (int64_t)timegm(&tm);
}

/* Whether `zone` has this offset, and this name unless there is none, at the moment; then it is a time of the zone. */
static bool is_in_zone(const struct sm_ottl_zone *zone, int32_t offset, struct sm_slice name, struct sm_ottl_time *time)
{
    struct sm_ottl_time there = {.seconds = time->seconds};
    sm_ottl_zone_at(zone, &there);
    if (there.zone_offset_s != offset || (name.size > 0 && !sm_slice_is(name, sm_ottl_zone_name(&there))))
        return false;
    *time = there;
    return true;
}

static int32_t hours_behind_gmt(struct sm_slice name)
{
    int hours = 0;
    if (name.size <= 4 || !sm_slice_starts_with(name, SM_SLICE("GMT")))
        return 0;
    for (size_t i = 4; i < name.size; i++)
        hours = hours * 10 + (name.ptr[i] - '0');
    return (name.ptr[3] == '-' ? -hours : hours) * 3600;
}

/* Where `r` lies with this year. `in_zone`: it is a time of `zone`, not of one that the value made. */
static void place(const struct reading *r, int year, const struct sm_ottl_zone *zone, struct sm_arena *arena, struct sm_ottl_time *time,
                  bool *in_zone)
{
    int64_t clock = clock_seconds(r, year);
    int32_t offset = r->offset;
    *time = (struct sm_ottl_time){.seconds = clock};
    *in_zone = !r->is_utc;
    if (r->is_utc)
        return;
    if (offset == NO_OFFSET && r->zone.size == 0) {
        sm_ottl_zone_apply(zone, clock, time);
    } else if (offset != NO_OFFSET) {
        time->seconds -= offset;
        *in_zone = is_in_zone(zone, offset, r->zone, time);
    } else if (sm_ottl_zone_offset_named(zone, r->zone, clock, &offset)) {
        time->seconds -= offset;
        sm_ottl_zone_at(zone, time);
    } else { /* a name that the zone does not know: the clock is taken as that of UTC, and shown with the name */
        offset = hours_behind_gmt(r->zone);
        *in_zone = false;
    }
    if (!*in_zone) {
        time->zone_offset_s = offset;
        time->zone_name = r->zone.size > 0 ? sm_arena_strdup(arena, r->zone) : NULL;
        time->location = NULL;
    }
}

static int year_of(const struct sm_ottl_time *time)
{
    time_t local = (time_t)(time->seconds + time->zone_offset_s);
    struct tm tm;
    return gmtime_r(&local, &tm) ? tm.tm_year + 1900 : 0;
}

/* Keeps the place: the zone where it is one's time, else the offset. */
static void move_to_year(const struct reading *r, int year, const struct sm_ottl_zone *zone, bool in_zone, struct sm_ottl_time *time)
{
    int64_t clock = clock_seconds(r, year);
    if (in_zone)
        sm_ottl_zone_apply(zone, clock, time);
    else
        time->seconds = clock - time->zone_offset_s;
}

static void give_year(const struct reading *r, const struct sm_ottl_zone *zone, bool in_zone, struct sm_ottl_time *time)
{
    enum { WEEK_S = 7 * 86400 };
    const struct sm_ottl_time now = {.seconds = (int64_t)(sm_clock_wall_ns() / 1000000000)};
    if (year_of(time) > 0)
        return;
    move_to_year(r, year_of(&now), zone, in_zone, time);
    if (time->seconds > now.seconds + WEEK_S)
        move_to_year(r, year_of(&now) - 1, zone, in_zone, time);
}

/* A name that stands for no offset here may be a zone of its own in the zone database. */
static bool needs_zone(const struct sm_ottl_time *time, const struct sm_ottl_zone *zone)
{
    struct sm_ottl_time there = {.seconds = time->seconds};
    const char *name = sm_ottl_zone_name(time);
    sm_ottl_zone_at(zone, &there);
    return time->zone_offset_s == 0 && strcmp(name, "UTC") != 0 && strcmp(name, sm_ottl_zone_name(&there)) != 0;
}

bool sm_time_layout_read_plain(struct sm_slice layout, struct sm_slice value, const struct sm_ottl_zone *zone, const struct sm_ottl_zone *local,
                               struct sm_arena *arena, struct sm_ottl_time *time, bool *in_zone)
{
    struct reading r = {.rest = value, .month = NOT_SET, .day = NOT_SET, .day_of_year = NOT_SET, .offset = NO_OFFSET};
    struct sm_time_layout_failure failure;
    struct sm_ottl_time moment;
    if (!take_layout(&r, layout, &failure) || !complete(&r))
        return false;
    bool has_zone = r.offset != NO_OFFSET || r.zone.size > 0;
    place(&r, r.year, has_zone ? local : zone, arena, &moment, in_zone);
    *in_zone = *in_zone && !has_zone;
    moment.nanos = r.nanos;
    *time = moment;
    return true;
}

bool sm_time_layout_read(struct sm_slice layout, struct sm_slice value, const struct sm_ottl_zone *zone, struct sm_arena *arena,
                         struct sm_ottl_time *time, struct sm_time_layout_failure *failure)
{
    struct reading r = {.rest = value, .month = NOT_SET, .day = NOT_SET, .day_of_year = NOT_SET, .offset = NO_OFFSET};
    struct sm_ottl_time moment;
    bool in_zone;
    if (!take_layout(&r, layout, failure))
        return false;
    if (!complete(&r))
        return false;
    place(&r, r.year, zone, arena, &moment, &in_zone);
    if (needs_zone(&moment, zone)) {
        zone = sm_ottl_zone_find(sm_ottl_zone_name(&moment));
        failure->has_unknown_zone = !zone;
        if (!zone)
            return false;
        place(&r, r.year, zone, arena, &moment, &in_zone);
    }
    give_year(&r, zone, in_zone, &moment);
    moment.nanos = r.nanos;
    *time = moment;
    return true;
}

/* ---- writing */

static void append_padded(struct sm_bytes *out, enum padding padding, int width, int number)
{
    if (padding == UNPADDED)
        sm_bytes_printf(out, "%d", number);
    else if (padding == BLANK_PADDED)
        sm_bytes_printf(out, "%*d", width, number);
    else
        sm_bytes_printf(out, "%0*d", width, number);
}

static void append_offset(struct sm_bytes *out, int32_t offset, const struct offset_form *form)
{
    int size = offset < 0 ? -offset : offset;
    const char *colon = form->has_colon ? ":" : "";
    if (form->is_iso && offset == 0) {
        sm_bytes_append_char(out, 'Z');
        return;
    }
    sm_bytes_printf(out, "%c%02d", offset / 60 < 0 ? '-' : '+', size / 3600);
    if (form->parts > 1)
        sm_bytes_printf(out, "%s%02d", colon, size / 60 % 60);
    if (form->parts > 2)
        sm_bytes_printf(out, "%s%02d", colon, size % 60);
}

static void append_zone_name(struct sm_bytes *out, const struct sm_ottl_time *time)
{
    static const struct offset_form without_name = {.parts = 2};
    const char *name = sm_ottl_zone_name(time);
    if (*name)
        sm_bytes_append_text(out, name);
    else
        append_offset(out, time->zone_offset_s, &without_name);
}

/* Without zeros at the end, and without the sign when no digit is left, where the layout has nines. */
static void append_fraction(struct sm_bytes *out, int32_t nanos, const struct chunk *chunk)
{
    char text[16];
    size_t size = chunk->digits < 9 ? chunk->digits : 9;
    if (chunk->trims && nanos == 0)
        return;
    snprintf(text, sizeof(text), "%c%09d", chunk->text.ptr[0], nanos);
    for (size++; chunk->trims && text[size - 1] == '0';)
        size--;
    if (!chunk->trims || size > 1)
        sm_bytes_append(out, text, size);
}

static void append_element(struct sm_bytes *out, const struct chunk *chunk, const struct sm_ottl_time *time, const struct tm *tm)
{
    enum padding padding = chunk->row ? chunk->row->padding : UNPADDED;
    int64_t year = (int64_t)tm->tm_year + 1900; /* more than an int holds at the end of time */
    int hour_12 = tm->tm_hour % 12 ? tm->tm_hour % 12 : 12;
    switch (chunk->element) {
    case LONG_YEAR:
        sm_bytes_printf(out, year < 0 ? "%05" PRId64 : "%04" PRId64, year);
        return;
    case YEAR:
        sm_bytes_printf(out, "%02d", abs((int)(year % 100)));
        return;
    case LONG_MONTH:
    case MONTH:
        sm_bytes_append(out, months[tm->tm_mon], chunk->element == MONTH ? SHORT_NAME : strlen(months[tm->tm_mon]));
        return;
    case MONTH_NUMBER:
        append_padded(out, padding, 2, tm->tm_mon + 1);
        return;
    case LONG_WEEKDAY:
    case WEEKDAY:
        sm_bytes_append(out, weekdays[tm->tm_wday], chunk->element == WEEKDAY ? SHORT_NAME : strlen(weekdays[tm->tm_wday]));
        return;
    case DAY:
        append_padded(out, padding, 2, tm->tm_mday);
        return;
    case DAY_OF_YEAR:
        append_padded(out, padding, 3, tm->tm_yday + 1);
        return;
    case HOUR:
        append_padded(out, padding, 2, tm->tm_hour);
        return;
    case HOUR_12:
        append_padded(out, padding, 2, hour_12);
        return;
    case MINUTE:
        append_padded(out, padding, 2, tm->tm_min);
        return;
    case SECOND:
        append_padded(out, padding, 2, tm->tm_sec);
        return;
    case UPPER_HALF:
        sm_bytes_append_text(out, tm->tm_hour < 12 ? "AM" : "PM");
        return;
    case LOWER_HALF:
        sm_bytes_append_text(out, tm->tm_hour < 12 ? "am" : "pm");
        return;
    case ZONE_NAME:
        append_zone_name(out, time);
        return;
    case OFFSET:
        append_offset(out, time->zone_offset_s, &chunk->row->offset);
        return;
    case FRACTION:
        append_fraction(out, time->nanos, chunk);
        return;
    case NO_ELEMENT:
        return;
    }
}

bool sm_time_layout_write(struct sm_bytes *out, struct sm_slice layout, const struct sm_ottl_time *time)
{
    struct chunk chunk;
    struct tm tm;
    time_t local;
    if (__builtin_add_overflow(time->seconds, time->zone_offset_s, &local) || !gmtime_r(&local, &tm))
        return false;
    while (next_chunk(&layout, &chunk)) {
        sm_bytes_append(out, chunk.before.ptr, chunk.before.size);
        append_element(out, &chunk, time, &tm);
    }
    sm_bytes_append(out, chunk.before.ptr, chunk.before.size);
    return true;
}
