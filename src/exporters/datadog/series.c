/* series.c - see series.h. Stateless. The limits of a body are those that Datadog documents for its API, and those of the Agent for sketches. */
#include "exporters/datadog/series.h"

#include "base/clock.h"
#include "config/gates.h"
#include "datadog/distribution.h"
#include "wire/json_text.h"
#include "wire/number.h"
#include "wire/protobuf.h"

enum {
    PACKING_LEVEL = 1,
    SERIES_TEXT_MAX = 5 * 1000 * 1000,
    SERIES_PACKED_MAX = 500 * 1000,
    OLD_SERIES_MAX = 3200 * 1000,
    SKETCHES_MAX = 2500 * 1000,
};

bool sm_datadog_series_is_old(void)
{
    return !sm_gate_is_on(SM_GATE_DATADOG_NATIVE_CLIENT);
}

/* ---- series */

static void put_tags(struct sm_bytes *out, const struct sm_datadog_series_name *series)
{
    if (!series->own_tags.size && !series->tags.size)
        return;
    sm_bytes_append_text(out, ",\"tags\":[");
    sm_bytes_append_slice(out, series->own_tags);
    if (series->own_tags.size && series->tags.size)
        sm_bytes_append_char(out, ',');
    sm_bytes_append_slice(out, series->tags);
    sm_bytes_append_char(out, ']');
}

static void put_name(struct sm_bytes *out, const struct sm_datadog_series_name *series)
{
    sm_bytes_append_text(out, ",{\"metric\":");
    sm_json_put_string_strict(out, series->name);
    if (*series->suffix) {
        out->size--; /* the closing quote */
        sm_bytes_printf(out, "%s\"", series->suffix);
    }
}

static void put_number(struct sm_bytes *out, double value)
{
    char *to = sm_bytes_reserve(out, SM_NUMBER_SIZE_MAX);
    out->size += sm_number_format(value, SM_NUMBER_ECMASCRIPT, to);
}

static void put_new(struct sm_bytes *out, const struct sm_datadog_series_name *series, enum sm_datadog_series_kind kind, uint64_t time_s,
                    double value)
{
    put_name(out, series);
    sm_bytes_append_text(out, ",\"points\":[{\"timestamp\":");
    sm_json_put_uint(out, time_s);
    sm_bytes_append_text(out, ",\"value\":");
    put_number(out, value);
    sm_bytes_append_text(out, "}],\"resources\":[{\"name\":");
    sm_json_put_string_strict(out, series->host);
    sm_bytes_append_text(out, ",\"type\":\"host\"}]");
    put_tags(out, series);
    sm_bytes_append_text(out, kind == SM_DATADOG_COUNT ? ",\"type\":1}" : ",\"type\":3}");
}

static void put_old(struct sm_bytes *out, const struct sm_datadog_series_name *series, enum sm_datadog_series_kind kind, uint64_t time_s,
                    double value)
{
    put_name(out, series);
    sm_bytes_append_text(out, ",\"points\":[[");
    sm_json_put_uint(out, time_s);
    sm_bytes_append_char(out, ',');
    put_number(out, value);
    sm_bytes_append_text(out, "]],\"host\":");
    sm_json_put_string_strict(out, series->host);
    put_tags(out, series);
    sm_bytes_append_text(out, kind == SM_DATADOG_COUNT ? ",\"type\":\"count\"}" : ",\"type\":\"gauge\"}");
}

void sm_datadog_series_put(struct sm_datadog_items *items, const struct sm_datadog_series_name *series, enum sm_datadog_series_kind kind,
                           uint64_t time_s, double value)
{
    (sm_datadog_series_is_old() ? put_old : put_new)(&items->text, series, kind, time_s, value);
    sm_datadog_items_end(items);
}

void sm_datadog_series_put_running(struct sm_datadog_items *items, const char *what, struct sm_slice host, struct sm_slice tag)
{
    struct sm_bytes name = {0}, own_tags = {0};
    sm_bytes_printf(&name, "otel.datadog_exporter.%s.running", what);
    if (tag.size)
        sm_json_put_string_strict(&own_tags, tag);
    const struct sm_datadog_series_name series = {
        .name = sm_bytes_slice(&name),
        .suffix = "",
        .host = host,
        .own_tags = sm_bytes_slice(&own_tags),
        .tags = SM_SLICE("\"version:" SPANMILL_VERSION "\",\"command:spanmill\""),
    };
    sm_datadog_series_put(items, &series, SM_DATADOG_GAUGE, sm_clock_wall_ns() / SM_NS_PER_S, 1);
    sm_bytes_deinit(&own_tags);
    sm_bytes_deinit(&name);
}

