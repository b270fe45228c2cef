/* graph.c - building a graph from its plan: see graph.h.
 *
 * Instances are found or made while the pipelines are connected, from exporters towards receivers. A connector is one instance for each pair of
 * signals it joins (one in all when it is shared) and stands at the end of some pipelines and at the beginning of others, so connecting recurses
 * through them; a pipeline met again while it is being connected is a cycle. Everything lies in the graph's arena. Source: opentelemetry-collector
 * service/internal/graph. */
#include "pipeline/graph.h"

#include <assert.h>

#include "base/log.h"
#include "pipeline/blame.h"
#include "pipeline/export.h"
#include "pipeline/fan_out.h"
#include "pipeline/graph_internal.h"
#include "pipeline/item_counts.h"
#include "pipeline/receiver_counts.h"
#include "pipeline/worker.h"

enum pipeline_state { PIPELINE_NEW, PIPELINE_OPEN, PIPELINE_CONNECTED };

struct pipeline {
    const struct sm_graph_pipeline *from; /* borrowed: plan */
    enum pipeline_state state;
    struct sm_consumer *entry; /* borrowed: arena */
};

/* A pipeline's entry says for the whole of it whether data is changed. What it takes is what the first of them takes. */
struct entry {
    struct sm_consumer base;
    struct sm_consumer *first;
};

struct builder {
    struct sm_graph *graph;
    struct pipeline *pipelines; /* parallel to plan->pipelines */
    struct sm_diags *diags;     /* borrowed; NULL: nobody is told */
    struct sm_error *error;
};

/* A growing list of consumers in the graph's arena. */
struct consumer_list {
    struct sm_consumer **items;
    size_t count, capacity;
};

static const char *const kind_names[] = {
    [SM_RECEIVER] = "receiver", [SM_PROCESSOR] = "processor", [SM_EXPORTER] = "exporter", [SM_CONNECTOR] = "connector", [SM_EXTENSION] = "extension",
};

/* ---- instances */

static void consume_by_component(struct sm_consumer *self, struct sm_worker *worker, struct sm_batch *batch)
{
    struct sm_instance *instance = (struct sm_instance *)((char *)self - offsetof(struct sm_instance, consumer));
    assert(!batch->is_packed || self->takes_packed);
    instance->component.type->consume(&instance->component, worker, batch);
}

static void consume_counted(struct sm_consumer *self, struct sm_worker *worker, struct sm_batch *batch)
{
    struct sm_instance *instance = (struct sm_instance *)((char *)self - offsetof(struct sm_instance, consumer));
    sm_item_counts_consume(&instance->component, worker, batch);
}

static void consume_by_chain(struct sm_consumer *self, struct sm_worker *worker, struct sm_batch *batch)
{
    struct sm_instance *instance = (struct sm_instance *)((char *)self - offsetof(struct sm_instance, consumer));
    assert(!batch->is_packed || self->takes_packed);
    sm_export_chain_consume(&instance->component, worker, batch);
}

static struct sm_instance *add_instance(struct sm_graph *graph, const struct sm_graph_component *from, enum sm_signal signal)
{
    struct sm_instance *instance = sm_arena_zalloc(&graph->arena, 1, sizeof(*instance));
    const struct sm_component_type *type = from->type;
    instance->from = from;
    instance->component = (struct sm_component){
        .type = type,
        .id = from->id,
        .signal = signal,
        .signals = 1u << signal,
        .options = from->options,
        .logger = {.kind = kind_names[type->kind], .id = from->id},
        .graph = graph,
        .workers = graph->workers,
    };
    instance->consumer.consume = type->send ? consume_by_chain : type->counts_items ? consume_counted : consume_by_component;
    instance->consumer.mutates = type->mutates;
    instance->consumer.join_limit = type->joins ? type->joins(from->options) : 0;
    instance->consumer.takes_packed = type->takes_packed && type->kind == SM_EXPORTER; /* others: when what follows is known */
    graph->order = sm_arena_grow(&graph->arena, graph->order, graph->count, &graph->capacity, graph->count + 1, sizeof(struct sm_instance *));
    graph->order[graph->count++] = instance;
    return instance;
}

static bool is_for_all_signals(const struct sm_component_type *type)
{
    return type->shared || type->kind == SM_RECEIVER || type->kind == SM_EXTENSION;
}

