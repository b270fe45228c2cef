/* obfuscate_sql.c - writes a statement with "?" for its values, with aliases and comments left out and lists of values as one; see obfuscate.h.
 *
 * Every token goes through filters that look at it and at what became of the one before. Source: datadog-agent pkg/obfuscate/sql.go, 0.59.0. */
#include "datadog/obfuscate.h"

#include "base/bytes.h"
#include "base/unicode.h"
#include "base/utf8.h"
#include "datadog/sql_tokenizer.h"

enum { NESTED_MAX = 16 }; /* statements inside of $func$ */

static const struct sm_slice question_mark = {.ptr = "?", .size = 1};

struct rewriting {
    const struct sm_datadog_sql_obfuscation *settings;
    struct sm_arena *arena;
    struct sm_datadog_map tables; /* names seen */
    unsigned value_count;         /* of a list: 3 for ?, ?, ? */
    unsigned group_count;         /* of lists: 2 for (?, ?), (?, ?) */
    bool has_literal_escapes;
    unsigned depth;
};

/* A token on its way through the filters; without `has_text` it leaves nothing. */
struct passing {
    uint32_t token;
    struct sm_slice text;
    bool has_text;
};

static bool is_groupable(uint32_t token)
{
    return token == SM_SQL_GROUPABLE || token == SM_SQL_GROUPABLE_PARENTHESIS;
}

static uint32_t groupable(uint32_t token)
{
    return token == '(' ? SM_SQL_GROUPABLE_PARENTHESIS : SM_SQL_GROUPABLE;
}

/* Runs of digits as one "?". */
static struct sm_slice hide_digits(struct sm_slice text, struct sm_arena *arena)
{
    char *out = sm_arena_alloc(arena, text.size);
    size_t size = 0;
    for (size_t i = 0; i < text.size; i++) {
        bool is_digit = text.ptr[i] >= '0' && text.ptr[i] <= '9';
        if (!is_digit)
            out[size++] = text.ptr[i];
        else if (i == 0 || text.ptr[i - 1] < '0' || text.ptr[i - 1] > '9')
            out[size++] = '?';
    }
    return sm_slice_make(out, size);
}

/* ---- filters */

static bool begins_with_letter(struct sm_slice text)
{
    size_t size;
    bool is_sound;
    return text.size && sm_unicode_is(SM_UNICODE_LETTER, sm_utf8_read(text, &size, &is_sound));
}

static void note_table(struct rewriting *r, uint32_t last, struct passing *passing)
{
    bool may_be_query = last == SM_SQL_FROM || last == SM_SQL_JOIN;
    if (!may_be_query && last != SM_SQL_UPDATE && last != SM_SQL_INTO)
        return;
    if (may_be_query && !begins_with_letter(passing->text))
        return;
    struct sm_slice name = r->settings->replace_digits ? hide_digits(passing->text, r->arena) : sm_arena_copy(r->arena, passing->text);
    sm_datadog_map_put(&r->tables, r->arena, name);
    passing->token = SM_SQL_TABLE_NAME;
}

/* Comments, ';' and aliases. False: the statement is unsound. */
static bool discard(const struct rewriting *r, uint32_t last, struct passing *passing)
{
    if (last == SM_SQL_FILTERED_BRACKETS && passing->token != ']') {
        if (passing->token != SM_SQL_ID)
            return false;
        *passing = (struct passing){.token = SM_SQL_FILTERED_BRACKETS};
        return true;
    }
    if (last == SM_SQL_FILTERED_BRACKETS || last == SM_SQL_AS) {
        if (passing->token == '[')
            *passing = (struct passing){.token = SM_SQL_FILTERED_BRACKETS};
        else if (!r->settings->keep_sql_alias)
            *passing = (struct passing){.token = SM_SQL_FILTERED};
        return true;
    }
    if (passing->token == SM_SQL_COMMENT)
        *passing = (struct passing){.token = SM_SQL_FILTERED};
    else if (passing->token == ';')
        *passing = (struct passing){.token = SM_SQL_GROUPABLE};
    else if (passing->token == SM_SQL_AS && !r->settings->keep_sql_alias)
        *passing = (struct passing){.token = SM_SQL_AS};
    return true;
}

static bool is_value(uint32_t token)
{
    return token == SM_SQL_DOLLAR_QUOTED || token == SM_SQL_STRING || token == SM_SQL_NUMBER || token == SM_SQL_NULL || token == SM_SQL_VARIABLE ||
           token == SM_SQL_PREPARED || token == SM_SQL_BOOLEAN || token == SM_SQL_ESCAPE_SEQUENCE || token == '?';
}

static void replace(const struct rewriting *r, uint32_t last, struct passing *passing)
{
    if (last == SM_SQL_SAVEPOINT || (last == '=' && passing->token == SM_SQL_DOUBLE_QUOTED) || is_value(passing->token))
        *passing = (struct passing){.token = groupable(passing->token), .text = question_mark, .has_text = true};
    else if (r->settings->replace_digits && passing->has_text && (passing->token == SM_SQL_TABLE_NAME || passing->token == SM_SQL_ID))
        passing->text = hide_digits(passing->text, r->arena);
}

static void forget_group(struct rewriting *r)
{
    r->value_count = 0;
    r->group_count = 0;
}

