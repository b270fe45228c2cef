/* otlp_convert.c - converts one OTLP span; see otlp_span.h. Reads the attributes in their encoded form; nothing is allocated for one whose value is a
 * text already. Stateless. */
#include "datadog/otlp_convert.h"

#include <stdio.h>

#include "base/bytes.h"
#include "base/hex.h"
#include "datadog/names.h"
#include "telemetry/span.h"
#include "wire/json_text.h"

enum { TRACE_ID_HEX = 2 * SM_TRACE_ID_SIZE };

/* `id` as `size` bytes in hexadecimal; an ID that is not there is all zeros. */
static char *put_hex(char *at, struct sm_slice id, size_t size)
{
    char *end = at + 2 * size;
    at = sm_hex_write(at, sm_slice_make(id.ptr, id.size < size ? id.size : size));
    memset(at, '0', (size_t)(end - at));
    return end;
}

uint64_t sm_datadog_otlp_id(struct sm_slice id)
{
    uint64_t number = 0;
    size_t skipped = id.size > SM_SPAN_ID_SIZE ? id.size - SM_SPAN_ID_SIZE : 0;
    for (size_t i = skipped; i < id.size; i++)
        number = number << 8 | (uint8_t)id.ptr[i];
    return number;
}

/* ---- where an attribute goes */

/* Go's strconv.ParseBool: -1: neither. */
static int parse_bool(struct sm_slice text)
{
    static const char *const words[2][6] = {{"0", "f", "F", "false", "FALSE", "False"}, {"1", "t", "T", "true", "TRUE", "True"}};
    for (int value = 0; value < 2; value++)
        for (int i = 0; i < 6; i++)
            if (sm_slice_is(text, words[value][i]))
                return value;
    return -1;
}

void sm_datadog_otlp_set_meta(struct sm_datadog_span *span, struct sm_arena *arena, struct sm_slice key, struct sm_slice text)
{
    /* The keys that are fields of the span, told apart by their size first. */
    switch (key.size) {
    case sizeof("span.type") - 1:
        if (sm_slice_equal(key, SM_SLICE("span.type"))) {
            span->type = text;
            return;
        }
        break;
    case sizeof("service.name") - 1:
        if (sm_slice_equal(key, SM_SLICE("service.name"))) {
            span->service = text;
            return;
        }
        break;
    case sizeof("resource.name") - 1:
        if (sm_slice_equal(key, SM_SLICE("resource.name"))) {
            span->resource = text;
            return;
        }
        break;
    case sizeof("operation.name") - 1:
        if (sm_slice_equal(key, SM_SLICE("operation.name"))) {
            span->name = text;
            return;
        }
        break;
    case sizeof("analytics.event") - 1:
        if (sm_slice_equal(key, SM_SLICE("analytics.event"))) {
            int value = parse_bool(text);
            if (value >= 0)
                sm_datadog_map_set_number(&span->metrics, arena, SM_SLICE("_dd1.sr.eausr"), value);
            return;
        }
        break;
    default:
        break;
    }
    sm_datadog_map_set_text(&span->meta, arena, key, text);
}

static void set_metric(struct sm_datadog_span *span, struct sm_arena *arena, struct sm_slice key, double number)
{
    if (sm_slice_equal(key, SM_SLICE("sampling.priority")))
        key = SM_SLICE("_sampling_priority_v1");
    sm_datadog_map_set_number(&span->metrics, arena, key, number);
}

/* HTTP's method and status code are known by an old and a new name; Datadog has the old ones, and the new ones win. */
struct http_conventions {
    bool has_new_method, has_new_code;
};

