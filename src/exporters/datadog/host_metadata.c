/* host_metadata.c - see host_metadata.h. A host that changes is built anew in an arena of its own, so that nothing old is held. */
#include "exporters/datadog/host_metadata.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/ascii.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/memory.h"
#include "datadog/resource_tags.h"
#include "exporters/datadog/host_facts.h"
#include "pipeline/worker.h"
#include "telemetry/batch.h"
#include "wire/compression.h"
#include "wire/json_text.h"

/* Of what senders say of hosts until the next round; this machine, whose facts are long, may have more than HOST_BYTES_MAX. */
enum { HOSTS_MAX = 10000, BUCKET_COUNT = 4096, HOST_BYTES_MAX = 64 * 1024, ALL_BYTES_MAX = 128 * 1024 * 1024, PACKING_LEVEL = 1 };

struct host {
    struct host *next;     /* of the bucket */
    struct sm_arena arena; /* owned: all that follows */
    bool is_own;           /* this machine, or the first resource: never forgotten */
    struct sm_slice name, instance_id, ec2_hostname;
    struct sm_datadog_texts tags, gcp_tags;
    struct sm_host_facts facts; /* the names only of this machine */
};

struct sm_host_metadata {
    struct sm_host_metadata *next;
    char *id; /* owned: the exporter's */
    unsigned references;
    struct sm_arena arena; /* owned: the facts */
    struct sm_host_facts facts;
    pthread_mutex_t lock; /* of what follows */
    bool has_begun;       /* this machine's metadata has been posted */
    struct host **hosts;  /* owned: BUCKET_COUNT lists, by the hash of the name */
    size_t host_count;
    size_t host_bytes; /* of their arenas */
    bool is_full;      /* that some do not fit has been told */
    uint64_t flush_ns; /* when all is to be posted again */
};

struct sm_host_metadata_lane {
    struct sm_host_metadata *metadata;
    const struct sm_datadog_exporter *exporter;
    struct sm_datadog_lane *posts; /* owned */
    struct sm_timer *timer;        /* owned; on one worker */
};

/* Those in use: main worker only. */
static struct sm_host_metadata *all;

/* ---- life */

struct sm_host_metadata *sm_host_metadata_retain(const struct sm_datadog_exporter *exporter)
{
    struct sm_host_metadata *metadata = all;
    while (metadata && strcmp(metadata->id, exporter->component->id) != 0)
        metadata = metadata->next;
    if (!metadata) {
        metadata = sm_alloc(1, sizeof(*metadata));
        metadata->id = sm_strdup(exporter->component->id);
        metadata->facts = sm_host_facts_collect(&metadata->arena);
        metadata->hosts = sm_alloc(BUCKET_COUNT, sizeof(*metadata->hosts));
        metadata->next = all;
        pthread_mutex_init(&metadata->lock, NULL);
        all = metadata;
    }
    metadata->references++;
    return metadata;
}

static void free_host(struct host *host)
{
    sm_arena_deinit(&host->arena);
    free(host);
}

/* What `*link` was. */
static struct host *unlink_host(struct sm_host_metadata *metadata, struct host **link)
{
    struct host *host = *link;
    *link = host->next;
    metadata->host_count--;
    metadata->host_bytes -= sm_arena_reserved_bytes(&host->arena);
    return host;
}

/* In the place of `*link`, which may be NULL: the end of a bucket. */
static void link_host(struct sm_host_metadata *metadata, struct host **link, struct host *host)
{
    if (*link)
        free_host(unlink_host(metadata, link));
    host->next = *link;
    *link = host;
    metadata->host_count++;
    metadata->host_bytes += sm_arena_reserved_bytes(&host->arena);
}

void sm_host_metadata_release(struct sm_host_metadata *metadata)
{
    if (!metadata || --metadata->references)
        return;
    struct sm_host_metadata **link = &all;
    while (*link != metadata)
        link = &(*link)->next;
    *link = metadata->next;
    for (size_t i = 0; i < BUCKET_COUNT; i++)
        while (metadata->hosts[i])
            free_host(unlink_host(metadata, &metadata->hosts[i]));
    free(metadata->hosts);
    pthread_mutex_destroy(&metadata->lock);
    sm_arena_deinit(&metadata->arena);
    free(metadata->id);
    free(metadata);
}

