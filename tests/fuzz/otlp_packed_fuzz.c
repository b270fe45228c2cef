/* otlp_packed_fuzz.c - the first byte chooses the signal, the rest is an OTLP protobuf request: the decoder that makes no index must take and refuse
 * what the other one does, and hold the same; and so must the one that decodes a metric's points one after the other. */
#include "otlp_exercise.h"

#include "telemetry/metric.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_same(struct sm_batch *batch, struct sm_batch *other)
{
    struct sm_bytes bytes = {0}, other_bytes = {0};
    CHECK(batch->item_count == other->item_count);
    sm_otlp_encode_protobuf_bytes(batch, &bytes);
    sm_otlp_encode_protobuf_bytes(other, &other_bytes);
    CHECK(sm_slice_equal(sm_bytes_slice(&bytes), sm_bytes_slice(&other_bytes)));
    sm_bytes_deinit(&bytes);
    sm_bytes_deinit(&other_bytes);
}

static void check_point(const struct sm_data_point *point, const struct sm_data_point *other)
{
    CHECK(sm_slice_equal(point->raw, other->raw) && sm_slice_equal(point->attributes.raw, other->attributes.raw));
    CHECK(point->time_ns == other->time_ns && point->flags == other->flags && point->count == other->count);
    CHECK(point->bucket_count == other->bucket_count && point->bound_count == other->bound_count && point->quantile_count == other->quantile_count);
    CHECK(point->positive.count == other->positive.count && point->negative.count == other->negative.count);
    CHECK(!point->bucket_count || memcmp(point->bucket_counts, other->bucket_counts, point->bucket_count * sizeof(*point->bucket_counts)) == 0);
}

static void check_metric(const struct sm_metric *metric, const struct sm_metric *other)
{
    struct sm_arena arena = SM_ARENA_INIT;
    struct sm_point_cursor cursor = sm_metric_points(metric, &arena), other_cursor = sm_metric_points(other, &arena);
    const struct sm_data_point *point, *other_point;
    CHECK(metric->type == other->type && metric->temporality == other->temporality && metric->is_monotonic == other->is_monotonic);
    while ((point = sm_metric_next_point(&cursor)) != NULL) {
        other_point = sm_metric_next_point(&other_cursor);
        CHECK(other_point);
        check_point(point, other_point);
        sm_arena_reset(&arena);
    }
    CHECK(!sm_metric_next_point(&other_cursor));
    sm_arena_deinit(&arena);
}

static void check_outline(const struct sm_batch *batch, const struct sm_batch *packed)
{
    struct sm_batch *outline = sm_otlp_decode_outline(packed);
    CHECK(outline->count == batch->count && outline->item_count == batch->item_count);
    for (size_t i = 0; i < batch->count; i++)
        for (size_t k = 0; k < batch->groups[i].count; k++)
            for (size_t m = 0; m < batch->groups[i].scopes[k].count; m++)
                check_metric(&batch->groups[i].scopes[k].metrics[m], &outline->groups[i].scopes[k].metrics[m]);
    sm_batch_release(outline);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    enum sm_signal signal = (enum sm_signal)(data[0] % SM_SIGNAL_COUNT);
    struct sm_decode_error error = {0}, packed_error = {0};
    struct sm_buffer *request = sm_buffer_try_copy(sm_slice_make(data + 1, size - 1));
    struct sm_batch *batch = sm_otlp_decode_protobuf(signal, request, &error);
    struct sm_batch *packed = sm_otlp_decode_protobuf_packed(signal, request, &packed_error);
    CHECK((batch == NULL) == (packed == NULL));
    CHECK(batch || (error.offset == packed_error.offset && strcmp(error.reason, packed_error.reason) == 0));
    if (batch) {
        check_same(batch, packed);
        if (signal == SM_METRICS && packed->is_packed)
            check_outline(batch, packed);
        sm_batch_unpack(packed);
        CHECK(!packed->is_packed);
        check_same(batch, packed);
        packed = sm_batch_pack(packed);
        check_same(batch, packed);
    }
    sm_batch_release(packed);
    sm_batch_release(batch);
    sm_buffer_release(request);
    return 0;
}
