/* option.c - decodes a map into an option struct by its table.
 *
 * Every error is reported, none stops the rest. What is of the wrong type is told as the reference words it: the path inside the component in quotes,
 * with dots ("'protocols.http' has invalid keys: endpont"); a value outside its range as its validation does ("processors::batch: …").
 * Source of the type rules: opentelemetry-collector confmap/internal/decoder.go (no weak typing, but numbers are cut to whole ones, durations may be
 * numbers of nanoseconds, text may be split at commas into a list of strings). */
#include "config/option.h"

#include <stdio.h>

#include "base/bytes.h"
#include "config/diags.h"
#include "config/duration.h"

enum { CANDIDATES_MAX = 256, SHOWN_MAX = 80 };

/* Where we are below the component, as a chain on the stack. */
struct place {
    const struct place *parent; /* NULL: the component itself */
    const char *key;            /* NULL: an index */
    size_t index;
    bool is_name; /* a key chosen by the user: "[key]" */
};

struct decoder {
    const char *root; /* "exporters::otlp/eu"; NULL: the whole document */
    struct sm_arena *arena;
    struct sm_diags *diags;
    size_t error_count;
};

static bool decode_rows(struct decoder *decoder, const struct sm_option *table, char *out, const struct sm_node *map, const struct place *place);

/* ---- paths and messages */

static void write_dotted(struct sm_bytes *bytes, const struct place *place)
{
    if (!place)
        return;
    write_dotted(bytes, place->parent);
    if (!place->key)
        sm_bytes_printf(bytes, "[%zu]", place->index);
    else if (place->is_name)
        sm_bytes_printf(bytes, "[%s]", place->key);
    else
        sm_bytes_printf(bytes, "%s%s", bytes->size ? "." : "", place->key);
}

static void write_coloned(struct sm_bytes *bytes, const struct place *place)
{
    if (!place)
        return;
    write_coloned(bytes, place->parent);
    if (place->key)
        sm_bytes_printf(bytes, "%s%s", bytes->size ? "::" : "", place->key);
    else
        sm_bytes_printf(bytes, "::%zu", place->index);
}

/* "'protocols.http' " in front of an error of decoding; "" for the component itself. */
static const char *quoted_path(struct decoder *decoder, const struct place *place)
{
    struct sm_bytes bytes;
    sm_bytes_init(&bytes, decoder->arena);
    write_dotted(&bytes, place);
    return bytes.size ? sm_arena_printf(decoder->arena, "'%.*s' ", SM_SLICE_ARGS(sm_bytes_slice(&bytes))) : "";
}

/* "exporters::otlp::retry_on_failure", the path of an error of validation. */
static const char *full_path(struct decoder *decoder, const struct place *place)
{
    struct sm_bytes bytes;
    sm_bytes_init(&bytes, decoder->arena);
    if (decoder->root)
        sm_bytes_append_text(&bytes, decoder->root);
    write_coloned(&bytes, place);
    return sm_bytes_cstr(&bytes);
}

/* The value as messages show it: kind and text. */
static const char *describe(struct decoder *decoder, const struct sm_node *node)
{
    switch (node->kind) {
    case SM_NODE_BOOL:
        return sm_arena_printf(decoder->arena, "the boolean %s", node->boolean ? "true" : "false");
    case SM_NODE_INT:
        return sm_arena_printf(decoder->arena, "the number %lld", (long long)node->integer);
    case SM_NODE_FLOAT:
        return sm_arena_printf(decoder->arena, "the number %g", node->number);
    case SM_NODE_STRING: {
        size_t size = strlen(node->string);
        return sm_arena_printf(decoder->arena, "the string \"%.*s%s\"", SHOWN_MAX, node->string, size > SHOWN_MAX ? "…" : "");
    }
    case SM_NODE_NULL:
    case SM_NODE_LIST:
    case SM_NODE_MAP:
        break;
    }
    return sm_node_kind_name(node->kind);
}

/* A secret's line is not shown. */
static struct sm_position shown_position(const struct sm_option *option, const struct sm_node *node)
{
    struct sm_position position = node->position;
    if (option->kind == SM_OPTION_KIND_SECRET || option->secret)
        position.column = 0;
    return position;
}

