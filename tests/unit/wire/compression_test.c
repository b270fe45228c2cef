#include "wire/compression.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include <cmocka.h>

#include "wire/protobuf.h"

static const enum sm_compression all[] = {SM_COMPRESSION_NONE,    SM_COMPRESSION_GZIP,   SM_COMPRESSION_ZSTD,          SM_COMPRESSION_ZLIB,
                                          SM_COMPRESSION_DEFLATE, SM_COMPRESSION_SNAPPY, SM_COMPRESSION_SNAPPY_FRAMED, SM_COMPRESSION_LZ4};
enum { ALL = sizeof(all) / sizeof(all[0]) };

/* Text that compresses, with some noise in it. */
static struct sm_bytes sample(size_t size)
{
    struct sm_bytes bytes = {0};
    for (unsigned i = 0; bytes.size < size; i++)
        sm_bytes_printf(&bytes, "GET /items/%u?x=%x ", i % 97, i * 2654435761u);
    bytes.size = size;
    return bytes;
}

static void packs_and_unpacks_all_sizes(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 100, 65535, 65536, 65537, 1000000};
    for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
        struct sm_bytes plain = sample(sizes[s]);
        for (size_t i = 0; i < ALL; i++) {
            struct sm_bytes packed = {0};
            struct sm_buffer *unpacked = NULL;
            assert_true(sm_compress(all[i], 0, sm_bytes_slice(&plain), &packed, NULL));
            assert_int_equal(sm_decompress(all[i], sm_bytes_slice(&packed), sizes[s], &unpacked), SM_DECOMPRESS_OK);
            assert_true(sm_slice_equal(sm_buffer_slice(unpacked), sm_bytes_slice(&plain)));
            sm_buffer_release(unpacked);
            sm_bytes_deinit(&packed);
        }
        sm_bytes_deinit(&plain);
    }
}

static void packs_pieces_like_the_whole(void **state)
{
    (void)state;
    struct sm_bytes plain = sample(300000);
    struct iovec pieces[] = {{plain.ptr, 10}, {plain.ptr + 10, 0}, {plain.ptr + 10, 200000}, {plain.ptr + 200010, 99990}};
    for (size_t i = 0; i < ALL; i++) {
        struct sm_bytes packed = {0};
        struct sm_buffer *unpacked = NULL;
        assert_true(sm_compress_pieces(all[i], 1, pieces, 4, &packed, NULL));
        assert_int_equal(sm_decompress(all[i], sm_bytes_slice(&packed), 0, &unpacked), SM_DECOMPRESS_OK);
        assert_true(sm_slice_equal(sm_buffer_slice(unpacked), sm_bytes_slice(&plain)));
        sm_buffer_release(unpacked);
        sm_bytes_deinit(&packed);
    }
    sm_bytes_deinit(&plain);
}

static void stops_at_the_limit(void **state)
{
    (void)state;
    struct sm_bytes plain = {0};
    memset(sm_bytes_reserve(&plain, 10000000), 0, 10000000);
    plain.size = 10000000;
    for (size_t i = 0; i < ALL; i++) {
        struct sm_bytes packed = {0};
        struct sm_buffer *unpacked = NULL;
        assert_true(sm_compress(all[i], 0, sm_bytes_slice(&plain), &packed, NULL));
        assert_int_equal(sm_decompress(all[i], sm_bytes_slice(&packed), 9999999, &unpacked), SM_DECOMPRESS_TOO_LARGE);
        assert_int_equal(sm_decompress(all[i], sm_bytes_slice(&packed), 10, &unpacked), SM_DECOMPRESS_TOO_LARGE);
        assert_null(unpacked);
        sm_bytes_deinit(&packed);
    }
    sm_bytes_deinit(&plain);
}

static void every_truncation_is_noticed(void **state)
{
    (void)state;
    struct sm_bytes plain = sample(500);
    for (size_t i = 1; i < ALL; i++) {
        struct sm_bytes packed = {0};
        assert_true(sm_compress(all[i], 0, sm_bytes_slice(&plain), &packed, NULL));
        for (size_t size = 1; size < packed.size; size++) {
            struct sm_buffer *unpacked = NULL;
            enum sm_decompress_result result = sm_decompress(all[i], sm_slice_make(packed.ptr, size), 0, &unpacked);
            /* The stream header of framed snappy alone is an empty stream. */
            assert_int_equal(result, i == SM_COMPRESSION_SNAPPY_FRAMED && size == 10 ? SM_DECOMPRESS_OK : SM_DECOMPRESS_CORRUPT);
            sm_buffer_release(unpacked);
        }
        sm_bytes_deinit(&packed);
    }
    sm_bytes_deinit(&plain);
}

