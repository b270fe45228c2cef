/* series.c - see series.h. State: the caller's. A series is found by the hash of its labels, a sum so that shared labels are
 * hashed once, and then compared label by label. */
#include "exporters/prometheus_remote_write/series.h"

#include "base/hash.h"
#include "telemetry/metric.h"

void sm_write_init(struct sm_write *write, struct sm_arena *arena)
{
    *write = (struct sm_write){.arena = arena, .stream = UINT32_MAX};
}

void sm_write_deinit(struct sm_write *write)
{
    sm_prometheus_table_deinit(&write->_table);
    sm_prometheus_table_deinit(&write->_streams);
    sm_arena_deinit(&write->_kept);
}

enum { WINDOW = 512 }; /* series: what they take stays in the cache */

bool sm_write_end_window(struct sm_write *write)
{
    if (!write->take || write->series_count < WINDOW)
        return false;
    write->is_over = !write->take(write, write->take_context);
    sm_prometheus_table_clear(&write->_table);
    sm_arena_reset(write->arena);
    write->series = NULL;
    write->_flat = NULL;
    write->current = NULL;
    write->series_count = write->series_capacity = write->_flat_capacity = 0;
    return true;
}

struct sm_write_label sm_write_make_label(struct sm_slice name, struct sm_slice value)
{
    return (struct sm_write_label){.pair = {.name = name, .value = value}, .hash = sm_write_hash_value(sm_write_hash_name(name), value)};
}

struct sm_write_base sm_write_make_base(struct sm_write_labels labels)
{
    struct sm_write_base base = {.labels = labels};
    for (size_t i = 0; i < labels.count; i++)
        sm_write_add_hash(&base.hash, sm_write_make_label(labels.items[i].name, labels.items[i].value).hash);
    return base;
}

struct sm_hash128 sm_write_hash_key(const struct sm_write_key *key)
{
    struct sm_hash128 hash = key->base->hash;
    if (key->name)
        sm_write_add_hash(&hash, key->name->hash);
    if (key->extra)
        sm_write_add_hash(&hash, key->extra->hash);
    return hash;
}

static uint32_t hash_key(const struct sm_write_key *key)
{
    uint64_t hash = sm_write_hash_key(key).low;
    return (uint32_t)(hash ^ hash >> 32);
}

/* ---- labels that are put together */

static size_t count_labels(const struct sm_write_key *key)
{
    return key->base->labels.count + (key->name != NULL) + (key->extra != NULL);
}

/* Walks the labels of a key by name. */
struct walk {
    struct sm_write_labels base;       /* what is left of it */
    const struct sm_write_label *more; /* comes next among them; NULL: none */
    const struct sm_write_label *then; /* comes behind that; NULL: none */
};

static struct walk begin_labels(const struct sm_write_key *key)
{
    return (struct walk){.base = key->base->labels, .more = key->name ? key->name : key->extra, .then = key->name ? key->extra : NULL};
}

static const struct sm_prometheus_pair *next_label(struct walk *walk)
{
    const struct sm_write_label *more = walk->more;
    if (more && (walk->base.count == 0 || sm_slice_compare(walk->base.items->name, more->pair.name) > 0)) {
        walk->more = walk->then;
        walk->then = NULL;
        return &more->pair;
    }
    walk->base.count--;
    return walk->base.items++;
}

static bool has_labels(const struct sm_prometheus_entry *entry, const void *wanted)
{
    const struct sm_write_key *a = &((const struct sm_write_series *)entry)->key, *b = wanted;
    size_t count = count_labels(a);
    if (count != count_labels(b))
        return false;
    struct walk left = begin_labels(a), right = begin_labels(b);
    for (size_t i = 0; i < count; i++) {
        const struct sm_prometheus_pair *one = next_label(&left), *other = next_label(&right);
        if (!sm_slice_equal(one->name, other->name) || !sm_slice_equal(one->value, other->value))
            return false;
    }
    return true;
}

struct sm_write_labels sm_write_labels_of(struct sm_write *write, const struct sm_write_series *series)
{
    size_t count = count_labels(&series->key);
    if (count == series->key.base->labels.count)
        return series->key.base->labels;
    write->_flat = sm_arena_grow(write->arena, write->_flat, 0, &write->_flat_capacity, count, sizeof(*write->_flat));
    struct walk walk = begin_labels(&series->key);
    for (size_t i = 0; i < count; i++)
        write->_flat[i] = *next_label(&walk);
    return (struct sm_write_labels){.items = write->_flat, .count = count};
}

static const struct sm_write_base *keep_base(struct sm_write *write, struct sm_write_base base)
{
    struct sm_write_base *kept = sm_arena_alloc(write->arena, sizeof(*kept));
    *kept = base;
    return kept;
}