static void set_http(struct sm_datadog_span *span, struct sm_arena *arena, struct http_conventions *seen, const struct sm_attribute *attribute)
{
    struct sm_slice key = attribute->key;
    if (sm_slice_equal(key, SM_SLICE("http.request.method"))) {
        seen->has_new_method = true;
        sm_datadog_map_set_text(&span->meta, arena, SM_SLICE("http.method"), sm_value_to_string(&attribute->value, arena));
    } else if (sm_slice_equal(key, SM_SLICE("http.method")) && !seen->has_new_method) {
        sm_datadog_map_set_text(&span->meta, arena, SM_SLICE("http.method"), sm_value_to_string(&attribute->value, arena));
    } else if (sm_slice_equal(key, SM_SLICE("http.response.status_code"))) {
        seen->has_new_code = true;
        sm_datadog_map_set_text(&span->meta, arena, SM_SLICE("http.status_code"), sm_value_to_string(&attribute->value, arena));
    } else if (sm_slice_equal(key, SM_SLICE("http.status_code")) && !seen->has_new_code) {
        sm_datadog_map_set_text(&span->meta, arena, SM_SLICE("http.status_code"), sm_value_to_string(&attribute->value, arena));
    }
}

static void set_attributes(struct sm_datadog_span *span, struct sm_arena *arena, const struct sm_attributes *attributes)
{
    struct http_conventions seen = {0};
    struct sm_attribute_cursor cursor = sm_attributes_begin(attributes);
    struct sm_attribute attribute;
    while (sm_datadog_otlp_next_attribute(&cursor, &attribute)) {
        bool is_http = sm_slice_starts_with(attribute.key, SM_SLICE("http."));
        if (attribute.value.type == SM_VALUE_DOUBLE)
            set_metric(span, arena, attribute.key, attribute.value.number);
        else if (attribute.value.type == SM_VALUE_INT)
            set_metric(span, arena, attribute.key, (double)attribute.value.integer);
        else if (!is_http ||
                 (!sm_slice_equal(attribute.key, SM_SLICE("http.method")) && !sm_slice_equal(attribute.key, SM_SLICE("http.status_code"))))
            sm_datadog_otlp_set_meta(span, arena, attribute.key, sm_value_to_string(&attribute.value, arena));
        if (is_http)
            set_http(span, arena, &seen, &attribute);
    }
}

/* ---- events and links as the reference writes them: JSON whose texts are not escaped */

static void put_quoted(struct sm_bytes *out, struct sm_slice text)
{
    sm_bytes_append_char(out, '"');
    sm_bytes_append_slice(out, text);
    sm_bytes_append_char(out, '"');
}

static bool has_attributes(const struct sm_attributes *attributes)
{
    struct sm_attribute_cursor cursor = sm_attributes_begin(attributes);
    struct sm_attribute attribute;
    return sm_attributes_next(&cursor, &attribute);
}

static void put_attributes(struct sm_bytes *out, const struct sm_attributes *attributes, struct sm_arena *arena)
{
    struct sm_attribute_cursor cursor = sm_attributes_begin(attributes);
    struct sm_attribute attribute;
    const char *separator = "\"attributes\":{";
    while (sm_attributes_next(&cursor, &attribute)) {
        sm_bytes_append_text(out, separator);
        put_quoted(out, attribute.key);
        sm_bytes_append_char(out, ':');
        put_quoted(out, sm_value_to_string(&attribute.value, arena));
        separator = ",";
    }
    sm_bytes_append_char(out, '}');
}

static void put_count(struct sm_bytes *out, uint32_t count)
{
    sm_bytes_append_text(out, "\"dropped_attributes_count\":");
    sm_json_put_uint(out, count);
}

/* A comma unless the object was opened just now. */
static void separate(struct sm_bytes *out)
{
    if (out->ptr[out->size - 1] != '{')
        sm_bytes_append_char(out, ',');
}

static void put_event(struct sm_bytes *out, const struct sm_span_event *event, struct sm_arena *arena)
{
    /* As the reference: nothing stands between the attributes' count and what is before it but what this writes. */
    sm_bytes_append_char(out, '{');
    if (event->time_ns) {
        sm_bytes_append_text(out, "\"time_unix_nano\":");
        sm_json_put_uint(out, event->time_ns);
    }
    if (event->name.size) {
        separate(out);
        sm_bytes_append_text(out, "\"name\":");
        put_quoted(out, event->name);
    }
    if (has_attributes(&event->attributes)) {
        separate(out);
        put_attributes(out, &event->attributes, arena);
    }
    if (event->dropped_attributes_count) {
        separate(out);
        put_count(out, event->dropped_attributes_count);
    }
    sm_bytes_append_char(out, '}');
}

