/* source.c - see source.h. Values that are no strings count as empty ones, as in the reference, except for the attribute "host". */
#include "datadog/source.h"

#include "base/bytes.h"
#include "telemetry/value.h"

static bool find_text(const struct sm_attributes *attributes, struct sm_slice key, struct sm_slice *text)
{
    struct sm_value value;
    if (!sm_attributes_find(attributes, key, &value))
        return false;
    *text = value.type == SM_VALUE_STRING ? value.string : (struct sm_slice){0};
    return true;
}

static bool has_text(const struct sm_attributes *attributes, struct sm_slice key, const char *expected)
{
    struct sm_slice text;
    return find_text(attributes, key, &text) && sm_slice_is(text, expected);
}

/* ---- clusters */

/* The last key "ec2.tag.kubernetes.io/cluster/NAME", up to a further slash. */
static bool aws_cluster(const struct sm_attributes *attributes, struct sm_slice *name)
{
    static const struct sm_slice prefix = {"ec2.tag.kubernetes.io/cluster/", sizeof("ec2.tag.kubernetes.io/cluster/") - 1};
    struct sm_attribute_cursor cursor = sm_attributes_begin(attributes);
    struct sm_attribute attribute;
    bool is_found = false;
    while (sm_attributes_next(&cursor, &attribute)) {
        if (!sm_slice_starts_with(attribute.key, prefix))
            continue;
        struct sm_slice rest = sm_slice_make(attribute.key.ptr + prefix.size, attribute.key.size - prefix.size);
        *name = sm_slice_cut(&rest, '/');
        is_found = true;
    }
    return is_found;
}

/* The last but one part of the resource group "MC_group_NAME_region". */
static bool azure_cluster(const struct sm_attributes *attributes, struct sm_slice *name)
{
    enum { PARTS_MIN = 4 };
    struct sm_slice rest, last = {0}, last_but_one = {0};
    if (!find_text(attributes, SM_SLICE("azure.resourcegroup.name"), &rest))
        return false;
    size_t count = 0;
    for (bool is_more = true; is_more; count++) {
        is_more = memchr(rest.ptr ? rest.ptr : "", '_', rest.size) != NULL;
        struct sm_slice part = sm_slice_cut(&rest, '_');
        if (count == 0 && !sm_slice_equal_nocase(part, SM_SLICE("mc")))
            return false;
        last_but_one = last;
        last = part;
    }
    *name = last_but_one;
    return count >= PARTS_MIN;
}

bool sm_datadog_cluster_name(const struct sm_attributes *attributes, struct sm_slice *name)
{
    if (find_text(attributes, SM_SLICE("k8s.cluster.name"), name))
        return true;
    if (has_text(attributes, SM_SLICE("cloud.provider"), "azure"))
        return azure_cluster(attributes, name);
    return has_text(attributes, SM_SLICE("cloud.provider"), "aws") && aws_cluster(attributes, name);
}

/* ---- hosts */

/* "NAME.PROJECT"; of a full name (instance.zone.c.project.internal) only the first part. */
static bool gcp_host(const struct sm_attributes *attributes, struct sm_arena *arena, struct sm_slice *host)
{
    enum { DOTS_OF_A_FULL_NAME = 3 };
    struct sm_slice name, account;
    if (!find_text(attributes, SM_SLICE("host.name"), &name) || !find_text(attributes, SM_SLICE("cloud.account.id"), &account))
        return false;
    size_t dots = 0;
    for (size_t i = 0; i < name.size; i++)
        dots += name.ptr[i] == '.';
    struct sm_slice rest = name;
    *host = sm_arena_join(arena, dots >= DOTS_OF_A_FULL_NAME ? sm_slice_cut(&rest, '.') : name, '.', account);
    return true;
}

static bool azure_host(const struct sm_attributes *attributes, struct sm_arena *arena, struct sm_slice *host)
{
    (void)arena;
    return find_text(attributes, SM_SLICE("host.id"), host) || find_text(attributes, SM_SLICE("host.name"), host);
}

static bool aws_host(const struct sm_attributes *attributes, struct sm_arena *arena, struct sm_slice *host)
{
    (void)arena;
    return find_text(attributes, SM_SLICE("host.id"), host);
}

static bool other_host(const struct sm_attributes *attributes, struct sm_arena *arena, struct sm_slice *host)
{
    struct sm_slice cluster;
    if (!find_text(attributes, SM_SLICE("k8s.node.name"), host))
        return azure_host(attributes, arena, host);
    if (sm_datadog_cluster_name(attributes, &cluster))
        *host = sm_arena_join(arena, *host, '-', cluster);
    return true;
}

static const struct {
    const char *provider; /* NULL: any other */
    bool (*find)(const struct sm_attributes *attributes, struct sm_arena *arena, struct sm_slice *host);
} clouds[] = {{"aws", aws_host}, {"gcp", gcp_host}, {"azure", azure_host}, {NULL, other_host}};

static bool is_fargate(const struct sm_attributes *attributes)
{
    return has_text(attributes, SM_SLICE("aws.ecs.launchtype"), "fargate");
}

