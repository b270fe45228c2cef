/* otlp_resource.h - what an OTLP resource gives to its payload and its spans, remembered by its bytes: senders name the same few resources with every
 * request, and of each there are only some spans left when traces were sampled before.
 *
 * All zero is a memory of nothing. It is touched by one thread at a time. For otlp_span.c. Source: datadog-agent pkg/trace/api/otlp.go, 0.59.0. */
#pragma once

#include "base/hash.h"
#include "datadog/source.h"
#include "datadog/span.h"

struct sm_attributes;

/* Immutable. */
struct sm_datadog_otlp_resource {
    struct sm_datadog_span template; /* what every span takes over */
    struct sm_datadog_shared shared; /* its meta */
    struct sm_datadog_payload payload;
    struct sm_slice env_tag;         /* the payload's environment normalised; there the text is as it came, empty: the resource names none */
    struct sm_datadog_source source; /* may be none */
};

enum { SM_DATADOG_RESOURCE_SETS = 32, SM_DATADOG_RESOURCE_WAYS = 4 }; /* at most 128 resources are known; ways are searched one after the other */

struct sm_datadog_otlp_resources {
    struct sm_datadog_known_resource {
        struct sm_hash128 hash;
        struct sm_arena arena;                           /* owned: the resource */
        const struct sm_datadog_otlp_resource *resource; /* NULL: free */
    } _known[SM_DATADOG_RESOURCE_SETS][SM_DATADOG_RESOURCE_WAYS];
    uint8_t _next[SM_DATADOG_RESOURCE_SETS]; /* the way that is replaced next */
};

void sm_datadog_otlp_resources_deinit(struct sm_datadog_otlp_resources *resources);
/* Valid until the next call, and as long as `arena`, in which it is made when it cannot be remembered (it was changed, or is large). */
const struct sm_datadog_otlp_resource *sm_datadog_otlp_resource_of(struct sm_datadog_otlp_resources *resources,
                                                                   const struct sm_attributes *attributes, struct sm_arena *arena)
    __attribute__((returns_nonnull));
