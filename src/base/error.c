/* error.c - see error.h. */
#include "base/error.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

bool sm_error_set(struct sm_error *error, enum sm_error_class class, const char *format, ...)
{
    if (!error)
        return false;
    va_list args;
    va_start(args, format);
    error->class = class;
    vsnprintf(error->text, sizeof(error->text), format, args);
    va_end(args);
    return false;
}

const char *sm_errno_words(int errno_value, char words[SM_ERRNO_WORDS_SIZE])
{
    char buffer[SM_ERRNO_WORDS_SIZE];
    snprintf(words, SM_ERRNO_WORDS_SIZE, "%s", strerror_r(errno_value, buffer, sizeof(buffer)));
    words[0] = (char)tolower((unsigned char)words[0]);
    return words;
}

bool sm_error_set_errno(struct sm_error *error, int errno_value, const char *format, ...)
{
    if (!error)
        return false;
    va_list args;
    va_start(args, format);
    error->class = SM_ERROR_IO;
    vsnprintf(error->text, sizeof(error->text), format, args);
    va_end(args);
    char words[SM_ERRNO_WORDS_SIZE];
    size_t used = strlen(error->text);
    snprintf(error->text + used, sizeof(error->text) - used, ": %s", sm_errno_words(errno_value, words));
    return false;
}

bool sm_error_wrap(struct sm_error *error, const char *format, ...)
{
    if (!error)
        return false;
    char inner[sizeof(error->text)];
    memcpy(inner, error->text, sizeof(inner));
    va_list args;
    va_start(args, format);
    vsnprintf(error->text, sizeof(error->text), format, args);
    va_end(args);
    size_t used = strlen(error->text);
    snprintf(error->text + used, sizeof(error->text) - used, ": %s", inner);
    return false;
}
