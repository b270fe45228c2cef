/* xml_library.c - see xml_library.h. */
#include "ottl/xml_library.h"

#include <dlfcn.h>

#include "base/shared_library.h"

struct sm_xml sm_xml;

bool sm_xml_load(const char **reason)
{
    static bool is_loaded;
    if (is_loaded)
        return true;
    void *library = dlopen("libxml2.so.2", RTLD_NOW | RTLD_LOCAL);
    xmlFreeFunc *free_variable;
    is_loaded = sm_shared_library_find(library, "xmlFree", &free_variable);
#define FIND(name) is_loaded = is_loaded && sm_shared_library_find(library, #name, &sm_xml.name);
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
