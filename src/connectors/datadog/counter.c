/* counter.c - see counter.h.
 *
 * Of spans with one ID the last counts: requests are walked from their end. One walk is enough where kinds tell which spans are a service's entry;
 * otherwise the parent's service decides, and a walk before it notes the services by span ID. A group is found by a hash of everything its key is
 * made of (attributes as they are, names before they are normalised); the key itself is made only for a group that is new. Different raw texts with
 * one key meet again in the harvest. Groups are far more than the caches hold: spans wait in a block while what they change is fetched. */
#include "connectors/datadog/counter.h"

#include <stdlib.h>

#include "base/memory.h"
#include "config/gates.h"
#include "connectors/datadog/span_ids.h"
#include "datadog/names.h"
#include "datadog/obfuscate.h"
#include "datadog/otlp_names_v2.h"
#include "datadog/otlp_rules.h"
#include "datadog/peer_tags.h"
#include "datadog/source.h"
#include "telemetry/span.h"

enum {
    BLOCK_SPANS = 16,
    AHEAD = 4, /* spans by which their bytes are fetched before they are looked at */
    LINE = 64,
    FETCHED_MAX = 8 * LINE, /* of a span's attributes; the rest of longer ones follows by itself */
};

struct sm_stats_plan {
    const struct sm_otlp_keys *keys;
    struct sm_otlp_rules rules;
    struct sm_stats_texts peer_tags;
    const struct sm_datadog_connector_options *options;
    uint8_t counted_kinds;   /* bit n: spans of kind n count whatever else they are */
    uint8_t top_level_kinds; /* bit n: spans of kind n are service entries; used with by_kind */
    bool by_kind;
};

/* A span that is to be counted. */
struct waiting {
    struct sm_stats_interval *interval; /* borrowed: the concentrator's */
    struct sm_hash128 hash;             /* of its raw key */
    const struct sm_scope *scope;       /* borrowed: the batch's, like the next */
    const struct sm_span *span;
    struct sm_stats_group *group; /* borrowed: the interval's; set when the block is counted */
    struct sm_stats_facts facts;
};

/* What the hashes of a raw key's parts begin with. */
enum key_part { KEY_RESOURCE, KEY_KIND, KEY_SPAN_NAME, KEY_SCOPE_NAME, KEY_OPERATION, KEY_RESOURCE_NAME, KEY_TYPE, KEY_PART_COUNT };

struct sm_stats_counter {
    const struct sm_stats_plan *plan; /* borrowed */
    struct sm_concentrator *concentrator;
    struct sm_span_ids ids;
    struct sm_otlp_view view;
    struct sm_arena scratch; /* of one request */
    uint64_t seeds[KEY_PART_COUNT];
    struct sm_datadog_obfuscator obfuscator; /* with default settings */
    /* the resource and the scope at hand */
    const struct sm_attributes *resource;
    struct sm_hash128 resource_hash, scope_hash;
    struct waiting block[BLOCK_SPANS]; /* spans of that resource */
    size_t waiting_count;
};

/* ---- plan */

static uint8_t kind_bit(int32_t kind)
{
    return (uint8_t)(kind >= 0 && kind < 8 ? 1u << kind : 0);
}

