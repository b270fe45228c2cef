/* export.h - the chain around every sending exporter: queue, batching, retry, timeout, own metrics.
 *
 *     consume -> [sending_queue (memory or storage) -> batch] -> retry -> timeout -> type->send
 *
 * An exporter implements `send` only. With the queue enabled `consume` accepts a batch once it is queued (rejects it with "sending queue is full"
 * when it does not fit); without it the delivery ends with the outcome of sending. Threads: a request is sent by the worker that took it out of the
 * queue and ends there. Source: opentelemetry-collector exporter/exporterhelper (queue_batch, retry, timeout). */
#pragma once

#include "base/error.h"
#include "config/option.h"
#include "pipeline/outcome.h"
#include "telemetry/batch.h"

struct sm_component;
struct sm_error;
struct sm_worker;

struct sm_export_retry_options {
    bool enabled;
    uint64_t initial_interval_ns, max_interval_ns, max_elapsed_time_ns;
    double randomization_factor, multiplier;
};

struct sm_export_batch_options {
    bool enabled, is_sizer_set;
    uint64_t flush_timeout_ns;
    int64_t min_size, max_size;
    int sizer; /* enum sm_export_sizer */
    struct sm_export_partition_options {
        struct sm_string_list metadata_keys;
    } partition;
};

enum sm_export_sizer { SM_SIZER_REQUESTS, SM_SIZER_ITEMS, SM_SIZER_BYTES };

struct sm_export_queue_options {
    bool enabled, is_sizer_set;
    bool is_num_consumers_set;
    int64_t num_consumers, queue_size;
    int sizer; /* enum sm_export_sizer */
    bool wait_for_result, block_on_overflow;
    const char *storage; /* id of a storage extension; "": in memory */
    bool is_storage_set;
    struct sm_export_batch_options *batch; /* NULL, or not enabled: no batching */
};

/* Embedded in the options of every exporter with `send`, under its keys `timeout`, `retry_on_failure`, `sending_queue`: one row
 *     SM_OPTION_TABLE(struct options, export, sm_export_option_table, .squash = true) */
struct sm_export_options {
    uint64_t timeout_ns;
    struct sm_export_retry_options retry_on_failure;
    struct sm_export_queue_options sending_queue;
    struct sm_export_queue_options *optional_queue; /* key `sending_queue` of exporters without a queue by default; NULL: as sending_queue says */
};
/* Only the key `sending_queue`, without a queue when it is absent; neither timeout nor retries. */
extern const struct sm_option sm_export_optional_queue_option_table[];
extern const struct sm_option sm_export_option_table[];     /* timeout 5s */
extern const struct sm_option sm_export_option_table_30s[]; /* the same with timeout 30s */
extern const struct sm_option sm_export_option_table_off[]; /* the same with neither timeout, retries nor queue unless they are asked for */
extern const struct sm_option sm_export_retry_option_table[];
extern const struct sm_option sm_export_retry_option_table_50ms[]; /* the same with initial_interval 50ms */
extern const struct sm_option sm_export_queue_option_table[], sm_export_batch_option_table[];

struct sm_validation;
/* The rules between these options: called by the type's `validate`. */
void sm_export_options_validate(const struct sm_export_options *options, struct sm_validation *validation);

/* One request under way. Owned by the chain; the type's `send` reads `batch` and ends it with sm_export_done. */
struct sm_export {
    struct sm_batch *batch;      /* not to be changed */
    uint64_t deadline_ns;        /* sm_clock_mono_ns when `timeout` passes; UINT64_MAX: none */
    unsigned attempt;            /* 1: the first */
    void *kept;                  /* what `send` keeps for the next attempt; NULL at the first */
    void (*release)(void *kept); /* set together with `kept`: called when the request ends, on its worker */
};

/* Own metrics of the file that holds the queue of an exporter with `queue_file`: the order of type->queue_file_metrics. */
enum sm_queue_file_metric {
    SM_QUEUE_FILE_WRITES,
    SM_QUEUE_FILE_WRITES_FAILURES,
    SM_QUEUE_FILE_WRITE_LATENCY, /* ms, whole ones; as below */
    SM_QUEUE_FILE_BYTES_WRITTEN,
    SM_QUEUE_FILE_READS,
    SM_QUEUE_FILE_READS_FAILURES,
    SM_QUEUE_FILE_READ_LATENCY,
    SM_QUEUE_FILE_BYTES_READ,
    SM_QUEUE_FILE_LAG, /* gauge: requests that were written and not taken */
    SM_QUEUE_FILE_METRIC_COUNT
};

/* For a type's `create`: attributes that its sent and failed counters carry (server_address, …). Copied. At most SM_EXPORT_ATTRIBUTE_LIMIT. */
enum { SM_EXPORT_ATTRIBUTE_LIMIT = 4 };
void sm_export_add_attribute(struct sm_component *exporter, const char *key, const char *value);

/* Ends one attempt: accepted; RETRY (tried again if retry_on_failure allows, not before outcome->retry_after_ns); or REJECTED (dropped, counted,
 * logged). */
void sm_export_done(struct sm_export *request, struct sm_worker *worker, const struct sm_outcome *outcome);

/* ---- for the graph, which calls them around the functions of a type that has `send` (all on the main worker, `consume` on workers) */
/* Before type->create. */
bool sm_export_chain_create(struct sm_component *exporter, struct sm_error *error) __attribute__((warn_unused_result));
/* After type->start and worker_create on every worker: opens the queue and begins to send what a disk queue holds. */
bool sm_export_chain_start(struct sm_component *exporter, struct sm_error *error) __attribute__((warn_unused_result));
/* Instead of type->consume. */
void sm_export_chain_consume(struct sm_component *exporter, struct sm_worker *worker, struct sm_batch *batch);
/* Sends what a memory queue holds, ends every request, gives up retries as the reference does, then calls type->stop, or sm_component_stopped when
 * the type has none. Also called for a chain that never started. */
void sm_export_chain_stop(struct sm_component *exporter);
/* Before type->free, after the workers have freed their state. Legal for a chain that never started. */
void sm_export_chain_free(struct sm_component *exporter);
