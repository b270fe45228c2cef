/* segments.c - see segments.h.
 *
 * Spans of one service resemble each other: with the load of bench/compare.py 557 bytes a span become 89, for 0.31 us to pack and 0.05 us to
 * unpack. Smaller segments gain less, larger ones cost more where the records of a trace are far apart: each of them then unpacks a segment. Packing
 * the newest is cheapest: they are in the cache still. */
#include "processors/tail_sampling/segments.h"

#include <stdlib.h>

#include "base/buffer.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/memory.h"
#include "pipeline/storage.h"
#include "processors/tail_sampling/parcel.h"
#include "processors/tail_sampling/record.h"
#include "wire/lz4_block.h"

enum {
    SEGMENT_BYTES = 64 * 1024,
    CAPACITY_MIN = 64,
    UNPACKED_MIN = 8,
    UNPACKED_MAX = 128,                                /* 8 MiB */
    UNPACKED_SHARE = 8,                                /* of packed segments that many are kept unpacked between those bounds: 1 in 8 */
    UNPACKED_BYTES_MAX = UNPACKED_MAX * SEGMENT_BYTES, /* of them, when large records make them larger; the last one may exceed it */
    WORTHWHILE_PERCENT = 90,                           /* what does not become smaller than that stays as it is */
};

struct sm_tail_segment {
    char *held;               /* owned: packed; plain when its size is that of the content. NULL: open, or in the storage */
    char *plain;              /* owned: unpacked for a while, or NULL */
    uint32_t held_size, size; /* of `held`, of the content; 0 while open */
    uint32_t record_count;    /* that are wanted */
    uint64_t spilled_hash;    /* of what was put into the storage: lengths in it are trusted when it is read back */
    bool is_open, is_spilled;
    bool is_plain; /* counts as _plain_bytes */
};

/* What stands in front of what a record has of its own. */
struct stored {
    struct sm_tail_range resource, scope;
    uint32_t own_size;
    uint32_t has_one_scope;
};

static struct sm_tail_segment *segment_at(const struct sm_tail_segments *segments, uint32_t number)
{
    return &segments->_ring[number & (segments->_capacity - 1)];
}

static void note_memory(const struct sm_tail_segments *segments, size_t more, size_t less)
{
    atomic_fetch_add_explicit(segments->_settings->memory_bytes, more - less, memory_order_relaxed);
}

/* ---- the ring */

void sm_tail_segments_init(struct sm_tail_segments *segments, const struct sm_tail_segment_settings *settings)
{
    *segments = (struct sm_tail_segments){._settings = settings, ._capacity = CAPACITY_MIN};
    segments->_ring = sm_alloc(CAPACITY_MIN, sizeof(*segments->_ring));
    segments->_unpacked = sm_alloc(UNPACKED_MAX, sizeof(*segments->_unpacked));
}

static void forget_plain(struct sm_tail_segments *segments, struct sm_tail_segment *segment)
{
    if (segment->plain)
        segments->_unpacked_bytes -= segment->size;
    free(segment->plain);
    segment->plain = NULL;
}

static void forget(struct sm_tail_segments *segments, struct sm_tail_segment *segment)
{
    forget_plain(segments, segment);
    if (segment->held)
        note_memory(segments, 0, segment->held_size);
    if (segment->is_plain) {
        segments->_plain_count--;
        segments->_plain_bytes -= segment->held_size;
        segment->is_plain = false;
    }
    free(segment->held);
    segment->held = NULL;
}

void sm_tail_segments_deinit(struct sm_tail_segments *segments)
{
    for (uint32_t i = 0; i < segments->_count; i++)
        forget(segments, segment_at(segments, segments->_first + i));
    free(segments->_ring);
    free(segments->_unpacked);
    sm_bytes_deinit(&segments->_open);
    sm_bytes_deinit(&segments->_packed);
    *segments = (struct sm_tail_segments){0};
}

