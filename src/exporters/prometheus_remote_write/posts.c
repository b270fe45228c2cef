/* posts.c - see posts.h. Series are written in chunks, each into a run of bytes, last first, as the writer goes backwards; a post is put together of
 * their parts. Stateless. */
#include "exporters/prometheus_remote_write/posts.h"

#include <stdlib.h>

#include "base/memory.h"
#include "exporters/prometheus_remote_write/encode.h"
#include "wire/compression.h"

enum { WRITE_SERIES = 1, WRITE_METADATA = 3, SERIES_HISTOGRAMS = 4 }; /* prompb.WriteRequest, prompb.TimeSeries */

static void put_labels(struct sm_proto_writer *writer, uint32_t number, const struct sm_write_labels *labels)
{
    for (size_t i = labels->count; i-- > 0;) {
        size_t mark = sm_proto_writer_mark(writer);
        sm_write_put_text(writer, 2, labels->items[i].value);
        sm_write_put_text(writer, 1, labels->items[i].name);
        sm_proto_write_message(writer, number, mark);
    }
}

/* The labels of one point as they are written: those of its series that follow each other are copied. */
struct written_base {
    const struct sm_write_base *base; /* NULL: none yet */
    struct sm_slice bytes;
    size_t *starts; /* of each label in the bytes, and the end; borrowed: the chunk's arena, as the bytes */
    size_t capacity;
};

static void write_base(struct written_base *written, const struct sm_write_base *base, struct sm_arena *arena)
{
    struct sm_proto_writer writer;
    size_t count = base->labels.count;
    written->starts = sm_arena_grow(arena, written->starts, 0, &written->capacity, count + 1, sizeof(*written->starts));
    sm_proto_writer_init(&writer, arena);
    for (size_t i = count; i-- > 0;) {
        struct sm_write_labels one = {.items = &base->labels.items[i], .count = 1};
        written->starts[i] = writer.size; /* of what stands behind it */
        put_labels(&writer, 1, &one);
    }
    written->bytes = count ? sm_write_flatten(&writer) : (struct sm_slice){0};
    for (size_t i = count; i-- > 0;)
        written->starts[i + 1] = writer.size - written->starts[i];
    written->starts[0] = 0;
    written->base = base;
}

/* Behind which of the base's labels, before `end`, a label with that name stands. */
static size_t place_of(const struct sm_write_base *base, size_t end, struct sm_slice name)
{
    while (end > 0 && sm_slice_compare(base->labels.items[end - 1].name, name) > 0)
        end--;
    return end;
}

static void put_written(struct sm_proto_writer *writer, const struct written_base *written, size_t first, size_t end)
{
    size_t start = written->starts[first];
    if (end > first)
        sm_proto_write_raw(writer, sm_slice_make(written->bytes.ptr + start, written->starts[end] - start));
}

static void put_shared_labels(struct sm_proto_writer *writer, struct written_base *written, const struct sm_write_key *key)
{
    const struct sm_write_label *more[] = {key->extra, key->name}; /* the last first */
    size_t end = key->base->labels.count;
    if (written->base != key->base)
        write_base(written, key->base, writer->arena);
    for (size_t i = 0; i < sizeof(more) / sizeof(more[0]); i++) {
        if (!more[i])
            continue;
        size_t place = place_of(key->base, end, more[i]->pair.name);
        struct sm_write_labels one = {.items = &more[i]->pair, .count = 1};
        put_written(writer, written, place, end);
        put_labels(writer, 1, &one);
        end = place;
    }
    put_written(writer, written, 0, end);
}

static void put_exemplar(struct sm_proto_writer *writer, const struct sm_write_exemplar *exemplar)
{
    size_t mark = sm_proto_writer_mark(writer);
    sm_write_put_uint(writer, 3, (uint64_t)exemplar->time_ms);
    sm_write_put_double(writer, 2, exemplar->value);
    put_labels(writer, 1, &exemplar->labels);
    sm_proto_write_message(writer, 3, mark);
}

