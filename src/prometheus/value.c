/* value.c - the value of one point, and how delta points of histograms add up.
 *
 * Merging exponential histograms differs from the reference, which mixes up bucket limits and scales: here buckets are brought to one scale, and
 * those that lie wholly below the larger zero threshold go to the zero count. Source: exporter/prometheusexporter/accumulator.go;
 * opentelemetry-specification, metrics/data-model.md (exponential histogram). */
#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "prometheus/series.h"

enum { MERGED_BUCKETS_MAX = 4096 }; /* of one side; wider ones are brought to a coarser scale */
enum { LDEXP_SHIFT_MAX = 4096 };    /* beyond it every double is zero or infinite anyway */

struct sm_prometheus_distribution *sm_prometheus_distribution_create(size_t data_count)
{
    return sm_alloc(1, sizeof(struct sm_prometheus_distribution) + data_count * sizeof(uint64_t));
}

void sm_prometheus_distribution_free(struct sm_prometheus_texts *texts, struct sm_prometheus_distribution *distribution)
{
    if (!distribution)
        return;
    sm_prometheus_text_release(texts, distribution->bounds);
    free(distribution);
}

struct sm_prometheus_distribution *sm_prometheus_distribution_copy(const struct sm_prometheus_distribution *from)
{
    size_t count = (size_t)from->positive.count + from->negative.count + 2 * (size_t)from->quantile_count;
    struct sm_prometheus_distribution *copy = sm_prometheus_distribution_create(count);
    memcpy(copy, from, sizeof(*from) + count * sizeof(uint64_t));
    copy->bounds = sm_prometheus_text_retain(from->bounds);
    return copy;
}

/* ---- from a point */

static void copy_counts(uint64_t *to, const uint64_t *from, size_t count)
{
    if (count)
        memcpy(to, from, count * sizeof(*to));
}

static struct sm_prometheus_distribution *make_histogram(struct sm_prometheus_texts *texts, const struct sm_data_point *point)
{
    struct sm_prometheus_distribution *made = sm_prometheus_distribution_create(point->bucket_count);
    made->positive.count = (uint32_t)point->bucket_count;
    copy_counts(made->data, point->bucket_counts, point->bucket_count);
    made->bounds = sm_prometheus_text_get(texts, sm_slice_make(point->explicit_bounds, point->bound_count * sizeof(double)));
    return made;
}

static void take_totals(struct sm_prometheus_distribution *made, const struct sm_data_point *point, bool has_sum)
{
    made->count = point->count;
    made->has_sum = has_sum;
    made->sum = has_sum ? point->sum : 0;
}

struct sm_prometheus_distribution *sm_prometheus_exponential_make(const struct sm_data_point *point)
{
    size_t positive = point->positive.count, negative = point->negative.count;
    struct sm_prometheus_distribution *made = sm_prometheus_distribution_create(positive + negative);
    made->scale = point->scale;
    made->zero_count = point->zero_count;
    made->zero_threshold = point->zero_threshold;
    made->positive = (struct sm_prometheus_buckets){.offset = point->positive.offset, .count = (uint32_t)positive};
    made->negative = (struct sm_prometheus_buckets){.offset = point->negative.offset, .count = (uint32_t)negative};
    copy_counts(made->data, point->positive.counts, positive);
    copy_counts(made->data + positive, point->negative.counts, negative);
    take_totals(made, point, point->has_sum);
    return made;
}

static struct sm_prometheus_distribution *make_summary(const struct sm_data_point *point)
{
    struct sm_prometheus_distribution *made = sm_prometheus_distribution_create(2 * point->quantile_count);
    made->quantile_count = (uint32_t)point->quantile_count;
    for (size_t i = 0; i < point->quantile_count; i++) {
        memcpy(&made->data[2 * i], &point->quantiles[i].quantile, sizeof(double));
        memcpy(&made->data[2 * i + 1], &point->quantiles[i].value, sizeof(double));
    }
    return made;
}

static struct sm_prometheus_distribution *make_distribution(struct sm_prometheus_texts *texts, enum sm_metric_type type,
                                                            const struct sm_data_point *point)
{
    struct sm_prometheus_distribution *made = type == SM_METRIC_HISTOGRAM               ? make_histogram(texts, point)
                                              : type == SM_METRIC_EXPONENTIAL_HISTOGRAM ? sm_prometheus_exponential_make(point)
                                                                                        : make_summary(point);
    take_totals(made, point, point->has_sum || type == SM_METRIC_SUMMARY);
    return made;
}

struct sm_prometheus_value sm_prometheus_value_make(struct sm_prometheus_texts *texts, enum sm_metric_type type, const struct sm_data_point *point)
{
    struct sm_prometheus_value value = {.start_ns = point->start_ns, .time_ns = point->time_ns};
    if (type != SM_METRIC_GAUGE && type != SM_METRIC_SUM) {
        value.distribution = make_distribution(texts, type, point);
        return value;
    }
    value.number_type = point->number_type;
    if (point->number_type == SM_NUMBER_INT)
        value.integer = point->integer;
    else if (point->number_type == SM_NUMBER_DOUBLE)
        value.number = point->number;
    return value;
}

