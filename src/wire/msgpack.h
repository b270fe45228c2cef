/* msgpack.h - writing MessagePack, each value in its shortest form (github.com/msgpack/msgpack, spec.md). Any thread. */
#pragma once

#include "base/bytes.h"

void sm_msgpack_put_nil(struct sm_bytes *out);
void sm_msgpack_put_bool(struct sm_bytes *out, bool value);
void sm_msgpack_put_uint(struct sm_bytes *out, uint64_t value);
void sm_msgpack_put_int(struct sm_bytes *out, int64_t value);
void sm_msgpack_put_double(struct sm_bytes *out, double value);
void sm_msgpack_put_text(struct sm_bytes *out, struct sm_slice text);
void sm_msgpack_put_bytes(struct sm_bytes *out, struct sm_slice bytes);
/* `count` values, or pairs of them, follow. */
void sm_msgpack_put_array(struct sm_bytes *out, uint32_t count);
void sm_msgpack_put_map(struct sm_bytes *out, uint32_t count);
