#include "telemetry/otlp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "telemetry/sample_request.h"

/* What the text reads and writes as; NULL: refused. */
static char *through(enum sm_signal signal, const char *text)
{
    struct sm_decode_error error = {0};
    struct sm_bytes out = {0};
    struct sm_batch *batch = sm_otlp_decode_json(signal, sm_slice_of(text), &error);
    assert_int_equal(batch == NULL, error.reason != NULL);
    if (!batch)
        return NULL;
    sm_otlp_encode_json(batch, &out);
    sm_batch_release(batch);
    sm_bytes_cstr(&out);
    return out.ptr;
}

static void assert_through(enum sm_signal signal, const char *text, const char *expected)
{
    char *got = through(signal, text);
    if (!got != !expected || (got && strcmp(got, expected) != 0))
        print_error("%s\n gave     %s\n expected %s\n", text, got ? got : "(refused)", expected ? expected : "(refused)");
    assert_int_equal(!got, !expected);
    if (got)
        assert_string_equal(got, expected);
    free(got);
}

struct form {
    const char *member;  /* of the span, value or record */
    const char *written; /* NULL: refused */
};

/* Each form as the only member of the object at `place` ("%s"). */
static void assert_forms(enum sm_signal signal, const char *place, const char *written_place, const struct form *forms, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct sm_bytes text = {0}, expected = {0};
        const char *at = strchr(place, '%'), *written_at = strchr(written_place, '%');
        sm_bytes_printf(&text, "%.*s%s%s", (int)(at - place), place, forms[i].member, at + 1);
        if (forms[i].written)
            sm_bytes_printf(&expected, "%.*s%s%s", (int)(written_at - written_place), written_place, forms[i].written, written_at + 1);
        assert_through(signal, sm_bytes_cstr(&text), forms[i].written ? sm_bytes_cstr(&expected) : NULL);
        sm_bytes_deinit(&text);
        sm_bytes_deinit(&expected);
    }
}

static void takes_and_refuses_forms_of_a_span_as_the_reference_does(void **state)
{
    (void)state;
    static const struct form forms[] = {
        {"", ""},
        {"\"name\":\"x\",", "\"name\":\"x\","},
        {"\"name\":null,", ""},
        {"\"name\":\"a\",\"name\":\"b\",", "\"name\":\"b\","},
        {"\"n\\u0061me\":\"x\",", "\"name\":\"x\","},
        {"\"unknown\":{\"a\":[1,-2.5e3,true,null,{\"b\":\"\\n\"}]},", ""},
        {"\"unknown\":[1,],", NULL},
        {"\"unknown\":tru,", NULL},
        {"\"name\":\"\\u00e9\\ud83d\\ude00\\n\\/\",", "\"name\":\"\xc3\xa9\xf0\x9f\x98\x80\\n/\","},
        {"\"name\":\"\\ud800x\",", "\"name\":\"\xef\xbf\xbdx\","},
        {"\"name\":\"\\x\",", NULL},
        {"\"name\":\"\xff\xfe\",", "\"name\":\"\xff\xfe\","},
        {"\"name\":\"\x01\",", NULL},
        {"\"name\":7,", NULL},
        {"\"kind\":2,", "\"kind\":2,"},
        {"\"kind\":77,", "\"kind\":77,"},
        {"\"kind\":\"SPAN_KIND_CLIENT\",", "\"kind\":3,"},
        {"\"kind\":\"3\",", NULL},
        {"\"kind\":\"span_kind_client\",", NULL},
        {"\"kind\":null,", NULL},
        {"\"kind\":2147483648,", NULL},
        {"\"flags\":257,", "\"flags\":257,"},
        {"\"flags\":\"4294967295\",", "\"flags\":4294967295,"},
        {"\"flags\":4294967296,", NULL},
        {"\"flags\":-1,", NULL},
        {"\"start_time_unix_nano\":18446744073709551615,", "\"startTimeUnixNano\":\"18446744073709551615\","},
        {"\"startTimeUnixNano\":\"18446744073709551616\",", NULL},
        {"\"startTimeUnixNano\":\"\",", NULL},
        {"\"startTimeUnixNano\":\"+7\",", NULL},
        {"\"startTimeUnixNano\":1.5,", NULL},
        {"\"startTimeUnixNano\":01,", NULL},
        {"\"traceId\":\"5B8EFFF798038103D269B633813FC60C\",", "\"traceId\":\"5b8efff798038103d269b633813fc60c\","},
        {"\"traceId\":\"\",", ""},
        {"\"traceId\":\"00000000000000000000000000000000\",", ""},
        {"\"traceId\":\"5b8e\",", NULL},
        {"\"spanId\":\"eee19b7ec3c1b17g\",", NULL},
        {"\"spanId\":null,", NULL},
        {"\"attributes\":null,\"events\":null,", ""},
        {"\"attributes\":[{}],", "\"attributes\":[{\"value\":{}}],"},
        {"\"attributes\":[null],", "\"attributes\":[{\"value\":{}}],"},
        {"\"attributes\":[{\"key\":\"k\",\"value\":null}],", "\"attributes\":[{\"key\":\"k\",\"value\":{}}],"},
        {"\"attributes\":{},", NULL},
        {"\"attributes\":[{\"key\":\"a\"}],\"attributes\":[{\"key\":\"b\"}],",
         "\"attributes\":[{\"key\":\"a\",\"value\":{}},{\"key\":\"b\",\"value\":{}}],"},
        {"\"events\":[{\"timeUnixNano\":9,\"name\":\"e\"}],", "\"events\":[{\"timeUnixNano\":\"9\",\"name\":\"e\"}],"},
    };
    assert_forms(SM_TRACES, "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[{%\"status\":{}}]}]}]}",
                 "{\"resourceSpans\":[{\"resource\":{},\"scopeSpans\":[{\"scope\":{},\"spans\":[{%\"status\":{}}]}]}]}", forms,
                 sizeof(forms) / sizeof(forms[0]));
}

