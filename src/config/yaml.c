/* yaml.c - builds the configuration tree from libfyaml's events.
 *
 * Events and not its documents, so that depth and size are limited while reading: an alias costs what it stands for, against documents that grow
 * without end by naming themselves. State: one reading at a time on the stack, with the anchors met so far.
 * Typing and merge keys follow gopkg.in/yaml.v3, which the reference uses: the first of several merged maps wins, and the map's own keys win over
 * all. */
#include "config/yaml.h"

#include <stdio.h>

#include <libfyaml.h>

#include "base/utf8.h"
#include "config/diags.h"
#include "config/source.h"

struct anchor {
    struct sm_slice name;
    struct sm_node *node;
    size_t node_count; /* of the whole value */
};

struct reader {
    struct fy_parser *parser;
    const struct sm_source *source;
    struct sm_arena *arena;
    struct sm_diags *diags; /* NULL: nobody wants to know */
    struct anchor *anchors; /* newest last; a later one of the same name hides the earlier */
    size_t anchor_count, anchor_capacity;
    size_t node_count;
    bool has_failed; /* an error of our own was told */
};

static struct sm_node *read_node(struct reader *reader, struct fy_event *event, unsigned depth);

static struct sm_position position_of(const struct reader *reader, struct fy_event *event)
{
    const struct fy_mark *mark = fy_event_start_mark(event);
    if (!mark)
        return (struct sm_position){.source = reader->source};
    struct sm_position position = {.source = reader->source, .line = (unsigned)mark->line + 1, .column = (unsigned)mark->column + 1};
    /* The mark of quoted text stands behind the quote. */
    enum fy_scalar_style style = event->type == FYET_SCALAR && event->scalar.value ? fy_scalar_token_get_style(event->scalar.value) : FYSS_PLAIN;
    position.column -= position.column > 1 && (style == FYSS_SINGLE_QUOTED || style == FYSS_DOUBLE_QUOTED);
    return position;
}

#define FAIL(reader, position, ...)                                                                                                                  \
    do {                                                                                                                                             \
        (reader)->has_failed = true;                                                                                                                 \
        if ((reader)->diags)                                                                                                                         \
            sm_diags_add((reader)->diags, SM_DIAG_ERROR, position, NULL, NULL, "yaml: " __VA_ARGS__);                                                \
    } while (0)

static struct sm_node *make_node(struct reader *reader, enum sm_node_kind kind, struct sm_position position)
{
    struct sm_node *node = sm_arena_zalloc(reader->arena, 1, sizeof(*node));
    node->kind = kind;
    node->position = position;
    return node;
}

static bool count_nodes(struct reader *reader, size_t count, struct sm_position position)
{
    reader->node_count += count;
    if (reader->node_count <= SM_YAML_NODES_MAX)
        return true;
    FAIL(reader, position, "more than %d values, with aliases counted as what they stand for", SM_YAML_NODES_MAX);
    return false;
}

/* ---- anchors */

static void remember_anchor(struct reader *reader, struct fy_token *token, struct sm_node *node, size_t node_count)
{
    size_t size = 0;
    const char *text = token ? fy_token_get_text(token, &size) : NULL;
    if (!text)
        return;
    reader->anchors = sm_arena_grow(reader->arena, reader->anchors, reader->anchor_count, &reader->anchor_capacity, reader->anchor_count + 1,
                                    sizeof(struct anchor));
    reader->anchors[reader->anchor_count++] = (struct anchor){sm_arena_copy(reader->arena, sm_slice_make(text, size)), node, node_count};
}

static struct sm_node *read_alias(struct reader *reader, struct fy_event *event)
{
    size_t size = 0;
    const char *text = fy_token_get_text(event->alias.anchor, &size);
    struct sm_slice name = sm_slice_make(text, text ? size : 0);
    for (size_t i = reader->anchor_count; i > 0; i--) {
        const struct anchor *anchor = &reader->anchors[i - 1];
        if (!sm_slice_equal(anchor->name, name))
            continue;
        return count_nodes(reader, anchor->node_count, position_of(reader, event)) ? anchor->node : NULL;
    }
    FAIL(reader, position_of(reader, event), "unknown anchor '%.*s' referenced", SM_SLICE_ARGS(name));
    return NULL;
}

