/* collisions.c - see collisions.h. State: for `merge` and `drop` a table of series by a hash of 128 bits, each with its streams and what they said
 * last; a stream that was not seen for five minutes is forgotten, what it had counted stays in the series. Senders choose how many streams a series
 * has: they are found by a table, and their sum is kept. */
#include "exporters/prometheus_remote_write/collisions.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "base/hash.h"
#include "base/memory.h"
#include "config/option.h"
#include "exporters/prometheus_remote_write/translate.h"
#include "prometheus/distribution.h"
#include "telemetry/metric.h"

enum { SWEEP_SECONDS = 60, KEEP_SECONDS = 300, NO_STREAM = UINT32_MAX };
/* Native histograms of more streams than that are added up once a request, not for every time in it: each sum asks all streams. */
enum { CROWD = 256 };

/* ---- the streams of a batch */

struct sm_write_stream {
    struct sm_prometheus_entry entry;
    uint64_t hash;
    uint32_t number;                      /* index of sm_write.streams */
    const struct sm_attributes *resource; /* borrowed: batch */
};

/* Attributes in any order give the same. */
static uint64_t hash_attributes(const struct sm_attributes *attributes, struct sm_arena *arena)
{
    uint64_t sum = 0;
    struct sm_attribute_cursor cursor = sm_attributes_begin(attributes);
    struct sm_attribute attribute;
    while (sm_attributes_next(&cursor, &attribute))
        sum += sm_hash_with(sm_hash_with(sm_hash_secret(), attribute.key), sm_value_to_string(&attribute.value, arena));
    return sum;
}

static bool is_stream(const struct sm_prometheus_entry *entry, const void *hash)
{
    return ((const struct sm_write_stream *)entry)->hash == *(const uint64_t *)hash;
}

static uint32_t add_stream(struct sm_write *write, uint64_t hash, const struct sm_attributes *resource)
{
    struct sm_write_stream *stream = sm_arena_zalloc(&write->_kept, 1, sizeof(*stream));
    *stream = (struct sm_write_stream){.entry.hash = (uint32_t)hash, .hash = hash, .number = (uint32_t)write->stream_count, .resource = resource};
    write->streams =
        sm_arena_grow(&write->_kept, write->streams, write->stream_count, &write->stream_capacity, write->stream_count + 1, sizeof(*write->streams));
    write->streams[write->stream_count++] = stream;
    sm_prometheus_table_insert(&write->_streams, &stream->entry);
    return stream->number;
}

void sm_write_begin_stream(struct sm_write *write, const struct sm_attributes *resource, const struct sm_scope *scope)
{
    uint64_t hash = hash_attributes(resource, write->arena) * 3 + hash_attributes(&scope->attributes, write->arena);
    hash = sm_hash_with(sm_hash_with(hash, scope->name), scope->version);
    struct sm_write_stream *stream = (struct sm_write_stream *)sm_prometheus_table_find(&write->_streams, (uint32_t)hash, is_stream, &hash);
    write->stream = stream ? stream->number : add_stream(write, hash, resource);
}

static bool has_key(const struct sm_attributes *attributes, const struct sm_attribute *wanted, struct sm_arena *arena)
{
    struct sm_value value;
    return sm_attributes_find(attributes, wanted->key, &value) &&
           sm_slice_equal(sm_value_to_string(&value, arena), sm_value_to_string(&wanted->value, arena));
}

static void name_missing(const struct sm_attributes *from, const struct sm_attributes *in, struct sm_arena *arena, struct sm_bytes *names,
                         bool only_absent)
{
    struct sm_attribute_cursor cursor = sm_attributes_begin(from);
    struct sm_attribute attribute;
    struct sm_value value;
    while (sm_attributes_next(&cursor, &attribute))
        if (only_absent ? !sm_attributes_find(in, attribute.key, &value) : !has_key(in, &attribute, arena))
            sm_bytes_printf(names, "%s%.*s", names->size ? ", " : "", SM_SLICE_ARGS(attribute.key));
}

struct sm_slice sm_write_name_differences(const struct sm_attributes *left, const struct sm_attributes *right, struct sm_arena *arena)
{
    struct sm_bytes names;
    sm_bytes_init(&names, arena);
    name_missing(left, right, arena, &names, false);
    name_missing(right, left, arena, &names, true);
    return sm_bytes_slice(&names);
}

