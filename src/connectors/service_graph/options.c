/* options.c - see options.h. */
#include "connectors/service_graph/options.h"

typedef struct sm_service_graph_options options;

static const struct sm_option store_table[] = {
    {.kind = SM_OPTION_KIND_INT,
     .member = "max_items",
     .offset = offsetof(options, store.max_items) - offsetof(options, store),
     .preset.integer = 1000,
     .help = "Edges that wait for their other span; further spans are dropped."},
    {.kind = SM_OPTION_KIND_DURATION,
     .key = "ttl",
     .offset = offsetof(options, store.ttl_ns) - offsetof(options, store),
     .is_signed = true,
     .preset.integer = 2 * SM_S,
     .help = "How long an edge waits for its other span."},
    SM_OPTION_END,
};

const struct sm_option sm_service_graph_option_table[] = {
    {.kind = SM_OPTION_KIND_DURATION_LIST,
     .member = "latency_histogram_buckets",
     .offset = offsetof(options, latency_histogram_buckets),
     .set_offset = offsetof(options, has_buckets),
     .help = "Upper bounds of the histograms' buckets; 16 from 2ms to 15s when not set."},
    SM_OPTION_INT(options, exponential_histogram_max_size, .min = INT32_MIN, .max = INT32_MAX,
                  .help = "Exponential histograms with so many buckets at most; 0: explicit ones."),
    SM_OPTION_STRING_LIST(options, dimensions, .help = "Attributes that become labels client_NAME and server_NAME."),
    SM_OPTION_TABLE(options, store, store_table, .help = "Edges of which one span has come."),
    SM_OPTION_DURATION(options, cache_loop_ns, .key = "cache_loop", .is_signed = true, .preset.integer = SM_MIN,
                       .help = "How often series are looked for that have not changed for 15 minutes; they are dropped."),
    SM_OPTION_DURATION(options, store_expiration_loop_ns, .key = "store_expiration_loop", .is_signed = true, .preset.integer = 2 * SM_S,
                       .help = "How often edges are looked for that have waited for too long."),
    SM_OPTION_STRING_LIST(options, virtual_node_peer_attributes, .set_offset = offsetof(options, has_peer_attributes),
                          .help =
                              "Attributes of a client's span that name a server that sends no spans, best first; peer.service, db.name and db.system "
                              "when not set, none: no such servers."),
    SM_OPTION_BOOL(options, virtual_node_extra_label, .help = "Add the label virtual_node, which says what end sends no spans."),
    SM_OPTION_DURATION(options, metrics_flush_interval_ns, .key = "metrics_flush_interval", .is_signed = true, .null_is_absent = true,
                       .preset.integer = SM_MIN, .help = "How often metrics are sent; 0: after every request."),
    SM_OPTION_STRING_LIST(options, database_name_attributes,
                          .help = "Attributes of a client's span that name a database, best first; db.name when not set."),
    SM_OPTION_INT(options, aggregation_cardinality_limit, .min = 0, .max = UINT32_MAX, .ours = true,
                  .help = "Most series that are kept, what more there is counts as calls from _other to _other; 0: no limit."),
    SM_OPTION_DURATION(options, metrics_timestamp_offset_ns, .key = "metrics_timestamp_offset", .is_signed = true,
                       .help = "Taken from the time of data points."),
    SM_OPTION_END,
};

void sm_service_graph_validate(const void *option_struct, struct sm_validation *validation)
{
    const options *chosen = option_struct;
    if (!chosen->has_buckets && chosen->exponential_histogram_max_size < 0)
        sm_validation_error(validation, "exponential_histogram_max_size", "`exponential_histogram_max_size` can not be negative");
    if (chosen->has_buckets && chosen->exponential_histogram_max_size > 0)
        sm_validation_error(validation, "exponential_histogram_max_size",
                            "use either `latency_histogram_buckets` or `exponential_histogram_max_size`");
}
