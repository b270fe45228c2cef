/* labels.h - from a span to the identity of a series and to its labels.
 *
 * A series is named by a run of bytes, its *identity*:
 *
 *     flags                  1 byte: kind (3 bits), status (2 bits), sampling method (1 bit); 0 for what is left out
 *     [service]              size and bytes; only when resources are told apart by chosen attributes, otherwise the resource decides it
 *     name                   size and bytes
 *     dimensions             each: its place + 1 (the common list's, then the family's), size, text; or 0, size, attribute name, size, text for one
 *                            that a glob matched. Absent ones are left out. First the common list, then that of the family.
 *
 * Texts are the string form of values, so that 1 and "1" share a series, as in the reference. What the labels need beyond it is the *tail*, written
 * once when the series is new: the scope's name (empty: not shown) and version, then for each dimension its type and the content of what its text
 * does not give back. In tables series are found by the 128-bit hash of their resource's hash and the identity. Source:
 * spanmetricsconnector/connector.go (buildKey, buildAttributes, matchDimensions). */
#pragma once

#include "base/bytes.h"
#include "base/hash.h"
#include "connectors/span_metrics/options.h"
#include "telemetry/value.h"

struct sm_glob;
struct sm_scope;
struct sm_span;

/* Series of one kind of key. With no dimensions of their own, calls and durations share their series (CALLS). */
enum sm_label_family { SM_LABELS_CALLS, SM_LABELS_DURATION, SM_LABELS_EVENTS, SM_LABELS_FAMILY_COUNT };

struct sm_label_part {
    struct sm_label_dimension {
        uint32_t name; /* index in the plan's names */
        bool has_preset;
        struct sm_slice preset;
    } * named;
    size_t named_count;
    const struct sm_glob **globs;
    size_t glob_count;
};

/* What the options say about labels, prepared. Immutable after creation; lives in an arena. */
struct sm_label_plan {
    const struct sm_span_metrics_options *options;
    struct sm_slice *names; /* distinct attribute names to look up; the first is service.name */
    size_t name_count;
    uint64_t sizes; /* bit n: some name has n bytes (63: or more) */
    struct sm_label_part common, own[SM_LABELS_FAMILY_COUNT];
    bool has_globs;
    bool has_service, has_span_name, has_kind, has_status, has_method, has_instance;
    bool uses_otel_status;
    bool has_service_in_identity;
};
struct sm_label_plan *sm_label_plan_create(const struct sm_span_metrics_options *options, struct sm_arena *arena) __attribute__((returns_nonnull));

/* Works out identities. Worker-local. What is set is borrowed until the next thing of its kind is set. */
struct sm_labels;
struct sm_labels *sm_labels_create(const struct sm_label_plan *plan) __attribute__((returns_nonnull));
void sm_labels_free(struct sm_labels *labels);
/* False when the resource has no service.name: its spans are not counted. `hash` tells the resource apart. */
bool sm_labels_set_resource(struct sm_labels *labels, const struct sm_attributes *attributes, struct sm_hash128 hash);
void sm_labels_set_span(struct sm_labels *labels, const struct sm_span *span, bool is_adjusted);
/* The event whose attributes stand between those of the span and of the resource; NULL: none. */
void sm_labels_set_event(struct sm_labels *labels, const struct sm_attributes *attributes);
/* The hash and the identity in that family; valid until the next call. */
struct sm_hash128 sm_labels_identify(struct sm_labels *labels, enum sm_label_family family, struct sm_slice *identity);
/* The same from an identity that was kept. */
struct sm_hash128 sm_labels_hash(struct sm_hash128 resource, struct sm_slice identity);
/* The hash of the series that takes what is over the limit; its identity is empty. */
struct sm_hash128 sm_labels_overflow(struct sm_hash128 resource);
/* Appends the tail of what was identified last. */
void sm_labels_append_tail(struct sm_labels *labels, enum sm_label_family family, const struct sm_scope *scope, struct sm_bytes *out);
/* The text of the value of one named dimension of the span set (0: the span's name); false: absent. For counting distinct values. */
size_t sm_labels_dimension_count(const struct sm_label_plan *plan);
struct sm_slice sm_labels_dimension_name(const struct sm_label_plan *plan, size_t index);
bool sm_labels_dimension_text(struct sm_labels *labels, size_t index, struct sm_slice *text);

/* What a stored series needs to be shown. */
struct sm_label_record {
    struct sm_slice identity, tail; /* an empty identity is the overflow series */
    struct sm_slice service;        /* of the resource; used when the identity has none */
    struct sm_slice instance;       /* collector.instance.id */
};
/* Appends the labels as KeyValue fields of number `field` (below 16). */
void sm_labels_append_attributes(const struct sm_label_plan *plan, enum sm_label_family family, const struct sm_label_record *record, uint8_t field,
                                 struct sm_bytes *out);

/* The parts that `spanmill top` shows. */
struct sm_label_summary {
    struct sm_slice service, name;
    unsigned kind, status;
};
bool sm_labels_summarize(const struct sm_label_plan *plan, const struct sm_label_record *record, struct sm_label_summary *summary);
