/* legacy.c - see legacy.h. The reference keeps the tags of a container for five minutes; here they go with the buckets in which it has spans. */
#include "connectors/datadog/legacy.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/regex.h"
#include "config/gates.h"
#include "datadog/agent.h"
#include "datadog/otlp_span.h"
#include "datadog/span_stats.h"

struct sm_legacy_stats {
    const struct sm_datadog_connector_options *options;
    struct sm_arena arena;
    struct sm_datadog_otlp_settings otlp;
    struct sm_span_stats_settings stats;
    struct sm_datadog_obfuscator obfuscator;
    struct sm_datadog_agent agent;
};

struct sm_legacy_stats *sm_legacy_stats_create(const struct sm_datadog_connector_options *options, const struct sm_stats_texts *peer_tags,
                                               struct sm_error *error)
{
    const struct sm_datadog_trace_options *common = &options->traces.common;
    struct sm_legacy_stats *stats = sm_alloc(1, sizeof(*stats));
    stats->options = options;
    stats->otlp = (struct sm_datadog_otlp_settings){.span_name_remappings = sm_datadog_remappings(&common->span_name_remappings, &stats->arena),
                                                    .span_name_as_resource_name = common->span_name_as_resource_name,
                                                    .compute_top_level_by_span_kind = common->compute_top_level_by_span_kind,
                                                    .has_names_v2 = sm_datadog_has_names_v2(common, sm_gate_is_on(SM_GATE_DATADOG_NAMES_V2)),
                                                    .sampling_rate = 1,
                                                    .hostname = SM_SLICE(SM_LEGACY_STATS_HOSTNAME),
                                                    .env = SM_SLICE("none")};
    stats->stats = (struct sm_span_stats_settings){.compute_stats_by_span_kind = common->compute_stats_by_span_kind, .peer_tag_keys = *peer_tags};
    stats->agent.obfuscator = &stats->obfuscator;
    stats->agent.is_top_level_known = common->compute_top_level_by_span_kind;
    stats->agent.ignored = sm_arena_zalloc(&stats->arena, common->ignore_resources.count, sizeof(*stats->agent.ignored));
    for (size_t i = 0; i < common->ignore_resources.count; i++) {
        struct sm_regex *regex = sm_regex_compile(sm_slice_of(common->ignore_resources.items[i]), error);
        if (!regex) {
            sm_legacy_stats_free(stats);
            return NULL;
        }
        stats->agent.ignored[stats->agent.ignored_count++] = regex;
    }
    return stats;
}

void sm_legacy_stats_free(struct sm_legacy_stats *stats)
{
    if (!stats)
        return;
    for (size_t i = 0; i < stats->agent.ignored_count; i++)
        sm_regex_free(stats->agent.ignored[i]);
    sm_arena_deinit(&stats->arena);
    free(stats);
}

/* ---- containers */

static struct sm_slice text_of(const struct sm_attributes *attributes, struct sm_slice key)
{
    struct sm_value value;
    bool is_text = sm_attributes_find(attributes, key, &value) && value.type == SM_VALUE_STRING;
    return is_text ? value.string : (struct sm_slice){0};
}

static int compare_texts(const void *a, const void *b)
{
    return sm_slice_compare(*(const struct sm_slice *)a, *(const struct sm_slice *)b);
}

/* Of a resource with container.id: the wanted attributes under Datadog's names. */
static struct sm_stats_texts container_tags(const struct sm_legacy_stats *stats, const struct sm_attributes *resource, struct sm_arena *arena)
{
    const struct sm_string_list *wanted = &stats->options->traces.resource_attributes_as_container_tags;
    struct sm_stats_texts tags = {.items = sm_arena_zalloc(arena, wanted->count, sizeof(*tags.items))};
    struct sm_value id;
    if (wanted->count == 0 || !sm_attributes_find(resource, SM_SLICE("container.id"), &id))
        return tags;
    struct sm_datadog_tags known = sm_datadog_container_tags(resource, arena);
    for (size_t i = 0; i < wanted->count; i++) {
        struct sm_slice name = sm_datadog_container_tag_name(sm_slice_of(wanted->items[i])), text;
        struct sm_value value;
        if (name.size == 0)
            name = sm_slice_of(wanted->items[i]);
        if (!sm_datadog_tags_find(&known, name, &text)) {
            if (!sm_attributes_find(resource, name, &value))
                continue;
            text = text_of(resource, name);
        }
        tags.items[tags.count++] = sm_arena_join(arena, name, ':', text);
    }
    qsort(tags.items, tags.count, sizeof(*tags.items), compare_texts);
    return tags;
}

/* ---- counting */

static void count_chunk(struct sm_legacy_stats *stats, struct sm_concentrator *concentrator, const struct sm_datadog_payload *payload,
                        const struct sm_datadog_chunk *chunk, const struct sm_datadog_span *root, const struct sm_stats_texts *tags,
                        struct sm_arena *arena)
{
    bool by_container = stats->options->traces.resource_attributes_as_container_tags.count > 0;
    const struct sm_span_stats_origin origin = {
        .env = payload->env.size > 0 ? payload->env : stats->otlp.env,
        .hostname = payload->hostname.size > 0 ? payload->hostname : stats->otlp.hostname,
        .version = payload->app_version,
        .container_id = by_container ? payload->container_id : (struct sm_slice){0},
        .git_commit_sha = sm_datadog_chunk_text(chunk, root, SM_SLICE("_dd.git.commit.sha")),
        .origin = chunk->origin,
        .container_tags = *tags,
        .has_tags_in_every_bucket = true,
        .weight = sm_span_stats_weight(root),
    };
    for (size_t i = 0; i < chunk->count; i++)
        sm_span_stats_add(concentrator, &stats->stats, &origin, &chunk->spans[i], arena);
}

static void count_resource(struct sm_legacy_stats *stats, struct sm_concentrator *concentrator, struct sm_datadog_otlp_memory *memory,
                           struct sm_batch *batch, struct sm_resource_group *group, uint64_t now_ns)
{
    struct sm_arena arena = SM_ARENA_INIT;
    struct sm_datadog_otlp_walk walk;
    struct sm_datadog_chunk chunk;
    struct sm_datadog_counts counts = {0};
    struct sm_datadog_span *root;
    struct sm_value computed;
    /* Somebody before has made statistics of it. */
    bool is_counted =
        sm_attributes_find(&group->resource.attributes, SM_SLICE("_dd.stats_computed"), &computed) && sm_value_to_string(&computed, &arena).size > 0;
    if (!is_counted) {
        struct sm_stats_texts tags = container_tags(stats, &group->resource.attributes, &arena);
        sm_datadog_otlp_begin(&walk, &stats->otlp, memory, batch, group, &arena);
        while (sm_datadog_otlp_next(&walk, &arena, &chunk))
            if (sm_datadog_agent_prepare(&stats->agent, &walk.payload, &chunk, now_ns, &arena, &counts, &root))
                count_chunk(stats, concentrator, &walk.payload, &chunk, root, &tags, &arena);
    }
    sm_arena_deinit(&arena);
}

void sm_legacy_stats_count(struct sm_legacy_stats *stats, struct sm_concentrator *concentrator, struct sm_batch *batch)
{
    uint64_t now_ns = sm_clock_wall_ns();
    struct sm_datadog_otlp_memory memory = {0};
    for (size_t i = 0; i < batch->count; i++)
        if (!batch->groups[i].dropped)
            count_resource(stats, concentrator, &memory, batch, &batch->groups[i], now_ns);
    sm_datadog_otlp_memory_deinit(&memory);
}
