/* name.c - see name.h. Stateless. A metric name with suffixes is split into tokens (runs of letters, digits and colons), the words of unit and type
 * are added unless they are there already, and all is joined by underscores. */
#include "prometheus/name.h"

#include "base/ascii.h"
#include "base/utf8.h"

/* ---- characters and validity */

static bool is_name_char(char c)
{
    return sm_ascii_is_alnum(c) || c == ':';
}

static bool is_classic_rune(uint32_t rune, bool is_first)
{
    return rune < 0x80 && (is_name_char((char)rune) || rune == '_') && !(is_first && sm_ascii_is_digit((char)rune));
}

bool sm_prometheus_is_classic_name(struct sm_slice name)
{
    for (size_t i = 0; i < name.size; i++)
        if (!is_classic_rune((unsigned char)name.ptr[i], i == 0))
            return false;
    return name.size > 0;
}

bool sm_prometheus_is_name(struct sm_slice name)
{
    return name.size > 0 && sm_utf8_is_sound(name);
}

static bool has_only_underscores(struct sm_slice name)
{
    for (size_t i = 0; i < name.size; i++)
        if (name.ptr[i] != '_')
            return false;
    return true;
}

static struct sm_slice since(const struct sm_bytes *out, size_t start)
{
    return sm_slice_make(out->ptr + start, out->size - start);
}

/* ---- units */

struct word {
    const char *from, *to;
};

static const struct word unit_words[] = {
    {"d", "days"},
    {"h", "hours"},
    {"min", "minutes"},
    {"s", "seconds"},
    {"ms", "milliseconds"},
    {"us", "microseconds"},
    {"ns", "nanoseconds"},
    {"By", "bytes"},
    {"KiBy", "kibibytes"},
    {"MiBy", "mebibytes"},
    {"GiBy", "gibibytes"},
    {"TiBy", "tibibytes"},
    {"KBy", "kilobytes"},
    {"MBy", "megabytes"},
    {"GBy", "gigabytes"},
    {"TBy", "terabytes"},
    {"m", "meters"},
    {"V", "volts"},
    {"A", "amperes"},
    {"J", "joules"},
    {"W", "watts"},
    {"g", "grams"},
    {"Cel", "celsius"},
    {"Hz", "hertz"},
    {"1", ""},
    {"%", "percent"},
    {0},
};

static const struct word per_words[] = {
    {"s", "second"}, {"m", "minute"}, {"h", "hour"}, {"d", "day"}, {"w", "week"}, {"mo", "month"}, {"y", "year"}, {0},
};

enum { UNIT_SIZE_MAX = 4096 }; /* of a unit that becomes part of a name: a longer one is left out */

static struct sm_slice translate(const struct word *words, struct sm_slice unit)
{
    for (; words->from; words++)
        if (sm_slice_is(unit, words->from))
            return sm_slice_of(words->to);
    return unit;
}

/* What of a unit becomes words: nothing when it is an annotation ("{requests}"). */
static struct sm_slice unit_word(const struct word *words, struct sm_slice unit)
{
    unit = sm_slice_trim(unit);
    if (unit.size > UNIT_SIZE_MAX || (unit.size && (memchr(unit.ptr, '{', unit.size) || memchr(unit.ptr, '}', unit.size))))
        return (struct sm_slice){0};
    return translate(words, unit);
}

struct unit {
    struct sm_bytes main, per; /* per: with "per_" before it */
};

static void split_unit(struct sm_slice text, struct unit *unit)
{
    struct sm_slice rest = text;
    sm_bytes_append_slice(&unit->main, unit_word(unit_words, sm_slice_cut(&rest, '/')));
    struct sm_slice per = unit_word(per_words, rest);
    if (!per.size)
        return;
    sm_bytes_append_text(&unit->per, "per_");
    sm_bytes_append_slice(&unit->per, per);
}

static void release_unit(struct unit *unit)
{
    sm_bytes_deinit(&unit->main);
    sm_bytes_deinit(&unit->per);
}