static bool find_host(const struct sm_attributes *attributes, struct sm_arena *arena, struct sm_slice *host)
{
    struct sm_value literal;
    if (sm_attributes_find(attributes, SM_SLICE("host"), &literal)) {
        *host = sm_value_to_string(&literal, arena);
        return true;
    }
    if (find_text(attributes, SM_SLICE("datadog.host.name"), host))
        return true;
    if (is_fargate(attributes))
        return false;
    struct sm_slice provider = {0};
    find_text(attributes, SM_SLICE("cloud.provider"), &provider);
    size_t cloud = 0;
    while (clouds[cloud].provider && !sm_slice_is(provider, clouds[cloud].provider))
        cloud++;
    return clouds[cloud].find(attributes, arena, host);
}

static bool is_local_name(struct sm_slice host)
{
    static const char *const names[] = {"0.0.0.0", "127.0.0.1", "localhost", "localhost.localdomain", "localhost6.localdomain6", "ip6-localhost"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (sm_slice_is(host, names[i]))
            return true;
    return false;
}

struct sm_datadog_source sm_datadog_source(const struct sm_attributes *attributes, struct sm_arena *arena)
{
    struct sm_slice text;
    if (is_fargate(attributes) && find_text(attributes, SM_SLICE("aws.ecs.task.arn"), &text))
        return (struct sm_datadog_source){.kind = SM_DATADOG_SOURCE_FARGATE, .identifier = text};
    if (find_host(attributes, arena, &text) && !is_local_name(text))
        return (struct sm_datadog_source){.kind = SM_DATADOG_SOURCE_HOST, .identifier = text};
    return (struct sm_datadog_source){0};
}

/* ---- containers */

static const struct {
    const char *attribute, *tag;
} container_names[] = {
    {"container.id", "container_id"},
    {"container.name", "container_name"},
    {"container.image.name", "image_name"},
    {"container.image.tag", "image_tag"},
    {"container.runtime", "runtime"},
    {"cloud.provider", "cloud_provider"},
    {"cloud.region", "region"},
    {"cloud.availability_zone", "zone"},
    {"aws.ecs.task.family", "task_family"},
    {"aws.ecs.task.arn", "task_arn"},
    {"aws.ecs.cluster.arn", "ecs_cluster_name"},
    {"aws.ecs.task.revision", "task_version"},
    {"aws.ecs.container.arn", "ecs_container_name"},
    {"k8s.container.name", "kube_container_name"},
    {"k8s.cluster.name", "kube_cluster_name"},
    {"k8s.deployment.name", "kube_deployment"},
    {"k8s.replicaset.name", "kube_replica_set"},
    {"k8s.statefulset.name", "kube_stateful_set"},
    {"k8s.daemonset.name", "kube_daemon_set"},
    {"k8s.job.name", "kube_job"},
    {"k8s.cronjob.name", "kube_cronjob"},
    {"k8s.namespace.name", "kube_namespace"},
    {"k8s.pod.name", "pod_name"},
};

struct sm_slice sm_datadog_container_tag_name(struct sm_slice attribute)
{
    for (size_t i = 0; i < sizeof(container_names) / sizeof(container_names[0]); i++)
        if (sm_slice_is(attribute, container_names[i].attribute))
            return sm_slice_of(container_names[i].tag);
    return (struct sm_slice){0};
}

bool sm_datadog_tags_find(const struct sm_datadog_tags *tags, struct sm_slice key, struct sm_slice *value)
{
    for (size_t i = 0; i < tags->count; i++)
        if (sm_slice_equal(tags->items[i].key, key)) {
            *value = tags->items[i].value;
            return true;
        }
    return false;
}

/* A later value replaces an earlier one when `wins`. */
static void set_tag(struct sm_datadog_tags *tags, size_t *capacity, struct sm_arena *arena, struct sm_datadog_tag tag, bool wins)
{
    for (size_t i = 0; i < tags->count; i++) {
        if (!sm_slice_equal(tags->items[i].key, tag.key))
            continue;
        if (wins)
            tags->items[i].value = tag.value;
        return;
    }
    if (tags->count == *capacity)
        tags->items = sm_arena_grow(arena, tags->items, tags->count, capacity, tags->count + 1, sizeof(*tags->items));
    tags->items[tags->count++] = tag;
}

struct sm_datadog_tags sm_datadog_container_tags(const struct sm_attributes *attributes, struct sm_arena *arena)
{
    static const struct sm_slice custom = {"datadog.container.tag.", sizeof("datadog.container.tag.") - 1};
    struct sm_datadog_tags tags = {0};
    size_t capacity = 0;
    struct sm_attribute_cursor cursor = sm_attributes_begin(attributes);
    struct sm_attribute attribute;
    while (sm_attributes_next(&cursor, &attribute)) {
        if (attribute.value.type != SM_VALUE_STRING || attribute.value.string.size == 0)
            continue;
        struct sm_datadog_tag tag = {.key = sm_datadog_container_tag_name(attribute.key), .value = attribute.value.string};
        bool is_conventional = tag.key.size > 0;
        if (!is_conventional && sm_slice_starts_with(attribute.key, custom))
            tag.key = sm_slice_make(attribute.key.ptr + custom.size, attribute.key.size - custom.size);
        if (tag.key.size > 0)
            set_tag(&tags, &capacity, arena, tag, is_conventional);
    }
    return tags;
}