struct sm_datadog_intake *sm_host_metadata_intake(const struct sm_datadog_exporter_options *options, const struct sm_logger *logger,
                                                  struct sm_error *error)
{
    const struct sm_datadog_intake_settings settings = {
        .what = "host metadata",
        .user_agent = SM_DATADOG_API_USER_AGENT,
        .headers = "",
        .method = SM_SLICE("POST"),
        .content_type = SM_SLICE("application/json"),
        .content_encoding = SM_SLICE("gzip"),
        .retries = SM_DATADOG_RETRIES_ALL,
        .logger = logger,
    };
    return sm_datadog_intake_create(options, sm_datadog_url(options, &options->metrics.endpoint, "api", "/intake"), &settings, error);
}

/* ---- a payload */

static void put_separator(struct sm_bytes *out)
{
    char last = out->ptr[out->size - 1];
    if (last != '{' && last != '[')
        sm_bytes_append_char(out, ',');
}

static void put_key(struct sm_bytes *out, const char *key)
{
    put_separator(out);
    sm_bytes_printf(out, "\"%s\":", key);
}

static void put_text(struct sm_bytes *out, const char *key, struct sm_slice text)
{
    if (!text.size)
        return;
    put_key(out, key);
    sm_json_put_string_strict(out, text);
}

static void put_texts(struct sm_bytes *out, const char *key, const struct sm_datadog_texts *texts)
{
    if (!texts->count)
        return;
    put_key(out, key);
    sm_bytes_append_char(out, '[');
    for (size_t i = 0; i < texts->count; i++) {
        put_separator(out);
        sm_json_put_string_strict(out, texts->items[i]);
    }
    sm_bytes_append_char(out, ']');
}

static void put_map(struct sm_bytes *out, const char *key, const struct sm_datadog_map *map, struct sm_slice interfaces)
{
    put_key(out, key);
    sm_bytes_append_char(out, '{');
    for (uint32_t i = 0; i < map->count; i++) {
        put_separator(out);
        sm_json_put_string_strict(out, map->entries[i].key);
        sm_bytes_append_char(out, ':');
        sm_json_put_string_strict(out, map->entries[i].text);
    }
    if (interfaces.size) {
        put_key(out, "interfaces");
        sm_bytes_append_slice(out, interfaces);
    }
    sm_bytes_append_char(out, '}');
}

/* The machine's facts are a JSON text in JSON. */
static void put_facts(struct sm_bytes *out, const struct sm_host_facts *facts)
{
    struct sm_bytes text = {0};
    sm_bytes_append_char(&text, '{');
    put_map(&text, "cpu", &facts->cpu, (struct sm_slice){0});
    put_key(&text, "filesystem");
    sm_bytes_append_slice(&text, facts->filesystems.size ? facts->filesystems : SM_SLICE("[]"));
    put_map(&text, "memory", &facts->memory, (struct sm_slice){0});
    put_map(&text, "network", &facts->network, facts->interfaces);
    put_map(&text, "platform", &facts->platform, (struct sm_slice){0});
    sm_bytes_append_char(&text, '}');
    put_key(out, "gohai");
    sm_json_put_string_strict(out, sm_bytes_slice(&text));
    sm_bytes_deinit(&text);
}

static void put_host(struct sm_bytes *out, const struct host *host)
{
    sm_bytes_append_text(out, "{\"meta\":{\"hostname\":");
    sm_json_put_string_strict(out, host->name);
    put_text(out, "instance-id", host->instance_id);
    put_text(out, "ec2-hostname", host->ec2_hostname);
    put_text(out, "socket-hostname", host->facts.hostname);
    put_text(out, "socket-fqdn", host->facts.full_name);
    sm_bytes_append_text(out, "},\"internalHostname\":");
    sm_json_put_string_strict(out, host->name);
    sm_bytes_append_text(out, host->is_own ? ",\"otel_version\":\"" SPANMILL_VERSION "\",\"agent-flavor\":\"spanmill\",\"host-tags\":{"
                                           : ",\"otel_version\":\"\",\"agent-flavor\":\"otelcol-contrib\",\"host-tags\":{");
    put_texts(out, "otel", &host->tags);
    put_texts(out, "google cloud platform", &host->gcp_tags);
    sm_bytes_append_char(out, '}');
    put_facts(out, &host->facts);
    put_key(out, "resources");
    if (host->facts.processes.size) {
        sm_bytes_append_text(out, "{\"processes\":{\"snaps\":");
        sm_bytes_append_slice(out, host->facts.processes);
        sm_bytes_append_text(out, "},\"meta\":{\"host\":");
        sm_json_put_string_strict(out, host->name);
        sm_bytes_append_text(out, "}}");
    } else {
        sm_bytes_append_text(out, "null");
    }
    sm_bytes_append_char(out, '}');
}