size_t sm_datadog_series_post(struct sm_datadog_items *items, struct sm_datadog_lane *lane, sm_datadog_posted *posted, void *context)
{
    bool is_old = sm_datadog_series_is_old();
    const struct sm_datadog_packing packing = {
        .head = SM_SLICE("{\"series\":["),
        .tail = SM_SLICE("]}"),
        .has_separator = true,
        .is_gzipped = !is_old,
        .level = PACKING_LEVEL,
        .text_max = is_old ? OLD_SERIES_MAX : SERIES_TEXT_MAX,
        .packed_max = is_old ? OLD_SERIES_MAX : SERIES_PACKED_MAX,
    };
    return sm_datadog_items_post(items, &packing, lane, posted, context);
}

/* ---- sketches */

/* Fields of SketchPayload and what it holds. */
enum { PAYLOAD_SKETCHES = 1 };
enum { SKETCH_METRIC = 1, SKETCH_HOST = 2, SKETCH_TAGS = 4, SKETCH_DOGSKETCHES = 7 };
enum { DOG_TIME = 1, DOG_COUNT, DOG_MIN, DOG_MAX, DOG_AVERAGE, DOG_SUM, DOG_KEYS, DOG_COUNTS };

static void put_double(struct sm_bytes *out, uint32_t number, double value)
{
    if (value != 0)
        sm_proto_put_double(out, number, value);
}

static uint64_t zigzag(int32_t number)
{
    return ((uint32_t)number << 1) ^ (uint32_t)(number >> 31);
}

static void put_dogsketch(struct sm_bytes *out, uint64_t time_s, const struct sm_distribution *distribution)
{
    if (time_s)
        sm_proto_put_uint(out, DOG_TIME, time_s);
    if (distribution->count)
        sm_proto_put_uint(out, DOG_COUNT, (uint64_t)distribution->count);
    put_double(out, DOG_MIN, distribution->min);
    put_double(out, DOG_MAX, distribution->max);
    put_double(out, DOG_AVERAGE, distribution->average);
    put_double(out, DOG_SUM, distribution->sum);
    if (!distribution->bin_count)
        return;
    size_t keys = sm_proto_message_begin(out, DOG_KEYS);
    for (size_t i = 0; i < distribution->bin_count; i++)
        sm_proto_put_varint(out, zigzag(distribution->bins[i].key));
    sm_proto_message_end(out, keys);
    size_t counts = sm_proto_message_begin(out, DOG_COUNTS);
    for (size_t i = 0; i < distribution->bin_count; i++)
        sm_proto_put_varint(out, distribution->bins[i].count);
    sm_proto_message_end(out, counts);
}

void sm_datadog_sketches_put(struct sm_datadog_items *items, struct sm_slice name, struct sm_slice host, const struct sm_datadog_tag_lists *tags,
                             uint64_t time_s, const struct sm_distribution *distribution)
{
    struct sm_bytes *out = &items->text;
    size_t sketch = sm_proto_message_begin(out, PAYLOAD_SKETCHES);
    sm_proto_put_bytes(out, SKETCH_METRIC, name);
    sm_proto_put_bytes(out, SKETCH_HOST, host);
    for (size_t i = 0; i < sizeof(tags->lists) / sizeof(tags->lists[0]); i++)
        for (size_t k = 0; k < tags->lists[i]->count; k++)
            sm_proto_put_bytes(out, SKETCH_TAGS, tags->lists[i]->items[k]);
    size_t dogsketch = sm_proto_message_begin(out, SKETCH_DOGSKETCHES);
    put_dogsketch(out, time_s, distribution);
    sm_proto_message_end(out, dogsketch);
    sm_proto_message_end(out, sketch);
    sm_datadog_items_end(items);
}

size_t sm_datadog_sketches_post(struct sm_datadog_items *items, struct sm_datadog_lane *lane, sm_datadog_posted *posted, void *context)
{
    /* The tail is the payload's metadata, empty as in the reference. */
    const struct sm_datadog_packing packing = {.tail = SM_SLICE("\x12\x00"), .text_max = SKETCHES_MAX, .packed_max = SKETCHES_MAX};
    return sm_datadog_items_post(items, &packing, lane, posted, context);
}
