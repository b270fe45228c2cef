/* obfuscate_json.c - JSON with "?" for its values; see obfuscate.h. One pass over the bytes: a scanner says what each of them ends or begins.
 *
 * Behind a mistake nothing is written but "...". Source: datadog-agent pkg/obfuscate/json.go and json_scanner.go, 0.59.0. */
#include "datadog/obfuscate.h"

#include "base/ascii.h"
#include "base/bytes.h"
#include "base/hex.h"

enum event {
    EVENT_CONTINUE,
    EVENT_BEGIN_LITERAL,
    EVENT_BEGIN_OBJECT,
    EVENT_OBJECT_KEY,
    EVENT_OBJECT_VALUE,
    EVENT_END_OBJECT,
    EVENT_BEGIN_ARRAY,
    EVENT_ARRAY_VALUE,
    EVENT_END_ARRAY,
    EVENT_SKIP_SPACE,
    EVENT_END,
    EVENT_ERROR
};

/* What the next byte belongs to. */
enum step {
    STEP_VALUE,
    STEP_VALUE_OR_END,
    STEP_KEY,
    STEP_KEY_OR_END,
    STEP_END_VALUE,
    STEP_END_TOP,
    STEP_STRING,
    STEP_ESCAPE,
    STEP_HEX, /* `left` digits of \u */
    STEP_MINUS,
    STEP_ZERO,
    STEP_DIGITS,
    STEP_POINT,
    STEP_FRACTION,
    STEP_E,
    STEP_E_SIGN,
    STEP_EXPONENT,
    STEP_WORD, /* the rest of true, false or null */
    STEP_ERROR
};

enum inside { INSIDE_KEY, INSIDE_VALUE, INSIDE_ARRAY };

struct scanner {
    struct sm_arena *arena;
    enum step step;
    const char *word; /* STEP_WORD: what must follow */
    int left;
    bool is_at_end, has_failed;
    uint8_t *stack; /* borrowed: arena; enum inside */
    size_t depth, capacity;
};

static enum event step(struct scanner *s, char c);

static enum event fail(struct scanner *s)
{
    s->step = STEP_ERROR;
    s->has_failed = true;
    return EVENT_ERROR;
}

static enum event go(struct scanner *s, enum step next, enum event event)
{
    s->step = next;
    return event;
}

static void push(struct scanner *s, enum inside inside)
{
    s->stack = sm_arena_grow(s->arena, s->stack, s->depth, &s->capacity, s->depth + 1, 1);
    s->stack[s->depth++] = (uint8_t)inside;
}

