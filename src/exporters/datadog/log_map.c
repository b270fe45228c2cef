/* log_map.c - see log_map.h. */
#include "exporters/datadog/log_map.h"

#include <ctype.h>
#include <time.h>

#include "base/clock.h"
#include "base/hex.h"
#include "datadog/resource_tags.h"
#include "datadog/source.h"
#include "telemetry/log_record.h"
#include "telemetry/span.h"
#include "wire/json_text.h"

enum { DEPTH_MAX = 10, KEY_SIZE_MAX = 20 };
static const char source_tag[] = "otel_source:datadog_exporter";

/* What an attribute is by its name, in lower case. */
enum role { ROLE_PLAIN, ROLE_MESSAGE, ROLE_STATUS, ROLE_TRACE_ID, ROLE_SPAN_ID, ROLE_TAGS };

static const struct {
    const char *name;
    enum role role;
} roles[] = {
    {"msg", ROLE_MESSAGE},
    {"message", ROLE_MESSAGE},
    {"log", ROLE_MESSAGE},
    {"status", ROLE_STATUS},
    {"severity", ROLE_STATUS},
    {"level", ROLE_STATUS},
    {"syslog.severity", ROLE_STATUS},
    {"traceid", ROLE_TRACE_ID},
    {"trace_id", ROLE_TRACE_ID},
    {"contextmap.traceid", ROLE_TRACE_ID},
    {"oteltraceid", ROLE_TRACE_ID},
    {"spanid", ROLE_SPAN_ID},
    {"span_id", ROLE_SPAN_ID},
    {"contextmap.spanid", ROLE_SPAN_ID},
    {"otelspanid", ROLE_SPAN_ID},
    {"ddtags", ROLE_TAGS},
};

static enum role role_of(struct sm_slice key)
{
    if (key.size > KEY_SIZE_MAX)
        return ROLE_PLAIN;
    for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++)
        if (sm_slice_equal_nocase(key, sm_slice_of(roles[i].name)))
            return roles[i].role;
    return ROLE_PLAIN;
}

/* ---- the resource */

static struct sm_slice join_tags(const struct sm_datadog_texts *tags, struct sm_arena *arena)
{
    struct sm_bytes out;
    sm_bytes_init(&out, arena);
    for (size_t i = 0; i < tags->count; i++) {
        if (i)
            sm_bytes_append_char(&out, ',');
        sm_bytes_append_slice(&out, tags->items[i]);
    }
    return sm_bytes_slice(&out);
}

static struct sm_slice find_host(const struct sm_attributes *attributes, struct sm_arena *arena)
{
    struct sm_datadog_source source = sm_datadog_source(attributes, arena);
    return source.kind == SM_DATADOG_SOURCE_HOST ? source.identifier : (struct sm_slice){0};
}

static struct sm_slice find_service(const struct sm_attributes *attributes, struct sm_arena *arena)
{
    struct sm_value value;
    return sm_attributes_find(attributes, SM_SLICE("service.name"), &value) ? sm_value_to_string(&value, arena) : (struct sm_slice){0};
}

void sm_log_map_begin(struct sm_log_map *map, struct sm_resource_group *group, struct sm_arena *arena)
{
    struct sm_attributes *resource = &group->resource.attributes;
    struct sm_datadog_texts tags = sm_datadog_resource_tags(resource, arena);
    *map = (struct sm_log_map){
        .arena = arena,
        ._resource = resource,
        ._tags = join_tags(&tags, arena),
        .host = find_host(resource, arena),
        .service = find_service(resource, arena),
    };
}

/* ---- attributes of a record */

struct record_map {
    struct sm_log_item *item;
    struct sm_arena *arena;
    struct sm_slice status;
};

static void set(struct record_map *map, struct sm_slice key, struct sm_slice text)
{
    sm_datadog_map_set_text(&map->item->attributes, map->arena, key, text);
}

static uint64_t big_endian(const uint8_t *bytes)
{
    uint64_t number = 0;
    for (int i = 0; i < 8; i++)
        number = number << 8 | bytes[i];
    return number;
}

