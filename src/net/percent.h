/* percent.h - percent-encoding (RFC 3986, section 2.1), read. No state; any thread. */
#pragma once

#include "base/slice.h"

#include <stdbool.h>

/* Takes one byte off the front of `text`, "%41" as one; a percent sign without two digits stands for itself. False: nothing is left. */
bool sm_percent_take(struct sm_slice *text, char *byte);
