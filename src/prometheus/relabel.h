/* relabel.h - Prometheus' relabelling: rules that keep, drop and rewrite a series by its labels.
 *
 * Rules are options first (a list of sections, as in Prometheus' relabel_configs), then compiled; compiled rules are immutable: any thread.
 * Source: prometheus/model/relabel/relabel.go, Alloy's internal/component/common/relabel. */
#pragma once

#include "base/arena.h"
#include "base/error.h"
#include "config/option.h"

/* A label: its name and its value. */
struct sm_prometheus_pair {
    struct sm_slice name, value;
};

struct sm_relabel_options {
    struct sm_string_list source_labels;
    const char *separator, *regex, *target_label, *replacement;
    uint64_t modulus;
    int action; /* enum sm_relabel_action */
};
extern const struct sm_option sm_relabel_option_table[];
/* The rules between the options of one rule; `path` says which ("write_relabel_configs::0"). */
void sm_relabel_validate(const struct sm_relabel_options *rule, const char *path, struct sm_validation *validation);

/* Labels while they are rewritten: by name, each name once, no empty values. */
struct sm_relabel_set {
    struct sm_arena *arena; /* borrowed: what is made lives there */
    struct sm_prometheus_pair *items;
    size_t count, capacity;
};

/* A copy of labels that are sorted by name; of equal names the first counts. */
void sm_relabel_set_init(struct sm_relabel_set *set, struct sm_arena *arena, const struct sm_prometheus_pair *labels, size_t count);
/* Empty: there is none. */
struct sm_slice sm_relabel_get(const struct sm_relabel_set *set, struct sm_slice name);
/* Sets, replaces, or with an empty value removes. Both are borrowed. */
void sm_relabel_put(struct sm_relabel_set *set, struct sm_slice name, struct sm_slice value);

struct sm_relabel;
/* Compiles valid rules, which are borrowed. NULL with `error`: an expression is none. */
struct sm_relabel *sm_relabel_create(const struct sm_relabel_options *rules, size_t count, struct sm_error *error)
    __attribute__((warn_unused_result));
/* NULL is allowed. */
void sm_relabel_free(struct sm_relabel *relabel);
/* Rewrites `set`. False: the series is dropped. */
bool sm_relabel_apply(const struct sm_relabel *relabel, struct sm_relabel_set *set) __attribute__((warn_unused_result));
