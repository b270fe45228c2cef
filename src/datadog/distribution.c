/* distribution.c - see distribution.h. Stateless. */
#include "datadog/distribution.h"

#include <math.h>
#include <stdlib.h>

#include "base/exact_math.h"
#include "telemetry/metric.h"

enum { KEY_BIAS = 1338, KEY_MAX = INT16_MAX - 1, KEY_INFINITE = INT16_MAX, BIN_COUNT_MAX = UINT16_MAX, BINS_MAX = 4096 };

static const double gamma_base = 1 + 2.0 / 128;

/* ---- numbers as the reference's processor makes them */

int64_t sm_distribution_to_int(double number)
{
    return number >= -0x1p63 && number < 0x1p63 ? (int64_t)number : INT64_MIN;
}

uint64_t sm_distribution_to_uint(double number)
{
    if (number < 0x1p63)
        return (uint64_t)sm_distribution_to_int(number);
    return (uint64_t)sm_distribution_to_int(number - 0x1p63) ^ (UINT64_C(1) << 63);
}

/* gamma^exponent by repeated squaring with the exponent of two kept apart: the last digit is that of Go's math.Pow. */
static double power_of_gamma(int exponent)
{
    unsigned rest = (unsigned)abs(exponent);
    int factor_exponent, exponent_of_two = 0;
    double factor = frexp(gamma_base, &factor_exponent), product = 1;
    for (; rest; rest >>= 1) {
        if (rest & 1) {
            product *= factor;
            exponent_of_two += factor_exponent;
        }
        factor *= factor;
        factor_exponent *= 2;
        if (factor < 0.5) {
            factor += factor;
            factor_exponent--;
        }
    }
    return exponent < 0 ? ldexp(1 / product, -exponent_of_two) : ldexp(product, exponent_of_two);
}

/* ---- keys */

double sm_distribution_bin_start(int16_t key)
{
    if (key < 0)
        return -sm_distribution_bin_start((int16_t)-key);
    if (key == KEY_INFINITE)
        return INFINITY;
    return key == 0 ? 0 : power_of_gamma(key - KEY_BIAS);
}

int16_t sm_distribution_key(double value)
{
    if (value < 0)
        return (int16_t)-sm_distribution_key(-value);
    if (value < sm_distribution_bin_start(1))
        return 0;
    if (isinf(value))
        return 1; /* as the reference's integers have it */
    double index = nearbyint(sm_exact_log(value) / log1p(2.0 / 128)) + KEY_BIAS;
    if (index > KEY_MAX)
        return KEY_INFINITE;
    return index >= 1 ? (int16_t)index : 1; /* also what is no number */
}

/* ---- bins */

void sm_distribution_init(struct sm_distribution *distribution, struct sm_arena *arena)
{
    *distribution = (struct sm_distribution){._arena = arena};
}

struct bin_list {
    struct sm_distribution_bin *items;
    size_t count, capacity;
    struct sm_arena *arena;
};

static void append_bin(struct bin_list *list, int16_t key, uint16_t count)
{
    if (list->count == list->capacity)
        list->items = sm_arena_grow(list->arena, list->items, list->count, &list->capacity, list->count + 1, sizeof(*list->items));
    list->items[list->count++] = (struct sm_distribution_bin){.key = key, .count = count};
}

/* No more than BINS_MAX times what a bin holds: the rest could not be sent anyway. */
static void append_values(struct bin_list *list, int16_t key, uint64_t count)
{
    if (count <= BIN_COUNT_MAX) {
        append_bin(list, key, (uint16_t)count);
        return;
    }
    uint64_t full = count / BIN_COUNT_MAX;
    if (count % BIN_COUNT_MAX)
        append_bin(list, key, (uint16_t)(count % BIN_COUNT_MAX));
    for (uint64_t i = 0; i < full && i < BINS_MAX; i++)
        append_bin(list, key, BIN_COUNT_MAX);
}

