/* functions_histogram.c - editors of histograms: convert_exponential_histogram_to_histogram, extract_percentile_metric, merge_histogram_buckets.
 *
 * Source: opentelemetry-collector-contrib processor/transformprocessor/internal/metrics; OpenTelemetry metrics data model (exponential buckets). */
#include <inttypes.h>
#include <math.h>
#include <sys/random.h>

#include "ottl/metrics.h"
#include "wire/number.h"

/* ---- exponential to explicit: how the count of a bucket that no explicit one contains is spread */

struct spread {
    const double *bounds;
    size_t count;
    uint64_t *buckets; /* as many as bounds */
};

static size_t first_bound_at(const struct spread *s, double value, size_t from)
{
    while (from < s->count && s->bounds[from] < value)
        from++;
    return from;
}

static void spread_upper(const struct spread *s, uint64_t count, double lower, double upper)
{
    (void)lower;
    size_t i = first_bound_at(s, upper, 0);
    s->buckets[i < s->count ? i : s->count - 1] += count;
}

static void spread_midpoint(const struct spread *s, uint64_t count, double lower, double upper)
{
    size_t i = first_bound_at(s, (upper + lower) / 2, 0);
    s->buckets[i == s->count ? s->count - 1 : i > 0 ? i - 1 : 0] += count;
}

/* The buckets that the range touches; the last one takes what is above. */
static void touched(const struct spread *s, double lower, double upper, size_t *start, size_t *end)
{
    *start = first_bound_at(s, lower, 0);
    *end = first_bound_at(s, upper, *start);
    *end = *end < s->count ? *end : s->count - 1;
    *start = *start < s->count ? *start : s->count - 1;
}

static void spread_uniform(const struct spread *s, uint64_t count, double lower, double upper)
{
    size_t start, end;
    touched(s, lower, upper, &start, &end);
    uint64_t shares = end - start + 1, rest = count % shares;
    for (size_t i = start; i <= end; i++)
        s->buckets[i] += count / shares + (i - start < rest);
}

static uint64_t random_below(uint64_t limit)
{
    uint64_t number = 0;
    if (getrandom(&number, sizeof(number), 0) != (ssize_t)sizeof(number))
        number = 0;
    return limit ? number % limit : 0;
}

static void spread_random(const struct spread *s, uint64_t count, double lower, double upper)
{
    size_t start, end;
    uint64_t given = 0;
    touched(s, lower, upper, &start, &end);
    for (size_t i = start; i <= end && end > start; i++) {
        double from = i == 0 ? lower : s->bounds[i - 1];
        double overlap = fmin(s->bounds[i], upper) - fmax(from, lower), share = (double)count * (overlap / (upper - lower));
        uint64_t part = share >= 1 ? random_below((uint64_t)share) : 0;
        s->buckets[i] += part;
        given += part;
    }
    for (size_t i = start; i <= end; i++) { /* the rest in random portions, all that is left to the last */
        uint64_t part = i == end ? count - given : random_below(count - given + 1);
        s->buckets[i] += part;
        given += part;
    }
}

typedef void (*spreading)(const struct spread *s, uint64_t count, double lower, double upper);
static const struct distribution {
    const char *name;
    spreading spread;
} distributions[] = {{"random", spread_random}, {"upper", spread_upper}, {"midpoint", spread_midpoint}, {"uniform", spread_uniform}};

static bool add_to_containing(const struct spread *s, uint64_t count, double lower, double upper)
{
    for (size_t i = 1; i < s->count; i++)
        if (lower > s->bounds[i - 1] && upper <= s->bounds[i]) {
            s->buckets[i - 1] += count;
            return true;
        }
    return false;
}

