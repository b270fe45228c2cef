/* otlp_json_fuzz.c - the first byte chooses the signal, the rest is an OTLP/JSON request. What was accepted and written must be accepted again. */
#include "otlp_exercise.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct sm_decode_error error = {0};
    enum sm_signal signal = (enum sm_signal)(data[0] % SM_SIGNAL_COUNT);
    struct sm_batch *batch = sm_otlp_decode_json(signal, sm_slice_make(data + 1, size - 1), &error);
    CHECK((batch == NULL) == (error.reason != NULL));
    if (batch) {
        struct sm_bytes first = {0}, second = {0};
        sm_otlp_encode_json(batch, &first);
        struct sm_batch *again = sm_otlp_decode_json(signal, sm_bytes_slice(&first), &error);
        CHECK(again && again->item_count == batch->item_count);
        sm_otlp_encode_json(again, &second);
        CHECK(sm_slice_equal(sm_bytes_slice(&first), sm_bytes_slice(&second)));
        sm_batch_release(again);
        sm_bytes_deinit(&first);
        sm_bytes_deinit(&second);
        exercise_batch(batch);
    }
    sm_batch_release(batch);
    return 0;
}