static void set_events(struct sm_datadog_span *span, const struct sm_span_event *events, uint32_t count, struct sm_arena *arena)
{
    struct sm_bytes out;
    sm_bytes_init(&out, arena);
    for (uint32_t i = 0; i < count; i++) {
        if (events[i].dropped)
            continue;
        sm_bytes_append_char(&out, out.size ? ',' : '[');
        put_event(&out, &events[i], arena);
    }
    if (!out.size)
        return;
    sm_bytes_append_char(&out, ']');
    sm_datadog_map_set_text(&span->meta, arena, SM_SLICE("events"), sm_bytes_slice(&out));
}

static void put_link(struct sm_bytes *out, const struct sm_span_link *link, struct sm_arena *arena)
{
    enum { ROOM = 64 + TRACE_ID_HEX + 2 * SM_SPAN_ID_SIZE };
    char *start = sm_bytes_reserve(out, ROOM), *at = stpcpy(start, "{\"trace_id\":\"");
    at = put_hex(at, link->trace_id, SM_TRACE_ID_SIZE);
    at = stpcpy(at, "\",\"span_id\":\"");
    at = put_hex(at, link->span_id, SM_SPAN_ID_SIZE);
    *at++ = '"';
    out->size += (size_t)(at - start);
    if (link->trace_state.size) {
        sm_bytes_append_text(out, ",\"trace_state\":");
        put_quoted(out, link->trace_state);
    }
    if (has_attributes(&link->attributes)) {
        sm_bytes_append_char(out, ',');
        put_attributes(out, &link->attributes, arena);
    }
    if (link->dropped_attributes_count) {
        sm_bytes_append_char(out, ',');
        put_count(out, link->dropped_attributes_count);
    }
    sm_bytes_append_char(out, '}');
}

static void set_links(struct sm_datadog_span *span, const struct sm_span_link *links, uint32_t count, struct sm_arena *arena)
{
    struct sm_bytes out;
    sm_bytes_init(&out, arena);
    for (uint32_t i = 0; i < count; i++) {
        if (links[i].dropped)
            continue;
        sm_bytes_append_char(&out, out.size ? ',' : '[');
        put_link(&out, &links[i], arena);
    }
    if (!out.size)
        return;
    sm_bytes_append_char(&out, ']');
    sm_datadog_map_set_text(&span->meta, arena, SM_SLICE("_dd.span_links"), sm_bytes_slice(&out));
}

/* ---- errors */

static void take_exception(struct sm_datadog_span *span, const struct sm_span_event *event, struct sm_arena *arena)
{
    static const struct {
        struct sm_slice attribute, key;
    } parts[] = {
        {{.ptr = "exception.message", .size = 17}, {.ptr = "error.msg", .size = 9}},
        {{.ptr = "exception.type", .size = 14}, {.ptr = "error.type", .size = 10}},
        {{.ptr = "exception.stacktrace", .size = 20}, {.ptr = "error.stack", .size = 11}},
    };
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        struct sm_value value;
        if (sm_attributes_find(&event->attributes, parts[i].attribute, &value))
            sm_datadog_map_set_text(&span->meta, arena, parts[i].key, sm_value_to_string(&value, arena));
    }
}

/* The first of two keys that has a text. */
static struct sm_slice first_text(const struct sm_datadog_map *meta, struct sm_slice key, struct sm_slice other)
{
    struct sm_slice text = sm_datadog_map_text(meta, key);
    return text.size ? text : sm_datadog_map_text(meta, other);
}

