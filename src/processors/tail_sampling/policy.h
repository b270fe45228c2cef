/* policy.h - what decides about a trace: policies, as a tree made from the options.
 *
 * A plan owns its policies. It is immutable but for what policies with a state (rates) keep under a lock of their own, taken once per trace: any
 * thread may ask it. A view is what a policy sees of a trace; worker-local. */
#pragma once

#include "base/arena.h"
#include "base/error.h"
#include "processors/tail_sampling/options.h"

struct sm_batch;
struct sm_logger;
struct sm_node;
struct sm_ottl_program;
struct sm_buffer;
struct sm_span;
struct sm_tail_facts;
struct sm_tail_held;
struct sm_tail_piece;
struct sm_tail_segments;
struct sm_tail_policy;
struct sm_value;

enum sm_tail_decision { SM_TAIL_NOT_SAMPLED, SM_TAIL_SAMPLED, SM_TAIL_DROPPED, SM_TAIL_DECISION_COUNT, SM_TAIL_FAILED };

/* What the spans of a trace have told as they arrived (watch.c). */
struct sm_tail_sight {
    uint64_t start_ns, end_ns; /* the first start, the last end */
    uint64_t found;            /* bits of the watching policies that a span has fitted */
};

struct sm_tail_view {
    const uint8_t *trace_id;           /* borrowed: 16 bytes */
    uint64_t span_count;               /* of the whole trace */
    uint64_t size_bytes;               /* of the whole trace as its resource groups, when the plan needs sizes */
    uint64_t request_bytes;            /* the same as a request */
    const struct sm_tail_piece *piece; /* borrowed: what is looked at is what arrives; NULL: it is what is held */
    const struct sm_tail_held *held;   /* borrowed */
    struct sm_tail_segments *segments; /* borrowed: where it is held */
    struct sm_buffer **block;          /* borrowed: a run of packed traces to write on in, see sm_tail_view_take; NULL: a buffer of its own */
    struct sm_tail_sight sight;        /* of what is looked at */
    const struct sm_logger *logger;    /* borrowed */
    uint64_t mono_ns, wall_ns;         /* now */
    struct sm_batch *batch;            /* owned; NULL until asked for */
};

enum { SM_TAIL_WATCHERS_MAX = 64 };

/* One policy. */
struct sm_tail_policy {
    const struct sm_tail_policy_type *type;
    const char *name;            /* borrowed: options */
    struct sm_tail_policy *subs; /* owned: plan's arena */
    size_t sub_count;
    void *state;         /* owned: plan's arena; of the type */
    uint64_t watch_mark; /* its bit in a sight; 0: it does not watch */
};

struct sm_tail_plan {
    struct sm_arena arena;
    struct sm_ottl_program *program; /* owned; NULL without conditions */
    struct sm_tail_policy *policies; /* borrowed: arena; drop policies first */
    size_t count;
    struct sm_tail_policy watchers[SM_TAIL_WATCHERS_MAX]; /* copies of those that watch, in the order of their bits */
    size_t watcher_count;
    bool needs_sizes; /* of traces: a policy asks for bytes */
};

/* NULL with `error` filled or, when `validation` is given, everything wrong reported there. Of the two one may be NULL. */
struct sm_tail_plan *sm_tail_plan_create(const struct sm_tail_options *options, struct sm_validation *validation, struct sm_error *error)
    __attribute__((warn_unused_result));
void sm_tail_plan_free(struct sm_tail_plan *plan); /* NULL is allowed */

enum sm_tail_decision sm_tail_policy_decide(const struct sm_tail_policy *policy, struct sm_tail_view *view);
bool sm_tail_policy_is_drop(const struct sm_tail_policy *policy);

/* ---- for policy types */

enum { SM_TAIL_AT_TOP = 1u << 0, SM_TAIL_IN_COMPOSITE = 1u << 1, SM_TAIL_IN_AND = 1u << 2, SM_TAIL_IN_NOT = 1u << 3, SM_TAIL_ANYWHERE = 0xf };

