/* batch_pack.c - batches without an index: a list of encoded requests with the number of their items; see batch.h.
 *
 * One OTLP request after the other is again an OTLP request, so that joining batches is joining lists, and joining small parts is copying them into
 * one block. A part that two batches refer to is not written to any more: it may be read on any worker. Only cutting through a part decodes it, and
 * only that one. */
#include <assert.h>
#include <stdlib.h>

#include "base/memory.h"
#include "telemetry/batch_internal.h"
#include "telemetry/metadata.h"
#include "telemetry/otlp.h"

/* Smaller parts are copied together. Left as they are, the buffers of a few KiB that wait between the large ones of requests under way double what
 * the heap takes (measured with a sampler before the batch processor), and each is one more piece to send. */
enum { COPY_MAX = 64 * 1024, BLOCK_MIN = 4 * 1024, BLOCK_MAX = 256 * 1024 };

void sm_batch_add_parts(struct sm_batch *batch, const struct sm_batch_part *parts, size_t count)
{
    assert(batch->count == 0);
    batch->is_packed = true;
    for (size_t i = 0; i < count; i++) {
        /* Room doubles at powers of two. */
        if ((batch->_part_count & (batch->_part_count - 1)) == 0)
            batch->_parts = sm_realloc(batch->_parts, batch->_part_count ? batch->_part_count * 2 : 1, sizeof(*batch->_parts));
        batch->_parts[batch->_part_count++] = parts[i];
        sm_buffer_retain(parts[i].buffer);
        batch->item_count += parts[i].item_count;
    }
}

struct sm_batch *sm_batch_create_packed(enum sm_signal signal, const struct sm_batch_part *part)
{
    struct sm_batch *batch = sm_batch_create(signal);
    sm_batch_add_parts(batch, part, 1);
    return batch;
}

/* Makes the last part longer when `part` lies behind it. */
static bool try_extend(struct sm_batch *batch, const struct sm_batch_part *part)
{
    struct sm_batch_part *last = batch->_part_count ? &batch->_parts[batch->_part_count - 1] : NULL;
    if (!last || !part->is_run || last->buffer != part->buffer || last->raw.ptr + last->raw.size != part->raw.ptr)
        return false;
    last->raw.size += part->raw.size;
    last->item_count += part->item_count;
    batch->item_count += part->item_count;
    return true;
}

static bool has_room(const struct sm_batch_part *part, size_t size)
{
    const struct sm_buffer *buffer = part->buffer;
    return !sm_buffer_is_shared(buffer) && part->raw.ptr + part->raw.size == buffer->data + buffer->size && buffer->capacity - buffer->size >= size;
}

/* An empty part with room for `size` bytes at the end of `batch`. */
static void add_block(struct sm_batch *batch, size_t size)
{
    size_t room = 2 * sm_batch_encoded_size(batch);
    room = room > BLOCK_MAX ? BLOCK_MAX : room < BLOCK_MIN ? BLOCK_MIN : room;
    room = room < size ? size : room;
    struct sm_buffer *block = sm_buffer_try_create(room - sizeof(struct sm_buffer));
    if (!block)
        sm_out_of_memory(room);
    sm_batch_add_parts(batch, &(struct sm_batch_part){.raw = sm_buffer_slice(block), .buffer = block}, 1);
    sm_buffer_release(block);
}

void sm_batch_join_parts(struct sm_batch *batch, const struct sm_batch_part *parts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct sm_slice raw = parts[i].raw;
        if (try_extend(batch, &parts[i]))
            continue;
        if (raw.size > COPY_MAX || parts[i].is_run || batch->_part_count == 0) {
            sm_batch_add_parts(batch, &parts[i], 1);
            continue;
        }
        if (!has_room(&batch->_parts[batch->_part_count - 1], raw.size))
            add_block(batch, raw.size + sizeof(struct sm_buffer));
        struct sm_batch_part *last = &batch->_parts[batch->_part_count - 1];
        if (raw.size)
            memcpy(last->buffer->data + last->buffer->size, raw.ptr, raw.size);
        last->buffer->size += raw.size;
        last->raw.size += raw.size;
        last->item_count += parts[i].item_count;
        batch->item_count += parts[i].item_count;
    }
}

