/* host_facts.h - what Datadog's list of hosts shows of this machine: processor, memory, file systems, network, system, and the largest processes.
 *
 * Read once, from /proc and the C library; may wait a second for a name server. Source: DataDog/gohai (4316413895ee). */
#pragma once

#include "datadog/span.h"

struct sm_host_facts {
    struct sm_slice hostname, full_name;                  /* of the system; may be empty */
    struct sm_datadog_map cpu, memory, network, platform; /* texts */
    struct sm_slice filesystems, interfaces, processes;   /* JSON arrays */
};
/* In `arena`. What cannot be read is left out. */
struct sm_host_facts sm_host_facts_collect(struct sm_arena *arena);
