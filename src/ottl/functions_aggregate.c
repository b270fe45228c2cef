/* functions_aggregate.c - editors that join data points of a metric: aggregate_on_attributes, aggregate_on_attribute_value.
 *
 * Points with the same attributes and time (and what else tells points of a type apart) become one, in the place of the first.
 * Source: opentelemetry-collector-contrib processor/transformprocessor/internal/metrics, internal/coreinternal/aggregateutil. */
#include <math.h>
#include <stdlib.h>

#include "base/hash.h"
#include "ottl/metrics.h"

enum aggregation { AGGREGATE_SUM, AGGREGATE_MAX, AGGREGATE_MIN, AGGREGATE_MEAN, AGGREGATE_MEDIAN, AGGREGATE_COUNT, AGGREGATION_COUNT };
static const struct aggregation_row {
    const char *name;
    enum aggregation aggregation;
} aggregations[] = {{"sum", AGGREGATE_SUM},   {"max", AGGREGATE_MAX},       {"min", AGGREGATE_MIN},
                    {"mean", AGGREGATE_MEAN}, {"median", AGGREGATE_MEDIAN}, {"count", AGGREGATE_COUNT}};

/* ---- groups */

struct group {
    struct sm_hash128 hash;
    size_t *members; /* indexes of points */
    size_t count, capacity;
};

struct grouping {
    struct group *groups;
    size_t count;
    size_t *slots; /* group number + 1 */
    size_t slot_count;
};

static void append_number(struct sm_bytes *key, const void *number, size_t size)
{
    sm_bytes_append(key, number, size);
}

static struct sm_hash128 hash_point(struct sm_ottl_run *run, struct sm_data_point *point)
{
    const struct sm_metric *metric = run->metric;
    struct sm_value attributes = {.type = SM_VALUE_MAP, .map = sm_attributes_map(&point->attributes, run->arena)};
    struct sm_bytes key;
    bool is_histogram = metric->type == SM_METRIC_HISTOGRAM, is_exponential = metric->type == SM_METRIC_EXPONENTIAL_HISTOGRAM;
    sm_bytes_init(&key, run->arena);
    append_number(&key, &point->time_ns, sizeof(point->time_ns));
    if (metric->type != SM_METRIC_GAUGE && metric->temporality == SM_TEMPORALITY_DELTA)
        append_number(&key, &point->start_ns, sizeof(point->start_ns));
    if (is_histogram)
        append_number(&key, point->explicit_bounds, point->bound_count * sizeof(*point->explicit_bounds));
    if (is_exponential)
        append_number(&key, &point->scale, sizeof(point->scale));
    if (is_histogram || is_exponential)
        sm_bytes_printf(&key, "%d%d%u", point->has_min, point->has_max, point->flags);
    sm_ottl_append_json(&key, &attributes, run->arena);
    return sm_hash128(sm_hash_secret(), sm_bytes_slice(&key));
}

static struct group *group_of(struct grouping *grouping, struct sm_hash128 hash)
{
    size_t slot = (size_t)hash.low & (grouping->slot_count - 1);
    for (; grouping->slots[slot] != 0; slot = (slot + 1) & (grouping->slot_count - 1)) {
        struct group *group = &grouping->groups[grouping->slots[slot] - 1];
        if (group->hash.low == hash.low && group->hash.high == hash.high)
            return group;
    }
    struct group *group = &grouping->groups[grouping->count++];
    group->hash = hash;
    grouping->slots[slot] = grouping->count;
    return group;
}

static void add_member(struct group *group, struct sm_arena *arena, size_t index)
{
    if (group->count == group->capacity)
        group->members = sm_arena_grow(arena, group->members, group->count, &group->capacity, group->count + 1, sizeof(*group->members));
    group->members[group->count++] = index;
}

static struct grouping group_points(struct sm_ottl_run *run)
{
    struct sm_metric *metric = run->metric;
    struct grouping grouping = {.groups = sm_arena_zalloc(run->arena, metric->point_count, sizeof(struct group)), .slot_count = 2};
    while (grouping.slot_count < metric->point_count * 2)
        grouping.slot_count *= 2;
    grouping.slots = sm_arena_zalloc(run->arena, grouping.slot_count, sizeof(*grouping.slots));
    for (size_t i = 0; i < metric->point_count; i++)
        if (!metric->points[i].dropped)
            add_member(group_of(&grouping, hash_point(run, &metric->points[i])), run->arena, i);
    return grouping;
}

/* ---- numbers */

static double as_double(const struct sm_data_point *point)
{
    return point->number_type == SM_NUMBER_DOUBLE ? point->number : point->number_type == SM_NUMBER_INT ? (double)point->integer : 0;
}

