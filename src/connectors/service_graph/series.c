/* series.c - see series.h. A series keeps its labels as texts in one block, for as long as it lives. */
#include "connectors/service_graph/series.h"

#include <stdlib.h>

#include "base/bytes.h"
#include "base/index.h"
#include "base/log.h"
#include "base/memory.h"
#include "telemetry/batch.h"
#include "telemetry/exponential.h"
#include "telemetry/metric.h"

struct durations {
    double sum;
    uint64_t *bucket_counts; /* owned; explicit */
    struct sm_exponential exponential;
};

struct series {
    struct sm_hash128 hash; /* first: see index.h */
    uint64_t count, changed_ns;
    struct durations server, client;
    struct sm_slice *labels; /* owned, as the texts: client, server, then the dimensions; ptr NULL: absent */
    struct sm_slice virtual_label;
    enum sm_connection connection;
    bool has_failed;
};

struct sm_graph_series {
    const struct sm_graph_shape *shape; /* borrowed */
    uint64_t start_ns;
    struct sm_entries entries;
    struct sm_index index;
    struct sm_bytes key; /* owned: scratch */
};

enum { LABEL_CLIENT, LABEL_SERVER, LABEL_DIMENSIONS };

static const char *const connection_names[] = {
    [SM_CONNECTION_UNKNOWN] = "",
    [SM_CONNECTION_MESSAGING] = "messaging_system",
    [SM_CONNECTION_DATABASE] = "database",
    [SM_CONNECTION_VIRTUAL] = "virtual_node",
};

struct sm_graph_series *sm_graph_series_create(const struct sm_graph_shape *shape, uint64_t start_ns)
{
    struct sm_graph_series *all = sm_alloc(1, sizeof(*all));
    all->shape = shape;
    all->start_ns = start_ns;
    sm_entries_init(&all->entries, (sizeof(struct series) + 7) / 8 * 8);
    return all;
}

static size_t label_count(const struct sm_graph_series *all)
{
    return LABEL_DIMENSIONS + 2 * all->shape->options->dimensions.count;
}

/* ---- identity */

static void append_text(struct sm_bytes *key, struct sm_slice text)
{
    uint64_t size = text.ptr ? text.size + 1 : 0;
    sm_bytes_append(key, &size, sizeof(size));
    if (size > 1)
        sm_bytes_append_slice(key, text);
}

static struct sm_hash128 identify(struct sm_graph_series *all, const struct sm_edge *edge)
{
    all->key.size = 0;
    sm_bytes_append_char(&all->key, (char)edge->connection);
    sm_bytes_append_char(&all->key, (char)edge->has_failed);
    append_text(&all->key, edge->client);
    append_text(&all->key, edge->server);
    for (size_t i = 0; i < 2 * all->shape->options->dimensions.count; i++)
        append_text(&all->key, edge->dimensions ? edge->dimensions[i] : (struct sm_slice){0});
    return sm_hash128(sm_hash_secret(), sm_bytes_slice(&all->key));
}

/* One block: the slices, then their bytes. */
static struct sm_slice *copy_labels(const struct sm_graph_series *all, const struct sm_edge *edge)
{
    size_t count = label_count(all), size = count * sizeof(struct sm_slice) + edge->client.size + edge->server.size;
    for (size_t i = LABEL_DIMENSIONS; i < count; i++)
        size += edge->dimensions ? edge->dimensions[i - LABEL_DIMENSIONS].size : 0;
    struct sm_slice *labels = sm_alloc(size, 1);
    char *text = (char *)(labels + count);
    for (size_t i = 0; i < count; i++) {
        struct sm_slice from = {0};
        if (i < LABEL_DIMENSIONS)
            from = i == LABEL_CLIENT ? edge->client : edge->server;
        else if (edge->dimensions)
            from = edge->dimensions[i - LABEL_DIMENSIONS];
        if (from.size)
            memcpy(text, from.ptr, from.size);
        labels[i] = from.ptr ? sm_slice_make(text, from.size) : (struct sm_slice){0};
        text += from.size;
    }
    return labels;
}

static bool is_full(const struct sm_graph_series *all)
{
    uint64_t limit = (uint64_t)all->shape->options->aggregation_cardinality_limit;
    return limit > 0 && all->entries.count >= limit;
}

/* Where an edge counts that is of no series there is, nor may be: one for each kind of connection and outcome. */
static struct sm_edge overflow_of(const struct sm_edge *edge)
{
    return (struct sm_edge){
        .client = SM_SLICE("_other"), .server = SM_SLICE("_other"), .connection = edge->connection, .has_failed = edge->has_failed};
}

static struct series *find(const struct sm_graph_series *all, struct sm_hash128 hash)
{
    uint32_t number = sm_index_find(&all->index, &all->entries, hash);
    return number == SM_INDEX_NONE ? NULL : sm_entries_at(&all->entries, number);
}