static void reads_several_gzip_members(void **state)
{
    (void)state;
    struct sm_bytes packed = {0};
    struct sm_buffer *unpacked = NULL;
    assert_true(sm_compress(SM_COMPRESSION_GZIP, 0, SM_SLICE("first "), &packed, NULL));
    assert_true(sm_compress(SM_COMPRESSION_GZIP, 9, SM_SLICE("second"), &packed, NULL));
    assert_int_equal(sm_decompress(SM_COMPRESSION_GZIP, sm_bytes_slice(&packed), 100, &unpacked), SM_DECOMPRESS_OK);
    assert_true(sm_slice_is(sm_buffer_slice(unpacked), "first second"));
    sm_buffer_release(unpacked);
    sm_bytes_append_text(&packed, "no member");
    assert_int_equal(sm_decompress(SM_COMPRESSION_GZIP, sm_bytes_slice(&packed), 100, &unpacked), SM_DECOMPRESS_CORRUPT);
    sm_bytes_deinit(&packed);
}

static void snappy_is_read_framed_or_as_a_block(void **state)
{
    (void)state;
    static const enum sm_compression forms[] = {SM_COMPRESSION_SNAPPY, SM_COMPRESSION_SNAPPY_FRAMED};
    for (size_t i = 0; i < 2; i++) {
        struct sm_bytes packed = {0};
        struct sm_buffer *unpacked = NULL;
        assert_true(sm_compress(forms[i], 0, SM_SLICE("either"), &packed, NULL));
        assert_int_equal(sm_decompress(SM_COMPRESSION_SNAPPY, sm_bytes_slice(&packed), 100, &unpacked), SM_DECOMPRESS_OK);
        assert_true(sm_slice_is(sm_buffer_slice(unpacked), "either"));
        sm_buffer_release(unpacked);
        sm_bytes_deinit(&packed);
    }
}

static void runs_of_snappy_elements_stand_in_any_order(void **state)
{
    (void)state;
    struct sm_bytes long_run = {0}, left = {0}, right = {0}, block = {0};
    struct sm_buffer *unpacked = NULL;
    for (int i = 0; i < 20000; i++)
        sm_bytes_printf(&long_run, "run %d, ", i % 100);
    assert_true(sm_compress_snappy_elements(sm_bytes_slice(&long_run), &right, NULL));
    assert_true(sm_compress_snappy_elements(SM_SLICE("first: "), &left, NULL));
    assert_true(sm_compress_snappy_elements((struct sm_slice){0}, &left, NULL));
    sm_proto_put_varint(&block, long_run.size + 7);
    sm_bytes_append_slice(&block, sm_bytes_slice(&left));
    sm_bytes_append_slice(&block, sm_bytes_slice(&right));
    assert_true(block.size < long_run.size / 2);
    assert_int_equal(sm_decompress(SM_COMPRESSION_SNAPPY, sm_bytes_slice(&block), 0, &unpacked), SM_DECOMPRESS_OK);
    assert_int_equal(unpacked->size, long_run.size + 7);
    assert_memory_equal(unpacked->data, "first: ", 7);
    assert_memory_equal(unpacked->data + 7, long_run.ptr, long_run.size);
    sm_buffer_release(unpacked);
    sm_bytes_deinit(&long_run);
    sm_bytes_deinit(&left);
    sm_bytes_deinit(&right);
    sm_bytes_deinit(&block);
}

static void finds_names_exactly(void **state)
{
    (void)state;
    enum sm_compression found;
    for (size_t i = 0; i < ALL; i++) {
        assert_true(sm_compression_find(sm_slice_of(sm_compression_name(all[i])), &found));
        assert_int_equal(found, all[i]);
    }
    assert_false(sm_compression_find(SM_SLICE("GZIP"), &found));
    assert_false(sm_compression_find(SM_SLICE("identity"), &found));
    assert_false(sm_compression_find(SM_SLICE("gzip, gzip"), &found));
}

static void refuses_impossible_levels(void **state)
{
    (void)state;
    struct sm_error error = {0};
    struct sm_bytes packed = {0};
    assert_false(sm_compress(SM_COMPRESSION_GZIP, 77, SM_SLICE("x"), &packed, &error));
    assert_int_equal(error.class, SM_ERROR_USAGE);
    sm_bytes_deinit(&packed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(packs_and_unpacks_all_sizes),
        cmocka_unit_test(packs_pieces_like_the_whole),
        cmocka_unit_test(stops_at_the_limit),
        cmocka_unit_test(every_truncation_is_noticed),
        cmocka_unit_test(reads_several_gzip_members),
        cmocka_unit_test(snappy_is_read_framed_or_as_a_block),
        cmocka_unit_test(runs_of_snappy_elements_stand_in_any_order),
        cmocka_unit_test(finds_names_exactly),
        cmocka_unit_test(refuses_impossible_levels),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
