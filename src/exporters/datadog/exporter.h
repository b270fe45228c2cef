/* exporter.h - what the files of the exporter `datadog` share. An instance serves one signal; what is particular to it is a table of functions, as in
 * traces.c. For them only. */
#pragma once

#include "exporters/datadog/intake.h"
#include "exporters/datadog/options.h"

#include "datadog/hostname.h"
#include "datadog/source.h"
#include "datadog/span.h"
#include "pipeline/component.h"
#include "pipeline/export.h"
#include "pipeline/snapshot.h"

#include <stdatomic.h>

struct sm_host_metadata;
struct sm_worker;
struct sm_datadog_agent_state;
struct sm_datadog_signal;

/* Immutable after start. */
struct sm_datadog_exporter {
    const struct sm_datadog_exporter_options *options; /* borrowed */
    struct sm_component *component;
    const struct sm_datadog_signal *signal;
    void *signal_state;                          /* owned by the signal */
    struct sm_datadog_intake *validation;        /* owned; asks whether the API key is valid */
    struct sm_datadog_intake *series;            /* owned; the program's own "running" metrics, and metrics */
    struct sm_datadog_intake *host_intake;       /* owned */
    struct sm_host_metadata *host_metadata;      /* shared; NULL: it is not sent */
    struct sm_datadog_agent_state *agent;        /* borrowed: the extension of traces::agent; NULL: none. Set by start */
    char hostname[SM_DATADOG_HOSTNAME_SIZE_MAX]; /* of telemetry that names none; set by start */
    struct sm_snapshot_source *shown;            /* main worker only; NULL: the signal shows nothing */
    atomic_uint draining;                        /* workers that still send after stop, and whoever still asks what to show */
};

/* The version that payloads carry, and the user agent of what posts them. */
#define SM_DATADOG_AGENT_VERSION "datadogexporter-spanmill-" SPANMILL_VERSION
#define SM_DATADOG_AGENT_USER_AGENT "Datadog Trace Agent/" SM_DATADOG_AGENT_VERSION "/"
#define SM_DATADOG_API_USER_AGENT "spanmill/" SPANMILL_VERSION

struct sm_datadog_signal {
    /* Is it sent by the Agent's own pipeline, which neither asks whether the API key is valid nor tells of hosts? NULL: no. */
    bool (*is_agents)(void);
    /* On the main worker. `create` fills exporter->signal_state. False with `error`: `free` is called if it has set it. */
    bool (*create)(struct sm_datadog_exporter *exporter, struct sm_error *error);
    void (*free)(struct sm_datadog_exporter *exporter);
    bool (*start)(struct sm_datadog_exporter *exporter, struct sm_error *error); /* NULL: nothing to do */
    /* On each worker. */
    void *(*worker_create)(struct sm_datadog_exporter *exporter, struct sm_worker *worker);
    void (*worker_free)(void *local);
    void (*send)(void *local, struct sm_worker *worker, struct sm_export *request);
    /* Sends what is held, and calls sm_datadog_drained once nothing is left. */
    void (*drain)(void *local);
    sm_snapshot_ask *show; /* for `spanmill top`, with the exporter; NULL: nothing */
};
extern const struct sm_datadog_signal sm_datadog_traces;
extern const struct sm_datadog_signal sm_datadog_metrics;
extern const struct sm_datadog_signal sm_datadog_logs;

/* A worker has sent everything, or nobody asks any more. */
void sm_datadog_drained(struct sm_datadog_exporter *exporter);

/* ---- waiting.c: requests that wait for room, first come first */
struct sm_datadog_waiting {
    struct sm_export **requests; /* owned */
    size_t count, _capacity;
};
void sm_datadog_waiting_add(struct sm_datadog_waiting *waiting, struct sm_export *request);
struct sm_export *sm_datadog_waiting_take(struct sm_datadog_waiting *waiting); /* there is one */
/* Those that are left are rejected: the drain limit has passed. */
void sm_datadog_waiting_end(struct sm_datadog_waiting *waiting, struct sm_worker *worker);

