/* trace_table.c - see trace_table.h: chained buckets, and lists through the traces. */
#include "processors/tail_sampling/trace_table.h"

#include <stdlib.h>

#include "base/hash.h"
#include "base/memory.h"
#include "processors/tail_sampling/parcel.h"

enum { BUCKET_COUNT_MIN = 64, BUCKET_COUNT_MAX_AT_START = 1 << 20 };

/* ---- links */

void sm_tail_queue_init(struct sm_tail_link *queue)
{
    *queue = (struct sm_tail_link){.prev = queue, .next = queue};
}

static void unlink_one(struct sm_tail_link *link)
{
    if (!link->next)
        return;
    link->prev->next = link->next;
    link->next->prev = link->prev;
    *link = (struct sm_tail_link){0};
}

static void link_last(struct sm_tail_link *queue, struct sm_tail_link *link)
{
    *link = (struct sm_tail_link){.prev = queue->prev, .next = queue};
    queue->prev->next = link;
    queue->prev = link;
}

struct sm_tail_trace *sm_tail_queue_first(const struct sm_tail_link *queue)
{
    if (queue->next == queue)
        return NULL;
    return (struct sm_tail_trace *)(void *)((char *)queue->next - offsetof(struct sm_tail_trace, queue));
}

void sm_tail_queue_move(struct sm_tail_link *queue, struct sm_tail_trace *trace)
{
    unlink_one(&trace->queue);
    link_last(queue, &trace->queue);
}

void sm_tail_queue_move_all(struct sm_tail_link *queue, struct sm_tail_link *from)
{
    if (from->next == from)
        return;
    from->next->prev = queue->prev;
    queue->prev->next = from->next;
    from->prev->next = queue;
    queue->prev = from->prev;
    sm_tail_queue_init(from);
}

/* ---- the table */

void sm_tail_table_init(struct sm_tail_table *table, size_t expected_count)
{
    *table = (struct sm_tail_table){._bucket_count = BUCKET_COUNT_MIN, ._secret = sm_hash_secret()};
    while (table->_bucket_count < expected_count && table->_bucket_count < BUCKET_COUNT_MAX_AT_START)
        table->_bucket_count *= 2;
    table->_buckets = sm_alloc(table->_bucket_count, sizeof(struct sm_tail_trace *));
    sm_tail_queue_init(&table->_ages);
}

struct sm_tail_trace *sm_tail_table_oldest(const struct sm_tail_table *table)
{
    if (table->count == 0)
        return NULL;
    return (struct sm_tail_trace *)(void *)((char *)table->_ages.next - offsetof(struct sm_tail_trace, _age));
}

void sm_tail_table_deinit(struct sm_tail_table *table)
{
    for (struct sm_tail_trace *trace; (trace = sm_tail_table_oldest(table));)
        sm_tail_table_remove(table, trace);
    free(table->_buckets);
    *table = (struct sm_tail_table){0};
}

static struct sm_tail_trace **bucket_of(const struct sm_tail_table *table, const uint8_t id[16])
{
    return &table->_buckets[sm_hash_with(table->_secret, sm_slice_make(id, 16)) & (table->_bucket_count - 1)];
}

struct sm_tail_trace *sm_tail_table_find(const struct sm_tail_table *table, const uint8_t id[16])
{
    struct sm_tail_trace *trace = *bucket_of(table, id);
    while (trace && memcmp(trace->id, id, sizeof(trace->id)) != 0)
        trace = trace->_next;
    return trace;
}

static void link_bucket(struct sm_tail_table *table, struct sm_tail_trace *trace)
{
    struct sm_tail_trace **bucket = bucket_of(table, trace->id);
    trace->_next = *bucket;
    *bucket = trace;
}

static void grow(struct sm_tail_table *table)
{
    struct sm_tail_trace **old = table->_buckets;
    size_t old_count = table->_bucket_count;
    table->_bucket_count *= 2;
    table->_buckets = sm_alloc(table->_bucket_count, sizeof(struct sm_tail_trace *));
    for (size_t i = 0; i < old_count; i++)
        for (struct sm_tail_trace *trace = old[i], *next; trace; trace = next) {
            next = trace->_next;
            link_bucket(table, trace);
        }
    free(old);
}

struct sm_tail_trace *sm_tail_table_add(struct sm_tail_table *table, const uint8_t id[16])
{
    if (table->count >= table->_bucket_count)
        grow(table);
    struct sm_tail_trace *trace = sm_alloc(1, sizeof(*trace));
    memcpy(trace->id, id, sizeof(trace->id));
    trace->decision = SM_TAIL_UNDECIDED;
    link_bucket(table, trace);
    link_last(&table->_ages, &trace->_age);
    table->count++;
    return trace;
}

void sm_tail_trace_release_pieces(struct sm_tail_trace *trace)
{
    for (struct sm_tail_piece *piece = trace->first, *next; piece; piece = next) {
        next = piece->next;
        sm_tail_piece_release(piece);
    }
    trace->first = trace->last = NULL;
}

void sm_tail_table_remove(struct sm_tail_table *table, struct sm_tail_trace *trace)
{
    struct sm_tail_trace **link = bucket_of(table, trace->id);
    while (*link != trace)
        link = &(*link)->_next;
    *link = trace->_next;
    unlink_one(&trace->queue);
    unlink_one(&trace->_age);
    sm_tail_trace_release_pieces(trace);
    table->count--;
    free(trace);
}
