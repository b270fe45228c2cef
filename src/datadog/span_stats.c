/* span_stats.c - see span_stats.h. Stateless. */
#include "datadog/span_stats.h"

#include <stdlib.h>

#include "datadog/peer_tags.h"
#include "wire/json_scanner.h"

static bool is_marked(const struct sm_datadog_span *span, struct sm_slice key)
{
    return sm_datadog_map_number(&span->metrics, key, 0) == 1;
}

static bool is_top_level(const struct sm_datadog_span *span)
{
    return is_marked(span, SM_SLICE("_top_level")) || is_marked(span, SM_SLICE("_dd.top_level"));
}

static bool is_kind_that_counts(struct sm_slice kind)
{
    static const char *const kinds[] = {"server", "consumer", "client", "producer"};
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (sm_slice_equal_nocase(kind, sm_slice_of(kinds[i])))
            return true;
    return false;
}

bool sm_span_stats_counts(const struct sm_span_stats_settings *settings, const struct sm_datadog_span *span)
{
    bool is_wanted = is_top_level(span) || is_marked(span, SM_SLICE("_dd.measured")) ||
                     (settings->compute_stats_by_span_kind && is_kind_that_counts(sm_datadog_map_text(&span->meta, SM_SLICE("span.kind"))));
    return is_wanted && !(sm_datadog_map_number(&span->metrics, SM_SLICE("_dd.partial_version"), -1) >= 0);
}

double sm_span_stats_weight(const struct sm_datadog_span *root)
{
    double rate = root ? sm_datadog_map_number(&root->metrics, SM_SLICE("_sample_rate"), 1) : 1;
    return rate > 0 && rate <= 1 ? 1 / rate : 1;
}

/* Newer tracers send it as a number, older ones as text. */
static uint32_t status_code(const struct sm_datadog_span *span)
{
    const struct sm_datadog_entry *number = sm_datadog_map_find(&span->metrics, SM_SLICE("http.status_code"));
    if (number)
        return number->number > -0x1p63 && number->number < 0x1p63 ? (uint32_t)(int64_t)number->number : 0;
    uint64_t code;
    return sm_parse_uint(sm_datadog_map_text(&span->meta, SM_SLICE("http.status_code")), UINT32_MAX, &code) ? (uint32_t)code : 0;
}

static int compare_texts(const void *a, const void *b)
{
    return sm_slice_compare(*(const struct sm_slice *)a, *(const struct sm_slice *)b);
}

static struct sm_stats_texts peer_tags(const struct sm_span_stats_settings *settings, const struct sm_datadog_span *span, struct sm_slice kind,
                                       struct sm_arena *scratch)
{
    struct sm_stats_texts tags = {0};
    if (settings->peer_tag_keys.count == 0)
        return tags;
    bool has_base = sm_datadog_map_text(&span->meta, SM_SLICE(SM_PEER_BASE_SERVICE)).size > 0;
    enum sm_peer_tags_wanted wanted = sm_peer_tags_wanted(kind, has_base);
    if (wanted == SM_PEER_TAGS_NONE)
        return tags;
    tags.items = sm_arena_alloc(scratch, settings->peer_tag_keys.count * sizeof(*tags.items));
    for (size_t i = 0; i < settings->peer_tag_keys.count; i++) {
        struct sm_slice key = settings->peer_tag_keys.items[i], value = sm_datadog_map_text(&span->meta, key);
        if (value.size > 0 && (wanted == SM_PEER_TAGS_ALL || sm_slice_is(key, SM_PEER_BASE_SERVICE)))
            tags.items[tags.count++] = sm_peer_tag(key, value, scratch);
    }
    qsort(tags.items, tags.count, sizeof(*tags.items), compare_texts);
    return tags;
}

void sm_span_stats_add(struct sm_concentrator *concentrator, const struct sm_span_stats_settings *settings, const struct sm_span_stats_origin *origin,
                       const struct sm_datadog_span *span, struct sm_arena *scratch)
{
    if (!sm_span_stats_counts(settings, span))
        return;
    struct sm_slice kind = sm_datadog_map_text(&span->meta, SM_SLICE("span.kind"));
    const struct sm_stats_key key = {.env = origin->env,
                                     .hostname = origin->hostname,
                                     .version = origin->version,
                                     .container_id = origin->container_id,
                                     .git_commit_sha = origin->git_commit_sha,
                                     .image_tag = origin->image_tag,
                                     .service = span->service,
                                     .name = span->name,
                                     .resource = span->resource,
                                     .type = span->type,
                                     .span_kind = kind,
                                     .peer_tags = peer_tags(settings, span, kind, scratch),
                                     .http_status_code = status_code(span),
                                     .is_synthetics = sm_slice_starts_with(origin->origin, SM_SLICE("synthetics")),
                                     .is_trace_root = span->parent_id == 0};
    const struct sm_stats_facts facts = {.end_ns = (int64_t)((uint64_t)span->start_ns + (uint64_t)span->duration_ns),
                                         .duration_ns = span->duration_ns,
                                         .bin = sm_ddsketch_bin(span->duration_ns),
                                         .weight = origin->weight,
                                         .is_error = span->error != 0,
                                         .is_top_level = is_top_level(span)};
    bool is_new;
    struct sm_stats_interval *interval = sm_concentrator_at(concentrator, facts.end_ns, &is_new);
    bool has_tags = origin->container_id.size > 0 && origin->container_tags.count > 0;
    if (has_tags && origin->has_tags_in_every_bucket)
        sm_stats_interval_add_container(interval, origin->container_id, &origin->container_tags);
    else if (has_tags && is_new)
        sm_stats_interval_set_container(interval, origin->container_id, &origin->container_tags);
    struct sm_stats_group *group = sm_stats_interval_group(interval, sm_stats_key_hash(&key, scratch), &is_new);
    if (is_new)
        sm_stats_interval_set_key(interval, group, &key);
    sm_stats_group_add(group, &facts);
}
