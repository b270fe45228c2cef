/* export_batch.c - puts queued requests together before they are sent (sending_queue::batch).
 *
 * One growing batch for each partition (values of `metadata_keys`); it becomes a request at `min_size`, is cut at `max_size`, and is sent after
 * `flush_timeout` whatever its size. A partition goes when it has been empty for ten timeouts. On the home lane's worker only.
 * Limits: SM_EXPORT_PARTITION_LIMIT partitions, the one unused for the longest time is then sent and given up.
 * Source: exporterhelper/internal/queuebatch (partition_batcher.go, multi_batcher.go, metadata_partitioner.go, traces_batch.go). */
#include "pipeline/export_chain.h"

#include "base/bytes.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/memory.h"
#include "telemetry/metadata.h"

#include <stdlib.h>

enum { SM_EXPORT_PARTITION_LIMIT = 10000, BUCKETS = 256, IDLE_TIMEOUTS = 10 };

struct partition {
    struct sm_export_batcher *batcher;
    struct partition *next; /* in the bucket */
    uint64_t hash, used_ns;
    struct sm_bytes key;              /* owned */
    struct sm_batch *batch;           /* shared; NULL: empty */
    struct sm_export_entry **entries; /* owned array: whose data is in `batch`, one open part of each */
    size_t entry_count, entry_capacity;
    struct sm_timer *timer; /* owned */
};

struct sm_export_batcher {
    struct sm_export_lane *lane;
    const struct sm_export_batch_options *options;
    int sizer;
    struct partition *buckets[BUCKETS];
    size_t partition_count;
};

struct sm_export_batcher *sm_export_batcher_create(struct sm_export_lane *lane)
{
    struct sm_export_batcher *batcher = sm_alloc(1, sizeof(*batcher));
    batcher->lane = lane;
    batcher->options = lane->chain->batching;
    batcher->sizer = lane->chain->batch_sizer;
    return batcher;
}

/* ---- partitions */

/* Names and values of the keys that the client sent, in the reference's form. */
static void write_key(const struct sm_string_list *keys, const struct sm_metadata *metadata, struct sm_bytes *key)
{
    for (size_t i = 0; i < keys->count; i++) {
        struct sm_slice name = sm_slice_of(keys->items[i]);
        size_t count = sm_metadata_count(metadata, name);
        if (count == 0)
            continue;
        if (key->size)
            sm_bytes_append_char(key, '\0');
        sm_bytes_append_slice(key, name);
        for (size_t j = 0; j < count; j++) {
            sm_bytes_append_char(key, '\0');
            sm_bytes_append_slice(key, sm_metadata_get(metadata, name, j));
        }
    }
}

static void flush(struct partition *partition);

static uint64_t idle_limit_ns(const struct sm_export_batcher *batcher)
{
    uint64_t limit_ns;
    return __builtin_mul_overflow(batcher->options->flush_timeout_ns, (uint64_t)IDLE_TIMEOUTS, &limit_ns) ? UINT64_MAX / 2 : limit_ns;
}

static void remove_partition(struct partition *partition)
{
    struct sm_export_batcher *batcher = partition->batcher;
    struct partition **place = &batcher->buckets[partition->hash % BUCKETS];
    while (*place != partition)
        place = &(*place)->next;
    *place = partition->next;
    batcher->partition_count--;
    sm_timer_free(partition->timer);
    sm_bytes_deinit(&partition->key);
    free(partition->entries);
    free(partition);
}

/* Runs when the batch has waited long enough, or the partition may have become idle. */
static void on_timeout(struct sm_worker *worker, void *context)
{
    (void)worker;
    struct partition *partition = context;
    struct sm_export_lane *lane = partition->batcher->lane;
    if (!partition->batch) {
        remove_partition(partition);
        return;
    }
    flush(partition);
    sm_export_dispatch(lane);
}

