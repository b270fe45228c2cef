/* graph_life.c - starting, stopping and freeing a graph: see graph.h.
 *
 * Per-worker state is made and released on its worker while the main worker waits: both happen when no request can be on its way through the
 * component. Stopping is a walk back over the order of starting, in stages: all receivers, then every processor and connector by itself, all
 * exporters, all extensions. A stage ends when each of its components has called sm_component_stopped. */
#include "pipeline/graph.h"

#include <assert.h>

#include "base/clock.h"
#include "base/log.h"
#include "pipeline/blame.h"
#include "pipeline/export.h"
#include "pipeline/graph_internal.h"
#include "pipeline/item_counts.h"
#include "pipeline/receiver_counts.h"
#include "pipeline/worker.h"

static const char *const kind_names[] = {
    [SM_RECEIVER] = "receiver", [SM_PROCESSOR] = "processor", [SM_EXPORTER] = "exporter", [SM_CONNECTOR] = "connector", [SM_EXTENSION] = "extension",
};

/* ---- on every worker */

static void create_local(struct sm_worker *worker, void *context)
{
    struct sm_component *component = context;
    component->_locals[sm_worker_index(worker)] = component->type->worker_create(component, worker);
}

static void free_local(struct sm_worker *worker, void *context)
{
    struct sm_component *component = context;
    void **local = &component->_locals[sm_worker_index(worker)];
    if (component->type->worker_free)
        component->type->worker_free(component, worker, *local);
    *local = NULL;
}

static void do_nothing(struct sm_worker *worker, void *context)
{
    (void)worker;
    (void)context;
}

/* ---- start */

static bool start_instance(struct sm_graph *graph, struct sm_instance *instance, struct sm_error *error)
{
    struct sm_component *component = &instance->component;
    const struct sm_component_type *type = component->type;
    instance->state = SM_INSTANCE_STARTED; /* even if it fails half-way: it then is stopped */
    if (type->start && !type->start(component, error))
        return false;
    if (type->worker_create) {
        component->_locals = sm_arena_zalloc(&graph->arena, sm_workers_count(graph->workers), sizeof(void *));
        sm_workers_run_on_all(graph->workers, create_local, component);
        instance->has_worker_state = true;
    }
    return !type->send || sm_export_chain_start(component, error);
}

static void log_extension(const struct sm_component *component, const char *event)
{
    if (component->type->kind == SM_EXTENSION)
        sm_log(SM_LOG_INFO, &component->logger, event);
}

bool sm_graph_start(struct sm_graph *graph, struct sm_diags *diags, struct sm_error *error)
{
    sm_log(SM_LOG_INFO, NULL, "Starting extensions...");
    for (size_t i = 0; i < graph->count; i++) {
        struct sm_component *component = &graph->order[i]->component;
        log_extension(component, "Extension is starting...");
        struct sm_error why = {0};
        if (!start_instance(graph, graph->order[i], &why)) {
            sm_blame_tell(graph->order[i]->from, &why, diags);
            *error = why;
            return sm_error_wrap(error, "failed to start \"%s\" %s", component->id, kind_names[component->type->kind]);
        }
        log_extension(component, "Extension started.");
    }
    atomic_store_explicit(&graph->ready_since_ns, sm_clock_wall_ns(), memory_order_relaxed);
    return true;
}

/* ---- stop */

static void stop_further_stages(struct sm_graph *graph);

/* Told once, whether there are any or not. */
static void log_stopping_extensions(struct sm_graph *graph)
{
    if (!graph->has_reached_extensions)
        sm_log(SM_LOG_INFO, NULL, "Stopping extensions...");
    graph->has_reached_extensions = true;
}

static void end_stop(struct sm_graph *graph)
{
    log_stopping_extensions(graph);
    graph->has_ended = true;
    sm_timer_free(graph->limit_timer);
    graph->limit_timer = NULL;
    graph->stopped(graph->stopped_context, !graph->is_overdue);
}

