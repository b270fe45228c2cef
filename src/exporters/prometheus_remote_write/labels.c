/* labels.c - see labels.h. Every source offers candidates; they are sorted by name and rank, and of each name the winner is taken:
 *     external label < attributes (equal names share their values, joined by semicolons) < job and instance < scope < __name__
 * State: the maker's array, used again for each point, and the order of the names of the point before. */
#include "exporters/prometheus_remote_write/labels.h"

#include <stdlib.h>

enum rank { RANK_EXTERNAL, RANK_ATTRIBUTE, RANK_RESOURCE_ATTRIBUTE, RANK_TARGET, RANK_SCOPE, RANK_NAME };

struct sm_write_candidate {
    struct sm_slice name, key, value; /* key: of attributes, before it became a name */
    enum rank rank;
    uint32_t index;
};

static const struct sm_slice name_label = {.ptr = "__name__", .size = 8};

bool sm_write_is_service_attribute(struct sm_slice key)
{
    return sm_slice_is(key, "service.name") || sm_slice_is(key, "service.namespace") || sm_slice_is(key, "service.instance.id");
}

struct sm_prometheus_label_namer sm_write_label_namer(const struct sm_write_settings *settings, bool is_of_series)
{
    return (struct sm_prometheus_label_namer){.keeps_utf8 = settings->keeps_utf8,
                                              .collapses_underscores = is_of_series || settings->permissive_labels,
                                              .marks_leading_underscore = is_of_series && !settings->permissive_labels};
}

/* ---- the resource */

static struct sm_slice find_text(const struct sm_attributes *attributes, const char *key, struct sm_arena *arena, bool *is_there)
{
    struct sm_value value;
    *is_there = sm_attributes_find(attributes, sm_slice_of(key), &value);
    return *is_there ? sm_value_to_string(&value, arena) : (struct sm_slice){0};
}

void sm_write_label_maker_set_resource(struct sm_write_label_maker *maker, const struct sm_attributes *resource)
{
    bool is_there;
    maker->resource = resource;
    maker->job = find_text(resource, "service.name", maker->arena, &is_there);
    maker->instance = find_text(resource, "service.instance.id", maker->arena, &is_there);
    struct sm_slice name_space = find_text(resource, "service.namespace", maker->arena, &is_there);
    if (maker->job.size && is_there)
        maker->job = sm_slice_of(sm_arena_printf(maker->arena, "%.*s/%.*s", SM_SLICE_ARGS(name_space), SM_SLICE_ARGS(maker->job)));
}

void sm_write_label_maker_renew(struct sm_write_label_maker *maker)
{
    maker->_candidates = NULL;
    maker->_count = maker->_capacity = maker->_order.count = 0;
    memset(maker->_names, 0, sizeof(maker->_names));
    sm_write_label_maker_set_resource(maker, maker->resource);
}

/* ---- candidates */

/* The key is left to those that have one. */
static struct sm_write_candidate *offer(struct sm_write_label_maker *maker, enum rank rank, struct sm_slice name, struct sm_slice value)
{
    maker->_candidates =
        sm_arena_grow(maker->arena, maker->_candidates, maker->_count, &maker->_capacity, maker->_count + 1, sizeof(*maker->_candidates));
    struct sm_write_candidate *candidate = &maker->_candidates[maker->_count];
    *candidate = (struct sm_write_candidate){.name = name, .value = value, .rank = rank, .index = (uint32_t)maker->_count};
    maker->_count++;
    return candidate;
}

static bool is_made(const struct sm_write_made_name *made, const struct sm_prometheus_label_namer *namer, struct sm_slice label)
{
    return made->collapses_underscores == namer->collapses_underscores && made->marks_leading_underscore == namer->marks_leading_underscore &&
           made->name.ptr && sm_slice_equal(made->label, label);
}

/* One point has the attributes of the one before, in their order, as a rule: their names are made once. */
static bool make_name(struct sm_write_label_maker *maker, const struct sm_prometheus_label_namer *namer, struct sm_slice label, struct sm_slice *name)
{
    struct sm_write_made_name *made = &maker->_names[maker->_count % SM_WRITE_MADE_NAMES];
    struct sm_bytes out;
    if (!is_made(made, namer, label)) {
        sm_bytes_init(&out, maker->arena);
        made->is_usable = sm_prometheus_label_name(namer, label, &out);
        made->label = label;
        made->name = sm_bytes_slice(&out);
        made->collapses_underscores = namer->collapses_underscores;
        made->marks_leading_underscore = namer->marks_leading_underscore;
    }
    *name = made->name;
    return made->is_usable;
}

