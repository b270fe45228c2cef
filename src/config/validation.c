/* validation.c - errors that a component's own rules find, with the place of the setting they speak of. */
#include <stdarg.h>
#include <stdio.h>

#include "config/diags.h"
#include "config/option.h"

static void report(struct sm_validation *validation, enum sm_severity severity, const char *key_path, const char *suggestion, const char *format,
                   va_list args)
{
    char path[512], message[2048];
    snprintf(path, sizeof(path), "%s%s%s", validation->path, *key_path ? "::" : "", key_path);
    vsnprintf(message, sizeof(message), format, args);
    sm_diags_add(validation->diags, severity, sm_node_place(validation->node, key_path), path, suggestion, "%s", message);
}

void sm_validation_error(struct sm_validation *validation, const char *key_path, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    report(validation, SM_DIAG_ERROR, key_path, NULL, format, args);
    va_end(args);
}

void sm_validation_warning(struct sm_validation *validation, const char *key_path, const char *suggestion, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    report(validation, SM_DIAG_WARNING, key_path, suggestion, format, args);
    va_end(args);
}
