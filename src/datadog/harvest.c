/* harvest.c - adds up what the workers' buckets have in common and arranges it as a payload: see concentrator.h.
 *
 * Groups of one key and one start are merged into the first of them; the survivors are ordered by client payload and start, so that one walk makes
 * the lists. Peer tags count by their FNV-1a hash in the reference; here by their text. */
#include <stdlib.h>

#include "base/bytes.h"
#include "base/memory.h"
#include "datadog/concentrator_internal.h"

/* One that is sent. */
struct harvested {
    struct sm_hash128 hash;       /* of start and key */
    struct sm_hash128 payload;    /* of the key's part that decides the client payload */
    struct sm_stats_group *group; /* borrowed: its bucket */
    const struct sm_stats_interval *interval;
};

struct merging {
    struct sm_entries entries; /* struct harvested */
    struct sm_index index;
    struct sm_bytes scratch;
    struct sm_arena *arena; /* borrowed: the payload's */
};

static void move_group(struct sm_stats_group *into, struct sm_stats_group *from)
{
    into->hits += from->hits;
    into->top_level_hits += from->top_level_hits;
    into->errors += from->errors;
    into->duration_ns += from->duration_ns;
    sm_ddsketch_move(&into->ok, &from->ok);
    sm_ddsketch_move(&into->error, &from->error);
}

static void merge_interval(struct merging *merging, struct sm_stats_interval *interval)
{
    for (uint32_t i = 0; i < sm_entries_limit(&interval->groups); i++) {
        struct sm_stats_group *group = sm_entries_at(&interval->groups, i);
        struct sm_hash128 payload, hash;
        const struct sm_stats_key key = sm_stats_interval_key(interval, group, merging->arena);
        sm_stats_key_hashes(&key, interval->start_ns, &merging->scratch, &payload, &hash);
        uint32_t number = sm_index_find(&merging->index, &merging->entries, hash);
        if (number != SM_INDEX_NONE) {
            move_group(((struct harvested *)sm_entries_at(&merging->entries, number))->group, group);
            continue;
        }
        number = sm_entries_add(&merging->entries, hash);
        sm_index_add(&merging->index, hash, number);
        struct harvested *harvested = sm_entries_at(&merging->entries, number);
        harvested->payload = payload;
        harvested->group = group;
        harvested->interval = interval;
    }
}

/* ---- the payload */

static int compare_hashes(struct sm_hash128 a, struct sm_hash128 b)
{
    return a.high != b.high ? (a.high < b.high ? -1 : 1) : (a.low > b.low) - (a.low < b.low);
}

static int compare_harvested(const void *a, const void *b)
{
    const struct harvested *x = *(const struct harvested *const *)a, *y = *(const struct harvested *const *)b;
    int order = compare_hashes(x->payload, y->payload);
    if (order == 0)
        order = (x->interval->start_ns > y->interval->start_ns) - (x->interval->start_ns < y->interval->start_ns);
    return order ? order : compare_hashes(x->hash, y->hash);
}

struct rounding {
    double (*random)(void *context);
    void *context;
};

/* Totals beyond what 64 bits hold stay there; negative ones (durations) wrap around as the reference's do. */
static uint64_t round_total(const struct rounding *rounding, double total)
{
    if (total >= 0x1p64)
        return UINT64_MAX;
    if (!(total > -0x1p63))
        return 0;
    if (total < 0)
        return (uint64_t)(int64_t)total;
    uint64_t whole = (uint64_t)total;
    double rest = total - (double)whole;
    return rest > 0 && rounding->random(rounding->context) < rest ? whole + 1 : whole;
}

static struct sm_stats_row make_row(const struct sm_stats_key *key, const struct sm_stats_group *group, const struct rounding *rounding,
                                    struct sm_arena *arena)
{
    return (struct sm_stats_row){
        .service = key->service,
        .name = key->name,
        .resource = key->resource,
        .type = key->type,
        .span_kind = key->span_kind,
        .peer_tags = key->peer_tags,
        .http_status_code = key->http_status_code,
        .is_synthetics = key->is_synthetics,
        .is_trace_root = key->is_trace_root ? SM_STATS_ROOT_YES : SM_STATS_ROOT_NO,
        .hits = round_total(rounding, group->hits),
        .errors = round_total(rounding, group->errors),
        .duration_ns = round_total(rounding, group->duration_ns),
        .top_level_hits = round_total(rounding, group->top_level_hits),
        .ok_summary = sm_ddsketch_encode(&group->ok, arena),
        .error_summary = sm_ddsketch_encode(&group->error, arena),
    };
}

