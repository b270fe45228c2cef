/* native.c - exponential histograms as Prometheus' native ones: sparse buckets in runs, scale at most 8. Stateless.
 * Source: pkg/translator/prometheusremotewrite/histograms.go. */
#include "exporters/prometheus_remote_write/translate.h"
#include "telemetry/metric.h"

enum { SCALE_MIN = -4, SCALE_MAX = 8, SHIFT_MAX = 31, GAP_MAX = 2 };
static const double default_zero_threshold = 1e-128;

struct builder {
    struct sm_write_buckets *buckets;
    struct sm_arena *arena;
    uint64_t previous; /* count of the bucket before */
};

static void add_span(struct builder *builder, int32_t offset)
{
    struct sm_write_buckets *buckets = builder->buckets;
    buckets->spans =
        sm_arena_grow(builder->arena, buckets->spans, buckets->span_count, &buckets->span_capacity, buckets->span_count + 1, sizeof(*buckets->spans));
    buckets->spans[buckets->span_count++] = (struct sm_write_span){.offset = offset};
}

static void add_bucket(struct builder *builder, uint64_t count)
{
    struct sm_write_buckets *buckets = builder->buckets;
    buckets->deltas = sm_arena_grow(builder->arena, buckets->deltas, buckets->delta_count, &buckets->delta_capacity, buckets->delta_count + 1,
                                    sizeof(*buckets->deltas));
    buckets->deltas[buckets->delta_count++] = (int64_t)(count - builder->previous);
    buckets->spans[buckets->span_count - 1].count++;
    builder->previous = count;
}

/* One bucket behind `gap` empty ones: a short gap is written out, a longer one starts a run. */
static void add_behind_gap(struct builder *builder, int32_t gap, uint64_t count)
{
    if (gap > GAP_MAX)
        add_span(builder, gap);
    else
        for (int32_t i = 0; i < gap; i++)
            add_bucket(builder, 0);
    add_bucket(builder, count);
}

/* Prometheus' index of bucket `position`; its buckets end where those of OpenTelemetry begin. Indices may wrap around, as they do in the reference.
 */
static int32_t index_of(const struct sm_exponential_buckets *from, size_t position, unsigned shift)
{
    int32_t index = (int32_t)((uint32_t)from->offset + (uint32_t)position);
    return (int32_t)((uint32_t)(index >> shift) + 1);
}

static int32_t gap_between(int32_t next, int32_t last)
{
    return (int32_t)((uint32_t)next - (uint32_t)last - 1);
}

static void convert(const struct sm_exponential_buckets *from, unsigned shift, struct sm_arena *arena, struct sm_write_buckets *out)
{
    struct builder builder = {.buckets = out, .arena = arena};
    if (from->count == 0)
        return;
    int32_t last = index_of(from, 0, shift);
    uint64_t count = 0;
    add_span(&builder, last);
    for (size_t i = 0; i < from->count; i++) {
        int32_t next = index_of(from, i, shift);
        if (next == last) { /* merged into the one before */
            count += from->counts[i];
            continue;
        }
        if (count) {
            add_behind_gap(&builder, gap_between(next, last), count);
            last = next;
        }
        count = from->counts[i];
    }
    add_behind_gap(&builder, (int32_t)((uint32_t)index_of(from, from->count - 1, shift) - (uint32_t)last), count);
}

bool sm_write_make_native(const struct sm_data_point *point, struct sm_arena *arena, struct sm_write_histogram *out)
{
    if (point->scale < SCALE_MIN)
        return false;
    unsigned shift = point->scale > SCALE_MAX ? (unsigned)(point->scale - SCALE_MAX) : 0;
    if (shift > SHIFT_MAX)
        shift = SHIFT_MAX;
    *out = (struct sm_write_histogram){.schema = point->scale > SCALE_MAX ? SCALE_MAX : point->scale,
                                       .zero_count = point->zero_count,
                                       .zero_threshold = point->zero_threshold != 0 ? point->zero_threshold : default_zero_threshold,
                                       .count = point->count,
                                       .sum = point->has_sum ? point->sum : 0,
                                       .time_ms = (int64_t)point->time_ns / 1000000};
    if (point->flags & SM_DATA_POINT_NO_RECORDED_VALUE) {
        out->count = SM_WRITE_STALE_BITS;
        memcpy(&out->sum, &out->count, sizeof(out->sum));
    }
    convert(&point->positive, shift, arena, &out->positive);
    convert(&point->negative, shift, arena, &out->negative);
    return true;
}
