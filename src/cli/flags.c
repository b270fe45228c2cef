/* flags.c - "--name value", "--name=value" and "-n value"; "--" ends the flags. */
#include "cli/flags.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "cli/front_ends.h"
#include "cli/terminal.h"
#include "config/diags.h"
#include "config/gates.h"
#include "config/load.h"

enum { NAME_MAX_BYTES = 64, FLAGS_MAX = 32, HELP_COLUMN = 34 };

static const struct sm_flag *find_flag(const struct sm_flag *flags, size_t count, const char *argument, size_t name_size)
{
    for (size_t i = 0; i < count; i++) {
        if (argument[1] == '-' ? strlen(flags[i].name) == name_size - 2 && strncmp(argument + 2, flags[i].name, name_size - 2) == 0
                               : name_size == 2 && argument[1] == flags[i].letter)
            return &flags[i];
    }
    return NULL;
}

static bool report_unknown(const struct sm_flag *flags, size_t count, const char *argument, size_t name_size)
{
    char name[NAME_MAX_BYTES];
    snprintf(name, sizeof(name), "%.*s", (int)name_size, argument);
    const char *names[FLAGS_MAX];
    size_t name_count = 0;
    for (; name_count < count && name_count < FLAGS_MAX; name_count++)
        names[name_count] = flags[name_count].name;
    const char *near = argument[1] == '-' && name_size > 2 ? sm_nearest_word(name + 2, names, name_count) : NULL;
    if (argument[1] != '-')
        sm_cli_fail("unknown shorthand flag: '%c' in %s", argument[1], argument);
    else if (near)
        sm_cli_fail("unknown flag: %s (did you mean --%s?)", name, near);
    else
        sm_cli_fail("unknown flag: %s", name);
    return false;
}

static bool store(const struct sm_flag *flag, const char *value)
{
    if (flag->is_set)
        *flag->is_set = true;
    if (flag->text)
        *flag->text = value;
    if (!flag->values)
        return true;
    if (flag->values->count == SM_FLAGS_VALUES_MAX) {
        sm_cli_fail("--%s is given more than %d times", flag->name, SM_FLAGS_VALUES_MAX);
        return false;
    }
    flag->values->items[flag->values->count++] = value;
    return true;
}

static bool take_rest(const struct sm_flag *flags, size_t count, struct sm_flag_values *rest, const char *argument)
{
    if (!rest || rest->count == SM_FLAGS_VALUES_MAX) {
        bool takes_files = find_flag(flags, count, "--config", strlen("--config")) != NULL;
        sm_cli_fail("unexpected argument \"%s\"%s%s%s", argument, takes_files ? " (a file is named with --config " : "", takes_files ? argument : "",
                    takes_files ? ")" : "");
        return false;
    }
    rest->items[rest->count++] = argument;
    return true;
}

bool sm_flags_read(const struct sm_flag *flags, size_t flag_count, int argc, char **argv, struct sm_flag_values *rest)
{
    bool is_over = false;
    for (int i = 1; i < argc; i++) {
        const char *argument = argv[i];
        if (!is_over && strcmp(argument, "--") == 0) {
            is_over = true;
            continue;
        }
        if (is_over || argument[0] != '-' || argument[1] == '\0') {
            if (!take_rest(flags, flag_count, rest, argument))
                return false;
            continue;
        }
        const char *equals = strchr(argument, '=');
        size_t name_size = equals ? (size_t)(equals - argument) : strlen(argument);
        const struct sm_flag *flag = find_flag(flags, flag_count, argument, name_size);
        if (!flag)
            return report_unknown(flags, flag_count, argument, name_size);
        const char *value = equals ? equals + 1 : NULL;
        if (flag->value && !value && i + 1 < argc)
            value = argv[++i];
        if (flag->value && !value) {
            sm_cli_fail("flag needs an argument: %s", argument);
            return false;
        }
        if (!store(flag, value))
            return false;
    }
    return true;
}

void sm_flags_print(const struct sm_flag *flags, size_t flag_count)
{
    for (size_t i = 0; i < flag_count; i++) {
        char left[NAME_MAX_BYTES];
        if (flags[i].letter)
            snprintf(left, sizeof(left), "  -%c, --%s %s", flags[i].letter, flags[i].name, flags[i].value ? flags[i].value : "");
        else
            snprintf(left, sizeof(left), "      --%s %s", flags[i].name, flags[i].value ? flags[i].value : "");
        printf("%-*s %s\n", HELP_COLUMN, left, flags[i].help);
    }
}

void sm_config_flags_rows(struct sm_config_flags *flags, struct sm_flag rows[SM_CONFIG_FLAG_COUNT])
{
    rows[0] = (struct sm_flag){.name = "config",
                               .value = "LOCATION",
                               .values = &flags->configs,
                               .help = "a file, file:PATH, yaml:TEXT or env:NAME; several are merged in order"};
    rows[1] = (struct sm_flag){.name = "set",
                               .value = "KEY=VALUE",
                               .values = &flags->sets,
                               .help = "one setting by its path, above every file: processors.batch.timeout=2s"};
    rows[2] = (struct sm_flag){
        .name = "feature-gates", .value = "LIST", .values = &flags->gates, .help = "feature gates to switch on, or off with -, between commas"};
    rows[3] = (struct sm_flag){
        .name = "config.format",
        .value = "FORMAT",
        .text = &flags->format,
        .help = "yaml, alloy, river or datadog-agent; told by each file's name when not given (.alloy, .river, datadog.yaml, others are YAML)"};
    rows[4] = (struct sm_flag){.name = "help", .letter = 'h', .is_set = &flags->wants_help, .help = "this text"};
}

bool sm_config_flags_finish(const struct sm_config_flags *flags, struct sm_load_options *options)
{
    for (size_t i = 0; i < flags->gates.count; i++) {
        struct sm_error error;
        if (!sm_gates_apply(flags->gates.items[i], &error)) {
            sm_cli_fail("invalid argument \"%s\" for \"--feature-gates\" flag: %s", flags->gates.items[i], error.text);
            return false;
        }
    }
    for (size_t i = 0; i < flags->sets.count; i++)
        if (!strchr(flags->sets.items[i], '=')) {
            sm_cli_fail("invalid argument \"%s\" for \"--set\" flag: missing equal sign", flags->sets.items[i]);
            return false;
        }
    if (flags->configs.count == 0) {
        sm_cli_fail("at least one config flag must be provided (try: spanmill --config FILE)");
        fputs("Run 'spanmill --help' for usage.\n", stderr);
        return false;
    }
    if (flags->format && !sm_cli_is_format(flags->format)) {
        sm_cli_fail("invalid argument \"%s\" for \"--config.format\" flag: there are yaml, alloy, river and datadog-agent", flags->format);
        return false;
    }
    *options = (struct sm_load_options){
        .front_end = &sm_cli_front_end,
        .format = flags->format,
        .uris = flags->configs.items,
        .uri_count = flags->configs.count,
        .sets = flags->sets.items,
        .set_count = flags->sets.count,
    };
    return true;
}
