/* text.h - texts and tuples of texts that a set of series keeps once each.
 *
 * Hundreds of thousands of series share most of their label names and values: a series holds references. What is equal is the same pointer, so
 * equality is comparison of pointers. Counted by references; not thread-safe. */
#pragma once

#include "base/slice.h"
#include "prometheus/table.h"

struct sm_prometheus_text {
    struct sm_prometheus_entry entry;
    size_t size;
    char bytes[]; /* aligned for doubles */
};

struct sm_prometheus_tuple {
    struct sm_prometheus_entry entry;
    size_t count;
    struct sm_prometheus_text *texts[]; /* owned references; may be NULL */
};

struct sm_prometheus_texts {
    struct sm_prometheus_table texts, tuples;
};

/* All must have been released. */
void sm_prometheus_texts_deinit(struct sm_prometheus_texts *texts);

/* Both give the caller one reference. A tuple takes references of its own. */
struct sm_prometheus_text *sm_prometheus_text_get(struct sm_prometheus_texts *texts, struct sm_slice bytes) __attribute__((returns_nonnull));
struct sm_prometheus_tuple *sm_prometheus_tuple_get(struct sm_prometheus_texts *texts, struct sm_prometheus_text *const *items, size_t count)
    __attribute__((returns_nonnull));

/* NULL is allowed in all. */
struct sm_prometheus_text *sm_prometheus_text_retain(struct sm_prometheus_text *text);
struct sm_prometheus_tuple *sm_prometheus_tuple_retain(struct sm_prometheus_tuple *tuple);
void sm_prometheus_text_release(struct sm_prometheus_texts *texts, struct sm_prometheus_text *text);
void sm_prometheus_tuple_release(struct sm_prometheus_texts *texts, struct sm_prometheus_tuple *tuple);

static inline struct sm_slice sm_prometheus_text_slice(const struct sm_prometheus_text *text)
{
    return text ? sm_slice_make(text->bytes, text->size) : (struct sm_slice){0};
}
