/* base64.h - bytes as text and back (RFC 4648, standard alphabet with padding). Any thread. */
#pragma once

#include "base/slice.h"

/* Size of the text for `size` bytes. */
static inline size_t sm_base64_encoded_size(size_t size)
{
    return (size + 2) / 3 * 4;
}
/* Writes exactly sm_base64_encoded_size bytes, no NUL. */
void sm_base64_encode(struct sm_slice bytes, char *text);

/* Most bytes that `text` can stand for. */
static inline size_t sm_base64_decoded_size_max(size_t text_size)
{
    return text_size / 4 * 3;
}
/* Writes the bytes and their number. Line ends are skipped, as Go does; everything else outside of the alphabet, missing padding and text behind it
 * are refused. */
bool sm_base64_decode(struct sm_slice text, char *bytes, size_t *size) __attribute__((warn_unused_result));
