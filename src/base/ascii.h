/* ascii.h - what kind of ASCII character a byte is, whatever the locale says. Bytes from 0x80 on are of no kind and have no case. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

static inline bool sm_ascii_is_digit(int c)
{
    return c >= '0' && c <= '9';
}

static inline bool sm_ascii_is_lower(int c)
{
    return c >= 'a' && c <= 'z';
}

static inline bool sm_ascii_is_upper(int c)
{
    return c >= 'A' && c <= 'Z';
}

static inline bool sm_ascii_is_letter(int c)
{
    return sm_ascii_is_lower(c) || sm_ascii_is_upper(c);
}

static inline bool sm_ascii_is_alnum(int c)
{
    return sm_ascii_is_letter(c) || sm_ascii_is_digit(c);
}

static inline char sm_ascii_lower(char c)
{
    return sm_ascii_is_upper(c) ? (char)(c + ('a' - 'A')) : c;
}

static inline char sm_ascii_upper(char c)
{
    return sm_ascii_is_lower(c) ? (char)(c - ('a' - 'A')) : c;
}

static inline void sm_ascii_lower_in_place(char *text, size_t size)
{
    for (size_t i = 0; i < size; i++)
        text[i] = sm_ascii_lower(text[i]);
}