static int64_t as_integer(const struct sm_data_point *point)
{
    double number = point->number_type == SM_NUMBER_DOUBLE ? point->number : 0;
    if (point->number_type == SM_NUMBER_INT)
        return point->integer;
    return number >= -9223372036854775808.0 && number < 9223372036854775808.0 ? (int64_t)number : INT64_MIN;
}

static int order_doubles(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;
    return isnan(left) || isnan(right) ? !!isnan(right) - !!isnan(left) : (left > right) - (left < right);
}

static int order_integers(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;
    return (left > right) - (left < right);
}

static double join_doubles(double *numbers, size_t count, enum aggregation aggregation)
{
    double result = numbers[0];
    for (size_t i = 1; i < count; i++)
        if (aggregation == AGGREGATE_MAX)
            result = isnan(result) || isnan(numbers[i]) ? NAN : fmax(result, numbers[i]);
        else if (aggregation == AGGREGATE_MIN)
            result = isnan(result) || isnan(numbers[i]) ? NAN : fmin(result, numbers[i]);
        else if (aggregation == AGGREGATE_SUM || aggregation == AGGREGATE_MEAN)
            result += numbers[i];
    if (aggregation == AGGREGATE_MEAN)
        return result / (double)count;
    if (aggregation == AGGREGATE_COUNT)
        return count > 1 ? (double)count : result; /* a point alone keeps its value, as in the reference */
    if (aggregation != AGGREGATE_MEDIAN)
        return result;
    qsort(numbers, count, sizeof(*numbers), order_doubles);
    return count % 2 ? numbers[count / 2] : (numbers[count / 2 - 1] + numbers[count / 2]) / 2;
}

/* Sums wrap, quotients are cut. */
static int64_t join_integers(int64_t *numbers, size_t count, enum aggregation aggregation)
{
    int64_t result = numbers[0];
    for (size_t i = 1; i < count; i++)
        if ((aggregation == AGGREGATE_MAX && numbers[i] > result) || (aggregation == AGGREGATE_MIN && numbers[i] < result))
            result = numbers[i];
        else if (aggregation == AGGREGATE_SUM || aggregation == AGGREGATE_MEAN)
            result = (int64_t)((uint64_t)result + (uint64_t)numbers[i]);
    if (aggregation == AGGREGATE_MEAN)
        return result / (int64_t)count;
    if (aggregation == AGGREGATE_COUNT)
        return count > 1 ? (int64_t)count : result;
    if (aggregation != AGGREGATE_MEDIAN)
        return result;
    qsort(numbers, count, sizeof(*numbers), order_integers);
    return count % 2 ? numbers[count / 2] : (int64_t)((uint64_t)numbers[count / 2 - 1] + (uint64_t)numbers[count / 2]) / 2;
}

static void join_numbers(struct sm_ottl_run *run, const struct group *group, enum aggregation aggregation, struct sm_data_point *to)
{
    const struct sm_data_point *points = run->metric->points;
    bool adds = aggregation == AGGREGATE_SUM || aggregation == AGGREGATE_MEAN;
    if (to->number_type == SM_NUMBER_DOUBLE) {
        double *numbers = sm_arena_zalloc(run->arena, group->count, sizeof(*numbers));
        for (size_t i = 0; i < group->count; i++)
            numbers[i] = as_double(&points[group->members[i]]);
        to->number = join_doubles(numbers, group->count, aggregation);
    } else if (to->number_type == SM_NUMBER_INT) {
        int64_t *numbers = sm_arena_zalloc(run->arena, group->count, sizeof(*numbers));
        for (size_t i = 0; i < group->count; i++) /* floats among integers do not add, in the reference */
            numbers[i] = adds && points[group->members[i]].number_type != SM_NUMBER_INT ? 0 : as_integer(&points[group->members[i]]);
        to->integer = join_integers(numbers, group->count, aggregation);
    }
}

/* ---- histograms */

static void join_exemplars(struct sm_ottl_run *run, struct sm_data_point *to, struct sm_data_point *from)
{
    size_t count, more;
    const struct sm_exemplar *first = sm_data_point_exemplars(to, run->arena, &count), *second = sm_data_point_exemplars(from, run->arena, &more);
    struct sm_exemplar *joined = sm_arena_zalloc(run->arena, count + more, sizeof(*joined));
    for (size_t i = 0; i < count + more; i++)
        joined[i] = i < count ? first[i] : second[i - count];
    to->exemplars = joined;
    to->exemplar_count = count + more;
    to->has_decoded_exemplars = true;
}

