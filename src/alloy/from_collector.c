/* from_collector.c - see from_collector.h. Reads the tables of rows from their other side: every setting is looked up by the key that its argument
 * becomes.
 *
 * A default that is another one in Alloy is written out. A processor that stands in several pipelines becomes several components where they are of
 * one signal, and where Alloy would see a circle: in a pipeline before a connector and in one behind it, or in another order for another signal. */
#include "alloy/from_collector.h"

#include <ctype.h>
#include <stdio.h>

#include "alloy/from_collector_prometheus.h"
#include "alloy/from_collector_rows.h"
#include "alloy/parser.h"
#include "alloy/printer.h"
#include "config/diags.h"
#include "config/source.h"
#include "pipeline/config.h"

/* One component of the file: a configured one, or its copy for another pipeline. */
struct piece {
    const struct sm_configured *configured;
    const struct sm_alloy_component *component; /* NULL: no counterpart */
    const char *label;
    const struct sm_pipeline_config *pipelines[SM_SIGNAL_COUNT]; /* processors: where it stands */
    bool is_named, is_inlined;                                   /* extensions: by the others; its settings stand in others */
    unsigned visit;                                              /* the last search that came here */
};

struct conversion {
    const struct sm_config *config;
    struct sm_arena arena;
    struct sm_diags *diags;
    struct sm_bytes text;
    struct piece *pieces;
    size_t piece_count, piece_capacity, missing;
    unsigned visits; /* searches so far */
};

/* ---- components */

struct search {
    const struct sm_component_type *type;
    const struct sm_alloy_component *found;
};

static void match_component(void *context, const struct sm_alloy_component *component)
{
    struct search *search = context;
    if (!search->found && component->kind == search->type->kind && strcmp(component->type, search->type->name) == 0)
        search->found = component;
}

/* The first component that becomes this one; NULL: none. */
static const struct sm_alloy_component *component_of(const struct sm_component_type *type)
{
    struct search search = {.type = type};
    sm_alloy_components_walk(match_component, &search);
    return search.found;
}

static bool is_forward(const struct sm_configured *configured)
{
    return configured->type->kind == SM_CONNECTOR && strcmp(configured->type->name, "forward") == 0;
}

/* A label of letters, digits and underscores, unique among components of the type. */
static const char *make_label(struct conversion *conversion, const struct sm_configured *configured)
{
    const char *slash = strchr(configured->id, '/');
    char *label = sm_arena_printf(&conversion->arena, "%s", slash ? slash + 1 : "default");
    for (char *at = label; *at; at++)
        if (!isalnum((unsigned char)*at) || (unsigned char)*at >= 0x80)
            *at = '_';
    if (isdigit((unsigned char)*label))
        label = sm_arena_printf(&conversion->arena, "_%s", label);
    const char *unique = label;
    for (unsigned number = 2;; number++) {
        bool is_taken = false;
        for (size_t i = 0; i < conversion->piece_count; i++)
            is_taken |= conversion->pieces[i].configured->type == configured->type && strcmp(conversion->pieces[i].label, unique) == 0;
        if (!is_taken)
            return unique;
        unique = sm_arena_printf(&conversion->arena, "%s_%u", label, number);
    }
}

static struct piece *add_piece(struct conversion *conversion, const struct sm_configured *configured)
{
    const char *label = make_label(conversion, configured);
    conversion->pieces = sm_arena_grow(&conversion->arena, conversion->pieces, conversion->piece_count, &conversion->piece_capacity,
                                       conversion->piece_count + 1, sizeof(*conversion->pieces));
    struct piece *piece = &conversion->pieces[conversion->piece_count++];
    *piece = (struct piece){.configured = configured, .component = component_of(configured->type), .label = label};
    if (!piece->component && !is_forward(configured)) {
        conversion->missing++;
        sm_diags_add(conversion->diags, SM_DIAG_ERROR, configured->position, NULL, NULL, "%s %s has no counterpart in Alloy",
                     sm_config_kind_name(configured->type->kind), configured->id);
    }
    return piece;
}

/* The piece that stands for `configured` in a pipeline; processors have one for each pipeline of a signal. */
static struct piece *find_piece(struct conversion *conversion, const struct sm_configured *configured, const struct sm_pipeline_config *pipeline)
{
    for (size_t i = 0; i < conversion->piece_count; i++) {
        struct piece *piece = &conversion->pieces[i];
        if (piece->configured == configured && (configured->type->kind != SM_PROCESSOR || piece->pipelines[pipeline->signal] == pipeline))
            return piece;
    }
    return NULL;
}

