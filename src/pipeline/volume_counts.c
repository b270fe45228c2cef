/* volume_counts.c - see volume_counts.h: series in a table by service and environment. The environment is deployment.environment.name, else
 * deployment.environment, else env. */
#include "pipeline/volume_counts.h"

#include <stdlib.h>

#include "base/memory.h"
#include "base/utf8.h"
#include "pipeline/label_table.h"
#include "pipeline/own_metrics.h"
#include "telemetry/batch.h"
#include "telemetry/otlp_part.h"
#include "telemetry/span.h"

/* Longer names are cut, in bytes. */
enum { NAME_SIZE_MAX = 200 };
static const char other[] = "_other";

/* Immutable. */
struct entry {
    char service[NAME_SIZE_MAX + 1], environment[NAME_SIZE_MAX + 1];
    struct sm_instrument *spans, *bytes;
};

struct sm_volume_counts {
    const struct sm_own_metric *spans, *bytes; /* borrowed */
    struct sm_own_attribute component;
    struct sm_label_table *entries; /* owned */
};

struct sm_volume_counts *sm_volume_counts_create(const struct sm_own_metric *spans, const struct sm_own_metric *bytes, const char *name,
                                                 const char *value, size_t limit)
{
    struct sm_volume_counts *counts = sm_alloc(1, sizeof(*counts));
    *counts = (struct sm_volume_counts){.spans = spans, .bytes = bytes, .component = {name, value}, .entries = sm_label_table_create(limit)};
    return counts;
}

void sm_volume_counts_free(struct sm_volume_counts *counts)
{
    if (!counts)
        return;
    sm_label_table_free(counts->entries);
    free(counts);
}

/* ---- series */

struct combination {
    const struct sm_volume_counts *counts;
    struct sm_slice service, environment;
};

static void *create_entry(const void *context, bool is_overflow)
{
    const struct combination *of = context;
    struct entry *entry = sm_alloc(1, sizeof(*entry));
    /* Sound ones: who reads own metrics may refuse all of them for one wrong byte. */
    sm_utf8_copy(is_overflow ? sm_slice_of(other) : of->service, entry->service, NAME_SIZE_MAX);
    sm_utf8_copy(is_overflow ? sm_slice_of(other) : of->environment, entry->environment, NAME_SIZE_MAX);
    const struct sm_own_attribute attributes[] = {of->counts->component, {"service", entry->service}, {"environment", entry->environment}};
    entry->spans = sm_instrument_get(of->counts->spans, attributes, 3);
    entry->bytes = sm_instrument_get(of->counts->bytes, attributes, 3);
    return entry;
}

/* ---- counting */

static struct sm_slice text_of(const struct sm_attributes *attributes, struct sm_slice key)
{
    struct sm_value value;
    return sm_attributes_find(attributes, key, &value) && value.type == SM_VALUE_STRING ? value.string : (struct sm_slice){0};
}

static struct sm_slice environment_of(const struct sm_attributes *attributes)
{
    static const char *const keys[] = {"deployment.environment.name", "deployment.environment", "env"};
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        struct sm_slice found = text_of(attributes, sm_slice_of(keys[i]));
        if (found.size)
            return found;
    }
    return (struct sm_slice){0};
}

static const struct entry *entry_of(struct sm_volume_counts *counts, const struct sm_resource *resource)
{
    const struct combination of = {
        .counts = counts, .service = text_of(&resource->attributes, SM_SLICE("service.name")), .environment = environment_of(&resource->attributes)};
    struct sm_hash128 key = sm_hash128(sm_hash_with(sm_hash_secret(), of.service), of.environment);
    return sm_label_table_get(counts->entries, key, create_entry, &of);
}

void sm_volume_counts_add(struct sm_volume_counts *counts, const struct sm_batch *batch)
{
    struct sm_arena arena = SM_ARENA_INIT; /* for what did not come as OTLP, or was changed */
    for (size_t g = 0; g < batch->count; g++) {
        const struct sm_resource_group *group = &batch->groups[g];
        size_t spans = 0, bytes = sm_otlp_resource_bytes(&group->resource, &arena).size;
        for (size_t s = 0; s < group->count; s++) {
            const struct sm_scope_group *scope = &group->scopes[s];
            for (size_t i = 0; i < scope->count; i++) {
                spans += !scope->spans[i].dropped;
                bytes += scope->spans[i].dropped ? 0 : sm_otlp_span_bytes(&scope->spans[i], &arena).size;
            }
        }
        if (group->dropped || spans == 0)
            continue;
        const struct entry *entry = entry_of(counts, &group->resource);
        sm_instrument_add(entry->spans, (int64_t)spans);
        sm_instrument_add(entry->bytes, (int64_t)bytes);
    }
    sm_arena_deinit(&arena);
}

/* ---- looking */

struct visitor {
    void (*visit)(const struct sm_volume *volume, void *context);
    void *context;
};

static void visit_entry(void *item, void *context)
{
    const struct entry *entry = item;
    const struct visitor *visitor = context;
    const struct sm_volume volume = {
        .service = entry->service,
        .environment = entry->environment,
        .spans = sm_instrument_count(entry->spans),
        .bytes = sm_instrument_count(entry->bytes),
    };
    visitor->visit(&volume, visitor->context);
}

void sm_volume_counts_visit(const struct sm_volume_counts *counts, void (*visit)(const struct sm_volume *volume, void *context), void *context)
{
    struct visitor visitor = {.visit = visit, .context = context};
    sm_label_table_visit(counts->entries, visit_entry, &visitor);
}