static void put_series(struct sm_proto_writer *writer, struct written_base *written, const struct sm_write_series *series)
{
    for (size_t i = series->histogram_count; i-- > 0;)
        sm_write_put_histogram(writer, SERIES_HISTOGRAMS, &series->histograms[i]);
    for (size_t i = series->exemplar_count; i-- > 0;)
        put_exemplar(writer, &series->exemplars[i]);
    for (size_t i = series->sample_count; i-- > 0;)
        sm_write_put_sample(writer, &series->samples[i]);
    if (series->key.name || series->key.extra)
        put_shared_labels(writer, written, &series->key);
    else
        put_labels(writer, 1, &series->key.base->labels);
}

static void put_metadata(struct sm_proto_writer *writer, const struct sm_write_metadata *metadata)
{
    sm_write_put_text(writer, 5, metadata->unit);
    sm_write_put_text(writer, 4, metadata->help);
    sm_write_put_text(writer, 2, metadata->name);
    sm_write_put_uint(writer, 1, metadata->type);
}

/* ---- samples by time: Prometheus refuses those that go back */

static int compare_samples(const void *left, const void *right)
{
    const struct sm_write_sample *a = left, *b = right;
    return (a->time_ms > b->time_ms) - (a->time_ms < b->time_ms);
}

void sm_write_sort_samples(struct sm_write_series *series)
{
    for (size_t i = 1; i < series->sample_count; i++) {
        if (series->samples[i].time_ms < series->samples[i - 1].time_ms) {
            qsort(series->samples, series->sample_count, sizeof(*series->samples), compare_samples);
            return;
        }
    }
}

/* ---- posts */

bool sm_write_add_post(struct sm_write_post_list *list, struct sm_slice plain, struct sm_error *error)
{
    if (list->count == list->capacity) {
        list->capacity = list->capacity ? list->capacity * 2 : 4;
        list->posts = sm_realloc(list->posts, list->capacity, sizeof(*list->posts));
    }
    /* Snappy wants room for the worst; what is kept takes only what it needs. */
    list->packed.size = 0;
    if (!sm_compress(SM_COMPRESSION_SNAPPY, 0, plain, &list->packed, error))
        return false;
    struct sm_write_post *post = &list->posts[list->count++];
    *post = (struct sm_write_post){0};
    sm_bytes_append_slice(&post->body, sm_bytes_slice(&list->packed));
    return true;
}

struct sm_slice sm_write_flatten(struct sm_proto_writer *writer)
{
    struct sm_bytes all;
    sm_proto_writer_finish(writer);
    if (writer->piece_count == 1)
        return sm_slice_make(writer->pieces[0].iov_base, writer->pieces[0].iov_len);
    sm_bytes_init(&all, writer->arena);
    sm_bytes_reserve(&all, writer->size);
    for (size_t i = 0; i < writer->piece_count; i++)
        sm_bytes_append(&all, writer->pieces[i].iov_base, writer->pieces[i].iov_len);
    return sm_bytes_slice(&all);
}

enum { CHUNK = 512 }; /* series that are written at a time: what they take unpacked stays in the cache */

/* What one message takes: itself, and with tag and length. */
struct part {
    size_t content, whole, samples;
};

/* Cuts the run, whose parts stand last first, into posts. */
static bool cut(struct sm_slice run, const struct part *parts, size_t count, const struct sm_write_limits *limits, struct sm_write_post_list *list,
                struct sm_error *error)
{
    size_t content = 0, whole = 0, samples = 0, end = run.size;
    for (size_t i = 0; i < count; i++) {
        bool is_full = limits->samples && samples + parts[i].samples > limits->samples;
        if (whole && (is_full || content >= limits->bytes || parts[i].content >= limits->bytes - content)) {
            if (!sm_write_add_post(list, sm_slice_make(run.ptr + end - whole, whole), error))
                return false;
            end -= whole;
            content = whole = samples = 0;
        }
        content += parts[i].content;
        samples += parts[i].samples;
        whole += parts[i].whole;
    }
    return whole == 0 || sm_write_add_post(list, sm_slice_make(run.ptr + end - whole, whole), error);
}

/* The part since `mark` becomes a field of the request. */
static struct part end_part(struct sm_proto_writer *writer, uint32_t number, size_t mark)
{
    struct part part = {.content = writer->size - mark};
    sm_proto_write_message(writer, number, mark);
    part.whole = writer->size - mark;
    return part;
}

