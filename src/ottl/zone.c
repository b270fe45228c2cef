/* zone.c - see zone.h. Reads the 64-bit block of a TZif file (RFC 9636).
 *
 * Behind the last transition the rule in the file's footer holds. State: the list of zones, which only grows and is read without a lock; zones never
 * change. Names that no file has, which telemetry may be full of, are remembered by each thread, the latest UNKNOWN_MAX of them. */
#include "ottl/zone.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/memory.h"
#include "ottl/zone_rule.h"

enum {
    FILE_MAX = 1 << 20,
    HEADER_SIZE = 44,
    NAME_MAX_SIZE = 64,
    UNKNOWN_MAX = 64,
    UNKNOWN_SIZE = 16,
    TYPES_MAX = 254,
    STANDARD_BY_RULE = TYPES_MAX,
    SUMMER_BY_RULE
};

struct sm_ottl_zone {
    struct sm_ottl_zone *next;
    char name[NAME_MAX_SIZE];
    int64_t *starts; /* owned: of the transitions */
    uint8_t *kinds;  /* owned: index into `types` */
    size_t count;
    size_t type_count; /* of `types`, without the rule's */
    bool has_rule;
    struct sm_ottl_zone_rule rule;
    struct sm_ottl_zone_time types[SUMMER_BY_RULE + 1]; /* the last two are the rule's */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* of adding */
static _Atomic(struct sm_ottl_zone *) zones;             /* released by who adds, acquired by who looks */

static _Thread_local char unknown_names[UNKNOWN_MAX][UNKNOWN_SIZE]; /* each at the place that its hash says */

static uint64_t read_big(const unsigned char *at, size_t size)
{
    uint64_t number = 0;
    for (size_t i = 0; i < size; i++)
        number = number << 8 | at[i];
    return number;
}

struct counts {
    size_t utc, standard, leaps, times, types, characters;
};

static bool read_header(const unsigned char *at, size_t left, struct counts *counts)
{
    if (left < HEADER_SIZE || memcmp(at, "TZif", 4) != 0)
        return false;
    size_t *const members[] = {&counts->utc, &counts->standard, &counts->leaps, &counts->times, &counts->types, &counts->characters};
    for (size_t i = 0; i < 6; i++)
        *members[i] = (size_t)read_big(at + 20 + 4 * i, 4);
    return counts->times < 10000 && counts->types > 0 && counts->types < TYPES_MAX && counts->characters < 1000 && counts->leaps < 1000 &&
           counts->utc < TYPES_MAX && counts->standard < TYPES_MAX;
}

static size_t block_size(const struct counts *counts, size_t time_size)
{
    return counts->times * (time_size + 1) + counts->types * 6 + counts->characters + counts->leaps * (time_size + 4) + counts->standard +
           counts->utc;
}

static bool read_block(struct sm_ottl_zone *zone, const unsigned char *at, const struct counts *counts)
{
    const unsigned char *kinds = at + counts->times * 8, *types = kinds + counts->times, *names = types + counts->types * 6;
    zone->count = counts->times;
    zone->starts = sm_alloc(counts->times + 1, sizeof(*zone->starts));
    zone->kinds = sm_alloc(counts->times + 1, sizeof(*zone->kinds));
    for (size_t i = 0; i < counts->times; i++) {
        zone->starts[i] = (int64_t)read_big(at + i * 8, 8);
        zone->kinds[i] = kinds[i];
        if (kinds[i] >= counts->types)
            return false;
    }
    zone->type_count = counts->types;
    for (size_t i = 0; i < counts->types; i++) {
        size_t name = types[i * 6 + 5];
        zone->types[i].offset = (int32_t)read_big(types + i * 6, 4);
        if (name >= counts->characters)
            return false;
        size_t size = strnlen((const char *)names + name, counts->characters - name);
        snprintf(zone->types[i].name, sizeof(zone->types[i].name), "%.*s", (int)size, (const char *)names + name);
    }
    return true;
}

/* The footer: a line feed, the rule, a line feed. Without a rule that can be read the last transition holds for ever. */
static void read_rule(struct sm_ottl_zone *zone, const unsigned char *at, const unsigned char *end)
{
    const unsigned char *stop = at < end && *at == '\n' ? memchr(at + 1, '\n', (size_t)(end - at - 1)) : NULL;
    zone->has_rule = stop && sm_ottl_zone_rule_parse((const char *)at + 1, (size_t)(stop - at - 1), &zone->rule);
    zone->types[STANDARD_BY_RULE] = zone->rule.standard;
    zone->types[SUMMER_BY_RULE] = zone->rule.summer;
}

static bool read_zone(struct sm_ottl_zone *zone, const unsigned char *bytes, size_t size)
{
    struct counts counts;
    if (!read_header(bytes, size, &counts))
        return false;
    size_t skipped = HEADER_SIZE + block_size(&counts, 4);
    if (skipped > size || !read_header(bytes + skipped, size - skipped, &counts) || skipped + HEADER_SIZE + block_size(&counts, 8) > size)
        return false;
    read_rule(zone, bytes + skipped + HEADER_SIZE + block_size(&counts, 8), bytes + size);
    return read_block(zone, bytes + skipped + HEADER_SIZE, &counts);
}

static bool load(struct sm_ottl_zone *zone, const char *path)
{
    FILE *file = fopen(path, "rbe");
    if (!file)
        return false;
    unsigned char *bytes = sm_alloc(1, FILE_MAX);
    size_t size = fread(bytes, 1, FILE_MAX, file);
    fclose(file);
    bool is_fine = read_zone(zone, bytes, size);
    free(bytes);
    return is_fine;
}

static void zone_free(struct sm_ottl_zone *zone)
{
    free(zone->starts);
    free(zone->kinds);
    free(zone);
}

/* A way round to a file that has a shorter name, which would be another zone: there is no end of them. */
static bool is_detour(const char *path)
{
    size_t size = strlen(path);
    return strstr(path, "..") || strstr(path, "//") || strstr(path, "/./") || path[size - 1] == '/' || path[size - 1] == '.';
}

static struct sm_ottl_zone *make_zone(const char *name)
{
    char path[NAME_MAX_SIZE + 32];
    struct sm_ottl_zone *zone = sm_alloc(1, sizeof(*zone));
    const char *local = getenv("TZ");
    bool is_local = *name == '\0' || strcmp(name, "Local") == 0;
    const char *wanted = is_local && local && *local ? local + (*local == ':') : name;
    snprintf(zone->name, sizeof(zone->name), "%s", name);
    if (is_local && (!local || !*local))
        snprintf(path, sizeof(path), "/etc/localtime");
    else
        snprintf(path, sizeof(path), "/usr/share/zoneinfo/%.64s", wanted);
    if (is_detour(path) || !load(zone, path)) {
        zone_free(zone);
        return NULL;
    }
    return zone;
}

static struct sm_ottl_zone *find_known(const char *name)
{
    struct sm_ottl_zone *zone = atomic_load_explicit(&zones, memory_order_acquire);
    while (zone && strcmp(zone->name, name) != 0)
        zone = zone->next;
    return zone;
}

/* What another thread has added meanwhile is the one. */
static struct sm_ottl_zone *add_zone(struct sm_ottl_zone *zone)
{
    pthread_mutex_lock(&lock);
    struct sm_ottl_zone *known = find_known(zone->name);
    if (!known) {
        zone->next = atomic_load_explicit(&zones, memory_order_relaxed);
        atomic_store_explicit(&zones, zone, memory_order_release);
    }
    pthread_mutex_unlock(&lock);
    if (known)
        zone_free(zone);
    return known ? known : zone;
}

const struct sm_ottl_zone *sm_ottl_zone_find(const char *name)
{
    size_t size = strlen(name);
    struct sm_ottl_zone *zone = find_known(name);
    char *unknown = unknown_names[sm_hash(sm_slice_make(name, size)) % UNKNOWN_MAX];
    if (zone || size >= NAME_MAX_SIZE || (size > 0 && strcmp(unknown, name) == 0))
        return zone;
    zone = make_zone(name);
    if (zone)
        return add_zone(zone);
    if (size < UNKNOWN_SIZE)
        memcpy(unknown, name, size + 1);
    return NULL;
}

/* The kind of time in force at a moment. */
static uint8_t kind_at(const struct sm_ottl_zone *zone, int64_t seconds)
{
    size_t low = 0, high = zone->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (zone->starts[middle] <= seconds)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == zone->count && zone->has_rule)
        return sm_ottl_zone_rule_is_summer(&zone->rule, seconds) ? SUMMER_BY_RULE : STANDARD_BY_RULE;
    return low > 0 ? zone->kinds[low - 1] : 0;
}

