/* metrics.c - see metrics.h. Source: opentelemetry-collector-contrib processor/tailsamplingprocessor/metadata.yaml, processor.go. */
#include "processors/tail_sampling/metrics.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "config/gates.h"

#define PREFIX "otelcol_processor_tail_sampling_"
#define ROW(metric_name, metric_kind, metric_unit, text, ...)                                                                                        \
    {                                                                                                                                                \
        .name = PREFIX metric_name, .help = text " [Development]", .unit = metric_unit, .kind = metric_kind, .level = SM_OWN_LEVEL_BASIC,            \
        .scope = "github.com/open-telemetry/opentelemetry-collector-contrib/processor/tailsamplingprocessor", __VA_ARGS__                            \
    }

enum metric {
    COUNT_TRACES,
    COUNT_SPANS,
    COUNT_BYTES,
    GLOBAL_COUNT,
    EARLY_RELEASES,
    NEW_TRACES,
    TIMER_LATENCY,
    LATE_AGE,
    REMOVAL_AGE,
    EVALUATION_ERRORS,
    EXECUTION_COUNT,
    EXECUTION_TIME,
    DROPPED_TOO_EARLY,
    DROPPED_TOO_LARGE,
    ON_MEMORY,
    METRIC_COUNT
};

static const double latency_bounds[] = {1, 2, 5, 10, 25, 50, 75, 100, 150, 200, 300, 400, 500, 750, 1e3, 2e3, 3e3, 4e3, 5e3, 10e3, 20e3, 30e3, 50e3};

const struct sm_own_metric sm_tail_metric_table[METRIC_COUNT + 1] = {
    [COUNT_TRACES] = ROW("count_traces_sampled", SM_OWN_COUNTER, "{traces}", "Count of traces that were sampled or not per sampling policy"),
    [COUNT_SPANS] = ROW("count_spans_sampled", SM_OWN_COUNTER, "{spans}", "Count of spans that were sampled or not per sampling policy"),
    [COUNT_BYTES] = ROW("count_bytes_sampled", SM_OWN_COUNTER, "By", "Count of bytes that were sampled or not per sampling policy"),
    [GLOBAL_COUNT] =
        ROW("global_count_traces_sampled", SM_OWN_COUNTER, "{traces}", "Global count of traces that were sampled or not by at least one policy"),
    [EARLY_RELEASES] = ROW("early_releases_from_cache_decision", SM_OWN_COUNTER, "{spans}",
                           "Number of spans that were able to be immediately released due to a decision cache hit."),
    [NEW_TRACES] = ROW("new_trace_id_received", SM_OWN_COUNTER, "{traces}", "Counts the arrival of new traces"),
    [TIMER_LATENCY] =
        ROW("sampling_decision_timer_latency", SM_OWN_HISTOGRAM, "ms", "Latency (in milliseconds) of each run of the sampling decision timer",
            .bounds = latency_bounds, .bound_count = sizeof(latency_bounds) / sizeof(latency_bounds[0])),
    [LATE_AGE] =
        ROW("sampling_late_span_age", SM_OWN_HISTOGRAM, "s", "Time (in seconds) from the sampling decision was taken and the arrival of a late span"),
    [REMOVAL_AGE] =
        ROW("sampling_trace_removal_age", SM_OWN_HISTOGRAM, "s", "Time (in seconds) from arrival of a new trace until its removal from memory"),
    [EVALUATION_ERRORS] = ROW("sampling_policy_evaluation_error", SM_OWN_COUNTER, "{errors}", "Count of sampling policy evaluation errors"),
    [EXECUTION_COUNT] =
        ROW("sampling_policy_execution_count", SM_OWN_COUNTER, "{executions}", "Total number of executions of a specific sampling policy"),
    [EXECUTION_TIME] =
        ROW("sampling_policy_execution_time_sum", SM_OWN_COUNTER, "µs", "Total time spent (in microseconds) executing a specific sampling policy"),
    [DROPPED_TOO_EARLY] = ROW("sampling_trace_dropped_too_early", SM_OWN_COUNTER, "{traces}",
                              "Count of traces that needed to be dropped before the configured wait time"),
    [DROPPED_TOO_LARGE] =
        ROW("traces_dropped_too_large", SM_OWN_COUNTER, "{traces}", "Count of traces that were dropped because they were too large"),
    [ON_MEMORY] = ROW("sampling_traces_on_memory", SM_OWN_GAUGE, "{traces}", "Tracks the number of traces current on memory"),
};

struct sm_tail_policy_instruments {
    struct {
        struct sm_instrument *traces, *spans, *bytes;
    } decisions[SM_TAIL_DECISION_COUNT];
    struct sm_instrument *execution_count, *execution_time;
};

static const struct {
    const char *sampled, *decision;
} decision_words[SM_TAIL_DECISION_COUNT] = {
    [SM_TAIL_NOT_SAMPLED] = {"false", "not_sampled"},
    [SM_TAIL_SAMPLED] = {"true", "sampled"},
    [SM_TAIL_DROPPED] = {"false", "dropped"},
};

static struct sm_instrument *get(enum metric metric)
{
    return sm_instrument_get(&sm_tail_metric_table[metric], NULL, 0);
}

