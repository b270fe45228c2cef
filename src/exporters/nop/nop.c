/* nop.c - the exporter `nop`: accepts everything and keeps nothing. */
#include "pipeline/component.h"
#include "pipeline/delivery.h"

static const struct sm_option option_table[] = {SM_OPTION_END};

static void discard(struct sm_component *component, struct sm_worker *worker, struct sm_batch *batch)
{
    (void)component;
    sm_batch_accept(batch, worker);
}

const struct sm_component_type sm_exporter_nop = {
    .kind = SM_EXPORTER,
    .name = "nop",
    .help = "Accepts everything and keeps nothing.",
    .signals = SM_SIGNAL_ALL,
    .stability = {SM_STABILITY_BETA, SM_STABILITY_BETA, SM_STABILITY_BETA},
    .takes_packed = true,
    .options = option_table,
    .consume = discard,
};