static void grow(struct sm_tail_segments *segments)
{
    struct sm_tail_segment *old = segments->_ring;
    uint32_t old_mask = segments->_capacity - 1;
    segments->_capacity *= 2;
    segments->_ring = sm_alloc(segments->_capacity, sizeof(*segments->_ring));
    for (uint32_t i = 0; i < segments->_count; i++) {
        uint32_t number = segments->_first + i;
        *segment_at(segments, number) = old[number & old_mask];
    }
    free(old);
}

static struct sm_tail_segment *open_next(struct sm_tail_segments *segments)
{
    if (segments->_count == segments->_capacity)
        grow(segments);
    struct sm_tail_segment *segment = segment_at(segments, segments->_first + segments->_count++);
    *segment = (struct sm_tail_segment){.is_open = true};
    segments->_open.size = 0;
    segments->_resource = segments->_scope = (struct sm_tail_range){0};
    return segment;
}

static struct sm_tail_segment *newest(const struct sm_tail_segments *segments)
{
    return segments->_count ? segment_at(segments, segments->_first + segments->_count - 1) : NULL;
}

/* ---- the storage */

enum { KEY_BYTES = 4 };

static struct sm_slice key_of(uint32_t number, char key[KEY_BYTES])
{
    memcpy(key, &number, sizeof(number));
    return sm_slice_make(key, KEY_BYTES);
}

static void log_failure(const struct sm_tail_segments *segments, const char *text, const struct sm_error *error)
{
    sm_log(SM_LOG_ERROR, segments->_settings->logger, text, SM_LOG_STR("error", error->text));
}

void sm_tail_segments_set_spill(struct sm_tail_segments *segments, struct sm_storage_client *spill)
{
    struct sm_bytes key = {0};
    struct sm_error error = {0};
    while (sm_storage_next(spill, (struct sm_slice){0}, &key, NULL, &error) && key.size && sm_storage_delete(spill, sm_bytes_slice(&key), &error))
        key.size = 0;
    if (error.text[0])
        log_failure(segments, "The storage for spans that are held cannot be emptied", &error);
    sm_bytes_deinit(&key);
    segments->_spill = spill;
}

static const char LOST[] = "Spans cannot be read back from disk and are lost";

static bool should_spill(const struct sm_tail_segments *segments)
{
    const struct sm_tail_segment_settings *settings = segments->_settings;
    return segments->_spill && settings->spill_from_bytes &&
           atomic_load_explicit(settings->memory_bytes, memory_order_relaxed) >= settings->spill_from_bytes;
}

static bool spill(struct sm_tail_segments *segments, uint32_t number, struct sm_slice content)
{
    char key[KEY_BYTES];
    struct sm_error error;
    if (!should_spill(segments))
        return false;
    if (sm_storage_set(segments->_spill, key_of(number, key), content, &error)) {
        segment_at(segments, number)->spilled_hash = sm_hash(content);
        return true;
    }
    log_failure(segments, "Spans cannot be put on disk and stay in memory", &error);
    return false;
}

static void unspill(struct sm_tail_segments *segments, uint32_t number)
{
    char key[KEY_BYTES];
    struct sm_error error;
    if (!sm_storage_delete(segments->_spill, key_of(number, key), &error))
        log_failure(segments, "Spans cannot be deleted from disk", &error);
}

/* The packed content, in a buffer of its own; NULL: it is lost. */
static struct sm_buffer *read_back(struct sm_tail_segments *segments, uint32_t number)
{
    char key[KEY_BYTES];
    struct sm_error error = {0};
    struct sm_buffer *found = NULL;
    if (!sm_storage_get(segments->_spill, key_of(number, key), &found, &error) || !found)
        log_failure(segments, LOST, &error);
    return found;
}

/* ---- closing */

/* The open content in its final form, valid until the next call. */
static struct sm_slice pack(struct sm_tail_segments *segments)
{
    struct sm_slice plain = sm_bytes_slice(&segments->_open);
    size_t room = plain.size / 100 * WORTHWHILE_PERCENT;
    segments->_packed.size = 0;
    segments->_packed.size = sm_lz4_block_pack(plain, sm_bytes_reserve(&segments->_packed, room), room);
    return segments->_packed.size ? sm_bytes_slice(&segments->_packed) : plain;
}

