/* flatten_logs.h - a resource and a scope of its own for every log record, and back: what the transform processor's flatten_data does around its
 * statements, so that a statement may set the resource from one record. */
#pragma once

#include "telemetry/batch.h"

/* Afterwards each record stands alone in its scope and resource. As in the reference only the attributes of a resource, and name, version, attributes
 * and schema URL of a scope are kept, and resources without records are gone. Needs a batch of logs that nobody else holds. */
void sm_flatten_logs(struct sm_batch *batch);
/* Joins resources with equal attributes, and in them equal scopes, at the place of the first of them. */
void sm_group_logs(struct sm_batch *batch);
