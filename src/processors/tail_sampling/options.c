/* options.c - the options of tail_sampling: what can be set on which level, and the rules between them.
 *
 * Policies nest: at the top, in `composite` (with `and`), in `and` and `drop` (with `not`), in `not`. Each level has a table of its own over the same
 * struct. Source: opentelemetry-collector-contrib processor/tailsamplingprocessor/config.go. */
#include "processors/tail_sampling/options.h"

#include "processors/tail_sampling/policy.h"

/* Larger caches would not fit any memory. */
#define CACHE_SIZE_MAX UINT32_MAX
/* A TiB, so that it can be counted in bytes. */
enum { MEMORY_LIMIT_MIB_MAX = 1 << 20 };

static const struct sm_option latency_table[] = {
    SM_OPTION_INT(struct sm_tail_latency_options, threshold_ms, .unit = "ms", .help = "The trace lasts at least this long."),
    SM_OPTION_INT(struct sm_tail_latency_options, upper_threshold_ms, .unit = "ms",
                  .help = "When set the trace lasts longer than threshold_ms and at most this long."),
    SM_OPTION_END,
};

static const struct sm_option numeric_table[] = {
    SM_OPTION_STRING(struct sm_tail_numeric_options, key, .help = "Attribute of a span or a resource."),
    SM_OPTION_INT(struct sm_tail_numeric_options, min_value, .help = "Smallest integer that matches; 0: no limit."),
    SM_OPTION_INT(struct sm_tail_numeric_options, max_value, .help = "Largest integer that matches; 0: no limit."),
    SM_OPTION_BOOL(struct sm_tail_numeric_options, invert_match, .help = "Sample traces in which nothing matches."),
    SM_OPTION_END,
};

static const struct sm_option probabilistic_table[] = {
    SM_OPTION_STRING(struct sm_tail_probabilistic_options, hash_salt,
                     .help = "Salt of the hash; collectors that should decide independently need different ones."),
    SM_OPTION_DOUBLE(struct sm_tail_probabilistic_options, sampling_percentage, .unit = "percent", .help = "Share of traces to sample."),
    SM_OPTION_END,
};

static const struct sm_option status_table[] = {
    SM_OPTION_STRING_LIST(struct sm_tail_status_options, status_codes, .help = "Codes of which one span must have one: OK, ERROR, UNSET."),
    SM_OPTION_END,
};

static const struct sm_option string_table[] = {
    SM_OPTION_STRING(struct sm_tail_string_options, key, .help = "Attribute of a span or a resource."),
    SM_OPTION_STRING_LIST(struct sm_tail_string_options, values, .help = "Values or regular expressions that match."),
    SM_OPTION_BOOL(struct sm_tail_string_options, enabled_regex_matching, .help = "Values are regular expressions."),
    SM_OPTION_INT(struct sm_tail_string_options, cache_max_size, .help = "Taken for compatibility: matching needs no cache here."),
    SM_OPTION_BOOL(struct sm_tail_string_options, invert_match, .help = "Sample traces in which nothing matches."),
    SM_OPTION_END,
};

static const struct sm_option rate_table[] = {
    SM_OPTION_INT(struct sm_tail_rate_options, spans_per_second, .unit = "spans", .help = "Spans to sample in a second."),
    SM_OPTION_INT(struct sm_tail_rate_options, burst_capacity, .unit = "spans", .help = "Spans at most at once; 0: twice spans_per_second."),
    SM_OPTION_END,
};

static const struct sm_option bytes_table[] = {
    SM_OPTION_INT(struct sm_tail_bytes_options, bytes_per_second, .unit = "bytes", .help = "Bytes (OTLP protobuf) to sample in a second."),
    SM_OPTION_INT(struct sm_tail_bytes_options, burst_capacity, .unit = "bytes", .help = "Bytes at most at once; 0: twice bytes_per_second."),
    SM_OPTION_END,
};

