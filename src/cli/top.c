/* top.c - spanmill top: requests, errors and durations of every service and operation, live in the terminal or once for a script.
 *
 * Reads snapshots (top_snapshot.h) of a running process and shows what was added between two of them. Plain ANSI sequences on the alternate screen,
 * colours only on a terminal; the terminal is put back at the end, also by a signal. Names come from outside: control characters are never printed.
 */
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "base/bytes.h"
#include "cli/cli.h"
#include "cli/flags.h"
#include "cli/terminal.h"
#include "cli/top_snapshot.h"

enum {
    SERVICE_WIDTH_MAX = 24,
    OPERATION_WIDTH_MIN = 12,
    OPERATION_WIDTH_MAX = 60,
    BAR_WIDTH = 10,
    RATE_WIDTH = 9,
    ERROR_WIDTH = 7,
    DURATION_WIDTH = 8,
    DURATION_COUNT = 3,
    GAP = 2,
    PIPE_WIDTH = 160,
    HEAD_LINES = 4,
    EIGHTHS = 8,
};

struct view {
    bool colour, is_live;
    int width, height;
    double seconds; /* between the two snapshots */
    double ms_per_unit;
};

struct shown_row {
    struct sm_top_row row; /* what was added */
    const struct sm_top_row *all;
    double rate;
};

/* ---- text */

static const char *paint(const struct view *view, const char *code)
{
    return view->colour ? code : "";
}
#define PLAIN "\x1b[0m"
#define BOLD "\x1b[1m"
#define DIM "\x1b[2m"
#define RED "\x1b[31m"
#define YELLOW "\x1b[33m"
#define CYAN "\x1b[36m"

/* Bytes of the character at `at`: 1 for what is no UTF-8. */
static size_t character_size(const char *at)
{
    unsigned char c = (unsigned char)*at;
    size_t size = c < 0xc2 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : c < 0xf5 ? 4 : 1;
    for (size_t i = 1; i < size; i++)
        if (((unsigned char)at[i] & 0xc0) != 0x80)
            return 1;
    return size;
}

static bool is_printable(const char *at, size_t size)
{
    unsigned char c = (unsigned char)*at;
    if (size == 1)
        return c >= 0x20 && c < 0x7f;
    return !(c == 0xc2 && (unsigned char)at[1] < 0xa0); /* C1 control characters */
}

static int width_of(const char *text)
{
    int width = 0;
    for (; *text; text += character_size(text))
        width++;
    return width;
}

/* `text` in exactly `width` columns, cut with an ellipsis. */
static void append_cell(struct sm_bytes *out, const char *text, int width)
{
    bool is_cut = width_of(text) > width;
    int left = is_cut ? width - 1 : width;
    for (; *text && left > 0; left--) {
        size_t size = character_size(text);
        if (is_printable(text, size))
            sm_bytes_append(out, text, size);
        else
            sm_bytes_append_char(out, '?');
        text += size;
    }
    if (is_cut)
        sm_bytes_append_text(out, "…");
    while (left-- > 0)
        sm_bytes_append_char(out, ' ');
}

static void append_duration(struct sm_bytes *out, double ms)
{
    char text[32];
    if (isnan(ms))
        snprintf(text, sizeof(text), "-");
    else if (ms < 1)
        snprintf(text, sizeof(text), "%.0fµs", ms * 1000);
    else if (ms < 1000)
        snprintf(text, sizeof(text), "%.*fms", ms < 10 ? 1 : 0, ms);
    else
        snprintf(text, sizeof(text), "%.*fs", ms < 10000 ? 2 : 1, ms / 1000);
    for (int i = width_of(text); i < DURATION_WIDTH; i++)
        sm_bytes_append_char(out, ' ');
    sm_bytes_append_text(out, text);
}

