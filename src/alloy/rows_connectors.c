/* rows_connectors.c - otelcol.connector.*. Source: Alloy's internal/component/otelcol/connector. */
#include "alloy/finish.h"
#include "alloy/rows.h"

#define DEFAULT_BUCKETS "[2ms, 4ms, 6ms, 8ms, 10ms, 50ms, 100ms, 200ms, 400ms, 800ms, 1s, 1.4s, 2s, 5s, 10s, 15s]"

/* ---- spanmetrics */

static const struct sm_alloy_row dimension_rows[] = {
    SM_ALLOY_TEXT("name", .river_required = true), /* or `glob` */
    SM_ALLOY_TEXT("default", .is_absent_when_null = true),
    SM_ALLOY_TEXT("glob"),
    SM_ALLOY_END_ROW,
};

static const struct sm_alloy_row exponential_rows[] = {
    SM_ALLOY_ATTRIBUTE("max_size", SM_ALLOY_WANT_INT32, .preset = "160"),
    SM_ALLOY_END_ROW,
};

static const struct sm_alloy_row explicit_rows[] = {
    SM_ALLOY_ATTRIBUTE("buckets", SM_ALLOY_WANT_DURATION | SM_ALLOY_LIST_OF, .preset = DEFAULT_BUCKETS),
    SM_ALLOY_END_ROW,
};

static const struct sm_alloy_row histogram_rows[] = {
    SM_ALLOY_SWITCH("disable"),
    SM_ALLOY_TEXT("unit"),
    SM_ALLOY_BLOCKS("dimension", "dimensions", dimension_rows),
    SM_ALLOY_BLOCK("exponential", exponential_rows),
    SM_ALLOY_BLOCK("explicit", explicit_rows),
    SM_ALLOY_END_ROW,
};

static const struct sm_alloy_row exemplars_rows[] = {
    SM_ALLOY_SWITCH("enabled"),
    /* None is no limit to the Agent; the Collector knows none but counts no further than this. */
    SM_ALLOY_NUMBER_("max_per_data_point", .preset = "5", .river_preset = "65535", .null_is_river_preset = true),
    SM_ALLOY_END_ROW,
};

static const struct sm_alloy_row events_rows[] = {
    SM_ALLOY_SWITCH("enabled"),
    SM_ALLOY_BLOCKS("dimension", "dimensions", dimension_rows),
    SM_ALLOY_END_ROW,
};

static const struct sm_alloy_word temporalities[] = {
    {"CUMULATIVE", "AGGREGATION_TEMPORALITY_CUMULATIVE"},
    {"DELTA", "AGGREGATION_TEMPORALITY_DELTA"},
    {0},
};

static const struct sm_alloy_row spanmetrics_rows[] = {
    SM_ALLOY_BLOCKS("dimension", "dimensions", dimension_rows),
    SM_ALLOY_BLOCKS("calls_dimension", "calls_dimensions", dimension_rows),
    SM_ALLOY_TEXTS("exclude_dimensions"),
    SM_ALLOY_NUMBER_("dimensions_cache_size", .has_no_effect = true),
    SM_ALLOY_NUMBER_("resource_metrics_cache_size"),
    SM_ALLOY_TEXTS("resource_metrics_key_attributes"),
    SM_ALLOY_NUMBER_("aggregation_cardinality_limit"),
    SM_ALLOY_TEXT("aggregation_temporality", .words = temporalities),
    SM_ALLOY_BLOCK("histogram", histogram_rows, .required = true),
    SM_ALLOY_TIME("metrics_flush_interval", .river_preset = "15s"),
    SM_ALLOY_TIME("metrics_expiration"),
    SM_ALLOY_TIME("series_expiration"),
    SM_ALLOY_NUMBER_("metric_timestamp_cache_size"),
    SM_ALLOY_TEXT("namespace", .river_preset = "\"\""),
    SM_ALLOY_BLOCK("exemplars", exemplars_rows),
    SM_ALLOY_BLOCK("events", events_rows),
    SM_ALLOY_TEXTS("include_instrumentation_scope"),
    SM_ALLOY_SWITCH("include_collector_instance_id"),
    SM_ALLOY_DEBUG_METRICS,
    SM_ALLOY_OUTPUT,
    SM_ALLOY_END_ROW,
};

