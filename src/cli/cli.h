/* cli.h - the command line: one table of commands, each in its own file.
 *
 * To add a command: declare its function here and add a line to the table in cli.c. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* argv[0] is the command's name. Returns the exit status. */
typedef int sm_cli_run(int argc, char **argv);

struct sm_cli_command {
    const char *name;
    const char *arguments; /* for the usage line: "[NAME]" */
    const char *help;      /* one line */
    sm_cli_run *run;
    bool prints_help; /* answers --help itself, with its flags */
};

extern const struct sm_cli_command sm_cli_commands[];
extern const size_t sm_cli_command_count;

/* The whole program. */
int sm_cli_main(int argc, char **argv);

sm_cli_run sm_cli_run_service, sm_cli_validate, sm_cli_components, sm_cli_featuregate, sm_cli_schema, sm_cli_print_config, sm_cli_docs,
    sm_cli_completion, sm_cli_send, sm_cli_top, sm_cli_ottl, sm_cli_fmt, sm_cli_convert, sm_cli_agent;