/* The instance that stands for `from` with these signals (both are ignored by those that there is one of), or NULL. */
static struct sm_instance *find_instance(const struct sm_graph *graph, const struct sm_graph_component *from, enum sm_signal signal,
                                         enum sm_signal output)
{
    for (size_t i = 0; i < graph->count; i++) {
        struct sm_instance *instance = graph->order[i];
        if (instance->from != from)
            continue;
        bool is_same = instance->component.signal == signal && (from->type->kind != SM_CONNECTOR || instance->component.output_signal == output);
        if (is_for_all_signals(from->type) || is_same)
            return instance;
    }
    return NULL;
}

static struct sm_instance *find_or_add(struct sm_graph *graph, const struct sm_graph_component *from, enum sm_signal signal, enum sm_signal output)
{
    struct sm_instance *instance = find_instance(graph, from, signal, output);
    if (!instance) {
        instance = add_instance(graph, from, signal);
        instance->component.output_signal = output;
        if (!is_for_all_signals(from->type))
            instance->component.logger.signal = sm_signal_name(signal);
    }
    instance->component.signals |= 1u << signal;
    return instance;
}

/* False with `error`. */
static bool create_instance(struct sm_instance *instance, struct sm_error *error)
{
    struct sm_component *component = &instance->component;
    const struct sm_component_type *type = component->type;
    if (type->counts_items)
        sm_item_counts_create(component);
    if (type->kind == SM_RECEIVER)
        sm_receiver_counts_create(component);
    bool is_created = (!type->send || sm_export_chain_create(component, error)) && (!type->create || type->create(component, error));
    instance->state = is_created ? SM_INSTANCE_CREATED : SM_INSTANCE_FAILED;
    return is_created;
}

/* Has another instance of the same component failed, for the same reason no doubt? */
static bool has_failed_before(const struct sm_graph *graph, size_t index)
{
    for (size_t i = 0; i < index; i++)
        if (graph->order[i]->from == graph->order[index]->from && graph->order[i]->state == SM_INSTANCE_FAILED)
            return true;
    return false;
}

static bool has_failed_extension(const struct sm_graph *graph)
{
    for (size_t i = 0; i < graph->count; i++)
        if (graph->order[i]->component.type->kind == SM_EXTENSION && graph->order[i]->state == SM_INSTANCE_FAILED)
            return true;
    return false;
}

/* All of them, so that everything that is wrong is told at once; `error` has the first. Without the extensions that they name the others would say
 * what is not so. */
static bool create_instances(struct builder *builder)
{
    struct sm_graph *graph = builder->graph;
    bool is_good = true;
    for (size_t i = 0; i < graph->count; i++) {
        const struct sm_component *component = &graph->order[i]->component;
        struct sm_error error = {0};
        if (!is_good && component->type->kind != SM_EXTENSION && has_failed_extension(graph))
            break;
        if (has_failed_before(graph, i) || create_instance(graph->order[i], &error))
            continue;
        sm_blame_tell(graph->order[i]->from, &error, builder->diags);
        if (error.is_of_start)
            sm_error_wrap(&error, "failed to start \"%s\" %s", component->id, kind_names[component->type->kind]);
        else
            sm_error_wrap(&error, "failed to create \"%s\" %s for data type \"%s\"", component->id, kind_names[component->type->kind],
                          sm_signal_name(component->signal));
        if (is_good && builder->error)
            *builder->error = error;
        is_good = false;
    }
    return is_good;
}

/* ---- connecting */

static void push(struct builder *builder, struct consumer_list *list, struct sm_consumer *consumer)
{
    list->items = sm_arena_grow(&builder->graph->arena, list->items, list->count, &list->capacity, list->count + 1, sizeof(struct sm_consumer *));
    list->items[list->count++] = consumer;
}

static bool connect_pipeline(struct builder *builder, struct pipeline *pipeline);

static bool is_fed_by(const struct sm_graph_pipeline *pipeline, const struct sm_graph_component *component)
{
    for (size_t i = 0; i < pipeline->receiver_count; i++)
        if (pipeline->receivers[i] == component)
            return true;
    return false;
}

