/* paths.c - from "resource.attributes["a"]" to something that can be read and set.
 *
 * Which fields there are stands in the tables of paths_*.c; here they are found, and attribute sets, which all contexts have, are read and written.
 * Source: opentelemetry-collector-contrib pkg/ottl/{functions,paths}.go and contexts/. */
#include "ottl/compile.h"

#include <stdio.h>

#include "config/diags.h"

enum { SUBJECTS_MAX = 6, PATH_NAME_MAX = 96 };

/* The tables that a context's paths may come from: its own first. */
struct subject {
    const char *prefix;
    const struct sm_ottl_path *paths;
};

#define COMMON_SUBJECTS                                                                                                                              \
    {"resource", sm_ottl_resource_paths}, {"scope", sm_ottl_scope_paths}, {"instrumentation_scope", sm_ottl_scope_paths},                            \
    {                                                                                                                                                \
        "otelcol", sm_ottl_collector_paths                                                                                                           \
    }

static const struct context {
    const char *name;
    struct subject subjects[SUBJECTS_MAX + 1];
} contexts[SM_OTTL_CONTEXT_COUNT] = {
    [SM_OTTL_LOG] = {"log", {{"log", sm_ottl_log_paths}, COMMON_SUBJECTS}},
    [SM_OTTL_DATAPOINT] = {"datapoint", {{"datapoint", sm_ottl_data_point_paths}, {"metric", sm_ottl_metric_paths}, COMMON_SUBJECTS}},
    [SM_OTTL_METRIC] = {"metric", {{"metric", sm_ottl_metric_paths}, COMMON_SUBJECTS}},
    [SM_OTTL_SPANEVENT] = {"spanevent", {{"spanevent", sm_ottl_span_event_paths}, {"span", sm_ottl_span_paths}, COMMON_SUBJECTS}},
    [SM_OTTL_SPAN] = {"span", {{"span", sm_ottl_span_paths}, COMMON_SUBJECTS}},
    [SM_OTTL_SCOPE] = {"scope", {{"scope", sm_ottl_scope_paths}, {"resource", sm_ottl_resource_paths}, {"otelcol", sm_ottl_collector_paths}}},
    [SM_OTTL_RESOURCE] = {"resource", {{"resource", sm_ottl_resource_paths}, {"otelcol", sm_ottl_collector_paths}}},
};

const char *sm_ottl_context_name(enum sm_ottl_context context)
{
    return contexts[context].name;
}

bool sm_ottl_context_find(struct sm_slice name, enum sm_ottl_context *context)
{
    for (size_t i = 0; i < SM_OTTL_CONTEXT_COUNT; i++)
        if (sm_slice_is(name, contexts[i].name)) {
            *context = (enum sm_ottl_context)i;
            return true;
        }
    if (!sm_slice_is(name, "instrumentation_scope"))
        return false;
    *context = SM_OTTL_SCOPE;
    return true;
}

bool sm_ottl_context_setting(struct sm_slice name, enum sm_ottl_context *context)
{
    for (size_t i = 0; i < SM_OTTL_CONTEXT_COUNT; i++)
        if (sm_slice_equal_nocase(name, sm_slice_of(contexts[i].name))) {
            *context = (enum sm_ottl_context)i;
            return true;
        }
    return false;
}

/* ---- attribute sets and other maps */

static bool find_attribute_slot(const struct sm_ottl_ref *ref, struct sm_ottl_run *run, struct sm_value **slot)
{
    *slot = NULL;
    if (ref->path->slot) {
        struct sm_value *value = ref->path->slot(run);
        return value ? sm_ottl_find_slot(value, run, ref->keys, ref->key_count, slot) : true;
    }
    struct sm_attributes *attributes = ref->path->attributes(run);
    return attributes ? sm_ottl_find_in_map(sm_attributes_map(attributes, run->arena), run, ref->keys, ref->key_count, slot) : true;
}

/* attributes["a"]: found in the encoded bytes, without decoding the rest. */
static bool get_attribute(struct sm_attributes *attributes, struct sm_ottl_run *run, const struct sm_ottl_key *key, struct sm_ottl_value *out)
{
    struct sm_slice text;
    struct sm_value value;
    if (!sm_ottl_key_text(key, run, &text))
        return false;
    *out = sm_attributes_find(attributes, text, &value) ? sm_ottl_from_attribute(&value, run->arena) : sm_ottl_nil();
    return true;
}

static bool get_keyed(const struct sm_ottl_ref *ref, struct sm_ottl_run *run, struct sm_ottl_value *out)
{
    struct sm_value *slot;
    if (!find_attribute_slot(ref, run, &slot))
        return false;
    *out = slot ? sm_ottl_from_attribute(slot, run->arena) : sm_ottl_nil();
    return true;
}