/* ---- scalars */

enum tag { TAG_NONE, TAG_STR, TAG_NULL, TAG_BOOL, TAG_INT, TAG_FLOAT, TAG_BINARY, TAG_OTHER };

static enum tag tag_of(struct fy_token *token)
{
    static const char *const names[] = {
        [TAG_STR] = "str", [TAG_NULL] = "null", [TAG_BOOL] = "bool", [TAG_INT] = "int", [TAG_FLOAT] = "float", [TAG_BINARY] = "binary"};
    size_t size = 0;
    const char *text = token ? fy_token_get_text(token, &size) : NULL;
    if (!text)
        return TAG_NONE;
    struct sm_slice prefix = SM_SLICE("tag:yaml.org,2002:"), tag = sm_slice_make(text, size);
    if (!sm_slice_starts_with(tag, prefix))
        return TAG_OTHER;
    tag = sm_slice_make(tag.ptr + prefix.size, tag.size - prefix.size);
    for (size_t i = TAG_STR; i <= TAG_BINARY; i++)
        if (sm_slice_is(tag, names[i]))
            return (enum tag)i;
    return TAG_OTHER;
}

/* A tag that the value does not have: "!!int many". An int is a float too. */
static bool fits_tag(struct sm_node *node, enum tag tag)
{
    if (tag == TAG_FLOAT && node->kind == SM_NODE_INT) {
        node->number = (double)node->integer;
        node->kind = SM_NODE_FLOAT;
    }
    static const enum sm_node_kind kinds[] = {
        [TAG_NULL] = SM_NODE_NULL, [TAG_BOOL] = SM_NODE_BOOL, [TAG_INT] = SM_NODE_INT, [TAG_FLOAT] = SM_NODE_FLOAT};
    return node->kind == kinds[tag];
}

static struct sm_node *read_scalar(struct reader *reader, struct fy_event *event)
{
    struct sm_position position = position_of(reader, event);
    size_t size = 0;
    const char *text = event->scalar.value ? fy_token_get_text(event->scalar.value, &size) : "";
    struct sm_slice value = sm_slice_make(text, text ? size : 0);
    if (value.size && memchr(value.ptr, '\0', value.size)) {
        FAIL(reader, position, "a string holds a NUL character");
        return NULL;
    }
    enum tag tag = tag_of(event->scalar.tag);
    if (tag == TAG_BINARY) {
        FAIL(reader, position, "values with the tag !!binary are not taken: write the text itself");
        return NULL;
    }
    bool is_plain = !event->scalar.value || fy_scalar_token_get_style(event->scalar.value) == FYSS_PLAIN;
    struct sm_node *node = make_node(reader, SM_NODE_STRING, position);
    node->string = sm_arena_strdup(reader->arena, value);
    node->original = node->string;
    bool is_typed = tag == TAG_NONE ? is_plain : tag != TAG_STR && tag != TAG_OTHER;
    if (is_typed && !sm_yaml_type_scalar(node->original, node)) {
        FAIL(reader, position, "the whole number %s does not fit into 64 bits with a sign", node->original);
        return NULL;
    }
    if (is_typed && tag != TAG_NONE && !fits_tag(node, tag)) {
        FAIL(reader, position, "the value \"%.80s\" is not of the type its tag says", node->original);
        return NULL;
    }
    return node;
}

/* ---- lists and maps */

static struct sm_node *read_list(struct reader *reader, struct sm_position position, unsigned depth)
{
    struct sm_node *list = make_node(reader, SM_NODE_LIST, position);
    size_t capacity = 0;
    struct fy_event *event;
    while ((event = fy_parser_parse(reader->parser))) {
        bool is_end = event->type == FYET_SEQUENCE_END;
        struct sm_node *item = is_end ? NULL : read_node(reader, event, depth + 1);
        fy_parser_event_free(reader->parser, event);
        if (is_end)
            return list;
        if (!item)
            return NULL;
        list->list.items = sm_arena_grow(reader->arena, list->list.items, list->list.count, &capacity, list->list.count + 1, sizeof(item));
        list->list.items[list->list.count++] = item;
    }
    return NULL;
}

