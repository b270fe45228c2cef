/* settings.c - see settings.h. Source of names, bounds and limits: spanmetricsconnector/connector.go (initHistogramMetrics, buildMetrics). */
#include "connectors/span_metrics/settings.h"

#include "config/gates.h"
#include "telemetry/exponential.h"
#include "connectors/span_metrics/series.h"

static const char preset_namespace[] = "traces.span.metrics";
static const double preset_bounds_ms[] = {2, 4, 6, 8, 10, 50, 100, 200, 400, 800, 1000, 1400, 2000, 5000, 10000, 15000};
enum { PRESET_BOUND_COUNT = sizeof(preset_bounds_ms) / sizeof(preset_bounds_ms[0]), EXEMPLARS_LIMIT = UINT16_MAX };

static void set_bounds(struct sm_span_metrics_settings *settings, bool is_seconds, struct sm_arena *arena)
{
    const struct sm_span_metrics_explicit_options *given = settings->options->histogram.explicit_buckets;
    settings->bound_count = given ? given->buckets.count : PRESET_BOUND_COUNT;
    settings->bounds = sm_arena_zalloc(arena, settings->bound_count, sizeof(double));
    for (size_t i = 0; i < settings->bound_count; i++) {
        if (given)
            settings->bounds[i] = (double)given->buckets.items[i] / settings->unit_ns;
        else
            settings->bounds[i] = is_seconds ? preset_bounds_ms[i] / 1000 : preset_bounds_ms[i];
    }
}

static struct sm_slice metric_name(const struct sm_span_metrics_options *options, const char *name, struct sm_arena *arena)
{
    const char *namespace = options->namespace;
    if (sm_gate_is_on(SM_GATE_SPANMETRICS_LEGACY_NAMES) && strcmp(namespace, preset_namespace) == 0)
    namespace = "";
    return sm_slice_of(*namespace ? sm_arena_printf(arena, "%s.%s", namespace, name) : name);
}

static void set_family(struct sm_span_metrics_settings *settings, enum sm_label_family family, bool is_used, bool has_count,
                       enum sm_histogram_kind histogram)
{
    size_t bucket_count = histogram == SM_HISTOGRAM_EXPLICIT && settings->bound_count ? settings->bound_count + 1 : 0;
    settings->families[family] = (struct sm_family_settings){
        .is_used = is_used,
        .has_count = has_count,
        .histogram = histogram,
        .shard_entry_size = sm_shard_series_size(histogram, bucket_count),
        .ledger_entry_size = sm_ledger_series_size(histogram, bucket_count),
    };
}

static uint64_t positive_or(int64_t number, uint64_t otherwise)
{
    return number > 0 ? (uint64_t)number : otherwise;
}

static void set_limits(struct sm_span_metrics_settings *settings)
{
    const struct sm_span_metrics_options *options = settings->options;
    int64_t exemplars = options->exemplars.max_per_data_point;
    if (options->exemplars.enabled && exemplars > 0)
        settings->exemplar_max = exemplars < EXEMPLARS_LIMIT ? (unsigned)exemplars : EXEMPLARS_LIMIT;
    settings->series_max = positive_or(options->aggregation_cardinality_limit, UINT64_MAX);
    settings->resource_max = positive_or(options->resource_metrics_cache_size, 1);
    settings->timestamp_max = positive_or(options->metric_timestamp_cache_size, 1);
    settings->series_expiration_ns = positive_or(options->series_expiration_ns, 0);
    settings->resource_expiration_ns = positive_or(options->metrics_expiration_ns, 0);
}

const struct sm_span_metrics_settings *sm_span_metrics_settings_create(const struct sm_span_metrics_options *options, const char *instance,
                                                                       struct sm_arena *arena)
{
    struct sm_span_metrics_settings *settings = sm_arena_zalloc(arena, 1, sizeof(*settings));
    bool is_seconds = sm_span_metrics_unit_of(options) == SM_SPAN_METRICS_SECONDS;
    settings->options = options;
    settings->plan = sm_label_plan_create(options, arena);
    settings->is_delta = sm_span_metrics_is_delta(options);
    settings->has_events = options->events.enabled;
    settings->shows_resource = !sm_gate_is_on(SM_GATE_SPANMETRICS_EXCLUDE_RESOURCE) || options->add_resource_attributes;
    settings->unit_ns = is_seconds ? 1e9 : 1e6;
    settings->unit = is_seconds ? SM_SLICE("s") : SM_SLICE("ms");
    settings->calls_name = metric_name(options, "calls", arena);
    settings->duration_name = metric_name(options, "duration", arena);
    settings->events_name = metric_name(options, "events", arena);
    settings->instance = sm_arena_copy(arena, sm_slice_of(instance));
    set_limits(settings);
    enum sm_histogram_kind histogram = options->histogram.disable       ? SM_HISTOGRAM_NONE
                                       : options->histogram.exponential ? SM_HISTOGRAM_EXPONENTIAL
                                                                        : SM_HISTOGRAM_EXPLICIT;
    if (histogram == SM_HISTOGRAM_EXPLICIT)
        set_bounds(settings, is_seconds, arena);
    if (histogram == SM_HISTOGRAM_EXPONENTIAL)
        settings->exponential_size = sm_exponential_size(options->histogram.exponential->max_size);
    /* Calls and durations with the same labels are the same series: one look-up for both. */
    bool is_joined = options->calls_dimensions.count == 0 && options->histogram.dimensions.count == 0;
    set_family(settings, SM_LABELS_CALLS, true, true, is_joined ? histogram : SM_HISTOGRAM_NONE);
    set_family(settings, SM_LABELS_DURATION, !is_joined && histogram != SM_HISTOGRAM_NONE, false, is_joined ? SM_HISTOGRAM_NONE : histogram);
    set_family(settings, SM_LABELS_EVENTS, settings->has_events, true, SM_HISTOGRAM_NONE);
    return settings;
}
