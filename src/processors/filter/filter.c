/* filter.c - the processor filter: drops what conditions say.
 *
 * Reads what the conditions ask for; drops resources, scopes, items, span events and data points, and what is left empty by it. State: the plan, and
 * one counter of what was dropped. Source: opentelemetry-collector-contrib processor/filterprocessor. */
#include "processors/filter/filter.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "pipeline/component.h"
#include "pipeline/delivery.h"
#include "pipeline/own_metrics.h"
#include "telemetry/log_record.h"
#include "telemetry/metric.h"
#include "telemetry/span.h"

static const struct sm_own_metric metrics[] = {
    [SM_TRACES] = {.name = "otelcol_processor_filter_spans.filtered",
                   .help = "Number of spans dropped by the filter processor [Development]",
                   .unit = "1",
                   .kind = SM_OWN_COUNTER,
                   .level = SM_OWN_LEVEL_BASIC,
                   .scope = "github.com/open-telemetry/opentelemetry-collector-contrib/processor/filterprocessor"},
    [SM_METRICS] = {.name = "otelcol_processor_filter_datapoints.filtered",
                    .help = "Number of metric data points dropped by the filter processor [Development]",
                    .unit = "1",
                    .kind = SM_OWN_COUNTER,
                    .level = SM_OWN_LEVEL_BASIC,
                    .scope = "github.com/open-telemetry/opentelemetry-collector-contrib/processor/filterprocessor"},
    [SM_LOGS] = {.name = "otelcol_processor_filter_logs.filtered",
                 .help = "Number of logs dropped by the filter processor [Development]",
                 .unit = "1",
                 .kind = SM_OWN_COUNTER,
                 .level = SM_OWN_LEVEL_BASIC,
                 .scope = "github.com/open-telemetry/opentelemetry-collector-contrib/processor/filterprocessor"},
    {0},
};

struct state {
    struct sm_filter_plan *plan;    /* owned */
    struct sm_instrument *filtered; /* borrowed */
};

static bool filter_create(struct sm_component *component, struct sm_error *error)
{
    struct sm_filter_plan *plan = sm_filter_plan_create(component->options, component->signal, NULL, error);
    if (!plan)
        return false;
    struct state *state = component->state = sm_alloc(1, sizeof(*state));
    const struct sm_own_attribute attribute = {.key = "filter", .value = component->id};
    *state = (struct state){.plan = plan, .filtered = sm_instrument_get(&metrics[component->signal], &attribute, 1)};
    return true;
}

static void filter_free(struct sm_component *component)
{
    struct state *state = component->state;
    if (!state)
        return;
    sm_filter_plan_free(state->plan);
    free(state);
    component->state = NULL;
}

/* ---- one pass */

struct filtering {
    const struct sm_filter_plan *plan;
    const struct sm_filter_pass *pass; /* NULL: the legacy blocks */
    const struct sm_logger *logger;
    bool has_failed;
    char error[256];
};

/* Whether a condition of `context` holds. A failure that is to be passed on keeps the item, and the payload is refused in the end. */
static bool holds(struct filtering *f, struct sm_ottl_run *run, enum sm_ottl_context context, bool *has_failed)
{
    *has_failed = false;
    run->cache = (struct sm_map){0};
    if (!f->pass || f->pass->conditions[context].count == 0)
        return false;
    enum sm_ottl_verdict verdict = sm_ottl_conditions_test(&f->pass->conditions[context], run, f->logger);
    if (verdict != SM_OTTL_FAILED)
        return verdict == SM_OTTL_YES;
    if (!f->has_failed)
        memcpy(f->error, run->error, sizeof(f->error));
    *has_failed = f->has_failed = true;
    return false;
}

static bool has_conditions(const struct filtering *f, enum sm_ottl_context context)
{
    return f->pass && f->pass->conditions[context].count > 0;
}

