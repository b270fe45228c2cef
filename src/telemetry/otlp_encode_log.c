/* otlp_encode_log.c - writes LogRecord messages, backwards; the fields are drawn in otlp_decode_log.c. */
#include "telemetry/log_record.h"
#include "telemetry/otlp_encode.h"

enum { KNOWN_FIELDS = 0x1fee };

void sm_otlp_write_log_record(struct sm_proto_writer *writer, const struct sm_log_record *record)
{
    if (record->dropped)
        return;
    if (record->raw.ptr && !record->changed && !record->attributes.changed) {
        sm_proto_write_bytes(writer, 2, record->raw);
        return;
    }
    size_t mark = sm_proto_writer_mark(writer);
    sm_otlp_write_unknown(writer, record->raw, KNOWN_FIELDS);
    sm_otlp_write_text(writer, 12, record->event_name);
    sm_otlp_write_fixed64(writer, 11, record->observed_time_ns);
    sm_otlp_write_text(writer, 10, record->span_id);
    sm_otlp_write_text(writer, 9, record->trace_id);
    sm_otlp_write_fixed32(writer, 8, record->flags);
    sm_otlp_write_uint(writer, 7, record->dropped_attributes_count);
    sm_otlp_write_attributes(writer, &record->attributes, 6);
    if (record->body.type != SM_VALUE_EMPTY) {
        size_t body = sm_proto_writer_mark(writer);
        sm_otlp_write_value(writer, &record->body);
        sm_proto_write_message(writer, 5, body);
    }
    sm_otlp_write_text(writer, 3, record->severity_text);
    sm_otlp_write_uint(writer, 2, (uint64_t)(int64_t)record->severity_number);
    sm_otlp_write_fixed64(writer, 1, record->time_ns);
    sm_proto_write_message(writer, 2, mark);
}
