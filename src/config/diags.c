/* diags.c - collects what is wrong with a configuration and prints it with the source line and a caret.
 *
 * State: a growing list of messages and an arena for their texts. At most DIAGS_MAX are kept; the rest is counted and told. */
#include "config/diags.h"

#include <stdarg.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/memory.h"
#include "base/utf8.h"
#include "config/source.h"

enum { DIAGS_MAX = 200, LINE_SHOWN_MAX = 160, LINES_SHOWN_BYTES_MAX = 8192, TAB_WIDTH = 4, PLACE_TEXT_SIZE = 512 };

struct diag {
    enum sm_severity severity;
    struct sm_position position; /* its source is only compared: it may be gone when messages are printed */
    const char *source_name;     /* borrowed: arena; NULL: none */
    enum sm_source_language language;
    struct sm_slice lines;         /* borrowed: arena; the source line (Alloy: those around it too), empty when it may not be shown */
    unsigned first_line;           /* the number of the first of them */
    unsigned last_line;            /* and of the last; behind a line end at the text's end stands an empty one */
    const char *path, *suggestion; /* borrowed: arena; NULL: none */
    const char *message;           /* borrowed: arena */
    size_t source_rank, sequence;  /* for sorting */
};

struct sm_diags {
    struct sm_arena arena;
    struct diag *items; /* borrowed: arena */
    size_t count, capacity, left_out;
    size_t error_count;
};

struct sm_diags *sm_diags_create(void)
{
    return sm_alloc(1, sizeof(struct sm_diags));
}

void sm_diags_free(struct sm_diags *diags)
{
    if (!diags)
        return;
    sm_arena_deinit(&diags->arena);
    free(diags);
}

static const char *copy_text(struct sm_diags *diags, const char *text)
{
    return text ? sm_arena_strdup(&diags->arena, sm_slice_of(text)) : NULL;
}

/* Sources are printed in the order in which they first appear. */
static size_t rank_source(const struct sm_diags *diags, const struct sm_source *source)
{
    size_t next = 0;
    for (size_t i = 0; i < diags->count; i++) {
        if (diags->items[i].position.source == source)
            return diags->items[i].source_rank;
        if (diags->items[i].source_rank >= next)
            next = diags->items[i].source_rank + 1;
    }
    return next;
}

/* What begins with line `number` (from 1); empty when there is none. */
static struct sm_slice skip_lines(struct sm_slice text, unsigned number)
{
    for (unsigned i = 1; i < number && text.size; i++)
        (void)sm_slice_cut(&text, '\n');
    return text;
}

static struct sm_slice cut_line(struct sm_slice *text)
{
    struct sm_slice line = sm_slice_cut(text, '\n');
    if (line.size && line.ptr[line.size - 1] == '\r')
        line.size--;
    return line;
}

/* The number of the last line of `lines`, at most `max`. */
static unsigned last_line_of(struct sm_slice lines, unsigned first, unsigned max)
{
    unsigned last = first;
    for (size_t i = 0; i < lines.size && last < max; i++)
        last += lines.ptr[i] == '\n';
    return last;
}

/* What of the source is shown, copied: the source may be released before the messages are printed. */
static void copy_source(struct sm_diags *diags, struct diag *diag)
{
    struct sm_position *at = &diag->position;
    if (!at->source)
        return;
    diag->source_name = copy_text(diags, at->source->name);
    diag->language = at->source->language;
    if (at->end_line < at->line || (at->end_line == at->line && at->end_column < at->column)) {
        at->end_line = at->line;
        at->end_column = at->column;
    }
    if (!at->source->is_quotable || !at->line || !at->column)
        return;
    bool has_context = diag->language == SM_SOURCE_ALLOY;
    diag->first_line = has_context && at->line > 1 ? at->line - 1 : at->line;
    struct sm_slice rest = skip_lines(at->source->text, diag->first_line), lines = rest;
    if (!has_context)
        lines = cut_line(&rest);
    else
        for (unsigned i = diag->first_line; i <= at->end_line + 1; i++)
            (void)sm_slice_cut(&rest, '\n');
    size_t max = has_context ? LINES_SHOWN_BYTES_MAX : LINE_SHOWN_MAX;
    if (has_context)
        lines.size -= rest.size;
    if (lines.size > max)
        lines.size = max;
    diag->lines = sm_arena_copy(&diags->arena, lines);
    diag->last_line = last_line_of(lines, diag->first_line, at->end_line + 1);
}