/* ---- circles: Alloy's components name each other, whatever the signal */

static bool leads_to(struct conversion *conversion, const struct piece *piece, const struct piece *target);

static bool arrives(struct conversion *conversion, struct piece *piece, const struct piece *target)
{
    if (piece == target)
        return true;
    if (piece->visit == conversion->visits)
        return false;
    piece->visit = conversion->visits;
    return leads_to(conversion, piece, target);
}

/* From processor `index` of the pipeline on, of those that have been placed. */
static bool pipeline_leads_to(struct conversion *conversion, const struct sm_pipeline_config *pipeline, size_t index, const struct piece *target)
{
    for (; index < pipeline->processors.count; index++) {
        struct piece *next = find_piece(conversion, pipeline->processors.items[index], pipeline);
        if (next)
            return arrives(conversion, next, target);
    }
    for (size_t i = 0; i < pipeline->exporters.count; i++)
        if (pipeline->exporters.items[i]->type->kind == SM_CONNECTOR &&
            arrives(conversion, find_piece(conversion, pipeline->exporters.items[i], pipeline), target))
            return true;
    return false;
}

/* The count if it is not there. */
static size_t index_in(const struct sm_reference_list *list, const struct sm_configured *configured)
{
    size_t index = 0;
    while (index < list->count && list->items[index] != configured)
        index++;
    return index;
}

static bool leads_to(struct conversion *conversion, const struct piece *piece, const struct piece *target)
{
    for (size_t i = 0; i < conversion->config->pipeline_count; i++) {
        const struct sm_pipeline_config *pipeline = &conversion->config->pipelines[i];
        bool is_processor = piece->configured->type->kind == SM_PROCESSOR;
        bool goes_on = is_processor ? piece->pipelines[pipeline->signal] == pipeline
                                    : index_in(&pipeline->receivers, piece->configured) < pipeline->receivers.count;
        size_t from = is_processor ? index_in(&pipeline->processors, piece->configured) + 1 : 0;
        if (goes_on && pipeline_leads_to(conversion, pipeline, from, target))
            return true;
    }
    return false;
}

/* False: the piece would be reached from where it gives to. */
static bool try_place(struct conversion *conversion, struct piece *piece, const struct sm_pipeline_config *pipeline)
{
    piece->pipelines[pipeline->signal] = pipeline;
    conversion->visits++;
    if (!leads_to(conversion, piece, piece))
        return true;
    piece->pipelines[pipeline->signal] = NULL;
    return false;
}

static void place_processor(struct conversion *conversion, const struct sm_configured *configured, const struct sm_pipeline_config *pipeline)
{
    for (size_t i = 0; i < conversion->piece_count; i++) {
        struct piece *piece = &conversion->pieces[i];
        if (piece->configured == configured && !piece->pipelines[pipeline->signal] && try_place(conversion, piece, pipeline))
            return;
    }
    add_piece(conversion, configured)->pipelines[pipeline->signal] = pipeline;
}

static void collect_pieces(struct conversion *conversion)
{
    for (int kind = 0; kind < SM_COMPONENT_KIND_COUNT; kind++) {
        const struct sm_configured_list *list = &conversion->config->components[kind];
        for (size_t i = 0; i < list->count; i++)
            add_piece(conversion, &list->items[i]);
    }
    for (size_t i = 0; i < conversion->config->pipeline_count; i++) {
        const struct sm_pipeline_config *pipeline = &conversion->config->pipelines[i];
        for (size_t k = 0; k < pipeline->processors.count; k++)
            place_processor(conversion, pipeline->processors.items[k], pipeline);
    }
}

/* ---- targets */

/* A second way to a target is a second copy of everything in the Collector. Alloy's lists could say so, but what reads them back cannot. */
static void miss_second_way(struct conversion *conversion, const struct sm_configured *to)
{
    conversion->missing++;
    sm_diags_add(conversion->diags, SM_DIAG_ERROR, to->position, NULL, NULL,
                 "%s %s gets the same data from two pipelines: twice in the Collector, once after the conversion",
                 sm_config_kind_name(to->type->kind), to->id);
}

static void add_target(struct conversion *conversion, struct sm_bytes *list, const struct piece *piece)
{
    if (!piece || !piece->component)
        return;
    const char *name = sm_arena_printf(&conversion->arena, "%s.%s.input", piece->component->name, piece->label);
    if (sm_slice_find(sm_bytes_slice(list), sm_slice_of(name))) {
        miss_second_way(conversion, piece->configured);
        return;
    }
    sm_bytes_printf(list, "%s%s", list->size ? ", " : "", name);
}

