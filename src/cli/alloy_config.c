/* alloy_config.c - see alloy_config.h. A folder stands for all its *.alloy and *.river files, which are then one configuration, as in Alloy. */
#include "cli/alloy_config.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "alloy/front_end.h"
#include "base/error.h"
#include "config/diags.h"
#include "config/provider.h"
#include "pipeline/config.h"
#include "service/registry.h"

enum { FILES_MAX = 1000 };

struct file_list {
    const char *paths[FILES_MAX];
    size_t count;
};

static const struct sm_component_type *find_type(enum sm_component_kind kind, struct sm_slice name)
{
    return sm_registry_find(kind, name, NULL);
}

static int order_paths(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* False: the path is no folder. `flavour` is only written. */
static bool list_folder(const char *path, struct sm_arena *arena, struct file_list *files, enum sm_alloy_flavour *flavour)
{
    DIR *folder = opendir(path);
    if (!folder)
        return false;
    for (const struct dirent *entry; files->count < FILES_MAX && (entry = readdir(folder)) != NULL;)
        if (sm_alloy_is_file_name(sm_slice_of(entry->d_name), flavour))
            files->paths[files->count++] = sm_arena_printf(arena, "%s/%s", path, entry->d_name);
    closedir(folder);
    qsort(files->paths, files->count, sizeof(files->paths[0]), order_paths);
    return true;
}

static struct sm_source *read_source(const char *path, bool is_sealed, struct sm_arena *arena, struct sm_diags *diags)
{
    struct sm_provided provided;
    struct sm_error error;
    const char *uri = sm_arena_printf(arena, "file:%s", path);
    if (!sm_provider_fetch(sm_slice_of(uri), is_sealed, arena, &provided, &error)) {
        sm_diags_add(diags, SM_DIAG_ERROR, (struct sm_position){0}, NULL, NULL, "cannot retrieve the configuration: %s", error.text);
        return NULL;
    }
    provided.source->language = SM_SOURCE_ALLOY;
    return provided.source;
}

static bool is_alloy(const char *path, const char *format, enum sm_alloy_flavour *flavour)
{
    if (!format)
        return sm_alloy_is_file_name(sm_slice_of(path), flavour);
    *flavour = strcmp(format, "river") == 0 ? SM_ALLOY_RIVER : SM_ALLOY_TODAY;
    return strcmp(format, "yaml") != 0;
}

static bool load(const char *path, const char *format, bool is_sealed, struct sm_arena *arena, struct sm_diags *diags, const struct sm_node **root)
{
    struct sm_alloy_options options = {.find_type = find_type, .is_sealed = is_sealed};
    struct file_list *files = sm_arena_zalloc(arena, 1, sizeof(*files));
    bool is_named = is_alloy(path, format, &options.flavour);
    enum sm_alloy_flavour folder_flavour;
    if (is_sealed || !list_folder(path, arena, files, &folder_flavour)) {
        if (!is_named)
            return false;
        files->paths[files->count++] = path;
    } else if (files->count == 0) {
        sm_diags_add(diags, SM_DIAG_ERROR, (struct sm_position){0}, NULL, NULL,
                     "cannot retrieve the configuration: read %s: is a directory without *.alloy or *.river files; name a file", path);
        *root = NULL;
        return true;
    } else if (!format) {
        (void)sm_alloy_is_file_name(sm_slice_of(files->paths[0]), &options.flavour);
    }
    const struct sm_source **sources = sm_arena_zalloc(arena, files->count, sizeof(struct sm_source *));
    bool is_good = true;
    for (size_t i = 0; i < files->count; i++) {
        sources[i] = read_source(files->paths[i], is_sealed, arena, diags);
        is_good &= sources[i] != NULL;
    }
    *root = is_good ? sm_alloy_load(sources, files->count, &options, arena, diags) : NULL;
    return true;
}

const struct sm_load_front_end sm_cli_alloy_front_end = {.load = load};

bool sm_cli_alloy_check(struct sm_slice text, struct sm_diags *diags)
{
    const struct sm_source source = {.name = "converted", .text = text, .is_quotable = true, .language = SM_SOURCE_ALLOY};
    const struct sm_source *sources[] = {&source};
    const struct sm_alloy_options options = {.flavour = SM_ALLOY_TODAY, .find_type = find_type};
    struct sm_config config = {0};
    const struct sm_node *root = sm_alloy_load(sources, 1, &options, &config.arena, diags);
    bool is_good = root && sm_config_decode(&config, root, sm_component_types, sm_component_type_count, diags);
    sm_arena_deinit(&config.arena);
    return is_good;
}
