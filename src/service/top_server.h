/* top_server.h - the socket that `spanmill top` asks: "spanmill-<pid>.sock" in the user's run folder (base/run_folder.h). Main worker only.
 *
 * Any request is answered with a line about the process and then the tables of pipeline/snapshot.h:
 *
 *     spanmill-top 2 <wall clock ns> <pid> */
#pragma once

struct sm_top_server;
struct sm_workers;

/* NULL: there can be none, which is logged and otherwise does no harm. */
struct sm_top_server *sm_top_server_start(struct sm_workers *workers) __attribute__((warn_unused_result));
/* `stopped(context)` on the main worker when the last answer is given. */
void sm_top_server_stop(struct sm_top_server *server, void (*stopped)(void *context), void *context);
/* After `stopped`. NULL is allowed. */
void sm_top_server_free(struct sm_top_server *server);