static void spread_point(const struct sm_data_point *point, const struct spread *s, spreading spread)
{
    double factor = ldexp(M_LN2, -point->scale);
    if (point->zero_count > 0 && s->bounds[0] == 0)
        s->buckets[0] += point->zero_count;
    for (size_t i = 0; i < point->positive.count; i++) {
        double index = (double)point->positive.offset + (double)i;
        double lower = exp(index * factor), upper = exp((index + 1) * factor);
        if (lower > s->bounds[s->count - 1])
            s->buckets[s->count - 1] += point->positive.counts[i];
        else if (!add_to_containing(s, point->positive.counts[i], lower, upper))
            spread(s, point->positive.counts[i], lower, upper);
    }
}

static struct sm_data_point convert_point(struct sm_data_point *source, const struct sm_ottl_arg *bounds, spreading spread, struct sm_arena *arena)
{
    double *copy = sm_arena_zalloc(arena, bounds->count, sizeof(*copy));
    struct spread s = {.bounds = copy, .count = bounds->count, .buckets = sm_arena_zalloc(arena, bounds->count, sizeof(uint64_t))};
    for (size_t i = 0; i < bounds->count; i++)
        copy[i] = bounds->items[i].number;
    spread_point(source, &s, spread);
    struct sm_data_point point = {
        .start_ns = source->start_ns,
        .time_ns = source->time_ns,
        .count = source->count,
        .sum = source->sum,
        .min = source->min,
        .max = source->max,
        .has_sum = true,
        .has_min = true,
        .has_max = true,
        .explicit_bounds = copy,
        .bound_count = s.count,
        .bucket_counts = s.buckets,
        .bucket_count = s.count,
        .changed = true,
        .dropped = source->dropped,
        .has_decoded_exemplars = true,
    };
    point.exemplars = sm_data_point_exemplars(source, arena, &point.exemplar_count);
    point.attributes = sm_ottl_attributes_copy(&source->attributes, arena);
    return point;
}

static bool call_convert(const struct sm_ottl_call *call, struct sm_ottl_run *run, struct sm_ottl_value *out)
{
    const struct distribution *distribution = call->state;
    struct sm_metric *metric = run->metric;
    (void)out;
    if (metric->type != SM_METRIC_EXPONENTIAL_HISTOGRAM)
        return true;
    metric->type = SM_METRIC_HISTOGRAM;
    metric->metadata = (struct sm_attributes){.field = metric->metadata.field}; /* the reference's new metric has none */
    for (size_t i = 0; i < metric->point_count; i++)
        metric->points[i] = convert_point(&metric->points[i], &call->args[1], distribution->spread, run->arena);
    sm_ottl_mark_metric(run);
    return true;
}

static bool prepare_convert(struct sm_ottl_call *call, struct sm_ottl_compiler *compiler)
{
    struct sm_slice name = call->args[0].text.size > 0 ? call->args[0].text : SM_SLICE("random");
    for (size_t i = 0; i < sizeof(distributions) / sizeof(distributions[0]); i++)
        if (sm_slice_is(name, distributions[i].name))
            call->state = &distributions[i];
    if (!call->state)
        return sm_ottl_compile_error(compiler, call->node, "invalid conversion function: %.*s, must be one of [upper, midpoint, random, uniform]",
                                     SM_SLICE_ARGS(name));
    return call->args[1].count > 0 || sm_ottl_compile_error(compiler, call->node, "explicit bounds cannot be empty: []");
}

/* ---- extract_percentile_metric */

enum finding { FOUND, SKIPPED, MALFORMED };

static enum finding found(double *out, double value)
{
    *out = value;
    return FOUND;
}

static uint64_t target_count(const struct sm_data_point *point, double percentile)
{
    return (uint64_t)ceil((double)point->count * (percentile / 100.0));
}

struct range {
    double lower, upper;
};

/* What lies at `ratio` between the ends of the range. */
static enum finding interpolate(struct range range, double ratio, double *out)
{
    return ratio >= 0 && ratio <= 1 ? found(out, range.lower + ratio * (range.upper - range.lower)) : MALFORMED;
}

