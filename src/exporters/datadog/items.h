/* items.h - what is posted in lists: series, sketches, log records. Encoded one behind the other, then packed into bodies that keep Datadog's limits.
 *
 * Worker-local. */
#pragma once

#include "base/bytes.h"
#include "exporters/datadog/intake.h"

struct sm_logger;

/* All zero is an empty list. */
struct sm_datadog_items {
    struct sm_bytes text; /* owned */
    size_t *_ends;        /* owned: where each item ends */
    size_t count, _capacity;
};
void sm_datadog_items_deinit(struct sm_datadog_items *items);
/* Ends the item that was appended to `text`. */
void sm_datadog_items_end(struct sm_datadog_items *items);

struct sm_datadog_packing {
    struct sm_slice head, tail; /* constant: around the items of a body */
    bool has_separator;         /* each item begins with one byte that is left out of the first of a body */
    bool is_gzipped;
    int level;                   /* of gzip */
    size_t text_max, packed_max; /* bytes of a body before and after packing */
    size_t items_max;            /* 0: any number */
};
/* Posts all items and empties the list; returns how many posts that takes. A body that is too large becomes two; a single item goes in any case, for
 * Datadog to refuse. */
size_t sm_datadog_items_post(struct sm_datadog_items *items, const struct sm_datadog_packing *packing, struct sm_datadog_lane *lane,
                             sm_datadog_posted *posted, void *context);
