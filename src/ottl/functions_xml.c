/* functions_xml.c - converters of XML: ParseXML, ParseSimplifiedXML, GetXML, RemoveXML, InsertXML, ConvertAttributesToElementsXML,
 * ConvertTextToElementsXML. With libxml2 (xml_library.h).
 *
 * Texts may have several elements at their top. Document types are refused, and with them entities of one's own; nothing is read from files or the
 * network; depth and the work of an XPath expression are limited. Source: opentelemetry-collector-contrib pkg/ottl/ottlfuncs. */
#include "ottl/compile.h"
#include "ottl/runes.h"
#include "ottl/xml_library.h"

enum { XPATH_STEPS_MAX = 1000000, TEXT_SIZE_MAX = 16 * 1024 * 1024 };

static struct sm_slice text_of(const xmlChar *text)
{
    return sm_slice_of((const char *)text);
}

static void ignore_error(void *context, xmlErrorPtr error)
{
    (void)context;
    (void)error;
}

/* ---- reading: the text goes inside an element, whose children then become those of the document */

static struct sm_slice cut_declaration(struct sm_slice *text)
{
    const char *end = sm_slice_starts_with(*text, SM_SLICE("<?xml")) ? sm_slice_find(*text, SM_SLICE("?>")) : NULL;
    struct sm_slice declaration = {0};
    if (end) {
        declaration = sm_slice_make(text->ptr, (size_t)(end + 2 - text->ptr));
        *text = sm_slice_make(end + 2, text->size - declaration.size);
    }
    return declaration;
}

static void hoist_children(xmlDoc *doc)
{
    xmlNode *wrapper = sm_xml.xmlDocGetRootElement(doc), *child;
    sm_xml.xmlUnlinkNode(wrapper);
    while ((child = wrapper->children)) {
        sm_xml.xmlUnlinkNode(child);
        sm_xml.xmlAddChild((xmlNode *)doc, child);
    }
    sm_xml.xmlFreeNode(wrapper);
}

/* NULL with `run` failed: not well formed. */
static xmlDoc *parse(struct sm_ottl_run *run, struct sm_slice text, bool may_be_empty, struct sm_slice *declaration)
{
    struct sm_bytes wrapped;
    bool is_empty = text.size == 0;
    xmlParserCtxt *context = text.size <= TEXT_SIZE_MAX ? sm_xml.xmlNewParserCtxt() : NULL;
    *declaration = cut_declaration(&text);
    sm_bytes_init(&wrapped, run->arena);
    sm_bytes_append_text(&wrapped, "<x>");
    sm_bytes_append_slice(&wrapped, text);
    sm_bytes_append_text(&wrapped, "</x>");
    xmlDoc *doc = context ? sm_xml.xmlCtxtReadMemory(context, wrapped.ptr, (int)wrapped.size, NULL, "UTF-8",
                                                     XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING)
                          : NULL;
    sm_xml.xmlFreeParserCtxt(context);
    if (!doc) {
        sm_ottl_fail(run, "parse xml: not well formed, or too large");
        return NULL;
    }
    if (sm_xml.xmlChildElementCount(sm_xml.xmlDocGetRootElement(doc)) == 0 && !(is_empty && may_be_empty)) {
        sm_xml.xmlFreeDoc(doc);
        sm_ottl_fail(run, "parse xml: not a document: it has no element");
        return NULL;
    }
    hoist_children(doc);
    return doc;
}

static xmlXPathObject *select_nodes(xmlDoc *doc, struct sm_slice path, struct sm_arena *arena)
{
    xmlXPathContext *context = sm_xml.xmlXPathNewContext(doc);
    context->opLimit = XPATH_STEPS_MAX;
    sm_xml.xmlSetStructuredErrorFunc(NULL, ignore_error);
    context->error = ignore_error;
    xmlXPathObject *found = sm_xml.xmlXPathEvalExpression((const xmlChar *)sm_arena_strdup(arena, path), context);
    sm_xml.xmlXPathFreeContext(context);
    if (found && found->nodesetval)
        sm_xml.xmlXPathNodeSetSort(found->nodesetval);
    return found;
}

