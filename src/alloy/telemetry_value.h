/* telemetry_value.h - Alloy values as attribute values: what formats and JSON are written from. Main thread only. */
#pragma once

#include "alloy/value.h"
#include "telemetry/value.h"

/* In `arena`. Secrets become their texts; functions and other capsules become empty. */
struct sm_value sm_alloy_to_telemetry(const struct sm_alloy_value *value, struct sm_arena *arena);
