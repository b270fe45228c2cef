/* otlp_exercise.h - does to a decoded batch all that components may do, and checks what must hold then. Shared by the fuzz targets of OTLP. */
#pragma once

#include <stdlib.h>

#include "telemetry/log_record.h"
#include "telemetry/metric.h"
#include "telemetry/otlp.h"
#include "telemetry/span.h"

#define CHECK(condition)                                                                                                                             \
    do {                                                                                                                                             \
        if (!(condition))                                                                                                                            \
            abort();                                                                                                                                 \
    } while (0)

static inline void exercise_attributes(struct sm_attributes *attributes, struct sm_arena *arena)
{
    struct sm_attribute_cursor cursor = sm_attributes_begin(attributes);
    struct sm_attribute attribute;
    size_t count = 0;
    while (sm_attributes_next(&cursor, &attribute)) {
        struct sm_value found;
        CHECK(sm_attributes_find(attributes, attribute.key, &found));
        sm_value_to_string(&attribute.value, arena);
        if (++count > 50)
            break;
    }
    struct sm_map *map = sm_attributes_edit(attributes, arena);
    CHECK(count > 50 || map->count == count);
    for (size_t i = 0; i < map->count && i < 50; i++) {
        struct sm_value *value = &map->entries[i].value, copy = sm_value_copy(value, arena);
        if (value->type == SM_VALUE_LIST)
            sm_value_list(value, arena);
        if (value->type == SM_VALUE_MAP)
            sm_value_map(value, arena);
        sm_value_equal(value, &copy, arena);
    }
}

static inline void exercise_span(struct sm_span *span, struct sm_arena *arena)
{
    uint32_t count;
    struct sm_span_event *events = sm_span_events(span, arena, &count);
    for (uint32_t i = 0; i < count; i++) {
        exercise_attributes(&events[i].attributes, arena);
        events[i].changed = true;
    }
    struct sm_span_link *links = sm_span_links(span, arena, &count);
    for (uint32_t i = 0; i < count; i++) {
        exercise_attributes(&links[i].attributes, arena);
        links[i].changed = true;
    }
    exercise_attributes(&span->attributes, arena);
    span->changed = SM_SPAN_CHANGED_FIELDS | SM_SPAN_CHANGED_ATTRIBUTES | SM_SPAN_CHANGED_EVENTS | SM_SPAN_CHANGED_LINKS;
}

static inline void exercise_metric(struct sm_metric *metric, struct sm_arena *arena)
{
    exercise_attributes(&metric->metadata, arena);
    for (size_t i = 0; i < metric->point_count; i++) {
        size_t count;
        struct sm_exemplar *exemplars = sm_data_point_exemplars(&metric->points[i], arena, &count);
        for (size_t k = 0; k < count; k++)
            exercise_attributes(&exemplars[k].filtered_attributes, arena);
        exercise_attributes(&metric->points[i].attributes, arena);
        metric->points[i].changed = true;
    }
    metric->changed = true;
}

static inline void exercise_record(struct sm_log_record *record, struct sm_arena *arena)
{
    exercise_attributes(&record->attributes, arena);
    sm_value_to_string(&record->body, arena);
    record->changed = true;
}

/* Marks and rewrites every item. */
static inline void exercise_items(struct sm_batch *batch)
{
    for (size_t g = 0; g < batch->count; g++) {
        struct sm_resource_group *group = &batch->groups[g];
        exercise_attributes(&group->resource.attributes, &batch->arena);
        group->resource.changed = true;
        sm_batch_mark_changed(batch, group, NULL);
        for (size_t s = 0; s < group->count; s++) {
            struct sm_scope_group *scope = &group->scopes[s];
            exercise_attributes(&scope->scope.attributes, &batch->arena);
            scope->scope.changed = scope->changed = true;
            for (size_t i = 0; i < scope->count; i++) {
                if (batch->signal == SM_TRACES)
                    exercise_span(&scope->spans[i], &batch->arena);
                else if (batch->signal == SM_METRICS)
                    exercise_metric(&scope->metrics[i], &batch->arena);
                else
                    exercise_record(&scope->log_records[i], &batch->arena);
            }
        }
    }
}

static inline struct sm_batch *decode_again(struct sm_batch *batch)
{
    struct sm_bytes bytes = {0};
    struct sm_decode_error error = {0};
    sm_otlp_encode_protobuf_bytes(batch, &bytes);
    CHECK(bytes.size == sm_batch_encoded_size(batch));
    struct sm_buffer *buffer = sm_buffer_try_copy(sm_bytes_slice(&bytes));
    struct sm_batch *again = sm_otlp_decode_protobuf(batch->signal, buffer, &error);
    CHECK(again && again->item_count == batch->item_count);
    sm_buffer_release(buffer);
    sm_bytes_deinit(&bytes);
    return again;
}

/* Cuts `batch` into parts of three items; nothing may be lost. */
static inline void exercise_split(struct sm_batch *batch)
{
    size_t total = batch->item_count, seen = 0;
    struct sm_batch *merged = sm_batch_create(batch->signal);
    for (int i = 0; batch->item_count && i < 20; i++) {
        struct sm_batch *head = sm_batch_split(batch, 3);
        seen += head->item_count;
        sm_batch_release(decode_again(head));
        sm_batch_append(merged, head);
        sm_batch_release(head);
    }
    CHECK(seen + batch->item_count == total && merged->item_count == seen);
    sm_batch_release(decode_again(merged));
    sm_batch_release(merged);
}

static inline void exercise_batch(struct sm_batch *batch)
{
    struct sm_bytes json = {0}, original = {0}, unchanged = {0};
    sm_otlp_encode_json(batch, &json);
    sm_otlp_encode_protobuf_bytes(batch, &original);
    struct sm_batch *clone = sm_batch_clone(batch);
    exercise_items(clone);
    sm_batch_release(decode_again(clone));
    struct sm_batch *second = sm_batch_clone(clone);
    exercise_items(second);
    /* Nothing of this may show in the original. */
    sm_otlp_encode_protobuf_bytes(batch, &unchanged);
    CHECK(sm_slice_equal(sm_bytes_slice(&original), sm_bytes_slice(&unchanged)));
    sm_batch_release(clone);
    exercise_split(second);
    sm_batch_release(second);
    sm_bytes_deinit(&json);
    sm_bytes_deinit(&original);
    sm_bytes_deinit(&unchanged);
}
