/* paths_span.c - the paths of spans and span events.
 *
 * Source: opentelemetry-collector-contrib pkg/ottl/contexts/internal/{ctxspan,ctxspanevent}. */
#include <ctype.h>
#include <stddef.h>

#include "ottl/compile.h"
#include "telemetry/span.h"

static void mark(struct sm_ottl_run *run, uint8_t what)
{
    run->span->changed |= what;
    sm_batch_mark_changed(run->batch, run->group, run->scope);
}

static void mark_fields(struct sm_ottl_run *run)
{
    mark(run, SM_SPAN_CHANGED_FIELDS);
}

static void mark_attributes(struct sm_ottl_run *run)
{
    mark(run, SM_SPAN_CHANGED_ATTRIBUTES);
}

static void *span_owner(struct sm_ottl_run *run)
{
    return run->span;
}

static struct sm_attributes *span_attributes(struct sm_ottl_run *run)
{
    return &run->span->attributes;
}

/* ---- kind */

static const char *const kind_names[] = {"Unspecified", "Internal", "Server", "Client", "Producer", "Consumer"};
static const char *const deprecated_kind_names[] = {"SPAN_KIND_UNSPECIFIED", "SPAN_KIND_INTERNAL", "SPAN_KIND_SERVER",
                                                    "SPAN_KIND_CLIENT",      "SPAN_KIND_PRODUCER", "SPAN_KIND_CONSUMER"};
enum { KIND_COUNT = 6 };

static struct sm_ottl_value kind_name(const struct sm_ottl_run *run, const char *const *names)
{
    return sm_ottl_string(run->span->kind >= 0 && run->span->kind < KIND_COUNT ? sm_slice_of(names[run->span->kind]) : (struct sm_slice){0});
}

static bool set_kind_name(struct sm_ottl_run *run, const struct sm_ottl_value *value, const char *const *names)
{
    if (!sm_ottl_want(run, value, SM_OTTL_STRING))
        return false;
    for (int32_t i = 0; i < KIND_COUNT; i++)
        if (sm_slice_is(value->text, names[i])) {
            run->span->kind = i;
            mark_fields(run);
            return true;
        }
    return sm_ottl_fail(run, "unknown span kind string, %.*s", SM_SLICE_ARGS(value->text));
}

static bool get_kind_string(const struct sm_ottl_ref *ref, struct sm_ottl_run *run, struct sm_ottl_value *out)
{
    (void)ref;
    *out = kind_name(run, kind_names);
    return true;
}

static bool set_kind_string(const struct sm_ottl_ref *ref, struct sm_ottl_run *run, const struct sm_ottl_value *value)
{
    (void)ref;
    return set_kind_name(run, value, kind_names);
}

static bool get_deprecated_kind(const struct sm_ottl_ref *ref, struct sm_ottl_run *run, struct sm_ottl_value *out)
{
    (void)ref;
    *out = kind_name(run, deprecated_kind_names);
    return true;
}

static bool set_deprecated_kind(const struct sm_ottl_ref *ref, struct sm_ottl_run *run, const struct sm_ottl_value *value)
{
    (void)ref;
    return set_kind_name(run, value, deprecated_kind_names);
}

/* ---- trace state: "key=value,key=value"; a key that is set goes to the front (W3C Trace Context 3.3) */

enum { TRACE_STATE_MEMBERS_MAX = 32 };

static bool is_key_character(char c)
{
    return islower((unsigned char)c) || isdigit((unsigned char)c) || strchr("_-*/@", c) != NULL;
}

static bool is_valid_member(struct sm_slice key, struct sm_slice value)
{
    if (key.size == 0 || key.size > 256 || value.size == 0 || value.size > 256 || value.ptr[value.size - 1] == ' ')
        return false;
    for (size_t i = 0; i < key.size; i++)
        if (key.ptr[i] == '\0' || !is_key_character(key.ptr[i]))
            return false;
    for (size_t i = 0; i < value.size; i++)
        if (value.ptr[i] < 0x20 || value.ptr[i] > 0x7e || value.ptr[i] == ',' || value.ptr[i] == '=')
            return false;
    return islower((unsigned char)key.ptr[0]) || isdigit((unsigned char)key.ptr[0]);
}

