/* concentrator.c - see concentrator.h. The harvest is harvest.c. */
#include "datadog/concentrator.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/memory.h"
#include "datadog/concentrator_internal.h"

struct sm_concentrator {
    int64_t interval_ns, oldest_ns;
    struct sm_stats_interval **intervals; /* owned: the open buckets, in no order */
    size_t count, capacity;
    struct sm_stats_interval *latest; /* among them: the one that was asked for last; NULL: none */
};

enum { INTERVALS_KEPT = 2 }; /* the current bucket and the one before stay open */

/* ---- buckets */

static struct sm_stats_interval *create_interval(int64_t start_ns, int64_t length_ns)
{
    struct sm_stats_interval *interval = sm_alloc(1, sizeof(*interval));
    interval->start_ns = start_ns;
    interval->length_ns = length_ns;
    interval->made_ns = sm_clock_mono_ns();
    sm_entries_init(&interval->groups, sizeof(struct sm_stats_group));
    sm_entries_init(&interval->texts, sizeof(struct sm_stats_known_text));
    return interval;
}

void sm_stats_interval_free(struct sm_stats_interval *interval)
{
    for (uint32_t i = 0; i < sm_entries_limit(&interval->groups); i++) {
        struct sm_stats_group *group = sm_entries_at(&interval->groups, i);
        sm_ddsketch_clear(&group->ok);
        sm_ddsketch_clear(&group->error);
    }
    sm_entries_deinit(&interval->groups);
    sm_index_deinit(&interval->index);
    sm_entries_deinit(&interval->texts);
    sm_index_deinit(&interval->text_index);
    sm_arena_deinit(&interval->arena);
    free(interval);
}

static void add_container(struct sm_stats_interval *interval, struct sm_slice id, const struct sm_stats_texts *tags, bool is_maker)
{
    struct sm_stats_container *container = sm_arena_alloc(&interval->arena, sizeof(*container));
    *container = (struct sm_stats_container){.id = sm_arena_copy(&interval->arena, id),
                                             .tags = sm_stats_texts_copy(tags, &interval->arena),
                                             .is_maker = is_maker,
                                             .next = interval->containers};
    interval->containers = container;
}

void sm_stats_interval_set_container(struct sm_stats_interval *interval, struct sm_slice container_id, const struct sm_stats_texts *tags)
{
    add_container(interval, container_id, tags, true);
}

void sm_stats_interval_add_container(struct sm_stats_interval *interval, struct sm_slice container_id, const struct sm_stats_texts *tags)
{
    for (const struct sm_stats_container *known = interval->containers; known; known = known->next)
        if (sm_slice_equal(known->id, container_id))
            return;
    add_container(interval, container_id, tags, false);
}

struct sm_stats_group *sm_stats_interval_group(struct sm_stats_interval *interval, struct sm_hash128 hash, bool *is_new)
{
    uint32_t number = sm_index_find(&interval->index, &interval->groups, hash);
    *is_new = number == SM_INDEX_NONE;
    if (*is_new) {
        number = sm_entries_add(&interval->groups, hash);
        sm_index_add(&interval->index, hash, number);
    }
    return sm_entries_at(&interval->groups, number);
}

void sm_stats_interval_prefetch(const struct sm_stats_interval *interval, struct sm_hash128 hash)
{
    sm_index_prefetch(&interval->index, hash);
}

void sm_stats_interval_prefetch_group(const struct sm_stats_interval *interval, struct sm_hash128 hash)
{
    sm_index_prefetch_entry(&interval->index, &interval->groups, hash);
}

/* ---- groups */

void sm_stats_group_prefetch(const struct sm_stats_group *group, const struct sm_stats_facts *facts)
{
    sm_ddsketch_prefetch(facts->is_error ? &group->error : &group->ok, facts->duration_ns, facts->bin);
}

void sm_stats_group_add(struct sm_stats_group *group, const struct sm_stats_facts *facts)
{
    group->hits += facts->weight;
    group->top_level_hits += facts->is_top_level ? facts->weight : 0;
    group->errors += facts->is_error ? facts->weight : 0;
    group->duration_ns += (double)facts->duration_ns * facts->weight;
    sm_ddsketch_add(facts->is_error ? &group->error : &group->ok, facts->duration_ns, facts->bin);
}