static struct sm_node_entry *find_entry(struct sm_node *map, const char *key)
{
    for (size_t i = 0; i < map->map.count; i++)
        if (strcmp(map->map.entries[i].key, key) == 0)
            return &map->map.entries[i];
    return NULL;
}

static void add_entry(struct reader *reader, struct sm_node *map, size_t *capacity, struct sm_node_entry entry)
{
    map->map.entries = sm_arena_grow(reader->arena, map->map.entries, map->map.count, capacity, map->map.count + 1, sizeof(entry));
    map->map.entries[map->map.count++] = entry;
}

static bool merge_map(struct reader *reader, struct sm_node *map, size_t *capacity, const struct sm_node *from)
{
    if (from->kind == SM_NODE_LIST) {
        for (size_t i = 0; i < from->list.count; i++)
            if (from->list.items[i]->kind != SM_NODE_MAP || !merge_map(reader, map, capacity, from->list.items[i]))
                return false;
        return true;
    }
    if (from->kind != SM_NODE_MAP)
        return false;
    for (size_t i = 0; i < from->map.count && map->map.count < SM_YAML_KEYS_MAX; i++)
        if (!find_entry(map, from->map.entries[i].key))
            add_entry(reader, map, capacity, from->map.entries[i]);
    return true;
}

/* "key" of one entry; NULL after an error. `*is_merge`: it is the merge key. */
static const char *read_key(struct reader *reader, struct fy_event *event, bool *is_merge)
{
    if (event->type != FYET_SCALAR) {
        FAIL(reader, position_of(reader, event), "a key must be a single value");
        return NULL;
    }
    struct sm_node *key = read_scalar(reader, event);
    if (!key)
        return NULL;
    *is_merge = strcmp(key->original, "<<") == 0 && event->scalar.value && fy_scalar_token_get_style(event->scalar.value) == FYSS_PLAIN;
    return key->original;
}

static bool read_map_entry(struct reader *reader, struct fy_event *key_event, struct sm_node *map, size_t *capacity, const struct sm_node **merged,
                           unsigned depth)
{
    bool is_merge = false;
    struct sm_node_entry entry = {.key = read_key(reader, key_event, &is_merge), .key_position = position_of(reader, key_event)};
    if (!entry.key)
        return false;
    const struct sm_node_entry *earlier = is_merge ? NULL : find_entry(map, entry.key);
    if (earlier || (is_merge && *merged)) {
        FAIL(reader, entry.key_position, "mapping key \"%s\" already defined at line %u", entry.key,
             earlier ? earlier->key_position.line : (*merged)->position.line);
        return false;
    }
    struct fy_event *event = fy_parser_parse(reader->parser);
    entry.value = event ? read_node(reader, event, depth + 1) : NULL;
    fy_parser_event_free(reader->parser, event);
    if (!entry.value)
        return false;
    if (!entry.value->position.line)
        entry.value->position = entry.key_position;
    if (map->map.count >= SM_YAML_KEYS_MAX) {
        FAIL(reader, entry.key_position, "more than %d keys in one map", SM_YAML_KEYS_MAX);
        return false;
    }
    if (is_merge)
        *merged = entry.value;
    else
        add_entry(reader, map, capacity, entry);
    return true;
}

static struct sm_node *read_map(struct reader *reader, struct sm_position position, unsigned depth)
{
    struct sm_node *map = make_node(reader, SM_NODE_MAP, position);
    const struct sm_node *merged = NULL;
    size_t capacity = 0;
    struct fy_event *event;
    while ((event = fy_parser_parse(reader->parser))) {
        bool is_end = event->type == FYET_MAPPING_END;
        bool is_good = is_end || read_map_entry(reader, event, map, &capacity, &merged, depth);
        fy_parser_event_free(reader->parser, event);
        if (!is_good)
            return NULL;
        if (!is_end)
            continue;
        if (merged && !merge_map(reader, map, &capacity, merged)) {
            FAIL(reader, merged->position, "map merge requires map or sequence of maps as the value");
            return NULL;
        }
        return map;
    }
    return NULL;
}

