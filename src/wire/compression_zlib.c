/* compression_zlib.c - gzip (RFC 1952, several members) and the zlib format (RFC 1950) with zlib. The states of a thread are kept and reset. */
#include "wire/compression_internal.h"

#include <limits.h>
#include <stdlib.h>

#include <zlib.h>

#include "base/memory.h"
#include "wire/thread_state.h"

enum { WINDOW_BITS = 15, GZIP_FORMAT = 16, MEMORY_LEVEL = 8, OUTPUT_STEP = 32 * 1024 };

struct states {
    z_stream inflate[2]; /* zlib, gzip */
    bool has_inflate[2];
    z_stream deflate[2];
    bool has_deflate[2];
    int deflate_level[2];
};

static void free_states(void *memory)
{
    struct states *states = memory;
    for (int i = 0; i < 2; i++) {
        if (states->has_inflate[i])
            inflateEnd(&states->inflate[i]);
        if (states->has_deflate[i])
            deflateEnd(&states->deflate[i]);
    }
    free(states);
}

static struct sm_thread_state thread_state = {.once = PTHREAD_ONCE_INIT};

static void prepare(void)
{
    pthread_key_create(&thread_state.key, free_states);
}

static struct states *states_of_thread(void)
{
    return sm_thread_state_get(&thread_state, prepare, sizeof(struct states));
}

static z_stream *inflate_state(bool is_gzip)
{
    struct states *states = states_of_thread();
    z_stream *stream = &states->inflate[is_gzip];
    if (!states->has_inflate[is_gzip]) {
        if (inflateInit2(stream, is_gzip ? WINDOW_BITS + GZIP_FORMAT : WINDOW_BITS) != Z_OK)
            return NULL;
        states->has_inflate[is_gzip] = true;
    } else if (inflateReset(stream) != Z_OK) {
        return NULL;
    }
    return stream;
}

static uInt at_most_uint(size_t size)
{
    return size > UINT_MAX ? UINT_MAX : (uInt)size;
}

enum sm_decompress_result sm_zlib_unpack(struct sm_slice packed, bool is_gzip, struct sm_unpack_sink *sink)
{
    z_stream *stream = inflate_state(is_gzip);
    if (!stream)
        return SM_DECOMPRESS_NO_MEMORY;
    const char *end = packed.ptr + packed.size;
    stream->next_in = (Bytef *)(uintptr_t)packed.ptr;
    for (;;) {
        char *at;
        size_t room;
        enum sm_decompress_result result = sm_unpack_room(sink, &at, &room);
        if (result != SM_DECOMPRESS_OK)
            return result;
        stream->avail_in = at_most_uint((size_t)(end - (const char *)stream->next_in));
        stream->next_out = (Bytef *)at;
        stream->avail_out = at_most_uint(room);
        int status = inflate(stream, Z_NO_FLUSH);
        sink->buffer->size = (size_t)((char *)stream->next_out - sink->buffer->data);
        if (status == Z_MEM_ERROR)
            return SM_DECOMPRESS_NO_MEMORY;
        if (status == Z_STREAM_END) {
            if (!is_gzip || (const char *)stream->next_in == end)
                return SM_DECOMPRESS_OK;
            if (inflateReset(stream) != Z_OK)
                return SM_DECOMPRESS_CORRUPT;
            continue;
        }
        /* Z_BUF_ERROR with room left: the input ended too early. */
        bool needs_room = stream->avail_out == 0 && (status == Z_OK || status == Z_BUF_ERROR);
        bool has_input = status == Z_OK && (const char *)stream->next_in < end;
        if (!needs_room && !has_input)
            return SM_DECOMPRESS_CORRUPT;
    }
}

static z_stream *deflate_state(bool is_gzip, int level)
{
    struct states *states = states_of_thread();
    z_stream *stream = &states->deflate[is_gzip];
    if (states->has_deflate[is_gzip] && states->deflate_level[is_gzip] == level)
        return deflateReset(stream) == Z_OK ? stream : NULL;
    if (states->has_deflate[is_gzip])
        deflateEnd(stream);
    *stream = (z_stream){0};
    int window_bits = is_gzip ? WINDOW_BITS + GZIP_FORMAT : WINDOW_BITS;
    states->has_deflate[is_gzip] = deflateInit2(stream, level, Z_DEFLATED, window_bits, MEMORY_LEVEL, Z_DEFAULT_STRATEGY) == Z_OK;
    states->deflate_level[is_gzip] = level;
    return states->has_deflate[is_gzip] ? stream : NULL;
}

/* Feeds one piece (at most UINT_MAX bytes at a time); with `flush` Z_FINISH until the end is written. */
static bool deflate_piece(z_stream *stream, const char *at, size_t size, int flush, struct sm_bytes *packed)
{
    const char *end = at + size;
    int status;
    stream->next_in = (Bytef *)(uintptr_t)at;
    do {
        size_t before = packed->size;
        stream->next_out = (Bytef *)sm_bytes_reserve(packed, OUTPUT_STEP);
        stream->avail_out = OUTPUT_STEP;
        stream->avail_in = at_most_uint((size_t)(end - (const char *)stream->next_in));
        status = deflate(stream, flush);
        if (status == Z_STREAM_ERROR)
            return false;
        packed->size = before + OUTPUT_STEP - stream->avail_out;
    } while ((const char *)stream->next_in < end || (flush == Z_FINISH && status != Z_STREAM_END));
    return true;
}

bool sm_zlib_pack(const struct iovec *pieces, size_t count, bool is_gzip, int level, struct sm_bytes *packed, struct sm_error *error)
{
    z_stream *stream = deflate_state(is_gzip, level == 0 ? Z_DEFAULT_COMPRESSION : level);
    if (!stream)
        return sm_error_set(error, SM_ERROR_USAGE, "%s does not take compression level %d", is_gzip ? "gzip" : "zlib", level);
    for (size_t i = 0; i < count; i++)
        if (pieces[i].iov_len && !deflate_piece(stream, pieces[i].iov_base, pieces[i].iov_len, Z_NO_FLUSH, packed))
            return sm_error_set(error, SM_ERROR_INTERNAL, "zlib refuses to compress");
    return deflate_piece(stream, "", 0, Z_FINISH, packed) || sm_error_set(error, SM_ERROR_INTERNAL, "zlib refuses to end");
}
