/* posts_v2.c - the bodies of remote write 2.0. Texts are numbered while series are written, last first, and stand before them in the body.
 *
 * Whether one post suffices is seen by writing it; only what does not fit is measured series by series, cut, and written again, each post with its
 * own texts. Stateless. Source: prompb/io/prometheus/write/v2/types.proto; exporter/prometheusremotewriteexporter/helper_v2.go. */
#include "exporters/prometheus_remote_write/encode.h"

#include <stdlib.h>

#include "base/hash.h"

enum { REQUEST_SYMBOLS = 4, REQUEST_SERIES = 5, SERIES_LABELS = 1, SERIES_HISTOGRAMS = 3, SERIES_EXEMPLARS = 4, SERIES_METADATA = 5 };

/* ---- texts and their numbers */

struct symbol {
    struct sm_prometheus_entry entry;
    struct sm_slice text;
    uint32_t number;
};

struct symbols {
    struct sm_arena *arena;
    struct sm_prometheus_table table;
    struct sm_slice *texts; /* by number; 0 is the empty one */
    size_t count, capacity, bytes;
};

static void add_text(struct symbols *symbols, struct sm_slice text)
{
    symbols->texts = sm_arena_grow(symbols->arena, symbols->texts, symbols->count, &symbols->capacity, symbols->count + 1, sizeof(*symbols->texts));
    symbols->texts[symbols->count++] = text;
    symbols->bytes += text.size;
}

static void init_symbols(struct symbols *symbols, struct sm_arena *arena)
{
    *symbols = (struct symbols){.arena = arena};
    add_text(symbols, (struct sm_slice){0});
}

static bool is_symbol(const struct sm_prometheus_entry *entry, const void *text)
{
    return sm_slice_equal(((const struct symbol *)entry)->text, *(const struct sm_slice *)text);
}

static uint32_t number_of(struct symbols *symbols, struct sm_slice text)
{
    if (!text.size)
        return 0;
    uint32_t hash = (uint32_t)sm_hash(text);
    struct symbol *symbol = (struct symbol *)sm_prometheus_table_find(&symbols->table, hash, is_symbol, &text);
    if (!symbol) {
        symbol = sm_arena_zalloc(symbols->arena, 1, sizeof(*symbol));
        *symbol = (struct symbol){.entry.hash = hash, .text = text, .number = (uint32_t)symbols->count};
        sm_prometheus_table_insert(&symbols->table, &symbol->entry);
        add_text(symbols, text);
    }
    return symbol->number;
}

/* ---- series */

static void put_labels(struct sm_proto_writer *writer, struct symbols *symbols, const struct sm_prometheus_pair *labels, size_t count)
{
    size_t mark = sm_proto_writer_mark(writer);
    for (size_t i = count; i-- > 0;) {
        sm_proto_write_varint(writer, number_of(symbols, labels[i].value));
        sm_proto_write_varint(writer, number_of(symbols, labels[i].name));
    }
    if (count)
        sm_proto_write_message(writer, SERIES_LABELS, mark);
}

static int compare_labels(const void *left, const void *right)
{
    return sm_slice_compare(((const struct sm_prometheus_pair *)left)->name, ((const struct sm_prometheus_pair *)right)->name);
}

static void put_exemplar(struct sm_proto_writer *writer, struct symbols *symbols, const struct sm_write_exemplar *exemplar)
{
    size_t mark = sm_proto_writer_mark(writer), count = exemplar->labels.count;
    struct sm_prometheus_pair *sorted = sm_arena_alloc(symbols->arena, (count + 1) * sizeof(*sorted));
    if (count) {
        memcpy(sorted, exemplar->labels.items, count * sizeof(*sorted));
        qsort(sorted, count, sizeof(*sorted), compare_labels);
    }
    sm_write_put_uint(writer, 3, (uint64_t)exemplar->time_ms);
    sm_write_put_double(writer, 2, exemplar->value);
    put_labels(writer, symbols, sorted, count);
    sm_proto_write_message(writer, SERIES_EXEMPLARS, mark);
}

static void put_metadata(struct sm_proto_writer *writer, struct symbols *symbols, const struct sm_write_metadata *metadata)
{
    static const struct sm_write_metadata none;
    size_t mark = sm_proto_writer_mark(writer);
    if (!metadata)
        metadata = &none;
    sm_write_put_uint(writer, 4, number_of(symbols, metadata->unit));
    sm_write_put_uint(writer, 3, number_of(symbols, metadata->help));
    sm_write_put_uint(writer, 1, metadata->type);
    sm_proto_write_message(writer, SERIES_METADATA, mark);
}