static void drop_oldest(struct sm_export_batcher *batcher)
{
    struct partition *oldest = NULL;
    for (size_t i = 0; i < BUCKETS; i++)
        for (struct partition *at = batcher->buckets[i]; at; at = at->next)
            if (!oldest || at->used_ns < oldest->used_ns)
                oldest = at;
    if (!oldest)
        return;
    flush(oldest);
    remove_partition(oldest);
}

static struct partition *find_partition(struct sm_export_batcher *batcher, const struct sm_batch *batch)
{
    struct sm_bytes key = {0};
    write_key(&batcher->options->partition.metadata_keys, batch->metadata, &key);
    uint64_t hash = sm_hash(sm_bytes_slice(&key));
    struct partition *partition = batcher->buckets[hash % BUCKETS];
    while (partition && (partition->hash != hash || !sm_slice_equal(sm_bytes_slice(&partition->key), sm_bytes_slice(&key))))
        partition = partition->next;
    if (partition) {
        sm_bytes_deinit(&key);
        return partition;
    }
    if (batcher->partition_count >= SM_EXPORT_PARTITION_LIMIT)
        drop_oldest(batcher);
    partition = sm_alloc(1, sizeof(*partition));
    *partition = (struct partition){.batcher = batcher, .hash = hash, .key = key, .next = batcher->buckets[hash % BUCKETS]};
    partition->timer = sm_timer_create(batcher->lane->worker, on_timeout, partition);
    batcher->buckets[hash % BUCKETS] = partition;
    batcher->partition_count++;
    return partition;
}

/* ---- the growing batch */

static int64_t measure(const struct partition *partition)
{
    return sm_export_measure(partition->batch, partition->batcher->sizer);
}

static void add_entry(struct partition *partition, struct sm_export_entry *entry)
{
    if (partition->entry_count == partition->entry_capacity) {
        partition->entry_capacity = partition->entry_capacity ? partition->entry_capacity * 2 : 8;
        partition->entries = sm_realloc(partition->entries, partition->entry_capacity, sizeof(struct sm_export_entry *));
    }
    partition->entries[partition->entry_count++] = entry;
    entry->open_parts++;
}

/* A batch that nobody else holds, as appending and splitting need it. */
static void make_own(struct partition *partition)
{
    struct sm_batch *own = sm_batch_create(partition->batch->signal);
    sm_batch_append(own, partition->batch);
    sm_batch_release(partition->batch);
    partition->batch = own;
}

/* Takes the entry's batch into the growing one. */
static void merge(struct partition *partition, struct sm_export_entry *entry)
{
    struct sm_batch *batch = entry->batch;
    entry->batch = NULL;
    if (!partition->batch) {
        /* Sent as it is when nothing else joins it. */
        partition->batch = batch;
    } else {
        /* The first may still be the batch that somebody else reads. */
        if (partition->entry_count == 1)
            make_own(partition);
        sm_batch_append(partition->batch, batch);
        sm_batch_release(batch);
    }
    add_entry(partition, entry);
}

/* Makes a request of `batch` for everybody in the partition, who keep their part. */
static void make_request(struct partition *partition, struct sm_batch *batch)
{
    struct sm_export_lane *lane = partition->batcher->lane;
    for (size_t i = 0; i < partition->entry_count; i++)
        partition->entries[i]->open_parts++;
    sm_export_ready(lane, sm_export_request_create(lane, batch, partition->entries, partition->entry_count));
}

/* Ends the part of the growing batch for all but `keep`. */
static void release_entries(struct partition *partition, const struct sm_export_entry *keep)
{
    size_t count = 0;
    for (size_t i = 0; i < partition->entry_count; i++) {
        if (partition->entries[i] == keep)
            partition->entries[count++] = partition->entries[i];
        else
            sm_export_entry_part_done(partition->entries[i], &SM_OUTCOME_ACCEPTED, false);
    }
    partition->entry_count = count;
}

static void flush(struct partition *partition)
{
    if (!partition->batch)
        return;
    struct sm_batch *batch = partition->batch;
    partition->batch = NULL;
    make_request(partition, batch);
    release_entries(partition, NULL);
    sm_timer_arm(partition->timer, idle_limit_ns(partition->batcher), false);
}

