/* shard.h - what one worker has counted since the last merge.
 *
 * Worker-local: added to by the worker's batches and read by the ledger when it visits the worker (ledger.h). Nothing is allocated for a span whose
 * series is known; a new series takes an entry, an index slot and its identity, which stays here only until the ledger has taken it over.
 *
 * Series stay in the shard over merges, with their number in the ledger, so that steady traffic is counted by one look-up a span. They are removed
 * when the ledger lets them go. With delta temporality everything goes at every merge, as in the reference. */
#pragma once

#include "base/bytes.h"
#include "connectors/span_metrics/distinct.h"
#include "base/index.h"
#include "connectors/span_metrics/list.h"
#include "connectors/span_metrics/sampling.h"
#include "connectors/span_metrics/series.h"

struct sm_batch;

/* A resource of this worker. */
struct sm_series_shard_resource {
    struct sm_hash128 hash; /* of its attributes, whatever their order: all, or those of resource_metrics_key_attributes */
    uint32_t ledger;        /* its number in the ledger; SM_INDEX_NONE: not there yet */
    bool is_dirty;          /* seen since the last merge */
    uint64_t last_ns;
    uint64_t order; /* of being seen */
    uint64_t series_count[SM_LABELS_FAMILY_COUNT];
    struct sm_bytes attributes; /* owned: encoded, of the first one seen; empty once the ledger has them */
};

/* A series that the ledger does not know yet: its identity and tail stand in `keys`. */
struct sm_series_shard_new_series {
    uint32_t series;
    uint32_t identity_size, tail_size;
    size_t at;
};

struct sm_series_shard_exemplar {
    struct sm_series_exemplar exemplar;
    uint32_t series;
};

struct sm_series_shard_family {
    struct sm_entries series; /* of struct sm_shard_series */
    struct sm_index index;
    SM_LIST(uint32_t) dirty;                            /* series with something to merge, in the order of first being touched */
    SM_LIST(struct sm_series_shard_new_series) created; /* in order */
    SM_LIST(struct sm_series_shard_exemplar) exemplars;
};

struct sm_series_shard {
    const struct sm_span_metrics_settings *settings; /* borrowed */
    struct sm_labels *labels;                        /* owned */
    struct sm_series_shard_family families[SM_LABELS_FAMILY_COUNT];
    struct sm_bytes keys;
    struct sm_entries resources; /* of struct sm_series_shard_resource */
    struct sm_index resource_index;
    SM_LIST(uint32_t) dirty_resources;
    struct sm_entries aliases; /* of struct sm_series_shard_alias: resources by their attributes' bytes as received */
    struct sm_index alias_index;
    struct sm_distinct *distinct; /* owned; NULL without a limit: values of each dimension */
    uint64_t series_max;          /* per resource and family */
    uint64_t spare_max;           /* series beyond it, of all resources, that are taken between two merges */
    uint64_t spare_count;         /* taken */
    uint64_t overflow_count;      /* spans counted in overflow series since the last merge */
    uint64_t order;
    uint32_t exports; /* exports that the ledger has made, as of the last visit */
    struct sm_span_metrics_weights weights;
};

/* `is_alone`: there are no other shards, so that a resource's limit of series is decided here. Otherwise the ledger decides it, because a series
 * that is new here may be one of those it has: between two merges the shard takes up to twice as many, and a number of others over all resources. */
struct sm_series_shard *sm_series_shard_create(const struct sm_span_metrics_settings *settings, bool is_alone) __attribute__((returns_nonnull));
void sm_series_shard_free(struct sm_series_shard *shard);
/* Counts the spans of `batch`, which arrived at `now_ns`. The batch is read only. */
void sm_series_shard_add(struct sm_series_shard *shard, struct sm_batch *batch, uint64_t now_ns);

/* For the ledger. Removes a series that has nothing to merge. */
void sm_series_shard_remove_series(struct sm_series_shard *shard, enum sm_label_family family, uint32_t number);
void sm_series_shard_remove_resource(struct sm_series_shard *shard, uint32_t number);
/* Empties everything (delta). */
void sm_series_shard_clear(struct sm_series_shard *shard);
/* Sets what was added to a series to nothing. */
void sm_series_shard_reset_series(struct sm_series_shard *shard, enum sm_label_family family, struct sm_shard_series *series);
size_t sm_series_shard_memory(const struct sm_series_shard *shard); /* bytes, about */