/* ---- what is remembered */

struct source {
    struct sm_prometheus_entry entry; /* by series and stream */
    const struct known *known;        /* borrowed */
    struct source *next;
    uint64_t hash, seen_ns;
    int64_t time_ms;                                           /* of the last value */
    double last, before;                                       /* the last value; what it had counted before it began anew */
    struct sm_prometheus_distribution *native, *native_before; /* owned: the same of a native histogram; NULL: none */
};

struct known {
    struct sm_prometheus_entry entry;
    struct sm_hash128 key;
    struct source *sources;                              /* owned; the first that came stands last */
    size_t source_count;                                 /* of them */
    double forgotten;                                    /* counted by streams that are gone */
    double total;                                        /* of all: added up anew at each sweep */
    struct sm_prometheus_distribution *native_forgotten; /* owned: the same of native histograms; NULL: nothing */
    int64_t sent_ms;                                     /* the newest time sent */
    bool has_sent;
    uint64_t seen_ns;
};

struct sm_write_collisions {
    enum sm_write_on_collision what;
    pthread_mutex_t lock;
    struct sm_prometheus_table table;   /* owned, and its entries */
    struct sm_prometheus_table sources; /* owned; its entries are those of the series */
    uint64_t now_ns, swept_ns;
};

struct sm_write_collisions *sm_write_collisions_create(enum sm_write_on_collision what)
{
    struct sm_write_collisions *collisions = sm_alloc(1, sizeof(*collisions));
    collisions->what = what;
    pthread_mutex_init(&collisions->lock, NULL);
    return collisions;
}

static void free_native(struct sm_prometheus_distribution *native)
{
    sm_prometheus_distribution_free(NULL, native); /* which has no bounds, and so no texts */
}

static void free_source(struct source *source)
{
    free_native(source->native);
    free_native(source->native_before);
    free(source);
}

static void free_known(struct known *known)
{
    if (!known)
        return;
    while (known->sources) {
        struct source *next = known->sources->next;
        free_source(known->sources);
        known->sources = next;
    }
    free_native(known->native_forgotten);
    free(known);
}

/* `*total` becomes the sum of both. NULL is nothing. */
static void add_native_to(struct sm_prometheus_distribution **total, const struct sm_prometheus_distribution *native)
{
    struct sm_prometheus_distribution *before = *total;
    if (!native)
        return;
    *total = before ? sm_prometheus_exponential_add(before, native) : sm_prometheus_distribution_copy(native);
    free_native(before);
}

void sm_write_collisions_free(struct sm_write_collisions *collisions)
{
    if (!collisions)
        return;
    for (size_t i = 0; i < collisions->table.capacity; i++)
        free_known((struct known *)sm_prometheus_table_at(&collisions->table, i));
    sm_prometheus_table_deinit(&collisions->table);
    sm_prometheus_table_deinit(&collisions->sources);
    pthread_mutex_destroy(&collisions->lock);
    free(collisions);
}

static bool is_old(const struct sm_write_collisions *collisions, uint64_t seen_ns)
{
    return collisions->now_ns - seen_ns > (uint64_t)KEEP_SECONDS * SM_S;
}

static void forget_sources(struct sm_write_collisions *collisions, struct known *known)
{
    known->total = 0;
    for (struct source **at = &known->sources; *at;) {
        struct source *source = *at;
        if (!is_old(collisions, source->seen_ns)) {
            known->total += source->before + source->last;
            at = &source->next;
            continue;
        }
        known->forgotten += source->before + source->last;
        add_native_to(&known->native_forgotten, source->native_before);
        add_native_to(&known->native_forgotten, source->native);
        *at = source->next;
        known->source_count--;
        sm_prometheus_table_remove(&collisions->sources, &source->entry);
        free_source(source);
    }
    known->total += known->forgotten;
}

static void sweep(struct sm_write_collisions *collisions)
{
    if (collisions->now_ns - collisions->swept_ns < (uint64_t)SWEEP_SECONDS * SM_S)
        return;
    collisions->swept_ns = collisions->now_ns;
    for (size_t i = 0; i < collisions->table.capacity; i++) {
        struct known *known = (struct known *)sm_prometheus_table_at(&collisions->table, i);
        if (!known)
            continue;
        forget_sources(collisions, known);
        if (!is_old(collisions, known->seen_ns))
            continue;
        sm_prometheus_table_remove(&collisions->table, &known->entry);
        free_known(known);
    }
}

