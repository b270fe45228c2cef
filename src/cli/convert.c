/* convert.c - spanmill convert: a configuration in another language. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloy/from_collector.h"
#include "base/bytes.h"
#include "base/error.h"
#include "cli/alloy_config.h"
#include "cli/cli.h"
#include "cli/flags.h"
#include "cli/terminal.h"
#include "config/diags.h"
#include "config/load.h"
#include "config/write.h"
#include "pipeline/config.h"
#include "service/registry.h"

struct conversion {
    const char *from, *to, *output;
    struct sm_load_options options;
};

/* Alloy to the Collector: the tree that the front end makes. False after errors. */
static bool to_collector(const struct conversion *conversion, struct sm_diags *diags, struct sm_bytes *text)
{
    struct sm_config *config = sm_config_load(&conversion->options, sm_component_types, sm_component_type_count, diags);
    if (!config)
        return false;
    sm_config_free(config);
    struct sm_arena arena = SM_ARENA_INIT;
    struct sm_diags *repeated = sm_diags_create(); /* the warnings that checking has told already */
    const struct sm_node *root = sm_load(&conversion->options, &arena, repeated);
    if (root)
        sm_node_write_yaml(root, text);
    sm_diags_free(repeated);
    sm_arena_deinit(&arena);
    return root != NULL;
}

/* Alloy has rules that the Collector has not: what was written may break one of them. */
static bool is_taken(const struct sm_bytes *text)
{
    struct sm_diags *diags = sm_diags_create();
    bool is_taken = sm_cli_alloy_check(sm_bytes_slice(text), diags);
    if (!is_taken)
        sm_diags_print(diags, stderr, sm_cli_wants_colour(stderr));
    sm_diags_free(diags);
    return is_taken;
}

static bool to_alloy(const struct conversion *conversion, struct sm_diags *diags, struct sm_bytes *text)
{
    struct sm_config *config = sm_config_load(&conversion->options, sm_component_types, sm_component_type_count, diags);
    bool is_good = config && sm_alloy_from_collector(config, diags, text) == 0 && is_taken(text);
    sm_config_free(config);
    return is_good;
}

static int write_result(const struct conversion *conversion, const struct sm_bytes *text)
{
    FILE *out = conversion->output ? fopen(conversion->output, "we") : stdout;
    if (!out)
        return sm_cli_fail("cannot open %s for writing", conversion->output);
    bool is_good = fwrite(text->ptr, 1, text->size, out) == text->size;
    if (out != stdout)
        is_good &= fclose(out) == 0;
    return is_good ? 0 : sm_cli_fail("cannot write %s", conversion->output ? conversion->output : "to standard output");
}

/* What could be converted is written also when something could not; the exit status then is 1. */
static int convert(const struct conversion *conversion)
{
    struct sm_diags *diags = sm_diags_create();
    struct sm_bytes text = {0};
    bool is_good = strcmp(conversion->to, "alloy") == 0 ? to_alloy(conversion, diags, &text) : to_collector(conversion, diags, &text);
    sm_diags_print(diags, stderr, sm_cli_wants_colour(stderr));
    int status = text.size ? write_result(conversion, &text) : 0;
    sm_bytes_deinit(&text);
    sm_diags_free(diags);
    return is_good ? status : 1;
}

static bool is_language(const char *word)
{
    return strcmp(word, "alloy") == 0 || strcmp(word, "river") == 0 || strcmp(word, "datadog-agent") == 0 || strcmp(word, "collector") == 0;
}

static int check_languages(const struct conversion *conversion)
{
    if (!conversion->from || !conversion->to)
        return sm_cli_fail("write which way: --from alloy or datadog-agent --to collector, or --from collector --to alloy");
    if (!is_language(conversion->from) || !is_language(conversion->to) || strcmp(conversion->to, "river") == 0 ||
        strcmp(conversion->to, "datadog-agent") == 0)
        return sm_cli_fail("cannot convert from %s to %s: there are collector, alloy, and river and datadog-agent to convert from", conversion->from,
                           conversion->to);
    if ((strcmp(conversion->from, "collector") == 0) == (strcmp(conversion->to, "collector") == 0))
        return sm_cli_fail("nothing to convert from %s to %s", conversion->from, conversion->to);
    return 0;
}

int sm_cli_convert(int argc, char **argv)
{
    struct conversion conversion = {0};
    struct sm_config_flags flags = {0};
    struct sm_flag_values files = {0};
    bool wants_help = false;
    const struct sm_flag rows[] = {
        {.name = "from", .letter = 'f', .value = "LANGUAGE", .text = &conversion.from, .help = "collector, alloy, river or datadog-agent"},
        {.name = "to", .letter = 't', .value = "LANGUAGE", .text = &conversion.to, .help = "collector or alloy"},
        {.name = "output", .letter = 'o', .value = "FILE", .text = &conversion.output, .help = "write to a file instead of standard output"},
        {.name = "help", .letter = 'h', .is_set = &wants_help, .help = "this text"},
    };
    size_t count = sizeof(rows) / sizeof(rows[0]);
    if (!sm_flags_read(rows, count, argc, argv, &files))
        return 1;
    if (wants_help) {
        puts("Writes a configuration in another language. What sys.env, local.file and ${…} give is put in as it is now. What has no counterpart is\n"
             "named with its place, and the exit status is 1.\n\nUsage:\n  spanmill convert --from LANGUAGE --to LANGUAGE FILE\n\nFlags:");
        sm_flags_print(rows, count);
        puts("\nExamples:\n"
             "  spanmill convert --from alloy --to collector config.alloy > collector.yaml\n"
             "  spanmill convert --from datadog-agent --to collector datadog.yaml > collector.yaml     DD_* variables count too; the API key is in "
             "it\n"
             "  spanmill convert --from collector --to alloy collector.yaml > config.alloy");
        return 0;
    }
    int status = check_languages(&conversion);
    if (status)
        return status;
    if (files.count == 0)
        return sm_cli_fail("a file to convert is missing");
    flags.configs = files;
    flags.format = strcmp(conversion.from, "collector") == 0 ? "yaml" : conversion.from;
    return sm_config_flags_finish(&flags, &conversion.options) ? convert(&conversion) : 1;
}
