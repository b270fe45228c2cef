/* glob.c - see glob.h. A pattern is parsed to a sequence of terms and matched by trying, with a bounded number of steps.
 *
 * The language is that of github.com/gobwas/glob v0.2.3, which the reference uses with '.' as the separator, with two of its habits that users can
 * see:
 *   - alternatives next to terms of fixed length take as many characters as the last alternatives of fixed length do: `net.{peer.*,host}` matches
 * only `net.host` (the library's AnyOf.Len and Row);
 *   - in `db.**.name` the two texts may overlap: it matches `db.name` (its PrefixSuffix). */
#include "connectors/span_metrics/glob.h"

enum { SEPARATOR = '.', STEPS_MAX = 100000, DEPTH_MAX = 32 };

enum term_kind { TERM_TEXT, TERM_ANY, TERM_SUPER, TERM_SINGLE, TERM_RANGE, TERM_LIST, TERM_ANY_OF };

struct sequence;

struct term {
    enum term_kind kind;
    struct term *next;
    struct sm_slice text;          /* TEXT; LIST: its characters */
    uint32_t low, high;            /* RANGE */
    bool is_negated;               /* RANGE, LIST */
    bool is_exact;                 /* ANY_OF: takes exactly `length` characters */
    int64_t length;                /* in characters; -1: varies */
    struct sequence *alternatives; /* ANY_OF */
};

struct sequence {
    struct term *first, *last;
    struct sequence *next; /* the next alternative */
};

struct sm_glob {
    struct sequence pattern;
};

/* ---- characters */

/* The character at `at` and its size; a byte that is no UTF-8 counts as one character. */
static uint32_t decode(const char *at, const char *end, size_t *size)
{
    const unsigned char *u = (const unsigned char *)at;
    size_t length = u[0] < 0x80 ? 1 : u[0] >= 0xc2 && u[0] < 0xe0 ? 2 : u[0] >= 0xe0 && u[0] < 0xf0 ? 3 : u[0] >= 0xf0 && u[0] < 0xf5 ? 4 : 0;
    *size = 1;
    if (length == 0 || length > (size_t)(end - at))
        return 0xfffd;
    uint32_t c = length == 1 ? u[0] : u[0] & (0x7fu >> length);
    for (size_t i = 1; i < length; i++) {
        if ((u[i] & 0xc0) != 0x80)
            return 0xfffd;
        c = c << 6 | (u[i] & 0x3fu);
    }
    *size = length;
    return c;
}

static int64_t count_characters(struct sm_slice text)
{
    int64_t count = 0;
    size_t size;
    for (const char *at = text.ptr, *end = at + text.size; at < end; at += size, count++)
        decode(at, end, &size);
    return count;
}

/* ---- parsing */

struct parser {
    const char *at, *end;
    struct sm_arena *arena;
    const char *error;
};

static struct term *append_term(struct parser *parser, struct sequence *sequence, enum term_kind kind)
{
    struct term *term = sm_arena_zalloc(parser->arena, 1, sizeof(*term));
    term->kind = kind;
    term->length = kind == TERM_ANY || kind == TERM_SUPER ? -1 : 1;
    if (sequence->last)
        sequence->last->next = term;
    else
        sequence->first = term;
    sequence->last = term;
    return term;
}

/* Characters up to one of `breakers`, which stays; a backslash takes the next one literally. */
static struct sm_slice read_text(struct parser *parser, const char *breakers)
{
    char *text = sm_arena_alloc(parser->arena, (size_t)(parser->end - parser->at) + 1);
    size_t size = 0;
    bool is_escaped = false;
    for (; parser->at < parser->end; parser->at++) {
        if (!is_escaped && *parser->at == '\\') {
            is_escaped = true;
            continue;
        }
        if (!is_escaped && strchr(breakers, *parser->at))
            break;
        is_escaped = false;
        text[size++] = *parser->at;
    }
    return sm_slice_make(text, size);
}

