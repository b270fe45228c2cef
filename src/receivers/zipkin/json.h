/* json.h - JSON as Go's encoding/json reads it into structs: names without case, null leaves what is there, wrong types are errors, text that is no
 * UTF-8 becomes U+FFFD. What the scanner accepts beyond that (json-iterator's ways) is refused here. Worker-local. */
#pragma once

#include "wire/json_scanner.h"

struct sm_json_member {
    const char *name; /* NULL ends a table */
    bool (*read)(struct sm_json_scanner *scanner, void *object);
};

/* The members of an object that the table names; others are skipped. null: none. */
bool sm_zipkin_json_object(struct sm_json_scanner *scanner, const struct sm_json_member *members, void *object);
/* Calls `read` for every element; null: no list. */
bool sm_zipkin_json_list(struct sm_json_scanner *scanner, bool (*read)(struct sm_json_scanner *scanner, void *context), void *context);
/* Of the following null leaves the target as it is. */
bool sm_zipkin_json_text(struct sm_json_scanner *scanner, struct sm_slice *text);
bool sm_zipkin_json_uint(struct sm_json_scanner *scanner, uint64_t max, uint64_t *number);
bool sm_zipkin_json_int(struct sm_json_scanner *scanner, int64_t min, int64_t max, int64_t *number);
bool sm_zipkin_json_bool(struct sm_json_scanner *scanner, bool *flag);
/* Takes null when it comes next. */
bool sm_zipkin_json_null(struct sm_json_scanner *scanner);
/* Is nothing left but white space? */
bool sm_zipkin_json_end(struct sm_json_scanner *scanner);