static void tell_to_stop(struct sm_graph *graph, struct sm_instance *instance)
{
    struct sm_component *component = &instance->component;
    /* One whose start has failed may lack what it has on the workers: nothing was given to it. */
    bool was_started = instance->state == SM_INSTANCE_STARTED && (!component->type->worker_create || instance->has_worker_state);
    bool has_stop = component->type->send || component->type->stop;
    if (!was_started || !has_stop) {
        instance->state = SM_INSTANCE_STOPPED;
        return;
    }
    instance->state = SM_INSTANCE_STOPPING;
    graph->pending_count++;
    if (component->type->send)
        sm_export_chain_stop(component);
    else
        component->type->stop(component);
}

static bool stops_together(const struct sm_instance *a, const struct sm_instance *b)
{
    enum sm_component_kind kind = a->component.type->kind;
    return kind == b->component.type->kind && kind != SM_PROCESSOR && kind != SM_CONNECTOR;
}

static void stop_stage(struct sm_graph *graph)
{
    const struct sm_instance *first = graph->order[graph->stop_index - 1];
    if (first->component.type->kind == SM_EXTENSION)
        log_stopping_extensions(graph);
    do
        tell_to_stop(graph, graph->order[--graph->stop_index]);
    while (graph->stop_index > 0 && stops_together(first, graph->order[graph->stop_index - 1]));
}

static void stop_further_stages(struct sm_graph *graph)
{
    while (graph->stop_index > 0 && (graph->pending_count == 0 || graph->is_overdue))
        stop_stage(graph);
    if (graph->stop_index == 0 && (graph->pending_count == 0 || graph->is_overdue) && !graph->has_ended)
        end_stop(graph);
}

void sm_graph_note_stopped(struct sm_component *component)
{
    struct sm_instance *instance = (struct sm_instance *)component;
    struct sm_graph *graph = component->graph;
    if (instance->state != SM_INSTANCE_STOPPING)
        return;
    instance->state = SM_INSTANCE_STOPPED;
    assert(graph->pending_count > 0);
    graph->pending_count--;
    stop_further_stages(graph);
}

static void on_limit(struct sm_worker *worker, void *context)
{
    (void)worker;
    struct sm_graph *graph = context;
    for (size_t i = graph->stop_index; i < graph->count; i++)
        if (graph->order[i]->state == SM_INSTANCE_STOPPING)
            sm_log(SM_LOG_ERROR, &graph->order[i]->component.logger, "Component did not drain within the limit");
    graph->is_overdue = true;
    stop_further_stages(graph);
}

static void begin_stop(struct sm_worker *worker, void *context)
{
    (void)worker;
    stop_further_stages(context);
}

void sm_graph_stop(struct sm_graph *graph, uint64_t limit_ns, sm_graph_stopped *stopped, void *context)
{
    assert(!graph->is_stopping);
    struct sm_worker *main_worker = sm_workers_main(graph->workers);
    atomic_store_explicit(&graph->ready_since_ns, 0, memory_order_relaxed);
    graph->is_stopping = true;
    graph->stopped = stopped;
    graph->stopped_context = context;
    graph->stop_index = graph->count;
    graph->limit_timer = sm_timer_create(main_worker, on_limit, graph);
    sm_timer_arm(graph->limit_timer, limit_ns, false);
    /* By message, so that `stopped` is never called before this returns. */
    sm_worker_post(main_worker, begin_stop, graph);
}

/* ---- free */

static void free_instance(struct sm_instance *instance)
{
    struct sm_component *component = &instance->component;
    const struct sm_component_type *type = component->type;
    if (instance->has_worker_state)
        sm_workers_run_on_all(component->workers, free_local, component);
    if (type->send)
        sm_export_chain_free(component);
    bool is_made = instance->state != SM_INSTANCE_NEW && instance->state != SM_INSTANCE_FAILED;
    if (type->free && (is_made || component->state))
        type->free(component);
    if (type->kind == SM_RECEIVER)
        sm_receiver_counts_free(component);
    else if (component->_observer)
        sm_item_counts_free(component);
}

void sm_graph_free(struct sm_graph *graph)
{
    if (!graph)
        return;
    /* What components posted to workers before they had drained has run once this comes back. */
    if (graph->is_stopping && graph->count > 0)
        sm_workers_run_on_all(graph->workers, do_nothing, NULL);
    for (size_t i = graph->count; i-- > 0;)
        free_instance(graph->order[i]);
    struct sm_arena arena = graph->arena; /* the graph itself lies in it */
    sm_arena_deinit(&arena);
}