static void post_host(struct sm_host_metadata_lane *lane, const struct host *host)
{
    struct sm_bytes text = {0}, packed = {0};
    struct sm_error error;
    put_host(&text, host);
    if (host->name.size && sm_compress(SM_COMPRESSION_GZIP, PACKING_LEVEL, sm_bytes_slice(&text), &packed, &error))
        sm_datadog_lane_post(lane->posts, &packed, NULL, NULL);
    sm_bytes_deinit(&packed);
    sm_bytes_deinit(&text);
}

/* ---- hosts, under the lock */

static struct host **find_host(struct sm_host_metadata *metadata, struct sm_slice name)
{
    struct host **link = &metadata->hosts[sm_hash(name) % BUCKET_COUNT];
    while (*link && !sm_slice_equal((*link)->name, name))
        link = &(*link)->next;
    return link;
}

static struct sm_datadog_map copy_map(const struct sm_datadog_map *map, struct sm_arena *arena)
{
    struct sm_datadog_map copy = {0};
    for (uint32_t i = 0; i < map->count; i++)
        sm_datadog_map_set_text(&copy, arena, sm_arena_copy(arena, map->entries[i].key), sm_arena_copy(arena, map->entries[i].text));
    return copy;
}

static struct sm_datadog_texts copy_texts(const struct sm_datadog_texts *texts, struct sm_arena *arena)
{
    struct sm_datadog_texts copy = {0};
    for (size_t i = 0; i < texts->count; i++)
        sm_datadog_texts_add(&copy, arena, sm_arena_copy(arena, texts->items[i]));
    return copy;
}

static struct sm_host_facts copy_facts(const struct sm_host_facts *facts, struct sm_arena *arena)
{
    return (struct sm_host_facts){
        .hostname = sm_arena_copy(arena, facts->hostname),
        .full_name = sm_arena_copy(arena, facts->full_name),
        .cpu = copy_map(&facts->cpu, arena),
        .memory = copy_map(&facts->memory, arena),
        .network = copy_map(&facts->network, arena),
        .platform = copy_map(&facts->platform, arena),
        .filesystems = sm_arena_copy(arena, facts->filesystems),
        .interfaces = sm_arena_copy(arena, facts->interfaces),
        .processes = sm_arena_copy(arena, facts->processes),
    };
}

static struct host *create_host(struct sm_slice name)
{
    struct host *host = sm_alloc(1, sizeof(*host));
    host->name = sm_arena_copy(&host->arena, name);
    return host;
}

static struct host *copy_host(const struct host *from)
{
    struct host *host = create_host(from->name);
    struct sm_arena *arena = &host->arena;
    host->is_own = from->is_own;
    host->instance_id = sm_arena_copy(arena, from->instance_id);
    host->ec2_hostname = sm_arena_copy(arena, from->ec2_hostname);
    host->tags = copy_texts(&from->tags, arena);
    host->gcp_tags = copy_texts(&from->gcp_tags, arena);
    host->facts = copy_facts(&from->facts, arena);
    return host;
}

/* ---- what a resource says of its host */

struct update {
    struct host *host;
    const struct sm_attributes *attributes;
    const struct sm_logger *logger;
    bool is_changed;
};

static void complain(const struct update *update, const char *attribute)
{
    sm_log(SM_LOG_WARN, update->logger, "failed to consume resource for host metadata", SM_LOG_STR("error", "the attribute has the wrong type"),
           SM_LOG_STR("attribute", attribute));
}

