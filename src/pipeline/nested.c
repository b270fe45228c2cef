/* nested.c - see nested.h. Does for one exporter what graph.c and graph_life.c do for those of a graph. */
#include "pipeline/nested.h"

#include <assert.h>
#include <stdlib.h>

#include "base/memory.h"
#include "pipeline/component.h"
#include "pipeline/export.h"
#include "pipeline/worker.h"

struct sm_nested {
    struct sm_component component;
    char *id;      /* owned */
    void **locals; /* owned */
    void (*stopped)(struct sm_nested *nested, void *context);
    void *stopped_context;
};

static void create_local(struct sm_worker *worker, void *context)
{
    struct sm_nested *nested = context;
    nested->locals[sm_worker_index(worker)] = nested->component.type->worker_create(&nested->component, worker);
}

static void free_local(struct sm_worker *worker, void *context)
{
    sm_nested_free_local(context, worker);
}

void sm_nested_free_local(struct sm_nested *nested, struct sm_worker *worker)
{
    void **local = &nested->locals[sm_worker_index(worker)];
    if (*local && nested->component.type->worker_free)
        nested->component.type->worker_free(&nested->component, worker, *local);
    *local = NULL;
}

static bool start(struct sm_nested *nested, struct sm_error *error)
{
    struct sm_component *component = &nested->component;
    const struct sm_component_type *type = component->type;
    if (!sm_export_chain_create(component, error) || (type->create && !type->create(component, error)))
        return false;
    if (type->start && !type->start(component, error))
        return false;
    if (type->worker_create)
        sm_workers_run_on_all(component->workers, create_local, nested);
    return sm_export_chain_start(component, error);
}

struct sm_nested *sm_nested_start(struct sm_component *owner, const struct sm_nested_options *options, struct sm_error *error)
{
    assert(options->type->kind == SM_EXPORTER && options->type->send);
    struct sm_nested *nested = sm_alloc(1, sizeof(*nested));
    nested->id = sm_strdup(options->id);
    nested->locals = sm_alloc(sm_workers_count(owner->workers), sizeof(void *));
    nested->component = (struct sm_component){
        .type = options->type,
        .id = nested->id,
        .signal = options->signal,
        .signals = 1u << options->signal,
        .options = options->options,
        .logger = {.kind = "exporter", .id = nested->id, .signal = owner->logger.signal},
        .nested = nested,
        .graph = owner->graph,
        .workers = owner->workers,
        ._locals = nested->locals,
    };
    if (start(nested, error))
        return nested;
    sm_nested_free(nested);
    return NULL;
}

void sm_nested_consume(struct sm_nested *nested, struct sm_worker *worker, struct sm_batch *batch)
{
    sm_export_chain_consume(&nested->component, worker, batch);
}

void sm_nested_stop(struct sm_nested *nested, void (*stopped)(struct sm_nested *nested, void *context), void *context)
{
    nested->stopped = stopped;
    nested->stopped_context = context;
    sm_export_chain_stop(&nested->component);
}

void sm_nested_note_stopped(struct sm_nested *nested)
{
    nested->stopped(nested, nested->stopped_context);
}

void sm_nested_free(struct sm_nested *nested)
{
    if (!nested)
        return;
    struct sm_component *component = &nested->component;
    bool has_locals = false;
    for (unsigned i = 0; i < sm_workers_count(component->workers); i++)
        has_locals = has_locals || nested->locals[i];
    if (has_locals)
        sm_workers_run_on_all(component->workers, free_local, nested);
    sm_export_chain_free(component);
    if (component->type->free && component->state)
        component->type->free(component);
    free(nested->locals);
    free(nested->id);
    free(nested);
}
