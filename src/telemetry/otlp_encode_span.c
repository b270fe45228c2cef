/* otlp_encode_span.c - writes Span messages, backwards; the fields are drawn in otlp_decode_span.c. */
#include "telemetry/otlp_encode.h"
#include "telemetry/otlp_wire.h"
#include "telemetry/span.h"

static void write_event(struct sm_proto_writer *writer, const struct sm_span_event *event)
{
    if (event->dropped)
        return;
    if (event->raw.ptr && !event->changed && !event->attributes.changed) {
        sm_proto_write_bytes(writer, 11, event->raw);
        return;
    }
    size_t mark = sm_proto_writer_mark(writer);
    sm_otlp_write_unknown(writer, event->raw, 0x1e);
    sm_otlp_write_uint(writer, 4, event->dropped_attributes_count);
    sm_otlp_write_attributes(writer, &event->attributes, 3);
    sm_otlp_write_text(writer, 2, event->name);
    sm_otlp_write_fixed64(writer, 1, event->time_ns);
    sm_proto_write_message(writer, 11, mark);
}

static void write_link(struct sm_proto_writer *writer, const struct sm_span_link *link)
{
    if (link->dropped)
        return;
    if (link->raw.ptr && !link->changed && !link->attributes.changed) {
        sm_proto_write_bytes(writer, 13, link->raw);
        return;
    }
    size_t mark = sm_proto_writer_mark(writer);
    sm_otlp_write_unknown(writer, link->raw, 0x7e);
    sm_otlp_write_fixed32(writer, 6, link->flags);
    sm_otlp_write_uint(writer, 5, link->dropped_attributes_count);
    sm_otlp_write_attributes(writer, &link->attributes, 4);
    sm_otlp_write_text(writer, 3, link->trace_state);
    sm_otlp_write_text(writer, 2, link->span_id);
    sm_otlp_write_text(writer, 1, link->trace_id);
    sm_proto_write_message(writer, 13, mark);
}

static bool is_number(uint32_t number, uint32_t wanted)
{
    return number == wanted;
}

static void write_events(struct sm_proto_writer *writer, const struct sm_span *span)
{
    if (!span->_lists)
        return;
    if (!(span->changed & SM_SPAN_CHANGED_EVENTS)) {
        sm_proto_write_fields(writer, span->_lists->events_raw, is_number, 11);
        return;
    }
    for (uint32_t i = span->_lists->event_count; i-- > 0;)
        write_event(writer, &span->_lists->events[i]);
}

static void write_links(struct sm_proto_writer *writer, const struct sm_span *span)
{
    if (!span->_lists)
        return;
    if (!(span->changed & SM_SPAN_CHANGED_LINKS)) {
        sm_proto_write_fields(writer, span->_lists->links_raw, is_number, 13);
        return;
    }
    for (uint32_t i = span->_lists->link_count; i-- > 0;)
        write_link(writer, &span->_lists->links[i]);
}

static void write_status(struct sm_proto_writer *writer, const struct sm_span *span)
{
    size_t mark = sm_proto_writer_mark(writer);
    sm_otlp_write_uint(writer, 3, (uint64_t)(int64_t)span->status_code);
    sm_otlp_write_text(writer, 2, span->status_message);
    sm_proto_write_message(writer, 15, mark);
}

void sm_otlp_write_span(struct sm_proto_writer *writer, const struct sm_span *span)
{
    if (span->dropped)
        return;
    if (span->raw.ptr && !span->changed && !span->attributes.changed) {
        sm_proto_write_bytes(writer, 2, span->raw);
        return;
    }
    size_t mark = sm_proto_writer_mark(writer);
    if (span->_has_unknown)
        sm_otlp_write_unknown(writer, span->raw, 0x1fffe);
    sm_otlp_write_fixed32(writer, 16, span->flags);
    write_status(writer, span);
    sm_otlp_write_uint(writer, 14, span->dropped_links_count);
    write_links(writer, span);
    sm_otlp_write_uint(writer, 12, span->dropped_events_count);
    write_events(writer, span);
    sm_otlp_write_uint(writer, 10, span->dropped_attributes_count);
    sm_otlp_write_attributes(writer, &span->attributes, 9);
    sm_otlp_write_fixed64(writer, 8, span->end_ns);
    sm_otlp_write_fixed64(writer, 7, span->start_ns);
    sm_otlp_write_uint(writer, 6, (uint64_t)(int64_t)span->kind);
    sm_otlp_write_text(writer, 5, span->name);
    sm_otlp_write_text(writer, 4, span->parent_span_id);
    sm_otlp_write_text(writer, 3, span->trace_state);
    sm_otlp_write_text(writer, 2, span->span_id);
    sm_otlp_write_text(writer, 1, span->trace_id);
    sm_proto_write_message(writer, 2, mark);
}