/* Empty values take part, because one of the resource takes the place of the point's own; they never become labels. */
static bool offer_attributes(struct sm_write_label_maker *maker, enum rank rank, const struct sm_prometheus_label_namer *namer,
                             const struct sm_attributes *attributes, bool without_service)
{
    struct sm_attribute_cursor cursor = sm_attributes_begin(attributes);
    struct sm_attribute attribute;
    while (sm_attributes_next(&cursor, &attribute)) {
        if (without_service && sm_write_is_service_attribute(attribute.key))
            continue;
        struct sm_slice value = sm_value_to_string(&attribute.value, maker->arena), name;
        if (make_name(maker, namer, attribute.key, &name))
            offer(maker, rank, name, value)->key = attribute.key;
        else if (value.size)
            return false;
    }
    return true;
}

static void offer_scope(struct sm_write_label_maker *maker, const struct sm_prometheus_label_namer *namer, const struct sm_scope *scope)
{
    if (scope->name.size)
        offer(maker, RANK_SCOPE, SM_SLICE("otel_scope_name"), scope->name);
    if (scope->version.size)
        offer(maker, RANK_SCOPE, SM_SLICE("otel_scope_version"), scope->version);
    struct sm_attribute_cursor cursor = sm_attributes_begin(&scope->attributes);
    struct sm_attribute attribute;
    while (sm_attributes_next(&cursor, &attribute)) {
        if (sm_slice_is(attribute.key, "name") || sm_slice_is(attribute.key, "version") || sm_slice_is(attribute.key, "schema_url"))
            continue;
        struct sm_slice label = sm_slice_of(sm_arena_printf(maker->arena, "otel_scope_%.*s", SM_SLICE_ARGS(attribute.key))), name;
        if (make_name(maker, namer, label, &name))
            offer(maker, RANK_SCOPE, name, sm_value_to_string(&attribute.value, maker->arena));
    }
}

static void offer_the_rest(struct sm_write_label_maker *maker, struct sm_slice metric_name)
{
    const struct sm_write_labels *external = &maker->settings->external_labels;
    if (maker->job.size)
        offer(maker, RANK_TARGET, SM_SLICE("job"), maker->job);
    if (maker->instance.size)
        offer(maker, RANK_TARGET, SM_SLICE("instance"), maker->instance);
    for (size_t i = 0; i < external->count; i++)
        offer(maker, RANK_EXTERNAL, external->items[i].name, external->items[i].value);
    if (metric_name.size)
        offer(maker, RANK_NAME, name_label, metric_name);
}

/* ---- choosing */

static enum rank source(enum rank rank)
{
    return rank == RANK_RESOURCE_ATTRIBUTE ? RANK_ATTRIBUTE : rank;
}

static int compare(const void *left, const void *right)
{
    const struct sm_write_candidate *a = left, *b = right;
    int order = sm_slice_compare(a->name, b->name);
    if (order == 0 && source(a->rank) != source(b->rank))
        return source(a->rank) < source(b->rank) ? -1 : 1;
    if (order == 0)
        order = sm_slice_compare(a->key, b->key);
    if (order == 0 && a->rank != b->rank)
        return a->rank < b->rank ? -1 : 1;
    return order ? order : (a->index > b->index) - (a->index < b->index);
}

static void sort_candidates(struct sm_write_candidate *candidates, size_t count)
{
    enum { SMALL = 32 };
    if (count > SMALL) {
        qsort(candidates, count, sizeof(*candidates), compare);
        return;
    }
    for (size_t i = 1; i < count; i++) {
        struct sm_write_candidate candidate = candidates[i];
        size_t at = i;
        for (; at > 0 && compare(&candidates[at - 1], &candidate) > 0; at--)
            candidates[at] = candidates[at - 1];
        candidates[at] = candidate;
    }
}

/* A point's attribute whose place one of the resource has taken. */
static bool is_replaced(const struct sm_write_candidate *candidate, const struct sm_write_candidate *end)
{
    if (candidate->rank != RANK_ATTRIBUTE)
        return false;
    for (const struct sm_write_candidate *next = candidate + 1; next < end && sm_slice_equal(next->key, candidate->key); next++)
        if (next->rank == RANK_RESOURCE_ATTRIBUTE)
            return true;
    return false;
}

/* The values of the attributes in [at, end), which share a name. Empty: no label. */
static struct sm_slice join_values(struct sm_arena *arena, const struct sm_write_candidate *at, const struct sm_write_candidate *end)
{
    struct sm_slice first = {0};
    struct sm_bytes joined;
    sm_bytes_init(&joined, arena);
    for (; at < end; at++) {
        if (source(at->rank) != RANK_ATTRIBUTE || !at->value.size || is_replaced(at, end))
            continue;
        if (!first.size) {
            first = at->value;
        } else if (!sm_slice_equal(joined.size ? sm_bytes_slice(&joined) : first, at->value)) {
            if (!joined.size)
                sm_bytes_append_slice(&joined, first);
            sm_bytes_append_char(&joined, ';');
            sm_bytes_append_slice(&joined, at->value);
        }
    }
    return joined.size ? sm_bytes_slice(&joined) : first;
}

