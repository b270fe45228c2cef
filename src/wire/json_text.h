/* json_text.h - strings and numbers as JSON has them. Any thread. */
#pragma once

#include "base/bytes.h"

/* A string with its quotes. Bytes that are no UTF-8 stay as they are; control characters become \n, \r, \t or \u00xx: OTLP/JSON as the reference
 * writes it (json-iterator). */
void sm_json_put_string(struct sm_bytes *out, struct sm_slice text);
/* The same as Go's encoding/json without HTML escapes: also \b, \f, U+2028 and U+2029; what is no UTF-8 becomes \ufffd. */
void sm_json_put_string_strict(struct sm_bytes *out, struct sm_slice text);
void sm_json_put_uint(struct sm_bytes *out, uint64_t number);
void sm_json_put_int(struct sm_bytes *out, int64_t number);
/* The first byte at or behind `at` that ends or interrupts a string: quote, backslash, control character; `end` when there is none. */
const char *sm_json_skip_plain(const char *at, const char *end);
