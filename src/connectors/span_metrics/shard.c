/* shard.c - see shard.h. Source of what is counted: spanmetricsconnector/connector.go (aggregateMetrics), internal/metrics/metrics.go (GetOrCreate,
 * ObserveN). */
#include "connectors/span_metrics/shard.h"

#include <stdlib.h>

#include "base/clock.h"
#include "connectors/span_metrics/shard_resource.h"
#include "telemetry/batch.h"
#include "telemetry/span.h"

/* Series that a shard takes beyond the limits between two merges, each about 200 bytes with the default buckets. */
enum { SPARE_MAX = 16384 };

/* ---- life */

struct sm_series_shard *sm_series_shard_create(const struct sm_span_metrics_settings *settings, bool is_alone)
{
    struct sm_series_shard *shard = sm_alloc(1, sizeof(*shard));
    shard->settings = settings;
    shard->series_max = is_alone || settings->series_max > UINT64_MAX / 2 ? settings->series_max : settings->series_max * 2;
    shard->spare_max = is_alone ? 0 : SPARE_MAX;
    shard->labels = sm_labels_create(settings->plan);
    for (size_t i = 0; i < SM_LABELS_FAMILY_COUNT; i++)
        sm_entries_init(&shard->families[i].series, settings->families[i].shard_entry_size);
    sm_entries_init(&shard->resources, sizeof(struct sm_series_shard_resource));
    sm_entries_init(&shard->aliases, sizeof(struct sm_series_shard_alias));
    if (settings->series_max != UINT64_MAX)
        shard->distinct = sm_distinct_create(sm_labels_dimension_count(settings->plan));
    shard->weights.random = sm_clock_mono_ns() ^ sm_hash_secret();
    shard->weights.random |= 1; /* not 0 */
    return shard;
}

static void free_counts(const struct sm_family_settings *settings, struct sm_shard_series *series)
{
    if (settings->histogram == SM_HISTOGRAM_EXPONENTIAL)
        sm_exponential_clear(&series->buckets.exponential);
    else if (series->is_wide)
        free(series->buckets.wide);
    series->is_wide = false;
}

static void clear_family(struct sm_series_shard *shard, size_t index)
{
    struct sm_series_shard_family *family = &shard->families[index];
    for (uint32_t i = 0; i < sm_entries_limit(&family->series); i++)
        free_counts(&shard->settings->families[index], sm_entries_at(&family->series, i));
    sm_entries_deinit(&family->series);
    sm_index_deinit(&family->index);
    SM_LIST_CLEAR(&family->dirty);
    SM_LIST_CLEAR(&family->created);
    SM_LIST_CLEAR(&family->exemplars);
}

void sm_series_shard_clear(struct sm_series_shard *shard)
{
    for (size_t i = 0; i < SM_LABELS_FAMILY_COUNT; i++)
        clear_family(shard, i);
    for (uint32_t i = 0; i < sm_entries_limit(&shard->resources); i++)
        sm_bytes_deinit(&((struct sm_series_shard_resource *)sm_entries_at(&shard->resources, i))->attributes);
    sm_entries_deinit(&shard->resources);
    sm_index_deinit(&shard->resource_index);
    sm_entries_deinit(&shard->aliases);
    sm_index_deinit(&shard->alias_index);
    SM_LIST_CLEAR(&shard->dirty_resources);
    sm_bytes_deinit(&shard->keys);
}

void sm_series_shard_free(struct sm_series_shard *shard)
{
    sm_series_shard_clear(shard);
    sm_labels_free(shard->labels);
    free(shard->distinct);
    free(shard);
}

/* ---- series */

/* A span on its way to its series. Finding a series among many waits for memory; therefore a block of spans is identified first and what their series
 * need is fetched meanwhile. */
struct place {
    struct sm_series_shard *shard;
    uint64_t now_ns;
    const struct sm_resource_group *group;
    const struct sm_scope *scope;
    struct sm_span *span;
    uint32_t resource;
    bool is_adjusted;
    uint64_t count;
    struct sm_hash128 hashes[SM_LABELS_EVENTS]; /* of the series in the families before the events */
};

static struct sm_series_shard_resource *resource_of(const struct place *place)
{
    return sm_entries_at(&place->shard->resources, place->resource);
}

static void note_values(struct sm_series_shard *shard)
{
    struct sm_slice text;
    for (size_t i = 0; i < shard->distinct->count; i++)
        if (sm_labels_dimension_text(shard->labels, i, &text))
            sm_distinct_add(shard->distinct, i, text);
}

