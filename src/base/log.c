/* log.c - see log.h. One line is built in memory and written with one write(2), so that lines of several threads do not mix.
 *
 * Console form: time, level, place, event and the fields as one JSON object, separated by tabs; JSON form: one object. Both as the reference's logger
 * (go.uber.org/zap, production settings, ISO 8601 times in UTC) writes them. The settings are an immutable block that is replaced as a whole;
 * replaced blocks stay alive (one per reload), because a thread may still be writing with them. */
#include "base/log.h"

#include "base/bytes.h"
#include "base/clock.h"
#include "base/memory.h"

#include <inttypes.h>
#include <math.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

struct settings {
    struct sm_log_options options;
    struct sm_bytes prefix;    /* owned: the resource and initial fields, encoded, each followed by a separator */
    struct settings *replaced; /* owned: keeps what came before reachable */
};

static struct settings preset = {.options = {.level = SM_LOG_INFO, .fd = STDERR_FILENO, .sampling = {10 * SM_NS_PER_S, 10, 100}}};
/* Written by the main thread with release order, read with acquire order by whoever writes a line. */
static struct settings *_Atomic current = &preset;

static const char *const level_names[] = {[SM_LOG_DEBUG] = "debug", [SM_LOG_INFO] = "info", [SM_LOG_WARN] = "warn", [SM_LOG_ERROR] = "error"};

static const struct settings *load_settings(void)
{
    return atomic_load_explicit(&current, memory_order_acquire);
}

bool sm_log_is_on(enum sm_log_level level)
{
    return level >= load_settings()->options.level;
}

/* The bytes of one UTF-8 sequence at `at`, 0 when it is not valid. */
static size_t utf8_length(const unsigned char *at, size_t left)
{
    size_t length = at[0] < 0x80 ? 1 : at[0] >= 0xc2 && at[0] < 0xe0 ? 2 : at[0] >= 0xe0 && at[0] < 0xf0 ? 3 : at[0] >= 0xf0 && at[0] < 0xf5 ? 4 : 0;
    if (length == 0 || length > left)
        return 0;
    for (size_t i = 1; i < length; i++)
        if ((at[i] & 0xc0) != 0x80)
            return 0;
    return length;
}

static void append_escaped(struct sm_bytes *line, unsigned char c)
{
    static const char *const short_forms[] = {['\n'] = "\\n", ['\r'] = "\\r", ['\t'] = "\\t", ['"'] = "\\\"", ['\\'] = "\\\\"};
    if (c < sizeof(short_forms) / sizeof(short_forms[0]) && short_forms[c])
        sm_bytes_append_text(line, short_forms[c]);
    else
        sm_bytes_printf(line, "\\u%04x", c);
}

static void append_json_text(struct sm_bytes *line, struct sm_slice text)
{
    const unsigned char *bytes = (const unsigned char *)text.ptr;
    sm_bytes_append_char(line, '"');
    for (size_t i = 0; i < text.size;) {
        size_t length = utf8_length(bytes + i, text.size - i);
        if (length == 0) {
            sm_bytes_append_text(line, "\\ufffd");
            i++;
        } else if (length == 1 && (bytes[i] < 0x20 || bytes[i] == '"' || bytes[i] == '\\')) {
            append_escaped(line, bytes[i++]);
        } else {
            sm_bytes_append(line, text.ptr + i, length);
            i += length;
        }
    }
    sm_bytes_append_char(line, '"');
}

static void append_number(struct sm_bytes *line, double number)
{
    if (isfinite(number))
        sm_bytes_printf(line, "%.15g", number);
    else
        sm_bytes_append_text(line, isnan(number) ? "\"NaN\"" : number > 0 ? "\"+Inf\"" : "\"-Inf\"");
}

