/* compression_internal.h - what the files of wire/compression*.c share (private to wire/). */
#pragma once

#include "wire/compression.h"

#include <sys/uio.h>

/* ---- unpacking: output into a buffer that grows up to the limit */
struct sm_unpack_sink {
    struct sm_buffer *buffer; /* owned */
    size_t limit_bytes;       /* 0: none */
};

/* Room for more output at the end of the buffer; `*size` is how much. With less than `limit` + 1 in use there is always some, so that going over the
 * limit is noticed. */
enum sm_decompress_result sm_unpack_room(struct sm_unpack_sink *sink, char **at, size_t *size);

/* ---- one pair for each library */
enum sm_decompress_result sm_zlib_unpack(struct sm_slice packed, bool is_gzip, struct sm_unpack_sink *sink);
bool sm_zlib_pack(const struct iovec *pieces, size_t count, bool is_gzip, int level, struct sm_bytes *packed, struct sm_error *error);
enum sm_decompress_result sm_zstd_unpack(struct sm_slice packed, struct sm_unpack_sink *sink);
bool sm_zstd_pack(const struct iovec *pieces, size_t count, int level, struct sm_bytes *packed, struct sm_error *error);
enum sm_decompress_result sm_lz4_unpack(struct sm_slice packed, struct sm_unpack_sink *sink);
bool sm_lz4_pack(const struct iovec *pieces, size_t count, int level, struct sm_bytes *packed, struct sm_error *error);
bool sm_snappy_is_framed(struct sm_slice packed);
enum sm_decompress_result sm_snappy_unpack(struct sm_slice packed, struct sm_unpack_sink *sink);
enum sm_decompress_result sm_snappy_unpack_framed(struct sm_slice packed, struct sm_unpack_sink *sink);
bool sm_snappy_pack(struct sm_slice plain, struct sm_bytes *packed, struct sm_error *error);
bool sm_snappy_pack_framed(struct sm_slice plain, struct sm_bytes *packed, struct sm_error *error);
