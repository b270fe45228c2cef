/* In the place of the exporter datadog's intake.c: keeps the last body that was posted, unpacked and read as JSON. For tests that include the
 * library's other files; the last post is theirs to release with forget_posts. */
#pragma once

#include <jansson.h>

#include "exporters/datadog/intake.h"
#include "wire/compression.h"

static json_t *last;
static size_t post_count;

void sm_datadog_lane_post(struct sm_datadog_lane *lane, struct sm_bytes *body, sm_datadog_posted *posted, void *context)
{
    struct sm_buffer *plain = NULL;
    (void)lane, (void)posted, (void)context;
    assert_int_equal(sm_decompress(SM_COMPRESSION_GZIP, sm_bytes_slice(body), 1 << 24, &plain), SM_DECOMPRESS_OK);
    json_decref(last);
    last = json_loadb(sm_buffer_slice(plain).ptr, sm_buffer_slice(plain).size, 0, NULL);
    assert_non_null(last);
    sm_buffer_release(plain);
    post_count++;
}

static void forget_posts(void)
{
    json_decref(last);
    last = NULL;
    post_count = 0;
}