static void append_value(struct sm_bytes *line, const struct sm_log_field *field)
{
    switch (field->kind) {
    case SM_LOG_FIELD_STR:
        append_json_text(line, field->str);
        break;
    case SM_LOG_FIELD_INT:
        sm_bytes_printf(line, "%" PRId64, field->i);
        break;
    case SM_LOG_FIELD_DOUBLE:
        append_number(line, field->d);
        break;
    case SM_LOG_FIELD_BOOL:
        sm_bytes_append_text(line, field->b ? "true" : "false");
        break;
    case SM_LOG_FIELD_DURATION_NS: /* seconds, as the reference's encoder */
        append_number(line, (double)field->i / 1e9);
        break;
    }
}

/* The separators of an encoding: the console form puts a space behind commas and colons. */
struct separators {
    const char *comma, *colon;
};
static const struct separators separators[] = {
    [SM_LOG_ENCODING_CONSOLE] = {", ", ": "},
    [SM_LOG_ENCODING_JSON] = {",", ":"},
};

static void append_key(struct sm_bytes *line, const struct separators *with, const char *key)
{
    append_json_text(line, sm_slice_of(key));
    sm_bytes_append_text(line, with->colon);
}

static void append_field(struct sm_bytes *line, const struct separators *with, const struct sm_log_field *field)
{
    append_key(line, with, field->name);
    append_value(line, field);
    sm_bytes_append_text(line, with->comma);
}

static void append_text_field(struct sm_bytes *line, const struct separators *with, const char *key, const char *text)
{
    if (text)
        append_field(line, with, &SM_LOG_STR(key, text));
}

/* Every append_… of a field ends with a comma; this takes the last one back. */
static void cut_comma(struct sm_bytes *line, const struct separators *with)
{
    if (sm_slice_ends_with(sm_bytes_slice(line), sm_slice_of(with->comma)))
        line->size -= strlen(with->comma);
}

static void append_time(struct sm_bytes *line)
{
    uint64_t now = sm_clock_wall_ns();
    time_t seconds = (time_t)(now / SM_NS_PER_S);
    struct tm utc;
    gmtime_r(&seconds, &utc);
    sm_bytes_printf(line, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec,
                    (int)(now % SM_NS_PER_S / SM_NS_PER_MS));
}

/* The last folder and the file of a source path. */
static const char *short_path(const char *path)
{
    const char *at = path + strlen(path);
    for (int slashes = 0; at > path; at--)
        if (at[-1] == '/' && ++slashes == 2)
            break;
    return at;
}

static void append_all_fields(struct sm_bytes *line, const struct settings *settings, const struct sm_logger *logger,
                              const struct sm_log_field *fields, size_t field_count, uint32_t suppressed)
{
    const struct separators *with = &separators[settings->options.encoding];
    sm_bytes_append_slice(line, sm_bytes_slice(&settings->prefix));
    if (logger) {
        append_text_field(line, with, "otelcol.component.id", logger->id);
        append_text_field(line, with, "otelcol.component.kind", logger->kind);
        append_text_field(line, with, "otelcol.pipeline.id", logger->pipeline);
        append_text_field(line, with, "otelcol.signal", logger->signal);
    }
    for (size_t i = 0; i < field_count; i++)
        append_field(line, with, &fields[i]);
    if (suppressed)
        append_field(line, with, &SM_LOG_INT("suppressed", suppressed));
    cut_comma(line, with);
}

static void append_console_head(struct sm_bytes *line, const struct settings *settings, enum sm_log_level level, const struct sm_log_site *site,
                                const char *event)
{
    append_time(line);
    sm_bytes_printf(line, "\t%s\t", level_names[level]);
    if (!settings->options.disable_caller && site->file)
        sm_bytes_printf(line, "%s:%d\t", short_path(site->file), site->line);
    sm_bytes_append_text(line, event);
    sm_bytes_append_char(line, '\t');
}

static void append_json_head(struct sm_bytes *line, const struct settings *settings, enum sm_log_level level, const struct sm_log_site *site,
                             const char *event)
{
    sm_bytes_printf(line, "{\"level\":\"%s\",\"ts\":\"", level_names[level]);
    append_time(line);
    sm_bytes_append_text(line, "\",");
    if (!settings->options.disable_caller && site->file)
        sm_bytes_printf(line, "\"caller\":\"%s:%d\",", short_path(site->file), site->line);
    append_text_field(line, &separators[SM_LOG_ENCODING_JSON], "msg", event);
}