const struct sm_stats_plan *sm_stats_plan_create(const struct sm_datadog_connector_options *options, struct sm_arena *arena)
{
    const struct sm_datadog_trace_options *common = &options->traces.common;
    struct sm_stats_plan *plan = sm_arena_zalloc(arena, 1, sizeof(*plan));
    plan->options = options;
    if (common->peer_tags_aggregation)
        plan->peer_tags = sm_peer_tag_keys(&common->peer_tags, arena);
    plan->keys = sm_otlp_keys_create(&plan->peer_tags, arena);
    plan->rules = (struct sm_otlp_rules){.span_name_as_resource_name = common->span_name_as_resource_name,
                                         .has_names_v2 = sm_datadog_has_names_v2(common, sm_gate_is_on(SM_GATE_DATADOG_NAMES_V2)),
                                         .remappings = sm_datadog_remappings(&common->span_name_remappings, arena)};
    uint8_t entries = kind_bit(SM_SPAN_KIND_SERVER) | kind_bit(SM_SPAN_KIND_CONSUMER);
    uint8_t calls = kind_bit(SM_SPAN_KIND_CLIENT) | kind_bit(SM_SPAN_KIND_PRODUCER);
    plan->by_kind = common->compute_top_level_by_span_kind;
    plan->top_level_kinds = entries;
    plan->counted_kinds =
        (uint8_t)((common->compute_stats_by_span_kind ? entries | calls : 0) | (common->compute_top_level_by_span_kind ? calls : 0));
    return plan;
}

const struct sm_stats_texts *sm_stats_plan_peer_tags(const struct sm_stats_plan *plan)
{
    return &plan->peer_tags;
}

/* ---- the walk before */

static uint64_t read_id(struct sm_slice id)
{
    uint64_t number = 0;
    if (id.size == sizeof(number))
        memcpy(&number, id.ptr, sizeof(number));
    return number;
}

static bool has_trace_id(const struct sm_span *span)
{
    uint64_t halves[2] = {0, 0};
    if (span->trace_id.size == sizeof(halves))
        memcpy(halves, span->trace_id.ptr, sizeof(halves));
    return (halves[0] | halves[1]) != 0;
}

static struct sm_slice service_name(const struct sm_attributes *attributes, struct sm_arena *scratch)
{
    struct sm_value value;
    if (!sm_attributes_find(attributes, SM_SLICE("service.name"), &value))
        return (struct sm_slice){0};
    return sm_value_to_string(&value, scratch);
}

static uint64_t hash_service(struct sm_stats_counter *counter, struct sm_slice name)
{
    return sm_hash_with(sm_hash_secret(), sm_otlp_normal_service(name, &counter->scratch));
}

static void fetch_attributes(struct sm_slice raw)
{
    for (size_t at = 0; at < raw.size && at < FETCHED_MAX; at += LINE)
        __builtin_prefetch(raw.ptr + at);
}

/* What is read of the spans before the `i`th, which is at hand. */
static void look_ahead(const struct sm_stats_counter *counter, const struct sm_scope_group *scope, size_t i)
{
    const struct sm_span *span = &scope->spans[i];
    if (i >= 2 * AHEAD) {
        __builtin_prefetch(span[-2 * AHEAD].span_id.ptr);
        if (counter->plan->counted_kinds & kind_bit(span[-2 * AHEAD].kind))
            fetch_attributes(span[-2 * AHEAD].attributes.raw);
    }
    if (i >= AHEAD)
        sm_span_ids_prefetch(&counter->ids, read_id(span[-AHEAD].span_id));
}

static void note_scope(struct sm_stats_counter *counter, const struct sm_scope_group *scope, bool has_service, uint64_t service, uint32_t *ordinal)
{
    for (size_t i = scope->count; i-- > 0;) {
        const struct sm_span *span = &scope->spans[i];
        uint64_t id = read_id(span->span_id);
        uint32_t number = (*ordinal)++;
        look_ahead(counter, scope, i);
        if (span->dropped || id == 0 || !has_trace_id(span))
            continue;
        if (!has_service)
            service = hash_service(counter, service_name(&span->attributes, &counter->scratch));
        sm_span_ids_put(&counter->ids, id, number, service);
    }
}

static void note_ids(struct sm_stats_counter *counter, const struct sm_batch *batch)
{
    uint32_t ordinal = 0;
    for (size_t g = batch->count; g-- > 0;) {
        const struct sm_resource_group *group = &batch->groups[g];
        if (group->dropped)
            continue;
        struct sm_slice name = service_name(&group->resource.attributes, &counter->scratch);
        uint64_t service = name.size > 0 ? hash_service(counter, name) : 0;
        for (size_t s = group->count; s-- > 0;)
            if (!group->scopes[s].dropped)
                note_scope(counter, &group->scopes[s], name.size > 0, service, &ordinal);
    }
}

