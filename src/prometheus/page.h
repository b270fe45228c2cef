/* page.h - what stands on one page: families of samples with their labels ready, in order. Internal to prometheus/.
 *
 * Made from a set for one scrape and released with it. Labels exist for one family at a time, so that a page of hundreds of thousands of series needs
 * room for its largest family only. */
#pragma once

#include "base/arena.h"
#include "base/bytes.h"
#include "prometheus/series.h"

/* Numbers as io.prometheus.client.MetricType. */
enum sm_prometheus_family_type {
    SM_PROMETHEUS_COUNTER = 0,
    SM_PROMETHEUS_GAUGE = 1,
    SM_PROMETHEUS_SUMMARY = 2,
    SM_PROMETHEUS_HISTOGRAM = 4,
};

struct sm_prometheus_label {
    const struct sm_slice *name;
    const struct sm_prometheus_text *value;
};

struct sm_prometheus_sample {
    const struct sm_prometheus_series *series; /* NULL: target_info, the number 1 */
    const struct sm_prometheus_label *labels;  /* by name */
    uint32_t label_count;
    uint32_t index; /* in order of creation */
};

struct sm_prometheus_family {
    struct sm_prometheus_entry entry;
    struct sm_slice name; /* not yet escaped for the client */
    struct sm_slice help;
    enum sm_prometheus_family_type type;
    struct sm_prometheus_sample *samples; /* owned */
    size_t count, capacity;
};

struct sm_prometheus_page {
    struct sm_prometheus_set *set;
    uint64_t now_ns;
    struct sm_arena arena;  /* what lives as long as the page */
    struct sm_arena labels; /* labels of the family being written */
    struct sm_prometheus_table families, metrics, names;
    struct sm_prometheus_family **sorted; /* by name; borrowed: arena */
    size_t count;
    size_t dropped; /* series left out */
    struct sm_prometheus_texts *texts;
    struct sm_prometheus_text **held; /* references to release with the page */
    size_t held_count, held_capacity;
};

/* Makes and checks the labels of a family's samples, orders them and drops what cannot be shown; what it made for the family before is gone. */
void sm_prometheus_page_prepare(struct sm_prometheus_page *page, struct sm_prometheus_family *family, bool with_timestamps);

/* ---- labels (labels.c) */
/* The labels of a series by name. False: they collide, or one cannot be shown; `*reason` then says so. */
bool sm_prometheus_page_labels(struct sm_prometheus_page *page, struct sm_prometheus_sample *sample, const char **reason);
/* Adds target_info samples to `family`. */
void sm_prometheus_page_target_info(struct sm_prometheus_page *page, struct sm_prometheus_family *family);
/* One more sample in the family. */
struct sm_prometheus_sample *sm_prometheus_family_add(struct sm_prometheus_family *family);

/* ---- buckets of classic histograms (buckets.c) */
struct sm_prometheus_bucket {
    double upper;
    uint64_t cumulative_count;
    const struct sm_prometheus_exemplar *exemplar; /* NULL: none */
};

/* The bounds of one metric, ascending and each once. Kept from series to series, since they rarely differ. */
struct sm_prometheus_bounds {
    const struct sm_prometheus_text *of; /* NULL: none yet */
    struct sm_bytes uppers, indices;     /* doubles, and where each stood */
    struct sm_bytes buckets;             /* of the series at hand */
};
void sm_prometheus_bounds_deinit(struct sm_prometheus_bounds *bounds);
/* The buckets of a histogram's series, with the exemplars that fall in them; a bucket +Inf is among them only if there is a bound or an exemplar for
 * it. Valid until the next call. */
const struct sm_prometheus_bucket *sm_prometheus_buckets_of(struct sm_prometheus_bounds *bounds, const struct sm_prometheus_series *series,
                                                            size_t *count);

/* The quantiles of a summary, ascending; of equal ones the last. The array is owned by the caller. */
struct sm_quantile *sm_prometheus_quantiles_of(const struct sm_prometheus_distribution *summary, size_t *count) __attribute__((returns_nonnull));

/* ---- writers */
void sm_prometheus_write_text(struct sm_prometheus_page *page, struct sm_prometheus_format format, struct sm_bytes *out); /* text and OpenMetrics */
void sm_prometheus_write_proto(struct sm_prometheus_page *page, struct sm_prometheus_format format, struct sm_bytes *out);
/* An encoded MetricFamily as protobuf's text format; the one-line form ends in a line feed, the other in an empty line. */
void sm_prometheus_put_family_text(struct sm_bytes *out, struct sm_slice family, bool is_on_one_line);
double sm_prometheus_sample_number(const struct sm_prometheus_sample *sample); /* of counters and gauges */
/* Milliseconds since 1970, rounded down. */
int64_t sm_prometheus_sample_time_ms(const struct sm_prometheus_sample *sample);

enum { SM_PROMETHEUS_SCALE_MIN = -4, SM_PROMETHEUS_SCALE_MAX = 8 }; /* of native histograms */
