/* terminal.c - see terminal.h. NO_COLOR is respected (no-color.org). */
#include "cli/terminal.h"

#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

int sm_cli_fail(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fputs("Error: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    return 1;
}

bool sm_cli_wants_colour(FILE *stream)
{
    const char *refused = getenv("NO_COLOR");
    return isatty(fileno(stream)) && !(refused && *refused);
}
