/* set.c - the set of series: finding the series of a point, and what a new point does to it.
 *
 * A series is found by name, type, scope, job, instance and labels; unit, description and the rest of the resource are those of its last point.
 * State: the set, touched by one thread at a time. Memory: one block a series, one more for distributions, labels shared.
 * Source: exporter/prometheusexporter/accumulator.go, pkg/resourcetotelemetry. */
#include <stdlib.h>

#include "base/hash.h"
#include "base/memory.h"
#include "prometheus/scrape.h"
#include "prometheus/series.h"
#include "telemetry/batch.h"
#include "telemetry/metric.h"

struct sm_prometheus_set *sm_prometheus_set_create(const struct sm_prometheus_options *options, const struct sm_logger *logger)
{
    struct sm_prometheus_set *set = sm_alloc(1, sizeof(*set));
    set->options = options;
    set->logger = logger;
    set->const_labels = sm_alloc(2 * options->const_labels.count, sizeof(struct sm_prometheus_text *));
    for (size_t i = 0; i < options->const_labels.count; i++) {
        set->const_labels[2 * i] = sm_prometheus_text_get(&set->texts, sm_slice_of(options->const_labels.entries[i].key));
        set->const_labels[2 * i + 1] = sm_prometheus_text_get(&set->texts, sm_slice_of(options->const_labels.entries[i].value));
    }
    return set;
}

size_t sm_prometheus_set_count(const struct sm_prometheus_set *set)
{
    return set->series.count;
}

/* ---- removal */

static void free_value(struct sm_prometheus_set *set, struct sm_prometheus_series *series)
{
    enum sm_metric_type type = sm_prometheus_series_type(series);
    if (type != SM_METRIC_GAUGE && type != SM_METRIC_SUM)
        sm_prometheus_distribution_free(&set->texts, series->distribution);
    free(series->exemplars);
    series->exemplars = NULL;
}

static void release_origin(struct sm_prometheus_set *set, struct sm_prometheus_series *series)
{
    sm_prometheus_tuple_release(&set->texts, series->metric);
    sm_prometheus_tuple_release(&set->texts, series->resource);
}

static void remove_series(struct sm_prometheus_set *set, struct sm_prometheus_series *series)
{
    sm_prometheus_group_leave(set, series);
    sm_prometheus_table_remove(&set->series, &series->entry);
    *(series->previous ? &series->previous->next : &set->first) = series->next;
    *(series->next ? &series->next->previous : &set->last) = series->previous;
    free_value(set, series);
    release_origin(set, series);
    sm_prometheus_tuple_release(&set->texts, series->scope);
    sm_prometheus_tuple_release(&set->texts, series->labels);
    free(series);
}

static void remove_known(struct sm_prometheus_set *set, struct sm_prometheus_known **link)
{
    struct sm_prometheus_known *known = *link;
    *link = known->next;
    sm_prometheus_table_remove(&set->known, &known->entry);
    sm_prometheus_text_release(&set->texts, known->name);
    sm_prometheus_text_release(&set->texts, known->help);
    free(known);
}

void sm_prometheus_set_expire(struct sm_prometheus_set *set, uint64_t now_ns)
{
    for (struct sm_prometheus_series *series = set->first, *next; series; series = next) {
        next = series->next;
        if (sm_prometheus_has_expired(set->options, series->updated_ns, now_ns))
            remove_series(set, series);
    }
    for (struct sm_prometheus_known **link = &set->known_first; *link;) {
        if (sm_prometheus_has_expired(set->options, (*link)->seen_ns, now_ns))
            remove_known(set, link);
        else
            link = &(*link)->next;
    }
}

