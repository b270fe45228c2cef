/* otlp_decode_span.c - decodes Span messages, the hottest loop of the program: one walk that checks all and keeps what components ask for most.
 * Events and links are checked here and decoded on demand (span.c).
 *
 *     Span   1 trace ID  2 span ID  3 trace state  4 parent span ID  5 name  6 kind  7 start (fixed64)  8 end (fixed64)  9 attributes
 *            10 dropped attributes  11 events  12 dropped events  13 links  14 dropped links  15 status  16 flags (fixed32)
 *     Status 2 message  3 code        (1 is reserved)
 *     Event  1 time (fixed64)  2 name  3 attributes  4 dropped attributes
 *     Link   1 trace ID  2 span ID  3 trace state  4 attributes  5 dropped attributes  6 flags (fixed32) */
#include "telemetry/otlp_wire.h"
#include "telemetry/span.h"

static bool decode_status(struct sm_otlp_decoder *decoder, struct sm_slice message, struct sm_span *span)
{
    const char *at = message.ptr, *end = at + message.size;
    uint32_t tag;
    while (at < end) {
        if (!sm_otlp_read_tag(decoder, &at, end, &tag))
            return false;
        bool ok;
        switch (tag) {
        case SM_TAG(2, SM_WIRE_BYTES):
            ok = sm_otlp_read_bytes(decoder, &at, end, &span->status_message);
            break;
        case SM_TAG(3, SM_WIRE_VARINT):
            ok = sm_otlp_read_int32(decoder, &at, end, &span->status_code);
            break;
        default:
            ok = sm_otlp_skip(decoder, &at, end, tag, SM_KNOWN(2) | SM_KNOWN(3));
        }
        if (!ok)
            return false;
    }
    return true;
}

static bool check_event(struct sm_otlp_decoder *decoder, struct sm_slice message)
{
    const char *at = message.ptr, *end = at + message.size;
    struct sm_slice bytes;
    uint64_t ignored;
    uint32_t tag;
    while (at < end) {
        if (!sm_otlp_read_tag(decoder, &at, end, &tag))
            return false;
        bool ok;
        switch (tag) {
        case SM_TAG(1, SM_WIRE_FIXED64):
            ok = sm_otlp_read_fixed64(decoder, &at, end, &ignored);
            break;
        case SM_TAG(2, SM_WIRE_BYTES):
            ok = sm_otlp_read_bytes(decoder, &at, end, &bytes);
            break;
        case SM_TAG(3, SM_WIRE_BYTES):
            ok = sm_otlp_read_bytes(decoder, &at, end, &bytes) && sm_otlp_check_key_value(decoder, bytes, 0);
            break;
        case SM_TAG(4, SM_WIRE_VARINT):
            ok = sm_otlp_read_varint(decoder, &at, end, &ignored);
            break;
        default:
            ok = sm_otlp_skip(decoder, &at, end, tag, 0x1e);
        }
        if (!ok)
            return false;
    }
    return true;
}

static bool check_link(struct sm_otlp_decoder *decoder, struct sm_slice message)
{
    const char *at = message.ptr, *end = at + message.size;
    struct sm_slice bytes;
    uint64_t ignored;
    uint32_t tag, small;
    while (at < end) {
        if (!sm_otlp_read_tag(decoder, &at, end, &tag))
            return false;
        bool ok;
        switch (tag) {
        case SM_TAG(1, SM_WIRE_BYTES):
            ok = sm_otlp_read_id(decoder, &at, end, SM_TRACE_ID_SIZE, &bytes);
            break;
        case SM_TAG(2, SM_WIRE_BYTES):
            ok = sm_otlp_read_id(decoder, &at, end, SM_SPAN_ID_SIZE, &bytes);
            break;
        case SM_TAG(3, SM_WIRE_BYTES):
            ok = sm_otlp_read_bytes(decoder, &at, end, &bytes);
            break;
        case SM_TAG(4, SM_WIRE_BYTES):
            ok = sm_otlp_read_bytes(decoder, &at, end, &bytes) && sm_otlp_check_key_value(decoder, bytes, 0);
            break;
        case SM_TAG(5, SM_WIRE_VARINT):
            ok = sm_otlp_read_varint(decoder, &at, end, &ignored);
            break;
        case SM_TAG(6, SM_WIRE_FIXED32):
            ok = sm_otlp_read_fixed32(decoder, &at, end, &small);
            break;
        default:
            ok = sm_otlp_skip(decoder, &at, end, tag, 0x7e);
        }
        if (!ok)
            return false;
    }
    return true;
}