static void takes_and_refuses_forms_of_a_value_as_the_reference_does(void **state)
{
    (void)state;
    static const struct form forms[] = {
        {"\"stringValue\":\"\"", "\"stringValue\":\"\""},
        {"\"boolValue\":false", "\"boolValue\":false"},
        {"\"boolValue\":\"true\"", NULL},
        {"\"boolValue\":1", NULL},
        {"\"intValue\":7", "\"intValue\":\"7\""},
        {"\"int_value\":\"-9007199254740993\"", "\"intValue\":\"-9007199254740993\""},
        {"\"intValue\":\"+7\"", "\"intValue\":\"7\""},
        {"\"intValue\":\"-9223372036854775808\"", "\"intValue\":\"-9223372036854775808\""},
        {"\"intValue\":9223372036854775808", NULL},
        {"\"intValue\":1.5", NULL},
        {"\"intValue\":\"1e3\"", NULL},
        {"\"intValue\":1e3", NULL},
        {"\"doubleValue\":3", "\"doubleValue\":3"},
        {"\"doubleValue\":1e-7", "\"doubleValue\":1e-07"},
        {"\"doubleValue\":1E21", "\"doubleValue\":1e+21"},
        {"\"doubleValue\":0.1", "\"doubleValue\":0.1"},
        {"\"doubleValue\":123456789.125", "\"doubleValue\":123456789.125"},
        {"\"doubleValue\":\"1.5\"", "\"doubleValue\":1.5"},
        {"\"doubleValue\":\".5\"", "\"doubleValue\":0.5"},
        {"\"doubleValue\":\"0x1p-2\"", "\"doubleValue\":0.25"},
        {"\"doubleValue\":\"NaN\"", "\"doubleValue\":\"NaN\""},
        {"\"doubleValue\":\"-infinity\"", "\"doubleValue\":\"-Infinity\""},
        {"\"doubleValue\":.5", NULL},
        {"\"doubleValue\":1.", NULL},
        {"\"doubleValue\":1e400", NULL},
        {"\"doubleValue\":\" 1\"", NULL},
        {"\"doubleValue\":\"\"", NULL},
        {"\"bytesValue\":\"aGVsbG8=\"", "\"bytesValue\":\"aGVsbG8=\""},
        {"\"bytesValue\":\"\"", "\"bytesValue\":\"\""},
        {"\"bytesValue\":\"aGVsbG8\"", NULL},
        {"\"bytesValue\":\"-_-_\"", NULL},
        {"\"arrayValue\":{\"values\":[{\"intValue\":1},{}]}", "\"arrayValue\":{\"values\":[{\"intValue\":\"1\"},{}]}"},
        {"\"arrayValue\":null", "\"arrayValue\":{}"},
        {"\"kvlistValue\":{\"values\":[{\"key\":\"a\"}]}", "\"kvlistValue\":{\"values\":[{\"key\":\"a\",\"value\":{}}]}"},
        {"\"intValue\":1,\"stringValue\":\"last\"", "\"stringValue\":\"last\""},
    };
    assert_forms(SM_LOGS, "{\"resourceLogs\":[{\"scopeLogs\":[{\"logRecords\":[{\"body\":{%}}]}]}]}",
                 "{\"resourceLogs\":[{\"resource\":{},\"scopeLogs\":[{\"scope\":{},\"logRecords\":[{\"body\":{%}}]}]}]}", forms,
                 sizeof(forms) / sizeof(forms[0]));
    /* An attribute's value, and one that white space keeps from being known by its form. */
    static const char *const places[] = {"{\"resourceLogs\":[{\"resource\":{\"attributes\":[{\"key\":\"k\",\"value\":{%}}]}}]}",
                                         "{\"resourceLogs\":[{\"resource\":{\"attributes\":[{\"key\":\"k\", \"value\":{%}}]}}]}"};
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
        assert_forms(SM_LOGS, places[i], places[0], forms, sizeof(forms) / sizeof(forms[0]));
}

