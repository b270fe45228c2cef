/* batch.c - the processor `batch`: puts requests together until they reach a size or an age, and cuts what is larger than a maximum.
 *
 * Every combination of the values of `metadata_keys` has a shard (without keys there is one), owned by one worker: what other workers receive travels
 * there by message. A request is accepted once it is handed over, as in the reference; when more than a few wait behind a batch under way (an
 * exporter without a queue), the next ones stay unanswered until they are taken. State: `shards` under a mutex (looked up once per request, and only
 * with metadata_keys); a shard on its worker. Source: opentelemetry-collector processor/batchprocessor. */
#include "pipeline/component.h"

#include <ctype.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/ascii.h"
#include "base/memory.h"
#include "pipeline/delivery.h"
#include "pipeline/own_metrics.h"
#include "pipeline/worker.h"
#include "processors/batch/shard.h"
#include "telemetry/metadata.h"

#define SCOPE "go.opentelemetry.io/collector/processor/batchprocessor"

/* Senders may join this share of send_batch_size: 1 in 16. */
enum { JOINED_SHARE = 16 };

struct options {
    int64_t timeout_ns;
    uint64_t send_batch_size, send_batch_max_size, metadata_cardinality_limit;
    struct sm_string_list metadata_keys;
};

static const struct sm_option option_table[] = {
    SM_OPTION_DURATION(struct options, timeout_ns, .key = "timeout", .preset.integer = 200 * SM_MS, .is_signed = true,
                       .help = "Time after which a batch is sent whatever its size; 0 sends at once."),
    SM_OPTION_UINT(struct options, send_batch_size, .preset.integer = 8192, .max = UINT32_MAX, .unit = "items",
                   .help = "Spans, data points or log records after which a batch is sent; 0 sends at once."),
    SM_OPTION_UINT(struct options, send_batch_max_size, .max = UINT32_MAX, .unit = "items", .help = "Larger batches are cut; 0: no maximum."),
    SM_OPTION_STRING_LIST(struct options, metadata_keys, .help = "Client metadata by whose values batches are kept apart."),
    SM_OPTION_UINT(struct options, metadata_cardinality_limit, .preset.integer = 1000, .max = UINT32_MAX,
                   .help = "Combinations of metadata values at most; 0: no limit."),
    SM_OPTION_END,
};

static const double size_bounds[] = {10,   25,   50,   75,   100,  250,  500,   750,   1000,  2000,  3000,
                                     4000, 5000, 6000, 7000, 8000, 9000, 10000, 20000, 30000, 50000, 100000};
static const double bytes_bounds[] = {10,   25,   50,   75,   100,   250,   500,   750,   1000,   2000,   3000,   4000,   5000,
                                      6000, 7000, 8000, 9000, 10000, 20000, 30000, 50000, 100000, 200000, 300000, 400000, 500000,
                                      6e5,  7e5,  8e5,  9e5,  1e6,   2e6,   3e6,   4e6,   5e6,    6e6,    7e6,    8e6,    9e6};

enum metric { METRIC_SEND_SIZE, METRIC_SEND_BYTES, METRIC_SIZE_TRIGGER, METRIC_TIMEOUT_TRIGGER, METRIC_CARDINALITY, METRIC_COUNT };

static const struct sm_own_metric metric_table[METRIC_COUNT + 1] = {
    [METRIC_SEND_SIZE] = {.name = "otelcol_processor_batch_batch_send_size",
                          .help = "Number of units in the batch [Development]",
                          .unit = "{unit}",
                          .kind = SM_OWN_HISTOGRAM,
                          .level = SM_OWN_LEVEL_NORMAL,
                          .bounds = size_bounds,
                          .bound_count = sizeof(size_bounds) / sizeof(size_bounds[0]),
                          .scope = SCOPE},
    [METRIC_SEND_BYTES] = {.name = "otelcol_processor_batch_batch_send_size_bytes",
                           .help = "Number of bytes in batch that was sent. Only available on detailed level. [Development]",
                           .unit = "By",
                           .kind = SM_OWN_HISTOGRAM,
                           .level = SM_OWN_LEVEL_DETAILED,
                           .bounds = bytes_bounds,
                           .bound_count = sizeof(bytes_bounds) / sizeof(bytes_bounds[0]),
                           .scope = SCOPE},
    [METRIC_SIZE_TRIGGER] = {.name = "otelcol_processor_batch_batch_size_trigger_send",
                             .help = "Number of times the batch was sent due to a size trigger [Development]",
                             .unit = "{time}",
                             .kind = SM_OWN_COUNTER,
                             .level = SM_OWN_LEVEL_NORMAL,
                             .scope = SCOPE},
    [METRIC_TIMEOUT_TRIGGER] = {.name = "otelcol_processor_batch_timeout_trigger_send",
                                .help = "Number of times the batch was sent due to a timeout trigger [Development]",
                                .unit = "{time}",
                                .kind = SM_OWN_COUNTER,
                                .level = SM_OWN_LEVEL_NORMAL,
                                .scope = SCOPE},
    [METRIC_CARDINALITY] = {.name = "otelcol_processor_batch_metadata_cardinality",
                            .help = "Number of distinct metadata value combinations being processed [Development]",
                            .unit = "{combination}",
                            .kind = SM_OWN_UP_DOWN_COUNTER,
                            .level = SM_OWN_LEVEL_NORMAL,
                            .scope = SCOPE},
};

