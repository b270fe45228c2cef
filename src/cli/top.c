/* top.c - spanmill top: what a running process counts, live in the terminal or once for a script.
 *
 * Reads snapshots (top_snapshot.h) of a running process and shows what was added between two of them (top_tables.h). Live on the alternate screen;
 * the terminal is put back at the end, also by a signal.
 */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "base/bytes.h"
#include "cli/cli.h"
#include "cli/flags.h"
#include "cli/terminal.h"
#include "cli/top_picture.h"
#include "cli/top_snapshot.h"
#include "cli/top_tables.h"

enum { PIPE_WIDTH = 160 };

struct top {
    struct sm_top_view view;
    const char *socket_path; /* borrowed */
    double interval_s;
    size_t shown_table; /* of those of the newest snapshot, in a circle */
};

/* ---- the picture */

static void append_table(struct sm_bytes *out, const struct sm_top_view *view, const struct sm_top_snapshot *before,
                         const struct sm_top_snapshot *after, size_t number)
{
    if (number < after->spans_count)
        sm_top_append_spans(out, view, sm_top_spans_find(before, after->spans[number].component_id), &after->spans[number]);
    else
        sm_top_append_volumes(out, view, before, after);
}

/* Live one table, otherwise one below the other. */
static void append_tables(struct sm_bytes *out, const struct top *top, const struct sm_top_view *view, const struct sm_top_snapshot *before,
                          const struct sm_top_snapshot *after)
{
    if (view->table_count == 0) {
        sm_bytes_printf(out, "spanmill (pid %ld) has no span_metrics connector, volume processor or datadog exporter any more", view->pid);
        sm_top_end_line(out, view);
    } else if (view->is_live) {
        append_table(out, view, before, after, top->shown_table % view->table_count);
    }
    for (size_t i = 0; !view->is_live && i < view->table_count; i++) {
        if (i)
            sm_top_end_line(out, view);
        append_table(out, view, before, after, i);
    }
}

static void measure(struct sm_top_view *view)
{
    struct winsize size;
    bool is_known = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
    view->width = is_known ? size.ws_col : PIPE_WIDTH;
    view->height = is_known ? size.ws_row : 0;
}

static void show(const struct top *top, const struct sm_top_snapshot *before, const struct sm_top_snapshot *after)
{
    struct sm_top_view view = top->view;
    struct sm_bytes out = {0};
    measure(&view);
    view.pid = after->pid;
    view.seconds = (double)(after->time_ns - before->time_ns) / 1e9;
    view.table_count = after->spans_count + (after->volumes_count > 0);
    if (view.is_live)
        sm_bytes_append_text(&out, "\x1b[H");
    append_tables(&out, top, &view, before, after);
    if (view.is_live)
        sm_bytes_append_text(&out, "\x1b[J");
    fwrite(out.ptr, 1, out.size, stdout);
    fflush(stdout);
    sm_bytes_deinit(&out);
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

enum key { KEY_NONE, KEY_NEXT_TABLE, KEY_QUIT };

static enum key wait_for_key(double seconds)
{
    struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
    char key;
    if (poll(&input, 1, (int)(seconds * 1000)) <= 0)
        return is_interrupted ? KEY_QUIT : KEY_NONE;
    if (read(STDIN_FILENO, &key, 1) <= 0 || key == 'q' || key == 'Q')
        return KEY_QUIT;
    return key == '\t' ? KEY_NEXT_TABLE : KEY_NONE;
}

/* Pictures until the user quits or the process is gone. Takes `newest`. */
static void show_until_key(struct top *top, struct sm_top_snapshot *newest, struct sm_error *error)
{
    struct sm_top_snapshot *before = NULL;
    show(top, newest, newest);
    for (enum key key; (key = wait_for_key(top->interval_s)) != KEY_QUIT;) {
        if (key == KEY_NEXT_TABLE) {
            top->shown_table++;
        } else {
            struct sm_top_snapshot *after = sm_top_snapshot_fetch(top->socket_path, error);
            if (!after)
                break;
            sm_top_snapshot_free(before);
            before = newest;
            newest = after;
        }
        show(top, before ? before : newest, newest);
    }
    sm_top_snapshot_free(before);
    sm_top_snapshot_free(newest);
}

static int run_live(struct top *top, struct sm_top_snapshot *first)
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
    show_until_key(top, first, &error);
    fputs("\x1b[?25h\x1b[?1049l", stdout);
    fflush(stdout);
    if (has_terminal)
        tcsetattr(STDIN_FILENO, TCSANOW, &old);
    return *error.text ? sm_cli_fail("spanmill has ended or no longer answers: %s", error.text) : 0;
}

static int run_once(const struct top *top, struct sm_top_snapshot *before)
{
    struct sm_error error = {0};
    poll(NULL, 0, (int)(top->interval_s * 1000));
    struct sm_top_snapshot *after = sm_top_snapshot_fetch(top->socket_path, &error);
    if (after)
        show(top, before, after);
    sm_top_snapshot_free(after);
    sm_top_snapshot_free(before);
    return after ? 0 : sm_cli_fail("%s", error.text);
}

int sm_cli_top(int argc, char **argv)
{
    const char *pid = "0", *socket_path = NULL, *interval = "1";
    bool is_once = false, wants_help = false;
    const struct sm_flag flags[] = {
        {.name = "once", .help = "print the tables and end", .is_set = &is_once},
        {.name = "interval", .value = "SECONDS", .help = "time between two pictures (1)", .text = &interval},
        {.name = "pid", .value = "PID", .help = "of this process, not of the one that started last", .text = &pid},
        {.name = "socket", .value = "PATH", .help = "of the process with this socket", .text = &socket_path},
        {.name = "help", .letter = 'h', .help = "this text", .is_set = &wants_help},
    };
    enum { FLAG_COUNT = sizeof(flags) / sizeof(flags[0]) };
    if (!sm_flags_read(flags, FLAG_COUNT, argc, argv, NULL))
        return 1;
    if (wants_help) {
        puts("Shows what the running spanmill counts: requests, errors and durations of every service and operation (connector span_metrics),\n"
             "and spans and bytes of every service and environment (processor volume, exporter datadog). Tab shows the next table, q quits.\n\n"
             "Usage:\n  spanmill top [flags]\n\nFlags:");
        sm_flags_print(flags, FLAG_COUNT);
        return 0;
    }
    struct top top = {.socket_path = socket_path, .interval_s = strtod(interval, NULL), .view.process_count = 1};
    if (!(top.interval_s >= 0.1 && top.interval_s <= 3600))
        return sm_cli_fail("--interval: %s is not a number of seconds from 0.1 to 3600", interval);
    char found[SM_TOP_SOCKET_SIZE];
    struct sm_error error = {0};
    if (!socket_path) {
        top.view.process_count = sm_top_find_socket(strtol(pid, NULL, 10), found, &error);
        top.socket_path = found;
    }
    struct sm_top_snapshot *first = top.view.process_count ? sm_top_snapshot_fetch(top.socket_path, &error) : NULL;
    if (!first)
        return sm_cli_fail("%s", error.text);
    top.view.is_live = !is_once && isatty(STDOUT_FILENO);
    top.view.colour = sm_cli_wants_colour(stdout);
    return top.view.is_live ? run_live(&top, first) : run_once(&top, first);
}
