/* welcome.c - finds the endpoints of a configuration by its option tables. */
#include "cli/welcome.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "pipeline/config.h"

/* Every option called endpoint below `options`, with the path to it; `head` goes before the first and is empty afterwards. */
static void print_endpoints(const struct sm_option *table, const char *options, const char *path, char *head)
{
    for (const struct sm_option *option = table; option && option->kind != SM_OPTION_KIND_END; option++) {
        const char *member = options + option->offset;
        char below[128];
        snprintf(below, sizeof(below), "%s%s%s", path, *path && !option->squash ? "." : "", option->squash ? "" : sm_option_key(option));
        if (option->kind == SM_OPTION_KIND_STRING && strcmp(sm_option_key(option), "endpoint") == 0) {
            const char *endpoint;
            memcpy(&endpoint, member, sizeof(endpoint));
            if (*endpoint)
                printf("%s    %-34s %s\n", head, below, endpoint), *head = '\0';
        } else if (option->kind == SM_OPTION_KIND_TABLE) {
            print_endpoints(option->table, member, below, head);
        } else if (option->kind == SM_OPTION_KIND_OPTIONAL) {
            const char *element;
            memcpy(&element, member, sizeof(element));
            if (element)
                print_endpoints(option->table, element, below, head);
        }
    }
}

static void print_pipeline(const struct sm_pipeline_config *pipeline)
{
    const struct sm_reference_list *lists[] = {&pipeline->receivers, &pipeline->processors, &pipeline->exporters};
    printf("  %-12s", pipeline->id);
    for (size_t l = 0; l < 3; l++) {
        for (size_t i = 0; i < lists[l]->count; i++)
            printf("%s%s", i ? ", " : l ? " -> " : " ", lists[l]->items[i]->id);
    }
    putchar('\n');
}

void sm_welcome_print(const struct sm_config *config)
{
    puts("spanmill " SPANMILL_VERSION "\n\nPipelines");
    for (size_t i = 0; i < config->pipeline_count; i++)
        print_pipeline(&config->pipelines[i]);
    puts("\nEndpoints");
    static const enum sm_component_kind kinds[] = {SM_RECEIVER, SM_EXPORTER, SM_EXTENSION};
    for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
        const struct sm_configured_list *list = &config->components[kinds[k]];
        for (size_t i = 0; i < list->count; i++) {
            char head[256];
            snprintf(head, sizeof(head), "  %s %s\n", sm_config_kind_name(kinds[k]), list->items[i].id);
            print_endpoints(list->items[i].type->options, list->items[i].options, "", head);
        }
    }
    for (size_t i = 0; i < config->telemetry.reader_count; i++)
        printf("  own metrics                          http://%s:%u/metrics\n", config->telemetry.readers[i].host,
               (unsigned)config->telemetry.readers[i].port);
    printf("\nIn another terminal:\n  %s send   sends a first trace\n  %s top    shows rates, errors and durations live\n\nCtrl-C ends.\n\n",
           program_invocation_name, program_invocation_name);
    fflush(stdout);
}
