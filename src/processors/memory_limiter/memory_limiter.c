/* memory_limiter.c - the processor `memory_limiter`: refuses data while the process uses more memory than it may.
 *
 * A timer on the main worker compares the resident memory with the soft limit (limit minus spike); above it the allocator is asked to give free
 * memory back, at most once per min_gc_interval, and if that does not help data is refused until it is below. Resident memory rather than the
 * allocator's statistics: it is what the container is killed for, and reading it takes no lock. One check serves all pipelines that name the same
 * processor. State: the checks are owned by the main worker; `must_refuse` is read by every worker. Source: opentelemetry-collector
 * internal/memorylimiter, processor/memorylimiterprocessor. */
#include "pipeline/component.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/process_usage.h"
#include "pipeline/delivery.h"
#include "pipeline/own_metrics.h"
#include "pipeline/worker.h"

#define SCOPE "go.opentelemetry.io/collector/processor/memorylimiterprocessor"
#define MIB UINT64_C(1048576)

struct options {
    uint64_t check_interval_ns, min_gc_interval_when_soft_limited_ns, min_gc_interval_when_hard_limited_ns;
    uint64_t limit_mib, spike_limit_mib, limit_percentage, spike_limit_percentage;
};

static const struct sm_option option_table[] = {
    SM_OPTION_DURATION(struct options, check_interval_ns, .key = "check_interval", .help = "Time between measurements; must be set."),
    SM_OPTION_DURATION(struct options, min_gc_interval_when_soft_limited_ns, .key = "min_gc_interval_when_soft_limited", .preset.integer = 10 * SM_S,
                       .help = "Least time between two attempts to give memory back while above the soft limit."),
    SM_OPTION_DURATION(struct options, min_gc_interval_when_hard_limited_ns, .key = "min_gc_interval_when_hard_limited",
                       .help = "Least time between two attempts to give memory back while above the hard limit."),
    SM_OPTION_UINT(struct options, limit_mib, .max = UINT32_MAX, .unit = "MiB", .help = "Hard limit of the process's memory."),
    SM_OPTION_UINT(struct options, spike_limit_mib, .max = UINT32_MAX, .unit = "MiB",
                   .help = "How far below the hard limit the soft limit is; 0: a fifth of the limit."),
    SM_OPTION_UINT(struct options, limit_percentage, .max = UINT32_MAX, .unit = "percent",
                   .help = "Hard limit as a share of the container's or the machine's memory; limit_mib comes first."),
    SM_OPTION_UINT(struct options, spike_limit_percentage, .max = UINT32_MAX, .unit = "percent",
                   .help = "How far below the hard limit the soft limit is, as a share of the memory."),
    SM_OPTION_END,
};

/* The check of one configured processor, shared by its instances. Main worker only but for must_refuse. */
struct check {
    struct check *next;
    const struct options *options; /* borrowed: configuration; what the check is known by */
    unsigned instance_count;
    uint64_t soft_limit_bytes, hard_limit_bytes;
    uint64_t released_ns;   /* sm_clock_mono_ns when memory was given back last */
    struct sm_timer *timer; /* owned; NULL until started */
    struct sm_logger logger;
    atomic_bool must_refuse; /* any worker reads, relaxed */
};

static struct check *checks; /* owned: by their instances together; main worker only */

enum { ACCEPTED, REFUSED, ENDING_COUNT };

struct limiter {
    struct check *check; /* shared */
    struct sm_instrument *counts[ENDING_COUNT];
};

#define COUNTER(metric_name, metric_unit, metric_help)                                                                                               \
    {                                                                                                                                                \
        .name = "otelcol_processor_memory_limiter_" metric_name, .help = (metric_help), .unit = (metric_unit), .kind = SM_OWN_COUNTER,               \
        .level = SM_OWN_LEVEL_BASIC, .scope = SCOPE                                                                                                  \
    }