static const struct sm_option count_table[] = {
    SM_OPTION_INT(struct sm_tail_count_options, min_spans, .min = INT32_MIN, .max = INT32_MAX, .help = "The trace has at least so many spans."),
    SM_OPTION_INT(struct sm_tail_count_options, max_spans, .min = INT32_MIN, .max = INT32_MAX,
                  .help = "The trace has at most so many spans; 0: no limit."),
    SM_OPTION_END,
};

static const struct sm_option state_table[] = {
    SM_OPTION_STRING(struct sm_tail_state_options, key, .help = "Key in the trace state."),
    SM_OPTION_STRING_LIST(struct sm_tail_state_options, values, .help = "Values that match."),
    SM_OPTION_END,
};

static const struct sm_option boolean_table[] = {
    SM_OPTION_STRING(struct sm_tail_boolean_options, key, .help = "Attribute of a span or a resource."),
    SM_OPTION_BOOL(struct sm_tail_boolean_options, value, .help = "Value that matches."),
    SM_OPTION_BOOL(struct sm_tail_boolean_options, invert_match, .help = "Sample traces in which nothing matches."),
    SM_OPTION_END,
};

static const struct sm_option ottl_table[] = {
    SM_OPTION_STRING(struct sm_tail_ottl_options, error_mode,
                     .help = "What a failing condition does: ignore (log and go on), silent, propagate (the policy does not count)."),
    SM_OPTION_STRING_LIST(struct sm_tail_ottl_options, span, .help = "OTTL conditions of which one must hold for a span."),
    SM_OPTION_STRING_LIST(struct sm_tail_ottl_options, spanevent, .help = "OTTL conditions of which one must hold for a span event."),
    SM_OPTION_END,
};

/* What every level has. */
#define SHARED_ROWS                                                                                                                                  \
    SM_OPTION_STRING(struct sm_tail_policy_options, name, .help = "Name, for metrics and logs."),                                                    \
        SM_OPTION_STRING(struct sm_tail_policy_options, type, .help = "Type of the policy."),                                                        \
        SM_OPTION_TABLE(struct sm_tail_policy_options, latency, latency_table, .help = "Type latency: how long the trace lasts."),                   \
        SM_OPTION_TABLE(struct sm_tail_policy_options, numeric_attribute, numeric_table, .help = "Type numeric_attribute: an integer in a range."),  \
        SM_OPTION_TABLE(struct sm_tail_policy_options, probabilistic, probabilistic_table, .help = "Type probabilistic: a share by trace ID."),      \
        SM_OPTION_TABLE(struct sm_tail_policy_options, status_code, status_table, .help = "Type status_code: a span's status."),                     \
        SM_OPTION_TABLE(struct sm_tail_policy_options, string_attribute, string_table, .help = "Type string_attribute: a text."),                    \
        SM_OPTION_TABLE(struct sm_tail_policy_options, rate_limiting, rate_table, .help = "Type rate_limiting: spans a second."),                    \
        SM_OPTION_TABLE(struct sm_tail_policy_options, bytes_limiting, bytes_table, .help = "Type bytes_limiting: bytes a second."),                 \
        SM_OPTION_TABLE(struct sm_tail_policy_options, span_count, count_table, .help = "Type span_count: number of spans."),                        \
        SM_OPTION_TABLE(struct sm_tail_policy_options, trace_state, state_table, .help = "Type trace_state: a value in the trace state."),           \
        SM_OPTION_TABLE(struct sm_tail_policy_options, boolean_attribute, boolean_table, .help = "Type boolean_attribute: true or false."),          \
        SM_OPTION_TABLE(struct sm_tail_policy_options, ottl_condition, ottl_table, .help = "Type ottl_condition: OTTL conditions.")

static const struct sm_option not_sub_table[] = {SHARED_ROWS, SM_OPTION_END};

