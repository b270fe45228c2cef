/* identity.c - see identity.h. Source: opentelemetry-collector service/internal/resource. */
#include "service/identity.h"

#include <stdlib.h>

#include "base/uuid.h"
#include "telemetry/batch.h"

/* Made once. */
static const char *instance_id(void)
{
    static char text[SM_UUID_SIZE];
    if (!*text)
        sm_uuid_make(SM_UUID_RANDOM, text);
    return text;
}

static int compare_keys(const void *a, const void *b)
{
    return strcmp(((const struct sm_string_map_entry *)a)->key, ((const struct sm_string_map_entry *)b)->key);
}

static bool is_given(const struct sm_string_map *given, const char *key)
{
    for (size_t i = 0; i < given->count; i++)
        if (strcmp(given->entries[i].key, key) == 0)
            return true;
    return false;
}

void sm_identity_apply(const struct sm_string_map *identity, struct sm_batch *batch)
{
    struct sm_map *map = sm_attributes_edit(&batch->groups[0].resource.attributes, &batch->arena);
    for (size_t i = 0; i < identity->count; i++)
        sm_map_set(map, &batch->arena, sm_slice_of(identity->entries[i].key), sm_value_string(sm_slice_of(identity->entries[i].value)));
    batch->groups[0].resource.changed = true;
}

struct sm_string_map sm_identity_create(const struct sm_string_map *given, struct sm_arena *arena)
{
    const struct sm_string_map_entry own[] = {
        {"service.instance.id", instance_id()},
        {"service.name", "spanmill"},
        {"service.version", SPANMILL_VERSION},
    };
    size_t own_count = sizeof(own) / sizeof(own[0]);
    struct sm_string_map map = {.entries = sm_arena_zalloc(arena, given->count + own_count, sizeof(*map.entries))};
    for (size_t i = 0; i < own_count; i++)
        if (!is_given(given, own[i].key))
            map.entries[map.count++] = own[i];
    for (size_t i = 0; i < given->count; i++)
        if (given->entries[i].value)
            map.entries[map.count++] = given->entries[i];
    if (map.count > 1)
        qsort(map.entries, map.count, sizeof(*map.entries), compare_keys);
    return map;
}
