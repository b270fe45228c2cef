/* count.c - the connector count: numbers of spans, span events, metrics, data points and log records as metrics.
 *
 * Every batch that comes in gives one batch of delta sums: for each resource one scope with the metrics that counted something. State: none between
 * batches. Source: opentelemetry-collector-contrib connector/countconnector. */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/memory.h"
#include "config/node_value.h"
#include "connectors/count/counts.h"
#include "ottl/sequence.h"
#include "pipeline/component.h"
#include "pipeline/delivery.h"
#include "telemetry/log_record.h"
#include "telemetry/metadata.h"
#include "telemetry/metric.h"
#include "telemetry/span.h"

/* ---- options */

struct attribute_options {
    const char *key;
    const struct sm_node *default_value;
};

struct metric_options {
    const char *description;
    struct sm_string_list conditions;
    struct sm_table_list attributes;
};

struct options {
    struct sm_table_map spans, spanevents, metrics, datapoints, logs;
};

static const struct sm_option attribute_table[] = {
    SM_OPTION_STRING(struct attribute_options, key, .help = "Attribute that becomes one of the metric: of the item, its scope or its resource."),
    SM_OPTION_NODE(struct attribute_options, default_value, .help = "Value when there is no such attribute; without one the item is not counted."),
    SM_OPTION_END_IGNORING_REST,
};

static const struct sm_option metric_table[] = {
    SM_OPTION_STRING(struct metric_options, description, .help = "Description of the metric."),
    SM_OPTION_STRING_LIST(struct metric_options, conditions, .help = "OTTL conditions, one of which must hold."),
    SM_OPTION_TABLE_LIST(struct metric_options, attributes, struct attribute_options, attribute_table, .help = "Attributes to count by."),
    SM_OPTION_END_IGNORING_REST,
};

static const struct sm_option option_table[] = {
    SM_OPTION_TABLE_MAP(struct options, spans, struct metric_options, metric_table, .help = "Metrics that count spans, by name."),
    SM_OPTION_TABLE_MAP(struct options, spanevents, struct metric_options, metric_table, .help = "Metrics that count span events, by name."),
    SM_OPTION_TABLE_MAP(struct options, metrics, struct metric_options, metric_table, .help = "Metrics that count metrics, by name."),
    SM_OPTION_TABLE_MAP(struct options, datapoints, struct metric_options, metric_table, .help = "Metrics that count data points, by name."),
    SM_OPTION_TABLE_MAP(struct options, logs, struct metric_options, metric_table, .help = "Metrics that count log records, by name."),
    SM_OPTION_END_IGNORING_REST,
};

/* What can be counted, and the metric that counts it when its section is empty. */
enum subject { SPANS, SPAN_EVENTS, METRICS, DATA_POINTS, LOGS, SUBJECT_COUNT };
static const struct subject_row {
    const char *key, *default_name, *default_description;
    size_t offset; /* in options */
    enum sm_ottl_context context;
} subjects[SUBJECT_COUNT] = {
    [SPANS] = {"spans", "trace.span.count", "The number of spans observed.", offsetof(struct options, spans), SM_OTTL_SPAN},
    [SPAN_EVENTS] = {"spanevents", "trace.span.event.count", "The number of span events observed.", offsetof(struct options, spanevents),
                     SM_OTTL_SPANEVENT},
    [METRICS] = {"metrics", "metric.count", "The number of metrics observed.", offsetof(struct options, metrics), SM_OTTL_METRIC},
    [DATA_POINTS] = {"datapoints", "metric.datapoint.count", "The number of data points observed.", offsetof(struct options, datapoints),
                     SM_OTTL_DATAPOINT},
    [LOGS] = {"logs", "log.record.count", "The number of log records observed.", offsetof(struct options, logs), SM_OTTL_LOG},
};

/* ---- instance */

struct dimension {
    struct sm_slice key;
    const struct sm_node *default_value;
    bool has_default;
    struct sm_value value;
};

