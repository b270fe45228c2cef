/* span.c - events and links of a span, decoded on demand from bytes that otlp_decode_span.c has checked. */
#include "telemetry/span.h"

#include "telemetry/otlp_wire.h"

#include <assert.h>

enum { EVENT_FIELD = 11, LINK_FIELD = 13, EVENT_ATTRIBUTES = 3, LINK_ATTRIBUTES = 4 };

static void decode_event(struct sm_slice message, struct sm_span_event *event)
{
    struct sm_proto_cursor cursor = sm_proto_begin(message);
    struct sm_proto_field field;
    *event = (struct sm_span_event){.raw = message};
    while (sm_proto_next(&cursor, &field)) {
        switch (field.number) {
        case 1:
            event->time_ns = field.integer;
            break;
        case 2:
            event->name = field.bytes;
            break;
        case EVENT_ATTRIBUTES:
            sm_otlp_widen(&event->attributes, EVENT_ATTRIBUTES, field.whole.ptr, cursor.at);
            break;
        case 4:
            event->dropped_attributes_count = (uint32_t)field.integer;
            break;
        default:
            break;
        }
    }
    assert(!cursor.error);
}

/* All zero is the same as none. */
static struct sm_slice id_of(struct sm_slice bytes)
{
    static const char zeros[SM_TRACE_ID_SIZE];
    return bytes.size && memcmp(bytes.ptr, zeros, bytes.size) == 0 ? (struct sm_slice){0} : bytes;
}

static void decode_link(struct sm_slice message, struct sm_span_link *link)
{
    struct sm_proto_cursor cursor = sm_proto_begin(message);
    struct sm_proto_field field;
    *link = (struct sm_span_link){.raw = message};
    while (sm_proto_next(&cursor, &field)) {
        switch (field.number) {
        case 1:
            link->trace_id = id_of(field.bytes);
            break;
        case 2:
            link->span_id = id_of(field.bytes);
            break;
        case 3:
            link->trace_state = field.bytes;
            break;
        case LINK_ATTRIBUTES:
            sm_otlp_widen(&link->attributes, LINK_ATTRIBUTES, field.whole.ptr, cursor.at);
            break;
        case 5:
            link->dropped_attributes_count = (uint32_t)field.integer;
            break;
        case 6:
            link->flags = (uint32_t)field.integer;
            break;
        default:
            break;
        }
    }
    assert(!cursor.error);
}

static void decode_events(struct sm_span_lists *lists, struct sm_arena *arena)
{
    struct sm_proto_cursor cursor = sm_proto_begin(lists->events_raw);
    struct sm_proto_field field;
    size_t count = sm_otlp_count(lists->events_raw, SM_TAG(EVENT_FIELD, SM_WIRE_BYTES));
    lists->events = count ? sm_arena_alloc(arena, count * sizeof(*lists->events)) : NULL;
    lists->event_count = 0;
    while (sm_proto_next(&cursor, &field))
        if (field.number == EVENT_FIELD)
            decode_event(field.bytes, &lists->events[lists->event_count++]);
    lists->has_decoded_events = true;
}

static void decode_links(struct sm_span_lists *lists, struct sm_arena *arena)
{
    struct sm_proto_cursor cursor = sm_proto_begin(lists->links_raw);
    struct sm_proto_field field;
    size_t count = sm_otlp_count(lists->links_raw, SM_TAG(LINK_FIELD, SM_WIRE_BYTES));
    lists->links = count ? sm_arena_alloc(arena, count * sizeof(*lists->links)) : NULL;
    lists->link_count = 0;
    while (sm_proto_next(&cursor, &field))
        if (field.number == LINK_FIELD)
            decode_link(field.bytes, &lists->links[lists->link_count++]);
    lists->has_decoded_links = true;
}

struct sm_span_event *sm_span_events(struct sm_span *span, struct sm_arena *arena, uint32_t *count)
{
    *count = 0;
    if (!span->_lists)
        return NULL;
    if (!span->_lists->has_decoded_events)
        decode_events(span->_lists, arena);
    *count = span->_lists->event_count;
    return span->_lists->events;
}

struct sm_span_link *sm_span_links(struct sm_span *span, struct sm_arena *arena, uint32_t *count)
{
    *count = 0;
    if (!span->_lists)
        return NULL;
    if (!span->_lists->has_decoded_links)
        decode_links(span->_lists, arena);
    *count = span->_lists->link_count;
    return span->_lists->links;
}