struct member;

struct batcher {
    struct sm_component *component;    /* borrowed */
    const struct options *options;     /* borrowed */
    struct sm_shard_settings settings; /* immutable after create */
    struct sm_instrument *metrics[METRIC_COUNT];
    pthread_mutex_t mutex;  /* guards `members`, `member_count` */
    struct member *members; /* owned; with metadata_keys: newest first */
    size_t member_count;
    atomic_size_t draining_count; /* any worker: members not drained yet after stop */
};

/* A shard with its place. Worker-local but for what is said otherwise. */
struct member {
    struct sm_shard shard;         /* first: a shard pointer is a member pointer */
    struct member *next;           /* immutable once listed */
    struct batcher *batcher;       /* borrowed */
    struct sm_worker *worker;      /* borrowed; immutable */
    struct sm_metadata *metadata;  /* shared; immutable: what its batches carry on; NULL without metadata_keys */
    atomic_uint accepted_waiting;  /* any worker (relaxed): requests answered and not taken yet */
    struct sm_timer *timer;        /* owned; NULL until armed first */
    enum sm_shard_trigger trigger; /* of the batch under way */
    size_t sent_count, sent_bytes; /* of the batch under way */
};

/* ---- sending, on the member's worker */

static void on_sent(struct sm_worker *worker, const struct sm_outcome *outcome, void *context)
{
    (void)worker;
    struct member *member = context;
    struct batcher *batcher = member->batcher;
    if (outcome->kind == SM_ACCEPTED) {
        sm_instrument_add(batcher->metrics[member->trigger == SM_SHARD_SIZE ? METRIC_SIZE_TRIGGER : METRIC_TIMEOUT_TRIGGER], 1);
        sm_instrument_record(batcher->metrics[METRIC_SEND_SIZE], (double)member->sent_count);
        if (sm_own_metrics_level() >= SM_OWN_LEVEL_DETAILED)
            sm_instrument_record(batcher->metrics[METRIC_SEND_BYTES], (double)member->sent_bytes);
    } else {
        sm_log(SM_LOG_WARN, &batcher->component->logger, "Sender failed", SM_LOG_STR("error", outcome->reason),
               SM_LOG_INT("dropped_items", member->sent_count));
    }
    sm_shard_sent(&member->shard);
}

static void send_batch(struct sm_shard *shard, struct sm_batch *batch, enum sm_shard_trigger trigger)
{
    struct member *member = (struct member *)shard;
    member->trigger = trigger;
    member->sent_count = batch->item_count;
    member->sent_bytes = sm_own_metrics_level() >= SM_OWN_LEVEL_DETAILED ? sm_batch_encoded_size(batch) : 0;
    sm_metadata_release(batch->metadata);
    batch->metadata = member->metadata ? sm_metadata_retain(member->metadata) : NULL;
    batch->delivery = sm_delivery_create(member->worker, on_sent, member);
    sm_component_forward(member->batcher->component, member->worker, batch);
}

static void on_timer(struct sm_worker *worker, void *context)
{
    (void)worker;
    struct member *member = context;
    sm_shard_timeout(&member->shard);
}

static void arm_timer(struct sm_shard *shard)
{
    struct member *member = (struct member *)shard;
    if (!member->timer)
        member->timer = sm_timer_create(member->worker, on_timer, member);
    sm_timer_arm(member->timer, (uint64_t)member->batcher->options->timeout_ns, false);
}

static void accept_waiting(struct sm_shard *shard, struct sm_batch *batch)
{
    struct member *member = (struct member *)shard;
    struct sm_delivery *delivery = batch->delivery;
    batch->delivery = NULL;
    if (delivery)
        sm_delivery_complete(delivery, member->worker, &SM_OUTCOME_ACCEPTED);
    else
        atomic_fetch_sub_explicit(&member->accepted_waiting, 1, memory_order_relaxed);
}