static const struct sm_option not_table[] = {
    SM_OPTION_OPTIONAL(struct sm_tail_not_options, not_sub_policy, not_sub_table, .help = "The policy that must not sample."),
    SM_OPTION_END,
};

#define NOT_ROW SM_OPTION_TABLE(struct sm_tail_policy_options, not, not_table, .help = "Type not: the opposite of another policy.")

static const struct sm_option and_sub_table[] = {SHARED_ROWS, NOT_ROW, SM_OPTION_END};

static const struct sm_option and_table[] = {
    SM_OPTION_TABLE_LIST(struct sm_tail_and_options, and_sub_policy, struct sm_tail_policy_options, and_sub_table,
                         .help = "Policies that must all sample."),
    SM_OPTION_END,
};

#define AND_ROW SM_OPTION_TABLE(struct sm_tail_policy_options, and, and_table, .help = "Type and: several policies together.")

static const struct sm_option drop_table[] = {
    SM_OPTION_TABLE_LIST(struct sm_tail_drop_options, drop_sub_policy, struct sm_tail_policy_options, and_sub_table,
                         .help = "Policies that must all sample for the trace to be dropped."),
    SM_OPTION_END,
};

static const struct sm_option composite_sub_table[] = {SHARED_ROWS, AND_ROW, SM_OPTION_END};

static const struct sm_option share_table[] = {
    SM_OPTION_STRING(struct sm_tail_share_options, policy, .help = "Name of the sub-policy."),
    SM_OPTION_INT(struct sm_tail_share_options, percent, .unit = "percent",
                  .help = "Its share of max_total_spans_per_second; 0: the total divided by the number of sub-policies."),
    SM_OPTION_END,
};

static const struct sm_option composite_table[] = {
    SM_OPTION_INT(struct sm_tail_composite_options, max_total_spans_per_second, .unit = "spans",
                  .help = "Spans in a second, by sub-policy, at most."),
    SM_OPTION_STRING_LIST(struct sm_tail_composite_options, policy_order,
                          .help = "Without effect, as in the reference: the order of composite_sub_policy counts."),
    SM_OPTION_TABLE_LIST(struct sm_tail_composite_options, composite_sub_policy, struct sm_tail_policy_options, composite_sub_table,
                         .help = "Policies, of which the first that samples decides."),
    SM_OPTION_TABLE_LIST(struct sm_tail_composite_options, rate_allocation, struct sm_tail_share_options, share_table,
                         .help = "Shares of the sub-policies; one that is not named gets none."),
    SM_OPTION_END,
};

static const struct sm_option policy_table[] = {
    SHARED_ROWS,
    SM_OPTION_TABLE(struct sm_tail_policy_options, composite, composite_table, .help = "Type composite: policies with shares of a rate."),
    AND_ROW,
    NOT_ROW,
    SM_OPTION_TABLE(struct sm_tail_policy_options, drop, drop_table, .help = "Type drop: never sample what several policies match."),
    SM_OPTION_END,
};

static const struct sm_option cache_table[] = {
    SM_OPTION_INT(struct sm_tail_cache_options, sampled_cache_size, .max = CACHE_SIZE_MAX, .min = INT32_MIN,
                  .help = "Sampled trace IDs to remember after the trace has left memory; 0: none."),
    SM_OPTION_INT(struct sm_tail_cache_options, non_sampled_cache_size, .max = CACHE_SIZE_MAX, .min = INT32_MIN,
                  .help = "Trace IDs not sampled to remember; 0: none."),
    SM_OPTION_END,
};

static const struct sm_option_word strategies[] = {
    {"trace-complete", SM_TAIL_TRACE_COMPLETE},
    {"span-ingest", SM_TAIL_SPAN_INGEST},
    {NULL, 0},
};

