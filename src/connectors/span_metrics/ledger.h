/* ledger.h - the whole state of a span_metrics instance: every series since its start, ready to be exported.
 *
 * The ledger is one object that travels. It lives on the instance's home worker; for a merge it is sent as a message from worker to worker, each of
 * which adds its shard to it (sm_ledger_visit), and back home, where it is exported (export.h). Who holds it may touch it and nobody else: no lock,
 * no copy of the shards, and new identities move once. (The alternative, shards as messages to the home worker, needs a copy of every changed series
 * and all merging on one core; the worst case of this one is that a worker is busy with its own shard for as long.)
 *
 * A merge of K changed series costs K look-ups by number; only new ones are looked up by hash.
 *
 * Letting go: what expires is marked `is_gone` and listed; the ledger goes round once more, each shard forgets what it has not counted on since
 * (a series that was counted on comes back as a new one), and back home the rest is freed (sm_ledger_sweep).
 *
 * Resources: as in the reference's cache, those beyond `resource_metrics_cache_size`, least recently seen first, are exported once more and then
 * forgotten; those not seen for `metrics_expiration` are exported once more at the next export, unless spans arrive before. Source:
 * spanmetricsconnector/connector.go (buildMetrics, resetState), internal/cache/cache.go, internal/metrics/metrics.go. */
#pragma once

#include "connectors/span_metrics/shard.h"

struct sm_ledger_resource {
    struct sm_hash128 hash;
    uint32_t first[SM_LABELS_FAMILY_COUNT], last[SM_LABELS_FAMILY_COUNT]; /* its series, in the order of their creation */
    uint64_t series_count[SM_LABELS_FAMILY_COUNT];                        /* without those that are gone */
    uint64_t last_ns, order;
    struct sm_bytes attributes; /* owned: encoded as in a Resource message */
    struct sm_slice service;    /* in `attributes` */
    bool is_leaving;            /* expired: exported once more */
    bool is_gone;               /* as in series */
    bool is_unsaved;            /* as in series */
};

struct sm_ledger_exemplar {
    struct sm_series_exemplar exemplar;
    int32_t next; /* the one before it of the same series; SM_NO_EXEMPLAR: none */
};

/* What storage still has. */
struct sm_ledger_removed {
    bool is_resource;
    enum sm_label_family family;
    uint32_t number;
};

struct sm_ledger_family {
    struct sm_entries series; /* of struct sm_ledger_series */
    struct sm_index index;
    SM_LIST(uint32_t) gone;
};

struct sm_timestamps;

struct sm_ledger {
    const struct sm_span_metrics_settings *settings; /* borrowed */
    struct sm_ledger_family families[SM_LABELS_FAMILY_COUNT];
    struct sm_entries resources; /* of struct sm_ledger_resource */
    struct sm_index resource_index;
    SM_LIST(uint32_t) gone_resources;
    SM_LIST(struct sm_ledger_exemplar) exemplars;
    bool is_kept; /* in storage: removals are noted */
    SM_LIST(struct sm_ledger_removed) removed;
    struct sm_timestamps *timestamps; /* owned; delta: when each series was exported last */
    struct sm_distinct *distinct;     /* owned; NULL without a limit */
    uint64_t overflow_count;          /* since the last report */
    uint64_t order;
};

struct sm_ledger *sm_ledger_create(const struct sm_span_metrics_settings *settings) __attribute__((returns_nonnull));
void sm_ledger_free(struct sm_ledger *ledger);

/* Adds what `shard` has counted since the last visit and makes it forget what is gone. `is_export`: an export follows, exemplars are counted afresh.
 * On the shard's worker. */
void sm_ledger_visit(struct sm_ledger *ledger, struct sm_series_shard *shard, bool is_export);

/* The resources that are not gone, those seen longest ago first. The caller frees the array. */
struct sm_ledger_resource **sm_ledger_list_resources(struct sm_ledger *ledger, size_t *count) __attribute__((returns_nonnull));

/* After an export at `now_ns`: lets go what has expired (cumulative) or everything (delta). True when shards have to forget something, which takes
 * one more round of visits and then sm_ledger_sweep. */
bool sm_ledger_expire(struct sm_ledger *ledger, uint64_t now_ns) __attribute__((warn_unused_result));
void sm_ledger_sweep(struct sm_ledger *ledger);

/* Puts what was stored back under its number, in the order of numbers; bytes are copied. NULL: it cannot stand there. */
struct sm_ledger_resource *sm_ledger_restore_resource(struct sm_ledger *ledger, uint32_t number, struct sm_slice attributes,
                                                      struct sm_arena *scratch);
struct sm_ledger_series *sm_ledger_restore_series(struct sm_ledger *ledger, enum sm_label_family family, uint32_t number, uint32_t resource,
                                                  struct sm_slice key, size_t identity_size);

/* Start of a delta series' next point: its last export, or `otherwise`; notes `now_ns` as its last export. */
uint64_t sm_ledger_exchange_timestamp(struct sm_ledger *ledger, struct sm_hash128 hash, uint64_t otherwise, uint64_t now_ns);

struct sm_label_record sm_ledger_record(const struct sm_ledger *ledger, const struct sm_ledger_series *series);
size_t sm_ledger_series_count(const struct sm_ledger *ledger);
size_t sm_ledger_memory(const struct sm_ledger *ledger); /* bytes, about */
