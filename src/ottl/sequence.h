/* sequence.h - lists of conditions as components have them in their options, with what to do about errors.
 *
 * Compiled twice: by `validate`, which reports what is wrong, and by `create`, which keeps the result. */
#pragma once

#include "config/option.h"
#include "ottl/ottl.h"

struct sm_logger;

enum sm_ottl_error_mode { SM_OTTL_IGNORE, SM_OTTL_SILENT, SM_OTTL_PROPAGATE };
/* By its word, without regard to case; false: there is none of that name. */
bool sm_ottl_error_mode_find(const char *word, enum sm_ottl_error_mode *mode);

struct sm_ottl_conditions {
    const struct sm_ottl_condition **items; /* borrowed: program */
    size_t count, capacity;
    enum sm_ottl_error_mode error_mode;
};

/* Whether one of them holds. FAILED only in PROPAGATE mode, with the reason in run->error; otherwise a condition that fails counts as not true. */
enum sm_ottl_verdict sm_ottl_conditions_test(const struct sm_ottl_conditions *conditions, struct sm_ottl_run *run, const struct sm_logger *logger);

/* Puts what failed and its text before the reason in run->error. */
void sm_ottl_explain(struct sm_ottl_run *run, const char *what, struct sm_slice text);

/* Where errors go: `validation` NULL (creating) keeps quiet. */
struct sm_ottl_place {
    struct sm_validation *validation;
    const char *key_path;       /* of the option */
    const struct sm_node *node; /* the text's own node; NULL: the option's place is taken */
    const char *what;           /* put before the message; NULL: nothing */
};
/* Compiles one more; false when the text is wrong. */
bool sm_ottl_conditions_add(struct sm_ottl_conditions *conditions, struct sm_ottl_program *program, const struct sm_ottl_language *language,
                            const char *text, const struct sm_ottl_place *place);
/* A list of texts in one language. */
bool sm_ottl_conditions_add_all(struct sm_ottl_conditions *conditions, struct sm_ottl_program *program, const struct sm_ottl_language *language,
                                const struct sm_string_list *texts, struct sm_validation *validation, const char *key_path);
enum { SM_OTTL_DRAWING_SIZE = 320 };
/* Two lines: the text (the part around the place, when it is long) and a caret under the place. */
void sm_ottl_draw(char drawing[SM_OTTL_DRAWING_SIZE], const char *indent, const char *text, const struct sm_ottl_error *error);
/* Reports `error` with the text and a caret under the place. */
void sm_ottl_report(const struct sm_ottl_place *place, const char *text, const struct sm_ottl_error *error);
