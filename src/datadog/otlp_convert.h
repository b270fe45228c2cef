/* otlp_convert.h - what the files of the OTLP mapping (otlp_*.c) share. For them only. */
#pragma once

#include "datadog/otlp_span.h"
#include "telemetry/usual_attribute.h"

/* The last eight bytes of an ID. */
uint64_t sm_datadog_otlp_id(struct sm_slice id);
/* A text attribute: a field of the span, or meta. */
void sm_datadog_otlp_set_meta(struct sm_datadog_span *span, struct sm_arena *arena, struct sm_slice key, struct sm_slice text);
/* A walk over the group begins whose arena this is. */
void sm_datadog_otlp_operations_begin(struct sm_datadog_otlp_operations *operations, const struct sm_resource_group *group, struct sm_arena *arena);
/* `template`: what the resource gives; `scope`: of the group that the walk is over. */
void sm_datadog_otlp_convert(const struct sm_datadog_otlp_settings *settings, const struct sm_datadog_span *template,
                             struct sm_datadog_otlp_operations *operations, const struct sm_scope *scope, struct sm_span *in,
                             struct sm_arena *batch_arena, struct sm_arena *arena, struct sm_datadog_span *span);

/* As sm_attributes_next, without calls for attributes of the usual form. */
static inline bool sm_datadog_otlp_next_attribute(struct sm_attribute_cursor *cursor, struct sm_attribute *attribute)
{
    const struct sm_attributes *attributes = cursor->attributes;
    if (cursor->at && sm_attributes_are_encoded(attributes)) {
        struct sm_usual_attribute usual =
            sm_usual_attribute_read(cursor->at, attributes->raw.ptr + attributes->raw.size, sm_attributes_tag(attributes));
        if (usual.size && sm_usual_value_read(usual.value, &attribute->value)) {
            attribute->key = usual.key;
            cursor->at += usual.size;
            return true;
        }
    }
    return sm_attributes_next(cursor, attribute);
}
