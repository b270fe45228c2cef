/* time_names.c - see time_names.h. State: the library's functions, loaded once on the main thread. */
#include "ottl/time_names.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
#include <unicode/udat.h>
#include <unicode/uloc.h>
#include <unicode/ures.h>
#include <unicode/ustring.h>

#include "base/bytes.h"
#include "base/shared_library.h"
#include "ottl/runes.h"

/* ---- the library: its names carry its version, which the headers know */

#define ICU_FUNCTIONS(ROW)                                                                                                                           \
    ROW(udat_open)                                                                                                                                   \
    ROW(udat_close)                                                                                                                                  \
    ROW(udat_getSymbols)                                                                                                                             \
    ROW(uloc_getAvailable)                                                                                                                           \
    ROW(uloc_countAvailable)                                                                                                                         \
    ROW(uloc_toLanguageTag)                                                                                                                          \
    ROW(ures_open)                                                                                                                                   \
    ROW(ures_getByKey)                                                                                                                               \
    ROW(ures_getStringByIndex)                                                                                                                       \
    ROW(ures_close)                                                                                                                                  \
    ROW(u_strToUTF8)

static struct {
#define ICU_MEMBER(name) __typeof__(name) *call_##name;
    ICU_FUNCTIONS(ICU_MEMBER)
#undef ICU_MEMBER
} icu;

#define TEXT(name) #name
#define EXPANDED_TEXT(name) TEXT(name)

static bool load(const char **reason)
{
    static bool is_loaded;
    if (is_loaded)
        return true;
    /* The second brings the first; asked of its handle, dlsym finds the functions of both. */
    void *library = dlopen("libicui18n.so." U_ICU_VERSION_SHORT, RTLD_NOW | RTLD_LOCAL);
    is_loaded = library != NULL;
#define FIND(name) is_loaded = is_loaded && sm_shared_library_find(library, EXPANDED_TEXT(name), &icu.call_##name);
    ICU_FUNCTIONS(FIND)
#undef FIND
    if (!is_loaded)
        *reason = dlerror();
    return is_loaded;
}

/* ---- names */

enum { LOCALE_SIZE = 160, NAME_SIZE = 64 };

static struct sm_slice utf8(const UChar *wide, int32_t size, struct sm_arena *arena)
{
    char name[NAME_SIZE * 3 + 1];
    int32_t name_size = 0;
    UErrorCode error = U_ZERO_ERROR;
    icu.call_u_strToUTF8(name, sizeof(name), &name_size, wide, size < NAME_SIZE ? size : NAME_SIZE, &error);
    return U_SUCCESS(error) ? sm_arena_copy(arena, sm_slice_make(name, (size_t)name_size)) : (struct sm_slice){0};
}

static struct sm_slice symbol(const UDateFormat *format, UDateFormatSymbolType type, int32_t index, struct sm_arena *arena)
{
    UChar wide[NAME_SIZE];
    UErrorCode error = U_ZERO_ERROR;
    int32_t size = icu.call_udat_getSymbols(format, type, index, wide, NAME_SIZE, &error);
    return U_SUCCESS(error) ? utf8(wide, size, arena) : (struct sm_slice){0};
}

/* The reference's tables leave out the narrow no-break spaces in halves of days, which were no-break spaces in earlier releases of CLDR. */
static struct sm_slice without_spaces(struct sm_slice text, struct sm_arena *arena)
{
    static const struct sm_slice spaces[] = {SM_SLICE("\u202f"), SM_SLICE("\u00a0")};
    struct sm_bytes out;
    sm_bytes_init(&out, arena);
    for (size_t i = 0; i < text.size; i++) {
        struct sm_slice rest = sm_slice_make(text.ptr + i, text.size - i);
        bool is_narrow = sm_slice_starts_with(rest, spaces[0]), is_space = is_narrow || sm_slice_starts_with(rest, spaces[1]);
        if (is_space)
            i += spaces[is_narrow ? 0 : 1].size - 1;
        else
            sm_bytes_append_char(&out, text.ptr[i]);
    }
    return sm_bytes_slice(&out);
}

/* What dates are formatted with has no place for the shortest halves: they are read where ICU keeps them. Many languages have none of their own. */
static void read_short_halves(const char *locale, struct sm_time_names *names, struct sm_arena *arena)
{
    static const char *const path[] = {"calendar", "gregorian", "AmPmMarkersNarrow"};
    UErrorCode error = U_ZERO_ERROR;
    UResourceBundle *bundles[4] = {icu.call_ures_open(NULL, locale, &error)};
    for (int i = 0; i < 3; i++)
        bundles[i + 1] = icu.call_ures_getByKey(bundles[i], path[i], NULL, &error);
    for (int32_t i = 0; i < 2 && U_SUCCESS(error); i++) {
        int32_t size = 0;
        const UChar *wide = icu.call_ures_getStringByIndex(bundles[3], i, &size, &error);
        if (U_SUCCESS(error))
            names->halves[2 + i] = without_spaces(utf8(wide, size, arena), arena);
    }
    for (int i = 3; i >= 0; i--)
        icu.call_ures_close(bundles[i]);
}

