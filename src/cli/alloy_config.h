/* alloy_config.h - files and folders of Alloy or River as configurations of the commands. Main thread only. */
#pragma once

#include "base/slice.h"
#include "config/load.h"

struct sm_diags;

extern const struct sm_load_front_end sm_cli_alloy_front_end;
/* Whether the text of an Alloy file is a valid configuration. What is wrong with it is told to `diags`, with places in "converted". */
bool sm_cli_alloy_check(struct sm_slice text, struct sm_diags *diags);