/* Strings and integers; false: absent, or something else. */
static bool find_field(const struct update *update, const char *attribute, struct sm_slice *text)
{
    struct sm_value value;
    if (!sm_attributes_find(update->attributes, sm_slice_of(attribute), &value))
        return false;
    if (value.type != SM_VALUE_STRING && value.type != SM_VALUE_INT) {
        complain(update, attribute);
        return false;
    }
    *text = sm_arena_copy(&update->host->arena, sm_value_to_string(&value, &update->host->arena));
    return true;
}

static void change_text(struct update *update, struct sm_slice *text, struct sm_slice new_text)
{
    update->is_changed |= !sm_slice_equal(*text, new_text);
    *text = new_text;
}

static void change_map(struct update *update, struct sm_datadog_map *map, const char *field, struct sm_slice text)
{
    struct sm_datadog_entry *entry = sm_datadog_map_find(map, sm_slice_of(field));
    update->is_changed |= !entry || !sm_slice_equal(entry->text, text);
    sm_datadog_map_set_text(map, &update->host->arena, sm_slice_of(field), text);
}

static const struct {
    const char *attribute, *field;
    bool is_cpu;
} field_rows[] = {
    {"os.description", "os", false},
    {"os.type", "GOOS", false},
    {"host.arch", "GOOARCH", false},
    {"host.arch", "processor", false},
    {"host.arch", "machine", false},
    {"host.arch", "hardware_platform", false},
    {"os.kernel.name", "kernel_name", false},
    {"os.kernel.release", "kernel_release", false},
    {"os.kernel.version", "kernel_version", false},
    {"host.cpu.vendor.id", "vendor_id", true},
    {"host.cpu.model.name", "model_name", true},
    {"host.cpu.cache.l2.size", "cache_size", true},
    {"host.cpu.family", "family", true},
    {"host.cpu.model.id", "model", true},
    {"host.cpu.stepping", "stepping", true},
};

/* Which attributes are tags of a host, besides "datadog.host.tag.NAME". */
static const struct {
    const char *attribute, *tag;
} tag_rows[] = {
    {"deployment.environment", "env"},    {"deployment.environment.name", "env"},
    {"k8s.cluster.name", "cluster_name"}, {"cloud.provider", "cloud_provider"},
    {"cloud.region", "region"},           {"cloud.availability_zone", "zone"},
};

static const struct sm_slice tag_prefix = {"datadog.host.tag.", sizeof("datadog.host.tag.") - 1};

static struct sm_slice tag_name(struct sm_slice key)
{
    if (sm_slice_starts_with(key, tag_prefix))
        return sm_slice_make(key.ptr + tag_prefix.size, key.size - tag_prefix.size);
    for (size_t i = 0; i < sizeof(tag_rows) / sizeof(tag_rows[0]); i++)
        if (sm_slice_is(key, tag_rows[i].attribute))
            return sm_slice_of(tag_rows[i].tag);
    return (struct sm_slice){0};
}

static int compare_texts(const void *a, const void *b)
{
    return sm_slice_compare(*(const struct sm_slice *)a, *(const struct sm_slice *)b);
}

static bool are_equal(const struct sm_datadog_texts *a, const struct sm_datadog_texts *b)
{
    bool is_equal = a->count == b->count;
    for (size_t i = 0; is_equal && i < a->count; i++)
        is_equal = sm_slice_equal(a->items[i], b->items[i]);
    return is_equal;
}

/* One attribute of a wrong type leaves the tags as they were. */
static void update_tags(struct update *update)
{
    struct sm_arena *arena = &update->host->arena;
    struct sm_datadog_texts tags = {0};
    struct sm_attribute_cursor cursor = sm_attributes_begin(update->attributes);
    struct sm_attribute attribute;
    while (sm_attributes_next(&cursor, &attribute)) {
        bool is_prefixed = sm_slice_starts_with(attribute.key, tag_prefix);
        struct sm_slice name = tag_name(attribute.key);
        if (!is_prefixed && !name.size)
            continue;
        if (attribute.value.type != SM_VALUE_STRING || (is_prefixed && !attribute.value.string.size)) {
            complain(update, sm_arena_strdup(arena, attribute.key));
            return;
        }
        sm_datadog_texts_add(&tags, arena, sm_arena_join(arena, name, ':', attribute.value.string));
    }
    if (tags.count)
        qsort(tags.items, tags.count, sizeof(*tags.items), compare_texts);
    update->is_changed |= !are_equal(&tags, &update->host->tags);
    update->host->tags = tags;
}

