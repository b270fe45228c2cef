/* native_read.c - OTLP that was Datadog's, as it was; see native.h. Stateless. */
#include "datadog/native.h"

#include "datadog/native_keys.h"
#include "datadog/otlp_convert.h"
#include "telemetry/batch.h"
#include "telemetry/span.h"

bool sm_datadog_is_native(const struct sm_resource_group *group)
{
    struct sm_value value;
    return sm_attributes_find(&group->resource.attributes, SM_NATIVE_CHUNK, &value) && value.type == SM_VALUE_INT;
}

/* ---- the resource */

static bool is_tag(struct sm_slice key, struct sm_slice prefix, struct sm_slice *name)
{
    if (!sm_slice_starts_with(key, prefix))
        return false;
    *name = sm_slice_make(key.ptr + prefix.size, key.size - prefix.size);
    return true;
}

static void take_text(struct sm_datadog_native *native, const struct sm_attribute *attribute, struct sm_arena *arena)
{
    struct sm_datadog_payload *payload = &native->payload;
    const struct {
        struct sm_slice key;
        struct sm_slice *text;
    } texts[] = {
        {SM_NATIVE_LANGUAGE, &payload->language},
        {SM_NATIVE_TRACER_VERSION, &payload->tracer_version},
        {SM_NATIVE_LANGUAGE_VERSION, &payload->language_version},
        {SM_NATIVE_RUNTIME_ID, &payload->runtime_id},
        {SM_NATIVE_HOSTNAME, &payload->hostname},
        {SM_NATIVE_CONTAINER_ID, &payload->container_id},
        {SM_NATIVE_APP_VERSION, &payload->app_version},
        {SM_NATIVE_ENV, &payload->env},
        {SM_NATIVE_ORIGIN, &native->chunk.origin},
    };
    struct sm_slice name;
    if (attribute->value.type != SM_VALUE_STRING)
        return;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        if (sm_slice_equal(attribute->key, texts[i].key)) {
            *texts[i].text = attribute->value.string;
            return;
        }
    if (is_tag(attribute->key, SM_NATIVE_CHUNK_TAG, &name))
        sm_datadog_map_set_text(&native->chunk.tags, arena, name, attribute->value.string);
    else if (is_tag(attribute->key, SM_NATIVE_PAYLOAD_TAG, &name))
        sm_datadog_map_set_text(&native->payload.tags, arena, name, attribute->value.string);
}

static bool read_bool(const struct sm_attributes *attributes, struct sm_slice key)
{
    struct sm_value value;
    return sm_attributes_find(attributes, key, &value) && value.type == SM_VALUE_BOOL && value.boolean;
}

static int64_t read_int(const struct sm_attributes *attributes, struct sm_slice key, int64_t absent)
{
    struct sm_value value;
    return sm_attributes_find(attributes, key, &value) && value.type == SM_VALUE_INT ? value.integer : absent;
}

static void read_resource(struct sm_datadog_native *native, const struct sm_attributes *attributes, struct sm_arena *arena)
{
    struct sm_attribute_cursor cursor = sm_attributes_begin(attributes);
    struct sm_attribute attribute;
    struct sm_value value;
    while (sm_attributes_next(&cursor, &attribute))
        take_text(native, &attribute, arena);
    if (read_bool(attributes, SM_NATIVE_ENV_OF_SPANS))
        native->payload.env = (struct sm_slice){0};
    native->number = read_int(attributes, SM_NATIVE_CHUNK, 0);
    native->chunk.priority = (int32_t)read_int(attributes, SM_NATIVE_PRIORITY, SM_DATADOG_PRIORITY_NONE);
    native->chunk.is_dropped = read_bool(attributes, SM_NATIVE_IS_DROPPED);
    native->marks.has_top_level = read_bool(attributes, SM_NATIVE_HAS_TOP_LEVEL);
    native->marks.has_stats = read_bool(attributes, SM_NATIVE_HAS_STATS);
    if (sm_attributes_find(attributes, SM_NATIVE_DROPPED, &value) && value.type == SM_VALUE_DOUBLE)
        native->marks.dropped = value.number;
}

/* ---- spans */

static void read_links(struct sm_span *in, struct sm_arena *batch_arena, struct sm_arena *arena, struct sm_datadog_span *span)
{
    uint32_t count;
    struct sm_span_link *links = sm_span_links(in, batch_arena, &count);
    span->links = count ? sm_arena_zalloc(arena, count, sizeof(*span->links)) : NULL;
    for (uint32_t i = 0; i < count; i++) {
        if (links[i].dropped)
            continue;
        struct sm_datadog_link *link = &span->links[span->link_count++];
        link->trace_id = sm_datadog_otlp_id(links[i].trace_id);
        link->trace_id_high =
            links[i].trace_id.size == SM_TRACE_ID_SIZE ? sm_datadog_otlp_id(sm_slice_make(links[i].trace_id.ptr, SM_SPAN_ID_SIZE)) : 0;
        link->span_id = sm_datadog_otlp_id(links[i].span_id);
        link->trace_state = links[i].trace_state;
        struct sm_attribute_cursor cursor = sm_attributes_begin(&links[i].attributes);
        struct sm_attribute attribute;
        while (sm_attributes_next(&cursor, &attribute)) {
            if (attribute.value.type == SM_VALUE_INT && sm_slice_equal(attribute.key, SM_NATIVE_LINK_FLAGS))
                link->flags = (uint32_t)attribute.value.integer;
            else
                sm_datadog_map_set_text(&link->attributes, arena, attribute.key, sm_value_to_string(&attribute.value, arena));
        }
    }
}

struct fields {
    bool has_name, has_resource, has_type;
};

