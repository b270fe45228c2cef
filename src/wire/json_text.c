/* json_text.c - see json_text.h. */
#include "wire/json_text.h"

#ifdef __SSE2__
#include <emmintrin.h>
#else
#include <endian.h>
#endif

#include "wire/number.h"

static const char hex[] = "0123456789abcdef";

static inline bool is_plain(uint8_t c)
{
    return c >= 0x20 && c != '"' && c != '\\';
}

/* The look for a string's end by blocks: bit i * BITS_A_BYTE of find_special() tells of byte i, the lowest of them truly; 0: no byte is special. */
#ifdef __SSE2__
enum { BLOCK_SIZE = sizeof(__m128i), BITS_A_BYTE = 1 };

static inline uint64_t find_special(const char *at)
{
    __m128i block = _mm_loadu_si128((const __m128i *)at), controls = _mm_cmpeq_epi8(_mm_min_epu8(block, _mm_set1_epi8(0x1f)), block);
    __m128i ends = _mm_or_si128(_mm_cmpeq_epi8(block, _mm_set1_epi8('"')), _mm_cmpeq_epi8(block, _mm_set1_epi8('\\')));
    return (unsigned)_mm_movemask_epi8(_mm_or_si128(controls, ends));
}
#else
enum { BLOCK_SIZE = sizeof(uint64_t), BITS_A_BYTE = 8 };

/* Bit tricks after "Bit Twiddling Hacks" (zero byte, byte less than n), whose false alarms come only behind a true one. */
static inline uint64_t find_special(const char *at)
{
    const uint64_t ones = UINT64_C(0x0101010101010101), highs = ones << 7;
    uint64_t word;
    memcpy(&word, at, sizeof(word));
    word = le64toh(word);
    uint64_t quotes = word ^ (ones * '"'), backslashes = word ^ (ones * '\\');
    uint64_t found = (word - ones * 0x20) & ~word;
    found |= (quotes - ones) & ~quotes;
    found |= (backslashes - ones) & ~backslashes;
    return found & highs;
}
#endif

const char *sm_json_skip_plain(const char *at, const char *end)
{
    for (; end - at >= BLOCK_SIZE; at += BLOCK_SIZE) {
        uint64_t found = find_special(at);
        if (found)
            return at + __builtin_ctzll(found) / BITS_A_BYTE;
    }
    while (at < end && is_plain((uint8_t)*at))
        at++;
    return at;
}

static void put_escape(struct sm_bytes *out, uint8_t c, bool is_strict)
{
    char *to = sm_bytes_reserve(out, 6);
    char letter = 0;
    if (c == '"' || c == '\\')
        letter = (char)c;
    else if (c == '\n')
        letter = 'n';
    else if (c == '\r')
        letter = 'r';
    else if (c == '\t')
        letter = 't';
    else if (is_strict && c == '\b')
        letter = 'b';
    else if (is_strict && c == '\f')
        letter = 'f';
    to[0] = '\\';
    if (letter) {
        to[1] = letter;
        out->size += 2;
        return;
    }
    memcpy(to + 1, "u00", 3);
    to[4] = hex[c >> 4];
    to[5] = hex[c & 15];
    out->size += 6;
}

void sm_json_put_string(struct sm_bytes *out, struct sm_slice text)
{
    const char *at = text.ptr, *end = text.size ? at + text.size : at;
    sm_bytes_reserve(out, text.size + 2);
    out->ptr[out->size++] = '"';
    while (at < end) {
        const char *plain = sm_json_skip_plain(at, end);
        sm_bytes_append(out, at, (size_t)(plain - at));
        at = plain;
        if (at < end)
            put_escape(out, (uint8_t)*at++, false);
    }
    sm_bytes_append_char(out, '"');
}

/* Size of the UTF-8 sequence at `at`; 0: none (as Go decodes: no surrogates, no overlong forms, at most U+10FFFF). */
static size_t utf8_size(const char *at, const char *end)
{
    const uint8_t *bytes = (const uint8_t *)at;
    uint8_t first = bytes[0];
    size_t size = first < 0x80 ? 1 : first >= 0xc2 && first <= 0xdf ? 2 : (first & 0xf0) == 0xe0 ? 3 : first >= 0xf0 && first <= 0xf4 ? 4 : 0;
    if (size == 0 || size > (size_t)(end - at))
        return 0;
    for (size_t i = 1; i < size; i++)
        if ((bytes[i] & 0xc0) != 0x80)
            return 0;
    bool is_out_of_range = size > 2 && ((first == 0xe0 && bytes[1] < 0xa0) || (first == 0xed && bytes[1] > 0x9f) ||
                                        (first == 0xf0 && bytes[1] < 0x90) || (first == 0xf4 && bytes[1] > 0x8f));
    return is_out_of_range ? 0 : size;
}

void sm_json_put_string_strict(struct sm_bytes *out, struct sm_slice text)
{
    const char *at = text.ptr, *end = text.size ? at + text.size : at;
    sm_bytes_append_char(out, '"');
    while (at < end) {
        uint8_t c = (uint8_t)*at;
        if (!is_plain(c)) {
            put_escape(out, c, true);
            at++;
            continue;
        }
        size_t size = utf8_size(at, end);
        if (size == 0)
            sm_bytes_append_text(out, "\\ufffd");
        else if (size == 3 && (memcmp(at, "\xe2\x80\xa8", 3) == 0 || memcmp(at, "\xe2\x80\xa9", 3) == 0))
            sm_bytes_append_text(out, at[2] == (char)0xa8 ? "\\u2028" : "\\u2029");
        else
            sm_bytes_append(out, at, size);
        at += size ? size : 1;
    }
    sm_bytes_append_char(out, '"');
}

void sm_json_put_uint(struct sm_bytes *out, uint64_t number)
{
    out->size += sm_number_format_uint(number, sm_bytes_reserve(out, SM_NUMBER_INT_SIZE_MAX));
}

void sm_json_put_int(struct sm_bytes *out, int64_t number)
{
    out->size += sm_number_format_int(number, sm_bytes_reserve(out, SM_NUMBER_INT_SIZE_MAX));
}