void sm_prometheus_set_free(struct sm_prometheus_set *set)
{
    if (!set)
        return;
    while (set->first)
        remove_series(set, set->first);
    while (set->known_first)
        remove_known(set, &set->known_first);
    for (size_t i = 0; i < 2 * set->options->const_labels.count; i++)
        sm_prometheus_text_release(&set->texts, set->const_labels[i]);
    free(set->const_labels);
    sm_bytes_deinit(&set->collision_metric);
    sm_bytes_deinit(&set->collision_attributes);
    sm_prometheus_table_deinit(&set->groups);
    sm_prometheus_table_deinit(&set->series);
    sm_prometheus_table_deinit(&set->known);
    sm_prometheus_texts_deinit(&set->texts);
    free(set);
}

/* ---- lists of texts, for building tuples */

/* Owned references. */
struct text_list {
    struct sm_prometheus_text **items;
    size_t count, capacity;
};

static void list_take(struct text_list *list, struct sm_prometheus_text *text)
{
    if (list->count == list->capacity) {
        list->capacity = list->capacity ? list->capacity * 2 : 32;
        list->items = sm_realloc(list->items, list->capacity, sizeof(struct sm_prometheus_text *));
    }
    list->items[list->count++] = text;
}

static void list_clear(struct sm_prometheus_set *set, struct text_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        sm_prometheus_text_release(&set->texts, list->items[i]);
    list->count = 0;
}

/* What one call of add goes through. */
struct walk {
    struct sm_prometheus_set *set;
    struct sm_arena scratch; /* decoded parts and texts of values of one data point */
    struct text_list list;
    uint64_t now_ns;
    struct sm_prometheus_tuple *metric, *resource, *scope; /* of what is being added; owned references */
    const struct sm_prometheus_tuple *other;               /* compared with `resource` last; NULL: none */
    bool other_differs;
};

static void take_pair(struct walk *walk, const struct sm_attribute *attribute)
{
    list_take(&walk->list, sm_prometheus_text_get(&walk->set->texts, attribute->key));
    list_take(&walk->list, sm_prometheus_text_get(&walk->set->texts, sm_value_to_string(&attribute->value, &walk->scratch)));
}

static void take_attributes(struct walk *walk, const struct sm_attributes *attributes)
{
    struct sm_attribute_cursor cursor = sm_attributes_begin(attributes);
    struct sm_attribute attribute;
    while (sm_attributes_next(&cursor, &attribute))
        take_pair(walk, &attribute);
}

/* The same, or none at all when they are more than the limit; false then. `from` texts stand before them. */
static bool take_few_attributes(struct walk *walk, const struct sm_attributes *attributes, size_t from)
{
    take_attributes(walk, attributes);
    if (walk->list.count / 2 <= SM_PROMETHEUS_LABELS_MAX)
        return true;
    while (walk->list.count > from)
        sm_prometheus_text_release(&walk->set->texts, walk->list.items[--walk->list.count]);
    return false;
}

/* Brings pairs into one order, whatever order they came in. */
static void sort_pairs(struct text_list *list, size_t from)
{
    for (size_t i = from + 2; i + 1 < list->count; i += 2) {
        struct sm_prometheus_text *key = list->items[i], *value = list->items[i + 1];
        size_t at = i;
        while (at > from && (list->items[at - 2] > key || (list->items[at - 2] == key && list->items[at - 1] > value))) {
            list->items[at] = list->items[at - 2];
            list->items[at + 1] = list->items[at - 1];
            at -= 2;
        }
        list->items[at] = key;
        list->items[at + 1] = value;
    }
}

static struct sm_prometheus_tuple *finish_tuple(struct walk *walk)
{
    struct sm_prometheus_tuple *tuple = sm_prometheus_tuple_get(&walk->set->texts, walk->list.items, walk->list.count);
    list_clear(walk->set, &walk->list);
    return tuple;
}

/* ---- resource, scope, metric, labels */

static const struct sm_slice service_name = {.ptr = "service.name", .size = 12};
static const struct sm_slice service_namespace = {.ptr = "service.namespace", .size = 17};
static const struct sm_slice service_instance_id = {.ptr = "service.instance.id", .size = 19};

