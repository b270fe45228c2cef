/* routing.c - see routing.h: traces and logs, by the pieces of which one trace in one scope consists. */
#include "exporters/load_balancing/routing.h"

#include <stdlib.h>
#include <sys/random.h>

#include "base/bytes.h"
#include "base/memory.h"
#include "exporters/load_balancing/route_key.h"
#include "telemetry/span.h"
#include "telemetry/trace_split.h"

struct splitting {
    const struct sm_routing *routing;
    struct sm_batch *source;
    struct sm_batch **parts; /* by endpoint; NULL: nothing for it yet */
    sm_routed *routed;
    void *context;
    struct sm_bytes key; /* owned */
};

static struct sm_slice key_of_span(struct splitting *splitting, const struct sm_trace_piece *piece)
{
    const struct sm_routing *routing = splitting->routing;
    static const char *const service[] = {"service.name"};
    if (routing->key == SM_ROUTE_DEFAULT || routing->key == SM_ROUTE_TRACE_ID)
        return sm_slice_make(piece->trace_id, SM_TRACE_ID_SIZE);
    bool is_by_service = routing->key == SM_ROUTE_SERVICE;
    const char *const *names = is_by_service ? service : routing->attributes.items;
    size_t count = is_by_service ? 1 : routing->attributes.count;
    splitting->key.size = 0;
    for (size_t i = 0; i < count; i++)
        sm_route_key_add_of_span(&splitting->key, names[i], piece->group, piece->scope, &piece->scope->spans[piece->items[0]]);
    return sm_bytes_slice(&splitting->key);
}

static void take_spans(struct sm_trace_piece *piece, void *context)
{
    struct splitting *splitting = context;
    int64_t endpoint = sm_ring_find(splitting->routing->ring, key_of_span(splitting, piece));
    struct sm_batch **part = &splitting->parts[endpoint];
    if (!*part)
        *part = sm_batch_create(SM_TRACES);
    sm_batch_append_items(*part, splitting->source, piece->group, piece->scope, piece->items, piece->count);
    sm_trace_pieces_free(piece);
}

static bool is_zero(const char *id, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (id[i])
            return false;
    return true;
}

/* Records of no trace go anywhere. */
static void take_records(struct sm_trace_piece *piece, void *context)
{
    struct splitting *splitting = context;
    char id[SM_TRACE_ID_SIZE];
    memcpy(id, piece->trace_id, sizeof(id));
    if (is_zero(id, sizeof(id)) && getrandom(id, 4, 0) != 4)
        id[0] = (char)piece->count;
    int64_t endpoint = sm_ring_find(splitting->routing->ring, sm_slice_make(id, sizeof(id)));
    splitting->routed((size_t)endpoint, sm_trace_join(piece), splitting->context);
    sm_trace_pieces_free(piece);
}

static void route_traces(const struct sm_routing *routing, struct sm_batch *batch, sm_routed *routed, void *context)
{
    struct splitting splitting = {.routing = routing, .source = batch};
    splitting.parts = sm_alloc(routing->endpoint_count, sizeof(struct sm_batch *));
    sm_trace_split(batch, take_spans, &splitting);
    for (size_t i = 0; i < routing->endpoint_count; i++)
        if (splitting.parts[i])
            routed(i, splitting.parts[i], context);
    sm_bytes_deinit(&splitting.key);
    free(splitting.parts);
}

size_t sm_route(const struct sm_routing *routing, struct sm_batch *batch, sm_routed *routed, void *context)
{
    if (batch->signal == SM_METRICS)
        return sm_route_metrics(routing, batch, routed, context);
    if (batch->signal == SM_TRACES)
        route_traces(routing, batch, routed, context);
    else
        sm_trace_split(batch, take_records, &(struct splitting){.routing = routing, .source = batch, .routed = routed, .context = context});
    return 0;
}
