/* labels.c - the labels of series and of target_info.
 *
 * State: the page's table of names made so far. Source: exporter/prometheusexporter/collector.go (getMetricMetadata, createTargetInfoMetrics),
 * client_golang desc.go (what a label may be called). */
#include <stdlib.h>

#include "base/memory.h"
#include "base/utf8.h"
#include "prometheus/name.h"
#include "prometheus/page.h"

static const struct sm_slice scope_name = {.ptr = "otel_scope_name", .size = 15};
static const struct sm_slice scope_version = {.ptr = "otel_scope_version", .size = 18};
static const struct sm_slice scope_schema_url = {.ptr = "otel_scope_schema_url", .size = 21};
static const struct sm_slice job = {.ptr = "job", .size = 3};
static const struct sm_slice instance = {.ptr = "instance", .size = 8};
static const struct sm_slice reserved_prefix = {.ptr = "__", .size = 2};

/* ---- names */

struct made_name {
    struct sm_prometheus_entry entry;
    const struct sm_prometheus_text *key;
    bool is_of_scope;
    bool is_usable;
    struct sm_slice name;
};

static bool is_made_name(const struct sm_prometheus_entry *entry, const void *wanted)
{
    const struct made_name *made = (const struct made_name *)entry, *key = wanted;
    return made->key == key->key && made->is_of_scope == key->is_of_scope;
}

static void make_name(struct sm_prometheus_page *page, struct made_name *made)
{
    const struct sm_prometheus_options *options = page->set->options;
    struct sm_prometheus_label_namer namer = {.keeps_utf8 = options->keeps_utf8, .collapses_underscores = options->collapses_underscores};
    struct sm_bytes name, prefixed;
    sm_bytes_init(&name, &page->arena);
    sm_bytes_init(&prefixed, &page->arena);
    if (made->is_of_scope)
        sm_bytes_append_text(&prefixed, "otel_scope_");
    sm_bytes_append_slice(&prefixed, sm_prometheus_text_slice(made->key));
    made->is_usable = sm_prometheus_label_name(&namer, sm_bytes_slice(&prefixed), &name);
    made->name = sm_bytes_slice(&name);
}

/* NULL: the attribute cannot be a label. The same text gives the same slice. */
static const struct sm_slice *label_name(struct sm_prometheus_page *page, const struct sm_prometheus_text *key, bool is_of_scope)
{
    struct made_name wanted = {.key = key, .is_of_scope = is_of_scope};
    struct made_name *made = (struct made_name *)sm_prometheus_table_find(&page->names, key->entry.hash, is_made_name, &wanted);
    if (!made) {
        made = sm_arena_zalloc(&page->arena, 1, sizeof(*made));
        *made = wanted;
        made->entry.hash = key->entry.hash;
        make_name(page, made);
        sm_prometheus_table_insert(&page->names, &made->entry);
    }
    return made->is_usable ? &made->name : NULL;
}

/* ---- checks */

static void sort_labels(struct sm_prometheus_label *labels, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        struct sm_prometheus_label label = labels[i];
        size_t at = i;
        for (; at > 0 && sm_slice_compare(*labels[at - 1].name, *label.name) > 0; at--)
            labels[at] = labels[at - 1];
        labels[at] = label;
    }
}

/* Sorts by name; false when two names are equal or a value is no UTF-8. */
static bool finish_labels(struct sm_prometheus_label *labels, size_t count, const char **reason)
{
    sort_labels(labels, count);
    for (size_t i = 0; i < count; i++) {
        *reason = NULL;
        if (!sm_prometheus_is_name(*labels[i].name) || sm_slice_starts_with(*labels[i].name, reserved_prefix))
            *reason = "not a valid label name";
        else if (i > 0 && sm_slice_equal(*labels[i - 1].name, *labels[i].name))
            *reason = "duplicate label names";
        else if (!sm_utf8_is_sound(sm_prometheus_text_slice(labels[i].value)))
            *reason = "a label value is not valid utf8";
        if (*reason)
            return false;
    }
    return true;
}

/* ---- a series */

static void put(struct sm_prometheus_sample *sample, struct sm_prometheus_label *labels, const struct sm_slice *name,
                const struct sm_prometheus_text *value)
{
    labels[sample->label_count++] = (struct sm_prometheus_label){.name = name, .value = value};
}