/* The first bucket begins at the minimum, or at zero; the last one ends at the maximum. Without these a bucket is no wider than the end it has. */
static struct range bucket_range(const struct sm_data_point *point, size_t i)
{
    if (i == 0) {
        double upper = point->explicit_bounds[0];
        return (struct range){point->has_min && point->min < upper ? point->min : fmin(upper, 0), upper};
    }
    double lower = point->explicit_bounds[i - 1];
    if (i < point->bound_count)
        return (struct range){lower, point->explicit_bounds[i]};
    return (struct range){lower, point->has_max ? fmax(point->max, lower) : lower};
}

static enum finding find_in_only_bucket(const struct sm_data_point *point, uint64_t target, double *out)
{
    if (!point->has_min || !point->has_max)
        return SKIPPED;
    return interpolate((struct range){point->min, point->max}, (double)target / (double)point->bucket_counts[0], out);
}

static enum finding find_in_histogram(const struct sm_data_point *point, double percentile, double *out)
{
    uint64_t left = target_count(point, percentile);
    if (point->count == 0 || point->bucket_count == 0)
        return SKIPPED;
    if (point->bucket_count != point->bound_count + 1)
        return MALFORMED;
    if (point->bound_count == 0)
        return find_in_only_bucket(point, left, out);
    for (size_t i = 0; i < point->bucket_count; left -= point->bucket_counts[i++])
        if (left <= point->bucket_counts[i])
            return interpolate(bucket_range(point, i), (double)left / (double)point->bucket_counts[i], out);
    return MALFORMED;
}

static double exponential_bound(int64_t index, int32_t scale)
{
    if (scale <= 0)
        return scale < -11 ? (index > 0 ? INFINITY : index < 0 ? 0 : 1) : ldexp(1, (int)(index * (INT64_C(1) << -scale)));
    return exp((double)index * ldexp(M_LN2, -scale));
}

static enum finding interpolate_exponential(int64_t index, int32_t scale, double ratio, double *out)
{
    double lower = exponential_bound(index, scale), upper = exponential_bound(index + 1, scale);
    if (!(ratio >= 0 && ratio <= 1) || lower <= 0 || upper <= 0)
        return MALFORMED;
    return found(out, exp2(log2(lower) + (log2(upper) - log2(lower)) * ratio));
}

static enum finding find_in_negatives(const struct sm_data_point *point, uint64_t target, uint64_t *seen, double *out)
{
    for (size_t i = point->negative.count; i > 0; i--) {
        uint64_t count = point->negative.counts[i - 1], before = *seen;
        *seen += count;
        if (*seen < target)
            continue;
        enum finding finding = interpolate_exponential((int64_t)point->negative.offset + (int64_t)i - 1, point->scale,
                                                       1 - (double)(target - before) / (double)count, out);
        *out = -*out;
        return finding;
    }
    return SKIPPED;
}

static enum finding find_in_exponential(const struct sm_data_point *point, double percentile, double *out)
{
    uint64_t target = target_count(point, percentile), seen = 0;
    if (point->count == 0 || (point->negative.count == 0 && point->positive.count == 0 && point->zero_count == 0))
        return SKIPPED;
    enum finding finding = find_in_negatives(point, target, &seen, out);
    if (finding != SKIPPED)
        return finding;
    if (seen + point->zero_count >= target) {
        const struct range zero = {.lower = point->negative.count == 0 && point->positive.count > 0 ? 0 : -point->zero_threshold,
                                   .upper = point->positive.count == 0 && point->negative.count > 0 ? 0 : point->zero_threshold};
        return interpolate(zero, (double)(target - seen) / (double)point->zero_count, out);
    }
    seen += point->zero_count;
    for (size_t i = 0; i < point->positive.count; i++) {
        uint64_t count = point->positive.counts[i];
        if (seen + count >= target)
            return interpolate_exponential((int64_t)point->positive.offset + (int64_t)i, point->scale, (double)(target - seen) / (double)count, out);
        seen += count;
    }
    return MALFORMED;
}