static bool take_field(struct fields *fields, const struct sm_attribute *attribute, struct sm_datadog_span *span)
{
    const struct {
        struct sm_slice key;
        bool *has;
        struct sm_slice *text;
    } rows[] = {
        {SM_NATIVE_NAME, &fields->has_name, &span->name},
        {SM_NATIVE_RESOURCE, &fields->has_resource, &span->resource},
        {SM_NATIVE_TYPE, &fields->has_type, &span->type},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (*rows[i].has || !sm_slice_equal(attribute->key, rows[i].key))
            continue;
        *rows[i].has = true;
        *rows[i].text = attribute->value.string;
        return true;
    }
    return false;
}

/* Types other than a tracer's were made on the way. */
static void take_attribute(struct fields *fields, const struct sm_attribute *attribute, struct sm_datadog_span *span, struct sm_arena *arena)
{
    switch (attribute->value.type) {
    case SM_VALUE_STRING:
        if (!take_field(fields, attribute, span))
            sm_datadog_map_set_text(&span->meta, arena, attribute->key, attribute->value.string);
        break;
    case SM_VALUE_DOUBLE:
        sm_datadog_map_set_number(&span->metrics, arena, attribute->key, attribute->value.number);
        break;
    case SM_VALUE_INT:
        if (sm_slice_equal(attribute->key, SM_NATIVE_ERROR))
            span->error = (int32_t)attribute->value.integer;
        else
            sm_datadog_map_set_number(&span->metrics, arena, attribute->key, (double)attribute->value.integer);
        break;
    case SM_VALUE_BYTES:
        sm_datadog_map_set_text(&span->meta_struct, arena, attribute->key, attribute->value.bytes);
        break;
    default:
        sm_datadog_map_set_text(&span->meta, arena, attribute->key, sm_value_to_string(&attribute->value, arena));
    }
}

static void read_span(struct sm_span *in, struct sm_slice service, struct sm_arena *batch_arena, struct sm_arena *arena, struct sm_datadog_span *span)
{
    struct fields fields = {0};
    *span = (struct sm_datadog_span){
        .service = service,
        .trace_id = sm_datadog_otlp_id(in->trace_id),
        .span_id = sm_datadog_otlp_id(in->span_id),
        .parent_id = sm_datadog_otlp_id(in->parent_span_id),
        .start_ns = (int64_t)in->start_ns,
        .duration_ns = (int64_t)(in->end_ns - in->start_ns),
        .error = in->status_code == SM_STATUS_ERROR,
    };
    struct sm_attribute_cursor cursor = sm_attributes_begin(&in->attributes);
    struct sm_attribute attribute;
    while (sm_datadog_otlp_next_attribute(&cursor, &attribute))
        take_attribute(&fields, &attribute, span, arena);
    struct sm_slice kind = sm_native_kind_name(in->kind);
    if (kind.size && sm_native_kind(sm_datadog_map_text(&span->meta, SM_NATIVE_KIND)) != in->kind)
        sm_datadog_map_set_text(&span->meta, arena, SM_NATIVE_KIND, kind);
    read_links(in, batch_arena, arena, span);
}

static struct sm_slice service_of(const struct sm_resource_group *group)
{
    struct sm_value value;
    bool is_there = sm_attributes_find(&group->resource.attributes, SM_NATIVE_SERVICE, &value) && value.type == SM_VALUE_STRING;
    return is_there ? value.string : (struct sm_slice){0};
}

static uint64_t first_trace_id(const struct sm_resource_group *group)
{
    for (size_t s = 0; s < group->count; s++)
        for (size_t i = 0; !group->scopes[s].dropped && i < group->scopes[s].count; i++)
            if (!group->scopes[s].spans[i].dropped)
                return sm_datadog_otlp_id(group->scopes[s].spans[i].trace_id);
    return 0;
}

static void read_group(struct sm_batch *batch, struct sm_resource_group *group, struct sm_arena *arena, struct sm_datadog_chunk *chunk,
                       size_t *capacity)
{
    struct sm_slice service = service_of(group);
    for (size_t s = 0; s < group->count; s++) {
        struct sm_scope_group *scope = &group->scopes[s];
        for (size_t i = 0; !scope->dropped && i < scope->count; i++) {
            if (scope->spans[i].dropped)
                continue;
            chunk->spans = sm_arena_grow(arena, chunk->spans, chunk->count, capacity, chunk->count + 1, sizeof(*chunk->spans));
            read_span(&scope->spans[i], service, &batch->arena, arena, &chunk->spans[chunk->count++]);
        }
    }
}

size_t sm_datadog_native_extent(const struct sm_batch *batch, size_t at, int64_t *number, int64_t *missing)
{
    uint64_t trace_id = first_trace_id(&batch->groups[at]);
    size_t end = at + 1;
    *number = read_int(&batch->groups[at].resource.attributes, SM_NATIVE_CHUNK, 0);
    *missing = read_int(&batch->groups[at].resource.attributes, SM_NATIVE_MISSING, 0);
    for (; end < batch->count; end++) {
        const struct sm_resource_group *group = &batch->groups[end];
        if (group->dropped)
            continue;
        if (!sm_datadog_is_native(group) || read_int(&group->resource.attributes, SM_NATIVE_CHUNK, -1) != *number ||
            first_trace_id(group) != trace_id)
            break;
    }
    return end - at;
}

void sm_datadog_native_read(struct sm_batch *batch, size_t at, size_t count, struct sm_arena *arena, struct sm_datadog_native *native)
{
    size_t capacity = 0;
    *native = (struct sm_datadog_native){0};
    read_resource(native, &batch->groups[at].resource.attributes, arena);
    for (size_t i = at; i < at + count; i++)
        if (!batch->groups[i].dropped)
            read_group(batch, &batch->groups[i], arena, &native->chunk, &capacity);
}
