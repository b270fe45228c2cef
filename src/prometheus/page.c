/* page.c - families and samples of one scrape.
 *
 * Reads the set and brings what it knows of names (help, type) up to date. First come, first served: the first description of a name stays, another
 * type under that name is left out, and so is the second of two equal series. Source: exporter/prometheusexporter/collector.go (Collect,
 * validateMetrics), client_golang registry.go (processMetric, checkSuffixCollisions). */
#include "prometheus/page.h"

#include <math.h>
#include <stdlib.h>

#include "base/hash.h"
#include "base/memory.h"
#include "prometheus/name.h"

/* ---- families */

static bool is_family(const struct sm_prometheus_entry *entry, const void *name)
{
    return sm_slice_equal(((const struct sm_prometheus_family *)entry)->name, *(const struct sm_slice *)name);
}

static struct sm_prometheus_family *find_family(struct sm_prometheus_page *page, struct sm_slice name)
{
    return (struct sm_prometheus_family *)sm_prometheus_table_find(&page->families, (uint32_t)sm_hash(name), is_family, &name);
}

static struct sm_prometheus_family *add_family(struct sm_prometheus_page *page, struct sm_slice name, struct sm_slice help,
                                               enum sm_prometheus_family_type type)
{
    struct sm_prometheus_family *family = sm_arena_zalloc(&page->arena, 1, sizeof(*family));
    family->entry.hash = (uint32_t)sm_hash(name);
    family->name = sm_arena_copy(&page->arena, name);
    family->help = help;
    family->type = type;
    sm_prometheus_table_insert(&page->families, &family->entry);
    return family;
}

struct sm_prometheus_sample *sm_prometheus_family_add(struct sm_prometheus_family *family)
{
    if (family->count == family->capacity) {
        family->capacity = family->capacity ? family->capacity * 2 : 8;
        family->samples = sm_realloc(family->samples, family->capacity, sizeof(*family->samples));
    }
    return &family->samples[family->count++];
}

static struct sm_prometheus_family *find_joined(struct sm_prometheus_page *page, struct sm_slice name, const char *suffix)
{
    char *joined = sm_arena_printf(&page->labels, "%.*s%s", SM_SLICE_ARGS(name), suffix);
    return find_family(page, sm_slice_of(joined));
}

/* Whether the lines of a histogram or summary would have the name of another family, either way round. */
static bool collides(struct sm_prometheus_page *page, struct sm_slice name, enum sm_prometheus_family_type type)
{
    static const char *const suffixes[] = {"_count", "_sum", "_bucket"};
    enum { BUCKET = 2 };
    for (int i = 0; i <= BUCKET; i++) {
        struct sm_slice suffix = sm_slice_of(suffixes[i]);
        if (sm_slice_ends_with(name, suffix) && name.size > suffix.size) {
            const struct sm_prometheus_family *other = find_family(page, sm_slice_make(name.ptr, name.size - suffix.size));
            if (other && (other->type == SM_PROMETHEUS_HISTOGRAM || (other->type == SM_PROMETHEUS_SUMMARY && i != BUCKET)))
                return true;
        }
        bool makes_line = type == SM_PROMETHEUS_HISTOGRAM || (type == SM_PROMETHEUS_SUMMARY && i != BUCKET);
        if (makes_line && find_joined(page, name, suffixes[i]))
            return true;
    }
    return false;
}

/* ---- what is known of a name from earlier scrapes */

static bool is_known(const struct sm_prometheus_entry *entry, const void *name)
{
    return sm_slice_equal(sm_prometheus_text_slice(((const struct sm_prometheus_known *)entry)->name), *(const struct sm_slice *)name);
}

/* NULL: the name has another type. */
static const struct sm_prometheus_known *know(struct sm_prometheus_page *page, struct sm_slice name, const struct sm_prometheus_series *series,
                                              enum sm_prometheus_family_type type)
{
    struct sm_prometheus_set *set = page->set;
    uint32_t hash = (uint32_t)sm_hash(name);
    struct sm_prometheus_known *known = (struct sm_prometheus_known *)sm_prometheus_table_find(&set->known, hash, is_known, &name);
    if (known && known->type != (int)type)
        return NULL;
    if (!known) {
        known = sm_alloc(1, sizeof(*known));
        known->entry.hash = hash;
        known->name = sm_prometheus_text_get(&set->texts, name);
        known->help = sm_prometheus_text_retain(series->metric->texts[SM_METRIC_DESCRIPTION_AT]);
        known->type = (int)type;
        known->next = set->known_first;
        set->known_first = known;
        sm_prometheus_table_insert(&set->known, &known->entry);
    }
    known->seen_ns = page->now_ns;
    return known;
}