/* ---- the concentrator */

static int64_t align(int64_t time_ns, int64_t interval_ns)
{
    return time_ns - time_ns % interval_ns;
}

struct sm_concentrator *sm_concentrator_create(int64_t interval_ns, int64_t now_ns)
{
    struct sm_concentrator *concentrator = sm_alloc(1, sizeof(*concentrator));
    concentrator->interval_ns = interval_ns;
    concentrator->oldest_ns = align(now_ns, interval_ns);
    return concentrator;
}

void sm_concentrator_free(struct sm_concentrator *concentrator)
{
    if (!concentrator)
        return;
    for (size_t i = 0; i < concentrator->count; i++)
        sm_stats_interval_free(concentrator->intervals[i]);
    free(concentrator->intervals);
    free(concentrator);
}

static struct sm_stats_interval *find_interval(struct sm_concentrator *concentrator, int64_t start_ns)
{
    for (size_t i = 0; i < concentrator->count; i++)
        if (concentrator->intervals[i]->start_ns == start_ns)
            return concentrator->intervals[i];
    return NULL;
}

static struct sm_stats_interval *add_interval(struct sm_concentrator *concentrator, int64_t start_ns)
{
    if (concentrator->count == concentrator->capacity) {
        concentrator->capacity = concentrator->capacity ? 2 * concentrator->capacity : 4;
        concentrator->intervals = sm_realloc(concentrator->intervals, concentrator->capacity, sizeof(*concentrator->intervals));
    }
    return concentrator->intervals[concentrator->count++] = create_interval(start_ns, concentrator->interval_ns);
}

struct sm_stats_interval *sm_concentrator_at(struct sm_concentrator *concentrator, int64_t end_ns, bool *is_new)
{
    struct sm_stats_interval *latest = concentrator->latest;
    int64_t offset_ns;
    *is_new = false;
    if (latest && !__builtin_sub_overflow(end_ns, latest->start_ns, &offset_ns) && offset_ns >= 0 && offset_ns < latest->length_ns)
        return latest;
    int64_t start_ns = align(end_ns, concentrator->interval_ns);
    if (start_ns < concentrator->oldest_ns)
        start_ns = concentrator->oldest_ns;
    struct sm_stats_interval *interval = find_interval(concentrator, start_ns);
    if (!interval && concentrator->count >= SM_CONCENTRATOR_BUCKETS_MAX)
        interval = find_interval(concentrator, start_ns = concentrator->oldest_ns);
    *is_new = !interval;
    return concentrator->latest = interval ? interval : add_interval(concentrator, start_ns);
}

static void add_to_harvest(struct sm_stats_harvest *harvest, struct sm_stats_interval *interval)
{
    if (harvest->count == harvest->capacity) {
        harvest->capacity = harvest->capacity ? 2 * harvest->capacity : 4;
        harvest->intervals = sm_realloc(harvest->intervals, harvest->capacity, sizeof(struct sm_stats_interval *));
    }
    harvest->intervals[harvest->count++] = interval;
}

void sm_concentrator_take(struct sm_concentrator *concentrator, int64_t now_ns, bool is_forced, struct sm_stats_harvest *harvest)
{
    size_t kept = 0;
    for (size_t i = 0; i < concentrator->count; i++) {
        struct sm_stats_interval *interval = concentrator->intervals[i];
        if (!is_forced && interval->start_ns > now_ns - INTERVALS_KEPT * concentrator->interval_ns)
            concentrator->intervals[kept++] = interval;
        else
            add_to_harvest(harvest, interval);
    }
    concentrator->count = kept;
    concentrator->latest = NULL;
    int64_t oldest_ns = align(now_ns, concentrator->interval_ns) - (INTERVALS_KEPT - 1) * concentrator->interval_ns;
    if (oldest_ns > concentrator->oldest_ns)
        concentrator->oldest_ns = oldest_ns;
}