static void pop(struct scanner *s)
{
    if (s->depth == 1) { /* it stays, as in the reference, until the next document begins */
        s->step = STEP_END_TOP;
        s->is_at_end = true;
        return;
    }
    s->depth--;
    s->step = STEP_END_VALUE;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Behind a document there may be another one. */
static enum event end_top(struct scanner *s, char c)
{
    if (is_space(c))
        return EVENT_END;
    s->step = STEP_VALUE;
    s->depth = 0;
    s->has_failed = false;
    s->is_at_end = false;
    return step(s, c);
}

static enum event end_value(struct scanner *s, char c)
{
    if (s->depth == 0) {
        s->step = STEP_END_TOP;
        s->is_at_end = true;
        return end_top(s, c);
    }
    if (is_space(c))
        return go(s, STEP_END_VALUE, EVENT_SKIP_SPACE);
    uint8_t *inside = &s->stack[s->depth - 1];
    switch (*inside) {
    case INSIDE_KEY:
        if (c != ':')
            return fail(s);
        *inside = INSIDE_VALUE;
        return go(s, STEP_VALUE, EVENT_OBJECT_KEY);
    case INSIDE_VALUE:
        if (c == ',') {
            *inside = INSIDE_KEY;
            return go(s, STEP_KEY, EVENT_OBJECT_VALUE);
        }
        if (c != '}')
            return fail(s);
        pop(s);
        return EVENT_END_OBJECT;
    default:
        if (c == ',')
            return go(s, STEP_VALUE, EVENT_ARRAY_VALUE);
        if (c != ']')
            return fail(s);
        pop(s);
        return EVENT_END_ARRAY;
    }
}

static enum event begin_word(struct scanner *s, const char *rest)
{
    s->word = rest;
    return go(s, STEP_WORD, EVENT_BEGIN_LITERAL);
}

static enum event begin_value(struct scanner *s, char c)
{
    switch (c) {
    case ' ':
    case '\t':
    case '\r':
    case '\n':
        return EVENT_SKIP_SPACE;
    case '{':
        push(s, INSIDE_KEY);
        return go(s, STEP_KEY_OR_END, EVENT_BEGIN_OBJECT);
    case '[':
        push(s, INSIDE_ARRAY);
        return go(s, STEP_VALUE_OR_END, EVENT_BEGIN_ARRAY);
    case '"':
        return go(s, STEP_STRING, EVENT_BEGIN_LITERAL);
    case '-':
        return go(s, STEP_MINUS, EVENT_BEGIN_LITERAL);
    case '0':
        return go(s, STEP_ZERO, EVENT_BEGIN_LITERAL);
    case 't':
        return begin_word(s, "rue");
    case 'f':
        return begin_word(s, "alse");
    case 'n':
        return begin_word(s, "ull");
    default:
        return sm_ascii_is_digit(c) ? go(s, STEP_DIGITS, EVENT_BEGIN_LITERAL) : fail(s);
    }
}

static enum event begin_key(struct scanner *s, char c)
{
    if (is_space(c))
        return EVENT_SKIP_SPACE;
    return c == '"' ? go(s, STEP_STRING, EVENT_BEGIN_LITERAL) : fail(s);
}

static enum event in_string(struct scanner *s, char c)
{
    if (c == '"')
        return go(s, STEP_END_VALUE, EVENT_CONTINUE);
    if (c == '\\')
        return go(s, STEP_ESCAPE, EVENT_CONTINUE);
    return (uint8_t)c < 0x20 ? fail(s) : EVENT_CONTINUE;
}

static enum event in_escape(struct scanner *s, char c)
{
    if (c == 'u') {
        s->left = 4;
        return go(s, STEP_HEX, EVENT_CONTINUE);
    }
    return c && strchr("bfnrt\\/\"", c) ? go(s, STEP_STRING, EVENT_CONTINUE) : fail(s);
}

static enum event in_number(struct scanner *s, char c)
{
    bool has_fraction = s->step == STEP_FRACTION;
    if (sm_ascii_is_digit(c) && s->step != STEP_ZERO)
        return EVENT_CONTINUE;
    if (c == '.' && !has_fraction)
        return go(s, STEP_POINT, EVENT_CONTINUE);
    return c == 'e' || c == 'E' ? go(s, STEP_E, EVENT_CONTINUE) : end_value(s, c);
}

static enum event in_word(struct scanner *s, char c)
{
    if (c != *s->word)
        return fail(s);
    s->word++;
    return *s->word ? EVENT_CONTINUE : go(s, STEP_END_VALUE, EVENT_CONTINUE);
}

static enum event step(struct scanner *s, char c)
{
    switch (s->step) {
    case STEP_VALUE:
        return begin_value(s, c);
    case STEP_VALUE_OR_END:
        return c == ']' ? end_value(s, c) : begin_value(s, c);
    case STEP_KEY:
        return begin_key(s, c);
    case STEP_KEY_OR_END:
        if (c != '}')
            return begin_key(s, c);
        s->stack[s->depth - 1] = INSIDE_VALUE;
        return end_value(s, c);
    case STEP_END_VALUE:
        return end_value(s, c);
    case STEP_END_TOP:
        return end_top(s, c);
    case STEP_STRING:
        return in_string(s, c);
    case STEP_ESCAPE:
        return in_escape(s, c);
    case STEP_HEX:
        if (sm_hex_value(c) < 0)
            return fail(s);
        return --s->left ? EVENT_CONTINUE : go(s, STEP_STRING, EVENT_CONTINUE);
    case STEP_MINUS:
        return c == '0' ? go(s, STEP_ZERO, EVENT_CONTINUE) : sm_ascii_is_digit(c) ? go(s, STEP_DIGITS, EVENT_CONTINUE) : fail(s);
    case STEP_ZERO:
    case STEP_DIGITS:
    case STEP_FRACTION:
        return in_number(s, c);
    case STEP_POINT:
        return sm_ascii_is_digit(c) ? go(s, STEP_FRACTION, EVENT_CONTINUE) : fail(s);
    case STEP_E:
        if (c == '+' || c == '-')
            return go(s, STEP_E_SIGN, EVENT_CONTINUE);
        return sm_ascii_is_digit(c) ? go(s, STEP_EXPONENT, EVENT_CONTINUE) : fail(s);
    case STEP_E_SIGN:
        return sm_ascii_is_digit(c) ? go(s, STEP_EXPONENT, EVENT_CONTINUE) : fail(s);
    case STEP_EXPONENT:
        return sm_ascii_is_digit(c) ? EVENT_CONTINUE : end_value(s, c);
    case STEP_WORD:
        return in_word(s, c);
    case STEP_ERROR:
        break;
    }
    return EVENT_ERROR;
}

/* Could the text end here? */
static bool may_end(struct scanner *s)
{
    if (s->has_failed)
        return false;
    if (!s->is_at_end)
        step(s, ' ');
    return s->is_at_end;
}

/* ---- writing */

struct writing {
    struct sm_datadog_obfuscator *obfuscator;
    const struct sm_datadog_json_obfuscation *settings;
    struct sm_arena *arena;
    struct sm_bytes out, token;
    uint8_t *closures; /* borrowed: arena; 1: an object */
    size_t depth, capacity, kept_depth;
    bool is_key, is_wiped, is_kept, is_statement;
};

static bool is_listed(const struct sm_string_list *list, struct sm_slice key)
{
    for (size_t i = 0; i < list->count; i++)
        if (sm_slice_is(key, list->items[i]))
            return true;
    return false;
}

/* In an object, or outside of everything, a key comes next. */
static void expect_key(struct writing *w)
{
    w->is_key = w->depth == 0 || w->closures[w->depth - 1];
    w->is_wiped = false;
}

static void open(struct writing *w, bool is_object)
{
    w->closures = sm_arena_grow(w->arena, w->closures, w->depth, &w->capacity, w->depth + 1, 1);
    w->closures[w->depth++] = is_object;
    expect_key(w);
    w->is_statement = false;
}

/* A literal as Go's strconv.Unquote reads it: without escapes it is what stands between the quotes, others are taken as they are. */
static struct sm_slice unquote(struct writing *w)
{
    struct sm_slice text = sm_bytes_slice(&w->token);
    if (text.size < 2 || text.ptr[0] != '"' || text.ptr[text.size - 1] != '"')
        return text;
    struct sm_slice inside = sm_slice_make(text.ptr + 1, text.size - 2);
    if (!memchr(inside.ptr, '\\', inside.size))
        return inside;
    struct sm_bytes plain;
    sm_bytes_init(&plain, w->arena);
    for (size_t i = 0; i < inside.size; i++) {
        static const char from[] = "bfnrt\\\"", to[] = "\b\f\n\r\t\\\"";
        const char *at = inside.ptr[i] == '\\' && i + 1 < inside.size ? strchr(from, inside.ptr[i + 1]) : NULL;
        if (inside.ptr[i] == '\\' && (!at || !*at))
            return text;
        sm_bytes_append_char(&plain, at ? to[at - from] : inside.ptr[i]);
        i += at != NULL;
    }
    return sm_bytes_slice(&plain);
}

static void put_statement(struct writing *w)
{
    struct sm_slice statement;
    if (!sm_datadog_obfuscate_sql(w->obfuscator, sm_arena_copy(w->arena, unquote(w)), w->arena, &statement, NULL))
        statement = SM_SLICE("Datadog-agent failed to obfuscate SQL string. Enable agent debug logs for more info.");
    sm_bytes_append_char(&w->out, '"');
    sm_bytes_append_slice(&w->out, statement);
    sm_bytes_append_char(&w->out, '"');
    w->is_statement = false;
    w->token.size = 0;
}

/* `depth`: before this byte. */
static void end_value_of(struct writing *w, size_t depth)
{
    expect_key(w);
    if (w->is_statement)
        put_statement(w);
    else if (w->is_kept && depth < w->kept_depth)
        w->is_kept = false;
}

static void end_key(struct writing *w, size_t depth)
{
    struct sm_slice key = sm_bytes_slice(&w->token);
    while (key.size && key.ptr[0] == '"')
        key = sm_slice_make(key.ptr + 1, key.size - 1);
    while (key.size && key.ptr[key.size - 1] == '"')
        key.size--;
    if (!w->is_kept && is_listed(&w->settings->keep_values, key)) {
        w->is_kept = true;
        w->kept_depth = depth + 1;
    } else if (!w->is_statement && is_listed(&w->settings->obfuscate_sql_values, key)) {
        w->is_statement = true;
    }
    w->token.size = 0;
    w->is_key = false;
}

/* A byte of a literal: false: it is not written. */
static bool take_literal(struct writing *w, char c)
{
    if (w->is_statement || w->is_key)
        sm_bytes_append_char(&w->token, c);
    if (w->is_statement)
        return false;
    if (w->is_key || w->is_kept)
        return true;
    if (!w->is_wiped)
        sm_bytes_append_text(&w->out, "\"?\"");
    w->is_wiped = true;
    return false;
}

/* False: the byte is not written. */
static bool take(struct writing *w, enum event event, char c)
{
    size_t depth = w->depth;
    switch (event) {
    case EVENT_BEGIN_OBJECT:
    case EVENT_BEGIN_ARRAY:
        open(w, event == EVENT_BEGIN_OBJECT);
        return true;
    case EVENT_END_ARRAY:
    case EVENT_END_OBJECT:
        if (w->depth > 1)
            w->depth--;
        end_value_of(w, depth);
        return true;
    case EVENT_OBJECT_VALUE:
    case EVENT_ARRAY_VALUE:
        end_value_of(w, depth);
        return true;
    case EVENT_BEGIN_LITERAL:
    case EVENT_CONTINUE:
        return take_literal(w, c);
    case EVENT_OBJECT_KEY:
        end_key(w, depth);
        return true;
    case EVENT_SKIP_SPACE:
        return false;
    case EVENT_END:
    case EVENT_ERROR:
        break;
    }
    return true;
}

struct sm_slice sm_datadog_obfuscate_json(struct sm_datadog_obfuscator *obfuscator, const struct sm_datadog_json_obfuscation *settings,
                                          struct sm_slice json, struct sm_arena *arena)
{
    struct scanner scanner = {.arena = arena};
    struct writing w = {.obfuscator = obfuscator, .settings = settings, .arena = arena};
    if (!settings->enabled || !json.size)
        return json;
    sm_bytes_init(&w.out, arena);
    sm_bytes_init(&w.token, arena);
    bool is_whole = true;
    for (size_t i = 0; is_whole && i < json.size; i++) {
        enum event event = step(&scanner, json.ptr[i]);
        is_whole = event != EVENT_ERROR;
        if (is_whole && take(&w, event, json.ptr[i]))
            sm_bytes_append_char(&w.out, json.ptr[i]);
    }
    if (!is_whole || !may_end(&scanner))
        sm_bytes_append_text(&w.out, "...");
    return sm_bytes_slice(&w.out);
}