const struct sm_option sm_tail_option_table[] = {
    SM_OPTION_DURATION(struct sm_tail_options, decision_wait_ns, .key = "decision_wait", .preset.integer = 30 * SM_S, .is_signed = true,
                       .help = "Time from a trace's first span to its decision, in whole seconds."),
    SM_OPTION_DURATION(struct sm_tail_options, decision_wait_after_root_received_ns, .key = "decision_wait_after_root_received", .is_signed = true,
                       .help = "Time to the decision once the root span is there; 0: no difference."),
    SM_OPTION_UINT(struct sm_tail_options, num_traces, .preset.integer = 50000, .help = "Traces in memory at most."),
    SM_OPTION_BOOL(struct sm_tail_options, block_on_overflow, .help = "At num_traces new ones wait; otherwise the oldest trace goes."),
    SM_OPTION_UINT(struct sm_tail_options, expected_new_traces_per_sec, .help = "New traces in a second, for sizing tables at start."),
    SM_OPTION_TABLE_LIST(struct sm_tail_options, policies, struct sm_tail_policy_options, policy_table,
                         .help = "What decides: a trace is sampled when any of them says so and no drop policy matches."),
    SM_OPTION_TABLE(struct sm_tail_options, decision_cache, cache_table, .help = "Decisions remembered for late spans."),
    SM_OPTION_STRING(struct sm_tail_options, tail_storage, .help = "An extension that holds the traces; not built."),
    SM_OPTION_BOOL(struct sm_tail_options, sample_on_first_match, .help = "Do not ask further policies once one samples."),
    SM_OPTION_ENUM(struct sm_tail_options, sampling_strategy, strategies, .preset.integer = SM_TAIL_TRACE_COMPLETE,
                   .unknown_word = {"invalid sampling_strategy ", ", expected one of \"trace-complete\" or \"span-ingest\""},
                   .help = "Decide after decision_wait over the whole trace, or with every request that brings spans of it."),
    SM_OPTION_BOOL(struct sm_tail_options, drop_pending_traces_on_shutdown, .help = "At the end drop what is undecided instead of deciding it."),
    SM_OPTION_UINT(struct sm_tail_options, memory_limit_mib, .ours = true, .max = MEMORY_LIMIT_MIB_MAX, .unit = "MiB",
                   .help = "Memory for the spans of undecided traces at most, beside num_traces; 0: no limit."),
    SM_OPTION_UINT(struct sm_tail_options, unpacked_limit_mib, .preset.integer = 64, .ours = true, .max = MEMORY_LIMIT_MIB_MAX, .unit = "MiB",
                   .help = "Spans of undecided traces are packed when so much is held as it came; an eighth of memory_limit_mib at most."),
    SM_OPTION_STRING(struct sm_tail_options, storage, .preset.string = "", .ours = true,
                     .help = "Storage extension that keeps undecided traces over a restart; they are then not decided at the end."),
    SM_OPTION_BOOL(struct sm_tail_options, spill_to_storage, .ours = true,
                   .help = "Put spans of undecided traces into the storage when three quarters of memory_limit_mib are used."),
    SM_OPTION_UINT(struct sm_tail_options, maximum_trace_size_bytes, .unit = "bytes",
                   .help = "A trace that grows larger is dropped at once; 0: no limit."),
    SM_OPTION_END,
};

void sm_tail_validate(const void *pointer, struct sm_validation *validation)
{
    const struct sm_tail_options *options = pointer;
    if (*options->tail_storage)
        sm_validation_error(validation, "tail_storage",
                            "'tail_storage' requires the \"processor.tailsamplingprocessor.tailstorageextension\" feature gate to be enabled, "
                            "which is not built here: traces are kept in memory");
    if (options->spill_to_storage && (!*options->storage || !options->memory_limit_mib))
        sm_validation_error(validation, "spill_to_storage", "needs 'storage' and 'memory_limit_mib'");
    if (options->drop_pending_traces_on_shutdown && *options->storage)
        sm_validation_error(validation, "drop_pending_traces_on_shutdown", "'storage' keeps pending traces: set one of the two");
    sm_tail_plan_free(sm_tail_plan_create(options, validation, NULL));
}
