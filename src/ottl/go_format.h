/* go_format.h - one number or text as Go's package fmt writes it: flags, width, precision, verb.
 *
 * Results are appended to `out`; a result of false says that the verb does not fit and nothing was written. Worker-local.
 * Source: the documentation of Go's package fmt. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "base/slice.h"

/* What stands between % and the verb. */
struct sm_go_directive {
    bool plus, minus, sharp, zero, space;
    bool as_source;   /* %#v: as it would stand in a program */
    bool with_fields; /* %+v: structs with the names of their members */
    bool has_width, has_precision;
    int width, precision;
};

struct sm_go_output {
    struct sm_bytes *out;   /* borrowed */
    struct sm_arena *arena; /* borrowed: for what is made on the way */
};

bool sm_go_format_integer(struct sm_go_output *o, const struct sm_go_directive *d, int64_t number, char verb);
bool sm_go_format_unsigned(struct sm_go_output *o, const struct sm_go_directive *d, uint64_t number, char verb);
bool sm_go_format_double(struct sm_go_output *o, const struct sm_go_directive *d, double number, char verb);
bool sm_go_format_text(struct sm_go_output *o, const struct sm_go_directive *d, struct sm_slice text, char verb);
bool sm_go_format_bool(struct sm_go_output *o, const struct sm_go_directive *d, bool boolean, char verb);
/* The text to the width, as it is. */
void sm_go_pad(struct sm_go_output *o, const struct sm_go_directive *d, struct sm_slice text);
