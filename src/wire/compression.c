/* compression.c - the table of encodings, and the growing output with its limit; the libraries are in compression_{zlib,zstd,lz4,snappy}.c.
 * Which names and forms are taken: the reference's config/confighttp/compression.go. */
#include "wire/compression.h"

#include <assert.h>
#include <stdlib.h>

#include "wire/compression_internal.h"

static const char *const names[] = {
    [SM_COMPRESSION_NONE] = "",
    [SM_COMPRESSION_GZIP] = "gzip",
    [SM_COMPRESSION_ZSTD] = "zstd",
    [SM_COMPRESSION_ZLIB] = "zlib",
    [SM_COMPRESSION_DEFLATE] = "deflate",
    [SM_COMPRESSION_SNAPPY] = "snappy",
    [SM_COMPRESSION_SNAPPY_FRAMED] = "x-snappy-framed",
    [SM_COMPRESSION_LZ4] = "lz4",
};

enum { NAME_COUNT = sizeof(names) / sizeof(names[0]), FIRST_ROOM_MIN = 1024, EXPECTED_RATIO = 4, EXPECTED_MAX = 1 << 20 };

bool sm_compression_find(struct sm_slice name, enum sm_compression *compression)
{
    for (size_t i = 0; i < NAME_COUNT; i++) {
        if (sm_slice_is(name, names[i])) {
            *compression = (enum sm_compression)i;
            return true;
        }
    }
    return false;
}

const char *sm_compression_name(enum sm_compression compression)
{
    assert((size_t)compression < NAME_COUNT);
    return names[compression];
}

/* Makes the first buffer; `expected` is a guess from the outside. */
static enum sm_decompress_result start_unpacking(struct sm_unpack_sink *sink, size_t limit_bytes, size_t expected)
{
    /* One byte above the limit shows that it was passed. */
    if (limit_bytes && expected > limit_bytes)
        expected = limit_bytes + 1;
    *sink =
        (struct sm_unpack_sink){.buffer = sm_buffer_try_create(expected < FIRST_ROOM_MIN ? FIRST_ROOM_MIN : expected), .limit_bytes = limit_bytes};
    return sink->buffer ? SM_DECOMPRESS_OK : SM_DECOMPRESS_NO_MEMORY;
}

/* Is more written than allowed? */
static bool is_over(const struct sm_unpack_sink *sink)
{
    return sink->limit_bytes && sink->buffer->size > sink->limit_bytes;
}

enum sm_decompress_result sm_unpack_room(struct sm_unpack_sink *sink, char **at, size_t *size)
{
    struct sm_buffer *buffer = sink->buffer;
    if (is_over(sink))
        return SM_DECOMPRESS_TOO_LARGE;
    if (buffer->size == buffer->capacity) {
        size_t capacity;
        if (__builtin_mul_overflow(buffer->capacity, 2, &capacity))
            return SM_DECOMPRESS_NO_MEMORY;
        if (sink->limit_bytes && capacity > sink->limit_bytes + 1)
            capacity = sink->limit_bytes + 1;
        struct sm_buffer *grown = sm_buffer_try_create(capacity);
        if (!grown)
            return SM_DECOMPRESS_NO_MEMORY;
        memcpy(grown->data, buffer->data, buffer->size);
        grown->size = buffer->size;
        sm_buffer_release(buffer);
        sink->buffer = buffer = grown;
    }
    *at = buffer->data + buffer->size;
    *size = buffer->capacity - buffer->size;
    return SM_DECOMPRESS_OK;
}

static enum sm_decompress_result copy_plain(struct sm_slice plain, size_t limit_bytes, struct sm_buffer **copy)
{
    if (limit_bytes && plain.size > limit_bytes)
        return SM_DECOMPRESS_TOO_LARGE;
    *copy = sm_buffer_try_copy(plain);
    return *copy ? SM_DECOMPRESS_OK : SM_DECOMPRESS_NO_MEMORY;
}

/* A gzip file ends with its unpacked size (of the last member, modulo 2^32): a good guess, which inflate corrects. */
static size_t expected_size(enum sm_compression compression, struct sm_slice packed)
{
    size_t guess = packed.size > EXPECTED_MAX / EXPECTED_RATIO ? EXPECTED_MAX : packed.size * EXPECTED_RATIO;
    if (compression == SM_COMPRESSION_GZIP && packed.size >= 18) {
        uint32_t last;
        memcpy(&last, packed.ptr + packed.size - sizeof(last), sizeof(last));
        if (last <= EXPECTED_MAX)
            guess = last + 1;
    }
    return guess;
}

