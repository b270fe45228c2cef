/* lexer.h - the tokens of an expression. Inside expr only. */
#pragma once

#include "expr/tree.h"

enum expr_token_kind { TOKEN_END, TOKEN_NAME, TOKEN_NUMBER, TOKEN_STRING, TOKEN_BYTES, TOKEN_OPERATOR, TOKEN_BRACKET };

struct expr_token {
    enum expr_token_kind kind;
    struct sm_slice text; /* STRING and BYTES: what they stand for */
    unsigned offset, size;
};

struct expr_lexer {
    const struct expr_program_parts *p;
    size_t at;
    bool is_behind_sign; /* the word that follows # is a name even when it is an operator elsewhere */
};

/* False with the error filled. At the end it gives TOKEN_END again and again. */
bool expr_next_token(struct expr_lexer *lexer, struct expr_token *token);
