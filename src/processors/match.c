/* match.c - include and exclude: properties compared strictly or with regular expressions.
 *
 * Immutable once made. Source: opentelemetry-collector-contrib internal/filter/{filterconfig,filterset,filtermatcher,filterspan,filterlog}. */
#include "processors/match.h"

#include <stddef.h>
#include <stdlib.h>

#include "base/memory.h"
#include "base/regex.h"
#include "config/node_value.h"
#include "telemetry/log_record.h"
#include "telemetry/metric.h"
#include "telemetry/span.h"
#include "wire/number.h"

/* ---- options */

const struct sm_option sm_match_attribute_table[] = {
    SM_OPTION_STRING(struct sm_match_attribute, key, .help = "Key of the attribute."),
    SM_OPTION_NODE(struct sm_match_attribute, value, .help = "Value that it must have; left out: any."),
    SM_OPTION_END,
};

static const struct sm_option library_table[] = {
    SM_OPTION_STRING(struct sm_match_library, name, .help = "Name of the instrumentation scope."),
    SM_OPTION_STRING(struct sm_match_library, version, .help = "Its version; left out: any.",
                     .set_offset = offsetof(struct sm_match_library, has_version)),
    SM_OPTION_END,
};

static const struct sm_option severity_table[] = {
    SM_OPTION_INT(struct sm_match_severity, min, .help = "Lowest severity number that matches."),
    SM_OPTION_BOOL(struct sm_match_severity, match_undefined, .help = "Whether records without severity match."),
    SM_OPTION_END,
};

const struct sm_option sm_match_regexp_table[] = {
    SM_OPTION_BOOL(struct sm_match_regexp, cacheenabled, .help = "Taken and without effect: results are not cached."),
    SM_OPTION_INT(struct sm_match_regexp, cachemaxnumentries, .help = "Taken and without effect: results are not cached."),
    SM_OPTION_END,
};

const struct sm_option sm_match_properties_table[] = {
    SM_OPTION_STRING(struct sm_match_properties, match_type, .help = "How values are compared: strict or regexp."),
    SM_OPTION_TABLE(struct sm_match_properties, regexp, sm_match_regexp_table, .help = "Settings of match_type regexp."),
    SM_OPTION_STRING_LIST(struct sm_match_properties, services, .help = "Values of the resource attribute service.name (spans)."),
    SM_OPTION_STRING_LIST(struct sm_match_properties, span_names, .help = "Names of spans."),
    SM_OPTION_STRING_LIST(struct sm_match_properties, log_bodies, .help = "Bodies of log records."),
    SM_OPTION_STRING_LIST(struct sm_match_properties, log_severity_texts, .help = "Severity texts of log records."),
    SM_OPTION_OPTIONAL(struct sm_match_properties, log_severity_number, severity_table, .null_is_absent = true, .has_no_switch = true,
                       .help = "Severity numbers of log records."),
    SM_OPTION_STRING_LIST(struct sm_match_properties, metric_names, .help = "Names of metrics."),
    SM_OPTION_TABLE_LIST(struct sm_match_properties, attributes, struct sm_match_attribute, sm_match_attribute_table,
                         .help = "Attributes that must all match."),
    SM_OPTION_TABLE_LIST(struct sm_match_properties, resources, struct sm_match_attribute, sm_match_attribute_table,
                         .help = "Resource attributes that must all match."),
    SM_OPTION_TABLE_LIST(struct sm_match_properties, libraries, struct sm_match_library, library_table,
                         .help = "Instrumentation scopes that must all match."),
    SM_OPTION_STRING_LIST(struct sm_match_properties, span_kinds, .help = "Kinds of spans: SPAN_KIND_SERVER, …"),
    SM_OPTION_END,
};

static const char *const kind_names[] = {"SPAN_KIND_UNSPECIFIED", "SPAN_KIND_INTERNAL", "SPAN_KIND_SERVER",
                                         "SPAN_KIND_CLIENT",      "SPAN_KIND_PRODUCER", "SPAN_KIND_CONSUMER"};

static bool has_unknown_kind(const struct sm_match_properties *properties)
{
    for (size_t i = 0; i < properties->span_kinds.count; i++) {
        bool is_known = false;
        for (size_t k = 1; k < sizeof(kind_names) / sizeof(kind_names[0]); k++)
            is_known = is_known || strcmp(properties->span_kinds.items[i], kind_names[k]) == 0;
        if (!is_known)
            return true;
    }
    return false;
}

