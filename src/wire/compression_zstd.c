/* compression_zstd.c - Zstandard (RFC 8878) with libzstd. The contexts of a thread are kept; one that a large window has blown up is freed at once.
 */
#include "wire/compression_internal.h"

#include <stdlib.h>

#include <zstd.h>

#include "base/memory.h"
#include "wire/thread_state.h"

/* The window of an unpacking context comes from outside: 2^27 bytes is the most that is taken (the library's own default). */
enum { WINDOW_LOG_MAX = 27, KEPT_CONTEXT_MAX_BYTES = 4 * 1024 * 1024, OUTPUT_STEP = 64 * 1024 };

struct states {
    ZSTD_DCtx *unpack; /* owned, may be NULL */
    ZSTD_CCtx *pack;   /* owned, may be NULL */
};

static void free_states(void *memory)
{
    struct states *states = memory;
    ZSTD_freeDCtx(states->unpack);
    ZSTD_freeCCtx(states->pack);
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

static enum sm_decompress_result unpack_stream(ZSTD_DCtx *context, struct sm_slice packed, struct sm_unpack_sink *sink)
{
    ZSTD_inBuffer input = {.src = packed.ptr, .size = packed.size};
    /* Not zero: an unfinished frame. An empty body is no frame at all, which the reference takes. */
    size_t status = 0;
    bool is_output_full = false;
    while (input.pos < input.size || is_output_full) {
        char *at;
        size_t room;
        enum sm_decompress_result result = sm_unpack_room(sink, &at, &room);
        if (result != SM_DECOMPRESS_OK)
            return result;
        ZSTD_outBuffer output = {.dst = at, .size = room};
        status = ZSTD_decompressStream(context, &output, &input);
        if (ZSTD_isError(status))
            return SM_DECOMPRESS_CORRUPT;
        sink->buffer->size += output.pos;
        is_output_full = output.pos == output.size && status != 0;
    }
    return status == 0 ? SM_DECOMPRESS_OK : SM_DECOMPRESS_CORRUPT;
}

enum sm_decompress_result sm_zstd_unpack(struct sm_slice packed, struct sm_unpack_sink *sink)
{
    struct states *states = states_of_thread();
    if (!states->unpack)
        states->unpack = ZSTD_createDCtx();
    if (!states->unpack)
        return SM_DECOMPRESS_NO_MEMORY;
    ZSTD_DCtx_reset(states->unpack, ZSTD_reset_session_and_parameters);
    ZSTD_DCtx_setParameter(states->unpack, ZSTD_d_windowLogMax, WINDOW_LOG_MAX);
    enum sm_decompress_result result = unpack_stream(states->unpack, packed, sink);
    if (ZSTD_sizeof_DCtx(states->unpack) > KEPT_CONTEXT_MAX_BYTES) {
        ZSTD_freeDCtx(states->unpack);
        states->unpack = NULL;
    }
    return result;
}

static bool pack_piece(ZSTD_CCtx *context, ZSTD_inBuffer input, ZSTD_EndDirective directive, struct sm_bytes *packed, struct sm_error *error)
{
    size_t left;
    do {
        ZSTD_outBuffer output = {.dst = sm_bytes_reserve(packed, OUTPUT_STEP), .size = OUTPUT_STEP};
        left = ZSTD_compressStream2(context, &output, &input, directive);
        if (ZSTD_isError(left))
            return sm_error_set(error, SM_ERROR_INTERNAL, "zstd refuses to compress: %s", ZSTD_getErrorName(left));
        packed->size += output.pos;
    } while (input.pos < input.size || (directive == ZSTD_e_end && left != 0));
    return true;
}

bool sm_zstd_pack(const struct iovec *pieces, size_t count, int level, struct sm_bytes *packed, struct sm_error *error)
{
    struct states *states = states_of_thread();
    if (!states->pack)
        states->pack = ZSTD_createCCtx();
    if (!states->pack)
        return sm_error_set(error, SM_ERROR_INTERNAL, "no memory for zstd");
    size_t total = 0;
    for (size_t i = 0; i < count; i++)
        total += pieces[i].iov_len;
    ZSTD_CCtx_reset(states->pack, ZSTD_reset_session_and_parameters);
    if (ZSTD_isError(ZSTD_CCtx_setParameter(states->pack, ZSTD_c_compressionLevel, level == 0 ? ZSTD_CLEVEL_DEFAULT : level)))
        return sm_error_set(error, SM_ERROR_USAGE, "zstd does not take compression level %d", level);
    ZSTD_CCtx_setPledgedSrcSize(states->pack, total);
    for (size_t i = 0; i < count; i++)
        if (!pack_piece(states->pack, (ZSTD_inBuffer){.src = pieces[i].iov_base, .size = pieces[i].iov_len}, ZSTD_e_continue, packed, error))
            return false;
    return pack_piece(states->pack, (ZSTD_inBuffer){0}, ZSTD_e_end, packed, error);
}