/* ---- push.c: requests that end when all that was posted for them has been answered */
struct sm_datadog_push;
struct sm_datadog_pushes {
    struct sm_datadog_push *first; /* owned */
    struct sm_worker *worker;
    void (*posted)(void *context); /* after every answer */
    void *context;
};
/* Open until closed, and until as many answers have come as were added. */
struct sm_datadog_push *sm_datadog_push_begin(struct sm_datadog_pushes *pushes, struct sm_export *request) __attribute__((returns_nonnull));
void sm_datadog_push_add(struct sm_datadog_push *push, size_t post_count);
void sm_datadog_push_close(struct sm_datadog_push *push);
/* For posts whose context is the push: the first that is not accepted is what the request ends with. */
sm_datadog_posted sm_datadog_push_posted;
/* Those that are left are rejected. */
void sm_datadog_pushes_end(struct sm_datadog_pushes *pushes);

/* ---- stats.c: APM statistics */
struct sm_datadog_intake *sm_datadog_stats_create(const struct sm_datadog_exporter_options *options, const struct sm_logger *logger,
                                                  struct sm_error *error) __attribute__((warn_unused_result));
/* Posts a StatsPayload (protobuf), in parts when it is large. `posted` is called for each part. */
void sm_datadog_post_stats(struct sm_datadog_lane *lane, struct sm_slice payload, const struct sm_logger *logger, sm_datadog_posted *posted,
                           void *context);

/* ---- api_key.c: is the API key valid? */
struct sm_datadog_intake *sm_datadog_validation_create(const struct sm_datadog_exporter_options *options, const struct sm_logger *logger,
                                                       struct sm_error *error) __attribute__((warn_unused_result));
/* Asks on `lane`'s worker and logs the answer. */
void sm_datadog_validate_key(struct sm_datadog_exporter *exporter, struct sm_datadog_lane *lane);
/* Asks on a worker while the main worker waits. False with `error`: the key is not valid. */
bool sm_datadog_check_key(struct sm_datadog_exporter *exporter, struct sm_error *error) __attribute__((warn_unused_result));

/* ---- running.c: the metrics by which Datadog knows that an exporter runs */
struct sm_datadog_intake *sm_datadog_series_create(const struct sm_datadog_exporter_options *options, const struct sm_logger *logger,
                                                   struct sm_error *error) __attribute__((warn_unused_result));
/* The hosts and tasks that telemetry came from, each once and up to a limit. */
struct sm_datadog_sources {
    struct sm_arena *arena; /* borrowed */
    struct sm_datadog_map hosts, tasks;
};
void sm_datadog_sources_add(struct sm_datadog_sources *sources, const struct sm_datadog_source *source);
/* otel.datadog_exporter.SIGNAL.running = 1 for each. */
struct sm_datadog_items;
void sm_datadog_sources_put(const struct sm_datadog_sources *sources, const char *signal, struct sm_datadog_items *items);
/* Posts otel.datadog_exporter.SIGNAL.running = 1 for every host and task that telemetry came from; those that come while a post is under way go with
 * the next one. Worker-local. */
struct sm_datadog_running;
/* `idle` is called when a post has ended and nothing is left to post. */
struct sm_datadog_running *sm_datadog_running_create(struct sm_datadog_intake *series, struct sm_worker *worker, const char *signal,
                                                     void (*idle)(void *context), void *context) __attribute__((returns_nonnull));
void sm_datadog_running_free(struct sm_datadog_running *running);
void sm_datadog_running_add(struct sm_datadog_running *running, const struct sm_datadog_source *source);
void sm_datadog_running_post(struct sm_datadog_running *running);
bool sm_datadog_running_is_idle(const struct sm_datadog_running *running);
/* Nothing is tried again from now on. */
void sm_datadog_running_hurry(struct sm_datadog_running *running);
