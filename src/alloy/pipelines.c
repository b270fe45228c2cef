/* pipelines.c - see pipelines.h. In Alloy every component names its targets, one by one; the Collector has pipelines.
 *
 * A run of processors each of which has one source and one target becomes one pipeline. Where several paths join before a processor, or one parts
 * behind it, a `forward` connector stands between the pipelines. What no receiver reaches, and what leads nowhere, is configured but in no pipeline.
 */
#include "alloy/pipelines.h"

#include "alloy/decode.h"
#include "config/diags.h"
#include "config/tree.h"

enum visit { UNKNOWN, ALIVE, DEAD };

/* What is known of an instance for each signal it takes. */
struct sm_alloy_graph_state {
    enum visit visits[SM_SIGNAL_COUNT]; /* whether a batch of the signal would get somewhere */
    bool is_fed[SM_SIGNAL_COUNT];       /* a receiver reaches it */
    unsigned processor_sources[SM_SIGNAL_COUNT];
    struct sm_alloy_instance *source[SM_SIGNAL_COUNT];   /* the last processor that names it */
    struct sm_alloy_instance **feeders[SM_SIGNAL_COUNT]; /* receivers and connectors that name it */
    size_t feeder_counts[SM_SIGNAL_COUNT], feeder_capacities[SM_SIGNAL_COUNT];
    bool is_walked[SM_SIGNAL_COUNT];
};

struct builder {
    struct sm_alloy_loading *loading;
    struct sm_arena *arena;
    struct sm_node *root, *pipelines;
    unsigned pipeline_counts[SM_SIGNAL_COUNT];
};

static struct sm_alloy_graph_state *state_of(const struct sm_alloy_instance *instance)
{
    return instance->graph_state;
}

static enum sm_component_kind kind_of(const struct sm_alloy_instance *instance)
{
    return instance->component->kind;
}

static size_t target_count(const struct sm_alloy_instance *instance, enum sm_signal signal)
{
    return instance->targets[signal] ? instance->targets[signal]->array.count : 0;
}

static struct sm_alloy_instance *target_at(const struct sm_alloy_instance *instance, enum sm_signal signal, size_t index)
{
    return instance->targets[signal]->array.items[index]->target;
}

/* A target may be named twice in a list: the first counts. */
static bool is_first(const struct sm_alloy_instance *instance, enum sm_signal signal, size_t index)
{
    for (size_t i = 0; i < index; i++)
        if (target_at(instance, signal, i) == target_at(instance, signal, index))
            return false;
    return true;
}

/* ---- what leads somewhere */

static bool is_alive(struct sm_alloy_instance *instance, enum sm_signal signal);

static bool has_live_target(struct sm_alloy_instance *instance, enum sm_signal signal)
{
    bool found = false;
    for (size_t i = 0; i < target_count(instance, signal); i++)
        found |= is_alive(target_at(instance, signal, i), signal);
    return found;
}

/* The signals that a connector gives for `signal`, of those that have targets. */
static bool connects(struct sm_alloy_instance *connector, enum sm_signal signal)
{
    for (int given = 0; given < SM_SIGNAL_COUNT; given++)
        if ((connector->type->gives[signal] & (1u << given)) && has_live_target(connector, (enum sm_signal)given))
            return true;
    return false;
}

static bool is_alive(struct sm_alloy_instance *instance, enum sm_signal signal)
{
    enum visit *visit = &state_of(instance)->visits[signal];
    if (*visit != UNKNOWN)
        return *visit == ALIVE;
    bool takes = instance->type->signals & (1u << signal);
    bool alive = takes && (kind_of(instance) == SM_EXPORTER    ? !instance->is_branching || instance->branch_count > 0
                           : kind_of(instance) == SM_CONNECTOR ? connects(instance, signal)
                                                               : has_live_target(instance, signal));
    *visit = alive ? ALIVE : DEAD;
    return alive;
}

/* ---- who feeds whom */

static void feed(struct builder *builder, struct sm_alloy_instance *from, enum sm_signal signal);