/* The entries of all pipelines of `signal` that `component` feeds, as one consumer; NULL when there are none. */
static bool connect_fed_pipelines(struct builder *builder, const struct sm_graph_component *component, enum sm_signal signal,
                                  struct sm_consumer **next)
{
    const struct sm_graph_plan *plan = builder->graph->plan;
    struct consumer_list entries = {0};
    for (size_t i = 0; i < plan->pipeline_count; i++) {
        if (plan->pipelines[i].signal != signal || !is_fed_by(&plan->pipelines[i], component))
            continue;
        if (!connect_pipeline(builder, &builder->pipelines[i]))
            return false;
        push(builder, &entries, builder->pipelines[i].entry);
    }
    *next = entries.count ? sm_fan_out_create(&builder->graph->arena, entries.items, entries.count) : NULL;
    return true;
}

/* The connector instance that takes `signal` and gives `output`, connected to what it feeds; `*instance` becomes NULL when it feeds nothing of the
 * kind. */
static bool connect_connector(struct builder *builder, const struct sm_graph_component *from, enum sm_signal signal, enum sm_signal output,
                              struct sm_instance **instance)
{
    *instance = NULL;
    struct sm_consumer *next = NULL;
    if ((from->type->gives[signal] & 1u << output) == 0)
        return true;
    struct sm_instance *known = find_instance(builder->graph, from, signal, output);
    if (known && known->component.next[output]) {
        known->component.signals |= 1u << signal;
        *instance = known;
        return true;
    }
    if (!connect_fed_pipelines(builder, from, output, &next))
        return false;
    if (!next)
        return true;
    *instance = find_or_add(builder->graph, from, signal, output);
    (*instance)->component.next[output] = next;
    /* What it passes on unchanged may be changed further down. */
    if (signal == output && next->mutates)
        (*instance)->consumer.mutates = true;
    (*instance)->consumer.takes_packed = from->type->takes_packed && signal == output && next->takes_packed;
    return true;
}

/* Adds the consumers that `from`, last in a pipeline of `signal`, stands for. */
static bool connect_end(struct builder *builder, const struct sm_graph_component *from, enum sm_signal signal, struct consumer_list *ends)
{
    if (from->type->kind == SM_EXPORTER) {
        push(builder, ends, &find_or_add(builder->graph, from, signal, signal)->consumer);
        return true;
    }
    struct sm_instance *pushed = NULL;
    for (enum sm_signal output = 0; output < SM_SIGNAL_COUNT; output++) {
        struct sm_instance *instance;
        if (!connect_connector(builder, from, signal, output, &instance))
            return false;
        if (instance && instance != pushed) { /* a shared connector is one consumer for all it gives */
            push(builder, ends, &instance->consumer);
            pushed = instance;
        }
    }
    return true;
}

static bool is_listed_before(const struct sm_graph_component *const *components, size_t index)
{
    for (size_t i = 0; i < index; i++)
        if (components[i] == components[index])
            return true;
    return false;
}

static void enter_pipeline(struct sm_consumer *self, struct sm_worker *worker, struct sm_batch *batch)
{
    sm_consumer_consume(((struct entry *)self)->first, worker, batch);
}

/* Puts the processors before `last`, from the end, and an entry before all when the first of them does not say what the later ones do. */
static struct sm_consumer *connect_processors(struct builder *builder, const struct sm_graph_pipeline *from, struct sm_consumer *last)
{
    struct sm_graph *graph = builder->graph;
    struct sm_consumer *first = last;
    bool mutates = last->mutates;
    for (size_t i = from->processor_count; i-- > 0;) {
        struct sm_instance *processor = add_instance(graph, from->processors[i], from->signal);
        processor->component.pipeline = processor->component.logger.pipeline = from->id;
        processor->component.logger.signal = sm_signal_name(from->signal);
        processor->component.next[from->signal] = first;
        processor->consumer.takes_packed = processor->component.type->takes_packed && first->takes_packed;
        first = &processor->consumer;
        mutates = mutates || first->mutates;
    }
    if (first->mutates == mutates)
        return first;
    struct entry *entry = sm_arena_zalloc(&graph->arena, 1, sizeof(*entry));
    *entry = (struct entry){.base = {.consume = enter_pipeline, .mutates = mutates, .takes_packed = first->takes_packed}, .first = first};
    return &entry->base;
}

