/* ddsketch.c - see ddsketch.h. Counts stand in a window of consecutive bins that grows with some room on the side on which it had to. They have one
 * byte each until one needs more: there are many sketches, and most count few values. */
#include "datadog/ddsketch.h"

#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/memory.h"
#include "wire/protobuf.h"

/* ddsketch.proto: DDSketch{mapping 1, positive 2, negative 3, zero count 4}, IndexMapping{gamma 1}, Store{contiguous counts 2, first bin 3}. */
enum { FIELD_MAPPING = 1, FIELD_POSITIVE = 2, FIELD_NEGATIVE = 3, FIELD_ZERO = 4, FIELD_GAMMA = 1, FIELD_COUNTS = 2, FIELD_FIRST = 3 };
enum { ROOM = 32 }; /* bins by which a window grows at least */

static const double gamma_base = 1.01 / 0.99;
static const double accuracy = 0.01;
/* 1 / ln(gamma_base), correctly rounded. */
static const double per_log = 0x1.8ffc9629d237p+5;

/* ---- stores */

static int32_t least(int32_t a, int32_t b)
{
    return a < b ? a : b;
}

static int32_t most(int32_t a, int32_t b)
{
    return a > b ? a : b;
}

static uint32_t get_count(const struct sm_ddsketch_store *store, int32_t bin)
{
    int32_t at = bin - store->_origin;
    return store->_is_wide ? ((const uint32_t *)store->_counts)[at] : ((const uint8_t *)store->_counts)[at];
}

static void *create_counts(size_t capacity, bool is_wide)
{
    return sm_alloc(capacity, is_wide ? sizeof(uint32_t) : sizeof(uint8_t));
}

static void make_wide(struct sm_ddsketch_store *store)
{
    uint32_t *counts = create_counts(store->_capacity, true);
    for (uint16_t i = 0; i < store->_capacity; i++)
        counts[i] = ((const uint8_t *)store->_counts)[i];
    free(store->_counts);
    store->_counts = counts;
    store->_is_wide = true;
}

/* `bin` stands in the window. */
static void add_count(struct sm_ddsketch_store *store, int32_t bin, uint32_t more)
{
    if (!store->_is_wide && more > UINT8_MAX - get_count(store, bin))
        make_wide(store);
    int32_t at = bin - store->_origin;
    uint32_t *wide = store->_counts;
    if (!store->_is_wide)
        ((uint8_t *)store->_counts)[at] = (uint8_t)(((uint8_t *)store->_counts)[at] + more);
    else if (__builtin_add_overflow(wide[at], more, &wide[at]))
        wide[at] = UINT32_MAX;
}

/* Makes the window hold `first` … `last`, which is no more than SM_DDSKETCH_BINS_MAX bins; what stands below `first` is added to its count. */
static void move_window(struct sm_ddsketch_store *store, int32_t first, int32_t last)
{
    int32_t width = last - first + 1, room = least(ROOM + width / 8, SM_DDSKETCH_BINS_MAX - width);
    bool grows_down = store->has_counts && first < store->first;
    struct sm_ddsketch_store moved = *store;
    moved._origin = grows_down ? first - room : first;
    moved._capacity = (uint16_t)(width + room);
    moved._counts = create_counts(moved._capacity, moved._is_wide);
    for (int32_t bin = store->first; store->has_counts && bin <= store->last; bin++)
        add_count(&moved, most(bin, first), get_count(store, bin));
    free(store->_counts);
    *store = moved;
}

/* Makes room for `bin` and returns where it is counted. */
static int32_t widen(struct sm_ddsketch_store *store, int32_t bin)
{
    int32_t first = store->has_counts ? least(bin, store->first) : bin, last = store->has_counts ? most(bin, store->last) : bin;
    int32_t lowest = last - (SM_DDSKETCH_BINS_MAX - 1);
    if (first < lowest) {
        store->_is_collapsed = true;
        first = lowest;
    }
    if (!store->_counts || first < store->_origin || last >= store->_origin + store->_capacity || (store->has_counts && first > store->first))
        move_window(store, first, last);
    store->first = first;
    store->last = last;
    store->has_counts = true;
    return most(bin, first);
}