bool sm_ottl_ref_get(const struct sm_ottl_ref *ref, struct sm_ottl_run *run, struct sm_ottl_value *out)
{
    if (ref->path->get)
        return ref->path->get(ref, run, out);
    if (ref->path->field != SM_OTTL_FIELD_NONE)
        return sm_ottl_field_get(ref->path, run, out);
    if (ref->path->slot) {
        struct sm_value *value = ref->path->slot(run);
        if (ref->key_count > 0)
            return get_keyed(ref, run, out);
        *out = value ? sm_ottl_from_attribute(value, run->arena) : sm_ottl_nil();
        return true;
    }
    struct sm_attributes *attributes = ref->path->attributes(run);
    if (!attributes) {
        *out = sm_ottl_nil();
        return true;
    }
    if (ref->key_count == 1)
        return get_attribute(attributes, run, &ref->keys[0], out);
    if (ref->key_count > 1)
        return get_keyed(ref, run, out);
    *out = sm_ottl_map(sm_attributes_map(attributes, run->arena));
    return true;
}

static bool set_whole_map(struct sm_map *map, struct sm_ottl_run *run, const struct sm_ottl_value *value)
{
    if (value->kind == SM_OTTL_NIL)
        return true;
    if (value->kind != SM_OTTL_MAP)
        return sm_ottl_fail(run, "unsupported type provided for setting a pcommon.Map: %s", sm_ottl_kind_name(value));
    if (value->map != map)
        *map = sm_ottl_copy_map(value->map, run->arena, value->is_constant);
    return true;
}

bool sm_ottl_ref_set(const struct sm_ottl_ref *ref, struct sm_ottl_run *run, const struct sm_ottl_value *value)
{
    if (ref->path->set)
        return ref->path->set(ref, run, value);
    if (ref->path->field != SM_OTTL_FIELD_NONE)
        return sm_ottl_field_set(ref->path, run, value);
    if (!ref->path->attributes)
        return sm_ottl_fail(run, "%s cannot be set", ref->path->name);
    struct sm_attributes *attributes = ref->path->attributes(run);
    if (!attributes)
        return sm_ottl_fail(run, "there is nothing that has %s", ref->path->name);
    struct sm_map *map = sm_attributes_edit(attributes, run->arena);
    ref->path->mark(run);
    return ref->key_count > 0 ? sm_ottl_set_in_map(map, run, ref->keys, ref->key_count, value) : set_whole_map(map, run, value);
}

bool sm_ottl_ref_edit_map(const struct sm_ottl_ref *ref, struct sm_ottl_run *run, struct sm_map **map)
{
    struct sm_ottl_value value;
    struct sm_value *slot;
    if (!ref->path->slot && !ref->path->attributes) {
        if (!sm_ottl_ref_get(ref, run, &value))
            return false;
        return sm_ottl_fail(run, "expected pcommon.Map but got %s", sm_ottl_kind_name(&value));
    }
    struct sm_attributes *attributes = ref->path->attributes ? ref->path->attributes(run) : NULL;
    if (ref->key_count == 0 && attributes) {
        *map = sm_attributes_edit(attributes, run->arena);
    } else {
        if (!find_attribute_slot(ref, run, &slot))
            return false;
        if (!slot || slot->type != SM_VALUE_MAP) {
            value = slot ? sm_ottl_from_attribute(slot, run->arena) : sm_ottl_nil();
            return sm_ottl_fail(run, "expected pcommon.Map but got %s", sm_ottl_kind_name(&value));
        }
        if (attributes)
            (void)sm_attributes_edit(attributes, run->arena);
        *map = sm_value_map(slot, run->arena);
    }
    if (ref->path->mark)
        ref->path->mark(run);
    return true;
}

bool sm_ottl_ref_entries(const struct sm_ottl_ref *ref, struct sm_ottl_run *run, struct sm_ottl_entries *entries)
{
    *entries = (struct sm_ottl_entries){0};
    if (ref->key_count == 0 && !ref->path->slot && ref->path->attributes)
        entries->attributes = ref->path->attributes(run);
    if (!entries->attributes)
        return sm_ottl_ref_edit_map(ref, run, &entries->map);
    if (ref->path->mark)
        ref->path->mark(run);
    return true;
}

void sm_ottl_entries_keep(const struct sm_ottl_entries *entries, struct sm_ottl_run *run, sm_key_test *keeps, void *context)
{
    if (entries->attributes)
        sm_attributes_keep(entries->attributes, run->arena, keeps, context);
    else
        sm_map_keep(entries->map, keeps, context);
}

bool sm_ottl_want(struct sm_ottl_run *run, const struct sm_ottl_value *value, enum sm_ottl_kind kind)
{
    const struct sm_ottl_value wanted = {.kind = kind};
    return value->kind == kind || sm_ottl_fail(run, "expects %s but got %s", sm_ottl_kind_name(&wanted), sm_ottl_kind_name(value));
}

void sm_ottl_mark_resource(struct sm_ottl_run *run)
{
    run->group->resource.changed = true;
    sm_batch_mark_changed(run->batch, run->group, NULL);
}

void sm_ottl_mark_scope(struct sm_ottl_run *run)
{
    run->scope->scope.changed = true;
    sm_batch_mark_changed(run->batch, run->group, run->scope);
}

