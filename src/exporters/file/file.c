/* file.c - the exporter `file`: every request as one message in a file, as OTLP/JSON line or as protobuf.
 *
 * Reads batches, changes nothing in them. A worker makes the bytes, the exporter's writer thread puts them into the file, and the request ends on its
 * worker when that is done: a disk that refuses is an error for the sender. One instance for all signals of an id.
 * Limits: `encoding` is not built; with group_by and without append, a file that was closed for another (max_open_files) is emptied when it is
 * opened again, as in the reference.
 * Source: exporter/fileexporter. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/path_check.h"
#include "exporters/file/backups.h"
#include "exporters/file/group_path.h"
#include "exporters/file/writer.h"
#include "pipeline/component.h"
#include "pipeline/export.h"
#include "pipeline/worker.h"
#include "telemetry/otlp.h"
#include "wire/compression.h"

/* ---- options */

struct compression_params {
    int64_t level;
};

struct group_by {
    bool enabled;
    const char *resource_attribute;
    int64_t max_open_files;
};

struct options {
    struct sm_export_options export; /* no rows: neither queue, nor retries, nor timeout */
    const char *path;
    bool append;
    struct sm_file_rotation *rotation; /* NULL: none */
    const char *format, *compression;
    struct compression_params compression_params;
    int64_t flush_interval_ns;
    struct group_by group_by;
    bool create_directory;
    const char *directory_permissions;
};

static const struct sm_option rotation_table[] = {
    SM_OPTION_INT(struct sm_file_rotation, max_megabytes, .unit = "MiB", .help = "A file that would pass this size is set aside; 0: 100."),
    SM_OPTION_INT(struct sm_file_rotation, max_days, .unit = "days", .help = "Files set aside before that are removed; 0: never for their age."),
    SM_OPTION_INT(struct sm_file_rotation, max_backups, .preset.integer = 100, .help = "So many files set aside are kept; 0: all."),
    SM_OPTION_BOOL(struct sm_file_rotation, localtime, .help = "Local time in the names of files set aside, instead of UTC."),
    SM_OPTION_END,
};

static const struct sm_option compression_params_table[] = {
    SM_OPTION_INT(struct compression_params, level, .help = "Any: messages are packed at the usual level, as in the reference."),
    SM_OPTION_END,
};

static const struct sm_option group_by_table[] = {
    SM_OPTION_BOOL(struct group_by, enabled, .help = "Write a file for each value of a resource attribute, which stands where the path has its *."),
    SM_OPTION_STRING(struct group_by, resource_attribute, .preset.string = "fileexporter.path_segment", .help = "Which attribute."),
    SM_OPTION_INT(struct group_by, max_open_files, .preset.integer = 100, .help = "So many files are kept open."),
    SM_OPTION_END,
};

static const struct sm_option option_table[] = {
    SM_OPTION_STRING(struct options, path, .preset.string = "", .help = "The file to write to."),
    SM_OPTION_BOOL(struct options, append, .help = "Go on at the end of the file instead of emptying it."),
    SM_OPTION_OPTIONAL(struct options, rotation, rotation_table, .has_no_switch = true,
                       .help = "Set the file aside when it is large, and begin a new one."),
    SM_OPTION_STRING(struct options, format, .preset.string = "json",
                     .help = "json: a line a request; proto: each request behind its length in four bytes."),
    SM_OPTION_REFUSED("encoding", .help = "Encoding extensions are not built."),
    SM_OPTION_STRING(struct options, compression, .preset.string = "",
                     .help = "zstd: each message packed by itself, behind its length in four bytes."),
    SM_OPTION_TABLE(struct options, compression_params, compression_params_table, .help = "How to pack."),
    SM_OPTION_DURATION(struct options, flush_interval_ns, .key = "flush_interval", .is_signed = true, .preset.integer = 1 * SM_S,
                       .help = "What is in memory is written after this time; 0: one second."),
    SM_OPTION_TABLE(struct options, group_by, group_by_table, .help = "Several files."),
    SM_OPTION_BOOL(struct options, create_directory, .help = "Make the file's directory at start."),
    SM_OPTION_STRING(struct options, directory_permissions, .preset.string = "",
                     .help = "Of directories made, octal, before the umask; 0755 when empty."),
    SM_OPTION_END,
};

