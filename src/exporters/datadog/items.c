/* items.c - see items.h. Stateless. */
#include "exporters/datadog/items.h"

#include <stdlib.h>
#include <sys/uio.h>

#include "base/log.h"
#include "base/memory.h"
#include "wire/compression.h"

enum { CAPACITY_MIN = 64 };

void sm_datadog_items_deinit(struct sm_datadog_items *items)
{
    sm_bytes_deinit(&items->text);
    free(items->_ends);
    *items = (struct sm_datadog_items){0};
}

void sm_datadog_items_end(struct sm_datadog_items *items)
{
    if (items->count == items->_capacity) {
        items->_capacity = items->_capacity ? 2 * items->_capacity : CAPACITY_MIN;
        items->_ends = sm_realloc(items->_ends, items->_capacity, sizeof(*items->_ends));
    }
    items->_ends[items->count++] = items->text.size;
}

struct posting {
    const struct sm_datadog_items *items;
    const struct sm_datadog_packing *packing;
    struct sm_datadog_lane *lane;
    sm_datadog_posted *posted;
    void *context;
    size_t count;
};

static struct sm_slice text_of(const struct posting *posting, size_t first, size_t last)
{
    size_t from = first ? posting->items->_ends[first - 1] : 0;
    from += posting->packing->has_separator;
    return sm_slice_make(posting->items->text.ptr + from, posting->items->_ends[last - 1] - from);
}

/* False: that cannot be. */
static bool pack(const struct posting *posting, struct sm_slice text, struct sm_bytes *body)
{
    const struct sm_datadog_packing *packing = posting->packing;
    const struct iovec pieces[] = {
        {.iov_base = (void *)(uintptr_t)packing->head.ptr, .iov_len = packing->head.size},
        {.iov_base = (void *)(uintptr_t)text.ptr, .iov_len = text.size},
        {.iov_base = (void *)(uintptr_t)packing->tail.ptr, .iov_len = packing->tail.size},
    };
    enum { PIECES = sizeof(pieces) / sizeof(pieces[0]) };
    struct sm_error error;
    if (packing->is_gzipped && !sm_compress_pieces(SM_COMPRESSION_GZIP, packing->level, pieces, PIECES, body, &error)) {
        sm_log(SM_LOG_ERROR, NULL, "Dropping payload, it cannot be packed", SM_LOG_STR("error", error.text), SM_LOG_INT("bytes", text.size));
        return false;
    }
    for (size_t i = 0; !packing->is_gzipped && i < PIECES; i++)
        sm_bytes_append(body, pieces[i].iov_base, pieces[i].iov_len);
    return true;
}

/* Items `first` to below `last`. */
static void post_range(struct posting *posting, size_t first, size_t last)
{
    const struct sm_datadog_packing *packing = posting->packing;
    struct sm_slice text = text_of(posting, first, last);
    bool is_too_large = text.size > packing->text_max || (packing->items_max && last - first > packing->items_max);
    struct sm_bytes body = {0};
    if (last - first == 1 || !is_too_large) {
        if (!pack(posting, text, &body)) {
            sm_bytes_deinit(&body);
            return;
        }
        is_too_large = body.size > packing->packed_max;
    }
    if (is_too_large && last - first > 1) {
        size_t middle = first + (last - first) / 2;
        sm_bytes_deinit(&body);
        post_range(posting, first, middle);
        post_range(posting, middle, last);
        return;
    }
    posting->count++;
    sm_datadog_lane_post(posting->lane, &body, posting->posted, posting->context);
    sm_bytes_deinit(&body);
}

size_t sm_datadog_items_post(struct sm_datadog_items *items, const struct sm_datadog_packing *packing, struct sm_datadog_lane *lane,
                             sm_datadog_posted *posted, void *context)
{
    struct posting posting = {.items = items, .packing = packing, .lane = lane, .posted = posted, .context = context};
    if (items->count)
        post_range(&posting, 0, items->count);
    items->text.size = 0;
    items->count = 0;
    return posting.count;
}