static struct sm_node *read_node(struct reader *reader, struct fy_event *event, unsigned depth)
{
    struct sm_position position = position_of(reader, event);
    if (depth > SM_YAML_DEPTH_MAX) {
        FAIL(reader, position, "lists and maps are nested more than %d levels deep", SM_YAML_DEPTH_MAX);
        return NULL;
    }
    size_t count_before = reader->node_count;
    if (!count_nodes(reader, 1, position))
        return NULL;
    struct sm_node *node = NULL;
    struct fy_token *anchor = NULL;
    if (event->type == FYET_SCALAR) {
        anchor = event->scalar.anchor;
        node = read_scalar(reader, event);
    } else if (event->type == FYET_SEQUENCE_START) {
        anchor = event->sequence_start.anchor;
        node = read_list(reader, position, depth);
    } else if (event->type == FYET_MAPPING_START) {
        anchor = event->mapping_start.anchor;
        node = read_map(reader, position, depth);
    } else if (event->type == FYET_ALIAS) {
        node = read_alias(reader, event);
    }
    if (node && anchor)
        remember_anchor(reader, anchor, node, reader->node_count - count_before);
    return node;
}

/* ---- a document */

static struct sm_node *read_document(struct reader *reader)
{
    struct fy_event *event;
    while ((event = fy_parser_parse(reader->parser))) {
        enum fy_event_type type = event->type;
        bool is_content = type != FYET_STREAM_START && type != FYET_DOCUMENT_START && type != FYET_STREAM_END && type != FYET_NONE;
        struct sm_node *node = is_content ? read_node(reader, event, 0) : NULL;
        if (type == FYET_STREAM_END)
            node = make_node(reader, SM_NODE_NULL, position_of(reader, event));
        fy_parser_event_free(reader->parser, event);
        if (node || is_content)
            return node;
        if (type == FYET_NONE)
            break;
    }
    return NULL;
}

/* After the content only the end of the document may follow; what a second document holds is not read. */
static bool ends_well(struct reader *reader)
{
    struct fy_event *event = fy_parser_parse(reader->parser);
    bool is_good = event && (event->type == FYET_DOCUMENT_END || event->type == FYET_STREAM_END || event->type == FYET_NONE);
    fy_parser_event_free(reader->parser, event);
    return is_good;
}

/* Line of the first directive other than "%YAML 1.x"; 0: there is none. libfyaml 0.7.12 may read some directives without end. */
static unsigned find_directive(struct sm_slice text)
{
    unsigned line = 1;
    for (size_t i = 0; i < text.size; i++) {
        bool is_start = i == 0 || text.ptr[i - 1] == '\n' || text.ptr[i - 1] == '\r' || (i == 3 && memcmp(text.ptr, "\xef\xbb\xbf", 3) == 0);
        struct sm_slice rest = sm_slice_make(text.ptr + i, text.size - i);
        if (is_start && text.ptr[i] == '%') {
            struct sm_slice directive = sm_slice_trim(sm_slice_cut(&rest, '\n'));
            bool is_version = directive.size == strlen("%YAML 1.2") && sm_slice_starts_with(directive, SM_SLICE("%YAML 1."));
            if (!is_version || directive.ptr[directive.size - 1] < '1' || directive.ptr[directive.size - 1] > '2')
                return line;
        }
        line += text.ptr[i] == '\n';
    }
    return 0;
}

/* Within { } and [ ] the brace of a plain ${…} is YAML's own: the most frequent mistake there. */
static const char *suggest_quotes(struct sm_position position)
{
    struct sm_slice rest = position.source->text, line = {0};
    for (unsigned number = 1; number <= position.line; number++)
        line = sm_slice_cut(&rest, '\n');
    bool is_substitution = position.column > 1 && position.column <= line.size && memcmp(line.ptr + position.column - 2, "${", 2) == 0;
    return is_substitution ? "within { } and [ ] put ${…} in quotes: \"${env:NAME}\"" : NULL;
}

