/* obfuscate_redis.c - Redis commands: their names alone, or with "?" for what may be values; see obfuscate.h. Stateless.
 * Source: datadog-agent pkg/obfuscate/redis.go and redis_tokenizer.go, 0.59.0. */
#include "datadog/obfuscate.h"

#include <strings.h>

#include "base/bytes.h"
#include "base/unicode.h"
#include "base/utf8.h"

enum { COMMANDS_MAX = 3 };

static const struct sm_slice cut_mark = {.ptr = "...", .size = 3};

static bool is_word(struct sm_slice text, const char *word)
{
    return sm_slice_equal_nocase(text, sm_slice_of(word));
}

static bool is_one_of(struct sm_slice text, const char *const *words)
{
    for (; *words; words++)
        if (is_word(text, *words))
            return true;
    return false;
}

static void put_upper(struct sm_bytes *out, struct sm_slice text)
{
    for (size_t i = 0, size; i < text.size; i += size) {
        bool is_sound;
        uint32_t rune = sm_utf8_read(sm_slice_make(text.ptr + i, text.size - i), &size, &is_sound);
        if (rune >= 'a' && rune <= 'z')
            rune -= 'a' - 'A';
        else if (rune >= 0x80)
            rune = sm_unicode_upper(rune);
        out->size += sm_utf8_write(rune, sm_bytes_reserve(out, SM_UTF8_SIZE_MAX));
    }
}

/* ---- names of commands */

/* The next word of `*line`, which moves behind the spaces that follow it. */
static struct sm_slice next_word(struct sm_slice *line)
{
    struct sm_slice word = sm_slice_cut(line, ' ');
    while (line->size && line->ptr[0] == ' ')
        *line = sm_slice_make(line->ptr + 1, line->size - 1);
    return word;
}

static struct sm_slice trim_blanks(struct sm_slice text)
{
    while (text.size && text.ptr[0] == ' ')
        text = sm_slice_make(text.ptr + 1, text.size - 1);
    while (text.size && text.ptr[text.size - 1] == ' ')
        text.size--;
    return text;
}

/* Appends the command of the line; false: it was cut off. */
static bool put_command(struct sm_bytes *out, struct sm_slice line)
{
    static const char *const with_subcommand[] = {"CLIENT", "CLUSTER", "COMMAND", "CONFIG", "DEBUG", "SCRIPT", NULL};
    bool has_more = memchr(line.ptr, ' ', line.size) != NULL;
    struct sm_slice command = next_word(&line), subcommand = {0};
    bool is_compound = has_more && is_one_of(command, with_subcommand);
    if (is_compound)
        subcommand = next_word(&line);
    if (sm_slice_ends_with(command, cut_mark) || (is_compound && sm_slice_ends_with(subcommand, cut_mark)))
        return false;
    if (out->size)
        sm_bytes_append_char(out, ' ');
    put_upper(out, command);
    if (is_compound) {
        sm_bytes_append_char(out, ' ');
        put_upper(out, subcommand);
    }
    return true;
}

struct sm_slice sm_datadog_quantise_redis(struct sm_slice commands, struct sm_arena *arena)
{
    struct sm_bytes out;
    sm_bytes_init(&out, arena);
    bool is_cut = false;
    int count = 0;
    for (struct sm_slice rest = commands; rest.size && count < COMMANDS_MAX;) {
        struct sm_slice line = trim_blanks(sm_slice_cut(&rest, '\n'));
        if (!line.size)
            continue;
        is_cut = !put_command(&out, line);
        count += !is_cut;
    }
    if (count == COMMANDS_MAX || is_cut)
        sm_bytes_append_text(&out, out.size ? " ..." : "...");
    return sm_bytes_slice(&out);
}

/* ---- arguments */

struct arguments {
    struct sm_slice *items; /* borrowed: arena */
    size_t count, capacity;
};

static const struct sm_slice hidden = {.ptr = "?", .size = 1};

static void hide(struct arguments *arguments, size_t index)
{
    if (index < arguments->count)
        arguments->items[index] = hidden;
}

/* Everything from `index` on becomes one. */
static void hide_from(struct arguments *arguments, size_t index)
{
    if (index < arguments->count) {
        arguments->items[index] = hidden;
        arguments->count = index + 1;
    }
}