/* The strings of a list, one after the other; false: it is no list of strings. */
static bool find_list(const struct update *update, const char *attribute, struct sm_list **list)
{
    struct sm_value value;
    if (!sm_attributes_find(update->attributes, sm_slice_of(attribute), &value))
        return false;
    *list = value.type == SM_VALUE_LIST ? sm_value_list(&value, &update->host->arena) : NULL;
    bool is_fine = *list && (*list)->count > 0;
    for (size_t i = 0; is_fine && i < (*list)->count; i++)
        is_fine = (*list)->items[i].type == SM_VALUE_STRING;
    if (!is_fine)
        complain(update, attribute);
    return is_fine;
}

/* "AC-DE-48-23-45-67" is "ac:de:48:23:45:67". */
static struct sm_slice mac_text(struct sm_slice text, struct sm_arena *arena)
{
    char *out = sm_arena_strdup(arena, text);
    for (char *at = out; *at; at++)
        *at = *at == '-' ? ':' : sm_ascii_lower(*at);
    return sm_slice_make(out, text.size);
}

static bool is_ipv4(struct sm_slice address)
{
    size_t colons = 0;
    for (size_t i = 0; i < address.size; i++)
        colons += address.ptr[i] == ':';
    return colons < 2;
}

static void update_network(struct update *update)
{
    struct sm_datadog_map *network = &update->host->facts.network;
    struct sm_arena *arena = &update->host->arena;
    struct sm_list *list;
    bool has_ipv4 = false, has_ipv6 = false;
    if (find_list(update, "host.mac", &list))
        change_map(update, network, "macaddress", mac_text(list->items[0].string, arena));
    if (!find_list(update, "host.ip", &list))
        return;
    for (size_t i = 0; i < list->count && !(has_ipv4 && has_ipv6); i++) {
        struct sm_slice address = sm_arena_copy(arena, list->items[i].string);
        if (!has_ipv4 && is_ipv4(address)) {
            change_map(update, network, "ipaddress", address);
            has_ipv4 = true;
        } else if (!has_ipv6) {
            change_map(update, network, "ipaddressv6", address);
            has_ipv6 = true;
        }
    }
}

static void update_host(struct update *update)
{
    struct sm_slice text;
    update_tags(update);
    if (find_field(update, "cloud.provider", &text) && sm_slice_is(text, "aws")) {
        if (find_field(update, "host.id", &text))
            change_text(update, &update->host->instance_id, text);
        if (find_field(update, "host.name", &text))
            change_text(update, &update->host->ec2_hostname, text);
    }
    sm_datadog_map_set_text(&update->host->facts.platform, &update->host->arena, SM_SLICE("hostname"), update->host->name);
    for (size_t i = 0; i < sizeof(field_rows) / sizeof(field_rows[0]); i++)
        if (find_field(update, field_rows[i].attribute, &text))
            change_map(update, field_rows[i].is_cpu ? &update->host->facts.cpu : &update->host->facts.platform, field_rows[i].field, text);
    update_network(update);
}

/* Is the resource one that describes its host? */
static bool describes_host(struct sm_host_metadata_lane *lane, const struct sm_attributes *attributes)
{
    struct sm_value value;
    if (!sm_attributes_find(attributes, SM_SLICE("datadog.host.use_as_metadata"), &value))
        return false;
    if (value.type != SM_VALUE_BOOL)
        sm_log(SM_LOG_WARN, &lane->exporter->component->logger, "failed to consume resource for host metadata",
               SM_LOG_STR("error", "\"datadog.host.use_as_metadata\" is no boolean"));
    return value.type == SM_VALUE_BOOL && value.boolean;
}

static void tell_full(struct sm_host_metadata_lane *lane)
{
    if (!lane->metadata->is_full)
        sm_log(SM_LOG_WARN, &lane->exporter->component->logger, "Metadata of a host left out: there are too many hosts, or it is too large",
               SM_LOG_INT("hosts", lane->metadata->host_count), SM_LOG_INT("bytes", lane->metadata->host_bytes));
    lane->metadata->is_full = true;
}

