/* gzip_stream.c - see gzip_stream.h. Small pieces are put together first: the packer moves 32 KiB from either end of what it is given at every call. */
#include "wire/gzip_stream.h"

#include <limits.h>
#include <stdlib.h>

#include <isa-l/igzip_lib.h>

#include "base/memory.h"

/* Of the packer's memory for tokens one that stays in the cache with the input: the packed form grows by a thousandth. */
enum { LEVEL = 1, LEVEL_SIZE = ISAL_DEF_LVL1_MEDIUM, OUTPUT_STEP = 16 * 1024, INPUT_STEP = 128 * 1024 };

struct sm_gzip_stream {
    struct isal_zstream packer;
    struct sm_bytes packed; /* owned */
    size_t size;            /* put in so far */
    size_t gathered_size;   /* of those not packed yet */
    uint8_t level_buffer[LEVEL_SIZE];
    char gathered[INPUT_STEP];
};

static void begin(struct sm_gzip_stream *stream)
{
    isal_deflate_init(&stream->packer);
    stream->packer.level = LEVEL;
    stream->packer.level_buf = stream->level_buffer;
    stream->packer.level_buf_size = sizeof(stream->level_buffer);
    stream->packer.gzip_flag = IGZIP_GZIP;
    stream->size = stream->gathered_size = 0;
    sm_bytes_init(&stream->packed, NULL);
}

struct sm_gzip_stream *sm_gzip_stream_create(void)
{
    struct sm_gzip_stream *stream = sm_alloc(1, sizeof(*stream));
    begin(stream);
    return stream;
}

void sm_gzip_stream_free(struct sm_gzip_stream *stream)
{
    if (!stream)
        return;
    sm_bytes_deinit(&stream->packed);
    free(stream);
}

/* Runs the packer until it has taken what is there, or with the end in sight has written it. It cannot fail: its input is complete and its settings
 * are constant. */
static void pack(struct sm_gzip_stream *stream)
{
    struct isal_zstream *packer = &stream->packer;
    do {
        packer->next_out = (uint8_t *)sm_bytes_reserve(&stream->packed, OUTPUT_STEP);
        packer->avail_out = OUTPUT_STEP;
        if (isal_deflate(packer) != COMP_OK)
            abort();
        stream->packed.size += OUTPUT_STEP - packer->avail_out;
    } while (packer->avail_in > 0 || packer->avail_out == 0 || (packer->end_of_stream && packer->internal_state.state != ZSTATE_END));
}

static void pack_all(struct sm_gzip_stream *stream, struct sm_slice bytes)
{
    while (bytes.size) {
        uint32_t size = bytes.size > INT_MAX ? INT_MAX : (uint32_t)bytes.size;
        stream->packer.next_in = (uint8_t *)(uintptr_t)bytes.ptr;
        stream->packer.avail_in = size;
        pack(stream);
        bytes = sm_slice_make(bytes.ptr + size, bytes.size - size);
    }
}

static void pack_gathered(struct sm_gzip_stream *stream)
{
    pack_all(stream, sm_slice_make(stream->gathered, stream->gathered_size));
    stream->gathered_size = 0;
}

void sm_gzip_stream_put(struct sm_gzip_stream *stream, struct sm_slice bytes)
{
    stream->size += bytes.size;
    if (bytes.size > INPUT_STEP - stream->gathered_size)
        pack_gathered(stream);
    if (bytes.size > INPUT_STEP) {
        pack_all(stream, bytes);
    } else if (bytes.size) {
        memcpy(stream->gathered + stream->gathered_size, bytes.ptr, bytes.size);
        stream->gathered_size += bytes.size;
    }
}

size_t sm_gzip_stream_size(const struct sm_gzip_stream *stream)
{
    return stream->size;
}

struct sm_bytes sm_gzip_stream_end(struct sm_gzip_stream *stream)
{
    pack_gathered(stream);
    stream->packer.end_of_stream = 1;
    stream->packer.next_in = NULL;
    stream->packer.avail_in = 0;
    pack(stream);
    struct sm_bytes packed = stream->packed;
    begin(stream);
    return packed;
}
