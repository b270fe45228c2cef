/* span_ids.h - the spans of one request by their IDs: which of several with one ID counts, and whose child a span is. Worker-local.
 *
 * IDs are looked up alone, without their trace's, as in the reference (pkg/trace/traceutil/otel_util.go, IndexOTelSpans). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sm_span_id_entry {
    uint64_t id;      /* not 0 */
    uint64_t service; /* a hash of its name */
    uint32_t ordinal; /* of the span that was put */
    uint32_t _round;
};

/* All zero is empty. */
struct sm_span_ids {
    struct sm_span_id_entry *_entries; /* owned */
    size_t _mask;                      /* capacity - 1 */
    uint32_t _round;                   /* entries of other rounds are empty */
};

void sm_span_ids_deinit(struct sm_span_ids *ids);
/* Forgets everything and makes room for that many spans. */
void sm_span_ids_begin(struct sm_span_ids *ids, size_t span_count);
/* At most as many as were announced. False: the ID is there already, and stays what it was. */
bool sm_span_ids_put(struct sm_span_ids *ids, uint64_t id, uint32_t ordinal, uint64_t service);
/* Looks ahead: the ID will be put or looked for soon. */
void sm_span_ids_prefetch(const struct sm_span_ids *ids, uint64_t id);
/* NULL: there is none. */
const struct sm_span_id_entry *sm_span_ids_find(const struct sm_span_ids *ids, uint64_t id);
