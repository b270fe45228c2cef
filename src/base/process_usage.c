/* process_usage.c - see process_usage.h. Reads /proc/self/statm, /proc/meminfo and the memory controller's files at their usual places. */
#include "base/process_usage.h"

#include <inttypes.h>
#include <malloc.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

/* cgroup v1 says "no limit" with the largest multiple of a page. */
#define CGROUP_V1_UNLIMITED UINT64_C(0x7ffffffffffff000)

/* Field `index` of /proc/self/statm, in bytes. */
static uint64_t read_statm(unsigned index)
{
    uint64_t pages = 0;
    FILE *file = fopen("/proc/self/statm", "re");
    if (!file)
        return 0;
    for (unsigned i = 0; i <= index; i++)
        if (fscanf(file, "%" SCNu64, &pages) != 1)
            pages = 0;
    fclose(file);
    return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

uint64_t sm_process_virtual_bytes(void)
{
    return read_statm(0);
}

uint64_t sm_process_resident_bytes(void)
{
    return read_statm(1);
}

uint64_t sm_process_heap_bytes(void)
{
    struct mallinfo2 info = mallinfo2();
    return (uint64_t)info.uordblks + (uint64_t)info.hblkhd;
}

double sm_process_cpu_seconds(void)
{
    struct rusage usage;
    if (getrusage(RUSAGE_SELF, &usage) != 0)
        return 0;
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) + (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static bool read_number(const char *path, const char *format, uint64_t *number)
{
    FILE *file = fopen(path, "re");
    if (!file)
        return false;
    bool is_read = false;
    char line[256];
    while (!is_read && fgets(line, sizeof(line), file))
        is_read = sscanf(line, format, number) == 1;
    fclose(file);
    return is_read;
}

uint64_t sm_process_memory_limit_bytes(void)
{
    uint64_t bytes;
    if (read_number("/sys/fs/cgroup/memory.max", "%" SCNu64, &bytes))
        return bytes;
    if (read_number("/sys/fs/cgroup/memory/memory.limit_in_bytes", "%" SCNu64, &bytes) && bytes < CGROUP_V1_UNLIMITED)
        return bytes;
    uint64_t kib;
    return read_number("/proc/meminfo", "MemTotal: %" SCNu64, &kib) ? kib * 1024 : 0;
}

void sm_process_release_memory(void)
{
    malloc_trim(0);
}
