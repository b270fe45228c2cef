/* sort.c - merges runs of growing length: stable, and bounded when values without an order fail the evaluation. */
#include "expr/sort.h"

#include <string.h>

bool expr_read_order(struct expr_evaluation *e, struct expr_value order, bool *is_descending)
{
    bool is_text = order.kind == EXPR_STRING;
    *is_descending = is_text && sm_slice_is(order.text, "desc");
    if (!is_text || (!*is_descending && !sm_slice_is(order.text, "asc")))
        expr_fail(e, "unknown order, use asc or desc");
    return !e->has_failed;
}

struct pair {
    struct expr_value key, item;
};

static bool goes_first(struct expr_evaluation *e, const struct pair *later, const struct pair *earlier, bool is_descending)
{
    return is_descending ? expr_less(e, earlier->key, later->key) : expr_less(e, later->key, earlier->key);
}

static void merge(struct expr_evaluation *e, const struct pair *from, struct pair *to, size_t middle, size_t count, bool is_descending)
{
    size_t left = 0, right = middle;
    for (size_t i = 0; i < count; i++) {
        bool takes_right = left == middle || (right < count && expr_step(e) && goes_first(e, &from[right], &from[left], is_descending));
        to[i] = from[takes_right ? right++ : left++];
    }
}

void expr_sort(struct expr_evaluation *e, struct expr_value *keys, struct expr_value *items, size_t count, bool is_descending)
{
    if (count < 2 || !expr_has_room(e, 2 * count * sizeof(struct pair)))
        return;
    struct pair *from = sm_arena_alloc(e->arena, 2 * count * sizeof(*from)), *to = from + count;
    for (size_t i = 0; i < count; i++)
        from[i] = (struct pair){keys[i], items[i]};
    for (size_t run = 1; run < count && !e->has_failed; run *= 2) {
        for (size_t at = 0; at < count; at += 2 * run) {
            size_t left = count - at;
            merge(e, from + at, to + at, run < left ? run : left, 2 * run < left ? 2 * run : left, is_descending);
        }
        struct pair *swapped = from;
        from = to;
        to = swapped;
    }
    for (size_t i = 0; i < count; i++) {
        keys[i] = from[i].key;
        items[i] = from[i].item;
    }
}
