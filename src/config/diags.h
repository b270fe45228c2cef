/* diags.h - what is wrong with a configuration, all of it, each with its place.
 *
 *     collector.yaml:14:7: error: exporters::otlp::retry_on_failure::max_elapsed_tme: unknown option
 *        14 |       max_elapsed_tme: 5m
 *           |       ^~~~~~~~~~~~~~~ did you mean max_elapsed_time?
 *
 * In Alloy files as Alloy shows them:
 *
 *     Error: config.alloy:2:13: unrecognized attribute name "timeot" (did you mean timeout?)
 *
 *     1 | otelcol.processor.batch "b" {
 *     2 |   timeot = "1s"
 *       |   ^^^^^^^^^^^^^
 *     3 |   output { }
 *
 * Messages are added while checking goes on; the caller counts at the end. Main thread only. */
#pragma once

#include "config/node.h"

#include <stdio.h>

enum sm_severity { SM_DIAG_WARNING, SM_DIAG_ERROR };

struct sm_diags;

struct sm_diags *sm_diags_create(void) __attribute__((returns_nonnull, warn_unused_result));
void sm_diags_free(struct sm_diags *diags);
/* `path` names the setting ("exporters::otlp::timeout"; may be NULL), `suggestion` what to write instead (may be NULL). All texts are copied. */
void sm_diags_add(struct sm_diags *diags, enum sm_severity severity, struct sm_position position, const char *path, const char *suggestion,
                  const char *format, ...) __attribute__((format(printf, 6, 7)));
size_t sm_diags_error_count(const struct sm_diags *diags);
/* The message that was added first and its line (0: unknown), for who shows it in words of his own; NULL: there is none. Borrowed: `diags`. */
const char *sm_diags_first(const struct sm_diags *diags, unsigned *line);
/* All of them, in order of source and line, with the source line and a caret; colour only if `colour`. */
void sm_diags_print(const struct sm_diags *diags, FILE *out, bool colour);

/* The same in the same order as lines of the program's own log, the place and the suggestion as fields; none is left out for being like another. */
void sm_diags_log(const struct sm_diags *diags);

/* The candidate nearest to `word` by edit distance, or NULL when none is near enough to be meant. */
const char *sm_nearest_word(const char *word, const char *const *candidates, size_t count);