static bool is_known(const struct sm_prometheus_entry *entry, const void *wanted)
{
    const struct sm_hash128 *a = &((const struct known *)entry)->key, *b = wanted;
    return a->low == b->low && a->high == b->high;
}

static struct known *find_known(struct sm_write_collisions *collisions, const struct sm_write_series *series)
{
    struct sm_hash128 key = sm_write_hash_key(&series->key);
    struct known *known = (struct known *)sm_prometheus_table_find(&collisions->table, (uint32_t)key.low, is_known, &key);
    if (!known) {
        known = sm_alloc(1, sizeof(*known));
        known->entry.hash = (uint32_t)key.low;
        known->key = key;
        sm_prometheus_table_insert(&collisions->table, &known->entry);
    }
    known->seen_ns = collisions->now_ns;
    return known;
}

struct wanted_source {
    const struct known *known;
    uint64_t hash;
};

static bool is_source(const struct sm_prometheus_entry *entry, const void *key)
{
    const struct source *source = (const struct source *)entry;
    const struct wanted_source *wanted = key;
    return source->known == wanted->known && source->hash == wanted->hash;
}

static struct source *find_source(struct sm_write_collisions *collisions, struct known *known, uint64_t hash)
{
    const struct wanted_source wanted = {.known = known, .hash = hash};
    uint32_t entry_hash = (uint32_t)((hash ^ known->key.low) * UINT64_C(0x9e3779b97f4a7c15) >> 32);
    struct source *source = (struct source *)sm_prometheus_table_find(&collisions->sources, entry_hash, is_source, &wanted);
    if (!source) {
        source = sm_alloc(1, sizeof(*source));
        *source = (struct source){.entry.hash = entry_hash, .known = known, .next = known->sources, .hash = hash};
        known->sources = source;
        known->source_count++;
        sm_prometheus_table_insert(&collisions->sources, &source->entry);
    }
    source->seen_ns = collisions->now_ns;
    return source;
}

/* Of the streams of a series; the first stands last. */
static bool is_first(const struct source *source)
{
    return source->next == NULL;
}

/* ---- samples */

static bool is_stale(double value)
{
    const uint64_t stale = SM_WRITE_STALE_BITS;
    return memcmp(&value, &stale, sizeof(value)) == 0;
}

/* Whether what is counted at the time counts from behind the source's last value on. */
static bool starts_later(const struct source *source, int64_t start_ms, int64_t time_ms)
{
    return source->time_ms && start_ms && start_ms >= source->time_ms && start_ms < time_ms;
}

/* A counter begins anew when it goes back, or starts later. */
static void count_sample(struct known *known, struct source *source, const struct sm_write_sample *sample, bool is_monotonic)
{
    double counted = source->before + source->last;
    if (is_monotonic && (sample->value < source->last || starts_later(source, sample->start_ms, sample->time_ms)))
        source->before += source->last;
    source->last = sample->value;
    source->time_ms = sample->time_ms;
    known->total += source->before + source->last - counted;
}

static bool is_alone(const struct known *known, const struct source *source)
{
    return known->sources == source && !source->next && known->forgotten == 0 && !known->native_forgotten;
}

/* False: the sample is left out, because one of a later stream, or the next time, says it too, or because it says nothing of all together. */
static bool add_up(struct known *known, struct source *source, struct sm_write_series *series, struct sm_write_sample *sample)
{
    if (series->kind == SM_WRITE_QUANTILE)
        return is_alone(known, source) && !series->has_streams;
    if (series->kind == SM_WRITE_OTHER && !is_stale(sample->value))
        return true;
    if (!isfinite(sample->value)) /* also the mark of the end: a sum with it would never be a number again */
        return is_alone(known, source);
    count_sample(known, source, sample, series->kind == SM_WRITE_COUNTER);
    sample->value = known->total;
    return true;
}

