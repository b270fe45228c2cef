/* docs.c - spanmill docs: the reference pages, one for each component and one for `service`, made from the tables they are decoded by. */
#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>

#include "base/bytes.h"
#include "base/error.h"
#include "cli/cli.h"
#include "cli/flags.h"
#include "cli/terminal.h"
#include "config/option_describe.h"
#include "pipeline/config.h"
#include "pipeline/own_metrics.h"
#include "service/registry.h"

enum { PATH_BYTES_MAX = 512 };

static const char *const stability_names[] = {
    [SM_STABILITY_UNDEFINED] = "-", [SM_STABILITY_DEVELOPMENT] = "development", [SM_STABILITY_ALPHA] = "alpha",
    [SM_STABILITY_BETA] = "beta",   [SM_STABILITY_STABLE] = "stable",           [SM_STABILITY_DEPRECATED] = "deprecated",
};

/* Bars would end a cell. */
static void write_cell(struct sm_bytes *page, struct sm_slice text)
{
    for (size_t i = 0; i < text.size; i++)
        sm_bytes_printf(page, text.ptr[i] == '|' ? "\\%c" : "%c", text.ptr[i]);
}

static void write_row(void *context, const struct sm_option *option, const char *path, unsigned depth)
{
    (void)depth;
    struct sm_bytes *page = context, type = {0}, preset = {0}, range = {0};
    if (option->kind == SM_OPTION_KIND_REFUSED)
        return;
    sm_option_write_type(option, &type);
    sm_option_write_default(option, &preset);
    sm_option_write_range(option, &range);
    if (range.size)
        sm_bytes_printf(&type, "; %s", sm_bytes_cstr(&range));
    sm_bytes_printf(page, "| `%s` | ", path);
    write_cell(page, sm_bytes_slice(&type));
    sm_bytes_append_text(page, " | ");
    if (preset.size) {
        sm_bytes_append_char(page, '`');
        write_cell(page, sm_bytes_slice(&preset));
        sm_bytes_append_char(page, '`');
    }
    sm_bytes_append_text(page, " | ");
    write_cell(page, sm_slice_of(option->help));
    if (option->required)
        sm_bytes_append_text(page, " Required.");
    if (option->deprecated)
        sm_bytes_printf(page, " Deprecated: %s.", option->deprecated);
    if (option->ours)
        sm_bytes_append_text(page, " Only in spanmill.");
    sm_bytes_append_text(page, " |\n");
    sm_bytes_deinit(&type);
    sm_bytes_deinit(&preset);
    sm_bytes_deinit(&range);
}

struct refused_list {
    struct sm_bytes *page;
    size_t count;
};

static void write_refused(void *context, const struct sm_option *option, const char *path, unsigned depth)
{
    (void)depth;
    struct refused_list *list = context;
    if (option->kind != SM_OPTION_KIND_REFUSED)
        return;
    if (list->count++ == 0)
        sm_bytes_append_text(list->page, "\n## Not supported\n\nThe reference has these options; naming one here is an error.\n\n");
    sm_bytes_printf(list->page, "- `%s`%s%s\n", path, option->help ? ": " : "", option->help ? option->help : "");
}

static void write_options(struct sm_bytes *page, const struct sm_option *table)
{
    sm_bytes_append_text(page, "\n## Options\n\n");
    if (!table || table->kind == SM_OPTION_KIND_END) {
        sm_bytes_append_text(page, "None.\n");
        return;
    }
    sm_bytes_append_text(page, "| option | type | default | meaning |\n|---|---|---|---|\n");
    sm_options_walk(table, write_row, page);
    struct refused_list refused = {.page = page};
    sm_options_walk(table, write_refused, &refused);
}

