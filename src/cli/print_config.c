/* print_config.c - spanmill print-config: what several files, --set and substitution make together. */
#include <string.h>

#include "base/bytes.h"
#include "cli/cli.h"
#include "cli/flags.h"
#include "cli/terminal.h"
#include "config/diags.h"
#include "config/load.h"
#include "config/write.h"
#include "pipeline/config.h"
#include "pipeline/config_mask.h"
#include "service/registry.h"

static int print(const struct sm_load_options *options, bool is_json, bool is_masked)
{
    struct sm_arena arena = SM_ARENA_INIT;
    struct sm_diags *diags = sm_diags_create();
    const struct sm_node *root = sm_load(options, &arena, diags);
    sm_diags_print(diags, stderr, sm_cli_wants_colour(stderr));
    if (root) {
        struct sm_bytes text = {0};
        const struct sm_node *shown = is_masked ? sm_config_mask(root, sm_component_types, sm_component_type_count, &arena) : root;
        if (is_json)
            sm_node_write_json(shown, &text);
        else
            sm_node_write_yaml(shown, &text);
        fwrite(text.ptr, 1, text.size, stdout);
        sm_bytes_deinit(&text);
    }
    sm_diags_free(diags);
    sm_arena_deinit(&arena);
    return root ? 0 : 1;
}

int sm_cli_print_config(int argc, char **argv)
{
    struct sm_config_flags flags = {0};
    const char *format = "yaml", *mode = "redacted";
    struct sm_flag rows[SM_CONFIG_FLAG_COUNT + 2];
    sm_config_flags_rows(&flags, rows);
    rows[SM_CONFIG_FLAG_COUNT] = (struct sm_flag){.name = "format", .value = "FORMAT", .text = &format, .help = "yaml (default) or json"};
    rows[SM_CONFIG_FLAG_COUNT + 1] =
        (struct sm_flag){.name = "mode", .value = "MODE", .text = &mode, .help = "redacted (default): secrets masked; unredacted: with every secret"};
    if (!sm_flags_read(rows, SM_CONFIG_FLAG_COUNT + 2, argc, argv, NULL))
        return 1;
    if (flags.wants_help) {
        puts("Prints the merged configuration with everything substituted.\n\nUsage:\n  spanmill print-config --config LOCATION…\n\nFlags:");
        sm_flags_print(rows, SM_CONFIG_FLAG_COUNT + 2);
        return 0;
    }
    bool is_json = strcmp(format, "json") == 0, is_masked = strcmp(mode, "redacted") == 0;
    if (!is_json && strcmp(format, "yaml") != 0)
        return sm_cli_fail("unrecognized print format: %s (there are yaml and json)", format);
    if (!is_masked && strcmp(mode, "unredacted") != 0)
        return sm_cli_fail("invalid mode \"%s\": modes are: redacted, unredacted", mode);
    struct sm_load_options options;
    if (!sm_config_flags_finish(&flags, &options))
        return 1;
    return print(&options, is_json, is_masked);
}
