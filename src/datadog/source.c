/* source.c - see source.h. Values that are no strings count as empty ones, as in the reference, except for the attribute "host". */
#include "datadog/source.h"

#include "base/bytes.h"
#include "telemetry/value.h"

/* ---- the attributes that are asked for, found in one walk */

enum wanted {
    HOST,
    DATADOG_HOST_NAME,
    ECS_LAUNCH_TYPE,
    ECS_TASK_ARN,
    CLOUD_PROVIDER,
    CLOUD_ACCOUNT_ID,
    NODE_NAME,
    CLUSTER_NAME,
    HOST_ID,
    HOST_NAME,
    AZURE_GROUP,
    WANTED_COUNT
};

#define KEY(text) {text, sizeof(text) - 1}
static const struct sm_slice wanted_keys[WANTED_COUNT] = {
    [HOST] = KEY("host"),
    [DATADOG_HOST_NAME] = KEY("datadog.host.name"),
    [ECS_LAUNCH_TYPE] = KEY("aws.ecs.launchtype"),
    [ECS_TASK_ARN] = KEY("aws.ecs.task.arn"),
    [CLOUD_PROVIDER] = KEY("cloud.provider"),
    [CLOUD_ACCOUNT_ID] = KEY("cloud.account.id"),
    [NODE_NAME] = KEY("k8s.node.name"),
    [CLUSTER_NAME] = KEY("k8s.cluster.name"),
    [HOST_ID] = KEY("host.id"),
    [HOST_NAME] = KEY("host.name"),
    [AZURE_GROUP] = KEY("azure.resourcegroup.name"),
};
#undef KEY

struct found {
    const struct sm_attributes *attributes; /* borrowed: all of them */
    struct sm_value values[WANTED_COUNT];
    bool is_there[WANTED_COUNT];
};

/* By their size alone most keys are none of those. */
static bool may_be_wanted(struct sm_slice key)
{
    const uint32_t sizes = 1u << 4 | 1u << 7 | 1u << 9 | 1u << 13 | 1u << 14 | 1u << 16 | 1u << 17 | 1u << 18 | 1u << 24;
    return key.size < 32 && (sizes >> key.size & 1);
}

/* Of equal keys the first counts. */
static void find_all(const struct sm_attributes *attributes, struct found *found)
{
    found->attributes = attributes;
    memset(found->is_there, 0, sizeof(found->is_there));
    struct sm_attribute_cursor cursor = sm_attributes_begin(attributes);
    struct sm_attribute attribute;
    while (sm_attributes_next(&cursor, &attribute)) {
        if (!may_be_wanted(attribute.key))
            continue;
        for (int i = 0; i < WANTED_COUNT; i++) {
            if (found->is_there[i] || !sm_slice_equal(attribute.key, wanted_keys[i]))
                continue;
            found->values[i] = attribute.value;
            found->is_there[i] = true;
        }
    }
}

static bool find_text(const struct found *found, enum wanted key, struct sm_slice *text)
{
    if (!found->is_there[key])
        return false;
    *text = found->values[key].type == SM_VALUE_STRING ? found->values[key].string : (struct sm_slice){0};
    return true;
}

static bool has_text(const struct found *found, enum wanted key, const char *expected)
{
    struct sm_slice text;
    return find_text(found, key, &text) && sm_slice_is(text, expected);
}

/* ---- clusters */

