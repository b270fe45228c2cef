/* export_retry.c - what happens after an attempt that failed: wait and try again, or give up.
 *
 * Waits grow by `multiplier` up to `max_interval` and vary by `randomization_factor`; a next hop that names a delay is waited for at least that long.
 * While the program stops nothing is tried again, nor for senders that have all gone away: a request whose senders still wait looks for that every
 * LOOK_NS. Source: exporterhelper/internal/retry_sender.go, cenkalti/backoff exponential.go. */
#include "pipeline/export_chain.h"

#include "base/clock.h"
#include "config/duration.h"

#include <stdio.h>
#include <stdlib.h>

static const uint64_t LOOK_NS = 500 * SM_NS_PER_MS;

uint64_t sm_export_next_wait(const struct sm_export_retry_options *options, uint64_t *interval_ns, double random)
{
    if (*interval_ns == 0)
        *interval_ns = options->initial_interval_ns;
    double current = (double)*interval_ns;
    double spread = options->randomization_factor * current;
    uint64_t wait_ns = spread > 0 ? (uint64_t)(current - spread + random * (2 * spread + 1)) : *interval_ns;
    if (current * options->multiplier >= (double)options->max_interval_ns)
        *interval_ns = options->max_interval_ns;
    else
        *interval_ns = (uint64_t)(current * options->multiplier);
    return wait_ns;
}

static double random_ratio(void)
{
    static _Thread_local unsigned seed;
    if (seed == 0)
        seed = (unsigned)sm_clock_mono_ns() | 1u;
    return (double)rand_r(&seed) / ((double)RAND_MAX + 1);
}

/* The outcome with `what` in front of its text. */
static struct sm_outcome prefixed(const char *what, const struct sm_outcome *outcome)
{
    struct sm_outcome result = *outcome;
    /* Cut like any reason that is too long. */
    size_t size = strlen(what);
    size_t room = sizeof(result.reason) - 1;
    if (size > room)
        size = room;
    memcpy(result.reason, what, size);
    snprintf(result.reason + size, sizeof(result.reason) - size, "%s", outcome->reason);
    return result;
}

/* What the next hop's answer is called in logs and to senders. */
static struct sm_outcome named(const struct sm_outcome *outcome)
{
    uint64_t delay_ns = outcome->retry_after_ns > outcome->wait_ns ? outcome->retry_after_ns : outcome->wait_ns;
    if (outcome->kind == SM_REJECTED)
        return prefixed("Permanent error: ", outcome);
    if (delay_ns == 0)
        return *outcome;
    char delay[SM_DURATION_TEXT_SIZE], what[SM_DURATION_TEXT_SIZE + 32];
    sm_duration_format((int64_t)delay_ns, delay);
    snprintf(what, sizeof(what), "Throttle (%s), error: ", delay);
    return prefixed(what, outcome);
}

static void end(struct sm_export_request *request, const char *what, const struct sm_outcome *outcome, bool is_interrupted)
{
    struct sm_outcome result = request->lane->chain->component->type->has_plain_errors ? *outcome : prefixed(what, outcome);
    sm_export_request_end(request, &result, is_interrupted);
}

/* Whether nobody waits for the outcome. What was accepted before it was sent (a queue) is wanted. */
static bool is_abandoned(const struct sm_export_request *request)
{
    for (size_t i = 0; i < request->entry_count; i++)
        if (!sm_delivery_is_abandoned(request->entries[i]->delivery))
            return false;
    return true;
}

static bool has_senders(const struct sm_export_request *request)
{
    for (size_t i = 0; i < request->entry_count; i++)
        if (!request->entries[i]->delivery)
            return false;
    return true;
}

static void give_up_abandoned(struct sm_export_request *request, const struct sm_outcome *outcome)
{
    struct sm_outcome last = *outcome;
    end(request, "request is cancelled or timed out: ", &last, false);
}

static void wait_on(struct sm_export_request *request, uint64_t left_ns)
{
    sm_timer_arm(request->timer, has_senders(request) && left_ns > LOOK_NS ? LOOK_NS : left_ns, false);
}

static void on_wait_over(struct sm_worker *worker, void *context)
{
    (void)worker;
    struct sm_export_request *request = context;
    uint64_t now_ns = sm_clock_mono_ns();
    bool is_over = now_ns >= request->next_attempt_ns;
    bool is_unwanted = is_abandoned(request);
    request->is_waiting = !is_over && !is_unwanted;
    if (is_unwanted)
        give_up_abandoned(request, &request->last);
    else if (is_over)
        sm_export_request_start(request);
    else
        wait_on(request, request->next_attempt_ns - now_ns);
}

static void wait_for_next(struct sm_export_request *request, uint64_t wait_ns, const struct sm_outcome *outcome)
{
    char text[SM_DURATION_TEXT_SIZE];
    sm_duration_format((int64_t)wait_ns, text);
    sm_log(SM_LOG_INFO, &request->lane->chain->component->logger, "Exporting failed. Will retry the request after interval.",
           SM_LOG_STR("error", outcome->reason), SM_LOG_STR("interval", text));
    request->last = *outcome;
    request->is_waiting = true;
    if (!request->timer)
        request->timer = sm_timer_create(request->lane->worker, on_wait_over, request);
    request->next_attempt_ns = sm_clock_mono_ns() + wait_ns;
    wait_on(request, wait_ns ? wait_ns : 1);
}

void sm_export_attempt_failed(struct sm_export_request *request, const struct sm_outcome *outcome)
{
    struct sm_export_chain *chain = request->lane->chain;
    const struct sm_export_retry_options *options = &chain->options->retry_on_failure;
    struct sm_outcome error = named(outcome);
    if (!options->enabled) {
        sm_export_request_end(request, &error, false);
        return;
    }
    if (outcome->kind == SM_REJECTED) {
        end(request, "not retryable error: ", &error, false);
        return;
    }
    uint64_t wait_ns = sm_export_next_wait(options, &request->interval_ns, random_ratio());
    if (wait_ns < outcome->wait_ns)
        wait_ns = outcome->wait_ns;
    if (wait_ns < outcome->retry_after_ns)
        wait_ns = outcome->retry_after_ns;
    uint64_t now_ns = sm_clock_mono_ns();
    if (request->give_up_ns != UINT64_MAX && (now_ns > request->give_up_ns || wait_ns > request->give_up_ns - now_ns)) {
        end(request, "no more retries left: ", &error, false);
        return;
    }
    if (is_abandoned(request)) {
        give_up_abandoned(request, &error);
        return;
    }
    if (atomic_load_explicit(&chain->is_stopping, memory_order_acquire)) {
        end(request, "interrupted due to shutdown: ", &error, true);
        return;
    }
    wait_for_next(request, wait_ns, &error);
}

void sm_export_cut_waits(struct sm_export_lane *lane)
{
    struct sm_export_request *request = lane->active;
    while (request) {
        struct sm_export_request *next = request->next;
        if (request->is_waiting) {
            request->is_waiting = false;
            sm_timer_disarm(request->timer);
            struct sm_outcome last = request->last;
            end(request, "interrupted due to shutdown: ", &last, true);
        }
        request = next;
    }
}
