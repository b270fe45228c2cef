/* posts.c - see posts.h. A post is packed while it is written, so that no more than a part of it is held unpacked: a block of Snappy is made of runs
 * that refer to nothing but themselves, and the texts of version 2, known at the end only, are a run that is put before the others.
 * Source: prompb/remote.proto, prompb/io/prometheus/write/v2/types.proto. */
#include "exporters/prometheus_remote_write/posts.h"

#include <stdlib.h>

#include "base/memory.h"
#include "exporters/prometheus_remote_write/post_series.h"
#include "wire/compression.h"
#include "wire/protobuf.h"

enum { SERIES_V1 = 1, METADATA_V1 = 3, SYMBOLS_V2 = 4, SERIES_V2 = 5 };
enum { PACK_AT = 128 * 1024 }; /* bytes; libsnappy packs 64 KiB at a time for itself */
enum { RENEW_AT = 512 };       /* series */

struct sm_write_poster {
    struct sm_write_limits limits;
    struct sm_write_series_writer to;
    /* The next post. */
    struct sm_bytes plain;       /* owned: not packed yet */
    struct sm_bytes packed;      /* owned: the rest, packed */
    size_t unpacked_size;        /* what `packed` unpacks to */
    size_t content, samples;     /* of its series, without their tags and lengths */
    bool has_series;             /* any post has */
    struct sm_write_post *posts; /* owned */
    size_t count, capacity;
};

struct sm_write_poster *sm_write_poster_create(const struct sm_write_limits *limits, bool is_version_2)
{
    struct sm_write_poster *poster = sm_alloc(1, sizeof(*poster));
    poster->limits = *limits;
    sm_write_series_writer_init(&poster->to, is_version_2);
    return poster;
}

void sm_write_poster_free(struct sm_write_poster *poster)
{
    if (!poster)
        return;
    sm_write_series_writer_deinit(&poster->to);
    sm_bytes_deinit(&poster->plain);
    sm_bytes_deinit(&poster->packed);
    sm_write_free_posts(poster->posts, poster->count);
    free(poster);
}

void sm_write_free_posts(struct sm_write_post *posts, size_t count)
{
    for (size_t i = 0; i < count; i++)
        sm_bytes_deinit(&posts[i].body);
    free(posts);
}

/* ---- samples by time: Prometheus refuses those that go back */

static int compare_samples(const void *left, const void *right)
{
    const struct sm_write_sample *a = left, *b = right;
    return (a->time_ms > b->time_ms) - (a->time_ms < b->time_ms);
}

static void sort_samples(struct sm_write_series *series)
{
    for (size_t i = 1; i < series->sample_count; i++) {
        if (series->samples[i].time_ms < series->samples[i - 1].time_ms) {
            qsort(series->samples, series->sample_count, sizeof(*series->samples), compare_samples);
            return;
        }
    }
}

/* ---- posts */

/* Packs what is not packed yet. */
static bool pack(struct sm_write_poster *poster, struct sm_bytes *packed, struct sm_error *error)
{
    if (!sm_compress_snappy_elements(sm_bytes_slice(&poster->plain), packed, error))
        return false;
    poster->unpacked_size += poster->plain.size;
    poster->plain.size = 0;
    return true;
}

static bool pack_symbols(struct sm_write_poster *poster, struct sm_bytes *packed, struct sm_error *error)
{
    const struct sm_write_symbols *symbols = poster->to.symbols;
    for (size_t i = 0; i < symbols->count; i++) {
        sm_proto_put_bytes(&poster->plain, SYMBOLS_V2, symbols->texts[i]);
        if (poster->plain.size >= PACK_AT && !pack(poster, packed, error))
            return false;
    }
    return pack(poster, packed, error);
}

static struct sm_write_post *add_post(struct sm_write_poster *poster)
{
    if (poster->count == poster->capacity) {
        poster->capacity = poster->capacity ? poster->capacity * 2 : 4;
        poster->posts = sm_realloc(poster->posts, poster->capacity, sizeof(*poster->posts));
    }
    struct sm_write_post *post = &poster->posts[poster->count++];
    *post = (struct sm_write_post){0};
    return post;
}

