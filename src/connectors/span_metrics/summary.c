/* summary.c - see summary.h. */
#include "connectors/span_metrics/summary.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "pipeline/snapshot.h"

enum { STATUS_ERROR = 2 };

/* What the series of one service and operation add up to. */
struct line {
    struct sm_hash128 hash;
    struct sm_slice service, name; /* borrowed: ledger */
    uint64_t count, error_count;
    double sum;
    uint64_t *buckets; /* owned; explicit */
    struct sm_exponential exponential;
};

struct summary {
    const struct sm_ledger *ledger;
    struct sm_entries lines;
    struct sm_index index;
};

static struct line *find_line(struct summary *summary, const struct sm_label_summary *labels)
{
    struct sm_bytes key = {0};
    sm_bytes_append_slice(&key, labels->service);
    sm_bytes_append_char(&key, '\0');
    sm_bytes_append_slice(&key, labels->name);
    struct sm_hash128 hash = sm_hash128(sm_hash_secret(), sm_bytes_slice(&key));
    sm_bytes_deinit(&key);
    uint32_t number = sm_index_find(&summary->index, &summary->lines, hash);
    if (number == SM_INDEX_NONE) {
        number = sm_entries_add(&summary->lines, hash);
        sm_index_add(&summary->index, hash, number);
        struct line *line = sm_entries_at(&summary->lines, number);
        line->service = labels->service;
        line->name = labels->name;
        line->buckets = sm_alloc(summary->ledger->settings->bound_count + 1, sizeof(uint64_t));
    }
    return sm_entries_at(&summary->lines, number);
}

static void add_durations(const struct sm_span_metrics_settings *settings, const struct sm_ledger_series *series, enum sm_histogram_kind histogram,
                          struct line *line)
{
    line->sum += series->sum;
    if (histogram == SM_HISTOGRAM_EXPONENTIAL)
        sm_exponential_merge(&line->exponential, settings->exponential_size, &series->buckets.exponential);
    for (size_t i = 0; histogram == SM_HISTOGRAM_EXPLICIT && settings->bound_count && i <= settings->bound_count; i++)
        line->buckets[i] += series->buckets.counts[i];
}

static void add_family(struct summary *summary, enum sm_label_family family)
{
    const struct sm_ledger *ledger = summary->ledger;
    const struct sm_family_settings *settings = &ledger->settings->families[family];
    const struct sm_entries *entries = &ledger->families[family].series;
    for (uint32_t n = 0; n < sm_entries_limit(entries); n++) {
        const struct sm_ledger_series *series = sm_entries_at(entries, n);
        struct sm_label_summary labels = {.service = SM_SLICE("(over the limit)"), .name = SM_SLICE("(over the limit)")};
        if (!sm_entries_has(entries, n) || series->is_gone)
            continue;
        struct sm_label_record record = sm_ledger_record(ledger, series);
        if (!sm_labels_summarize(ledger->settings->plan, &record, &labels))
            labels.service = record.service;
        struct line *line = find_line(summary, &labels);
        if (settings->has_count) {
            line->count += series->count;
            line->error_count += labels.status == STATUS_ERROR ? series->count : 0;
        }
        if (settings->histogram != SM_HISTOGRAM_NONE)
            add_durations(ledger->settings, series, settings->histogram, line);
    }
}

static void append_line(const struct sm_span_metrics_settings *settings, const struct line *line, struct sm_bytes *out)
{
    const struct sm_exponential *exponential = &line->exponential;
    sm_bytes_append_char(out, '\t');
    sm_snapshot_append_name(out, line->service);
    sm_bytes_append_char(out, '\t');
    sm_snapshot_append_name(out, line->name);
    sm_bytes_printf(out, "\t%" PRIu64 "\t%" PRIu64 "\t%.9g\t", line->count, line->error_count, line->sum);
    for (size_t i = 0; settings->bound_count && i <= settings->bound_count; i++)
        if (line->buckets[i])
            sm_bytes_printf(out, "%.9g/%.9g:%" PRIu64 " ", i ? settings->bounds[i - 1] : 0,
                            i < settings->bound_count ? settings->bounds[i] : INFINITY, line->buckets[i]);
    if (exponential->zero_count)
        sm_bytes_printf(out, "0/0:%" PRIu64 " ", exponential->zero_count);
    for (int32_t bucket = exponential->first; exponential->has_buckets && bucket <= exponential->last; bucket++)
        if (sm_exponential_count_at(exponential, bucket))
            sm_bytes_printf(out, "%.9g/%.9g:%" PRIu64 " ", exp2(ldexp(bucket, -exponential->scale)), exp2(ldexp(bucket + 1, -exponential->scale)),
                            sm_exponential_count_at(exponential, bucket));
    sm_bytes_append_char(out, '\n');
}

static int compare_counts(const void *a, const void *b)
{
    const struct line *const *x = a, *const *y = b;
    return ((*y)->count > (*x)->count) - ((*y)->count < (*x)->count);
}

void sm_ledger_summarize(const struct sm_ledger *ledger, const char *component_id, struct sm_bytes *out)
{
    struct summary summary = {.ledger = ledger};
    sm_entries_init(&summary.lines, sizeof(struct line));
    add_family(&summary, SM_LABELS_CALLS);
    if (ledger->settings->families[SM_LABELS_DURATION].is_used)
        add_family(&summary, SM_LABELS_DURATION);
    uint32_t count = sm_entries_limit(&summary.lines);
    struct line **lines = sm_alloc(count, sizeof(struct line *));
    for (uint32_t i = 0; i < count; i++)
        lines[i] = sm_entries_at(&summary.lines, i);
    qsort(lines, count, sizeof(struct line *), compare_counts);
    sm_snapshot_append_table(out, "spans", ledger->settings->unit, component_id);
    for (uint32_t i = 0; i < count; i++) {
        if (i < SM_SUMMARY_LINES_MAX)
            append_line(ledger->settings, lines[i], out);
        free(lines[i]->buckets);
        sm_exponential_clear(&lines[i]->exponential);
    }
    free(lines);
    sm_entries_deinit(&summary.lines);
    sm_index_deinit(&summary.index);
}
