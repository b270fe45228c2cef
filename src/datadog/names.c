/* names.c - see names.h. Letters, upper case and digits are Unicode's categories L, Lu and Nd, asked of base/unicode. */
#include "datadog/names.h"

#include <locale.h>
#include <pthread.h>
#include <wctype.h>

#include "base/ascii.h"
#include "base/bytes.h"
#include "base/unicode.h"
#include "base/utf8.h"

/* ---- characters beyond ASCII */

static pthread_once_t unicode_once = PTHREAD_ONCE_INIT;
static locale_t unicode;

static void prepare_unicode(void)
{
    unicode = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
}

/* ---- tags */

static bool begins_tag(char c)
{
    return sm_ascii_is_lower(c) || c == ':';
}

static bool is_tag_char(char c)
{
    return begins_tag(c) || sm_ascii_is_digit(c) || c == '.' || c == '/' || c == '-';
}

/* ASCII that is fine as it is. */
static bool is_normal_tag(struct sm_slice text, bool is_whole)
{
    if (text.size == 0)
        return true;
    if (text.size > SM_DATADOG_TAG_MAX || (is_whole && !begins_tag(text.ptr[0])))
        return false;
    for (size_t i = 0; i < text.size; i++) {
        if (is_tag_char(text.ptr[i]))
            continue;
        if (text.ptr[i] != '_' || ++i == text.size || !is_tag_char(text.ptr[i]))
            return false;
    }
    return true;
}

struct tag_character {
    char bytes[4];
    size_t size;
    bool is_letter, is_kept; /* a letter or ':'; anything that stays */
};

/* The character at `at`, lower-cased where that takes as many bytes. Returns how many bytes were read. */
static size_t read_tag_character(struct sm_slice at, struct tag_character *character)
{
    size_t size;
    bool is_sound;
    uint32_t rune = sm_utf8_read(at, &size, &is_sound);
    memcpy(character->bytes, at.ptr, size);
    character->size = size;
    if (rune < 0x80) {
        if (rune >= 'A' && rune <= 'Z')
            character->bytes[0] = (char)(rune + ('a' - 'A'));
        character->is_letter = begins_tag(character->bytes[0]);
        character->is_kept = is_tag_char(character->bytes[0]);
        return size;
    }
    pthread_once(&unicode_once, prepare_unicode);
    character->is_letter = is_sound && sm_unicode_is(SM_UNICODE_LETTER, rune);
    character->is_kept = character->is_letter || (is_sound && sm_unicode_is(SM_UNICODE_DIGIT, rune));
    if (character->is_letter && unicode && sm_unicode_is(SM_UNICODE_UPPER, rune)) {
        uint32_t lower = (uint32_t)towlower_l((wint_t)rune, unicode);
        if (sm_utf8_size(lower) == size)
            sm_utf8_write(lower, character->bytes);
    }
    return size;
}

/* A run of what does not stay is written as one '_' when something follows it. */
static struct sm_slice normalize(struct sm_slice text, bool is_whole, struct sm_arena *arena)
{
    if (is_normal_tag(text, is_whole))
        return text;
    size_t capacity = text.size < 2 * SM_DATADOG_TAG_MAX ? text.size : 2 * SM_DATADOG_TAG_MAX;
    char *out = sm_arena_alloc(arena, capacity + sizeof(((struct tag_character *)0)->bytes));
    size_t size = 0, count = 0;
    bool has_gap = false;
    for (size_t at = 0; at < text.size;) {
        struct tag_character character;
        at += read_tag_character(sm_slice_make(text.ptr + at, text.size - at), &character);
        if (is_whole && count == 0 && !character.is_letter) {
            if (at >= 2 * SM_DATADOG_TAG_MAX)
                break;
            continue;
        }
        count++;
        if (character.is_kept) {
            if (has_gap)
                out[size++] = '_';
            memcpy(out + size, character.bytes, character.size);
            size += character.size;
        }
        has_gap = !character.is_kept;
        if (at >= 2 * SM_DATADOG_TAG_MAX || count >= SM_DATADOG_TAG_MAX)
            break;
    }
    return sm_slice_make(out, size);
}

struct sm_slice sm_datadog_tag(struct sm_slice text, struct sm_arena *arena)
{
    return normalize(text, true, arena);
}

struct sm_slice sm_datadog_tag_value(struct sm_slice text, struct sm_arena *arena)
{
    return normalize(text, false, arena);
}

/* ---- cutting */

static bool is_utf8(struct sm_slice text)
{
    bool is_sound = true;
    size_t size;
    for (; text.size > 0 && is_sound; text = sm_slice_make(text.ptr + size, text.size - size))
        sm_utf8_read(text, &size, &is_sound);
    return is_sound;
}