static void add_feeder(struct builder *builder, struct sm_alloy_instance *to, enum sm_signal signal, struct sm_alloy_instance *from)
{
    struct sm_alloy_graph_state *state = state_of(to);
    state->feeders[signal] = sm_arena_grow(builder->arena, state->feeders[signal], state->feeder_counts[signal], &state->feeder_capacities[signal],
                                           state->feeder_counts[signal] + 1, sizeof(struct sm_alloy_instance *));
    state->feeders[signal][state->feeder_counts[signal]++] = from;
}

static void feed_target(struct builder *builder, struct sm_alloy_instance *from, struct sm_alloy_instance *to, enum sm_signal signal)
{
    struct sm_alloy_graph_state *state = state_of(to);
    if (kind_of(from) == SM_PROCESSOR) {
        state->processor_sources[signal]++;
        state->source[signal] = from;
    } else {
        add_feeder(builder, to, signal, from);
    }
    state->is_fed[signal] = true;
    if (state->is_walked[signal])
        return;
    state->is_walked[signal] = true;
    if (kind_of(to) == SM_PROCESSOR)
        feed(builder, to, signal);
    for (int given = 0; given < SM_SIGNAL_COUNT && kind_of(to) == SM_CONNECTOR; given++)
        if (to->type->gives[signal] & (1u << given))
            feed(builder, to, (enum sm_signal)given);
}

static bool was_fed_from(const struct sm_alloy_instance *to, enum sm_signal signal, const struct sm_alloy_instance *from)
{
    for (size_t i = 0; i < state_of(to)->feeder_counts[signal]; i++)
        if (state_of(to)->feeders[signal][i] == from)
            return true;
    return false;
}

static void feed(struct builder *builder, struct sm_alloy_instance *from, enum sm_signal signal)
{
    for (size_t i = 0; i < target_count(from, signal); i++) {
        struct sm_alloy_instance *to = target_at(from, signal, i);
        if (!is_first(from, signal, i))
            continue;
        if (!is_alive(to, signal)) {
            sm_diags_add(builder->loading->diags, SM_DIAG_WARNING, from->position, NULL, NULL, "%s go from %s to %s, which does nothing with them",
                         sm_signal_name(signal), from->name, to->name);
            continue;
        }
        if (!was_fed_from(to, signal, from)) /* a connector may give a signal for several others */
            feed_target(builder, from, to, signal);
    }
}

/* ---- pipelines */

/* Reached only by one processor that has no other target: part of that one's pipeline. */
static bool is_chained(struct sm_alloy_instance *processor, enum sm_signal signal)
{
    const struct sm_alloy_graph_state *state = state_of(processor);
    if (kind_of(processor) != SM_PROCESSOR || state->processor_sources[signal] != 1 || state->feeder_counts[signal] > 0)
        return false;
    size_t live = 0;
    for (size_t i = 0; i < target_count(state->source[signal], signal); i++)
        live += is_first(state->source[signal], signal, i) && is_alive(target_at(state->source[signal], signal, i), signal);
    return live == 1;
}

/* Labels are unique among components of one type only. */
static const char *forward_id(struct builder *builder, const struct sm_alloy_instance *processor)
{
    struct sm_slice label = sm_slice_of(processor->id), type = sm_slice_cut(&label, '/');
    return sm_arena_printf(builder->arena, "forward/%.*s.%.*s", SM_SLICE_ARGS(type), SM_SLICE_ARGS(label));
}

static void add_id(struct builder *builder, struct sm_node *list, struct sm_position position, const char *id)
{
    sm_tree_append(list, builder->arena, sm_tree_string(builder->arena, position, id));
}

static struct sm_node *add_pipeline(struct builder *builder, enum sm_signal signal, struct sm_position position)
{
    unsigned number = ++builder->pipeline_counts[signal];
    const char *id = number == 1 ? sm_signal_name(signal) : sm_arena_printf(builder->arena, "%s/%u", sm_signal_name(signal), number);
    struct sm_node *pipeline = sm_tree_map(builder->arena, position);
    static const char *const keys[] = {"receivers", "processors", "exporters"};
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
        sm_tree_add(pipeline, builder->arena, keys[i], position, sm_tree_list(builder->arena, position));
    sm_tree_add(builder->pipelines, builder->arena, id, position, pipeline);
    return pipeline;
}