static struct sm_prometheus_text *job_of(struct walk *walk, const struct sm_attributes *attributes)
{
    struct sm_value value;
    if (!sm_attributes_find(attributes, service_name, &value))
        return NULL;
    struct sm_slice name = sm_value_to_string(&value, &walk->scratch);
    if (!sm_attributes_find(attributes, service_namespace, &value))
        return sm_prometheus_text_get(&walk->set->texts, name);
    struct sm_slice name_space = sm_value_to_string(&value, &walk->scratch);
    struct sm_bytes job;
    sm_bytes_init(&job, &walk->scratch);
    sm_bytes_append_slice(&job, name_space);
    sm_bytes_append_char(&job, '/');
    sm_bytes_append_slice(&job, name);
    return sm_prometheus_text_get(&walk->set->texts, sm_bytes_slice(&job));
}

static struct sm_prometheus_text *instance_of(struct walk *walk, const struct sm_attributes *attributes)
{
    struct sm_value value;
    if (!sm_attributes_find(attributes, service_instance_id, &value))
        return NULL;
    return sm_prometheus_text_get(&walk->set->texts, sm_value_to_string(&value, &walk->scratch));
}

static struct sm_prometheus_tuple *make_resource(struct walk *walk, const struct sm_attributes *attributes)
{
    list_take(&walk->list, job_of(walk, attributes));
    list_take(&walk->list, instance_of(walk, attributes));
    take_attributes(walk, attributes);
    if (walk->set->options->on_collision == SM_PROMETHEUS_MERGE) /* a stream is told by them, in whatever order they come */
        sort_pairs(&walk->list, SM_RESOURCE_ATTRIBUTES_AT);
    return finish_tuple(walk);
}

static struct sm_prometheus_tuple *make_scope(struct walk *walk, const struct sm_scope_group *group)
{
    struct sm_prometheus_texts *texts = &walk->set->texts;
    list_take(&walk->list, sm_prometheus_text_get(texts, group->scope.name));
    list_take(&walk->list, sm_prometheus_text_get(texts, group->scope.version));
    list_take(&walk->list, sm_prometheus_text_get(texts, group->schema_url));
    if (!take_few_attributes(walk, &group->scope.attributes, SM_SCOPE_ATTRIBUTES_AT))
        sm_log(SM_LOG_ERROR, walk->set->logger, "scope attributes left out: more than the limit", SM_LOG_INT("limit", SM_PROMETHEUS_LABELS_MAX));
    sort_pairs(&walk->list, SM_SCOPE_ATTRIBUTES_AT);
    return finish_tuple(walk);
}

static struct sm_prometheus_tuple *make_metric(struct walk *walk, const struct sm_metric *metric)
{
    struct sm_prometheus_texts *texts = &walk->set->texts;
    char type = (char)metric->type, monotonic = metric->type == SM_METRIC_SUM && metric->is_monotonic;
    list_take(&walk->list, sm_prometheus_text_get(texts, metric->name));
    list_take(&walk->list, sm_prometheus_text_get(texts, sm_slice_make(&type, 1)));
    list_take(&walk->list, sm_prometheus_text_get(texts, sm_slice_make(&monotonic, 1)));
    list_take(&walk->list, sm_prometheus_text_get(texts, metric->description));
    list_take(&walk->list, sm_prometheus_text_get(texts, metric->unit));
    return finish_tuple(walk);
}

static bool is_service_attribute(struct sm_slice key)
{
    return sm_slice_equal(key, service_name) || sm_slice_equal(key, service_namespace) || sm_slice_equal(key, service_instance_id);
}

/* Sets a label: in the place of one with that key, or behind all others. Takes nothing. */
static void put_pair(struct walk *walk, struct sm_prometheus_text *key, struct sm_prometheus_text *value)
{
    struct text_list *list = &walk->list;
    for (size_t i = 0; i < list->count; i += 2) {
        if (list->items[i] != key)
            continue;
        sm_prometheus_text_release(&walk->set->texts, list->items[i + 1]);
        list->items[i + 1] = sm_prometheus_text_retain(value);
        return;
    }
    list_take(list, sm_prometheus_text_retain(key));
    list_take(list, sm_prometheus_text_retain(value));
}

