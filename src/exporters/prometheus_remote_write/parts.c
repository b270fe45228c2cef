/* parts.c - see parts.h. Points of one metric have the same bounds as a rule. */
#include "exporters/prometheus_remote_write/parts.h"

#include "wire/number.h"

void sm_write_parts_begin(struct sm_write_part_maker *parts, struct sm_slice name, bool is_emptied)
{
    parts->name = name;
    memset(parts->_names, 0, sizeof(parts->_names));
    if (is_emptied)
        parts->_bound_labels = NULL;
}

static const struct sm_write_label *keep_label(struct sm_write_part_maker *parts, struct sm_slice name, struct sm_slice value)
{
    struct sm_write_label *kept = sm_arena_alloc(parts->arena, sizeof(*kept));
    *kept = sm_write_make_label(name, value);
    return kept;
}

const struct sm_write_base *sm_write_keep_base(struct sm_arena *arena, const struct sm_write_base *labels)
{
    struct sm_write_base *kept = sm_arena_alloc(arena, sizeof(*kept));
    *kept = *labels;
    return kept;
}

const struct sm_write_label *sm_write_part_name(struct sm_write_part_maker *parts, enum sm_write_part part)
{
    static const char *const suffixes[SM_WRITE_PARTS] = {
        [SM_WRITE_PART_PLAIN] = "", [SM_WRITE_PART_SUM] = "_sum", [SM_WRITE_PART_COUNT] = "_count", [SM_WRITE_PART_BUCKET] = "_bucket"};
    if (!parts->_names[part]) {
        struct sm_slice name = sm_slice_of(sm_arena_printf(parts->arena, "%.*s%s", SM_SLICE_ARGS(parts->name), suffixes[part]));
        parts->_names[part] = keep_label(parts, SM_SLICE("__name__"), name);
    }
    return parts->_names[part];
}

static struct sm_slice number_text(struct sm_write_part_maker *parts, double number)
{
    char text[SM_NUMBER_SIZE_MAX];
    return sm_arena_copy(parts->arena, sm_slice_make(text, sm_number_format(number, SM_NUMBER_PLAIN, text)));
}

const struct sm_write_label *sm_write_number_label(struct sm_write_part_maker *parts, struct sm_slice name, double number)
{
    return keep_label(parts, name, number_text(parts, number));
}

const struct sm_write_label *sm_write_bound_labels(struct sm_write_part_maker *parts, const struct sm_data_point *point)
{
    size_t count = point->bound_count;
    bool is_same = parts->_bound_labels && parts->_bound_count == count &&
                   (count == 0 || memcmp(parts->_bounds, point->explicit_bounds, count * sizeof(*parts->_bounds)) == 0);
    if (is_same)
        return parts->_bound_labels;
    parts->_bound_labels = sm_arena_alloc(parts->arena, (count + 1) * sizeof(*parts->_bound_labels));
    for (size_t i = 0; i < count; i++)
        parts->_bound_labels[i] = sm_write_make_label(SM_SLICE("le"), number_text(parts, point->explicit_bounds[i]));
    parts->_bound_labels[count] = sm_write_make_label(SM_SLICE("le"), SM_SLICE("+Inf"));
    parts->_bounds = point->explicit_bounds;
    parts->_bound_count = count;
    return parts->_bound_labels;
}
