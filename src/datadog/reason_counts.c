/* reason_counts.c - see reason_counts.h. */
#include "datadog/reason_counts.h"

#include "pipeline/own_metrics.h"

static const struct sm_own_metric dropped_metric = {
    .name = "datadog.trace_agent.normalizer.traces_dropped",
    .help = "Traces that were dropped because they are not sound, by reason",
    .unit = "{traces}",
    .kind = SM_OWN_COUNTER,
    .level = SM_OWN_LEVEL_BASIC,
};
static const struct sm_own_metric malformed_metric = {
    .name = "datadog.trace_agent.normalizer.spans_malformed",
    .help = "Spans that were put right, by what was wrong",
    .unit = "{spans}",
    .kind = SM_OWN_COUNTER,
    .level = SM_OWN_LEVEL_BASIC,
};

void sm_datadog_reason_counts_init(struct sm_datadog_reason_counts *reasons, const char *kind, const char *id)
{
    for (int i = 0; i < SM_DATADOG_REASON_COUNT; i++) {
        const struct sm_own_attribute attributes[] = {{kind, id}, {"reason", sm_datadog_reason_name((enum sm_datadog_reason)i)}};
        reasons->_by_reason[i] = sm_instrument_get(i < SM_DATADOG_DROP_REASON_COUNT ? &dropped_metric : &malformed_metric, attributes, 2);
    }
}

void sm_datadog_reason_counts_add(const struct sm_datadog_reason_counts *reasons, const struct sm_datadog_counts *counts)
{
    for (int i = 0; i < SM_DATADOG_REASON_COUNT; i++)
        if (counts->by_reason[i])
            sm_instrument_add(reasons->_by_reason[i], (int64_t)counts->by_reason[i]);
}
