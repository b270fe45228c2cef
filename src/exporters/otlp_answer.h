/* otlp_answer.h - what an OTLP next hop answers, for both OTLP exporters: partial successes and google.rpc.Status. Any thread, no state. */
#pragma once

#include "base/slice.h"
#include "pipeline/component.h"
#include "pipeline/outcome.h"

/* "spanmill/1.2.3 (linux/amd64)". */
extern const char SM_OTLP_USER_AGENT[];

/* Logs a partial success in `response` (Export…ServiceResponse in protobuf). False, with `reason` constant: it is not one. */
bool sm_otlp_log_partial_success(const struct sm_component *exporter, enum sm_signal signal, struct sm_slice response, const char **reason)
    __attribute__((warn_unused_result));
/* The same from JSON; false: no object of JSON, and not null. */
bool sm_otlp_log_partial_success_json(const struct sm_component *exporter, enum sm_signal signal, struct sm_slice response)
    __attribute__((warn_unused_result));

struct sm_otlp_status {
    struct sm_slice message;
    bool has_retry_info;
    uint64_t retry_delay_ns;
};
/* google.rpc.Status in protobuf, with the RetryInfo of its details. False: not one. */
bool sm_otlp_parse_status(struct sm_slice bytes, struct sm_otlp_status *status) __attribute__((warn_unused_result));

/* "Unavailable": the name of a code in Go's error texts. */
const char *sm_otlp_code_name(enum sm_rpc_code code);
