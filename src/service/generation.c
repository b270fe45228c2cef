/* generation.c - see generation.h. Endpoints start before the graph and stop after it, so that the last counts can be read. The socket of
 * `spanmill top` starts once there is something to show, and only where a component has it. */
#include "service/generation.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/path_check.h"
#include "net/listener.h"
#include "pipeline/blame.h"
#include "pipeline/config.h"
#include "pipeline/graph.h"
#include "pipeline/own_metrics.h"
#include "pipeline/snapshot.h"
#include "service/identity.h"
#include "service/metrics_endpoint.h"
#include "service/metrics_sender.h"
#include "service/plan.h"
#include "service/top_server.h"

struct sm_generation {
    struct sm_workers *workers; /* borrowed */
    struct sm_config *config;   /* owned */
    struct sm_arena arena;      /* owned: plan and identity */
    struct sm_string_map identity;
    struct sm_graph *graph;                 /* owned */
    struct sm_metrics_endpoint **endpoints; /* owned */
    size_t endpoint_count, started_count;
    struct sm_metrics_sender **senders; /* owned */
    size_t sender_count;
    struct sm_top_server *top_server; /* owned; NULL: there is none */
    bool is_sending;                  /* the senders have started */
    size_t stopping_count;            /* endpoints, senders and the server told to stop and not yet done */
    int log_fd; /* owned, unless it is standard output or error; lines go to log_file_fd instead, which is made to stand for it */
    void (*stopped)(void *context, struct sm_generation *generation, bool is_drained);
    void *stopped_context; /* borrowed */
};

/* The log file in use, always the same descriptor: a line of another thread may be on its way to it while another file takes its place. Each
 * generation keeps a descriptor of its own for its file, so that the current one can be put back when its successor does not start. */
static int log_file_fd = -1;

static int open_log(const char *path, struct sm_error *error)
{
    if (strcmp(path, "stderr") == 0)
        return STDERR_FILENO;
    if (strcmp(path, "stdout") == 0)
        return STDOUT_FILENO;
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (fd < 0)
        sm_error_set_errno(error, errno, "open %s", path);
    return fd;
}

static bool create_endpoints(struct sm_generation *generation, struct sm_error *error)
{
    const struct sm_telemetry_config *telemetry = &generation->config->telemetry;
    generation->endpoints = sm_alloc(telemetry->reader_count ? telemetry->reader_count : 1, sizeof(struct sm_metrics_endpoint *));
    for (size_t i = 0; i < telemetry->reader_count; i++) {
        struct sm_metrics_endpoint *endpoint = sm_metrics_endpoint_create(generation->workers, &telemetry->readers[i], &generation->identity, error);
        if (!endpoint)
            return false;
        generation->endpoints[generation->endpoint_count++] = endpoint;
    }
    return true;
}

static bool create_senders(struct sm_generation *generation, struct sm_error *error)
{
    const struct sm_telemetry_config *telemetry = &generation->config->telemetry;
    generation->senders = sm_alloc(telemetry->sender_count ? telemetry->sender_count : 1, sizeof(struct sm_metrics_sender *));
    for (size_t i = 0; i < telemetry->sender_count; i++) {
        struct sm_metrics_sender *sender = sm_metrics_sender_create(generation->workers, &telemetry->senders[i], &generation->identity, error);
        if (!sender)
            return false;
        generation->senders[generation->sender_count++] = sender;
    }
    return true;
}

struct sm_generation *sm_generation_create(struct sm_workers *workers, struct sm_config *config)
{
    struct sm_generation *generation = sm_alloc(1, sizeof(*generation));
    generation->workers = workers;
    generation->config = config;
    generation->identity = sm_identity_create(&config->telemetry.resource, &generation->arena);
    generation->log_fd = STDERR_FILENO;
    return generation;
}

static bool fail_log(const struct sm_generation *generation, struct sm_diags *diags, struct sm_error *error)
{
    sm_error_blame(error, generation->config->telemetry.log_option);
    sm_error_wrap(error, "cannot write the log");
    sm_blame_tell_service(generation->config, error, diags);
    return false;
}

bool sm_generation_check_log(const struct sm_generation *generation, struct sm_diags *diags, struct sm_error *error)
{
    const char *path = generation->config->telemetry.log_path;
    bool is_file = strcmp(path, "stderr") != 0 && strcmp(path, "stdout") != 0;
    return !is_file || sm_path_check_writable(path, false, error) || fail_log(generation, diags, error);
}

bool sm_generation_open_log(struct sm_generation *generation, struct sm_diags *diags, struct sm_error *error)
{
    if (!sm_generation_check_log(generation, diags, error))
        return false;
    int fd = open_log(generation->config->telemetry.log_path, error);
    if (fd < 0)
        return fail_log(generation, diags, error);
    generation->log_fd = fd;
    return true;
}

bool sm_generation_build(struct sm_generation *generation, struct sm_diags *diags, struct sm_error *error)
{
    sm_listener_begin_configuration();
    if (create_endpoints(generation, error) && create_senders(generation, error))
        generation->graph = sm_graph_create(generation->workers, sm_plan_create(generation->config, &generation->arena), diags, error);
    else
        sm_blame_tell_service(generation->config, error, diags);
    sm_listener_end_configuration();
    return generation->graph || sm_error_wrap(error, error->is_of_start ? "cannot start pipelines" : "failed to build pipelines");
}

