/* trace_batch.c - batches made Datadog's traces: OTLP by resource, and what tracers sent as it was; see traces.h. Runs on the batch's worker.
 * Source: datadog-agent pkg/trace/agent/agent.go (Process), pkg/trace/api/otlp.go, 0.59.0. */
#include "exporters/datadog/traces.h"

#include "base/clock.h"
#include "datadog/native.h"
#include "telemetry/batch.h"

enum { ARENA_KEPT_BYTES = 128 * 1024, PART_SIZE_MIN = 512 * 1024 };

static void reuse(struct sm_arena *arena)
{
    sm_arena_reset(arena);
    if (sm_arena_reserved_bytes(arena) > ARENA_KEPT_BYTES)
        sm_arena_deinit(arena);
}

/* A text of the payload that was taken from a chunk outlives the chunk. */
static void keep_text(struct sm_slice *text, struct sm_slice before, struct sm_arena *arena)
{
    if (text->ptr != before.ptr)
        *text = sm_arena_copy(arena, *text);
}

/* Tags are made in the arena of the chunk. */
static void keep_payload(struct sm_datadog_payload *payload, struct sm_arena *arena)
{
    payload->tags = sm_datadog_map_copy(&payload->tags, arena, 0);
}

/* How a payload came. */
struct manner {
    struct sm_datadog_agent agent;
    bool has_stats; /* its statistics were made elsewhere */
    uint64_t now_ns;
};

/* Appends what is to be sent of the chunk; returns its size as the reference estimates it. */
static size_t take_chunk(struct sm_datadog_trace_lane *lane, const struct manner *manner, struct sm_datadog_payload *payload,
                         struct sm_datadog_chunk *chunk, struct sm_datadog_counts *counts)
{
    const struct sm_datadog_payload before = *payload;
    struct sm_datadog_span *root;
    size_t size = 0;
    if (sm_datadog_agent_prepare(&manner->agent, payload, chunk, manner->now_ns, &lane->chunk_arena, counts, &root)) {
        struct sm_slice service = root->service;
        if (lane->traces->stats && !manner->has_stats)
            sm_datadog_agent_stats_add(lane->traces->stats, payload, chunk, root, &lane->chunk_arena);
        if (sm_datadog_sample(manner->agent.sampling, manner->now_ns, payload->env, chunk, root, &lane->chunk_arena)) {
            size_t encoded = lane->chunks.size;
            size = sm_datadog_encode_chunk(chunk, &lane->chunks);
            sm_datadog_usage_add(lane->traces->usage, service, payload->env.size ? payload->env : lane->traces->otlp.env, chunk->count,
                                 lane->chunks.size - encoded);
        }
    }
    keep_text(&payload->hostname, before.hostname, &lane->batch_arena);
    keep_text(&payload->env, before.env, &lane->batch_arena);
    keep_text(&payload->app_version, before.app_version, &lane->batch_arena);
    reuse(&lane->chunk_arena);
    return size;
}

/* Chunks to come cannot say anything new of it: it may be cut, so that less is held plain. */
static bool is_described(const struct sm_datadog_payload *payload)
{
    return payload->app_version.size && payload->env.size && payload->hostname.size;
}

static bool has_stats(const struct sm_resource_group *group)
{
    struct sm_value value;
    return sm_attributes_find(&group->resource.attributes, SM_SLICE("_dd.stats_computed"), &value) &&
           !(value.type == SM_VALUE_STRING && value.string.size == 0);
}

static void take_resource(struct sm_datadog_trace_lane *lane, struct sm_batch *batch, struct sm_resource_group *group,
                          struct sm_datadog_counts *counts)
{
    struct sm_datadog_trace_state *traces = lane->traces;
    struct sm_datadog_otlp_settings settings = traces->otlp;
    settings.hostname = sm_slice_of(lane->exporter->hostname);
    struct sm_datadog_otlp_walk walk;
    struct sm_datadog_chunk chunk;
    size_t size = 0;
    sm_datadog_otlp_begin(&walk, &settings, &lane->otlp, batch, group, &lane->batch_arena);
    struct sm_datadog_payload *payload = &walk.payload;
    const struct manner manner = {.agent = traces->agent, .has_stats = has_stats(group), .now_ns = sm_clock_wall_ns()};
    while (sm_datadog_otlp_next(&walk, &lane->chunk_arena, &chunk)) {
        size += take_chunk(lane, &manner, payload, &chunk, counts);
        if (size > SM_DATADOG_PAYLOAD_SIZE_MAX || (size > PART_SIZE_MIN && is_described(payload))) {
            sm_datadog_end_payload(lane, payload, size);
            size = 0;
        }
    }
    if (size)
        sm_datadog_end_payload(lane, payload, size);
    sm_datadog_running_add(lane->running, &walk.source);
    reuse(&lane->batch_arena);
}

