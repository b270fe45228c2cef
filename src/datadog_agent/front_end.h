/* front_end.h - the Datadog Agent's configuration (datadog.yaml and DD_*) as the Collector's tree. Main thread only.
 *
 *     datadog.yaml + DD_*  ->  receivers datadog and otlp, the extension datadog_agent, the exporter datadog, and the pipelines between them
 *
 * Source: datadog-agent pkg/config/setup (apm.go, otlp.go, config.go), 0.59.0. */
#pragma once

#include "config/node.h"

struct sm_diags;

/* The tree in `arena`. `source` NULL: there is no file. `environment`: "NAME=value" each, NULL behind the last, as environ. NULL after errors, all
 * told to `diags`. Texts are as they are: a caller that substitutes ${…} must double the dollars first. */
struct sm_node *sm_datadog_agent_load(const struct sm_source *source, const char *const *environment, struct sm_arena *arena, struct sm_diags *diags)
    __attribute__((warn_unused_result));
/* Whether the name of a file says that it is one: datadog.yaml, datadog.yml. */
bool sm_datadog_agent_is_file_name(struct sm_slice name);