static void put_resource_attributes(struct walk *walk)
{
    const struct sm_prometheus_tuple *resource = walk->resource;
    for (size_t i = SM_RESOURCE_ATTRIBUTES_AT; i < resource->count; i += 2)
        if (!walk->set->options->excludes_service_attributes || !is_service_attribute(sm_prometheus_text_slice(resource->texts[i])))
            put_pair(walk, resource->texts[i], resource->texts[i + 1]);
}

/* NULL: there are too many. */
static struct sm_prometheus_tuple *make_labels(struct walk *walk, const struct sm_attributes *attributes)
{
    take_attributes(walk, attributes);
    bool is_too_long = walk->list.count / 2 > SM_PROMETHEUS_LABELS_MAX;
    if (walk->set->options->resource_to_telemetry && !is_too_long) {
        is_too_long = walk->resource->count / 2 > SM_PROMETHEUS_LABELS_MAX;
        if (!is_too_long)
            put_resource_attributes(walk);
    }
    if (is_too_long) {
        list_clear(walk->set, &walk->list);
        return NULL;
    }
    sort_pairs(&walk->list, 0);
    return finish_tuple(walk);
}

/* ---- finding a series */

/* The resource and scope only matter to streams that are merged. */
struct series_key {
    struct sm_prometheus_key key;
    const void *resource, *scope;
};

static struct series_key make_key(const struct walk *walk, const struct sm_prometheus_tuple *labels)
{
    const struct sm_prometheus_options *options = walk->set->options;
    bool merges = options->on_collision == SM_PROMETHEUS_MERGE;
    bool has_scope = options->on_collision == SM_PROMETHEUS_KEEP || !options->without_scope_info;
    return (struct series_key){.key = {.name = walk->metric->texts[SM_METRIC_NAME_AT],
                                       .type = walk->metric->texts[SM_METRIC_TYPE_AT],
                                       .scope = has_scope ? walk->scope : NULL,
                                       .job = walk->resource->texts[SM_RESOURCE_JOB_AT],
                                       .instance = walk->resource->texts[SM_RESOURCE_INSTANCE_AT],
                                       .labels = labels},
                               .resource = merges ? walk->resource : NULL,
                               .scope = merges ? walk->scope : NULL};
}

static bool is_series(const struct sm_prometheus_entry *entry, const void *wanted)
{
    const struct sm_prometheus_series *series = (const struct sm_prometheus_series *)entry;
    const struct series_key *full = wanted;
    const struct sm_prometheus_key *key = &full->key;
    return series->labels == key->labels && series->metric->texts[SM_METRIC_NAME_AT] == key->name &&
           series->metric->texts[SM_METRIC_TYPE_AT] == key->type && (!key->scope || series->scope == key->scope) &&
           series->resource->texts[SM_RESOURCE_JOB_AT] == key->job && series->resource->texts[SM_RESOURCE_INSTANCE_AT] == key->instance &&
           (!full->resource || (series->resource == full->resource && series->scope == full->scope));
}

/* Takes `labels`. */
static struct sm_prometheus_series *add_series(struct walk *walk, struct sm_prometheus_tuple *labels, uint32_t hash)
{
    struct sm_prometheus_set *set = walk->set;
    struct sm_prometheus_series *series = sm_alloc(1, sizeof(*series));
    series->entry.hash = hash;
    series->metric = sm_prometheus_tuple_retain(walk->metric);
    series->resource = sm_prometheus_tuple_retain(walk->resource);
    series->scope = sm_prometheus_tuple_retain(walk->scope);
    series->labels = labels;
    series->previous = set->last;
    *(set->last ? &set->last->next : &set->first) = series;
    set->last = series;
    sm_prometheus_table_insert(&set->series, &series->entry);
    return series;
}

/* ---- what a point does to its series */