/* ---- which spans count */

/* Of the spans with this ID. */
static bool is_the_last(struct sm_stats_counter *counter, uint64_t id, uint32_t number)
{
    if (counter->plan->by_kind)
        return sm_span_ids_put(&counter->ids, id, number, 0);
    return sm_span_ids_find(&counter->ids, id)->ordinal == number;
}

static bool is_top_level(const struct sm_stats_counter *counter, const struct sm_span *span, uint64_t id)
{
    uint64_t parent_id = read_id(span->parent_span_id);
    if (parent_id == 0)
        return true;
    if (counter->plan->by_kind)
        return (counter->plan->top_level_kinds & kind_bit(span->kind)) != 0;
    const struct sm_span_id_entry *parent = sm_span_ids_find(&counter->ids, parent_id);
    return !parent || parent->service != sm_span_ids_find(&counter->ids, id)->service;
}

static bool is_measured(const struct sm_stats_counter *counter, const struct sm_span *span, struct sm_arena *scratch)
{
    struct sm_value value;
    if (counter->plan->counted_kinds & kind_bit(span->kind))
        return true;
    return sm_attributes_find(&span->attributes, SM_SLICE("_dd.measured"), &value) && sm_slice_is(sm_value_to_string(&value, scratch), "1");
}

static struct sm_slice resource_name(struct sm_stats_counter *counter, const struct sm_span *span)
{
    return counter->plan->rules.has_names_v2 ? sm_otlp_resource_v2(span, counter->resource, &counter->scratch)
                                             : sm_otlp_resource(&counter->view, span);
}

static bool is_ignored(struct sm_stats_counter *counter, const struct sm_span *span)
{
    const struct sm_string_list *ignored = &counter->plan->options->traces.common.ignore_resources;
    if (ignored->count == 0)
        return false;
    struct sm_slice resource = resource_name(counter, span);
    for (size_t i = 0; i < ignored->count; i++)
        if (sm_slice_is(resource, ignored->items[i]))
            return true;
    return false;
}

/* ---- keys */

static int compare_texts(const void *a, const void *b)
{
    return sm_slice_compare(*(const struct sm_slice *)a, *(const struct sm_slice *)b);
}

static struct sm_stats_texts peer_tags(struct sm_stats_counter *counter, struct sm_slice kind)
{
    const struct sm_stats_texts *keys = &counter->plan->peer_tags;
    struct sm_stats_texts tags = {.items = sm_arena_alloc(&counter->scratch, keys->count * sizeof(*tags.items))};
    size_t base = 0;
    while (base < keys->count && !sm_slice_is(keys->items[base], SM_PEER_BASE_SERVICE))
        base++;
    if (base == keys->count) /* peers are not told apart */
        return tags;
    enum sm_peer_tags_wanted wanted = sm_peer_tags_wanted(kind, sm_otlp_pick_peer_tag(&counter->view, base).size > 0);
    for (size_t i = 0; i < keys->count && wanted != SM_PEER_TAGS_NONE; i++) {
        struct sm_slice value = sm_otlp_pick_peer_tag(&counter->view, i);
        if (value.size > 0 && (wanted == SM_PEER_TAGS_ALL || i == base))
            tags.items[tags.count++] = sm_peer_tag(keys->items[i], value, &counter->scratch);
    }
    qsort(tags.items, tags.count, sizeof(*tags.items), compare_texts);
    return tags;
}

static struct sm_slice hostname(struct sm_stats_counter *counter)
{
    struct sm_datadog_source source = sm_datadog_source(counter->resource, &counter->scratch);
    if (source.kind == SM_DATADOG_SOURCE_NONE)
        return sm_otlp_pick(&counter->view, SM_OTLP_DATADOG_HOSTNAME);
    return source.kind == SM_DATADOG_SOURCE_HOST ? source.identifier : (struct sm_slice){0};
}