/* By signal: accepted, refused. */
static const struct sm_own_metric metric_table[] = {
    COUNTER("accepted_spans", "{span}", "Number of spans successfully pushed into the next component in the pipeline. [Alpha]"),
    COUNTER("refused_spans", "{span}", "Number of spans that were rejected by the next component in the pipeline. [Alpha]"),
    COUNTER("accepted_metric_points", "{datapoint}", "Number of metric points successfully pushed into the next component in the pipeline. [Alpha]"),
    COUNTER("refused_metric_points", "{datapoint}", "Number of metric points that were rejected by the next component in the pipeline. [Alpha]"),
    COUNTER("accepted_log_records", "{record}", "Number of log records successfully pushed into the next component in the pipeline. [Alpha]"),
    COUNTER("refused_log_records", "{record}", "Number of log records that were rejected by the next component in the pipeline. [Alpha]"),
    {0},
};

/* ---- checking, on the main worker */

static uint64_t release_and_measure(struct check *check)
{
    sm_process_release_memory();
    check->released_ns = sm_clock_mono_ns();
    uint64_t used = sm_process_resident_bytes();
    sm_log(SM_LOG_INFO, &check->logger, "Memory usage after giving free memory back.", SM_LOG_INT("cur_mem_mib", used / MIB));
    return used;
}

static void run_check(struct sm_worker *worker, void *context)
{
    (void)worker;
    struct check *check = context;
    uint64_t used = sm_process_resident_bytes();
    bool was_refusing = atomic_load_explicit(&check->must_refuse, memory_order_relaxed);
    sm_log(SM_LOG_DEBUG, &check->logger, "Currently used memory.", SM_LOG_INT("cur_mem_mib", used / MIB));
    if (used >= check->soft_limit_bytes) {
        bool is_hard = used >= check->hard_limit_bytes;
        uint64_t interval = is_hard ? check->options->min_gc_interval_when_hard_limited_ns : check->options->min_gc_interval_when_soft_limited_ns;
        if (sm_clock_mono_ns() - check->released_ns > interval)
            used = release_and_measure(check);
    }
    bool must_refuse = used >= check->soft_limit_bytes;
    if (must_refuse && !was_refusing)
        sm_log(SM_LOG_WARN, &check->logger, "Memory usage is above soft limit. Refusing data.", SM_LOG_INT("cur_mem_mib", used / MIB));
    else if (!must_refuse && was_refusing)
        sm_log(SM_LOG_INFO, &check->logger, "Memory usage back within limits. Resuming normal operation.", SM_LOG_INT("cur_mem_mib", used / MIB));
    atomic_store_explicit(&check->must_refuse, must_refuse, memory_order_relaxed);
}

static bool set_limits(struct check *check, struct sm_error *error)
{
    const struct options *options = check->options;
    uint64_t hard = options->limit_mib * MIB, spike = options->spike_limit_mib * MIB;
    if (options->limit_mib == 0) {
        uint64_t total = sm_process_memory_limit_bytes();
        if (total == 0)
            return sm_error_set(error, SM_ERROR_IO, "failed to get total memory, use fixed memory settings (limit_mib)");
        sm_log(SM_LOG_INFO, &check->logger, "Using percentage memory limiter", SM_LOG_INT("total_memory_mib", total / MIB),
               SM_LOG_INT("limit_percentage", options->limit_percentage), SM_LOG_INT("spike_limit_percentage", options->spike_limit_percentage));
        hard = total / 100 * options->limit_percentage;
        spike = total / 100 * options->spike_limit_percentage;
    }
    if (spike == 0)
        spike = hard / 5;
    check->hard_limit_bytes = hard;
    check->soft_limit_bytes = hard - spike;
    sm_log(SM_LOG_INFO, &check->logger, "Memory limiter configured", SM_LOG_INT("limit_mib", hard / MIB), SM_LOG_INT("spike_limit_mib", spike / MIB),
           SM_LOG_NS("check_interval", options->check_interval_ns));
    return true;
}

static void release_check(struct check *check)
{
    if (--check->instance_count > 0)
        return;
    struct check **at = &checks;
    while (*at != check)
        at = &(*at)->next;
    *at = check->next;
    sm_timer_free(check->timer);
    free(check);
}