enum { MODE_DEFAULT = 0755, MODE_MAX = 0777, OCTAL = 8 };

/* False: no octal number. */
static bool read_mode(const char *text, long *mode)
{
    char *end;
    *mode = *text ? strtol(text, &end, OCTAL) : MODE_DEFAULT;
    return !*text || (!*end && end != text && *text != ' ' && *mode <= INT32_MAX);
}

static void validate_directory(const struct options *options, struct sm_validation *validation)
{
    long mode;
    if (!options->create_directory) {
        if (*options->directory_permissions)
            sm_validation_error(validation, "", "directory_permissions requires create_directory to be true");
    } else if (!read_mode(options->directory_permissions, &mode)) {
        sm_validation_error(validation, "", "directory_permissions value must be a valid octal representation");
    } else if (mode < 0 || mode > MODE_MAX) {
        sm_validation_error(validation, "", "directory_permissions contain invalid bits for file access");
    }
}

static void validate_group_by(const struct options *options, struct sm_validation *validation)
{
    if (!options->group_by.enabled)
        return;
    const char *star = strchr(options->path, '*');
    if (!star || strchr(star + 1, '*'))
        sm_validation_error(validation, "", "path must contain exactly one * when group_by is enabled");
    else if (star == options->path)
        sm_validation_error(validation, "", "path must not start with * when group_by is enabled");
    else if (!*options->group_by.resource_attribute)
        sm_validation_error(validation, "", "resource_attribute must not be empty when group_by is enabled");
    else if (options->group_by.max_open_files <= 0)
        sm_validation_error(validation, "group_by", "max_open_files must be positive");
}

static bool is_one_of(const char *word, const char *a, const char *b)
{
    return strcmp(word, a) == 0 || strcmp(word, b) == 0;
}

static void validate(const void *from, struct sm_validation *validation)
{
    const struct options *options = from;
    if (!*options->path)
        sm_validation_error(validation, "", "path must be non-empty");
    else if (options->append && options->rotation)
        sm_validation_error(validation, "", "append and rotation enabled at the same time is not supported");
    else if (!is_one_of(options->format, "json", "proto"))
        sm_validation_error(validation, "", "format type is not supported");
    else if (!is_one_of(options->compression, "", "zstd"))
        sm_validation_error(validation, "", "compression is not supported");
    else if (options->flush_interval_ns < 0)
        sm_validation_error(validation, "", "flush_interval must be larger than zero");
    else
        validate_group_by(options, validation);
    validate_directory(options, validation);
}

/* ---- state */

struct exporter {
    bool is_json, is_packed;       /* immutable after start */
    struct sm_file_writer *writer; /* owned; set by start */
};

/* One request under way. Message: of the worker, then the writer's, then the worker's again. */
struct job {
    struct sm_file_job public;
    struct sm_export *request;
    struct sm_arena arena; /* parts, paths and messages */
    bool is_grouped;
};

static bool file_create(struct sm_component *component, struct sm_error *error)
{
    const struct options *options = component->options;
    struct exporter *exporter = sm_alloc(1, sizeof(*exporter));
    exporter->is_json = strcmp(options->format, "json") == 0;
    exporter->is_packed = *options->compression;
    component->state = exporter;
    if (options->group_by.enabled) /* files are made when their groups come */
        return true;
    return sm_path_check_writable(options->path, options->create_directory, error) || sm_error_blame(error, &options->path);
}

static unsigned directory_mode(const struct options *options)
{
    long mode;
    return read_mode(options->directory_permissions, &mode) && mode > 0 ? (unsigned)mode : MODE_DEFAULT;
}

