/* value.h - what an OTTL expression evaluates to.
 *
 * Beside the types of attribute values there are those that only exist while a statement runs: times, durations, ids, and references to parts of the
 * telemetry (events, links, data points, …) that can be counted, compared with nil and assigned as a whole, but not stored in an attribute.
 * Nothing here is owned: values point into the batch, its arena, or (when `is_constant`) into the compiled statement. Worker-local. */
#pragma once

#include "telemetry/value.h"

enum sm_ottl_kind {
    SM_OTTL_NIL,
    SM_OTTL_BOOL,
    SM_OTTL_INT,
    SM_OTTL_DOUBLE,
    SM_OTTL_STRING,
    SM_OTTL_BYTES,
    SM_OTTL_MAP,
    SM_OTTL_LIST,
    SM_OTTL_TIME,
    SM_OTTL_DURATION,
    SM_OTTL_TRACE_ID,
    SM_OTTL_SPAN_ID,
    SM_OTTL_OBJECT, /* a part of the telemetry, see enum sm_ottl_object */
    SM_OTTL_KIND_COUNT,
};

enum sm_ottl_object {
    SM_OTTL_SPAN_EVENTS,
    SM_OTTL_SPAN_LINKS,
    SM_OTTL_SPAN_STATUS,
    SM_OTTL_DATA_POINTS,
    SM_OTTL_EXEMPLARS,
    SM_OTTL_BUCKETS,   /* of an exponential histogram */
    SM_OTTL_QUANTILES, /* of a summary */
    SM_OTTL_UINTS,     /* bucket counts */
    SM_OTTL_DOUBLES,   /* explicit bounds */
};

/* A moment, with the zone it was written in: what hours and days are asked of. */
struct sm_ottl_time {
    int64_t seconds; /* since 1970 UTC */
    int32_t nanos;   /* 0 … 999999999 */
    int32_t zone_offset_s;
    const char *zone_name; /* abbreviation; NULL: UTC when the offset is 0, else none. In the arena, or lives for ever. */
    const char *location;  /* "Europe/Berlin", "Local"; NULL: no more than the offset and the abbreviation. Lives for ever. */
};

struct sm_ottl_value {
    enum sm_ottl_kind kind;
    enum sm_ottl_object object_kind; /* OBJECT */
    bool is_constant;                /* what it points to belongs to the statement, not to the batch: copied when stored */
    /* The reference tells lists and maps of the telemetry from others: */
    bool is_written;  /* a LIST that a list literal or Sort made; a MAP that URL or UserAgent made */
    bool is_typed;    /* a LIST of texts that Split made */
    bool is_unsigned; /* an INT whose bits are those of a uint64: numbers of Alloy, in formats only */
    bool has_parts;   /* a written LIST with maps, lists of the telemetry, moments or ids in it */
    union {
        size_t count;                      /* OBJECT: elements, where it has some */
        const struct sm_ottl_value *parts; /* LIST: one for each element, as it was; NULL where all are plain */
    };
    union {
        bool boolean;
        int64_t integer; /* INT; DURATION: ns */
        double number;
        struct sm_slice text; /* STRING, BYTES, TRACE_ID, SPAN_ID */
        struct sm_map *map;
        struct sm_list *list;
        struct sm_ottl_time time;
        void *object;
    };
};

enum sm_ottl_compare { SM_OTTL_EQ, SM_OTTL_NE, SM_OTTL_LT, SM_OTTL_LE, SM_OTTL_GE, SM_OTTL_GT };