static bool wrong_type(struct decoder *decoder, const struct sm_option *option, const struct sm_node *node, const struct place *place,
                       const char *wanted, const char *suggestion)
{
    decoder->error_count++;
    bool is_secret = option->kind == SM_OPTION_KIND_SECRET || option->secret;
    sm_diags_add(decoder->diags, SM_DIAG_ERROR, shown_position(option, node), decoder->root, suggestion, "%sexpected %s, got %s",
                 quoted_path(decoder, place), wanted, is_secret ? sm_node_kind_name(node->kind) : describe(decoder, node));
    return false;
}

/* An error in the way of a component's own validation: "processors::batch: timeout must be …". */
static bool out_of_range(struct decoder *decoder, const struct sm_node *node, const struct place *place, const char *rule, const char *found)
{
    decoder->error_count++;
    const struct place *holder = place->key ? place->parent : place;
    sm_diags_add(decoder->diags, SM_DIAG_ERROR, node->position, full_path(decoder, holder), NULL, "%s %s, got %s",
                 place->key ? place->key : "the value", rule, found);
    return false;
}

/* ---- numbers */

static bool has_range(const struct sm_option *option)
{
    return option->min != 0 || option->max != 0;
}

static bool check_range(struct decoder *decoder, const struct sm_option *option, double value, const struct sm_node *node, const struct place *place)
{
    if (!has_range(option) || (value >= option->min && (option->max == 0 || value <= option->max)))
        return true;
    const char *rule = option->max == 0 || option->max >= 9.2e18
                           ? sm_arena_printf(decoder->arena, "must be at least %.15g", option->min)
                           : sm_arena_printf(decoder->arena, "must be between %.15g and %.15g", option->min, option->max);
    return out_of_range(decoder, node, place, rule, describe(decoder, node));
}

/* Whole part of a number node, as the reference cuts it. False when it is none or does not fit. */
static bool whole_number(const struct sm_node *node, int64_t *value)
{
    if (node->kind == SM_NODE_INT) {
        *value = node->integer;
        return true;
    }
    if (node->kind != SM_NODE_FLOAT || !(node->number > -9.2e18 && node->number < 9.2e18))
        return false;
    *value = (int64_t)node->number;
    return true;
}

static bool decode_int(struct decoder *decoder, const struct sm_option *option, void *member, const struct sm_node *node, const struct place *place)
{
    int64_t value;
    if (!whole_number(node, &value))
        return wrong_type(decoder, option, node, place, "a whole number", NULL);
    if (option->kind == SM_OPTION_KIND_UINT && (value < 0 || (node->kind == SM_NODE_FLOAT && node->number < 0)))
        return wrong_type(decoder, option, node, place, "a whole number that is not negative", NULL);
    if (!check_range(decoder, option, (double)value, node, place))
        return false;
    if (option->kind == SM_OPTION_KIND_UINT)
        *(uint64_t *)member = (uint64_t)value;
    else
        *(int64_t *)member = value;
    return true;
}

static bool decode_double_value(struct decoder *decoder, const struct sm_option *option, double *value, const struct sm_node *node,
                                const struct place *place)
{
    if (node->kind != SM_NODE_INT && node->kind != SM_NODE_FLOAT)
        return wrong_type(decoder, option, node, place, "a number", NULL);
    *value = node->kind == SM_NODE_INT ? (double)node->integer : node->number;
    return true;
}

static bool decode_double(struct decoder *decoder, const struct sm_option *option, void *member, const struct sm_node *node,
                          const struct place *place)
{
    double value;
    if (!decode_double_value(decoder, option, &value, node, place) || !check_range(decoder, option, value, node, place))
        return false;
    *(double *)member = value;
    return true;
}

static bool decode_duration_value(struct decoder *decoder, const struct sm_option *option, int64_t *value, const struct sm_node *node,
                                  const struct place *place)
{
    if (node->kind == SM_NODE_STRING ? sm_duration_parse(sm_slice_of(node->string), value) : whole_number(node, value))
        return true;
    return wrong_type(decoder, option, node, place, "a duration", "write it with units: ns, us, ms, s, m, h, as in \"1m30s\"");
}

