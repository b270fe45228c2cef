/* host_facts.c - see host_facts.h. Stateless. */
#include "exporters/datadog/host_facts.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <ifaddrs.h>
#include <mntent.h>
#include <net/if.h>
#include <netpacket/packet.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "base/bytes.h"
#include "datadog/full_name.h"
#include "wire/json_text.h"
#include "wire/number.h"

enum { LINE_SIZE_MAX = 4096, TEXT_SIZE_MAX = 256, KIB = 1024 };

static void set(struct sm_datadog_map *map, struct sm_arena *arena, const char *key, const char *text)
{
    sm_datadog_map_set_text(map, arena, sm_slice_of(key), sm_arena_copy(arena, sm_slice_of(text)));
}

static void put_member(struct sm_bytes *out, const char *key, const char *text)
{
    sm_bytes_printf(out, "%s\"%s\":", out->ptr[out->size - 1] == '{' ? "" : ",", key);
    sm_json_put_string_strict(out, sm_slice_of(text));
}

/* "[a,b" is to go on with a comma, "[" is not. */
static void put_separator(struct sm_bytes *out)
{
    if (out->ptr[out->size - 1] != '[')
        sm_bytes_append_char(out, ',');
}

/* ---- /proc files of "key : value" lines */

static void read_lines(const char *path, void (*take)(struct sm_slice key, struct sm_slice value, void *context), void *context)
{
    FILE *file = fopen(path, "re");
    char line[LINE_SIZE_MAX];
    if (!file)
        return;
    while (fgets(line, sizeof(line), file)) {
        struct sm_slice value = sm_slice_of(line), key = sm_slice_cut(&value, ':');
        take(sm_slice_trim(key), sm_slice_trim(value), context);
    }
    fclose(file);
}

struct line_map {
    struct sm_datadog_map *map;
    struct sm_arena *arena;
    struct sm_datadog_map sockets; /* physical processors */
};

static void take_cpu_line(struct sm_slice key, struct sm_slice value, void *context)
{
    static const struct {
        const char *line, *name;
    } names[] = {{"vendor_id", "vendor_id"}, {"model name", "model_name"}, {"cpu cores", "cpu_cores"}, {"siblings", "cpu_logical_processors"},
                 {"cpu MHz", "mhz"},         {"cache size", "cache_size"}, {"cpu family", "family"},   {"model", "model"},
                 {"stepping", "stepping"}};
    struct line_map *lines = context;
    if (sm_slice_is(key, "physical id"))
        sm_datadog_map_put(&lines->sockets, lines->arena, sm_arena_copy(lines->arena, value));
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (sm_slice_is(key, names[i].line))
            sm_datadog_map_set_text(lines->map, lines->arena, sm_slice_of(names[i].name), sm_arena_copy(lines->arena, value));
}

/* The kernel tells them for each physical processor. */
static void multiply(struct line_map *lines, const char *key)
{
    struct sm_slice text = sm_datadog_map_text(lines->map, sm_slice_of(key));
    if (text.size && lines->sockets.count)
        sm_datadog_map_set_text(lines->map, lines->arena, sm_slice_of(key),
                                sm_slice_of(sm_arena_printf(lines->arena, "%ld", strtol(text.ptr, NULL, 10) * (long)lines->sockets.count)));
}

static void take_memory_line(struct sm_slice key, struct sm_slice value, void *context)
{
    struct line_map *lines = context;
    const char *name = sm_slice_is(key, "MemTotal") ? "total" : sm_slice_is(key, "SwapTotal") ? "swap_total" : NULL;
    if (!name)
        return;
    struct sm_slice unit = value, number = sm_slice_cut(&unit, ' ');
    set(lines->map, lines->arena, name, sm_arena_printf(lines->arena, "%.*s%.*s", SM_SLICE_ARGS(number), SM_SLICE_ARGS(unit)));
}

/* ---- the system */