/* Returns the size without tag and length. */
static size_t put_series(struct sm_proto_writer *writer, struct symbols *symbols, struct sm_write *write, const struct sm_write_series *series)
{
    size_t mark = sm_proto_writer_mark(writer);
    put_metadata(writer, symbols, series->metadata);
    for (size_t i = series->exemplar_count; i-- > 0;)
        put_exemplar(writer, symbols, &series->exemplars[i]);
    for (size_t i = series->histogram_count; i-- > 0;)
        sm_write_put_histogram(writer, SERIES_HISTOGRAMS, &series->histograms[i]);
    for (size_t i = series->sample_count; i-- > 0;)
        sm_write_put_sample(writer, &series->samples[i]);
    struct sm_write_labels labels = sm_write_labels_of(write, series);
    put_labels(writer, symbols, labels.items, labels.count);
    size_t content = writer->size - mark;
    sm_proto_write_message(writer, REQUEST_SERIES, mark);
    return content;
}

/* ---- posts */

struct measure {
    size_t content, samples; /* of all series; without their texts */
};

/* Writes series [first, end) into one body. `sizes` NULL: the size of each is not wanted. */
static struct sm_slice write_body(struct sm_write *write, struct symbols *symbols, size_t first, size_t end, struct measure *measure, size_t *sizes)
{
    struct sm_proto_writer writer;
    sm_proto_writer_init(&writer, write->arena);
    *measure = (struct measure){0};
    for (size_t i = end; i-- > first;) {
        const struct sm_write_series *series = write->series[i];
        size_t content = put_series(&writer, symbols, write, series);
        measure->content += content;
        measure->samples += (size_t)series->sample_count + series->histogram_count;
        if (sizes)
            sizes[i] = content;
    }
    for (size_t i = symbols->count; i-- > 0;)
        sm_proto_write_bytes(&writer, REQUEST_SYMBOLS, symbols->texts[i]);
    return sm_write_flatten(&writer);
}

static bool add_range(struct sm_write *write, size_t first, size_t end, struct sm_write_post_list *list, struct sm_error *error)
{
    struct symbols symbols;
    struct measure measure;
    init_symbols(&symbols, write->arena);
    struct sm_slice body = write_body(write, &symbols, first, end, &measure, NULL);
    sm_prometheus_table_deinit(&symbols.table);
    return sm_write_add_post(list, body, error);
}

/* The texts of all series count towards each post, as in the reference, which sends them with each. */
static bool cut(struct sm_write *write, const size_t *sizes, size_t text_bytes, const struct sm_write_limits *limits, struct sm_write_post_list *list,
                struct sm_error *error)
{
    size_t first = 0, bytes = text_bytes, samples = 0;
    for (size_t i = 0; i < write->series_count; i++) {
        size_t more = (size_t)write->series[i]->sample_count + write->series[i]->histogram_count;
        bool is_full = bytes + sizes[i] >= limits->bytes || (limits->samples && samples + more > limits->samples);
        if (is_full && i > first) {
            if (!add_range(write, first, i, list, error))
                return false;
            first = i;
            bytes = text_bytes;
            samples = 0;
        }
        bytes += sizes[i];
        samples += more;
    }
    return add_range(write, first, write->series_count, list, error);
}

bool sm_write_make_posts_v2(struct sm_write *write, const struct sm_write_limits *limits, struct sm_write_post **posts, size_t *count,
                            struct sm_error *error)
{
    struct sm_write_post_list list = {0};
    struct symbols symbols;
    struct measure measure;
    bool is_made = true;
    size_t *sizes = sm_arena_alloc(write->arena, (write->series_count + 1) * sizeof(*sizes));
    for (size_t i = 0; i < write->series_count; i++)
        sm_write_sort_samples(write->series[i]);
    init_symbols(&symbols, write->arena);
    if (write->series_count) {
        struct sm_slice body = write_body(write, &symbols, 0, write->series_count, &measure, sizes);
        bool fits = symbols.bytes + measure.content < limits->bytes && (!limits->samples || measure.samples <= limits->samples);
        is_made = fits ? sm_write_add_post(&list, body, error) : cut(write, sizes, symbols.bytes, limits, &list, error);
    }
    sm_prometheus_table_deinit(&symbols.table);
    sm_bytes_deinit(&list.packed);
    if (!is_made) {
        sm_write_free_posts(list.posts, list.count);
        return false;
    }
    *posts = list.posts;
    *count = list.count;
    return true;
}
