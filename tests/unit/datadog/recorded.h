/* recorded.h - the data files recorded from the reference (tests/conformance/data/datadog), for the unit tests of this folder. */
#pragma once

#include <jansson.h>
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/slice.h"

/* Release with json_decref. */
static inline json_t *recorded_load(const char *name)
{
    char path[512];
    json_error_t error;
    snprintf(path, sizeof(path), TEST_SOURCE_DIR "/tests/conformance/data/datadog/%s.json", name);
    json_t *root = json_load_file(path, JSON_ALLOW_NUL, &error);
    if (!root)
        fail_msg("%s:%d: %s", path, error.line, error.text);
    return root;
}

/* The text of a member; empty when it is absent or null. */
static inline struct sm_slice recorded_text(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    return json_is_string(value) ? sm_slice_make(json_string_value(value), json_string_length(value)) : (struct sm_slice){0};
}

static inline int64_t recorded_int(const json_t *object, const char *key)
{
    return (int64_t)json_integer_value(json_object_get(object, key));
}

static inline void assert_slice_equal(struct sm_slice got, struct sm_slice expected)
{
    if (!sm_slice_equal(got, expected))
        fail_msg("got \"%.*s\", expected \"%.*s\"", SM_SLICE_ARGS(got), SM_SLICE_ARGS(expected));
}