/* Leaves one value of a list, and one list of several. */
static void group(struct rewriting *r, uint32_t last, struct passing *passing)
{
    uint32_t token = passing->token;
    bool may_begin_query = token == SM_SQL_SELECT || token == SM_SQL_DELETE || token == SM_SQL_UPDATE || token == SM_SQL_ID;
    if ((last == '(' && is_groupable(token)) || (token == '(' && r->group_count > 0))
        r->group_count++;
    if (r->group_count > 0 && last == SM_SQL_GROUPABLE_PARENTHESIS && may_begin_query) {
        forget_group(r);
        struct sm_bytes text;
        sm_bytes_init(&text, r->arena);
        sm_bytes_append_text(&text, "( ");
        sm_bytes_append_slice(&text, passing->text);
        passing->text = sm_bytes_slice(&text);
        passing->has_text = true;
    } else if (is_groupable(token)) {
        if (++r->value_count > 1)
            *passing = (struct passing){.token = groupable(token)};
    } else if ((r->value_count > 0 && (token == ',' || token == '?')) || r->group_count > 1) {
        *passing = (struct passing){.token = groupable(token)};
    } else if (token != ',' && token != '(' && token != ')') {
        forget_group(r);
    }
}

/* ---- statements */

static bool rewrite(struct rewriting *r, struct sm_slice statement, struct sm_sql_tokenizer *tokenizer, struct sm_slice *out);

/* The text between $func$, as a statement of its own if it is one. */
static struct passing rewrite_function(struct rewriting *r, struct sm_slice text)
{
    struct rewriting inner = {.settings = r->settings, .arena = r->arena, .has_literal_escapes = r->has_literal_escapes, .depth = r->depth + 1};
    struct sm_sql_tokenizer tokenizer;
    struct sm_slice statement, copy = sm_arena_copy(r->arena, text);
    struct sm_bytes whole;
    if (inner.depth > NESTED_MAX || !rewrite(&inner, copy, &tokenizer, &statement))
        return (struct passing){.token = SM_SQL_DOLLAR_QUOTED, .text = text, .has_text = true};
    sm_bytes_init(&whole, r->arena);
    sm_bytes_append_text(&whole, "$func$");
    sm_bytes_append_slice(&whole, statement);
    sm_bytes_append_text(&whole, "$func$");
    return (struct passing){.token = SM_SQL_DOLLAR_QUOTED_FUNC, .text = sm_bytes_slice(&whole), .has_text = true};
}

static void put(struct sm_bytes *out, uint32_t last, const struct passing *passing)
{
    bool is_close = passing->token == ',' || (passing->token == '=' && last == ':');
    if (out->size && !is_close)
        sm_bytes_append_char(out, ' ');
    sm_bytes_append_slice(out, passing->text);
}

static bool rewrite(struct rewriting *r, struct sm_slice statement, struct sm_sql_tokenizer *tokenizer, struct sm_slice *result)
{
    struct sm_bytes out;
    sm_bytes_init(&out, r->arena);
    sm_sql_tokenizer_init(tokenizer, statement, r->has_literal_escapes, r->settings->dollar_quoted_func, r->arena);
    for (uint32_t last = 0;;) {
        struct passing passing = {.has_text = true};
        passing.token = sm_sql_tokenizer_next(tokenizer, &passing.text);
        if (passing.token == SM_SQL_END)
            break;
        if (passing.token == SM_SQL_ERROR)
            return false;
        if (passing.token == SM_SQL_DOLLAR_QUOTED_FUNC)
            passing = rewrite_function(r, passing.text);
        if (r->settings->table_names)
            note_table(r, last, &passing);
        if (!discard(r, last, &passing))
            return false;
        replace(r, last, &passing);
        group(r, last, &passing);
        if (passing.has_text)
            put(&out, last, &passing);
        last = passing.token;
    }
    *result = sm_bytes_slice(&out);
    return out.size > 0;
}

static struct sm_slice list_tables(const struct rewriting *r)
{
    struct sm_bytes out;
    sm_bytes_init(&out, r->arena);
    for (uint32_t i = 0; i < r->tables.count; i++) {
        if (i)
            sm_bytes_append_char(&out, ',');
        sm_bytes_append_slice(&out, r->tables.entries[i].key);
    }
    return sm_bytes_slice(&out);
}

bool sm_datadog_obfuscate_sql(struct sm_datadog_obfuscator *obfuscator, struct sm_slice statement, struct sm_arena *arena, struct sm_slice *out,
                              struct sm_slice *tables)
{
    bool has_literal_escapes = atomic_load_explicit(&obfuscator->has_literal_escapes, memory_order_relaxed);
    struct sm_sql_tokenizer tokenizer;
    struct rewriting r = {.settings = &obfuscator->settings.sql, .arena = arena, .has_literal_escapes = has_literal_escapes};
    bool is_done = rewrite(&r, statement, &tokenizer, out);
    if (!is_done && tokenizer.has_seen_escape) {
        /* The database may not know escapes, or may know them. */
        r = (struct rewriting){.settings = &obfuscator->settings.sql, .arena = arena, .has_literal_escapes = !has_literal_escapes};
        is_done = rewrite(&r, statement, &tokenizer, out);
        if (is_done)
            atomic_store_explicit(&obfuscator->has_literal_escapes, !has_literal_escapes, memory_order_relaxed);
    }
    if (tables)
        *tables = is_done ? list_tables(&r) : (struct sm_slice){0};
    return is_done;
}
