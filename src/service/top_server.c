/* top_server.c - see top_server.h. Sources answer on any thread; the answer is given on the worker of the request. */
#include "service/top_server.h"

#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/run_folder.h"
#include "net/http_server.h"
#include "pipeline/snapshot.h"
#include "pipeline/worker.h"

/* Immutable after start. */
struct sm_top_server {
    struct sm_arena arena; /* owned */
    struct sm_http_server_options options;
    struct sm_http_server *server; /* owned */
};

struct answer {
    struct sm_http_request *request;
    struct sm_bytes text;
};

static void give(struct sm_worker *worker, void *context)
{
    struct answer *answer = context;
    (void)worker;
    sm_http_respond_text(answer->request, 200, "text/plain; charset=utf-8", sm_bytes_slice(&answer->text));
    sm_bytes_deinit(&answer->text);
    free(answer);
}

static void on_collected(void *context, struct sm_slice tables)
{
    struct answer *answer = context;
    sm_bytes_printf(&answer->text, "spanmill-top 2 %" PRIu64 " %d\n", sm_clock_wall_ns(), (int)getpid());
    sm_bytes_append_slice(&answer->text, tables);
    sm_worker_post(sm_http_request_worker(answer->request), give, answer);
}

static void take_request(struct sm_http_request *request, void *context)
{
    struct answer *answer = sm_alloc(1, sizeof(*answer));
    (void)context;
    answer->request = request;
    sm_snapshot_collect(on_collected, answer);
}

static bool try_start(struct sm_top_server *server, struct sm_workers *workers, struct sm_error *error)
{
    char folder[SM_RUN_FOLDER_SIZE];
    if (!sm_run_folder_find(folder, true))
        return sm_error_set(error, SM_ERROR_IO, "there is no folder for it that only the user can reach");
    sm_options_fill_defaults(sm_http_server_option_table, &server->options, sizeof(server->options), &server->arena);
    server->options.endpoint = sm_arena_printf(&server->arena, "%s/spanmill-%d.sock", folder, (int)getpid());
    server->options.transport = "unix";
    server->server = sm_http_server_create(workers, &server->options, take_request, NULL, NULL, error);
    return server->server && sm_http_server_start(server->server, error);
}

struct sm_top_server *sm_top_server_start(struct sm_workers *workers)
{
    struct sm_error error = {0};
    struct sm_top_server *server = sm_alloc(1, sizeof(*server));
    if (try_start(server, workers, &error))
        return server;
    sm_log(SM_LOG_WARN, NULL, "no socket for spanmill top", SM_LOG_STR("error", error.text));
    sm_top_server_free(server);
    return NULL;
}

void sm_top_server_stop(struct sm_top_server *server, void (*stopped)(void *context), void *context)
{
    sm_http_server_stop(server->server, stopped, context);
}

void sm_top_server_free(struct sm_top_server *server)
{
    if (!server)
        return;
    sm_http_server_free(server->server);
    sm_arena_deinit(&server->arena);
    free(server);
}
