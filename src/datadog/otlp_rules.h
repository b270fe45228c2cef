/* otlp_rules.h - what an OTLP span is called in statistics: service, operation, resource, type; its kind and status code.
 *
 * These are the rules of the statistics (of the connector); spans that are sent as such have rules of their own in otlp_convert.c, which differ in
 * some cases. Texts point into the span, are constants, or live in the view's scratch arena. Worker-local.
 * Source: datadog-agent pkg/trace/traceutil/otel_util.go, 0.59.0. */
#pragma once

#include "datadog/otlp_view.h"
#include "datadog/span.h"

struct sm_scope;
struct sm_span;

/* Immutable. */
struct sm_otlp_rules {
    bool span_name_as_resource_name;
    bool has_names_v2;                /* operation, resource and type are those of otlp_names_v2.h, not of the functions below */
    struct sm_datadog_map remappings; /* operation names before they are normalised */
};

/* Which parts of the span the names are made of; the attributes are in the view. */
struct sm_otlp_name_parts {
    bool uses_span_name;  /* for the operation, the resource, or both */
    bool uses_scope_name; /* for the operation */
};
struct sm_otlp_name_parts sm_otlp_name_parts(const struct sm_otlp_view *view, const struct sm_otlp_rules *rules);

/* Normalised. */
struct sm_slice sm_otlp_service(const struct sm_otlp_view *view);
/* A service's text made one. */
struct sm_slice sm_otlp_normal_service(struct sm_slice text, struct sm_arena *scratch);
/* Remapped, then normalised. */
struct sm_slice sm_otlp_operation(const struct sm_otlp_view *view, const struct sm_otlp_rules *rules, const struct sm_scope *scope,
                                  const struct sm_span *span);
/* Cut to SM_DATADOG_RESOURCE_MAX bytes, as it is otherwise. */
struct sm_slice sm_otlp_resource(const struct sm_otlp_view *view, const struct sm_span *span);
struct sm_slice sm_otlp_type(const struct sm_otlp_view *view, const struct sm_span *span);
/* "server"…; "unspecified" for numbers that are no kind. */
struct sm_slice sm_otlp_kind_name(int32_t kind);
/* An integer's low 32 bits; 0 for values of other types. */
uint32_t sm_otlp_status_code(const struct sm_otlp_view *view);