static void report_syntax(struct reader *reader, struct fy_diag *diag)
{
    if (reader->has_failed || !reader->diags)
        return;
    void *iterator = NULL;
    const struct fy_diag_error *error = fy_diag_errors_iterate(diag, &iterator);
    struct sm_position position = {.source = reader->source};
    if (error && error->line > 0) {
        position.line = (unsigned)error->line;
        position.column = error->column > 0 ? (unsigned)error->column : 1;
    }
    const char *suggestion = position.line > 0 ? suggest_quotes(position) : NULL;
    sm_diags_add(reader->diags, SM_DIAG_ERROR, position, NULL, suggestion, "yaml: %s",
                 error && error->msg ? error->msg : "the text is not valid YAML");
}

/* What go-yaml's reader takes. */
static bool is_yaml_character(uint32_t rune)
{
    return rune == '\t' || rune == '\n' || rune == '\r' || (rune >= ' ' && rune <= '~') || rune == 0x85 || (rune >= 0xA0 && rune <= 0xFFFD) ||
           rune >= 0x10000;
}

/* libfyaml takes such bytes for the end of the text, and would leave out all that comes behind them. */
static bool check_characters(struct reader *reader)
{
    struct sm_position position = {.source = reader->source, .line = 1, .column = 1};
    struct sm_slice rest = reader->source->text;
    while (rest.size) {
        size_t size;
        bool is_sound;
        uint32_t rune = sm_utf8_read(rest, &size, &is_sound);
        if (!is_sound)
            FAIL(reader, position, "byte 0x%02X is not UTF-8", (unsigned char)rest.ptr[0]);
        else if (!is_yaml_character(rune))
            FAIL(reader, position, "control characters are not allowed, got U+%04X", rune);
        if (reader->has_failed)
            return false;
        position.line += rune == '\n';
        position.column = rune == '\n' ? 1 : position.column + 1;
        rest = sm_slice_make(rest.ptr + size, rest.size - size);
    }
    return true;
}

struct sm_node *sm_yaml_parse(const struct sm_source *source, struct sm_arena *arena, struct sm_diags *diags)
{
    struct reader reader = {.source = source, .arena = arena, .diags = diags};
    struct sm_position start = {.source = source};
    if (source->text.size > SM_YAML_TEXT_BYTES_MAX) {
        FAIL(&reader, start, "the text is larger than %d bytes", SM_YAML_TEXT_BYTES_MAX);
        return NULL;
    }
    if (!check_characters(&reader))
        return NULL;
    start.line = find_directive(source->text);
    if (start.line) {
        start.column = 1;
        FAIL(&reader, start, "no directive but %%YAML 1.1 or 1.2 is taken");
        return NULL;
    }
    struct fy_diag_cfg diag_config;
    fy_diag_cfg_default(&diag_config);
    diag_config.fp = NULL;
    diag_config.level = FYET_ERROR;
    struct fy_diag *diag = fy_diag_create(&diag_config);
    fy_diag_set_collect_errors(diag, true);
    struct fy_parse_cfg config = {
        .flags = FYPCF_DEFAULT_VERSION_1_2 | FYPCF_SLOPPY_FLOW_INDENTATION | FYPCF_JSON_NONE | FYPCF_DISABLE_DEPTH_LIMIT,
        .diag = diag,
    };
    struct sm_node *node = NULL;
    reader.parser = fy_parser_create(&config);
    if (reader.parser && fy_parser_set_string(reader.parser, source->text.ptr ? source->text.ptr : "", source->text.size) == 0)
        node = read_document(&reader);
    if (node && node->kind != SM_NODE_NULL && !ends_well(&reader))
        node = NULL;
    if (!node)
        report_syntax(&reader, diag);
    fy_parser_destroy(reader.parser);
    fy_diag_destroy(diag);
    return node;
}
