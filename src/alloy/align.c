/* align.c - see align.h. Gives what Go's text/tabwriter gives with padding 1, tabs for leading empty cells and empty soft columns discarded, followed
 * by the trimming that Alloy's printer does. State: the lines since the last flush. */
#include "alloy/align.h"

#include <stdlib.h>

#include "base/memory.h"
#include "ottl/runes.h"

enum { PADDING = 1, TAB_WIDTH = 8, COLUMNS_MAX = 1000 /* what stands further right is not aligned */ };

struct cell {
    struct sm_slice text;
    size_t width; /* characters, without escape marks */
    bool is_hard; /* ended by a tab */
};

struct line {
    size_t first, count; /* cells; the last one is in no column */
};

struct aligner {
    struct sm_arena arena;
    struct cell *cells;
    size_t cell_count, cell_capacity;
    struct line *lines;
    size_t line_count, line_capacity;
    size_t *widths; /* of the columns to the left */
    size_t width_count, width_capacity;
    struct sm_bytes padded; /* what is trimmed in the end */
};

static size_t text_width(struct sm_slice text)
{
    size_t width = 0;
    bool is_escaped = false;
    for (size_t i = 0; i < text.size;) {
        if ((unsigned char)text.ptr[i] == SM_ALLOY_ALIGN_ESCAPE) {
            is_escaped = !is_escaped;
            i++;
            continue;
        }
        sm_ottl_rune_next(text, &i);
        width++;
    }
    return width;
}

static void add_line(struct aligner *aligner)
{
    aligner->lines = sm_arena_grow(&aligner->arena, aligner->lines, aligner->line_count, &aligner->line_capacity, aligner->line_count + 1,
                                   sizeof(*aligner->lines));
    aligner->lines[aligner->line_count++] = (struct line){.first = aligner->cell_count};
}

static void add_cell(struct aligner *aligner, struct sm_slice text, bool is_hard)
{
    aligner->cells = sm_arena_grow(&aligner->arena, aligner->cells, aligner->cell_count, &aligner->cell_capacity, aligner->cell_count + 1,
                                   sizeof(*aligner->cells));
    aligner->cells[aligner->cell_count++] = (struct cell){.text = text, .width = text_width(text), .is_hard = is_hard};
    aligner->lines[aligner->line_count - 1].count++;
}

static void pad(struct aligner *aligner, size_t text_size, size_t cell_size, bool uses_tabs)
{
    size_t count = cell_size > text_size ? cell_size - text_size : 0;
    if (uses_tabs)
        count = (cell_size + TAB_WIDTH - 1) / TAB_WIDTH;
    for (size_t i = 0; i < count; i++)
        sm_bytes_append_char(&aligner->padded, uses_tabs ? '\t' : ' ');
}

static void write_lines(struct aligner *aligner, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++) {
        const struct line *line = &aligner->lines[i];
        bool uses_tabs = true;
        for (size_t k = 0; k < line->count; k++) {
            const struct cell *cell = &aligner->cells[line->first + k];
            if (cell->text.size)
                uses_tabs = false;
            sm_bytes_append_slice(&aligner->padded, cell->text);
            if (k < aligner->width_count)
                pad(aligner, cell->width, aligner->widths[k], uses_tabs);
        }
        if (i + 1 < aligner->line_count)
            sm_bytes_append_char(&aligner->padded, '\n');
    }
}

/* The width of the column at `column` in the lines from `from` that have it; `*to` is where it ends. */
static size_t measure_column(const struct aligner *aligner, size_t column, size_t from, size_t limit, size_t *to)
{
    size_t width = 0;
    bool is_empty = true;
    for (*to = from; *to < limit; ++*to) {
        const struct line *line = &aligner->lines[*to];
        if (column + 1 >= line->count)
            break;
        const struct cell *cell = &aligner->cells[line->first + column];
        if (cell->width + PADDING > width)
            width = cell->width + PADDING;
        if (cell->width > 0 || cell->is_hard)
            is_empty = false;
    }
    return is_empty ? 0 : width;
}

static void format(struct aligner *aligner, size_t from, size_t to)
{
    size_t column = aligner->width_count;
    for (size_t i = from; i < to && column < COLUMNS_MAX; i++) {
        if (column + 1 >= aligner->lines[i].count)
            continue;
        write_lines(aligner, from, i);
        size_t end, width = measure_column(aligner, column, i, to, &end);
        aligner->widths =
            sm_arena_grow(&aligner->arena, aligner->widths, aligner->width_count, &aligner->width_capacity, aligner->width_count + 1, sizeof(size_t));
        aligner->widths[aligner->width_count++] = width;
        format(aligner, i, end);
        aligner->width_count--;
        from = end;
        i = end;
        if (i >= to)
            break;
    }
    write_lines(aligner, from, to);
}

static void flush(struct aligner *aligner)
{
    format(aligner, 0, aligner->line_count);
    aligner->line_count = aligner->cell_count = 0;
    add_line(aligner);
}

/* Blanks at line ends and the escape marks go. */
static void trim(struct sm_slice text, struct sm_bytes *out)
{
    size_t blank_start = 0, blank_size = 0;
    bool is_escaped = false;
    for (size_t i = 0; i < text.size; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        if (!is_escaped && (c == ' ' || c == '\t')) {
            blank_start = blank_size ? blank_start : i;
            blank_size++;
            continue;
        }
        if (c != '\n' || is_escaped)
            sm_bytes_append(out, text.ptr + blank_start, blank_size);
        blank_size = 0;
        if (c == SM_ALLOY_ALIGN_ESCAPE)
            is_escaped = !is_escaped;
        else
            sm_bytes_append_char(out, (char)c);
    }
}

void sm_alloy_align(struct sm_slice text, struct sm_bytes *out)
{
    struct aligner aligner = {0};
    add_line(&aligner);
    size_t start = 0;
    bool is_escaped = false;
    for (size_t i = 0; i < text.size; i++) {
        char c = text.ptr[i];
        if ((unsigned char)c == SM_ALLOY_ALIGN_ESCAPE)
            is_escaped = !is_escaped;
        if (is_escaped || !(c == '\t' || c == '\v' || c == '\n' || c == '\f'))
            continue;
        add_cell(&aligner, sm_slice_make(text.ptr + start, i - start), c == '\t');
        start = i + 1;
        if (c != '\n' && c != '\f')
            continue;
        bool is_alone = aligner.lines[aligner.line_count - 1].count == 1;
        add_line(&aligner);
        if (c == '\f' || is_alone)
            flush(&aligner);
    }
    if (start < text.size)
        add_cell(&aligner, sm_slice_make(text.ptr + start, text.size - start), false);
    flush(&aligner);
    trim(sm_bytes_slice(&aligner.padded), out);
    sm_bytes_deinit(&aligner.padded);
    sm_arena_deinit(&aligner.arena);
}