static void hold_packed(struct sm_tail_segments *segments, uint32_t number, struct sm_tail_segment *segment)
{
    struct sm_slice content = pack(segments);
    segment->held_size = (uint32_t)content.size;
    segment->is_spilled = spill(segments, number, content);
    if (!segment->is_spilled) {
        segment->held = memcpy(sm_realloc(NULL, content.size, 1), content.ptr, content.size);
        note_memory(segments, content.size, 0);
    }
    if (segments->_open.capacity > 2 * SEGMENT_BYTES)
        sm_bytes_deinit(&segments->_open);
    if (segments->_packed.capacity > 2 * SEGMENT_BYTES)
        sm_bytes_deinit(&segments->_packed);
}

static void hold_plain(struct sm_tail_segments *segments, struct sm_tail_segment *segment)
{
    bool is_roomy = segment->size < SEGMENT_BYTES / 4 * 3; /* a large record came next */
    segment->held = is_roomy ? sm_realloc(segments->_open.ptr, segment->size, 1) : segments->_open.ptr;
    segment->held_size = segment->size;
    segment->is_plain = true;
    segments->_plain_count++;
    segments->_plain_bytes += segment->held_size;
    note_memory(segments, segment->held_size, 0);
    sm_bytes_init(&segments->_open, NULL);
}

static void close_newest(struct sm_tail_segments *segments)
{
    uint32_t number = segments->_first + segments->_count - 1;
    struct sm_tail_segment *segment = segment_at(segments, number);
    segment->is_open = false;
    segment->size = (uint32_t)segments->_open.size;
    if (segment->record_count == 0) {
        segments->_count--;
        return;
    }
    if (segments->_plain_bytes + segment->size <= segments->_settings->plain_limit_bytes && !should_spill(segments))
        hold_plain(segments, segment);
    else
        hold_packed(segments, number, segment);
}

/* Where the bytes stand in the open segment: where the last ones do when they are the same. There is room. */
static void place(struct sm_bytes *open, struct sm_slice bytes, struct sm_tail_range *last)
{
    if (sm_slice_equal(bytes, sm_slice_make(open->ptr + last->offset, last->size)))
        return;
    *last = (struct sm_tail_range){.offset = (uint32_t)open->size, .size = (uint32_t)bytes.size};
    sm_bytes_append_slice(open, bytes);
}

/* The segment to add to, with room for `size` bytes. */
static struct sm_tail_segment *find_room(struct sm_tail_segments *segments, size_t size)
{
    struct sm_tail_segment *segment = newest(segments);
    if (segment && segment->is_open && segments->_open.size && segments->_open.size + size > SEGMENT_BYTES) {
        close_newest(segments);
        segment = NULL;
    }
    if (!segment || !segment->is_open)
        segment = open_next(segments);
    sm_bytes_reserve(&segments->_open, size > SEGMENT_BYTES ? size : SEGMENT_BYTES - segments->_open.size);
    return segment;
}

bool sm_tail_segments_add(struct sm_tail_segments *segments, const struct sm_tail_piece *piece, struct sm_tail_ref *ref)
{
    struct sm_tail_record_parts parts;
    if (!sm_tail_record_take_apart(piece, &parts) || parts.size > UINT32_MAX - sizeof(struct stored))
        return false;
    struct sm_tail_segment *segment = find_room(segments, parts.size + sizeof(struct stored));
    struct sm_bytes *open = &segments->_open;
    place(open, parts.resource, &segments->_resource);
    if (parts.has_one_scope)
        place(open, parts.scope, &segments->_scope);
    *ref = (struct sm_tail_ref){
        .segment = segments->_first + segments->_count - 1, .offset = (uint32_t)open->size, .size = parts.size, .span_count = piece->span_count};
    const struct stored stored = {
        .resource = segments->_resource, .scope = segments->_scope, .own_size = parts.own_size, .has_one_scope = parts.has_one_scope};
    sm_bytes_append(open, &stored, sizeof(stored));
    sm_tail_record_write_own(piece, open->ptr + open->size);
    open->size += parts.own_size;
    segment->record_count++;
    return true;
}