static void on_drained(struct sm_shard *shard)
{
    struct member *member = (struct member *)shard;
    struct batcher *batcher = member->batcher;
    sm_timer_free(member->timer);
    member->timer = NULL;
    /* Release and acquire: whoever is last sees what the others did before it says that all is done. */
    if (atomic_fetch_sub_explicit(&batcher->draining_count, 1, memory_order_acq_rel) == 1)
        sm_component_stopped(batcher->component);
}

static const struct sm_shard_calls shard_calls = {.send = send_batch, .arm = arm_timer, .drained = on_drained, .accept = accept_waiting};

/* ---- members */

static struct member *add_member(struct batcher *batcher, struct sm_metadata *metadata)
{
    static atomic_uint next_worker; /* spreads the members of all batch processors over the workers */
    struct member *member = sm_alloc(1, sizeof(*member));
    struct sm_workers *workers = batcher->component->workers;
    unsigned index = atomic_fetch_add_explicit(&next_worker, 1, memory_order_relaxed) % sm_workers_count(workers);
    sm_shard_init(&member->shard, &batcher->settings, &shard_calls);
    member->batcher = batcher;
    member->worker = sm_workers_get(workers, index);
    member->metadata = metadata;
    member->next = batcher->members;
    batcher->members = member;
    batcher->member_count++;
    sm_instrument_add(batcher->metrics[METRIC_CARDINALITY], 1);
    return member;
}

static bool has_same_values(const struct sm_metadata *a, const struct sm_metadata *b, struct sm_slice key)
{
    size_t count = sm_metadata_count(a, key);
    if (sm_metadata_count(b, key) != count)
        return false;
    for (size_t i = 0; i < count; i++)
        if (!sm_slice_equal(sm_metadata_get(a, key, i), sm_metadata_get(b, key, i)))
            return false;
    return true;
}

static bool is_for(const struct member *member, const struct sm_metadata *metadata)
{
    const struct sm_string_list *keys = &member->batcher->options->metadata_keys;
    for (size_t i = 0; i < keys->count; i++)
        if (!has_same_values(member->metadata, metadata, sm_slice_of(keys->items[i])))
            return false;
    return true;
}

/* Only the values of the keys, under their names in lower case, as the reference passes them on. */
static struct sm_metadata *copy_key_values(const struct options *options, const struct sm_metadata *from)
{
    struct sm_metadata *copy = sm_metadata_create();
    for (size_t i = 0; i < options->metadata_keys.count; i++) {
        struct sm_slice key = sm_slice_of(options->metadata_keys.items[i]);
        char *name = sm_strdup(options->metadata_keys.items[i]);
        sm_ascii_lower_in_place(name, key.size);
        for (size_t k = 0; k < sm_metadata_count(from, key); k++)
            sm_metadata_add(copy, sm_slice_of(name), sm_metadata_get(from, key, k));
        free(name);
    }
    return copy;
}

/* NULL: one combination more than the limit. */
static struct member *find_or_add_member(struct batcher *batcher, const struct sm_metadata *metadata)
{
    const struct options *options = batcher->options;
    if (options->metadata_keys.count == 0)
        return batcher->members; /* one, immutable since start */
    pthread_mutex_lock(&batcher->mutex);
    struct member *member = batcher->members;
    while (member && !is_for(member, metadata))
        member = member->next;
    bool is_full = options->metadata_cardinality_limit != 0 && batcher->member_count >= options->metadata_cardinality_limit;
    if (!member && !is_full)
        member = add_member(batcher, copy_key_values(options, metadata));
    pthread_mutex_unlock(&batcher->mutex);
    return member;
}

/* ---- consuming, on any worker */

/* Message: a batch for a member of another worker. */
struct handover {
    struct member *member;
    struct sm_batch *batch; /* owned */
};

static void take_over(struct sm_worker *worker, void *context)
{
    (void)worker;
    struct handover *handover = context;
    sm_shard_add(&handover->member->shard, handover->batch);
    free(handover);
}

static void accept_at_once(struct member *member, struct sm_worker *worker, struct sm_batch *batch)
{
    unsigned waiting = atomic_load_explicit(&member->accepted_waiting, memory_order_relaxed);
    /* As many as the reference's channel holds: one a processor. */
    if (batch->delivery && waiting >= sm_workers_count(member->batcher->component->workers))
        return;
    atomic_fetch_add_explicit(&member->accepted_waiting, 1, memory_order_relaxed);
    struct sm_delivery *delivery = batch->delivery;
    batch->delivery = NULL;
    sm_delivery_complete(delivery, worker, &SM_OUTCOME_ACCEPTED);
}

