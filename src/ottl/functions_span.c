/* functions_span.c - the editor set_semconv_span_name: the name that the semantic conventions give a span, from its kind and attributes.
 *
 * Source: opentelemetry-collector-contrib processor/transformprocessor/internal/traces; OpenTelemetry semantic conventions 1.37 to 1.40. */
#include <stdio.h>

#include "ottl/compile.h"
#include "telemetry/span.h"

struct naming {
    const struct sm_span *span;
    struct sm_arena *arena;
};

/* The attribute, or one that meant the same in older conventions. An empty text: present but empty counts as present. */
static bool find(const struct naming *n, const char *key, const char *alias, struct sm_slice *text)
{
    struct sm_value value;
    *text = SM_SLICE("");
    if (!sm_attributes_find(&n->span->attributes, sm_slice_of(key), &value) &&
        (!alias || !sm_attributes_find(&n->span->attributes, sm_slice_of(alias), &value)))
        return false;
    *text = sm_value_to_string(&value, n->arena);
    return true;
}

static bool is_true(const struct naming *n, const char *key)
{
    struct sm_value value;
    return sm_attributes_find(&n->span->attributes, sm_slice_of(key), &value) && value.type == SM_VALUE_BOOL && value.boolean;
}

static struct sm_slice join(const struct naming *n, struct sm_slice first, const char *between, struct sm_slice second)
{
    return sm_slice_of(sm_arena_printf(n->arena, "%.*s%s%.*s", SM_SLICE_ARGS(first), between, SM_SLICE_ARGS(second)));
}

static struct sm_slice server(const struct naming *n)
{
    struct sm_slice address, port;
    if (!find(n, "server.address", NULL, &address))
        return SM_SLICE("");
    return find(n, "server.port", NULL, &port) ? join(n, address, ":", port) : address;
}

static struct sm_slice http_name(const struct naming *n, const char *subject_key)
{
    struct sm_slice method, subject;
    if (!find(n, "http.request.method", "http.method", &method))
        return SM_SLICE("");
    return find(n, subject_key, NULL, &subject) ? join(n, method, " ", subject) : method;
}

static struct sm_slice rpc_name(const struct naming *n)
{
    struct sm_slice system, method, service;
    if (!find(n, "rpc.system.name", "rpc.system", &system))
        return SM_SLICE("");
    bool has_method = find(n, "rpc.method", "rpc.grpc.method", &method), has_service = find(n, "rpc.service", "rpc.grpc.service", &service);
    if (has_service)
        return join(n, service, "/", has_method ? method : SM_SLICE("*"));
    return has_method ? method : system;
}

static struct sm_slice database_target(const struct naming *n)
{
    struct sm_slice space, target;
    find(n, "db.namespace", "db.name", &space);
    if (find(n, "db.collection.name", NULL, &target) || find(n, "db.stored_procedure.name", NULL, &target))
        return space.size > 0 ? join(n, space, ".", target) : target;
    return space.size > 0 ? space : server(n);
}

static struct sm_slice database_name(const struct naming *n)
{
    struct sm_slice system, summary, operation;
    if (!find(n, "db.system.name", "db.system", &system))
        return SM_SLICE("");
    if (find(n, "db.query.summary", NULL, &summary))
        return summary;
    find(n, "db.operation.name", "db.operation", &operation);
    struct sm_slice target = database_target(n);
    if (operation.size > 0)
        return target.size > 0 ? join(n, operation, " ", target) : operation;
    return target.size > 0 ? target : system;
}

static struct sm_slice destination(const struct naming *n)
{
    struct sm_slice name;
    if (is_true(n, "messaging.destination.temporary"))
        return SM_SLICE("(temporary)");
    if (is_true(n, "messaging.destination.anonymous"))
        return SM_SLICE("(anonymous)");
    if (find(n, "messaging.destination.template", NULL, &name) || find(n, "messaging.destination.name", "messaging.destination", &name))
        return name;
    return server(n);
}

