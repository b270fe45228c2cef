/* ledger.c - see ledger.h: the tables of the ledger, restoring, expiring and sweeping. Merging shards is in ledger_visit.c. */
#include "connectors/span_metrics/ledger.h"

#include <stdlib.h>

#include "connectors/span_metrics/ledger_internal.h"
#include "connectors/span_metrics/shard_resource.h"
#include "connectors/span_metrics/timestamps.h"
#include "telemetry/value.h"

struct sm_ledger *sm_ledger_create(const struct sm_span_metrics_settings *settings)
{
    struct sm_ledger *ledger = sm_alloc(1, sizeof(*ledger));
    ledger->settings = settings;
    for (size_t i = 0; i < SM_LABELS_FAMILY_COUNT; i++)
        sm_entries_init(&ledger->families[i].series, settings->families[i].ledger_entry_size);
    sm_entries_init(&ledger->resources, sizeof(struct sm_ledger_resource));
    if (settings->is_delta)
        ledger->timestamps = sm_timestamps_create(settings->timestamp_max);
    if (settings->series_max != UINT64_MAX)
        ledger->distinct = sm_distinct_create(sm_labels_dimension_count(settings->plan));
    return ledger;
}

static void free_contents(const struct sm_ledger *ledger, enum sm_label_family family, struct sm_ledger_series *series)
{
    free(series->key);
    series->key = NULL;
    if (ledger->settings->families[family].histogram == SM_HISTOGRAM_EXPONENTIAL)
        sm_exponential_clear(&series->buckets.exponential);
}

static void clear_all(struct sm_ledger *ledger)
{
    for (enum sm_label_family i = 0; i < SM_LABELS_FAMILY_COUNT; i++) {
        struct sm_ledger_family *family = &ledger->families[i];
        for (uint32_t n = 0; n < sm_entries_limit(&family->series); n++)
            free_contents(ledger, i, sm_entries_at(&family->series, n));
        sm_entries_deinit(&family->series);
        sm_index_deinit(&family->index);
        SM_LIST_CLEAR(&family->gone);
    }
    for (uint32_t n = 0; n < sm_entries_limit(&ledger->resources); n++)
        sm_bytes_deinit(&((struct sm_ledger_resource *)sm_entries_at(&ledger->resources, n))->attributes);
    sm_entries_deinit(&ledger->resources);
    sm_index_deinit(&ledger->resource_index);
    SM_LIST_CLEAR(&ledger->gone_resources);
    SM_LIST_CLEAR(&ledger->exemplars);
    SM_LIST_CLEAR(&ledger->removed);
}

void sm_ledger_free(struct sm_ledger *ledger)
{
    clear_all(ledger);
    sm_timestamps_free(ledger->timestamps);
    free(ledger->distinct);
    free(ledger);
}

/* ---- adding */

static bool add_entry(struct sm_entries *entries, struct sm_index *index, struct sm_hash128 hash, uint32_t *number)
{
    if (*number == SM_INDEX_NONE)
        *number = sm_entries_add(entries, hash);
    else if (!sm_entries_add_at(entries, hash, *number))
        return false;
    sm_index_add(index, hash, *number);
    return true;
}

bool sm_ledger_add_resource(struct sm_ledger *ledger, struct sm_hash128 hash, struct sm_bytes *attributes, uint32_t *number)
{
    if (!add_entry(&ledger->resources, &ledger->resource_index, hash, number))
        return false;
    struct sm_ledger_resource *resource = sm_entries_at(&ledger->resources, *number);
    for (size_t i = 0; i < SM_LABELS_FAMILY_COUNT; i++)
        resource->first[i] = resource->last[i] = SM_INDEX_NONE;
    resource->attributes = *attributes;
    *attributes = (struct sm_bytes){0};
    const struct sm_attributes set = {.raw = sm_bytes_slice(&resource->attributes), .field = 1};
    struct sm_value service;
    if (sm_attributes_find(&set, SM_SLICE("service.name"), &service) && service.type == SM_VALUE_STRING)
        resource->service = service.string;
    return true;
}

