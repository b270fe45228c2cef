/* scanner.h - Alloy text cut into tokens, comments included.
 *
 * As in Go, a line end behind a name, a literal or a closing bracket ends the statement: it becomes a TERMINATOR. Nothing is allocated for tokens:
 * they point into the text. Main thread only. */
#pragma once

#include "config/node.h"

struct sm_diags;

enum sm_alloy_token {
    SM_ALLOY_ILLEGAL,
    SM_ALLOY_BLANK, /* never scanned: what the printer has written last was white space */
    SM_ALLOY_END,
    SM_ALLOY_COMMENT,
    SM_ALLOY_IDENT,
    SM_ALLOY_NUMBER,
    SM_ALLOY_FLOAT,
    SM_ALLOY_STRING,
    SM_ALLOY_BOOL,
    SM_ALLOY_NULL,
    SM_ALLOY_OR,
    SM_ALLOY_AND,
    SM_ALLOY_NOT,
    SM_ALLOY_ASSIGN,
    SM_ALLOY_EQ,
    SM_ALLOY_NEQ,
    SM_ALLOY_LT,
    SM_ALLOY_LTE,
    SM_ALLOY_GT,
    SM_ALLOY_GTE,
    SM_ALLOY_ADD,
    SM_ALLOY_SUB,
    SM_ALLOY_MUL,
    SM_ALLOY_DIV,
    SM_ALLOY_MOD,
    SM_ALLOY_POW,
    SM_ALLOY_LCURLY,
    SM_ALLOY_RCURLY,
    SM_ALLOY_LPAREN,
    SM_ALLOY_RPAREN,
    SM_ALLOY_LBRACK,
    SM_ALLOY_RBRACK,
    SM_ALLOY_COMMA,
    SM_ALLOY_DOT,
    SM_ALLOY_TERMINATOR,
    SM_ALLOY_TOKEN_COUNT
};

/* "||", "IDENT": as messages and the printer spell it. */
const char *sm_alloy_token_text(enum sm_alloy_token token);
/* From 1 (binds least) to 6; 0: no binary operator. */
int sm_alloy_token_precedence(enum sm_alloy_token token);

/* A place in the text; line and column (in bytes) count from 1, line 0: nowhere. */
struct sm_alloy_place {
    unsigned offset, line, column;
};

struct sm_alloy_lexeme {
    enum sm_alloy_token token;
    struct sm_alloy_place place;
    struct sm_slice text; /* borrowed: the source, or the arena for a comment that held carriage returns */
};

enum { SM_ALLOY_TEXT_BYTES_MAX = 16 * 1024 * 1024 };

struct sm_alloy_scanner {
    const struct sm_source *source; /* borrowed */
    struct sm_arena *arena;         /* borrowed */
    struct sm_diags *diags;         /* borrowed; may be NULL */
    size_t error_count;
    /* private */
    const unsigned char *_text;
    size_t _size, _offset, _next_offset;
    int32_t _rune; /* at _offset; -1: the end */
    bool _ends_statement;
    bool _is_looking_ahead; /* what is wrong is told when it is passed for good */
    unsigned *_lines;       /* offsets of line starts */
    size_t _line_count;
};

/* False with an error told when the text is too large. */
bool sm_alloy_scanner_init(struct sm_alloy_scanner *scanner, const struct sm_source *source, struct sm_arena *arena, struct sm_diags *diags);
struct sm_alloy_lexeme sm_alloy_scan(struct sm_alloy_scanner *scanner);
struct sm_alloy_place sm_alloy_place_at(const struct sm_alloy_scanner *scanner, size_t offset);
/* A name as the language has it: a letter or underscore, then letters, digits, underscores of any script. */
bool sm_alloy_is_identifier(struct sm_slice text);