/* The lowest bins give their values to the first that stays. */
static void trim(struct bin_list *list)
{
    if (list->count <= BINS_MAX)
        return;
    size_t removed = list->count - BINS_MAX;
    struct sm_distribution_bin *first = &list->items[removed];
    struct bin_list trimmed = {.arena = list->arena};
    uint64_t missing = 0;
    for (size_t i = 0; i < removed; i++) {
        missing += list->items[i].count;
        if (missing > BIN_COUNT_MAX) {
            append_bin(&trimmed, list->items[i].key, BIN_COUNT_MAX);
            missing -= BIN_COUNT_MAX;
        }
    }
    uint64_t sum = missing + first->count;
    first->count = (uint16_t)(sum < BIN_COUNT_MAX ? sum : BIN_COUNT_MAX);
    if (sum > BIN_COUNT_MAX)
        append_values(&trimmed, first->key, sum - BIN_COUNT_MAX);
    for (size_t i = removed; i < list->count; i++)
        append_bin(&trimmed, list->items[i].key, list->items[i].count);
    *list = trimmed;
}

struct key_count {
    int16_t key;
    uint64_t count;
};

static void insert_counts(struct sm_distribution *distribution, const struct key_count *counts, size_t count)
{
    struct bin_list list = {.arena = distribution->_arena};
    size_t old = 0, next = 0;
    if (distribution->bin_count && count && distribution->bins[distribution->bin_count - 1].key < counts[0].key) {
        /* The usual case: everything comes behind what is there. */
        list.items = distribution->bins;
        list.count = old = distribution->bin_count;
        list.capacity = distribution->_capacity;
    }
    while (old < distribution->bin_count || next < count) {
        const struct sm_distribution_bin *bin = old < distribution->bin_count ? &distribution->bins[old] : NULL;
        if (bin && (next == count || bin->key < counts[next].key)) {
            append_bin(&list, bin->key, bin->count);
            old++;
            continue;
        }
        bool is_same = bin && bin->key == counts[next].key;
        append_values(&list, counts[next].key, counts[next].count + (is_same ? bin->count : 0));
        old += is_same;
        next++;
    }
    trim(&list);
    distribution->bins = list.items;
    distribution->bin_count = list.count;
    distribution->_capacity = list.capacity;
}

/* ---- the summary */

/* Around at the end, as Go's integers go. */
static int64_t add_counts(int64_t left, int64_t right)
{
    return (int64_t)((uint64_t)left + (uint64_t)right);
}

static void add_to_summary(struct sm_distribution *distribution, double value, int64_t count)
{
    double sum = (double)count * value;
    if (distribution->count == 0) {
        distribution->count = count;
        distribution->sum = sum;
        distribution->min = distribution->max = distribution->average = value;
        return;
    }
    if (count == 0)
        return;
    distribution->max = value > distribution->max ? value : distribution->max;
    distribution->min = value < distribution->min ? value : distribution->min;
    distribution->count = add_counts(distribution->count, count);
    distribution->sum += sum;
    distribution->average += (value - distribution->average) * (double)count / (double)distribution->count;
}

/* ---- a range of values */

void sm_distribution_insert_range(struct sm_distribution *distribution, double lower, double upper, int64_t count)
{
    int32_t start = sm_distribution_key(lower), last = sm_distribution_key(upper);
    size_t used = 0, capacity = 0;
    struct key_count *counts = NULL;
    double distance = upper - lower, start_value = sm_distribution_bin_start((int16_t)start), carried = 0;
    int64_t left = count;
    for (int32_t end = start + 1; end <= last && left > 0; end++) {
        double end_value = sm_distribution_bin_start((int16_t)end);
        double share = (end_value - start_value) / distance * (double)count;
        int64_t whole = sm_distribution_to_int(share);
        /* The fraction is carried only from shares above one, as in the reference. */
        if (share > 1)
            carried += share - (double)whole;
        if (carried > 1) {
            whole++;
            carried--;
        }
        if (whole <= 0)
            continue;
        whole = whole < left ? whole : left;
        if (used == capacity)
            counts = sm_arena_grow(distribution->_arena, counts, used, &capacity, used + 1, sizeof(*counts));
        add_to_summary(distribution, start_value, whole);
        counts[used++] = (struct key_count){.key = (int16_t)start, .count = (uint64_t)whole};
        left -= whole;
        start = end;
        start_value = end_value;
    }
    if (left > 0) {
        if (used == capacity)
            counts = sm_arena_grow(distribution->_arena, counts, used, &capacity, used + 1, sizeof(*counts));
        add_to_summary(distribution, start_value, left);
        counts[used++] = (struct key_count){.key = (int16_t)start, .count = (uint64_t)left};
    }
    if (used)
        insert_counts(distribution, counts, used);
}