/* Every other character becomes an underscore, runs of them one, a leading one goes. */
static void clean_unit(struct sm_bytes *word)
{
    size_t kept = 0;
    for (size_t i = 0; i < word->size; i++) {
        char c = is_name_char(word->ptr[i]) ? word->ptr[i] : '_';
        if (c == '_' && kept && word->ptr[kept - 1] == '_')
            continue;
        word->ptr[kept++] = c;
    }
    word->size = kept;
    if (kept && word->ptr[0] == '_')
        memmove(word->ptr, word->ptr + 1, --word->size);
}

static void cut_trailing_underscore(struct sm_bytes *word)
{
    if (word->size && word->ptr[word->size - 1] == '_')
        word->size--;
}

void sm_prometheus_unit_name(struct sm_slice text, bool keeps_utf8, struct sm_bytes *out)
{
    struct unit unit = {0};
    split_unit(text, &unit);
    if (!keeps_utf8) {
        clean_unit(&unit.main);
        clean_unit(&unit.per);
    }
    struct sm_bytes *last = unit.per.size ? &unit.per : &unit.main;
    cut_trailing_underscore(last);
    sm_bytes_append_slice(out, sm_bytes_slice(&unit.main));
    if (unit.main.size && unit.per.size)
        sm_bytes_append_char(out, '_');
    sm_bytes_append_slice(out, sm_bytes_slice(&unit.per));
    release_unit(&unit);
}

/* ---- names with suffixes, escaped */

static bool next_token(struct sm_slice *rest, struct sm_slice *token)
{
    size_t at = 0;
    while (at < rest->size && !is_name_char(rest->ptr[at]))
        at++;
    size_t start = at;
    while (at < rest->size && is_name_char(rest->ptr[at]))
        at++;
    *token = sm_slice_make(rest->ptr ? rest->ptr + start : NULL, at - start);
    *rest = sm_slice_make(rest->ptr ? rest->ptr + at : NULL, rest->size - at);
    return token->size > 0;
}

static bool has_token(struct sm_slice name, struct sm_slice wanted)
{
    struct sm_slice token;
    while (next_token(&name, &token))
        if (sm_slice_equal(token, wanted))
            return true;
    return false;
}

/* Leaves of the unit only what the name does not say already. */
static void fit_unit(struct sm_slice name, struct unit *unit)
{
    clean_unit(&unit->main);
    clean_unit(&unit->per);
    if (has_token(name, sm_bytes_slice(&unit->main)))
        unit->main.size = 0;
    if (sm_slice_is(sm_bytes_slice(&unit->per), "per_"))
        unit->per.size = 0;
    cut_trailing_underscore(&unit->per);
    if (has_token(name, sm_bytes_slice(&unit->per)))
        unit->per.size = 0;
    if (unit->per.size)
        cut_trailing_underscore(&unit->main);
}

static const char *type_word(struct sm_slice unit, enum sm_prometheus_kind kind)
{
    if (kind == SM_PROMETHEUS_KIND_COUNTER)
        return "total";
    return kind == SM_PROMETHEUS_KIND_GAUGE && sm_slice_is(unit, "1") ? "ratio" : NULL;
}

static void join(struct sm_bytes *out, size_t start, bool *is_first, struct sm_slice word)
{
    if (!*is_first)
        sm_bytes_append_char(out, '_');
    else if (out->size == start && word.size && sm_ascii_is_digit(word.ptr[0]))
        sm_bytes_append_char(out, '_'); /* a name cannot start with a digit */
    *is_first = false;
    sm_bytes_append_slice(out, word);
}

static void join_unless(struct sm_bytes *out, size_t start, bool *is_first, struct sm_slice word, const char *left_out)
{
    if (word.size && !(left_out && sm_slice_is(word, left_out)))
        join(out, start, is_first, word);
}