static uint32_t add_series(const struct place *place, enum sm_label_family family, struct sm_hash128 hash, struct sm_slice identity)
{
    struct sm_series_shard *shard = place->shard;
    struct sm_series_shard_family *to = &shard->families[family];
    uint32_t number = sm_entries_add(&to->series, hash);
    sm_index_add(&to->index, hash, number);
    struct sm_shard_series *series = sm_entries_at(&to->series, number);
    series->ledger = SM_INDEX_NONE;
    series->resource = place->resource;
    series->exports = shard->exports;
    resource_of(place)->series_count[family]++;
    size_t at = shard->keys.size;
    sm_bytes_append_slice(&shard->keys, identity);
    if (identity.size)
        sm_labels_append_tail(shard->labels, family, place->scope, &shard->keys);
    *SM_LIST_ADD(&to->created) = (struct sm_series_shard_new_series){
        .series = number,
        .identity_size = (uint32_t)identity.size,
        .tail_size = (uint32_t)(shard->keys.size - at - identity.size),
        .at = at,
    };
    return number;
}

/* Makes the labels those of the span again, after others of the block went through them. */
static void label_again(const struct place *place)
{
    struct sm_labels *labels = place->shard->labels;
    sm_labels_set_resource(labels, &place->group->resource.attributes, resource_of(place)->hash);
    sm_labels_set_span(labels, place->span, place->is_adjusted);
}

/* Whether the resource may have one more series here. */
static bool take_room(const struct place *place, enum sm_label_family family)
{
    struct sm_series_shard *shard = place->shard;
    if (resource_of(place)->series_count[family] < shard->series_max)
        return true;
    if (shard->spare_count >= shard->spare_max)
        return false;
    shard->spare_count++;
    return true;
}

/* A new series for what the labels hold, or the one of what is over the limit. */
static uint32_t find_place(const struct place *place, enum sm_label_family family, bool *is_overflow)
{
    struct sm_series_shard *shard = place->shard;
    struct sm_series_shard_family *in = &shard->families[family];
    struct sm_slice identity;
    struct sm_hash128 hash = sm_labels_identify(shard->labels, family, &identity);
    if (shard->distinct)
        note_values(shard);
    if (take_room(place, family))
        return add_series(place, family, hash, identity);
    *is_overflow = true;
    shard->overflow_count++;
    hash = sm_labels_overflow(resource_of(place)->hash);
    uint32_t number = sm_index_find(&in->index, &in->series, hash);
    return number != SM_INDEX_NONE ? number : add_series(place, family, hash, (struct sm_slice){0});
}

/* ---- values */

