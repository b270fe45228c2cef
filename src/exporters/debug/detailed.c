/* detailed.c - every field of every item.
 *
 * Source: opentelemetry-collector exporter/debugexporter/internal/otlptext/{traces,logs,metrics}.go. Entity references of resources are not shown. */
#include "exporters/debug/detailed.h"

#include <stdio.h>

#include "exporters/debug/text.h"
#include "telemetry/log_record.h"
#include "telemetry/metric.h"
#include "telemetry/span.h"

/* "    Kind           : Server" */
static void labelled(struct sm_bytes *out, const char *label, struct sm_slice text)
{
    sm_debug_line(out, "    %-15s: %.*s", label, SM_SLICE_ARGS(text));
}

static void labelled_id(struct sm_bytes *out, const char *label, struct sm_slice id)
{
    char wide[32];
    snprintf(wide, sizeof(wide), "    %-15s", label);
    sm_debug_id_line(out, wide, id);
}

static void labelled_time(struct sm_bytes *out, const char *label, uint64_t time_ns)
{
    char wide[32];
    snprintf(wide, sizeof(wide), "    %-15s", label);
    sm_debug_time_line(out, wide, time_ns);
}

static const char *kind_name(int32_t kind)
{
    static const char *const names[] = {"Unspecified", "Internal", "Server", "Client", "Producer", "Consumer"};
    return kind >= 0 && kind < (int32_t)(sizeof(names) / sizeof(names[0])) ? names[kind] : "";
}

static const char *status_name(int32_t code)
{
    static const char *const names[] = {"Unset", "Ok", "Error"};
    return code >= 0 && code < (int32_t)(sizeof(names) / sizeof(names[0])) ? names[code] : "";
}

static void write_events(struct sm_bytes *out, struct sm_span *span, struct sm_arena *arena)
{
    uint32_t count, number = 0;
    const struct sm_span_event *events = sm_span_events(span, arena, &count);
    for (uint32_t i = 0; i < count; i++) {
        if (events[i].dropped)
            continue;
        if (number == 0)
            sm_debug_line(out, "Events:");
        sm_debug_line(out, "SpanEvent #%u\n     -> Name: %.*s", number++, SM_SLICE_ARGS(events[i].name));
        sm_debug_time_line(out, "     -> Timestamp", events[i].time_ns);
        sm_debug_line(out, "     -> DroppedAttributesCount: %u", events[i].dropped_attributes_count);
        sm_debug_attribute_lines(out, "     -> Attributes:", &events[i].attributes, arena);
    }
}

static void write_links(struct sm_bytes *out, struct sm_span *span, struct sm_arena *arena)
{
    uint32_t count, number = 0;
    const struct sm_span_link *links = sm_span_links(span, arena, &count);
    for (uint32_t i = 0; i < count; i++) {
        if (links[i].dropped)
            continue;
        if (number == 0)
            sm_debug_line(out, "Links:");
        sm_debug_line(out, "SpanLink #%u", number++);
        sm_debug_id_line(out, "     -> Trace ID", links[i].trace_id);
        sm_debug_id_line(out, "     -> ID", links[i].span_id);
        sm_debug_line(out, "     -> TraceState: %.*s", SM_SLICE_ARGS(links[i].trace_state));
        sm_debug_line(out, "     -> DroppedAttributesCount: %u", links[i].dropped_attributes_count);
        sm_debug_attribute_lines(out, "     -> Attributes:", &links[i].attributes, arena);
    }
}

static void write_span(struct sm_bytes *out, struct sm_span *span, struct sm_arena *arena)
{
    labelled_id(out, "Trace ID", span->trace_id);
    labelled_id(out, "Parent ID", span->parent_span_id);
    labelled_id(out, "ID", span->span_id);
    labelled(out, "Name", span->name);
    labelled(out, "Kind", sm_slice_of(kind_name(span->kind)));
    if (span->trace_state.size)
        labelled(out, "TraceState", span->trace_state);
    labelled_time(out, "Start time", span->start_ns);
    labelled_time(out, "End time", span->end_ns);
    labelled(out, "Status code", sm_slice_of(status_name(span->status_code)));
    labelled(out, "Status message", span->status_message);
    sm_debug_line(out, "    DroppedAttributesCount: %u\n    DroppedEventsCount: %u\n    DroppedLinksCount: %u", span->dropped_attributes_count,
                  span->dropped_events_count, span->dropped_links_count);
    sm_debug_attribute_lines(out, "Attributes", &span->attributes, arena);
    write_events(out, span, arena);
    write_links(out, span, arena);
}

