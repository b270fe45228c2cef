/* service.c - see service.h.
 *
 * One generation (configuration, graph, endpoints) is current; those that a reload has replaced drain beside it until they are freed.
 *
 *     load -> create -> start ──> running ──SIGHUP──> load -> create -> start the next, then stop this one
 *                                    └──SIGTERM/SIGINT──> stop all ──> end
 *
 * A reload that fails at any step leaves the current generation as it is: its sockets are taken over only by servers that have started, and go back
 * when these stop.
 * Source: opentelemetry-collector otelcol/collector.go (there a reload stops the old pipelines first, and a bad file ends the program). */
#include "service/service.h"

#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/log.h"
#include "config/diags.h"
#include "pipeline/config.h"
#include "pipeline/process_signal.h"
#include "pipeline/worker.h"
#include "service/generation.h"
#include "service/process_metrics.h"

/* Main thread only. */
struct service {
    const struct sm_service_options *options; /* borrowed */
    struct sm_workers *workers;               /* owned */
    struct sm_generation *current;            /* owned; NULL before the start and while the end is under way */
    size_t stopping_count;                    /* generations told to stop and not yet done */
    bool is_ending;
    bool has_lost; /* something did not drain within the limit: memory is left as it is */
    int exit_status;
};

enum { WATCHED_SIGNAL_COUNT = 3 };
static const int watched_signals[WATCHED_SIGNAL_COUNT] = {SIGTERM, SIGINT, SIGHUP};

static uint64_t drain_limit_ns(const struct service *service)
{
    return service->options->drain_limit_ns ? service->options->drain_limit_ns : SM_SERVICE_DRAIN_LIMIT_NS_DEFAULT;
}

/* What is wrong with a configuration: as text for whoever starts the program, as lines of the log once there is one. */
static void tell(const struct service *service, const struct sm_diags *diags)
{
    if (service->current)
        sm_diags_log(diags);
    else
        sm_diags_print(diags, stderr, isatty(STDERR_FILENO));
}

/* From its file to a generation that only has to be started. Its log is in use from before anything in it is made; when it fails the log of the
 * current generation is. */
static struct sm_generation *load_generation(struct service *service, struct sm_error *error)
{
    struct sm_diags *diags = sm_diags_create(), *faults = sm_diags_create();
    struct sm_config *config = service->options->load(service->options->context, diags);
    struct sm_generation *generation = config ? sm_generation_create(service->workers, config) : NULL;
    bool has_log = generation && sm_generation_open_log(generation, faults, error);
    if (has_log) {
        sm_generation_apply_telemetry(generation);
        sm_diags_log(diags);
    } else {
        tell(service, diags);
    }
    if (!config)
        sm_error_set(error, SM_ERROR_USAGE, "invalid configuration: %zu error%s", sm_diags_error_count(diags),
                     sm_diags_error_count(diags) == 1 ? "" : "s");
    bool is_built = has_log && sm_generation_build(generation, faults, error);
    if (generation && !is_built) {
        if (service->current)
            sm_generation_apply_telemetry(service->current);
        tell(service, faults);
        sm_generation_free(generation);
    }
    sm_diags_free(diags);
    sm_diags_free(faults);
    return is_built ? generation : NULL;
}

/* False with the reason told, and in `error`; what had started must then be stopped. */
static bool start_generation(struct service *service, struct sm_generation *generation, struct sm_error *error)
{
    struct sm_diags *diags = sm_diags_create();
    bool is_started = sm_generation_start(generation, diags, error);
    if (!is_started && service->current)
        sm_generation_apply_telemetry(service->current);
    tell(service, diags);
    sm_diags_free(diags);
    return is_started;
}

/* ---- end */

static void end_if_all_stopped(struct service *service)
{
    if (service->is_ending && service->stopping_count == 0)
        sm_workers_stop_main(service->workers);
}

static void on_stopped(void *context, struct sm_generation *generation, bool is_drained)
{
    struct service *service = context;
    service->stopping_count--;
    if (is_drained) {
        sm_generation_free(generation);
    } else {
        sm_log(SM_LOG_ERROR, NULL, "Not everything was delivered before the drain limit");
        service->has_lost = true;
        service->exit_status = EXIT_FAILURE;
    }
    end_if_all_stopped(service);
}

static void stop_generation(struct service *service, struct sm_generation *generation)
{
    service->stopping_count++;
    sm_generation_stop(generation, drain_limit_ns(service), on_stopped, service);
}

static void begin_end(struct service *service)
{
    service->is_ending = true;
    if (service->current)
        stop_generation(service, service->current);
    service->current = NULL;
    end_if_all_stopped(service);
}

/* ---- signals */