static const char *check_spans(const struct sm_match_properties *p)
{
    if (p->log_bodies.count > 0)
        return "log_bodies should not be specified for trace spans";
    if (p->log_severity_texts.count > 0)
        return "log_severity_texts should not be specified for trace spans";
    if (p->log_severity_number)
        return "log_severity_number should not be specified for trace spans";
    if (p->metric_names.count > 0)
        return "metric_names should not be specified for trace spans";
    if (p->services.count + p->span_names.count + p->attributes.count + p->libraries.count + p->resources.count + p->span_kinds.count == 0)
        return "at least one of \"attributes\", \"libraries\",  or \"resources\" field must be specified";
    if (strcmp(p->match_type, "strict") == 0 && has_unknown_kind(p))
        return "span_kinds string must match one of the standard span kinds when match_type=strict";
    return NULL;
}

static const char *check_logs(const struct sm_match_properties *p)
{
    if (p->span_names.count + p->services.count + p->span_kinds.count + p->metric_names.count > 0)
        return "services, span_names, span_kinds and metric_names are not valid for log records";
    if (p->attributes.count + p->libraries.count + p->resources.count + p->log_bodies.count + p->log_severity_texts.count == 0 &&
        !p->log_severity_number)
        return "at least one of \"attributes\", \"libraries\", \"resources\", \"log_bodies\", \"log_severity_texts\" or \"log_severity_number\" "
               "field must be specified";
    return NULL;
}

static const char *check_metrics(const struct sm_match_properties *p)
{
    if (p->log_bodies.count + p->log_severity_texts.count + p->span_names.count + p->services.count + p->span_kinds.count + p->attributes.count +
                p->libraries.count >
            0 ||
        p->log_severity_number)
        return "\"span_names\", \"span_kinds\", \"log_bodies\", \"log_severity_texts\", \"log_severity_number\", \"services\", \"attributes\" and "
               "\"libraries\" are not "
               "valid for metrics";
    if (p->metric_names.count + p->resources.count == 0)
        return "at least one of \"metric_names\" or \"resources\" field must be specified";
    return NULL;
}

const char *sm_match_check(const struct sm_match_properties *properties, enum sm_signal signal)
{
    return signal == SM_TRACES ? check_spans(properties) : signal == SM_LOGS ? check_logs(properties) : check_metrics(properties);
}

/* ---- sets of texts: one of them must match */

struct text_set {
    struct sm_slice *texts;    /* owned array; texts borrowed: configuration */
    struct sm_regex **regexes; /* owned; NULL: strict */
    size_t count;
};

struct attribute_match {
    struct sm_slice key;
    bool has_value;
    struct sm_value value; /* strict; decoded parts live in the match's arena */
    struct text_set texts; /* regexp */
};

struct library_match {
    struct text_set name, version; /* version: empty set for any */
};

struct sm_match {
    struct sm_arena arena; /* owned */
    bool is_regexp, is_strict;
    struct text_set services, names, kinds, metric_names, bodies, severity_texts;
    struct sm_match_severity severity;
    bool has_severity;
    struct attribute_match *attributes, *resources;
    struct library_match *libraries;
    size_t attribute_count, resource_count, library_count;
};

static void free_set(struct text_set *set)
{
    for (size_t i = 0; set->regexes && i < set->count; i++)
        sm_regex_free(set->regexes[i]);
    free(set->regexes);
    free(set->texts);
}

static bool make_set(const struct sm_match *match, struct text_set *set, const char *const *texts, size_t count, struct sm_error *error)
{
    if (count == 0)
        return true;
    if (!match->is_regexp && !match->is_strict)
        return sm_error_set(error, SM_ERROR_USAGE, "unrecognized match_type, valid types are: [regexp strict]");
    *set = (struct text_set){.texts = sm_alloc(count, sizeof(*set->texts)), .count = count};
    for (size_t i = 0; i < count; i++)
        set->texts[i] = sm_slice_of(texts[i]);
    if (match->is_strict)
        return true;
    set->regexes = sm_alloc(count, sizeof(*set->regexes));
    for (size_t i = 0; i < count; i++)
        if (!(set->regexes[i] = sm_regex_compile(set->texts[i], error)))
            return false;
    return true;
}