static int node_count(const xmlXPathObject *found)
{
    return found && found->type == XPATH_NODESET && found->nodesetval ? found->nodesetval->nodeNr : 0;
}

/* ---- writing: as the reference, without short forms for empty elements */

static void append_escaped(struct sm_bytes *out, struct sm_slice text)
{
    static const char special[] = "\"'&<>\t\n\r";
    static const char *const escapes[] = {"&#34;", "&#39;", "&amp;", "&lt;", "&gt;", "&#x9;", "&#xA;", "&#xD;"};
    for (size_t i = 0; i < text.size; i++) {
        const char *found = text.ptr[i] ? strchr(special, text.ptr[i]) : NULL;
        if (found)
            sm_bytes_append_text(out, escapes[found - special]);
        else
            sm_bytes_append_char(out, text.ptr[i]);
    }
}

static void append_content(struct sm_bytes *out, xmlNode *node)
{
    xmlChar *content = sm_xml.xmlNodeGetContent(node);
    append_escaped(out, text_of(content));
    sm_xml.free_text(content);
}

static void append_name(struct sm_bytes *out, const xmlNs *space, const xmlChar *name)
{
    if (space && space->prefix)
        sm_bytes_printf(out, "%s:", (const char *)space->prefix);
    sm_bytes_append_text(out, (const char *)name);
}

static void append_node(struct sm_bytes *out, xmlNode *node);

static void append_element(struct sm_bytes *out, xmlNode *node)
{
    sm_bytes_append_char(out, '<');
    append_name(out, node->ns, node->name);
    for (const xmlNs *space = node->nsDef; space; space = space->next)
        sm_bytes_printf(out, " xmlns%s%s=\"%s\"", space->prefix ? ":" : "", space->prefix ? (const char *)space->prefix : "",
                        (const char *)space->href);
    for (xmlAttr *attribute = node->properties; attribute; attribute = attribute->next) {
        sm_bytes_append_char(out, ' ');
        append_name(out, attribute->ns, attribute->name);
        sm_bytes_append_text(out, "=\"");
        append_content(out, (xmlNode *)attribute);
        sm_bytes_append_char(out, '"');
    }
    sm_bytes_append_char(out, '>');
    for (xmlNode *child = node->children; child; child = child->next)
        append_node(out, child);
    sm_bytes_append_text(out, "</");
    append_name(out, node->ns, node->name);
    sm_bytes_append_char(out, '>');
}

static void append_node(struct sm_bytes *out, xmlNode *node)
{
    if (node->type == XML_ELEMENT_NODE)
        append_element(out, node);
    else if (node->type == XML_TEXT_NODE)
        append_escaped(out, text_of(node->content));
    else if (node->type == XML_CDATA_SECTION_NODE)
        sm_bytes_printf(out, "<![CDATA[%s]]>", node->content ? (const char *)node->content : "");
    else if (node->type == XML_COMMENT_NODE)
        sm_bytes_printf(out, "<!--%s-->", node->content ? (const char *)node->content : "");
}

static void write_document(struct sm_ottl_run *run, xmlDoc *doc, struct sm_slice declaration, struct sm_ottl_value *out)
{
    struct sm_bytes text;
    sm_bytes_init(&text, run->arena);
    sm_bytes_append_slice(&text, declaration);
    for (xmlNode *node = doc->children; node; node = node->next)
        append_node(&text, node);
    *out = sm_ottl_string(sm_bytes_slice(&text));
}

/* ---- maps */

static void put_text(struct sm_map *map, struct sm_arena *arena, const char *key, struct sm_slice text)
{
    sm_map_set(map, arena, sm_arena_copy(arena, sm_slice_of(key)), sm_value_string(sm_arena_copy(arena, text)));
}

