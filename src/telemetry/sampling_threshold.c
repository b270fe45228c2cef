/* sampling_threshold.c - see sampling_threshold.h. Reproduces pkg/sampling (probability.go, threshold.go, randomness.go) to the bit. */
#include "telemetry/sampling_threshold.h"

#include <assert.h>
#include <math.h>

#include "base/hex.h"

enum { BITS_PER_DIGIT = 4, TRACE_ID_BYTES = 16, RANDOM_BYTES = 7 };

static int max_int(int a, int b)
{
    return a > b ? a : b;
}

bool sm_threshold_from_probability(double probability, int precision, uint64_t *threshold)
{
    if (!(probability >= SM_PROBABILITY_MIN && probability <= 1))
        return false;
    if (probability == 1) {
        *threshold = SM_THRESHOLD_ALWAYS;
        return true;
    }
    /* Each four binary places that the probability or its complement is below 1 are a leading f or 0 in the threshold. */
    int exponent, exponent_of_rest;
    frexp(probability, &exponent);
    frexp(1 - probability, &exponent_of_rest);
    int64_t digits = precision ? precision : SM_SAMPLING_DIGITS;
    digits += max_int(exponent / -BITS_PER_DIGIT, exponent_of_rest / -BITS_PER_DIGIT);
    uint64_t exact = SM_THRESHOLD_NEVER - (uint64_t)round(probability * (double)SM_THRESHOLD_NEVER);
    if (digits < 0) {
        *threshold = SM_THRESHOLD_ALWAYS; /* rounded to more than there is */
    } else if (digits >= SM_SAMPLING_DIGITS) {
        *threshold = exact;
    } else {
        unsigned shift = BITS_PER_DIGIT * (unsigned)(SM_SAMPLING_DIGITS - digits);
        *threshold = (exact + (UINT64_C(1) << (shift - 1))) >> shift << shift;
    }
    return true;
}

double sm_threshold_probability(uint64_t threshold)
{
    return (double)(SM_THRESHOLD_NEVER - threshold) / (double)SM_THRESHOLD_NEVER;
}

bool sm_threshold_parse(struct sm_slice text, uint64_t *threshold)
{
    if (text.size == 0 || text.size > SM_SAMPLING_DIGITS)
        return false;
    uint64_t number = 0;
    for (size_t i = 0; i < SM_SAMPLING_DIGITS; i++) {
        int digit = i < text.size ? sm_hex_value(text.ptr[i]) : 0;
        if (digit < 0)
            return false;
        number = number << BITS_PER_DIGIT | (unsigned)digit;
    }
    *threshold = number;
    return true;
}

bool sm_randomness_parse(struct sm_slice text, uint64_t *randomness)
{
    return text.size == SM_SAMPLING_DIGITS && sm_threshold_parse(text, randomness);
}

size_t sm_randomness_format(uint64_t randomness, char *text)
{
    for (int i = SM_SAMPLING_DIGITS; i-- > 0; randomness >>= BITS_PER_DIGIT)
        text[i] = "0123456789abcdef"[randomness & 0xf];
    return SM_SAMPLING_DIGITS;
}

size_t sm_threshold_format(uint64_t threshold, char *text)
{
    if (threshold >= SM_THRESHOLD_NEVER)
        return 0;
    size_t size = sm_randomness_format(threshold, text);
    while (size > 1 && text[size - 1] == '0')
        size--;
    return size;
}

uint64_t sm_randomness_of_trace_id(struct sm_slice trace_id)
{
    assert(trace_id.size == TRACE_ID_BYTES);
    uint64_t randomness = 0;
    for (size_t i = TRACE_ID_BYTES - RANDOM_BYTES; i < TRACE_ID_BYTES; i++)
        randomness = randomness << 8 | (uint8_t)trace_id.ptr[i];
    return randomness;
}
