/* glob.c - see glob.h. The pattern becomes a list of steps that are walked as a nondeterministic automaton: matching takes time proportional to
 * text times pattern, whatever the pattern. */
#include "ottl/glob.h"

#include "ottl/runes.h"

enum { STEPS_MAX = 4032, CLASS_MAX = 64 };

enum step_kind { STEP_RUNE, STEP_ANY, STEP_STAR, STEP_CLASS, STEP_SPLIT, STEP_JUMP, STEP_END };

struct step {
    enum step_kind kind;
    bool is_negated;
    uint32_t rune;
    size_t target;               /* SPLIT: the other way on; JUMP */
    const uint32_t (*ranges)[2]; /* CLASS */
    size_t range_count;
};

struct sm_ottl_glob {
    struct step *steps;
    size_t count, capacity;
    const struct sm_ottl_glob *ending; /* must match as well; NULL: nothing more */
};

struct compiling {
    struct sm_ottl_glob *glob;
    struct sm_arena *arena;
    struct sm_slice pattern;
    size_t at;
    const char *reason;
};

static size_t add_step(struct compiling *c, struct step step)
{
    struct sm_ottl_glob *glob = c->glob;
    if (glob->count == glob->capacity)
        glob->steps = sm_arena_grow(c->arena, glob->steps, glob->count, &glob->capacity, glob->count + 1, sizeof(*glob->steps));
    glob->steps[glob->count] = step;
    return glob->count++;
}

static bool fail(struct compiling *c, const char *reason)
{
    c->reason = reason;
    return false;
}

static bool at_end(const struct compiling *c)
{
    return c->at >= c->pattern.size;
}

static bool take_class(struct compiling *c)
{
    uint32_t(*ranges)[2] = sm_arena_zalloc(c->arena, CLASS_MAX, sizeof(*ranges));
    struct step step = {.kind = STEP_CLASS, .ranges = (const uint32_t(*)[2])ranges};
    if (!at_end(c) && c->pattern.ptr[c->at] == '!') {
        step.is_negated = true;
        c->at++;
    }
    while (!at_end(c) && c->pattern.ptr[c->at] != ']') {
        if (c->pattern.ptr[c->at] == '\\' && c->at + 1 < c->pattern.size)
            c->at++;
        uint32_t low = sm_ottl_rune_next(c->pattern, &c->at), high = low;
        if (c->at + 1 < c->pattern.size && c->pattern.ptr[c->at] == '-' && c->pattern.ptr[c->at + 1] != ']') {
            c->at++;
            high = sm_ottl_rune_next(c->pattern, &c->at);
        }
        if (step.range_count == CLASS_MAX || high < low)
            return fail(c, "a class of characters is too long or has its ends the wrong way round");
        ranges[step.range_count][0] = low;
        ranges[step.range_count++][1] = high;
    }
    if (at_end(c) || step.range_count == 0)
        return fail(c, "a class of characters is empty or not closed");
    c->at++;
    add_step(c, step);
    return true;
}

static bool take_sequence(struct compiling *c, unsigned depth);

/* {a,b,c}: before each alternative but the last a split, behind each but the last a jump to the end. The end of the pattern closes it, too. */
static bool take_alternatives(struct compiling *c, unsigned depth)
{
    size_t jumps = SIZE_MAX; /* jumps to fill in, linked by their targets */
    while (true) {
        size_t split = add_step(c, (struct step){.kind = STEP_SPLIT});
        if (!take_sequence(c, depth + 1))
            return false;
        bool is_last = at_end(c) || c->pattern.ptr[c->at++] == '}';
        if (!is_last)
            jumps = add_step(c, (struct step){.kind = STEP_JUMP, .target = jumps});
        c->glob->steps[split].target = is_last ? split + 1 : c->glob->count;
        if (is_last)
            break;
    }
    while (jumps != SIZE_MAX) {
        size_t next = c->glob->steps[jumps].target;
        c->glob->steps[jumps].target = c->glob->count;
        jumps = next;
    }
    return true;
}

static bool take_sequence(struct compiling *c, unsigned depth)
{
    while (!at_end(c) && c->glob->count < STEPS_MAX) {
        char special = c->pattern.ptr[c->at];
        if (depth > 0 && (special == ',' || special == '}'))
            return true;
        bool is_fine = true;
        uint32_t rune = sm_ottl_rune_next(c->pattern, &c->at);
        if (special == '*')
            add_step(c, (struct step){.kind = STEP_STAR});
        else if (special == '?')
            add_step(c, (struct step){.kind = STEP_ANY});
        else if (special == '[')
            is_fine = take_class(c);
        else if (special == '{')
            is_fine = depth < 16 ? take_alternatives(c, depth) : fail(c, "alternatives are nested too deep");
        else if (special != '\\')
            add_step(c, (struct step){.kind = STEP_RUNE, .rune = rune});
        else if (!at_end(c)) /* the last rune of a pattern quotes nothing and is nothing */
            add_step(c, (struct step){.kind = STEP_RUNE, .rune = sm_ottl_rune_next(c->pattern, &c->at)});
        if (!is_fine)
            return false;
    }
    return at_end(c) || fail(c, "the pattern is too long");
}

