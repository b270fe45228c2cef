/* volume.c - the processor volume (ours): counts the spans and bytes that pass it by service and environment.
 *
 * One before and one after sampling show what each service sends and what is kept of it. Reads resources. Changes nothing. State: instruments.
 * Shows its counts to `spanmill top` as well. */
#include "pipeline/component.h"

#include <stdlib.h>

#include "base/bytes.h"
#include "base/memory.h"
#include "pipeline/own_metrics.h"
#include "pipeline/snapshot.h"
#include "pipeline/volume_counts.h"

struct options {
    uint64_t limit;
};

static const struct sm_option option_table[] = {
    SM_OPTION_UINT(struct options, limit, .preset.integer = 1000, .min = 1, .max = SM_VOLUME_LIMIT_MAX, .ours = true,
                   .help = "Combinations of service and environment that are counted singly; further ones are counted together as \"_other\"."),
    SM_OPTION_END,
};

enum { METRIC_SPANS, METRIC_BYTES };

static const struct sm_own_metric metric_table[] = {
    [METRIC_SPANS] = {.name = "otelcol_processor_volume_spans",
                      .help = "Number of spans that passed, by service and environment.",
                      .unit = "{spans}",
                      .kind = SM_OWN_COUNTER,
                      .level = SM_OWN_LEVEL_BASIC},
    [METRIC_BYTES] = {.name = "otelcol_processor_volume_bytes",
                      .help = "Size of the spans that passed and of their resources, as OTLP protobuf, by service and environment.",
                      .unit = "By",
                      .kind = SM_OWN_COUNTER,
                      .level = SM_OWN_LEVEL_BASIC},
    {0},
};

struct state {
    struct sm_volume_counts *counts;   /* owned */
    struct sm_snapshot_source *source; /* main worker only; NULL: not started */
};

/* ---- for `spanmill top` */

enum { ROWS_MAX = 4000 };

struct table {
    struct sm_bytes text;
    size_t row_count;
    struct sm_volume rest; /* of all further rows */
};

static void add_volume(const struct sm_volume *volume, void *context)
{
    struct table *table = context;
    if (table->row_count++ < ROWS_MAX) {
        sm_snapshot_append_volume(&table->text, volume);
        return;
    }
    table->rest.spans += volume->spans;
    table->rest.bytes += volume->bytes;
}

static void ask(struct sm_snapshot_question *question, void *context)
{
    const struct sm_component *component = context;
    const struct state *state = component->state;
    struct table table = {.rest = {.service = "(others)", .environment = "(others)"}};
    sm_snapshot_append_table(&table.text, "volume", SM_SLICE("By"), component->id);
    sm_volume_counts_visit(state->counts, add_volume, &table);
    if (table.row_count > ROWS_MAX)
        sm_snapshot_append_volume(&table.text, &table.rest);
    sm_snapshot_answer(question, sm_bytes_slice(&table.text));
    sm_bytes_deinit(&table.text);
}

/* ---- the component */

static bool volume_create(struct sm_component *component, struct sm_error *error)
{
    (void)error;
    const struct options *options = component->options;
    struct state *state = sm_alloc(1, sizeof(*state));
    state->counts =
        sm_volume_counts_create(&metric_table[METRIC_SPANS], &metric_table[METRIC_BYTES], "processor", component->id, (size_t)options->limit);
    component->state = state;
    return true;
}

static bool volume_start(struct sm_component *component, struct sm_error *error)
{
    (void)error;
    struct state *state = component->state;
    state->source = sm_snapshot_source_add(ask, component);
    return true;
}

static void volume_consume(struct sm_component *component, struct sm_worker *worker, struct sm_batch *batch)
{
    const struct state *state = component->state;
    sm_volume_counts_add(state->counts, batch);
    sm_component_forward(component, worker, batch);
}

static void source_removed(void *context)
{
    sm_component_stopped(context);
}

static void volume_stop(struct sm_component *component)
{
    const struct state *state = component->state;
    if (state->source)
        sm_snapshot_source_remove(state->source, source_removed, component);
    else
        sm_component_stopped(component);
}

static void volume_free(struct sm_component *component)
{
    struct state *state = component->state;
    sm_volume_counts_free(state->counts);
    free(state);
    component->state = NULL;
}

const struct sm_component_type sm_processor_volume = {
    .kind = SM_PROCESSOR,
    .name = "volume",
    .help = "Counts spans and bytes by service and environment, before or after sampling (not in the reference).",
    .signals = SM_SIGNAL_TRACES,
    .stability = {SM_STABILITY_DEVELOPMENT},
    .options = option_table,
    .options_size = sizeof(struct options),
    .metrics = metric_table,
    .create = volume_create,
    .start = volume_start,
    .consume = volume_consume,
    .stop = volume_stop,
    .free = volume_free,
};
