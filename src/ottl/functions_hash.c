/* functions_hash.c - converters that hash or make ids: SHA256, FNV, XXH3, Murmur3Hash, TraceID, UUID, …
 *
 * Source: opentelemetry-collector-contrib pkg/ottl/ottlfuncs; FNV-1a 64; MurmurHash3 (Austin Appleby, public domain), seed 0; RFC 9562 (UUIDs). */
#include <inttypes.h>
#include <sys/random.h>

#include "base/clock.h"
#include "base/digest.h"
#include "base/hash.h"
#include "base/uuid.h"
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

bool sm_ottl_prepare_digest(struct sm_ottl_call *call, struct sm_ottl_compiler *compiler)
{
    struct sm_error error = {0};
    return sm_digest_prepare(&error) || sm_ottl_compile_error(compiler, call->node, "%s", error.text);
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

static struct sm_slice hex_of(struct sm_arena *arena, uint64_t high, uint64_t low)
{
    return sm_slice_of(sm_arena_printf(arena, "%016" PRIx64 "%016" PRIx64, high, low));
}

static bool call_xxh3(const struct sm_ottl_call *call, struct sm_ottl_run *run, struct sm_ottl_value *out)
{
    struct sm_slice text;
    if (!sm_ottl_arg_string(&call->args[0], run, &text))
        return false;
    *out = sm_ottl_string(sm_slice_of(sm_arena_printf(run->arena, "%016" PRIx64, sm_hash_xxh3(text))));
    return true;
}

static bool call_xxh128(const struct sm_ottl_call *call, struct sm_ottl_run *run, struct sm_ottl_value *out)
{
    struct sm_slice text;
    if (!sm_ottl_arg_string(&call->args[0], run, &text))
        return false;
    struct sm_hash128 hash = sm_hash_xxh3_128(text);
    *out = sm_ottl_string(hex_of(run->arena, hash.high, hash.low));
    return true;
}

/* ---- MurmurHash3, its 32-bit form and its 128-bit form for 64-bit machines; the reference shows the words in little endian */

static uint64_t read_little(const char *at, size_t size)
{
    uint64_t word = 0;
    for (size_t i = size; i > 0; i--)
        word = word << 8 | (unsigned char)at[i - 1];
    return word;
}

static uint32_t rotate32(uint32_t word, unsigned bits)
{
    return word << bits | word >> (32 - bits);
}

static uint64_t rotate64(uint64_t word, unsigned bits)
{
    return word << bits | word >> (64 - bits);
}

static uint32_t murmur32(struct sm_slice text)
{
    uint32_t hash = 0;
    size_t at = 0;
    for (; text.size - at >= 4; at += 4) {
        hash ^= rotate32((uint32_t)read_little(text.ptr + at, 4) * 0xcc9e2d51u, 15) * 0x1b873593u;
        hash = rotate32(hash, 13) * 5 + 0xe6546b64u;
    }
    if (at < text.size)
        hash ^= rotate32((uint32_t)read_little(text.ptr + at, text.size - at) * 0xcc9e2d51u, 15) * 0x1b873593u;
    hash ^= (uint32_t)text.size;
    hash = (hash ^ hash >> 16) * 0x85ebca6bu;
    hash = (hash ^ hash >> 13) * 0xc2b2ae35u;
    return hash ^ hash >> 16;
}

static uint64_t finish64(uint64_t hash)
{
    hash = (hash ^ hash >> 33) * UINT64_C(0xff51afd7ed558ccd);
    hash = (hash ^ hash >> 33) * UINT64_C(0xc4ceb9fe1a85ec53);
    return hash ^ hash >> 33;
}

static struct sm_hash128 murmur128(struct sm_slice text)
{
    static const uint64_t c1 = UINT64_C(0x87c37b91114253d5), c2 = UINT64_C(0x4cf5ad432745937f);
    uint64_t h1 = 0, h2 = 0;
    size_t at = 0;
    for (; text.size - at >= 16; at += 16) {
        h1 ^= rotate64(read_little(text.ptr + at, 8) * c1, 31) * c2;
        h1 = (rotate64(h1, 27) + h2) * 5 + 0x52dce729;
        h2 ^= rotate64(read_little(text.ptr + at + 8, 8) * c2, 33) * c1;
        h2 = (rotate64(h2, 31) + h1) * 5 + 0x38495ab5;
    }
    size_t left = text.size - at;
    if (left > 8)
        h2 ^= rotate64(read_little(text.ptr + at + 8, left - 8) * c2, 33) * c1;
    if (left > 0)
        h1 ^= rotate64(read_little(text.ptr + at, left < 8 ? left : 8) * c1, 31) * c2;
    h1 ^= text.size;
    h2 ^= text.size;
    h1 += h2;
    h2 += h1;
    h1 = finish64(h1);
    h2 = finish64(h2);
    h1 += h2;
    return (struct sm_hash128){.low = h1, .high = h2 + h1};
}

static bool call_murmur32(const struct sm_ottl_call *call, struct sm_ottl_run *run, struct sm_ottl_value *out)
{
    struct sm_slice text;
    if (!sm_ottl_arg_string(&call->args[0], run, &text))
        return false;
    *out = sm_ottl_string(sm_slice_of(sm_arena_printf(run->arena, "%08" PRIx32, __builtin_bswap32(murmur32(text)))));
    return true;
}

static bool call_murmur128(const struct sm_ottl_call *call, struct sm_ottl_run *run, struct sm_ottl_value *out)
{
    struct sm_slice text;
    if (!sm_ottl_arg_string(&call->args[0], run, &text))
        return false;
    struct sm_hash128 hash = murmur128(text);
    *out = sm_ottl_string(hex_of(run->arena, __builtin_bswap64(hash.low), __builtin_bswap64(hash.high)));
    return true;
}

/* ---- UUIDs */

static const enum sm_uuid_version version_4 = SM_UUID_RANDOM, version_7 = SM_UUID_TIME;

static bool call_uuid(const struct sm_ottl_call *call, struct sm_ottl_run *run, struct sm_ottl_value *out)
{
    char text[SM_UUID_SIZE];
    sm_uuid_make(*(const enum sm_uuid_version *)call->function->detail, text);
    *out = sm_ottl_string(sm_arena_copy(run->arena, sm_slice_of(text)));
    return true;
}

/* ---- ids */

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
    {.name = "MD5",
     .help = "The MD5 digest in hexadecimal.",
     .parameters = OF_TEXT,
     .call = call_digest,
     .prepare = sm_ottl_prepare_digest,
     .detail = &md5},
    {.name = "SHA1",
     .help = "The SHA-1 digest in hexadecimal.",
     .parameters = OF_TEXT,
     .call = call_digest,
     .prepare = sm_ottl_prepare_digest,
     .detail = &sha1},
    {.name = "SHA256",
     .help = "The SHA-256 digest in hexadecimal.",
     .parameters = OF_TEXT,
     .call = call_digest,
     .prepare = sm_ottl_prepare_digest,
     .detail = &sha256},
    {.name = "SHA512",
     .help = "The SHA-512 digest in hexadecimal.",
     .parameters = OF_TEXT,
     .call = call_digest,
     .prepare = sm_ottl_prepare_digest,
     .detail = &sha512},
    {.name = "FNV", .help = "The FNV-1a hash as an integer.", .parameters = OF_TEXT, .call = call_fnv},
    {.name = "XXH3", .help = "The XXH3 hash of 64 bits in hexadecimal.", .parameters = OF_TEXT, .call = call_xxh3},
    {.name = "XXH128", .help = "The XXH3 hash of 128 bits in hexadecimal.", .parameters = OF_TEXT, .call = call_xxh128},
    {.name = "Murmur3Hash", .help = "The MurmurHash3 of 32 bits in hexadecimal.", .parameters = OF_TEXT, .call = call_murmur32},
    {.name = "Murmur3Hash128", .help = "The MurmurHash3 of 128 bits in hexadecimal.", .parameters = OF_TEXT, .call = call_murmur128},
    {.name = "UUID", .help = "A random UUID.", .call = call_uuid, .detail = &version_4},
    {.name = "UUIDv7", .help = "A UUID that begins with the time.", .call = call_uuid, .detail = &version_7},
    {.name = "ProfileID",
     .help = "The bytes or digits as a profile id.",
     .parameters = OF_BYTES,
     .call = call_id,
     .prepare = prepare_id,
     .detail = &trace_id_size},
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
