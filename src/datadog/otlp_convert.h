/* otlp_convert.h - what the files of the OTLP mapping (otlp_*.c) share. For them only. */
#pragma once

#include "datadog/otlp_span.h"

/* The last eight bytes of an ID. */
uint64_t sm_datadog_otlp_id(struct sm_slice id);
/* A text attribute: a field of the span, or meta. */
void sm_datadog_otlp_set_meta(struct sm_datadog_span *span, struct sm_arena *arena, struct sm_slice key, struct sm_slice text);
/* `template`: what the resource gives. */
void sm_datadog_otlp_convert(const struct sm_datadog_otlp_settings *settings, const struct sm_datadog_span *template, const struct sm_scope *scope,
                             struct sm_span *in, struct sm_arena *batch_arena, struct sm_arena *arena, struct sm_datadog_span *span);
