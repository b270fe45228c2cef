/* options.c - see options.h. Stateless. */
#include "connectors/datadog/options.h"

enum { TRACE_BUFFER_DEFAULT = 1000, BUCKET_INTERVAL_DEFAULT_S = 10 };

static const struct sm_option trace_table[] = {
    SM_OPTION_TABLE(struct sm_datadog_connector_trace_options, common, sm_datadog_trace_option_table, .squash = true),
    SM_OPTION_INT(struct sm_datadog_connector_trace_options, trace_buffer, .preset.integer = TRACE_BUFFER_DEFAULT,
                  .help = "Taken for the reference's sake: spans are counted where they arrive, without a buffer."),
    SM_OPTION_STRING_LIST(struct sm_datadog_connector_trace_options, resource_attributes_as_container_tags,
                          .help = "Resource attributes that are sent as tags of the container."),
    SM_OPTION_DURATION(struct sm_datadog_connector_trace_options, bucket_interval_ns, .key = "bucket_interval", .is_signed = true,
                       .preset.integer = BUCKET_INTERVAL_DEFAULT_S * SM_S,
                       .help = "Length of a bucket of statistics, and how often they are sent; 0 is the default."),
    SM_OPTION_END,
};

const struct sm_option sm_datadog_connector_option_table[] = {
    SM_OPTION_TABLE(struct sm_datadog_connector_options, traces, trace_table, .help = "How spans are counted."),
    SM_OPTION_END,
};

void sm_datadog_connector_validate(const void *pointer, struct sm_validation *validation)
{
    const struct sm_datadog_connector_options *options = pointer;
    sm_datadog_trace_options_validate(&options->traces.common, "traces", validation);
    if (options->traces.trace_buffer < 0)
        sm_validation_error(validation, "traces", "trace buffer must be non-negative");
    if (options->traces.bucket_interval_ns < 0)
        sm_validation_error(validation, "traces", "bucket interval must be non-negative");
}

int64_t sm_datadog_connector_interval_ns(const struct sm_datadog_connector_options *options)
{
    return options->traces.bucket_interval_ns > 0 ? options->traces.bucket_interval_ns : BUCKET_INTERVAL_DEFAULT_S * SM_S;
}