/* Making a plan. */
struct sm_tail_maker {
    struct sm_tail_plan *plan;
    struct sm_validation *validation; /* of the policy at the top that is being made; NULL: creating */
    struct sm_error *error;           /* NULL: validating */
    const char *top_name;             /* of the policy at the top */
    const struct sm_node *node;       /* borrowed: the policy that is being made; NULL: not known */
};

/* Reports "failed to create policy evaluator for "top": …"; returns false. */
bool sm_tail_maker_fail(struct sm_tail_maker *maker, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Makes the sub-policies of `policy` from `list`. */
bool sm_tail_maker_add_subs(struct sm_tail_maker *maker, struct sm_tail_policy *policy, const struct sm_tail_policy_options *list, size_t count,
                            unsigned place);

struct sm_tail_policy_type {
    const char *name;
    unsigned places; /* SM_TAIL_…: where it may stand */
    /* Fills policy->state and subs; NULL: it has none. */
    bool (*create)(struct sm_tail_maker *maker, struct sm_tail_policy *policy, const struct sm_tail_policy_options *options);
    enum sm_tail_decision (*decide)(const struct sm_tail_policy *policy, struct sm_tail_view *view); /* NULL with `fits` */
    /* For policies that sample once a span fits, by its facts and the sight that it is part of already; NULL: others. */
    bool (*fits)(const struct sm_tail_policy *policy, const struct sm_tail_sight *sight, const struct sm_tail_facts *facts);
    /* Whether its answer can change while spans arrive; NULL: it cannot. Sub-policies are asked as well. */
    bool (*is_stateful)(const struct sm_tail_policy *policy);
    void (*free)(struct sm_tail_policy *policy); /* NULL: the arena holds all of it */
};

extern const struct sm_tail_policy_type sm_tail_always_sample, sm_tail_latency, sm_tail_numeric_attribute, sm_tail_probabilistic, sm_tail_status_code,
    sm_tail_string_attribute, sm_tail_rate_limiting, sm_tail_bytes_limiting, sm_tail_span_count, sm_tail_trace_state, sm_tail_boolean_attribute,
    sm_tail_ottl_condition, sm_tail_trace_flags, sm_tail_composite, sm_tail_and, sm_tail_not, sm_tail_drop;

/* ---- watch.c: policies that look at spans as they arrive, so that nothing need be decoded for them later */

/* Makes `policy` one of the plan's watchers while there is room. */
void sm_tail_watch_add(struct sm_tail_plan *plan, struct sm_tail_policy *policy);
void sm_tail_watch(const struct sm_tail_plan *plan, const struct sm_tail_piece *piece, struct sm_tail_sight *sight);
/* Whether a span has fitted. */
bool sm_tail_watch_found(const struct sm_tail_policy *policy, struct sm_tail_view *view);

/* ---- view.c */

/* The spans that are looked at, as a batch of their own. */
struct sm_batch *sm_tail_view_batch(struct sm_tail_view *view) __attribute__((returns_nonnull));
/* Whether `matches` holds for one of them, in order. */
bool sm_tail_view_any_span(struct sm_tail_view *view, bool (*matches)(const struct sm_span *span, void *context), void *context);
/* Sets an attribute on all scopes. */
void sm_tail_view_mark(struct sm_tail_view *view, struct sm_slice key, const struct sm_value *value);
/* Bytes of the trace as it leaves: with its resources, which others that are held may share. */
size_t sm_tail_view_size(const struct sm_tail_view *view);
/* The same to be sent on; packed unless a policy has looked into it. With a block it may be a part of that, which the next one continues. */
struct sm_batch *sm_tail_view_take(struct sm_tail_view *view) __attribute__((returns_nonnull, warn_unused_result));
/* Appends the same to a batch that is packed or empty instead. Nobody may have looked into it. */
size_t sm_tail_view_join(const struct sm_tail_view *view, struct sm_batch *batch);
void sm_tail_view_deinit(struct sm_tail_view *view);
