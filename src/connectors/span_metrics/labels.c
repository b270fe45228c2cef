/* labels.c - building identities from spans: see labels.h. The hot path: one pass over the encoded attributes finds all named dimensions, and the
 * identity is written into one buffer that is used again. Reading identities back is in labels_show.c. */
#include "connectors/span_metrics/labels.h"

#include <stdlib.h>

#include "base/memory.h"
#include "config/gates.h"
#include "connectors/span_metrics/glob.h"
#include "connectors/span_metrics/labels_format.h"
#include "telemetry/batch.h"
#include "telemetry/span.h"
#include "telemetry/usual_attribute.h"
#include "wire/protobuf.h"

enum { SIZE_BIT_MAX = 63, RESOURCE_HASH_SIZE = sizeof(struct sm_hash128) };

struct found {
    struct sm_value *values; /* owned; parallel to the plan's names */
    bool *is_there;          /* owned */
};

/* Worker-local. */
struct sm_labels {
    const struct sm_label_plan *plan; /* borrowed */
    struct found span, event, resource;
    const struct sm_attributes *span_attributes, *event_attributes, *resource_attributes; /* borrowed: the batch */
    struct sm_slice span_name;
    uint8_t flags;
    struct sm_bytes key;       /* hash of the resource, service, then the span's part */
    size_t prefix_size;        /* of `key` up to and with the flags' place: what stays the same for a resource */
    struct sm_arena scratch;   /* texts of values that are not strings; emptied per span when used */
    struct sm_attribute *hits; /* owned: attributes that globs matched */
    size_t hit_count, hit_capacity;
};

/* ---- the plan */

static uint32_t plan_name(struct sm_label_plan *plan, struct sm_slice name)
{
    for (size_t i = 0; i < plan->name_count; i++)
        if (sm_slice_equal(plan->names[i], name))
            return (uint32_t)i;
    plan->names[plan->name_count] = name;
    plan->sizes |= UINT64_C(1) << (name.size < SIZE_BIT_MAX ? name.size : SIZE_BIT_MAX);
    return (uint32_t)plan->name_count++;
}

static void plan_part(struct sm_label_plan *plan, struct sm_label_part *part, const struct sm_table_list *list, struct sm_arena *arena)
{
    const struct sm_span_metrics_dimension_options *dimensions = list->items;
    part->named = sm_arena_zalloc(arena, list->count, sizeof(*part->named));
    part->globs = sm_arena_zalloc(arena, list->count, sizeof(*part->globs));
    for (size_t i = 0; i < list->count; i++) {
        if (*dimensions[i].glob) {
            part->globs[part->glob_count++] = sm_glob_compile(sm_slice_of(dimensions[i].glob), arena);
            plan->has_globs = true;
            continue;
        }
        part->named[part->named_count++] = (struct sm_label_dimension){
            .name = plan_name(plan, sm_slice_of(dimensions[i].name)),
            .has_preset = dimensions[i].has_preset,
            .preset = sm_slice_of(dimensions[i].preset),
        };
    }
}

