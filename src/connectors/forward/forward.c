/* forward.c - the connector `forward`: what ends in one pipeline starts in others of the same signal, unchanged. */
#include "pipeline/component.h"

static const struct sm_option option_table[] = {SM_OPTION_END};

const struct sm_component_type sm_connector_forward = {
    .kind = SM_CONNECTOR,
    .name = "forward",
    .help = "Passes what ends in one pipeline on to other pipelines of the same signal.",
    .signals = SM_SIGNAL_ALL,
    .gives = {[SM_TRACES] = SM_SIGNAL_TRACES, [SM_METRICS] = SM_SIGNAL_METRICS, [SM_LOGS] = SM_SIGNAL_LOGS},
    .stability = {SM_STABILITY_BETA, SM_STABILITY_BETA, SM_STABILITY_BETA},
    .takes_packed = true,
    .options = option_table,
    .consume = sm_component_forward,
};
