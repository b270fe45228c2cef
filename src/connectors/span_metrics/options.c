/* options.c - the option table of span_metrics and the rules between its options.
 *
 * Names, defaults, rules and the wording of violations are those of the reference (connector/spanmetricsconnector/config.go, v0.155.0);
 * `storage` is ours. */
#include "connectors/span_metrics/options.h"

#include <inttypes.h>
#include <stdio.h>

#include "config/duration.h"
#include "config/gates.h"
#include "connectors/span_metrics/glob.h"

typedef struct sm_span_metrics_dimension_options dimension_options;
typedef struct sm_span_metrics_options options;

static const struct sm_option dimension_table[] = {
    SM_OPTION_STRING(dimension_options, name, .preset.string = "", .help = "Attribute that becomes a label."),
    SM_OPTION_STRING(dimension_options, preset, .key = "default", .preset.string = "", .set_offset = offsetof(dimension_options, has_preset),
                     .help = "Value when the attribute is absent; without one the label is left out."),
    SM_OPTION_STRING(dimension_options, glob, .preset.string = "",
                     .help = "Pattern of attribute names instead of `name`; `*` stops at dots, `**` does not."),
    SM_OPTION_END,
};
#define DIMENSION_LIST(member_name, ...) SM_OPTION_TABLE_LIST(options, member_name, dimension_options, dimension_table, __VA_ARGS__)

static const struct sm_option exponential_table[] = {
    SM_OPTION_INT(struct sm_span_metrics_exponential_options, max_size, .preset.integer = 0, .min = INT32_MIN, .max = INT32_MAX, .unit = "buckets",
                  .help = "Most buckets of a histogram; 0 is 160."),
    SM_OPTION_END,
};

static const struct sm_option explicit_table[] = {
    SM_OPTION_DURATION_LIST(struct sm_span_metrics_explicit_options, buckets,
                            .help = "Upper bounds of the buckets, inclusive; none gives a single bucket."),
    SM_OPTION_END,
};

static const struct sm_option_word unit_words[] = {{"ms", SM_SPAN_METRICS_MILLISECONDS}, {"s", SM_SPAN_METRICS_SECONDS}, {NULL, 0}};

/* The members of the anonymous sub-structs, as if they were structs of their own. */
#define SUB_OFFSET(group, name) (offsetof(options, group.name) - offsetof(options, group))
static const struct sm_option histogram_table[] = {
    {.kind = SM_OPTION_KIND_BOOL, .member = "disable", .offset = SUB_OFFSET(histogram, disable), .help = "Makes no duration metric."},
    {.kind = SM_OPTION_KIND_ENUM,
     .member = "unit",
     .offset = SUB_OFFSET(histogram, unit),
     .words = unit_words,
     .ignore_case = true,
     .unknown_word = {"unknown Unit ", ", allowed units are \"ms\" and \"s\""},
     .preset.integer = SM_SPAN_METRICS_MILLISECONDS,
     .set_offset = SUB_OFFSET(histogram, has_unit),
     .help = "Unit of durations."},
    {.kind = SM_OPTION_KIND_OPTIONAL,
     .member = "exponential",
     .offset = SUB_OFFSET(histogram, exponential),
     .table = exponential_table,
     .element_size = sizeof(struct sm_span_metrics_exponential_options),
     .null_is_absent = true,
     .help = "Exponential histograms."},
    {.kind = SM_OPTION_KIND_OPTIONAL,
     .member = "explicit",
     .offset = SUB_OFFSET(histogram, explicit_buckets),
     .table = explicit_table,
     .element_size = sizeof(struct sm_span_metrics_explicit_options),
     .null_is_absent = true,
     .help = "Histograms with these buckets; without it and `exponential`: 2ms to 15s."},
    {.kind = SM_OPTION_KIND_TABLE_LIST,
     .member = "dimensions",
     .offset = SUB_OFFSET(histogram, dimensions),
     .table = dimension_table,
     .element_size = sizeof(dimension_options),
     .help = "Further dimensions of durations only."},
    SM_OPTION_END,
};
static const struct sm_option exemplars_table[] = {
    {.kind = SM_OPTION_KIND_BOOL,
     .member = "enabled",
     .offset = SUB_OFFSET(exemplars, enabled),
     .help = "Attaches trace and span ids to the points."},
    {.kind = SM_OPTION_KIND_INT,
     .member = "max_per_data_point",
     .offset = SUB_OFFSET(exemplars, max_per_data_point),
     .preset.integer = 5,
     .help = "Most exemplars of a point between two flushes."},
    SM_OPTION_END,
};
static const struct sm_option events_table[] = {
    {.kind = SM_OPTION_KIND_BOOL, .member = "enabled", .offset = SUB_OFFSET(events, enabled), .help = "Counts span events."},
    {.kind = SM_OPTION_KIND_TABLE_LIST,
     .member = "dimensions",
     .offset = SUB_OFFSET(events, dimensions),
     .table = dimension_table,
     .element_size = sizeof(dimension_options),
     .help = "Further dimensions of events, found in the span, the event or the resource."},
    SM_OPTION_END,
};

