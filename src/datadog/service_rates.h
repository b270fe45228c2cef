/* service_rates.h - what the Agent answers to tracers: at which rate to sample the traces of each service and environment.
 *
 * The samplers note services and work the rates out anew from time to time (with their lock); receivers read the answer. Any thread: a lock.
 * Source: datadog-agent pkg/trace/sampler/{catalog,dynamic_config,prioritysampler}.go, 0.59.0. */
#pragma once

#include "base/bytes.h"
#include "datadog/rate_sampler.h"

#include <pthread.h>

struct sm_datadog_service_rates;
/* `env`: of tracers that name none; must live as long. */
struct sm_datadog_service_rates *sm_datadog_service_rates_create(struct sm_slice env) __attribute__((returns_nonnull, warn_unused_result));
void sm_datadog_service_rates_free(struct sm_datadog_service_rates *rates); /* NULL is allowed */

/* Not thread-safe: the samplers' lock. */
void sm_datadog_service_rates_note(struct sm_datadog_service_rates *rates, struct sm_slice service, struct sm_slice env);
/* Works out the answer; `now_s` goes into its version. */
void sm_datadog_service_rates_update(struct sm_datadog_service_rates *rates, const struct sm_datadog_rate_sampler *sampler, int64_t now_s);

/* The answer in JSON, with a line end; only "{}" when the client knows `known` already. `version` (may be NULL) gets that of the answer. */
enum { SM_DATADOG_RATES_VERSION_SIZE = 48 };
void sm_datadog_service_rates_answer(struct sm_datadog_service_rates *rates, struct sm_slice known, struct sm_bytes *out, char *version);
