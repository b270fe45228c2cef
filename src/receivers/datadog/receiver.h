/* receiver.h - what the files of the receiver `datadog` share. For them only. */
#pragma once

#include "datadog/agent_state.h"
#include "datadog/client_stats.h"
#include "datadog/reason_counts.h"
#include "net/http_server.h"
#include "pipeline/own_metrics.h"

#include <pthread.h>

struct sm_outcome;
struct sm_worker;

struct sm_datadog_receiver_options {
    struct sm_http_server_options server;
    const char *agent; /* "": one of its own with default settings */
};

enum { SM_DATADOG_STATE_SIZE = 65 };

struct sm_datadog_receiver {
    struct sm_component *component;           /* borrowed */
    struct sm_http_server *server;            /* owned */
    struct sm_datadog_agent_state *own_agent; /* owned; NULL: there is a shared one */
    struct sm_datadog_agent_options own_options;
    struct sm_arena arena;
    const struct sm_datadog_agent_state *agent; /* its own, or the shared one */
    struct sm_datadog_service_rates *rates;     /* borrowed: agent */
    struct sm_bytes info;                       /* owned; made by start */
    char state[SM_DATADOG_STATE_SIZE];          /* changes with `info` */
    pthread_mutex_t stats_lock;
    struct sm_client_stats *stats; /* owned; guarded */
    struct sm_timer *timer;        /* owned; first worker */
    struct sm_datadog_reason_counts reasons;
    struct sm_instrument *left_out;
    bool is_started, is_stopping;
};

/* ---- traces.c: a request with traces, of a version of the API */
enum sm_datadog_version { SM_DATADOG_V02, SM_DATADOG_V03, SM_DATADOG_V04, SM_DATADOG_V05, SM_DATADOG_V07 };
void sm_datadog_receive_traces(struct sm_datadog_receiver *receiver, struct sm_http_request *request, enum sm_datadog_version version);

/* ---- stats.c: statistics of tracers, and their way out */
void sm_datadog_receive_stats(struct sm_datadog_receiver *receiver, struct sm_http_request *request);
/* On a worker: sends what is due, or all and then calls `done` on that worker. */
void sm_datadog_flush_stats(struct sm_datadog_receiver *receiver, struct sm_worker *worker, bool is_all,
                            void (*done)(struct sm_worker *worker, const struct sm_outcome *outcome, void *context), void *context);

/* ---- datadog.c: answers that tell the program's version */
void sm_datadog_respond(const struct sm_datadog_receiver *receiver, struct sm_http_request *request, int status, const char *content_type,
                        struct sm_slice body);
/* A line of text, as Go's http.Error. */
void sm_datadog_respond_error(const struct sm_datadog_receiver *receiver, struct sm_http_request *request, int status, const char *text);
/* The body; NULL: refused and answered, as too large with 413. */
struct sm_buffer *sm_datadog_take_body(struct sm_datadog_receiver *receiver, struct sm_http_request *request, bool *is_too_large);
