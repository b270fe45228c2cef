/* sequence.c - lists of conditions, error modes, and how errors in OTTL texts are shown.
 *
 * Source: opentelemetry-collector-contrib pkg/ottl/parser.go (ConditionSequence). */
#include "ottl/sequence.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "config/diags.h"

enum { TEXT_SHOWN_MAX = 128 }; /* of a text in a message, bytes */

bool sm_ottl_error_mode_find(const char *word, enum sm_ottl_error_mode *mode)
{
    static const char *const words[] = {[SM_OTTL_IGNORE] = "ignore", [SM_OTTL_SILENT] = "silent", [SM_OTTL_PROPAGATE] = "propagate"};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (sm_slice_equal_nocase(sm_slice_of(word), sm_slice_of(words[i]))) {
            *mode = (enum sm_ottl_error_mode)i;
            return true;
        }
    return false;
}

/* What is passed on says which text failed. */
void sm_ottl_explain(struct sm_ottl_run *run, const char *what, struct sm_slice text)
{
    char reason[sizeof(run->error)];
    memcpy(reason, run->error, sizeof(reason));
    (void)snprintf(run->error, sizeof(run->error), "%s: %.*s, %s", what, (int)(text.size < TEXT_SHOWN_MAX ? text.size : TEXT_SHOWN_MAX), text.ptr,
                   reason);
}

enum sm_ottl_verdict sm_ottl_conditions_test(const struct sm_ottl_conditions *conditions, struct sm_ottl_run *run, const struct sm_logger *logger)
{
    for (size_t i = 0; i < conditions->count; i++) {
        enum sm_ottl_verdict verdict = sm_ottl_test(conditions->items[i], run);
        if (verdict == SM_OTTL_FAILED && conditions->error_mode == SM_OTTL_PROPAGATE)
            sm_ottl_explain(run, "failed to eval condition", sm_ottl_condition_text(conditions->items[i]));
        if (verdict == SM_OTTL_YES || (verdict == SM_OTTL_FAILED && conditions->error_mode == SM_OTTL_PROPAGATE))
            return verdict;
        if (verdict == SM_OTTL_FAILED && conditions->error_mode == SM_OTTL_IGNORE)
            sm_log(SM_LOG_WARN, logger, "failed to eval condition", SM_LOG_STR("error", run->error),
                   SM_LOG_SLICE("condition", sm_ottl_condition_text(conditions->items[i])));
    }
    return SM_OTTL_NO;
}

enum { SHOWN_MAX = 120 };

void sm_ottl_draw(char drawing[SM_OTTL_DRAWING_SIZE], const char *indent, const char *text, const struct sm_ottl_error *error)
{
    size_t size = strlen(text), offset = error->offset < size ? error->offset : size;
    size_t first = offset > SHOWN_MAX / 2 ? offset - SHOWN_MAX / 2 : 0; /* long texts: the part around the place */
    char shown[SHOWN_MAX + 1], marks[SHOWN_MAX + 2];
    size_t count = 0, mark_count = 0;
    for (; count < SHOWN_MAX && first + count < size; count++)
        shown[count] = text[first + count] >= ' ' || text[first + count] < 0 ? text[first + count] : ' ';
    shown[count] = '\0';
    for (size_t i = first; i < offset; i++) /* a character of several bytes takes one place */
        if ((text[i] & 0xc0) != 0x80)
            marks[mark_count++] = ' ';
    marks[mark_count++] = '^';
    for (size_t i = 1; i < error->size && mark_count < count; i++)
        marks[mark_count++] = '~';
    marks[mark_count] = '\0';
    snprintf(drawing, SM_OTTL_DRAWING_SIZE, "%s%s\n%s%s", indent, shown, indent, marks);
}

void sm_ottl_report(const struct sm_ottl_place *place, const char *text, const struct sm_ottl_error *error)
{
    char drawing[SM_OTTL_DRAWING_SIZE];
    if (!place->validation)
        return;
    sm_ottl_draw(drawing, "        ", text, error);
    const char *what = place->what ? place->what : "";
    const char *suggestion = error->suggestion[0] ? error->suggestion : NULL;
    if (place->node && place->node->position.line > 0) {
        char path[256];
        snprintf(path, sizeof(path), "%s%s%s", place->validation->path, *place->key_path ? "::" : "", place->key_path);
        sm_diags_add(place->validation->diags, SM_DIAG_ERROR, place->node->position, path, suggestion, "%s%s\n%s", what, error->message, drawing);
        return;
    }
    sm_validation_error(place->validation, place->key_path, "%s%s\n%s%s%s%s", what, error->message, drawing, suggestion ? " did you mean " : "",
                        suggestion ? suggestion : "", suggestion ? "?" : "");
}

bool sm_ottl_conditions_add(struct sm_ottl_conditions *conditions, struct sm_ottl_program *program, const struct sm_ottl_language *language,
                            const char *text, const struct sm_ottl_place *place)
{
    struct sm_ottl_error error = {0};
    const struct sm_ottl_condition *condition = sm_ottl_compile_condition(program, language, sm_slice_of(text), &error);
    if (!condition) {
        sm_ottl_report(place, text, &error);
        return false;
    }
    if (conditions->count == conditions->capacity)
        conditions->items = sm_arena_grow(sm_ottl_program_arena(program), conditions->items, conditions->count, &conditions->capacity,
                                          conditions->count + 1, sizeof(*conditions->items));
    conditions->items[conditions->count++] = condition;
    return true;
}

bool sm_ottl_conditions_add_all(struct sm_ottl_conditions *conditions, struct sm_ottl_program *program, const struct sm_ottl_language *language,
                                const struct sm_string_list *texts, struct sm_validation *validation, const char *key_path)
{
    const struct sm_ottl_place place = {.validation = validation, .key_path = key_path};
    bool are_fine = true;
    for (size_t i = 0; i < texts->count; i++)
        are_fine = sm_ottl_conditions_add(conditions, program, language, texts->items[i], &place) && are_fine;
    return are_fine;
}