static bool decode_duration(struct decoder *decoder, const struct sm_option *option, void *member, const struct sm_node *node,
                            const struct place *place)
{
    int64_t value;
    if (!decode_duration_value(decoder, option, &value, node, place))
        return false;
    char text[SM_DURATION_TEXT_SIZE];
    if (value < 0 && !option->is_signed)
        return out_of_range(decoder, node, place, "must be greater or equal to 0", sm_duration_format(value, text));
    if (!check_range(decoder, option, (double)value, node, place))
        return false;
    if (option->is_signed)
        *(int64_t *)member = value;
    else
        *(uint64_t *)member = (uint64_t)value;
    return true;
}

/* ---- text */

static bool decode_bool(struct decoder *decoder, const struct sm_option *option, void *member, const struct sm_node *node, const struct place *place)
{
    if (node->kind != SM_NODE_BOOL)
        return wrong_type(decoder, option, node, place, "a boolean", "write true or false, without quotes");
    *(bool *)member = node->boolean;
    return true;
}

static bool decode_text(struct decoder *decoder, const struct sm_option *option, const char **text, const struct sm_node *node,
                        const struct place *place)
{
    if (node->is_substituted && node->original)
        *text = node->original;
    else if (node->kind == SM_NODE_STRING)
        *text = node->string;
    else if (node->kind == SM_NODE_NULL)
        *text = "";
    else
        return wrong_type(decoder, option, node, place, "a string",
                          node->kind == SM_NODE_LIST || node->kind == SM_NODE_MAP ? NULL : "put it in quotes");
    return true;
}

static bool is_word_number(const struct sm_option *option, const struct sm_node *node)
{
    for (const struct sm_option_word *word = option->words; option->takes_numbers && node->kind == SM_NODE_INT && word->word; word++)
        if (word->value == node->integer)
            return true;
    return false;
}

static bool decode_enum(struct decoder *decoder, const struct sm_option *option, void *member, const struct sm_node *node, const struct place *place)
{
    const char *text;
    if (is_word_number(option, node)) {
        *(int *)member = (int)node->integer;
        return true;
    }
    if (!decode_text(decoder, option, &text, node, place))
        return false;
    struct sm_bytes accepted;
    sm_bytes_init(&accepted, decoder->arena);
    const char *candidates[CANDIDATES_MAX];
    size_t candidate_count = 0;
    for (const struct sm_option_word *word = option->words; word->word; word++) {
        if (option->ignore_case ? sm_slice_equal_nocase(sm_slice_of(text), sm_slice_of(word->word)) : strcmp(text, word->word) == 0) {
            *(int *)member = word->value;
            return true;
        }
        if (!*word->word)
            continue;
        sm_bytes_printf(&accepted, "%s\"%s\"", accepted.size ? ", " : "", word->word);
        if (candidate_count < CANDIDATES_MAX)
            candidates[candidate_count++] = word->word;
    }
    const char *near = sm_nearest_word(text, candidates, candidate_count);
    const char *suggestion = near ? sm_arena_printf(decoder->arena, "did you mean %s?", near) : NULL;
    const char *before = "unknown value ", *behind = sm_arena_printf(decoder->arena, ", must be one of %s", sm_bytes_cstr(&accepted));
    if (option->unknown_word[0]) {
        before = option->unknown_word[0];
        behind = option->unknown_word[1];
    }
    decoder->error_count++;
    sm_diags_add(decoder->diags, SM_DIAG_ERROR, node->position, decoder->root, suggestion, "%s%s\"%.*s\"%s", quoted_path(decoder, place), before,
                 SHOWN_MAX, text, behind);
    return false;
}

/* ---- lists and maps of scalars */