static struct sm_prometheus_exemplars *copy_exemplars(struct walk *walk, const struct sm_data_point *point)
{
    struct sm_data_point own = *point; /* decoding writes to the point, and the batch may be shared */
    size_t count;
    const struct sm_exemplar *from = sm_data_point_exemplars(&own, &walk->scratch, &count);
    if (!count)
        return NULL;
    struct sm_prometheus_exemplars *exemplars = sm_alloc(1, sizeof(*exemplars) + count * sizeof(exemplars->items[0]));
    exemplars->count = count;
    for (size_t i = 0; i < count; i++) {
        struct sm_prometheus_exemplar *to = &exemplars->items[i];
        to->time_ns = from[i].time_ns;
        to->value = from[i].number_type == SM_NUMBER_INT ? (double)from[i].integer : from[i].number_type == SM_NUMBER_DOUBLE ? from[i].number : 0;
        to->has_trace_id = from[i].trace_id.size == sizeof(to->trace_id);
        to->has_span_id = from[i].span_id.size == sizeof(to->span_id);
        if (to->has_trace_id)
            memcpy(to->trace_id, from[i].trace_id.ptr, sizeof(to->trace_id));
        if (to->has_span_id)
            memcpy(to->span_id, from[i].span_id.ptr, sizeof(to->span_id));
    }
    return exemplars;
}

/* The series becomes what the point says. Takes `value`. `exemplars_from` NULL: it has none. */
static void replace(struct walk *walk, struct sm_prometheus_series *series, const struct sm_prometheus_value *value,
                    const struct sm_data_point *exemplars_from)
{
    struct sm_prometheus_set *set = walk->set;
    free_value(set, series);
    struct sm_prometheus_tuple *metric = sm_prometheus_tuple_retain(walk->metric), *resource = sm_prometheus_tuple_retain(walk->resource);
    release_origin(set, series);
    series->metric = metric;
    series->resource = resource;
    series->updated_ns = walk->now_ns;
    series->start_ns = value->start_ns;
    series->time_ns = value->time_ns;
    series->number_type = value->number_type;
    enum sm_metric_type type = sm_prometheus_series_type(series);
    if (type == SM_METRIC_GAUGE || type == SM_METRIC_SUM)
        series->integer = value->integer; /* the bits of either number */
    else
        series->distribution = value->distribution;
    series->exemplars = exemplars_from ? copy_exemplars(walk, exemplars_from) : NULL;
}

static bool is_before(uint64_t a_ns, uint64_t b_ns)
{
    return (int64_t)a_ns < (int64_t)b_ns; /* the reference's times are signed */
}

/* Whether a counter that only grows begins anew: it went back, or counts from behind its last point on. */
static bool is_restart(const struct sm_prometheus_series *series, const struct sm_data_point *point, bool went_back)
{
    bool starts_later = point->start_ns && !is_before(point->start_ns, series->time_ns) && is_before(point->start_ns, point->time_ns);
    return went_back || starts_later;
}

static bool has_less(const struct sm_prometheus_series *series, const struct sm_prometheus_value *value)
{
    if (series->number_type == SM_NUMBER_INT && value->number_type == SM_NUMBER_INT)
        return value->integer < series->integer;
    double before = series->number_type == SM_NUMBER_INT ? (double)series->integer : series->number;
    return (value->number_type == SM_NUMBER_INT ? (double)value->integer : value->number) < before;
}

static void add_to_gauge(struct walk *walk, struct sm_prometheus_series *series, const struct sm_data_point *point)
{
    if (is_before(point->time_ns, series->time_ns))
        return;
    struct sm_prometheus_value value = sm_prometheus_value_make(&walk->set->texts, SM_METRIC_GAUGE, point);
    replace(walk, series, &value, NULL);
}

