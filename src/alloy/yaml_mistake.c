/* yaml_mistake.c - see yaml_mistake.h. */
#include "alloy/yaml_mistake.h"

#include "alloy/scanner.h"
#include "config/yaml.h"

/* Does the text begin with a section of a Collector's configuration, behind comments? */
static bool begins_with_section(struct sm_slice text)
{
    static const char *const keys[] = {"receivers:", "processors:", "connectors:", "exporters:", "extensions:", "service:"};
    struct sm_slice line = {0};
    while (text.size && (sm_slice_trim(line).size == 0 || line.ptr[0] == '#' || sm_slice_starts_with(line, SM_SLICE("---"))))
        line = sm_slice_cut(&text, '\n');
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
        if (sm_slice_starts_with(line, sm_slice_of(keys[i])))
            return true;
    return false;
}

/* "a = { x: 1 }" is YAML, too, and "x: 1" may be a slip: keys are words, and there are several. */
static bool is_map_of_words(const struct sm_node *root)
{
    if (!root || root->kind != SM_NODE_MAP || root->map.count == 0)
        return false;
    for (size_t i = 0; i < root->map.count; i++)
        if (!sm_alloy_is_identifier(sm_slice_of(root->map.entries[i].key)))
            return false;
    return root->map.count > 1 || root->map.entries[0].value->kind == SM_NODE_MAP;
}

enum sm_alloy_yaml sm_alloy_yaml_mistake(const struct sm_source *source, struct sm_arena *arena)
{
    struct sm_slice name = sm_slice_of(source->name);
    if (begins_with_section(source->text))
        return SM_ALLOY_COLLECTOR_YAML;
    bool is_named_yaml = sm_slice_ends_with(name, SM_SLICE(".yaml")) || sm_slice_ends_with(name, SM_SLICE(".yml"));
    return is_named_yaml || is_map_of_words(sm_yaml_parse(source, arena, NULL)) ? SM_ALLOY_YAML : SM_ALLOY_NOT_YAML;
}
