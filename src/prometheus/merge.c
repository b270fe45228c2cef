/* merge.c - series of several streams as one: on_collision merge. Ours; no source.
 *
 * Each stream has a series of its own, with its own restarts and deltas; a page shows their sum. What a stream has counted stays in the sum when it
 * begins anew or ends, so that a counter never goes back while one of its streams goes on. */
#include <stdlib.h>

#include "base/hash.h"
#include "base/memory.h"
#include "prometheus/page.h"

/* A series that is the sum of a group. */
struct sm_prometheus_shown {
    struct sm_prometheus_series series;
    const struct sm_prometheus_series *place;        /* of whose members it is shown */
    struct sm_prometheus_distribution *distribution; /* owned; NULL: it is that of a member */
};

static bool is_number(enum sm_metric_type type)
{
    return type == SM_METRIC_GAUGE || type == SM_METRIC_SUM;
}

/* Whether the value only grows, so that what is gone still counts. */
static bool is_count(const struct sm_prometheus_series *series)
{
    enum sm_metric_type type = sm_prometheus_series_type(series);
    return !is_number(type) || (type == SM_METRIC_SUM && sm_prometheus_series_is_monotonic(series));
}

static struct sm_prometheus_value value_of(const struct sm_prometheus_series *series)
{
    struct sm_prometheus_value value = {.start_ns = series->start_ns, .time_ns = series->time_ns, .number_type = series->number_type};
    if (is_number(sm_prometheus_series_type(series)))
        value.integer = series->integer; /* the bits of either number */
    else
        value.distribution = series->distribution;
    return value;
}

static double number_of(const struct sm_prometheus_value *value)
{
    return value->number_type == SM_NUMBER_INT ? (double)value->integer : value->number_type == SM_NUMBER_DOUBLE ? value->number : 0;
}

/* Whole numbers stay whole. */
static void add_number(struct sm_prometheus_value *total, const struct sm_prometheus_value *value)
{
    if (total->number_type == SM_NUMBER_INT && value->number_type == SM_NUMBER_INT) {
        total->integer = (int64_t)((uint64_t)total->integer + (uint64_t)value->integer);
        return;
    }
    total->number = number_of(total) + number_of(value);
    total->number_type = SM_NUMBER_DOUBLE;
}

/* ---- groups */

static bool is_group(const struct sm_prometheus_entry *entry, const void *key)
{
    return memcmp(&((const struct sm_prometheus_group *)entry)->key, key, sizeof(struct sm_prometheus_key)) == 0;
}

void sm_prometheus_group_join(struct sm_prometheus_set *set, struct sm_prometheus_series *series, const struct sm_prometheus_key *key)
{
    uint32_t hash = (uint32_t)sm_hash(sm_slice_make(key, sizeof(*key)));
    struct sm_prometheus_group *group = (struct sm_prometheus_group *)sm_prometheus_table_find(&set->groups, hash, is_group, key);
    if (!group) {
        group = sm_alloc(1, sizeof(*group));
        group->entry.hash = hash;
        group->key = *key;
        sm_prometheus_table_insert(&set->groups, &group->entry);
    }
    group->members++;
    series->group = group;
}

void sm_prometheus_group_carry(struct sm_prometheus_set *set, const struct sm_prometheus_series *series)
{
    struct sm_prometheus_group *group = series->group;
    enum sm_metric_type type = sm_prometheus_series_type(series);
    struct sm_prometheus_value value = value_of(series), *carried = group ? &group->carried : NULL;
    if (!group || !is_count(series))
        return;
    if (is_number(type)) {
        if (group->has_carried)
            add_number(carried, &value);
        else
            *carried = value;
    } else {
        struct sm_prometheus_distribution *before = carried->distribution;
        struct sm_prometheus_distribution *joined = before ? sm_prometheus_distribution_join(&set->texts, type, before, value.distribution)
                                                           : sm_prometheus_distribution_copy(value.distribution);
        sm_prometheus_distribution_free(&set->texts, before);
        carried->distribution = joined;
    }
    group->has_carried = true;
}

