/* json_path.c - what the steps of a path select. A step is taken for all values before the next one, so depth is that of the document alone. */
#include "alloy/json_path.h"

#include <stdlib.h>

#include "base/memory.h"

/* ---- regular expressions */

struct sm_json_path_pattern {
    struct sm_json_path_pattern *next; /* owned */
    struct sm_slice text;              /* behind the struct */
    struct sm_regex *regex;            /* owned */
};

void sm_json_path_patterns_deinit(struct sm_json_path_patterns *patterns)
{
    while (patterns->_first) {
        struct sm_json_path_pattern *pattern = patterns->_first;
        patterns->_first = pattern->next;
        sm_regex_free(pattern->regex);
        free(pattern);
    }
}

const struct sm_regex *sm_json_path_pattern(struct sm_json_path_patterns *patterns, struct sm_slice text, struct sm_error *error, bool *is_full)
{
    *is_full = false;
    for (const struct sm_json_path_pattern *pattern = patterns->_first; pattern; pattern = pattern->next)
        if (sm_slice_equal(pattern->text, text))
            return pattern->regex;
    *is_full = patterns->_count >= SM_JSON_PATH_PATTERNS_MAX;
    struct sm_regex *regex = *is_full ? NULL : sm_regex_compile(text, error);
    if (!regex)
        return NULL;
    struct sm_json_path_pattern *pattern = sm_alloc(1, sizeof(*pattern) + text.size);
    char *copy = (char *)(pattern + 1);
    if (text.size)
        memcpy(copy, text.ptr, text.size);
    *pattern = (struct sm_json_path_pattern){.next = patterns->_first, .text = sm_slice_make(copy, text.size), .regex = regex};
    patterns->_first = pattern;
    patterns->_count++;
    return regex;
}

/* ---- sets */

bool sm_json_path_spend(struct sm_json_path_run *run, size_t work)
{
    run->work += work;
    if (run->work > SM_JSON_PATH_WORK_MAX && !run->error)
        run->error = "the path is too much work for this document";
    return !run->error;
}

bool sm_json_path_add(struct sm_json_path_run *run, struct sm_json_path_set *set, struct sm_alloy_value *value, struct sm_arena *arena)
{
    if (set->count == SM_JSON_PATH_RESULTS_MAX && !run->error)
        run->error = "the path selects too much";
    if (!sm_json_path_spend(run, 1))
        return false;
    set->items = sm_arena_grow(arena, set->items, set->count, &set->capacity, set->count + 1, sizeof(*set->items));
    set->items[set->count++] = (struct sm_json_path_item){.value = value, .begins_group = set->is_at_group};
    set->is_at_group = false;
    return true;
}

size_t sm_json_path_child_count(const struct sm_alloy_value *value)
{
    return value->type == SM_ALLOY_TYPE_ARRAY ? value->array.count : value->type == SM_ALLOY_TYPE_OBJECT ? value->object.count : 0;
}

struct sm_alloy_value *sm_json_path_child(const struct sm_alloy_value *value, size_t index)
{
    return value->type == SM_ALLOY_TYPE_ARRAY ? value->array.items[index] : value->object.entries[index].value;
}

static bool has_children(const struct sm_alloy_value *value)
{
    return value->type == SM_ALLOY_TYPE_ARRAY || value->type == SM_ALLOY_TYPE_OBJECT;
}

/* ---- one step from one value */

struct walk {
    struct sm_json_path_run *run;
    struct sm_arena *arena;
    struct sm_alloy_value *root;
    bool is_last; /* step: before it, what has no members goes no further */
};

static bool keep(const struct walk *walk, struct sm_alloy_value *value, struct sm_json_path_set *to)
{
    return !(walk->is_last || has_children(value)) || sm_json_path_add(walk->run, to, value, walk->arena);
}

static bool select_all(const struct walk *walk, const struct sm_alloy_value *value, struct sm_json_path_set *to)
{
    size_t count = sm_json_path_child_count(value);
    if (!sm_json_path_spend(walk->run, 1 + count / 16))
        return false;
    for (size_t i = 0; i < count; i++)
        if (!keep(walk, sm_json_path_child(value, i), to))
            return false;
    return true;
}

static bool select_member(const struct walk *walk, const struct sm_alloy_value *value, const struct sm_json_path_member *member,
                          struct sm_json_path_set *to)
{
    struct sm_alloy_value *found = NULL;
    size_t count = sm_json_path_child_count(value);
    if (member->is_name && value->type == SM_ALLOY_TYPE_OBJECT) {
        if (!sm_json_path_spend(walk->run, 1 + count / 16))
            return false;
        found = sm_alloy_object_find(value, member->name);
    } else if (!member->is_name && value->type == SM_ALLOY_TYPE_ARRAY) {
        /* As unsigned numbers: what wraps is out of range. */
        uint64_t at = (uint64_t)member->index + (member->index < 0 ? count : 0);
        found = at < count ? value->array.items[at] : NULL;
    }
    return found ? keep(walk, found, to) : sm_json_path_spend(walk->run, 1);
}

