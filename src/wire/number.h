/* number.h - numbers as text: whole ones, and doubles with the fewest digits that read back as the same double (as Go's strconv does with precision
 * -1). Any thread. */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum sm_number_style {
    SM_NUMBER_GENERAL,    /* strconv 'g': 0.0001, 123456, 1e+06, 1e-05; Prometheus text, Go's %v */
    SM_NUMBER_PLAIN,      /* strconv 'f': never an exponent */
    SM_NUMBER_JSON,       /* plain from 1e-6 to below 1e21, otherwise 1e-07, 1e+21: OTLP/JSON as the reference writes it */
    SM_NUMBER_ECMASCRIPT, /* the same with the exponent as ECMAScript has it: 1e-7, 1e+21; pdata's AsString, encoding/json */
};

enum { SM_NUMBER_SIZE_MAX = 352 }; /* bytes that the longest text needs (PLAIN; the others stay below 32) */

/* Writes the text without a NUL and returns its size. NaN is "NaN", the infinities "+Inf" and "-Inf", negative zero "-0" in all styles. */
size_t sm_number_format(double number, enum sm_number_style style, char *text);

enum { SM_NUMBER_INT_SIZE_MAX = 20 };
/* The same for a whole number: decimal digits, before them '-' for a negative one. */
size_t sm_number_format_int(int64_t number, char *text);
size_t sm_number_format_uint(uint64_t number, char *text);
