/* cli.c - finds the command, prints help and version. Words for what is wrong are those users of the reference know. */
#include "cli/cli.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "cli/flags.h"
#include "cli/terminal.h"
#include "config/diags.h"

enum { COMMANDS_MAX = 32 };

static int print_version(int argc, char **argv)
{
    (void)argc, (void)argv;
    puts("spanmill version " SPANMILL_VERSION);
    return 0;
}

static int print_help(int argc, char **argv);
static int help_with(int argc, char **argv);

const struct sm_cli_command sm_cli_commands[] = {
    {"run", "--config LOCATION…", "run the pipelines of a configuration until a signal ends it (also without the word run)", sm_cli_run_service,
     true},
    {"agent", "[--config datadog.yaml]", "run in the Datadog Agent's place, configured by DD_* and a datadog.yaml if one is named", sm_cli_agent,
     true},
    {"validate", "--config LOCATION…", "check a configuration as a start does, without starting anything", sm_cli_validate, true},
    {"top", "[--once] [--interval SECONDS]", "show requests, errors, durations and volumes of the running spanmill", sm_cli_top, true},
    {"print-config", "--config LOCATION…", "print the merged configuration, secrets masked", sm_cli_print_config, true},
    {"convert", "--from LANGUAGE --to LANGUAGE FILE",
     "write a configuration of Alloy or the Datadog Agent as one of the Collector, or that for Alloy", sm_cli_convert, true},
    {"fmt", "[--write|--test] FILE", "write an Alloy or River file in its one form to standard output, or in place", sm_cli_fmt, true},
    {"send", "[--endpoint ADDRESS] [--count N] [--rate N]", "send example traces over gRPC (host:port) or HTTP (http://host:port)", sm_cli_send,
     true},
    {"ottl", "[--context NAME] [--file FILE] [STATEMENT…]", "try statements of the transformation language and see what they change", sm_cli_ottl,
     true},
    {"components", "[NAME]", "list the components, or describe the options of one", sm_cli_components, false},
    {"featuregate", "", "list the feature gates", sm_cli_featuregate, false},
    {"schema", "", "print the JSON Schema of the configuration, for editors", sm_cli_schema, false},
    {"docs", "--output FOLDER", "write the reference pages of every component in Markdown", sm_cli_docs, false},
    {"completion", "bash|zsh|fish", "print the completion script of a shell", sm_cli_completion, false},
    {"version", "", "print the version", print_version, false},
    {"help", "[COMMAND]", "this text, or that of a command", help_with, true},
};
const size_t sm_cli_command_count = sizeof(sm_cli_commands) / sizeof(sm_cli_commands[0]);

static int print_help(int argc, char **argv)
{
    (void)argc, (void)argv;
    bool colour = sm_cli_wants_colour(stdout);
    const char *bold = colour ? "\x1b[1m" : "", *plain = colour ? "\x1b[0m" : "";
    printf("spanmill takes OpenTelemetry Collector configurations and runs them at a fraction of the cost.\n\n"
           "%sUsage:%s\n  spanmill [command] [flags]\n\n%sCommands:%s\n",
           bold, plain, bold, plain);
    for (size_t i = 0; i < sm_cli_command_count; i++)
        printf("  %-14s %s\n", sm_cli_commands[i].name, sm_cli_commands[i].help);
    struct sm_config_flags flags = {0};
    struct sm_flag rows[SM_CONFIG_FLAG_COUNT];
    sm_config_flags_rows(&flags, rows);
    printf("\n%sFlags:%s\n", bold, plain);
    sm_flags_print(rows, SM_CONFIG_FLAG_COUNT);
    printf("  -v, --version                    the version\n\n"
           "%sExamples:%s\n"
           "  spanmill --config collector.yaml                          run it; Ctrl-C drains and ends\n"
           "  spanmill validate --config collector.yaml                 every mistake with its line; exit status 1 if there is one\n"
           "  spanmill --config base.yaml --config site.yaml            the second laid over the first\n"
           "  spanmill --config base.yaml --set processors.batch.timeout=2s\n"
           "  spanmill components span_metrics                          what can be set, with defaults\n"
           "  spanmill schema > spanmill.schema.json                    completion and checks in your editor\n"
           "  kill -HUP $(pidof spanmill)                               read the configuration again; a bad one changes nothing\n",
           bold, plain);
    return 0;
}

