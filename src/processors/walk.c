/* walk.c - see walk.h. */
#include "processors/walk.h"

#include "telemetry/log_record.h"
#include "telemetry/metric.h"
#include "telemetry/span.h"

/* Whether there is an item `index`: sets it in `run`, NULL when it is dropped. */
static bool set_item(struct sm_ottl_run *run, size_t index, bool *is_dropped)
{
    run->cache = (struct sm_map){0};
    if (index >= run->scope->count)
        return false;
    switch (run->batch->signal) {
    case SM_TRACES:
        run->span = &run->scope->spans[index];
        *is_dropped = run->span->dropped;
        return true;
    case SM_METRICS:
        run->metric = &run->scope->metrics[index];
        *is_dropped = run->metric->dropped;
        return true;
    default:
        run->log = &run->scope->log_records[index];
        *is_dropped = run->log->dropped;
        return true;
    }
}

static void walk_scope(struct sm_ottl_run *run, const struct sm_walker *walker)
{
    bool is_dropped;
    run->cache = (struct sm_map){0};
    if (walker->scope && !walker->scope(run, walker->context))
        return;
    for (size_t i = 0; walker->item && set_item(run, i, &is_dropped); i++)
        if (!is_dropped)
            walker->item(run, walker->context);
    run->span = NULL;
    run->metric = NULL;
    run->log = NULL;
}

void sm_walk(struct sm_batch *batch, const struct sm_walker *walker)
{
    struct sm_ottl_run run = sm_walk_start(batch);
    for (size_t g = 0; g < batch->count; g++) {
        run.group = &batch->groups[g];
        run.cache = (struct sm_map){0};
        if (run.group->dropped || (walker->resource && !walker->resource(&run, walker->context)))
            continue;
        for (size_t s = 0; (walker->scope || walker->item) && s < run.group->count; s++) {
            run.scope = &run.group->scopes[s];
            if (!run.scope->dropped)
                walk_scope(&run, walker);
        }
        run.scope = NULL;
    }
}

struct visiting {
    void (*visit)(struct sm_ottl_run *run, void *context);
    void *context;
};

static bool visit_level(struct sm_ottl_run *run, void *context)
{
    const struct visiting *visiting = context;
    visiting->visit(run, visiting->context);
    return false;
}

static void visit_item(struct sm_ottl_run *run, void *context)
{
    visit_level(run, context);
}

static void visit_events(struct sm_ottl_run *run, void *context)
{
    uint32_t count;
    struct sm_span_event *events = sm_span_events(run->span, run->arena, &count);
    for (uint32_t i = 0; i < count; i++) {
        run->event = &events[i];
        if (!events[i].dropped)
            visit_level(run, context);
    }
    run->event = NULL;
}

static void visit_points(struct sm_ottl_run *run, void *context)
{
    for (size_t i = 0; i < run->metric->point_count; i++) {
        run->point = &run->metric->points[i];
        if (!run->point->dropped)
            visit_level(run, context);
    }
    run->point = NULL;
}

void sm_walk_context(struct sm_batch *batch, enum sm_ottl_context context, void (*visit)(struct sm_ottl_run *run, void *visit_context),
                     void *visit_context)
{
    struct visiting visiting = {visit, visit_context};
    struct sm_walker walker = {.context = &visiting};
    if (context == SM_OTTL_RESOURCE)
        walker.resource = visit_level;
    else if (context == SM_OTTL_SCOPE)
        walker.scope = visit_level;
    else
        walker.item = context == SM_OTTL_SPANEVENT ? visit_events : context == SM_OTTL_DATAPOINT ? visit_points : visit_item;
    sm_walk(batch, &walker);
}