static enum sm_decompress_result unpack(enum sm_compression compression, struct sm_slice packed, struct sm_unpack_sink *sink)
{
    switch (compression) {
    case SM_COMPRESSION_GZIP:
        return sm_zlib_unpack(packed, true, sink);
    case SM_COMPRESSION_ZLIB:
    case SM_COMPRESSION_DEFLATE:
        return sm_zlib_unpack(packed, false, sink);
    case SM_COMPRESSION_ZSTD:
        return sm_zstd_unpack(packed, sink);
    case SM_COMPRESSION_LZ4:
        return sm_lz4_unpack(packed, sink);
    case SM_COMPRESSION_SNAPPY:
        return sm_snappy_is_framed(packed) ? sm_snappy_unpack_framed(packed, sink) : sm_snappy_unpack(packed, sink);
    case SM_COMPRESSION_SNAPPY_FRAMED:
        return sm_snappy_unpack_framed(packed, sink);
    case SM_COMPRESSION_NONE:
        break;
    }
    return SM_DECOMPRESS_CORRUPT;
}

enum sm_decompress_result sm_decompress(enum sm_compression compression, struct sm_slice packed, size_t limit_bytes, struct sm_buffer **unpacked)
{
    if (compression == SM_COMPRESSION_NONE)
        return copy_plain(packed, limit_bytes, unpacked);
    if (!packed.ptr)
        packed = SM_SLICE("");
    struct sm_unpack_sink sink;
    enum sm_decompress_result result = start_unpacking(&sink, limit_bytes, expected_size(compression, packed));
    if (result == SM_DECOMPRESS_OK)
        result = unpack(compression, packed, &sink);
    if (result == SM_DECOMPRESS_OK && is_over(&sink))
        result = SM_DECOMPRESS_TOO_LARGE;
    if (result == SM_DECOMPRESS_OK)
        *unpacked = sink.buffer;
    else
        sm_buffer_release(sink.buffer);
    return result;
}

/* Snappy wants its input in one piece. */
static bool pack_snappy(enum sm_compression compression, const struct iovec *pieces, size_t count, struct sm_bytes *packed, struct sm_error *error)
{
    struct sm_bytes joined = {0};
    struct sm_slice plain = {0};
    if (count == 1)
        plain = sm_slice_make(pieces[0].iov_base, pieces[0].iov_len);
    for (size_t i = 0; i < count && count > 1; i++)
        sm_bytes_append(&joined, pieces[i].iov_base, pieces[i].iov_len);
    if (count > 1)
        plain = sm_bytes_slice(&joined);
    bool ok = compression == SM_COMPRESSION_SNAPPY ? sm_snappy_pack(plain, packed, error) : sm_snappy_pack_framed(plain, packed, error);
    sm_bytes_deinit(&joined);
    return ok;
}

bool sm_compress_pieces(enum sm_compression compression, int level, const struct iovec *pieces, size_t count, struct sm_bytes *packed,
                        struct sm_error *error)
{
    switch (compression) {
    case SM_COMPRESSION_NONE:
        for (size_t i = 0; i < count; i++)
            sm_bytes_append(packed, pieces[i].iov_base, pieces[i].iov_len);
        return true;
    case SM_COMPRESSION_GZIP:
        return sm_zlib_pack(pieces, count, true, level, packed, error);
    case SM_COMPRESSION_ZLIB:
    case SM_COMPRESSION_DEFLATE:
        return sm_zlib_pack(pieces, count, false, level, packed, error);
    case SM_COMPRESSION_ZSTD:
        return sm_zstd_pack(pieces, count, level, packed, error);
    case SM_COMPRESSION_LZ4:
        return sm_lz4_pack(pieces, count, level, packed, error);
    case SM_COMPRESSION_SNAPPY:
    case SM_COMPRESSION_SNAPPY_FRAMED:
        return pack_snappy(compression, pieces, count, packed, error);
    }
    return sm_error_set(error, SM_ERROR_INTERNAL, "unknown compression %d", (int)compression);
}

bool sm_compress(enum sm_compression compression, int level, struct sm_slice plain, struct sm_bytes *packed, struct sm_error *error)
{
    const struct iovec piece = {.iov_base = (void *)(uintptr_t)plain.ptr, .iov_len = plain.size};
    return sm_compress_pieces(compression, level, &piece, 1, packed, error);
}
