/* log_record.h - one log record (opentelemetry.proto.logs.v1.LogRecord). See batch.h for ownership and the meaning of `raw` and `changed`. */
#pragma once

#include "telemetry/value.h"

struct sm_log_record {
    struct sm_slice raw; /* LogRecord message; empty for one made here */
    uint64_t time_ns, observed_time_ns;
    int32_t severity_number;
    struct sm_slice severity_text, event_name;
    struct sm_value body;
    struct sm_attributes attributes;
    uint32_t dropped_attributes_count, flags;
    struct sm_slice trace_id, span_id; /* 0 or 16 / 8 bytes */
    bool changed, dropped;
};
