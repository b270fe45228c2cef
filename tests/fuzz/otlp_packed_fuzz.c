/* otlp_packed_fuzz.c - the first byte chooses the signal, the rest is an OTLP protobuf request: the decoder that makes no index must take and refuse
 * what the other one does, and hold the same. */
#include "otlp_exercise.h"

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