/* Calls `visit` for every member; false when the trace state is not valid. */
static bool walk_trace_state(struct sm_slice state, void (*visit)(void *context, struct sm_slice key, struct sm_slice value), void *context)
{
    size_t count = 0;
    while (state.size > 0) {
        struct sm_slice value = sm_slice_trim(sm_slice_cut(&state, ','));
        if (value.size == 0)
            continue;
        if (!memchr(value.ptr, '=', value.size))
            return false;
        struct sm_slice key = sm_slice_cut(&value, '=');
        if (!is_valid_member(key, value) || ++count > TRACE_STATE_MEMBERS_MAX)
            return false;
        visit(context, key, value);
    }
    return true;
}

struct member_search {
    struct sm_slice key, value;
};

static void find_member(void *context, struct sm_slice key, struct sm_slice value)
{
    struct member_search *search = context;
    if (sm_slice_equal(search->key, key))
        search->value = value;
}

struct member_copy {
    struct sm_slice without;
    struct sm_bytes *out;
};

static void copy_member(void *context, struct sm_slice key, struct sm_slice value)
{
    struct member_copy *copy = context;
    if (sm_slice_equal(copy->without, key))
        return;
    sm_bytes_append_char(copy->out, ',');
    sm_bytes_append_slice(copy->out, key);
    sm_bytes_append_char(copy->out, '=');
    sm_bytes_append_slice(copy->out, value);
}

static bool trace_state_key(const struct sm_ottl_ref *ref, struct sm_ottl_run *run, struct sm_slice *key)
{
    if (ref->key_count != 1)
        return sm_ottl_fail(run, "must provide exactly 1 key when accessing trace_state");
    if (ref->keys[0].kind != SM_OTTL_KEY_STRING)
        return sm_ottl_fail(run, "trace_state indexing type must be a string");
    *key = ref->keys[0].text;
    return true;
}

static bool get_trace_state(const struct sm_ottl_ref *ref, struct sm_ottl_run *run, struct sm_ottl_value *out)
{
    struct member_search search = {0};
    *out = sm_ottl_string(run->span->trace_state);
    if (ref->key_count == 0)
        return true;
    if (!trace_state_key(ref, run, &search.key))
        return false;
    *out = walk_trace_state(run->span->trace_state, find_member, &search) ? sm_ottl_string(search.value) : sm_ottl_nil();
    return true;
}

static bool set_trace_state(const struct sm_ottl_ref *ref, struct sm_ottl_run *run, const struct sm_ottl_value *value)
{
    struct sm_bytes out;
    struct member_copy copy = {.out = &out};
    if (!sm_ottl_want(run, value, SM_OTTL_STRING))
        return false;
    if (ref->key_count == 0) {
        run->span->trace_state = value->is_constant ? sm_arena_copy(run->arena, value->text) : value->text;
        mark_fields(run);
        return true;
    }
    if (!trace_state_key(ref, run, &copy.without))
        return false;
    if (!is_valid_member(copy.without, value->text))
        return true;
    sm_bytes_init(&out, run->arena);
    sm_bytes_append_slice(&out, copy.without);
    sm_bytes_append_char(&out, '=');
    sm_bytes_append_slice(&out, value->text);
    if (walk_trace_state(run->span->trace_state, copy_member, &copy)) {
        run->span->trace_state = sm_bytes_slice(&out);
        mark_fields(run);
    }
    return true;
}

/* ---- events, links, status as a whole. They can only be set to themselves, and then the reference empties lists. */

static bool want_object(struct sm_ottl_run *run, const struct sm_ottl_value *value, enum sm_ottl_object kind)
{
    return (value->kind == SM_OTTL_OBJECT && value->object_kind == kind) ||
           sm_ottl_fail(run, "expects another type but got %s", sm_ottl_kind_name(value));
}

static bool get_events(const struct sm_ottl_ref *ref, struct sm_ottl_run *run, struct sm_ottl_value *out)
{
    (void)ref;
    uint32_t count, kept = 0;
    struct sm_span_event *events = sm_span_events(run->span, run->arena, &count);
    for (uint32_t i = 0; i < count; i++)
        kept += !events[i].dropped;
    *out = sm_ottl_object(SM_OTTL_SPAN_EVENTS, run->span, kept);
    return true;
}