/* Where lines are to go: the descriptor of the log file, which from now on stands for this generation's. */
static int use_log_file(const struct sm_generation *generation)
{
    if (generation->log_fd <= STDERR_FILENO)
        return generation->log_fd;
    if (log_file_fd < 0)
        log_file_fd = fcntl(generation->log_fd, F_DUPFD_CLOEXEC, 0);
    else if (dup3(generation->log_fd, log_file_fd, O_CLOEXEC) < 0)
        return generation->log_fd;
    return log_file_fd < 0 ? generation->log_fd : log_file_fd;
}

void sm_generation_apply_telemetry(struct sm_generation *generation)
{
    const struct sm_telemetry_config *telemetry = &generation->config->telemetry;
    const struct sm_string_map *identity = &generation->identity;
    struct sm_log_field *resource = sm_alloc(identity->count ? identity->count : 1, sizeof(*resource));
    for (size_t i = 0; i < identity->count; i++)
        resource[i] = SM_LOG_STR(identity->entries[i].key, identity->entries[i].value);
    struct sm_log_options options = SM_LOG_OPTIONS_DEFAULT;
    options.level = telemetry->log_level;
    options.encoding = telemetry->log_encoding;
    options.fd = use_log_file(generation);
    options.disable_caller = telemetry->log_without_caller;
    options.sampling = telemetry->log_sampling;
    options.initial_fields = telemetry->log_fields;
    options.initial_field_count = telemetry->log_field_count;
    options.resource = resource;
    options.resource_count = identity->count;
    sm_log_configure(&options);
    free(resource);
    static const enum sm_own_metric_level levels[] = {
        [SM_METRICS_NONE - SM_METRICS_NONE] = 0,
        [SM_METRICS_BASIC - SM_METRICS_NONE] = SM_OWN_LEVEL_BASIC,
        [SM_METRICS_NORMAL - SM_METRICS_NONE] = SM_OWN_LEVEL_NORMAL,
        [SM_METRICS_DETAILED - SM_METRICS_NONE] = SM_OWN_LEVEL_DETAILED,
    };
    sm_own_metrics_set_level(levels[telemetry->metrics_level - SM_METRICS_NONE]);
}

bool sm_generation_start(struct sm_generation *generation, struct sm_diags *diags, struct sm_error *error)
{
    sm_listener_next_generation(); /* addresses of the generation before may be taken over */
    for (; generation->started_count < generation->endpoint_count; generation->started_count++)
        if (!sm_metrics_endpoint_start(generation->endpoints[generation->started_count], error)) {
            sm_blame_tell_service(generation->config, error, diags);
            return false;
        }
    if (!sm_graph_start(generation->graph, diags, error))
        return sm_error_wrap(error, "cannot start pipelines");
    if (sm_snapshot_has_sources())
        generation->top_server = sm_top_server_start(generation->workers);
    sm_listener_generation_started();
    for (size_t i = 0; i < generation->sender_count; i++)
        sm_metrics_sender_start(generation->senders[i]);
    generation->is_sending = true;
    return true;
}

/* ---- stop */

static void end_stop(struct sm_generation *generation, bool is_drained)
{
    generation->stopped(generation->stopped_context, generation, is_drained);
}

static void on_one_stopped(void *context)
{
    struct sm_generation *generation = context;
    if (--generation->stopping_count == 0)
        end_stop(generation, true);
}

static void on_graph_stopped(void *context, bool is_drained)
{
    struct sm_generation *generation = context;
    size_t sender_count = generation->is_sending ? generation->sender_count : 0;
    generation->stopping_count = generation->started_count + sender_count + (generation->top_server != NULL);
    if (!is_drained || generation->stopping_count == 0) {
        end_stop(generation, is_drained);
        return;
    }
    for (size_t i = 0; i < generation->started_count; i++)
        sm_metrics_endpoint_stop(generation->endpoints[i], on_one_stopped, generation);
    for (size_t i = 0; i < sender_count; i++)
        sm_metrics_sender_stop(generation->senders[i], on_one_stopped, generation);
    if (generation->top_server)
        sm_top_server_stop(generation->top_server, on_one_stopped, generation);
}

void sm_generation_stop(struct sm_generation *generation, uint64_t limit_ns,
                        void (*stopped)(void *context, struct sm_generation *generation, bool is_drained), void *context)
{
    generation->stopped = stopped;
    generation->stopped_context = context;
    sm_graph_stop(generation->graph, limit_ns, on_graph_stopped, generation);
}

void sm_generation_free(struct sm_generation *generation)
{
    if (!generation)
        return;
    sm_graph_free(generation->graph);
    for (size_t i = 0; i < generation->endpoint_count; i++)
        sm_metrics_endpoint_free(generation->endpoints[i]);
    free(generation->endpoints);
    for (size_t i = 0; i < generation->sender_count; i++)
        sm_metrics_sender_free(generation->senders[i]);
    free(generation->senders);
    sm_top_server_free(generation->top_server);
    if (generation->log_fd > STDERR_FILENO)
        close(generation->log_fd);
    sm_arena_deinit(&generation->arena);
    sm_config_free(generation->config);
    free(generation);
}
