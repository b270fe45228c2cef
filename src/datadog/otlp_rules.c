/* otlp_rules.c - see otlp_rules.h. Stateless. */
#include "datadog/otlp_rules.h"

#include "datadog/names.h"
#include "telemetry/batch.h"
#include "telemetry/span.h"

static const char *const kind_names[] = {
    [SM_SPAN_KIND_UNSPECIFIED] = "unspecified", [SM_SPAN_KIND_INTERNAL] = "internal", [SM_SPAN_KIND_SERVER] = "server",
    [SM_SPAN_KIND_CLIENT] = "client",           [SM_SPAN_KIND_PRODUCER] = "producer", [SM_SPAN_KIND_CONSUMER] = "consumer",
};

static bool is_kind(int32_t kind)
{
    return kind >= 0 && (size_t)kind < sizeof(kind_names) / sizeof(kind_names[0]);
}

struct sm_slice sm_otlp_kind_name(int32_t kind)
{
    return sm_slice_of(kind_names[is_kind(kind) ? kind : SM_SPAN_KIND_UNSPECIFIED]);
}

/* ---- services */

struct sm_slice sm_otlp_normal_service(struct sm_slice text, struct sm_arena *scratch)
{
    return text.size > 0 ? sm_datadog_service(text, (struct sm_slice){0}, scratch, NULL) : SM_SLICE("otlpresourcenoservicename");
}

struct sm_slice sm_otlp_service(const struct sm_otlp_view *view)
{
    return sm_otlp_normal_service(sm_otlp_pick(view, SM_OTLP_SERVICE_NAME), view->scratch);
}

/* ---- operations and resources */

static struct sm_slice http_method(const struct sm_otlp_view *view)
{
    return sm_otlp_pick_pair(view, SM_OTLP_HTTP_REQUEST_METHOD, SM_OTLP_HTTP_METHOD);
}

struct sm_otlp_name_parts sm_otlp_name_parts(const struct sm_otlp_view *view, const struct sm_otlp_rules *rules)
{
    bool has_operation = sm_otlp_pick(view, SM_OTLP_OPERATION_NAME).size > 0;
    bool has_resource = sm_otlp_pick(view, SM_OTLP_RESOURCE_NAME).size > 0 || http_method(view).size > 0 ||
                        sm_otlp_pick(view, SM_OTLP_MESSAGING_OPERATION).size > 0 || sm_otlp_pick(view, SM_OTLP_RPC_METHOD).size > 0;
    return (struct sm_otlp_name_parts){.uses_span_name = !has_resource || (!has_operation && rules->span_name_as_resource_name),
                                       .uses_scope_name = !has_operation && !rules->span_name_as_resource_name};
}

struct sm_slice sm_otlp_operation(const struct sm_otlp_view *view, const struct sm_otlp_rules *rules, const struct sm_scope *scope,
                                  const struct sm_span *span)
{
    struct sm_slice name = sm_otlp_pick(view, SM_OTLP_OPERATION_NAME);
    if (name.size == 0 && rules->span_name_as_resource_name)
        name = span->name;
    else if (name.size == 0)
        name = sm_arena_join(view->scratch, scope->name.size > 0 ? scope->name : SM_SLICE("opentelemetry"), '.',
                             is_kind(span->kind) ? sm_otlp_kind_name(span->kind) : (struct sm_slice){0});
    const struct sm_datadog_entry *remapped = sm_datadog_map_find(&rules->remappings, name);
    return sm_datadog_name(remapped ? remapped->text : name, view->scratch, NULL);
}

static struct sm_slice whole_resource(const struct sm_otlp_view *view, const struct sm_span *span)
{
    struct sm_slice name = sm_otlp_pick(view, SM_OTLP_RESOURCE_NAME), more;
    if (name.size > 0)
        return name;
    name = http_method(view);
    if (name.size > 0) {
        more = sm_otlp_pick(view, SM_OTLP_HTTP_ROUTE);
        return more.size > 0 ? sm_arena_join(view->scratch, name, ' ', more) : name;
    }
    name = sm_otlp_pick(view, SM_OTLP_MESSAGING_OPERATION);
    if (name.size > 0) {
        more = sm_otlp_pick_pair(view, SM_OTLP_MESSAGING_DESTINATION, SM_OTLP_MESSAGING_DESTINATION_NAME);
        return more.size > 0 ? sm_arena_join(view->scratch, name, ' ', more) : name;
    }
    name = sm_otlp_pick(view, SM_OTLP_RPC_METHOD);
    /* The space stands there even without a service, as in the reference. */
    return name.size > 0 ? sm_arena_join(view->scratch, name, ' ', sm_otlp_pick(view, SM_OTLP_RPC_SERVICE)) : span->name;
}

struct sm_slice sm_otlp_resource(const struct sm_otlp_view *view, const struct sm_span *span)
{
    struct sm_slice name = whole_resource(view, span);
    if (name.size > SM_DATADOG_RESOURCE_MAX)
        name.size = SM_DATADOG_RESOURCE_MAX;
    return name;
}

/* ---- the rest */

static struct sm_slice client_type(const struct sm_otlp_view *view)
{
    struct sm_slice system = sm_otlp_pick_tag_value(view, SM_OTLP_DB_SYSTEM, SM_OTLP_DB_SYSTEM);
    if (system.size == 0)
        return SM_SLICE("http");
    return sm_slice_is(system, "redis") || sm_slice_is(system, "memcached") ? SM_SLICE("cache") : SM_SLICE("db");
}

struct sm_slice sm_otlp_type(const struct sm_otlp_view *view, const struct sm_span *span)
{
    struct sm_slice type = sm_otlp_pick(view, SM_OTLP_SPAN_TYPE);
    if (type.size > 0)
        return type;
    if (span->kind == SM_SPAN_KIND_CLIENT)
        return client_type(view);
    return span->kind == SM_SPAN_KIND_SERVER ? SM_SLICE("web") : SM_SLICE("custom");
}

uint32_t sm_otlp_status_code(const struct sm_otlp_view *view)
{
    struct sm_value value;
    if (!sm_otlp_find_in_span(view, SM_OTLP_HTTP_RESPONSE_STATUS_CODE, &value) && !sm_otlp_find_in_span(view, SM_OTLP_HTTP_STATUS_CODE, &value))
        return 0;
    return value.type == SM_VALUE_INT ? (uint32_t)value.integer : 0;
}
