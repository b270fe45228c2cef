/* Edges that wait for their other span. */
#include "connectors/service_graph/edges.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

enum { TTL_NS = 100 };

struct seen {
    char text[256]; /* "client>server;" of every edge */
};

static void note(void *context, const struct sm_edge *edge)
{
    struct seen *seen = context;
    size_t used = strlen(seen->text);
    snprintf(seen->text + used, sizeof(seen->text) - used, "%.*s>%.*s;", SM_SLICE_ARGS(edge->client), SM_SLICE_ARGS(edge->server));
}

static enum sm_edges_result put(struct sm_edges *edges, struct seen *seen, uint64_t key, enum sm_edge_side side, const char *service, uint64_t now_ns)
{
    struct sm_half_edge half = {.key = {.low = key, .high = key << 32 | 1}, .side = side};
    *(side == SM_EDGE_CLIENT ? &half.edge.client : &half.edge.server) = sm_slice_of(service);
    return sm_edges_put(edges, &half, now_ns, note, seen);
}

static void pairs_spans_whichever_comes_first(void **state)
{
    (void)state;
    struct seen seen = {0};
    struct sm_edges *edges = sm_edges_create(0, 10, TTL_NS);
    assert_int_equal(put(edges, &seen, 1, SM_EDGE_CLIENT, "a", 0), SM_EDGES_NEW);
    assert_int_equal(put(edges, &seen, 2, SM_EDGE_SERVER, "d", 0), SM_EDGES_NEW);
    assert_string_equal(seen.text, "");
    assert_int_equal(put(edges, &seen, 2, SM_EDGE_CLIENT, "c", 0), SM_EDGES_KNOWN);
    assert_int_equal(put(edges, &seen, 1, SM_EDGE_SERVER, "b", 0), SM_EDGES_KNOWN);
    assert_string_equal(seen.text, "c>d;a>b;");
    /* It has left: another span begins anew. */
    assert_int_equal(put(edges, &seen, 1, SM_EDGE_SERVER, "b", 0), SM_EDGES_NEW);
    sm_edges_free(edges);
}

static void takes_the_texts_of_a_span_that_comes_again(void **state)
{
    (void)state;
    struct seen seen = {0};
    struct sm_edges *edges = sm_edges_create(0, 10, TTL_NS);
    put(edges, &seen, 1, SM_EDGE_CLIENT, "abc", 0);
    assert_int_equal(put(edges, &seen, 1, SM_EDGE_CLIENT, "xy", 0), SM_EDGES_KNOWN);
    assert_int_equal(put(edges, &seen, 1, SM_EDGE_CLIENT, "longer", 0), SM_EDGES_KNOWN);
    assert_int_equal(put(edges, &seen, 1, SM_EDGE_CLIENT, "back", 0), SM_EDGES_KNOWN);
    put(edges, &seen, 1, SM_EDGE_SERVER, "b", 0);
    assert_string_equal(seen.text, "back>b;");
    sm_edges_free(edges);
}

static void lets_go_only_those_whose_time_has_passed(void **state)
{
    (void)state;
    struct seen seen = {0};
    struct sm_edges *edges = sm_edges_create(0, 10, TTL_NS);
    put(edges, &seen, 1, SM_EDGE_CLIENT, "a", 0);
    put(edges, &seen, 2, SM_EDGE_SERVER, "b", 10);
    put(edges, &seen, 3, SM_EDGE_CLIENT, "c", 20);
    sm_edges_expire(edges, TTL_NS, note, &seen);
    assert_string_equal(seen.text, "");
    sm_edges_expire(edges, TTL_NS + 11, note, &seen);
    assert_string_equal(seen.text, "a>;>b;");
    assert_int_equal(put(edges, &seen, 3, SM_EDGE_SERVER, "d", TTL_NS + 12), SM_EDGES_KNOWN);
    assert_string_equal(seen.text, "a>;>b;c>d;");
    sm_edges_free(edges);
}

static void takes_no_more_than_the_limit(void **state)
{
    (void)state;
    struct seen seen = {0};
    struct sm_edges *edges = sm_edges_create(0, 1, TTL_NS);
    assert_int_equal(put(edges, &seen, 1, SM_EDGE_CLIENT, "a", 0), SM_EDGES_NEW);
    assert_int_equal(put(edges, &seen, 2, SM_EDGE_CLIENT, "b", 0), SM_EDGES_FULL);
    assert_int_equal(put(edges, &seen, 1, SM_EDGE_SERVER, "c", 0), SM_EDGES_KNOWN);
    assert_int_equal(put(edges, &seen, 2, SM_EDGE_CLIENT, "b", 0), SM_EDGES_NEW);
    sm_edges_free(edges);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pairs_spans_whichever_comes_first),
        cmocka_unit_test(takes_the_texts_of_a_span_that_comes_again),
        cmocka_unit_test(lets_go_only_those_whose_time_has_passed),
        cmocka_unit_test(takes_no_more_than_the_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
