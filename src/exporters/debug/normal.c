/* normal.c - one line an item: span, log record or data point.
 *
 * Source: opentelemetry-collector exporter/debugexporter/internal/normal. Its scope lines carry the number of the resource, and so do these. */
#include "exporters/debug/text.h"

#include <math.h>

#include "telemetry/log_record.h"
#include "telemetry/metric.h"
#include "telemetry/span.h"

/* "key=value" of all attributes, `separator` between them; returns whether there were any. */
static bool write_attributes(struct sm_bytes *out, const struct sm_attributes *attributes, char separator, struct sm_arena *arena)
{
    struct sm_attribute_cursor cursor = sm_attributes_begin(attributes);
    struct sm_attribute attribute;
    bool any = false;
    while (sm_attributes_next(&cursor, &attribute)) {
        if (any)
            sm_bytes_append_char(out, separator);
        sm_bytes_append_slice(out, attribute.key);
        sm_bytes_append_char(out, '=');
        sm_debug_write_value(out, &attribute.value, arena);
        any = true;
    }
    return any;
}

/* The same behind a space; nothing without attributes. */
static void write_further_attributes(struct sm_bytes *out, const struct sm_attributes *attributes, struct sm_arena *arena)
{
    sm_bytes_append_char(out, ' ');
    if (!write_attributes(out, attributes, ' ', arena))
        out->size--;
}

static void write_resource(struct sm_bytes *out, const char *kind, size_t number, const struct sm_resource_group *group, struct sm_arena *arena)
{
    sm_bytes_printf(out, "%s #%zu", kind, number);
    if (group->schema_url.size)
        sm_bytes_printf(out, " [%.*s]", SM_SLICE_ARGS(group->schema_url));
    write_further_attributes(out, &group->resource.attributes, arena);
    sm_bytes_append_char(out, '\n');
}

static void write_scope(struct sm_bytes *out, const char *kind, size_t number, const struct sm_scope_group *group, struct sm_arena *arena)
{
    const struct sm_scope *scope = &group->scope;
    sm_bytes_printf(out, "%s #%zu", kind, number);
    if (scope->name.size || scope->version.size)
        sm_bytes_printf(out, " %.*s", SM_SLICE_ARGS(scope->name));
    if (scope->version.size)
        sm_bytes_printf(out, "@%.*s", SM_SLICE_ARGS(scope->version));
    if (group->schema_url.size)
        sm_bytes_printf(out, " [%.*s]", SM_SLICE_ARGS(group->schema_url));
    write_further_attributes(out, &scope->attributes, arena);
    sm_bytes_append_char(out, '\n');
}

static void write_span(struct sm_bytes *out, const struct sm_span *span, struct sm_arena *arena)
{
    sm_bytes_append_slice(out, span->name);
    sm_bytes_append_char(out, ' ');
    sm_debug_write_id(out, span->trace_id);
    sm_bytes_append_char(out, ' ');
    sm_debug_write_id(out, span->span_id);
    write_further_attributes(out, &span->attributes, arena);
    sm_bytes_append_char(out, '\n');
}

static void write_log_record(struct sm_bytes *out, const struct sm_log_record *record, struct sm_arena *arena)
{
    sm_debug_write_value(out, &record->body, arena);
    sm_bytes_append_char(out, ' ');
    write_attributes(out, &record->attributes, ' ', arena);
    sm_bytes_append_char(out, '\n');
}

static void write_number(struct sm_bytes *out, const struct sm_data_point *point)
{
    if (point->number_type == SM_NUMBER_INT)
        sm_bytes_printf(out, "%lld", (long long)point->integer);
    else if (point->number_type == SM_NUMBER_DOUBLE)
        sm_debug_write_general(out, point->number);
}

static void write_named(struct sm_bytes *out, const char *name, double number)
{
    sm_bytes_append_text(out, name);
    sm_debug_write_general(out, number);
}

static void write_count_and_sum(struct sm_bytes *out, const struct sm_data_point *point)
{
    sm_bytes_printf(out, "count=%llu", (unsigned long long)point->count);
    if (point->has_sum)
        write_named(out, " sum=", point->sum);
    if (point->has_min)
        write_named(out, " min=", point->min);
    if (point->has_max)
        write_named(out, " max=", point->max);
}