static struct series *find_or_add(struct sm_graph_series *all, const struct sm_edge *edge)
{
    struct sm_hash128 hash = identify(all, edge);
    struct series *known = find(all, hash);
    struct sm_edge overflow = overflow_of(edge);
    if (!known && is_full(all)) {
        edge = &overflow;
        hash = identify(all, edge);
        known = find(all, hash);
        if (!known)
            sm_log(SM_LOG_WARN, NULL, "service_graph: aggregation_cardinality_limit is reached, further calls are counted as of _other",
                   SM_LOG_INT("series", all->entries.count));
    }
    if (known)
        return known;
    uint32_t number = sm_entries_add(&all->entries, hash);
    sm_index_add(&all->index, hash, number);
    struct series *series = sm_entries_at(&all->entries, number);
    series->labels = copy_labels(all, edge);
    series->connection = edge->connection;
    series->has_failed = edge->has_failed;
    if (!all->shape->is_exponential) {
        series->server.bucket_counts = sm_alloc(all->shape->bound_count + 1, sizeof(uint64_t));
        series->client.bucket_counts = sm_alloc(all->shape->bound_count + 1, sizeof(uint64_t));
    }
    return series;
}

/* ---- adding and letting go */

/* The halves are chosen as in Go's sort.Search, which shows when the bounds are not sorted. */
static size_t find_bucket(const struct sm_graph_shape *shape, double duration)
{
    size_t low = 0, high = shape->bound_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (shape->bounds[middle] < duration)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void add_duration(const struct sm_graph_shape *shape, struct durations *durations, double duration)
{
    durations->sum += duration;
    if (shape->is_exponential) {
        sm_exponential_add(&durations->exponential, shape->exponential_size, duration, 1);
        return;
    }
    durations->bucket_counts[find_bucket(shape, duration)]++;
}

void sm_graph_series_add(struct sm_graph_series *all, const struct sm_edge *edge, uint64_t now_ns)
{
    struct series *series = find_or_add(all, edge);
    series->virtual_label = edge->virtual_label;
    series->changed_ns = now_ns;
    series->count++;
    add_duration(all->shape, &series->server, edge->server_duration);
    add_duration(all->shape, &series->client, edge->client_duration);
}

static void remove_series(struct sm_graph_series *all, uint32_t number)
{
    struct series *series = sm_entries_at(&all->entries, number);
    sm_index_remove(&all->index, series->hash, number);
    free(series->labels);
    free(series->server.bucket_counts);
    free(series->client.bucket_counts);
    sm_exponential_clear(&series->server.exponential);
    sm_exponential_clear(&series->client.exponential);
    sm_entries_remove(&all->entries, number);
}

void sm_graph_series_drop_stale(struct sm_graph_series *all, uint64_t now_ns)
{
    for (uint32_t i = 0; i < sm_entries_limit(&all->entries); i++)
        if (sm_entries_has(&all->entries, i) && ((struct series *)sm_entries_at(&all->entries, i))->changed_ns + SM_GRAPH_STALE_NS < now_ns)
            remove_series(all, i);
}

void sm_graph_series_free(struct sm_graph_series *all)
{
    if (!all)
        return;
    for (uint32_t i = 0; i < sm_entries_limit(&all->entries); i++)
        if (sm_entries_has(&all->entries, i))
            remove_series(all, i);
    sm_index_deinit(&all->index);
    sm_entries_deinit(&all->entries);
    sm_bytes_deinit(&all->key);
    free(all);
}

/* ---- metrics */

struct export
{
    const struct sm_graph_series *all;
    struct sm_arena *arena;
    uint64_t time_ns;
};

static void set_text(const struct export *out, struct sm_map *map, const char *key, struct sm_slice text)
{
    sm_map_set(map, out->arena, sm_slice_of(key), sm_value_string(sm_arena_copy(out->arena, text)));
}

static void set_labels(const struct export *out, const struct series *series, struct sm_data_point *point)
{
    static const char *const sides[] = {"client", "server"};
    const struct sm_service_graph_options *options = out->all->shape->options;
    struct sm_map *map = sm_attributes_edit(&point->attributes, out->arena);
    set_text(out, map, "client", series->labels[LABEL_CLIENT]);
    set_text(out, map, "server", series->labels[LABEL_SERVER]);
    sm_map_set(map, out->arena, SM_SLICE("connection_type"), sm_value_string(sm_slice_of(connection_names[series->connection])));
    sm_map_set(map, out->arena, SM_SLICE("failed"), sm_value_bool(series->has_failed));
    for (size_t i = 0; i < 2 * options->dimensions.count; i++)
        if (series->labels[LABEL_DIMENSIONS + i].ptr)
            set_text(out, map, sm_arena_printf(out->arena, "%s_%s", sides[i % 2], options->dimensions.items[i / 2]),
                     series->labels[LABEL_DIMENSIONS + i]);
    if (options->virtual_node_extra_label)
        set_text(out, map, "virtual_node", series->virtual_label.ptr ? series->virtual_label : SM_SLICE(""));
}

static void fill_explicit(const struct export *out, const struct durations *durations, struct sm_data_point *point)
{
    const struct sm_graph_shape *shape = out->all->shape;
    point->bucket_count = shape->bound_count + 1;
    point->bound_count = shape->bound_count;
    point->bucket_counts = sm_arena_zalloc(out->arena, point->bucket_count, sizeof(uint64_t));
    point->explicit_bounds = sm_arena_zalloc(out->arena, point->bound_count, sizeof(double));
    memcpy(point->bucket_counts, durations->bucket_counts, point->bucket_count * sizeof(uint64_t));
    if (point->bound_count)
        memcpy(point->explicit_bounds, shape->bounds, point->bound_count * sizeof(double));
}

static void fill_exponential(const struct export *out, const struct durations *durations, struct sm_data_point *point)
{
    const struct sm_exponential *histogram = &durations->exponential;
    point->scale = histogram->has_buckets ? histogram->scale : 0;
    point->zero_count = histogram->zero_count;
    point->has_min = point->has_max = histogram->has_values;
    point->min = histogram->min;
    point->max = histogram->max;
    point->has_positive = true;
    if (!histogram->has_buckets)
        return;
    point->positive.offset = histogram->first;
    point->positive.count = sm_exponential_bucket_count(histogram);
    point->positive.counts = sm_arena_zalloc(out->arena, point->positive.count, sizeof(uint64_t));
    for (size_t i = 0; i < point->positive.count; i++)
        point->positive.counts[i] = sm_exponential_count_at(histogram, histogram->first + (int32_t)i);
}

enum content { CALLS, FAILED_CALLS, SERVER_DURATIONS, CLIENT_DURATIONS };

static void fill_point(const struct export *out, enum content content, const struct series *series, struct sm_data_point *point)
{
    *point = (struct sm_data_point){.start_ns = out->all->start_ns, .time_ns = out->time_ns, .changed = true};
    set_labels(out, series, point);
    if (content == CALLS || content == FAILED_CALLS) {
        point->number_type = SM_NUMBER_INT;
        point->integer = (int64_t)series->count;
        return;
    }
    const struct durations *durations = content == SERVER_DURATIONS ? &series->server : &series->client;
    point->count = series->count;
    point->has_sum = true;
    point->sum = durations->sum;
    if (out->all->shape->is_exponential)
        fill_exponential(out, durations, point);
    else
        fill_explicit(out, durations, point);
}

/* False: no series has this. */
static bool fill_metric(const struct export *out, enum content content, const char *name, struct sm_metric *metric)
{
    const struct sm_graph_series *all = out->all;
    bool is_sum = content == CALLS || content == FAILED_CALLS;
    *metric = (struct sm_metric){
        .name = sm_slice_of(name),
        .unit = is_sum ? (struct sm_slice){0} : sm_slice_of(all->shape->is_in_milliseconds ? "ms" : "s"),
        .type = is_sum                       ? SM_METRIC_SUM
                : all->shape->is_exponential ? SM_METRIC_EXPONENTIAL_HISTOGRAM
                                             : SM_METRIC_HISTOGRAM,
        .temporality = SM_TEMPORALITY_CUMULATIVE,
        .is_monotonic = is_sum,
        .points = sm_arena_zalloc(out->arena, all->entries.count, sizeof(struct sm_data_point)),
        .changed = true,
    };
    for (uint32_t i = 0; i < sm_entries_limit(&all->entries); i++) {
        if (!sm_entries_has(&all->entries, i))
            continue;
        const struct series *series = sm_entries_at(&all->entries, i);
        if (content != FAILED_CALLS || series->has_failed)
            fill_point(out, content, series, &metric->points[metric->point_count++]);
    }
    return metric->point_count > 0;
}

struct sm_batch *sm_graph_series_export(const struct sm_graph_series *all, uint64_t time_ns)
{
    static const struct {
        enum content content;
        const char *name, *legacy_name; /* NULL: there is none */
    } rows[] = {
        {CALLS, "traces_service_graph_request_total", "traces_service_graph_request_total"},
        {FAILED_CALLS, "traces_service_graph_request_failed_total", "traces_service_graph_request_failed_total"},
        {SERVER_DURATIONS, "traces_service_graph_request_server", "traces_service_graph_request_duration"},
        {CLIENT_DURATIONS, "traces_service_graph_request_client", NULL},
    };
    if (all->entries.count == 0)
        return NULL;
    struct sm_batch *batch = sm_batch_create(SM_METRICS);
    const struct export out = {.all = all, .arena = &batch->arena, .time_ns = time_ns};
    struct sm_scope_group *scope = sm_batch_add_scope(batch, sm_batch_add_resource(batch));
    scope->scope.name = SM_SLICE("traces_service_graph");
    scope->metrics = sm_arena_zalloc(&batch->arena, sizeof(rows) / sizeof(rows[0]), sizeof(struct sm_metric));
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const char *name = all->shape->has_legacy_names ? rows[i].legacy_name : rows[i].name;
        if (name && fill_metric(&out, rows[i].content, name, &scope->metrics[scope->count]))
            scope->count++;
    }
    sm_batch_recount(batch);
    return batch;
}
