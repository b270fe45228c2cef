/* volume.c - the processor volume (ours): counts the spans and bytes that pass it by service and environment.
 *
 * One before and one after sampling show what each service sends and what is kept of it. Reads resources. Changes nothing. State: instruments. */
#include "pipeline/component.h"

#include "pipeline/own_metrics.h"
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

static bool volume_create(struct sm_component *component, struct sm_error *error)
{
    (void)error;
    const struct options *options = component->options;
    component->state =
        sm_volume_counts_create(&metric_table[METRIC_SPANS], &metric_table[METRIC_BYTES], "processor", component->id, (size_t)options->limit);
    return true;
}

static void volume_consume(struct sm_component *component, struct sm_worker *worker, struct sm_batch *batch)
{
    sm_volume_counts_add(component->state, batch);
    sm_component_forward(component, worker, batch);
}

static void volume_free(struct sm_component *component)
{
    sm_volume_counts_free(component->state);
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
    .consume = volume_consume,
    .free = volume_free,
};
