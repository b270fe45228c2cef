/* regex.c - PCRE2 behind RE2's syntax.
 *
 * The pattern is checked and rewritten where the two differ (regex_syntax.h), then compiled with JIT. State: per thread the match data, and one
 * counter of matches given up. */
#include "base/regex.h"

#include <ctype.h>
#include <pthread.h>
#include <stdatomic.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "base/memory.h"
#include "base/regex_syntax.h"

enum { MATCH_STEPS_MAX = 1000000 /* backtracking steps of one match: a few milliseconds */ };

struct sm_regex {
    pcre2_code *code;       /* owned */
    struct sm_slice *names; /* owned array; names point into `code` */
    size_t group_count;
};

static atomic_uint_fast64_t limit_hits;
static void (*tell_limit_hit)(void); /* written before other threads start */

/* ---- compiling */

static void collect_names(struct sm_regex *regex)
{
    uint32_t captures = 0, name_count = 0, entry_size = 0;
    PCRE2_SPTR table = NULL;
    pcre2_pattern_info(regex->code, PCRE2_INFO_CAPTURECOUNT, &captures);
    pcre2_pattern_info(regex->code, PCRE2_INFO_NAMECOUNT, &name_count);
    regex->group_count = captures + 1;
    regex->names = sm_alloc(regex->group_count, sizeof(*regex->names));
    if (name_count == 0)
        return;
    pcre2_pattern_info(regex->code, PCRE2_INFO_NAMEENTRYSIZE, &entry_size);
    pcre2_pattern_info(regex->code, PCRE2_INFO_NAMETABLE, &table);
    for (uint32_t i = 0; i < name_count; i++, table += entry_size) {
        size_t group = (size_t)table[0] << 8 | table[1];
        if (group < regex->group_count)
            regex->names[group] = sm_slice_of((const char *)table + 2);
    }
}

/* What only PCRE2 finds wrong: limits of its own. */
static void report(struct sm_error *error, int code, struct sm_slice pattern)
{
    char message[160];
    pcre2_get_error_message(code, (PCRE2_UCHAR *)message, sizeof(message));
    sm_error_set(error, SM_ERROR_USAGE, "error parsing regexp: %s: `%.*s`", message, SM_SLICE_ARGS(pattern));
}

struct sm_regex *sm_regex_compile(struct sm_slice pattern, struct sm_error *error)
{
    enum { OPTIONS = PCRE2_UTF | PCRE2_MATCH_INVALID_UTF | PCRE2_DOLLAR_ENDONLY | PCRE2_DUPNAMES };
    struct sm_bytes translated = {0};
    struct sm_regex *regex = NULL;
    if (!sm_regex_translate(pattern, &translated, error))
        goto out;
    int code_error = 0;
    PCRE2_SIZE offset = 0;
    pcre2_compile_context *context = pcre2_compile_context_create(NULL);
    pcre2_set_newline(context, PCRE2_NEWLINE_LF);
    const char *text = translated.size ? translated.ptr : "";
    pcre2_code *code = pcre2_compile((PCRE2_SPTR)text, translated.size, OPTIONS, &code_error, &offset, context);
    pcre2_compile_context_free(context);
    if (!code) {
        report(error, code_error, pattern);
        goto out;
    }
    pcre2_jit_compile(code, PCRE2_JIT_COMPLETE); /* without JIT it is interpreted */
    regex = sm_alloc(1, sizeof(*regex));
    regex->code = code;
    collect_names(regex);
    if (regex->group_count > SM_REGEX_GROUPS_MAX) {
        sm_error_set(error, SM_ERROR_USAGE, "error parsing regexp: more than %d groups", SM_REGEX_GROUPS_MAX - 1);
        sm_regex_free(regex);
        regex = NULL;
    }
out:
    sm_bytes_deinit(&translated);
    return regex;
}

void sm_regex_free(struct sm_regex *regex)
{
    if (!regex)
        return;
    pcre2_code_free(regex->code);
    free(regex->names);
    free(regex);
}

/* ---- matching: one match data and context a thread */

struct working_memory {
    pcre2_match_data *data;
    pcre2_match_context *context;
};

static pthread_key_t memory_key;
static pthread_once_t memory_once = PTHREAD_ONCE_INIT;
static _Thread_local struct working_memory *thread_memory;

static void free_memory(void *pointer)
{
    struct working_memory *memory = pointer;
    pcre2_match_data_free(memory->data);
    pcre2_match_context_free(memory->context);
    free(memory);
}

static void make_key(void)
{
    pthread_key_create(&memory_key, free_memory);
}

static struct working_memory *get_memory(void)
{
    if (thread_memory)
        return thread_memory;
    pthread_once(&memory_once, make_key);
    struct working_memory *memory = sm_alloc(1, sizeof(*memory));
    memory->data = pcre2_match_data_create(SM_REGEX_GROUPS_MAX, NULL);
    memory->context = pcre2_match_context_create(NULL);
    pcre2_set_match_limit(memory->context, MATCH_STEPS_MAX);
    pthread_setspecific(memory_key, memory);
    return thread_memory = memory;
}

static int run(const struct sm_regex *regex, struct sm_slice text, size_t from, const struct working_memory *memory)
{
    PCRE2_SPTR subject = (PCRE2_SPTR)(text.ptr ? text.ptr : "");
    int count = pcre2_match(regex->code, subject, text.size, from, 0, memory->data, memory->context);
    if (count < 0 && count != PCRE2_ERROR_NOMATCH) {
        atomic_fetch_add_explicit(&limit_hits, 1, memory_order_relaxed);
        if (tell_limit_hit)
            tell_limit_hit();
    }
    return count;
}

bool sm_regex_matches(const struct sm_regex *regex, struct sm_slice text)
{
    return run(regex, text, 0, get_memory()) > 0;
}