static void hide_every(struct arguments *arguments, size_t start, size_t step)
{
    for (size_t i = start + step - 1; i < arguments->count; i += step)
        arguments->items[i] = hidden;
}

/* The value of BITFIELD's last SET so far, three arguments behind it. */
static void hide_bitfield(struct arguments *arguments)
{
    size_t set = 0;
    for (size_t i = 0; i < arguments->count; i++) {
        if (is_word(arguments->items[i], "SET"))
            set = i;
        if (set > 0 && i - set == 3) {
            arguments->items[i] = hidden;
            return;
        }
    }
}

/* Scores and members behind the key and its options. */
static void hide_members(struct arguments *arguments)
{
    static const char *const options[] = {"NX", "XX", "CH", "INCR", NULL};
    size_t i = 0;
    for (size_t k = 1; k < arguments->count; k++) {
        bool is_option = false;
        for (const char *const *option = options; *option; option++)
            is_option |= sm_slice_is(arguments->items[k], *option);
        i = k;
        if (!is_option)
            break;
    }
    hide_every(arguments, i, 2);
}

static void hide_values(struct sm_slice command, struct arguments *arguments)
{
    static const char *const second[] = {"APPEND", "GETSET",    "LPUSHX", "GEORADIUSBYMEMBER", "RPUSHX", "SET",
                                         "SETNX",  "SISMEMBER", "ZRANK",  "ZREVRANK",          "ZSCORE", NULL};
    static const char *const third[] = {"HSET",   "HSETNX",   "LREM",    "LSET",  "SETBIT",  "SETEX",
                                        "PSETEX", "SETRANGE", "ZINCRBY", "SMOVE", "RESTORE", NULL};
    static const char *const behind_first[] = {"GEOHASH", "GEOPOS", "GEODIST", "LPUSH", "RPUSH", "SREM", "ZREM", "SADD", NULL};
    static const char *const pairs[] = {"MSET", "MSETNX", NULL};
    if (is_word(command, "AUTH"))
        hide_from(arguments, 0);
    else if (is_one_of(command, second))
        hide(arguments, 1);
    else if (is_one_of(command, third) || (is_word(command, "CONFIG") && is_word(arguments->items[0], "SET")))
        hide(arguments, 2);
    else if (is_word(command, "LINSERT"))
        hide(arguments, 3);
    else if (is_one_of(command, behind_first))
        hide_from(arguments, 1);
    else if (is_word(command, "GEOADD"))
        hide_every(arguments, 1, 3);
    else if (is_word(command, "HMSET"))
        hide_every(arguments, 1, 2);
    else if (is_one_of(command, pairs))
        hide_every(arguments, 0, 2);
    else if (is_word(command, "BITFIELD"))
        hide_bitfield(arguments);
    else if (is_word(command, "ZADD"))
        hide_members(arguments);
}

/* ---- reading commands */

struct reader {
    struct sm_slice text;
    ptrdiff_t at; /* of `c`; -1: before the first */
    char c;
    bool is_done, is_in_arguments;
};

static void advance(struct reader *reader)
{
    if (++reader->at < (ptrdiff_t)reader->text.size)
        reader->c = reader->text.ptr[reader->at];
    else
        reader->is_done = true;
}

static void skip_blanks(struct reader *reader)
{
    while (reader->c == ' ' || reader->c == '\t' || (reader->c == '\r' && !reader->is_done)) {
        if (reader->is_done)
            return;
        advance(reader);
    }
    if (reader->c == '\n') {
        reader->is_in_arguments = false;
    } else if (reader->at >= 1) {
        reader->at--;
        reader->c = reader->text.ptr[reader->at];
    }
}

/* A command or an argument: true in `*is_argument`. False: it is the last. */
static bool read_command(struct reader *reader, struct sm_bytes *word)
{
    bool has_started = false;
    for (;;) {
        advance(reader);
        if (reader->is_done)
            return false;
        if (reader->c == ' ') {
            if (has_started)
                reader->is_in_arguments = true;
            skip_blanks(reader);
            if (has_started)
                return !reader->is_done;
        } else if (reader->c == '\n') {
            return true;
        } else {
            sm_bytes_append_char(word, reader->c);
        }
        has_started = true;
    }
}