/* A bar of eighths of a column, so that small differences show. */
static void append_bar(struct sm_bytes *out, double share)
{
    static const char *const parts[EIGHTHS] = {" ", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
    int eighths = (int)lround(share * BAR_WIDTH * EIGHTHS);
    for (int i = 0; i < BAR_WIDTH; i++, eighths -= EIGHTHS)
        sm_bytes_append_text(out, eighths >= EIGHTHS ? "█" : eighths > 0 ? parts[eighths] : " ");
}

/* ---- the table */

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

static struct columns choose_columns(const struct view *view, const struct shown_row *rows, size_t count)
{
    struct columns columns = {.service = 7, .operation = OPERATION_WIDTH_MIN};
    for (size_t i = 0; i < count; i++) {
        int service = width_of(rows[i].row.service), operation = width_of(rows[i].row.operation);
        columns.service = service > columns.service ? service : columns.service;
        columns.operation = operation > columns.operation ? operation : columns.operation;
    }
    if (columns.service > SERVICE_WIDTH_MAX)
        columns.service = SERVICE_WIDTH_MAX;
    int fixed = columns.service + GAP * 2 + BAR_WIDTH + 1 + RATE_WIDTH + ERROR_WIDTH + DURATION_COUNT * DURATION_WIDTH + DURATION_WIDTH;
    int room = view->width - fixed;
    columns.operation = columns.operation > room ? room : columns.operation;
    if (columns.operation > OPERATION_WIDTH_MAX)
        columns.operation = OPERATION_WIDTH_MAX;
    if (columns.operation < OPERATION_WIDTH_MIN)
        columns.operation = OPERATION_WIDTH_MIN;
    return columns;
}

static void append_titles(struct sm_bytes *out, const struct view *view, struct columns columns)
{
    sm_bytes_append_text(out, paint(view, BOLD));
    append_cell(out, "SERVICE", columns.service + GAP);
    append_cell(out, "OPERATION", columns.operation + GAP);
    sm_bytes_printf(out, "%*s %*s%*s%*s%*s%*s%*s", RATE_WIDTH, "RATE/s", BAR_WIDTH, "", ERROR_WIDTH, "ERR %", DURATION_WIDTH, "MEAN", DURATION_WIDTH,
                    "P50", DURATION_WIDTH, "P95", DURATION_WIDTH, "P99");
    sm_bytes_append_text(out, paint(view, PLAIN));
}

static void append_row(struct sm_bytes *out, const struct view *view, struct columns columns, const struct shown_row *shown, double rate_max)
{
    static const double shares[DURATION_COUNT] = {0.5, 0.95, 0.99};
    /* Without new spans the durations are those since the start. */
    const struct sm_top_row *row = shown->row.count > 0 ? &shown->row : shown->all;
    double errors = row->count > 0 ? 100 * row->errors / row->count : 0;
    bool is_idle = shown->row.count <= 0;
    sm_bytes_append_text(out, is_idle ? paint(view, DIM) : "");
    append_cell(out, row->service, columns.service);
    sm_bytes_append_text(out, "  ");
    append_cell(out, row->operation, columns.operation);
    sm_bytes_printf(out, "  %*.*f ", RATE_WIDTH, shown->rate < 100 ? 1 : 0, shown->rate);
    sm_bytes_append_text(out, is_idle ? "" : paint(view, CYAN));
    append_bar(out, rate_max > 0 ? shown->rate / rate_max : 0);
    sm_bytes_append_text(out, is_idle ? "" : paint(view, PLAIN));
    sm_bytes_append_text(out, errors >= 5 ? paint(view, RED) : errors > 0 ? paint(view, YELLOW) : "");
    sm_bytes_printf(out, "%*.*f", ERROR_WIDTH, errors > 0 && errors < 10 ? 1 : 0, errors);
    sm_bytes_append_text(out, errors > 0 && !is_idle ? paint(view, PLAIN) : "");
    append_duration(out, row->count > 0 && (row->sum > 0 || row->bucket_count) ? row->sum / row->count * view->ms_per_unit : NAN);
    for (size_t i = 0; i < DURATION_COUNT; i++)
        append_duration(out, sm_top_row_quantile(row, shares[i]) * view->ms_per_unit);
    sm_bytes_append_text(out, paint(view, PLAIN));
}

static void end_line(struct sm_bytes *out, const struct view *view)
{
    sm_bytes_append_text(out, view->is_live ? "\x1b[K\r\n" : "\n");
}

static void append_head(struct sm_bytes *out, const struct view *view, const struct shown_row *rows, size_t count)
{
    double rate = 0, spans = 0, errors = 0;
    char now[16];
    time_t seconds = time(NULL);
    struct tm local;
    for (size_t i = 0; i < count; i++) {
        rate += rows[i].rate;
        spans += rows[i].row.count;
        errors += rows[i].row.errors;
    }
    strftime(now, sizeof(now), "%H:%M:%S", localtime_r(&seconds, &local));
    sm_bytes_printf(out, "%sspanmill top%s  %s   %.0f spans/s   %.1f %% errors   %zu operations%s", paint(view, BOLD), paint(view, PLAIN), now, rate,
                    spans > 0 ? 100 * errors / spans : 0, count, view->is_live ? "   (q quits)" : "");
    end_line(out, view);
    end_line(out, view);
}

static void append_table(struct sm_bytes *out, const struct view *view, struct shown_row *rows, size_t count)
{
    if (count)
        qsort(rows, count, sizeof(*rows), compare_rows);
    append_head(out, view, rows, count);
    size_t visible = count;
    if (view->is_live && (size_t)(view->height > HEAD_LINES ? view->height - HEAD_LINES : 1) < count)
        visible = (size_t)(view->height > HEAD_LINES ? view->height - HEAD_LINES : 1);
    struct columns columns = choose_columns(view, rows, visible);
    append_titles(out, view, columns);
    end_line(out, view);
    for (size_t i = 0; i < visible; i++) {
        append_row(out, view, columns, &rows[i], rows[0].rate);
        end_line(out, view);
    }
    if (count == 0) {
        sm_bytes_append_text(out, "no spans yet: `spanmill send` sends some");
        end_line(out, view);
    }
}

static void show(const struct view *given, const struct sm_top_snapshot *before, const struct sm_top_snapshot *after)
{
    struct sm_arena arena = SM_ARENA_INIT;
    struct view view = *given;
    struct shown_row *rows = sm_arena_zalloc(&arena, after->row_count, sizeof(*rows));
    view.ms_per_unit = after->ms_per_unit;
    view.seconds = (double)(after->time_ns - before->time_ns) / 1e9;
    for (size_t i = 0; i < after->row_count; i++) {
        rows[i].all = &after->rows[i];
        rows[i].row = sm_top_row_since(&after->rows[i], before, &arena);
        rows[i].rate = view.seconds > 0 ? rows[i].row.count / view.seconds : 0;
    }
    struct sm_bytes out = {0};
    if (view.is_live)
        sm_bytes_append_text(&out, "\x1b[H");
    append_table(&out, &view, rows, after->row_count);
    if (view.is_live)
        sm_bytes_append_text(&out, "\x1b[J");
    fwrite(out.ptr, 1, out.size, stdout);
    fflush(stdout);
    sm_bytes_deinit(&out);
    sm_arena_deinit(&arena);
}

/* ---- the terminal */

static volatile sig_atomic_t is_interrupted; /* written by the signal handler of this thread */

static void interrupt(int number)
{
    (void)number;
    is_interrupted = 1;
}

static void wake_up(int number)
{
    (void)number; /* only ends the wait: the size is asked for with every picture */
}

static void measure(struct view *view)
{
    struct winsize size;
    bool is_known = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
    view->width = is_known ? size.ws_col : PIPE_WIDTH;
    view->height = is_known ? size.ws_row : 0;
}

/* Waits; true when the user wants to quit. */
static bool wait_for_key(double seconds)
{
    struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
    char key;
    if (poll(&input, 1, (int)(seconds * 1000)) <= 0)
        return is_interrupted;
    return read(STDIN_FILENO, &key, 1) <= 0 || key == 'q' || key == 'Q';
}

/* Pictures until the user quits or the process is gone. */
static int run_live(const char *socket_path, double seconds, struct view *view, struct sm_top_snapshot *before)
{
    struct termios old;
    struct sm_error error = {0};
    bool has_terminal = tcgetattr(STDIN_FILENO, &old) == 0;
    struct termios raw = old;
    raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
    if (has_terminal)
        tcsetattr(STDIN_FILENO, TCSANOW, &raw);
    signal(SIGINT, interrupt);
    signal(SIGTERM, interrupt);
    sigaction(SIGWINCH, &(struct sigaction){.sa_handler = wake_up}, NULL);
    fputs("\x1b[?1049h\x1b[?25l", stdout); /* the other screen, without cursor */
    measure(view);
    show(view, before, before);
    while (!wait_for_key(seconds)) {
        struct sm_top_snapshot *after = sm_top_snapshot_fetch(socket_path, &error);
        if (!after)
            break;
        measure(view);
        show(view, before, after);
        sm_top_snapshot_free(before);
        before = after;
    }
    fputs("\x1b[?25h\x1b[?1049l", stdout);
    fflush(stdout);
    if (has_terminal)
        tcsetattr(STDIN_FILENO, TCSANOW, &old);
    sm_top_snapshot_free(before);
    return *error.text ? sm_cli_fail("spanmill has ended or no longer answers: %s", error.text) : 0;
}

static int run_once(const char *socket_path, double seconds, struct view *view, struct sm_top_snapshot *before)
{
    struct sm_error error = {0};
    poll(NULL, 0, (int)(seconds * 1000));
    struct sm_top_snapshot *after = sm_top_snapshot_fetch(socket_path, &error);
    if (after) {
        measure(view);
        show(view, before, after);
    }
    sm_top_snapshot_free(after);
    sm_top_snapshot_free(before);
    return after ? 0 : sm_cli_fail("%s", error.text);
}

int sm_cli_top(int argc, char **argv)
{
    const char *pid = "0", *socket_path = NULL, *interval = "1";
    bool is_once = false, wants_help = false;
    const struct sm_flag flags[] = {
        {.name = "once", .help = "print one table and end", .is_set = &is_once},
        {.name = "interval", .value = "SECONDS", .help = "time between two pictures (1)", .text = &interval},
        {.name = "pid", .value = "PID", .help = "of this process, not of the one that started last", .text = &pid},
        {.name = "socket", .value = "PATH", .help = "of the process with this socket", .text = &socket_path},
        {.name = "help", .letter = 'h', .help = "this text", .is_set = &wants_help},
    };
    enum { FLAG_COUNT = sizeof(flags) / sizeof(flags[0]) };
    if (!sm_flags_read(flags, FLAG_COUNT, argc, argv, NULL))
        return 1;
    if (wants_help) {
        puts("Shows requests, errors and durations of every service and operation, read from the running spanmill; q quits.\n\n"
             "Usage:\n  spanmill top [flags]\n\nFlags:");
        sm_flags_print(flags, FLAG_COUNT);
        return 0;
    }
    double seconds = strtod(interval, NULL);
    if (!(seconds >= 0.1 && seconds <= 3600))
        return sm_cli_fail("--interval: %s is not a number of seconds from 0.1 to 3600", interval);
    char found[SM_TOP_SOCKET_SIZE];
    struct sm_error error = {0};
    if (!socket_path && !sm_top_find_socket(strtol(pid, NULL, 10), found, &error))
        return sm_cli_fail("%s", error.text);
    socket_path = socket_path ? socket_path : found;
    struct sm_top_snapshot *before = sm_top_snapshot_fetch(socket_path, &error);
    if (!before)
        return sm_cli_fail("%s", error.text);
    bool is_live = !is_once && isatty(STDOUT_FILENO);
    struct view view = {.colour = sm_cli_wants_colour(stdout), .is_live = is_live};
    return is_live ? run_live(socket_path, seconds, &view, before) : run_once(socket_path, seconds, &view, before);
}
