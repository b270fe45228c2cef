/* msgpack.c - see msgpack.h. Numbers stand in network order behind a byte that tells their form. */
#include "wire/msgpack.h"

static void put_number(struct sm_bytes *out, unsigned form, uint64_t bits, unsigned size)
{
    char *at = sm_bytes_reserve(out, 1 + size);
    *at++ = (char)form;
    for (unsigned i = size; i-- > 0;)
        *at++ = (char)(uint8_t)(bits >> (8 * i));
    out->size += 1 + size;
}

/* One byte of form and size together when it fits, else 8 (where there is one), 16 or 32 bits of size. */
static void put_size(struct sm_bytes *out, size_t size, unsigned fix_form, size_t fix_max, unsigned form8, unsigned form16)
{
    if (size <= fix_max)
        sm_bytes_append_char(out, (char)(fix_form | size));
    else if (form8 && size <= UINT8_MAX)
        put_number(out, form8, size, 1);
    else if (size <= UINT16_MAX)
        put_number(out, form16, size, 2);
    else
        put_number(out, form16 + 1, size, 4);
}

void sm_msgpack_put_nil(struct sm_bytes *out)
{
    sm_bytes_append_char(out, (char)0xc0);
}

void sm_msgpack_put_bool(struct sm_bytes *out, bool value)
{
    sm_bytes_append_char(out, (char)(value ? 0xc3 : 0xc2));
}

void sm_msgpack_put_uint(struct sm_bytes *out, uint64_t value)
{
    if (value <= INT8_MAX)
        sm_bytes_append_char(out, (char)value);
    else if (value <= UINT8_MAX)
        put_number(out, 0xcc, value, 1);
    else if (value <= UINT16_MAX)
        put_number(out, 0xcd, value, 2);
    else if (value <= UINT32_MAX)
        put_number(out, 0xce, value, 4);
    else
        put_number(out, 0xcf, value, 8);
}

void sm_msgpack_put_int(struct sm_bytes *out, int64_t value)
{
    enum { FIX_MIN = -32 };
    uint64_t bits = (uint64_t)value;
    if (value >= FIX_MIN && value <= INT8_MAX)
        sm_bytes_append_char(out, (char)value);
    else if (value >= INT8_MIN && value <= INT8_MAX)
        put_number(out, 0xd0, bits, 1);
    else if (value >= INT16_MIN && value <= INT16_MAX)
        put_number(out, 0xd1, bits, 2);
    else if (value >= INT32_MIN && value <= INT32_MAX)
        put_number(out, 0xd2, bits, 4);
    else
        put_number(out, 0xd3, bits, 8);
}

void sm_msgpack_put_double(struct sm_bytes *out, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof(bits));
    put_number(out, 0xcb, bits, 8);
}

void sm_msgpack_put_text(struct sm_bytes *out, struct sm_slice text)
{
    put_size(out, text.size, 0xa0, 31, 0xd9, 0xda);
    sm_bytes_append_slice(out, text);
}

void sm_msgpack_put_bytes(struct sm_bytes *out, struct sm_slice bytes)
{
    if (bytes.size <= UINT8_MAX)
        put_number(out, 0xc4, bytes.size, 1);
    else
        put_size(out, bytes.size, 0, 0, 0, 0xc5);
    sm_bytes_append_slice(out, bytes);
}

void sm_msgpack_put_array(struct sm_bytes *out, uint32_t count)
{
    put_size(out, count, 0x90, 15, 0, 0xdc);
}

void sm_msgpack_put_map(struct sm_bytes *out, uint32_t count)
{
    put_size(out, count, 0x80, 15, 0, 0xde);
}
