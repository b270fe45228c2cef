/* trace_table.c - see trace_table.h: chained buckets, and lists through the traces. Numbers begin at 1; 0 is none. Slabs are kept until the end. */
#include "processors/tail_sampling/trace_table.h"

#include <assert.h>
#include <stdlib.h>

#include "base/hash.h"
#include "base/memory.h"
#include "base/slice.h"

enum {
    BUCKET_COUNT_MIN = 64,
    BUCKET_COUNT_MAX_AT_START = 1 << 20,
    CHUNK_SHIFT = 10,
    CHUNK_COUNT = 1 << CHUNK_SHIFT, /* traces in a slab */
    REFS_AT_START = 4,
};

static_assert(sizeof(struct sm_tail_trace) == 64, "a trace is a cache line");

static void note_memory(const struct sm_tail_table *table, size_t more, size_t less)
{
    atomic_fetch_add_explicit(table->_memory_bytes, more - less, memory_order_relaxed);
}

/* ---- slabs */

static struct sm_tail_trace *trace_at(const struct sm_tail_table *table, uint32_t number)
{
    return &table->_chunks[number >> CHUNK_SHIFT][number & (CHUNK_COUNT - 1)];
}

static void add_chunk(struct sm_tail_table *table)
{
    if (table->_chunk_count == table->_chunk_capacity) {
        table->_chunk_capacity = table->_chunk_capacity ? 2 * table->_chunk_capacity : 16;
        table->_chunks = sm_realloc(table->_chunks, table->_chunk_capacity, sizeof(struct sm_tail_trace *));
    }
    table->_chunks[table->_chunk_count++] = sm_alloc(CHUNK_COUNT, sizeof(struct sm_tail_trace));
}

static struct sm_tail_trace *take_record(struct sm_tail_table *table)
{
    uint32_t number = table->_free;
    if (number) {
        table->_free = trace_at(table, number)->_next;
    } else {
        number = ++table->_made_count;
        if (number >> CHUNK_SHIFT == table->_chunk_count)
            add_chunk(table);
    }
    struct sm_tail_trace *trace = trace_at(table, number);
    *trace = (struct sm_tail_trace){._self = number};
    return trace;
}

static void give_record_back(struct sm_tail_table *table, struct sm_tail_trace *trace)
{
    trace->_next = table->_free;
    table->_free = trace->_self;
}

/* ---- queues */

uint32_t sm_tail_queue_create(struct sm_tail_table *table)
{
    struct sm_tail_trace *end = take_record(table);
    end->_queue_prev = end->_queue_next = end->_self;
    return end->_self;
}

struct sm_tail_trace *sm_tail_queue_first(const struct sm_tail_table *table, uint32_t queue)
{
    uint32_t first = trace_at(table, queue)->_queue_next;
    return first == queue ? NULL : trace_at(table, first);
}

static void leave_queue(struct sm_tail_table *table, struct sm_tail_trace *trace)
{
    if (!trace->_queue_next)
        return;
    trace_at(table, trace->_queue_prev)->_queue_next = trace->_queue_next;
    trace_at(table, trace->_queue_next)->_queue_prev = trace->_queue_prev;
    trace->_queue_prev = trace->_queue_next = 0;
}

void sm_tail_queue_move(struct sm_tail_table *table, uint32_t queue, struct sm_tail_trace *trace)
{
    leave_queue(table, trace);
    struct sm_tail_trace *end = trace_at(table, queue), *last = trace_at(table, end->_queue_prev);
    trace->_queue_prev = last->_self;
    trace->_queue_next = queue;
    last->_queue_next = end->_queue_prev = trace->_self;
}

void sm_tail_queue_move_all(struct sm_tail_table *table, uint32_t queue, uint32_t from)
{
    struct sm_tail_trace *source = trace_at(table, from), *end = trace_at(table, queue);
    if (source->_queue_next == from)
        return;
    trace_at(table, source->_queue_next)->_queue_prev = end->_queue_prev;
    trace_at(table, end->_queue_prev)->_queue_next = source->_queue_next;
    trace_at(table, source->_queue_prev)->_queue_next = queue;
    end->_queue_prev = source->_queue_prev;
    source->_queue_prev = source->_queue_next = from;
}

/* ---- ages: the same by other links, never empty-handed */

static void append_age(struct sm_tail_table *table, struct sm_tail_trace *trace)
{
    struct sm_tail_trace *end = trace_at(table, table->_ages), *last = trace_at(table, end->_age_prev);
    trace->_age_prev = last->_self;
    trace->_age_next = table->_ages;
    last->_age_next = end->_age_prev = trace->_self;
}

static void leave_ages(struct sm_tail_table *table, const struct sm_tail_trace *trace)
{
    trace_at(table, trace->_age_prev)->_age_next = trace->_age_next;
    trace_at(table, trace->_age_next)->_age_prev = trace->_age_prev;
}

struct sm_tail_trace *sm_tail_table_oldest(const struct sm_tail_table *table)
{
    uint32_t first = trace_at(table, table->_ages)->_age_next;
    return first == table->_ages ? NULL : trace_at(table, first);
}

/* ---- the table */