/* One text, stars and one text: the reference looks at the beginning and at the end, which may share runes ("ab*ba" matches "aba"). Such a pattern
 * becomes two, "ab*" and "*ba". */
static void divide_at_stars(struct sm_ottl_glob *glob, struct sm_arena *arena)
{
    size_t first = 0, next;
    while (glob->steps[first].kind == STEP_RUNE)
        first++;
    for (next = first; glob->steps[next].kind == STEP_STAR;)
        next++;
    for (size_t i = next; i < glob->count - 1; i++)
        if (glob->steps[i].kind != STEP_RUNE)
            return;
    if (first == 0 || next == first || next == glob->count - 1)
        return;
    struct sm_ottl_glob *ending = sm_arena_zalloc(arena, 1, sizeof(*ending));
    *ending = (struct sm_ottl_glob){.steps = glob->steps + first, .count = glob->count - first};
    struct step *beginning = sm_arena_zalloc(arena, first + 2, sizeof(*beginning));
    memcpy(beginning, glob->steps, (first + 1) * sizeof(*beginning));
    beginning[first + 1] = (struct step){.kind = STEP_END};
    *glob = (struct sm_ottl_glob){.steps = beginning, .count = first + 2, .ending = ending};
}

const struct sm_ottl_glob *sm_ottl_glob_compile(struct sm_slice pattern, struct sm_arena *arena, const char **reason)
{
    struct compiling c = {.glob = sm_arena_zalloc(arena, 1, sizeof(struct sm_ottl_glob)), .arena = arena, .pattern = pattern};
    if (!take_sequence(&c, 0)) {
        *reason = c.reason;
        return NULL;
    }
    add_step(&c, (struct step){.kind = STEP_END});
    divide_at_stars(c.glob, arena);
    return c.glob;
}

/* ---- matching */

static bool is_in_class(const struct step *step, uint32_t rune)
{
    for (size_t i = 0; i < step->range_count; i++)
        if (rune >= step->ranges[i][0] && rune <= step->ranges[i][1])
            return !step->is_negated;
    return step->is_negated;
}

struct step_set {
    uint64_t words[STEPS_MAX / 64 + 2];
};

static bool has(const struct step_set *set, size_t index)
{
    return (set->words[index / 64] >> (index % 64) & 1) != 0;
}

/* Jumps only lead forward, so one walk over the steps follows all that take no rune. */
static void follow(const struct sm_ottl_glob *glob, struct step_set *set)
{
    for (size_t i = 0; i < glob->count; i++) {
        const struct step *step = &glob->steps[i];
        if (!has(set, i))
            continue;
        if (step->kind == STEP_SPLIT || step->kind == STEP_JUMP)
            set->words[step->target / 64] |= UINT64_C(1) << (step->target % 64);
        if (step->kind == STEP_SPLIT || step->kind == STEP_STAR)
            set->words[(i + 1) / 64] |= UINT64_C(1) << ((i + 1) % 64);
    }
}

static void advance(const struct sm_ottl_glob *glob, const struct step_set *from, struct step_set *to, uint32_t rune)
{
    memset(to->words, 0, (glob->count / 64 + 1) * sizeof(to->words[0]));
    for (size_t i = 0; i < glob->count; i++) {
        const struct step *step = &glob->steps[i];
        bool takes =
            step->kind == STEP_ANY || (step->kind == STEP_RUNE && step->rune == rune) || (step->kind == STEP_CLASS && is_in_class(step, rune));
        if (!has(from, i) || (!takes && step->kind != STEP_STAR))
            continue;
        size_t next = step->kind == STEP_STAR ? i : i + 1;
        to->words[next / 64] |= UINT64_C(1) << (next % 64);
    }
    follow(glob, to);
}

/* A lone "?" or "[!a]" takes the end of an empty text for a rune. */
static bool matches_emptiness(const struct sm_ottl_glob *glob)
{
    return glob->count == 2 && (glob->steps[0].kind == STEP_ANY || (glob->steps[0].kind == STEP_CLASS && glob->steps[0].is_negated));
}

static bool walk(const struct sm_ottl_glob *glob, struct sm_slice text)
{
    struct step_set sets[2];
    unsigned current = 0;
    memset(sets[0].words, 0, (glob->count / 64 + 1) * sizeof(sets[0].words[0]));
    sets[0].words[0] = 1;
    follow(glob, &sets[0]);
    for (size_t i = 0; i < text.size; current = !current)
        advance(glob, &sets[current], &sets[!current], sm_ottl_rune_next(text, &i));
    return has(&sets[current], glob->count - 1);
}

bool sm_ottl_glob_matches(const struct sm_ottl_glob *glob, struct sm_slice text)
{
    if (text.size == 0 && matches_emptiness(glob))
        return true;
    return walk(glob, text) && (!glob->ending || walk(glob->ending, text));
}
