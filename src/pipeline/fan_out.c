/* fan_out.c - see fan_out.h. */
#include "pipeline/fan_out.h"

#include <assert.h>

#include "pipeline/delivery.h"
#include "telemetry/batch.h"
#include "telemetry/metadata.h"

struct fan_out {
    struct sm_consumer base;
    size_t reading_count, count;
    struct sm_consumer *consumers[]; /* borrowed: those that change data last */
};

/* For a consumer that changes data, while others hold `batch`. */
static struct sm_batch *copy_for(const struct sm_consumer *consumer, struct sm_batch *batch)
{
    if (consumer->takes_packed)
        return sm_batch_pack(sm_batch_retain(batch));
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
    for (size_t i = 0; i + 1 < fan_out->count; i++) {
        struct sm_consumer *consumer = fan_out->consumers[i];
        sm_consumer_consume(consumer, worker, i < fan_out->reading_count ? sm_batch_retain(batch) : copy_for(consumer, batch));
    }
    /* The last one gets the batch itself, unless it changes what a reader still holds. */
    struct sm_consumer *last = fan_out->consumers[fan_out->count - 1];
    if (fan_out->reading_count < fan_out->count && sm_batch_is_shared(batch)) {
        struct sm_batch *copy = copy_for(last, batch);
        sm_batch_release(batch);
        batch = copy;
    }
    sm_consumer_consume(last, worker, batch);
}

struct sm_consumer *sm_fan_out_create(struct sm_arena *arena, struct sm_consumer *const *consumers, size_t count)
{
    assert(count > 0);
    if (count == 1)
        return consumers[0];
    struct fan_out *fan_out = sm_arena_zalloc(arena, 1, sizeof(*fan_out) + count * sizeof(struct sm_consumer *));
    fan_out->base.consume = consume_by_all;
    fan_out->base.takes_packed = true;
    for (size_t i = 0; i < count; i++)
        if (!consumers[i]->mutates)
            fan_out->consumers[fan_out->reading_count++] = consumers[i];
    fan_out->count = fan_out->reading_count;
    for (size_t i = 0; i < count; i++) {
        if (consumers[i]->mutates)
            fan_out->consumers[fan_out->count++] = consumers[i];
        fan_out->base.takes_packed &= consumers[i]->takes_packed;
    }
    /* With a reader among them the batch may be shared. */
    fan_out->base.mutates = fan_out->reading_count == 0;
    return &fan_out->base;
}
