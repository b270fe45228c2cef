/* route_key.h - what routing.c and route_metrics.c share: keys made of attributes ("name=value|…"). For them only. */
#pragma once

#include "base/bytes.h"
#include "exporters/load_balancing/routing.h"

struct sm_span;

/* Appends the key of attribute `name`: of the resource, the scope, or the span, which also has span.kind and span.name. Empty when it is nowhere. */
void sm_route_key_add_of_span(struct sm_bytes *key, const char *name, const struct sm_resource_group *group, const struct sm_scope_group *scope,
                              const struct sm_span *span);
/* The same of one set; false, with nothing appended: it is not there. */
bool sm_route_key_try_add(struct sm_bytes *key, const char *name, const struct sm_attributes *attributes);
void sm_route_key_add_missing(struct sm_bytes *key, const char *name);

/* As sm_route. */
size_t sm_route_metrics(const struct sm_routing *routing, struct sm_batch *batch, sm_routed *routed, void *context);
