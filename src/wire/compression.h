/* compression.h - the encodings of request and answer bodies (Content-Encoding, grpc-encoding).
 *
 * One table; decompression stops at a limit, so that a small body cannot become a huge one. Any thread: the libraries' states are kept per thread and
 * used again. */
#pragma once

#include "base/buffer.h"
#include "base/bytes.h"
#include "base/error.h"

enum sm_compression {
    SM_COMPRESSION_NONE,
    SM_COMPRESSION_GZIP,
    SM_COMPRESSION_ZSTD,
    SM_COMPRESSION_ZLIB,
    SM_COMPRESSION_DEFLATE,
    SM_COMPRESSION_SNAPPY,
    SM_COMPRESSION_SNAPPY_FRAMED,
    SM_COMPRESSION_LZ4
};

enum sm_decompress_result { SM_DECOMPRESS_OK, SM_DECOMPRESS_CORRUPT, SM_DECOMPRESS_TOO_LARGE, SM_DECOMPRESS_NO_MEMORY };

/* "gzip" -> GZIP, "x-snappy-framed" -> SNAPPY_FRAMED …; "" -> NONE. As exact as the reference (case matters). False: unknown. */
bool sm_compression_find(struct sm_slice name, enum sm_compression *compression);
const char *sm_compression_name(enum sm_compression compression);

/* A new buffer with the unpacked bytes. `limit_bytes` 0: no limit. DEFLATE is the zlib format; SNAPPY is read framed or as a block, whichever it is;
 * several gzip members are fine. */
enum sm_decompress_result sm_decompress(enum sm_compression compression, struct sm_slice packed, size_t limit_bytes, struct sm_buffer **unpacked)
    __attribute__((warn_unused_result));
/* Appends the packed form. `level` 0: the usual one of that compression. False with `error` when the library refuses. */
bool sm_compress(enum sm_compression compression, int level, struct sm_slice plain, struct sm_bytes *packed, struct sm_error *error)
    __attribute__((warn_unused_result));
/* The same from pieces, without joining them first where the library streams. */
struct iovec;
bool sm_compress_pieces(enum sm_compression compression, int level, const struct iovec *pieces, size_t count, struct sm_bytes *packed,
                        struct sm_error *error) __attribute__((warn_unused_result));

/* For a block of Snappy that is made bit by bit: appends the elements of `plain`, which refer to nothing but each other. Such runs, in any order, are a
 * block behind the size of all of it unpacked as a varint (google/snappy, format_description.txt). */
bool sm_compress_snappy_elements(struct sm_slice plain, struct sm_bytes *elements, struct sm_error *error) __attribute__((warn_unused_result));
