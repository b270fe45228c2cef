/* process_usage.h - what this process uses of memory and processor time, and how much memory it may use. Any thread. */
#pragma once

#include <stdint.h>

/* Physical memory in use (RSS), bytes; 0 when the system does not tell. */
uint64_t sm_process_resident_bytes(void);
/* Memory taken from the system by the allocator and still in use by the program, bytes. Takes the allocator's locks: not for the data path. */
uint64_t sm_process_heap_bytes(void);
/* Address space of the process, bytes; 0 when the system does not tell. */
uint64_t sm_process_virtual_bytes(void);
/* User and system time of all threads, seconds. */
double sm_process_cpu_seconds(void);
/* The limit of the container (cgroup v2 or v1), or the machine's memory when it has none, bytes; 0 when neither can be read. */
uint64_t sm_process_memory_limit_bytes(void);
/* Gives free memory of the allocator back to the system. Takes the allocator's locks. */
void sm_process_release_memory(void);
