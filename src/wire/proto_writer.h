/* proto_writer.h - writes protobuf messages from their end to their start.
 *
 * A message's length stands before its content. Written backwards, the content is already there when the length is due: nothing is measured first and
 * nothing is moved afterwards. Fields therefore appear in the reverse order of the calls. The result is a list of pieces: written bytes in blocks of
 * the arena, and references to large runs of bytes that somebody else holds. Worker-local.
 *
 *     size_t mark = sm_proto_writer_mark(&writer);
 *     sm_proto_write_bytes(&writer, 2, version);
 *     sm_proto_write_bytes(&writer, 1, name);
 *     sm_proto_write_message(&writer, 1, mark);      puts tag and length before both */
#pragma once

#include "base/arena.h"
#include "base/slice.h"

#include <sys/uio.h>

struct sm_proto_writer {
    struct sm_arena *arena; /* borrowed; NULL: only count bytes */
    struct iovec *pieces;   /* borrowed: arena; in reverse until sm_proto_writer_finish */
    size_t piece_count, piece_capacity;
    size_t size;                   /* bytes written */
    char *_block, *_at, *_run_end; /* the block being filled downwards; the run not yet noted as a piece */
    size_t _block_size;
    char _scratch[16];
};

/* With a NULL arena nothing is kept, only `size` is counted. */
void sm_proto_writer_init(struct sm_proto_writer *writer, struct sm_arena *arena);
/* Puts the pieces in order; they are in `pieces`, `piece_count`, `size`. */
void sm_proto_writer_finish(struct sm_proto_writer *writer);

/* Forgets what was written and begins anew, in the same memory. */
void sm_proto_writer_rewind(struct sm_proto_writer *writer);

static inline size_t sm_proto_writer_mark(const struct sm_proto_writer *writer)
{
    return writer->size;
}

/* Tag and length of a message field in front of what was written since `mark`. */
void sm_proto_write_message(struct sm_proto_writer *writer, uint32_t number, size_t mark);
void sm_proto_write_varint(struct sm_proto_writer *writer, uint64_t value);
void sm_proto_write_uint(struct sm_proto_writer *writer, uint32_t number, uint64_t value);
void sm_proto_write_fixed64(struct sm_proto_writer *writer, uint32_t number, uint64_t bits);
void sm_proto_write_fixed32(struct sm_proto_writer *writer, uint32_t number, uint32_t bits);
void sm_proto_write_double(struct sm_proto_writer *writer, uint32_t number, double value);
/* Large content is referred to, not copied: it must live as long as the pieces are used. */
void sm_proto_write_bytes(struct sm_proto_writer *writer, uint32_t number, struct sm_slice bytes);
/* Bytes as they are, without tag. */
void sm_proto_write_raw(struct sm_proto_writer *writer, struct sm_slice bytes);
/* Room for so many bytes, which the caller fills. Not when only counting. */
char *sm_proto_writer_reserve(struct sm_proto_writer *writer, size_t size) __attribute__((returns_nonnull, warn_unused_result));
/* The fields of `message` whose numbers `wanted` accepts, in their order. The message must be sound. */
void sm_proto_write_fields(struct sm_proto_writer *writer, struct sm_slice message, bool (*wanted)(uint32_t number, uint32_t argument),
                           uint32_t argument);
