/* service_rates.c - see service_rates.h. Of more than SERVICES_MAX services the one that was seen longest ago is forgotten. */
#include "datadog/service_rates.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/index.h"
#include "base/memory.h"
#include "wire/json_text.h"
#include "wire/number.h"

enum { SERVICES_MAX = 5000 };

struct noted {
    struct sm_hash128 hash;
    uint64_t signature, seen; /* `seen` counts notes */
    struct sm_slice service, env;
    char *texts; /* owned: service and env */
};

struct sm_datadog_service_rates {
    struct sm_slice env;
    struct sm_entries services;
    struct sm_index index;
    uint64_t notes;
    pthread_mutex_t lock; /* of what follows */
    struct sm_bytes answer;
    char version[SM_DATADOG_RATES_VERSION_SIZE];
};

struct sm_datadog_service_rates *sm_datadog_service_rates_create(struct sm_slice env)
{
    struct sm_datadog_service_rates *rates = sm_alloc(1, sizeof(*rates));
    rates->env = env;
    sm_entries_init(&rates->services, sizeof(struct noted));
    pthread_mutex_init(&rates->lock, NULL);
    return rates;
}

static void forget(struct sm_datadog_service_rates *rates, uint32_t number)
{
    struct noted *noted = sm_entries_at(&rates->services, number);
    sm_index_remove(&rates->index, noted->hash, number);
    free(noted->texts);
    sm_entries_remove(&rates->services, number);
}

void sm_datadog_service_rates_free(struct sm_datadog_service_rates *rates)
{
    if (!rates)
        return;
    for (uint32_t i = 0; i < sm_entries_limit(&rates->services); i++)
        if (sm_entries_has(&rates->services, i))
            forget(rates, i);
    sm_entries_deinit(&rates->services);
    sm_index_deinit(&rates->index);
    sm_bytes_deinit(&rates->answer);
    pthread_mutex_destroy(&rates->lock);
    free(rates);
}

/* ---- services */

static void forget_oldest(struct sm_datadog_service_rates *rates)
{
    uint32_t oldest = SM_INDEX_NONE;
    uint64_t seen = UINT64_MAX;
    for (uint32_t i = 0; i < sm_entries_limit(&rates->services); i++) {
        if (!sm_entries_has(&rates->services, i))
            continue;
        const struct noted *noted = sm_entries_at(&rates->services, i);
        if (noted->seen < seen) {
            seen = noted->seen;
            oldest = i;
        }
    }
    if (oldest != SM_INDEX_NONE)
        forget(rates, oldest);
}

void sm_datadog_service_rates_note(struct sm_datadog_service_rates *rates, struct sm_slice service, struct sm_slice env)
{
    uint64_t sizes[] = {service.size, sm_hash_with(sm_hash_secret(), service), sm_hash_with(~sm_hash_secret(), service),
                        sm_hash_with(sm_hash_secret(), env), sm_hash_with(~sm_hash_secret(), env)};
    struct sm_hash128 hash = sm_hash128(sm_hash_secret(), sm_slice_make(sizes, sizeof(sizes)));
    uint32_t number = sm_index_find(&rates->index, &rates->services, hash);
    if (number == SM_INDEX_NONE) {
        if (rates->services.count >= SERVICES_MAX)
            forget_oldest(rates);
        number = sm_entries_add(&rates->services, hash);
        sm_index_add(&rates->index, hash, number);
        struct noted *noted = sm_entries_at(&rates->services, number);
        noted->texts = sm_alloc(service.size + env.size + 1, 1);
        if (service.size)
            memcpy(noted->texts, service.ptr, service.size);
        if (env.size)
            memcpy(noted->texts + service.size, env.ptr, env.size);
        noted->service = sm_slice_make(noted->texts, service.size);
        noted->env = sm_slice_make(noted->texts + service.size, env.size);
        noted->signature = sm_datadog_service_signature(service, env);
    }
    ((struct noted *)sm_entries_at(&rates->services, number))->seen = ++rates->notes;
}

/* ---- the answer */

struct line {
    struct sm_slice key;
    double rate;
};

