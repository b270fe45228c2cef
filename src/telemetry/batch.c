/* batch.c - life and structure of a batch; see batch.h. Copies of batches are in batch_clone.c, cutting is in batch_split.c,
 * batches without an index in batch_pack.c. */
#include "telemetry/batch.h"

#include "base/memory.h"
#include "telemetry/batch_internal.h"
#include "telemetry/metadata.h"
#include "telemetry/metric.h"
#include "telemetry/log_record.h"
#include "telemetry/span.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct sm_batch *sm_batch_create(enum sm_signal signal)
{
    struct sm_batch *batch = sm_alloc(1, sizeof(*batch));
    atomic_init(&batch->_references, 1);
    batch->signal = signal;
    return batch;
}

struct sm_batch *sm_batch_retain(struct sm_batch *batch)
{
    /* Relaxed: the caller holds a reference already. */
    atomic_fetch_add_explicit(&batch->_references, 1, memory_order_relaxed);
    return batch;
}

void sm_batch_release(struct sm_batch *batch)
{
    /* Acquire and release: the last owner's free comes after every other owner's reads. */
    if (!batch || atomic_fetch_sub_explicit(&batch->_references, 1, memory_order_acq_rel) != 1)
        return;
    for (size_t i = 0; i < batch->_keep_count; i++) {
        sm_buffer_release(batch->_keeps[i].buffer);
        sm_batch_release(batch->_keeps[i].batch);
    }
    for (size_t i = 0; i < batch->_part_count; i++)
        sm_buffer_release(batch->_parts[i].buffer);
    free(batch->_parts);
    free(batch->_keeps);
    sm_metadata_release(batch->metadata);
    sm_metadata_release(batch->grpc_headers);
    sm_arena_deinit(&batch->arena);
    free(batch);
}

void sm_batch_set_client(struct sm_batch *batch, const char *peer)
{
    const char *colon = strrchr(peer, ':');
    size_t size = colon ? (size_t)(colon - peer) : 0;
    if (size >= 2 && peer[0] == '[' && peer[size - 1] == ']') {
        peer++;
        size -= 2;
    }
    if (size >= sizeof(batch->client))
        size = 0;
    memcpy(batch->client, peer, size);
    batch->client[size] = '\0';
}

void sm_batch_set_client_port(struct sm_batch *batch, const char *peer)
{
    const char *colon = strrchr(peer, ':');
    batch->client_port = colon ? (uint16_t)strtoul(colon + 1, NULL, 10) : 0;
}

void sm_batch_share_client(const struct sm_batch *batch, struct sm_batch *other)
{
    other->metadata = sm_metadata_retain(batch->metadata);
    other->grpc_headers = sm_metadata_retain(batch->grpc_headers);
    other->client_port = batch->client_port;
    memcpy(other->client, batch->client, sizeof(other->client));
}

bool sm_batch_is_shared(const struct sm_batch *batch)
{
    return atomic_load_explicit(&batch->_references, memory_order_acquire) != 1;
}

static struct sm_batch_keep *add_keep(struct sm_batch *batch)
{
    size_t count = batch->_keep_count;
    /* Room doubles at powers of two. */
    if ((count & (count - 1)) == 0)
        batch->_keeps = sm_realloc(batch->_keeps, count ? count * 2 : 1, sizeof(*batch->_keeps));
    batch->_keeps[count] = (struct sm_batch_keep){0};
    batch->_keep_count++;
    return &batch->_keeps[count];
}

void sm_batch_keep_buffer(struct sm_batch *batch, struct sm_buffer *buffer)
{
    add_keep(batch)->buffer = sm_buffer_retain(buffer);
}

void sm_batch_keep_batch(struct sm_batch *batch, struct sm_batch *source)
{
    assert(batch != source);
    add_keep(batch)->batch = sm_batch_retain(source);
}

struct sm_buffer *sm_batch_only_buffer(const struct sm_batch *batch)
{
    assert(!batch->is_packed);
    return batch->_keep_count == 1 && !batch->_keeps[0].batch ? batch->_keeps[0].buffer : NULL;
}

void sm_batch_keep_what(struct sm_batch *batch, const struct sm_batch *source)
{
    for (size_t i = 0; i < source->_keep_count; i++) {
        if (source->_keeps[i].buffer)
            sm_batch_keep_buffer(batch, source->_keeps[i].buffer);
        if (source->_keeps[i].batch)
            sm_batch_keep_batch(batch, source->_keeps[i].batch);
    }
}

