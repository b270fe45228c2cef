/* ottl_bench.c - nanoseconds a span for ten typical OTTL statements, each on freshly decoded spans as SDKs send them (load_request.h); decoding is
 * not counted, what a statement decodes on demand is. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/memory.h"
#include "ottl/ottl.h"
#include "telemetry/otlp.h"
#include "telemetry/span.h"

#include "load_request.h"

enum { SPANS = 512, SERVICES = 20, OPERATIONS = 20, ROUND_NS = 200000000, ROUNDS = 5 };

static const char *const statements[] = {
    "set(name, \"renamed\")",
    "set(attributes[\"team\"], \"shop\")",
    "set(attributes[\"service\"], resource.attributes[\"service.name\"])",
    "set(kind.string, \"Client\") where kind.string == \"Internal\" and attributes[\"http.route\"] == \"/api/v1/resource-01/{id}\"",
    "set(status.code, STATUS_CODE_ERROR) where attributes[\"http.response.status_code\"] >= 500",
    "keep_keys(attributes, [\"http.request.method\", \"http.response.status_code\", \"http.route\", \"server.address\"])",
    "delete_key(attributes, \"user_agent.original\")",
    "replace_pattern(attributes[\"url.path\"], \"/[0-9]+$\", \"/{id}\")",
    "merge_maps(attributes, resource.attributes, \"insert\")",
    "set(attributes[\"route\"], Concat([attributes[\"http.request.method\"], attributes[\"http.route\"]], \" \"))",
};

/* Processor time, so that other programs on the machine disturb less. */
static uint64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void run_on_all(const struct sm_ottl_statement *statement, struct sm_batch *batch)
{
    struct sm_ottl_run run = {.arena = &batch->arena, .batch = batch};
    for (size_t g = 0; g < batch->count; g++) {
        run.group = &batch->groups[g];
        run.scope = &run.group->scopes[0];
        for (size_t i = 0; i < run.scope->count; i++) {
            run.span = &run.scope->spans[i];
            if (sm_ottl_execute(statement, &run) == SM_OTTL_FAILED)
                abort();
        }
    }
}

static uint64_t time_once(const struct sm_ottl_statement *statement, struct sm_buffer *request)
{
    struct sm_decode_error error;
    struct sm_batch *batch = sm_otlp_decode_protobuf(SM_TRACES, request, &error);
    if (!batch)
        abort();
    uint64_t start = now_ns();
    run_on_all(statement, batch);
    uint64_t took = now_ns() - start;
    sm_batch_release(batch);
    return took;
}

static double best_ns(const struct sm_ottl_statement *statement, struct sm_buffer *request)
{
    double best = 0;
    for (int round = 0; round < ROUNDS; round++) {
        uint64_t total = 0, calls = 0;
        for (; total < ROUND_NS; calls++)
            total += time_once(statement, request);
        double ns = (double)total / (double)calls / SPANS;
        if (round == 0 || ns < best)
            best = ns;
    }
    return best;
}

int main(int argc, char **argv)
{
    const struct sm_ottl_language language = {.context = SM_OTTL_SPAN, .functions = SM_OTTL_CONVERTERS | SM_OTTL_EDITORS};
    sm_memory_tune();
    struct sm_buffer *request = load_request(SPANS, SERVICES, OPERATIONS);
    struct sm_ottl_program *program = sm_ottl_program_create();
    for (size_t i = 0; i < sizeof(statements) / sizeof(statements[0]); i++) {
        if (argc > 1 && !strstr(statements[i], argv[1]))
            continue;
        struct sm_ottl_error error;
        const struct sm_ottl_statement *statement = sm_ottl_compile_statement(program, &language, sm_slice_of(statements[i]), &error);
        if (!statement)
            abort();
        printf("%8.1f ns a span  %s\n", best_ns(statement, request), statements[i]);
    }
    sm_ottl_program_free(program);
    sm_buffer_release(request);
    return 0;
}