static void reads_names_and_texts_of_every_size(void **state)
{
    (void)state;
    for (int size = 0; size <= 300; size++) {
        struct sm_bytes text = {0};
        sm_bytes_printf(&text,
                        "{\"resourceSpans\":[{\"resource\":{\"attributes\":[{\"key\":\"%0*d\",\"value\":{\"stringValue\":\"v\"}},"
                        "{\"key\":\"k\",\"value\":{\"stringValue\":\"%0*d\"}},{\"key\":\"k\",\"value\":{\"intValue\":\"-%d\"}}]}}]}",
                        size + 1, 7, size + 1, 8, size + 1);
        assert_through(SM_TRACES, sm_bytes_cstr(&text), sm_bytes_cstr(&text));
        sm_bytes_deinit(&text);
    }
}

/* In a block of its own size each time, so that the address sanitizer sees a byte read behind the end. */
static void refuses_a_request_cut_anywhere(void **state)
{
    (void)state;
    static const char request[] =
        "{\"resourceSpans\":[{\"resource\":{\"attributes\":[{\"key\":\"k\",\"value\":{\"stringValue\":\"text\"}},"
        "{\"key\":\"n\",\"value\":{\"intValue\":\"12345678901\"}},{\"key\":\"n\",\"value\":{\"intValue\":7}}]},"
        "\"scopeSpans\":[{\"spans\":[{\"traceId\":\"5b8efff798038103d269b633813fc60c\",\"startTimeUnixNano\":\"1544712660000000000\"}]}]}]}";
    for (size_t size = 0; size < sizeof(request); size++) {
        struct sm_decode_error error;
        char *copy = malloc(size ? size : 1);
        memcpy(copy, request, size);
        struct sm_batch *batch = sm_otlp_decode_json(SM_TRACES, sm_slice_make(copy, size), &error);
        assert_int_equal(batch != NULL, size == sizeof(request) - 1);
        sm_batch_release(batch);
        free(copy);
    }
}