/* False: none of them becomes a label. */
static bool choose(struct sm_arena *arena, const struct sm_write_candidate *at, const struct sm_write_candidate *end, struct sm_slice *value)
{
    const struct sm_write_candidate *last = end - 1;
    *value = last->value;
    if (source(last->rank) != RANK_ATTRIBUTE)
        return true;
    *value = join_values(arena, at, end);
    if (!value->size && at->rank == RANK_EXTERNAL)
        *value = at->value;
    return value->size > 0;
}

/* ---- the order of the point before */

/* Are the names the very same? Names that were made once are told by where they stand. */
static bool has_known_order(const struct sm_write_label_maker *maker)
{
    const struct sm_write_order *order = &maker->_order;
    if (order->count != maker->_count || order->count == 0)
        return false;
    for (size_t i = 0; i < order->count; i++)
        if (order->items[i].name.ptr != maker->_candidates[i].name.ptr || order->items[i].name.size != maker->_candidates[i].name.size)
            return false;
    return true;
}

static void finish_in_known_order(struct sm_write_label_maker *maker, struct sm_prometheus_pair *items, struct sm_write_base *labels)
{
    size_t count = 0;
    struct sm_hash128 hash = {0};
    for (size_t i = 0; i < maker->_count; i++) {
        const struct sm_write_ordered *ordered = &maker->_order.items[i];
        const struct sm_write_candidate *candidate = &maker->_candidates[ordered->from];
        if (!candidate->value.size && source(candidate->rank) == RANK_ATTRIBUTE)
            continue;
        items[count++] = (struct sm_prometheus_pair){.name = candidate->name, .value = candidate->value};
        sm_write_add_hash(&hash, sm_write_hash_value(ordered->name_hash, candidate->value));
    }
    *labels = (struct sm_write_base){.labels = {.items = items, .count = count}, .hash = hash};
}

/* The candidates are sorted. */
static void note_order(struct sm_write_label_maker *maker)
{
    struct sm_write_order *order = &maker->_order;
    const struct sm_write_candidate *candidates = maker->_candidates;
    order->count = 0;
    if (maker->_count > SM_WRITE_MADE_NAMES)
        return;
    for (size_t i = 0; i < maker->_count; i++) {
        if (i > 0 && sm_slice_equal(candidates[i - 1].name, candidates[i].name))
            return;
        order->items[i].from = candidates[i].index;
        order->items[i].name_hash = sm_write_hash_name(candidates[i].name);
        order->items[candidates[i].index].name = candidates[i].name;
    }
    order->count = maker->_count;
}

static void finish(struct sm_write_label_maker *maker, struct sm_write_base *labels)
{
    struct sm_write_candidate *candidates = maker->_candidates, *end = candidates + maker->_count;
    struct sm_prometheus_pair *items = sm_arena_alloc(maker->arena, maker->_count * sizeof(*items));
    size_t count = 0;
    if (has_known_order(maker)) {
        finish_in_known_order(maker, items, labels);
        return;
    }
    sort_candidates(candidates, maker->_count);
    note_order(maker);
    for (struct sm_write_candidate *at = candidates, *next; at < end; at = next) {
        for (next = at + 1; next < end && sm_slice_equal(next->name, at->name);)
            next++;
        struct sm_slice value;
        if (choose(maker->arena, at, next, &value))
            items[count++] = (struct sm_prometheus_pair){.name = at->name, .value = value};
    }
    *labels = sm_write_make_base((struct sm_write_labels){.items = items, .count = count});
}

bool sm_write_make_labels(struct sm_write_label_maker *maker, const struct sm_attributes *attributes, const struct sm_scope *scope,
                          struct sm_slice name, struct sm_write_base *labels)
{
    const struct sm_write_settings *settings = maker->settings;
    struct sm_prometheus_label_namer namer = sm_write_label_namer(settings, true);
    maker->_count = 0;
    if (!offer_attributes(maker, RANK_ATTRIBUTE, &namer, attributes, false))
        return false;
    if (settings->resource_to_telemetry &&
        !offer_attributes(maker, RANK_RESOURCE_ATTRIBUTE, &namer, maker->resource, settings->excludes_service_attributes))
        return false;
    if (settings->with_scope_info)
        offer_scope(maker, &namer, scope);
    offer_the_rest(maker, name);
    finish(maker, labels);
    return true;
}

bool sm_write_make_target_labels(struct sm_write_label_maker *maker, struct sm_slice name, struct sm_write_base *labels)
{
    struct sm_prometheus_label_namer namer = sm_write_label_namer(maker->settings, maker->settings->is_version_2);
    maker->_count = 0;
    if (!offer_attributes(maker, RANK_ATTRIBUTE, &namer, maker->resource, true))
        return false;
    offer_the_rest(maker, name);
    finish(maker, labels);
    return true;
}
