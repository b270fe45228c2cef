/* v2_order.c - the order in which v2 spans are grouped: by service, then by scope.
 *
 * Which of several spans of a service comes first matters, because it alone gives the resource its attributes. The reference sorts with Go's
 * sort.Sort and an order that also says "less" of equals; what comes of that is fixed by the algorithm, which is therefore followed step by step: a
 * pattern-defeating quicksort (arxiv.org/abs/2106.05123) as in Go sort/zsortinterface.go. Without recursion deeper than the logarithm of the count.
 */
#include "receivers/zipkin/zipkin.h"

enum { INSERTION_MAX = 12, NINTHER_MIN = 50, SHIFT_MIN = 50, STEPS_MAX = 5, PATTERN_MIN = 8 };

enum hint { HINT_UNKNOWN, HINT_INCREASING, HINT_DECREASING };

struct sorting {
    struct sm_zipkin_span **items;
};

static bool less(const struct sorting *s, ptrdiff_t i, ptrdiff_t j)
{
    int order = sm_slice_compare(sm_zipkin_service_of(s->items[i]), sm_zipkin_service_of(s->items[j]));
    return (order ? order : sm_slice_compare(sm_zipkin_scope_of(s->items[i]), sm_zipkin_scope_of(s->items[j]))) <= 0;
}

static void swap(struct sorting *s, ptrdiff_t i, ptrdiff_t j)
{
    struct sm_zipkin_span *held = s->items[i];
    s->items[i] = s->items[j];
    s->items[j] = held;
}

/* Below, `first` is the first element of the part that is sorted, `end` the one behind its last. */

static void insertion_sort(struct sorting *s, ptrdiff_t first, ptrdiff_t end)
{
    for (ptrdiff_t i = first + 1; i < end; i++)
        for (ptrdiff_t j = i; j > first && less(s, j, j - 1); j--)
            swap(s, j, j - 1);
}

static void sift_down(struct sorting *s, ptrdiff_t root, ptrdiff_t end, ptrdiff_t first)
{
    for (;;) {
        ptrdiff_t child = 2 * root + 1;
        if (child >= end)
            return;
        if (child + 1 < end && less(s, first + child, first + child + 1))
            child++;
        if (!less(s, first + root, first + child))
            return;
        swap(s, first + root, first + child);
        root = child;
    }
}

static void heap_sort(struct sorting *s, ptrdiff_t first, ptrdiff_t end)
{
    ptrdiff_t count = end - first;
    for (ptrdiff_t i = (count - 1) / 2; i >= 0; i--)
        sift_down(s, i, count, first);
    for (ptrdiff_t i = count - 1; i >= 0; i--) {
        swap(s, first, first + i);
        sift_down(s, 0, i, first);
    }
}

/* ---- pivots */

static ptrdiff_t median(struct sorting *s, ptrdiff_t a, ptrdiff_t b, ptrdiff_t c, int *swaps)
{
    ptrdiff_t at[3] = {a, b, c};
    static const int pairs[3] = {0, 1, 0};
    for (int i = 0; i < 3; i++) {
        ptrdiff_t *pair = &at[pairs[i]];
        if (less(s, pair[1], pair[0])) {
            ptrdiff_t held = pair[0];
            pair[0] = pair[1];
            pair[1] = held;
            ++*swaps;
        }
    }
    return at[1];
}

static ptrdiff_t choose_pivot(struct sorting *s, ptrdiff_t first, ptrdiff_t end, enum hint *hint)
{
    enum { SWAPS_MAX = 4 * 3 };
    ptrdiff_t quarter = (end - first) / 4;
    ptrdiff_t at[3] = {first + quarter, first + quarter * 2, first + quarter * 3};
    int swaps = 0;
    if (end - first >= NINTHER_MIN)
        for (int i = 0; i < 3; i++)
            at[i] = median(s, at[i] - 1, at[i], at[i] + 1, &swaps);
    ptrdiff_t pivot = median(s, at[0], at[1], at[2], &swaps);
    *hint = swaps == 0 ? HINT_INCREASING : swaps == SWAPS_MAX ? HINT_DECREASING : HINT_UNKNOWN;
    return pivot;
}

static void reverse(struct sorting *s, ptrdiff_t first, ptrdiff_t end)
{
    for (ptrdiff_t i = first, j = end - 1; i < j; i++, j--)
        swap(s, i, j);
}

