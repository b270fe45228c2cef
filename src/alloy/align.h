/* align.h - columns of text: the last step of the printer. Any thread. */
#pragma once

#include "base/bytes.h"

enum { SM_ALLOY_ALIGN_ESCAPE = 0xff }; /* stands around text that is passed through untouched */

/* Appends `text` to `out` with its cells (ended by \t or \v) padded to columns over consecutive lines, blanks at the ends of lines removed and \f
 * written as \n. A \f, or a line of one cell, ends the columns. */
void sm_alloy_align(struct sm_slice text, struct sm_bytes *out);
