/* from_collector.h - a configuration of the Collector as an Alloy file. Main thread only. */
#pragma once

#include "base/bytes.h"

struct sm_config;
struct sm_diags;

/* Writes the formatted file. What has no counterpart in Alloy is left out and told to `diags` with its place; the number of such things is returned.
 */
size_t sm_alloy_from_collector(const struct sm_config *config, struct sm_diags *diags, struct sm_bytes *out);