static struct check *get_check(struct sm_component *component, struct sm_error *error)
{
    for (struct check *check = checks; check; check = check->next)
        if (check->options == component->options) {
            check->instance_count++;
            return check;
        }
    struct check *check = sm_alloc(1, sizeof(*check));
    check->options = component->options;
    check->instance_count = 1;
    check->released_ns = sm_clock_mono_ns();
    check->logger = (struct sm_logger){.kind = component->logger.kind, .id = component->logger.id};
    check->next = checks;
    checks = check;
    if (set_limits(check, error))
        return check;
    release_check(check);
    return NULL;
}

/* ---- the component */

static void limiter_validate(const void *from, struct sm_validation *validation)
{
    const struct options *options = from;
    /* The first violation only, as the reference. */
    if (options->check_interval_ns == 0)
        sm_validation_error(validation, "", "'check_interval' must be greater than zero");
    else if (options->min_gc_interval_when_soft_limited_ns < options->min_gc_interval_when_hard_limited_ns)
        sm_validation_error(validation, "", "'min_gc_interval_when_soft_limited' should be larger than 'min_gc_interval_when_hard_limited'");
    else if (options->limit_mib == 0 && options->limit_percentage == 0)
        sm_validation_error(validation, "", "'limit_mib' or 'limit_percentage' must be greater than zero");
    else if (options->limit_percentage > 100 || options->spike_limit_percentage > 100)
        sm_validation_error(validation, "",
                            "'limit_percentage' and 'spike_limit_percentage' must be greater than zero and less than or equal to hundred");
    else if (options->limit_mib > 0 && options->limit_mib <= options->spike_limit_mib)
        sm_validation_error(validation, "", "'spike_limit_mib' must be smaller than 'limit_mib'");
    else if (options->limit_percentage > 0 && options->limit_percentage <= options->spike_limit_percentage)
        sm_validation_error(validation, "", "'spike_limit_percentage' must be smaller than 'limit_percentage'");
}

static bool limiter_create(struct sm_component *component, struct sm_error *error)
{
    struct check *check = get_check(component, error);
    if (!check)
        return false;
    const struct sm_own_attribute attributes[] = {{"processor", component->id}};
    struct limiter *limiter = sm_alloc(1, sizeof(*limiter));
    limiter->check = check;
    for (size_t i = 0; i < ENDING_COUNT; i++)
        limiter->counts[i] = sm_instrument_get(&metric_table[(size_t)component->signal * ENDING_COUNT + i], attributes, 1);
    component->state = limiter;
    return true;
}

static bool limiter_start(struct sm_component *component, struct sm_error *error)
{
    (void)error;
    struct check *check = ((struct limiter *)component->state)->check;
    if (check->timer)
        return true;
    check->timer = sm_timer_create(sm_workers_main(component->workers), run_check, check);
    sm_timer_arm(check->timer, check->options->check_interval_ns, true);
    return true;
}

static void limiter_consume(struct sm_component *component, struct sm_worker *worker, struct sm_batch *batch)
{
    const struct limiter *limiter = component->state;
    bool must_refuse = atomic_load_explicit(&limiter->check->must_refuse, memory_order_relaxed);
    sm_instrument_add(limiter->counts[must_refuse ? REFUSED : ACCEPTED], (int64_t)batch->item_count);
    if (!must_refuse) {
        sm_component_forward(component, worker, batch);
        return;
    }
    struct sm_outcome outcome = sm_outcome_retry("data refused due to high memory usage");
    sm_batch_finish(batch, worker, &outcome);
}

static void limiter_free(struct sm_component *component)
{
    struct limiter *limiter = component->state;
    if (!limiter)
        return;
    release_check(limiter->check);
    free(limiter);
}

const struct sm_component_type sm_processor_memory_limiter = {
    .kind = SM_PROCESSOR,
    .name = "memory_limiter",
    .help = "Refuses data while the process uses too much memory.",
    .signals = SM_SIGNAL_ALL,
    .stability = {SM_STABILITY_BETA, SM_STABILITY_BETA, SM_STABILITY_BETA},
    .takes_packed = true,
    .counts_items = true,
    .options = option_table,
    .options_size = sizeof(struct options),
    .metrics = metric_table,
    .validate = limiter_validate,
    .create = limiter_create,
    .start = limiter_start,
    .consume = limiter_consume,
    .free = limiter_free,
};
