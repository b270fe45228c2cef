/* otlp_names_v2.h - the newer scheme of names for OTLP spans ("http.server.request", "postgresql.query"): operation, resource, type.
 *
 * Only attributes that are texts count, the span's before the resource's. Results are texts of the attributes, constants, or in `scratch`; they are
 * not normalised as a whole. Any thread. Source: datadog-agent pkg/trace/transform/otelutil.go and pkg/trace/semantics/mappings.json, 0.81.0. */
#pragma once

#include "base/arena.h"
#include "base/slice.h"

struct sm_attributes;
struct sm_span;

struct sm_slice sm_otlp_operation_v2(const struct sm_span *span, const struct sm_attributes *resource, struct sm_arena *scratch);
/* Cut to SM_DATADOG_RESOURCE_MAX bytes. */
struct sm_slice sm_otlp_resource_v2(const struct sm_span *span, const struct sm_attributes *resource, struct sm_arena *scratch);
struct sm_slice sm_otlp_type_v2(const struct sm_span *span, const struct sm_attributes *resource, struct sm_arena *scratch);