static void init_policy(struct sm_tail_policy_instruments *instruments, const char *name)
{
    for (size_t i = 0; i < SM_TAIL_DECISION_COUNT; i++) {
        const struct sm_own_attribute attributes[] = {
            {"policy", name}, {"sampled", decision_words[i].sampled}, {"decision", decision_words[i].decision}};
        instruments->decisions[i].traces = sm_instrument_get(&sm_tail_metric_table[COUNT_TRACES], attributes, 3);
        instruments->decisions[i].spans = sm_instrument_get(&sm_tail_metric_table[COUNT_SPANS], attributes, 3);
        instruments->decisions[i].bytes = sm_instrument_get(&sm_tail_metric_table[COUNT_BYTES], attributes, 3);
    }
    const struct sm_own_attribute attribute = {"policy", name};
    instruments->execution_count = sm_instrument_get(&sm_tail_metric_table[EXECUTION_COUNT], &attribute, 1);
    instruments->execution_time = sm_instrument_get(&sm_tail_metric_table[EXECUTION_TIME], &attribute, 1);
}

static void init_policies(struct sm_tail_metrics *metrics, const struct sm_tail_plan *plan, const char *component_id)
{
    const char *slash = strchr(component_id, '/');
    metrics->policy_count = plan->count;
    metrics->policies = sm_alloc(plan->count, sizeof(*metrics->policies));
    for (size_t i = 0; i < plan->count; i++) {
        /* With the component's own name before it, which tells two of them apart. */
        char name[512];
        snprintf(name, sizeof(name), "%s%s%s", slash ? slash + 1 : "", slash ? "." : "", plan->policies[i].name);
        init_policy(&metrics->policies[i], name);
    }
}

void sm_tail_metrics_init(struct sm_tail_metrics *metrics, const struct sm_tail_plan *plan, const char *component_id)
{
    *metrics = (struct sm_tail_metrics){
        .new_traces = get(NEW_TRACES),
        .timer_latency = get(TIMER_LATENCY),
        .late_age = get(LATE_AGE),
        .removal_age = get(REMOVAL_AGE),
        .evaluation_errors = get(EVALUATION_ERRORS),
        .dropped_too_early = get(DROPPED_TOO_EARLY),
        .dropped_too_large = get(DROPPED_TOO_LARGE),
        .on_memory = get(ON_MEMORY),
    };
    for (size_t i = 0; i < 2; i++) {
        const struct sm_own_attribute attribute = {"sampled", i ? "true" : "false"};
        metrics->released[i] = sm_instrument_get(&sm_tail_metric_table[EARLY_RELEASES], &attribute, 1);
    }
    for (size_t i = 0; i < SM_TAIL_DECISION_COUNT; i++) {
        const struct sm_own_attribute attributes[] = {{"sampled", decision_words[i].sampled}, {"decision", decision_words[i].decision}};
        metrics->decisions[i] = sm_instrument_get(&sm_tail_metric_table[GLOBAL_COUNT], attributes, 2);
    }
    init_policies(metrics, plan, component_id);
}

void sm_tail_metrics_deinit(struct sm_tail_metrics *metrics)
{
    free(metrics->policies);
    *metrics = (struct sm_tail_metrics){0};
}

/* ---- tallies */

void sm_tail_tally_init(struct sm_tail_tally *tally, size_t policy_count)
{
    *tally = (struct sm_tail_tally){.policies = sm_alloc(policy_count, sizeof(*tally->policies))};
}

void sm_tail_tally_deinit(struct sm_tail_tally *tally)
{
    free(tally->policies);
    *tally = (struct sm_tail_tally){0};
}

static void add_if_any(struct sm_instrument *instrument, uint64_t more)
{
    if (more)
        sm_instrument_add(instrument, (int64_t)more);
}

static void tell_policy(struct sm_tail_policy_tally *tally, const struct sm_tail_policy_instruments *instruments)
{
    for (size_t i = 0; i < SM_TAIL_DECISION_COUNT; i++) {
        const struct sm_tail_sampled *sampled = &tally->decisions[i];
        add_if_any(instruments->decisions[i].traces, sampled->traces);
        if (sm_gate_is_on(SM_GATE_TAIL_SAMPLING_SPANS))
            add_if_any(instruments->decisions[i].spans, sampled->spans);
        if (sm_gate_is_on(SM_GATE_TAIL_SAMPLING_BYTES))
            add_if_any(instruments->decisions[i].bytes, sampled->bytes);
    }
    sm_instrument_add(instruments->execution_count, (int64_t)tally->execution_count);
    sm_instrument_add(instruments->execution_time, (int64_t)(tally->execution_ns / 1000));
    *tally = (struct sm_tail_policy_tally){0};
}

void sm_tail_tally_tell(struct sm_tail_tally *tally, const struct sm_tail_metrics *metrics)
{
    sm_instrument_add(metrics->dropped_too_early, (int64_t)tally->dropped_too_early);
    sm_instrument_add(metrics->evaluation_errors, (int64_t)tally->error_count);
    for (size_t i = 0; i < SM_TAIL_DECISION_COUNT; i++) {
        add_if_any(metrics->decisions[i], tally->decisions[i]);
        tally->decisions[i] = 0;
    }
    tally->dropped_too_early = tally->error_count = 0;
    for (size_t i = 0; i < metrics->policy_count; i++)
        tell_policy(&tally->policies[i], &metrics->policies[i]);
}