/* Attributes at `from` and behind. False: one of them has no usable name. */
static bool put_attributes(struct sm_prometheus_page *page, struct sm_prometheus_sample *sample, struct sm_prometheus_label *labels,
                           const struct sm_prometheus_tuple *tuple, size_t from, bool is_of_scope)
{
    for (size_t i = from; i + 1 < tuple->count; i += 2) {
        struct sm_slice key = sm_prometheus_text_slice(tuple->texts[i]);
        if (is_of_scope && (sm_slice_is(key, "name") || sm_slice_is(key, "version") || sm_slice_is(key, "schema_url")))
            continue;
        const struct sm_slice *name = label_name(page, tuple->texts[i], is_of_scope);
        if (!name)
            return false;
        put(sample, labels, name, tuple->texts[i + 1]);
    }
    return true;
}

static bool put_scope(struct sm_prometheus_page *page, struct sm_prometheus_sample *sample, struct sm_prometheus_label *labels)
{
    const struct sm_prometheus_tuple *scope = sample->series->scope;
    put(sample, labels, &scope_name, scope->texts[SM_SCOPE_NAME_AT]);
    put(sample, labels, &scope_version, scope->texts[SM_SCOPE_VERSION_AT]);
    put(sample, labels, &scope_schema_url, scope->texts[SM_SCOPE_SCHEMA_AT]);
    return put_attributes(page, sample, labels, scope, SM_SCOPE_ATTRIBUTES_AT, true);
}

static void put_const_labels(struct sm_prometheus_page *page, struct sm_prometheus_sample *sample, struct sm_prometheus_label *labels)
{
    const struct sm_prometheus_set *set = page->set;
    for (size_t i = 0; i < set->options->const_labels.count; i++) {
        struct sm_slice *name = sm_arena_alloc(&page->labels, sizeof(*name));
        *name = sm_prometheus_text_slice(set->const_labels[2 * i]);
        put(sample, labels, name, set->const_labels[2 * i + 1]);
    }
}

bool sm_prometheus_page_labels(struct sm_prometheus_page *page, struct sm_prometheus_sample *sample, const char **reason)
{
    enum { OWN_LABELS = 5 }; /* three of the scope, job, instance */
    const struct sm_prometheus_options *options = page->set->options;
    const struct sm_prometheus_series *series = sample->series;
    size_t room = series->labels->count / 2 + series->scope->count / 2 + options->const_labels.count + OWN_LABELS;
    struct sm_prometheus_label *labels = sm_arena_alloc(&page->labels, room * sizeof(*labels));
    sample->labels = labels;
    *reason = "a label name is empty or has only underscores";
    if (!put_attributes(page, sample, labels, series->labels, 0, false))
        return false;
    if (!options->without_scope_info && !put_scope(page, sample, labels))
        return false;
    if (!options->without_job_and_instance && series->resource->texts[SM_RESOURCE_JOB_AT])
        put(sample, labels, &job, series->resource->texts[SM_RESOURCE_JOB_AT]);
    if (!options->without_job_and_instance && series->resource->texts[SM_RESOURCE_INSTANCE_AT])
        put(sample, labels, &instance, series->resource->texts[SM_RESOURCE_INSTANCE_AT]);
    put_const_labels(page, sample, labels);
    return finish_labels(labels, sample->label_count, reason);
}

/* ---- target_info */

struct target {
    struct sm_prometheus_entry entry;
    const void *first, *second; /* job and instance, or the resource */
};

static bool is_target(const struct sm_prometheus_entry *entry, const void *wanted)
{
    const struct target *target = (const struct target *)entry, *key = wanted;
    return target->first == key->first && target->second == key->second;
}

static bool is_job_attribute(struct sm_slice key)
{
    return sm_slice_is(key, "service.name") || sm_slice_is(key, "service.namespace") || sm_slice_is(key, "service.instance.id");
}

/* A text that lives as long as the page. */
static const struct sm_prometheus_text *hold(struct sm_prometheus_page *page, struct sm_slice bytes)
{
    if (page->held_count == page->held_capacity) {
        page->held_capacity = page->held_capacity ? page->held_capacity * 2 : 16;
        page->held = sm_realloc(page->held, page->held_capacity, sizeof(struct sm_prometheus_text *));
    }
    return page->held[page->held_count++] = sm_prometheus_text_get(page->texts, bytes);
}

static struct sm_prometheus_label *find_label(struct sm_prometheus_label *labels, size_t count, struct sm_slice name)
{
    for (size_t i = 0; i < count; i++)
        if (sm_slice_equal(*labels[i].name, name))
            return &labels[i];
    return NULL;
}