static void add_to_sum(struct walk *walk, struct sm_prometheus_series *series, const struct sm_data_point *point, bool is_delta)
{
    if (is_before(point->time_ns, series->time_ns))
        return;
    struct sm_prometheus_value value = sm_prometheus_value_make(&walk->set->texts, SM_METRIC_SUM, point);
    if (is_delta && point->start_ns == series->time_ns) {
        value.start_ns = series->start_ns;
        bool is_same = series->number_type == value.number_type;
        if (value.number_type == SM_NUMBER_INT)
            value.integer = (int64_t)((uint64_t)value.integer + (is_same ? (uint64_t)series->integer : 0));
        else if (value.number_type == SM_NUMBER_DOUBLE)
            value.number += is_same ? series->number : 0;
    } else if (is_delta || is_restart(series, point, has_less(series, &value))) {
        sm_prometheus_group_carry(walk->set, series);
    }
    replace(walk, series, &value, point);
}

static void add_to_summary(struct walk *walk, struct sm_prometheus_series *series, const struct sm_data_point *point)
{
    if (is_before(point->time_ns, series->time_ns))
        return;
    struct sm_prometheus_value value = sm_prometheus_value_make(&walk->set->texts, SM_METRIC_SUMMARY, point);
    if (is_restart(series, point, value.distribution->count < series->distribution->count))
        sm_prometheus_group_carry(walk->set, series);
    replace(walk, series, &value, NULL);
}

static void accumulate_histogram(struct walk *walk, struct sm_prometheus_series *series, struct sm_prometheus_value *value)
{
    bool is_late = is_before(value->time_ns, series->time_ns); /* the older one is then what came later */
    struct sm_prometheus_distribution *arrived = value->distribution;
    if (is_late) {
        value->distribution = sm_prometheus_histogram_add(arrived, series->distribution);
        series->distribution = NULL;
        sm_prometheus_distribution_free(&walk->set->texts, arrived);
        value->time_ns = series->time_ns;
    } else {
        value->distribution = sm_prometheus_histogram_add(series->distribution, arrived);
    }
    value->start_ns = series->start_ns;
    replace(walk, series, value, NULL);
}

static void accumulate_exponential(struct walk *walk, struct sm_prometheus_series *series, struct sm_prometheus_value *value)
{
    struct sm_prometheus_distribution *arrived = value->distribution;
    value->distribution = sm_prometheus_exponential_add(series->distribution, arrived);
    sm_prometheus_distribution_free(&walk->set->texts, arrived);
    if (is_before(value->time_ns, series->time_ns))
        value->time_ns = series->time_ns;
    else
        value->start_ns = series->start_ns;
    replace(walk, series, value, NULL);
}

static void add_to_distribution(struct walk *walk, struct sm_prometheus_series *series, const struct sm_metric *metric,
                                const struct sm_data_point *point)
{
    bool is_delta = metric->temporality == SM_TEMPORALITY_DELTA;
    if (!is_delta && metric->temporality != SM_TEMPORALITY_CUMULATIVE)
        return;
    bool continues = is_delta && point->start_ns == series->time_ns;
    /* A delta that starts later is a restart; one that starts earlier overlaps what is counted already. */
    if (!continues && (is_delta ? !is_before(series->time_ns, point->start_ns) : is_before(point->time_ns, series->time_ns)))
        return;
    struct sm_prometheus_value value = sm_prometheus_value_make(&walk->set->texts, metric->type, point);
    if (!continues && (is_delta || is_restart(series, point, value.distribution->count < series->distribution->count)))
        sm_prometheus_group_carry(walk->set, series);
    if (!continues)
        replace(walk, series, &value, point);
    else if (metric->type == SM_METRIC_HISTOGRAM)
        accumulate_histogram(walk, series, &value);
    else
        accumulate_exponential(walk, series, &value);
}

static void update(struct walk *walk, struct sm_prometheus_series *series, const struct sm_metric *metric, const struct sm_data_point *point)
{
    switch (metric->type) {
    case SM_METRIC_GAUGE:
        add_to_gauge(walk, series, point);
        break;
    case SM_METRIC_SUM:
        add_to_sum(walk, series, point, metric->temporality == SM_TEMPORALITY_DELTA);
        break;
    case SM_METRIC_SUMMARY:
        add_to_summary(walk, series, point);
        break;
    case SM_METRIC_HISTOGRAM:
    case SM_METRIC_EXPONENTIAL_HISTOGRAM:
        add_to_distribution(walk, series, metric, point);
        break;
    case SM_METRIC_NONE:
        break;
    }
}