/* ---- from series to family */

/* The family of every series with the same name, type, description and unit. */
struct placed_metric {
    struct sm_prometheus_entry entry;
    const struct sm_prometheus_tuple *metric;
    struct sm_prometheus_family *family; /* NULL: left out */
};

static bool is_placed(const struct sm_prometheus_entry *entry, const void *metric)
{
    return ((const struct placed_metric *)entry)->metric == metric;
}

static enum sm_prometheus_family_type family_type(const struct sm_prometheus_series *series)
{
    switch (sm_prometheus_series_type(series)) {
    case SM_METRIC_SUM:
        return sm_prometheus_series_is_monotonic(series) ? SM_PROMETHEUS_COUNTER : SM_PROMETHEUS_GAUGE;
    case SM_METRIC_HISTOGRAM:
    case SM_METRIC_EXPONENTIAL_HISTOGRAM:
        return SM_PROMETHEUS_HISTOGRAM;
    case SM_METRIC_SUMMARY:
        return SM_PROMETHEUS_SUMMARY;
    case SM_METRIC_GAUGE:
    case SM_METRIC_NONE:
        break;
    }
    return SM_PROMETHEUS_GAUGE;
}

static bool make_name(struct sm_prometheus_page *page, const struct sm_prometheus_series *series, struct sm_bytes *name)
{
    const struct sm_prometheus_options *options = page->set->options;
    struct sm_prometheus_namer namer = {.name_space = sm_slice_of(options->name_space),
                                        .with_suffixes = options->with_type_suffix || options->with_unit_suffix,
                                        .keeps_utf8 = options->keeps_utf8};
    enum sm_prometheus_kind kind = SM_PROMETHEUS_KIND_OTHER;
    if (sm_prometheus_series_type(series) == SM_METRIC_GAUGE)
        kind = SM_PROMETHEUS_KIND_GAUGE;
    else if (options->with_type_suffix && sm_prometheus_series_is_monotonic(series))
        kind = SM_PROMETHEUS_KIND_COUNTER;
    struct sm_slice unit = options->with_unit_suffix ? sm_prometheus_text_slice(series->metric->texts[SM_METRIC_UNIT_AT]) : (struct sm_slice){0};
    return sm_prometheus_metric_name(&namer, sm_prometheus_text_slice(series->metric->texts[SM_METRIC_NAME_AT]), unit, kind, name) &&
           sm_prometheus_is_name(sm_bytes_slice(name));
}

static void tell_dropped(struct sm_prometheus_page *page, const struct sm_prometheus_series *series, const char *reason)
{
    page->dropped++;
    sm_log(SM_LOG_ERROR, page->set->logger, "failed to convert metric",
           SM_LOG_SLICE("metric", sm_prometheus_text_slice(series->metric->texts[SM_METRIC_NAME_AT])), SM_LOG_STR("reason", reason));
}

static struct sm_prometheus_family *find_place(struct sm_prometheus_page *page, const struct sm_prometheus_series *series, const char **reason)
{
    struct sm_bytes name;
    sm_bytes_init(&name, &page->labels);
    *reason = "its name cannot be made a metric name";
    if (!make_name(page, series, &name))
        return NULL;
    enum sm_prometheus_family_type type = family_type(series);
    const struct sm_prometheus_known *known = know(page, sm_bytes_slice(&name), series, type);
    *reason = "instrument type conflict, using existing type definition";
    if (!known)
        return NULL;
    struct sm_slice help = sm_prometheus_text_slice(known->help);
    struct sm_prometheus_family *family = find_family(page, sm_bytes_slice(&name));
    if (family)
        return sm_slice_equal(family->help, help) && family->type == type ? family : NULL;
    *reason = "its name collides with the lines of a histogram or summary";
    return collides(page, sm_bytes_slice(&name), type) ? NULL : add_family(page, sm_bytes_slice(&name), help, type);
}

static struct placed_metric *place_metric(struct sm_prometheus_page *page, const struct sm_prometheus_series *series)
{
    struct placed_metric *placed = sm_arena_zalloc(&page->arena, 1, sizeof(*placed));
    placed->entry.hash = series->metric->entry.hash;
    placed->metric = series->metric;
    const char *reason;
    placed->family = find_place(page, series, &reason);
    if (!placed->family) {
        tell_dropped(page, series, reason);
        page->dropped--; /* counted with every series of the metric */
    }
    sm_prometheus_table_insert(&page->metrics, &placed->entry);
    sm_arena_deinit(&page->labels);
    return placed;
}