/* The connector between pipelines in front of a processor. */
static const char *use_forward(struct builder *builder, const struct sm_alloy_instance *processor)
{
    const char *id = forward_id(builder, processor);
    struct sm_node *connectors = sm_tree_find(builder->root, "connectors");
    if (!sm_tree_find(connectors, id))
        sm_tree_add(connectors, builder->arena, id, processor->position, sm_tree_map(builder->arena, processor->position));
    return id;
}

static void add_target(struct builder *builder, struct sm_node *pipeline, const struct sm_alloy_instance *target, struct sm_position position)
{
    struct sm_node *exporters = sm_tree_find(pipeline, "exporters");
    for (size_t i = 0; i < target->branch_count; i++)
        add_id(builder, exporters, position, target->branches[i].id);
    if (!target->is_branching)
        add_id(builder, exporters, position, kind_of(target) == SM_PROCESSOR ? use_forward(builder, target) : target->id);
}

/* From a processor at which a pipeline begins, to where it parts or ends. */
static void add_run(struct builder *builder, struct sm_alloy_instance *head, enum sm_signal signal)
{
    struct sm_node *pipeline = add_pipeline(builder, signal, head->position);
    const struct sm_alloy_graph_state *state = state_of(head);
    for (size_t i = 0; i < state->feeder_counts[signal]; i++)
        add_id(builder, sm_tree_find(pipeline, "receivers"), head->position, state->feeders[signal][i]->id);
    if (state->processor_sources[signal])
        add_id(builder, sm_tree_find(pipeline, "receivers"), head->position, use_forward(builder, head));
    for (struct sm_alloy_instance *at = head, *next = NULL; at; at = next, next = NULL) {
        add_id(builder, sm_tree_find(pipeline, "processors"), at->position, at->id);
        for (size_t i = 0; i < target_count(at, signal); i++) {
            struct sm_alloy_instance *target = target_at(at, signal, i);
            if (!is_first(at, signal, i) || !is_alive(target, signal))
                continue;
            if (is_chained(target, signal))
                next = target;
            else
                add_target(builder, pipeline, target, at->position);
        }
    }
}

/* What receivers and connectors hand to exporters and connectors without a processor between. */
static void add_direct(struct builder *builder, struct sm_alloy_instance *from, enum sm_signal signal)
{
    struct sm_node *pipeline = NULL;
    for (size_t i = 0; i < target_count(from, signal); i++) {
        struct sm_alloy_instance *target = target_at(from, signal, i);
        if (kind_of(target) == SM_PROCESSOR || !is_first(from, signal, i) || !was_fed_from(target, signal, from))
            continue;
        if (!pipeline) {
            pipeline = add_pipeline(builder, signal, from->position);
            add_id(builder, sm_tree_find(pipeline, "receivers"), from->position, from->id);
        }
        add_target(builder, pipeline, target, from->position);
    }
}

static void add_pipelines(struct builder *builder)
{
    for (struct sm_alloy_instance *at = builder->loading->first; at; at = at->next)
        at->graph_state = sm_arena_zalloc(builder->arena, 1, sizeof(*at->graph_state));
    for (struct sm_alloy_instance *at = builder->loading->first; at; at = at->next)
        for (int signal = 0; signal < SM_SIGNAL_COUNT; signal++)
            if (kind_of(at) == SM_RECEIVER && !at->is_left_out && (at->type->signals & (1u << signal)))
                feed(builder, at, (enum sm_signal)signal);
    for (struct sm_alloy_instance *at = builder->loading->first; at; at = at->next)
        for (int signal = 0; signal < SM_SIGNAL_COUNT; signal++)
            if (kind_of(at) == SM_PROCESSOR && state_of(at)->is_fed[signal] && !is_chained(at, (enum sm_signal)signal))
                add_run(builder, at, (enum sm_signal)signal);
            else if (kind_of(at) == SM_RECEIVER || kind_of(at) == SM_CONNECTOR)
                add_direct(builder, at, (enum sm_signal)signal);
}

