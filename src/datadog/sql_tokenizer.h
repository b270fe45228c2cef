/* sql_tokenizer.h - cuts a statement into tokens, whatever the dialect; see obfuscate.h. One statement, one thread.
 *
 * It follows the reference to the letter, its quirks too: what the same statement becomes must be the same.
 * Source: datadog-agent pkg/obfuscate/sql_tokenizer.go, 0.59.0 (without a database's own dialect, which traces do not name). */
#pragma once

#include "base/bytes.h"

/* A token is a character, or one of these. */
enum sm_sql_token {
    SM_SQL_END = 0x110000, /* behind the last character */
    SM_SQL_ERROR,
    SM_SQL_ID,
    SM_SQL_LIMIT,
    SM_SQL_NULL,
    SM_SQL_STRING,
    SM_SQL_DOUBLE_QUOTED,
    SM_SQL_DOLLAR_QUOTED,
    SM_SQL_DOLLAR_QUOTED_FUNC,
    SM_SQL_NUMBER,
    SM_SQL_BOOLEAN,
    SM_SQL_VALUE_ARG,
    SM_SQL_LIST_ARG,
    SM_SQL_COMMENT,
    SM_SQL_VARIABLE,
    SM_SQL_SAVEPOINT,
    SM_SQL_PREPARED,
    SM_SQL_ESCAPE_SEQUENCE,
    SM_SQL_NULL_SAFE_EQUAL,
    SM_SQL_LE,
    SM_SQL_GE,
    SM_SQL_NE,
    SM_SQL_NOT,
    SM_SQL_AS,
    SM_SQL_SELECT,
    SM_SQL_FROM,
    SM_SQL_UPDATE,
    SM_SQL_DELETE,
    SM_SQL_INTO,
    SM_SQL_JOIN,
    SM_SQL_OTHER_KEYWORD,
    SM_SQL_TABLE_NAME,
    SM_SQL_COLON_CAST,
    /* what the filters make of tokens */
    SM_SQL_GROUPABLE,             /* left out, and so may be the ones behind it */
    SM_SQL_GROUPABLE_PARENTHESIS, /* the same for '(', which may begin a query inside */
    SM_SQL_FILTERED,
    SM_SQL_FILTERED_BRACKETS, /* inside of [ ] that is left out */
};

struct sm_sql_tokenizer {
    const char *_at, *_end; /* what no token has taken yet */
    size_t _offset;         /* of the next character to read, from _at */
    uint32_t _last;         /* the character read last */
    size_t _position;
    uint32_t _braces;
    bool _has_literal_escapes, _has_failed, _knows_functions;
    bool has_seen_escape;
    struct sm_bytes _text, _delimiter; /* of quoted texts */
};

/* `has_literal_escapes`: backslashes are ordinary. `knows_functions`: texts between $func$ are told apart. */
void sm_sql_tokenizer_init(struct sm_sql_tokenizer *tokenizer, struct sm_slice statement, bool has_literal_escapes, bool knows_functions,
                           struct sm_arena *arena);
/* The next token, and its text until the next call. */
uint32_t sm_sql_tokenizer_next(struct sm_sql_tokenizer *tokenizer, struct sm_slice *text);