static void collect_platform(struct sm_host_facts *facts, struct sm_arena *arena)
{
    struct utsname names;
    if (uname(&names) != 0)
        return;
    const char *machine = names.machine;
    const struct {
        const char *key, *text;
    } fields[] = {{"kernel_name", names.sysname},
                  {"hostname", names.nodename},
                  {"kernel_release", names.release},
                  {"kernel_version", names.version},
                  {"machine", machine},
                  {"processor", machine},
                  {"hardware_platform", machine},
                  {"os", "GNU/Linux"},
                  {"GOOS", "linux"},
                  {"GOOARCH", strcmp(machine, "x86_64") == 0    ? "amd64"
                              : strcmp(machine, "aarch64") == 0 ? "arm64"
                                                                : machine}};
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
        set(&facts->platform, arena, fields[i].key, fields[i].text);
}

static void collect_names(struct sm_host_facts *facts, struct sm_arena *arena)
{
    char name[TEXT_SIZE_MAX] = "";
    char full_name[SM_FULL_NAME_SIZE_MAX];
    if (gethostname(name, sizeof(name) - 1) != 0)
        return;
    facts->hostname = facts->full_name = sm_arena_copy(arena, sm_slice_of(name));
    if (sm_full_name_within(sm_full_name_ask, name, SM_FULL_NAME_LIMIT_NS, full_name))
        facts->full_name = sm_arena_copy(arena, sm_slice_of(full_name));
}

/* ---- file systems */

static bool is_remote(const char *type)
{
    static const char *const types[] = {"nfs", "nfs4", "cifs", "smbfs", "smb3", "afs", "ncpfs", "coda", "fuse.sshfs", "9p", "autofs"};
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
        if (strcmp(type, types[i]) == 0)
            return true;
    return false;
}

static struct sm_slice collect_filesystems(struct sm_arena *arena)
{
    struct sm_bytes out;
    char buffer[LINE_SIZE_MAX];
    struct mntent entry;
    struct statvfs size;
    FILE *mounts = setmntent("/proc/self/mounts", "re");
    sm_bytes_init(&out, arena);
    sm_bytes_append_char(&out, '[');
    while (mounts && getmntent_r(mounts, &entry, buffer, sizeof(buffer))) {
        if (is_remote(entry.mnt_type) || statvfs(entry.mnt_dir, &size) != 0 || size.f_blocks == 0)
            continue;
        char kib[TEXT_SIZE_MAX];
        snprintf(kib, sizeof(kib), "%llu", (unsigned long long)size.f_blocks * size.f_frsize / KIB);
        put_separator(&out);
        sm_bytes_append_char(&out, '{');
        put_member(&out, "kb_size", kib);
        put_member(&out, "mounted_on", entry.mnt_dir);
        put_member(&out, "name", entry.mnt_fsname);
        sm_bytes_append_char(&out, '}');
    }
    if (mounts)
        endmntent(mounts);
    sm_bytes_append_char(&out, ']');
    return sm_bytes_slice(&out);
}

/* ---- network */

static bool is_in_use(const struct ifaddrs *interface)
{
    return interface->ifa_addr && (interface->ifa_flags & IFF_UP) && !(interface->ifa_flags & IFF_LOOPBACK);
}

/* "02:42:ac:11:00:02"; "" when it has none. */
static void hardware_address(const struct ifaddrs *all, const char *name, char *text, size_t size)
{
    *text = '\0';
    for (const struct ifaddrs *at = all; at; at = at->ifa_next) {
        if (!at->ifa_addr || at->ifa_addr->sa_family != AF_PACKET || strcmp(at->ifa_name, name) != 0)
            continue;
        const struct sockaddr_ll *link = (const struct sockaddr_ll *)(const void *)at->ifa_addr;
        const unsigned char *bytes = link->sll_addr;
        if (link->sll_halen == 6)
            snprintf(text, size, "%02x:%02x:%02x:%02x:%02x:%02x", bytes[0], bytes[1], bytes[2], bytes[3], bytes[4], bytes[5]);
        return;
    }
}

static bool address_text(const struct ifaddrs *interface, int family, char *text)
{
    if (!is_in_use(interface) || interface->ifa_addr->sa_family != family)
        return false;
    const void *address = family == AF_INET ? (const void *)&((const struct sockaddr_in *)(const void *)interface->ifa_addr)->sin_addr
                                            : (const void *)&((const struct sockaddr_in6 *)(const void *)interface->ifa_addr)->sin6_addr;
    return inet_ntop(family, address, text, INET6_ADDRSTRLEN) != NULL;
}

