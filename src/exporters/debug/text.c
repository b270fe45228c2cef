/* text.c - ids, numbers and values as both text forms show them. */
#include "exporters/debug/text.h"

#include <math.h>

#include "base/hex.h"
#include "wire/number.h"

void sm_debug_write_id(struct sm_bytes *out, struct sm_slice id)
{
    if (!sm_slice_is_zero(id))
        sm_hex_append(out, id);
}

void sm_debug_write_fixed(struct sm_bytes *out, double number)
{
    if (isfinite(number))
        sm_bytes_printf(out, "%f", number);
    else
        sm_debug_write_general(out, number);
}

void sm_debug_write_general(struct sm_bytes *out, double number)
{
    char *text = sm_bytes_reserve(out, SM_NUMBER_SIZE_MAX);
    out->size += sm_number_format(number, SM_NUMBER_GENERAL, text);
}

void sm_debug_write_value(struct sm_bytes *out, const struct sm_value *value, struct sm_arena *arena)
{
    sm_bytes_append_slice(out, sm_value_to_string(value, arena));
}
