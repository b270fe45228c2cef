/* ledger_visit.c - adding a shard to the ledger: see ledger.h. Runs on the shard's worker while it holds the ledger. */
#include <stdlib.h>

#include "connectors/span_metrics/ledger_internal.h"

struct visit {
    struct sm_ledger *ledger;
    struct sm_series_shard *shard;
    enum sm_label_family family;
};

static struct sm_shard_series *shard_series(const struct visit *visit, uint32_t number)
{
    return sm_entries_at(&visit->shard->families[visit->family].series, number);
}

static struct sm_ledger_series *ledger_series(const struct visit *visit, uint32_t number)
{
    return sm_entries_at(&visit->ledger->families[visit->family].series, number);
}

/* ---- resources */

static void merge_resource(struct sm_ledger *ledger, struct sm_series_shard_resource *from)
{
    if (from->ledger == SM_INDEX_NONE) {
        from->ledger = sm_index_find(&ledger->resource_index, &ledger->resources, from->hash);
        if (from->ledger == SM_INDEX_NONE && !sm_ledger_add_resource(ledger, from->hash, &from->attributes, &from->ledger))
            abort(); /* any number was free */
        sm_bytes_deinit(&from->attributes);
    }
    struct sm_ledger_resource *resource = sm_entries_at(&ledger->resources, from->ledger);
    if (from->last_ns > resource->last_ns)
        resource->last_ns = from->last_ns;
    resource->order = ++ledger->order;
    resource->is_leaving = false;
    resource->is_gone = false;
    resource->is_unsaved = true;
    from->is_dirty = false;
}

static int compare_orders(const void *a, const void *b)
{
    const struct sm_series_shard_resource *const *x = a, *const *y = b;
    return ((*x)->order > (*y)->order) - ((*x)->order < (*y)->order);
}

/* In the order in which they were seen last, which the ledger keeps for its cache. */
static void merge_resources(struct sm_ledger *ledger, struct sm_series_shard *shard)
{
    size_t count = shard->dirty_resources.count;
    if (count == 0)
        return;
    struct sm_series_shard_resource **dirty = sm_alloc(count, sizeof(struct sm_series_shard_resource *));
    for (size_t i = 0; i < count; i++)
        dirty[i] = sm_entries_at(&shard->resources, shard->dirty_resources.items[i]);
    qsort(dirty, count, sizeof(struct sm_series_shard_resource *), compare_orders);
    for (size_t i = 0; i < count; i++)
        merge_resource(ledger, dirty[i]);
    free(dirty);
    shard->dirty_resources.count = 0;
}

/* ---- series */

/* Puts a series that was gone back, as a new one. */
static void revive(const struct visit *visit, struct sm_ledger_series *series)
{
    const struct sm_family_settings *settings = &visit->ledger->settings->families[visit->family];
    size_t head = offsetof(struct sm_ledger_series, buckets);
    if (settings->histogram == SM_HISTOGRAM_EXPONENTIAL)
        sm_exponential_clear(&series->buckets.exponential);
    memset((char *)series + head, 0, settings->ledger_entry_size - head);
    series->count = 0;
    series->sum = 0;
    series->start_ns = series->last_ns = 0;
    series->is_first = true;
    series->is_gone = false;
    struct sm_ledger_resource *resource = sm_entries_at(&visit->ledger->resources, series->resource);
    resource->series_count[visit->family]++;
}

static uint32_t add_series(const struct visit *visit, struct sm_ledger_new_series new)
{
    new.family = visit->family;
    new.number = SM_INDEX_NONE;
    if (!sm_ledger_add_series(visit->ledger, &new))
        abort(); /* any number was free */
    return new.number;
}

static uint32_t find_overflow(const struct visit *visit, uint32_t resource_number)
{
    const struct sm_ledger_resource *resource = sm_entries_at(&visit->ledger->resources, resource_number);
    struct sm_hash128 hash = sm_labels_overflow(resource->hash);
    const struct sm_ledger_family *family = &visit->ledger->families[visit->family];
    uint32_t number = sm_index_find(&family->index, &family->series, hash);
    return number != SM_INDEX_NONE ? number : add_series(visit, (struct sm_ledger_new_series){.hash = hash, .resource = resource_number});
}

/* Finds or makes the place of a series new to the shard. When several workers together are over the limit it is counted as overflow; the shard then
 * forgets it, so that the limit decides again when it comes back. True: it is counted as itself. */
static bool place_series(const struct visit *visit, const struct sm_series_shard_new_series *created, uint32_t *number)
{
    const struct sm_shard_series *from = shard_series(visit, created->series);
    uint32_t resource_number = ((const struct sm_series_shard_resource *)sm_entries_at(&visit->shard->resources, from->resource))->ledger;
    const struct sm_ledger_family *family = &visit->ledger->families[visit->family];
    *number = sm_index_find(&family->index, &family->series, from->hash);
    if (*number != SM_INDEX_NONE)
        return true;
    const struct sm_ledger_resource *resource = sm_entries_at(&visit->ledger->resources, resource_number);
    if (created->identity_size && resource->series_count[visit->family] >= visit->ledger->settings->series_max) {
        *number = find_overflow(visit, resource_number);
        visit->ledger->overflow_count += from->count;
        return false;
    }
    struct sm_slice key = sm_slice_make(visit->shard->keys.ptr + created->at, created->identity_size + created->tail_size);
    struct sm_ledger_new_series new = {.hash = from->hash, .resource = resource_number, .key = key, .identity_size = created->identity_size};
    *number = add_series(visit, new);
    return true;
}

