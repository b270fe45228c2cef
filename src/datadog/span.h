/* span.h - spans as Datadog has them, their traces and the payloads that carry them; whoever made them (OTLP, a tracer's msgpack).
 *
 * Everything points into the arena of whoever made it, or into what lives at least as long. Nothing here is owned. One thread at a time.
 * Source: datadog-agent pkg/proto/datadog/trace/{span,tracer_payload,agent_payload}.proto, 0.59.0. */
#pragma once

#include "base/arena.h"
#include "base/slice.h"

/* ---- maps: text to text, to a number, or to bytes. Setting a key that is there replaces its value; the order is that of first setting. */
struct sm_datadog_entry {
    struct sm_slice key;
    union {
        struct sm_slice text;
        double number;
    };
};

/* All zero is empty. */
struct sm_datadog_map {
    struct sm_datadog_entry *entries; /* borrowed: arena */
    uint32_t *_marks;                 /* borrowed: arena; a few bits of every key: most comparisons end there */
    uint32_t *_slots;                 /* borrowed: arena; maps with many entries: positions + 1 by hash */
    uint32_t count, _capacity, _slot_count;
    uint64_t _seen[4]; /* bit n: there was a key with n as the upper bits of its mark; without it there is no need to look */
};

static inline uint32_t sm_datadog_mark(struct sm_slice key)
{
    uint32_t first = 0, last = 0;
    if (key.size >= 4) {
        memcpy(&first, key.ptr, 4);
        memcpy(&last, key.ptr + key.size - 4, 4);
    } else {
        for (size_t i = 0; i < key.size; i++)
            first = first << 8 | (uint8_t)key.ptr[i];
    }
    return (first * UINT32_C(0x9e3779b1)) ^ (last * UINT32_C(0x85ebca6b)) ^ ((uint32_t)key.size * UINT32_C(0xc2b2ae35));
}

static inline bool sm_datadog_map_may_have(const struct sm_datadog_map *map, uint32_t mark)
{
    return (map->_seen[mark >> 30] >> (mark >> 24 & 63) & 1) != 0;
}

/* For the inline functions below, which compute the mark of a constant key when compiled. */
struct sm_datadog_entry *sm_datadog_map_find_marked(const struct sm_datadog_map *map, struct sm_slice key, uint32_t mark);
struct sm_datadog_entry *sm_datadog_map_put_marked(struct sm_datadog_map *map, struct sm_arena *arena, struct sm_slice key, uint32_t mark)
    __attribute__((returns_nonnull));

/* NULL: absent. Valid until the next put or removal. */
static inline struct sm_datadog_entry *sm_datadog_map_find(const struct sm_datadog_map *map, struct sm_slice key)
{
    uint32_t mark = sm_datadog_mark(key);
    return sm_datadog_map_may_have(map, mark) ? sm_datadog_map_find_marked(map, key, mark) : NULL;
}
/* The entry of `key`, made with the number 0 or an empty text if it is new. */
static inline struct sm_datadog_entry *sm_datadog_map_put(struct sm_datadog_map *map, struct sm_arena *arena, struct sm_slice key)
{
    return sm_datadog_map_put_marked(map, arena, key, sm_datadog_mark(key));
}
static inline void sm_datadog_map_set_text(struct sm_datadog_map *map, struct sm_arena *arena, struct sm_slice key, struct sm_slice text)
{
    sm_datadog_map_put(map, arena, key)->text = text;
}
static inline void sm_datadog_map_set_number(struct sm_datadog_map *map, struct sm_arena *arena, struct sm_slice key, double number)
{
    sm_datadog_map_put(map, arena, key)->number = number;
}
/* Empty: absent, or empty. */
static inline struct sm_slice sm_datadog_map_text(const struct sm_datadog_map *map, struct sm_slice key)
{
    const struct sm_datadog_entry *entry = sm_datadog_map_find(map, key);
    return entry ? entry->text : (struct sm_slice){0};
}
static inline double sm_datadog_map_number(const struct sm_datadog_map *map, struct sm_slice key, double absent)
{
    const struct sm_datadog_entry *entry = sm_datadog_map_find(map, key);
    return entry ? entry->number : absent;
}
/* The last entry takes its place. */
void sm_datadog_map_remove(struct sm_datadog_map *map, struct sm_slice key);
/* A map of its own with the same entries (the texts are shared) and room for `more`. */
struct sm_datadog_map sm_datadog_map_copy(const struct sm_datadog_map *map, struct sm_arena *arena, uint32_t more);

/* Meta that spans have in common, encoded once as fields of a span. */
struct sm_datadog_shared {
    const struct sm_datadog_entry *entries; /* borrowed: what it was made of */
    uint32_t count;                         /* 0: none */
    size_t text_bytes;                      /* of all keys and values */
    struct sm_slice encoded;
};

/* ---- spans */
struct sm_datadog_link {
    uint64_t trace_id, trace_id_high, span_id;
    struct sm_datadog_map attributes;
    struct sm_slice trace_state;
    uint32_t flags;
};

struct sm_datadog_span {
    struct sm_slice service, name, resource, type;
    uint64_t trace_id, span_id, parent_id;
    int64_t start_ns, duration_ns;
    int32_t error;
    struct sm_datadog_map meta, metrics, meta_struct; /* texts, numbers, bytes */
    struct sm_datadog_link *links;
    size_t link_count;
    struct sm_slice _normal_service, _normal_name; /* as long as the fields are these, they need not be normalised */
    const struct sm_datadog_shared *_shared;       /* what `meta` began with; NULL: nothing is known of it */
    size_t _encoded_size;                          /* of agent_payload.c */
};

enum { SM_DATADOG_PRIORITY_NONE = -128, SM_DATADOG_PRIORITY_AUTO_KEEP = 1, SM_DATADOG_PRIORITY_USER_KEEP = 2 };

/* Spans of one trace that came together. */
struct sm_datadog_chunk {
    int32_t priority; /* SM_DATADOG_PRIORITY_NONE: nobody has decided */
    bool is_dropped;  /* the trace is dropped, what is left are single spans */
    struct sm_slice origin;
    struct sm_datadog_map tags;
    struct sm_datadog_span *spans;
    size_t count;
    double client_dropped; /* traces that the tracer has dropped by itself, for each one that it has sent */
};

/* What one tracer, or one OTLP resource, sent. */
struct sm_datadog_payload {
    struct sm_slice container_id, language, language_version, tracer_version, runtime_id, env, hostname, app_version;
    struct sm_datadog_map tags;
};
