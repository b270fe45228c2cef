/* top_volumes.c - see top_tables.h: spans and bytes of every service and environment, before and after sampling, and sent to Datadog. */
#include "cli/top_tables.h"

#include <stdlib.h>
#include <string.h>

#include "cli/top_picture.h"
#include "cli/top_snapshot.h"

enum {
    SERVICE_WIDTH_MAX = 24,
    ENVIRONMENT_WIDTH_MAX = 16,
    BYTES_WIDTH = 9,
    KEPT_WIDTH = 8,
    STAGE_WIDTH = SM_TOP_RATE_WIDTH + 1 + BYTES_WIDTH,
    TOTAL_WIDTH = 1 + BYTES_WIDTH, /* of a stage, where there is room */
    STAGES_MAX = 8,
    HEAD_LINES = 5,
};

/* One component, a group of columns. */
struct stage {
    const struct sm_top_volumes *before, *after;
    double spans; /* of all rows, since the start */
};

struct shown_row {
    const char *service, *environment;
    struct sm_top_volume all[STAGES_MAX], added[STAGES_MAX];
};

struct table {
    struct stage stages[STAGES_MAX];
    size_t stage_count, hidden_count; /* hidden: for lack of room */
    struct shown_row *rows;
    size_t row_count;
    int service_width, environment_width, stage_width;
    size_t room; /* for stages */
    bool has_totals;
};

/* ---- what is shown */

static int wider(int width, const char *text, int width_max)
{
    int of = sm_top_width(text);
    return of > width_max ? width_max : of > width ? of : width;
}

/* Totals go first when room is short, then stages. */
static void choose_widths(struct table *table, const struct sm_top_view *view, const struct sm_top_snapshot *after)
{
    table->service_width = sm_top_width("SERVICE");
    table->environment_width = sm_top_width("ENVIRONMENT");
    for (size_t i = 0; i < after->volumes_count; i++)
        for (size_t row = 0; row < after->volumes[i].row_count; row++) {
            table->service_width = wider(table->service_width, after->volumes[i].rows[row].service, SERVICE_WIDTH_MAX);
            table->environment_width = wider(table->environment_width, after->volumes[i].rows[row].environment, ENVIRONMENT_WIDTH_MAX);
        }
    int room = view->width - table->service_width - SM_TOP_GAP - table->environment_width - KEPT_WIDTH;
    table->has_totals = room / (STAGE_WIDTH + TOTAL_WIDTH) >= (int)after->volumes_count;
    table->stage_width = STAGE_WIDTH + (table->has_totals ? TOTAL_WIDTH : 0);
    table->room = room > table->stage_width ? (size_t)(room / table->stage_width) : 1;
}

/* Those behind others were started before them and saw no more. */
static int compare_stages(const void *a, const void *b)
{
    const struct stage *x = a, *y = b;
    if (x->spans != y->spans)
        return x->spans < y->spans ? 1 : -1;
    return x->after < y->after ? 1 : -1;
}

static void choose_stages(struct table *table, const struct sm_top_snapshot *before, const struct sm_top_snapshot *after)
{
    for (size_t i = 0; i < after->volumes_count && table->stage_count < STAGES_MAX; i++) {
        const struct sm_top_volumes *volumes = &after->volumes[i];
        struct stage *stage = &table->stages[table->stage_count++];
        *stage = (struct stage){.before = sm_top_volumes_find(before, volumes->component_id), .after = volumes};
        for (size_t row = 0; row < volumes->row_count; row++)
            stage->spans += volumes->rows[row].spans;
    }
    qsort(table->stages, table->stage_count, sizeof(*table->stages), compare_stages);
    if (table->stage_count > table->room)
        table->stage_count = table->room;
    table->hidden_count = after->volumes_count - table->stage_count;
}

static bool has_row(const struct table *table, const struct sm_top_volume *volume)
{
    for (size_t i = 0; i < table->row_count; i++)
        if (strcmp(table->rows[i].service, volume->service) == 0 && strcmp(table->rows[i].environment, volume->environment) == 0)
            return true;
    return false;
}

static void add_row(struct table *table, const struct sm_top_volume *volume)
{
    struct shown_row *row = &table->rows[table->row_count++];
    *row = (struct shown_row){.service = volume->service, .environment = volume->environment};
    for (size_t i = 0; i < table->stage_count; i++) {
        const struct stage *stage = &table->stages[i];
        const struct sm_top_volume *all = sm_top_volume_find(stage->after, row->service, row->environment);
        row->all[i] = all ? *all : (struct sm_top_volume){0};
        row->added[i] = sm_top_volume_since(all, stage->before);
    }
}

static int compare_rows(const void *a, const void *b)
{
    const struct shown_row *x = a, *y = b;
    if (x->added[0].bytes != y->added[0].bytes)
        return x->added[0].bytes < y->added[0].bytes ? 1 : -1;
    if (x->all[0].bytes != y->all[0].bytes)
        return x->all[0].bytes < y->all[0].bytes ? 1 : -1;
    int order = strcmp(x->service, y->service);
    return order ? order : strcmp(x->environment, y->environment);
}

