/* export.c - the life of the chain around every sending exporter. See export.h and export_chain.h.
 *
 * State: the chain is immutable after start but for its atomics; lanes, entries and requests belong to one worker. `open` counts everything that has
 * to end before the exporter has drained. Source: opentelemetry-collector exporter/exporterhelper/internal/base_exporter.go. */
#include "pipeline/export.h"

#include "base/clock.h"
#include "base/hash.h"
#include "base/memory.h"
#include "base/path_check.h"
#include "pipeline/export_chain.h"
#include "pipeline/storage.h"

#include <stdio.h>
#include <stdlib.h>

static const struct sm_export_batch_options *batching_of(const struct sm_export_queue_options *queue)
{
    return queue && queue->batch && queue->batch->enabled ? queue->batch : NULL;
}

static char *event_text(const char *event, const char *advice)
{
    size_t size = strlen(event) + strlen(advice) + 1;
    char *text = sm_alloc(1, size);
    snprintf(text, size, "%s%s", event, advice);
    return text;
}

static void compose_events(struct sm_export_chain *chain)
{
    char advice[160];
    snprintf(advice, sizeof(advice), "%s%s",
             chain->options->retry_on_failure.enabled ? "" : " Try enabling retry_on_failure config option to retry on retryable errors.",
             chain->queue ? "" : " Try enabling sending_queue to survive temporary failures.");
    chain->dropping_event = event_text("Exporting failed. Dropping data.", advice);
    chain->rejecting_event = event_text("Exporting failed. Rejecting data.", advice);
}

/* Can requests be kept where they are to be? */
static bool check_store(const struct sm_export_chain *chain, struct sm_error *error)
{
    if (chain->queue_file.size)
        return sm_path_check_writable(chain->queue_file.ptr, true, error);
    return sm_storage_check(chain->component, &chain->queue->storage, error) ||
           sm_error_wrap(error, "exporter %s: sending_queue", chain->component->id);
}

bool sm_export_chain_create(struct sm_component *exporter, struct sm_error *error)
{
    struct sm_export_chain *chain = sm_alloc(1, sizeof(*chain));
    chain->component = exporter;
    chain->options = (const void *)((const char *)exporter->options + exporter->type->export_options_offset);
    const struct sm_export_queue_options *queue = chain->options->optional_queue ? chain->options->optional_queue : &chain->options->sending_queue;
    chain->queue = queue->enabled ? queue : NULL;
    chain->batching = batching_of(chain->queue);
    if (chain->batching)
        chain->batch_sizer = chain->batching->is_sizer_set || !chain->queue->is_sizer_set ? chain->batching->sizer : chain->queue->sizer;
    chain->gauge = sm_alloc(1, sizeof(*chain->gauge));
    chain->gauge->capacity = chain->queue ? chain->queue->queue_size : INT64_MAX;
    if (chain->queue)
        chain->consumer_count = exporter->type->consumers ? exporter->type->consumers(exporter->options) : chain->queue->num_consumers;
    sm_bytes_init(&chain->queue_file, NULL);
    bool has_file = chain->queue && exporter->type->queue_file && exporter->type->queue_file(exporter->options, &chain->queue_file);
    chain->is_persistent = has_file || (chain->queue && *chain->queue->storage);
    atomic_init(&chain->free_consumers, chain->consumer_count);
    atomic_init(&chain->open, 1);
    compose_events(chain);
    chain->drained = sm_alloc(1, sizeof(*chain->drained));
    chain->drained->component = exporter;
    exporter->_chain = chain;
    return !chain->is_persistent || check_store(chain, error);
}

static void create_lanes(struct sm_export_chain *chain)
{
    struct sm_workers *workers = chain->component->workers;
    unsigned workers_count = sm_workers_count(workers);
    chain->lane_count = workers_count + 1;
    chain->lanes = sm_alloc(chain->lane_count, sizeof(*chain->lanes));
    for (unsigned i = 0; i < chain->lane_count; i++) {
        chain->lanes[i].chain = chain;
        chain->lanes[i].worker = i < workers_count ? sm_workers_get(workers, i) : sm_workers_main(workers);
    }
}

/* One lane for all where order, one growing batch, or one writer ask for it; which one is spread over the workers by the exporter's name. */
static void choose_home(struct sm_export_chain *chain)
{
    const struct sm_export_queue_options *queue = chain->queue;
    if (!queue || (chain->consumer_count > 1 && !chain->batching && !chain->is_persistent))
        return;
    uint64_t hash = sm_hash_with(chain->component->signal, sm_slice_of(chain->component->id));
    unsigned workers_count = chain->lane_count - 1;
    chain->home = &chain->lanes[workers_count ? hash % workers_count : 0];
    if (chain->batching)
        chain->home->batcher = sm_export_batcher_create(chain->home);
}

#define STORE_RETRY_NS (50 * SM_NS_PER_MS)