void sm_write_replace_labels(struct sm_write *write, struct sm_write_series *series, struct sm_write_labels labels)
{
    series->key = (struct sm_write_key){.base = keep_base(write, (struct sm_write_base){.labels = labels})};
}

/* ---- series */

/* Room for one element more. */
#define GROW(write, array, count, capacity)                                                                                                          \
    ((array) = sm_arena_grow((write)->arena, (array), (count), &(capacity), (count) + 1, sizeof(*(array))), &(array)[(count)++])

/* The same of a series' arrays, whose counts are smaller. */
static void *grow(struct sm_write *write, void *array, uint32_t count, uint32_t *capacity, size_t element_size)
{
    size_t room = *capacity;
    array = sm_arena_grow(write->arena, array, count, &room, (size_t)count + 1, element_size);
    *capacity = (uint32_t)room;
    return array;
}

static struct sm_write_series *find(const struct sm_write *write, const struct sm_write_key *key, uint32_t hash)
{
    return (struct sm_write_series *)sm_prometheus_table_find(&write->_table, hash, has_labels, key);
}

static struct sm_write_series *add(struct sm_write *write, const struct sm_write_key *key, uint32_t hash)
{
    struct sm_write_series *series = sm_arena_zalloc(write->arena, 1, sizeof(*series));
    series->entry.hash = hash;
    series->key = *key;
    series->metadata = write->current;
    series->kind = write->kind;
    series->stream = write->stream;
    sm_prometheus_table_insert(&write->_table, &series->entry);
    *GROW(write, write->series, write->series_count, write->series_capacity) = series;
    return series;
}

struct sm_write_series *sm_write_series_get_shared(struct sm_write *write, const struct sm_write_key *key)
{
    uint32_t hash = hash_key(key);
    struct sm_write_series *series = find(write, key, hash);
    return series ? series : add(write, key, hash);
}

struct sm_write_series *sm_write_series_get_hashed(struct sm_write *write, const struct sm_write_base *labels)
{
    struct sm_write_key key = {.base = labels};
    uint32_t hash = hash_key(&key);
    struct sm_write_series *series = find(write, &key, hash);
    if (series)
        return series;
    key.base = keep_base(write, *labels);
    return add(write, &key, hash);
}

struct sm_write_series *sm_write_series_get(struct sm_write *write, struct sm_write_labels labels)
{
    struct sm_write_base base = sm_write_make_base(labels);
    return sm_write_series_get_hashed(write, &base);
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
    series->samples = grow(write, series->samples, series->sample_count, &series->sample_capacity, sizeof(*series->samples));
    series->samples[series->sample_count++] =
        (struct sm_write_sample){.value = value, .time_ms = time_ms, .start_ms = write->start_ms, .stream = write->stream};
}

void sm_write_add_exemplar(struct sm_write *write, struct sm_write_series *series, const struct sm_write_exemplar *exemplar)
{
    series->exemplars = grow(write, series->exemplars, series->exemplar_count, &series->exemplar_capacity, sizeof(*series->exemplars));
    series->exemplars[series->exemplar_count++] = *exemplar;
}

void sm_write_add_histogram(struct sm_write *write, struct sm_write_series *series, const struct sm_write_histogram *histogram)
{
    note_stream(write, series);
    series->histograms = grow(write, series->histograms, series->histogram_count, &series->histogram_capacity, sizeof(*series->histograms));
    struct sm_write_histogram *added = &series->histograms[series->histogram_count++];
    *added = *histogram;
    added->start_ms = write->start_ms;
    added->stream = write->stream;
    added->point = NULL;
    if (write->keeps_points) { /* its arrays stand in the arena or the batch; it does not */
        struct sm_data_point *point = sm_arena_alloc(write->arena, sizeof(*point));
        *point = *histogram->point;
        added->point = point;
    }
}

void sm_write_add_metadata(struct sm_write *write, const struct sm_write_metadata *metadata)
{
    write->metadata = sm_arena_grow(&write->_kept, write->metadata, write->metadata_count, &write->metadata_capacity, write->metadata_count + 1,
                                    sizeof(*write->metadata));
    struct sm_write_metadata *kept = &write->metadata[write->metadata_count++];
    *kept = *metadata;
    kept->name = sm_arena_copy(&write->_kept, metadata->name);
    kept->unit = sm_arena_copy(&write->_kept, metadata->unit);
}

void sm_write_describe(struct sm_write *write, struct sm_write_metadata metadata)
{
    struct sm_write_metadata *kept = sm_arena_alloc(write->arena, sizeof(*kept));
    *kept = metadata;
    write->current = kept;
}