static void place_series(struct sm_prometheus_page *page)
{
    for (const struct sm_prometheus_series *own = page->set->first; own; own = own->next) {
        const struct sm_prometheus_series *series = sm_prometheus_series_shown(own);
        if (!series)
            continue;
        struct placed_metric *placed =
            (struct placed_metric *)sm_prometheus_table_find(&page->metrics, series->metric->entry.hash, is_placed, series->metric);
        if (!placed)
            placed = place_metric(page, series);
        if (placed->family)
            *sm_prometheus_family_add(placed->family) = (struct sm_prometheus_sample){.series = series};
        else
            page->dropped++;
    }
}

static void add_target_info(struct sm_prometheus_page *page)
{
    if (page->set->options->target_info == SM_PROMETHEUS_TARGET_INFO_NONE)
        return;
    const struct sm_prometheus_options *options = page->set->options;
    struct sm_prometheus_label_namer namer = {.keeps_utf8 = options->keeps_utf8, .collapses_underscores = options->collapses_underscores};
    struct sm_bytes name;
    sm_bytes_init(&name, &page->arena);
    if (sm_prometheus_label_name(&namer, sm_slice_of(options->name_space), &name))
        sm_bytes_append_char(&name, '_');
    else
        name.size = 0;
    sm_bytes_append_text(&name, "target_info");
    if (!sm_prometheus_is_name(sm_bytes_slice(&name)))
        return;
    sm_prometheus_page_target_info(page, add_family(page, sm_bytes_slice(&name), SM_SLICE("Target metadata"), SM_PROMETHEUS_GAUGE));
}

static int compare_families(const void *a, const void *b)
{
    const struct sm_prometheus_family *const *left = a, *const *right = b;
    return sm_slice_compare((*left)->name, (*right)->name);
}

static void sort_families(struct sm_prometheus_page *page)
{
    page->sorted = sm_arena_zalloc(&page->arena, page->families.count, sizeof(struct sm_prometheus_family *));
    for (size_t i = 0; i < page->families.capacity; i++) {
        struct sm_prometheus_family *family = (struct sm_prometheus_family *)sm_prometheus_table_at(&page->families, i);
        if (family && family->count)
            page->sorted[page->count++] = family;
    }
    if (page->count)
        qsort(page->sorted, page->count, sizeof(struct sm_prometheus_family *), compare_families);
}

/* Expires what is old, finds the families and sorts them. */
static void init_page(struct sm_prometheus_page *page, struct sm_prometheus_set *set, uint64_t now_ns)
{
    *page = (struct sm_prometheus_page){.set = set, .now_ns = now_ns, .texts = &set->texts};
    sm_prometheus_set_expire(set, now_ns);
    add_target_info(page);
    sm_prometheus_groups_show(set, &page->arena);
    place_series(page);
    sort_families(page);
}

static void deinit_page(struct sm_prometheus_page *page)
{
    for (size_t i = 0; i < page->families.capacity; i++) {
        struct sm_prometheus_family *family = (struct sm_prometheus_family *)sm_prometheus_table_at(&page->families, i);
        if (family)
            free(family->samples);
    }
    for (size_t i = 0; i < page->held_count; i++)
        sm_prometheus_text_release(page->texts, page->held[i]);
    free(page->held);
    sm_prometheus_groups_hide(page->set);
    sm_prometheus_table_deinit(&page->families);
    sm_prometheus_table_deinit(&page->metrics);
    sm_prometheus_table_deinit(&page->names);
    sm_arena_deinit(&page->labels);
    sm_arena_deinit(&page->arena);
}

/* ---- samples of a family */

double sm_prometheus_sample_number(const struct sm_prometheus_sample *sample)
{
    if (!sample->series)
        return 1;
    switch (sample->series->number_type) {
    case SM_NUMBER_INT:
        return (double)sample->series->integer;
    case SM_NUMBER_DOUBLE:
        return sample->series->number;
    case SM_NUMBER_NONE:
        break;
    }
    return 0;
}

int64_t sm_prometheus_sample_time_ms(const struct sm_prometheus_sample *sample)
{
    enum { NS_PER_MS = 1000000 };
    int64_t ns = (int64_t)sample->series->time_ns;
    return ns / NS_PER_MS - (ns % NS_PER_MS < 0);
}