/* The two names of an ID, and how many of its bytes Datadog takes: the last eight. */
struct id_names {
    struct sm_slice datadog, otel;
    size_t size;
};
static const struct id_names trace_names = {{"dd.trace_id", 11}, {"otel.trace_id", 13}, SM_TRACE_ID_SIZE};
static const struct id_names span_names = {{"dd.span_id", 10}, {"otel.span_id", 12}, SM_SPAN_ID_SIZE};

static void set_id(struct record_map *map, const struct id_names *names, const uint8_t *bytes, struct sm_slice text)
{
    set(map, names->datadog, sm_slice_of(sm_arena_printf(map->arena, "%llu", (unsigned long long)big_endian(bytes + names->size - 8))));
    set(map, names->otel, text);
}

/* An ID that stands in an attribute; the first one counts. False: it is none. */
static bool set_id_of_text(struct record_map *map, const struct id_names *names, struct sm_slice text)
{
    uint8_t bytes[SM_TRACE_ID_SIZE];
    if (text.size != 2 * names->size || !sm_hex_read(text, bytes))
        return false;
    if (!sm_datadog_map_text(&map->item->attributes, names->datadog).size)
        set_id(map, names, bytes, text);
    return true;
}

static void set_own_id(struct record_map *map, const struct id_names *names, struct sm_slice id)
{
    if (id.size == names->size)
        set_id(map, names, (const uint8_t *)id.ptr, sm_hex_text(id, map->arena));
}

/* Maps become attributes of their own: "a.b.c". */
static void flatten(struct record_map *map, struct sm_slice key, struct sm_value *value, unsigned depth)
{
    if (value->type != SM_VALUE_MAP || depth == DEPTH_MAX) {
        set(map, key, sm_value_to_string(value, map->arena));
        return;
    }
    struct sm_map *entries = sm_value_map(value, map->arena);
    for (size_t i = 0; i < entries->count; i++) {
        struct sm_slice name = sm_arena_join(map->arena, key, '.', entries->entries[i].key);
        flatten(map, name, &entries->entries[i].value, depth + 1);
    }
}

static void take_attribute(struct record_map *map, const struct sm_log_map *resource, struct sm_attribute *attribute)
{
    enum role role = role_of(attribute->key);
    if (role == ROLE_PLAIN) {
        flatten(map, attribute->key, &attribute->value, 1);
        return;
    }
    struct sm_slice text = sm_value_to_string(&attribute->value, map->arena);
    if (role == ROLE_MESSAGE)
        map->item->message = text;
    else if (role == ROLE_STATUS)
        map->status = text;
    else if (role == ROLE_TRACE_ID)
        map->item->has_bad_trace_id |= !set_id_of_text(map, &trace_names, text);
    else if (role == ROLE_SPAN_ID)
        map->item->has_bad_span_id |= !set_id_of_text(map, &span_names, text);
    else
        map->item->tags = resource->_tags.size ? sm_arena_join(map->arena, resource->_tags, ',', text) : text;
}

static void take_resource(struct record_map *map, const struct sm_attributes *resource)
{
    struct sm_attribute_cursor cursor = sm_attributes_begin(resource);
    struct sm_attribute attribute;
    while (sm_attributes_next(&cursor, &attribute)) {
        struct sm_slice key = attribute.key;
        if (sm_slice_is(key, "hostname"))
            key = SM_SLICE("otel.hostname"); /* the plain names are the record's own */
        else if (sm_slice_is(key, "service"))
            key = SM_SLICE("otel.service");
        set(map, key, sm_value_to_string(&attribute.value, map->arena));
    }
}

/* ---- severity and time */

static struct sm_slice status_of_number(int32_t severity)
{
    static const struct {
        int32_t last;
        const char *status;
    } ranges[] = {{4, "trace"}, {8, "debug"}, {12, "info"}, {16, "warn"}, {20, "error"}, {24, "fatal"}};
    for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++)
        if (severity <= ranges[i].last)
            return sm_slice_of(ranges[i].status);
    return SM_SLICE("error");
}