static void put_addresses(struct sm_bytes *out, const struct ifaddrs *all, const char *name, int family)
{
    char text[INET6_ADDRSTRLEN];
    sm_bytes_printf(out, ",\"%s\":[", family == AF_INET ? "ipv4" : "ipv6");
    for (const struct ifaddrs *at = all; at; at = at->ifa_next)
        if (strcmp(at->ifa_name, name) == 0 && address_text(at, family, text)) {
            put_separator(out);
            sm_json_put_string_strict(out, sm_slice_of(text));
        }
    sm_bytes_append_char(out, ']');
}

static void put_interface(struct sm_bytes *out, const struct ifaddrs *all, const char *name)
{
    char mac[TEXT_SIZE_MAX];
    hardware_address(all, name, mac, sizeof(mac));
    put_separator(out);
    sm_bytes_append_char(out, '{');
    put_member(out, "name", name);
    if (*mac)
        put_member(out, "macaddress", mac);
    put_addresses(out, all, name, AF_INET);
    put_addresses(out, all, name, AF_INET6);
    sm_bytes_append_char(out, '}');
}

static void collect_network(struct sm_host_facts *facts, struct sm_arena *arena)
{
    struct ifaddrs *all = NULL;
    struct sm_bytes out;
    char text[INET6_ADDRSTRLEN], mac[TEXT_SIZE_MAX];
    sm_bytes_init(&out, arena);
    sm_bytes_append_char(&out, '[');
    if (getifaddrs(&all) != 0)
        all = NULL;
    for (const struct ifaddrs *at = all; at; at = at->ifa_next) {
        if (at->ifa_addr && at->ifa_addr->sa_family == AF_PACKET && is_in_use(at))
            put_interface(&out, all, at->ifa_name);
        if (!facts->network.count || !sm_datadog_map_find(&facts->network, SM_SLICE("ipaddress"))) {
            if (address_text(at, AF_INET, text)) {
                set(&facts->network, arena, "ipaddress", text);
                hardware_address(all, at->ifa_name, mac, sizeof(mac));
                set(&facts->network, arena, "macaddress", mac);
            }
        }
        if (address_text(at, AF_INET6, text) && !sm_datadog_map_find(&facts->network, SM_SLICE("ipaddressv6")))
            set(&facts->network, arena, "ipaddressv6", text);
    }
    if (all)
        freeifaddrs(all);
    sm_bytes_append_char(&out, ']');
    facts->interfaces = sm_bytes_slice(&out);
}

/* ---- processes, in groups of one name */

enum { GROUPS_SHOWN = 20, GROUPS_MAX = 4096 };

struct group {
    struct sm_slice name;
    uid_t user;
    uint64_t virtual_bytes, resident_bytes;
    unsigned count;
};

struct groups {
    struct group *items;
    size_t count, capacity;
    struct sm_arena *arena;
};

static struct group *find_group(struct groups *groups, struct sm_slice name, uid_t user)
{
    for (size_t i = 0; i < groups->count; i++)
        if (sm_slice_equal(groups->items[i].name, name))
            return &groups->items[i];
    if (groups->count == GROUPS_MAX)
        return NULL;
    if (groups->count == groups->capacity)
        groups->items = sm_arena_grow(groups->arena, groups->items, groups->count, &groups->capacity, groups->count + 1, sizeof(*groups->items));
    groups->items[groups->count] = (struct group){.name = sm_arena_copy(groups->arena, name), .user = user};
    return &groups->items[groups->count++];
}

static bool read_file(const char *pid, const char *name, char *text, size_t size)
{
    char path[TEXT_SIZE_MAX];
    snprintf(path, sizeof(path), "/proc/%.16s/%s", pid, name);
    FILE *file = fopen(path, "re");
    bool is_read = file && fgets(text, (int)size, file);
    if (file)
        fclose(file);
    return is_read;
}