static void set_error(struct sm_datadog_span *span, const struct sm_span *in, const struct sm_span_event *events, uint32_t count,
                      struct sm_arena *arena)
{
    if (in->status_code != SM_STATUS_ERROR)
        return;
    span->error = 1;
    for (uint32_t i = 0; i < count; i++)
        if (!events[i].dropped && sm_slice_equal_nocase(events[i].name, SM_SLICE("exception")))
            take_exception(span, &events[i], arena);
    if (sm_datadog_map_find(&span->meta, SM_SLICE("error.msg")))
        return;
    struct sm_slice text = in->status_message;
    if (!text.size) {
        text = first_text(&span->meta, SM_SLICE("http.response.status_code"), SM_SLICE("http.status_code"));
        const struct sm_datadog_entry *words = text.size ? sm_datadog_map_find(&span->meta, SM_SLICE("http.status_text")) : NULL;
        if (words)
            text = sm_arena_join(arena, text, ' ', words->text);
    }
    if (text.size)
        sm_datadog_map_set_text(&span->meta, arena, SM_SLICE("error.msg"), text);
}

/* ---- names */

static int known_kind(int32_t kind)
{
    return kind >= 0 && kind <= SM_SPAN_KIND_CONSUMER ? kind : SM_SPAN_KIND_UNSPECIFIED;
}

static struct sm_slice kind_name(int32_t kind)
{
    static const struct sm_slice names[] = {
        [SM_SPAN_KIND_UNSPECIFIED] = {.ptr = "unspecified", .size = 11},
        [SM_SPAN_KIND_INTERNAL] = {.ptr = "internal", .size = 8},
        [SM_SPAN_KIND_SERVER] = {.ptr = "server", .size = 6},
        [SM_SPAN_KIND_CLIENT] = {.ptr = "client", .size = 6},
        [SM_SPAN_KIND_PRODUCER] = {.ptr = "producer", .size = 8},
        [SM_SPAN_KIND_CONSUMER] = {.ptr = "consumer", .size = 8},
    };
    return names[known_kind(kind)];
}

static struct sm_slice status_name(int32_t code)
{
    return code == SM_STATUS_UNSET   ? SM_SLICE("Unset")
           : code == SM_STATUS_OK    ? SM_SLICE("Ok")
           : code == SM_STATUS_ERROR ? SM_SLICE("Error")
                                     : SM_SLICE("");
}

static struct sm_slice remap(const struct sm_datadog_otlp_settings *settings, struct sm_slice name)
{
    const struct sm_datadog_entry *remapped = sm_datadog_map_find(&settings->span_name_remappings, name);
    return remapped ? remapped->text : name;
}

void sm_datadog_otlp_operations_begin(struct sm_datadog_otlp_operations *operations, const struct sm_resource_group *group, struct sm_arena *arena)
{
    operations->_scopes = group->scopes;
    operations->_of_scopes = sm_arena_zalloc(arena, group->count, sizeof(struct sm_datadog_scope_names *));
    operations->_walk_arena = arena;
    if (operations->_count < SM_DATADOG_SCOPES_MAX)
        return;
    sm_arena_deinit(&operations->arena);
    operations->_count = 0;
}

/* Those of an earlier walk, or new ones: remembered if there is room, else for this walk only. */
static struct sm_datadog_scope_names *find_names(struct sm_datadog_otlp_operations *operations, struct sm_slice scope)
{
    bool is_long = scope.size > SM_DATADOG_SCOPE_NAME_MAX;
    for (size_t i = 0; i < operations->_count && !is_long; i++)
        if (sm_slice_equal(operations->_known[i].scope, scope))
            return &operations->_known[i];
    if (is_long || operations->_count == SM_DATADOG_SCOPES_MAX) {
        struct sm_datadog_scope_names *names = sm_arena_zalloc(operations->_walk_arena, 1, sizeof(*names));
        names->scope = scope;
        names->arena = operations->_walk_arena;
        return names;
    }
    struct sm_datadog_scope_names *known = &operations->_known[operations->_count++];
    *known = (struct sm_datadog_scope_names){.scope = sm_arena_copy(&operations->arena, scope), .arena = &operations->arena};
    return known;
}