static void append_with_suffixes(const struct sm_prometheus_namer *namer, struct sm_slice name, struct sm_slice unit_text,
                                 enum sm_prometheus_kind kind, struct sm_bytes *out)
{
    struct unit unit = {0};
    split_unit(unit_text, &unit);
    fit_unit(name, &unit);
    const char *type = type_word(unit_text, kind);
    size_t start = out->size;
    bool is_first = true;
    if (namer->name_space.size)
        join(out, start, &is_first, namer->name_space);
    struct sm_slice token;
    while (next_token(&name, &token))
        join_unless(out, start, &is_first, token, type);
    join_unless(out, start, &is_first, sm_bytes_slice(&unit.main), type);
    join_unless(out, start, &is_first, sm_bytes_slice(&unit.per), type);
    if (type)
        join(out, start, &is_first, sm_slice_of(type));
    release_unit(&unit);
}

/* ---- names without suffixes, escaped */

/* Runs of other characters become one underscore, at the ends nothing; underscores stay. */
static void append_fields(struct sm_slice name, struct sm_bytes *out)
{
    bool has_field = false, in_field = false;
    for (size_t i = 0; i < name.size; i++) {
        bool belongs = is_name_char(name.ptr[i]) || name.ptr[i] == '_';
        if (belongs && !in_field && has_field)
            sm_bytes_append_char(out, '_');
        in_field = belongs;
        has_field |= belongs;
        if (belongs)
            sm_bytes_append_char(out, name.ptr[i]);
    }
}

static void append_without_suffixes(const struct sm_prometheus_namer *namer, struct sm_slice name, struct sm_bytes *out)
{
    size_t start = out->size;
    if (namer->name_space.size) {
        append_fields(namer->name_space, out);
        sm_bytes_append_char(out, '_');
        append_fields(name, out);
        return;
    }
    append_fields(name, out);
    if (out->size > start && sm_ascii_is_digit(out->ptr[start])) {
        sm_bytes_append_char(out, '_');
        memmove(out->ptr + start + 1, out->ptr + start, out->size - start - 1);
        out->ptr[start] = '_';
    }
}

/* ---- names that keep their characters */

static void cut_suffix_and_delimiter(struct sm_bytes *out, size_t start, struct sm_slice suffix)
{
    struct sm_slice name = since(out, start);
    if (sm_slice_ends_with(name, suffix) && name.size > suffix.size + 1)
        out->size -= suffix.size + 1;
}

static void append_word(struct sm_bytes *out, struct sm_slice word)
{
    sm_bytes_append_char(out, '_');
    sm_bytes_append_slice(out, word);
}

static void append_unescaped(const struct sm_prometheus_namer *namer, struct sm_slice name, struct sm_slice unit_text, enum sm_prometheus_kind kind,
                             struct sm_bytes *out)
{
    size_t start = out->size;
    if (namer->name_space.size) {
        sm_bytes_append_slice(out, namer->name_space);
        sm_bytes_append_char(out, '_');
    }
    sm_bytes_append_slice(out, name);
    if (!namer->with_suffixes)
        return;
    struct unit unit = {0};
    split_unit(unit_text, &unit);
    const char *type = type_word(unit_text, kind);
    if (type)
        cut_suffix_and_delimiter(out, start, sm_slice_of(type));
    if (unit.per.size)
        cut_suffix_and_delimiter(out, start, sm_bytes_slice(&unit.per));
    if (unit.main.size && !sm_slice_ends_with(since(out, start), sm_bytes_slice(&unit.main)))
        append_word(out, sm_bytes_slice(&unit.main));
    if (unit.per.size)
        append_word(out, sm_bytes_slice(&unit.per));
    if (type)
        append_word(out, sm_slice_of(type));
    release_unit(&unit);
}

bool sm_prometheus_metric_name(const struct sm_prometheus_namer *namer, struct sm_slice name, struct sm_slice unit, enum sm_prometheus_kind kind,
                               struct sm_bytes *out)
{
    size_t start = out->size;
    if (namer->keeps_utf8)
        append_unescaped(namer, name, unit, kind, out);
    else if (namer->with_suffixes)
        append_with_suffixes(namer, name, unit, kind, out);
    else
        append_without_suffixes(namer, name, out);
    struct sm_slice result = since(out, start);
    if (!result.size)
        return false;
    return namer->keeps_utf8 || sm_slice_equal(result, name) || !has_only_underscores(result);
}

/* ---- labels */