/* A list node of the items of `text` between commas, as the reference splits text where a list of strings is wanted. */
static const struct sm_node *split_at_commas(struct decoder *decoder, const struct sm_node *node)
{
    struct sm_node *list = sm_arena_zalloc(decoder->arena, 1, sizeof(*list));
    *list = (struct sm_node){.kind = SM_NODE_LIST, .position = node->position};
    size_t commas = 0;
    for (const char *at = node->string; *at; at++)
        commas += *at == ',';
    if (!*node->string)
        return list;
    list->list.items = sm_arena_zalloc(decoder->arena, commas + 1, sizeof(struct sm_node *));
    const char *rest = node->string;
    for (; list->list.count <= commas; list->list.count++) {
        size_t size = strcspn(rest, ",");
        struct sm_node *item = sm_arena_zalloc(decoder->arena, 1, sizeof(*item));
        *item = (struct sm_node){
            .kind = SM_NODE_STRING, .position = node->position, .string = sm_arena_strdup(decoder->arena, sm_slice_make(rest, size))};
        list->list.items[list->list.count] = item;
        rest += size + 1;
    }
    return list;
}

static bool decode_string_list(struct decoder *decoder, const struct sm_option *option, void *member, const struct sm_node *node,
                               const struct place *place)
{
    if (node->kind == SM_NODE_STRING && !option->no_split)
        node = split_at_commas(decoder, node);
    if (node->kind != SM_NODE_LIST)
        return wrong_type(decoder, option, node, place, "a list of strings", NULL);
    struct sm_string_list list = {.items = sm_arena_zalloc(decoder->arena, node->list.count, sizeof(char *)), .count = node->list.count};
    bool is_good = true;
    for (size_t i = 0; i < list.count; i++) {
        struct place item = {.parent = place, .index = i};
        is_good &= decode_text(decoder, option, &list.items[i], node->list.items[i], &item);
    }
    *(struct sm_string_list *)member = list;
    return is_good;
}

static bool decode_double_list(struct decoder *decoder, const struct sm_option *option, void *member, const struct sm_node *node,
                               const struct place *place)
{
    if (node->kind != SM_NODE_LIST)
        return wrong_type(decoder, option, node, place, "a list of numbers", NULL);
    struct sm_double_list list = {.items = sm_arena_zalloc(decoder->arena, node->list.count, sizeof(double)), .count = node->list.count};
    bool is_good = true;
    for (size_t i = 0; i < list.count; i++) {
        struct place item = {.parent = place, .index = i};
        is_good &= decode_double_value(decoder, option, &list.items[i], node->list.items[i], &item);
    }
    *(struct sm_double_list *)member = list;
    return is_good;
}

static bool decode_duration_list(struct decoder *decoder, const struct sm_option *option, void *member, const struct sm_node *node,
                                 const struct place *place)
{
    if (node->kind != SM_NODE_LIST)
        return wrong_type(decoder, option, node, place, "a list of durations", NULL);
    struct sm_duration_list list = {.items = sm_arena_zalloc(decoder->arena, node->list.count, sizeof(uint64_t)), .count = node->list.count};
    bool is_good = true;
    for (size_t i = 0; i < list.count; i++) {
        struct place item = {.parent = place, .index = i};
        int64_t value = 0;
        if (!decode_duration_value(decoder, option, &value, node->list.items[i], &item))
            is_good = false;
        else if (value < 0)
            is_good = out_of_range(decoder, node->list.items[i], &item, "must be greater or equal to 0", describe(decoder, node->list.items[i]));
        list.items[i] = (uint64_t)value;
    }
    *(struct sm_duration_list *)member = list;
    return is_good;
}

/* Headers may also be a list of {name, value}. */
static bool decode_pair_list(struct decoder *decoder, const struct sm_option *option, struct sm_string_map *out, const struct sm_node *node,
                             const struct place *place)
{
    struct sm_string_map map = {.entries = sm_arena_zalloc(decoder->arena, node->list.count, sizeof(*map.entries)), .count = node->list.count};
    bool is_good = true;
    for (size_t i = 0; i < map.count; i++) {
        const struct sm_node *pair = node->list.items[i];
        struct place item = {.parent = place, .index = i};
        const struct sm_node *name = sm_node_find(pair, "name"), *value = sm_node_find(pair, "value");
        if (!name || !value) {
            is_good = wrong_type(decoder, option, pair, &item, "a map with name and value", NULL);
            continue;
        }
        struct place name_place = {.parent = &item, .key = "name"}, value_place = {.parent = &item, .key = "value"};
        is_good &= decode_text(decoder, option, &map.entries[i].key, name, &name_place);
        is_good &= decode_text(decoder, option, &map.entries[i].value, value, &value_place);
    }
    *out = map;
    return is_good;
}