/* Looked for once a scope and walk: traces go from one scope to the other and back as often as the sender likes. */
static struct sm_datadog_scope_names *names_of(struct sm_datadog_otlp_operations *operations, const struct sm_scope *scope)
{
    const struct sm_scope_group *group = (const void *)((const char *)scope - offsetof(struct sm_scope_group, scope));
    struct sm_datadog_scope_names **names = &operations->_of_scopes[group - operations->_scopes];
    if (!*names)
        *names = find_names(operations, scope->name);
    return *names;
}

static void set_operation(struct sm_datadog_span *span, const struct sm_datadog_otlp_settings *settings,
                          struct sm_datadog_otlp_operations *operations, const struct sm_scope *scope, const struct sm_span *in)
{
    if (settings->span_name_as_resource_name) {
        span->name = remap(settings, in->name);
        return;
    }
    struct sm_datadog_scope_names *known = names_of(operations, scope);
    int kind = known_kind(in->kind);
    if (!known->names[kind].size) {
        enum sm_datadog_problem problem;
        struct sm_slice library = known->scope.size ? known->scope : SM_SLICE("opentelemetry");
        struct sm_slice name = remap(settings, sm_arena_join(known->arena, library, '.', kind_name(kind))),
                        normal = sm_datadog_name(name, known->arena, &problem);
        /* Every span's is normalised: then there is nothing left to do. What is wrong with it is counted there. */
        known->is_normal[kind] = problem == SM_DATADOG_FINE;
        known->names[kind] = known->is_normal[kind] ? normal : name;
    }
    span->name = known->names[kind];
    if (known->is_normal[kind])
        span->_normal_name = span->name;
}

/* `verb` alone, or with what it is done to. */
static struct sm_slice with_object(struct sm_arena *arena, struct sm_slice verb, struct sm_slice object)
{
    return object.size ? sm_arena_join(arena, verb, ' ', object) : verb;
}

static struct sm_slice resource(const struct sm_datadog_map *meta, const struct sm_span *in, struct sm_arena *arena)
{
    struct sm_slice verb = first_text(meta, SM_SLICE("http.request.method"), SM_SLICE("http.method"));
    if (verb.size)
        return with_object(arena, verb, first_text(meta, SM_SLICE("http.route"), SM_SLICE("grpc.path")));
    verb = sm_datadog_map_text(meta, SM_SLICE("messaging.operation"));
    if (verb.size)
        return with_object(arena, verb, first_text(meta, SM_SLICE("messaging.destination"), SM_SLICE("messaging.destination.name")));
    verb = sm_datadog_map_text(meta, SM_SLICE("rpc.method"));
    return verb.size ? with_object(arena, verb, sm_datadog_map_text(meta, SM_SLICE("rpc.service"))) : in->name;
}

static struct sm_slice type_of_kind(const struct sm_datadog_map *meta, int32_t kind)
{
    if (kind == SM_SPAN_KIND_SERVER)
        return SM_SLICE("web");
    if (kind != SM_SPAN_KIND_CLIENT)
        return SM_SLICE("custom");
    const struct sm_datadog_entry *system = sm_datadog_map_find(meta, SM_SLICE("db.system"));
    if (!system)
        return SM_SLICE("http");
    bool is_cache = sm_slice_equal(system->text, SM_SLICE("redis")) || sm_slice_equal(system->text, SM_SLICE("memcached"));
    return is_cache ? SM_SLICE("cache") : SM_SLICE("db");
}

static void set_names(struct sm_datadog_span *span, const struct sm_datadog_otlp_settings *settings, struct sm_datadog_otlp_operations *operations,
                      const struct sm_scope *scope, const struct sm_span *in, struct sm_arena *arena)
{
    if (!span->name.size)
        set_operation(span, settings, operations, scope, in);
    if (!span->service.size)
        span->service = SM_SLICE("OTLPResourceNoServiceName");
    if (!span->resource.size)
        span->resource = resource(&span->meta, in, arena);
    if (!span->type.size)
        span->type = type_of_kind(&span->meta, in->kind);
}

/* ---- the whole span */