static void reload(struct service *service)
{
    struct sm_error error = {0};
    sm_log(SM_LOG_WARN, NULL, "Received signal to reload the configuration");
    struct sm_generation *next = load_generation(service, &error);
    if (!next) {
        sm_log(SM_LOG_ERROR, NULL, "Configuration not reloaded, the running one stays", SM_LOG_STR("error", error.text));
        return;
    }
    if (!start_generation(service, next, &error)) {
        sm_log(SM_LOG_ERROR, NULL, "Configuration not reloaded, the running one stays", SM_LOG_STR("error", error.text));
        stop_generation(service, next);
        return;
    }
    stop_generation(service, service->current);
    service->current = next;
    sm_log(SM_LOG_INFO, NULL, "Configuration reloaded. The previous pipelines drain.");
}

static void on_signal(int number, void *context)
{
    struct service *service = context;
    if (number == SIGHUP) {
        if (!service->is_ending)
            reload(service);
        return;
    }
    sm_log(SM_LOG_INFO, NULL, "Received signal from OS", SM_LOG_STR("signal", number == SIGINT ? "interrupt" : "terminated"));
    if (service->is_ending)
        _exit(EXIT_FAILURE); /* asked twice: without waiting for anything */
    sm_log(SM_LOG_INFO, NULL, "Starting shutdown...");
    begin_end(service);
}

/* ---- life */

static unsigned count_cpus(void)
{
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof(set), &set) != 0)
        return 1;
    int count = CPU_COUNT(&set);
    return count < 1 ? 1 : (unsigned)count < SM_WORKER_COUNT_MAX ? (unsigned)count : SM_WORKER_COUNT_MAX;
}

/* As many connections as the system lets this process have; the usual soft limit of 1024 is for programs that use select(). */
static void raise_descriptor_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max)
        return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit); /* refused: it stays as it was */
}

/* False with the reason told; what had started has then been told to stop. */
static bool start_first(struct service *service, unsigned worker_count)
{
    struct sm_error error = {0};
    struct sm_generation *first = load_generation(service, &error);
    if (!first) {
        fprintf(stderr, "Error: %s\n", error.text);
        return false;
    }
    sm_log(SM_LOG_INFO, NULL, "Starting spanmill...", SM_LOG_STR("Version", SPANMILL_VERSION), SM_LOG_INT("NumCPU", worker_count));
    bool is_started = start_generation(service, first, &error);
    service->current = first;
    if (is_started) {
        sm_log(SM_LOG_INFO, NULL, "Everything is ready. Begin running and processing data.");
        return true;
    }
    fprintf(stderr, "Error: %s\n", error.text);
    return false;
}

static int run(struct service *service, unsigned worker_count)
{
    struct sm_process_signal *watches[WATCHED_SIGNAL_COUNT];
    struct sm_worker *main_worker = sm_workers_main(service->workers);
    for (size_t i = 0; i < WATCHED_SIGNAL_COUNT; i++)
        watches[i] = sm_process_signal_watch(main_worker, watched_signals[i], on_signal, service);
    if (!start_first(service, worker_count)) {
        service->exit_status = EXIT_FAILURE;
        begin_end(service);
    }
    sm_workers_run_main(service->workers);
    for (size_t i = 0; i < WATCHED_SIGNAL_COUNT; i++)
        sm_process_signal_free(watches[i]);
    if (service->exit_status == EXIT_SUCCESS)
        sm_log(SM_LOG_INFO, NULL, "Shutdown complete.");
    return service->exit_status;
}

bool sm_service_check(struct sm_config *config, struct sm_diags *diags, struct sm_error *error)
{
    struct sm_log_options options = SM_LOG_OPTIONS_DEFAULT;
    options.level = SM_LOG_ERROR;
    sm_log_configure(&options); /* what components say of themselves while they are made belongs to a start */
    struct sm_workers *workers = sm_workers_create(1, error);
    if (!workers) {
        sm_config_free(config);
        return false;
    }
    sm_workers_start(workers);
    struct sm_generation *generation = sm_generation_create(workers, config);
    bool is_good = sm_generation_check_log(generation, diags, error) && sm_generation_build(generation, diags, error);
    sm_generation_free(generation);
    sm_workers_free(workers);
    return is_good;
}

int sm_service_run(const struct sm_service_options *options)
{
    struct sm_error error = {0};
    struct service service = {.options = options};
    unsigned worker_count = options->worker_count ? options->worker_count : count_cpus();
    raise_descriptor_limit();
    signal(SIGPIPE, SIG_IGN); /* a peer that is gone is an error of the write */
    signal(SIGXFSZ, SIG_IGN); /* and so is a file that may not grow */
    service.workers = sm_workers_create(worker_count, &error);
    if (!service.workers) {
        fprintf(stderr, "Error: %s\n", error.text);
        return EXIT_FAILURE;
    }
    sm_workers_start(service.workers);
    sm_process_metrics_register();
    int exit_status = run(&service, worker_count);
    if (!service.has_lost) /* otherwise something may still use them */
        sm_workers_free(service.workers);
    return exit_status;
}
