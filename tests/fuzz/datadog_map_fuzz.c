/* datadog_map_fuzz.c - the first byte chooses signal and settings, the rest is an OTLP protobuf request, whose metrics or logs become Datadog's. What
 * comes out must be sound JSON. */
#include <jansson.h>
#include <stdint.h>

#include "exporters/datadog/log_map.h"
#include "exporters/datadog/metric_map.h"
#include "telemetry/log_record.h"
#include "telemetry/otlp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A list of items that begin with a comma each. */
static void check_json(struct sm_bytes *text)
{
    if (!text->size)
        return;
    text->ptr[0] = '[';
    sm_bytes_append_char(text, ']');
    json_error_t error;
    json_t *root = json_loadb(text->ptr, text->size, JSON_DECODE_INT_AS_REAL | JSON_ALLOW_NUL, &error);
    if (!root && json_error_code(&error) != json_error_null_byte_in_key) /* which jansson cannot hold */
        __builtin_trap();
    json_decref(root);
}

static void map_metrics(const struct sm_batch *batch, uint8_t choice)
{
    const struct sm_datadog_metric_options options = {
        .resource_attributes_as_tags = choice & 1,
        .instrumentation_scope_metadata_as_tags = choice & 2,
        .histograms = {.mode = choice / 4 % 3, .send_aggregation_metrics = true},
        .sums = {.cumulative_monotonic_mode = choice / 12 % 2, .initial_cumulative_monotonic_value = choice / 24 % 3},
    };
    struct sm_arena arena = SM_ARENA_INIT;
    struct sm_datadog_items series = {0}, sketches = {0};
    const struct sm_metric_map_settings settings = {.options = &options, .cache = sm_metric_cache_create(UINT64_MAX / 4)};
    struct sm_metric_map map = {.settings = &settings, .series = &series, .sketches = &sketches, .arena = &arena};
    for (int round = 0; round < 2; round++)
        for (size_t i = 0; i < batch->count; i++)
            sm_metric_map_resource(&map, &batch->groups[i], SM_SLICE("host"));
    check_json(&series.text);
    sm_datadog_items_deinit(&series);
    sm_datadog_items_deinit(&sketches);
    sm_metric_cache_free(settings.cache);
    sm_arena_deinit(&arena);
}

static void map_logs(struct sm_batch *batch, uint8_t choice)
{
    struct sm_arena resource_arena = SM_ARENA_INIT, record_arena = SM_ARENA_INIT;
    struct sm_bytes text = {0};
    for (size_t i = 0; i < batch->count; i++) {
        struct sm_log_map map;
        sm_log_map_begin(&map, &batch->groups[i], &resource_arena);
        for (size_t k = 0; k < batch->groups[i].count; k++)
            for (size_t r = 0; r < batch->groups[i].scopes[k].count; r++) {
                struct sm_log_item item = sm_log_map_record(&map, &batch->groups[i].scopes[k].log_records[r], &record_arena);
                sm_bytes_append_char(&text, ',');
                sm_log_item_put_json(&item, choice & 1, &text);
                sm_arena_deinit(&record_arena);
            }
    }
    check_json(&text);
    sm_bytes_deinit(&text);
    sm_arena_deinit(&resource_arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct sm_decode_error error = {0};
    enum sm_signal signal = data[0] & 1 ? SM_METRICS : SM_LOGS;
    struct sm_buffer *request = sm_buffer_try_copy(sm_slice_make(data + 1, size - 1));
    struct sm_batch *batch = sm_otlp_decode_protobuf(signal, request, &error);
    if (batch && signal == SM_METRICS)
        map_metrics(batch, data[0] >> 1);
    else if (batch)
        map_logs(batch, data[0] >> 1);
    sm_batch_release(batch);
    sm_buffer_release(request);
    return 0;
}