static bool read_argument(struct reader *reader, struct sm_bytes *word)
{
    bool is_quoted = false, is_escaped = false;
    for (;;) {
        advance(reader);
        if (reader->is_done)
            return false;
        char c = reader->c;
        if (c == '\\' && !is_escaped) {
            sm_bytes_append_char(word, c);
            is_escaped = true;
            continue;
        }
        if (c == '\n' && !is_quoted) {
            reader->is_in_arguments = false;
            return true;
        }
        if (c == ' ' && !is_quoted) {
            skip_blanks(reader);
            return !reader->is_done;
        }
        if (c == '"' && !is_escaped)
            is_quoted = !is_quoted;
        sm_bytes_append_char(word, c);
        is_escaped = false;
    }
}

static void put_obfuscated(struct sm_bytes *out, struct sm_slice command, struct arguments *arguments)
{
    sm_bytes_append_slice(out, command);
    if (!arguments->count)
        return;
    hide_values(command, arguments);
    for (size_t i = 0; i < arguments->count; i++) {
        sm_bytes_append_char(out, ' ');
        sm_bytes_append_slice(out, arguments->items[i]);
    }
    arguments->count = 0;
}

struct sm_slice sm_datadog_obfuscate_redis(struct sm_slice commands, struct sm_arena *arena)
{
    struct reader reader = {.text = sm_slice_trim(commands), .at = -1};
    struct arguments arguments = {0};
    struct sm_slice command = {0};
    struct sm_bytes out;
    sm_bytes_init(&out, arena);
    for (bool has_more = true; has_more;) {
        struct sm_bytes word;
        sm_bytes_init(&word, arena);
        bool is_argument = reader.is_in_arguments;
        has_more = is_argument ? read_argument(&reader, &word) : read_command(&reader, &word);
        if (is_argument) {
            arguments.items =
                sm_arena_grow(arena, arguments.items, arguments.count, &arguments.capacity, arguments.count + 1, sizeof(*arguments.items));
            arguments.items[arguments.count++] = sm_bytes_slice(&word);
            continue;
        }
        if (command.size) {
            put_obfuscated(&out, command, &arguments);
            sm_bytes_append_char(&out, '\n');
        }
        command = sm_bytes_slice(&word);
        arguments.count = 0;
    }
    put_obfuscated(&out, command, &arguments);
    return sm_bytes_slice(&out);
}

/* ---- without arguments */

/* The next word between white space of any kind. */
static struct sm_slice next_field(struct sm_slice *rest)
{
    static const char blanks[] = " \t\n\v\f\r";
    while (rest->size && rest->ptr[0] && strchr(blanks, rest->ptr[0]))
        *rest = sm_slice_make(rest->ptr + 1, rest->size - 1);
    struct sm_slice field = {.ptr = rest->ptr};
    while (field.size < rest->size && (!field.ptr[field.size] || !strchr(blanks, field.ptr[field.size])))
        field.size++;
    *rest = sm_slice_make(rest->ptr + field.size, rest->size - field.size);
    return field;
}

struct sm_slice sm_datadog_strip_redis(struct sm_slice text, struct sm_arena *arena)
{
    static const char *const config[] = {"GET", "SET", "RESETSTAT", "REWRITE", NULL};
    static const char *const bitfield[] = {"SET", "GET", "INCRBY", NULL};
    struct sm_bytes out;
    sm_bytes_init(&out, arena);
    if (!text.size)
        return text;
    struct sm_slice rest = text, command = next_field(&rest), argument = next_field(&rest);
    sm_bytes_append_slice(&out, command);
    if (!argument.size)
        return sm_bytes_slice(&out);
    sm_bytes_append_char(&out, ' ');
    if (is_word(command, "CONFIG") && is_one_of(argument, config)) {
        sm_bytes_append_slice(&out, argument);
        sm_bytes_append_char(&out, ' ');
    }
    sm_bytes_append_char(&out, '?');
    for (; is_word(command, "BITFIELD") && argument.size; argument = next_field(&rest)) {
        if (!is_one_of(argument, bitfield))
            continue;
        sm_bytes_append_char(&out, ' ');
        sm_bytes_append_slice(&out, argument);
        sm_bytes_append_text(&out, " ?");
    }
    return sm_bytes_slice(&out);
}
