/* uuid.c - see uuid.h. */
#include "base/uuid.h"

#include <stddef.h>
#include <string.h>
#include <sys/random.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/hex.h"

void sm_uuid_make(enum sm_uuid_version version, char text[SM_UUID_SIZE])
{
    static const size_t part_sizes[] = {4, 2, 2, 2, 6};
    unsigned char bytes[16];
    if (getrandom(bytes, sizeof(bytes), GRND_NONBLOCK) != (ssize_t)sizeof(bytes)) {
        const uint64_t words[] = {sm_hash_with(sm_clock_mono_ns(), SM_SLICE("uuid")), sm_hash_secret() ^ sm_clock_wall_ns()};
        memcpy(bytes, words, sizeof(bytes));
    }
    if (version == SM_UUID_TIME) {
        uint64_t now_ms = sm_clock_wall_ns() / 1000000;
        for (int i = 0; i < 6; i++)
            bytes[i] = (unsigned char)(now_ms >> (40 - 8 * i));
    }
    bytes[6] = (unsigned char)((bytes[6] & 0x0f) | version << 4);
    bytes[8] = (unsigned char)((bytes[8] & 0x3f) | 0x80);
    struct sm_slice rest = sm_slice_make((const char *)bytes, sizeof(bytes));
    for (size_t i = 0; i < sizeof(part_sizes) / sizeof(part_sizes[0]); i++) {
        if (i > 0)
            *text++ = '-';
        text = sm_hex_write(text, sm_slice_make(rest.ptr, part_sizes[i]));
        rest = sm_slice_make(rest.ptr + part_sizes[i], rest.size - part_sizes[i]);
    }
    *text = '\0';
}
