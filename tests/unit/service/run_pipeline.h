/* run_pipeline.h - requests through real components, as a configuration has them: a receiver `source` that the test feeds and an exporter `sink` that
 * writes down what comes, as OTLP/JSON, a line a batch. One worker. */
#pragma once

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "config/diags.h"
#include "config/load.h"
#include "pipeline/component.h"
#include "pipeline/config.h"
#include "pipeline/delivery.h"
#include "pipeline/graph.h"
#include "pipeline/outcome.h"
#include "pipeline/worker.h"
#include "service/plan.h"
#include "service/registry.h"
#include "telemetry/otlp.h"

struct pipeline_run {
    struct sm_workers *workers;
    struct sm_config *config;
    struct sm_arena arena;
    struct sm_graph *graph;
    struct sm_component *source;
    struct sm_batch *request;
    struct sm_outcome outcome; /* of the last request */
    char messages[8192];       /* what is wrong with the configuration */
};

/* Written by the worker; the test reads it when nothing is under way, or with sunk_has. */
static struct sm_bytes sunk;
static pthread_mutex_t sunk_lock = PTHREAD_MUTEX_INITIALIZER;

static bool __attribute__((unused)) sunk_has(const char *text)
{
    pthread_mutex_lock(&sunk_lock);
    bool has = strstr(sm_bytes_cstr(&sunk), text) != NULL;
    pthread_mutex_unlock(&sunk_lock);
    return has;
}

static void sink_consume(struct sm_component *component, struct sm_worker *worker, struct sm_batch *batch)
{
    (void)component;
    pthread_mutex_lock(&sunk_lock);
    sm_otlp_encode_json(batch, &sunk);
    sm_bytes_append_char(&sunk, '\n');
    pthread_mutex_unlock(&sunk_lock);
    sm_batch_accept(batch, worker);
}

static const struct sm_component_type source_type = {.kind = SM_RECEIVER, .name = "source", .signals = SM_SIGNAL_ALL};
static const struct sm_component_type sink_type = {.kind = SM_EXPORTER, .name = "sink", .signals = SM_SIGNAL_ALL, .consume = sink_consume};

static bool load_pipeline(struct pipeline_run *run, const char *yaml)
{
    enum { TYPES_MAX = 128 };
    const struct sm_component_type *types[TYPES_MAX] = {&source_type, &sink_type};
    assert_true(sm_component_type_count + 2 <= TYPES_MAX);
    memcpy(types + 2, sm_component_types, sm_component_type_count * sizeof(*types));
    struct sm_bytes uri = {0};
    sm_bytes_printf(&uri, "yaml:receivers: {source: }\nexporters: {sink: }\n%s", yaml);
    const char *uris[] = {sm_bytes_cstr(&uri)};
    const struct sm_load_options options = {.uris = uris, .uri_count = 1};
    struct sm_diags *diags = sm_diags_create();
    run->config = sm_config_load(&options, types, sm_component_type_count + 2, diags);
    FILE *out = fmemopen(run->messages, sizeof(run->messages), "w");
    sm_diags_print(diags, out, false);
    fclose(out);
    sm_diags_free(diags);
    sm_bytes_deinit(&uri);
    return run->config != NULL;
}

static void __attribute__((unused)) expect_configuration_refused(const char *yaml, const char *message)
{
    struct pipeline_run run = {0};
    if (load_pipeline(&run, yaml) || !strstr(run.messages, message))
        fail_msg("%s\n%s\nlacks: %s", yaml, run.messages, message);
    sm_config_free(run.config);
}

/* `yaml`: everything but `source` and `sink` themselves. */
static struct pipeline_run begin_pipeline(const char *yaml)
{
    struct pipeline_run run = {0};
    struct sm_error error = {0};
    sunk.size = 0;
    if (!load_pipeline(&run, yaml))
        fail_msg("%s", run.messages);
    run.workers = sm_workers_create(1, &error);
    assert_non_null(run.workers);
    sm_workers_start(run.workers);
    run.graph = sm_graph_create(run.workers, sm_plan_create(run.config, &run.arena), NULL, &error);
    if (!run.graph || !sm_graph_start(run.graph, NULL, &error))
        fail_msg("%s", error.text);
    for (size_t i = 0; i < sm_graph_component_count(run.graph); i++)
        if (sm_graph_component_at(run.graph, i)->type == &source_type)
            run.source = sm_graph_component_at(run.graph, i);
    assert_non_null(run.source);
    return run;
}

static void stop_main_of_run(struct sm_worker *worker, void *context)
{
    (void)worker;
    sm_workers_stop_main(context);
}

static void note_outcome(struct sm_worker *worker, const struct sm_outcome *outcome, void *context)
{
    (void)worker;
    struct pipeline_run *run = context;
    run->outcome = *outcome;
    sm_worker_post(sm_workers_main(run->workers), stop_main_of_run, run->workers);
}

static void deliver_request(struct sm_worker *worker, void *context)
{
    struct pipeline_run *run = context;
    sm_receiver_deliver(run->source, worker, "test", run->request, note_outcome, run);
}

/* Until it is answered. What the sink got of it is then in `sunk`, unless something holds it. */
static void __attribute__((unused)) feed_pipeline(struct pipeline_run *run, enum sm_signal signal, const char *json)
{
    struct sm_decode_error why;
    run->request = sm_otlp_decode_json(signal, sm_slice_of(json), &why);
    assert_non_null(run->request);
    sm_worker_post(sm_workers_get(run->workers, 0), deliver_request, run);
    sm_workers_run_main(run->workers);
}

static void note_graph_stopped(void *context, bool is_drained)
{
    assert_true(is_drained);
    sm_workers_stop_main(context);
}

/* Once the graph has stopped. */
static void free_pipeline(struct pipeline_run *run)
{
    sm_graph_free(run->graph);
    sm_workers_free(run->workers);
    sm_arena_deinit(&run->arena);
    sm_config_free(run->config);
}

/* What the sink got is complete. */
static void stop_pipeline(struct pipeline_run *run)
{
    sm_graph_stop(run->graph, UINT64_C(30000000000), note_graph_stopped, run->workers);
    sm_workers_run_main(run->workers);
    free_pipeline(run);
}