static bool make_directory(const struct options *options, struct sm_error *error)
{
    const char *slash = strrchr(options->path, '/');
    if (!options->create_directory || options->group_by.enabled || !slash || slash == options->path)
        return true;
    struct sm_arena arena = SM_ARENA_INIT;
    const char *directory = sm_arena_strdup(&arena, sm_slice_make(options->path, (size_t)(slash - options->path)));
    bool is_made = sm_file_make_directories(directory, directory_mode(options), error);
    sm_arena_deinit(&arena);
    return is_made;
}

static bool file_start(struct sm_component *component, struct sm_error *error)
{
    const struct options *options = component->options;
    struct exporter *exporter = component->state;
    if (!make_directory(options, error))
        return sm_error_blame(error, &options->path);
    struct sm_file_writer_options writer = {.path = options->group_by.enabled ? NULL : options->path,
                                            .append = options->append,
                                            .rotation = options->rotation,
                                            .flush_interval_ns = options->flush_interval_ns ? (uint64_t)options->flush_interval_ns : (uint64_t)SM_S,
                                            .open_files_max = (size_t)options->group_by.max_open_files,
                                            .directory_mode = directory_mode(options),
                                            .logger = &component->logger};
    exporter->writer = sm_file_writer_start(&writer, error);
    return exporter->writer || sm_error_blame(error, &options->path);
}

/* ---- messages */

static void put_length(struct sm_bytes *out, size_t size)
{
    char length[4] = {(char)(size >> 24), (char)(size >> 16), (char)(size >> 8), (char)size};
    sm_bytes_append(out, length, sizeof(length));
}

/* The bytes that go into the file, in `arena`. */
static bool make_message(const struct exporter *exporter, struct sm_batch *batch, struct sm_arena *arena, struct sm_slice *message,
                         struct sm_error *error)
{
    struct sm_bytes plain, framed;
    sm_bytes_init(&plain, arena);
    sm_bytes_init(&framed, arena);
    if (exporter->is_json)
        sm_otlp_encode_json(batch, &plain);
    else
        sm_otlp_encode_protobuf_bytes(batch, &plain);
    if (exporter->is_json && !exporter->is_packed) {
        sm_bytes_append_char(&plain, '\n');
        *message = sm_bytes_slice(&plain);
        return true;
    }
    struct sm_bytes packed;
    sm_bytes_init(&packed, arena);
    if (exporter->is_packed && !sm_compress(SM_COMPRESSION_ZSTD, 0, sm_bytes_slice(&plain), &packed, error))
        return false;
    struct sm_slice content = sm_bytes_slice(exporter->is_packed ? &packed : &plain);
    if (content.size > UINT32_MAX)
        return sm_error_set(error, SM_ERROR_USAGE, "a message of %zu bytes is too long for the file's format", content.size);
    put_length(&framed, content.size);
    sm_bytes_append_slice(&framed, content);
    *message = sm_bytes_slice(&framed);
    return true;
}

static struct sm_file_part *add_part(struct job *job, size_t *capacity)
{
    if (job->public.count == *capacity)
        job->public.parts =
            sm_arena_grow(&job->arena, job->public.parts, job->public.count, capacity, job->public.count + 1, sizeof(*job->public.parts));
    return &job->public.parts[job->public.count++];
}

/* ---- groups */

/* The segment of a resource's path; false: the resource has none and is left out. */
static bool find_segment(const struct options *options, const struct sm_resource_group *group, struct sm_slice *segment)
{
    struct sm_value value;
    if (group->dropped || !sm_attributes_find(&group->resource.attributes, sm_slice_of(options->group_by.resource_attribute), &value))
        return false;
    *segment = value.string;
    return value.type == SM_VALUE_STRING && !(value.string.size && memchr(value.string.ptr, '\0', value.string.size));
}

/* A resource and where it goes. */
struct member {
    struct sm_slice segment;
    const struct sm_resource_group *group; /* in the order of its address */
};

static int compare_members(const void *a, const void *b)
{
    const struct member *left = a, *right = b;
    int order = sm_slice_compare(left->segment, right->segment);
    return order ? order : (left->group > right->group) - (left->group < right->group);
}