void sm_tail_segments_drop(struct sm_tail_segments *segments, struct sm_tail_ref ref)
{
    struct sm_tail_segment *segment = segment_at(segments, ref.segment);
    if (--segment->record_count > 0 || segment->is_open)
        return;
    if (segment->is_spilled)
        unspill(segments, ref.segment);
    forget(segments, segment);
    while (segments->_count && segment_at(segments, segments->_first)->record_count == 0 && !segment_at(segments, segments->_first)->is_open) {
        segments->_first++;
        segments->_count--;
    }
}

/* ---- reading */

static uint32_t unpacked_limit(const struct sm_tail_segments *segments)
{
    uint32_t share = (segments->_count - segments->_plain_count) / UNPACKED_SHARE;
    return share < UNPACKED_MIN ? UNPACKED_MIN : share > UNPACKED_MAX ? UNPACKED_MAX : share;
}

static bool has_room_unpacked(const struct sm_tail_segments *segments, size_t size)
{
    if (segments->_unpacked_count == 0)
        return true;
    return segments->_unpacked_count < unpacked_limit(segments) && segments->_unpacked_bytes + size <= UNPACKED_BYTES_MAX;
}

/* Remembers one more that is unpacked; the first of them have to go. */
static void note_unpacked(struct sm_tail_segments *segments, uint32_t number, size_t size)
{
    for (; !has_room_unpacked(segments, size); segments->_unpacked_count--) {
        uint32_t oldest = segments->_unpacked[segments->_unpacked_at];
        segments->_unpacked_at = (segments->_unpacked_at + 1) % UNPACKED_MAX;
        if (oldest - segments->_first < segments->_count) /* it may be gone */
            forget_plain(segments, segment_at(segments, oldest));
    }
    segments->_unpacked_bytes += size;
    segments->_unpacked[(segments->_unpacked_at + segments->_unpacked_count++) % UNPACKED_MAX] = number;
}

static bool unpack(struct sm_tail_segments *segments, uint32_t number, struct sm_tail_segment *segment)
{
    struct sm_buffer *found = segment->is_spilled ? read_back(segments, number) : NULL;
    if (segment->is_spilled && !found)
        return false;
    struct sm_slice held = found ? sm_buffer_slice(found) : sm_slice_make(segment->held, segment->held_size);
    char *plain = sm_realloc(NULL, segment->size, 1);
    bool is_whole = held.size == segment->held_size && (!found || sm_hash(held) == segment->spilled_hash);
    if (is_whole && held.size == segment->size)
        memcpy(plain, held.ptr, held.size);
    else
        is_whole = is_whole && sm_lz4_block_unpack(held, plain, segment->size);
    sm_buffer_release(found);
    if (!is_whole) {
        log_failure(segments, LOST, &(struct sm_error){.text = "the content is damaged"});
        free(plain);
        return false;
    }
    note_unpacked(segments, number, segment->size);
    segment->plain = plain;
    return true;
}

/* NULL: it is lost. */
static const char *content_of(struct sm_tail_segments *segments, uint32_t number)
{
    struct sm_tail_segment *segment = segment_at(segments, number);
    if (segment->is_open)
        return segments->_open.ptr;
    if (segment->held && segment->held_size == segment->size)
        return segment->held;
    return segment->plain || unpack(segments, number, segment) ? segment->plain : NULL;
}

bool sm_tail_segments_read(struct sm_tail_segments *segments, struct sm_tail_ref ref, char *to)
{
    const char *content = content_of(segments, ref.segment);
    if (!content)
        return false;
    struct stored stored;
    memcpy(&stored, content + ref.offset, sizeof(stored));
    const struct sm_tail_record_parts parts = {
        .resource = sm_slice_make(content + stored.resource.offset, stored.resource.size),
        .scope = sm_slice_make(content + stored.scope.offset, stored.scope.size),
        .own_size = stored.own_size,
        .has_one_scope = stored.has_one_scope,
    };
    sm_tail_record_join(&parts, content + ref.offset + sizeof(stored), to);
    return true;
}
