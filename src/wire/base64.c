/* base64.c - see base64.h. */
#include "wire/base64.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void sm_base64_encode(struct sm_slice bytes, char *text)
{
    const uint8_t *from = (const uint8_t *)bytes.ptr;
    size_t left = bytes.size;
    for (; left >= 3; left -= 3, from += 3) {
        uint32_t group = (uint32_t)from[0] << 16 | (uint32_t)from[1] << 8 | from[2];
        *text++ = alphabet[group >> 18];
        *text++ = alphabet[group >> 12 & 63];
        *text++ = alphabet[group >> 6 & 63];
        *text++ = alphabet[group & 63];
    }
    if (left == 0)
        return;
    uint32_t group = (uint32_t)from[0] << 16 | (left == 2 ? (uint32_t)from[1] << 8 : 0);
    *text++ = alphabet[group >> 18];
    *text++ = alphabet[group >> 12 & 63];
    *text++ = left == 2 ? alphabet[group >> 6 & 63] : '=';
    *text = '=';
}

/* 0..63, or -1 for what is not in the alphabet. */
static int digit(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

bool sm_base64_decode(struct sm_slice text, char *bytes, size_t *size)
{
    uint32_t group = 0;
    unsigned count = 0, padding = 0;
    char *to = bytes;
    for (size_t i = 0; i < text.size; i++) {
        char c = text.ptr[i];
        if (c == '\r' || c == '\n')
            continue;
        bool ended = padding > 0 && count == 0;
        int value = digit(c);
        if (ended || (value < 0 && c != '=') || (value >= 0 && padding > 0) || (c == '=' && count < 2))
            return false;
        padding += c == '=';
        group = group << 6 | (uint32_t)(value < 0 ? 0 : value);
        if (++count < 4)
            continue;
        *to++ = (char)(uint8_t)(group >> 16);
        if (padding < 2)
            *to++ = (char)(uint8_t)(group >> 8);
        if (padding < 1)
            *to++ = (char)(uint8_t)group;
        count = 0;
        group = 0;
    }
    *size = (size_t)(to - bytes);
    return count == 0;
}
