/* option_defaults.c - fills an option struct with the presets of its table. See option.h. */
#include "config/option.h"

static void fill_string_list(const struct sm_option *option, struct sm_string_list *list, struct sm_arena *arena)
{
    size_t count = 0;
    while (option->preset.strings && option->preset.strings[count])
        count++;
    *list = (struct sm_string_list){.items = sm_arena_zalloc(arena, count, sizeof(char *)), .count = count};
    for (size_t i = 0; i < count; i++)
        list->items[i] = option->preset.strings[i];
}

static void fill_double_list(const struct sm_option *option, struct sm_double_list *list, struct sm_arena *arena)
{
    *list = (struct sm_double_list){.items = sm_arena_zalloc(arena, option->preset_count, sizeof(double)), .count = option->preset_count};
    if (option->preset_count)
        memcpy(list->items, option->preset.numbers, option->preset_count * sizeof(double));
}

static void fill_member(const struct sm_option *option, void *member, struct sm_arena *arena)
{
    switch (option->kind) {
    case SM_OPTION_KIND_BOOL:
        *(bool *)member = option->preset.boolean;
        break;
    case SM_OPTION_KIND_INT:
    case SM_OPTION_KIND_UINT:
    case SM_OPTION_KIND_DURATION:
        *(int64_t *)member = option->preset.integer;
        break;
    case SM_OPTION_KIND_DOUBLE:
        *(double *)member = option->preset.number;
        break;
    case SM_OPTION_KIND_STRING:
    case SM_OPTION_KIND_SECRET:
        *(const char **)member = option->preset.string ? option->preset.string : "";
        break;
    case SM_OPTION_KIND_ENUM:
        *(int *)member = (int)option->preset.integer;
        break;
    case SM_OPTION_KIND_STRING_LIST:
        fill_string_list(option, member, arena);
        break;
    case SM_OPTION_KIND_DOUBLE_LIST:
        fill_double_list(option, member, arena);
        break;
    case SM_OPTION_KIND_TABLE:
        sm_options_fill_defaults(option->table, member, option->element_size, arena);
        break;
    case SM_OPTION_KIND_DURATION_LIST:
    case SM_OPTION_KIND_STRING_MAP:
    case SM_OPTION_KIND_OPTIONAL:
    case SM_OPTION_KIND_TABLE_LIST:
    case SM_OPTION_KIND_TABLE_MAP:
    case SM_OPTION_KIND_NODE:
    case SM_OPTION_KIND_REFUSED:
    case SM_OPTION_KIND_END:
        break;
    }
}

void sm_options_fill_defaults(const struct sm_option *table, void *out, size_t out_size, struct sm_arena *arena)
{
    memset(out, 0, out_size);
    for (const struct sm_option *option = table; option->kind != SM_OPTION_KIND_END; option++)
        fill_member(option, (char *)out + option->offset, arena);
}