static struct sm_slice messaging_name(const struct naming *n)
{
    struct sm_slice system, operation;
    if (!find(n, "messaging.system", NULL, &system))
        return SM_SLICE("");
    bool has_operation = find(n, "messaging.operation.name", "messaging.operation", &operation);
    struct sm_slice name = destination(n);
    if (name.size > 0)
        return has_operation ? join(n, operation, " ", name) : name;
    return has_operation ? operation : system;
}

static struct sm_slice conventional_name(const struct naming *n)
{
    int32_t kind = n->span->kind;
    bool is_server = kind == SM_SPAN_KIND_SERVER, is_client = kind == SM_SPAN_KIND_CLIENT;
    struct sm_slice name = SM_SLICE("");
    if (is_server || is_client)
        name = http_name(n, is_server ? "http.route" : "url.template");
    if (name.size == 0 && (is_server || is_client))
        name = rpc_name(n);
    if (name.size == 0 && is_client)
        name = database_name(n);
    if (name.size == 0 && (is_server || is_client || kind == SM_SPAN_KIND_CONSUMER || kind == SM_SPAN_KIND_PRODUCER))
        name = messaging_name(n);
    return name.size > 0 ? name : n->span->name;
}

static bool call_set_name(const struct sm_ottl_call *call, struct sm_ottl_run *run, struct sm_ottl_value *out)
{
    const struct naming naming = {.span = run->span, .arena = run->arena};
    struct sm_slice before = run->span->name, name = conventional_name(&naming);
    (void)out;
    if (sm_slice_equal(before, name))
        return true;
    run->span->name = name;
    if (call->args[1].is_set)
        sm_map_set(sm_attributes_edit(&run->span->attributes, run->arena), run->arena, sm_arena_copy(run->arena, call->args[1].text),
                   sm_value_string(before));
    run->span->changed = true;
    sm_batch_mark_changed(run->batch, run->group, run->scope);
    return true;
}

/* "1.37" and "v1.37.0" are versions too; nothing before 1.37.0 or behind 1.40.0 is known. */
static bool is_known_version(struct sm_slice text)
{
    char copy[32], end;
    int major, minor = 0, patch = 0, size = 0;
    if (text.size == 0 || text.size >= sizeof(copy))
        return false;
    memcpy(copy, text.ptr, text.size);
    copy[text.size] = '\0';
    const char *start = copy + (*copy == 'v');
    if (sscanf(start, "%4d.%4d.%4d%n%c", &major, &minor, &patch, &size, &end) != 3) {
        patch = 0;
        if (sscanf(start, "%4d.%4d%c", &major, &minor, &end) != 2)
            return false;
    }
    return major == 1 && minor >= 37 && patch >= 0 && (minor < 40 || (minor == 40 && patch == 0));
}

static bool prepare_set_name(struct sm_ottl_call *call, struct sm_ottl_compiler *compiler)
{
    if (!is_known_version(call->args[0].text))
        return sm_ottl_compile_error(compiler, call->node, "unsupported semconv version \"%.*s\": must be between 1.37.0 and 1.40.0",
                                     SM_SLICE_ARGS(call->args[0].text));
    return !call->args[1].is_set || call->args[1].text.size > 0 ||
           sm_ottl_compile_error(compiler, call->node, "originalSpanNameAttribute cannot be an empty string");
}

const struct sm_ottl_function sm_ottl_span_functions[] = {
    {.name = "set_semconv_span_name",
     .help = "Names the span as the semantic conventions of that version do.",
     .set = SM_OTTL_FOR_TRANSFORM,
     .contexts = 1u << SM_OTTL_SPAN,
     .parameters = {{.name = "SemconvVersion", .type = SM_OTTL_ARG_LITERAL_STRING},
                    {.name = "OriginalSpanNameAttribute", .type = SM_OTTL_ARG_LITERAL_STRING, .is_optional = true}},
     .call = call_set_name,
     .prepare = prepare_set_name},
    {0},
};
