/* jaeger_fuzz.c - the first byte chooses the format, the rest is a message as Jaeger's clients send it: thrift as it stands, as a call in the binary
 * or the compact protocol, protobuf. */
#include "otlp_exercise.h"
#include "receivers/jaeger/jaeger.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct sm_slice message = sm_slice_make(data + 1, size - 1);
    struct sm_decode_error error = {0};
    struct sm_batch *batch = NULL;
    switch (data[0] % 4) {
    case 0:
        batch = sm_jaeger_decode_thrift(message, &error);
        break;
    case 1:
        batch = sm_jaeger_decode_thrift_call(message, SM_THRIFT_BINARY, &error);
        break;
    case 2:
        batch = sm_jaeger_decode_thrift_call(message, SM_THRIFT_COMPACT, &error);
        break;
    default:
        batch = sm_jaeger_decode_protobuf(message, &error);
    }
    CHECK((batch == NULL) == (error.reason != NULL));
    CHECK(batch || error.offset <= size);
    if (batch)
        exercise_batch(batch);
    sm_batch_release(batch);
    return 0;
}
