/* source.h - where telemetry comes from, as Datadog reads it out of OTLP attributes: the host (or Fargate task), and the tags of the container.
 *
 * Results are texts of the attributes or in `arena`. Any thread.
 * Source: opentelemetry-mapping-go pkg/otlp/attributes v0.21.0 (attributes.go, source.go, ec2, gcp, azure). */
#pragma once

#include "base/arena.h"
#include "base/slice.h"

struct sm_attributes;

enum sm_datadog_source_kind { SM_DATADOG_SOURCE_NONE, SM_DATADOG_SOURCE_HOST, SM_DATADOG_SOURCE_FARGATE };

struct sm_datadog_source {
    enum sm_datadog_source_kind kind; /* NONE: the attributes do not say */
    struct sm_slice identifier;       /* the host's name, may be empty; the task's ARN */
};
struct sm_datadog_source sm_datadog_source(const struct sm_attributes *attributes, struct sm_arena *arena);

/* Datadog's name for a container attribute of the semantic conventions ("k8s.pod.name" is "pod_name"); empty: it is none. */
struct sm_slice sm_datadog_container_tag_name(struct sm_slice attribute);

struct sm_datadog_tag {
    struct sm_slice key, value;
};
struct sm_datadog_tags {
    struct sm_datadog_tag *items; /* borrowed: arena */
    size_t count;
};
/* The container's tags: by the semantic conventions, and "datadog.container.tag.NAME" for names that those do not give. In the attributes' order. */
struct sm_datadog_tags sm_datadog_container_tags(const struct sm_attributes *attributes, struct sm_arena *arena);
/* The value of one; false: absent. */
bool sm_datadog_tags_find(const struct sm_datadog_tags *tags, struct sm_slice key, struct sm_slice *value);