/* ---- finding */

static bool eval_path(const struct sm_ottl_expr *expr, struct sm_ottl_run *run, struct sm_ottl_value *out)
{
    return sm_ottl_ref_get((const struct sm_ottl_ref *)expr, run, out);
}

static struct sm_slice join_fields(struct sm_ottl_compiler *compiler, const struct sm_ottl_node *node, size_t first)
{
    struct sm_bytes name;
    sm_bytes_init(&name, compiler->arena);
    for (size_t i = first; i < node->field_count; i++) {
        if (i > first)
            sm_bytes_append_char(&name, '.');
        sm_bytes_append_slice(&name, node->fields[i].name);
    }
    return sm_bytes_slice(&name);
}

static const struct sm_ottl_path *find_path(const struct sm_ottl_path *paths, struct sm_slice name)
{
    for (; paths->name; paths++)
        if (sm_slice_is(name, paths->name))
            return paths;
    return NULL;
}

static const struct subject *find_subject(const struct context *context, struct sm_slice prefix)
{
    for (const struct subject *subject = context->subjects; subject->prefix; subject++)
        if (sm_slice_is(prefix, subject->prefix))
            return subject;
    return NULL;
}

/* The nearest path to what was written, with the prefix that was meant. */
static void suggest_path(struct sm_ottl_compiler *compiler, const struct subject *subject, struct sm_slice name, bool has_prefix)
{
    const char *candidates[64];
    size_t count = 0;
    for (const struct sm_ottl_path *path = subject->paths; path->name && count < 64; path++)
        candidates[count++] = path->name;
    const char *nearest = sm_nearest_word(sm_arena_strdup(compiler->arena, name), candidates, count);
    if (nearest)
        snprintf(compiler->error->suggestion, sizeof(compiler->error->suggestion), "%s%s%s", has_prefix ? subject->prefix : "", has_prefix ? "." : "",
                 nearest);
}

static void suggest_prefix(struct sm_ottl_compiler *compiler, const struct context *context, struct sm_slice name)
{
    for (const struct subject *subject = context->subjects; subject->prefix; subject++)
        if (find_path(subject->paths, name)) {
            snprintf(compiler->error->suggestion, sizeof(compiler->error->suggestion), "%s.%.*s", subject->prefix, SM_SLICE_ARGS(name));
            return;
        }
}

static bool check_keys(struct sm_ottl_compiler *compiler, const struct sm_ottl_node *node, const struct sm_ottl_path *path)
{
    for (size_t i = 0; i < node->field_count; i++) {
        bool may_have_keys = i + 1 == node->field_count && (path->indexing == SM_OTTL_INDEXED || path->attributes || path->slot);
        if (node->fields[i].key_count > 0 && !may_have_keys)
            return sm_ottl_compile_error(compiler, node, "%.*s does not support indexing", SM_SLICE_ARGS(node->fields[i].name));
    }
    return true;
}

static const struct sm_ottl_path *resolve(struct sm_ottl_compiler *compiler, const struct sm_ottl_node *node)
{
    const struct context *context = &contexts[compiler->language->context];
    const struct subject *subject = node->field_count > 1 ? find_subject(context, node->fields[0].name) : NULL;
    bool has_prefix = subject != NULL;
    struct sm_slice name = join_fields(compiler, node, has_prefix);
    if (!subject && (compiler->language->needs_prefixes || context == NULL)) {
        sm_ottl_compile_error(compiler, node, "the path %.*s must begin with the name of a context that %s has", SM_SLICE_ARGS(name), context->name);
        suggest_prefix(compiler, context, name);
        return NULL;
    }
    subject = subject ? subject : &context->subjects[0];
    if (sm_slice_is(name, "cache") && subject == &context->subjects[0])
        return sm_ottl_cache_paths;
    const struct sm_ottl_path *path = find_path(subject->paths, name);
    if (path)
        return path;
    if (sm_slice_is(name, "cache"))
        sm_ottl_compile_error(compiler, node, "the cache must be used by the name of the context of the statement: %s.cache", context->name);
    else
        sm_ottl_compile_error(compiler, node, "%.*s is not a path of the context %s", SM_SLICE_ARGS(name), subject->prefix);
    suggest_path(compiler, subject, name, has_prefix);
    return NULL;
}

const struct sm_ottl_ref *sm_ottl_compile_path(struct sm_ottl_compiler *compiler, const struct sm_ottl_node *node)
{
    const struct sm_ottl_path *path = resolve(compiler, node);
    if (!path || !check_keys(compiler, node, path))
        return NULL;
    if (path->compiled)
        path->compiled();
    const struct sm_ottl_field *last = &node->fields[node->field_count - 1];
    struct sm_ottl_ref *ref = sm_arena_zalloc(compiler->arena, 1, sizeof(*ref));
    *ref = (struct sm_ottl_ref){.base.eval = eval_path, .path = path, .key_count = last->key_count};
    ref->keys = sm_ottl_compile_keys(compiler, last->keys, last->key_count);
    return ref->keys ? ref : NULL;
}
