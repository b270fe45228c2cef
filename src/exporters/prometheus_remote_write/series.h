/* series.h - the series of one remote write: found by their labels, with their samples, native histograms and exemplars.
 *
 * The series of one histogram or summary share the labels of its point and differ in a name and one label more, so that a series costs no labels of
 * its own; the labels are put together when they are written.
 *
 * Made for one batch, or for a window of it: with `take` set, the series made so far are taken from time to time and forgotten, so that no more than
 * some hundred of them are held. Slices point into the batch or the arena. One thread at a time.
 * Source: pkg/translator/prometheusremotewrite (metrics_to_prw.go), prompb/types.proto. */
#pragma once

#include "base/arena.h"
#include "base/hash.h"
#include "prometheus/relabel.h"
#include "prometheus/table.h"

/* By name; names are unique but where a point has an attribute that is called as one of Prometheus' own (le). */
struct sm_write_labels {
    const struct sm_prometheus_pair *items; /* borrowed: arena */
    size_t count;
};

/* Labels with their hash, a sum over them: those that the series of a point share. */
struct sm_write_base {
    struct sm_write_labels labels;
    struct sm_hash128 hash;
};

/* One label with its hash. */
struct sm_write_label {
    struct sm_prometheus_pair pair;
    struct sm_hash128 hash;
};

/* The labels of a series: by name, `name` and `extra` behind those of the base that are called the same. */
struct sm_write_key {
    const struct sm_write_base *base;
    const struct sm_write_label *name;  /* __name__; NULL: it stands in the base */
    const struct sm_write_label *extra; /* its name comes behind __name__; NULL: none */
};

struct sm_write_sample {
    double value;
    int64_t time_ms, start_ms; /* start_ms: from when on it counts; 0: not known */
    uint32_t stream;           /* index of sm_write.streams; UINT32_MAX: of none */
};

/* How values of two streams go together. */
enum sm_write_kind { SM_WRITE_OTHER, SM_WRITE_COUNTER, SM_WRITE_UP_DOWN, SM_WRITE_QUANTILE };

struct sm_write_exemplar {
    struct sm_write_labels labels; /* not sorted */
    double value;
    int64_t time_ms;
};

/* A run of buckets: the first lies `offset` behind the end of the run before (the first run: behind bucket 0). */
struct sm_write_span {
    int32_t offset;
    uint32_t count;
};

struct sm_write_buckets {
    struct sm_write_span *spans; /* borrowed: arena */
    int64_t *deltas;             /* borrowed: arena; each count less the one before */
    size_t span_count, span_capacity, delta_count, delta_capacity;
};

struct sm_write_histogram {
    uint64_t count, zero_count;
    double sum, zero_threshold;
    int32_t schema;
    int64_t time_ms, start_ms; /* start_ms: as of a sample */
    uint32_t stream;           /* as of a sample */
    struct sm_write_buckets positive, negative;
    const struct sm_data_point *point; /* what it was made of; in a series NULL, or borrowed: arena */
};

/* prompb.MetricMetadata.MetricType; the same numbers in version 2. */
enum sm_write_type {
    SM_WRITE_TYPE_UNKNOWN = 0,
    SM_WRITE_TYPE_COUNTER = 1,
    SM_WRITE_TYPE_GAUGE = 2,
    SM_WRITE_TYPE_HISTOGRAM = 3,
    SM_WRITE_TYPE_SUMMARY = 5,
    SM_WRITE_TYPE_INFO = 6,
    SM_WRITE_TYPE_STATESET = 7,
};

/* What a name stands for. */
struct sm_write_metadata {
    unsigned type; /* enum sm_write_type */
    struct sm_slice name, help, unit;
};

struct sm_write_series {
    struct sm_prometheus_entry entry;
    struct sm_write_key key;                  /* borrowed: arena */
    const struct sm_write_metadata *metadata; /* borrowed: arena; version 2: without the name; NULL: none */
    enum sm_write_kind kind;
    bool has_streams;              /* two or more of them gave points */
    bool is_labelled;              /* has all labels that are sent: sm_write_select changes none */
    uint32_t stream, other_stream; /* the first, and one more */
    uint32_t sample_count, sample_capacity;
    struct sm_write_sample first_sample;   /* most series have one */
    struct sm_write_sample *samples;       /* borrowed: arena, as the others; or first_sample */
    struct sm_write_exemplar *exemplars;   /* in the order they came */
    struct sm_write_histogram *histograms; /* in the order they came */
    uint32_t exemplar_count, exemplar_capacity, histogram_count, histogram_capacity;
};

struct sm_data_point;
struct sm_write_stream;
struct sm_write;