/* How many of the first items of `batch` are at most `limit` large; 0: not even one. */
static size_t fitting_items(struct sm_batch *batch, int64_t limit, int sizer)
{
    if (sizer == SM_SIZER_ITEMS)
        return (size_t)limit;
    size_t fits = 0, too_many = batch->item_count;
    while (too_many - fits > 1) {
        size_t middle = fits + (too_many - fits) / 2;
        struct sm_batch *rest = sm_batch_clone(batch);
        struct sm_batch *part = sm_batch_split(rest, middle);
        if (sm_export_measure(part, sizer) <= limit)
            fits = middle;
        else
            too_many = middle;
        sm_batch_release(part);
        sm_batch_release(rest);
    }
    return fits;
}

/* What cannot be cut small enough is dropped, as the reference does. */
static void drop_rest(struct partition *partition)
{
    static const char *const names[SM_SIGNAL_COUNT] = {[SM_TRACES] = "span", [SM_METRICS] = "datapoint", [SM_LOGS] = "log record"};
    struct sm_export_chain *chain = partition->batcher->lane->chain;
    enum sm_signal signal = partition->batch->signal;
    size_t count = partition->batch->item_count;
    struct sm_outcome outcome = sm_outcome_reject("one %s size is greater than max size, dropping items: %zu", names[signal], count);
    sm_log(SM_LOG_WARN, &chain->component->logger, "Failed to split request.", SM_LOG_STR("error", outcome.reason));
    sm_export_count_failed(chain, signal, count, &outcome, false);
    sm_batch_release(partition->batch);
    partition->batch = NULL;
    for (size_t i = 0; i < partition->entry_count; i++)
        sm_export_entry_part_done(partition->entries[i], &outcome, false);
    partition->entry_count = 0;
}

/* Cuts requests of `max_size` off. Only `newest` can be left in the rest: what was there before it is smaller than min_size. */
static void cut(struct partition *partition, struct sm_export_entry *newest)
{
    int64_t limit = partition->batcher->options->max_size;
    int sizer = partition->batcher->sizer;
    if (limit == 0 || measure(partition) <= limit)
        return;
    if (sm_batch_is_shared(partition->batch))
        make_own(partition);
    while (partition->batch && measure(partition) > limit) {
        size_t count = fitting_items(partition->batch, limit, sizer);
        if (count == 0) {
            drop_rest(partition);
            return;
        }
        make_request(partition, sm_batch_split(partition->batch, count));
        release_entries(partition, newest);
    }
}

void sm_export_batcher_take(struct sm_export_batcher *batcher, struct sm_export_entry *entry)
{
    struct partition *partition = find_partition(batcher, entry->batch);
    partition->used_ns = sm_clock_mono_ns();
    bool was_empty = partition->batch == NULL;
    /* Held open until its data is in requests or in the growing batch. */
    entry->open_parts = 1;
    merge(partition, entry);
    size_t entries_before = partition->entry_count;
    cut(partition, entry);
    bool is_cut = partition->entry_count != entries_before;
    bool is_stopping = atomic_load_explicit(&batcher->lane->chain->is_stopping, memory_order_acquire);
    if (partition->batch && (is_stopping || measure(partition) >= batcher->options->min_size))
        flush(partition);
    else if (partition->batch && (was_empty || is_cut))
        sm_timer_arm(partition->timer, batcher->options->flush_timeout_ns, false);
    sm_export_entry_part_done(entry, &SM_OUTCOME_ACCEPTED, false);
}

void sm_export_batcher_flush(struct sm_export_batcher *batcher)
{
    for (size_t i = 0; i < BUCKETS; i++)
        while (batcher->buckets[i]) {
            flush(batcher->buckets[i]);
            remove_partition(batcher->buckets[i]);
        }
}

void sm_export_batcher_free(struct sm_export_batcher *batcher)
{
    free(batcher);
}
