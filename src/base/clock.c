/* clock.c - see clock.h. */
#include "base/clock.h"

#include <time.h>

static uint64_t read_clock(clockid_t id)
{
    struct timespec now = {0};
    clock_gettime(id, &now);
    return (uint64_t)now.tv_sec * SM_NS_PER_S + (uint64_t)now.tv_nsec;
}

uint64_t sm_clock_wall_ns(void)
{
    return read_clock(CLOCK_REALTIME);
}

uint64_t sm_clock_mono_ns(void)
{
    return read_clock(CLOCK_MONOTONIC);
}