static void join_counts(struct sm_data_point *to, const struct sm_data_point *from)
{
    to->count += from->count;
    to->sum += from->sum;
    to->has_sum = true;
    if (to->has_min && to->min > from->min)
        to->min = from->min;
    if (to->has_max && to->max < from->max)
        to->max = from->max;
}

static void join_histogram(struct sm_data_point *to, const struct sm_data_point *from)
{
    join_counts(to, from);
    for (size_t i = 0; i < from->bucket_count && i < to->bucket_count; i++)
        to->bucket_counts[i] += from->bucket_counts[i];
}

static void put_buckets(struct sm_arena *arena, struct sm_exponential_buckets *buckets, size_t shift, size_t count)
{
    uint64_t *counts = sm_arena_zalloc(arena, count, sizeof(*counts));
    for (size_t i = 0; i < buckets->count; i++)
        counts[i + shift] = buckets->counts[i];
    buckets->counts = counts;
    buckets->count = count;
}

/* Source buckets below the target's: those with counts go in front one by one, as the reference does. */
static void join_lower_buckets(struct sm_arena *arena, struct sm_exponential_buckets *to, const struct sm_exponential_buckets *from)
{
    size_t filled = 0, at = 0;
    for (size_t i = 0; i < from->count; i++)
        filled += from->counts[i] > 0;
    put_buckets(arena, to, filled, to->count + filled);
    for (size_t i = 0; i < from->count; i++)
        if (from->counts[i] > 0)
            to->counts[at++] = from->counts[i];
}

enum { BUCKETS_MAX = 100000 }; /* buckets that offsets far apart may make */

static void join_higher_buckets(struct sm_arena *arena, struct sm_exponential_buckets *to, const struct sm_exponential_buckets *from, size_t shift)
{
    size_t last = 0;
    for (size_t i = 0; i < from->count; i++)
        last = from->counts[i] > 0 ? i + shift + 1 : last;
    if (last > BUCKETS_MAX)
        return;
    put_buckets(arena, to, 0, last > to->count ? last : to->count);
    for (size_t i = 0; i < from->count; i++)
        if (from->counts[i] > 0)
            to->counts[i + shift] += from->counts[i];
}

static void join_buckets(struct sm_arena *arena, struct sm_exponential_buckets *to, const struct sm_exponential_buckets *from)
{
    int32_t offset = from->offset < to->offset ? from->offset : to->offset;
    bool differs = from->offset != to->offset;
    if (from->count == 0)
        return;
    if (from->offset < to->offset)
        join_lower_buckets(arena, to, from);
    else
        join_higher_buckets(arena, to, from, (size_t)((int64_t)from->offset - to->offset));
    to->offset = offset;
    while (differs && to->count > 0 && to->counts[0] == 0) {
        to->counts++;
        to->count--;
    }
}

static void join_exponential(struct sm_arena *arena, struct sm_data_point *to, const struct sm_data_point *from)
{
    join_counts(to, from);
    to->zero_count += from->zero_count;
    to->has_negative = to->has_negative || from->has_negative;
    to->has_positive = to->has_positive || from->has_positive;
    join_buckets(arena, &to->negative, &from->negative);
    join_buckets(arena, &to->positive, &from->positive);
}

/* ---- all together */

static void join_group(struct sm_ottl_run *run, const struct group *group, enum aggregation aggregation, struct sm_data_point *to)
{
    struct sm_metric *metric = run->metric;
    bool has_numbers = metric->type == SM_METRIC_GAUGE || metric->type == SM_METRIC_SUM;
    *to = metric->points[group->members[0]];
    to->changed = true;
    if (has_numbers)
        join_numbers(run, group, aggregation, to);
    for (size_t i = 1; i < group->count; i++) {
        struct sm_data_point *from = &metric->points[group->members[i]];
        if (!has_numbers && from->count == 0)
            continue;
        if (metric->type == SM_METRIC_HISTOGRAM)
            join_histogram(to, from);
        else if (metric->type == SM_METRIC_EXPONENTIAL_HISTOGRAM)
            join_exponential(run->arena, to, from);
        if (!has_numbers)
            join_exemplars(run, to, from);
        if (from->start_ns < to->start_ns)
            to->start_ns = from->start_ns;
    }
}