static void write_line(int fd, struct sm_slice line)
{
    while (line.size > 0) {
        ssize_t written = write(fd, line.ptr, line.size);
        if (written <= 0)
            return; /* nobody left to tell */
        line = sm_slice_make(line.ptr + written, line.size - (size_t)written);
    }
}

/* Whether this call of `site` is written. Relaxed: a race at the edge of a window lets a line more or less through, which harms nobody. */
static bool passes_limit(const struct sm_log_sampling *sampling, struct sm_log_site *site, uint32_t *suppressed)
{
    *suppressed = 0;
    if (sampling->tick_ns == 0)
        return true;
    uint64_t now = sm_clock_mono_ns();
    uint64_t start = atomic_load_explicit(&site->window_start_ns, memory_order_relaxed);
    if (start == 0 || now - start >= sampling->tick_ns) {
        atomic_store_explicit(&site->window_start_ns, now, memory_order_relaxed);
        atomic_store_explicit(&site->in_window, 0, memory_order_relaxed);
    }
    uint32_t number = atomic_fetch_add_explicit(&site->in_window, 1, memory_order_relaxed) + 1;
    if (number > sampling->initial && (sampling->thereafter == 0 || (number - sampling->initial) % sampling->thereafter != 0)) {
        atomic_fetch_add_explicit(&site->suppressed, 1, memory_order_relaxed);
        return false;
    }
    *suppressed = atomic_exchange_explicit(&site->suppressed, 0, memory_order_relaxed);
    return true;
}

void sm_log_write(enum sm_log_level level, struct sm_log_site *site, const struct sm_logger *logger, const char *event,
                  const struct sm_log_field *fields, size_t field_count)
{
    const struct settings *settings = load_settings();
    uint32_t suppressed;
    if (!passes_limit(&settings->options.sampling, site, &suppressed))
        return;
    struct sm_bytes line = {0};
    bool is_json = settings->options.encoding == SM_LOG_ENCODING_JSON;
    if (is_json) {
        append_json_head(&line, settings, level, site, event);
        append_all_fields(&line, settings, logger, fields, field_count, suppressed);
        sm_bytes_append_char(&line, '}');
    } else {
        append_console_head(&line, settings, level, site, event);
        size_t head = line.size;
        sm_bytes_append_char(&line, '{');
        append_all_fields(&line, settings, logger, fields, field_count, suppressed);
        sm_bytes_append_char(&line, '}');
        if (line.size == head + 2)
            line.size = head - 1; /* no fields: no object, and no tab before it */
    }
    sm_bytes_append_char(&line, '\n');
    write_line(settings->options.fd, sm_bytes_slice(&line));
    sm_bytes_deinit(&line);
}

static void encode_prefix(struct settings *settings)
{
    const struct sm_log_options *options = &settings->options;
    const struct separators *with = &separators[options->encoding];
    for (size_t i = 0; i < options->initial_field_count; i++)
        append_field(&settings->prefix, with, &options->initial_fields[i]);
    if (options->resource_count > 0) {
        append_key(&settings->prefix, with, "resource");
        sm_bytes_append_char(&settings->prefix, '{');
        for (size_t i = 0; i < options->resource_count; i++)
            append_field(&settings->prefix, with, &options->resource[i]);
        cut_comma(&settings->prefix, with);
        sm_bytes_append_char(&settings->prefix, '}');
        sm_bytes_append_text(&settings->prefix, with->comma);
    }
}

void sm_log_configure(const struct sm_log_options *options)
{
    struct settings *settings = sm_alloc(1, sizeof(*settings));
    settings->options = *options;
    encode_prefix(settings);
    settings->options.resource = settings->options.initial_fields = NULL;
    settings->options.resource_count = settings->options.initial_field_count = 0;
    settings->replaced = atomic_load_explicit(&current, memory_order_relaxed);
    atomic_store_explicit(&current, settings, memory_order_release);
}