/* ---- exponential histograms */

/* Where the bins of all doubles lie, with room to spare. */
enum { SHARE_FIRST = -60000, SHARE_LAST = 60000 };

/* Counts of bins, not whole yet. */
struct shares {
    double *counts; /* borrowed: arena; of the bin `base` and those behind it */
    int base, limit;
    int first, last; /* those that were counted; first > last: none */
};

static double share_multiplier(void)
{
    return 1 / sm_exact_log(gamma_base);
}

static double share_bound(int index)
{
    return sm_exact_exp(((double)index - (KEY_BIAS + 0.5)) / share_multiplier());
}

static int share_index(double value)
{
    double index = sm_exact_log(value) * share_multiplier() + (KEY_BIAS + 0.5);
    if (!(index > SHARE_FIRST))
        return SHARE_FIRST;
    if (index > SHARE_LAST)
        return SHARE_LAST;
    return index >= 0 ? (int)index : (int)index - 1;
}

/* False: values are too large. */
static bool share_bucket(struct shares *shares, double lower, double upper, double count)
{
    double size = upper - lower;
    if (!(isfinite(lower) && isfinite(upper)))
        return false;
    int index = share_index(lower);
    double bin_lower = share_bound(index);
    for (; bin_lower < upper; index++) {
        double bin_upper = share_bound(index + 1);
        if (index >= shares->limit)
            return false;
        double overlap = fmin(bin_upper, upper) - fmax(bin_lower, lower);
        double share = overlap / size * count;
        bin_lower = bin_upper;
        if (share == 0)
            continue;
        shares->counts[index - shares->base] += share;
        shares->first = index < shares->first ? index : shares->first;
        shares->last = index > shares->last ? index : shares->last;
    }
    return true;
}

static double bucket_bound(const struct sm_exponential_buckets *buckets, size_t index, double multiplier)
{
    return sm_exact_exp(((double)buckets->offset + (double)index) / multiplier);
}

/* Room for the bins that the buckets reach into. */
static struct shares make_shares(const struct sm_exponential_buckets *buckets, double multiplier, struct sm_arena *arena)
{
    struct shares shares = {.first = SHARE_LAST, .last = SHARE_FIRST};
    size_t from = 0, to = buckets->count;
    while (from < to && !buckets->counts[from])
        from++;
    while (to > from && !buckets->counts[to - 1])
        to--;
    if (from == to)
        return shares;
    int last = share_index(bucket_bound(buckets, to, multiplier));
    shares.base = share_index(bucket_bound(buckets, from, multiplier));
    shares.limit = (last < SHARE_LAST ? last : SHARE_LAST) + 2;
    if (shares.base < shares.limit)
        shares.counts = sm_arena_zalloc(arena, (size_t)(shares.limit - shares.base), sizeof(double));
    return shares;
}

static bool share_buckets(struct shares *shares, const struct sm_exponential_buckets *buckets, double multiplier)
{
    for (size_t i = 0; i < buckets->count; i++)
        if (buckets->counts[i] &&
            !share_bucket(shares, bucket_bound(buckets, i, multiplier), bucket_bound(buckets, i + 1, multiplier), (double)buckets->counts[i]))
            return false;
    return true;
}

static double share_value(int index)
{
    return share_bound(index) * (1 + (1 - 2 / (1 + gamma_base)));
}

