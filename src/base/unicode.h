/* unicode.h - what kind of character a rune is, by Unicode's categories as PCRE2 has them. Any thread; ASCII needs no look-up of the caller's. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum sm_unicode_category { SM_UNICODE_LETTER /* L */, SM_UNICODE_UPPER /* Lu */, SM_UNICODE_DIGIT /* Nd */, SM_UNICODE_CATEGORY_COUNT };

bool sm_unicode_is(enum sm_unicode_category category, uint32_t rune);
/* The upper case of a rune; itself when it has none of one rune. */
uint32_t sm_unicode_upper(uint32_t rune);
/* The lower case, in the same way. */
uint32_t sm_unicode_lower(uint32_t rune);