static void merge_buckets(const struct visit *visit, const struct sm_shard_series *from, struct sm_ledger_series *into)
{
    const struct sm_span_metrics_settings *settings = visit->ledger->settings;
    enum sm_histogram_kind histogram = settings->families[visit->family].histogram;
    if (histogram == SM_HISTOGRAM_EXPONENTIAL)
        sm_exponential_merge(&into->buckets.exponential, settings->exponential_size, &from->buckets.exponential);
    if (histogram != SM_HISTOGRAM_EXPLICIT || settings->bound_count == 0)
        return;
    for (size_t i = 0; i <= settings->bound_count; i++)
        into->buckets.counts[i] += from->is_wide ? from->buckets.wide[i] : from->buckets.counts[i];
}

static void merge_series(const struct visit *visit, uint32_t shard_number, uint32_t ledger_number)
{
    struct sm_shard_series *from = shard_series(visit, shard_number);
    struct sm_ledger_series *into = ledger_series(visit, ledger_number);
    if (into->is_gone)
        revive(visit, into);
    bool is_new = into->start_ns == 0;
    if (is_new || from->first_ns < into->start_ns)
        into->start_ns = from->first_ns;
    /* As in the reference, spans over the limit do not keep the overflow series from expiring. */
    if (is_new || (into->key && from->last_ns > into->last_ns))
        into->last_ns = from->last_ns;
    into->is_unsaved = true;
    into->count += from->count;
    into->sum += from->sum;
    merge_buckets(visit, from, into);
    sm_series_shard_reset_series(visit->shard, visit->family, from);
}

static void merge_exemplars(const struct visit *visit)
{
    struct sm_series_shard_family *family = &visit->shard->families[visit->family];
    for (size_t i = 0; i < family->exemplars.count; i++) {
        const struct sm_series_shard_exemplar *from = &family->exemplars.items[i];
        uint32_t number = shard_series(visit, from->series)->ledger;
        struct sm_ledger_series *into = ledger_series(visit, number);
        if (into->exemplar_count >= visit->ledger->settings->exemplar_max || !into->key) /* none over the limit */
            continue;
        *SM_LIST_ADD(&visit->ledger->exemplars) = (struct sm_ledger_exemplar){.exemplar = from->exemplar, .next = into->exemplars};
        into->exemplars = (int32_t)(visit->ledger->exemplars.count - 1);
        into->exemplar_count++;
    }
    SM_LIST_CLEAR(&family->exemplars);
}

static void merge_family(const struct visit *visit)
{
    struct sm_series_shard_family *family = &visit->shard->families[visit->family];
    SM_LIST(uint32_t) over = {0}; /* series counted as overflow */
    for (size_t i = 0; i < family->created.count; i++) {
        uint32_t number = family->created.items[i].series;
        if (!place_series(visit, &family->created.items[i], &shard_series(visit, number)->ledger))
            *SM_LIST_ADD(&over) = number;
    }
    SM_LIST_CLEAR(&family->created);
    for (size_t i = 0; i < family->dirty.count; i++)
        merge_series(visit, family->dirty.items[i], shard_series(visit, family->dirty.items[i])->ledger);
    family->dirty.count = 0;
    merge_exemplars(visit);
    for (size_t i = 0; i < over.count; i++)
        sm_series_shard_remove_series(visit->shard, visit->family, over.items[i]);
    SM_LIST_CLEAR(&over);
}

/* ---- forgetting */

static void forget_series(const struct visit *visit)
{
    const struct sm_ledger_family *gone_from = &visit->ledger->families[visit->family];
    const struct sm_series_shard_family *family = &visit->shard->families[visit->family];
    for (size_t i = 0; i < gone_from->gone.count; i++) {
        const struct sm_ledger_series *gone = ledger_series(visit, gone_from->gone.items[i]);
        if (!gone->is_gone)
            continue;
        uint32_t number = sm_index_find(&family->index, &family->series, gone->hash);
        if (number != SM_INDEX_NONE)
            sm_series_shard_remove_series(visit->shard, visit->family, number);
    }
}

static void forget_resources(struct sm_ledger *ledger, struct sm_series_shard *shard)
{
    for (size_t i = 0; i < ledger->gone_resources.count; i++) {
        const struct sm_ledger_resource *gone = sm_entries_at(&ledger->resources, ledger->gone_resources.items[i]);
        if (!gone->is_gone)
            continue;
        uint32_t number = sm_index_find(&shard->resource_index, &shard->resources, gone->hash);
        if (number != SM_INDEX_NONE)
            sm_series_shard_remove_resource(shard, number);
    }
}

void sm_ledger_visit(struct sm_ledger *ledger, struct sm_series_shard *shard, bool is_export)
{
    merge_resources(ledger, shard);
    struct visit visit = {.ledger = ledger, .shard = shard};
    for (visit.family = 0; visit.family < SM_LABELS_FAMILY_COUNT; visit.family++)
        merge_family(&visit);
    sm_bytes_deinit(&shard->keys);
    for (visit.family = 0; visit.family < SM_LABELS_FAMILY_COUNT; visit.family++)
        forget_series(&visit);
    forget_resources(ledger, shard);
    shard->spare_count = 0; /* what was over the limit is forgotten */
    if (shard->distinct) {
        sm_distinct_move(ledger->distinct, shard->distinct);
        ledger->overflow_count += shard->overflow_count;
        shard->overflow_count = 0;
    }
    if (ledger->settings->is_delta)
        sm_series_shard_clear(shard);
    if (is_export)
        shard->exports++;
}
