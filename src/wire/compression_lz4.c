/* compression_lz4.c - LZ4 frames with liblz4, one after another when there are several. Rare enough that its states are made for each call. */
#include "wire/compression_internal.h"

#include <lz4frame.h>

static enum sm_decompress_result unpack_frames(LZ4F_dctx *context, struct sm_slice packed, struct sm_unpack_sink *sink)
{
    const char *from = packed.ptr, *end = from + packed.size;
    size_t status = 0; /* a hint about the next input; 0: the frame is complete */
    bool is_output_full = false;
    while (from < end || is_output_full) {
        char *at;
        size_t room, used = (size_t)(end - from);
        enum sm_decompress_result result = sm_unpack_room(sink, &at, &room);
        if (result != SM_DECOMPRESS_OK)
            return result;
        size_t written = room;
        status = LZ4F_decompress(context, at, &written, from, &used, NULL);
        if (LZ4F_isError(status))
            return SM_DECOMPRESS_CORRUPT;
        sink->buffer->size += written;
        from += used;
        is_output_full = written == room && status != 0;
    }
    return status == 0 ? SM_DECOMPRESS_OK : SM_DECOMPRESS_CORRUPT;
}

enum sm_decompress_result sm_lz4_unpack(struct sm_slice packed, struct sm_unpack_sink *sink)
{
    LZ4F_dctx *context = NULL;
    if (LZ4F_isError(LZ4F_createDecompressionContext(&context, LZ4F_VERSION)))
        return SM_DECOMPRESS_NO_MEMORY;
    enum sm_decompress_result result = unpack_frames(context, packed, sink);
    LZ4F_freeDecompressionContext(context);
    return result;
}

/* Notes what one call of the library wrote. */
static bool advance(struct sm_bytes *packed, size_t written, struct sm_error *error)
{
    if (LZ4F_isError(written))
        return sm_error_set(error, SM_ERROR_INTERNAL, "lz4 refuses to compress: %s", LZ4F_getErrorName(written));
    packed->size += written;
    return true;
}

static bool pack_frame(LZ4F_cctx *context, const struct iovec *pieces, size_t count, int level, struct sm_bytes *packed, struct sm_error *error)
{
    LZ4F_preferences_t preferences = {.frameInfo = {.blockSizeID = LZ4F_max64KB, .contentChecksumFlag = LZ4F_contentChecksumEnabled}};
    preferences.compressionLevel = level;
    char *at = sm_bytes_reserve(packed, LZ4F_HEADER_SIZE_MAX);
    if (!advance(packed, LZ4F_compressBegin(context, at, LZ4F_HEADER_SIZE_MAX, &preferences), error))
        return false;
    for (size_t i = 0; i < count; i++) {
        size_t room = LZ4F_compressBound(pieces[i].iov_len, &preferences);
        at = sm_bytes_reserve(packed, room);
        if (!advance(packed, LZ4F_compressUpdate(context, at, room, pieces[i].iov_base, pieces[i].iov_len, NULL), error))
            return false;
    }
    size_t room = LZ4F_compressBound(0, &preferences);
    at = sm_bytes_reserve(packed, room);
    return advance(packed, LZ4F_compressEnd(context, at, room, NULL), error);
}

bool sm_lz4_pack(const struct iovec *pieces, size_t count, int level, struct sm_bytes *packed, struct sm_error *error)
{
    LZ4F_cctx *context = NULL;
    if (LZ4F_isError(LZ4F_createCompressionContext(&context, LZ4F_VERSION)))
        return sm_error_set(error, SM_ERROR_INTERNAL, "no memory for lz4");
    bool ok = pack_frame(context, pieces, count, level, packed, error);
    LZ4F_freeCompressionContext(context);
    return ok;
}
