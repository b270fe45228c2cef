/* error.c - see error.h. */
#include "base/error.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void begin(struct sm_error *error, enum sm_error_class class)
{
    error->class = class;
    error->option = NULL;
    error->advice[0] = '\0';
    error->is_of_start = false;
}

bool sm_error_set(struct sm_error *error, enum sm_error_class class, const char *format, ...)
{
    if (!error)
        return false;
    va_list args;
    va_start(args, format);
    begin(error, class);
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
    begin(error, SM_ERROR_IO);
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

bool sm_error_blame(struct sm_error *error, const void *option)
{
    if (error && !error->option)
        error->option = option;
    return false;
}

bool sm_error_of_start(struct sm_error *error)
{
    if (error)
        error->is_of_start = true;
    return false;
}

bool sm_error_advise(struct sm_error *error, const char *format, ...)
{
    if (!error || error->advice[0])
        return false;
    va_list args;
    va_start(args, format);
    vsnprintf(error->advice, sizeof(error->advice), format, args);
    va_end(args);
    return false;
}

static bool advise_permission(struct sm_error *error, bool is_written)
{
    return sm_error_advise(error, "the user %u, as whom this runs, must be allowed to %s it and to enter the folders above it", (unsigned)geteuid(),
                           is_written ? "write" : "read");
}

bool sm_error_advise_file(struct sm_error *error, int errno_value, const char *path, bool is_written)
{
    switch (errno_value) {
    case EACCES:
    case EPERM:
        return advise_permission(error, is_written);
    case ENOENT:
        if (*path != '/')
            return sm_error_advise(error, "the path counts from the folder in which spanmill was started: write it from / on");
        return sm_error_advise(error, is_written ? "make the folder first" : "look at the path, and whether the file is mounted here");
    case EROFS:
        return sm_error_advise(error, "the file system is mounted read-only: choose another folder");
    default:
        return false;
    }
}
