/* logs.c - see items.h: log records carry randomness and threshold in the attributes sampling.randomness and sampling.threshold. */
#include "processors/probabilistic_sampler/items.h"
#include "telemetry/log_record.h"
#include "telemetry/sampling_threshold.h"

#define THRESHOLD_KEY SM_SLICE("sampling.threshold")
#define RANDOMNESS_KEY SM_SLICE("sampling.randomness")

/* Only texts count; an empty one is none. */
static bool find_text(const struct sm_log_record *record, struct sm_slice key, struct sm_slice *text)
{
    struct sm_value value;
    if (!sm_attributes_find(&record->attributes, key, &value) || value.type != SM_VALUE_STRING || value.string.size == 0)
        return false;
    *text = value.string;
    return true;
}

static void read_arrived(const struct sm_log_record *record, struct sm_sampler_item *item)
{
    struct sm_slice text;
    if (find_text(record, THRESHOLD_KEY, &text)) {
        item->has_arrived_threshold = sm_threshold_parse(text, &item->arrived_threshold);
        item->is_malformed |= !item->has_arrived_threshold;
    }
    if (find_text(record, RANDOMNESS_KEY, &text)) {
        item->has_arrived_randomness = sm_randomness_parse(text, &item->arrived_randomness);
        item->is_malformed |= !item->has_arrived_randomness;
    }
}

static void hash_source(const struct sm_sampler *sampler, const struct sm_log_record *record, struct sm_arena *arena, struct sm_sampler_item *item)
{
    struct sm_value value;
    if (sampler->reads_trace_id && !sm_sampler_is_empty_id(record->trace_id)) {
        sm_sampler_item_hash(item, sampler, SM_SAMPLER_TRACE_ID_HASH, record->trace_id);
    } else if (sampler->from_attribute.size && sm_attributes_find(&record->attributes, sampler->from_attribute, &value)) {
        struct sm_slice bytes = value.type == SM_VALUE_BYTES ? value.bytes : sm_value_to_string(&value, arena);
        if (bytes.size)
            sm_sampler_item_hash(item, sampler, SM_SAMPLER_ATTRIBUTE, bytes);
    }
}

static void read_log(const struct sm_sampler *sampler, const struct sm_log_record *record, struct sm_arena *arena, struct sm_sampler_item *item)
{
    sm_sampler_item_init(item);
    read_arrived(record, item);
    if (sampler->mode == SM_SAMPLER_HASH_SEED)
        hash_source(sampler, record, arena, item);
    sm_sampler_item_settle(item, sampler, record->trace_id, "malformed sampling attributes");
}

/* A percentage of the record's own. What is no number in the range of probabilities leaves the decision alone. */
static void apply_priority(const struct sm_sampler *sampler, const struct sm_log_record *record, struct sm_sampler_item *item)
{
    struct sm_value value;
    double probability = 0;
    if (sampler->sampling_priority.size == 0 || !sm_attributes_find(&record->attributes, sampler->sampling_priority, &value))
        return;
    if (value.type == SM_VALUE_DOUBLE)
        probability = value.number / 100;
    else if (value.type == SM_VALUE_INT)
        probability = (double)value.integer / 100;
    if (sm_threshold_from_probability(probability, sampler->precision, &item->threshold))
        item->policy = SM_SAMPLER_PRIORITY;
}

static struct sm_value digits_value(struct sm_arena *arena, size_t (*format)(uint64_t number, char *text), uint64_t number)
{
    char text[SM_SAMPLING_DIGITS];
    return sm_value_string(sm_arena_copy(arena, sm_slice_make(text, format(number, text))));
}

static void write_attributes(struct sm_log_record *record, struct sm_arena *arena, bool writes_randomness, const struct sm_sampler_item *item)
{
    struct sm_map *map = sm_attributes_edit(&record->attributes, arena);
    if (writes_randomness)
        sm_map_set(map, arena, RANDOMNESS_KEY, digits_value(arena, sm_randomness_format, item->randomness));
    if (item->is_cleared)
        sm_map_remove(map, THRESHOLD_KEY);
    if (sm_sampler_writes_threshold(item))
        sm_map_set(map, arena, THRESHOLD_KEY, digits_value(arena, sm_threshold_format, item->threshold));
    record->changed = true;
}

bool sm_sampler_take_log(const struct sm_sampler *sampler, struct sm_log_record *record, struct sm_arena *arena, struct sm_sampler_item *item)
{
    read_log(sampler, record, arena, item);
    bool writes_randomness = sampler->mode == SM_SAMPLER_HASH_SEED && item->has_place && item->policy != SM_SAMPLER_MISSING_RANDOMNESS;
    sm_sampler_decide(sampler, item);
    apply_priority(sampler, record, item);
    if (!sm_sampler_keeps(item))
        return false;
    if (item->has_place && (writes_randomness || item->is_cleared || sm_sampler_writes_threshold(item)))
        write_attributes(record, arena, writes_randomness, item);
    return true;
}
