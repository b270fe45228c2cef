/* lz4_block.c - see lz4_block.h. */
#include "wire/lz4_block.h"

#include <limits.h>

#include <lz4.h>

/* Against 1, on OTLP spans in blocks of 32 KiB: a tenth less time, 3 % less gain. */
enum { ACCELERATION = 2 };

size_t sm_lz4_block_pack(struct sm_slice plain, char *packed, size_t room)
{
    if (plain.size > LZ4_MAX_INPUT_SIZE)
        return 0;
    int size = LZ4_compress_fast(plain.ptr, packed, (int)plain.size, room < INT_MAX ? (int)room : INT_MAX, ACCELERATION);
    return size > 0 ? (size_t)size : 0;
}

bool sm_lz4_block_unpack(struct sm_slice packed, char *plain, size_t size)
{
    if (packed.size > INT_MAX || size > INT_MAX)
        return false;
    return LZ4_decompress_safe(packed.ptr, plain, (int)packed.size, (int)size) == (int)size;
}
