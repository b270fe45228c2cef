/* paths_log.c - the paths of log records.
 *
 * Source: opentelemetry-collector-contrib pkg/ottl/contexts/internal/ctxlog. */
#include <stddef.h>

#include "ottl/compile.h"
#include "telemetry/log_record.h"

static void *log_owner(struct sm_ottl_run *run)
{
    return run->log;
}

static void mark_log(struct sm_ottl_run *run)
{
    run->log->changed = true;
    sm_batch_mark_changed(run->batch, run->group, run->scope);
}

static struct sm_attributes *log_attributes(struct sm_ottl_run *run)
{
    return &run->log->attributes;
}

static bool check_body_keys(const struct sm_ottl_ref *ref, struct sm_ottl_run *run)
{
    static const char *const names[] = {"Empty", "Str", "Bool", "Int", "Double", "Slice", "Map", "Bytes"};
    enum sm_value_type type = run->log->body.type;
    if (ref->key_count == 0 || type == SM_VALUE_MAP || type == SM_VALUE_LIST)
        return true;
    return sm_ottl_fail(run, "log bodies of type %s cannot be indexed", names[type]);
}

static bool get_body(const struct sm_ottl_ref *ref, struct sm_ottl_run *run, struct sm_ottl_value *out)
{
    struct sm_value *slot;
    if (!check_body_keys(ref, run) || !sm_ottl_find_slot(&run->log->body, run, ref->keys, ref->key_count, &slot))
        return false;
    *out = slot ? sm_ottl_from_attribute(slot, run->arena) : sm_ottl_nil();
    return true;
}

static bool set_body(const struct sm_ottl_ref *ref, struct sm_ottl_run *run, const struct sm_ottl_value *value)
{
    if (!check_body_keys(ref, run))
        return false;
    mark_log(run);
    return sm_ottl_set_slot(&run->log->body, run, ref->keys, ref->key_count, value);
}

static struct sm_value *body_slot(struct sm_ottl_run *run)
{
    return &run->log->body;
}

static bool get_body_text(const struct sm_ottl_ref *ref, struct sm_ottl_run *run, struct sm_ottl_value *out)
{
    (void)ref;
    *out = sm_ottl_string(sm_value_to_string(&run->log->body, run->arena));
    return true;
}

static bool set_body_text(const struct sm_ottl_ref *ref, struct sm_ottl_run *run, const struct sm_ottl_value *value)
{
    (void)ref;
    if (!sm_ottl_want(run, value, SM_OTTL_STRING))
        return false;
    mark_log(run);
    return sm_ottl_set_slot(&run->log->body, run, NULL, 0, value);
}

#define LOG_FIELD(field_name, field_type, field_kind, member, text)                                                                                  \
    {                                                                                                                                                \
        .name = (field_name), .type = (field_type), .help = (text), .field = (field_kind), .offset = offsetof(struct sm_log_record, member),         \
        .owner = log_owner, .mark = mark_log                                                                                                         \
    }

const struct sm_ottl_path sm_ottl_log_paths[] = {
    LOG_FIELD("time_unix_nano", "int", SM_OTTL_FIELD_NANOS, time_ns, "When it happened, ns since 1970."),
    LOG_FIELD("observed_time_unix_nano", "int", SM_OTTL_FIELD_NANOS, observed_time_ns, "When it was seen, ns since 1970."),
    LOG_FIELD("time", "time", SM_OTTL_FIELD_TIME, time_ns, "When it happened."),
    LOG_FIELD("observed_time", "time", SM_OTTL_FIELD_TIME, observed_time_ns, "When it was seen."),
    LOG_FIELD("severity_number", "int", SM_OTTL_FIELD_INT32, severity_number, "Severity: SEVERITY_NUMBER_WARN, …"),
    LOG_FIELD("severity_text", "string", SM_OTTL_FIELD_TEXT, severity_text, "Severity as the source named it."),
    {.name = "body",
     .type = "any",
     .help = "The body; maps and lists can be indexed.",
     .indexing = SM_OTTL_INDEXED,
     .get = get_body,
     .set = set_body,
     .slot = body_slot,
     .mark = mark_log},
    {.name = "body.string", .type = "string", .help = "The body as text.", .get = get_body_text, .set = set_body_text},
    {.name = "attributes", .type = "map", .help = "Attributes of the record.", .attributes = log_attributes, .mark = mark_log},
    LOG_FIELD("dropped_attributes_count", "int", SM_OTTL_FIELD_UINT32, dropped_attributes_count, "How many attributes the client dropped."),
    LOG_FIELD("flags", "int", SM_OTTL_FIELD_UINT32, flags, "Trace flags."),
    LOG_FIELD("trace_id", "TraceID", SM_OTTL_FIELD_TRACE_ID, trace_id, "Id of the trace."),
    LOG_FIELD("trace_id.string", "string", SM_OTTL_FIELD_TRACE_ID_HEX, trace_id, "Id of the trace in hexadecimal."),
    LOG_FIELD("span_id", "SpanID", SM_OTTL_FIELD_SPAN_ID, span_id, "Id of the span."),
    LOG_FIELD("span_id.string", "string", SM_OTTL_FIELD_SPAN_ID_HEX, span_id, "Id of the span in hexadecimal."),
    LOG_FIELD("event_name", "string", SM_OTTL_FIELD_TEXT, event_name, "Name of the event that the record is."),
    {0},
};