static inline struct sm_ottl_value sm_ottl_nil(void)
{
    return (struct sm_ottl_value){.kind = SM_OTTL_NIL};
}
static inline struct sm_ottl_value sm_ottl_bool(bool boolean)
{
    return (struct sm_ottl_value){.kind = SM_OTTL_BOOL, .boolean = boolean};
}
static inline struct sm_ottl_value sm_ottl_int(int64_t integer)
{
    return (struct sm_ottl_value){.kind = SM_OTTL_INT, .integer = integer};
}
static inline struct sm_ottl_value sm_ottl_double(double number)
{
    return (struct sm_ottl_value){.kind = SM_OTTL_DOUBLE, .number = number};
}
static inline struct sm_ottl_value sm_ottl_string(struct sm_slice text)
{
    return (struct sm_ottl_value){.kind = SM_OTTL_STRING, .text = text};
}
static inline struct sm_ottl_value sm_ottl_bytes(struct sm_slice bytes)
{
    return (struct sm_ottl_value){.kind = SM_OTTL_BYTES, .text = bytes};
}
static inline struct sm_ottl_value sm_ottl_map(struct sm_map *map)
{
    return (struct sm_ottl_value){.kind = SM_OTTL_MAP, .map = map};
}
static inline struct sm_ottl_value sm_ottl_list(struct sm_list *list)
{
    return (struct sm_ottl_value){.kind = SM_OTTL_LIST, .list = list};
}
static inline struct sm_ottl_value sm_ottl_duration(int64_t ns)
{
    return (struct sm_ottl_value){.kind = SM_OTTL_DURATION, .integer = ns};
}
static inline struct sm_ottl_value sm_ottl_time(struct sm_ottl_time time)
{
    return (struct sm_ottl_value){.kind = SM_OTTL_TIME, .time = time};
}
static inline struct sm_ottl_value sm_ottl_object(enum sm_ottl_object kind, void *object, size_t count)
{
    return (struct sm_ottl_value){.kind = SM_OTTL_OBJECT, .object_kind = kind, .object = object, .count = count};
}

/* "string", "int64", …: for messages, in the reference's words. */
const char *sm_ottl_kind_name(const struct sm_ottl_value *value);

/* An attribute value as an expression's value; lists and maps are decoded in place, one level. EMPTY gives nil. */
struct sm_ottl_value sm_ottl_from_attribute(struct sm_value *value, struct sm_arena *arena);
/* Turns `value` into something an attribute can hold, sharing nothing that may be changed or freed later. False: that type cannot be stored. */
bool sm_ottl_to_attribute(const struct sm_ottl_value *value, struct sm_arena *arena, struct sm_value *out);
/* A copy of an attribute value whose lists and maps can be changed independently; texts are shared unless `copy_texts`. */
struct sm_value sm_ottl_copy_attribute(const struct sm_value *value, struct sm_arena *arena, bool copy_texts);
struct sm_map sm_ottl_copy_map(const struct sm_map *map, struct sm_arena *arena, bool copy_texts);
struct sm_list sm_ottl_copy_list(const struct sm_list *list, struct sm_arena *arena, bool copy_texts);

/* Comparison across types as in the reference's compare.go: numbers mix, other types only equal their own. `scratch` is for decoding. */
bool sm_ottl_compare(const struct sm_ottl_value *a, enum sm_ottl_compare operator, const struct sm_ottl_value * b, struct sm_arena *scratch);

/* Nanoseconds since 1970 as a moment in UTC, and back (wrapping around outside of the years 1678 to 2262, as in Go). */
struct sm_ottl_time sm_ottl_time_from_ns(int64_t ns);
int64_t sm_ottl_time_to_ns(struct sm_ottl_time time);

/* ---- text forms */
struct sm_bytes;
/* JSON with sorted keys and escaped HTML, as the reference's encoder writes maps and lists. */
void sm_ottl_append_json(struct sm_bytes *out, struct sm_value *value, struct sm_arena *scratch);
void sm_ottl_append_rfc3339(struct sm_bytes *out, struct sm_ottl_time time);
/* Whether JSON can say it: no infinite numbers, no years of five digits, no zones a day away. */
bool sm_ottl_has_json(const struct sm_ottl_value *value, struct sm_arena *scratch);
/* The text that the "string like" arguments see. False: nil. */
bool sm_ottl_text(const struct sm_ottl_value *value, struct sm_arena *arena, struct sm_slice *text);
/* Go's fmt.Sprintf over values of Go's own types (ints are "int", maps "map[…]"); in `arena`. */
struct sm_slice sm_ottl_sprintf(struct sm_slice format, const struct sm_ottl_value *values, size_t count, struct sm_arena *arena);
