/* rows_processors.c - otelcol.processor.*. Source: Alloy's internal/component/otelcol/processor. */
#include "alloy/finish.h"
#include "alloy/rows.h"

static const struct sm_alloy_row batch_rows[] = {
    SM_ALLOY_TIME("timeout"),
    SM_ALLOY_NUMBER32("send_batch_size", .preset = "2000", .river_preset = "8192"),
    SM_ALLOY_NUMBER32("send_batch_max_size", .preset = "3000", .river_preset = "0"),
    SM_ALLOY_TEXTS("metadata_keys"),
    SM_ALLOY_NUMBER32("metadata_cardinality_limit"),
    SM_ALLOY_DEBUG_METRICS,
    SM_ALLOY_OUTPUT,
    SM_ALLOY_END_ROW,
};

static const struct sm_alloy_row memory_limiter_rows[] = {
    SM_ALLOY_TIME("check_interval", .required = true),
    SM_ALLOY_BYTES("limit", .to = "limit_mib", .divisor = 1048576),
    SM_ALLOY_BYTES("spike_limit", .to = "spike_limit_mib", .divisor = 1048576),
    SM_ALLOY_NUMBER32("limit_percentage"),
    SM_ALLOY_NUMBER32("spike_limit_percentage"),
    SM_ALLOY_DEBUG_METRICS,
    SM_ALLOY_OUTPUT,
    SM_ALLOY_END_ROW,
};

static const struct sm_alloy_row probabilistic_sampler_rows[] = {
    SM_ALLOY_FRACTION("sampling_percentage"),
    SM_ALLOY_NUMBER32("hash_seed"),
    SM_ALLOY_TEXT("mode"),
    SM_ALLOY_SWITCH("fail_closed"),
    SM_ALLOY_NUMBER_("sampling_precision"),
    SM_ALLOY_TEXT("attribute_source"),
    SM_ALLOY_TEXT("from_attribute"),
    SM_ALLOY_TEXT("sampling_priority"),
    SM_ALLOY_DEBUG_METRICS,
    SM_ALLOY_OUTPUT,
    SM_ALLOY_END_ROW,
};

/* ---- tail_sampling */

static const struct sm_alloy_row latency_rows[] = {
    SM_ALLOY_NUMBER_("threshold_ms", .required = true),
    SM_ALLOY_NUMBER_("upper_threshold_ms"),
    SM_ALLOY_END_ROW,
};
static const struct sm_alloy_row numeric_rows[] = {
    SM_ALLOY_TEXT("key", .required = true),
    SM_ALLOY_NUMBER_("min_value", .required = true),
    SM_ALLOY_NUMBER_("max_value", .required = true),
    SM_ALLOY_SWITCH("invert_match"),
    SM_ALLOY_END_ROW,
};
static const struct sm_alloy_row probabilistic_rows[] = {
    SM_ALLOY_TEXT("hash_salt"),
    SM_ALLOY_FRACTION("sampling_percentage", .required = true),
    SM_ALLOY_END_ROW,
};
static const struct sm_alloy_row status_code_rows[] = {
    SM_ALLOY_TEXTS("status_codes", .required = true),
    SM_ALLOY_END_ROW,
};
static const struct sm_alloy_row string_rows[] = {
    SM_ALLOY_TEXT("key", .required = true),    SM_ALLOY_TEXTS("values", .required = true),
    SM_ALLOY_SWITCH("enabled_regex_matching"), SM_ALLOY_NUMBER_("cache_max_size"),
    SM_ALLOY_SWITCH("invert_match"),           SM_ALLOY_END_ROW,
};
static const struct sm_alloy_row rate_rows[] = {
    SM_ALLOY_NUMBER_("spans_per_second", .required = true),
    SM_ALLOY_NUMBER_("burst_capacity"),
    SM_ALLOY_END_ROW,
};
static const struct sm_alloy_row bytes_rows[] = {
    SM_ALLOY_NUMBER_("bytes_per_second", .required = true),
    SM_ALLOY_NUMBER_("burst_capacity"),
    SM_ALLOY_END_ROW,
};
static const struct sm_alloy_row span_count_rows[] = {
    SM_ALLOY_ATTRIBUTE("min_spans", SM_ALLOY_WANT_INT32, .required = true),
    SM_ALLOY_ATTRIBUTE("max_spans", SM_ALLOY_WANT_INT32),
    SM_ALLOY_END_ROW,
};
static const struct sm_alloy_row boolean_rows[] = {
    SM_ALLOY_TEXT("key", .required = true),
    SM_ALLOY_SWITCH("value", .required = true),
    SM_ALLOY_SWITCH("invert_match"),
    SM_ALLOY_END_ROW,
};
static const struct sm_alloy_row ottl_rows[] = {
    SM_ALLOY_TEXT("error_mode", .required = true),
    SM_ALLOY_TEXTS("span"),
    SM_ALLOY_TEXTS("spanevent"),
    SM_ALLOY_END_ROW,
};
static const struct sm_alloy_row trace_state_rows[] = {
    SM_ALLOY_TEXT("key", .required = true),
    SM_ALLOY_TEXTS("values", .required = true),
    SM_ALLOY_END_ROW,
};