const struct sm_option sm_span_metrics_option_table[] = {
    DIMENSION_LIST(dimensions, .help = "Attributes of the span or its resource that become labels of all metrics."),
    DIMENSION_LIST(calls_dimensions, .help = "Further dimensions of calls only."),
    SM_OPTION_STRING_LIST(options, exclude_dimensions, .help = "Usual dimensions to leave out: service.name, span.name, span.kind, status.code, …"),
    SM_OPTION_INT(options, dimensions_cache_size, .deprecated = "please use aggregation_cardinality_limit instead", .help = "Has no effect."),
    SM_OPTION_INT(options, resource_metrics_cache_size, .preset.integer = 1000,
                  .help = "Resources whose series are kept; the one unused longest goes first."),
    SM_OPTION_STRING_LIST(options, resource_metrics_key_attributes, .help = "Resource attributes that tell resources apart; none: all."),
    SM_OPTION_STRING(options, aggregation_temporality, .preset.string = "AGGREGATION_TEMPORALITY_CUMULATIVE",
                     .help = "AGGREGATION_TEMPORALITY_DELTA, or cumulative."),
    SM_OPTION_TABLE(options, histogram, histogram_table, .help = "The duration metric."),
    SM_OPTION_DURATION(options, metrics_flush_interval_ns, .key = "metrics_flush_interval", .is_signed = true, .preset.integer = 60 * SM_S,
                       .help = "Time between two exports."),
    SM_OPTION_DURATION(options, metrics_expiration_ns, .key = "metrics_expiration", .is_signed = true,
                       .help = "A resource without spans for this long is no longer exported; 0: never."),
    SM_OPTION_DURATION(options, series_expiration_ns, .key = "series_expiration", .is_signed = true,
                       .help = "A series without spans for this long is no longer exported; 0: never."),
    SM_OPTION_INT(options, metric_timestamp_cache_size, .null_is_absent = true, .preset.integer = 1000,
                  .help = "Delta: series whose last export is remembered for the next start."),
    SM_OPTION_STRING(options, namespace, .preset.string = "traces.span.metrics", .help = "Put before the metrics' names, with a dot."),
    SM_OPTION_TABLE(options, exemplars, exemplars_table, .help = "Examples of spans on the points."),
    SM_OPTION_TABLE(options, events, events_table, .help = "The events metric."),
    SM_OPTION_STRING_LIST(options, include_instrumentation_scope, .help = "Scopes whose name and version become labels."),
    SM_OPTION_INT(options, aggregation_cardinality_limit, .help = "Most series of a metric in a resource, the rest is counted in one; 0: no limit."),
    SM_OPTION_BOOL(options, add_resource_attributes, .help = "Keeps resource attributes when the feature gate excludeResourceMetrics is on."),
    SM_OPTION_BOOL(options, enable_metrics_sampling_method, .help = "Adds the label sampling.method: extrapolated or counted."),
    SM_OPTION_STRING(options, storage, .preset.string = "", .ours = true,
                     .help = "Storage extension that keeps the counters over a restart. They are written before every export and at the end: what a "
                             "killed process (kill -9) counted since its last export is lost, and nothing that was exported."),
    SM_OPTION_END,
};

