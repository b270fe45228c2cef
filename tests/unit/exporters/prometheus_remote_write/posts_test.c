/* The bodies of both versions: cut by size, packed, and read again with nothing lost. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "exporters/prometheus_remote_write/posts.h"
#include "wire/compression.h"
#include "wire/protobuf.h"

enum { SERIES = 600 };

struct posts {
    struct sm_write_post *items;
    size_t count;
};

static struct sm_buffer *unpack(const struct sm_write_post *post)
{
    struct sm_buffer *plain;
    assert_int_equal(sm_decompress(SM_COMPRESSION_SNAPPY, sm_bytes_slice(&post->body), 0, &plain), SM_DECOMPRESS_OK);
    return plain;
}

/* Every third series has its labels alone, the others share theirs; two samples each, the later one first. */
static void fill(struct sm_write *write, int count)
{
    static struct sm_write_label names[2], extra;
    names[0] = sm_write_make_label(SM_SLICE("__name__"), SM_SLICE("h_bucket"));
    names[1] = sm_write_make_label(SM_SLICE("__name__"), SM_SLICE("h_count"));
    extra = sm_write_make_label(SM_SLICE("le"), SM_SLICE("0.5"));
    sm_write_describe(write, (struct sm_write_metadata){.type = SM_WRITE_TYPE_HISTOGRAM, .help = SM_SLICE("How long"), .unit = SM_SLICE("s")});
    struct sm_write_base *base = NULL;
    for (int i = 0; i < count; i++) {
        struct sm_prometheus_pair *labels = sm_arena_alloc(write->arena, 2 * sizeof(*labels));
        labels[0] = (struct sm_prometheus_pair){.name = SM_SLICE("a"), .value = SM_SLICE("same")};
        labels[1] = (struct sm_prometheus_pair){.name = SM_SLICE("n"), .value = sm_slice_of(sm_arena_printf(write->arena, "%09d", i - i % 3 % 2))};
        if (i % 3 == 1 || !base) {
            base = sm_arena_alloc(write->arena, sizeof(*base));
            *base = sm_write_make_base((struct sm_write_labels){.items = labels, .count = 2});
        }
        struct sm_write_key key = {.base = base, .name = &names[i % 3 - 1 == 0], .extra = i % 3 == 2 ? &extra : NULL};
        struct sm_write_series *series =
            i % 3 ? sm_write_series_get_shared(write, &key) : sm_write_series_get(write, (struct sm_write_labels){.items = labels, .count = 2});
        sm_write_add_sample(write, series, i, i + 1);
        sm_write_add_sample(write, series, i, i);
    }
    assert_int_equal(write->series_count, count);
}

static void show_expected(struct sm_write *write, struct sm_bytes *out)
{
    for (size_t i = 0; i < write->series_count; i++) {
        struct sm_write_labels labels = sm_write_labels_of(write, write->series[i]);
        for (size_t k = 0; k < labels.count; k++)
            sm_bytes_printf(out, "%.*s=%.*s ", SM_SLICE_ARGS(labels.items[k].name), SM_SLICE_ARGS(labels.items[k].value));
        sm_bytes_printf(out, "%d %d\n", (int)i, (int)i + 1);
    }
}

static struct posts make(size_t limit, size_t samples, bool is_version_2, int series, size_t windows, struct sm_bytes *expected)
{
    struct posts posts;
    struct sm_error error = {0};
    struct sm_write_poster *poster = sm_write_poster_create(&(struct sm_write_limits){.bytes = limit, .samples = samples}, is_version_2);
    struct sm_arena arena = SM_ARENA_INIT;
    struct sm_write write;
    sm_write_init(&write, &arena);
    fill(&write, series);
    show_expected(&write, expected);
    if (!is_version_2)
        sm_write_add_metadata(&write, &(struct sm_write_metadata){.name = SM_SLICE("n"), .type = 1});
    struct sm_write_series **all = write.series;
    size_t each = write.series_count / windows;
    for (size_t i = 0; i < windows; i++) {
        write.series = all + i * each;
        write.series_count = i + 1 < windows ? each : (size_t)series - i * each;
        assert_true(sm_write_poster_take(poster, &write, &error));
    }
    assert_true(sm_write_poster_end(poster, &write, &posts.items, &posts.count, &error));
    sm_write_poster_free(poster);
    sm_write_deinit(&write);
    sm_arena_deinit(&arena);
    return posts;
}

