/* item_counts.c - see item_counts.h. State: instruments only (atomic), and per thread which processor is being timed. */
#include "pipeline/item_counts.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/memory.h"
#include "pipeline/component.h"
#include "pipeline/own_metrics.h"

#define SCOPE "go.opentelemetry.io/collector/processor/processorhelper"

static const struct sm_own_metric incoming_items = {
    .name = "otelcol_processor_incoming_items",
    .help = "Number of items passed to the processor. [Alpha]",
    .unit = "{item}",
    .kind = SM_OWN_COUNTER,
    .level = SM_OWN_LEVEL_BASIC,
    .scope = SCOPE,
};
static const struct sm_own_metric outgoing_items = {
    .name = "otelcol_processor_outgoing_items",
    .help = "Number of items emitted from the processor. [Alpha]",
    .unit = "{item}",
    .kind = SM_OWN_COUNTER,
    .level = SM_OWN_LEVEL_BASIC,
    .scope = SCOPE,
};
static const struct sm_own_metric internal_duration = {
    .name = "otelcol_processor_internal_duration",
    .help = "Duration of time taken to process a batch of telemetry data through the processor. [Alpha]",
    .unit = "s",
    .kind = SM_OWN_HISTOGRAM,
    .level = SM_OWN_LEVEL_DETAILED,
    .scope = SCOPE,
};

struct counts {
    struct sm_instrument *incoming, *outgoing, *duration;
};

/* What is being timed on this thread: set before `consume`, taken by the first batch that leaves (or when `consume` returns without one). A processor
 * further down the same call overwrites it only after that. */
static _Thread_local struct {
    const struct sm_component *processor;
    uint64_t started_ns;
} timing;

void sm_item_counts_create(struct sm_component *processor)
{
    const struct sm_own_attribute attributes[] = {{"processor", processor->id}, {"otel.signal", sm_signal_name(processor->signal)}};
    struct counts *counts = sm_alloc(1, sizeof(*counts));
    counts->incoming = sm_instrument_get(&incoming_items, attributes, 2);
    counts->outgoing = sm_instrument_get(&outgoing_items, attributes, 2);
    counts->duration = sm_instrument_get(&internal_duration, attributes, 2);
    processor->_observer = counts;
}

void sm_item_counts_free(struct sm_component *processor)
{
    free(processor->_observer);
    processor->_observer = NULL;
}

static void end_timing(const struct sm_component *processor)
{
    if (timing.processor != processor)
        return;
    const struct counts *counts = processor->_observer;
    sm_instrument_record(counts->duration, (double)(sm_clock_mono_ns() - timing.started_ns) / 1e9);
    timing.processor = NULL;
}

void sm_item_counts_consume(struct sm_component *processor, struct sm_worker *worker, struct sm_batch *batch)
{
    const struct counts *counts = processor->_observer;
    sm_instrument_add(counts->incoming, (int64_t)batch->item_count);
    if (sm_own_metrics_level() >= SM_OWN_LEVEL_DETAILED) {
        timing.processor = processor;
        timing.started_ns = sm_clock_mono_ns();
    }
    processor->type->consume(processor, worker, batch);
    sm_instrument_add(counts->outgoing, 0); /* shown from the first batch on, even if all was dropped */
    end_timing(processor);
}

void sm_item_counts_leave(struct sm_component *component, const struct sm_batch *batch)
{
    if (!component->type->counts_items)
        return;
    const struct counts *counts = component->_observer;
    end_timing(component);
    sm_instrument_add(counts->outgoing, (int64_t)batch->item_count);
}