static bool is_excluded(const struct filtering *f, const struct sm_ottl_run *run,
                        bool (*matches)(const struct sm_match *match, const struct sm_ottl_run *run))
{
    if (f->pass)
        return false;
    return (f->plan->include && !matches(f->plan->include, run)) || (f->plan->exclude && matches(f->plan->exclude, run));
}

/* Excluding by resource attributes only where some are given: without any, nothing is excluded. */
static bool is_resource_excluded(const struct filtering *f, const struct sm_ottl_run *run)
{
    if (f->pass)
        return false;
    return (f->plan->include && !sm_match_resource(f->plan->include, run)) ||
           (f->plan->exclude && sm_match_has_resources(f->plan->exclude) && sm_match_resource(f->plan->exclude, run));
}

/* A failing expression keeps the metric, and the payload is refused in the end. */
static bool is_excluded_by_expressions(struct filtering *f, const struct sm_metric *metric)
{
    const struct sm_filter_plan *plan = f->plan;
    enum sm_expr_answer includes = SM_EXPR_YES, excludes = SM_EXPR_NO;
    struct sm_expr_error error = {0};
    if (plan->include_expressions)
        includes = sm_filter_expressions_test(plan->include_expressions, metric, &error);
    if (plan->exclude_expressions && includes == SM_EXPR_YES)
        excludes = sm_filter_expressions_test(plan->exclude_expressions, metric, &error);
    bool has_failed = includes == SM_EXPR_FAILED || excludes == SM_EXPR_FAILED;
    if (has_failed && !f->has_failed)
        (void)snprintf(f->error, sizeof(f->error), "expression: %.200s (at offset %u)", error.message, error.offset);
    f->has_failed = f->has_failed || has_failed;
    return !has_failed && (includes == SM_EXPR_NO || excludes == SM_EXPR_YES);
}

static bool is_metric_excluded(struct filtering *f, const struct sm_ottl_run *run)
{
    if (f->pass)
        return false;
    return (f->plan->include && !sm_match_metric_name(f->plan->include, run)) ||
           (f->plan->exclude && sm_match_has_metric_names(f->plan->exclude) && sm_match_metric_name(f->plan->exclude, run)) ||
           is_excluded_by_expressions(f, run->metric);
}

static void filter_events(struct filtering *f, struct sm_ottl_run *run)
{
    uint32_t count;
    bool has_failed;
    struct sm_span_event *events = sm_span_events(run->span, run->arena, &count);
    for (uint32_t i = 0; i < count; i++) {
        run->event = &events[i];
        if (events[i].dropped || !holds(f, run, SM_OTTL_SPANEVENT, &has_failed))
            continue;
        events[i].dropped = true;
        run->span->changed |= SM_SPAN_CHANGED_EVENTS;
        sm_batch_mark_changed(run->batch, run->group, run->scope);
    }
    run->event = NULL;
}

static bool drop_span(struct filtering *f, struct sm_ottl_run *run)
{
    bool has_failed;
    if (is_excluded(f, run, sm_match_span) || holds(f, run, SM_OTTL_SPAN, &has_failed))
        return true;
    if (!has_failed && has_conditions(f, SM_OTTL_SPANEVENT))
        filter_events(f, run);
    return false;
}

/* A metric that has lost all its points goes too, and so does one that came without any. */
static bool drop_points(struct filtering *f, struct sm_ottl_run *run)
{
    size_t kept = 0;
    bool has_failed;
    for (size_t i = 0; i < run->metric->point_count; i++) {
        run->point = &run->metric->points[i];
        if (!run->point->dropped && holds(f, run, SM_OTTL_DATAPOINT, &has_failed)) {
            run->point->dropped = true;
            run->metric->changed = true;
            sm_batch_mark_changed(run->batch, run->group, run->scope);
        }
        kept += !run->point->dropped;
    }
    run->point = NULL;
    return kept == 0 && run->metric->type != SM_METRIC_NONE;
}

