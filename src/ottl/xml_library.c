/* xml_library.c - see xml_library.h. */
#include "ottl/xml_library.h"

#include <dlfcn.h>

struct sm_xml sm_xml;

/* POSIX asks for this way to get a function out of a void pointer. */
static bool find(void *library, const char *name, void *function)
{
    void *address = dlsym(library, name);
    *(void **)function = address;
    return address != NULL;
}

bool sm_xml_load(const char **reason)
{
    static bool is_loaded;
    if (is_loaded)
        return true;
    void *library = dlopen("libxml2.so.2", RTLD_NOW | RTLD_LOCAL);
    xmlFreeFunc *free_variable = library ? dlsym(library, "xmlFree") : NULL;
    is_loaded = free_variable != NULL;
#define FIND(name) is_loaded = is_loaded && find(library, #name, &sm_xml.name);
    SM_XML_FUNCTIONS(FIND)
#undef FIND
    if (!is_loaded) {
        *reason = dlerror();
        return false;
    }
    sm_xml.free_text = *free_variable;
    sm_xml.xmlInitParser();
    return true;
}