static bool connect_pipeline(struct builder *builder, struct pipeline *pipeline)
{
    const struct sm_graph_pipeline *from = pipeline->from;
    struct consumer_list ends = {0};
    if (pipeline->state == PIPELINE_CONNECTED)
        return true;
    if (pipeline->state == PIPELINE_OPEN)
        return sm_error_set(builder->error, SM_ERROR_USAGE, "cycle detected: pipeline \"%s\" feeds itself through connectors", from->id);
    pipeline->state = PIPELINE_OPEN;
    for (size_t i = 0; i < from->exporter_count; i++)
        if (!is_listed_before(from->exporters, i) && !connect_end(builder, from->exporters[i], from->signal, &ends))
            return false;
    if (ends.count == 0)
        return sm_error_set(builder->error, SM_ERROR_USAGE, "pipeline \"%s\" has nothing to export to", from->id);
    pipeline->entry = connect_processors(builder, from, sm_fan_out_create(&builder->graph->arena, ends.items, ends.count));
    pipeline->state = PIPELINE_CONNECTED;
    return true;
}

static bool connect_receivers(struct builder *builder, const struct sm_graph_pipeline *from)
{
    for (size_t i = 0; i < from->receiver_count; i++) {
        if (from->receivers[i]->type->kind != SM_RECEIVER)
            continue;
        struct sm_component *receiver = &find_or_add(builder->graph, from->receivers[i], from->signal, from->signal)->component;
        if (!receiver->next[from->signal] && !connect_fed_pipelines(builder, from->receivers[i], from->signal, &receiver->next[from->signal]))
            return false;
    }
    return true;
}

/* Extensions and exporters come first in the order of starting; connectors and processors follow as the recursion completes them; receivers end it.
 */
static bool connect_all(struct builder *builder)
{
    const struct sm_graph_plan *plan = builder->graph->plan;
    for (size_t i = 0; i < plan->extension_count; i++)
        find_or_add(builder->graph, plan->extensions[i], SM_TRACES, SM_TRACES);
    for (size_t i = 0; i < plan->pipeline_count; i++)
        for (size_t k = 0; k < plan->pipelines[i].exporter_count; k++)
            if (plan->pipelines[i].exporters[k]->type->kind == SM_EXPORTER)
                find_or_add(builder->graph, plan->pipelines[i].exporters[k], plan->pipelines[i].signal, plan->pipelines[i].signal);
    for (size_t i = 0; i < plan->pipeline_count; i++)
        if (!connect_pipeline(builder, &builder->pipelines[i]))
            return false;
    for (size_t i = 0; i < plan->pipeline_count; i++)
        if (!connect_receivers(builder, &plan->pipelines[i]))
            return false;
    return true;
}

static struct sm_graph *allocate_graph(struct sm_workers *workers, const struct sm_graph_plan *plan)
{
    struct sm_arena arena = SM_ARENA_INIT;
    struct sm_graph *graph = sm_arena_zalloc(&arena, 1, sizeof(*graph));
    graph->arena = arena;
    graph->workers = workers;
    graph->plan = plan;
    return graph;
}

struct sm_graph *sm_graph_create(struct sm_workers *workers, const struct sm_graph_plan *plan, struct sm_diags *diags, struct sm_error *error)
{
    struct sm_graph *graph = allocate_graph(workers, plan);
    struct builder builder = {.graph = graph, .diags = diags, .error = error};
    builder.pipelines = sm_arena_zalloc(&graph->arena, plan->pipeline_count, sizeof(*builder.pipelines));
    for (size_t i = 0; i < plan->pipeline_count; i++)
        builder.pipelines[i].from = &plan->pipelines[i];
    if (connect_all(&builder) && create_instances(&builder))
        return graph;
    sm_graph_free(graph);
    return NULL;
}

/* ---- looking at it */

uint64_t sm_graph_ready_since_ns(const struct sm_graph *graph)
{
    return atomic_load_explicit(&graph->ready_since_ns, memory_order_relaxed);
}

const struct sm_graph_plan *sm_graph_plan(const struct sm_graph *graph)
{
    return graph->plan;
}

size_t sm_graph_component_count(const struct sm_graph *graph)
{
    return graph->count;
}

struct sm_component *sm_graph_component_at(const struct sm_graph *graph, size_t index)
{
    assert(index < graph->count);
    return &graph->order[index]->component;
}

struct sm_component *sm_graph_find_extension(const struct sm_graph *graph, const char *id)
{
    for (size_t i = 0; i < graph->count; i++) {
        struct sm_instance *instance = graph->order[i];
        if (instance->component.type->kind == SM_EXTENSION && sm_slice_is(sm_slice_of(id), instance->component.id))
            return instance->state >= SM_INSTANCE_CREATED && instance->state <= SM_INSTANCE_STOPPING ? &instance->component : NULL;
    }
    return NULL;
}
