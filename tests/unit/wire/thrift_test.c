/* thrift.h: values of both protocols, and what is refused. Bytes are written out by the specifications of the protocols. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "wire/thrift.h"

#define BYTES(literal) sm_slice_make("" literal, sizeof(literal) - 1)

static void reads_fields_of_both_protocols(void **state)
{
    (void)state;
    /* { 1: bool true, 2: i64 -5, 3: string "ab", 4: double 1.5 } */
    const struct sm_slice messages[] = {
        [SM_THRIFT_BINARY] = BYTES("\x02\0\x01\x01"
                                   "\x0a\0\x02\xff\xff\xff\xff\xff\xff\xff\xfb"
                                   "\x0b\0\x03\0\0\0\x02"
                                   "ab"
                                   "\x04\0\x04\x3f\xf8\0\0\0\0\0\0\0"),
        [SM_THRIFT_COMPACT] = BYTES("\x11\x16\x09\x18\x02"
                                    "ab"
                                    "\x17\0\0\0\0\0\0\xf8\x3f\0"),
    };
    for (int protocol = SM_THRIFT_BINARY; protocol <= SM_THRIFT_COMPACT; protocol++) {
        struct sm_thrift_reader reader = sm_thrift_begin((enum sm_thrift_protocol)protocol, messages[protocol]);
        struct sm_thrift_field field;
        bool flag = false;
        int64_t integer = 0;
        struct sm_slice text = {0};
        double number = 0;
        assert_true(sm_thrift_next_field(&reader, &field) && field.type == SM_THRIFT_BOOL && sm_thrift_read_bool(&reader, &flag) && flag);
        assert_true(sm_thrift_next_field(&reader, &field) && field.id == 2 && sm_thrift_read_i64(&reader, &integer) && integer == -5);
        assert_true(sm_thrift_next_field(&reader, &field) && sm_thrift_read_bytes(&reader, &text) && sm_slice_is(text, "ab"));
        assert_true(sm_thrift_next_field(&reader, &field) && field.id == 4 && sm_thrift_read_double(&reader, &number) && number == 1.5);
        assert_false(sm_thrift_next_field(&reader, &field));
        assert_null(reader.error);
        assert_ptr_equal(reader.at, reader.end);
    }
}

struct refused {
    enum sm_thrift_protocol protocol;
    struct sm_slice bytes;
};

static void refuses_wrong_lengths_and_types(void **state)
{
    (void)state;
    const struct refused cases[] = {
        {SM_THRIFT_BINARY, BYTES("\x0b\0\x01\xff\xff\xff\xff")}, /* negative length */
        {SM_THRIFT_BINARY, BYTES("\x0b\0\x01\x7f\xff\xff\xff")}, /* beyond the limit */
        {SM_THRIFT_BINARY, BYTES("\x0b\0\x01\0\0\0\x05"
                                 "ab")},                                                /* beyond the end */
        {SM_THRIFT_BINARY, BYTES("\x0f\0\x01\x0c\xff\xff\xff\xff")},                    /* negative count */
        {SM_THRIFT_BINARY, BYTES("\x63\0\x01\0")},                                      /* no such type */
        {SM_THRIFT_BINARY, BYTES("\x0a\0\x01\0\0")},                                    /* truncated number */
        {SM_THRIFT_COMPACT, BYTES("\x18\xff\xff\xff\xff\x0f")},                         /* negative length */
        {SM_THRIFT_COMPACT, BYTES("\x1e\0")},                                           /* no such type */
        {SM_THRIFT_COMPACT, BYTES("\x16\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01")}, /* varint of 11 bytes */
        {SM_THRIFT_COMPACT, BYTES("\x19\xfc\xff\xff\xff\xff\x07\0")},                   /* a huge list */
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct sm_thrift_reader reader = sm_thrift_begin(cases[i].protocol, cases[i].bytes);
        struct sm_thrift_field field;
        while (sm_thrift_next_field(&reader, &field))
            sm_thrift_skip(&reader, field.type);
        if (!reader.error)
            print_error("case %zu\n", i);
        assert_non_null(reader.error);
        assert_true(reader.at <= reader.end);
    }
}

static void skips_no_deeper_than_the_limit(void **state)
{
    (void)state;
    char bytes[4 * SM_THRIFT_DEPTH_MAX * 2];
    for (unsigned depth = SM_THRIFT_DEPTH_MAX - 1; depth <= SM_THRIFT_DEPTH_MAX; depth++) {
        size_t size = 0;
        for (unsigned i = 1; i < depth; i++, size += 3)
            memcpy(bytes + size, "\x0c\0\x01", 3);
        memcpy(bytes + size, "\x02\0\x01\x01", 4);
        size += 4;
        memset(bytes + size, 0, depth);
        size += depth;
        struct sm_thrift_reader reader = sm_thrift_begin(SM_THRIFT_BINARY, sm_slice_make(bytes, size));
        assert_int_equal(sm_thrift_skip(&reader, SM_THRIFT_STRUCT), depth < SM_THRIFT_DEPTH_MAX);
    }
}

static void reads_calls_with_and_without_a_version(void **state)
{
    (void)state;
    const struct refused cases[] = {
        {SM_THRIFT_BINARY, BYTES("\x80\x01\0\x04\0\0\0\x02"
                                 "go\0\0\0\x07")},
        {SM_THRIFT_BINARY, BYTES("\0\0\0\x02"
                                 "go\x04\0\0\0\x07")},
        {SM_THRIFT_COMPACT, BYTES("\x82\x81\x07\x02"
                                  "go")},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct sm_thrift_reader reader = sm_thrift_begin(cases[i].protocol, cases[i].bytes);
        struct sm_slice name = {0};
        assert_true(sm_thrift_read_message(&reader, &name));
        assert_true(sm_slice_is(name, "go"));
        assert_ptr_equal(reader.at, reader.end);
    }
    struct sm_thrift_reader reader = sm_thrift_begin(SM_THRIFT_COMPACT, BYTES("\x82\x82\x07\x02go"));
    struct sm_slice name;
    assert_false(sm_thrift_read_message(&reader, &name));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_fields_of_both_protocols),
        cmocka_unit_test(refuses_wrong_lengths_and_types),
        cmocka_unit_test(skips_no_deeper_than_the_limit),
        cmocka_unit_test(reads_calls_with_and_without_a_version),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
