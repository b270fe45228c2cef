/* otlp_view.c - see otlp_view.h. Keys are found by a mark of their size and ends; a value belongs to the set of attributes walked last when it
 * carries that walk's stamp, so that nothing is cleared between spans. */
#include "datadog/otlp_view.h"

#include <stdlib.h>

#include "base/memory.h"
#include "base/short.h"
#include "datadog/names.h"
#include "datadog/span.h"
#include "telemetry/usual_attribute.h"

struct sm_otlp_keys {
    struct sm_slice *names;
    size_t count;
    uint16_t *peers; /* key of each peer tag */
    size_t peer_count;
    struct slot {
        uint32_t mark;
        uint16_t key; /* + 1; 0: empty */
    } * slots;
    uint32_t slot_mask;
    bool *is_peer_only; /* by key */
    uint64_t *seeds;    /* by key: what hashes of its values begin with */
};

struct found_value {
    struct sm_value value;
    uint32_t stamp;
};

struct sm_otlp_found {
    uint32_t stamp;
    uint16_t *order; /* keys in the order in which they were found */
    size_t count;
    struct found_value values[];
};

static const char *const built_in[] = {
#define X(symbol, name) name,
    SM_OTLP_KEYS(X)
#undef X
};

/* ---- keys */

static uint32_t spread(uint32_t mark)
{
    return mark ^ mark >> 15;
}

/* Its number + 1; 0: it is none. */
static inline uint16_t find_key(const struct sm_otlp_keys *keys, struct sm_slice name)
{
    uint32_t mark = sm_datadog_mark(name);
    for (uint32_t at = spread(mark) & keys->slot_mask; keys->slots[at].key; at = (at + 1) & keys->slot_mask)
        if (keys->slots[at].mark == mark && sm_short_equal(keys->names[keys->slots[at].key - 1], name))
            return keys->slots[at].key;
    return 0;
}

static uint16_t add_key(struct sm_otlp_keys *keys, struct sm_slice name, bool is_peer)
{
    uint16_t number = find_key(keys, name);
    if (number)
        return (uint16_t)(number - 1);
    uint32_t mark = sm_datadog_mark(name), at = spread(mark) & keys->slot_mask;
    while (keys->slots[at].key)
        at = (at + 1) & keys->slot_mask;
    keys->names[keys->count] = name;
    keys->is_peer_only[keys->count] = is_peer;
    keys->seeds[keys->count] = sm_hash(name);
    keys->slots[at] = (struct slot){.mark = mark, .key = (uint16_t)(keys->count + 1)};
    return (uint16_t)keys->count++;
}

const struct sm_otlp_keys *sm_otlp_keys_create(const struct sm_stats_texts *peer_tags, struct sm_arena *arena)
{
    enum { PEERS_MAX = 8192 };
    struct sm_otlp_keys *keys = sm_arena_zalloc(arena, 1, sizeof(*keys));
    keys->peer_count = peer_tags->count < PEERS_MAX ? peer_tags->count : PEERS_MAX;
    size_t most = SM_OTLP_KEY_COUNT + keys->peer_count, slot_count = 64;
    while (slot_count < 4 * most)
        slot_count *= 2;
    keys->slot_mask = (uint32_t)(slot_count - 1);
    keys->slots = sm_arena_zalloc(arena, slot_count, sizeof(*keys->slots));
    keys->names = sm_arena_zalloc(arena, most, sizeof(*keys->names));
    keys->is_peer_only = sm_arena_zalloc(arena, most, sizeof(*keys->is_peer_only));
    keys->seeds = sm_arena_zalloc(arena, most, sizeof(*keys->seeds));
    keys->peers = sm_arena_zalloc(arena, keys->peer_count, sizeof(*keys->peers));
    for (size_t i = 0; i < SM_OTLP_KEY_COUNT; i++)
        add_key(keys, sm_slice_of(built_in[i]), false);
    for (size_t i = 0; i < keys->peer_count; i++)
        keys->peers[i] = add_key(keys, peer_tags->items[i], true);
    return keys;
}

/* ---- views */

static struct sm_otlp_found *create_found(size_t count)
{
    struct sm_otlp_found *found = sm_alloc(1, sizeof(*found) + count * sizeof(found->values[0]));
    found->order = sm_alloc(count, sizeof(*found->order));
    return found;
}

static void free_found(struct sm_otlp_found *found)
{
    if (found)
        free(found->order);
    free(found);
}

void sm_otlp_view_init(struct sm_otlp_view *view, const struct sm_otlp_keys *keys, struct sm_arena *scratch)
{
    *view = (struct sm_otlp_view){.keys = keys, .scratch = scratch, ._resource = create_found(keys->count), ._span = create_found(keys->count)};
}

void sm_otlp_view_deinit(struct sm_otlp_view *view)
{
    free_found(view->_resource);
    free_found(view->_span);
    *view = (struct sm_otlp_view){0};
}

/* Of repeated keys the first counts. */
static inline void note_value(struct sm_otlp_found *found, uint16_t key, const struct sm_value *value)
{
    if (found->values[key].stamp == found->stamp)
        return;
    found->values[key] = (struct found_value){.value = *value, .stamp = found->stamp};
    found->order[found->count++] = key;
}