/* "Warn2" for 14; the numbers come in groups of four. */
static void severity_name(int32_t number, char *text, size_t size)
{
    static const char *const groups[] = {"Trace", "Debug", "Info", "Warn", "Error", "Fatal"};
    if (number < 1 || number > 24)
        snprintf(text, size, "%s", number == 0 ? "Unspecified" : "");
    else if ((number - 1) % 4 == 0)
        snprintf(text, size, "%s", groups[(number - 1) / 4]);
    else
        snprintf(text, size, "%s%d", groups[(number - 1) / 4], (number - 1) % 4 + 1);
}

static void write_log_record(struct sm_bytes *out, const struct sm_log_record *record, struct sm_arena *arena)
{
    char severity[16];
    severity_name(record->severity_number, severity, sizeof(severity));
    sm_debug_time_line(out, "ObservedTimestamp", record->observed_time_ns);
    sm_debug_time_line(out, "Timestamp", record->time_ns);
    sm_debug_line(out, "SeverityText: %.*s\nSeverityNumber: %s(%d)", SM_SLICE_ARGS(record->severity_text), severity, record->severity_number);
    if (record->event_name.size)
        sm_debug_line(out, "EventName: %.*s", SM_SLICE_ARGS(record->event_name));
    sm_bytes_append_text(out, "Body: ");
    sm_debug_typed_value(out, &record->body, arena);
    sm_bytes_append_char(out, '\n');
    sm_debug_attribute_lines(out, "Attributes", &record->attributes, arena);
    sm_debug_id_line(out, "Trace ID", record->trace_id);
    sm_debug_id_line(out, "Span ID", record->span_id);
    sm_debug_line(out, "Flags: %u", record->flags);
}

static const struct {
    const char *resource, *scope, *item;
} words[SM_SIGNAL_COUNT] = {
    [SM_TRACES] = {"ResourceSpans", "ScopeSpans", "Span"},
    [SM_METRICS] = {"ResourceMetrics", "ScopeMetrics", "Metric"},
    [SM_LOGS] = {"ResourceLog", "ScopeLogs", "LogRecord"},
};

static bool is_item_dropped(enum sm_signal signal, const struct sm_scope_group *scope, size_t index)
{
    return signal == SM_TRACES    ? scope->spans[index].dropped
           : signal == SM_METRICS ? scope->metrics[index].dropped
                                  : scope->log_records[index].dropped;
}

static void write_items(struct sm_batch *batch, const struct sm_scope_group *scope, struct sm_bytes *out)
{
    size_t number = 0;
    for (size_t i = 0; i < scope->count; i++) {
        if (is_item_dropped(batch->signal, scope, i))
            continue;
        sm_debug_line(out, "%s #%zu", words[batch->signal].item, number++);
        if (batch->signal == SM_TRACES)
            write_span(out, &scope->spans[i], &batch->arena);
        else if (batch->signal == SM_METRICS)
            sm_debug_metric_lines(out, &scope->metrics[i], &batch->arena);
        else
            write_log_record(out, &scope->log_records[i], &batch->arena);
    }
}

static void write_scope(struct sm_batch *batch, const struct sm_scope_group *group, size_t number, struct sm_bytes *out)
{
    sm_debug_line(out, "%s #%zu", words[batch->signal].scope, number);
    sm_debug_line(out, "%s SchemaURL: %.*s", words[batch->signal].scope, SM_SLICE_ARGS(group->schema_url));
    sm_debug_line(out, "InstrumentationScope %.*s %.*s", SM_SLICE_ARGS(group->scope.name), SM_SLICE_ARGS(group->scope.version));
    sm_debug_attribute_lines(out, "InstrumentationScope attributes", &group->scope.attributes, &batch->arena);
    write_items(batch, group, out);
}

void sm_debug_write_detailed(struct sm_batch *batch, struct sm_bytes *out)
{
    size_t resource_number = 0;
    for (size_t i = 0; i < batch->count; i++) {
        const struct sm_resource_group *group = &batch->groups[i];
        if (group->dropped)
            continue;
        sm_debug_line(out, "%s #%zu", words[batch->signal].resource, resource_number++);
        sm_debug_line(out, "Resource SchemaURL: %.*s", SM_SLICE_ARGS(group->schema_url));
        sm_debug_attribute_lines(out, "Resource attributes", &group->resource.attributes, &batch->arena);
        size_t scope_number = 0;
        for (size_t j = 0; j < group->count; j++)
            if (!group->scopes[j].dropped)
                write_scope(batch, &group->scopes[j], scope_number++, out);
    }
}