static void take_host(struct sm_host_metadata_lane *lane, struct sm_slice name, const struct sm_attributes *attributes)
{
    struct sm_host_metadata *metadata = lane->metadata;
    struct host **link = find_host(metadata, name), *old = *link;
    if (!old && metadata->host_count >= HOSTS_MAX) {
        tell_full(lane);
        return;
    }
    struct update update = {.host = old ? copy_host(old) : create_host(name), .attributes = attributes, .logger = &lane->exporter->component->logger};
    update_host(&update);
    size_t bytes = sm_arena_reserved_bytes(&update.host->arena), old_bytes = old ? sm_arena_reserved_bytes(&old->arena) : 0;
    if ((bytes > HOST_BYTES_MAX && !update.host->is_own) || metadata->host_bytes - old_bytes + bytes > ALL_BYTES_MAX) {
        tell_full(lane);
        free_host(update.host);
        return;
    }
    link_host(metadata, link, update.host);
    if (old && update.is_changed)
        post_host(lane, update.host);
}

static void take_resource(struct sm_host_metadata_lane *lane, const struct sm_attributes *attributes)
{
    struct sm_arena arena = SM_ARENA_INIT;
    struct sm_datadog_source source = {0};
    if (describes_host(lane, attributes))
        source = sm_datadog_source(attributes, &arena);
    if (source.kind == SM_DATADOG_SOURCE_HOST)
        take_host(lane, source.identifier, attributes);
    sm_arena_deinit(&arena);
}

/* ---- this machine */

static void add_tag(struct host *host, struct sm_datadog_texts *tags, const char *name, const struct sm_attributes *attributes, const char *attribute)
{
    struct sm_value value;
    if (!sm_attributes_find(attributes, sm_slice_of(attribute), &value))
        return;
    struct sm_slice text = value.type == SM_VALUE_STRING ? value.string : (struct sm_slice){0};
    sm_datadog_texts_add(tags, &host->arena, sm_arena_join(&host->arena, sm_slice_of(name), ':', text));
}

static void add_ec2(struct host *host, const struct sm_attributes *attributes)
{
    static const struct sm_slice prefix = {"ec2.tag.", sizeof("ec2.tag.") - 1};
    struct sm_attribute_cursor cursor = sm_attributes_begin(attributes);
    struct sm_attribute attribute;
    while (sm_attributes_next(&cursor, &attribute)) {
        struct sm_slice text = attribute.value.type == SM_VALUE_STRING ? attribute.value.string : (struct sm_slice){0};
        if (sm_slice_is(attribute.key, "host.id"))
            host->instance_id = sm_arena_copy(&host->arena, text);
        else if (sm_slice_is(attribute.key, "host.name"))
            host->ec2_hostname = sm_arena_copy(&host->arena, text);
        if (!sm_slice_starts_with(attribute.key, prefix))
            continue;
        struct sm_slice name = sm_slice_make(attribute.key.ptr + prefix.size, attribute.key.size - prefix.size);
        sm_datadog_texts_add(&host->tags, &host->arena, sm_arena_join(&host->arena, name, ':', text));
    }
}

static void add_cloud(struct host *host, const struct sm_attributes *attributes)
{
    struct sm_value provider;
    if (!sm_attributes_find(attributes, SM_SLICE("cloud.provider"), &provider) || provider.type != SM_VALUE_STRING)
        return;
    if (sm_slice_is(provider.string, "aws"))
        add_ec2(host, attributes);
    if (!sm_slice_is(provider.string, "gcp"))
        return;
    add_tag(host, &host->gcp_tags, "instance-id", attributes, "host.id");
    add_tag(host, &host->gcp_tags, "zone", attributes, "cloud.availability_zone");
    add_tag(host, &host->gcp_tags, "instance-type", attributes, "host.type");
    add_tag(host, &host->gcp_tags, "project", attributes, "cloud.account.id");
}

