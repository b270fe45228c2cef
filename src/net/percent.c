/* percent.c - see percent.h. */
#include "net/percent.h"

#include "base/hex.h"

bool sm_percent_take(struct sm_slice *text, char *byte)
{
    if (text->size == 0)
        return false;
    bool is_escape = *text->ptr == '%' && text->size >= 3 && sm_hex_value(text->ptr[1]) >= 0 && sm_hex_value(text->ptr[2]) >= 0;
    *byte = is_escape ? (char)(sm_hex_value(text->ptr[1]) * 16 + sm_hex_value(text->ptr[2])) : *text->ptr;
    size_t size = is_escape ? 3 : 1;
    *text = sm_slice_make(text->ptr + size, text->size - size);
    return true;
}
