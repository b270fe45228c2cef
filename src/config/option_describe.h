/* option_describe.h - option tables in words: for `spanmill components`, the reference pages and messages. */
#pragma once

#include "config/option.h"

struct sm_bytes;

/* "duration", "list of strings", "one of \"a\", \"b\"". */
void sm_option_write_type(const struct sm_option *option, struct sm_bytes *out);
/* The default as one would write it in YAML; nothing for what has none. */
void sm_option_write_default(const struct sm_option *option, struct sm_bytes *out);
/* "1 to 100, in percent": the range and unit; nothing when there is neither. */
void sm_option_write_range(const struct sm_option *option, struct sm_bytes *out);

/* Calls `visit` for every row that has a key, from the top down, those of sub-tables with the path to them ("protocols.grpc.endpoint",
 * "readers[].pull"). */
typedef void sm_option_visit(void *context, const struct sm_option *option, const char *path, unsigned depth);
void sm_options_walk(const struct sm_option *table, sm_option_visit *visit, void *context);
