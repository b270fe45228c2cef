/* terminal.h - what every command says in one way: errors, and colours where they are wanted. */
#pragma once

#include <stdbool.h>
#include <stdio.h>

/* "Error: …" to standard error; returns 1, for `return sm_cli_fail(…)`. */
int sm_cli_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Whether `stream` is a terminal that wants colours. */
bool sm_cli_wants_colour(FILE *stream);
