/* percent.c - see percent.h. */
#include "net/percent.h"

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool sm_percent_take(struct sm_slice *text, char *byte)
{
    if (text->size == 0)
        return false;
    bool is_escape = *text->ptr == '%' && text->size >= 3 && hex_digit(text->ptr[1]) >= 0 && hex_digit(text->ptr[2]) >= 0;
    *byte = is_escape ? (char)(hex_digit(text->ptr[1]) * 16 + hex_digit(text->ptr[2])) : *text->ptr;
    size_t size = is_escape ? 3 : 1;
    *text = sm_slice_make(text->ptr + size, text->size - size);
    return true;
}