static void push(struct known *known, struct sm_write_series *series, size_t *kept, const struct sm_write_sample *sample)
{
    if (*kept && series->samples[*kept - 1].time_ms == sample->time_ms) { /* of one time the last counts: it holds all */
        series->samples[*kept - 1] = *sample;
        return;
    }
    if (known->has_sent && sample->time_ms <= known->sent_ms && known->sources->next) /* with a time that was sent already: the next one says it */
        return;
    series->samples[(*kept)++] = *sample;
    known->sent_ms = sample->time_ms;
    known->has_sent = true;
}

/* A sample or histogram of a series by its time. */
struct place {
    int64_t time_ms;
    size_t index;
};

/* Of one time in the order they came. */
static int compare_places(const void *left, const void *right)
{
    const struct place *a = left, *b = right;
    return a->time_ms != b->time_ms ? (a->time_ms > b->time_ms) - (a->time_ms < b->time_ms) : (a->index > b->index) - (a->index < b->index);
}

static bool are_samples_sorted(const struct sm_write_series *series)
{
    for (size_t i = 1; i < series->sample_count; i++)
        if (series->samples[i - 1].time_ms > series->samples[i].time_ms)
            return false;
    return true;
}

/* By time, in the order of streams within one time. */
static void sort_samples(struct sm_write_series *series, struct sm_arena *arena)
{
    size_t count = series->sample_count;
    if (are_samples_sorted(series))
        return;
    struct place *places = sm_arena_alloc(arena, count * sizeof(*places));
    struct sm_write_sample *unsorted = sm_arena_alloc(arena, count * sizeof(*unsorted));
    memcpy(unsorted, series->samples, count * sizeof(*unsorted));
    for (size_t i = 0; i < count; i++)
        places[i] = (struct place){.time_ms = unsorted[i].time_ms, .index = i};
    qsort(places, count, sizeof(*places), compare_places);
    for (size_t i = 0; i < count; i++)
        series->samples[i] = unsorted[places[i].index];
}

static void resolve_samples(struct sm_write_collisions *collisions, struct sm_write *write, struct sm_write_series *series)
{
    struct known *known = find_known(collisions, series);
    size_t kept = 0;
    sort_samples(series, write->arena);
    for (size_t i = 0; i < series->sample_count; i++) {
        struct sm_write_sample sample = series->samples[i];
        if (sample.stream == NO_STREAM) {
            series->samples[kept++] = sample;
            continue;
        }
        struct source *source = find_source(collisions, known, write->streams[sample.stream]->hash);
        if (collisions->what == SM_WRITE_MERGE ? add_up(known, source, series, &sample) : is_first(source))
            push(known, series, &kept, &sample);
    }
    series->sample_count = (uint32_t)kept;
}

/* ---- native histograms */

static struct sm_exponential_buckets side_of(const struct sm_prometheus_buckets *side, uint64_t *counts)
{
    return (struct sm_exponential_buckets){.offset = side->offset, .counts = counts, .count = side->count};
}

/* False: its scale is coarser than any of Prometheus'. */
static bool write_native(struct sm_prometheus_distribution *native, struct sm_arena *arena, struct sm_write_histogram *histogram)
{
    const struct sm_data_point point = {.scale = native->scale,
                                        .zero_count = native->zero_count,
                                        .zero_threshold = native->zero_threshold,
                                        .count = native->count,
                                        .has_sum = native->has_sum,
                                        .sum = native->sum,
                                        .positive = side_of(&native->positive, native->data),
                                        .negative = side_of(&native->negative, native->data + native->positive.count)};
    struct sm_write_histogram written;
    if (!sm_write_make_native(&point, arena, &written))
        return false;
    written.time_ms = histogram->time_ms;
    written.start_ms = histogram->start_ms;
    written.stream = histogram->stream;
    *histogram = written;
    return true;
}

static void count_native(struct source *source, const struct sm_write_histogram *histogram)
{
    struct sm_prometheus_distribution *native = sm_prometheus_exponential_make(histogram->point);
    native->zero_threshold = histogram->zero_threshold;
    bool went_back = source->native && native->count < source->native->count;
    if (went_back || starts_later(source, histogram->start_ms, histogram->time_ms))
        add_native_to(&source->native_before, source->native);
    free_native(source->native);
    source->native = native;
    source->time_ms = histogram->time_ms;
}

