/* file_storage.c - the extension `file_storage`: keys and values of components in files of a directory.
 *
 * Every client (component and name) has a store of its own, see store.c; the names of the files are the reference's with ".lmdb" behind, so that both
 * can use one directory (their formats differ: neither reads the other's). State: options only. Source: opentelemetry-collector-contrib
 * extension/storage/filestorage. */
#include "base/hash.h"
#include "base/ascii.h"
#include "base/memory.h"
#include "pipeline/file_store.h"
#include "pipeline/component.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct compaction {
    bool on_start, on_rebound, cleanup_on_start;
    const char *directory;
    int64_t rebound_needed_threshold_mib, rebound_trigger_threshold_mib, max_transaction_size;
    uint64_t check_interval_ns;
};

struct options {
    const char *directory, *directory_permissions;
    uint64_t timeout_ns;
    struct compaction compaction;
    bool fsync, create_directory, recreate;
};

#define DEFAULT_DIRECTORY "/var/lib/otelcol/file_storage"

static const struct sm_option compaction_table[] = {
    SM_OPTION_BOOL(struct compaction, on_start, .help = "Taken for compatibility: free pages are used again without compaction."),
    SM_OPTION_BOOL(struct compaction, on_rebound, .help = "Taken for compatibility: free pages are used again without compaction."),
    SM_OPTION_STRING(struct compaction, directory, .preset.string = DEFAULT_DIRECTORY, .help = "Taken for compatibility."),
    SM_OPTION_INT(struct compaction, rebound_needed_threshold_mib, .preset.integer = 100, .unit = "MiB", .help = "Taken for compatibility."),
    SM_OPTION_INT(struct compaction, rebound_trigger_threshold_mib, .preset.integer = 10, .unit = "MiB", .help = "Taken for compatibility."),
    SM_OPTION_INT(struct compaction, max_transaction_size, .preset.integer = 65536, .help = "Taken for compatibility."),
    SM_OPTION_DURATION(struct compaction, check_interval_ns, .key = "check_interval", .preset.integer = 5 * SM_S, .help = "Taken for compatibility."),
    SM_OPTION_BOOL(struct compaction, cleanup_on_start, .help = "Taken for compatibility."),
    SM_OPTION_END,
};

static const struct sm_option option_table[] = {
    SM_OPTION_STRING(struct options, directory, .preset.string = DEFAULT_DIRECTORY, .help = "Where the files are."),
    SM_OPTION_DURATION(struct options, timeout_ns, .key = "timeout", .preset.integer = SM_S,
                       .help = "Taken for compatibility: a locked file is an error at once."),
    SM_OPTION_TABLE(struct options, compaction, compaction_table, .help = "Taken for compatibility: free pages are used again without compaction."),
    SM_OPTION_BOOL(struct options, fsync, .help = "Wait for the disk after every write: survives a power loss, not only a killed process."),
    SM_OPTION_BOOL(struct options, create_directory, .help = "Make the directory when it is missing."),
    SM_OPTION_STRING(struct options, directory_permissions, .preset.string = "0750", .help = "Permissions of a directory that is made, in octal."),
    SM_OPTION_BOOL(struct options, recreate, .help = "Set a corrupt file aside and begin with an empty one (always done here)."),
    SM_OPTION_END,
};

static bool parse_permissions(const char *text, mode_t *mode)
{
    char *end;
    unsigned long value = strtoul(text, &end, 8);
    if (!*text || *end || value > 0777)
        return false;
    *mode = (mode_t)value;
    return true;
}

static void check_directory(struct sm_validation *validation, const char *key, const char *directory, bool is_made)
{
    struct stat info;
    if (stat(directory, &info) == 0) {
        if (!S_ISDIR(info.st_mode))
            sm_validation_error(validation, key, "%s is not a directory", directory);
    } else if (errno != ENOENT) {
        sm_validation_error(validation, key, "problem accessing configured directory: %s, err: %s", directory, strerror(errno));
    } else if (!is_made) {
        sm_validation_error(
            validation, key,
            "directory must exist: stat %s: no such file or directory. You can enable the create_directory option to automatically create it",
            directory);
    }
}