/* Every character that is neither letter nor digit becomes one underscore. */
static void append_sanitized(struct sm_slice label, bool collapses, struct sm_bytes *out)
{
    bool is_run = false;
    while (label.size) {
        size_t size = 1;
        bool is_sound;
        if ((unsigned char)*label.ptr >= 0x80)
            sm_utf8_read(label, &size, &is_sound);
        bool is_valid = sm_ascii_is_alnum(*label.ptr);
        if (is_valid)
            sm_bytes_append_char(out, *label.ptr);
        else if (!is_run || !collapses)
            sm_bytes_append_char(out, '_');
        is_run = !is_valid;
        label = sm_slice_make(label.ptr + size, label.size - size);
    }
}

static const struct sm_slice reserved = {.ptr = "__", .size = 2};

static void append_label(const struct sm_prometheus_label_namer *namer, struct sm_slice label, struct sm_bytes *out)
{
    bool is_reserved = namer->collapses_underscores && label.size >= 2 * reserved.size && sm_slice_starts_with(label, reserved) &&
                       sm_slice_ends_with(label, reserved);
    if (!is_reserved) {
        append_sanitized(label, namer->collapses_underscores, out);
        return;
    }
    sm_bytes_append_slice(out, reserved);
    append_sanitized(sm_slice_make(label.ptr + reserved.size, label.size - 2 * reserved.size), true, out);
    sm_bytes_append_slice(out, reserved);
}

static void insert(struct sm_bytes *out, size_t at, struct sm_slice text)
{
    sm_bytes_reserve(out, text.size);
    memmove(out->ptr + at + text.size, out->ptr + at, out->size - at);
    memcpy(out->ptr + at, text.ptr, text.size);
    out->size += text.size;
}

bool sm_prometheus_label_name(const struct sm_prometheus_label_namer *namer, struct sm_slice label, struct sm_bytes *out)
{
    if (!label.size)
        return false;
    if (namer->keeps_utf8) {
        sm_bytes_append_slice(out, label);
        return !has_only_underscores(label);
    }
    size_t start = out->size;
    append_label(namer, label, out);
    struct sm_slice result = since(out, start);
    if (sm_ascii_is_digit(result.ptr[0]))
        insert(out, start, SM_SLICE("key_"));
    else if (namer->marks_leading_underscore && result.ptr[0] == '_' && !sm_slice_starts_with(result, reserved))
        insert(out, start, SM_SLICE("key"));
    return !has_only_underscores(since(out, start));
}

/* ---- escaping for a client */

static void escape_rune(uint32_t rune, struct sm_slice bytes, bool is_first, enum sm_prometheus_escaping escaping, struct sm_bytes *out)
{
    if (rune == '_' && escaping != SM_PROMETHEUS_UNDERSCORES)
        sm_bytes_append_text(out, "__");
    else if (rune == '.' && escaping == SM_PROMETHEUS_DOTS)
        sm_bytes_append_text(out, "_dot_");
    else if (is_classic_rune(rune, is_first))
        sm_bytes_append_slice(out, bytes);
    else if (escaping == SM_PROMETHEUS_VALUES)
        sm_bytes_printf(out, "_%x_", (unsigned)rune);
    else
        sm_bytes_append_text(out, escaping == SM_PROMETHEUS_DOTS ? "__" : "_");
}

void sm_prometheus_escape_name(struct sm_slice name, enum sm_prometheus_escaping escaping, struct sm_bytes *out)
{
    if (escaping == SM_PROMETHEUS_ALLOW_UTF8 || sm_prometheus_is_classic_name(name)) {
        sm_bytes_append_slice(out, name);
        return;
    }
    if (escaping == SM_PROMETHEUS_VALUES)
        sm_bytes_append_text(out, "U__");
    for (bool is_first = true; name.size; is_first = false) {
        size_t size;
        bool is_sound;
        uint32_t rune = sm_utf8_read(name, &size, &is_sound);
        escape_rune(rune, sm_slice_make(name.ptr, size), is_first, escaping, out);
        name = sm_slice_make(name.ptr + size, name.size - size);
    }
}
