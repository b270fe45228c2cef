/* shared_library.c - see shared_library.h. */
#include "base/shared_library.h"

#include <dlfcn.h>
#include <stddef.h>

bool sm_shared_library_find(void *library, const char *name, void *address)
{
    void *found = library ? dlsym(library, name) : NULL;
    *(void **)address = found; /* POSIX asks for this way to get a function out of a void pointer */
    return found != NULL;
}