static bool end_post(struct sm_write_poster *poster, struct sm_error *error)
{
    struct sm_bytes symbols = {0};
    if (poster->plain.size + poster->unpacked_size == 0)
        return true;
    bool is_packed = pack(poster, &poster->packed, error) && (!poster->to.symbols || pack_symbols(poster, &symbols, error));
    if (is_packed) {
        struct sm_bytes *body = &add_post(poster)->body;
        sm_bytes_reserve(body, sm_proto_varint_size(poster->unpacked_size) + symbols.size + poster->packed.size);
        sm_proto_put_varint(body, poster->unpacked_size);
        sm_bytes_append_slice(body, sm_bytes_slice(&symbols));
        sm_bytes_append_slice(body, sm_bytes_slice(&poster->packed));
    }
    sm_bytes_deinit(&symbols);
    poster->packed.size = poster->unpacked_size = poster->content = poster->samples = 0;
    if (poster->to.symbols)
        sm_write_series_writer_clear_symbols(&poster->to);
    return is_packed;
}

/* Would the post be too large with so much more? */
static bool is_full(const struct sm_write_poster *poster, size_t content, size_t samples)
{
    size_t there = poster->content + (poster->to.symbols ? poster->to.symbols->bytes : 0);
    return (poster->limits.samples && poster->samples + samples > poster->limits.samples) || there >= poster->limits.bytes ||
           content >= poster->limits.bytes - there;
}

/* What was written becomes a field of the post. */
static bool add_part(struct sm_write_poster *poster, uint32_t number, size_t samples, struct sm_error *error)
{
    struct sm_proto_writer *writer = &poster->to.writer;
    poster->content += writer->size;
    poster->samples += samples;
    sm_proto_write_message(writer, number, 0);
    sm_write_append(writer, &poster->plain);
    return poster->plain.size < PACK_AT || pack(poster, &poster->packed, error);
}

static bool take_series(struct sm_write_poster *poster, const struct sm_write_series *series, struct sm_error *error)
{
    size_t samples = (size_t)series->sample_count + series->histogram_count;
    bool has_content = poster->plain.size + poster->unpacked_size > 0;
    sm_write_put_series(&poster->to, series);
    if (has_content && is_full(poster, poster->to.writer.size, samples)) {
        if (poster->to.symbols)
            sm_write_symbols_back(poster->to.symbols);
        if (!end_post(poster, error))
            return false;
        if (poster->to.symbols) /* with other numbers */
            sm_write_put_series(&poster->to, series);
    }
    poster->has_series = true;
    return add_part(poster, poster->to.symbols ? SERIES_V2 : SERIES_V1, samples, error);
}

bool sm_write_poster_take(struct sm_write_poster *poster, struct sm_write *write, struct sm_error *error)
{
    for (size_t i = 0; i < write->series_count; i++) {
        if (i % RENEW_AT == 0)
            sm_write_series_writer_renew(&poster->to);
        sort_samples(write->series[i]);
        if (!take_series(poster, write->series[i], error))
            return false;
    }
    return true;
}

static bool take_metadata(struct sm_write_poster *poster, const struct sm_write_metadata *metadata, struct sm_error *error)
{
    struct sm_proto_writer *writer = &poster->to.writer;
    sm_proto_writer_rewind(writer);
    sm_write_put_text(writer, 5, metadata->unit);
    sm_write_put_text(writer, 4, metadata->help);
    sm_write_put_text(writer, 2, metadata->name);
    sm_write_put_uint(writer, 1, metadata->type);
    if (poster->plain.size + poster->unpacked_size > 0 && is_full(poster, writer->size, 0) && !end_post(poster, error))
        return false;
    return add_part(poster, METADATA_V1, 0, error);
}

bool sm_write_poster_end(struct sm_write_poster *poster, const struct sm_write *write, struct sm_write_post **posts, size_t *count,
                         struct sm_error *error)
{
    bool is_made = end_post(poster, error);
    for (size_t i = 0; is_made && poster->has_series && i < write->metadata_count; i++)
        is_made = take_metadata(poster, &write->metadata[i], error);
    if (!is_made || !end_post(poster, error))
        return false;
    *posts = poster->posts;
    *count = poster->count;
    poster->posts = NULL;
    poster->count = poster->capacity = 0;
    return true;
}
