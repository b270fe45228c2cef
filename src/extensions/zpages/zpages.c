/* zpages.c - the extension `zpages`: pages about the running service under /debug: servicez, pipelinez, extensionz, featurez.
 *
 * Everything else is 404, tracez too: the program does not trace itself. Pages are written from the graph's plan, which does not change while it
 * runs. Source: opentelemetry-collector extension/zpagesextension, service/internal/zpages. */
#include "pipeline/component.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/utsname.h>
#include <time.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/memory.h"
#include "config/duration.h"
#include "config/gates.h"
#include "extensions/zpages/html.h"
#include "net/http_route.h"
#include "net/http_server.h"
#include "pipeline/graph.h"
#include "pipeline/worker.h"

struct options {
    struct sm_http_server_options server;
    struct expvar {
        bool enabled;
    } expvar;
};

static const struct sm_option expvar_table[] = {
    SM_OPTION_BOOL(struct expvar, enabled, .help = "Variables of the Go runtime; taken and without effect, there is none here."),
    SM_OPTION_END,
};

/* The row of `endpoint` stands behind the server's table, whose default it replaces. */
static const struct sm_option option_table[] = {
    SM_OPTION_TABLE(struct options, server, sm_http_server_option_table, .squash = true, .help = "The HTTP server."),
    {.kind = SM_OPTION_KIND_STRING,
     .member = "endpoint",
     .offset = offsetof(struct options, server.endpoint),
     .preset.string = "localhost:55679",
     .help = "Address to listen on."},
    SM_OPTION_TABLE(struct options, expvar, expvar_table, .help = "Variables of the Go runtime."),
    SM_OPTION_END,
};

/* Immutable after start. */
struct zpages {
    struct sm_component *component; /* borrowed */
    struct sm_http_server *server;  /* owned */
    uint64_t started_ns;            /* wall clock */
};

/* ---- pages */

static void write_service(struct sm_bytes *page, const struct zpages *zpages)
{
    struct utsname system = {0};
    uname(&system);
    char text[64];
    time_t seconds = (time_t)(zpages->started_ns / SM_NS_PER_S);
    struct tm utc;
    gmtime_r(&seconds, &utc);
    sm_html_begin(page, "Service spanmill");
    sm_bytes_append_text(page, "<h2>Build Info</h2>\n");
    sm_html_table_begin(page, NULL);
    sm_html_pair(page, "Command", "spanmill");
    sm_html_pair(page, "Version", SPANMILL_VERSION);
    sm_html_table_end(page);
    sm_bytes_append_text(page, "<h2>Runtime Info</h2>\n");
    sm_html_table_begin(page, NULL);
    strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S UTC", &utc);
    sm_html_pair(page, "Started", text);
    sm_html_pair(page, "Uptime",
                 sm_duration_format((int64_t)(sm_clock_wall_ns() / SM_NS_PER_S * SM_NS_PER_S - (uint64_t)seconds * SM_NS_PER_S), text));
    snprintf(text, sizeof(text), "%u", sm_workers_count(zpages->component->workers));
    sm_html_pair(page, "Workers", text);
    sm_html_pair(page, "System", system.sysname);
    sm_html_pair(page, "Architecture", system.machine);
    sm_html_table_end(page);
    sm_bytes_append_text(page, "<h2>More</h2>\n<p><a href=\"pipelinez\">Pipelines</a>, <a href=\"extensionz\">Extensions</a>, "
                               "<a href=\"featurez\">Features</a></p>\n");
}

static void write_components(struct sm_bytes *page, const struct sm_graph_pipeline *pipeline, const struct sm_graph_component *const *components,
                             size_t count, const char *separator)
{
    static const char *const kinds[] = {
        [SM_RECEIVER] = "receiver",   [SM_PROCESSOR] = "processor", [SM_EXPORTER] = "exporter",
        [SM_CONNECTOR] = "connector", [SM_EXTENSION] = "extension",
    };
    sm_bytes_append_text(page, "<td>");
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            sm_bytes_append_text(page, separator);
        sm_bytes_append_text(page, "<a href=\"?zpipelinename=");
        sm_html_query(page, pipeline->id);
        sm_bytes_append_text(page, "&amp;zcomponentname=");
        sm_html_query(page, components[i]->id);
        sm_bytes_printf(page, "&amp;zcomponentkind=%s\">", kinds[components[i]->type->kind]);
        sm_html_text(page, components[i]->id);
        sm_bytes_append_text(page, "</a>");
    }
    sm_bytes_append_text(page, "</td>");
}

static bool mutates(const struct sm_graph_pipeline *pipeline)
{
    for (size_t i = 0; i < pipeline->processor_count; i++)
        if (pipeline->processors[i]->type->mutates)
            return true;
    return false;
}

