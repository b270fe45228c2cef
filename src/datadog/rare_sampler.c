/* rare_sampler.c - see rare_sampler.h. A service has an open-addressing table of the kinds seen; when it holds more than the cardinality, kinds are
 * told apart by the rest of their hash only. Services above SERVICES_MAX are never rare (the reference has no bound). */
#include "datadog/rare_sampler.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/index.h"
#include "base/memory.h"
#include "datadog/rate_sampler.h"

enum { SERVICES_MAX = 10000, KINDS_MIN = 16, BURST = 50 };
#define RENEWAL_NS (60 * SM_NS_PER_S)

struct kind {
    uint32_t hash;
    bool is_used;
    uint64_t expires_ns;
};

struct service {
    struct sm_hash128 hash;
    struct kind *kinds; /* owned */
    uint32_t slot_count, count;
    bool is_shrunk;
};

struct sm_datadog_rare_sampler {
    struct sm_datadog_rare_options options;
    struct sm_entries services;
    struct sm_index index;
    double tokens;
    uint64_t filled_ns; /* when tokens were added last; 0: never */
};

struct sm_datadog_rare_sampler *sm_datadog_rare_sampler_create(const struct sm_datadog_rare_options *options)
{
    struct sm_datadog_rare_sampler *sampler = sm_alloc(1, sizeof(*sampler));
    sampler->options = *options;
    sampler->tokens = BURST;
    sm_entries_init(&sampler->services, sizeof(struct service));
    return sampler;
}

void sm_datadog_rare_sampler_free(struct sm_datadog_rare_sampler *sampler)
{
    if (!sampler)
        return;
    for (uint32_t i = 0; i < sm_entries_limit(&sampler->services); i++)
        if (sm_entries_has(&sampler->services, i))
            free(((struct service *)sm_entries_at(&sampler->services, i))->kinds);
    sm_entries_deinit(&sampler->services);
    sm_index_deinit(&sampler->index);
    free(sampler);
}

/* NULL: there are too many already. */
static struct service *service_of(struct sm_datadog_rare_sampler *sampler, struct sm_slice env, struct sm_slice name)
{
    uint64_t signature = sm_datadog_service_signature(env, name);
    struct sm_hash128 hash = sm_hash128(sm_hash_secret(), sm_slice_make(&signature, sizeof(signature)));
    uint32_t number = sm_index_find(&sampler->index, &sampler->services, hash);
    if (number == SM_INDEX_NONE) {
        if (sampler->services.count >= SERVICES_MAX)
            return NULL;
        number = sm_entries_add(&sampler->services, hash);
        sm_index_add(&sampler->index, hash, number);
    }
    return sm_entries_at(&sampler->services, number);
}

/* ---- kinds */

static struct kind *slot_of(struct kind *kinds, uint32_t slot_count, uint32_t hash)
{
    uint32_t at = (hash * UINT32_C(0x9e3779b1)) & (slot_count - 1);
    while (kinds[at].is_used && kinds[at].hash != hash)
        at = (at + 1) & (slot_count - 1);
    return &kinds[at];
}

/* Moves all kinds to another table, with `cardinality` not 0 by the rest of their hash. */
static void rehash(struct service *service, uint32_t slot_count, uint32_t cardinality)
{
    struct kind *kinds = sm_alloc(slot_count, sizeof(*kinds));
    service->count = 0;
    for (uint32_t i = 0; i < service->slot_count; i++) {
        struct kind kind = service->kinds[i];
        if (!kind.is_used)
            continue;
        kind.hash = cardinality ? kind.hash % cardinality : kind.hash;
        struct kind *slot = slot_of(kinds, slot_count, kind.hash);
        service->count += !slot->is_used;
        *slot = kind;
    }
    free(service->kinds);
    service->kinds = kinds;
    service->slot_count = slot_count;
}

