/* otlp.h - OTLP requests to batches and back (opentelemetry-proto 1.x, Export{Trace,Metrics,Logs}ServiceRequest).
 *
 * Decoding walks and checks the whole message once (every length, wire type, nesting depth, id length), so that later lazy decoding cannot fail.
 * Encoding copies what nobody changed. JSON is decoded by turning it into protobuf bytes and encoded from them. */
#pragma once

#include "base/buffer.h"
#include "base/bytes.h"
#include "telemetry/batch.h"

#include <sys/uio.h>

enum { SM_OTLP_VALUE_DEPTH_MAX = 64 }; /* nested lists and maps in an attribute value */

/* Why bytes were refused: never formatted while decoding. */
struct sm_decode_error {
    size_t offset;      /* in the input, bytes */
    const char *reason; /* constant text: "truncated varint" */
};

/* A batch over `request`, which it retains. NULL with `error` filled when the bytes are not a valid request of that signal. Empty input is an empty
 * batch. */
struct sm_batch *sm_otlp_decode_protobuf(enum sm_signal signal, struct sm_buffer *request, struct sm_decode_error *error)
    __attribute__((warn_unused_result));
/* The same as a packed batch, for those who do not look into it. One that cannot be sent on as it is (it has fields of deprecated numbers) is not
 * packed.
 */
struct sm_batch *sm_otlp_decode_protobuf_packed(enum sm_signal signal, struct sm_buffer *request, struct sm_decode_error *error)
    __attribute__((warn_unused_result));
/* The resources, scopes and metrics of a packed batch, without the points, which sm_metric_next_point decodes one after the other: for who reads a
 * batch once. Keeps the buffers. Only to be read, by way of that function. */
struct sm_batch *sm_otlp_decode_outline(const struct sm_batch *packed) __attribute__((returns_nonnull, warn_unused_result));
/* The same from OTLP/JSON (forms as the reference takes them). `request` is not kept. */
struct sm_batch *sm_otlp_decode_json(enum sm_signal signal, struct sm_slice request, struct sm_decode_error *error)
    __attribute__((warn_unused_result));

/* The batch as an OTLP protobuf request, as pieces: unchanged parts point into the batch, changed ones are written into `batch->arena`. The result is
 * valid as long as the batch is held and not changed. */
struct sm_otlp_pieces {
    struct iovec *pieces; /* borrowed: batch->arena */
    size_t count;
    size_t size; /* bytes in all */
};
void sm_otlp_encode_protobuf(struct sm_batch *batch, struct sm_otlp_pieces *pieces);
/* The same as one buffer; no memory ends the process. */
struct sm_buffer *sm_otlp_encode_protobuf_buffer(const struct sm_batch *batch) __attribute__((returns_nonnull, warn_unused_result));
/* The same as one run of bytes, appended. */
void sm_otlp_encode_protobuf_bytes(struct sm_batch *batch, struct sm_bytes *out);
/* The batch as OTLP/JSON in the reference's form (camelCase, 64-bit integers as strings, ids in hex, enums as numbers), appended. */
void sm_otlp_encode_json(struct sm_batch *batch, struct sm_bytes *out);
