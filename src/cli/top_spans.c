/* top_spans.c - see top_tables.h: requests, errors and durations of every service and operation. */
#include "cli/top_tables.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/top_picture.h"
#include "cli/top_snapshot.h"

enum {
    SERVICE_WIDTH_MAX = 24,
    OPERATION_WIDTH_MIN = 12,
    OPERATION_WIDTH_MAX = 60,
    ERROR_WIDTH = 7,
    DURATION_COUNT = 3,
    HEAD_LINES = 4,
};

struct shown_row {
    struct sm_top_row row; /* what was added */
    const struct sm_top_row *all;
    double rate;
};

static int compare_rows(const void *a, const void *b)
{
    const struct shown_row *x = a, *y = b;
    if (x->rate != y->rate)
        return x->rate < y->rate ? 1 : -1;
    if (x->all->count != y->all->count)
        return x->all->count < y->all->count ? 1 : -1;
    int order = strcmp(x->all->service, y->all->service);
    return order ? order : strcmp(x->all->operation, y->all->operation);
}

struct columns {
    int service, operation;
};

static struct columns choose_columns(const struct sm_top_view *view, const struct shown_row *rows, size_t count)
{
    struct columns columns = {.service = 7, .operation = OPERATION_WIDTH_MIN};
    for (size_t i = 0; i < count; i++) {
        int service = sm_top_width(rows[i].row.service), operation = sm_top_width(rows[i].row.operation);
        columns.service = service > columns.service ? service : columns.service;
        columns.operation = operation > columns.operation ? operation : columns.operation;
    }
    if (columns.service > SERVICE_WIDTH_MAX)
        columns.service = SERVICE_WIDTH_MAX;
    int fixed = columns.service + SM_TOP_GAP * 2 + SM_TOP_BAR_WIDTH + 1 + SM_TOP_RATE_WIDTH + ERROR_WIDTH + DURATION_COUNT * SM_TOP_DURATION_WIDTH +
                SM_TOP_DURATION_WIDTH;
    int room = view->width - fixed;
    columns.operation = columns.operation > room ? room : columns.operation;
    if (columns.operation > OPERATION_WIDTH_MAX)
        columns.operation = OPERATION_WIDTH_MAX;
    if (columns.operation < OPERATION_WIDTH_MIN)
        columns.operation = OPERATION_WIDTH_MIN;
    return columns;
}

static void append_titles(struct sm_bytes *out, const struct sm_top_view *view, struct columns columns)
{
    sm_bytes_append_text(out, sm_top_paint(view, SM_TOP_BOLD));
    sm_top_append_cell(out, "SERVICE", columns.service + SM_TOP_GAP);
    sm_top_append_cell(out, "OPERATION", columns.operation + SM_TOP_GAP);
    sm_bytes_printf(out, "%*s %*s%*s%*s%*s%*s%*s", SM_TOP_RATE_WIDTH, "RATE/s", SM_TOP_BAR_WIDTH, "", ERROR_WIDTH, "ERR %", SM_TOP_DURATION_WIDTH,
                    "MEAN", SM_TOP_DURATION_WIDTH, "P50", SM_TOP_DURATION_WIDTH, "P95", SM_TOP_DURATION_WIDTH, "P99");
    sm_bytes_append_text(out, sm_top_paint(view, SM_TOP_PLAIN));
}