struct sm_label_plan *sm_label_plan_create(const struct sm_span_metrics_options *options, struct sm_arena *arena)
{
    struct sm_label_plan *plan = sm_arena_zalloc(arena, 1, sizeof(*plan));
    const struct sm_table_list *own[] = {
        [SM_LABELS_CALLS] = &options->calls_dimensions,
        [SM_LABELS_DURATION] = &options->histogram.dimensions,
        [SM_LABELS_EVENTS] = &options->events.dimensions,
    };
    size_t count = 1 + options->dimensions.count;
    for (size_t i = 0; i < SM_LABELS_FAMILY_COUNT; i++)
        count += own[i]->count;
    plan->options = options;
    plan->names = sm_arena_zalloc(arena, count, sizeof(*plan->names));
    plan_name(plan, SM_SLICE("service.name"));
    plan_part(plan, &plan->common, &options->dimensions, arena);
    for (size_t i = 0; i < SM_LABELS_FAMILY_COUNT; i++)
        plan_part(plan, &plan->own[i], own[i], arena);
    const struct sm_string_list *excluded = &options->exclude_dimensions;
    plan->uses_otel_status = sm_gate_is_on(SM_GATE_SPANMETRICS_OTEL_STATUS);
    plan->has_service = !sm_span_metrics_list_has(excluded, SM_SLICE("service.name"));
    plan->has_span_name = !sm_span_metrics_list_has(excluded, SM_SLICE("span.name"));
    plan->has_kind = !sm_span_metrics_list_has(excluded, SM_SLICE("span.kind"));
    plan->has_status = !sm_span_metrics_list_has(excluded, plan->uses_otel_status ? SM_SLICE("otel.status_code") : SM_SLICE("status.code"));
    plan->has_instance =
        sm_gate_is_on(SM_GATE_SPANMETRICS_COLLECTOR_INSTANCE) && !sm_span_metrics_list_has(excluded, SM_SLICE("collector.instance.id"));
    plan->has_method = options->enable_metrics_sampling_method;
    plan->has_service_in_identity = plan->has_service && options->resource_metrics_key_attributes.count;
    return plan;
}

/* ---- finding the named attributes */

static void found_init(struct found *found, size_t count)
{
    found->values = sm_alloc(count, sizeof(*found->values));
    found->is_there = sm_alloc(count, sizeof(*found->is_there));
}

static void found_deinit(struct found *found)
{
    free(found->values);
    free(found->is_there);
}

static bool is_wanted_size(const struct sm_label_plan *plan, size_t size)
{
    return plan->sizes >> (size < SIZE_BIT_MAX ? size : SIZE_BIT_MAX) & 1;
}

/* The wanted name (those from `first` on are) that is `key` and has not been found; name_count: none. */
static inline size_t wanted_name(const struct sm_label_plan *plan, size_t first, const struct found *found, struct sm_slice key)
{
    for (size_t i = first; i < plan->name_count; i++)
        if (plan->names[i].size == key.size && !found->is_there[i] && memcmp(plan->names[i].ptr, key.ptr, key.size) == 0)
            return i;
    return plan->name_count;
}

/* Notes the value under its name; true when that is a wanted one. */
static bool note(const struct sm_label_plan *plan, size_t first, struct found *found, const struct sm_attribute *attribute)
{
    size_t name = attribute->key.size ? wanted_name(plan, first, found, attribute->key) : plan->name_count;
    if (name == plan->name_count)
        return false;
    found->values[name] = attribute->value;
    found->is_there[name] = true;
    return true;
}

/* `first`: 0 for a resource; 1 for spans and events, whose service.name means nothing. */
static void find_names(const struct sm_label_plan *plan, size_t first, const struct sm_attributes *attributes, struct found *found)
{
    memset(found->is_there, 0, plan->name_count);
    if (!sm_attributes_are_encoded(attributes)) {
        struct sm_attribute attribute;
        for (struct sm_attribute_cursor cursor = sm_attributes_begin(attributes); sm_attributes_next(&cursor, &attribute);)
            note(plan, first, found, &attribute);
        return;
    }
    size_t missing = plan->name_count - first;
    const char *end = attributes->raw.ptr + attributes->raw.size;
    char tag = sm_attributes_tag(attributes);
    struct sm_attribute_cursor cursor = sm_attributes_begin(attributes);
    while (missing && cursor.at && cursor.at < end) {
        struct sm_usual_attribute usual = sm_usual_attribute_read(cursor.at, end, tag);
        if (usual.size) {
            size_t name = is_wanted_size(plan, usual.key.size) ? wanted_name(plan, first, found, usual.key) : plan->name_count;
            if (name == plan->name_count) {
                cursor.at += usual.size;
                continue;
            }
            if (sm_usual_value_read(usual.value, &found->values[name])) {
                found->is_there[name] = true;
                missing--;
                cursor.at += usual.size;
                continue;
            }
        }
        struct sm_attribute attribute;
        if (!sm_attributes_next(&cursor, &attribute))
            return;
        if (note(plan, first, found, &attribute))
            missing--;
    }
}