static void takes_fields_in_any_order_and_another_one_each_time(void **state)
{
    (void)state;
    assert_through(SM_TRACES,
                   "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":["
                   "{\"name\":\"a\",\"kind\":1,\"flags\":2,\"unknown\":[],\"status\":{}},{\"status\":{},\"flags\":2,\"kind\":1,\"name\":\"b\"},"
                   "{\"name\":\"c\",\"unknown\":{\"name\":0},\"flags\":2,\"status\":{\"code\":2,\"message\":\"m\"}},{\"name\":\"d\",\"status\":{"
                   "\"code\":1}}]}]}]}",
                   "{\"resourceSpans\":[{\"resource\":{},\"scopeSpans\":[{\"scope\":{},\"spans\":["
                   "{\"flags\":2,\"name\":\"a\",\"kind\":1,\"status\":{}},{\"flags\":2,\"name\":\"b\",\"kind\":1,\"status\":{}},"
                   "{\"flags\":2,\"name\":\"c\",\"status\":{\"message\":\"m\",\"code\":2}},{\"name\":\"d\",\"status\":{\"code\":1}}]}]}]}");
}

static void takes_and_refuses_whole_bodies_as_the_reference_does(void **state)
{
    (void)state;
    static const struct {
        const char *body, *written;
    } cases[] = {
        {"{}", "{}"},
        {"null", "{}"},
        {" \n{ } trailing", "{}"},
        {"{\"resourceSpans\":[]}", "{}"},
        {"{\"resourceSpans\":[{}]}", "{\"resourceSpans\":[{\"resource\":{}}]}"},
        {"", NULL},
        {" ", NULL},
        {"[]", NULL},
        {"\"text\"", NULL},
        {"{", NULL},
        {"{\"resourceSpans\":", NULL},
        {"{\"resourceSpans\":[}", NULL},
        {"{\"resourceSpans\":[{]}", NULL},
        {"{\"resourceSpans\" []}", NULL},
        {"{resourceSpans:[]}", NULL},
        {"{\"resourceSpans\":[],}", NULL},
        {"nul", NULL},
        {"\xef\xbb\xbf{}", NULL},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_through(SM_TRACES, cases[i].body, cases[i].written);
}

static void writes_metrics_as_the_reference_does(void **state)
{
    (void)state;
    static const char *const request =
        "{\"resourceMetrics\":[{\"resource\":{},\"scopeMetrics\":[{\"scope\":{\"name\":\"lib\"},\"metrics\":["
        "{\"name\":\"g\",\"unit\":\"ms\",\"gauge\":{\"dataPoints\":[{\"timeUnixNano\":\"2\",\"asInt\":\"0\",\"exemplars\":[{\"asDouble\":0}]}]}},"
        "{\"sum\":{\"dataPoints\":[{\"asDouble\":1.5,\"flags\":1}],\"aggregationTemporality\":2,\"isMonotonic\":true}},"
        "{\"histogram\":{\"dataPoints\":[{\"count\":\"5\",\"sum\":0,\"bucketCounts\":[\"1\",\"4\"],\"explicitBounds\":[2.5],\"min\":0,\"max\":1e+21}]"
        "}},"
        "{\"exponentialHistogram\":{\"dataPoints\":[{\"scale\":-2,\"zeroCount\":\"1\",\"positive\":{\"offset\":-3,\"bucketCounts\":[\"1\",\"300\"]},"
        "\"negative\":{},\"zeroThreshold\":0.001}]}},"
        "{\"summary\":{\"dataPoints\":[{\"count\":\"1\",\"sum\":2,\"quantileValues\":[{\"quantile\":0.5,\"value\":3},{}]}]}},{}"
        "],\"schemaUrl\":\"u\"}]}]}";
    assert_through(SM_METRICS, request, request);
}

static void refuses_values_nested_beyond_the_limit(void **state)
{
    (void)state;
    for (int depth = SM_OTLP_VALUE_DEPTH_MAX; depth <= SM_OTLP_VALUE_DEPTH_MAX + 1; depth++) {
        struct sm_bytes text = {0};
        sm_bytes_append_text(&text, "{\"resourceLogs\":[{\"scopeLogs\":[{\"logRecords\":[{\"body\":");
        for (int i = 0; i < depth; i++)
            sm_bytes_append_text(&text, "{\"arrayValue\":{\"values\":[");
        sm_bytes_append_text(&text, "{}");
        for (int i = 0; i < depth; i++)
            sm_bytes_append_text(&text, "]}}");
        sm_bytes_append_text(&text, "}]}]}]}");
        char *got = through(SM_LOGS, sm_bytes_cstr(&text));
        assert_int_equal(got != NULL, depth <= SM_OTLP_VALUE_DEPTH_MAX);
        free(got);
        sm_bytes_deinit(&text);
    }
    struct sm_bytes text = {0};
    sm_bytes_append_text(&text, "{\"unknown\":");
    for (int i = 0; i < 100000; i++)
        sm_bytes_append_char(&text, '[');
    assert_null(through(SM_LOGS, sm_bytes_cstr(&text)));
    sm_bytes_deinit(&text);
}

static void protobuf_and_json_tell_the_same(void **state)
{
    (void)state;
    struct sm_bytes bytes = {0}, first = {0}, second = {0};
    struct sm_decode_error error;
    sample_traces(&bytes, 2, 2, 3);
    struct sm_buffer *buffer = sm_buffer_try_copy(sm_bytes_slice(&bytes));
    struct sm_batch *batch = sm_otlp_decode_protobuf(SM_TRACES, buffer, &error);
    sm_otlp_encode_json(batch, &first);
    struct sm_batch *again = sm_otlp_decode_json(SM_TRACES, sm_bytes_slice(&first), &error);
    assert_non_null(again);
    sm_otlp_encode_json(again, &second);
    assert_true(sm_slice_equal(sm_bytes_slice(&first), sm_bytes_slice(&second)));
    assert_int_equal(again->item_count, 12);
    sm_batch_release(again);
    sm_batch_release(batch);
    sm_buffer_release(buffer);
    sm_bytes_deinit(&bytes);
    sm_bytes_deinit(&first);
    sm_bytes_deinit(&second);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_and_refuses_forms_of_a_span_as_the_reference_does),
        cmocka_unit_test(takes_and_refuses_forms_of_a_value_as_the_reference_does),
        cmocka_unit_test(reads_names_and_texts_of_every_size),
        cmocka_unit_test(refuses_a_request_cut_anywhere),
        cmocka_unit_test(takes_fields_in_any_order_and_another_one_each_time),
        cmocka_unit_test(takes_and_refuses_whole_bodies_as_the_reference_does),
        cmocka_unit_test(writes_metrics_as_the_reference_does),
        cmocka_unit_test(refuses_values_nested_beyond_the_limit),
        cmocka_unit_test(protobuf_and_json_tell_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
