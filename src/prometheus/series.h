/* series.h - what a set keeps of each series: its last point, with references to what it shares with others. Internal to prometheus/.
 *
 * One series is one malloc of about 100 bytes; a histogram adds its buckets. Labels, resource, scope and the metric's own fields are tuples:
 *   metric    name, type and monotony (one byte each), description, unit
 *   resource  job or NULL, instance or NULL, then key and value of every attribute
 *   scope     name, version, schema url, then key and value of every attribute, ordered by address
 *   labels    key and value of every attribute of the point, ordered by address */
#pragma once

#include "prometheus/distribution.h"
#include "prometheus/scrape.h"
#include "prometheus/text.h"
#include "telemetry/metric.h"

#include <stdint.h>

enum { SM_METRIC_NAME_AT, SM_METRIC_TYPE_AT, SM_METRIC_MONOTONIC_AT, SM_METRIC_DESCRIPTION_AT, SM_METRIC_UNIT_AT, SM_METRIC_TEXTS };
enum { SM_RESOURCE_JOB_AT, SM_RESOURCE_INSTANCE_AT, SM_RESOURCE_ATTRIBUTES_AT };
enum { SM_SCOPE_NAME_AT, SM_SCOPE_VERSION_AT, SM_SCOPE_SCHEMA_AT, SM_SCOPE_ATTRIBUTES_AT };

/* Labels of one series, attributes of a scope: comparing them is quadratic, and Prometheus takes far fewer. */
enum { SM_PROMETHEUS_LABELS_MAX = 512 };

struct sm_prometheus_exemplar {
    uint64_t time_ns;
    double value;
    unsigned char trace_id[16], span_id[8];
    bool has_trace_id, has_span_id;
};

struct sm_prometheus_exemplars {
    size_t count;
    struct sm_prometheus_exemplar items[];
};

struct sm_prometheus_series {
    struct sm_prometheus_entry entry;
    struct sm_prometheus_series *previous, *next;                   /* in order of creation */
    struct sm_prometheus_tuple *metric, *resource, *scope, *labels; /* owned references */
    uint64_t updated_ns;                                            /* the caller's clock */
    uint64_t start_ns, time_ns;                                     /* of the point */
    enum sm_number_type number_type;
    union {
        int64_t integer;
        double number;
        struct sm_prometheus_distribution *distribution; /* owned: histograms and summaries */
    };
    struct sm_prometheus_exemplars *exemplars; /* owned; NULL: none */
    struct sm_prometheus_group *group;         /* merge: what it is shown as; NULL otherwise */
};

/* What clients see of a series: addresses of shared texts and tuples. */
struct sm_prometheus_key {
    const void *name, *type, *scope, *job, *instance, *labels;
};

/* Help and type of a name, as long as one of its series is looked at. */
struct sm_prometheus_known {
    struct sm_prometheus_entry entry;
    struct sm_prometheus_text *name, *help; /* owned references */
    int type;                               /* enum sm_prometheus_family_type */
    uint64_t seen_ns;
    struct sm_prometheus_known *next;
};

struct sm_prometheus_set {
    const struct sm_prometheus_options *options; /* borrowed */
    const struct sm_logger *logger;              /* borrowed */
    struct sm_prometheus_texts texts;
    struct sm_prometheus_table series, known;
    struct sm_prometheus_series *first, *last;
    struct sm_prometheus_known *known_first;
    struct sm_prometheus_text **const_labels; /* owned: name and value in turn */
    struct sm_prometheus_table groups;        /* merge */
    uint64_t collision_points;                /* since they were last taken */
    struct sm_bytes collision_metric, collision_attributes;
};

static inline enum sm_metric_type sm_prometheus_series_type(const struct sm_prometheus_series *series)
{
    return (enum sm_metric_type)series->metric->texts[SM_METRIC_TYPE_AT]->bytes[0];
}

static inline bool sm_prometheus_series_is_monotonic(const struct sm_prometheus_series *series)
{
    return series->metric->texts[SM_METRIC_MONOTONIC_AT]->bytes[0] != 0;
}

static inline bool sm_prometheus_has_expired(const struct sm_prometheus_options *options, uint64_t seen_ns, uint64_t now_ns)
{
    return !options->never_expires && now_ns > seen_ns && now_ns - seen_ns > options->expiration_ns;
}

/* ---- values (value.c) */

/* What is known of a point before it is taken into a series: a value of its own. */
struct sm_prometheus_value {
    uint64_t start_ns, time_ns;
    enum sm_number_type number_type;
    union {
        int64_t integer;
        double number;
        struct sm_prometheus_distribution *distribution; /* owned */
    };
};

/* The value of a point; counts and bounds are copied. */
struct sm_prometheus_value sm_prometheus_value_make(struct sm_prometheus_texts *texts, enum sm_metric_type type, const struct sm_data_point *point);
/* ---- streams that are shown as one (merge.c) */

/* The series with one key, each of a resource and scope of its own, and what was counted by those that are gone. Worker-local as the set. */
struct sm_prometheus_group {
    struct sm_prometheus_entry entry;
    struct sm_prometheus_key key;
    uint32_t members;
    bool has_carried;
    struct sm_prometheus_value carried;   /* by streams that ended or began anew; distribution owned */
    struct sm_prometheus_tuple *resource; /* owned reference: of the last point of any of them */
    uint64_t time_ns, updated_ns;         /* of that point */
    struct sm_prometheus_shown *shown;    /* while a page is made; NULL otherwise */
};

/* Makes the series one of those with its key. */
void sm_prometheus_group_join(struct sm_prometheus_set *set, struct sm_prometheus_series *series, const struct sm_prometheus_key *key);
/* Takes it out of its group, if it has one, which keeps what it has counted as long as there are others. Before its value is freed. */
void sm_prometheus_group_leave(struct sm_prometheus_set *set, struct sm_prometheus_series *series);
/* Keeps what the series has counted, because it begins anew. */
void sm_prometheus_group_carry(struct sm_prometheus_set *set, const struct sm_prometheus_series *series);
/* Adds up the groups for a page; `hide` forgets the sums. */
struct sm_arena;
void sm_prometheus_groups_show(struct sm_prometheus_set *set, struct sm_arena *arena);
void sm_prometheus_groups_hide(struct sm_prometheus_set *set);
/* What stands on the page for a series: itself, the sum of its group for the first of its members, NULL for the others. */
const struct sm_prometheus_series *sm_prometheus_series_shown(const struct sm_prometheus_series *series);