static void set_severity(struct record_map *map, const struct sm_log_record *record)
{
    if (record->severity_text.size) {
        map->status = map->status.size ? map->status : record->severity_text;
        set(map, SM_SLICE("otel.severity_text"), record->severity_text);
    }
    if (record->severity_number) {
        map->status = map->status.size ? map->status : status_of_number(record->severity_number);
        set(map, SM_SLICE("otel.severity_number"), sm_slice_of(sm_arena_printf(map->arena, "%d", (int)record->severity_number)));
    }
    set(map, SM_SLICE("status"), map->status);
}

static void set_time(struct record_map *map, uint64_t time_ns)
{
    enum { YEAR_BASE = 1900 };
    const int64_t second = (int64_t)SM_NS_PER_S;
    int64_t signed_ns = (int64_t)time_ns, rest = signed_ns % second, seconds = signed_ns / second;
    if (!time_ns)
        return;
    if (rest < 0) {
        rest += second;
        seconds--;
    }
    struct tm day;
    time_t clock = (time_t)seconds;
    if (!gmtime_r(&clock, &day))
        return;
    set(map, SM_SLICE("otel.timestamp"), sm_slice_of(sm_arena_printf(map->arena, "%lld", (long long)signed_ns)));
    set(map, SM_SLICE("@timestamp"),
        sm_slice_of(sm_arena_printf(map->arena, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", day.tm_year + YEAR_BASE, day.tm_mon + 1, day.tm_mday,
                                    day.tm_hour, day.tm_min, day.tm_sec, (int)(rest / (int64_t)SM_NS_PER_MS))));
}

/* ---- a record */

/* A record's host and service count when its resource names none, and go on to hold for the resource. */
static void take_host_and_service(struct sm_log_map *map, const struct sm_log_record *record)
{
    if (!map->host.size)
        map->host = sm_arena_copy(map->arena, find_host(&record->attributes, map->arena));
    if (!map->service.size)
        map->service = sm_arena_copy(map->arena, find_service(&record->attributes, map->arena));
}

struct sm_log_item sm_log_map_record(struct sm_log_map *map, struct sm_log_record *record, struct sm_arena *arena)
{
    take_host_and_service(map, record);
    struct sm_log_item item = {.host = map->host, .service = map->service};
    struct record_map fields = {.item = &item, .arena = arena};
    struct sm_attribute_cursor cursor = sm_attributes_begin(&record->attributes);
    struct sm_attribute attribute;
    while (sm_attributes_next(&cursor, &attribute))
        take_attribute(&fields, map, &attribute);
    take_resource(&fields, map->_resource);
    set_own_id(&fields, &trace_names, record->trace_id);
    set_own_id(&fields, &span_names, record->span_id);
    set_severity(&fields, record);
    set_time(&fields, record->time_ns);
    if (!item.message.size)
        item.message = sm_value_to_string(&record->body, arena);
    if (!item.tags.size)
        item.tags = map->_tags;
    item.tags = item.tags.size ? sm_arena_join(arena, item.tags, ',', sm_slice_of(source_tag)) : sm_slice_of(source_tag);
    return item;
}

static void put_field(struct sm_bytes *out, bool *is_first, struct sm_slice key, struct sm_slice text)
{
    sm_bytes_append_char(out, *is_first ? '{' : ',');
    *is_first = false;
    sm_json_put_string_strict(out, key);
    sm_bytes_append_char(out, ':');
    sm_json_put_string_strict(out, text);
}

void sm_log_item_put_json(const struct sm_log_item *item, bool with_tags, struct sm_bytes *out)
{
    const struct {
        struct sm_slice key, text;
        bool is_always;
    } fields[] = {
        {SM_SLICE("message"), item->message, true},
        {SM_SLICE("ddtags"), with_tags ? item->tags : (struct sm_slice){0}, false},
        {SM_SLICE("hostname"), item->host, false},
        {SM_SLICE("service"), item->service, false},
    };
    bool is_first = true;
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
        if ((fields[i].is_always || fields[i].text.size) && !sm_datadog_map_find(&item->attributes, fields[i].key))
            put_field(out, &is_first, fields[i].key, fields[i].text);
    for (uint32_t i = 0; i < item->attributes.count; i++)
        put_field(out, &is_first, item->attributes.entries[i].key, item->attributes.entries[i].text);
    sm_bytes_append_char(out, '}');
}
