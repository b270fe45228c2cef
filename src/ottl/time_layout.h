/* time_layout.h - layouts of times as Go has them: a text that shows how the moment "Mon Jan 2 15:04:05 MST 2006" would be written.
 *
 * The reference turns every format into such a layout, so that what a format accepts is what Go's layouts accept: one or two digits, any number of
 * blanks for one, a fraction of a second that the layout does not name, names of months that stand in the format as plain text.
 * Pure functions of their arguments, but for the current year of times without one. Any thread.
 * Source: documentation of Go's package time ("Layout"), and its behaviour. */
#pragma once

#include "base/bytes.h"
#include "ottl/zone.h"

/* Where a value did not fit. */
struct sm_time_layout_failure {
    struct sm_slice element; /* of the layout; empty: the value as a whole, such as a 30 February */
    struct sm_slice rest;    /* of the value: where the element was looked for; behind it when a number was out of range */
    bool has_unknown_zone;   /* the value names a zone that the zone database does not have */
};

/* What `value` says in `layout`, in `zone` (NULL: UTC) unless it names another; `arena` gets names of zones. Times without a year are of this year,
 * or of the last one when that would lie more than a week ahead. `time` is written on success, `failure` otherwise. */
bool sm_time_layout_read(struct sm_slice layout, struct sm_slice value, const struct sm_ottl_zone *zone, struct sm_arena *arena,
                         struct sm_ottl_time *time, struct sm_time_layout_failure *failure) __attribute__((warn_unused_result));
/* The same as Go's time.Parse reads it, with no year but the value's: in `zone` unless the value has an offset or names a zone, which is looked for
 * in `local`. False: it does not fit. */
bool sm_time_layout_read_plain(struct sm_slice layout, struct sm_slice value, const struct sm_ottl_zone *zone, const struct sm_ottl_zone *local,
                               struct sm_arena *arena, struct sm_ottl_time *time, bool *in_zone) __attribute__((warn_unused_result));
/* False: the time is out of the range of the calendar. */
bool sm_time_layout_write(struct sm_bytes *out, struct sm_slice layout, const struct sm_ottl_time *time) __attribute__((warn_unused_result));