/* Did another worker make the bucket of that start before? */
static bool is_first_of_its_start(const struct sm_stats_harvest *harvest, const struct sm_stats_interval *interval)
{
    for (size_t i = 0; i < harvest->count; i++)
        if (harvest->intervals[i]->start_ns == interval->start_ns && harvest->intervals[i]->made_ns < interval->made_ns)
            return false;
    return true;
}

static struct sm_stats_texts container_tags(const struct sm_stats_harvest *harvest, struct sm_slice container_id)
{
    for (size_t i = 0; container_id.size > 0 && i < harvest->count; i++) {
        const struct sm_stats_interval *interval = harvest->intervals[i];
        for (const struct sm_stats_container *container = interval->containers; container; container = container->next)
            if (sm_slice_equal(container->id, container_id) && (!container->is_maker || is_first_of_its_start(harvest, interval)))
                return container->tags;
    }
    return (struct sm_stats_texts){0};
}

static struct sm_stats_client make_client(const struct sm_stats_harvest *harvest, const struct sm_stats_key *key)
{
    return (struct sm_stats_client){.env = key->env,
                                    .hostname = key->hostname,
                                    .version = key->version,
                                    .container_id = key->container_id,
                                    .git_commit_sha = key->git_commit_sha,
                                    .image_tag = key->image_tag,
                                    .tags = container_tags(harvest, key->container_id)};
}

/* `rows` are in order; lists take their parts of three arrays that are as long as there are rows. */
static void arrange(const struct sm_stats_harvest *harvest, struct harvested *const *ordered, size_t count, const struct rounding *rounding,
                    struct sm_arena *arena, struct sm_stats_payload *payload)
{
    struct sm_stats_client *clients = sm_arena_zalloc(arena, count, sizeof(*clients));
    struct sm_stats_bucket *buckets = sm_arena_zalloc(arena, count, sizeof(*buckets));
    struct sm_stats_row *rows = sm_arena_zalloc(arena, count, sizeof(*rows));
    size_t client_count = 0, bucket_count = 0;
    for (size_t i = 0; i < count; i++) {
        const struct harvested *one = ordered[i], *before = i > 0 ? ordered[i - 1] : NULL;
        const struct sm_stats_key key = sm_stats_interval_key(one->interval, one->group, arena);
        bool begins_client = !before || compare_hashes(before->payload, one->payload) != 0;
        if (begins_client) {
            clients[client_count] = make_client(harvest, &key);
            clients[client_count++].buckets.items = &buckets[bucket_count];
        }
        if (begins_client || before->interval->start_ns != one->interval->start_ns) {
            buckets[bucket_count] =
                (struct sm_stats_bucket){.start_ns = (uint64_t)one->interval->start_ns, .duration_ns = (uint64_t)one->interval->length_ns};
            buckets[bucket_count++].rows.items = &rows[i];
            clients[client_count - 1].buckets.count++;
        }
        rows[i] = make_row(&key, one->group, rounding, arena);
        buckets[bucket_count - 1].rows.count++;
    }
    payload->clients.items = clients;
    payload->clients.count = client_count;
}

void sm_stats_harvest_payload(struct sm_stats_harvest *harvest, double (*random)(void *context), void *context, struct sm_arena *arena,
                              struct sm_stats_payload *payload)
{
    struct merging merging = {.arena = arena};
    const struct rounding rounding = {.random = random, .context = context};
    sm_entries_init(&merging.entries, sizeof(struct harvested));
    for (size_t i = 0; i < harvest->count; i++)
        merge_interval(&merging, harvest->intervals[i]);
    size_t count = merging.entries.count;
    struct harvested **ordered = sm_alloc(count, sizeof(struct harvested *));
    for (uint32_t i = 0; i < count; i++)
        ordered[i] = sm_entries_at(&merging.entries, i);
    qsort(ordered, count, sizeof(struct harvested *), compare_harvested);
    if (count > 0)
        arrange(harvest, ordered, count, &rounding, arena, payload);
    else
        payload->clients = (struct sm_stats_clients){0};
    free(ordered);
    sm_entries_deinit(&merging.entries);
    sm_index_deinit(&merging.index);
    sm_bytes_deinit(&merging.scratch);
}

void sm_stats_harvest_clear(struct sm_stats_harvest *harvest)
{
    for (size_t i = 0; i < harvest->count; i++)
        sm_stats_interval_free(harvest->intervals[i]);
    free(harvest->intervals);
    *harvest = (struct sm_stats_harvest){0};
}