static void add_entries(struct conversion *conversion, struct sm_bytes *list, const struct sm_configured *from, enum sm_signal signal);

static void add_exporters(struct conversion *conversion, struct sm_bytes *list, const struct sm_pipeline_config *pipeline)
{
    for (size_t i = 0; i < pipeline->exporters.count; i++) {
        const struct sm_configured *exporter = pipeline->exporters.items[i];
        if (index_in(&pipeline->exporters, exporter) < i)
            continue; /* named twice is once in the Collector too */
        if (is_forward(exporter))
            add_entries(conversion, list, exporter, pipeline->signal);
        else
            add_target(conversion, list, find_piece(conversion, exporter, pipeline));
    }
}

/* Where what `from` gives goes: the beginning of every pipeline that names it. Connectors form no circle, so this ends. */
static void add_entries(struct conversion *conversion, struct sm_bytes *list, const struct sm_configured *from, enum sm_signal signal)
{
    for (size_t i = 0; i < conversion->config->pipeline_count; i++) {
        const struct sm_pipeline_config *pipeline = &conversion->config->pipelines[i];
        for (size_t k = 0; k < pipeline->receivers.count && pipeline->signal == signal; k++) {
            if (pipeline->receivers.items[k] != from)
                continue;
            if (pipeline->processors.count)
                add_target(conversion, list, find_piece(conversion, pipeline->processors.items[0], pipeline));
            else
                add_exporters(conversion, list, pipeline);
        }
    }
}

static void add_behind(struct conversion *conversion, struct sm_bytes *list, const struct piece *piece, const struct sm_pipeline_config *pipeline)
{
    for (size_t i = 0; i < pipeline->processors.count; i++) {
        if (pipeline->processors.items[i] != piece->configured)
            continue;
        if (i + 1 < pipeline->processors.count)
            add_target(conversion, list, find_piece(conversion, pipeline->processors.items[i + 1], pipeline));
        else
            add_exporters(conversion, list, pipeline);
    }
}

static void write_output(struct conversion *conversion, const struct piece *piece)
{
    enum sm_component_kind kind = piece->configured->type->kind;
    if (kind == SM_EXPORTER || kind == SM_EXTENSION)
        return;
    sm_bytes_append_text(&conversion->text, "output {\n");
    for (int signal = 0; signal < SM_SIGNAL_COUNT; signal++) {
        struct sm_bytes list;
        sm_bytes_init(&list, &conversion->arena);
        if (kind != SM_PROCESSOR)
            add_entries(conversion, &list, piece->configured, (enum sm_signal)signal);
        else if (piece->pipelines[signal])
            add_behind(conversion, &list, piece, piece->pipelines[signal]);
        if (list.size)
            sm_bytes_printf(&conversion->text, "%s = [%s]\n", sm_signal_name((enum sm_signal)signal), sm_bytes_cstr(&list));
    }
    sm_bytes_append_text(&conversion->text, "}\n");
}

/* ---- the file */

static struct piece *find_extension(struct conversion *conversion, const char *id)
{
    for (size_t i = 0; i < conversion->piece_count; i++) {
        struct piece *piece = &conversion->pieces[i];
        if (piece->component && piece->configured->type->kind == SM_EXTENSION && strcmp(piece->configured->id, id) == 0)
            return piece;
    }
    return NULL;
}

/* "otelcol.auth.basic.x.handler" of the extension with the id. */
static const char *handler_name(void *context, const char *id)
{
    struct conversion *conversion = context;
    struct piece *piece = find_extension(conversion, id);
    if (!piece)
        return NULL;
    piece->is_named = true;
    return sm_arena_printf(&conversion->arena, "%s.%s.handler", piece->component->name, piece->label);
}

static const struct sm_configured *inline_extension(void *context, const char *id)
{
    struct piece *piece = find_extension(context, id);
    if (!piece)
        return NULL;
    piece->is_inlined = true;
    return piece->configured;
}

