/* probabilistic_sampler.c - the processor `probabilistic_sampler`: keeps a fixed share of traces or log records, the same ones on every collector.
 *
 * Reads trace IDs, trace states, attributes. Changes: drops items, writes randomness and threshold to those that are kept. State: none.
 * Source: opentelemetry-collector-contrib processor/probabilisticsamplerprocessor. */
#include "pipeline/component.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "pipeline/delivery.h"
#include "pipeline/own_metrics.h"
#include "processors/probabilistic_sampler/items.h"
#include "telemetry/log_record.h"
#include "telemetry/sampling_threshold.h"
#include "telemetry/span.h"

#define SCOPE "github.com/open-telemetry/opentelemetry-collector-contrib/processor/probabilisticsamplerprocessor"

enum { AHEAD = 4 }; /* spans by which their bytes are fetched before they are looked at */

static const struct sm_option_word mode_words[] = {
    {"", SM_SAMPLER_HASH_SEED},
    {"hash_seed", SM_SAMPLER_HASH_SEED},
    {"proportional", SM_SAMPLER_PROPORTIONAL},
    {"equalizing", SM_SAMPLER_EQUALIZING},
    {.word = NULL},
};

static const struct sm_option option_table[] = {
    SM_OPTION_DOUBLE(struct sm_sampler_options, sampling_percentage, .unit = "percent",
                     .help = "Share of items to keep; 0 keeps none but those with a priority, 100 and more keep all."),
    SM_OPTION_UINT(struct sm_sampler_options, hash_seed, .max = UINT32_MAX,
                   .help = "Seed of the hash in mode hash_seed; collectors with one seed keep the same traces."),
    SM_OPTION_ENUM(struct sm_sampler_options, mode, mode_words, .preset.integer = SM_SAMPLER_HASH_SEED,
                   .unknown_word = {"unsupported sampler mode ", ""},
                   .help = "How to decide: by a hash, or by the trace ID's randomness, with (proportional) or up to (equalizing) earlier sampling."),
    SM_OPTION_BOOL(struct sm_sampler_options, fail_closed, .preset.boolean = true,
                   .help = "Drop items with malformed or contradicting sampling values, or without randomness; false keeps them."),
    SM_OPTION_INT(struct sm_sampler_options, sampling_precision, .preset.integer = 4,
                  .help = "Hex digits of the threshold that is written, 1 to 14; not in mode hash_seed."),
    SM_OPTION_STRING(
        struct sm_sampler_options, attribute_source, .preset.string = "traceID",
        .help = "Log records in mode hash_seed: hash the traceID (from_attribute where there is none), or only the record's from_attribute."),
    SM_OPTION_STRING(struct sm_sampler_options, from_attribute, .help = "Log records in mode hash_seed: the attribute to hash."),
    SM_OPTION_STRING(struct sm_sampler_options, sampling_priority, .help = "Log records: the attribute that holds a percentage of the record's own."),
    SM_OPTION_END,
};

enum metric { METRIC_TRACES, METRIC_LOGS };

static const struct sm_own_metric metric_table[] = {
    [METRIC_TRACES] = {.name = "otelcol_processor_probabilistic_sampler_count_traces_sampled",
                       .help = "Count of traces that were sampled or not [Development]",
                       .unit = "1",
                       .kind = SM_OWN_COUNTER,
                       .level = SM_OWN_LEVEL_BASIC,
                       .scope = SCOPE},
    [METRIC_LOGS] = {.name = "otelcol_processor_probabilistic_sampler_count_logs_sampled",
                     .help = "Count of logs that were sampled or not [Development]",
                     .unit = "1",
                     .kind = SM_OWN_COUNTER,
                     .level = SM_OWN_LEVEL_BASIC,
                     .scope = SCOPE},
    {0},
};

/* Immutable after create. */
struct state {
    struct sm_sampler sampler;
    struct sm_instrument *counts[SM_SAMPLER_POLICY_COUNT][2]; /* borrowed; [1]: sampled */
};

/* What one batch adds up to. */
struct tally {
    int64_t counts[SM_SAMPLER_POLICY_COUNT][2];
    int64_t malformed;
    const char *error; /* of the last malformed one */
};

/* ---- */

static void print_percentage(float percentage, char text[static 32])
{
    /* The fewest digits that read back as the same number. */
    for (int digits = 1; digits <= FLT_DECIMAL_DIG; digits++) {
        snprintf(text, 32, "%.*g", digits, (double)percentage);
        if (strtof(text, NULL) == percentage)
            break;
    }
}

static float to_float(double number)
{
    if (fabs(number) > (double)FLT_MAX)
        return number > 0 ? INFINITY : -INFINITY;
    return (float)number;
}

static void validate_percentage(float percentage, struct sm_validation *validation)
{
    char text[32];
    if (isnan(percentage)) {
        sm_validation_error(validation, "", "sampling rate is invalid: NaN%%");
    } else if (isinf(percentage)) {
        sm_validation_error(validation, "", "sampling rate is invalid: %sInf%%", percentage < 0 ? "-" : "+");
    } else if (percentage < 0) {
        sm_validation_error(validation, "", "sampling rate is negative: %f%%", (double)percentage);
    } else if (percentage > 0 && (double)percentage / 100 < SM_PROBABILITY_MIN) {
        print_percentage(percentage, text);
        sm_validation_error(validation, "", "sampling rate is too small: %s%%", text);
    }
}

