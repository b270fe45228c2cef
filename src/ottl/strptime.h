/* strptime.h - formats of times with directives such as "%Y-%m-%d", read and written through the layouts that they stand for (time_layout.h).
 *
 * Reading tries, as the reference does: numbers need no leading zero, blanks before a number are skipped, "%z" takes all its forms, a year of "%D"
 * may have two digits. Source: opentelemetry-collector-contrib internal/coreinternal/timeutils. */
#pragma once

#include "base/bytes.h"
#include "ottl/time_names.h"
#include "ottl/zone.h"

/* A format made ready to read times. Immutable. */
struct sm_strptime {
    struct sm_slice format;            /* borrowed: arena */
    struct sm_slice layout;            /* borrowed: arena: what is tried first */
    const struct sm_ottl_zone *zone;   /* of values that name none; NULL: UTC */
    const struct sm_time_names *names; /* of months, days and halves of days; NULL: English ones only */
};

/* NULL when the format is one, else what is wrong with it, in `arena`. */
const char *sm_strptime_check(struct sm_slice format, struct sm_arena *arena);
/* The layout in which times are written. */
struct sm_slice sm_strptime_layout(struct sm_slice format, struct sm_arena *arena);
/* The layout in which times are most likely read. */
struct sm_slice sm_strptime_first_layout(struct sm_slice format, struct sm_arena *arena);
/* False: the value is no such time; `unknown_zone` when that is because of the zone it names. `arena` is for the work and for names of zones. */
bool sm_strptime_read(const struct sm_strptime *format, struct sm_slice value, struct sm_arena *arena, struct sm_ottl_time *time, bool *unknown_zone)
    __attribute__((warn_unused_result));
