/* nop.c - the receiver `nop`: receives nothing, so that a pipeline fed by nobody can be written down. */
#include "pipeline/component.h"

#include <stddef.h>

static const struct sm_option option_table[] = {SM_OPTION_END};

const struct sm_component_type sm_receiver_nop = {
    .kind = SM_RECEIVER,
    .name = "nop",
    .help = "Receives nothing.",
    .signals = SM_SIGNAL_ALL,
    .stability = {SM_STABILITY_BETA, SM_STABILITY_BETA, SM_STABILITY_BETA},
    .options = option_table,
};