static void show_sample(struct sm_slice message, struct sm_bytes *out)
{
    struct sm_proto_cursor cursor = sm_proto_begin(message);
    struct sm_proto_field field;
    int64_t time = 0;
    while (sm_proto_next(&cursor, &field))
        time = field.number == 2 ? (int64_t)field.integer : time;
    sm_bytes_printf(out, "%lld", (long long)time);
}

/* ---- version 1 */

static void show_label(struct sm_slice message, struct sm_bytes *out)
{
    struct sm_proto_cursor cursor = sm_proto_begin(message);
    struct sm_proto_field field;
    while (sm_proto_next(&cursor, &field))
        sm_bytes_printf(out, "%.*s%c", SM_SLICE_ARGS(field.bytes), field.number == 1 ? '=' : ' ');
}

static void show_series(struct sm_slice message, struct sm_bytes *out)
{
    struct sm_proto_cursor cursor = sm_proto_begin(message);
    struct sm_proto_field field;
    int samples = 0;
    while (sm_proto_next(&cursor, &field)) {
        if (field.number == 1) {
            show_label(field.bytes, out);
        } else {
            assert_int_equal(field.number, 2);
            show_sample(field.bytes, out);
            sm_bytes_append_char(out, samples++ ? '\n' : ' ');
        }
    }
    assert_null(cursor.error);
}

/* Returns how many series the post has. */
static size_t show_post(const struct sm_write_post *post, struct sm_bytes *out, size_t *metadata)
{
    struct sm_buffer *plain = unpack(post);
    struct sm_proto_cursor cursor = sm_proto_begin(sm_buffer_slice(plain));
    struct sm_proto_field field;
    size_t series = 0;
    while (sm_proto_next(&cursor, &field)) {
        if (field.number == 3) {
            ++*metadata;
            continue;
        }
        assert_int_equal(field.number, 1);
        show_series(field.bytes, out);
        series++;
    }
    assert_null(cursor.error);
    sm_buffer_release(plain);
    return series;
}

static void splits_posts_by_size_and_loses_nothing(void **state)
{
    (void)state;
    static const size_t sizes[] = {1, 200, 1000, 60000, 1000000};
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        struct sm_bytes expected = {0}, shown = {0};
        size_t metadata = 0, series = 0;
        struct posts posts = make(sizes[i], 0, false, SERIES, 1 + i, &expected);
        for (size_t k = 0; k < posts.count; k++) {
            size_t more = show_post(&posts.items[k], &shown, &metadata);
            assert_true(more > 0 || k == posts.count - 1);
            assert_true(more < 2 || more * 30 < sizes[i]);
            series += more;
        }
        assert_int_equal(series, SERIES);
        assert_int_equal(metadata, 1);
        assert_true(sizes[i] > 50 ? posts.count < SERIES + 1 : posts.count == SERIES + 1);
        assert_true(sizes[i] == 1000000 ? posts.count == 2 : posts.count > 2 || sizes[i] == 60000);
        assert_string_equal(sm_bytes_cstr(&shown), sm_bytes_cstr(&expected));
        sm_bytes_deinit(&expected);
        sm_bytes_deinit(&shown);
        sm_write_free_posts(posts.items, posts.count);
    }
}

static void sends_nothing_when_there_are_no_series(void **state)
{
    (void)state;
    struct sm_bytes expected = {0};
    for (int version = 1; version <= 2; version++) {
        struct posts posts = make(100, 0, version == 2, 0, 1, &expected);
        assert_int_equal(posts.count, 0);
        sm_write_free_posts(posts.items, posts.count);
    }
    sm_bytes_deinit(&expected);
}

/* ---- version 2 */

struct texts {
    struct sm_slice items[SERIES + 16];
    size_t count, bytes;
};

