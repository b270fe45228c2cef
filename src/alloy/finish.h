/* finish.h - rules and shapes of single components that rows cannot say. Main thread only. */
#pragma once

#include "alloy/decode.h"

struct sm_alloy_loading;

struct sm_alloy_finish {
    struct sm_alloy_loading *loading;
    struct sm_alloy_decoding *decoding;
    struct sm_alloy_instance *instance;
    struct sm_node *settings; /* what the rows gave */
    const char *label;
};

void sm_alloy_finish_spanmetrics(struct sm_alloy_finish *finish);
void sm_alloy_finish_servicegraph(struct sm_alloy_finish *finish);
void sm_alloy_finish_memory_limiter(struct sm_alloy_finish *finish);
void sm_alloy_finish_sampler(struct sm_alloy_finish *finish);
void sm_alloy_finish_transform(struct sm_alloy_finish *finish);
void sm_alloy_finish_storage(struct sm_alloy_finish *finish);
void sm_alloy_finish_basic(struct sm_alloy_finish *finish);
void sm_alloy_finish_exporter(struct sm_alloy_finish *finish);
void sm_alloy_finish_prometheus_exporter(struct sm_alloy_finish *finish);
void sm_alloy_finish_relabel(struct sm_alloy_finish *finish);
void sm_alloy_finish_remote_write(struct sm_alloy_finish *finish);
void sm_alloy_finish_otlp(struct sm_alloy_finish *finish);
