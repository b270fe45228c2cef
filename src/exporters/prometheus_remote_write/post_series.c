/* post_series.c - see post_series.h. The versions differ in how a label is written: its texts, or their numbers in a packed field; and version 2 has
 * metadata with each series. */
#include "exporters/prometheus_remote_write/post_series.h"

#include <stdlib.h>

#include "base/memory.h"
#include "wire/protobuf.h"

enum { LABELS = 1, HISTOGRAMS_V1 = 4, EXEMPLARS_V1 = 3, HISTOGRAMS_V2 = 3, EXEMPLARS_V2 = 4, METADATA_V2 = 5 };
enum { PLACE_LABELS_MAX = 32, PLACE_MORE = 32, PLACE_MORE_MAX = 31, PLACE_METADATA = 63 }; /* for sm_write_symbols_get */

void sm_write_series_writer_init(struct sm_write_series_writer *to, bool is_version_2)
{
    *to = (struct sm_write_series_writer){0};
    if (is_version_2) {
        to->symbols = sm_alloc(1, sizeof(*to->symbols));
        sm_write_symbols_init(to->symbols);
    }
}

void sm_write_series_writer_deinit(struct sm_write_series_writer *to)
{
    if (to->symbols)
        sm_write_symbols_deinit(to->symbols);
    free(to->symbols);
    sm_bytes_deinit(&to->_run.bytes);
    sm_arena_deinit(&to->arena);
}

void sm_write_series_writer_renew(struct sm_write_series_writer *to)
{
    struct sm_bytes bytes = to->_run.bytes;
    sm_arena_reset(&to->arena);
    to->_run = (struct sm_write_run){.bytes = bytes};
    sm_proto_writer_init(&to->writer, &to->arena);
    sm_proto_writer_init(&to->_run.writer, &to->arena);
}

void sm_write_series_writer_clear_symbols(struct sm_write_series_writer *to)
{
    to->_run.base = NULL;
    sm_write_symbols_clear(to->symbols);
}

/* ---- labels */

static size_t text_size(struct sm_slice text)
{
    return text.size ? 1 + sm_proto_varint_size(text.size) + text.size : 0;
}

static char *write_text(char *to, uint32_t number, struct sm_slice text)
{
    if (!text.size)
        return to;
    *to++ = (char)(number << 3 | SM_WIRE_BYTES);
    to += sm_proto_varint_write(to, text.size);
    memcpy(to, text.ptr, text.size);
    return to + text.size;
}

/* Most of a post is labels: each is written at once, forwards. */
static void put_texts(struct sm_proto_writer *writer, const struct sm_prometheus_pair *label)
{
    size_t size = text_size(label->name) + text_size(label->value);
    char *to = sm_proto_writer_reserve(writer, 1 + sm_proto_varint_size(size) + size);
    *to++ = LABELS << 3 | SM_WIRE_BYTES;
    to += sm_proto_varint_write(to, size);
    write_text(write_text(to, 1, label->name), 2, label->value);
}

/* `place`: see sm_write_symbols_get. */
static void put_label(struct sm_write_series_writer *to, struct sm_proto_writer *writer, const struct sm_prometheus_pair *label, size_t place)
{
    if (to->symbols) {
        uint32_t numbers[2];
        sm_write_symbols_get(to->symbols, place, label->name, label->value, numbers);
        sm_proto_write_varint(writer, numbers[1]);
        sm_proto_write_varint(writer, numbers[0]);
    } else {
        put_texts(writer, label);
    }
}

static void write_run(struct sm_write_series_writer *to, const struct sm_write_base *base)
{
    struct sm_write_run *run = &to->_run;
    size_t count = base->labels.count;
    run->starts = sm_arena_grow(&to->arena, run->starts, 0, &run->capacity, count + 1, sizeof(*run->starts));
    run->bytes.size = 0;
    sm_proto_writer_rewind(&run->writer);
    run->starts[count] = 0;
    for (size_t i = count; i-- > 0;) {
        put_label(to, &run->writer, &base->labels.items[i], i % PLACE_LABELS_MAX);
        run->starts[i] = run->writer.size; /* from the end */
    }
    for (size_t i = 0; i <= count; i++)
        run->starts[i] = run->writer.size - run->starts[i];
    sm_write_append(&run->writer, &run->bytes);
    run->base = base;
    memset(run->places, 0, sizeof(run->places));
}

/* Behind how many of the run's labels one with that name stands. The same name comes again with each series of a point. */
static size_t place_of(struct sm_write_run *run, size_t kind, struct sm_slice name)
{
    const struct sm_write_labels *labels = &run->base->labels;
    struct sm_write_place *known = &run->places[kind];
    if (known->name.ptr == name.ptr && known->name.size == name.size)
        return known->place;
    size_t place = labels->count;
    while (place > 0 && sm_slice_compare(labels->items[place - 1].name, name) > 0)
        place--;
    *known = (struct sm_write_place){.name = name, .place = place};
    return place;
}