/* For commands without flags; the others list theirs. */
static int print_usage(const struct sm_cli_command *command)
{
    printf("Usage:\n  spanmill %s %s\n\n%s\n", command->name, command->arguments, command->help);
    return 0;
}

static const struct sm_cli_command *find_command(const char *name)
{
    for (size_t i = 0; i < sm_cli_command_count; i++)
        if (strcmp(sm_cli_commands[i].name, name) == 0)
            return &sm_cli_commands[i];
    return NULL;
}

static int report_unknown_command(const char *name)
{
    const char *names[COMMANDS_MAX];
    size_t count = 0;
    for (; count < sm_cli_command_count && count < COMMANDS_MAX; count++)
        names[count] = sm_cli_commands[count].name;
    const char *near = sm_nearest_word(name, names, count);
    sm_cli_fail("unknown command \"%s\" for \"spanmill\"%s%s%s", name, near ? ", did you mean " : "", near ? near : "", near ? "?" : "");
    bool is_there = access(name, F_OK) == 0;
    if (!near && (is_there || strpbrk(name, "./")))
        fprintf(stderr, "To run a file: spanmill --config %s%s\n", name, is_there ? "" : " (there is no such file)");
    fputs("Run 'spanmill --help' for usage.\n", stderr);
    return 1;
}

static bool is_one_of(const char *text, const char *name, const char *letter)
{
    return strcmp(text, name) == 0 || strcmp(text, letter) == 0;
}

static int run_command_help(const struct sm_cli_command *command)
{
    char *argv[] = {(char *)(uintptr_t)command->name, "--help", NULL};
    return command->prints_help ? command->run(2, argv) : print_usage(command);
}

static int help_with(int argc, char **argv)
{
    const struct sm_cli_command *command = argc > 1 ? find_command(argv[1]) : NULL;
    if (argc < 2 || is_one_of(argv[1], "--help", "-h") || (command && command->run == help_with))
        return print_help(argc, argv);
    return command ? run_command_help(command) : report_unknown_command(argv[1]);
}

/* The command may stand behind the flags: "spanmill --config f validate". Index of its word, 0: there is none. */
static int find_command_word(int argc, char **argv)
{
    static const char *const with_value[] = {"--config", "--config.format", "--set", "--feature-gates", "--workers"};
    for (int i = 1; i < argc; i++) {
        if (argv[i][0] != '-')
            return i;
        for (size_t k = 0; k < sizeof(with_value) / sizeof(with_value[0]); k++)
            if (strcmp(argv[i], with_value[k]) == 0) {
                i++;
                break;
            }
    }
    return 0;
}

/* What a command printed is still in the buffer: a full disk shows only here. A service is not judged by it. */
static int run_command(const struct sm_cli_command *command, int argc, char **argv)
{
    int status = command->run(argc, argv);
    bool is_service = command->run == sm_cli_run_service || command->run == sm_cli_agent;
    if (status == 0 && !is_service && (fflush(stdout) != 0 || ferror(stdout)))
        return sm_cli_fail("cannot write to standard output");
    return status;
}

int sm_cli_main(int argc, char **argv)
{
    sm_memory_tune();
    if (argc > 1 && is_one_of(argv[1], "--version", "-v"))
        return print_version(argc, argv);
    if (argc > 1 && is_one_of(argv[1], "--help", "-h"))
        return print_help(argc, argv);
    int word = find_command_word(argc, argv);
    if (word == 0)
        return sm_cli_run_service(argc, argv);
    const struct sm_cli_command *command = find_command(argv[word]);
    if (!command && argv[word - 1][0] == '-')
        return sm_cli_run_service(argc, argv); /* "--confg FILE": the flag is what is unknown, and is told there */
    if (!command)
        return report_unknown_command(argv[word]);
    /* The word goes first, and the flags before it behind it. */
    char *name = argv[word];
    for (int i = word; i > 1; i--)
        argv[i] = argv[i - 1];
    argv[1] = name;
    if (!command->prints_help && argc > 2 && is_one_of(argv[2], "--help", "-h"))
        return print_usage(command);
    return run_command(command, argc - 1, argv + 1);
}