struct definition {
    struct sm_slice name, description;
    struct sm_ottl_conditions conditions;
    struct dimension *dimensions;
    size_t dimension_count;
};

struct subject_definitions {
    struct definition *items;
    size_t count;
};

struct state {
    struct sm_ottl_program *program; /* owned: everything below */
    struct subject_definitions subjects[SUBJECT_COUNT];
};

/* The node of the `index`-th condition, for its place; NULL when it is not known. */
static const struct sm_node *condition_node(const struct sm_validation *validation, enum subject subject, const char *name, size_t index)
{
    const struct sm_node *section = validation ? sm_node_find(validation->node, subjects[subject].key) : NULL;
    const struct sm_node *list = section ? sm_node_find(sm_node_find(section, name), "conditions") : NULL;
    return list && list->kind == SM_NODE_LIST && index < list->list.count ? list->list.items[index] : NULL;
}

static bool add_conditions(struct state *state, struct definition *definition, const struct sm_ottl_language *language,
                           const struct sm_string_list *texts, struct sm_validation *validation, enum subject subject)
{
    const char *name = definition->name.ptr;
    bool are_fine = true;
    char what[192];
    snprintf(what, sizeof(what), "%s condition: metric \"%.128s\": ", subjects[subject].key, name);
    for (size_t i = 0; i < texts->count; i++) {
        const struct sm_ottl_place place = {
            .validation = validation, .key_path = "", .node = condition_node(validation, subject, name, i), .what = what};
        are_fine = sm_ottl_conditions_add(&definition->conditions, state->program, language, texts->items[i], &place) && are_fine;
    }
    return are_fine;
}

static bool make_definition(struct state *state, enum subject subject, const char *name, const struct metric_options *options,
                            struct sm_validation *validation, struct definition *definition)
{
    struct sm_arena *arena = sm_ottl_program_arena(state->program);
    const struct sm_ottl_language language = {.context = subjects[subject].context, .functions = SM_OTTL_CONVERTERS | SM_OTTL_FOR_FILTER};
    const struct attribute_options *attributes = options->attributes.items;
    *definition =
        (struct definition){.name = sm_arena_copy(arena, sm_slice_of(name)), .description = sm_arena_copy(arena, sm_slice_of(options->description))};
    definition->conditions.error_mode = SM_OTTL_PROPAGATE;
    definition->dimensions = sm_arena_zalloc(arena, options->attributes.count, sizeof(struct dimension));
    definition->dimension_count = options->attributes.count;
    for (size_t i = 0; i < options->attributes.count; i++) {
        struct sm_value value = sm_node_to_value(attributes[i].default_value, arena);
        definition->dimensions[i] = (struct dimension){.key = sm_arena_copy(arena, sm_slice_of(attributes[i].key)),
                                                       .has_default = value.type != SM_VALUE_EMPTY,
                                                       .value = sm_ottl_copy_attribute(&value, arena, true)};
    }
    return add_conditions(state, definition, &language, &options->conditions, validation, subject);
}

static bool make_subject(struct state *state, enum subject subject, const struct options *options, struct sm_validation *validation)
{
    const struct sm_table_map *map = (const void *)((const char *)options + subjects[subject].offset);
    const struct metric_options *items = map->items;
    struct subject_definitions *definitions = &state->subjects[subject];
    const struct metric_options defaults = {.description = subjects[subject].default_description};
    definitions->count = map->count ? map->count : 1;
    definitions->items = sm_arena_zalloc(sm_ottl_program_arena(state->program), definitions->count, sizeof(struct definition));
    if (map->count == 0)
        return make_definition(state, subject, subjects[subject].default_name, &defaults, validation, &definitions->items[0]);
    bool are_fine = true;
    for (size_t i = 0; i < map->count; i++)
        are_fine = make_definition(state, subject, map->keys[i], &items[i], validation, &definitions->items[i]) && are_fine;
    return are_fine;
}

