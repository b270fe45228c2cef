/* outcome.c - see outcome.h. */
#include "pipeline/outcome.h"

#include <stdarg.h>
#include <stdio.h>

static struct sm_outcome make(enum sm_outcome_kind kind, const char *format, va_list args)
{
    struct sm_outcome outcome = {.kind = kind};
    vsnprintf(outcome.reason, sizeof(outcome.reason), format, args);
    for (char *at = outcome.reason; *at; at++)
        if (*at == '\n' || *at == '\r')
            *at = ' ';
    return outcome;
}

struct sm_outcome sm_outcome_retry(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    struct sm_outcome outcome = make(SM_RETRY, format, args);
    va_end(args);
    return outcome;
}

struct sm_outcome sm_outcome_reject(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    struct sm_outcome outcome = make(SM_REJECTED, format, args);
    va_end(args);
    return outcome;
}

const struct sm_outcome *sm_outcome_worse(const struct sm_outcome *a, const struct sm_outcome *b)
{
    return b->kind > a->kind ? b : a;
}