static void set_ids(struct sm_datadog_span *span, const struct sm_span *in, struct sm_arena *arena)
{
    char *hex = sm_arena_alloc(arena, TRACE_ID_HEX);
    put_hex(hex, in->trace_id, SM_TRACE_ID_SIZE);
    sm_datadog_map_set_text(&span->meta, arena, SM_SLICE("otel.trace_id"), sm_slice_make(hex, TRACE_ID_HEX));
    span->trace_id = sm_datadog_otlp_id(in->trace_id);
    span->span_id = sm_datadog_otlp_id(in->span_id);
    span->parent_id = sm_datadog_otlp_id(in->parent_span_id);
    span->start_ns = (int64_t)in->start_ns;
    span->duration_ns = (int64_t)(in->end_ns - in->start_ns);
}

static void mark_by_kind(struct sm_datadog_span *span, int32_t kind, struct sm_arena *arena)
{
    if (span->parent_id == 0 || kind == SM_SPAN_KIND_SERVER || kind == SM_SPAN_KIND_CONSUMER)
        sm_datadog_map_set_number(&span->metrics, arena, SM_SLICE("_top_level"), 1);
    if (kind == SM_SPAN_KIND_CLIENT || kind == SM_SPAN_KIND_PRODUCER)
        sm_datadog_map_set_number(&span->metrics, arena, SM_SLICE("_dd.measured"), 1);
}

static void set_rest(struct sm_datadog_span *span, const struct sm_scope *scope, const struct sm_span *in, struct sm_arena *arena)
{
    struct sm_datadog_map *meta = &span->meta;
    if (!sm_datadog_map_find(meta, SM_SLICE("env"))) {
        struct sm_slice env = first_text(meta, SM_SLICE("deployment.environment.name"), SM_SLICE("deployment.environment"));
        if (env.size)
            sm_datadog_map_set_text(meta, arena, SM_SLICE("env"), sm_datadog_tag(env, arena));
    }
    if (in->trace_state.size)
        sm_datadog_map_set_text(meta, arena, SM_SLICE("w3c.tracestate"), in->trace_state);
    if (scope->name.size)
        sm_datadog_map_set_text(meta, arena, SM_SLICE("otel.library.name"), scope->name);
    if (scope->version.size)
        sm_datadog_map_set_text(meta, arena, SM_SLICE("otel.library.version"), scope->version);
    sm_datadog_map_set_text(meta, arena, SM_SLICE("otel.status_code"), status_name(in->status_code));
    if (in->status_message.size)
        sm_datadog_map_set_text(meta, arena, SM_SLICE("otel.status_description"), in->status_message);
}

void sm_datadog_otlp_convert(const struct sm_datadog_otlp_settings *settings, const struct sm_datadog_span *template,
                             struct sm_datadog_otlp_operations *operations, const struct sm_scope *scope, struct sm_span *in,
                             struct sm_arena *batch_arena, struct sm_arena *arena, struct sm_datadog_span *span)
{
    enum { MORE_META = 28, MORE_METRICS = 8 }; /* usually enough */
    *span = *template;
    span->meta = sm_datadog_map_copy(&template->meta, arena, MORE_META);
    span->metrics = sm_datadog_map_copy(&template->metrics, arena, MORE_METRICS);
    set_ids(span, in, arena);
    if (settings->compute_top_level_by_span_kind)
        mark_by_kind(span, in->kind, arena);
    sm_datadog_map_set_text(&span->meta, arena, SM_SLICE("span.kind"), kind_name(in->kind));
    uint32_t event_count, link_count;
    const struct sm_span_event *events = sm_span_events(in, batch_arena, &event_count);
    const struct sm_span_link *links = sm_span_links(in, batch_arena, &link_count);
    if (event_count)
        set_events(span, events, event_count, arena);
    if (link_count)
        set_links(span, links, link_count, arena);
    set_attributes(span, arena, &in->attributes);
    set_rest(span, scope, in, arena);
    set_error(span, in, events, event_count, arena);
    set_names(span, settings, operations, scope, in, arena);
}