static void free_group(struct sm_prometheus_set *set, struct sm_prometheus_group *group, enum sm_metric_type type)
{
    sm_prometheus_table_remove(&set->groups, &group->entry);
    if (!is_number(type))
        sm_prometheus_distribution_free(&set->texts, group->carried.distribution);
    sm_prometheus_tuple_release(&set->texts, group->resource);
    free(group);
}

void sm_prometheus_group_leave(struct sm_prometheus_set *set, struct sm_prometheus_series *series)
{
    struct sm_prometheus_group *group = series->group;
    if (!group)
        return;
    if (group->members > 1)
        sm_prometheus_group_carry(set, series);
    if (--group->members == 0)
        free_group(set, group, sm_prometheus_series_type(series));
    series->group = NULL;
}

/* ---- pages */

static void add_distribution(struct sm_prometheus_set *set, struct sm_prometheus_shown *shown, const struct sm_prometheus_distribution *distribution)
{
    struct sm_prometheus_distribution *before = shown->distribution;
    shown->distribution =
        sm_prometheus_distribution_join(&set->texts, sm_prometheus_series_type(&shown->series), shown->series.distribution, distribution);
    shown->series.distribution = shown->distribution;
    sm_prometheus_distribution_free(&set->texts, before);
}

static void add_value(struct sm_prometheus_set *set, struct sm_prometheus_shown *shown, const struct sm_prometheus_value *value)
{
    if (!is_number(sm_prometheus_series_type(&shown->series))) {
        add_distribution(set, shown, value->distribution);
        return;
    }
    struct sm_prometheus_value total = value_of(&shown->series);
    add_number(&total, value);
    shown->series.number_type = total.number_type;
    shown->series.integer = total.integer; /* the bits of either number */
}

/* Exemplars, and what cannot be added up, are those of the newest. */
static void add_member(struct sm_prometheus_set *set, struct sm_prometheus_shown *shown, const struct sm_prometheus_series *member)
{
    bool is_newer = (int64_t)member->time_ns >= (int64_t)shown->series.time_ns;
    struct sm_prometheus_value value = value_of(member);
    if (sm_prometheus_series_type(member) != SM_METRIC_GAUGE) {
        add_value(set, shown, &value);
    } else if (is_newer) {
        shown->series.number_type = member->number_type;
        shown->series.integer = member->integer; /* the bits of either number */
    }
    if (is_newer) {
        shown->series.time_ns = member->time_ns;
        shown->series.exemplars = member->exemplars;
    }
    if (member->start_ns < shown->series.start_ns)
        shown->series.start_ns = member->start_ns;
}

void sm_prometheus_groups_show(struct sm_prometheus_set *set, struct sm_arena *arena)
{
    for (const struct sm_prometheus_series *series = set->first; series && set->groups.count; series = series->next) {
        struct sm_prometheus_group *group = series->group;
        if (!group || (group->members == 1 && !group->has_carried))
            continue;
        if (group->shown) {
            add_member(set, group->shown, series);
            continue;
        }
        group->shown = sm_arena_zalloc(arena, 1, sizeof(*group->shown));
        *group->shown = (struct sm_prometheus_shown){.series = *series, .place = series};
        if (group->has_carried)
            add_value(set, group->shown, &group->carried);
    }
}

void sm_prometheus_groups_hide(struct sm_prometheus_set *set)
{
    for (size_t i = 0; i < set->groups.capacity; i++) {
        struct sm_prometheus_group *group = (struct sm_prometheus_group *)sm_prometheus_table_at(&set->groups, i);
        if (!group || !group->shown)
            continue;
        sm_prometheus_distribution_free(&set->texts, group->shown->distribution);
        group->shown = NULL;
    }
}

const struct sm_prometheus_series *sm_prometheus_series_shown(const struct sm_prometheus_series *series)
{
    const struct sm_prometheus_shown *shown = series->group ? series->group->shown : NULL;
    return !shown ? series : shown->place == series ? &shown->series : NULL;
}