static void free_state(struct state *state)
{
    if (!state)
        return;
    sm_ottl_program_free(state->program);
    free(state);
}

static struct state *make_state(const struct options *options, struct sm_validation *validation)
{
    struct state *state = sm_alloc(1, sizeof(*state));
    state->program = sm_ottl_program_create();
    bool are_fine = true;
    for (int i = 0; i < SUBJECT_COUNT; i++)
        are_fine = make_subject(state, (enum subject)i, options, validation) && are_fine;
    if (are_fine)
        return state;
    free_state(state);
    return NULL;
}

static void check_metric(struct sm_validation *validation, enum subject subject, const char *name, const struct metric_options *options)
{
    const struct attribute_options *attributes = options->attributes.items;
    if (*name == '\0')
        sm_validation_error(validation, "", "%s: metric name missing", subjects[subject].key);
    if (subject == METRICS && options->attributes.count > 0)
        sm_validation_error(validation, "", "metrics attributes not supported: metric \"%s\"", name);
    for (size_t i = 0; i < options->attributes.count; i++)
        if (*attributes[i].key == '\0')
            sm_validation_error(validation, "", "%s attributes: metric \"%s\": attribute key missing", subjects[subject].key, name);
}

static void count_validate(const void *pointer, struct sm_validation *validation)
{
    const struct options *options = pointer;
    for (int i = 0; i < SUBJECT_COUNT; i++) {
        const struct sm_table_map *map = (const void *)((const char *)options + subjects[i].offset);
        const struct metric_options *items = map->items;
        for (size_t k = 0; k < map->count; k++)
            check_metric(validation, (enum subject)i, map->keys[k], &items[k]);
    }
    free_state(make_state(options, validation));
}

static bool count_create(struct sm_component *component, struct sm_error *error)
{
    component->state = make_state(component->options, NULL);
    return component->state || sm_error_set(error, SM_ERROR_USAGE, "a condition is not valid");
}

static void count_free(struct sm_component *component)
{
    free_state(component->state);
    component->state = NULL;
}

/* ---- counting one resource */

struct tally {
    struct sm_counts *counts; /* one for each definition */
    uint64_t start_ns, end_ns;
};

struct counting {
    const struct state *state;
    struct sm_arena *arena; /* of the batch that comes out */
    struct tally tallies[SUBJECT_COUNT];
    bool has_failed;
    char error[256];
};

static void note_time(struct tally *tally, uint64_t ns)
{
    if (ns == 0)
        return;
    if (tally->start_ns == 0 || ns < tally->start_ns)
        tally->start_ns = ns;
    if (ns > tally->end_ns)
        tally->end_ns = ns;
}

/* The values of the definition's attributes: of the item, else its scope, else its resource, else the default. False: one is missing. */
static bool find_dimensions(const struct definition *definition, const struct sm_ottl_run *run, const struct sm_attributes *own, struct sm_map *map)
{
    const struct sm_attributes *const places[] = {own, &run->scope->scope.attributes, &run->group->resource.attributes};
    for (size_t i = 0; i < definition->dimension_count; i++) {
        const struct dimension *dimension = &definition->dimensions[i];
        struct sm_value value = dimension->value;
        bool is_found = false;
        for (size_t k = 0; k < 3 && !is_found; k++)
            is_found = places[k] && sm_attributes_find(places[k], dimension->key, &value);
        if (!is_found && !dimension->has_default)
            return false;
        sm_map_set(map, run->arena, dimension->key, is_found ? value : dimension->value);
    }
    return map->count == definition->dimension_count;
}