/* ---- texts */

static size_t write_integer(char *text, int64_t integer)
{
    char digits[20];
    size_t count = 0, size = 0;
    uint64_t rest = integer < 0 ? 0 - (uint64_t)integer : (uint64_t)integer;
    do {
        digits[count++] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest);
    if (integer < 0)
        text[size++] = '-';
    while (count)
        text[size++] = digits[--count];
    return size;
}

/* The string form of a value; integers are written to `digits`. */
static struct sm_slice text_of(struct sm_labels *labels, const struct sm_value *value, char digits[24])
{
    if (value->type == SM_VALUE_STRING)
        return value->string;
    if (value->type == SM_VALUE_INT)
        return sm_slice_make(digits, write_integer(digits, value->integer));
    return sm_value_to_string(value, &labels->scratch);
}

static inline char *reserve(struct sm_bytes *out, size_t more)
{
    return out->capacity - out->size >= more ? out->ptr + out->size : sm_bytes_reserve(out, more);
}

static void append_sized(struct sm_bytes *out, struct sm_slice text)
{
    char *at = reserve(out, text.size + SM_LABELS_VARINT_MAX);
    char *start = at;
    at += sm_proto_varint_write(at, text.size);
    if (text.size)
        memcpy(at, text.ptr, text.size);
    out->size += (size_t)(at - start) + text.size;
}

static void append_varint(struct sm_bytes *out, size_t value)
{
    char *at = reserve(out, SM_LABELS_VARINT_MAX);
    out->size += sm_proto_varint_write(at, value);
}

/* ---- values of a span */

static const struct sm_value *value_of(const struct sm_labels *labels, uint32_t name)
{
    if (labels->span.is_there[name])
        return &labels->span.values[name];
    if (labels->event_attributes && labels->event.is_there[name])
        return &labels->event.values[name];
    return labels->resource.is_there[name] ? &labels->resource.values[name] : NULL;
}

static bool is_there(const struct sm_attributes *attributes, struct sm_slice key)
{
    struct sm_value value;
    return attributes && sm_attributes_find(attributes, key, &value);
}

static bool matches_any(const struct sm_label_part *part, struct sm_slice key)
{
    for (size_t i = 0; i < part->glob_count; i++)
        if (sm_glob_match(part->globs[i], key))
            return true;
    return false;
}

static int compare_hits(const void *a, const void *b)
{
    return sm_slice_compare(((const struct sm_attribute *)a)->key, ((const struct sm_attribute *)b)->key);
}

/* Appends what the part's globs match of `attributes` and is not in one of the sets before it. */
static void match_globs(struct sm_labels *labels, const struct sm_label_part *part, const struct sm_attributes *attributes,
                        const struct sm_attributes *before, const struct sm_attributes *before_that)
{
    struct sm_attribute attribute;
    for (struct sm_attribute_cursor cursor = sm_attributes_begin(attributes); sm_attributes_next(&cursor, &attribute);) {
        if (!matches_any(part, attribute.key) || is_there(before, attribute.key) || is_there(before_that, attribute.key))
            continue;
        if (labels->hit_count == labels->hit_capacity) {
            labels->hit_capacity = labels->hit_capacity ? labels->hit_capacity * 2 : 16;
            labels->hits = sm_realloc(labels->hits, labels->hit_capacity, sizeof(*labels->hits));
        }
        labels->hits[labels->hit_count++] = attribute;
    }
}