/* ---- histograms with bounds */

struct sm_prometheus_distribution *sm_prometheus_histogram_add(const struct sm_prometheus_distribution *older,
                                                               struct sm_prometheus_distribution *newer)
{
    if (older->bounds == newer->bounds) {
        newer->count += older->count;
        newer->sum += older->sum;
        for (uint32_t i = 0; i < newer->positive.count && i < older->positive.count; i++)
            newer->data[i] += older->data[i];
    }
    newer->has_sum = true;
    return newer;
}

static double bound_at(const struct sm_prometheus_text *bounds, size_t index)
{
    double bound;
    memcpy(&bound, bounds->bytes + index * sizeof(bound), sizeof(bound));
    return bound;
}

static size_t bound_count(const struct sm_prometheus_distribution *histogram)
{
    return histogram->bounds ? histogram->bounds->size / sizeof(double) : 0;
}

/* What is no number stands in no order. */
static bool is_ascending(const struct sm_prometheus_distribution *histogram)
{
    for (size_t i = 0; i < bound_count(histogram); i++) {
        double bound = bound_at(histogram->bounds, i);
        if (isnan(bound) || (i > 0 && bound_at(histogram->bounds, i - 1) >= bound))
            return false;
    }
    return true;
}

static uint64_t count_at(const struct sm_prometheus_distribution *histogram, size_t index)
{
    return index < histogram->positive.count ? histogram->data[index] : 0;
}

static uint64_t count_from(const struct sm_prometheus_distribution *histogram, size_t index)
{
    uint64_t count = 0;
    for (; index < histogram->positive.count; index++)
        count += histogram->data[index];
    return count;
}

/* At a bound that both have, the values below it are known of both. */
static struct sm_prometheus_distribution *join_at_common_bounds(struct sm_prometheus_texts *texts, const struct sm_prometheus_distribution *a,
                                                                const struct sm_prometheus_distribution *b)
{
    size_t a_count = bound_count(a), b_count = bound_count(b), i = 0, k = 0, kept = 0;
    double *bounds = sm_alloc(a_count + 1, sizeof(*bounds));
    struct sm_prometheus_distribution *joined = sm_prometheus_distribution_create(a_count + 1);
    uint64_t count = 0; /* since the last bound that is kept */
    while (i < a_count && k < b_count) {
        double left = bound_at(a->bounds, i), right = bound_at(b->bounds, k);
        if (left <= right)
            count += count_at(a, i++);
        if (right <= left)
            count += count_at(b, k++);
        if (left == right) {
            bounds[kept] = left;
            joined->data[kept++] = count;
            count = 0;
        }
    }
    joined->data[kept] = count + count_from(a, i) + count_from(b, k);
    joined->positive.count = (uint32_t)kept + 1;
    joined->bounds = sm_prometheus_text_get(texts, sm_slice_make(bounds, kept * sizeof(*bounds)));
    free(bounds);
    return joined;
}

/* Of bounds that are in no order nothing is known together: then there is one bucket. */
static struct sm_prometheus_distribution *join_histograms(struct sm_prometheus_texts *texts, const struct sm_prometheus_distribution *a,
                                                          const struct sm_prometheus_distribution *b)
{
    if (a->bounds != b->bounds && is_ascending(a) && is_ascending(b))
        return join_at_common_bounds(texts, a, b);
    if (a->bounds == b->bounds && a->positive.count == b->positive.count) {
        struct sm_prometheus_distribution *joined = sm_prometheus_distribution_copy(a);
        for (uint32_t i = 0; i < joined->positive.count; i++)
            joined->data[i] += b->data[i];
        return joined;
    }
    struct sm_prometheus_distribution *joined = sm_prometheus_distribution_create(1);
    joined->data[0] = a->count + b->count;
    joined->positive.count = 1;
    joined->bounds = sm_prometheus_text_get(texts, (struct sm_slice){0});
    return joined;
}

struct sm_prometheus_distribution *sm_prometheus_distribution_join(struct sm_prometheus_texts *texts, enum sm_metric_type type,
                                                                   const struct sm_prometheus_distribution *a,
                                                                   const struct sm_prometheus_distribution *b)
{
    if (type == SM_METRIC_EXPONENTIAL_HISTOGRAM)
        return sm_prometheus_exponential_add(a, b);
    struct sm_prometheus_distribution *joined = type == SM_METRIC_HISTOGRAM ? join_histograms(texts, a, b) : sm_prometheus_distribution_create(0);
    joined->count = a->count + b->count;
    joined->has_sum = a->has_sum && b->has_sum;
    joined->sum = joined->has_sum ? a->sum + b->sum : 0;
    return joined;
}

/* ---- exponential histograms */

/* One side of one histogram while it is merged. */
struct side {
    const uint64_t *counts;
    int64_t offset;
    uint32_t count;
};

static int64_t shift_index(int64_t index, unsigned shift)
{
    return shift >= 63 ? (index < 0 ? -1 : 0) : index >> shift;
}

