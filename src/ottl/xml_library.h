/* xml_library.h - libxml2, loaded when a statement first uses XML.
 *
 * It brings ICU and the C++ runtime with it: more than 1 MiB of resident memory, a tenth of what the program takes with its usual work (measured),
 * for functions that few configurations use. Opened by its name when such a statement is compiled, and kept. */
#pragma once

#include <libxml/parser.h>
#include <libxml/tree.h>
#include <libxml/xpath.h>
#include <libxml/xpathInternals.h>
#include <stdbool.h>

#define SM_XML_FUNCTIONS(ROW)                                                                                                                        \
    ROW(xmlChildElementCount)                                                                                                                        \
    ROW(xmlAddChild)                                                                                                                                 \
    ROW(xmlCtxtReadMemory)                                                                                                                           \
    ROW(xmlDocCopyNode)                                                                                                                              \
    ROW(xmlDocGetRootElement)                                                                                                                        \
    ROW(xmlFreeDoc)                                                                                                                                  \
    ROW(xmlFreeNode)                                                                                                                                 \
    ROW(xmlFreeParserCtxt)                                                                                                                           \
    ROW(xmlInitParser)                                                                                                                               \
    ROW(xmlNewDocNode)                                                                                                                               \
    ROW(xmlNewParserCtxt)                                                                                                                            \
    ROW(xmlNewTextChild)                                                                                                                             \
    ROW(xmlNodeGetContent)                                                                                                                           \
    ROW(xmlRemoveProp)                                                                                                                               \
    ROW(xmlReplaceNode)                                                                                                                              \
    ROW(xmlSetStructuredErrorFunc)                                                                                                                   \
    ROW(xmlStrEqual)                                                                                                                                 \
    ROW(xmlUnlinkNode)                                                                                                                               \
    ROW(xmlXPathCompile)                                                                                                                             \
    ROW(xmlXPathEvalExpression)                                                                                                                      \
    ROW(xmlXPathFreeCompExpr)                                                                                                                        \
    ROW(xmlXPathFreeContext)                                                                                                                         \
    ROW(xmlXPathFreeObject)                                                                                                                          \
    ROW(xmlXPathNewContext)                                                                                                                          \
    ROW(xmlXPathNodeSetSort)

/* The library's functions under their own names. */
struct sm_xml {
#define SM_XML_MEMBER(name) __typeof__(name) *name;
    SM_XML_FUNCTIONS(SM_XML_MEMBER)
#undef SM_XML_MEMBER
    xmlFreeFunc free_text; /* what the library calls xmlFree */
};

/* Valid once sm_xml_load has returned true. Any thread. */
extern struct sm_xml sm_xml;

/* False: it cannot be loaded, and `*reason` says why. Main thread. */
bool sm_xml_load(const char **reason);