/* The groups of one chunk. */
struct place {
    size_t at, count;
    uint64_t missing; /* chunks in front of it that were dropped on the way */
};

/* The chunks of the request that begins with group `at`; returns how many groups they take. */
static size_t find_places(struct sm_datadog_trace_lane *lane, const struct sm_batch *batch, size_t at, struct place **places, size_t *count)
{
    size_t capacity = 0, next = at;
    int64_t last_number = 0;
    *places = NULL;
    *count = 0;
    while (next < batch->count && (batch->groups[next].dropped || sm_datadog_is_native(&batch->groups[next]))) {
        if (batch->groups[next].dropped) {
            next++;
            continue;
        }
        int64_t number, missing;
        size_t size = sm_datadog_native_extent(batch, next, &number, &missing);
        if (*count && number <= last_number)
            break; /* of another request */
        last_number = number;
        *places = sm_arena_grow(&lane->batch_arena, *places, *count, &capacity, *count + 1, sizeof(**places));
        (*places)[(*count)++] = (struct place){.at = next, .count = size, .missing = missing > 0 ? (uint64_t)missing : 0};
        next += size;
    }
    return next - at;
}

/* Returns the size of what is sent of the chunk; 0: nothing. The first one describes the payload. */
static size_t take_place(struct sm_datadog_trace_lane *lane, struct sm_batch *batch, const struct place *place, bool is_first,
                         struct sm_datadog_payload *payload, struct sm_datadog_counts *counts)
{
    struct sm_datadog_native native;
    sm_datadog_native_read(batch, place->at, place->count, &lane->chunk_arena, &native);
    if (is_first) {
        *payload = native.payload;
        keep_payload(payload, &lane->batch_arena);
    }
    struct manner manner = {.agent = lane->traces->agent, .has_stats = native.marks.has_stats, .now_ns = sm_clock_wall_ns()};
    manner.agent.is_top_level_known = native.marks.has_top_level;
    manner.agent.is_sound = true;
    native.chunk.client_dropped = native.marks.dropped;
    return native.chunk.count ? take_chunk(lane, &manner, payload, &native.chunk, counts) : 0;
}

/* The chunks of one request of a tracer, from group `at`; returns how many groups they take. The last chunk takes the place of one that is left out,
 * here or before, as in the reference: the first that names an environment names it for those behind it. */
static size_t take_native(struct sm_datadog_trace_lane *lane, struct sm_batch *batch, size_t at, struct sm_datadog_counts *counts)
{
    struct sm_datadog_payload payload = {0};
    struct place *places;
    size_t size = 0, count, taken = find_places(lane, batch, at, &places, &count);
    uint64_t free_places = count ? places[0].missing : 0; /* in front of the next */
    for (size_t first = 0, end = count; first < end;) {
        bool is_from_end = free_places > 0, is_first = first == 0 && end == count;
        const struct place *place = is_from_end ? &places[--end] : &places[first++];
        size_t added = take_place(lane, batch, place, is_first, &payload, counts);
        if (is_from_end)
            free_places -= added > 0;
        else
            free_places = (added == 0) + (first < end ? places[first].missing : 0);
        size += added;
        if (size > SM_DATADOG_PAYLOAD_SIZE_MAX) {
            sm_datadog_end_payload(lane, &payload, size);
            size = 0;
        }
    }
    if (size)
        sm_datadog_end_payload(lane, &payload, size);
    reuse(&lane->batch_arena);
    return taken;
}

void sm_datadog_take_traces(struct sm_datadog_trace_lane *lane, struct sm_batch *batch)
{
    struct sm_datadog_counts counts = {0};
    for (size_t i = 0; i < batch->count;) {
        if (!batch->groups[i].dropped && sm_datadog_is_native(&batch->groups[i])) {
            i += take_native(lane, batch, i, &counts);
            continue;
        }
        if (!batch->groups[i].dropped)
            take_resource(lane, batch, &batch->groups[i], &counts);
        i++;
    }
    sm_datadog_running_post(lane->running);
    sm_datadog_reason_counts_add(&lane->traces->reasons, &counts);
    sm_arena_deinit(&lane->batch_arena);
    sm_arena_deinit(&lane->chunk_arena);
}