bool sm_span_metrics_is_delta(const struct sm_span_metrics_options *opts)
{
    return strcmp(opts->aggregation_temporality, "AGGREGATION_TEMPORALITY_DELTA") == 0;
}

enum sm_span_metrics_unit sm_span_metrics_unit_of(const struct sm_span_metrics_options *opts)
{
    if (opts->histogram.has_unit)
        return (enum sm_span_metrics_unit)opts->histogram.unit;
    return sm_gate_is_on(SM_GATE_SPANMETRICS_SECONDS) ? SM_SPAN_METRICS_SECONDS : SM_SPAN_METRICS_MILLISECONDS;
}

bool sm_span_metrics_list_has(const struct sm_string_list *list, struct sm_slice word)
{
    for (size_t i = 0; i < list->count; i++)
        if (sm_slice_is(word, list->items[i]))
            return true;
    return false;
}

/* `text` in double quotes, as the reference prints names. */
struct quoted {
    char text[256];
};
static struct quoted quote(const char *text)
{
    struct quoted out;
    size_t at = 0;
    out.text[at++] = '"';
    for (; *text && at + 4 < sizeof(out.text); text++) {
        if (*text == '"' || *text == '\\')
            out.text[at++] = '\\';
        out.text[at++] = *text;
    }
    out.text[at++] = '"';
    out.text[at] = '\0';
    return out;
}

/* Where a list of dimensions stands and how the reference speaks of it. */
struct list {
    const char *path, *what;
    const struct sm_table_list *dimensions;
};

static const char *const reserved_names[] = {"service.name", "span.kind", "status.code", "span.name", "collector.instance.id"};
enum { RESERVED_COUNT = sizeof(reserved_names) / sizeof(reserved_names[0]) };

static size_t reserved_count(void)
{
    return sm_gate_is_on(SM_GATE_SPANMETRICS_COLLECTOR_INSTANCE) ? RESERVED_COUNT : RESERVED_COUNT - 1;
}

static const dimension_options *dimension_at(const struct list *list, size_t index)
{
    return (const dimension_options *)list->dimensions->items + index;
}

static bool is_taken(const struct list *list, size_t index)
{
    const char *name = dimension_at(list, index)->name;
    for (size_t i = 0; i < reserved_count(); i++)
        if (strcmp(name, reserved_names[i]) == 0)
            return true;
    for (size_t i = 0; i < index; i++)
        if (strcmp(name, dimension_at(list, i)->name) == 0)
            return true;
    return false;
}

/* What is wrong with one entry; false with the reason in `why`. */
static bool check_entry(const struct list *list, size_t index, char *why, size_t why_size)
{
    const dimension_options *dimension = dimension_at(list, index);
    bool has_name = *dimension->name, has_glob = *dimension->glob;
    const char *glob_error = NULL;
    if (has_name && has_glob)
        snprintf(why, why_size, "dimension entry must set only one of `name` or `glob`, got both: name=%s glob=%s", quote(dimension->name).text,
                 quote(dimension->glob).text);
    else if (!has_name && !has_glob)
        snprintf(why, why_size, "dimension entry must set one of `name` or `glob`");
    else if (has_name && is_taken(list, index))
        snprintf(why, why_size, "duplicate dimension name %s", quote(dimension->name).text);
    else if (has_glob && dimension->has_preset)
        snprintf(why, why_size, "`default` is not supported on `glob` dimension %s", quote(dimension->glob).text);
    else if (has_glob && !sm_glob_check(sm_slice_of(dimension->glob), &glob_error))
        snprintf(why, why_size, "invalid dimension glob %s: %s", quote(dimension->glob).text, glob_error);
    else
        return true;
    return false;
}

static bool conflicts(const char *name, const struct sm_glob *glob, const char *pattern, char *why, size_t why_size)
{
    if (!sm_glob_match(glob, sm_slice_of(name)))
        return false;
    snprintf(why, why_size, "duplicate dimension name %s conflicting with glob %s", quote(name).text, quote(pattern).text);
    return true;
}