static void append_row(struct sm_bytes *out, const struct sm_top_view *view, struct columns columns, double ms_per_unit,
                       const struct shown_row *shown, double rate_max)
{
    static const double shares[DURATION_COUNT] = {0.5, 0.95, 0.99};
    /* Without new spans the durations are those since the start. */
    const struct sm_top_row *row = shown->row.count > 0 ? &shown->row : shown->all;
    double errors = row->count > 0 ? 100 * row->errors / row->count : 0;
    bool is_idle = shown->row.count <= 0;
    sm_bytes_append_text(out, is_idle ? sm_top_paint(view, SM_TOP_DIM) : "");
    sm_top_append_cell(out, row->service, columns.service);
    sm_bytes_append_text(out, "  ");
    sm_top_append_cell(out, row->operation, columns.operation);
    sm_bytes_printf(out, "  %*.*f ", SM_TOP_RATE_WIDTH, shown->rate < 100 ? 1 : 0, shown->rate);
    sm_bytes_append_text(out, is_idle ? "" : sm_top_paint(view, SM_TOP_CYAN));
    sm_top_append_bar(out, rate_max > 0 ? shown->rate / rate_max : 0);
    sm_bytes_append_text(out, is_idle ? "" : sm_top_paint(view, SM_TOP_PLAIN));
    sm_bytes_append_text(out, errors >= 5 ? sm_top_paint(view, SM_TOP_RED) : errors > 0 ? sm_top_paint(view, SM_TOP_YELLOW) : "");
    sm_bytes_printf(out, "%*.*f", ERROR_WIDTH, errors > 0 && errors < 10 ? 1 : 0, errors);
    sm_bytes_append_text(out, errors > 0 && !is_idle ? sm_top_paint(view, SM_TOP_PLAIN) : "");
    sm_top_append_duration(out, row->count > 0 && (row->sum > 0 || row->bucket_count) ? row->sum / row->count * ms_per_unit : NAN);
    for (size_t i = 0; i < DURATION_COUNT; i++)
        sm_top_append_duration(out, sm_top_row_quantile(row, shares[i]) * ms_per_unit);
    sm_bytes_append_text(out, sm_top_paint(view, SM_TOP_PLAIN));
}

static void append_head(struct sm_bytes *out, const struct sm_top_view *view, const char *component_id, const struct shown_row *rows, size_t count)
{
    double rate = 0, spans = 0, errors = 0;
    for (size_t i = 0; i < count; i++) {
        rate += rows[i].rate;
        spans += rows[i].row.count;
        errors += rows[i].row.errors;
    }
    sm_top_begin_head(out, view);
    sm_bytes_append_text(out, "   ");
    sm_top_append_cell(out, component_id, sm_top_width(component_id));
    sm_bytes_printf(out, "   %.0f spans/s   %.1f %% errors   %zu operations", rate, spans > 0 ? 100 * errors / spans : 0, count);
    sm_top_end_head(out, view);
}

static void append_rows(struct sm_bytes *out, const struct sm_top_view *view, double ms_per_unit, struct shown_row *rows, size_t count)
{
    size_t visible = sm_top_visible_rows(view, count, HEAD_LINES);
    struct columns columns = choose_columns(view, rows, visible);
    append_titles(out, view, columns);
    sm_top_end_line(out, view);
    for (size_t i = 0; i < visible; i++) {
        append_row(out, view, columns, ms_per_unit, &rows[i], rows[0].rate);
        sm_top_end_line(out, view);
    }
    if (count == 0) {
        sm_bytes_append_text(out, "no spans yet: `spanmill send` sends some");
        sm_top_end_line(out, view);
    }
}

void sm_top_append_spans(struct sm_bytes *out, const struct sm_top_view *view, const struct sm_top_spans *before, const struct sm_top_spans *after)
{
    struct sm_arena arena = SM_ARENA_INIT;
    struct shown_row *rows = sm_arena_zalloc(&arena, after->row_count, sizeof(*rows));
    for (size_t i = 0; i < after->row_count; i++) {
        rows[i].all = &after->rows[i];
        rows[i].row = sm_top_row_since(&after->rows[i], before, &arena);
        rows[i].rate = view->seconds > 0 ? rows[i].row.count / view->seconds : 0;
    }
    if (after->row_count)
        qsort(rows, after->row_count, sizeof(*rows), compare_rows);
    append_head(out, view, after->component_id, rows, after->row_count);
    append_rows(out, view, after->ms_per_unit, rows, after->row_count);
    sm_arena_deinit(&arena);
}