/* The bounds of a range in a list of `count`, for a positive or negative step. */
static void bind_range(const struct sm_json_path_step *step, int64_t count, int64_t *start, int64_t *end)
{
    *start = step->start < 0 ? step->start + count : step->start;
    *start = *start < 0 ? 0 : *start;
    *end = step->end < 0 ? step->end + count : step->end;
    *end = *end > count ? count : *end;
    if (step->step < 0 && *end < -1)
        *end = -1;
}

/* Before the last step the reference computes the last index first, and by its rounding an empty range with a step of two and more can give its
 * start: [1:1:2]. */
static bool gives_its_start(const struct walk *walk, int64_t start, int64_t end, int64_t step)
{
    uint64_t length = step < 0 ? -(uint64_t)step : (uint64_t)step;
    bool is_empty = step > 0 ? end <= start : end >= start;
    uint64_t missing = step > 0 ? (uint64_t)start - (uint64_t)end : (uint64_t)end - (uint64_t)start;
    return !walk->is_last && is_empty && missing + 1 < length;
}

static bool select_range(const struct walk *walk, const struct sm_alloy_value *value, const struct sm_json_path_step *step,
                         struct sm_json_path_set *to)
{
    if (value->type != SM_ALLOY_TYPE_ARRAY || step->step == 0)
        return true;
    int64_t start, end, count = (int64_t)value->array.count;
    bind_range(step, count, &start, &end);
    if (start >= count)
        return true;
    if (gives_its_start(walk, start, end, step->step))
        return keep(walk, value->array.items[start], to);
    for (int64_t i = start; step->step > 0 ? i < end : i > end;) {
        if (!keep(walk, value->array.items[i], to))
            return false;
        int64_t left = step->step > 0 ? end - i : i - end;
        if (step->step > 0 ? step->step >= left : step->step <= -left)
            break; /* before the sum wraps */
        i += step->step;
    }
    return true;
}

/* As the last step: the members, level by level downwards, and the value itself at the end. Before another step: what has members, the deepest
 * first. The document's own limit bounds the depth. */
static bool descend(const struct walk *walk, struct sm_alloy_value *value, bool is_top, struct sm_json_path_set *to)
{
    if (walk->is_last && !select_all(walk, value, to))
        return false;
    size_t count = sm_json_path_child_count(value);
    if (!sm_json_path_spend(walk->run, 1 + count / 16))
        return false;
    for (size_t i = 0; i < count; i++) {
        struct sm_alloy_value *child = sm_json_path_child(value, i);
        if (has_children(child) && !descend(walk, child, false, to))
            return false;
    }
    to->is_at_group = true;
    return (walk->is_last && !is_top) || sm_json_path_add(walk->run, to, value, walk->arena);
}

static bool take_step(const struct walk *walk, const struct sm_json_path_step *step, const struct sm_json_path_item *item,
                      struct sm_json_path_set *to)
{
    struct sm_alloy_value *value = item->value;
    to->is_at_group = true;
    switch (step->kind) {
    case SM_JSON_PATH_ROOT:
        return sm_json_path_add(walk->run, to, walk->root, walk->arena);
    case SM_JSON_PATH_THIS:
        return sm_json_path_add(walk->run, to, value, walk->arena);
    case SM_JSON_PATH_CHILD:
    case SM_JSON_PATH_INDEX:
        return select_member(walk, value, &step->member, to);
    case SM_JSON_PATH_ALL:
        return select_all(walk, value, to);
    case SM_JSON_PATH_DESCENT: /* the reference goes down from the first of a group only; the others stand for themselves */
        return item->begins_group ? descend(walk, value, true, to) : sm_json_path_add(walk->run, to, value, walk->arena);
    case SM_JSON_PATH_UNION:
        for (size_t i = 0; i < step->member_count; i++)
            if (!select_member(walk, value, &step->members[i], to))
                return false;
        return true;
    case SM_JSON_PATH_RANGE:
        return select_range(walk, value, step, to);
    case SM_JSON_PATH_FILTER:
        break;
    }
    return sm_json_path_filter(walk->run, step->filter, value, walk->root, walk->arena, to);
}

bool sm_json_path_select(struct sm_json_path_run *run, const struct sm_json_path *path, struct sm_alloy_value *data, struct sm_arena *arena,
                         struct sm_json_path_set *selected)
{
    *selected = (struct sm_json_path_set){0};
    if (path->count == 0) /* an empty path selects nothing */
        return true;
    struct sm_json_path_set from = {.is_at_group = true};
    if (!sm_json_path_add(run, &from, data, arena))
        return false;
    struct walk walk = {.run = run, .arena = arena, .root = data};
    for (size_t i = 0; i < path->count && from.count; i++) {
        struct sm_json_path_set to = {0};
        walk.is_last = i + 1 == path->count;
        for (size_t k = 0; k < from.count; k++)
            if (!take_step(&walk, &path->steps[i], &from.items[k], &to))
                return false;
        from = to;
    }
    *selected = from;
    return true;
}
