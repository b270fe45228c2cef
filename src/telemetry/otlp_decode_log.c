/* otlp_decode_log.c - decodes LogRecord messages.
 *
 *     1 time (fixed64)  2 severity  3 severity text  5 body (AnyValue)  6 attributes  7 dropped attributes  8 flags (fixed32)  9 trace ID
 *     10 span ID  11 observed time (fixed64)  12 event name */
#include "telemetry/log_record.h"
#include "telemetry/otlp_wire.h"
#include "telemetry/span.h"

enum { KNOWN = 0x1fee };

static bool read_body(struct sm_otlp_decoder *decoder, const char **at, const char *end, struct sm_value *body)
{
    struct sm_slice bytes;
    if (!sm_otlp_read_bytes(decoder, at, end, &bytes) || !sm_otlp_check_value(decoder, bytes, 0))
        return false;
    *body = sm_otlp_value_merge(*body, bytes);
    return true;
}

bool sm_otlp_decode_log_record(struct sm_otlp_decoder *decoder, struct sm_slice message, struct sm_log_record *record)
{
    const char *at = message.ptr, *end = at + message.size;
    uint32_t tag;
    *record = (struct sm_log_record){.raw = message};
    while (at < end) {
        const char *start = at;
        if (!sm_otlp_read_tag(decoder, &at, end, &tag))
            return false;
        bool ok;
        switch (tag) {
        case SM_TAG(1, SM_WIRE_FIXED64):
            ok = sm_otlp_read_fixed64(decoder, &at, end, &record->time_ns);
            break;
        case SM_TAG(2, SM_WIRE_VARINT):
            ok = sm_otlp_read_int32(decoder, &at, end, &record->severity_number);
            break;
        case SM_TAG(3, SM_WIRE_BYTES):
            ok = sm_otlp_read_bytes(decoder, &at, end, &record->severity_text);
            break;
        case SM_TAG(5, SM_WIRE_BYTES):
            ok = read_body(decoder, &at, end, &record->body);
            break;
        case SM_TAG(6, SM_WIRE_BYTES):
            ok = sm_otlp_read_attributes(decoder, start, &at, end, 6, &record->attributes);
            break;
        case SM_TAG(7, SM_WIRE_VARINT):
            ok = sm_otlp_read_uint32(decoder, &at, end, &record->dropped_attributes_count);
            break;
        case SM_TAG(8, SM_WIRE_FIXED32):
            ok = sm_otlp_read_fixed32(decoder, &at, end, &record->flags);
            break;
        case SM_TAG(9, SM_WIRE_BYTES):
            ok = sm_otlp_read_id(decoder, &at, end, SM_TRACE_ID_SIZE, &record->trace_id);
            break;
        case SM_TAG(10, SM_WIRE_BYTES):
            ok = sm_otlp_read_id(decoder, &at, end, SM_SPAN_ID_SIZE, &record->span_id);
            break;
        case SM_TAG(11, SM_WIRE_FIXED64):
            ok = sm_otlp_read_fixed64(decoder, &at, end, &record->observed_time_ns);
            break;
        case SM_TAG(12, SM_WIRE_BYTES):
            ok = sm_otlp_read_bytes(decoder, &at, end, &record->event_name);
            break;
        default:
            ok = sm_otlp_skip(decoder, &at, end, tag, KNOWN);
        }
        if (!ok)
            return false;
    }
    return true;
}
