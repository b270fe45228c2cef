/* resource_tags.h - the tags that metrics and logs get from the attributes of their resource, and how a tag is written.
 *
 * Results are in `arena`. Any thread. Source: opentelemetry-mapping-go pkg/otlp/attributes v0.21.0 (TagsFromAttributes), pkg/otlp/metrics (utils). */
#pragma once

#include "base/arena.h"

struct sm_attributes;

struct sm_datadog_texts {
    struct sm_slice *items; /* borrowed: arena */
    size_t count, _capacity;
};
void sm_datadog_texts_add(struct sm_datadog_texts *texts, struct sm_arena *arena, struct sm_slice text);

/* "key:value"; an empty value is "n/a". */
struct sm_slice sm_datadog_tag_text(struct sm_slice key, struct sm_slice value, struct sm_arena *arena);

/* env, service, version; container, cloud and Kubernetes names; what runs and on which system. One may come twice. */
struct sm_datadog_texts sm_datadog_resource_tags(const struct sm_attributes *attributes, struct sm_arena *arena);