static bool drop_metric(struct filtering *f, struct sm_ottl_run *run)
{
    bool has_failed;
    if (is_metric_excluded(f, run) || holds(f, run, SM_OTTL_METRIC, &has_failed))
        return true;
    return !has_failed && has_conditions(f, SM_OTTL_DATAPOINT) && drop_points(f, run);
}

static void filter_scope(struct filtering *f, struct sm_ottl_run *run)
{
    bool has_failed;
    run->scope->dropped = holds(f, run, SM_OTTL_SCOPE, &has_failed);
    for (size_t i = 0; i < run->scope->count && !run->scope->dropped && !has_failed; i++) {
        if (run->batch->signal == SM_TRACES) {
            run->span = &run->scope->spans[i];
            run->span->dropped = run->span->dropped || drop_span(f, run);
        } else if (run->batch->signal == SM_METRICS) {
            run->metric = &run->scope->metrics[i];
            run->metric->dropped = run->metric->dropped || drop_metric(f, run);
        } else {
            run->log = &run->scope->log_records[i];
            run->log->dropped = run->log->dropped || is_excluded(f, run, sm_match_log) || holds(f, run, SM_OTTL_LOG, &has_failed);
            has_failed = false;
        }
    }
}

static void filter_pass(struct filtering *f, struct sm_batch *batch)
{
    struct sm_ottl_run run = {.arena = &batch->arena, .batch = batch};
    for (size_t g = 0; g < batch->count; g++) {
        bool has_failed;
        run.group = &batch->groups[g];
        if (run.group->dropped)
            continue;
        run.group->dropped = holds(f, &run, SM_OTTL_RESOURCE, &has_failed) || (batch->signal == SM_METRICS && is_resource_excluded(f, &run));
        for (size_t s = 0; s < run.group->count && !run.group->dropped && !has_failed; s++) {
            run.scope = &run.group->scopes[s];
            if (!run.scope->dropped)
                filter_scope(f, &run);
        }
        run.scope = NULL;
    }
    sm_batch_recount(batch);
}

/* ---- */

/* Not by the number of items: a metric without data points stays. */
static bool is_empty(const struct sm_batch *batch)
{
    for (size_t i = 0; i < batch->count; i++)
        if (!batch->groups[i].dropped)
            return false;
    return true;
}

static void filter_consume(struct sm_component *component, struct sm_worker *worker, struct sm_batch *batch)
{
    const struct state *state = component->state;
    const struct sm_filter_plan *plan = state->plan;
    struct filtering f = {.plan = plan, .logger = &component->logger};
    size_t before = batch->item_count;
    if (plan->pass_count == 0 && !plan->include && !plan->exclude) {
        sm_component_forward(component, worker, batch);
        return;
    }
    if (plan->pass_count == 0)
        filter_pass(&f, batch);
    for (size_t i = 0; i < plan->pass_count; i++) {
        f.pass = &plan->passes[i];
        filter_pass(&f, batch);
    }
    sm_instrument_add(state->filtered, (int64_t)(before - batch->item_count));
    if (f.has_failed) {
        sm_log(SM_LOG_ERROR, &component->logger, "failed processing", SM_LOG_STR("error", f.error));
        struct sm_outcome outcome = sm_outcome_retry("%s", f.error);
        sm_batch_finish(batch, worker, &outcome);
    } else if (is_empty(batch)) {
        sm_batch_accept(batch, worker);
    } else {
        sm_component_forward(component, worker, batch);
    }
}

const struct sm_component_type sm_processor_filter = {
    .kind = SM_PROCESSOR,
    .counts_items = true,
    .name = "filter",
    .help = "Drops telemetry by OTTL conditions.",
    .signals = SM_SIGNAL_ALL,
    .stability = {SM_STABILITY_ALPHA, SM_STABILITY_ALPHA, SM_STABILITY_ALPHA},
    .mutates = true,
    .options = sm_filter_option_table,
    .options_size = sizeof(struct sm_filter_options),
    .metrics = metrics,
    .validate = sm_filter_validate,
    .create = filter_create,
    .consume = filter_consume,
    .free = filter_free,
};