static void store_add(struct sm_ddsketch_store *store, int32_t bin, uint32_t count)
{
    if (!store->has_counts || bin < store->first || bin > store->last)
        bin = store->has_counts && store->_is_collapsed && bin < store->first ? store->first : widen(store, bin);
    add_count(store, bin, count);
}

static void store_move(struct sm_ddsketch_store *into, struct sm_ddsketch_store *from)
{
    if (!into->has_counts) {
        free(into->_counts);
        *into = *from;
    } else if (from->has_counts) {
        widen(into, from->last); /* the highest first: it decides what collapses */
        for (int32_t bin = from->first; bin <= from->last; bin++)
            if (sm_ddsketch_count_at(from, bin) > 0)
                store_add(into, bin, sm_ddsketch_count_at(from, bin));
        free(from->_counts);
    } else {
        free(from->_counts);
    }
    *from = (struct sm_ddsketch_store){0};
}

uint32_t sm_ddsketch_count_at(const struct sm_ddsketch_store *store, int32_t bin)
{
    return store->has_counts && bin >= store->first && bin <= store->last ? get_count(store, bin) : 0;
}

static uint64_t store_count(const struct sm_ddsketch_store *store)
{
    uint64_t count = 0;
    for (int32_t bin = store->first; store->has_counts && bin <= store->last; bin++)
        count += get_count(store, bin);
    return count;
}

/* ---- sketches */

void sm_ddsketch_clear(struct sm_ddsketch *sketch)
{
    free(sketch->positive._counts);
    if (sketch->negative)
        free(sketch->negative->_counts);
    free(sketch->negative);
    *sketch = (struct sm_ddsketch){0};
}

static struct sm_ddsketch_store *negative_store(struct sm_ddsketch *sketch)
{
    if (!sketch->negative)
        sketch->negative = sm_alloc(1, sizeof(*sketch->negative));
    return sketch->negative;
}

int32_t sm_ddsketch_bin(int64_t duration_ns)
{
    enum { KEPT_BITS = 9, CUT_BITS = 52 - KEPT_BITS, EXPONENTS = 64, ONE = 1023 << KEPT_BITS };
    /* Durations are told apart no further than by 9 bits of their mantissa, so that bins are the reference's. The bin + 1 of each of them, from 1 ns
     * on; 0: not known yet. Whatever thread needs one first writes what all others would. */
    static _Atomic uint16_t known[EXPONENTS << KEPT_BITS];
    if (duration_ns == 0)
        return 0;
    double value = fabs((double)duration_ns);
    uint64_t bits;
    memcpy(&bits, &value, sizeof(bits));
    _Atomic uint16_t *place = &known[(bits >> CUT_BITS) - ONE];
    uint16_t number = atomic_load_explicit(place, memory_order_relaxed);
    if (!number) {
        bits &= ~((UINT64_C(1) << CUT_BITS) - 1);
        memcpy(&value, &bits, sizeof(value));
        number = (uint16_t)((int32_t)(log(value) * per_log) + 1);
        atomic_store_explicit(place, number, memory_order_relaxed);
    }
    return number - 1;
}

void sm_ddsketch_add(struct sm_ddsketch *sketch, int64_t duration_ns, int32_t bin)
{
    if (duration_ns == 0)
        sketch->zero_count++;
    else
        store_add(duration_ns > 0 ? &sketch->positive : negative_store(sketch), bin, 1);
}

void sm_ddsketch_prefetch(const struct sm_ddsketch *sketch, int64_t duration_ns, int32_t bin)
{
    const struct sm_ddsketch_store *store = &sketch->positive;
    if (duration_ns > 0 && store->has_counts && bin >= store->first && bin <= store->last)
        __builtin_prefetch((const char *)store->_counts + (size_t)(bin - store->_origin) * (store->_is_wide ? sizeof(uint32_t) : sizeof(uint8_t)), 1);
}

