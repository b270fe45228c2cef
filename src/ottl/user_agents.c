/* user_agents.c - see user_agents.h.
 *
 * State: the table of expressions, read once and kept; for each thread the last headers with what was found, since going through hundreds of
 * expressions takes long and few headers make up most requests. A header longer than HEADER_MAX is not remembered.
 * Source: https://github.com/ua-parser/uap-core (docs/specification.md); results as those of ua-parser/uap-go. */
#include "ottl/user_agents.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/memory.h"
#include "base/regex.h"
#include "config/source.h"
#include "config/yaml.h"

#define DEFAULT_FILE "/usr/share/uap-core/regexes.yaml"
enum { FILE_BYTES_MAX = 16 * 1024 * 1024, REMEMBERED_MAX = 512, HEADER_MAX = 1024, PARTS_MAX = 5 };

/* One expression; parts[0] is the name, the others make up the version. */
struct rule {
    struct sm_regex *regex;
    struct sm_slice parts[PARTS_MAX]; /* templates: "$2", "Windows" */
};

struct rules {
    struct rule *rules;
    size_t count, part_count;
};

static struct rules browsers, systems;
static struct sm_arena table; /* the rules and their texts */

/* ---- reading */

static bool read_file(const char *path, struct sm_arena *arena, struct sm_slice *text, struct sm_error *error)
{
    FILE *file = fopen(path, "re");
    if (!file)
        return sm_error_set(error, SM_ERROR_IO,
                            "%s: %s (the expressions of UserAgent are in the package uap-core; SPANMILL_USER_AGENT_REGEXES names another file)", path,
                            strerror(errno));
    struct sm_bytes bytes;
    char block[16384];
    size_t size;
    sm_bytes_init(&bytes, arena);
    while ((size = fread(block, 1, sizeof(block), file)) > 0 && sm_bytes_slice(&bytes).size < FILE_BYTES_MAX)
        sm_bytes_append(&bytes, block, size);
    bool is_whole = feof(file) != 0;
    fclose(file);
    *text = sm_bytes_slice(&bytes);
    return is_whole || sm_error_set(error, SM_ERROR_IO, "%s: cannot be read, or is too large", path);
}

static const char *text_of(const struct sm_node *map, const char *key, const char *otherwise)
{
    const struct sm_node *node = sm_node_find(map, key);
    const char *text = !node ? NULL : node->kind == SM_NODE_STRING ? node->string : node->original;
    return text && *text ? text : otherwise;
}

static struct sm_regex *compile(const struct sm_node *item, struct sm_arena *scratch, struct sm_error *error)
{
    const char *flags = text_of(item, "regex_flag", ""), *regex = text_of(item, "regex", NULL);
    struct sm_bytes pattern;
    sm_bytes_init(&pattern, scratch);
    if (!regex) {
        sm_error_set(error, SM_ERROR_USAGE, "an item has no regex");
        return NULL;
    }
    if (*flags)
        sm_bytes_printf(&pattern, "(?%s)", flags);
    sm_bytes_append_text(&pattern, regex);
    return sm_regex_compile(sm_bytes_slice(&pattern), error);
}

static bool add_rules(struct rules *rules, const struct sm_node *list, const char *const keys[], size_t part_count, struct sm_arena *scratch,
                      struct sm_error *error)
{
    static const char *const defaults[PARTS_MAX] = {"$1", "$2", "$3", "$4", "$5"};
    if (!list || list->kind != SM_NODE_LIST)
        return sm_error_set(error, SM_ERROR_USAGE, "it has no list of expressions");
    *rules = (struct rules){.rules = sm_arena_zalloc(&table, list->list.count, sizeof(struct rule)), .part_count = part_count};
    for (size_t i = 0; i < list->list.count; i++) {
        const struct sm_node *item = list->list.items[i];
        struct rule *rule = &rules->rules[rules->count];
        rule->regex = compile(item, scratch, error);
        if (!rule->regex)
            return false;
        rules->count++;
        for (size_t k = 0; k < part_count; k++)
            rule->parts[k] = sm_arena_copy(&table, sm_slice_of(text_of(item, keys[k], defaults[k])));
    }
    return true;
}

static void forget_rules(struct rules *rules)
{
    for (size_t i = 0; i < rules->count; i++)
        sm_regex_free(rules->rules[i].regex);
    *rules = (struct rules){0};
}

static bool read_table(const char *path, struct sm_arena *scratch, struct sm_error *error)
{
    static const char *const browser_keys[] = {"family_replacement", "v1_replacement", "v2_replacement", "v3_replacement"};
    static const char *const system_keys[] = {"os_replacement", "os_v1_replacement", "os_v2_replacement", "os_v3_replacement", "os_v4_replacement"};
    struct sm_source source = {.name = path};
    struct sm_error reason = {0};
    if (!read_file(path, scratch, &source.text, error))
        return false;
    const struct sm_node *root = sm_yaml_parse(&source, scratch, NULL);
    if (!root)
        return sm_error_set(error, SM_ERROR_USAGE, "%s: it is no YAML", path);
    if (add_rules(&browsers, sm_node_find(root, "user_agent_parsers"), browser_keys, 4, scratch, &reason) &&
        add_rules(&systems, sm_node_find(root, "os_parsers"), system_keys, 5, scratch, &reason))
        return true;
    return sm_error_set(error, SM_ERROR_USAGE, "%s: %s", path, reason.text);
}

