/* crc32.c - see crc32.h. zlib's. */
#include "wire/crc32.h"

#include <zlib.h>

uint32_t sm_crc32(uint32_t crc, struct sm_slice bytes)
{
    return (uint32_t)crc32_z(crc, (const unsigned char *)bytes.ptr, bytes.size);
}