void sm_ddsketch_move(struct sm_ddsketch *into, struct sm_ddsketch *from)
{
    store_move(&into->positive, &from->positive);
    if (from->negative)
        store_move(negative_store(into), from->negative);
    into->zero_count += from->zero_count;
    sm_ddsketch_clear(from);
}

uint64_t sm_ddsketch_count(const struct sm_ddsketch *sketch)
{
    return store_count(&sketch->positive) + (sketch->negative ? store_count(sketch->negative) : 0) + sketch->zero_count;
}

/* The middle of a bin: no value in it is further away than `accuracy`. */
static double bin_value(int32_t bin)
{
    return exp(bin / per_log) * (1 + accuracy);
}

double sm_ddsketch_quantile(const struct sm_ddsketch *sketch, double quantile)
{
    uint64_t count = sm_ddsketch_count(sketch);
    if (count == 0)
        return NAN;
    double rank = quantile * (double)(count - 1), passed = 0;
    const struct sm_ddsketch_store *negative = sketch->negative, *positive = &sketch->positive;
    for (int32_t bin = negative ? negative->last : 0; negative && negative->has_counts && bin >= negative->first; bin--)
        if ((passed += sm_ddsketch_count_at(negative, bin)) > rank)
            return -bin_value(bin);
    if ((passed += (double)sketch->zero_count) > rank)
        return 0;
    for (int32_t bin = positive->first; bin < positive->last; bin++)
        if ((passed += sm_ddsketch_count_at(positive, bin)) > rank)
            return bin_value(bin);
    return bin_value(positive->last);
}

/* ---- protobuf */

static uint32_t zigzag(int32_t number)
{
    return (uint32_t)number << 1 ^ (uint32_t)(number >> 31);
}

static void put_store(struct sm_bytes *out, uint32_t number, const struct sm_ddsketch_store *store)
{
    sm_proto_put_tag(out, number, SM_WIRE_BYTES);
    if (!store || !store->has_counts) {
        sm_proto_put_varint(out, 0);
        return;
    }
    size_t width = (size_t)(store->last - store->first) + 1, counts_size = width * sizeof(double);
    size_t first_size = store->first ? 1 + sm_proto_varint_size(zigzag(store->first)) : 0;
    sm_proto_put_varint(out, 1 + sm_proto_varint_size(counts_size) + counts_size + first_size);
    sm_proto_put_tag(out, FIELD_COUNTS, SM_WIRE_BYTES);
    sm_proto_put_varint(out, counts_size);
    char *at = sm_bytes_reserve(out, counts_size);
    for (int32_t bin = store->first; bin <= store->last; bin++, at += sizeof(double)) {
        double count = get_count(store, bin);
        memcpy(at, &count, sizeof(count));
    }
    out->size += counts_size;
    if (store->first)
        sm_proto_put_uint(out, FIELD_FIRST, zigzag(store->first));
}

struct sm_slice sm_ddsketch_encode(const struct sm_ddsketch *sketch, struct sm_arena *arena)
{
    enum { SIZE_OF_THE_REST = 48 };
    struct sm_bytes out;
    sm_bytes_init(&out, arena);
    const struct sm_ddsketch_store *positive = &sketch->positive;
    size_t width = positive->has_counts ? (size_t)(positive->last - positive->first) + 1 : 0;
    sm_bytes_reserve(&out, width * sizeof(double) + SIZE_OF_THE_REST);
    sm_proto_put_tag(&out, FIELD_MAPPING, SM_WIRE_BYTES);
    sm_proto_put_varint(&out, 1 + sizeof(double));
    sm_proto_put_double(&out, FIELD_GAMMA, gamma_base);
    put_store(&out, FIELD_POSITIVE, positive);
    put_store(&out, FIELD_NEGATIVE, sketch->negative);
    if (sketch->zero_count)
        sm_proto_put_double(&out, FIELD_ZERO, (double)sketch->zero_count);
    return sm_bytes_slice(&out);
}