static bool decode_string_map(struct decoder *decoder, const struct sm_option *option, void *member, const struct sm_node *node,
                              const struct place *place)
{
    if (node->kind == SM_NODE_LIST && option->secret)
        return decode_pair_list(decoder, option, member, node, place);
    if (node->kind != SM_NODE_MAP)
        return wrong_type(decoder, option, node, place, "a map of strings", NULL);
    struct sm_string_map map = {.entries = sm_arena_zalloc(decoder->arena, node->map.count, sizeof(*map.entries)), .count = node->map.count};
    bool is_good = true;
    for (size_t i = 0; i < map.count; i++) {
        struct place entry = {.parent = place, .key = node->map.entries[i].key, .is_name = true};
        map.entries[i].key = node->map.entries[i].key;
        is_good &= decode_text(decoder, option, &map.entries[i].value, node->map.entries[i].value, &entry);
    }
    *(struct sm_string_map *)member = map;
    return is_good;
}

/* ---- tables */

static bool decode_table(struct decoder *decoder, const struct sm_option *option, void *member, const struct sm_node *node, const struct place *place)
{
    if (node->kind == SM_NODE_NULL)
        return true;
    if (node->kind != SM_NODE_MAP)
        return wrong_type(decoder, option, node, place, "a map", NULL);
    return decode_rows(decoder, option->table, member, node, place);
}

static void *make_element(struct decoder *decoder, const struct sm_option *option, size_t count)
{
    char *elements = sm_arena_zalloc(decoder->arena, count, option->element_size);
    for (size_t i = 0; i < count; i++)
        sm_options_fill_defaults(option->table, elements + i * option->element_size, option->element_size, decoder->arena);
    return elements;
}

static bool has_row(const struct sm_option *table, const char *key);

static const struct sm_node *without_key(struct decoder *decoder, const struct sm_node *map, const char *key)
{
    struct sm_node *rest = sm_arena_zalloc(decoder->arena, 1, sizeof(*rest));
    *rest = *map;
    rest->map.entries = sm_arena_zalloc(decoder->arena, map->map.count, sizeof(struct sm_node_entry));
    rest->map.count = 0;
    for (size_t i = 0; i < map->map.count; i++)
        if (strcmp(map->map.entries[i].key, key) != 0)
            rest->map.entries[rest->map.count++] = map->map.entries[i];
    return rest;
}

/* Optional sections may be switched off with `enabled: false`; what else they hold is checked all the same. */
static bool decode_optional(struct decoder *decoder, const struct sm_option *option, void *member, const struct sm_node *node,
                            const struct place *place)
{
    void *element = make_element(decoder, option, 1);
    bool is_enabled = true, is_good = true;
    const struct sm_node *enabled = option->has_no_switch || has_row(option->table, "enabled") ? NULL : sm_node_find(node, "enabled");
    if (enabled) {
        struct place enabled_place = {.parent = place, .key = "enabled"};
        is_good = decode_bool(decoder, option, &is_enabled, enabled, &enabled_place);
        node = without_key(decoder, node, "enabled");
    }
    is_good &= decode_table(decoder, option, element, node, place);
    *(void **)member = is_enabled ? element : NULL;
    return is_good;
}

static bool decode_table_list(struct decoder *decoder, const struct sm_option *option, void *member, const struct sm_node *node,
                              const struct place *place)
{
    if (node->kind != SM_NODE_LIST)
        return wrong_type(decoder, option, node, place, "a list", NULL);
    struct sm_table_list list = {.items = make_element(decoder, option, node->list.count), .count = node->list.count};
    bool is_good = true;
    for (size_t i = 0; i < list.count; i++) {
        struct place item = {.parent = place, .index = i};
        is_good &= decode_table(decoder, option, (char *)list.items + i * option->element_size, node->list.items[i], &item);
    }
    *(struct sm_table_list *)member = list;
    return is_good;
}

