/* options.h - the options of the connector `datadog`. Source: pkg/datadog/config/traces.go (TracesConnectorConfig), v0.115.0. */
#pragma once

#include "datadog/trace_options.h"

struct sm_datadog_connector_options {
    struct sm_datadog_connector_trace_options {
        struct sm_datadog_trace_options common;
        int64_t trace_buffer;
        struct sm_string_list resource_attributes_as_container_tags;
        int64_t bucket_interval_ns;
    } traces;
};
extern const struct sm_option sm_datadog_connector_option_table[];

void sm_datadog_connector_validate(const void *options, struct sm_validation *validation);
/* Of buckets and of flushes: the option, or its default instead of 0. */
int64_t sm_datadog_connector_interval_ns(const struct sm_datadog_connector_options *options);