static struct sm_slice container_id(const struct sm_stats_counter *counter)
{
    return sm_otlp_pick_tag_value(&counter->view, SM_OTLP_CONTAINER_ID, SM_OTLP_POD_UID);
}

struct names {
    struct sm_slice operation, resource, type;
};

/* Statements are newer resources: their values are taken out, as everywhere else. */
static struct names names_v2_of(struct sm_stats_counter *counter, const struct sm_span *span)
{
    struct sm_datadog_span named = {.resource = resource_name(counter, span), .type = sm_otlp_type_v2(span, counter->resource, &counter->scratch)};
    sm_datadog_obfuscate_span(&counter->obfuscator, &named, &counter->scratch);
    return (struct names){.operation = sm_datadog_name(sm_otlp_operation_v2(span, counter->resource, &counter->scratch), &counter->scratch, NULL),
                          .resource = named.resource,
                          .type = named.type};
}

static struct names names_of(struct sm_stats_counter *counter, const struct sm_scope *scope, const struct sm_span *span)
{
    if (counter->plan->rules.has_names_v2)
        return names_v2_of(counter, span);
    return (struct names){.operation = sm_otlp_operation(&counter->view, &counter->plan->rules, scope, span),
                          .resource = resource_name(counter, span),
                          .type = sm_otlp_type(&counter->view, span)};
}

static struct sm_stats_key make_key(struct sm_stats_counter *counter, const struct sm_scope *scope, const struct sm_span *span)
{
    const struct sm_otlp_view *view = &counter->view;
    struct sm_slice env = sm_otlp_pick_tag_value(view, SM_OTLP_ENVIRONMENT_NAME, SM_OTLP_ENVIRONMENT);
    struct sm_slice kind = sm_otlp_kind_name(span->kind);
    struct names names = names_of(counter, scope, span);
    return (struct sm_stats_key){.env = env.size > 0 ? env : SM_SLICE("none"),
                                 .hostname = hostname(counter),
                                 .version = sm_otlp_pick_tag_value(view, SM_OTLP_SERVICE_VERSION, SM_OTLP_SERVICE_VERSION),
                                 .container_id = container_id(counter),
                                 .service = sm_otlp_service(view),
                                 .name = names.operation,
                                 .resource = names.resource,
                                 .type = names.type,
                                 .span_kind = kind,
                                 .peer_tags = peer_tags(counter, kind),
                                 .http_status_code = sm_otlp_status_code(view),
                                 .is_trace_root = read_id(span->parent_span_id) == 0};
}

/* One "key:value" of the container: by Datadog's name for the attribute, or the attribute itself. */
static struct sm_slice container_tag(struct sm_stats_counter *counter, const struct sm_datadog_tags *known, struct sm_slice attribute)
{
    struct sm_slice key = sm_datadog_container_tag_name(attribute), text = {0};
    struct sm_value value;
    if (key.size > 0) {
        if (!sm_datadog_tags_find(known, key, &text))
            return (struct sm_slice){0};
    } else {
        key = attribute;
        if (sm_attributes_find(counter->resource, attribute, &value))
            text = sm_value_to_string(&value, &counter->scratch);
        if (text.size == 0)
            return text;
    }
    struct sm_bytes tag;
    sm_bytes_init(&tag, &counter->scratch);
    sm_bytes_append_slice(&tag, key);
    sm_bytes_append_char(&tag, ':');
    sm_bytes_append_slice(&tag, text);
    return sm_datadog_tag(sm_bytes_slice(&tag), &counter->scratch);
}

