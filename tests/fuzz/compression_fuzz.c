/* compression_fuzz.c - the first byte chooses the compression, the rest is a packed body. What comes out is within the limit, and packs and unpacks.
 */
#include <stdlib.h>

#include "wire/compression.h"

enum { LIMIT = 1 << 20, COMPRESSIONS = SM_COMPRESSION_LZ4 + 1 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sm_buffer *unpacked = NULL, *again = NULL;
    if (size == 0)
        return 0;
    enum sm_compression compression = (enum sm_compression)(data[0] % COMPRESSIONS);
    if (sm_decompress(compression, sm_slice_make(data + 1, size - 1), LIMIT, &unpacked) != SM_DECOMPRESS_OK)
        return 0;
    struct sm_bytes packed = {0};
    if (unpacked->size > LIMIT || !sm_compress(compression, 0, sm_buffer_slice(unpacked), &packed, NULL) ||
        sm_decompress(compression, sm_bytes_slice(&packed), LIMIT, &again) != SM_DECOMPRESS_OK ||
        !sm_slice_equal(sm_buffer_slice(unpacked), sm_buffer_slice(again)))
        abort();
    sm_bytes_deinit(&packed);
    sm_buffer_release(again);
    sm_buffer_release(unpacked);
    return 0;
}
