/* debug.c - the exporter `debug`: shows what comes, in the program's own log or on standard output.
 *
 * Reads everything, changes nothing. State: the open outputs and the counters of its sampling (atomics: any worker writes).
 * Writing may block on a slow terminal or disk, and then so does the worker: the exporter is for looking, not for production traffic.
 * Source: opentelemetry-collector exporter/debugexporter; sampling as zap's (per message, in windows of a second). */
#include "pipeline/component.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/memory.h"
#include "base/path_check.h"
#include "exporters/debug/text.h"
#include "pipeline/export.h"
#include "telemetry/metric.h"

/* The numbers are the reference's: they may stand in the configuration. */
enum verbosity { VERBOSITY_NONE = -1, VERBOSITY_BASIC, VERBOSITY_NORMAL, VERBOSITY_DETAILED };

struct options {
    struct sm_export_options export;
    int verbosity; /* enum verbosity */
    int64_t sampling_initial, sampling_thereafter;
    bool use_internal_logger, has_output_paths;
    struct sm_string_list output_paths;
};

static const struct sm_option_word verbosity_words[] = {
    {"basic", VERBOSITY_BASIC}, {"normal", VERBOSITY_NORMAL}, {"detailed", VERBOSITY_DETAILED}, {"none", VERBOSITY_NONE}, {NULL, 0}};

static const struct sm_option option_table[] = {
    SM_OPTION_ENUM(struct options, verbosity, verbosity_words, .preset.integer = VERBOSITY_BASIC, .ignore_case = true, .takes_numbers = true,
                   .unknown_word = {"unknown metrics level ", ", must be one of basic, normal, detailed"},
                   .help = "How much is shown: basic (counts), normal (a line an item) or detailed (every field)."),
    SM_OPTION_INT(struct options, sampling_initial, .preset.integer = 2,
                  .help = "How many equal messages a second are shown before sampling begins."),
    SM_OPTION_INT(struct options, sampling_thereafter, .preset.integer = 1,
                  .help = "Of further equal messages in that second every so-manieth is shown; 1: all; 0: none."),
    SM_OPTION_BOOL(struct options, use_internal_logger, .preset.boolean = true, .help = "Write to the program's own log instead of output_paths."),
    SM_OPTION_STRING_LIST(struct options, output_paths, .set_offset = offsetof(struct options, has_output_paths),
                          .help = "Where to write without use_internal_logger: stdout (when nothing is named), stderr, or paths of files."),
    SM_OPTION_TABLE(struct options, export, sm_export_optional_queue_option_table, .squash = true, .help = "A queue in front; off unless given."),
    SM_OPTION_END,
};

/* A message is counted in the slot its text hashes to; different texts in one slot share its counter, as in zap. */
enum { SLOT_COUNT = 256, OUTPUTS_MAX = 16 };

struct slot {
    _Atomic uint64_t window_start_ns;
    _Atomic int64_t count;
};

struct state {
    int outputs[OUTPUTS_MAX]; /* owned, but for stdout and stderr */
    size_t output_count;
    struct slot slots[SLOT_COUNT];
};

static void validate(const void *option_struct, struct sm_validation *validation)
{
    const struct options *options = option_struct;
    if (options->verbosity == VERBOSITY_NONE)
        sm_validation_error(validation, "", "verbosity level \"None\" is not supported");
    if (options->use_internal_logger && options->has_output_paths)
        sm_validation_error(validation, "", "output_paths is not supported when use_internal_logger is true");
    if (!options->use_internal_logger && options->has_output_paths && options->output_paths.count == 0)
        sm_validation_error(validation, "", "output_paths must not be empty when use_internal_logger is false");
    if (options->output_paths.count > OUTPUTS_MAX)
        sm_validation_error(validation, "output_paths", "at most %d paths", OUTPUTS_MAX);
    sm_export_options_validate(&options->export, validation);
}

static bool is_standard(const char *path)
{
    return strcmp(path, "stdout") == 0 || strcmp(path, "stderr") == 0;
}

static bool create(struct sm_component *component, struct sm_error *error)
{
    const struct options *options = component->options;
    component->state = sm_alloc(1, sizeof(struct state));
    for (size_t i = 0; !options->use_internal_logger && i < options->output_paths.count; i++) {
        const char *const *path = &options->output_paths.items[i];
        if (!is_standard(*path) && !sm_path_check_writable(*path, false, error))
            return sm_error_blame(error, path);
    }
    return true;
}

static bool open_output(struct state *state, const char *path, struct sm_error *error)
{
    int fd = strcmp(path, "stdout") == 0 ? STDOUT_FILENO : strcmp(path, "stderr") == 0 ? STDERR_FILENO : -1;
    if (fd < 0)
        fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
    if (fd < 0)
        return sm_error_set_errno(error, errno, "open %s", path);
    state->outputs[state->output_count++] = fd;
    return true;
}

static bool start(struct sm_component *component, struct sm_error *error)
{
    const struct options *options = component->options;
    if (options->use_internal_logger)
        return true;
    if (options->output_paths.count == 0)
        return open_output(component->state, "stdout", error);
    for (size_t i = 0; i < options->output_paths.count; i++)
        if (!open_output(component->state, options->output_paths.items[i], error))
            return sm_error_blame(error, &options->output_paths.items[i]);
    return true;
}

