/* agent.c - see agent.h. */
#include "datadog/agent.h"

#include "base/regex.h"
#include "config/option.h"
#include "datadog/tag_rules.h"

static bool is_ignored(const struct sm_datadog_agent *agent, const struct sm_datadog_span *root)
{
    for (size_t i = 0; i < agent->ignored_count; i++)
        if (sm_regex_matches(agent->ignored[i], root->resource))
            return true;
    return false;
}

/* Those of everything that passes here; the origin is the trace's. */
static void set_tags(const struct sm_string_map *tags, struct sm_datadog_chunk *chunk, struct sm_datadog_span *span, struct sm_arena *arena)
{
    for (size_t i = 0; i < tags->count; i++) {
        struct sm_slice key = sm_slice_of(tags->entries[i].key), value = sm_slice_of(tags->entries[i].value);
        if (sm_slice_is(key, "_dd.origin"))
            chunk->origin = value;
        else
            sm_datadog_map_set_text(&span->meta, arena, key, value);
    }
}

/* The rate at which the tracer sampled goes on under another name. */
static void set_client_rate(struct sm_datadog_span *root, struct sm_arena *arena)
{
    double rate = sm_datadog_map_number(&root->metrics, SM_SLICE("_sample_rate"), 1);
    if (rate < 1)
        sm_datadog_map_set_number(&root->metrics, arena, SM_SLICE("_dd1.sr.rcusr"), rate);
    else
        sm_datadog_map_remove(&root->metrics, SM_SLICE("_dd1.sr.rcusr"));
}

static void describe_payload(struct sm_datadog_payload *payload, const struct sm_datadog_chunk *chunk, const struct sm_datadog_span *root)
{
    if (!payload->hostname.size)
        payload->hostname = sm_datadog_map_text(&root->meta, SM_SLICE("_dd.hostname"));
    if (!payload->env.size)
        payload->env = sm_datadog_chunk_text(chunk, root, SM_SLICE("env"));
    if (!payload->app_version.size)
        payload->app_version = sm_datadog_chunk_text(chunk, root, SM_SLICE("version"));
}

bool sm_datadog_agent_prepare(const struct sm_datadog_agent *agent, struct sm_datadog_payload *payload, struct sm_datadog_chunk *chunk,
                              uint64_t now_ns, struct sm_arena *arena, struct sm_datadog_counts *counts, struct sm_datadog_span **root)
{
    if (agent->takes_component_as_name && !agent->is_sound)
        sm_datadog_take_components_as_names(chunk);
    if (!agent->is_sound && !sm_datadog_normalise(chunk, payload->language, now_ns, arena, counts))
        return false;
    *root = sm_datadog_root(chunk, arena);
    sm_datadog_set_chunk_attributes(chunk, *root, arena);
    if (is_ignored(agent, *root) || (agent->rules && !sm_datadog_tag_rules_allow(agent->rules, *root)))
        return false;
    for (size_t i = 0; i < chunk->count; i++) {
        if (agent->tags)
            set_tags(agent->tags, chunk, &chunk->spans[i], arena);
        sm_datadog_obfuscate_span(agent->obfuscator, &chunk->spans[i], arena);
        sm_datadog_cut_span(&chunk->spans[i], arena);
        if (agent->is_top_level_known)
            sm_datadog_repeat_top_level(&chunk->spans[i], arena);
    }
    if (agent->rules)
        sm_datadog_replace_in_chunk(agent->rules, chunk, arena);
    set_client_rate(*root, arena);
    if (!agent->is_top_level_known)
        sm_datadog_mark_top_level(chunk, arena);
    describe_payload(payload, chunk, *root);
    return true;
}
