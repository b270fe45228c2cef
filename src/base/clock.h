/* clock.h - what time it is. Any thread. */
#pragma once

#include <stdint.h>

#define SM_NS_PER_S UINT64_C(1000000000)
#define SM_NS_PER_MS UINT64_C(1000000)

/* Nanoseconds since 1970 (may jump). For timestamps in telemetry. */
uint64_t sm_clock_wall_ns(void);
/* Nanoseconds since some moment (never goes back). For intervals and time limits. */
uint64_t sm_clock_mono_ns(void);