static void free_state(struct sm_component *component)
{
    struct state *state = component->state;
    for (size_t i = 0; state && i < state->output_count; i++)
        if (state->outputs[i] > STDERR_FILENO)
            close(state->outputs[i]);
    free(state);
}

/* Relaxed: a race at the edge of a window shows a message more or less, which harms nobody. */
static bool passes_sampling(struct state *state, const struct options *options, struct sm_slice message)
{
    struct slot *slot = &state->slots[sm_hash(message) % SLOT_COUNT];
    uint64_t now = sm_clock_mono_ns();
    uint64_t start_ns = atomic_load_explicit(&slot->window_start_ns, memory_order_relaxed);
    if (start_ns == 0 || now - start_ns >= SM_NS_PER_S) {
        atomic_store_explicit(&slot->window_start_ns, now, memory_order_relaxed);
        atomic_store_explicit(&slot->count, 0, memory_order_relaxed);
    }
    int64_t number = atomic_fetch_add_explicit(&slot->count, 1, memory_order_relaxed) + 1;
    if (number <= options->sampling_initial)
        return true;
    return options->sampling_thereafter > 0 && (number - options->sampling_initial) % options->sampling_thereafter == 0;
}

static void write_all(int fd, struct sm_slice text)
{
    while (text.size) {
        ssize_t written = write(fd, text.ptr, text.size);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return; /* a closed pipe or a full disk under a debugging aid: nobody to tell */
        text = sm_slice_make(text.ptr + written, text.size - (size_t)written);
    }
}

/* One message with its counts, to the log or to the outputs. `message` ends with a NUL. */
static void show(struct sm_component *component, struct sm_slice message, const struct sm_log_field *fields, size_t field_count)
{
    static struct sm_log_site sites[SLOT_COUNT]; /* the log's own sampling is per message too */
    const struct options *options = component->options;
    struct state *state = component->state;
    if (!passes_sampling(state, options, message))
        return;
    if (options->use_internal_logger) {
        if (sm_log_is_on(SM_LOG_INFO))
            sm_log_write(SM_LOG_INFO, &sites[sm_hash(message) % SLOT_COUNT], &component->logger, message.ptr, fields, field_count);
        return;
    }
    struct sm_bytes line = {0};
    sm_bytes_append_slice(&line, message);
    for (size_t i = 0; i < field_count; i++)
        sm_bytes_printf(&line, "%s\"%s\": %lld", i ? ", " : "\t{", fields[i].name, (long long)fields[i].i);
    sm_bytes_append_text(&line, field_count ? "}\n" : "\n");
    for (size_t i = 0; i < state->output_count; i++)
        write_all(state->outputs[i], sm_bytes_slice(&line));
    sm_bytes_deinit(&line);
}

static size_t count_groups(const struct sm_batch *batch)
{
    size_t count = 0;
    for (size_t i = 0; i < batch->count; i++)
        count += !batch->groups[i].dropped;
    return count;
}

static size_t count_metrics(const struct sm_batch *batch)
{
    size_t count = 0;
    for (size_t i = 0; i < batch->count; i++)
        for (size_t j = 0; j < batch->groups[i].count && !batch->groups[i].dropped; j++)
            for (size_t k = 0; k < batch->groups[i].scopes[j].count && !batch->groups[i].scopes[j].dropped; k++)
                count += !batch->groups[i].scopes[j].metrics[k].dropped;
    return count;
}

static void show_counts(struct sm_component *component, const struct sm_batch *batch)
{
    struct sm_log_field groups = SM_LOG_INT("resource spans", count_groups(batch)), items = SM_LOG_INT("spans", batch->item_count);
    if (batch->signal == SM_TRACES) {
        show(component, SM_SLICE("Traces"), (struct sm_log_field[]){groups, items}, 2);
        return;
    }
    if (batch->signal == SM_LOGS) {
        groups.name = "resource logs";
        items.name = "log records";
        show(component, SM_SLICE("Logs"), (struct sm_log_field[]){groups, items}, 2);
        return;
    }
    groups.name = "resource metrics";
    items.name = "data points";
    show(component, SM_SLICE("Metrics"), (struct sm_log_field[]){groups, SM_LOG_INT("metrics", count_metrics(batch)), items}, 3);
}

static void send(struct sm_component *component, struct sm_worker *worker, struct sm_export *request)
{
    const struct options *options = component->options;
    show_counts(component, request->batch);
    if (options->verbosity > VERBOSITY_BASIC) {
        struct sm_bytes text = {0};
        if (options->verbosity == VERBOSITY_NORMAL)
            sm_debug_write_normal(request->batch, &text);
        else
            sm_debug_write_detailed(request->batch, &text);
        sm_bytes_cstr(&text);
        show(component, sm_bytes_slice(&text), NULL, 0);
        sm_bytes_deinit(&text);
    }
    sm_export_done(request, worker, &SM_OUTCOME_ACCEPTED);
}

const struct sm_component_type sm_exporter_debug = {
    .kind = SM_EXPORTER,
    .name = "debug",
    .help = "Shows what comes, in the log or on standard output, for looking at telemetry while setting up.",
    .signals = SM_SIGNAL_ALL,
    .stability = {SM_STABILITY_ALPHA, SM_STABILITY_ALPHA, SM_STABILITY_ALPHA},
    .options = option_table,
    .options_size = sizeof(struct options),
    .validate = validate,
    .create = create,
    .start = start,
    .send = send,
    .export_options_offset = offsetof(struct options, export),
    .free = free_state,
};