/* What is being put together. */
struct filling {
    struct sm_bytes plain; /* owned: of the next post */
    size_t content, samples;
};

static bool end_post(struct filling *filling, struct sm_write_post_list *list, struct sm_error *error)
{
    bool is_added = filling->plain.size == 0 || sm_write_add_post(list, sm_bytes_slice(&filling->plain), error);
    filling->plain.size = filling->content = filling->samples = 0;
    return is_added;
}

/* Series [first, end), written last first into a run of their own. */
static bool post_chunk(const struct sm_write *write, size_t first, size_t end, const struct sm_write_limits *limits, struct filling *filling,
                       struct sm_write_post_list *list, struct sm_error *error)
{
    struct sm_arena arena = SM_ARENA_INIT;
    struct sm_proto_writer writer;
    struct part parts[CHUNK];
    struct written_base written = {0};
    bool is_good = true;
    sm_proto_writer_init(&writer, &arena);
    for (size_t i = end; i-- > first;) {
        size_t mark = sm_proto_writer_mark(&writer);
        sm_write_sort_samples(write->series[i]);
        put_series(&writer, &written, write->series[i]);
        parts[i - first] = end_part(&writer, WRITE_SERIES, mark);
        parts[i - first].samples = (size_t)write->series[i]->sample_count + write->series[i]->histogram_count;
    }
    struct sm_slice run = sm_write_flatten(&writer);
    for (size_t i = 0; is_good && i < end - first; i++) {
        bool is_full = (limits->samples && filling->samples + parts[i].samples > limits->samples) || filling->content >= limits->bytes ||
                       parts[i].content >= limits->bytes - filling->content;
        if (is_full)
            is_good = end_post(filling, list, error);
        sm_bytes_append(&filling->plain, run.ptr, parts[i].whole);
        filling->content += parts[i].content;
        filling->samples += parts[i].samples;
        run = sm_slice_make(run.ptr + parts[i].whole, run.size - parts[i].whole);
    }
    sm_arena_deinit(&arena);
    return is_good;
}

static bool post_series(const struct sm_write *write, const struct sm_write_limits *limits, struct sm_write_post_list *list, struct sm_error *error)
{
    struct filling filling = {0};
    bool is_good = true;
    for (size_t first = 0; is_good && first < write->series_count; first += CHUNK) {
        size_t end = write->series_count - first < CHUNK ? write->series_count : first + CHUNK;
        is_good = post_chunk(write, first, end, limits, &filling, list, error);
    }
    is_good = is_good && end_post(&filling, list, error);
    sm_bytes_deinit(&filling.plain);
    return is_good;
}

static bool post_metadata(struct sm_write *write, const struct sm_write_limits *limits, struct sm_write_post_list *list, struct sm_error *error)
{
    struct sm_proto_writer writer;
    struct part *parts = sm_arena_alloc(write->arena, write->metadata_count * sizeof(*parts));
    sm_proto_writer_init(&writer, write->arena);
    for (size_t i = write->metadata_count; i-- > 0;) {
        size_t mark = sm_proto_writer_mark(&writer);
        put_metadata(&writer, &write->metadata[i]);
        parts[write->metadata_count - 1 - i] = end_part(&writer, WRITE_METADATA, mark);
    }
    return cut(sm_write_flatten(&writer), parts, write->metadata_count, limits, list, error);
}

bool sm_write_make_posts(struct sm_write *write, const struct sm_write_limits *limits, struct sm_write_post **posts, size_t *count,
                         struct sm_error *error)
{
    struct sm_write_post_list list = {0};
    bool is_made = write->series_count == 0 ||
                   (post_series(write, limits, &list, error) && (write->metadata_count == 0 || post_metadata(write, limits, &list, error)));
    sm_bytes_deinit(&list.packed);
    if (!is_made) {
        sm_write_free_posts(list.posts, list.count);
        return false;
    }
    *posts = list.posts;
    *count = list.count;
    return true;
}

void sm_write_free_posts(struct sm_write_post *posts, size_t count)
{
    for (size_t i = 0; i < count; i++)
        sm_bytes_deinit(&posts[i].body);
    free(posts);
}
