/* top_picture.h - what the tables of `spanmill top` are drawn with: cells, durations, sizes, bars, colours.
 *
 * Plain ANSI sequences, colours only on a terminal. Names come from outside: control characters are never printed. */
#pragma once

#include "base/bytes.h"

#include <stdbool.h>
#include <stddef.h>

#define SM_TOP_PLAIN "\x1b[0m"
#define SM_TOP_BOLD "\x1b[1m"
#define SM_TOP_DIM "\x1b[2m"
#define SM_TOP_RED "\x1b[31m"
#define SM_TOP_YELLOW "\x1b[33m"
#define SM_TOP_CYAN "\x1b[36m"

enum { SM_TOP_BAR_WIDTH = 10, SM_TOP_RATE_WIDTH = 9, SM_TOP_DURATION_WIDTH = 8, SM_TOP_GAP = 2 };

struct sm_top_view {
    bool colour, is_live;
    int width, height;
    double seconds; /* between the two snapshots */
    long pid;
    size_t process_count; /* of those that could be shown; 1 when this one was asked for */
    size_t table_count;
};

/* `code`, or nothing without colours. */
const char *sm_top_paint(const struct sm_top_view *view, const char *code);
int sm_top_width(const char *text); /* columns */
/* `text` in exactly `width` columns, cut with an ellipsis. */
void sm_top_append_cell(struct sm_bytes *out, const char *text, int width);
/* In SM_TOP_DURATION_WIDTH columns; NaN: none. */
void sm_top_append_duration(struct sm_bytes *out, double ms);
void sm_top_append_size(struct sm_bytes *out, double bytes, int width);
/* Of eighths of a column, so that small differences show; `share` of SM_TOP_BAR_WIDTH. */
void sm_top_append_bar(struct sm_bytes *out, double share);
void sm_top_end_line(struct sm_bytes *out, const struct sm_top_view *view);
/* The first line: which process it is; then what the table says; then the keys and an empty line. */
void sm_top_begin_head(struct sm_bytes *out, const struct sm_top_view *view);
void sm_top_end_head(struct sm_bytes *out, const struct sm_top_view *view);
/* Of `count`, below `head_lines` on the screen. */
size_t sm_top_visible_rows(const struct sm_top_view *view, size_t count, int head_lines);
