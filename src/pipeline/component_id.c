/* component_id.c - see component_id.h. Source: opentelemetry-collector component/identifiable.go and pipeline/pipeline.go. */
#include "pipeline/component_id.h"

#include <ctype.h>

enum { TYPE_BYTES_MAX = 63, NAME_CHARACTERS_MAX = 1024 };

/* Characters beyond ASCII that a name may not hold: spaces, controls and symbols, by the ranges that matter. */
static const struct {
    uint32_t first, last;
} refused_ranges[] = {
    {0x0080, 0x00a0},   {0x00a2, 0x00a6},   {0x00a8, 0x00a9},    {0x00ac, 0x00b1}, {0x00b4, 0x00b4}, {0x00b8, 0x00b8}, {0x00d7, 0x00d7},
    {0x00f7, 0x00f7},   {0x02c2, 0x02c5},   {0x1680, 0x1680},    {0x2000, 0x200f}, {0x2028, 0x202f}, {0x2044, 0x2044}, {0x2052, 0x2052},
    {0x205f, 0x2064},   {0x2066, 0x206f},   {0x20a0, 0x20c0},    {0x2100, 0x2101}, {0x2122, 0x2123}, {0x2190, 0x2307}, {0x230c, 0x2328},
    {0x232b, 0x2426},   {0x2440, 0x244a},   {0x249c, 0x24e9},    {0x2500, 0x2767}, {0x2794, 0x27c4}, {0x27c7, 0x27e5}, {0x27f0, 0x2982},
    {0x2999, 0x29d7},   {0x29dc, 0x29fb},   {0x29fe, 0x2b73},    {0x3000, 0x3000}, {0xe000, 0xf8ff}, {0xfeff, 0xfeff}, {0xfff9, 0xfffd},
    {0x1f000, 0x1fbca}, {0xe0000, 0xe007f}, {0xf0000, 0x10ffff},
};

/* The character at `*text`, which moves on; 0xffffffff for bytes that are no UTF-8. */
static uint32_t take_character(struct sm_slice *text)
{
    const unsigned char *at = (const unsigned char *)text->ptr;
    size_t size = at[0] < 0x80 ? 1 : at[0] >> 5 == 6 ? 2 : at[0] >> 4 == 14 ? 3 : at[0] >> 3 == 30 ? 4 : 0;
    if (size == 0 || size > text->size) {
        *text = (struct sm_slice){0};
        return UINT32_MAX;
    }
    uint32_t character = size == 1 ? at[0] : at[0] & (0xffu >> (size + 1));
    for (size_t i = 1; i < size; i++)
        character = at[i] >> 6 == 2 ? character << 6 | (at[i] & 0x3f) : UINT32_MAX;
    *text = sm_slice_make(text->ptr + size, text->size - size);
    return character;
}

static bool may_be_in_name(uint32_t character)
{
    if (character < 0x80)
        return character > 0x20 && character != 0x7f && !strchr("$+<=>^`|~", (int)character);
    if (character > 0x10ffff)
        return false;
    for (size_t i = 0; i < sizeof(refused_ranges) / sizeof(refused_ranges[0]); i++)
        if (character >= refused_ranges[i].first && character <= refused_ranges[i].last)
            return false;
    return true;
}

static bool check_name(struct sm_slice name, struct sm_error *error)
{
    struct sm_slice rest = name;
    size_t count = 0;
    for (; rest.size; count++)
        if (!may_be_in_name(take_character(&rest)))
            return sm_error_set(error, SM_ERROR_USAGE, "in \"%.*s\" id: invalid character(s) in name \"%.*s\"", SM_SLICE_ARGS(name),
                                SM_SLICE_ARGS(name));
    if (count > NAME_CHARACTERS_MAX)
        return sm_error_set(error, SM_ERROR_USAGE, "a name is longer than %d characters (%zu characters)", NAME_CHARACTERS_MAX, count);
    return true;
}

static bool is_type(struct sm_slice type)
{
    if (type.size > TYPE_BYTES_MAX || !isascii((unsigned char)type.ptr[0]) || !isalpha((unsigned char)type.ptr[0]))
        return false;
    for (size_t i = 1; i < type.size; i++) {
        unsigned char c = (unsigned char)type.ptr[i];
        if (!isascii(c) || (!isalnum(c) && c != '_'))
            return false;
    }
    return true;
}

bool sm_component_id_parse(const char *text, bool any_type, struct sm_arena *arena, const char **id, const char **type, struct sm_error *error)
{
    bool has_name = strchr(text, '/') != NULL;
    struct sm_slice rest = sm_slice_of(text);
    struct sm_slice first = sm_slice_trim(sm_slice_cut(&rest, '/')), name = sm_slice_trim(rest);
    if (!first.size && has_name)
        return sm_error_set(error, SM_ERROR_USAGE, "in \"%s\" id: the part before / should not be empty", text);
    if (!first.size)
        return sm_error_set(error, SM_ERROR_USAGE, "id must not be empty");
    if (has_name && !name.size)
        return sm_error_set(error, SM_ERROR_USAGE, "in \"%s\" id: the part after / should not be empty", text);
    if (has_name && !check_name(name, error))
        return false;
    if (!any_type && !is_type(first))
        return sm_error_set(error, SM_ERROR_USAGE, "in \"%s\" id: invalid character(s) in type \"%.*s\"", text, SM_SLICE_ARGS(first));
    *type = sm_arena_strdup(arena, first);
    *id = has_name ? sm_arena_printf(arena, "%s/%.*s", *type, SM_SLICE_ARGS(name)) : *type;
    return true;
}
