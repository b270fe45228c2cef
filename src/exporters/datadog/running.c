/* running.c - the exporter's own metrics, posted beside telemetry; see exporter.h. Source: datadogexporter internal/metrics/series.go. */
#include "exporters/datadog/exporter.h"

#include "base/clock.h"
#include "wire/compression.h"
#include "wire/json_text.h"

enum { PACKING_LEVEL = 1 };

struct sm_datadog_intake *sm_datadog_series_create(const struct sm_datadog_exporter_options *options, const struct sm_logger *logger,
                                                   struct sm_error *error)
{
    const struct sm_datadog_intake_settings settings = {
        .what = "metrics",
        .user_agent = SM_DATADOG_API_USER_AGENT,
        .headers = "Accept: application/json\r\n",
        .method = SM_SLICE("POST"),
        .content_type = SM_SLICE("application/json"),
        .content_encoding = SM_SLICE("gzip"),
        .retries = SM_DATADOG_RETRIES_API,
        .logger = logger,
    };
    return sm_datadog_intake_create(options, sm_datadog_url(options, &options->metrics.endpoint, "api", "/api/v2/series"), &settings, error);
}

static void put_series(struct sm_bytes *out, const char *signal, struct sm_slice host, struct sm_slice tag, uint64_t now_s)
{
    sm_bytes_printf(out, "%s{\"metric\":\"otel.datadog_exporter.%s.running\",\"points\":[{\"timestamp\":%llu,\"value\":1}],\"resources\":[{\"name\":",
                    out->ptr[out->size - 1] == '[' ? "" : ",", signal, (unsigned long long)now_s);
    sm_json_put_string_strict(out, host);
    sm_bytes_append_text(out, ",\"type\":\"host\"}],\"tags\":[\"version:" SPANMILL_VERSION "\",\"command:spanmill\"");
    if (tag.size) {
        sm_bytes_append_char(out, ',');
        sm_json_put_string_strict(out, tag);
    }
    sm_bytes_append_text(out, "],\"type\":3}");
}

void sm_datadog_post_running(struct sm_datadog_lane *lane, const char *signal, const struct sm_datadog_map *hosts, const struct sm_datadog_map *tags)
{
    if (sm_datadog_lane_count(lane) || hosts->count + tags->count == 0)
        return;
    uint64_t now_s = sm_clock_wall_ns() / SM_NS_PER_S;
    struct sm_bytes text = {0}, packed = {0};
    sm_bytes_append_text(&text, "{\"series\":[");
    for (uint32_t i = 0; i < hosts->count; i++)
        put_series(&text, signal, hosts->entries[i].key, (struct sm_slice){0}, now_s);
    for (uint32_t i = 0; i < tags->count; i++)
        put_series(&text, signal, (struct sm_slice){0}, tags->entries[i].key, now_s);
    sm_bytes_append_text(&text, "]}");
    struct sm_error error;
    if (sm_compress(SM_COMPRESSION_GZIP, PACKING_LEVEL, sm_bytes_slice(&text), &packed, &error))
        sm_datadog_lane_post(lane, &packed, NULL, NULL);
    sm_bytes_deinit(&packed);
    sm_bytes_deinit(&text);
}