static void append_item(struct sm_list *list, struct sm_arena *arena, struct sm_value value)
{
    if (list->count == list->capacity)
        list->items = sm_arena_grow(arena, list->items, list->count, &list->capacity, list->count + 1, sizeof(*list->items));
    list->items[list->count++] = value;
}

static struct sm_map *element_to_map(xmlNode *element, struct sm_arena *arena)
{
    struct sm_map *map = sm_arena_zalloc(arena, 1, sizeof(*map)), *attributes = sm_arena_zalloc(arena, 1, sizeof(*attributes));
    struct sm_list *children = sm_arena_zalloc(arena, 1, sizeof(*children));
    struct sm_bytes content;
    sm_bytes_init(&content, arena);
    put_text(map, arena, "tag", text_of(element->name));
    for (xmlNode *child = element->children; child; child = child->next)
        if (child->type == XML_ELEMENT_NODE)
            append_item(children, arena, (struct sm_value){.type = SM_VALUE_MAP, .map = element_to_map(child, arena)});
        else if (child->type == XML_TEXT_NODE || child->type == XML_CDATA_SECTION_NODE)
            sm_bytes_append_slice(&content, sm_ottl_trim_space(text_of(child->content)));
    for (xmlAttr *attribute = element->properties; attribute; attribute = attribute->next) {
        xmlChar *value = sm_xml.xmlNodeGetContent((xmlNode *)attribute);
        put_text(attributes, arena, (const char *)attribute->name, text_of(value));
        sm_xml.free_text(value);
    }
    if (content.size > 0)
        put_text(map, arena, "content", sm_bytes_slice(&content));
    if (attributes->count > 0)
        sm_map_set(map, arena, SM_SLICE("attributes"), (struct sm_value){.type = SM_VALUE_MAP, .map = attributes});
    if (children->count > 0)
        sm_map_set(map, arena, SM_SLICE("children"), (struct sm_value){.type = SM_VALUE_LIST, .list = children});
    return map;
}

/* One element, with nothing behind it. */
static bool call_parse_xml(const struct sm_ottl_call *call, struct sm_ottl_run *run, struct sm_ottl_value *out)
{
    struct sm_slice text, declaration;
    if (!sm_ottl_arg_string(&call->args[0], run, &text))
        return false;
    xmlDoc *doc = parse(run, text, false, &declaration);
    if (!doc)
        return false;
    xmlNode *root = sm_xml.xmlDocGetRootElement(doc);
    bool is_alone = root && !root->next;
    if (is_alone)
        *out = sm_ottl_map(element_to_map(root, run->arena));
    sm_xml.xmlFreeDoc(doc);
    return is_alone || sm_ottl_fail(run, root ? "trailing bytes after parsing xml" : "unmarshal xml: EOF");
}

static struct sm_slice leaf_text(const xmlNode *element)
{
    for (const xmlNode *child = element->children; child; child = child->next)
        if (child->type == XML_ELEMENT_NODE)
            return (struct sm_slice){0};
    for (const xmlNode *child = element->children; child; child = child->next)
        if (child->type == XML_TEXT_NODE || child->type == XML_CDATA_SECTION_NODE)
            return text_of(child->content);
    return (struct sm_slice){0};
}

static bool is_repeated(const xmlNode *first, const xmlNode *element)
{
    size_t count = 0;
    for (; first; first = first->next)
        count += first->type == XML_ELEMENT_NODE && sm_xml.xmlStrEqual(first->name, element->name);
    return count > 1;
}

static struct sm_list *list_of(struct sm_map *map, struct sm_arena *arena, const xmlChar *name)
{
    struct sm_value *found = sm_map_find(map, text_of(name));
    if (!found)
        found = sm_map_set(map, arena, sm_arena_copy(arena, text_of(name)),
                           (struct sm_value){.type = SM_VALUE_LIST, .list = sm_arena_zalloc(arena, 1, sizeof(struct sm_list))});
    return found->list;
}