static const struct sm_alloy_row shared_policy_rows[] = {
    SM_ALLOY_TEXT("name", .required = true),
    SM_ALLOY_TEXT("type", .required = true),
    SM_ALLOY_BLOCK("latency", latency_rows),
    SM_ALLOY_BLOCK("numeric_attribute", numeric_rows),
    SM_ALLOY_BLOCK("probabilistic", probabilistic_rows),
    SM_ALLOY_BLOCK("status_code", status_code_rows),
    SM_ALLOY_BLOCK("string_attribute", string_rows),
    SM_ALLOY_BLOCK("rate_limiting", rate_rows),
    SM_ALLOY_BLOCK("bytes_limiting", bytes_rows),
    SM_ALLOY_BLOCK("span_count", span_count_rows),
    SM_ALLOY_BLOCK("boolean_attribute", boolean_rows),
    SM_ALLOY_BLOCK("ottl_condition", ottl_rows),
    SM_ALLOY_BLOCK("trace_state", trace_state_rows),
    SM_ALLOY_END_ROW,
};

static const struct sm_alloy_row not_rows[] = {
    SM_ALLOY_BLOCK("not_sub_policy", shared_policy_rows, .required = true),
    SM_ALLOY_END_ROW,
};
static const struct sm_alloy_row and_rows[] = {
    SM_ALLOY_BLOCKS("and_sub_policy", NULL, shared_policy_rows, .required = true),
    SM_ALLOY_END_ROW,
};
static const struct sm_alloy_row drop_rows[] = {
    SM_ALLOY_BLOCKS("drop_sub_policy", NULL, shared_policy_rows, .required = true),
    SM_ALLOY_END_ROW,
};
static const struct sm_alloy_row composite_sub_rows[] = {
    SM_ALLOY_SHARED(shared_policy_rows),
    SM_ALLOY_BLOCK("and", and_rows),
    SM_ALLOY_END_ROW,
};
static const struct sm_alloy_row rate_allocation_rows[] = {
    SM_ALLOY_TEXT("policy", .required = true),
    SM_ALLOY_NUMBER_("percent", .required = true),
    SM_ALLOY_END_ROW,
};
static const struct sm_alloy_row composite_rows[] = {
    SM_ALLOY_NUMBER_("max_total_spans_per_second", .required = true),
    SM_ALLOY_TEXTS("policy_order", .required = true),
    SM_ALLOY_BLOCKS("composite_sub_policy", NULL, composite_sub_rows),
    SM_ALLOY_BLOCKS("rate_allocation", NULL, rate_allocation_rows),
    SM_ALLOY_END_ROW,
};

static const struct sm_alloy_row policy_rows[] = {
    SM_ALLOY_SHARED(shared_policy_rows), SM_ALLOY_BLOCK("composite", composite_rows), SM_ALLOY_BLOCK("and", and_rows),
    SM_ALLOY_BLOCK("not", not_rows),     SM_ALLOY_BLOCK("drop", drop_rows),           SM_ALLOY_END_ROW,
};

static const struct sm_alloy_row decision_cache_rows[] = {
    SM_ALLOY_NUMBER_("sampled_cache_size"),
    SM_ALLOY_NUMBER_("non_sampled_cache_size"),
    SM_ALLOY_END_ROW,
};

