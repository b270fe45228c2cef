/* alloy_config.h - files and folders of Alloy or River as configurations of the commands. Main thread only. */
#pragma once

#include "config/load.h"

extern const struct sm_load_front_end sm_cli_alloy_front_end;