/* Sound when some of the last one to four bytes are: all that a cut can break stands there. */
static bool ends_sound(struct sm_slice text)
{
    for (size_t tail = 4; tail > 0; tail--)
        if (text.size >= tail && is_utf8(sm_slice_make(text.ptr + text.size - tail, tail)))
            return true;
    return false;
}

struct sm_slice sm_datadog_truncate(struct sm_slice text, size_t limit)
{
    if (text.size <= limit)
        return text;
    text.size = limit;
    while (text.size > 0 && !ends_sound(text))
        text.size--;
    return text;
}

/* ---- services */

static struct sm_slice limited_value(struct sm_slice text, struct sm_arena *arena, enum sm_datadog_problem *problem)
{
    *problem = SM_DATADOG_EMPTY;
    if (text.size == 0)
        return text;
    *problem = text.size > SM_DATADOG_SERVICE_MAX ? SM_DATADOG_TOO_LONG : SM_DATADOG_FINE;
    struct sm_slice value = sm_datadog_tag_value(sm_datadog_truncate(text, SM_DATADOG_SERVICE_MAX), arena);
    if (value.size == 0)
        *problem = SM_DATADOG_INVALID;
    return value;
}

struct sm_slice sm_datadog_service(struct sm_slice text, struct sm_slice language, struct sm_arena *arena, enum sm_datadog_problem *problem)
{
    enum sm_datadog_problem found;
    struct sm_slice service = limited_value(text, arena, &found);
    if (problem)
        *problem = found;
    if (service.size > 0)
        return service;
    if (language.size == 0)
        return SM_SLICE("unnamed-service");
    struct sm_bytes out;
    sm_bytes_init(&out, arena);
    sm_bytes_append_text(&out, "unnamed-");
    sm_bytes_append_slice(&out, language);
    sm_bytes_append_text(&out, "-service");
    return sm_bytes_slice(&out);
}

struct sm_slice sm_datadog_peer_service(struct sm_slice text, struct sm_arena *arena, enum sm_datadog_problem *problem)
{
    enum sm_datadog_problem found;
    struct sm_slice service = limited_value(text, arena, &found);
    if (problem)
        *problem = text.size == 0 ? SM_DATADOG_FINE : found;
    return service;
}

/* ---- operations */

/* Letters and digits with single '.' or '_' between them: fine as it is. */
static bool is_normal_name(struct sm_slice text)
{
    if (text.size == 0 || !sm_ascii_is_letter(text.ptr[0]))
        return false;
    for (size_t i = 1; i < text.size; i++) {
        char c = text.ptr[i];
        if (!sm_ascii_is_alnum(c) && ((c != '.' && c != '_') || i + 1 == text.size || !sm_ascii_is_alnum(text.ptr[i + 1])))
            return false;
    }
    return true;
}

/* `text` begins with a letter. */
static struct sm_slice rewrite_name(struct sm_slice text, struct sm_arena *arena)
{
    char *out = sm_arena_alloc(arena, text.size);
    size_t size = 0;
    for (size_t i = 0; i < text.size; i++) {
        char c = text.ptr[i], last = size > 0 ? out[size - 1] : '\0';
        if (sm_ascii_is_alnum(c))
            out[size++] = c;
        else if (c == '.' && last == '_')
            out[size - 1] = '.';
        else if (c == '.')
            out[size++] = '.';
        else if (last != '.' && last != '_')
            out[size++] = '_';
    }
    if (out[size - 1] == '_')
        size--;
    return sm_slice_make(out, size);
}

struct sm_slice sm_datadog_name(struct sm_slice text, struct sm_arena *arena, enum sm_datadog_problem *problem)
{
    enum sm_datadog_problem ignored;
    problem = problem ? problem : &ignored;
    *problem = text.size == 0 ? SM_DATADOG_EMPTY : text.size > SM_DATADOG_NAME_MAX ? SM_DATADOG_TOO_LONG : SM_DATADOG_FINE;
    text = sm_datadog_truncate(text, SM_DATADOG_NAME_MAX);
    if (is_normal_name(text))
        return text;
    while (text.size > 0 && !sm_ascii_is_letter(text.ptr[0]))
        text = sm_slice_make(text.ptr + 1, text.size - 1);
    if (text.size > 0)
        return rewrite_name(text, arena);
    if (*problem != SM_DATADOG_EMPTY)
        *problem = SM_DATADOG_INVALID;
    return SM_SLICE("unnamed_operation");
}