/* Labels that come out equal share the values, joined by semicolons. */
static void put_or_join(struct sm_prometheus_page *page, struct sm_prometheus_sample *sample, struct sm_prometheus_label *labels,
                        const struct sm_slice *name, const struct sm_prometheus_text *value)
{
    struct sm_prometheus_label *same = find_label(labels, sample->label_count, *name);
    if (!same) {
        put(sample, labels, name, value);
        return;
    }
    struct sm_bytes joined;
    sm_bytes_init(&joined, &page->arena);
    sm_bytes_append_slice(&joined, sm_prometheus_text_slice(same->value));
    sm_bytes_append_char(&joined, ';');
    sm_bytes_append_slice(&joined, sm_prometheus_text_slice(value));
    same->value = hold(page, sm_bytes_slice(&joined));
}

static void put_or_replace(struct sm_prometheus_sample *sample, struct sm_prometheus_label *labels, const struct sm_slice *name,
                           const struct sm_prometheus_text *value)
{
    struct sm_prometheus_label *same = find_label(labels, sample->label_count, *name);
    if (same)
        same->value = value;
    else
        put(sample, labels, name, value);
}

/* False: an attribute has no usable name. */
static bool add_target(struct sm_prometheus_page *page, struct sm_prometheus_family *family, const struct sm_prometheus_tuple *resource)
{
    bool is_by_job = page->set->options->target_info == SM_PROMETHEUS_TARGET_INFO_BY_JOB;
    struct sm_prometheus_label *labels = sm_arena_alloc(&page->arena, (resource->count / 2 + 2) * sizeof(*labels));
    struct sm_prometheus_sample sample = {.labels = labels};
    for (size_t i = SM_RESOURCE_ATTRIBUTES_AT; i + 1 < resource->count; i += 2) {
        if (is_by_job && is_job_attribute(sm_prometheus_text_slice(resource->texts[i])))
            continue;
        const struct sm_slice *name = label_name(page, resource->texts[i], false);
        if (!name)
            return false;
        put_or_join(page, &sample, labels, name, resource->texts[i + 1]);
    }
    if (is_by_job) {
        put_or_replace(&sample, labels, &job, resource->texts[SM_RESOURCE_JOB_AT]);
        put_or_replace(&sample, labels, &instance, resource->texts[SM_RESOURCE_INSTANCE_AT]);
    }
    const char *reason;
    if (finish_labels(labels, sample.label_count, &reason))
        *sm_prometheus_family_add(family) = sample;
    else
        page->dropped++;
    return true;
}

static bool wants_target(const struct sm_prometheus_set *set, const struct sm_prometheus_tuple *resource)
{
    if (resource->count / 2 > SM_PROMETHEUS_LABELS_MAX)
        return false;
    if (set->options->target_info == SM_PROMETHEUS_TARGET_INFO_ALL)
        return resource->count > SM_RESOURCE_ATTRIBUTES_AT;
    return sm_prometheus_text_slice(resource->texts[SM_RESOURCE_JOB_AT]).size &&
           sm_prometheus_text_slice(resource->texts[SM_RESOURCE_INSTANCE_AT]).size;
}

/* True when this target was not there before. */
static bool is_new_target(struct sm_prometheus_page *page, struct sm_prometheus_table *targets, const struct sm_prometheus_tuple *resource)
{
    bool is_by_job = page->set->options->target_info == SM_PROMETHEUS_TARGET_INFO_BY_JOB;
    struct target key = {.first = is_by_job ? (const void *)resource->texts[SM_RESOURCE_JOB_AT] : resource,
                         .second = is_by_job ? resource->texts[SM_RESOURCE_INSTANCE_AT] : NULL};
    key.entry.hash =
        is_by_job ? resource->texts[SM_RESOURCE_JOB_AT]->entry.hash ^ resource->texts[SM_RESOURCE_INSTANCE_AT]->entry.hash : resource->entry.hash;
    if (sm_prometheus_table_find(targets, key.entry.hash, is_target, &key))
        return false;
    struct target *target = sm_arena_alloc(&page->arena, sizeof(*target));
    *target = key;
    sm_prometheus_table_insert(targets, &target->entry);
    return true;
}

void sm_prometheus_page_target_info(struct sm_prometheus_page *page, struct sm_prometheus_family *family)
{
    struct sm_prometheus_table targets = {0};
    const struct sm_prometheus_tuple *last = NULL; /* series of one resource follow each other */
    for (const struct sm_prometheus_series *series = page->set->first; series; series = series->next) {
        if (series->resource == last || !wants_target(page->set, series->resource))
            continue;
        last = series->resource;
        if (is_new_target(page, &targets, last) && !add_target(page, family, last)) {
            sm_log(SM_LOG_ERROR, page->set->logger, "failed to convert metric target_info: a resource attribute cannot be a label name");
            page->dropped += family->count + 1;
            family->count = 0; /* as the reference: one attribute without a usable name, and there is none at all */
            break;
        }
    }
    sm_prometheus_table_deinit(&targets);
}