void sm_batch_append_part(struct sm_batch *batch, const struct sm_batch_part *part)
{
    assert(batch->is_packed || batch->count == 0);
    sm_batch_join_parts(batch, part, 1);
}

/* The buffer in which `raw` lies, among what `batch` keeps; NULL: it lies in an arena. Borrowed. */
static struct sm_buffer *find_buffer(const struct sm_batch *batch, struct sm_slice raw)
{
    for (size_t i = 0; i < batch->_keep_count; i++) {
        const struct sm_batch_keep *keep = &batch->_keeps[i];
        struct sm_buffer *buffer = keep->buffer ? keep->buffer : find_buffer(keep->batch, raw);
        if (buffer && (uintptr_t)raw.ptr - (uintptr_t)buffer->data <= buffer->capacity)
            return buffer;
    }
    return NULL;
}

static struct sm_batch_part make_part(const struct sm_batch *batch)
{
    struct sm_batch_part part = {.item_count = batch->item_count};
    if (batch->raw.ptr && !batch->changed && (part.buffer = find_buffer(batch, batch->raw)) != NULL) {
        sm_buffer_retain(part.buffer);
        part.raw = batch->raw;
    } else {
        part.buffer = sm_otlp_encode_protobuf_buffer(batch);
        part.raw = sm_buffer_slice(part.buffer);
    }
    return part;
}

struct sm_batch *sm_batch_pack(struct sm_batch *batch)
{
    if (batch->is_packed)
        return batch;
    struct sm_batch *packed = sm_batch_create(batch->signal);
    struct sm_batch_part part = make_part(batch);
    sm_batch_add_parts(packed, &part, 1);
    sm_buffer_release(part.buffer);
    sm_batch_share_client(batch, packed);
    packed->delivery = batch->delivery;
    sm_batch_release(batch);
    return packed;
}

void sm_batch_unpack(struct sm_batch *batch)
{
    if (!batch->is_packed)
        return;
    assert(!sm_batch_is_shared(batch));
    struct sm_batch_part *parts = batch->_parts;
    size_t count = batch->_part_count;
    batch->_parts = NULL;
    batch->_part_count = batch->item_count = 0;
    batch->is_packed = false;
    batch->raw = count == 1 ? parts[0].raw : (struct sm_slice){0};
    for (size_t i = 0; i < count; i++) {
        sm_otlp_decode_part(batch, &parts[i]);
        sm_batch_keep_buffer(batch, parts[i].buffer);
        sm_buffer_release(parts[i].buffer);
    }
    free(parts);
}

/* Cuts the first `item_count` items off a part that has more: returns them, leaves the rest. */
static struct sm_batch *cut_part(enum sm_signal signal, struct sm_batch_part *part, size_t item_count)
{
    struct sm_batch *rest = sm_batch_create(signal);
    sm_batch_add_parts(rest, part, 1);
    sm_batch_unpack(rest);
    struct sm_batch *head = sm_batch_split(rest, item_count);
    sm_buffer_release(part->buffer);
    *part = make_part(rest);
    sm_batch_release(rest);
    return sm_batch_pack(head);
}

struct sm_batch *sm_batch_split_packed(struct sm_batch *batch, size_t item_count)
{
    struct sm_batch *head = sm_batch_create(batch->signal);
    size_t index = 0, wanted = item_count;
    while (index < batch->_part_count && batch->_parts[index].item_count <= wanted)
        wanted -= batch->_parts[index++].item_count;
    sm_batch_add_parts(head, batch->_parts, index);
    if (wanted && index < batch->_part_count) {
        struct sm_batch *cut = cut_part(batch->signal, &batch->_parts[index], wanted);
        sm_batch_append(head, cut);
        sm_batch_release(cut);
    }
    batch->item_count -= head->item_count;
    for (size_t i = 0; i < index; i++)
        sm_buffer_release(batch->_parts[i].buffer);
    /* A new list, so that the room follows the count again. */
    struct sm_batch rest = {.signal = batch->signal};
    sm_batch_add_parts(&rest, batch->_parts + index, batch->_part_count - index);
    for (size_t i = index; i < batch->_part_count; i++)
        sm_buffer_release(batch->_parts[i].buffer);
    free(batch->_parts);
    batch->_parts = rest._parts;
    batch->_part_count = rest._part_count;
    return head;
}