static void simplify(xmlNode *first, struct sm_map *map, struct sm_arena *arena)
{
    for (xmlNode *element = first; element; element = element->next) {
        if (element->type != XML_ELEMENT_NODE || !element->children)
            continue;
        struct sm_list *list = is_repeated(first, element) ? list_of(map, arena, element->name) : NULL;
        struct sm_slice leaf = leaf_text(element);
        struct sm_value value = sm_value_string(sm_arena_copy(arena, leaf));
        if (leaf.size == 0) {
            value = (struct sm_value){.type = SM_VALUE_MAP, .map = sm_arena_zalloc(arena, 1, sizeof(struct sm_map))};
            simplify(element->children, value.map, arena);
            if (value.map->count == 0)
                continue;
        }
        if (list)
            append_item(list, arena, value);
        else
            sm_map_set(map, arena, sm_arena_copy(arena, text_of(element->name)), value);
    }
}

static bool call_parse_simplified(const struct sm_ottl_call *call, struct sm_ottl_run *run, struct sm_ottl_value *out)
{
    struct sm_slice text, declaration;
    struct sm_map *map = sm_arena_zalloc(run->arena, 1, sizeof(*map));
    xmlDoc *doc = sm_ottl_arg_string(&call->args[0], run, &text) ? parse(run, text, false, &declaration) : NULL;
    if (!doc)
        return false;
    simplify(doc->children, map, run->arena);
    sm_xml.xmlFreeDoc(doc);
    *out = sm_ottl_map(map);
    return true;
}

/* ---- nodes that an XPath expression selects */

static void append_selected(struct sm_bytes *out, xmlNode *node)
{
    if (node->type == XML_ELEMENT_NODE || node->type == XML_TEXT_NODE)
        append_node(out, node);
    else if (node->type == XML_ATTRIBUTE_NODE || node->type == XML_CDATA_SECTION_NODE)
        append_content(out, node);
}

static bool call_get_xml(const struct sm_ottl_call *call, struct sm_ottl_run *run, struct sm_ottl_value *out)
{
    struct sm_slice text, declaration;
    struct sm_bytes selected;
    xmlDoc *doc = sm_ottl_arg_string(&call->args[0], run, &text) ? parse(run, text, true, &declaration) : NULL;
    if (!doc)
        return false;
    xmlXPathObject *found = select_nodes(doc, call->args[1].text, run->arena);
    sm_bytes_init(&selected, run->arena);
    for (int i = 0; i < node_count(found); i++)
        append_selected(&selected, found->nodesetval->nodeTab[i]);
    sm_xml.xmlXPathFreeObject(found);
    sm_xml.xmlFreeDoc(doc);
    *out = sm_ottl_string(sm_bytes_slice(&selected));
    return true;
}

static void remove_node(xmlNode *node)
{
    if (node->type == XML_ATTRIBUTE_NODE) {
        sm_xml.xmlRemoveProp((xmlAttr *)node);
    } else if (node->type == XML_ELEMENT_NODE || node->type == XML_TEXT_NODE || node->type == XML_COMMENT_NODE ||
               node->type == XML_CDATA_SECTION_NODE) {
        sm_xml.xmlUnlinkNode(node);
        sm_xml.xmlFreeNode(node);
    }
}

static bool edit_remove(const struct sm_ottl_call *call, struct sm_ottl_run *run, xmlDoc *doc, xmlXPathObject *found)
{
    (void)call;
    (void)run;
    (void)doc;
    for (int i = node_count(found); i > 0; i--) { /* the last first: what is inside of another goes before it */
        xmlNode *node = found->nodesetval->nodeTab[i - 1];
        found->nodesetval->nodeTab[i - 1] = NULL;
        remove_node(node);
    }
    return true;
}