static void write_stability(struct sm_bytes *page, const struct sm_component_type *type)
{
    if (type->kind == SM_EXTENSION) {
        sm_bytes_printf(page, "Stability: %s.\n", stability_names[type->stability[0]]);
        return;
    }
    sm_bytes_append_text(page, "| signal | stability |\n|---|---|\n");
    for (enum sm_signal from = 0; from < SM_SIGNAL_COUNT; from++) {
        if (type->kind != SM_CONNECTOR && (type->signals & (1u << from)))
            sm_bytes_printf(page, "| %s | %s |\n", sm_signal_name(from), stability_names[type->stability[from]]);
        for (enum sm_signal to = 0; type->kind == SM_CONNECTOR && to < SM_SIGNAL_COUNT; to++)
            if (type->gives[from] & (1u << to))
                sm_bytes_printf(page, "| %s to %s | %s |\n", sm_signal_name(from), sm_signal_name(to), stability_names[type->stability[from]]);
    }
}

static void write_component(struct sm_bytes *page, const struct sm_component_type *type)
{
    sm_bytes_printf(page, "<!-- Written by `spanmill docs`. -->\n# `%s` %s\n\n", type->name, sm_config_kind_name(type->kind));
    if (type->help)
        sm_bytes_printf(page, "%s\n\n", type->help);
    for (const char *const *old = type->old_names; old && *old; old++)
        sm_bytes_printf(page, "Its deprecated name `%s` is still taken, with a warning.\n\n", *old);
    write_stability(page, type);
    write_options(page, type->options);
}

/* Writes the page to FOLDER/NAME; the folder must be there. */
static bool save(struct sm_bytes *page, const char *format, ...) __attribute__((format(printf, 2, 3)));
static bool save(struct sm_bytes *page, const char *format, ...)
{
    char path[PATH_BYTES_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(path, sizeof(path), format, args);
    va_end(args);
    FILE *file = fopen(path, "w");
    bool is_good = file && fwrite(page->ptr, 1, page->size, file) == page->size;
    is_good &= file && fclose(file) == 0;
    char why[SM_ERRNO_WORDS_SIZE];
    if (!is_good)
        sm_cli_fail("write %s: %s", path, sm_errno_words(errno, why));
    page->size = 0;
    return is_good;
}

static bool make_folder(const char *folder, const char *below)
{
    char path[PATH_BYTES_MAX];
    snprintf(path, sizeof(path), "%s%s%s", folder, *below ? "/" : "", below);
    if (mkdir(path, 0777) == 0 || errno == EEXIST)
        return true;
    char why[SM_ERRNO_WORDS_SIZE];
    sm_cli_fail("make folder %s: %s", path, sm_errno_words(errno, why));
    return false;
}

static bool write_all(const char *folder)
{
    struct sm_bytes page = {0}, index = {0};
    bool is_good = make_folder(folder, "");
    sm_bytes_append_text(&index, "<!-- Written by `spanmill docs`. -->\n# Reference\n\n- [service](service.md)\n");
    for (enum sm_component_kind kind = 0; is_good && kind < SM_COMPONENT_KIND_COUNT; kind++) {
        const char *section = sm_config_section_name(kind);
        is_good = make_folder(folder, section);
        sm_bytes_printf(&index, "\n## %s\n\n", section);
        for (size_t i = 0; is_good && i < sm_component_type_count; i++) {
            const struct sm_component_type *type = sm_component_types[i];
            if (type->kind != kind)
                continue;
            sm_bytes_printf(&index, "- [`%s`](%s/%s.md)%s%s\n", type->name, section, type->name, type->help ? ": " : "",
                            type->help ? type->help : "");
            write_component(&page, type);
            is_good = save(&page, "%s/%s/%s.md", folder, section, type->name);
        }
    }
    sm_bytes_append_text(&page, "<!-- Written by `spanmill docs`. -->\n# `service`\n\nWhich components run, how they are connected, and what the "
                                "program tells about itself.\n");
    write_options(&page, sm_config_service_option_table);
    is_good = is_good && save(&page, "%s/service.md", folder) && save(&index, "%s/README.md", folder);
    sm_bytes_deinit(&page);
    sm_bytes_deinit(&index);
    return is_good;
}

int sm_cli_docs(int argc, char **argv)
{
    const char *folder = NULL;
    const struct sm_flag rows[] = {{.name = "output", .value = "FOLDER", .text = &folder, .help = "where the pages go"}};
    if (!sm_flags_read(rows, 1, argc, argv, NULL))
        return 1;
    if (!folder)
        return sm_cli_fail("--output FOLDER must be given");
    return write_all(folder) ? 0 : 1;
}