static void validate(const void *raw_options, struct sm_validation *validation)
{
    const struct options *options = raw_options;
    mode_t mode;
    check_directory(validation, "directory", options->directory, options->create_directory);
    if (options->compaction.on_start || options->compaction.on_rebound)
        check_directory(validation, "compaction", options->compaction.directory, options->create_directory);
    if (options->compaction.max_transaction_size < 0)
        sm_validation_error(validation, "compaction", "max transaction size for compaction cannot be less than 0");
    if (options->compaction.on_rebound && options->compaction.check_interval_ns == 0)
        sm_validation_error(validation, "compaction", "compaction check interval must be positive when rebound compaction is set");
    if (options->create_directory && !parse_permissions(options->directory_permissions, &mode))
        sm_validation_error(validation, "directory_permissions", "directory_permissions value must be a valid octal representation");
}

/* That it is there is a rule of the reference's (validate), that it can be written to is not. */
static bool create(struct sm_component *extension, struct sm_error *error)
{
    const struct options *options = extension->options;
    if (access(options->directory, F_OK) != 0 || access(options->directory, W_OK | X_OK) == 0)
        return true;
    int why = errno;
    sm_error_set_errno(error, why, "extension file_storage: directory %s", options->directory);
    sm_error_advise_file(error, why, options->directory, true);
    sm_error_blame(error, &options->directory);
    return sm_error_of_start(error);
}

static bool start(struct sm_component *extension, struct sm_error *error)
{
    const struct options *options = extension->options;
    mode_t mode = 0750;
    if (!options->create_directory)
        return true;
    (void)parse_permissions(options->directory_permissions, &mode);
    if (sm_file_store_make_folder(options->directory, mode, error))
        return true;
    sm_error_wrap(error, "extension file_storage");
    return sm_error_blame(error, &options->directory);
}

/* ---- clients */

static bool is_plain(char c)
{
    return sm_ascii_is_alnum(c) || c == '.' || c == '-' || c == '_';
}

/* "exporter_otlp_http_eu_traces.lmdb": type, name and what the client is called, other characters as ~ and their code. */
static void write_file_name(const struct sm_component *user, const char *name, struct sm_bytes *out)
{
    static const char *const kinds[SM_COMPONENT_KIND_COUNT] = {[SM_RECEIVER] = "receiver",
                                                               [SM_PROCESSOR] = "processor",
                                                               [SM_EXPORTER] = "exporter",
                                                               [SM_CONNECTOR] = "connector",
                                                               [SM_EXTENSION] = "extension"};
    const char *slash = strchr(user->id, '/');
    struct sm_bytes raw = {0};
    sm_bytes_printf(&raw, "%s_%s_%s", kinds[user->type->kind], user->type->name, slash ? slash + 1 : "");
    if (*name)
        sm_bytes_printf(&raw, "_%s", name);
    for (size_t i = 0; i < raw.size; i++) {
        if (is_plain(raw.ptr[i]))
            sm_bytes_append_char(out, raw.ptr[i]);
        else
            sm_bytes_printf(out, "~%04X", (unsigned char)raw.ptr[i]);
    }
    enum { NAME_LIMIT_BYTES = 200 };
    if (out->size > NAME_LIMIT_BYTES) {
        uint64_t hash = sm_hash_xxh3(sm_bytes_slice(out));
        out->size = NAME_LIMIT_BYTES;
        sm_bytes_printf(out, "~%016" PRIx64, hash);
    }
    sm_bytes_append_text(out, ".lmdb");
    sm_bytes_deinit(&raw);
}

static struct sm_storage_client *open_client(struct sm_component *extension, struct sm_component *user, const char *name, struct sm_error *error)
{
    const struct options *options = extension->options;
    struct sm_bytes file_name = {0}, path = {0};
    write_file_name(user, name, &file_name);
    sm_bytes_printf(&path, "%s/%s", options->directory, sm_bytes_cstr(&file_name));
    struct sm_storage_client *client = sm_file_store_open(sm_bytes_cstr(&path), options->fsync, &extension->logger, error);
    if (!client)
        sm_error_wrap(error, "extension %s", extension->id);
    sm_bytes_deinit(&file_name);
    sm_bytes_deinit(&path);
    return client;
}

static const struct sm_storage_type storage = {
    .interface = SM_STORAGE_INTERFACE, .open = open_client, /* the clients' own type does the rest */
};

const struct sm_component_type sm_extension_file_storage = {
    .kind = SM_EXTENSION,
    .name = "file_storage",
    .help = "Keeps what components store in files of a directory.",
    .stability = {SM_STABILITY_BETA},
    .options = option_table,
    .options_size = sizeof(struct options),
    .validate = validate,
    .create = create,
    .start = start,
    .interface = &storage,
};