static unsigned shift_to(const struct sm_prometheus_distribution *histogram, int64_t scale)
{
    return (unsigned)((int64_t)histogram->scale - scale);
}

static struct side positive_side(const struct sm_prometheus_distribution *histogram)
{
    return (struct side){.counts = histogram->data, .offset = histogram->positive.offset, .count = histogram->positive.count};
}

static struct side negative_side(const struct sm_prometheus_distribution *histogram)
{
    return (struct side){
        .counts = histogram->data + histogram->positive.count, .offset = histogram->negative.offset, .count = histogram->negative.count};
}

struct range {
    int64_t first, last; /* last < first: empty */
};

static void widen(struct range *range, const struct side *side, unsigned shift)
{
    if (!side->count)
        return;
    int64_t first = shift_index(side->offset, shift), last = shift_index(side->offset + side->count - 1, shift);
    bool is_empty = range->last < range->first;
    range->first = is_empty || first < range->first ? first : range->first;
    range->last = is_empty || last > range->last ? last : range->last;
}

struct merge {
    const struct sm_prometheus_distribution *a, *b;
    int64_t scale;
    double zero_threshold;
    struct range positive, negative;
};

static void find_ranges(struct merge *merge)
{
    merge->positive = merge->negative = (struct range){.first = 0, .last = -1};
    const struct sm_prometheus_distribution *both[] = {merge->a, merge->b};
    for (int i = 0; i < 2; i++) {
        struct side positive = positive_side(both[i]), negative = negative_side(both[i]);
        widen(&merge->positive, &positive, shift_to(both[i], merge->scale));
        widen(&merge->negative, &negative, shift_to(both[i], merge->scale));
    }
}

static bool is_too_wide(const struct range *range)
{
    return range->last - range->first >= MERGED_BUCKETS_MAX;
}

/* Whether bucket `index` at `scale` ends at or below the threshold: its upper limit is 2^((index + 1) / 2^scale). */
static bool is_below(int64_t index, int64_t scale, double threshold)
{
    int shift = scale < -LDEXP_SHIFT_MAX ? LDEXP_SHIFT_MAX : scale > LDEXP_SHIFT_MAX ? -LDEXP_SHIFT_MAX : (int)-scale;
    return threshold > 0 && exp2(ldexp((double)(index + 1), shift)) <= threshold;
}

/* Adds one side to `counts`, which begin at `range`; returns what lies below the threshold. */
static uint64_t add_side(const struct merge *merge, double threshold, const struct side *side, unsigned shift, const struct range *range,
                         uint64_t *counts)
{
    uint64_t zeros = 0;
    for (uint32_t i = 0; i < side->count; i++) {
        int64_t index = shift_index(side->offset + i, shift);
        if (is_below(index, merge->scale, threshold))
            zeros += side->counts[i];
        else
            counts[index - range->first] += side->counts[i];
    }
    return zeros;
}

struct sm_prometheus_distribution *sm_prometheus_exponential_add(const struct sm_prometheus_distribution *a,
                                                                 const struct sm_prometheus_distribution *b)
{
    struct merge merge = {.a = a,
                          .b = b,
                          .scale = a->scale < b->scale ? a->scale : b->scale,
                          .zero_threshold = a->zero_threshold > b->zero_threshold ? a->zero_threshold : b->zero_threshold};
    find_ranges(&merge);
    while (is_too_wide(&merge.positive) || is_too_wide(&merge.negative)) {
        merge.scale--;
        find_ranges(&merge);
    }
    uint32_t positive = (uint32_t)(merge.positive.last - merge.positive.first + 1),
             negative = (uint32_t)(merge.negative.last - merge.negative.first + 1);
    struct sm_prometheus_distribution *sum = sm_prometheus_distribution_create((size_t)positive + negative);
    sum->scale = (int32_t)merge.scale;
    sum->zero_threshold = merge.zero_threshold;
    sum->positive = (struct sm_prometheus_buckets){.offset = (int32_t)merge.positive.first, .count = positive};
    sum->negative = (struct sm_prometheus_buckets){.offset = (int32_t)merge.negative.first, .count = negative};
    sum->count = a->count + b->count;
    sum->has_sum = a->has_sum && b->has_sum;
    sum->sum = sum->has_sum ? a->sum + b->sum : 0;
    sum->zero_count = a->zero_count + b->zero_count;
    const struct sm_prometheus_distribution *both[] = {a, b};
    for (int i = 0; i < 2; i++) {
        struct side sides[] = {positive_side(both[i]), negative_side(both[i])};
        unsigned shift = shift_to(both[i], merge.scale);
        double threshold = merge.zero_threshold > both[i]->zero_threshold ? merge.zero_threshold : 0; /* 0: its buckets fit already */
        sum->zero_count += add_side(&merge, threshold, &sides[0], shift, &merge.positive, sum->data);
        sum->zero_count += add_side(&merge, threshold, &sides[1], shift, &merge.negative, sum->data + positive);
    }
    return sum;
}
