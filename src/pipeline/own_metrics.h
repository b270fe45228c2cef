/* own_metrics.h - the program's metrics about itself, under the reference's names (otelcol_receiver_accepted_spans, …).
 *
 * A metric is described once in a table; an instrument is one of its series, found or made by its attributes and then kept by its user. Adding
 * is one relaxed atomic operation: done per batch or request, never per span. service::telemetry::metrics decides which are shown and how.
 * Any thread. */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum sm_own_metric_kind { SM_OWN_COUNTER, SM_OWN_UP_DOWN_COUNTER, SM_OWN_GAUGE, SM_OWN_HISTOGRAM };
enum sm_own_metric_level { SM_OWN_LEVEL_BASIC = 1, SM_OWN_LEVEL_NORMAL, SM_OWN_LEVEL_DETAILED };

struct sm_own_metric {
    const char *name; /* without suffixes: "otelcol_receiver_accepted_spans"; NULL ends a table */
    const char *help;
    const char *unit; /* "{span}", "By", "s" */
    enum sm_own_metric_kind kind;
    enum sm_own_metric_level level; /* shown from this level on */
    const double *bounds;           /* histograms: borrowed, bound_count of them */
    size_t bound_count;             /* 0: OpenTelemetry's default bounds */
    const char *scope;              /* instrumentation scope as the reference names it; NULL: none */
};

struct sm_instrument; /* one series */

struct sm_own_attribute {
    const char *key, *value;
};

/* The series of `metric` with these attributes (sorted copies are kept). The same arguments give the same series, which is never freed before the
 * process ends, so that counters survive a reload. */
struct sm_instrument *sm_instrument_get(const struct sm_own_metric *metric, const struct sm_own_attribute *attributes, size_t count);
void sm_instrument_add(struct sm_instrument *instrument, int64_t more);    /* counters, up-down counters */
int64_t sm_instrument_count(const struct sm_instrument *instrument);       /* of counters: what was added so far */
void sm_instrument_set(struct sm_instrument *instrument, double value);    /* gauges */
void sm_instrument_record(struct sm_instrument *instrument, double value); /* histograms */
/* A gauge or counter whose value is asked for when somebody looks; `read` runs on any thread and must not call into this module. NULL `read` ends it:
 * once that returns `read` is not running and will not be called again, and the series is not shown until somebody observes or sets it again. */
void sm_instrument_observe(struct sm_instrument *instrument, double (*read)(void *context), void *context);

/* How much is recorded and shown (service::telemetry::metrics::level); NORMAL until it is set. 0: nothing. */
enum sm_own_metric_level sm_own_metrics_level(void);
void sm_own_metrics_set_level(enum sm_own_metric_level level);

/* What has been recorded so far of the metrics of the level, cumulative since the start of the process, as one batch of metrics: one resource (empty:
 * the caller fills it), a scope for each `scope` of the tables, metrics sorted by name. Series that were never touched are left out. Any thread. */
struct sm_batch;
struct sm_batch *sm_own_metrics_collect(void) __attribute__((returns_nonnull, warn_unused_result));
