/* agent_stats.c - see agent_stats.h. */
#include "exporters/datadog/agent_stats.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/memory.h"
#include "datadog/agent_state.h"
#include "pipeline/worker.h"

struct sm_datadog_agent_stats {
    struct sm_datadog_exporter *exporter;
    const struct sm_datadog_agent_state *agent;
    struct sm_datadog_intake *intake; /* owned */
    atomic_uint workers;              /* that may still add */
    pthread_mutex_t lock;
    struct sm_concentrator *concentrator; /* owned; guarded */
    uint64_t random;                      /* guarded */
};

struct sm_datadog_agent_stats *sm_datadog_agent_stats_create(struct sm_datadog_exporter *exporter, const struct sm_datadog_agent_state *agent,
                                                             struct sm_error *error)
{
    struct sm_datadog_agent_stats *stats = sm_alloc(1, sizeof(*stats));
    stats->exporter = exporter;
    stats->agent = agent;
    stats->intake = sm_datadog_stats_create(exporter->options, &exporter->component->logger, error);
    stats->concentrator = sm_concentrator_create((int64_t)agent->options->bucket_interval_ns, (int64_t)sm_clock_wall_ns());
    stats->random = sm_hash_secret() | 1;
    atomic_store(&stats->workers, sm_workers_count(exporter->component->workers));
    pthread_mutex_init(&stats->lock, NULL);
    if (stats->intake)
        return stats;
    sm_datadog_agent_stats_free(stats);
    return NULL;
}

void sm_datadog_agent_stats_free(struct sm_datadog_agent_stats *stats)
{
    if (!stats)
        return;
    sm_datadog_intake_free(stats->intake);
    sm_concentrator_free(stats->concentrator);
    pthread_mutex_destroy(&stats->lock);
    free(stats);
}

struct sm_datadog_lane *sm_datadog_agent_stats_lane(struct sm_datadog_agent_stats *stats, struct sm_worker *worker)
{
    return sm_datadog_lane_create(stats->intake, worker);
}

void sm_datadog_agent_stats_add(struct sm_datadog_agent_stats *stats, const struct sm_datadog_payload *payload, const struct sm_datadog_chunk *chunk,
                                const struct sm_datadog_span *root, struct sm_arena *scratch)
{
    const struct sm_datadog_agent_state *agent = stats->agent;
    const struct sm_span_stats_origin origin = {
        .env = payload->env.size ? payload->env : agent->env,
        .hostname = payload->hostname.size ? payload->hostname : agent->hostname,
        .version = payload->app_version,
        .container_id = agent->sends_container_stats ? payload->container_id : (struct sm_slice){0},
        .git_commit_sha = sm_datadog_chunk_text(chunk, root, SM_SLICE("_dd.git.commit.sha")),
        .origin = chunk->origin,
        .weight = sm_span_stats_weight(root),
    };
    pthread_mutex_lock(&stats->lock);
    for (size_t i = 0; i < chunk->count; i++)
        sm_span_stats_add(stats->concentrator, &agent->stats, &origin, &chunk->spans[i], scratch);
    pthread_mutex_unlock(&stats->lock);
}

/* From 0 up to 1. */
static double next_random(void *context)
{
    uint64_t *state = context;
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return (double)(*state >> 11) / (double)(UINT64_C(1) << 53);
}

void sm_datadog_agent_stats_post(struct sm_datadog_agent_stats *stats, struct sm_datadog_lane *lane, bool is_all, sm_datadog_posted *posted,
                                 void *context)
{
    struct sm_stats_harvest harvest = {0};
    struct sm_arena arena = SM_ARENA_INIT;
    struct sm_stats_payload payload = {0};
    pthread_mutex_lock(&stats->lock);
    sm_concentrator_take(stats->concentrator, (int64_t)sm_clock_wall_ns(), is_all, &harvest);
    sm_stats_harvest_payload(&harvest, next_random, &stats->random, &arena, &payload);
    pthread_mutex_unlock(&stats->lock);
    payload.agent_hostname = stats->agent->hostname;
    payload.agent_env = stats->agent->env;
    payload.agent_version = SM_SLICE(SPANMILL_VERSION);
    if (payload.clients.count)
        sm_datadog_post_stats(lane, sm_stats_payload_encode(&payload, &arena), &stats->exporter->component->logger, posted, context);
    sm_stats_harvest_clear(&harvest);
    sm_arena_deinit(&arena);
}

bool sm_datadog_agent_stats_end(struct sm_datadog_agent_stats *stats)
{
    return atomic_fetch_sub(&stats->workers, 1) == 1;
}
