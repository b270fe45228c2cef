/* tracer_fields.h - values of the tracers' MessagePack, read as liberally as the reference does: nil stands for nothing, numbers may have any form.
 * For tracer_*.c only. False: the cursor has failed. */
#pragma once

#include "base/arena.h"
#include "datadog/span.h"
#include "datadog/stats_payload.h"
#include "wire/msgpack_reader.h"

/* Text that is no UTF-8 is repaired into `arena`. */
bool sm_tracer_text(struct sm_msgpack_cursor *cursor, struct sm_arena *arena, struct sm_slice *text);
bool sm_tracer_bytes(struct sm_msgpack_cursor *cursor, struct sm_slice *bytes);
bool sm_tracer_uint64(struct sm_msgpack_cursor *cursor, uint64_t *number);
bool sm_tracer_int64(struct sm_msgpack_cursor *cursor, int64_t *number);
bool sm_tracer_int32(struct sm_msgpack_cursor *cursor, int32_t *number);
bool sm_tracer_uint32(struct sm_msgpack_cursor *cursor, uint32_t *number);
bool sm_tracer_double(struct sm_msgpack_cursor *cursor, double *number);
bool sm_tracer_bool(struct sm_msgpack_cursor *cursor, bool *boolean);
/* Heads; nil is empty. */
bool sm_tracer_array(struct sm_msgpack_cursor *cursor, uint32_t *count);
bool sm_tracer_map(struct sm_msgpack_cursor *cursor, uint32_t *count);
bool sm_tracer_texts(struct sm_msgpack_cursor *cursor, struct sm_arena *arena, struct sm_stats_texts *texts);
bool sm_tracer_text_map(struct sm_msgpack_cursor *cursor, struct sm_arena *arena, struct sm_datadog_map *map);

/* A map whose keys are names of fields: `read` is called for each with the index of its name and takes the value; others are skipped. */
typedef bool sm_tracer_field(struct sm_msgpack_cursor *cursor, struct sm_arena *arena, int field, void *out);
bool sm_tracer_object(struct sm_msgpack_cursor *cursor, struct sm_arena *arena, const char *const *names, int count, sm_tracer_field *read,
                      void *out);