static bool decode_table_map(struct decoder *decoder, const struct sm_option *option, void *member, const struct sm_node *node,
                             const struct place *place)
{
    if (node->kind != SM_NODE_MAP)
        return wrong_type(decoder, option, node, place, "a map", NULL);
    struct sm_table_map map = {
        .keys = sm_arena_zalloc(decoder->arena, node->map.count, sizeof(char *)),
        .items = make_element(decoder, option, node->map.count),
        .count = node->map.count,
    };
    bool is_good = true;
    for (size_t i = 0; i < map.count; i++) {
        struct place entry = {.parent = place, .key = node->map.entries[i].key, .is_name = true};
        map.keys[i] = node->map.entries[i].key;
        is_good &= decode_table(decoder, option, (char *)map.items + i * option->element_size, node->map.entries[i].value, &entry);
    }
    *(struct sm_table_map *)member = map;
    return is_good;
}

static bool take_node(struct decoder *decoder, const struct sm_option *option, void *member, const struct sm_node *node, const struct place *place)
{
    (void)decoder, (void)option, (void)place;
    *(const struct sm_node **)member = node;
    return true;
}

static bool decode_string(struct decoder *decoder, const struct sm_option *option, void *member, const struct sm_node *node,
                          const struct place *place)
{
    return decode_text(decoder, option, member, node, place);
}

/* An empty list, or what is switched off, is as good as an option left out. */
static bool asks_for_nothing(const struct sm_node *node)
{
    const struct sm_node *enabled = node->kind == SM_NODE_MAP ? sm_node_find(node, "enabled") : NULL;
    return (node->kind == SM_NODE_LIST && node->list.count == 0) || (enabled && enabled->kind == SM_NODE_BOOL && !enabled->boolean);
}

static bool refuse(struct decoder *decoder, const struct sm_option *option, void *member, const struct sm_node *node, const struct place *place)
{
    (void)member;
    if (asks_for_nothing(node))
        return true;
    decoder->error_count++;
    sm_diags_add(decoder->diags, SM_DIAG_ERROR, node->position, decoder->root, "remove it to go on without", "%sis not supported by spanmill%s%s",
                 quoted_path(decoder, place), option->help ? ": " : "", option->help ? option->help : "");
    return false;
}

typedef bool decode_kind(struct decoder *decoder, const struct sm_option *option, void *member, const struct sm_node *node,
                         const struct place *place);

/* How a value of each kind is decoded, the size of its member, and of what kind the zero of a scalar's type is. */
static const struct {
    decode_kind *decode;
    size_t size;
    enum sm_node_kind zero;
} kinds[] = {
    [SM_OPTION_KIND_BOOL] = {decode_bool, sizeof(bool), SM_NODE_BOOL},
    [SM_OPTION_KIND_INT] = {decode_int, sizeof(int64_t), SM_NODE_INT},
    [SM_OPTION_KIND_UINT] = {decode_int, sizeof(uint64_t), SM_NODE_INT},
    [SM_OPTION_KIND_DOUBLE] = {decode_double, sizeof(double), SM_NODE_INT},
    [SM_OPTION_KIND_DURATION] = {decode_duration, sizeof(int64_t), SM_NODE_INT},
    [SM_OPTION_KIND_STRING] = {decode_string, sizeof(char *), SM_NODE_STRING},
    [SM_OPTION_KIND_SECRET] = {decode_string, sizeof(char *), SM_NODE_STRING},
    [SM_OPTION_KIND_ENUM] = {decode_enum, sizeof(int), SM_NODE_STRING},
    [SM_OPTION_KIND_STRING_LIST] = {decode_string_list, sizeof(struct sm_string_list), SM_NODE_NULL},
    [SM_OPTION_KIND_DOUBLE_LIST] = {decode_double_list, sizeof(struct sm_double_list), SM_NODE_NULL},
    [SM_OPTION_KIND_DURATION_LIST] = {decode_duration_list, sizeof(struct sm_duration_list), SM_NODE_NULL},
    [SM_OPTION_KIND_STRING_MAP] = {decode_string_map, sizeof(struct sm_string_map), SM_NODE_NULL},
    [SM_OPTION_KIND_TABLE] = {decode_table, 0, SM_NODE_NULL},
    [SM_OPTION_KIND_OPTIONAL] = {decode_optional, sizeof(void *), SM_NODE_NULL},
    [SM_OPTION_KIND_TABLE_LIST] = {decode_table_list, sizeof(struct sm_table_list), SM_NODE_NULL},
    [SM_OPTION_KIND_TABLE_MAP] = {decode_table_map, sizeof(struct sm_table_map), SM_NODE_NULL},
    [SM_OPTION_KIND_NODE] = {take_node, sizeof(struct sm_node *), SM_NODE_NULL},
    [SM_OPTION_KIND_REFUSED] = {refuse, 0, SM_NODE_NULL},
};