/* ---- streams that meet in one series */

static bool is_among(const struct sm_prometheus_tuple *resource, const struct sm_prometheus_text *key, const struct sm_prometheus_text *value)
{
    for (size_t i = SM_RESOURCE_ATTRIBUTES_AT; i + 1 < resource->count; i += 2)
        if (resource->texts[i] == key)
            return !value || resource->texts[i + 1] == value;
    return false;
}

/* Keys of `a` that `b` has not, or with another value if `with_values`. */
static void name_missing(struct sm_bytes *names, const struct sm_prometheus_tuple *a, const struct sm_prometheus_tuple *b, bool with_values)
{
    for (size_t i = SM_RESOURCE_ATTRIBUTES_AT; i + 1 < a->count; i += 2)
        if (!is_among(b, a->texts[i], with_values ? a->texts[i + 1] : NULL))
            sm_bytes_printf(names, "%s%.*s", names->size ? ", " : "", SM_SLICE_ARGS(sm_prometheus_text_slice(a->texts[i])));
}

/* Whether the point comes while another stream has the series: in one batch with it, or counting from before its last point on. A stream that begins
 * when another has ended, as after a restart, goes on with it. */
static bool collides(const struct walk *walk, const struct sm_prometheus_tuple *resource, uint64_t time_ns, uint64_t updated_ns,
                     const struct sm_data_point *point)
{
    return resource != walk->resource && (updated_ns == walk->now_ns || (point->start_ns && is_before(point->start_ns, time_ns)));
}

/* False: the two only differ in the order of their attributes. The first collision is told with its names. */
static bool count_collision(struct walk *walk, const struct sm_prometheus_tuple *resource)
{
    struct sm_prometheus_set *set = walk->set;
    if (walk->other != resource) {
        struct sm_bytes names = {0};
        name_missing(&names, resource, walk->resource, true);
        name_missing(&names, walk->resource, resource, false);
        walk->other = resource;
        walk->other_differs = names.size > 0;
        if (walk->other_differs && !set->collision_points) {
            set->collision_metric.size = set->collision_attributes.size = 0;
            sm_bytes_append_slice(&set->collision_metric, sm_prometheus_text_slice(walk->metric->texts[SM_METRIC_NAME_AT]));
            sm_bytes_append_slice(&set->collision_attributes, sm_bytes_slice(&names));
        }
        sm_bytes_deinit(&names);
    }
    set->collision_points += walk->other_differs;
    return walk->other_differs;
}

/* Remembers the point as the last of its group. */
static void note_member(struct walk *walk, struct sm_prometheus_group *group, const struct sm_data_point *point)
{
    if (group->resource && collides(walk, group->resource, group->time_ns, group->updated_ns, point))
        count_collision(walk, group->resource);
    sm_prometheus_tuple_retain(walk->resource);
    sm_prometheus_tuple_release(&walk->set->texts, group->resource);
    group->resource = walk->resource;
    group->time_ns = point->time_ns;
    group->updated_ns = walk->now_ns;
}

/* False: the point is left out. */
static bool admit(struct walk *walk, const struct sm_prometheus_series *series, const struct sm_data_point *point)
{
    if (series->group || !collides(walk, series->resource, series->time_ns, series->updated_ns, point))
        return true;
    return !count_collision(walk, series->resource) || walk->set->options->on_collision == SM_PROMETHEUS_KEEP;
}

struct sm_prometheus_collisions sm_prometheus_set_take_collisions(struct sm_prometheus_set *set)
{
    struct sm_prometheus_collisions taken = {
        .points = set->collision_points, .metric = sm_bytes_slice(&set->collision_metric), .attributes = sm_bytes_slice(&set->collision_attributes)};
    set->collision_points = 0;
    return taken;
}