/* ---- count */

static const struct sm_alloy_row count_attribute_rows[] = {
    SM_ALLOY_TEXT("key", .required = true),
    SM_ALLOY_ANY("default_value"),
    SM_ALLOY_END_ROW,
};

#define COUNT_ROWS(metric_)                                                                                                                          \
    {                                                                                                                                                \
        SM_ALLOY_TEXT("name", .preset = (metric_)), SM_ALLOY_TEXT("description"), SM_ALLOY_TEXTS("conditions"),                                      \
            SM_ALLOY_BLOCKS("attributes", "attributes", count_attribute_rows), SM_ALLOY_END_ROW                                                      \
    }
static const struct sm_alloy_row count_span_rows[] = COUNT_ROWS("trace.span.count");
static const struct sm_alloy_row count_event_rows[] = COUNT_ROWS("trace.span.event.count");
static const struct sm_alloy_row count_metric_rows[] = COUNT_ROWS("metric.count");
static const struct sm_alloy_row count_point_rows[] = COUNT_ROWS("metric.datapoint.count");
static const struct sm_alloy_row count_log_rows[] = COUNT_ROWS("log.record.count");

#define COUNTS(name_, rows_)                                                                                                                         \
    {                                                                                                                                                \
        .kind = SM_ALLOY_ROW_BLOCKS_NAMED, .name = (name_), .rows = (rows_)                                                                          \
    }
static const struct sm_alloy_row count_rows[] = {
    COUNTS("spans", count_span_rows),
    COUNTS("spanevents", count_event_rows),
    COUNTS("metrics", count_metric_rows),
    COUNTS("datapoints", count_point_rows),
    COUNTS("logs", count_log_rows),
    SM_ALLOY_DEBUG_METRICS,
    SM_ALLOY_OUTPUT,
    SM_ALLOY_END_ROW,
};

/* ---- servicegraph */

static const struct sm_alloy_row store_rows[] = {
    SM_ALLOY_NUMBER_("max_items", .preset = "1000"),
    SM_ALLOY_TIME("ttl", .preset = "2s"),
    SM_ALLOY_END_ROW,
};

static const struct sm_alloy_row servicegraph_rows[] = {
    SM_ALLOY_ATTRIBUTE("latency_histogram_buckets", SM_ALLOY_WANT_DURATION | SM_ALLOY_LIST_OF, .preset = DEFAULT_BUCKETS),
    SM_ALLOY_TEXTS("dimensions"),
    SM_ALLOY_BLOCK("store", store_rows),
    SM_ALLOY_TIME("cache_loop", .preset = "1m"),
    SM_ALLOY_TIME("store_expiration_loop", .preset = "2s"),
    SM_ALLOY_TEXTS("virtual_node_peer_attributes", .preset = "[peer.service, db.name, db.system]"),
    SM_ALLOY_SWITCH("virtual_node_extra_label"),
    SM_ALLOY_TIME("metrics_flush_interval", .preset = "60s", .river_preset = "0s"),
    SM_ALLOY_TEXTS("database_name_attributes", .preset = "[db.name]"),
    SM_ALLOY_ATTRIBUTE("exponential_histogram_max_size", SM_ALLOY_WANT_INT32),
    SM_ALLOY_DEBUG_METRICS,
    SM_ALLOY_OUTPUT,
    SM_ALLOY_END_ROW,
};

const struct sm_alloy_component sm_alloy_connectors[] = {
    {.name = "otelcol.connector.spanmetrics",
     .kind = SM_CONNECTOR,
     .type = "span_metrics",
     .rows = spanmetrics_rows,
     .finish = sm_alloy_finish_spanmetrics},
    {.name = "otelcol.connector.count", .kind = SM_CONNECTOR, .type = "count", .rows = count_rows},
    {.name = "otelcol.connector.servicegraph",
     .kind = SM_CONNECTOR,
     .type = "service_graph",
     .rows = servicegraph_rows,
     .finish = sm_alloy_finish_servicegraph},
    {0},
};
