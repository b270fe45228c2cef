/* process_metrics.c - see process_metrics.h. Read when somebody looks. Where the reference tells of Go's runtime, ours tells the nearest thing the
 * allocator knows. Source: opentelemetry-collector service/internal/proctelemetry. */
#include "service/process_metrics.h"

#include <stddef.h>

#include "base/clock.h"
#include "base/process_usage.h"
#include "base/regex.h"
#include "pipeline/own_metrics.h"

#define SCOPE "go.opentelemetry.io/collector/service"

static uint64_t started_ns; /* immutable after registering */

static double read_uptime(void *context)
{
    (void)context;
    return (double)(sm_clock_mono_ns() - started_ns) / 1e9;
}

static double read_cpu(void *context)
{
    (void)context;
    return sm_process_cpu_seconds();
}

static double read_resident(void *context)
{
    (void)context;
    return (double)sm_process_resident_bytes();
}

static double read_heap(void *context)
{
    (void)context;
    return (double)sm_process_heap_bytes();
}

/* A counter: never less than before. Called under the registry's lock, one caller at a time. */
static double read_heap_peak(void *context)
{
    static double peak;
    double heap = read_heap(context);
    peak = heap > peak ? heap : peak;
    return peak;
}

static double read_virtual(void *context)
{
    (void)context;
    return (double)sm_process_virtual_bytes();
}

static const struct process_metric {
    struct sm_own_metric metric;
    double (*read)(void *context);
} process_metrics[] = {
    {{.name = "otelcol_process_uptime",
      .help = "Uptime of the process [Alpha]",
      .unit = "s",
      .kind = SM_OWN_COUNTER,
      .level = SM_OWN_LEVEL_BASIC,
      .scope = SCOPE},
     read_uptime},
    {{.name = "otelcol_process_cpu_seconds",
      .help = "Total CPU user and system time in seconds [Alpha]",
      .unit = "s",
      .kind = SM_OWN_COUNTER,
      .level = SM_OWN_LEVEL_BASIC,
      .scope = SCOPE},
     read_cpu},
    {{.name = "otelcol_process_memory_rss",
      .help = "Total physical memory (resident set size) [Alpha]",
      .unit = "By",
      .kind = SM_OWN_GAUGE,
      .level = SM_OWN_LEVEL_BASIC,
      .scope = SCOPE},
     read_resident},
    {{.name = "otelcol_process_runtime_heap_alloc_bytes",
      .help = "Bytes of heap memory in use [Alpha]",
      .unit = "By",
      .kind = SM_OWN_GAUGE,
      .level = SM_OWN_LEVEL_BASIC,
      .scope = SCOPE},
     read_heap},
    {{.name = "otelcol_process_runtime_total_alloc_bytes",
      .help = "Most bytes of heap memory that were seen in use [Alpha]",
      .unit = "By",
      .kind = SM_OWN_COUNTER,
      .level = SM_OWN_LEVEL_BASIC,
      .scope = SCOPE},
     read_heap_peak},
    {{.name = "otelcol_process_runtime_total_sys_memory_bytes",
      .help = "Total bytes of memory obtained from the OS [Alpha]",
      .unit = "By",
      .kind = SM_OWN_GAUGE,
      .level = SM_OWN_LEVEL_BASIC,
      .scope = SCOPE},
     read_virtual},
};

/* Not shown before the first. */
static void count_given_up_match(void)
{
    static const struct sm_own_metric metric = {.name = "otelcol_regex_limit_hits",
                                                .help = "Matches of regular expressions that were given up after too many steps, and counted as none",
                                                .unit = "{match}",
                                                .kind = SM_OWN_COUNTER,
                                                .level = SM_OWN_LEVEL_BASIC,
                                                .scope = SCOPE};
    sm_instrument_add(sm_instrument_get(&metric, NULL, 0), 1);
}

void sm_process_metrics_register(void)
{
    sm_regex_tell_limit_hits(count_given_up_match);
    started_ns = sm_clock_mono_ns();
    for (size_t i = 0; i < sizeof(process_metrics) / sizeof(process_metrics[0]); i++)
        sm_instrument_observe(sm_instrument_get(&process_metrics[i].metric, NULL, 0), process_metrics[i].read, NULL);
}
