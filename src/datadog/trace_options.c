/* trace_options.c - see trace_options.h. Stateless. */
#include "datadog/trace_options.h"

#include "base/regex.h"

const struct sm_option sm_datadog_trace_option_table[] = {
    SM_OPTION_STRING_LIST(struct sm_datadog_trace_options, ignore_resources,
                          .help = "Regular expressions: traces whose root has such a resource are left out (exporter); resources compared as a whole "
                                  "(connector)."),
    SM_OPTION_STRING_MAP(struct sm_datadog_trace_options, span_name_remappings, .help = "Operation names, and what they are called instead."),
    SM_OPTION_BOOL(struct sm_datadog_trace_options, span_name_as_resource_name,
                   .help = "Take the span's name for the operation, instead of the library's name and the kind."),
    SM_OPTION_BOOL(struct sm_datadog_trace_options, compute_stats_by_span_kind,
                   .help = "Give stats to every span of kind server, client, producer or consumer."),
    SM_OPTION_BOOL(struct sm_datadog_trace_options, compute_top_level_by_span_kind,
                   .help = "Roots and spans of kind server or consumer are service entries, and those of kind client or producer are measured."),
    SM_OPTION_BOOL(struct sm_datadog_trace_options, peer_service_aggregation,
                   .set_offset = offsetof(struct sm_datadog_trace_options, is_peer_service_aggregation_set),
                   .deprecated = "use peer_tags_aggregation", .help = "Old name of peer_tags_aggregation."),
    SM_OPTION_BOOL(struct sm_datadog_trace_options, peer_tags_aggregation,
                   .set_offset = offsetof(struct sm_datadog_trace_options, is_peer_tags_aggregation_set),
                   .help = "Tell stats apart by whom a span calls (peer.service, db.instance, …)."),
    SM_OPTION_STRING_LIST(struct sm_datadog_trace_options, peer_tags, .help = "Further tags that name a peer."),
    SM_OPTION_END,
};

void sm_datadog_trace_options_validate(const struct sm_datadog_trace_options *options, const char *prefix, struct sm_validation *validation)
{
    for (size_t i = 0; i < options->ignore_resources.count; i++) {
        const char *pattern = options->ignore_resources.items[i];
        struct sm_error error;
        struct sm_regex *regex = sm_regex_compile(sm_slice_of(pattern), &error);
        if (!regex)
            sm_validation_error(validation, prefix, "'%s' is not valid resource filter regular expression", pattern);
        sm_regex_free(regex);
    }
    for (size_t i = 0; i < options->span_name_remappings.count; i++) {
        const struct sm_string_map_entry *entry = &options->span_name_remappings.entries[i];
        if (!*entry->value)
            sm_validation_error(validation, prefix, "'' is not valid value for span name remapping");
        else if (!*entry->key)
            sm_validation_error(validation, prefix, "'' is not valid key for span name remapping");
    }
}

bool sm_datadog_has_names_v2(const struct sm_datadog_trace_options *options, bool is_wanted)
{
    return is_wanted && !options->span_name_as_resource_name && options->span_name_remappings.count == 0;
}

bool sm_datadog_has_peer_tags(const struct sm_datadog_trace_options *options)
{
    return options->is_peer_service_aggregation_set ? options->peer_service_aggregation : options->peer_tags_aggregation;
}

struct sm_datadog_map sm_datadog_remappings(const struct sm_string_map *remappings, struct sm_arena *arena)
{
    struct sm_datadog_map map = {0};
    for (size_t i = 0; i < remappings->count; i++)
        sm_datadog_map_set_text(&map, arena, sm_slice_of(remappings->entries[i].key), sm_slice_of(remappings->entries[i].value));
    return map;
}