static void write_histogram(struct sm_bytes *out, const struct sm_data_point *point)
{
    write_count_and_sum(out, point);
    for (size_t i = 0; i < point->bucket_count; i++) {
        sm_bytes_append_char(out, ' ');
        if (i < point->bound_count) {
            write_named(out, "le", point->explicit_bounds[i]);
            sm_bytes_append_char(out, '=');
        }
        sm_bytes_printf(out, "%llu", (unsigned long long)point->bucket_counts[i]);
    }
}

static void write_exponential_histogram(struct sm_bytes *out, const struct sm_data_point *point)
{
    double factor = ldexp(M_LN2, -point->scale);
    write_count_and_sum(out, point);
    for (size_t i = point->negative.count; i-- > 0;) {
        write_named(out, " le", -exp(((double)point->negative.offset + (double)i) * factor));
        sm_bytes_printf(out, "=%llu", (unsigned long long)point->negative.counts[i]);
    }
    if (point->zero_count)
        sm_bytes_printf(out, " zero=%llu", (unsigned long long)point->zero_count);
    for (size_t i = 0; i < point->positive.count; i++) {
        write_named(out, " le", exp(((double)point->positive.offset + (double)i + 1) * factor));
        sm_bytes_printf(out, "=%llu", (unsigned long long)point->positive.counts[i]);
    }
}

static void write_summary(struct sm_bytes *out, const struct sm_data_point *point)
{
    sm_bytes_printf(out, "count=%llu sum=", (unsigned long long)point->count);
    sm_debug_write_fixed(out, point->sum);
    for (size_t i = 0; i < point->quantile_count; i++) {
        write_named(out, " q", point->quantiles[i].quantile);
        write_named(out, "=", point->quantiles[i].value);
    }
}

static void (*const point_writers[])(struct sm_bytes *, const struct sm_data_point *) = {
    [SM_METRIC_GAUGE] = write_number,        [SM_METRIC_SUM] = write_number,
    [SM_METRIC_HISTOGRAM] = write_histogram, [SM_METRIC_EXPONENTIAL_HISTOGRAM] = write_exponential_histogram,
    [SM_METRIC_SUMMARY] = write_summary,
};

static void write_metric(struct sm_bytes *out, const struct sm_metric *metric, struct sm_arena *arena)
{
    if (metric->type == SM_METRIC_NONE)
        return;
    for (size_t i = 0; i < metric->point_count; i++) {
        const struct sm_data_point *point = &metric->points[i];
        if (point->dropped)
            continue;
        sm_bytes_printf(out, "%.*s{", SM_SLICE_ARGS(metric->name));
        write_attributes(out, &point->attributes, ',', arena);
        sm_bytes_append_text(out, "} ");
        point_writers[metric->type](out, point);
        sm_bytes_append_char(out, '\n');
    }
}

static void write_items(struct sm_batch *batch, const struct sm_scope_group *scope, struct sm_bytes *out)
{
    for (size_t i = 0; i < scope->count; i++) {
        if (batch->signal == SM_TRACES && !scope->spans[i].dropped)
            write_span(out, &scope->spans[i], &batch->arena);
        if (batch->signal == SM_LOGS && !scope->log_records[i].dropped)
            write_log_record(out, &scope->log_records[i], &batch->arena);
        if (batch->signal == SM_METRICS && !scope->metrics[i].dropped)
            write_metric(out, &scope->metrics[i], &batch->arena);
    }
}

void sm_debug_write_normal(struct sm_batch *batch, struct sm_bytes *out)
{
    static const struct {
        const char *resource, *scope;
    } words[SM_SIGNAL_COUNT] = {
        [SM_TRACES] = {"ResourceTraces", "ScopeTraces"},
        [SM_METRICS] = {"ResourceMetrics", "ScopeMetrics"},
        [SM_LOGS] = {"ResourceLog", "ScopeLog"},
    };
    size_t number = 0;
    for (size_t i = 0; i < batch->count; i++) {
        const struct sm_resource_group *group = &batch->groups[i];
        if (group->dropped)
            continue;
        write_resource(out, words[batch->signal].resource, number, group, &batch->arena);
        for (size_t j = 0; j < group->count; j++) {
            if (group->scopes[j].dropped)
                continue;
            write_scope(out, words[batch->signal].scope, number, &group->scopes[j], &batch->arena);
            write_items(batch, &group->scopes[j], out);
        }
        number++;
    }
}