void sm_diags_add(struct sm_diags *diags, enum sm_severity severity, struct sm_position position, const char *path, const char *suggestion,
                  const char *format, ...)
{
    diags->error_count += severity == SM_DIAG_ERROR;
    if (diags->count == DIAGS_MAX) {
        diags->left_out++;
        return;
    }
    va_list args;
    va_start(args, format);
    char *message = NULL;
    int size = vasprintf(&message, format, args);
    va_end(args);
    if (size < 0)
        sm_out_of_memory(0);
    size_t rank = rank_source(diags, position.source);
    diags->items = sm_arena_grow(&diags->arena, diags->items, diags->count, &diags->capacity, diags->count + 1, sizeof(*diags->items));
    diags->items[diags->count] = (struct diag){
        .severity = severity,
        .position = position,
        .path = path && *path ? copy_text(diags, path) : NULL,
        .suggestion = copy_text(diags, suggestion),
        .message = copy_text(diags, message),
        .source_rank = rank,
        .sequence = diags->count,
    };
    copy_source(diags, &diags->items[diags->count]);
    diags->count++;
    free(message);
}

const char *sm_diags_first(const struct sm_diags *diags, unsigned *line)
{
    if (diags->count == 0)
        return NULL;
    *line = diags->items[0].position.line;
    return diags->items[0].message;
}

size_t sm_diags_error_count(const struct sm_diags *diags)
{
    return diags->error_count;
}

static int compare_diags(const void *left, const void *right)
{
    const struct diag *a = left, *b = right;
    if (a->source_rank != b->source_rank)
        return a->source_rank < b->source_rank ? -1 : 1;
    if (a->position.line != b->position.line)
        return a->position.line < b->position.line ? -1 : 1;
    return a->sequence < b->sequence ? -1 : 1;
}

/* Bytes of the word at `line`'s start, for the underline. */
static size_t word_size(struct sm_slice line)
{
    if (line.size == 0)
        return 1;
    char quote = line.ptr[0];
    if (quote == '"' || quote == '\'') {
        const char *end = memchr(line.ptr + 1, quote, line.size - 1);
        return end ? (size_t)(end - line.ptr) + 1 : 1;
    }
    size_t size = 0;
    while (size < line.size && !strchr(":,]} \t", line.ptr[size]))
        size++;
    return size ? size : 1;
}

static void print_source_line(const struct diag *diag, FILE *out, bool colour)
{
    const struct sm_position *at = &diag->position;
    struct sm_slice line = diag->lines;
    if (at->column == 0 || at->column > line.size) {
        if (diag->suggestion)
            fprintf(out, "      %s\n", diag->suggestion);
        return;
    }
    fprintf(out, "%5u | %.*s\n      | ", at->line, (int)line.size, line.ptr);
    for (unsigned i = 1; i < at->column; i++)
        fputc(line.ptr[i - 1] == '\t' ? '\t' : ' ', out);
    size_t underlined = word_size(sm_slice_make(line.ptr + at->column - 1, line.size - at->column + 1));
    fputs(colour ? "\x1b[1;32m^" : "^", out);
    for (size_t i = 1; i < underlined; i++)
        fputc('~', out);
    fprintf(out, "%s%s%s\n", colour ? "\x1b[0m" : "", diag->suggestion ? " " : "", diag->suggestion ? diag->suggestion : "");
}

/* ---- as Alloy shows it */

static bool is_inside(const struct sm_position *range, unsigned line, unsigned column)
{
    if (line < range->line || line > range->end_line)
        return false;
    if (line == range->line)
        return column >= range->column;
    return line < range->end_line || column <= range->end_column;
}

static void repeat(char c, size_t count, FILE *out)
{
    while (count-- > 0)
        fputc(c, out);
}

static bool is_tab(char c)
{
    return c == '\t' || c == '\v';
}

/* Without carriage returns; a byte that is no UTF-8 is shown as one character that says so. */
static void print_line(struct sm_slice line, FILE *out)
{
    bool is_sound;
    for (size_t i = 0, size; i < line.size; i += size) {
        char character[SM_UTF8_SIZE_MAX];
        uint32_t rune = sm_utf8_read(sm_slice_make(line.ptr + i, line.size - i), &size, &is_sound);
        if (is_tab(line.ptr[i]))
            repeat(' ', TAB_WIDTH, out);
        else if (rune != '\r')
            fwrite(character, 1, sm_utf8_write(rune, character), out);
    }
}

static void print_carets(const struct sm_position *at, unsigned number, struct sm_slice line, FILE *out)
{
    char blank = at->end_line > at->line ? '_' : ' ';
    bool is_sound;
    for (size_t i = 0, size; i < line.size; i += size) {
        unsigned column = (unsigned)i + 1;
        (void)sm_utf8_read(sm_slice_make(line.ptr + i, line.size - i), &size, &is_sound);
        if (number == at->end_line && column > at->end_column)
            return;
        if (is_tab(line.ptr[i]))
            repeat(blank, TAB_WIDTH, out);
        else
            fputc(is_inside(at, number, column) ? '^' : blank, out);
    }
}

static const char *margin_of(const struct sm_position *at, unsigned number)
{
    if (at->end_line == at->line)
        return "";
    return number > at->line && number <= at->end_line ? "| " : "  ";
}