/* Only tags as CLDR writes them: ICU would take any, and answer with the names of a language that is near. */
static bool is_available(struct sm_slice language, char locale[LOCALE_SIZE])
{
    for (int32_t i = 0; i < icu.call_uloc_countAvailable(); i++) {
        char tag[LOCALE_SIZE];
        UErrorCode error = U_ZERO_ERROR;
        const char *name = icu.call_uloc_getAvailable(i);
        int32_t size = icu.call_uloc_toLanguageTag(name, tag, sizeof(tag), 0, &error);
        if (U_FAILURE(error) || !sm_slice_equal(language, sm_slice_make(tag, (size_t)size)))
            continue;
        strncpy(locale, name, LOCALE_SIZE - 1);
        locale[LOCALE_SIZE - 1] = '\0';
        return true;
    }
    return false;
}

static void read_names(const UDateFormat *format, struct sm_time_names *names, struct sm_arena *arena)
{
    for (int32_t i = 0; i < 12; i++) {
        names->months[i] = symbol(format, UDAT_MONTHS, i, arena);
        names->short_months[i] = symbol(format, UDAT_SHORT_MONTHS, i, arena);
    }
    for (int32_t i = 0; i < 7; i++) {
        names->days[i] = symbol(format, UDAT_WEEKDAYS, i + 1, arena);
        names->short_days[i] = symbol(format, UDAT_SHORT_WEEKDAYS, i + 1, arena);
    }
    for (int32_t i = 0; i < 2; i++)
        names->halves[i] = without_spaces(symbol(format, UDAT_AM_PMS, i, arena), arena);
}

bool sm_time_names_find(struct sm_slice language, struct sm_arena *arena, const struct sm_time_names **names, const char **reason)
{
    char locale[LOCALE_SIZE], gregorian[LOCALE_SIZE + 24];
    UErrorCode error = U_ZERO_ERROR;
    if (!load(reason))
        return false;
    *reason = NULL;
    if (!is_available(language, locale))
        return false;
    snprintf(gregorian, sizeof(gregorian), "%s@calendar=gregorian", locale); /* some regions have another one as a preset */
    UDateFormat *format = icu.call_udat_open(UDAT_DEFAULT, UDAT_DEFAULT, gregorian, NULL, 0, NULL, 0, &error);
    if (U_FAILURE(error))
        return false;
    struct sm_time_names *found = sm_arena_zalloc(arena, 1, sizeof(*found));
    read_names(format, found, arena);
    icu.call_udat_close(format);
    read_short_halves(locale, found, arena);
    *names = found;
    return true;
}

/* ---- translating */

static const struct sm_slice english_months[] = {SM_SLICE("January"),   SM_SLICE("February"), SM_SLICE("March"),    SM_SLICE("April"),
                                                 SM_SLICE("May"),       SM_SLICE("June"),     SM_SLICE("July"),     SM_SLICE("August"),
                                                 SM_SLICE("September"), SM_SLICE("October"),  SM_SLICE("November"), SM_SLICE("December")};
static const struct sm_slice english_days[] = {SM_SLICE("Sunday"),   SM_SLICE("Monday"), SM_SLICE("Tuesday"), SM_SLICE("Wednesday"),
                                               SM_SLICE("Thursday"), SM_SLICE("Friday"), SM_SLICE("Saturday")};
static const struct sm_slice upper_halves[] = {SM_SLICE("AM"), SM_SLICE("PM"), SM_SLICE("AM"), SM_SLICE("PM")};
static const struct sm_slice lower_halves[] = {SM_SLICE("am"), SM_SLICE("pm"), SM_SLICE("am"), SM_SLICE("pm")};
enum { SHORT_NAME = 3 };

struct translation {
    const struct sm_time_names *names;
    struct sm_slice layout, value;
    size_t layout_at, value_at;
    struct sm_bytes out;
    struct sm_arena *arena;
};

/* Bytes, not characters, are looked at, as in the reference. */
static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r') || c == '\x85' || c == '\xa0';
}

static void copy_spaces(struct translation *t)
{
    for (; t->value_at < t->value.size && is_space(t->value.ptr[t->value_at]); t->value_at++)
        sm_bytes_append_char(&t->out, ' ');
}

static bool is_same_name(struct sm_slice text, struct sm_slice name, struct sm_arena *arena)
{
    return sm_slice_equal(text, name) || sm_slice_equal(sm_ottl_map_case(text, false, arena), sm_ottl_map_case(name, false, arena));
}

/* The longest name that the value goes on with; SIZE_MAX: none. */
static size_t find_name(const struct translation *t, const struct sm_slice *names, size_t count)
{
    size_t found = SIZE_MAX;
    for (size_t i = 0; i < count; i++) {
        if (names[i].size == 0 || names[i].size > t->value.size - t->value_at || (found != SIZE_MAX && names[i].size <= names[found].size))
            continue;
        if (is_same_name(sm_slice_make(t->value.ptr + t->value_at, names[i].size), names[i], t->arena))
            found = i;
    }
    return found;
}

