/* strptime.c - see strptime.h. */
#include "ottl/strptime.h"

#include <ctype.h>
#include <string.h>

#include "ottl/time_layout.h"

enum {
    FORMS_MAX = 3,
    PARTS_MAX = 13,
    DIRECTIVE_SIZE = 2,
    DIRECTIVES_MAX = 100 /* reading goes one call deeper for each */,
    TRIES_MAX = 4096 /* each further directive with two forms would double them */
};

/* `read`: the forms that are tried one after the other, each in parts between which blanks may be; NULL: only that in which it is written. */
static const struct directive {
    char letter;
    const char *written;
    const char *const *read[FORMS_MAX];
} directives[] = {
#define FORM(...) ((const char *const[]){__VA_ARGS__, NULL})
    {'Y', "2006", {NULL}},
    {'y', "06", {NULL}},
    {'m', "01", {FORM("1")}},
    {'o', "_1", {FORM("1")}},
    {'q', "1", {FORM("1")}},
    {'b', "Jan", {NULL}},
    {'h', "Jan", {NULL}},
    {'B', "January", {NULL}},
    {'d', "02", {FORM("2")}},
    {'e', "_2", {FORM("2")}},
    {'g', "2", {FORM("2")}},
    {'a', "Mon", {NULL}},
    {'A', "Monday", {NULL}},
    {'H', "15", {NULL}},
    {'l', "3", {NULL}},
    {'I', "03", {FORM("3")}},
    {'p', "PM", {NULL}},
    {'P', "pm", {NULL}},
    {'M', "04", {FORM("4")}},
    {'S', "05", {FORM("5")}},
    {'L', "999", {NULL}},
    {'f', "999999", {NULL}},
    {'s', "999999999", {NULL}},
    {'Z', "MST", {NULL}},
    {'z', "Z0700", {FORM("Z0700"), FORM("Z07:00"), FORM("Z07")}},
    {'w', "-070000", {NULL}},
    {'i', "-07", {NULL}},
    {'j', "-07:00", {NULL}},
    {'k', "-07:00:00", {NULL}},
    {'D', "01/02/2006", {FORM("1", "/", "2", "/", "2006"), FORM("1", "/", "2", "/", "06")}},
    {'x', "01/02/2006", {FORM("1", "/", "2", "/", "2006"), FORM("1", "/", "2", "/", "06")}},
    {'F', "2006-01-02", {FORM("2006", "-", "1", "-", "2")}},
    {'T', "15:04:05", {FORM("15", ":", "4", ":", "5")}},
    {'X', "15:04:05", {FORM("15", ":", "4", ":", "5")}},
    {'r', "03:04:05 pm", {FORM("3", ":", "4", ":", "5", " ", "pm")}},
    {'R', "15:04", {FORM("15", ":", "4")}},
    {'n', "\n", {NULL}},
    {'t', "\t", {NULL}},
    {'%', "%", {NULL}},
    {'c', "Mon Jan 02 15:04:05 2006", {FORM("Mon", " ", "Jan", " ", "2", " ", "15", ":", "4", ":", "5", " ", "2006")}},
#undef FORM
};

static const struct directive *find_directive(char letter)
{
    for (size_t i = 0; i < sizeof(directives) / sizeof(directives[0]); i++)
        if (directives[i].letter == letter)
            return &directives[i];
    return NULL;
}

/* Where the next "%" with a character behind it is, from `at` on; SIZE_MAX: nowhere. */
static size_t find_percent(struct sm_slice format, size_t at)
{
    for (; at + 1 < format.size; at++)
        if (format.ptr[at] == '%' && format.ptr[at + 1] != '\n')
            return at;
    return SIZE_MAX;
}

static bool is_fraction_letter(char letter)
{
    return letter == 'L' || letter == 'f' || letter == 's';
}

const char *sm_strptime_check(struct sm_slice format, struct sm_arena *arena)
{
    for (size_t i = 0; i < format.size; i++)
        if (isdigit((unsigned char)format.ptr[i]))
            return "format string should not contain decimals";
    for (size_t i = 1; i + 1 < format.size; i++)
        if (format.ptr[i] == '%' && is_fraction_letter(format.ptr[i + 1]) && format.ptr[i - 1] != '.' && format.ptr[i - 1] != ',')
            return sm_arena_printf(arena, "invalid fractional seconds directive: '%c%%%c'. must be preceded with '.' or ','", format.ptr[i - 1],
                                   format.ptr[i + 1]);
    size_t count = 0;
    for (size_t at = find_percent(format, 0); at != SIZE_MAX; at = find_percent(format, at + DIRECTIVE_SIZE), count++)
        if (!find_directive(format.ptr[at + 1]))
            return sm_arena_printf(arena, "invalid strptime format: unsupported directive: %%%c", format.ptr[at + 1]);
    return count > DIRECTIVES_MAX ? "format string has too many directives" : NULL;
}

static void append_first_form(struct sm_bytes *out, const struct directive *directive, bool is_read)
{
    if (is_read && directive->read[0])
        for (const char *const *part = directive->read[0]; *part; part++)
            sm_bytes_append_text(out, *part);
    else
        sm_bytes_append_text(out, directive->written);
}

