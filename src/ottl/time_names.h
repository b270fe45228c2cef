/* time_names.h - the names that months, days and halves of days have in a language, from ICU.
 *
 * ICU is loaded when a statement first names a language: few do, and it brings the C++ runtime and a mapping of 30 MiB with it.
 * Source: behaviour of the library lunes, which the reference uses; both have their names from Unicode's CLDR, of different releases. */
#pragma once

#include <stdbool.h>

#include "base/arena.h"

/* Names as they stand in texts: format context. Immutable. */
struct sm_time_names {
    struct sm_slice months[12], short_months[12], days[7], short_days[7]; /* borrowed: arena; days from Sunday */
    struct sm_slice halves[4];                                            /* of a day: in the usual and in the shortest form; some may be empty */
};

/* `language`: a BCP 47 tag that CLDR has, such as "de" or "pt-PT". False: there is no such language, or `reason` says why ICU cannot be had. Main
 * thread. */
bool sm_time_names_find(struct sm_slice language, struct sm_arena *arena, const struct sm_time_names **names, const char **reason)
    __attribute__((warn_unused_result));
/* Puts the English names that a layout (time_layout.h) asks for in the place of the language's. Walks over layout and value side by side, as the
 * reference does: what is not a name takes one character for each of the layout, so that numbers before a name are best of the layout's width.
 * False: a name is not one of the language's; `element` is the layout's. */
bool sm_time_names_translate(const struct sm_time_names *names, struct sm_slice layout, struct sm_slice *value, struct sm_arena *arena,
                             struct sm_slice *element) __attribute__((warn_unused_result));