static void aggregate(struct sm_ottl_run *run, enum aggregation aggregation)
{
    struct sm_metric *metric = run->metric;
    size_t before = sm_ottl_point_count(metric);
    struct grouping grouping = group_points(run);
    if (metric->type == SM_METRIC_SUMMARY) /* the reference loses their points */
        grouping.count = 0;
    struct sm_data_point *points = sm_arena_zalloc(run->arena, grouping.count, sizeof(*points));
    for (size_t i = 0; i < grouping.count; i++)
        join_group(run, &grouping.groups[i], aggregation, &points[i]);
    metric->points = points;
    metric->point_count = grouping.count;
    sm_attributes_edit(&metric->metadata, run->arena)->count = 0; /* a new metric in the reference, which leaves it behind */
    run->batch->item_count -= before - grouping.count;
    sm_ottl_mark_metric(run);
}

static void keep_keys(struct sm_ottl_run *run, struct sm_data_point *point, const struct sm_ottl_arg *keys)
{
    struct sm_map *map = sm_attributes_edit(&point->attributes, run->arena);
    size_t kept = 0;
    for (size_t i = 0; i < map->count; i++) {
        bool is_kept = false;
        for (size_t k = 0; k < keys->count; k++)
            is_kept = is_kept || sm_slice_equal(map->entries[i].key, keys->items[k].text);
        if (is_kept)
            map->entries[kept++] = map->entries[i];
    }
    map->count = kept;
}

static bool call_on_attributes(const struct sm_ottl_call *call, struct sm_ottl_run *run, struct sm_ottl_value *out)
{
    const struct aggregation_row *row = call->state;
    (void)out;
    if (run->metric->type == SM_METRIC_SUMMARY)
        return sm_ottl_fail(run, "aggregate_on_attributes does not support aggregating Summary metrics");
    for (size_t i = 0; call->args[1].is_set && i < run->metric->point_count; i++)
        keep_keys(run, &run->metric->points[i], &call->args[1]);
    aggregate(run, row->aggregation);
    return true;
}

static void rename_value(struct sm_ottl_run *run, struct sm_data_point *point, struct sm_slice key, const struct sm_ottl_arg *values,
                         struct sm_slice replacement)
{
    struct sm_value *value = sm_map_find(sm_attributes_edit(&point->attributes, run->arena), key);
    for (size_t i = 0; value && i < values->count; i++)
        if (sm_slice_equal(value->type == SM_VALUE_STRING ? value->string : (struct sm_slice){0}, values->items[i].text))
            *value = sm_value_string(replacement);
}

static bool call_on_value(const struct sm_ottl_call *call, struct sm_ottl_run *run, struct sm_ottl_value *out)
{
    const struct aggregation_row *row = call->state;
    struct sm_slice replacement = sm_arena_copy(run->arena, call->args[3].text);
    (void)out;
    for (size_t i = 0; i < run->metric->point_count; i++)
        rename_value(run, &run->metric->points[i], call->args[1].text, &call->args[2], replacement);
    aggregate(run, row->aggregation);
    return true;
}

static bool prepare_aggregation(struct sm_ottl_call *call, struct sm_ottl_compiler *compiler)
{
    for (size_t i = 0; i < AGGREGATION_COUNT; i++)
        if (sm_slice_is(call->args[0].text, aggregations[i].name))
            call->state = &aggregations[i];
    return call->state ||
           sm_ottl_compile_error(compiler, call->node, "invalid aggregation function: '%.*s', valid options: sum, mean, min, max, median, count",
                                 SM_SLICE_ARGS(call->args[0].text));
}

#define TEXT(parameter)                                                                                                                              \
    {                                                                                                                                                \
        .name = (parameter), .type = SM_OTTL_ARG_LITERAL_STRING                                                                                      \
    }

const struct sm_ottl_function sm_ottl_aggregate_functions[] = {
    {.name = "aggregate_on_attributes",
     .help = "Removes all other attributes of the data points, and joins those that are then alike.",
     .set = SM_OTTL_FOR_TRANSFORM,
     .contexts = 1u << SM_OTTL_METRIC,
     .parameters = {TEXT("AggregationFunction"), {.name = "Attributes", .type = SM_OTTL_ARG_LITERAL_STRING, .is_optional = true, .is_list = true}},
     .call = call_on_attributes,
     .prepare = prepare_aggregation},
    {.name = "aggregate_on_attribute_value",
     .help = "Gives the values of an attribute one new value, and joins data points that are then alike.",
     .set = SM_OTTL_FOR_TRANSFORM,
     .contexts = 1u << SM_OTTL_METRIC,
     .parameters =
         {TEXT("AggregationFunction"), TEXT("Attribute"), {.name = "Values", .type = SM_OTTL_ARG_LITERAL_STRING, .is_list = true}, TEXT("NewValue")},
     .call = call_on_value,
     .prepare = prepare_aggregation},
    {0},
};