bool sm_ledger_add_series(struct sm_ledger *ledger, struct sm_ledger_new_series *new)
{
    struct sm_ledger_family *to = &ledger->families[new->family];
    if (!add_entry(&to->series, &to->index, new->hash, &new->number))
        return false;
    struct sm_ledger_series *series = sm_entries_at(&to->series, new->number);
    series->next = SM_INDEX_NONE;
    series->resource = new->resource;
    series->identity_size = (uint32_t) new->identity_size;
    series->tail_size = (uint32_t)(new->key.size - new->identity_size);
    series->exemplars = SM_NO_EXEMPLAR;
    series->is_first = true;
    if (new->key.size)
        series->key = memcpy(sm_alloc(1, new->key.size), new->key.ptr, new->key.size);
    struct sm_ledger_resource *resource = sm_entries_at(&ledger->resources, new->resource);
    if (resource->last[new->family] == SM_INDEX_NONE)
        resource->first[new->family] = new->number;
    else
        ((struct sm_ledger_series *)sm_entries_at(&to->series, resource->last[new->family]))->next = new->number;
    resource->last[new->family] = new->number;
    resource->series_count[new->family]++;
    return true;
}

/* ---- restoring */

struct sm_ledger_resource *sm_ledger_restore_resource(struct sm_ledger *ledger, uint32_t number, struct sm_slice attributes, struct sm_arena *scratch)
{
    const struct sm_attributes set = {.raw = attributes, .field = 1};
    struct sm_hash128 hash = sm_resource_hash(ledger->settings, &set, scratch);
    if (sm_index_find(&ledger->resource_index, &ledger->resources, hash) != SM_INDEX_NONE)
        return NULL;
    struct sm_bytes copy = {0};
    sm_bytes_append_slice(&copy, attributes);
    if (!sm_ledger_add_resource(ledger, hash, &copy, &number)) {
        sm_bytes_deinit(&copy);
        return NULL;
    }
    struct sm_ledger_resource *resource = sm_entries_at(&ledger->resources, number);
    resource->order = ++ledger->order;
    return resource;
}

struct sm_ledger_series *sm_ledger_restore_series(struct sm_ledger *ledger, enum sm_label_family family, uint32_t number, uint32_t resource_number,
                                                  struct sm_slice key, size_t identity_size)
{
    if (!sm_entries_has(&ledger->resources, resource_number))
        return NULL;
    const struct sm_ledger_resource *resource = sm_entries_at(&ledger->resources, resource_number);
    const struct sm_ledger_family *to = &ledger->families[family];
    struct sm_ledger_new_series new = {.family = family, .resource = resource_number, .key = key, .identity_size = identity_size, .number = number};
    new.hash = identity_size ? sm_labels_hash(resource->hash, sm_slice_make(key.ptr, identity_size)) : sm_labels_overflow(resource->hash);
    bool is_there = sm_index_find(&to->index, &to->series, new.hash) != SM_INDEX_NONE;
    return is_there || !sm_ledger_add_series(ledger, &new) ? NULL : sm_entries_at(&to->series, number);
}

/* ---- letting go */

static void note_removed(struct sm_ledger *ledger, bool is_resource, enum sm_label_family family, uint32_t number)
{
    if (ledger->is_kept)
        *SM_LIST_ADD(&ledger->removed) = (struct sm_ledger_removed){.is_resource = is_resource, .family = family, .number = number};
}

static void let_series_go(struct sm_ledger *ledger, enum sm_label_family family, uint32_t number)
{
    struct sm_ledger_series *series = sm_entries_at(&ledger->families[family].series, number);
    if (series->is_gone)
        return;
    series->is_gone = true;
    ((struct sm_ledger_resource *)sm_entries_at(&ledger->resources, series->resource))->series_count[family]--;
    *SM_LIST_ADD(&ledger->families[family].gone) = number;
}

static void let_resource_go(struct sm_ledger *ledger, uint32_t number)
{
    struct sm_ledger_resource *resource = sm_entries_at(&ledger->resources, number);
    resource->is_gone = true;
    *SM_LIST_ADD(&ledger->gone_resources) = number;
    for (enum sm_label_family i = 0; i < SM_LABELS_FAMILY_COUNT; i++)
        for (uint32_t n = resource->first[i]; n != SM_INDEX_NONE;) {
            uint32_t next = ((const struct sm_ledger_series *)sm_entries_at(&ledger->families[i].series, n))->next;
            let_series_go(ledger, i, n);
            n = next;
        }
}

