/* components.c - spanmill components: the list in the reference's form, or the options of one component as a table to read. */
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "cli/cli.h"
#include "cli/flags.h"
#include "cli/terminal.h"
#include "config/diags.h"
#include "config/option_describe.h"
#include "pipeline/config.h"
#include "service/registry.h"

enum { TYPES_MAX = 256, PATH_COLUMN = 44 };

static const char *const stability_names[] = {
    [SM_STABILITY_UNDEFINED] = "Undefined", [SM_STABILITY_DEVELOPMENT] = "Development", [SM_STABILITY_ALPHA] = "Alpha",
    [SM_STABILITY_BETA] = "Beta",           [SM_STABILITY_STABLE] = "Stable",           [SM_STABILITY_DEPRECATED] = "Deprecated",
};

/* By name, as the reference lists them. */
static int compare_types(const void *left, const void *right)
{
    const struct sm_component_type *const *a = left, *const *b = right;
    return strcmp((*a)->name, (*b)->name);
}

static size_t list_types(enum sm_component_kind kind, const struct sm_component_type *types[TYPES_MAX])
{
    size_t count = 0;
    for (size_t i = 0; i < sm_component_type_count && count < TYPES_MAX; i++)
        if (sm_component_types[i]->kind == kind)
            types[count++] = sm_component_types[i];
    qsort(types, count, sizeof(*types), compare_types);
    return count;
}

/* Signals in the order of their names. */
static const enum sm_signal by_name[] = {SM_LOGS, SM_METRICS, SM_TRACES};

static void print_connector_stability(const struct sm_component_type *type, bool with_undefined)
{
    for (size_t f = 0; f < SM_SIGNAL_COUNT; f++)
        for (size_t t = 0; t < SM_SIGNAL_COUNT; t++) {
            enum sm_signal from = by_name[f], to = by_name[t];
            bool joins = type->gives[from] & (1u << to);
            if (!joins && !with_undefined)
                continue;
            printf("        %s-to-%s: %s\n", sm_signal_name(from), sm_signal_name(to),
                   stability_names[joins ? type->stability[from] : SM_STABILITY_UNDEFINED]);
        }
}

/* The list names what is undefined too, as the reference does. */
static void print_stability(const struct sm_component_type *type, bool with_undefined)
{
    puts("      stability:");
    if (type->kind == SM_EXTENSION) {
        printf("        extension: %s\n", stability_names[type->stability[0]]);
        return;
    }
    if (type->kind == SM_CONNECTOR) {
        print_connector_stability(type, with_undefined);
        return;
    }
    for (size_t i = 0; i < SM_SIGNAL_COUNT; i++) {
        bool is_taken = type->signals & (1u << by_name[i]);
        if (is_taken || with_undefined)
            printf("        %s: %s\n", sm_signal_name(by_name[i]), stability_names[is_taken ? type->stability[by_name[i]] : SM_STABILITY_UNDEFINED]);
    }
}

static int print_list(void)
{
    printf("buildinfo:\n    command: spanmill\n    description: Telemetry collector\n    version: %s\n", SPANMILL_VERSION);
    static const enum sm_component_kind order[] = {SM_RECEIVER, SM_PROCESSOR, SM_EXPORTER, SM_CONNECTOR, SM_EXTENSION};
    for (size_t k = 0; k < sizeof(order) / sizeof(order[0]); k++) {
        const struct sm_component_type *types[TYPES_MAX];
        size_t count = list_types(order[k], types);
        printf("%s:%s\n", sm_config_section_name(order[k]), count ? "" : " []");
        for (size_t i = 0; i < count; i++) {
            printf("    - name: %s\n", types[i]->name);
            for (const char *const *old = types[i]->old_names; old && *old; old++)
                printf("%s%s%s", old == types[i]->old_names ? "      deprecated_names: [" : ", ", *old, old[1] ? "" : "]\n");
            print_stability(types[i], true);
        }
    }
    puts("providers:\n    - scheme: env\n    - scheme: file\n    - scheme: yaml");
    return 0;
}

/* ---- one component */

