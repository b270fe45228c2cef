/* log.h - the program's own log: an event, then fields.
 *
 *     sm_log(SM_LOG_WARN, component->logger, "export failed", SM_LOG_STR("endpoint", endpoint), SM_LOG_INT("spans", count));
 *
 * A line goes to standard error (or where service::telemetry::logs says) as text or JSON. Repeats of one call site are limited to a burst in ten
 * seconds; how many were suppressed is told with the next one ("suppressed"). Nothing is formatted when the level is off. Any thread. */
#pragma once

#include "base/slice.h"

#include <stdbool.h>
#include <stdint.h>

enum sm_log_level { SM_LOG_DEBUG, SM_LOG_INFO, SM_LOG_WARN, SM_LOG_ERROR };

enum sm_log_field_kind { SM_LOG_FIELD_STR, SM_LOG_FIELD_INT, SM_LOG_FIELD_DOUBLE, SM_LOG_FIELD_BOOL, SM_LOG_FIELD_DURATION_NS };

struct sm_log_field {
    const char *name;
    enum sm_log_field_kind kind;
    union {
        struct sm_slice str;
        int64_t i;
        double d;
        bool b;
    };
};

#define SM_LOG_STR(field, text) ((struct sm_log_field){.name = (field), .kind = SM_LOG_FIELD_STR, .str = sm_slice_of(text)})
#define SM_LOG_SLICE(field, slice) ((struct sm_log_field){.name = (field), .kind = SM_LOG_FIELD_STR, .str = (slice)})
#define SM_LOG_INT(field, value) ((struct sm_log_field){.name = (field), .kind = SM_LOG_FIELD_INT, .i = (int64_t)(value)})
#define SM_LOG_DOUBLE(field, value) ((struct sm_log_field){.name = (field), .kind = SM_LOG_FIELD_DOUBLE, .d = (value)})
#define SM_LOG_BOOL(field, value) ((struct sm_log_field){.name = (field), .kind = SM_LOG_FIELD_BOOL, .b = (value)})
#define SM_LOG_NS(field, value) ((struct sm_log_field){.name = (field), .kind = SM_LOG_FIELD_DURATION_NS, .i = (int64_t)(value)})

/* Who speaks: fields put before the event's own, e.g. component kind and id. Immutable after start. */
struct sm_logger {
    const char *kind;     /* borrowed: "exporter"; NULL: the service itself */
    const char *id;       /* borrowed: "otlp_http/eu" */
    const char *pipeline; /* borrowed: "traces/2"; NULL: none */
    const char *signal;   /* borrowed: "traces"; NULL: none */
};

/* Call-site state for rate limiting; made by the macro. */
struct sm_log_site {
    const char *file;
    int line;
    _Atomic uint64_t window_start_ns;
    _Atomic uint32_t in_window;
    _Atomic uint32_t suppressed;
};

bool sm_log_is_on(enum sm_log_level level);
/* `logger` may be NULL. Use the macro. */
void sm_log_write(enum sm_log_level level, struct sm_log_site *site, const struct sm_logger *logger, const char *event,
                  const struct sm_log_field *fields, size_t field_count);

#define sm_log(level, logger, event, ...)                                                                                                            \
    do {                                                                                                                                             \
        static struct sm_log_site site_ = {.file = __FILE__, .line = __LINE__};                                                                      \
        if (sm_log_is_on(level)) {                                                                                                                   \
            const struct sm_log_field fields_[] = {{0}, ##__VA_ARGS__};                                                                              \
            sm_log_write(level, &site_, logger, event, fields_ + 1, sizeof(fields_) / sizeof(fields_[0]) - 1);                                       \
        }                                                                                                                                            \
    } while (0)

enum sm_log_encoding { SM_LOG_ENCODING_CONSOLE, SM_LOG_ENCODING_JSON };

/* A call site may write `initial` lines per `tick`, then every `thereafter`-th (0: none); tick_ns 0: no limit. */
struct sm_log_sampling {
    uint64_t tick_ns;
    uint32_t initial, thereafter;
};

struct sm_log_options {
    enum sm_log_level level;
    enum sm_log_encoding encoding;
    int fd; /* borrowed */
    bool disable_caller;
    struct sm_log_sampling sampling;
    const struct sm_log_field *resource; /* copied: shown as the map "resource" of every line */
    size_t resource_count;
    const struct sm_log_field *initial_fields; /* copied: before the resource in every line */
    size_t initial_field_count;
};
#define SM_LOG_OPTIONS_DEFAULT                                                                                                                       \
    ((struct sm_log_options){.level = SM_LOG_INFO, .fd = 2, .sampling = {.tick_ns = UINT64_C(10000000000), .initial = 10, .thereafter = 100}})

/* Replaces the settings. Main thread; other threads may be writing lines. Until then: SM_LOG_OPTIONS_DEFAULT. */
void sm_log_configure(const struct sm_log_options *options);
