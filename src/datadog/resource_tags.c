/* resource_tags.c - see resource_tags.h. Stateless. Values that are no strings count as empty ones, as in the reference. */
#include "datadog/resource_tags.h"

#include "base/bytes.h"
#include "datadog/source.h"
#include "telemetry/value.h"

/* Left out when empty. The misspelt name is the reference's. */
static const struct {
    const char *attribute, *tag;
} renamed[] = {
    {"deployment.environment", "env"},
    {"deployment.environment.name", "env"},
    {"service.name", "service"},
    {"service.version", "version"},
    {"tags.datadoghq.com/env", "env"},
    {"tags.datadoghq.com/service", "service"},
    {"tags.datadoghq.com/version", "version"},
    {"app.kubernetes.io/name", "kube_app_name"},
    {"app.kubernetes.io/instance", "kube_app_instance"},
    {"app.kubernetes.io/version", "kube_app_version"},
    {"app.kuberenetes.io/component", "kube_app_component"},
    {"app.kubernetes.io/part-of", "kube_app_part_of"},
    {"app.kubernetes.io/managed-by", "kube_app_managed_by"},
};

/* Tags of Datadog's own that are taken as they are, also empty. */
static const char *const known[] = {
    "architecture",
    "availability-zone",
    "chronos_job",
    "chronos_job_owner",
    "cluster_name",
    "container_id",
    "container_name",
    "dd_remote_config_id",
    "dd_remote_config_rev",
    "display_container_name",
    "docker_image",
    "ecs_cluster_name",
    "ecs_container_name",
    "eks_fargate_node",
    "env",
    "git.commit.sha",
    "git.repository_url",
    "image_id",
    "image_name",
    "image_tag",
    "kube_app_component",
    "kube_app_instance",
    "kube_app_managed_by",
    "kube_app_name",
    "kube_app_part_of",
    "kube_app_version",
    "kube_container_name",
    "kube_cronjob",
    "kube_daemon_set",
    "kube_deployment",
    "kube_job",
    "kube_namespace",
    "kube_ownerref_kind",
    "kube_ownerref_name",
    "kube_priority_class",
    "kube_qos",
    "kube_replica_set",
    "kube_replication_controller",
    "kube_service",
    "kube_stateful_set",
    "language",
    "marathon_app",
    "mesos_task",
    "nomad_dc",
    "nomad_group",
    "nomad_job",
    "nomad_namespace",
    "nomad_task",
    "os_name",
    "os_version",
    "oshift_deployment",
    "oshift_deployment_config",
    "persistentvolumeclaim",
    "pod_name",
    "pod_phase",
    "rancher_container",
    "rancher_service",
    "rancher_stack",
    "region",
    "service",
    "short_image",
    "swarm_namespace",
    "swarm_service",
    "task_arn",
    "task_family",
    "task_name",
    "task_version",
    "version",
};

/* What runs: the first of these that is there. */
static const char *const processes[] = {"process.executable.name", "process.executable.path", "process.command", "process.command_line"};
enum { PROCESS_COUNT = sizeof(processes) / sizeof(processes[0]) };

void sm_datadog_texts_add(struct sm_datadog_texts *texts, struct sm_arena *arena, struct sm_slice text)
{
    if (texts->count == texts->_capacity)
        texts->items = sm_arena_grow(arena, texts->items, texts->count, &texts->_capacity, texts->count + 1, sizeof(*texts->items));
    texts->items[texts->count++] = text;
}

struct sm_slice sm_datadog_tag_text(struct sm_slice key, struct sm_slice value, struct sm_arena *arena)
{
    return sm_arena_join(arena, key, ':', value.size ? value : SM_SLICE("n/a"));
}

static bool is_known(struct sm_slice key)
{
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (sm_slice_is(key, known[i]))
            return true;
    return false;
}

static void add_attribute(struct sm_datadog_texts *tags, struct sm_slice key, struct sm_slice value, struct sm_arena *arena)
{
    for (size_t i = 0; value.size && i < sizeof(renamed) / sizeof(renamed[0]); i++)
        if (sm_slice_is(key, renamed[i].attribute))
            sm_datadog_texts_add(tags, arena, sm_arena_join(arena, sm_slice_of(renamed[i].tag), ':', value));
    if (is_known(key))
        sm_datadog_texts_add(tags, arena, sm_arena_join(arena, key, ':', value));
}

struct sm_datadog_texts sm_datadog_resource_tags(const struct sm_attributes *attributes, struct sm_arena *arena)
{
    struct sm_datadog_texts tags = {0};
    struct sm_slice process[PROCESS_COUNT] = {{0}}, system = {0};
    struct sm_attribute_cursor cursor = sm_attributes_begin(attributes);
    struct sm_attribute attribute;
    while (sm_attributes_next(&cursor, &attribute)) {
        struct sm_slice value = attribute.value.type == SM_VALUE_STRING ? attribute.value.string : (struct sm_slice){0};
        for (size_t i = 0; i < PROCESS_COUNT; i++)
            if (sm_slice_is(attribute.key, processes[i]))
                process[i] = value;
        if (sm_slice_is(attribute.key, "os.type"))
            system = value;
        add_attribute(&tags, attribute.key, value, arena);
    }
    struct sm_datadog_tags container = sm_datadog_container_tags(attributes, arena);
    for (size_t i = 0; i < container.count; i++)
        sm_datadog_texts_add(&tags, arena, sm_arena_join(arena, container.items[i].key, ':', container.items[i].value));
    size_t first = 0;
    while (first < PROCESS_COUNT && !process[first].size)
        first++;
    if (first < PROCESS_COUNT)
        sm_datadog_texts_add(&tags, arena, sm_arena_join(arena, sm_slice_of(processes[first]), ':', process[first]));
    if (system.size)
        sm_datadog_texts_add(&tags, arena, sm_arena_join(arena, SM_SLICE("os.type"), ':', system));
    return tags;
}
