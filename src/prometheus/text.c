/* text.c - see text.h. */
#include "prometheus/text.h"

#include <assert.h>
#include <stdlib.h>

#include "base/hash.h"
#include "base/memory.h"

static_assert(offsetof(struct sm_prometheus_text, bytes) % sizeof(double) == 0, "texts hold arrays of doubles as well");

void sm_prometheus_texts_deinit(struct sm_prometheus_texts *texts)
{
    assert(texts->texts.count == 0);
    assert(texts->tuples.count == 0);
    sm_prometheus_table_deinit(&texts->texts);
    sm_prometheus_table_deinit(&texts->tuples);
}

static bool is_text(const struct sm_prometheus_entry *entry, const void *key)
{
    return sm_slice_equal(sm_prometheus_text_slice((const struct sm_prometheus_text *)entry), *(const struct sm_slice *)key);
}

struct sm_prometheus_text *sm_prometheus_text_get(struct sm_prometheus_texts *texts, struct sm_slice bytes)
{
    uint32_t hash = (uint32_t)sm_hash(bytes);
    struct sm_prometheus_text *text = (struct sm_prometheus_text *)sm_prometheus_table_find(&texts->texts, hash, is_text, &bytes);
    if (text)
        return sm_prometheus_text_retain(text);
    text = sm_alloc(1, sizeof(*text) + bytes.size);
    text->entry = (struct sm_prometheus_entry){.hash = hash, .references = 1};
    text->size = bytes.size;
    if (bytes.size)
        memcpy(text->bytes, bytes.ptr, bytes.size);
    sm_prometheus_table_insert(&texts->texts, &text->entry);
    return text;
}

struct items {
    struct sm_prometheus_text *const *texts;
    size_t count;
};

static bool is_tuple(const struct sm_prometheus_entry *entry, const void *key)
{
    const struct sm_prometheus_tuple *tuple = (const struct sm_prometheus_tuple *)entry;
    const struct items *items = key;
    return tuple->count == items->count && (items->count == 0 || memcmp(tuple->texts, items->texts, items->count * sizeof(*items->texts)) == 0);
}

struct sm_prometheus_tuple *sm_prometheus_tuple_get(struct sm_prometheus_texts *texts, struct sm_prometheus_text *const *items, size_t count)
{
    struct items key = {.texts = items, .count = count};
    uint32_t hash = (uint32_t)sm_hash(sm_slice_make(items, count * sizeof(struct sm_prometheus_text *)));
    struct sm_prometheus_tuple *tuple = (struct sm_prometheus_tuple *)sm_prometheus_table_find(&texts->tuples, hash, is_tuple, &key);
    if (tuple)
        return sm_prometheus_tuple_retain(tuple);
    tuple = sm_alloc(1, sizeof(*tuple) + count * sizeof(tuple->texts[0]));
    tuple->entry = (struct sm_prometheus_entry){.hash = hash, .references = 1};
    tuple->count = count;
    for (size_t i = 0; i < count; i++)
        tuple->texts[i] = sm_prometheus_text_retain(items[i]);
    sm_prometheus_table_insert(&texts->tuples, &tuple->entry);
    return tuple;
}

struct sm_prometheus_text *sm_prometheus_text_retain(struct sm_prometheus_text *text)
{
    if (text)
        text->entry.references++;
    return text;
}

struct sm_prometheus_tuple *sm_prometheus_tuple_retain(struct sm_prometheus_tuple *tuple)
{
    if (tuple)
        tuple->entry.references++;
    return tuple;
}

void sm_prometheus_text_release(struct sm_prometheus_texts *texts, struct sm_prometheus_text *text)
{
    if (!text || --text->entry.references)
        return;
    sm_prometheus_table_remove(&texts->texts, &text->entry);
    free(text);
}

void sm_prometheus_tuple_release(struct sm_prometheus_texts *texts, struct sm_prometheus_tuple *tuple)
{
    if (!tuple || --tuple->entry.references)
        return;
    sm_prometheus_table_remove(&texts->tuples, &tuple->entry);
    for (size_t i = 0; i < tuple->count; i++)
        sm_prometheus_text_release(texts, tuple->texts[i]);
    free(tuple);
}
