/* top_picture.c - see top_picture.h. */
#include "cli/top_picture.h"

#include <math.h>
#include <stdio.h>
#include <time.h>

enum { EIGHTHS = 8 };

const char *sm_top_paint(const struct sm_top_view *view, const char *code)
{
    return view->colour ? code : "";
}

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

int sm_top_width(const char *text)
{
    int width = 0;
    for (; *text; text += character_size(text))
        width++;
    return width;
}

void sm_top_append_cell(struct sm_bytes *out, const char *text, int width)
{
    bool is_cut = sm_top_width(text) > width;
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

void sm_top_append_duration(struct sm_bytes *out, double ms)
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
    for (int i = sm_top_width(text); i < SM_TOP_DURATION_WIDTH; i++)
        sm_bytes_append_char(out, ' ');
    sm_bytes_append_text(out, text);
}

void sm_top_append_size(struct sm_bytes *out, double bytes, int width)
{
    static const char *const units[] = {"B", "kB", "MB", "GB", "TB", "PB"};
    size_t unit = 0;
    for (; bytes >= 999.5 && unit + 1 < sizeof(units) / sizeof(units[0]); unit++)
        bytes /= 1000;
    sm_bytes_printf(out, "%*.*f %2s", width - 3, unit && bytes < 100 ? 1 : 0, bytes, units[unit]);
}

void sm_top_append_bar(struct sm_bytes *out, double share)
{
    static const char *const parts[EIGHTHS] = {" ", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
    int eighths = (int)lround(share * SM_TOP_BAR_WIDTH * EIGHTHS);
    for (int i = 0; i < SM_TOP_BAR_WIDTH; i++, eighths -= EIGHTHS)
        sm_bytes_append_text(out, eighths >= EIGHTHS ? "█" : eighths > 0 ? parts[eighths] : " ");
}

void sm_top_end_line(struct sm_bytes *out, const struct sm_top_view *view)
{
    sm_bytes_append_text(out, view->is_live ? "\x1b[K\r\n" : "\n");
}

void sm_top_begin_head(struct sm_bytes *out, const struct sm_top_view *view)
{
    char now[16];
    time_t seconds = time(NULL);
    struct tm local;
    strftime(now, sizeof(now), "%H:%M:%S", localtime_r(&seconds, &local));
    sm_bytes_printf(out, "%sspanmill top%s  %s  pid %ld", sm_top_paint(view, SM_TOP_BOLD), sm_top_paint(view, SM_TOP_PLAIN), now, view->pid);
    if (view->process_count > 1)
        sm_bytes_printf(out, " (1 of %zu: --pid)", view->process_count);
}

void sm_top_end_head(struct sm_bytes *out, const struct sm_top_view *view)
{
    if (view->is_live)
        sm_bytes_append_text(out, view->table_count > 1 ? "   (Tab: next table, q quits)" : "   (q quits)");
    sm_top_end_line(out, view);
    sm_top_end_line(out, view);
}

size_t sm_top_visible_rows(const struct sm_top_view *view, size_t count, int head_lines)
{
    size_t room = view->height > head_lines ? (size_t)(view->height - head_lines) : 1;
    return view->is_live && room < count ? room : count;
}
