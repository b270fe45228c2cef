/* trace_options.h - the options under `traces` that the connector and the exporter share, and the rules between them.
 * Source: opentelemetry-collector-contrib pkg/datadog/config/traces.go (TracesConfig), v0.115.0. */
#pragma once

#include "config/option.h"
#include "datadog/span.h"

struct sm_datadog_trace_options {
    struct sm_string_list ignore_resources;
    struct sm_string_map span_name_remappings;
    bool span_name_as_resource_name, compute_stats_by_span_kind, compute_top_level_by_span_kind;
    bool peer_service_aggregation, is_peer_service_aggregation_set; /* old name of peer_tags_aggregation */
    bool peer_tags_aggregation, is_peer_tags_aggregation_set;
    struct sm_string_list peer_tags;
};
/* With the traces options squashed: SM_OPTION_TABLE(struct options, common, sm_datadog_trace_option_table, .squash = true). */
extern const struct sm_option sm_datadog_trace_option_table[];

/* Keys are told with `prefix` ("traces") in front. */
void sm_datadog_trace_options_validate(const struct sm_datadog_trace_options *options, const char *prefix, struct sm_validation *validation);
/* Whether the newer names are used: they are wanted, and no option asks for others. */
bool sm_datadog_has_names_v2(const struct sm_datadog_trace_options *options, bool is_wanted);
/* What peer_tags_aggregation and its old name together say; the connector, as the reference's, does not look at the latter. */
bool sm_datadog_has_peer_tags(const struct sm_datadog_trace_options *options);
/* span_name_remappings for looking up, in `arena`. */
struct sm_datadog_map sm_datadog_remappings(const struct sm_string_map *remappings, struct sm_arena *arena);
