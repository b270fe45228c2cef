/* validation.c - errors that a component's own rules find, with the place of the setting they speak of. */
#include <stdarg.h>
#include <stdio.h>

#include "config/diags.h"
#include "config/option.h"

void sm_validation_error(struct sm_validation *validation, const char *key_path, const char *format, ...)
{
    char path[512], message[2048];
    snprintf(path, sizeof(path), "%s%s%s", validation->path, *key_path ? "::" : "", key_path);
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof(message), format, args);
    va_end(args);
    sm_diags_add(validation->diags, SM_DIAG_ERROR, sm_node_place(validation->node, key_path), path, NULL, "%s", message);
}