/* With the attributes of the first resource, if that is whose metadata is wanted. */
static struct host *create_own(struct sm_host_metadata_lane *lane, const struct sm_attributes *attributes)
{
    const struct sm_datadog_host_metadata_options *options = &lane->exporter->options->host_metadata;
    struct sm_arena arena = SM_ARENA_INIT;
    struct sm_slice name = {0};
    bool is_of_resource = attributes && options->hostname_source == SM_DATADOG_HOSTNAME_FIRST_RESOURCE;
    struct sm_datadog_source source = {0};
    if (is_of_resource)
        source = sm_datadog_source(attributes, &arena);
    if (source.kind == SM_DATADOG_SOURCE_HOST)
        name = source.identifier;
    struct host *host = create_host(name.size ? name : sm_slice_of(lane->exporter->hostname));
    sm_arena_deinit(&arena);
    host->is_own = true;
    if (is_of_resource)
        add_cloud(host, attributes);
    for (size_t i = 0; i < options->tags.count; i++)
        sm_datadog_texts_add(&host->tags, &host->arena, sm_arena_copy(&host->arena, sm_slice_of(options->tags.items[i])));
    host->facts = copy_facts(&lane->metadata->facts, &host->arena);
    return host;
}

static void begin(struct sm_host_metadata_lane *lane, const struct sm_batch *batch)
{
    struct sm_host_metadata *metadata = lane->metadata;
    struct host *own = create_own(lane, batch->count ? &batch->groups[0].resource.attributes : NULL);
    link_host(metadata, find_host(metadata, own->name), own);
    metadata->has_begun = true;
    metadata->flush_ns = sm_clock_mono_ns() + lane->exporter->options->host_metadata.reporter_period_ns;
    post_host(lane, own);
}

void sm_host_metadata_take(struct sm_host_metadata_lane *lane, const struct sm_batch *batch)
{
    pthread_mutex_lock(&lane->metadata->lock);
    for (size_t i = 0; i < batch->count; i++)
        if (!batch->groups[i].dropped)
            take_resource(lane, &batch->groups[i].resource.attributes);
    if (!lane->metadata->has_begun)
        begin(lane, batch);
    pthread_mutex_unlock(&lane->metadata->lock);
}

/* ---- again and again */

/* All but this machine has to come again to be told again. */
static void post_bucket(struct sm_host_metadata_lane *lane, struct host **link)
{
    while (*link) {
        post_host(lane, *link);
        if ((*link)->is_own)
            link = &(*link)->next;
        else
            free_host(unlink_host(lane->metadata, link));
    }
}

static void on_timer(struct sm_worker *worker, void *context)
{
    struct sm_host_metadata_lane *lane = context;
    struct sm_host_metadata *metadata = lane->metadata;
    uint64_t now_ns = sm_clock_mono_ns(), period_ns = lane->exporter->options->host_metadata.reporter_period_ns;
    (void)worker;
    pthread_mutex_lock(&metadata->lock);
    if (now_ns >= metadata->flush_ns) { /* each instance has a timer: the first one does it */
        metadata->flush_ns = now_ns + period_ns / 2;
        metadata->is_full = false;
        for (size_t i = 0; i < BUCKET_COUNT; i++)
            post_bucket(lane, &metadata->hosts[i]);
    }
    pthread_mutex_unlock(&metadata->lock);
}

/* ---- lanes */

struct sm_host_metadata_lane *sm_host_metadata_lane_create(struct sm_host_metadata *metadata, const struct sm_datadog_exporter *exporter,
                                                           struct sm_datadog_intake *intake, struct sm_worker *worker)
{
    struct sm_host_metadata_lane *lane = sm_alloc(1, sizeof(*lane));
    *lane = (struct sm_host_metadata_lane){.metadata = metadata, .exporter = exporter, .posts = sm_datadog_lane_create(intake, worker)};
    if (sm_worker_index(worker) == 0) {
        lane->timer = sm_timer_create(worker, on_timer, lane);
        sm_timer_arm(lane->timer, exporter->options->host_metadata.reporter_period_ns, true);
    }
    return lane;
}

void sm_host_metadata_lane_free(struct sm_host_metadata_lane *lane)
{
    if (!lane)
        return;
    sm_timer_free(lane->timer);
    sm_datadog_lane_free(lane->posts);
    free(lane);
}