static bool edit_insert(const struct sm_ottl_call *call, struct sm_ottl_run *run, xmlDoc *doc, xmlXPathObject *found)
{
    struct sm_slice text, declaration;
    bool is_fine = true;
    xmlDoc *inserted = sm_ottl_arg_string(&call->args[2], run, &text) ? parse(run, text, false, &declaration) : NULL;
    if (!inserted)
        return false;
    for (int i = 0; i < node_count(found); i++) {
        xmlNode *node = found->nodesetval->nodeTab[i];
        if (node->type != XML_ELEMENT_NODE && node->type != XML_DOCUMENT_NODE)
            is_fine = sm_ottl_fail(run, "InsertXML XPath selected non-element");
        for (xmlNode *child = inserted->children; child && is_fine; child = child->next)
            sm_xml.xmlAddChild(node, sm_xml.xmlDocCopyNode(child, doc, 1));
    }
    sm_xml.xmlFreeDoc(inserted);
    return is_fine;
}

static bool edit_attributes(const struct sm_ottl_call *call, struct sm_ottl_run *run, xmlDoc *doc, xmlXPathObject *found)
{
    (void)call;
    (void)run;
    (void)doc;
    for (int i = 0; i < node_count(found); i++) {
        xmlNode *node = found->nodesetval->nodeTab[i];
        if (node->type != XML_ATTRIBUTE_NODE)
            continue;
        xmlChar *value = sm_xml.xmlNodeGetContent(node);
        sm_xml.xmlNewTextChild(node->parent, NULL, node->name, value);
        sm_xml.free_text(value);
        found->nodesetval->nodeTab[i] = NULL;
        sm_xml.xmlRemoveProp((xmlAttr *)node);
    }
    return true;
}

static void wrap_texts(xmlNode *parent, const xmlChar *name)
{
    size_t texts = 0, elements = 0;
    for (xmlNode *child = parent->children; child; child = child->next) {
        if (child->type == XML_ELEMENT_NODE)
            wrap_texts(child, name);
        elements += child->type == XML_ELEMENT_NODE;
        texts += child->type == XML_TEXT_NODE;
    }
    if (texts == 0 || texts + elements <= 1)
        return;
    for (xmlNode *child = parent->children, *next; child; child = next) {
        next = child->next;
        if (child->type != XML_TEXT_NODE)
            continue;
        xmlNode *element = sm_xml.xmlNewDocNode(parent->doc, NULL, name, NULL);
        sm_xml.xmlReplaceNode(child, element);
        sm_xml.xmlAddChild(element, child);
    }
}

static bool edit_texts(const struct sm_ottl_call *call, struct sm_ottl_run *run, xmlDoc *doc, xmlXPathObject *found)
{
    (void)doc;
    struct sm_slice name = call->args[2].is_set && call->args[2].text.size > 0 ? call->args[2].text : SM_SLICE("value");
    for (int i = 0; i < node_count(found); i++) {
        xmlNode *node = found->nodesetval->nodeTab[i];
        if (node->type == XML_ELEMENT_NODE || node->type == XML_DOCUMENT_NODE)
            wrap_texts(node, (const xmlChar *)sm_arena_strdup(run->arena, name));
    }
    return true;
}

/* `detail` of the functions that change a document. */
struct edit {
    bool (*apply)(const struct sm_ottl_call *call, struct sm_ottl_run *run, xmlDoc *doc, xmlXPathObject *found);
    const char *path; /* when none is given */
    bool takes_empty; /* "" is a document without an element */
};
static const struct edit removing = {edit_remove, "", true}, inserting = {edit_insert, "", true}, of_attributes = {edit_attributes, "//@*", false},
                         of_texts = {edit_texts, "/", false};