static void write_pipelines(struct sm_bytes *page, const struct zpages *zpages)
{
    static const char *const heads[] = {"FullName", "InputType", "MutatesData", "Receivers", "Processors", "Exporters", NULL};
    const struct sm_graph_plan *plan = sm_graph_plan(zpages->component->graph);
    sm_html_begin(page, "Pipelines");
    sm_html_table_begin(page, heads);
    for (size_t i = 0; i < plan->pipeline_count; i++) {
        const struct sm_graph_pipeline *pipeline = &plan->pipelines[i];
        sm_bytes_append_text(page, "<tr><td><code>");
        sm_html_text(page, pipeline->id);
        sm_bytes_printf(page, "</code></td><td>%s</td><td>%s</td>", sm_signal_name(pipeline->signal), mutates(pipeline) ? "true" : "false");
        write_components(page, pipeline, pipeline->receivers, pipeline->receiver_count, "<br>");
        write_components(page, pipeline, pipeline->processors, pipeline->processor_count, " &rarr; ");
        write_components(page, pipeline, pipeline->exporters, pipeline->exporter_count, "<br>");
        sm_bytes_append_text(page, "</tr>\n");
    }
    sm_html_table_end(page);
}

static void write_extensions(struct sm_bytes *page, const struct zpages *zpages)
{
    static const char *const heads[] = {"Extension", "Purpose", NULL};
    const struct sm_graph_plan *plan = sm_graph_plan(zpages->component->graph);
    sm_html_begin(page, "Extensions");
    sm_html_table_begin(page, heads);
    for (size_t i = 0; i < plan->extension_count; i++)
        sm_html_pair(page, plan->extensions[i]->id, plan->extensions[i]->type->help);
    sm_html_table_end(page);
}

static void write_features(struct sm_bytes *page, const struct zpages *zpages)
{
    static const char *const heads[] = {"ID", "Enabled", "Stage", "Description", NULL};
    static const char *const stages[] = {[SM_GATE_STAGE_ALPHA] = "Alpha", [SM_GATE_STAGE_BETA] = "Beta"};
    (void)zpages;
    sm_html_begin(page, "Features");
    sm_html_table_begin(page, heads);
    for (enum sm_gate gate = 0; gate < SM_GATE_COUNT; gate++) {
        const struct sm_gate_row *row = sm_gate_describe(gate);
        sm_bytes_append_text(page, "<tr><td><code>");
        sm_html_text(page, row->id);
        sm_bytes_append_text(page, sm_gate_is_on(gate) ? "</code></td><td class=\"on\">true" : "</code></td><td class=\"off\">false");
        sm_bytes_printf(page, "</td><td>%s</td><td>", stages[row->stage]);
        sm_html_text(page, row->help);
        sm_bytes_append_text(page, "</td></tr>\n");
    }
    sm_html_table_end(page);
}

static const struct page {
    const char *path;
    void (*write)(struct sm_bytes *page, const struct zpages *zpages);
} pages[] = {
    {"/debug/servicez", write_service},
    {"/debug/pipelinez", write_pipelines},
    {"/debug/extensionz", write_extensions},
    {"/debug/featurez", write_features},
};

static void answer(struct sm_http_request *request, void *context)
{
    for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
        if (!sm_slice_is(sm_http_request_path(request), pages[i].path))
            continue;
        struct sm_bytes page = {0};
        pages[i].write(&page, context);
        sm_html_end(&page);
        sm_http_respond_text(request, 200, "text/html; charset=utf-8", sm_bytes_slice(&page));
        sm_bytes_deinit(&page);
        return;
    }
    sm_http_respond_not_found(request);
}

/* ---- life */

static void zpages_validate(const void *from, struct sm_validation *validation)
{
    const struct options *options = from;
    if (!*options->server.endpoint)
        sm_validation_error(validation, "endpoint", "\"endpoint\" is required when using the \"zpages\" extension");
}

static bool zpages_create(struct sm_component *component, struct sm_error *error)
{
    const struct options *options = component->options;
    struct zpages *zpages = sm_alloc(1, sizeof(*zpages));
    zpages->component = component;
    zpages->started_ns = sm_clock_wall_ns();
    component->state = zpages;
    zpages->server = sm_http_server_create(component->workers, &options->server, answer, zpages, component, error);
    return zpages->server != NULL;
}

static bool zpages_start(struct sm_component *component, struct sm_error *error)
{
    const struct options *options = component->options;
    sm_log(SM_LOG_INFO, &component->logger, "Starting zPages extension", SM_LOG_STR("endpoint", options->server.endpoint));
    return sm_http_server_start(((struct zpages *)component->state)->server, error);
}

static void on_stopped(void *context)
{
    sm_component_stopped(context);
}

static void zpages_stop(struct sm_component *component)
{
    sm_http_server_stop(((struct zpages *)component->state)->server, on_stopped, component);
}

static void zpages_free(struct sm_component *component)
{
    struct zpages *zpages = component->state;
    if (!zpages)
        return;
    sm_http_server_free(zpages->server);
    free(zpages);
}

const struct sm_component_type sm_extension_zpages = {
    .kind = SM_EXTENSION,
    .name = "zpages",
    .help = "Pages about the running service: pipelines, extensions, features.",
    .stability = {SM_STABILITY_BETA},
    .options = option_table,
    .options_size = sizeof(struct options),
    .validate = zpages_validate,
    .create = zpages_create,
    .start = zpages_start,
    .stop = zpages_stop,
    .free = zpages_free,
};