/* The first bound that is not below `value`, searched as the reference does (unsorted bounds give what its search gives). */
static size_t find_bucket(const struct sm_span_metrics_settings *settings, double value)
{
    size_t low = 0, high = settings->bound_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (settings->bounds[middle] >= value)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

static void __attribute__((cold)) widen(struct sm_shard_series *series, size_t bucket_count)
{
    uint64_t *wide = sm_alloc(bucket_count, sizeof(*wide));
    for (size_t i = 0; i < bucket_count; i++)
        wide[i] = series->buckets.counts[i];
    series->buckets.wide = wide;
    series->is_wide = true;
}

static void add_to_bucket(struct sm_shard_series *series, size_t bucket, size_t bucket_count, uint64_t count)
{
    if (!series->is_wide) {
        uint64_t sum = series->buckets.counts[bucket] + count;
        if (__builtin_expect(count <= UINT32_MAX && sum <= UINT32_MAX, 1)) {
            series->buckets.counts[bucket] = (uint32_t)sum;
            return;
        }
        widen(series, bucket_count);
    }
    series->buckets.wide[bucket] += count;
}

static void observe(const struct sm_span_metrics_settings *settings, const struct sm_family_settings *family, struct sm_shard_series *series,
                    double value, uint64_t count)
{
    series->sum += value * (double)count;
    if (family->histogram == SM_HISTOGRAM_EXPONENTIAL)
        sm_exponential_add(&series->buckets.exponential, settings->exponential_size, value, count);
    else if (settings->bound_count)
        add_to_bucket(series, find_bucket(settings, value), settings->bound_count + 1, count);
}

static void add_exemplar(struct sm_series_shard *shard, enum sm_label_family family, uint32_t number, const struct sm_span *span, double value)
{
    struct sm_shard_series *series = sm_entries_at(&shard->families[family].series, number);
    if (series->exports != shard->exports) {
        series->exports = shard->exports;
        series->exemplar_count = 0;
    }
    if (series->exemplar_count >= shard->settings->exemplar_max || span->trace_id.size != SM_TRACE_ID_SIZE)
        return;
    series->exemplar_count++;
    struct sm_series_shard_exemplar *to = SM_LIST_ADD(&shard->families[family].exemplars);
    *to = (struct sm_series_shard_exemplar){.series = number, .exemplar.value = value};
    memcpy(to->exemplar.trace_id, span->trace_id.ptr, SM_TRACE_ID_SIZE);
    if (span->span_id.size == SM_SPAN_ID_SIZE)
        memcpy(to->exemplar.span_id, span->span_id.ptr, SM_SPAN_ID_SIZE);
}

static void count_in(const struct place *place, enum sm_label_family family, uint32_t number, bool is_overflow, double value)
{
    struct sm_series_shard *shard = place->shard;
    const struct sm_family_settings *settings = &shard->settings->families[family];
    struct sm_shard_series *series = sm_entries_at(&shard->families[family].series, number);
    if (!series->is_dirty) {
        series->is_dirty = true;
        series->first_ns = place->now_ns;
        *SM_LIST_ADD(&shard->families[family].dirty) = number;
    }
    series->last_ns = place->now_ns;
    series->count += place->count;
    if (settings->histogram != SM_HISTOGRAM_NONE)
        observe(shard->settings, settings, series, value, place->count);
    if (shard->settings->exemplar_max && !is_overflow)
        add_exemplar(shard, family, number, place->span, value);
}

/* ---- spans */

static void count_span(const struct place *place, enum sm_label_family family, double value)
{
    const struct sm_series_shard_family *in = &place->shard->families[family];
    uint32_t number = sm_index_find(&in->index, &in->series, place->hashes[family]);
    bool is_overflow = false;
    if (__builtin_expect(number == SM_INDEX_NONE, 0)) {
        label_again(place);
        number = find_place(place, family, &is_overflow);
    }
    count_in(place, family, number, is_overflow, value);
}

static void count_events(const struct place *place, struct sm_arena *arena, double value)
{
    struct sm_labels *labels = place->shard->labels;
    const struct sm_series_shard_family *in = &place->shard->families[SM_LABELS_EVENTS];
    uint32_t event_count;
    struct sm_span_event *events = sm_span_events(place->span, arena, &event_count);
    if (event_count)
        label_again(place);
    for (uint32_t i = 0; i < event_count; i++) {
        if (events[i].dropped)
            continue;
        struct sm_slice identity;
        bool is_overflow = false;
        sm_labels_set_event(labels, &events[i].attributes);
        uint32_t number = sm_index_find(&in->index, &in->series, sm_labels_identify(labels, SM_LABELS_EVENTS, &identity));
        if (number == SM_INDEX_NONE)
            number = find_place(place, SM_LABELS_EVENTS, &is_overflow);
        count_in(place, SM_LABELS_EVENTS, number, is_overflow, value);
    }
}

enum { BLOCK_SIZE = 16, AHEAD = 3 /* spans whose attributes are fetched early */ };

struct block {
    struct sm_batch *batch;
    struct place places[BLOCK_SIZE];
    size_t count;
};

static void count_block(struct sm_series_shard *shard, struct block *block)
{
    const struct sm_span_metrics_settings *settings = shard->settings;
    bool has_duration = settings->families[SM_LABELS_DURATION].is_used;
    for (size_t i = 0; i < block->count; i++)
        for (enum sm_label_family family = SM_LABELS_CALLS; family <= (has_duration ? SM_LABELS_DURATION : SM_LABELS_CALLS); family++)
            sm_index_prefetch_entry(&shard->families[family].index, &shard->families[family].series, block->places[i].hashes[family]);
    for (size_t i = 0; i < block->count; i++) {
        const struct place *place = &block->places[i];
        const struct sm_span *span = place->span;
        double value = span->end_ns > span->start_ns ? (double)(span->end_ns - span->start_ns) / settings->unit_ns : 0;
        count_span(place, SM_LABELS_CALLS, value);
        if (has_duration)
            count_span(place, SM_LABELS_DURATION, value);
        if (settings->has_events)
            count_events(place, &block->batch->arena, value);
    }
    block->count = 0;
}

/* Identifies the span and has what finding its series reads first brought near. */
static void identify_span(struct sm_series_shard *shard, struct place *place)
{
    struct sm_span_metrics_weight weight = sm_span_metrics_weigh(&shard->weights, place->span->trace_state);
    struct sm_slice identity;
    place->count = weight.count;
    place->is_adjusted = weight.is_adjusted;
    sm_labels_set_span(shard->labels, place->span, weight.is_adjusted);
    place->hashes[SM_LABELS_CALLS] = sm_labels_identify(shard->labels, SM_LABELS_CALLS, &identity);
    sm_index_prefetch(&shard->families[SM_LABELS_CALLS].index, place->hashes[SM_LABELS_CALLS]);
    if (!shard->settings->families[SM_LABELS_DURATION].is_used)
        return;
    place->hashes[SM_LABELS_DURATION] = sm_labels_identify(shard->labels, SM_LABELS_DURATION, &identity);
    sm_index_prefetch(&shard->families[SM_LABELS_DURATION].index, place->hashes[SM_LABELS_DURATION]);
}

static void add_scope(struct sm_series_shard *shard, struct block *block, struct place place, const struct sm_scope_group *scope)
{
    place.scope = &scope->scope;
    for (size_t i = 0; i < scope->count; i++) {
        if (i + AHEAD < scope->count && scope->spans[i + AHEAD].attributes.raw.ptr)
            __builtin_prefetch(scope->spans[i + AHEAD].attributes.raw.ptr);
        if (scope->spans[i].dropped)
            continue;
        place.span = &scope->spans[i];
        block->places[block->count] = place;
        identify_span(shard, &block->places[block->count++]);
        if (block->count < BLOCK_SIZE)
            continue;
        count_block(shard, block);
        sm_labels_set_resource(shard->labels, &place.group->resource.attributes, resource_of(&place)->hash);
    }
}

void sm_series_shard_add(struct sm_series_shard *shard, struct sm_batch *batch, uint64_t now_ns)
{
    struct block block = {.batch = batch, .count = 0};
    for (size_t i = 0; i < batch->count; i++) {
        const struct sm_resource_group *group = &batch->groups[i];
        struct sm_value service;
        if (group->dropped || !sm_attributes_find(&group->resource.attributes, SM_SLICE("service.name"), &service))
            continue;
        struct place place = {.shard = shard, .now_ns = now_ns, .group = group};
        place.resource = sm_series_shard_find_resource(shard, &group->resource.attributes, now_ns);
        sm_labels_set_resource(shard->labels, &group->resource.attributes, resource_of(&place)->hash);
        for (size_t k = 0; k < group->count; k++)
            if (!group->scopes[k].dropped)
                add_scope(shard, &block, place, &group->scopes[k]);
    }
    count_block(shard, &block);
    sm_span_metrics_weights_reset(&shard->weights); /* its trace state stood in the batch */
}

/* ---- for the ledger */

void sm_series_shard_reset_series(struct sm_series_shard *shard, enum sm_label_family family, struct sm_shard_series *series)
{
    const struct sm_family_settings *settings = &shard->settings->families[family];
    series->is_dirty = false;
    series->count = 0;
    series->sum = 0;
    if (settings->histogram == SM_HISTOGRAM_NONE)
        return;
    free_counts(settings, series);
    memset((char *)series + offsetof(struct sm_shard_series, buckets), 0, settings->shard_entry_size - offsetof(struct sm_shard_series, buckets));
}

void sm_series_shard_remove_series(struct sm_series_shard *shard, enum sm_label_family family, uint32_t number)
{
    struct sm_series_shard_family *from = &shard->families[family];
    struct sm_shard_series *series = sm_entries_at(&from->series, number);
    struct sm_series_shard_resource *resource = sm_entries_at(&shard->resources, series->resource);
    resource->series_count[family]--;
    free_counts(&shard->settings->families[family], series);
    sm_index_remove(&from->index, series->hash, number);
    sm_entries_remove(&from->series, number);
}

void sm_series_shard_remove_resource(struct sm_series_shard *shard, uint32_t number)
{
    struct sm_series_shard_resource *resource = sm_entries_at(&shard->resources, number);
    sm_bytes_deinit(&resource->attributes);
    sm_index_remove(&shard->resource_index, resource->hash, number);
    sm_entries_remove(&shard->resources, number);
    /* Some of them point to it; they come back with the next batches. */
    sm_entries_deinit(&shard->aliases);
    sm_index_deinit(&shard->alias_index);
}

static size_t entries_memory(const struct sm_entries *entries, const struct sm_index *index)
{
    return sm_entries_reserved_bytes(entries) + sm_index_reserved_bytes(index);
}

size_t sm_series_shard_memory(const struct sm_series_shard *shard)
{
    size_t bytes = sizeof(*shard) + entries_memory(&shard->resources, &shard->resource_index) + entries_memory(&shard->aliases, &shard->alias_index) +
                   shard->keys.capacity;
    for (size_t i = 0; i < SM_LABELS_FAMILY_COUNT; i++) {
        const struct sm_series_shard_family *family = &shard->families[i];
        bytes += entries_memory(&family->series, &family->index) + family->dirty.capacity * sizeof(uint32_t) +
                 family->created.capacity * sizeof(struct sm_series_shard_new_series);
    }
    return bytes;
}