/* ---- rows */

static bool is_squashed(const struct sm_option *option)
{
    return option->kind == SM_OPTION_KIND_TABLE && option->squash;
}

static bool is_old_key(const struct sm_option *option, const char *key)
{
    for (const char *const *old = option->old_keys; old && *old; old++)
        if (strcmp(*old, key) == 0)
            return true;
    return false;
}

static bool has_row(const struct sm_option *table, const char *key)
{
    for (const struct sm_option *option = table; option->kind != SM_OPTION_KIND_END; option++) {
        if (is_squashed(option) ? has_row(option->table, key) : strcmp(sm_option_key(option), key) == 0 || is_old_key(option, key))
            return true;
    }
    return false;
}

static size_t list_keys(const struct sm_option *table, const char **keys, size_t count)
{
    for (const struct sm_option *option = table; option->kind != SM_OPTION_KIND_END && count < CANDIDATES_MAX; option++) {
        if (is_squashed(option))
            count = list_keys(option->table, keys, count);
        else if (option->kind != SM_OPTION_KIND_REFUSED)
            keys[count++] = sm_option_key(option);
    }
    return count;
}

static const struct sm_node_entry *find_entry(const struct sm_node *map, const struct sm_option *option)
{
    const struct sm_node_entry *found = NULL;
    for (size_t i = 0; i < map->map.count; i++) {
        const struct sm_node_entry *entry = &map->map.entries[i];
        if (strcmp(entry->key, sm_option_key(option)) == 0)
            return entry;
        if (is_old_key(option, entry->key))
            found = entry;
    }
    return found;
}

static const struct sm_option *end_of(const struct sm_option *table)
{
    while (table->kind != SM_OPTION_KIND_END)
        table++;
    return table;
}

/* What to do with a key that nobody knows; NULL: nothing is known. */
static const char *suggest(const struct decoder *decoder, const struct sm_option *table, const struct sm_node_entry *unknown)
{
    const char *candidates[CANDIDATES_MAX], *hint = end_of(table)->hint ? end_of(table)->hint(unknown) : NULL;
    if (hint)
        return hint;
    const char *near = sm_nearest_word(unknown->key, candidates, list_keys(table, candidates, 0));
    return near ? sm_arena_printf(decoder->arena, "did you mean %s?", near) : NULL;
}

static void report_unknown_keys(struct decoder *decoder, const struct sm_option *table, const struct sm_node *map, const struct place *place)
{
    bool is_ignored = end_of(table)->ignores_rest;
    for (size_t i = 0; i < map->map.count; i++) {
        const struct sm_node_entry *entry = &map->map.entries[i];
        if (has_row(table, entry->key))
            continue;
        decoder->error_count += !is_ignored;
        sm_diags_add(decoder->diags, is_ignored ? SM_DIAG_WARNING : SM_DIAG_ERROR, entry->key_position, decoder->root, suggest(decoder, table, entry),
                     is_ignored ? "%signores the unknown key %s" : "%shas invalid keys: %s", quoted_path(decoder, place), entry->key);
    }
}

/* A key without a value gives a scalar the zero value of its type, as in the reference, not its default; lists and maps keep theirs unless a
 * substitution gave nothing. */
static bool decode_nothing(struct decoder *decoder, const struct sm_option *option, void *member, const struct sm_node *node,
                           const struct place *place)
{
    struct sm_node zero = {.kind = option->takes_numbers ? SM_NODE_INT : kinds[option->kind].zero, .position = node->position};
    if (zero.kind == SM_NODE_STRING)
        zero.string = "";
    if (option->kind == SM_OPTION_KIND_OPTIONAL && !option->null_is_absent && !node->is_substituted)
        return decode_optional(decoder, option, member, node, place);
    if (option->kind == SM_OPTION_KIND_NODE || option->is_switch)
        return kinds[option->kind].decode(decoder, option, member, node, place);
    if (option->null_is_absent || (option->set_offset && !node->is_substituted))
        return true;
    if (zero.kind != SM_NODE_NULL)
        return kinds[option->kind].decode(decoder, option, member, &zero, place);
    if (node->is_substituted)
        memset(member, 0, kinds[option->kind].size);
    return true;
}