static bool add_percentiles(struct sm_ottl_run *run, struct sm_metric *gauge, double percentile)
{
    const struct sm_metric *metric = run->metric;
    sm_ottl_points_reserve(run, gauge, metric->point_count);
    for (size_t i = 0; i < metric->point_count; i++) {
        double value = 0;
        const struct sm_data_point *source = &metric->points[i];
        if (source->dropped)
            continue;
        enum finding finding =
            metric->type == SM_METRIC_HISTOGRAM ? find_in_histogram(source, percentile, &value) : find_in_exponential(source, percentile, &value);
        if (finding == MALFORMED)
            return sm_ottl_fail(run, "calculating histogram percentile: malformed data: the counts of the buckets do not fit");
        if (finding == SKIPPED)
            continue;
        struct sm_data_point *point = sm_ottl_point_add(run, gauge, source);
        point->number_type = SM_NUMBER_DOUBLE;
        point->number = value;
    }
    return true;
}

static bool call_percentile(const struct sm_ottl_call *call, struct sm_ottl_run *run, struct sm_ottl_value *out)
{
    char number[SM_NUMBER_SIZE_MAX];
    int size = (int)sm_number_format(call->args[0].number, SM_NUMBER_GENERAL, number);
    bool has_suffix = call->args[1].is_set && call->args[1].text.size > 0;
    (void)out;
    if (run->metric->type != SM_METRIC_HISTOGRAM && run->metric->type != SM_METRIC_EXPONENTIAL_HISTOGRAM)
        return true;
    struct sm_slice suffix = has_suffix ? call->args[1].text : sm_slice_of(sm_arena_printf(run->arena, "_p%.*s", size, number));
    struct sm_slice description = run->metric->description;
    size_t items = run->batch->item_count;
    struct sm_metric *gauge = sm_ottl_metric_add(run, SM_METRIC_GAUGE, suffix);
    if (!gauge)
        return false;
    gauge->description = sm_slice_of(description.size > 0 ? sm_arena_printf(run->arena, "%.*s (p%.*s)", SM_SLICE_ARGS(description), size, number)
                                                          : sm_arena_printf(run->arena, "p%.*s", size, number));
    bool is_fine = add_percentiles(run, gauge, call->args[0].number);
    if (!is_fine || gauge->point_count == 0) {
        run->scope->count--;
        run->batch->item_count = items;
    }
    return is_fine;
}

static bool prepare_percentile(struct sm_ottl_call *call, struct sm_ottl_compiler *compiler)
{
    double percentile = call->args[0].number;
    return (percentile > 0 && percentile < 100) ||
           sm_ottl_compile_error(compiler, call->node, "percentile must be greater than 0 and less than 100, got %f", percentile);
}

/* ---- merge_histogram_buckets */

static void remove_bound(struct sm_data_point *point, double bound)
{
    static const double epsilon = 1e-12;
    size_t i = 0;
    while (i < point->bound_count && !(fabs(point->explicit_bounds[i] - bound) < epsilon))
        i++;
    if (i == point->bound_count)
        return;
    point->bucket_counts[i + 1] += point->bucket_counts[i];
    memmove(point->bucket_counts + i, point->bucket_counts + i + 1, (point->bucket_count - i - 1) * sizeof(*point->bucket_counts));
    memmove(point->explicit_bounds + i, point->explicit_bounds + i + 1, (point->bound_count - i - 1) * sizeof(*point->explicit_bounds));
    point->bucket_count--;
    point->bound_count--;
}

static bool is_increasing(const struct sm_data_point *point)
{
    for (size_t i = 1; i < point->bound_count; i++)
        if (!(point->explicit_bounds[i] > point->explicit_bounds[i - 1]))
            return false;
    return true;
}

static void limit_buckets(struct sm_data_point *point, double limit)
{
    size_t written = 0, bounds = 0;
    if ((double)point->bucket_count <= limit || !is_increasing(point))
        return;
    size_t width = (point->bucket_count - 1) / (size_t)limit + 1;
    for (size_t i = 0; i < point->bucket_count; i += width) {
        uint64_t sum = 0;
        for (size_t k = i; k < i + width && k < point->bucket_count; k++)
            sum += point->bucket_counts[k];
        point->bucket_counts[written++] = sum;
    }
    for (size_t i = width - 1; i < point->bound_count; i += width)
        point->explicit_bounds[bounds++] = point->explicit_bounds[i];
    point->bucket_count = written;
    point->bound_count = bounds;
}

