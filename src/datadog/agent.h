/* agent.h - what Datadog's agent does to a trace between receiving and sending it.
 *
 * Any thread; the settings are immutable after start, but for the samplers, which have a lock of their own.
 * Source: datadog-agent pkg/trace/agent/agent.go (Process), 0.59.0. */
#pragma once

#include "datadog/chunk.h"
#include "datadog/obfuscate.h"
#include "datadog/sampling.h"

struct sm_datadog_tag_rules;
struct sm_regex;
struct sm_string_map;

struct sm_datadog_agent {
    struct sm_regex **ignored; /* borrowed; traces whose root has such a resource are left out */
    size_t ignored_count;
    struct sm_datadog_obfuscator *obfuscator; /* borrowed */
    struct sm_datadog_sampling *sampling;     /* borrowed */
    const struct sm_datadog_tag_rules *rules; /* borrowed, may be NULL */
    const struct sm_string_map *tags;         /* borrowed, may be NULL; set on every span */
    bool is_top_level_known;                  /* the sender has marked the spans that are top level */
    bool takes_component_as_name;
    bool is_sound; /* spans were put right already */
};

/* Makes the chunk sound, as statistics are made of it, and adds to `payload` what only its chunks say. False: the trace is left out. */
bool sm_datadog_agent_prepare(const struct sm_datadog_agent *agent, struct sm_datadog_payload *payload, struct sm_datadog_chunk *chunk,
                              uint64_t now_ns, struct sm_arena *arena, struct sm_datadog_counts *counts, struct sm_datadog_span **root)
    __attribute__((warn_unused_result));