/* The last key "ec2.tag.kubernetes.io/cluster/NAME", up to a further slash. */
static bool aws_cluster(const struct found *found, struct sm_slice *name)
{
    static const struct sm_slice prefix = {"ec2.tag.kubernetes.io/cluster/", sizeof("ec2.tag.kubernetes.io/cluster/") - 1};
    struct sm_attribute_cursor cursor = sm_attributes_begin(found->attributes);
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
static bool azure_cluster(const struct found *found, struct sm_slice *name)
{
    enum { PARTS_MIN = 4 };
    struct sm_slice rest, last = {0}, last_but_one = {0};
    if (!find_text(found, AZURE_GROUP, &rest))
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

static bool cluster_name(const struct found *found, struct sm_slice *name)
{
    if (find_text(found, CLUSTER_NAME, name))
        return true;
    if (has_text(found, CLOUD_PROVIDER, "azure"))
        return azure_cluster(found, name);
    return has_text(found, CLOUD_PROVIDER, "aws") && aws_cluster(found, name);
}

/* ---- hosts */

/* "NAME.PROJECT"; of a full name (instance.zone.c.project.internal) only the first part. */
static bool gcp_host(const struct found *found, struct sm_arena *arena, struct sm_slice *host)
{
    enum { DOTS_OF_A_FULL_NAME = 3 };
    struct sm_slice name, account;
    if (!find_text(found, HOST_NAME, &name) || !find_text(found, CLOUD_ACCOUNT_ID, &account))
        return false;
    size_t dots = 0;
    for (size_t i = 0; i < name.size; i++)
        dots += name.ptr[i] == '.';
    struct sm_slice rest = name;
    *host = sm_arena_join(arena, dots >= DOTS_OF_A_FULL_NAME ? sm_slice_cut(&rest, '.') : name, '.', account);
    return true;
}

static bool azure_host(const struct found *found, struct sm_arena *arena, struct sm_slice *host)
{
    (void)arena;
    return find_text(found, HOST_ID, host) || find_text(found, HOST_NAME, host);
}

static bool aws_host(const struct found *found, struct sm_arena *arena, struct sm_slice *host)
{
    (void)arena;
    return find_text(found, HOST_ID, host);
}

static bool other_host(const struct found *found, struct sm_arena *arena, struct sm_slice *host)
{
    struct sm_slice cluster;
    if (!find_text(found, NODE_NAME, host))
        return azure_host(found, arena, host);
    if (cluster_name(found, &cluster))
        *host = sm_arena_join(arena, *host, '-', cluster);
    return true;
}

static const struct {
    const char *provider; /* NULL: any other */
    bool (*find)(const struct found *found, struct sm_arena *arena, struct sm_slice *host);
} clouds[] = {{"aws", aws_host}, {"gcp", gcp_host}, {"azure", azure_host}, {NULL, other_host}};

static bool is_fargate(const struct found *found)
{
    return has_text(found, ECS_LAUNCH_TYPE, "fargate");
}

static bool find_host(const struct found *found, struct sm_arena *arena, struct sm_slice *host)
{
    if (found->is_there[HOST]) {
        *host = sm_value_to_string(&found->values[HOST], arena);
        return true;
    }
    if (find_text(found, DATADOG_HOST_NAME, host))
        return true;
    if (is_fargate(found))
        return false;
    struct sm_slice provider = {0};
    find_text(found, CLOUD_PROVIDER, &provider);
    size_t cloud = 0;
    while (clouds[cloud].provider && !sm_slice_is(provider, clouds[cloud].provider))
        cloud++;
    return clouds[cloud].find(found, arena, host);
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
    struct found found;
    struct sm_slice text;
    find_all(attributes, &found);
    if (is_fargate(&found) && find_text(&found, ECS_TASK_ARN, &text))
        return (struct sm_datadog_source){.kind = SM_DATADOG_SOURCE_FARGATE, .identifier = text};
    if (find_host(&found, arena, &text) && !is_local_name(text))
        return (struct sm_datadog_source){.kind = SM_DATADOG_SOURCE_HOST, .identifier = text};
    return (struct sm_datadog_source){0};
}

/* ---- containers */

#define NAME(attribute, tag) {{attribute, sizeof(attribute) - 1}, {tag, sizeof(tag) - 1}}
static const struct {
    struct sm_slice attribute, tag;
} container_names[] = {
    NAME("container.id", "container_id"),
    NAME("container.name", "container_name"),
    NAME("container.image.name", "image_name"),
    NAME("container.image.tag", "image_tag"),
    NAME("container.runtime", "runtime"),
    NAME("cloud.provider", "cloud_provider"),
    NAME("cloud.region", "region"),
    NAME("cloud.availability_zone", "zone"),
    NAME("aws.ecs.task.family", "task_family"),
    NAME("aws.ecs.task.arn", "task_arn"),
    NAME("aws.ecs.cluster.arn", "ecs_cluster_name"),
    NAME("aws.ecs.task.revision", "task_version"),
    NAME("aws.ecs.container.arn", "ecs_container_name"),
    NAME("k8s.container.name", "kube_container_name"),
    NAME("k8s.cluster.name", "kube_cluster_name"),
    NAME("k8s.deployment.name", "kube_deployment"),
    NAME("k8s.replicaset.name", "kube_replica_set"),
    NAME("k8s.statefulset.name", "kube_stateful_set"),
    NAME("k8s.daemonset.name", "kube_daemon_set"),
    NAME("k8s.job.name", "kube_job"),
    NAME("k8s.cronjob.name", "kube_cronjob"),
    NAME("k8s.namespace.name", "kube_namespace"),
    NAME("k8s.pod.name", "pod_name"),
};
#undef NAME

struct sm_slice sm_datadog_container_tag_name(struct sm_slice attribute)
{
    for (size_t i = 0; i < sizeof(container_names) / sizeof(container_names[0]); i++)
        if (sm_slice_equal(attribute, container_names[i].attribute))
            return container_names[i].tag;
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