static void count_item(struct counting *counting, enum subject subject, struct sm_ottl_run *run, const struct sm_attributes *own)
{
    const struct subject_definitions *definitions = &counting->state->subjects[subject];
    for (size_t i = 0; i < definitions->count; i++) {
        const struct definition *definition = &definitions->items[i];
        struct sm_map map = {0};
        if (definition->dimension_count > 0 && !find_dimensions(definition, run, own, &map))
            continue;
        enum sm_ottl_verdict verdict = definition->conditions.count == 0 ? SM_OTTL_YES : sm_ottl_conditions_test(&definition->conditions, run, NULL);
        if (verdict == SM_OTTL_YES) {
            sm_counts_add(&counting->tallies[subject].counts[i], counting->arena, &map);
        } else if (verdict == SM_OTTL_FAILED && !counting->has_failed) {
            counting->has_failed = true;
            memcpy(counting->error, run->error, sizeof(counting->error));
        }
    }
}

static void count_span(struct counting *counting, struct sm_ottl_run *run)
{
    uint32_t event_count;
    note_time(&counting->tallies[SPANS], run->span->start_ns);
    note_time(&counting->tallies[SPANS], run->span->end_ns);
    count_item(counting, SPANS, run, &run->span->attributes);
    struct sm_span_event *events = sm_span_events(run->span, run->arena, &event_count);
    for (uint32_t i = 0; i < event_count; i++) {
        if (events[i].dropped)
            continue;
        run->event = &events[i];
        note_time(&counting->tallies[SPAN_EVENTS], events[i].time_ns);
        count_item(counting, SPAN_EVENTS, run, &events[i].attributes);
    }
    run->event = NULL;
}

static void count_metric(struct counting *counting, struct sm_ottl_run *run)
{
    count_item(counting, METRICS, run, NULL);
    if (run->metric->type == SM_METRIC_NONE) {
        counting->has_failed = true;
        snprintf(counting->error, sizeof(counting->error), "metric \"%.*s\": invalid metric type: Empty", SM_SLICE_ARGS(run->metric->name));
    }
    for (size_t i = 0; i < run->metric->point_count; i++) {
        run->point = &run->metric->points[i];
        if (run->point->dropped)
            continue;
        note_time(&counting->tallies[DATA_POINTS], run->point->time_ns);
        count_item(counting, DATA_POINTS, run, &run->point->attributes);
    }
    run->point = NULL;
}

static void count_scope(struct counting *counting, struct sm_ottl_run *run)
{
    for (size_t i = 0; i < run->scope->count; i++) {
        if (run->batch->signal == SM_TRACES) {
            run->span = &run->scope->spans[i];
            if (!run->span->dropped)
                count_span(counting, run);
        } else if (run->batch->signal == SM_METRICS) {
            run->metric = &run->scope->metrics[i];
            if (!run->metric->dropped)
                count_metric(counting, run);
        } else {
            run->log = &run->scope->log_records[i];
            if (run->log->dropped)
                continue;
            note_time(&counting->tallies[LOGS], run->log->time_ns);
            count_item(counting, LOGS, run, &run->log->attributes);
        }
    }
}

/* ---- what comes out */

static void fill_metric(struct sm_metric *metric, const struct definition *definition, const struct tally *tally, const struct sm_counts *counts,
                        struct sm_arena *arena)
{
    uint64_t now = sm_clock_wall_ns();
    *metric = (struct sm_metric){.name = sm_arena_copy(arena, definition->name),
                                 .description = sm_arena_copy(arena, definition->description),
                                 .type = SM_METRIC_SUM,
                                 .temporality = SM_TEMPORALITY_DELTA,
                                 .is_monotonic = true,
                                 .points = sm_arena_zalloc(arena, counts->count, sizeof(struct sm_data_point)),
                                 .point_count = counts->count,
                                 .changed = true};
    for (size_t i = 0; i < counts->count; i++) {
        struct sm_data_point *point = &metric->points[i];
        point->start_ns = tally->start_ns ? tally->start_ns : now;
        point->time_ns = tally->start_ns ? tally->end_ns : now;
        point->number_type = SM_NUMBER_INT;
        point->integer = (int64_t)counts->rows[i].count;
        point->changed = true;
        *sm_attributes_edit(&point->attributes, arena) = counts->rows[i].attributes;
    }
}

