/* functions_hash.c - converters that hash or make ids: SHA256, FNV, XXH3, TraceID, …
 *
 * Source: opentelemetry-collector-contrib pkg/ottl/ottlfuncs; FNV-1a 64. */
#include "base/digest.h"
#include "ottl/compile.h"
#include "telemetry/span.h"

static const enum sm_digest md5 = SM_DIGEST_MD5, sha1 = SM_DIGEST_SHA1, sha256 = SM_DIGEST_SHA256, sha512 = SM_DIGEST_SHA512;
static const size_t trace_id_size = SM_TRACE_ID_SIZE, span_id_size = SM_SPAN_ID_SIZE;

static bool call_digest(const struct sm_ottl_call *call, struct sm_ottl_run *run, struct sm_ottl_value *out)
{
    struct sm_slice text;
    if (!sm_ottl_arg_string(&call->args[0], run, &text))
        return false;
    *out = sm_ottl_string(sm_digest_hex(*(const enum sm_digest *)call->function->detail, text, run->arena));
    return true;
}

static bool call_fnv(const struct sm_ottl_call *call, struct sm_ottl_run *run, struct sm_ottl_value *out)
{
    struct sm_slice text;
    uint64_t hash = UINT64_C(14695981039346656037);
    if (!sm_ottl_arg_string(&call->args[0], run, &text))
        return false;
    for (size_t i = 0; i < text.size; i++)
        hash = (hash ^ (unsigned char)text.ptr[i]) * UINT64_C(1099511628211);
    *out = sm_ottl_int((int64_t)hash);
    return true;
}

static bool make_id(const struct sm_ottl_call *call, struct sm_ottl_run *run, struct sm_slice bytes, struct sm_slice *id)
{
    size_t size = *(const size_t *)call->function->detail;
    if (bytes.size == 2 * size)
        return sm_ottl_id_from_hex(run, bytes, size, id);
    if (bytes.size != size)
        return sm_ottl_fail(run, "%s: could not decode ID: invalid length: expected %zu or %zu bytes, got %zu", call->function->name, size, 2 * size,
                            bytes.size);
    *id = bytes;
    return true;
}

static bool call_id(const struct sm_ottl_call *call, struct sm_ottl_run *run, struct sm_ottl_value *out)
{
    static const char zeros[SM_TRACE_ID_SIZE];
    struct sm_slice bytes;
    bool is_nil, is_trace = *(const size_t *)call->function->detail == SM_TRACE_ID_SIZE;
    if (!sm_ottl_arg_bytes_like(&call->args[0], run, &bytes, &is_nil))
        return false;
    out->kind = is_trace ? SM_OTTL_TRACE_ID : SM_OTTL_SPAN_ID;
    if (!make_id(call, run, bytes, &out->text))
        return false;
    if (out->text.size == 0)
        out->text = sm_slice_make(zeros, is_trace ? SM_TRACE_ID_SIZE : SM_SPAN_ID_SIZE);
    return true;
}

static bool prepare_id(struct sm_ottl_call *call, struct sm_ottl_compiler *compiler)
{
    struct sm_ottl_run run = {.arena = compiler->arena};
    struct sm_ottl_value value = {0};
    if (!call->args[0].expr->is_literal || call_id(call, &run, &value))
        return true;
    return sm_ottl_compile_error(compiler, call->node, "%s", run.error);
}

#define OF_TEXT                                                                                                                                      \
    {                                                                                                                                                \
        {                                                                                                                                            \
            .name = "Target", .type = SM_OTTL_ARG_STRING                                                                                             \
        }                                                                                                                                            \
    }
#define OF_BYTES                                                                                                                                     \
    {                                                                                                                                                \
        {                                                                                                                                            \
            .name = "Target", .type = SM_OTTL_ARG_BYTES_LIKE                                                                                         \
        }                                                                                                                                            \
    }

const struct sm_ottl_function sm_ottl_hash_functions[] = {
    {.name = "MD5", .help = "The MD5 digest in hexadecimal.", .parameters = OF_TEXT, .call = call_digest, .detail = &md5},
    {.name = "SHA1", .help = "The SHA-1 digest in hexadecimal.", .parameters = OF_TEXT, .call = call_digest, .detail = &sha1},
    {.name = "SHA256", .help = "The SHA-256 digest in hexadecimal.", .parameters = OF_TEXT, .call = call_digest, .detail = &sha256},
    {.name = "SHA512", .help = "The SHA-512 digest in hexadecimal.", .parameters = OF_TEXT, .call = call_digest, .detail = &sha512},
    {.name = "FNV", .help = "The FNV-1a hash as an integer.", .parameters = OF_TEXT, .call = call_fnv},
    {.name = "TraceID",
     .help = "The bytes or digits as a trace id.",
     .parameters = OF_BYTES,
     .call = call_id,
     .prepare = prepare_id,
     .detail = &trace_id_size},
    {.name = "SpanID",
     .help = "The bytes or digits as a span id.",
     .parameters = OF_BYTES,
     .call = call_id,
     .prepare = prepare_id,
     .detail = &span_id_size},
    {0},
};