static void batch_consume(struct sm_component *component, struct sm_worker *worker, struct sm_batch *batch)
{
    struct batcher *batcher = component->state;
    struct member *member = find_or_add_member(batcher, batch->metadata);
    if (!member) {
        struct sm_outcome outcome = sm_outcome_reject("Permanent error: too many batcher metadata-value combinations");
        sm_batch_finish(batch, worker, &outcome);
        return;
    }
    accept_at_once(member, worker, batch);
    /* What waits, a request that was mostly sampled away above all, shall not hold more than its bytes. */
    if (sm_component_gives_packed(component, batch->signal))
        batch = sm_batch_pack(batch);
    if (member->worker == worker) {
        sm_shard_add(&member->shard, batch);
        return;
    }
    struct handover *handover = sm_alloc(1, sizeof(*handover));
    *handover = (struct handover){.member = member, .batch = batch};
    sm_worker_post(member->worker, take_over, handover);
}

/* The batch that is full is larger by less than that. */
static size_t batch_joins(const void *from)
{
    const struct options *options = from;
    return options->timeout_ns ? (size_t)options->send_batch_size / JOINED_SHARE : 0;
}

/* ---- life */

static void batch_validate(const void *from, struct sm_validation *validation)
{
    const struct options *options = from;
    if (options->send_batch_max_size > 0 && options->send_batch_max_size < options->send_batch_size)
        sm_validation_error(validation, "send_batch_max_size", "send_batch_max_size must be greater or equal to send_batch_size");
    for (size_t i = 0; i < options->metadata_keys.count; i++)
        for (size_t k = 0; k < i; k++) {
            struct sm_slice key = sm_slice_of(options->metadata_keys.items[i]);
            if (!sm_slice_equal_nocase(key, sm_slice_of(options->metadata_keys.items[k])))
                continue;
            sm_validation_error(validation, "metadata_keys", "duplicate entry in metadata_keys: \"%s\" (case-insensitive)",
                                sm_arena_copy_lower(validation->arena, key).ptr);
            break;
        }
    if (options->timeout_ns < 0)
        sm_validation_error(validation, "timeout", "timeout must be greater or equal to 0");
}

static bool batch_create(struct sm_component *component, struct sm_error *error)
{
    (void)error;
    struct batcher *batcher = sm_alloc(1, sizeof(*batcher));
    const struct sm_own_attribute attributes[] = {{"processor", component->id}};
    batcher->component = component;
    batcher->options = component->options;
    batcher->settings = (struct sm_shard_settings){
        .send_batch_size = batcher->options->send_batch_size,
        .send_batch_max_size = batcher->options->send_batch_max_size,
        .has_timer = batcher->options->timeout_ns != 0 && batcher->options->send_batch_size != 0,
    };
    for (size_t i = 0; i < METRIC_COUNT; i++)
        batcher->metrics[i] = sm_instrument_get(&metric_table[i], attributes, 1);
    pthread_mutex_init(&batcher->mutex, NULL);
    component->state = batcher;
    if (batcher->options->metadata_keys.count == 0)
        add_member(batcher, NULL);
    else
        sm_instrument_add(batcher->metrics[METRIC_CARDINALITY], 0);
    return true;
}

static void stop_member(struct sm_worker *worker, void *context)
{
    (void)worker;
    struct member *member = context;
    sm_shard_stop(&member->shard);
}

static void batch_stop(struct sm_component *component)
{
    struct batcher *batcher = component->state;
    pthread_mutex_lock(&batcher->mutex);
    struct member *first = batcher->members;
    atomic_store_explicit(&batcher->draining_count, batcher->member_count, memory_order_relaxed);
    pthread_mutex_unlock(&batcher->mutex);
    if (!first)
        sm_component_stopped(component);
    for (struct member *member = first; member; member = member->next)
        sm_worker_post(member->worker, stop_member, member);
}

static void batch_free(struct sm_component *component)
{
    struct batcher *batcher = component->state;
    if (!batcher)
        return;
    sm_instrument_add(batcher->metrics[METRIC_CARDINALITY], -(int64_t)batcher->member_count);
    while (batcher->members) {
        struct member *member = batcher->members;
        batcher->members = member->next;
        sm_shard_deinit(&member->shard);
        sm_metadata_release(member->metadata);
        free(member);
    }
    pthread_mutex_destroy(&batcher->mutex);
    free(batcher);
}

const struct sm_component_type sm_processor_batch = {
    .kind = SM_PROCESSOR,
    .name = "batch",
    .help = "Puts telemetry together into batches by size and time.",
    .signals = SM_SIGNAL_ALL,
    .stability = {SM_STABILITY_BETA, SM_STABILITY_BETA, SM_STABILITY_BETA},
    .mutates = true,
    .takes_packed = true,
    .options = option_table,
    .options_size = sizeof(struct options),
    .metrics = metric_table,
    .validate = batch_validate,
    .create = batch_create,
    .consume = batch_consume,
    .joins = batch_joins,
    .stop = batch_stop,
    .free = batch_free,
};