static size_t used_metrics(const struct counting *counting)
{
    size_t used = 0;
    for (int subject = 0; subject < SUBJECT_COUNT; subject++)
        for (size_t i = 0; i < counting->state->subjects[subject].count; i++)
            used += counting->tallies[subject].counts[i].count > 0;
    return used;
}

static void add_resource(struct sm_batch *out, const struct counting *counting, struct sm_batch *batch, struct sm_resource_group *source)
{
    size_t used = used_metrics(counting);
    if (used == 0)
        return;
    struct sm_resource_group *group = sm_batch_add_resource(out);
    const struct sm_map *attributes = sm_attributes_map(&source->resource.attributes, &batch->arena);
    *sm_attributes_edit(&group->resource.attributes, &out->arena) = sm_ottl_copy_map(attributes, &out->arena, true);
    struct sm_scope_group *scope = sm_batch_add_scope(out, group);
    scope->scope.name = SM_SLICE("github.com/open-telemetry/opentelemetry-collector-contrib/connector/countconnector");
    scope->metrics = sm_arena_zalloc(&out->arena, used, sizeof(struct sm_metric));
    for (int subject = 0; subject < SUBJECT_COUNT; subject++) {
        const struct subject_definitions *definitions = &counting->state->subjects[subject];
        for (size_t i = 0; i < definitions->count; i++) {
            const struct sm_counts *counts = &counting->tallies[subject].counts[i];
            if (counts->count > 0)
                fill_metric(&scope->metrics[scope->count++], &definitions->items[i], &counting->tallies[subject], counts, &out->arena);
        }
    }
}

static void count_resource(struct counting *counting, struct sm_batch *out, struct sm_batch *batch, struct sm_resource_group *group)
{
    struct sm_ottl_run run = {.arena = &batch->arena, .batch = batch, .group = group};
    for (int i = 0; i < SUBJECT_COUNT; i++)
        counting->tallies[i] = (struct tally){.counts = sm_arena_zalloc(&out->arena, counting->state->subjects[i].count, sizeof(struct sm_counts))};
    for (size_t i = 0; i < group->count; i++) {
        run.scope = &group->scopes[i];
        if (!run.scope->dropped)
            count_scope(counting, &run);
    }
    add_resource(out, counting, batch, group);
}

static void count_consume(struct sm_component *component, struct sm_worker *worker, struct sm_batch *batch)
{
    struct sm_batch *out = sm_batch_create(SM_METRICS);
    struct counting counting = {.state = component->state, .arena = &out->arena};
    for (size_t i = 0; i < batch->count; i++)
        if (!batch->groups[i].dropped)
            count_resource(&counting, out, batch, &batch->groups[i]);
    if (counting.has_failed) {
        struct sm_outcome outcome = sm_outcome_retry("%s", counting.error);
        sm_batch_release(out);
        sm_batch_finish(batch, worker, &outcome);
        return;
    }
    sm_batch_recount(out);
    sm_batch_share_client(batch, out);
    sm_delivery_share(batch, out);
    sm_component_forward(component, worker, out);
    sm_batch_accept(batch, worker);
}

const struct sm_component_type sm_connector_count = {
    .kind = SM_CONNECTOR,
    .name = "count",
    .help = "Counts spans, span events, metrics, data points and log records.",
    .signals = SM_SIGNAL_ALL,
    .gives = {SM_SIGNAL_METRICS, SM_SIGNAL_METRICS, SM_SIGNAL_METRICS},
    .stability = {SM_STABILITY_ALPHA, SM_STABILITY_ALPHA, SM_STABILITY_ALPHA},
    .options = option_table,
    .options_size = sizeof(struct options),
    .validate = count_validate,
    .create = count_create,
    .consume = count_consume,
    .free = count_free,
};