/* False: the rest of the metric's points is to be skipped, as the reference does behind a point without a value. */
static bool add_point(struct walk *walk, const struct sm_metric *metric, const struct sm_data_point *point)
{
    struct sm_prometheus_set *set = walk->set;
    struct sm_prometheus_tuple *labels = make_labels(walk, &point->attributes);
    if (!labels) {
        sm_log(SM_LOG_ERROR, set->logger, "data point left out: more labels than the limit", SM_LOG_SLICE("metric", metric->name),
               SM_LOG_INT("limit", SM_PROMETHEUS_LABELS_MAX));
        return true;
    }
    struct series_key key = make_key(walk, labels);
    uint32_t hash = (uint32_t)sm_hash(sm_slice_make(&key, sizeof(key)));
    struct sm_prometheus_series *series = (struct sm_prometheus_series *)sm_prometheus_table_find(&set->series, hash, is_series, &key);
    bool has_value = !(point->flags & SM_DATA_POINT_NO_RECORDED_VALUE);
    if (has_value && !series) {
        series = add_series(walk, labels, hash);
        if (set->options->on_collision == SM_PROMETHEUS_MERGE) {
            sm_prometheus_group_join(set, series, &key.key);
            note_member(walk, series->group, point);
        }
        struct sm_prometheus_value value = sm_prometheus_value_make(&set->texts, metric->type, point);
        bool has_exemplars = metric->type != SM_METRIC_GAUGE && metric->type != SM_METRIC_SUMMARY;
        replace(walk, series, &value, has_exemplars ? point : NULL);
        return true;
    }
    bool is_admitted = !series || admit(walk, series, point);
    if (has_value && is_admitted) {
        if (series->group)
            note_member(walk, series->group, point);
        update(walk, series, metric, point);
    } else if (series && is_admitted)
        remove_series(set, series);
    sm_prometheus_tuple_release(&set->texts, labels);
    return has_value;
}

/* ---- batches */

static bool is_refused(const struct sm_metric *metric)
{
    if (metric->type == SM_METRIC_NONE)
        return true;
    if (metric->type != SM_METRIC_SUM)
        return false;
    return metric->temporality == SM_TEMPORALITY_UNSPECIFIED || (metric->temporality == SM_TEMPORALITY_DELTA && !metric->is_monotonic);
}

static void add_metric(struct walk *walk, const struct sm_metric *metric)
{
    if (metric->dropped || is_refused(metric))
        return;
    walk->metric = make_metric(walk, metric);
    for (size_t i = 0; i < metric->point_count; i++) {
        if (metric->points[i].dropped)
            continue;
        if (!add_point(walk, metric, &metric->points[i]))
            break;
        if (sm_arena_reserved_bytes(&walk->scratch))
            sm_arena_deinit(&walk->scratch);
    }
    sm_prometheus_tuple_release(&walk->set->texts, walk->metric);
}

static void add_scope(struct walk *walk, const struct sm_scope_group *group)
{
    if (group->dropped)
        return;
    walk->scope = make_scope(walk, group);
    for (size_t i = 0; i < group->count; i++)
        add_metric(walk, &group->metrics[i]);
    sm_prometheus_tuple_release(&walk->set->texts, walk->scope);
}

void sm_prometheus_set_add(struct sm_prometheus_set *set, struct sm_batch *batch, uint64_t now_ns)
{
    struct walk walk = {.set = set, .now_ns = now_ns};
    for (size_t i = 0; i < batch->count; i++) {
        const struct sm_resource_group *group = &batch->groups[i];
        if (group->dropped)
            continue;
        walk.resource = make_resource(&walk, &group->resource.attributes);
        walk.other = NULL;
        for (size_t k = 0; k < group->count; k++)
            add_scope(&walk, &group->scopes[k]);
        sm_prometheus_tuple_release(&set->texts, walk.resource);
    }
    free(walk.list.items);
    sm_arena_deinit(&walk.scratch);
}