static bool set_matches(const struct text_set *set, struct sm_slice text)
{
    for (size_t i = 0; i < set->count; i++)
        if (set->regexes ? sm_regex_matches(set->regexes[i], text) : sm_slice_equal(set->texts[i], text))
            return true;
    return set->count == 0;
}

/* ---- making */

static bool make_attributes(struct sm_match *match, const struct sm_table_list *list, struct attribute_match **attributes, size_t *count,
                            struct sm_error *error)
{
    const struct sm_match_attribute *items = list->items;
    *attributes = sm_arena_zalloc(&match->arena, list->count, sizeof(**attributes));
    *count = list->count;
    for (size_t i = 0; i < list->count; i++) {
        struct attribute_match *attribute = &(*attributes)[i];
        attribute->key = sm_slice_of(items[i].key);
        if (attribute->key.size == 0)
            return sm_error_set(error, SM_ERROR_USAGE, "can't have empty key in the list of attributes");
        attribute->value = sm_node_to_value(items[i].value, &match->arena);
        attribute->has_value = attribute->value.type != SM_VALUE_EMPTY;
        if (!attribute->has_value)
            continue;
        if (!match->is_regexp && !match->is_strict)
            return sm_error_set(error, SM_ERROR_USAGE, "unrecognized match_type, valid types are: [regexp strict]");
        if (match->is_regexp && attribute->value.type != SM_VALUE_STRING)
            return sm_error_set(error, SM_ERROR_USAGE, "match_type=regexp for \"%s\" only supports Str", items[i].key);
        const char *pattern = match->is_regexp ? items[i].value->string : NULL;
        if (match->is_regexp && !make_set(match, &attribute->texts, &pattern, 1, error))
            return false;
    }
    return true;
}

static bool make_libraries(struct sm_match *match, const struct sm_table_list *list, struct sm_error *error)
{
    const struct sm_match_library *items = list->items;
    match->libraries = sm_arena_zalloc(&match->arena, list->count, sizeof(*match->libraries));
    match->library_count = list->count;
    for (size_t i = 0; i < list->count; i++) {
        if (!make_set(match, &match->libraries[i].name, &items[i].name, 1, error))
            return false;
        if (items[i].has_version && !make_set(match, &match->libraries[i].version, &items[i].version, 1, error))
            return false;
    }
    return true;
}

static bool make_sets(struct sm_match *match, const struct sm_match_properties *p, struct sm_error *error)
{
    return make_set(match, &match->services, p->services.items, p->services.count, error) &&
           make_set(match, &match->names, p->span_names.items, p->span_names.count, error) &&
           make_set(match, &match->kinds, p->span_kinds.items, p->span_kinds.count, error) &&
           make_set(match, &match->metric_names, p->metric_names.items, p->metric_names.count, error) &&
           make_set(match, &match->bodies, p->log_bodies.items, p->log_bodies.count, error) &&
           make_set(match, &match->severity_texts, p->log_severity_texts.items, p->log_severity_texts.count, error) &&
           make_attributes(match, &p->attributes, &match->attributes, &match->attribute_count, error) &&
           make_attributes(match, &p->resources, &match->resources, &match->resource_count, error) && make_libraries(match, &p->libraries, error);
}

struct sm_match *sm_match_create(const struct sm_match_properties *properties, struct sm_error *error)
{
    struct sm_match *match = sm_alloc(1, sizeof(*match));
    match->is_regexp = strcmp(properties->match_type, "regexp") == 0;
    match->is_strict = strcmp(properties->match_type, "strict") == 0;
    if (properties->log_severity_number) {
        match->has_severity = true;
        match->severity = *properties->log_severity_number;
    }
    if (make_sets(match, properties, error))
        return match;
    sm_match_free(match);
    return NULL;
}

void sm_match_free(struct sm_match *match)
{
    if (!match)
        return;
    struct text_set *const sets[] = {&match->services, &match->names, &match->kinds, &match->metric_names, &match->bodies, &match->severity_texts};
    for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++)
        free_set(sets[i]);
    for (size_t i = 0; i < match->attribute_count; i++)
        free_set(&match->attributes[i].texts);
    for (size_t i = 0; i < match->resource_count; i++)
        free_set(&match->resources[i].texts);
    for (size_t i = 0; i < match->library_count; i++) {
        free_set(&match->libraries[i].name);
        free_set(&match->libraries[i].version);
    }
    sm_arena_deinit(&match->arena);
    free(match);
}