static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/* Scatters a few elements when a partition was uneven. */
static void break_patterns(struct sorting *s, ptrdiff_t first, ptrdiff_t end)
{
    ptrdiff_t count = end - first;
    if (count < PATTERN_MIN)
        return;
    uint64_t random = (uint64_t)count, modulus = UINT64_C(1) << (64 - __builtin_clzll((uint64_t)count));
    ptrdiff_t middle = first + count / 4 * 2;
    for (ptrdiff_t i = middle - 1; i <= middle + 1; i++) {
        ptrdiff_t other = (ptrdiff_t)(next_random(&random) & (modulus - 1));
        swap(s, i, first + (other >= count ? other - count : other));
    }
}

/* Is the part sorted, or nearly so that a few shifts sort it? The shifts to the left go as far as the first of all. */
static bool try_few_shifts(struct sorting *s, ptrdiff_t first, ptrdiff_t end)
{
    ptrdiff_t i = first + 1;
    for (int step = 0; step < STEPS_MAX; step++) {
        while (i < end && !less(s, i, i - 1))
            i++;
        if (i == end)
            return true;
        if (end - first < SHIFT_MIN)
            return false;
        swap(s, i, i - 1);
        if (i - first >= 2)
            for (ptrdiff_t j = i - 1; j >= 1 && less(s, j, j - 1); j--)
                swap(s, j, j - 1);
        if (end - i >= 2)
            for (ptrdiff_t j = i + 1; j < end && less(s, j, j - 1); j++)
                swap(s, j, j - 1);
    }
    return false;
}

/* ---- partitions */

/* Smaller ones to the left, others to the right; returns where the pivot is then. */
static ptrdiff_t partition(struct sorting *s, ptrdiff_t first, ptrdiff_t end, ptrdiff_t pivot, bool *was_partitioned)
{
    swap(s, first, pivot);
    ptrdiff_t i = first + 1, j = end - 1;
    *was_partitioned = true;
    for (;;) {
        while (i <= j && less(s, i, first))
            i++;
        while (i <= j && !less(s, j, first))
            j--;
        if (i > j)
            break;
        *was_partitioned = false;
        swap(s, i++, j--);
    }
    swap(s, j, first);
    return j;
}

/* Equals of the pivot to the left, greater ones to the right. */
static ptrdiff_t partition_equal(struct sorting *s, ptrdiff_t first, ptrdiff_t end, ptrdiff_t pivot)
{
    swap(s, first, pivot);
    ptrdiff_t i = first + 1, j = end - 1;
    for (;;) {
        while (i <= j && !less(s, first, i))
            i++;
        while (i <= j && less(s, first, j))
            j--;
        if (i > j)
            return i;
        swap(s, i++, j--);
    }
}

static void quick_sort(struct sorting *s, ptrdiff_t first, ptrdiff_t end, int limit)
{
    bool was_balanced = true, was_partitioned = true;
    for (;;) {
        ptrdiff_t count = end - first;
        enum hint hint;
        if (count <= INSERTION_MAX) {
            insertion_sort(s, first, end);
            return;
        }
        if (limit == 0) {
            heap_sort(s, first, end);
            return;
        }
        if (!was_balanced) {
            break_patterns(s, first, end);
            limit--;
        }
        ptrdiff_t pivot = choose_pivot(s, first, end, &hint);
        if (hint == HINT_DECREASING) {
            reverse(s, first, end);
            pivot = end - 1 - (pivot - first);
            hint = HINT_INCREASING;
        }
        if (was_balanced && was_partitioned && hint == HINT_INCREASING && try_few_shifts(s, first, end))
            return;
        if (first > 0 && !less(s, first - 1, pivot)) {
            first = partition_equal(s, first, end, pivot);
            continue;
        }
        ptrdiff_t middle = partition(s, first, end, pivot, &was_partitioned);
        ptrdiff_t left = middle - first, right = end - middle;
        was_balanced = (left < right ? left : right) >= count / 8;
        if (left < right) {
            quick_sort(s, first, middle, limit);
            first = middle + 1;
        } else {
            quick_sort(s, middle + 1, end, limit);
            end = middle;
        }
    }
}

void sm_zipkin_spans_sort(struct sm_zipkin_spans *spans)
{
    struct sorting sorting = {.items = spans->items};
    int limit = spans->count ? 64 - __builtin_clzll((uint64_t)spans->count) : 0;
    quick_sort(&sorting, 0, (ptrdiff_t)spans->count, limit);
}