static void print_row(void *context, const struct sm_option *option, const char *path, unsigned depth)
{
    (void)depth;
    bool *colour = context;
    if (option->kind == SM_OPTION_KIND_REFUSED)
        return;
    struct sm_bytes text = {0};
    sm_option_write_type(option, &text);
    size_t before = text.size;
    sm_bytes_append_text(&text, ", default ");
    size_t with_word = text.size;
    sm_option_write_default(option, &text);
    if (text.size == with_word)
        text.size = before;
    before = text.size;
    sm_bytes_append_text(&text, ", ");
    sm_option_write_range(option, &text);
    if (text.size == before + 2)
        text.size = before;
    if (option->required)
        sm_bytes_append_text(&text, ", required");
    printf("  %s%-*s%s %s\n", *colour ? "\x1b[1m" : "", PATH_COLUMN, path, *colour ? "\x1b[0m" : "", sm_bytes_cstr(&text));
    if (option->help)
        printf("  %-*s %s\n", PATH_COLUMN, "", option->help);
    if (option->deprecated)
        printf("  %-*s deprecated: %s\n", PATH_COLUMN, "", option->deprecated);
    sm_bytes_deinit(&text);
}

static void print_refused(void *context, const struct sm_option *option, const char *path, unsigned depth)
{
    (void)depth;
    size_t *count = context;
    if (option->kind != SM_OPTION_KIND_REFUSED)
        return;
    if ((*count)++ == 0)
        puts("\nOptions of the reference that are refused:");
    printf("  %-*s %s\n", PATH_COLUMN, path, option->help ? option->help : "");
}

static void print_type(const struct sm_component_type *type)
{
    bool colour = sm_cli_wants_colour(stdout);
    printf("%s%s %s%s\n", colour ? "\x1b[1m" : "", sm_config_kind_name(type->kind), type->name, colour ? "\x1b[0m" : "");
    if (type->help)
        printf("  %s\n", type->help);
    for (const char *const *old = type->old_names; old && *old; old++)
        printf("  Also taken under its deprecated name %s.\n", *old);
    print_stability(type, false);
    if (!type->options || type->options->kind == SM_OPTION_KIND_END) {
        puts("\nIt has no options.\n");
        return;
    }
    puts("\nOptions:");
    sm_options_walk(type->options, print_row, &colour);
    size_t refused = 0;
    sm_options_walk(type->options, print_refused, &refused);
    putchar('\n');
}

static bool is_named(const struct sm_component_type *type, const char *name)
{
    if (strcmp(type->name, name) == 0)
        return true;
    for (const char *const *old = type->old_names; old && *old; old++)
        if (strcmp(*old, name) == 0)
            return true;
    return false;
}

/* NAME, or KIND/NAME where one name stands for several components. */
static int print_named(const char *argument)
{
    const char *slash = strchr(argument, '/'), *name = slash ? slash + 1 : argument;
    const char *names[TYPES_MAX];
    size_t found = 0, name_count = 0;
    for (size_t i = 0; i < sm_component_type_count && name_count < TYPES_MAX; i++) {
        const struct sm_component_type *type = sm_component_types[i];
        names[name_count++] = type->name;
        const char *kind = sm_config_kind_name(type->kind);
        bool is_kind = !slash || (strncmp(argument, kind, strlen(kind)) == 0);
        if (!is_kind || !is_named(type, name))
            continue;
        print_type(type);
        found++;
    }
    if (found)
        return 0;
    const char *near = sm_nearest_word(name, names, name_count);
    return sm_cli_fail("there is no component \"%s\"%s%s%s (see 'spanmill components')", argument, near ? ", did you mean " : "", near ? near : "",
                       near ? "?" : "");
}

int sm_cli_components(int argc, char **argv)
{
    struct sm_flag_values names = {0};
    bool wants_help = false;
    const struct sm_flag rows[] = {{.name = "help", .letter = 'h', .is_set = &wants_help, .help = "this text"}};
    if (!sm_flags_read(rows, 1, argc, argv, &names))
        return 1;
    if (wants_help) {
        puts("Lists the components with their stability, or describes the options of those named.\n\nUsage:\n  spanmill components [NAME | "
             "KIND/NAME]…");
        return 0;
    }
    int status = names.count ? 0 : print_list();
    for (size_t i = 0; i < names.count; i++)
        status |= print_named(names.items[i]);
    return status;
}
