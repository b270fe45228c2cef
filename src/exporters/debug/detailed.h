/* detailed.h - the lines that the detailed forms of all signals are made of. */
#pragma once

#include "base/bytes.h"
#include "telemetry/value.h"

struct sm_data_point;
struct sm_metric;

/* A line of text, formatted, with its end. */
void sm_debug_line(struct sm_bytes *out, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* "LABEL: 2025-06-15 15:06:40.5 +0000 UTC" from nanoseconds since 1970. */
void sm_debug_time_line(struct sm_bytes *out, const char *label, uint64_t time_ns);
void sm_debug_id_line(struct sm_bytes *out, const char *label, struct sm_slice id);
void sm_debug_fixed_line(struct sm_bytes *out, const char *label, double number);
/* "Str(text)". */
void sm_debug_typed_value(struct sm_bytes *out, const struct sm_value *value, struct sm_arena *arena);
/* "HEADER:" and a line an attribute; nothing without attributes. An arrow in the header indents the lines as far as it stands. */
void sm_debug_attribute_lines(struct sm_bytes *out, const char *header, const struct sm_attributes *attributes, struct sm_arena *arena);
/* A metric with its data points. */
void sm_debug_metric_lines(struct sm_bytes *out, struct sm_metric *metric, struct sm_arena *arena);