static void sampler_validate(const void *from, struct sm_validation *validation)
{
    const struct sm_sampler_options *options = from;
    struct sm_slice source = sm_slice_of(options->attribute_source);
    validate_percentage(to_float(options->sampling_percentage), validation);
    if (source.size && !sm_slice_is(source, "traceID") && !sm_slice_is(source, "record"))
        sm_validation_error(validation, "", "invalid attribute source: %s. Expected: traceID or record", options->attribute_source);
    if (options->sampling_precision == 0)
        sm_validation_error(validation, "", "invalid sampling precision: 0");
    else if (options->sampling_precision > SM_SAMPLING_DIGITS)
        sm_validation_error(validation, "", "sampling precision is too great, should be <= 14: %lld", (long long)options->sampling_precision);
}

static bool sampler_create(struct sm_component *component, struct sm_error *error)
{
    (void)error;
    const struct sm_sampler_options *options = component->options;
    const char *const policies[SM_SAMPLER_POLICY_COUNT] = {
        [SM_SAMPLER_MISSING_RANDOMNESS] = "missing_randomness",
        [SM_SAMPLER_TRACE_ID_HASH] = "trace_id_hash",
        [SM_SAMPLER_TRACE_ID_W3C] = "trace_id_w3c",
        [SM_SAMPLER_RANDOMNESS] = "sampling_randomness",
        [SM_SAMPLER_PRIORITY] = "sampling_priority",
        [SM_SAMPLER_ATTRIBUTE] = options->from_attribute,
    };
    struct state *state = component->state = sm_alloc(1, sizeof(*state));
    const struct sm_own_metric *metric = &metric_table[component->signal == SM_TRACES ? METRIC_TRACES : METRIC_LOGS];
    sm_sampler_init(&state->sampler, options);
    for (size_t i = 0; i < SM_SAMPLER_POLICY_COUNT; i++)
        for (size_t k = 0; k < 2; k++) {
            const struct sm_own_attribute attributes[] = {{"policy", policies[i]}, {"sampled", k ? "true" : "false"}};
            state->counts[i][k] = sm_instrument_get(metric, attributes, 2);
        }
    return true;
}

static void sampler_free(struct sm_component *component)
{
    free(component->state);
    component->state = NULL;
}

/* ---- */

static void count_item(struct tally *tally, const struct sm_sampler_item *item, bool is_kept)
{
    tally->counts[item->policy][is_kept]++;
    if (item->is_malformed) {
        tally->malformed++;
        tally->error = item->error;
    }
}

/* The bytes of a batch that has been put together have left the caches; attributes are mostly not looked at. */
static void prefetch_span(const struct sm_span *span)
{
    if (span->trace_id.ptr)
        __builtin_prefetch(span->trace_id.ptr);
}

static void sample_scope(const struct sm_sampler *sampler, struct sm_batch *batch, struct sm_resource_group *group, struct sm_scope_group *scope,
                         struct tally *tally)
{
    struct sm_sampler_item item;
    bool is_changed = false;
    for (size_t i = 0; i < scope->count; i++) {
        if (batch->signal == SM_TRACES && !scope->spans[i].dropped) {
            struct sm_span *span = &scope->spans[i];
            if (i + AHEAD < scope->count)
                prefetch_span(span + AHEAD);
            span->dropped = !sm_sampler_take_span(sampler, span, &batch->arena, &item);
            is_changed |= span->changed && !span->dropped;
            count_item(tally, &item, !span->dropped);
        } else if (batch->signal == SM_LOGS && !scope->log_records[i].dropped) {
            struct sm_log_record *record = &scope->log_records[i];
            record->dropped = !sm_sampler_take_log(sampler, record, &batch->arena, &item);
            is_changed |= record->changed && !record->dropped;
            count_item(tally, &item, !record->dropped);
        }
    }
    if (is_changed)
        sm_batch_mark_changed(batch, group, scope);
}

static void sample_batch(const struct sm_sampler *sampler, struct sm_batch *batch, struct tally *tally)
{
    for (size_t g = 0; g < batch->count; g++)
        for (size_t s = 0; !batch->groups[g].dropped && s < batch->groups[g].count; s++)
            if (!batch->groups[g].scopes[s].dropped)
                sample_scope(sampler, batch, &batch->groups[g], &batch->groups[g].scopes[s], tally);
    sm_batch_recount(batch);
}

static void report(const struct sm_component *component, const struct tally *tally)
{
    const struct state *state = component->state;
    for (size_t i = 0; i < SM_SAMPLER_POLICY_COUNT; i++)
        for (size_t k = 0; k < 2; k++)
            if (tally->counts[i][k])
                sm_instrument_add(state->counts[i][k], tally->counts[i][k]);
    if (tally->malformed)
        sm_log(SM_LOG_INFO, &component->logger, component->signal == SM_TRACES ? "traces sampler" : "logs sampler", SM_LOG_STR("error", tally->error),
               SM_LOG_INT("items", tally->malformed));
}

static void sampler_consume(struct sm_component *component, struct sm_worker *worker, struct sm_batch *batch)
{
    const struct state *state = component->state;
    struct tally tally = {0};
    sample_batch(&state->sampler, batch, &tally);
    report(component, &tally);
    if (batch->item_count == 0)
        sm_batch_accept(batch, worker);
    else
        sm_component_forward(component, worker, batch);
}

const struct sm_component_type sm_processor_probabilistic_sampler = {
    .kind = SM_PROCESSOR,
    .counts_items = true,
    .name = "probabilistic_sampler",
    .help = "Keeps a fixed share of traces or log records, the same ones on every collector.",
    .signals = SM_SIGNAL_TRACES | SM_SIGNAL_LOGS,
    .stability = {[SM_TRACES] = SM_STABILITY_BETA, [SM_LOGS] = SM_STABILITY_ALPHA},
    .mutates = true,
    .options = option_table,
    .options_size = sizeof(struct sm_sampler_options),
    .metrics = metric_table,
    .validate = sampler_validate,
    .create = sampler_create,
    .consume = sampler_consume,
    .free = sampler_free,
};