static void widen(struct sm_slice *range, const char *start, const char *end)
{
    if (!range->ptr)
        range->ptr = start;
    range->size = (size_t)(end - range->ptr);
}

/* An event or a link: checked, and its range noted for decoding on demand. */
static bool read_list_item(struct sm_otlp_decoder *decoder, const char *start, const char **at, const char *end, struct sm_span *span, bool is_event)
{
    struct sm_slice message;
    if (!sm_otlp_read_bytes(decoder, at, end, &message) || !(is_event ? check_event(decoder, message) : check_link(decoder, message)))
        return false;
    if (!span->_lists)
        span->_lists = sm_arena_zalloc(decoder->arena, 1, sizeof(*span->_lists));
    widen(is_event ? &span->_lists->events_raw : &span->_lists->links_raw, start, *at);
    return true;
}

/* The fields behind the status and the flags that hardly any client sends. */
static bool decode_rare_field(struct sm_otlp_decoder *decoder, const char *start, const char **at, const char *end, uint32_t tag,
                              struct sm_span *span)
{
    switch (tag) {
    case SM_TAG(3, SM_WIRE_BYTES):
        return sm_otlp_read_bytes(decoder, at, end, &span->trace_state);
    case SM_TAG(10, SM_WIRE_VARINT):
        return sm_otlp_read_uint32(decoder, at, end, &span->dropped_attributes_count);
    case SM_TAG(11, SM_WIRE_BYTES):
        return read_list_item(decoder, start, at, end, span, true);
    case SM_TAG(12, SM_WIRE_VARINT):
        return sm_otlp_read_uint32(decoder, at, end, &span->dropped_events_count);
    case SM_TAG(13, SM_WIRE_BYTES):
        return read_list_item(decoder, start, at, end, span, false);
    case SM_TAG(14, SM_WIRE_VARINT):
        return sm_otlp_read_uint32(decoder, at, end, &span->dropped_links_count);
    default:
        span->_has_unknown = true;
        return sm_otlp_skip(decoder, at, end, tag, 0x1fffe);
    }
}

bool sm_otlp_decode_span(struct sm_otlp_decoder *decoder, struct sm_slice message, struct sm_span *span)
{
    const char *at = message.ptr, *end = at + message.size;
    struct sm_slice bytes;
    uint32_t tag;
    *span = (struct sm_span){.raw = message};
    while (at < end) {
        const char *start = at;
        if (!sm_otlp_read_tag(decoder, &at, end, &tag))
            return false;
        bool ok;
        switch (tag) {
        case SM_TAG(9, SM_WIRE_BYTES):
            ok = sm_otlp_read_attributes(decoder, start, &at, end, 9, &span->attributes);
            break;
        case SM_TAG(1, SM_WIRE_BYTES):
            ok = sm_otlp_read_id(decoder, &at, end, SM_TRACE_ID_SIZE, &span->trace_id);
            break;
        case SM_TAG(2, SM_WIRE_BYTES):
            ok = sm_otlp_read_id(decoder, &at, end, SM_SPAN_ID_SIZE, &span->span_id);
            break;
        case SM_TAG(4, SM_WIRE_BYTES):
            ok = sm_otlp_read_id(decoder, &at, end, SM_SPAN_ID_SIZE, &span->parent_span_id);
            break;
        case SM_TAG(5, SM_WIRE_BYTES):
            ok = sm_otlp_read_bytes(decoder, &at, end, &span->name);
            break;
        case SM_TAG(6, SM_WIRE_VARINT):
            ok = sm_otlp_read_int32(decoder, &at, end, &span->kind);
            break;
        case SM_TAG(7, SM_WIRE_FIXED64):
            ok = sm_otlp_read_fixed64(decoder, &at, end, &span->start_ns);
            break;
        case SM_TAG(8, SM_WIRE_FIXED64):
            ok = sm_otlp_read_fixed64(decoder, &at, end, &span->end_ns);
            break;
        case SM_TAG(15, SM_WIRE_BYTES):
            ok = sm_otlp_read_bytes(decoder, &at, end, &bytes) && decode_status(decoder, bytes, span);
            break;
        case SM_TAG(16, SM_WIRE_FIXED32):
            ok = sm_otlp_read_fixed32(decoder, &at, end, &span->flags);
            break;
        default:
            ok = decode_rare_field(decoder, start, &at, end, tag, span);
        }
        if (!ok)
            return false;
    }
    return true;
}