/* ---- matching */

/* The text that a regular expression sees; lists, maps, bytes and nothing have none. */
static bool scalar_text(const struct sm_value *value, struct sm_arena *arena, struct sm_slice *text)
{
    switch (value->type) {
    case SM_VALUE_STRING:
        *text = value->string;
        return true;
    case SM_VALUE_BOOL:
    case SM_VALUE_INT:
        *text = sm_value_to_string(value, arena);
        return true;
    case SM_VALUE_DOUBLE: {
        char *digits = sm_arena_alloc(arena, SM_NUMBER_SIZE_MAX);
        *text = sm_slice_make(digits, sm_number_format(value->number, SM_NUMBER_PLAIN, digits));
        return true;
    }
    default:
        return false;
    }
}

static bool attributes_match(const struct attribute_match *wanted, size_t count, const struct sm_attributes *attributes, struct sm_arena *arena)
{
    for (size_t i = 0; i < count; i++) {
        struct sm_value value;
        struct sm_slice text;
        if (!sm_attributes_find(attributes, wanted[i].key, &value))
            return false;
        if (!wanted[i].has_value)
            continue;
        if (wanted[i].texts.regexes ? !scalar_text(&value, arena, &text) || !set_matches(&wanted[i].texts, text)
                                    : value.type != wanted[i].value.type || !sm_value_equal(&wanted[i].value, &value, arena))
            return false;
    }
    return true;
}

static bool common_matches(const struct sm_match *match, const struct sm_ottl_run *run, const struct sm_attributes *attributes)
{
    for (size_t i = 0; i < match->library_count; i++)
        if (!set_matches(&match->libraries[i].name, run->scope->scope.name) || !set_matches(&match->libraries[i].version, run->scope->scope.version))
            return false;
    return attributes_match(match->resources, match->resource_count, &run->group->resource.attributes, run->arena) &&
           attributes_match(match->attributes, match->attribute_count, attributes, run->arena);
}

static struct sm_slice service_name(const struct sm_ottl_run *run)
{
    struct sm_value value;
    if (!sm_attributes_find(&run->group->resource.attributes, SM_SLICE("service.name"), &value))
        return SM_SLICE("<nil-service-name>");
    return sm_value_to_string(&value, run->arena);
}

bool sm_match_span(const struct sm_match *match, const struct sm_ottl_run *run)
{
    int32_t kind = run->span->kind;
    struct sm_slice kind_name = kind >= 0 && kind < 6 ? sm_slice_of(kind_names[kind]) : (struct sm_slice){0};
    return (match->services.count == 0 || set_matches(&match->services, service_name(run))) && set_matches(&match->names, run->span->name) &&
           set_matches(&match->kinds, kind_name) && common_matches(match, run, &run->span->attributes);
}

bool sm_match_metric_name(const struct sm_match *match, const struct sm_ottl_run *run)
{
    return set_matches(&match->metric_names, run->metric->name);
}

static bool severity_matches(const struct sm_match *match, const struct sm_log_record *log)
{
    if (!match->has_severity)
        return true;
    return log->severity_number == 0 ? match->severity.match_undefined : log->severity_number >= match->severity.min;
}

bool sm_match_log(const struct sm_match *match, const struct sm_ottl_run *run)
{
    return (match->bodies.count == 0 || set_matches(&match->bodies, sm_value_to_string(&run->log->body, run->arena))) &&
           set_matches(&match->severity_texts, run->log->severity_text) && severity_matches(match, run->log) &&
           common_matches(match, run, &run->log->attributes);
}

bool sm_match_resource(const struct sm_match *match, const struct sm_ottl_run *run)
{
    return attributes_match(match->resources, match->resource_count, &run->group->resource.attributes, run->arena);
}

bool sm_match_has_resources(const struct sm_match *match)
{
    return match->resource_count > 0;
}

bool sm_match_has_metric_names(const struct sm_match *match)
{
    return match->metric_names.count > 0;
}
