/* compression_snappy.c - Snappy as one block and in frames (google/snappy, framing_format.txt), with libsnappy for the blocks.
 *
 *     chunk: type (1 byte), size (3 bytes, little endian), content
 *     ff "sNaPpY"   00 CRC block   01 CRC plain bytes   80..fe skipped   02..7f refused
 *     the CRC is CRC-32C of the plain bytes, rotated and moved by a constant */
#include "wire/compression_internal.h"

#include <pthread.h>

#include "wire/protobuf.h"
#include "wire/snappy_library.h"

static const char stream_header[] = {(char)0xff, 6, 0, 0, 's', 'N', 'a', 'P', 'p', 'Y'};

enum { CHUNK_HEADER = 4, CHECKSUM = 4, CHUNK_PLAIN_MAX = 65536, BLOCK_CHUNK = 0, PLAIN_CHUNK = 1, SKIPPABLE_FROM = 0x80, HEADER_CHUNK = 0xff };

static uint32_t crc_table[256];
static pthread_once_t crc_once = PTHREAD_ONCE_INIT;

static void fill_crc_table(void)
{
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t crc = i;
        for (int bit = 0; bit < 8; bit++)
            crc = crc & 1 ? crc >> 1 ^ UINT32_C(0x82f63b78) : crc >> 1;
        crc_table[i] = crc;
    }
}

static uint32_t masked_crc(const char *bytes, size_t size)
{
    pthread_once(&crc_once, fill_crc_table);
    uint32_t crc = UINT32_MAX;
    for (size_t i = 0; i < size; i++)
        crc = crc >> 8 ^ crc_table[(crc ^ (uint8_t)bytes[i]) & 0xff];
    crc = ~crc;
    return (crc >> 15 | crc << 17) + UINT32_C(0xa282ead8);
}

bool sm_snappy_is_framed(struct sm_slice packed)
{
    return sm_slice_starts_with(packed, sm_slice_make(stream_header, sizeof(stream_header)));
}

enum sm_decompress_result sm_snappy_unpack(struct sm_slice packed, struct sm_unpack_sink *sink)
{
    const struct sm_snappy *snappy = sm_snappy_library();
    size_t size;
    if (!snappy || snappy->uncompressed_length(packed.ptr, packed.size, &size) != SNAPPY_OK)
        return SM_DECOMPRESS_CORRUPT;
    if (sink->limit_bytes && size > sink->limit_bytes)
        return SM_DECOMPRESS_TOO_LARGE;
    /* The size is a claim of the sender: nothing is reserved for content that is not there. */
    if (snappy->validate(packed.ptr, packed.size) != SNAPPY_OK)
        return SM_DECOMPRESS_CORRUPT;
    struct sm_buffer *buffer = sm_buffer_try_create(size);
    if (!buffer)
        return SM_DECOMPRESS_NO_MEMORY;
    sm_buffer_release(sink->buffer);
    sink->buffer = buffer;
    buffer->size = size;
    return snappy->uncompress(packed.ptr, packed.size, buffer->data, &buffer->size) == SNAPPY_OK ? SM_DECOMPRESS_OK : SM_DECOMPRESS_CORRUPT;
}

static enum sm_decompress_result append(struct sm_unpack_sink *sink, struct sm_slice plain)
{
    while (plain.size) {
        char *at;
        size_t room;
        enum sm_decompress_result result = sm_unpack_room(sink, &at, &room);
        if (result != SM_DECOMPRESS_OK)
            return result;
        size_t size = plain.size < room ? plain.size : room;
        memcpy(at, plain.ptr, size);
        sink->buffer->size += size;
        plain = sm_slice_make(plain.ptr + size, plain.size - size);
    }
    return SM_DECOMPRESS_OK;
}

static enum sm_decompress_result unpack_chunk(uint8_t type, struct sm_slice content, struct sm_unpack_sink *sink)
{
    char block[CHUNK_PLAIN_MAX];
    uint32_t expected;
    if (content.size < CHECKSUM)
        return SM_DECOMPRESS_CORRUPT;
    memcpy(&expected, content.ptr, sizeof(expected));
    struct sm_slice plain = sm_slice_make(content.ptr + CHECKSUM, content.size - CHECKSUM);
    if (type == BLOCK_CHUNK) {
        const struct sm_snappy *snappy = sm_snappy_library();
        size_t size = sizeof(block);
        if (!snappy || snappy->uncompress(plain.ptr, plain.size, block, &size) != SNAPPY_OK)
            return SM_DECOMPRESS_CORRUPT;
        plain = sm_slice_make(block, size);
    }
    if (plain.size > CHUNK_PLAIN_MAX || masked_crc(plain.ptr, plain.size) != expected)
        return SM_DECOMPRESS_CORRUPT;
    return append(sink, plain);
}

