/* route_key.c - see route_key.h. Source: loadbalancingexporter attribute_routing.go, trace_exporter.go. */
#include "exporters/load_balancing/route_key.h"

#include "base/arena.h"
#include "telemetry/span.h"

static void add(struct sm_bytes *key, const char *name, struct sm_slice value)
{
    sm_bytes_append_text(key, name);
    sm_bytes_append_char(key, '=');
    sm_bytes_append_slice(key, value);
    sm_bytes_append_char(key, '|');
}

void sm_route_key_add_missing(struct sm_bytes *key, const char *name)
{
    add(key, name, (struct sm_slice){0});
}

bool sm_route_key_try_add(struct sm_bytes *key, const char *name, const struct sm_attributes *attributes)
{
    struct sm_value value;
    if (!sm_attributes_find(attributes, sm_slice_of(name), &value))
        return false;
    struct sm_arena scratch = SM_ARENA_INIT;
    add(key, name, sm_value_to_string(&value, &scratch));
    sm_arena_deinit(&scratch);
    return true;
}

static struct sm_slice kind_name(int32_t kind)
{
    static const char *const names[] = {"Unspecified", "Internal", "Server", "Client", "Producer", "Consumer"};
    bool is_known = kind >= 0 && (size_t)kind < sizeof(names) / sizeof(names[0]);
    return sm_slice_of(is_known ? names[kind] : "");
}

void sm_route_key_add_of_span(struct sm_bytes *key, const char *name, const struct sm_resource_group *group, const struct sm_scope_group *scope,
                              const struct sm_span *span)
{
    if (sm_route_key_try_add(key, name, &group->resource.attributes) || sm_route_key_try_add(key, name, &scope->scope.attributes))
        return;
    if (strcmp(name, "span.kind") == 0)
        add(key, name, kind_name(span->kind));
    else if (strcmp(name, "span.name") == 0)
        add(key, name, span->name);
    else if (!sm_route_key_try_add(key, name, &span->attributes))
        sm_route_key_add_missing(key, name);
}
