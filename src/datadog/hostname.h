/* hostname.h - names of hosts: which are valid, and that of this machine.
 * Source: datadog-agent pkg/util/hostname/validate; datadogexporter internal/hostmetadata/internal/system. */
#pragma once

#include "base/arena.h"

enum { SM_DATADOG_HOSTNAME_SIZE_MAX = 256 };

/* NULL: fine; otherwise what is wrong with it, in `arena`. Any thread. */
const char *sm_datadog_hostname_problem(const char *hostname, struct sm_arena *arena);
/* The fully qualified name of this machine if it has a valid one, else its name; "" when that cannot be told. May wait a second for a name server. */
void sm_datadog_system_hostname(char *out, size_t out_size);