/* The attributes that globs pick, in the reference's order: those of the span by name, then those of the event and the resource by name. */
static void collect_hits(struct sm_labels *labels, const struct sm_label_part *part)
{
    labels->hit_count = 0;
    if (part->glob_count == 0)
        return;
    match_globs(labels, part, labels->span_attributes, NULL, NULL);
    size_t of_span = labels->hit_count;
    if (of_span)
        qsort(labels->hits, of_span, sizeof(*labels->hits), compare_hits);
    if (labels->event_attributes)
        match_globs(labels, part, labels->event_attributes, labels->span_attributes, NULL);
    match_globs(labels, part, labels->resource_attributes, labels->span_attributes, labels->event_attributes);
    if (labels->hit_count > of_span)
        qsort(labels->hits + of_span, labels->hit_count - of_span, sizeof(*labels->hits), compare_hits);
}

/* `before`: named dimensions of the lists before this one. */
static void append_part(struct sm_labels *labels, const struct sm_label_part *part, size_t before)
{
    char digits[24];
    for (size_t i = 0; i < part->named_count; i++) {
        const struct sm_label_dimension *dimension = &part->named[i];
        const struct sm_value *value = value_of(labels, dimension->name);
        if (!value && !dimension->has_preset)
            continue;
        append_varint(&labels->key, before + i + 1);
        append_sized(&labels->key, value ? text_of(labels, value, digits) : dimension->preset);
    }
    collect_hits(labels, part);
    for (size_t i = 0; i < labels->hit_count; i++) {
        append_varint(&labels->key, 0);
        append_sized(&labels->key, labels->hits[i].key);
        append_sized(&labels->key, text_of(labels, &labels->hits[i].value, digits));
    }
}

/* ---- the interface */

struct sm_labels *sm_labels_create(const struct sm_label_plan *plan)
{
    struct sm_labels *labels = sm_alloc(1, sizeof(*labels));
    labels->plan = plan;
    found_init(&labels->span, plan->name_count);
    found_init(&labels->event, plan->name_count);
    found_init(&labels->resource, plan->name_count);
    return labels;
}

void sm_labels_free(struct sm_labels *labels)
{
    found_deinit(&labels->span);
    found_deinit(&labels->event);
    found_deinit(&labels->resource);
    sm_bytes_deinit(&labels->key);
    sm_arena_deinit(&labels->scratch);
    free(labels->hits);
    free(labels);
}

bool sm_labels_set_resource(struct sm_labels *labels, const struct sm_attributes *attributes, struct sm_hash128 hash)
{
    find_names(labels->plan, 0, attributes, &labels->resource);
    if (!labels->resource.is_there[0])
        return false;
    labels->resource_attributes = attributes;
    labels->event_attributes = NULL;
    labels->key.size = 0;
    sm_bytes_append(&labels->key, &hash, sizeof(hash));
    sm_bytes_append_char(&labels->key, '\0'); /* the flags' place */
    if (labels->plan->has_service_in_identity) {
        const struct sm_value *service = &labels->resource.values[0];
        append_sized(&labels->key, service->type == SM_VALUE_STRING ? service->string : (struct sm_slice){0});
    }
    labels->prefix_size = labels->key.size;
    return true;
}

void sm_labels_set_span(struct sm_labels *labels, const struct sm_span *span, bool is_adjusted)
{
    const struct sm_label_plan *plan = labels->plan;
    if (sm_arena_reserved_bytes(&labels->scratch))
        sm_arena_deinit(&labels->scratch);
    if (plan->name_count > 1)
        find_names(plan, 1, &span->attributes, &labels->span);
    labels->span_attributes = &span->attributes;
    labels->event_attributes = NULL;
    labels->span_name = plan->has_span_name ? span->name : (struct sm_slice){0};
    unsigned kind = !plan->has_kind ? 0 : span->kind >= 0 && span->kind <= SM_SPAN_KIND_CONSUMER ? (unsigned)span->kind : SM_LABELS_KIND_UNKNOWN;
    unsigned status = !plan->has_status                                                ? 0
                      : span->status_code >= 0 && span->status_code <= SM_STATUS_ERROR ? (unsigned)span->status_code
                                                                                       : SM_LABELS_STATUS_UNKNOWN;
    labels->flags = (uint8_t)(kind | status << SM_LABELS_STATUS_SHIFT | (unsigned)(plan->has_method && is_adjusted) << SM_LABELS_METHOD_SHIFT);
}