/* ---- the document */

static const char *const sections[SM_COMPONENT_KIND_COUNT] = {
    [SM_RECEIVER] = "receivers",   [SM_PROCESSOR] = "processors", [SM_EXPORTER] = "exporters",
    [SM_CONNECTOR] = "connectors", [SM_EXTENSION] = "extensions",
};

static void add_extension(struct builder *builder, const char *id, struct sm_position position, struct sm_node *settings)
{
    struct sm_node *used = sm_tree_find(sm_tree_find(builder->root, "service"), "extensions");
    sm_tree_add(sm_tree_find(builder->root, "extensions"), builder->arena, id, position, settings);
    add_id(builder, used, position, id);
}

static void add_components(struct builder *builder)
{
    for (struct sm_alloy_instance *at = builder->loading->first; at; at = at->next) {
        if (at->is_left_out)
            continue;
        for (size_t i = 0; i < at->branch_count; i++)
            sm_tree_add(sm_tree_find(builder->root, sections[kind_of(at)]), builder->arena, at->branches[i].id, at->position,
                        at->branches[i].settings);
        if (at->is_branching)
            continue;
        if (kind_of(at) != SM_EXTENSION) {
            sm_tree_add(sm_tree_find(builder->root, sections[kind_of(at)]), builder->arena, at->id, at->position, at->settings);
            continue;
        }
        if (at->is_used || !at->server_settings)
            add_extension(builder, at->id, at->position, at->settings);
        if (at->is_used_by_server)
            add_extension(builder, sm_arena_printf(builder->arena, "%s.server", at->id), at->position, at->server_settings);
    }
}

/* A file in which nothing leads anywhere runs all the same; the Collector wants a pipeline. */
static void add_idle_pipeline(struct builder *builder)
{
    struct sm_position nowhere = {0};
    static const char *const keys[] = {"receivers", "exporters"};
    struct sm_node *pipeline = add_pipeline(builder, SM_TRACES, nowhere);
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        sm_tree_add(sm_tree_find(builder->root, keys[i]), builder->arena, "nop", nowhere, sm_tree_map(builder->arena, nowhere));
        add_id(builder, sm_tree_find(pipeline, keys[i]), nowhere, "nop");
    }
}

/* Sections without anything in them go. */
static void drop_empty(struct sm_node *root)
{
    for (int kind = 0; kind < SM_COMPONENT_KIND_COUNT; kind++)
        if (sm_tree_find(root, sections[kind])->map.count == 0)
            (void)sm_tree_take(root, sections[kind]);
    struct sm_node *service = sm_tree_find(root, "service");
    if (sm_tree_find(service, "extensions")->list.count == 0)
        (void)sm_tree_take(service, "extensions");
}

struct sm_node *sm_alloy_make_tree(struct sm_alloy_loading *loading)
{
    struct sm_position nowhere = {0};
    struct builder builder = {.loading = loading, .arena = loading->arena, .root = sm_tree_map(loading->arena, nowhere)};
    for (int kind = 0; kind < SM_COMPONENT_KIND_COUNT; kind++)
        sm_tree_add(builder.root, loading->arena, sections[kind], nowhere, sm_tree_map(loading->arena, nowhere));
    builder.pipelines = sm_tree_map(loading->arena, nowhere);
    struct sm_node *service = sm_tree_map(loading->arena, nowhere);
    sm_tree_add(builder.root, loading->arena, "service", nowhere, service);
    sm_tree_set(service, loading->arena, "telemetry.metrics.level", nowhere, sm_tree_string(loading->arena, nowhere, "none"));
    if (loading->log_settings)
        sm_tree_set(service, loading->arena, "telemetry.logs", loading->log_settings->position, loading->log_settings);
    sm_tree_add(service, loading->arena, "extensions", nowhere, sm_tree_list(loading->arena, nowhere));
    sm_tree_add(service, loading->arena, "pipelines", nowhere, builder.pipelines);
    add_components(&builder);
    add_pipelines(&builder);
    if (builder.pipelines->map.count == 0)
        add_idle_pipeline(&builder);
    drop_empty(builder.root);
    return builder.root;
}
