/* zone.h - time zones of the system's zone database, read once and kept as long as the process lives. Any thread. */
#pragma once

#include "ottl/value.h"

struct sm_ottl_zone;

/* "Europe/Berlin"; "" and "Local": the zone of the process (TZ, /etc/localtime). NULL: unknown. */
const struct sm_ottl_zone *sm_ottl_zone_find(const char *name);
/* The moment at which clocks of the zone show `local_seconds` (since 1970, as if it were UTC), with its offset and abbreviation. */
void sm_ottl_zone_apply(const struct sm_ottl_zone *zone, int64_t local_seconds, struct sm_ottl_time *time);