/* The span at hand has made `interval`. */
static void set_container(struct sm_stats_counter *counter, struct sm_stats_interval *interval)
{
    const struct sm_string_list *attributes = &counter->plan->options->traces.resource_attributes_as_container_tags;
    struct sm_slice id = container_id(counter);
    if (attributes->count == 0 || id.size == 0)
        return;
    struct sm_datadog_tags known = sm_datadog_container_tags(counter->resource, &counter->scratch);
    struct sm_stats_texts tags = {.items = sm_arena_alloc(&counter->scratch, attributes->count * sizeof(*tags.items))};
    for (size_t i = 0; i < attributes->count; i++) {
        struct sm_slice tag = container_tag(counter, &known, sm_slice_of(attributes->items[i]));
        if (tag.size > 0)
            tags.items[tags.count++] = tag;
    }
    qsort(tags.items, tags.count, sizeof(*tags.items), compare_texts);
    if (tags.count > 0)
        sm_stats_interval_set_container(interval, id, &tags);
}

static void add_text(const struct sm_stats_counter *counter, enum key_part part, struct sm_slice text, struct sm_hash128 *sum)
{
    sm_hash128_add(sum, sm_hash128(counter->seeds[part], text));
}

/* Of everything that make_key looks at. */
static struct sm_hash128 hash_raw_key(struct sm_stats_counter *counter, const struct sm_scope *scope, const struct sm_span *span)
{
    struct sm_otlp_name_parts parts = sm_otlp_name_parts(&counter->view, &counter->plan->rules);
    bool calls_others = span->kind != SM_SPAN_KIND_SERVER && span->kind != SM_SPAN_KIND_UNSPECIFIED;
    uint64_t kind = (uint64_t)(uint32_t)span->kind << 1 | (read_id(span->parent_span_id) == 0);
    struct sm_hash128 sum = sm_otlp_view_hash_span(&counter->view, calls_others);
    sm_hash128_add(&sum, counter->resource_hash);
    add_text(counter, KEY_KIND, sm_slice_make(&kind, sizeof(kind)), &sum);
    if (parts.uses_span_name)
        add_text(counter, KEY_SPAN_NAME, span->name, &sum);
    if (parts.uses_scope_name)
        sm_hash128_add(&sum, counter->scope_hash);
    if (counter->plan->rules.has_names_v2) { /* of attributes that the view does not note */
        struct names names = names_of(counter, scope, span);
        add_text(counter, KEY_OPERATION, names.operation, &sum);
        add_text(counter, KEY_RESOURCE_NAME, names.resource, &sum);
        add_text(counter, KEY_TYPE, names.type, &sum);
    }
    return sum;
}

/* ---- the walk that counts */

static void find_group(struct sm_stats_counter *counter, struct waiting *waiting)
{
    bool is_new;
    waiting->group = sm_stats_interval_group(waiting->interval, waiting->hash, &is_new);
    if (is_new) {
        sm_otlp_view_set_span(&counter->view, &waiting->span->attributes);
        struct sm_stats_key key = make_key(counter, waiting->scope, waiting->span);
        sm_stats_interval_set_key(waiting->interval, waiting->group, &key);
    }
}

static void count_block(struct sm_stats_counter *counter)
{
    struct waiting *end = counter->block + counter->waiting_count;
    for (const struct waiting *at = counter->block; at != end; at++)
        sm_stats_interval_prefetch_group(at->interval, at->hash);
    for (struct waiting *at = counter->block; at != end; at++) {
        find_group(counter, at);
        sm_stats_group_prefetch(at->group, &at->facts);
    }
    for (const struct waiting *at = counter->block; at != end; at++)
        sm_stats_group_add(at->group, &at->facts);
    counter->waiting_count = 0;
}

