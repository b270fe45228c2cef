/* lexer.h - the tokens of an OTTL text. */
#pragma once

#include "base/arena.h"
#include "base/slice.h"
#include "ottl/tree.h"

enum sm_ottl_token_kind {
    SM_OTTL_TOKEN_END,
    SM_OTTL_TOKEN_BYTES,
    SM_OTTL_TOKEN_FLOAT,
    SM_OTTL_TOKEN_INT,
    SM_OTTL_TOKEN_STRING,
    SM_OTTL_TOKEN_NIL,
    SM_OTTL_TOKEN_NOT,
    SM_OTTL_TOKEN_OR,
    SM_OTTL_TOKEN_AND,
    SM_OTTL_TOKEN_BOOL,
    SM_OTTL_TOKEN_COMPARE,
    SM_OTTL_TOKEN_ARROW,
    SM_OTTL_TOKEN_OPERATOR,    /* + - * / */
    SM_OTTL_TOKEN_PUNCTUATION, /* = ( ) { } : , . [ ] */
    SM_OTTL_TOKEN_UPPERCASE,
    SM_OTTL_TOKEN_LOWERCASE,
    SM_OTTL_TOKEN_UNDERSCORE,
};

struct sm_ottl_token {
    enum sm_ottl_token_kind kind;
    struct sm_slice text; /* borrowed: the statement */
    unsigned offset;
};

struct sm_ottl_tokens {
    struct sm_ottl_token *items; /* ends with END */
    size_t count;                /* without END */
};

/* Splits `text`; false with `error` at the first character that starts no token. */
bool sm_ottl_lex(struct sm_slice text, struct sm_arena *arena, struct sm_ottl_tokens *tokens, struct sm_ottl_error *error)
    __attribute__((warn_unused_result));

/* The content of a string token: without its quotes, escapes as in Go. False: an escape is not valid. */
bool sm_ottl_unquote(struct sm_slice token, struct sm_arena *arena, struct sm_slice *content) __attribute__((warn_unused_result));