static bool put_name(struct translation *t, const struct sm_slice *names, const struct sm_slice *english, size_t count, size_t size)
{
    copy_spaces(t);
    size_t found = t->value_at < t->value.size ? find_name(t, names, count) : SIZE_MAX;
    if (found == SIZE_MAX)
        return false;
    sm_bytes_append(&t->out, english[found].ptr, english[found].size < size ? english[found].size : size);
    t->value_at += names[found].size;
    return true;
}

/* One or two digits. */
static bool put_digits(struct translation *t)
{
    copy_spaces(t);
    for (size_t i = 0; i < 2; i++) {
        if (t->value_at >= t->value.size || t->value.ptr[t->value_at] < '0' || t->value.ptr[t->value_at] > '9')
            return i > 0;
        sm_bytes_append_char(&t->out, t->value.ptr[t->value_at++]);
    }
    return true;
}

/* Up to `max` bytes that are no spaces, at least one. */
static bool put_word(struct translation *t, size_t max)
{
    size_t count = 0;
    copy_spaces(t);
    for (; count < max && t->value_at < t->value.size && !is_space(t->value.ptr[t->value_at]); count++)
        sm_bytes_append_char(&t->out, t->value.ptr[t->value_at++]);
    return count > 0;
}

/* Bytes are taken for characters: one above ASCII becomes two and takes the next one's place. */
static void put_byte(struct translation *t)
{
    if (t->value_at >= t->value.size)
        return;
    unsigned char byte = (unsigned char)t->value.ptr[t->value_at];
    sm_ottl_rune_append(&t->out, byte);
    t->value_at += byte < 0x80 ? 1 : 2;
}

static bool goes_on_with(const struct translation *t, const char *text)
{
    return sm_slice_starts_with(sm_slice_make(t->layout.ptr + t->layout_at, t->layout.size - t->layout_at), sm_slice_of(text));
}

static bool has_lower_at(const struct translation *t, size_t at)
{
    return at < t->layout.size && t->layout.ptr[at] >= 'a' && t->layout.ptr[at] <= 'z';
}

/* How many characters of the layout are an element with a name, with the names; 0: none. */
static size_t name_element(const struct translation *t, const struct sm_slice **names, const struct sm_slice **english, size_t *count, bool *is_short)
{
    const struct sm_time_names *n = t->names;
    const struct {
        const char *text;
        const struct sm_slice *names, *english;
        size_t count;
        bool is_short;
    } rows[] = {{"January", n->months, english_months, 12, false}, {"Jan", n->short_months, english_months, 12, true},
                {"Monday", n->days, english_days, 7, false},       {"Mon", n->short_days, english_days, 7, true},
                {"PM", n->halves, upper_halves, 4, false},         {"pm", n->halves, lower_halves, 4, false}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        size_t size = strlen(rows[i].text);
        if (!goes_on_with(t, rows[i].text) || (rows[i].is_short && has_lower_at(t, t->layout_at + size)))
            continue;
        *names = rows[i].names;
        *english = rows[i].english;
        *count = rows[i].count;
        *is_short = rows[i].is_short;
        return size;
    }
    return 0;
}

static size_t blank_padded_size(const struct translation *t)
{
    size_t size = goes_on_with(t, "_2006") ? 5 : goes_on_with(t, "_2") ? 2 : goes_on_with(t, "__2") ? 3 : 0;
    return t->value.size >= t->value_at + size ? size : 0;
}

/* Takes one element of the layout. */
static bool step(struct translation *t)
{
    const struct sm_slice *names, *english;
    size_t count, size;
    bool is_short, is_fine = true;
    char c = t->layout.ptr[t->layout_at];
    if ((size = name_element(t, &names, &english, &count, &is_short)) > 0) {
        is_fine = put_name(t, names, english, count, is_short ? SHORT_NAME : SIZE_MAX);
    } else if ((size = blank_padded_size(t)) > 0) {
        is_fine = put_word(t, size);
    } else if (c >= '3' && c <= '5' && (t->layout_at == 0 || t->layout.ptr[t->layout_at - 1] != '0')) {
        size = 1;
        is_fine = put_digits(t);
    } else {
        size = 1;
        put_byte(t);
    }
    if (is_fine)
        t->layout_at += size;
    return is_fine;
}

bool sm_time_names_translate(const struct sm_time_names *names, struct sm_slice layout, struct sm_slice *value, struct sm_arena *arena,
                             struct sm_slice *element)
{
    struct translation t = {.names = names, .layout = layout, .value = *value, .arena = arena};
    sm_bytes_init(&t.out, arena);
    while (t.layout_at < layout.size) {
        if (step(&t))
            continue;
        const struct sm_slice *ignored;
        size_t count, size = name_element(&t, &ignored, &ignored, &count, &(bool){false});
        *element = sm_slice_make(layout.ptr + t.layout_at, size > 0 ? size : 1);
        return false;
    }
    if (t.value_at < t.value.size)
        sm_bytes_append(&t.out, t.value.ptr + t.value_at, t.value.size - t.value_at);
    *value = sm_bytes_slice(&t.out);
    return true;
}