static uint32_t read_character(struct parser *parser)
{
    size_t size;
    uint32_t c = decode(parser->at, parser->end, &size);
    parser->at += size;
    return c;
}

/* Behind the '['. */
static void parse_class(struct parser *parser, struct sequence *sequence)
{
    struct term *term = append_term(parser, sequence, TERM_LIST);
    if (parser->at < parser->end && *parser->at == '!') {
        term->is_negated = true;
        parser->at++;
    }
    const char *first = parser->at;
    if (first < parser->end)
        term->low = read_character(parser);
    if (parser->end - parser->at >= 2 && *parser->at == '-') {
        parser->at++;
        term->kind = TERM_RANGE;
        term->high = read_character(parser);
        if (term->high < term->low)
            parser->error = "hi character should be greater than lo";
    } else {
        parser->at = first;
        term->text = read_text(parser, "]");
        if (term->text.size == 0)
            parser->error = "could not parse range";
    }
    if (parser->at == parser->end)
        parser->error = "unexpected end of input";
    else if (*parser->at != ']')
        parser->error = "expected close range character";
    else
        parser->at++;
}

/* As the library sees it: lengths that vary count only behind one that does not. */
static int64_t length_of_alternatives(const struct term *any_of)
{
    int64_t length = -1;
    for (const struct sequence *alternative = any_of->alternatives; alternative; alternative = alternative->next) {
        int64_t own = 0;
        for (const struct term *term = alternative->first; term && own >= 0; term = term->next)
            own = term->length < 0 ? -1 : own + term->length;
        if (length == -1)
            length = own;
        else if (own != length)
            return -1;
    }
    return length;
}

static void mark_exact(struct sequence *sequence)
{
    const struct term *before = NULL;
    for (struct term *term = sequence->first; term; before = term, term = term->next)
        if (term->kind == TERM_ANY_OF && term->length >= 0)
            term->is_exact = (before && before->length >= 0) || (term->next && term->next->length >= 0);
}

static void parse_sequence(struct parser *parser, struct sequence *sequence, unsigned depth);

/* Behind the '{'; a missing '}' at the end is let pass, as the library does. */
static void parse_alternatives(struct parser *parser, struct sequence *sequence, unsigned depth)
{
    struct term *term = append_term(parser, sequence, TERM_ANY_OF);
    struct sequence **link = &term->alternatives;
    do {
        *link = sm_arena_zalloc(parser->arena, 1, sizeof(**link));
        parse_sequence(parser, *link, depth + 1);
        link = &(*link)->next;
    } while (!parser->error && parser->at < parser->end && *parser->at++ == ',');
    term->length = length_of_alternatives(term);
}

static void parse_sequence(struct parser *parser, struct sequence *sequence, unsigned depth)
{
    if (depth > DEPTH_MAX)
        parser->error = "nested too deeply";
    while (!parser->error && parser->at < parser->end) {
        char c = *parser->at;
        if (depth && (c == ',' || c == '}'))
            break;
        if (c == '*') {
            bool is_super = parser->end - parser->at >= 2 && parser->at[1] == '*';
            append_term(parser, sequence, is_super ? TERM_SUPER : TERM_ANY);
            parser->at += is_super ? 2 : 1;
        } else if (c == '?') {
            append_term(parser, sequence, TERM_SINGLE);
            parser->at++;
        } else if (c == '[') {
            parser->at++;
            parse_class(parser, sequence);
        } else if (c == '{') {
            parser->at++;
            parse_alternatives(parser, sequence, depth);
        } else {
            struct sm_slice text = read_text(parser, depth ? "?*[{}," : "?*[{");
            struct term *term = append_term(parser, sequence, TERM_TEXT);
            term->text = text;
            term->length = count_characters(text);
        }
    }
    mark_exact(sequence);
}