static uint32_t sign(const struct sm_datadog_rare_sampler *sampler, const struct service *service, const struct sm_datadog_span *span)
{
    uint32_t hash = sm_datadog_span_hash(span, (struct sm_slice){0}, true);
    return service->is_shrunk ? hash % (uint32_t)sampler->options.cardinality : hash;
}

static struct kind *find(struct service *service, uint32_t hash)
{
    struct kind *kind = service->slot_count ? slot_of(service->kinds, service->slot_count, hash) : NULL;
    return kind && kind->is_used ? kind : NULL;
}

static void add(struct sm_datadog_rare_sampler *sampler, struct service *service, uint64_t expires_ns, const struct sm_datadog_span *span)
{
    uint32_t hash = sign(sampler, service, span);
    struct kind *kind = find(service, hash);
    if (kind) {
        if (expires_ns >= kind->expires_ns + RENEWAL_NS)
            kind->expires_ns = expires_ns;
        return;
    }
    if (service->slot_count < 2 * (service->count + 1))
        rehash(service, service->slot_count ? 2 * service->slot_count : KINDS_MIN, 0);
    *slot_of(service->kinds, service->slot_count, hash) = (struct kind){.hash = hash, .is_used = true, .expires_ns = expires_ns};
    service->count++;
    if (service->count <= sampler->options.cardinality)
        return;
    rehash(service, service->slot_count, (uint32_t)sampler->options.cardinality);
    service->is_shrunk = true;
}

/* ---- traces */

static bool take_token(struct sm_datadog_rare_sampler *sampler, uint64_t now_ns)
{
    if (sampler->filled_ns && now_ns > sampler->filled_ns)
        sampler->tokens += (double)(now_ns - sampler->filled_ns) / (double)SM_NS_PER_S * sampler->options.per_s;
    if (sampler->tokens > BURST)
        sampler->tokens = BURST;
    if (now_ns > sampler->filled_ns)
        sampler->filled_ns = now_ns;
    if (sampler->tokens < 1)
        return false;
    sampler->tokens -= 1;
    return true;
}

static bool counts(const struct sm_datadog_span *span)
{
    const struct sm_datadog_map *metrics = &span->metrics;
    return sm_datadog_map_number(metrics, SM_SLICE("_top_level"), 0) == 1 || sm_datadog_map_number(metrics, SM_SLICE("_dd.top_level"), 0) == 1 ||
           sm_datadog_map_number(metrics, SM_SLICE("_dd.measured"), 0) == 1;
}

static bool is_rare(struct sm_datadog_rare_sampler *sampler, uint64_t now_ns, struct sm_slice env, struct sm_datadog_span *span,
                    struct sm_arena *arena)
{
    struct service *service = service_of(sampler, env, span->service);
    const struct kind *kind = service ? find(service, sign(sampler, service, span)) : NULL;
    if (!service || (kind && now_ns <= kind->expires_ns) || !take_token(sampler, now_ns))
        return false;
    add(sampler, service, now_ns + sampler->options.cooldown_ns, span);
    sm_datadog_map_set_number(&span->metrics, arena, SM_SLICE("_dd.rare"), 1);
    return true;
}

bool sm_datadog_rare_sampler_keeps(struct sm_datadog_rare_sampler *sampler, uint64_t now_ns, struct sm_slice env, struct sm_datadog_chunk *chunk,
                                   struct sm_arena *arena)
{
    bool is_kept = false;
    for (size_t i = 0; i < chunk->count && !is_kept; i++)
        is_kept = counts(&chunk->spans[i]) && is_rare(sampler, now_ns, env, &chunk->spans[i], arena);
    for (size_t i = 0; i < chunk->count && is_kept; i++) {
        struct service *service = counts(&chunk->spans[i]) ? service_of(sampler, env, chunk->spans[i].service) : NULL;
        if (service)
            add(sampler, service, now_ns + sampler->options.cooldown_ns, &chunk->spans[i]);
    }
    return is_kept;
}