struct sm_resource_group *sm_batch_append_groups(struct sm_batch *batch, const struct sm_resource_group *groups, size_t count)
{
    batch->groups = sm_arena_grow(&batch->arena, batch->groups, batch->count, &batch->capacity, batch->count + count, sizeof(*batch->groups));
    struct sm_resource_group *place = batch->groups + batch->count;
    if (count)
        memcpy(place, groups, count * sizeof(*place));
    batch->count += count;
    return place;
}

void sm_batch_append(struct sm_batch *batch, struct sm_batch *source)
{
    assert(batch->signal == source->signal);
    assert(batch != source);
    if (source->is_packed && (batch->is_packed || batch->count == 0)) {
        sm_batch_join_parts(batch, source->_parts, source->_part_count);
        return;
    }
    sm_batch_unpack(batch);
    /* Somebody else reads `source`: its index must stay as it is. */
    struct sm_batch *part = sm_batch_is_shared(source) || source->is_packed ? sm_batch_clone(source) : sm_batch_retain(source);
    sm_batch_unpack(part);
    sm_batch_append_groups(batch, part->groups, part->count);
    sm_batch_keep_batch(batch, part);
    batch->item_count += part->item_count;
    batch->changed |= part->changed;
    batch->raw = (struct sm_slice){0};
    sm_batch_release(part);
}

struct sm_resource_group *sm_batch_add_resource(struct sm_batch *batch)
{
    const struct sm_resource_group group = {.changed = true, .resource.changed = true};
    batch->changed = true;
    return sm_batch_append_groups(batch, &group, 1);
}

struct sm_scope_group *sm_batch_add_scope(struct sm_batch *batch, struct sm_resource_group *group)
{
    size_t count = group->count, room = group->_scope_capacity;
    group->scopes = sm_arena_grow(&batch->arena, group->scopes, count, &room, count + 1, sizeof(*group->scopes));
    group->_scope_capacity = (uint32_t)room;
    group->scopes[count] = (struct sm_scope_group){.changed = true, .scope.changed = true};
    group->count++;
    sm_batch_mark_changed(batch, group, NULL);
    return &group->scopes[count];
}

/* ---- counting after items were dropped */

static size_t recount_metric(struct sm_metric *metric)
{
    size_t count = 0;
    for (size_t i = 0; i < metric->point_count; i++) {
        count += !metric->points[i].dropped;
        metric->changed |= metric->points[i].dropped || metric->points[i].changed;
    }
    metric->dropped = count == 0 && metric->point_count > 0;
    return count;
}

/* Items of the signal (spans, points, records) that are left; `*kept` counts the entries of the scope's array that are. */
static size_t recount_items(enum sm_signal signal, struct sm_scope_group *scope, size_t *kept, bool *has_changed)
{
    size_t items = 0;
    *kept = 0;
    for (size_t i = 0; i < scope->count; i++) {
        bool dropped, changed;
        size_t count = 1;
        if (signal == SM_METRICS) {
            struct sm_metric *metric = &scope->metrics[i];
            count = metric->dropped ? 0 : recount_metric(metric);
            dropped = metric->dropped;
            changed = metric->changed;
        } else if (signal == SM_TRACES) {
            dropped = scope->spans[i].dropped;
            changed = scope->spans[i].changed != 0;
        } else {
            dropped = scope->log_records[i].dropped;
            changed = scope->log_records[i].changed;
        }
        *has_changed |= dropped || changed;
        *kept += !dropped;
        items += dropped ? 0 : count;
    }
    return items;
}

void sm_batch_recount(struct sm_batch *batch)
{
    assert(!batch->is_packed);
    batch->item_count = 0;
    for (size_t g = 0; g < batch->count; g++) {
        struct sm_resource_group *group = &batch->groups[g];
        size_t scopes_kept = 0;
        for (size_t s = 0; s < group->count && !group->dropped; s++) {
            struct sm_scope_group *scope = &group->scopes[s];
            size_t kept = 0, items = 0;
            if (!scope->dropped) {
                items = recount_items(batch->signal, scope, &kept, &scope->changed);
                scope->dropped = kept == 0;
            }
            scopes_kept += !scope->dropped;
            group->changed |= scope->changed || scope->dropped;
            batch->item_count += scope->dropped ? 0 : items;
        }
        group->dropped |= scopes_kept == 0;
        batch->changed |= group->changed || group->dropped;
    }
}
