/* fan_out.c - see fan_out.h. */
#include "pipeline/fan_out.h"

#include <assert.h>

#include "pipeline/delivery.h"
#include "telemetry/batch.h"
#include "telemetry/metadata.h"

struct fan_out {
    struct sm_consumer base;
    size_t changing_count, count;
    struct sm_consumer *consumers[]; /* borrowed: those that change data first */
};

static struct sm_batch *copy_with_delivery(struct sm_batch *batch)
{
    struct sm_batch *copy = sm_batch_clone(batch);
    copy->delivery = batch->delivery;
    sm_batch_share_client(batch, copy);
    return copy;
}

static void consume_by_all(struct sm_consumer *self, struct sm_worker *worker, struct sm_batch *batch)
{
    struct fan_out *fan_out = (struct fan_out *)self;
    /* All parts exist before the first is given away: a consumer may end its part at once. */
    sm_delivery_add_parts(batch->delivery, (unsigned)(fan_out->count - 1));
    for (size_t i = 0; i < fan_out->count; i++) {
        bool is_last = i + 1 == fan_out->count;
        if (i < fan_out->changing_count && !is_last)
            sm_consumer_consume(fan_out->consumers[i], worker, copy_with_delivery(batch));
        else
            sm_consumer_consume(fan_out->consumers[i], worker, is_last ? batch : sm_batch_retain(batch));
    }
}

struct sm_consumer *sm_fan_out_create(struct sm_arena *arena, struct sm_consumer *const *consumers, size_t count)
{
    assert(count > 0);
    if (count == 1)
        return consumers[0];
    struct fan_out *fan_out = sm_arena_zalloc(arena, 1, sizeof(*fan_out) + count * sizeof(struct sm_consumer *));
    fan_out->base.consume = consume_by_all;
    for (size_t i = 0; i < count; i++)
        if (consumers[i]->mutates)
            fan_out->consumers[fan_out->changing_count++] = consumers[i];
    fan_out->count = fan_out->changing_count;
    for (size_t i = 0; i < count; i++)
        if (!consumers[i]->mutates)
            fan_out->consumers[fan_out->count++] = consumers[i];
    /* With a reader among them the batch itself goes to readers only. */
    fan_out->base.mutates = fan_out->changing_count == count;
    return &fan_out->base;
}