static void collect_rows(struct table *table, struct sm_arena *arena)
{
    size_t count_max = 0;
    for (size_t i = 0; i < table->stage_count; i++)
        count_max += table->stages[i].after->row_count;
    table->rows = sm_arena_zalloc(arena, count_max + 1, sizeof(*table->rows));
    for (size_t i = 0; i < table->stage_count; i++)
        for (size_t row = 0; row < table->stages[i].after->row_count; row++)
            if (i == 0 || !has_row(table, &table->stages[i].after->rows[row]))
                add_row(table, &table->stages[i].after->rows[row]);
    if (table->row_count)
        qsort(table->rows, table->row_count, sizeof(*table->rows), compare_rows);
}

/* ---- drawing */

static double per_second(const struct sm_top_view *view, double added)
{
    return view->seconds > 0 ? added / view->seconds : 0;
}

static void append_head(struct sm_bytes *out, const struct sm_top_view *view, const struct table *table)
{
    sm_top_begin_head(out, view);
    for (size_t i = 0; i < table->stage_count; i++) {
        double bytes = 0;
        for (size_t row = 0; row < table->row_count; row++)
            bytes += table->rows[row].added[i].bytes;
        sm_bytes_append_text(out, i ? " → " : "   ");
        sm_top_append_size(out, per_second(view, bytes), 3);
        sm_bytes_append_text(out, "/s");
    }
    if (table->hidden_count)
        sm_bytes_printf(out, "   %zu more components", table->hidden_count);
    sm_top_end_head(out, view);
}

static void append_titles(struct sm_bytes *out, const struct sm_top_view *view, const struct table *table)
{
    sm_bytes_append_text(out, sm_top_paint(view, SM_TOP_BOLD));
    sm_top_append_cell(out, "", table->service_width + SM_TOP_GAP + table->environment_width);
    for (size_t i = 0; i < table->stage_count; i++) {
        const char *id = table->stages[i].after->component_id;
        int width = sm_top_width(id) > table->stage_width - SM_TOP_GAP ? table->stage_width - SM_TOP_GAP : sm_top_width(id);
        sm_top_append_cell(out, "", table->stage_width - width);
        sm_top_append_cell(out, id, width);
    }
    sm_top_end_line(out, view);
    sm_top_append_cell(out, "SERVICE", table->service_width + SM_TOP_GAP);
    sm_top_append_cell(out, "ENVIRONMENT", table->environment_width);
    for (size_t i = 0; i < table->stage_count; i++)
        sm_bytes_printf(out, "%*s %*s%*s", SM_TOP_RATE_WIDTH, "SPANS/s", BYTES_WIDTH, "BYTES/s", table->has_totals ? TOTAL_WIDTH : 0,
                        table->has_totals ? "TOTAL" : "");
    if (table->stage_count > 1)
        sm_bytes_printf(out, "%*s", KEPT_WIDTH, "KEPT %");
    sm_bytes_append_text(out, sm_top_paint(view, SM_TOP_PLAIN));
    sm_top_end_line(out, view);
}

/* How many spans of the first stage are left in the last: of those that came now, if any, else of all. */
static void append_share(struct sm_bytes *out, const struct table *table, const struct shown_row *row)
{
    const struct sm_top_volume *from = row->added[0].spans > 0 ? row->added : row->all;
    double share = from[0].spans > 0 ? 100 * from[table->stage_count - 1].spans / from[0].spans : 0;
    sm_bytes_printf(out, "%*.*f", KEPT_WIDTH, share > 0 && share < 10 ? 1 : 0, share);
}

static void append_row(struct sm_bytes *out, const struct sm_top_view *view, const struct table *table, const struct shown_row *row)
{
    bool is_idle = row->added[0].spans <= 0;
    sm_bytes_append_text(out, is_idle ? sm_top_paint(view, SM_TOP_DIM) : "");
    sm_top_append_cell(out, row->service, table->service_width + SM_TOP_GAP);
    sm_top_append_cell(out, row->environment, table->environment_width);
    for (size_t i = 0; i < table->stage_count; i++) {
        double rate = per_second(view, row->added[i].spans);
        sm_bytes_printf(out, "%*.*f ", SM_TOP_RATE_WIDTH, rate < 100 ? 1 : 0, rate);
        sm_bytes_append_text(out, is_idle ? "" : sm_top_paint(view, SM_TOP_CYAN));
        sm_top_append_size(out, per_second(view, row->added[i].bytes), BYTES_WIDTH);
        sm_bytes_append_text(out, is_idle ? "" : sm_top_paint(view, SM_TOP_PLAIN));
        if (table->has_totals)
            sm_top_append_size(out, row->all[i].bytes, TOTAL_WIDTH);
    }
    if (table->stage_count > 1)
        append_share(out, table, row);
    sm_bytes_append_text(out, sm_top_paint(view, SM_TOP_PLAIN));
    sm_top_end_line(out, view);
}

void sm_top_append_volumes(struct sm_bytes *out, const struct sm_top_view *view, const struct sm_top_snapshot *before,
                           const struct sm_top_snapshot *after)
{
    struct sm_arena arena = SM_ARENA_INIT;
    struct table table = {0};
    choose_widths(&table, view, after);
    choose_stages(&table, before, after);
    collect_rows(&table, &arena);
    append_head(out, view, &table);
    append_titles(out, view, &table);
    size_t visible = sm_top_visible_rows(view, table.row_count, HEAD_LINES);
    for (size_t i = 0; i < visible; i++)
        append_row(out, view, &table, &table.rows[i]);
    if (table.row_count == 0) {
        sm_bytes_append_text(out, "no spans yet: `spanmill send` sends some");
        sm_top_end_line(out, view);
    }
    sm_arena_deinit(&arena);
}