static const struct sm_alloy_row tail_sampling_rows[] = {
    SM_ALLOY_BLOCKS("policy", "policies", policy_rows, .required = true),
    SM_ALLOY_TIME("decision_wait"),
    SM_ALLOY_TIME("decision_wait_after_root_received"),
    SM_ALLOY_ATTRIBUTE("num_traces", SM_ALLOY_WANT_UINT),
    SM_ALLOY_SWITCH("block_on_overflow"),
    SM_ALLOY_ATTRIBUTE("expected_new_traces_per_sec", SM_ALLOY_WANT_UINT),
    SM_ALLOY_SWITCH("sample_on_first_match"),
    SM_ALLOY_SWITCH("drop_pending_traces_on_shutdown"),
    SM_ALLOY_ATTRIBUTE("maximum_trace_size_bytes", SM_ALLOY_WANT_UINT),
    {.kind = SM_ALLOY_ROW_PART, .name = "decision_cache", .rows = decision_cache_rows},
    SM_ALLOY_DEBUG_METRICS,
    SM_ALLOY_OUTPUT,
    SM_ALLOY_END_ROW,
};

/* ---- transform and filter */

static const struct sm_alloy_word transform_contexts[] = {
    {"resource", "resource"}, {"scope", "scope"},         {"span", "span"}, {"spanevent", "spanevent"},
    {"metric", "metric"},     {"datapoint", "datapoint"}, {"log", "log"},   {0},
};

static const struct sm_alloy_row context_statement_rows[] = {
    SM_ALLOY_TEXT("context", .required = true, .words = transform_contexts),
    SM_ALLOY_TEXTS("statements", .required = true),
    SM_ALLOY_TEXTS("conditions"),
    SM_ALLOY_TEXT("error_mode"),
    SM_ALLOY_END_ROW,
};

static const struct sm_alloy_row inferred_statement_rows[] = {
    SM_ALLOY_TEXTS("trace"),
    SM_ALLOY_TEXTS("metric"),
    SM_ALLOY_TEXTS("log"),
    SM_ALLOY_END_ROW,
};

static const struct sm_alloy_word error_modes[] = {
    {"ignore", "ignore"},
    {"silent", "silent"},
    {"propagate", "propagate"},
    {0},
};

static const struct sm_alloy_row transform_rows[] = {
    SM_ALLOY_TEXT("error_mode", .river_preset = "propagate", .words = error_modes),
    SM_ALLOY_BLOCK("statements", inferred_statement_rows),
    SM_ALLOY_BLOCKS("trace_statements", NULL, context_statement_rows),
    SM_ALLOY_BLOCKS("metric_statements", NULL, context_statement_rows),
    SM_ALLOY_BLOCKS("log_statements", NULL, context_statement_rows),
    SM_ALLOY_DEBUG_METRICS,
    SM_ALLOY_OUTPUT,
    SM_ALLOY_END_ROW,
};

static const struct sm_alloy_row filter_trace_rows[] = {
    SM_ALLOY_TEXTS("span"),
    SM_ALLOY_TEXTS("spanevent"),
    SM_ALLOY_END_ROW,
};
static const struct sm_alloy_row filter_metric_rows[] = {
    SM_ALLOY_TEXTS("metric"),
    SM_ALLOY_TEXTS("datapoint"),
    SM_ALLOY_END_ROW,
};
static const struct sm_alloy_row filter_log_rows[] = {
    SM_ALLOY_TEXTS("log_record"),
    SM_ALLOY_END_ROW,
};
static const struct sm_alloy_row context_condition_rows[] = {
    SM_ALLOY_TEXT("context"),
    SM_ALLOY_TEXTS("conditions", .required = true),
    SM_ALLOY_TEXT("error_mode"),
    SM_ALLOY_END_ROW,
};

static const struct sm_alloy_row filter_rows[] = {
    SM_ALLOY_TEXT("error_mode", .river_preset = "propagate", .words = error_modes),
    SM_ALLOY_BLOCK("traces", filter_trace_rows),
    SM_ALLOY_BLOCK("metrics", filter_metric_rows),
    SM_ALLOY_BLOCK("logs", filter_log_rows),
    SM_ALLOY_BLOCKS("trace_conditions", NULL, context_condition_rows),
    SM_ALLOY_BLOCKS("metric_conditions", NULL, context_condition_rows),
    SM_ALLOY_BLOCKS("log_conditions", NULL, context_condition_rows),
    SM_ALLOY_DEBUG_METRICS,
    SM_ALLOY_OUTPUT,
    SM_ALLOY_END_ROW,
};

/* ---- attributes */

