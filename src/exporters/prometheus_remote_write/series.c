/* series.c - see series.h. State: the caller's. A series is found by the hash of its labels and then compared label by label. */
#include "exporters/prometheus_remote_write/series.h"

#include "base/hash.h"

void sm_write_init(struct sm_write *write, struct sm_arena *arena)
{
    *write = (struct sm_write){.arena = arena, .stream = UINT32_MAX};
}

void sm_write_deinit(struct sm_write *write)
{
    sm_prometheus_table_deinit(&write->_table);
}

static uint32_t hash_labels(const struct sm_write_labels *labels)
{
    uint64_t hash = sm_hash_secret();
    for (size_t i = 0; i < labels->count; i++) {
        hash = sm_hash_with(hash, labels->items[i].name);
        hash = sm_hash_with(hash, labels->items[i].value);
    }
    return (uint32_t)(hash ^ hash >> 32);
}

struct sm_hash128 sm_write_hash_labels(const struct sm_write_labels *labels)
{
    struct sm_hash128 hash = {.low = sm_hash_secret(), .high = ~sm_hash_secret()};
    for (size_t i = 0; i < labels->count; i++) {
        hash.low = sm_hash_with(sm_hash_with(hash.low, labels->items[i].name), labels->items[i].value);
        hash.high = sm_hash_with(sm_hash_with(hash.high, labels->items[i].name), labels->items[i].value);
    }
    return hash;
}

static bool has_labels(const struct sm_prometheus_entry *entry, const void *wanted)
{
    const struct sm_write_labels *a = &((const struct sm_write_series *)entry)->labels, *b = wanted;
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++)
        if (!sm_slice_equal(a->items[i].name, b->items[i].name) || !sm_slice_equal(a->items[i].value, b->items[i].value))
            return false;
    return true;
}

/* Room for one element more. */
#define GROW(write, array, count, capacity)                                                                                                          \
    ((array) = sm_arena_grow((write)->arena, (array), (count), &(capacity), (count) + 1, sizeof(*(array))), &(array)[(count)++])

struct sm_write_series *sm_write_series_get(struct sm_write *write, struct sm_write_labels labels)
{
    uint32_t hash = hash_labels(&labels);
    struct sm_write_series *series = (struct sm_write_series *)sm_prometheus_table_find(&write->_table, hash, has_labels, &labels);
    if (series)
        return series;
    series = sm_arena_zalloc(write->arena, 1, sizeof(*series));
    series->entry.hash = hash;
    series->labels = labels;
    series->metadata = write->current;
    series->kind = write->kind;
    series->stream = write->stream;
    sm_prometheus_table_insert(&write->_table, &series->entry);
    *GROW(write, write->series, write->series_count, write->series_capacity) = series;
    return series;
}

/* Whose points the series holds. */
static void note_stream(const struct sm_write *write, struct sm_write_series *series)
{
    if (series->stream == write->stream || write->stream == UINT32_MAX || series->stream == UINT32_MAX)
        return;
    series->has_streams = true;
    series->other_stream = write->stream;
}

void sm_write_add_sample(struct sm_write *write, struct sm_write_series *series, double value, int64_t time_ms)
{
    note_stream(write, series);
    if (!series->samples) {
        series->samples = &series->first_sample;
        series->sample_capacity = 1;
    }
    *GROW(write, series->samples, series->sample_count, series->sample_capacity) =
        (struct sm_write_sample){.value = value, .time_ms = time_ms, .start_ms = write->start_ms, .stream = write->stream};
}

void sm_write_add_exemplar(struct sm_write *write, struct sm_write_series *series, const struct sm_write_exemplar *exemplar)
{
    *GROW(write, series->exemplars, series->exemplar_count, series->exemplar_capacity) = *exemplar;
}

void sm_write_add_histogram(struct sm_write *write, struct sm_write_series *series, const struct sm_write_histogram *histogram)
{
    note_stream(write, series);
    *GROW(write, series->histograms, series->histogram_count, series->histogram_capacity) = *histogram;
}

void sm_write_add_metadata(struct sm_write *write, const struct sm_write_metadata *metadata)
{
    *GROW(write, write->metadata, write->metadata_count, write->metadata_capacity) = *metadata;
}

void sm_write_describe(struct sm_write *write, struct sm_write_metadata metadata)
{
    struct sm_write_metadata *kept = sm_arena_alloc(write->arena, sizeof(*kept));
    *kept = metadata;
    write->current = kept;
}
