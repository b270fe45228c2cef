/* exemplars.c - exemplars as Prometheus has them. Stateless. Source: pkg/translator/prometheusremotewrite/helper.go (getPromExemplars). */
#include "exporters/prometheus_remote_write/translate.h"
#include "base/hex.h"
#include "base/utf8.h"
#include "telemetry/metric.h"

enum { LABEL_RUNES_MAX = 128 }; /* OpenMetrics: names and values of one exemplar's labels together */

static size_t count_runes(struct sm_slice text)
{
    size_t count = 0, size;
    bool is_sound;
    for (; text.size; count++) {
        sm_utf8_read(text, &size, &is_sound);
        text = sm_slice_make(text.ptr + size, text.size - size);
    }
    return count;
}

static size_t put_id(struct sm_arena *arena, struct sm_prometheus_pair *labels, size_t *count, struct sm_slice name, struct sm_slice id)
{
    if (sm_slice_is_zero(id))
        return 0;
    labels[(*count)++] = (struct sm_prometheus_pair){.name = name, .value = sm_hex_text(id, arena)};
    return name.size + 2 * id.size;
}

static size_t count_attributes(const struct sm_attributes *attributes)
{
    struct sm_attribute_cursor cursor = sm_attributes_begin(attributes);
    struct sm_attribute attribute;
    size_t count = 0;
    while (sm_attributes_next(&cursor, &attribute))
        count++;
    return count;
}

/* An attribute that is called as one of the IDs that are there. */
static bool is_hidden(const struct sm_exemplar *exemplar, struct sm_slice key)
{
    return (sm_slice_is(key, "trace_id") && !sm_slice_is_zero(exemplar->trace_id)) ||
           (sm_slice_is(key, "span_id") && !sm_slice_is_zero(exemplar->span_id));
}

/* Trace and span, and the attributes if all of them have room. */
static struct sm_write_labels make_labels(const struct sm_exemplar *exemplar, bool hides, struct sm_arena *arena)
{
    struct sm_prometheus_pair *labels = sm_arena_alloc(arena, (count_attributes(&exemplar->filtered_attributes) + 2) * sizeof(*labels));
    size_t count = 0;
    size_t runes = put_id(arena, labels, &count, SM_SLICE("trace_id"), exemplar->trace_id);
    runes += put_id(arena, labels, &count, SM_SLICE("span_id"), exemplar->span_id);
    size_t ids = count;
    struct sm_attribute_cursor cursor = sm_attributes_begin(&exemplar->filtered_attributes);
    struct sm_attribute attribute;
    while (sm_attributes_next(&cursor, &attribute)) {
        if (hides && is_hidden(exemplar, attribute.key))
            continue;
        struct sm_prometheus_pair label = {.name = attribute.key, .value = sm_value_to_string(&attribute.value, arena)};
        runes += count_runes(label.name) + count_runes(label.value);
        labels[count++] = label;
    }
    return (struct sm_write_labels){.items = labels, .count = runes <= LABEL_RUNES_MAX ? count : ids};
}

/* Milliseconds, rounded down. */
static int64_t time_ms(uint64_t time_ns)
{
    int64_t ns = (int64_t)time_ns;
    return ns / 1000000 - (ns % 1000000 < 0);
}

struct sm_write_exemplar *sm_write_make_exemplars(const struct sm_data_point *point, bool is_version_2, struct sm_arena *arena, size_t *count)
{
    *count = 0;
    if (!point->has_decoded_exemplars && !point->exemplars_raw.size) /* most have none */
        return NULL;
    struct sm_data_point own = *point; /* others may read the batch's, which must not keep what this arena holds */
    const struct sm_exemplar *from = sm_data_point_exemplars(&own, arena, count);
    if (*count == 0)
        return NULL;
    struct sm_write_exemplar *out = sm_arena_zalloc(arena, *count, sizeof(*out));
    for (size_t i = 0; i < *count; i++) {
        out[i].labels = make_labels(&from[i], is_version_2, arena);
        if (from[i].number_type == SM_NUMBER_NONE)
            continue;
        out[i].value = from[i].number_type == SM_NUMBER_INT ? (double)from[i].integer : from[i].number;
        out[i].time_ms = time_ms(from[i].time_ns);
    }
    return out;
}
