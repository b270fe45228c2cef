/* select.c - the last look at series before they are sent: relabelling, and what is too old or not wanted. Stateless.
 * Source: prometheus/storage/remote/queue_manager.go (StoreSeries, Append). */
#include "base/clock.h"
#include "exporters/prometheus_remote_write/translate.h"
#include "prometheus/relabel.h"

static void add_external_labels(struct sm_relabel_set *set, const struct sm_write_labels *external)
{
    for (size_t i = 0; i < external->count; i++)
        if (sm_relabel_get(set, external->items[i].name).size == 0)
            sm_relabel_put(set, external->items[i].name, external->items[i].value);
}

static void drop_hidden(struct sm_relabel_set *set)
{
    size_t kept = 0;
    for (size_t i = 0; i < set->count; i++)
        if (sm_slice_is(set->items[i].name, "__name__") || !sm_write_is_hidden(set->items[i].name))
            set->items[kept++] = set->items[i];
    set->count = kept;
}

/* False: the series is not sent. */
static bool relabel(const struct sm_write_settings *settings, struct sm_write *write, struct sm_write_series *series)
{
    struct sm_relabel_set set;
    if (series->is_labelled || (!settings->as_alloy && !settings->relabel && !settings->write_relabel))
        return true;
    struct sm_write_labels labels = sm_write_labels_of(write, series);
    sm_relabel_set_init(&set, write->arena, labels.items, labels.count);
    if (settings->relabel && !sm_relabel_apply(settings->relabel, &set))
        return false;
    if (settings->as_alloy) {
        if (set.count == 0)
            return false;
        add_external_labels(&set, &settings->external_labels);
    }
    if (settings->write_relabel && !sm_relabel_apply(settings->write_relabel, &set))
        return false;
    if (settings->as_alloy)
        drop_hidden(&set);
    sm_write_replace_labels(write, series, (struct sm_write_labels){.items = set.items, .count = set.count});
    return set.count > 0;
}

/* The first time in milliseconds that is sent. */
static int64_t first_time(const struct sm_write_settings *settings)
{
    int64_t first = settings->start_ms ? settings->start_ms + 1 : INT64_MIN;
    uint64_t now_ns = sm_clock_wall_ns();
    if (settings->age_limit_ns && settings->age_limit_ns < now_ns) {
        int64_t oldest = sm_write_time_ms(now_ns - settings->age_limit_ns);
        first = first > oldest ? first : oldest;
    }
    return first;
}

static void drop_old(struct sm_write_series *series, int64_t first_ms)
{
    size_t kept = 0;
    for (size_t i = 0; i < series->sample_count; i++)
        if (series->samples[i].time_ms >= first_ms)
            series->samples[kept++] = series->samples[i];
    series->sample_count = (uint32_t)kept;
    kept = 0;
    for (size_t i = 0; i < series->histogram_count; i++)
        if (series->histograms[i].time_ms >= first_ms)
            series->histograms[kept++] = series->histograms[i];
    series->histogram_count = (uint32_t)kept;
}

static void drop_unwanted(const struct sm_write_settings *settings, struct sm_write_series *series)
{
    if (settings->without_exemplars)
        series->exemplar_count = 0;
    if (settings->without_native_histograms)
        series->histogram_count = 0;
}

/* Series that came without anything are sent as they are: the Collector's exporter has such. */
static bool is_kept(const struct sm_write_settings *settings, struct sm_write *write, struct sm_write_series *series, int64_t first_ms)
{
    size_t before = (size_t)series->sample_count + series->exemplar_count + series->histogram_count;
    drop_unwanted(settings, series);
    if (first_ms != INT64_MIN)
        drop_old(series, first_ms);
    bool is_empty = series->sample_count + series->exemplar_count + series->histogram_count == 0;
    if (is_empty && (before > 0 || settings->as_alloy))
        return false;
    return relabel(settings, write, series);
}

void sm_write_select(const struct sm_write_settings *settings, struct sm_write *write)
{
    int64_t first_ms = first_time(settings);
    size_t kept = 0;
    for (size_t i = 0; i < write->series_count; i++)
        if (is_kept(settings, write, write->series[i], first_ms))
            write->series[kept++] = write->series[i];
    write->series_count = kept;
}
