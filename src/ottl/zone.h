/* zone.h - time zones of the system's zone database, read once and kept as long as the process lives. Any thread. */
#pragma once

#include "ottl/value.h"

struct sm_ottl_zone;

/* "Europe/Berlin"; "" and "Local": the zone of the process (TZ, /etc/localtime). NULL: unknown. */
const struct sm_ottl_zone *sm_ottl_zone_find(const char *name);
/* Offset and abbreviation at `time->seconds`. NULL: UTC, here and below. */
void sm_ottl_zone_at(const struct sm_ottl_zone *zone, struct sm_ottl_time *time);
/* The offset that the zone has under this abbreviation, which some use for summer and winter: then the one whose clocks show `local_seconds`. */
bool sm_ottl_zone_offset_named(const struct sm_ottl_zone *zone, struct sm_slice name, int64_t local_seconds, int32_t *offset);
/* Abbreviation of a moment's zone; "" where it has none. */
const char *sm_ottl_zone_name(const struct sm_ottl_time *time);
/* The moment at which clocks of the zone show `local_seconds` (since 1970, as if it were UTC), with its offset and abbreviation. */
void sm_ottl_zone_apply(const struct sm_ottl_zone *zone, int64_t local_seconds, struct sm_ottl_time *time);