void sm_labels_set_event(struct sm_labels *labels, const struct sm_attributes *attributes)
{
    labels->event_attributes = attributes;
    if (attributes)
        find_names(labels->plan, 1, attributes, &labels->event);
}

struct sm_hash128 sm_labels_identify(struct sm_labels *labels, enum sm_label_family family, struct sm_slice *identity)
{
    struct sm_bytes *key = &labels->key;
    key->size = labels->prefix_size;
    key->ptr[RESOURCE_HASH_SIZE] = (char)labels->flags;
    append_sized(key, labels->span_name);
    append_part(labels, &labels->plan->common, 0);
    append_part(labels, &labels->plan->own[family], labels->plan->common.named_count);
    *identity = sm_slice_make(key->ptr + RESOURCE_HASH_SIZE, key->size - RESOURCE_HASH_SIZE);
    return sm_hash128(sm_hash_secret(), sm_bytes_slice(key));
}

struct sm_hash128 sm_labels_hash(struct sm_hash128 resource, struct sm_slice identity)
{
    struct sm_bytes key = {0};
    sm_bytes_append(&key, &resource, sizeof(resource));
    sm_bytes_append_slice(&key, identity);
    struct sm_hash128 hash = sm_hash128(sm_hash_secret(), sm_bytes_slice(&key));
    sm_bytes_deinit(&key);
    return hash;
}

struct sm_hash128 sm_labels_overflow(struct sm_hash128 resource)
{
    return sm_hash128(sm_hash_secret(), sm_slice_make(&resource, sizeof(resource)));
}

/* ---- the tail */

static void append_type(struct sm_labels *labels, const struct sm_value *value, struct sm_bytes *out)
{
    sm_bytes_append_char(out, (char)value->type);
    if (value->type == SM_VALUE_DOUBLE)
        sm_bytes_append(out, &value->number, sizeof(value->number));
    else if (value->type == SM_VALUE_LIST || value->type == SM_VALUE_MAP || value->type == SM_VALUE_BYTES)
        append_sized(out, sm_value_encode(value, &labels->scratch));
}

static void append_part_types(struct sm_labels *labels, const struct sm_label_part *part, struct sm_bytes *out)
{
    for (size_t i = 0; i < part->named_count; i++) {
        const struct sm_value *value = value_of(labels, part->named[i].name);
        if (value)
            append_type(labels, value, out);
        else if (part->named[i].has_preset)
            sm_bytes_append_char(out, SM_VALUE_STRING);
    }
    collect_hits(labels, part);
    for (size_t i = 0; i < labels->hit_count; i++)
        append_type(labels, &labels->hits[i].value, out);
}

void sm_labels_append_tail(struct sm_labels *labels, enum sm_label_family family, const struct sm_scope *scope, struct sm_bytes *out)
{
    const struct sm_span_metrics_options *options = labels->plan->options;
    bool has_scope = scope->name.size && sm_span_metrics_list_has(&options->include_instrumentation_scope, scope->name);
    append_sized(out, has_scope ? scope->name : (struct sm_slice){0});
    if (has_scope)
        append_sized(out, scope->version);
    append_part_types(labels, &labels->plan->common, out);
    append_part_types(labels, &labels->plan->own[family], out);
}

/* ---- counting distinct values */

size_t sm_labels_dimension_count(const struct sm_label_plan *plan)
{
    return plan->name_count;
}

struct sm_slice sm_labels_dimension_name(const struct sm_label_plan *plan, size_t index)
{
    return index ? plan->names[index] : SM_SLICE("span.name");
}

bool sm_labels_dimension_text(struct sm_labels *labels, size_t index, struct sm_slice *text)
{
    static _Thread_local char digits[24];
    if (index == 0) {
        *text = labels->span_name;
        return true;
    }
    const struct sm_value *value = value_of(labels, (uint32_t)index);
    if (value)
        *text = text_of(labels, value, digits);
    return value != NULL;
}
