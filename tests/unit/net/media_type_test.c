/* media_type.h: what Go's mime.ParseMediaType takes and refuses (observed of Go 1.26). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "net/media_type.h"

struct header {
    const char *text, *type, *error; /* type NULL: not looked at */
};

static void reads_headers_as_strictly_as_go(void **state)
{
    (void)state;
    static const struct header headers[] = {
        {"a/b", "a/b", NULL},
        {" a/b ; c=d", "a/b", NULL},
        {"a/b;", "a/b", NULL},
        {"a/b; c=\"d;e\"", "a/b", NULL},
        {"a/b; c=d; c=d", "a/b", NULL},
        {"a", "a", NULL},
        {"a/b; c=d; c=e", NULL, "mime: duplicate parameter name"},
        {"a/b; c", NULL, "mime: invalid media parameter"},
        {"a/b; =c", NULL, "mime: invalid media parameter"},
        {"a/b; c=\"d", NULL, "mime: invalid media parameter"},
        {"a/b;;", NULL, "mime: invalid media parameter"},
        {"", NULL, "mime: no media type"},
        {"/", NULL, "mime: no media type"},
        {"a/", NULL, "mime: expected token after slash"},
        {"a/b/c", NULL, "mime: unexpected content after media subtype"},
        {"a b", NULL, "mime: expected slash after first token"},
    };
    for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
        struct sm_slice type;
        const char *error = sm_media_type_parse(sm_slice_of(headers[i].text), &type);
        if (headers[i].error)
            assert_string_equal(error ? error : "none", headers[i].error);
        else
            assert_null(error);
        if (headers[i].type)
            assert_true(sm_slice_is(type, headers[i].type));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(reads_headers_as_strictly_as_go)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
