/* media_type.h - Content-Type headers, read as strictly as Go's mime.ParseMediaType does. No state; any thread. */
#pragma once

#include "base/slice.h"

/* Cuts the type, without its parameters, out of a header; compare it without case. NULL when it is sound, otherwise what is wrong, in Go's words; of
 * a header whose parameters alone are wrong `*type` is filled too. */
const char *sm_media_type_parse(struct sm_slice header, struct sm_slice *type) __attribute__((warn_unused_result));