static void show(const struct sm_ottl_zone *zone, uint8_t kind, struct sm_ottl_time *time)
{
    time->zone_offset_s = zone->types[kind].offset;
    time->zone_name = zone->types[kind].name;
    time->location = zone->name;
}

void sm_ottl_zone_at(const struct sm_ottl_zone *zone, struct sm_ottl_time *time)
{
    time->zone_offset_s = 0;
    time->zone_name = NULL;
    time->location = NULL;
    if (zone)
        show(zone, kind_at(zone, time->seconds), time);
}

bool sm_ottl_zone_offset_named(const struct sm_ottl_zone *zone, struct sm_slice name, int64_t local_seconds, int32_t *offset)
{
    const struct sm_ottl_zone_time *found = NULL;
    if (!zone)
        return false;
    for (size_t i = 0; i < zone->type_count; i++) {
        const struct sm_ottl_zone_time *type = &zone->types[i];
        if (!sm_slice_is(name, type->name))
            continue;
        if (!found)
            found = type;
        if (sm_slice_is(name, zone->types[kind_at(zone, local_seconds - type->offset)].name)) {
            found = type;
            break;
        }
    }
    if (found)
        *offset = found->offset;
    return found != NULL;
}

const char *sm_ottl_zone_name(const struct sm_ottl_time *time)
{
    return time->zone_name ? time->zone_name : time->zone_offset_s == 0 ? "UTC" : "";
}

/* As Go's time.Date: the offset in force at the local time taken as UTC is tried first; where it is not in force at the result, the one that is. */
void sm_ottl_zone_apply(const struct sm_ottl_zone *zone, int64_t local_seconds, struct sm_ottl_time *time)
{
    *time = (struct sm_ottl_time){.seconds = local_seconds, .nanos = time->nanos};
    if (!zone)
        return;
    uint8_t first = kind_at(zone, local_seconds);
    uint8_t second = kind_at(zone, local_seconds - zone->types[first].offset);
    time->seconds = local_seconds - zone->types[second].offset;
    show(zone, kind_at(zone, time->seconds), time); /* another again where clocks skip the local time */
}