static struct sm_slice layout_of(struct sm_slice format, struct sm_arena *arena, bool is_read)
{
    struct sm_bytes out;
    size_t at = 0;
    sm_bytes_init(&out, arena);
    for (size_t next = find_percent(format, 0); next != SIZE_MAX; next = find_percent(format, at)) {
        sm_bytes_append(&out, format.ptr + at, next - at);
        append_first_form(&out, find_directive(format.ptr[next + 1]), is_read);
        at = next + DIRECTIVE_SIZE;
    }
    sm_bytes_append(&out, format.ptr + at, format.size - at);
    return sm_bytes_slice(&out);
}

struct sm_slice sm_strptime_layout(struct sm_slice format, struct sm_arena *arena)
{
    return layout_of(format, arena, false);
}

struct sm_slice sm_strptime_first_layout(struct sm_slice format, struct sm_arena *arena)
{
    return layout_of(format, arena, true);
}

/* ---- reading */

struct tries {
    const struct sm_strptime *format;
    struct sm_slice value;
    struct sm_arena *arena;
    struct sm_ottl_time *time;
    struct sm_bytes layout; /* made up to the directive that is being tried */
    struct sm_time_layout_failure failure;
    unsigned tried;
    bool is_final; /* no other form can help */
};

static bool try_layout(struct tries *t, struct sm_slice layout)
{
    struct sm_slice value = t->value;
    t->failure = (struct sm_time_layout_failure){0};
    t->is_final = t->tried++ == TRIES_MAX;
    if (t->is_final)
        return false;
    if (t->format->names && !sm_time_names_translate(t->format->names, layout, &value, t->arena, &t->failure.element))
        return false;
    if (sm_time_layout_read(layout, value, t->format->zone, t->arena, t->time, &t->failure))
        return true;
    t->is_final = t->failure.has_unknown_zone;
    return false;
}

/* The parts of a form, some with the blanks that the value has before them. */
struct form {
    const char *const *parts;
    struct sm_slice blanks[PARTS_MAX];
};

static bool try_rest(struct tries *t, size_t at);

/* Whose part failed is asked of the innermost directive first; a part of another one that reads the same counts as its own, as in the reference. */
static bool try_form(struct tries *t, size_t next, const struct form *form, size_t *failed)
{
    size_t size = t->layout.size;
    for (size_t i = 0; form->parts[i]; i++) {
        sm_bytes_append(&t->layout, form->blanks[i].ptr, form->blanks[i].size);
        sm_bytes_append_text(&t->layout, form->parts[i]);
    }
    bool is_read = try_rest(t, next);
    t->layout.size = size;
    *failed = SIZE_MAX;
    for (size_t i = 0; !is_read && !t->is_final && form->parts[i] && *failed == SIZE_MAX; i++)
        if (sm_slice_is(t->failure.element, form->parts[i]))
            *failed = i;
    return is_read;
}

static struct sm_slice leading_space(struct sm_slice text)
{
    size_t size = 0;
    while (size < text.size && text.ptr[size] != '\v' && isspace((unsigned char)text.ptr[size]))
        size++;
    return sm_slice_make(text.ptr, size);
}

/* Also with blanks before the numbers that failed for having some; once for each, because more would not help. */
static bool try_form_with_blanks(struct tries *t, size_t next, const char *const *parts, bool *failed_here)
{
    struct form form = {.parts = parts};
    size_t failed;
    while (!try_form(t, next, &form, &failed)) {
        *failed_here = failed != SIZE_MAX;
        if (!*failed_here || form.blanks[failed].size > 0)
            return false;
        struct sm_slice blanks = leading_space(t->failure.rest);
        if (blanks.size == 0 || (!isdigit((unsigned char)*parts[failed]) && *parts[failed] != 'Z'))
            return false;
        form.blanks[failed] = sm_arena_copy(t->arena, blanks);
    }
    return true;
}

/* The format from `at` on, behind the layout so far. */
static bool try_rest(struct tries *t, size_t at)
{
    struct sm_slice format = t->format->format;
    size_t next = find_percent(format, at), size = t->layout.size;
    bool is_read = false, failed_here = true;
    if (next == SIZE_MAX) {
        sm_bytes_append(&t->layout, format.ptr + at, format.size - at);
        is_read = try_layout(t, sm_bytes_slice(&t->layout));
        t->layout.size = size;
        return is_read;
    }
    const struct directive *directive = find_directive(format.ptr[next + 1]);
    const char *const written[] = {directive->written, NULL};
    sm_bytes_append(&t->layout, format.ptr + at, next - at);
    if (!directive->read[0])
        is_read = try_form_with_blanks(t, next + DIRECTIVE_SIZE, written, &failed_here);
    for (size_t i = 0; i < FORMS_MAX && directive->read[i] && !is_read && failed_here; i++)
        is_read = try_form_with_blanks(t, next + DIRECTIVE_SIZE, directive->read[i], &failed_here);
    t->layout.size = size;
    if (!is_read && failed_here)
        t->failure.element = sm_slice_make(format.ptr + next, DIRECTIVE_SIZE); /* no outer directive takes it for its own */
    return is_read;
}

bool sm_strptime_read(const struct sm_strptime *format, struct sm_slice value, struct sm_arena *arena, struct sm_ottl_time *time, bool *unknown_zone)
{
    struct tries t = {.format = format, .value = value, .arena = arena, .time = time};
    bool is_read = try_layout(&t, format->layout);
    if (!is_read && !t.is_final && t.failure.element.size > 0) {
        sm_bytes_init(&t.layout, arena);
        is_read = try_rest(&t, 0);
    }
    *unknown_zone = t.failure.has_unknown_zone;
    return is_read;
}
