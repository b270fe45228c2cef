/* zipkin_fuzz.c - the first byte chooses the format and parse_string_tags, the rest is a body as Zipkin's clients post it. */
#include "otlp_exercise.h"
#include "receivers/zipkin/zipkin.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct sm_batch *(*const decoders[])(struct sm_slice, bool, struct sm_decode_error *) = {
        sm_zipkin_decode_v2_json, sm_zipkin_decode_v2_protobuf, sm_zipkin_decode_v1_json, sm_zipkin_decode_v1_thrift};
    if (size == 0)
        return 0;
    struct sm_decode_error error = {0};
    struct sm_batch *batch = decoders[data[0] % 4](sm_slice_make(data + 1, size - 1), data[0] / 4 % 2, &error);
    CHECK((batch == NULL) == (error.reason != NULL));
    CHECK(batch || error.offset <= size);
    if (batch)
        exercise_batch(batch);
    sm_batch_release(batch);
    return 0;
}
