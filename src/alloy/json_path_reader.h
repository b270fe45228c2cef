/* json_path_reader.h - what the readers of paths (json_path_parser.c) and of their filters (json_path_equation.c) share: a place in the text, what is
 * wrong with it, blanks and texts in quotes. Main thread only. */
#pragma once

#include "alloy/json_path.h"

struct sm_json_path_reader {
    const char *text; /* borrowed */
    size_t size, at;
    struct sm_arena *arena;                 /* borrowed */
    struct sm_json_path_patterns *patterns; /* borrowed */
    const char *error;                      /* arena; NULL: none yet */
    unsigned depth;
    bool is_first, is_behind_descent; /* of the path that is being read */
};

static inline bool sm_json_path_is_at_end(const struct sm_json_path_reader *reader)
{
    return reader->at >= reader->size;
}

static inline bool sm_json_path_is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Errors, of which the first is kept; all return false. */
bool sm_json_path_fail_plain(struct sm_json_path_reader *reader, const char *message);
/* With the place and the whole path behind it. */
bool sm_json_path_fail(struct sm_json_path_reader *reader, const char *message);
bool sm_json_path_fail_token(struct sm_json_path_reader *reader, struct sm_slice token, const char *what);
bool sm_json_path_fail_past_end(struct sm_json_path_reader *reader);
/* The path ends right behind an opening quote or slash. */
bool sm_json_path_fail_unclosed(struct sm_json_path_reader *reader);
/* A byte as the character of its number; arena. */
const char *sm_json_path_show_byte(struct sm_json_path_reader *reader, char byte);

/* One bracket, negation or operator deeper; false with an error when that is too deep. The caller takes it from `depth` again. */
bool sm_json_path_enter(struct sm_json_path_reader *reader);

/* Takes what comes next but for blanks; at the end the last blank, or NUL when there was none. */
char sm_json_path_take_behind_blanks(struct sm_json_path_reader *reader);
/* What comes next but for blanks, without taking it; NUL at the end. */
char sm_json_path_peek_behind_blanks(struct sm_json_path_reader *reader);
/* Behind the quote; in the arena. A text that is not terminated ends with the path; without escapes it loses its last byte, and what follows is
 * missed then. */
bool sm_json_path_take_text(struct sm_json_path_reader *reader, char quote, struct sm_slice *result);

/* json_path_parser.c: a path, up to what belongs to none. NULL after an error. */
struct sm_json_path *sm_json_path_take_path(struct sm_json_path_reader *reader);
/* json_path_equation.c: behind "[?", the closing bracket included. */
bool sm_json_path_take_filter(struct sm_json_path_reader *reader, struct sm_json_path_step *step);