static const struct sm_alloy_row action_rows[] = {
    SM_ALLOY_TEXT("key"),
    SM_ALLOY_ANY("value"),
    SM_ALLOY_TEXT("pattern"),
    SM_ALLOY_TEXT("from_attribute"),
    SM_ALLOY_TEXT("from_context"),
    SM_ALLOY_TEXT("converted_type"),
    SM_ALLOY_TEXT("action", .required = true),
    SM_ALLOY_END_ROW,
};

static const struct sm_alloy_row match_regexp_rows[] = {
    SM_ALLOY_SWITCH("cache_enabled", .to = "cacheenabled"),
    SM_ALLOY_NUMBER_("cache_max_num_entries", .to = "cachemaxnumentries"),
    SM_ALLOY_END_ROW,
};

static const struct sm_alloy_row match_attribute_rows[] = {
    SM_ALLOY_TEXT("key", .required = true),
    SM_ALLOY_ANY("value"),
    SM_ALLOY_END_ROW,
};

static const struct sm_alloy_row match_library_rows[] = {
    SM_ALLOY_TEXT("name", .required = true),
    SM_ALLOY_TEXT("version", .is_absent_when_null = true),
    SM_ALLOY_END_ROW,
};

static const struct sm_alloy_word severities[] = {
    {"TRACE", "1"},  {"TRACE2", "2"},  {"TRACE3", "3"},  {"TRACE4", "4"},  {"DEBUG", "5"},
    {"DEBUG2", "6"}, {"DEBUG3", "7"},  {"DEBUG4", "8"},  {"INFO", "9"},    {"INFO2", "10"},
    {"INFO3", "11"}, {"INFO4", "12"},  {"WARN", "13"},   {"WARN2", "14"},  {"WARN3", "15"},
    {"WARN4", "16"}, {"ERROR", "17"},  {"ERROR2", "18"}, {"ERROR3", "19"}, {"ERROR4", "20"},
    {"FATAL", "21"}, {"FATAL2", "22"}, {"FATAL3", "23"}, {"FATAL4", "24"}, {0},
};

static const struct sm_alloy_row match_severity_rows[] = {
    SM_ALLOY_TEXT("min", .required = true, .words = severities),
    SM_ALLOY_SWITCH("match_undefined", .required = true),
    SM_ALLOY_END_ROW,
};

static const struct sm_alloy_row match_rows[] = {
    SM_ALLOY_TEXT("match_type", .required = true),
    SM_ALLOY_BLOCK("regexp", match_regexp_rows),
    SM_ALLOY_TEXTS("services"),
    SM_ALLOY_TEXTS("span_names"),
    SM_ALLOY_TEXTS("log_bodies"),
    SM_ALLOY_TEXTS("log_severity_texts"),
    SM_ALLOY_BLOCK("log_severity", match_severity_rows, .to = "log_severity_number"),
    SM_ALLOY_TEXTS("metric_names"),
    SM_ALLOY_BLOCKS("attribute", "attributes", match_attribute_rows),
    SM_ALLOY_BLOCKS("resource", "resources", match_attribute_rows),
    SM_ALLOY_BLOCKS("library", "libraries", match_library_rows),
    SM_ALLOY_TEXTS("span_kinds"),
    SM_ALLOY_END_ROW,
};

static const struct sm_alloy_row attributes_rows[] = {
    SM_ALLOY_BLOCK("include", match_rows),
    SM_ALLOY_BLOCK("exclude", match_rows),
    SM_ALLOY_BLOCKS("action", "actions", action_rows),
    SM_ALLOY_DEBUG_METRICS,
    SM_ALLOY_OUTPUT,
    SM_ALLOY_END_ROW,
};

#define PROCESSOR(name_, rows_, ...)                                                                                                                 \
    {                                                                                                                                                \
        .name = "otelcol.processor." name_, .kind = SM_PROCESSOR, .type = (name_), .rows = (rows_), __VA_ARGS__                                      \
    }
const struct sm_alloy_component sm_alloy_processors[] = {
    PROCESSOR("batch", batch_rows),
    PROCESSOR("memory_limiter", memory_limiter_rows, .finish = sm_alloy_finish_memory_limiter),
    PROCESSOR("probabilistic_sampler", probabilistic_sampler_rows, .finish = sm_alloy_finish_sampler),
    PROCESSOR("tail_sampling", tail_sampling_rows),
    PROCESSOR("transform", transform_rows, .finish = sm_alloy_finish_transform),
    PROCESSOR("filter", filter_rows),
    PROCESSOR("attributes", attributes_rows),
    {0},
};
