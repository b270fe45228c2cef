/* run.c - spanmill run and spanmill validate. */
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/flags.h"
#include "cli/terminal.h"
#include "cli/welcome.h"
#include "config/diags.h"
#include "config/load.h"
#include "pipeline/config.h"
#include "pipeline/worker.h"
#include "service/registry.h"
#include "service/service.h"

struct loading {
    struct sm_load_options options;
    bool is_welcome_due; /* the first configuration is described on the terminal */
};

static struct sm_config *load(void *context, struct sm_diags *diags)
{
    struct loading *loading = context;
    struct sm_config *config = sm_config_load(&loading->options, sm_component_types, sm_component_type_count, diags);
    if (config && loading->is_welcome_due)
        sm_welcome_print(config);
    loading->is_welcome_due = false;
    return config;
}

static int print_command_help(const struct sm_flag *rows, size_t count, const char *usage, const char *text)
{
    printf("%s\n\nUsage:\n  spanmill %s\n\nFlags:\n", text, usage);
    sm_flags_print(rows, count);
    return 0;
}

static bool read_worker_count(const char *text, unsigned *count)
{
    char *end;
    long number = strtol(text, &end, 10);
    if (end == text || *end || number < 1 || number > SM_WORKER_COUNT_MAX)
        return false;
    *count = (unsigned)number;
    return true;
}

int sm_cli_run_service(int argc, char **argv)
{
    struct sm_config_flags flags = {0};
    struct loading loading = {0};
    const char *workers = NULL;
    enum { FLAG_COUNT = SM_CONFIG_FLAG_COUNT + 2 };
    struct sm_flag rows[FLAG_COUNT];
    sm_config_flags_rows(&flags, rows);
    rows[SM_CONFIG_FLAG_COUNT] =
        (struct sm_flag){.name = "welcome", .is_set = &loading.is_welcome_due, .help = "say what listens where, and what to do next"};
    rows[SM_CONFIG_FLAG_COUNT + 1] =
        (struct sm_flag){.name = "workers", .value = "N", .text = &workers, .help = "worker threads; one for each CPU it may use when not given"};
    if (!sm_flags_read(rows, FLAG_COUNT, argc, argv, NULL))
        return 1;
    if (flags.wants_help && strcmp(argv[0], "agent") == 0)
        return print_command_help(
            rows, FLAG_COUNT, "agent [--config datadog.yaml]",
            "Runs in the Datadog Agent's place until SIGTERM or SIGINT; SIGHUP reads the file again. Variables (DD_API_KEY, DD_SITE,\n"
            "DD_APM_…, DD_OTLP_CONFIG_…) outrank the file. No file is read unless one is named.");
    if (flags.wants_help)
        return print_command_help(rows, FLAG_COUNT, "run --config LOCATION…",
                                  "Runs the pipelines of a configuration until SIGTERM or SIGINT; SIGHUP reads it again.");
    if (!sm_config_flags_finish(&flags, &loading.options))
        return 1;
    unsigned worker_count = 0;
    if (workers && !read_worker_count(workers, &worker_count))
        return sm_cli_fail("--workers %s: expected a number from 1 to %d", workers, SM_WORKER_COUNT_MAX);
    struct sm_service_options service = {.load = load, .context = &loading, .worker_count = worker_count};
    return sm_service_run(&service);
}

int sm_cli_validate(int argc, char **argv)
{
    struct sm_config_flags flags = {0};
    struct sm_flag rows[SM_CONFIG_FLAG_COUNT];
    sm_config_flags_rows(&flags, rows);
    if (!sm_flags_read(rows, SM_CONFIG_FLAG_COUNT, argc, argv, NULL))
        return 1;
    if (flags.wants_help)
        return print_command_help(
            rows, SM_CONFIG_FLAG_COUNT, "validate --config LOCATION…",
            "Checks a configuration and tells every mistake; silent, with status 0, when there is none. Everything is made as a start makes\n"
            "it, on this machine and as this user, but nothing is started: only ports in use and names without address stay unseen.");
    struct loading loading = {0};
    if (!sm_config_flags_finish(&flags, &loading.options))
        return 1;
    struct sm_diags *diags = sm_diags_create();
    struct sm_error error = {0};
    struct sm_config *config = load(&loading, diags);
    size_t errors = sm_diags_error_count(diags);
    if (!config)
        sm_error_set(&error, SM_ERROR_USAGE, "invalid configuration: %zu error%s", errors, errors == 1 ? "" : "s");
    bool is_good = config && sm_service_check(config, diags, &error);
    sm_diags_print(diags, stderr, sm_cli_wants_colour(stderr));
    if (!is_good)
        fprintf(stderr, "Error: %s\n", error.text);
    sm_diags_free(diags);
    return is_good ? 0 : 1;
}