static void write_piece(struct conversion *conversion, const struct piece *piece)
{
    bool is_family = piece->component && strcmp(piece->component->name, "otelcol.exporter.prometheus") == 0;
    if (!piece->component || (piece->is_inlined && !piece->is_named))
        return;
    struct sm_alloy_back back = {.arena = &conversion->arena,
                                 .diags = conversion->diags,
                                 .out = &conversion->text,
                                 .handler_name = handler_name,
                                 .inline_extension = inline_extension,
                                 .context = conversion,
                                 .type = piece->configured->type,
                                 .id = piece->configured->id};
    if (is_family) {
        sm_alloy_write_prometheus(&back, piece->label, piece->configured->node);
    } else {
        sm_bytes_printf(&conversion->text, "\n%s \"%s\" {\n", piece->component->name, piece->label);
        sm_alloy_write_settings(&back, piece->component, piece->configured->node);
        write_output(conversion, piece);
        sm_bytes_append_text(&conversion->text, "}\n");
    }
    conversion->missing += back.missing;
}

static void write_logging(struct conversion *conversion)
{
    static const char *const levels[] = {[SM_LOG_DEBUG] = "debug", [SM_LOG_INFO] = "info", [SM_LOG_WARN] = "warn", [SM_LOG_ERROR] = "error"};
    const struct sm_telemetry_config *telemetry = &conversion->config->telemetry;
    bool is_json = telemetry->log_encoding == SM_LOG_ENCODING_JSON;
    if (telemetry->log_level == SM_LOG_INFO && !is_json)
        return;
    const char *level = telemetry->log_level <= SM_LOG_ERROR ? levels[telemetry->log_level] : "error";
    sm_bytes_printf(&conversion->text, "logging {\nlevel = \"%s\"\nformat = \"%s\"\n}\n", level ? level : "info", is_json ? "json" : "logfmt");
}

static void miss(struct conversion *conversion, const char *path, const char *text)
{
    conversion->missing++;
    sm_diags_add(conversion->diags, SM_DIAG_ERROR, (struct sm_position){0}, path, NULL, "%s", text);
}

static const struct sm_node *find_in(const struct sm_node *map, const char *key)
{
    return map && map->kind == SM_NODE_MAP ? sm_node_find(map, key) : NULL;
}

/* What service::telemetry says and a file of Alloy cannot. Own metrics that nobody asked for are no loss. */
static void check_telemetry(struct conversion *conversion)
{
    const struct sm_telemetry_config *telemetry = &conversion->config->telemetry;
    const struct sm_node *given = find_in(find_in(find_in(conversion->config->root, "service"), "telemetry"), "metrics");
    if (given && telemetry->metrics_level != SM_METRICS_NONE && telemetry->reader_count + telemetry->sender_count > 0)
        miss(conversion, "service::telemetry::metrics",
             "own metrics have no counterpart in an Alloy file: Alloy serves them at --server.http.listen-addr");
    for (size_t i = 0; i < telemetry->resource.count; i++)
        miss(conversion, "service::telemetry::resource",
             sm_arena_printf(&conversion->arena, "%s has no counterpart in Alloy", telemetry->resource.entries[i].key));
    for (size_t i = 0; i < telemetry->log_field_count; i++)
        miss(conversion, "service::telemetry::logs::initial_fields",
             sm_arena_printf(&conversion->arena, "%s has no counterpart in Alloy", telemetry->log_fields[i].name));
    if (strcmp(telemetry->log_path, "stderr") != 0)
        miss(conversion, "service::telemetry::logs::output_paths", "has no counterpart in Alloy, which logs to stderr");
}

static void format(struct conversion *conversion, struct sm_bytes *out)
{
    struct sm_source source = {.name = "converted", .text = sm_bytes_slice(&conversion->text), .is_quotable = true, .language = SM_SOURCE_ALLOY};
    struct sm_alloy_file *file = sm_alloy_parse(&source, &conversion->arena, conversion->diags);
    if (file)
        sm_alloy_print_file(file, out);
    else
        conversion->missing++;
}

size_t sm_alloy_from_collector(const struct sm_config *config, struct sm_diags *diags, struct sm_bytes *out)
{
    struct conversion conversion = {.config = config, .diags = diags};
    sm_bytes_init(&conversion.text, &conversion.arena);
    collect_pieces(&conversion);
    write_logging(&conversion);
    for (int is_extension = 0; is_extension < 2; is_extension++) /* last, when it is known who names them */
        for (size_t i = 0; i < conversion.piece_count; i++)
            if ((conversion.pieces[i].configured->type->kind == SM_EXTENSION) == is_extension)
                write_piece(&conversion, &conversion.pieces[i]);
    check_telemetry(&conversion);
    format(&conversion, out);
    size_t missing = conversion.missing;
    sm_arena_deinit(&conversion.arena);
    return missing;
}