static void count_span(struct sm_stats_counter *counter, const struct sm_scope *scope, const struct sm_span *span, bool has_top_level)
{
    sm_otlp_view_set_span(&counter->view, &span->attributes);
    if (is_ignored(counter, span))
        return;
    struct waiting *waiting = &counter->block[counter->waiting_count++];
    int64_t end_ns = (int64_t)span->end_ns, duration_ns = (int64_t)(span->end_ns - span->start_ns);
    bool is_new;
    waiting->interval = sm_concentrator_at(counter->concentrator, end_ns, &is_new);
    if (is_new)
        set_container(counter, waiting->interval);
    waiting->scope = scope;
    waiting->span = span;
    waiting->facts = (struct sm_stats_facts){.end_ns = end_ns,
                                             .duration_ns = duration_ns,
                                             .bin = sm_ddsketch_bin(duration_ns),
                                             .weight = 1,
                                             .is_error = span->status_code == SM_STATUS_ERROR,
                                             .is_top_level = has_top_level};
    waiting->hash = hash_raw_key(counter, scope, span);
    sm_stats_interval_prefetch(waiting->interval, waiting->hash);
    if (counter->waiting_count == BLOCK_SPANS)
        count_block(counter);
}

static void count_scope(struct sm_stats_counter *counter, const struct sm_scope_group *scope, uint32_t *ordinal)
{
    counter->scope_hash = sm_hash128(counter->seeds[KEY_SCOPE_NAME], scope->scope.name);
    for (size_t i = scope->count; i-- > 0;) {
        const struct sm_span *span = &scope->spans[i];
        uint32_t number = (*ordinal)++;
        uint64_t id = read_id(span->span_id);
        look_ahead(counter, scope, i);
        if (span->dropped || id == 0 || !has_trace_id(span) || !is_the_last(counter, id, number))
            continue;
        bool has_top_level = is_top_level(counter, span, id);
        if (has_top_level || is_measured(counter, span, &counter->scratch))
            count_span(counter, &scope->scope, span, has_top_level);
    }
}

static void set_resource(struct sm_stats_counter *counter, const struct sm_attributes *attributes)
{
    counter->resource = attributes;
    sm_otlp_view_set_resource(&counter->view, attributes);
    /* Hashed once more: an attribute of the resource is none of the span. */
    struct sm_hash128 found = sm_otlp_view_hash_resource(&counter->view);
    counter->resource_hash = sm_hash128(counter->seeds[KEY_RESOURCE], sm_slice_make(&found, sizeof(found)));
}

void sm_stats_counter_add(struct sm_stats_counter *counter, const struct sm_batch *batch)
{
    uint32_t ordinal = 0;
    sm_span_ids_begin(&counter->ids, batch->item_count);
    if (!counter->plan->by_kind)
        note_ids(counter, batch);
    for (size_t g = batch->count; g-- > 0;) {
        const struct sm_resource_group *group = &batch->groups[g];
        if (group->dropped)
            continue;
        set_resource(counter, &group->resource.attributes);
        for (size_t s = group->count; s-- > 0;)
            if (!group->scopes[s].dropped)
                count_scope(counter, &group->scopes[s], &ordinal);
        count_block(counter);
    }
    sm_arena_deinit(&counter->scratch);
}

/* ---- life */

struct sm_stats_counter *sm_stats_counter_create(const struct sm_stats_plan *plan, int64_t now_ns)
{
    struct sm_stats_counter *counter = sm_alloc(1, sizeof(*counter));
    counter->plan = plan;
    counter->concentrator = sm_concentrator_create(sm_datadog_connector_interval_ns(plan->options), now_ns);
    sm_otlp_view_init(&counter->view, plan->keys, &counter->scratch);
    for (uint64_t part = 0; part < KEY_PART_COUNT; part++)
        counter->seeds[part] = sm_hash_number(part);
    return counter;
}

void sm_stats_counter_free(struct sm_stats_counter *counter)
{
    if (!counter)
        return;
    sm_concentrator_free(counter->concentrator);
    sm_span_ids_deinit(&counter->ids);
    sm_otlp_view_deinit(&counter->view);
    sm_arena_deinit(&counter->scratch);
    free(counter);
}

struct sm_concentrator *sm_stats_counter_concentrator(struct sm_stats_counter *counter)
{
    return counter->concentrator;
}
