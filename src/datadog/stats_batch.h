/* stats_batch.h - APM statistics on their way through a metrics pipeline: one metric whose only point holds the payload as bytes. */
#pragma once

#include "datadog/stats_payload.h"

struct sm_batch;

/* NULL when the payload has no clients. The batch points to nothing of it. */
struct sm_batch *sm_stats_batch(const struct sm_stats_payload *payload);
