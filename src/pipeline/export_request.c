/* export_request.c - the life of one request, from the entries it carries to their end.
 *
 * Source: opentelemetry-collector exporter/exporterhelper/internal (queue_sender.go, obs_report_sender.go). */
#include "pipeline/export_chain.h"

#include "base/clock.h"
#include "base/memory.h"

#include <assert.h>
#include <stdlib.h>

struct sm_export_request *sm_export_request_create(struct sm_export_lane *lane, struct sm_batch *batch, struct sm_export_entry *const *entries,
                                                   size_t count)
{
    struct sm_export_request *request = sm_alloc(1, sizeof(*request));
    request->public.batch = batch;
    request->lane = lane;
    request->entries = sm_alloc(count, sizeof(struct sm_export_entry *));
    memcpy(request->entries, entries, count * sizeof(struct sm_export_entry *));
    request->entry_count = count;
    request->item_count = batch->item_count;
    sm_export_open(lane->chain);
    return request;
}

static void link_active(struct sm_export_request *request)
{
    request->previous = NULL;
    request->next = request->lane->active;
    if (request->next)
        request->next->previous = request;
    request->lane->active = request;
}

static void unlink_active(struct sm_export_request *request)
{
    if (request->previous)
        request->previous->next = request->next;
    else
        request->lane->active = request->next;
    if (request->next)
        request->next->previous = request->previous;
}

static void begin(struct sm_export_request *request, uint64_t now_ns)
{
    const struct sm_export_chain *chain = request->lane->chain;
    uint64_t limit_ns = chain->options->retry_on_failure.max_elapsed_time_ns;
    request->give_up_ns = limit_ns ? now_ns + limit_ns : UINT64_MAX;
    link_active(request);
    sm_export_count_in_flight(request->lane->chain, request->public.batch->signal, 1);
}

void sm_export_request_start(struct sm_export_request *request)
{
    struct sm_export_chain *chain = request->lane->chain;
    uint64_t now_ns = sm_clock_mono_ns();
    if (request->public.attempt == 0)
        begin(request, now_ns);
    request->public.attempt++;
    request->public.deadline_ns = chain->options->timeout_ns ? now_ns + chain->options->timeout_ns : UINT64_MAX;
    chain->component->type->send(chain->component, request->lane->worker, &request->public);
}

void sm_export_done(struct sm_export *public, struct sm_worker *worker, const struct sm_outcome *outcome)
{
    struct sm_export_request *request = (struct sm_export_request *)((char *)public - offsetof(struct sm_export_request, public));
    assert(worker == request->lane->worker);
    (void)worker;
    if (outcome->kind == SM_ACCEPTED)
        sm_export_request_end(request, outcome, false);
    else
        sm_export_attempt_failed(request, outcome);
}

void sm_export_log_rejected(struct sm_export_chain *chain, const struct sm_outcome *outcome, size_t item_count)
{
    sm_log(SM_LOG_ERROR, &chain->component->logger, chain->rejecting_event, SM_LOG_STR("error", outcome->reason),
           SM_LOG_INT("rejected_items", item_count));
}

static void log_end(struct sm_export_request *request, const struct sm_outcome *outcome, bool is_interrupted)
{
    struct sm_export_chain *chain = request->lane->chain;
    if (chain->is_persistent && is_interrupted)
        sm_log(SM_LOG_INFO, &chain->component->logger, "Exporting interrupted. The data stays in storage.", SM_LOG_STR("error", outcome->reason),
               SM_LOG_INT("items", request->item_count));
    else if (chain->queue)
        sm_log(SM_LOG_ERROR, &chain->component->logger, chain->dropping_event, SM_LOG_STR("error", outcome->reason),
               SM_LOG_INT("dropped_items", request->item_count));
}

void sm_export_request_end(struct sm_export_request *request, const struct sm_outcome *outcome, bool is_interrupted)
{
    struct sm_export_lane *lane = request->lane;
    struct sm_export_chain *chain = lane->chain;
    enum sm_signal signal = request->public.batch->signal;
    bool is_sent = outcome->kind == SM_ACCEPTED;
    sm_export_count_in_flight(chain, signal, -1);
    if (is_sent) {
        sm_export_count_sent(chain, signal, request->item_count);
    } else {
        sm_export_count_failed(chain, signal, request->item_count, outcome, is_interrupted);
        log_end(request, outcome, is_interrupted);
    }
    unlink_active(request);
    sm_timer_free(request->timer);
    if (request->public.kept)
        request->public.release(request->public.kept);
    /* Before the entries end: their sender may free what the batch was made of. */
    sm_batch_release(request->public.batch);
    for (size_t i = 0; i < request->entry_count; i++)
        sm_export_entry_part_done(request->entries[i], outcome, is_interrupted);
    bool held_token = request->holds_token;
    free(request->entries);
    free(request);
    if (held_token) {
        sm_export_release_consumer(lane);
        sm_export_dispatch(lane);
    }
    sm_export_close(chain);
}

static void entry_end(struct sm_export_entry *entry)
{
    struct sm_export_chain *chain = entry->lane->chain;
    bool is_kept = chain->is_persistent && entry->is_interrupted;
    if (chain->is_persistent && !is_kept)
        sm_export_store_delete(chain->store, entry);
    if (chain->queue && !is_kept)
        sm_export_give_back_size(chain, entry->size);
    if (entry->outcome.kind != SM_ACCEPTED && (!chain->queue || chain->queue->wait_for_result))
        sm_export_log_rejected(chain, &entry->outcome, entry->item_count);
    sm_delivery_complete(entry->delivery, entry->lane->worker, &entry->outcome);
    sm_batch_release(entry->batch);
    sm_export_pace_ended(entry->lane, entry);
    free(entry);
    sm_export_close(chain);
}

void sm_export_entry_part_done(struct sm_export_entry *entry, const struct sm_outcome *outcome, bool is_interrupted)
{
    assert(entry->open_parts > 0);
    if (sm_outcome_worse(&entry->outcome, outcome) != &entry->outcome)
        entry->outcome = *outcome;
    entry->is_interrupted |= is_interrupted;
    if (--entry->open_parts == 0)
        entry_end(entry);
}
