/* metric.c - data points of an outline and exemplars of a data point, decoded on demand from bytes that otlp_decode_metric.c has checked. */
#include "telemetry/metric.h"

#include "telemetry/otlp_wire.h"

#include <assert.h>

enum { FILTERED_ATTRIBUTES = 7, ID_SIZE_MAX = 16 };

/* All zero is the same as none. */
static struct sm_slice id_of(struct sm_slice bytes)
{
    static const char zeros[ID_SIZE_MAX];
    return bytes.size && memcmp(bytes.ptr, zeros, bytes.size) == 0 ? (struct sm_slice){0} : bytes;
}

static void decode_exemplar(struct sm_slice message, struct sm_exemplar *exemplar)
{
    struct sm_proto_cursor cursor = sm_proto_begin(message);
    struct sm_proto_field field;
    *exemplar = (struct sm_exemplar){0};
    while (sm_proto_next(&cursor, &field)) {
        switch (field.number) {
        case 2:
            exemplar->time_ns = field.integer;
            break;
        case 3:
            exemplar->number_type = SM_NUMBER_DOUBLE;
            memcpy(&exemplar->number, &field.integer, sizeof(exemplar->number));
            break;
        case 4:
            exemplar->span_id = id_of(field.bytes);
            break;
        case 5:
            exemplar->trace_id = id_of(field.bytes);
            break;
        case 6:
            exemplar->number_type = SM_NUMBER_INT;
            exemplar->integer = (int64_t)field.integer;
            break;
        case FILTERED_ATTRIBUTES:
            sm_otlp_widen(&exemplar->filtered_attributes, FILTERED_ATTRIBUTES, field.whole.ptr, cursor.at);
            break;
        default:
            break;
        }
    }
    assert(!cursor.error);
}

struct sm_exemplar *sm_data_point_exemplars(struct sm_data_point *point, struct sm_arena *arena, size_t *count)
{
    if (!point->has_decoded_exemplars) {
        struct sm_proto_cursor cursor = sm_proto_begin(point->exemplars_raw);
        struct sm_proto_field field;
        size_t room = sm_otlp_count(point->exemplars_raw, SM_TAG(point->exemplars_field, SM_WIRE_BYTES));
        point->exemplars = room ? sm_arena_alloc(arena, room * sizeof(*point->exemplars)) : NULL;
        point->exemplar_count = 0;
        while (sm_proto_next(&cursor, &field))
            if (field.number == point->exemplars_field)
                decode_exemplar(field.bytes, &point->exemplars[point->exemplar_count++]);
        point->has_decoded_exemplars = true;
    }
    *count = point->exemplar_count;
    return point->exemplars;
}

/* ---- points */

/* What the points behind this one need is begun: the request was read long ago, and is larger than the cache. Nothing is fetched where nothing is. */
static void fetch_ahead(const char *at, size_t size)
{
    enum { DISTANCE = 1536, LINE = 64, LINES_MAX = 8 }; /* bytes, some points of counters; cache lines */
    size_t lines = size / LINE + 1;
    for (size_t i = 0; i < (lines < LINES_MAX ? lines : LINES_MAX); i++)
        __builtin_prefetch((const void *)((uintptr_t)at + DISTANCE + i * LINE));
}

static bool decode_next(struct sm_point_cursor *cursor)
{
    const struct sm_metric *metric = cursor->metric;
    struct sm_decode_error error;
    struct sm_otlp_decoder decoder = {.input = metric->points_raw, .arena = cursor->arena, .error = &error, .is_trusted = true};
    const char *end = metric->points_raw.size ? metric->points_raw.ptr + metric->points_raw.size : cursor->_at; /* NULL: the metric has no data */
    struct sm_slice message;
    uint32_t tag;
    while (cursor->_at < end) {
        bool is_sound = sm_otlp_read_tag(&decoder, &cursor->_at, end, &tag);
        if (is_sound && tag != SM_TAG(1, SM_WIRE_BYTES)) {
            is_sound = sm_otlp_skip(&decoder, &cursor->_at, end, tag, 0);
        } else if (is_sound && sm_otlp_read_bytes(&decoder, &cursor->_at, end, &message)) {
            fetch_ahead(message.ptr, message.size);
            cursor->_point = (struct sm_data_point){.raw = message};
            is_sound = sm_otlp_decode_point(&decoder, metric->type, message, &cursor->_point);
            assert(is_sound);
            return is_sound;
        }
        assert(is_sound);
    }
    return false;
}

const struct sm_data_point *sm_metric_next_point(struct sm_point_cursor *cursor)
{
    const struct sm_metric *metric = cursor->metric;
    if (!metric->points)
        return decode_next(cursor) ? &cursor->_point : NULL;
    while (cursor->_index < metric->point_count && metric->points[cursor->_index].dropped)
        cursor->_index++;
    return cursor->_index < metric->point_count ? &metric->points[cursor->_index++] : NULL;
}