/* The reference's order goes by values and then times; names decide here where it leaves the order open. */
static int compare_samples(const void *a, const void *b, void *with_timestamps)
{
    const struct sm_prometheus_sample *left = a, *right = b;
    if (left->label_count != right->label_count)
        return left->label_count < right->label_count ? -1 : 1;
    int order = 0;
    for (uint32_t i = 0; i < left->label_count && !order; i++)
        if (left->labels[i].value != right->labels[i].value)
            order = sm_slice_compare(sm_prometheus_text_slice(left->labels[i].value), sm_prometheus_text_slice(right->labels[i].value));
    if (!order && *(const bool *)with_timestamps && left->series && right->series) {
        int64_t left_ms = sm_prometheus_sample_time_ms(left), right_ms = sm_prometheus_sample_time_ms(right);
        order = (left_ms > right_ms) - (left_ms < right_ms);
    }
    for (uint32_t i = 0; i < left->label_count && !order; i++)
        if (left->labels[i].name != right->labels[i].name)
            order = sm_slice_compare(*left->labels[i].name, *right->labels[i].name);
    return order;
}

static int compare_in_order(const void *a, const void *b, void *with_timestamps)
{
    const struct sm_prometheus_sample *left = a, *right = b;
    int order = compare_samples(a, b, with_timestamps);
    return order ? order : (left->index > right->index) - (left->index < right->index);
}

/* A native histogram whose buckets do not add up to its count is none. */
static const char *check_exponential(const struct sm_prometheus_series *series)
{
    const struct sm_prometheus_distribution *histogram = series->distribution;
    if (histogram->scale < SM_PROMETHEUS_SCALE_MIN)
        return "cannot convert exponential to native histogram: scale must be >= -4";
    uint64_t total = histogram->zero_count;
    for (uint32_t i = 0; i < histogram->positive.count + histogram->negative.count; i++)
        total += histogram->data[i];
    bool fits = isnan(histogram->sum) ? (int64_t)total <= (int64_t)histogram->count : total == histogram->count;
    return fits ? NULL : "the sum of all bucket populations exceeds the count of observations";
}

static bool has_label(const struct sm_prometheus_sample *sample, const char *name)
{
    for (uint32_t i = 0; i < sample->label_count; i++)
        if (sm_slice_is(*sample->labels[i].name, name))
            return true;
    return false;
}

static const char *check_sample(struct sm_prometheus_page *page, struct sm_prometheus_sample *sample)
{
    const char *reason;
    if (!sm_prometheus_page_labels(page, sample, &reason))
        return reason;
    switch (sm_prometheus_series_type(sample->series)) {
    case SM_METRIC_EXPONENTIAL_HISTOGRAM:
        return check_exponential(sample->series);
    case SM_METRIC_SUMMARY:
        return has_label(sample, "quantile") ? "a summary must not have an explicit \"quantile\" label" : NULL;
    default:
        return NULL;
    }
}

static void drop_repeated(struct sm_prometheus_page *page, struct sm_prometheus_family *family, bool with_timestamps)
{
    size_t kept = 0;
    for (size_t i = 0; i < family->count; i++) {
        if (kept && compare_samples(&family->samples[kept - 1], &family->samples[i], &with_timestamps) == 0) {
            if (family->samples[i].series)
                tell_dropped(page, family->samples[i].series, "collected before with the same name and label values");
            continue;
        }
        family->samples[kept++] = family->samples[i];
    }
    family->count = kept;
}

void sm_prometheus_page_prepare(struct sm_prometheus_page *page, struct sm_prometheus_family *family, bool with_timestamps)
{
    sm_arena_deinit(&page->labels);
    size_t kept = 0;
    for (size_t i = 0; i < family->count; i++) {
        struct sm_prometheus_sample sample = family->samples[i];
        sample.index = (uint32_t)i;
        const char *reason = sample.series ? check_sample(page, &sample) : NULL;
        if (reason)
            tell_dropped(page, sample.series, reason);
        else
            family->samples[kept++] = sample;
    }
    family->count = kept;
    if (!kept)
        return;
    qsort_r(family->samples, kept, sizeof(*family->samples), compare_in_order, &with_timestamps);
    drop_repeated(page, family, with_timestamps);
}

size_t sm_prometheus_write(struct sm_prometheus_set *set, struct sm_prometheus_format format, uint64_t now_ns, struct sm_bytes *out)
{
    struct sm_prometheus_page page;
    init_page(&page, set, now_ns);
    if (format.type >= SM_PROMETHEUS_PROTO_DELIMITED)
        sm_prometheus_write_proto(&page, format, out);
    else
        sm_prometheus_write_text(&page, format, out);
    size_t dropped = page.dropped;
    deinit_page(&page);
    return dropped;
}