static bool check_conflicts(const struct list *list, struct sm_arena *arena, char *why, size_t why_size)
{
    for (size_t i = 0; i < list->dimensions->count; i++) {
        const char *pattern = dimension_at(list, i)->glob;
        if (!*pattern)
            continue;
        const struct sm_glob *glob = sm_glob_compile(sm_slice_of(pattern), arena);
        for (size_t k = 0; k < reserved_count(); k++)
            if (conflicts(reserved_names[k], glob, pattern, why, why_size))
                return false;
        for (size_t k = 0; k < list->dimensions->count; k++)
            if (*dimension_at(list, k)->name && conflicts(dimension_at(list, k)->name, glob, pattern, why, why_size))
                return false;
    }
    return true;
}

/* Like the reference, the first violation of a list is told. */
static void check_list(const struct list *list, struct sm_validation *validation)
{
    char why[1024];
    bool is_good = true;
    for (size_t i = 0; i < list->dimensions->count && is_good; i++)
        is_good = check_entry(list, i, why, sizeof(why));
    if (is_good)
        is_good = check_conflicts(list, validation->arena, why, sizeof(why));
    if (!is_good)
        sm_validation_error(validation, list->path, "failed validating %s: %s", list->what, why);
}

static void check_not_negative(struct sm_validation *validation, const char *key, int64_t ns)
{
    char text[SM_DURATION_TEXT_SIZE];
    if (ns < 0)
        sm_validation_error(validation, "", "invalid %s: %s, the duration should be positive", key, sm_duration_format_whole(ns, text));
}

static void check_limits(const struct sm_span_metrics_options *opts, struct sm_validation *validation)
{
    if (sm_span_metrics_is_delta(opts) && opts->metric_timestamp_cache_size <= 0)
        sm_validation_error(validation, "",
                            "invalid delta timestamp cache size: %" PRId64 ", the maximum number of the items in the cache should be positive",
                            opts->metric_timestamp_cache_size);
    if (opts->aggregation_cardinality_limit < 0)
        sm_validation_error(validation, "", "invalid aggregation_cardinality_limit: %" PRId64 ", the limit should be positive",
                            opts->aggregation_cardinality_limit);
    if (opts->exemplars.enabled && opts->exemplars.max_per_data_point < 0)
        sm_validation_error(validation, "", "invalid max_per_data_point: %" PRId64 ", the value should be positive",
                            opts->exemplars.max_per_data_point);
    if (opts->resource_metrics_cache_size <= 0) /* the reference fails at start: "must provide a positive size" */
        sm_validation_error(validation, "resource_metrics_cache_size", "must provide a positive size");
}

void sm_span_metrics_validate(const void *decoded, struct sm_validation *validation)
{
    const struct sm_span_metrics_options *opts = decoded;
    /* Violations stand under the component itself, as the reference words them. */
    const struct list lists[] = {
        {"", "dimensions", &opts->dimensions},
        {"", "calls dimensions", &opts->calls_dimensions},
        {"", "histogram dimensions", &opts->histogram.dimensions},
        {"", "event dimensions", &opts->events.dimensions},
    };
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
        if (lists[i].dimensions != &opts->events.dimensions || opts->events.enabled)
            check_list(&lists[i], validation);
    if (opts->events.enabled && opts->events.dimensions.count == 0)
        sm_validation_error(validation, "", "failed validating event dimensions: no dimensions configured for events");
    if (opts->histogram.explicit_buckets && opts->histogram.exponential)
        sm_validation_error(validation, "", "use either `explicit` or `exponential` buckets histogram");
    check_not_negative(validation, "metrics_flush_interval", opts->metrics_flush_interval_ns);
    check_not_negative(validation, "metrics_expiration", opts->metrics_expiration_ns);
    check_not_negative(validation, "series_expiration", opts->series_expiration_ns);
    if (opts->metrics_flush_interval_ns == 0) /* the reference ends with a panic */
        sm_validation_error(validation, "metrics_flush_interval", "must be greater than 0s");
    if (*opts->storage && sm_span_metrics_is_delta(opts))
        sm_validation_error(validation, "storage", "delta temporality has no counters to keep over a restart");
    check_limits(opts, validation);
}