static double add_sums(const struct shares *shares, double sign)
{
    double sum = 0;
    for (int i = shares->first; i <= shares->last; i++)
        if (shares->counts[i - shares->base] > 0)
            sum += sign * share_value(i) * shares->counts[i - shares->base];
    return sum;
}

static bool is_empty(const struct shares *shares)
{
    return shares->first > shares->last;
}

/* Moves what is too small to zero; false: something is too large. */
static bool take_small(const struct shares *shares, double *zeros)
{
    for (int i = shares->first; i <= shares->last; i++) {
        double count = shares->counts[i - shares->base];
        if (count > 0 && i >= KEY_INFINITE)
            return false;
        if (count > 0 && i <= 0)
            *zeros += count;
    }
    return true;
}

/* Whole numbers of the counts in ascending order; the fractions are carried upward. */
struct rounding {
    struct key_count *counts;
    size_t count;
    double carried;
};

static void round_count(struct rounding *rounding, int key, double count)
{
    count += rounding->carried;
    uint64_t whole = sm_distribution_to_uint(count);
    rounding->carried = count - (double)whole;
    rounding->counts[rounding->count++] = (struct key_count){.key = (int16_t)key, .count = whole};
}

static struct rounding round_counts(const struct shares *positive, const struct shares *negative, double zeros, struct sm_arena *arena)
{
    size_t room = 1;
    room += is_empty(positive) ? 0 : (size_t)(positive->last - positive->first + 1);
    room += is_empty(negative) ? 0 : (size_t)(negative->last - negative->first + 1);
    struct rounding rounding = {.counts = sm_arena_alloc(arena, room * sizeof(*rounding.counts))};
    for (int i = negative->last; i > 0 && i >= negative->first; i--)
        if (negative->counts[i - negative->base] > 0)
            round_count(&rounding, -i, negative->counts[i - negative->base]);
    round_count(&rounding, 0, zeros);
    for (int i = positive->first > 1 ? positive->first : 1; i <= positive->last; i++)
        if (positive->counts[i - positive->base] > 0)
            round_count(&rounding, i, positive->counts[i - positive->base]);
    if (rounding.carried >= 0.5)
        rounding.counts[rounding.count - 1].count++;
    return rounding;
}

/* The extremes of the bins; false: there are none. */
static bool find_extremes(const struct shares *positive, const struct shares *negative, double zeros, double *min, double *max)
{
    bool has_zeros = zeros > 0;
    if (is_empty(positive) && is_empty(negative) && !has_zeros)
        return false;
    *max = !is_empty(positive) ? share_value(positive->last) : has_zeros ? 0 : -share_value(negative->first);
    *min = !is_empty(negative) ? -share_value(negative->last) : has_zeros ? 0 : share_value(positive->first);
    return true;
}

bool sm_distribution_from_exponential(struct sm_distribution *distribution, const struct sm_data_point *point)
{
    double base = sm_exact_power_of_two(pow(2, -(double)point->scale));
    if (!(base > 1))
        return false;
    double multiplier = 1 / sm_exact_log(base), zero_count = (double)point->zero_count, zeros = 0;
    struct sm_arena scratch = SM_ARENA_INIT;
    struct shares positive = make_shares(&point->positive, multiplier, &scratch), negative = make_shares(&point->negative, multiplier, &scratch);
    bool is_fine = share_buckets(&positive, &point->positive, multiplier) && share_buckets(&negative, &point->negative, multiplier) &&
                   take_small(&positive, &zeros) && take_small(&negative, &zeros) &&
                   find_extremes(&positive, &negative, zero_count, &distribution->min, &distribution->max);
    if (is_fine) {
        struct rounding rounding = round_counts(&positive, &negative, zeros + zero_count, &scratch);
        insert_counts(distribution, rounding.counts, rounding.count);
        for (size_t i = 0; i < rounding.count; i++)
            distribution->count = add_counts(distribution->count, (int64_t)rounding.counts[i].count);
        distribution->sum = add_sums(&positive, 1) + add_sums(&negative, -1);
        distribution->average = distribution->sum / (double)distribution->count;
    }
    sm_arena_deinit(&scratch);
    return is_fine;
}
