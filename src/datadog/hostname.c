/* hostname.c - see hostname.h. Stateless. */
#include "datadog/hostname.h"

#include <stdio.h>
#include <strings.h>
#include <unistd.h>

#include "base/ascii.h"
#include "datadog/full_name.h"

enum { NAME_SIZE_MAX = 255 };

static bool is_local(const char *hostname)
{
    static const char *const names[] = {"localhost", "localhost.localdomain", "localhost6.localdomain6", "ip6-localhost"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strcasecmp(hostname, names[i]) == 0)
            return true;
    return false;
}

/* Labels of letters, digits and inner hyphens, with dots between. */
static bool is_rfc1123(struct sm_slice name)
{
    for (size_t i = 0; i < name.size; i++) {
        bool is_edge = i == 0 || i + 1 == name.size || name.ptr[i - 1] == '.' || name.ptr[i + 1] == '.';
        if (!sm_ascii_is_alnum(name.ptr[i]) && (is_edge || (name.ptr[i] != '-' && name.ptr[i] != '.')))
            return false;
    }
    return name.size > 0;
}

const char *sm_datadog_hostname_problem(const char *hostname, struct sm_arena *arena)
{
    struct sm_slice name = sm_slice_of(hostname);
    if (name.size == 0)
        return "hostname is empty";
    if (is_local(hostname))
        return sm_arena_printf(arena, "%s is a local hostname", hostname);
    if (name.size > NAME_SIZE_MAX)
        return sm_arena_printf(arena, "name exceeded the maximum length of %d characters", NAME_SIZE_MAX);
    return is_rfc1123(name) ? NULL : sm_arena_printf(arena, "%s is not RFC1123 compliant", hostname);
}

void sm_datadog_system_hostname(char *out, size_t out_size)
{
    char name[SM_DATADOG_HOSTNAME_SIZE_MAX] = "", full_name[SM_FULL_NAME_SIZE_MAX];
    struct sm_arena arena = SM_ARENA_INIT;
    if (gethostname(name, sizeof(name) - 1) != 0)
        name[0] = '\0';
    bool has_full = name[0] && sm_full_name_within(sm_full_name_ask, name, SM_FULL_NAME_LIMIT_NS, full_name) &&
                    !sm_datadog_hostname_problem(full_name, &arena);
    snprintf(out, out_size, "%s", has_full ? full_name : name);
    sm_arena_deinit(&arena);
}