/* Takes the series that are there, for good. False: nothing more is wanted of the batch. */
typedef bool sm_write_take(struct sm_write *write, void *context);

struct sm_write {
    struct sm_arena *arena;                  /* borrowed; emptied when a window is taken */
    sm_write_take *take;                     /* NULL: all series of the batch are held */
    void *take_context;                      /* borrowed */
    bool is_over;                            /* `take` said so */
    struct sm_arena _kept;                   /* owned: what windows have in common: metadata, streams */
    struct sm_prometheus_table _table;       /* owned: by labels */
    struct sm_write_series **series;         /* borrowed: arena; in the order they were made */
    const struct sm_write_metadata *current; /* borrowed: arena; what series that are made from now on stand for; NULL: nothing */
    int64_t start_ms;                        /* of points that are added from now on */
    enum sm_write_kind kind;                 /* of series that are made from now on */
    uint32_t stream;                         /* of points that are added from now on */
    bool keeps_points;                       /* native histograms know what they were made of, which collisions add up */
    struct sm_prometheus_table _streams;     /* owned: by their hash */
    struct sm_write_stream **streams;        /* borrowed: arena, as what they point to */
    size_t stream_count, stream_capacity;
    struct sm_write_metadata *metadata; /* owned: _kept */
    size_t series_count, series_capacity, metadata_count, metadata_capacity;
    struct sm_prometheus_pair *_flat; /* borrowed: arena; of sm_write_labels_of */
    size_t _flat_capacity;
};

/* Milliseconds, rounded towards zero. */
static inline int64_t sm_write_time_ms(uint64_t time_ns)
{
    return (int64_t)time_ns / 1000000;
}

/* The NaN that ends a series. */
#define SM_WRITE_STALE_BITS UINT64_C(0x7ff0000000000002)

/* The hash of a label, whose name is hashed once where it comes again and again. */
static inline uint64_t sm_write_hash_name(struct sm_slice name)
{
    return sm_hash_with(sm_hash_secret(), name);
}
/* 64 bits are enough for one label; the other half makes the sums of many differ where those of the first half do not. */
static inline struct sm_hash128 sm_write_hash_value(uint64_t name_hash, struct sm_slice value)
{
    uint64_t low = sm_hash_with(name_hash, value), high = (low ^ low >> 32) * UINT64_C(0x9e3779b97f4a7c15);
    return (struct sm_hash128){.low = low, .high = high ^ high >> 29};
}
static inline void sm_write_add_hash(struct sm_hash128 *sum, struct sm_hash128 more)
{
    sum->low += more.low;
    sum->high += more.high;
}

void sm_write_init(struct sm_write *write, struct sm_arena *arena);
/* Is a window full? Then it has been taken, what was made of the batch is gone, and the arena is empty. To be asked between two points. */
bool sm_write_end_window(struct sm_write *write);
/* Not the arena. */
void sm_write_deinit(struct sm_write *write);
struct sm_write_base sm_write_make_base(struct sm_write_labels labels);
/* Other labels have another hash. */
struct sm_hash128 sm_write_hash_key(const struct sm_write_key *key);
struct sm_write_label sm_write_make_label(struct sm_slice name, struct sm_slice value);
/* The series with these labels, which must live as long as the arena; made when it is new. */
struct sm_write_series *sm_write_series_get(struct sm_write *write, struct sm_write_labels labels) __attribute__((returns_nonnull));
/* The same with labels whose hash is known. */
struct sm_write_series *sm_write_series_get_hashed(struct sm_write *write, const struct sm_write_base *labels) __attribute__((returns_nonnull));
/* The same for labels that are shared; what the key refers to must live as long as the arena. */
struct sm_write_series *sm_write_series_get_shared(struct sm_write *write, const struct sm_write_key *key) __attribute__((returns_nonnull));
/* All labels of a series in one array: until the next call. */
struct sm_write_labels sm_write_labels_of(struct sm_write *write, const struct sm_write_series *series);
/* Gives a series other labels; it can no longer be found by any. */
void sm_write_replace_labels(struct sm_write *write, struct sm_write_series *series, struct sm_write_labels labels);
void sm_write_add_sample(struct sm_write *write, struct sm_write_series *series, double value, int64_t time_ms);
void sm_write_add_exemplar(struct sm_write *write, struct sm_write_series *series, const struct sm_write_exemplar *exemplar);
void sm_write_add_histogram(struct sm_write *write, struct sm_write_series *series, const struct sm_write_histogram *histogram);
/* What series that are made from now on stand for. */
void sm_write_describe(struct sm_write *write, struct sm_write_metadata metadata);
/* Copies the name and the unit; the help must live as long as `write`. */
void sm_write_add_metadata(struct sm_write *write, const struct sm_write_metadata *metadata);