static bool is_resource(const struct sm_ledger_resource *resource)
{
    return resource->hash.low || resource->hash.high; /* a number in use */
}

static int compare_orders(const void *a, const void *b)
{
    const struct sm_ledger_resource *const *x = a, *const *y = b;
    if ((*x)->last_ns != (*y)->last_ns) /* of several workers, or of several requests */
        return (*x)->last_ns < (*y)->last_ns ? -1 : 1;
    return ((*x)->order > (*y)->order) - ((*x)->order < (*y)->order);
}

struct sm_ledger_resource **sm_ledger_list_resources(struct sm_ledger *ledger, size_t *count)
{
    struct sm_ledger_resource **resources = sm_alloc(ledger->resources.count, sizeof(struct sm_ledger_resource *));
    *count = 0;
    for (uint32_t n = 0; n < sm_entries_limit(&ledger->resources); n++) {
        struct sm_ledger_resource *resource = sm_entries_at(&ledger->resources, n);
        if (is_resource(resource) && !resource->is_gone)
            resources[(*count)++] = resource;
    }
    qsort(resources, *count, sizeof(struct sm_ledger_resource *), compare_orders);
    return resources;
}

/* Of the resources that stay, those seen longest ago beyond the limit. */
static void shrink_cache(struct sm_ledger *ledger)
{
    if (ledger->resources.count <= ledger->settings->resource_max)
        return;
    size_t count;
    struct sm_ledger_resource **present = sm_ledger_list_resources(ledger, &count);
    for (size_t i = 0; i + ledger->settings->resource_max < count; i++)
        let_resource_go(ledger, sm_index_find(&ledger->resource_index, &ledger->resources, present[i]->hash));
    free(present);
}

static void expire_series(struct sm_ledger *ledger, uint64_t now_ns)
{
    for (enum sm_label_family i = 0; i < SM_LABELS_FAMILY_COUNT; i++)
        for (uint32_t n = 0; n < sm_entries_limit(&ledger->families[i].series); n++) {
            const struct sm_ledger_series *series = sm_entries_at(&ledger->families[i].series, n);
            bool is_there = series->hash.low || series->hash.high;
            if (is_there && now_ns >= series->last_ns && now_ns - series->last_ns >= ledger->settings->series_expiration_ns)
                let_series_go(ledger, i, n);
        }
}

static void forget_exemplars(struct sm_ledger *ledger)
{
    if (ledger->exemplars.count == 0)
        return;
    for (enum sm_label_family i = 0; i < SM_LABELS_FAMILY_COUNT; i++)
        for (uint32_t n = 0; n < sm_entries_limit(&ledger->families[i].series); n++) {
            struct sm_ledger_series *series = sm_entries_at(&ledger->families[i].series, n);
            series->exemplars = SM_NO_EXEMPLAR;
            series->exemplar_count = 0;
        }
    SM_LIST_CLEAR(&ledger->exemplars);
}

bool sm_ledger_expire(struct sm_ledger *ledger, uint64_t now_ns)
{
    const struct sm_span_metrics_settings *settings = ledger->settings;
    if (settings->is_delta) {
        clear_all(ledger);
        return false;
    }
    for (uint32_t n = 0; n < sm_entries_limit(&ledger->resources); n++) {
        const struct sm_ledger_resource *resource = sm_entries_at(&ledger->resources, n);
        if (is_resource(resource) && resource->is_leaving && !resource->is_gone)
            let_resource_go(ledger, n);
    }
    shrink_cache(ledger);
    forget_exemplars(ledger);
    if (settings->series_expiration_ns)
        expire_series(ledger, now_ns);
    for (uint32_t n = 0; settings->resource_expiration_ns && n < sm_entries_limit(&ledger->resources); n++) {
        struct sm_ledger_resource *resource = sm_entries_at(&ledger->resources, n);
        if (is_resource(resource) && now_ns >= resource->last_ns && now_ns - resource->last_ns >= settings->resource_expiration_ns)
            resource->is_leaving = true;
    }
    bool has_gone = ledger->gone_resources.count > 0;
    for (size_t i = 0; i < SM_LABELS_FAMILY_COUNT; i++)
        has_gone |= ledger->families[i].gone.count > 0;
    return has_gone;
}