static bool set_events(const struct sm_ottl_ref *ref, struct sm_ottl_run *run, const struct sm_ottl_value *value)
{
    (void)ref;
    uint32_t count;
    if (!want_object(run, value, SM_OTTL_SPAN_EVENTS))
        return false;
    struct sm_span_event *events = sm_span_events(run->span, run->arena, &count);
    for (uint32_t i = 0; i < count; i++)
        events[i].dropped = true;
    mark(run, SM_SPAN_CHANGED_EVENTS);
    return true;
}

static bool get_links(const struct sm_ottl_ref *ref, struct sm_ottl_run *run, struct sm_ottl_value *out)
{
    (void)ref;
    uint32_t count, kept = 0;
    struct sm_span_link *links = sm_span_links(run->span, run->arena, &count);
    for (uint32_t i = 0; i < count; i++)
        kept += !links[i].dropped;
    *out = sm_ottl_object(SM_OTTL_SPAN_LINKS, run->span, kept);
    return true;
}

static bool set_links(const struct sm_ottl_ref *ref, struct sm_ottl_run *run, const struct sm_ottl_value *value)
{
    (void)ref;
    uint32_t count;
    if (!want_object(run, value, SM_OTTL_SPAN_LINKS))
        return false;
    struct sm_span_link *links = sm_span_links(run->span, run->arena, &count);
    for (uint32_t i = 0; i < count; i++)
        links[i].dropped = true;
    mark(run, SM_SPAN_CHANGED_LINKS);
    return true;
}

static bool get_status(const struct sm_ottl_ref *ref, struct sm_ottl_run *run, struct sm_ottl_value *out)
{
    (void)ref;
    *out = sm_ottl_object(SM_OTTL_SPAN_STATUS, run->span, 0);
    return true;
}

static bool set_status(const struct sm_ottl_ref *ref, struct sm_ottl_run *run, const struct sm_ottl_value *value)
{
    (void)ref;
    return want_object(run, value, SM_OTTL_SPAN_STATUS);
}

#define SPAN_FIELD(field_name, field_type, field_kind, member, text)                                                                                 \
    {                                                                                                                                                \
        .name = (field_name), .type = (field_type), .help = (text), .field = (field_kind), .offset = offsetof(struct sm_span, member),               \
        .owner = span_owner, .mark = mark_fields                                                                                                     \
    }

