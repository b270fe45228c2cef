/* exact_math.c - see exact_math.h. The exponential is N. Shibata's ("Efficient evaluation methods of elementary functions suitable for SIMD
 * computation", 2010): a series for a sixteenth of the reduced argument, then four doublings. The logarithm is FreeBSD's (e_log.c). */
#include "base/exact_math.h"

#include <float.h>
#include <math.h>
#include <stddef.h>

double sm_exact_exp(double x)
{
    static const double coefficients[] = {1.0 / 5040, 1.0 / 720, 1.0 / 120, 1.0 / 24, 1.0 / 6, 0.5, 1};
    static const double log2_e = 1.4426950408889634, ln2_high = 0.69314718055966295651160180568695068359375,
                        ln2_low = 0.28235290563031577122588448175013436025525412068e-12;
    static const double highest = 709.782712893384, lowest = -708; /* below it results are no longer normal */
    if (!(x > lowest && x <= highest))
        return exp(x);
    double exponent = nearbyint(x * log2_e);
    double rest = fma(-exponent, ln2_low, fma(-exponent, ln2_high, x)) * 0.0625, sum = 1.0 / 40320;
    for (size_t i = 0; i < sizeof(coefficients) / sizeof(coefficients[0]); i++)
        sum = fma(rest, sum, coefficients[i]);
    /* exp(2y) - 1 = z (z + 2) with z = exp(y) - 1 */
    double less_one = rest * sum;
    for (int i = 0; i < 3; i++)
        less_one *= less_one + 2;
    return ldexp(fma(less_one + 2, less_one, 1), (int)exponent);
}

double sm_exact_log(double x)
{
    static const double ln2_high = 6.93147180369123816490e-01, ln2_low = 1.90821492927058770002e-10;
    static const double odd[] = {1.479819860511658591e-01, 1.818357216161805012e-01, 2.857142874366239149e-01, 6.666666666666735130e-01};
    static const double even[] = {1.531383769920937332e-01, 2.222219843214978396e-01, 3.999999999940941908e-01};
    if (!(x >= DBL_MIN && x <= DBL_MAX))
        return log(x);
    int exponent;
    double fraction = frexp(x, &exponent);
    if (fraction < M_SQRT1_2) {
        fraction *= 2;
        exponent--;
    }
    double f = fraction - 1, k = exponent, s = f / (2 + f), s2 = s * s, s4 = s2 * s2;
    double t1 = odd[0], t2 = even[0];
    for (size_t i = 1; i < sizeof(odd) / sizeof(odd[0]); i++)
        t1 = t1 * s4 + odd[i];
    for (size_t i = 1; i < sizeof(even) / sizeof(even[0]); i++)
        t2 = t2 * s4 + even[i];
    double remainder = s2 * t1 + s4 * t2, half_square = 0.5 * f * f;
    return k * ln2_high - ((half_square - (s * (half_square + remainder) + k * ln2_low)) - f);
}

double sm_exact_power_of_two(double y)
{
    double whole, fraction = modf(y, &whole);
    if (fraction == 0 || y == 0.5)
        return pow(2, y);
    if (fraction > 0.5) {
        fraction--;
        whole++;
    }
    return ldexp(sm_exact_exp(fraction * sm_exact_log(2)), (int)whole);
}