void sm_tail_table_init(struct sm_tail_table *table, size_t expected_count, struct sm_tail_segments *segments, atomic_size_t *memory_bytes)
{
    *table =
        (struct sm_tail_table){._bucket_count = BUCKET_COUNT_MIN, ._secret = sm_hash_secret(), ._segments = segments, ._memory_bytes = memory_bytes};
    while (table->_bucket_count < expected_count && table->_bucket_count < BUCKET_COUNT_MAX_AT_START)
        table->_bucket_count *= 2;
    table->_buckets = sm_alloc(table->_bucket_count, sizeof(*table->_buckets));
    add_chunk(table);
    struct sm_tail_trace *end = take_record(table);
    table->_ages = end->_age_prev = end->_age_next = end->_self;
}

void sm_tail_table_deinit(struct sm_tail_table *table)
{
    for (struct sm_tail_trace *trace; (trace = sm_tail_table_oldest(table));)
        sm_tail_table_remove(table, trace);
    for (uint32_t i = 0; i < table->_chunk_count; i++)
        free(table->_chunks[i]);
    free(table->_chunks);
    free(table->_buckets);
    *table = (struct sm_tail_table){0};
}

static uint32_t *bucket_of(const struct sm_tail_table *table, const uint8_t id[16])
{
    return &table->_buckets[sm_hash_with(table->_secret, sm_slice_make(id, 16)) & (table->_bucket_count - 1)];
}

struct sm_tail_trace *sm_tail_table_find(const struct sm_tail_table *table, const uint8_t id[16])
{
    for (uint32_t number = *bucket_of(table, id); number;) {
        struct sm_tail_trace *trace = trace_at(table, number);
        if (memcmp(trace->id, id, sizeof(trace->id)) == 0)
            return trace;
        number = trace->_next;
    }
    return NULL;
}

void sm_tail_table_fetch_bucket(const struct sm_tail_table *table, const uint8_t id[16])
{
    __builtin_prefetch(bucket_of(table, id));
}

void sm_tail_table_fetch_trace(const struct sm_tail_table *table, const uint8_t id[16])
{
    uint32_t number = *bucket_of(table, id);
    if (number)
        __builtin_prefetch(trace_at(table, number));
}

static void link_bucket(struct sm_tail_table *table, struct sm_tail_trace *trace)
{
    uint32_t *bucket = bucket_of(table, trace->id);
    trace->_next = *bucket;
    *bucket = trace->_self;
}

static void grow(struct sm_tail_table *table)
{
    free(table->_buckets);
    table->_bucket_count *= 2;
    table->_buckets = sm_alloc(table->_bucket_count, sizeof(*table->_buckets));
    for (uint32_t number = trace_at(table, table->_ages)->_age_next; number != table->_ages;) {
        struct sm_tail_trace *trace = trace_at(table, number);
        link_bucket(table, trace);
        number = trace->_age_next;
    }
}

struct sm_tail_trace *sm_tail_table_add(struct sm_tail_table *table, const uint8_t id[16])
{
    if (2 * table->count >= table->_bucket_count)
        grow(table);
    struct sm_tail_trace *trace = take_record(table);
    memcpy(trace->id, id, sizeof(trace->id));
    trace->decision = SM_TAIL_UNDECIDED;
    trace->held = sm_alloc(1, sizeof(*trace->held) + REFS_AT_START * sizeof(struct sm_tail_ref));
    trace->held->ref_capacity = REFS_AT_START;
    note_memory(table, sizeof(*trace->held) + REFS_AT_START * sizeof(struct sm_tail_ref), 0);
    link_bucket(table, trace);
    append_age(table, trace);
    table->count++;
    return trace;
}

void sm_tail_table_remove(struct sm_tail_table *table, struct sm_tail_trace *trace)
{
    uint32_t *link = bucket_of(table, trace->id);
    while (*link != trace->_self)
        link = &trace_at(table, *link)->_next;
    *link = trace->_next;
    leave_queue(table, trace);
    leave_ages(table, trace);
    sm_tail_table_release_held(table, trace);
    table->count--;
    give_record_back(table, trace);
}

/* ---- what is held */

void sm_tail_table_hold(struct sm_tail_table *table, struct sm_tail_trace *trace, struct sm_tail_ref ref)
{
    struct sm_tail_held *held = trace->held;
    if (held->ref_count == held->ref_capacity) {
        note_memory(table, held->ref_capacity * sizeof(held->refs[0]), 0);
        held->ref_capacity *= 2;
        held = trace->held = sm_realloc(held, 1, sizeof(*held) + held->ref_capacity * sizeof(held->refs[0]));
    }
    held->refs[held->ref_count++] = ref;
    held->record_bytes += ref.size;
}

void sm_tail_table_release_held(struct sm_tail_table *table, struct sm_tail_trace *trace)
{
    struct sm_tail_held *held = trace->held;
    if (!held)
        return;
    for (uint32_t i = 0; i < held->ref_count; i++)
        sm_tail_segments_drop(table->_segments, held->refs[i]);
    note_memory(table, 0, sizeof(*held) + held->ref_capacity * sizeof(held->refs[0]));
    free(held);
    trace->held = NULL;
}