static void look_for_store(struct sm_worker *worker, void *context)
{
    struct sm_export_chain *chain = context;
    struct sm_error error = {0};
    bool is_stopping = atomic_load_explicit(&chain->is_stopping, memory_order_acquire);
    if (!chain->store && !is_stopping && !sm_export_store_open(chain, &error) && error.class == SM_ERROR_BUSY) {
        if (!chain->store_timer)
            chain->store_timer = sm_timer_create(worker, look_for_store, chain);
        sm_timer_arm(chain->store_timer, STORE_RETRY_NS, false);
        return;
    }
    sm_timer_free(chain->store_timer);
    chain->store_timer = NULL;
    chain->is_store_lost = !chain->store;
    if (chain->store) {
        sm_export_store_waiting(chain->home);
    } else {
        sm_log(SM_LOG_ERROR, &chain->component->logger, "Storage cannot be used",
               SM_LOG_STR("error", is_stopping ? "the exporter is stopping" : error.text));
        sm_export_refuse_waiting(chain->home, "the storage of the sending queue cannot be used");
    }
    sm_export_dispatch(chain->home);
    sm_export_close(chain);
}

/* A store that the configuration before this one still has is waited for: it closes it when its requests have ended. */
static bool start_store(struct sm_export_chain *chain, struct sm_error *error)
{
    struct sm_error own_error = {0};
    if (!sm_export_store_open(chain, &own_error) && own_error.class != SM_ERROR_BUSY) {
        *error = own_error;
        sm_error_blame(error, &chain->queue->storage);
        return sm_error_wrap(error, "exporter %s: sending_queue", chain->component->id);
    }
    sm_export_open(chain);
    sm_worker_post(chain->home->worker, look_for_store, chain);
    return true;
}

bool sm_export_chain_start(struct sm_component *exporter, struct sm_error *error)
{
    struct sm_export_chain *chain = sm_export_chain_of(exporter);
    create_lanes(chain);
    choose_home(chain);
    if (chain->is_persistent && !start_store(chain, error))
        return false;
    sm_export_metrics_start(chain);
    chain->is_started = true;
    return true;
}

void sm_export_chain_consume(struct sm_component *exporter, struct sm_worker *worker, struct sm_batch *batch)
{
    sm_export_offer(sm_export_chain_of(exporter), worker, batch);
}

struct sm_export_lane *sm_export_lane_of(struct sm_export_chain *chain, const struct sm_worker *worker)
{
    int index = sm_worker_index(worker);
    return &chain->lanes[index == SM_WORKER_MAIN ? chain->lane_count - 1 : (unsigned)index];
}

static void stop_lane(struct sm_worker *worker, void *context)
{
    (void)worker;
    struct sm_export_lane *lane = context;
    sm_export_cut_waits(lane);
    sm_export_pace_stop(lane);
    if (lane->batcher)
        sm_export_batcher_flush(lane->batcher);
    sm_export_dispatch(lane);
    sm_export_close(lane->chain);
}

static void stop_type(struct sm_component *exporter)
{
    if (exporter->type->stop)
        exporter->type->stop(exporter);
    else
        sm_component_stopped(exporter);
}

static void on_drained(struct sm_worker *worker, void *context)
{
    (void)worker;
    struct sm_export_drained *drained = context;
    drained->is_received = true;
    if (drained->component)
        stop_type(drained->component);
    else
        free(drained);
}

void sm_export_chain_stop(struct sm_component *exporter)
{
    struct sm_export_chain *chain = sm_export_chain_of(exporter);
    if (!chain || !chain->is_started) {
        stop_type(exporter);
        return;
    }
    /* Release: a worker that sees it also sees what was made before. */
    atomic_store_explicit(&chain->is_stopping, true, memory_order_release);
    for (unsigned i = 0; i < chain->lane_count; i++) {
        sm_export_open(chain);
        sm_worker_post(chain->lanes[i].worker, stop_lane, &chain->lanes[i]);
    }
    sm_export_close(chain);
}

void sm_export_chain_free(struct sm_component *exporter)
{
    struct sm_export_chain *chain = sm_export_chain_of(exporter);
    if (!chain)
        return;
    for (unsigned i = 0; i < chain->lane_count; i++)
        sm_export_batcher_free(chain->lanes[i].batcher);
    sm_export_store_free(chain->store);
    sm_bytes_deinit(&chain->queue_file);
    for (size_t i = 0; i < chain->attribute_count; i++) {
        free((char *)(uintptr_t)chain->attributes[i].key);
        free((char *)(uintptr_t)chain->attributes[i].value);
    }
    /* A gauge that was shown stays, see export_metrics.c. */
    if (!chain->is_started)
        free(chain->gauge);
    chain->drained->component = NULL;
    bool is_on_its_way = chain->is_started && !chain->drained->is_received && atomic_load(&chain->open) == 0;
    if (!is_on_its_way)
        free(chain->drained);
    free(chain->lanes);
    free(chain->dropping_event);
    free(chain->rejecting_event);
    free(chain);
    exporter->_chain = NULL;
}

void sm_export_open(struct sm_export_chain *chain)
{
    atomic_fetch_add_explicit(&chain->open, 1, memory_order_relaxed);
}

void sm_export_close(struct sm_export_chain *chain)
{
    /* Release and acquire: everything that ended happened before the type is stopped. */
    if (atomic_fetch_sub_explicit(&chain->open, 1, memory_order_acq_rel) == 1)
        sm_worker_post(sm_workers_main(chain->component->workers), on_drained, chain->drained);
}
