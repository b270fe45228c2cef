/* json_scanner.h - walking through JSON text without building a tree: white space, strings, numbers, skipping. What is accepted is what the
 * reference's json-iterator accepts. Nothing is allocated but texts with escapes. Worker-local. */
#pragma once

#include "base/arena.h"
#include "base/slice.h"

struct sm_json_scanner {
    const char *at, *end;
    const char *error;        /* constant reason once something was wrong; `at` is where */
    struct sm_arena *scratch; /* borrowed: texts with escapes */
};

enum { SM_JSON_DEPTH_MAX = 1000 }; /* nested lists and objects that are skipped */

static inline void sm_json_begin(struct sm_json_scanner *scanner, struct sm_slice text, struct sm_arena *scratch)
{
    const char *start = text.ptr ? text.ptr : "";
    *scanner = (struct sm_json_scanner){.at = start, .end = start + text.size, .scratch = scratch};
}

/* Returns false, for `return sm_json_fail(…)`. */
static inline bool sm_json_fail(struct sm_json_scanner *scanner, const char *reason)
{
    if (!scanner->error)
        scanner->error = reason;
    return false;
}

/* sm_json_peek() where white space or the end may come next. */
char sm_json_peek_behind_space(struct sm_json_scanner *scanner);

/* The next byte that is not white space, without taking it; 0 at the end. */
static inline char sm_json_peek(struct sm_json_scanner *scanner)
{
    if (scanner->at<scanner->end && * scanner->at> ' ') /* nearly always: programs write no white space */
        return *scanner->at;
    return sm_json_peek_behind_space(scanner);
}

/* Takes `c`, which is not NUL, when it comes next. */
static inline bool sm_json_try(struct sm_json_scanner *scanner, char c)
{
    if (sm_json_peek(scanner) != c)
        return false;
    scanner->at++;
    return true;
}

/* Takes a word such as "null". */
bool sm_json_word(struct sm_json_scanner *scanner, const char *word);

/* A string's content as it stands between the quotes; `has_escapes` tells whether it has to be decoded. */
bool sm_json_raw_string(struct sm_json_scanner *scanner, struct sm_slice *raw, bool *has_escapes);
/* Decodes escapes into `to`, which has room for raw.size bytes; `*size` is what was written. Lone surrogates become U+FFFD. */
bool sm_json_decode_string(struct sm_json_scanner *scanner, struct sm_slice raw, char *to, size_t *size);
/* A string's content, decoded into the scratch arena when it has escapes. */
bool sm_json_string(struct sm_json_scanner *scanner, struct sm_slice *text);
/* What stands between the quotes, escapes untouched: for text that has none (hexadecimal, base64). */
bool sm_json_verbatim(struct sm_json_scanner *scanner, struct sm_slice *text);

/* The number that comes next, checked against JSON's grammar. */
bool sm_json_number(struct sm_json_scanner *scanner, struct sm_slice *text);
/* One value of any kind. */
bool sm_json_skip(struct sm_json_scanner *scanner);

/* ---- texts of numbers, as Go's strconv reads them; false: no such number, or out of range */
bool sm_parse_int(struct sm_slice text, int64_t min, int64_t max, int64_t *number);
bool sm_parse_uint(struct sm_slice text, uint64_t max, uint64_t *number);
/* Decimal and hexadecimal forms, "Inf", "Infinity", "NaN" in any case. */
bool sm_parse_double(struct sm_slice text, struct sm_arena *scratch, double *number);