static void print_range(const struct diag *diag, FILE *out)
{
    const struct sm_position *at = &diag->position;
    bool is_long = at->end_line > at->line;
    struct sm_slice rest = diag->lines;
    int width = snprintf(NULL, 0, "%u", diag->last_line);
    fputc('\n', out);
    for (unsigned number = diag->first_line; number <= diag->last_line; number++) {
        struct sm_slice line = sm_slice_cut(&rest, '\n');
        fprintf(out, "%*u | %s", width, number, margin_of(at, number));
        print_line(line, out);
        fputc('\n', out);
        if (number != at->line && !(is_long && number == at->end_line))
            continue;
        fprintf(out, "%*s%s", width, "", !is_long ? " | " : number == at->line ? " |  _" : " | |_");
        print_carets(at, number, line, out);
        fputc('\n', out);
    }
}

static void print_alloy(const struct diag *diag, FILE *out, bool colour)
{
    const struct sm_position *at = &diag->position;
    bool is_error = diag->severity == SM_DIAG_ERROR;
    if (colour)
        fputs(is_error ? "\x1b[1;31m" : "\x1b[1;33m", out);
    fprintf(out, "%s:%s ", is_error ? "Error" : "Warning", colour ? "\x1b[0m" : "");
    fputs(diag->source_name, out);
    if (at->line)
        fprintf(out, at->column ? ":%u:%u" : ":%u", at->line, at->column);
    fprintf(out, ": %s%s%s", diag->path ? diag->path : "", diag->path ? ": " : "", diag->message);
    if (diag->suggestion)
        fprintf(out, " (%s)", diag->suggestion);
    fputc('\n', out);
    if (diag->lines.size)
        print_range(diag, out);
    fputc('\n', out);
}

static void print_one(const struct diag *diag, FILE *out, bool colour)
{
    const struct sm_position *at = &diag->position;
    bool is_error = diag->severity == SM_DIAG_ERROR;
    if (diag->language == SM_SOURCE_ALLOY) {
        print_alloy(diag, out, colour);
        return;
    }
    if (diag->source_name && at->line)
        fprintf(out, at->column ? "%s:%u:%u: " : "%s:%u: ", diag->source_name, at->line, at->column);
    else if (diag->source_name)
        fprintf(out, "%s: ", diag->source_name);
    if (colour)
        fputs(is_error ? "\x1b[1;31m" : "\x1b[1;33m", out);
    fprintf(out, "%s:%s ", is_error ? "error" : "warning", colour ? "\x1b[0m" : "");
    if (diag->path)
        fprintf(out, "%s: ", diag->path);
    fprintf(out, "%s\n", diag->message);
    print_source_line(diag, out, colour);
}

static struct diag *sort(const struct sm_diags *diags)
{
    struct diag *sorted = sm_alloc(diags->count + 1, sizeof(*sorted));
    if (diags->count)
        memcpy(sorted, diags->items, diags->count * sizeof(*sorted));
    qsort(sorted, diags->count, sizeof(*sorted), compare_diags);
    return sorted;
}

static void log_one(const struct diag *diag)
{
    struct sm_log_site site = {.file = __FILE__, .line = __LINE__}; /* a new one each time: these lines do not count as repeats */
    enum sm_log_level level = diag->severity == SM_DIAG_ERROR ? SM_LOG_ERROR : SM_LOG_WARN;
    struct sm_log_field fields[3];
    size_t count = 0;
    char place[PLACE_TEXT_SIZE];
    if (diag->path)
        fields[count++] = SM_LOG_STR("setting", diag->path);
    if (diag->source_name) {
        snprintf(place, sizeof(place), diag->position.line ? "%s:%u:%u" : "%s", diag->source_name, diag->position.line, diag->position.column);
        fields[count++] = SM_LOG_STR("place", place);
    }
    if (diag->suggestion)
        fields[count++] = SM_LOG_STR("suggestion", diag->suggestion);
    if (sm_log_is_on(level))
        sm_log_write(level, &site, NULL, diag->message, fields, count);
}

void sm_diags_log(const struct sm_diags *diags)
{
    struct diag *sorted = sort(diags);
    for (size_t i = 0; i < diags->count; i++)
        log_one(&sorted[i]);
    if (diags->left_out)
        sm_log(SM_LOG_WARN, NULL, "More was found in the configuration", SM_LOG_INT("left_out", diags->left_out));
    free(sorted);
}

void sm_diags_print(const struct sm_diags *diags, FILE *out, bool colour)
{
    struct diag *sorted = sort(diags);
    for (size_t i = 0; i < diags->count; i++)
        print_one(&sorted[i], out, colour);
    if (diags->left_out)
        fprintf(out, "... and %zu more\n", diags->left_out);
    free(sorted);
}