bool sm_user_agents_load(struct sm_error *error)
{
    const char *path = getenv("SPANMILL_USER_AGENT_REGEXES");
    if (browsers.count > 0 && systems.count > 0)
        return true;
    struct sm_arena scratch;
    sm_arena_init(&scratch);
    sm_arena_init(&table);
    bool is_read = read_table(path && *path ? path : DEFAULT_FILE, &scratch, error);
    if (!is_read) {
        forget_rules(&browsers);
        forget_rules(&systems);
        sm_arena_deinit(&table);
    }
    sm_arena_deinit(&scratch);
    return is_read;
}

/* ---- finding */

static struct sm_slice expand(const struct rule *rule, struct sm_slice header, const struct sm_regex_match *match, size_t part,
                              struct sm_arena *arena)
{
    struct sm_bytes out;
    sm_bytes_init(&out, arena);
    sm_regex_expand(rule->regex, header, match, rule->parts[part], &out);
    return sm_bytes_slice(&out);
}

/* The parts of the version that are there: a missing one takes its dot with it. */
static struct sm_slice join_version(const struct rules *rules, const struct rule *rule, struct sm_slice header, const struct sm_regex_match *match,
                                    struct sm_arena *arena)
{
    struct sm_bytes out;
    sm_bytes_init(&out, arena);
    for (size_t part = 1; part < rules->part_count; part++) {
        struct sm_slice text = expand(rule, header, match, part, arena);
        if (text.size > 0 && part > 1)
            sm_bytes_append_char(&out, '.');
        sm_bytes_append_slice(&out, text);
    }
    return sm_bytes_slice(&out);
}

/* The first expression that matches and gives a name. One that matches without a name still leaves its version, as in the reference. */
static void find(const struct rules *rules, struct sm_slice header, struct sm_arena *arena, struct sm_slice *name, struct sm_slice *version)
{
    struct sm_regex_match match;
    *version = SM_SLICE("");
    for (size_t i = 0; i < rules->count; i++) {
        const struct rule *rule = &rules->rules[i];
        if (!sm_regex_find(rule->regex, header, 0, &match))
            continue;
        *name = expand(rule, header, &match, 0, arena);
        *version = join_version(rules, rule, header, &match, arena);
        if (name->size > 0)
            return;
    }
    *name = SM_SLICE("Other");
}

/* ---- remembering */

struct remembered {
    uint64_t hash;
    struct sm_slice header; /* owned, with the texts of `agent` behind it; empty: free */
    struct sm_user_agent agent;
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t key;

static void forget_thread(void *memory)
{
    struct remembered *entries = memory;
    for (size_t i = 0; i < REMEMBERED_MAX; i++)
        free((void *)(uintptr_t)entries[i].header.ptr);
    free(entries);
}

static void make_key(void)
{
    (void)pthread_key_create(&key, forget_thread);
}

static struct remembered *slot_of_thread(uint64_t hash)
{
    pthread_once(&once, make_key);
    struct remembered *entries = pthread_getspecific(key);
    if (!entries) {
        entries = sm_alloc(REMEMBERED_MAX, sizeof(*entries));
        if (pthread_setspecific(key, entries) != 0) {
            free(entries);
            return NULL;
        }
    }
    return &entries[hash % REMEMBERED_MAX];
}

static struct sm_slice move_text(char **at, struct sm_slice text)
{
    char *start = *at;
    if (text.size > 0)
        memcpy(start, text.ptr, text.size);
    *at += text.size;
    return sm_slice_make(start, text.size);
}

static void remember(struct remembered *slot, uint64_t hash, struct sm_slice header, const struct sm_user_agent *agent)
{
    size_t size = header.size + agent->name.size + agent->version.size + agent->os_name.size + agent->os_version.size;
    free((void *)(uintptr_t)slot->header.ptr);
    char *at = sm_alloc(1, size + 1);
    slot->hash = hash;
    slot->header = move_text(&at, header);
    slot->agent = (struct sm_user_agent){.name = move_text(&at, agent->name),
                                         .version = move_text(&at, agent->version),
                                         .os_name = move_text(&at, agent->os_name),
                                         .os_version = move_text(&at, agent->os_version)};
}

static struct sm_user_agent copy_agent(const struct sm_user_agent *agent, struct sm_arena *arena)
{
    return (struct sm_user_agent){.name = sm_arena_copy(arena, agent->name),
                                  .version = sm_arena_copy(arena, agent->version),
                                  .os_name = sm_arena_copy(arena, agent->os_name),
                                  .os_version = sm_arena_copy(arena, agent->os_version)};
}

struct sm_user_agent sm_user_agents_find(struct sm_slice header, struct sm_arena *arena)
{
    struct sm_user_agent agent;
    uint64_t hash = sm_hash(header);
    struct remembered *slot = header.size <= HEADER_MAX ? slot_of_thread(hash) : NULL;
    if (slot && slot->header.ptr && slot->hash == hash && sm_slice_equal(slot->header, header))
        return copy_agent(&slot->agent, arena);
    find(&browsers, header, arena, &agent.name, &agent.version);
    find(&systems, header, arena, &agent.os_name, &agent.os_version);
    if (slot)
        remember(slot, hash, header, &agent);
    return agent;
}