/* One message of the resources in `members`, which have the same segment. */
static bool add_group(const struct sm_component *component, struct job *job, const struct member *members, size_t count, size_t *capacity,
                      struct sm_error *error)
{
    const struct options *options = component->options;
    struct sm_batch *own = sm_batch_create(job->request->batch->signal);
    for (size_t i = 0; i < count; i++)
        *sm_batch_add_resource(own) = *members[i].group; /* its bytes stay in the request's batch, which outlives `own` */
    own->changed = true;
    struct sm_slice message;
    bool is_made = make_message(component->state, own, &job->arena, &message, error);
    sm_batch_release(own);
    if (is_made)
        *add_part(job, capacity) =
            (struct sm_file_part){.path = sm_file_group_path(options->path, members[0].segment, &job->arena), .message = message};
    return is_made;
}

static bool add_groups(const struct sm_component *component, struct job *job, struct sm_error *error)
{
    const struct sm_batch *batch = job->request->batch;
    struct member *members = sm_arena_zalloc(&job->arena, batch->count, sizeof(*members));
    size_t count = 0, capacity = 0;
    for (size_t i = 0; i < batch->count; i++) {
        members[count].group = &batch->groups[i];
        count += find_segment(component->options, &batch->groups[i], &members[count].segment);
    }
    if (count)
        qsort(members, count, sizeof(*members), compare_members);
    for (size_t start = 0, end; start < count; start = end) {
        for (end = start + 1; end < count && sm_slice_equal(members[end].segment, members[start].segment);)
            end++;
        if (!add_group(component, job, members + start, end - start, &capacity, error))
            return false;
    }
    return true;
}

/* ---- requests */

static void free_job(struct job *job)
{
    sm_arena_deinit(&job->arena);
    free(job);
}

/* Without groups the sender may try again; with groups a part may be written already, so it may not. */
static void finish(struct sm_worker *worker, struct job *job, const struct sm_error *error)
{
    struct sm_outcome outcome = SM_OUTCOME_ACCEPTED;
    if (error)
        outcome = job->is_grouped ? sm_outcome_reject("%s", error->text) : sm_outcome_retry("%s", error->text);
    struct sm_export *request = job->request;
    free_job(job);
    sm_export_done(request, worker, &outcome);
}

static_assert(offsetof(struct job, public) == 0, "a file job is the beginning of its job");

static void written(struct sm_worker *worker, void *context)
{
    struct job *job = context;
    struct sm_error error = job->public.error;
    finish(worker, job, job->public.is_written ? NULL : &error);
}

static void send(struct sm_component *component, struct sm_worker *worker, struct sm_export *request)
{
    const struct options *options = component->options;
    struct exporter *exporter = component->state;
    struct job *job = sm_alloc(1, sizeof(*job));
    job->request = request;
    job->is_grouped = options->group_by.enabled;
    job->public.worker = worker;
    job->public.done = written;
    struct sm_error error = {0};
    bool is_made;
    if (job->is_grouped) {
        is_made = add_groups(component, job, &error);
    } else {
        size_t capacity = 0;
        is_made = make_message(exporter, request->batch, &job->arena, &add_part(job, &capacity)->message, &error);
    }
    if (is_made && job->public.count)
        sm_file_writer_post(exporter->writer, &job->public);
    else
        finish(worker, job, is_made ? NULL : &error);
}

static void file_free(struct sm_component *component)
{
    struct exporter *exporter = component->state;
    if (!exporter)
        return;
    sm_file_writer_stop(exporter->writer);
    free(exporter);
}

const struct sm_component_type sm_exporter_file = {
    .kind = SM_EXPORTER,
    .name = "file",
    .help = "Writes telemetry to files as OTLP/JSON lines or protobuf, with rotation.",
    .signals = SM_SIGNAL_ALL,
    .stability = {SM_STABILITY_ALPHA, SM_STABILITY_ALPHA, SM_STABILITY_ALPHA},
    .shared = true,
    .options = option_table,
    .options_size = sizeof(struct options),
    .validate = validate,
    .create = file_create,
    .start = file_start,
    .send = send,
    .export_options_offset = offsetof(struct options, export),
    .free = file_free,
};
