/* edges.c - see edges.h. An entry holds copies of its texts in one block of memory. Limits: `limit` entries. */
#include "connectors/service_graph/edges.h"

#include <stdlib.h>

#include "base/bytes.h"
#include "base/index.h"
#include "base/memory.h"

/* A text of an entry: absent, or bytes of its block. */
struct part {
    uint32_t at, size;
    bool is_there;
};

struct entry {
    struct sm_hash128 hash; /* first: see index.h */
    uint32_t previous, next;
    uint64_t expires_ns;
    struct sm_edge edge; /* all but the texts */
    struct part client, server, peer;
    struct part *dimensions; /* owned */
    struct sm_bytes texts;   /* owned */
};

struct sm_edges {
    size_t dimension_count, limit;
    uint64_t ttl_ns;
    struct sm_entries entries;
    struct sm_index index;
    uint32_t first, last;   /* in the order they came */
    struct sm_slice *shown; /* owned: dimensions of the edge that a callback sees */
};

struct sm_edges *sm_edges_create(size_t dimension_count, size_t limit, uint64_t ttl_ns)
{
    struct sm_edges *edges = sm_alloc(1, sizeof(*edges));
    *edges = (struct sm_edges){.dimension_count = dimension_count, .limit = limit, .ttl_ns = ttl_ns, .first = SM_INDEX_NONE, .last = SM_INDEX_NONE};
    edges->shown = sm_alloc(2 * dimension_count + 1, sizeof(*edges->shown));
    sm_entries_init(&edges->entries, (sizeof(struct entry) + 7) / 8 * 8);
    return edges;
}

static struct entry *entry_at(const struct sm_edges *edges, uint32_t number)
{
    return sm_entries_at(&edges->entries, number);
}

static void unlink_entry(struct sm_edges *edges, const struct entry *entry)
{
    *(entry->previous == SM_INDEX_NONE ? &edges->first : &entry_at(edges, entry->previous)->next) = entry->next;
    *(entry->next == SM_INDEX_NONE ? &edges->last : &entry_at(edges, entry->next)->previous) = entry->previous;
}

static void remove_entry(struct sm_edges *edges, uint32_t number)
{
    struct entry *entry = entry_at(edges, number);
    unlink_entry(edges, entry);
    sm_index_remove(&edges->index, entry->hash, number);
    free(entry->dimensions);
    sm_bytes_deinit(&entry->texts);
    sm_entries_remove(&edges->entries, number);
}

static uint32_t add_entry(struct sm_edges *edges, struct sm_hash128 key, uint64_t now_ns)
{
    uint32_t number = sm_entries_add(&edges->entries, key);
    struct entry *entry = entry_at(edges, number);
    entry->previous = edges->last;
    entry->next = SM_INDEX_NONE;
    *(edges->last == SM_INDEX_NONE ? &edges->first : &entry_at(edges, edges->last)->next) = number;
    edges->last = number;
    entry->expires_ns = now_ns + edges->ttl_ns;
    if (edges->dimension_count)
        entry->dimensions = sm_alloc(2 * edges->dimension_count, sizeof(*entry->dimensions));
    sm_index_add(&edges->index, key, number);
    return number;
}

/* ---- texts */

static void keep(struct entry *entry, struct part *part, struct sm_slice text)
{
    if (!text.ptr)
        return;
    if (part->is_there && text.size <= part->size) { /* a span that comes again takes no more room */
        if (text.size)
            memcpy(entry->texts.ptr + part->at, text.ptr, text.size);
        part->size = (uint32_t)text.size;
        return;
    }
    *part = (struct part){.at = (uint32_t)entry->texts.size, .size = (uint32_t)text.size, .is_there = true};
    sm_bytes_append_slice(&entry->texts, text);
}

static struct sm_slice show(const struct entry *entry, const struct part *part)
{
    return part->is_there ? sm_slice_make(entry->texts.ptr ? entry->texts.ptr + part->at : "", part->size) : (struct sm_slice){0};
}

/* The entry as an edge, valid until the entry changes. */
static const struct sm_edge *show_edge(struct sm_edges *edges, struct entry *entry)
{
    entry->edge.client = show(entry, &entry->client);
    entry->edge.server = show(entry, &entry->server);
    entry->edge.peer = show(entry, &entry->peer);
    for (size_t i = 0; i < 2 * edges->dimension_count; i++)
        edges->shown[i] = show(entry, &entry->dimensions[i]);
    entry->edge.dimensions = edges->shown;
    return &entry->edge;
}

/* ---- halves */

static void update(const struct sm_edges *edges, struct entry *entry, const struct sm_half_edge *half)
{
    const struct sm_edge *more = &half->edge;
    struct sm_edge *edge = &entry->edge;
    edge->connection = more->connection;
    edge->has_failed |= more->has_failed;
    edge->has_caller = more->has_caller;
    keep(entry, &entry->client, more->client);
    keep(entry, &entry->server, more->server);
    keep(entry, &entry->peer, more->peer);
    if (half->side == SM_EDGE_CLIENT)
        edge->client_duration = more->client_duration;
    if (half->side == SM_EDGE_SERVER || more->connection == SM_CONNECTION_DATABASE)
        edge->server_duration = more->server_duration;
    for (size_t i = 0; i < 2 * edges->dimension_count; i++)
        keep(entry, &entry->dimensions[i], more->dimensions[i]);
}

static bool is_complete(const struct sm_edge *edge)
{
    return edge->client.size > 0 && edge->server.size > 0;
}

enum sm_edges_result sm_edges_put(struct sm_edges *edges, const struct sm_half_edge *half, uint64_t now_ns,
                                  void (*complete)(void *context, const struct sm_edge *edge), void *context)
{
    uint32_t number = sm_index_find(&edges->index, &edges->entries, half->key);
    bool is_new = number == SM_INDEX_NONE;
    if (is_new && is_complete(&half->edge)) {
        complete(context, &half->edge);
        return SM_EDGES_NEW;
    }
    if (is_new && edges->entries.count >= edges->limit)
        return SM_EDGES_FULL;
    if (is_new)
        number = add_entry(edges, half->key, now_ns);
    struct entry *entry = entry_at(edges, number);
    update(edges, entry, half);
    const struct sm_edge *edge = show_edge(edges, entry);
    if (is_complete(edge)) {
        complete(context, edge);
        remove_entry(edges, number);
    }
    return is_new ? SM_EDGES_NEW : SM_EDGES_KNOWN;
}

void sm_edges_expire(struct sm_edges *edges, uint64_t now_ns, void (*expire)(void *context, const struct sm_edge *edge), void *context)
{
    while (edges->first != SM_INDEX_NONE && now_ns > entry_at(edges, edges->first)->expires_ns) {
        uint32_t number = edges->first;
        expire(context, show_edge(edges, entry_at(edges, number)));
        remove_entry(edges, number);
    }
}

void sm_edges_free(struct sm_edges *edges)
{
    if (!edges)
        return;
    while (edges->first != SM_INDEX_NONE)
        remove_entry(edges, edges->first);
    sm_index_deinit(&edges->index);
    sm_entries_deinit(&edges->entries);
    free(edges->shown);
    free(edges);
}