const struct sm_ottl_path sm_ottl_span_paths[] = {
    SPAN_FIELD("trace_id", "TraceID", SM_OTTL_FIELD_TRACE_ID, trace_id, "Id of the trace."),
    SPAN_FIELD("trace_id.string", "string", SM_OTTL_FIELD_TRACE_ID_HEX, trace_id, "Id of the trace in hexadecimal."),
    SPAN_FIELD("span_id", "SpanID", SM_OTTL_FIELD_SPAN_ID, span_id, "Id of the span."),
    SPAN_FIELD("span_id.string", "string", SM_OTTL_FIELD_SPAN_ID_HEX, span_id, "Id of the span in hexadecimal."),
    SPAN_FIELD("parent_span_id", "SpanID", SM_OTTL_FIELD_SPAN_ID, parent_span_id, "Id of the parent; zeros: a root span."),
    SPAN_FIELD("parent_span_id.string", "string", SM_OTTL_FIELD_SPAN_ID_HEX, parent_span_id, "Id of the parent in hexadecimal."),
    {.name = "trace_state",
     .type = "string",
     .help = "Trace state; with a key one of its members.",
     .indexing = SM_OTTL_INDEXED,
     .get = get_trace_state,
     .set = set_trace_state},
    SPAN_FIELD("name", "string", SM_OTTL_FIELD_TEXT, name, "Name of the span."),
    SPAN_FIELD("kind", "int", SM_OTTL_FIELD_INT32, kind, "Kind as a number: SPAN_KIND_SERVER, …"),
    {.name = "kind.string", .type = "string", .help = "Kind as a word: \"Server\", …", .get = get_kind_string, .set = set_kind_string},
    {.name = "kind.deprecated_string",
     .type = "string",
     .help = "Kind as \"SPAN_KIND_SERVER\", …",
     .get = get_deprecated_kind,
     .set = set_deprecated_kind},
    SPAN_FIELD("start_time_unix_nano", "int", SM_OTTL_FIELD_NANOS, start_ns, "Start, ns since 1970."),
    SPAN_FIELD("end_time_unix_nano", "int", SM_OTTL_FIELD_NANOS, end_ns, "End, ns since 1970."),
    SPAN_FIELD("start_time", "time", SM_OTTL_FIELD_TIME, start_ns, "Start."),
    SPAN_FIELD("end_time", "time", SM_OTTL_FIELD_TIME, end_ns, "End."),
    {.name = "attributes", .type = "map", .help = "Attributes of the span.", .attributes = span_attributes, .mark = mark_attributes},
    SPAN_FIELD("dropped_attributes_count", "int", SM_OTTL_FIELD_UINT32, dropped_attributes_count, "How many attributes the client dropped."),
    {.name = "events", .type = "events", .help = "The events as a whole.", .get = get_events, .set = set_events},
    SPAN_FIELD("dropped_events_count", "int", SM_OTTL_FIELD_UINT32, dropped_events_count, "How many events the client dropped."),
    {.name = "links", .type = "links", .help = "The links as a whole.", .get = get_links, .set = set_links},
    SPAN_FIELD("dropped_links_count", "int", SM_OTTL_FIELD_UINT32, dropped_links_count, "How many links the client dropped."),
    {.name = "status", .type = "status", .help = "The status as a whole.", .get = get_status, .set = set_status},
    SPAN_FIELD("status.code", "int", SM_OTTL_FIELD_INT32, status_code, "Status as a number: STATUS_CODE_ERROR, …"),
    SPAN_FIELD("status.message", "string", SM_OTTL_FIELD_TEXT, status_message, "Message of the status."),
    SPAN_FIELD("flags", "int", SM_OTTL_FIELD_FLAGS, flags, "Trace flags."),
    {0},
};

/* ---- span events */

static void *event_owner(struct sm_ottl_run *run)
{
    return run->event;
}

static struct sm_attributes *event_attributes(struct sm_ottl_run *run)
{
    return &run->event->attributes;
}

static void mark_event(struct sm_ottl_run *run)
{
    run->event->changed = true;
    mark(run, SM_SPAN_CHANGED_EVENTS);
}

/* Known to the reference's language, but none of its components says which event it is. */
static bool get_event_index(const struct sm_ottl_ref *ref, struct sm_ottl_run *run, struct sm_ottl_value *out)
{
    (void)ref;
    (void)out;
    return sm_ottl_fail(run, "no 'event_index' property has been set");
}

static bool set_event_index(const struct sm_ottl_ref *ref, struct sm_ottl_run *run, const struct sm_ottl_value *value)
{
    (void)ref;
    (void)value;
    return sm_ottl_fail(run, "the 'event_index' path cannot be modified");
}

#define EVENT_FIELD(field_name, field_type, field_kind, member, text)                                                                                \
    {                                                                                                                                                \
        .name = (field_name), .type = (field_type), .help = (text), .field = (field_kind), .offset = offsetof(struct sm_span_event, member),         \
        .owner = event_owner, .mark = mark_event                                                                                                     \
    }

const struct sm_ottl_path sm_ottl_span_event_paths[] = {
    EVENT_FIELD("time_unix_nano", "int", SM_OTTL_FIELD_NANOS, time_ns, "When it happened, ns since 1970."),
    EVENT_FIELD("time", "time", SM_OTTL_FIELD_TIME, time_ns, "When it happened."),
    EVENT_FIELD("name", "string", SM_OTTL_FIELD_TEXT, name, "Name of the event."),
    {.name = "attributes", .type = "map", .help = "Attributes of the event.", .attributes = event_attributes, .mark = mark_event},
    EVENT_FIELD("dropped_attributes_count", "int", SM_OTTL_FIELD_UINT32, dropped_attributes_count, "How many attributes the client dropped."),
    {.name = "event_index",
     .type = "int",
     .help = "Which event of the span it is; not available in any component.",
     .get = get_event_index,
     .set = set_event_index},
    {0},
};
