/* exact_math.h - exponential and logarithm with the last digit of Go's on amd64 processors with FMA.
 *
 * The C library's are as good, but shares of buckets that add up to a whole number in the one add up to a little less in the other, and then a value
 * is counted one bin further on. Any thread. */
#pragma once

double sm_exact_exp(double x);
/* Of normal positive numbers; others as the C library has them. */
double sm_exact_log(double x);
/* 2^y for y from above 0. */
double sm_exact_power_of_two(double y);