static void take_process(struct groups *groups, const char *pid)
{
    char name[TEXT_SIZE_MAX], pages[TEXT_SIZE_MAX], path[TEXT_SIZE_MAX], *rest;
    struct stat owner;
    snprintf(path, sizeof(path), "/proc/%.16s", pid);
    if (stat(path, &owner) != 0 || !read_file(pid, "comm", name, sizeof(name)) || !read_file(pid, "statm", pages, sizeof(pages)))
        return;
    uint64_t page_size = (uint64_t)sysconf(_SC_PAGESIZE), total = strtoull(pages, &rest, 10), resident = strtoull(rest, NULL, 10);
    struct group *group = find_group(groups, sm_slice_trim(sm_slice_of(name)), owner.st_uid);
    if (!group)
        return;
    group->virtual_bytes += total * page_size;
    group->resident_bytes += resident * page_size;
    group->count++;
}

static int compare_groups(const void *a, const void *b)
{
    uint64_t x = ((const struct group *)a)->resident_bytes, y = ((const struct group *)b)->resident_bytes;
    return (x < y) - (x > y);
}

static void put_group(struct sm_bytes *out, const struct group *group, double memory_bytes)
{
    char buffer[LINE_SIZE_MAX], user[TEXT_SIZE_MAX], share[SM_NUMBER_SIZE_MAX];
    struct passwd entry, *found = NULL;
    if (getpwuid_r(group->user, &entry, buffer, sizeof(buffer), &found) == 0 && found)
        snprintf(user, sizeof(user), "%s", found->pw_name);
    else
        snprintf(user, sizeof(user), "%u", (unsigned)group->user);
    size_t size = sm_number_format(memory_bytes > 0 ? 100 * (double)group->resident_bytes / memory_bytes : 0, SM_NUMBER_ECMASCRIPT, share);
    put_separator(out);
    sm_bytes_append_char(out, '[');
    sm_json_put_string_strict(out, sm_slice_of(user));
    sm_bytes_printf(out, ",0,%.*s,%llu,%llu,", (int)size, share, (unsigned long long)group->virtual_bytes, (unsigned long long)group->resident_bytes);
    sm_json_put_string_strict(out, group->name);
    sm_bytes_printf(out, ",%u]", group->count);
}

/* [[seconds since 1970, [[users, CPU, memory in percent, virtual, resident, name, count], ...]]] */
static struct sm_slice collect_processes(struct sm_arena *arena)
{
    struct groups groups = {.arena = arena};
    struct sm_bytes out;
    DIR *folder = opendir("/proc");
    for (const struct dirent *entry; folder && (entry = readdir(folder));)
        if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9')
            take_process(&groups, entry->d_name);
    if (folder)
        closedir(folder);
    if (groups.count)
        qsort(groups.items, groups.count, sizeof(*groups.items), compare_groups);
    double memory_bytes = (double)sysconf(_SC_PHYS_PAGES) * (double)sysconf(_SC_PAGESIZE);
    sm_bytes_init(&out, arena);
    sm_bytes_printf(&out, "[[%lld,[", (long long)time(NULL));
    for (size_t i = 0; i < groups.count && i < GROUPS_SHOWN; i++)
        put_group(&out, &groups.items[i], memory_bytes);
    sm_bytes_append_text(&out, "]]]");
    return sm_bytes_slice(&out);
}

struct sm_host_facts sm_host_facts_collect(struct sm_arena *arena)
{
    struct sm_host_facts facts = {0};
    struct line_map cpu = {.map = &facts.cpu, .arena = arena}, memory = {.map = &facts.memory, .arena = arena};
    read_lines("/proc/cpuinfo", take_cpu_line, &cpu);
    multiply(&cpu, "cpu_cores");
    multiply(&cpu, "cpu_logical_processors");
    read_lines("/proc/meminfo", take_memory_line, &memory);
    collect_names(&facts, arena);
    collect_platform(&facts, arena);
    collect_network(&facts, arena);
    facts.filesystems = collect_filesystems(arena);
    facts.processes = collect_processes(arena);
    return facts;
}