static void put_part_of_run(struct sm_write_series_writer *to, size_t first, size_t end)
{
    const struct sm_write_run *run = &to->_run;
    size_t start = run->starts[first];
    if (end > first)
        sm_proto_write_raw(&to->writer, sm_slice_make(run->bytes.ptr + start, run->starts[end] - start));
}

static void put_shared_labels(struct sm_write_series_writer *to, const struct sm_write_key *key)
{
    const struct sm_write_label *more[] = {key->extra, key->name}; /* the last first */
    size_t end = key->base->labels.count;
    if (to->_run.base != key->base)
        write_run(to, key->base);
    for (size_t i = 0; i < sizeof(more) / sizeof(more[0]); i++) {
        if (!more[i])
            continue;
        size_t place = place_of(&to->_run, i, more[i]->pair.name);
        put_part_of_run(to, place, end);
        put_label(to, &to->writer, &more[i]->pair, PLACE_MORE + (uintptr_t)more[i] / sizeof(*more[i]) % PLACE_MORE_MAX);
        end = place;
    }
    put_part_of_run(to, 0, end);
}

static void put_own_labels(struct sm_write_series_writer *to, const struct sm_write_labels *labels)
{
    for (size_t i = labels->count; i-- > 0;)
        put_label(to, &to->writer, &labels->items[i], i % PLACE_LABELS_MAX);
}

/* In version 2 the numbers are one packed field. */
static void end_labels(struct sm_write_series_writer *to, size_t mark)
{
    if (to->symbols && to->writer.size > mark)
        sm_proto_write_message(&to->writer, LABELS, mark);
}

static void put_labels(struct sm_write_series_writer *to, const struct sm_write_key *key)
{
    size_t mark = sm_proto_writer_mark(&to->writer);
    if (key->name || key->extra)
        put_shared_labels(to, key);
    else
        put_own_labels(to, &key->base->labels);
    end_labels(to, mark);
}

/* ---- the rest */

static int compare_labels(const void *left, const void *right)
{
    return sm_slice_compare(((const struct sm_prometheus_pair *)left)->name, ((const struct sm_prometheus_pair *)right)->name);
}

/* Version 2 has them by name. */
static struct sm_write_labels sort_labels(struct sm_write_series_writer *to, const struct sm_write_labels *labels)
{
    if (!to->symbols || labels->count < 2)
        return *labels;
    struct sm_prometheus_pair *sorted = sm_arena_alloc(&to->arena, labels->count * sizeof(*sorted));
    memcpy(sorted, labels->items, labels->count * sizeof(*sorted));
    qsort(sorted, labels->count, sizeof(*sorted), compare_labels);
    return (struct sm_write_labels){.items = sorted, .count = labels->count};
}

static void put_exemplar(struct sm_write_series_writer *to, const struct sm_write_exemplar *exemplar)
{
    size_t mark = sm_proto_writer_mark(&to->writer);
    struct sm_write_labels labels = sort_labels(to, &exemplar->labels);
    sm_write_put_uint(&to->writer, 3, (uint64_t)exemplar->time_ms);
    sm_write_put_double(&to->writer, 2, exemplar->value);
    size_t labels_mark = sm_proto_writer_mark(&to->writer);
    put_own_labels(to, &labels);
    end_labels(to, labels_mark);
    sm_proto_write_message(&to->writer, to->symbols ? EXEMPLARS_V2 : EXEMPLARS_V1, mark);
}

static void put_metadata(struct sm_write_series_writer *to, const struct sm_write_metadata *metadata)
{
    static const struct sm_write_metadata none;
    size_t mark = sm_proto_writer_mark(&to->writer);
    uint32_t numbers[2];
    if (!metadata)
        metadata = &none;
    sm_write_symbols_get(to->symbols, PLACE_METADATA, metadata->help, metadata->unit, numbers);
    sm_write_put_uint(&to->writer, 4, numbers[1]);
    sm_write_put_uint(&to->writer, 3, numbers[0]);
    sm_write_put_uint(&to->writer, 1, metadata->type);
    sm_proto_write_message(&to->writer, METADATA_V2, mark);
}

static void put_exemplars(struct sm_write_series_writer *to, const struct sm_write_series *series)
{
    for (size_t i = series->exemplar_count; i-- > 0;)
        put_exemplar(to, &series->exemplars[i]);
}

static void put_histograms(struct sm_write_series_writer *to, const struct sm_write_series *series)
{
    for (size_t i = series->histogram_count; i-- > 0;)
        sm_write_put_histogram(&to->writer, to->symbols ? HISTOGRAMS_V2 : HISTOGRAMS_V1, &series->histograms[i]);
}

void sm_write_put_series(struct sm_write_series_writer *to, const struct sm_write_series *series)
{
    sm_proto_writer_rewind(&to->writer);
    if (to->symbols) {
        sm_write_symbols_mark(to->symbols);
        put_metadata(to, series->metadata);
        put_exemplars(to, series);
        put_histograms(to, series);
    } else {
        put_histograms(to, series);
        put_exemplars(to, series);
    }
    for (size_t i = series->sample_count; i-- > 0;)
        sm_write_put_sample(&to->writer, &series->samples[i]);
    put_labels(to, &series->key);
}