enum sm_decompress_result sm_snappy_unpack_framed(struct sm_slice packed, struct sm_unpack_sink *sink)
{
    if (packed.size && !sm_snappy_is_framed(packed))
        return SM_DECOMPRESS_CORRUPT;
    for (const char *at = packed.ptr, *end = at + packed.size; at < end;) {
        if (end - at < CHUNK_HEADER)
            return SM_DECOMPRESS_CORRUPT;
        uint8_t type = (uint8_t)at[0];
        size_t size = (size_t)(uint8_t)at[1] | (size_t)(uint8_t)at[2] << 8 | (size_t)(uint8_t)at[3] << 16;
        at += CHUNK_HEADER;
        if (size > (size_t)(end - at))
            return SM_DECOMPRESS_CORRUPT;
        struct sm_slice content = sm_slice_make(at, size);
        at += size;
        if (type == BLOCK_CHUNK || type == PLAIN_CHUNK) {
            enum sm_decompress_result result = unpack_chunk(type, content, sink);
            if (result != SM_DECOMPRESS_OK)
                return result;
        } else if (type == HEADER_CHUNK) {
            if (!sm_slice_is(content, "sNaPpY"))
                return SM_DECOMPRESS_CORRUPT;
        } else if (type < SKIPPABLE_FROM) {
            return SM_DECOMPRESS_CORRUPT;
        }
    }
    return SM_DECOMPRESS_OK;
}

bool sm_snappy_pack(struct sm_slice plain, struct sm_bytes *packed, struct sm_error *error)
{
    const struct sm_snappy *snappy = sm_snappy_library();
    if (!snappy)
        return sm_error_set(error, SM_ERROR_IO, "the snappy library cannot be loaded");
    size_t size = snappy->max_compressed_length(plain.size);
    char *at = sm_bytes_reserve(packed, size);
    if (snappy->compress(plain.ptr ? plain.ptr : "", plain.size, at, &size) != SNAPPY_OK)
        return sm_error_set(error, SM_ERROR_INTERNAL, "snappy refuses to compress");
    packed->size += size;
    return true;
}

bool sm_compress_snappy_elements(struct sm_slice plain, struct sm_bytes *elements, struct sm_error *error)
{
    size_t before = elements->size, head = sm_proto_varint_size(plain.size);
    if (!sm_snappy_pack(plain, elements, error))
        return false;
    memmove(elements->ptr + before, elements->ptr + before + head, elements->size - before - head);
    elements->size -= head;
    return true;
}

static void put_chunk_header(char *at, uint8_t type, size_t size)
{
    at[0] = (char)type;
    at[1] = (char)(uint8_t)size;
    at[2] = (char)(uint8_t)(size >> 8);
    at[3] = (char)(uint8_t)(size >> 16);
}

bool sm_snappy_pack_framed(struct sm_slice plain, struct sm_bytes *packed, struct sm_error *error)
{
    const struct sm_snappy *snappy = sm_snappy_library();
    if (!snappy)
        return sm_error_set(error, SM_ERROR_IO, "the snappy library cannot be loaded");
    sm_bytes_append(packed, stream_header, sizeof(stream_header));
    while (plain.size) {
        size_t part = plain.size < CHUNK_PLAIN_MAX ? plain.size : CHUNK_PLAIN_MAX;
        size_t size = snappy->max_compressed_length(part);
        char *at = sm_bytes_reserve(packed, CHUNK_HEADER + CHECKSUM + size);
        if (snappy->compress(plain.ptr, part, at + CHUNK_HEADER + CHECKSUM, &size) != SNAPPY_OK)
            return sm_error_set(error, SM_ERROR_INTERNAL, "snappy refuses to compress");
        /* What hardly shrinks is sent as it is. */
        bool is_block = size < part - part / 8;
        if (!is_block) {
            memcpy(at + CHUNK_HEADER + CHECKSUM, plain.ptr, part);
            size = part;
        }
        put_chunk_header(at, is_block ? BLOCK_CHUNK : PLAIN_CHUNK, size + CHECKSUM);
        uint32_t crc = masked_crc(plain.ptr, part);
        memcpy(at + CHUNK_HEADER, &crc, sizeof(crc));
        packed->size += CHUNK_HEADER + CHECKSUM + size;
        plain = sm_slice_make(plain.ptr + part, plain.size - part);
    }
    return true;
}
