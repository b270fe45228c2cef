/* metrics_sender.h - sends the own metrics from time to time, and once more at the end (service::telemetry::metrics::readers, periodic).
 *
 * Main worker only. */
#pragma once

#include "base/error.h"
#include "config/option.h"

struct sm_metrics_sender;
struct sm_metrics_sender_config;
struct sm_workers;

/* `config` and `identity` are borrowed and must outlive it. Opens nothing. */
struct sm_metrics_sender *sm_metrics_sender_create(struct sm_workers *workers, const struct sm_metrics_sender_config *config,
                                                   const struct sm_string_map *identity, struct sm_error *error) __attribute__((warn_unused_result));
void sm_metrics_sender_start(struct sm_metrics_sender *sender);
/* Sends the last state; `stopped(context)` when it has been taken, or a short time has passed. */
void sm_metrics_sender_stop(struct sm_metrics_sender *sender, void (*stopped)(void *context), void *context);
/* After `stopped`, or never started. NULL is allowed. */
void sm_metrics_sender_free(struct sm_metrics_sender *sender);
