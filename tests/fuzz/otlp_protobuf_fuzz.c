/* otlp_protobuf_fuzz.c - the first byte chooses the signal, the rest is an OTLP protobuf request. */
#include "otlp_exercise.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct sm_decode_error error = {0};
    struct sm_buffer *request = sm_buffer_try_copy(sm_slice_make(data + 1, size - 1));
    struct sm_batch *batch = sm_otlp_decode_protobuf((enum sm_signal)(data[0] % SM_SIGNAL_COUNT), request, &error);
    CHECK((batch == NULL) == (error.reason != NULL));
    if (batch)
        exercise_batch(batch);
    sm_batch_release(batch);
    sm_buffer_release(request);
    return 0;
}
