/* validation.c - errors that a component's own rules find, with the place of the setting they speak of. */
#include <stdarg.h>
#include <stdio.h>

#include "config/diags.h"
#include "config/option.h"
#include "wire/json_scanner.h"

/* NULL: the key is no index of the list. */
static const struct sm_node *list_item(const struct sm_node *list, struct sm_slice key)
{
    uint64_t index;
    return sm_parse_uint(key, UINT32_MAX, &index) && index < list->list.count ? list->list.items[index] : NULL;
}

/* The place of "histogram::explicit" or "rules::0::regex" below `node`; of the nearest that is there when it is absent. */
static struct sm_position find_position(const struct sm_node *node, const char *key_path)
{
    struct sm_position position = node ? node->position : (struct sm_position){0};
    struct sm_slice rest = sm_slice_of(key_path);
    while (node && (node->kind == SM_NODE_MAP || node->kind == SM_NODE_LIST) && rest.size) {
        struct sm_slice key = sm_slice_cut(&rest, ':');
        if (rest.size && rest.ptr[0] == ':')
            rest = sm_slice_make(rest.ptr + 1, rest.size - 1);
        if (node->kind == SM_NODE_LIST) {
            node = list_item(node, key);
            position = node ? node->position : position;
            continue;
        }
        const struct sm_node *map = node;
        node = NULL;
        for (size_t i = 0; i < map->map.count && !node; i++) {
            if (!sm_slice_is(key, map->map.entries[i].key))
                continue;
            node = map->map.entries[i].value;
            position = map->map.entries[i].key_position;
        }
    }
    return position;
}

void sm_validation_error(struct sm_validation *validation, const char *key_path, const char *format, ...)
{
    char path[512], message[2048];
    snprintf(path, sizeof(path), "%s%s%s", validation->path, *key_path ? "::" : "", key_path);
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof(message), format, args);
    va_end(args);
    sm_diags_add(validation->diags, SM_DIAG_ERROR, find_position(validation->node, key_path), path, NULL, "%s", message);
}