static const struct sm_glob *parse(struct sm_slice pattern, struct sm_arena *arena, const char **error)
{
    struct sm_slice copy = sm_arena_copy(arena, pattern);
    struct parser parser = {.at = copy.ptr, .end = copy.ptr + copy.size, .arena = arena};
    struct sm_glob *glob = sm_arena_zalloc(arena, 1, sizeof(*glob));
    parse_sequence(&parser, &glob->pattern, 0);
    *error = parser.error;
    return glob;
}

bool sm_glob_check(struct sm_slice pattern, const char **error)
{
    struct sm_arena arena = SM_ARENA_INIT;
    parse(pattern, &arena, error);
    sm_arena_deinit(&arena);
    return *error == NULL;
}

const struct sm_glob *sm_glob_compile(struct sm_slice pattern, struct sm_arena *arena)
{
    const char *error;
    return parse(pattern, arena, &error);
}

/* ---- matching */

static bool match_terms(const struct term *term, const char *at, const char *end, unsigned *steps);

static bool match_character(const struct term *term, uint32_t c)
{
    if (term->kind == TERM_SINGLE)
        return c != SEPARATOR;
    if (term->kind == TERM_RANGE)
        return (c >= term->low && c <= term->high) != term->is_negated;
    bool is_listed = false;
    size_t size;
    for (const char *at = term->text.ptr, *end = at + term->text.size; at < end && !is_listed; at += size)
        is_listed = decode(at, end, &size) == c;
    return is_listed != term->is_negated;
}

static bool match_sequence(const struct sequence *sequence, const char *at, const char *end, unsigned *steps)
{
    const struct term *first = sequence->first, *last = sequence->last;
    bool may_overlap = first && first->kind == TERM_TEXT && first->next && first->next->kind == TERM_SUPER && first->next->next == last && last &&
                       last->kind == TERM_TEXT;
    if (may_overlap) {
        struct sm_slice all = sm_slice_make(at, (size_t)(end - at));
        return sm_slice_starts_with(all, first->text) && sm_slice_ends_with(all, last->text);
    }
    return match_terms(first, at, end, steps);
}

static bool match_one_alternative(const struct term *term, const char *at, const char *end, unsigned *steps)
{
    for (const struct sequence *alternative = term->alternatives; alternative; alternative = alternative->next)
        if (match_sequence(alternative, at, end, steps))
            return true;
    return false;
}

/* Tries every end of what `term` may take, the rest of the pattern behind it. */
static bool match_run(const struct term *term, const char *at, const char *end, unsigned *steps)
{
    int64_t count = 0;
    for (const char *stop = at;; count++) {
        bool may_end = term->kind != TERM_ANY_OF || ((!term->is_exact || count == term->length) && match_one_alternative(term, at, stop, steps));
        if (may_end && match_terms(term->next, stop, end, steps))
            return true;
        if (stop == end || *steps == 0 || (term->kind == TERM_ANY && *stop == SEPARATOR))
            return false;
        size_t size;
        decode(stop, end, &size);
        stop += size;
    }
}

static bool match_terms(const struct term *term, const char *at, const char *end, unsigned *steps)
{
    for (; term; term = term->next) {
        if (*steps == 0)
            return false;
        --*steps;
        if (term->kind == TERM_ANY || term->kind == TERM_SUPER || term->kind == TERM_ANY_OF)
            return match_run(term, at, end, steps);
        if (term->kind == TERM_TEXT) {
            if (!sm_slice_starts_with(sm_slice_make(at, (size_t)(end - at)), term->text))
                return false;
            at += term->text.size;
            continue;
        }
        size_t size;
        if (at == end || !match_character(term, decode(at, end, &size)))
            return false;
        at += size;
    }
    return at == end;
}

bool sm_glob_match(const struct sm_glob *glob, struct sm_slice text)
{
    unsigned steps = STEPS_MAX;
    const char *at = text.ptr ? text.ptr : "";
    return match_sequence(&glob->pattern, at, at + text.size, &steps);
}