static bool limits(const struct sm_ottl_call *call)
{
    return call->args[1].is_set && sm_slice_is(call->args[1].text, "limit_buckets");
}

static bool check_target(const struct sm_ottl_call *call, struct sm_ottl_run *run, double *target)
{
    bool is_nil;
    if (!sm_ottl_arg_float_like(&call->args[0], run, target, &is_nil))
        return false;
    if (is_nil)
        return sm_ottl_fail(run, "target_value must not be nil");
    if (limits(call) && !(*target >= 1 && trunc(*target) == *target && *target <= 9223372036854775807.0))
        return sm_ottl_fail(run, "target_value must be a positive integer when method is \"limit_buckets\", got %g", *target);
    return true;
}

static bool call_merge(const struct sm_ottl_call *call, struct sm_ottl_run *run, struct sm_ottl_value *out)
{
    struct sm_data_point *point = run->point;
    double target;
    (void)out;
    if (run->metric->type != SM_METRIC_HISTOGRAM)
        return true;
    if (!check_target(call, run, &target))
        return false;
    if (point->bucket_count != point->bound_count + 1 || point->bucket_count == 1)
        return true;
    if (limits(call))
        limit_buckets(point, target);
    else
        remove_bound(point, target);
    sm_ottl_mark_point(run);
    return true;
}

static bool prepare_merge(struct sm_ottl_call *call, struct sm_ottl_compiler *compiler)
{
    struct sm_ottl_run run = {.arena = compiler->arena};
    double target;
    if (call->args[1].is_set && !limits(call) && !sm_slice_is(call->args[1].text, "remove_explicit_bound"))
        return sm_ottl_compile_error(compiler, call->node, "unsupported method \"%.*s\", expected \"remove_explicit_bound\" or \"limit_buckets\"",
                                     SM_SLICE_ARGS(call->args[1].text));
    return !call->args[0].expr->is_literal || check_target(call, &run, &target) || sm_ottl_compile_error(compiler, call->node, "%s", run.error);
}

const struct sm_ottl_function sm_ottl_histogram_functions[] = {
    {.name = "convert_exponential_histogram_to_histogram",
     .help = "Makes an exponential histogram one with these bounds; counts are spread by upper, midpoint, random or uniform.",
     .set = SM_OTTL_FOR_TRANSFORM,
     .contexts = 1u << SM_OTTL_METRIC,
     .parameters = {{.name = "DistributionFn", .type = SM_OTTL_ARG_LITERAL_STRING},
                    {.name = "ExplicitBounds", .type = SM_OTTL_ARG_LITERAL_FLOAT, .is_list = true}},
     .call = call_convert,
     .prepare = prepare_convert},
    {.name = "extract_percentile_metric",
     .help = "Adds a gauge of a percentile of a histogram.",
     .set = SM_OTTL_FOR_TRANSFORM,
     .contexts = 1u << SM_OTTL_METRIC,
     .parameters = {{.name = "Percentile", .type = SM_OTTL_ARG_LITERAL_FLOAT},
                    {.name = "Suffix", .type = SM_OTTL_ARG_LITERAL_STRING, .is_optional = true}},
     .call = call_percentile,
     .prepare = prepare_percentile},
    {.name = "merge_histogram_buckets",
     .help = "Removes a bound of a histogram, or joins buckets until there are at most so many.",
     .set = SM_OTTL_FOR_TRANSFORM,
     .contexts = 1u << SM_OTTL_DATAPOINT,
     .parameters = {{.name = "TargetValue", .type = SM_OTTL_ARG_FLOAT_LIKE},
                    {.name = "Method", .type = SM_OTTL_ARG_LITERAL_STRING, .is_optional = true}},
     .call = call_merge,
     .prepare = prepare_merge},
    {0},
};
