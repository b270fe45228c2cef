/* agent.c - spanmill agent: runs as the Datadog Agent does, from DD_* alone or from a datadog.yaml. */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "cli/cli.h"

/* `run` with the format, and without a file when none is named: --config=file: is the environment alone. */
int sm_cli_agent(int argc, char **argv)
{
    static char agent[] = "agent", format[] = "--config.format=datadog-agent", nothing[] = "--config=file:";
    char **arguments = sm_alloc((size_t)argc + 3, sizeof(*arguments));
    int count = 0;
    bool has_file = false;
    arguments[count++] = agent;
    arguments[count++] = format;
    for (int i = 1; i < argc; i++) {
        has_file |= strcmp(argv[i], "--config") == 0 || strncmp(argv[i], "--config=", 9) == 0;
        arguments[count++] = argv[i];
    }
    if (!has_file)
        arguments[count++] = nothing;
    int status = sm_cli_run_service(count, arguments);
    free(arguments);
    return status;
}