static void add_text(struct texts *texts, struct sm_slice text)
{
    assert_true(texts->count > 0 || text.size == 0);
    for (size_t i = 0; i < texts->count; i++)
        assert_false(sm_slice_equal(texts->items[i], text));
    assert_true(texts->count < SERIES + 16);
    texts->items[texts->count++] = text;
    texts->bytes += text.size;
}

static struct sm_slice read_text(const struct texts *texts, const char **at, const char *end)
{
    uint64_t number;
    assert_true(sm_proto_read_varint(at, end, &number));
    assert_true(number > 0 && number < texts->count);
    return texts->items[number];
}

static void check_metadata(const struct texts *texts, struct sm_slice message)
{
    struct sm_proto_cursor cursor = sm_proto_begin(message);
    struct sm_proto_field field;
    while (sm_proto_next(&cursor, &field)) {
        assert_true(field.integer < texts->count);
        assert_true(field.number != 1 || field.integer == SM_WRITE_TYPE_HISTOGRAM);
        assert_true(field.number != 3 || sm_slice_is(texts->items[field.integer], "How long"));
        assert_true(field.number != 4 || sm_slice_is(texts->items[field.integer], "s"));
    }
}

static void show_series_2(const struct texts *texts, struct sm_slice message, struct sm_bytes *out)
{
    struct sm_proto_cursor cursor = sm_proto_begin(message);
    struct sm_proto_field field;
    int samples = 0;
    while (sm_proto_next(&cursor, &field)) {
        const char *at = field.bytes.ptr, *end = at + field.bytes.size;
        switch (field.number) {
        case 1:
            while (at < end) {
                struct sm_slice name = read_text(texts, &at, end), value = read_text(texts, &at, end);
                sm_bytes_printf(out, "%.*s=%.*s ", SM_SLICE_ARGS(name), SM_SLICE_ARGS(value));
            }
            break;
        case 2:
            show_sample(field.bytes, out);
            sm_bytes_append_char(out, samples++ ? '\n' : ' ');
            break;
        default:
            assert_int_equal(field.number, 5);
            check_metadata(texts, field.bytes);
        }
    }
    assert_null(cursor.error);
}

static size_t show_post_2(const struct sm_write_post *post, size_t limit, size_t sample_limit, struct sm_bytes *out)
{
    struct sm_buffer *plain = unpack(post);
    struct sm_proto_cursor cursor = sm_proto_begin(sm_buffer_slice(plain));
    struct sm_proto_field field;
    struct texts texts = {0};
    size_t series = 0, bytes = 0;
    while (sm_proto_next(&cursor, &field)) {
        if (field.number == 4) {
            assert_int_equal(series, 0); /* before all series */
            add_text(&texts, field.bytes);
            continue;
        }
        assert_int_equal(field.number, 5);
        show_series_2(&texts, field.bytes, out);
        series++;
        bytes += field.bytes.size;
    }
    assert_null(cursor.error);
    assert_true(series == 1 || texts.bytes + bytes < limit);
    assert_true(series == 1 || !sample_limit || series * 2 <= sample_limit);
    sm_buffer_release(plain);
    return series;
}

static void numbers_the_texts_of_each_post_anew(void **state)
{
    (void)state;
    static const size_t sizes[] = {1, 100, 150, 1000, 20000, 1000000, 1000000}, samples[] = {0, 0, 0, 0, 0, 0, 7};
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        struct sm_bytes expected = {0}, shown = {0};
        size_t series = 0;
        struct posts posts = make(sizes[i], samples[i], true, SERIES, 1 + i, &expected);
        for (size_t k = 0; k < posts.count; k++)
            series += show_post_2(&posts.items[k], sizes[i], samples[i], &shown);
        assert_int_equal(series, SERIES);
        assert_true(sizes[i] < 1000000 || samples[i] ? posts.count > 1 : posts.count == 1);
        assert_string_equal(sm_bytes_cstr(&shown), sm_bytes_cstr(&expected));
        sm_bytes_deinit(&expected);
        sm_bytes_deinit(&shown);
        sm_write_free_posts(posts.items, posts.count);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(splits_posts_by_size_and_loses_nothing),
        cmocka_unit_test(sends_nothing_when_there_are_no_series),
        cmocka_unit_test(numbers_the_texts_of_each_post_anew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