bool sm_regex_find(const struct sm_regex *regex, struct sm_slice text, size_t from, struct sm_regex_match *match)
{
    const struct working_memory *memory = get_memory();
    int count = from <= text.size ? run(regex, text, from, memory) : PCRE2_ERROR_NOMATCH;
    if (count <= 0)
        return false;
    const PCRE2_SIZE *positions = pcre2_get_ovector_pointer(memory->data);
    match->count = regex->group_count;
    for (size_t i = 0; i < match->count; i++) {
        bool is_set = i < (size_t)count && positions[2 * i] != PCRE2_UNSET;
        match->groups[i] =
            is_set ? (struct sm_regex_span){positions[2 * i], positions[2 * i + 1]} : (struct sm_regex_span){SM_REGEX_NONE, SM_REGEX_NONE};
    }
    return true;
}

size_t sm_regex_group_count(const struct sm_regex *regex)
{
    return regex->group_count;
}

struct sm_slice sm_regex_group_name(const struct sm_regex *regex, size_t group)
{
    return regex->names[group];
}

static size_t rune_step(struct sm_slice text, size_t at)
{
    size_t step = 1;
    if (at < text.size && (unsigned char)text.ptr[at] >= 0xc0)
        while (step < 4 && at + step < text.size && ((unsigned char)text.ptr[at + step] & 0xc0) == 0x80)
            step++;
    return step;
}

bool sm_regex_next(const struct sm_regex *regex, struct sm_slice text, size_t *position, size_t *last_end, struct sm_regex_match *match)
{
    while (*position <= text.size && sm_regex_find(regex, text, *position, match)) {
        size_t start = match->groups[0].start, end = match->groups[0].end;
        bool is_empty = start == end;
        bool counts = !(is_empty && start == *last_end);
        *position = is_empty ? end + rune_step(text, end) : end;
        *last_end = end;
        if (counts)
            return true;
    }
    return false;
}

/* ---- replacing */

/* An empty slice may have no pointer; adding to that would be undefined. */
static struct sm_slice with_pointer(struct sm_slice text)
{
    return text.ptr ? text : SM_SLICE("");
}

static void append_group(struct sm_slice text, const struct sm_regex_match *match, size_t group, struct sm_bytes *out)
{
    if (group < match->count && match->groups[group].start != SM_REGEX_NONE)
        sm_bytes_append(out, text.ptr + match->groups[group].start, match->groups[group].end - match->groups[group].start);
}

static void append_named(const struct sm_regex *regex, struct sm_slice text, const struct sm_regex_match *match, struct sm_slice name,
                         struct sm_bytes *out)
{
    size_t number = 0;
    bool is_number = true;
    for (size_t i = 0; i < name.size; i++) {
        is_number = is_number && isdigit((unsigned char)name.ptr[i]) && number < SM_REGEX_GROUPS_MAX;
        number = is_number ? number * 10 + (size_t)(name.ptr[i] - '0') : number;
    }
    if (is_number) {
        append_group(text, match, number, out);
        return;
    }
    for (size_t i = 1; i < regex->group_count; i++)
        if (sm_slice_equal(regex->names[i], name) && match->groups[i].start != SM_REGEX_NONE) {
            append_group(text, match, i, out);
            return;
        }
}

/* The name behind a "$": letters, digits and underscores, or the same in braces. Returns the bytes it takes, 0: none. */
static size_t take_name(struct sm_slice rest, struct sm_slice *name)
{
    bool has_brace = rest.size > 0 && rest.ptr[0] == '{';
    size_t start = has_brace, end = start;
    while (end < rest.size && (isalnum((unsigned char)rest.ptr[end]) || rest.ptr[end] == '_' || (unsigned char)rest.ptr[end] >= 0x80))
        end++;
    *name = sm_slice_make(rest.ptr + start, end - start);
    if (end == start || (has_brace && (end == rest.size || rest.ptr[end] != '}')))
        return 0;
    return end + has_brace;
}

void sm_regex_expand(const struct sm_regex *regex, struct sm_slice text, const struct sm_regex_match *match, struct sm_slice replacement,
                     struct sm_bytes *out)
{
    text = with_pointer(text);
    for (size_t i = 0; i < replacement.size;) {
        struct sm_slice name;
        if (replacement.ptr[i] != '$') {
            sm_bytes_append_char(out, replacement.ptr[i++]);
            continue;
        }
        i++;
        if (i < replacement.size && replacement.ptr[i] == '$') {
            sm_bytes_append_char(out, '$');
            i++;
            continue;
        }
        size_t taken = take_name(sm_slice_make(replacement.ptr + i, replacement.size - i), &name);
        if (taken == 0)
            sm_bytes_append_char(out, '$'); /* malformed: stays as it is */
        else
            append_named(regex, text, match, name, out);
        i += taken;
    }
}

void sm_regex_replace_all(const struct sm_regex *regex, struct sm_slice text, struct sm_slice replacement, struct sm_bytes *out)
{
    struct sm_regex_match match;
    text = with_pointer(text);
    size_t position = 0, last_end = SM_REGEX_NONE, copied = 0;
    while (sm_regex_next(regex, text, &position, &last_end, &match)) {
        sm_bytes_append(out, text.ptr + copied, match.groups[0].start - copied);
        sm_regex_expand(regex, text, &match, replacement, out);
        copied = match.groups[0].end;
    }
    if (copied < text.size)
        sm_bytes_append(out, text.ptr + copied, text.size - copied);
}

uint64_t sm_regex_limit_hits(void)
{
    return atomic_load_explicit(&limit_hits, memory_order_relaxed);
}

void sm_regex_tell_limit_hits(void (*tell)(void))
{
    tell_limit_hit = tell;
}