/* As add_up. Of several of one time, for which `says_all` is false, the last says it all. */
static bool add_up_native(struct known *known, struct source *source, struct sm_write_histogram *histogram, bool says_all, struct sm_arena *arena)
{
    if (histogram->count == SM_WRITE_STALE_BITS)
        return is_alone(known, source);
    count_native(source, histogram);
    if (!says_all)
        return false;
    if (is_alone(known, source) && !source->native_before)
        return true;
    struct sm_prometheus_distribution *total = NULL;
    add_native_to(&total, known->native_forgotten);
    for (const struct source *one = known->sources; one; one = one->next) {
        add_native_to(&total, one->native_before);
        add_native_to(&total, one->native);
    }
    bool is_written = write_native(total, arena, histogram);
    free_native(total);
    return is_written;
}

static void push_native(struct known *known, struct sm_write_series *series, size_t *kept, const struct sm_write_histogram *histogram)
{
    if (*kept && series->histograms[*kept - 1].time_ms == histogram->time_ms) { /* of one time the last counts: it holds all */
        series->histograms[*kept - 1] = *histogram;
        return;
    }
    if (known->has_sent && histogram->time_ms <= known->sent_ms && known->sources->next)
        return;
    series->histograms[(*kept)++] = *histogram;
    known->sent_ms = histogram->time_ms;
    known->has_sent = true;
}

/* By time, in the order of streams within one time. */
static void sort_histograms(struct sm_write_series *series, struct sm_arena *arena)
{
    size_t count = series->histogram_count;
    struct place *places = sm_arena_alloc(arena, count * sizeof(*places));
    struct sm_write_histogram *unsorted = sm_arena_alloc(arena, count * sizeof(*unsorted));
    memcpy(unsorted, series->histograms, count * sizeof(*unsorted));
    for (size_t i = 0; i < count; i++)
        places[i] = (struct place){.time_ms = unsorted[i].time_ms, .index = i};
    qsort(places, count, sizeof(*places), compare_places);
    for (size_t i = 0; i < count; i++)
        series->histograms[i] = unsorted[places[i].index];
}

static void resolve_histograms(struct sm_write_collisions *collisions, struct sm_write *write, struct sm_write_series *series)
{
    struct known *known = find_known(collisions, series);
    size_t kept = 0;
    if (series->histogram_count > 1)
        sort_histograms(series, write->arena);
    for (size_t i = 0; i < series->histogram_count; i++) {
        struct sm_write_histogram histogram = series->histograms[i];
        struct source *source = find_source(collisions, known, write->streams[histogram.stream]->hash);
        bool is_last = i + 1 == series->histogram_count;
        bool says_all = is_last || (known->source_count <= CROWD && series->histograms[i + 1].time_ms != histogram.time_ms);
        if (collisions->what == SM_WRITE_MERGE ? add_up_native(known, source, &histogram, says_all, write->arena) : is_first(source))
            push_native(known, series, &kept, &histogram);
    }
    series->histogram_count = (uint32_t)kept;
}

/* ---- batches */

void sm_write_note_collision(const struct sm_write *write, const struct sm_write_series *series, uint32_t left, uint32_t right,
                             struct sm_write_collision *found)
{
    found->series++;
    if (!found->first) {
        found->first = series;
        found->left = write->streams[left]->resource;
        found->right = write->streams[right]->resource;
    }
}

struct sm_write_collision sm_write_resolve_collisions(struct sm_write_collisions *collisions, struct sm_write *write, uint64_t now_ns)
{
    struct sm_write_collision found = {0};
    size_t kept = 0;
    bool is_changing = collisions->what != SM_WRITE_KEEP;
    pthread_mutex_lock(&collisions->lock);
    if (now_ns > collisions->now_ns)
        collisions->now_ns = now_ns;
    sweep(collisions);
    for (size_t i = 0; i < write->series_count; i++) {
        struct sm_write_series *series = write->series[i];
        bool has_samples = series->sample_count > 0, has_histograms = series->histogram_count > 0;
        if (series->has_streams)
            sm_write_note_collision(write, series, series->stream, series->other_stream, &found);
        if (is_changing && has_samples)
            resolve_samples(collisions, write, series);
        if (is_changing && has_histograms)
            resolve_histograms(collisions, write, series);
        if (!(has_samples || has_histograms) || series->sample_count + series->histogram_count + series->exemplar_count > 0)
            write->series[kept++] = series;
    }
    write->series_count = kept;
    pthread_mutex_unlock(&collisions->lock);
    return found;
}