static void find_all(const struct sm_otlp_keys *keys, struct sm_otlp_found *found, const struct sm_attributes *attributes)
{
    if (++found->stamp == 0) { /* after 4 billion walks old stamps would count again */
        for (size_t i = 0; i < keys->count; i++)
            found->values[i].stamp = 0;
        found->stamp = 1;
    }
    found->count = 0;
    struct sm_attribute_cursor cursor = sm_attributes_begin(attributes);
    struct sm_attribute attribute;
    const char *end = sm_attributes_are_encoded(attributes) ? attributes->raw.ptr + attributes->raw.size : NULL;
    char tag = sm_attributes_tag(attributes);
    const char *at = cursor.at;
    for (;;) {
        struct sm_usual_attribute usual = {.size = 0};
        if (end && at < end)
            usual = sm_usual_attribute_read(at, end, tag);
        uint16_t number = usual.size ? find_key(keys, usual.key) : 0;
        if (usual.size && (!number || sm_usual_value_read(usual.value, &attribute.value))) {
            at += usual.size;
        } else {
            cursor.at = at;
            if (!sm_attributes_next(&cursor, &attribute))
                return;
            at = cursor.at;
            number = find_key(keys, attribute.key);
        }
        if (number)
            note_value(found, (uint16_t)(number - 1), &attribute.value);
    }
}

void sm_otlp_view_set_resource(struct sm_otlp_view *view, const struct sm_attributes *attributes)
{
    find_all(view->keys, view->_resource, attributes);
}

void sm_otlp_view_set_span(struct sm_otlp_view *view, const struct sm_attributes *attributes)
{
    find_all(view->keys, view->_span, attributes);
}

/* ---- identity */

/* The hashes of all that was found, added up: nothing is put together first only to be hashed. Of a type other than text an equal value is another.
 */
static void add_hashes(const struct sm_otlp_view *view, const struct sm_otlp_found *found, bool with_peer_tags, struct sm_hash128 *sum)
{
    const struct sm_otlp_keys *keys = view->keys;
    for (size_t i = 0; i < found->count; i++) {
        uint16_t key = found->order[i];
        if (keys->is_peer_only[key] && !with_peer_tags)
            continue;
        const struct sm_value *value = &found->values[key].value;
        struct sm_slice text = value->type == SM_VALUE_STRING ? value->string
                               : value->type == SM_VALUE_INT  ? sm_slice_make(&value->integer, sizeof(value->integer))
                                                              : sm_value_to_string(value, view->scratch);
        sm_hash128_add(sum, sm_hash128(keys->seeds[key] + value->type, text));
    }
}

struct sm_hash128 sm_otlp_view_hash_resource(const struct sm_otlp_view *view)
{
    struct sm_hash128 sum = {0};
    add_hashes(view, view->_resource, true, &sum);
    return sum;
}

struct sm_hash128 sm_otlp_view_hash_span(const struct sm_otlp_view *view, bool with_peer_tags)
{
    struct sm_hash128 sum = {0};
    add_hashes(view, view->_span, with_peer_tags, &sum);
    return sum;
}

/* ---- picking */

static const struct sm_value *find_value(const struct sm_otlp_found *found, size_t key)
{
    return found->values[key].stamp == found->stamp ? &found->values[key].value : NULL;
}

static struct sm_slice text_in(const struct sm_otlp_view *view, const struct sm_otlp_found *found, size_t first, size_t second)
{
    const struct sm_value *value = find_value(found, second);
    if (!value)
        value = find_value(found, first);
    if (!value)
        return (struct sm_slice){0};
    return value->type == SM_VALUE_STRING ? value->string : sm_value_to_string(value, view->scratch);
}

static struct sm_slice pick(const struct sm_otlp_view *view, size_t first, size_t second)
{
    struct sm_slice text = text_in(view, view->_resource, first, second);
    return text.size > 0 ? text : text_in(view, view->_span, first, second);
}

struct sm_slice sm_otlp_pick(const struct sm_otlp_view *view, enum sm_otlp_key key)
{
    return pick(view, key, key);
}

struct sm_slice sm_otlp_pick_pair(const struct sm_otlp_view *view, enum sm_otlp_key first, enum sm_otlp_key second)
{
    return pick(view, first, second);
}

struct sm_slice sm_otlp_pick_tag_value(const struct sm_otlp_view *view, enum sm_otlp_key first, enum sm_otlp_key second)
{
    struct sm_slice text = sm_datadog_tag_value(text_in(view, view->_resource, first, second), view->scratch);
    return text.size > 0 ? text : sm_datadog_tag_value(text_in(view, view->_span, first, second), view->scratch);
}

bool sm_otlp_find_in_span(const struct sm_otlp_view *view, enum sm_otlp_key key, struct sm_value *value)
{
    const struct sm_value *found = find_value(view->_span, key);
    if (found)
        *value = *found;
    return found != NULL;
}

struct sm_slice sm_otlp_pick_peer_tag(const struct sm_otlp_view *view, size_t index)
{
    size_t key = index < view->keys->peer_count ? view->keys->peers[index] : SIZE_MAX;
    return key == SIZE_MAX ? (struct sm_slice){0} : pick(view, key, key);
}