static int compare_lines(const void *a, const void *b)
{
    return sm_slice_compare(((const struct line *)a)->key, ((const struct line *)b)->key);
}

static struct line make_line(struct sm_slice service, struct sm_slice env, double rate, struct sm_arena *arena)
{
    const char *key = sm_arena_printf(arena, "service:%.*s,env:%.*s", SM_SLICE_ARGS(service), SM_SLICE_ARGS(env));
    return (struct line){.key = sm_slice_of(key), .rate = rate < 0 ? 0 : rate > 1 ? 1 : rate};
}

static void write_answer(const struct line *lines, size_t count, struct sm_bytes *out)
{
    sm_bytes_append_text(out, "{\"rate_by_service\":{");
    for (size_t i = 0; i < count; i++) {
        char number[SM_NUMBER_SIZE_MAX];
        if (i > 0 && sm_slice_equal(lines[i].key, lines[i - 1].key))
            continue;
        if (i > 0)
            sm_bytes_append_char(out, ',');
        sm_json_put_string_strict(out, lines[i].key);
        sm_bytes_append_char(out, ':');
        sm_bytes_append(out, number, sm_number_format(lines[i].rate, SM_NUMBER_ECMASCRIPT, number));
    }
    sm_bytes_append_text(out, "}}\n");
}

/* A new answer has a new version. */
static void set_answer(struct sm_datadog_service_rates *rates, struct sm_bytes *answer, int64_t now_s)
{
    static atomic_uint_fast64_t versions;
    pthread_mutex_lock(&rates->lock);
    if (!sm_slice_equal(sm_bytes_slice(answer), sm_bytes_slice(&rates->answer))) {
        struct sm_bytes old = rates->answer;
        rates->answer = *answer;
        *answer = old;
        snprintf(rates->version, sizeof(rates->version), "%" PRIx64 "-%" PRIx64, (uint64_t)now_s, (uint64_t)(atomic_fetch_add(&versions, 1) + 1));
    }
    pthread_mutex_unlock(&rates->lock);
}

void sm_datadog_service_rates_update(struct sm_datadog_service_rates *rates, const struct sm_datadog_rate_sampler *sampler, int64_t now_s)
{
    struct sm_arena arena = SM_ARENA_INIT;
    struct sm_bytes answer = {0};
    size_t count = 0;
    struct line *lines = sm_arena_alloc(&arena, (2 * (size_t)rates->services.count + 1) * sizeof(*lines));
    for (uint32_t i = 0; i < sm_entries_limit(&rates->services); i++) {
        if (!sm_entries_has(&rates->services, i))
            continue;
        const struct noted *noted = sm_entries_at(&rates->services, i);
        double rate;
        if (!sm_datadog_rate_sampler_known_rate(sampler, noted->signature, &rate)) {
            forget(rates, i);
            continue;
        }
        lines[count++] = make_line(noted->service, noted->env, rate, &arena);
        if (sm_slice_equal(noted->env, rates->env))
            lines[count++] = make_line(noted->service, (struct sm_slice){0}, rate, &arena);
    }
    lines[count++] = make_line((struct sm_slice){0}, (struct sm_slice){0}, sm_datadog_rate_sampler_default_rate(sampler), &arena);
    qsort(lines, count, sizeof(*lines), compare_lines);
    write_answer(lines, count, &answer);
    set_answer(rates, &answer, now_s);
    sm_bytes_deinit(&answer);
    sm_arena_deinit(&arena);
}

void sm_datadog_service_rates_answer(struct sm_datadog_service_rates *rates, struct sm_slice known, struct sm_bytes *out, char *version)
{
    pthread_mutex_lock(&rates->lock);
    if (version)
        memcpy(version, rates->version, sizeof(rates->version));
    if (known.size && sm_slice_is(known, rates->version))
        sm_bytes_append_text(out, "{}");
    else if (rates->answer.size)
        sm_bytes_append_slice(out, sm_bytes_slice(&rates->answer));
    else
        sm_bytes_append_text(out, "{\"rate_by_service\":{}}\n");
    pthread_mutex_unlock(&rates->lock);
}
