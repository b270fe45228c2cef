/* proto_writer.c - see proto_writer.h. Blocks double from 512 bytes to 64 KiB; what is referred to instead of copied has at least REFERENCE_MIN
 * bytes, below which the copy is cheaper than one more piece for the socket. */
#include "wire/proto_writer.h"

#include "wire/protobuf.h"

#include <assert.h>

enum { BLOCK_MIN = 512, BLOCK_MAX = 64 * 1024, REFERENCE_MIN = 2048 };

void sm_proto_writer_init(struct sm_proto_writer *writer, struct sm_arena *arena)
{
    *writer = (struct sm_proto_writer){.arena = arena};
}

void sm_proto_writer_rewind(struct sm_proto_writer *writer)
{
    writer->piece_count = writer->size = 0;
    writer->_at = writer->_run_end = writer->_block ? writer->_block + writer->_block_size : NULL;
}

static void add_piece(struct sm_proto_writer *writer, const char *ptr, size_t size)
{
    writer->pieces =
        sm_arena_grow(writer->arena, writer->pieces, writer->piece_count, &writer->piece_capacity, writer->piece_count + 1, sizeof(*writer->pieces));
    writer->pieces[writer->piece_count++] = (struct iovec){.iov_base = (void *)(uintptr_t)ptr, .iov_len = size};
}

/* Notes the run written so far as a piece. */
static void end_run(struct sm_proto_writer *writer)
{
    if (writer->_at != writer->_run_end)
        add_piece(writer, writer->_at, (size_t)(writer->_run_end - writer->_at));
    writer->_run_end = writer->_at;
}

static void new_block(struct sm_proto_writer *writer, size_t size)
{
    end_run(writer);
    size_t room = writer->_block_size ? writer->_block_size * 2 : BLOCK_MIN;
    if (room > BLOCK_MAX)
        room = BLOCK_MAX;
    if (room < size)
        room = size;
    writer->_block = sm_arena_alloc(writer->arena, room);
    writer->_block_size = room;
    writer->_at = writer->_run_end = writer->_block + room;
}

/* Room for `size` bytes before what was written. Only counting: `size` is at most that of the scratch. */
static inline char *reserve(struct sm_proto_writer *writer, size_t size)
{
    writer->size += size;
    if (!writer->arena) {
        assert(size <= sizeof(writer->_scratch));
        return writer->_scratch;
    }
    if ((size_t)(writer->_at - writer->_block) < size)
        new_block(writer, size);
    return writer->_at -= size;
}

char *sm_proto_writer_reserve(struct sm_proto_writer *writer, size_t size)
{
    assert(writer->arena);
    return reserve(writer, size);
}

static void write_long_varint(struct sm_proto_writer *writer, uint64_t value)
{
    char *to = reserve(writer, sm_proto_varint_size(value));
    for (; value >= 0x80; value >>= 7)
        *to++ = (char)(uint8_t)(value | 0x80);
    *to = (char)(uint8_t)value;
}

/* Most tags and lengths are one byte. Only counting, `_at` and `_block` are both NULL. */
static inline void write_varint(struct sm_proto_writer *writer, uint64_t value)
{
    if (value < 0x80 && writer->_at != writer->_block) {
        *--writer->_at = (char)value;
        writer->size++;
        return;
    }
    write_long_varint(writer, value);
}

void sm_proto_write_varint(struct sm_proto_writer *writer, uint64_t value)
{
    write_varint(writer, value);
}

static inline void write_tag(struct sm_proto_writer *writer, uint32_t number, enum sm_wire_type type)
{
    write_varint(writer, (uint64_t)number << 3 | type);
}

void sm_proto_write_message(struct sm_proto_writer *writer, uint32_t number, size_t mark)
{
    assert(mark <= writer->size);
    write_varint(writer, writer->size - mark);
    write_tag(writer, number, SM_WIRE_BYTES);
}

void sm_proto_write_uint(struct sm_proto_writer *writer, uint32_t number, uint64_t value)
{
    write_varint(writer, value);
    write_tag(writer, number, SM_WIRE_VARINT);
}

void sm_proto_write_fixed64(struct sm_proto_writer *writer, uint32_t number, uint64_t bits)
{
    memcpy(reserve(writer, sizeof(bits)), &bits, sizeof(bits));
    write_tag(writer, number, SM_WIRE_FIXED64);
}

void sm_proto_write_fixed32(struct sm_proto_writer *writer, uint32_t number, uint32_t bits)
{
    memcpy(reserve(writer, sizeof(bits)), &bits, sizeof(bits));
    write_tag(writer, number, SM_WIRE_FIXED32);
}

void sm_proto_write_double(struct sm_proto_writer *writer, uint32_t number, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof(bits));
    sm_proto_write_fixed64(writer, number, bits);
}

void sm_proto_write_raw(struct sm_proto_writer *writer, struct sm_slice bytes)
{
    if (bytes.size == 0)
        return;
    if (!writer->arena) {
        writer->size += bytes.size;
    } else if (bytes.size >= REFERENCE_MIN) {
        end_run(writer);
        add_piece(writer, bytes.ptr, bytes.size);
        writer->size += bytes.size;
    } else {
        memcpy(reserve(writer, bytes.size), bytes.ptr, bytes.size);
    }
}

void sm_proto_write_bytes(struct sm_proto_writer *writer, uint32_t number, struct sm_slice bytes)
{
    sm_proto_write_raw(writer, bytes);
    write_varint(writer, bytes.size);
    write_tag(writer, number, SM_WIRE_BYTES);
}

void sm_proto_write_fields(struct sm_proto_writer *writer, struct sm_slice message, bool (*wanted)(uint32_t number, uint32_t argument),
                           uint32_t argument)
{
    struct sm_proto_cursor cursor = sm_proto_begin(message);
    struct sm_proto_field field;
    size_t total = 0;
    while (sm_proto_next(&cursor, &field))
        total += wanted(field.number, argument) ? field.whole.size : 0;
    assert(!cursor.error);
    if (total == message.size || total == 0) {
        sm_proto_write_raw(writer, total ? message : (struct sm_slice){0});
        return;
    }
    if (!writer->arena) {
        writer->size += total;
        return;
    }
    char *to = reserve(writer, total);
    for (cursor = sm_proto_begin(message); sm_proto_next(&cursor, &field);) {
        if (!wanted(field.number, argument))
            continue;
        memcpy(to, field.whole.ptr, field.whole.size);
        to += field.whole.size;
    }
}

void sm_proto_writer_finish(struct sm_proto_writer *writer)
{
    if (!writer->arena)
        return;
    end_run(writer);
    for (size_t i = 0, k = writer->piece_count; i + 1 < k; i++) {
        k--;
        struct iovec piece = writer->pieces[i];
        writer->pieces[i] = writer->pieces[k];
        writer->pieces[k] = piece;
    }
}
