/* scrape.h - metrics as Prometheus reads them: the last value of every series, and the page that shows them.
 *
 * A set takes metric batches and keeps one value for each series (delta points add up). A page is written from it in the format the client asked
 * for. Used by the exporter `prometheus`, and by the program's own metrics, which make a set for each scrape: create, add, write, free.
 * A set belongs to one thread at a time: its user holds a lock or is the only one.
 * Source: exporter/prometheusexporter (accumulator, collector), client_golang (registry), prometheus/common (expfmt). */
#pragma once

#include "base/bytes.h"
#include "base/log.h"
#include "base/slice.h"
#include "config/option.h"

#include <stddef.h>
#include <stdint.h>

struct sm_batch;

/* Which resource attributes make target_info. */
enum sm_prometheus_target_info {
    SM_PROMETHEUS_TARGET_INFO_BY_JOB, /* one for each resource with service.name and service.instance.id, which become job and instance */
    SM_PROMETHEUS_TARGET_INFO_ALL,    /* one for each resource, every attribute a label: own metrics */
    SM_PROMETHEUS_TARGET_INFO_NONE,
};

/* What becomes of metric streams that are one series because only resource attributes that are no labels tell them apart (or a scope that is none).
 */
enum sm_prometheus_on_collision {
    SM_PROMETHEUS_KEEP,  /* the last point of any of them is shown, as in the reference */
    SM_PROMETHEUS_MERGE, /* counters, counts, sums and buckets are added up over the streams; of gauges the newest is shown, of summaries no quantiles
                          */
    SM_PROMETHEUS_DROP,  /* the stream that came first is shown; the others are left out until it has ended */
};

/* How series are named and labelled. All zero: names escaped, no suffixes, every label. */
struct sm_prometheus_options {
    const char *name_space;            /* before every name; NULL or "": none */
    struct sm_string_map const_labels; /* on every series but target_info */
    uint64_t expiration_ns;            /* not shown when not updated for longer than this (0: shown while younger than 0 ns, as the reference) */
    bool never_expires;                /* expiration_ns does not count */
    bool with_unit_suffix, with_type_suffix;
    bool keeps_utf8;            /* names are not escaped */
    bool collapses_underscores; /* runs of _ in labels become one */
    bool send_timestamps;
    bool without_scope_info;
    bool without_job_and_instance;
    enum sm_prometheus_target_info target_info;
    bool resource_to_telemetry; /* resource attributes become labels of every series … */
    enum sm_prometheus_on_collision on_collision;
    bool excludes_service_attributes; /* … but service.name, service.namespace and service.instance.id */
};

struct sm_prometheus_set;

/* `options` and `logger` (may be NULL) are borrowed and must outlive the set. */
struct sm_prometheus_set *sm_prometheus_set_create(const struct sm_prometheus_options *options, const struct sm_logger *logger)
    __attribute__((returns_nonnull, warn_unused_result));
void sm_prometheus_set_free(struct sm_prometheus_set *set); /* NULL is allowed */
/* Takes over the points of a metrics batch, which is only read. `now_ns` is any clock that never goes back; the same one for all calls. */
void sm_prometheus_set_add(struct sm_prometheus_set *set, struct sm_batch *batch, uint64_t now_ns);
/* Forgets what has expired. Writing a page does so too; a timer calls it while nobody looks. */
void sm_prometheus_set_expire(struct sm_prometheus_set *set, uint64_t now_ns);
size_t sm_prometheus_set_count(const struct sm_prometheus_set *set); /* series */

/* Points that came for a series which another stream has at the same time. */
struct sm_prometheus_collisions {
    uint64_t points;
    struct sm_slice metric,
        attributes; /* of one of them: its name, and the resource attributes in which the streams differ ("k8s.pod.name, host.name") */
};
/* Those since the last call. The slices are valid until the next `add`. */
struct sm_prometheus_collisions sm_prometheus_set_take_collisions(struct sm_prometheus_set *set);

enum sm_prometheus_format_type {
    SM_PROMETHEUS_TEXT, /* text/plain; version=0.0.4 */
    SM_PROMETHEUS_OPENMETRICS_0_0_1,
    SM_PROMETHEUS_OPENMETRICS_1_0_0,
    SM_PROMETHEUS_PROTO_DELIMITED, /* io.prometheus.client.MetricFamily, each with its length before it */
    SM_PROMETHEUS_PROTO_TEXT,      /* the same as protobuf's text format, a line for each field */
    SM_PROMETHEUS_PROTO_COMPACT,   /* the same, a line for each family */
};
enum sm_prometheus_escaping { SM_PROMETHEUS_UNDERSCORES, SM_PROMETHEUS_DOTS, SM_PROMETHEUS_VALUES, SM_PROMETHEUS_ALLOW_UTF8 };

struct sm_prometheus_format {
    enum sm_prometheus_format_type type;
    enum sm_prometheus_escaping escaping;
};

/* What an Accept header asks for; OpenMetrics only when `open_metrics`. Never fails: what is not understood gives text. */
struct sm_prometheus_format sm_prometheus_negotiate(struct sm_slice accept, bool open_metrics);
/* "text/plain; version=0.0.4; charset=utf-8; escaping=underscores". Constant text. */
const char *sm_prometheus_content_type(struct sm_prometheus_format format);

/* Appends the page. Series that cannot be shown (colliding labels, another type under the name, …) are left out and logged. Returns how many series
 * were left out. */
size_t sm_prometheus_write(struct sm_prometheus_set *set, struct sm_prometheus_format format, uint64_t now_ns, struct sm_bytes *out);

/* Whether an Accept-Encoding header asks for gzip rather than nothing; the reference offers no other. */
bool sm_prometheus_wants_gzip(struct sm_slice accept_encoding);

struct sm_http_request;
/* Answers a scrape with `page`, packed when the request wants it. */
void sm_prometheus_respond(struct sm_http_request *request, struct sm_prometheus_format format, const struct sm_bytes *page);