/* Takes the series that are gone out of their resource's list. */
static void relink(struct sm_ledger *ledger, enum sm_label_family family, struct sm_ledger_resource *resource)
{
    uint32_t *link = &resource->first[family];
    resource->last[family] = SM_INDEX_NONE;
    for (uint32_t n = *link; n != SM_INDEX_NONE;) {
        struct sm_ledger_series *series = sm_entries_at(&ledger->families[family].series, n);
        uint32_t next = series->next;
        if (!series->is_gone) {
            *link = n;
            link = &series->next;
            resource->last[family] = n;
        }
        n = next;
    }
    *link = SM_INDEX_NONE;
}

static void sweep_family(struct sm_ledger *ledger, enum sm_label_family family)
{
    struct sm_ledger_family *from = &ledger->families[family];
    if (from->gone.count == 0)
        return;
    for (uint32_t n = 0; n < sm_entries_limit(&ledger->resources); n++) {
        struct sm_ledger_resource *resource = sm_entries_at(&ledger->resources, n);
        if (is_resource(resource))
            relink(ledger, family, resource);
    }
    for (size_t i = 0; i < from->gone.count; i++) {
        uint32_t number = from->gone.items[i];
        struct sm_ledger_series *series = sm_entries_at(&from->series, number);
        if (!series->is_gone)
            continue;
        free_contents(ledger, family, series);
        note_removed(ledger, false, family, number);
        sm_index_remove(&from->index, series->hash, number);
        sm_entries_remove(&from->series, number);
    }
    SM_LIST_CLEAR(&from->gone);
}

void sm_ledger_sweep(struct sm_ledger *ledger)
{
    for (enum sm_label_family i = 0; i < SM_LABELS_FAMILY_COUNT; i++)
        sweep_family(ledger, i);
    for (size_t i = 0; i < ledger->gone_resources.count; i++) {
        uint32_t number = ledger->gone_resources.items[i];
        struct sm_ledger_resource *resource = sm_entries_at(&ledger->resources, number);
        if (!resource->is_gone)
            continue;
        sm_bytes_deinit(&resource->attributes);
        note_removed(ledger, true, 0, number);
        sm_index_remove(&ledger->resource_index, resource->hash, number);
        sm_entries_remove(&ledger->resources, number);
    }
    SM_LIST_CLEAR(&ledger->gone_resources);
}

/* ---- the rest */

uint64_t sm_ledger_exchange_timestamp(struct sm_ledger *ledger, struct sm_hash128 hash, uint64_t otherwise, uint64_t now_ns)
{
    return sm_timestamps_exchange(ledger->timestamps, hash, otherwise, now_ns);
}

struct sm_label_record sm_ledger_record(const struct sm_ledger *ledger, const struct sm_ledger_series *series)
{
    const struct sm_ledger_resource *resource = sm_entries_at(&ledger->resources, series->resource);
    return (struct sm_label_record){
        .identity = sm_slice_make(series->key, series->identity_size),
        .tail = sm_slice_make(series->key ? series->key + series->identity_size : NULL, series->tail_size),
        .service = resource->service,
        .instance = ledger->settings->instance,
    };
}

size_t sm_ledger_series_count(const struct sm_ledger *ledger)
{
    size_t count = 0;
    for (size_t i = 0; i < SM_LABELS_FAMILY_COUNT; i++)
        count += ledger->families[i].series.count;
    return count;
}

static size_t table_memory(const struct sm_entries *entries, const struct sm_index *index)
{
    return sm_entries_reserved_bytes(entries) + sm_index_reserved_bytes(index);
}

size_t sm_ledger_memory(const struct sm_ledger *ledger)
{
    enum { BLOCK_OVERHEAD = 16 };
    size_t bytes = sizeof(*ledger) + table_memory(&ledger->resources, &ledger->resource_index);
    for (size_t i = 0; i < SM_LABELS_FAMILY_COUNT; i++) {
        const struct sm_ledger_family *family = &ledger->families[i];
        bytes += table_memory(&family->series, &family->index);
        for (uint32_t n = 0; n < sm_entries_limit(&family->series); n++) {
            const struct sm_ledger_series *series = sm_entries_at(&family->series, n);
            if (series->key)
                bytes += series->identity_size + series->tail_size + BLOCK_OVERHEAD;
        }
    }
    return bytes;
}
