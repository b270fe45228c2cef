/* item_counts.h - the own metrics of processors: otelcol_processor_{incoming,outgoing}_items and _internal_duration.
 *
 * For types with `counts_items`. Called by the graph and sm_component_forward on any worker.
 * Source: opentelemetry-collector processor/processorhelper/obsreport.go. */
#pragma once

struct sm_batch;
struct sm_component;
struct sm_worker;

/* Sets component->_observer; sm_item_counts_free releases it. */
void sm_item_counts_create(struct sm_component *processor);
void sm_item_counts_free(struct sm_component *processor);
/* Around type->consume. */
void sm_item_counts_consume(struct sm_component *processor, struct sm_worker *worker, struct sm_batch *batch);
/* The processor passes `batch` on. Does nothing for components other than such processors. */
void sm_item_counts_leave(struct sm_component *component, const struct sm_batch *batch);
