/* stats.c - statistics that tracers made; see receiver.h. They go to the metrics pipeline as those of the connector `datadog` do. */
#include "receivers/datadog/receiver.h"

#include "base/clock.h"
#include "base/log.h"
#include "datadog/stats_batch.h"
#include "datadog/tracer_api.h"
#include "pipeline/component.h"
#include "pipeline/outcome.h"

void sm_datadog_receive_stats(struct sm_datadog_receiver *receiver, struct sm_http_request *request)
{
    bool is_too_large;
    struct sm_buffer *body = sm_datadog_take_body(receiver, request, &is_too_large);
    if (!body)
        return;
    struct sm_arena arena = SM_ARENA_INIT;
    struct sm_stats_client client;
    const char *reason;
    if (sm_datadog_decode_client_stats(sm_buffer_slice(body), &arena, &client, &reason)) {
        pthread_mutex_lock(&receiver->stats_lock);
        struct sm_slice language = sm_http_request_header(request, SM_SLICE("Datadog-Meta-Lang"));
        size_t left_out = sm_client_stats_add(receiver->stats, sm_clock_wall_ns(), &client, language, &arena);
        pthread_mutex_unlock(&receiver->stats_lock);
        if (left_out)
            sm_instrument_add(receiver->left_out, (int64_t)left_out);
        sm_datadog_respond(receiver, request, 200, "", (struct sm_slice){0});
    } else {
        sm_receiver_refused_request(receiver->component, "http", SM_METRICS);
        sm_datadog_respond_error(receiver, request, 400, reason);
    }
    sm_buffer_release(body);
    sm_arena_deinit(&arena);
}

void sm_datadog_flush_stats(struct sm_datadog_receiver *receiver, struct sm_worker *worker, bool is_all,
                            void (*done)(struct sm_worker *worker, const struct sm_outcome *outcome, void *context), void *context)
{
    struct sm_arena arena = SM_ARENA_INIT;
    struct sm_stats_payload payload;
    pthread_mutex_lock(&receiver->stats_lock);
    sm_client_stats_take(receiver->stats, sm_clock_wall_ns(), is_all, &arena, &payload);
    struct sm_batch *batch = sm_stats_batch(&payload);
    sm_client_stats_forget(receiver->stats);
    pthread_mutex_unlock(&receiver->stats_lock);
    sm_arena_deinit(&arena);
    if (batch && receiver->component->next[SM_METRICS])
        sm_receiver_deliver(receiver->component, worker, "http", batch, done, context);
    else {
        if (batch)
            sm_batch_release(batch);
        if (done)
            done(worker, &SM_OUTCOME_ACCEPTED, context);
    }
}