static void warn_of_old_spelling(struct decoder *decoder, const struct sm_option *option, const struct sm_node_entry *entry,
                                 const struct place *place)
{
    if (option->deprecated)
        sm_diags_add(decoder->diags, SM_DIAG_WARNING, entry->key_position, decoder->root, NULL, "%sis deprecated: %s", quoted_path(decoder, place),
                     option->deprecated);
    else if (strcmp(entry->key, sm_option_key(option)) != 0)
        sm_diags_add(decoder->diags, SM_DIAG_WARNING, entry->key_position, decoder->root, NULL, "%sis the old name of %s",
                     quoted_path(decoder, place), sm_option_key(option));
}

static bool is_nothing(const struct sm_node *node)
{
    return node->kind == SM_NODE_NULL;
}

static bool decode_entry(struct decoder *decoder, const struct sm_option *option, char *out, const struct sm_node_entry *entry,
                         const struct place *parent)
{
    struct place place = {.parent = parent, .key = entry->key};
    char *member = out + option->offset;
    if (option->set_offset && (!is_nothing(entry->value) || entry->value->is_substituted))
        *(bool *)(out + option->set_offset) = true;
    if (option->kind != SM_OPTION_KIND_REFUSED)
        warn_of_old_spelling(decoder, option, entry, &place);
    if (is_nothing(entry->value))
        return decode_nothing(decoder, option, member, entry->value, &place);
    return kinds[option->kind].decode(decoder, option, member, entry->value, &place);
}

static bool require(struct decoder *decoder, const struct sm_option *option, const struct sm_node *map, const struct place *place)
{
    decoder->error_count++;
    struct sm_position position = map ? map->position : (struct sm_position){0};
    sm_diags_add(decoder->diags, SM_DIAG_ERROR, position, full_path(decoder, place), NULL, "requires a non-empty \"%s\"", sm_option_key(option));
    return false;
}

/* The rows of one level, squashed tables included; unknown keys are the caller's business. */
static bool decode_level(struct decoder *decoder, const struct sm_option *table, char *out, const struct sm_node *map, const struct place *place)
{
    bool is_good = true;
    for (const struct sm_option *option = table; option->kind != SM_OPTION_KIND_END; option++) {
        if (is_squashed(option)) {
            is_good &= decode_level(decoder, option->table, out + option->offset, map, place);
            continue;
        }
        const struct sm_node_entry *entry = map ? find_entry(map, option) : NULL;
        if (entry)
            is_good &= decode_entry(decoder, option, out, entry, place);
        if (option->required && (!entry || is_nothing(entry->value)))
            is_good = require(decoder, option, map, place);
    }
    return is_good;
}

static bool decode_rows(struct decoder *decoder, const struct sm_option *table, char *out, const struct sm_node *map, const struct place *place)
{
    size_t errors_before = decoder->error_count;
    if (map)
        report_unknown_keys(decoder, table, map, place);
    bool is_good = decode_level(decoder, table, out, map, place);
    return is_good && decoder->error_count == errors_before;
}

bool sm_options_decode(const struct sm_option *table, void *out, size_t out_size, const struct sm_node *map, const char *path, struct sm_arena *arena,
                       struct sm_diags *diags)
{
    struct decoder decoder = {.root = path, .arena = arena, .diags = diags};
    sm_options_fill_defaults(table, out, out_size, arena);
    if (!map || map->kind == SM_NODE_NULL)
        return decode_rows(&decoder, table, out, NULL, NULL);
    if (map->kind != SM_NODE_MAP)
        return wrong_type(&decoder, &(struct sm_option){.kind = SM_OPTION_KIND_TABLE}, map, NULL, "a map", NULL);
    return decode_rows(&decoder, table, out, map, NULL);
}
