/* line_diff.c - see line_diff.h. The longest common subsequence by dynamic programming on what is left between equal beginnings and ends. */
#include "cli/line_diff.h"

#include <stdint.h>

#include "base/arena.h"

enum { CELLS_MAX = 4 * 1024 * 1024 };

struct lines {
    struct sm_slice *items;
    size_t count;
};

static struct lines split(struct sm_slice text, struct sm_arena *arena)
{
    struct lines lines = {0};
    size_t capacity = 0;
    while (text.size > 0) {
        if (lines.count == capacity)
            lines.items = sm_arena_grow(arena, lines.items, lines.count, &capacity, lines.count + 1, sizeof(*lines.items));
        lines.items[lines.count++] = sm_slice_cut(&text, '\n');
    }
    return lines;
}

/* What becomes of the lines, in order: ' ' stays, '-' went, '+' came. */
struct script {
    char *marks;
    struct sm_slice *lines;
    size_t count;
};

static void add(struct script *script, char mark, struct sm_slice line)
{
    script->marks[script->count] = mark;
    script->lines[script->count++] = line;
}

/* Length of the longest common subsequence behind each pair of positions. */
static uint32_t *fill_table(const struct sm_slice *a, size_t a_count, const struct sm_slice *b, size_t b_count, struct sm_arena *arena)
{
    size_t width = b_count + 1;
    uint32_t *table = sm_arena_zalloc(arena, (a_count + 1) * width, sizeof(*table));
    for (size_t i = a_count; i-- > 0;)
        for (size_t j = b_count; j-- > 0;) {
            uint32_t down = table[(i + 1) * width + j], right = table[i * width + j + 1];
            table[i * width + j] = sm_slice_equal(a[i], b[j]) ? table[(i + 1) * width + j + 1] + 1 : down > right ? down : right;
        }
    return table;
}

static void compare_middle(struct script *script, const struct sm_slice *a, size_t a_count, const struct sm_slice *b, size_t b_count,
                           struct sm_arena *arena)
{
    bool is_too_large = (a_count + 1) > CELLS_MAX / (b_count + 1);
    const uint32_t *table = is_too_large ? NULL : fill_table(a, a_count, b, b_count, arena);
    size_t i = 0, j = 0, width = b_count + 1;
    while (table && i < a_count && j < b_count) {
        if (sm_slice_equal(a[i], b[j])) {
            add(script, ' ', a[i]);
            i++, j++;
        } else if (table[(i + 1) * width + j] >= table[i * width + j + 1]) {
            add(script, '-', a[i++]);
        } else {
            add(script, '+', b[j++]);
        }
    }
    while (i < a_count)
        add(script, '-', a[i++]);
    while (j < b_count)
        add(script, '+', b[j++]);
}

static struct script compare(const struct lines *a, const struct lines *b, struct sm_arena *arena)
{
    size_t room = a->count + b->count + 1, start = 0, end = 0;
    struct script script = {.marks = sm_arena_alloc(arena, room), .lines = sm_arena_zalloc(arena, room, sizeof(struct sm_slice))};
    while (start < a->count && start < b->count && sm_slice_equal(a->items[start], b->items[start]))
        add(&script, ' ', a->items[start++]);
    while (start + end < a->count && start + end < b->count && sm_slice_equal(a->items[a->count - 1 - end], b->items[b->count - 1 - end]))
        end++;
    if (start < a->count || start < b->count)
        compare_middle(&script, a->items + start, a->count - start - end, b->items + start, b->count - start - end, arena);
    for (size_t i = a->count - end; i < a->count; i++)
        add(&script, ' ', a->items[i]);
    return script;
}

static bool is_near_change(const struct script *script, size_t index, size_t around)
{
    size_t first = index > around ? index - around : 0;
    for (size_t i = first; i < script->count && i <= index + around; i++)
        if (script->marks[i] != ' ')
            return true;
    return false;
}

bool sm_line_diff_print(FILE *out, struct sm_slice before, struct sm_slice after, size_t around, bool colour)
{
    if (sm_slice_equal(before, after))
        return false;
    struct sm_arena arena;
    sm_arena_init(&arena);
    const struct lines a = split(before, &arena), b = split(after, &arena);
    const struct script script = compare(&a, &b, &arena);
    bool is_left_out = false;
    for (size_t i = 0; i < script.count; i++) {
        if (!is_near_change(&script, i, around)) {
            is_left_out = true;
            continue;
        }
        if (is_left_out)
            fputs("  …\n", out);
        is_left_out = false;
        const char *start = !colour || script.marks[i] == ' ' ? "" : script.marks[i] == '-' ? "\x1b[31m" : "\x1b[32m";
        fprintf(out, "%s%c %.*s%s\n", start, script.marks[i], SM_SLICE_ARGS(script.lines[i]), *start ? "\x1b[0m" : "");
    }
    if (is_left_out)
        fputs("  …\n", out);
    sm_arena_deinit(&arena);
    return true;
}
