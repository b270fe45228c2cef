/* shared_library.h - functions of a library that is opened when first needed. For libraries that few users need and that cost much memory. */
#pragma once

#include <stdbool.h>

/* Writes the address of `name` in `library` (of dlopen; NULL is allowed) to the function or data pointer `address`. False: it is not there, and
 * dlerror() says why. Any thread. */
bool sm_shared_library_find(void *library, const char *name, void *address) __attribute__((warn_unused_result));
