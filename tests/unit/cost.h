/* cost.h - for tests of work whose size a sender chooses: does it cost in proportion? Processor time of the calling thread, so that what else runs on
 * the machine, and a sanitizer, count on both sides alike. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

static inline uint64_t thread_cpu_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* Four times the size costs about four times as much, sixteen times when the work grows with its square: ten is between. */
static inline bool grows_in_proportion(void (*work)(size_t size), size_t size)
{
    uint64_t begin_ns = thread_cpu_ns();
    work(size / 4);
    uint64_t middle_ns = thread_cpu_ns();
    work(size);
    return thread_cpu_ns() - middle_ns < 10 * (middle_ns - begin_ns);
}
