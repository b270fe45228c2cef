/* ottl.h - the OpenTelemetry Transformation Language: conditions and statements, compiled once, run on telemetry.
 *
 *     struct sm_ottl_program *program = sm_ottl_program_create();
 *     struct sm_ottl_language language = {.context = SM_OTTL_SPAN, .functions = SM_OTTL_CONVERTERS};
 *     const struct sm_ottl_condition *condition = sm_ottl_compile_condition(program, &language, text, &error);
 *     …
 *     struct sm_ottl_run run = {.arena = &batch->arena, .batch = batch, .group = group, .scope = scope, .span = span};
 *     switch (sm_ottl_test(condition, &run)) …
 *
 * A program owns what was compiled into it, is immutable afterwards and may be used by any thread; a run is worker-local. Running allocates from the
 * batch's arena only. What a statement changes is marked as changed up to the batch.
 * Source: opentelemetry-collector-contrib pkg/ottl (v0.155.0). */
#pragma once

#include "ottl/tree.h"
#include "ottl/value.h"
#include "telemetry/batch.h"

struct sm_data_point;
struct sm_log_record;
struct sm_metric;
struct sm_span;
struct sm_span_event;

/* What a text is about; the order is that of inference, the most specific first. */
enum sm_ottl_context {
    SM_OTTL_LOG,
    SM_OTTL_DATAPOINT,
    SM_OTTL_METRIC,
    SM_OTTL_SPANEVENT,
    SM_OTTL_SPAN,
    SM_OTTL_SCOPE,
    SM_OTTL_RESOURCE,
    SM_OTTL_CONTEXT_COUNT,
};
const char *sm_ottl_context_name(enum sm_ottl_context context); /* "spanevent" */
/* False: there is none of that name ("instrumentation_scope" is SCOPE). */
bool sm_ottl_context_find(struct sm_slice name, enum sm_ottl_context *context);
/* As processors take it for `context`: in any case, without that second name. */
bool sm_ottl_context_setting(struct sm_slice name, enum sm_ottl_context *context);

/* Which functions there are. */
enum {
    SM_OTTL_CONVERTERS = 1u << 0, /* everywhere */
    SM_OTTL_EDITORS = 1u << 1,
    SM_OTTL_FOR_FILTER = 1u << 2,    /* HasAttrOnDatapoint, … */
    SM_OTTL_FOR_TRANSFORM = 1u << 3, /* metric functions, set_semconv_span_name */
};

struct sm_ottl_language {
    enum sm_ottl_context context;
    unsigned functions;  /* SM_OTTL_… */
    bool needs_prefixes; /* paths must begin with the name of their context ("span.name") */
};

struct sm_ottl_program;
struct sm_ottl_condition;
struct sm_ottl_statement;
struct sm_ottl_expr;

struct sm_ottl_program *sm_ottl_program_create(void) __attribute__((returns_nonnull, warn_unused_result));
void sm_ottl_program_free(struct sm_ottl_program *program); /* NULL is allowed */
/* For what belongs to the compiled texts and lives as long. */
struct sm_arena *sm_ottl_program_arena(struct sm_ottl_program *program);

/* NULL with `error` filled when the text is not valid in that language. `text` is copied. */
const struct sm_ottl_condition *sm_ottl_compile_condition(struct sm_ottl_program *program, const struct sm_ottl_language *language,
                                                          struct sm_slice text, struct sm_ottl_error *error) __attribute__((warn_unused_result));
const struct sm_ottl_statement *sm_ottl_compile_statement(struct sm_ottl_program *program, const struct sm_ottl_language *language,
                                                          struct sm_slice text, struct sm_ottl_error *error) __attribute__((warn_unused_result));
const struct sm_ottl_expr *sm_ottl_compile_value(struct sm_ottl_program *program, const struct sm_ottl_language *language, struct sm_slice text,
                                                 struct sm_ottl_error *error) __attribute__((warn_unused_result));
struct sm_slice sm_ottl_condition_text(const struct sm_ottl_condition *condition);
struct sm_slice sm_ottl_statement_text(const struct sm_ottl_statement *statement);

/* What a text is run on. Set what the context has; the rest stays NULL. */
struct sm_ottl_run {
    struct sm_arena *arena; /* borrowed: the batch's */
    struct sm_batch *batch;
    struct sm_resource_group *group;
    struct sm_scope_group *scope;
    struct sm_span *span;
    struct sm_span_event *event;
    struct sm_metric *metric;
    struct sm_data_point *point;
    struct sm_log_record *log;
    const struct sm_scope_group *_grown_scope; /* whose metrics a function has added to … */
    size_t _metric_capacity;                   /* … for how many there is room … */
    size_t _metric_limit;                      /* … and how many there may be */
    struct sm_map cache;                       /* empty it between items and groups of statements */
    char error[256];                           /* why the last test or execution failed */
};

enum sm_ottl_verdict { SM_OTTL_NO, SM_OTTL_YES, SM_OTTL_FAILED };
enum sm_ottl_verdict sm_ottl_test(const struct sm_ottl_condition *condition, struct sm_ottl_run *run);
/* YES: it ran; NO: its where clause was false; FAILED: run->error says why, and what it did until then stays. */
enum sm_ottl_verdict sm_ottl_execute(const struct sm_ottl_statement *statement, struct sm_ottl_run *run);
bool sm_ottl_evaluate(const struct sm_ottl_expr *value, struct sm_ottl_run *run, struct sm_ottl_value *out) __attribute__((warn_unused_result));

/* ---- inference: which context a list of texts is about, from the paths, functions and enums they use */
struct sm_ottl_inference;
struct sm_ottl_inference *sm_ottl_inference_create(void) __attribute__((returns_nonnull, warn_unused_result));
void sm_ottl_inference_free(struct sm_ottl_inference *inference);
/* `text` is copied. */
bool sm_ottl_inference_add(struct sm_ottl_inference *inference, struct sm_slice text, bool is_statement, struct sm_ottl_error *error)
    __attribute__((warn_unused_result));
/* `contexts`: bits (1u << context) of those that may be chosen. When the paths name a context which then lacks a function or an enum, `*context` is
 * that one: compiling the texts in it tells which and where. */
bool sm_ottl_infer(const struct sm_ottl_inference *inference, unsigned contexts, unsigned functions, enum sm_ottl_context *context,
                   struct sm_ottl_error *error) __attribute__((warn_unused_result));
