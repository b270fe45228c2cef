/* front_ends.h - configurations in other languages than the Collector's: Alloy, River, and the Datadog Agent's. Main thread only. */
#pragma once

#include "config/load.h"

/* Each file is its own language's by its name, or that of --config.format. */
extern const struct sm_load_front_end sm_cli_front_end;
/* Whether --config.format takes the word. */
bool sm_cli_is_format(const char *word);