static bool call_edit(const struct sm_ottl_call *call, struct sm_ottl_run *run, struct sm_ottl_value *out)
{
    const struct edit *edit = call->function->detail;
    bool has_path = call->args[1].is_set && call->args[1].text.size > 0;
    struct sm_slice text, declaration;
    xmlDoc *doc = sm_ottl_arg_string(&call->args[0], run, &text) ? parse(run, text, edit->takes_empty, &declaration) : NULL;
    if (!doc)
        return false;
    xmlXPathObject *found = select_nodes(doc, has_path ? call->args[1].text : sm_slice_of(edit->path), run->arena);
    bool is_fine = edit->apply(call, run, doc, found);
    if (found && found->nodesetval)
        found->nodesetval->nodeNr = 0; /* some of them are freed */
    sm_xml.xmlXPathFreeObject(found);
    if (is_fine)
        write_document(run, doc, declaration, out);
    sm_xml.xmlFreeDoc(doc);
    return is_fine;
}

static bool prepare(struct sm_ottl_call *call, struct sm_ottl_compiler *compiler)
{
    const char *reason = NULL;
    return sm_xml_load(&reason) || sm_ottl_compile_error(compiler, call->node, "XML functions need libxml2: %s", reason);
}

static bool prepare_path(struct sm_ottl_call *call, struct sm_ottl_compiler *compiler)
{
    if (!prepare(call, compiler))
        return false;
    if (!call->args[1].is_set || (call->args[1].text.size == 0 && call->function->parameters[1].is_optional))
        return true;
    sm_xml.xmlSetStructuredErrorFunc(NULL, ignore_error);
    xmlXPathCompExpr *path = sm_xml.xmlXPathCompile((const xmlChar *)sm_arena_strdup(compiler->arena, call->args[1].text));
    if (!path)
        return sm_ottl_compile_error(compiler, call->node, "invalid xpath: %.*s", SM_SLICE_ARGS(call->args[1].text));
    sm_xml.xmlXPathFreeCompExpr(path);
    return true;
}

#define TEXT(parameter)                                                                                                                              \
    {                                                                                                                                                \
        .name = (parameter), .type = SM_OTTL_ARG_STRING                                                                                              \
    }
#define PATH                                                                                                                                         \
    {                                                                                                                                                \
        .name = "XPath", .type = SM_OTTL_ARG_LITERAL_STRING                                                                                          \
    }
#define TEXT_OPTION(option)                                                                                                                          \
    {                                                                                                                                                \
        .name = (option), .type = SM_OTTL_ARG_LITERAL_STRING, .is_optional = true                                                                    \
    }

const struct sm_ottl_function sm_ottl_xml_functions[] = {
    {.name = "ParseXML",
     .help = "The element as a map of tag, attributes, content and children.",
     .parameters = {TEXT("Target")},
     .call = call_parse_xml,
     .prepare = prepare},
    {.name = "ParseSimplifiedXML",
     .help = "The elements as a map by their tags, without attributes.",
     .parameters = {TEXT("Target")},
     .call = call_parse_simplified,
     .prepare = prepare},
    {.name = "GetXML",
     .help = "What an XPath expression selects.",
     .parameters = {TEXT("Target"), PATH},
     .call = call_get_xml,
     .prepare = prepare_path},
    {.name = "RemoveXML",
     .help = "The document without what an XPath expression selects.",
     .parameters = {TEXT("Target"), PATH},
     .call = call_edit,
     .prepare = prepare_path,
     .detail = &removing},
    {.name = "InsertXML",
     .help = "The document with another one inside of the elements that an XPath expression selects.",
     .parameters = {TEXT("Target"), PATH, TEXT("SubDocument")},
     .call = call_edit,
     .prepare = prepare_path,
     .detail = &inserting},
    {.name = "ConvertAttributesToElementsXML",
     .help = "The document with elements instead of attributes.",
     .parameters = {TEXT("Target"), TEXT_OPTION("XPath")},
     .call = call_edit,
     .prepare = prepare_path,
     .detail = &of_attributes},
    {.name = "ConvertTextToElementsXML",
     .help = "The document with texts beside other content in elements of their own.",
     .parameters = {TEXT("Target"), TEXT_OPTION("XPath"), TEXT_OPTION("ElementName")},
     .call = call_edit,
     .prepare = prepare_path,
     .detail = &of_texts},
    {0},
};
